//! Turns keys and mouse into changes of the model, and into effects that reach outside.

use std::time::{Duration, Instant};

use crossterm::event::{
    Event, KeyCode, KeyEvent, KeyEventKind, KeyModifiers, MouseButton, MouseEvent, MouseEventKind,
};
use ratatui::layout::{Position, Rect};

use super::keys::{self, Action, KeyMap};
use super::model::line_edit::LineEdit;
use super::model::overlay::{Menu, MenuKind, Overlay, Picker, Prompt, PromptKind, Question};
use super::model::{Model, Pane, Role, Tab, View};
use super::view::layout::Areas;
use super::view::{details, header, list, overlay};
use super::{copying, exporting, model};

/// How long a new listing goes on before keys are looked at again.
const LISTING: Duration = Duration::from_millis(6);

/// Exchanges that are looked at between two looks at the clock.
const LISTING_STEP: usize = 1024;

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
        self.model.prepare(self.areas.rows(), self.areas.text(), now);
    }

    /// Takes what the terminal says. Returns whether the picture may have changed.
    pub fn event(&mut self, event: &Event, now: Instant) -> bool {
        match event {
            Event::Key(key) if key.kind != KeyEventKind::Release => self.key(*key, now),
            Event::Mouse(mouse) => return self.mouse(*mouse),
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
    }

    /// Does what an action says.
    pub fn perform(&mut self, action: Action, now: Instant) {
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
                if let Some(case) = self.model.selected() {
                    let entries = copying::entries(case);
                    let menu = Menu::new(MenuKind::Copy, "Copy", entries);
                    self.model.overlay = Some(Overlay::Menu(menu));
                }
            }
            Action::Export => {
                self.model.finish_listing();
                let entries = exporting::entries(&self.model);
                self.model.overlay =
                    Some(Overlay::Menu(Menu::new(MenuKind::Export, "Export", entries)));
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
            Action::Search if self.areas.details.is_some() => {
                let line = LineEdit::new(self.model.details.needle());
                self.model.searching = Some(line);
            }
            Action::SearchNext => self.model.details.next_match(true),
            Action::SearchPrevious => self.model.details.next_match(false),
            Action::Follow => self.model.set_follow(!self.model.table.is_following()),
            Action::Pause => self.model.toggle_pause(),
            Action::SortHere => self.model.sort_here(),
            Action::SortReverse => self.model.reverse(),
            Action::SortNext => self.model.sort_beside(true),
            Action::SortPrevious => self.model.sort_beside(false),
            Action::Mark => self.model.toggle_mark(),
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
                let found = self.model.next_related().is_some_and(|id| self.model.go_to(id));
                if !found {
                    self.model.say("No related exchange is kept.", Role::Muted, now);
                }
            }
            Action::Reveal => self.model.reveal(now),
            _ => {}
        }
    }

    fn step(&mut self, by: isize) {
        match self.model.pane {
            Pane::List => self.model.step(by),
            Pane::Details => self.model.details.step(by),
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
            self.model.opened = true;
            self.model.pane = Pane::Details;
        }
    }

    fn open(&mut self, now: Instant) {
        if !self.model.view().lists_exchanges() {
            let opened = self.model.drill_down();
            self.report(opened, now);
            self.effects.push(Effect::Matching);
        } else if self.model.selected().is_some() {
            self.model.opened = true;
            self.model.pane = Pane::Details;
        }
    }

    fn other_pane(&mut self) {
        self.model.pane = match self.model.pane {
            Pane::List if self.model.view().lists_exchanges() => {
                self.model.opened = true;
                Pane::Details
            }
            _ => {
                self.model.opened = false;
                Pane::List
            }
        };
    }

    /// Closes what is open; at the list there is nothing left but to leave.
    /// Closes what is open over or beside the list. Whether anything was.
    fn close(&mut self) -> bool {
        if self.model.pane == Pane::Details || self.model.opened {
            self.model.opened = false;
            self.model.pane = Pane::List;
            return true;
        }
        std::mem::take(&mut self.model.maximised)
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

    fn filter_key(&mut self, key: KeyEvent) {
        let changed = match key.code {
            KeyCode::Enter => self.model.filter.accept(),
            KeyCode::Esc => self.model.filter.cancel(),
            KeyCode::Up => self.model.filter.recall(true),
            KeyCode::Down => self.model.filter.recall(false),
            KeyCode::Tab => self.model.complete(true),
            KeyCode::BackTab => self.model.complete(false),
            _ => self.model.filter.change(|line| edit(line, key)),
        };
        if changed {
            self.filter_changed();
        }
    }

    fn search_key(&mut self, key: KeyEvent) {
        let Some(line) = &mut self.model.searching else { return };
        match key.code {
            KeyCode::Enter => self.model.searching = None,
            KeyCode::Esc => {
                self.model.searching = None;
                self.model.details.search("");
            }
            _ => {
                edit(line, key);
                self.model.details.search(line.text());
            }
        }
    }

    fn paste(&mut self, text: &str) {
        if let Some(Overlay::Prompt(prompt)) = &mut self.model.overlay {
            prompt.line.paste(text);
        } else if let Some(line) = &mut self.model.searching {
            line.paste(text);
            self.model.details.search(line.text());
        } else if self.model.filter.change(|line| line.paste(text)) {
            self.filter_changed();
        }
    }

    fn overlay_key(&mut self, key: KeyEvent, now: Instant) {
        match self.model.overlay.take() {
            None => {}
            Some(Overlay::Help { scroll }) => self.help_key(scroll, key),
            Some(Overlay::Confirm(Question::Clear)) => match key.code {
                KeyCode::Char('y' | 'Y') => self.model.clear(),
                KeyCode::Char('n' | 'N' | 'q') | KeyCode::Esc => {}
                _ => self.model.overlay = Some(Overlay::Confirm(Question::Clear)),
            },
            Some(Overlay::Menu(menu)) => self.menu_key(menu, key, now),
            Some(Overlay::Interfaces(picker)) => self.picker_key(picker, key),
            Some(Overlay::Prompt(prompt)) => self.prompt_key(prompt, key, now),
        }
    }

    fn help_key(&mut self, scroll: usize, key: KeyEvent) {
        let page = isize::from(self.areas.whole.height as i16 / 2);
        let by = match self.keys.action(key) {
            Some(Action::Down) => 1,
            Some(Action::Up) => -1,
            Some(Action::PageDown) => page,
            Some(Action::PageUp) => -page,
            Some(Action::Top) => isize::MIN / 2,
            Some(Action::Bottom) => isize::MAX / 2,
            Some(Action::Back | Action::Help | Action::Quit | Action::Open) => return,
            _ => 0,
        };
        let lowest = overlay::help_lowest(self.areas.whole, &self.keys);
        let scroll = scroll.saturating_add_signed(by).min(lowest);
        self.model.overlay = Some(Overlay::Help { scroll });
    }

    fn menu_key(&mut self, mut menu: Menu, key: KeyEvent, now: Instant) {
        let picked = match (key.code, self.keys.action(key)) {
            (KeyCode::Char(c), _) if menu.find(c).is_some() => menu.find(c),
            (KeyCode::Enter, _) => Some(menu.at),
            (KeyCode::Esc, _) | (_, Some(Action::Back)) => return,
            (_, Some(Action::Down)) => {
                menu.step(true);
                None
            }
            (_, Some(Action::Up)) => {
                menu.step(false);
                None
            }
            _ => None,
        };
        match picked {
            Some(at) if menu.entries.get(at).is_some_and(|entry| entry.enabled) => {
                menu.at = at;
                self.pick(&menu, now);
            }
            _ => self.model.overlay = Some(Overlay::Menu(menu)),
        }
    }

    fn picker_key(&mut self, mut picker: Picker, key: KeyEvent) {
        match (key.code, self.keys.action(key)) {
            (KeyCode::Enter, _) => self.effects.push(Effect::Interfaces(picker.chosen())),
            (KeyCode::Esc, _) | (_, Some(Action::Back | Action::Interfaces)) => return,
            (_, Some(Action::Down)) => picker.step(true),
            (_, Some(Action::Up)) => picker.step(false),
            (_, Some(Action::Mark)) => picker.tick(),
            _ => {}
        }
        self.model.overlay = Some(Overlay::Interfaces(picker));
    }

    fn pick(&mut self, menu: &Menu, now: Instant) {
        match menu.kind {
            MenuKind::Copy => {
                let Some(case) = self.model.selected() else { return };
                let masking = self.model.masking(now);
                if let Some((text, what)) = copying::text(menu.at, case, &masking, &self.model) {
                    self.effects.push(Effect::Copy(text, what));
                }
            }
            MenuKind::Export => {
                let Some(choice) = exporting::choice(menu.at) else { return };
                let name = exporting::file_name(choice, &self.model);
                let prompt = Prompt::new(PromptKind::SaveAs(menu.at), name);
                self.model.overlay = Some(Overlay::Prompt(prompt));
            }
        }
    }

    fn prompt_key(&mut self, mut prompt: Prompt, key: KeyEvent, now: Instant) {
        match key.code {
            KeyCode::Esc => return,
            KeyCode::Enter => {
                let text = prompt.line.text().trim().to_owned();
                match prompt.kind {
                    PromptKind::CaptureFilter => {
                        self.model.overlay = Some(Overlay::Prompt(prompt));
                        self.effects.push(Effect::CaptureFilter(text));
                    }
                    PromptKind::SaveAs(at) => {
                        if let Some(choice) = exporting::choice(at).filter(|_| !text.is_empty()) {
                            self.model.overlay = Some(Overlay::Prompt(prompt));
                            self.effects.push(Effect::Save(text, choice));
                        }
                    }
                    PromptKind::Command => match self.run_command(&text, now) {
                        Ok(()) => {}
                        Err(error) => {
                            prompt.error = Some(error);
                            self.model.overlay = Some(Overlay::Prompt(prompt));
                        }
                    },
                }
                return;
            }
            KeyCode::Tab if prompt.kind == PromptKind::Command => {
                let typed = prompt.line.text().to_owned();
                if let Some(found) = keys::TABLE.iter().find(|known| known.name.starts_with(&typed))
                {
                    prompt.line.set(found.name);
                }
            }
            _ => edit(&mut prompt.line, key),
        }
        prompt.error = None;
        self.model.overlay = Some(Overlay::Prompt(prompt));
    }

    /// `:name of an action`, `:filter EXPRESSION`.
    fn run_command(&mut self, text: &str, now: Instant) -> Result<(), String> {
        let (name, rest) = text.split_once(' ').unwrap_or((text, ""));
        match (name, keys::find(name)) {
            ("", _) => Ok(()),
            ("filter", _) if !rest.is_empty() => {
                self.model.filter.choose(rest).map_err(|error| error.to_string())?;
                self.filter_changed();
                Ok(())
            }
            (_, Some(binding)) => {
                self.perform(binding.action, now);
                Ok(())
            }
            ("q" | "q!" | "exit", None) => {
                self.effects.push(Effect::Quit);
                Ok(())
            }
            _ => Err(format!("no action named {name:?}; Tab completes")),
        }
    }

    fn mouse(&mut self, mouse: MouseEvent) -> bool {
        let at = Position::new(mouse.column, mouse.row);
        let inside = |area: Option<Rect>| area.filter(|area| area.contains(at));
        if self.model.overlay.is_some() {
            return false;
        }
        match mouse.kind {
            MouseEventKind::ScrollDown | MouseEventKind::ScrollUp => {
                let by = if mouse.kind == MouseEventKind::ScrollDown { 3 } else { -3 };
                if inside(self.areas.details).is_some() {
                    self.model.details.step(by);
                } else {
                    self.model.step(by);
                }
                true
            }
            MouseEventKind::Down(MouseButton::Left) => {
                if let Some(area) = inside(self.areas.list) {
                    self.click_list(area, mouse);
                } else if let Some(area) = inside(self.areas.details) {
                    self.click_details(area, mouse);
                } else if self.areas.header.contains(at) {
                    self.click_header(mouse);
                }
                true
            }
            _ => false,
        }
    }

    fn click_list(&mut self, area: Rect, mouse: MouseEvent) {
        self.model.pane = Pane::List;
        let x = mouse.column - area.x;
        let shown = list::columns(self.model.view().columns(), area.width);
        let column = shown.iter().find(|column| (column.x..column.x + column.width).contains(&x));
        if let Some(column) = column {
            self.model.set_column(column.index);
        }
        if mouse.row == area.y {
            if column.is_some() {
                self.model.sort_here();
            }
            return;
        }
        let row = self.model.table.top() + usize::from(mouse.row - area.y - 1);
        if row < self.model.table.len() {
            let again = row == self.model.table.position();
            self.model.select(row);
            if again && self.areas.details.is_none() && self.model.view().lists_exchanges() {
                self.model.opened = true;
            }
        }
    }

    fn click_details(&mut self, area: Rect, mouse: MouseEvent) {
        self.model.pane = Pane::Details;
        let x = mouse.column - area.x;
        let tab = details::tab_spans(area.width)
            .into_iter()
            .find(|(_, at, width)| (*at..at + width).contains(&x));
        if let Some((tab, _, _)) = tab.filter(|_| mouse.row == area.y) {
            self.model.details.set_tab(tab);
        }
    }

    fn click_header(&mut self, mouse: MouseEvent) {
        let area = self.areas.header;
        let x = mouse.column - area.x;
        let tab = header::tab_spans(area.width)
            .into_iter()
            .find(|(_, at, width)| (*at..at + width).contains(&x));
        if let Some((view, _, _)) = tab.filter(|_| mouse.row + 1 == area.bottom()) {
            self.model.show_view(view);
        }
    }
}

/// Editing keys, as in a shell.
fn edit(line: &mut model::line_edit::LineEdit, key: KeyEvent) {
    let control = key.modifiers.contains(KeyModifiers::CONTROL);
    match key.code {
        KeyCode::Char('a') if control => line.home(),
        KeyCode::Char('e') if control => line.end(),
        KeyCode::Char('u') if control => line.delete_to_start(),
        KeyCode::Char('k') if control => line.delete_to_end(),
        KeyCode::Char('w') if control => line.delete_word(),
        KeyCode::Char('h') if control => line.backspace(),
        KeyCode::Char(c) if !control => line.insert(c),
        KeyCode::Backspace if key.modifiers.contains(KeyModifiers::ALT) => line.delete_word(),
        KeyCode::Backspace => line.backspace(),
        KeyCode::Delete => line.delete(),
        KeyCode::Left => line.left(),
        KeyCode::Right => line.right(),
        KeyCode::Home => line.home(),
        KeyCode::End => line.end(),
        _ => {}
    }
}
