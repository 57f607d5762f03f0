//! One HTTP/2 connection: many exchanges at once, paired by their stream (RFC 9113 §5).

use std::collections::BTreeMap;
use std::sync::Arc;

use super::conversation::Context;
use super::{Anomalies, Connection, Coverage, Exchange, Pairing};
use crate::counters::Limit;
use crate::http::h2::{Fields, FrameReader, Output};
use crate::http::{Body, HeadLoss, Request, Response, Version};
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
    /// Streams below this were answered and forgotten.
    lost: bool,
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
            lost: false,
        }
    }
}

impl Multiplexed {
    /// A connection whose client has asked for HTTP/2 by this request.
    pub fn upgraded(request: Request) -> Self {
        Self { upgrade: Some(Box::new(request)), ..Self::default() }
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
        if let Some(output) = reader.gap(length, loss) {
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
        let number = match output {
            Output::Fields { stream: number, fields, end } => {
                if !self.streams.contains_key(&number)
                    && self.streams.len() >= context.limits.pipeline
                {
                    context.counters.hit(Limit::Pipeline);
                    return;
                }
                let stream = self.streams.entry(number).or_default();
                if from_client {
                    request_fields(stream, &fields, end, time);
                } else {
                    response_fields(stream, &fields, end, time);
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
                self.lost = true;
                context.counters.heads_lost += 1;
                return;
            }
        };
        if self.streams.get(&number).is_some_and(Stream::is_over)
            && let Some(mut stream) = self.streams.remove(&number)
        {
            self.complete_upgrade(number, &mut stream);
            emit(around, number, stream, context);
        }
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
        for (number, mut stream) in std::mem::take(&mut self.streams) {
            self.complete_upgrade(number, &mut stream);
            emit(around, number, stream, context);
        }
    }
}

fn emit(around: Around<'_>, number: u32, mut stream: Stream, context: &mut Context<'_>) {
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
            request_loss: stream.request.is_none().then_some(HeadLoss::Gap),
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

fn request_fields(stream: &mut Stream, fields: &Fields, end: bool, time: Timestamp) {
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
        head_loss: None,
        body: Body { whole: true, complete: end, ..Body::default() },
    });
}

fn response_fields(stream: &mut Stream, fields: &Fields, end: bool, time: Timestamp) {
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
    stream.response = Some(Response {
        time,
        version: Version::Http2,
        status,
        head: fields.head("", ""),
        head_loss: None,
        body: Body { whole: true, complete: end, ..Body::default() },
        trailers: None,
    });
}
