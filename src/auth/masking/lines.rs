//! `password: hunter2`, `api_key = abc`: names and values as YAML, INI, logs and sentences write them.

use super::Masking;
use super::names::{self, Secrecy, is_one_of};
use crate::auth::syntax::ends_with_ignore_case;

/// What a text is, for what stands behind a name in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// Settings, by their media type: no value in them is a remark.
    Settings,
    /// Lines of any kind: settings or sentences.
    Lines,
    /// A sentence, or text of another format: a line in it means nothing.
    Words,
}

/// What a remark on a secret has, and hardly a secret: `Password: required`.
const REMARKS: [&str; 67] = [
    "absent",
    "accepted",
    "bad",
    "blank",
    "blocked",
    "can't",
    "cannot",
    "character",
    "characters",
    "contain",
    "contains",
    "could",
    "denied",
    "different",
    "disabled",
    "do",
    "does",
    "empty",
    "error",
    "expected",
    "expired",
    "expires",
    "failed",
    "failure",
    "false",
    "forbidden",
    "forgotten",
    "illegal",
    "inactive",
    "incorrect",
    "invalid",
    "isn't",
    "lacks",
    "length",
    "letters",
    "locked",
    "malformed",
    "mandatory",
    "mismatch",
    "missing",
    "must",
    "needed",
    "no",
    "none",
    "not",
    "null",
    "ok",
    "optional",
    "provided",
    "rejected",
    "required",
    "revoked",
    "short",
    "should",
    "string",
    "true",
    "unable",
    "unauthorized",
    "unexpected",
    "unknown",
    "unset",
    "unsupported",
    "unverifiable",
    "valid",
    "verification",
    "weak",
    "wrong",
];

/// Those of them that judge it.
const JUDGEMENTS: [&str; 14] = [
    "blank",
    "characters",
    "empty",
    "expired",
    "incorrect",
    "invalid",
    "malformed",
    "match",
    "missing",
    "provided",
    "required",
    "short",
    "valid",
    "wrong",
];

/// Longer texts are no such sentence.
const LONGEST_SENTENCE: usize = 200;

/// What a sentence on a secret has beside a word that judges it.
const SENTENCE: [&str; 24] = [
    "a", "are", "at", "be", "been", "can", "can't", "cannot", "does", "field", "format", "has",
    "have", "is", "may", "must", "not", "or", "should", "the", "this", "too", "was", "with",
];

/// What settings write for no value at all.
const NO_VALUE: [&str; 8] = ["null", "~", "true", "false", "none", "yes", "no", "nil"];

/// Longer words are none of [`REMARKS`].
const LONGEST_REMARK: usize = 16;

/// A name and what stands behind it.
struct Assignment<'a> {
    name: &'a [u8],
    secrecy: Secrecy,
    /// Whether the line is made of it alone.
    whole_line: bool,
    /// Where the value begins in the text, and what it is.
    start: usize,
    value: &'a [u8],
}

impl Masking {
    /// The text with what is assigned to the names of secrets masked; `None` when that is nothing.
    pub(super) fn assignments(&self, text: &[u8], kind: Kind) -> Option<Vec<u8>> {
        let mut out = Masked { text, done: 0, out: None };
        for at in memchr::memchr2_iter(b':', b'=', text) {
            if at < out.done {
                continue;
            }
            let Some(assignment) = self.assignment(text, at, kind) else { continue };
            if assignment.whole_line && opens_block(assignment.value) {
                self.block(&mut out, &assignment);
            } else {
                self.value(&mut out, &assignment, text[at] == b'=', kind);
            }
        }
        out.finish()
    }

