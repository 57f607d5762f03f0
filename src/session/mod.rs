//! Threads and channels: drives an engine from a source into a front end.
//!
//! [`drive::Drive`] is the loop: one thread takes frames from the source, runs them through the
//! engine to completion and hands the cases to a [`drive::Sink`]. There are two sinks:
//!
//! * [`headless`] writes lines on the capture thread itself;
//! * a screen runs in its own thread and talks to the loop through a [`SessionHandle`]:
//!
//! ```text
//!   let input = Input::open(&spec, bpf)?;                 // errors: one line, exit 2
//!   let mut session = SessionHandle::start(input, options)?;
//!   loop {
//!       tokio::select! {
//!           () = session.changed() => session.drain(&mut events),   // never waits for the capture
//!           key = keys.next()      => …  session.change(Change::Interfaces(vec!["eth0".into()]))?
//!       }
//!   }
//!   let outcome = session.finish();                       // stops, settles, flushes
//! ```
//!
//! A live screen that lags loses the least interesting cases first, and they are counted; a file
//! waits for its reader and loses nothing. See [`mailbox::Mailbox`].

mod ahead;
pub mod drive;
pub mod handle;
pub mod headless;
pub mod mailbox;
mod pace;
pub mod privileges;
mod reading;
pub mod signals;

use std::io;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use rustix::fs::{FileType, fstat};

use crate::auth::proof::Prover;
use crate::capture::writer::CaptureWriter;
use crate::capture::{self, CaptureError, End, Source, SourceSpec};
use crate::counters::Counters;
use crate::diagnosis::Case;
use crate::filter::Filter;
use crate::limits::{Limits, Patience};
use crate::secret::FingerprintKey;

pub use handle::{Change, SessionHandle};
pub use privileges::Rights;

/// What a front end hears.
#[derive(Debug, Clone)]
pub enum Event {
    /// A case that is new, or that replaces the one with the same exchange id.
    Case(Arc<Case>),
    /// How things stand; sent several times a second while packets arrive.
    Status(Box<Status>),
}

/// How a session stands.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Status {
    /// What is being watched: `lo`, `eth0, lo`, `dump.pcap`.
    pub source: String,
    /// Whether it is watched as it happens.
    pub live: bool,
    /// The capture filter in force.
    pub bpf: String,
    /// Everything counted.
    pub counters: Counters,
    /// Set when the source has ended: no more will come, unless another one is chosen.
    pub ended: Option<End>,
    /// Ports on which connections were seen that turned out not to be plaintext HTTP, with how
    /// many, most first; at most eight.
    pub other_ports: Vec<(u16, u64)>,
    /// Something the user should know although the session goes on: a full disk under `-w`.
    pub warning: Option<String>,
    /// The rights that this process runs with, in words.
    pub rights: String,
}

/// A source that is open, and what to call it.
pub struct Input {
    /// Where frames come from.
    pub source: Box<dyn Source + Send>,
    /// How it was asked for.
    pub spec: SourceSpec,
    /// The user's capture filter.
    pub bpf: Option<String>,
    /// As shown to the user.
    pub name: String,
    /// Whether it is there as a whole, so that nobody waits for its packets: a file, by whatever name.
    pub is_recording: bool,
}

impl Input {
    /// Opens what `spec` names; `bpf` is the user's capture filter.
    pub fn open(spec: &SourceSpec, bpf: Option<&str>) -> Result<Self, CaptureError> {
        let source = capture::open(spec, bpf)?;
        let name = match spec {
            SourceSpec::Live(_) => source.interfaces().join(", "),
            SourceSpec::File { path, .. } => path.display().to_string(),
            SourceSpec::Stdin => "standard input".to_owned(),
        };
        let is_recording = match spec {
            SourceSpec::Live(_) | SourceSpec::File { follow: true, .. } => false,
            SourceSpec::File { path, .. } => std::fs::metadata(path).is_ok_and(|it| it.is_file()),
            SourceSpec::Stdin => {
                fstat(io::stdin()).is_ok_and(|it| FileType::from_raw_mode(it.st_mode).is_file())
            }
        };
        let (spec, bpf) = (spec.clone(), bpf.map(str::to_owned));
        Ok(Self { source, spec, bpf, name, is_recording })
    }

    /// A capture file that is part of the program.
    pub fn recording(name: &str, octets: &'static [u8]) -> Result<Self, CaptureError> {
        let source = capture::file::FileSource::of_octets(name, octets)?;
        let spec = SourceSpec::File { path: name.into(), follow: false };
        let (name, is_recording) = (name.to_owned(), true);
        Ok(Self { source: Box::new(source), spec, bpf: None, name, is_recording })
    }

    /// Whether frames come as they happen, so that losing some beats falling behind.
    pub fn is_live(&self) -> bool {
        matches!(self.spec, SourceSpec::Live(_))
    }

    /// How long acknowledged octets may be late in what comes from here.
    fn patience(&self) -> Patience {
        if self.is_recording { Patience::RECORDING } else { Patience::LIVE }
    }

    /// The capture filter in force, in words.
    pub fn filter_in_force(&self) -> &str {
        let default = if self.is_live() { capture::live::DEFAULT_FILTER } else { "" };
        self.bpf.as_deref().unwrap_or(default)
    }
}

impl std::fmt::Debug for Input {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Input")
            .field("spec", &self.spec)
            .field("bpf", &self.bpf)
            .finish_non_exhaustive()
    }
}

/// How a session is run.
#[derive(Debug)]
pub struct Options {
    /// The engine's bounds.
    pub limits: Limits,
    /// The key of this run's fingerprints.
    pub key: FingerprintKey,
    /// The display filter: what it matches counts for `count` and is kept when a screen lags.
    pub matching: Filter,
    /// What refused credentials are held against (`--jwks`, `--check-credentials`).
    pub prover: Option<Prover>,
    /// Stop after this many settled cases that match.
    pub count: Option<u64>,
    /// Stop after this time: of packets in a file, of the clock otherwise.
    pub duration: Option<Duration>,
    /// Remember whether a settled case matches this (`--fail-on`).
    pub fail_on: Option<Filter>,
    /// Save every frame here (`-w`).
    pub save: Option<CaptureWriter>,
    /// The rights that this process runs with.
    pub rights: Rights,
    /// What the user should know from the start.
    pub warning: Option<String>,
    /// Set to end the session.
    pub stop: Arc<AtomicBool>,
}

impl Options {
    /// Everything at its default, under the given key.
    pub fn new(key: FingerprintKey) -> Result<Self, crate::filter::FilterError> {
        Ok(Self {
            limits: Limits::default(),
            key,
            matching: Filter::parse("status:401")?,
            prover: None,
            count: None,
            duration: None,
            fail_on: None,
            save: None,
            rights: Rights { words: String::new(), can_reopen: true },
            warning: None,
            stop: Arc::default(),
        })
    }
}

/// What a session came to.
#[derive(Debug, Default)]
pub struct Outcome {
    /// How things stood at its end.
    pub status: Status,
    /// Settled cases that matched the display filter.
    pub matched: u64,
    /// Settled cases that matched `--fail-on`.
    pub failed_on: u64,
    /// Frames were lost that should have been saved; the user has heard why.
    pub not_saved: bool,
    /// Why the sink gave up, when it did.
    pub sink_error: Option<std::io::Error>,
}
