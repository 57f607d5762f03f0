//! What a token is, for whom, from whom and how it is signed.

use std::sync::LazyLock;

use regex::Regex;

use crate::auth::proof::Verdict;
use crate::auth::{Finding, Jwt, MalformedReason, Shape, encoding};
use crate::diagnosis::history::AcceptedToken;
use crate::diagnosis::lexicon::Category;
use crate::diagnosis::proving::words;
use crate::diagnosis::rule::{Answer, Found};
use crate::diagnosis::rules::common::{
    by_status, is_about_authentication, is_login_status, is_token, raw_token, stated,
    unless_said_otherwise, with_words,
};
use crate::diagnosis::rules::own_signature::is_only_signed;
use crate::diagnosis::view::View;
use crate::text;

const SEGMENTS: [&str; 3] = ["header", "payload", "signature"];

/// “The JWT is damaged: {what}. It was probably cut when it was copied or stored.” (RFC 7515 §3.1,
/// RFC 7518 §3)
pub fn jwt_malformed(view: &View<'_>) -> Answer {
    let segment = |at: &usize| SEGMENTS.get(*at).copied().unwrap_or("segment");
    let what = match view.malformed() {
        Some(MalformedReason::JwtSegments { count: 1 }) => "it has 1 part instead of 3".to_owned(),
        Some(MalformedReason::JwtSegments { count }) => {
            format!("it has {count} parts instead of 3")
        }
        Some(MalformedReason::JwtBadBase64 { segment: at }) => {
            format!("its {} is not base64url", segment(at))
        }
        Some(MalformedReason::JwtBadJson { segment: at }) => {
            format!("its {} is not a JSON object", segment(at))
        }
        Some(MalformedReason::JwtNoSignature) => "its signature is missing".to_owned(),
        Some(MalformedReason::JwtSignatureLength { algorithm, got, want }) => {
            let algorithm = text::visible(algorithm);
            format!("its signature is {got} octets long where {algorithm} needs {want}")
        }
        _ => return Answer::No,
    };
    if view.was_accepted_on_path() {
        return Answer::No;
    }
    let (cause, hint) = how_damaged(view);
    let found = Found::certain()
        .because(view.credentials_place(), what.clone(), "not a JWT in compact form")
        .fact("what", what)
        .fact_if("cause", cause)
        .fact_if("hint", hint);
    by_status(found, view).into()
}

/// How a token came to be too long, in the words of the text and of the advice: nothing was cut then.
fn how_damaged(view: &View<'_>) -> (Option<&'static str>, Option<&'static str>) {
    match view.malformed() {
        Some(MalformedReason::JwtSignatureLength { algorithm, got, want }) if got > want => {
            if algorithm.starts_with("ES") && is_der(view) {
                let cause = "It is DER-encoded, as most libraries of cryptography give it, instead of R and S side by side";
                let hint = "Whatever signs the token must convert the signature (RFC 7518 §3.4)";
                (Some(cause), Some(hint))
            } else {
                (Some("It is too long, so that more was changed than cut"), None)
            }
        }
        Some(MalformedReason::JwtSegments { count: 4.. }) => {
            (Some("Something was probably added to it when it was copied or stored"), None)
        }
        _ => (None, None),
    }
}

/// Whether the signature is one SEQUENCE of ASN.1 from end to end (X.690 §8.9).
fn is_der(view: &View<'_>) -> bool {
    let signature = raw_token(view).rsplit(|&octet| octet == b'.').next();
    let octets = signature.and_then(encoding::base64url).unwrap_or_default();
    match octets.as_slice() {
        [0x30, 0x81, length, content @ ..] | [0x30, length, content @ ..] => {
            usize::from(*length) == content.len()
        }
        _ => false,
    }
}

fn claim_place(view: &View<'_>, claim: &str) -> String {
    format!("{}.claims.{claim}", view.credentials_place())
}

/// A value between quotes, or a list of them.
fn quoted<'a>(values: impl IntoIterator<Item = &'a str>) -> String {
    let values: Vec<String> = values
        .into_iter()
        .take(3)
        .map(|value| format!("\"{}\"", text::shorten(&text::visible(value), 80)))
        .collect();
    values.join(", ")
}

