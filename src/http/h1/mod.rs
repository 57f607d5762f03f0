//! HTTP/1.x (RFC 9112): a push parser for one direction. httparse is used only here.
//!
//! ```text
//!            head complete                     body complete
//!   Start ──────────────────→ Body / (none) ─────────────────→ Start
//!     │ gap, or not HTTP        │ gap that arithmetic cannot bridge
//!     └────────→ Seeking ←──────┘      Seeking → Start at the next certain start line
//! ```

mod again;
mod chunked;
mod framing;
mod head;
mod held;
mod loss;
pub mod sniff;

pub use again::Repeats;
pub use framing::{Answers, Framing};
pub use head::Kind;

use chunked::{Chunked, Step};
use framing::Announced;
use head::{ParsedHead, Reading};
use held::Held;
use sniff::Looks;

use crate::counters::Limit;
use crate::http::{Anomalies, Anomaly, Body, Head, HeadLoss, Request, Response};
use crate::limits::Limits;
use crate::time::Timestamp;

/// What the octets of one direction turned out to be.
#[derive(Debug)]
pub enum Output {
    /// A request's head. Its body, if any, follows, then [`Output::End`].
    Request(Request),
    /// A response's head. [`Parser::begin_body`] must be called before more octets are fed.
    Response(Response),
    /// The message that began last is over; [`Parser::take_body`] has its body.
    End,
    /// The octets are not HTTP; the parser looks for the next message.
    NotHttp,
}

/// Where and when some octets were seen.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Mark {
    /// When the packet of the first of them was captured.
    pub time: Timestamp,
    /// Position of the first in its stream.
    pub position: u64,
    /// Position in the opposite stream up to which their sender had received everything.
    pub acknowledged: Option<u64>,
}

impl Mark {
    /// Where these octets, which end here, begin.
    #[must_use]
    pub fn before(self, octets: &[u8]) -> Self {
        Self { position: self.position.saturating_sub(octets.len() as u64), ..self }
    }
}

/// The parser of one direction.
#[derive(Debug)]
pub struct Parser {
    kind: Kind,
    state: State,
    /// What came of a message that is not whole.
    held: Held,
    /// The body that is being read, or was read last.
    body: Body,
    body_limit: u32,
    /// The first octet of the current message.
    began: Mark,
    anomalies: Anomalies,
    /// Whether messages may have been lost since the last one.
    resynchronised: bool,
    /// Whether they may have been before it.
    lost_before: bool,
    /// Whether any octets were seen.
    joined: bool,
    /// Whether any message was read.
    in_sync: bool,
    /// The request that the current response answers is not known: it may have been HEAD, and then
    /// there is no body whatever the fields say (RFC 9112 §6.3).
    body_in_doubt: bool,
    /// A bound that the current head reached.
    reached: Option<Limit>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Start,
    Head {
        /// Octets of those held that were already searched for the end of the head.
        searched: u32,
    },
    /// A head longer than the bound: looking for its end.
    SkipHead {
        framing: Framing,
    },
    /// Waiting for [`Parser::begin_body`].
    Awaiting(Announced),
    Length(u64),
    Chunked(Chunked),
    UntilClose,
    Seeking,
}

impl Parser {
    /// At the beginning of a direction that carries `kind`.
    pub fn new(kind: Kind) -> Self {
        Self {
            kind,
            state: State::Start,
            held: Held::default(),
            body: Body::default(),
            body_limit: 0,
            began: Mark::default(),
            anomalies: Anomalies::default(),
            resynchronised: false,
            lost_before: false,
            joined: false,
            in_sync: false,
            body_in_doubt: false,
            reached: None,
        }
    }

    /// A direction joined where it is not clear what comes.
    pub fn seeking(kind: Kind) -> Self {
        Self { state: State::Seeking, resynchronised: true, ..Self::new(kind) }
    }

    /// Whether messages may have been lost before the one that was put out last. Asking resets it.
    pub fn take_lost_before(&mut self) -> bool {
        std::mem::take(&mut self.lost_before)
    }

    /// What was forgiven in the message that is being read; asking resets it.
    pub fn take_anomalies(&mut self) -> Anomalies {
        std::mem::take(&mut self.anomalies)
    }

    /// The bound that the head put out last reached; asking resets it.
    pub fn take_reached(&mut self) -> Option<Limit> {
        self.reached.take()
    }

    /// The body of the message that has ended, or as far as it was seen.
    pub fn take_body(&mut self, repeats: &mut Repeats) -> Body {
        let mut body = std::mem::take(&mut self.body);
        if !self.held.content().is_empty() {
            body.start = repeats.content(&self.held.take_content());
        }
        body
    }

    /// The body of the message that is being read, as far as it was seen.
    pub fn body_so_far(&self) -> Body {
        Body { start: self.held.content().into(), ..self.body.clone() }
    }

