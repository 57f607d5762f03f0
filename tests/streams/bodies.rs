//! Where messages end (RFC 9112 §6 and §7), and what turns a connection into another one.

use crate::talk::{Talk, anomalies};

const ASK: &str = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";
const NEXT: &str = "GET /next HTTP/1.1\r\nHost: a\r\n\r\n";
const OK: &str = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi";
const REFUSED: &str = "HTTP/1.1 401 Unauthorized\r\nContent-Length: 2\r\n\r\nno";

/// What an answer with these fields and body is, and that the next one is found behind it.
fn framed(fields: &str, body: &str) -> (u64, Vec<&'static str>) {
    let mut talk = Talk::new();
    talk.client(ASK).server(format!("HTTP/1.1 200 OK\r\n{fields}\r\n{body}"));
    talk.client(NEXT).server(REFUSED);
    let exchanges = talk.exchanges();
    assert_eq!(talk.told(), ["GET / -> 200", "GET /next -> 401"], "{fields:?} {body:?}");
    let body = &exchanges[0].response.as_ref().unwrap().body;
    assert!(body.complete, "{fields:?} {body:?}");
    (body.length, anomalies(&exchanges[0]))
}

#[test]
fn lengths_are_read_as_they_are_written() {
    assert_eq!(framed("Content-Length: 3\r\n", "abc"), (3, vec![]));
    assert_eq!(framed("content-length:3\r\n", "abc"), (3, vec![]));
    assert_eq!(framed("Content-Length: 003\r\n", "abc"), (3, vec![]));
    assert_eq!(framed("Content-Length: 3, 3\r\n", "abc"), (3, vec![]));
    assert_eq!(framed("Content-Length: 3\r\nContent-Length: 3\r\n", "abc"), (3, vec![]));
    let conflict = vec!["content-length-conflict"];
    assert_eq!(framed("Content-Length: 3\r\nContent-Length: 5\r\n", "abc"), (3, conflict.clone()));
    assert_eq!(framed("Content-Length: 3, 5\r\n", "abc"), (3, conflict));
    let invalid = vec!["content-length-invalid"];
    assert_eq!(framed("Content-Length: x\r\nContent-Length: 3\r\n", "abc"), (3, invalid));
}

#[test]
fn chunks_are_read_as_they_are_written() {
    const CHUNKED: &str = "Transfer-Encoding: chunked\r\n";
    for body in [
        "3\r\nabc\r\n0\r\n\r\n",
        "1\r\na\r\n2\r\nbc\r\n0\r\n\r\n",
        "0003\r\nabc\r\n000\r\n\r\n",
        "3;name=value;\"quoted\"\r\nabc\r\n0;last\r\n\r\n",
        "3 \r\nabc\r\n0 \r\n\r\n",
        " 3\r\nabc\r\n0\r\n\r\n",
        "3\nabc\n0\n\n",
        "3\r\nabc\r\n0\r\nTrailer: 1\r\nOther: 2\r\n\r\n",
    ] {
        assert_eq!(framed(CHUNKED, body).0, 3, "{body:?}");
        assert_eq!(framed("transfer-encoding: identity, CHUNKED\r\n", body).0, 3, "{body:?}");
    }
    let twelve = "c\r\nabcdefghijkl\r\n0\r\n\r\n";
    assert_eq!(framed(CHUNKED, twelve).0, 12);
    assert_eq!(framed(CHUNKED, &twelve.replacen('c', "C", 1)).0, 12);
    // RFC 9112 §6.3: the coding overrides the length, and somebody may be fooled.
    let both = "Content-Length: 99\r\nTransfer-Encoding: chunked\r\n";
    assert_eq!(framed(both, "3\r\nabc\r\n0\r\n\r\n"), (3, vec!["length-and-transfer-encoding"]));
}

