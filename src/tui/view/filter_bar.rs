//! The line above the footer: the display filter and what it hides, or what is being typed.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::fit::{pad, width_of};
use super::header::grouped;
use super::{Scene, list};
use crate::tui::model::overlay::Overlay;
use crate::tui::model::{Document, Fold, Line, Model, Role, View};

const FILTER: &str = "Filter: ";
const SEARCH: &str = "Search: ";

/// Draws it.
pub fn draw(buffer: &mut Buffer, area: Rect, scene: &Scene<'_>) {
    if area.height == 0 {
        return;
    }
    let model = scene.model;
    if let Some((label, text, at, error)) = input(model) {
        let width = scene.put(buffer, area.x, area.y, area.width, Role::Label, label);
        let room = area.width.saturating_sub(width);
        let start = first_shown(text, at, room);
        let role = if error.is_some() { Role::Bad } else { Role::Strong };
        let used = scene.put(buffer, area.x + width, area.y, room, role, &text[start..]);
        above(buffer, area, Role::Bad, error.as_deref().filter(|_| is_long(scene, area)), scene);
        if let Some(error) =
            error.filter(|_| !is_long(scene, area) && error_below(scene, area.width).is_none())
        {
            let x = area.x + width + used + 2;
            let room = area.right().saturating_sub(x);
            scene.put(buffer, x, area.y, room, Role::Bad, &error);
        }
        return;
    }
    if let Some(toast) = model.toast(scene.now) {
        let lines = wrapped(toast.role, &toast.text, area.width, scene);
        put_lines(buffer, area, &lines, scene);
        return;
    }
    standing(buffer, area, scene);
}

/// Words as lines of this width.
fn wrapped(role: Role, words: &str, width: u16, scene: &Scene<'_>) -> Vec<Line> {
    let mut document = Document::default();
    document.push(Line::new().with(role, words));
    document.settled(&scene.model.symbols).wrap(width)
}

/// Puts lines over what stands there, the last of them on the line `last`.
fn put_lines(buffer: &mut Buffer, last: Rect, lines: &[Line], scene: &Scene<'_>) {
    for (line, up) in lines.iter().rev().zip(0..) {
        let Some(y) = last.y.checked_sub(up) else { return };
        let (role, text) = (line.spans.first().map(|span| span.role), line.plain());
        let text = pad(&text, last.width.into(), false, &scene.model.symbols);
        scene.put(buffer, last.x, y, last.width, role.unwrap_or(Role::Text), &text);
    }
}

/// What is wrong, where it is longer than a line: over the panes, so that all of it can be read.
fn above(buffer: &mut Buffer, area: Rect, role: Role, words: Option<&str>, scene: &Scene<'_>) {
    let Some(words) = words.filter(|_| area.y > 0) else { return };
    let last = Rect { y: area.y - 1, ..area };
    put_lines(buffer, last, &wrapped(role, words, area.width, scene), scene);
}

/// Whether what is wrong with what is being typed does not fit on one line.
fn is_long(scene: &Scene<'_>, area: Rect) -> bool {
    let error = input(scene.model).and_then(|(.., error)| error);
    error.is_some_and(|error| width_of(&error) > usize::from(area.width))
}

/// Ways to go on with the filter, above the line; the best one stands lowest, next to the text.
pub fn draw_completions(buffer: &mut Buffer, area: Rect, scene: &Scene<'_>) {
    const SHOWN: usize = 8;
    let offered = scene.model.completions();
    if scene.model.overlay.is_some() || offered.is_empty() || area.y < 4 {
        return;
    }
    let current = scene.model.filter.completed();
    let first = current.map_or(0, |at| (at + 1).saturating_sub(SHOWN));
    let shown = &offered[first.min(offered.len())..offered.len().min(first + SHOWN)];
    let symbols = &scene.model.symbols;
    let texts = shown.iter().map(|one| width_of(&one.text)).max().unwrap_or(0).min(40);
    let abouts = shown.iter().map(|one| width_of(one.about)).max().unwrap_or(0).min(60);
    let width = ((texts + abouts + 4) as u16).min(area.width);
    let x = area.x + cursor(scene, area.width).unwrap_or(0).min(area.width.saturating_sub(width));
    for (line, one) in shown.iter().enumerate() {
        let Some(y) = area.y.checked_sub(line as u16 + 1) else { return };
        let text = format!(" {}  {}", pad(&one.text, texts, false, symbols), one.about);
        let selected = current == Some(first + line);
        let role = if selected { Role::CellSelected } else { Role::Selected };
        let text = pad(&text, width.into(), false, symbols);
        scene.put(buffer, x, y, width, role, &text);
    }
}

