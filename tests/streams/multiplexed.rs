//! HTTP/2 in plaintext: from its start, from its middle, and after losses.

use why401::http::HeadLoss;

use crate::talk::Talk;

/// A literal field; `kept` puts it into the table, where the next one finds it at index 62.
fn field(kept: bool, name: &str, value: &str) -> Vec<u8> {
    let mut block = vec![if kept { 0x40 } else { 0 }];
    for text in [name, value] {
        block.push(text.len() as u8);
        block.extend(text.as_bytes());
    }
    block
}

/// `:method: GET`, `:path: /`, `:scheme: http`.
const GET: &[u8] = b"\x82\x84\x86";
/// `:status: 200`.
const OK: &[u8] = b"\x88";
/// `:status: 401`.
const REFUSED: &[u8] = b"\x08\x03401";
/// What was put into the table last.
const LATEST: &[u8] = b"\xbe";

const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/// An HTTP/2 frame on this stream.
fn frame(kind: u8, flags: u8, stream: u8, payload: &[u8]) -> Vec<u8> {
    let header = [0, 0, payload.len() as u8, kind, flags, 0, 0, 0, stream];
    [&header, payload].concat()
}

/// HEADERS that end the header section and the stream. HPACK: static names, values as they are.
fn headers(stream: u8, block: &[u8]) -> Vec<u8> {
    frame(1, 0x05, stream, block)
}

#[test]
fn a_request_that_upgrades_to_http2_is_answered_on_stream_1() {
    let preface: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
    let settings = frame(4, 0, 0, b"");
    let refused = headers(1, b"\x08\x03401");
    let switching =
        "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n";
    for early in [true, false] {
        let mut talk = Talk::new();
        talk.client("GET /a HTTP/1.1\r\nHost: h\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\n\r\n");
        if early {
            // In one segment with 101, before the client has said another word.
            talk.server([switching.as_bytes(), &settings, &refused].concat());
            talk.client([preface, &settings].concat());
        } else {
            talk.server(switching).client([preface, &settings].concat());
            talk.server([&*settings, &refused].concat());
        }
        // GET /, then 200.
        talk.client(headers(3, b"\x82\x84\x86")).server(headers(3, b"\x88"));
        assert_eq!(talk.told(), ["GET /a -> 101", "GET /a -> 401", "GET / -> 200"], "{early}");
        let exchanges = talk.exchanges();
        let streams: Vec<_> = exchanges.iter().map(|exchange| exchange.stream).collect();
        assert_eq!(streams, [None, Some(1), Some(3)]);
    }
}

