//! The catalogue's texts as JSON: escaped and cut into pieces once, since every object repeats them.

use std::sync::LazyLock;

use super::writer::Writer;
use crate::diagnosis::catalogue::{self, Entry, Part, Piece};

/// The texts of one entry.
pub(super) struct Texts {
    /// The members `id` and `title`, and the name of the one after them.
    pub opening: String,
    /// [`Entry::shown`]
    pub shown: Template,
    /// [`Entry::client`]
    pub client: Template,
    /// [`Entry::server`]
    pub server: Template,
}

/// A template whose own words are escaped.
pub(super) struct Template(Vec<Piece<'static>>);

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
        json.raw(",\"confidence\":");
        Self {
            opening: String::from_utf8(opening).unwrap_or_default(),
            shown: Template::of(&entry.shown),
            client: Template::of(&entry.client),
            server: Template::of(&entry.server),
        }
    }
}

impl Template {
    /// JSON escapes neither brackets nor what stands between braces, so what is escaped is a template
    /// still.
    fn of(template: &str) -> Self {
        let mut escaped = Vec::new();
        Writer::new(&mut escaped).inside(template);
        let escaped = String::from_utf8(escaped).unwrap_or_default();
        // The catalogue lives as long as the program.
        Self(catalogue::pieces(escaped.leak()))
    }
}

/// The texts of an entry of the catalogue.
pub(super) fn of(entry: &Entry) -> Option<&'static Texts> {
    TEXTS.get(usize::from(entry.priority))?.as_ref()
}

impl Writer<'_> {
    /// A template filled in.
    pub(super) fn filled(
        &mut self,
        template: &Template,
        facts: &[(&'static str, String)],
    ) -> &mut Self {
        self.raw("\"");
        for part in catalogue::parts(&template.0, facts) {
            match part {
                Part::Own(escaped) => self.raw(escaped),
                Part::Value(text) => self.inside(text),
            };
        }
        self.raw("\"")
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
                let names: Vec<&'static str> = template
                    .0
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
