//! An empty list says what is being watched, what was seen so far, and what to try.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::Scene;
use super::header::grouped;
use crate::session::Status;
use crate::tui::keys::Action;
use crate::tui::model::{Document, Model, Role, View};

/// Draws it.
pub fn draw(buffer: &mut Buffer, area: Rect, scene: &Scene<'_>) {
    let lines = document(scene).settled(&scene.model.symbols).wrap(area.width.saturating_sub(4));
    for (line, y) in lines.iter().zip(area.y + 1..area.bottom()) {
        let mut x = area.x + 2 + line.indent;
        for span in &line.spans {
            let room = area.right().saturating_sub(x);
            x += scene.put(buffer, x, y, room, span.role, &span.text);
        }
    }
}

/// What is watched, and that there is nothing: seen, or kept.
fn heading(model: &Model, status: &Status) -> String {
    let source = &status.source;
    let counters = &status.counters;
    let (what, seen) = match model.view() {
        View::Refusals => ("401", counters.unauthorized),
        _ => ("exchange", counters.exchanges),
    };
    match (seen, &status.ended) {
        (1.., _) => format!("No {what} is kept: {} before were cleared.", grouped(seen)),
        (0, Some(_)) => format!("No {what} in {source}."),
        (0, None) => format!("Watching {source}: no {what} yet."),
    }
}

fn document(scene: &Scene<'_>) -> Document {
    let mut document = Document::default();
    let model = scene.model;
    let key = |action: Action| scene.keys.shown(action);
    let (covered, listed) = model.counts();
    if let Some(done) = model.listing() {
        document.paragraph(Role::Muted, &format!("Looking through what is kept: {done}%."));
        return document;
    }
    if covered > listed && model.is_marked_only() {
        let (mark, toggle) = (key(Action::Mark), key(Action::MarkedOnly));
        document.paragraph(Role::Strong, "No row of this view is marked.");
        document
            .paragraph(Role::Text, &format!("{toggle} lists all rows again, {mark} marks one."));
        return document;
    }
    if covered > listed {
        let hidden = grouped(covered as u64);
        document.paragraph(
            Role::Strong,
            &format!("The filter hides all {hidden} exchanges of this view."),
        );
        let (toggle, edit) = (key(Action::ToggleFilter), key(Action::Filter));
        document.paragraph(Role::Text, &format!("{toggle} switches it off, {edit} edits it."));
        return document;
    }
    let Some(status) = &model.status else {
        document.paragraph(Role::Muted, "Starting.");
        return document;
    };
    let counters = &status.counters;
    document.paragraph(Role::Strong, &heading(model, status));
    document.paragraph(
        Role::Text,
        &format!(
            "Seen so far: {} packets, {} flows, {} of them HTTP, {} exchanges.",
            grouped(counters.packets_seen),
            grouped(counters.flows),
            grouped(counters.http_flows),
            grouped(counters.exchanges)
        ),
    );
    if counters.flows > 0 && counters.http_flows == 0 {
        let ports: Vec<String> =
            status.other_ports.iter().map(|(port, _)| port.to_string()).collect();
        let ports = if ports.is_empty() {
            String::new()
        } else {
            format!(" Ports seen: {}.", ports.join(", "))
        };
        let tls = if counters.tls_flows > 0 {
            format!("{} connections are TLS, which cannot be read.", grouped(counters.tls_flows))
        } else {
            "No plaintext HTTP was recognised: is the traffic TLS?".to_owned()
        };
        document.paragraph(Role::Warning, &format!("{tls}{ports}"));
        document.paragraph(
            Role::Text,
            "Capture where HTTP is plain: behind the TLS terminator, on lo between proxy and application.",
        );
    }
    document.space();
    if status.ended.is_some() {
        document.paragraph(Role::Text, "The input has ended; nothing more will come.");
    } else if counters.packets_seen == 0 && !status.live {
        document.paragraph(Role::Text, "No packet yet. What comes will be read at once.");
    } else if counters.packets_seen == 0 {
        let (interfaces, bpf) = (key(Action::Interfaces), key(Action::CaptureFilter));
        document.paragraph(
            Role::Text,
            &format!("No packet yet. {interfaces} chooses another interface, {bpf} another capture filter."),
        );
        document.paragraph(Role::Text, "Try: curl -u user:wrong http://localhost:8080/");
    }
    if model.view() == View::Refusals && counters.exchanges > 0 {
        let view = key(Action::Exchanges);
        document.paragraph(
            Role::Text,
            &format!("{view} lists all exchanges, also those that were accepted."),
        );
    }
    document.paragraph(Role::Muted, &format!("{} lists all keys.", key(Action::Help)));
    document
}
