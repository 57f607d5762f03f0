//! The details: tabs, text, a scroll bar.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::fit::width_of;
use super::{Scene, layout};
use crate::tui::model::{Line, Pane, Role, Tab};

/// Where each tab stands: offset and width.
pub fn tab_spans(width: u16) -> Vec<(Tab, u16, u16)> {
    let mut at = 1;
    Tab::ALL
        .into_iter()
        .map(|tab| {
            let text = width_of(&tab_text(tab, width)) as u16;
            let span = (tab, at, text);
            at += text + 1;
            span
        })
        .collect()
}

fn tab_text(tab: Tab, width: u16) -> String {
    if width < 62 { tab.title().to_owned() } else { format!(" {} ", tab.title()) }
}

/// Draws them.
pub fn draw(buffer: &mut Buffer, area: Rect, scene: &Scene<'_>) {
    let model = scene.model;
    let focused = model.pane == Pane::Details;
    let border = if focused { Role::BorderFocused } else { Role::Border };
    let rule = model.symbols.rules[0].repeat(area.width.into());
    scene.put(buffer, area.x, area.y, area.width, border, &rule);
    for (tab, offset, width) in tab_spans(area.width) {
        if offset + width <= area.width {
            let look = match (tab == model.details.tab(), focused) {
                (true, true) => Role::TabSelected,
                (true, false) => Role::SelectedElsewhere,
                (false, _) => Role::Muted,
            };
            scene.put(buffer, area.x + offset, area.y, width, look, &tab_text(tab, area.width));
        }
    }
    notice(buffer, area, scene);
    let text = layout::details_text(area);
    let (matches, current) = model.details.matches();
    for ((number, line), y) in model.details.visible().zip(text.y..text.bottom()) {
        put_line(buffer, Rect { y, height: 1, ..text }, line, scene);
        for (at, (_, found)) in matches.iter().enumerate().filter(|(_, (line, _))| *line == number)
        {
            let area = match_area(line, found, Rect { y, height: 1, ..text });
            scene.paint(buffer, area, if at == current { Role::Match } else { Role::Cited });
        }
    }
    scroll_bar(buffer, area, scene);
}

/// How long a secret stays shown; else why no row of the list is that of this exchange.
fn notice(buffer: &mut Buffer, area: Rect, scene: &Scene<'_>) {
    let revealed = scene.model.revealed(scene.now);
    let hidden = || scene.model.hidden_by().map(|what| (Role::Warning, format!(" {what} ")));
    let revealed = revealed.map(|left| (Role::Alarm, format!(" REVEALED {left} s ")));
    if let Some((role, text)) = revealed.or_else(hidden) {
        let width = width_of(&text) as u16;
        let x = area.right().saturating_sub(width + 1).max(area.x);
        scene.put(buffer, x, area.y, width.min(area.width), role, &text);
    }
}

fn put_line(buffer: &mut Buffer, area: Rect, line: &Line, scene: &Scene<'_>) {
    let mut x = area.x + line.indent.min(area.width);
    for span in &line.spans {
        let room = area.right().saturating_sub(x);
        if room == 0 {
            return;
        }
        x += scene.put(buffer, x, area.y, room, span.role, &span.text);
    }
}

/// The cells of a match.
fn match_area(line: &Line, found: &std::ops::Range<usize>, area: Rect) -> Rect {
    let text: String = line.spans.iter().map(|span| span.text.as_str()).collect();
    let before = text.get(..found.start).map_or(0, width_of) as u16;
    let width = text.get(found.clone()).map_or(0, width_of) as u16;
    let x = (area.x + line.indent + before).min(area.right());
    Rect { x, width: width.min(area.right() - x), ..area }
}

fn scroll_bar(buffer: &mut Buffer, area: Rect, scene: &Scene<'_>) {
    let (first, lines) = scene.model.details.scroll();
    let height = usize::from(area.height.saturating_sub(1));
    if lines <= height || height == 0 || area.width < 4 {
        return;
    }
    let size = (height * height / lines).max(1);
    let start = first * (height - size) / (lines - height).max(1);
    for at in start..(start + size).min(height) {
        scene.put(
            buffer,
            area.right() - 1,
            area.y + 1 + at as u16,
            1,
            Role::Border,
            scene.model.symbols.scroll,
        );
    }
}
