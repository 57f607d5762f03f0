//! One diagnosis among several (catalogue, section 5).

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};

use crate::diagnosis::lexicon::Category;
use crate::diagnosis::rule::Awaiting;
use crate::diagnosis::rules::{common, own_signature};
use crate::diagnosis::signs::{self, Signs};
use crate::diagnosis::view::View;
use crate::diagnosis::{Answer, Class, Confidence, Diagnosis, Entry, Found, Rule, catalogue};
use crate::time::Timestamp;

/// Diagnoses that state a fact and no cause: they yield to any other that is at least likely,
/// whatever their own confidence.
const GENERIC: [&str; 3] = ["no-credentials-sent", "token-rejected", "unexplained"];

/// What every refusal has when nothing else holds.
const FALLBACK: &str = "unexplained";

/// How many others are listed beside the winner.
const ALSO: usize = 2;

/// What all rules together say about an exchange.
#[derive(Debug, Clone)]
pub struct Choice {
    /// The winner; `None` when no rule holds.
    pub diagnosis: Option<Arc<Diagnosis>>,
    /// The next best.
    pub also: Vec<Arc<Diagnosis>>,
    /// Until when what comes may change it.
    pub until: Option<Timestamp>,
    /// What may change it.
    pub awaiting: Awaiting,
}

impl Choice {
    const NOTHING: Self =
        Self { diagnosis: None, also: Vec::new(), until: None, awaiting: Awaiting::NOTHING };
}

/// What the rules answered that asked only the exchange itself, not the memory and not the time: it
/// holds however often the exchange is assessed, so those rules are asked once.
#[derive(Debug, Clone, Default)]
pub struct Answers {
    /// What the exchange itself shows, once that was looked at.
    shown: Option<Signs>,
    /// The rules that need not be asked again.
    closed: Places,
    /// What they found, by their place in the rulebook.
    found: Vec<(usize, Arc<Diagnosis>)>,
}

impl Answers {
    /// Keeps the answer of the rule at `place`.
    fn close(&mut self, place: usize, answer: Option<(usize, Arc<Diagnosis>)>) {
        self.closed = self.closed.or(Places::of(place));
        self.found.extend(answer);
    }
}

/// Places in the rulebook, one a bit.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Places(u128);

impl Places {
    const NONE: Self = Self(0);

    const fn of(place: usize) -> Self {
        Self(1 << place)
    }

    const fn or(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    const fn without(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }

    fn iter(self) -> impl Iterator<Item = usize> {
        let mut left = self.0;
        std::iter::from_fn(move || {
            let place = (left != 0).then(|| left.trailing_zeros() as usize);
            left &= left.wrapping_sub(1);
            place
        })
    }
}

/// The rules with what the catalogue says of each.
#[derive(Debug)]
pub struct Rulebook {
    /// Those for 401 and 407.
    refusals: Rows,
    /// Those for each other status.
    others: BTreeMap<u16, Rows>,
}

type Row = (&'static Rule, &'static Entry);

/// Rules, and which of them each sign lets hold.
#[derive(Debug)]
struct Rows {
    all: Vec<Row>,
    /// Without this sign these cannot hold.
    needing: [Places; Signs::COUNT],
    /// With this sign these may hold.
    enabled: [Places; Signs::COUNT],
    /// With this sign these cannot hold.
    barred: [Places; Signs::COUNT],
    /// These may hold without any particular sign.
    unconditional: Places,
}

impl Rows {
    fn new(rows: Vec<Row>) -> Self {
        debug_assert!(rows.len() <= u128::BITS as usize, "a place is a bit");
        let with = |holds: &dyn Fn(&Rule) -> bool| {
            let places = rows.iter().enumerate().filter(|(_, (rule, _))| holds(rule));
            places.fold(Places::NONE, |all, (place, _)| all.or(Places::of(place)))
        };
        let by_sign =
            |of: fn(&Rule) -> Signs| std::array::from_fn(|sign| with(&|rule| of(rule).has(sign)));
        Self {
            needing: by_sign(|rule| rule.needs.all),
            enabled: by_sign(|rule| rule.needs.any),
            barred: by_sign(|rule| rule.needs.none),
            unconditional: with(&|rule| rule.needs.any == Signs::NONE),
            all: rows,
        }
    }

