//! Credentials that are in the wrong place, or cannot be there.

use crate::auth::authorization::AlternativeKind;
use crate::auth::{AuthState, jwt};
use crate::diagnosis::lexicon::Category;
use crate::diagnosis::rule::{Answer, Found};
use crate::diagnosis::rules::common::says_otherwise;
use crate::diagnosis::view::View;
use crate::text;

/// “The browser asked for permission (OPTIONS) before the real {method} {path}. It may not send
/// credentials here, but the server demanded them: a browser then does not send the real request.” (Fetch
/// standard, CORS-preflight fetch)
pub fn cors_preflight_rejected(view: &View<'_>) -> Answer {
    let wanted = view.request_header("access-control-request-method");
    let (Some(wanted), Some(origin)) = (wanted, view.request_header("origin")) else {
        return Answer::No;
    };
    if view.method() != "OPTIONS" || !view.missing() || view.is_proxy() {
        return Answer::No;
    }
    let wanted = text::visible(&wanted).into_owned();
    let found = Found::certain()
        .because("request.method", "OPTIONS", "a preflight never carries credentials")
        .because("request.header.origin", text::visible(&origin), "")
        .because("request.header.access-control-request-method", wanted.clone(), "");
    let headers = view.request_header("access-control-request-headers");
    let found = match headers.filter(|list| list.to_ascii_lowercase().contains("authorization")) {
        Some(list) => found.because(
            "request.header.access-control-request-headers",
            text::visible(&list),
            "the real request would carry Authorization",
        ),
        None => found,
    };
    found.fact("method", wanted).fact("path", view.path()).into()
}

/// “There is no Authorization header, but {name} contains what looks like {kind}.”
pub fn wrong_header_name(view: &View<'_>) -> Answer {
    let offered =
        ["Bearer", "Basic", "Token"].into_iter().any(|scheme| view.challenge(scheme).is_some());
    let asked = offered || view.says(Category::Missing);
    let lookalike = view.alternatives().iter().find(|other| match other.kind {
        AlternativeKind::LookalikeHeader => other.artifact.is_none(),
        // A key's header, and no key in it.
        AlternativeKind::ApiKeyHeader => asked && holds_credentials(view, &other.name),
        _ => false,
    });
    let Some(lookalike) = lookalike.filter(|_| view.missing()) else { return Answer::No };
    // A verdict on the credential shows that this header is the one that the server reads.
    if view.accepted_here().is_some() || says_otherwise(view, &[Category::ApiKeyMissing]) {
        return Answer::No;
    }
    let value = view.request_header(&lookalike.name).unwrap_or_default();
    let kind = match value.split_once(' ') {
        Some((scheme, _)) if matches!(scheme, "Bearer" | "Basic" | "Token") => {
            format!("{scheme} credentials")
        }
        _ if jwt::looks_like(value.as_bytes()) => "a JWT".to_owned(),
        _ => "a credential".to_owned(),
    };
    let verdict = view.said().is_some_and(|said| {
        let words = said.quote.to_ascii_lowercase();
        said.category == Category::Generic && words.contains("token") && words.contains("invalid")
    });
    if verdict && view.challenges().is_empty() {
        return Answer::No;
    }
    let name = text::visible(&lookalike.name).into_owned();
    let found = if asked { Found::likely() } else { Found::possible() };
    found
        .because(view.credentials_place(), "absent", "")
        .because(format!("request.header.{}", name.to_ascii_lowercase()), kind.clone(), "")
        .fact("name", name)
        .fact("kind", kind)
        .into()
}

/// Whether a header holds what belongs into `Authorization`: a scheme and its credentials, or a JWT.
fn holds_credentials(view: &View<'_>, name: &str) -> bool {
    let value = view.request_header(name).unwrap_or_default();
    let scheme = value.split_once(' ').map(|(scheme, _)| scheme);
    scheme.is_some_and(|scheme| matches!(scheme, "Bearer" | "Basic" | "Token"))
        || jwt::looks_like(value.as_bytes())
}

/// “The credentials are addressed to {the proxy|the server}, but {the server|the proxy} is the one
/// that asked.” (RFC 9110 §11.7)
pub fn proxy_auth_confusion(view: &View<'_>) -> Answer {
    let (Some(request), Some(response)) = (view.request(), view.response()) else {
        return Answer::No;
    };
    let to_proxy = !request.target().starts_with(b"/") && request.target() != b"*";
    let asks_server = response.head.has("www-authenticate");
    let asks_proxy = response.head.has("proxy-authenticate");
    if view.is_proxy() {
        // A client that has credentials for the server only has simply not been asked before; one
        // that opens a tunnel has no reason to send them to the proxy.
        let own = matches!(view.state(), AuthState::Missing) && request.head.has("authorization");
        if !own || request.method() != b"CONNECT" {
            return Answer::No;
        }
        return Found::likely()
            .because("request.header.authorization", "present", "meant for the server")
            .because("request.header.proxy-authorization", "absent", "")
            .because("response.status", "407", "the proxy asks")
            .fact("what", "The credentials are addressed to the server (Authorization), but the proxy is the one that asked")
            .into();
    }
    if asks_proxy && !asks_server && response.status == 401 {
        return Found::likely()
            .because("response.status", "401", "the status of a server")
            .because("response.header.proxy-authenticate", "present", "the challenge of a proxy")
            .because("response.header.www-authenticate", "absent", "")
            .fact("what", "The answer mixes the two kinds of login: 401 is a server's status, but its challenge is Proxy-Authenticate, which clients answer with Proxy-Authorization")
            .into();
    }
    // Only a proxy answers CONNECT (RFC 9110 §9.3.6).
    if request.method() == b"CONNECT" && !view.missing() {
        return Found::likely()
            .because("request.method", "CONNECT", "only a proxy answers it")
            .because(view.credentials_place(), "present", "meant for the server")
            .fact("what", "The credentials are addressed to the server (Authorization), but the proxy is the one that asked")
            .into();
    }
    let for_proxy = request.head.has("proxy-authorization");
    // A request in absolute form is meant for a proxy; one that did its part leaves a mark.
    let relayed = is_relayed(view)
        || ["via", "x-cache", "proxy-connection"].into_iter().any(|field| response.head.has(field));
    if for_proxy && view.missing() && !(to_proxy && relayed) && asks_server {
        return Found::likely()
            .because("request.header.proxy-authorization", "present", "meant for a proxy")
            .because(view.credentials_place(), "absent", "")
            .because("response.header.www-authenticate", view.offered().unwrap_or_default(), "the server asks")
            .fact("what", "The credentials are addressed to a proxy (Proxy-Authorization), but the server is the one that asked")
            .into();
    }
    Answer::No
}

/// Whether the server is known to be a proxy: it asked for its own login before, or what it forwarded
/// was captured too.
fn is_relayed(view: &View<'_>) -> bool {
    view.record().is_some_and(|own| {
        view.history().inner(own).is_some()
            || view
                .history()
                .of_refused_client(own)
                .any(|record| record.status == 407 && record.server == own.server)
    })
}
