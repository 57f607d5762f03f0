//! What each layer costs, on the recording of the demo that is part of the program: `cargo bench`. Without
//! `--bench`, as `cargo test` runs it, each is run once, so that none of them rots.

#![allow(clippy::unwrap_used, reason = "a benchmark fails by panicking")]

use std::hint::black_box;
use std::sync::{Arc, LazyLock};

use divan::Bencher;
use divan::counter::ItemsCount;
use why401::auth::masking::Masking;
use why401::auth::{AuthFacts, Memo};
use why401::capture::{Frame, Next};
use why401::counters::Counters;
use why401::decode::{Decoded, Decoder, Segment};
use why401::demo::RECORDED;
use why401::diagnosis::{Case, Diagnoser};
use why401::engine::Engine;
use why401::exchange::Exchange;
use why401::exchange::conversation::{Context, Conversation};
use why401::exchange::under_way::UnderWay;
use why401::export::{json, text};
use why401::filter::Filter;
use why401::http::h1::{Kind, Mark, Parser, Repeats};
use why401::limits::Limits;
use why401::secret::FingerprintKey;
use why401::session::Input;
use why401::tcp::{Consumer, Direction, FlowInfo, FlowTable, StreamEvent};
use why401::time::Timestamp;

fn main() {
    divan::main();
}

fn key() -> FingerprintKey {
    FingerprintKey::from_bytes(&[7; 32])
}

static FRAMES: LazyLock<Vec<Frame<'static>>> = LazyLock::new(|| {
    let mut input = Input::recording("demo", RECORDED).unwrap();
    let mut frames = Vec::new();
    while let Next::Frame(frame) = input.source.next() {
        frames.push(Frame {
            data: frame.data.to_vec().leak(),
            timestamp: frame.timestamp,
            link_type: frame.link_type,
            interface: frame.interface,
            original_length: frame.original_length,
        });
    }
    assert!(!frames.is_empty(), "the recording holds packets");
    frames
});

static SEGMENTS: LazyLock<Vec<Segment<'static>>> = LazyLock::new(|| {
    let mut decoder = Decoder::new(&Limits::default());
    let mut counters = Counters::default();
    let mut segments = Vec::new();
    for frame in FRAMES.iter() {
        if let Decoded::Segment(segment) = decoder.decode(frame, &mut counters) {
            segments.push(Segment {
                payload: segment.payload.to_vec().leak(),
                timestamp: segment.timestamp,
                interface: segment.interface,
                source: segment.source,
                destination: segment.destination,
                sequence: segment.sequence,
                acknowledgment: segment.acknowledgment,
                flags: segment.flags,
                window: segment.window,
                identification: segment.identification,
                cut: segment.cut,
            });
        }
    }
    segments
});

static CASES: LazyLock<Vec<Arc<Case>>> = LazyLock::new(cases);

fn cases() -> Vec<Arc<Case>> {
    let mut engine = Engine::new(Limits::default(), key());
    engine.follow(false);
    let mut cases = Vec::new();
    for frame in FRAMES.iter() {
        engine.push(frame, &mut cases);
    }
    engine.finish(&mut cases);
    cases
}

/// The first exchange of this status.
fn answered(status: u16) -> &'static Arc<Case> {
    CASES.iter().find(|case| case.exchange.status() == Some(status)).unwrap()
}

#[divan::bench]
fn decode(bencher: Bencher<'_, '_>) {
    let mut decoder = Decoder::new(&Limits::default());
    let mut counters = Counters::default();
    bencher.counter(ItemsCount::new(FRAMES.len())).bench_local(|| {
        for frame in FRAMES.iter() {
            let mut decoded = Some(decoder.decode(frame, &mut counters));
            while let Some(packet) = decoded {
                black_box(&packet);
                decoded = decoder.decode_next(frame, &mut counters);
            }
        }
    });
}

/// Counts the octets of all streams.
struct Count(usize);

impl Consumer for Count {
    type State = ();

    fn event(
        &mut self,
        _: &FlowInfo,
        state: &mut Option<Box<()>>,
        _: Direction,
        event: StreamEvent<'_>,
    ) {
        *state = Some(Box::new(()));
        if let StreamEvent::Data(data) = event {
            self.0 += data.octets.len();
        }
    }

    fn close(&mut self, _: &FlowInfo, _: Option<Box<()>>, _: Timestamp) {}

    fn starts_message(_: &[u8]) -> bool {
        false
    }
}

/// Segments in order to streams.
#[divan::bench]
fn tcp(bencher: Bencher<'_, '_>) {
    let new = || FlowTable::<()>::new(&Limits::default());
    bencher.counter(ItemsCount::new(SEGMENTS.len())).with_inputs(new).bench_local_values(
        |mut flows| {
            let mut count = Count(0);
            for segment in SEGMENTS.iter() {
                flows.push(segment, &mut count);
            }
            assert!(count.0 > 0, "the recording holds streams");
            flows
        },
    );
}

const REQUEST: &[u8] = b"GET /v1/orders?page=2 HTTP/1.1\r\nHost: api.local:8080\r\n\
    User-Agent: curl/8.5.0\r\nAccept: */*\r\nAccept-Encoding: gzip, br\r\n\
    Authorization: Bearer opaque-4711-opaque-4711\r\nCookie: theme=dark; sid=4711\r\n\r\n";

const RESPONSE: &[u8] = b"HTTP/1.1 401 Unauthorized\r\nServer: nginx/1.22.1\r\n\
    Date: Sun, 01 Jun 2025 12:00:00 GMT\r\nContent-Type: text/html\r\nContent-Length: 0\r\n\
    WWW-Authenticate: Bearer realm=\"x\", error=\"invalid_token\"\r\nConnection: keep-alive\r\n\r\n";