    /// What is assigned at this `:` or `=`, if its name is that of a secret.
    fn assignment<'a>(&self, text: &'a [u8], at: usize, kind: Kind) -> Option<Assignment<'a>> {
        let before = trim_end(&text[..at]);
        // PHP prints arrays as `[password] => hunter2`.
        let before = before.strip_suffix(b"]").unwrap_or(before);
        let start = before.iter().rposition(|octet| !is_in_name(*octet)).map_or(0, |at| at + 1);
        let mut name = &before[start..];
        let mut secrecy = self.parameter(name);
        let is_value = kind != Kind::Words && name.eq_ignore_ascii_case(b"value");
        if secrecy == Secrecy::Plain && name.len() < 3 && !is_value || name.is_empty() {
            return None;
        }
        if secrecy != Secrecy::Secret {
            name = two_words(before, start);
            if name.len() + start != before.len() && self.parameter(name) == Secrecy::Secret {
                secrecy = Secrecy::Secret;
            } else {
                name = &before[start..];
            }
        }
        if secrecy == Secrecy::Plain && !is_value || ends_in_cookie(name) {
            return None;
        }
        let start = before.len() - name.len();
        let line = memchr::memrchr2(b'\r', b'\n', &text[..start]).map_or(0, |end| end + 1);
        if is_value && secrecy == Secrecy::Plain {
            if !self.is_named_above(&text[..line]) {
                return None;
            }
            secrecy = Secrecy::Secret;
        }
        let begins = |octet: &u8| octet.is_ascii_whitespace() || b"\"'([{<>,;`".contains(octet);
        if !text[..start].last().is_none_or(begins) {
            return None;
        }
        let whole_line = kind != Kind::Words
            && matches!(
                text[line..start].trim_ascii(),
                b"" | b"-" | b"*" | b"export" | b"[" | b"#"
            );
        let rest = &text[at + 1..];
        // `a == b`, `token://`, `token::new`
        if rest.first() == Some(&text[at]) || rest.starts_with(b"//") {
            return None;
        }
        let rest = rest.strip_prefix(b">").unwrap_or(rest);
        let end = memchr::memchr2(b'\r', b'\n', rest).unwrap_or(rest.len());
        let value = rest[..end].trim_ascii_start();
        let start = text.len() - rest.len() + (rest[..end].len() - value.len());
        Some(Assignment { name, secrecy, whole_line, start, value: value.trim_ascii_end() })
    }

    /// Whether the line before names a secret, whose value is on this one: `- name: DB_PASSWORD`.
    fn is_named_above(&self, above: &[u8]) -> bool {
        let above = above.trim_ascii_end();
        let line = memchr::memrchr2(b'\r', b'\n', above).map_or(0, |end| end + 1);
        let line = above[line..].trim_ascii();
        let line = line.strip_prefix(b"-").unwrap_or(line).trim_ascii_start();
        let name = [&b"name:"[..], b"key:"].into_iter().find_map(|label| line.strip_prefix(label));
        name.is_some_and(|name| {
            names::is_identifier(unquoted(name.trim_ascii()))
                && self.parameter(name) == Secrecy::Secret
        })
    }

    fn value(&self, out: &mut Masked<'_>, of: &Assignment<'_>, equals: bool, kind: Kind) {
        let value = without_comment(of.value);
        // Between a name and its `=` or behind it no sentence goes on.
        let adjacent = equals && of.start > 0 && out.text[of.start - 1] == b'=';
        let says = match kind {
            Kind::Settings => is_no_value(value),
            Kind::Lines | Kind::Words => !adjacent && is_remark(value),
        };
        let whole = of.whole_line && of.secrecy == Secrecy::Secret && !says;
        if whole {
            match self.echoed(of.name, value) {
                Some(masked) => out.replace(of.start, value.len(), &masked),
                None => self.replace(out, of.start, value),
            }
            return;
        }
        let (word, offset) = word(value);
        let secret = match of.secrecy {
            Secrecy::Depends => (of.whole_line || !equals) && names::looks_secret(word),
            Secrecy::Secret if adjacent && kind != Kind::Words => true,
            _ => looks_random(word),
        };
        if secret {
            self.replace(out, of.start + offset, word);
        }
    }

    fn replace(&self, out: &mut Masked<'_>, start: usize, value: &[u8]) {
        let bare = unquoted(value);
        let quote = usize::from(bare.len() < value.len());
        out.replace(start + quote, bare.len(), self.secret(bare).as_bytes());
    }

    /// Lines that are indented more than the one that opens the block (YAML 1.2 §8.1).
    fn block(&self, out: &mut Masked<'_>, of: &Assignment<'_>) {
        let text = out.text;
        let line = memchr::memrchr(b'\n', &text[..of.start]).map_or(0, |end| end + 1);
        let own = indentation(&text[line..]);
        let mut at = of.start + of.value.len();
        while let Some(end) = memchr::memchr(b'\n', &text[at..]) {
            let start = at + end + 1;
            let length = memchr::memchr(b'\n', &text[start..]).unwrap_or(text.len() - start);
            let content = text[start..start + length].trim_ascii();
            let deep = indentation(&text[start..]);
            if !content.is_empty() {
                // Without a `|` what is below may have names of its own.
                if deep <= own || of.value.is_empty() && content.contains(&b':') {
                    break;
                }
                let (content, item) = match content.strip_prefix(b"- ") {
                    Some(item) if of.value.is_empty() => (item, 2),
                    _ => (content, 0),
                };
                if !of.value.is_empty() || !is_remark(content) {
                    self.replace(out, start + deep + item, content);
                }
            }
            at = start + length;
        }
    }
}

/// A text that is masked from its beginning to its end.
struct Masked<'a> {
    text: &'a [u8],
    /// How much of it was taken over or masked.
    done: usize,
    out: Option<Vec<u8>>,
}

impl Masked<'_> {
    fn replace(&mut self, start: usize, length: usize, mask: &[u8]) {
        let out = self.out.get_or_insert_with(|| Vec::with_capacity(self.text.len()));
        out.extend_from_slice(&self.text[self.done..start]);
        out.extend_from_slice(mask);
        self.done = start + length;
    }

    fn finish(self) -> Option<Vec<u8>> {
        let mut out = self.out?;
        out.extend_from_slice(&self.text[self.done..]);
        Some(out)
    }
}

