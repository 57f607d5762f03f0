//! One HTTP/2 connection: many exchanges at once, paired by their stream (RFC 9113 §5).

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::conversation::Context;
use super::{Anomalies, Connection, Coverage, Exchange, Pairing};
use crate::counters::Limit;
use crate::http::h2::{Fields, FrameReader, Output};
use crate::http::{Body, Head, HeadLoss, Request, Response, Version};
use crate::tcp::{Data, GapCause};
use crate::time::Timestamp;

/// The connection around the streams.
#[derive(Debug, Clone, Copy)]
pub struct Around<'a> {
    /// Itself.
    pub connection: &'a Arc<Connection>,
    /// Its segments that brought nothing new: streams share the connection's packets.
    pub retransmitted: u64,
}

/// The streams of one connection.
#[derive(Debug)]
pub struct Multiplexed {
    client: FrameReader,
    server: FrameReader,
    streams: BTreeMap<u32, Stream>,
    /// The HTTP/1 request that is answered on stream 1 (RFC 7540 §3.2). Its exchange was told of when 101 came; it
    /// stands with the answer, too, where that is a refusal, which is to be explained by what it carried.
    upgrade: Option<Box<Request>>,
    /// Why messages may be missing, or parts of them, if they may.
    loss: Option<HeadLoss>,
    /// Streams that were told of, and of which more may come.
    given_up: BTreeSet<u32>,
}

#[derive(Debug, Default)]
struct Stream {
    request: Option<Request>,
    /// The first octets of its body.
    request_content: Vec<u8>,
    request_ended: bool,
    response: Option<Response>,
    response_content: Vec<u8>,
    response_ended: bool,
    interim: u16,
}

impl Stream {
    fn memory(&self) -> usize {
        let request = self.request.as_ref();
        let response = self.response.as_ref();
        size_of::<Self>()
            + request.map_or(0, |request| request.head.memory())
            + response.map_or(0, Response::memory)
            + self.request_content.capacity()
            + self.response_content.capacity()
    }

    fn is_over(&self) -> bool {
        self.response_ended && (self.request_ended || self.request.is_none())
    }
}

impl Default for Multiplexed {
    /// A connection whose client is about to send (or has just sent) its preface.
    fn default() -> Self {
        Self {
            client: FrameReader::new(true),
            server: FrameReader::new(false),
            streams: BTreeMap::new(),
            upgrade: None,
            loss: None,
            given_up: BTreeSet::new(),
        }
    }
}

impl Multiplexed {
    /// A connection whose client has asked for HTTP/2 by this request.
    pub fn upgraded(request: Request) -> Self {
        Self { upgrade: Some(Box::new(request)), ..Self::default() }
    }

    /// A connection that is under way already.
    pub fn joined() -> Self {
        Self {
            client: FrameReader::joined(),
            server: FrameReader::joined(),
            loss: Some(HeadLoss::StartedMidStream),
            ..Self::default()
        }
    }

    /// Heap octets held.
    pub fn memory(&self) -> usize {
        let streams = self.streams.values().map(Stream::memory).sum::<usize>();
        let upgrade = self.upgrade.as_ref().map_or(0, |request| request.head.memory());
        self.client.memory() + self.server.memory() + streams + upgrade
    }

    /// Streams that are not over.
    pub fn under_way(&self) -> usize {
        self.streams.len()
    }

    /// Whether a request waits for its answer.
    pub fn awaits_response(&self) -> bool {
        self.streams.values().any(|stream| stream.request.is_some() && stream.response.is_none())
    }

    /// Octets of one direction.
    pub fn data(
        &mut self,
        around: Around<'_>,
        from_client: bool,
        data: &Data<'_>,
        context: &mut Context<'_>,
    ) {
        let mut octets = data.octets;
        loop {
            let reader = if from_client { &mut self.client } else { &mut self.server };
            let Some(output) = reader.feed(&mut octets, context.limits) else { break };
            self.output(around, from_client, output, data.timestamp, context);
        }
    }

    /// Octets of one direction were lost.
    pub fn gap(
        &mut self,
        around: Around<'_>,
        from_client: bool,
        length: u64,
        cause: GapCause,
        timestamp: Timestamp,
        context: &mut Context<'_>,
    ) {
        let loss = match cause {
            GapCause::Lost => HeadLoss::Gap,
            GapCause::SnapLength => HeadLoss::Truncated,
        };
        let reader = if from_client { &mut self.client } else { &mut self.server };
        let output = reader.gap(length, context.limits);
        if matches!(output, Some(Output::Lost)) {
            self.loss = Some(loss);
        }
        if let Some(output) = output {
            self.output(around, from_client, output, timestamp, context);
        }
    }

