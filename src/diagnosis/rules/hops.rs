//! Proxies on the way: what they take away, what they answer from a store, and when two of them ask.

use crate::diagnosis::Confidence;
use crate::diagnosis::history::{Record, Refusal, Sent};
use crate::diagnosis::rule::{Answer, Found};
use crate::diagnosis::view::View;
use crate::text;
use crate::time::humane;
use std::time::Duration;

/// A client follows a redirection at once.
const REDIRECTION: Duration = Duration::from_secs(10);

/// “The client sent {scheme} to {proxy}, but {proxy} forwarded the request to {backend} without it.”
/// (catalogue: traefik#9473, oauth2-proxy#827)
pub fn hop_stripped_auth(view: &View<'_>) -> Answer {
    let Some(own) = view.record() else { return Answer::No };
    let pair = match (view.history().inner(own), view.history().outer(own)) {
        (Some(inner), _) if lost(own, inner).is_some() => (own, inner),
        (_, Some(outer)) if lost(outer, own).is_some() => (outer, own),
        _ => return Answer::No,
    };
    let (outer, inner) = pair;
    let Some(what) = lost(outer, inner) else { return Answer::No };
    let Some(refusal) = &inner.refusal else { return Answer::No };
    if refusal.identity {
        return Answer::No;
    }
    let sure = if refusal.sure_leg { Confidence::Certain } else { Confidence::Likely };
    let other = if own.id == outer.id { inner } else { outer };
    Found::new(sure)
        .because("history", format!("#{}", outer.id), format!("carries {what}"))
        .because("history", format!("#{}", inner.id), "the same request behind the proxy: without")
        .fact("scheme", what)
        .fact("proxy", &*outer.origin)
        .fact("backend", inner.server.to_string())
        .related(other.id)
        .into()
}

/// What the outer leg carries and the inner one does not.
fn lost(outer: &Record, inner: &Record) -> Option<&'static str> {
    match (outer.sent, inner.sent) {
        (Sent::Credentials, Sent::Nothing) => Some(outer.scheme.unwrap_or("its credentials")),
        // A proxy keeps what is addressed to it (RFC 9110 §11.7.2).
        (Sent::Nothing, Sent::Nothing) if outer.proxy_scheme.is_some() => None,
        (Sent::Nothing, Sent::Nothing) => {
            let key = outer.credentials.iter().flatten().next()?;
            let kept = inner.carries(*key) || inner.credentials.iter().any(Option::is_some);
            (!kept).then_some(if outer.cookie { "its session cookie" } else { "its API key" })
        }
        _ => None,
    }
}

/// “Two systems seem to ask for a login: {first} accepted this {scheme}, but forwards it to {second},
/// which does not know it.” (catalogue: grafana#1673, traefik#8993)
pub fn two_auth_layers(view: &View<'_>) -> Answer {
    if view.shape().is_none() {
        return Answer::No;
    }
    let Some(own) = view.record() else { return Answer::No };
    let Some(refusal) = own.refusal.as_ref().filter(|_| own.sent == Sent::Credentials) else {
        return Answer::No;
    };
    let Some(first) = other_layer(view, own, refusal) else { return Answer::No };
    Found::likely()
        .because(
            "response.header.www-authenticate",
            view.offered().unwrap_or_else(|| "none".to_owned()),
            "not who asked when no credentials were sent",
        )
        .because("history", format!("#{}", first.id), "asked by someone else")
        .fact_if("scheme", own.scheme)
        .fact_if("second", view.realm().map(|realm| format!("\"{realm}\"")))
        .related(first.id)
        .into()
}

/// The refusal of a request without credentials that someone else gave for the same path. Where both
/// sides of a proxy are seen, it may be for another path too, if it asked for just these credentials:
/// without a second leg, one server may well want another scheme on each path.
fn other_layer<'a>(view: &View<'a>, own: &'a Record, refusal: &Refusal) -> Option<&'a Record> {
    let front = view.history().outer(own).unwrap_or(own);
    let asked = |record: &&Record| {
        record.status == own.status
            && record.answered <= own.time
            && record.sent == Sent::Nothing
            && record.client.ip() == front.client.ip()
            && record
                .refusal
                .as_ref()
                .is_some_and(|other| other.challenger.differs(refusal.challenger))
    };
    let mut route = view.history().of_route(front);
    let here = view.history().route_may_be_asked(front).then(|| route.find(asked)).flatten();
    here.or_else(|| {
        if front.id == own.id && view.history().inner(own).is_none() {
            return None;
        }
        let scheme = own.scheme.filter(|scheme| !refusal.offers(scheme))?;
        let offers =
            |record: &&Record| record.refusal.as_ref().is_some_and(|other| other.offers(scheme));
        view.history().of_visit(front).filter(asked).find(offers)
    })
}

