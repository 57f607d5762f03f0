//! One JSON object a line, schema 1. `docs/json-schema.json` describes it. A field may be added;
//! none is renamed or removed without raising [`SCHEMA`].

mod kept;
mod same;
mod senders;
mod texts;
mod writer;

use std::net::SocketAddr;
use std::sync::Arc;

use crate::auth::authorization::Shape;
use crate::auth::masking::Masking;
use crate::auth::{Alternative, AuthState, Authorization, Challenge, Jwt, Scheme};
use crate::counters::Counters;
use crate::diagnosis::{Case, Diagnosis, Verdict};
use crate::exchange::{Connection, Exchange, Pairing};
use crate::http::Request;
use crate::time::{Stamp, Timestamp};
use same::{Capture, Same};
use senders::{Sender, Senders};
use writer::Writer;

/// Version of the objects' form.
pub const SCHEMA: u64 = 1;

/// What the summary says of the input.
#[derive(Debug, Clone, Copy)]
pub struct Input<'a> {
    /// What was read.
    pub name: &'a str,
    /// How it ended: `complete`, `interrupted`, `damaged`, `failed`.
    pub ended: &'a str,
    /// What went wrong, where something did.
    pub message: Option<&'a str>,
    /// Whether the file ends in the middle of a packet.
    pub truncated: bool,
}

/// Appends one case as a line.
pub fn exchange(out: &mut Vec<u8>, case: &Case, masking: &Masking) {
    Lines::new(masking.clone()).exchange(out, case);
}

/// Writes many cases as lines.
#[derive(Debug, Clone)]
pub struct Lines {
    masking: Masking,
    senders: Senders,
    same: Same,
    stamp: Stamp,
}

impl Lines {
    /// With secrets written so.
    pub fn new(masking: Masking) -> Self {
        let stamp = Stamp::of(Timestamp::default());
        Self { masking, senders: Senders::default(), same: Same::default(), stamp }
    }

    /// Appends one.
    pub fn exchange(&mut self, out: &mut Vec<u8>, case: &Case) {
        let Self { same, stamp, .. } = self;
        let sender = self.senders.of(case, &self.masking);
        let mut json = Writer::new(out);
        let exchange = &*case.exchange;
        json.raw("{\"schema\":").number(SCHEMA);
        json.raw(",\"type\":\"exchange\",\"id\":").number(exchange.id);
        json.raw(",\"time\":").time(exchange.time(), stamp).raw(",\"latency_ms\":");
        match exchange.latency() {
            Some(latency) => json.milliseconds(latency),
            None => json.null(),
        };
        connection(json.raw(",\"client\":"), &exchange.connection, same);
        json.raw(",\"stream\":");
        match exchange.stream {
            Some(stream) => json.number(stream.into()),
            None => json.null(),
        };
        json.raw(",\"protocol\":").word(exchange.version().name()).raw(",\"request\":");
        match &exchange.request {
            Some(message) => request(&mut json, message, sender, same),
            None => drop(json.null()),
        }
        let masking = &sender.masking;
        json.raw(",\"response\":");
        match &exchange.response {
            Some(response) => {
                json.raw("{\"time\":").time(response.time, stamp).raw(",\"status\":");
                same.answer(&mut json, response, masking);
                json.raw("}");
            }
            None => drop(json.null()),
        }
        authorization(json.raw(",\"authorization\":"), &case.auth.authorization, masking, same);
        alternatives(json.raw(",\"alternatives\":"), &case.auth.alternatives);
        same.challenges(json.raw(",\"challenges\":"), &case.auth.challenges, masking);
        json.raw(",\"diagnosis\":");
        match &case.verdict {
            Some(found) => verdict(&mut json, found, same),
            None => drop(json.null()),
        }
        json.raw(",\"notes\":[");
        for note in case.verdict.iter().flat_map(|verdict| &verdict.notes) {
            json.word(note.id.name());
        }
        capture(json.raw("],\"capture\":"), exchange, same);
        json.raw("}\n");
    }
}

