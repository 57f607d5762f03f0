//! What a screen holds of the session that runs beside it.

use std::io;
use std::sync::atomic::Ordering;
use std::sync::{Arc, mpsc};
use std::thread::JoinHandle;
use std::time::Duration;

use super::drive::{Command, Control, Drive, Sink};
use super::mailbox::Mailbox;
use super::{Event, Input, Options, Outcome, Status};
use crate::capture::{CaptureError, End, LiveOptions, SourceSpec};
use crate::counters::Limit;
use crate::diagnosis::Case;
use crate::filter::Filter;

/// How long a running capture may take to answer: it looks up several times a second.
const PATIENCE: Duration = Duration::from_secs(2);

/// What to watch from now on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// These interfaces.
    Interfaces(Vec<String>),
    /// Under this capture filter; empty for the default one.
    Bpf(String),
}

/// A session that runs in a thread of its own.
#[derive(Debug)]
pub struct SessionHandle {
    mailbox: Arc<Mailbox>,
    control: Control,
    thread: Option<JoinHandle<Outcome>>,
    spec: SourceSpec,
    bpf: Option<String>,
    can_reopen: bool,
}

impl SessionHandle {
    /// Starts the capture thread.
    pub fn start(input: Input, options: Options) -> io::Result<Self> {
        let mailbox = Arc::new(Mailbox::new());
        let spec = input.spec.clone();
        let bpf = input.bpf.clone();
        let patient = !input.is_live();
        let can_reopen = options.rights.can_reopen;
        let (drive, control) = Drive::new(input, options);
        let mut sink = Screen { mailbox: Arc::clone(&mailbox), patient, last: Status::default() };
        let thread = std::thread::Builder::new()
            .name("capture".to_owned())
            .spawn(move || drive.run(&mut sink))?;
        Ok(Self { mailbox, control, thread: Some(thread), spec, bpf, can_reopen })
    }

    /// Moves everything that waits to `out`. Returns at once.
    pub fn drain(&self, out: &mut Vec<Event>) {
        self.mailbox.drain(out);
    }

    /// Returns once something waits to be drained.
    pub async fn changed(&self) {
        self.mailbox.changed().await;
    }

    /// The display filter is this now: what it matches is kept when the screen lags.
    pub fn set_matching(&self, filter: Filter) {
        // A loop that has ended needs no filter.
        let _ = self.control.commands.send(Command::Matching(filter));
    }

    /// Opens other interfaces, or puts another filter on the same ones, and goes on with what was
    /// found so far. On an error everything stays as it is.
    pub fn change(&mut self, change: Change) -> Result<(), CaptureError> {
        let SourceSpec::Live(options) = &self.spec else {
            return Err(CaptureError::Interface {
                interface: "a capture file".to_owned(),
                reason:
                    "is read once, from its beginning; start again without -r, or with another -f"
                        .to_owned(),
            });
        };
        match change {
            Change::Bpf(expression) => {
                let bpf = Some(expression).filter(|expression| !expression.trim().is_empty());
                let (reply, answer) = mpsc::channel();
                let command = Command::Bpf(bpf.clone(), reply);
                self.control.commands.send(command).map_err(|_| ended())?;
                answer.recv_timeout(PATIENCE).unwrap_or_else(|_| Err(ended()))?;
                self.bpf = bpf;
            }
            Change::Interfaces(interfaces) => {
                let spec = SourceSpec::Live(LiveOptions { interfaces, ..options.clone() });
                let input = Input::open(&spec, self.bpf.as_deref());
                let input = input.map_err(|error| self.remedy(error))?;
                self.spec = spec;
                let command = Command::Input(Box::new(input));
                self.control.commands.send(command).map_err(|_| ended())?;
            }
        }
        Ok(())
    }

