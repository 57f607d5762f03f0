//! The one place that joins the layers: frames in, events out. Synchronous, single-owner, and
//! without a clock of its own.

use std::sync::Arc;

use crate::capture::Frame;
use crate::counters::Counters;
use crate::diagnosis::Case;
use crate::limits::Limits;
use crate::secret::FingerprintKey;
use crate::time::Timestamp;

/// From frames to explained exchanges.
#[derive(Debug)]
pub struct Engine {
    counters: Counters,
}

impl Engine {
    /// An engine with nothing seen. `interfaces` are the names that [`Frame::interface`] indexes;
    /// a source may add more later with [`Engine::set_interfaces`].
    pub fn new(_limits: Limits, _key: FingerprintKey) -> Self {
        Self { counters: Counters::default() }
    }

    /// Names for the interface indices of the frames to come.
    pub fn set_interfaces(&mut self, _names: &[Arc<str>]) {}

    /// Takes one frame; appends the cases that it completes or changes to `out`.
    pub fn push(&mut self, _frame: &Frame<'_>, _out: &mut Vec<Arc<Case>>) {
        self.counters.packets_seen += 1;
    }

    /// Packet time has come this far although no frame says so: a live session calls it when the
    /// wire is silent.
    pub fn advance(&mut self, _now: Timestamp, _out: &mut Vec<Arc<Case>>) {}

    /// The input has ended: gives up what waits and settles every case.
    pub fn finish(&mut self, _out: &mut Vec<Arc<Case>>) {}

    /// What was counted so far.
    pub fn counters(&self) -> &Counters {
        &self.counters
    }

    /// To set what only the source knows (kernel drops).
    pub fn counters_mut(&mut self) -> &mut Counters {
        &mut self.counters
    }
}
