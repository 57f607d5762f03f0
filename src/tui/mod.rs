//! The screen. ratatui and crossterm are used only here.
//!
//! [`model`] is the state and knows no terminal; [`view`] draws it, one file a pane; [`keys`] is the
//! table of all keys; [`theme`] and [`symbols`] say how meanings look; [`app`] turns keys into
//! changes of the model; [`mod@run`] is the loop; [`keyboard`] reads what the terminal sends;
//! [`terminal`] enters and leaves the screen.

pub mod app;
pub mod copying;
pub mod exporting;
pub mod keyboard;
pub mod keys;
pub mod model;
pub mod run;
pub mod symbols;
pub mod terminal;
pub mod theme;
pub mod view;

#[cfg(test)]
mod tests;

pub use run::{UiError, UiOptions, run};
