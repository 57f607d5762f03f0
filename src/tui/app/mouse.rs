//! What the mouse points at.

use std::time::Instant;

use crossterm::event::{MouseButton, MouseEvent, MouseEventKind};
use ratatui::layout::{Position, Rect};

use super::App;
use crate::tui::model::{Model, Pane, fitting};
use crate::tui::view::{details, header};

impl App {
    pub(super) fn mouse(&mut self, mouse: MouseEvent, now: Instant) -> bool {
        let at = Position::new(mouse.column, mouse.row);
        let inside = |area: Option<Rect>| area.filter(|area| area.contains(at));
        if self.model.overlay.is_some() {
            return false;
        }
        match mouse.kind {
            MouseEventKind::ScrollDown | MouseEventKind::ScrollUp => {
                let by = if mouse.kind == MouseEventKind::ScrollDown { 3 } else { -3 };
                if inside(self.areas.details).is_some() {
                    self.scroll(by);
                } else {
                    self.model.step(by);
                }
                true
            }
            MouseEventKind::Down(MouseButton::Left) => {
                if let Some(area) = inside(self.areas.list) {
                    self.click_list(area, mouse, now);
                } else if let Some(area) = inside(self.areas.details) {
                    self.click_details(area, mouse);
                } else if self.areas.header.contains(at) {
                    self.click_header(mouse);
                }
                true
            }
            _ => false,
        }
    }

    fn click_list(&mut self, area: Rect, mouse: MouseEvent, now: Instant) {
        self.model.pane = Pane::List;
        let x = mouse.column - area.x;
        let shown = fitting::columns(self.model.view().columns(), area.width);
        let column = shown.iter().find(|column| (column.x..column.x + column.width).contains(&x));
        if let Some(column) = column {
            self.model.set_column(column.index);
        }
        if mouse.row == area.y {
            if column.is_some() {
                self.sort(now, Model::sort_here);
            }
            return;
        }
        let row = self.model.table.top() + usize::from(mouse.row - area.y - 1);
        if row < self.model.table.len() {
            let again = row == self.model.table.position();
            self.model.select(row);
            if again && self.areas.details.is_none() && self.model.view().lists_exchanges() {
                self.model.open_details();
            }
        }
    }

    fn click_details(&mut self, area: Rect, mouse: MouseEvent) {
        self.model.hold();
        self.model.pane = Pane::Details;
        let x = mouse.column - area.x;
        let tab = details::tab_spans(area.width)
            .into_iter()
            .find(|(_, at, width)| (*at..at + width).contains(&x));
        if let Some((tab, _, _)) = tab.filter(|_| mouse.row == area.y) {
            self.model.details.set_tab(tab);
        }
    }

    fn click_header(&mut self, mouse: MouseEvent) {
        let area = self.areas.header;
        let x = mouse.column - area.x;
        let tab = header::tab_spans(area.width)
            .into_iter()
            .find(|(_, at, width)| (*at..at + width).contains(&x));
        if let Some((view, _, _)) = tab.filter(|_| mouse.row + 1 == area.bottom()) {
            self.model.show_view(view);
        }
    }
}
