//! One `Authorization` (or `Proxy-Authorization`) field line becomes a state: first what all schemes
//! share, then one file a family of schemes.

pub mod artifact;
mod basic;
mod digest;
mod negotiate;
pub mod params;
mod token;

use std::sync::Arc;

use crate::auth::authorization::{
    AuthState, Authorization, Finding, LooksLike, MalformedReason, Parameters, Shape,
};
use crate::auth::scheme::Scheme;
use crate::auth::syntax::{self, is_space, starts_with_ignore_case, token_text, trim};
use crate::auth::{encoding, jwt};
use crate::secret::FingerprintKey;
use crate::text;

/// Schemes whose credentials are one token: a word that begins with one of these names and is much
/// longer lacks only the space.
const SINGLE_TOKEN: [&[u8]; 8] =
    [b"Basic", b"Bearer", b"Token", b"JWT", b"ApiKey", b"Api-Key", b"DPoP", b"Key"];

/// Shorter remainders (`Keystone`, `tokens`) are words of their own.
const GLUED_TOKEN: usize = 12;

/// Credentials that were read before: most clients send the same with each request.
///
/// A value is told from others by a keyed hash of 64 bits and its length.
#[derive(Debug, Default)]
pub struct Memo {
    hasher: ahash::RandomState,
    /// By the hash, each in one place: a new value takes that of the one before.
    known: Vec<Option<Known>>,
    missing: Option<Arc<Authorization>>,
}

#[derive(Debug, Clone)]
struct Known {
    hash: u64,
    length: usize,
    read: Arc<Authorization>,
}

impl Memo {
    /// Values remembered.
    const ENTRIES: usize = 256;

    /// Longest that is remembered, in octets.
    const LENGTH: usize = 8192;

    /// Reads one field line's value.
    pub fn read(&mut self, value: &[u8], key: &FingerprintKey) -> Arc<Authorization> {
        if value.len() > Self::LENGTH {
            return Arc::new(read(value, key));
        }
        let (hash, length) = (self.hasher.hash_one(value), value.len());
        self.known.resize(Self::ENTRIES, None);
        let Some(place) = self.known.get_mut(hash as usize % Self::ENTRIES) else {
            return Arc::new(read(value, key));
        };
        match place {
            Some(known) if known.hash == hash && known.length == length => Arc::clone(&known.read),
            _ => {
                let read = Arc::new(read(value, key));
                *place = Some(Known { hash, length, read: Arc::clone(&read) });
                read
            }
        }
    }

    /// Where there is no such field line.
    pub fn missing(&mut self) -> Arc<Authorization> {
        let missing = || Arc::new(Authorization::of(AuthState::Missing));
        Arc::clone(self.missing.get_or_insert_with(missing))
    }
}

/// Reads one field line's value.
pub fn read(value: &[u8], key: &FingerprintKey) -> Authorization {
    let (value, folded) = syntax::unfold(value);
    let value = trim(&value);
    let findings = if folded { vec![Finding::ObsFold] } else { Vec::new() };
    if value.is_empty() {
        return Authorization::malformed(MalformedReason::EmptyValue, findings);
    }
    let (word, rest) = syntax::token(value);
    match rest.first() {
        Some(&octet) if is_space(octet) && !word.is_empty() => {
            after_scheme(value, word, rest, findings, key)
        }
        _ => without_separator(value, word, rest, findings, key),
    }
}

/// No space after the first token.
fn without_separator(
    value: &[u8],
    word: &[u8],
    rest: &[u8],
    findings: Vec<Finding>,
    key: &FingerprintKey,
) -> Authorization {
    let scheme = known_scheme(word);
    if rest.is_empty()
        && let Some(scheme) = scheme
    {
        return Authorization::malformed(MalformedReason::SchemeOnly, findings).with_scheme(scheme);
    }
    if let Some(artifact) = artifact::find(value) {
        return Authorization::malformed(artifact.into(), findings);
    }
    let fingerprint = key.fingerprint(value);
    if let Some(scheme) = scheme.or_else(|| glued_scheme(value)) {
        return Authorization::malformed(MalformedReason::MissingSpace, findings)
            .with_fingerprint(fingerprint)
            .with_scheme(scheme);
    }
    let reason = if opens_with_quote(value) {
        MalformedReason::QuotedToken
    } else {
        MalformedReason::NoScheme { looks_like: looks_like(value) }
    };
    Authorization::malformed(reason, findings).with_fingerprint(fingerprint)
}

