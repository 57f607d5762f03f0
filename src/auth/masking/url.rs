//! URLs in request-targets, `Location`, `Referer` and wherever else one stands; and JWTs in any text.

use std::borrow::Cow;
use std::sync::LazyLock;

use memchr::memmem;

use super::Masking;
use super::names::{self, Secrecy};
use crate::auth::jwt;
use crate::auth::syntax::percent_decode;
use crate::secret::FingerprintKey;
use crate::text;

impl Masking {
    /// Any text with its URLs' secrets masked: userinfo, secret parameters of path, query and fragment,
    /// and JWTs wherever they stand. `None` when there are none.
    pub(super) fn url(&self, octets: &[u8]) -> Option<Vec<u8>> {
        if !has_marks(octets) {
            return None;
        }
        let mut masked = userinfo(octets);
        if memchr::memchr3(b'?', b'#', b'&', &masked).is_some() || self.has_path_secret(&masked) {
            masked = keep(masked, |text| self.parameters_after_marks(text));
        }
        if has(&masked, b'J', b"eyJ") {
            masked = keep(masked, |text| self.tokens_in(text));
        }
        match masked {
            Cow::Owned(masked) if masked != octets => Some(masked),
            _ => None,
        }
    }

    /// A request-target; in authority form (RFC 9112 §3.2.3) userinfo stands at its beginning.
    pub(super) fn request_target(&self, target: &[u8]) -> Option<Vec<u8>> {
        let end = target.iter().position(|octet| b"/?#".contains(octet)).unwrap_or(target.len());
        let (authority, rest) = target.split_at(end);
        if authority.contains(&b'@') {
            let masked = [&authorities(authority)[..], rest].concat();
            return self.url(&masked).or(Some(masked));
        }
        self.url(target)
    }

    /// Whether a secret is a parameter of a path (RFC 3986 §3.3): `/a;jsessionid=…`. Many header fields
    /// have a `;` of their own, so that the name must say more here than after a `?`.
    fn has_path_secret(&self, text: &[u8]) -> bool {
        memchr::memchr_iter(b';', text).any(|mark| {
            let pair = &text[mark + 1..];
            let name = pair.iter().take(names::LONGEST_NAME).position(|octet| !is_in_name(*octet));
            let Some(end) = name.filter(|&end| pair[end] == b'=') else { return false };
            let secrecy = match &pair[..end] {
                encoded if encoded.contains(&b'%') => self.parameter(&percent_decode(encoded)),
                name => self.parameter(name),
            };
            match secrecy {
                Secrecy::Plain => false,
                Secrecy::Depends => {
                    let value = &pair[end + 1..];
                    names::looks_secret(&value[..pair_end(value)])
                }
                Secrecy::Secret => true,
            }
        })
    }

    /// Masks the values of secret `name=value` pairs that follow `?`, `#`, `&` or `;`.
    fn parameters_after_marks(&self, text: &[u8]) -> Vec<u8> {
        let mut out = Vec::with_capacity(text.len());
        let mut rest = text;
        let login = names_a_user(text);
        while let Some(mark) = rest.iter().position(|octet| b"?#&;".contains(octet)) {
            let (before, pair) = rest.split_at(mark + 1);
            out.extend_from_slice(before);
            let end = pair_end(pair);
            match pair[..end].strip_prefix(b"p=").filter(|_| login) {
                // A page elsewhere; beside a user, the password (InfluxDB 1, Subsonic).
                Some(password) => {
                    out.extend_from_slice(b"p=");
                    out.extend_from_slice(self.url_secret(&percent_decode(password)).as_bytes());
                }
                None => out.extend_from_slice(&self.pair(&pair[..end])),
            }
            rest = &pair[end..];
        }
        out.extend_from_slice(rest);
        out
    }

    /// One URL-encoded `name=value`.
    pub(super) fn pair<'a>(&self, pair: &'a [u8]) -> Cow<'a, [u8]> {
        let Some(equals) = pair.iter().position(|&octet| octet == b'=') else {
            return Cow::Borrowed(pair);
        };
        let (name, value) = pair.split_at(equals + 1);
        let decoded = percent_decode(value);
        if self.parameter(&percent_decode(&name[..equals])) != Secrecy::Plain {
            return Cow::Owned([name, self.url_secret(&decoded).as_bytes()].concat());
        }
        // A whole URL as a parameter (`next=`, `redirect_uri=`).
        if decoded != value
            && let Some(masked) = self.url(&decoded)
        {
            return Cow::Owned([name, &masked].concat());
        }
        Cow::Borrowed(pair)
    }

    /// Masks every JWT in a text.
    pub(super) fn tokens_in(&self, text: &[u8]) -> Vec<u8> {
        let mut out = Vec::with_capacity(text.len());
        let mut rest = text;
        while let Some(start) = memmem::find(rest, b"eyJ") {
            let (before, token) = rest.split_at(start);
            let end = token
                .iter()
                .position(|octet| !(octet.is_ascii_alphanumeric() || b"-_.".contains(octet)))
                .unwrap_or(token.len());
            out.extend_from_slice(before);
            if end >= super::LONG_TOKEN || jwt::looks_like(&token[..end]) {
                let fingerprint = self.key.fingerprint(&token[..end]);
                out.extend_from_slice(format!("eyJ…(masked,fp:{fingerprint})").as_bytes());
            } else {
                out.extend_from_slice(&token[..end]);
            }
            rest = &token[end..];
        }
        out.extend_from_slice(rest);
        out
    }
}

/// Where a `name=value` ends in a text.
fn pair_end(pair: &[u8]) -> usize {
    let ends = |octet: &u8| octet.is_ascii_whitespace() || b"?#&;\"<>,".contains(octet);
    pair.iter().position(ends).unwrap_or(pair.len())
}

