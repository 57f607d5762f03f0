//! Frames become TCP segments: link layer, VLAN, IP, fragments, tunnels. etherparse is used only here.

mod endpoint;
mod fragments;
mod ip;
mod link;
mod tunnel;
mod wifi;

use std::net::{IpAddr, Ipv4Addr};

pub use self::endpoint::Endpoint;
use self::fragments::Fragments;
use self::ip::Fragment;
use crate::capture::{Beginning, Frame, LinkType};
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
    pub source: Endpoint,
    /// Destination address and port.
    pub destination: Endpoint,
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
///
/// A frame is peeled layer by layer: each step looks at one header and answers with the next layer
/// and the octets that are left for it.
#[derive(Debug)]
pub struct Decoder {
    fragments: Fragments,
    /// Packets put together from fragments: the outer one, and one inside its tunnel.
    whole: [Vec<u8>; 2],
    tunnel_depth: usize,
    /// Where the next of the packets begins that the last frame carries together.
    next_part: Option<usize>,
}

impl Decoder {
    /// With no fragments waiting.
    pub fn new(limits: &Limits) -> Self {
        Self {
            fragments: Fragments::new(limits.fragments, limits.fragment_timeout),
            whole: [Vec::new(), Vec::new()],
            tunnel_depth: limits.tunnel_depth,
            next_part: None,
        }
    }

    /// Decodes one frame. What cannot be decoded is counted in `counters`, by reason, and so are
    /// frames that are not TCP, frames cut by the snap length, and fragments given up.
    #[inline]
    pub fn decode<'a>(&'a mut self, frame: &Frame<'a>, counters: &mut Counters) -> Decoded<'a> {
        counters.truncated += u64::from(frame.cut() > 0);
        match straight(frame) {
            Some(segment) => Decoded::Segment(segment),
            None => self.decode_winding(frame, counters),
        }
    }

    /// The same for a frame that is not [`straight`], without counting whether it was cut.
    pub fn decode_winding<'a>(
        &'a mut self,
        frame: &Frame<'a>,
        counters: &mut Counters,
    ) -> Decoded<'a> {
        self.decode_part(0, frame, counters)
    }

    /// Whether the same frame carries another packet.
    #[inline]
    pub fn has_next(&self) -> bool {
        self.next_part.is_some()
    }

    /// The next packet of the same frame, when it carries several together as wireless ones may;
    /// `None` after the last.
    #[inline]
    pub fn decode_next<'a>(
        &'a mut self,
        frame: &Frame<'a>,
        counters: &mut Counters,
    ) -> Option<Decoded<'a>> {
        let part = self.next_part.take()?;
        Some(self.decode_part(part, frame, counters))
    }

    #[inline(never)]
    fn decode_part<'a>(
        &'a mut self,
        part: usize,
        frame: &Frame<'a>,
        counters: &mut Counters,
    ) -> Decoded<'a> {
        let mut ip = IpHeader::NONE;
        let mut context = Context {
            fragments: &mut self.fragments,
            tunnel_depth: self.tunnel_depth,
            now: frame.timestamp,
            counters,
            part,
            next_part: &mut self.next_part,
        };
        match peel(Layer::Link(frame.link_type), Rest::of(frame), &mut ip, &mut context) {
            Ok(rest) => segment(&ip, rest, frame, counters),
            Err(Stop::Whole(packet)) => self.decode_whole(packet, ip, frame, counters),
            Err(stop) => stop.count(counters),
        }
    }

    #[cold]
    fn decode_whole<'a>(
        &'a mut self,
        packet: Vec<u8>,
        mut ip: IpHeader,
        frame: &Frame<'a>,
        counters: &mut Counters,
    ) -> Decoded<'a> {
        let mut context = Context {
            fragments: &mut self.fragments,
            tunnel_depth: self.tunnel_depth,
            now: frame.timestamp,
            counters,
            part: 0,
            next_part: &mut None,
        };
        let mut stop = Stop::Whole(packet);
        for place in &mut self.whole {
            let Stop::Whole(packet) = stop else { break };
            *place = packet;
            let rest = Rest { data: place, cut: 0 };
            match peel(Layer::Ip, rest, &mut ip, &mut context) {
                Ok(rest) => return segment(&ip, rest, frame, counters),
                Err(next) => stop = next,
            }
        }
        stop.count(counters)
    }
}

/// The segment of what most frames are: a whole IPv4 packet without options right behind the link-layer header.
/// [`Decoder::decode`] would find the same, three times slower.
#[inline]
pub fn straight<'a>(frame: &Frame<'a>) -> Option<Segment<'a>> {
    let (link::ether_type::IPV4, rest) = packet(frame.link_type, Rest::of(frame))? else {
        return None;
    };
    let (ip, rest) = ip::peel_plain_v4(rest)?;
    tcp(&ip, rest, frame)
}

