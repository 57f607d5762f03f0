//! A recording is read and explained on threads of their own, ahead of who writes.
//!
//! ```text
//! file ── octets ──→ Wire ── batches of what was found ──→ Explainer ── of cases ──→
//! ```
//!
//! A file that is packed, or of which little is looked at, is read in blocks by one more, or by who reads on if
//! that one has no time.
//!
//! Everything goes over in order, and nothing comes back but what is empty again: the results are those
//! of one thread. What is under way is little, so that the one who is faster waits.

mod blocks;

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender, SyncSender, TrySendError};
use std::thread;

use self::blocks::BlockChannel;
use super::pace::BEAT;
use super::reading::{Reading, Step};
use crate::capture::End;
use crate::diagnosis::{Case, Observer};
use crate::engine::{Explainer, Found, Wire, forget, observe};

/// Exchanges in a batch: enough that handing one over costs nothing beside what is in it.
const BATCH: usize = 128;

/// Batches that may wait.
const WAITING: usize = 4;

/// Tells the other threads, when it goes, that nobody is left to tell anything to. Only who has something to
/// hand over would notice.
struct Leaving<'a>(&'a AtomicBool);

impl Drop for Leaving<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// Reads to the end, or until `stop` is set or `tell` fails. `tell` gets what was explained and is `wanted`,
/// in order, and is called with nothing while there is nothing. `None`: there can be no other threads, and
/// nothing was read.
pub(super) fn read(
    reading: &mut Reading,
    wire: &mut Wire,
    explainer: &mut Explainer,
    stop: &AtomicBool,
    wanted: impl FnMut(&Case) -> bool + Send,
    mut tell: impl FnMut(&[Arc<Case>]) -> io::Result<()>,
) -> Option<io::Result<End>> {
    reading.input.source.offer(Box::new(BlockChannel::new().ok()?));
    let (found, batches) = mpsc::sync_channel(WAITING);
    let (empty, empties) = mpsc::channel();
    let (explained, cases) = mpsc::sync_channel(WAITING);
    let (told, used) = mpsc::channel();
    let left = AtomicBool::new(false);
    thread::scope(|scope| {
        let leaving = Leaving(&left);
        let start = |name: &str| thread::Builder::new().name(name.to_owned());
        let observer = explainer.observer();
        let left = &left;
        let explain = move || explain(explainer, wanted, left, &batches, &empty, &explained, &used);
        let explaining = start("explaining").spawn_scoped(scope, explain).ok()?;
        let fill = move || fill(reading, wire, observer, stop, &found, &empties);
        let reader = start("reading").spawn_scoped(scope, fill).ok()?;
        let result = loop {
            let batch = match cases.recv_timeout(BEAT) {
                Ok(batch) => batch,
                Err(RecvTimeoutError::Timeout) => Vec::new(),
                Err(RecvTimeoutError::Disconnected) => break Ok(()),
            };
            if let Err(error) = tell(&batch) {
                break Err(error);
            }
            if !batch.is_empty() {
                // Nobody may want it any more.
                let _ = told.send(batch);
            }
        };
        // Without a receiver the others end.
        drop((cases, leaving));
        match (explaining.join(), reader.join()) {
            (Ok(()), Ok(end)) => Some(result.map(|()| end)),
            (Err(panic), _) | (_, Err(panic)) => std::panic::resume_unwind(panic),
        }
    })
}

