//! The display filter: in force, switched off, and while it is edited.

use super::line_edit::LineEdit;
use crate::filter::{self, Completion, Filter, FilterError, ValuesSeen};

/// A filter being typed.
#[derive(Debug, Clone)]
pub struct Editing {
    /// The text.
    pub line: LineEdit,
    /// What is wrong with it now.
    pub error: Option<FilterError>,
    /// Whether its last word waits to become the name of a field, and is not in force.
    begun: bool,
    /// What Esc goes back to.
    before: (String, bool),
    /// How far back in the history.
    recalled: Option<usize>,
    /// The completion that stands there now, and the text and cursor it began from.
    completing: Option<(usize, LineEdit)>,
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
    /// Name and expression.
    named: Vec<(String, String)>,
}

/// Filters remembered.
const HISTORY: usize = 100;

impl FilterBar {
    /// With this expression in force, and these that have names.
    ///
    /// # Errors
    /// It does not compile.
    pub fn new(source: &str, named: Vec<(String, String)>) -> Result<Self, FilterError> {
        let mut bar = Self { named, ..Self::default() };
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
        let term = if exclude { format!("-({term})") } else { term.to_owned() };
        let source = match &self.filter {
            Some(filter) if !self.disabled => filter.narrowed(&term)?,
            _ => Filter::parse(&term)?.to_string(),
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
            begun: false,
            before: (self.source.clone(), self.disabled),
            recalled: None,
            completing: None,
        });
    }

    /// Ways to go on at the cursor, best first; `@` offers the filters that have names.
    pub fn completions(&self, seen: &ValuesSeen) -> Vec<Completion> {
        let Some(editing) = &self.editing else { return Vec::new() };
        let line = editing.completing.as_ref().map_or(&editing.line, |(_, line)| line);
        let (text, cursor) = (line.text(), line.cursor());
        let begun = text[..cursor].rfind(' ').map_or(0, |at| at + 1);
        if let Some(name) = text[begun..cursor].strip_prefix('@') {
            return self
                .named
                .iter()
                .filter(|(known, _)| known.starts_with(name))
                .map(|(_, source)| Completion {
                    replace: begun..cursor,
                    text: source.clone(),
                    about: "a filter with a name",
                })
                .collect();
        }
        filter::complete(text, cursor, seen)
    }

    /// The place of the completion that stands in the text now.
    pub fn completed(&self) -> Option<usize> {
        self.editing.as_ref()?.completing.as_ref().map(|(at, _)| *at)
    }

    /// Puts the next completion into the text, or the one before.
    pub fn complete(&mut self, forward: bool, seen: &ValuesSeen) -> bool {
        let found = self.completions(seen);
        let Some(editing) = &mut self.editing else { return false };
        let at = match (&editing.completing, forward) {
            _ if found.is_empty() => return false,
            (None, true) => 0,
            (None, false) => found.len() - 1,
            (Some((at, _)), true) => (at + 1) % found.len(),
            (Some((at, _)), false) => (at + found.len() - 1) % found.len(),
        };
        let base = editing.completing.take().map_or_else(|| editing.line.clone(), |(_, base)| base);
        let Some(chosen) = found.get(at) else { return false };
        let mut text = base.text().to_owned();
        if text.get(chosen.replace.clone()).is_none() {
            return false;
        }
        text.replace_range(chosen.replace.clone(), &chosen.text);
        let cursor = chosen.replace.start + chosen.text.len();
        let changed = self.change(|line| line.set_at(text, cursor));
        if let Some(editing) = &mut self.editing {
            editing.completing = Some((at, base));
        }
        changed
    }

    /// Changes the text being typed; says whether another filter is in force now.
    pub fn change(&mut self, edit: impl FnOnce(&mut LineEdit)) -> bool {
        let Some(editing) = &mut self.editing else { return false };
        edit(&mut editing.line);
        editing.completing = None;
        let text = editing.line.text();
        let begun = filter::begun_name(text).filter(|_| editing.line.cursor() == text.len());
        editing.begun = begun.is_some();
        // A sign before it waits too.
        let source = match begun.and_then(|start| text.get(..start)) {
            Some(before) => before.trim_end_matches(['-', '!', '(']).trim().to_owned(),
            None => text.trim().to_owned(),
        };
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
                self.set_error(Some(error).filter(|_| begun.is_none()));
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

    /// Ends the edit and keeps the filter; stays in it while the text is wrong. Returns whether another
    /// filter is in force than while it was typed.
    pub fn accept(&mut self) -> bool {
        let Some(editing) = &self.editing else { return false };
        let begun = editing.begun.then(|| editing.line.text().to_owned());
        if let Some(Err(error)) = begun.as_deref().map(|text| self.set(text)) {
            self.set_error(Some(error));
        }
        if self.editing.as_ref().is_some_and(|editing| editing.error.is_some()) {
            return false;
        }
        self.editing = None;
        self.remember();
        begun.is_some()
    }

    /// Ends the edit and goes back to the filter before it.
    pub fn cancel(&mut self) -> bool {
        let Some(editing) = self.editing.take() else { return false };
        let (source, disabled) = editing.before;
        let changed = source != self.source || disabled != self.disabled;
        self.restore(&source, disabled);
        changed
    }

    /// Goes back to an expression that was in force before, or was off.
    pub fn restore(&mut self, source: &str, disabled: bool) {
        // It compiled before.
        let _ = self.set(source);
        self.disabled = disabled;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn editing_starts_from_the_current_filter_and_escape_restores_it() {
        let mut bar = FilterBar::new("status:401", Vec::new()).unwrap();
        bar.edit();
        assert_eq!(bar.editing().unwrap().line.text(), "status:401 ");
        assert!(bar.change(|line| line.paste("host:api")));
        assert_eq!(bar.source(), "status:401 host:api");
        assert!(bar.cancel());
        assert_eq!(bar.source(), "status:401");
    }

    #[test]
    fn the_first_letters_of_a_field_hide_nothing_until_they_are_meant_as_text() {
        let mut bar = FilterBar::new("status:401", Vec::new()).unwrap();
        bar.edit();
        assert!(!bar.change(|line| line.paste("-ho")), "nothing changes on the screen");
        assert_eq!((bar.source(), &bar.editing().unwrap().error), ("status:401", &None));
        assert!(bar.change(|line| line.paste("st:api")));
        assert_eq!(bar.source(), "status:401 -host:api");
        assert!(bar.change(|line| line.set("status:401 ho")));
        assert_eq!(bar.source(), "status:401");
        assert!(bar.accept(), "Enter: it is text");
        assert_eq!(bar.source(), "status:401 ho");
        assert!(bar.editing().is_none());
        bar.edit();
        assert!(!bar.change(|line| line.set("or ho")), "what is wrong before it waits, too");
        assert_eq!(bar.editing().unwrap().error, None);
        assert!(!bar.accept());
        assert!(bar.editing().unwrap().error.is_some());
    }

    #[test]
    fn narrowing_adds_a_term_and_keeps_the_meaning_of_or() {
        let mut bar = FilterBar::default();
        bar.narrow("client:10.0.0.7", false).unwrap();
        bar.narrow("why:token-expired", true).unwrap();
        bar.narrow("client:10.0.0.7", false).unwrap();
        assert_eq!(bar.source(), "client:10.0.0.7 -why:token-expired");
        let mut either = FilterBar::new("host:a or host:b", Vec::new()).unwrap();
        either.narrow("host=x path=/y", true).unwrap();
        assert_eq!(either.source(), "(host:a or host:b) -(host=x path=/y)");
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
    fn completion_goes_round_and_names_stand_for_filters() {
        let named = vec![("mine".to_owned(), "host:api -benign".to_owned())];
        let mut bar = FilterBar::new("", named).unwrap();
        let seen = ValuesSeen::default();
        bar.edit();
        bar.change(|line| line.paste("auth:m"));
        let offered = bar.completions(&seen);
        assert!(offered.len() > 1, "{offered:?}");
        bar.complete(true, &seen);
        let first = bar.editing().unwrap().line.text().to_owned();
        assert_eq!(first, format!("auth:{}", offered[0].text));
        bar.complete(true, &seen);
        assert_ne!(bar.editing().unwrap().line.text(), first);
        bar.complete(false, &seen);
        assert_eq!(bar.editing().unwrap().line.text(), first);
        bar.change(|line| line.set("@mi"));
        assert!(bar.complete(true, &seen));
        assert_eq!(bar.source(), "host:api -benign");
    }

    #[test]
    fn switching_off_keeps_the_expression() {
        let mut bar = FilterBar::new("host:a", Vec::new()).unwrap();
        bar.toggle();
        assert!(bar.active().is_none());
        assert_eq!(bar.source(), "host:a");
        bar.toggle();
        assert!(bar.active().is_some());
    }
}
