//! Getting around: selection, views, columns, sort, folds, marks, and filters made from cells.

use std::sync::Arc;

use super::views::Fold;
use super::{Column, Group, Model, Pane, View};
use crate::diagnosis::Case;

impl Model {
    /// The case shown in the details: the latest of the selected row.
    pub fn selected(&self) -> Option<&Arc<Case>> {
        let (_, group) = self.table.selected()?;
        self.history.get(group.members.last())
    }

    /// Goes to another view; its sort, cell and row are as they were.
    pub fn show_view(&mut self, view: View) {
        let selected = self.preferred();
        let follow = self.table.is_following();
        let left = self.remembered_mut();
        (left.selected, left.follow) = (selected, follow);
        self.view = view;
        self.opened = false;
        self.pane = Pane::List;
        let entered = *self.remembered();
        self.table.restart(entered.follow);
        self.chosen = entered.selected;
        self.relist_with(entered.selected);
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

    /// Selects the row at this position.
    pub fn select(&mut self, position: usize) {
        let by = position as isize - self.table.position() as isize;
        self.step(by);
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
        self.chosen = self.selected().map(|case| case.id());
    }

    /// Follows new rows from now on, or stops.
    pub fn set_follow(&mut self, follow: bool) {
        self.table.set_follow(follow);
    }

    /// Moves the cell to the left or right.
    pub fn move_column(&mut self, right: bool) {
        let last = self.view.columns().len() - 1;
        let remembered = self.remembered_mut();
        remembered.column = if right {
            (remembered.column + 1).min(last)
        } else {
            remembered.column.saturating_sub(1)
        };
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
        self.begin_listing();
    }

    /// Sorts by the column of the selected cell.
    pub fn sort_here(&mut self) {
        self.sort_by(self.view.columns()[self.column()]);
    }

    /// Sorts by the next column, or the one before.
    pub fn sort_beside(&mut self, right: bool) {
        let columns = self.view.columns();
        let sort = self.sort();
        let at = columns.iter().position(|column| *column == sort).unwrap_or(0);
        let by = if right { 1 } else { columns.len() - 1 };
        let next = (at + by) % columns.len();
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

    /// Marks or unmarks the selected row.
    pub fn toggle_mark(&mut self) {
        let Some(id) = self.selected().map(|case| case.id()) else { return };
        if self.marks.remove(&id) {
            self.last_mark = None;
        } else {
            self.marks.insert(id);
            self.last_mark = Some(id);
        }
        if self.marked_only {
            self.begin_listing();
        }
    }

    /// Whether the latest exchange of this group is marked.
    pub fn is_marked(&self, group: &Group) -> bool {
        !self.marks.is_empty() && self.marks.contains(&group.members.last())
    }

    /// The marked exchanges.
    pub fn marked(&self) -> Vec<Arc<Case>> {
        self.marks.iter().filter_map(|&id| self.history.get(id)).cloned().collect()
    }

    /// Lists the marked rows only, or all again.
    pub fn toggle_marked_only(&mut self) -> bool {
        self.marked_only = !self.marked_only;
        self.begin_listing();
        self.marked_only
    }

    /// Whether only marked rows are listed.
    pub fn is_marked_only(&self) -> bool {
        self.marked_only
    }

    /// All exchanges of the rows listed, in order of their ids.
    pub fn listed_cases(&self) -> Vec<Arc<Case>> {
        let mut ids: Vec<u64> =
            self.table.iter().flat_map(|(_, group)| group.members.latest_first()).collect();
        ids.sort_unstable();
        ids.into_iter().filter_map(|id| self.history.get(id)).cloned().collect()
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

    /// Shows the exchanges behind the selected row of an aggregated view.
    ///
    /// # Errors
    /// In words, when there is nothing to show.
    pub fn drill_down(&mut self) -> Result<(), String> {
        let column = match self.view {
            View::Endpoints => Column::Endpoint,
            View::Clients => Column::Client,
            View::Flows => Column::Flow,
            View::Refusals | View::Exchanges => return Ok(()),
        };
        let (_, group) = self.table.selected().ok_or("There is no row.")?;
        let refused = group.refused > 0;
        let term = column.filter_term(group, &self.history).ok_or("This row has no filter.")?;
        self.filter.narrow(&term, false).map_err(|error| error.to_string())?;
        let to = if refused && self.view != View::Flows { View::Refusals } else { View::Exchanges };
        self.show_view(to);
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

    /// The exchange that the selected one's diagnosis points to next.
    pub fn next_related(&self) -> Option<u64> {
        let case = self.selected()?;
        let verdict = case.verdict.as_ref()?;
        let nearest = verdict.nearest_success.as_ref().map(|near| near.id());
        verdict.diagnosis.related.iter().copied().chain(nearest).find(|id| *id != case.id())
    }

    /// Jumps to an exchange, through a view that lists it.
    pub fn go_to(&mut self, id: u64) -> bool {
        if self.history.get(id).is_none() {
            return false;
        }
        if !self.view.lists_exchanges() || !self.select_case(id) {
            self.show_view(View::Exchanges);
            if !self.select_case(id) && self.filter.active().is_some() {
                self.filter.toggle();
                self.relist();
                self.select_case(id);
            }
        }
        true
    }

    /// Forgets all rows.
    pub fn clear(&mut self) {
        self.history.clear();
        self.marks.clear();
        self.last_mark = None;
        self.relist();
    }
}
