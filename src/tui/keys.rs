//! The key table: one list of actions with their keys and descriptions, from which dispatch, help,
//! footer hints and the documentation are made.
//!
//! The defaults are what fingers know from vim, less, mitmproxy, termshark, lazygit and htop.

use std::collections::{BTreeMap, HashMap};
use std::fmt::Write as _;

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

/// What a key can ask for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[allow(missing_docs, reason = "each is described in the table, which the help shows")]
pub enum Action {
    Down,
    Up,
    Left,
    Right,
    PageDown,
    PageUp,
    Top,
    Bottom,
    Open,
    Back,
    Quit,
    NextPane,
    PreviousPane,
    Refusals,
    Exchanges,
    Endpoints,
    Clients,
    Flows,
    NextTab,
    PreviousTab,
    Filter,
    ToggleFilter,
    FilterByCell,
    ExcludeCell,
    Search,
    SearchNext,
    SearchPrevious,
    Follow,
    Pause,
    SortNext,
    SortPrevious,
    SortHere,
    SortReverse,
    Mark,
    MarkedOnly,
    Fold,
    Why,
    Diff,
    NextCause,
    PreviousCause,
    Related,
    Copy,
    Export,
    Reveal,
    Interfaces,
    CaptureFilter,
    Maximise,
    Layout,
    Clear,
    Command,
    Help,
    Redraw,
    Suspend,
}

impl Action {
    /// Whether it is about the details, which only the lists of exchanges have.
    pub const fn needs_details(self) -> bool {
        matches!(
            self,
            Self::NextPane
                | Self::PreviousPane
                | Self::Why
                | Self::Diff
                | Self::Search
                | Self::SearchNext
                | Self::SearchPrevious
        )
    }
}

/// Under which heading the help lists an action.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Group {
    /// Getting around.
    Move,
    /// Views, panes, tabs.
    Views,
    /// What is listed.
    Filter,
    /// What happens to a row.
    Row,
    /// The session.
    Session,
}

impl Group {
    /// All, in the order of the help.
    pub const ALL: [Self; 5] = [Self::Move, Self::Views, Self::Filter, Self::Row, Self::Session];

    /// Heading.
    pub const fn title(self) -> &'static str {
        match self {
            Self::Move => "Move",
            Self::Views => "Views and panes",
            Self::Filter => "Filter, search, sort",
            Self::Row => "The selected row",
            Self::Session => "Session",
        }
    }
}

/// Where an action makes sense; decides which hints the footer offers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Context {
    /// Everywhere.
    Anywhere,
    /// On a list.
    List,
    /// In the details.
    Details,
}

/// One line of the table.
#[derive(Debug, Clone, Copy)]
pub struct Binding {
    /// What it does.
    pub action: Action,
    /// Its name in the configuration and on the command line (`:`).
    pub name: &'static str,
    /// Default keys, the one to show first.
    pub keys: &'static [&'static str],
    /// For the help.
    pub help: &'static str,
    /// For the footer, where it is offered.
    pub hint: Option<&'static str>,
    /// Where it makes sense.
    pub context: Context,
    /// Heading in the help.
    pub group: Group,
}

const fn binding(
    action: Action,
    name: &'static str,
    keys: &'static [&'static str],
    help: &'static str,
    hint: Option<&'static str>,
    context: Context,
    group: Group,
) -> Binding {
    Binding { action, name, keys, help, hint, context, group }
}

use self::Context::{Anywhere, Details, List};

