//! Entering and leaving the screen. However the program ends, the terminal is as it was before.

use std::cell::Cell;
use std::ffi::OsStr;
use std::io::{self, Stdout, Write, stdout};
use std::mem::ManuallyDrop;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, Once, PoisonError};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use crossterm::event::{
    DisableBracketedPaste, DisableMouseCapture, EnableBracketedPaste, EnableMouseCapture,
};
use crossterm::terminal::{
    Clear, ClearType, EnterAlternateScreen, LeaveAlternateScreen, disable_raw_mode, enable_raw_mode,
};
use crossterm::{cursor, execute};
use ratatui::Terminal;
use ratatui::backend::CrosstermBackend;

/// Whether the terminal has to be put back.
static ENTERED: AtomicBool = AtomicBool::new(false);

thread_local! {
    /// Whether this is the thread that draws: only its panic ends the screen.
    static DRAWING: Cell<bool> = const { Cell::new(false) };
}

/// Where another thread panicked.
static PANICKED: Mutex<Option<String>> = Mutex::new(None);

static HOOK: Once = Once::new();

/// The screen; leaving is dropping it.
#[derive(Debug)]
pub struct Screen {
    /// What to draw on. Not dropped: it would complain on standard error about a terminal that is gone,
    /// and panic where that is the same one. [`leave`] does all that has to be done.
    pub terminal: ManuallyDrop<Terminal<CrosstermBackend<Stdout>>>,
    mouse: bool,
}

impl Screen {
    /// Enters the alternate screen and raw mode; with `mouse` takes mouse events too.
    ///
    /// # Errors
    /// Standard output is no terminal that can do this.
    pub fn enter(mouse: bool) -> io::Result<Self> {
        if cfg!(unix) && !has_screen(std::env::var_os("TERM").as_deref()) {
            return Err(io::Error::other("TERM is unset, or names one that has none"));
        }
        HOOK.call_once(install_hook);
        DRAWING.set(true);
        enable_raw_mode()?;
        ENTERED.store(true, Ordering::SeqCst);
        let entered = Self::prepare(mouse);
        if entered.is_err() {
            leave();
        }
        entered
    }

    fn prepare(mouse: bool) -> io::Result<Self> {
        show(mouse)?;
        let terminal = Terminal::new(CrosstermBackend::new(stdout()))?;
        Ok(Self { terminal: ManuallyDrop::new(terminal), mouse })
    }

    /// Has the next picture painted anew, whatever stands there.
    ///
    /// # Errors
    /// Standard output cannot be written.
    pub fn redraw(&mut self) -> io::Result<()> {
        // `Terminal::clear` asks the terminal for its cursor, and who reads the keys gets the answer.
        execute!(stdout(), Clear(ClearType::All))?;
        *self.terminal = Terminal::new(CrosstermBackend::new(stdout()))?;
        Ok(())
    }

    /// Gives the terminal back to the shell and stops, as Ctrl-Z does elsewhere. Returns when the shell
    /// lets the program go on. Meanwhile nothing is captured but what fits into the kernel's buffer.
    ///
    /// # Errors
    /// The terminal cannot be entered again.
    #[cfg(unix)]
    pub fn suspend(&mut self) -> io::Result<()> {
        leave();
        // The whole group, as the terminal would do it: sudo stops with its child.
        rustix::process::kill_current_process_group(rustix::process::Signal::TSTP)?;
        enable_raw_mode()?;
        ENTERED.store(true, Ordering::SeqCst);
        show(self.mouse)?;
        self.redraw()
    }