/// Whether the name of a parameter may have this octet.
const fn is_in_name(octet: u8) -> bool {
    octet.is_ascii_alphanumeric() || matches!(octet, b'-' | b'_' | b'.' | b'%' | b'[' | b']' | b'$')
}

/// Whether a text has what every secret in a URL stands behind or begins with: one of `?#&;@J`, or of
/// some neighbours. Most texts have none.
#[allow(clippy::needless_bitwise_bool, reason = "a lazy operator is not made a vector")]
pub(super) fn has_marks(octets: &[u8]) -> bool {
    text::any_octet(octets, |octet| {
        matches!(octet, b'#'..=b'&')
            | matches!(octet, b'?'..=b'@')
            | (octet == b';')
            | (octet == b'J')
    })
}

/// Whether a parameter names a user.
fn names_a_user(text: &[u8]) -> bool {
    let users: [&[u8]; 3] = [b"u=", b"user=", b"username="];
    text.split(|octet| b"?&;#".contains(octet))
        .skip(1)
        .any(|pair| users.into_iter().any(|user| pair.starts_with(user)))
}

/// What masks where no key is at hand.
static WITHOUT_KEY: LazyLock<Masking> =
    LazyLock::new(|| Masking::new(false, FingerprintKey::from_bytes(&[0; 32])));

/// A path (or a URL) up to the first secret in it: whatever would be masked in a request-target.
pub fn public_part(path: &[u8]) -> &[u8] {
    if !has_marks(path) {
        return path;
    }
    let Some(masked) = WITHOUT_KEY.request_target(path) else { return path };
    let same = path.iter().zip(&masked).take_while(|(octet, shown)| octet == shown).count();
    let public = &path[..same];
    public.strip_suffix(b"eyJ").unwrap_or(public)
}

/// A path or a URL as it may be shown where no key is at hand: up to its first secret. Userinfo is taken
/// out, so that the host behind it stays.
pub fn shown_path(path: &[u8]) -> Cow<'_, str> {
    if !has_marks(path) {
        return text::visible_octets(path);
    }
    let without_userinfo = userinfo(path);
    let public = public_part(&without_userinfo);
    let shown = text::visible_octets(public).into_owned();
    let end = if public.len() < without_userinfo.len() { "(masked)" } else { "" };
    Cow::Owned(shown + end)
}

/// The same of a URL, without its query and fragment.
pub fn shown_address(url: &[u8]) -> Cow<'_, str> {
    shown_path(&url[..memchr::memchr2(b'?', b'#', url).unwrap_or(url.len())])
}

/// Words of a message as they may be shown where no key is at hand: without the secrets of URLs in them,
/// and without what they assign to a secret's name.
pub fn shown_words(words: &str) -> Cow<'_, str> {
    let Some(masked) = WITHOUT_KEY.said(words.as_bytes()) else { return Cow::Borrowed(words) };
    Cow::Owned(text::decode(&without_fingerprints(&masked)).into_owned())
}

/// Fingerprints under a key that everybody knows would tell what they stand for.
fn without_fingerprints(masked: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(masked.len());
    let mut rest = masked;
    while let Some(start) = memmem::find(rest, super::MASK) {
        let (before, mask) = rest.split_at(start);
        out.extend_from_slice(before);
        let end = memchr::memchr(b')', mask).map_or(mask.len(), |end| end + 1);
        let (mask, after) = mask.split_at(end);
        out.extend_from_slice(if super::is_mask(mask) { b"(masked)" } else { mask });
        rest = after;
    }
    out.extend_from_slice(rest);
    out
}

/// Authorities that stand alone or in a list: `alice:secret@host` → `(masked)@host`.
pub(super) fn authorities(text: &[u8]) -> Vec<u8> {
    let parts =
        text.split_inclusive(|octet| octet.is_ascii_whitespace() || b",;=\"".contains(octet));
    parts
        .flat_map(|part| match part.iter().rposition(|&octet| octet == b'@') {
            Some(at) => [&b"(masked)"[..], &part[at..]].concat(),
            None => part.to_vec(),
        })
        .collect()
}

/// `http://alice:secret@host/` → `http://(masked)@host/`, and without a scheme (RFC 3986 §4.2) after
/// `//`. A user alone can be a token too.
fn userinfo(text: &[u8]) -> Cow<'_, [u8]> {
    const MARK: &[u8] = b"//";
    if !has(text, b'@', MARK) {
        return Cow::Borrowed(text);
    }
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some(mark) = memmem::find(rest, MARK) {
        let (before, after) = rest.split_at(mark + MARK.len());
        out.extend_from_slice(before);
        let end = after
            .iter()
            .position(|octet| octet.is_ascii_whitespace() || b"/?#\"'<>,".contains(octet))
            .unwrap_or(after.len());
        match after[..end].iter().rposition(|&octet| octet == b'@') {
            Some(at) => {
                out.extend_from_slice(b"(masked)");
                rest = &after[at..];
            }
            None => rest = after,
        }
    }
    out.extend_from_slice(rest);
    Cow::Owned(out)
}

/// Whether the words stand in the text, of which most texts do not even have this octet.
fn has(text: &[u8], octet: u8, words: &[u8]) -> bool {
    memchr::memchr(octet, text).is_some() && memmem::find(text, words).is_some()
}

fn keep(text: Cow<'_, [u8]>, mask: impl Fn(&[u8]) -> Vec<u8>) -> Cow<'_, [u8]> {
    let masked = mask(&text);
    if masked == *text { text } else { Cow::Owned(masked) }
}
