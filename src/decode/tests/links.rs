//! Link types that are seldom seen, and wireless frames.

use super::*;

/// The length of an address family's word, in either byte order.
fn family(number: u32, big_endian: bool) -> [u8; 4] {
    if big_endian { number.to_be_bytes() } else { number.to_le_bytes() }
}

#[test]
fn seldom_seen_link_types_lead_to_tcp_too() {
    let ip = v4();
    let inner = ethernet(0x0800, &ip);
    let snap = join(&SNAP, &ip);
    let tap = |link_type: u8, content: &[u8]| {
        let header = [&[108, 0, 0, 0, 1, 0, 0, 0, link_type, 0, 0, 0][..], &[0; 96]].concat();
        join(&header, content)
    };
    for (name, link_type, frame) in [
        ("FDDI", LinkType::FDDI, join(&[0x50; 13], &snap)),
        ("token ring", LinkType::IEEE802_5, join(&[0x10; 14], &snap)),
        (
            "token ring with a route",
            LinkType::IEEE802_5,
            [&[0x10; 8][..], &[0x90; 6], &[0xc6, 0x30, 0, 1, 0, 0x20], &snap].concat(),
        ),
        ("SLIP", LinkType::SLIP, join(&[1, 0x40, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0], &ip)),
        ("ATM with LLC", LinkType::ATM_RFC1483, snap.clone()),
        ("ATM without LLC", LinkType::ATM_RFC1483, ip.clone()),
        (
            "ATM, bridged",
            LinkType::ATM_RFC1483,
            join(&[0xaa, 0xaa, 3, 0, 0x80, 0xc2, 0, 7, 0, 0], &inner),
        ),
        ("ATM with PPP", LinkType::ATM_RFC1483, join(&[0xfe, 0xfe, 3, 0xcf, 0, 0x21], &ip)),
        ("classical IP over ATM", LinkType::ATM_CLIP, snap.clone()),
        ("Sun's ATM", LinkType::SUNATM, join(&[0x82, 0, 0, 5], &snap)),
        ("frame relay", LinkType::FRELAY, join(&[0x18, 0x41, 3, 0xcc], &ip)),
        ("frame relay, long address", LinkType::FRELAY, join(&[0x18, 0, 0, 1, 3, 0xcc], &ip)),
        (
            "frame relay with SNAP",
            LinkType::FRELAY,
            join(&[0x18, 0x41, 3, 0, 0x80, 0, 0, 0, 8, 0], &ip),
        ),
        (
            "frame relay, bridged",
            LinkType::FRELAY,
            join(&[0x18, 0x41, 3, 0, 0x80, 0, 0x80, 0xc2, 0, 7], &inner),
        ),
        ("Cisco's frame relay", LinkType::FRELAY, join(&[0x18, 0x41, 8, 0], &ip)),
        (
            "frame relay with direction",
            LinkType::FRELAY_WITH_DIR,
            join(&[1, 0x18, 0x41, 3, 0xcc], &ip),
        ),
        ("IP over Fibre Channel", LinkType::IP_OVER_FC, join(&[0x10; 16], &snap)),
        (
            "IP over IEEE 1394",
            LinkType::APPLE_IP_OVER_IEEE1394,
            [&[7; 16][..], &[8, 0], &ip].concat(),
        ),
        ("MPLS", LinkType::MPLS, join(&[0, 1, 1, 64], &ip)),
        ("IPsec view", LinkType::ENC, [&family(2, false)[..], &[0; 8], &ip].concat()),
        ("IPsec view, big-endian", LinkType::ENC, [&family(2, true)[..], &[0; 8], &ip].concat()),
        ("packet filter log", LinkType::PFLOG, [&[61, 2][..], &[0; 62], &ip].concat()),
        ("IPNET", LinkType::IPNET, [&[1, 2][..], &[0; 22], &ip].concat()),
        ("packet tap of Ethernet", LinkType::PKTAP, tap(1, &inner)),
        ("packet tap of loopback", LinkType::PKTAP, tap(0, &join(&family(2, false), &ip))),
        ("packet tap of raw IP", LinkType::PKTAP_DARWIN, tap(12, &ip)),
        ("pppd", LinkType::PPP_PPPD, join(&[1, 0xff, 3, 0, 0x21], &ip)),
        ("PPP with direction", LinkType::PPP_WITH_DIR, join(&[0, 0x21], &ip)),
        ("PPP multilink", LinkType::PPP, join(&[0xff, 3, 0, 0x3d, 0xc0, 0, 0, 7, 0, 0x21], &ip)),
        ("Cisco HDLC with direction", LinkType::C_HDLC_WITH_DIR, join(&[0, 0x0f, 0, 8, 0], &ip)),
        ("hardware analyser", LinkType::NETANALYZER, join(&[0; 4], &inner)),
        ("loopback with an EtherType", LinkType::NULL, join(&family(0x0800, false), &ip)),
    ] {
        assert_found(name, link_type, &frame);
    }
}

