//! The catalogue's prose, as data: what `why401 explain`, the screen, JSON and the docs all read.
//!
//! `shown`, `client` and `server` are templates:
//! - `{name}` is replaced by the fact of that name, `{name:words}` by those words where the fact is
//!   not known;
//! - `[[ … {name} … ]]` stands only when every `{name}` without words in it is known;
//! - `{{` and `}}` are literal braces.
//!
//! A `{name}` without words stands only inside `[[ ]]`, so no text ever shows a bare name.

mod document;

use std::borrow::Cow;
use std::collections::HashMap;
use std::fmt::Write as _;
use std::sync::LazyLock;

use serde::{Deserialize, Deserializer};

pub use document::document;

/// What kind of knowledge a diagnosis rests on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Class {
    /// Part of a normal flow.
    Benign,
    /// Provable from the request alone.
    Request,
    /// Hops, redirects, connections, caches.
    Path,
    /// Mainly the server's words.
    ServerSays,
    /// The content of a JWT.
    Token,
    /// History.
    OverTime,
    /// Nothing matched.
    Fallback,
}

impl Class {
    /// As in the catalogue.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Benign => "benign",
            Self::Request => "request",
            Self::Path => "path",
            Self::ServerSays => "server-says",
            Self::Token => "token",
            Self::OverTime => "over-time",
            Self::Fallback => "fallback",
        }
    }
}

/// One diagnosis as prose.
#[derive(Debug, Clone, PartialEq, Eq, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Entry {
    /// Its stable name.
    pub id: String,
    /// Its title.
    pub title: String,
    /// Lower wins within one confidence.
    pub priority: u16,
    /// What it rests on.
    pub class: Class,
    /// How sure it usually is, in words.
    #[serde(deserialize_with = "one_line")]
    pub confidence: String,
    /// What must be on the wire.
    #[serde(deserialize_with = "one_line")]
    pub evidence: String,
    /// What excludes it.
    #[serde(deserialize_with = "one_line")]
    pub rules_out: String,
    /// The sentence shown, as a template.
    #[serde(deserialize_with = "one_line")]
    pub shown: String,
    /// What the client's developer can do, as a template.
    #[serde(deserialize_with = "one_line")]
    pub client: String,
    /// What the server's administrator can do, as a template.
    #[serde(deserialize_with = "one_line")]
    pub server: String,
    /// Where this knowledge comes from.
    #[serde(deserialize_with = "one_line")]
    pub sources: String,
}

impl Entry {
    /// Whether one of its templates has a place for this fact.
    pub fn uses(&self, fact: &str) -> bool {
        [&self.shown, &self.client, &self.server]
            .into_iter()
            .flat_map(|template| Pieces(template))
            .any(|piece| matches!(piece, Piece::Fact { name, .. } if name == fact))
    }
}

/// The data is wrapped for its readers; the texts are not.
fn one_line<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    let text = Cow::<str>::deserialize(deserializer)?;
    Ok(text.split_whitespace().collect::<Vec<_>>().join(" "))
}

const FILES: [&str; 6] = [
    include_str!("catalogue/benign.toml"),
    include_str!("catalogue/request.toml"),
    include_str!("catalogue/path.toml"),
    include_str!("catalogue/server-says.toml"),
    include_str!("catalogue/token.toml"),
    include_str!("catalogue/over-time.toml"),
];

/// What one of the files holds.
#[derive(serde::Deserialize)]
struct File {
    diagnosis: Vec<Entry>,
}

static ENTRIES: LazyLock<Vec<Entry>> = LazyLock::new(|| {
    // The files are part of the program: that each one parses is a test's business.
    let mut entries: Vec<_> = FILES
        .into_iter()
        .filter_map(|file| toml::from_str::<File>(file).ok())
        .flat_map(|file| file.diagnosis)
        .collect();
    entries.sort_by_key(|entry| entry.priority);
    entries
});

/// All entries, by priority.
pub fn entries() -> &'static [Entry] {
    &ENTRIES
}

static BY_ID: LazyLock<HashMap<&'static str, &'static Entry>> =
    LazyLock::new(|| entries().iter().map(|entry| (entry.id.as_str(), entry)).collect());

/// The entry of this name.
pub fn entry(id: &str) -> Option<&'static Entry> {
    BY_ID.get(id).copied()
}

