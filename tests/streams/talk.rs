//! A conversation said by hand, octet by octet where that matters, and what the engine makes of it.

use std::sync::Arc;
use std::time::Duration;

use etherparse::PacketBuilder;
use why401::capture::{Frame, LinkType};
use why401::diagnosis::Case;
use why401::engine::Engine;
use why401::exchange::{Exchange, Pairing};
use why401::limits::Limits;
use why401::secret::FingerprintKey;
use why401::time::Timestamp;

const FIN: u8 = 1;
const SYN: u8 = 2;
const RST: u8 = 4;
const ACK: u8 = 16;

/// A client and a server on one connection, each octet acknowledged by what the peer says next.
pub struct Talk {
    engine: Engine,
    cases: Vec<Arc<Case>>,
    now: Timestamp,
    /// Next sequence numbers of client and server.
    next: [u32; 2],
}

impl Talk {
    /// From the handshake on.
    pub fn new() -> Self {
        let mut talk = Self::joined();
        talk.next = [u32::MAX - 20, 77];
        talk.packet(true, SYN, b"");
        talk.next[0] = talk.next[0].wrapping_add(1);
        talk.packet(false, SYN | ACK, b"");
        talk.next[1] = talk.next[1].wrapping_add(1);
        talk
    }

    /// Of which the beginning was not captured.
    pub fn joined() -> Self {
        Self {
            engine: Engine::new(Limits::default(), FingerprintKey::from_bytes(&[7; 32])),
            cases: Vec::new(),
            now: Timestamp::from_seconds(1_748_779_200),
            next: [5000, 9000],
        }
    }

    fn packet(&mut self, from_client: bool, flags: u8, payload: &[u8]) {
        let (client, server) = ([10, 0, 0, 1], [10, 0, 0, 2]);
        let (own, peer) = if from_client { (0, 1) } else { (1, 0) };
        let (from, to, ports) = if from_client {
            (client, server, (40_000, 8080))
        } else {
            (server, client, (8080, 40_000))
        };
        let builder =
            PacketBuilder::ipv4(from, to, 64).tcp(ports.0, ports.1, self.next[own], 65_535);
        let builder = if flags & ACK != 0 { builder.ack(self.next[peer]) } else { builder };
        let builder = if flags & SYN != 0 { builder.syn() } else { builder };
        let builder = if flags & FIN != 0 { builder.fin() } else { builder };
        let builder = if flags & RST != 0 { builder.rst() } else { builder };
        let mut data = Vec::with_capacity(builder.size(payload.len()));
        builder.write(&mut data, payload).unwrap();
        self.now = self.now + Duration::from_millis(1);
        let frame = Frame {
            timestamp: self.now,
            link_type: LinkType::RAW,
            interface: 0,
            data: &data,
            original_length: data.len() as u32,
        };
        self.engine.push(&frame, &mut self.cases);
    }

    fn say(&mut self, from_client: bool, octets: &[u8]) {
        // A segment is no longer than an IP packet.
        for part in octets.chunks(60_000) {
            self.packet(from_client, ACK, part);
            let next = &mut self.next[usize::from(!from_client)];
            *next = next.wrapping_add(part.len() as u32);
        }
    }

    /// The client sends this in one segment.
    pub fn client(&mut self, octets: impl AsRef<[u8]>) -> &mut Self {
        self.say(true, octets.as_ref());
        self
    }

    /// The server does.
    pub fn server(&mut self, octets: impl AsRef<[u8]>) -> &mut Self {
        self.say(false, octets.as_ref());
        self
    }

    /// So many octets of the client were not captured.
    pub fn client_lost(&mut self, octets: usize) -> &mut Self {
        self.next[0] = self.next[0].wrapping_add(octets as u32);
        self
    }

    /// The same of the server.
    pub fn server_lost(&mut self, octets: usize) -> &mut Self {
        self.next[1] = self.next[1].wrapping_add(octets as u32);
        self
    }

    /// Both sides close.
    pub fn close(&mut self) -> &mut Self {
        for from_client in [false, true] {
            self.packet(from_client, FIN | ACK, b"");
            let next = &mut self.next[usize::from(!from_client)];
            *next = next.wrapping_add(1);
        }
        self
    }

    /// The server resets the connection.
    pub fn reset(&mut self) -> &mut Self {
        self.packet(false, RST | ACK, b"");
        self
    }

    /// Everything that was said between them.
    pub fn exchanges(&mut self) -> Vec<Arc<Exchange>> {
        self.engine.finish(&mut self.cases);
        let mut exchanges: Vec<Arc<Exchange>> = Vec::new();
        for case in &self.cases {
            // A later version of a case replaces an earlier one.
            match exchanges.iter_mut().find(|known| known.id == case.id()) {
                Some(known) => *known = Arc::clone(&case.exchange),
                None => exchanges.push(Arc::clone(&case.exchange)),
            }
        }
        exchanges
    }

    /// The same in words: `GET /a -> 200`, with `?` behind a message of which the head is not whole.
    pub fn told(&mut self) -> Vec<String> {
        self.exchanges().iter().map(|exchange| told(exchange)).collect()
    }

    /// The only exchange.
    pub fn only(&mut self) -> Arc<Exchange> {
        let exchanges = self.exchanges();
        assert_eq!(exchanges.len(), 1, "{:?}", self.told());
        Arc::clone(&exchanges[0])
    }
}

fn told(exchange: &Exchange) -> String {
    let text = |octets: &[u8]| String::from_utf8_lossy(octets).into_owned();
    let request = exchange.request.as_ref().map_or_else(
        || "-".to_owned(),
        |request| {
            let mark = if request.head_loss.is_some() { "?" } else { "" };
            format!("{} {}{mark}", text(request.method()), text(request.target()))
        },
    );
    let response = exchange.response.as_ref().map_or_else(
        || "-".to_owned(),
        |response| {
            let mark = if response.head_loss.is_some() { "?" } else { "" };
            format!("{}{mark}", response.status)
        },
    );
    let likely = if exchange.coverage.pairing == Pairing::Likely { " likely" } else { "" };
    format!("{request} -> {response}{likely}")
}

/// The names of an exchange's anomalies.
pub fn anomalies(exchange: &Exchange) -> Vec<&'static str> {
    exchange.anomalies.iter().map(why401::exchange::Anomaly::name).collect()
}
