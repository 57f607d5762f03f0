//! Message heads as they are sent, not as they should be (RFC 9112 §2 to §5).

use why401::http::HeadLoss;

use crate::talk::{Talk, anomalies};

const OK: &str = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi";

/// What becomes of these octets from the client, and a proper answer.
fn asked(request: impl AsRef<[u8]>) -> Vec<String> {
    Talk::new().client(request).server(OK).told()
}

/// What becomes of these octets from the server after a proper request.
fn answered(response: impl AsRef<[u8]>) -> Vec<String> {
    Talk::new().client("GET / HTTP/1.1\r\nHost: a\r\n\r\n").server(response).close().told()
}

#[test]
fn request_lines_are_read_as_servers_read_them() {
    for (line, expected) in [
        ("GET / HTTP/1.1\r\n", "GET / -> 200"),
        ("GET / HTTP/1.0\r\n", "GET / -> 200"),
        ("GET  /a   HTTP/1.1\r\n", "GET /a -> 200"),
        ("GET\t/a\tHTTP/1.1\r\n", "GET /a -> 200"),
        ("GET /a HTTP/1.1 \r\n", "GET /a -> 200"),
        ("GET /a HTTP/1.1\n", "GET /a -> 200"),
        ("\r\n\r\nGET /a HTTP/1.1\r\n", "GET /a -> 200"),
        ("get /a HTTP/1.1\r\n", "get /a -> 200"),
        ("GET /a http/1.1\r\n", "GET /a -> 200"),
        ("GET /a HTTP/1.2\r\n", "GET /a -> 200"),
        ("GET /a HTTP/2.0\r\n", "GET /a -> 200"),
        ("GET /a HTTP/1\r\n", "GET /a -> 200"),
        ("GET /a b c HTTP/1.1\r\n", "GET /a -> 200"),
        ("GET /\u{fc}\u{20ac} HTTP/1.1\r\n", "GET /\u{fc}\u{20ac} -> 200"),
        ("GET http://u:p@h:81/a?b#c HTTP/1.1\r\n", "GET http://u:p@h:81/a?b#c -> 200"),
        ("OPTIONS * HTTP/1.1\r\n", "OPTIONS * -> 200"),
        ("OPTIONS\r\n", "OPTIONS  -> 200"),
        ("OPTIONS\n", "OPTIONS  -> 200"),
        ("PROPFIND /dav/ HTTP/1.1\r\n", "PROPFIND /dav/ -> 200"),
        ("VERSION-CONTROL /x HTTP/1.1\r\n", "VERSION-CONTROL /x -> 200"),
        ("M-SEARCH * HTTP/1.1\r\n", "M-SEARCH * -> 200"),
        ("BREW /pot HTTP/1.1\r\n", "BREW /pot -> 200"),
        ("UPDATEREDIRECTREFERENCES /x HTTP/1.1\r\n", "UPDATEREDIRECTREFERENCES /x -> 200"),
        ("GET /a HTTP/\r\n", "GET /a -> 200"),
    ] {
        let request = format!("{line}Host: a\r\n\r\n");
        assert_eq!(asked(&request), [expected], "{line:?}");
        let mut talk = Talk::new();
        for octet in request.as_bytes().chunks(1) {
            talk.client(octet);
        }
        assert_eq!(talk.server(OK).told(), [expected], "{line:?} octet by octet");
    }
}

#[test]
fn a_simple_request_is_http_0_9() {
    let told = Talk::new().client("GET /old\r\n").server("<html>hello</html>").close().told();
    assert_eq!(told, ["GET /old -> -"]);
}

#[test]
fn other_protocols_are_not_taken_for_http() {
    for first in [
        "OPTIONS rtsp://h/s RTSP/1.0\r\nCSeq: 1\r\n\r\n",
        "DESCRIBE rtsp://h/s RTSP/1.0\r\nCSeq: 2\r\n\r\n",
        "REGISTER sip:h SIP/2.0\r\nVia: SIP/2.0/TCP a\r\n\r\n",
        "OPTIONS sip:h SIP/2.0\r\nVia: SIP/2.0/TCP a\r\n\r\n",
        "EHLO example.org\r\n",
        "USER anonymous\r\n",
        "SSH-2.0-OpenSSH_9.9\r\n",
        "\u{16}\u{3}\u{1}\u{2}\0\u{1}\0",
        "*1\r\n$4\r\nPING\r\n",
        "GET key\r\n",
        "CONNECT\naccept-version:1.2\nhost:a\n\n\0",
        "OPTIONS\r\n",
        "JOIN #channel\r\n",
        "MSG someone hello there HTTP\r\n",
    ] {
        let told = Talk::new().client(first).server("200 fine\r\n").close().told();
        assert!(told.is_empty(), "{first:?}: {told:?}");
    }
}

