//! The loop: frames from the source through the engine to the sink, run to completion on one thread.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, Receiver, Sender};
use std::time::Instant;

use super::pace::{BEAT, Pace, live_packet_time};
use super::{Input, Options, Outcome, Status};
use crate::capture::writer::CaptureWriter;
use crate::capture::{CaptureError, End, Frame, Next, Source, SourceDrops, SourceSpec};
use crate::diagnosis::Case;
use crate::engine::Engine;
use crate::filter::Filter;
use crate::time::Timestamp;

/// Where cases go.
pub trait Sink {
    /// Whether it wants every version of a case and the status several times a second, as a screen
    /// does; otherwise it gets each case once, settled.
    const FOLLOWS: bool;

    /// Takes a case. `matches`: the display filter matches it.
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
    input: Input,
    engine: Engine,
    options: Options,
    stop: Arc<AtomicBool>,
    commands: Receiver<Command>,
    cases: Vec<Arc<Case>>,
    /// The interface names that the engine knows.
    names: Vec<Arc<str>>,
    started: Instant,
    pace: Pace,
    /// Packet time at which `--duration` is over, for a file.
    deadline: Option<Timestamp>,
    /// What sources lost that were replaced since.
    earlier_drops: SourceDrops,
    ended: Option<End>,
    warning: Option<String>,
    /// Frames could not be saved, and nobody was told yet.
    save_error: Option<String>,
    not_saved: bool,
    matched: u64,
    failed_on: u64,
}

impl Drive {
    /// A loop that is ready to run, and the means to control it.
    pub fn new(input: Input, mut options: Options) -> (Self, Control) {
        let mut engine = Engine::new(options.limits.clone(), options.key.clone())
            .with_prover(options.prover.take());
        engine.set_interfaces(input.source.interfaces());
        engine.set_patience(input.patience());
        let (sender, commands) = mpsc::channel();
        let stop = Arc::clone(&options.stop);
        let control = Control { stop: Arc::clone(&stop), commands: sender };
        let drive = Self {
            names: input.source.interfaces().to_vec(),
            input,
            engine,
            options,
            stop,
            commands,
            cases: Vec::new(),
            started: Instant::now(),
            pace: Pace::new(),
            deadline: None,
            earlier_drops: SourceDrops::default(),
            ended: None,
            warning: None,
            save_error: None,
            not_saved: false,
            matched: 0,
            failed_on: 0,
        };
        (drive, control)
    }

    /// Runs until the source ends, the user has enough, or nobody listens any more.
    pub fn run<S: Sink>(mut self, sink: &mut S) -> Outcome {
        self.engine.follow(S::FOLLOWS);
        let sink_error = self.watch(sink).and_then(|end| self.finish(sink, end)).err();
        let status = self.status();
        let Self { matched, failed_on, not_saved, .. } = self;
        Outcome { status, matched, failed_on, not_saved, sink_error }
    }

    fn watch<S: Sink>(&mut self, sink: &mut S) -> io::Result<End> {
        if S::FOLLOWS {
            sink.status(self.status());
        }
        loop {
            let (beat, idle) = match self.input.source.next() {
                Next::Frame(frame) => {
                    if is_over(&mut self.deadline, &self.options, &self.input.spec, frame.timestamp)
                    {
                        return Ok(End::Interrupted);
                    }
                    let timestamp = frame.timestamp;
                    if usize::from(frame.interface) < self.names.len() {
                        if let Some(writer) = &mut self.options.save {
                            let saved = writer.write(&frame, &self.names);
                            note_failure(&mut self.save_error, saved);
                        }
                        self.engine.push(&frame, &mut self.cases);
                    } else {
                        let frame = OwnedFrame::from(frame);
                        self.push_from_new_interface(&frame.borrow());
                    }
                    (self.pace.is_due(timestamp), false)
                }
                Next::Idle => (self.pace.is_due_now(), true),
                Next::End(end) => {
                    if !(S::FOLLOWS && self.input.is_live() && matches!(end, End::Failed(_))) {
                        return Ok(end);
                    }
                    self.go_silent(end);
                    (true, true)
                }
            };
            if !self.cases.is_empty() {
                self.deliver(sink)?;
                if self.has_enough() {
                    return Ok(End::Interrupted);
                }
            }
            if idle {
                sink.idle()?;
            }
            if beat {
                self.beat(sink, idle)?;
                if self.time_is_up() {
                    return Ok(End::Interrupted);
                }
            }
            if self.stop.load(Ordering::Relaxed) {
                return Ok(End::Interrupted);
            }
        }
    }

    /// The frame names an interface that was not there a moment ago: a later section of a pcapng
    /// file. The frame must be let go before the source can be asked for its names.
    fn push_from_new_interface(&mut self, frame: &Frame<'_>) {
        self.learn_names();
        if let Some(writer) = &mut self.options.save {
            note_failure(&mut self.save_error, writer.write(frame, &self.names));
        }
        self.engine.push(frame, &mut self.cases);
    }

    fn learn_names(&mut self) {
        self.names = self.input.source.interfaces().to_vec();
        self.engine.set_interfaces(&self.names);
    }

