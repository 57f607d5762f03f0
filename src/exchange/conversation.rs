//! One HTTP/1 connection: two parsers and the requests between them become exchanges.

mod absent;
mod preamble;
mod upgrade;

use std::borrow::Cow;
use std::sync::Arc;

use super::multiplexed::{Around, Multiplexed};
use super::pending::{Answer, Pending, Queue};
use super::under_way::{Place, UnderWay};
use super::{Anomalies, Anomaly, Connection, Coverage, Exchange, Pairing};
use crate::cache;
use crate::counters::{Counters, Limit};
use crate::http::h1::sniff::{self, Looks};
use crate::http::h1::{Answers, Framing, Kind, Mark, Output, Parser, Repeats};
use crate::http::h2::PREFACE;
use crate::http::{HeadLoss, Response};
use crate::limits::Limits;
use crate::tcp::{Data, Direction, FlowInfo, StreamEvent};

/// What a conversation needs from around it.
pub struct Context<'a> {
    /// Bounds.
    pub limits: &'a Limits,
    /// Where to count.
    pub counters: &'a mut Counters,
    /// Exchanges that are complete or given up, in the order in which that became known.
    pub out: &'a mut Vec<Arc<Exchange>>,
    /// Number of the last exchange.
    pub last_id: &'a mut u64,
    /// Repeats that may come again.
    pub repeats: &'a mut Repeats,
    /// Requests of all connections.
    pub under_way: &'a mut UnderWay,
    /// There may be more of them: segments wait, or packets come late.
    pub unseen_requests: bool,
}

impl Context<'_> {
    /// See [`Exchange::alone`].
    pub(super) fn is_alone(&self, server: Place) -> bool {
        !self.unseen_requests && !self.under_way.elsewhere(server)
    }

    /// Counts what a head lost, and to which bound.
    pub(super) fn count_head(&mut self, loss: Option<HeadLoss>, reached: Option<Limit>) {
        self.counters.heads_lost += u64::from(loss.is_some());
        if let Some(limit) = reached {
            self.counters.hit(limit);
        }
    }
}

/// The state of one connection that carries HTTP/1.
#[derive(Debug)]
pub struct Conversation {
    connection: Arc<Connection>,
    /// Where its requests are counted, once there were any.
    place: Option<Place>,
    client: Direction,
    requests: Parser,
    responses: Parser,
    queue: Queue,
    active: Option<Active>,
    /// Whether the client's first octets are still to come, or may be a PROXY protocol header.
    in_preamble: bool,
    /// Those of them that came already.
    held_back: Option<Box<HeldBack>>,
    /// Octets lost outside of bodies, by side: requests, responses.
    lost: [u64; 2],
    truncated: [bool; 2],
    /// What the client said last was captured, and cannot be read as HTTP/1.
    unreadable: bool,
    /// Whether a message was read at all.
    has_messages: bool,
    /// Set once the connection has turned out to be HTTP/2.
    multiplexed: Option<Box<Multiplexed>>,
    /// Octets held, when they were counted last.
    counted: u32,
    /// Those of them that the parsers hold. Counted by what each event changes: the parser of the other
    /// side may have left the processor's cache.
    in_parsers: u32,
}

/// Octets that do not show yet what they begin.
#[derive(Debug, Default)]
struct HeldBack {
    octets: Vec<u8>,
}

/// A final response that is being read, and the request it answers.
#[derive(Debug)]
struct Active {
    request: Option<Box<Pending>>,
    /// Why it is not known, where it is not.
    request_loss: Option<HeadLoss>,
    response: Response,
    pairing: Pairing,
    anomalies: Anomalies,
    lost: u64,
    truncated: bool,
}

impl Conversation {
    /// For a connection whose client sends in this direction.
    pub fn new(flow: &FlowInfo, interface: Arc<str>, client: Direction, from_start: bool) -> Self {
        let parser = if from_start { Parser::new } else { Parser::seeking };
        Self {
            connection: Arc::new(Connection {
                flow: flow.number,
                client: flow.source(client),
                server: flow.source(client.reverse()),
                via: None,
                interface,
                started: flow.started,
                midstream: flow.midstream,
            }),
            place: None,
            client,
            requests: parser(Kind::Request),
            responses: parser(Kind::Response),
            queue: Queue::default(),
            active: None,
            in_preamble: from_start,
            held_back: None,
            lost: [0; 2],
            truncated: [false; 2],
            unreadable: false,
            has_messages: false,
            multiplexed: None,
            counted: 0,
            in_parsers: 0,
        }
    }

