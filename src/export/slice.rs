//! The packets of chosen exchanges, out of the capture that they were seen in, as pcapng.
//!
//! Exchanges do not keep their packets: the capture is read again, and those of the same
//! connections at the same time are written. Each refused answer's packet gets a comment that
//! names the diagnosis, which Wireshark shows in its packet list.

use std::collections::HashMap;
use std::io::{self, Write};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use crate::capture::writer::Encoder;
use crate::capture::{End, Frame, Next, Source, SourceSpec};
use crate::counters::Counters;
use crate::decode::{Decoded, Decoder, Segment, TcpFlags};
use crate::diagnosis::Case;
use crate::limits::Limits;
use crate::tcp::FlowKey;
use crate::text::visible;
use crate::time::Timestamp;

/// Where the packets of a session can be read again: the file that it reads, else the one that it
/// writes.
///
/// # Errors
/// The packets were not kept; in words for the user.
pub fn origin(spec: &SourceSpec, saved: Option<&Path>) -> Result<PathBuf, &'static str> {
    match (spec, saved) {
        (SourceSpec::File { path, .. }, _) => Ok(path.clone()),
        (_, Some(path)) => Ok(path.to_owned()),
        (_, None) => {
            Err("the packets were not kept; start why401 with -w FILE to export them later")
        }
    }
}

/// What a slice came to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Written {
    /// Frames written.
    pub frames: u64,
    /// Connections of which no frame was found.
    pub connections_missing: usize,
    /// Why the capture could not be read to its end.
    pub damaged: Option<String>,
}

/// Writes the packets of these cases' connections. `source` reads the capture from its beginning.
///
/// Of a packet that came in fragments only the last one is recognised.
pub fn write<'a>(
    source: &mut dyn Source,
    cases: impl IntoIterator<Item = &'a Case>,
    out: &mut impl Write,
) -> io::Result<Written> {
    const BLOCK: u64 = 1024;
    let mut chosen = Chosen::of(cases);
    let mut encoder = Encoder::new();
    let mut written = Written::default();
    loop {
        let interfaces = source.interfaces().to_vec();
        match source.next() {
            Next::Frame(frame) => {
                let Taken::Yes { comment } = chosen.takes(&frame) else { continue };
                let name = interfaces.get(usize::from(frame.interface)).map_or("", |name| name);
                encoder.frame(&frame, name, comment.as_deref());
                written.frames += 1;
                if written.frames % BLOCK == 0 {
                    out.write_all(&encoder.take())?;
                }
            }
            Next::End(End::Damaged(reason) | End::Corrupt(reason) | End::Failed(reason)) => {
                written.damaged = Some(reason);
                break;
            }
            // A file that is still being written has no more for now.
            Next::Idle | Next::End(End::Complete | End::Interrupted) => break,
        }
    }
    out.write_all(&encoder.take())?;
    written.connections_missing = chosen.missing();
    Ok(written)
}

/// A connection at a time: the same addresses and ports may have served others before and after.
#[derive(Debug)]
struct Connection {
    started: Timestamp,
    /// Of the last message that is known of it.
    last: Timestamp,
    /// A new connection with the same addresses has begun.
    over: bool,
    found: bool,
}

/// Whether a frame is written.
#[derive(Debug)]
enum Taken {
    No,
    Yes { comment: Option<String> },
}

/// The frames to take.
#[derive(Debug)]
struct Chosen {
    connections: HashMap<FlowKey, Vec<Connection>>,
    /// By sender, receiver and time of the first octet of the answer.
    comments: HashMap<(SocketAddr, SocketAddr, Timestamp), String>,
    decoder: Decoder,
    counters: Counters,
}

impl Chosen {
    fn of<'a>(cases: impl IntoIterator<Item = &'a Case>) -> Self {
        let mut chosen = Self {
            connections: HashMap::new(),
            comments: HashMap::new(),
            decoder: Decoder::new(&Limits::default()),
            counters: Counters::default(),
        };
        for case in cases {
            chosen.add(case);
        }
        chosen
    }

    fn add(&mut self, case: &Case) {
        let exchange = &*case.exchange;
        let connection = &exchange.connection;
        // Behind a PROXY protocol header the packets carry the proxy's address.
        let client = connection.via.unwrap_or(connection.client);
        let (key, _) = FlowKey::new(client.into(), connection.server.into());
        let answered = exchange.response.as_ref().map(|response| response.time);
        let last = answered.unwrap_or(exchange.time()).max(exchange.time());
        let at_this_address = self.connections.entry(key).or_default();
        match at_this_address.iter_mut().find(|known| known.started == connection.started) {
            Some(known) => known.last = known.last.max(last),
            None => at_this_address.push(Connection {
                started: connection.started,
                last,
                over: false,
                found: false,
            }),
        }
        if let (Some(time), Some(verdict)) = (answered, &case.verdict) {
            let diagnosis = &verdict.diagnosis;
            let lead = if diagnosis.benign { "Normal" } else { diagnosis.confidence.lead() };
            let (entry, id) = (diagnosis.entry, exchange.id);
            let comment = format!("{lead}: {} [{}] (exchange {id})", entry.title, entry.id);
            let place = (canonical(connection.server), canonical(client), time);
            self.comments.insert(place, visible(&comment).into_owned());
        }
    }

    /// Whether the frame belongs to a chosen connection, and the comment that it gets.
    fn takes(&mut self, frame: &Frame<'_>) -> Taken {
        let Decoded::Segment(segment) = self.decoder.decode(frame, &mut self.counters) else {
            return Taken::No;
        };
        let (key, _) = FlowKey::new(segment.source, segment.destination);
        let Some(connections) = self.connections.get_mut(&key) else { return Taken::No };
        let mut taken = false;
        for connection in connections {
            taken |= connection.takes(&segment);
        }
        if !taken {
            return Taken::No;
        }
        let ends = (segment.source.into(), segment.destination.into());
        let place = (canonical(ends.0), canonical(ends.1), segment.timestamp);
        // A bare acknowledgment may have been captured in the same microsecond.
        let speaks = !segment.payload.is_empty();
        Taken::Yes { comment: if speaks { self.comments.remove(&place) } else { None } }
    }

    fn missing(&self) -> usize {
        self.connections.values().flatten().filter(|connection| !connection.found).count()
    }
}

