//! What is found out about an exchange once, however often it is assessed.

use std::sync::{Arc, OnceLock};

use crate::auth::proof::Proof;
use crate::diagnosis::Note;
use crate::diagnosis::choice::Answers;
use crate::diagnosis::lexicon::Said;
use crate::diagnosis::reply::Reply;

/// What rests on what an exchange says, but not on its target, and on its server and how well it was
/// captured: exchanges that have these in common share it. Empty until it is asked for.
#[derive(Debug, Default)]
pub struct Findings {
    /// The response, read.
    pub(super) reply: OnceLock<Arc<Reply>>,
    /// What the server says, safe to show.
    pub(super) said: OnceLock<Option<Said>>,
    /// The first realm that a challenge names, safe to show.
    pub(super) realm: OnceLock<Option<String>>,
    /// Remarks on the exchange itself.
    pub(super) remarks: OnceLock<Vec<Note>>,
    /// What the rules answered that asked for nothing else; only where others share it.
    pub(super) answers: OnceLock<Box<Answers>>,
}

/// What the next look at an exchange need not find out again.
#[derive(Debug)]
pub struct Heard {
    pub(super) findings: Arc<Findings>,
    /// The credentials, held against the user's keys and passwords. Boxed, as thousands of refusals wait that
    /// have none.
    pub(super) proof: Option<Box<Proof>>,
}
