//! A recording is read on threads of its own, ahead of its explanation.
//!
//! ```text
//! file ── blocks of octets ──→ Wire ── batches of what was found ──→ Explainer
//! ```
//!
//! Everything goes over in order, and nothing comes back but what is empty again: the results are those
//! of one thread. What is under way is little, so that the one who is faster waits.

use std::io::{self, Read};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender, SyncSender};
use std::thread;

use super::pace::BEAT;
use super::reading::{Reading, Step};
use crate::capture::{Blocks, End, HEADROOM, read_block};
use crate::engine::{Found, Wire};

/// Exchanges in a batch: enough that handing one over costs nothing beside what is in it.
const BATCH: usize = 256;

/// Batches that may wait.
const WAITING: usize = 4;

/// Blocks of a file that wait.
const BLOCKS: usize = 3;

/// A file's blocks, from the thread that reads it.
struct BlockChannel {
    full: Receiver<io::Result<Option<Vec<u8>>>>,
    empty: Sender<Vec<u8>>,
}

impl Blocks for BlockChannel {
    fn next(&mut self, used: Vec<u8>) -> io::Result<Option<Vec<u8>>> {
        // Whoever has read everything needs no more room.
        let _ = self.empty.send(used);
        // Its last word is the end or an error.
        self.full.recv().unwrap_or_else(|_| Err(io::Error::other("its reader broke down")))
    }
}

/// Has the octets of the recording read by a thread of their own. It ends with the file, or when
/// nobody asks for its blocks any more.
fn read_octets(reading: &mut Reading) -> io::Result<()> {
    let (sender, full) = mpsc::sync_channel(BLOCKS);
    let (empty, empties) = mpsc::channel::<Vec<u8>>();
    let (give, take) = mpsc::channel::<Box<dyn Read + Send>>();
    thread::Builder::new().name("file".to_owned()).spawn(move || {
        let Ok(mut file) = take.recv() else { return };
        loop {
            let (block, fault) = read_block(&mut *file, empties.try_recv().unwrap_or_default());
            let more = block.len() > HEADROOM;
            if more && sender.send(Ok(Some(block))).is_err() {
                return;
            }
            if fault.is_some() || !more {
                // Nobody may want to know.
                let _ = sender.send(fault.map_or(Ok(None), Err));
                return;
            }
        }
    })?;
    if let Some(file) = reading.input.source.hand_over(Box::new(BlockChannel { full, empty })) {
        // It waits for this.
        let _ = give.send(file);
    }
    Ok(())
}

/// Reads to the end, or until `stop` is set or `tell` fails. `tell` takes what was found, in order, and
/// is called with nothing while nothing is found. `None`: there can be no second thread, and nothing
/// was read.
pub(super) fn read(
    reading: &mut Reading,
    wire: &mut Wire,
    stop: &AtomicBool,
    mut tell: impl FnMut(&mut Vec<Found>) -> io::Result<()>,
) -> Option<io::Result<End>> {
    read_octets(reading).ok()?;
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

/// What was found and not handed over yet. A panic loses nothing of it.
struct Batch<'a> {
    found: Vec<Found>,
    full: &'a SyncSender<Vec<Found>>,
}

impl Drop for Batch<'_> {
    fn drop(&mut self) {
        if !self.found.is_empty() {
            // Nobody may want it any more.
            let _ = self.full.send(std::mem::take(&mut self.found));
        }
    }
}

