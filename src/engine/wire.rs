//! From frames to exchanges: everything before the question why.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::Found;
use crate::capture::{AT_ONCE, Beginning, Frame};
use crate::counters::{Counters, Limit};
use crate::decode::{self, Decoded, Decoder, Segment};
use crate::exchange::Exchange;
use crate::exchange::conversation::{Context, Conversation};
use crate::exchange::proxy_protocol::{self, Preamble};
use crate::exchange::under_way::UnderWay;
use crate::http::h1::Repeats;
use crate::http::h1::sniff::{self, Looks};
use crate::http::h2;
use crate::limits::{Limits, Patience};
use crate::tcp::{
    Consumer, Data, Direction, FlowInfo, FlowTable, Sought, StreamEvent, TcpCounters,
};
use crate::time::Timestamp;

/// Packet time passes in steps of this: no timeout of the core is shorter.
const TICK: std::time::Duration = std::time::Duration::from_millis(5);

/// Packets that are so much older than one before them do not come in order, and for so long more of them
/// are expected: several capture queues, or files that were merged.
const DISORDER: std::time::Duration = std::time::Duration::from_millis(1);
const DISORDERLY: std::time::Duration = std::time::Duration::from_secs(10);

/// Ports of connections that are not HTTP: enough to tell the user what else is there.
const OTHER_PORTS: usize = 1024;

/// Decoding, reassembly, parsing and pairing, of all connections.
#[derive(Debug)]
pub struct Wire {
    decoder: Decoder,
    flows: FlowTable<Conversation>,
    reader: Reader,
    /// Octets that connections may buffer.
    memory: usize,
    now: Timestamp,
    next_tick: Timestamp,
    /// Packets do not come in order of time, until this.
    disorderly_until: Timestamp,
}

/// Reads the streams of all connections; what they share.
#[derive(Debug)]
struct Reader {
    limits: Limits,
    counters: Counters,
    /// Found and not handed over yet.
    exchanges: Vec<Arc<Exchange>>,
    interfaces: Vec<Arc<str>>,
    last_id: u64,
    repeats: Repeats,
    under_way: UnderWay,
    /// Requests may have been sent that were not seen yet.
    unseen_requests: bool,
    /// Heap octets held by conversations.
    memory: usize,
    other_ports: BTreeMap<u16, u64>,
}

impl Wire {
    pub(super) fn new(limits: Limits) -> Self {
        Self {
            decoder: Decoder::new(&limits),
            flows: FlowTable::new(&limits),
            memory: limits.memory / 3,
            reader: Reader {
                limits,
                counters: Counters::default(),
                exchanges: Vec::new(),
                interfaces: Vec::new(),
                last_id: 0,
                repeats: Repeats::default(),
                under_way: UnderWay::default(),
                unseen_requests: false,
                memory: 0,
                other_ports: BTreeMap::new(),
            },
            now: Timestamp::default(),
            next_tick: Timestamp::default(),
            disorderly_until: Timestamp::default(),
        }
    }

    /// Names for the interface indices of the frames to come.
    pub fn set_interfaces(&mut self, names: &[Arc<str>]) {
        if self.reader.interfaces != names {
            self.reader.interfaces = names.to_vec();
        }
    }

    /// How long acknowledged octets of the frames to come may be late.
    pub fn set_patience(&mut self, patience: Patience) {
        self.flows.set_patience(patience);
    }

    /// Takes one frame; appends what it completes to `found`.
    pub fn push(&mut self, frame: &Frame<'_>, found: &mut Vec<Found>) {
        let segment = decode::straight(frame);
        let sought = segment.as_ref().map_or(Sought::NOTHING, |segment| self.flows.seek(segment));
        self.take_in(frame, segment.as_ref(), &sought, found);
    }

