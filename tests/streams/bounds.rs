//! Hostile traffic costs a bounded amount, is counted, and does not push out an honest exchange.

use std::sync::Arc;
use std::time::Duration;

use etherparse::PacketBuilder;
use why401::capture::{Frame, LinkType};
use why401::counters::Limit;
use why401::diagnosis::Case;
use why401::engine::Engine;
use why401::http::Request;
use why401::limits::Limits;
use why401::secret::FingerprintKey;
use why401::time::Timestamp;

const MEMORY: usize = 8 << 20;

/// One honest client and its server, and anybody else, before one engine.
struct Wire {
    engine: Engine,
    cases: Vec<Arc<Case>>,
    now: Timestamp,
    most: u64,
    answered: usize,
    /// Next sequence numbers of the honest client and server.
    honest: [u32; 2],
}

const SYN: u8 = 2;
const ACK: u8 = 16;
const HONEST: ([u8; 4], u16) = ([10, 0, 0, 1], 40_000);

impl Wire {
    fn new(limits: Limits) -> Self {
        let engine = Engine::new(limits, FingerprintKey::from_bytes(&[7; 32]));
        let now = Timestamp::from_seconds(1_748_779_200);
        let mut wire =
            Self { engine, cases: Vec::new(), now, most: 0, answered: 0, honest: [1; 2] };
        wire.send(HONEST, true, [0, 0], SYN, b"");
        wire.send(HONEST, false, [0, 1], SYN | ACK, b"");
        wire
    }

    fn send(
        &mut self,
        client: ([u8; 4], u16),
        to_server: bool,
        [sequence, acknowledgment]: [u32; 2],
        flags: u8,
        payload: &[u8],
    ) {
        const SERVER: ([u8; 4], u16) = ([10, 255, 255, 1], 80);
        let (from, to) = if to_server { (client, SERVER) } else { (SERVER, client) };
        let builder = PacketBuilder::ipv4(from.0, to.0, 64).tcp(from.1, to.1, sequence, 65_535);
        let builder = if flags & SYN != 0 { builder.syn() } else { builder };
        let builder = if flags & ACK != 0 { builder.ack(acknowledgment) } else { builder };
        let mut data = Vec::with_capacity(builder.size(payload.len()));
        builder.write(&mut data, payload).unwrap();
        self.now = self.now + Duration::from_micros(10);
        let frame = Frame {
            timestamp: self.now,
            link_type: LinkType::RAW,
            interface: 0,
            data: &data,
            original_length: data.len() as u32,
        };
        self.engine.push(&frame, &mut self.cases);
        self.most = self.most.max(self.engine.counters().memory);
    }

    fn honest_request(&mut self) {
        let target = self.answered;
        let request =
            format!("GET /{target} HTTP/1.1\r\nHost: a\r\nAuthorization: Basic YTpi\r\n\r\n");
        self.send(HONEST, true, self.honest, ACK, request.as_bytes());
        self.honest[0] += request.len() as u32;
    }

    fn honest_response(&mut self) {
        let response = b"HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Basic realm=\"r\"\r\nContent-Length: 0\r\n\r\n";
        let [client, server] = self.honest;
        self.send(HONEST, false, [server, client], ACK, response);
        self.honest[1] += response.len() as u32;
        self.answered += 1;
    }

    /// Ends it: memory stayed within its bound, and the honest exchanges are there, each exact.
    fn assert_bounded_and_honest(&mut self, memory: usize) {
        self.engine.finish(&mut self.cases);
        assert!(self.most <= memory as u64, "{} octets were held", self.most);
        for number in 0..self.answered {
            let target = format!("/{number}");
            let case = self.cases.iter().rfind(|case| {
                let exchange = &case.exchange;
                exchange.connection.client.port() == HONEST.1
                    && exchange.connection.client.ip() == std::net::IpAddr::from(HONEST.0)
                    && exchange.request.as_ref().is_some_and(|r| r.target() == target.as_bytes())
            });
            let case = case.unwrap_or_else(|| panic!("honest exchange {target} is not there"));
            assert_eq!(case.exchange.status(), Some(401), "{target}");
            assert_eq!(case.auth.authorization.state.name(), "present", "{target}");
            assert!(case.exchange.is_complete(), "{target}");
        }
    }

    /// Runs an attack of so many steps with honest exchanges within it.
    fn attack(&mut self, steps: u32, mut step: impl FnMut(&mut Self, u32)) {
        for number in 0..steps {
            match number % 500 {
                100 => self.honest_request(),
                300 => self.honest_response(),
                _ => {}
            }
            step(self, number);
        }
    }

    fn hits(&mut self, limit: Limit) -> u64 {
        self.engine.counters().limits.get(&limit).copied().unwrap_or_default()
    }
}

