mod fragments;
mod frames;
mod links;

use std::net::SocketAddr;

use proptest::prelude::*;

use self::frames::*;
use super::*;

/// What a test wants to know of a segment, owned.
#[derive(Debug, PartialEq, Eq, Clone)]
struct Seen {
    source: String,
    destination: String,
    sequence: u32,
    payload: Vec<u8>,
    cut: u32,
}

struct Wire {
    decoder: Decoder,
    counters: Counters,
    now: Timestamp,
}

impl Wire {
    fn new() -> Self {
        Self::with(&Limits::default())
    }

    fn with(limits: &Limits) -> Self {
        Self {
            decoder: Decoder::new(limits),
            counters: Counters::default(),
            now: Timestamp::from_seconds(1000),
        }
    }

    fn snapped(&mut self, link_type: LinkType, data: &[u8], original: usize) -> Option<Seen> {
        let frame = Frame {
            timestamp: self.now,
            link_type,
            interface: 3,
            data,
            original_length: original as u32,
        };
        seen(&self.decoder.decode(&frame, &mut self.counters))
    }

    fn take(&mut self, link_type: LinkType, data: &[u8]) -> Option<Seen> {
        self.snapped(link_type, data, data.len())
    }
}

fn seen(decoded: &Decoded<'_>) -> Option<Seen> {
    let Decoded::Segment(segment) = decoded else { return None };
    Some(Seen {
        source: SocketAddr::from(segment.source).to_string(),
        destination: SocketAddr::from(segment.destination).to_string(),
        sequence: segment.sequence,
        payload: segment.payload.to_vec(),
        cut: segment.cut,
    })
}

const PAYLOAD: &[u8] = b"GET / HTTP/1.1\r\n\r\n";
const FROM: [u8; 4] = [10, 0, 0, 1];
const TO: [u8; 4] = [10, 0, 0, 2];
const FROM6: [u8; 16] = [0xfd, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1];
const TO6: [u8; 16] = [0xfd, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2];

fn expected(v6: bool) -> Seen {
    let (source, destination) =
        if v6 { ("[fd00::1]:1234", "[fd00::2]:80") } else { ("10.0.0.1:1234", "10.0.0.2:80") };
    Seen {
        source: source.to_owned(),
        destination: destination.to_owned(),
        sequence: 7,
        payload: PAYLOAD.to_vec(),
        cut: 0,
    }
}

#[track_caller]
fn assert_found(name: &str, link_type: LinkType, frame: &[u8]) {
    let mut wire = Wire::new();
    let seen = wire.take(link_type, frame);
    assert_eq!(seen, Some(expected(false)), "{name}: {:?}", wire.counters.undecodable);
}

#[track_caller]
fn assert_not_tcp(name: &str, link_type: LinkType, frame: &[u8]) {
    let mut wire = Wire::new();
    assert_eq!(wire.take(link_type, frame), None, "{name}");
    assert_eq!((wire.counters.not_tcp, wire.counters.undecodable_total()), (1, 0), "{name}");
}

/// LLC and SNAP before IPv4.
const SNAP: [u8; 8] = [0xaa, 0xaa, 3, 0, 0, 0, 8, 0];

