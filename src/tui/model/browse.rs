//! Getting around: selection, views, columns, sort, folds, and filters made from cells.

use std::sync::Arc;

use super::views::Fold;
use super::{Column, Model, Pane, Reading, Standing, View};
use crate::diagnosis::Case;

impl Model {
    /// The case shown in the details: the one that is being read, else the latest of the selected row.
    pub fn selected(&self) -> Option<&Arc<Case>> {
        if let Some(read) = &self.reading {
            return Some(self.newest(&read.case));
        }
        let (_, group) = self.table.selected()?;
        self.history.get(group.members.last())
    }

    /// A case as it is known now; as it was, once the history has forgotten it.
    pub fn newest<'a>(&'a self, case: &'a Arc<Case>) -> &'a Arc<Case> {
        self.history.get(case.id()).unwrap_or(case)
    }

    /// Stays with the exchange that is shown, whatever comes, until the selection is moved: new rows are
    /// followed no longer, and neither a repeat nor the end of its time in the history replaces it.
    pub fn hold(&mut self) {
        let Some(shown) = self.shown() else { return };
        self.table.hold();
        self.chosen = Some(shown.case.id());
        self.reading = Some(shown);
    }

    /// What is shown in the details, as something to be read.
    pub(super) fn shown(&self) -> Option<Reading> {
        let case = Arc::clone(self.selected()?);
        Some(Reading { case, jumped: self.is_jumped_to() })
    }

    /// Opens the details of the selected row and gives them the keys.
    pub fn open_details(&mut self) {
        self.hold();
        self.opened = true;
        self.pane = Pane::Details;
    }

    /// Leaves the details: what is shown is that of the selected row again.
    pub fn leave_details(&mut self) {
        self.reading = None;
        self.opened = false;
        self.pane = Pane::List;
    }

    /// Whether the exchange that is being read had to leave the history.
    pub fn is_forgotten(&self) -> bool {
        self.reading.as_ref().is_some_and(|read| self.history.get(read.case.id()).is_none())
    }

