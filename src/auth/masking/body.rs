//! Bodies: forms, JSON, multipart, XML, and tokens in any other text. A body may be cut anywhere.

use std::borrow::Cow;
use std::sync::LazyLock;

use memchr::memmem::{self, Finder};

use super::Masking;
use super::names::{self, Secrecy};
use crate::auth::syntax::contains_ignore_case;

impl Masking {
    /// The masked body; `None` when there is nothing to mask.
    pub(super) fn body_text(&self, content_type: &[u8], body: &[u8]) -> Option<Vec<u8>> {
        let masked = match kind(content_type, body) {
            Kind::Form => Cow::Owned(self.form(body)),
            Kind::Json => Cow::Owned(self.json(body)),
            Kind::Multipart => Cow::Owned(self.multipart(body)),
            Kind::Xml => Cow::Owned(self.xml(body)),
            Kind::Other => Cow::Borrowed(body),
        };
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
        for (index, pair) in body.split(|&octet| octet == b'&').enumerate() {
            if index > 0 {
                out.push(b'&');
            }
            out.extend_from_slice(&self.pair(pair));
        }
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

    /// `<input name="csrf_token" value="…">`
    fn hidden_field(&self, tag: &[u8]) -> Option<Vec<u8>> {
        memchr::memchr(b'=', tag)?;
        let (start, end) = attribute(tag, b" name=")?;
        if self.parameter(&tag[start..end]) != Secrecy::Secret {
            return None;
        }
        let (start, end) = attribute(tag, b" value=")?;
        Some([&tag[..start], self.secret(&tag[start..end]).as_bytes(), &tag[end..]].concat())
    }

    /// The text of each element whose name announces a secret (`wsse:Password`).
    fn xml(&self, body: &[u8]) -> Vec<u8> {
        let mut out = Vec::with_capacity(body.len());
        let mut rest = body;
        while let Some(open) = memchr::memchr(b'>', rest) {
            let (tag, after) = rest.split_at(open + 1);
            match self.hidden_field(tag) {
                Some(masked) => out.extend_from_slice(&masked),
                None => out.extend_from_slice(tag),
            }
            rest = after;
            let start = memchr::memrchr(b'<', tag).map_or(tag, |start| &tag[start + 1..]);
            let name = start
                .split(|octet| octet.is_ascii_whitespace() || b"/>".contains(octet))
                .next()
                .unwrap_or_default();
            let local = name.rsplit(|&octet| octet == b':').next().unwrap_or(name);
            let empty = tag.ends_with(b"/>");
            if !local.is_empty() && !empty && self.parameter(local) == Secrecy::Secret {
                let end = memchr::memchr(b'<', rest).unwrap_or(rest.len());
                out.extend_from_slice(self.secret(rest[..end].trim_ascii()).as_bytes());
                rest = &rest[end..];
            }
        }
        out.extend_from_slice(rest);
        out
    }
}

/// The value of a tag's attribute, and where it stands.
fn attribute(tag: &[u8], start: &[u8]) -> Option<(usize, usize)> {
    let at = memmem::find(tag, start)? + start.len();
    let quote = tag.get(at).copied().filter(|octet| b"\"'".contains(octet))?;
    let end = memchr::memchr(quote, &tag[at + 1..])?;
    Some((at + 1, at + 1 + end))
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
    match body.trim_ascii_start().first() {
        _ if is(b"x-www-form-urlencoded") => Kind::Form,
        _ if is(b"json") => Kind::Json,
        _ if is(b"multipart/") => Kind::Multipart,
        Some(b'{' | b'[') => Kind::Json,
        Some(b'<') => Kind::Xml,
        Some(b'-') if body.starts_with(b"--") => Kind::Multipart,
        Some(_) if body.contains(&b'=') && !body.iter().any(u8::is_ascii_whitespace) => Kind::Form,
        _ => Kind::Other,
    }
}
