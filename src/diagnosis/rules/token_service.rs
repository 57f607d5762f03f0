//! Refusals that exist to say where a token is to be had.

use std::net::IpAddr;
use std::time::Duration;

use memchr::memmem;

use crate::auth::{AuthFacts, AuthState};
use crate::diagnosis::history::{Record, Sent};
use crate::diagnosis::rule::{Answer, Awaiting, Found};
use crate::diagnosis::view::View;
use crate::exchange::Exchange;
use crate::http::Request;
use crate::text;

/// A token service is asked, then the request is repeated.
const REPEAT: Duration = Duration::from_secs(30);

/// Something else on the same origin is asked for with the token.
const CONTINUATION: Duration = Duration::from_secs(60);

/// Whether this path below `/v2/` is one of the distribution specification's: its root, by which clients ask
/// whether it is there, or an end of its own.
fn is_of_registry(path: &[u8]) -> bool {
    let ends: [&[u8]; 4] = [b"/manifests/", b"/blobs/", b"/tags/list", b"/referrers/"];
    matches!(path, b"/v2/" | b"/v2/_catalog")
        || ends.into_iter().any(|end| memmem::find(path, end).is_some())
}

/// What kind of flow a refusal begins, in the words of the evidence.
fn flow(exchange: &Exchange, auth: &AuthFacts) -> Option<&'static str> {
    let (request, response) = (exchange.request.as_ref(), exchange.response.as_ref());
    let bearer = auth.challenges.iter().find(|challenge| challenge.scheme.is("Bearer"));
    let names_realm = bearer.is_some_and(|bearer| {
        bearer.params.get("realm").is_some_and(|realm| realm.starts_with("http"))
    });
    if names_realm && bearer.is_some_and(|bearer| bearer.params.get("service").is_some()) {
        return Some("the challenge names a token service");
    }
    if response.is_some_and(|r| r.head.has("docker-distribution-api-version")) {
        return Some("a container registry");
    }
    let path = request.map(Request::path).filter(|path| path.starts_with(b"/v2/"));
    // Many APIs have a second version: without an address a challenge tells nobody where to go.
    if path.is_some_and(|path| bearer.is_some() && is_of_registry(path) || names_realm) {
        return Some("a container registry's path");
    }
    if auth.challenges.iter().any(|c| c.params.get("resource_metadata").is_some()) {
        return Some("the challenge names the resource's metadata");
    }
    let with_token = request.is_some_and(|request| request.head.has("x-aws-ec2-metadata-token"));
    (is_metadata_service(exchange) && !with_token)
        .then_some("the instance metadata service wants a session token first")
}

/// Where the instance metadata service gives its tokens.
const SESSION_TOKEN: &str = "/latest/api/token";

fn is_metadata_service(exchange: &Exchange) -> bool {
    match exchange.connection.server.ip() {
        IpAddr::V4(address) => address.octets() == [169, 254, 169, 254],
        IpAddr::V6(address) => address.segments() == [0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x254],
    }
}

/// Whether a refusal only tells where a token is to be had, as far as it shows by itself.
pub fn begins_token_flow(exchange: &Exchange, auth: &AuthFacts) -> bool {
    matches!(auth.authorization.state, AuthState::Missing) && flow(exchange, auth).is_some()
}

/// “This 401 only tells the client where to get a token ({realm}). The client {progress}.”
/// (distribution token specification; RFC 9728 §5.1)
pub fn token_service_flow(view: &View<'_>) -> Answer {
    if !view.missing() {
        return Answer::No;
    }
    let Some(kind) = flow(view.exchange(), view.auth) else { return Answer::No };
    let Some(own) = view.record() else { return Answer::No };
    let repeat = view.repetition().map(|(repeat, _)| repeat).filter(|repeat| {
        repeat.has_credentials()
            && !repeat.refused()
            && repeat.time.since(view.answered()) <= REPEAT
    });
    let known = match (repeat, continued(view, own)) {
        (Some(repeat), _) => Some((Found::certain().benign(), repeat, WITH_TOKEN)),
        (None, Some(other)) => Some((Found::likely().benign(), other, WITH_TOKEN)),
        // Whether it led to anything is not known yet.
        (None, None) => begun(view, own).map(|(other, what)| (Found::likely(), other, what)),
    };
    let is_over = known.as_ref().is_some_and(|(found, ..)| found.benign);
    let found = known.map(|(found, other, what)| told(view, found, kind, other, what));
    let on = Awaiting::RETRY.and(Awaiting::VISIT);
    match view.wait(CONTINUATION).filter(|_| !is_over) {
        Some(until) => Answer::AskAgain { on, until, meanwhile: found },
        None => found.into(),
    }
}

/// What a client did that went on as it was told.
const WITH_TOKEN: &str = "went on with a token";

fn told(view: &View<'_>, found: Found, kind: &'static str, other: &Record, what: &str) -> Found {
    let progress = if what == WITH_TOKEN { "continued" } else { what };
    let parameter = |name: &str| {
        let value = view.challenges().iter().find_map(|challenge| challenge.params.get(name))?;
        Some(text::visible(&text::shorten(value, 120)).into_owned())
    };
    found
        .because("response.header.www-authenticate", view.offered().unwrap_or_default(), kind)
        .because(
            "history",
            format!("#{}", other.id),
            format!("the client {what} and got {}", other.status),
        )
        .fact_if("realm", parameter("realm").filter(|realm| realm.starts_with("http")))
        .fact_if("resource_metadata", parameter("resource_metadata"))
        .fact("host", view.host())
        .fact("progress", format!("{progress} and got {}", other.status))
        .related(other.id)
}

/// A request that shows that the client understood: it fetched what the challenge points to, or came back with
/// a token that was refused in turn.
fn begun<'a>(view: &View<'a>, own: &'a Record) -> Option<(&'a Record, &'static str)> {
    let request = view.request()?;
    let addresses = view.challenges().iter().flat_map(|challenge| {
        let realm = challenge.params.get("realm").filter(|realm| realm.starts_with("http"));
        [realm, challenge.params.get("resource_metadata")].into_iter().flatten()
    });
    let in_time = |record: &&Record| record.time.since(own.answered) <= CONTINUATION;
    let fetched = addresses
        .chain([SESSION_TOKEN].into_iter().filter(|_| is_metadata_service(view.exchange())))
        .find_map(|address| view.history().followed(request, own, address).filter(in_time));
    let refused = || {
        view.history().of_visit(own).take_while(|record| record.time >= own.answered).find(
            |record| {
                record.refused()
                    && record.sent == Sent::Credentials
                    && record.scheme == Some("Bearer")
                    && record.same_client(own)
                    && in_time(record)
            },
        )
    };
    fetched.map(|other| (other, "asked there")).or_else(|| Some((refused()?, WITH_TOKEN)))
}

/// Another request of the same client to the same origin, with credentials that were not refused: what
/// it asks for may be absent, or be somewhere else.
fn continued<'a>(view: &View<'a>, own: &'a Record) -> Option<&'a Record> {
    view.history().of_visit(own).take_while(|record| record.time >= own.answered).find(|record| {
        !record.refused()
            && record.status < 500
            && record.sent == Sent::Credentials
            && record.same_client(own)
            && record.time.since(own.answered) <= CONTINUATION
    })
}
