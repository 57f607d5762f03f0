//! The catalogue's prose, as data: what `why401 explain`, the screen, JSON and the docs all read.

use std::borrow::Cow;

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

/// One diagnosis as prose.
#[derive(Debug, Clone, PartialEq, Eq, serde::Deserialize)]
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
    pub confidence: String,
    /// What must be on the wire.
    pub evidence: String,
    /// What excludes it.
    pub rules_out: String,
    /// The sentence shown: `{name}` is filled in; `[[… {name} …]]` stands only when all its names are known.
    pub shown: String,
    /// What the client's developer can do.
    pub client: String,
    /// What the server's administrator can do.
    pub server: String,
    /// Where this knowledge comes from.
    pub sources: String,
}

/// All entries, by priority.
pub fn entries() -> &'static [Entry] {
    &[]
}

/// The entry of this name.
pub fn entry(id: &str) -> Option<&'static Entry> {
    entries().iter().find(|entry| entry.id == id)
}

/// A template with its facts filled in.
pub fn fill<'a>(template: &'a str, _facts: &[(&'static str, String)]) -> Cow<'a, str> {
    Cow::Borrowed(template)
}