/// Reads and hands over.
fn fill(
    reading: &mut Reading,
    wire: &mut Wire,
    stop: &AtomicBool,
    full: &SyncSender<Vec<Found>>,
    empties: &Receiver<Vec<Found>>,
) -> End {
    let mut batch = Batch { found: Vec::with_capacity(BATCH), full };
    loop {
        let end = match reading.step(wire, &mut batch.found) {
            _ if stop.load(Ordering::Relaxed) => Some(End::Interrupted),
            Step::End(end) => Some(end),
            Step::Frame { .. } | Step::Idle { .. } => None,
        };
        if batch.found.len() >= BATCH || end.is_some() {
            let next = empties.try_recv().unwrap_or_default();
            if full.send(std::mem::replace(&mut batch.found, next)).is_err() {
                return End::Interrupted;
            }
        }
        if let Some(end) = end {
            return end;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;
    use std::panic::AssertUnwindSafe;
    use std::sync::Arc;

    use super::*;
    use crate::capture::file::FileSource;
    use crate::capture::{Next, Source};
    use crate::engine::Engine;
    use crate::limits::Limits;
    use crate::secret::FingerprintKey;
    use crate::session::Input;
    use crate::session::reading::Reading;

    /// The demo's frames over and over, so that many blocks and batches go over.
    fn long_recording(times: usize) -> Vec<u8> {
        let demo = include_bytes!("../demo/demo.pcap");
        let (header, frames) = demo.split_at(24);
        [header, &frames.repeat(times)].concat()
    }

    fn found_by(
        read: impl FnOnce(&mut Reading, &mut Wire) -> Vec<String>,
        path: &std::path::Path,
    ) -> Vec<String> {
        let spec = crate::capture::SourceSpec::File { path: path.into(), follow: false };
        let mut reading = Reading::new(Input::open(&spec, None).unwrap(), None, None);
        let mut engine = Engine::new(Limits::default(), FingerprintKey::from_bytes(&[1; 32]));
        read(&mut reading, engine.halves().0)
    }

    fn on_one_thread(path: &std::path::Path) -> Vec<String> {
        found_by(
            |reading, wire| {
                let (mut found, mut all) = (Vec::new(), Vec::new());
                let end = loop {
                    if let Step::End(end) = reading.step(wire, &mut found) {
                        break end;
                    }
                };
                all.extend(found.iter().map(|found| format!("{found:?}")));
                all.push(format!("{end:?} {:?}", wire.counters()));
                all
            },
            path,
        )
    }

    fn ahead(path: &std::path::Path) -> Vec<String> {
        found_by(
            |reading, wire| {
                let mut all = Vec::new();
                let stop = AtomicBool::new(false);
                let end = read(reading, wire, &stop, |found| {
                    all.extend(found.drain(..).map(|found| format!("{found:?}")));
                    Ok(())
                });
                let end = end.unwrap().unwrap();
                all.push(format!("{end:?} {:?}", wire.counters()));
                all
            },
            path,
        )
    }

    #[test]
    fn reading_ahead_finds_what_one_thread_finds_in_the_same_order() {
        let folder = tempfile::tempdir().unwrap();
        let whole = long_recording(20);
        let packed = {
            let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
            packed.write_all(&whole).unwrap();
            packed.finish().unwrap()
        };
        let cases: [(&str, &[u8]); 5] = [
            ("whole", &whole),
            ("cut in a packet", &whole[..whole.len() - 9]),
            ("packed", &packed),
            ("packed and cut", &packed[..packed.len() / 2]),
            ("empty", &whole[..24]),
        ];
        for (what, octets) in cases {
            let path = folder.path().join("capture");
            std::fs::write(&path, octets).unwrap();
            let expected = on_one_thread(&path);
            assert!(expected.len() > BATCH || what == "empty", "{what}: {}", expected.len());
            assert_eq!(ahead(&path), expected, "{what}");
        }
    }

    /// Breaks down after so many frames.
    struct Breaking {
        source: Box<dyn Source + Send>,
        left: usize,
    }

    impl Source for Breaking {
        fn next(&mut self) -> Next<'_> {
            self.left = self.left.checked_sub(1).unwrap();
            self.source.next()
        }

        fn interfaces(&self) -> &[Arc<str>] {
            self.source.interfaces()
        }
    }

    #[test]
    fn a_reader_that_breaks_down_loses_nothing_of_what_it_found() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("capture");
        std::fs::write(&path, long_recording(1)).unwrap();
        let expected = on_one_thread(&path);
        let found = found_by(
            |reading, wire| {
                let file = FileSource::open(&path, false, None).unwrap();
                // All frames, and not the end.
                reading.input.source = Box::new(Breaking { source: Box::new(file), left: 1081 });
                let mut all = Vec::new();
                let tell = |found: &mut Vec<Found>| {
                    all.extend(found.drain(..).map(|found| format!("{found:?}")));
                    Ok(())
                };
                let stop = AtomicBool::new(false);
                let reads = AssertUnwindSafe(|| read(reading, wire, &stop, tell));
                assert!(std::panic::catch_unwind(reads).is_err());
                all
            },
            &path,
        );
        assert_eq!(found, expected[..expected.len() - 1]);
    }

    #[test]
    fn a_file_whose_reader_broke_down_has_not_ended() {
        let (_, full) = mpsc::sync_channel(BLOCKS);
        let (empty, _empties) = mpsc::channel();
        assert!(BlockChannel { full, empty }.next(Vec::new()).is_err());
    }

    #[test]
    fn a_failure_to_tell_ends_the_reading() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("capture");
        std::fs::write(&path, long_recording(20)).unwrap();
        found_by(
            |reading, wire| {
                let mut batches = 0;
                let result = read(reading, wire, &Arc::default(), |_| {
                    batches += 1;
                    Err(io::ErrorKind::BrokenPipe.into())
                });
                assert_eq!(result.unwrap().unwrap_err().kind(), io::ErrorKind::BrokenPipe);
                assert_eq!(batches, 1);
                Vec::new()
            },
            &path,
        );
    }
}
