//! Frames become TCP segments: link layer, VLAN, IP, fragments, tunnels. etherparse is used only here.

use std::net::SocketAddr;

use crate::capture::Frame;
use crate::counters::{Counters, Undecodable};
use crate::limits::Limits;
use crate::time::Timestamp;

/// TCP control bits (RFC 9293 §3.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct TcpFlags(pub u8);

impl TcpFlags {
    /// No more data from sender.
    pub const FIN: u8 = 0x01;
    /// Synchronise sequence numbers.
    pub const SYN: u8 = 0x02;
    /// Reset the connection.
    pub const RST: u8 = 0x04;
    /// Push.
    pub const PSH: u8 = 0x08;
    /// The acknowledgment field is significant.
    pub const ACK: u8 = 0x10;
    /// The urgent pointer is significant.
    pub const URG: u8 = 0x20;

    /// Whether this bit is set.
    pub const fn has(self, bit: u8) -> bool {
        self.0 & bit != 0
    }
}

/// One TCP segment, borrowed from the frame (or from the fragment pool).
#[derive(Debug, Clone, Copy)]
pub struct Segment<'a> {
    /// When its frame was captured.
    pub timestamp: Timestamp,
    /// Index of the interface it was captured on.
    pub interface: u16,
    /// Source address and port.
    pub source: SocketAddr,
    /// Destination address and port.
    pub destination: SocketAddr,
    /// Sequence number of the first octet of `payload` (of the SYN, when that is set).
    pub sequence: u32,
    /// Acknowledgment number; meaningful with ACK.
    pub acknowledgment: u32,
    /// Control bits.
    pub flags: TcpFlags,
    /// Receive window as written, not scaled.
    pub window: u16,
    /// IPv4 identification, or 0: tells a packet captured twice from one sent twice.
    pub identification: u16,
    /// The payload that was captured.
    pub payload: &'a [u8],
    /// Octets of payload that follow on the wire and were cut off by the snap length.
    pub cut: u32,
}

/// What a frame turned out to be.
#[derive(Debug)]
pub enum Decoded<'a> {
    /// A TCP segment.
    Segment(Segment<'a>),
    /// Something else, or a fragment of a packet that is not complete yet.
    Other,
}

/// Turns frames into segments; keeps IP fragments until their packet is whole.
#[derive(Debug)]
pub struct Decoder {
    _limits: Limits,
}

impl Decoder {
    /// With no fragments waiting.
    pub fn new(limits: &Limits) -> Self {
        Self { _limits: limits.clone() }
    }

    /// Decodes one frame. What cannot be decoded is counted in `counters`.
    pub fn decode<'a>(&'a mut self, _frame: &Frame<'a>, counters: &mut Counters) -> Decoded<'a> {
        counters.undecodable(Undecodable::LinkType);
        Decoded::Other
    }
}
