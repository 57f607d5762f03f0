//! How connections end, and what comes after.

use super::*;

#[test]
fn a_fin_with_payload_ends_after_its_payload() {
    let mut wire = Wire::open();
    wire.client(ACK | FIN, 1, 1, "abc").server(ACK, 1, 5, "def").server(ACK | FIN, 4, 5, "");
    assert_eq!(wire.only(), texts("abc.", "def."));
}

#[test]
fn a_half_closed_connection_still_brings_the_answer() {
    let mut wire = Wire::open();
    wire.client(ACK, 1, 1, "abc").client(ACK | FIN, 4, 1, "").server(ACK, 1, 5, "");
    wire.wait(Duration::from_secs(60)).server(ACK, 1, 5, "def").server(ACK | FIN, 4, 5, "");
    wire.client(ACK, 5, 5, "");
    assert_eq!(wire.only(), texts("abc.", "def."));
}

#[test]
fn an_end_is_told_unless_it_means_nothing_to_who_listens() {
    let mut wire = Wire::open();
    wire.client(ACK, 1, 1, "done").server(ACK, 1, 5, "do").server(ACK | FIN, 3, 5, "ne");
    wire.client(ACK | FIN, 5, 6, "");
    assert_eq!(wire.only(), texts("done", "done"));
    let mut wire = Wire::open();
    // What comes behind it makes the end mean something again, whether it was seen or not.
    wire.client(ACK, 1, 1, "done").client(ACK | FIN, 5, 1, "?").server(ACK, 1, 7, "done");
    wire.client(ACK, 7, 8, "").server(ACK | FIN, 8, 7, "");
    wire.wait(Duration::from_secs(60)).client(ACK, 7, 9, "");
    assert_eq!(wire.only(), texts("done?.", "done[3]."));
}

#[test]
fn a_fin_that_comes_before_its_data_waits_for_it() {
    let mut wire = Wire::open();
    wire.client(ACK | FIN, 4, 1, "").client(ACK, 1, 1, "abc");
    assert_eq!(wire.only(), texts("abc.", ""));
}

#[test]
fn a_fin_sent_again_with_data_ends_once() {
    let mut wire = Wire::open();
    wire.client(ACK, 1, 1, "abc").client(ACK | FIN, 4, 1, "d").client(ACK | FIN, 1, 1, "abcd");
    assert_eq!(wire.only(), texts("abcd.", ""));
}

#[test]
fn the_acknowledgment_of_a_fin_is_no_lost_octet() {
    let mut wire = Wire::open();
    wire.client(ACK | FIN, 1, 1, "abc");
    for _ in 0..5 {
        wire.server(ACK, 1, 5, "");
    }
    assert_eq!(wire.only(), texts("abc.", ""));
    assert_eq!(wire.table.counters.gaps, 0);
}

#[test]
fn text_in_a_rst_is_no_data() {
    let mut wire = Wire::open();
    wire.client(ACK, 1, 1, "abc").server(RST | ACK, 1, 4, "No such service");
    assert_eq!(wire.only(), texts("abc", ""));
}

#[test]
fn what_was_under_way_before_a_rst_is_taken_in() {
    let mut wire = Wire::open();
    wire.client(RST, 4, 1, "").client(ACK, 1, 1, "abc").server(ACK, 1, 4, "def");
    assert_eq!(wire.only(), texts("abc", "def"));
}

#[test]
fn a_rst_ends_the_connection_a_second_later() {
    let mut wire = Wire::open();
    wire.client(ACK, 1, 1, "abc").server(RST | ACK, 1, 4, "").wait(Duration::from_millis(900));
    assert_eq!(wire.recorder.closed.len(), 0);
    wire.wait(Duration::from_millis(200));
    assert_eq!(wire.recorder.closed.len(), 1);
}

#[test]
fn a_rst_that_nobody_heeds_does_not_end_the_connection() {
    let mut wire = Wire::open();
    wire.client(ACK, 1, 1, "abc").client(RST, 4, 1, "");
    wire.server(ACK, 1, 4, "def").client(ACK, 4, 4, "").wait(Duration::from_secs(3));
    wire.client(ACK, 4, 4, "ghi").server(ACK, 4, 7, "jkl");
    assert_eq!(wire.only(), texts("abcghi", "defjkl"));
}

#[test]
fn a_rst_outside_of_the_stream_does_not_end_the_connection() {
    let mut wire = Wire::open();
    wire.client(ACK, 1, 1, "abc").server(RST, 2_000_000_000, 0, "");
    wire.wait(Duration::from_secs(3)).server(ACK, 1, 4, "def");
    assert_eq!(wire.only(), texts("abc", "def"));
}

#[test]
fn late_copies_after_the_end_open_nothing() {
    let mut wire = Wire::open();
    wire.client(ACK | FIN, 1, 1, "abc").server(ACK | FIN, 1, 5, "def").client(ACK, 5, 5, "");
    wire.client(ACK | FIN, 1, 1, "abc").server(ACK | FIN, 1, 5, "def").client(ACK, 5, 5, "");
    assert_eq!(wire.only(), texts("abc.", "def."));
}

#[test]
fn a_port_used_again_at_once_is_another_connection() {
    let mut wire = Wire::open();
    wire.client(ACK | FIN, 1, 1, "abc").server(ACK | FIN, 1, 5, "def").client(ACK, 5, 5, "");
    wire.client(SYN, 900, 0, "").server(SYN | ACK, 800, 901, "").client(ACK, 901, 801, "ghi");
    let closed = wire.finish();
    assert_eq!(closed.len(), 2);
    assert_eq!(closed[0].text, texts("abc.", "def."));
    assert_eq!(closed[1].text, texts("ghi", ""));
}

#[test]
fn a_port_used_again_without_an_end_is_another_connection() {
    let mut wire = Wire::open();
    wire.client(ACK, 1, 1, "abc");
    wire.client(SYN, 900, 0, "").server(SYN | ACK, 800, 901, "").client(ACK, 901, 801, "ghi");
    let closed = wire.finish();
    assert_eq!(closed.len(), 2);
    assert_eq!(closed[0].text, texts("abc", ""));
    assert_eq!(closed[1].text, texts("ghi", ""));
}

#[test]
fn a_port_used_again_of_which_the_syn_was_missed_is_another_connection() {
    let mut wire = Wire::open();
    wire.client(ACK | FIN, 1, 1, "abc").server(ACK | FIN, 1, 5, "def").client(ACK, 5, 5, "");
    wire.client(ACK, 90_000, 80_000, "GET /").server(ACK, 80_000, 90_005, "HTTP/");
    let closed = wire.finish();
    assert_eq!(closed.len(), 2);
    assert_eq!(closed[1].text, texts("GET /", "HTTP/"));
    assert!(closed[1].midstream);
}

#[test]
fn a_syn_sent_again_opens_nothing_new() {
    let mut wire = Wire::new();
    wire.client(SYN, 0, 0, "").client(SYN, 0, 0, "").server(SYN | ACK, 0, 1, "");
    wire.server(SYN | ACK, 0, 1, "").client(ACK, 1, 1, "abc").client(SYN, 0, 0, "");
    assert_eq!(wire.only(), texts("abc", ""));
}