/// A first token, white space, and something.
fn after_scheme(
    value: &[u8],
    word: &[u8],
    rest: &[u8],
    mut findings: Vec<Finding>,
    key: &FingerprintKey,
) -> Authorization {
    let credentials = syntax::trim_start(rest);
    let separator = &rest[..rest.len() - credentials.len()];
    if separator.contains(&b'\t') {
        findings.push(Finding::TabSeparator);
    } else if separator.len() > 1 {
        findings.push(Finding::ExtraSpaces);
    }
    let Some(scheme) = known_scheme(word) else {
        return unknown_scheme(value, word, credentials, findings, key);
    };
    let read = match scheme.name() {
        "Digest" => digest::read(credentials, findings, key),
        "NTLM" | "Negotiate" => negotiate::read(credentials, findings, key),
        _ if scheme.is_single_token() => single_token(&scheme, credentials, findings, key),
        _ => parameters(&scheme, credentials, findings, key),
    };
    read.with_scheme(scheme)
}

fn unknown_scheme(
    value: &[u8],
    word: &[u8],
    credentials: &[u8],
    findings: Vec<Finding>,
    key: &FingerprintKey,
) -> Authorization {
    // `undefined eyJ…`: the scheme word itself came from a variable (`token_type`) that was not set.
    if let Some(artifact) = artifact::find(value).or_else(|| artifact::find(word)) {
        return Authorization::malformed(artifact.into(), findings);
    }
    let fingerprint = key.fingerprint(credentials);
    // `'Bearer x'`: an apostrophe is a token character, so that it became part of the word.
    if opens_with_quote(word) && known_scheme(&word[1..]).is_some() {
        return Authorization::malformed(MalformedReason::QuotedToken, findings)
            .with_fingerprint(fingerprint);
    }
    Authorization::present(Shape::Raw, findings)
        .with_fingerprint(fingerprint)
        .with_scheme(Scheme::new(&token_text(word)))
}

/// Basic, Bearer, Token and the like: what can go wrong before the token's own form matters.
fn single_token(
    scheme: &Scheme,
    credentials: &[u8],
    findings: Vec<Finding>,
    key: &FingerprintKey,
) -> Authorization {
    if scheme.name() != "Basic"
        && scheme.name() != "Bearer"
        && let Some(read) = params::token_parameter(credentials, &findings, key)
    {
        return read;
    }
    match broken(scheme, credentials) {
        Some(reason) => {
            let is_text = matches!(
                reason,
                MalformedReason::Placeholder { .. } | MalformedReason::UnexpandedVariable { .. }
            );
            let read = Authorization::malformed(reason, findings);
            if is_text { read } else { read.with_fingerprint(key.fingerprint(credentials)) }
        }
        None if scheme.name() == "Basic" => basic::read(credentials, findings, key),
        None => token::read(credentials, scheme.name() == "Bearer", findings, key),
    }
}

/// What makes a text no single token.
fn broken(scheme: &Scheme, credentials: &[u8]) -> Option<MalformedReason> {
    let (word, rest) = syntax::token(credentials);
    let more = rest.first().is_some_and(|&octet| is_space(octet));
    let alone = rest.is_empty()
        && (word.eq_ignore_ascii_case(b"Bearer") || word.eq_ignore_ascii_case(b"Basic"));
    if (more || alone)
        && let Some(second) = known_scheme(word)
    {
        let mixed = !second.same(scheme);
        return Some(MalformedReason::DoubledScheme { second: second.name().to_owned(), mixed });
    }
    if let Some(artifact) = artifact::find(credentials) {
        return Some(artifact.into());
    }
    if is_quoted(credentials) {
        return Some(MalformedReason::QuotedToken);
    }
    if !credentials.iter().copied().any(is_space) {
        return None;
    }
    let joined: Vec<String> = joined_schemes(credentials).collect();
    if joined.is_empty() {
        return Some(MalformedReason::ExtraParts);
    }
    let schemes = std::iter::once(scheme.name().to_owned()).chain(joined).collect();
    Some(MalformedReason::CommaJoined { schemes })
}

