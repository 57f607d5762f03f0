//! Completion while a filter is typed: fields, and values that the traffic has shown.

use std::collections::BTreeMap;
use std::ops::Range;

use super::access::Stack;
use super::brief::Subject;
use super::fields::{self, Access, FIELDS, Field};
use super::spelled;
use crate::auth::masking;
use crate::diagnosis::Case;
use crate::text;

/// Values kept a field. A completion list shows a dozen; the rest is for prefixes.
const KEPT: usize = 256;

/// Longer values are not offered: nobody picks them from a list.
const LONGEST: usize = 100;

/// One way to go on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Completion {
    /// Octets of the expression that it replaces.
    pub replace: Range<usize>,
    /// What to put there.
    pub text: String,
    /// What it is; empty for values.
    pub about: &'static str,
}

/// Values of fields that the traffic has shown, within bounds.
#[derive(Debug, Clone, Default)]
pub struct ValuesSeen {
    fields: BTreeMap<&'static str, BTreeMap<String, u32>>,
}

/// The fields whose values are worth offering. None of them holds a secret.
const OFFERED: [&str; 14] = [
    "status", "method", "host", "path", "proto", "client", "server", "iface", "auth", "scheme",
    "user", "offers", "realm", "why",
];

impl ValuesSeen {
    /// Takes note of a case's values.
    pub fn observe(&mut self, case: &Case) {
        let case = Subject::from(case);
        for name in OFFERED {
            let Some((field, _)) = fields::find(name) else { continue };
            let values = self.fields.entry(field.name).or_default();
            match field.access {
                Access::Number(_, numbers) => {
                    for number in numbers.iter().filter_map(|number| number(case)) {
                        note(values, Stack::of(format_args!("{number}")).octets());
                    }
                }
                Access::Text(visit) | Access::Word(visit) | Access::Named(visit) => {
                    visit(case, "", &mut |value| {
                        // A path may hold a secret, which is never offered.
                        let path = field.name == "path";
                        note(values, if path { masking::public_part(value) } else { value });
                        // The first value is the usual spelling; the others are synonyms.
                        field.name == "proto"
                    });
                }
                Access::Address(visit) => {
                    visit(case, &mut |address| {
                        note(values, Stack::of(format_args!("{}", address.ip())).octets());
                        if field.name == "server" {
                            note(values, Stack::of(format_args!(":{}", address.port())).octets());
                        }
                        false
                    });
                }
                Access::Flag(_) => {}
            }
        }
    }

    /// The values of a field, most frequent first.
    pub fn values(&self, field: &str) -> Vec<&str> {
        let Some(values) = self.fields.get(field) else { return Vec::new() };
        let mut values: Vec<_> = values.iter().collect();
        values.sort_by_key(|(value, count)| (std::cmp::Reverse(**count), *value));
        values.into_iter().map(|(value, _)| value.as_str()).collect()
    }
}

fn note(values: &mut BTreeMap<String, u32>, value: &[u8]) {
    let value = text::decode(value);
    if let Some(count) = values.get_mut(&*value) {
        *count = count.saturating_add(1);
        return;
    }
    if value.is_empty() || value.len() > LONGEST || value.chars().any(text::is_hazardous) {
        return;
    }
    if values.len() >= KEPT {
        forget_rare(values);
    }
    values.insert(value.into_owned(), 1);
}

/// Makes room for half as many again; halved counts let new values overtake old ones.
fn forget_rare(values: &mut BTreeMap<String, u32>) {
    let mut counts: Vec<u32> = values.values().copied().collect();
    counts.sort_unstable_by(|a, b| b.cmp(a));
    let least = counts.get(KEPT / 2).copied().unwrap_or(0);
    let mut room = KEPT / 2;
    values.retain(|_, count| {
        let keep = *count >= least && room > 0;
        room -= usize::from(keep);
        *count = (*count / 2).max(1);
        keep
    });
}

/// Where the last word of an expression begins, when that is the beginning of a field's name and
/// nothing more yet: it may become `host:api`, or stay text to search for.
pub fn begun_name(expression: &str) -> Option<usize> {
    let start = word_start(expression);
    let word = expression.get(start..)?.to_ascii_lowercase();
    let more = |name: &&str| name.len() > word.len() && name.starts_with(&word);
    let begun = FIELDS.iter().flat_map(Field::names).any(|name| more(&name));
    (begun && !word.is_empty() && fields::find(&word).is_none()).then_some(start)
}

/// How an expression can go on at `cursor` (an octet offset), best first.
pub fn complete(expression: &str, cursor: usize, seen: &ValuesSeen) -> Vec<Completion> {
    let before = expression.get(..cursor).unwrap_or(expression);
    let start = word_start(before);
    let word = &before[start..];
    let operator = word.find([':', '=', '<', '>', '!', '~']);
    let Some(operator) = operator else { return complete_field(word, start..before.len()) };
    let (name, rest) = word.split_at(operator);
    let Some((field, _)) = fields::find(name) else { return Vec::new() };
    let signs = rest.find(|c: char| !":=<>!~".contains(c)).unwrap_or(rest.len());
    // `server::80`: the second colon belongs to the value.
    let signs = if rest.starts_with(':') { 1 } else { signs };
    let list = rest.get(signs..).unwrap_or_default();
    let begun = list.rfind(',').map_or(0, |comma| comma + 1);
    let value = &list[begun..];
    complete_value(field, value, seen, before.len() - value.len()..before.len())
}

/// Where the word at the end of `text` begins: after a blank, a parenthesis or a negation outside
/// quotes.
fn word_start(text: &str) -> usize {
    let mut start = 0;
    let mut quoted = false;
    let mut escaped = false;
    for (offset, c) in text.char_indices() {
        match c {
            '"' if !escaped => quoted = !quoted,
            _ if quoted => {}
            '(' | ')' => start = offset + 1,
            '-' | '!' if offset == start => start = offset + 1,
            c if c.is_whitespace() => start = offset + c.len_utf8(),
            _ => {}
        }
        escaped = quoted && c == '\\' && !escaped;
    }
    start
}

