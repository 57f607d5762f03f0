//! The screen's state. It knows no terminal, no colour and no clock: time comes as a parameter.
//!
//! Cases arrive through [`Model::apply`] and cost one filter match each; a new filter, view or fold
//! runs once over the history, in steps between which keys are taken. Drawing only reads.

mod ascending;
mod browse;
pub mod cells;
pub mod column;
pub mod details;
pub mod document;
pub mod filter_bar;
pub mod fitting;
mod handshake;
pub mod history;
pub mod line_edit;
mod listing;
mod marks;
mod moments;
pub mod overlay;
pub mod route;
pub mod rows;
#[cfg(test)]
pub mod samples;
pub mod summary;
pub mod table;
pub mod tabs;
mod trail;
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
    standing: Standing,
}

/// Where a view stands in its rows.
#[derive(Debug, Clone, Copy, Default)]
struct Standing {
    /// Id of an exchange in the selected row.
    selected: Option<u64>,
    following: table::Following,
}

/// The exchange that is being read.
#[derive(Debug, Clone)]
struct Reading {
    case: Arc<Case>,
    /// Whether it was jumped to from the details of another one: who leaves it is back there.
    jumped: bool,
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
    /// Cells of the list; none before the first picture, when all columns count as shown.
    width: Option<u16>,
    view: View,
    views: [Remembered; 5],
    fold: Fold,
    marks: BTreeSet<u64>,
    last_mark: Option<u64>,
    marked_only: bool,
    /// Legs behind a proxy that stand in the row of their outer leg.
    folded: HashSet<u64>,
    /// The rows that are about to replace those of the table.
    listing: Option<listing::Listing>,
    /// Rows that were replaced: their memory is used again.
    spare: table::Rows,
    /// An exchange of the row that the user selected last.
    chosen: Option<u64>,
    /// What is being read: it stays in the details until the selection is moved.
    reading: Option<Reading>,
    /// The way back from jumps, the latest last.
    trail: Vec<trail::Spot>,
    paused: Option<listing::Pause>,
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
            let standing = Standing { selected: None, following: table::Following::new(follow) };
            Remembered { sort, reverse, column: 0, standing }
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
            width: None,
            view: settings.view,
            views,
            fold: Fold::Repeats,
            marks: BTreeSet::new(),
            last_mark: None,
            marked_only: false,
            folded: HashSet::default(),
            listing: None,
            spare: table::Rows::default(),
            chosen: None,
            reading: None,
            trail: Vec::new(),
            paused: None,
            revealed: None,
            toast: None,
            masking: settings.masking,
            values: ValuesSeen::default(),
        };
        model.table.restart(model.remembered().standing.following);
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

    /// The columns of the view that have room in the list, by their places.
    fn shown_columns(&self) -> Vec<usize> {
        let columns = self.view.columns();
        match self.width {
            None => (0..columns.len()).collect(),
            Some(width) => fitting::columns(columns, width).iter().map(|one| one.index).collect(),
        }
    }

    /// Whether there is room for the column that the rows are sorted by.
    pub fn shows_sort(&self) -> bool {
        let columns = self.view.columns();
        self.shown_columns().into_iter().any(|at| columns[at] == self.sort())
    }

    /// Tells how wide the list is.
    pub fn set_width(&mut self, width: u16) {
        self.width = Some(width);
    }

    /// The column of the selected cell; its neighbour while there is no room for it.
    pub fn column(&self) -> usize {
        let (wanted, shown) = (self.remembered().column, self.shown_columns());
        shown.iter().rev().find(|at| **at <= wanted).or(shown.first()).copied().unwrap_or(0)
    }

    /// How rows are folded.
    pub fn fold(&self) -> Fold {
        self.fold
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

    /// Ways to go on with the filter being typed, best first.
    pub fn completions(&self) -> Vec<Completion> {
        self.filter.completions(&self.values)
    }

    /// Puts the next completion into the filter being typed. Returns whether another one is in force.
    pub fn complete(&mut self, forward: bool) -> bool {
        self.filter.complete(forward, &self.values)
    }
}

#[cfg(test)]
mod tests;
