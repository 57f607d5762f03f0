//! Bodies: forms, JSON, multipart, XML, and secrets in any other text. A body may be cut anywhere.

use std::borrow::Cow;
use std::sync::LazyLock;

use memchr::memmem::{self, Finder};

use super::names::{self, Secrecy};
use super::{Masking, lines};
use crate::auth::syntax::contains_ignore_case;

impl Masking {
    /// The masked body; `None` when there is nothing to mask.
    pub(super) fn body_text(&self, content_type: &[u8], body: &[u8]) -> Option<Vec<u8>> {
        let kind = kind(content_type, body);
        let masked = match kind {
            Kind::Form => Cow::Owned(self.form(body)),
            Kind::Json => Cow::Owned(self.json(body)),
            Kind::Multipart => Cow::Owned(self.multipart(body)),
            Kind::Xml => Cow::Owned(self.xml(body)),
            Kind::Other => self.prose(body),
        };
        let lines = match kind {
            Kind::Other if is_settings(content_type) => lines::Kind::Settings,
            Kind::Other => lines::Kind::Lines,
            _ => lines::Kind::Words,
        };
        let masked = self.assignments(&masked, lines).map_or(masked, Cow::Owned);
        let masked = self.url(&masked).map_or(masked, Cow::Owned);
        match self.after_schemes(&masked).map_or(masked, Cow::Owned) {
            Cow::Owned(masked) if masked != body => Some(masked),
            _ => None,
        }
    }

    /// `Bearer …` in prose, in a log, in a request that is sent back (TRACE).
    fn after_schemes(&self, text: &[u8]) -> Option<Vec<u8>> {
        if !SCHEME_ENDS.iter().any(|end| end.find(text).is_some()) {
            return None;
        }
        let mut out = Vec::with_capacity(text.len());
        let mut rest = text;
        while let Some(start) = SCHEMES
            .iter()
            .filter_map(|scheme| memmem::find(rest, scheme).map(|at| at + scheme.len()))
            .min()
        {
            let (before, after) = rest.split_at(start);
            let is_token = |octet: &u8| octet.is_ascii_alphanumeric() || b"-._~+/=".contains(octet);
            let end = after.iter().position(|octet| !is_token(octet)).unwrap_or(after.len());
            let (token, after) = after.split_at(end);
            out.extend_from_slice(before);
            if names::looks_secret(token) {
                out.extend_from_slice(self.secret(token).as_bytes());
            } else {
                out.extend_from_slice(token);
            }
            rest = after;
        }
        out.extend_from_slice(rest);
        Some(out)
    }

    fn form(&self, body: &[u8]) -> Vec<u8> {
        let mut out = Vec::with_capacity(body.len());
        // A line's end after a form is no part of its last secret.
        let (form, end) = body.split_at(body.trim_ascii_end().len());
        for (index, pair) in form.split(|&octet| octet == b'&').enumerate() {
            if index > 0 {
                out.push(b'&');
            }
            out.extend_from_slice(&self.pair(pair));
        }
        out.extend_from_slice(end);
        out
    }

    /// RFC 7578: the content of each part whose name announces a secret.
    fn multipart(&self, body: &[u8]) -> Vec<u8> {
        let line_end = body.iter().position(|octet| b"\r\n".contains(octet));
        let boundary = &body[..line_end.unwrap_or(0)];
        if !boundary.starts_with(b"--") {
            return body.to_vec();
        }
        let mut out = Vec::with_capacity(body.len());
        let mut rest = body;
        while !rest.is_empty() {
            let end = memmem::find(&rest[1..], boundary).map_or(rest.len(), |end| end + 1);
            let (part, after) = rest.split_at(end);
            let head = memmem::find(part, b"\r\n\r\n")
                .map(|end| end + 4)
                .or_else(|| memmem::find(part, b"\n\n").map(|end| end + 2));
            match head.filter(|&head| self.is_secret_part(&part[..head])) {
                Some(head) => {
                    let content = part[head..].trim_ascii_end();
                    out.extend_from_slice(&part[..head]);
                    out.extend_from_slice(self.secret(content).as_bytes());
                    out.extend_from_slice(&part[head + content.len()..]);
                }
                None => out.extend_from_slice(part),
            }
            rest = after;
        }
        out
    }

