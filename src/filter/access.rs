//! How each field is read from a case, without allocation where the case has it as it is.

#![allow(clippy::unnecessary_wraps, reason = "the table holds functions of one shape")]

use std::fmt::Write as _;
use std::net::SocketAddr;

use serde_json::Value;

use super::brief::{Number, Subject, Text};
use crate::auth::Jwt;
use crate::auth::authorization::{AuthState, Authorization, Shape};
use crate::diagnosis::{Case, Class, Confidence, NoteId};
use crate::exchange::Anomaly;
use crate::http::{Body, Head, Request, Response, Version, content};

/// Shows each value of a field to a test until one passes it; the second argument names the header
/// or claim.
pub(super) type VisitText = fn(Subject<'_>, &str, Test<'_>) -> bool;

/// The same for addresses.
pub(super) type VisitAddress = fn(Subject<'_>, &mut dyn FnMut(SocketAddr) -> bool) -> bool;

/// A test of one value.
pub(super) type Test<'a> = &'a mut dyn FnMut(&[u8]) -> bool;

/// Octets of a body that are decoded for a search: what the screen shows at most.
const BODY: usize = 16 << 10;

fn request(case: &Case) -> Option<&Request> {
    case.exchange.request.as_ref()
}

fn response(case: &Case) -> Option<&Response> {
    case.exchange.response.as_ref()
}

// Numbers

pub(super) fn status(case: Subject<'_>) -> Option<u64> {
    case.number(Number::Status, |case| case.exchange.status().map(u64::from))
}

pub(super) fn latency(case: Subject<'_>) -> Option<u64> {
    case.number(Number::Latency, |case| {
        case.exchange.latency().map(|latency| u64::try_from(latency.as_nanos()).unwrap_or(u64::MAX))
    })
}

pub(super) fn response_size(case: Subject<'_>) -> Option<u64> {
    case.number(Number::ResponseSize, |case| response(case).map(|response| response.body.length))
}

pub(super) fn request_size(case: Subject<'_>) -> Option<u64> {
    request(&case).map(|request| request.body.length)
}

pub(super) fn confidence(case: Subject<'_>) -> Option<u64> {
    case.number(Number::Confidence, |case| {
        case.verdict.as_ref().map(|verdict| level(verdict.diagnosis.confidence))
    })
}

pub(super) const LEVELS: [Confidence; 3] =
    [Confidence::Possible, Confidence::Likely, Confidence::Certain];

/// A level of confidence as a number; the order is that of certainty.
pub(super) const fn level(confidence: Confidence) -> u64 {
    confidence as u64
}

pub(super) fn repeat(case: Subject<'_>) -> Option<u64> {
    case.verdict.as_ref().map(|verdict| u64::from(verdict.repeat))
}

pub(super) fn client_port(case: Subject<'_>) -> Option<u64> {
    Some(u64::from(case.client().port()))
}

pub(super) fn server_port(case: Subject<'_>) -> Option<u64> {
    Some(u64::from(case.server().port()))
}

pub(super) fn flow(case: Subject<'_>) -> Option<u64> {
    case.number(Number::Flow, |case| Some(case.exchange.connection.flow))
}

pub(super) fn stream(case: Subject<'_>) -> Option<u64> {
    case.exchange.stream.map(u64::from)
}

pub(super) fn id(case: Subject<'_>) -> Option<u64> {
    Some(case.id())
}

// Flags

pub(super) fn always(_: Subject<'_>) -> bool {
    true
}

pub(super) fn benign(case: Subject<'_>) -> bool {
    case.is_benign()
}

pub(super) fn provisional(case: Subject<'_>) -> bool {
    case.verdict.as_ref().is_some_and(|verdict| verdict.provisional)
}

pub(super) fn leg(case: Subject<'_>) -> bool {
    case.verdict.as_ref().is_some_and(|verdict| verdict.leg_of.is_some())
}

pub(super) fn gap(case: Subject<'_>) -> bool {
    case.exchange.coverage.gap_octets > 0
}

pub(super) fn midstream(case: Subject<'_>) -> bool {
    case.exchange.connection.midstream
}

pub(super) fn truncated(case: Subject<'_>) -> bool {
    case.exchange.coverage.truncated
}

pub(super) fn complete(case: Subject<'_>) -> bool {
    case.exchange.is_complete()
}

pub(super) fn answered(case: Subject<'_>) -> bool {
    response(&case).is_some()
}

pub(super) fn requested(case: Subject<'_>) -> bool {
    request(&case).is_some()
}

/// Secrets are revealed on the screen, for seconds; a case never knows of it.
pub(super) fn revealed(_: Subject<'_>) -> bool {
    false
}

pub(super) fn is_http2(case: Subject<'_>) -> bool {
    case.exchange.version() == Version::Http2
}

pub(super) fn is_ipv6(case: Subject<'_>) -> bool {
    case.server().is_ipv6()
}

// Addresses

pub(super) fn client(case: Subject<'_>, test: &mut dyn FnMut(SocketAddr) -> bool) -> bool {
    test(case.client()) || case.via().is_some_and(test)
}

pub(super) fn server(case: Subject<'_>, test: &mut dyn FnMut(SocketAddr) -> bool) -> bool {
    test(case.server())
}

pub(super) fn either_address(case: Subject<'_>, test: &mut dyn FnMut(SocketAddr) -> bool) -> bool {
    client(case, test) || server(case, test)
}

// The messages

pub(super) fn method(case: Subject<'_>, _: &str, test: Test<'_>) -> bool {
    case.text(Text::Method, test, |case, test| {
        request(case).is_some_and(|request| test(request.method()))
    })
}

pub(super) fn host(case: Subject<'_>, _: &str, test: Test<'_>) -> bool {
    case.text(Text::Host, test, |case, test| {
        request(case).and_then(Request::host).is_some_and(test)
    })
}

pub(super) fn path(case: Subject<'_>, _: &str, test: Test<'_>) -> bool {
    case.text(Text::Path, test, |case, test| {
        request(case).is_some_and(|request| test(request.path()))
    })
}

pub(super) fn query(case: Subject<'_>, _: &str, test: Test<'_>) -> bool {
    request(&case).and_then(Request::query).is_some_and(test)
}

pub(super) fn target(case: Subject<'_>, _: &str, test: Test<'_>) -> bool {
    case.text(Text::Target, test, |case, test| {
        request(case).is_some_and(|request| test(request.target()))
    })
}

pub(super) fn url(case: Subject<'_>, _: &str, test: Test<'_>) -> bool {
    request(&case).is_some_and(|request| {
        if !request.target().starts_with(b"/") {
            return test(request.target());
        }
        let host = request.host().unwrap_or_default();
        test(&[b"http://", host, request.target()].concat())
    })
}

pub(super) fn protocol(case: Subject<'_>, _: &str, test: Test<'_>) -> bool {
    let version = case.exchange.version();
    test(version.name().as_bytes())
        || match version {
            Version::Http2 => test(b"h2") || test(b"h2c") || test(b"HTTP/2.0"),
            Version::Http11 => test(b"h1") || test(b"1.1"),
            Version::Http10 => test(b"h1") || test(b"1.0"),
            Version::Http09 => test(b"0.9"),
        }
}

pub(super) fn phrase(case: Subject<'_>, _: &str, test: Test<'_>) -> bool {
    response(&case).is_some_and(|response| test(response.reason()))
}

pub(super) fn request_header(case: Subject<'_>, name: &str, test: Test<'_>) -> bool {
    request(&case).is_some_and(|request| request.head.get_all(name).any(test))
}

pub(super) fn response_header(case: Subject<'_>, name: &str, test: Test<'_>) -> bool {
    response(&case).is_some_and(|response| {
        let trailers = response.trailers.iter().flat_map(|trailers| trailers.get_all(name));
        response.head.get_all(name).chain(trailers).any(test)
    })
}

pub(super) fn any_header(case: Subject<'_>, name: &str, test: Test<'_>) -> bool {
    request_header(case, name, test) || response_header(case, name, test)
}

pub(super) fn cookie(case: Subject<'_>, _: &str, test: Test<'_>) -> bool {
    request_header(case, "cookie", test)
}

pub(super) fn request_body(case: Subject<'_>, _: &str, test: Test<'_>) -> bool {
    request(&case).is_some_and(|request| decoded(&request.head, &request.body, test))
}

pub(super) fn response_body(case: Subject<'_>, _: &str, test: Test<'_>) -> bool {
    response(&case).is_some_and(|response| decoded(&response.head, &response.body, test))
}

pub(super) fn body(case: Subject<'_>, name: &str, test: Test<'_>) -> bool {
    response_body(case, name, test) || request_body(case, name, test)
}

fn decoded(head: &Head, body: &Body, test: Test<'_>) -> bool {
    if body.start.is_empty() {
        return false;
    }
    match head.get("content-encoding") {
        None => test(&body.start),
        coding => test(&content::decode(&body.start, body.whole, coding, BODY).octets),
    }
}

// Authorization

/// The credentials that are looked at: with several field lines the first.
fn first(case: &Case) -> &Authorization {
    let authorization = &case.auth.authorization;
    match &authorization.state {
        AuthState::Multiple { first, .. } => first,
        _ => authorization,
    }
}

pub(super) fn auth(case: Subject<'_>, _: &str, test: Test<'_>) -> bool {
    state(case, "", test) || reason(case, "", test)
}

pub(super) fn state(case: Subject<'_>, _: &str, test: Test<'_>) -> bool {
    case.text(Text::State, test, |case, test| test(case.auth.authorization.state.name().as_bytes()))
}

pub(super) fn reason(case: Subject<'_>, _: &str, test: Test<'_>) -> bool {
    case.text(Text::Reason, test, |case, test| match &case.auth.authorization.state {
        AuthState::Malformed { reason, .. } => test(reason.name().as_bytes()),
        AuthState::Unknown { reason } => test(reason.name().as_bytes()),
        AuthState::Missing | AuthState::Present { .. } | AuthState::Multiple { .. } => false,
    })
}

pub(super) fn scheme(case: Subject<'_>, _: &str, test: Test<'_>) -> bool {
    case.text(Text::Scheme, test, |case, test| {
        if let AuthState::Multiple { schemes, .. } = &case.auth.authorization.state {
            return schemes.iter().flatten().any(|scheme| test(scheme.name().as_bytes()));
        }
        let scheme = case.auth.authorization.scheme.as_ref();
        scheme.is_some_and(|scheme| test(scheme.name().as_bytes()))
    })
}

fn shape_of(case: &Case) -> Option<&Shape> {
    match &first(case).state {
        AuthState::Present { shape, .. } => Some(shape),
        _ => None,
    }
}

pub(super) fn shape(case: Subject<'_>, _: &str, test: Test<'_>) -> bool {
    case.text(Text::Shape, test, |case, test| {
        shape_of(case).is_some_and(|shape| test(shape.name().as_bytes()))
    })
}

pub(super) fn finding(case: Subject<'_>, _: &str, test: Test<'_>) -> bool {
    match &first(&case).state {
        AuthState::Present { findings, .. } | AuthState::Malformed { findings, .. } => {
            findings.iter().any(|finding| test(finding.name().as_bytes()))
        }
        _ => false,
    }
}

pub(super) fn user(case: Subject<'_>, _: &str, test: Test<'_>) -> bool {
    case.text(Text::User, test, |case, test| {
        first(case).user.as_ref().is_some_and(|user| test(user.as_bytes()))
    })
}

pub(super) fn fingerprint(case: Subject<'_>, _: &str, test: Test<'_>) -> bool {
    let own = first(&case).fingerprint;
    let others = case.auth.alternatives.iter().filter_map(|other| other.fingerprint);
    own.into_iter()
        .chain(others)
        .any(|fingerprint| test(Stack::of(format_args!("{fingerprint}")).octets()))
}

pub(super) fn jwt(case: Subject<'_>, name: &str, test: Test<'_>) -> bool {
    match shape_of(&case) {
        Some(Shape::Jws(jwt)) => claim(jwt, name).is_some_and(|value| visit_json(value, test)),
        _ => false,
    }
}

/// A claim by its whole name, by its way through nested objects, else a header parameter.
fn claim<'a>(jwt: &'a Jwt, name: &str) -> Option<&'a Value> {
    let whole = || jwt.claims.get(name);
    let nested = || {
        let (outer, inner) = name.split_once('.')?;
        inner.split('.').try_fold(jwt.claims.get(outer)?, |value, part| value.get(part))
    };
    whole().or_else(nested).or_else(|| jwt.header.get(name))
}

