//! All connections: one look-up a packet, bounded, oldest first out.

mod lists;
mod sought;

use std::collections::VecDeque;
use std::time::Duration;

use ahash::RandomState;

use self::lists::{Kind, List, Neighbours};
pub use self::sought::Sought;
use super::flow::{Flow, Outcome, Straight};
use super::index::Index;
use super::slots::Slots;
use super::weights::Weights;
use super::{Consumer, FlowKey, TcpCounters};
use crate::cache;
use crate::decode::{Segment, TcpFlags};
use crate::limits::{Limits, Patience};
use crate::time::Timestamp;

/// A hole that no acknowledgment explains is given up after this long: five doublings of the usual
/// first retransmission timeout of 200 to 300 ms (RFC 6298 §5.5).
const HOLE_TIMEOUT: Duration = Duration::from_secs(10);

/// After a RST the connection is kept this long for what the capture delivers late.
const RESET_LINGER: Duration = Duration::from_secs(1);

/// Closed connections kept so that a packet captured twice does not open them again.
const CLOSED_KEPT: usize = 4096;

/// How exact the order of the lists is, in packet time.
const LIST_STEP: Duration = Duration::from_secs(1);

/// Connections that are passed over to find one with which nothing is lost.
const LOOKED_AT: usize = 64;

/// No neighbour in the list.
const NONE: u32 = u32::MAX;

/// Every connection that is tracked. `S` is what the consumer keeps for each.
#[derive(Debug)]
pub struct FlowTable<S> {
    /// Slots by their key, which stands in the slot.
    index: Index,
    hasher: RandomState,
    slots: Slots<Slot<S>>,
    /// Of each slot.
    neighbours: Vec<Neighbours>,
    free: Vec<u32>,
    established: List,
    embryonic: List,
    closed: VecDeque<Ticket>,
    resets: VecDeque<Ticket>,
    holes: VecDeque<Ticket>,
    graces: VecDeque<Ticket>,
    waiting_octets: usize,
    next_number: u64,
    weights: Weights,
    /// Connections tracked at once: as many as a third of the memory can hold, with their state.
    capacity: usize,
    limits: Limits,
    /// What was counted.
    pub counters: TcpCounters,
}

/// Octets that a connection may hold in which nothing is due: who holds no more is not who used up
/// the memory.
const LIGHT: usize = 4 << 10;

/// Octets that one with a request that waits for its answer may hold: no usual server takes a
/// longer header.
const LIGHT_WAITING: usize = 32 << 10;

/// Octets that a connection takes beside its slot and its state: up to 22 in the index, its neighbours, what
/// the state shares with its exchanges, and those to which an allocator rounds up.
const BESIDE: usize = 224;

/// A reminder to look at a flow again, unless it has been replaced since.
#[derive(Debug, Clone, Copy)]
struct Ticket {
    slot: u32,
    number: u64,
    due: Timestamp,
}

#[derive(Debug)]
struct Slot<S> {
    flow: Option<Flow<S>>,
    /// When it took its place in the list.
    linked: Timestamp,
    kind: Kind,
    in_holes: bool,
    /// It was passed over when there was no room, since it was last active.
    spared: bool,
}

impl<S> Slot<S> {
    /// Asks for its memory.
    #[inline]
    fn fetch(&self) {
        cache::fetch(&self.flow);
        cache::fetch(&self.linked);
        cache::fetch(&self.kind);
    }

    fn key(&self) -> Option<FlowKey> {
        self.flow.as_ref().map(|flow| flow.info.key())
    }

    /// Whether the flow has got payload since it took its place in the list.
    fn is_promoted(&self) -> bool {
        self.kind == Kind::Embryonic && self.flow.as_ref().is_some_and(|flow| flow.has_payload)
    }

    /// Whether its place in the list is to be renewed when the flow is active now. The place is right
    /// to within [`LIST_STEP`]: to move it at each packet would touch its neighbours' memory at each packet.
    #[inline]
    fn is_to_move(&self, now: Timestamp) -> bool {
        self.kind != Kind::Closed && (now >= self.linked + LIST_STEP || self.is_promoted())
    }
}

