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
    /// Whether its place is the reader's own; until it was shown it is that of the document's focus.
    placed: bool,
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
            self.rewind();
        }
    }

    /// To where reading begins: another row was selected.
    pub fn rewind(&mut self) {
        (self.scroll, self.placed) = (0, false);
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
        if !self.placed {
            let focus = self.document.focus_at(width);
            self.scroll = focus.filter(|at| *at >= height / 2).map_or(0, |at| at - height / 2);
            self.placed = true;
        }
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
    ///
    /// # Errors
    /// In words, when there is none.
    pub fn next_match(&mut self, forward: bool) -> Result<(), String> {
        let count = self.matches.len();
        if self.needle.is_empty() {
            return Err("Nothing was searched for yet.".to_owned());
        }
        if count == 0 {
            return Err(format!("Not found here: {}", self.needle));
        }
        let by = if forward { 1 } else { count - 1 };
        self.current = (self.current + by) % count;
        self.reveal_match();
        Ok(())
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
        details.next_match(true).unwrap();
        let (first, _) = details.scroll();
        assert!((first..first + 10).contains(&20));
        details.next_match(false).unwrap();
        details.next_match(false).unwrap();
        assert_eq!(details.matches().1, 5);
        details.search("line 99");
        assert!(details.next_match(true).unwrap_err().contains("line 99"));
    }

    #[test]
    fn a_document_opens_where_its_focus_is_and_stays_where_it_was_scrolled_to() {
        let mut document = Document::default();
        for number in 0..40 {
            if number == 30 {
                document.focus_here();
            }
            document.push(Line::new().with(Role::Text, format!("line {number}")));
        }
        let mut details = Details::default();
        details.show(document.clone(), 40, 10);
        assert!(details.visible().any(|(at, _)| at == 30));
        details.step(-25);
        details.show(document.clone(), 40, 10);
        assert_eq!(details.scroll().0, 0);
        details.rewind();
        details.show(document, 40, 10);
        assert!(details.visible().any(|(at, _)| at == 30));
    }

    #[test]
    fn tabs_go_round() {
        assert_eq!(Tab::Diff.turned(true), Tab::Why);
        assert_eq!(Tab::Why.turned(false), Tab::Diff);
    }
}