    /// `Content-Disposition: form-data; name="password"`
    fn is_secret_part(&self, head: &[u8]) -> bool {
        memmem::find_iter(head, b"name=").any(|start| {
            let value = &head[start + 5..];
            let value = value.strip_prefix(b"\"").unwrap_or(value);
            let end = value.iter().position(|octet| b"\"\r\n; ".contains(octet));
            self.parameter(&value[..end.unwrap_or(value.len())]) != Secrecy::Plain
        })
    }

    /// Text of any other kind: XML or JSON in it (a callback's, an event's).
    fn prose<'a>(&self, text: &'a [u8]) -> Cow<'a, [u8]> {
        let mut masked = Cow::Borrowed(text);
        if memmem::find(text, b"</").or_else(|| memmem::find(text, b"/>")).is_some() {
            masked = Cow::Owned(self.xml(text));
        }
        if memchr::memchr2(b'"', b'\'', text).is_some() && text.contains(&b':') {
            masked = Cow::Owned(self.json(&masked));
        }
        masked
    }
}

/// What stands before a credential in text.
const SCHEMES: [&[u8]; 4] = [b"Bearer ", b"bearer ", b"Basic ", b"basic "];

/// What all of them end in.
static SCHEME_ENDS: LazyLock<[Finder<'static>; 2]> =
    LazyLock::new(|| [Finder::new(b"earer "), Finder::new(b"asic ")]);

#[derive(Clone, Copy)]
enum Kind {
    Form,
    Json,
    Multipart,
    Xml,
    Other,
}

/// By the content type, else by the look of it.
fn kind(content_type: &[u8], body: &[u8]) -> Kind {
    let is = |part: &[u8]| contains_ignore_case(content_type, part);
    let text = body.strip_prefix("\u{feff}".as_bytes()).unwrap_or(body).trim_ascii();
    match text.first() {
        _ if is(b"x-www-form-urlencoded") => Kind::Form,
        _ if is(b"json") => Kind::Json,
        _ if is(b"multipart/") => Kind::Multipart,
        Some(b'[') if begins_with_section(text) => Kind::Other,
        Some(b'{' | b'[') => Kind::Json,
        Some(b'<') => Kind::Xml,
        // `---` begins YAML, `-----BEGIN` a key.
        Some(b'-')
            if text.starts_with(b"--") && contains_ignore_case(text, b"content-disposition") =>
        {
            Kind::Multipart
        }
        Some(_)
            if text.contains(&b'=')
                && !text.iter().any(u8::is_ascii_whitespace)
                && !is_call(text) =>
        {
            Kind::Form
        }
        _ => Kind::Other,
    }
}

/// `[database]`: the first line of an INI file, and of no JSON that has a secret.
fn begins_with_section(text: &[u8]) -> bool {
    let line = memchr::memchr2(b'\r', b'\n', text).map_or(text, |end| &text[..end]);
    let name = line.strip_prefix(b"[").and_then(|line| line.trim_ascii_end().strip_suffix(b"]"));
    name.is_some_and(|name| name.first().is_some_and(u8::is_ascii_alphabetic))
}

/// Whether a media type is that of settings, line by line.
fn is_settings(content_type: &[u8]) -> bool {
    [&b"yaml"[..], b"toml", b"x-ini", b"properties"]
        .into_iter()
        .any(|kind| contains_ignore_case(content_type, kind))
}

/// Whether it is a script that hands JSON to a function of the page that asked for it.
fn is_call(text: &[u8]) -> bool {
    let text = text.strip_suffix(b";").unwrap_or(text);
    text.ends_with(b")")
        && [&b"({"[..], b"(["].into_iter().any(|start| memmem::find(text, start).is_some())
}