fn visit_json(claim: &Value, test: Test<'_>) -> bool {
    match claim {
        Value::Null => test(b"null"),
        Value::Bool(is) => test(if *is { b"true" } else { b"false" }),
        Value::Number(number) => test(Stack::of(format_args!("{number}")).octets()),
        Value::String(string) => test(string.as_bytes()),
        Value::Array(items) => items.iter().any(|item| visit_json(item, test)),
        Value::Object(_) => test(claim.to_string().as_bytes()),
    }
}

pub(super) fn offers(case: Subject<'_>, _: &str, test: Test<'_>) -> bool {
    case.auth.challenges.iter().any(|challenge| test(challenge.scheme.name().as_bytes()))
}

pub(super) fn realm(case: Subject<'_>, _: &str, test: Test<'_>) -> bool {
    let mut realms = case.auth.challenges.iter().filter_map(|challenge| challenge.realm());
    realms.any(|realm| test(realm.as_bytes()))
}

// Why

pub(super) fn why(case: Subject<'_>, _: &str, test: Test<'_>) -> bool {
    case.text(Text::Why, test, |case, test| {
        let verdict = case.verdict.as_ref();
        verdict.is_some_and(|verdict| test(verdict.diagnosis.entry.id.as_bytes()))
    })
}

/// The diagnosis as the list shows it.
pub(super) fn title(case: Subject<'_>, _: &str, test: Test<'_>) -> bool {
    case.text(Text::Title, test, |case, test| {
        let verdict = case.verdict.as_ref();
        verdict.is_some_and(|verdict| test(verdict.diagnosis.entry.title.as_bytes()))
    })
}

