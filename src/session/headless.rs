//! Without a screen: JSON lines or text, written on the capture thread itself.

use std::io::{self, Write};
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::Outcome;
use super::drive::Sink;
use crate::capture::End;
use crate::diagnosis::Case;
use crate::export::{json, text};

/// Written at once when this much has come together.
const BUFFER: usize = 64 << 10;

/// Written after this long although more may come.
const PATIENCE: Duration = Duration::from_secs(1);

/// How a case becomes octets.
#[derive(Debug, Clone)]
pub enum Format {
    /// One JSON object a line.
    Json(Box<json::Lines>),
    /// One line for people.
    Text(text::Style),
}

/// Writes every case that the display filter matches.
#[derive(Debug)]
pub struct Lines<W: Write> {
    to: W,
    format: Format,
    buffer: Vec<u8>,
    written_at: Instant,
    /// Asks whether the reader of `to` has gone.
    reader_left: fn() -> bool,
    /// Tells the user something beside the lines.
    say: fn(&str),
}

impl<W: Write> Lines<W> {
    /// Lines to `to`.
    pub fn new(to: W, format: Format, reader_left: fn() -> bool, say: fn(&str)) -> Self {
        let buffer = Vec::with_capacity(BUFFER + (64 << 10));
        Self { to, format, buffer, written_at: Instant::now(), reader_left, say }
    }

    /// Appends the JSON summary and writes what is left.
    pub fn conclude(&mut self, outcome: &Outcome) -> io::Result<()> {
        if let Format::Json(_) = self.format {
            let status = &outcome.status;
            json::summary(
                &mut self.buffer,
                &status.counters,
                input(&status.source, status.ended.as_ref()),
            );
        }
        self.write()
    }

    fn write(&mut self) -> io::Result<()> {
        self.written_at = Instant::now();
        if !self.buffer.is_empty() {
            self.to.write_all(&self.buffer)?;
            self.buffer.clear();
        }
        self.to.flush()
    }
}

/// A panic loses nothing of what was found before.
impl<W: Write> Drop for Lines<W> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            let whole =
                self.buffer.iter().rposition(|&octet| octet == b'\n').map_or(0, |at| at + 1);
            self.buffer.truncate(whole);
            // There is nobody to tell.
            let _ = self.write();
        }
    }
}

impl<W: Write> Sink for Lines<W> {
    const FOLLOWS: bool = false;

    fn case(&mut self, case: &Arc<Case>, matches: bool) -> io::Result<()> {
        if matches {
            match &mut self.format {
                Format::Json(lines) => lines.exchange(&mut self.buffer, case),
                Format::Text(style) => text::exchange(&mut self.buffer, case, style),
            }
        }
        if self.buffer.len() >= BUFFER { self.write() } else { Ok(()) }
    }

    fn warning(&mut self, text: &str) {
        (self.say)(&format!("warning: {text}"));
    }

    fn idle(&mut self) -> io::Result<()> {
        if self.buffer.is_empty() { Ok(()) } else { self.write() }
    }

    fn pulse(&mut self) -> io::Result<()> {
        if (self.reader_left)() {
            return Err(io::ErrorKind::BrokenPipe.into());
        }
        if self.written_at.elapsed() >= PATIENCE { self.idle() } else { Ok(()) }
    }
}

fn input<'a>(name: &'a str, ended: Option<&'a End>) -> json::Input<'a> {
    let truncated = matches!(ended, Some(End::Damaged(_)));
    let (ended, message) = match ended {
        Some(End::Complete) => ("complete", None),
        Some(End::Damaged(reason) | End::Corrupt(reason)) => ("damaged", Some(reason.as_str())),
        Some(End::Failed(reason)) => ("failed", Some(reason.as_str())),
        Some(End::Interrupted) | None => ("interrupted", None),
    };
    json::Input { name, ended, message, truncated }
}

/// Whether whoever read standard output through a pipe has gone: on a silent wire nothing is
/// written that would tell.
#[cfg(unix)]
pub fn stdout_reader_left() -> bool {
    use rustix::event::{PollFd, PollFlags, Timespec, poll};
    let stdout = io::stdout();
    let mut fds = [PollFd::new(&stdout, PollFlags::empty())];
    let at_once = Timespec { tv_sec: 0, tv_nsec: 0 };
    // POLLERR on the writing end of a pipe: there is no reading end (poll(2)).
    poll(&mut fds, Some(&at_once)).is_ok_and(|ready| ready > 0)
        && fds[0].revents().contains(PollFlags::ERR)
}
