//! Credentials of another kind than the server looks for.

use std::sync::LazyLock;

use regex::Regex;

use crate::auth::authorization::AlternativeKind;
use crate::auth::syntax::contains_ignore_case;
use crate::auth::{AuthState, Scheme, Shape};
use crate::diagnosis::lexicon::{Category, Said};
use crate::diagnosis::rule::{Answer, Found};
use crate::diagnosis::rules::common::{is_token, lowered, place, quoting, stated, with_words};
use crate::diagnosis::rules::hops::two_auth_layers;
use crate::diagnosis::rules::unknown_key::may_be_refused_key;
use crate::diagnosis::view::View;
use crate::text;

/// Challenges that only keep browsers from asking for a password.
const SUPPRESSORS: [&str; 6] = ["FormBased", "Session", "Cookie", "Form", "xForm", "None"];

/// “The client sent {scheme}, but the server asks for {offered}.”
pub fn scheme_mismatch(view: &View<'_>) -> Answer {
    let (Some(scheme), AuthState::Present { .. }) = (view.scheme(), view.state()) else {
        return Answer::No;
    };
    if view.challenges().is_empty() {
        return mismatch_by_words(view, scheme).into();
    }
    if offers(view, scheme) || view.challenges().iter().all(|c| is_suppressor(&c.scheme)) {
        return Answer::No;
    }
    let found = if judged(view) || two_auth_layers(view).found().is_some() {
        // The server looked at the credential, and its challenge only names the first of its schemes;
        // or another server asked for this one.
        Found::possible()
    } else if view.said().is_some_and(Said::denies_credentials) {
        Found::certain()
    } else {
        Found::likely()
    };
    let offered = view.offered().unwrap_or_default();
    let found = found
        .because(view.credentials_place(), text::visible(scheme.name()), "the scheme used")
        .because("response.header.www-authenticate", offered.clone(), "the schemes offered")
        .fact("scheme", text::visible(scheme.name()))
        .fact("offered", offered);
    with_words(found, view).into()
}

/// Whether the scheme is among the offered ones. `xBasic` is Basic, made so that browsers do not
/// ask; NTLM inside Negotiate is the same handshake.
pub fn offers(view: &View<'_>, scheme: &Scheme) -> bool {
    view.challenges().iter().any(|challenge| {
        let offered = challenge.scheme.spelling();
        let bare = offered.strip_prefix("x-").or_else(|| offered.strip_prefix(['x', 'X']));
        challenge.scheme.same(scheme)
            || bare.is_some_and(|bare| scheme.is(bare.trim_start_matches('-')))
            || is_windows(&challenge.scheme) && is_windows(scheme)
    })
}

fn is_windows(scheme: &Scheme) -> bool {
    scheme.is("NTLM") || scheme.is("Negotiate")
}

fn is_suppressor(scheme: &Scheme) -> bool {
    SUPPRESSORS.into_iter().any(|name| scheme.is(name))
}

/// Whether the server's words show that it read the credential.
fn judged(view: &View<'_>) -> bool {
    view.said().is_some_and(|said| match said.category {
        Category::Missing
        | Category::Malformed
        | Category::ApiKeyMissing
        | Category::Ambiguous
        | Category::Other => false,
        Category::Generic => {
            let quote = said.quote.to_ascii_lowercase();
            quote.contains("token") || quote.contains("jwt") || quote.contains("validate")
        }
        _ => true,
    })
}

/// Without a challenge, the server's words may still name the scheme that it wants.
fn mismatch_by_words(view: &View<'_>, scheme: &Scheme) -> Option<Found> {
    static NAMED: LazyLock<Option<Regex>> = LazyLock::new(|| {
        Regex::new(r"\b(Bearer|Basic|Digest|Token|JWT|ApiKey|Negotiate)\b|(?i:\b(bearer|basic) (token|auth))").ok()
    });
    let said = view.said().filter(|said| {
        matches!(said.category, Category::Missing | Category::Malformed) && !said.quote.is_empty()
    })?;
    let wanted: Vec<String> = NAMED
        .as_ref()?
        .captures_iter(&said.quote)
        .filter_map(|found| found.get(1).or_else(|| found.get(2)))
        .map(|name| Scheme::new(name.as_str()).name().to_owned())
        .collect();
    let offered = wanted.first()?;
    // "Invalid token" speaks of a token, not of the scheme Token.
    let named = said.quote.contains(scheme.name()) || wanted.iter().any(|name| scheme.is(name));
    let only_token = wanted.iter().all(|name| name == "Token" || name == "JWT");
    if named || only_token && !scheme.is("Basic") {
        return None;
    }
    let found = Found::likely()
        .because(view.credentials_place(), text::visible(scheme.name()), "the scheme used")
        .because(said.field, said.quote.clone(), "the server's words")
        .fact("scheme", text::visible(scheme.name()))
        .fact("offered", offered.clone());
    let found = if two_auth_layers(view).found().is_some() { lowered(found) } else { found };
    Some(quoting(found, view))
}