/// Appends the last line.
pub fn summary(out: &mut Vec<u8>, counters: &Counters, input: Input<'_>) {
    let mut json = Writer::new(out);
    json.begin_object().key("schema").number(SCHEMA).key("type").string("summary");
    json.key("exchanges").number(counters.exchanges);
    json.key("unauthorized").number(counters.unauthorized);
    json.key("benign").number(counters.benign).key("flows").number(counters.flows);
    json.key("packets").begin_object();
    json.key("seen").number(counters.packets_seen);
    json.key("dropped_kernel").number(counters.dropped_kernel);
    json.key("dropped_interface").number(counters.dropped_interface);
    json.key("not_saved").number(counters.not_saved);
    json.key("undecodable").number(counters.undecodable_total());
    json.key("truncated").number(counters.truncated);
    json.end_object();
    json.key("tcp").begin_object();
    json.key("retransmitted").number(counters.retransmitted);
    json.key("out_of_order").number(counters.out_of_order);
    json.key("gaps").number(counters.gaps);
    json.key("gap_bytes").number(counters.gap_octets);
    json.end_object();
    json.key("limits_hit").begin_object();
    for (limit, count) in &counters.limits {
        json.key(limit.name()).number(*count);
    }
    json.end_object();
    json.key("input").begin_object();
    json.key("name").string(input.name).key("ended").string(input.ended);
    json.key("truncated").boolean(input.truncated);
    json.key("message").string_or_null(input.message);
    json.end_object().end_object();
    out.push(b'\n');
}

fn connection(json: &mut Writer<'_>, connection: &Arc<Connection>, same: &mut Same) {
    same.connections.write(
        json,
        connection.flow as usize,
        |kept| same::is(kept.as_ref(), connection),
        |json| {
            endpoint(json, connection.client);
            endpoint(json.raw(",\"server\":"), connection.server);
            json.raw(",\"interface\":").string(&connection.interface);
            json.raw(",\"flow\":").number(connection.flow);
        },
        |kept| *kept = Some(Arc::clone(connection)),
    );
}

fn endpoint(json: &mut Writer<'_>, address: SocketAddr) {
    json.raw("{\"ip\":").address(address.ip());
    json.raw(",\"port\":").number(address.port().into()).raw("}");
}

fn request(json: &mut Writer<'_>, request: &Request, sender: &mut Sender, same: &mut Same) {
    let Sender { masking, written, plain_target, .. } = sender;
    let target = request.target();
    json.raw("{\"method\":").octets(request.method()).raw(",\"target\":");
    if *plain_target && masking.shows_as_ever(target) {
        json.octets(target);
    } else {
        json.octets(&masking.target(target));
    }
    json.raw(",\"host\":");
    if written.is_empty() {
        let start = json.length();
        host_and_fields(json, request, masking, same);
        let new = json.since(start);
        if new.len() <= senders::LONGEST {
            written.extend_from_slice(new);
        }
    } else {
        json.again(written);
    }
    json.raw(",\"body_bytes\":").number(request.body.length).raw("}");
}

fn host_and_fields(json: &mut Writer<'_>, request: &Request, masking: &Masking, same: &mut Same) {
    match request.host() {
        Some(host) => json.octets(host),
        None => json.null(),
    };
    json.raw(",\"headers\":").begin_array();
    for (at, (name, value)) in request.head.fields().enumerate() {
        let as_ever = || masking.shows_as_ever(value);
        same.field(json, (name, value), as_ever, || masking.request_header(at, name, value));
    }
    json.end_array();
}

fn authorization(
    json: &mut Writer<'_>,
    authorization: &Arc<Authorization>,
    masking: &Masking,
    same: &mut Same,
) {
    let number = authorization.fingerprint.map_or(0, |fingerprint| fingerprint.0 as usize);
    same.authorizations.write(
        json,
        number,
        |kept| same::is(kept.as_ref(), authorization),
        |json| read(json, authorization, masking.reveal),
        |kept| *kept = Some(Arc::clone(authorization)),
    );
}

fn read(json: &mut Writer<'_>, authorization: &Authorization, reveal: bool) {
    let first = match &authorization.state {
        AuthState::Multiple { first, .. } => first,
        _ => authorization,
    };
    let (shape, findings, reason) = match &first.state {
        AuthState::Present { shape, findings } => (Some(shape), findings.as_slice(), None),
        AuthState::Malformed { reason, findings } => {
            (None, findings.as_slice(), Some(reason.name()))
        }
        AuthState::Unknown { reason } => (None, [].as_slice(), Some(reason.name())),
        AuthState::Missing | AuthState::Multiple { .. } => (None, [].as_slice(), None),
    };
    json.raw("{\"state\":").word(authorization.state.name());
    json.raw(",\"scheme\":").string_or_null(authorization.scheme.as_ref().map(Scheme::name));
    json.raw(",\"shape\":").word_or_null(shape.map(Shape::name));
    json.raw(",\"reason\":").word_or_null(reason);
    json.raw(",\"findings\":").begin_array();
    for finding in findings {
        json.word(finding.name());
    }
    json.raw("],\"user\":").string_or_null(authorization.user.as_deref());
    json.raw(",\"fingerprint\":");
    match authorization.fingerprint {
        Some(fingerprint) => json.fingerprint(fingerprint),
        None => json.null(),
    };
    json.raw(",\"claims\":");
    match shape {
        Some(Shape::Jws(jwt)) => claims(json, jwt, reveal),
        _ => drop(json.null()),
    }
    json.raw("}");
}

