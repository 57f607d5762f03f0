//! Secrets of a request that its answer repeats: `Unknown token hunter2hunter2`.

use std::borrow::Cow;

use memchr::memmem;
use zeroize::Zeroizing;

use super::{Known, Masking, utf8};
use crate::auth::alternatives::{Alternative, offset};
use crate::auth::authorization::{AuthState, Authorization, Shape};
use crate::auth::{AuthFacts, encoding, posted};
use crate::exchange::Exchange;
use crate::http::Request;
use crate::secret::{Fingerprint, Secret};
use crate::text::{self, by_octet};

/// A shorter one would mask ordinary words.
const SHORTEST: usize = 8;

/// More are not looked for in every field of an answer.
const MOST: usize = 32;

static SEPARATES: [bool; 256] = by_octet!(separates);

/// Whether an octet stands between the words of a header field or a URL.
const fn separates(octet: u8) -> bool {
    matches!(
        octet,
        b' ' | b'\t'
            | b'\r'
            | b'\n'
            | b'"'
            | b'\''
            | b'='
            | b','
            | b';'
            | b'&'
            | b'?'
            | b'#'
            | b'/'
            | b'@'
            | b':'
    )
}

/// The same of some others, too: asked of many octets at once.
#[allow(clippy::needless_bitwise_bool, reason = "a lazy operator is not made a vector")]
fn may_separate(octet: u8) -> bool {
    matches!(octet, b'\t'..=b'\r')
        | matches!(octet, b' '..=b'\'')
        | matches!(octet, b',')
        | matches!(octet, b'/')
        | matches!(octet, b':'..=b'@')
}

/// How long the word is that the text begins with.
fn word_length(text: &[u8]) -> usize {
    let end = |octets: &[u8]| octets.iter().position(|&octet| SEPARATES[octet as usize]);
    let (chunks, rest) = text.as_chunks::<16>();
    for (index, chunk) in chunks.iter().enumerate() {
        if text::any_of(chunk, may_separate)
            && let Some(end) = end(chunk)
        {
            return index * 16 + end;
        }
    }
    text.len() - rest.len() + end(rest).unwrap_or(rest.len())
}

/// A secret of a request.
#[derive(Debug, Clone)]
pub(super) struct Repeated {
    secret: Secret,
    /// The octet of it that other text has least often, and where it stands in it: looked for first.
    rare: u8,
    rare_at: usize,
    ascii: bool,
}

impl Repeated {
    fn new(octets: &[u8]) -> Self {
        let (mut rare_at, mut rare) = (0, octets.first().copied().unwrap_or_default());
        for (at, &octet) in octets.iter().enumerate().take(LOOKED_AT) {
            if COMMONNESS[octet as usize] < COMMONNESS[rare as usize] {
                (rare_at, rare) = (at, octet);
            }
        }
        Self { secret: Secret::new(octets), rare, rare_at, ascii: octets.is_ascii() }
    }

    fn stands_in(&self, text: &[u8]) -> bool {
        find_by(text, self.secret.expose(), self.rare, self.rare_at)
    }
}

/// Octets of a secret of which the rarest one is looked for.
const LOOKED_AT: usize = 24;

static COMMONNESS: [u8; 256] = by_octet!(commonness);

/// Roughly how often an octet stands in headers and pages.
const fn commonness(octet: u8) -> u8 {
    match octet {
        b'Q' | b'X' | b'Z' | b'J' | b'K' | b'V' | b'q' | b'z' | b'Y' | b'+' => 0,
        b'A'..=b'Z' | b'j' => 1,
        b'x' | b'k' | b'v' | b'w' | b'7'..=b'9' | b'_' => 2,
        b'0'..=b'6' => 3,
        b'b' | b'f' | b'g' | b'y' | b'p' | b'm' => 4,
        _ => 5,
    }
}

/// Whether `needle` stands in `text`, with that octet of it looked for first.
fn find_by(text: &[u8], needle: &[u8], octet: u8, at: usize) -> bool {
    /// So many places where only the octet fits are looked at one by one.
    const FALSE_PLACES: usize = 64;
    let Some(last) = text.len().checked_sub(needle.len()) else { return false };
    let places = text.get(at..=at + last).unwrap_or_default();
    for (tried, start) in memchr::memchr_iter(octet, places).enumerate() {
        let rest = text.get(start..).unwrap_or_default();
        if rest.starts_with(needle) {
            return true;
        }
        if tried == FALSE_PLACES {
            return memmem::find(rest, needle).is_some();
        }
    }
    false
}