/// The table. Footer hints keep its order, so what matters most stands first in each group.
#[rustfmt::skip]
pub const TABLE: &[Binding] = &[
    binding(Action::Open, "open", &["enter"], "open the row: its details, or what is behind it", Some("open"), List, Group::Move),
    binding(Action::Back, "back", &["esc", "q"], "close what is open, go back from a jump; at the list, q quits", Some("back"), Details, Group::Move),
    binding(Action::Down, "down", &["j", "down"], "one row or line down", None, Anywhere, Group::Move),
    binding(Action::Up, "up", &["k", "up"], "one row or line up; stops following", None, Anywhere, Group::Move),
    binding(Action::Left, "left", &["h", "left"], "cell to the left; in details the tab before", None, Anywhere, Group::Move),
    binding(Action::Right, "right", &["l", "right"], "cell to the right; in details the next tab", None, Anywhere, Group::Move),
    binding(Action::PageDown, "page-down", &["ctrl-f", "pagedown", "ctrl-d"], "a page down", None, Anywhere, Group::Move),
    binding(Action::PageUp, "page-up", &["ctrl-b", "pageup", "ctrl-u"], "a page up", None, Anywhere, Group::Move),
    binding(Action::Top, "top", &["g", "home"], "first row or line", None, Anywhere, Group::Move),
    binding(Action::Bottom, "bottom", &["G", "end"], "last row or line; resumes following, by time", None, Anywhere, Group::Move),
    binding(Action::NextCause, "next-cause", &["c"], "next row with another cause", None, List, Group::Move),
    binding(Action::PreviousCause, "previous-cause", &["C"], "previous row with another cause", None, List, Group::Move),
    binding(Action::Related, "related", &["r"], "jump to a related exchange: the retry, the success, the other hop", Some("related"), Details, Group::Move),

    binding(Action::Filter, "filter", &["/", "f", "f4"], "edit the display filter", Some("filter"), Anywhere, Group::Filter),
    binding(Action::ToggleFilter, "toggle-filter", &["!"], "display filter on or off", None, List, Group::Filter),
    binding(Action::FilterByCell, "filter-by-cell", &["+"], "show only rows with this cell's value", Some("filter by cell"), List, Group::Filter),
    binding(Action::ExcludeCell, "exclude-cell", &["-"], "hide rows with this cell's value", None, List, Group::Filter),
    binding(Action::Search, "search", &["ctrl-s", "f3"], "search in the details", Some("search"), Details, Group::Filter),
    binding(Action::SearchNext, "search-next", &["n"], "next match", None, Details, Group::Filter),
    binding(Action::SearchPrevious, "search-previous", &["N"], "previous match", None, Details, Group::Filter),
    binding(Action::SortHere, "sort-here", &["s", "f6"], "sort by the column of the selected cell", Some("sort"), List, Group::Filter),
    binding(Action::SortReverse, "sort-reverse", &["S"], "reverse the sort", None, List, Group::Filter),
    binding(Action::SortPrevious, "sort-previous", &["<"], "sort by the column before", None, List, Group::Filter),
    binding(Action::SortNext, "sort-next", &[">"], "sort by the next column", None, List, Group::Filter),
    binding(Action::Fold, "fold", &["a"], "fold rows: repeats, endpoint, credential, cause, not at all", None, List, Group::Filter),
    binding(Action::MarkedOnly, "marked-only", &["M"], "show marked rows only", None, List, Group::Filter),

    binding(Action::Refusals, "view-401s", &["1"], "the 401s (and 407s)", None, Anywhere, Group::Views),
    binding(Action::Exchanges, "view-exchanges", &["2"], "all exchanges", None, Anywhere, Group::Views),
    binding(Action::Endpoints, "view-endpoints", &["3"], "endpoints: host and route", None, Anywhere, Group::Views),
    binding(Action::Clients, "view-clients", &["4"], "clients: who fails, how often, with what", None, Anywhere, Group::Views),
    binding(Action::Flows, "view-flows", &["5"], "connections and their health", None, Anywhere, Group::Views),
    binding(Action::NextPane, "next-pane", &["tab"], "other pane", Some("pane"), Anywhere, Group::Views),
    binding(Action::PreviousPane, "previous-pane", &["shift-tab"], "other pane, backwards", None, Anywhere, Group::Views),
    binding(Action::NextTab, "next-tab", &["]"], "next details tab", Some("tab"), Details, Group::Views),
    binding(Action::PreviousTab, "previous-tab", &["["], "previous details tab", None, Anywhere, Group::Views),
    binding(Action::Maximise, "maximise", &["\\"], "this pane alone, and back", None, Anywhere, Group::Views),
    binding(Action::Layout, "layout", &["="], "details: where there is room, right, below, only when opened", None, Anywhere, Group::Views),

    binding(Action::Why, "why", &["w"], "why it was refused, in full", Some("why"), List, Group::Row),
    binding(Action::Diff, "diff", &["d"], "compare with the nearest success or the marked row", Some("diff"), Anywhere, Group::Row),
    binding(Action::Copy, "copy", &["y"], "copy: curl, URL, header, diagnosis, JSON", Some("copy"), Anywhere, Group::Row),
    binding(Action::Export, "export", &["x", "f2"], "export: the row, the marks, or all that is shown", Some("export"), Anywhere, Group::Row),
    binding(Action::Mark, "mark", &["space", "m"], "mark or unmark the row, with all exchanges in it", None, List, Group::Row),
    binding(Action::Reveal, "reveal", &["*"], "show the secrets of this exchange, and of no other, for ten seconds", None, Anywhere, Group::Row),

    binding(Action::Follow, "follow", &["F"], "follow new rows, while they are sorted by time", Some("follow"), List, Group::Session),
    binding(Action::Pause, "pause", &["p"], "pause the display; the capture goes on", Some("pause"), List, Group::Session),
    binding(Action::Interfaces, "interfaces", &["i"], "choose the interface to capture on", None, Anywhere, Group::Session),
    binding(Action::CaptureFilter, "capture-filter", &["b"], "edit the capture filter (BPF)", None, Anywhere, Group::Session),
    binding(Action::Clear, "clear", &["z"], "forget all rows; asks first", None, List, Group::Session),
    binding(Action::Command, "command", &[":"], "run an action by name", None, Anywhere, Group::Session),
    binding(Action::Redraw, "redraw", &["ctrl-l"], "paint the screen anew", None, Anywhere, Group::Session),
    binding(Action::Suspend, "suspend", &["ctrl-z"], "back to the shell; `fg` returns", None, Anywhere, Group::Session),
    binding(Action::Help, "help", &["?", "f1"], "this help", Some("help"), Anywhere, Group::Session),
    binding(Action::Quit, "quit", &["Q", "f10", "ctrl-c"], "leave", Some("quit"), Anywhere, Group::Session),
];

