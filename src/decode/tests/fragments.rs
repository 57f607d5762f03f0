use std::time::Duration;

use super::*;
use crate::counters::Limit;

#[test]
fn fragments_make_a_packet_in_any_order() {
    let parts = fragments(1, &[8, 16, 100]);
    for order in [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]] {
        let mut wire = Wire::new();
        let seen = order.map(|part| wire.take(LinkType::RAW, &parts[part]));
        assert_eq!(seen, [None, None, Some(expected(false))], "{order:?}");
        assert_eq!(wire.counters, Counters::default(), "none of them is an error");
    }
}

#[test]
fn fragments_may_come_twice_and_overlap() {
    let parts = fragments(1, &[8, 16, 100]);
    let other_cut = fragments(1, &[16, 100]);
    let mut wire = Wire::new();
    for part in [&parts[1], &parts[1], &parts[2], &parts[2]] {
        assert_eq!(wire.take(LinkType::RAW, part), None);
    }
    assert_eq!(wire.take(LinkType::RAW, &other_cut[0]), Some(expected(false)));
}

#[test]
fn fragments_of_different_packets_do_not_mix() {
    let (one, two) = (fragments(1, &[8, 100]), fragments(2, &[8, 100]));
    let mut wire = Wire::new();
    assert_eq!(wire.take(LinkType::RAW, &one[0]), None);
    assert_eq!(wire.take(LinkType::RAW, &two[1]), None);
    assert_eq!(wire.take(LinkType::RAW, &one[1]), Some(expected(false)));
    assert_eq!(wire.take(LinkType::RAW, &two[0]), Some(expected(false)));
}

#[test]
fn fragments_of_ipv6_make_a_packet_too() {
    let tcp = v6()[40..].to_vec();
    // A destination option stands behind the fragment header, in the fragmented part.
    let whole = join(&[6, 0, 1, 4, 0, 0, 0, 0], &tcp);
    let part = |offset: usize, size: usize, more: u8| {
        let end = whole.len().min(offset + size);
        let at = (offset as u16) | u16::from(more);
        let header = [&[60, 0], &at.to_be_bytes()[..], &[0, 0, 0, 9]].concat();
        ip6(44, &join(&header, &whole[offset..end]))
    };
    let mut wire = Wire::new();
    assert_eq!(wire.take(LinkType::RAW, &part(16, 999, 0)), None);
    assert_eq!(wire.take(LinkType::RAW, &part(0, 16, 1)), Some(expected(true)));
}

#[test]
fn fragments_inside_a_fragmented_tunnel_are_put_together_as_well() {
    let mut wire = Wire::new();
    let mut found = Vec::new();
    for (number, inner) in fragments(1, &[16, 100]).iter().enumerate() {
        let tunnel = ip(4, inner);
        let (first, second) = tunnel[20..].split_at(24);
        let mut head = ip(4, first);
        let mut tail = ip(4, second);
        head[5] = number as u8;
        tail[5] = number as u8;
        head[6] = 0x20;
        tail[7] = 3;
        found.push(wire.take(LinkType::RAW, &head));
        found.push(wire.take(LinkType::RAW, &tail));
    }
    assert_eq!(found, [None, None, None, Some(expected(false))]);
}

#[test]
fn fragments_that_wait_too_long_are_given_up_and_counted() {
    let parts = fragments(1, &[8, 16, 100]);
    let mut wire = Wire::new();
    wire.take(LinkType::RAW, &parts[0]);
    wire.take(LinkType::RAW, &parts[1]);
    wire.now = wire.now + Duration::from_secs(61);
    assert_eq!(wire.take(LinkType::RAW, &parts[2]), None);
    assert_eq!(wire.counters.fragments_expired, 2);
}

#[test]
fn fragments_that_wait_are_bounded_and_the_oldest_go_first() {
    let mut wire = Wire::with(&Limits { fragments: 10_000, ..Limits::default() });
    for identification in 0..1000 {
        assert_eq!(wire.take(LinkType::RAW, &fragments(identification, &[8, 100])[1]), None);
    }
    let dropped = wire.counters.limits.get(&Limit::Fragments).copied().unwrap_or_default();
    assert!(dropped > 900, "{dropped}");
    assert_eq!(wire.counters.fragments_expired, dropped);
    assert_eq!(wire.take(LinkType::RAW, &fragments(0, &[8, 100])[0]), None, "it was the oldest");
    assert_eq!(wire.take(LinkType::RAW, &fragments(999, &[8, 100])[0]), Some(expected(false)));
}