    /// Takes frames that are there already, one after the other; appends what they complete to `found`. While
    /// the first are taken in, the memory comes that the others need, and what `look_ahead` asks for, which
    /// is called once before each.
    pub fn push_all(
        &mut self,
        frames: &[Frame<'_>],
        mut look_ahead: impl FnMut(),
        found: &mut Vec<Found>,
    ) {
        for frames in frames.chunks(AT_ONCE) {
            let mut segments = [None; AT_ONCE];
            let mut sought = [Sought::NOTHING; AT_ONCE];
            for ((frame, segment), sought) in frames.iter().zip(&mut segments).zip(&mut sought) {
                if let Some(straight) = decode::straight(frame) {
                    *sought = self.flows.seek(&straight);
                    *segment = Some(straight);
                }
            }
            let sought = &mut sought[..frames.len()];
            for sought in &mut *sought {
                self.flows.fetch_flow(sought);
            }
            for sought in &*sought {
                self.flows.fetch_state::<Reader>(sought);
            }
            for ((frame, segment), sought) in frames.iter().zip(&segments).zip(sought) {
                look_ahead();
                self.take_in(frame, segment.as_ref(), sought, found);
            }
        }
    }

    /// Takes in one frame, with its segment if that is plain, and what its connection is found by.
    #[inline]
    fn take_in(
        &mut self,
        frame: &Frame<'_>,
        segment: Option<&Segment<'_>>,
        sought: &Sought,
        found: &mut Vec<Found>,
    ) {
        self.count(frame);
        self.arrive(frame.timestamp, found);
        self.reader.counters.truncated += u64::from(frame.cut() > 0);
        if let Some(segment) = segment {
            self.flows.push_sought(segment, sought, &mut self.reader);
            self.keep_in_bounds();
        } else {
            self.take_in_winding(frame);
        }
        self.hand_over(found);
    }

    /// A frame with more between its link layer and TCP than an IP header, if it carries TCP at all.
    #[inline(never)]
    fn take_in_winding(&mut self, frame: &Frame<'_>) {
        let mut decoded = Some(self.decoder.decode_winding(frame, &mut self.reader.counters));
        while let Some(this) = decoded {
            if let Decoded::Segment(segment) = this {
                self.flows.push(&segment, &mut self.reader);
                self.keep_in_bounds();
            }
            decoded = self.decoder.decode_next(frame, &mut self.reader.counters);
        }
    }

    /// Takes the beginning of a frame for the whole, if what follows is only more of a body of which
    /// enough is kept. Returns whether it is; if not, the whole frame is to be pushed.
    pub fn push_beginning(&mut self, beginning: &Beginning<'_>, found: &mut Vec<Found>) -> bool {
        self.arrive(beginning.frame.timestamp, found);
        let Some((segment, unread)) = decode::beginning(beginning) else { return false };
        if !self.flows.push_beginning(&segment, unread, &mut self.reader) {
            return false;
        }
        self.count(&beginning.frame);
        self.keep_in_bounds();
        self.hand_over(found);
        true
    }

    /// A packet of this time comes.
    #[inline]
    fn arrive(&mut self, timestamp: Timestamp, found: &mut Vec<Found>) {
        if timestamp + DISORDER < self.now {
            self.disorderly_until = self.now + DISORDERLY;
        }
        self.advance(timestamp, found);
        self.reader.unseen_requests =
            self.flows.waiting_octets() > 0 || self.now < self.disorderly_until;
    }

    #[inline]
    fn count(&mut self, frame: &Frame<'_>) {
        self.reader.counters.packets_seen += 1;
        self.reader.counters.octets_seen += u64::from(frame.original_length);
    }

    #[inline]
    fn keep_in_bounds(&mut self) {
        if self.flows.waiting_octets() + self.reader.memory > self.memory {
            self.make_room();
        }
    }

    /// The tables themselves are bounded; this is what connections buffer.
    #[cold]
    fn make_room(&mut self) {
        while self.flows.waiting_octets() + self.reader.memory > self.memory
            && self.flows.drop_oldest(self.now, &mut self.reader)
        {
            self.reader.counters.hit(Limit::Memory);
        }
    }

    #[inline]
    fn hand_over(&mut self, found: &mut Vec<Found>) {
        let exchanges = &mut self.reader.exchanges;
        if !exchanges.is_empty() {
            found.extend(exchanges.drain(..).map(Found::Exchange));
        }
    }

    /// Packet time has come this far although no frame says so: a live session calls it when the
    /// wire is silent.
    #[inline]
    pub fn advance(&mut self, now: Timestamp, found: &mut Vec<Found>) {
        if now >= self.next_tick {
            self.tick(now, found);
        }
        self.now = self.now.max(now);
    }

    #[cold]
    fn tick(&mut self, now: Timestamp, found: &mut Vec<Found>) {
        self.next_tick = now + TICK;
        self.flows.advance(now, &mut self.reader);
        self.hand_over(found);
        found.push(Found::Time(now));
    }

    /// The input has ended: gives up what waits.
    pub fn finish(&mut self, found: &mut Vec<Found>) {
        self.flows.finish(self.now, &mut self.reader);
        self.hand_over(found);
    }

    /// What was counted so far.
    pub fn counters(&self) -> Counters {
        let TcpCounters {
            flows,
            midstream_flows,
            retransmitted,
            duplicate_packets,
            out_of_order,
            overlap_conflicts,
            gaps,
            gap_octets,
            reassembly_limit,
            flow_limit,
            memory_limit,
        } = self.flows.counters;
        let mut counters = Counters {
            flows,
            midstream_flows,
            retransmitted,
            duplicate_packets,
            out_of_order,
            overlap_conflicts,
            gaps,
            gap_octets,
            memory: (self.flows.memory() + self.reader.memory) as u64,
            ..self.reader.counters.clone()
        };
        for (limit, count) in
            [(Limit::Reassembly, reassembly_limit + memory_limit), (Limit::Flows, flow_limit)]
        {
            if count > 0 {
                counters.limits.insert(limit, count);
            }
        }
        counters
    }

    /// To set what only the source knows (kernel drops).
    pub fn counters_mut(&mut self) -> &mut Counters {
        &mut self.reader.counters
    }

    /// Ports of connections that turned out not to be plaintext HTTP, with how many: most first.
    pub fn other_ports(&self, at_most: usize) -> Vec<(u16, u64)> {
        let mut ports: Vec<_> = self.reader.other_ports.iter().map(|(&p, &n)| (p, n)).collect();
        ports.sort_by_key(|&(port, count)| (std::cmp::Reverse(count), port));
        ports.truncate(at_most);
        ports
    }
}

impl Reader {
    fn context(&mut self) -> Context<'_> {
        Context {
            limits: &self.limits,
            counters: &mut self.counters,
            out: &mut self.exchanges,
            last_id: &mut self.last_id,
            repeats: &mut self.repeats,
            under_way: &mut self.under_way,
            unseen_requests: self.unseen_requests,
        }
    }

