//! A recording is read on a thread of its own, ahead of its explanation.
//!
//! What is found goes over in batches, in order, and nothing comes back but empty batches: the results
//! are those of one thread. The batches under way are few, so that the one who is faster waits.

use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, SyncSender};
use std::thread;

use super::pace::BEAT;
use super::reading::{Reading, Step};
use crate::capture::End;
use crate::engine::{Found, Wire};

/// Exchanges in a batch: enough that handing one over costs nothing beside what is in it.
const BATCH: usize = 256;

/// Batches that may wait.
const WAITING: usize = 4;

/// Reads to the end, or until `stop` is set or `tell` fails. `tell` takes what was found, in order, and
/// is called with nothing while nothing is found. `None`: there can be no second thread, and nothing
/// was read.
pub(super) fn read(
    reading: &mut Reading,
    wire: &mut Wire,
    stop: &AtomicBool,
    mut tell: impl FnMut(&mut Vec<Found>) -> io::Result<()>,
) -> Option<io::Result<End>> {
    let (full, batches) = mpsc::sync_channel(WAITING);
    let (empty, empties) = mpsc::channel();
    thread::scope(|scope| {
        let reader = thread::Builder::new().name("reading".to_owned());
        let reader = reader.spawn_scoped(scope, move || fill(reading, wire, stop, &full, &empties));
        let reader = reader.ok()?;
        let told = loop {
            let mut batch = match batches.recv_timeout(BEAT) {
                Ok(batch) => batch,
                Err(RecvTimeoutError::Timeout) => Vec::new(),
                Err(RecvTimeoutError::Disconnected) => break Ok(()),
            };
            if let Err(error) = tell(&mut batch) {
                break Err(error);
            }
            // Whoever has read everything needs no more room.
            let _ = empty.send(batch);
        };
        // Without a receiver the reader ends.
        drop(batches);
        match reader.join() {
            Ok(end) => Some(told.map(|()| end)),
            Err(panic) => std::panic::resume_unwind(panic),
        }
    })
}

/// Reads and hands over.
fn fill(
    reading: &mut Reading,
    wire: &mut Wire,
    stop: &AtomicBool,
    full: &SyncSender<Vec<Found>>,
    empties: &Receiver<Vec<Found>>,
) -> End {
    let mut found = Vec::with_capacity(BATCH);
    loop {
        let end = match reading.step(wire, &mut found) {
            _ if stop.load(Ordering::Relaxed) => Some(End::Interrupted),
            Step::End(end) => Some(end),
            Step::Frame { .. } | Step::Idle { .. } => None,
        };
        if found.len() >= BATCH || end.is_some() {
            let next = empties.try_recv().unwrap_or_default();
            if full.send(std::mem::replace(&mut found, next)).is_err() {
                return End::Interrupted;
            }
        }
        if let Some(end) = end {
            return end;
        }
    }
}