/// One key press, in the one form in which it is compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Chord {
    code: KeyCode,
    modifiers: KeyModifiers,
}

impl Chord {
    /// From a terminal's key event. The letter already tells whether shift was held.
    pub fn of(event: KeyEvent) -> Self {
        let mut modifiers =
            event.modifiers & (KeyModifiers::CONTROL | KeyModifiers::ALT | KeyModifiers::SHIFT);
        let code = match event.code {
            KeyCode::Char(c) => {
                modifiers -= KeyModifiers::SHIFT;
                KeyCode::Char(if modifiers.contains(KeyModifiers::CONTROL) {
                    c.to_ascii_lowercase()
                } else {
                    c
                })
            }
            KeyCode::BackTab => {
                modifiers |= KeyModifiers::SHIFT;
                KeyCode::Tab
            }
            other => other,
        };
        Self { code, modifiers }
    }

    /// From its spelling: `j`, `G`, `ctrl-f`, `shift-tab`, `f10`, `space`, `pagedown`.
    pub fn parse(spelling: &str) -> Option<Self> {
        let mut rest = spelling;
        let mut modifiers = KeyModifiers::NONE;
        loop {
            let (modifier, tail) = if let Some(tail) = strip(rest, "ctrl-") {
                (KeyModifiers::CONTROL, tail)
            } else if let Some(tail) = strip(rest, "alt-") {
                (KeyModifiers::ALT, tail)
            } else if let Some(tail) = strip(rest, "shift-") {
                (KeyModifiers::SHIFT, tail)
            } else {
                break;
            };
            modifiers |= modifier;
            rest = tail;
        }
        let mut characters = rest.chars();
        let code = match (characters.next(), characters.next()) {
            (Some(c), None) => KeyCode::Char(c),
            _ => named_key(&rest.to_ascii_lowercase())?,
        };
        Some(Self::of(KeyEvent::new(code, modifiers)))
    }

    /// How it is written in help and hints.
    pub fn spelling(self) -> String {
        let mut out = String::new();
        if self.modifiers.contains(KeyModifiers::CONTROL) {
            out.push('^');
        }
        if self.modifiers.contains(KeyModifiers::ALT) {
            out.push_str("M-");
        }
        if self.modifiers.contains(KeyModifiers::SHIFT) {
            out.push_str("S-");
        }
        match self.code {
            KeyCode::Char(' ') => out.push_str("Space"),
            KeyCode::Char(c) if out.starts_with('^') => out.push(c.to_ascii_uppercase()),
            KeyCode::Char(c) => out.push(c),
            KeyCode::F(number) => return format!("{out}F{number}"),
            KeyCode::PageDown => out.push_str("PgDn"),
            KeyCode::PageUp => out.push_str("PgUp"),
            other => return format!("{out}{other:?}"),
        }
        out
    }
}

/// What follows `prefix`, unless that is nothing.
fn strip<'a>(text: &'a str, prefix: &str) -> Option<&'a str> {
    let (head, tail) = text.split_at_checked(prefix.len())?;
    (head.eq_ignore_ascii_case(prefix) && !tail.is_empty()).then_some(tail)
}

