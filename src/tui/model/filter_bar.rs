//! The display filter: in force, switched off, and while it is edited.

use super::line_edit::LineEdit;
use crate::filter::{Filter, FilterError};

/// A filter being typed.
#[derive(Debug, Clone)]
pub struct Editing {
    /// The text.
    pub line: LineEdit,
    /// What is wrong with it now.
    pub error: Option<FilterError>,
    /// What Esc goes back to.
    before: (String, bool),
    /// How far back in the history.
    recalled: Option<usize>,
}

/// The display filter.
#[derive(Debug, Clone, Default)]
pub struct FilterBar {
    source: String,
    filter: Option<Filter>,
    disabled: bool,
    editing: Option<Editing>,
    /// Latest last.
    history: Vec<String>,
}

/// Filters remembered.
const HISTORY: usize = 100;

impl FilterBar {
    /// With this expression in force.
    ///
    /// # Errors
    /// It does not compile.
    pub fn new(source: &str) -> Result<Self, FilterError> {
        let mut bar = Self::default();
        bar.set(source)?;
        Ok(bar)
    }

    /// The filter to apply now.
    pub fn active(&self) -> Option<&Filter> {
        self.filter.as_ref().filter(|_| !self.disabled)
    }

    /// The expression in force, or that would be.
    pub fn source(&self) -> &str {
        &self.source
    }

    /// Whether it is switched off.
    pub fn is_disabled(&self) -> bool {
        self.disabled
    }

    /// The edit going on.
    pub fn editing(&self) -> Option<&Editing> {
        self.editing.as_ref()
    }

    /// Puts an expression in force.
    ///
    /// # Errors
    /// It does not compile; the old one stays.
    pub fn set(&mut self, source: &str) -> Result<(), FilterError> {
        let source = source.trim();
        self.filter = if source.is_empty() { None } else { Some(Filter::parse(source)?) };
        source.clone_into(&mut self.source);
        self.disabled = false;
        Ok(())
    }

    /// Puts an expression in force and remembers it.
    ///
    /// # Errors
    /// It does not compile; the old one stays.
    pub fn choose(&mut self, source: &str) -> Result<(), FilterError> {
        self.set(source)?;
        self.remember();
        Ok(())
    }

    fn remember(&mut self) {
        if self.source.is_empty() {
            return;
        }
        self.history.retain(|past| *past != self.source);
        self.history.push(self.source.clone());
        if self.history.len() > HISTORY {
            self.history.remove(0);
        }
    }

    /// Adds a term: all rows must match it, or none may.
    ///
    /// # Errors
    /// The new expression does not compile; the old one stays.
    pub fn narrow(&mut self, term: &str, exclude: bool) -> Result<(), FilterError> {
        let term = match (exclude, term.contains(' ')) {
            (false, _) => term.to_owned(),
            (true, false) => format!("-{term}"),
            (true, true) => format!("not ({term})"),
        };
        let source = match (self.source.as_str(), self.disabled) {
            ("", _) | (_, true) => term,
            (source, _) if contains_or(source) => format!("({source}) {term}"),
            (source, _) => format!("{source} {term}"),
        };
        self.choose(&source)
    }

    /// On or off.
    pub fn toggle(&mut self) {
        self.disabled = !self.disabled;
    }

    /// Starts editing, from the expression in force.
    pub fn edit(&mut self) {
        let text = if self.source.is_empty() { String::new() } else { format!("{} ", self.source) };
        self.editing = Some(Editing {
            line: LineEdit::new(text),
            error: None,
            before: (self.source.clone(), self.disabled),
            recalled: None,
        });
    }

    /// Changes the text being typed; says whether another filter is in force now.
    pub fn change(&mut self, edit: impl FnOnce(&mut LineEdit)) -> bool {
        let Some(editing) = &mut self.editing else { return false };
        edit(&mut editing.line);
        let source = editing.line.text().trim().to_owned();
        if source == self.source && !self.disabled {
            editing.error = None;
            return false;
        }
        match self.set(&source) {
            Ok(()) => {
                self.set_error(None);
                true
            }
            Err(error) => {
                self.set_error(Some(error));
                false
            }
        }
    }

    fn set_error(&mut self, error: Option<FilterError>) {
        if let Some(editing) = &mut self.editing {
            editing.error = error;
        }
    }

    /// An earlier expression (or a later one).
    pub fn recall(&mut self, earlier: bool) -> bool {
        let Some(editing) = &mut self.editing else { return false };
        let length = self.history.len();
        let next = match (editing.recalled, earlier) {
            (None, true) => length.checked_sub(1),
            (Some(at), true) => Some(at.saturating_sub(1)),
            (Some(at), false) if at + 1 < length => Some(at + 1),
            (_, false) => None,
        };
        editing.recalled = next;
        let text = next.and_then(|at| self.history.get(at)).cloned();
        let before = editing.before.0.clone();
        self.change(|line| line.set(text.unwrap_or(before)))
    }

    /// Ends the edit and keeps the filter; stays in it while the text is wrong.
    pub fn accept(&mut self) -> bool {
        if self.editing.as_ref().is_some_and(|editing| editing.error.is_some()) {
            return false;
        }
        self.editing = None;
        self.remember();
        true
    }

    /// Ends the edit and goes back to the filter before it.
    pub fn cancel(&mut self) -> bool {
        let Some(editing) = self.editing.take() else { return false };
        let (source, disabled) = editing.before;
        let changed = source != self.source || disabled != self.disabled;
        // It compiled before.
        let _ = self.set(&source);
        self.disabled = disabled;
        changed
    }
}

/// Whether adding a term with a space would bind tighter than what is there.
fn contains_or(source: &str) -> bool {
    source.split_whitespace().any(|word| word.eq_ignore_ascii_case("or") || word == "||")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn editing_starts_from_the_current_filter_and_escape_restores_it() {
        let mut bar = FilterBar::new("status:401").unwrap();
        bar.edit();
        assert_eq!(bar.editing().unwrap().line.text(), "status:401 ");
        assert!(bar.change(|line| line.paste("host:api")));
        assert_eq!(bar.source(), "status:401 host:api");
        assert!(bar.cancel());
        assert_eq!(bar.source(), "status:401");
    }

    #[test]
    fn narrowing_adds_a_term_and_keeps_the_meaning_of_or() {
        let mut bar = FilterBar::default();
        bar.narrow("client:10.0.0.7", false).unwrap();
        bar.narrow("why:token-expired", true).unwrap();
        assert_eq!(bar.source(), "client:10.0.0.7 -why:token-expired");
        let mut either = FilterBar::new("host:a or host:b").unwrap();
        either.narrow("host=x path=y", true).unwrap();
        assert_eq!(either.source(), "(host:a or host:b) not (host=x path=y)");
    }

    #[test]
    fn filters_are_remembered_once_and_recalled() {
        let mut bar = FilterBar::default();
        for source in ["host:a", "host:b", "host:a"] {
            bar.choose(source).unwrap();
        }
        bar.set("").unwrap();
        bar.edit();
        bar.recall(true);
        assert_eq!(bar.source(), "host:a");
        bar.recall(true);
        bar.recall(true);
        assert_eq!(bar.source(), "host:b");
        bar.recall(false);
        assert_eq!(bar.source(), "host:a");
        bar.recall(false);
        assert_eq!(bar.source(), "");
    }

    #[test]
    fn switching_off_keeps_the_expression() {
        let mut bar = FilterBar::new("host:a").unwrap();
        bar.toggle();
        assert!(bar.active().is_none());
        assert_eq!(bar.source(), "host:a");
        bar.toggle();
        assert!(bar.active().is_some());
    }
}
