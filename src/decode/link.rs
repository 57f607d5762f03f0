//! Link layers, and what stands between them and IP: VLAN tags, LLC, MPLS, PPPoE, PPP.

use super::{Layer, Peeled, Rest, Stop, wifi};
use crate::capture::LinkType;
use crate::counters::Undecodable;

const CUT_OFF: Stop = Stop::Undecodable(Undecodable::LinkHeader);

/// EtherTypes (IEEE 802 numbers, IANA).
pub(super) mod ether_type {
    pub(in crate::decode) const IPV4: u16 = 0x0800;
    pub(in crate::decode) const CISCO_METADATA: u16 = 0x8909;
    pub(in crate::decode) const TRANSPARENT_ETHERNET: u16 = 0x6558;
    pub(in crate::decode) const VLAN: u16 = 0x8100;
    pub(in crate::decode) const IPV6: u16 = 0x86dd;
    pub(in crate::decode) const PPP: u16 = 0x880b;
    pub(in crate::decode) const MPLS: u16 = 0x8847;
    pub(in crate::decode) const MPLS_UPSTREAM: u16 = 0x8848;
    pub(in crate::decode) const PPPOE_SESSION: u16 = 0x8864;
    pub(in crate::decode) const PROVIDER_BRIDGE: u16 = 0x88a8;
    pub(in crate::decode) const MACSEC: u16 = 0x88e5;
    pub(in crate::decode) const BACKBONE_BRIDGE: u16 = 0x88e7;
    pub(in crate::decode) const QINQ_OLD: u16 = 0x9100;
    pub(in crate::decode) const QINQ_OLDER: u16 = 0x9200;
}

/// Below this an EtherType is a length, and LLC follows (IEEE 802.3 §3.2.6).
const LARGEST_LENGTH: u16 = 0x05dc;

/// In a cooked capture: LLC follows.
const LINUX_802_2: u16 = 4;

