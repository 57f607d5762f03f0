//! What a rule is asked and what it may answer.

use std::borrow::Cow;

use crate::diagnosis::signs::{Needs, Signs};
use crate::diagnosis::view::View;
use crate::diagnosis::{Confidence, Diagnosis, Entry, Evidence};
use crate::time::Timestamp;

/// One rule: looks at a refused exchange and says whether its diagnosis holds.
#[derive(Debug, Clone, Copy)]
pub struct Rule {
    /// The catalogue's entry.
    pub id: &'static str,
    /// The rule itself.
    pub ask: fn(&View<'_>) -> Answer,
    /// Whether it is asked on 401 and 407.
    refusals: bool,
    /// Other statuses on which it is asked.
    others: &'static [u16],
    /// What it cannot hold without: where that is absent it is not asked.
    pub(super) needs: Needs,
}

/// A rule that can hold whatever an exchange shows.
const NOTHING: Needs = Needs { all: Signs::NONE, any: Signs::NONE, none: Signs::NONE };

impl Rule {
    /// A rule for 401 and 407.
    pub const fn new(id: &'static str, ask: fn(&View<'_>) -> Answer) -> Self {
        Self { id, ask, refusals: true, others: &[], needs: NOTHING }
    }

    /// A rule for other statuses: the evidence must then be on the wire.
    pub const fn only_on(
        id: &'static str,
        ask: fn(&View<'_>) -> Answer,
        statuses: &'static [u16],
    ) -> Self {
        Self { id, ask, refusals: false, others: statuses, needs: NOTHING }
    }

    /// Ask it on these statuses too: the evidence must then be on the wire.
    #[must_use]
    pub const fn also_on(self, statuses: &'static [u16]) -> Self {
        Self { others: statuses, ..self }
    }

    /// It cannot hold without all of these.
    #[must_use]
    pub const fn given(self, all: Signs) -> Self {
        Self { needs: Needs { all, ..self.needs }, ..self }
    }

    /// It cannot hold without one of these.
    #[must_use]
    pub const fn given_any(self, any: Signs) -> Self {
        Self { needs: Needs { any, ..self.needs }, ..self }
    }

    /// It cannot hold with any of these.
    #[must_use]
    pub const fn unless(self, none: Signs) -> Self {
        Self { needs: Needs { none, ..self.needs }, ..self }
    }

    /// The statuses besides 401 and 407 on which it is asked.
    pub const fn other_statuses(&self) -> &'static [u16] {
        self.others
    }

    /// Whether it is asked about a response of this status.
    pub fn covers(&self, status: u16) -> bool {
        (self.refusals && matches!(status, 401 | 407)) || self.others.contains(&status)
    }
}

/// What a rule answers.
#[derive(Debug, Clone)]
pub enum Answer {
    /// Not this.
    No,
    /// This, and here is why.
    Found(Found),
    /// What comes until then may change the answer; `meanwhile` is what is known already.
    AskAgain {
        /// What may change it.
        on: Awaiting,
        /// Until when, in packet time.
        until: Timestamp,
        /// The answer as things stand.
        meanwhile: Option<Found>,
    },
}

impl Answer {
    /// What is found as things stand.
    pub fn found(self) -> Option<Found> {
        match self {
            Self::No => None,
            Self::Found(found) => Some(found),
            Self::AskAgain { meanwhile, .. } => meanwhile,
        }
    }
}

impl From<Found> for Answer {
    fn from(found: Found) -> Self {
        Self::Found(found)
    }
}

impl From<Option<Found>> for Answer {
    fn from(found: Option<Found>) -> Self {
        found.map_or(Self::No, Self::Found)
    }
}

/// What may change an answer. All answers are asked for once more when their time has passed; these
/// say what else is worth asking at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Awaiting(u8);

impl Awaiting {
    /// Only time.
    pub const NOTHING: Self = Self(0);
    /// The same client repeats the request with or without credentials.
    pub const RETRY: Self = Self(1);
    /// The same client gets something else accepted on this origin.
    pub const VISIT: Self = Self(2);
    /// The same credential is accepted somewhere.
    pub const CREDENTIAL: Self = Self(4);

    /// Both.
    #[must_use]
    pub const fn and(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Whether all of `other` is in it.
    pub const fn includes(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }
}

/// A diagnosis that holds.
#[derive(Debug, Clone)]
pub struct Found {
    /// How sure.
    pub confidence: Confidence,
    /// Part of a normal flow, seen to succeed.
    pub benign: bool,
    /// The facts it rests on.
    pub evidence: Vec<Evidence>,
    /// What fills the braces of the entry's texts.
    pub facts: Vec<(&'static str, String)>,
    /// Other exchanges that belong to it.
    pub related: Vec<u64>,
}

impl Found {
    /// With this confidence, and nothing else yet.
    pub const fn new(confidence: Confidence) -> Self {
        Self {
            confidence,
            benign: false,
            evidence: Vec::new(),
            facts: Vec::new(),
            related: Vec::new(),
        }
    }

    /// Follows from octets on the wire or the server's explicit statement.
    pub const fn certain() -> Self {
        Self::new(Confidence::Certain)
    }

    /// The usual cause of this pattern.
    pub const fn likely() -> Self {
        Self::new(Confidence::Likely)
    }

    /// Compatible; alternatives remain.
    pub const fn possible() -> Self {
        Self::new(Confidence::Possible)
    }

    /// Adds a fact on the wire: where it stands, its value (never a secret), what it means.
    #[must_use]
    pub fn because(
        mut self,
        field: impl Into<Cow<'static, str>>,
        value: impl Into<String>,
        note: impl Into<Cow<'static, str>>,
    ) -> Self {
        grow(&mut self.evidence);
        self.evidence.push(Evidence {
            field: field.into(),
            value: value.into(),
            note: note.into(),
        });
        self
    }

    /// Fills a brace of the entry's texts.
    #[must_use]
    pub fn fact(mut self, name: &'static str, value: impl Into<String>) -> Self {
        grow(&mut self.facts);
        self.facts.push((name, value.into()));
        self
    }

    /// Fills a brace where the value is known.
    #[must_use]
    pub fn fact_if(self, name: &'static str, value: Option<impl Into<String>>) -> Self {
        match value {
            Some(value) => self.fact(name, value),
            None => self,
        }
    }

    /// Names another exchange that belongs to it.
    #[must_use]
    pub fn related(mut self, id: u64) -> Self {
        if !self.related.contains(&id) {
            self.related.push(id);
        }
        self
    }

    /// Marks it as part of a normal flow that was seen to succeed.
    #[must_use]
    pub const fn benign(mut self) -> Self {
        self.benign = true;
        self
    }

    /// As the diagnosis that this entry of the catalogue describes.
    pub fn of(self, entry: &'static Entry) -> Diagnosis {
        let Self { confidence, benign, evidence, facts, related } = self;
        Diagnosis { entry, confidence, benign, evidence, facts, related }
    }

    /// The same, but what comes until then may change it.
    pub const fn until(self, on: Awaiting, until: Timestamp) -> Answer {
        Answer::AskAgain { on, until, meanwhile: Some(self) }
    }
}

/// Makes room for one more, without the room that a vector takes by itself: most diagnoses rest on one fact or
/// two, and thousands of refusals wait.
fn grow<T>(of: &mut Vec<T>) {
    if of.len() == of.capacity() {
        of.reserve_exact(2);
    }
}
