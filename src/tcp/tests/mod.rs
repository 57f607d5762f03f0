//! Segments in, streams out: what the table hands on, as one reads it.

#![allow(clippy::format_push_string, reason = "streams, written as one reads them")]

mod endings;
mod model;
mod sharing;
mod transfer;

use std::net::SocketAddr;
use std::time::Duration;

use super::*;
use crate::decode::{Segment, TcpFlags};
use crate::limits::Limits;

const FIN: u8 = TcpFlags::FIN;
const SYN: u8 = TcpFlags::SYN;
const RST: u8 = TcpFlags::RST;
const ACK: u8 = TcpFlags::ACK;

/// Behind this, the recorder does not listen for the end.
const DONE: &str = "done";

/// What was handed on of one connection.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
struct Streams {
    number: u64,
    /// Data as it is, a gap as `[3]`, the end as `.`, by direction.
    text: [String; 2],
    initiator: Option<Direction>,
    midstream: bool,
    overlap_conflict: bool,
}

#[derive(Debug, Default)]
struct Recorder {
    closed: Vec<Streams>,
}

impl Consumer for Recorder {
    type State = Streams;

    fn event(
        &mut self,
        flow: &FlowInfo,
        state: &mut Option<Box<Streams>>,
        direction: Direction,
        event: StreamEvent<'_>,
    ) {
        let streams = state.get_or_insert_default();
        streams.number = flow.number;
        let text = &mut streams.text[direction as usize];
        match event {
            StreamEvent::Data(data) => text.push_str(&String::from_utf8_lossy(data.octets)),
            StreamEvent::Unread { length, .. } => *text += &format!("<{length}>"),
            StreamEvent::Gap { length, .. } => *text += &format!("[{length}]"),
            StreamEvent::End { .. } => text.push('.'),
        }
    }

    fn ignores_end(state: &Streams, direction: Direction) -> bool {
        state.text[direction as usize].ends_with(DONE)
    }

    fn close(&mut self, flow: &FlowInfo, state: Option<Box<Streams>>, _now: Timestamp) {
        let mut streams = state.map_or_else(Streams::default, |state| *state);
        streams.number = flow.number;
        streams.initiator = flow.initiator;
        streams.midstream = flow.midstream;
        streams.overlap_conflict = flow.overlap_conflict;
        self.closed.push(streams);
    }

    fn memory(state: &Streams) -> usize {
        state.text[0].len() + state.text[1].len()
    }

    fn starts_message(octets: &[u8]) -> bool {
        octets.starts_with(b"GET ") || octets.starts_with(b"HTTP/")
    }
}

/// A client and a server before one table. Sequence numbers begin close to their wrap.
struct Wire {
    table: FlowTable<Streams>,
    recorder: Recorder,
    now: Timestamp,
    client: SocketAddr,
    server: SocketAddr,
    identification: u16,
}

const CLIENT: u32 = u32::MAX - 5;
const SERVER: u32 = 1000;

impl Wire {
    fn new() -> Self {
        Self::with(&Limits::default())
    }

    fn with(limits: &Limits) -> Self {
        Self {
            table: FlowTable::new(limits),
            recorder: Recorder::default(),
            now: Timestamp::from_seconds(1000),
            client: "10.0.0.1:40000".parse().unwrap(),
            server: "10.0.0.2:80".parse().unwrap(),
            identification: 0,
        }
    }

    /// With the handshake done.
    fn open() -> Self {
        let mut wire = Self::new();
        wire.handshake();
        wire
    }

    fn handshake(&mut self) {
        self.client(SYN, 0, 0, "").server(SYN | ACK, 0, 1, "").client(ACK, 1, 1, "");
    }

    /// A segment of the client: `sequence` and `acknowledgment` count from the initial ones.
    fn client(&mut self, flags: u8, sequence: u32, acknowledgment: u32, text: &str) -> &mut Self {
        let numbers = [CLIENT.wrapping_add(sequence), SERVER.wrapping_add(acknowledgment)];
        self.segment(true, flags, numbers, text)
    }

    /// A segment of the server.
    fn server(&mut self, flags: u8, sequence: u32, acknowledgment: u32, text: &str) -> &mut Self {
        let numbers = [SERVER.wrapping_add(sequence), CLIENT.wrapping_add(acknowledgment)];
        self.segment(false, flags, numbers, text)
    }

    fn segment(
        &mut self,
        from_client: bool,
        flags: u8,
        [sequence, acknowledgment]: [u32; 2],
        text: &str,
    ) -> &mut Self {
        self.wait(Duration::from_micros(10));
        let segment = self.made(from_client, flags, [sequence, acknowledgment], text);
        self.table.push(&segment, &mut self.recorder);
        self
    }

    /// A segment of the client that is not sent yet.
    fn of_client<'a>(
        &self,
        flags: u8,
        sequence: u32,
        acknowledgment: u32,
        text: &'a str,
    ) -> Segment<'a> {
        let numbers = [CLIENT.wrapping_add(sequence), SERVER.wrapping_add(acknowledgment)];
        self.made(true, flags, numbers, text)
    }

    fn made<'a>(
        &self,
        from_client: bool,
        flags: u8,
        [sequence, acknowledgment]: [u32; 2],
        text: &'a str,
    ) -> Segment<'a> {
        let (source, destination) =
            if from_client { (self.client, self.server) } else { (self.server, self.client) };
        Segment {
            timestamp: self.now,
            interface: 0,
            source: source.into(),
            destination: destination.into(),
            sequence,
            acknowledgment,
            flags: TcpFlags(flags),
            window: 1000,
            identification: self.identification,
            payload: text.as_bytes(),
            cut: 0,
        }
    }

    fn wait(&mut self, time: Duration) -> &mut Self {
        self.now = self.now + time;
        self.table.advance(self.now, &mut self.recorder);
        self
    }

    /// Another port of the client.
    fn at_port(&mut self, port: u16) -> &mut Self {
        self.client.set_port(port);
        self
    }

    /// All connections, in the order in which they ended.
    fn finish(&mut self) -> &[Streams] {
        self.table.finish(self.now, &mut self.recorder);
        assert_eq!(self.table.waiting_octets(), 0, "nothing is left behind");
        &self.recorder.closed
    }

    /// The streams of the only connection: client's, server's.
    fn only(&mut self) -> [String; 2] {
        let [streams] = self.finish() else { panic!("{:?}", self.recorder.closed) };
        streams.text.clone()
    }
}

fn texts(client: &str, server: &str) -> [String; 2] {
    [client.to_owned(), server.to_owned()]
}