    /// The rules whose needs these signs meet.
    fn met_by(&self, signs: Signs) -> Places {
        let (mut may, mut cannot) = (self.unconditional, Places::NONE);
        let by_sign = self.needing.iter().zip(&self.enabled).zip(&self.barred);
        for (sign, ((needing, enabled), barred)) in by_sign.enumerate() {
            if signs.has(sign) {
                (may, cannot) = (may.or(*enabled), cannot.or(*barred));
            } else {
                cannot = cannot.or(*needing);
            }
        }
        may.without(cannot)
    }
}

impl Rulebook {
    /// Every rule that the catalogue has an entry for.
    pub fn new(rules: &'static [Rule]) -> Self {
        let all: Vec<Row> =
            rules.iter().filter_map(|rule| Some((rule, catalogue::entry(rule.id)?))).collect();
        let of = |status| {
            Rows::new(all.iter().copied().filter(|(rule, _)| rule.covers(status)).collect())
        };
        let statuses = all.iter().flat_map(|(rule, _)| rule.other_statuses());
        Self { refusals: of(401), others: statuses.map(|&status| (status, of(status))).collect() }
    }

    /// Whether any rule is asked about a response of this status.
    pub fn covers(&self, status: u16) -> bool {
        self.of(status).is_some_and(|rows| !rows.all.is_empty())
    }

