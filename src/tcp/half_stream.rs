//! Reassembly of one direction (RFC 9293 §3.4): what was sent, in order, first octets first.
//!
//! Invariants:
//! - everything before `position` has been handed on, as data or as a gap;
//! - the waiting segments begin at or after `position`, do not overlap, and are in order;
//! - `position` never decreases, and never passes the FIN.

use std::collections::BTreeMap;
use std::num::NonZeroU64;

use super::{Data, GapCause, StreamEvent, TcpCounters};
use crate::limits::Limits;
use crate::time::Timestamp;

/// Where positions of a stream joined in its middle begin: room for what turns out to be earlier.
pub const MIDSTREAM_ORIGIN: u64 = 1 << 32;

/// A jump of sequence numbers that no window allows (RFC 7323 §2.3: windows stay below 2^30).
const IMPLAUSIBLE_JUMP: i64 = 1 << 30;

/// Segments that wait for the start of a stream joined in its middle to become clear.
const MIDSTREAM_WAIT: usize = 8;

/// One direction of a connection.
#[derive(Debug)]
pub struct HalfStream {
    /// Sequence number of `position`.
    sequence: u32,
    /// Position of the next octet to hand on.
    position: u64,
    /// Initial sequence number, when the SYN was seen.
    initial: u32,
    has_initial: bool,
    /// Up to where the peer acknowledged.
    acknowledged: u64,
    /// Position after the FIN, which takes one itself.
    after_fin: Option<NonZeroU64>,
    phase: Phase,
    waiting: Option<Box<Waiting>>,
    /// IP identification and sequence number of the last segment: tells a packet captured twice
    /// from one sent twice.
    last_identification: u16,
    last_sequence: u32,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    /// Nothing seen.
    Unseen,
    /// Joined in mid-stream; which octet comes first is not clear yet.
    Undetermined,
    /// Handing on.
    Open,
    /// FIN handed on.
    Ended,
}

/// Segments that arrived before an earlier one.
#[derive(Debug, Default)]
struct Waiting {
    segments: BTreeMap<u64, Early>,
    octets: usize,
}

#[derive(Debug)]
struct Early {
    octets: Box<[u8]>,
    cut: u32,
    timestamp: Timestamp,
    acknowledged: Option<u64>,
}

impl Early {
    fn length(&self) -> u64 {
        self.octets.len() as u64 + u64::from(self.cut)
    }
}

/// The payload of one segment as it is taken in.
#[derive(Debug, Clone, Copy)]
pub struct Payload<'a> {
    /// Sequence number of its first octet.
    pub sequence: u32,
    /// IP identification.
    pub identification: u16,
    /// The captured octets.
    pub octets: &'a [u8],
    /// Octets after them that the snap length cut.
    pub cut: u32,
    /// Capture time.
    pub timestamp: Timestamp,
    /// See [`Data::acknowledged`].
    pub acknowledged: Option<u64>,
}

impl HalfStream {
    /// With nothing seen.
    pub const fn new() -> Self {
        Self {
            sequence: 0,
            position: 0,
            initial: 0,
            has_initial: false,
            acknowledged: 0,
            after_fin: None,
            phase: Phase::Unseen,
            waiting: None,
            last_identification: 0,
            last_sequence: 0,
        }
    }

    /// Whether any payload, SYN or FIN of this direction was seen.
    pub fn is_seen(&self) -> bool {
        self.phase != Phase::Unseen
    }

    /// Whether its FIN was handed on.
    pub fn is_ended(&self) -> bool {
        self.phase == Phase::Ended
    }

    /// Position of the next octet to hand on.
    pub fn position(&self) -> u64 {
        self.position
    }

    /// Octets that wait out of order.
    pub fn waiting_octets(&self) -> usize {
        self.waiting.as_ref().map_or(0, |waiting| waiting.octets)
    }

    /// Whether segments wait.
    pub fn is_waiting(&self) -> bool {
        self.waiting.is_some()
    }

    /// Whether nothing waits, is missing or has ended.
    #[inline]
    pub fn is_steady(&self) -> bool {
        self.phase == Phase::Open
            && self.waiting.is_none()
            && self.after_fin.is_none()
            && self.acknowledged <= self.position
    }

