//! Patterns with their categories, tried from the top; compiled when first needed.
//!
//! Nearly all texts are ASCII. For these the patterns are compiled without Unicode and without case,
//! which takes a sixth of the time, and held against the text in lower case.

use std::sync::{Mutex, OnceLock, PoisonError};

use regex::{RegexSet, RegexSetBuilder};
use regex_automata::hybrid::dfa::{Cache, DFA};
use regex_automata::nfa::thompson::{NFA, WhichCaptures};
use regex_automata::util::syntax;
use regex_automata::{Input, MatchKind, PatternSet};

use super::Category;

/// The largest that the compiled patterns may become, in octets.
const SIZE: usize = 64 << 20;

/// Patterns that name a category, the first that matches counts.
#[derive(Debug)]
pub(super) struct Rows {
    table: &'static [(Category, &'static str)],
    ascii: OnceLock<Option<Ascii>>,
    any: OnceLock<Option<RegexSet>>,
}

#[derive(Debug)]
struct Ascii {
    automaton: DFA,
    /// States met so far, which are made when first met.
    cache: Mutex<Cache>,
}

impl Rows {
    pub const fn new(rows: &'static [(Category, &'static str)]) -> Self {
        Self { table: rows, ascii: OnceLock::new(), any: OnceLock::new() }
    }

    /// The category of the first row that matches the text, in any case.
    pub fn categorise(&self, text: &str) -> Option<Category> {
        let row = if text.is_ascii() {
            self.ascii.get_or_init(|| Ascii::new(self.table)).as_ref()?.first(text)
        } else {
            self.any.get_or_init(|| any(self.table)).as_ref()?.matches(text).iter().next()
        }?;
        self.table.get(row).map(|(category, _)| *category)
    }
}

fn any(rows: &[(Category, &str)]) -> Option<RegexSet> {
    let patterns = rows.iter().map(|(_, pattern)| pattern);
    RegexSetBuilder::new(patterns).case_insensitive(true).size_limit(SIZE).build().ok()
}

impl Ascii {
    fn new(rows: &[(Category, &str)]) -> Option<Self> {
        let patterns: Vec<String> = rows.iter().map(|(_, pattern)| ascii_lower(pattern)).collect();
        let nfa = NFA::compiler()
            .configure(
                NFA::config()
                    .which_captures(WhichCaptures::None)
                    .utf8(false)
                    .nfa_size_limit(Some(SIZE)),
            )
            .syntax(syntax::Config::new().unicode(false).utf8(false))
            .build_many(&patterns)
            .ok()?;
        let config = DFA::config().match_kind(MatchKind::All).skip_cache_capacity_check(true);
        let automaton = DFA::builder().configure(config).build_from_nfa(nfa).ok()?;
        let cache = Mutex::new(automaton.create_cache());
        Some(Self { automaton, cache })
    }

    /// The first row that matches.
    fn first(&self, text: &str) -> Option<usize> {
        let text = text.to_ascii_lowercase();
        let mut found = PatternSet::new(self.automaton.pattern_len());
        let mut cache = self.cache.lock().unwrap_or_else(PoisonError::into_inner);
        let input = Input::new(text.as_bytes());
        self.automaton.try_which_overlapping_matches(&mut cache, &input, &mut found).ok()?;
        found.iter().next().map(|row| row.as_usize())
    }
}

/// A pattern in lower case, as far as it stands for itself (`\S` is not `\s`). A class of characters
/// beyond ASCII becomes a choice among them: without Unicode a class consists of octets.
fn ascii_lower(pattern: &str) -> String {
    let mut out = String::with_capacity(pattern.len());
    let mut escaped = false;
    for c in pattern.chars() {
        out.push(if escaped { c } else { c.to_ascii_lowercase() });
        escaped = c == '\\' && !escaped;
    }
    let mut rest = out.as_str();
    let mut plain = String::with_capacity(out.len());
    while let Some((before, class, after)) = class(rest) {
        plain.push_str(before);
        if class.is_ascii() {
            plain.push('[');
            plain.push_str(class);
            plain.push(']');
        } else {
            let choices: Vec<String> = class.chars().map(String::from).collect();
            plain.push_str("(?:");
            plain.push_str(&choices.join("|"));
            plain.push(')');
        }
        rest = after;
    }
    plain + rest
}

/// What stands before the first class of a pattern, in it, and after it.
fn class(pattern: &str) -> Option<(&str, &str, &str)> {
    let open = pattern
        .match_indices('[')
        .find(|(at, _)| !pattern.get(..*at).is_some_and(|before| before.ends_with('\\')))?
        .0;
    let (before, rest) = pattern.split_at_checked(open)?;
    let (class, after) = rest.get(1..)?.split_once(']')?;
    Some((before, class, after))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnosis::lexicon::{languages, patterns, samples};

    #[test]
    fn the_patterns_compile() {
        for rows in [&patterns::ROWS, &languages::ROWS] {
            assert!(Ascii::new(rows.table).is_some() && any(rows.table).is_some());
        }
    }

    #[test]
    fn an_ascii_text_is_about_the_same_with_and_without_unicode() {
        let samples = samples::all().chain(languages::tests::samples());
        let mut compared = 0;
        for text in samples.flat_map(|text| [text.to_owned(), text.to_uppercase()]) {
            // The beginning of a longer word, too.
            for text in [text.clone(), format!("{text}s"), format!("x{text}")] {
                if !text.is_ascii() {
                    continue;
                }
                compared += 1;
                for rows in [&patterns::ROWS, &languages::ROWS] {
                    let set = rows.any.get_or_init(|| any(rows.table)).as_ref().unwrap();
                    let row = set.matches(&text).iter().next();
                    let expected = row.map(|row| rows.table[row].0);
                    assert_eq!(rows.categorise(&text), expected, "{text}");
                }
            }
        }
        assert!(compared > 1000);
    }

    #[test]
    fn a_pattern_without_unicode_says_the_same_of_ascii() {
        assert_eq!(ascii_lower(r"A\SB[’']c[^A-Z]"), r"a\Sb(?:’|')c[^a-z]");
    }
}
