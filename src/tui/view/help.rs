//! The help: the key table, as it is in force.

use crate::tui::keys::{Group, KeyMap, TABLE};
use crate::tui::model::{Document, Line, Role};

/// Cells of the keys' column.
const KEYS: usize = 18;

/// The help as text.
pub fn document(keys: &KeyMap) -> Document {
    let mut document = Document::default();
    for group in Group::ALL {
        document.heading(group.title());
        for binding in TABLE.iter().filter(|binding| binding.group == group) {
            let shown: Vec<String> =
                keys.keys(binding.action).iter().map(|chord| chord.spelling()).collect();
            document.push(
                Line::indented(2)
                    .hanging(KEYS as u16 + 1)
                    .with(Role::Key, format!("{:<KEYS$} ", shown.join(" ")))
                    .with(Role::Text, binding.help),
            );
        }
    }
    document.heading("Marks in the list");
    for (mark, words) in [
        ("Cause", "follows from octets on the wire or from the server's own words"),
        ("Probably", "the usual cause of this pattern, with a supporting fact"),
        ("Possibly", "compatible with what was seen; alternatives remain"),
        ("benign", "part of a normal flow that was seen to succeed: dimmed"),
    ] {
        document.push(
            Line::indented(2)
                .hanging(KEYS as u16 + 1)
                .with(Role::Key, format!("{mark:<KEYS$} "))
                .with(Role::Text, words),
        );
    }
    document
}