#[test]
fn every_link_type_leads_to_tcp() {
    let sll = join(&[0, 0, 0, 1, 0, 6, 1, 2, 3, 4, 5, 6, 0, 0, 8, 0], &v4());
    let sll_llc = [&[0, 0, 0, 1, 0, 6, 1, 2, 3, 4, 5, 6, 0, 0, 0, 4], &SNAP[..], &v4()].concat();
    let sll2 = join(&[8, 0, 0, 0, 0, 0, 0, 1, 0, 1, 0, 6, 1, 2, 3, 4, 5, 6, 0, 0], &v4());
    let pppoe_length = ((v4().len() + 2) as u16).to_be_bytes();
    let pppoe = [&[0x11, 0, 0, 1], &pppoe_length[..], &[0, 0x21], &v4()].concat();
    for (link_type, frame) in [
        (LinkType::ETHERNET, ethernet(0x0800, &v4())),
        (LinkType::LINUX_SLL, sll),
        (LinkType::LINUX_SLL, sll_llc),
        (LinkType::LINUX_SLL2, sll2),
        (LinkType::NULL, join(&[2, 0, 0, 0], &v4())),
        (LinkType::NULL, join(&[0, 0, 0, 2], &v4())),
        (LinkType::LOOP, join(&[0, 0, 0, 2], &v4())),
        (LinkType::RAW, v4()),
        (LinkType::RAW_BSD, v4()),
        (LinkType::RAW_OPENBSD, v4()),
        (LinkType::IPV4, v4()),
        (LinkType::PPP, join(&[0xff, 3, 0, 0x21], &v4())),
        (LinkType::PPP, join(&[0, 0x21], &v4())),
        (LinkType::PPP, join(&[0x21], &v4())),
        (LinkType::PPP_HDLC, join(&[0xff, 3, 0, 0x21], &v4())),
        (LinkType::PPP_HDLC, join(&[0x0f, 0, 8, 0], &v4())),
        (LinkType::PPP_ETHER, pppoe),
        (LinkType::C_HDLC, join(&[0x0f, 0, 8, 0], &v4())),
        (LinkType::PPI, join(&[0, 0, 12, 0, 1, 0, 0, 0, 9, 9, 9, 9], &ethernet(0x0800, &v4()))),
    ] {
        assert_found(&format!("{link_type:?}"), link_type, &frame);
    }
    let mut wire = Wire::new();
    let seen = wire.take(LinkType::IPV6, &v6());
    assert_eq!(seen, Some(expected(true)));
    for family in [10, 24, 28, 30] {
        let seen = wire.take(LinkType::NULL, &join(&[family, 0, 0, 0], &v6()));
        assert_eq!(seen, Some(expected(true)), "address family {family}");
    }
}

#[test]
fn netfilter_logs_are_read_in_either_byte_order() {
    let v4 = v4();
    let length = (v4.len() + 4) as u16;
    let prefix = b"drop\0";
    let little =
        [&[2, 0, 0, 0, 9, 0, 10, 0][..], prefix, &[0; 3], &length.to_le_bytes(), &[9, 0], &v4];
    let big =
        [&[2, 0, 0, 0, 0, 9, 0, 10][..], prefix, &[0; 3], &length.to_be_bytes(), &[0, 9], &v4];
    assert_found("little endian", LinkType::NFLOG, &little.concat());
    assert_found("big endian", LinkType::NFLOG, &big.concat());
}

#[test]
fn tags_and_labels_are_peeled_however_many() {
    let ip = v4();
    let tag =
        |ether_type: u16, content: &[u8]| join(&[0, 5], &join(&ether_type.to_be_bytes(), content));
    let triple = tag(0x88a8, &tag(0x8100, &tag(0x0800, &ip)));
    let length = (ip.len() + 8) as u16;
    let pppoe_length = ((ip.len() + 2) as u16).to_be_bytes();
    let pppoe = [&[0x11, 0, 0, 1], &pppoe_length[..], &[0, 0x21], &ip].concat();
    let inner = ethernet(0x0800, &ip);
    for (name, frame) in [
        ("VLAN", ethernet(0x8100, &tag(0x0800, &ip))),
        ("QinQ, three deep", ethernet(0x9100, &triple)),
        ("LLC and SNAP", ethernet(length, &join(&SNAP, &ip))),
        ("LLC and SNAP in a VLAN", ethernet(0x8100, &tag(length, &join(&SNAP, &ip)))),
        ("IP on LLC", ethernet(length, &join(&[6, 6, 3], &ip))),
        ("MPLS", ethernet(0x8847, &join(&[0, 1, 0, 64, 0, 2, 1, 64], &ip))),
        ("MPLS pseudowire", ethernet(0x8847, &join(&[0, 2, 1, 64, 0, 0, 0, 0], &inner))),
        (
            "MPLS pseudowire, no control word",
            ethernet(
                0x8847,
                &join(&[0, 2, 1, 64], &{
                    let mut inner = inner.clone();
                    inner[0] = 0x12;
                    inner
                }),
            ),
        ),
        ("PPPoE", ethernet(0x8864, &pppoe)),
        ("MACsec, in the clear", ethernet(0x88e5, &join(&[0, 0, 0, 0, 0, 1, 8, 0], &ip))),
        ("backbone bridge", ethernet(0x88e7, &join(&[0, 0, 0, 9], &inner))),
        ("virtual interface tag", ethernet(0x8926, &join(&[0, 1, 0, 0, 8, 0], &ip))),
        ("port extender tag", ethernet(0x893f, &join(&[0, 1, 0, 0, 0, 0, 8, 0], &ip))),
        ("fabric path", ethernet(0x8903, &join(&[0, 9], &inner))),
        (
            "service header",
            ethernet(0x894f, &join(&[0, 6, 1, 1, 0, 0, 1, 255], &join(&[0; 16], &ip))),
        ),
        (
            "bridged in SNAP",
            ethernet(
                (inner.len() + 10) as u16,
                &join(&[0xaa, 0xaa, 3, 0, 0x80, 0xc2, 0, 7, 0, 0], &inner),
            ),
        ),
        ("Cisco metadata", ethernet(0x8909, &join(&[1, 1, 0, 1, 0, 2, 8, 0], &ip))),
    ] {
        assert_found(name, LinkType::ETHERNET, &frame);
    }
    assert_not_tcp("encrypted MACsec", LinkType::ETHERNET, &ethernet(0x88e5, &[0x2c; 60]));
    assert_not_tcp("ARP", LinkType::ETHERNET, &ethernet(0x0806, &[0; 28]));
    assert_not_tcp("spanning tree", LinkType::ETHERNET, &ethernet(38, &[0x42, 0x42, 3, 0, 0]));
}