#[divan::bench(args = [true, false])]
fn http1_head(bencher: Bencher<'_, '_>, of_request: bool) {
    let limits = Limits::default();
    let (kind, head) =
        if of_request { (Kind::Request, REQUEST) } else { (Kind::Response, RESPONSE) };
    let new = || (Parser::new(kind), Repeats::default());
    bencher.with_inputs(new).bench_local_values(|(mut parser, mut repeats)| {
        let mut octets = black_box(head);
        let output = parser.feed(&mut octets, Mark::default(), &limits, &mut repeats);
        assert!(output.is_some(), "the head is whole");
        output
    });
}

/// Collects the exchanges of all streams.
struct Pairing {
    limits: Limits,
    counters: Counters,
    exchanges: Vec<Arc<Exchange>>,
    last_id: u64,
    repeats: Repeats,
    under_way: UnderWay,
}

impl Pairing {
    fn context(&mut self) -> Context<'_> {
        Context {
            limits: &self.limits,
            counters: &mut self.counters,
            out: &mut self.exchanges,
            last_id: &mut self.last_id,
            repeats: &mut self.repeats,
            under_way: &mut self.under_way,
            unseen_requests: false,
        }
    }
}

impl Consumer for Pairing {
    type State = Conversation;

    fn event(
        &mut self,
        flow: &FlowInfo,
        state: &mut Option<Box<Conversation>>,
        direction: Direction,
        event: StreamEvent<'_>,
    ) {
        let new = || Box::new(Conversation::new(flow, Arc::from("lo"), direction, true));
        let conversation = state.get_or_insert_with(new);
        conversation.event(flow, direction, event, &mut self.context());
    }

    fn close(&mut self, flow: &FlowInfo, state: Option<Box<Conversation>>, _: Timestamp) {
        if let Some(mut conversation) = state {
            conversation.close(flow, &mut self.context());
        }
    }

    fn starts_message(_: &[u8]) -> bool {
        false
    }
}

/// Segments to exchanges: TCP and HTTP with it.
#[divan::bench]
fn pairing(bencher: Bencher<'_, '_>) {
    let new = || FlowTable::<Conversation>::new(&Limits::default());
    bencher.counter(ItemsCount::new(CASES.len())).with_inputs(new).bench_local_values(
        |mut flows| {
            let (limits, counters) = (Limits::default(), Counters::default());
            let mut pairing = Pairing {
                limits,
                counters,
                exchanges: Vec::new(),
                last_id: 0,
                repeats: Repeats::default(),
                under_way: UnderWay::default(),
            };
            for segment in SEGMENTS.iter() {
                flows.push(segment, &mut pairing);
            }
            flows.finish(Timestamp::from_seconds(i64::MAX), &mut pairing);
            assert!(!pairing.exchanges.is_empty(), "the recording holds exchanges");
            pairing.exchanges
        },
    );
}

#[divan::bench]
fn auth_facts(bencher: Bencher<'_, '_>) {
    let key = key();
    bencher.counter(ItemsCount::new(CASES.len())).bench_local(|| {
        let mut memo = Memo::default();
        for case in CASES.iter() {
            black_box(AuthFacts::of(&case.exchange, &key, &mut memo));
        }
    });
}

/// With a memory that holds nothing else.
#[divan::bench(args = [401, 200])]
fn diagnosis(bencher: Bencher<'_, '_>, status: u16) {
    let exchange = &answered(status).exchange;
    let new = || (Diagnoser::new(&Limits::default(), key()), Arc::clone(exchange));
    bencher.with_inputs(new).bench_local_values(|(mut diagnoser, exchange)| {
        let (mut counters, mut out) = (Counters::default(), Vec::new());
        diagnoser.follow(false);
        diagnoser.observe(exchange, &mut counters, &mut out);
        diagnoser.finish(&mut counters, &mut out);
        assert!(!out.is_empty(), "every exchange comes out");
        (diagnoser, out)
    });
}

#[divan::bench]
fn json_line(bencher: Bencher<'_, '_>) {
    let mut lines = json::Lines::new(Masking::new(false, key()));
    let mut out = Vec::new();
    bencher.counter(ItemsCount::new(CASES.len())).bench_local(|| {
        out.clear();
        for case in CASES.iter() {
            lines.exchange(&mut out, case);
        }
        black_box(out.len())
    });
}

#[divan::bench]
fn text_line(bencher: Bencher<'_, '_>) {
    let style = text::Style { masking: Masking::new(false, key()), color: false, verbose: false };
    let mut out = Vec::new();
    bencher.counter(ItemsCount::new(CASES.len())).bench_local(|| {
        out.clear();
        for case in CASES.iter() {
            text::exchange(&mut out, case, &style);
        }
        black_box(out.len())
    });
}

#[divan::bench(args = ["status:401", "host:local -path:/health", "why:token-expired", "alice"])]
fn filter(bencher: Bencher<'_, '_>, expression: &str) {
    let filter = Filter::parse(expression).unwrap();
    bencher
        .counter(ItemsCount::new(CASES.len()))
        .bench_local(|| CASES.iter().filter(|case| filter.matches(case)).count());
}

/// All of them but the last three: frames to cases.
#[divan::bench]
fn engine(bencher: Bencher<'_, '_>) {
    bencher.counter(ItemsCount::new(FRAMES.len())).bench_local(cases);
}
