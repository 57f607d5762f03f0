//! Frames written by hand (RFC 9113 §4 to §6). Header blocks are literals and indices of HPACK's
//! static table (RFC 7541 appendix A), but where the dynamic table is what is tested.

use super::*;
use crate::counters::Limit;

const DATA: u8 = kind::DATA;
const HEADERS: u8 = kind::HEADERS;
const SETTINGS: u8 = 4;
const PING: u8 = 6;
const GOAWAY: u8 = 7;
const END: u8 = flag::END_STREAM;
const WHOLE: u8 = flag::END_HEADERS;

/// `:method: GET`, `:path: /`, by index.
const GET: &[u8] = &[0x82, 0x84];
/// `:status: 200`, by index.
const OK: &[u8] = &[0x88];

fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let mut frame = (payload.len() as u32).to_be_bytes()[1..].to_vec();
    frame.extend([kind, flags]);
    frame.extend(stream.to_be_bytes());
    frame.extend(payload);
    frame
}

/// A literal field; `indexed` puts it into the dynamic table.
fn literal(indexed: bool, name: &str, value: &str) -> Vec<u8> {
    let mut block = vec![if indexed { 0x40 } else { 0 }];
    for text in [name, value] {
        // RFC 7541 §5.1: seven bits, and where they are not enough the rest.
        match text.len().checked_sub(127) {
            None => block.push(text.len() as u8),
            Some(rest) => block.extend([127, rest as u8 & 127 | 128, (rest >> 7) as u8]),
        }
        block.extend(text.as_bytes());
    }
    block
}

/// What a reader says, in words.
fn say(output: &Output<'_>) -> String {
    match output {
        Output::Fields { stream, fields, end } => {
            let Fields { known, unknown, .. } = fields;
            let fields: Vec<String> = known
                .iter()
                .map(|(name, value)| {
                    format!("{}={}", String::from_utf8_lossy(name), String::from_utf8_lossy(value))
                })
                .collect();
            let unknown = "?".repeat(*unknown);
            format!("{stream} {}{unknown}{}", fields.join(" "), if *end { "." } else { "" })
        }
        Output::Data { stream, octets, lost, end } => {
            let lost = if *lost > 0 { format!("[{lost}]") } else { String::new() };
            let end = if *end { "." } else { "" };
            format!("{stream} {lost}'{}'{end}", String::from_utf8_lossy(octets))
        }
        Output::Reset { stream } => format!("{stream} reset"),
        Output::Lost => "lost".to_owned(),
    }
}

/// Feeds octets in pieces of this size.
fn feed(reader: &mut FrameReader, octets: &[u8], piece: usize) -> Vec<String> {
    let mut said = Vec::new();
    for mut part in octets.chunks(piece) {
        while let Some(output) = reader.feed(&mut part, &Limits::default()) {
            said.push(say(&output));
        }
    }
    said
}

fn server(frames: &[Vec<u8>]) -> Vec<String> {
    let octets = frames.concat();
    let whole = feed(&mut FrameReader::new(false), &octets, octets.len());
    let octet_by_octet = feed(&mut FrameReader::new(false), &octets, 1);
    let fields = |said: &[String]| -> Vec<String> {
        said.iter().filter(|said| !said.contains('\'')).cloned().collect()
    };
    assert_eq!(fields(&whole), fields(&octet_by_octet), "however it is cut");
    whole
}

#[test]
fn the_preface_comes_before_the_clients_frames_only() {
    let octets = [PREFACE, &frame(SETTINGS, 0, 0, b""), &frame(HEADERS, END | WHOLE, 1, GET)];
    let said = feed(&mut FrameReader::new(true), &octets.concat(), 5);
    assert_eq!(said, ["1 :method=GET :path=/."]);
}

#[test]
fn padding_and_priority_are_no_content() {
    let padded = [&[3][..], b"hello", &[0; 3]].concat();
    let headers = [&[2, 0, 0, 0, 0, 16][..], OK, &[0; 2]].concat();
    let said = server(&[
        frame(HEADERS, WHOLE | flag::PADDED | flag::PRIORITY, 1, &headers),
        frame(DATA, flag::PADDED | END, 1, &padded),
    ]);
    assert_eq!(said, ["1 :status=200", "1 'hello'."]);
}

