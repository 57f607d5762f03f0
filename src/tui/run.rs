//! The loop: keys first, then what the session says, then at most one picture.

use std::collections::VecDeque;
use std::io::{self, BufWriter};
use std::path::{Path, PathBuf};
use std::pin::pin;
use std::time::{Duration, Instant};

use super::app::{App, Effect};
use super::exporting::{self, Choice};
use super::keyboard::Keyboard;
use super::keys::KeyMap;
use super::model::overlay::{Candidate, Picker};
use super::model::{Model, Overlay, Role, Settings, View};
use super::symbols::Symbols;
use super::terminal::{self, Screen};
use super::theme::{Theme, ThemeName};
use super::view::{self, Scene};
use crate::auth::masking::Masking;
use crate::capture::interfaces;
use crate::export::file;
use crate::filter::{Filter, FilterError};
use crate::session::{self, Change, Outcome, SessionHandle};

/// Between two pictures that traffic asks for: 30 a second.
const FRAME: Duration = Duration::from_millis(33);

/// Between two pictures that keys ask for: sooner than an eye can tell.
const KEY_FRAME: Duration = Duration::from_millis(8);

/// How long cases are taken before keys are looked at again.
const SLICE: Duration = Duration::from_millis(6);

/// Between two looks at the packet counters, while the interface picker is open.
const LOOK: Duration = Duration::from_millis(500);

/// How the screen is set up.
#[derive(Debug)]
pub struct UiOptions {
    /// Exchanges kept (`--history`).
    pub history: usize,
    /// The display filter (`--filter`); the view of the 401s when none was asked for.
    pub filter: Option<String>,
    /// Filters with names, from the configuration.
    pub named_filters: Vec<(String, String)>,
    /// How secrets are written (`--reveal`).
    pub masking: Masking,
    /// The theme.
    pub theme: ThemeName,
    /// Whether colours may be used: not with `NO_COLOR` or `--color never`.
    pub colour: bool,
    /// The shapes that may be drawn.
    pub symbols: Symbols,
    /// The keys.
    pub keys: KeyMap,
    /// Whether mouse events are taken.
    pub mouse: bool,
    /// Where the packets can be read again for an export, or why nowhere.
    pub packets: Result<PathBuf, &'static str>,
    /// Whether new rows are followed from the start: yes for a live capture, no for a file.
    pub follow: bool,
    /// Whether it can be started with `--user`: the demo cannot.
    pub takes_user: bool,
}

impl UiOptions {
    /// The defaults, for this locale.
    pub fn new(masking: Masking) -> Self {
        Self {
            history: crate::limits::Limits::default().history,
            filter: None,
            named_filters: Vec::new(),
            masking,
            theme: ThemeName::default(),
            colour: std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty()),
            symbols: Symbols::of_locale(|name| std::env::var(name).ok()),
            keys: KeyMap::default(),
            mouse: true,
            packets: Err("the packets were not kept"),
            follow: true,
            takes_user: true,
        }
    }
}