#[test]
fn status_lines_are_read_as_browsers_read_them() {
    for (line, status) in [
        ("HTTP/1.1 401 Unauthorized\r\n", 401),
        ("HTTP/1.1 401 \r\n", 401),
        ("HTTP/1.1 401\r\n", 401),
        ("HTTP/1.1 401\n", 401),
        ("HTTP/1.1  401 Unauthorized\r\n", 401),
        ("HTTP/1.1\t401 Unauthorized\r\n", 401),
        ("HTTP/1.1 401OK\r\n", 401),
        ("HTTP/1.1 401 Non autoris\u{e9}\r\n", 401),
        ("HTTP/1.0 401 Unauthorized\r\n", 401),
        ("HTTP/1.2 401 Unauthorized\r\n", 401),
        ("HTTP/2.0 401 Unauthorized\r\n", 401),
        ("ICY 401 Unauthorized\r\n", 401),
    ] {
        let told = answered(format!("{line}Content-Length: 0\r\n\r\n"));
        assert_eq!(told, [format!("GET / -> {status}")], "{line:?}");
    }
}

#[test]
fn header_lines_that_need_forgiveness_are_read_and_named() {
    for (lines, name, value, anomaly) in [
        ("X: a\r\n b\r\n", "x", "a\r\n b", "obs-fold"),
        ("X: a\r\n\tb\r\n", "x", "a\r\n\tb", "obs-fold"),
        ("X : a\r\n", "x", "a", "space-before-colon"),
        ("X: a\n", "x", "a", "bare-line-end"),
        ("nonsense\r\nX: a\r\n", "x", "a", "line-without-colon"),
        ("X: a\0b\r\n", "x", "a\0b", "control-in-head"),
    ] {
        let request = format!("GET / HTTP/1.1\r\n{lines}Host: h\r\n\r\n");
        let exchange = Talk::new().client(&request).server(OK).only();
        let head = &exchange.request.as_ref().unwrap().head;
        assert_eq!(head.get(name), Some(value.as_bytes()), "{lines:?}");
        assert_eq!(head.get("host"), Some(&b"h"[..]), "{lines:?}");
        assert!(anomalies(&exchange).contains(&anomaly), "{lines:?}: {:?}", anomalies(&exchange));
        assert_eq!(exchange.status(), Some(200));
    }
}

#[test]
fn a_proper_head_has_no_anomaly() {
    let request = "GET / HTTP/1.1\r\nHost: h\r\nX-Empty:\r\nX-Bytes: \u{fc}\r\n\r\n";
    let exchange = Talk::new().client(request).server(OK).only();
    assert!(anomalies(&exchange).is_empty(), "{:?}", anomalies(&exchange));
    let head = &exchange.request.as_ref().unwrap().head;
    assert_eq!(head.get("x-empty"), Some(&b""[..]));
    assert_eq!(head.get("x-bytes"), Some("\u{fc}".as_bytes()));
}

#[test]
fn a_head_of_thousands_of_fields_is_read_whole() {
    let mut request = "GET / HTTP/1.1\r\n".to_owned();
    for number in 0..5000 {
        request += &format!("X-{number}: {number}\r\n");
    }
    request += "Authorization: Basic YTpi\r\n\r\n";
    let exchange = Talk::new().client(&request).server(OK).only();
    let head = &exchange.request.as_ref().unwrap().head;
    assert_eq!(head.fields().len(), 5001);
    assert_eq!(head.get("authorization"), Some(&b"Basic YTpi"[..]));
}

#[test]
fn a_head_up_to_the_bound_is_read_whole_and_beyond_it_the_rest_is_skipped() {
    let bound = why401::limits::Limits::default().head;
    // The end of the head comes before, across and after the bound.
    for length in bound - 40..bound + 10 {
        let start = "GET /long HTTP/1.1\r\nX: ";
        let filler = "y".repeat(length - start.len() - 4);
        let request = format!("{start}{filler}\r\n\r\nGET /next HTTP/1.1\r\n\r\n");
        let told = Talk::new().client(&request).server(OK).server(OK).told();
        let whole = ["GET /long -> 200", "GET /next -> 200"];
        let cut = ["GET /long? -> 200", "GET /next -> 200"];
        assert!(told == whole || length > bound && told == cut, "{length}: {told:?}");
        assert!(told == cut || length < bound + 5, "{length}: {told:?}");
    }
}