/// A template with its facts filled in.
///
/// Values go in as they are: whoever collects facts makes them safe to show
/// ([`crate::text::visible`]) and never puts a secret among them.
pub fn fill<'a>(template: &'a str, facts: &[(&'static str, String)]) -> Cow<'a, str> {
    if !template.contains(['{', '[']) {
        return Cow::Borrowed(template);
    }
    let mut out = String::with_capacity(template.len() + 64);
    for part in parts(&pieces(template), facts) {
        match part {
            Part::Own(text) | Part::Value(text) => out.push_str(text),
        }
    }
    Cow::Owned(out)
}

/// The pieces of a template, for who fills it in often.
pub fn pieces(template: &str) -> Vec<Piece<'_>> {
    Pieces(template).collect()
}

/// A part of a template that is filled in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part<'a> {
    /// Words of the template.
    Own(&'a str),
    /// A fact.
    Value(&'a str),
}

/// The parts of a template that is filled in with these facts, as [`fill`] does.
pub fn parts<'a>(
    mut pieces: &'a [Piece<'a>],
    facts: &'a [(&'static str, String)],
) -> impl Iterator<Item = Part<'a>> {
    let known = |name: &str| facts.iter().find(|(fact, _)| *fact == name).map(|(_, value)| value);
    let is_known = move |piece: &Piece<'_>| match piece {
        Piece::Fact { name, otherwise: None } => known(name).is_some(),
        _ => true,
    };
    std::iter::from_fn(move || {
        loop {
            let (piece, rest) = pieces.split_first()?;
            pieces = rest;
            match *piece {
                Piece::Text(text) => return Some(Part::Own(text)),
                Piece::Open => {
                    let close = rest.iter().position(|piece| matches!(piece, Piece::Close));
                    let (optional, after) = rest.split_at(close.unwrap_or(rest.len()));
                    if !optional.iter().all(is_known) {
                        pieces = after;
                    }
                }
                Piece::Close => {}
                Piece::Fact { name, otherwise } => {
                    let value = known(name).map(|value| Part::Value(value));
                    return value.or(Some(Part::Own(otherwise.unwrap_or("…"))));
                }
            }
        }
    })
}

/// A template for a reader who wants to see its form: facts as `‹name›`, optional parts in brackets.
pub fn outline(template: &str) -> String {
    let mut out = String::with_capacity(template.len() + 16);
    for piece in Pieces(template) {
        match piece {
            Piece::Text(text) => out.push_str(text),
            Piece::Open => out.push('['),
            Piece::Close => out.push(']'),
            Piece::Fact { name, .. } => {
                let _ = write!(out, "‹{}›", name.replace('_', " "));
            }
        }
    }
    out
}

/// A piece of a template.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Piece<'a> {
    /// Its own words.
    Text(&'a str),
    /// The place of a fact.
    Fact {
        /// The fact's name.
        name: &'a str,
        /// What stands there when it is not known.
        otherwise: Option<&'a str>,
    },
    /// An optional part begins.
    Open,
    /// It ends.
    Close,
}

/// Cuts a template into pieces.
struct Pieces<'a>(&'a str);

impl<'a> Pieces<'a> {
    fn take(&mut self, octets: usize) -> &'a str {
        let (taken, rest) = self.0.split_at(octets);
        self.0 = rest;
        taken
    }
}

impl<'a> Iterator for Pieces<'a> {
    type Item = Piece<'a>;

    fn next(&mut self) -> Option<Piece<'a>> {
        let rest = self.0;
        if rest.is_empty() {
            return None;
        }
        if rest.starts_with("{{") || rest.starts_with("}}") {
            return Some(Piece::Text(&self.take(2)[..1]));
        }
        if rest.starts_with("[[") {
            self.take(2);
            return Some(Piece::Open);
        }
        if rest.starts_with("]]") {
            self.take(2);
            return Some(Piece::Close);
        }
        if let Some(inner) = rest.strip_prefix('{')
            && let Some(end) = inner.find('}')
        {
            self.take(end + 2);
            let (name, otherwise) = match inner[..end].split_once(':') {
                Some((name, words)) => (name, Some(words)),
                None => (&inner[..end], None),
            };
            return Some(Piece::Fact { name, otherwise });
        }
        let first = rest.chars().next().map_or(1, char::len_utf8);
        let end = rest[first..].find(['{', '}', '[', ']']).map_or(rest.len(), |at| first + at);
        Some(Piece::Text(self.take(end)))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_file_parses_and_nothing_is_missing() {
        let mut seen = 0;
        for file in FILES {
            match toml::from_str::<File>(file) {
                Ok(file) => seen += file.diagnosis.len(),
                Err(error) => panic!("{error}"),
            }
        }
        assert_eq!(seen, 61);
        assert_eq!(entries().len(), 61);
    }

