//! JSON, masked without parsing: the text may be cut anywhere, or be no JSON after all.

use std::borrow::Cow;

use super::Masking;
use super::names::{self, Secrecy};
use crate::text;

impl Masking {
    /// The text with the values of secret members masked.
    pub(super) fn json(&self, text: &[u8]) -> Vec<u8> {
        let out = Vec::with_capacity(text.len());
        let mut scanner =
            Scanner { masking: self, rest: text, out, secrecy: Secrecy::Plain, depth: 0 };
        while scanner.step() {}
        scanner.out
    }
}

struct Scanner<'a> {
    masking: &'a Masking,
    rest: &'a [u8],
    out: Vec<u8>,
    /// What the value to come is, by the name before it.
    secrecy: Secrecy,
    /// Brackets open since a secret's name: all that is in them is secret.
    depth: usize,
}

impl Scanner<'_> {
    fn step(&mut self) -> bool {
        let [octet, tail @ ..] = self.rest else { return false };
        match octet {
            b'"' => self.string(b'"'),
            b'\'' if self.opens() => self.string(b'\''),
            b'a'..=b'z' | b'A'..=b'Z' | b'_' | b'$' => self.word(),
            b'0'..=b'9' if self.is_secret() => self.number(),
            _ => {
                match octet {
                    b'{' | b'[' if self.is_secret() => self.depth += 1,
                    b'}' | b']' => self.depth = self.depth.saturating_sub(1),
                    _ => {}
                }
                if self.depth == 0 && b",{}[]".contains(octet) {
                    self.secrecy = Secrecy::Plain;
                }
                self.out.push(*octet);
                self.rest = tail;
            }
        }
        true
    }

    fn is_secret(&self) -> bool {
        self.depth > 0 || self.secrecy == Secrecy::Secret
    }

    /// Whether what follows makes a name of what stood before it.
    fn at_colon(&self) -> bool {
        self.rest.trim_ascii_start().first() == Some(&b':')
    }

    /// Whether a `'` here begins a string, as Python and JavaScript write them: an apostrophe stands in
    /// a word.
    fn opens(&self) -> bool {
        let before = self.out.trim_ascii_end();
        let before = before.strip_suffix(b"u").or(before.strip_suffix(b"b")).unwrap_or(before);
        before.trim_ascii_end().last().is_none_or(|octet| b"{[(,:=".contains(octet))
    }

    /// A name or a value, perhaps cut.
    fn string(&mut self, quotes: u8) {
        let (inner, after, closed) = string(&self.rest[1..], quotes);
        self.rest = after;
        let value = unescape(inner);
        if self.at_colon() {
            self.name(&value);
        } else if self.is_secret()
            || self.secrecy == Secrecy::Depends && names::looks_secret(&value)
        {
            let masked = self.masking.secret(&value);
            self.out.extend_from_slice(quote(masked.as_bytes()).as_bytes());
            return;
        } else if let Some(masked) = self.text_in(inner, &value) {
            self.out.extend_from_slice(quote(&masked).as_bytes());
            return;
        }
        self.out.push(quotes);
        self.out.extend_from_slice(inner);
        if closed {
            self.out.push(quotes);
        }
    }

    /// A string with something to mask in what it stands for: JSON once more, a GraphQL query, or a URL
    /// whose `/` or `&` was escaped (RFC 8259 §7), so that it is none as it is written.
    fn text_in(&self, inner: &[u8], value: &[u8]) -> Option<Vec<u8>> {
        let escaped = value != inner;
        let quoted = || inner.contains(&b'{') && inner.contains(&b'\'');
        if !escaped && !quoted() {
            return None;
        }
        let masked = self.masking.json(value);
        let masked = self.masking.url(&masked).unwrap_or(masked);
        (masked != value).then_some(masked)
    }

    /// A bare word before a colon is a name too: GraphQL's arguments, JSON5.
    fn word(&mut self) {
        let is_word = |octet: &u8| octet.is_ascii_alphanumeric() || b"_$".contains(octet);
        let end = self.rest.iter().position(|octet| !is_word(octet)).unwrap_or(self.rest.len());
        let (word, after) = self.rest.split_at(end);
        self.rest = after;
        if self.at_colon() {
            self.name(word);
        }
        self.out.extend_from_slice(word);
    }

    fn name(&mut self, name: &[u8]) {
        if self.depth == 0 {
            self.secrecy = self.masking.parameter(name);
        }
    }

    fn number(&mut self) {
        let is_number = |octet: &u8| octet.is_ascii_alphanumeric() || b".+-".contains(octet);
        let end = self.rest.iter().position(|octet| !is_number(octet)).unwrap_or(self.rest.len());
        self.out.extend_from_slice(b"\"(masked)\"");
        self.rest = &self.rest[end..];
    }
}

/// The inside of a string whose opening quote was read, what follows, and whether it was closed.
fn string(octets: &[u8], quotes: u8) -> (&[u8], &[u8], bool) {
    let mut escaped = false;
    for (index, &octet) in octets.iter().enumerate() {
        match octet {
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            _ if octet == quotes => return (&octets[..index], &octets[index + 1..], true),
            _ => {}
        }
    }
    (octets, &[], false)
}

/// The text that a string's inside stands for. Of a cut one, an escape may be cut too.
fn unescape(inner: &[u8]) -> Cow<'_, [u8]> {
    if !inner.contains(&b'\\') {
        return Cow::Borrowed(inner);
    }
    let quoted = [b"\"", inner, b"\""].concat();
    let text = serde_json::from_slice::<String>(&quoted);
    Cow::Owned(text.map_or_else(|_| lossy_unescape(inner), String::into_bytes))
}

fn lossy_unescape(inner: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(inner.len());
    let mut rest = inner;
    while let [octet, tail @ ..] = rest {
        rest = tail;
        let (b'\\', [escaped, tail @ ..]) = (*octet, tail) else {
            out.push(*octet);
            continue;
        };
        rest = tail;
        if *escaped == b'u'
            && let Some((character, tail)) = code_unit(tail)
        {
            out.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes());
            rest = tail;
        } else {
            out.push(match escaped {
                b'n' => b'\n',
                b'r' => b'\r',
                b't' => b'\t',
                other => *other,
            });
        }
    }
    out
}

/// The character of four hexadecimal digits, and what follows them. Half of a pair stands for none.
fn code_unit(text: &[u8]) -> Option<(char, &[u8])> {
    let (digits, rest) = text.split_first_chunk::<4>()?;
    let digits = std::str::from_utf8(digits).ok()?;
    let unit = u32::from_str_radix(digits, 16).ok()?;
    Some((char::from_u32(unit).unwrap_or(char::REPLACEMENT_CHARACTER), rest))
}

fn quote(text: &[u8]) -> String {
    serde_json::Value::from(text::decode(text)).to_string()
}
