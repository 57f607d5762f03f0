//! What lies over the panes: help, menus, questions, input of one line.

use super::line_edit::LineEdit;

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
    /// Yes or no.
    Confirm(Question),
    /// A line of text.
    Prompt(Prompt),
}

/// Which menu.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MenuKind {
    /// What to copy.
    Copy,
    /// What to export.
    Export,
    /// Where to capture.
    Interfaces,
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
    /// What went wrong at the last choice.
    pub error: Option<String>,
}

impl Menu {
    /// With the first entry current.
    pub fn new(kind: MenuKind, title: impl Into<String>, entries: Vec<Entry>) -> Self {
        Self { kind, title: title.into(), entries, at: 0, error: None }
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
}

impl Prompt {
    /// Starting from a text.
    pub fn new(kind: PromptKind, text: impl Into<String>) -> Self {
        Self { kind, line: LineEdit::new(text), error: None }
    }

    /// Before the text.
    pub const fn label(&self) -> &'static str {
        match self.kind {
            PromptKind::Command => ":",
            PromptKind::CaptureFilter => "Capture filter (BPF): ",
        }
    }
}
