//! Conversations of which everything is known, as packets in any disorder.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use etherparse::PacketBuilder;
use why401::capture::{Frame, LinkType};
use why401::diagnosis::Case;
use why401::engine::Engine;
use why401::exchange::{Exchange, Pairing};
use why401::limits::{Limits, Patience};
use why401::secret::FingerprintKey;
use why401::time::Timestamp;

/// xorshift64*: reproducible from its seed.
pub struct Random(u64);

impl Random {
    pub fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1)
    }

    pub fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }

    pub fn below(&mut self, bound: usize) -> usize {
        (self.next() >> 33) as usize % bound.max(1)
    }

    pub fn chance(&mut self, one_in: usize) -> bool {
        self.below(one_in) == 0
    }
}

/// What really happened in one exchange.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Truth {
    pub id: usize,
    pub method: String,
    pub target: String,
    pub authorization: Option<String>,
    pub status: u16,
    pub request_body: u64,
    pub response_body: u64,
}

/// One side's octets, written at one point of the conversation.
struct Turn {
    from_client: bool,
    octets: Vec<u8>,
    /// The exchange it belongs to.
    number: usize,
}

pub struct Conversation {
    pub truth: Vec<Truth>,
    turns: Vec<Turn>,
    until_close: bool,
    /// Whether requests were sent before the answers to earlier ones: then a loss leaves it open
    /// which of them a response answers.
    pub pipelined: bool,
}

impl Conversation {
    pub fn random(random: &mut Random) -> Self {
        let pipelined = random.chance(4);
        let count = 1 + random.below(6);
        let (mut truth, mut turns) = (Vec::new(), Vec::new());
        let mut until_close = false;
        let pipelined = count > 1 && pipelined;
        let mut answers = Vec::new();
        for number in 0..count {
            let (request, response, real, close) = exchange(number, number + 1 == count, random);
            until_close = close;
            let interim = !pipelined && real.request_body > 0 && random.chance(4);
            if interim {
                let split = request.len() - real.request_body as usize;
                turns.push(Turn { from_client: true, octets: request[..split].to_vec(), number });
                let interim = b"HTTP/1.1 100 Continue\r\n\r\n".to_vec();
                turns.push(Turn { from_client: false, octets: interim, number });
                turns.push(Turn { from_client: true, octets: request[split..].to_vec(), number });
            } else {
                turns.push(Turn { from_client: true, octets: request, number });
            }
            let answer = Turn { from_client: false, octets: response, number };
            if pipelined {
                answers.push(answer);
            } else {
                turns.push(answer);
            }
            truth.push(real);
        }
        turns.append(&mut answers);
        Self { truth, turns, until_close, pipelined }
    }

    /// As packets, in the order in which they were sent.
    pub fn capture(&self, random: &mut Random) -> Capture {
        self.capture_in_pieces(1, random)
    }

