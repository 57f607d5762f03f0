//! Digest credentials (RFC 7616 §3.4).

use super::{artifact, params};
use crate::auth::authorization::{Authorization, Finding, MalformedReason, Parameters, Shape};
use crate::auth::syntax::percent_decode;
use crate::secret::FingerprintKey;
use crate::text;

pub fn read(credentials: &[u8], mut findings: Vec<Finding>, key: &FingerprintKey) -> Authorization {
    let Some(parsed) = params::parse(credentials) else {
        return match artifact::find(credentials) {
            Some(artifact) => Authorization::malformed(artifact.into(), findings),
            None => Authorization::malformed(MalformedReason::DigestSyntax, findings)
                .with_fingerprint(key.fingerprint(credentials)),
        };
    };
    for parameter in &parsed {
        let is = |name: &[u8]| parameter.name.eq_ignore_ascii_case(name);
        if is(b"nc") {
            if parameter.value.len() != 8 || !parameter.value.iter().all(u8::is_ascii_hexdigit) {
                findings.push(Finding::BadNc);
            }
            if parameter.quoted {
                findings.push(Finding::QuotedNc);
            }
        } else if parameter.quoted && is(b"qop") {
            findings.push(Finding::QuotedQop);
        } else if parameter.quoted && is(b"algorithm") {
            findings.push(Finding::QuotedAlgorithm);
        }
    }
    let parameters = params::collect(&parsed);
    let user = user(&parameters);
    // The response changes every time; who logs in where does not.
    let canonical = format!(
        "{}:{}",
        user.as_deref().or_else(|| parameters.get("username")).unwrap_or_default(),
        parameters.get("realm").unwrap_or_default()
    );
    let fingerprint = key.fingerprint(canonical.as_bytes());
    let missing = missing(&parameters);
    let read = if missing.is_empty() {
        Authorization::present(Shape::Digest(parameters), findings)
    } else {
        Authorization::malformed(MalformedReason::DigestMissingParams { names: missing }, findings)
    };
    read.with_fingerprint(fingerprint).with_user(user)
}

/// The user name in clear; `None` when only its hash was sent (`userhash=true`).
fn user(parameters: &Parameters) -> Option<String> {
    if parameters.get("userhash").is_some_and(|hash| hash.eq_ignore_ascii_case("true")) {
        return None;
    }
    match parameters.get("username") {
        Some(user) => Some(user.to_owned()),
        None => parameters.get("username*").and_then(extended_value),
    }
}

/// `UTF-8''J%C3%A4s%C3%B8n` (RFC 8187 §3.2).
fn extended_value(value: &str) -> Option<String> {
    let (_, rest) = value.split_once('\'')?;
    let (_, encoded) = rest.split_once('\'')?;
    Some(text::decode(&percent_decode(encoded.as_bytes())).into_owned())
}

/// Parameters that must be there (RFC 7616 §3.4; `cnonce` and `nc` with `qop`).
fn missing(parameters: &Parameters) -> Vec<&'static str> {
    let has = |name: &str| parameters.get(name).is_some();
    let required: &[&'static str] = if has("qop") {
        &["realm", "nonce", "uri", "response", "cnonce", "nc"]
    } else {
        &["realm", "nonce", "uri", "response"]
    };
    let user = (!has("username") && !has("username*")).then_some("username");
    user.into_iter().chain(required.iter().copied().filter(|name| !has(name))).collect()
}
