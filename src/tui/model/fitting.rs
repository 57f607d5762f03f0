//! Which columns of a view fit into a width, and where each stands.

use super::Column;
use super::column::Room;

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
    fn how_often_a_row_was_repeated_has_room_on_a_narrow_screen() {
        for view in [View::Refusals, View::Exchanges] {
            for width in 45..250 {
                let shown = columns(view.columns(), width);
                assert!(
                    shown.iter().any(|one| one.column == Column::Repeat),
                    "{view:?} at {width}"
                );
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
