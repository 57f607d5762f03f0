//! Sites that know their users by a cookie.

use std::net::IpAddr;
use std::time::Duration;

use crate::auth::authorization::AlternativeKind;
use crate::auth::masking;
use crate::diagnosis::Confidence;
use crate::diagnosis::history::{GivenCookie, Record, SameSite, Sent};
use crate::diagnosis::lexicon::Category;
use crate::diagnosis::rule::{Answer, Found};
use crate::diagnosis::rules::common::{
    asks_for_a_header, is_https_in_front, is_login_status, only_cookies, other_jwt, place,
    unless_said_otherwise, with_words,
};
use crate::diagnosis::rules::posted::refused_login;
use crate::diagnosis::rules::stated;
use crate::diagnosis::view::View;
use crate::text;
use crate::time::{Timestamp, humane};

/// Without a request for this long a session may have ended of itself.
const IDLE: Duration = Duration::from_secs(300);

/// “The server set the cookie "{name}" {age} ago but the client does not send it back: {reason}.”
/// (RFC 6265bis §5)
pub fn cookie_not_returned(view: &View<'_>) -> Answer {
    if !view.missing() {
        return Answer::No;
    }
    let Some(own) = view.record() else { return Answer::No };
    if own.has_credentials() || own.sent != Sent::Nothing || view.cookies_given().is_empty() {
        return Answer::No;
    }
    let sent = cookie_names(view);
    let given = view.cookies_given().iter().rev().find(|cookie| {
        !cookie.deleted
            && cookie.time < own.time
            && cookie.expires.is_none_or(|expires| expires > own.time)
            && !sent.contains(&cookie.name)
    });
    let Some(cookie) = given else { return Answer::No };
    if names_a_header(view) || refused_login(view).is_some() {
        return Answer::No;
    }
    let reason = withheld(view, cookie);
    // Where a header is asked for, a cookie that nobody asks for proves nothing.
    if asks_for_a_header(view) && (reason.is_none() || !only_asks(view, "Bearer")) {
        return Answer::No;
    }
    // It does come back on other requests of this client: this one is made without them, and has
    // another reason.
    if reason.is_none() && returns_cookies(view, own, cookie) {
        return Answer::No;
    }
    let sure = match reason {
        Some((Confidence::Certain, _)) => Confidence::Certain,
        _ => Confidence::Likely,
    };
    Found::new(sure)
        .because("history", format!("#{}", cookie.id), format!("set the cookie {}", cookie.name))
        .because("request.header.cookie", "absent", "no cookie of that name")
        .fact("name", cookie.name.clone())
        .fact("age", humane(own.time.since(cookie.time)))
        .fact_if("reason", reason.map(|(_, reason)| reason))
        .related(cookie.id)
        .into()
}

/// Whether the client was accepted with a session-like cookie since it was given this one.
fn returns_cookies(view: &View<'_>, own: &Record, cookie: &GivenCookie) -> bool {
    view.history().of_visit(own).any(|record| {
        record.cookie && record.accepted() && record.same_client(own) && record.time > cookie.time
    })
}

/// Why a client does not send a cookie, in the order in which clients decide.
fn withheld(view: &View<'_>, cookie: &GivenCookie) -> Option<(Confidence, String)> {
    let likely = |reason: String| Some((Confidence::Likely, reason));
    // Behind a hop that ended TLS the client's own leg is none of plain http; there others return it.
    let returned = || {
        let accepted = view.record().map(|own| view.history().accepted_cookies(own));
        accepted.is_some_and(|all| all.iter().any(|(name, _)| **name == *cookie.name))
    };
    if cookie.secure && !is_https_in_front(view) && !takes_loopback_for_secure(view) && !returned()
    {
        // Some clients take loopback for secure, others do not.
        let sure = if view.is_loopback() { Confidence::Likely } else { Confidence::Certain };
        return Some((sure, "it is marked Secure and this is plain http".to_owned()));
    }
    let host = view.host().to_ascii_lowercase();
    let host = host.rsplit_once(':').map_or(host.as_str(), |(host, _)| host);
    if let Some(domain) = &cookie.domain
        && host != domain
        && !host.strip_suffix(domain.as_str()).is_some_and(|rest| rest.ends_with('.'))
    {
        return likely(format!("its Domain is {}", text::visible(domain)));
    }
    if let Some(path) = &cookie.path
        && !path_matches(&view.path(), path)
    {
        return likely(format!("its Path is {}", text::visible(path)));
    }
    if !cookie.secure && (cookie.same_site == SameSite::None || cookie.partitioned) {
        return likely("SameSite=None and Partitioned need Secure".to_owned());
    }
    let origin = view.request_header("origin")?;
    let site = origin.rsplit_once("//").map_or(&*origin, |(_, site)| site);
    let site = site.rsplit_once(':').map_or(site, |(site, _)| site);
    if site.eq_ignore_ascii_case(host) {
        return None;
    }
    likely(format!("the page is on another site ({})", text::visible(&text::shorten(site, 60))))
}