#[test]
fn tunnels_are_looked_into() {
    let inner = ethernet(0x0800, &v4());
    for (name, packet) in [
        ("IP in IP", ip(4, &v4())),
        ("EtherIP", ip(97, &join(&[0x30, 0], &inner))),
        ("MPLS in IP", ip(137, &join(&[0, 1, 1, 64], &v4()))),
        ("GRE", ip(47, &join(&[0, 0, 8, 0], &v4()))),
        ("GRE with a key", ip(47, &join(&[0x20, 0, 8, 0, 0, 0, 0, 9], &v4()))),
        (
            "GRE with all fields",
            ip(47, &join(&[0xb0, 0, 8, 0, 1, 2, 0, 0, 0, 0, 0, 9, 0, 0, 0, 1], &v4())),
        ),
        (
            "GRE with source routes",
            ip(47, &join(&[0x40, 0, 8, 0, 0, 0, 0, 0, 8, 0, 0, 4, 1, 1, 1, 1, 0, 0, 0, 0], &v4())),
        ),
        ("GRE bridge", ip(47, &join(&[0, 0, 0x65, 0x58], &inner))),
        (
            "PPTP",
            ip(47, &join(&[0x30, 1, 0x88, 0x0b, 0, 60, 0, 1, 0, 0, 0, 5, 0xff, 3, 0, 0x21], &v4())),
        ),
        (
            "PPTP with acknowledgment",
            ip(
                47,
                &join(&[0x30, 0x81, 0x88, 0x0b, 0, 60, 0, 1, 0, 0, 0, 5, 0, 0, 0, 4, 0x21], &v4()),
            ),
        ),
        ("WCCP", ip(47, &join(&[0, 0, 0x88, 0x3e, 0, 0, 0, 0], &v4()))),
        ("ERSPAN I", ip(47, &join(&[0, 0, 0x88, 0xbe], &inner))),
        (
            "ERSPAN II",
            ip(47, &join(&[0x10, 0, 0x88, 0xbe, 0, 0, 0, 1, 0x10, 0, 0, 1, 0, 0, 0, 0], &inner)),
        ),
        (
            "ERSPAN III",
            ip(
                47,
                &join(
                    &[0x10, 0, 0x22, 0xeb, 0, 0, 0, 1, 0x20, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0],
                    &inner,
                ),
            ),
        ),
        (
            "ERSPAN III with a subheader",
            ip(
                47,
                &join(
                    &[
                        0x10, 0, 0x22, 0xeb, 0, 0, 0, 1, 0x20, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 1, 0,
                        0, 0, 0, 0, 0, 0, 0,
                    ],
                    &inner,
                ),
            ),
        ),
        ("VXLAN", udp(4789, &join(&[8, 0, 0, 0, 0, 0, 5, 0], &inner))),
        ("VXLAN on Linux's old port", udp(8472, &join(&[8, 0, 0, 0, 0, 0, 5, 0], &inner))),
        ("VXLAN-GPE", udp(4790, &join(&[0x0c, 0, 0, 1, 0, 0, 5, 0], &v4()))),
        ("Geneve", udp(6081, &join(&[0, 0, 0x65, 0x58, 0, 0, 5, 0], &inner))),
        ("Geneve with options", udp(6081, &join(&[1, 0, 8, 0, 0, 0, 5, 0, 0, 1, 2, 0], &v4()))),
        ("GTP-U", udp(2152, &join(&[0x30, 255, 0, 58, 0, 0, 0, 1], &v4()))),
        (
            "GTP-U with a sequence number",
            udp(2152, &join(&[0x32, 255, 0, 62, 0, 0, 0, 1, 0, 1, 0, 0], &v4())),
        ),
        (
            "GTP-U with an extension header",
            udp(2152, &join(&[0x34, 255, 0, 66, 0, 0, 0, 1, 0, 0, 0, 0x85, 1, 0, 9, 0], &v4())),
        ),
        ("TZSP", udp(37008, &join(&[1, 0, 0, 1, 0, 10, 1, 0xc0, 1], &inner))),
        ("L2TP", udp(1701, &join(&[0, 2, 0, 1, 0, 2, 0xff, 3, 0, 0x21], &v4()))),
        (
            "L2TP with all fields",
            udp(1701, &join(&[0x4a, 2, 0, 70, 0, 1, 0, 2, 0, 0, 0, 0, 0, 2, 0, 0, 0, 0x21], &v4())),
        ),
        ("LISP", udp(4341, &join(&[0x80, 0, 0, 1, 0, 0, 0, 0], &v4()))),
        (
            "VXLAN-GPE with a service header",
            udp(4790, &join(&[0x0c, 0, 0, 4, 0, 0, 5, 0, 0, 2, 2, 1, 0, 0, 1, 255], &v4())),
        ),
        ("IP within IP", ip(94, &v4())),
        ("Ethernet in IP", ip(143, &inner)),
        (
            "ERSPAN III of IP",
            ip(
                47,
                &join(
                    &[0x10, 0, 0x22, 0xeb, 0, 0, 0, 1, 0x20, 0, 0, 1, 0, 0, 0, 0, 0, 0, 8, 0],
                    &v4(),
                ),
            ),
        ),
        ("MPLS in UDP", udp(6635, &join(&[0, 1, 1, 64], &v4()))),
        ("IPv4 in IPv6", ip6(4, &v4())),
        (
            "GRE in VXLAN",
            udp(
                4789,
                &join(
                    &[8, 0, 0, 0, 0, 0, 5, 0],
                    &ethernet(0x0800, &ip(47, &join(&[0, 0, 8, 0], &v4()))),
                ),
            ),
        ),
    ] {
        assert_found(name, LinkType::ETHERNET, &ethernet(0x0800, &packet));
    }
    let mut wire = Wire::new();
    assert_eq!(wire.take(LinkType::RAW, &ip(41, &v6())), Some(expected(true)), "IPv6 in IPv4");
}

