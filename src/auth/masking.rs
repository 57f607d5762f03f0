//! What of a message may be shown when secrets are masked: the one place that decides it.

use std::borrow::Cow;

use crate::secret::FingerprintKey;

/// How secrets are written.
#[derive(Debug, Clone)]
pub struct Masking {
    /// Show them (`--reveal`).
    pub reveal: bool,
    /// Key for the fingerprints that stand in for them.
    pub key: FingerprintKey,
}

impl Masking {
    /// The value of a header field as it may be shown. Not yet made safe for a terminal.
    pub fn header<'a>(&self, _name: &[u8], _value: &'a [u8]) -> Cow<'a, [u8]> {
        todo!()
    }

    /// A request-target with the values of its secret query parameters masked.
    pub fn target<'a>(&self, _target: &'a [u8]) -> Cow<'a, [u8]> {
        todo!()
    }

    /// A body's text with the values of secret form fields and JSON members masked.
    pub fn body<'a>(&self, _content_type: Option<&[u8]>, _body: &'a [u8]) -> Cow<'a, [u8]> {
        todo!()
    }
}