#[test]
fn a_chunk_size_that_is_none_ends_the_message_and_says_so() {
    let mut talk = Talk::new();
    talk.client(ASK).server("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\nabc");
    talk.client(NEXT).server(REFUSED);
    let exchanges = talk.exchanges();
    assert!(anomalies(&exchanges[0]).contains(&"chunk-invalid"));
    assert!(!exchanges[0].response.as_ref().unwrap().body.complete);
    assert_eq!(exchanges.last().unwrap().status(), Some(401));
}

#[test]
fn answers_that_never_have_a_body_end_with_their_head() {
    for (method, status) in [("HEAD", 200), ("HEAD", 401), ("GET", 204), ("GET", 304)] {
        let mut talk = Talk::new();
        talk.client(format!("{method} / HTTP/1.1\r\n\r\n"));
        talk.server(format!("HTTP/1.1 {status} Word\r\nContent-Length: 900\r\n\r\n"));
        talk.client(NEXT).server(REFUSED);
        assert_eq!(talk.told(), [format!("{method} / -> {status}"), "GET /next -> 401".to_owned()]);
    }
}

#[test]
fn a_body_until_close_ends_with_fin_or_reset() {
    for reset in [false, true] {
        let mut talk = Talk::new();
        talk.client(ASK).server("HTTP/1.0 200 OK\r\n\r\nhel").server("lo");
        let exchange = if reset { talk.reset().only() } else { talk.close().only() };
        let body = &exchange.response.as_ref().unwrap().body;
        assert_eq!((body.length, body.complete), (5, true), "reset: {reset}");
    }
}

#[test]
fn a_body_that_the_end_of_the_connection_cuts_is_named() {
    let mut talk = Talk::new();
    talk.client(ASK).server("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhel");
    let exchange = talk.close().only();
    let body = &exchange.response.as_ref().unwrap().body;
    assert_eq!((body.length, body.complete), (3, false));
    assert_eq!(anomalies(&exchange), ["cut-by-close"]);
}

#[test]
fn interim_responses_are_no_answer() {
    let mut talk = Talk::new();
    talk.client("POST / HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n");
    talk.server("HTTP/1.1 100 Continue\r\n\r\n").client("ab");
    talk.server("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 102 Processing\r\n\r\n");
    talk.server("HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n").server(REFUSED);
    let exchange = talk.only();
    assert_eq!(exchange.status(), Some(401));
    assert_eq!(exchange.interim_responses, 4);
    assert_eq!(exchange.request.as_ref().unwrap().body.length, 2);
    assert!(anomalies(&exchange).is_empty());
}

#[test]
fn a_refusal_instead_of_100_continue_leaves_the_body_unsent() {
    let mut talk = Talk::new();
    talk.client("PUT /a HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 20000\r\n\r\n");
    talk.server(REFUSED).client(NEXT).server(OK);
    assert_eq!(talk.told(), ["PUT /a -> 401", "GET /next -> 200"]);
}

#[test]
fn a_refusal_before_the_upload_has_ended_belongs_to_it() {
    let mut talk = Talk::new();
    talk.client("PUT /big HTTP/1.1\r\nContent-Length: 10000\r\n\r\n").client("x".repeat(3000));
    talk.server(REFUSED).client("x".repeat(7000)).client(NEXT).server(OK);
    let exchanges = talk.exchanges();
    assert_eq!(talk.told(), ["PUT /big -> 401", "GET /next -> 200"]);
    assert!(anomalies(&exchanges[0]).contains(&"early-response"));
}

#[test]
fn pipelined_requests_get_their_answers_in_order() {
    let mut talk = Talk::new();
    talk.client(format!("{ASK}{NEXT}")).server(format!("{OK}{REFUSED}"));
    assert_eq!(talk.told(), ["GET / -> 200", "GET /next -> 401"]);
}

#[test]
fn a_request_behind_connection_close_stands_without_an_answer() {
    let mut talk = Talk::new();
    talk.client(format!("GET / HTTP/1.1\r\nConnection: close\r\n\r\n{NEXT}"));
    talk.server("HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nhello").close();
    assert_eq!(talk.told(), ["GET / -> 200", "GET /next -> -"]);
}