impl Connection {
    fn takes(&mut self, segment: &Segment<'_>) -> bool {
        let begins = segment.flags.has(TcpFlags::SYN) && !segment.flags.has(TcpFlags::ACK);
        self.over |= begins && segment.timestamp > self.last;
        let taken = segment.timestamp >= self.started && !self.over;
        self.found |= taken;
        taken
    }
}

fn canonical(address: SocketAddr) -> SocketAddr {
    SocketAddr::new(address.ip().to_canonical(), address.port())
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::capture::file::FileSource;
    use crate::engine::Engine;
    use crate::secret::FingerprintKey;

    /// All settled cases of a capture.
    fn cases(octets: &'static [u8]) -> Vec<Arc<Case>> {
        let mut source = FileSource::of_octets("test", octets).unwrap();
        let mut engine = Engine::new(Limits::default(), FingerprintKey::from_bytes(&[1; 32]));
        let mut out = Vec::new();
        engine.set_interfaces(source.interfaces());
        while let Next::Frame(frame) = source.next() {
            engine.push(&frame, &mut out);
        }
        engine.finish(&mut out);
        out.retain(|case| case.settled);
        out.sort_by_key(|case| case.id());
        out
    }

    fn sliced(octets: &'static [u8], chosen: &[Arc<Case>]) -> (&'static [u8], Written) {
        let mut source = FileSource::of_octets("test", octets).unwrap();
        let mut out = Vec::new();
        let written = write(&mut source, chosen.iter().map(Arc::as_ref), &mut out).unwrap();
        (out.leak(), written)
    }

    fn summary(case: &Case) -> (Option<u16>, Timestamp) {
        (case.exchange.status(), case.exchange.time())
    }

    #[test]
    fn a_slice_holds_the_chosen_connections_whole_and_nothing_else() {
        let all = cases(crate::demo::RECORDED);
        let refused = all.iter().find(|case| case.exchange.status() == Some(401)).unwrap();
        let (slice, written) = sliced(crate::demo::RECORDED, &[Arc::clone(refused)]);
        assert!(written.frames > 3 && written.damaged.is_none(), "{written:?}");
        assert_eq!(written.connections_missing, 0);
        let flow = refused.exchange.connection.flow;
        let expected: Vec<_> = all
            .iter()
            .filter(|case| case.exchange.connection.flow == flow)
            .map(|case| summary(case))
            .collect();
        let found: Vec<_> = cases(slice).iter().map(|case| summary(case)).collect();
        assert_eq!(found, expected);
    }

    #[test]
    fn the_packet_of_a_refusal_is_commented_with_its_diagnosis() {
        let all = cases(crate::demo::RECORDED);
        let refused = all
            .iter()
            .find(|case| case.exchange.status() == Some(401) && case.verdict.is_some())
            .unwrap();
        let (slice, _) = sliced(crate::demo::RECORDED, &[Arc::clone(refused)]);
        let id = &refused.verdict.as_ref().unwrap().diagnosis.entry.id;
        let comment = format!("[{id}] (exchange {})", refused.id());
        let count = slice.windows(comment.len()).filter(|w| *w == comment.as_bytes()).count();
        assert_eq!(count, 1);
    }

    #[test]
    fn packets_that_are_not_in_the_capture_are_said_to_be_missing() {
        let all = cases(crate::demo::RECORDED);
        let (empty, _) = sliced(crate::demo::RECORDED, &[]);
        let (_, written) = sliced(empty, &all[..1]);
        assert_eq!((written.frames, written.connections_missing), (0, 1));
    }

    #[test]
    fn packets_that_were_not_kept_are_explained() {
        let live = SourceSpec::Live(crate::capture::LiveOptions::default());
        assert!(origin(&live, None).unwrap_err().contains("-w FILE"));
        assert_eq!(origin(&live, Some(Path::new("x"))).unwrap(), Path::new("x"));
        let file = SourceSpec::File { path: "y".into(), follow: false };
        assert_eq!(origin(&file, None).unwrap(), Path::new("y"));
    }
}