/// Octets that a connection holds; 0 where that is no more than any may.
fn weight<C: Consumer>(flow: &Flow<C::State>) -> usize {
    let state = flow.state.as_ref();
    let held = flow.waiting_octets() + state.map_or(0, |state| C::memory(state));
    let awaits = state.is_some_and(|state| C::awaits(state));
    if held > if awaits { LIGHT_WAITING } else { LIGHT } { held } else { 0 }
}

impl<S> FlowTable<S> {
    /// With no connections.
    pub fn new(limits: &Limits) -> Self {
        Self {
            index: Index::default(),
            hasher: RandomState::new(),
            slots: Slots::new(),
            neighbours: Vec::new(),
            free: Vec::new(),
            established: List::EMPTY,
            embryonic: List::EMPTY,
            closed: VecDeque::new(),
            resets: VecDeque::new(),
            holes: VecDeque::new(),
            graces: VecDeque::new(),
            waiting_octets: 0,
            next_number: 1,
            weights: Weights::default(),
            capacity: (limits.memory / 3 / (size_of::<Slot<S>>() + size_of::<S>() + BESIDE))
                .clamp(1, limits.flows),
            limits: limits.clone(),
            counters: TcpCounters::default(),
        }
    }

    /// From now on, acknowledged octets may come so late.
    pub fn set_patience(&mut self, patience: Patience) {
        self.limits.patience = patience;
    }

