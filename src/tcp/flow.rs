//! One connection: two half streams that bear witness for each other.
//!
//! An ACK for octets that were never captured proves that the capture lost them. As captures can
//! also be out of order across directions (several queues, mirror ports), the proof waits for a few packets
//! of the connection or a moment ([`Patience`]); meanwhile the direction that sent the ACK is held
//! back, so that a response is never read before the request it answers.

use std::net::SocketAddr;
use std::time::Duration;

use super::half_stream::{HalfStream, Payload};
use super::{Consumer, Data, Direction, FlowKey, StreamEvent, TcpCounters};
use crate::cache;
use crate::decode::{Segment, TcpFlags};
use crate::limits::{Limits, Patience};
use crate::time::Timestamp;

/// The shortest idle time after which systems send keep-alive probes. Their octet, where they have
/// one, is garbage (RFC 1122 §4.2.3.6): it must not stand for one that the capture lost.
const KEEP_ALIVE_IDLE: Duration = Duration::from_secs(1);

/// What a consumer may know of a connection.
#[derive(Debug, Clone)]
pub struct FlowInfo {
    /// Number in this run, from 1.
    pub number: u64,
    /// Capture time of its first packet.
    pub started: Timestamp,
    /// Index of the interface it was first captured on.
    pub interface: u16,
    /// The direction of its first SYN, when that or its answer was seen.
    pub initiator: Option<Direction>,
    /// Whether payload was seen before (or without) the handshake.
    pub midstream: bool,
    /// Packets seen in each direction.
    pub packets: [u32; 2],
    /// Segments that brought nothing new.
    pub retransmitted: u64,
    /// Whether octets were repeated with other content. The first content was kept.
    pub overlap_conflict: bool,
    /// Whether octets of each direction were given up as never seen.
    pub has_gap: [bool; 2],
    key: FlowKey,
    forward_is_low: bool,
}

impl FlowInfo {
    /// What the table finds it by.
    #[inline]
    pub(super) fn key(&self) -> FlowKey {
        self.key
    }

    /// The address that sends in this direction.
    pub fn source(&self, direction: Direction) -> SocketAddr {
        self.key.endpoint(self.forward_is_low == (direction == Direction::Forward))
    }
}

/// What a packet did to its flow.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Outcome {
    /// Goes on.
    Open,
    /// Both sides have sent FIN.
    Closed,
    /// One side has sent RST.
    Reset,
}

/// What came of a segment on the straight way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Straight {
    /// It cannot go there; nothing has changed.
    No,
    /// It was taken in, and means nothing to the consumer.
    Quiet,
    /// It was taken in, and the consumer was told.
    Told,
}

/// How long acknowledged octets have been missing.
#[derive(Debug, Clone, Copy)]
pub(super) struct Grace {
    since: Timestamp,
    packets: u16,
    /// Sum of both positions: while it grows, the capture is only out of order.
    progress: u64,
}

/// A RST, and what would show that nobody heeded it.
#[derive(Debug, Clone, Copy)]
struct Reset {
    direction: Direction,
    /// Positions of both sides when it came, its sender's first.
    positions: [u64; 2],
}

/// One connection.
#[derive(Debug)]
pub(super) struct Flow<S> {
    pub info: FlowInfo,
    pub state: Option<Box<S>>,
    pub halves: [HalfStream; 2],
    /// Set while acknowledged octets are missing. Boxed, as is what follows: both are rare, and every packet
    /// passes through here.
    pub grace: Option<Box<Grace>>,
    reset: Option<Box<Reset>>,
    /// Nothing waits, is missing or has ended, in either direction. The straight way leaves it so.
    is_steady: bool,
    pub last_seen: Timestamp,
    /// Whether any payload was seen.
    pub has_payload: bool,
    /// Whether the consumer ignores the end of each direction.
    ends_ignored: [bool; 2],
}