pub(super) fn also(case: Subject<'_>, _: &str, test: Test<'_>) -> bool {
    let verdict = case.verdict.as_ref();
    verdict.is_some_and(|verdict| verdict.also.iter().any(|other| test(other.entry.id.as_bytes())))
}

pub(super) fn class(case: Subject<'_>, _: &str, test: Test<'_>) -> bool {
    let verdict = case.verdict.as_ref();
    verdict.is_some_and(|verdict| test(verdict.diagnosis.entry.class.name().as_bytes()))
}

pub(super) fn note(case: Subject<'_>, _: &str, test: Test<'_>) -> bool {
    let verdict = case.verdict.as_ref();
    verdict.is_some_and(|verdict| verdict.notes.iter().any(|note| test(note.id.name().as_bytes())))
}

// Where

pub(super) fn interface(case: Subject<'_>, _: &str, test: Test<'_>) -> bool {
    test(case.exchange.connection.interface.as_bytes())
}

/// Which process it was is not on the wire.
pub(super) fn process(_: Subject<'_>, _: &str, _: Test<'_>) -> bool {
    false
}

pub(super) fn anomaly(case: Subject<'_>, _: &str, test: Test<'_>) -> bool {
    case.exchange.anomalies.iter().any(|anomaly| test(anomaly.name().as_bytes()))
}