/// Why the screen could not be shown.
#[derive(Debug, thiserror::Error)]
pub enum UiError {
    /// The terminal does not do what a screen needs.
    #[error("the terminal cannot show the screen: {0}\n  use --text or --json")]
    Terminal(io::Error),
    /// The display filter does not compile.
    #[error("display filter: {0}")]
    Filter(#[from] FilterError),
}

// Not as its source, which would be said again behind the advice.
impl From<io::Error> for UiError {
    fn from(error: io::Error) -> Self {
        Self::Terminal(error)
    }
}

/// Shows the session until the user leaves, then ends it. `None`: the capture thread panicked.
///
/// # Errors
/// The terminal cannot be used, or the display filter does not compile.
pub fn run(mut session: SessionHandle, options: UiOptions) -> Result<Option<Outcome>, UiError> {
    let theme = Theme::new(options.theme, options.colour);
    let mut app = App::new(model(&options)?, options.keys);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let mut screen = Screen::enter(options.mouse)?;
    let exports = Exports { packets: options.packets, takes_user: options.takes_user };
    let shown = runtime.block_on(show(&mut screen, &mut app, &theme, &mut session, &exports));
    drop(screen);
    // First: what the capture still has to save it saves, whatever became of the screen.
    let outcome = session.finish();
    match shown {
        Err(error) if !terminal::is_gone(&error) => Err(error.into()),
        _ => Ok(outcome),
    }
}

fn model(options: &UiOptions) -> Result<Model, FilterError> {
    // The view of the refusals has the 407s, too.
    let (view, filter) = match options.filter.as_deref().map(str::trim) {
        None => (View::Refusals, ""),
        Some(filter @ "status:401") => (View::Refusals, filter),
        Some(filter) => (View::Exchanges, filter),
    };
    Model::new(Settings {
        history: options.history,
        filter: filter.to_owned(),
        named_filters: options.named_filters.clone(),
        view,
        follow: options.follow,
        masking: options.masking.clone(),
        symbols: options.symbols,
    })
}

/// What an export has to know of how the program was started.
#[derive(Debug)]
struct Exports {
    /// Where the packets can be read again, or why nowhere.
    packets: Result<PathBuf, &'static str>,
    takes_user: bool,
}

/// What makes the next picture due.
#[derive(Debug)]
struct Pace {
    drawn: Instant,
    /// The picture is out of date since traffic, or since a key.
    stale: bool,
    pressed: bool,
}

impl Pace {
    fn due(&self) -> Option<Instant> {
        match (self.pressed, self.stale) {
            (true, _) => Some(self.drawn + KEY_FRAME),
            (false, true) => Some(self.drawn + FRAME),
            (false, false) => None,
        }
    }