    /// Lets a conversation go on, and counts the requests that it has under way then.
    #[inline]
    fn go_on(
        &mut self,
        conversation: &mut Conversation,
        step: impl FnOnce(&mut Conversation, &mut Context<'_>),
    ) {
        let before = conversation.requests_under_way();
        step(conversation, &mut self.context());
        let now = conversation.requests_under_way();
        if now != before {
            let place = conversation.place(&mut self.under_way);
            self.under_way.change(place, before, now);
        }
    }

    /// Octets of a connection that has no conversation yet: one begins here, or not.
    fn begin(
        &mut self,
        flow: &FlowInfo,
        direction: Direction,
        data: &Data<'_>,
    ) -> Option<Conversation> {
        // With the handshake seen, a stream begins at 0; anything else is its middle.
        let (octets, first) = (data.octets, data.position == 0);
        if !first && let Some(by_client) = h2::sent_by_client(octets, &self.limits) {
            let client = if by_client { direction } else { direction.reverse() };
            return Some(Conversation::multiplexed(flow, self.interface_of(flow), client));
        }
        let looks = if first { sniff::at_start(octets) } else { sniff::in_middle(octets) };
        let preamble = first && octets.len() > 11 && proxy_protocol::read(octets) != Preamble::None;
        let client = match looks {
            _ if preamble => direction,
            Looks::Request => direction,
            Looks::Response => direction.reverse(),
            Looks::Unclear => {
                let server_speaks = octets.starts_with(b"HT");
                let guess = if server_speaks { direction.reverse() } else { direction };
                flow.initiator.unwrap_or(guess)
            }
            Looks::Neither => {
                let begins = first || flow.packets == first_packets(direction);
                if begins && flow.initiator.is_none_or(|initiator| initiator == direction) {
                    self.not_http(flow, direction, octets);
                }
                return None;
            }
        };
        let mut conversation = Conversation::new(flow, self.interface_of(flow), client, first);
        if direction != client {
            conversation.begins_with_answer(flow, data.acknowledged);
        }
        Some(conversation)
    }

    fn interface_of(&self, flow: &FlowInfo) -> Arc<str> {
        let name = self.interfaces.get(usize::from(flow.interface));
        name.map_or_else(|| Arc::from(""), Arc::clone)
    }

    fn not_http(&mut self, flow: &FlowInfo, direction: Direction, octets: &[u8]) {
        self.counters.not_http_flows += 1;
        // RFC 8446 §5.1: a handshake record of TLS.
        if matches!(octets, [0x16, 3, ..]) {
            self.counters.tls_flows += 1;
        }
        let server = flow.source(flow.initiator.unwrap_or(direction).reverse()).port();
        let ports = &mut self.other_ports;
        if ports.len() < OTHER_PORTS || ports.contains_key(&server) {
            *ports.entry(server).or_default() += 1;
        }
    }
}

impl Consumer for Reader {
    type State = Conversation;