/// Whether the client is one of those that return a Secure cookie to this name over plain http (W3C Secure
/// Contexts §3.1; curl since 7.79). Safari is not.
fn takes_loopback_for_secure(view: &View<'_>) -> bool {
    let agent = view.request_header("user-agent").unwrap_or_default();
    let does =
        agent.starts_with("curl/") || agent.contains("Firefox/") || agent.contains("Chrome/");
    does && {
        let host = view.host().to_ascii_lowercase();
        let name = match host.rsplit_once(':') {
            Some((name, port)) if port.bytes().all(|octet| octet.is_ascii_digit()) => name,
            _ => host.as_str(),
        };
        let address = || name.trim_matches(['[', ']']).parse::<IpAddr>();
        name == "localhost"
            || name.ends_with(".localhost")
            || address().is_ok_and(|a| a.is_loopback())
    }
}

/// RFC 6265 §5.1.4.
fn path_matches(path: &str, cookie: &str) -> bool {
    path.strip_prefix(cookie)
        .is_some_and(|rest| rest.is_empty() || cookie.ends_with('/') || rest.starts_with('/'))
}

/// Names in the `Cookie` fields.
fn cookie_names(view: &View<'_>) -> Vec<String> {
    let Some(request) = view.request() else { return Vec::new() };
    request
        .head
        .get_all("cookie")
        .flat_map(|value| value.split(|&octet| octet == b';'))
        .filter_map(|pair| {
            let name = pair.split(|&octet| octet == b'=').next()?;
            Some(text::visible(text::decode(name).trim()).into_owned())
        })
        .collect()
}

/// Whether the server says in words that it looks for something in a header.
fn names_a_header(view: &View<'_>) -> bool {
    view.said().is_some_and(|said| {
        let quote = said.quote.to_ascii_lowercase();
        let names = ["authorization", "bearer", "api key", "api-key", "apikey"];
        said.category == Category::ApiKeyMissing
            || said.category == Category::Missing
                && names.into_iter().any(|name| quote.contains(name))
    })
}

fn only_asks(view: &View<'_>, scheme: &str) -> bool {
    view.challenges().iter().all(|challenge| challenge.scheme.is(scheme))
}

/// “This site identifies users by {name}, and this request has none: the user is not logged in (or the
/// script does not send cookies).” (catalogue: laravel/sanctum#80)
pub fn session_cookie_missing(view: &View<'_>) -> Answer {
    if !view.alternatives().is_empty() || asks_for_a_header(view) || names_a_header(view) {
        return Answer::No;
    }
    // A login page is what a login that was refused is answered with, too.
    if refused_login(view).is_some() {
        return Answer::No;
    }
    let Some(own) = view.record() else { return Answer::No };
    if own.has_credentials() {
        return Answer::No;
    }
    if let Some((name, id)) = view.history().accepted_cookies(own).first() {
        return Found::likely()
            .because("history", format!("#{id}"), format!("accepted here with the cookie {name}"))
            .because("request.header.cookie", "absent", "no session cookie")
            .fact("name", format!("the cookie \"{name}\""))
            .related(*id)
            .into();
    }
    if let Some(challenge) = view.challenges().first() {
        return Found::likely()
            .because(
                "response.header.www-authenticate",
                text::visible(challenge.scheme.name()),
                "a challenge that keeps browsers from asking: the login is a cookie",
            )
            .into();
    }
    login_page(view).map_or(Answer::No, |(field, what)| {
        Found::likely().because(field, what, "the answer leads to a login").into()
    })
}

