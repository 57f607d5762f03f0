//! What became of the same credential elsewhere, before and after.

use std::time::Duration;

use crate::diagnosis::history::{Past, Record, Sent};
use crate::diagnosis::lexicon::Category;
use crate::diagnosis::rule::{Answer, Awaiting, Found};
use crate::diagnosis::rules::posted::is_about_grant;
use crate::diagnosis::rules::{common, stated};
use crate::diagnosis::view::View;
use crate::time::humane;

/// How long a later acceptance of the same credential is waited for.
const LATER: Duration = Duration::from_secs(30);

/// Different paths refused alike before it looks like the client and not the path.
const PATHS: usize = 3;

/// Paths that usually answer everyone, whatever they are sent.
const OPEN_PATHS: [&str; 11] = [
    "public", "health", "ping", "status", "ready", "live", "version", "login", "static", "assets",
    "favicon",
];

/// What became of this very secret; `None` where the fingerprint does not tell secrets apart.
fn past<'v>(view: &'v View<'_>) -> Option<&'v Past<'v>> {
    // A client whose user is refused is not refused itself.
    view.credential().filter(|_| !is_about_grant(view))?;
    let own = view.record()?;
    let told = own.exact && !matches!(own.sent, Sent::Malformed | Sent::Unknown);
    view.past().filter(|_| told)
}

/// Whether the token was past its time when the server looked at it.
fn has_expired(view: &View<'_>) -> bool {
    view.jwt().and_then(|jwt| jwt.date("exp")).is_some_and(|exp| exp <= view.server_now().seconds())
}

