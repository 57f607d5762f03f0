//! The language explained, from the table of fields: for `why401 explain filter` and for the docs.

use std::fmt::Write as _;

use super::fields::{FIELDS, Field, WIRESHARK_HEADERS};

/// What every explanation begins with: (expression, what it means).
const LANGUAGE: &[(&str, &str)] = &[
    ("status:401 host:api", "a space means and; `and` and `&&` do too"),
    ("status:401 or status:403", "`or` and `||` bind less than and"),
    ("-path:/health", "`-`, `!` and `not` turn a condition round"),
    ("(status:401 or status:403) client:10.0.0.0/8", "parentheses group"),
    ("path:/v1", "`:` finds a part of a text, a word whole, a number, an address"),
    ("host:*.local", "`*` stands for anything; then the whole text must fit"),
    ("method:POST,PUT", "a list: one of them must fit"),
    ("status:400..499", "a range, ends included; either end may be left out"),
    ("status:4xx", "a class of status codes"),
    (
        "path:/^\\/v[12]\\//",
        "a regular expression between slashes, without blanks; `(?i)` ignores case",
    ),
    ("resp.body matches \"token (is )?expired\"", "a regular expression with blanks"),
    ("path=/v1/orders", "`=` (or `==`) compares the whole text, `!=` its opposite"),
    (
        "latency>200ms size>=1k",
        "`<` `<=` `>` `>=`; durations in us, ms, s, m, h; sizes in k, M, G (1024)",
    ),
    (
        "client:10.0.0.0/8 server::8080",
        "addresses: 10.0.0.5, a network, 10.0.*, :port, 10.0.0.5:80, localhost",
    ),
    ("user:*", "the field is there, whatever it is; `-user:*` it is not"),
    ("\"token expired\"", "text alone is searched for in the columns of the list, in any case"),
    ("jwt.iss:*auth* req.header.user-agent:curl", "claims and headers are named after a dot"),
    ("http.response.code == 401 && ip.addr == 10.0.0.5", "Wireshark's spellings are taken too"),
];

const NOTES: &[&str] = &[
    "The empty filter matches everything.",
    "Values are compared in any case, except by regular expressions.",
    "`!=` and `-` also match exchanges that do not have the field.",
    "Quotes keep blanks and make `*` and `,` ordinary; `\\\"` and `\\\\` stand for themselves.",
    "Flows are numbered from 1; Wireshark numbers its `tcp.stream` from 0.",
];

/// The examples of the language itself.
#[cfg(test)]
pub(super) fn examples() -> impl Iterator<Item = &'static str> {
    LANGUAGE.iter().map(|(example, _)| *example)
}

/// The language for a terminal: what `why401 explain filter` prints.
pub fn explain() -> String {
    let mut out = String::from("The display filter: -Y, --fail-on, and / on the screen\n\n");
    for (example, meaning) in LANGUAGE {
        let _ = writeln!(out, "  {example}\n      {meaning}");
    }
    out.push('\n');
    for note in NOTES {
        let _ = writeln!(out, "{note}");
    }
    out.push_str("\nFields\n");
    for field in FIELDS {
        let _ = writeln!(out, "\n  {:<12} {}: {}", field.name, field.kind(), field.about);
        let _ = writeln!(out, "  {:<12} {}", "", field.example);
        for (label, names) in [("also", field.aliases), ("Wireshark", field.wireshark)] {
            if !names.is_empty() {
                let _ = writeln!(out, "  {:<12} {label}: {}", "", names.join(", "));
            }
        }
        if let Some(values) = listed_values(field) {
            for line in wrapped(&format!("values: {values}"), 62) {
                let _ = writeln!(out, "  {:<12} {line}", "");
            }
        }
    }
    out.push_str("\nWireshark's fields for headers\n\n");
    for (wireshark, canonical) in WIRESHARK_HEADERS {
        let _ = writeln!(out, "  {wireshark:<28} {canonical}");
    }
    out
}

/// The language as Markdown: `docs/FILTER.md`.
pub fn markdown() -> String {
    let mut out = String::from(
        "# Display filter\n\n\
         One language for `-Y`, `--fail-on` and the screen's filter bar. `why401 explain filter` \
         prints this page; both are made from the table in `src/filter/fields.rs`.\n\n\
         | expression | meaning |\n| --- | --- |\n",
    );
    for (example, meaning) in LANGUAGE {
        let _ = writeln!(
            out,
            "| `{}` | {} |",
            example.replace('|', "\\|"),
            meaning.replace('|', "\\|")
        );
    }
    out.push('\n');
    for note in NOTES {
        let _ = writeln!(out, "- {note}");
    }
    out.push_str("\n## Fields\n\n| field | kind | what it is | example | Wireshark |\n| --- | --- | --- | --- | --- |\n");
    for field in FIELDS {
        let code = |names: &[&str]| {
            names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(" ")
        };
        let names: Vec<&str> =
            std::iter::once(field.name).chain(field.aliases.iter().copied()).collect();
        let _ = writeln!(
            out,
            "| {} | {} | {} | `{}` | {} |",
            code(&names),
            field.kind(),
            field.about,
            field.example,
            code(field.wireshark),
        );
    }
    out.push_str("\n## Values\n\nA value that a field can never have is an error.\n\n");
    for field in FIELDS {
        if let Some(values) = listed_values(field) {
            let _ = writeln!(out, "- `{}`: {values}", field.name);
        }
    }
    out.push_str("\n## Wireshark's fields for headers\n\n| Wireshark | field |\n| --- | --- |\n");
    for (wireshark, canonical) in WIRESHARK_HEADERS {
        let _ = writeln!(out, "| `{wireshark}` | `{canonical}` |");
    }
    out
}

/// The values of a field that has a closed set; those of `why` fill a document of their own.
fn listed_values(field: &Field) -> Option<String> {
    let closed = matches!(field.values, super::fields::Values::Only(_));
    let listed = closed && !["why", "also"].contains(&field.name);
    listed.then(|| field.known_values().join(", "))
}

fn wrapped(text: &str, width: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in text.split(' ') {
        match lines.last_mut() {
            Some(line) if line.is_empty() => line.push_str(word),
            Some(line) if line.len() + 1 + word.len() <= width => {
                let _ = write!(line, " {word}");
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines
}
