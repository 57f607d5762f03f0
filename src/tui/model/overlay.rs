//! What lies over the panes: help, menus, questions, input of one line.

use std::sync::Arc;

use super::line_edit::LineEdit;
use crate::diagnosis::Case;

/// Something over the panes; it takes all keys.
#[derive(Debug, Clone)]
pub enum Overlay {
    /// The key table.
    Help {
        /// First visible line.
        scroll: usize,
    },
    /// A choice among entries.
    Menu(Menu),
    /// A choice among interfaces.
    Interfaces(Picker),
    /// Yes or no.
    Confirm(Question),
    /// A line of text.
    Prompt(Prompt),
}

impl Overlay {
    /// Whether it is a command being typed.
    pub fn is_command(&self) -> bool {
        matches!(self, Self::Prompt(prompt) if prompt.kind == PromptKind::Command)
    }
}

/// Which menu.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MenuKind {
    /// What to copy.
    Copy,
    /// What to export.
    Export,
}

/// An entry of a menu.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// The key that picks it at once.
    pub key: Option<char>,
    /// What it is.
    pub label: String,
    /// More about it.
    pub note: String,
    /// Whether it can be picked.
    pub enabled: bool,
}

/// The exchanges that a menu is about. They are those of the moment in which it was opened, whatever rows
/// come and go below it.
#[derive(Debug, Clone, Default)]
pub struct Pinned {
    /// The marked ones; those of the selected row when none is marked.
    pub chosen: Vec<Arc<Case>>,
    /// All that are listed.
    pub shown: Vec<Arc<Case>>,
}

/// A choice among entries.
#[derive(Debug, Clone)]
pub struct Menu {
    /// Which.
    pub kind: MenuKind,
    /// Its title.
    pub title: String,
    /// The entries.
    pub entries: Vec<Entry>,
    /// The current one.
    pub at: usize,
    /// What it is about.
    pub pinned: Pinned,
}

impl Menu {
    /// With the first entry current.
    pub fn new(
        kind: MenuKind,
        title: impl Into<String>,
        entries: Vec<Entry>,
        pinned: Pinned,
    ) -> Self {
        Self { kind, title: title.into(), entries, at: 0, pinned }
    }

    /// To the entry below or above, around the end.
    pub fn step(&mut self, down: bool) {
        let count = self.entries.len();
        if count > 0 {
            self.at = (self.at + if down { 1 } else { count - 1 }) % count;
        }
    }

    /// The entry with this key.
    pub fn find(&self, key: char) -> Option<usize> {
        self.entries.iter().position(|entry| entry.key == Some(key))
    }
}

/// An interface that can be chosen, and what it carries now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Candidate {
    /// Its name.
    pub name: String,
    /// Addresses and link type, or why it cannot be captured on.
    pub about: String,
    /// Whether this user may capture on it.
    pub allowed: bool,
    /// Packets since it was up, at the last look.
    pub total: Option<u64>,
    /// Packets between two looks, the latest last.
    pub rates: Vec<usize>,
}

/// Looks that the picker's bars show.
pub const LOOKS: usize = 12;

/// The interface picker.
#[derive(Debug, Clone)]
pub struct Picker {
    /// The interfaces.
    pub candidates: Vec<Candidate>,
    /// The current one.
    pub at: usize,
    /// Names of those that are ticked.
    pub ticked: Vec<String>,
    /// What went wrong at the last choice.
    pub error: Option<String>,
}

impl Picker {
    /// To the first of these names.
    pub fn go_to(&mut self, names: &[&str]) {
        let found = self.candidates.iter().position(|one| names.contains(&&*one.name));
        self.at = found.unwrap_or(self.at);
    }

    /// To the candidate below or above, around the end.
    pub fn step(&mut self, down: bool) {
        let count = self.candidates.len();
        if count > 0 {
            self.at = (self.at + if down { 1 } else { count - 1 }) % count;
        }
    }

    /// Ticks or unticks the current one.
    pub fn tick(&mut self) {
        let Some(current) = self.candidates.get(self.at) else { return };
        if self.ticked.contains(&current.name) {
            self.ticked.retain(|name| *name != current.name);
        } else {
            self.ticked.push(current.name.clone());
        }
    }

    /// The ticked ones, else the current one.
    pub fn chosen(&self) -> Vec<String> {
        if self.ticked.is_empty() {
            self.candidates.get(self.at).map(|current| current.name.clone()).into_iter().collect()
        } else {
            self.ticked.clone()
        }
    }

    /// Takes a look at the packet counters.
    pub fn look(&mut self, total: impl Fn(&str) -> Option<u64>) {
        for candidate in &mut self.candidates {
            let now = total(&candidate.name);
            if let (Some(now), Some(before)) = (now, candidate.total) {
                candidate.rates.push(now.saturating_sub(before) as usize);
                if candidate.rates.len() > LOOKS {
                    candidate.rates.remove(0);
                }
            }
            candidate.total = now;
        }
    }
}

/// What is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Question {
    /// Forget all rows?
    Clear,
}

impl Question {
    /// In words.
    pub const fn text(self) -> &'static str {
        match self {
            Self::Clear => "Forget all rows? The capture goes on. (y/n)",
        }
    }
}

/// What a line is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PromptKind {
    /// The name of an action.
    Command,
    /// A capture filter.
    CaptureFilter,
    /// The name of a file for this entry of the export menu.
    SaveAs(usize),
}

/// A line of text.
#[derive(Debug, Clone)]
pub struct Prompt {
    /// What for.
    pub kind: PromptKind,
    /// The text.
    pub line: LineEdit,
    /// What is wrong with it.
    pub error: Option<String>,
    /// The exchanges that it is about, as of the menu before it.
    pub cases: Vec<Arc<Case>>,
}

impl Prompt {
    /// Starting from a text.
    pub fn new(kind: PromptKind, text: impl Into<String>) -> Self {
        Self { kind, line: LineEdit::new(text), error: None, cases: Vec::new() }
    }

    /// Before the text.
    pub const fn label(&self) -> &'static str {
        match self.kind {
            PromptKind::Command => ":",
            PromptKind::CaptureFilter => "Capture filter (BPF): ",
            PromptKind::SaveAs(_) => "Save as: ",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_picker_shows_packets_between_two_looks() {
        let candidate = |name: &str| Candidate {
            name: name.to_owned(),
            about: String::new(),
            allowed: true,
            total: None,
            rates: Vec::new(),
        };
        let mut picker = Picker {
            candidates: vec![candidate("lo"), candidate("eth0")],
            at: 0,
            ticked: Vec::new(),
            error: None,
        };
        for total in [100, 130, 130] {
            picker.look(|name| (name == "lo").then_some(total));
        }
        assert_eq!(picker.candidates[0].rates, [30, 0]);
        assert!(picker.candidates[1].rates.is_empty());
        assert_eq!(picker.chosen(), ["lo"]);
        picker.go_to(&["eth0"]);
        assert_eq!(picker.chosen(), ["eth0"], "what is captured on now");
        picker.go_to(&["any", "lo"]);
        assert_eq!(picker.chosen(), ["lo"]);
        picker.step(false);
        picker.tick();
        picker.step(true);
        picker.tick();
        assert_eq!(picker.chosen(), ["eth0", "lo"]);
    }
}