fn named_key(name: &str) -> Option<KeyCode> {
    Some(match name {
        "enter" | "return" => KeyCode::Enter,
        "esc" | "escape" => KeyCode::Esc,
        "tab" => KeyCode::Tab,
        "space" => KeyCode::Char(' '),
        "backspace" => KeyCode::Backspace,
        "delete" | "del" => KeyCode::Delete,
        "insert" | "ins" => KeyCode::Insert,
        "up" => KeyCode::Up,
        "down" => KeyCode::Down,
        "left" => KeyCode::Left,
        "right" => KeyCode::Right,
        "home" => KeyCode::Home,
        "end" => KeyCode::End,
        "pageup" | "pgup" => KeyCode::PageUp,
        "pagedown" | "pgdn" => KeyCode::PageDown,
        _ => {
            let number: u8 = name.strip_prefix('f')?.parse().ok()?;
            (1..=24).contains(&number).then_some(KeyCode::F(number))?
        }
    })
}

/// Why a key configuration is not accepted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// No such action.
    #[error("no action named {0:?}; the names are listed by the help key")]
    UnknownAction(String),
    /// A key that cannot be read.
    #[error(
        "{action}: {key:?} is not a key; write for example \"j\", \"ctrl-f\", \"f5\", \"space\""
    )]
    UnknownKey {
        /// For which action.
        action: String,
        /// As written.
        key: String,
    },
    /// One key for two actions.
    #[error("{key:?} is bound to both {first:?} and {second:?}")]
    Conflict {
        /// The key.
        key: String,
        /// An action.
        first: &'static str,
        /// Another.
        second: &'static str,
    },
}

/// The keys in force.
#[derive(Debug, Clone)]
pub struct KeyMap {
    actions: HashMap<Chord, Action>,
    keys: BTreeMap<Action, Vec<Chord>>,
}

impl Default for KeyMap {
    fn default() -> Self {
        Self::collect(|_| None).unwrap_or(Self { actions: HashMap::new(), keys: BTreeMap::new() })
    }
}

impl KeyMap {
    /// The default keys, with those of the named actions replaced. A default key that is given to
    /// another action leaves its own.
    ///
    /// # Errors
    /// An unknown action or key, or one key given to two actions.
    pub fn with(overrides: &BTreeMap<String, Vec<String>>) -> Result<Self, KeyError> {
        if let Some(name) = overrides.keys().find(|name| find(name).is_none()) {
            return Err(KeyError::UnknownAction(name.clone()));
        }
        Self::collect(|binding| overrides.get(binding.name).map(Vec::as_slice))
    }

    fn collect<'a>(chosen: impl Fn(&Binding) -> Option<&'a [String]>) -> Result<Self, KeyError> {
        let mut map = Self { actions: HashMap::new(), keys: BTreeMap::new() };
        for binding in TABLE {
            for key in chosen(binding).unwrap_or_default() {
                let chord = Chord::parse(key).ok_or_else(|| KeyError::UnknownKey {
                    action: binding.name.to_owned(),
                    key: key.clone(),
                })?;
                if let Some(&other) = map.actions.get(&chord) {
                    return Err(KeyError::Conflict {
                        key: key.clone(),
                        first: describe(other).name,
                        second: binding.name,
                    });
                }
                map.add(chord, binding.action);
            }
        }
        for binding in TABLE.iter().filter(|binding| chosen(binding).is_none()) {
            for chord in binding.keys.iter().filter_map(|key| Chord::parse(key)) {
                if !map.actions.contains_key(&chord) {
                    map.add(chord, binding.action);
                }
            }
        }
        Ok(map)
    }

    fn add(&mut self, chord: Chord, action: Action) {
        self.actions.insert(chord, action);
        self.keys.entry(action).or_default().push(chord);
    }

    /// What this key asks for.
    pub fn action(&self, event: KeyEvent) -> Option<Action> {
        self.actions.get(&Chord::of(event)).copied()
    }

    /// The keys of an action, the one to show first.
    pub fn keys(&self, action: Action) -> &[Chord] {
        self.keys.get(&action).map_or(&[], Vec::as_slice)
    }

    /// The key to show for an action; empty when it has none.
    pub fn shown(&self, action: Action) -> String {
        self.keys(action).first().map_or_else(String::new, |chord| chord.spelling())
    }
}

/// The table's line of this name.
pub fn find(name: &str) -> Option<&'static Binding> {
    TABLE.iter().find(|binding| binding.name == name)
}

/// The table's line of an action.
pub fn describe(action: Action) -> &'static Binding {
    TABLE.iter().find(|binding| binding.action == action).unwrap_or(&TABLE[0])
}

