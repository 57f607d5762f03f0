//! Keeps the screens in docs/TOUR.md what the program really shows.
//!
//! Above each one stands how to come to it: `<!-- screen RECORDING KEY… -->`, the recording's folder in
//! `tests/exam` and what is pressed. `UPDATE=1 cargo test --test terminal tour` takes them again.

use std::fmt::Write as _;

use crate::screen::{Program, is_root};

const ROOT: &str = env!("CARGO_MANIFEST_DIR");

/// A row holds what stands in it at this width; the picture must fit on a page.
const SIZE: (u16, u16) = (100, 34);

/// What the program shows after these keys, without the lines that tell of this run: the first two.
fn screen(recording: &str, keys: &[&str]) -> String {
    let path = format!("{ROOT}/tests/exam/{recording}/capture.pcap");
    let mut arguments = vec!["-r", &path];
    if is_root() {
        arguments.extend(["--user", "root"]);
    }
    let mut program = Program::start(SIZE.0, SIZE.1, &arguments);
    program.wait_for("read to its end");
    program.wait_for("row 1 of");
    program.settle();
    for key in keys {
        let octets = match *key {
            "Enter" => "\r",
            "Esc" => "\x1b",
            other => other,
        };
        program.press_and_settle(octets);
    }
    let shown = program.text();
    program.press("\x03");
    program.left();
    let lines: Vec<&str> = shown.lines().skip(2).collect();
    // Without the scroll bar, the filter line and the hints.
    let end = lines.len().saturating_sub(2);
    let trimmed = lines[..end].iter().map(|line| line.trim_end_matches(['┃', '│', ' ']));
    trimmed.collect::<Vec<_>>().join("\n").trim_end().to_owned()
}

/// The tour with each screen as it is now.
fn renewed(tour: &str) -> String {
    let mut out = String::new();
    let mut lines = tour.lines();
    while let Some(line) = lines.next() {
        out.push_str(line);
        out.push('\n');
        let Some(path) = line.strip_prefix("<!-- screen ") else { continue };
        let words: Vec<&str> = path.trim_end_matches(" -->").split(' ').collect();
        let (recording, keys) = words.split_first().unwrap();
        let _ = write!(out, "```text\n{}\n```\n", screen(recording, keys));
        assert_eq!(lines.next(), Some("```text"), "a screen's text follows {line:?}");
        lines.by_ref().find(|line| *line == "```").expect("the end of the screen's text");
    }
    out
}

#[test]
fn the_screens_of_the_tour_are_what_the_program_shows() {
    let path = format!("{ROOT}/docs/TOUR.md");
    let tour = std::fs::read_to_string(&path).unwrap();
    let renewed = renewed(&tour);
    assert!(renewed.matches("<!-- screen").count() >= 10, "the tour has lost its screens");
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(&path, &renewed).unwrap();
        return;
    }
    for (written, shown) in tour.lines().zip(renewed.lines()) {
        assert_eq!(
            written, shown,
            "docs/TOUR.md is not what the program shows: UPDATE=1 cargo test --test terminal tour"
        );
    }
    assert_eq!(tour.lines().count(), renewed.lines().count());
}
