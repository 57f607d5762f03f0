//! Octets on their way: repeated, early, late, lost, out of the ordinary.

use super::*;

#[test]
fn a_conversation_is_handed_on_as_it_was_said_across_the_wrap() {
    let mut wire = Wire::open();
    wire.client(ACK, 1, 1, "GET / HTTP").server(ACK, 1, 11, "HTTP/1.1");
    wire.client(ACK, 11, 9, "/1.1").server(ACK, 9, 15, " 200");
    assert_eq!(wire.only(), texts("GET / HTTP/1.1", "HTTP/1.1 200"));
    assert_eq!(wire.table.counters.retransmitted, 0);
}

#[test]
fn segments_that_arrive_early_wait_for_those_before_them() {
    let mut wire = Wire::open();
    wire.client(ACK, 7, 1, "ghi").client(ACK, 4, 1, "def").client(ACK, 1, 1, "abc");
    assert_eq!(wire.only(), texts("abcdefghi", ""));
    assert_eq!(wire.table.counters.out_of_order, 2);
    assert_eq!(wire.table.counters.gaps, 0);
}

#[test]
fn a_segment_sent_again_with_more_brings_only_what_is_new() {
    let mut wire = Wire::open();
    wire.client(ACK, 1, 1, "abc").client(ACK, 1, 1, "abcdef").client(ACK, 2, 1, "bc");
    assert_eq!(wire.only(), texts("abcdef", ""));
    assert_eq!(wire.table.counters.retransmitted, 1);
}

#[test]
fn a_packet_captured_twice_is_told_from_one_sent_twice() {
    let mut wire = Wire::open();
    wire.identification = 7;
    wire.client(ACK, 1, 1, "abc").client(ACK, 1, 1, "abc");
    wire.identification = 8;
    wire.client(ACK, 1, 1, "abc");
    assert_eq!(wire.only(), texts("abc", ""));
    assert_eq!(wire.table.counters.duplicate_packets, 1);
    assert_eq!(wire.table.counters.retransmitted, 1);
}

#[test]
fn of_overlaps_that_disagree_the_first_octets_win_and_the_connection_says_so() {
    let mut wire = Wire::open();
    wire.client(ACK, 4, 1, "def").client(ACK, 3, 1, "cXXg").client(ACK, 1, 1, "ab");
    let streams = wire.finish()[0].clone();
    assert_eq!(streams.text[0], "abcdef");
    assert!(streams.overlap_conflict);
    assert_eq!(wire.table.counters.overlap_conflicts, 1);
}

#[test]
fn acknowledged_octets_that_were_never_seen_are_a_gap_after_three_packets() {
    let mut wire = Wire::open();
    wire.server(ACK, 1, 5, "").client(ACK, 5, 1, "efg").server(ACK, 1, 8, "");
    assert_eq!(wire.table.counters.gaps, 0, "the capture may be out of order");
    wire.server(ACK, 1, 8, "");
    assert_eq!(wire.table.counters.gaps, 1);
    assert_eq!(wire.only(), texts("[4]efg", ""));
}

#[test]
fn acknowledged_octets_that_were_never_seen_are_a_gap_after_a_moment_of_silence() {
    let mut wire = Wire::open();
    wire.client(ACK, 5, 1, "efg").server(ACK, 1, 8, "");
    wire.wait(Duration::from_millis(199));
    assert_eq!(wire.table.counters.gaps, 0);
    wire.wait(Duration::from_millis(2));
    assert_eq!(wire.table.counters.gaps, 1);
    assert_eq!(wire.only(), texts("[4]efg", ""));
}

#[test]
fn in_a_recording_acknowledged_octets_may_come_much_later() {
    let mut wire = Wire::open();
    wire.table.set_patience(crate::limits::Patience::RECORDING);
    wire.server(ACK, 1, 5, "HTTP/1.1");
    for _ in 0..20 {
        wire.client(ACK, 5, 9, "");
    }
    wire.wait(Duration::from_secs(9)).client(ACK, 1, 1, "GET ");
    assert_eq!(wire.only(), texts("GET ", "HTTP/1.1"));
    assert_eq!(wire.table.counters.gaps, 0);
}

#[test]
fn what_was_never_there_is_a_gap_in_a_recording_too() {
    let mut wire = Wire::open();
    wire.table.set_patience(crate::limits::Patience::RECORDING);
    wire.server(ACK, 1, 5, "HTTP/1.1");
    for _ in 0..70 {
        wire.client(ACK, 5, 9, "");
    }
    assert_eq!(wire.table.counters.gaps, 1);
    assert_eq!(wire.only(), texts("[4]", "HTTP/1.1"));
}

#[test]
fn an_answer_is_not_handed_on_before_what_it_answers() {
    let mut wire = Wire::open();
    wire.server(ACK, 1, 5, "HTTP").client(ACK, 1, 1, "GET ");
    assert_eq!(wire.only(), texts("GET ", "HTTP"));
    assert_eq!(wire.table.counters.gaps, 0);
}

#[test]
fn a_hole_that_nobody_acknowledged_is_given_up_after_ten_seconds() {
    let mut wire = Wire::open();
    wire.client(ACK, 5, 1, "efg").wait(Duration::from_secs(9));
    assert_eq!(wire.table.counters.gaps, 0);
    wire.wait(Duration::from_secs(2));
    assert_eq!(wire.table.counters.gaps, 1);
    assert_eq!(wire.only(), texts("[4]efg", ""));
}