/// The word that a value begins with, without what opens it, and where it begins.
fn word(value: &[u8]) -> (&[u8], usize) {
    if let Some(quote) = value.first().copied().filter(|octet| b"\"'`".contains(octet)) {
        let length = memchr::memchr(quote, &value[1..]).unwrap_or(value.len() - 1);
        return (&value[1..=length], 1);
    }
    let ends = |octet: &u8| octet.is_ascii_whitespace() || b"&;,\"'<>)]}\\".contains(octet);
    let length = value.iter().position(ends).unwrap_or(value.len());
    (&value[..length], 0)
}

/// Whether a word of a sentence is none: `hunter2`, `1234`. Not `401`, and not `SHA256`.
pub(super) fn looks_random(word: &[u8]) -> bool {
    let letters = word.iter().any(u8::is_ascii_alphabetic);
    let digits = word.iter().any(u8::is_ascii_digit);
    let small = word.iter().any(u8::is_ascii_lowercase);
    match (letters, digits) {
        (false, true) => word.len() >= 4 && word.iter().all(u8::is_ascii_digit),
        (true, true) => word.len() >= 6 && small || names::looks_secret(word),
        _ => false,
    }
}

/// Whether a value speaks of the secret instead of being it.
fn is_remark(value: &[u8]) -> bool {
    let edge = |octet: &u8| b".,;:!?\"'()[]".contains(octet);
    let mut words = value.split(u8::is_ascii_whitespace).map(|word| {
        let start = word.iter().position(|octet| !edge(octet)).unwrap_or(word.len());
        let end = word.iter().rposition(|octet| !edge(octet)).map_or(start, |end| end + 1);
        &word[start..end]
    });
    words.any(|word| word.len() <= LONGEST_REMARK && is_one_of(word, &REMARKS))
}

/// Whether a text that stands where a secret should is a sentence about one: `This field is required.` A
/// pass phrase can have some of its words, but hardly such two.
pub(super) fn is_sentence(value: &[u8]) -> bool {
    let words = || value.split(|octet| b" .,;:()!?".contains(octet));
    value.len() <= LONGEST_SENTENCE
        && memchr::memchr_iter(b' ', value).count() > 1
        && !words().any(looks_random)
        && words().any(|word| is_one_of(word, &JUDGEMENTS))
        && words().any(|word| is_one_of(word, &SENTENCE))
}

/// Whether settings say that there is no value.
fn is_no_value(value: &[u8]) -> bool {
    is_one_of(value, &NO_VALUE)
}

/// Whether the value is on the lines below: there is none here, or `|`, `>-`, `!vault |`, `&x |2`.
fn opens_block(value: &[u8]) -> bool {
    let header = value.rsplit(|octet| *octet == b' ').next().unwrap_or_default();
    let tagged = header.len() == value.len() || value.starts_with(b"!") || value.starts_with(b"&");
    value.is_empty()
        || tagged
            && matches!(header.first(), Some(b'|' | b'>'))
            && header[1..].iter().all(|octet| octet.is_ascii_digit() || b"+-".contains(octet))
}

fn indentation(line: &[u8]) -> usize {
    line.iter().position(|octet| !b" \t".contains(octet)).unwrap_or(line.len())
}

/// What is quoted, without the comment behind it.
fn without_comment(value: &[u8]) -> &[u8] {
    let (inside, start) = word(value);
    let end = start + inside.len() + start;
    match value.get(end..).map(<[u8]>::trim_ascii_start) {
        Some([b'#' | b';', ..]) if start > 0 => &value[..end],
        _ => value,
    }
}

/// Without the quotes around it.
fn unquoted(value: &[u8]) -> &[u8] {
    match value {
        [first @ (b'"' | b'\''), inside @ .., last] if first == last => inside,
        _ => value,
    }
}

/// The word that ends where `text` does and begins at `start`, with the word before it: `API key`.
fn two_words(text: &[u8], start: usize) -> &[u8] {
    let before = trim_end(&text[..start]);
    if before.len() == start {
        return &text[start..];
    }
    let first = before.iter().rposition(|octet| !is_in_name(*octet)).map_or(0, |at| at + 1);
    &text[first..]
}

fn trim_end(text: &[u8]) -> &[u8] {
    let end = text.iter().rposition(|octet| !b" \t".contains(octet));
    &text[..end.map_or(0, |end| end + 1)]
}

/// `document.cookie=` is a line of a script, and says which cookie it is for.
fn ends_in_cookie(name: &[u8]) -> bool {
    const PROPERTY: &[u8] = b".cookie";
    name.len() > PROPERTY.len() && ends_with_ignore_case(name, PROPERTY)
}

/// Whether the name of what is assigned may have this octet.
const fn is_in_name(octet: u8) -> bool {
    octet.is_ascii_alphanumeric() || matches!(octet, b'-' | b'_' | b'.')
}
