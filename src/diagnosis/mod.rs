//! Why: the rules (several may serve one catalogue entry), the history they read, benign flows, and the choice
//! among what they find.

pub mod catalogue;
mod choice;
mod diagnoser;
mod heard;
pub mod history;
pub mod lexicon;
pub mod note;
mod observer;
mod proving;
mod recurring;
mod reply;
pub mod rule;
pub mod rules;
mod signs;
#[cfg(test)]
pub(crate) mod testing;
pub mod view;
mod waiting;

use std::borrow::Cow;
use std::sync::Arc;

use crate::auth::AuthFacts;
use crate::exchange::Exchange;

pub use catalogue::{Class, Entry};
pub use diagnoser::Diagnoser;
pub use note::{Note, NoteId};
pub use observer::{Observation, Observer};
pub use rule::{Answer, Awaiting, Found, Rule};
pub use view::View;

/// How sure a diagnosis is. The order is that of certainty.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Confidence {
    /// Compatible with what was seen; alternatives remain.
    Possible,
    /// The usual cause of this exact pattern, with an independent supporting fact.
    Likely,
    /// Follows from octets on the wire or from the server's explicit statement.
    Certain,
}

impl Confidence {
    /// `possible`, `likely`, `certain`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Possible => "possible",
            Self::Likely => "likely",
            Self::Certain => "certain",
        }
    }

    /// How the screen begins the sentence.
    pub const fn lead(self) -> &'static str {
        match self {
            Self::Possible => "Possibly",
            Self::Likely => "Probably",
            Self::Certain => "Cause",
        }
    }

    /// One level down.
    #[must_use]
    pub const fn lowered(self) -> Self {
        match self {
            Self::Certain => Self::Likely,
            Self::Likely | Self::Possible => Self::Possible,
        }
    }
}

/// A fact on the wire that speaks for a diagnosis.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Evidence {
    /// Where it stands: `request.authorization`, `request.header.host`, `response.status`,
    /// `response.body`, `request.authorization.claims.exp`, `history`, …
    pub field: Cow<'static, str>,
    /// Its value; never a secret.
    pub value: String,
    /// What it means; may be empty.
    pub note: Cow<'static, str>,
}

/// One answer to why. Texts are made when asked for, from the catalogue's entry and the facts.
#[derive(Debug, Clone)]
pub struct Diagnosis {
    /// The catalogue's entry.
    pub entry: &'static Entry,
    /// How sure.
    pub confidence: Confidence,
    /// Part of a normal flow, seen to succeed: dimmed, not counted as an error.
    pub benign: bool,
    /// The facts it rests on.
    pub evidence: Vec<Evidence>,
    /// What fills the braces of the entry's texts.
    pub facts: Vec<(&'static str, String)>,
    /// Other exchanges that belong to it: the retry, the earlier success, the other hop.
    pub related: Vec<u64>,
}

impl Diagnosis {
    /// The sentence shown to the user.
    pub fn explanation(&self) -> String {
        catalogue::fill(&self.entry.shown, &self.facts).into_owned()
    }

    /// What the client's developer can do.
    pub fn client_fix(&self) -> String {
        catalogue::fill(&self.entry.client, &self.facts).into_owned()
    }

    /// What the server's administrator can do.
    pub fn server_fix(&self) -> String {
        catalogue::fill(&self.entry.server, &self.facts).into_owned()
    }
}

/// What was concluded about one exchange.
#[derive(Debug, Clone)]
pub struct Verdict {
    /// The winner.
    pub diagnosis: Arc<Diagnosis>,
    /// Up to two others with confidence at least likely.
    pub also: Vec<Arc<Diagnosis>>,
    /// Remarks that are never the cause.
    pub notes: Vec<Note>,
    /// A follow-up may still change it.
    pub provisional: bool,
    /// What it was before new evidence changed it.
    pub was: Option<&'static str>,
    /// The same refusal of the same credential on the same target, this one included, from 1.
    pub repeat: u32,
    /// Number of the exchange that is the outermost leg of the same request, when proxies on its way
    /// were captured too: front ends show this one inside that one.
    pub leg_of: Option<u64>,
    /// The most similar accepted exchange (same client and route, else same credential, else same
    /// route), where one is remembered.
    pub nearest_success: Option<Arc<Case>>,
}

/// One exchange with all that is known about it: what front ends list, filter and export.
#[derive(Debug, Clone)]
pub struct Case {
    /// The exchange.
    pub exchange: Arc<Exchange>,
    /// What it says about authorization.
    pub auth: Arc<AuthFacts>,
    /// Why; `None` on exchanges that the catalogue does not cover.
    pub verdict: Option<Verdict>,
    /// The verdict will not change any more.
    pub settled: bool,
}

impl Case {
    /// Number of the exchange.
    pub fn id(&self) -> u64 {
        self.exchange.id
    }

    /// Whether it is part of a normal flow.
    pub fn is_benign(&self) -> bool {
        self.verdict.as_ref().is_some_and(|verdict| verdict.diagnosis.benign)
    }
}
