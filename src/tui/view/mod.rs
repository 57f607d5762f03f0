//! Draws the model. One file a pane; nothing here changes state.

pub mod details;
pub mod empty;
pub mod filter_bar;
pub mod fit;
pub mod footer;
pub mod header;
pub mod help;
pub mod layout;
pub mod list;
pub mod overlay;

use std::time::Instant;

use ratatui::Frame;
use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};

use super::keys::KeyMap;
use super::model::{Model, Role};
use super::theme::Theme;
use layout::Areas;

/// What a pane needs to draw itself.
#[derive(Debug, Clone, Copy)]
pub struct Scene<'a> {
    /// The state.
    pub model: &'a Model,
    /// How meanings look.
    pub theme: &'a Theme,
    /// The keys, for hints and help.
    pub keys: &'a KeyMap,
    /// When.
    pub now: Instant,
}

impl Scene<'_> {
    /// Writes text at a place, cut to `width` cells; returns the cells it took. Nothing is written
    /// outside: a terminal may be too small for anything.
    pub fn put(
        &self,
        buffer: &mut Buffer,
        x: u16,
        y: u16,
        width: u16,
        role: Role,
        text: &str,
    ) -> u16 {
        if !buffer.area.contains(Position::new(x, y)) {
            return 0;
        }
        let width = width.min(buffer.area.right() - x);
        let style = self.theme.style(role);
        let text = fit::fit(text, width.into(), &self.model.symbols);
        let (end, _) = buffer.set_stringn(x, y, text, width.into(), style);
        end.saturating_sub(x)
    }

    /// Paints a stretch of a line.
    pub fn paint(&self, buffer: &mut Buffer, area: Rect, role: Role) {
        buffer.set_style(area, self.theme.style(role));
    }
}

/// Draws everything.
pub fn draw(frame: &mut Frame<'_>, areas: &Areas, scene: &Scene<'_>) {
    let buffer = frame.buffer_mut();
    buffer.set_style(buffer.area, scene.theme.style(Role::Text));
    header::draw(buffer, areas.header, scene);
    if let Some(area) = areas.list {
        list::draw(buffer, area, scene);
    }
    if let Some(area) = areas.details {
        details::draw(buffer, area, scene);
    }
    filter_bar::draw(buffer, areas.filter, scene);
    footer::draw(buffer, areas.footer, scene);
    filter_bar::draw_completions(buffer, areas.filter, scene);
    overlay::draw(buffer, areas, scene);
    if let Some((x, y)) = cursor(areas, scene) {
        frame.set_cursor_position((x, y));
    }
}

/// Where the text cursor stands, when something is typed.
fn cursor(areas: &Areas, scene: &Scene<'_>) -> Option<(u16, u16)> {
    let area = areas.filter;
    let offset = filter_bar::cursor(scene, area.width)?;
    Some((area.x + offset.min(area.width.saturating_sub(1)), area.y))
}

#[cfg(test)]
mod load;
#[cfg(test)]
mod tests;