#[test]
fn what_seldom_seen_links_carry_beside_ip_is_not_tcp() {
    for (name, link_type, frame) in [
        ("loopback of AppleTalk", LinkType::NULL, family(16, false).to_vec()),
        ("signalling", LinkType::SUNATM, vec![6, 0, 0, 5, 0, 0]),
        ("frame relay management", LinkType::FRELAY, vec![0, 1, 3, 8, 0, 0x75]),
        ("packet filter log of nothing", LinkType::PFLOG, vec![64, 0, 0, 0]),
        ("record of a process", LinkType::PKTAP, [&[108, 0, 0, 0, 2][..], &[0; 110]].concat()),
        ("PPP multilink fragment", LinkType::PPP, vec![0, 0x3d, 0x80, 0, 0, 7, 0, 0x21, 0x45]),
        ("another family", LinkType::IPNET, vec![1, 9, 0, 0]),
        ("PPPoE discovery", LinkType::ETHERNET, ethernet(0x8863, &[0x11, 9, 0, 0, 0, 0])),
    ] {
        assert_not_tcp(name, link_type, &frame);
    }
}

#[test]
fn a_packet_tap_within_a_packet_tap_is_walked_to_its_end() {
    let header = |link_type: u16| {
        let [low, high] = link_type.to_le_bytes();
        [12, 0, 0, 0, 1, 0, 0, 0, low, high, 0, 0]
    };
    let mut frame = join(&header(LinkType::RAW.0), &v4());
    for _ in 0..1000 {
        frame = join(&header(LinkType::PKTAP.0), &frame);
    }
    assert_found("a thousand headers", LinkType::PKTAP, &frame);
}

/// A data frame from a station: frame control, addresses, and what the tests add.
fn wifi(control: [u8; 2], extra: &[u8], body: &[u8]) -> Vec<u8> {
    [&control[..], &[0; 22], extra, &SNAP[..], body].concat()
}

#[test]
fn unencrypted_wireless_data_is_read() {
    let plain = wifi([0x08, 1], &[], &v4());
    let quality = wifi([0x88, 2], &[0, 0], &v4());
    let bridged = wifi([0x88, 3], &[0; 8], &v4());
    let high_throughput = wifi([0x88, 0x81], &[0; 6], &v4());
    for frame in [&plain, &quality, &bridged, &high_throughput] {
        assert_found("802.11", LinkType::IEEE802_11, frame);
    }
    let subframe_length = ((v4().len() + 8) as u16).to_be_bytes();
    let aggregate = [&[0x80, 0][..], &[2; 12], &subframe_length].concat();
    assert_found("A-MSDU", LinkType::IEEE802_11, &wifi([0x88, 1], &aggregate, &v4()));

    let radiotap = [0, 0, 9, 0, 2, 0, 0, 0, 0];
    assert_found("radiotap", LinkType::IEEE802_11_RADIOTAP, &join(&radiotap, &plain));
    let padded = wifi([0x88, 2], &[0; 4], &v4());
    let radiotap =
        [0, 0, 25, 0, 3, 0, 0, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8, 0x20];
    assert_found("data pad", LinkType::IEEE802_11_RADIOTAP, &join(&radiotap, &padded));
    let prism = [&[0, 0, 0, 0x44, 0, 0, 0, 144][..], &[0; 136]].concat();
    assert_found("Prism", LinkType::IEEE802_11_PRISM, &join(&prism, &plain));
    let avs = [&[0x80, 0x21, 0x10, 1, 0, 0, 0, 64][..], &[0; 56]].concat();
    assert_found("AVS", LinkType::IEEE802_11_AVS, &join(&avs, &plain));

    for control in [[0x80, 0], [0x08, 0x41], [0x48, 1], [0xc8, 1], [0x08, 5]] {
        let frame = wifi(control, &[0, 0], &v4());
        assert_not_tcp("beacon, encrypted, empty, fragment", LinkType::IEEE802_11, &frame);
    }
}

#[test]
fn every_subframe_of_an_aggregate_is_read() {
    let subframe = |packet: &[u8]| {
        let body = join(&SNAP, packet);
        let header = [&[2; 12][..], &(body.len() as u16).to_be_bytes()].concat();
        let mut subframe = join(&header, &body);
        subframe.resize(subframe.len().next_multiple_of(4), 0);
        subframe
    };
    let other = ip(1, &[8; 30]);
    let packets = [v4(), other, v4(), v4()];
    let body: Vec<u8> = packets.iter().flat_map(|packet| subframe(packet)).collect();
    let data = [&[0x88, 1][..], &[0; 22], &[0x80, 0], &body].concat();
    let frame = Frame {
        timestamp: Timestamp::from_seconds(1),
        link_type: LinkType::IEEE802_11,
        interface: 0,
        data: &data,
        original_length: data.len() as u32,
    };
    let mut decoder = Decoder::new(&Limits::default());
    let mut counters = Counters::default();
    let mut found = vec![seen(&decoder.decode(&frame, &mut counters))];
    while let Some(next) = decoder.decode_next(&frame, &mut counters) {
        found.push(seen(&next));
    }
    let tcp = Some(expected(false));
    assert_eq!(found, [tcp.clone(), None, tcp.clone(), tcp]);
    assert_eq!((counters.not_tcp, counters.undecodable_total()), (1, 0));
    let plain = Frame { link_type: LinkType::RAW, data: &data[60..], ..frame };
    decoder.decode(&plain, &mut counters);
    assert!(decoder.decode_next(&plain, &mut counters).is_none(), "nothing is left of the last");
}