    /// The same, with no segment shorter than this but at the end of a message.
    pub fn capture_in_pieces(&self, smallest: usize, random: &mut Random) -> Capture {
        let mut packets = Vec::new();
        let initial = [
            random.next() as u32,
            if random.chance(3) { u32::MAX - 40 } else { random.next() as u32 },
        ];
        let mut sent = [initial[0].wrapping_add(1), initial[1].wrapping_add(1)];
        let packet = |from_client: bool, seq, ack, flags, payload: &[u8], number| Packet {
            from_client,
            seq,
            ack,
            flags,
            payload: payload.to_vec(),
            number,
        };
        packets.push(packet(true, initial[0], 0, SYN, b"", None));
        packets.push(packet(false, initial[1], sent[0], SYN | ACK, b"", None));
        packets.push(packet(true, sent[0], sent[1], ACK, b"", None));
        let largest = [7, 40, 400, 1448, 60_000][random.below(5)];
        for turn in &self.turns {
            let (own, peer) = if turn.from_client { (0, 1) } else { (1, 0) };
            let mut rest = &turn.octets[..];
            let started = initial[own].wrapping_add(1) != sent[own];
            if started && random.chance(10) {
                // RFC 1122 §4.2.3.6: a keep-alive probe, with or without an octet of garbage.
                let (probe, garbage) = (sent[own].wrapping_sub(1), &b"?"[..random.below(2)]);
                let (from, number) = (turn.from_client, Some(turn.number));
                packets.push(packet(from, probe, sent[peer], ACK | PSH, garbage, number));
                packets.push(packet(!from, sent[peer], sent[own], ACK, b"", None));
            }
            while !rest.is_empty() {
                let take = (smallest + random.below(largest)).min(rest.len());
                let (part, others) = rest.split_at(take);
                if smallest == 1 && random.chance(20) {
                    // RFC 9293 §3.8.6.1: a probe of a closed window has the next octet.
                    let (from, number) = (turn.from_client, Some(turn.number));
                    packets.push(packet(from, sent[own], sent[peer], ACK, &part[..1], number));
                    packets.push(packet(!from, sent[peer], sent[own], ACK, b"", None));
                }
                packets.push(packet(
                    turn.from_client,
                    sent[own],
                    sent[peer],
                    ACK,
                    part,
                    Some(turn.number),
                ));
                sent[own] = sent[own].wrapping_add(take as u32);
                rest = others;
                if random.chance(3) {
                    packets.push(packet(!turn.from_client, sent[peer], sent[own], ACK, b"", None));
                }
            }
        }
        if self.until_close || random.chance(2) {
            packets.push(packet(false, sent[1], sent[0], FIN | ACK, b"", None));
            packets.push(packet(true, sent[0], sent[1].wrapping_add(1), FIN | ACK, b"", None));
            packets.push(packet(
                false,
                sent[1].wrapping_add(1),
                sent[0].wrapping_add(1),
                ACK,
                b"",
                None,
            ));
        } else if random.chance(2) {
            let from_client = random.chance(2);
            let (own, peer) = if from_client { (0, 1) } else { (1, 0) };
            packets.push(packet(from_client, sent[own], sent[peer], RST | ACK, b"", None));
        }
        let patience = [Patience::LIVE, Patience::RECORDING][random.below(2)];
        Capture { packets, patience }
    }
}

/// Octets of a request and its response; whether the response ends with the connection.
fn exchange(number: usize, last: bool, random: &mut Random) -> (Vec<u8>, Vec<u8>, Truth, bool) {
    let id = (random.next() >> 20) as usize;
    let method = ["GET", "GET", "HEAD", "POST", "OPTIONS", "PUT"][random.below(6)];
    let target = format!("/item/{number}?id={id}");
    let authorization = [None, Some(format!("Bearer tok{id}")), Some("Basic YTpi".to_owned())]
        [random.below(3)]
    .clone();
    let mut request = format!("{method} {target} HTTP/1.1\r\nHost: api.test\r\n");
    if let Some(value) = &authorization {
        request += &format!("Authorization: {value}\r\n");
    }
    let request_body = if matches!(method, "POST" | "PUT") { 1 + random.below(3000) } else { 0 };
    if request_body > 0 {
        request += &format!("Content-Length: {request_body}\r\n");
    }
    request += "\r\n";
    let mut request = request.into_bytes();
    request.resize(request.len() + request_body, b'q');

    let status = [200, 200, 401, 401, 404, 204, 304][random.below(7)];
    let bodyless = matches!(status, 204 | 304) || method == "HEAD";
    let length = if bodyless { 0 } else { random.below(5000) };
    let mut response = format!("HTTP/1.1 {status} Word\r\nX-Id: {id}\r\n");
    if status == 401 {
        response += "WWW-Authenticate: Basic realm=\"r\"\r\n";
    }
    let mut until_close = false;
    let body = vec![b'b'; length];
    let mut octets;
    if bodyless {
        response += if method == "HEAD" { "Content-Length: 77\r\n\r\n" } else { "\r\n" };
        octets = response.into_bytes();
    } else if random.chance(3) {
        response += "Transfer-Encoding: chunked\r\n\r\n";
        octets = response.into_bytes();
        for chunk in body.chunks(1 + random.below(900)) {
            octets.extend_from_slice(format!("{:x};e=1\r\n", chunk.len()).as_bytes());
            octets.extend_from_slice(chunk);
            octets.extend_from_slice(b"\r\n");
        }
        octets.extend_from_slice(b"0\r\nX-Trailer: 1\r\n\r\n");
    } else if last && random.chance(2) {
        until_close = true;
        response += "Connection: close\r\n\r\n";
        octets = response.into_bytes();
        octets.extend_from_slice(&body);
    } else {
        response += &format!("Content-Length: {length}\r\n\r\n");
        octets = response.into_bytes();
        octets.extend_from_slice(&body);
    }
    let truth = Truth {
        id,
        method: method.to_owned(),
        target,
        authorization,
        status,
        request_body: request_body as u64,
        response_body: length as u64,
    };
    (request, octets, truth, until_close)
}

