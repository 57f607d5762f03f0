//! One JSON object a line, schema 1. `docs/json-schema.json` describes it. A field may be added;
//! none is renamed or removed without raising [`SCHEMA`].

mod writer;

use std::net::SocketAddr;

use crate::auth::authorization::Shape;
use crate::auth::masking::Masking;
use crate::auth::{Alternative, AuthState, Authorization, Challenge, Jwt, Scheme};
use crate::counters::Counters;
use crate::diagnosis::{Case, Diagnosis, Verdict};
use crate::exchange::{Exchange, Pairing};
use crate::export::body;
use crate::http::{Head, Request, Response};
use crate::time::Timestamp;
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
    /// Whether the file ends in the middle of a packet or is corrupt.
    pub truncated: bool,
}

/// Appends one case as a line.
pub fn exchange(out: &mut Vec<u8>, case: &Case, masking: &Masking) {
    let masking = &masking.knowing(&case.exchange);
    let mut json = Writer::new(out);
    let (exchange, connection) = (&*case.exchange, &*case.exchange.connection);
    json.begin_object().key("schema").number(SCHEMA).key("type").string("exchange");
    json.key("id").number(exchange.id).key("time");
    time(&mut json, exchange.time());
    json.key("latency_ms");
    match exchange.latency() {
        Some(latency) => {
            let us = latency.as_micros();
            json.display(format_args!("{}.{:03}", us / 1000, us % 1000))
        }
        None => json.null(),
    };
    endpoint(json.key("client"), connection.client);
    endpoint(json.key("server"), connection.server);
    json.key("interface").string(&connection.interface).key("flow").number(connection.flow);
    match exchange.stream {
        Some(stream) => json.key("stream").number(stream.into()),
        None => json.key("stream").null(),
    };
    json.key("protocol").string(exchange.version().name());
    json.key("request");
    match &exchange.request {
        Some(message) => request(&mut json, message, masking),
        None => drop(json.null()),
    }
    json.key("response");
    match &exchange.response {
        Some(message) => response(&mut json, message, masking),
        None => drop(json.null()),
    }
    authorization(json.key("authorization"), &case.auth.authorization, masking);
    alternatives(json.key("alternatives"), &case.auth.alternatives);
    challenges(json.key("challenges"), &case.auth.challenges, masking);
    json.key("diagnosis");
    match &case.verdict {
        Some(found) => verdict(&mut json, found),
        None => drop(json.null()),
    }
    json.key("notes").begin_array();
    for note in case.verdict.iter().flat_map(|verdict| &verdict.notes) {
        json.string(note.id.name());
    }
    json.end_array();
    capture(json.key("capture"), exchange);
    json.end_object();
    out.push(b'\n');
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

fn time(json: &mut Writer<'_>, time: Timestamp) {
    json.plain(time);
}

fn endpoint(json: &mut Writer<'_>, address: SocketAddr) {
    json.begin_object().key("ip").plain(address.ip());
    json.key("port").number(address.port().into()).end_object();
}

fn headers(json: &mut Writer<'_>, head: &Head, masking: &Masking) {
    json.begin_array();
    for (name, value) in head.fields() {
        json.begin_array().octets(name).octets(&masking.header(name, value)).end_array();
    }
    json.end_array();
}

fn request(json: &mut Writer<'_>, request: &Request, masking: &Masking) {
    json.begin_object().key("method").octets(request.method());
    json.key("target").octets(&masking.target(request.target()));
    match request.host() {
        Some(host) => json.key("host").octets(host),
        None => json.key("host").null(),
    };
    json.key("headers").begin_array();
    for (at, (name, value)) in request.head.fields().enumerate() {
        let value = masking.request_header(at, name, value);
        json.begin_array().octets(name).octets(&value).end_array();
    }
    json.end_array();
    json.key("body_bytes").number(request.body.length).end_object();
}

fn response(json: &mut Writer<'_>, response: &Response, masking: &Masking) {
    time(json.begin_object().key("time"), response.time);
    json.key("status");
    match response.status {
        0 => json.null(),
        status => json.number(status.into()),
    };
    json.key("reason").octets(&masking.words(response.reason()));
    headers(json.key("headers"), &response.head, masking);
    json.key("body_bytes").number(response.body.length).key("body_text");
    match body::text(&response.head, &response.body, masking) {
        Some(text) => json.octets(&text),
        None => json.null(),
    };
    json.end_object();
}

fn authorization(json: &mut Writer<'_>, authorization: &Authorization, masking: &Masking) {
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
    json.begin_object().key("state").string(authorization.state.name());
    json.key("scheme").string_or_null(authorization.scheme.as_ref().map(Scheme::name));
    json.key("shape").string_or_null(shape.map(Shape::name));
    json.key("reason").string_or_null(reason);
    json.key("findings").begin_array();
    for finding in findings {
        json.string(finding.name());
    }
    json.end_array();
    json.key("user").string_or_null(authorization.user.as_deref());
    json.key("fingerprint");
    match authorization.fingerprint {
        Some(fingerprint) => json.plain(fingerprint),
        None => json.null(),
    };
    json.key("claims");
    match shape {
        Some(Shape::Jws(jwt)) => claims(json, jwt, masking.reveal),
        _ => drop(json.null()),
    }
    json.end_object();
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
    json.begin_array();
    for alternative in alternatives {
        json.begin_object().key("kind").string(alternative.kind.name());
        json.key("name").string(&alternative.name).end_object();
    }
    json.end_array();
}

fn challenges(json: &mut Writer<'_>, challenges: &[Challenge], masking: &Masking) {
    json.begin_array();
    for challenge in challenges {
        json.begin_object().key("scheme").string(challenge.scheme.name());
        json.key("realm").string_or_null(challenge.realm()).key("params").begin_object();
        let params = &challenge.params.0;
        for (index, (name, value)) in params.iter().enumerate() {
            // RFC 9110 §11.2 wants each name once; where it is not, the first one counts.
            let repeated = params.iter().take(index).any(|(earlier, _)| earlier == name);
            if name != "realm" && !repeated {
                json.foreign_key(name).string(&masking.text(value));
            }
        }
        json.end_object().key("token68").string_or_null(challenge.token68.as_deref()).end_object();
    }
    json.end_array();
}

fn verdict(json: &mut Writer<'_>, verdict: &Verdict) {
    let Diagnosis { entry, confidence, benign, evidence, related, .. } = &*verdict.diagnosis;
    json.begin_object().key("id").string(&entry.id).key("title").string(&entry.title);
    json.key("confidence").string(confidence.name()).key("benign").boolean(*benign);
    json.key("explanation").string(&verdict.diagnosis.explanation());
    json.key("evidence").begin_array();
    for fact in evidence {
        json.begin_object().key("field").string(&fact.field).key("value").string(&fact.value);
        json.key("note").string(&fact.note).end_object();
    }
    json.end_array().key("fix").begin_object();
    json.key("client").string(&verdict.diagnosis.client_fix());
    json.key("server").string(&verdict.diagnosis.server_fix()).end_object();
    json.key("also").begin_array();
    for other in &verdict.also {
        json.string(&other.entry.id);
    }
    json.end_array().key("related").begin_array();
    for id in related {
        json.number(*id);
    }
    json.end_array();
    json.key("repeat").number(verdict.repeat.into());
    json.key("was").string_or_null(verdict.was).key("leg_of");
    match verdict.leg_of {
        Some(id) => json.number(id),
        None => json.null(),
    };
    json.end_object();
}

fn capture(json: &mut Writer<'_>, exchange: &Exchange) {
    let coverage = &exchange.coverage;
    json.begin_object().key("complete").boolean(exchange.is_complete());
    json.key("gap_bytes").number(coverage.gap_octets);
    json.key("midstream").boolean(exchange.connection.midstream);
    json.key("truncated").boolean(coverage.truncated);
    json.key("pairing").string(match coverage.pairing {
        Pairing::Certain => "certain",
        Pairing::Likely => "likely",
        Pairing::OneSided => "one-sided",
    });
    json.key("interim_responses").number(exchange.interim_responses.into());
    json.key("anomalies").begin_array();
    for anomaly in exchange.anomalies.iter() {
        json.string(anomaly.name());
    }
    json.end_array().end_object();
}