    /// Whether this is the sequence number of the next octet.
    #[inline]
    pub fn is_next(&self, sequence: u32) -> bool {
        sequence == self.sequence
    }

    /// The peer acknowledged what has been handed on, up to the position that is returned; `None`,
    /// and nothing changes, when it acknowledged anything else.
    #[inline]
    pub fn acknowledge_seen(&mut self, sequence: u32) -> Option<u64> {
        let behind = self.sequence.wrapping_sub(sequence);
        let position = self.position.checked_sub(u64::from(behind))?;
        if behind > i32::MAX as u32 {
            return None;
        }
        self.acknowledged = self.acknowledged.max(position);
        Some(position)
    }

    /// Goes on behind so many next octets of a steady stream, for whom has them to hand on.
    #[inline]
    pub fn push_next(&mut self, identification: u16, length: usize) {
        self.last_identification = identification;
        self.last_sequence = self.sequence;
        self.skip(length as u64);
    }

    /// Goes on behind so many octets.
    #[inline]
    pub fn skip(&mut self, length: u64) {
        self.skip_to(self.position + length);
    }

    /// Whether the peer acknowledged octets that were never seen.
    pub fn is_acknowledged_unseen(&self) -> bool {
        self.phase == Phase::Open && self.acknowledged > self.position && self.fin_allows_more()
    }

    /// Whether this is the sequence number of the last octet that the peer has acknowledged.
    pub fn is_last_acknowledged(&self, sequence: u32) -> bool {
        self.position_of(sequence.wrapping_add(1))
            .is_some_and(|position| u64::try_from(position) == Ok(self.acknowledged))
    }

    /// Whether everything before this position was handed on: then what was sent in answer to it may
    /// be handed on too. Nothing is known of a stream that was not seen.
    pub fn has_reached(&self, position: Option<u64>) -> bool {
        match self.phase {
            Phase::Unseen | Phase::Ended => true,
            Phase::Undetermined => position.is_none_or(|p| p <= self.lowest_position()),
            Phase::Open => position.is_none_or(|p| p <= self.position) || !self.fin_allows_more(),
        }
    }

    /// Position of the FIN.
    fn fin(&self) -> Option<u64> {
        self.after_fin.map(|after| after.get() - 1)
    }

    fn fin_allows_more(&self) -> bool {
        // The FIN occupies one sequence number, which is acknowledged but is no octet.
        self.fin().is_none_or(|fin| self.position < fin)
    }

    /// Position of a sequence number, relative to what is known; `None` when nothing is.
    pub fn position_of(&self, sequence: u32) -> Option<i64> {
        self.is_seen()
            .then(|| self.position as i64 + i64::from(sequence.wrapping_sub(self.sequence) as i32))
    }

    /// Whether octets at this position are new: on a finished stream they are another connection's.
    pub fn is_new(&self, position: u64) -> bool {
        position >= self.position
    }

    /// Whether this sequence number cannot belong to the stream that was seen so far.
    pub fn is_implausible(&self, sequence: u32) -> bool {
        self.position_of(sequence)
            .is_some_and(|position| (position - self.position as i64).abs() >= IMPLAUSIBLE_JUMP)
    }

    /// A SYN was seen. A late one (its data came first) changes nothing.
    pub fn open(&mut self, initial: u32) {
        (self.initial, self.has_initial) = (initial, true);
        if self.phase == Phase::Unseen {
            self.phase = Phase::Open;
            self.sequence = initial.wrapping_add(1);
            self.position = 0;
        }
    }

    /// Whether a SYN with this sequence number belongs to the stream seen so far: repeated, or
    /// captured after the data that followed it.
    pub fn accepts_syn(&self, initial: u32) -> bool {
        match (self.has_initial.then_some(self.initial), self.phase) {
            (_, Phase::Unseen) => true,
            (Some(known), _) => known == initial,
            (None, _) => {
                // Data seen before its own SYN begins right after it.
                let start = self.lowest_position();
                self.position_of(initial.wrapping_add(1)).is_some_and(|p| p == start as i64)
            }
        }
    }