/// What the list shows of an exchange: the columns over which free text searches.
/// Without the addresses.
pub(super) fn columns(case: Subject<'_>, test: Test<'_>) -> bool {
    method(case, "", test)
        || host(case, "", test)
        || target(case, "", test)
        || status(case).is_some_and(|status| test(Stack::of(format_args!("{status}")).octets()))
        || scheme(case, "", test)
        || auth(case, "", test)
        || shape(case, "", test)
        || user(case, "", test)
        || why(case, "", test)
        || title(case, "", test)
}

/// Client and server with their ports, as they are written.
pub(super) fn addresses(case: Subject<'_>, test: Test<'_>) -> bool {
    test(Stack::of(format_args!("{}", case.client())).octets())
        || test(Stack::of(format_args!("{}", case.server())).octets())
}

// The values that a field can have

pub(super) fn confidence_values() -> Vec<&'static str> {
    LEVELS.map(Confidence::name).to_vec()
}

const CLASSES: [Class; 7] = [
    Class::Benign,
    Class::Request,
    Class::Path,
    Class::ServerSays,
    Class::Token,
    Class::OverTime,
    Class::Fallback,
];

pub(super) fn class_values() -> Vec<&'static str> {
    CLASSES.map(Class::name).to_vec()
}

pub(super) fn auth_values() -> Vec<&'static str> {
    let states = ["missing", "present", "malformed", "multiple", "unknown"];
    let malformed = [
        "empty-value",
        "scheme-only",
        "no-scheme",
        "missing-space",
        "doubled-scheme",
        "placeholder",
        "unexpanded-variable",
        "quoted-token",
        "extra-parts",
        "comma-joined",
        "illegal-character",
        "not-base64",
        "no-colon",
        "jwt-segments",
        "jwt-bad-base64",
        "jwt-bad-json",
        "jwt-no-signature",
        "jwt-signature-length",
        "digest-syntax",
        "digest-missing-params",
        "bad-gss-token",
    ];
    let unknown = ["headers-truncated", "capture-gap", "started-mid-stream", "not-http1"];
    [&states[..], &malformed, &unknown].concat()
}