    fn event(
        &mut self,
        flow: &FlowInfo,
        state: &mut Option<Box<Conversation>>,
        direction: Direction,
        event: StreamEvent<'_>,
    ) {
        let begins = state.is_none();
        if begins {
            let StreamEvent::Data(data) = event else { return };
            let Some(conversation) = self.begin(flow, direction, &data) else { return };
            *state = Some(Box::new(conversation));
        }
        let Some(conversation) = state else { return };
        // These octets may show that what was guessed from the first ones was wrong.
        if let StreamEvent::Data(data) = event
            && !begins
            && conversation.is_open_to(direction)
            && let looks = sniff::in_middle(data.octets)
            && (looks == Looks::Request && conversation.client() != direction
                || looks == Looks::Response && conversation.client() == direction)
        {
            conversation.swap_sides();
        }
        let (before, had_messages) = (conversation.memory(), conversation.has_messages());
        self.go_on(conversation, |conversation, context| {
            conversation.event(flow, direction, event, context);
        });
        self.memory = self.memory + conversation.memory() - before;
        if !had_messages && conversation.has_messages() {
            self.counters.http_flows += 1;
        }
    }

    fn is_enough(
        &self,
        state: Option<&Conversation>,
        direction: Direction,
        data: &Data<'_>,
        unread: u64,
    ) -> bool {
        if let Some(conversation) = state {
            return conversation.is_enough(direction, data.octets, unread);
        }
        let octets = data.octets;
        data.position != 0 && !sniff::may_begin(octets) && !h2::begins_like_frames(octets)
    }

    #[inline]
    fn ignores(position: u64, octets: &[u8]) -> bool {
        // What `begin` would find; not the first octets, by which connections are counted that are not HTTP.
        position != 0 && !sniff::begins_with_capital(octets) && !h2::begins_like_frames(octets)
    }

    fn ignores_end(state: &Conversation, direction: Direction) -> bool {
        state.ignores_end(direction)
    }

    fn close(&mut self, flow: &FlowInfo, state: Option<Box<Conversation>>, _now: Timestamp) {
        let Some(mut conversation) = state else { return };
        self.memory -= conversation.memory();
        self.go_on(&mut conversation, |conversation, context| conversation.close(flow, context));
    }

    fn memory(state: &Conversation) -> usize {
        state.memory()
    }

    #[inline]
    fn fetch(state: &Conversation) {
        state.fetch();
    }

    fn awaits(state: &Conversation) -> bool {
        state.awaits_response()
    }

    fn starts_message(octets: &[u8]) -> bool {
        matches!(sniff::in_middle(octets), Looks::Request | Looks::Response)
            || h2::sent_by_client(octets, &Limits::default()).is_some()
    }
}

/// The packet counts of a connection of which one packet was seen.
fn first_packets(direction: Direction) -> [u32; 2] {
    match direction {
        Direction::Forward => [1, 0],
        Direction::Backward => [0, 1],
    }
}
