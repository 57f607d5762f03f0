//! What the terminal sends: keys, the mouse, pasted text and new sizes.

use std::io;
use std::thread;

use crossterm::event::{self, Event};
use tokio::sync::mpsc::{self, Receiver};

/// Events that wait for the loop at most; what comes then waits in the terminal.
const WAITING: usize = 256;

/// The terminal's events, read by a thread of their own.
///
/// Not by crossterm's `EventStream`, which reads on the thread that asks: where the terminal has been
/// closed, crossterm takes the end of it for nothing yet and reads again for ever, and who asks sees no
/// signal any more. Here it can hold up nobody, and ends with the process.
#[derive(Debug)]
pub struct Keyboard {
    events: Receiver<io::Result<Event>>,
}

impl Keyboard {
    /// Begins to read.
    ///
    /// # Errors
    /// The system has no thread left.
    pub fn open() -> io::Result<Self> {
        let (sender, events) = mpsc::channel(WAITING);
        thread::Builder::new().name("keyboard".to_owned()).spawn(move || {
            loop {
                let event = event::read();
                let failed = event.is_err();
                if sender.blocking_send(event).is_err() || failed {
                    break;
                }
            }
        })?;
        Ok(Self { events })
    }

    /// The next event; `None` when there can be no more. May be dropped while it waits.
    pub async fn next(&mut self) -> Option<io::Result<Event>> {
        self.events.recv().await
    }

    /// The events that are there already.
    pub fn ready(&mut self) -> impl Iterator<Item = io::Result<Event>> {
        (0..WAITING).map_while(|_| self.events.try_recv().ok())
    }
}