    /// When to look up again: for the next picture, for mail that waits, or for what the clock
    /// changes on the screen.
    fn wake(&self, mail: bool, ticks: [Option<Instant>; 2]) -> Option<Instant> {
        let mail = mail.then_some(self.drawn + FRAME);
        ticks.into_iter().chain([self.due(), mail]).flatten().min()
    }
}

async fn show(
    screen: &mut Screen,
    app: &mut App,
    theme: &Theme,
    session: &mut SessionHandle,
    exports: &Exports,
) -> io::Result<()> {
    let mut keys = Keyboard::open()?;
    let mut terminated = pin!(session::signals::terminated());
    let mut backlog = VecDeque::new();
    let mut mail = true;
    let mut looked = Instant::now();
    let started = Instant::now();
    let mut pace =
        Pace { drawn: started.checked_sub(FRAME).unwrap_or(started), stale: true, pressed: true };
    loop {
        let now = Instant::now();
        if pace.due().is_some_and(|due| due <= now) {
            draw(screen, app, theme, now)?;
            pace = Pace { drawn: now, stale: false, pressed: false };
        }
        let look =
            matches!(app.model.overlay, Some(Overlay::Interfaces(_))).then_some(looked + LOOK);
        let wake = pace.wake(mail, [app.model.next_tick(now), look]);
        let listing = app.model.listing().is_some();
        let busy = listing || !backlog.is_empty() || (mail && pace.drawn + FRAME <= now);
        tokio::select! {
            biased;
            _ = &mut terminated => return Ok(()),
            event = keys.next() => {
                let Some(event) = event else { return Ok(()) };
                pace.pressed |= app.event(&event?, Instant::now());
                // All that was pressed while the last picture was drawn.
                for event in keys.ready() {
                    pace.pressed |= app.event(&event?, Instant::now());
                }
                if perform(app, screen, session, exports)? {
                    return Ok(());
                }
            }
            () = std::future::ready(()), if busy => {
                pace.pressed |= listing && app.go_on_listing();
                if backlog.is_empty() {
                    let mut events = Vec::new();
                    session.drain(&mut events);
                    backlog.extend(events);
                    mail = false;
                }
                pace.stale |= take(app, &mut backlog);
            }
            () = session.changed(), if !mail => mail = true,
            () = sleep_until(wake) => {
                if let Some(Overlay::Interfaces(picker)) = &mut app.model.overlay
                    && looked.elapsed() >= LOOK
                {
                    picker.look(interfaces::packets);
                    looked = Instant::now();
                    pace.stale = true;
                }
                pace.stale |= app.model.next_tick(now).is_some_and(|tick| tick <= Instant::now());
                if let Some(words) = terminal::take_panic() {
                    app.model.say(words, Role::Alarm, Instant::now());
                    pace.stale = true;
                }
            }
        }
    }
}

async fn sleep_until(wake: Option<Instant>) {
    match wake {
        Some(wake) => tokio::time::sleep_until(wake.into()).await,
        None => std::future::pending().await,
    }
}

/// Takes waiting cases, for a moment. Returns whether the picture may have changed.
fn take(app: &mut App, backlog: &mut VecDeque<session::Event>) -> bool {
    let until = Instant::now() + SLICE;
    let (mut taken, mut news) = (0_u32, false);
    while let Some(event) = backlog.pop_front() {
        news |= app.model.apply(event);
        taken += 1;
        if taken.is_multiple_of(64) && Instant::now() >= until {
            break;
        }
    }
    news
}

fn draw(screen: &mut Screen, app: &mut App, theme: &Theme, now: Instant) -> io::Result<()> {
    let size = screen.terminal.size()?;
    app.prepare(ratatui::layout::Rect::new(0, 0, size.width, size.height), now);
    screen.terminal.draw(|frame| {
        let scene = Scene { model: &app.model, theme, keys: &app.keys, now };
        view::draw(frame, &app.areas, &scene);
    })?;
    Ok(())
}

/// Does what the app asks for. Returns whether to leave.
fn perform(
    app: &mut App,
    screen: &mut Screen,
    session: &mut SessionHandle,
    exports: &Exports,
) -> io::Result<bool> {
    for effect in app.take_effects() {
        let now = Instant::now();
        match effect {
            Effect::Quit => return Ok(true),
            Effect::Redraw => screen.redraw()?,
            Effect::Suspend => screen.suspend()?,
            Effect::Copy(text, what) => {
                terminal::copy(&text)?;
                app.model.say(format!("Copied: {what}."), Role::Good, now);
            }
            Effect::Matching => {
                let source = app.model.filter.active().map_or("status:401", Filter::source);
                if let Ok(filter) = Filter::parse(source) {
                    session.set_matching(filter);
                }
            }
            Effect::ListInterfaces => list_interfaces(app, now),
            Effect::Save(name, choice) => save(app, &name, choice, exports, now),
            Effect::Interfaces(names) => change(app, session, Change::Interfaces(names), now),
            Effect::CaptureFilter(text) => change(app, session, Change::Bpf(text), now),
        }
    }
    Ok(false)
}

/// Opens the interface picker.
fn list_interfaces(app: &mut App, now: Instant) {
    match interfaces::list() {
        Ok(list) => {
            let live = app.model.status.as_ref().filter(|status| status.live);
            let current: Vec<&str> = live.map_or_else(Vec::new, |s| s.source.split(", ").collect());
            let candidates = list.into_iter().map(|one| candidate(one, &current)).collect();
            let mut picker = Picker { candidates, at: 0, ticked: Vec::new(), error: None };
            picker.go_to(&current);
            picker.look(interfaces::packets);
            app.model.overlay = Some(Overlay::Interfaces(picker));
        }
        Err(error) => app.model.say(error.to_string(), Role::Warning, now),
    }
}

fn candidate(interface: interfaces::Interface, current: &[&str]) -> Candidate {
    let mut about: Vec<String> = interface.addresses.iter().map(ToString::to_string).collect();
    if current.contains(&&*interface.name) {
        about.insert(0, "captured on now".to_owned());
    }
    let allowed = interface.capture.is_ok();
    about.push(match interface.capture {
        Ok(link_type) => link_type,
        Err(reason) => format!("not allowed: {reason}"),
    });
    if !interface.up {
        about.push("down".to_owned());
    }
    Candidate {
        name: interface.name,
        about: about.join(", "),
        allowed,
        total: None,
        rates: Vec::new(),
    }
}

/// Writes a file that only its owner may read; an error stands where the name was asked for.
fn save(app: &mut App, name: &str, choice: Choice, exports: &Exports, now: Instant) {
    let Some(Overlay::Prompt(prompt)) = &app.model.overlay else { return };
    let path = Path::new(name);
    let packets = exports.packets.as_deref().map_err(|why| *why);
    let not_created = |error| not_created(&error, exports.takes_user);
    let saved = file::create(path).map_err(not_created).and_then(|created| {
        let mut out = BufWriter::new(created);
        let written =
            exporting::write(choice.form, &prompt.cases, &app.model, packets, &mut out, now);
        if written.is_err() {
            // What was begun helps nobody; if it stays, the message still says what happened.
            let _ = std::fs::remove_file(path);
        }
        written
    });
    match saved {
        Ok(()) => {
            let count = match prompt.cases.len() {
                1 => String::new(),
                count => format!("{count} exchanges, "),
            };
            app.model.overlay = None;
            let words = format!("Saved: {name}, {count}readable only by you.");
            app.model.say(words, Role::Good, now);
        }
        Err(error) => {
            if let Some(Overlay::Prompt(prompt)) = &mut app.model.overlay {
                prompt.error = Some(error);
            }
        }
    }
}

/// Why a file was not created, and what to do about it.
fn not_created(error: &io::Error, takes_user: bool) -> String {
    match error.kind() {
        io::ErrorKind::PermissionDenied if takes_user => {
            "no right to write there: start in another folder, or with --user root".to_owned()
        }
        io::ErrorKind::PermissionDenied => {
            "no right to write there: start in another folder".to_owned()
        }
        io::ErrorKind::AlreadyExists => {
            "a file of this name exists, and stays as it is: choose another name".to_owned()
        }
        // The number of an error says nothing to who reads its words.
        _ => {
            let words = error.to_string();
            words.split(" (os error").next().unwrap_or_default().to_lowercase()
        }
    }
}

/// Changes what is captured; an error stands where it was asked for.
fn change(app: &mut App, session: &mut SessionHandle, change: Change, now: Instant) {
    match session.change(change) {
        Ok(()) => {
            app.model.overlay = None;
            app.model.say("The capture goes on with the new setting.", Role::Good, now);
        }
        Err(error) => {
            let words = error.to_string();
            let words = words.lines().map(str::trim).collect::<Vec<_>>().join("; ");
            match &mut app.model.overlay {
                Some(Overlay::Interfaces(picker)) => picker.error = Some(words),
                Some(Overlay::Prompt(prompt)) => prompt.error = Some(words),
                _ => app.model.say(words, Role::Warning, now),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_filter_that_was_asked_for_is_in_force() {
        let key = crate::secret::FingerprintKey::from_bytes(&[1; 32]);
        let mut options = UiOptions::new(Masking::new(false, key));
        for (asked, view, source) in [
            (None, View::Refusals, ""),
            (Some("status:401"), View::Refusals, "status:401"),
            (Some("status:407"), View::Exchanges, "status:407"),
        ] {
            options.filter = asked.map(str::to_owned);
            let model = model(&options).unwrap();
            assert_eq!((model.view(), model.filter.source()), (view, source));
        }
    }

    #[test]
    fn why_a_file_was_not_created_is_said_in_words_and_with_advice_that_works() {
        let of =
            |kind: i32, takes_user| not_created(&io::Error::from_raw_os_error(kind), takes_user);
        assert!(of(13, true).ends_with("start in another folder, or with --user root"));
        assert!(of(13, false).ends_with("start in another folder"), "the demo has no --user");
        assert!(of(17, true).contains("exists"));
        for kind in [2, 17, 20, 28] {
            assert!(!of(kind, true).contains("os error"), "{}", of(kind, true));
        }
    }

    #[test]
    fn news_do_not_wait_for_a_message_to_go() {
        let now = Instant::now();
        let message_goes = Some(now + Duration::from_secs(5));
        let idle = Pace { drawn: now, stale: false, pressed: false };
        assert_eq!(idle.wake(true, [message_goes, None]), Some(now + FRAME));
        assert_eq!(idle.wake(false, [message_goes, None]), message_goes);
        assert_eq!(idle.wake(false, [None, None]), None);
        let stale = Pace { stale: true, ..idle };
        assert_eq!(stale.wake(false, [message_goes, None]), Some(now + FRAME));
    }
}
