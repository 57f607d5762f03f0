//! What of a message may be shown when secrets are masked: the one place that decides it.

mod body;
mod header;
mod json;
mod lines;
pub mod names;
mod repeated;
mod url;
pub(super) mod xml;

use std::borrow::Cow;
use std::sync::Arc;

use crate::auth::alternatives::{is_credential_name, is_ordinary};
use crate::auth::credentials::artifact;
use crate::auth::{AuthFacts, is_refused};
use crate::exchange::Exchange;
use crate::secret::{Fingerprint, FingerprintKey};
use crate::text;
use repeated::{Read, Repeated};
pub use url::{public_part, shown_address, shown_path, shown_words};

/// A token shorter than this shows nothing of itself.
const LONG_TOKEN: usize = 20;

/// How much of a long token's beginning is shown: enough for `eyJh`, `ghp_`, `ya29`.
const SHOWN: usize = 4;

/// How secrets are written.
#[derive(Debug, Clone)]
pub struct Masking {
    /// Show them (`--reveal`).
    pub reveal: bool,
    /// Key for the fingerprints that stand in for them.
    pub key: FingerprintKey,
    /// Names that mean a secret here, beside those that mean one everywhere.
    pub own: Arc<OwnNames>,
    /// What is known of an exchange.
    known: Option<Arc<Known>>,
}

/// What masking knows of the exchanges that are shown.
#[derive(Debug, Default)]
struct Known {
    /// What a request holds, where its server may repeat it; the longest first.
    repeated: Vec<Repeated>,
    /// The last request's header fields as they are shown, in order; `None` where nothing is masked.
    /// Made on the way to `repeated`.
    request_fields: Vec<Option<Vec<u8>>>,
}

/// Names that the user calls secret. Case, `-`, `_` and `.` make no difference.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct OwnNames {
    headers: Vec<String>,
    parameters: Vec<String>,
}

impl OwnNames {
    /// Header fields, and parameters of queries, forms and JSON.
    pub fn new(headers: &[String], parameters: &[String]) -> Self {
        let normalised = |names: &[String]| {
            names.iter().map(|name| names::normalised(name.as_bytes())).collect()
        };
        Self { headers: normalised(headers), parameters: normalised(parameters) }
    }
}

impl Masking {
    /// With the names that mean a secret everywhere.
    pub fn new(reveal: bool, key: FingerprintKey) -> Self {
        Self { reveal, key, own: Arc::default(), known: None }
    }

    /// With these names, too.
    #[must_use]
    pub fn with_names(self, own: OwnNames) -> Self {
        Self { own: Arc::new(own), ..self }
    }

    /// For what is shown of this exchange: some servers repeat the credential that they refuse. `facts`
    /// are those of the exchange, read under the same key.
    #[must_use]
    pub fn knowing(&self, exchange: &Exchange, facts: &AuthFacts) -> Self {
        let mut known = match &exchange.request {
            Some(request) if !self.reveal && exchange.response.is_some() => {
                self.known_of(request, &Read::of(exchange, facts), is_refused(exchange))
            }
            _ => Known::default(),
        };
        if let Some(before) = &self.known {
            known.repeated.splice(0..0, before.repeated.iter().cloned());
        }
        Self { known: Some(Arc::new(known)), ..self.clone() }
    }

    /// Whether masking takes anything from a request-target that its answer may repeat.
    pub fn takes_from(&self, target: &[u8]) -> bool {
        !self.reveal && url::has_marks(target) && self.url(&utf8(target)).is_some()
    }

    /// The secrecy of a parameter's value by its name.
    fn parameter(&self, name: &[u8]) -> names::Secrecy {
        let own = &self.own.parameters;
        if !own.is_empty() && own.contains(&names::normalised(name)) {
            return names::Secrecy::Secret;
        }
        names::parameter(name)
    }

    /// Whether a header's value is a secret by its name.
    fn is_secret_header(&self, name: &[u8]) -> bool {
        let own = &self.own.headers;
        !is_ordinary(name) && (names::is_secret_header(name) || is_credential_name(name))
            || !own.is_empty() && own.contains(&names::normalised(name))
    }