/// The segment that a large frame certainly carries, alone and whole, as its beginning shows: with the
/// payload that was read, and how many octets of it follow. `None` where that takes the whole frame to tell.
pub fn beginning<'a>(beginning: &Beginning<'a>) -> Option<(Segment<'a>, u32)> {
    let Beginning { frame, unread } = *beginning;
    if frame.original_length as usize != frame.data.len() + unread as usize {
        return None;
    }
    let mut ip = IpHeader::NONE;
    let (ether_type, rest) = packet(frame.link_type, Rest { data: frame.data, cut: unread })?;
    let peeled = match ether_type {
        link::ether_type::IPV4 => ip::peel_v4(rest, &mut ip),
        link::ether_type::IPV6 => ip::peel_v6(rest, &mut ip),
        _ => return None,
    };
    let (None, rest) = peeled.ok()? else { return None };
    let segment = tcp(&ip, rest, &frame).filter(|_| ip.protocol == TCP)?;
    // An IP header may know of octets that the frame did not have.
    (segment.cut <= unread).then_some((Segment { cut: 0, ..segment }, segment.cut))
}

/// How the octets that are still to be decoded begin.
#[derive(Debug, Clone, Copy)]
enum Layer {
    /// With the header of this link type.
    Link(LinkType),
    /// With what this EtherType says (or, below 0x600, with LLC: it is a length).
    EtherType(u16),
    /// With the first of several wireless subframes.
    Aggregate,
    /// With an IP header of the version that its first four bits say.
    AnyIp,
    /// With what the protocol number of the last IP header says.
    Ip,
}

/// What the innermost IP header says about the octets after it. Filled in place while a frame is
/// peeled: copying it from layer to layer costs more than all else.
#[derive(Debug, Clone, Copy)]
struct IpHeader {
    source: IpAddr,
    destination: IpAddr,
    /// Protocol or next header.
    protocol: u8,
    /// IPv4 identification, or 0.
    identification: u16,
}

impl IpHeader {
    /// Before any was seen.
    const NONE: Self = Self {
        source: IpAddr::V4(Ipv4Addr::UNSPECIFIED),
        destination: IpAddr::V4(Ipv4Addr::UNSPECIFIED),
        protocol: 0,
        identification: 0,
    };
}

/// The octets that are still to be decoded.
#[derive(Debug, Clone, Copy)]
struct Rest<'a> {
    /// Those that were captured.
    data: &'a [u8],
    /// How many the snap length cut off behind them.
    cut: u32,
}

impl<'a> Rest<'a> {
    /// All of a frame.
    #[inline]
    fn of(frame: &Frame<'a>) -> Self {
        Self { data: frame.data, cut: frame.cut() }
    }

    /// Without the first `length` octets, if so many were captured.
    #[inline]
    fn skip(self, length: usize) -> Option<Self> {
        self.data.get(length..).map(|data| Self { data, cut: self.cut })
    }

    /// The first `length` octets on the wire: padding and trailers behind them go. When the header
    /// that gave `length` knows of more octets than the frame had, these count as cut off.
    #[inline]
    fn limit(self, length: usize) -> Self {
        let data = self.data.get(..length).unwrap_or(self.data);
        Self { data, cut: (length - data.len()) as u32 }
    }

    /// Its length on the wire.
    #[inline]
    fn length(self) -> usize {
        self.data.len() + self.cut as usize
    }

    /// A big-endian number at `at`.
    #[inline]
    fn half_word(self, at: usize) -> Option<u16> {
        self.data.get(at..).and_then(<[u8]>::first_chunk).map(|&octets| u16::from_be_bytes(octets))
    }
}

/// Why decoding a frame stopped before a segment.
#[derive(Debug)]
enum Stop {
    /// It carries something other than TCP.
    NotTcp,
    /// It cannot be decoded.
    Undecodable(Undecodable),
    /// It is a fragment; others are missing.
    Fragment,
    /// It is the fragment that completes a packet, which is here without its IP header.
    Whole(Vec<u8>),
}

impl Stop {
    fn count<'a>(self, counters: &mut Counters) -> Decoded<'a> {
        match self {
            Self::NotTcp => counters.not_tcp += 1,
            Self::Undecodable(reason) => counters.undecodable(reason),
            Self::Fragment => {}
            // Fragments of fragments of fragments: nobody sends these in earnest.
            Self::Whole(_) => counters.undecodable(Undecodable::TunnelDepth),
        }
        Decoded::Other
    }
}

/// What a peeled header leaves: the next layer and its octets.
type Peeled<'a> = Result<(Layer, Rest<'a>), Stop>;

const TCP: u8 = 6;
const IPV6_FRAGMENT: u8 = 44;

