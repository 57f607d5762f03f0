//! The loop: frames from the source through the engine to the sink, run to completion on one thread;
//! a recording is read and explained ahead on others.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, Receiver, Sender};

use super::pace::BEAT;
use super::reading::{Reading, Step};
use super::{Input, Options, Outcome, Status, ahead};
use crate::capture::writer::CaptureWriter;
use crate::capture::{CaptureError, End, Next, Source, SourceDrops};
use crate::diagnosis::Case;
use crate::engine::{Engine, Found};
use crate::filter::Filter;

/// Where cases go.
pub trait Sink {
    /// Whether it wants every version of a case and the status several times a second, as a screen
    /// does; otherwise it gets each case once, settled.
    const FOLLOWS: bool;

    /// Takes a case. `matches`: the display filter matches it; only who follows need get others.
    fn case(&mut self, case: &Arc<Case>, matches: bool) -> io::Result<()>;

    /// How things stand; only for those who follow.
    fn status(&mut self, _status: Status) {}

    /// Something that the user should know although the session goes on.
    fn warning(&mut self, _text: &str) {}

    /// The source has nothing to give at the moment: a good one to write out what waits.
    fn idle(&mut self) -> io::Result<()> {
        Ok(())
    }

    /// Comes several times a second.
    fn pulse(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// What a running loop can be told.
#[derive(Debug)]
pub enum Command {
    /// Go on with this source, and keep everything.
    Input(Box<Input>),
    /// Go on with this source, under this capture filter.
    Bpf(Option<String>, Sender<Result<(), CaptureError>>),
    /// The display filter is another one now.
    Matching(Filter),
}

/// The other end of a running loop.
#[derive(Debug, Clone)]
pub struct Control {
    /// Set to end the loop.
    pub stop: Arc<AtomicBool>,
    /// For everything else.
    pub commands: Sender<Command>,
}

/// The loop and all that it owns.
#[derive(Debug)]
pub struct Drive {
    reading: Reading,
    engine: Engine,
    telling: Telling,
    /// Found on the wire, and not explained yet.
    found: Vec<Found>,
    /// Explained, and not told yet.
    cases: Vec<Arc<Case>>,
    rights: String,
    stop: Arc<AtomicBool>,
    commands: Receiver<Command>,
    /// What sources lost that were replaced since.
    earlier_drops: SourceDrops,
    ended: Option<End>,
    warning: Option<String>,
    not_saved: bool,
}

/// The side of the loop that faces the sink.
#[derive(Debug)]
struct Telling {
    matching: Filter,
    fail_on: Option<Filter>,
    count: Option<u64>,
    matched: u64,
    failed_on: u64,
}

impl Telling {
    /// Counts a case, once. Answers whether it matches the display filter; `None` where it is not to be told at
    /// all.
    fn admit(&mut self, case: &Case, followed: bool) -> Option<bool> {
        if !(case.settled || followed) {
            return None;
        }
        let matches = self.matching.matches(case);
        if case.settled {
            if self.fail_on.as_ref().is_some_and(|filter| filter.matches(case)) {
                self.failed_on += 1;
            }
            // A screen shows the rest all the same; a pipe gets what was asked for.
            if matches && self.has_enough() && !followed {
                return None;
            }
            self.matched += u64::from(matches);
        }
        Some(matches)
    }

    fn deliver<S: Sink>(&mut self, cases: &[Arc<Case>], sink: &mut S) -> io::Result<()> {
        for case in cases {
            if let Some(matches) = self.admit(case, S::FOLLOWS) {
                sink.case(case, matches)?;
            }
        }
        Ok(())
    }

    fn has_enough(&self) -> bool {
        self.count.is_some_and(|count| self.matched >= count)
    }
}

impl Drive {
    /// A loop that is ready to run, and the means to control it.
    pub fn new(input: Input, options: Options) -> (Self, Control) {
        let mut engine = Engine::new(options.limits, options.key).with_prover(options.prover);
        engine.set_interfaces(input.source.interfaces());
        engine.set_patience(input.patience());
        let (sender, commands) = mpsc::channel();
        let stop = options.stop;
        let control = Control { stop: Arc::clone(&stop), commands: sender };
        let drive = Self {
            reading: Reading::new(input, options.save, options.duration),
            engine,
            telling: Telling {
                matching: options.matching,
                fail_on: options.fail_on,
                count: options.count,
                matched: 0,
                failed_on: 0,
            },
            found: Vec::new(),
            cases: Vec::new(),
            rights: options.rights.words,
            stop,
            commands,
            earlier_drops: SourceDrops::default(),
            ended: None,
            warning: options.warning,
            not_saved: false,
        };
        (drive, control)
    }

    /// Runs until the source ends, the user has enough, or nobody listens any more.
    pub fn run<S: Sink>(mut self, sink: &mut S) -> Outcome {
        self.engine.follow(S::FOLLOWS);
        let end = match self.read_ahead(sink) {
            Some(end) => end,
            None => self.watch(sink),
        };
        let sink_error = end.and_then(|end| self.finish(sink, end)).err();
        let status = self.status();
        // Nothing comes after this but the end of the process: to take apart all that is remembered,
        // connection by connection, would only make the user wait.
        std::mem::forget(self.engine);
        let Telling { matched, failed_on, .. } = self.telling;
        Outcome { status, matched, failed_on, not_saved: self.not_saved, sink_error }
    }

    /// Reads and explains a recording on other threads. `None`: nothing was read, as
    /// that would not pay or would show: on one processor, or where somebody may steer or stop the
    /// reading by what was found.
    fn read_ahead<S: Sink>(&mut self, sink: &mut S) -> Option<io::Result<End>> {
        let alone = std::thread::available_parallelism().map_or(true, |threads| threads.get() < 2);
        if alone || S::FOLLOWS || self.telling.count.is_some() || !self.reading.is_recording() {
            return None;
        }
        let (wire, explainer) = self.engine.halves();
        let telling = &mut self.telling;
        let wanted = |case: &Case| telling.admit(case, false) == Some(true);
        ahead::read(&mut self.reading, wire, explainer, &self.stop, wanted, |cases| {
            cases.iter().try_for_each(|case| sink.case(case, true))?;
            sink.pulse()
        })
    }

    fn watch<S: Sink>(&mut self, sink: &mut S) -> io::Result<End> {
        if S::FOLLOWS {
            sink.status(self.status());
        }
        loop {
            let (wire, explainer) = self.engine.halves();
            // Who wants so many and no more gets no frames behind the last of them.
            let step = match self.telling.count {
                None => self.reading.step_ahead(wire, &mut self.found),
                Some(_) => self.reading.step(wire, &mut self.found),
            };
            if !self.found.is_empty() {
                explainer.take(&mut self.found, &mut self.cases);
            }
            let (beat, idle) = match step {
                Step::Frame { beat } => (beat, false),
                Step::Idle { beat } => (beat, true),
                Step::End(end) => {
                    let live = self.reading.input.is_live();
                    if !(S::FOLLOWS && live && matches!(end, End::Failed(_))) {
                        return Ok(end);
                    }
                    self.go_silent(end);
                    (true, true)
                }
            };
            if !self.cases.is_empty() {
                self.deliver(sink)?;
                if self.telling.has_enough() {
                    return Ok(End::Interrupted);
                }
            }
            if idle {
                sink.idle()?;
            }
            if beat {
                self.beat(sink, idle)?;
                if self.reading.time_is_up() || self.telling.has_enough() {
                    return Ok(End::Interrupted);
                }
            }
            if self.stop.load(Ordering::Relaxed) {
                return Ok(End::Interrupted);
            }
        }
    }

    fn deliver<S: Sink>(&mut self, sink: &mut S) -> io::Result<()> {
        let told = self.telling.deliver(&self.cases, sink);
        self.cases.clear();
        told
    }

    fn beat<S: Sink>(&mut self, sink: &mut S, idle: bool) -> io::Result<()> {
        self.obey();
        if let Some(warning) = self.reading.input.source.warning() {
            sink.warning(&warning);
            self.warning = Some(warning);
        }
        if idle {
            self.reading.flush_saved();
        }
        if let Some(error) = self.reading.save_error.take() {
            sink.warning(&error);
            self.warning = Some(error);
            self.not_saved = true;
        }
        self.copy_losses();
        if idle
            && self.ended.is_none()
            && let Some(now) = self.reading.packet_time_on_a_silent_wire()
        {
            self.engine.advance(now, &mut self.cases);
            self.deliver(sink)?;
        }
        if S::FOLLOWS {
            sink.status(self.status());
        }
        sink.pulse()
    }

    fn obey(&mut self) {
        while let Ok(command) = self.commands.try_recv() {
            match command {
                Command::Input(input) => {
                    self.earlier_drops = self.drops();
                    self.engine.set_patience(input.patience());
                    self.reading.input = *input;
                    self.reading.learn_names(self.engine.halves().0);
                    self.ended = None;
                }
                Command::Bpf(bpf, reply) => {
                    let result = self.reading.input.source.set_filter(bpf.as_deref());
                    if result.is_ok() {
                        self.reading.input.bpf = bpf;
                    }
                    // Whoever asked may have stopped waiting.
                    let _ = reply.send(result);
                }
                Command::Matching(filter) => self.telling.matching = filter,
            }
        }
    }

    /// What the source and the saved file lost, of which the engine knows nothing.
    fn copy_losses(&mut self) {
        let drops = self.drops();
        let not_saved = self.reading.save.as_ref().map_or(0, CaptureWriter::lost);
        let counters = self.engine.counters_mut();
        counters.dropped_kernel = drops.kernel;
        counters.dropped_interface = drops.interface;
        counters.not_saved = not_saved;
    }

    fn drops(&mut self) -> SourceDrops {
        let (now, earlier) = (self.reading.input.source.drops(), self.earlier_drops);
        SourceDrops {
            kernel: now.kernel + earlier.kernel,
            interface: now.interface + earlier.interface,
        }
    }

    /// The interface is gone. The session stays, with what it has, until another one is chosen.
    fn go_silent(&mut self, end: End) {
        let names = self.reading.input.source.interfaces().to_vec();
        self.earlier_drops = self.drops();
        self.reading.input.source = Box::new(Silent { names });
        self.ended = Some(end);
    }

    /// Settles what is left. Whoever leaves a capture that had failed does not end it: it stays failed.
    fn finish<S: Sink>(&mut self, sink: &mut S, end: End) -> io::Result<()> {
        self.ended.get_or_insert(end);
        self.engine.finish(&mut self.cases);
        self.deliver(sink)?;
        self.beat(sink, true)
    }

    fn status(&mut self) -> Status {
        Status {
            source: self.reading.input.name.clone(),
            live: self.reading.input.is_live(),
            bpf: self.reading.input.filter_in_force().to_owned(),
            counters: self.engine.counters(),
            ended: self.ended.clone(),
            other_ports: self.engine.other_ports(8),
            warning: self.warning.clone(),
            rights: self.rights.clone(),
        }
    }
}

/// What is left of an interface that has gone.
struct Silent {
    names: Vec<Arc<str>>,
}

impl Source for Silent {
    fn next(&mut self) -> Next<'_> {
        std::thread::sleep(BEAT);
        Next::Idle
    }

    fn interfaces(&self) -> &[Arc<str>] {
        &self.names
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::auth::{AuthFacts, AuthState, Authorization};
    use crate::exchange::{Anomalies, Connection, Coverage, Exchange};
    use crate::time::Timestamp;

    /// A case of which only the number matters.
    pub(crate) fn case(id: u64) -> Arc<Case> {
        let connection = Connection {
            flow: 1,
            client: ([127, 0, 0, 1], 50_000).into(),
            server: ([127, 0, 0, 1], 8080).into(),
            via: None,
            interface: "lo".into(),
            started: Timestamp::default(),
            midstream: false,
        };
        let exchange = Exchange {
            id,
            connection: Arc::new(connection),
            stream: None,
            request: None,
            response: None,
            interim_responses: 0,
            anomalies: Anomalies::default(),
            coverage: Coverage::default(),
            alone: false,
        };
        let authorization = Authorization {
            state: AuthState::Missing,
            scheme: None,
            user: None,
            fingerprint: None,
        };
        let auth = AuthFacts {
            authorization: Arc::new(authorization),
            proxy_authorization: None,
            alternatives: Vec::new(),
            challenges: [].into(),
            challenge_defects: Vec::new(),
        };
        let (exchange, auth) = (Arc::new(exchange), Arc::new(auth));
        Arc::new(Case { exchange, auth, verdict: None, settled: true })
    }
}
