//! The screen's state. It knows no terminal, no colour and no clock: time comes as a parameter.
//!
//! Cases arrive through [`Model::apply`] and cost one filter match each; a new filter, view or fold
//! runs once over the history. Drawing only reads.

pub mod column;
pub mod details;
pub mod document;
pub mod filter_bar;
pub mod history;
pub mod line_edit;
pub mod overlay;
pub mod route;
#[cfg(test)]
pub mod samples;
pub mod summary;
pub mod table;
pub mod tabs;
pub mod views;

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::{Duration, Instant};

pub use column::{Cell, Column};
pub use details::{Details, Tab};
pub use document::{Document, Line, Role, Span};
pub use filter_bar::FilterBar;
pub use history::History;
pub use overlay::Overlay;
pub use table::{Group, Table};
pub use views::{Fold, View};

use self::views::Grouping;
use super::symbols::Symbols;
use crate::auth::masking::Masking;
use crate::diagnosis::Case;
use crate::filter::FilterError;
use crate::session::{Event, Status};

/// How long a secret stays revealed.
pub const REVEAL: Duration = Duration::from_secs(10);

/// How long a message stays.
pub const TOAST: Duration = Duration::from_secs(5);

/// Which pane has the keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Pane {
    /// The list.
    #[default]
    List,
    /// The details.
    Details,
}

/// Where the details stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Place {
    /// Where there is room.
    #[default]
    Auto,
    /// To the right of the list.
    Right,
    /// Below the list.
    Below,
    /// Only when opened, and then alone.
    Alone,
}

impl Place {
    /// The next one.
    #[must_use]
    pub const fn next(self) -> Self {
        match self {
            Self::Auto => Self::Right,
            Self::Right => Self::Below,
            Self::Below => Self::Alone,
            Self::Alone => Self::Auto,
        }
    }

    /// In words.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Auto => "where there is room",
            Self::Right => "at the right",
            Self::Below => "below",
            Self::Alone => "only when opened",
        }
    }
}

/// A short message and until when it stays.
#[derive(Debug, Clone)]
pub struct Toast {
    /// The message.
    pub text: String,
    /// How it is meant.
    pub role: Role,
    until: Instant,
}

/// What each view remembers while another one is shown.
#[derive(Debug, Clone, Copy)]
struct Remembered {
    sort: Column,
    reverse: bool,
    column: usize,
    /// Id of an exchange in the selected row.
    selected: Option<u64>,
    follow: bool,
}

/// How the model begins.
#[derive(Debug)]
pub struct Settings {
    /// Exchanges kept.
    pub history: usize,
    /// The display filter.
    pub filter: String,
    /// The view to begin with.
    pub view: View,
    /// Whether new rows are followed: yes for a live capture, no for a file.
    pub follow: bool,
    /// Whether secrets are shown.
    pub masking: Masking,
    /// The shapes that may be drawn.
    pub symbols: Symbols,
}

/// The state.
#[derive(Debug)]
pub struct Model {
    /// The exchanges kept.
    pub history: History,
    /// How the session stands, once it has said so.
    pub status: Option<Box<Status>>,
    /// The display filter.
    pub filter: FilterBar,
    /// The rows of the view.
    pub table: Table,
    /// The details pane.
    pub details: Details,
    /// Which pane has the keys.
    pub pane: Pane,
    /// Where the details stand.
    pub place: Place,
    /// Whether the focused pane stands alone.
    pub maximised: bool,
    /// Whether the details were opened, where they do not stand beside the list.
    pub opened: bool,
    /// What lies over the panes.
    pub overlay: Option<Overlay>,
    /// The search being typed.
    pub searching: Option<line_edit::LineEdit>,
    /// The shapes that may be drawn.
    pub symbols: Symbols,
    view: View,
    views: [Remembered; 5],
    fold: Fold,
    grouping: Grouping,
    marks: BTreeSet<u64>,
    last_mark: Option<u64>,
    marked_only: bool,
    /// Cases of the view before and after filter and marks.
    covered: usize,
    listed: usize,
    paused: Option<usize>,
    revealed: Option<(u64, Instant)>,
    toast: Option<Toast>,
    masking: Masking,
}