/// What stands right behind the link-layer header of the most usual link types: its EtherType, and itself.
#[inline]
fn packet(link_type: LinkType, rest: Rest<'_>) -> Option<(u16, Rest<'_>)> {
    match link_type {
        LinkType::ETHERNET => behind::<12, 14>(rest),
        LinkType::LINUX_SLL => behind::<14, 16>(rest),
        LinkType::LINUX_SLL2 => behind::<0, 20>(rest),
        _ => None,
    }
}

/// What stands behind a header of `LENGTH` octets, which has its EtherType at `AT`.
#[inline]
fn behind<const AT: usize, const LENGTH: usize>(rest: Rest<'_>) -> Option<(u16, Rest<'_>)> {
    let (header, data) = rest.data.split_first_chunk::<LENGTH>()?;
    let ether_type = u16::from_be_bytes([header[AT], header[AT + 1]]);
    Some((ether_type, Rest { data, cut: rest.cut }))
}

/// Peels one header after the other until TCP is left, whose IP header is then in `ip`.
#[inline]
fn peel<'a>(
    mut layer: Layer,
    mut rest: Rest<'a>,
    ip: &mut IpHeader,
    context: &mut Context<'_>,
) -> Result<Rest<'a>, Stop> {
    let mut tunnels = 0;
    loop {
        let fragment;
        (layer, rest) = match layer {
            Layer::Link(link_type) => link::peel(link_type, rest)?,
            Layer::EtherType(ether_type) => link::peel_ether_type(ether_type, rest)?,
            Layer::Aggregate => {
                let (subframe, next) = wifi::subframe(rest, context.part)?;
                *context.next_part = next;
                link::llc(subframe)?
            }
            Layer::AnyIp => {
                (fragment, rest) = ip::peel(rest, ip)?;
                if let Some(fragment) = fragment {
                    return Err(context.add_fragment(fragment, rest, ip));
                }
                (Layer::Ip, rest)
            }
            Layer::Ip => match ip.protocol {
                TCP => return Ok(rest),
                IPV6_FRAGMENT => {
                    (fragment, rest) = ip::peel_fragment_header(rest, ip)?;
                    if let Some(fragment) = fragment {
                        return Err(context.add_fragment(fragment, rest, ip));
                    }
                    (Layer::Ip, rest)
                }
                protocol if ip::is_extension(protocol) => ip::peel_extension(rest, ip)?,
                protocol => {
                    tunnels += 1;
                    if tunnels > context.tunnel_depth {
                        return Err(Stop::Undecodable(Undecodable::TunnelDepth));
                    }
                    tunnel::peel(protocol, rest)?
                }
            },
        };
    }
}

/// What peeling a frame needs beside its octets.
struct Context<'a> {
    fragments: &'a mut Fragments,
    tunnel_depth: usize,
    now: Timestamp,
    counters: &'a mut Counters,
    /// Where the packet to decode begins, if the frame carries several together.
    part: usize,
    next_part: &'a mut Option<usize>,
}

impl Context<'_> {
    #[cold]
    fn add_fragment(&mut self, fragment: Fragment, rest: Rest<'_>, ip: &IpHeader) -> Stop {
        self.fragments.add(ip, fragment, rest, self.now, self.counters)
    }
}

#[inline]
fn segment<'a>(
    ip: &IpHeader,
    rest: Rest<'a>,
    frame: &Frame<'_>,
    counters: &mut Counters,
) -> Decoded<'a> {
    match tcp(ip, rest, frame) {
        Some(segment) => Decoded::Segment(segment),
        None => Stop::Undecodable(Undecodable::TcpHeader).count(counters),
    }
}

/// Reads a TCP header (RFC 9293 §3.1). Only its fixed part need have been captured: with a short
/// snap length the options may be cut off, and what follows can still be told from the lengths.
#[inline]
fn tcp<'a>(ip: &IpHeader, rest: Rest<'a>, frame: &Frame<'_>) -> Option<Segment<'a>> {
    let &[s0, s1, d0, d1, q0, q1, q2, q3, a0, a1, a2, a3, offset, flags, w0, w1, ..] =
        rest.data.first_chunk::<20>()?;
    let header_length = usize::from(offset >> 4) * 4;
    if !(20..=rest.length()).contains(&header_length) {
        return None;
    }
    let payload = rest.data.get(header_length..).unwrap_or_default();
    Some(Segment {
        timestamp: frame.timestamp,
        interface: frame.interface,
        source: Endpoint::new(ip.source, u16::from_be_bytes([s0, s1])),
        destination: Endpoint::new(ip.destination, u16::from_be_bytes([d0, d1])),
        sequence: u32::from_be_bytes([q0, q1, q2, q3]),
        acknowledgment: u32::from_be_bytes([a0, a1, a2, a3]),
        flags: TcpFlags(flags),
        window: u16::from_be_bytes([w0, w1]),
        identification: ip.identification,
        payload,
        cut: (rest.length() - header_length - payload.len()) as u32,
    })
}

#[cfg(test)]
mod tests;