#[test]
fn teredo_is_told_by_its_addresses_on_any_port() {
    let mut inner = v6();
    inner[8..12].copy_from_slice(&[0x20, 1, 0, 0]);
    let origin = [0, 0, 0x12, 0x34, 1, 2, 3, 4];
    let authentication = [0, 1, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8, 0];
    for (name, header) in [
        ("plain", vec![]),
        ("origin", origin.to_vec()),
        ("authentication", authentication.to_vec()),
        ("both", [&authentication[..], &origin].concat()),
    ] {
        for port in [3544, 1234] {
            let packet = udp(port, &join(&header, &inner));
            let seen = Wire::new().take(LinkType::RAW, &packet);
            assert_eq!(seen.map(|seen| seen.payload).as_deref(), Some(PAYLOAD), "{name} {port}");
        }
    }
    assert_not_tcp("another prefix", LinkType::RAW, &udp(3544, &v6()));
    assert_not_tcp("another length", LinkType::RAW, &udp(3544, &join(&inner, &[0])));
}

#[test]
fn other_traffic_on_a_tunnels_port_is_just_not_tcp() {
    let text = b"HTTP/1.1 401 Unauthorized\r\n\r\n, over UDP";
    for port in [53, 3544, 4789, 4790, 8472, 6081, 2152, 37008, 1701] {
        assert_not_tcp(&format!("port {port}"), LinkType::RAW, &udp(port, text));
    }
    assert_not_tcp(
        "GTP-U echo",
        LinkType::RAW,
        &udp(2152, &[0x32, 1, 0, 4, 0, 0, 0, 0, 0, 1, 0, 0]),
    );
    assert_not_tcp(
        "L2TP control",
        LinkType::RAW,
        &udp(1701, &[0xc8, 2, 0, 12, 0, 0, 0, 0, 0, 0, 0, 0]),
    );
    assert_not_tcp(
        "PPTP ack",
        LinkType::RAW,
        &ip(47, &[0x20, 0x81, 0x88, 0x0b, 0, 0, 0, 1, 0, 0, 0, 4]),
    );
    assert_not_tcp("ICMP", LinkType::RAW, &ip(1, &v4()));
}