/// “{client} sent {scheme} to {from}, was redirected to {to} and, as clients do for safety, did not
/// send the credential there.” (RFC 9110 §15.4; psf/requests#4718)
pub fn redirect_dropped_auth(view: &View<'_>) -> Answer {
    if !view.missing() {
        return Answer::No;
    }
    let Some(own) = view.record() else { return Answer::No };
    if own.has_credentials() {
        return Answer::No;
    }
    let Some((redirected, same_origin)) = view.redirected_here() else { return Answer::No };
    if redirected.time > own.time || own.time.since(redirected.time) > REDIRECTION {
        return Answer::No;
    }
    let found = if same_origin {
        // Clients have no reason to drop it there.
        let to = format!("{} on the same origin", own.shown_path());
        Found::likely().fact("to", to).fact("manner", "")
    } else {
        Found::certain().fact("to", &*own.origin)
    };
    found
        .because(
            "history",
            format!("#{}", redirected.id),
            format!("with credentials, answered {} to this address", redirected.status),
        )
        .because("request.authorization", "absent", "after the redirection")
        .fact("client", view.client())
        .fact_if("scheme", redirected.scheme)
        .fact("from", &*redirected.origin)
        .fact("location", redirected.location.clone())
        .related(redirected.id)
        .into()
}

/// Fields by which caches tell what they did.
pub const CACHE_FIELDS: [&str; 8] = [
    "age",
    "x-cache",
    "x-cache-hits",
    "cf-cache-status",
    "x-proxy-cache",
    "cache-status",
    "x-cache-status",
    "x-varnish",
];

/// “This answer was not made for this request: a cache replayed a 401 that is {age} old.”
/// (RFC 9111 §5.1)
pub fn cached_401(view: &View<'_>) -> Answer {
    if !CACHE_FIELDS.into_iter().any(|name| view.response().is_some_and(|r| r.head.has(name))) {
        return frozen(view).into();
    }
    let header = |name: &str| view.response_header(name);
    let says = |name: &str, word: &str| {
        header(name).is_some_and(|value| value.to_ascii_lowercase().contains(word))
    };
    if says("x-cache", "miss") {
        return Answer::No;
    }
    let age = header("age").and_then(|age| age.trim().parse::<u64>().ok()).filter(|age| *age > 0);
    let hits = header("x-cache-hits").and_then(|hits| hits.trim().parse::<u64>().ok());
    let marker = ["x-cache", "cf-cache-status", "x-proxy-cache", "cache-status", "x-cache-status"]
        .into_iter()
        .find(|name| says(name, "hit"))
        .or_else(|| hits.filter(|hits| *hits > 0).map(|_| "x-cache-hits"))
        .or_else(|| {
            // Varnish names the request that filled the cache as well.
            header("x-varnish").filter(|ids| ids.split_whitespace().count() == 2)?;
            Some("x-varnish")
        });
    if age.is_none() && marker.is_none() {
        return frozen(view).into();
    }
    let mut found = Found::certain();
    if let Some(age) = age {
        found = found
            .because("response.header.age", age.to_string(), "seconds in a cache")
            .fact("age", humane(Duration::from_secs(age)));
    }
    if let Some(marker) = marker {
        let value = header(marker).unwrap_or_default();
        let value = text::visible(&text::shorten(&value, 80)).into_owned();
        found = found.because(format!("response.header.{marker}"), value, "a cache answered");
    }
    found.into()
}

/// `Date` has whole seconds: an answer with one that is older was not made now.
const STALE: Duration = Duration::from_secs(2);

/// An answer that carries the `Date`, challenges and body of one given earlier, and its `ETag` if it has one.
/// The earlier one was made for its own request.
fn frozen(view: &View<'_>) -> Option<Found> {
    let own = view.record()?;
    let refusal = own.refusal.as_ref().filter(|refusal| refusal.date != 0 && refusal.body != 0)?;
    if own.answered.since(refusal.date_since) < STALE {
        return None;
    }
    let twin = view.history().of_route(own).find(|record| {
        record.id != own.id
            && own.answered.since(record.answered) >= STALE
            && record
                .refusal
                .as_ref()
                .is_some_and(|other| other.date == refusal.date && other.body == refusal.body)
    })?;
    let apart = own.answered.since(twin.answered);
    Some(
        Found::likely()
            .because(
                "response.header.date",
                "unchanged",
                format!("in answers {} apart", humane(apart)),
            )
            .related(twin.id),
    )
}
