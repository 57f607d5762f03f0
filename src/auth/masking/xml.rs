//! XML and HTML, masked without parsing: the text may be cut anywhere, or be badly nested.

use std::ops::Range;

use memchr::memmem;

use super::Masking;
use super::names::{self, Secrecy, is_one_of};

impl Masking {
    /// The text of each element whose name announces a secret (`wsse:Password`), and such attributes.
    pub(super) fn xml(&self, text: &[u8]) -> Vec<u8> {
        let out = Vec::with_capacity(text.len());
        let mut scanner = Scanner {
            masking: self,
            rest: text,
            out,
            depth: 0,
            direct: false,
            label: false,
            named: false,
        };
        while !scanner.rest.is_empty() {
            scanner.step();
        }
        scanner.out
    }

    fn announces_secret(&self, name: &[u8]) -> bool {
        let local = local(name);
        !local.is_empty() && self.parameter(local) == Secrecy::Secret
    }
}

/// Elements that hold more than the secret they are named after: who issued it, for whom, until when.
const CONTAINERS: [&[u8]; 2] = [b"assertion", b"securitytoken"];

/// Elements whose text names what the next one holds (XML-RPC's members), or whose `name` or `key` names
/// their own text.
const LABELS: [&str; 2] = ["name", "key"];
const VALUES: [&str; 2] = ["value", "string"];
const ENTRIES: [&str; 6] = ["entry", "property", "item", "setting", "string", "attribute"];

struct Scanner<'a> {
    masking: &'a Masking,
    rest: &'a [u8],
    out: Vec<u8>,
    /// Elements open since that of a secret: all text in them is secret.
    depth: usize,
    /// Only the text right in that element is.
    direct: bool,
    /// The text to come may name what the next element holds.
    label: bool,
    /// The next element holds a secret: `<name>password</name><value>…`, `<entry key="password">…`
    named: bool,
}

impl<'a> Scanner<'a> {
    fn step(&mut self) {
        const CHARACTERS: &[u8] = b"<![CDATA[";
        const CHARACTERS_END: &[u8] = b"]]>";
        const COMMENT: &[u8] = b"<!--";
        if let Some(content) = self.rest.strip_prefix(CHARACTERS) {
            // XML 1.0 §2.7: nothing in it is a tag.
            self.out.extend_from_slice(CHARACTERS);
            self.rest = content;
            let end = memmem::find(content, CHARACTERS_END).unwrap_or(content.len());
            self.text(end);
            let closing = self.take(self.rest.len().min(CHARACTERS_END.len()));
            self.out.extend_from_slice(closing);
        } else if self.rest.starts_with(COMMENT) {
            // Elements that were commented out hold their secrets still.
            let comment = self.take(COMMENT.len());
            self.out.extend_from_slice(comment);
        } else if self.rest.first() == Some(&b'<') {
            self.tag();
        } else {
            let end = memchr::memchr(b'<', self.rest).unwrap_or(self.rest.len());
            self.text(end);
        }
    }