    /// Octets lost of the body that is being read.
    pub fn body_gap(&self) -> u64 {
        self.body.gap
    }

    /// Whether of the next octets of this direction, all in one segment, no more than these need be read,
    /// and `unread` others only counted: they are content of which nothing more is kept.
    pub fn is_enough(&self, octets: &[u8], unread: u64) -> bool {
        !self.body_in_doubt
            && octets.len() >= self.room()
            && octets.len() as u64 + unread <= self.certain_content()
    }

    /// Goes on behind content that was not read.
    pub fn pass_over(&mut self, length: u64) -> Option<Output> {
        self.body.whole = false;
        self.skip_content(length)
    }

    /// Whether a body is being read and nothing of it was seen yet.
    pub fn is_before_body(&self) -> bool {
        self.body.length == self.body.gap
            && matches!(self.state, State::Length(_) | State::Chunked(_))
    }

    /// Whether it looks for a message.
    pub fn is_seeking(&self) -> bool {
        self.state == State::Seeking
    }

    /// Where the current (or last) message began.
    pub fn began(&self) -> Mark {
        self.began
    }

    /// Heap octets held.
    pub fn memory(&self) -> usize {
        self.held.memory() + self.body.start.len()
    }

    /// A body that was announced does not come (RFC 9110 §10.1.1), or the connection turns into
    /// something else: what follows is looked at afresh.
    pub fn restart(&mut self) {
        self.state = State::Start;
        self.forget_body();
        self.held.clear_head();
        self.in_sync = false;
    }

    /// Whether the end of the response's head was seen, so that its body can be framed.
    pub fn awaits_framing(&self) -> bool {
        matches!(self.state, State::Awaiting(_))
    }

    /// Frames the body of the response whose head was put out last.
    pub fn begin_body(
        &mut self,
        response: &Response,
        answers: Answers,
        limits: &Limits,
    ) -> Framing {
        let State::Awaiting(announced) = self.state else { return Framing::None };
        self.anomalies = self.anomalies.union(announced.anomalies);
        let framing = announced.of_response(response.status, response.version, answers);
        let limit = if response.status < 300 { limits.body_success } else { limits.body };
        self.body_limit = u32::try_from(limit).unwrap_or(u32::MAX);
        self.body_in_doubt = answers == Answers::Unknown;
        self.enter_body(framing);
        framing
    }

    fn forget_body(&mut self) {
        self.body = Body::default();
        self.held.take_content();
    }

    fn enter_body(&mut self, framing: Framing) {
        self.forget_body();
        self.body.whole = true;
        self.state = match framing {
            Framing::None => {
                self.body.complete = true;
                State::Start
            }
            Framing::Length(length) => State::Length(length),
            Framing::Chunked => State::Chunked(Chunked::START),
            Framing::UntilClose => State::UntilClose,
        };
    }

    /// The first octets come from this position: if that is not the beginning of the stream, they
    /// need not begin a message.
    pub fn join(&mut self, position: u64) {
        if !self.joined && position != 0 && self.state == State::Start {
            self.seek_next();
        }
        self.joined = true;
    }

    /// Reads on; `octets` shrinks by what was used. `None`: all was used, and nothing is complete.
    /// `end` has the position right after the octets, and time and acknowledgment of their segment.
    pub fn feed(
        &mut self,
        octets: &mut &[u8],
        end: Mark,
        limits: &Limits,
        repeats: &mut Repeats,
    ) -> Option<Output> {
        loop {
            if octets.is_empty() {
                return None;
            }
            if self.body_in_doubt {
                if let Some(output) = self.doubt(octets, end, limits, repeats) {
                    return Some(output);
                }
                continue;
            }
            match self.state {
                State::Start => {
                    if let Some(output) = self.start(octets, end, limits, repeats) {
                        return Some(output);
                    }
                }
                State::Head { searched } => {
                    return self.head_continued(octets, searched, limits, repeats);
                }
                State::SkipHead { framing } => self.skip_head(octets, framing),
                State::Length(left) => {
                    let take = octets.len().min(usize::try_from(left).unwrap_or(usize::MAX));
                    let (content, rest) = octets.split_at(take);
                    *octets = rest;
                    if take as u64 == left {
                        self.last_content(content, repeats);
                        return Some(self.end());
                    }
                    self.content(content);
                    self.state = State::Length(left - take as u64);
                }
                State::Chunked(mut coding) => match coding.step(octets) {
                    Step::Content(content) => {
                        self.content(content);
                        self.state = State::Chunked(coding);
                    }
                    Step::More => {
                        self.state = State::Chunked(coding);
                        return None;
                    }
                    Step::End => return Some(self.end()),
                    Step::Invalid => {
                        self.anomalies.insert(Anomaly::ChunkInvalid);
                        return Some(self.abandon());
                    }
                },
                State::UntilClose | State::Awaiting(_) => {
                    let content = std::mem::take(octets);
                    self.content(content);
                }
                State::Seeking => self.seek(octets, end),
            }
        }
    }

