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
    pub(in crate::decode) const FABRIC_PATH: u16 = 0x8903;
    pub(in crate::decode) const VN_TAG: u16 = 0x8926;
    pub(in crate::decode) const E_TAG: u16 = 0x893f;
    pub(in crate::decode) const SERVICE_HEADER: u16 = 0x894f;
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
        LinkType::FDDI => llc(rest.skip(13).ok_or(CUT_OFF)?),
        LinkType::IEEE802_5 => token_ring(rest),
        LinkType::SLIP => Ok((Layer::AnyIp, rest.skip(16).ok_or(CUT_OFF)?)),
        LinkType::ATM_RFC1483 | LinkType::ATM_CLIP => multiplexed(rest),
        LinkType::SUNATM => sun_atm(rest),
        LinkType::FRELAY => frame_relay(rest),
        LinkType::IP_OVER_FC => llc(rest.skip(16).ok_or(CUT_OFF)?),
        LinkType::APPLE_IP_OVER_IEEE1394 => typed(rest, 16, 18),
        LinkType::MPLS => mpls(rest),
        LinkType::ENC => after_family(rest, 0, 12),
        LinkType::PFLOG => packet_filter_log(rest),
        LinkType::IPNET => ipnet(rest),
        LinkType::PKTAP | LinkType::PKTAP_DARWIN => packet_tap(rest),
        // One octet says which way the frame went.
        LinkType::PPP_PPPD | LinkType::PPP_WITH_DIR => ppp(rest.skip(1).ok_or(CUT_OFF)?),
        LinkType::C_HDLC_WITH_DIR => cooked(rest, 3, 5),
        LinkType::FRELAY_WITH_DIR => frame_relay(rest.skip(1).ok_or(CUT_OFF)?),
        LinkType::NETANALYZER => {
            Ok((Layer::Link(LinkType::ETHERNET), rest.skip(4).ok_or(CUT_OFF)?))
        }
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
        ether_type::CISCO_METADATA | ether_type::E_TAG => typed(rest, 6, 8),
        ether_type::MACSEC => macsec(rest),
        // Cisco's tag for a virtual interface.
        ether_type::VN_TAG => typed(rest, 4, 6),
        ether_type::FABRIC_PATH => {
            Ok((Layer::Link(LinkType::ETHERNET), rest.skip(2).ok_or(CUT_OFF)?))
        }
        ether_type::SERVICE_HEADER => service_header(rest),
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
        // A bridged Ethernet frame, with its check sequence or without (RFC 2684 §5.2).
        [0xaa, 0xaa, 3, 0, 0x80, 0xc2, 0, 1 | 7, ..] => {
            Ok((Layer::Link(LinkType::ETHERNET), rest.skip(10).ok_or(CUT_OFF)?))
        }
        [6, 6, 3, ..] => Ok((Layer::AnyIp, rest.skip(3).ok_or(CUT_OFF)?)),
        _ => Err(Stop::NotTcp),
    }
}