#[test]
fn fields_behind_an_http2_body_are_kept_as_trailers() {
    let mut talk = Talk::new();
    talk.client([b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", &*frame(4, 0, 0, b"")].concat());
    talk.client(headers(1, b"\x83\x84\x86"));
    talk.server([frame(1, 0x04, 1, b"\x88"), frame(0, 0, 1, b"\0\0\0\0\0")].concat());
    talk.server(headers(1, b"\0\x0bgrpc-status\x0216\0\x0cgrpc-message\x02no"));
    assert_eq!(talk.told(), ["POST / -> 200"]);
    let only = talk.only();
    let response = only.response.as_ref().unwrap();
    assert_eq!(response.trailer("grpc-status"), Some(&b"16"[..]));
    assert!(!response.head.has("grpc-status") && response.body.complete);
    assert!(response.is_grpc_refusal());
}

#[test]
fn a_connection_is_joined_whichever_side_is_heard_first() {
    for server_first in [true, false] {
        let mut talk = Talk::joined();
        // The rest of a frame that began before.
        talk.client(b"\x12\x34rest").server(b"\x17rest");
        if server_first {
            talk.server(headers(1, OK));
        }
        talk.client(headers(3, GET)).server(headers(3, REFUSED));
        talk.client(headers(5, GET)).server(headers(5, OK));
        let told = talk.told();
        let own: &[&str] = if server_first { &["- -> 200"] } else { &[] };
        assert_eq!(told, [own, &["GET / -> 401", "GET / -> 200"]].concat());
    }
}

#[test]
fn what_was_sent_before_the_capture_began_is_unknown_and_not_absent() {
    let mut talk = Talk::joined();
    talk.client(headers(7, &[GET, LATEST].concat())).server(headers(7, REFUSED));
    let token = field(true, "authorization", "Bearer abc");
    talk.client(headers(9, &[GET, &token].concat())).server(headers(9, REFUSED));
    // What was said since is known by its index, and what is further back still is not.
    talk.client(headers(11, &[GET, LATEST].concat())).server(headers(11, REFUSED));
    talk.client(headers(13, &[GET, b"\xbf"].concat())).server(headers(13, REFUSED));
    let exchanges = talk.exchanges();
    let losses: Vec<_> = exchanges.iter().map(|e| e.request.as_ref().unwrap().head_loss).collect();
    let unknown = Some(HeadLoss::StartedMidStream);
    assert_eq!(losses, [unknown, None, None, unknown]);
    let sent = |at: usize| {
        let request = exchanges[at].request.as_ref().unwrap();
        request.head.get("authorization").map(<[u8]>::to_vec)
    };
    assert_eq!(sent(1).as_deref(), Some(&b"Bearer abc"[..]));
    assert_eq!((sent(0), sent(2), sent(3)), (None, sent(1), None));
}

#[test]
fn a_status_that_is_not_known_is_not_guessed() {
    let mut talk = Talk::joined();
    talk.client(headers(1, GET)).server(headers(1, LATEST));
    let answer = [REFUSED, &field(true, "x", "y")].concat();
    talk.client(headers(3, GET)).server(headers(3, &answer));
    let exchanges = talk.exchanges();
    let first = exchanges[0].response.as_ref().unwrap();
    assert_eq!((first.status, first.head_loss), (0, Some(HeadLoss::StartedMidStream)));
    assert_eq!(exchanges[1].status(), Some(401));
}

#[test]
fn after_a_loss_frames_are_found_again() {
    let start = |talk: &mut Talk| {
        talk.client([PREFACE, &frame(4, 0, 0, b"")].concat()).server(frame(4, 0, 0, b""));
        let token = field(true, "authorization", "Bearer abc");
        talk.client(headers(1, &[GET, &token].concat())).server(headers(1, OK));
    };
    let mut talk = Talk::new();
    start(&mut talk);
    talk.client_lost(100).client(b"rest of something");
    // The index may stand for another field than before.
    talk.client(headers(5, &[GET, LATEST].concat())).server(headers(5, REFUSED));
    let token = field(true, "authorization", "Bearer def");
    talk.client(headers(7, &[GET, &token].concat())).server(headers(7, REFUSED));
    assert_eq!(talk.told(), ["GET / -> 200", "GET /? -> 401", "GET / -> 401"]);
    let exchanges = talk.exchanges();
    let request = |at: usize| exchanges[at].request.as_ref().unwrap();
    assert_eq!(request(1).head_loss, Some(HeadLoss::Gap));
    assert_eq!(request(2).head.get("authorization"), Some(&b"Bearer def"[..]));

    // A frame of which only the middle is missing has an end that is known.
    let mut talk = Talk::new();
    start(&mut talk);
    let content = frame(0, 0, 3, &[b'x'; 100]);
    talk.client([&frame(1, 4, 3, GET)[..], &content[..20]].concat()).client_lost(50);
    talk.client([&content[70..], &headers(5, &[GET, LATEST].concat())].concat());
    talk.server(headers(5, REFUSED)).server(headers(3, REFUSED));
    assert_eq!(talk.told(), ["GET / -> 200", "GET / -> 401", "GET / -> 401"]);
}

#[test]
fn a_refusal_whose_end_was_lost_is_told_at_once_and_once() {
    let mut talk = Talk::new();
    talk.client([PREFACE, &frame(4, 0, 0, b"")].concat()).server(frame(4, 0, 0, b""));
    talk.client([headers(1, GET), headers(3, GET)].concat());
    talk.server(frame(1, 4, 1, REFUSED)).server_lost(500);
    // The end of stream 1 was among that, or comes now.
    talk.server(frame(0, 1, 1, b"no")).server(headers(3, OK));
    assert_eq!(talk.told(), ["GET / -> 401", "GET / -> 200"]);
    assert!(!talk.exchanges()[0].response.as_ref().unwrap().body.complete);
}

#[test]
fn a_call_that_began_before_the_capture_is_refused_by_its_trailers() {
    let mut talk = Talk::joined();
    talk.client(headers(3, GET)).server(headers(3, OK));
    talk.server(headers(1, &field(false, "grpc-status", "16")));
    let exchanges = talk.exchanges();
    let refused = exchanges[1].response.as_ref().unwrap();
    assert!(refused.is_grpc_refusal() && refused.head_loss.is_some());
    assert!(exchanges[1].request.is_none());
}

#[test]
fn what_only_begins_like_a_frame_is_none() {
    for octets in [
        // No header block; one of a stream that only servers open; one that is cut.
        frame(0, 1, 1, b"abc"),
        headers(2, GET),
        headers(1, GET)[..11].to_vec(),
        // A flag and a kind that nobody knows; another frame that cannot be.
        frame(1, 0x45, 1, GET),
        frame(0x21, 0, 1, GET),
        [headers(1, GET), frame(6, 0, 0, b"short")].concat(),
        // Blocks without a pseudo-header, with those of both sides, with a capital in a name.
        headers(1, &field(false, "a", "b")),
        headers(1, &[GET, OK].concat()),
        headers(1, &[GET, &field(false, "Host", "b")].concat()),
        vec![0; 100],
    ] {
        let mut talk = Talk::joined();
        talk.client(&octets).server(&octets).client(&octets);
        assert_eq!(talk.told(), Vec::<String>::new(), "{}", octets.escape_ascii());
    }
}