/// What was read of a request already.
pub(super) struct Read<'a> {
    credentials: [(&'static str, Option<&'a Authorization>); 2],
    cookies: &'a [Alternative],
}

impl<'a> Read<'a> {
    pub(super) fn of(exchange: &Exchange, facts: &'a AuthFacts) -> Self {
        // Of several lines only the first one was kept, and a lost one was not read.
        let read = |authorization: &'a Authorization| {
            let one = matches!(
                authorization.state,
                AuthState::Present { .. } | AuthState::Malformed { .. }
            );
            one.then_some(authorization)
        };
        let own = read(&facts.authorization);
        let proxy = facts.proxy_authorization.as_deref().and_then(read);
        let credentials = if exchange.status() == Some(407) {
            [("proxy-authorization", own), ("authorization", None)]
        } else {
            [("authorization", own), ("proxy-authorization", proxy)]
        };
        Self { credentials, cookies: &facts.alternatives }
    }

    /// The credentials in a field of this name.
    fn credentials(&self, name: &[u8]) -> Option<&'a Authorization> {
        self.credentials
            .iter()
            .find(|(field, _)| name.eq_ignore_ascii_case(field.as_bytes()))
            .and_then(|(_, read)| *read)
    }

    /// The fingerprint of the cookie that begins here in the head.
    fn cookie(&self, at: usize) -> Option<Fingerprint> {
        self.cookies.iter().find(|one| one.at == Some(at)).and_then(|one| one.fingerprint)
    }
}

/// What masking takes away from a request.
#[derive(Default)]
struct Taken(Vec<Repeated>);

impl Taken {
    fn add(&mut self, octets: &[u8]) {
        if octets.len() >= SHORTEST && self.0.len() < MOST {
            self.0.push(Repeated::new(octets));
        }
    }

    /// The words of a value that are not in what is shown of it, and the passwords in them.
    fn compare(&mut self, value: &[u8], masked: Option<&[u8]>, read: Option<&Authorization>) {
        let Some(masked) = masked else { return };
        let mut password_known = false;
        if let Some(AuthState::Present { shape: Shape::UserPass { password, .. }, .. }) =
            read.map(|read| &read.state)
        {
            self.add(password.expose());
            password_known = true;
        }
        let mut rest = value;
        while !rest.is_empty() {
            let (word, after) = rest.split_at(word_length(rest));
            rest = after.get(1..).unwrap_or_default();
            if word.len() < SHORTEST || contains(masked, word) {
                continue;
            }
            self.add(word);
            if !password_known && (after.starts_with(b"=") || after.is_empty()) {
                self.add_password(word);
            }
        }
    }

    /// The password in base64 of `user:password`.
    fn add_password(&mut self, word: &[u8]) {
        // A JWT is none, and often long.
        if memchr::memchr(b'.', word).is_none()
            && let Some(decoded) = encoding::base64(word).map(Zeroizing::new)
            && let Some(colon) = memchr::memchr(b':', &decoded)
            // What is looked through is UTF-8, in which nothing else can stand.
            && std::str::from_utf8(&decoded[colon + 1..]).is_ok()
        {
            self.add(&decoded[colon + 1..]);
        }
    }
}

fn contains(text: &[u8], word: &[u8]) -> bool {
    word.first().is_none_or(|&first| find_by(text, word, first, 0))
}