/// Another client for every number.
fn attacker(number: u32) -> ([u8; 4], u16) {
    let [_, high, middle, low] = number.to_be_bytes();
    ([20 + high, middle, low, 1], 1024 + (number % 60_000) as u16)
}

fn limits() -> Limits {
    Limits { memory: MEMORY, ..Limits::default() }
}

fn half_open(steps: u32, limits: Limits) {
    let memory = limits.memory;
    let mut wire = Wire::new(limits);
    wire.attack(steps, |wire, number| {
        wire.send(attacker(number), true, [number, 0], SYN, b"");
    });
    assert!(wire.hits(Limit::Flows) + wire.hits(Limit::Memory) > 0, "the bound is counted");
    wire.assert_bounded_and_honest(memory);
}

#[test]
fn half_open_connections_push_out_each_other_only() {
    half_open(60_000, Limits { flows: 8192, ..limits() });
}

#[test]
#[ignore = "heavy: a million connections"]
fn a_million_half_open_connections_push_out_each_other_only() {
    half_open(1_000_000, Limits { memory: 64 << 20, ..Limits::default() });
}

#[test]
fn a_request_that_waits_outlives_connections_in_which_nothing_is_due() {
    let mut wire = Wire::new(Limits { flows: 1000, ..limits() });
    wire.honest_request();
    let request = b"GET /other HTTP/1.1\r\nHost: b\r\n\r\n";
    let response = b"HTTP/1.1 204 No Content\r\n\r\n";
    let received = 1 + request.len() as u32;
    for number in 0..1800 {
        let client = attacker(number);
        wire.send(client, true, [1, 1], ACK, request);
        wire.send(client, false, [1, received], ACK, response);
    }
    wire.honest_response();
    assert!(wire.hits(Limit::Flows) > 0, "the bound is counted");
    wire.assert_bounded_and_honest(MEMORY);
}

#[test]
fn whoever_holds_most_goes_before_those_who_are_only_silent() {
    let mut wire = Wire::new(limits());
    let clients = 0..600;
    let request = b"GET /silent HTTP/1.1\r\nHost: b\r\n\r\n";
    for number in clients.clone() {
        wire.send(attacker(number), true, [1, 1], ACK, request);
    }
    // Headers without end, on connections that never fall silent.
    let field = [b"X: ".as_slice(), &[b'y'; 1000], b"\r\n"].concat();
    let start = b"GET /endless HTTP/1.1\r\n";
    for round in 0..200_u32 {
        for number in 5000..5100 {
            let client = attacker(number);
            if round == 0 {
                wire.send(client, true, [1, 1], ACK, start);
            }
            let sequence = 1 + start.len() as u32 + round * field.len() as u32;
            wire.send(client, true, [sequence, 1], ACK, &field);
        }
    }
    assert!(wire.hits(Limit::Memory) > 0, "the bound is counted");
    let received = 1 + request.len() as u32;
    for number in clients.clone() {
        let response = b"HTTP/1.1 204 No Content\r\n\r\n";
        wire.send(attacker(number), false, [1, received], ACK, response);
    }
    wire.assert_bounded_and_honest(MEMORY);
    let paired = wire.cases.iter().filter(|case| {
        let target = case.exchange.request.as_ref().map(Request::target);
        target == Some(b"/silent") && case.exchange.status() == Some(204)
    });
    assert_eq!(paired.count(), clients.len(), "none of the silent ones was pushed out");
}

#[test]
fn holes_everywhere_are_given_up_within_the_bound() {
    let mut wire = Wire::new(limits());
    let payload = vec![b'x'; 16 << 10];
    wire.attack(2000, |wire, number| {
        let client = attacker(number);
        wire.send(client, true, [0, 0], SYN, b"");
        wire.send(client, true, [1, 0], ACK, b"GET / HTTP/1.1\r\n");
        wire.send(client, true, [1000, 0], ACK, &payload);
    });
    assert!(wire.hits(Limit::Reassembly) + wire.hits(Limit::Memory) > 0, "the bound is counted");
    wire.assert_bounded_and_honest(MEMORY + (1 << 20));
}

#[test]
fn a_header_without_end_is_cut_at_the_bound() {
    let mut wire = Wire::new(limits());
    let client = attacker(0);
    wire.send(client, true, [0, 0], SYN, b"");
    wire.send(client, true, [1, 0], ACK, b"GET /endless HTTP/1.1\r\n");
    let (mut sequence, field) = (24, [b"X: ".as_slice(), &[b'y'; 1400], b"\r\n"].concat());
    wire.attack(2000, |wire, _| {
        wire.send(client, true, [sequence, 0], ACK, &field);
        sequence += field.len() as u32;
    });
    assert_eq!(wire.hits(Limit::Head), 1);
    wire.assert_bounded_and_honest(MEMORY);
    let endless = wire.cases.iter().find(|case| {
        case.exchange.request.as_ref().is_some_and(|request| request.target() == b"/endless")
    });
    let endless = endless.unwrap();
    assert_eq!(endless.auth.authorization.state.name(), "unknown", "it may have come later");
    assert!(endless.exchange.coverage.truncated);
}