    /// What keeps the exchange that is being read out of the list.
    pub fn hidden_by(&self) -> Option<&'static str> {
        let id = self.reading.as_ref()?.case.id();
        let kept = self.history.kept(id)?;
        if self.filter.active().is_some_and(|filter| !kept.matches(filter)) {
            Some("hidden by the filter")
        } else {
            (!self.is_listed(id, kept)).then_some("not marked")
        }
    }

    /// Goes to another view; its sort, cell and row are as they were.
    pub fn show_view(&mut self, view: View) {
        self.remembered_mut().standing = self.standing(self.preferred());
        self.enter(view);
    }

    /// Where the view stands now, with an exchange of its selected row.
    pub(super) fn standing(&self, selected: Option<u64>) -> Standing {
        Standing { selected, following: self.table.following() }
    }

    /// Shows a view where it stood, forgetting where this one stands.
    pub(super) fn enter(&mut self, view: View) {
        self.view = view;
        self.leave_details();
        self.details.rewind();
        let standing = self.remembered().standing;
        self.table.restart(standing.following);
        self.chosen = standing.selected;
        self.relist_with(standing.selected);
    }

    /// An exchange of the row that the user chose; none while nothing was chosen.
    pub(super) fn preferred(&self) -> Option<u64> {
        let chosen = self.chosen.filter(|id| self.history.get(*id).is_some());
        let selected = || self.selected().map(|case| case.id());
        self.table.is_touched().then(|| chosen.or_else(selected)).flatten()
    }

    /// Moves the selection by rows.
    pub fn step(&mut self, by: isize) {
        let before = self.table.selected().map(|(id, _)| id);
        let (sort, history) = (self.views[self.view as usize].sort, &self.history);
        self.table.step(by, |group| sort.sort_key(group, history));
        self.after_move(before);
    }

    /// Selects the row at this position, and stays with it: who picks the last row does not ask to follow.
    pub fn select(&mut self, position: usize) {
        let by = position as isize - self.table.position() as isize;
        self.step(by);
        self.table.hold();
        if self.opened {
            self.hold();
        }
    }

    /// Selects the row of this exchange, when it is listed.
    pub fn select_case(&mut self, id: u64) -> bool {
        self.finish_listing();
        let Some(kept) = self.history.kept(id) else { return false };
        let before = self.table.selected().map(|(id, _)| id);
        let group = self.history.group(self.view, self.fold, kept);
        let (sort, history) = (self.views[self.view as usize].sort, &self.history);
        let found = self.table.select_group(group, |group| sort.sort_key(group, history));
        self.after_move(before);
        found
    }

    fn after_move(&mut self, before: Option<u64>) {
        if self.table.selected().map(|(id, _)| id) != before {
            self.details.rewind();
        }
        self.reading = None;
        self.chosen = self.selected().map(|case| case.id());
    }

    /// Follows new rows from now on, or stops. Returns whether it can be: the newest row is at an end only
    /// while rows are sorted by time.
    pub fn set_follow(&mut self, follow: bool) -> bool {
        if follow && !self.sort().is_by_arrival() {
            return false;
        }
        if follow {
            self.reading = None;
        }
        self.table.set_follow(follow);
        true
    }

    /// Moves the cell to the left or right.
    pub fn move_column(&mut self, right: bool) {
        let (here, shown) = (self.column(), self.shown_columns());
        let next = if right {
            shown.into_iter().find(|at| *at > here)
        } else {
            shown.into_iter().rev().find(|at| *at < here)
        };
        self.remembered_mut().column = next.unwrap_or(here);
    }

    /// Selects the cell in this column.
    pub fn set_column(&mut self, column: usize) {
        self.remembered_mut().column = column.min(self.view.columns().len() - 1);
    }

    /// Sorts by a column; by the one that is sorted by already the other way round.
    pub fn sort_by(&mut self, column: Column) {
        let remembered = self.remembered_mut();
        if remembered.sort == column {
            remembered.reverse = !remembered.reverse;
        } else {
            remembered.sort = column;
            // Large numbers and much trouble first.
            remembered.reverse = column.is_number() && column != Column::Flow;
        }
        if !column.is_by_arrival() {
            self.table.set_follow(false);
        }
        self.begin_listing();
    }

    /// Sorts by the column of the selected cell.
    pub fn sort_here(&mut self) {
        self.sort_by(self.view.columns()[self.column()]);
    }

    /// Sorts by the next column, or the one before.
    pub fn sort_beside(&mut self, right: bool) {
        let (columns, sort) = (self.view.columns(), self.sort());
        let at = columns.iter().position(|column| *column == sort).unwrap_or(0);
        let by = if right { 1 } else { columns.len() - 1 };
        let shown = self.shown_columns();
        let mut beside = (1..=columns.len()).map(|steps| (at + by * steps) % columns.len());
        let Some(next) = beside.find(|next| shown.contains(next)) else { return };
        self.set_column(next);
        self.sort_by(columns[next]);
    }

    /// Sorts the other way round.
    pub fn reverse(&mut self) {
        let remembered = self.remembered_mut();
        remembered.reverse = !remembered.reverse;
        let reverse = remembered.reverse;
        self.table.set_reverse(reverse);
    }

    /// Folds rows in the next way.
    pub fn next_fold(&mut self) -> Fold {
        self.fold = self.fold.next();
        self.begin_listing();
        self.fold
    }

    /// Filters by the selected cell, or excludes it.
    ///
    /// # Errors
    /// In words, when there is nothing to filter by.
    pub fn filter_by_cell(&mut self, exclude: bool) -> Result<(), String> {
        let column = self.view.columns()[self.column()];
        let term = self
            .table
            .selected()
            .and_then(|(_, group)| column.filter_term(group, &self.history))
            .ok_or_else(|| format!("There is no filter for the column {:?}.", column.title()))?;
        self.filter.narrow(&term, exclude).map_err(|error| error.to_string())?;
        self.begin_listing();
        Ok(())
    }

    /// Moves to the next row (or the one before) whose cause is another one.
    pub fn next_cause(&mut self, forward: bool) -> bool {
        let cause =
            |case: &Case| case.verdict.as_ref().map(|verdict| verdict.diagnosis.entry.id.clone());
        let here = self.selected().and_then(|case| cause(case));
        let at = self.table.position();
        let found = |position: &usize| {
            self.table
                .group_at(*position)
                .and_then(|(_, group)| self.history.get(group.members.last()))
                .and_then(|case| cause(case))
                .is_some_and(|other| Some(other) != here)
        };
        let next = if forward {
            (at + 1..self.table.len()).find(found)
        } else {
            (0..at).rev().find(found)
        };
        next.map(|position| self.select(position)).is_some()
    }

    /// Forgets all rows.
    pub fn clear(&mut self) {
        self.history.clear();
        self.marks.clear();
        self.last_mark = None;
        self.trail.clear();
        self.leave_details();
        self.relist();
    }
}