    /// At the beginning of a message, all octets of it at hand or not.
    fn start(
        &mut self,
        octets: &mut &[u8],
        end: Mark,
        limits: &Limits,
        repeats: &mut Repeats,
    ) -> Option<Output> {
        // RFC 9112 §2.2: empty lines before a message are ignored.
        let blank = octets.iter().take_while(|octet| matches!(octet, b'\r' | b'\n')).count();
        *octets = &octets[blank..];
        if octets.is_empty() {
            return None;
        }
        self.began = end.before(octets);
        if let Some(parsed) = repeats.find(self.kind, octets).cloned() {
            *octets = &octets[parsed.length..];
            return Some(self.begin(parsed, None));
        }
        let sure = |head: &Head| self.kind == Kind::Response || sniff::is_sure(head.first());
        let strictly = match head::strict(octets, self.kind, &mut repeats.scratch) {
            Reading::Whole(parsed) if sure(&parsed.head) => {
                repeats.remember(self.kind, &parsed);
                *octets = &octets[parsed.length..];
                return Some(self.begin(parsed, None));
            }
            other => other,
        };
        if self.is_foreign(octets) {
            return Some(self.lose_junk(octets));
        }
        match head::read(strictly, octets, limits.header_fields, self.kind) {
            Reading::Whole(parsed) => {
                *octets = &octets[parsed.length..];
                Some(self.begin(parsed, None))
            }
            Reading::Partial => {
                self.state = State::Head { searched: 0 };
                self.held.clear_head();
                if octets.len() <= limits.head {
                    // They were looked at here and now: only what follows is to be searched.
                    self.held.head_mut().extend_from_slice(std::mem::take(octets));
                    self.note_searched();
                }
                None
            }
            Reading::NotHttp => Some(self.lose_junk(octets)),
        }
    }

    /// Whether no message of this kind begins like this.
    fn is_foreign(&self, octets: &[u8]) -> bool {
        match self.kind {
            Kind::Request => matches!(sniff::at_start(octets), Looks::Response | Looks::Neither),
            Kind::Response => !sniff::may_be_response(octets),
        }
    }

    /// Octets that begin no message: a message may begin at one of their next lines, where a body
    /// was longer than announced.
    fn lose_junk(&mut self, octets: &mut &[u8]) -> Output {
        self.anomalies.insert(Anomaly::JunkBeforeMessage);
        let next = memchr::memchr_iter(b'\n', octets).map(|at| at + 1).find(|&at| {
            self.in_sync && self.is_mine(sniff::in_middle(octets.get(at..).unwrap_or_default()))
        });
        if let Some(next) = next {
            *octets = &octets[next..];
        } else {
            *octets = &[];
            self.seek_next();
        }
        Output::NotHttp
    }

    fn head_continued(
        &mut self,
        octets: &mut &[u8],
        searched: u32,
        limits: &Limits,
        repeats: &mut Repeats,
    ) -> Option<Output> {
        let kind = self.kind;
        let held = self.held.head_mut();
        let before = held.len();
        let room = limits.head.saturating_sub(before);
        let take = octets.len().min(room + 1);
        held.extend_from_slice(&octets[..take]);
        let is_too_long = held.len() > limits.head;
        let whole = head::end_of_head(held, searched as usize);
        // A start line alone can show that this is no HTTP, or HTTP/0.9.
        let first_line = before == 0 || memchr::memchr(b'\n', &held[..before]).is_none();
        if whole.is_none() && !(first_line && held.contains(&b'\n')) {
            self.note_searched();
            *octets = &octets[take..];
            if self.is_foreign_line() {
                return Some(self.lose_head());
            }
            return is_too_long.then(|| self.truncate_head(limits));
        }
        let strictly = head::strict(held, kind, &mut repeats.scratch);
        match head::read(strictly, held, limits.header_fields, kind) {
            Reading::Whole(parsed) => {
                let used = parsed.length - before;
                *octets = &octets[used.min(octets.len())..];
                Some(self.begin(parsed, None))
            }
            Reading::Partial => {
                self.note_searched();
                *octets = &octets[take..];
                is_too_long.then(|| self.truncate_head(limits))
            }
            Reading::NotHttp => {
                *octets = &octets[take..];
                Some(self.lose_head())
            }
        }
    }

    /// All that is held was searched for the end of the head, which may have begun in it.
    fn note_searched(&mut self) {
        let searched = self.held.head().len().saturating_sub(3) as u32;
        self.state = State::Head { searched };
    }

