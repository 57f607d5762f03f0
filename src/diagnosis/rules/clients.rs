//! What a client cannot or will not send, and what only some of its requests need.

use std::time::Duration;

use crate::auth::masking;
use crate::auth::syntax::{ends_with_ignore_case, starts_with_ignore_case};
use crate::diagnosis::history::{Method, Record, Sent};
use crate::diagnosis::lexicon::Category;
use crate::diagnosis::rule::{Answer, Found};
use crate::diagnosis::rules::cookies::is_logged_in;
use crate::diagnosis::rules::posted::refused_login;
use crate::diagnosis::view::View;
use crate::http::Request;

/// Programs and libraries that need an extension for Negotiate.
const NO_KERBEROS: [&str; 9] = [
    "Go-http-client/",
    "Prometheus/",
    "Wget/",
    "axios/",
    "node-fetch",
    "okhttp/",
    "python-httpx/",
    "python-requests/",
    "undici",
];

/// How far apart a page and what belongs to it are.
const PAGE: Duration = Duration::from_secs(60);

/// “The browser fetches {path} without credentials by design ({kind}); the page itself is logged in.”
/// (catalogue: whatwg/html#3062)
pub fn browser_cannot_send(view: &View<'_>) -> Answer {
    let Some(own) = view.record() else { return Answer::No };
    if own.has_credentials() {
        return Answer::No;
    }
    let Some((kind, harmless)) = without_credentials(view) else { return Answer::No };
    let page = view.history().of_visit(own).find(|record| {
        is_logged_in(record)
            && record.same_client(own)
            && own.time.since(record.time).max(record.time.since(own.time)) <= PAGE
    });
    let Some(page) = page else { return Answer::No };
    let found = Found::likely()
        .because("request.target", view.path(), kind)
        .because("history", format!("#{}", page.id), "the same client is logged in")
        .fact("path", view.path())
        .fact("kind", kind)
        .related(page.id);
    if harmless { found.benign().into() } else { found.into() }
}

/// What kind of request browsers send without credentials, and whether a refusal breaks nothing.
fn without_credentials(view: &View<'_>) -> Option<(&'static str, bool)> {
    if !may_lack_credentials(view.request()?) {
        return None;
    }
    let path = view.path();
    let name = path.rsplit('/').next().unwrap_or_default().to_ascii_lowercase();
    let ends = |end: &str| name.ends_with(end);
    let header = |name: &str| view.request_header(name).unwrap_or_default().to_ascii_lowercase();
    if name == "manifest.json" || ends(".webmanifest") {
        return Some(("a web app manifest", true));
    }
    if name == "favicon.ico" || name.starts_with("apple-touch-icon") {
        return Some(("an icon", true));
    }
    if ends(".map") {
        return Some(("a source map", true));
    }
    if view.is_browser() && header("upgrade") == "websocket" && !header("origin").is_empty() {
        return Some(("a WebSocket", false));
    }
    let accept = header("accept");
    if accept.starts_with("text/event-stream") {
        return Some(("an event stream", false));
    }
    let media = accept.starts_with("image/") || accept.starts_with("video/");
    (view.is_browser() && media).then_some(("an image or a video", false))
}

/// Whether it is worth a closer look: by far the most requests are none of these.
fn may_lack_credentials(request: &Request) -> bool {
    const ENDS: [&[u8]; 4] = [b".json", b".webmanifest", b".ico", b".map"];
    let path = request.path();
    let name = path.rsplit(|&octet| octet == b'/').next().unwrap_or_default();
    ENDS.into_iter().any(|end| ends_with_ignore_case(path, end))
        || starts_with_ignore_case(name, b"apple-touch-icon")
        || masking::public_part(path).len() < path.len()
        || request.head.has("upgrade")
        || request.head.get("accept").is_some_and(|accept| {
            let starts = [&b"text/"[..], b"image/", b"video/"];
            starts.into_iter().any(|start| starts_with_ignore_case(accept, start))
        })
}

