//! Heads and contents that come again. A server refuses with the same head, octet for octet, until its clock shows the
//! next second; a client that asks again and again asks in the same words. A head ends itself by its
//! empty line, so octets that begin with all those of a head that was read begin with that head: it
//! need not be read again, and one copy of it serves all its messages. The same page often follows it.

use std::sync::Arc;

use super::Kind;
use super::head::ParsedHead;

/// Requests and responses that are remembered: so many different ones may take turns. Each costs
/// whoever comes with another a comparison of four octets.
const REQUESTS: usize = 4;
const RESPONSES: usize = 8;

/// Contents that are remembered. A prime, as programs like round lengths.
const CONTENTS: usize = 31;

/// The longest head or content that is remembered, in octets, so that what is remembered is no burden.
const LONGEST: usize = 4 << 10;

/// What a head ends with.
const EMPTY_LINE: &[u8; 4] = b"\r\n\r\n";

/// What was met last, on all connections.
#[derive(Debug)]
pub struct Repeats {
    requests: Latest,
    responses: Latest,
    /// Contents, each where its length leads.
    contents: [Arc<[u8]>; CONTENTS],
    /// Room to put a head together.
    pub(super) scratch: Vec<u8>,
}

/// Heads of one kind, found by looking at all of them: they are few. A new one takes the place of one
/// that did not come again since the hand came by.
#[derive(Debug)]
struct Latest {
    heads: Vec<Known>,
    room: usize,
    hand: usize,
}

#[derive(Debug)]
struct Known {
    parsed: ParsedHead,
    came_again: bool,
}

impl Default for Repeats {
    fn default() -> Self {
        let latest = |room| Latest { heads: Vec::with_capacity(room), room, hand: 0 };
        Self {
            requests: latest(REQUESTS),
            responses: latest(RESPONSES),
            contents: Default::default(),
            scratch: Vec::new(),
        }
    }
}

impl Repeats {
    fn latest(&mut self, kind: Kind) -> &mut Latest {
        match kind {
            Kind::Request => &mut self.requests,
            Kind::Response => &mut self.responses,
        }
    }

    /// The head with which these octets begin, if it is one of those remembered.
    pub fn find(&mut self, kind: Kind, octets: &[u8]) -> Option<&ParsedHead> {
        let mut heads = self.latest(kind).heads.iter_mut();
        let known = heads.find(|known| known.parsed.begins(octets))?;
        known.came_again = true;
        Some(&known.parsed)
    }

    /// Remembers a head, if all of it is as the grammar wants it.
    pub fn remember(&mut self, kind: Kind, parsed: &ParsedHead) {
        let strict = parsed.forgiven.is_empty() && parsed.head.octets().ends_with(EMPTY_LINE);
        if strict && parsed.length <= LONGEST {
            self.latest(kind).take_in(Known { parsed: parsed.clone(), came_again: false });
        }
    }

    /// This content, in one piece with others that were the same.
    pub fn content(&mut self, octets: &[u8]) -> Arc<[u8]> {
        match self.contents.get_mut(octets.len() % CONTENTS) {
            Some(known) if octets.len() <= LONGEST => {
                if **known != *octets {
                    *known = octets.into();
                }
                Arc::clone(known)
            }
            _ => octets.into(),
        }
    }
}

impl Latest {
    fn take_in(&mut self, new: Known) {
        if self.heads.len() < self.room {
            self.heads.push(new);
            return;
        }
        loop {
            self.hand = (self.hand + 1) % self.room;
            let Some(known) = self.heads.get_mut(self.hand) else { return };
            if !std::mem::take(&mut known.came_again) {
                *known = new;
                return;
            }
        }
    }
}

