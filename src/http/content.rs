//! Content codings: gzip, deflate, br, zstd, bounded.

use std::borrow::Cow;

/// A body's beginning with its content codings removed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Content<'a> {
    /// The decoded octets, at most as many as asked for.
    pub octets: Cow<'a, [u8]>,
    /// Whether that is all of it.
    pub whole: bool,
    /// A coding this program does not know, or data that does not decode: then `octets` is what
    /// was decoded before, or nothing.
    pub unreadable: Option<String>,
}

/// Removes the codings that `content_encoding` lists, last first (RFC 9110 §8.4).
pub fn decode<'a>(
    _start: &'a [u8],
    _whole: bool,
    _content_encoding: Option<&[u8]>,
    _limit: usize,
) -> Content<'a> {
    todo!()
}