    fn output(
        &mut self,
        around: Around<'_>,
        from_client: bool,
        output: Output<'_>,
        time: Timestamp,
        context: &mut Context<'_>,
    ) {
        let loss = self.loss;
        let number = match output {
            Output::Fields { stream: number, fields, end } => {
                let Some(stream) = self.stream(number, around, context) else { return };
                let loss = if fields.reached.is_some() { Some(HeadLoss::Truncated) } else { loss };
                context.count_head(loss.filter(|_| fields.is_incomplete()), fields.reached);
                if from_client {
                    request_fields(stream, &fields, end, time, loss);
                } else {
                    response_fields(stream, &fields, end, time, loss);
                }
                number
            }
            Output::Data { stream: number, octets, lost, end } => {
                let Some(stream) = self.streams.get_mut(&number) else { return };
                let limit = match &stream.response {
                    Some(response) if !from_client && response.status < 300 => {
                        context.limits.body_success
                    }
                    _ => context.limits.body,
                };
                let (body, content, ended) = if from_client {
                    let body = stream.request.as_mut().map(|request| &mut request.body);
                    (body, &mut stream.request_content, &mut stream.request_ended)
                } else {
                    let body = stream.response.as_mut().map(|response| &mut response.body);
                    (body, &mut stream.response_content, &mut stream.response_ended)
                };
                *ended |= end;
                if let Some(body) = body {
                    append(body, content, octets, lost, limit);
                    body.complete |= end;
                }
                number
            }
            Output::Reset { stream: number } => {
                let Some(stream) = self.streams.get_mut(&number) else { return };
                stream.response_ended = true;
                stream.request_ended = true;
                number
            }
            Output::Lost => {
                self.loss.get_or_insert(HeadLoss::Gap);
                context.counters.heads_lost += 1;
                self.give_up_ends(around, from_client, context);
                return;
            }
        };
        if self.streams.get(&number).is_some_and(Stream::is_over)
            && let Some(stream) = self.streams.remove(&number)
        {
            self.finish(number, stream, around, context);
        }
    }

    /// The stream of this number, a new one if there is room.
    fn stream(
        &mut self,
        number: u32,
        around: Around<'_>,
        context: &mut Context<'_>,
    ) -> Option<&mut Stream> {
        if self.given_up.contains(&number) {
            return None;
        }
        if !self.streams.contains_key(&number) && self.streams.len() >= context.limits.pipeline {
            // What ends the oldest may have been among what was lost.
            let oldest = self.loss.and_then(|_| self.streams.first_key_value());
            let Some((&oldest, _)) = oldest else {
                context.counters.hit(Limit::Pipeline);
                return None;
            };
            self.give_up(oldest, around, context);
        }
        Some(self.streams.entry(number).or_default())
    }

    /// Ends of messages may have been among what was lost of this direction. What a refusal says in its header
    /// does not wait for its end.
    fn give_up_ends(&mut self, around: Around<'_>, from_client: bool, context: &mut Context<'_>) {
        for stream in self.streams.values_mut().filter(|_| from_client) {
            stream.request_ended |= stream.request.is_some();
        }
        let is_told = |stream: &Stream| {
            let refusal = stream.response.as_ref().is_some_and(|response| response.status >= 400);
            stream.is_over() || !from_client && refusal
        };
        let over: Vec<u32> =
            self.streams.iter().filter(|(_, stream)| is_told(stream)).map(|(&n, _)| n).collect();
        for number in over {
            self.give_up(number, around, context);
        }
    }

    /// Tells of a stream of which more may come.
    fn give_up(&mut self, number: u32, around: Around<'_>, context: &mut Context<'_>) {
        let Some(stream) = self.streams.remove(&number) else { return };
        self.given_up.insert(number);
        if self.given_up.len() > context.limits.pipeline {
            self.given_up.pop_first();
        }
        self.finish(number, stream, around, context);
    }

    fn finish(
        &mut self,
        number: u32,
        mut stream: Stream,
        around: Around<'_>,
        context: &mut Context<'_>,
    ) {
        self.complete_upgrade(number, &mut stream);
        emit(around, number, stream, self.loss, context);
    }