#[test]
fn encapsulation_is_bounded_and_the_bound_is_counted() {
    let nested = |levels: usize| (0..levels).fold(v4(), |packet, _| ip(4, &packet));
    let mut wire = Wire::with(&Limits { tunnel_depth: 3, ..Limits::default() });
    assert!(wire.take(LinkType::RAW, &nested(3)).is_some());
    assert!(wire.take(LinkType::RAW, &nested(4)).is_none());
    assert_eq!(wire.counters.undecodable.get(&Undecodable::TunnelDepth), Some(&1));
}

#[test]
fn extension_headers_are_walked() {
    let tcp = &v6()[40..];
    let options = |next: u8| vec![next, 0, 1, 4, 0, 0, 0, 0];
    let authentication =
        |next: u8| [&[next, 4, 0, 0, 0, 0, 0, 1, 0, 0, 0, 1][..], &[0xab; 12]].concat();
    let all = [
        &options(60)[..],
        &options(51),
        &authentication(44),
        &[135, 0, 0, 0, 0, 0, 0, 9],
        &options(6),
        tcp,
    ];
    let mut wire = Wire::new();
    assert_eq!(wire.take(LinkType::RAW, &ip6(0, &all.concat())), Some(expected(true)));

    let in_v4 = ip(51, &join(&authentication(6), &v4()[20..]));
    let seen = wire.take(LinkType::RAW, &in_v4).unwrap();
    assert_eq!(seen.payload, PAYLOAD);
    assert_not_tcp("no next header", LinkType::RAW, &ip6(59, &[]));
}

#[test]
fn a_source_routed_packet_is_for_its_final_destination() {
    let tcp = &v6()[40..];
    let (stop, last) = ([0xfe; 16], FROM6);
    let with = |kind: u8, segments_left: u8, segments: [[u8; 16]; 2]| {
        let header = [6, 4, kind, segments_left, 1, 0, 0, 0];
        ip6(43, &[&header[..], &segments.concat(), tcp].concat())
    };
    let destination =
        |packet: &[u8]| Wire::new().take(LinkType::RAW, packet).map(|seen| seen.destination);
    let (on_its_way, there) = (Some("[fd00::1]:80".to_owned()), Some("[fd00::2]:80".to_owned()));
    assert_eq!(destination(&with(0, 1, [stop, last])), on_its_way);
    assert_eq!(destination(&with(4, 1, [last, stop])), on_its_way);
    assert_eq!(destination(&with(4, 0, [last, stop])), there);
}

#[test]
fn what_is_not_of_the_packet_is_left_out() {
    let mut wire = Wire::new();
    let padded = join(&ethernet(0x0800, &v4()), &[0xee; 20]);
    assert_eq!(wire.take(LinkType::ETHERNET, &padded), Some(expected(false)));
    let padded = join(&ethernet(0x86dd, &v6()), &[0xee; 20]);
    assert_eq!(wire.take(LinkType::ETHERNET, &padded), Some(expected(true)));
}