/// The shortest time that systems let one ask for.
const KEEP_ALIVE_IDLE: Duration = Duration::from_secs(1);

const FIN: u8 = 1;
const SYN: u8 = 2;
const RST: u8 = 4;
const PSH: u8 = 8;
const ACK: u8 = 16;

#[derive(Debug, Clone)]
struct Packet {
    from_client: bool,
    seq: u32,
    ack: u32,
    flags: u8,
    payload: Vec<u8>,
    number: Option<usize>,
}

/// Packets in the order in which they were captured.
pub struct Capture {
    packets: Vec<Packet>,
    /// Whether it is watched as it happens or read from a file.
    patience: Patience,
}

impl Capture {
    pub fn repeat_some(&mut self, random: &mut Random) {
        let mut out = Vec::new();
        for packet in self.packets.drain(..) {
            out.push(packet.clone());
            if random.chance(5) {
                out.push(packet);
            }
        }
        self.packets = out;
    }

    /// Sends some neighbouring segments again in one piece, as a retransmission does.
    pub fn overlap_some(&mut self, random: &mut Random) {
        let mut out: Vec<Packet> = Vec::new();
        for packet in self.packets.drain(..) {
            let previous = out.last().cloned();
            out.push(packet.clone());
            if let Some(previous) = previous
                && (previous.flags | packet.flags) & PSH == 0
                && previous.from_client == packet.from_client
                && !previous.payload.is_empty()
                && !packet.payload.is_empty()
                && previous.seq.wrapping_add(previous.payload.len() as u32) == packet.seq
                && random.chance(3)
            {
                let cut = random.below(previous.payload.len());
                let mut payload = previous.payload[cut..].to_vec();
                payload.extend_from_slice(&packet.payload);
                out.push(Packet { seq: previous.seq.wrapping_add(cut as u32), payload, ..packet });
            }
        }
        self.packets = out;
    }

    /// Disorder on the way: runs of data of one direction arrive shuffled.
    pub fn reorder_within_directions(&mut self, random: &mut Random) {
        let mut start = 0;
        while start < self.packets.len() {
            let side = self.packets[start].from_client;
            let data = |packet: &Packet| {
                packet.from_client == side && packet.flags == ACK && !packet.payload.is_empty()
            };
            let run = self.packets[start..].iter().take_while(|packet| data(packet)).count();
            for at in (start + 1..start + run).rev() {
                let other = start + random.below(at - start + 1);
                self.packets.swap(at, other);
            }
            start += run.max(1);
        }
    }