    fn complete_upgrade(&mut self, number: u32, stream: &mut Stream) {
        if number != 1 || stream.request.is_some() {
            return;
        }
        let request = self.upgrade.take();
        let is_refusal = stream.response.as_ref().is_some_and(|response| response.status >= 400);
        stream.request = request.filter(|_| is_refusal).map(|request| *request);
    }

    /// The connection is over.
    pub fn close(mut self, around: Around<'_>, context: &mut Context<'_>) {
        for (number, stream) in std::mem::take(&mut self.streams) {
            self.finish(number, stream, around, context);
        }
    }
}

fn emit(
    around: Around<'_>,
    number: u32,
    mut stream: Stream,
    loss: Option<HeadLoss>,
    context: &mut Context<'_>,
) {
    if stream.request.is_none() && stream.response.is_none() {
        return;
    }
    if let Some(request) = &mut stream.request {
        request.body.start = context.repeats.content(&stream.request_content);
    }
    if let Some(response) = &mut stream.response {
        response.body.start = context.repeats.content(&stream.response_content);
    }
    let one_sided = stream.request.is_none() || stream.response.is_none();
    let gap = stream.request.as_ref().map_or(0, |r| r.body.gap)
        + stream.response.as_ref().map_or(0, |r| r.body.gap);
    if one_sided {
        context.counters.unpaired += 1;
    }
    *context.last_id += 1;
    let place = context.under_way.place(around.connection.server);
    context.out.push(Arc::new(Exchange {
        id: *context.last_id,
        connection: Arc::clone(around.connection),
        stream: Some(number),
        interim_responses: stream.interim,
        anomalies: Anomalies::default(),
        coverage: Coverage {
            gap_octets: gap,
            truncated: false,
            pairing: if one_sided { Pairing::OneSided } else { Pairing::Certain },
            request_loss: stream.request.is_none().then_some(loss.unwrap_or(HeadLoss::Gap)),
            one_sided: false,
            retransmitted: around.retransmitted,
        },
        request: stream.request,
        response: stream.response,
        alone: context.is_alone(place),
    }));
}

fn append(body: &mut Body, content: &mut Vec<u8>, octets: &[u8], lost: u64, limit: usize) {
    body.length += octets.len() as u64 + lost;
    body.gap += lost;
    let room = if body.gap > 0 { 0 } else { limit.saturating_sub(content.len()) };
    content.extend_from_slice(&octets[..octets.len().min(room)]);
    if octets.len() > room || lost > 0 {
        body.whole = false;
    }
}

/// `loss`: why fields may be unknown.
fn request_fields(
    stream: &mut Stream,
    fields: &Fields,
    end: bool,
    time: Timestamp,
    loss: Option<HeadLoss>,
) {
    stream.request_ended |= end;
    if let Some(request) = &mut stream.request {
        // A trailer section (RFC 9113 §8.1).
        request.body.complete |= end;
        return;
    }
    stream.request = Some(Request {
        time,
        version: Version::Http2,
        head: fields.head(":method", ":path"),
        head_loss: loss.filter(|_| fields.is_incomplete()),
        body: Body { whole: true, complete: end, ..Body::default() },
    });
}

/// `loss`: why fields may be unknown, or the header section of a trailer section.
fn response_fields(
    stream: &mut Stream,
    fields: &Fields,
    end: bool,
    time: Timestamp,
    loss: Option<HeadLoss>,
) {
    stream.response_ended |= end;
    if let Some(response) = &mut stream.response {
        response.body.complete |= end;
        // A trailer section, which nothing follows (RFC 9113 §8.1).
        if end {
            response.trailers = Some(Box::new(fields.head("", "")));
        }
        return;
    }
    let status = fields.get(":status").and_then(|text| std::str::from_utf8(text).ok());
    let status = status.and_then(|text| text.parse().ok()).unwrap_or(0);
    if (100..200).contains(&status) {
        stream.interim = stream.interim.saturating_add(1);
        return;
    }
    let all_known = fields.unknown == 0 || fields.get("grpc-status").is_some();
    let only_trailers = loss.is_some() && end && status == 0 && all_known;
    let head = fields.head("", "");
    let (head, trailers) =
        if only_trailers { (Head::default(), Some(Box::new(head))) } else { (head, None) };
    stream.response = Some(Response {
        time,
        version: Version::Http2,
        status,
        head,
        head_loss: loss.filter(|_| fields.is_incomplete() || only_trailers),
        body: Body { whole: true, complete: end, ..Body::default() },
        trailers,
    });
}
