//! The list: one row a group, in the columns that fit.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;

use super::fit::pad;
use super::{Scene, empty};
use crate::tui::model::column::Room;
use crate::tui::model::table::Group;
use crate::tui::model::{Column, Pane, Role};

/// Cells before the first column: cursor and mark.
const MARGIN: u16 = 2;

/// A column that is shown: which, its place among the view's, offset and width.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Shown {
    /// Which.
    pub column: Column,
    /// Its place among all columns of the view.
    pub index: usize,
    /// Cells from the left.
    pub x: u16,
    /// Cells.
    pub width: u16,
}

/// The columns that fit into a width. What is not shown gave way to what matters more.
pub fn columns(all: &[Column], width: u16) -> Vec<Shown> {
    let room = width.saturating_sub(MARGIN);
    let mut order: Vec<usize> = (0..all.len()).collect();
    order.sort_by_key(|&index| all[index].room().rank);
    let (mut chosen, mut used) = (Vec::new(), 0);
    for index in order {
        let wanted = all[index].room().least + 1;
        if used + wanted <= room + 1 {
            used += wanted;
            chosen.push(index);
        }
    }
    chosen.sort_unstable();
    let widths = widths(
        &chosen.iter().map(|&index| all[index].room()).collect::<Vec<_>>(),
        (room + 1).saturating_sub(used),
    );
    let mut x = MARGIN;
    chosen
        .iter()
        .zip(widths)
        .map(|(&index, width)| {
            let shown = Shown { column: all[index], index, x, width };
            x += width + 1;
            shown
        })
        .collect()
}

/// Hands out what is left over by shares. It does not depend on what the rows contain: the picture
/// stands still while rows come and go.
fn widths(rooms: &[Room], mut spare: u16) -> Vec<u16> {
    let mut widths: Vec<u16> = rooms.iter().map(|room| room.least).collect();
    while spare > 0 {
        let hungry = |(room, width): &(&Room, &mut u16)| room.share > 0 && **width < room.most;
        let shares: u16 =
            rooms.iter().zip(&mut widths).filter(hungry).map(|(room, _)| room.share).sum();
        if shares == 0 {
            break;
        }
        let portion = spare;
        for (room, width) in rooms.iter().zip(&mut widths).filter(hungry) {
            let fair = (portion * room.share / shares).max(1);
            let given = fair.min(room.most - *width).min(spare);
            *width += given;
            spare -= given;
        }
    }
    widths
}

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
            let [up, down] = model.symbols.sort;
            title.push_str(if model.table.is_reversed() { down } else { up });
        }
        let text = pad(&title, column.width.into(), column.column.is_number(), &model.symbols);
        let role = if column.index == model.column() { Role::Heading } else { Role::Label };
        scene.put(buffer, area.x + column.x, area.y, column.width, role, &text);
    }
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
    let benign = model.history.get(group.members.last()).is_some_and(|case| case.is_benign());
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tui::model::View;

    #[test]
    fn columns_never_overlap_or_leave_the_pane() {
        for view in View::ALL {
            for width in 0..250 {
                let shown = columns(view.columns(), width);
                let mut end = 0;
                for column in &shown {
                    assert!(column.x >= end, "{view:?} at {width}");
                    end = column.x + column.width + 1;
                }
                assert!(shown.is_empty() || end - 1 <= width, "{view:?} at {width}");
            }
        }
    }

    #[test]
    fn the_cause_is_the_last_to_go_and_everything_fits_a_wide_screen() {
        for width in 26..250 {
            let shown = columns(View::Refusals.columns(), width);
            assert!(shown.iter().any(|column| column.column == Column::Why), "at {width}");
        }
        assert_eq!(columns(View::Refusals.columns(), 100).len(), View::Refusals.columns().len());
        let at_80: Vec<Column> =
            columns(View::Refusals.columns(), 80).iter().map(|c| c.column).collect();
        assert!(
            [
                Column::Time,
                Column::Client,
                Column::Method,
                Column::Target,
                Column::Sent,
                Column::Why,
                Column::Repeat
            ]
            .iter()
            .all(|column| at_80.contains(column)),
            "{at_80:?}"
        );
    }
}