    /// Disorder of a recording that was merged or written by several threads: some data stand up to
    /// thirty packets behind their place.
    pub fn delay_some(&mut self, random: &mut Random) {
        for at in (3..self.packets.len()).rev() {
            let packet = &self.packets[at];
            if packet.flags == ACK && !packet.payload.is_empty() && random.chance(10) {
                // Not beyond a silence, which no thread of a capture sleeps through.
                let is_probe = |packet: &Packet| packet.flags & PSH != 0;
                let probe = self.packets[at..].iter().position(is_probe);
                let last = at + probe.unwrap_or(self.packets.len() - at) - 1;
                let to = (at + 1 + random.below(30)).min(last);
                let packet = self.packets.remove(at);
                self.packets.insert(to, packet);
            }
        }
        self.patience = Patience::RECORDING;
    }

    /// Disorder of the capture itself: several queues hand packets over a little out of order.
    pub fn swap_neighbours(&mut self, random: &mut Random) {
        let mut at = 3;
        while at + 1 < self.packets.len() {
            // A probe repeats an octet long seen: it comes after a silence, and is not reordered.
            let is_probe = |packet: &Packet| packet.flags & PSH != 0;
            let pair = &self.packets[at..at + 2];
            if !pair.iter().any(is_probe) && random.chance(3) {
                self.packets.swap(at, at + 1);
                at += 1;
            }
            at += 1;
        }
    }

    /// Another conversation follows between the same ports.
    pub fn append(&mut self, mut other: Self, exchanges: usize) {
        for packet in &mut other.packets {
            packet.number = packet.number.map(|number| number + exchanges);
        }
        self.packets.append(&mut other.packets);
    }

    /// Only what one side sent was captured.
    pub fn keep_side(&mut self, from_client: bool) {
        self.packets.retain(|packet| packet.from_client == from_client);
    }

    pub fn double(&mut self) {
        self.packets = self.packets.drain(..).flat_map(|packet| [packet.clone(), packet]).collect();
    }

    /// Drops the beginning; returns the exchanges of which octets were lost.
    pub fn start_later(&mut self, random: &mut Random) -> BTreeMap<usize, bool> {
        let first = 3 + random.below(self.packets.len() - 3);
        let lost = self.packets.drain(..first).collect::<Vec<_>>();
        touched(lost.iter())
    }

    /// Drops some packets with payload; returns the exchanges of which octets were lost.
    pub fn lose_some(&mut self, random: &mut Random) -> BTreeMap<usize, bool> {
        let one_in = [3, 10, 30][random.below(3)];
        let mut lost = Vec::new();
        self.packets.retain(|packet| {
            let drop = !packet.payload.is_empty() && random.chance(one_in);
            if drop {
                lost.push(packet.clone());
            }
            !drop
        });
        touched(lost.iter())
    }

    pub fn print(&self) {
        for packet in &self.packets {
            let start = String::from_utf8_lossy(&packet.payload[..packet.payload.len().min(50)])
                .into_owned();
            println!(
                "{} seq {} ack {} flags {:#x} len {} {start:?}",
                if packet.from_client { '>' } else { '<' },
                packet.seq,
                packet.ack,
                packet.flags,
                packet.payload.len(),
            );
        }
    }

    fn frames(&self) -> Vec<(Timestamp, Vec<u8>)> {
        let mut now = Timestamp::from_seconds(1_748_779_200);
        let mut frames = Vec::new();
        for packet in &self.packets {
            // RFC 1122 §4.2.3.6: keep-alive probes come on an idle connection only.
            let is_probe = packet.flags & PSH != 0;
            now = now + if is_probe { KEEP_ALIVE_IDLE } else { Duration::from_micros(200) };
            frames.push((now, frame(packet)));
        }
        frames
    }
}

fn touched<'a>(packets: impl Iterator<Item = &'a Packet>) -> BTreeMap<usize, bool> {
    packets.filter_map(|packet| Some((packet.number?, packet.from_client))).collect()
}