pub(super) fn finding_values() -> Vec<&'static str> {
    vec![
        "obs-fold",
        "tab-separator",
        "extra-spaces",
        "unpadded",
        "base64url-alphabet",
        "trailing-newline",
        "edge-space",
        "control-char",
        "empty-user",
        "empty-password",
        "percent-encoded",
        "non-ascii-utf8",
        "non-ascii-not-utf8",
        "artifact-placeholder",
        "artifact-unexpanded-variable",
        "alg-none",
        "not-token68",
        "quoted-nc",
        "quoted-qop",
        "quoted-algorithm",
        "bad-nc",
    ]
}

pub(super) fn note_values() -> Vec<&'static str> {
    [
        NoteId::NoChallenge,
        NoteId::BadChallenge,
        NoteId::ClearTextCredentials,
        NoteId::RetryStorm,
        NoteId::ShouldBe403,
        NoteId::AnsweredByHop,
        NoteId::LoginPage,
        NoteId::TokenInUrl,
        NoteId::BodyNotSeen,
        NoteId::OneSided,
        NoteId::LongLivedToken,
        NoteId::WeakDigest,
        NoteId::Probe,
        NoteId::PairingUnsure,
    ]
    .map(NoteId::name)
    .to_vec()
}

pub(super) fn anomaly_values() -> Vec<&'static str> {
    Anomaly::ALL.map(Anomaly::name).to_vec()
}

/// Short text on the stack: a filter that is asked 100,000 times should not allocate to look at a
/// port.
pub(super) struct Stack {
    octets: [u8; 64],
    len: usize,
}

impl Stack {
    pub fn of(text: std::fmt::Arguments<'_>) -> Self {
        let mut stack = Self { octets: [0; 64], len: 0 };
        // What does not fit is cut; the longest address takes 58 octets.
        let _ = stack.write_fmt(text);
        stack
    }

    pub fn octets(&self) -> &[u8] {
        self.octets.get(..self.len).unwrap_or_default()
    }
}

impl std::fmt::Write for Stack {
    fn write_str(&mut self, text: &str) -> std::fmt::Result {
        let room = self.octets.get_mut(self.len..).unwrap_or_default();
        let taken = room.len().min(text.len());
        room[..taken].copy_from_slice(&text.as_bytes()[..taken]);
        self.len += taken;
        Ok(())
    }
}