impl Masking {
    /// What masking takes away from the header fields and the target of a request, the password inside
    /// Basic credentials, and, where it was refused, the secrets of its body.
    pub(super) fn known_of(&self, request: &Request, read: &Read<'_>, refused: bool) -> Known {
        let mut taken = Taken::default();
        let mut fields = Vec::with_capacity(request.head.fields().len());
        for (name, value) in request.head.fields() {
            let text = utf8(value);
            // What was read are the octets on the wire.
            let as_read = matches!(text, Cow::Borrowed(_));
            let credentials = read.credentials(name).filter(|_| as_read);
            let masked = match credentials {
                Some(credentials) => self.credentials_as(credentials, &text),
                None if as_read && name.eq_ignore_ascii_case(b"cookie") => {
                    let known = |pair: &[u8]| read.cookie(offset(pair, request.head.octets()));
                    Some(self.cookies(&text, known))
                }
                None => self.header_value(name, &text),
            };
            taken.compare(&text, masked.as_deref(), credentials);
            fields.push(masked);
        }
        // Of a body only a refusal repeats something: "Unknown token …".
        if refused {
            for secret in posted::secrets(request) {
                taken.add(secret.as_bytes());
            }
        }
        let target = utf8(request.target());
        taken.compare(&target, self.url(&target).as_deref(), None);
        let mut repeated = taken.0;
        // The longest first: one may be a part of another.
        repeated.sort_by_key(|one| std::cmp::Reverse(one.secret.len()));
        Known { repeated, request_fields: fields }
    }

    /// Whether the text repeats anything of the request.
    fn repeats(&self, text: &[u8]) -> bool {
        let Some(known) = &self.known else { return false };
        known.repeated.iter().any(|repeated| repeated.stands_in(text))
    }

    /// Whether nothing of these octets is masked because the request held it: then their texts are shown
    /// of any exchange as they are of this one.
    pub fn shows_as_ever(&self, octets: &[u8]) -> bool {
        let Some(known) = self.known.as_ref().filter(|_| !self.reveal) else { return true };
        // What is ASCII stands in any octets as it does in the text made of them. What is not may stand in
        // one field and not in the next, as each is read as UTF-8 or as Latin-1 by itself.
        known.repeated.iter().all(|repeated| {
            if repeated.ascii { !repeated.stands_in(octets) } else { octets.is_ascii() }
        })
    }

    /// The text without what it repeats of the request; `None` when it repeats nothing.
    pub(super) fn without_repeated(&self, text: &[u8]) -> Option<Vec<u8>> {
        if !self.repeats(text) {
            return None;
        }
        let mut masked: Option<Vec<u8>> = None;
        for repeated in self.known.iter().flat_map(|known| &known.repeated) {
            let current = masked.as_deref().unwrap_or(text);
            if repeated.stands_in(current) {
                masked = Some(replaced(current, repeated.secret.expose()));
            }
        }
        masked
    }
}

fn replaced(text: &[u8], secret: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some(start) = memmem::find(rest, secret) {
        out.extend_from_slice(&rest[..start]);
        out.extend_from_slice(b"(masked)");
        rest = &rest[start + secret.len()..];
    }
    out.extend_from_slice(rest);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_end_where_something_separates_them() {
        for octet in 0..=255 {
            assert!(may_separate(octet) || !separates(octet), "{octet}");
            for (before, after) in [(0, 0), (3, 9), (20, 1), (40, 40)] {
                let text = [&b"a".repeat(before)[..], &[octet], &b"a".repeat(after)].concat();
                let length = if separates(octet) { before } else { text.len() };
                assert_eq!(word_length(&text), length);
            }
        }
    }

    #[test]
    fn a_secret_is_found_wherever_it_stands() {
        for secret in
            ["hunter2hunter2", "aaaaaaaa", "00000000Z", "Zaaaaaaaa", "\u{fc}\u{fc}\u{fc}\u{fc}"]
        {
            let repeated = Repeated::new(secret.as_bytes());
            let near = secret.chars().next_back().map(|last| secret.replace(last, "-"));
            for filler in
                ["", "-", "aaaaaaaaa-", "Z0Z0", &format!("{}-", near.unwrap()).repeat(200)]
            {
                for text in [
                    format!("{filler}{secret}"),
                    format!("{secret}{filler}"),
                    format!("{filler}{secret}{filler}"),
                ] {
                    assert!(repeated.stands_in(text.as_bytes()), "{text}");
                    assert!(contains(text.as_bytes(), secret.as_bytes()), "{text}");
                }
                let short = &secret.as_bytes()[1..];
                assert!(!repeated.stands_in(short) && !contains(short, secret.as_bytes()));
            }
        }
    }
}
