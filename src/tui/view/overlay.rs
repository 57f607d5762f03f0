//! What lies over the panes: help, menus, questions.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::widgets::{Clear, Widget};

use super::fit::{pad, width_of};
use super::layout::{Areas, centred};
use super::{Scene, help};
use crate::tui::model::cells::spark;
use crate::tui::model::overlay::{LOOKS, Menu, Overlay, Picker};
use crate::tui::model::{Document, Role};

/// Draws it, when there is one.
pub fn draw(buffer: &mut Buffer, areas: &Areas, scene: &Scene<'_>) {
    match &scene.model.overlay {
        None | Some(Overlay::Prompt(_)) => {}
        Some(Overlay::Help { scroll }) => show_help(buffer, areas, *scroll, scene),
        Some(Overlay::Menu(menu)) => show_menu(buffer, areas, menu, scene),
        Some(Overlay::Interfaces(picker)) => show_picker(buffer, areas, picker, scene),
        Some(Overlay::Confirm(question)) => {
            let text = question.text();
            let area = centred(areas.whole, width_of(text) as u16 + 4, 3);
            frame(buffer, area, "", scene);
            put_inside(buffer, area, 0, Role::Strong, text, scene);
        }
    }
}

/// An empty box with a title.
fn frame(buffer: &mut Buffer, area: Rect, title: &str, scene: &Scene<'_>) {
    if area.width < 3 || area.height < 3 {
        return;
    }
    Clear.render(area, buffer);
    scene.paint(buffer, area, Role::Text);
    let [horizontal, vertical] = scene.model.symbols.rules;
    let corners = if scene.model.symbols.unicode { ["┌", "┐", "└", "┘"] } else { ["+"; 4] };
    let rule = horizontal.repeat(usize::from(area.width) - 2);
    let (top, bottom) = (area.y, area.bottom() - 1);
    for (y, left, right) in [(top, corners[0], corners[1]), (bottom, corners[2], corners[3])] {
        let line = format!("{left}{rule}{right}");
        scene.put(buffer, area.x, y, area.width, Role::BorderFocused, &line);
    }
    for y in top + 1..bottom {
        scene.put(buffer, area.x, y, 1, Role::BorderFocused, vertical);
        scene.put(buffer, area.right() - 1, y, 1, Role::BorderFocused, vertical);
    }
    if !title.is_empty() {
        let title = format!(" {title} ");
        scene.put(buffer, area.x + 2, top, area.width.saturating_sub(4), Role::Heading, &title);
    }
}

fn put_inside(
    buffer: &mut Buffer,
    area: Rect,
    line: u16,
    role: Role,
    text: &str,
    scene: &Scene<'_>,
) {
    let y = area.y + 1 + line;
    if y + 1 < area.bottom() {
        scene.put(buffer, area.x + 2, y, area.width.saturating_sub(4), role, text);
    }
}

/// The box of the help.
pub fn help_area(whole: Rect) -> Rect {
    centred(whole, 90, whole.height.saturating_sub(2).max(5))
}

/// How far the help can be scrolled.
pub fn help_lowest(whole: Rect, keys: &crate::tui::keys::KeyMap) -> usize {
    let area = help_area(whole);
    let lines = help::document(keys).wrap(area.width.saturating_sub(4)).len();
    lines.saturating_sub(area.height.saturating_sub(2).into())
}

fn show_help(buffer: &mut Buffer, areas: &Areas, scroll: usize, scene: &Scene<'_>) {
    let area = help_area(areas.whole);
    frame(buffer, area, "Keys", scene);
    let lines = help::document(scene.keys).wrap(area.width.saturating_sub(4));
    for (line, y) in lines.iter().skip(scroll).zip(area.y + 1..area.bottom().saturating_sub(1)) {
        let mut x = area.x + 2 + line.indent;
        for span in &line.spans {
            let room = area.right().saturating_sub(x + 2);
            x += scene.put(buffer, x, y, room, span.role, &span.text);
        }
    }
}

