//! The tabs of the details pane: each makes a [`Document`] of a case.

mod diff;
mod message;
mod timeline;
mod token;
mod why;

use std::sync::Arc;

use super::details::Tab;
use super::document::Document;
use super::history::History;
use crate::auth::masking::Masking;
use crate::diagnosis::Case;
use crate::tui::symbols::Symbols;

/// What the tabs may read.
#[derive(Debug)]
pub struct Context<'a> {
    /// What of a message may be shown.
    pub masking: &'a Masking,
    /// The other exchanges.
    pub history: &'a History,
    /// The row that was marked last, for a comparison.
    pub marked: Option<&'a Arc<Case>>,
    /// The shapes that may be drawn.
    pub symbols: &'a Symbols,
}

/// What a tab shows of a case.
pub fn document(tab: Tab, case: &Case, context: &Context<'_>) -> Document {
    let masking = &context.masking.knowing(&case.exchange, &case.auth);
    let masking = &match context.marked {
        Some(marked) => masking.knowing(&marked.exchange, &marked.auth),
        None => masking.clone(),
    };
    let context = &Context { masking, ..*context };
    match tab {
        Tab::Why => why::document(case, context),
        Tab::Request => message::request(case, context),
        Tab::Response => message::response(case, context),
        Tab::Token => token::document(case, context),
        Tab::Timeline => timeline::document(case, context),
        Tab::Diff => diff::document(case, context),
    }
}
