//! Turns keys and mouse into changes of the model, and into effects that reach outside.

mod lines;
mod mouse;
mod overlays;

use std::time::{Duration, Instant};

use crossterm::event::{Event, KeyCode, KeyEvent, KeyEventKind, KeyModifiers};
use ratatui::layout::Rect;

use super::keys::{Action, KeyMap};
use super::model::line_edit::LineEdit;
use super::model::overlay::{Overlay, Prompt, PromptKind, Question};
use super::model::{Model, Pane, Role, Tab, View};
use super::view::layout::Areas;
use super::{copying, exporting};

/// How long a new listing goes on before keys are looked at again.
const LISTING: Duration = Duration::from_millis(6);

/// Exchanges that are looked at between two looks at the clock.
const LISTING_STEP: usize = 1024;

const FOLLOWS_TIME: &str = "New rows are followed only while they are sorted by time.";

/// What the loop must do for the app.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Effect {
    /// Leave.
    Quit,
    /// Paint everything anew.
    Redraw,
    /// Give the terminal back to the shell until it lets the program go on.
    Suspend,
    /// Put this into the clipboard; the words say what it is.
    Copy(String, &'static str),
    /// The display filter is another one: the session keeps what it matches.
    Matching,
    /// Open the interface picker.
    ListInterfaces,
    /// Capture on these interfaces.
    Interfaces(Vec<String>),
    /// Capture under this filter.
    CaptureFilter(String),
    /// Write this to a file of this name.
    Save(String, exporting::Choice),
}

/// The model, the keys, and where the panes stand.
#[derive(Debug)]
pub struct App {
    /// The state.
    pub model: Model,
    /// The keys.
    pub keys: KeyMap,
    /// Where the panes stand in the last picture.
    pub areas: Areas,
    effects: Vec<Effect>,
}

impl App {
    /// With nothing drawn yet.
    pub fn new(model: Model, keys: KeyMap) -> Self {
        Self { model, keys, areas: Areas::default(), effects: Vec::new() }
    }

    /// What is to be done since the last call.
    pub fn take_effects(&mut self) -> Vec<Effect> {
        std::mem::take(&mut self.effects)
    }

    /// Goes on with a new listing, for a moment. Returns whether it is done now.
    pub fn go_on_listing(&mut self) -> bool {
        let start = Instant::now();
        while self.model.go_on_listing(LISTING_STEP) {
            if start.elapsed() >= LISTING {
                return false;
            }
        }
        true
    }

    /// Fits everything to a terminal of this size. Called before each picture.
    pub fn prepare(&mut self, whole: Rect, now: Instant) {
        self.go_on_listing();
        self.areas = Areas::new(whole, &self.model);
        if self.areas.details.is_none() {
            self.model.pane = Pane::List;
        } else if self.areas.list.is_none() {
            self.model.pane = Pane::Details;
        }
        if let Some(list) = self.areas.list {
            self.model.set_width(list.width);
        }
        self.model.prepare(self.areas.rows(), self.areas.text(), now);
    }

    /// Takes what the terminal says. Returns whether the picture may have changed.
    pub fn event(&mut self, event: &Event, now: Instant) -> bool {
        match event {
            Event::Key(key) if key.kind != KeyEventKind::Release => self.key(*key, now),
            Event::Mouse(mouse) => return self.mouse(*mouse, now),
            Event::Paste(text) => self.paste(text),
            Event::Resize(_, _) => {}
            _ => return false,
        }
        true
    }

    fn key(&mut self, key: KeyEvent, now: Instant) {
        // Ctrl-C leaves at once, whatever is open.
        if key.code == KeyCode::Char('c') && key.modifiers == KeyModifiers::CONTROL {
            self.effects.push(Effect::Quit);
        } else if self.model.overlay.is_some() {
            self.overlay_key(key, now);
        } else if self.model.searching.is_some() {
            self.search_key(key);
        } else if self.model.filter.editing().is_some() {
            self.filter_key(key);
        } else if let Some(action) = self.keys.action(key) {
            // Esc pressed once too often must not end a capture.
            if action == Action::Back && key.code == KeyCode::Esc {
                if !self.close() {
                    self.model.say("Nothing is open; q leaves.", Role::Muted, now);
                }
            } else {
                self.perform(action, now);
            }
        }
        // A command is about the row that it was begun on, whatever comes while it is typed.
        let typed = self.model.overlay.as_ref().is_some_and(Overlay::is_command);
        self.model.table.set_still(typed);
    }

