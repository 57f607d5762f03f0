//! Hawk: `id="dh37fgj492je", ts="1353832234", nonce="j4h3g2", hash="…", ext="…", mac="…"`.

use crate::auth::authorization::Parameters;
use crate::time::Timestamp;

/// The public part of the credentials.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hawk<'a> {
    /// Key id.
    pub id: &'a str,
    /// The client's clock.
    pub time: Option<Timestamp>,
    /// Nonce.
    pub nonce: Option<&'a str>,
    /// Hash of the payload, where it was covered.
    pub hash: Option<&'a str>,
    /// Application data.
    pub ext: Option<&'a str>,
}

impl<'a> Hawk<'a> {
    /// From the parameters of the field.
    pub fn of(parameters: &'a Parameters) -> Option<Self> {
        Some(Self {
            id: parameters.get("id")?,
            time: parameters.get("ts").and_then(super::seconds),
            nonce: parameters.get("nonce"),
            hash: parameters.get("hash"),
            ext: parameters.get("ext"),
        })
    }
}