#[test]
fn data_in_a_syn_is_data() {
    let mut wire = Wire::new();
    wire.client(SYN, 0, 0, "GET /").server(SYN | ACK, 0, 6, "").client(ACK, 6, 1, " HTTP");
    assert_eq!(wire.only(), texts("GET / HTTP", ""));
}

#[test]
fn data_in_a_syn_that_the_server_did_not_take_is_sent_again() {
    let mut wire = Wire::new();
    wire.client(SYN, 0, 0, "GET /").server(SYN | ACK, 0, 1, "").client(ACK, 1, 1, "GET / HTTP");
    assert_eq!(wire.only(), texts("GET / HTTP", ""));
}

#[test]
fn of_a_simultaneous_open_both_streams_begin_at_their_syn() {
    let mut wire = Wire::new();
    wire.client(SYN, 0, 0, "").server(SYN, 0, 0, "");
    wire.client(SYN | ACK, 0, 1, "").server(SYN | ACK, 0, 1, "");
    wire.client(ACK, 1, 1, "abc").server(ACK, 1, 4, "def");
    let streams = wire.finish()[0].clone();
    assert_eq!(streams.text, texts("abc", "def"));
    assert_eq!(streams.initiator, Some(Direction::Forward));
    assert!(!streams.midstream);
}

#[test]
fn an_answer_to_a_syn_that_was_missed_tells_who_asked() {
    let mut wire = Wire::new();
    wire.server(SYN | ACK, 0, 1, "").client(ACK, 1, 1, "abc");
    let streams = wire.finish()[0].clone();
    assert_eq!(streams.text, texts("", "abc"), "the server's packet came first");
    assert_eq!(streams.initiator, Some(Direction::Backward));
}

#[test]
fn keep_alive_probes_bring_nothing() {
    let mut wire = Wire::open();
    wire.client(ACK, 1, 1, "abc").server(ACK, 1, 4, "");
    wire.wait(Duration::from_secs(45)).client(ACK, 3, 1, "").server(ACK, 1, 4, "");
    wire.wait(Duration::from_secs(45)).client(ACK, 3, 1, "?").server(ACK, 1, 4, "");
    wire.client(ACK, 4, 1, "def");
    assert_eq!(wire.only(), texts("abcdef", ""));
    assert_eq!(wire.table.counters.overlap_conflicts, 0);
}

#[test]
fn the_octet_of_a_keep_alive_probe_does_not_stand_for_one_that_was_lost() {
    let mut wire = Wire::open();
    wire.table.set_patience(crate::limits::Patience::RECORDING);
    wire.client(ACK, 1, 1, "abc").server(ACK, 1, 7, "");
    wire.wait(Duration::from_secs(2)).client(ACK, 6, 1, "?").client(ACK, 7, 1, "ghi");
    assert_eq!(wire.only(), texts("abc[3]ghi", ""));
}

#[test]
fn a_probe_of_a_closed_window_brings_the_next_octet_once() {
    let mut wire = Wire::open();
    wire.client(ACK, 1, 1, "abc").server(ACK, 1, 4, "");
    wire.wait(Duration::from_secs(5)).client(ACK, 4, 1, "d").server(ACK, 1, 4, "");
    wire.wait(Duration::from_secs(5)).client(ACK, 4, 1, "d").server(ACK, 1, 5, "");
    wire.client(ACK, 5, 1, "ef");
    assert_eq!(wire.only(), texts("abcdef", ""));
}

#[test]
fn urgent_octets_stay_where_they_were_sent() {
    let mut wire = Wire::open();
    wire.client(ACK | TcpFlags::URG, 1, 1, "abc").client(ACK, 4, 1, "def");
    assert_eq!(wire.only(), texts("abcdef", ""));
}

#[test]
fn a_stream_joined_in_its_middle_begins_with_a_message_at_once() {
    let mut wire = Wire::new();
    wire.client(ACK, 500, 700, "GET / HTTP").server(ACK, 700, 510, "HTTP/1.1");
    let streams = wire.finish()[0].clone();
    assert_eq!(streams.text, texts("GET / HTTP", "HTTP/1.1"));
    assert!(streams.midstream);
    assert_eq!(wire.table.counters.midstream_flows, 1);
}

#[test]
fn a_stream_joined_in_its_middle_out_of_order_begins_with_its_first_octet() {
    let mut wire = Wire::new();
    wire.client(ACK, 510, 700, "later").client(ACK, 504, 700, "sooner").server(ACK, 700, 515, "");
    assert_eq!(wire.only(), texts("soonerlater", ""));
}

#[test]
fn one_direction_alone_is_handed_on() {
    let mut wire = Wire::new();
    wire.client(SYN, 0, 0, "").client(ACK, 1, 1, "GET ").client(ACK, 5, 900, "GET ");
    assert_eq!(wire.only(), texts("GET GET ", ""));
}

#[test]
fn an_acknowledgment_far_beyond_the_stream_proves_nothing() {
    let mut wire = Wire::open();
    wire.client(ACK, 1, 1, "abc").server(ACK, 1, (1 << 30) + 10, "");
    wire.wait(Duration::from_secs(1)).client(ACK, 4, 1, "def");
    assert_eq!(wire.only(), texts("abcdef", ""));
}