    #[test]
    fn names_and_priorities_are_unique_and_ordered() {
        let ids: BTreeSet<_> = entries().iter().map(|entry| &entry.id).collect();
        let priorities: BTreeSet<_> = entries().iter().map(|entry| entry.priority).collect();
        assert_eq!((ids.len(), priorities.len()), (61, 61));
        assert!(entries().is_sorted_by_key(|entry| entry.priority));
        assert_eq!(entry("unexplained").map(|entry| entry.priority), Some(999));
        assert!(entry("no-such-diagnosis").is_none());
    }

    #[test]
    fn no_text_is_empty() {
        for entry in entries() {
            for text in [
                &entry.title,
                &entry.confidence,
                &entry.evidence,
                &entry.rules_out,
                &entry.shown,
                &entry.client,
                &entry.server,
                &entry.sources,
            ] {
                assert!(!text.is_empty(), "{}", entry.id);
            }
        }
    }

    #[test]
    fn templates_are_well_formed() {
        for entry in entries() {
            for template in [&entry.shown, &entry.client, &entry.server] {
                let mut depth = 0;
                for piece in Pieces(template) {
                    match piece {
                        Piece::Open => depth += 1,
                        Piece::Close => depth -= 1,
                        Piece::Fact { name, otherwise } => {
                            let plain = name.bytes().all(|b| b.is_ascii_lowercase() || b == b'_');
                            assert!(plain && !name.is_empty(), "{}: {{{name}}}", entry.id);
                            assert!(
                                depth == 1 || otherwise.is_some(),
                                "{}: {{{name}}} needs words for when it is not known",
                                entry.id
                            );
                        }
                        Piece::Text(text) => {
                            let literal = text == "{" || text == "}";
                            assert!(literal || !text.contains(['{', '}']), "{}: {text}", entry.id);
                        }
                    }
                    assert!((0..=1).contains(&depth), "{}: nested brackets", entry.id);
                }
                assert_eq!(depth, 0, "{}: open bracket", entry.id);
            }
        }
    }

    #[test]
    fn a_text_without_facts_reads_as_a_sentence() {
        for entry in entries() {
            for template in [&entry.shown, &entry.client, &entry.server] {
                let text = fill(template, &[]);
                assert!(!text.contains("[[") && !text.contains('‹'), "{}: {text}", entry.id);
                assert!(!text.contains("  ") && !text.contains(" , "), "{}: {text}", entry.id);
                assert!(!text.ends_with(' ') && !text.contains(" . "), "{}: {text}", entry.id);
            }
        }
    }

    #[test]
    fn nothing_is_claimed_that_cannot_be_known() {
        // What servers hide, and what keys and minds hold, is never stated as a fact.
        let claims = [
            "password is wrong",
            "password was wrong",
            "wrong password",
            "signature is invalid",
            "signature is wrong",
            "user does not exist",
            "is an attack",
            "was revoked",
            "is blocked by",
            "definitely",
            "certainly",
            "always",
        ];
        for entry in entries() {
            let shown = fill(&entry.shown, &[]).to_lowercase();
            // Which of the two is wrong stays open.
            let shown = shown.replace("user name or password is wrong", "");
            for claim in claims {
                assert!(!shown.contains(claim), "{}: {claim}: {shown}", entry.id);
            }
        }
        let wrong = fill(&entry("wrong-password").unwrap().shown, &[]).into_owned();
        assert!(wrong.contains("User name or password is wrong, or the account"), "{wrong}");
    }

    #[test]
    fn users_texts_hold_no_marks_of_the_catalogue_s_making() {
        for entry in entries() {
            let texts = [
                &entry.title,
                &entry.confidence,
                &entry.evidence,
                &entry.rules_out,
                &entry.shown,
                &entry.client,
                &entry.server,
                &entry.sources,
            ];
            for mark in ["[seed", "(mem)", "(read)", "lab:", "section ", "A=", "cred_fp", "says("] {
                assert!(!texts.iter().any(|text| text.contains(mark)), "{}: {mark}", entry.id);
            }
        }
    }

    #[test]
    fn facts_fill_places_and_missing_ones_drop_their_part() {
        let template = r#"{who:the client} sent {scheme:it}[[ – the server says: "{quote}"]]."#;
        assert_eq!(fill(template, &[]), "the client sent it.");
        let facts = [("scheme", "Basic".to_owned()), ("quote", "no {x}".to_owned())];
        assert_eq!(fill(template, &facts), r#"the client sent Basic – the server says: "no {x}"."#);
        assert_eq!(fill("a {{ b; }} [c] {d:e}", &[]), "a { b; } [c] e");
        assert_eq!(outline("at {exp:x}[[, {quote}]]"), "at ‹exp›[, ‹quote›]");
    }
}
