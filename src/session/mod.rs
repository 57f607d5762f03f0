//! Threads and channels: drives an engine from a source into a front end.

pub mod headless;
pub mod mailbox;

use std::sync::Arc;

use crate::capture::End;
use crate::counters::Counters;
use crate::diagnosis::Case;

/// What a front end hears.
#[derive(Debug, Clone)]
pub enum Event {
    /// A case that is new, or that replaces the one with the same exchange id.
    Case(Arc<Case>),
    /// How things stand; sent several times a second while packets arrive.
    Status(Box<Status>),
}

/// How a session stands.
#[derive(Debug, Clone)]
pub struct Status {
    /// What is being watched: `lo`, `eth0, lo`, `dump.pcap`.
    pub source: String,
    /// The capture filter in force.
    pub bpf: String,
    /// Everything counted.
    pub counters: Counters,
    /// Set when the source has ended: no more will come.
    pub ended: Option<End>,
    /// Ports on which connections were seen that turned out not to be plaintext HTTP, with how
    /// many, most first; at most eight.
    pub other_ports: Vec<(u16, u64)>,
}