/// What the server's words say that it expects: `expected: api`, `Expected 'https://x'`.
fn expected(view: &View<'_>) -> Option<String> {
    static EXPECTED: LazyLock<Option<Regex>> = LazyLock::new(|| {
        Regex::new(r#"(?i)\bexpect(?:ed|ing)(?: audience| issuer| to be| one of|:)*\s*["'\[]?([^\s"',;\]]+)"#).ok()
    });
    let found = EXPECTED.as_ref()?.captures(&view.said()?.quote)?;
    let value = found.get(1)?.as_str().trim_end_matches('.');
    (!value.is_empty()).then(|| format!("\"{value}\""))
}

/// “The token is for "{aud}"; {this server says it expects {expected}|tokens accepted here are for
/// {seen}}.” (RFC 7519 §4.1.3)
pub fn jwt_wrong_audience(view: &View<'_>) -> Answer {
    let jwt = view.jwt();
    let own = jwt.map(Jwt::audiences).unwrap_or_default();
    let aud = match jwt {
        Some(_) if own.is_empty() => Some("names no audience".to_owned()),
        Some(_) => Some(format!("is for {}", quoted(own.iter().copied()))),
        None => None,
    };
    let with_claim = |found: Found| match jwt {
        Some(_) => found.because(claim_place(view, "aud"), quoted(own.iter().copied()), ""),
        None => found,
    };
    if let Some(found) = stated(view, &[Category::BadAudience]) {
        return with_claim(found).fact_if("aud", aud).fact_if("expected", expected(view)).into();
    }
    if jwt.is_none() || own.is_empty() || !is_login_status(view) {
        return Answer::No;
    }
    let own_is_among = |token: &AcceptedToken| token.aud.iter().any(|aud| own.contains(&&**aud));
    if view.accepted_tokens().iter().any(own_is_among) {
        return Answer::No;
    }
    let needed = view.needed_tokens();
    let seen: Vec<&str> =
        needed.iter().flat_map(|token| token.aud.iter().map(|aud| &**aud)).collect();
    if seen.is_empty() {
        return Answer::No;
    }
    let found = with_claim(Found::likely())
        .because("history", quoted(seen.iter().copied()), "audiences of tokens accepted here")
        .fact_if("aud", aud)
        .fact("seen", quoted(seen));
    with_words(found, view).into()
}

/// “The token was issued by {iss}; the server expects {expected}.” (RFC 7519 §4.1.1)
pub fn jwt_wrong_issuer(view: &View<'_>) -> Answer {
    let iss = view.jwt().and_then(|jwt| jwt.text("iss"));
    let hint = "Internal and public names of the identity provider are probably mixed up";
    let with_claim = |found: Found| match iss {
        Some(iss) => {
            let shown = quoted([iss]);
            found.because(claim_place(view, "iss"), shown.clone(), "").fact("iss", shown)
        }
        None => found,
    };
    if let Some(found) = stated(view, &[Category::BadIssuer]) {
        let internal = iss.is_some_and(is_internal_name).then_some(hint);
        return with_claim(found)
            .fact_if("expected", expected(view))
            .fact_if("hint", internal)
            .into();
    }
    let Some(iss) = iss else { return Answer::No };
    if view.accepted_tokens().iter().any(|token| token.iss.as_deref() == Some(iss)) {
        return Answer::No;
    }
    let needed = view.needed_tokens();
    let seen: Vec<&str> = needed.iter().filter_map(|token| token.iss.as_deref()).collect();
    if seen.is_empty() {
        return Answer::No;
    }
    let alias = seen.iter().any(|other| is_alias(iss, other));
    let found = if alias { Found::likely() } else { Found::possible() };
    let found = with_claim(found)
        .because("history", quoted(seen.iter().copied()), "issuers of tokens accepted here")
        .fact("seen", quoted(seen))
        .fact_if("hint", alias.then_some(hint));
    with_words(found, view).into()
}

/// Scheme, authority and path of a URL-like issuer, without the final slash.
fn parts(issuer: &str) -> Option<(&str, &str)> {
    let rest = issuer.split_once("://")?.1.trim_end_matches('/');
    Some(rest.split_once('/').unwrap_or((rest, "")))
}

/// Whether two issuers are the same but for scheme, host or a final slash.
fn is_alias(one: &str, other: &str) -> bool {
    match (parts(one), parts(other)) {
        (Some((host, path)), Some((other_host, other_path))) => {
            path == other_path && (host == other_host || !path.is_empty())
        }
        _ => one.trim_end_matches('/') == other.trim_end_matches('/'),
    }
}

/// `localhost`, a container's name, or a port: hardly the public name of an identity provider.
fn is_internal_name(issuer: &str) -> bool {
    parts(issuer).is_some_and(|(host, _)| {
        let name = host.split(':').next().unwrap_or(host);
        name == "localhost" || !name.contains('.') || host.contains(':')
    })
}

/// “The server did not accept the token's signature ({alg}, key id {kid}).”
pub fn jwt_signature_rejected(view: &View<'_>) -> Answer {
    if is_only_signed(view) || view.uses("Basic") || view.uses("Digest") {
        return Answer::No;
    }
    let jwt = view.jwt();
    let key = jwt.map(|jwt| {
        let alg = text::visible(jwt.alg().unwrap_or("no algorithm")).into_owned();
        match jwt.kid() {
            Some(kid) => format!("{alg}, key id {}", text::shorten(&text::visible(kid), 60)),
            None => format!("{alg}, no key id"),
        }
    });
    let with_key = |found: Found| match &key {
        Some(key) => found
            .because(format!("{}.header", view.credentials_place()), key.clone(), "")
            .fact("key", key.clone()),
        None => found,
    };
    let stated = stated(view, &[Category::BadSignature, Category::NoKey]);
    if view.proved(Verdict::Differs) {
        let found = stated.unwrap_or_else(|| with_words(Found::certain(), view));
        let what = view.proof().map(|proof| format!("The token's signature {}", words(proof)));
        return with_key(found).fact_if("what", what).into();
    }
    if let Some(found) = stated {
        let reason = if view.proved(Verdict::Matches) {
            Some(
                "The signature is right, so the server checks it with another key or another algorithm",
            )
        } else {
            view.says(Category::NoKey).then_some(
                "The server has no key for it: the token comes from another environment, or new signing keys were not loaded yet",
            )
        };
        return with_key(found).fact_if("reason", reason).into();
    }
    if view.proved(Verdict::Matches) {
        return Answer::No;
    }
    if view.proved(Verdict::Unknown) {
        let reason = view.proof().map(|proof| format!("The key file {}", words(proof)));
        let found = with_words(Found::likely(), view).fact_if("reason", reason);
        return with_key(found).into();
    }
    let Some(jwt) = jwt.filter(|_| is_login_status(view)) else { return Answer::No };
    // The token itself was never accepted, so only the signature is another.
    let twin = view.record().filter(|_| view.accepted_here().is_none());
    if let Some(id) = twin.and_then(|own| view.history().accepted_content(own, jwt)) {
        let found = with_key(Found::certain())
            .because("history", format!("#{id}"), "accepted: the same header and claims, signed otherwise")
            .fact("reason", "A token with the same header and claims was accepted here: this one was altered or signed with another key")
            .related(id);
        return unless_said_otherwise(with_words(found, view), view, &[]).into();
    }
    // A key id that this origin never accepted, from an issuer that it did accept.
    let same_issuer = |token: &&AcceptedToken| token.iss.as_deref() == jwt.text("iss");
    let mut known = view.accepted_tokens().iter().filter(same_issuer);
    if jwt.kid().is_none() || known.any(|token| token.kid.as_deref() == jwt.kid()) {
        return Answer::No;
    }
    let tokens = view.needed_tokens();
    if !tokens.iter().any(same_issuer) {
        return Answer::No;
    }
    let found = with_key(Found::possible()).because(
        "history",
        format!("{} accepted", tokens.len()),
        "tokens accepted here name other keys",
    );
    with_words(found, view).into()
}

/// “This is {a refresh token|an ID token} ({claim}={value}), but the API needs an access token.”
/// (RFC 9068 §2.1)
pub fn wrong_token_kind(view: &View<'_>) -> Answer {
    let by_words = stated(view, &[Category::WrongType]).filter(|_| !view.uses("Basic"));
    let marks = view.jwt().and_then(kind_of_token);
    if by_words.is_none() && marks.is_none() {
        return Answer::No;
    }
    let refused = is_about_authentication(view) && view.accepted_here().is_none();
    if by_words.is_none() && (!refused || !is_token(view)) {
        return Answer::No;
    }
    let found = match (&by_words, &marks) {
        (Some(_), _) => by_words.unwrap_or(Found::certain()),
        (None, Some(mark)) => {
            unless_said_otherwise(with_words(mark.found.clone(), view), view, &[])
        }
        (None, None) => return Answer::No,
    };
    let Some(mark) = marks else { return found.into() };
    found
        .because(claim_place(view, mark.claim), mark.value.clone(), mark.kind)
        .fact("kind", mark.kind)
        .fact("claim", format!("{}={}", mark.claim, mark.value))
        .into()
}

/// What in a JWT says that it is not an access token.
struct Mark {
    found: Found,
    kind: &'static str,
    claim: &'static str,
    value: String,
}

fn kind_of_token(jwt: &Jwt) -> Option<Mark> {
    let header_type = jwt.header.get("typ").and_then(serde_json::Value::as_str).unwrap_or_default();
    if header_type.to_ascii_lowercase().contains("at+jwt") {
        return None;
    }
    for claim in ["token_type", "type", "typ", "token_use", "tokenType", "token_kind", "use"] {
        let Some(value) = jwt.text(claim) else { continue };
        let kind = match value.to_ascii_lowercase().as_str() {
            "refresh" | "refresh_token" | "offline" | "rt" => "a refresh token",
            "id" | "id_token" => "an ID token",
            "access" | "access_token" | "bearer" | "at" => return None,
            _ => continue,
        };
        // Some APIs do take ID tokens.
        let found = if kind == "an ID token" { Found::likely() } else { Found::certain() };
        let value = text::visible(value).into_owned();
        return Some(Mark { found, kind, claim, value });
    }
    let is_audience = ["azp", "client_id"]
        .into_iter()
        .filter_map(|claim| jwt.text(claim))
        .any(|client| jwt.audiences().contains(&client));
    let (claim, found) = if jwt.claims.contains_key("at_hash") {
        ("at_hash", Found::likely())
    } else if jwt.claims.contains_key("c_hash") {
        ("c_hash", Found::likely())
    } else if jwt.claims.contains_key("nonce") && is_audience {
        ("nonce", Found::likely())
    } else if jwt.claims.contains_key("nonce") {
        ("nonce", Found::possible())
    } else {
        return None;
    };
    Some(Mark { found, kind: "probably an ID token", claim, value: "present".to_owned() })
}

/// Algorithms that use the same kind of key.
fn family(alg: &str) -> &str {
    match alg.get(..2) {
        Some("PS") => "RS",
        Some("Ed") => "EdDSA",
        Some(family) => family,
        None => alg,
    }
}

/// “The token {uses {alg}|is encrypted (5 parts)}, which this server does not {allow|decrypt}.”
/// (RFC 8725 §3.1)
pub fn jwt_unsupported_form(view: &View<'_>) -> Answer {
    let mark = unsupported_form(view);
    let by_words = stated(view, &[Category::Alg]).filter(|_| !is_only_signed(view));
    let found = match (by_words, &mark) {
        (Some(found), _) => found,
        (None, Some((found, _))) if view.accepted_here().is_none() => {
            unless_said_otherwise(with_words(found.clone(), view), view, &[])
        }
        _ => return Answer::No,
    };
    let form = match (mark, view.jwt().and_then(Jwt::alg)) {
        (Some((_, form)), _) => form,
        (None, Some(alg)) => {
            format!("uses the algorithm {}, which this server does not allow", text::visible(alg))
        }
        (None, None) => return found.into(),
    };
    found.because(view.credentials_place(), form.clone(), "").fact("form", form).into()
}

fn unsupported_form(view: &View<'_>) -> Option<(Found, String)> {
    match view.shape()? {
        Shape::Jws(_) if view.finding(Finding::AlgNone) => Some((
            Found::likely(),
            "is not signed (alg none), which servers must not accept".to_owned(),
        )),
        Shape::Jws(jwt) => {
            let alg = jwt.alg()?;
            let same =
                |token: &AcceptedToken| token.alg.as_deref().map(family) == Some(family(alg));
            if view.accepted_tokens().iter().any(same) {
                return None;
            }
            let tokens = view.needed_tokens();
            let seen: Vec<&str> = tokens.iter().filter_map(|token| token.alg.as_deref()).collect();
            if seen.is_empty() {
                return None;
            }
            let form = format!(
                "is signed with {}, while tokens accepted here use {}",
                text::visible(alg),
                seen.join(", ")
            );
            Some((Found::likely(), text::visible(&form).into_owned()))
        }
        Shape::Jwe { .. } => Some((
            Found::likely(),
            "is encrypted (5 parts), which this server probably does not decrypt".to_owned(),
        )),
        Shape::Opaque { known_prefix: Some(prefix), .. }
            if prefix.ends_with(".local.") || prefix.ends_with(".public.") =>
        {
            Some((
                Found::possible(),
                "is a PASETO token, which most servers do not know".to_owned(),
            ))
        }
        _ => None,
    }
}