/// What kind of credential it is, in words.
fn kind(view: &View<'_>) -> &'static str {
    match view.scheme() {
        Some(scheme) if scheme.is("Basic") => "login",
        Some(_) => "token",
        None => match view.record() {
            Some(own) if own.cookie => "session cookie",
            _ => "key",
        },
    }
}

/// “This {credential} was accepted {ago} ago and is refused now. It was {manner}.” (RFC 6750 §3.1)
pub fn token_revoked(view: &View<'_>) -> Answer {
    if let Some(found) = stated::token_revoked(view).found() {
        let accepted = past(view).and_then(|past| past.accepted_here).zip(view.record());
        return match accepted {
            Some((accepted, own)) => found
                .fact("ago", humane(own.time.since(accepted.answered)))
                .related(accepted.id)
                .into(),
            None => found.into(),
        };
    }
    // A session that ends has its own diagnosis.
    if common::only_cookies(view) {
        return Answer::No;
    }
    let Some(past) = past(view) else { return Answer::No };
    let Some(own) = view.record() else { return Answer::No };
    let Some(accepted) = past.accepted_on_path else { return Answer::No };
    let over = past.accepted_later.is_some() || past.changes > 1 || has_expired(view);
    if over || view.history().is_public(own) {
        return Answer::No;
    }
    let since = past.refused_since.unwrap_or(own.time);
    // Another server may never have accepted it.
    let moved = accepted.server.ip() != own.server.ip();
    let found = if moved { Found::possible() } else { Found::likely() };
    let found = found
        .because(
            "history",
            format!("#{}", accepted.id),
            format!("accepted here {} before", humane(own.time.since(accepted.answered))),
        )
        .fact("credential", kind(view))
        .fact("ago", humane(own.time.since(accepted.answered)))
        .fact("time", since.rfc3339_seconds())
        .related(accepted.id);
    match view.wait(LATER) {
        Some(until) => found.until(Awaiting::CREDENTIAL, until),
        None => found.into(),
    }
}

/// “The same credential succeeds and fails by turns ({ok} accepted, {fail} refused); {backend} seems to
/// be the one that refuses.” (catalogue: kellnr#928)
pub fn backends_disagree(view: &View<'_>) -> Answer {
    let Some(past) = past(view) else { return Answer::No };
    let Some(own) = view.record() else { return Answer::No };
    if past.changes < 2 || past.accepted == 0 || has_expired(view) {
        return Answer::No;
    }
    let here = is_accepted_by_own_server(view, own);
    let backend =
        (!here && past.accepted_at_other_server.is_some()).then(|| own.server.ip().to_string());
    let related = past.accepted_later.or(past.accepted_on_path).map(|record| record.id);
    let mut found = Found::likely()
        .because(
            "history",
            format!("{} accepted, {} refused", past.accepted, past.refused),
            "same credential, method and path, by turns",
        )
        .fact("ok", past.accepted.to_string())
        .fact("fail", past.refused.to_string())
        .fact_if("backend", backend);
    if let Some(id) = related {
        found = found.related(id);
    }
    found.into()
}

/// Whether this very server accepted the credential on this path.
fn is_accepted_by_own_server(view: &View<'_>, own: &Record) -> bool {
    view.credential().is_some_and(|credential| {
        view.history()
            .of_credential(credential, own)
            .filter(|record| record.same_route(own) && record.server == own.server)
            .any(Record::accepted)
    })
}

/// “These credentials are accepted at {other} but not at {here}: check {what}.”
pub fn works_elsewhere(view: &View<'_>) -> Answer {
    let Some(past) = past(view) else { return Answer::No };
    let Some(own) = view.record() else { return Answer::No };
    if past.accepted_later.is_some() {
        return Answer::No;
    }
    // Whether credentials mean anything there.
    let demanded = |record: &Record| {
        !view.history().is_public(record)
            && !OPEN_PATHS.into_iter().any(|open| record.path.to_ascii_lowercase().contains(open))
    };
    let found = |record: &Record, other: String, here: String, what: &str| {
        Found::likely()
            .because("history", format!("#{}", record.id), format!("accepted at {other}"))
            .fact("other", other)
            .fact("here", here)
            .fact("what", what)
            .related(record.id)
    };
    // Behind a proxy no client looks up a name, and all servers may have one address.
    if let Some(record) = past.accepted_at_other_server.filter(|record| demanded(record))
        && record.origin == own.origin
        && record.server.ip() != own.server.ip()
        && view.history().outer(own).is_none()
        && record.path == own.path
        && past.changes <= 1
        && !is_accepted_by_own_server(view, own)
    {
        let (other, here) = (record.server.to_string(), own.server.to_string());
        return found(record, other, here, "the name's DNS address").into();
    }
    if past.accepted_on_path.is_some() {
        return Answer::No;
    }
    if let Some(record) = past.accepted_elsewhere.filter(|record| demanded(record))
        && past.accepted_here.is_none()
    {
        let host = |origin: &str| origin.rsplit_once(':').map_or(origin, |(h, _)| h).to_owned();
        let what = if host(&record.origin) == host(&own.origin) { "the port" } else { "the host" };
        return found(record, record.origin.to_string(), own.origin.to_string(), what).into();
    }
    if let Some(record) = past.accepted_on_other_path.filter(|record| demanded(record))
        && view.history().is_protected(record)
    {
        let place = |record: &Record| format!("{}{}", record.origin, record.shown_path());
        return found(record, place(record), place(own), "the path").into();
    }
    Answer::No
}

/// “The credential of "{user}" is accepted on {other_path} but not here. {problem}.” (RFC 6750 §3.1)
///
/// The part that history shows; what the server says is another rule's.
pub fn insufficient_privilege(view: &View<'_>) -> Answer {
    let Some(past) = past(view) else { return Answer::No };
    let Some(own) = view.record() else { return Answer::No };
    let named = view.said().is_some_and(|said| {
        matches!(
            said.category,
            Category::Expired
                | Category::NotYetValid
                | Category::BadAudience
                | Category::BadIssuer
                | Category::BadSignature
                | Category::NoKey
                | Category::Revoked
                | Category::Csrf
        )
    });
    if named || past.accepted_on_path.is_some() || past.accepted_later.is_some() {
        return Answer::No;
    }
    let Some(elsewhere) = past.accepted_on_other_path else { return Answer::No };
    let Some(credential) = view.credential() else { return Answer::No };
    if view.history().is_public(elsewhere) || view.history().is_public(own) {
        return Answer::No;
    }
    let other = view.history().of_route(own).find(|record| {
        record.accepted()
            && record.has_credentials()
            && !record.carries(credential)
            && (record.user_key == 0 || record.user_key != own.user_key)
    });
    let Some(other) = other else { return Answer::No };
    let path = elsewhere.shown_path();
    Found::likely()
        .because("history", format!("#{}", elsewhere.id), format!("accepted on {path}"))
        .because("history", format!("#{}", other.id), "someone else is accepted here")
        .fact_if("user", view.user())
        .fact("other_path", path)
        .related(elsewhere.id)
        .related(other.id)
        .into()
}

/// “The same login works from {other_client} but not from {client}. A firewall, an address list or a
/// security rule {sure} blocks this client.” (catalogue: rabbitmq#86)
///
/// The part that history shows; what the server says is another rule's.
pub fn blocked_by_security_rule(view: &View<'_>) -> Answer {
    let Some(own) = view.record() else { return Answer::No };
    let mut visit = view.history().of_visit(own);
    let served = |record: &Record| {
        record.accepted() && (record.has_credentials() || view.history().is_protected(record))
    };
    if view.history().visit_may_be_accepted(own) && visit.any(served) {
        return Answer::No;
    }
    if past(view).is_some()
        && let Some(credential) = view.credential()
        && view.history().credential_may_be_accepted(credential)
        && let Some(other) = view
            .history()
            .of_credential(credential, own)
            .find(|record| record.same_origin(own) && record.client.ip() != own.client.ip())
        && other.accepted()
        && !view.history().is_public(other)
    {
        return Found::possible()
            .because(
                "history",
                format!("#{}", other.id),
                format!("accepted from {}", other.client.ip()),
            )
            .fact("other_client", other.client.ip().to_string())
            .fact("client", own.client.ip().to_string())
            .fact("blocks", "possibly blocks")
            .related(other.id)
            .into();
    }
    refused_everywhere(view, own).into()
}

/// Everything this client asks for is refused with one body, and others get the same without any
/// credentials.
fn refused_everywhere(view: &View<'_>, own: &Record) -> Option<Found> {
    let body = own.refusal.as_ref().map(|refusal| refusal.body).filter(|body| *body != 0)?;
    if !view.history().route_may_be_accepted(own) {
        return None;
    }
    let other = view.history().of_route(own).find(|record| {
        record.accepted() && !record.has_credentials() && record.client.ip() != own.client.ip()
    })?;
    let mut paths = Vec::with_capacity(PATHS);
    let recent = view
        .history()
        .of_refused_client(own)
        .take_while(|record| own.time.since(record.time) <= Duration::from_secs(60))
        .filter(|record| record.same_origin(own));
    for record in recent {
        if record.refusal.as_ref().is_none_or(|refusal| refusal.body != body) {
            return None;
        }
        if paths.len() < PATHS && !paths.contains(&&record.path) {
            paths.push(&record.path);
        }
    }
    (paths.len() == PATHS).then(|| {
        Found::possible()
            .because("history", "every path", "refused to this client with one body")
            .because("history", format!("#{}", other.id), "served to another client")
            .fact("blocks", "possibly blocks")
            .related(other.id)
    })
}