    /// Does what an action says.
    pub fn perform(&mut self, action: Action, now: Instant) {
        if action.needs_details() && !self.model.view().lists_exchanges() {
            let open = self.keys.shown(Action::Open);
            let words =
                format!("Details are those of an exchange: {open} lists those of this row.");
            self.model.say(words, Role::Muted, now);
            return;
        }
        match action {
            Action::Quit => self.effects.push(Effect::Quit),
            Action::Back => {
                if !self.close() {
                    self.effects.push(Effect::Quit);
                }
            }
            Action::Redraw => self.effects.push(Effect::Redraw),
            Action::Suspend => self.effects.push(Effect::Suspend),
            Action::Help => self.model.overlay = Some(Overlay::Help { scroll: 0 }),
            Action::Open => self.open(now),
            Action::NextPane | Action::PreviousPane => self.other_pane(),
            Action::Refusals => self.model.show_view(View::Refusals),
            Action::Exchanges => self.model.show_view(View::Exchanges),
            Action::Endpoints => self.model.show_view(View::Endpoints),
            Action::Clients => self.model.show_view(View::Clients),
            Action::Flows => self.model.show_view(View::Flows),
            Action::Filter => self.model.filter.edit(),
            Action::ToggleFilter => {
                self.model.filter.toggle();
                self.filter_changed();
            }
            Action::FilterByCell | Action::ExcludeCell => {
                let changed = self.model.filter_by_cell(action == Action::ExcludeCell);
                self.report(changed, now);
                self.effects.push(Effect::Matching);
            }
            Action::Maximise => self.model.maximised = !self.model.maximised,
            Action::Layout => {
                self.model.place = self.model.place.next();
                let words = format!("Details {}.", self.model.place.name());
                self.model.say(words, Role::Text, now);
            }
            Action::Clear => self.model.overlay = Some(Overlay::Confirm(Question::Clear)),
            Action::Command => {
                self.model.overlay = Some(Overlay::Prompt(Prompt::new(PromptKind::Command, "")));
            }
            Action::CaptureFilter => {
                let now = self.model.status.as_ref().map_or("", |status| &status.bpf);
                let prompt = Prompt::new(PromptKind::CaptureFilter, now);
                self.model.overlay = Some(Overlay::Prompt(prompt));
            }
            Action::Interfaces => self.effects.push(Effect::ListInterfaces),
            Action::Copy => {
                self.model.overlay = copying::menu(&self.model).map(Overlay::Menu);
            }
            Action::Export => {
                self.model.finish_listing();
                self.model.overlay = Some(Overlay::Menu(exporting::menu(&self.model)));
            }
            _ => self.perform_on_rows(action, now),
        }
    }

