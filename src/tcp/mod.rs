//! The flow table and reassembly: segments become two ordered byte streams a connection.
//!
//! ```text
//! Segment → FlowTable ── one look-up ──→ Flow { HalfStream, HalfStream } → StreamEvent → Consumer
//! ```
//!
//! In-order payload is handed on in place. Only what arrives early is copied, within bounds.
//! Evidence of loss is what the peer acknowledged; see [`flow`].

mod flow;
mod half_stream;
mod index;
mod key;
mod slots;
mod table;
mod weights;

pub use flow::FlowInfo;
pub use half_stream::MIDSTREAM_ORIGIN;
pub use key::FlowKey;
pub use table::{FlowTable, Sought};

use crate::time::Timestamp;

/// One of the two directions of a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Direction {
    /// From the side whose packet was seen first.
    Forward = 0,
    /// From the other side.
    Backward = 1,
}

impl Direction {
    /// The other one.
    #[must_use]
    pub const fn reverse(self) -> Self {
        match self {
            Self::Forward => Self::Backward,
            Self::Backward => Self::Forward,
        }
    }
}

/// Contiguous octets of one direction.
#[derive(Debug, Clone, Copy)]
pub struct Data<'a> {
    /// The octets.
    pub octets: &'a [u8],
    /// Position of the first in its stream. Positions grow without wrapping; their origin is arbitrary.
    pub position: u64,
    /// When their packet was captured.
    pub timestamp: Timestamp,
    /// Position in the opposite stream up to which the sender had received everything when it sent
    /// this; `None` while the opposite stream has not been seen.
    pub acknowledged: Option<u64>,
}

/// Why octets are missing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GapCause {
    /// Their packets were not captured.
    Lost,
    /// Their packet was captured only in part.
    SnapLength,
}

/// What happens on one direction of a connection, in stream order.
#[derive(Debug, Clone, Copy)]
pub enum StreamEvent<'a> {
    /// The next octets.
    Data(Data<'a>),
    /// The next octets, which were captured and not read: see [`Consumer::is_enough`].
    Unread {
        /// Position of the first.
        position: u64,
        /// How many.
        length: u64,
    },
    /// Octets that will never be seen.
    Gap {
        /// How many.
        length: u64,
        /// Why.
        cause: GapCause,
        /// When that became known.
        timestamp: Timestamp,
    },
    /// The sender has closed this direction (FIN).
    End {
        /// When that was captured.
        timestamp: Timestamp,
    },
}

/// What reads the streams. `State` is what it keeps for each connection; it is absent until the
/// consumer puts one there.
pub trait Consumer {
    /// Kept for each connection.
    type State;

    /// Something happened on one direction.
    fn event(
        &mut self,
        flow: &FlowInfo,
        state: &mut Option<Box<Self::State>>,
        direction: Direction,
        event: StreamEvent<'_>,
    );

    /// Whether this data, if `unread` more octets follow in its segment, is all of them that must be read:
    /// what comes of the others depends on their number alone.
    fn is_enough(
        &self,
        _state: Option<&Self::State>,
        _direction: Direction,
        _data: &Data<'_>,
        _unread: u64,
    ) -> bool {
        false
    }

    /// Whether these octets at this position of their stream mean nothing to a consumer that has no state for
    /// their connection, although it has heard of it before.
    fn ignores(_position: u64, _octets: &[u8]) -> bool {
        false
    }

    /// Whether an end of this direction means nothing to this state, if nothing else happens in this
    /// direction before it. Asked while the state is at hand, as it may have left the processor's cache when
    /// the end comes.
    fn ignores_end(_state: &Self::State, _direction: Direction) -> bool {
        false
    }

    /// The connection has ended, was given up or replaced; nothing more will come of it.
    fn close(&mut self, flow: &FlowInfo, state: Option<Box<Self::State>>, now: Timestamp);

    /// Octets that a state holds: where memory runs out, those that hold much go before those that
    /// are only idle.
    fn memory(_state: &Self::State) -> usize {
        0
    }

    /// Asks for the memory of a state.
    fn fetch(_state: &Self::State) {}

    /// Whether something is due that would be lost with this state: where there is no room, the
    /// others go first.
    fn awaits(_state: &Self::State) -> bool {
        false
    }

    /// Whether these octets look like the beginning of a message: then a stream joined in its
    /// middle may begin here.
    fn starts_message(octets: &[u8]) -> bool;
}

/// What reassembly counts; see [`crate::counters::Counters`] for the meanings.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct TcpCounters {
    /// Connections seen.
    pub flows: u64,
    /// Connections joined after their start.
    pub midstream_flows: u64,
    /// Segments whose octets had all been seen.
    pub retransmitted: u64,
    /// The same packet captured twice.
    pub duplicate_packets: u64,
    /// Segments that arrived early.
    pub out_of_order: u64,
    /// Segments that repeat octets with other content.
    pub overlap_conflicts: u64,
    /// Stretches never seen.
    pub gaps: u64,
    /// Octets in them.
    pub gap_octets: u64,
    /// Holes given up because too much waited behind them.
    pub reassembly_limit: u64,
    /// Connections forgotten because the table was full.
    pub flow_limit: u64,
    /// Holes given up because all connections together held too much.
    pub memory_limit: u64,
}

#[cfg(test)]
mod tests;
