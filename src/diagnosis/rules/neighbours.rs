//! The same problems under other statuses, where the wire shows them (catalogue, section 11).

use crate::auth::masking;
use crate::diagnosis::rule::{Answer, Found};
use crate::diagnosis::rules::common::with_words;
use crate::diagnosis::rules::cookies::{self, has_password_field};
use crate::diagnosis::rules::{refused, token_time};
use crate::diagnosis::view::View;
use crate::exchange::Exchange;
use crate::http::Response;
use crate::text;

/// Successes and redirections are asked about only if they look like a refusal in disguise: this runs
/// for every one of them.
pub fn is_disguised_refusal(exchange: &Exchange) -> bool {
    let Some(response) = &exchange.response else { return false };
    match response.status {
        200 => {
            response.body.start.starts_with(b"{\"errors\"")
                || response.is_grpc_refusal()
                || is_login_page(response)
        }
        302 | 303 | 307 => response.head.get("location").is_some_and(is_login_location),
        _ => false,
    }
}

/// A page whose title asks to log in and that has a field for the password.
fn is_login_page(response: &Response) -> bool {
    const HEAD: usize = 1024;
    const TITLES: [&str; 6] = ["log in", "login", "log on", "sign in", "sign-in", "anmeld"];
    let page = &*response.body.start;
    if memchr::memchr(b'<', &page[..page.len().min(HEAD)]).is_none() {
        return false;
    }
    let html = response.head.get("content-type").is_some_and(|kind| kind.starts_with(b"text/html"));
    if !html || response.head.has("content-encoding") {
        return false;
    }
    let head = text::decode(&page[..page.len().min(HEAD)]).to_ascii_lowercase();
    let title = head.split_once("<title").and_then(|(_, rest)| rest.split("</title").next());
    title.is_some_and(|title| TITLES.into_iter().any(|words| title.contains(words)))
        && has_password_field(page)
}

/// Whether a `Location` leads to a login, by the names that frameworks use.
fn is_login_location(location: &[u8]) -> bool {
    let location = text::decode(location);
    let path = location.split(['?', '#']).next().unwrap_or_default().to_ascii_lowercase();
    path.split('/').any(|segment| {
        matches!(
            segment.trim_end_matches(".php").trim_end_matches(".html").trim_end_matches(".aspx"),
            "login"
                | "signin"
                | "sign-in"
                | "sign_in"
                | "log-in"
                | "logon"
                | "sso"
                | "wp-login"
                | "authorize"
        )
    })
}

/// “This site identifies users by {name}, and this request has none.” for a redirection to a login or a
/// GraphQL error.
pub fn login_instead(view: &View<'_>) -> Answer {
    let empty = view.missing() && view.alternatives().is_empty();
    if !empty {
        return Answer::No;
    }
    match view.status() {
        302 | 303 | 307 => {
            let location = view.response().and_then(|response| response.head.get("location"));
            let Some(location) = location else { return Answer::No };
            let own_login = view.request().is_some_and(|request| is_login_location(request.path()));
            if own_login || !matches!(&*view.method(), "GET" | "HEAD") {
                return Answer::No;
            }
            let shown = masking::shown_address(location);
            Found::likely().because("response.header.location", shown, "leads to a login").into()
        }
        200 => {
            if view.response().is_some_and(Response::is_grpc_refusal) {
                return Answer::No;
            }
            let own_login = view.request().is_some_and(|request| is_login_location(request.path()));
            if view.response().is_some_and(is_login_page) {
                let asked = view.method() == "GET" && !own_login;
                let page = "a form with a password field";
                return asked
                    .then(|| Found::likely().because("response.body", page, "instead of the page"))
                    .into();
            }
            let stated = view.body().is_some_and(|body| body.contains("\"UNAUTHENTICATED\""));
            if stated {
                return Found::likely()
                    .because("response.body", "UNAUTHENTICATED", "an error inside a 200")
                    .into();
            }
            Answer::No
        }
        _ => Answer::No,
    }
}

/// A gRPC server says that the caller is not authenticated: where it says so.
fn grpc_refusal(view: &View<'_>) -> Option<&'static str> {
    let response = view.response().filter(|response| response.is_grpc_refusal())?;
    Some(if response.trailer("grpc-status").is_some() {
        "response.trailer.grpc-status"
    } else {
        "response.header.grpc-status"
    })
}

fn with_grpc_status(found: Found, place: &'static str) -> Found {
    found.because(place, "16", "UNAUTHENTICATED")
}

/// What a rule for 401 says of a gRPC call that was refused.
fn of_grpc(view: &View<'_>, rule: fn(&View<'_>) -> Answer) -> Answer {
    let Some(place) = grpc_refusal(view) else { return Answer::No };
    rule(view).found().map(|found| with_grpc_status(found, place)).into()
}

/// The same as [`login_instead`] for gRPC: in browsers, which speak gRPC-web, its calls are made with the site's
/// cookie.
pub fn grpc_without_cookie(view: &View<'_>) -> Answer {
    of_grpc(view, |view| {
        let empty = view.missing() && view.alternatives().is_empty();
        if empty && is_grpc_web(view) {
            return Found::likely().into();
        }
        cookies::session_cookie_missing(view)
    })
}

/// Whether the call is one that browsers make, which cannot speak gRPC itself.
fn is_grpc_web(view: &View<'_>) -> bool {
    let kind = view.request_header("content-type").or_else(|| view.response_header("content-type"));
    kind.is_some_and(|kind| {
        kind.trim_start().to_ascii_lowercase().starts_with("application/grpc-web")
    })
}

/// “The request has no Authorization header. The server says: "{quote}".” for a gRPC call.
pub fn grpc_without_credentials(view: &View<'_>) -> Answer {
    let Some(place) = grpc_refusal(view) else { return Answer::No };
    let empty = view.missing() && view.alternatives().is_empty();
    if !empty || is_grpc_web(view) {
        return Answer::No;
    }
    // Other metadata may be what it reads.
    let found = Found::likely().because(view.credentials_place(), "absent", "");
    with_words(with_grpc_status(found, place), view).into()
}

/// “The token has expired – the server says: "{quote}".” for a gRPC call.
pub fn grpc_token_expired(view: &View<'_>) -> Answer {
    of_grpc(view, token_time::token_expired)
}

/// “The server refused {kind} ("{quote}") without saying why.” for a gRPC call.
pub fn grpc_token_rejected(view: &View<'_>) -> Answer {
    of_grpc(view, refused::token_rejected)
}

/// Esri ArcGIS: 498 is a token that is not valid.
pub fn invalid_token(view: &View<'_>) -> Answer {
    if view.status() != 498 {
        return Answer::No;
    }
    Found::likely().because("response.status", "498", "Esri's status for an invalid token").into()
}

/// Esri ArcGIS: 499 is a token that is required.
pub fn token_required(view: &View<'_>) -> Answer {
    if view.status() != 499 || !view.missing() || !view.alternatives().is_empty() {
        return Answer::No;
    }
    Found::likely().because("response.status", "499", "Esri's status for a required token").into()
}