    fn perform_on_rows(&mut self, action: Action, now: Instant) {
        let page = match self.model.pane {
            Pane::List => self.model.table.height(),
            Pane::Details => self.model.details.height(),
        };
        let page = page.saturating_sub(1).max(1) as isize;
        match action {
            Action::Down => self.step(1),
            Action::Up => self.step(-1),
            Action::PageDown => self.step(page),
            Action::PageUp => self.step(-page),
            Action::Top => self.step(isize::MIN / 2),
            Action::Bottom => self.step(isize::MAX / 2),
            Action::Left | Action::Right => match self.model.pane {
                Pane::List => self.model.move_column(action == Action::Right),
                Pane::Details => self.turn_tab(action == Action::Right),
            },
            Action::NextTab => self.turn_tab(true),
            Action::PreviousTab => self.turn_tab(false),
            Action::Search | Action::SearchNext | Action::SearchPrevious
                if self.areas.details.is_none() =>
            {
                let open = self.keys.shown(Action::Open);
                let words = format!("A search is in the details: {open} opens them.");
                self.model.say(words, Role::Muted, now);
            }
            Action::Search => {
                self.model.hold();
                self.model.searching = Some(LineEdit::new(self.model.details.needle()));
            }
            Action::SearchNext | Action::SearchPrevious => {
                self.model.hold();
                let found = self.model.details.next_match(action == Action::SearchNext);
                self.report(found, now);
            }
            Action::Follow => {
                let done = self.model.set_follow(!self.model.table.is_following());
                self.report(done.then_some(()).ok_or(FOLLOWS_TIME.into()), now);
            }
            Action::Pause => self.model.toggle_pause(),
            Action::SortHere => self.sort(now, Model::sort_here),
            Action::SortReverse => self.model.reverse(),
            Action::SortNext => self.sort(now, |model| model.sort_beside(true)),
            Action::SortPrevious => self.sort(now, |model| model.sort_beside(false)),
            Action::Mark => {
                if let count @ 2.. = self.model.toggle_mark() {
                    let words = format!("Marked: the {count} exchanges of this row.");
                    self.model.say(words, Role::Text, now);
                }
            }
            Action::MarkedOnly => {
                self.model.toggle_marked_only();
            }
            Action::Fold => {
                let words = format!("Fold: {}.", self.model.next_fold().name());
                self.model.say(words, Role::Text, now);
            }
            Action::Why => self.show_tab(Tab::Why),
            Action::Diff => self.show_tab(Tab::Diff),
            Action::NextCause | Action::PreviousCause => {
                let found = self.model.next_cause(action == Action::NextCause);
                self.report(found.then_some(()).ok_or("No row with another cause.".into()), now);
            }
            Action::Related => {
                if self.model.next_related().is_some_and(|id| self.model.go_to(id)) {
                    self.effects.push(Effect::Matching);
                } else {
                    self.model.say("No related exchange is kept.", Role::Muted, now);
                }
            }
            Action::Reveal => self.reveal(now),
            _ => {}
        }
    }

    fn step(&mut self, by: isize) {
        match self.model.pane {
            Pane::List => self.model.step(by),
            Pane::Details => self.scroll(by),
        }
    }

    /// Scrolls the details: what is read stays there.
    fn scroll(&mut self, by: isize) {
        self.model.hold();
        self.model.details.step(by);
    }

    /// Sorts; who followed is told where that ends.
    fn sort(&mut self, now: Instant, sort: impl FnOnce(&mut Model)) {
        let followed = self.model.table.is_following();
        sort(&mut self.model);
        if followed && !self.model.table.is_following() {
            self.model.say(FOLLOWS_TIME, Role::Text, now);
        }
    }

    fn turn_tab(&mut self, right: bool) {
        let tab = self.model.details.tab().turned(right);
        self.model.details.set_tab(tab);
    }

    /// Shows a tab of the selected row, wherever the details stand.
    fn show_tab(&mut self, tab: Tab) {
        if self.model.view().lists_exchanges() {
            self.model.details.set_tab(tab);
            self.model.open_details();
        }
    }

    fn open(&mut self, now: Instant) {
        if !self.model.view().lists_exchanges() {
            let opened = self.model.drill_down();
            self.report(opened, now);
            self.effects.push(Effect::Matching);
        } else if self.model.selected().is_some() {
            self.model.open_details();
        }
    }

    fn other_pane(&mut self) {
        match self.model.pane {
            Pane::List if self.model.view().lists_exchanges() => self.model.open_details(),
            _ => self.model.leave_details(),
        }
    }

    /// Closes what is open over or beside the list, else goes back to where a jump began. Whether there
    /// was anything to close or to go back to.
    fn close(&mut self) -> bool {
        let in_details = self.model.pane == Pane::Details || self.model.opened;
        if in_details && !self.model.is_jumped_to() {
            self.model.leave_details();
            return true;
        }
        if std::mem::take(&mut self.model.maximised) {
            return true;
        }
        let back = self.model.go_back();
        if back {
            self.effects.push(Effect::Matching);
        }
        back
    }

    fn reveal(&mut self, now: Instant) {
        self.model.reveal(now);
        let shown =
            self.model.revealed(now).and_then(|left| Some((self.model.selected()?.id(), left)));
        if let Some((id, left)) = shown {
            let words =
                format!("Secrets of #{id} are shown for {left} s, in copies too; * hides them.");
            self.model.say(words, Role::Warning, now);
        }
    }

    fn report(&mut self, result: Result<(), String>, now: Instant) {
        if let Err(words) = result {
            self.model.say(words, Role::Warning, now);
        }
    }

    fn filter_changed(&mut self) {
        self.model.begin_listing();
        self.effects.push(Effect::Matching);
    }
}
