//! Tokens that are bound to a key, and the proof that must come with them.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::Value;
use sha2::{Digest as _, Sha256};

use crate::auth::syntax::contains_ignore_case;
use crate::auth::{Jwt, masking};
use crate::diagnosis::Confidence;
use crate::diagnosis::lexicon::Category;
use crate::diagnosis::rule::{Answer, Found};
use crate::diagnosis::rules::common::{
    host_in_front, is_forwarded, raw_token, stated, unless_said_otherwise, with_words,
};
use crate::diagnosis::view::View;
use crate::text;

/// How old a proof may be; RFC 9449 §11.1 speaks of seconds or minutes.
const PROOF_AGE: i64 = 300;

/// “This token is bound to {a key} and must be sent with {its proof}; {what}.” (RFC 9449 §7, RFC 8705
/// §3)
pub fn sender_constrained_token(view: &View<'_>) -> Answer {
    if view.jwt().is_none() && !view.uses("DPoP") {
        return Answer::No;
    }
    if demands_nonce(view) {
        return Answer::No;
    }
    let stated = stated(view, &[Category::Proof]);
    if let Some(found) = replayed(view) {
        return with_words(found, view).into();
    }
    if stated.is_none() && view.accepted_here().is_some() {
        return Answer::No;
    }
    let confirmation = |member: &str| {
        view.jwt().and_then(|jwt| jwt.claims.get("cnf")?.get(member)).and_then(Value::as_str)
    };
    let found = if let Some(thumbprint) = confirmation("jkt") {
        by_proof(view, Some(thumbprint))
    } else if confirmation("x5t#S256").is_some() {
        by_certificate(view)
    } else if view.uses("DPoP") && view.shape().is_some() {
        by_proof(view, None)
    } else {
        None
    };
    let natural = [Category::BadSignature, Category::WrongType, Category::BadCredentials];
    match (found, stated) {
        (found, None) => found.map(|found| unless_said_otherwise(found, view, &natural)).into(),
        (Some(found), Some(_)) if found.confidence >= Confidence::Likely => {
            with_words(found, view).into()
        }
        (_, Some(stated)) => stated
            .fact("binding", "a key")
            .fact("proof", "a DPoP proof made with it")
            .fact("what", refused_proof(view))
            .into(),
    }
}

/// Whether the server sent a nonce that the proof must contain (RFC 9449 §8, §9).
pub fn demands_nonce(view: &View<'_>) -> bool {
    view.uses("DPoP")
        && view
            .challenges()
            .iter()
            .any(|challenge| challenge.params.get("error") == Some("use_dpop_nonce"))
}

