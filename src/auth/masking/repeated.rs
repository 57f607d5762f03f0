//! Secrets of a request that its answer repeats: `Unknown token hunter2hunter2`.

use memchr::memmem;

use super::Masking;
use crate::auth::encoding;
use crate::http::Request;
use crate::secret::Secret;
use crate::text;

/// A shorter one would mask ordinary words.
const SHORTEST: usize = 8;

/// More are not looked for in every field of an answer.
const MOST: usize = 32;

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

impl Masking {
    /// What masking takes away from the header fields and the target of a request, and the password
    /// inside Basic credentials.
    pub(super) fn secrets_of(&self, request: &Request) -> (Vec<Secret>, Vec<Option<Vec<u8>>>) {
        let mut found: Vec<Secret> = Vec::new();
        let mut add = |octets: &[u8]| {
            if octets.len() >= SHORTEST && found.len() < MOST {
                found.push(Secret::new(octets));
            }
        };
        let mut compare = |value: &[u8], masked: Option<&[u8]>| {
            let Some(masked) = masked else { return };
            for word in value.split(|&octet| separates(octet)) {
                if word.len() < SHORTEST || memmem::find(masked, word).is_some() {
                    continue;
                }
                add(word);
                let padded = memmem::find(value, word).map(|start| &value[start + word.len()..]);
                if padded.is_some_and(|rest| rest.starts_with(b"=") || rest.is_empty())
                    && let Some(decoded) = encoding::base64(word)
                    && let Some(colon) = decoded.iter().position(|&octet| octet == b':')
                {
                    add(&decoded[colon + 1..]);
                }
            }
        };
        let mut fields = Vec::with_capacity(request.head.fields().len());
        for (name, value) in request.head.fields() {
            let value = text::decode(value);
            let masked = self.header_value(name, value.as_bytes());
            compare(value.as_bytes(), masked.as_deref());
            fields.push(masked);
        }
        let target = text::decode(request.target());
        compare(target.as_bytes(), self.url(target.as_bytes()).as_deref());
        // The longest first: one may be a part of another.
        found.sort_by_key(|secret| std::cmp::Reverse(secret.len()));
        (found, fields)
    }

    /// The text without what it repeats of the request; `None` when it repeats nothing.
    pub(super) fn without_repeated(&self, text: &[u8]) -> Option<Vec<u8>> {
        let mut masked: Option<Vec<u8>> = None;
        for secret in self.repeated.iter() {
            if secret.len() > text.len() && masked.is_none() {
                continue;
            }
            let current = masked.as_deref().unwrap_or(text);
            if memmem::find(current, secret.expose()).is_some() {
                masked = Some(replaced(current, secret.expose()));
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