/// IEEE 802.5: a source address whose highest bit is set is followed by a route.
fn token_ring(rest: Rest<'_>) -> Peeled<'_> {
    const HEADER: usize = 14;
    let routed = rest.data.get(8).ok_or(CUT_OFF)? & 0x80 != 0;
    let route = if routed { rest.data.get(HEADER).ok_or(CUT_OFF)? & 0x1f } else { 0 };
    llc(rest.skip(HEADER + usize::from(route)).ok_or(CUT_OFF)?)
}

/// A packet with LLC before it or without (RFC 2684 §5 and §6).
fn multiplexed(rest: Rest<'_>) -> Peeled<'_> {
    match *rest.data {
        [0xaa, 0xaa, ..] | [6, 6, ..] => llc(rest),
        [0xfe, 0xfe, 3, 0xcf, ..] => ppp(rest.skip(4).ok_or(CUT_OFF)?),
        [first, ..] if matches!(first >> 4, 4 | 6) => Ok((Layer::AnyIp, rest)),
        _ => Err(Stop::NotTcp),
    }
}

/// SunATM's header: the kind of traffic, the path and the circuit.
fn sun_atm(rest: Rest<'_>) -> Peeled<'_> {
    const LLC_MULTIPLEXED: u8 = 2;
    let kind = rest.data.first().ok_or(CUT_OFF)? & 0x0f;
    if kind != LLC_MULTIPLEXED {
        return Err(Stop::NotTcp);
    }
    multiplexed(rest.skip(4).ok_or(CUT_OFF)?)
}

/// Frame relay (RFC 2427 §3, §4), or Cisco's way: an EtherType right behind the address.
fn frame_relay(rest: Rest<'_>) -> Peeled<'_> {
    const LAST_OCTET: u8 = 1;
    let address = rest.data.iter().take(4).position(|octet| octet & LAST_OCTET != 0);
    let rest = rest.skip(address.ok_or(CUT_OFF)? + 1).ok_or(CUT_OFF)?;
    match *rest.data {
        [3, 0xcc | 0x8e, ..] => Ok((Layer::AnyIp, rest.skip(2).ok_or(CUT_OFF)?)),
        // SNAP behind an octet of padding, and bridged Ethernet.
        [3, 0, 0x80, 0, 0, 0, ..] => typed(rest, 6, 8),
        [3, 0, 0x80, 0, 0x80, 0xc2, 0, 1 | 7, ..] => {
            Ok((Layer::Link(LinkType::ETHERNET), rest.skip(8).ok_or(CUT_OFF)?))
        }
        [3, 0xcf, ..] => ppp(rest.skip(2).ok_or(CUT_OFF)?),
        [3, ..] => Err(Stop::NotTcp),
        _ => cooked(rest, 0, 2),
    }
}

/// The log of BSD's packet filter: its header's length, padded to words, and an address family.
fn packet_filter_log(rest: Rest<'_>) -> Peeled<'_> {
    let &[length, family, ..] = rest.data else { return Err(CUT_OFF) };
    let length = usize::from(length).next_multiple_of(4);
    if is_ip(u32::from(family)) {
        Ok((Layer::AnyIp, rest.skip(length).ok_or(CUT_OFF)?))
    } else {
        Err(Stop::NotTcp)
    }
}

/// Solaris's observability device: a version, Solaris's address family, and zones.
fn ipnet(rest: Rest<'_>) -> Peeled<'_> {
    match *rest.data {
        [_, 2 | 26, ..] => Ok((Layer::AnyIp, rest.skip(24).ok_or(CUT_OFF)?)),
        [_, _, ..] => Err(Stop::NotTcp),
        _ => Err(CUT_OFF),
    }
}

/// Darwin's packet tap: the length of its header, the kind of record, and the link type of the
/// packet, each a little-endian word.
fn packet_tap(rest: Rest<'_>) -> Peeled<'_> {
    const PACKET: u8 = 1;
    const SHORTEST: usize = 12;
    let &[l0, l1, l2, l3, kind, _, _, _, t0, t1, 0, 0, ..] = rest.data else {
        return Err(CUT_OFF);
    };
    if kind != PACKET {
        return Err(Stop::NotTcp);
    }
    let length = u32::from_le_bytes([l0, l1, l2, l3]) as usize;
    let link_type = LinkType(u16::from_le_bytes([t0, t1]));
    Ok((Layer::Link(link_type), rest.skip(length.max(SHORTEST)).ok_or(CUT_OFF)?))
}

/// BSD's loopback: an address family in the byte order of its machine; some writers give an
/// EtherType.
fn loopback(rest: Rest<'_>) -> Peeled<'_> {
    let number = *rest.data.first_chunk::<4>().ok_or(CUT_OFF)?;
    let number = u32::from_be_bytes(number).min(u32::from_le_bytes(number));
    match u16::try_from(number) {
        Ok(ether_type) if ether_type > LARGEST_LENGTH => {
            Ok((Layer::EtherType(ether_type), rest.skip(4).ok_or(CUT_OFF)?))
        }
        _ => after_family(rest, 0, 4),
    }
}

/// IP behind a header of `length` octets with an address family at `at`, in either byte order.
fn after_family(rest: Rest<'_>, at: usize, length: usize) -> Peeled<'_> {
    let family = rest.data.get(at..).and_then(<[u8]>::first_chunk::<4>).ok_or(CUT_OFF)?;
    if is_ip(u32::from_be_bytes(*family).min(u32::from_le_bytes(*family))) {
        Ok((Layer::AnyIp, rest.skip(length).ok_or(CUT_OFF)?))
    } else {
        Err(Stop::NotTcp)
    }
}

/// `AF_INET` everywhere; `AF_INET6` of Linux, NetBSD and OpenBSD, FreeBSD, and Darwin.
fn is_ip(family: u32) -> bool {
    matches!(family, 2 | 10 | 24 | 28 | 30)
}

/// A network service header (RFC 8300 §2): its length in words and what comes after it.
pub(super) fn service_header(rest: Rest<'_>) -> Peeled<'_> {
    let &[_, length, _, next, ..] = rest.data else { return Err(CUT_OFF) };
    let rest = rest.skip(usize::from(length & 0x3f).max(2) * 4).ok_or(CUT_OFF)?;
    match next {
        1 | 2 => Ok((Layer::AnyIp, rest)),
        3 => Ok((Layer::Link(LinkType::ETHERNET), rest)),
        5 => mpls(rest),
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
    const MULTILINK: u16 = 0x3d;
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
        MULTILINK => multilink(rest),
        _ => Err(Stop::NotTcp),
    }
}

/// Multilink PPP (RFC 1990 §3) of a packet that is not cut into fragments, behind a long sequence
/// number.
fn multilink(rest: Rest<'_>) -> Peeled<'_> {
    const BEGINNING_AND_END: u8 = 0xc0;
    if rest.data.first().ok_or(CUT_OFF)? & BEGINNING_AND_END != BEGINNING_AND_END {
        return Err(Stop::NotTcp);
    }
    ppp(rest.skip(4).ok_or(CUT_OFF)?)
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
