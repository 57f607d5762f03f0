//! `why401 explain`: the diagnosis catalogue, listed or one entry whole.

use std::fmt::Write as _;

use anyhow::bail;

use crate::diagnosis::Class;
use crate::diagnosis::catalogue::{self, Entry};
use crate::filter;
use crate::text::nearest;

/// The whole list, one entry, or the filter language, wrapped to `width` columns.
pub fn text(id: Option<&str>, width: usize) -> anyhow::Result<String> {
    let Some(id) = id else {
        return Ok(list());
    };
    if id == "filter" {
        return Ok(filter::explain());
    }
    if let Some(entry) = catalogue::entry(id) {
        return Ok(whole(entry, width));
    }
    let names = catalogue::entries().iter().map(|entry| entry.id.as_str());
    match nearest(id, names) {
        Some(name) => bail!("no diagnosis named {id:?}; did you mean {name:?}?"),
        None => bail!("no diagnosis named {id:?}; \"why401 explain\" lists them all"),
    }
}

fn list() -> String {
    let entries = catalogue::entries();
    let width = entries.iter().map(|entry| entry.id.len()).max().unwrap_or(0);
    let mut out = String::new();
    let mut class = None;
    let mut sorted: Vec<&Entry> = entries.iter().collect();
    sorted.sort_by_key(|entry| (entry.class, entry.priority));
    for entry in sorted {
        if class.replace(entry.class) != Some(entry.class) {
            let gap = if out.is_empty() { "" } else { "\n" };
            let _ = writeln!(out, "{gap}{}", heading(entry.class));
        }
        let _ = writeln!(out, "  {:width$}  {}", entry.id, entry.title);
    }
    out.push_str("\nwhy401 explain ID tells all about one of them.\n");
    out
}

const fn heading(class: Class) -> &'static str {
    match class {
        Class::Benign => "Normal flows, no error",
        Class::Request => "Provable from the request alone",
        Class::Path => "Hops, redirects, connections, caches",
        Class::ServerSays => "What the server says",
        Class::Token => "The content of a JWT",
        Class::OverTime => "What happened before and after",
        Class::Fallback => "When nothing matches",
    }
}

fn whole(entry: &Entry, width: usize) -> String {
    let mut out = format!("{}\n{}\n\n", entry.title, "=".repeat(entry.title.chars().count()));
    let _ = writeln!(out, "{} · {}\n", entry.id, heading(entry.class));
    for (title, prose) in [
        ("How sure", entry.confidence.as_str()),
        ("Evidence on the wire", &entry.evidence),
        ("Ruled out by", &entry.rules_out),
        ("Shown as", &catalogue::outline(&entry.shown)),
        ("What the client can do", &catalogue::outline(&entry.client)),
        ("What the server can do", &catalogue::outline(&entry.server)),
        ("Sources", &entry.sources),
    ] {
        if !prose.is_empty() {
            let _ = writeln!(out, "{title}");
            for line in prose.lines() {
                wrap(&mut out, line, width);
            }
            out.push('\n');
        }
    }
    out.pop();
    out
}

/// Breaks a paragraph between words, indented by two.
fn wrap(out: &mut String, paragraph: &str, width: usize) {
    let mut column = 0;
    for word in paragraph.split_whitespace() {
        let length = word.chars().count();
        if column == 0 || column + 1 + length > width {
            out.push_str(if column == 0 { "  " } else { "\n  " });
            column = 2;
        } else {
            out.push(' ');
            column += 1;
        }
        out.push_str(word);
        column += length;
    }
    out.push('\n');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_entry_is_listed_and_can_be_read_within_the_terminal() {
        let list = text(None, 80).unwrap();
        for entry in catalogue::entries() {
            assert!(list.contains(&entry.title), "{}", entry.id);
            let page = text(Some(&entry.id), 60).unwrap();
            let longest =
                page.lines().filter(|line| line.starts_with("  ") && line.trim().contains(' '));
            for line in longest {
                assert!(line.chars().count() <= 60, "{line}");
            }
            assert!(page.contains("What the client can do"), "{page}");
        }
    }

    #[test]
    fn a_typo_is_answered_with_the_nearest_name() {
        let error = text(Some("token-expird"), 80).unwrap_err().to_string();
        assert!(error.contains("\"token-expired\""), "{error}");
        assert!(text(Some("zzzzzzzzzzzz"), 80).unwrap_err().to_string().contains("lists them all"));
    }
}
