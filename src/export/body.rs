//! The text of a body: content codings removed, secrets masked.

use std::borrow::Cow;

use crate::auth::masking::Masking;
use crate::http::{Body, Head, content};

/// Octets of a decoded body that are shown.
const SHOWN: usize = 16 << 10;

/// The beginning of a textual body; `None` for any other, and for none.
pub fn text<'a>(head: &Head, body: &'a Body, masking: &Masking) -> Option<Cow<'a, [u8]>> {
    let content_type = head.get("content-type");
    if body.start.is_empty() || content_type.is_some_and(|value| !is_textual(value)) {
        return None;
    }
    match decoded(head, body) {
        Cow::Borrowed(content) => shown(content_type, content, masking),
        Cow::Owned(content) => {
            shown(content_type, &content, masking).map(|text| Cow::Owned(text.into_owned()))
        }
    }
}

fn shown<'a>(
    content_type: Option<&[u8]>,
    content: &'a [u8],
    masking: &Masking,
) -> Option<Cow<'a, [u8]>> {
    let octets = whole_characters(content);
    if octets.is_empty() || content_type.is_none() && !is_utf8_text(octets) {
        return None;
    }
    Some(masking.body(content_type, octets))
}

/// The beginning of a body with its content codings removed.
pub fn decoded<'a>(head: &Head, body: &'a Body) -> Cow<'a, [u8]> {
    content::decode(&body.start, body.whole, head.get("content-encoding"), SHOWN).octets
}

/// Whether a media type is meant to be read by people.
fn is_textual(content_type: &[u8]) -> bool {
    let end = content_type.iter().position(|&octet| octet == b';');
    let essence = content_type.get(..end.unwrap_or(content_type.len())).unwrap_or_default();
    let essence = String::from_utf8_lossy(essence);
    let essence = essence.trim().as_bytes();
    let ends_in = |word: &str| {
        let start = essence.len().checked_sub(word.len());
        start.is_some_and(|start| essence[start..].eq_ignore_ascii_case(word.as_bytes()))
    };
    essence.get(..5).is_some_and(|start| start.eq_ignore_ascii_case(b"text/"))
        || ["json", "xml", "javascript", "x-www-form-urlencoded", "yaml", "graphql"]
            .into_iter()
            .any(ends_in)
}

/// A body without a media type is text when it looks like it.
fn is_utf8_text(octets: &[u8]) -> bool {
    std::str::from_utf8(octets).is_ok_and(|text| !text.contains('\0'))
}

/// Without the last UTF-8 character when a bound cut it in two.
fn whole_characters(octets: &[u8]) -> &[u8] {
    match std::str::from_utf8(octets) {
        Err(error) if error.error_len().is_none() => &octets[..error.valid_up_to()],
        _ => octets,
    }
}