/// What is being typed: label, text, octets before the cursor, what is wrong with it.
fn input(model: &Model) -> Option<(&str, &str, usize, Option<String>)> {
    if let Some(Overlay::Prompt(prompt)) = &model.overlay {
        let line = &prompt.line;
        return Some((prompt.label(), line.text(), line.cursor(), prompt.error.clone()));
    }
    if let Some(line) = &model.searching {
        let (matches, _) = model.details.matches();
        let error = (matches.is_empty() && !line.text().is_empty()).then(|| "not found".to_owned());
        return Some((SEARCH, line.text(), line.cursor(), error));
    }
    let editing = model.filter.editing()?;
    let error = editing.error.as_ref().map(ToString::to_string);
    Some((FILTER, editing.line.text(), editing.line.cursor(), error))
}

/// What is wrong with what is being typed, when there is no room for it beside that.
pub fn error_below(scene: &Scene<'_>, width: u16) -> Option<String> {
    let (label, text, _, error) = input(scene.model)?;
    let error = error?;
    let beside = width_of(label) + width_of(text) + 2 + width_of(&error);
    // What is longer still stands above.
    let below = width_of(&error) <= usize::from(width);
    (beside > usize::from(width) && below).then_some(error)
}

/// The first octet that is drawn, so that the cursor is in sight.
fn first_shown(text: &str, cursor: usize, room: u16) -> usize {
    let room = usize::from(room.saturating_sub(2));
    let mut start = 0;
    for (at, _) in text.char_indices() {
        start = at;
        if width_of(&text[at..cursor.max(at)]) <= room {
            break;
        }
    }
    start
}

/// Cells from the left to the cursor, when something is typed.
pub fn cursor(scene: &Scene<'_>, width: u16) -> Option<u16> {
    let (label, text, at, _) = input(scene.model)?;
    let label = width_of(label) as u16;
    let start = first_shown(text, at, width.saturating_sub(label));
    Some(label + width_of(text.get(start..at)?) as u16)
}

/// The filter in force and how many rows it hides.
fn standing(buffer: &mut Buffer, area: Rect, scene: &Scene<'_>) {
    let model = scene.model;
    let (covered, listed) = model.counts();
    let mut parts = vec![(Role::Label, FILTER.to_owned())];
    match (model.filter.source(), model.filter.is_disabled()) {
        ("", _) if model.view() == View::Refusals => {
            parts.push((Role::Muted, "status:401,407".into()));
        }
        ("", _) => parts.push((Role::Muted, "none".into())),
        (source, false) => parts.push((Role::Strong, source.to_owned())),
        (source, true) => parts.push((Role::Muted, format!("OFF ({source})"))),
    }
    if model.is_marked_only() {
        parts.push((Role::Strong, "  MARKED ONLY".into()));
    }
    let hidden = covered.saturating_sub(listed) as u64;
    if let Some(done) = model.listing() {
        parts.push((Role::Warning, format!("  listing {done}%")));
    } else if hidden > 0 {
        parts.push((Role::Warning, format!("  hides {}", grouped(hidden))));
    }
    let rows = model.table.len() as u64;
    let place = if rows == 0 { 0 } else { model.table.position() as u64 + 1 };
    parts.push((Role::Muted, format!("  row {} of {}", grouped(place), grouped(rows))));
    if !model.shows_sort() {
        let text = format!("  sort: {}{}", model.sort().title(), list::arrow(model));
        parts.push((Role::Muted, text));
    }
    if model.view().lists_exchanges() && model.fold() != Fold::Repeats {
        parts.push((Role::Muted, format!("  fold: {}", model.fold().name())));
    }
    if model.history.evicted() > 0 {
        parts
            .push((Role::Muted, format!("  {} older forgotten", grouped(model.history.evicted()))));
    }
    let mut x = area.x;
    for (role, text) in &parts {
        let room = area.right().saturating_sub(x);
        x += scene.put(buffer, x, area.y, room, *role, text);
    }
}