    /// For a connection that carries HTTP/2, and did so before it was seen.
    pub fn multiplexed(flow: &FlowInfo, interface: Arc<str>, client: Direction) -> Self {
        let streams = Some(Box::new(Multiplexed::joined()));
        Self { multiplexed: streams, ..Self::new(flow, interface, client, false) }
    }

    /// Asks for its memory.
    #[inline]
    pub fn fetch(&self) {
        cache::fetch(&self.connection);
        cache::fetch(&self.requests);
        cache::fetch(&self.responses);
        cache::fetch(&self.queue);
        cache::fetch(&self.active);
        cache::fetch(&self.lost);
        cache::fetch(&self.counted);
    }

    /// Whether a message was read.
    pub fn has_messages(&self) -> bool {
        self.has_messages
    }

    /// Octets held after the last event.
    pub fn memory(&self) -> usize {
        self.counted as usize
    }

    fn held(&self) -> u32 {
        let active = self.active.as_ref().map_or(0, |active| {
            let request = active.request.as_ref().map_or(0, |request| request.memory());
            active.response.head.memory() + request
        });
        let held = size_of::<Self>()
            + size_of::<Connection>()
            + self.queue.memory()
            + active
            + self.multiplexed.as_ref().map_or(0, |streams| streams.memory());
        u32::try_from(held).unwrap_or(u32::MAX).saturating_add(self.in_parsers)
    }

    fn parser(&mut self, from_client: bool) -> &mut Parser {
        if from_client { &mut self.requests } else { &mut self.responses }
    }

    /// Lets the parser of one side be changed, and counts what it holds then.
    fn changing(&mut self, from_client: bool, change: impl FnOnce(&mut Self)) {
        let before = self.parser(from_client).memory() as u32;
        change(self);
        let after = self.parser(from_client).memory() as u32;
        self.in_parsers = self.in_parsers.wrapping_add(after).wrapping_sub(before);
    }

    /// Whether a request waits for its answer.
    pub fn awaits_response(&self) -> bool {
        !self.queue.is_empty()
            || self.multiplexed.as_ref().is_some_and(|streams| streams.awaits_response())
    }

    /// Requests that were seen, and of which no exchange came yet.
    pub fn requests_under_way(&self) -> usize {
        let active = self.active.as_ref().is_some_and(|active| active.request.is_some());
        let streams = self.multiplexed.as_ref().map_or(0, |streams| streams.under_way());
        self.queue.len() + usize::from(active) + streams
    }

    /// Where they are counted: by then it is settled which side the server is.
    pub fn place(&mut self, under_way: &mut UnderWay) -> Place {
        *self.place.get_or_insert_with(|| under_way.place(self.connection.server))
    }

    /// The side that sends requests.
    pub fn client(&self) -> Direction {
        self.client
    }

    fn parser_of(&self, direction: Direction) -> &Parser {
        if direction == self.client { &self.requests } else { &self.responses }
    }

    /// Whether nothing was read yet and a message may begin in this direction: then it is not
    /// settled which side the client is.
    pub fn is_open_to(&self, direction: Direction) -> bool {
        !self.has_messages && self.parser_of(direction).is_idle()
    }

    /// Whether nothing is being read in this direction, so that its end means nothing. That stays so whatever
    /// comes in the other direction: the sides are settled.
    pub fn ignores_end(&self, direction: Direction) -> bool {
        self.has_messages && self.parser_of(direction).is_idle()
    }

    /// The two sides turned out to be the other way round, before anything was read.
    pub fn swap_sides(&mut self) {
        self.client = self.client.reverse();
        let connection = Arc::make_mut(&mut self.connection);
        std::mem::swap(&mut connection.client, &mut connection.server);
    }