    /// There is no shell to go back to.
    ///
    /// # Errors
    /// None.
    #[cfg(not(unix))]
    #[allow(clippy::unused_self, clippy::unnecessary_wraps, reason = "the shape is that of Unix")]
    pub fn suspend(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Whether a terminal of this name takes the sequences that a screen is drawn with. Nobody knows of one
/// without a name.
fn has_screen(name: Option<&OsStr>) -> bool {
    name.is_some_and(|name| !name.is_empty() && name != "dumb" && name != "unknown")
}

/// Enters the alternate screen.
fn show(mouse: bool) -> io::Result<()> {
    let mut out = stdout();
    execute!(out, EnterAlternateScreen, EnableBracketedPaste, cursor::Hide)?;
    if mouse {
        execute!(out, EnableMouseCapture)?;
    }
    Ok(())
}

impl Drop for Screen {
    fn drop(&mut self) {
        leave();
    }
}

/// Puts the terminal back, once. What cannot be undone is left: there is no one to tell.
fn leave() {
    if ENTERED.swap(false, Ordering::SeqCst) {
        let mut out = stdout();
        let _ = execute!(
            out,
            DisableMouseCapture,
            DisableBracketedPaste,
            LeaveAlternateScreen,
            cursor::Show
        );
        let _ = disable_raw_mode();
        let _ = out.flush();
    }
}

/// A panic says where it happened and nothing else: its message may quote what was on the wire.
fn install_hook() {
    std::panic::set_hook(Box::new(|info| {
        let place = info
            .location()
            .map_or_else(String::new, |at| format!(" at {}:{}", at.file(), at.line()));
        if DRAWING.get() {
            leave();
            let _ = writeln!(io::stderr(), "why401: internal error{place}; please report it");
        } else {
            *PANICKED.lock().unwrap_or_else(PoisonError::into_inner) = Some(format!(
                "INTERNAL ERROR{place}: the capture may have stopped; please report it"
            ));
        }
    }));
}

/// Whether the terminal was closed while the screen was in it: an end like any other.
pub fn is_gone(error: &io::Error) -> bool {
    // EIO and ENXIO, for which there is no name: nobody holds the other end (tty_ioctl(4)).
    matches!(error.raw_os_error(), Some(5 | 6)) || error.kind() == io::ErrorKind::BrokenPipe
}

/// Where another thread panicked, once.
pub fn take_panic() -> Option<String> {
    PANICKED.lock().unwrap_or_else(PoisonError::into_inner).take()
}

/// The escape sequence that puts text into the clipboard of the terminal the user sits at, also
/// over ssh (OSC 52), and through tmux and screen, which pass it on when it is wrapped for them.
pub fn clipboard_sequence(text: &str, tmux: bool, screen: bool) -> String {
    let plain = format!("\x1b]52;c;{}\x07", STANDARD.encode(text));
    if tmux {
        // tmux takes the plain form when set-clipboard is on, the wrapped one when
        // allow-passthrough is on; the other one is ignored.
        format!("{plain}\x1bPtmux;{}\x1b\\", plain.replace('\x1b', "\x1b\x1b"))
    } else if screen {
        // GNU screen passes at most 768 octets in one string.
        let chunks: Vec<String> = plain
            .as_bytes()
            .chunks(700)
            .map(|chunk| format!("\x1bP{}\x1b\\", String::from_utf8_lossy(chunk)))
            .collect();
        chunks.concat()
    } else {
        plain
    }
}

/// Copies text to the clipboard.
///
/// # Errors
/// Standard output cannot be written.
pub fn copy(text: &str) -> io::Result<()> {
    let set = |name: &str| std::env::var_os(name).is_some();
    let mut out = stdout();
    out.write_all(clipboard_sequence(text, set("TMUX"), set("STY")).as_bytes())?;
    out.flush()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn copied_text_is_base64_and_cannot_end_the_sequence() {
        let sequence = clipboard_sequence("a\x07\x1b\\b", false, false);
        assert_eq!(sequence, format!("\x1b]52;c;{}\x07", STANDARD.encode("a\x07\x1b\\b")));
        assert_eq!(sequence.matches('\x07').count(), 1);
    }

    #[test]
    fn a_terminal_that_has_no_screen_gets_none() {
        for name in [None, Some(""), Some("dumb"), Some("unknown")] {
            assert!(!has_screen(name.map(OsStr::new)), "{name:?}");
        }
        for name in ["xterm-256color", "linux", "vt100", "tmux"] {
            assert!(has_screen(Some(OsStr::new(name))), "{name:?}");
        }
    }

    #[test]
    fn tmux_and_screen_pass_it_on() {
        let tmux = clipboard_sequence("x", true, false);
        assert!(tmux.starts_with("\x1b]52;c;") && tmux.ends_with("\x1b\\"));
        assert!(tmux.contains("\x1bPtmux;\x1b\x1b]52;c;"));
        let screen = clipboard_sequence(&"x".repeat(3000), false, true);
        assert!(screen.starts_with("\x1bP\x1b]52") && screen.matches("\x1bP").count() > 1);
    }
}
