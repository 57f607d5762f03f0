//! Refusals that exist to say where a token is to be had.

use std::net::IpAddr;
use std::time::Duration;

use crate::auth::{AuthFacts, AuthState};
use crate::diagnosis::history::{Record, Sent};
use crate::diagnosis::rule::{Answer, Awaiting, Found};
use crate::diagnosis::view::View;
use crate::exchange::Exchange;
use crate::text;

/// A token service is asked, then the request is repeated.
const REPEAT: Duration = Duration::from_secs(30);

/// Something else on the same origin is asked for with the token.
const CONTINUATION: Duration = Duration::from_secs(60);

/// What kind of flow a refusal begins, in the words of the evidence.
fn flow(exchange: &Exchange, auth: &AuthFacts) -> Option<&'static str> {
    let (request, response) = (exchange.request.as_ref(), exchange.response.as_ref());
    let bearer = auth.challenges.iter().find(|challenge| challenge.scheme.is("Bearer"));
    let named = bearer.and_then(|bearer| {
        let realm = bearer.params.get("realm")?;
        (realm.starts_with("http") && bearer.params.get("service").is_some()).then_some(())
    });
    if named.is_some() {
        return Some("the challenge names a token service");
    }
    if response.is_some_and(|r| r.head.has("docker-distribution-api-version")) {
        return Some("a container registry");
    }
    if bearer.is_some() && request.is_some_and(|r| r.path().starts_with(b"/v2/")) {
        return Some("a container registry's path");
    }
    if auth.challenges.iter().any(|c| c.params.get("resource_metadata").is_some()) {
        return Some("the challenge names the resource's metadata");
    }
    let metadata = match exchange.connection.server.ip() {
        IpAddr::V4(address) => address.octets() == [169, 254, 169, 254],
        IpAddr::V6(address) => address.segments() == [0xfd00, 0xec2, 0, 0, 0, 0, 0, 0x254],
    };
    let with_token = request.is_some_and(|request| request.head.has("x-aws-ec2-metadata-token"));
    (metadata && !with_token).then_some("the instance metadata service wants a session token first")
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
    let (found, continuation) = match (repeat, continued(view, own)) {
        (Some(repeat), _) => (Found::certain(), repeat),
        (None, Some(other)) => (Found::likely(), other),
        (None, None) => {
            let on = Awaiting::RETRY.and(Awaiting::VISIT);
            return match view.wait(CONTINUATION) {
                Some(until) => Answer::AskAgain { on, until, meanwhile: None },
                None => Answer::No,
            };
        }
    };
    let parameter = |name: &str| {
        let value = view.challenges().iter().find_map(|challenge| challenge.params.get(name))?;
        Some(text::visible(&text::shorten(value, 120)).into_owned())
    };
    found
        .benign()
        .because("response.header.www-authenticate", view.offered().unwrap_or_default(), kind)
        .because(
            "history",
            format!("#{}", continuation.id),
            format!("the client went on with a token and got {}", continuation.status),
        )
        .fact_if("realm", parameter("realm").filter(|realm| realm.starts_with("http")))
        .fact_if("resource_metadata", parameter("resource_metadata"))
        .fact("host", view.host())
        .fact("progress", format!("continued and got {}", continuation.status))
        .related(continuation.id)
        .into()
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
