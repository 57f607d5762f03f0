//! Packets inside packets: GRE and ERSPAN, EtherIP, MPLS in IP, and the tunnels over UDP.
//!
//! A UDP tunnel is recognised by its destination port and a header that fits (Teredo by its header
//! alone); anything else on those ports is simply not TCP.

use etherparse::UdpHeaderSlice;

use super::link;
use super::{Layer, Peeled, Rest, Stop};
use crate::capture::LinkType;
use crate::counters::Undecodable;

const CUT_OFF: Stop = Stop::Undecodable(Undecodable::TunnelHeader);

const IP_IN_IP: u8 = 4;
const UDP: u8 = 17;
const IPV6_IN_IP: u8 = 41;
const GRE: u8 = 47;
const IP_WITHIN_IP: u8 = 94;
const ETHERIP: u8 = 97;
const MPLS_IN_IP: u8 = 137;
const ETHERNET_IN_IP: u8 = 143;

const ETHERNET: Layer = Layer::Link(LinkType::ETHERNET);

/// Peels the tunnel that an IP protocol number announces.
pub(super) fn peel(protocol: u8, rest: Rest<'_>) -> Peeled<'_> {
    match protocol {
        IP_IN_IP | IPV6_IN_IP | IP_WITHIN_IP => Ok((Layer::AnyIp, rest)),
        // RFC 8986 §4.9: what segment routing carries.
        ETHERNET_IN_IP => Ok((ETHERNET, rest)),
        UDP => udp(rest),
        GRE => gre(rest),
        MPLS_IN_IP => link::mpls(rest),
        // RFC 3378: version 3, then a whole frame.
        ETHERIP if rest.half_word(0) == Some(0x3000) => {
            Ok((ETHERNET, rest.skip(2).ok_or(CUT_OFF)?))
        }
        _ => Err(Stop::NotTcp),
    }
}

fn udp(rest: Rest<'_>) -> Peeled<'_> {
    let Ok(header) = UdpHeaderSlice::from_slice(rest.data) else { return Err(Stop::NotTcp) };
    let rest = rest.skip(header.slice().len()).ok_or(Stop::NotTcp)?;
    match header.destination_port() {
        4789 | 8472 => vxlan(rest),
        4790 => vxlan_gpe(rest),
        6081 => geneve(rest),
        2152 => gtp_u(rest),
        37008 => tzsp(rest),
        1701 => l2tp(rest),
        4341 => lisp(rest),
        6635 => link::mpls(rest),
        _ => teredo(rest),
    }
}

/// Teredo (RFC 4380 §5.1.1): IPv6 on any port, as only servers have a fixed one, behind an
/// authentication header and an origin indication that may be there. What tells it from other
/// traffic is an IPv6 header that gives the packet's length and an address of Teredo's prefix.
fn teredo(mut rest: Rest<'_>) -> Peeled<'_> {
    const PREFIX: [u8; 4] = [0x20, 0x01, 0, 0];
    if let [0, 1, identifier, authentication, ..] = *rest.data {
        // Two lengths, what they announce, a nonce of eight octets and a confirmation of one.
        let length = 4 + usize::from(identifier) + usize::from(authentication) + 9;
        rest = rest.skip(length).ok_or(Stop::NotTcp)?;
    }
    if let [0, 0, ..] = rest.data {
        rest = rest.skip(8).ok_or(Stop::NotTcp)?;
    }
    let Some(header) = rest.data.first_chunk::<40>() else { return Err(Stop::NotTcp) };
    let payload = usize::from(u16::from_be_bytes([header[4], header[5]]));
    let of_teredo = header[8..12] == PREFIX || header[24..28] == PREFIX;
    if header[0] >> 4 == 6 && of_teredo && rest.length() == header.len() + payload {
        Ok((Layer::AnyIp, rest))
    } else {
        Err(Stop::NotTcp)
    }
}

/// GRE (RFC 2784, 2890), and version 1 of it, which PPTP uses (RFC 2637).
fn gre(rest: Rest<'_>) -> Peeled<'_> {
    const CHECKSUM: u8 = 0x80;
    const ROUTING: u8 = 0x40;
    const KEY: u8 = 0x20;
    const SEQUENCE: u8 = 0x10;
    const ACKNOWLEDGMENT: u8 = 0x80;
    let &[flags, flags_and_version, p0, p1, ..] = rest.data else { return Err(CUT_OFF) };
    let mut length = 4;
    match flags_and_version & 7 {
        0 => {
            length += if flags & (CHECKSUM | ROUTING) != 0 { 4 } else { 0 };
            length += if flags & KEY != 0 { 4 } else { 0 };
            length += if flags & SEQUENCE != 0 { 4 } else { 0 };
            if flags & ROUTING != 0 {
                length += source_routes(rest.data.get(length..).ok_or(CUT_OFF)?)?;
            }
        }
        // No sequence number means no payload: an acknowledgment.
        1 if flags & SEQUENCE == 0 => return Err(Stop::NotTcp),
        1 => length += if flags_and_version & ACKNOWLEDGMENT != 0 { 12 } else { 8 },
        _ => return Err(CUT_OFF),
    }
    let rest = rest.skip(length).ok_or(CUT_OFF)?;
    match u16::from_be_bytes([p0, p1]) {
        // ERSPAN type I has no header of its own, and no sequence number in GRE's.
        0x88be if flags & SEQUENCE == 0 => Ok((ETHERNET, rest)),
        0x88be => Ok((ETHERNET, rest.skip(8).ok_or(CUT_OFF)?)),
        0x22eb => erspan_3(rest),
        // WCCP's redirect header, which version 1 does not have.
        0x883e if rest.data.first().is_some_and(|first| first >> 4 != 4) => {
            Ok((Layer::AnyIp, rest.skip(4).ok_or(CUT_OFF)?))
        }
        0x883e => Ok((Layer::AnyIp, rest)),
        ether_type => Ok((Layer::EtherType(ether_type), rest)),
    }
}

/// Length of GRE's source routes (RFC 1701), which end with an empty one.
fn source_routes(data: &[u8]) -> Result<usize, Stop> {
    let mut at = 0;
    loop {
        let route = data.get(at..).and_then(<[u8]>::first_chunk::<4>).ok_or(CUT_OFF)?;
        let [family_0, family_1, _, length] = *route;
        at += 4 + usize::from(length);
        if [family_0, family_1, length] == [0, 0, 0] {
            return Ok(at);
        }
    }
}

/// ERSPAN type III: twelve octets, eight more when its last bit says so, and Ethernet or IP.
fn erspan_3(rest: Rest<'_>) -> Peeled<'_> {
    let &[kind, last] = rest.data.get(10..12).ok_or(CUT_OFF)? else { return Err(CUT_OFF) };
    let layer = match (kind >> 2) & 0x1f {
        0 => ETHERNET,
        2 => Layer::AnyIp,
        _ => return Err(Stop::NotTcp),
    };
    Ok((layer, rest.skip(if last & 1 == 1 { 20 } else { 12 }).ok_or(CUT_OFF)?))
}

/// LISP's data packets (RFC 9300 §5.1): eight octets, then the packet.
fn lisp(rest: Rest<'_>) -> Peeled<'_> {
    let rest = rest.skip(8).ok_or(Stop::NotTcp)?;
    match rest.data.first().map(|octet| octet >> 4) {
        Some(4 | 6) => Ok((Layer::AnyIp, rest)),
        _ => Err(Stop::NotTcp),
    }
}

/// VXLAN (RFC 7348 §5), also with group policy.
fn vxlan(rest: Rest<'_>) -> Peeled<'_> {
    match *rest.data {
        [flags, _, _, _, _, _, _, 0, ..] if flags & 0x08 != 0 => {
            Ok((ETHERNET, rest.skip(8).ok_or(CUT_OFF)?))
        }
        _ => Err(Stop::NotTcp),
    }
}

/// VXLAN with a next-protocol field (draft-ietf-nvo3-vxlan-gpe §3).
fn vxlan_gpe(rest: Rest<'_>) -> Peeled<'_> {
    match *rest.data {
        [flags, _, _, next, _, _, _, 0, ..] if flags & 0x08 != 0 => {
            let rest = rest.skip(8).ok_or(CUT_OFF)?;
            match next {
                1 | 2 => Ok((Layer::AnyIp, rest)),
                3 => Ok((ETHERNET, rest)),
                4 => link::service_header(rest),
                5 => link::mpls(rest),
                _ => Err(Stop::NotTcp),
            }
        }
        _ => Err(Stop::NotTcp),
    }
}

/// Geneve (RFC 8926 §3.4): version 0, options, and an EtherType.
fn geneve(rest: Rest<'_>) -> Peeled<'_> {
    match *rest.data {
        [options, _, p0, p1, _, _, _, 0, ..] if options >> 6 == 0 => {
            let length = 8 + usize::from(options & 0x3f) * 4;
            let ether_type = u16::from_be_bytes([p0, p1]);
            Ok((Layer::EtherType(ether_type), rest.skip(length).ok_or(CUT_OFF)?))
        }
        _ => Err(Stop::NotTcp),
    }
}

/// GTP-U (3GPP TS 29.281 §5): version 1, a G-PDU, and extension headers.
fn gtp_u(rest: Rest<'_>) -> Peeled<'_> {
    const USER_DATA: u8 = 255;
    let &[flags, USER_DATA, l0, l1, ..] = rest.data else { return Err(Stop::NotTcp) };
    if flags >> 4 != 3 {
        return Err(Stop::NotTcp);
    }
    let length = usize::from(u16::from_be_bytes([l0, l1])) + 8;
    let rest = rest.limit(rest.length().min(length));
    let mut at = 8;
    if flags & 7 != 0 {
        at += 4;
        // The last octet of each header says whether another one follows.
        while flags & 4 != 0 && *rest.data.get(at - 1).ok_or(CUT_OFF)? != 0 {
            let words = *rest.data.get(at).ok_or(CUT_OFF)?;
            at += usize::from(words.max(1)) * 4;
        }
    }
    match rest.data.get(at).ok_or(CUT_OFF)? >> 4 {
        4 | 6 => Ok((Layer::AnyIp, rest.skip(at).ok_or(CUT_OFF)?)),
        _ => Err(Stop::NotTcp),
    }
}

/// TaZmen Sniffer Protocol: version 1, a link type of its own numbering, and tagged fields.
fn tzsp(rest: Rest<'_>) -> Peeled<'_> {
    const PADDING: u8 = 0;
    const END: u8 = 1;
    let &[1, 0 | 1, p0, p1, ..] = rest.data else { return Err(Stop::NotTcp) };
    let layer = match u16::from_be_bytes([p0, p1]) {
        1 => ETHERNET,
        18 => Layer::Link(LinkType::IEEE802_11),
        119 => Layer::Link(LinkType::IEEE802_11_PRISM),
        127 => Layer::Link(LinkType::IEEE802_11_AVS),
        _ => return Err(Stop::NotTcp),
    };
    let mut at = 4;
    loop {
        match *rest.data.get(at).ok_or(CUT_OFF)? {
            END => return Ok((layer, rest.skip(at + 1).ok_or(CUT_OFF)?)),
            PADDING => at += 1,
            _ => at += 2 + usize::from(*rest.data.get(at + 1).ok_or(CUT_OFF)?),
        }
    }
}

/// L2TP version 2 data messages (RFC 2661 §3.1): PPP behind optional fields.
fn l2tp(rest: Rest<'_>) -> Peeled<'_> {
    const CONTROL: u8 = 0x80;
    const LENGTH: u8 = 0x40;
    const SEQUENCE: u8 = 0x08;
    const OFFSET: u8 = 0x02;
    let &[flags, version, ..] = rest.data else { return Err(Stop::NotTcp) };
    if version & 0x0f != 2 || flags & CONTROL != 0 {
        return Err(Stop::NotTcp);
    }
    let mut at = 6;
    at += if flags & LENGTH != 0 { 2 } else { 0 };
    at += if flags & SEQUENCE != 0 { 4 } else { 0 };
    if flags & OFFSET != 0 {
        at += 2 + usize::from(rest.half_word(at).ok_or(CUT_OFF)?);
    }
    link::ppp(rest.skip(at).ok_or(CUT_OFF)?)
}