    /// Something happened on one direction.
    pub fn event(
        &mut self,
        flow: &FlowInfo,
        direction: Direction,
        event: StreamEvent<'_>,
        context: &mut Context<'_>,
    ) {
        let from_client = direction == self.client;
        if matches!(event, StreamEvent::End { .. }) && self.parser(from_client).is_idle() {
            return;
        }
        self.changing(from_client, |this| this.take_in(flow, from_client, event, context));
        self.counted = self.held();
    }

    fn take_in(
        &mut self,
        flow: &FlowInfo,
        from_client: bool,
        event: StreamEvent<'_>,
        context: &mut Context<'_>,
    ) {
        if let Some(streams) = &mut self.multiplexed {
            self.has_messages = true;
            let around = Around { connection: &self.connection, retransmitted: flow.retransmitted };
            match event {
                StreamEvent::Data(data) => streams.data(around, from_client, &data, context),
                StreamEvent::Gap { length, cause, timestamp } => {
                    streams.gap(around, from_client, length, cause, timestamp, context);
                }
                // It reads all octets.
                StreamEvent::Unread { .. } | StreamEvent::End { .. } => {}
            }
            return;
        }
        match event {
            StreamEvent::Data(data) if from_client => self.client_data(flow, &data, context),
            StreamEvent::Data(data) => self.server_data(flow, &data, context),
            StreamEvent::Unread { position, length } => {
                self.pass_over(flow, from_client, position + length, length, context);
            }
            StreamEvent::Gap { length, cause, .. } => {
                self.gap(flow, from_client, length, cause, context);
            }
            StreamEvent::End { .. } => self.end(flow, from_client, false, context),
        }
    }

    fn client_data(&mut self, flow: &FlowInfo, data: &Data<'_>, context: &mut Context<'_>) {
        let held;
        let (mut octets, mut position) = (data.octets, data.position);
        if self.in_preamble {
            match self.after_preamble(octets) {
                None => return,
                Some(Cow::Borrowed(_)) => {}
                Some(Cow::Owned(rest)) => {
                    // Held back from the start of the connection on.
                    (held, position) = (rest, 0);
                    octets = &held;
                }
            }
        }
        if self.requests.is_idle() && octets.starts_with(PREFACE) {
            self.has_messages = true;
            let streams = self.multiplexed.insert(Box::default());
            let around = Around { connection: &self.connection, retransmitted: flow.retransmitted };
            streams.data(around, true, &Data { octets, ..*data }, context);
            return;
        }
        // RFC 9110 §10.1.1: a client that got a final answer instead of 100 need not send the body.
        if self.queue.is_empty()
            && self.requests.is_before_body()
            && sniff::in_middle(octets) == Looks::Request
        {
            self.requests.restart();
        }
        let end = Mark {
            time: data.timestamp,
            position: data.position + data.octets.len() as u64,
            acknowledged: data.acknowledged,
        };
        self.requests.join(position);
        while let Some(output) =
            self.requests.feed(&mut octets, end, context.limits, context.repeats)
        {
            let position = end.position.saturating_sub(octets.len() as u64);
            self.request_output(flow, output, Some(position), context);
        }
    }

    /// `position`: right after what was read, where that is known.
    fn request_output(
        &mut self,
        flow: &FlowInfo,
        output: Output,
        position: Option<u64>,
        context: &mut Context<'_>,
    ) {
        match output {
            Output::Request(request) => {
                self.has_messages = true;
                self.unreadable = false;
                if self.queue.len() >= context.limits.pipeline {
                    context.counters.hit(Limit::Pipeline);
                    self.unanswered(flow, context);
                }
                let after_loss = self.requests.take_lost_before();
                let complete = self.requests.is_at_start();
                let reached = self.requests.take_reached();
                self.truncated[0] |= reached.is_some();
                let mut pending = Box::new(Pending {
                    answers: match request.method() {
                        b"HEAD" => Answers::Head,
                        b"CONNECT" => Answers::Connect,
                        _ => Answers::Other,
                    },
                    mark: self.requests.began(),
                    complete,
                    end: position.filter(|_| complete),
                    after_loss,
                    interim: 0,
                    anomalies: self.requests.take_anomalies(),
                    lost: std::mem::take(&mut self.lost[0]),
                    truncated: std::mem::take(&mut self.truncated[0]),
                    request,
                });
                if complete {
                    pending.request.body = self.requests.take_body(context.repeats);
                }
                context.count_head(pending.request.head_loss, reached);
                self.queue.push(pending);
            }
            Output::End => {
                let body = self.requests.take_body(context.repeats);
                let anomalies = self.requests.take_anomalies();
                let in_queue = self.queue.last_mut().filter(|pending| !pending.complete);
                let answered =
                    self.active.as_mut().and_then(|active| active.request.as_deref_mut());
                if let Some(pending) = in_queue.or(answered.filter(|pending| !pending.complete)) {
                    pending.complete = true;
                    pending.end = position;
                    pending.request.body = body;
                    pending.anomalies = pending.anomalies.union(anomalies);
                    pending.lost += std::mem::take(&mut self.lost[0]);
                }
            }
            Output::NotHttp => self.unreadable = true,
            Output::Response(_) => {}
        }
    }

