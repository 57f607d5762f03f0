//! Where each pane stands: a function of the terminal's size and of what is open.

use ratatui::layout::Rect;

use crate::tui::model::{Model, Pane, Place};

/// The panes of one picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Areas {
    /// Everything.
    pub whole: Rect,
    /// Counters and tabs.
    pub header: Rect,
    /// The list, when it is shown.
    pub list: Option<Rect>,
    /// The details, when they are shown.
    pub details: Option<Rect>,
    /// The filter.
    pub filter: Rect,
    /// Key hints.
    pub footer: Rect,
}

/// From this width on list and details stand side by side.
const SIDE_BY_SIDE: u16 = 160;

/// From this height on the details stand below the list.
const STACKED: u16 = 32;

impl Areas {
    /// For a terminal of this size.
    pub fn new(whole: Rect, model: &Model) -> Self {
        let header_height = if whole.height < 12 { 2 } else { 3 }.min(whole.height);
        let line = |from_bottom: u16| Rect {
            y: whole.bottom().saturating_sub(from_bottom).max(whole.y),
            height: u16::from(whole.height > header_height + from_bottom),
            ..whole
        };
        let (footer, filter) = (line(1), line(2));
        let header = Rect { height: header_height, ..whole };
        let bottom = footer.height + filter.height;
        let body = Rect {
            y: whole.y + header_height,
            height: whole.height.saturating_sub(header_height + bottom),
            ..whole
        };
        let (list, details) = split(body, model);
        Self { whole, header, list, details, filter, footer }
    }

    /// Rows of the list below its column titles.
    pub fn rows(&self) -> usize {
        self.list.map_or(0, |list| list.height.saturating_sub(1).into())
    }

    /// Width and height of the text in the details.
    pub fn text(&self) -> Option<(u16, usize)> {
        let text = details_text(self.details?);
        Some((text.width, text.height.into()))
    }
}

/// The text of the details below their tabs. The last column is the scroll bar's.
pub fn details_text(area: Rect) -> Rect {
    Rect {
        x: area.x + 1,
        y: area.y + 1,
        width: area.width.saturating_sub(2),
        height: area.height.saturating_sub(1),
    }
}

/// Whether the details stand beside the list at this size.
fn beside(body: Rect, place: Place) -> Option<Place> {
    match place {
        Place::Auto if body.width >= SIDE_BY_SIDE => Some(Place::Right),
        Place::Auto if body.height >= STACKED => Some(Place::Below),
        Place::Auto | Place::Alone => None,
        Place::Right => (body.width >= 90).then_some(Place::Right),
        Place::Below => (body.height >= 14).then_some(Place::Below),
    }
}

fn split(body: Rect, model: &Model) -> (Option<Rect>, Option<Rect>) {
    let exchanges = model.view().lists_exchanges();
    let place = beside(body, model.place).filter(|_| exchanges && !model.maximised);
    match place {
        Some(Place::Right) => {
            let left = Rect { width: body.width * 11 / 20, ..body };
            let right = Rect { x: left.right(), width: body.width - left.width, ..body };
            (Some(left), Some(right))
        }
        Some(_) => {
            let top = Rect { height: (body.height * 9 / 20).max(5), ..body };
            let below = Rect { y: top.bottom(), height: body.height - top.height, ..body };
            (Some(top), Some(below))
        }
        None if exchanges && (model.opened || model.maximised && model.pane == Pane::Details) => {
            (None, Some(body))
        }
        None => (Some(body), None),
    }
}

/// A box of this size in the middle, as far as there is room.
pub fn centred(whole: Rect, width: u16, height: u16) -> Rect {
    let (width, height) = (width.min(whole.width), height.min(whole.height));
    Rect {
        x: whole.x + (whole.width - width) / 2,
        y: whole.y + (whole.height - height) / 2,
        width,
        height,
    }
}
