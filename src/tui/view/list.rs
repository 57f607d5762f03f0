//! The list: one row a group, in the columns that fit.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::fit::pad;
use super::{Scene, empty};
use crate::tui::model::cells::chief;
use crate::tui::model::fitting::{Shown, columns};
use crate::tui::model::table::Group;
use crate::tui::model::{Model, Pane, Role};

/// Draws it.
pub fn draw(buffer: &mut Buffer, area: Rect, scene: &Scene<'_>) {
    let model = scene.model;
    let shown = columns(model.view().columns(), area.width);
    titles(buffer, area, &shown, scene);
    if model.table.is_empty() {
        let below = Rect { y: area.y + 1, height: area.height.saturating_sub(1), ..area };
        empty::draw(buffer, below, scene);
        return;
    }
    let rows = Rect { y: area.y + 1, height: area.height.saturating_sub(1), ..area };
    for (line, y) in (rows.y..rows.bottom()).enumerate() {
        let position = model.table.top() + line;
        let Some((_, group)) = model.table.group_at(position) else { break };
        let line = Rect { y, height: 1, ..rows };
        row(buffer, line, group, position == model.table.position(), &shown, scene);
    }
}

fn titles(buffer: &mut Buffer, area: Rect, shown: &[Shown], scene: &Scene<'_>) {
    let model = scene.model;
    for column in shown {
        let mut title = column.column.title().to_owned();
        if column.column == model.sort() {
            // The title gives way to the arrow, which says more.
            title = title.chars().take(usize::from(column.width).saturating_sub(1)).collect();
            title.push_str(arrow(model));
        }
        let text = pad(&title, column.width.into(), column.column.is_number(), &model.symbols);
        let role = if column.index == model.column() { Role::Heading } else { Role::Label };
        scene.put(buffer, area.x + column.x, area.y, column.width, role, &text);
    }
}

/// Which way the rows are sorted.
pub fn arrow(model: &Model) -> &'static str {
    let [up, down] = model.symbols.sort;
    if model.table.is_reversed() { down } else { up }
}

fn row(
    buffer: &mut Buffer,
    line: Rect,
    group: &Group,
    selected: bool,
    shown: &[Shown],
    scene: &Scene<'_>,
) {
    let model = scene.model;
    let benign = chief(group, &model.history).is_some_and(|(case, _)| case.is_benign());
    for column in shown {
        let cell = column.column.cell(group, &model.history, &model.symbols, column.width);
        let role = if benign && model.view().lists_exchanges() { Role::Benign } else { cell.role };
        let text = pad(&cell.text, column.width.into(), column.column.is_number(), &model.symbols);
        scene.put(buffer, line.x + column.x, line.y, column.width, role, &text);
    }
    if model.is_marked(group) {
        scene.put(buffer, line.x + 1, line.y, 1, Role::Strong, model.symbols.mark);
    }
    if !selected {
        return;
    }
    let focused = model.pane == Pane::List;
    scene.put(buffer, line.x, line.y, 1, Role::Strong, model.symbols.cursor);
    let role = if focused { Role::Selected } else { Role::SelectedElsewhere };
    buffer.set_style(line, scene.theme.style(role).remove_modifier(ratatui::style::Modifier::DIM));
    if let Some(cell) = shown.iter().find(|column| column.index == model.column() && focused) {
        let cell = Rect { x: line.x + cell.x, width: cell.width, ..line };
        scene.paint(buffer, cell, Role::CellSelected);
    }
}