/// What is known of a proof that the server refused and that shows no mistake itself.
fn refused_proof(view: &View<'_>) -> &'static str {
    let proof =
        view.request_header("dpop").and_then(|proof| Jwt::decode(proof.trim().as_bytes()).ok());
    let https = proof.as_ref().and_then(|proof| proof.text("htu")).is_some_and(|htu| {
        htu.get(..8).is_some_and(|scheme| scheme.eq_ignore_ascii_case("https://"))
    });
    let of_url = view.said().is_some_and(|said| {
        contains_ignore_case(said.quote.as_bytes(), b"htu")
            || contains_ignore_case(said.quote.as_bytes(), b"url")
    });
    if https && of_url {
        "its proof is for an https URL, and this hop has no TLS: behind a proxy the server must compare htu \
         with the public URL"
    } else {
        "the server refused the proof"
    }
}

/// A proof is made for one request (RFC 9449 §11.1).
fn replayed(view: &View<'_>) -> Option<Found> {
    let used = view.record().filter(|_| view.uses("DPoP"))?.refusal.as_ref()?.recount.as_deref()?;
    Some(
        Found::likely()
            .because("request.header.dpop", "jti", format!("already used in #{}", used.id))
            .fact("binding", "a key")
            .fact("proof", "a DPoP proof made with it for each request")
            .fact("what", "this proof was already used in a request that was accepted")
            .related(used.id),
    )
}

fn by_certificate(view: &View<'_>) -> Option<Found> {
    let head = &view.request()?.head;
    // A hop that ended TLS hands it on in a field of its own: `Client-Cert` (RFC 9440), `X-SSL-Client-Verify` …
    let handed_on = head.fields().map(|(name, _)| name).find(|name| {
        contains_ignore_case(name, b"cert") || contains_ignore_case(name, b"ssl-client")
    });
    let found = if handed_on.is_some() { Found::possible() } else { Found::certain() };
    let what = match handed_on {
        Some(field) => {
            let field = text::visible_octets(field);
            format!("the server may not have matched the one in {field}")
        }
        None => "this hop has no TLS, and no field hands a certificate on".to_owned(),
    };
    Some(
        found
            .because(
                format!("{}.claims.cnf", view.credentials_place()),
                "x5t#S256",
                "bound to a certificate",
            )
            .fact("binding", "a client certificate")
            .fact("proof", "that certificate")
            .fact("what", what),
    )
}

fn by_proof(view: &View<'_>, thumbprint: Option<&str>) -> Option<Found> {
    let (found, what) = if view.request()?.head.has("dpop") {
        if view.uses("DPoP") {
            contradiction(view)?
        } else {
            (Found::certain(), "it was sent with the scheme Bearer instead of DPoP".to_owned())
        }
    } else {
        (Found::certain(), "the request has no DPoP header".to_owned())
    };
    let mut found = found.because("request.header.dpop", what.clone(), "");
    if let Some(thumbprint) = thumbprint {
        let tail: String = thumbprint.chars().rev().take(4).collect();
        let tail: String = tail.chars().rev().collect();
        found = found.because(
            format!("{}.claims.cnf", view.credentials_place()),
            text::visible(&format!("jkt …{tail}")),
            "bound to a key",
        );
    }
    Some(
        found
            .fact("binding", "a key")
            .fact("proof", "a DPoP proof made with it")
            .fact("what", what),
    )
}

/// What in the proof does not fit the request.
fn contradiction(view: &View<'_>) -> Option<(Found, String)> {
    let request = view.request()?;
    let Ok(proof) = Jwt::decode(request.head.get("dpop")?.trim_ascii()) else {
        return Some((Found::certain(), "its proof is not a JWT".to_owned()));
    };
    let method = text::decode(request.method());
    if let Some(htm) = proof.text("htm").filter(|htm| *htm != method) {
        let htm = text::shorten(htm, 20);
        return Some((
            Found::certain(),
            format!("its proof is for the method {}", text::visible(&htm)),
        ));
    }
    if let Some(found) = proof.text("htu").and_then(|htu| other_target(view, htu)) {
        return Some(found);
    }
    if let Some(ath) = proof.text("ath") {
        let own = URL_SAFE_NO_PAD.encode(Sha256::digest(raw_token(view)));
        if ath.trim_end_matches('=') != own {
            return Some((Found::certain(), "its proof is for another token (ath)".to_owned()));
        }
    }
    let iat = proof.date("iat")?;
    let off = view.server_now().seconds().saturating_sub(iat);
    if off.abs() > PROOF_AGE {
        let found = if view.server_clock_known() { Found::likely() } else { Found::possible() };
        let when = if off > 0 { "before" } else { "after" };
        let by = crate::time::humane(std::time::Duration::from_secs(off.unsigned_abs()));
        return Some((found, format!("its proof was made {by} {when} the server's time")));
    }
    None
}

/// A proof for another URL. It is for the one that the client asked for, which a proxy in front may have
/// changed (RFC 9449 §4.3).
fn other_target(view: &View<'_>, htu: &str) -> Option<(Found, String)> {
    let rest = htu.split_once("://").map_or(htu, |(_, rest)| rest);
    let (authority, path) = match rest.find('/') {
        Some(at) => rest.split_at(at),
        None => (rest, "/"),
    };
    let path = path.split(['?', '#']).next().unwrap_or(path);
    let request = view.request()?;
    let forwarded = is_forwarded(view);
    if path.as_bytes() != request.path() {
        let prefix = view.request_header("x-forwarded-prefix").unwrap_or_default();
        let own = path.strip_prefix(prefix.trim_end_matches('/'));
        if own.is_some_and(|own| own.as_bytes() == request.path()) {
            return None;
        }
        let found = if forwarded { Found::likely() } else { Found::certain() };
        let shown = masking::shown_path(path.as_bytes());
        let shown = text::shorten(&shown, 80);
        return Some((found, format!("its proof is for the path {shown}")));
    }
    let host = text::decode(request.host()?).to_ascii_lowercase();
    let bare = |authority: &str| {
        let authority = authority.to_ascii_lowercase();
        authority.trim_end_matches(":80").trim_end_matches(":443").to_owned()
    };
    let in_front = host_in_front(view);
    let meant = in_front.as_deref().unwrap_or(&host);
    if [&host, meant].into_iter().any(|host| bare(host) == bare(authority)) {
        return None;
    }
    let shown = masking::shown_path(authority.as_bytes());
    let what = format!("its proof is for the host {}", text::shorten(&shown, 80));
    // A proxy that does not say which host the client asked for may well have changed it.
    let unsaid = forwarded && in_front.is_none();
    Some((if unsaid { Found::possible() } else { Found::likely() }, what))
}
