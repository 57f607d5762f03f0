//! Many connections in one table: who goes first when there is no room.

use super::*;

fn small() -> Limits {
    Limits { flows: 8, ..Limits::default() }
}

#[test]
fn of_too_many_connections_the_longest_silent_goes() {
    let mut wire = Wire::with(&small());
    for port in 1..=10 {
        wire.at_port(port).client(SYN, 0, 0, "").client(ACK, 1, 1, "abc");
        wire.wait(Duration::from_secs(2));
    }
    let gone: Vec<u64> = wire.recorder.closed.iter().map(|streams| streams.number).collect();
    assert_eq!(gone, [1, 2]);
    assert_eq!(wire.table.len(), 8);
    assert_eq!(wire.table.counters.flow_limit, 2);
}

#[test]
fn a_connection_that_was_sought_and_is_gone_is_not_taken_for_the_one_in_its_place() {
    let limits = Limits { flows: 1, ..Limits::default() };
    let mut wire = Wire::with(&limits);
    wire.at_port(1).client(SYN, 0, 0, "").client(ACK, 1, 1, "abc");
    let segments = [(1, 4, "def"), (2, 1, "xyz"), (1, 7, "ghi")]
        .map(|(port, sequence, text)| wire.at_port(port).of_client(ACK, sequence, 1, text));
    let table = &wire.table;
    let mut sought = segments.each_ref().map(|segment| table.seek(segment));
    for sought in &mut sought {
        table.fetch_flow(sought);
        table.fetch_state::<Recorder>(sought);
    }
    for (segment, sought) in segments.iter().zip(&sought) {
        wire.table.push_sought(segment, sought, &mut wire.recorder);
    }
    let all: Vec<_> = wire.finish().iter().map(|streams| streams.text.clone()).collect();
    assert_eq!(all, [texts("abcdef", ""), texts("xyz", ""), texts("ghi", "")]);
}

#[test]
fn half_open_connections_do_not_push_out_those_with_payload() {
    let mut wire = Wire::with(&small());
    wire.at_port(1).client(SYN, 0, 0, "").client(ACK, 1, 1, "abc");
    for port in 2..=60 {
        wire.at_port(port).client(SYN, 0, 0, "");
    }
    wire.at_port(1).client(ACK, 4, 1, "def");
    let closed = wire.finish();
    let first = closed.iter().find(|streams| streams.number == 1).unwrap();
    assert_eq!(first.text, texts("abcdef", ""));
}

#[test]
fn silent_connections_are_forgotten_after_the_idle_time() {
    let mut wire = Wire::open();
    wire.client(ACK, 1, 1, "abc");
    let idle = Limits::default().flow_idle;
    wire.wait(idle.saturating_sub(Duration::from_secs(1)));
    assert_eq!(wire.table.len(), 1);
    wire.wait(Duration::from_secs(3));
    assert!(wire.table.is_empty());
    assert_eq!(wire.recorder.closed.len(), 1);
}

#[test]
fn what_waits_is_bounded_for_each_direction() {
    let mut wire = Wire::with(&Limits { segments_per_direction: 4, ..Limits::default() });
    wire.handshake();
    for number in 0..8 {
        wire.client(ACK, 10 + number * 2, 1, "x");
    }
    assert!(wire.table.counters.reassembly_limit > 0);
    assert!(wire.table.waiting_octets() <= 5);
    assert_eq!(wire.only()[0].matches('x').count(), 8, "what was seen is not lost");
}

#[test]
fn what_waits_is_bounded_for_all_together() {
    let memory = 6 << 10;
    let mut wire = Wire::with(&Limits { memory, flows: 1000, ..Limits::default() });
    let text = "x".repeat(100);
    for port in 1..=40 {
        wire.at_port(port).client(SYN, 0, 0, "").client(ACK, 10, 1, &text);
        assert!(wire.table.waiting_octets() <= memory / 6 + text.len());
    }
    assert!(wire.table.counters.memory_limit + wire.table.counters.flow_limit > 0);
}