impl<S> Flow<S> {
    pub fn new(source_is_low: bool, number: u64, segment: &Segment<'_>) -> Self {
        Self {
            info: FlowInfo {
                number,
                started: segment.timestamp,
                interface: segment.interface,
                initiator: None,
                midstream: !segment.flags.has(TcpFlags::SYN),
                packets: [0; 2],
                retransmitted: 0,
                overlap_conflict: false,
                has_gap: [false; 2],
                key: FlowKey::of(segment, source_is_low),
                forward_is_low: source_is_low,
            },
            state: None,
            halves: [HalfStream::new(), HalfStream::new()],
            grace: None,
            reset: None,
            is_steady: false,
            last_seen: segment.timestamp,
            has_payload: false,
            ends_ignored: [false; 2],
        }
    }

    /// Asks for the rest of its memory, and for the state.
    #[inline]
    pub fn fetch<C: Consumer<State = S>>(&self) {
        cache::fetch(&self.info.key);
        cache::fetch(&self.info.packets);
        cache::fetch(&self.halves[0]);
        cache::fetch(&self.halves[1]);
        cache::fetch(&self.last_seen);
        if let Some(state) = &self.state {
            C::fetch(state);
        }
    }

    pub fn direction(&self, source_is_low: bool) -> Direction {
        if source_is_low == self.info.forward_is_low {
            Direction::Forward
        } else {
            Direction::Backward
        }
    }

    /// Whether this segment begins (or belongs to) another connection between the same ports.
    pub fn is_replaced_by(&self, direction: Direction, segment: &Segment<'_>) -> bool {
        let half = &self.halves[direction as usize];
        if segment.flags.has(TcpFlags::SYN) {
            return !half.accepts_syn(segment.sequence);
        }
        !segment.payload.is_empty() && half.is_implausible(segment.sequence)
    }

    /// Octets waiting in both directions.
    pub fn waiting_octets(&self) -> usize {
        self.halves[0].waiting_octets() + self.halves[1].waiting_octets()
    }

    pub fn is_waiting(&self) -> bool {
        self.halves[0].is_waiting() || self.halves[1].is_waiting()
    }

    /// The straight way for what most segments are: the next octets, or none, on a connection of which
    /// nothing is missing, and no acknowledgment of what was not seen. [`Self::push`] would do the same.
    ///
    /// `unread` octets follow its payload that were not read: with these, it is such a segment only where
    /// the consumer has enough.
    #[inline]
    pub fn push_next<C: Consumer<State = S>>(
        &mut self,
        direction: Direction,
        segment: &Segment<'_>,
        unread: u32,
        consumer: &mut C,
    ) -> Straight {
        const SPECIAL: u8 = TcpFlags::SYN | TcpFlags::FIN | TcpFlags::RST;
        debug_assert!(!self.is_steady || self.looks_steady(), "{:?}", self.halves);
        let Segment { timestamp, payload: octets, .. } = *segment;
        let (own, peer) = split(&mut self.halves, direction);
        let plain = segment.flags.0 & (SPECIAL | TcpFlags::ACK) == TcpFlags::ACK
            && segment.cut == 0
            // One octet may be a keep-alive probe.
            && octets.len() != 1
            && (octets.is_empty() || own.is_next(segment.sequence))
            && self.is_steady;
        if !plain {
            return Straight::No;
        }
        let position = own.position();
        if unread > 0 {
            let data = Data { octets, position, timestamp, acknowledged: None };
            if !consumer.is_enough(self.state.as_deref(), direction, &data, unread.into()) {
                return Straight::No;
            }
        }
        let Some(acknowledged) = peer.acknowledge_seen(segment.acknowledgment) else {
            return Straight::No;
        };
        self.last_seen = self.last_seen.max(timestamp);
        let packets = &mut self.info.packets[direction as usize];
        *packets = packets.saturating_add(1);
        if octets.is_empty() {
            return Straight::Quiet;
        }
        self.has_payload = true;
        own.push_next(segment.identification, octets.len());
        if self.state.is_none() && C::ignores(position, octets) {
            own.skip(unread.into());
            return Straight::Quiet;
        }
        let data = Data { octets, position, timestamp, acknowledged: Some(acknowledged) };
        self.tell_next(direction, data, unread, consumer);
        Straight::Told
    }

