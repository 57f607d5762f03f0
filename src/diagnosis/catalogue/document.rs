//! `docs/DIAGNOSES.md`, made from the catalogue.

use std::fmt::Write as _;

use super::{entries, outline};

/// The whole document.
pub fn document() -> String {
    let mut out = String::from(
        "# Diagnoses\n\n\
         Made from the program's own catalogue (`src/diagnosis/catalogue/*.toml`) by\n\
         `UPDATE=1 cargo test --lib diagnoses_document`; do not edit it by hand.\n\n\
         ‹Words in these marks› are filled in from the traffic; a part in [brackets] is shown only when\n\
         all that it needs is known. *Certain* follows from octets on the wire or from the server's\n\
         explicit statement; *likely* is the usual cause of this exact pattern; *possible* is compatible\n\
         with what was seen. Among several diagnoses the more certain wins, and among equals the one with\n\
         the lower number. `why401 explain ID` prints one entry.\n\n\
         | no. | id | title | class |\n| --- | --- | --- | --- |\n",
    );
    for entry in entries() {
        let _ = writeln!(
            out,
            "| {} | [`{id}`](#{id}) | {} | {} |",
            entry.priority,
            entry.title,
            entry.class.name(),
            id = entry.id,
        );
    }
    for entry in entries() {
        let _ = write!(out, "\n## `{}`\n\n**{}.**", entry.id, entry.title);
        let shown = outline(&entry.shown);
        let (client, server) = (outline(&entry.client), outline(&entry.server));
        for (name, text) in [
            ("Shown", shown.as_str()),
            ("Confidence", &entry.confidence),
            ("Evidence", &entry.evidence),
            ("Ruled out by", &entry.rules_out),
            ("Client", &client),
            ("Server", &server),
            ("Sources", &entry.sources),
        ] {
            let _ = write!(out, "\n- *{name}:* {}", escaped(text));
        }
        out.push('\n');
    }
    out
}

/// Without what Markdown would read as markup.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 8);
    for c in text.chars() {
        if matches!(c, '<' | '*' | '`' | '|') {
            out.push('\\');
        }
        out.push(c);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_diagnoses_document_is_current() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/DIAGNOSES.md");
        let made = document();
        if std::env::var_os("UPDATE").is_some() {
            std::fs::write(path, &made).unwrap();
        }
        let written = std::fs::read_to_string(path).unwrap_or_default();
        assert!(
            written == made,
            "docs/DIAGNOSES.md is not what the catalogue says: UPDATE=1 cargo test --lib diagnoses_document"
        );
    }
}
