//! The screen's state. It knows no terminal, no colour and no clock: time comes as a parameter.
//!
//! Cases arrive through [`Model::apply`] and cost one filter match each; a new filter, view or fold
//! runs once over the history. Drawing only reads.

mod browse;
pub mod cells;
pub mod column;
pub mod details;
pub mod document;
pub mod filter_bar;
pub mod history;
pub mod line_edit;
mod moments;
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

use ahash::HashSet;

pub use cells::Cell;
pub use column::Column;
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
use crate::filter::{Completion, FilterError, ValuesSeen};
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
    /// Filters with names, from the configuration.
    pub named_filters: Vec<(String, String)>,
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
    /// Exchanges of the view that filter and marks hide.
    hidden: HashSet<u64>,
    /// An exchange of the row that the user selected last.
    chosen: Option<u64>,
    paused: Option<usize>,
    revealed: Option<(u64, Instant)>,
    toast: Option<Toast>,
    masking: Masking,
    values: ValuesSeen,
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
            filter: FilterBar::new(&settings.filter, settings.named_filters)?,
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
            hidden: HashSet::default(),
            chosen: None,
            paused: None,
            revealed: None,
            toast: None,
            masking: settings.masking,
            values: ValuesSeen::default(),
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
        let listed = self.table.exchanges();
        (listed + self.hidden.len(), listed)
    }

    /// While paused: how many cases came since.
    pub fn paused(&self) -> Option<usize> {
        self.paused
    }

    /// Takes what the session says. Returns whether that is anything new: on a silent wire it says
    /// the same again and again.
    pub fn apply(&mut self, event: Event) -> bool {
        match event {
            Event::Status(status) if self.status.as_ref() == Some(&status) => return false,
            Event::Status(status) => self.status = Some(status),
            Event::Case(case) => self.take(case),
        }
        true
    }

    fn take(&mut self, case: Arc<Case>) {
        let id = case.id();
        if self.history.get(id).is_none() {
            self.values.observe(&case);
        }
        if let Some(waiting) = &mut self.paused {
            *waiting += usize::from(self.history.get(id).is_none());
            self.history.insert(case);
        } else {
            self.unlist(id);
            self.history.insert(Arc::clone(&case));
            if self.history.get(id).is_some() {
                self.list(&case);
                self.fold_legs_into(&case);
            }
        }
        while let Some(gone) = self.history.evict() {
            self.unlist(gone.id());
            self.marks.remove(&gone.id());
        }
    }

    fn is_listed(&self, case: &Case) -> bool {
        (!self.marked_only || self.marks.contains(&case.id()))
            && self.filter.active().is_none_or(|filter| filter.matches(case))
    }

    /// A leg behind a proxy whose outer leg is listed says nothing that the outer one does not.
    fn is_folded_leg(&self, case: &Case) -> bool {
        let outer = case.verdict.as_ref().and_then(|verdict| verdict.leg_of);
        self.view == View::Refusals
            && self.fold == Fold::Repeats
            && outer
                .and_then(|outer| self.history.get(outer))
                .is_some_and(|outer| self.view.covers(outer) && self.is_listed(outer))
    }

    /// The inner legs of a case: their answers come first, so they were listed before it was.
    fn fold_legs_into(&mut self, case: &Case) {
        let related = case.verdict.as_ref().map(|verdict| &verdict.diagnosis.related);
        for &id in related.into_iter().flatten() {
            if self.history.get(id).is_some_and(|leg| self.is_folded_leg(leg)) {
                self.unlist(id);
            }
        }
    }

    fn list(&mut self, case: &Case) {
        if !self.view.covers(case) || self.is_folded_leg(case) {
            return;
        }
        if self.is_listed(case) {
            let group = self.grouping.of(self.view, self.fold, case);
            let (sort, history) = (self.remembered().sort, &self.history);
            self.table.add(group, case, |group| sort.sort_key(group, history));
        } else {
            self.hidden.insert(case.id());
        }
    }

    fn unlist(&mut self, id: u64) {
        let (sort, history) = (self.views[self.view as usize].sort, &self.history);
        if !self.table.remove(id, |group| sort.sort_key(group, history)) {
            self.hidden.remove(&id);
        }
    }

    /// Ways to go on with the filter being typed, best first.
    pub fn completions(&self) -> Vec<Completion> {
        self.filter.completions(&self.values)
    }

    /// Puts the next completion into the filter being typed. Returns whether another one is in force.
    pub fn complete(&mut self, forward: bool) -> bool {
        self.filter.complete(forward, &self.values)
    }

    /// Lists everything anew: after a change of view, filter, fold, sort or marks. The selection
    /// stays with the row that the user chose, also when a filter hid it for a while.
    pub fn relist(&mut self) {
        self.relist_with(self.preferred());
    }

    fn relist_with(&mut self, selected: Option<u64>) {
        let (view, fold) = (self.view, self.fold);
        let mut listed = Vec::new();
        self.hidden.clear();
        let mut hidden = std::mem::take(&mut self.hidden);
        let (all, refusals) = match view {
            View::Refusals => (None, Some(self.history.refusals())),
            _ => (Some(self.history.iter()), None),
        };
        for case in all.into_iter().flatten().chain(refusals.into_iter().flatten()) {
            if self.is_folded_leg(case) {
                continue;
            }
            if self.is_listed(case) {
                listed.push((self.grouping.of(view, fold, case), case.as_ref()));
            } else {
                hidden.insert(case.id());
            }
        }
        let selected = selected
            .and_then(|id| self.history.get(id))
            .map(|case| self.grouping.of(view, fold, case));
        let remembered = self.views[view as usize];
        let history = &self.history;
        self.table.set_reverse(remembered.reverse);
        self.table.rebuild(
            listed.into_iter(),
            |group| remembered.sort.sort_key(group, history),
            selected,
        );
        self.hidden = hidden;
    }
}

#[cfg(test)]
mod tests;