    fn lowest_position(&self) -> u64 {
        self.waiting
            .as_ref()
            .and_then(|waiting| waiting.segments.keys().next().copied())
            .map_or(MIDSTREAM_ORIGIN, |first| first.min(MIDSTREAM_ORIGIN))
    }

    /// The peer acknowledged everything before this sequence number.
    pub fn acknowledge(&mut self, sequence: u32) {
        if let Some(position) = self.position_of(sequence) {
            let position = u64::try_from(position).unwrap_or(0);
            // RFC 9293 §3.10.7.4: an ACK for something far beyond what was sent is not one.
            if position > self.acknowledged && position < self.position + (1 << 30) {
                self.acknowledged = position;
            }
        }
    }

    /// A FIN was seen at this sequence number.
    pub fn finish_at(&mut self, sequence: u32) {
        if self.phase == Phase::Unseen {
            self.sequence = sequence;
            self.position = MIDSTREAM_ORIGIN;
            self.phase = Phase::Open;
        }
        if self.after_fin.is_none() {
            let position = self.position_of(sequence).and_then(|p| u64::try_from(p).ok());
            let position = position.filter(|&position| position >= self.position);
            self.after_fin = position.and_then(|fin| NonZeroU64::new(fin.saturating_add(1)));
        }
    }

