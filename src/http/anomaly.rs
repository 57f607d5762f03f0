//! What messages do that the grammar does not allow.

/// Something in the traffic that standards do not allow or that the capture damaged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum Anomaly {
    /// Several Content-Length values that differ (RFC 9112 §6.3).
    ContentLengthConflict,
    /// Both Content-Length and Transfer-Encoding (RFC 9112 §6.1).
    LengthAndTransferEncoding,
    /// A Content-Length that is not a number.
    ContentLengthInvalid,
    /// White space between field name and colon (RFC 9112 §5.1).
    SpaceBeforeColon,
    /// A header line without a colon.
    LineWithoutColon,
    /// A folded header line (RFC 9112 §5.2).
    ObsFold,
    /// Lines that end in LF or CR alone.
    BareLineEnd,
    /// Control octets in the head.
    ControlInHead,
    /// Octets before the start line.
    JunkBeforeMessage,
    /// A chunk header that cannot be read.
    ChunkInvalid,
    /// A start line that is not the grammar's.
    StartLine,
    /// The same octets were sent twice with different content; the first content was kept.
    OverlapConflict,
    /// The response began before the request ended.
    EarlyResponse,
    /// The connection ended before the message did.
    CutByClose,
    /// A response that no request asked for.
    UnsolicitedResponse,
}

impl Anomaly {
    /// All of them, in a fixed order.
    pub const ALL: [Self; 15] = [
        Self::ContentLengthConflict,
        Self::LengthAndTransferEncoding,
        Self::ContentLengthInvalid,
        Self::SpaceBeforeColon,
        Self::LineWithoutColon,
        Self::ObsFold,
        Self::BareLineEnd,
        Self::ControlInHead,
        Self::JunkBeforeMessage,
        Self::ChunkInvalid,
        Self::StartLine,
        Self::OverlapConflict,
        Self::EarlyResponse,
        Self::CutByClose,
        Self::UnsolicitedResponse,
    ];

    /// As it is shown to the user.
    pub const fn name(self) -> &'static str {
        match self {
            Self::ContentLengthConflict => "content-length-conflict",
            Self::LengthAndTransferEncoding => "length-and-transfer-encoding",
            Self::ContentLengthInvalid => "content-length-invalid",
            Self::SpaceBeforeColon => "space-before-colon",
            Self::LineWithoutColon => "line-without-colon",
            Self::ObsFold => "obs-fold",
            Self::BareLineEnd => "bare-line-end",
            Self::ControlInHead => "control-in-head",
            Self::JunkBeforeMessage => "junk-before-message",
            Self::ChunkInvalid => "chunk-invalid",
            Self::StartLine => "start-line",
            Self::OverlapConflict => "overlap-conflict",
            Self::EarlyResponse => "early-response",
            Self::CutByClose => "cut-by-close",
            Self::UnsolicitedResponse => "unsolicited-response",
        }
    }
}

/// A set of [`Anomaly`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Anomalies(u32);

impl Anomalies {
    /// Adds one.
    pub fn insert(&mut self, anomaly: Anomaly) {
        self.0 |= 1 << anomaly as u8;
    }

    /// Whether it is in the set.
    pub const fn contains(self, anomaly: Anomaly) -> bool {
        self.0 & (1 << anomaly as u8) != 0
    }

    /// Both sets together.
    #[must_use]
    pub const fn union(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Whether there is none.
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// The members, in a fixed order.
    pub fn iter(self) -> impl Iterator<Item = Anomaly> {
        Anomaly::ALL.into_iter().filter(move |&anomaly| self.contains(anomaly))
    }
}