fn claims(json: &mut Writer<'_>, jwt: &Jwt, reveal: bool) {
    json.begin_object();
    for (name, value) in &jwt.claims {
        if reveal || Jwt::SHOWN_CLAIMS.contains(&name.as_str()) {
            json.foreign_key(name).value(value);
        }
    }
    json.end_object();
}

fn alternatives(json: &mut Writer<'_>, alternatives: &[Alternative]) {
    json.raw("[");
    for alternative in alternatives {
        json.begin_object().key("kind").string(alternative.kind.name());
        json.key("name").string(&alternative.name).end_object();
    }
    json.raw("]");
}

fn challenges(json: &mut Writer<'_>, challenges: &[Challenge], masking: &Masking) {
    json.begin_array();
    for challenge in challenges {
        json.begin_object().key("scheme").string(challenge.scheme.name());
        let shown = |value: Option<&str>| value.map(|value| masking.text(value).into_owned());
        json.key("realm").string_or_null(shown(challenge.realm()).as_deref());
        json.key("params").begin_object();
        let params = &challenge.params.0;
        for (index, (name, value)) in params.iter().enumerate() {
            // RFC 9110 §11.2 wants each name once; where it is not, the first one counts.
            let repeated = params.iter().take(index).any(|(earlier, _)| earlier == name);
            if name != "realm" && !repeated {
                json.foreign_key(name).string(&masking.text(value));
            }
        }
        let token = shown(challenge.token68.as_deref());
        json.end_object().key("token68").string_or_null(token.as_deref()).end_object();
    }
    json.end_array();
}

fn verdict(json: &mut Writer<'_>, verdict: &Verdict, same: &mut Same) {
    let Diagnosis { entry, confidence, benign, evidence, related, facts } = &*verdict.diagnosis;
    let Some(texts) = texts::of(entry) else {
        json.null();
        return;
    };
    json.raw(&texts.opening).raw(confidence.name());
    json.raw(if *benign { "\",\"benign\":true" } else { "\",\"benign\":false" });
    json.raw(",\"explanation\":").filled(&texts.shown, facts).raw(",\"evidence\":[");
    for fact in evidence {
        same.fact(json, fact);
    }
    json.raw("],\"fix\":{\"client\":").filled(&texts.client, facts);
    json.raw(",\"server\":").filled(&texts.server, facts).raw("},\"also\":[");
    for other in &verdict.also {
        json.word(&other.entry.id);
    }
    json.raw("],\"related\":[");
    for id in related {
        json.number(*id);
    }
    json.raw("],\"repeat\":").number(verdict.repeat.into());
    json.raw(",\"was\":").word_or_null(verdict.was).raw(",\"leg_of\":");
    match verdict.leg_of {
        Some(id) => json.number(id),
        None => json.raw("null"),
    };
    json.raw("}");
}

fn capture(json: &mut Writer<'_>, exchange: &Exchange, same: &mut Same) {
    let capture = Capture {
        complete: exchange.is_complete(),
        midstream: exchange.connection.midstream,
        coverage: exchange.coverage,
        interim_responses: exchange.interim_responses,
        anomalies: exchange.anomalies,
    };
    let write = |json: &mut Writer<'_>| {
        json.raw("{\"complete\":").boolean(capture.complete);
        json.raw(",\"gap_bytes\":").number(capture.coverage.gap_octets);
        json.raw(",\"midstream\":").boolean(capture.midstream);
        json.raw(",\"truncated\":").boolean(capture.coverage.truncated);
        json.raw(match capture.coverage.pairing {
            Pairing::Certain => ",\"pairing\":\"certain\"",
            Pairing::Likely => ",\"pairing\":\"likely\"",
            Pairing::OneSided => ",\"pairing\":\"one-sided\"",
        });
        json.raw(",\"interim_responses\":").number(capture.interim_responses.into());
        json.raw(",\"anomalies\":").begin_array();
        for anomaly in capture.anomalies.iter() {
            json.word(anomaly.name());
        }
        json.raw("]}");
    };
    same.captures.write(json, 0, |kept| *kept == capture, write, |kept| *kept = capture);
}

#[cfg(test)]
mod tests;