    /// Takes in a payload. It is handed on if it is next and if `peer`, the other direction, has
    /// reached what it acknowledges; else it waits.
    pub fn push(
        &mut self,
        payload: Payload<'_>,
        peer: &Self,
        starts_message: bool,
        limits: &Limits,
        counters: &mut TcpCounters,
        mut sink: impl FnMut(StreamEvent<'_>),
    ) {
        if self.phase == Phase::Unseen {
            self.sequence = payload.sequence;
            self.position = MIDSTREAM_ORIGIN;
            self.phase = if starts_message { Phase::Open } else { Phase::Undetermined };
        }
        let duplicate = payload.sequence == self.last_sequence
            && payload.identification == self.last_identification
            && payload.identification != 0;
        self.last_identification = payload.identification;
        self.last_sequence = payload.sequence;
        let length = payload.octets.len() as u64 + u64::from(payload.cut);
        let Some(start) = self.position_of(payload.sequence) else { return };
        let undetermined = self.phase == Phase::Undetermined;
        let floor = if undetermined { 0 } else { self.position };
        let end = u64::try_from(start.saturating_add_unsigned(length)).unwrap_or(0);
        if end <= floor || self.phase == Phase::Ended {
            if duplicate {
                counters.duplicate_packets += 1;
            } else {
                counters.retransmitted += 1;
            }
            return;
        }
        let skip = floor.saturating_sub(u64::try_from(start).unwrap_or(0)).min(length) as usize;
        let begin = u64::try_from(start).unwrap_or(0).max(floor);
        let blocked = !peer.has_reached(payload.acknowledged);
        let in_order = begin == self.position && !undetermined && !blocked;
        if in_order && self.waiting.is_none() {
            let octets = payload.octets.get(skip..).unwrap_or_default();
            let cut = u64::from(payload.cut)
                .saturating_sub((skip as u64).saturating_sub(payload.octets.len() as u64));
            self.hand_on(octets, cut, payload.timestamp, payload.acknowledged, counters, &mut sink);
            self.end_if_reached(payload.timestamp, &mut sink);
            return;
        }
        if begin > self.position && !undetermined && !blocked {
            counters.out_of_order += 1;
        }
        self.keep(&payload, skip, begin, counters);
        if in_order {
            self.drain(Some(peer), payload.timestamp, counters, &mut sink);
        } else if undetermined && (starts_message || self.waiting_count() > MIDSTREAM_WAIT) {
            self.determine(Some(peer), payload.timestamp, counters, &mut sink);
        } else if self.waiting_octets() > limits.reassembly_per_direction
            || self.waiting_count() > limits.segments_per_direction
        {
            counters.reassembly_limit += 1;
            self.give_up_hole(payload.timestamp, counters, &mut sink);
            self.drain(None, payload.timestamp, counters, &mut sink);
        }
    }

    fn waiting_count(&self) -> usize {
        self.waiting.as_ref().map_or(0, |waiting| waiting.segments.len())
    }

    /// Hands on octets at `position`, and the gap that the snap length left behind them.
    fn hand_on(
        &mut self,
        octets: &[u8],
        cut: u64,
        timestamp: Timestamp,
        acknowledged: Option<u64>,
        counters: &mut TcpCounters,
        sink: &mut impl FnMut(StreamEvent<'_>),
    ) {
        let position = self.position;
        self.skip_to(position + octets.len() as u64 + cut);
        if !octets.is_empty() {
            sink(StreamEvent::Data(Data { octets, position, timestamp, acknowledged }));
        }
        if cut > 0 {
            counters.gaps += 1;
            counters.gap_octets += cut;
            sink(StreamEvent::Gap { length: cut, cause: GapCause::SnapLength, timestamp });
        }
    }

    fn skip_to(&mut self, position: u64) {
        self.sequence = self.sequence.wrapping_add((position - self.position) as u32);
        self.position = position;
    }

    /// Keeps what of the payload is not there yet. First octets win; others are compared.
    fn keep(&mut self, payload: &Payload<'_>, skip: usize, begin: u64, counters: &mut TcpCounters) {
        let waiting = self.waiting.get_or_insert_default();
        let mut octets = payload.octets.get(skip..).unwrap_or_default();
        let mut cut = payload.cut;
        let mut at = begin;
        let mut conflict = false;
        if let Some((&start, early)) = waiting.segments.range(..=at).next_back() {
            let overlap = (start + early.length()).saturating_sub(at);
            if overlap > 0 {
                let from = (at - start) as usize;
                let held = early.octets.get(from..).unwrap_or_default();
                conflict |= differs(held, octets);
                let advance = (overlap as usize).min(octets.len());
                cut = cut.saturating_sub((overlap - advance as u64) as u32);
                at += overlap;
                octets = &octets[advance..];
            }
        }
        while !octets.is_empty() || cut > 0 {
            let next = waiting.segments.range(at..).next();
            let (room, next_length) = match next {
                Some((&start, early)) => {
                    let from = (start - at) as usize;
                    if let Some(ours) = octets.get(from..) {
                        conflict |= differs(&early.octets, ours);
                    }
                    (start - at, early.length())
                }
                None => (u64::MAX, 0),
            };
            let take = octets.len().min(usize::try_from(room).unwrap_or(usize::MAX));
            let cut_here = u64::from(cut).min(room - take as u64) as u32;
            let cut_here = if take == octets.len() { cut_here } else { 0 };
            if take > 0 || cut_here > 0 {
                waiting.octets += take;
                let early = Early {
                    octets: octets[..take].into(),
                    cut: cut_here,
                    timestamp: payload.timestamp,
                    acknowledged: payload.acknowledged,
                };
                waiting.segments.insert(at, early);
            }
            if next_length == 0 {
                break;
            }
            let passed = room + next_length;
            let used = usize::try_from(passed).unwrap_or(usize::MAX).min(octets.len());
            let beyond = passed - used as u64;
            octets = &octets[used..];
            cut = u64::from(cut).saturating_sub(beyond) as u32;
            at += passed;
        }
        if conflict {
            counters.overlap_conflicts += 1;
        }
    }

    /// Hands on what waits right at `position`, as far as `peer` has reached what it acknowledges.
    fn drain(
        &mut self,
        peer: Option<&Self>,
        now: Timestamp,
        counters: &mut TcpCounters,
        sink: &mut impl FnMut(StreamEvent<'_>),
    ) {
        while let Some(waiting) = &mut self.waiting {
            let Some(first) = waiting.segments.first_entry() else {
                self.waiting = None;
                break;
            };
            if *first.key() > self.position {
                break;
            }
            let stale = *first.key() < self.position;
            if !stale && peer.is_some_and(|peer| !peer.has_reached(first.get().acknowledged)) {
                break;
            }
            let early = first.remove();
            waiting.octets -= early.octets.len();
            if waiting.segments.is_empty() {
                self.waiting = None;
            }
            if stale {
                continue;
            }
            let cut = u64::from(early.cut);
            let (at, acknowledged) = (early.timestamp, early.acknowledged);
            self.hand_on(&early.octets, cut, at, acknowledged, counters, sink);
        }
        self.end_if_reached(now, sink);
    }

    fn end_if_reached(&mut self, now: Timestamp, sink: &mut impl FnMut(StreamEvent<'_>)) {
        if self.phase == Phase::Open && self.fin().is_some_and(|fin| self.position >= fin) {
            self.phase = Phase::Ended;
            self.waiting = None;
            sink(StreamEvent::End { timestamp: now });
        }
    }

    /// The start of a stream joined in its middle is what came first so far.
    fn determine(
        &mut self,
        peer: Option<&Self>,
        now: Timestamp,
        counters: &mut TcpCounters,
        sink: &mut impl FnMut(StreamEvent<'_>),
    ) {
        if self.phase != Phase::Undetermined {
            return;
        }
        self.phase = Phase::Open;
        let first = self.waiting.as_ref().and_then(|w| w.segments.keys().next().copied());
        if let Some(first) = first {
            let back = self.position as i64 - first as i64;
            self.sequence = self.sequence.wrapping_sub(back as u32);
            self.position = first;
        }
        self.drain(peer, now, counters, sink);
    }

    /// Hands on what only waited for the other direction, or for its FIN. Returns whether there was any.
    pub fn release(
        &mut self,
        peer: &Self,
        now: Timestamp,
        counters: &mut TcpCounters,
        mut sink: impl FnMut(StreamEvent<'_>),
    ) -> bool {
        let before = (self.position, self.phase);
        if self.phase == Phase::Undetermined && self.acknowledged > self.lowest_position() {
            self.determine(Some(peer), now, counters, &mut sink);
        } else if self.phase == Phase::Open {
            self.drain(Some(peer), now, counters, &mut sink);
        }
        before != (self.position, self.phase)
    }

    /// Octets that the peer acknowledged and that were never captured are a gap. Returns whether
    /// there were any.
    pub fn give_up_acknowledged(
        &mut self,
        now: Timestamp,
        counters: &mut TcpCounters,
        mut sink: impl FnMut(StreamEvent<'_>),
    ) -> bool {
        if !self.is_acknowledged_unseen() {
            return false;
        }
        let first = self.waiting.as_ref().and_then(|w| w.segments.keys().next().copied());
        let bounds = [first, self.fin()].into_iter().flatten();
        let until = bounds.fold(self.acknowledged, u64::min);
        if until <= self.position {
            return false;
        }
        self.gap_until(until, now, counters, &mut sink);
        true
    }

    /// The first hole will not be filled: it is a gap.
    pub fn give_up_hole(
        &mut self,
        now: Timestamp,
        counters: &mut TcpCounters,
        mut sink: impl FnMut(StreamEvent<'_>),
    ) {
        if self.phase == Phase::Undetermined {
            self.determine(None, now, counters, &mut sink);
        } else if self.phase == Phase::Open {
            let first = self.waiting.as_ref().and_then(|w| w.segments.keys().next().copied());
            let until = first.or(self.fin()).filter(|&until| until > self.position);
            if let Some(until) = until {
                self.gap_until(until, now, counters, &mut sink);
            }
        }
    }

    /// The connection is over: what waits is handed on whatever it waits for.
    pub fn give_up_waiting(
        &mut self,
        now: Timestamp,
        counters: &mut TcpCounters,
        mut sink: impl FnMut(StreamEvent<'_>),
    ) {
        self.give_up_hole(now, counters, &mut sink);
        self.drain(None, now, counters, &mut sink);
    }

    fn gap_until(
        &mut self,
        until: u64,
        now: Timestamp,
        counters: &mut TcpCounters,
        sink: &mut impl FnMut(StreamEvent<'_>),
    ) {
        let length = until - self.position;
        self.skip_to(until);
        counters.gaps += 1;
        counters.gap_octets += length;
        sink(StreamEvent::Gap { length, cause: GapCause::Lost, timestamp: now });
    }
}

/// Whether two views of the same octets disagree where both have them.
fn differs(held: &[u8], ours: &[u8]) -> bool {
    let common = held.len().min(ours.len());
    held[..common] != ours[..common]
}