    fn server_data(&mut self, flow: &FlowInfo, data: &Data<'_>, context: &mut Context<'_>) {
        let mut octets = data.octets;
        let end = Mark {
            time: data.timestamp,
            position: data.position + octets.len() as u64,
            acknowledged: data.acknowledged,
        };
        self.responses.join(data.position);
        while let Some(output) =
            self.responses.feed(&mut octets, end, context.limits, context.repeats)
        {
            self.response_output(flow, output, context);
            if let Some(streams) = &mut self.multiplexed {
                let retransmitted = flow.retransmitted;
                let around = Around { connection: &self.connection, retransmitted };
                return streams.data(around, false, &Data { octets, ..*data }, context);
            }
        }
    }

    fn response_output(&mut self, flow: &FlowInfo, output: Output, context: &mut Context<'_>) {
        match output {
            Output::Response(response) => self.response_head(flow, response, context),
            Output::End => self.complete(flow, context),
            Output::Request(_) | Output::NotHttp => {}
        }
    }

    fn response_head(&mut self, flow: &FlowInfo, response: Response, context: &mut Context<'_>) {
        self.has_messages = true;
        if self.responses.take_lost_before() {
            self.queue.note_responses_lost();
        }
        let reached = self.responses.take_reached();
        self.truncated[1] |= reached.is_some();
        context.count_head(response.head_loss, reached);
        // RFC 9110 §15.2: interim responses are no answer; 101 is the final one in HTTP/1.1.
        if (100..200).contains(&response.status) && response.status != 101 {
            self.responses.begin_body(&response, Answers::Other, context.limits);
            self.responses.take_body(context.repeats);
            if let Some(first) = self.queue.first_mut() {
                first.interim = first.interim.saturating_add(1);
            }
            return;
        }
        let mut lost = Vec::new();
        let answer = self.queue.answer(self.responses.began(), |pending| lost.push(pending));
        for pending in lost {
            let coverage = Coverage { gap_octets: pending.lost, ..coverage(flow) };
            self.emit(flow, Some(pending), None, coverage, context);
        }
        let (request, pairing) = match answer {
            Answer::To(pending, pairing) => (Some(pending), pairing),
            Answer::Nothing => (None, Pairing::OneSided),
        };
        let answers = request.as_ref().map_or(Answers::Unknown, |pending| pending.answers);
        let status = response.status;
        let early = request.as_ref().is_some_and(|p| !p.complete && p.request.head_loss.is_none());
        if let Some(pending) = &request
            && upgrade::begins_http2(&response)
        {
            self.upgrade(&pending.request);
        }
        let head_lost = !self.responses.awaits_framing();
        let framing = self.responses.begin_body(&response, answers, context.limits);
        let mut anomalies = self.responses.take_anomalies();
        if early {
            anomalies.insert(Anomaly::EarlyResponse);
        }
        if request.is_none() && !self.requests_may_be_missing(flow) {
            anomalies.insert(Anomaly::UnsolicitedResponse);
        }
        self.active = Some(Active {
            request_loss: request.is_none().then(|| self.request_loss(flow)),
            request,
            response,
            pairing,
            anomalies,
            lost: std::mem::take(&mut self.lost[1]),
            truncated: std::mem::take(&mut self.truncated[1]),
        });
        if framing == Framing::None || head_lost {
            self.complete(flow, context);
        }
        if status == 101 || (answers == Answers::Connect && (200..300).contains(&status)) {
            self.changing(true, |this| this.requests.restart());
            self.responses.restart();
        }
    }