/// The known schemes that follow a comma and are followed by a space.
pub fn joined_schemes(credentials: &[u8]) -> impl Iterator<Item = String> {
    credentials.split(|&octet| octet == b',').skip(1).filter_map(|part| {
        let (word, rest) = syntax::token(trim(part));
        let scheme = rest.first().is_some_and(|&octet| is_space(octet)).then(|| known_scheme(word));
        scheme.flatten().map(|scheme| scheme.name().to_owned())
    })
}

/// Known schemes that carry parameters, or a form of their own.
fn parameters(
    scheme: &Scheme,
    credentials: &[u8],
    findings: Vec<Finding>,
    key: &FingerprintKey,
) -> Authorization {
    if let "SharedKey" | "SharedKeyLite" = scheme.name()
        && let Some(colon) = credentials.iter().position(|&octet| octet == b':')
    {
        // Azure Storage: `account:signature`, not parameters.
        let account = text::decode(&credentials[..colon]).into_owned();
        let signature = text::decode(&credentials[colon + 1..]).into_owned();
        let pairs = [("account", &account), ("signature", &signature)];
        let pairs = pairs.map(|(name, value)| (name.to_owned(), value.clone()));
        return Authorization::present(Shape::Params(Parameters(pairs.into())), findings)
            .with_fingerprint(key.fingerprint(account.as_bytes()))
            .with_user(Some(account));
    }
    if let Some(parameters) = params::parse(credentials).map(|parsed| params::collect(&parsed)) {
        let principal = params::principal(scheme, &parameters);
        let canonical = principal.as_deref().map_or(credentials, str::as_bytes);
        return Authorization::present(Shape::Params(parameters), findings)
            .with_fingerprint(key.fingerprint(canonical))
            .with_user(principal);
    }
    match scheme.name() {
        // OAuth and GNAP (RFC 9635 §7.2) also carry a bare token.
        "OAuth" | "GNAP" => single_token(scheme, credentials, findings, key),
        _ => match artifact::find(credentials) {
            Some(artifact) => Authorization::malformed(artifact.into(), findings),
            None => token::opaque(credentials, findings, key),
        },
    }
}

/// The scheme of this name, where this program knows it.
pub fn known_scheme(word: &[u8]) -> Option<Scheme> {
    let scheme = Scheme::new(std::str::from_utf8(word).ok()?);
    scheme.is_known().then_some(scheme)
}

/// `BearereyJ…`
fn glued_scheme(value: &[u8]) -> Option<Scheme> {
    SINGLE_TOKEN
        .into_iter()
        .find(|name| {
            starts_with_ignore_case(value, name) && value.len() >= name.len() + GLUED_TOKEN
        })
        .and_then(|name| known_scheme(&value[..name.len()]))
}

/// Quotes in ASCII, and the typographic ones (U+2018 to U+201D) in UTF-8.
fn quote_length(text: &[u8]) -> usize {
    match text {
        [b'"' | b'\'' | b'`', ..] => 1,
        [0xe2, 0x80, 0x98 | 0x99 | 0x9c | 0x9d, ..] => 3,
        _ => 0,
    }
}

fn opens_with_quote(text: &[u8]) -> bool {
    quote_length(text) > 0
}

fn is_quoted(text: &[u8]) -> bool {
    let open = quote_length(text);
    if open == 0 || text.len() < 2 * open {
        return false;
    }
    let close = &text[text.len() - open..];
    // Typographic quotes differ at the two ends in their last octet only.
    quote_length(close) == open && (open == 3 || close[0] == text[0])
}

/// What a value without a scheme looks like.
fn looks_like(value: &[u8]) -> LooksLike {
    let base64 = encoding::without_padding(value);
    let is_base64 =
        |octet: &u8| octet.is_ascii_alphanumeric() || matches!(octet, b'+' | b'/' | b'-' | b'_');
    if jwt::looks_like(value) {
        LooksLike::Jwt
    } else if value.len() >= 16 && value.iter().all(u8::is_ascii_hexdigit) {
        LooksLike::Hex
    } else if value.len() >= 8 && base64.iter().all(is_base64) {
        LooksLike::Base64ish
    } else {
        LooksLike::Other
    }
}

#[cfg(test)]
mod tests;