/// The table as Markdown, for the documentation.
pub fn markdown() -> String {
    let map = KeyMap::default();
    let mut out = String::from(
        "# Keys\n\n\
         Made from the key table in `src/tui/keys.rs`, which the program's help (`?`) and the hints at \
         its foot read too. The names are for `[keys]` in the configuration \
         ([CONFIG.md](CONFIG.md)) and for the command line (`:`).\n\n",
    );
    for group in Group::ALL {
        out.push_str("## ");
        out.push_str(group.title());
        out.push_str("\n\n| key | action | name |\n| --- | --- | --- |\n");
        for binding in TABLE.iter().filter(|binding| binding.group == group) {
            let keys: Vec<String> = map
                .keys(binding.action)
                .iter()
                .map(|chord| format!("`{}`", chord.spelling().replace('|', "\\|")))
                .collect();
            let _ = writeln!(out, "| {} | {} | `{}` |", keys.join(" "), binding.help, binding.name);
        }
        out.push('\n');
    }
    out.truncate(out.trim_end().len() + 1);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn press(key: &str) -> KeyEvent {
        let chord = Chord::parse(key).unwrap();
        KeyEvent::new(chord.code, chord.modifiers)
    }

    #[test]
    fn every_default_key_is_readable_and_belongs_to_one_action() {
        let mut seen: HashMap<Chord, &str> = HashMap::new();
        for binding in TABLE {
            assert!(!binding.keys.is_empty(), "{} has no key", binding.name);
            for key in binding.keys {
                let chord = Chord::parse(key).unwrap_or_else(|| panic!("{key:?} is not a key"));
                if let Some(other) = seen.insert(chord, binding.name) {
                    panic!("{key:?} belongs to both {other} and {}", binding.name);
                }
            }
        }
    }

    #[test]
    fn names_are_unique_and_found() {
        for binding in TABLE {
            assert_eq!(find(binding.name).map(|found| found.action), Some(binding.action));
            assert_eq!(describe(binding.action).name, binding.name);
        }
    }

    #[test]
    fn the_terminal_s_spellings_of_one_key_are_one_key() {
        let map = KeyMap::default();
        assert_eq!(
            map.action(KeyEvent::new(KeyCode::Char('G'), KeyModifiers::SHIFT)),
            Some(Action::Bottom)
        );
        assert_eq!(
            map.action(KeyEvent::new(KeyCode::Char('G'), KeyModifiers::NONE)),
            Some(Action::Bottom)
        );
        assert_eq!(
            map.action(KeyEvent::new(KeyCode::BackTab, KeyModifiers::SHIFT)),
            Some(Action::PreviousPane)
        );
        assert_eq!(
            map.action(KeyEvent::new(KeyCode::Char('c'), KeyModifiers::CONTROL)),
            Some(Action::Quit)
        );
    }

    #[test]
    fn a_configured_key_replaces_the_defaults_and_takes_the_key_from_its_owner() {
        let overrides =
            BTreeMap::from([("clear".to_owned(), vec!["ctrl-k".to_owned(), "j".to_owned()])]);
        let map = KeyMap::with(&overrides).unwrap();
        assert_eq!(map.action(press("ctrl-k")), Some(Action::Clear));
        assert_eq!(map.action(press("j")), Some(Action::Clear));
        assert_eq!(map.action(press("z")), None);
        assert_eq!(map.action(press("down")), Some(Action::Down));
        assert_eq!(map.shown(Action::Clear), "^K");
    }

    #[test]
    fn a_bad_key_configuration_says_what_is_wrong() {
        let with = |name: &str, key: &str| {
            KeyMap::with(&BTreeMap::from([(name.to_owned(), vec![key.to_owned()])])).unwrap_err()
        };
        assert_eq!(with("fly", "j"), KeyError::UnknownAction("fly".into()));
        assert!(with("clear", "hyper-x").to_string().contains("hyper-x"));
        let both = BTreeMap::from([
            ("clear".to_owned(), vec!["f9".to_owned()]),
            ("mark".to_owned(), vec!["F9".to_owned()]),
        ]);
        assert!(matches!(KeyMap::with(&both), Err(KeyError::Conflict { .. })));
    }

    #[test]
    fn the_documentation_is_the_table() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/KEYS.md");
        if std::env::var_os("UPDATE_DOCS").is_some() {
            std::fs::write(path, markdown()).unwrap();
        }
        let written = std::fs::read_to_string(path).unwrap();
        assert_eq!(written, markdown(), "run: UPDATE_DOCS=1 cargo test --lib tui::keys");
        for binding in TABLE {
            assert!(written.contains(binding.help), "{} is not documented", binding.name);
        }
    }
}