/// “The request did carry {scheme}, yet the server answered "{quote}" as if it had not.”
pub fn server_did_not_see_auth(view: &View<'_>) -> Answer {
    let (Some(scheme), AuthState::Present { .. }) = (view.scheme(), view.state()) else {
        return Answer::No;
    };
    let Some(said) = view.said().filter(|said| said.denies_credentials()) else {
        return Answer::No;
    };
    if is_token(view) && is_unknown_token(view) {
        return Answer::No;
    }
    let offered = view.challenges().is_empty() || offers(view, scheme);
    if names_another_place(said) {
        return Answer::No;
    }
    if !offered || mismatch_by_words(view, scheme).is_some() || is_cached(view) {
        return Answer::No;
    }
    let server = view.response_header("server").map(|server| text::visible(&server).into_owned());
    // Gateways built on Envoy say "missing" of tokens whose issuer they do not know.
    let gateway = server.as_deref().is_some_and(|server| {
        ["envoy", "istio", "ESF", "Google"].into_iter().any(|name| server.contains(name))
    });
    let found = if gateway { Found::possible() } else { Found::likely() };
    let found = found
        .because(view.credentials_place(), text::visible(scheme.name()), "present and well-formed")
        .because(said.field, said.quote.clone(), "the server's words");
    let found = match server {
        Some(server) if ["Apache", "PHP", "WSGI"].into_iter().any(|name| server.contains(name)) => {
            found.because("response.header.server", server, "may keep Authorization to itself")
        }
        _ => found,
    };
    quoting(found.fact("scheme", text::visible(scheme.name())), view).into()
}

/// Whether the server names the place where it looked, and that is not the credentials field:
/// "Missing X-Auth-Token header", "no token in the cookies".
fn names_another_place(said: &Said) -> bool {
    let names = |place: &[u8]| contains_ignore_case(said.quote.as_bytes(), place);
    let elsewhere: [&[u8]; 3] = [b"x-", b"cookie", b"query"];
    elsewhere.into_iter().any(names) && !names(b"authorization") && !names(b"headers")
}

/// "Token not found", where no place is named in which it was looked for, is also said of an opaque
/// token that no table holds.
pub fn is_unknown_token(view: &View<'_>) -> bool {
    let opaque = matches!(view.shape(), Some(Shape::Opaque { .. } | Shape::OpaqueJson));
    opaque
        && view.said().is_some_and(|said| {
            let quote = said.quote.to_ascii_lowercase();
            let place = ["header", "request", "cookie", "authorization", "query"];
            (quote.contains("not found") || quote.contains("not_found"))
                && !place.into_iter().any(|place| quote.contains(place))
        })
}

fn is_cached(view: &View<'_>) -> bool {
    view.response_header("age").is_some_and(|age| age.trim() != "0")
}

/// Challenge schemes that stand for an API key.
fn is_key_scheme(scheme: &Scheme) -> bool {
    let name = scheme.spelling().to_ascii_lowercase();
    name == "key" || name.replace('-', "").contains("apikey")
}

/// “The server looks for an API key ("{quote}"), but the request has none.”
pub fn api_key_missing(view: &View<'_>) -> Answer {
    if matches!(view.state(), AuthState::Unknown { .. }) {
        return stated(view, &[Category::ApiKeyMissing]).into();
    }
    let said = view.said();
    let names_key = |said: &Said| {
        let quote = said.quote.to_ascii_lowercase();
        quote.contains("api key") || quote.contains("api-key") || quote.contains("apikey")
    };
    let says = said.is_some_and(|said| {
        said.category == Category::ApiKeyMissing
            || matches!(said.category, Category::Ambiguous | Category::Missing) && names_key(said)
            // "Invalid API key" is said of none, too.
            || said.category == Category::ApiKeyInvalid
                && view.missing()
                && view.alternatives().is_empty()
                && !may_be_refused_key(view)
    });
    let by_challenge = view.missing()
        && !view.challenges().is_empty()
        && view.challenges().iter().all(|challenge| is_key_scheme(&challenge.scheme));
    if !says && !by_challenge {
        return Answer::No;
    }
    let key = view
        .alternatives()
        .iter()
        .find(|other| matches!(other.kind, AlternativeKind::ApiKeyHeader | AlternativeKind::Query));
    let ambiguous = said.is_some_and(|said| said.category == Category::Ambiguous);
    let mut found = match key {
        None => Found::certain(),
        // A key is there: unless the server denies it outright, it was refused, not missing.
        Some(_) if !says || ambiguous => return Answer::No,
        Some(_) => Found::likely(),
    };
    if let Some(challenge) = view.challenges().first().filter(|_| by_challenge) {
        let scheme = text::visible(challenge.scheme.spelling()).into_owned();
        found = found.because("response.header.www-authenticate", scheme, "asks for a key");
    }
    if let Some(said) = said.filter(|_| says) {
        found = quoting(found.because(said.field, said.quote.clone(), "the server's words"), view);
    }
    match key {
        None => found.because("request.headers", "no API key", "").into(),
        Some(key) => {
            let name = text::visible(&key.name).into_owned();
            let server = view.response_header("server");
            let server =
                server.map_or_else(|| "the server".into(), |s| text::visible(&s).into_owned());
            let note = if name.contains('_') { "dropped by many servers" } else { "another name" };
            let dropped = name.contains('_').then_some(server);
            found
                .because(place(key), "present", note)
                .fact(
                    "finds",
                    format!("finds none under the name it expects (the request has \"{name}\")"),
                )
                .fact_if("server", dropped)
                .into()
        }
    }
}
