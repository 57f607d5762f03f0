//! The side of the loop that faces the source.

use std::io;
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::Input;
use super::pace::{Pace, live_packet_time};
use crate::capture::writer::CaptureWriter;
use crate::capture::{AT_ONCE, End, Frame, Next, Part, Source, SourceSpec};
use crate::engine::{Found, Wire};
use crate::time::Timestamp;

/// Frames that are taken in, where they are there already, before anything else is looked at.
const AT_A_STEP: usize = 16 * AT_ONCE;

/// Frames from the source into the wire's half of the engine, saved on the way.
#[derive(Debug)]
pub(super) struct Reading {
    pub input: Input,
    /// Where every frame is saved (`-w`).
    pub save: Option<CaptureWriter>,
    /// Frames could not be saved, and nobody was told yet.
    pub save_error: Option<String>,
    /// The interface names that the engine knows.
    names: Vec<Arc<str>>,
    pace: Pace,
    /// `--duration`, which in a recording is packet time.
    duration: Option<Duration>,
    started: Instant,
    /// Packet time at which `--duration` is over, for a file.
    deadline: Option<Timestamp>,
}

/// What came of asking for a frame.
#[derive(Debug)]
pub(super) enum Step {
    /// One was taken in. `beat`: it is time to look around.
    Frame { beat: bool },
    /// There was none.
    Idle { beat: bool },
    /// There will be no more.
    End(End),
}

impl Reading {
    pub fn new(input: Input, save: Option<CaptureWriter>, duration: Option<Duration>) -> Self {
        Self {
            names: input.source.interfaces().to_vec(),
            input,
            save,
            save_error: None,
            pace: Pace::new(),
            duration,
            started: Instant::now(),
            deadline: None,
        }
    }

    /// Whether all of it is there.
    pub fn is_recording(&self) -> bool {
        self.input.is_recording
    }

    /// Takes in frames that are there already, or else the next one.
    pub fn step_ahead(&mut self, wire: &mut Wire, found: &mut Vec<Found>) -> Step {
        if self.input.source.interfaces().len() > self.names.len() {
            self.learn_names(wire);
        }
        let source = self.input.source.as_ref();
        let mut ready = Ready::NONE;
        // A file with a duration is over at a certain packet.
        if self.duration.is_none() {
            ready.fill(source);
        }
        let (mut taken, mut last) = (0, None);
        while let Some(frame) = ready.frames().last() {
            last = Some(frame.timestamp);
            taken += ready.count;
            if let Some(writer) = &mut self.save {
                for frame in ready.frames() {
                    note_failure(&mut self.save_error, writer.write(frame, &self.names));
                }
            }
            let (mut next, goes_on) = (Ready::NONE, taken < AT_A_STEP);
            let look_ahead = || {
                if goes_on {
                    next.add(source);
                }
            };
            wire.push_all(ready.frames(), look_ahead, found);
            if goes_on {
                next.fill(source);
            }
            ready = next;
        }
        match last {
            Some(last) => Step::Frame { beat: self.pace.is_due_after(taken as u32, last) },
            None => self.step(wire, found),
        }
    }

    /// Takes in one frame, if there is one.
    pub fn step(&mut self, wire: &mut Wire, found: &mut Vec<Found>) -> Step {
        match self.input.source.next_part() {
            Part::Whole(Next::Frame(frame)) => {
                let timestamp = frame.timestamp;
                if is_over(&mut self.deadline, self.duration, self.input.is_recording, timestamp) {
                    return Step::End(End::Interrupted);
                }
                if usize::from(frame.interface) < self.names.len() {
                    if let Some(writer) = &mut self.save {
                        note_failure(&mut self.save_error, writer.write(&frame, &self.names));
                    }
                    wire.push(&frame, found);
                } else {
                    let frame = OwnedFrame::from(frame);
                    self.push_from_new_interface(&frame.borrow(), wire, found);
                }
                Step::Frame { beat: self.pace.is_due(timestamp) }
            }
            Part::Beginning(beginning) => {
                let timestamp = beginning.frame.timestamp;
                if is_over(&mut self.deadline, self.duration, self.input.is_recording, timestamp) {
                    return Step::End(End::Interrupted);
                }
                // What is saved is whole.
                if self.save.is_none() && wire.push_beginning(&beginning, found) {
                    return Step::Frame { beat: self.pace.is_due(timestamp) };
                }
                self.step_whole(wire, found)
            }
            Part::Whole(Next::Idle) => Step::Idle { beat: self.pace.is_due_now() },
            Part::Whole(Next::End(end)) => Step::End(end),
        }
    }