#[test]
fn headers_without_end_on_many_connections_stay_within_the_memory_bound() {
    let mut wire = Wire::new(limits());
    let field = [b"GET / HTTP/1.1\r\nX: ".as_slice(), &vec![b'y'; 60_000]].concat();
    wire.attack(1000, |wire, number| {
        let client = attacker(number);
        wire.send(client, true, [0, 0], SYN, b"");
        wire.send(client, true, [1, 0], ACK, &field);
    });
    assert!(wire.hits(Limit::Memory) > 0, "the bound is counted");
    wire.assert_bounded_and_honest(MEMORY);
}

#[test]
fn of_too_many_header_fields_the_rest_is_left_out_and_credentials_are_unknown() {
    let mut wire = Wire::new(limits());
    let client = attacker(0);
    wire.send(client, true, [0, 0], SYN, b"");
    let mut request = b"GET /many HTTP/1.1\r\n".to_vec();
    request.extend(b"a: b\r\n".repeat(9000));
    request.extend(b"Authorization: Basic YTpi\r\n\r\n");
    wire.send(client, true, [1, 0], ACK, &request);
    let received = 1 + request.len() as u32;
    wire.send(client, false, [0, received], SYN | ACK, b"");
    let response = b"HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n";
    wire.send(client, false, [1, received], ACK, response);
    wire.attack(500, |_, _| {});
    assert_eq!(wire.hits(Limit::HeaderFields), 1);
    wire.assert_bounded_and_honest(MEMORY);
    let many = wire.cases.iter().find(|case| {
        case.exchange.request.as_ref().is_some_and(|request| request.target() == b"/many")
    });
    let many = many.unwrap();
    assert_eq!(many.exchange.status(), Some(401));
    assert_eq!(many.auth.authorization.state.name(), "unknown");
}

#[test]
fn requests_that_nobody_answers_are_given_up_one_by_one() {
    let mut wire = Wire::new(limits());
    let client = attacker(0);
    wire.send(client, true, [0, 0], SYN, b"");
    let (mut sequence, request) = (1, b"GET /unanswered HTTP/1.1\r\nHost: b\r\n\r\n");
    wire.attack(3000, |wire, _| {
        wire.send(client, true, [sequence, 0], ACK, request);
        sequence += request.len() as u32;
    });
    assert_eq!(wire.hits(Limit::Pipeline), 3000 - 1024);
    wire.assert_bounded_and_honest(MEMORY);
}

#[test]
fn large_requests_that_nobody_answers_stay_within_the_memory_bound() {
    let mut wire = Wire::new(limits());
    let client = attacker(0);
    wire.send(client, true, [0, 0], SYN, b"");
    let field = [b"X: ".as_slice(), &vec![b'y'; 50_000]].concat();
    let request = [b"GET / HTTP/1.1\r\n".as_slice(), &field, b"\r\n\r\n"].concat();
    let mut sequence = 1;
    wire.attack(1000, |wire, _| {
        wire.send(client, true, [sequence, 0], ACK, &request);
        sequence += request.len() as u32;
    });
    assert!(wire.hits(Limit::Memory) > 0, "the bound is counted");
    wire.assert_bounded_and_honest(MEMORY);
}

#[test]
fn interim_responses_without_end_cost_nothing() {
    let mut wire = Wire::new(limits());
    let client = attacker(0);
    wire.send(client, true, [0, 0], SYN, b"");
    wire.send(client, false, [0, 1], SYN | ACK, b"");
    let request = b"GET /patient HTTP/1.1\r\nHost: b\r\n\r\n";
    wire.send(client, true, [1, 1], ACK, request);
    let received = 1 + request.len() as u32;
    let (mut sequence, interim) = (1, b"HTTP/1.1 102 Processing\r\n\r\n");
    wire.attack(70_000, |wire, _| {
        wire.send(client, false, [sequence, received], ACK, interim);
        sequence += interim.len() as u32;
    });
    let response = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";
    wire.send(client, false, [sequence, received], ACK, response);
    wire.assert_bounded_and_honest(MEMORY);
    let patient = wire.cases.iter().find(|case| case.exchange.status() == Some(200)).unwrap();
    assert_eq!(patient.exchange.interim_responses, u16::MAX);
}
