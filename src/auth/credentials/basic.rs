//! Basic credentials (RFC 7617).

use zeroize::Zeroizing;

use super::artifact::{self, Artifact};
use super::token;
use crate::auth::authorization::{Authorization, Finding, MalformedReason, Shape};
use crate::auth::encoding;
use crate::secret::{FingerprintKey, Secret};
use crate::text;

pub fn read(credentials: &[u8], mut findings: Vec<Finding>, key: &FingerprintKey) -> Authorization {
    let decoded = match decode(credentials, &mut findings) {
        Ok(decoded) => decoded,
        Err(reason) => {
            return Authorization::malformed(reason, findings)
                .with_fingerprint(key.fingerprint(credentials));
        }
    };
    let fingerprint = key.fingerprint(&decoded);
    let Some(colon) = decoded.iter().position(|&octet| octet == b':') else {
        let double_encoded = is_double_encoded(&decoded);
        return Authorization::malformed(MalformedReason::NoColon { double_encoded }, findings)
            .with_fingerprint(fingerprint);
    };
    // A user-id cannot contain a colon, a password can: the first one separates.
    let (user, password) = (&decoded[..colon], &decoded[colon + 1..]);
    look_inside(&decoded, user, password, &mut findings);
    // Stripe's and GitHub's way: the secret is the user name.
    let is_key = token::known_prefix(user).is_some();
    let user = if is_key { "(key)".into() } else { text::decode(user) }.into_owned();
    let speaks_for = (!is_key).then(|| user.clone());
    let shape = Shape::UserPass { user, password: Secret::new(password) };
    Authorization::present(shape, findings).with_fingerprint(fingerprint).with_user(speaks_for)
}

fn decode(
    credentials: &[u8],
    findings: &mut Vec<Finding>,
) -> Result<Zeroizing<Vec<u8>>, MalformedReason> {
    let not_base64 = |plain, truncated| MalformedReason::NotBase64 { plain, truncated };
    if credentials.contains(&b':') {
        return Err(not_base64(true, false));
    }
    let text = encoding::without_padding(credentials);
    let (mut legal, mut url_safe) = (true, false);
    for octet in text {
        url_safe |= matches!(octet, b'-' | b'_');
        legal &= octet.is_ascii_alphanumeric() || matches!(octet, b'+' | b'/' | b'-' | b'_');
    }
    if !legal {
        return Err(not_base64(false, false));
    }
    if url_safe {
        findings.push(Finding::Base64UrlAlphabet);
    }
    if text.len() % 4 == 1 {
        return Err(not_base64(false, true));
    }
    if credentials.len() < text.len().next_multiple_of(4) {
        findings.push(Finding::Unpadded);
    }
    encoding::base64(text).map(Zeroizing::new).ok_or_else(|| not_base64(false, false))
}

/// Base64 of text with a colon.
fn is_double_encoded(decoded: &[u8]) -> bool {
    let inner = encoding::base64(decoded.trim_ascii()).map(Zeroizing::new);
    inner.is_some_and(|inner| inner.contains(&b':') && !inner.iter().any(u8::is_ascii_control))
}

fn look_inside(decoded: &[u8], user: &[u8], password: &[u8], findings: &mut Vec<Finding>) {
    // Most are of printable ASCII without spaces and escapes, in which there is nothing odd.
    let odd = |octet: &u8| !matches!(octet, b'!'..=b'~') || *octet == b'%';
    let is_odd = decoded.iter().any(odd);
    if is_odd {
        look_at_ends(decoded, findings);
    }
    if user.is_empty() {
        findings.push(Finding::EmptyUser);
    }
    if password.is_empty() {
        findings.push(Finding::EmptyPassword);
    }
    if is_odd {
        look_at_octets(decoded, findings);
    }
    let artifacts = [user, password].map(artifact::find_in_login);
    let has = |kind: fn(&Artifact) -> bool| artifacts.iter().flatten().any(kind);
    if has(|artifact| matches!(artifact, Artifact::Placeholder(_))) {
        findings.push(Finding::ArtifactPlaceholder);
    }
    if has(|artifact| matches!(artifact, Artifact::UnexpandedVariable(_))) {
        findings.push(Finding::ArtifactUnexpandedVariable);
    }
}

/// White space at both ends.
fn look_at_ends(decoded: &[u8], findings: &mut Vec<Finding>) {
    let line_end = matches!(decoded.last(), Some(b'\r' | b'\n'));
    if line_end {
        findings.push(Finding::TrailingNewline);
    } else if decoded.first() == Some(&b' ') || decoded.last() == Some(&b' ') {
        findings.push(Finding::EdgeSpace);
    }
}

/// Escapes, other encodings, controls.
fn look_at_octets(decoded: &[u8], findings: &mut Vec<Finding>) {
    let is_escape =
        |window: &[u8]| window[0] == b'%' && window[1..].iter().all(u8::is_ascii_hexdigit);
    if decoded.windows(3).any(is_escape) {
        findings.push(Finding::PercentEncoded);
    }
    if !decoded.is_ascii() {
        let utf8 = std::str::from_utf8(decoded).is_ok();
        findings.push(if utf8 { Finding::NonAsciiUtf8 } else { Finding::NonAsciiNotUtf8 });
    }
    let without_line_end =
        decoded.iter().rposition(|octet| !b"\r\n".contains(octet)).map_or(0, |last| last + 1);
    if decoded[..without_line_end].iter().any(u8::is_ascii_control) {
        findings.push(Finding::ControlChar);
    }
}