#[test]
fn an_offloaded_segment_may_have_no_length_and_a_wrong_checksum() {
    let large = vec![b'x'; 100_000];
    let mut packet = join(&v4()[..40], &large);
    packet[2..4].fill(0);
    packet[10..12].fill(0xff);
    let seen = Wire::new().take(LinkType::ETHERNET, &ethernet(0x0800, &packet)).unwrap();
    assert_eq!((seen.payload.len(), seen.cut), (100_000, 0));

    let mut packet = join(&v6()[..60], &large);
    packet[4..6].fill(0);
    let seen = Wire::new().take(LinkType::ETHERNET, &ethernet(0x86dd, &packet)).unwrap();
    assert_eq!((seen.payload.len(), seen.cut), (100_000, 0));
}

#[test]
fn what_the_snap_length_cut_off_is_known() {
    let frame = ethernet(0x0800, &v4());
    let mut wire = Wire::new();
    for kept in 54..frame.len() {
        let seen = wire.snapped(LinkType::ETHERNET, &frame[..kept], frame.len()).unwrap();
        assert_eq!(seen.payload, &PAYLOAD[..kept - 54]);
        assert_eq!(seen.payload.len() + seen.cut as usize, PAYLOAD.len());
    }
    assert_eq!(wire.counters.truncated, (frame.len() - 54) as u64);

    // The capture says that this is all, the IP header knows better.
    let seen = wire.take(LinkType::ETHERNET, &frame[..60]).unwrap();
    assert_eq!(seen.cut as usize, PAYLOAD.len() - 6);
}

#[test]
fn a_snap_length_within_the_tcp_options_still_tells_how_much_there_was() {
    let mut packet = ip(6, &[&v4()[20..40], &[1; 12], PAYLOAD].concat());
    packet[32] = 0x80;
    let seen = Wire::new().snapped(LinkType::RAW, &packet[..44], packet.len()).unwrap();
    assert_eq!((seen.payload.len(), seen.cut as usize), (0, PAYLOAD.len()));
}

#[test]
fn what_cannot_be_decoded_is_counted_by_reason() {
    let mut short_ip = v4();
    short_ip[2..4].copy_from_slice(&[0, 10]);
    let mut short_tcp = v4();
    short_tcp[32] = 0x40;
    for (reason, link_type, frame) in [
        (Undecodable::LinkType, LinkType(147), v4()),
        (Undecodable::LinkHeader, LinkType::ETHERNET, vec![0; 13]),
        (Undecodable::LinkHeader, LinkType::ETHERNET, ethernet(0x8100, &[0, 1])),
        (Undecodable::IpHeader, LinkType::RAW, vec![]),
        (Undecodable::IpHeader, LinkType::RAW, vec![0x55; 40]),
        (Undecodable::IpHeader, LinkType::RAW, v4()[..19].to_vec()),
        (Undecodable::IpHeader, LinkType::RAW, short_ip),
        (Undecodable::IpHeader, LinkType::RAW, ip6(0, &[6])),
        (Undecodable::TcpHeader, LinkType::RAW, v4()[..39].to_vec()),
        (Undecodable::TcpHeader, LinkType::RAW, short_tcp),
        (Undecodable::TunnelHeader, LinkType::RAW, ip(47, &[0x20, 0, 8, 0])),
        (Undecodable::TunnelHeader, LinkType::RAW, ip(47, &[0, 5, 8, 0])),
    ] {
        let mut wire = Wire::new();
        assert_eq!(wire.take(link_type, &frame), None, "{reason:?}");
        assert_eq!(wire.counters.undecodable, [(reason, 1)].into(), "{frame:02x?}");
        assert_eq!(wire.counters.not_tcp, 0);
    }
}