#[test]
fn a_header_block_goes_on_in_continuation_frames() {
    let field = literal(false, "www-authenticate", "Basic realm=\"r\"");
    let (first, rest) = field.split_at(10);
    let said = server(&[
        frame(HEADERS, END, 1, &[OK, first].concat()),
        frame(kind::CONTINUATION, 0, 1, &rest[..4]),
        frame(kind::CONTINUATION, WHOLE, 1, &rest[4..]),
    ]);
    assert_eq!(said, ["1 :status=200 www-authenticate=Basic realm=\"r\"."]);
}

#[test]
fn a_continuation_of_nothing_is_not_read() {
    let said =
        server(&[frame(kind::CONTINUATION, WHOLE, 1, OK), frame(HEADERS, WHOLE | END, 3, OK)]);
    assert_eq!(said, ["lost", "3 :status=200."]);
}

#[test]
fn fields_sent_before_are_known_by_their_index() {
    let said = server(&[
        frame(HEADERS, WHOLE | END, 1, &literal(true, "x-key", "v1")),
        frame(HEADERS, WHOLE | END, 3, &[0xbe]),
    ]);
    assert_eq!(said, ["1 x-key=v1.", "3 x-key=v1."]);
}

#[test]
fn a_table_size_update_empties_the_table() {
    let update = [&[0x20][..], &[0x3f, 0xe1, 0x1f], &literal(true, "x-new", "v2")].concat();
    let said = server(&[
        frame(HEADERS, WHOLE | END, 1, &literal(true, "x-old", "v1")),
        frame(HEADERS, WHOLE | END, 3, &update),
        frame(HEADERS, WHOLE | END, 5, &[0xbe]),
        frame(HEADERS, WHOLE | END, 7, &[0xbf]),
    ]);
    assert_eq!(said[..3], ["1 x-old=v1.", "3 x-new=v2.", "5 x-new=v2."]);
    assert_eq!(said[3], "lost", "the old entry is gone");
}

#[test]
fn frames_that_carry_no_message_are_passed_over() {
    let said = server(&[
        frame(SETTINGS, 0, 0, &[0, 3, 0, 0, 0, 100]),
        frame(PING, 0, 0, &[0; 8]),
        frame(8, 0, 0, &[0, 0, 1, 0]),
        frame(0xfa, 0xff, 9, b"unknown"),
        frame(HEADERS, WHOLE | END, 1, OK),
        frame(GOAWAY, 0, 0, &[0; 8]),
        frame(HEADERS, WHOLE | END, 3, OK),
    ]);
    assert_eq!(said, ["1 :status=200.", "3 :status=200."]);
}

#[test]
fn a_promised_request_only_keeps_the_table_in_step() {
    let promise = [&[0, 0, 0, 2][..], &literal(true, "x-key", "v1")].concat();
    let said = server(&[
        frame(kind::PUSH_PROMISE, WHOLE, 1, &promise),
        frame(HEADERS, WHOLE | END, 1, &[0xbe]),
    ]);
    assert_eq!(said, ["1 x-key=v1."]);
}

#[test]
fn a_cancelled_stream_says_so() {
    let said = server(&[frame(kind::RST_STREAM, 0, 5, &[0, 0, 0, 8])]);
    assert_eq!(said, ["5 reset"]);
}

#[test]
fn octets_lost_within_content_are_bridged() {
    let mut reader = FrameReader::new(false);
    let data = frame(DATA, 0, 1, b"hello world");
    assert_eq!(feed(&mut reader, &data[..11], 99), ["1 'he'"]);
    assert_eq!(reader.gap(5, &Limits::default()).as_ref().map(say).unwrap(), "1 [5]''");
    let rest = [&data[16..], &frame(HEADERS, WHOLE | END, 1, OK)].concat();
    assert_eq!(feed(&mut reader, &rest, 99), ["1 'orld'", "1 :status=200."]);
}

#[test]
fn after_a_lost_header_block_nothing_is_claimed() {
    let mut reader = FrameReader::new(false);
    let lost = frame(HEADERS, WHOLE | END, 1, &literal(true, "x-key", "v1"));
    assert_eq!(
        reader.gap(lost.len() as u64, &Limits::default()).as_ref().map(say).unwrap(),
        "lost"
    );
    // The index would now stand for another field than the one that was sent.
    let said = feed(&mut reader, &frame(HEADERS, WHOLE | END, 3, &[0xbe, 0x88]), 99);
    assert_eq!(said, ["3 :status=200?."]);
}