impl ParsedHead {
    /// Whether these octets begin with this head. Most others have no line end where it ends.
    #[inline]
    fn begins(&self, octets: &[u8]) -> bool {
        octets
            .get(..self.length)
            .is_some_and(|same| same.last_chunk() == Some(EMPTY_LINE) && same == self.head.octets())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::Head;
    use crate::http::h1::{Answers, Mark, Output, Parser};
    use crate::limits::Limits;

    const REFUSED: &[u8] = b"HTTP/1.1 401 Unauthorized\r\nContent-Length: 2\r\nServer: a\r\n\r\n";
    const ASKED: &[u8] = b"GET /a HTTP/1.1\r\nHost: a\r\n\r\n";

    /// All that is read from the head with which these octets begin, and the head.
    fn read(octets: &[u8], answers: Answers, repeats: &mut Repeats) -> (String, Head) {
        let kind = if octets.starts_with(b"HTTP/") { Kind::Response } else { Kind::Request };
        let (mut parser, mut rest, limits) = (Parser::new(kind), octets, Limits::default());
        let (head, start, framing) =
            match parser.feed(&mut rest, Mark::default(), &limits, repeats).unwrap() {
                Output::Request(request) => {
                    let start = format!("{:?} {:?}", request.version, request.head_loss);
                    (request.head, start, None)
                }
                Output::Response(response) => {
                    let framing = parser.begin_body(&response, answers, &limits);
                    let start = format!("{:?} {}", response.version, response.status);
                    (response.head, start, Some(framing))
                }
                other => panic!("{other:?}"),
            };
        let anomalies = parser.take_anomalies();
        let fields: Vec<_> = head.fields().collect();
        let used = octets.len() - rest.len();
        let said = format!("{used} {start} {framing:?} {anomalies:?} {fields:?} {parser:?}");
        (said, head)
    }

    #[test]
    fn a_head_that_comes_again_reads_as_if_it_were_the_first() {
        let cases: [&[u8]; 12] = [
            REFUSED,
            // The same with a body, cut short, going on where it ended, or in other letters.
            &[REFUSED, b"no"].concat(),
            &[&REFUSED[..REFUSED.len() - 2], b"X: 1\r\n\r\n"].concat(),
            b"HTTP/1.1 401 Unauthorized\r\nContent-Length: 3\r\nServer: a\r\n\r\n",
            b"HTTP/1.0 401 Unauthorized\r\nContent-Length: 2\r\nServer: a\r\n\r\n",
            b"HTTP/1.1 204 No Content\r\nContent-Length: 2\r\n\r\n",
            // What is wrong with them is said each time.
            b"HTTP/1.1 200 OK\nContent-Length: 2\n\n",
            b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n",
            b"HTTP/1.1 200 OK\r\nContent-Length : 2\r\n\r\n",
            ASKED,
            &[ASKED, ASKED].concat(),
            b"POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
        ];
        let mut repeats = Repeats::default();
        for answers in [Answers::Other, Answers::Head, Answers::Connect, Answers::Unknown] {
            for octets in cases.into_iter().chain(cases.into_iter().rev()) {
                let expected = read(octets, answers, &mut Repeats::default());
                let what = octets.escape_ascii();
                assert_eq!(read(octets, answers, &mut repeats), expected, "{answers:?} {what}");
            }
        }
    }

    #[test]
    fn messages_share_a_head_that_came_again() {
        for octets in [REFUSED, ASKED] {
            let mut repeats = Repeats::default();
            let (_, first) = read(octets, Answers::Other, &mut repeats);
            let (_, again) = read(octets, Answers::Other, &mut repeats);
            let (_, afresh) = read(octets, Answers::Other, &mut Repeats::default());
            assert!(first.is_same(&again) && first == afresh && !first.is_same(&afresh));
        }
    }

    #[test]
    fn a_head_that_keeps_coming_is_remembered_whatever_comes_between() {
        let mut repeats = Repeats::default();
        let (_, first) = read(REFUSED, Answers::Other, &mut repeats);
        for number in 0..100 {
            let other = format!("HTTP/1.1 200 OK\r\nETag: {number}\r\nContent-Length: 0\r\n\r\n");
            read(other.as_bytes(), Answers::Other, &mut repeats);
            let (_, again) = read(REFUSED, Answers::Other, &mut repeats);
            assert!(first.is_same(&again), "after {number} others");
        }
        assert_eq!(repeats.responses.heads.len(), RESPONSES);
    }

    #[test]
    fn heads_that_are_long_or_odd_are_not_remembered() {
        let long = format!("HTTP/1.1 200 OK\r\nX: {}\r\n\r\n", "x".repeat(LONGEST));
        for octets in [long.as_bytes(), b"HTTP/1.1 200 OK\nX: 1\n\n"] {
            let mut repeats = Repeats::default();
            read(octets, Answers::Other, &mut repeats);
            assert!(repeats.responses.heads.is_empty(), "{}", octets.escape_ascii());
        }
    }

    /// The content of an answer that comes in these pieces.
    fn content(pieces: &[&[u8]], repeats: &mut Repeats) -> Arc<[u8]> {
        let (mut parser, limits) = (Parser::new(Kind::Response), Limits::default());
        for piece in pieces {
            let mut rest = *piece;
            while let Some(output) = parser.feed(&mut rest, Mark::default(), &limits, repeats) {
                match output {
                    Output::Response(response) => {
                        parser.begin_body(&response, Answers::Other, &limits);
                    }
                    Output::End => {
                        let body = parser.take_body(repeats);
                        assert!(body.whole && body.complete);
                        return body.start;
                    }
                    other => panic!("{other:?}"),
                }
            }
        }
        panic!("it has an end");
    }

    #[test]
    fn messages_share_a_content_that_came_again() {
        let mut repeats = Repeats::default();
        let whole = content(&[REFUSED, b"no"], &mut repeats);
        assert_eq!(*whole, *b"no");
        let chunked: &[u8] = b"HTTP/1.1 401 No\r\nTransfer-Encoding: chunked\r\n\r\n";
        for pieces in [
            &[&[REFUSED, b"no"].concat()[..]][..],
            &[REFUSED, b"n", b"o"],
            &[chunked, b"1\r\nn\r\n", b"1\r\no\r\n0\r\n\r\n"],
        ] {
            assert!(Arc::ptr_eq(&whole, &content(pieces, &mut repeats)), "{pieces:?}");
        }
        assert_eq!(*content(&[REFUSED, b"on"], &mut repeats), *b"on");
        assert_eq!(*content(&[REFUSED, b"no"], &mut repeats), *b"no");
    }
}