    /// The rules that are asked about a response of this status.
    fn of(&self, status: u16) -> Option<&Rows> {
        match status {
            401 | 407 => Some(&self.refusals),
            other => self.others.get(&other),
        }
    }
}

/// Asks all rules that cover the exchange's status, as far as `answers` does not know, and picks the
/// winner.
pub fn choose(rules: &Rulebook, view: &View<'_>, answers: &mut Answers) -> Choice {
    let status = view.status();
    let Some(rows) = rules.of(status) else { return Choice::NOTHING };
    let Replies { mut found, mut until, mut awaiting } = ask(rows, view, answers);
    if found.is_empty() && matches!(status, 401 | 407) {
        let fallback = catalogue::entry(FALLBACK);
        found.extend(fallback.map(|entry| (usize::MAX, Arc::new(Found::possible().of(entry)))));
    }
    let named = (found.len() > 1).then(|| named_by_server(view)).flatten();
    found.sort_by_key(|(place, _)| *place);
    let (diagnosis, also) = pick(found.into_iter().map(|(_, found)| found).collect(), named);
    if diagnosis.as_ref().is_some_and(|winner| winner.benign && winner.entry.class == Class::Benign)
    {
        // The success was seen: nothing wins over it any more.
        (until, awaiting) = (None, Awaiting::NOTHING);
    }
    Choice { diagnosis, also, until, awaiting }
}

/// What the rules said.
struct Replies {
    found: Vec<(usize, Arc<Diagnosis>)>,
    until: Option<Timestamp>,
    awaiting: Awaiting,
}

/// Asks the rules that may hold and whose answer is not known yet.
fn ask(rows: &Rows, view: &View<'_>, answers: &mut Answers) -> Replies {
    let shared = view.shared_findings().map(|findings| &findings.answers);
    if answers.shown.is_none()
        && let Some(known) = shared.and_then(OnceLock::get)
    {
        answers.clone_from(known);
    }
    let shown = *answers.shown.get_or_insert_with(|| signs::shown(view));
    let mut replies =
        Replies { found: answers.found.clone(), until: None, awaiting: Awaiting::NOTHING };
    let mut general = Answers::default();
    let signs = shown.and(signs::remembered(view));
    #[cfg(debug_assertions)]
    {
        assert_silent(rows, view, signs);
        assert_lasting(rows, view, answers);
    }
    for place in rows.met_by(signs).without(answers.closed).iter() {
        let Some((rule, entry)) = rows.all.get(place) else { continue };
        let is_fallback = rule.id == FALLBACK;
        if is_fallback && !replies.found.is_empty() {
            continue;
        }
        view.take_asked();
        let answer = match (rule.ask)(view) {
            Answer::No => None,
            Answer::Found(found) => Some(found),
            Answer::AskAgain { on, until, meanwhile } => {
                replies.until = replies.until.max(Some(until));
                replies.awaiting = replies.awaiting.and(on);
                meanwhile
            }
        };
        let asked = view.take_asked();
        let lasts = !asked.memory && !is_fallback;
        let answer = answer.map(|answer| (place, Arc::new(of_entry(answer, entry))));
        if lasts {
            answers.close(place, answer.clone());
            if shared.is_some() && !asked.particulars {
                general.close(place, answer.clone());
            }
        }
        replies.found.extend(answer);
    }
    if let Some(shared) = shared {
        // Who began with what others found has nothing to tell them.
        shared.get_or_init(|| Box::new(general));
    }
    replies
}

fn of_entry(found: Found, entry: &'static Entry) -> Diagnosis {
    #[cfg(test)]
    for (name, _) in &found.facts {
        // The words of the server are also a fact where the text has no place for them.
        let used = *name == "quote" || entry.uses(name);
        assert!(used, "{}: no text has a place for {{{name}}}", entry.id);
    }
    found.of(entry)
}

/// What a rule is declared to need must not be more than what it needs: asked all the same, it says no.
#[cfg(debug_assertions)]
fn assert_silent(rows: &Rows, view: &View<'_>, signs: Signs) {
    let met = rows.met_by(signs);
    for (place, (rule, _)) in rows.all.iter().enumerate() {
        if met.without(Places::of(place)) == met {
            let answer = (rule.ask)(view);
            assert!(matches!(answer, Answer::No), "{} needs less: {answer:?}", rule.id);
        }
    }
}

/// An answer that is said to last is the same when it is asked for again.
#[cfg(debug_assertions)]
fn assert_lasting(rows: &Rows, view: &View<'_>, answers: &Answers) {
    for place in answers.closed.iter() {
        let Some((rule, entry)) = rows.all.get(place) else { continue };
        let now = match (rule.ask)(view) {
            Answer::Found(found) => Some(found.of(entry)),
            Answer::No | Answer::AskAgain { .. } => None,
        };
        let before = answers.found.iter().find(|(own, _)| *own == place).map(|(_, found)| found);
        let gist = |of: &Diagnosis| (of.confidence, of.evidence.clone(), of.facts.clone());
        assert_eq!(before.map(|found| gist(found)), now.as_ref().map(gist), "{}", rule.id);
    }
}

/// The winner and the next best. `named` is the diagnosis that the server's words name.
fn pick(
    mut found: Vec<Arc<Diagnosis>>,
    named: Option<&str>,
) -> (Option<Arc<Diagnosis>>, Vec<Arc<Diagnosis>>) {
    if let Some(named) = named {
        for diagnosis in &mut found {
            if diagnosis.entry.class == Class::Token && diagnosis.entry.id != named {
                let diagnosis = Arc::make_mut(diagnosis);
                diagnosis.confidence = diagnosis.confidence.lowered();
            }
        }
    }
    found.sort_by_key(|diagnosis| rank(diagnosis.entry, diagnosis.confidence, diagnosis.benign));
    let mut found = found.into_iter();
    let Some(winner) = found.next() else { return (None, Vec::new()) };
    let mut also: Vec<Arc<Diagnosis>> = Vec::new();
    for other in found {
        let known = other.entry.id == winner.entry.id
            || also.iter().any(|listed| listed.entry.id == other.entry.id);
        if !winner.benign && !known && !is_generic(&other.entry.id) && also.len() < ALSO {
            also.push(other);
        }
    }
    (Some(winner), also)
}

/// What sorts before what: a resolved benign flow, then causes that are at least likely, then
/// everything else; within each by confidence and then by the catalogue's priority.
fn rank(entry: &Entry, confidence: Confidence, benign: bool) -> (u8, Reverse<Confidence>, u16) {
    let tier = if benign && entry.class == Class::Benign {
        0
    } else if !is_generic(&entry.id) && confidence >= Confidence::Likely {
        1
    } else {
        2
    };
    (tier, Reverse(confidence), entry.priority)
}

fn is_generic(id: &str) -> bool {
    GENERIC.contains(&id)
}

/// The diagnosis that the server's own words name (catalogue, section 5, last paragraph).
fn named_by_server(view: &View<'_>) -> Option<&'static str> {
    let only_cookie = common::only_cookies(view);
    if view.missing() && view.alternatives().is_empty() {
        return None;
    }
    let signed = own_signature::is_only_signed(view);
    Some(match view.said()?.category {
        Category::Insufficient => "insufficient-privilege",
        Category::Locked | Category::Rate => "lockout-or-throttle",
        Category::Csrf => "csrf-rejected",
        Category::Network => "blocked-by-security-rule",
        // "Invalid credentials", said of a token, tells nothing about it.
        Category::BadCredentials if common::is_token(view) => return None,
        Category::Mfa | Category::BadCredentials => "wrong-password",
        Category::Clock | Category::NoKey | Category::BadSignature if signed => {
            "signature-auth-rejected"
        }
        Category::Clock => "clock-skew",
        Category::NoKey | Category::BadSignature => "jwt-signature-rejected",
        Category::Session => "session-expired",
        Category::Expired if only_cookie => "session-expired",
        Category::Expired => "token-expired",
        Category::NotYetValid => "jwt-not-yet-valid",
        Category::BadAudience => "jwt-wrong-audience",
        Category::BadIssuer => "jwt-wrong-issuer",
        Category::Alg => "jwt-unsupported-form",
        Category::WrongType => "wrong-token-kind",
        Category::Proof => "sender-constrained-token",
        Category::Revoked => "token-revoked",
        Category::ApiKeyMissing => "api-key-missing",
        Category::UserGone if view.uses("Basic") => "wrong-password",
        Category::UserGone | Category::ApiKeyInvalid => "token-rejected",
        Category::Ambiguous
        | Category::Malformed
        | Category::Certificate
        | Category::Missing
        | Category::Other
        | Category::Generic => return None,
    })
}
