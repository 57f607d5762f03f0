//! Bearer (RFC 6750) and the other schemes that carry one token: JWTs and opaque texts.

use serde_json::Value;

use crate::auth::authorization::{Authorization, Finding, MalformedReason, Shape};
use crate::auth::encoding;
use crate::auth::jwt::{self, Jwt};
use crate::auth::syntax::is_token68;
use crate::secret::FingerprintKey;

/// Prefixes that name who issued a token. The longest that fits comes first.
const KNOWN_PREFIXES: [&str; 48] = [
    "github_pat_",
    "ghp_",
    "gho_",
    "ghu_",
    "ghs_",
    "ghr_",
    "glpat-",
    "gldt-",
    "glcbt-",
    "xoxb-",
    "xoxp-",
    "xoxa-",
    "xoxr-",
    "xoxs-",
    "xoxe.",
    "xapp-",
    "ya29.",
    "AIza",
    "sk_live_",
    "sk_test_",
    "rk_live_",
    "rk_test_",
    "pk_live_",
    "pk_test_",
    "sk-ant-",
    "sk-proj-",
    "sk-",
    "v1.local.",
    "v1.public.",
    "v2.local.",
    "v2.public.",
    "v3.local.",
    "v3.public.",
    "v4.local.",
    "v4.public.",
    "npm_",
    "pypi-",
    "dckr_pat_",
    "hf_",
    "glsa_",
    "glc_",
    "hvs.",
    "hvb.",
    "shpat_",
    "dop_v1_",
    "dapi",
    "sha256~",
    "SG.",
];

pub fn read(
    token: &[u8],
    bearer: bool,
    mut findings: Vec<Finding>,
    key: &FingerprintKey,
) -> Authorization {
    let fingerprint = key.fingerprint(token);
    if let Some((position, octet)) = outside_token68(token) {
        if bearer {
            let reason = MalformedReason::IllegalCharacter { octet, position };
            return Authorization::malformed(reason, findings).with_fingerprint(fingerprint);
        }
        findings.push(Finding::NotToken68);
    }
    let (shape, principal) = match shape_of(token, &mut findings) {
        Ok(shape) => shape,
        Err(reason) => {
            return Authorization::malformed(reason, findings).with_fingerprint(fingerprint);
        }
    };
    Authorization::present(shape, findings).with_fingerprint(fingerprint).with_user(principal)
}

/// A token of a scheme whose form is not looked into.
pub fn opaque(token: &[u8], findings: Vec<Finding>, key: &FingerprintKey) -> Authorization {
    Authorization::present(opaque_shape(token), findings).with_fingerprint(key.fingerprint(token))
}

fn opaque_shape(token: &[u8]) -> Shape {
    Shape::Opaque { length: token.len(), known_prefix: known_prefix(token) }
}

/// The prefix by which a token's issuer can be told.
pub fn known_prefix(token: &[u8]) -> Option<&'static str> {
    let first = token.first()?;
    // Most differ in their first octet already.
    let mut prefixes =
        KNOWN_PREFIXES.iter().filter(|prefix| prefix.as_bytes().first() == Some(first));
    prefixes.find(|prefix| token.starts_with(prefix.as_bytes())).copied()
}

/// The first octet that token68 does not allow there.
fn outside_token68(token: &[u8]) -> Option<(usize, u8)> {
    let body = encoding::without_padding(token);
    if body.is_empty() {
        return token.first().map(|&octet| (0, octet));
    }
    body.iter().copied().enumerate().find(|&(_, octet)| !is_token68(octet))
}

fn shape_of(
    token: &[u8],
    findings: &mut Vec<Finding>,
) -> Result<(Shape, Option<String>), MalformedReason> {
    if !token.starts_with(b"eyJ") {
        return Ok((opaque_shape(token), None));
    }
    match token.split(|&octet| octet == b'.').count() {
        1 => single_segment(token).map(|shape| (shape, None)),
        3 => {
            let jwt = Jwt::decode(token)?;
            check_signature(&jwt, token, findings)?;
            let principal = jwt.principal();
            Ok((Shape::Jws(Box::new(jwt)), principal))
        }
        5 => {
            let header = jwt::header(token)?;
            let text = |name: &str| header.get(name).and_then(Value::as_str).map(str::to_owned);
            Ok((Shape::Jwe { alg: text("alg"), enc: text("enc") }, None))
        }
        count => Err(MalformedReason::JwtSegments { count }),
    }
}

/// `eyJ` without a dot: the beginning of a JWT, or another base64 JSON object (old Grafana keys).
fn single_segment(token: &[u8]) -> Result<Shape, MalformedReason> {
    let json =
        encoding::base64(token).and_then(|decoded| serde_json::from_slice::<Value>(&decoded).ok());
    match json {
        Some(Value::Object(object)) if object.contains_key("alg") => {
            Err(MalformedReason::JwtSegments { count: 1 })
        }
        Some(Value::Object(_)) => Ok(Shape::OpaqueJson),
        _ => Ok(opaque_shape(token)),
    }
}

fn check_signature(
    jwt: &Jwt,
    token: &[u8],
    findings: &mut Vec<Finding>,
) -> Result<(), MalformedReason> {
    let algorithm = jwt.alg().unwrap_or_default();
    if algorithm.eq_ignore_ascii_case("none") {
        findings.push(Finding::AlgNone);
        return Ok(());
    }
    if token.ends_with(b".") {
        return Err(MalformedReason::JwtNoSignature);
    }
    let got = jwt.signature_length;
    match jwt::signature_lengths(algorithm) {
        [want, others @ ..] if got != *want && !others.contains(&got) => {
            Err(MalformedReason::JwtSignatureLength {
                algorithm: algorithm.to_owned(),
                got,
                want: *want,
            })
        }
        _ => Ok(()),
    }
}