impl Model {
    /// With nothing seen.
    ///
    /// # Errors
    /// The filter does not compile.
    pub fn new(settings: Settings) -> Result<Self, FilterError> {
        let views = View::ALL.map(|view| {
            let (sort, reverse) = view.first_sort();
            let follow = settings.follow && view.lists_exchanges();
            Remembered { sort, reverse, column: 0, selected: None, follow }
        });
        let mut model = Self {
            history: History::new(settings.history),
            status: None,
            filter: FilterBar::new(&settings.filter)?,
            table: Table::default(),
            details: Details::default(),
            pane: Pane::List,
            place: Place::Auto,
            maximised: false,
            opened: false,
            overlay: None,
            searching: None,
            symbols: settings.symbols,
            view: settings.view,
            views,
            fold: Fold::Repeats,
            grouping: Grouping::default(),
            marks: BTreeSet::new(),
            last_mark: None,
            marked_only: false,
            covered: 0,
            listed: 0,
            paused: None,
            revealed: None,
            toast: None,
            masking: settings.masking,
        };
        model.table.set_follow(model.remembered().follow);
        model.table.set_reverse(model.remembered().reverse);
        Ok(model)
    }

    fn remembered(&self) -> &Remembered {
        &self.views[self.view as usize]
    }

    fn remembered_mut(&mut self) -> &mut Remembered {
        &mut self.views[self.view as usize]
    }

    /// The current view.
    pub fn view(&self) -> View {
        self.view
    }

    /// The column that the rows are sorted by.
    pub fn sort(&self) -> Column {
        self.remembered().sort
    }

    /// The column of the selected cell.
    pub fn column(&self) -> usize {
        self.remembered().column
    }

    /// How rows are folded.
    pub fn fold(&self) -> Fold {
        self.fold
    }

    /// How many cases the view would list without filter, and how many it lists.
    pub fn counts(&self) -> (usize, usize) {
        (self.covered, self.listed)
    }

    /// While paused: how many cases came since.
    pub fn paused(&self) -> Option<usize> {
        self.paused
    }

    /// Takes what the session says.
    pub fn apply(&mut self, event: Event) {
        match event {
            Event::Status(status) => self.status = Some(status),
            Event::Case(case) => self.take(case),
        }
    }

    fn take(&mut self, case: Arc<Case>) {
        let id = case.id();
        if let Some(waiting) = &mut self.paused {
            *waiting += usize::from(self.history.get(id).is_none());
            self.history.insert(case);
        } else {
            if let Some(before) = self.history.get(id).cloned() {
                self.unlist(&before);
            }
            self.history.insert(Arc::clone(&case));
            if self.history.get(id).is_some() {
                self.list(&case);
            }
        }
        while let Some(gone) = self.history.evict() {
            self.unlist(&gone);
            self.marks.remove(&gone.id());
        }
    }

    fn is_listed(&self, case: &Case) -> bool {
        (!self.marked_only || self.marks.contains(&case.id()))
            && self.filter.active().is_none_or(|filter| filter.matches(case))
    }

    fn list(&mut self, case: &Case) {
        if !self.view.covers(case) {
            return;
        }
        self.covered += 1;
        if self.is_listed(case) {
            self.listed += 1;
            let group = self.grouping.of(self.view, self.fold, case);
            let (sort, history) = (self.remembered().sort, &self.history);
            self.table.add(group, case, |group| sort.sort_key(group, history));
        }
    }

    fn unlist(&mut self, case: &Case) {
        if !self.view.covers(case) {
            return;
        }
        self.covered = self.covered.saturating_sub(1);
        if self.is_listed(case) {
            self.listed = self.listed.saturating_sub(1);
            let group = self.grouping.of(self.view, self.fold, case);
            let (sort, history) = (self.remembered().sort, &self.history);
            self.table.remove(group, case, |group| sort.sort_key(group, history));
        }
    }

    /// Lists everything anew: after a change of view, filter, fold, sort or marks.
    pub fn relist(&mut self) {
        let selected = self.selected().map(|case| case.id()).or(self.remembered().selected);
        self.relist_with(selected);
    }

    fn relist_with(&mut self, selected: Option<u64>) {
        let (view, fold) = (self.view, self.fold);
        let (mut covered, mut listed) = (0, Vec::new());
        for case in self.history.iter().filter(|case| view.covers(case)) {
            covered += 1;
            if self.is_listed(case) {
                listed.push((self.grouping.of(view, fold, case), case.as_ref()));
            }
        }
        let selected = selected
            .and_then(|id| self.history.get(id))
            .map(|case| self.grouping.of(view, fold, case));
        let remembered = self.views[view as usize];
        let (count, history) = (listed.len(), &self.history);
        self.table.rebuild(
            listed.into_iter(),
            |group| remembered.sort.sort_key(group, history),
            selected,
        );
        self.table.set_reverse(remembered.reverse);
        (self.covered, self.listed) = (covered, count);
    }

    /// The case shown in the details: the latest of the selected row.
    pub fn selected(&self) -> Option<&Arc<Case>> {
        let (_, group) = self.table.selected()?;
        self.history.get(group.members.last())
    }

