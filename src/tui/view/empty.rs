//! An empty list says what is being watched, what was seen so far, and what to try.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::Scene;
use super::header::grouped;
use crate::tui::keys::Action;
use crate::tui::model::{Document, Role, View};

/// Draws it.
pub fn draw(buffer: &mut Buffer, area: Rect, scene: &Scene<'_>) {
    let lines = document(scene).wrap(area.width.saturating_sub(4));
    for (line, y) in lines.iter().zip(area.y + 1..area.bottom()) {
        let mut x = area.x + 2 + line.indent;
        for span in &line.spans {
            let room = area.right().saturating_sub(x);
            x += scene.put(buffer, x, y, room, span.role, &span.text);
        }
    }
}

fn document(scene: &Scene<'_>) -> Document {
    let mut document = Document::default();
    let model = scene.model;
    let key = |action: Action| scene.keys.shown(action);
    let (covered, listed) = model.counts();
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
    document.paragraph(Role::Strong, &format!("Watching {}: no 401 yet.", status.source));
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