    /// The value of a header field as it may be shown. Not yet made safe for a terminal.
    pub fn header<'a>(&self, name: &[u8], value: &'a [u8]) -> Cow<'a, [u8]> {
        self.masked(value, |value| self.header_value(name, value))
    }

    /// The header field of this number of the request that is known ([`Masking::knowing`]).
    pub fn request_header<'a>(&'a self, at: usize, name: &[u8], value: &'a [u8]) -> Cow<'a, [u8]> {
        match self.known.as_ref().and_then(|known| known.request_fields.get(at)) {
            Some(Some(masked)) if !self.reveal => {
                self.without_repeated(masked).map_or(Cow::Borrowed(masked), Cow::Owned)
            }
            Some(_) => self.masked(value, |_| None),
            None => self.header(name, value),
        }
    }

    /// A request-target (or any URL) with the values of its secret query parameters masked.
    pub fn target<'a>(&self, target: &'a [u8]) -> Cow<'a, [u8]> {
        self.masked(target, |target| self.request_target(target))
    }

    /// A body's text with the values of secret form fields and JSON members masked.
    pub fn body<'a>(&self, content_type: Option<&[u8]>, body: &'a [u8]) -> Cow<'a, [u8]> {
        self.masked(body, |body| self.body_text(content_type.unwrap_or_default(), body))
    }

    /// Any other text of a message: a reason phrase, a parameter of a challenge.
    pub fn words<'a>(&self, words: &'a [u8]) -> Cow<'a, [u8]> {
        self.masked(words, |words| self.said(words))
    }

    /// Words without the secrets of URLs in them, and without what they assign to a secret's name.
    fn said(&self, words: &[u8]) -> Option<Vec<u8>> {
        let masked = self.url(words);
        let again = self.assignments(masked.as_deref().unwrap_or(words), lines::Kind::Words);
        again.or(masked)
    }

    /// The same of text.
    pub fn text<'a>(&self, text: &'a str) -> Cow<'a, str> {
        match self.words(text.as_bytes()) {
            Cow::Borrowed(_) => Cow::Borrowed(text),
            Cow::Owned(masked) => Cow::Owned(text::decode(&masked).into_owned()),
        }
    }

    /// Masks text. What is put in is UTF-8, so that octets that are not are made so before.
    fn masked<'a>(
        &self,
        octets: &'a [u8],
        mask: impl Fn(&[u8]) -> Option<Vec<u8>>,
    ) -> Cow<'a, [u8]> {
        if self.reveal {
            return Cow::Borrowed(octets);
        }
        let text = utf8(octets);
        let masked = mask(&text);
        let again = self.without_repeated(masked.as_deref().unwrap_or(&text));
        again.or(masked).map_or(Cow::Borrowed(octets), Cow::Owned)
    }

    /// `eyJh…(masked, fp 3fa1c2d4)` for a token, `(masked)` for what has no fingerprint.
    fn token(token: &[u8], fingerprint: Option<Fingerprint>) -> Vec<u8> {
        let mut out = Vec::with_capacity(32);
        Self::append_token(&mut out, token, fingerprint);
        out
    }

    fn append_token(out: &mut Vec<u8>, token: &[u8], fingerprint: Option<Fingerprint>) {
        if let Some(head) = token.get(..SHOWN)
            && token.len() >= LONG_TOKEN
            && head.iter().all(u8::is_ascii_graphic)
        {
            out.extend_from_slice(head);
            out.extend_from_slice("…".as_bytes());
        }
        match fingerprint {
            Some(fingerprint) => {
                out.extend_from_slice(b"(masked, fp ");
                out.extend_from_slice(&fingerprint.digits());
                out.push(b')');
            }
            None => out.extend_from_slice(b"(masked)"),
        }
    }

    /// A secret that stands alone. A program's placeholder in its place stays readable.
    fn secret(&self, value: &[u8]) -> Cow<'static, str> {
        match readable(value) {
            Some(text) => text,
            None => Cow::Owned(format!("(masked, fp {})", self.key.fingerprint(value))),
        }
    }

    /// The same without spaces, for a URL.
    fn url_secret(&self, value: &[u8]) -> Cow<'static, str> {
        match readable(value) {
            Some(text) => text,
            None => Cow::Owned(format!("(masked,fp:{})", self.key.fingerprint(value))),
        }
    }
}

/// UTF-8 as such; anything else as Latin-1 code points ([`text::decode`]). Most text is ASCII.
fn utf8(octets: &[u8]) -> Cow<'_, [u8]> {
    if !text::any_octet(octets, |octet| !octet.is_ascii()) {
        return Cow::Borrowed(octets);
    }
    match text::decode(octets) {
        Cow::Borrowed(text) => Cow::Borrowed(text.as_bytes()),
        Cow::Owned(text) => Cow::Owned(text.into_bytes()),
    }
}

/// What all that stands in for a secret begins with.
const MASK: &[u8] = b"(masked";

/// Whether a value was masked before, where a text is looked through twice. In a URL it ends at its comma.
fn is_mask(value: &[u8]) -> bool {
    let Some(rest) = value.strip_prefix(MASK) else { return false };
    let digits = rest.strip_prefix(b",fp:").or_else(|| rest.strip_prefix(b", fp "));
    let digits = digits.and_then(|rest| rest.strip_suffix(b")"));
    matches!(rest, b"" | b")")
        || digits
            .is_some_and(|digits| digits.len() == 8 && digits.iter().all(u8::is_ascii_hexdigit))
}

/// The text of a value that is no secret although it stands where one should.
fn readable(value: &[u8]) -> Option<Cow<'static, str>> {
    if value.is_empty() {
        return Some(Cow::Borrowed(""));
    }
    if value.starts_with(MASK) && is_mask(value) {
        return Some(Cow::Owned(text::decode(value).into_owned()));
    }
    artifact::find(value).map(|artifact| Cow::Owned(artifact.text().to_owned()))
}

#[cfg(test)]
mod tests;