    /// Goes to another view; its sort, cell and row are as they were.
    pub fn show_view(&mut self, view: View) {
        let selected = self.selected().map(|case| case.id());
        let follow = self.table.is_following();
        let left = self.remembered_mut();
        (left.selected, left.follow) = (selected, follow);
        self.view = view;
        self.opened = false;
        self.pane = Pane::List;
        let entered = *self.remembered();
        self.table = Table::new(entered.follow);
        self.relist_with(entered.selected);
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
        let Some(case) = self.history.get(id) else { return false };
        let before = self.table.selected().map(|(id, _)| id);
        let group = self.grouping.of(self.view, self.fold, case);
        let (sort, history) = (self.views[self.view as usize].sort, &self.history);
        let found = self.table.select_group(group, |group| sort.sort_key(group, history));
        self.after_move(before);
        found
    }

    fn after_move(&mut self, before: Option<u64>) {
        if self.table.selected().map(|(id, _)| id) != before {
            self.details.rewind();
        }
    }

    /// Follows new rows from now on, or stops.
    pub fn set_follow(&mut self, follow: bool) {
        self.table.set_follow(follow);
    }

    /// Stops or resumes the display.
    pub fn toggle_pause(&mut self) {
        if self.paused.take().is_some() {
            self.relist();
        } else {
            self.paused = Some(0);
        }
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
        self.relist();
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
        self.relist();
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
            self.relist();
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
        self.relist();
        self.marked_only
    }

    /// Whether only marked rows are listed.
    pub fn is_marked_only(&self) -> bool {
        self.marked_only
    }

    /// All exchanges of the rows listed, in order of their ids.
    pub fn listed_cases(&self) -> Vec<Arc<Case>> {
        let covers = |case: &&Arc<Case>| self.view.covers(case) && self.is_listed(case);
        self.history.iter().filter(covers).cloned().collect()
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
        self.relist();
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

    /// Shows the selected row's secrets for ten seconds.
    pub fn reveal(&mut self, now: Instant) {
        if let Some(id) = self.selected().map(|case| case.id()) {
            self.revealed = match self.revealed {
                Some((shown, _)) if shown == id => None,
                _ => Some((id, now + REVEAL)),
            };
        }
    }

    /// Seconds that the selected row's secrets stay shown, when they are.
    pub fn revealed(&self, now: Instant) -> Option<u64> {
        let (id, until) = self.revealed?;
        let selected = self.selected()?.id();
        let left = until.checked_duration_since(now).filter(|left| !left.is_zero())?;
        (id == selected).then(|| left.as_millis().div_ceil(1000) as u64)
    }

    /// What may be shown of the selected row.
    pub fn masking(&self, now: Instant) -> Masking {
        let reveal = self.masking.reveal || self.revealed(now).is_some();
        Masking { reveal, ..self.masking.clone() }
    }

    /// Shows a short message.
    pub fn say(&mut self, text: impl Into<String>, role: Role, now: Instant) {
        self.toast = Some(Toast { text: text.into(), role, until: now + TOAST });
    }

    /// The message to show.
    pub fn toast(&self, now: Instant) -> Option<&Toast> {
        self.toast.as_ref().filter(|toast| toast.until > now)
    }

    /// When the picture changes by itself, if it does: a countdown, the end of a message.
    pub fn next_tick(&self, now: Instant) -> Option<Instant> {
        let toast = self.toast(now).map(|toast| toast.until);
        let reveal = self.revealed.filter(|(_, until)| *until > now).map(|(_, until)| {
            let left = until.duration_since(now);
            let part = Duration::from_millis((left.as_millis() % 1000) as u64);
            now + if part.is_zero() { Duration::from_secs(1) } else { part }
        });
        [toast, reveal].into_iter().flatten().min()
    }

    /// Fills the panes of this size: list rows, details cells. Called before each picture.
    pub fn prepare(&mut self, rows: usize, details: Option<(u16, usize)>, now: Instant) {
        self.table.set_height(rows);
        if self.revealed.is_some_and(|(_, until)| until <= now) {
            self.revealed = None;
        }
        let Some((width, height)) = details else { return };
        let document = match self.selected() {
            None => Document::default(),
            Some(case) => {
                let context = tabs::Context {
                    masking: &self.masking(now),
                    history: &self.history,
                    marked: self.last_mark.and_then(|id| self.history.get(id)),
                    symbols: &self.symbols,
                };
                tabs::document(self.details.tab(), case, &context)
            }
        };
        self.details.show(document, width, height);
    }
}

#[cfg(test)]
mod tests;