    /// The response being read is over, or as complete as it will get.
    fn complete(&mut self, flow: &FlowInfo, context: &mut Context<'_>) {
        let body = self.responses.take_body(context.repeats);
        let anomalies = self.responses.take_anomalies();
        let Some(mut active) = self.active.take() else { return };
        active.response.body = body;
        active.anomalies = active.anomalies.union(anomalies);
        if let Some(pending) = &mut active.request
            && !pending.complete
        {
            // The body goes on (or was lost); what was seen of it so far must do.
            if pending.request.head_loss.is_none() {
                pending.request.body = self.requests.body_so_far();
            }
            pending.request.body.complete = false;
        }
        let coverage = Coverage {
            gap_octets: active.lost + std::mem::take(&mut self.lost[1]),
            truncated: active.truncated || std::mem::take(&mut self.truncated[1]),
            pairing: active.pairing,
            request_loss: active.request_loss,
            ..coverage(flow)
        };
        let response = Some((active.response, active.anomalies));
        self.emit(flow, active.request, response, coverage, context);
    }

    fn emit(
        &mut self,
        flow: &FlowInfo,
        pending: Option<Box<Pending>>,
        response: Option<(Response, Anomalies)>,
        mut coverage: Coverage,
        context: &mut Context<'_>,
    ) {
        let mut anomalies = Anomalies::default();
        let response = response.map(|(response, found)| {
            anomalies = found;
            coverage.gap_octets += response.body.gap;
            response
        });
        let mut interim_responses = 0;
        let request = pending.map(|pending| {
            anomalies = anomalies.union(pending.anomalies);
            interim_responses = pending.interim;
            coverage.gap_octets += pending.lost + pending.request.body.gap;
            coverage.truncated |= pending.truncated;
            pending.request
        });
        if request.is_none() || response.is_none() {
            context.counters.unpaired += 1;
        }
        if flow.overlap_conflict {
            anomalies.insert(Anomaly::OverlapConflict);
        }
        if !anomalies.is_empty() {
            context.counters.http_anomalies += 1;
        }
        *context.last_id += 1;
        let place = self.place(context.under_way);
        context.out.push(Arc::new(Exchange {
            id: *context.last_id,
            connection: Arc::clone(&self.connection),
            stream: None,
            request,
            response,
            interim_responses,
            anomalies,
            coverage,
            alone: context.is_alone(place),
        }));
    }

    /// The request that waits longest gets no response.
    fn unanswered(&mut self, flow: &FlowInfo, context: &mut Context<'_>) {
        if let Some(mut pending) = self.queue.pop() {
            if !pending.complete && self.queue.is_empty() && pending.request.head_loss.is_none() {
                pending.request.body = self.requests.take_body(context.repeats);
                pending.request.body.complete = false;
            }
            let coverage = coverage(flow);
            self.emit(flow, Some(pending), None, coverage, context);
        }
    }

    /// A direction has ended, or the connection is over.
    fn end(&mut self, flow: &FlowInfo, from_client: bool, reset: bool, context: &mut Context<'_>) {
        if from_client {
            if let Some(output) = self.requests.close(reset, context.limits) {
                self.request_output(flow, output, None, context);
            }
        } else if let Some(output) = self.responses.close(reset, context.limits) {
            self.response_output(flow, output, context);
        }
    }

    /// The connection is over: everything that waits is given up.
    pub fn close(&mut self, flow: &FlowInfo, context: &mut Context<'_>) {
        if let Some(streams) = self.multiplexed.take() {
            let around = Around { connection: &self.connection, retransmitted: flow.retransmitted };
            streams.close(around, context);
        }
        self.end(flow, true, true, context);
        self.end(flow, false, true, context);
        self.complete(flow, context);
        while !self.queue.is_empty() {
            self.unanswered(flow, context);
        }
    }
}

/// What is known of an exchange's coverage before its messages are.
fn coverage(flow: &FlowInfo) -> Coverage {
    Coverage {
        one_sided: flow.packets.contains(&0),
        pairing: Pairing::OneSided,
        retransmitted: flow.retransmitted,
        ..Coverage::default()
    }
}