/// Peels the link-layer header that frames of this type begin with.
#[inline]
pub(super) fn peel(link_type: LinkType, rest: Rest<'_>) -> Peeled<'_> {
    match link_type {
        LinkType::ETHERNET => typed(rest, 12, 14),
        LinkType::LINUX_SLL => cooked(rest, 14, 16),
        LinkType::LINUX_SLL2 => cooked(rest, 0, 20),
        LinkType::RAW
        | LinkType::RAW_BSD
        | LinkType::RAW_OPENBSD
        | LinkType::IPV4
        | LinkType::IPV6 => Ok((Layer::AnyIp, rest)),
        LinkType::NULL | LinkType::LOOP => loopback(rest),
        LinkType::PPP | LinkType::PPP_HDLC => ppp(rest),
        LinkType::PPP_ETHER => pppoe(rest),
        LinkType::C_HDLC => cooked(rest, 2, 4),
        LinkType::NFLOG => netfilter_log(rest),
        LinkType::IEEE802_11 => wifi::peel(rest),
        LinkType::IEEE802_11_RADIOTAP => wifi::peel_radiotap(rest),
        LinkType::IEEE802_11_PRISM => wifi::peel_prism(rest),
        LinkType::IEEE802_11_AVS => wifi::peel_avs(rest),
        LinkType::PPI => wifi::peel_ppi(rest),
        _ => Err(Stop::Undecodable(Undecodable::LinkType)),
    }
}

/// A header of `length` octets with an EtherType at `at`.
#[inline]
fn typed(rest: Rest<'_>, at: usize, length: usize) -> Peeled<'_> {
    let ether_type = rest.half_word(at).ok_or(CUT_OFF)?;
    Ok((Layer::EtherType(ether_type), rest.skip(length).ok_or(CUT_OFF)?))
}

/// Linux cooked captures and Cisco HDLC: an EtherType, or a number of their own below those.
#[inline]
fn cooked(rest: Rest<'_>, at: usize, length: usize) -> Peeled<'_> {
    match typed(rest, at, length)? {
        (Layer::EtherType(LINUX_802_2), rest) => llc(rest),
        (Layer::EtherType(own), _) if own <= LARGEST_LENGTH => Err(Stop::NotTcp),
        typed => Ok(typed),
    }
}

/// Peels what an EtherType announces.
#[inline]
pub(super) fn peel_ether_type(ether_type: u16, rest: Rest<'_>) -> Peeled<'_> {
    match ether_type {
        ether_type::IPV4 | ether_type::IPV6 => Ok((Layer::AnyIp, rest)),
        ether_type::VLAN
        | ether_type::PROVIDER_BRIDGE
        | ether_type::QINQ_OLD
        | ether_type::QINQ_OLDER => typed(rest, 2, 4),
        ether_type::MPLS | ether_type::MPLS_UPSTREAM => mpls(rest),
        ether_type::PPPOE_SESSION => pppoe(rest),
        ether_type::PPP => ppp(rest),
        ether_type::TRANSPARENT_ETHERNET => Ok((Layer::Link(LinkType::ETHERNET), rest)),
        ether_type::CISCO_METADATA => typed(rest, 6, 8),
        ether_type::MACSEC => macsec(rest),
        // IEEE 802.1ah: an instance tag, then the customer's whole frame.
        ether_type::BACKBONE_BRIDGE => {
            Ok((Layer::Link(LinkType::ETHERNET), rest.skip(4).ok_or(CUT_OFF)?))
        }
        length if length <= LARGEST_LENGTH => llc(rest.limit(rest.length().min(length.into()))),
        _ => Err(Stop::NotTcp),
    }
}

/// IEEE 802.2 LLC with SNAP (RFC 1042), or IP directly above LLC.
pub(super) fn llc(rest: Rest<'_>) -> Peeled<'_> {
    match *rest.data {
        [0xaa, 0xaa, 3, 0, 0, 0 | 0xf8, ..] => typed(rest, 6, 8),
        [6, 6, 3, ..] => Ok((Layer::AnyIp, rest.skip(3).ok_or(CUT_OFF)?)),
        _ => Err(Stop::NotTcp),
    }
}

/// An address family in either byte order: BSD's loopback writes the order of its machine.
fn loopback(rest: Rest<'_>) -> Peeled<'_> {
    let family = *rest.data.first_chunk::<4>().ok_or(CUT_OFF)?;
    // AF_INET everywhere; AF_INET6 of Linux, NetBSD and OpenBSD, FreeBSD, and Darwin.
    match u32::from_be_bytes(family).min(u32::from_le_bytes(family)) {
        2 | 10 | 24 | 28 | 30 => Ok((Layer::AnyIp, rest.skip(4).ok_or(CUT_OFF)?)),
        _ => Err(Stop::NotTcp),
    }
}

/// A stack of labels (RFC 3032). What follows it is not said: IP by its version, else a pseudowire
/// with Ethernet in it, with a control word (RFC 4385) or without.
pub(super) fn mpls(mut rest: Rest<'_>) -> Peeled<'_> {
    loop {
        let label = *rest.data.first_chunk::<4>().ok_or(CUT_OFF)?;
        rest = rest.skip(4).ok_or(CUT_OFF)?;
        if label[2] & 1 == 1 {
            break;
        }
    }
    match rest.data.first().ok_or(CUT_OFF)? >> 4 {
        4 | 6 => Ok((Layer::AnyIp, rest)),
        0 => Ok((Layer::Link(LinkType::ETHERNET), rest.skip(4).ok_or(CUT_OFF)?)),
        _ => Ok((Layer::Link(LinkType::ETHERNET), rest)),
    }
}

/// PPPoE session (RFC 2516 §4).
fn pppoe(rest: Rest<'_>) -> Peeled<'_> {
    let &[0x11, code, _, _, l0, l1, ..] = rest.data else { return Err(CUT_OFF) };
    if code != 0 {
        return Err(Stop::NotTcp);
    }
    let length = usize::from(u16::from_be_bytes([l0, l1]));
    ppp(rest.skip(6).ok_or(CUT_OFF)?.limit(length))
}

/// PPP (RFC 1661), with HDLC-like framing or without, with its protocol field compressed or not.
pub(super) fn ppp(mut rest: Rest<'_>) -> Peeled<'_> {
    match *rest.data {
        [0xff, 3, ..] => rest = rest.skip(2).ok_or(CUT_OFF)?,
        // Cisco's HDLC under PPP's link type: unicast or multicast, then an EtherType.
        [0x0f | 0x8f, 0, ..] => return cooked(rest, 2, 4),
        _ => {}
    }
    let (protocol, length) = match *rest.data {
        [low, ..] if low & 1 == 1 => (u16::from(low), 1),
        [high, low, ..] => (u16::from_be_bytes([high, low]), 2),
        _ => return Err(CUT_OFF),
    };
    let rest = rest.skip(length).ok_or(CUT_OFF)?;
    match protocol {
        0x21 | 0x57 => Ok((Layer::AnyIp, rest)),
        0x281 | 0x283 => mpls(rest),
        _ => Err(Stop::NotTcp),
    }
}

/// IEEE 802.1AE without encryption: the tag, the frame, and a check value that IP's own length
/// leaves out.
fn macsec(rest: Rest<'_>) -> Peeled<'_> {
    const ENCRYPTED_OR_CHANGED: u8 = 0x0c;
    const CHANNEL_IDENTIFIER: u8 = 0x20;
    let control = *rest.data.first().ok_or(CUT_OFF)?;
    if control & ENCRYPTED_OR_CHANGED != 0 {
        return Err(Stop::NotTcp);
    }
    let length = if control & CHANNEL_IDENTIFIER != 0 { 14 } else { 6 };
    typed(rest, length, length + 2)
}

/// Netfilter's log: attributes in the byte order of the machine, one of which is the packet.
fn netfilter_log(rest: Rest<'_>) -> Peeled<'_> {
    const PAYLOAD: u16 = 9;
    let attributes = rest.skip(4).ok_or(CUT_OFF)?;
    for number in [u16::from_le_bytes, u16::from_be_bytes] {
        let mut rest = attributes;
        while let &[l0, l1, k0, k1, ..] = rest.data {
            let length = usize::from(number([l0, l1]));
            // The two upper bits of the kind are flags of netlink's.
            let kind = number([k0, k1]) & 0x3fff;
            if length < 4 || length > rest.length() {
                break;
            }
            if kind == PAYLOAD {
                return Ok((Layer::AnyIp, rest.limit(length).skip(4).ok_or(CUT_OFF)?));
            }
            match rest.skip(length.next_multiple_of(4)) {
                Some(next) => rest = next,
                None => break,
            }
        }
    }
    Err(Stop::NotTcp)
}