    /// Tells the consumer of octets that were taken in, and of those behind them that were not read.
    #[inline(never)]
    fn tell_next<C: Consumer<State = S>>(
        &mut self,
        direction: Direction,
        data: Data<'_>,
        unread: u32,
        consumer: &mut C,
    ) {
        let (info, state, ignored) = (&self.info, &mut self.state, &mut self.ends_ignored);
        let mut sink = |event: StreamEvent<'_>| {
            tell(info, state, ignored, direction, event, consumer);
        };
        sink(StreamEvent::Data(data));
        if unread > 0 {
            let (own, length) = (&mut self.halves[direction as usize], u64::from(unread));
            let position = own.position();
            own.skip(length);
            sink(StreamEvent::Unread { position, length });
        }
    }

    fn looks_steady(&self) -> bool {
        self.grace.is_none()
            && self.reset.is_none()
            && self.halves.iter().all(HalfStream::is_steady)
    }

    /// Takes in one segment.
    pub fn push<C: Consumer<State = S>>(
        &mut self,
        direction: Direction,
        segment: &Segment<'_>,
        limits: &Limits,
        counters: &mut TcpCounters,
        consumer: &mut C,
    ) -> Outcome {
        let outcome = self.push_any(direction, segment, limits, counters, consumer);
        self.is_steady = self.looks_steady();
        outcome
    }

    fn push_any<C: Consumer<State = S>>(
        &mut self,
        direction: Direction,
        segment: &Segment<'_>,
        limits: &Limits,
        counters: &mut TcpCounters,
        consumer: &mut C,
    ) -> Outcome {
        let (own, peer) = (direction as usize, direction.reverse() as usize);
        let flags = segment.flags;
        let silence = segment.timestamp.since(self.last_seen);
        self.last_seen = self.last_seen.max(segment.timestamp);
        self.info.packets[own] = self.info.packets[own].saturating_add(1);
        let mut sequence = segment.sequence;
        if flags.has(TcpFlags::SYN) {
            // Only who was asked answers with SYN and ACK.
            let asked = flags.has(TcpFlags::ACK);
            self.info.initiator.get_or_insert(if asked { direction.reverse() } else { direction });
            self.halves[own].open(segment.sequence);
            sequence = sequence.wrapping_add(1);
        }
        let acknowledged = flags.has(TcpFlags::ACK).then_some(segment.acknowledgment);
        if let Some(acknowledgment) = acknowledged {
            self.halves[peer].acknowledge(acknowledgment);
        }
        // RFC 9293 §3.5.3: text in a RST is a diagnostic, not data.
        let length = segment.payload.len() + segment.cut as usize;
        let is_probe = length == 1
            && silence >= KEEP_ALIVE_IDLE
            && self.halves[own].is_last_acknowledged(sequence);
        if length > 0 && !flags.has(TcpFlags::RST) && !is_probe {
            self.has_payload = true;
            let position = acknowledged
                .and_then(|acknowledgment| self.halves[peer].position_of(acknowledgment))
                .and_then(|position| u64::try_from(position).ok());
            let payload = Payload {
                sequence,
                identification: segment.identification,
                octets: segment.payload,
                cut: segment.cut,
                timestamp: segment.timestamp,
                acknowledged: position,
            };
            self.take_in(direction, payload, limits, counters, consumer);
        }
        if flags.has(TcpFlags::FIN) {
            self.halves[own].finish_at(sequence.wrapping_add(length as u32));
            self.release(direction, segment.timestamp, counters, consumer);
        }
        if self.is_waiting() || self.has_unseen() {
            self.settle(segment.timestamp, limits.patience, counters, consumer);
        }
        if flags.has(TcpFlags::RST) {
            // RFC 9293 §3.10.7.4: one outside of the window is dropped.
            if self.halves[own].is_implausible(segment.sequence) {
                return Outcome::Open;
            }
            let positions = [self.halves[own].position(), self.halves[peer].position()];
            self.reset = Some(Box::new(Reset { direction, positions }));
            return Outcome::Reset;
        }
        self.look_beyond_reset(direction, acknowledged);
        if self.is_over() { Outcome::Closed } else { Outcome::Open }
    }

    /// Whether both sides have ended.
    pub fn is_over(&self) -> bool {
        self.halves[0].is_ended() && self.halves[1].is_ended()
    }

    /// Whether one side has sent RST, and not gone on as if it had not: somebody else may have sent
    /// it in its name, and the other side ignored it.
    pub fn is_reset(&self) -> bool {
        self.reset.is_some()
    }

    /// Who sends or acknowledges something new after its RST has not reset the connection.
    fn look_beyond_reset(&mut self, direction: Direction, acknowledged: Option<u32>) {
        let Some(reset) = self.reset.as_deref().filter(|reset| reset.direction == direction) else {
            return;
        };
        let (own, peer) = split(&mut self.halves, direction);
        let received = acknowledged.and_then(|acknowledgment| peer.position_of(acknowledgment));
        let goes_on = own.position() > reset.positions[0]
            || received.is_some_and(|position| position > reset.positions[1] as i64);
        if goes_on {
            self.reset = None;
        }
    }

    fn take_in<C: Consumer<State = S>>(
        &mut self,
        direction: Direction,
        payload: Payload<'_>,
        limits: &Limits,
        counters: &mut TcpCounters,
        consumer: &mut C,
    ) {
        let (info, state, ignored) = (&self.info, &mut self.state, &mut self.ends_ignored);
        let (own, peer) = split(&mut self.halves, direction);
        let starts_message = !own.is_seen() && C::starts_message(payload.octets);
        let conflicts = counters.overlap_conflicts;
        let retransmitted = counters.retransmitted;
        let gaps = counters.gaps;
        own.push(payload, peer, starts_message, limits, counters, |event| {
            tell(info, state, ignored, direction, event, consumer);
        });
        self.info.overlap_conflict |= counters.overlap_conflicts > conflicts;
        self.info.retransmitted += counters.retransmitted - retransmitted;
        self.info.has_gap[direction as usize] |= counters.gaps > gaps;
    }

    /// Lets what waits go where it may. Returns whether anything went.
    fn release<C: Consumer<State = S>>(
        &mut self,
        direction: Direction,
        now: Timestamp,
        counters: &mut TcpCounters,
        consumer: &mut C,
    ) -> bool {
        self.with_half(direction, counters, consumer, |half, peer, counters, sink| {
            half.release(peer, now, counters, sink)
        })
    }

    fn has_unseen(&self) -> bool {
        self.halves.iter().any(HalfStream::is_acknowledged_unseen)
    }

    /// Lets go what may go. Acknowledged but unseen octets are a gap once patience with them is over.
    pub fn settle<C: Consumer<State = S>>(
        &mut self,
        now: Timestamp,
        patience: Patience,
        counters: &mut TcpCounters,
        consumer: &mut C,
    ) {
        loop {
            while self.release(Direction::Forward, now, counters, consumer)
                | self.release(Direction::Backward, now, counters, consumer)
            {}
            if !self.has_unseen() {
                self.grace = None;
                return;
            }
            let progress = self.halves[0].position() + self.halves[1].position();
            let grace = match self.grace.as_deref() {
                Some(&grace) if grace.progress == progress => grace,
                _ => Grace { since: now, packets: 0, progress },
            };
            if grace.packets < patience.packets && now.since(grace.since) < patience.time {
                self.grace = Some(Box::new(Grace { packets: grace.packets + 1, ..grace }));
                return;
            }
            self.grace = None;
            let mut given_up = false;
            for direction in [Direction::Forward, Direction::Backward] {
                given_up |=
                    self.with_half(direction, counters, consumer, |half, _, counters, sink| {
                        half.give_up_acknowledged(now, counters, sink)
                    });
            }
            if !given_up {
                return;
            }
        }
    }

    /// When patience with missing octets is over.
    pub fn grace_until(&self, patience: Patience) -> Option<Timestamp> {
        self.grace.as_ref().map(|grace| grace.since + patience.time)
    }

    /// The first hole of each direction has waited too long.
    pub fn give_up_holes<C: Consumer<State = S>>(
        &mut self,
        now: Timestamp,
        counters: &mut TcpCounters,
        consumer: &mut C,
    ) {
        self.settle(now, Patience::NONE, counters, consumer);
        for direction in [Direction::Forward, Direction::Backward] {
            self.with_half(direction, counters, consumer, |half, _, counters, sink| {
                if half.is_waiting() {
                    half.give_up_hole(now, counters, sink);
                }
            });
        }
        self.settle(now, Patience::NONE, counters, consumer);
    }

    /// The connection is over: hands on all that waits, and closes the consumer's state.
    pub fn close<C: Consumer<State = S>>(
        &mut self,
        now: Timestamp,
        counters: &mut TcpCounters,
        consumer: &mut C,
    ) {
        if self.is_waiting() || self.grace.is_some() {
            self.settle(now, Patience::NONE, counters, consumer);
        }
        while self.is_waiting() {
            let before = self.halves[0].position() + self.halves[1].position();
            self.give_up_holes(now, counters, consumer);
            if before == self.halves[0].position() + self.halves[1].position() {
                for direction in [Direction::Forward, Direction::Backward] {
                    self.with_half(direction, counters, consumer, |half, _, counters, sink| {
                        half.give_up_waiting(now, counters, sink);
                    });
                }
            }
        }
        consumer.close(&self.info, self.state.take(), now);
    }

    fn with_half<C: Consumer<State = S>, R>(
        &mut self,
        direction: Direction,
        counters: &mut TcpCounters,
        consumer: &mut C,
        run: impl FnOnce(
            &mut HalfStream,
            &HalfStream,
            &mut TcpCounters,
            &mut dyn FnMut(StreamEvent<'_>),
        ) -> R,
    ) -> R {
        let (info, state, ignored) = (&self.info, &mut self.state, &mut self.ends_ignored);
        let (own, peer) = split(&mut self.halves, direction);
        let gaps = counters.gaps;
        let result = run(own, peer, counters, &mut |event| {
            tell(info, state, ignored, direction, event, consumer);
        });
        self.info.has_gap[direction as usize] |= counters.gaps > gaps;
        result
    }
}

/// Tells the consumer what happened, unless that means nothing to it.
fn tell<C: Consumer>(
    info: &FlowInfo,
    state: &mut Option<Box<C::State>>,
    ends_ignored: &mut [bool; 2],
    direction: Direction,
    event: StreamEvent<'_>,
    consumer: &mut C,
) {
    let ignored = &mut ends_ignored[direction as usize];
    if matches!(event, StreamEvent::End { .. }) && *ignored {
        debug_assert!(state.as_deref().is_none_or(|state| C::ignores_end(state, direction)));
        return;
    }
    consumer.event(info, state, direction, event);
    *ignored = state.as_deref().is_some_and(|state| C::ignores_end(state, direction));
}

/// The half stream of a direction, and that of the other one.
fn split(halves: &mut [HalfStream; 2], direction: Direction) -> (&mut HalfStream, &mut HalfStream) {
    let [forward, backward] = halves;
    match direction {
        Direction::Forward => (forward, backward),
        Direction::Backward => (backward, forward),
    }
}
