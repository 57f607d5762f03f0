//! Every bound in one place. Reaching one is counted and marks what it touched.

use std::time::Duration;

/// How long octets that the peer acknowledged, and that were not seen, may still come before they are
/// a gap. Meanwhile what stands behind them waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Patience {
    /// Packets of the connection that bring nothing new.
    pub packets: u16,
    /// Packet time without anything new.
    pub time: Duration,
}

impl Patience {
    /// Live: long enough for several capture queues that hand packets over a little out of order, and
    /// so short that nobody notices the wait.
    pub const LIVE: Self = Self { packets: 3, time: Duration::from_millis(200) };

    /// None is left: what has not come is a gap.
    pub const NONE: Self = Self { packets: 0, time: Duration::ZERO };

    /// A recording has no latency to keep: its packets may stand far from where they belong, as in
    /// files merged or written by several threads. The time is that of a hole without any explanation.
    pub const RECORDING: Self = Self { packets: 64, time: Duration::from_secs(10) };
}

/// The bounds of all buffers and tables. See `docs/COUNTERS.md` for what reaching each one means.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// All buffered octets and tables together, in octets (`--limit-memory`).
    pub memory: usize,
    /// Exchanges the front end keeps (`--history`).
    pub history: usize,
    /// TCP connections tracked at once; the longest idle goes first.
    pub flows: usize,
    /// Octets that may wait out of order in one direction of a connection before its first hole is
    /// given up as a gap. SACK reordering over a long fat path spans megabytes.
    pub reassembly_per_direction: usize,
    /// Segments that may wait out of order in one direction: bounds the cost of tiny segments.
    pub segments_per_direction: usize,
    /// How long acknowledged octets may come late.
    pub patience: Patience,
    /// A connection silent for this long is forgotten. Two minutes is twice the usual HTTP
    /// keep-alive; a longer one is simply joined again in mid-stream.
    pub flow_idle: Duration,
    /// A half-open or finished connection is forgotten after this long (RFC 9293's 2 MSL is far
    /// longer, but a port is reused within seconds by load generators).
    pub flow_closed: Duration,
    /// One message head (start line and header fields), in octets. nginx stops at 32 KiB, Apache at
    /// 8 KiB a line, Node at 16 KiB.
    pub head: usize,
    /// Header fields in one head.
    pub header_fields: usize,
    /// Octets of a body that rules and the screen may read, before and after content decoding.
    pub body: usize,
    /// The same for answers that are no refusal (below 300), of which the screen shows only a glimpse.
    pub body_success: usize,
    /// Requests waiting for their response on one connection (pipelining).
    pub pipeline: usize,
    /// IP fragments in reassembly, in octets.
    pub fragments: usize,
    /// How long the fragments of a packet may take to arrive (RFC 8200 §4.5: 60 seconds).
    pub fragment_timeout: Duration,
    /// Encapsulations inside one frame.
    pub tunnel_depth: usize,
    /// Transactions that the diagnosis remembers.
    pub diagnosis_window: usize,
    /// How long the diagnosis remembers a transaction, in packet time.
    pub diagnosis_memory: Duration,
    /// Octets of a non-HTTP connection's start that are looked at before it is given up.
    pub probe: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            memory: 256 << 20,
            history: 100_000,
            flows: 262_144,
            reassembly_per_direction: 4 << 20,
            segments_per_direction: 8192,
            patience: Patience::LIVE,
            flow_idle: Duration::from_secs(300),
            flow_closed: Duration::from_secs(10),
            head: 256 << 10,
            header_fields: 8192,
            body: 16 << 10,
            body_success: 2 << 10,
            pipeline: 1024,
            fragments: 16 << 20,
            fragment_timeout: Duration::from_secs(60),
            tunnel_depth: 8,
            diagnosis_window: 10_000,
            diagnosis_memory: Duration::from_secs(600),
            probe: 4096,
        }
    }
}