/// The fragments of a TCP segment in IPv4, each with so many octets of it.
fn fragments(identification: u16, sizes: &[usize]) -> Vec<Vec<u8>> {
    let whole = v4()[20..].to_vec();
    let mut fragments = Vec::new();
    let mut at = 0;
    for &size in sizes {
        let part = &whole[at..whole.len().min(at + size)];
        let mut packet = join(&v4()[..20], part);
        let length = packet.len() as u16;
        let more = if at + size < whole.len() { 0x2000 } else { 0 };
        packet[2..4].copy_from_slice(&length.to_be_bytes());
        packet[4..6].copy_from_slice(&identification.to_be_bytes());
        packet[6..8].copy_from_slice(&(more | (at / 8) as u16).to_be_bytes());
        fragments.push(packet);
        at += size;
    }
    fragments
}

const LINK_TYPES: [u16; 41] = [
    0, 1, 6, 8, 9, 10, 12, 14, 50, 51, 100, 101, 104, 105, 106, 107, 108, 109, 113, 117, 119, 122,
    123, 127, 138, 149, 163, 166, 192, 204, 205, 206, 219, 226, 228, 229, 239, 240, 258, 276, 999,
];

fn decode_quietly(link_type: u16, data: &[u8], cut: u32) {
    let mut wire = Wire::new();
    let original = data.len() + cut as usize;
    for _ in 0..2 {
        let seen = wire.snapped(LinkType(link_type), data, original);
        if let Some(seen) = seen {
            assert!(seen.payload.len() <= data.len());
        }
    }
}

proptest! {
    #[test]
    fn arbitrary_octets_of_any_link_type_never_panic(
        link_type in prop::sample::select(LINK_TYPES.to_vec()),
        data in prop::collection::vec(any::<u8>(), 0..200),
        cut in prop::sample::select(vec![0u32, 1, 1000, u32::MAX / 2]),
    ) {
        decode_quietly(link_type, &data, cut);
    }

    #[test]
    fn damaged_tunnels_never_panic(
        which in 0usize..8,
        hits in prop::collection::vec((0usize..200, any::<u8>()), 1..6),
        length in 0usize..200,
    ) {
        let inner = ethernet(0x0800, &v4());
        let mut frame = [
            ip(47, &join(&[0x70, 0, 8, 0, 1, 2, 0, 0, 0, 0, 0, 9, 0, 0, 0, 1], &v4())),
            udp(4789, &join(&[8, 0, 0, 0, 0, 0, 5, 0], &inner)),
            udp(6081, &join(&[1, 0, 8, 0, 0, 0, 5, 0, 0, 1, 2, 0], &v4())),
            udp(2152, &join(&[0x34, 255, 0, 66, 0, 0, 0, 1, 0, 0, 0, 0x85, 1, 0, 9, 0], &v4())),
            udp(37008, &join(&[1, 0, 0, 1, 0, 10, 1, 0xc0, 1], &inner)),
            udp(1701, &join(&[0x4a, 2, 0, 70, 0, 1, 0, 2, 0, 0, 0, 0, 0, 2, 0, 0, 0, 0x21], &v4())),
            ip6(0, &join(&[44, 0, 0, 0, 0, 0, 0, 0, 6, 0, 0, 1, 0, 0, 0, 9], &v6()[40..])),
            fragments(1, &[8, 16, 100]).swap_remove(1),
        ][which].clone();
        for (at, value) in hits {
            let end = frame.len();
            frame[at % end] = value;
        }
        frame.truncate(length.max(1));
        decode_quietly(101, &frame, 0);
    }

    #[test]
    fn the_straight_way_and_the_general_way_agree(
        hits in prop::collection::vec((0usize..80, any::<u8>()), 0..4),
        length in 1usize..90,
        cut in prop::sample::select(vec![0usize, 5]),
    ) {
        let mut packet = v4();
        for (at, value) in hits {
            let end = packet.len();
            packet[at % end] = value;
        }
        packet.truncate(length);
        // Behind an Ethernet header, and behind nothing: only the first goes the straight way.
        let frame = ethernet(0x0800, &packet);
        let (mut straight, mut general) = (Wire::new(), Wire::new());
        let a = straight.snapped(LinkType::ETHERNET, &frame, frame.len() + cut);
        let b = general.snapped(LinkType::RAW, &packet, packet.len() + cut);
        prop_assert_eq!(a, b);
        prop_assert_eq!(straight.counters, general.counters);
    }
}
