//! The details pane: which tab, how far scrolled, what is searched.

use std::ops::Range;

use super::document::{Document, Line, find_all};

/// A tab of the details.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Tab {
    /// The diagnosis.
    #[default]
    Why,
    /// The request as it stood on the wire.
    Request,
    /// The response as it stood on the wire.
    Response,
    /// What is inside the credentials.
    Token,
    /// What the client did around it.
    Timeline,
    /// Compared with another exchange.
    Diff,
}

impl Tab {
    /// All, from the left.
    pub const ALL: [Self; 6] =
        [Self::Why, Self::Request, Self::Response, Self::Token, Self::Timeline, Self::Diff];

    /// On the tab.
    pub const fn title(self) -> &'static str {
        match self {
            Self::Why => "Why",
            Self::Request => "Request",
            Self::Response => "Response",
            Self::Token => "Token",
            Self::Timeline => "Timeline",
            Self::Diff => "Diff",
        }
    }

    /// Its neighbour, around the end.
    #[must_use]
    pub fn turned(self, right: bool) -> Self {
        let count = Self::ALL.len();
        let by = if right { 1 } else { count - 1 };
        Self::ALL[(self as usize + by) % count]
    }
}

/// Where a match stands: wrapped line, octets of its text.
pub type Match = (usize, Range<usize>);

/// State of the details pane.
#[derive(Debug, Default)]
pub struct Details {
    tab: Tab,
    scroll: usize,
    height: usize,
    width: u16,
    document: Document,
    lines: Vec<Line>,
    needle: String,
    matches: Vec<Match>,
    current: usize,
}

impl Details {
    /// The current tab.
    pub fn tab(&self) -> Tab {
        self.tab
    }

    /// Goes to a tab, at its top.
    pub fn set_tab(&mut self, tab: Tab) {
        if tab != self.tab {
            self.tab = tab;
            self.scroll = 0;
        }
    }

    /// To the first line: another row was selected.
    pub fn rewind(&mut self) {
        self.scroll = 0;
    }

    /// What is to be shown, in a pane of this size.
    pub fn show(&mut self, document: Document, width: u16, height: usize) {
        if document != self.document || width != self.width {
            self.lines = document.wrap(width);
            self.document = document;
            self.width = width;
            self.matches = find_all(&self.lines, &self.needle);
            self.current = self.current.min(self.matches.len().saturating_sub(1));
        }
        self.height = height;
        self.scroll = self.scroll.min(self.lowest());
    }

    fn lowest(&self) -> usize {
        self.lines.len().saturating_sub(self.height)
    }

    /// The lines in the viewport with their numbers.
    pub fn visible(&self) -> impl Iterator<Item = (usize, &Line)> {
        self.lines.iter().enumerate().skip(self.scroll).take(self.height)
    }

    /// The document, unwrapped.
    pub fn document(&self) -> &Document {
        &self.document
    }

    /// First visible line and number of lines.
    pub fn scroll(&self) -> (usize, usize) {
        (self.scroll, self.lines.len())
    }

    /// Height of the viewport.
    pub fn height(&self) -> usize {
        self.height
    }

    /// Scrolls by lines.
    pub fn step(&mut self, by: isize) {
        self.scroll = self.scroll.saturating_add_signed(by).min(self.lowest());
    }

    /// Searches for a text; goes to the first match from here on.
    pub fn search(&mut self, needle: &str) {
        needle.clone_into(&mut self.needle);
        self.matches = find_all(&self.lines, needle);
        self.current = self.matches.iter().position(|(line, _)| *line >= self.scroll).unwrap_or(0);
        self.reveal_match();
    }

    /// What is searched for.
    pub fn needle(&self) -> &str {
        &self.needle
    }

    /// The matches, and which is the current one.
    pub fn matches(&self) -> (&[Match], usize) {
        (&self.matches, self.current)
    }

    /// To the next match, or the one before, around the end.
    pub fn next_match(&mut self, forward: bool) {
        let count = self.matches.len();
        if count > 0 {
            let by = if forward { 1 } else { count - 1 };
            self.current = (self.current + by) % count;
            self.reveal_match();
        }
    }

    fn reveal_match(&mut self) {
        if let Some((line, _)) = self.matches.get(self.current) {
            let line = *line;
            if line < self.scroll || line >= self.scroll + self.height {
                self.scroll = line.saturating_sub(self.height / 3).min(self.lowest());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::document::Role;
    use super::*;

    fn details(lines: usize) -> Details {
        let mut document = Document::default();
        for number in 0..lines {
            document.push(Line::new().with(Role::Text, format!("line {number}")));
        }
        let mut details = Details::default();
        details.show(document, 40, 10);
        details
    }

    #[test]
    fn scrolling_stops_at_both_ends() {
        let mut details = details(25);
        details.step(1000);
        assert_eq!(details.scroll(), (15, 25));
        details.step(-1000);
        assert_eq!(details.scroll(), (0, 25));
    }

    #[test]
    fn search_goes_round_and_keeps_the_match_in_sight() {
        let mut details = details(25);
        details.search("line 2");
        assert_eq!(details.matches().0.len(), 6, "2 and 20 to 24");
        details.next_match(true);
        let (first, _) = details.scroll();
        assert!((first..first + 10).contains(&20));
        details.next_match(false);
        details.next_match(false);
        assert_eq!(details.matches().1, 5);
    }

    #[test]
    fn tabs_go_round() {
        assert_eq!(Tab::Diff.turned(true), Tab::Why);
        assert_eq!(Tab::Why.turned(false), Tab::Diff);
    }
}