/// Explains and hands over what is wanted, until nothing is found any more or nobody wants anything. The rest
/// and what was told is taken apart here, and its exchanges go back to who found them: memory is given back
/// where it came from.
fn explain(
    explainer: &mut Explainer,
    mut wanted: impl FnMut(&Case) -> bool,
    left: &AtomicBool,
    batches: &Receiver<Vec<Found>>,
    empty: &Sender<Vec<Found>>,
    explained: &SyncSender<Vec<Arc<Case>>>,
    used: &Receiver<Vec<Arc<Case>>>,
) {
    let mut cases = Vec::new();
    for mut batch in batches.iter().take_while(|_| !left.load(Ordering::Relaxed)) {
        explainer.take(&mut batch, &mut cases);
        let mut next = used.try_recv().unwrap_or_default();
        let spent = next.drain(..).chain(cases.extract_if(.., |case| !wanted(case)));
        let spent = spent.filter_map(Arc::into_inner);
        batch.extend(spent.map(|case: Case| Found::Exchange(case.exchange)));
        // Whoever has read everything needs no more room.
        let _ = empty.send(batch);
        if cases.is_empty() {
            continue;
        }
        if explained.send(std::mem::replace(&mut cases, next)).is_err() {
            return;
        }
    }
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

/// Reads and hands over. While nobody takes what was found, it looks at that itself.
fn fill(
    reading: &mut Reading,
    wire: &mut Wire,
    mut observer: Observer,
    stop: &AtomicBool,
    full: &SyncSender<Vec<Found>>,
    empties: &Receiver<Vec<Found>>,
) -> End {
    let mut batch = Batch { found: Vec::with_capacity(BATCH), full };
    loop {
        let end = match reading.step_ahead(wire, &mut batch.found) {
            _ if stop.load(Ordering::Relaxed) => Some(End::Interrupted),
            Step::End(end) => Some(end),
            Step::Frame { .. } | Step::Idle { .. } => None,
        };
        if batch.found.len() >= BATCH || end.is_some() {
            let mut next = empties.try_recv().unwrap_or_default();
            forget(&mut next);
            let found = std::mem::replace(&mut batch.found, next);
            let sent = match full.try_send(found) {
                Err(TrySendError::Full(found)) => full.send(observe(found, &mut observer)).is_ok(),
                sent => sent.is_ok(),
            };
            if !sent {
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
    mod large;
    mod sections;

    use std::cell::Cell;
    use std::io::Write as _;
    use std::panic::AssertUnwindSafe;
    use std::sync::Arc;

    use super::*;
    use crate::capture::file::FileSource;
    use crate::capture::{Frame, Next, Source};
    use crate::counters::Counters;
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

    fn seen_by(
        see: impl FnOnce(&mut Reading, &mut Engine) -> Vec<String>,
        path: &std::path::Path,
    ) -> Vec<String> {
        let spec = crate::capture::SourceSpec::File { path: path.into(), follow: false };
        let mut reading = Reading::new(Input::open(&spec, None).unwrap(), None, None);
        let mut engine = Engine::new(Limits::default(), FingerprintKey::from_bytes(&[1; 32]));
        engine.follow(false);
        let mut all = see(&mut reading, &mut engine);
        let mut rest = Vec::new();
        engine.finish(&mut rest);
        all.extend(rest.iter().map(|case| format!("{case:?}")));
        let Counters { exchanges, unauthorized, benign, limits, .. } = engine.counters();
        all.push(format!("{exchanges} {unauthorized} {benign} {limits:?}"));
        all
    }

    fn on_one_thread(path: &std::path::Path) -> Vec<String> {
        let see = |reading: &mut Reading, engine: &mut Engine| {
            let (mut found, mut cases) = (Vec::new(), Vec::new());
            let (wire, explainer) = engine.halves();
            let end = loop {
                let step = reading.step(wire, &mut found);
                explainer.take(&mut found, &mut cases);
                if let Step::End(end) = step {
                    break end;
                }
            };
            let mut all: Vec<_> = cases.iter().map(|case| format!("{case:?}")).collect();
            all.push(format!("{end:?} {:?}", wire.counters()));
            all
        };
        seen_by(see, path)
    }

    fn ahead(path: &std::path::Path) -> Vec<String> {
        let see = |reading: &mut Reading, engine: &mut Engine| {
            let mut all = Vec::new();
            let (wire, explainer) = engine.halves();
            let stop = AtomicBool::new(false);
            let end = read(
                reading,
                wire,
                explainer,
                &stop,
                |_| true,
                |cases| {
                    all.extend(cases.iter().map(|case| format!("{case:?}")));
                    Ok(())
                },
            );
            let end = end.unwrap().unwrap();
            all.push(format!("{end:?} {:?}", wire.counters()));
            all
        };
        seen_by(see, path)
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
        left: Cell<usize>,
    }

    impl Breaking {
        fn one_less(&self) {
            self.left.set(self.left.get().checked_sub(1).unwrap());
        }
    }

    impl Source for Breaking {
        fn next(&mut self) -> Next<'_> {
            self.one_less();
            self.source.next()
        }

        fn ready(&self) -> Option<Frame<'_>> {
            self.source.ready().inspect(|_| self.one_less())
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
        let see = |reading: &mut Reading, engine: &mut Engine| {
            let file = FileSource::open(&path, false, None).unwrap();
            // All frames, and not the end.
            reading.input.source =
                Box::new(Breaking { source: Box::new(file), left: Cell::new(1081) });
            let mut all = Vec::new();
            let tell = |cases: &[Arc<Case>]| {
                all.extend(cases.iter().map(|case| format!("{case:?}")));
                Ok(())
            };
            let (wire, explainer) = engine.halves();
            let stop = AtomicBool::new(false);
            let reads = AssertUnwindSafe(|| read(reading, wire, explainer, &stop, |_| true, tell));
            assert!(std::panic::catch_unwind(reads).is_err());
            all
        };
        let end = format!("{:?}", End::Complete);
        let expected: Vec<_> =
            expected.into_iter().filter(|line| !line.starts_with(&end)).collect();
        assert_eq!(seen_by(see, &path), expected);
    }

    #[test]
    fn what_is_not_wanted_is_explained_and_not_told() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("capture");
        std::fs::write(&path, long_recording(20)).unwrap();
        let is_case = |line: &String| line.starts_with("Case");
        let (mut expected, mut told) = (on_one_thread(&path), 0);
        let see = |reading: &mut Reading, engine: &mut Engine| {
            let (wire, explainer) = engine.halves();
            let stop = AtomicBool::new(false);
            let wanted = |case: &Case| case.exchange.status() == Some(401);
            let tell = |cases: &[Arc<Case>]| {
                assert!(cases.iter().all(|case| case.exchange.status() == Some(401)));
                told += cases.len();
                Ok(())
            };
            let end = read(reading, wire, explainer, &stop, wanted, tell).unwrap().unwrap();
            vec![format!("{end:?} {:?}", wire.counters())]
        };
        let mut rest = seen_by(see, &path);
        let refused = expected.iter().filter(|line| line.contains(" status: 401,")).count();
        let late = rest.iter().filter(|line| line.contains(" status: 401,")).count();
        assert!(told > 0 && told + late == refused, "{told} + {late} of {refused}");
        expected.retain(|line| !is_case(line));
        rest.retain(|line| !is_case(line));
        assert_eq!(rest, expected, "counted all the same");
    }

    /// So many exchanges on one connection.
    fn conversation(exchanges: u32) -> Vec<u8> {
        let get: &[u8] = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n";
        let answer: &[u8] = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";
        let (asks, answers) = (get.len() as u32, answer.len() as u32);
        let records = (0..exchanges).flat_map(|n| {
            let (seq, ack) = (1 + n * asks, 1 + n * answers);
            let asked = large::record(true, seq, ack, get);
            [asked, large::record(false, ack, seq + asks, answer)].concat()
        });
        long_recording(0).into_iter().chain(records).collect()
    }

    #[test]
    fn a_failure_to_tell_ends_the_reading_although_nothing_more_is_wanted() {
        const EXCHANGES: u32 = 50_000;
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("capture");
        std::fs::write(&path, conversation(EXCHANGES)).unwrap();
        for all_wanted in [true, false] {
            let see = |reading: &mut Reading, engine: &mut Engine| {
                let mut batches = 0;
                let (wire, explainer) = engine.halves();
                let (stop, told) = (AtomicBool::new(false), AtomicBool::new(false));
                let wanted = |case: &Case| {
                    // Of the second batch on: who tells comes first, however busy the machine is.
                    while case.exchange.id > 2 * BATCH as u64 && !told.load(Ordering::Relaxed) {
                        thread::yield_now();
                    }
                    all_wanted || case.exchange.id == 1
                };
                let tell = |_: &[Arc<Case>]| {
                    told.store(true, Ordering::Relaxed);
                    batches += 1;
                    Err(io::ErrorKind::BrokenPipe.into())
                };
                let result = read(reading, wire, explainer, &stop, wanted, tell);
                assert_eq!(result.unwrap().unwrap_err().kind(), io::ErrorKind::BrokenPipe);
                assert_eq!(batches, 1);
                let seen = wire.counters().packets_seen;
                assert!(seen < u64::from(EXCHANGES), "{seen} packets, all wanted: {all_wanted}");
                Vec::new()
            };
            seen_by(see, &path);
        }
    }
}