/// “{client} was offered {offered} but never tried it. {reason}.” (catalogue: MS cc787023)
pub fn client_refuses_scheme(view: &View<'_>) -> Answer {
    let Some(own) = view.record() else { return Answer::No };
    if own.has_credentials() || view.challenges().is_empty() {
        return Answer::No;
    }
    let repetition = view.repetition().map(|(repeat, _)| repeat);
    let repeated = own.refusal.as_ref().is_some_and(|refusal| refusal.repeat > 1)
        || repetition.is_some_and(|repeat| repeat.sent == Sent::Nothing);
    let tried = repetition.is_some_and(|repeat| repeat.sent != Sent::Nothing)
        || view
            .history()
            .of_visit(own)
            .any(|record| record.sent == Sent::Credentials && record.same_client(own));
    if !repeated || tried {
        return Answer::No;
    }
    let only = |scheme: &str| view.challenges().iter().all(|challenge| challenge.scheme.is(scheme));
    let agent = view.request_header("user-agent").unwrap_or_default();
    let reason = if agent.starts_with("Microsoft-WebDAV-MiniRedir") && only("Basic") {
        Some("Windows WebDAV refuses Basic without TLS")
    } else if only("Negotiate") && NO_KERBEROS.into_iter().any(|name| agent.starts_with(name)) {
        Some("It knows no Kerberos by itself")
    } else if only("Digest") && view.challenges().iter().all(sha_only) {
        Some("Some clients know only MD5, and the server offers only SHA-256")
    } else {
        None
    };
    let found = if reason.is_some() { Found::likely() } else { Found::possible() };
    found
        .because(
            "response.header.www-authenticate",
            view.offered().unwrap_or_default(),
            "offered each time",
        )
        .because("history", "repeated", "without credentials each time")
        .fact("client", view.client())
        .fact_if("offered", view.offered())
        .fact_if("reason", reason)
        .into()
}

fn sha_only(challenge: &crate::auth::Challenge) -> bool {
    challenge.params.get("algorithm").is_some_and(|algorithm| {
        algorithm.get(..3).is_some_and(|start| start.eq_ignore_ascii_case("sha"))
    })
}

/// “Reading {path} is {open}, but {method} needs {needs}.” (catalogue: moby#40290)
pub fn method_specific_auth(view: &View<'_>) -> Answer {
    let Some(own) = view.record() else { return Answer::No };
    if view.says(Category::Csrf) || !matches!(own.sent, Sent::Nothing | Sent::Credentials) {
        return Answer::No;
    }
    let push = is_git_push(view);
    // A login is for who has no credentials yet, and has a reason of its own.
    if own.method.is_safe() && !push || refused_login(view).is_some() {
        return Answer::No;
    }
    let credential = own.credentials.first().copied().flatten();
    let same_identity = |record: &Record| {
        record.sent == own.sent && record.credentials.first().copied().flatten() == credential
    };
    // OPTIONS before such a request was its preflight, which reads nothing.
    let cross_origin = view.request_header("origin").is_some();
    let mut reading = None;
    for record in view.history().of_route(own) {
        let reads = if push {
            record.method == Method::Get && record.target != own.target
        } else {
            record.method.is_safe() && !(cross_origin && record.method == Method::Options)
        };
        if !reads || !record.same_client(own) || !same_identity(record) {
            continue;
        }
        if record.refused() {
            return Answer::No;
        }
        if record.accepted() {
            reading.get_or_insert(record);
        }
    }
    let Some(reading) = reading else { return Answer::No };
    let method = if push { "a push".into() } else { view.method() };
    let found = Found::likely()
        .because("history", format!("#{}", reading.id), "reading was accepted")
        .because("request.method", view.method(), "is refused")
        .fact("path", view.path())
        .fact("method", method)
        .related(reading.id);
    if credential.is_some() {
        found.fact("open", "allowed with this credential").fact("needs", "more rights").into()
    } else {
        found.fact("needs", "credentials").into()
    }
}

/// git asks on one path for both; the query tells which.
pub fn is_git_push(view: &View<'_>) -> bool {
    view.request().is_some_and(|request| {
        request.path().ends_with(b"/info/refs")
            && request.query().is_some_and(|query| query.ends_with(b"service=git-receive-pack"))
    })
}
