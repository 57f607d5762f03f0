//! The catalogue's texts as JSON: escaped and cut into pieces once, since every object repeats them.

use std::sync::LazyLock;

use super::writer::Writer;
use crate::diagnosis::catalogue::{self, Entry, Piece};

/// The texts of one entry.
pub(super) struct Texts {
    /// The members `id` and `title`, and the beginning of the one after them.
    pub opening: String,
    /// [`Entry::shown`]
    pub shown: Template,
    /// [`Entry::client`]
    pub client: Template,
    /// [`Entry::server`]
    pub server: Template,
}

/// What a template is filled in with.
type Facts = [(&'static str, String)];

/// A template whose own words are escaped.
pub(super) struct Template(Vec<Part>);

enum Part {
    /// Words of its own.
    Own(String),
    /// The place of a fact, and what stands there without it.
    Fact(&'static str, String),
    /// What stands only where all these facts are known.
    Optional(Vec<&'static str>, Vec<Self>),
}

/// By priority, which no two entries share.
static TEXTS: LazyLock<Vec<Option<Texts>>> = LazyLock::new(|| {
    let mut texts = Vec::new();
    for entry in catalogue::entries() {
        let place = usize::from(entry.priority);
        texts.resize_with(texts.len().max(place + 1), || None);
        texts[place] = Some(Texts::of(entry));
    }
    texts
});

impl Texts {
    fn of(entry: &'static Entry) -> Self {
        let mut opening = Vec::new();
        let mut json = Writer::new(&mut opening);
        json.raw("{\"id\":").string(&entry.id).raw(",\"title\":").string(&entry.title);
        json.raw(",\"confidence\":\"");
        Self {
            opening: String::from_utf8(opening).unwrap_or_default(),
            shown: Template::of(&entry.shown),
            client: Template::of(&entry.client),
            server: Template::of(&entry.server),
        }
    }
}

impl Template {
    fn of(template: &'static str) -> Self {
        Self(parts(&mut catalogue::pieces(template).into_iter()))
    }
}

/// The parts up to the end of the template, or of what is optional.
fn parts(pieces: &mut impl Iterator<Item = Piece<'static>>) -> Vec<Part> {
    let mut parts = Vec::new();
    while let Some(piece) = pieces.next() {
        parts.push(match piece {
            Piece::Text(text) => Part::Own(escaped(text)),
            Piece::Fact { name, otherwise } => Part::Fact(name, escaped(otherwise.unwrap_or("…"))),
            Piece::Open => {
                let mut inside = pieces.by_ref().take_while(|piece| *piece != Piece::Close);
                let optional: Vec<Piece<'static>> = inside.by_ref().collect();
                let needed = optional.iter().filter_map(|piece| match piece {
                    Piece::Fact { name, otherwise: None } => Some(*name),
                    _ => None,
                });
                let needed = needed.collect();
                Part::Optional(needed, self::parts(&mut optional.into_iter()))
            }
            Piece::Close => continue,
        });
    }
    parts
}

fn escaped(text: &str) -> String {
    let mut escaped = Vec::new();
    Writer::new(&mut escaped).inside(text);
    String::from_utf8(escaped).unwrap_or_default()
}

fn value<'a>(facts: &'a Facts, name: &str) -> Option<&'a str> {
    facts.iter().find(|(fact, _)| *fact == name).map(|(_, value)| value.as_str())
}

/// The texts of an entry of the catalogue.
pub(super) fn of(entry: &Entry) -> Option<&'static Texts> {
    TEXTS.get(usize::from(entry.priority))?.as_ref()
}

impl Writer<'_> {
    /// A template filled in.
    pub(super) fn filled(&mut self, template: &Template, facts: &Facts) -> &mut Self {
        self.raw("\"");
        self.parts(&template.0, facts);
        self.raw("\"")
    }

    fn parts(&mut self, parts: &[Part], facts: &Facts) {
        for part in parts {
            match part {
                Part::Own(text) => drop(self.raw(text)),
                Part::Fact(name, otherwise) => match value(facts, name) {
                    Some(value) => drop(self.inside(value)),
                    None => drop(self.raw(otherwise)),
                },
                Part::Optional(needed, parts) => {
                    if needed.iter().all(|name| value(facts, name).is_some()) {
                        self.parts(parts, facts);
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn templates_read_as_what_they_are_filled_in_with() {
        for entry in catalogue::entries() {
            let texts = of(entry).unwrap();
            let own = [(&texts.shown, &entry.shown), (&texts.client, &entry.client)];
            for (template, text) in own.into_iter().chain([(&texts.server, &entry.server)]) {
                let pieces = catalogue::pieces(text);
                let names: Vec<&'static str> = pieces
                    .iter()
                    .filter_map(|piece| match piece {
                        Piece::Fact { name, .. } => Some(*name),
                        _ => None,
                    })
                    .collect();
                // All facts, none, and all but one.
                let all: Vec<_> =
                    names.iter().map(|name| (*name, format!("\"{name}\" ü\n"))).collect();
                let mut sets = vec![all.clone(), Vec::new()];
                sets.extend(names.iter().map(|without| {
                    all.iter().filter(|(name, _)| name != without).cloned().collect()
                }));
                for facts in sets {
                    let mut out = Vec::new();
                    Writer::new(&mut out).filled(template, &facts);
                    let read: String = serde_json::from_slice(&out).unwrap();
                    assert_eq!(read, catalogue::fill(text, &facts), "{}", entry.id);
                }
            }
        }
    }
}