/// The box of a menu, and the line of its first entry.
pub fn menu_area(whole: Rect, menu: &Menu) -> Rect {
    let widest =
        menu.entries.iter().map(|entry| width_of(&entry.label) + width_of(&entry.note)).max();
    let width = (widest.unwrap_or(0) + 14).max(width_of(&menu.title) + 8).min(110) as u16;
    let height = menu.entries.len() as u16 + 2;
    centred(whole, width, height)
}

fn show_menu(buffer: &mut Buffer, areas: &Areas, menu: &Menu, scene: &Scene<'_>) {
    let area = menu_area(areas.whole, menu);
    frame(buffer, area, &menu.title, scene);
    let symbols = &scene.model.symbols;
    let label = menu.entries.iter().map(|entry| width_of(&entry.label)).max().unwrap_or(0);
    let shown = area.height.saturating_sub(2);
    let first = (menu.at + 1).saturating_sub(shown.into());
    for (line, (at, entry)) in
        menu.entries.iter().enumerate().skip(first).take(shown.into()).enumerate()
    {
        let key = entry.key.map_or_else(|| " ".to_owned(), |key| key.to_string());
        let cursor = if at == menu.at { symbols.cursor } else { " " };
        let label = pad(&entry.label, label, false, symbols);
        let text = format!("{cursor} {key}  {label}  {}", entry.note);
        let role = match (at == menu.at, entry.enabled) {
            (true, _) => Role::Selected,
            (false, true) => Role::Text,
            (false, false) => Role::Muted,
        };
        let inside = usize::from(area.width.saturating_sub(4));
        put_inside(buffer, area, line as u16, role, &pad(&text, inside, false, symbols), scene);
    }
}

fn show_picker(buffer: &mut Buffer, areas: &Areas, picker: &Picker, scene: &Scene<'_>) {
    let symbols = &scene.model.symbols;
    let names = picker.candidates.iter().map(|one| width_of(&one.name)).max().unwrap_or(0).min(16);
    let abouts = picker.candidates.iter().map(|one| width_of(&one.about)).max().unwrap_or(0);
    let width = (names + LOOKS + abouts + 25).clamp(50, 120) as u16;
    let (role, below) = match &picker.error {
        Some(error) => (Role::Bad, error.as_str()),
        None if picker.candidates.iter().all(|one| !one.allowed) => (
            Role::Warning,
            "The rights to open another interface are gone: start again with -i NAME.",
        ),
        None => (Role::Muted, "Packets a second, looked at twice a second."),
    };
    let mut said = Document::default();
    said.paragraph(role, below);
    let below = said.settled(symbols).wrap(width.min(areas.whole.width).saturating_sub(4));
    let around = below.len() as u16 + 3;
    let height = (picker.candidates.len() as u16 + around).min(areas.whole.height);
    let area = centred(areas.whole, width, height);
    frame(buffer, area, "Capture on", scene);
    let inside = usize::from(area.width.saturating_sub(4));
    let shown = area.height.saturating_sub(around);
    let first = (picker.at + 1).saturating_sub(shown.into());
    let rows = picker.candidates.iter().enumerate().skip(first).take(shown.into());
    for (line, (at, one)) in rows.enumerate() {
        let tick = if picker.ticked.contains(&one.name) { symbols.mark } else { " " };
        let rate = one.rates.last().map_or_else(String::new, |count| format!("{}/s", count * 2));
        let bars = pad(&spark(&one.rates, symbols), LOOKS, true, symbols);
        let name = pad(&one.name, names, false, symbols);
        let cursor = if at == picker.at { symbols.cursor } else { " " };
        let text = format!("{cursor}{tick} {name} {bars} {rate:>9}  {}", one.about);
        let role = match (at == picker.at, one.allowed) {
            (true, _) => Role::Selected,
            (false, true) => Role::Text,
            (false, false) => Role::Muted,
        };
        put_inside(buffer, area, line as u16, role, &pad(&text, inside, false, symbols), scene);
    }
    for (at, line) in (0..).zip(&below) {
        let text: String = line.spans.iter().map(|span| span.text.as_str()).collect();
        put_inside(buffer, area, shown + 1 + at, role, &text, scene);
    }
}