#[test]
fn within_a_tunnel_plaintext_http_is_read() {
    let mut talk = Talk::new();
    talk.client("CONNECT h:80 HTTP/1.1\r\nHost: h:80\r\n\r\n");
    talk.server("HTTP/1.1 200 Connection established\r\nContent-Length: 5\r\n\r\n");
    talk.client(ASK).server(REFUSED).client(NEXT).server(OK);
    assert_eq!(talk.told(), ["CONNECT h:80 -> 200", "GET / -> 401", "GET /next -> 200"]);
}

#[test]
fn a_tunnel_that_was_refused_is_none() {
    let mut talk = Talk::new();
    talk.client("CONNECT h:443 HTTP/1.1\r\n\r\n");
    talk.server("HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 2\r\n\r\nno");
    talk.client("CONNECT h:443 HTTP/1.1\r\nProxy-Authorization: Basic YTpi\r\n\r\n");
    talk.server("HTTP/1.1 200 OK\r\n\r\n").client(b"\x16\x03\x01\x00\x05hello");
    talk.server(b"\x16\x03\x03\x00\x05hello");
    assert_eq!(talk.told(), ["CONNECT h:443 -> 407", "CONNECT h:443 -> 200"]);
}

#[test]
fn what_follows_an_upgrade_to_websocket_is_not_http() {
    let mut talk = Talk::new();
    talk.client("GET /ws HTTP/1.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n");
    talk.server("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n");
    talk.client(b"\x81\x85\x01\x02\x03\x04GET ").server(b"\x81\x05hello");
    assert_eq!(talk.told(), ["GET /ws -> 101"]);
}

#[test]
fn a_server_that_speaks_before_it_is_asked_answers_the_next_request() {
    let mut talk = Talk::new();
    talk.server(OK).client(ASK).server(REFUSED);
    let exchanges = talk.exchanges();
    assert_eq!(exchanges[0].status(), Some(200));
    assert!(exchanges[0].request.is_none());
    assert!(anomalies(&exchanges[0]).contains(&"unsolicited-response"));
    assert_eq!(talk.told()[1], "GET / -> 401");
}

#[test]
fn what_a_gap_hides_is_unknown_and_nothing_shifts() {
    let mut talk = Talk::new();
    talk.client(ASK).server("HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\n");
    talk.server_lost(4000).server("x".repeat(1000));
    talk.client("GET /b HTTP/1.1\r\nX: y\r\nAuthori").client_lost(100).client("tail\r\n\r\n");
    talk.server(REFUSED).client(NEXT).server(OK);
    let told = talk.told();
    assert_eq!(told[0], "GET / -> 200");
    assert_eq!(told.last().unwrap(), "GET /next -> 200");
    assert!(told[1].starts_with("GET /b? -> 401"), "{told:?}");
}

#[test]
fn joined_in_the_middle_of_a_body_the_next_message_is_found() {
    let mut talk = Talk::joined();
    talk.server("the rest of a page").client(ASK).server(REFUSED).client(NEXT).server(OK);
    assert_eq!(talk.told(), ["GET / -> 401", "GET /next -> 200"]);
}

#[test]
fn an_answer_to_a_request_that_was_missed_does_not_hide_the_next_one_behind_a_gap() {
    // The missed request was HEAD: what follows the head is no body, but other messages.
    let head = "HTTP/1.1 401 Unauthorized\r\nContent-Length: 77\r\n\r\n";
    for (seen, lost, rest) in [("HTTP/1.1 ", 26, "7925\r\n\r\n"), ("", 18, "\nX-Id: 7925\r\n\r\n")]
    {
        let mut talk = Talk::joined();
        talk.server(head);
        if !seen.is_empty() {
            talk.server(seen);
        }
        talk.server_lost(lost).server(rest);
        talk.client(NEXT).server("HTTP/1.1 304 Not Modified\r\nX-Id: 1\r\n\r\n");
        let told = talk.told();
        assert_eq!(told.last().unwrap(), "GET /next -> 304", "{seen:?}: {told:?}");
    }
}