    /// What to do where rights are missing that this process had when it began.
    fn remedy(&self, error: CaptureError) -> CaptureError {
        match error {
            CaptureError::Permission { interface, .. } if !self.can_reopen => {
                CaptureError::Permission {
                    interface,
                    reason: "the right to capture was given up once the first capture was open"
                        .to_owned(),
                    remedy: "start again with -i, or with --user root to keep all rights"
                        .to_owned(),
                }
            }
            other => other,
        }
    }

    /// Whether the capture thread has come to its end, for whatever reason.
    pub fn is_finished(&self) -> bool {
        self.thread.as_ref().is_none_or(JoinHandle::is_finished)
    }

    /// Asks the capture thread to end; its last events can still be drained.
    pub fn stop(&self) {
        self.control.stop.store(true, Ordering::Relaxed);
    }

    /// Ends the capture thread and says what the session came to. `None`: it panicked.
    pub fn finish(mut self) -> Option<Outcome> {
        self.stop();
        self.mailbox.close();
        self.thread.take()?.join().ok()
    }
}

fn ended() -> CaptureError {
    CaptureError::Interface {
        interface: "the capture".to_owned(),
        reason: "has ended; start again".to_owned(),
    }
}

impl Drop for SessionHandle {
    fn drop(&mut self) {
        self.stop();
        self.mailbox.close();
    }
}

/// The capture thread's end of the mailbox.
struct Screen {
    mailbox: Arc<Mailbox>,
    /// Wait for a screen that lags: nothing is lost but time.
    patient: bool,
    /// What was said last, for the case that the thread dies.
    last: Status,
}

/// A capture thread that panics says so: silence would look like a silent wire.
impl Drop for Screen {
    fn drop(&mut self) {
        if std::thread::panicking() {
            let words = "internal error; what was found until then is kept";
            let ended = Some(End::Failed(words.to_owned()));
            self.mailbox.post_status(Box::new(Status { ended, ..std::mem::take(&mut self.last) }));
        }
    }
}

impl Sink for Screen {
    const FOLLOWS: bool = true;

    fn case(&mut self, case: &Arc<Case>, matches: bool) -> io::Result<()> {
        let interesting = matches || case.verdict.is_some();
        if self.patient {
            self.mailbox.post_or_wait(Arc::clone(case), interesting);
        } else {
            self.mailbox.post(Arc::clone(case), interesting);
        }
        Ok(())
    }

    fn status(&mut self, mut status: Status) {
        let dropped = self.mailbox.dropped();
        if dropped > 0 {
            status.counters.limits.insert(Limit::Mailbox, dropped);
        }
        self.last.clone_from(&status);
        self.mailbox.post_status(Box::new(status));
    }
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use super::*;
    use crate::capture::{Next, Source};
    use crate::secret::FingerprintKey;

    /// A source in which something goes wrong that nobody thought of.
    struct Broken;

    impl Source for Broken {
        fn next(&mut self) -> Next<'_> {
            panic!("hunter2");
        }

        fn interfaces(&self) -> &[Arc<str>] {
            &[]
        }
    }

    #[test]
    fn a_capture_thread_that_dies_is_heard() {
        let spec = SourceSpec::Live(LiveOptions::default());
        let (name, is_recording) = ("lo".to_owned(), false);
        let input = Input { source: Box::new(Broken), spec, bpf: None, name, is_recording };
        let options = Options::new(FingerprintKey::from_bytes(&[1; 32])).unwrap();
        let session = SessionHandle::start(input, options).unwrap();
        let started = Instant::now();
        let mut events = Vec::new();
        let ended = loop {
            session.drain(&mut events);
            let ended = events.drain(..).find_map(|event| match event {
                Event::Status(status) => status.ended,
                Event::Case(_) => None,
            });
            if ended.is_some() || started.elapsed() > Duration::from_secs(20) {
                break ended;
            }
            std::thread::sleep(Duration::from_millis(5));
        };
        let Some(End::Failed(words)) = ended else { panic!("{ended:?}") };
        assert!(words.contains("internal error") && !words.contains("hunter2"), "{words}");
        assert!(session.finish().is_none(), "no outcome that could be taken for a good one");
    }
}
