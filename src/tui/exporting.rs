//! The export menu: exchanges as files for other programs and other people.

use std::fs::File;
use std::io::{ErrorKind, Write};
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use super::model::Model;
use super::model::overlay::{Entry, Menu, MenuKind, Pinned};
use crate::auth::masking::Masking;
use crate::capture::SourceSpec;
use crate::diagnosis::Case;
use crate::export::{har, json, report, slice};

/// A form in which exchanges are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// A Markdown incident report.
    Report,
    /// JSON lines, as `--json` writes them.
    Json,
    /// HTTP Archive 1.2.
    Har,
    /// The packets of the connections, as pcapng.
    Packets,
}

/// Which exchanges are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Subject {
    /// The marked ones; the selected one when none is marked.
    Chosen,
    /// All that the view and the filter show.
    Shown,
}

/// One entry of the menu.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Choice {
    /// What is written.
    pub subject: Subject,
    /// How.
    pub form: Form,
}

impl Form {
    const fn ending(self) -> &'static str {
        match self {
            Self::Report => "md",
            Self::Json => "jsonl",
            Self::Har => "har",
            Self::Packets => "pcapng",
        }
    }

    const fn name(self) -> &'static str {
        match self {
            Self::Report => "Markdown report",
            Self::Json => "JSON lines",
            Self::Har => "HAR",
            Self::Packets => "packets",
        }
    }
}

/// The choices in the order of the menu, with their keys: capitals take all that is shown.
const CHOICES: [(char, Choice); 8] = [
    ('m', Choice { subject: Subject::Chosen, form: Form::Report }),
    ('j', Choice { subject: Subject::Chosen, form: Form::Json }),
    ('h', Choice { subject: Subject::Chosen, form: Form::Har }),
    ('p', Choice { subject: Subject::Chosen, form: Form::Packets }),
    ('M', Choice { subject: Subject::Shown, form: Form::Report }),
    ('J', Choice { subject: Subject::Shown, form: Form::Json }),
    ('H', Choice { subject: Subject::Shown, form: Form::Har }),
    ('P', Choice { subject: Subject::Shown, form: Form::Packets }),
];

/// The menu, about what is marked, selected and listed now.
pub fn menu(model: &Model) -> Menu {
    let marked = model.marked();
    let count = marked.len();
    let chosen = if marked.is_empty() { model.row_cases() } else { marked };
    let words = match (count, chosen.as_slice()) {
        (0, [case]) => format!("this row, #{}", case.id()),
        (0, []) => "no row".to_owned(),
        (0, cases) => format!("the {} of this row", cases.len()),
        (marked, _) => format!("the {marked} marked"),
    };
    let pinned = Pinned { chosen, shown: model.listed_cases() };
    let entries = entries(&words, &pinned);
    Menu::new(MenuKind::Export, "Export", entries, pinned)
}

fn entries(chosen: &str, pinned: &Pinned) -> Vec<Entry> {
    CHOICES
        .into_iter()
        .map(|(key, choice)| {
            let cases = cases(choice.subject, pinned);
            let note = match choice.subject {
                Subject::Chosen => chosen.to_owned(),
                Subject::Shown => format!("all {} that are shown", cases.len()),
            };
            let label = choice.form.name().to_owned();
            Entry { key: Some(key), label, note, enabled: !cases.is_empty() }
        })
        .collect()
}

/// The choice at this place of the menu.
pub fn choice(at: usize) -> Option<Choice> {
    CHOICES.get(at).map(|(_, choice)| *choice)
}

/// The exchanges that a choice takes.
pub fn cases(subject: Subject, pinned: &Pinned) -> &[Arc<Case>] {
    match subject {
        Subject::Shown => &pinned.shown,
        Subject::Chosen => &pinned.chosen,
    }
}

/// A file name that tells what is in it: when the first exchange was, and its number.
pub fn file_name(choice: Choice, cases: &[Arc<Case>]) -> String {
    let first = cases.first().map_or_else(String::new, |case| {
        let time = case.exchange.time().rfc3339_seconds().replace([':', '-'], "");
        format!("-{time}-{}", case.id())
    });
    format!("why401{first}.{}", choice.form.ending())
}

/// Writes these exchanges. `packets` is where the packets can be read again, or why nowhere.
///
/// # Errors
/// In words: the file cannot be written, or the packets cannot be read.
pub fn write(
    form: Form,
    cases: &[Arc<Case>],
    model: &Model,
    packets: Result<&Path, &str>,
    out: &mut impl Write,
    now: Instant,
) -> Result<(), String> {
    let cases = cases.iter().map(|case| &**model.newest(case));
    let masked: Vec<Masking> = cases.clone().map(|case| model.masking_of(case.id(), now)).collect();
    let mut all = cases.clone().zip(&masked);
    let done = match form {
        Form::Json => {
            let mut line = Vec::new();
            all.try_for_each(|(case, masking)| {
                line.clear();
                json::exchange(&mut line, case, masking);
                out.write_all(&line)
            })
        }
        Form::Har => har::write(out, all),
        Form::Report => {
            let source = model.status.as_ref().map_or("", |status| &status.source);
            out.write_all(report::markdown(all, source).as_bytes())
        }
        Form::Packets => return cut(packets?, cases, out),
    };
    done.and_then(|()| out.flush()).map_err(|error| error.to_string())
}

fn cut<'a>(
    capture: &Path,
    cases: impl Iterator<Item = &'a Case>,
    out: &mut impl Write,
) -> Result<(), String> {
    let spec = SourceSpec::File { path: capture.to_owned(), follow: false };
    if File::open(capture).is_err_and(|error| error.kind() == ErrorKind::PermissionDenied) {
        let name = capture.display();
        return Err(format!("no right to read {name} again: start with --user root"));
    }
    let mut source = crate::capture::open(&spec, None).map_err(|error| error.to_string())?;
    let written = slice::write(source.as_mut(), cases, out).map_err(|error| error.to_string())?;
    if written.frames == 0 {
        return Err("no packet of these connections is in the capture any more".to_owned());
    }
    out.flush().map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_entry_has_its_own_key_and_choice() {
        for (at, (key, wanted)) in CHOICES.into_iter().enumerate() {
            assert_eq!(choice(at), Some(wanted));
            assert_eq!(CHOICES.iter().filter(|(other, _)| *other == key).count(), 1);
        }
        assert_eq!(choice(CHOICES.len()), None);
    }
}
