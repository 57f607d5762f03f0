//! What the targets share: inputs as octets on the wire, and what must hold of every run.

use std::sync::Arc;

use why401::capture::{Frame, LinkType};
use why401::diagnosis::Case;
use why401::engine::Engine;
use why401::limits::Limits;
use why401::secret::FingerprintKey;
use why401::time::Timestamp;

/// Bounds small enough for an input to reach them.
pub fn limits() -> Limits {
    Limits {
        memory: 1 << 20,
        flows: 64,
        reassembly_per_direction: 16 << 10,
        segments_per_direction: 64,
        head: 4 << 10,
        header_fields: 128,
        pipeline: 16,
        fragments: 16 << 10,
        diagnosis_window: 64,
        ..Limits::default()
    }
}

/// The key of every run: the same input gives the same output.
pub fn key() -> FingerprintKey {
    FingerprintKey::from_bytes(&[7; 32])
}

/// An engine, and what it has said.
pub struct Run {
    engine: Engine,
    cases: Vec<Arc<Case>>,
    time: Timestamp,
}

impl Run {
    /// With nothing seen.
    pub fn new() -> Self {
        let engine = Engine::new(limits(), key());
        Self { engine, cases: Vec::new(), time: Timestamp::from_seconds(1_748_779_200) }
    }

    /// Takes one frame, a while after the one before.
    pub fn frame(&mut self, link_type: LinkType, data: &[u8]) {
        self.time = self.time + std::time::Duration::from_millis(3);
        let original_length = data.len() as u32;
        let frame = Frame { timestamp: self.time, link_type, interface: 0, data, original_length };
        self.push(&frame);
    }

    /// Takes frames that are there already.
    pub fn push_all(&mut self, frames: &[Frame<'_>], look_ahead: impl FnMut()) {
        let (wire, explainer) = self.engine.halves();
        let mut found = Vec::new();
        wire.push_all(frames, look_ahead, &mut found);
        explainer.take(&mut found, &mut self.cases);
    }

    /// Takes one frame as it is.
    pub fn push(&mut self, frame: &Frame<'_>) {
        self.engine.push(frame, &mut self.cases);
    }

    /// Ends it, and checks what holds of every run.
    pub fn finish(mut self) {
        self.engine.finish(&mut self.cases);
        let memory = self.engine.counters().memory as usize;
        assert!(memory <= 2 * limits().memory, "{memory} octets are held at the end");
        for case in &self.cases {
            let exchange = &case.exchange;
            assert!(exchange.request.is_some() || exchange.response.is_some());
            if let Some(request) = &exchange.request {
                assert!(request.head.fields().count() <= limits().header_fields);
            }
        }
    }
}

impl Default for Run {
    fn default() -> Self {
        Self::new()
    }
}

/// One connection. In an input, 0xff and a letter change what follows: `>` octets of the client,
/// `<` of the server, `-` and an octet that many octets lost, `F` the end of a side.
pub fn conversation(input: &[u8], run: &mut Run) {
    run.frame(LinkType::RAW, &segment(0, [0, 0], 2, b""));
    run.frame(LinkType::RAW, &segment(1, [1, 0], 0x12, b""));
    rest_of_conversation(input, run);
}

/// The same of which the handshake was not seen.
pub fn rest_of_conversation(input: &[u8], run: &mut Run) {
    let (mut sent, mut side) = ([1_u32, 1_u32], 0);
    for (number, part) in input.split(|&octet| octet == 0xff).enumerate() {
        let mut flags = 0x10;
        let payload = match part {
            _ if number == 0 => part,
            [b'>', rest @ ..] => {
                side = 0;
                rest
            }
            [b'<', rest @ ..] => {
                side = 1;
                rest
            }
            [b'-', length, rest @ ..] => {
                sent[side] = sent[side].wrapping_add(u32::from(*length));
                rest
            }
            [b'F', rest @ ..] => {
                flags |= 1;
                rest
            }
            rest => rest,
        };
        run.frame(LinkType::RAW, &segment(side, sent, flags, payload));
        sent[side] = sent[side].wrapping_add(payload.len() as u32 + u32::from(flags & 1));
    }
}

/// A TCP segment in an IPv4 packet. Nobody looks at its checksums.
fn segment(side: usize, sent: [u32; 2], flags: u8, payload: &[u8]) -> Vec<u8> {
    let payload = &payload[..payload.len().min(65_000)];
    let mut packet = vec![0x45, 0];
    packet.extend((payload.len() as u16 + 40).to_be_bytes());
    packet.extend([0, 0, 0, 0, 64, 6, 0, 0]);
    packet.extend([10, 0, 0, 1 + side as u8, 10, 0, 0, 2 - side as u8]);
    let ports: [u16; 2] = [40_000, 80];
    packet.extend(ports[side].to_be_bytes());
    packet.extend(ports[1 - side].to_be_bytes());
    packet.extend(sent[side].to_be_bytes());
    packet.extend(sent[1 - side].to_be_bytes());
    packet.extend([0x50, flags, 0xff, 0xff, 0, 0, 0, 0]);
    packet.extend(payload);
    packet
}