/// Where the answer sends its user to log in.
fn login_page(view: &View<'_>) -> Option<(&'static str, String)> {
    if let Some(location) = view.response().and_then(|response| response.head.get("location")) {
        return Some(("response.header.location", masking::shown_address(location).into_owned()));
    }
    let kind = view.response_header("content-type")?;
    let body = view.body()?;
    if kind.contains("html") {
        let form = has_password_field(body.as_bytes());
        return form.then(|| ("response.body", "a form with a password field".to_owned()));
    }
    if kind.contains("json") {
        let json: serde_json::Value = serde_json::from_str(body).ok()?;
        let object = json.as_object()?;
        let (key, _) = object.iter().find(|(key, value)| {
            let key = key.to_ascii_lowercase();
            (key.contains("login") || key.contains("signin"))
                && value.as_str().is_some_and(|url| url.starts_with("http") || url.starts_with('/'))
        })?;
        return Some(("response.body", text::visible(key).into_owned()));
    }
    None
}

/// Whether a page has a field for a password, however its attribute is quoted.
pub fn has_password_field(page: &[u8]) -> bool {
    page.windows(5).enumerate().any(|(at, window)| {
        window.eq_ignore_ascii_case(b"type=") && {
            let value = page.get(at + 5..).unwrap_or_default();
            let value =
                value.strip_prefix(b"\"").or_else(|| value.strip_prefix(b"'")).unwrap_or(value);
            value.get(..8).is_some_and(|word| word.eq_ignore_ascii_case(b"password"))
        }
    })
}

/// “The session {name} was refused after {idle} without requests; {deleted}. The user has to log in
/// again.” (catalogue: grafana#15316)
///
/// Stated by the server, or seen: a cookie that was accepted before comes back after a pause.
pub fn session_expired(view: &View<'_>) -> Answer {
    if view.says(Category::Csrf) {
        return Answer::No;
    }
    let found = stated::session_expired(view).found();
    let found = found.or_else(|| expired_cookie(view));
    let cookie = view.alternative(AlternativeKind::Cookie).filter(|_| view.missing());
    let past = cookie
        .and_then(|cookie| cookie.fingerprint)
        .zip(view.record())
        .map(|(fingerprint, own)| (view.history().past(fingerprint, own), own));
    let Some((past, own)) = past else { return found.into() };
    let Some(accepted) = past.accepted_here else { return found.into() };
    let idle = past.last_use.map(|last| own.time.since(last)).filter(|idle| *idle >= IDLE);
    // Acceptance elsewhere may have been an anonymous visit.
    let worked = past.accepted_on_path.is_some()
        && past.accepted_later.is_none()
        && past.changes <= 1
        && !view.history().is_public(own);
    let found = match (found, idle) {
        (Some(found), _) => found,
        (None, None) if !worked => return Answer::No,
        (None, _) => Found::likely()
            .fact_if("name", cookie.map(|c| format!("cookie \"{}\"", text::visible(&c.name))))
            .fact("host", view.host()),
    };
    found
        .because("history", format!("#{}", accepted.id), "accepted before")
        .fact_if("idle", idle.map(humane))
        .related(accepted.id)
        .into()
}

/// The session is a JWT in a cookie, and its time has passed for the server.
fn expired_cookie(view: &View<'_>) -> Option<Found> {
    if !only_cookies(view) || !is_login_status(view) {
        return None;
    }
    let (cookie, jwt) = other_jwt(view)?;
    let exp = jwt.date("exp").filter(|exp| *exp <= view.server_now().seconds())?;
    let name = format!("cookie \"{}\"", text::visible(&cookie.name));
    let found = Found::likely()
        .because(
            format!("{}.claims.exp", place(cookie)),
            Timestamp::from_seconds(exp).rfc3339_seconds(),
            "past for the server",
        )
        .fact("name", name)
        .fact("host", view.host());
    Some(unless_said_otherwise(
        with_words(found, view),
        view,
        &[Category::Session, Category::Expired],
    ))
}

/// Whether a record's client is logged in by cookie or header.
pub fn is_logged_in(record: &Record) -> bool {
    record.accepted() && record.has_credentials()
}