#[test]
fn behind_a_gap_longer_than_the_content_frames_are_looked_for() {
    let mut reader = FrameReader::new(false);
    let data = frame(DATA, END, 1, b"hello");
    assert_eq!(feed(&mut reader, &data[..11], 99), ["1 'he'"]);
    assert_eq!(reader.gap(4, &Limits::default()).as_ref().map(say).unwrap(), "lost");
    assert!(feed(&mut reader, b"of some other frame", 99).is_empty());
    assert_eq!(feed(&mut reader, &frame(HEADERS, WHOLE | END, 3, OK), 99), ["3 :status=200."]);
}

#[test]
fn a_header_block_beyond_the_bound_is_not_kept() {
    let mut reader = FrameReader::new(false);
    let limits = Limits { head: 64, ..Limits::default() };
    let headers = frame(HEADERS, WHOLE, 1, &[0; 100]);
    let mut octets = &headers[..];
    assert_eq!(reader.feed(&mut octets, &limits).as_ref().map(say).unwrap(), "lost");
    assert!(reader.memory() < FrameReader::joined().memory() + 200);
    let rest = frame(HEADERS, WHOLE | END, 3, OK);
    assert_eq!(feed(&mut reader, &rest, 99), ["3 :status=200."]);
}

#[test]
fn octets_lost_within_a_header_block_cost_no_more_than_that_block() {
    let block = [OK, &literal(false, "x-key", "v1")].concat();
    let lost = frame(HEADERS, WHOLE | END, 1, &block);
    for upto in [lost.len() - 2, lost.len()] {
        let mut reader = FrameReader::new(false);
        assert!(feed(&mut reader, &lost[..12], 99).is_empty());
        let mut said: Vec<String> = reader
            .gap(upto as u64 - 12, &Limits::default())
            .as_ref()
            .map(say)
            .into_iter()
            .collect();
        let rest = [&lost[upto..], &frame(HEADERS, WHOLE | END, 3, OK)].concat();
        said.extend(feed(&mut reader, &rest, 99));
        assert_eq!(said, ["lost", "3 :status=200."], "{upto}");
    }
}

#[test]
fn a_frame_that_was_joined_by_mistake_is_left_again() {
    let mut reader = FrameReader::joined();
    let odd = frame(HEADERS, WHOLE | END, 1, &literal(false, "X Key", "v1"));
    assert_eq!(feed(&mut reader, &odd, 99), ["lost"]);
    assert!(feed(&mut reader, b"anything", 99).is_empty());
    assert_eq!(feed(&mut reader, &frame(HEADERS, WHOLE | END, 3, OK), 99), ["3 :status=200."]);
}

#[test]
fn a_small_block_that_stands_for_many_large_fields_is_bounded() {
    let limits = Limits { head: 4096, header_fields: 16, ..Limits::default() };
    let read = |value: usize, times: usize| {
        let block = [literal(true, "x-key", &"v".repeat(value)), vec![0xbe; times]].concat();
        let mut reader = FrameReader::new(false);
        let octets = frame(HEADERS, WHOLE | END, 1, &block);
        let Some(Output::Fields { fields, .. }) = reader.feed(&mut &octets[..], &limits) else {
            panic!("they are read");
        };
        (fields.known.len(), fields.reached)
    };
    assert_eq!(read(100, 9), (10, None));
    assert_eq!(read(100, 1000), (16, Some(Limit::HeaderFields)));
    assert_eq!(read(1000, 1000), (4, Some(Limit::Head)));
}

#[test]
fn what_the_table_holds_is_counted() {
    let mut reader = FrameReader::new(false);
    let send = |reader: &mut FrameReader, block: &[u8]| {
        feed(reader, &frame(HEADERS, WHOLE | END, 1, block), 9999);
        reader.memory() - reader.payload.capacity()
    };
    assert_eq!(send(&mut reader, OK), 32 + ":status200".len());
    let large = literal(true, "x-key", &"v".repeat(3000));
    assert!(send(&mut reader, &large) > 3000);
    for _ in 0..9 {
        assert!(send(&mut reader, &large) <= 4096, "no more than the table may hold");
    }
    // 8,191 and 31.
    let larger = [&[0x3f, 0xe0, 0x3f][..], &large].concat();
    assert!(send(&mut reader, &larger) > 4096);
    assert!(send(&mut reader, &[0x20, 0x88]) == 0, "it is to be empty");
    assert!(FrameReader::joined().memory() >= 4096);
}
