//! The header: what is being watched, what was counted, what is being lost; and the tabs.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::Scene;
use super::fit::width_of;
use crate::capture::End;
use crate::counters::Counters;
use crate::tui::model::{Model, Role, View};

/// A stretch of the header.
type Part = (Role, String);

/// Draws it.
pub fn draw(buffer: &mut Buffer, area: Rect, scene: &Scene<'_>) {
    let mut lines = vec![source(scene), counts(scene)];
    if area.height < 3 {
        lines = vec![counts(scene)];
    }
    for (y, parts) in (area.y..).zip(lines) {
        scene.paint(buffer, Rect { y, height: 1, ..area }, Role::Bar);
        put_parts(buffer, Rect { y, height: 1, ..area }, &parts, scene);
    }
    tabs(buffer, Rect { y: area.bottom().saturating_sub(1), height: 1, ..area }, scene);
}

fn put_parts(buffer: &mut Buffer, area: Rect, parts: &[Part], scene: &Scene<'_>) {
    let mut x = area.x;
    for (role, text) in parts {
        let room = area.right().saturating_sub(x);
        if room == 0 {
            return;
        }
        x += scene.put(buffer, x, area.y, room, *role, text);
    }
}

fn source(scene: &Scene<'_>) -> Vec<Part> {
    let mut parts = vec![(Role::Heading, "why401".to_owned()), (Role::Bar, "  ".to_owned())];
    let Some(status) = &scene.model.status else {
        parts.push((Role::Muted, "starting".into()));
        return parts;
    };
    parts.push((Role::Strong, status.source.clone()));
    if !status.bpf.is_empty() {
        parts.push((Role::Muted, "  bpf: ".into()));
        parts.push((Role::Text, shorten(&status.bpf, 40)));
    }
    if let Some(warning) = &status.warning {
        parts.push((Role::Alarm, format!("  {warning}")));
    }
    match &status.ended {
        None => {}
        Some(End::Complete) => parts.push((Role::Muted, "  read to its end".into())),
        Some(End::Interrupted) => parts.push((Role::Muted, "  stopped".into())),
        Some(End::Damaged(what) | End::Corrupt(what)) => {
            parts.push((Role::Warning, format!("  DAMAGED: {what}")));
        }
        Some(End::Failed(what)) => parts.push((Role::Alarm, format!("  CAPTURE ENDED: {what}"))),
    }
    if !status.rights.is_empty() {
        parts.push((Role::Muted, format!("  {}", status.rights)));
    }
    parts
}

fn shorten(text: &str, limit: usize) -> String {
    crate::text::shorten(text, limit).into_owned()
}

fn counts(scene: &Scene<'_>) -> Vec<Part> {
    let model = scene.model;
    let zero = Counters::default();
    let counters = model.status.as_ref().map_or(&zero, |status| &status.counters);
    let mut parts: Vec<Part> = Vec::new();
    let mut add = |role, number: u64, word: &str| {
        parts.push((role, format!("{} {word}", grouped(number))));
        parts.push((Role::Muted, "  ".into()));
    };
    let refused = counters.unauthorized.saturating_sub(counters.benign);
    add(if refused > 0 { Role::Bad } else { Role::Text }, refused, "401s");
    add(Role::Benign, counters.benign, "benign");
    add(Role::Text, counters.exchanges, "exchanges");
    add(Role::Text, counters.flows, "flows");
    add(Role::Muted, counters.packets_seen, "packets");
    for (number, word) in losses(counters) {
        add(Role::Alarm, number, word);
    }
    parts.push((Role::Muted, memory(counters.memory)));
    parts
}

/// What is being lost, worst first.
fn losses(counters: &Counters) -> Vec<(u64, &'static str)> {
    let mut losses = vec![
        (counters.dropped_kernel, "DROPPED (kernel)"),
        (counters.dropped_interface, "DROPPED (interface)"),
        (counters.gaps, "gaps"),
        (counters.undecodable_total(), "undecodable"),
    ];
    losses.extend(counters.limits.iter().map(|(limit, number)| (*number, limit.name())));
    losses.retain(|(number, _)| *number > 0);
    losses
}

fn memory(octets: u64) -> String {
    match octets {
        0 => String::new(),
        1..1_048_576 => format!("{} KiB", octets / 1024),
        _ => format!("{} MiB", octets >> 20),
    }
}

/// A number with separators: 4,210.
pub fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut out = String::with_capacity(digits.len() + digits.len() / 3);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// Where each view's tab stands: offset, width.
pub fn tab_spans(width: u16) -> Vec<(View, u16, u16)> {
    let short = width < 60;
    let mut at = 0;
    View::ALL
        .into_iter()
        .map(|view| {
            let width = width_of(&tab_text(view, short)) as u16;
            let span = (view, at, width);
            at += width + u16::from(!short);
            span
        })
        .collect()
}

fn tab_text(view: View, short: bool) -> String {
    let number = view as usize + 1;
    if short {
        format!(" {number} {:.4}", view.title())
    } else {
        format!(" {number} {} ", view.title())
    }
}

/// Whether rows come by themselves; at the right, where nothing pushes it out.
fn state(scene: &Scene<'_>) -> Part {
    let model = scene.model;
    if let Some(waiting) = model.paused() {
        (Role::Alarm, format!(" PAUSED +{} ", grouped(waiting as u64)))
    } else if model.table.is_following() {
        (Role::Good, " FOLLOW ".to_owned())
    } else if let Some(news) = model.table.news().filter(|news| *news > 0 || !has_ended(model)) {
        let role = if news > 0 { Role::Strong } else { Role::Muted };
        (role, format!(" {} new ", grouped(news as u64)))
    } else {
        (Role::Muted, String::new())
    }
}

fn has_ended(model: &Model) -> bool {
    model.status.as_ref().is_some_and(|status| status.ended.is_some())
}

fn tabs(buffer: &mut Buffer, area: Rect, scene: &Scene<'_>) {
    let (role, text) = state(scene);
    let width = (width_of(&text) as u16).min(area.width);
    scene.put(buffer, area.right() - width, area.y, width, role, &text);
    let area = Rect { width: area.width - width, ..area };
    for (view, offset, width) in tab_spans(area.width) {
        let x = area.x + offset;
        if x + width > area.right() {
            return;
        }
        let role = if view == scene.model.view() { Role::TabSelected } else { Role::Muted };
        scene.put(buffer, x, area.y, width, role, &tab_text(view, area.width < 60));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn large_numbers_are_grouped() {
        assert_eq!(grouped(0), "0");
        assert_eq!(grouped(999), "999");
        assert_eq!(grouped(4210), "4,210");
        assert_eq!(grouped(1_234_567), "1,234,567");
    }
}