fn frame(packet: &Packet) -> Vec<u8> {
    let (client, server) = ([10, 0, 0, 1], [10, 0, 0, 2]);
    let (source, destination, ports) = if packet.from_client {
        (client, server, (40_000, 8080))
    } else {
        (server, client, (8080, 40_000))
    };
    let builder = PacketBuilder::ethernet2([2, 0, 0, 0, 0, 1], [2, 0, 0, 0, 0, 2])
        .ipv4(source, destination, 64)
        .tcp(ports.0, ports.1, packet.seq, 65_535);
    let builder = if packet.flags & ACK != 0 { builder.ack(packet.ack) } else { builder };
    let builder = if packet.flags & SYN != 0 { builder.syn() } else { builder };
    let builder = if packet.flags & FIN != 0 { builder.fin() } else { builder };
    let builder = if packet.flags & RST != 0 { builder.rst() } else { builder };
    let builder = if packet.flags & PSH != 0 { builder.psh() } else { builder };
    let mut octets = Vec::with_capacity(builder.size(packet.payload.len()));
    builder.write(&mut octets, &packet.payload).unwrap();
    octets
}

/// An exchange of which both messages were seen.
#[derive(Debug)]
pub struct Seen {
    pub truth: Truth,
    /// Whether it says that the response certainly answers the request.
    pub certain: bool,
}

/// Targets and statuses of all exchanges, in order, as far as they were seen.
pub fn observe_sides(capture: &Capture) -> Vec<(Option<String>, Option<u16>)> {
    let exchanges = run(capture);
    let target = |exchange: &Exchange| {
        let request = exchange.request.as_ref()?;
        Some(String::from_utf8_lossy(request.target()).into_owned())
    };
    exchanges.values().map(|exchange| (target(exchange), exchange.status())).collect()
}

fn run(capture: &Capture) -> BTreeMap<u64, Arc<Exchange>> {
    let limits = Limits { patience: capture.patience, ..Limits::default() };
    let mut engine = Engine::new(limits, FingerprintKey::from_bytes(&[7; 32]));
    let mut cases: Vec<Arc<Case>> = Vec::new();
    for (timestamp, data) in capture.frames() {
        let frame = Frame {
            timestamp,
            link_type: LinkType::ETHERNET,
            interface: 0,
            data: &data,
            original_length: data.len() as u32,
        };
        engine.push(&frame, &mut cases);
    }
    engine.finish(&mut cases);
    if std::env::var_os("WHY401_MODEL_SEED").is_some() {
        println!("{:#?}", engine.counters());
    }
    let mut exchanges = BTreeMap::new();
    for case in &cases {
        exchanges.insert(case.id(), Arc::clone(&case.exchange));
    }
    exchanges
}

/// What the engine makes of a capture: exchanges seen whole, and all of them in words.
pub fn observe(capture: &Capture) -> (Vec<Seen>, Vec<String>) {
    let exchanges = run(capture);
    let all = exchanges.values().map(|exchange| {
        let target =
            exchange.request.as_ref().map(|r| String::from_utf8_lossy(r.target()).into_owned());
        format!("{target:?} -> {:?} {:?}", exchange.status(), exchange.coverage)
    });
    let all = all.collect();
    let seen = exchanges.values().filter_map(|exchange| {
        let (request, response) = (exchange.request.as_ref()?, exchange.response.as_ref()?);
        if request.head_loss.is_some() || response.head_loss.is_some() {
            return None;
        }
        let text = |octets: &[u8]| String::from_utf8(octets.to_vec()).unwrap();
        Some(Seen {
            certain: exchange.coverage.pairing == Pairing::Certain,
            truth: Truth {
                id: text(response.head.get("x-id")?).parse().unwrap(),
                method: text(request.method()),
                target: text(request.target()),
                authorization: request.head.get("authorization").map(text),
                status: response.status,
                request_body: request.body.length,
                response_body: response.body.length,
            },
        })
    });
    (seen.collect(), all)
}