    fn take(&mut self, length: usize) -> &'a [u8] {
        let (taken, rest) = self.rest.split_at(length);
        self.rest = rest;
        taken
    }

    fn text(&mut self, length: usize) {
        let text = self.take(length);
        let content = text.trim_ascii();
        if self.label && !content.is_empty() {
            self.named = names::is_identifier(content) && self.masking.announces_secret(content);
        }
        if self.depth == 0 || content.is_empty() {
            self.out.extend_from_slice(text);
            return;
        }
        let start = text.len() - text.trim_ascii_start().len();
        self.out.extend_from_slice(&text[..start]);
        self.out.extend_from_slice(self.masking.secret(content).as_bytes());
        self.out.extend_from_slice(&text[start + content.len()..]);
    }

    fn tag(&mut self) {
        let start = self.out.len();
        let name = tag_name(self.rest);
        self.attributes();
        let end = tag_end(self.rest);
        let closed = self.rest.get(end) == Some(&b'>');
        let tag = self.take(end + usize::from(closed));
        self.out.extend_from_slice(tag);
        // What is no element (`<!DOCTYPE`, `<?xml`) opens none.
        let opens = closed
            && name.first().is_some_and(|octet| !b"/!?".contains(octet))
            && !self.out[start..].ends_with(b"/>");
        if self.direct {
            self.depth = 0;
        }
        let holds = self.named && (is_local(name, &VALUES) || is_local(name, &ENTRIES));
        if name.first() == Some(&b'/') {
            self.depth = self.depth.saturating_sub(1);
        } else if opens && self.depth > 0 {
            self.depth += 1;
        } else if opens && holds {
            (self.depth, self.direct) = (1, false);
        } else if opens && self.masking.announces_secret(name) {
            self.depth = 1;
            let lower = name.to_ascii_lowercase();
            self.direct = CONTAINERS.iter().any(|container| lower.ends_with(container));
        }
        self.label = opens && is_local(name, &LABELS);
        // The end of the name stands between it and what it names.
        self.named &= name.first() == Some(&b'/');
    }

    /// The tag up to its last secret attribute. Any `<` or `>` ends a tag, so that a quote that was
    /// forgotten hides no element; but a secret goes on to the quote that ends it.
    fn attributes(&mut self) {
        let end = tag_end(self.rest);
        let text = self.rest;
        let tag = &text[..end];
        if memchr::memchr(b'=', tag).is_none() {
            return;
        }
        // `<input name="csrf_token" value="…">`, `<add key="Password" value="…"/>`
        let named = attributes(tag).any(|(name, value)| {
            is_one_of(name, &LABELS) && self.masking.announces_secret(&tag[value])
        });
        self.named |= named && is_local(tag_name(tag), &ENTRIES);
        let mut done = 0;
        for (name, value) in attributes(tag) {
            let secret = named && is_one_of(name, &["value", "content"])
                || !name.starts_with(b"xmlns") && self.masking.announces_secret(name);
            if !secret || value.start < done {
                continue;
            }
            let quote = text[value.start - 1];
            let cut = value.end == end && matches!(quote, b'"' | b'\'');
            let quoted = || memchr::memchr(quote, &text[value.start..]);
            let stop =
                if cut { quoted().map_or(text.len(), |at| value.start + at) } else { value.end };
            self.out.extend_from_slice(&text[done..value.start]);
            self.out.extend_from_slice(self.masking.secret(&text[value.start..stop]).as_bytes());
            done = stop;
        }
        self.rest = &text[done..];
    }
}

/// The elements that hold nothing but a text: their names, without prefixes, and the text.
pub fn texts(document: &[u8]) -> impl Iterator<Item = (&[u8], &[u8])> {
    memchr::memchr_iter(b'<', document).filter_map(|start| {
        let rest = &document[start..];
        let name = tag_name(rest);
        let begins = name.first().is_some_and(|octet| !b"/!?".contains(octet));
        let (tag, rest) = rest.split_at(tag_end(rest));
        let content = rest.strip_prefix(b">").filter(|_| begins && !tag.ends_with(b"/"))?;
        let end = memchr::memchr(b'<', content).filter(|&end| content[end..].starts_with(b"</"))?;
        let content = content[..end].trim_ascii();
        (!content.is_empty()).then_some((local(name), content))
    })
}

/// A name without its prefix.
fn local(name: &[u8]) -> &[u8] {
    name.rsplit(|&octet| octet == b':').next().unwrap_or(name)
}

/// Where a tag ends, or another one begins.
fn tag_end(text: &[u8]) -> usize {
    let begun = usize::from(text.first() == Some(&b'<'));
    memchr::memchr2(b'<', b'>', &text[begun..]).map_or(text.len(), |end| begun + end)
}

/// Whether an element has one of these names, with any prefix.
fn is_local(name: &[u8], words: &[&str]) -> bool {
    is_one_of(local(name), words)
}

/// The name of the tag that a text begins with; `/name` of one that ends an element.
fn tag_name(text: &[u8]) -> &[u8] {
    let name = text.get(1..).unwrap_or_default();
    let ends = |octet: &u8| octet.is_ascii_whitespace() || b"/>".contains(octet);
    let end = name.iter().skip(1).position(ends).map_or(name.len(), |end| end + 1);
    &name[..end]
}

/// The attributes of a tag: their names, and where their values stand, without quotes.
fn attributes(tag: &[u8]) -> impl Iterator<Item = (&[u8], Range<usize>)> {
    let mut at = 0;
    std::iter::from_fn(move || {
        let equals = at + memchr::memchr(b'=', &tag[at..])?;
        let before = tag[at..equals].trim_ascii_end();
        let starts = |octet: &u8| octet.is_ascii_whitespace() || b"\"'/<".contains(octet);
        let name = before.rsplit(starts).next().unwrap_or_default();
        let after = &tag[equals + 1..];
        let value = after.trim_ascii_start();
        let mut start = equals + 1 + after.len() - value.len();
        let length = match value.first() {
            Some(&quote) if matches!(quote, b'"' | b'\'') => {
                start += 1;
                memchr::memchr(quote, &value[1..]).unwrap_or(value.len() - 1)
            }
            _ => value.iter().position(u8::is_ascii_whitespace).unwrap_or(value.len()),
        };
        at = start + length;
        Some((name, start..at))
    })
}