    /// Takes in the frame of which the beginning did not do.
    fn step_whole(&mut self, wire: &mut Wire, found: &mut Vec<Found>) -> Step {
        match self.input.source.whole() {
            Next::Frame(frame) => {
                if let Some(writer) = &mut self.save {
                    note_failure(&mut self.save_error, writer.write(&frame, &self.names));
                }
                wire.push(&frame, found);
                Step::Frame { beat: self.pace.is_due(frame.timestamp) }
            }
            Next::Idle => Step::Idle { beat: self.pace.is_due_now() },
            Next::End(end) => Step::End(end),
        }
    }

    /// The frame names an interface that was not there a moment ago: a later section of a pcapng
    /// file. The frame must be let go before the source can be asked for its names.
    fn push_from_new_interface(
        &mut self,
        frame: &Frame<'_>,
        wire: &mut Wire,
        found: &mut Vec<Found>,
    ) {
        self.learn_names(wire);
        if let Some(writer) = &mut self.save {
            note_failure(&mut self.save_error, writer.write(frame, &self.names));
        }
        wire.push(frame, found);
    }

    /// Asks the source for the names of its interfaces.
    pub fn learn_names(&mut self, wire: &mut Wire) {
        self.names = self.input.source.interfaces().to_vec();
        wire.set_interfaces(&self.names);
    }

    pub fn flush_saved(&mut self) {
        if let Some(writer) = &mut self.save {
            note_failure(&mut self.save_error, writer.flush());
        }
    }

    /// Whether `--duration` is over by the clock.
    pub fn time_is_up(&self) -> bool {
        !self.is_recording() && self.duration.is_some_and(|limit| self.started.elapsed() >= limit)
    }

    pub fn packet_time_on_a_silent_wire(&self) -> Option<Timestamp> {
        match self.input.spec {
            SourceSpec::Live(_) => Some(live_packet_time()),
            _ if self.is_recording() => None,
            SourceSpec::Stdin | SourceSpec::File { .. } => self.pace.present(),
        }
    }
}

/// Frames that are there already, up to as many as are taken in at once.
struct Ready<'a> {
    frames: [Frame<'a>; AT_ONCE],
    count: usize,
}

impl<'a> Ready<'a> {
    const NONE: Self = Self { frames: [Frame::EMPTY; AT_ONCE], count: 0 };

    /// One more, if there is room and it is there. Returns whether it is.
    #[inline]
    fn add(&mut self, source: &'a dyn Source) -> bool {
        let Some(place) = self.frames.get_mut(self.count) else { return false };
        let Some(frame) = source.ready() else { return false };
        *place = frame;
        self.count += 1;
        true
    }

    /// As many more as there is room for.
    fn fill(&mut self, source: &'a dyn Source) {
        while self.add(source) {}
    }

    fn frames(&self) -> &[Frame<'a>] {
        self.frames.get(..self.count).unwrap_or_default()
    }
}

fn note_failure(noted: &mut Option<String>, result: io::Result<()>) {
    if let Err(error) = result {
        *noted = Some(error.to_string());
    }
}

/// Whether `--duration`, which in a recording is packet time, ends before this frame.
fn is_over(
    deadline: &mut Option<Timestamp>,
    duration: Option<Duration>,
    is_recording: bool,
    now: Timestamp,
) -> bool {
    duration
        .filter(|_| is_recording)
        .is_some_and(|duration| now >= *deadline.get_or_insert(now + duration))
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