#[test]
fn octets_before_a_message_are_skipped_and_named() {
    let mut talk = Talk::new();
    talk.client("GET /a HTTP/1.1\r\n\r\n").server(OK);
    talk.client("GET /b HTTP/1.1\r\n\r\n").server(format!("surplus\r\n{OK}"));
    let exchanges = talk.exchanges();
    assert_eq!(talk.told(), ["GET /a -> 200", "GET /b -> 200"]);
    assert!(anomalies(&exchanges[1]).contains(&"junk-before-message"));
}

#[test]
fn a_body_longer_than_announced_does_not_hide_the_next_answer() {
    let mut talk = Talk::new();
    talk.client("GET /a HTTP/1.1\r\n\r\n");
    talk.server("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhello");
    talk.client("GET /b HTTP/1.1\r\n\r\n").server(OK);
    assert_eq!(talk.told(), ["GET /a -> 200", "GET /b -> 200"]);
}

const REFUSED: &str = "HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n";

/// Why the request of the last of these exchanges is not known, and whether one was asked for at all.
fn lost(talk: &mut Talk) -> (Option<HeadLoss>, bool) {
    let exchanges = talk.exchanges();
    let last = exchanges.last().unwrap();
    assert!(last.request.is_none() && last.status() == Some(401), "{:?}", talk.told());
    (last.coverage.request_loss, anomalies(last).contains(&"unsolicited-response"))
}

/// What a client may say that a server answers in HTTP all the same: a method that is none, uwsgi's way
/// to hand on a request, the first octets of TLS.
const FOREIGN: [&[u8]; 3] = [
    b"G@T / HTTP/1.1\r\nHost: a\r\n\r\n",
    b"\0\x14\0\0\x0e\0REQUEST_METHOD\x03\0GET",
    b"\x16\x03\x01\0\x05\x01\0\0\x01\x03",
];

#[test]
fn a_captured_request_that_cannot_be_read_is_not_said_to_be_lost() {
    for foreign in FOREIGN {
        let unreadable = (Some(HeadLoss::NotHttp1), false);
        assert_eq!(lost(Talk::new().client(foreign).server(REFUSED)), unreadable, "{foreign:?}");
        // More than once, and in pieces.
        let (first, second) = foreign.split_at(4);
        let mut talk = Talk::new();
        talk.client(first).client(second).server(REFUSED).client(foreign).server(REFUSED);
        assert_eq!(lost(&mut talk), unreadable, "{foreign:?}");
        let mut talk = Talk::new();
        talk.client("GET / HTTP/1.1\r\nHost: a\r\n\r\n").server(OK);
        assert_eq!(lost(talk.client(foreign).server(REFUSED)), unreadable, "{foreign:?}");
        // What came before the capture means nothing to what was read and answered since.
        let mut talk = Talk::joined();
        talk.client("GET / HTTP/1.1\r\nHost: a\r\n\r\n").server(OK);
        assert_eq!(lost(talk.client(foreign).server(REFUSED)), unreadable, "{foreign:?}");
    }
}

#[test]
fn a_request_of_which_octets_are_missing_is_lost_whatever_else_was_said() {
    for foreign in FOREIGN {
        let lost_here = |talk: &mut Talk| lost(talk).0;
        let gap = Some(HeadLoss::Gap);
        let mut talk = Talk::new();
        assert_eq!(lost_here(talk.client(foreign).client_lost(40).server(REFUSED)), gap);
        let mut talk = Talk::new();
        assert_eq!(lost_here(talk.client_lost(40).client(foreign).server(REFUSED)), gap);
        let mut talk = Talk::new();
        assert_eq!(lost_here(talk.client_lost(40).server(REFUSED)), gap);
        let mut talk = Talk::new();
        talk.client("GET / HTTP/1.1\r\nHost: a\r\n\r\n").server(OK).client(foreign);
        assert_eq!(lost_here(talk.client_lost(40).server(REFUSED)), gap);
        // The middle of a body, perhaps.
        let joined = lost_here(Talk::joined().client(foreign).server(REFUSED));
        assert_eq!(joined, Some(HeadLoss::StartedMidStream));
    }
    // Nothing at all was said.
    assert_eq!(lost(Talk::new().server(REFUSED)), (Some(HeadLoss::Gap), true));
}
