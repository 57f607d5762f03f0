//! JSON, masked without parsing: the text may be cut anywhere, or be no JSON after all.

use std::borrow::Cow;

use super::names::{self, Secrecy};
use super::{Masking, lines};
use crate::text;

impl Masking {
    /// The text with the values of secret members masked.
    pub(super) fn json(&self, text: &[u8]) -> Vec<u8> {
        let out = Vec::with_capacity(text.len());
        let mut scanner = Scanner {
            masking: self,
            rest: text,
            out,
            secrecy: Secrecy::Plain,
            depth: 0,
            objects: Vec::new(),
            deeper: 0,
        };
        while scanner.step() {}
        while !scanner.objects.is_empty() {
            scanner.close();
        }
        scanner.out
    }
}

/// What a member is to its object.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
enum Member {
    /// It names what another member holds: a header, a variable, a field that was not accepted.
    Label,
    /// It holds that.
    Value,
    #[default]
    Other,
}

impl Member {
    fn of(name: &[u8]) -> Self {
        /// Of the names below.
        const LONGEST: usize = 14;
        let mut letters = [0; LONGEST];
        let mut length = 0;
        for octet in name.iter().filter(|octet| !b"_-".contains(octet)) {
            let Some(letter) = letters.get_mut(length) else { return Self::Other };
            *letter = octet.to_ascii_lowercase();
            length += 1;
        }
        match &letters[..length] {
            b"name" | b"key" | b"k" | b"field" | b"fieldname" | b"param" | b"parameter"
            | b"path" | b"loc" | b"label" | b"attribute" | b"property" | b"propertyname"
            | b"propertypath" | b"variable" | b"header" | b"id" => Self::Label,
            b"value" | b"values" | b"v" | b"val" | b"input" | b"actual" | b"received"
            | b"attemptedvalue" | b"rejectedvalue" | b"invalidvalue" => Self::Value,
            _ => Self::Other,
        }
    }
}

/// Objects in objects that are told apart.
const DEEPEST: usize = 32;

/// What an object whose end was not seen yet says of itself.
#[derive(Debug, Default)]
struct Object {
    member: Member,
    /// A label in it is the name of a secret.
    named: bool,
    /// Where what another member holds began in what was written, and where it ended.
    value: Option<(usize, Option<usize>)>,
    /// Arrays that are open in it.
    arrays: usize,
}

impl Object {
    /// A member ends here, or the object.
    fn end_member(&mut self, at: usize) {
        self.member = Member::Other;
        if let Some((_, end @ None)) = &mut self.value {
            *end = Some(at);
        }
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
    /// The objects that this place is in.
    objects: Vec<Object>,
    /// How many more there are.
    deeper: usize,
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
                self.structure(*octet);
                self.rest = tail;
            }
        }
        true
    }

    /// Writes an octet between names and values, and sees which object and member it leads to.
    fn structure(&mut self, octet: u8) {
        let end = self.out.len();
        match octet {
            b'{' if self.objects.len() == DEEPEST => self.deeper += 1,
            b'{' => self.objects.push(Object::default()),
            b'}' if self.deeper > 0 => self.deeper -= 1,
            b'}' => self.close(),
            _ if self.deeper > 0 => {}
            _ => {
                if let Some(object) = self.objects.last_mut() {
                    match octet {
                        b'[' => object.arrays += 1,
                        b']' => object.arrays = object.arrays.saturating_sub(1),
                        b',' if object.arrays == 0 => object.end_member(end),
                        b':' if object.member == Member::Value && object.value.is_none() => {
                            object.value = Some((end + 1, None));
                        }
                        _ => {}
                    }
                }
            }
        }
        self.out.push(octet);
    }

    /// An object ends: a label in it may have come after what it names.
    fn close(&mut self) {
        let Some(mut object) = self.objects.pop() else { return };
        object.end_member(self.out.len());
        let (true, Some((start, Some(end)))) = (object.named, object.value) else { return };
        let written = self.out[start..end].trim_ascii();
        let masked = match written.first() {
            None | Some(b'n' | b't' | b'f') => return,
            Some(quotes @ (b'"' | b'\'')) => {
                let (inner, ..) = string(&written[1..], *quotes);
                quote(self.masking.secret(&unescape(inner)).as_bytes())
            }
            Some(_) => "\"(masked)\"".to_owned(),
        };
        self.out.splice(start..end, masked.into_bytes());
    }

    /// The object that this place is right in, unless all of it is secret.
    fn object(&mut self) -> Option<&mut Object> {
        if self.deeper > 0 || self.depth > 0 { None } else { self.objects.last_mut() }
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
        } else if self.is_secret() && !lines::is_sentence(&value)
            || self.secrecy == Secrecy::Depends && names::looks_secret(&value)
        {
            let masked = self.masking.secret(&value);
            self.out.extend_from_slice(quote(masked.as_bytes()).as_bytes());
            return;
        } else if let Some(masked) = self.text_in(inner, &value) {
            self.out.extend_from_slice(quote(&masked).as_bytes());
            return;
        }
        self.label(&value);
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
        if self.is_secret() {
            // A bare value (YAML, JavaScript), of which `$variable`, `String!` and `true` are none.
            let ends = |octet: &u8| octet.is_ascii_whitespace() || b",}])\"':(".contains(octet);
            let end = self.rest.iter().position(ends).unwrap_or(self.rest.len());
            let (value, rest) = self.rest.split_at(end);
            let name = rest.trim_ascii_start().first() == Some(&b':');
            if !name && !value.starts_with(b"$") && lines::looks_random(value) {
                self.out.extend_from_slice(quote(self.masking.secret(value).as_bytes()).as_bytes());
                self.rest = rest;
                return;
            }
        }
        self.rest = after;
        if self.at_colon() {
            self.name(word);
        } else {
            self.label(word);
        }
        self.out.extend_from_slice(word);
    }

    fn name(&mut self, name: &[u8]) {
        if self.depth > 0 {
            return;
        }
        self.secrecy = self.masking.parameter(name);
        let member = Member::of(name);
        let Some(object) = self.object() else { return };
        object.member = member;
        if member == Member::Value && object.named {
            self.secrecy = Secrecy::Secret;
        }
    }

    /// A text that may be the name of what another member holds: `"path": ["body", "password"]`.
    fn label(&mut self, text: &[u8]) {
        let masking = self.masking;
        if let Some(object) = self.object()
            && object.member == Member::Label
            && names::is_identifier(text)
            && masking.parameter(text) == Secrecy::Secret
        {
            object.named = true;
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
