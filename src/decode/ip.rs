//! IPv4 and IPv6 headers, extension headers, fragment headers.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use etherparse::{IpFragOffset, Ipv4HeaderSlice, Ipv6FragmentHeaderSlice, Ipv6HeaderSlice};

use super::{IpHeader, Layer, Peeled, Rest, Stop, TCP};
use crate::counters::Undecodable;

const HOP_BY_HOP: u8 = 0;
const ROUTING: u8 = 43;
const AUTHENTICATION: u8 = 51;
const DESTINATION_OPTIONS: u8 = 60;
const MOBILITY: u8 = 135;
const HOST_IDENTITY: u8 = 139;
const SHIM6: u8 = 140;

const MALFORMED: Stop = Stop::Undecodable(Undecodable::IpHeader);

/// Which part of a packet a fragment is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Fragment {
    pub(super) identification: u32,
    pub(super) offset: IpFragOffset,
    pub(super) more: bool,
}

type PeeledIp<'a> = Result<(Option<Fragment>, Rest<'a>), Stop>;

/// Peels an IP header of either version into `ip`.
#[inline]
pub(super) fn peel<'a>(rest: Rest<'a>, ip: &mut IpHeader) -> PeeledIp<'a> {
    match rest.data.first().map(|octet| octet >> 4) {
        Some(4) => peel_v4(rest, ip),
        Some(6) => peel_v6(rest, ip),
        _ => Err(MALFORMED),
    }
}

/// Peels an IPv4 header (RFC 791 §3.1) into `ip`. Its checksum is not looked at: offloading leaves
/// that to the network card too.
#[inline]
pub(super) fn peel_v4<'a>(rest: Rest<'a>, ip: &mut IpHeader) -> PeeledIp<'a> {
    let Ok(header) = Ipv4HeaderSlice::from_slice(rest.data) else { return Err(MALFORMED) };
    let length = match header.total_len() {
        // Segmentation offload leaves the length to the network card.
        0 => rest.length(),
        length => usize::from(length),
    };
    let header_length = header.slice().len();
    if length < header_length {
        return Err(MALFORMED);
    }
    let payload = rest.limit(length).skip(header_length).ok_or(MALFORMED)?;
    let fragment = header.is_fragmenting_payload().then(|| Fragment {
        identification: u32::from(header.identification()),
        offset: header.fragments_offset(),
        more: header.more_fragments(),
    });
    ip.source = IpAddr::V4(header.source_addr());
    ip.destination = IpAddr::V4(header.destination_addr());
    ip.protocol = header.protocol().0;
    ip.identification = header.identification();
    Ok((fragment, payload))
}

/// The same for nearly all packets with TCP, with some 40 instructions less: without options, and no fragment.
#[inline]
pub(super) fn peel_plain_v4(rest: Rest<'_>) -> Option<(IpHeader, Rest<'_>)> {
    const MORE_FRAGMENTS_OR_OFFSET: u16 = 0x3fff;
    let &[0x45, _, l0, l1, i0, i1, f0, f1, _, protocol @ TCP, _, _, s0, s1, s2, s3, d0, d1, d2, d3] =
        rest.data.first_chunk::<20>()?
    else {
        return None;
    };
    let length = usize::from(u16::from_be_bytes([l0, l1]));
    if length < 20 || u16::from_be_bytes([f0, f1]) & MORE_FRAGMENTS_OR_OFFSET != 0 {
        return None;
    }
    let header = IpHeader {
        source: Ipv4Addr::new(s0, s1, s2, s3).into(),
        destination: Ipv4Addr::new(d0, d1, d2, d3).into(),
        protocol,
        identification: u16::from_be_bytes([i0, i1]),
    };
    Some((header, rest.limit(length).skip(20)?))
}

/// The same for IPv6 (RFC 8200 §3).
#[inline]
pub(super) fn peel_v6<'a>(rest: Rest<'a>, ip: &mut IpHeader) -> PeeledIp<'a> {
    let Ok(header) = Ipv6HeaderSlice::from_slice(rest.data) else { return Err(MALFORMED) };
    let payload = rest.skip(header.slice().len()).ok_or(MALFORMED)?;
    let payload = match header.payload_length() {
        // A jumbogram (RFC 2675), or segmentation offload.
        0 => payload,
        length => payload.limit(usize::from(length)),
    };
    ip.source = IpAddr::V6(header.source_addr());
    ip.destination = IpAddr::V6(header.destination_addr());
    ip.protocol = header.next_header().0;
    ip.identification = 0;
    Ok((None, payload))
}

/// Peels an IPv6 fragment header (RFC 8200 §4.5).
pub(super) fn peel_fragment_header<'a>(rest: Rest<'a>, ip: &mut IpHeader) -> PeeledIp<'a> {
    let Ok(extension) = Ipv6FragmentHeaderSlice::from_slice(rest.data) else {
        return Err(MALFORMED);
    };
    let payload = rest.skip(extension.slice().len()).ok_or(MALFORMED)?;
    ip.protocol = extension.next_header().0;
    // An atomic fragment (RFC 6946) is a whole packet.
    let fragment = extension.is_fragmenting_payload().then(|| Fragment {
        identification: extension.identification(),
        offset: extension.fragment_offset(),
        more: extension.more_fragments(),
    });
    Ok((fragment, payload))
}

/// Whether a protocol number is that of an extension header with a next header behind it.
#[inline]
pub(super) fn is_extension(protocol: u8) -> bool {
    matches!(
        protocol,
        HOP_BY_HOP
            | ROUTING
            | AUTHENTICATION
            | DESTINATION_OPTIONS
            | MOBILITY
            | HOST_IDENTITY
            | SHIM6
    )
}

/// Peels one extension header (RFC 8200 §4, RFC 4302 §2).
pub(super) fn peel_extension<'a>(rest: Rest<'a>, ip: &mut IpHeader) -> Peeled<'a> {
    let &[next, length, ..] = rest.data else { return Err(MALFORMED) };
    let length = match ip.protocol {
        AUTHENTICATION => (usize::from(length) + 2) * 4,
        _ => (usize::from(length) + 1) * 8,
    };
    let extension = rest.data.get(..length).ok_or(MALFORMED)?;
    if ip.protocol == ROUTING
        && let Some(last) = final_destination(extension)
    {
        ip.destination = IpAddr::V6(last);
    }
    ip.protocol = next;
    let rest = rest.skip(length).ok_or(MALFORMED)?;
    Ok((Layer::Ip, rest))
}

/// Where a packet with this routing header finally goes; the IP header has only its next stop. The
/// answer will come from there.
fn final_destination(extension: &[u8]) -> Option<Ipv6Addr> {
    let &[_, length, kind, segments_left, ..] = extension else { return None };
    if segments_left == 0 {
        return None;
    }
    let at = match kind {
        // Source route (RFC 8200 §4.4 of RFC 2460) and Mobile IPv6 (RFC 6275 §6.4): in order.
        0 | 2 => (usize::from(length) / 2).checked_sub(1)? * 16 + 8,
        // Segment routing (RFC 8754 §2): the last segment stands first.
        4 => 8,
        _ => return None,
    };
    extension.get(at..)?.first_chunk::<16>().map(|&octets| Ipv6Addr::from(octets))
}