fn complete_field(word: &str, replace: Range<usize>) -> Vec<Completion> {
    let word = word.to_ascii_lowercase();
    let spelling = |field: &'static Field| {
        let begins = |own: &&&'static str| !word.is_empty() && own.starts_with(&word);
        if field.name.starts_with(&word) {
            return Some(field.name);
        }
        field.aliases.iter().chain(field.wireshark).find(begins).copied()
    };
    let complete = |field: &'static Field, spelling: &'static str| {
        let sign = if field.is_flag() {
            ""
        } else if field.takes_argument() {
            "."
        } else {
            ":"
        };
        let text = format!("{spelling}{sign}");
        Completion { replace: replace.clone(), text, about: field.about }
    };
    let fields = FIELDS.iter().filter_map(|field| Some(complete(field, spelling(field)?)));
    let headers = fields::WIRESHARK_HEADERS
        .iter()
        .filter(|(wireshark, _)| word.starts_with("http.") && wireshark.starts_with(&word))
        .map(|(wireshark, canonical)| Completion {
            replace: replace.clone(),
            text: format!("{wireshark}:"),
            about: canonical,
        });
    fields.chain(headers).collect()
}

fn complete_value(
    field: &Field,
    begun: &str,
    seen: &ValuesSeen,
    replace: Range<usize>,
) -> Vec<Completion> {
    let begun = begun.trim_start_matches('"').to_lowercase();
    let seen = seen.values(field.name);
    let mut values: Vec<&str> = Vec::new();
    for value in seen.into_iter().chain(field.known_values()) {
        if !values.iter().any(|known| known.eq_ignore_ascii_case(value)) {
            values.push(value);
        }
    }
    let rank = |value: &str| value.to_lowercase().find(&begun).map(|position| position > 0);
    let mut ranked: Vec<(bool, &str)> =
        values.into_iter().filter_map(|value| Some((rank(value)?, value))).collect();
    ranked.sort_by_key(|(inside, _)| *inside);
    ranked
        .into_iter()
        .map(|(_, value)| Completion { replace: replace.clone(), text: spelled(value), about: "" })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::super::tests::{case, case_of, jwt, talk};
    use super::*;
    use crate::diagnosis::testing::get;

    fn texts(expression: &str, seen: &ValuesSeen) -> Vec<String> {
        complete(expression, expression.len(), seen).into_iter().map(|c| c.text).collect()
    }

    #[test]
    fn completion_offers_fields_and_values_seen() {
        let mut seen = ValuesSeen::default();
        for _ in 0..3 {
            seen.observe(&case());
        }
        seen.observe(&case_of(&talk().host("shop.local"), jwt(), None));
        assert_eq!(texts("sta", &seen), ["status:"]);
        assert!(texts("", &seen).contains(&"benign".to_owned()));
        assert_eq!(texts("status:401 -(ho", &seen), ["host:"]);
        assert_eq!(texts("host:", &seen), ["api.local:8080", "shop.local"]);
        assert_eq!(texts("host:sh", &seen), ["shop.local"]);
        assert_eq!(texts("status:401 host:api,sho", &seen), ["shop.local"]);
        assert_eq!(texts("server::80", &seen), [":8080"]);
        assert_eq!(texts("auth:mis", &seen)[..2], ["missing", "missing-space"]);
        assert_eq!(texts("confidence>=l", &seen)[0], "likely");
        assert_eq!(texts("http.user", &seen), ["http.user_agent:"]);
        assert_eq!(texts("jw", &seen), ["jwt."]);
        assert!(texts("zebra:x", &seen).is_empty());
        let completion = &complete("host:sh path:/x", 7, &seen)[0];
        assert_eq!((completion.replace.clone(), completion.text.as_str()), (5..7, "shop.local"));
        assert!(complete("ä", 1, &seen).len() < FIELDS.len() + 1, "a cursor inside a character");
    }

    #[test]
    fn a_secret_in_a_path_is_not_offered() {
        let mut seen = ValuesSeen::default();
        let path = "/login;jsessionid=0123456789ABCDEF0123456789ABCDEF";
        seen.observe(&case_of(&get(path).answer(401), jwt(), None));
        let offered = texts("path:/l", &seen);
        assert_eq!(offered.len(), 1, "{offered:?}");
        assert!(offered[0].contains("/login") && !offered[0].contains("0123"), "{offered:?}");
    }

    #[test]
    fn the_first_letters_of_a_name_are_told_from_text_and_from_whole_names() {
        assert_eq!(begun_name("ho"), Some(0));
        assert_eq!(begun_name("status:401 -(hos"), Some(13));
        assert_eq!(begun_name("http.resp"), Some(0));
        for whole in ["", "status:401 ", "host", "ho ", "host:", "host:a", "zebra", "gap", "\"ho"] {
            assert_eq!(begun_name(whole), None, "{whole:?}");
        }
    }

    #[test]
    fn values_seen_are_bounded_and_frequent_ones_stay() {
        let mut seen = ValuesSeen::default();
        for _ in 0..50 {
            seen.observe(&case_of(&get("/often").answer(200), jwt(), None));
        }
        for number in 0..2000 {
            seen.observe(&case_of(&get(&format!("/p/{number}")).answer(200), jwt(), None));
        }
        let paths = seen.values("path");
        assert!(paths.len() <= 256, "{}", paths.len());
        assert!(paths.contains(&"/p/1999"));
        assert_eq!(seen.values("host"), ["h"]);
    }
}
