//! Segments of a few connections. What is handed on has no holes but those it names.
#![no_main]

use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use libfuzzer_sys::fuzz_target;
use why401::decode::{Segment, TcpFlags};
use why401::tcp::{Consumer, Direction, FlowInfo, FlowTable, StreamEvent};
use why401::time::Timestamp;
use why401_fuzz::limits;

struct Positions;

/// Where each direction has come to, once it has begun.
type Reached = [Option<u64>; 2];

impl Consumer for Positions {
    type State = Reached;

    fn event(
        &mut self,
        _flow: &FlowInfo,
        state: &mut Option<Box<Reached>>,
        direction: Direction,
        event: StreamEvent<'_>,
    ) {
        let reached = &mut state.get_or_insert_default()[direction as usize];
        match event {
            StreamEvent::Data(data) => {
                assert!(!data.octets.is_empty());
                assert!(reached.is_none_or(|reached| reached == data.position));
                *reached = Some(data.position + data.octets.len() as u64);
            }
            StreamEvent::Gap { length, .. } => {
                assert!(length > 0);
                *reached = reached.map(|reached| reached + length);
            }
            // Only who has enough of something.
            StreamEvent::Unread { .. } | StreamEvent::End { .. } => {}
        }
    }

    fn close(&mut self, _flow: &FlowInfo, _state: Option<Box<Reached>>, _now: Timestamp) {}

    fn starts_message(octets: &[u8]) -> bool {
        octets.starts_with(b"G")
    }
}

fuzz_target!(|input: &[u8]| {
    const PAYLOAD: [u8; 256] = [b'G'; 256];
    let (mut table, mut now) = (FlowTable::new(&limits()), Timestamp::from_seconds(1));
    for &[who, flags, s0, s1, a0, a1, length, cut] in input.as_chunks::<8>().0 {
        now = now + Duration::from_millis(u64::from(who >> 4) * 20);
        let client = SocketAddr::from((Ipv4Addr::LOCALHOST, u16::from(who >> 1 & 7)));
        let server = SocketAddr::from((Ipv4Addr::LOCALHOST, 80));
        let (source, destination) = if who & 1 == 0 { (client, server) } else { (server, client) };
        // Near the wrap, with now and then a jump of half the space.
        let number = |high: u8, low: u8| {
            let near = u32::MAX - 20_000;
            let far = if high == 0xff { 1 << 31 } else { 0 };
            near.wrapping_add(u32::from(u16::from_be_bytes([high, low]))).wrapping_add(far)
        };
        let segment = Segment {
            timestamp: now,
            interface: 0,
            source: source.into(),
            destination: destination.into(),
            sequence: number(s0, s1),
            acknowledgment: number(a0, a1),
            flags: TcpFlags(flags),
            window: 1000,
            identification: u16::from(cut & 3),
            payload: &PAYLOAD[..usize::from(length)],
            cut: u32::from(cut >> 6),
        };
        table.push(&segment, &mut Positions);
        table.advance(now, &mut Positions);
        assert!(table.len() <= limits().flows);
    }
    table.finish(now, &mut Positions);
    assert!(table.is_empty());
});