    /// Connections tracked now.
    pub fn len(&self) -> usize {
        self.established.len + self.embryonic.len
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Octets of segments that wait out of order.
    pub fn waiting_octets(&self) -> usize {
        self.waiting_octets
    }

    /// Heap octets held by the table and by segments that wait (an estimate from capacities).
    pub fn memory(&self) -> usize {
        let neighbours = self.neighbours.capacity() * size_of::<Neighbours>();
        let places = self.slots.memory() + neighbours + self.index.memory();
        self.waiting_octets + places + self.weights.memory()
    }

    /// Takes in one segment.
    #[inline]
    pub fn push<C: Consumer<State = S>>(&mut self, segment: &Segment<'_>, consumer: &mut C) {
        self.push_beginning(segment, 0, consumer);
    }

    /// Takes in the segment of which the connection was sought.
    #[inline]
    pub fn push_sought<C: Consumer<State = S>>(
        &mut self,
        segment: &Segment<'_>,
        sought: &Sought,
        consumer: &mut C,
    ) {
        self.take_in(segment, sought, 0, consumer);
    }

    /// Takes in a segment with `unread` octets behind its payload that were not read, if the consumer has
    /// enough without them. Returns whether it has, as without any; if not, nothing has changed.
    pub fn push_beginning<C: Consumer<State = S>>(
        &mut self,
        segment: &Segment<'_>,
        unread: u32,
        consumer: &mut C,
    ) -> bool {
        let sought = self.seek(segment);
        self.take_in(segment, &sought, unread, consumer)
    }

    #[inline]
    fn take_in<C: Consumer<State = S>>(
        &mut self,
        segment: &Segment<'_>,
        sought: &Sought,
        unread: u32,
        consumer: &mut C,
    ) -> bool {
        let known = self.find(segment, sought);
        if let Some(slot) = known
            && let Some(entry) = self.slots.get_mut(slot)
            && entry.kind != Kind::Closed
            && let Some(flow) = &mut entry.flow
        {
            let direction = flow.direction(sought.source_is_low);
            let straight = flow.push_next(direction, segment, unread, consumer);
            if straight == Straight::Told {
                self.weights.set(slot, weight::<C>(flow));
            }
            if straight != Straight::No {
                if entry.is_to_move(segment.timestamp) {
                    self.touch(slot, segment.timestamp);
                }
                return true;
            }
        }
        if unread == 0 {
            self.push_any(known, sought, segment, consumer);
        }
        unread == 0
    }

    /// Takes in a segment of whatever kind. `known`: the slot that its key was found in.
    #[inline(never)]
    fn push_any<C: Consumer<State = S>>(
        &mut self,
        known: Option<u32>,
        sought: &Sought,
        segment: &Segment<'_>,
        consumer: &mut C,
    ) {
        let Some(slot) = self.find_or_begin(known, sought, segment, consumer) else {
            return;
        };
        let Some(entry) = self.slots.get_mut(slot) else { return };
        let Some(flow) = &mut entry.flow else { return };
        let was_waiting = flow.waiting_octets();
        let had_grace = flow.grace.is_some();
        let direction = flow.direction(sought.source_is_low);
        let outcome = flow.push(direction, segment, &self.limits, &mut self.counters, consumer);
        self.waiting_octets = self.waiting_octets + flow.waiting_octets() - was_waiting;
        let number = flow.info.number;
        let ticket = |due| Ticket { slot, number, due };
        if flow.grace.is_some() && !had_grace {
            self.graces.push_back(ticket(segment.timestamp + self.limits.patience.time));
        }
        self.weights.set(slot, weight::<C>(flow));
        if flow.is_waiting() && !entry.in_holes {
            entry.in_holes = true;
            self.holes.push_back(ticket(segment.timestamp + HOLE_TIMEOUT));
        }
        if entry.is_to_move(segment.timestamp) {
            self.touch(slot, segment.timestamp);
        }
        if self.waiting_octets > self.limits.memory / 6 {
            self.relieve(segment.timestamp, consumer);
        }
        match outcome {
            Outcome::Open => {}
            Outcome::Closed => self.retire(slot, segment.timestamp, consumer),
            Outcome::Reset => self.resets.push_back(ticket(segment.timestamp + RESET_LINGER)),
        }
    }

    /// The slot of the segment's connection: found, replaced or new. `None` when there is nothing
    /// to track: a packet without payload of a connection that is not known, or over.
    fn find_or_begin<C: Consumer<State = S>>(
        &mut self,
        known: Option<u32>,
        sought: &Sought,
        segment: &Segment<'_>,
        consumer: &mut C,
    ) -> Option<u32> {
        let carries = !segment.payload.is_empty() || segment.cut > 0;
        if let Some(slot) = known {
            let flow = self.slots.get(slot)?.flow.as_ref()?;
            let direction = flow.direction(sought.source_is_low);
            let replaced = flow.is_replaced_by(direction, segment);
            let half = &flow.halves[direction as usize];
            let new = |position: i64| u64::try_from(position).is_ok_and(|p| half.is_new(p));
            let reopened = self.slots[slot].kind == Kind::Closed
                && carries
                && half.position_of(segment.sequence).is_none_or(new);
            if !replaced && !reopened {
                // The last ACK, or a FIN once more.
                let is_over = self.slots[slot].kind == Kind::Closed && flow.is_over();
                return if is_over && !carries { None } else { Some(slot) };
            }
            self.remove(slot, segment.timestamp, consumer);
        }
        if !carries && !segment.flags.has(TcpFlags::SYN) {
            return None;
        }
        Some(self.insert(sought, segment, consumer))
    }

    fn insert<C: Consumer<State = S>>(
        &mut self,
        sought: &Sought,
        segment: &Segment<'_>,
        consumer: &mut C,
    ) -> u32 {
        if self.embryonic.len >= (self.capacity / 4).max(1) {
            self.counters.flow_limit += 1;
            self.remove(self.embryonic.oldest, segment.timestamp, consumer);
        } else if self.len() >= self.capacity {
            self.counters.flow_limit += 1;
            let victim = self.victim::<C>();
            self.remove(victim, segment.timestamp, consumer);
        }
        let flow = Flow::new(sought.source_is_low, self.next_number, segment);
        self.next_number += 1;
        self.counters.flows += 1;
        self.counters.midstream_flows += u64::from(flow.info.midstream);
        let slot = Slot {
            flow: Some(flow),
            linked: segment.timestamp,
            kind: Kind::Embryonic,
            in_holes: false,
            spared: false,
        };
        let number = if let Some(number) = self.free.pop() {
            self.slots[number] = slot;
            number
        } else {
            self.neighbours.push(Neighbours { newer: NONE, older: NONE });
            self.slots.push(slot)
        };
        self.index.insert(sought.hash, number);
        self.link(number);
        number
    }

    /// Both sides have closed: the consumer lets go, the key stays for a while.
    fn retire<C: Consumer<State = S>>(&mut self, slot: u32, now: Timestamp, consumer: &mut C) {
        if self.slots[slot].kind == Kind::Closed {
            return;
        }
        self.unlink(slot);
        let entry = &mut self.slots[slot];
        entry.kind = Kind::Closed;
        if let Some(flow) = &mut entry.flow {
            let waited = flow.waiting_octets();
            flow.close(now, &mut self.counters, consumer);
            self.waiting_octets -= waited;
            let number = flow.info.number;
            self.closed.push_back(Ticket { slot, number, due: now + self.limits.flow_closed });
        }
        while self.closed.len() > CLOSED_KEPT {
            self.drop_oldest_closed();
        }
    }

    fn drop_oldest_closed(&mut self) {
        if let Some(ticket) = self.closed.pop_front()
            && self.is_current(ticket)
        {
            self.forget(ticket.slot);
        }
    }

    fn is_current(&self, ticket: Ticket) -> bool {
        let flow = self.slots.get(ticket.slot).and_then(|slot| slot.flow.as_ref());
        flow.is_some_and(|flow| flow.info.number == ticket.number)
    }

    /// Frees a slot that is in no list any more.
    fn forget(&mut self, slot: u32) {
        let Some(key) = self.slots[slot].key() else { return };
        self.slots[slot].flow = None;
        self.index.remove(self.hasher.hash_one(key), slot);
        self.free.push(slot);
    }

    /// Ends a connection for good.
    fn remove<C: Consumer<State = S>>(&mut self, slot: u32, now: Timestamp, consumer: &mut C) {
        if slot == NONE {
            return;
        }
        if self.slots[slot].kind != Kind::Closed {
            self.unlink(slot);
            if let Some(flow) = &mut self.slots[slot].flow {
                self.waiting_octets -= flow.waiting_octets();
                flow.close(now, &mut self.counters, consumer);
            }
        }
        self.forget(slot);
    }

    /// Ends one connection to make room for what the others hold: a heavy one; else half-open ones
    /// while they are most; else the one with which least is lost. `false` when there is none.
    pub fn drop_oldest<C: Consumer<State = S>>(
        &mut self,
        now: Timestamp,
        consumer: &mut C,
    ) -> bool {
        let victim = match self.heavy::<C>() {
            Some(heavy) => heavy,
            None if self.embryonic.len > self.established.len => self.embryonic.oldest,
            None => self.victim::<C>(),
        };
        self.remove(victim, now, consumer);
        victim != NONE
    }

    /// The connection that was silent longest; but one in which an answer is due is passed over once
    /// for those with which nothing is lost.
    fn victim<C: Consumer<State = S>>(&mut self) -> u32 {
        for _ in 0..LOOKED_AT {
            let oldest = self.established.oldest;
            let Some(entry) = self.slots.get_mut(oldest) else { break };
            let state = entry.flow.as_ref().and_then(|flow| flow.state.as_ref());
            if entry.spared || !state.is_some_and(|state| C::awaits(state)) {
                break;
            }
            entry.spared = true;
            self.unlink(oldest);
            self.link(oldest);
        }
        self.established.oldest
    }

    /// A connection that holds more than an exchange needs.
    fn heavy<C: Consumer<State = S>>(&mut self) -> Option<u32> {
        let slots = &self.slots;
        self.weights.take_heaviest(|slot| {
            let flow = slots.get(slot).and_then(|entry| entry.flow.as_ref());
            flow.map_or(0, weight::<C>)
        })
    }

    /// Gives up the oldest holes while all connections together hold too much.
    fn relieve<C: Consumer<State = S>>(&mut self, now: Timestamp, consumer: &mut C) {
        while self.waiting_octets > self.limits.memory / 6 {
            let Some(ticket) = self.holes.pop_front() else { break };
            if self.is_current(ticket) {
                self.counters.memory_limit += 1;
                self.give_up_holes(ticket, now, consumer);
            }
        }
    }

    fn give_up_holes<C: Consumer<State = S>>(
        &mut self,
        ticket: Ticket,
        now: Timestamp,
        consumer: &mut C,
    ) {
        let entry = &mut self.slots[ticket.slot];
        entry.in_holes = false;
        let Some(flow) = &mut entry.flow else { return };
        let before = flow.waiting_octets();
        flow.give_up_holes(now, &mut self.counters, consumer);
        self.waiting_octets = self.waiting_octets + flow.waiting_octets() - before;
        if flow.is_waiting() {
            entry.in_holes = true;
            self.holes.push_back(Ticket { due: now + HOLE_TIMEOUT, ..ticket });
        }
    }

    /// Packet time has come this far: what has waited or been silent too long is given up.
    pub fn advance<C: Consumer<State = S>>(&mut self, now: Timestamp, consumer: &mut C) {
        while let Some(ticket) = due(&mut self.graces, now) {
            if self.is_current(ticket)
                && let Some(flow) = &mut self.slots[ticket.slot].flow
                && let Some(until) = flow.grace_until(self.limits.patience)
            {
                if until > now {
                    self.graces.push_back(Ticket { due: until, ..ticket });
                    continue;
                }
                let before = flow.waiting_octets();
                flow.settle(now, Patience::NONE, &mut self.counters, consumer);
                self.waiting_octets = self.waiting_octets + flow.waiting_octets() - before;
            }
        }
        while let Some(ticket) = due(&mut self.resets, now) {
            let flow = self.slots.get(ticket.slot).and_then(|slot| slot.flow.as_ref());
            if self.is_current(ticket) && flow.is_some_and(Flow::is_reset) {
                self.retire(ticket.slot, now, consumer);
            }
        }
        while let Some(ticket) = due(&mut self.holes, now) {
            if self.is_current(ticket) {
                let flow = self.slots[ticket.slot].flow.as_ref();
                if flow.is_some_and(Flow::is_waiting) {
                    self.give_up_holes(ticket, now, consumer);
                } else {
                    self.slots[ticket.slot].in_holes = false;
                }
            }
        }
        while self.closed.front().is_some_and(|ticket| ticket.due <= now) {
            self.drop_oldest_closed();
        }
        for kind in [Kind::Embryonic, Kind::Established] {
            loop {
                let oldest = self.list(kind).map_or(NONE, |list| list.oldest);
                let flow = self.slots.get(oldest).and_then(|slot| slot.flow.as_ref());
                let idle = |flow: &Flow<S>| now.since(flow.last_seen) > self.limits.flow_idle;
                if !flow.is_some_and(idle) {
                    break;
                }
                self.remove(oldest, now, consumer);
            }
        }
    }

    /// The input has ended: every connection is, in the order in which they began.
    pub fn finish<C: Consumer<State = S>>(&mut self, now: Timestamp, consumer: &mut C) {
        let mut open: Vec<(u64, u32)> = (0_u32..)
            .zip(self.slots.iter())
            .filter_map(|(slot, entry)| Some((entry.flow.as_ref()?.info.number, slot)))
            .collect();
        open.sort_unstable();
        for (_, slot) in open {
            self.remove(slot, now, consumer);
        }
    }
}

fn due(queue: &mut VecDeque<Ticket>, now: Timestamp) -> Option<Ticket> {
    if queue.front()?.due <= now { queue.pop_front() } else { None }
}
