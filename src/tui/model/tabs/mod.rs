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
    /// What of the exchange may be shown.
    pub masking: &'a Masking,
    /// What of others may be shown: one that is revealed reveals no other.
    pub others: &'a Masking,
    /// The other exchanges.
    pub history: &'a History,
    /// The row that was marked last, for a comparison.
    pub marked: Option<&'a Arc<Case>>,
    /// The shapes that may be drawn.
    pub symbols: &'a Symbols,
}

/// What a tab shows of a case.
pub fn document(tab: Tab, case: &Case, context: &Context<'_>) -> Document {
    let knowing = |masking: &Masking| {
        let masking = masking.knowing(&case.exchange, &case.auth);
        match context.marked {
            Some(marked) => masking.knowing(&marked.exchange, &marked.auth),
            None => masking,
        }
    };
    let others = &knowing(context.others);
    let masking = if context.masking.reveal { &knowing(context.masking) } else { others };
    let context = &Context { masking, others, ..*context };
    match tab {
        Tab::Why => why::document(case, context),
        Tab::Request => message::request(case, context),
        Tab::Response => message::response(case, context),
        Tab::Token => token::document(case, context),
        Tab::Timeline => timeline::document(case, context),
        Tab::Diff => diff::document(case, context),
    }
}