    fn deliver<S: Sink>(&mut self, sink: &mut S) -> io::Result<()> {
        let mut cases = std::mem::take(&mut self.cases);
        for case in cases.drain(..) {
            if !(case.settled || S::FOLLOWS) {
                continue;
            }
            let matches = self.options.matching.matches(&case);
            if case.settled {
                if self.options.fail_on.as_ref().is_some_and(|filter| filter.matches(&case)) {
                    self.failed_on += 1;
                }
                // A screen shows the rest all the same; a pipe gets what was asked for.
                if matches && self.has_enough() && !S::FOLLOWS {
                    continue;
                }
                self.matched += u64::from(matches);
            }
            sink.case(&case, matches)?;
        }
        self.cases = cases;
        Ok(())
    }

    fn beat<S: Sink>(&mut self, sink: &mut S, idle: bool) -> io::Result<()> {
        self.obey();
        if let Some(warning) = self.input.source.warning() {
            sink.warning(&warning);
            self.warning = Some(warning);
        }
        if idle {
            self.flush_saved();
        }
        if let Some(error) = self.save_error.take() {
            sink.warning(&error);
            self.warning = Some(error);
            self.not_saved = true;
        }
        self.copy_losses();
        if idle
            && self.ended.is_none()
            && let Some(now) = self.packet_time_on_a_silent_wire()
        {
            self.engine.advance(now, &mut self.cases);
            self.deliver(sink)?;
        }
        if S::FOLLOWS {
            sink.status(self.status());
        }
        sink.pulse()
    }

    fn flush_saved(&mut self) {
        if let Some(writer) = &mut self.options.save {
            note_failure(&mut self.save_error, writer.flush());
        }
    }

    fn obey(&mut self) {
        while let Ok(command) = self.commands.try_recv() {
            match command {
                Command::Input(input) => {
                    self.earlier_drops = self.drops();
                    self.input = *input;
                    self.engine.set_patience(self.input.patience());
                    self.learn_names();
                    self.ended = None;
                }
                Command::Bpf(bpf, reply) => {
                    let result = self.input.source.set_filter(bpf.as_deref());
                    if result.is_ok() {
                        self.input.bpf = bpf;
                    }
                    // Whoever asked may have stopped waiting.
                    let _ = reply.send(result);
                }
                Command::Matching(filter) => self.options.matching = filter,
            }
        }
    }

    /// What the source and the saved file lost, of which the engine knows nothing.
    fn copy_losses(&mut self) {
        let drops = self.drops();
        let not_saved = self.options.save.as_ref().map_or(0, CaptureWriter::lost);
        let counters = self.engine.counters_mut();
        counters.dropped_kernel = drops.kernel;
        counters.dropped_interface = drops.interface;
        counters.not_saved = not_saved;
    }

    fn drops(&mut self) -> SourceDrops {
        let (now, earlier) = (self.input.source.drops(), self.earlier_drops);
        SourceDrops {
            kernel: now.kernel + earlier.kernel,
            interface: now.interface + earlier.interface,
        }
    }

    /// The interface is gone. The session stays, with what it has, until another one is chosen.
    fn go_silent(&mut self, end: End) {
        let names = self.input.source.interfaces().to_vec();
        self.earlier_drops = self.drops();
        self.input.source = Box::new(Silent { names });
        self.ended = Some(end);
    }

    fn packet_time_on_a_silent_wire(&self) -> Option<Timestamp> {
        match self.input.spec {
            SourceSpec::Live(_) => Some(live_packet_time()),
            SourceSpec::File { follow: false, .. } => None,
            SourceSpec::Stdin | SourceSpec::File { .. } => self.pace.present(),
        }
    }

    fn has_enough(&self) -> bool {
        self.options.count.is_some_and(|count| self.matched >= count)
    }

    fn time_is_up(&self) -> bool {
        let by_clock = !matches!(self.input.spec, SourceSpec::File { follow: false, .. });
        by_clock && self.options.duration.is_some_and(|limit| self.started.elapsed() >= limit)
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
            source: self.input.name.clone(),
            live: self.input.is_live(),
            bpf: self.input.filter_in_force().to_owned(),
            counters: self.engine.counters().clone(),
            ended: self.ended.clone(),
            other_ports: self.engine.other_ports(8),
            warning: self.warning.clone().or_else(|| self.options.warning.clone()),
            rights: self.options.rights.words.clone(),
        }
    }
}

fn note_failure(noted: &mut Option<String>, result: io::Result<()>) {
    if let Err(error) = result {
        *noted = Some(error.to_string());
    }
}

/// Whether `--duration`, which in a file is packet time, ends before this frame.
fn is_over(
    deadline: &mut Option<Timestamp>,
    options: &Options,
    spec: &SourceSpec,
    now: Timestamp,
) -> bool {
    match (options.duration, spec) {
        (Some(duration), SourceSpec::File { follow: false, .. }) => {
            now >= *deadline.get_or_insert(now + duration)
        }
        _ => false,
    }
}

/// A frame that no longer borrows from its source.
struct OwnedFrame {
    frame: Frame<'static>,
    data: Vec<u8>,
}

impl From<Frame<'_>> for OwnedFrame {
    fn from(frame: Frame<'_>) -> Self {
        Self { data: frame.data.to_vec(), frame: Frame { data: &[], ..frame } }
    }
}

impl OwnedFrame {
    fn borrow(&self) -> Frame<'_> {
        Frame { data: &self.data, ..self.frame }
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