    fn is_foreign_line(&self) -> bool {
        let held = self.held.head();
        held.len() < 64 && self.is_foreign(held)
    }

    fn lose_head(&mut self) -> Output {
        self.anomalies.insert(Anomaly::JunkBeforeMessage);
        self.seek_next();
        Output::NotHttp
    }

    /// The head is longer than the bound: what is known of it, then on to its end.
    fn truncate_head(&mut self, limits: &Limits) -> Output {
        let Some(parsed) = self.partial_head(limits) else { return self.lose_head() };
        // Its end may begin within the bound.
        let held = self.held.head_mut();
        let tail = held.split_off(held.len().saturating_sub(3));
        let output = self.begin(parsed, Some(HeadLoss::Truncated));
        self.reached = Some(Limit::Head);
        *self.held.head_mut() = tail;
        output
    }

    fn partial_head(&mut self, limits: &Limits) -> Option<ParsedHead> {
        let held = self.held.head();
        if self.kind == Kind::Request && sniff::at_start(held) != Looks::Request {
            return None;
        }
        head::partial(held, limits.header_fields, self.kind)
    }

    fn skip_head(&mut self, octets: &mut &[u8], framing: Framing) {
        let held = self.held.head_mut();
        let keep = held.len().saturating_sub(3);
        held.drain(..keep);
        let before = held.len();
        held.extend_from_slice(octets);
        if let Some(end) = head::end_of_head(held, 0) {
            *octets = &octets[end.saturating_sub(before).min(octets.len())..];
            *held = Vec::new();
            self.enter_body(framing);
        } else {
            *octets = &[];
        }
    }

    /// A head is there, or what is known of it: then its end is still to be found.
    fn begin(&mut self, parsed: ParsedHead, loss: Option<HeadLoss>) -> Output {
        self.in_sync = true;
        self.anomalies = self.anomalies.union(parsed.forgiven);
        self.lost_before = std::mem::take(&mut self.resynchronised);
        self.held.clear_head();
        let (time, version, head) = (self.began.time, parsed.version, parsed.head);
        // What was left out may have been the credentials: they are not known to be missing.
        let left_out = parsed.fields_left_out.then_some(HeadLoss::Truncated);
        self.reached = left_out.map(|_| Limit::HeaderFields);
        let head_loss = loss.or(left_out);
        match self.kind {
            Kind::Request => {
                self.anomalies = self.anomalies.union(parsed.announced.anomalies);
                let framing = parsed.announced.of_request();
                self.body_limit = REQUEST_BODY;
                if loss.is_none() {
                    self.enter_body(framing);
                } else {
                    self.forget_body();
                    self.state = State::SkipHead { framing };
                }
                Output::Request(Request { time, version, head, head_loss, body: Body::default() })
            }
            Kind::Response => {
                let skip = State::SkipHead { framing: Framing::None };
                let awaiting = State::Awaiting(parsed.announced);
                self.state = if loss.is_none() { awaiting } else { skip };
                let status = parsed.status;
                Output::Response(Response {
                    time,
                    version,
                    status,
                    head,
                    head_loss,
                    body: Body::default(),
                    trailers: None,
                })
            }
        }
    }

    /// Whether no message is being read.
    pub fn is_idle(&self) -> bool {
        matches!(self.state, State::Start | State::Seeking)
    }

    /// Whether the request whose head was put out last has no body.
    pub fn is_at_start(&self) -> bool {
        self.state == State::Start
    }

    /// Counts content; the part of it that is kept.
    fn kept<'a>(&mut self, content: &'a [u8]) -> &'a [u8] {
        self.body.length += content.len() as u64;
        let room = self.room();
        self.body.whole &= content.len() <= room && self.body.gap == 0;
        &content[..content.len().min(room)]
    }

    /// How many more octets of content are kept.
    fn room(&self) -> usize {
        // After a gap the octets would stand in the wrong place.
        let limit = if self.body.gap > 0 { 0 } else { self.body_limit as usize };
        limit.saturating_sub(self.held.content().len())
    }

    fn content(&mut self, content: &[u8]) {
        let kept = self.kept(content);
        self.held.keep_content(kept);
    }

    /// The same, for the end of a body: most bodies come in one piece.
    fn last_content(&mut self, content: &[u8], repeats: &mut Repeats) {
        let kept = self.kept(content);
        if self.held.content().is_empty() {
            self.body.start = repeats.content(kept);
        } else {
            self.held.keep_content(kept);
        }
    }

    fn end(&mut self) -> Output {
        self.state = State::Start;
        self.body.complete = true;
        Output::End
    }
}

/// Octets of a request's body that rules may read: a login form, a small JSON document.
const REQUEST_BODY: u32 = 16 << 10;
