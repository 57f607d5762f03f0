//! OAuth 1.0 (RFC 5849 §3.5.1): `oauth_consumer_key="dpf43f3p2l4k3l03", oauth_timestamp="137131202"`.

use crate::auth::authorization::Parameters;
use crate::auth::syntax::percent_decode;
use crate::text;
use crate::time::Timestamp;

/// The public part of the credentials.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OAuth1 {
    /// Consumer key.
    pub consumer_key: String,
    /// `HMAC-SHA1`, `RSA-SHA1`, `PLAINTEXT`, …
    pub signature_method: Option<String>,
    /// The client's clock.
    pub time: Option<Timestamp>,
    /// Nonce.
    pub nonce: Option<String>,
    /// Whether a token (three-legged) is used beside the consumer's key.
    pub has_token: bool,
}

impl OAuth1 {
    /// From the parameters of the field.
    pub fn of(parameters: &Parameters) -> Option<Self> {
        // RFC 5849 §3.6: values are percent-encoded.
        let get = |name: &str| {
            let value = percent_decode(parameters.get(name)?.as_bytes());
            Some(text::decode(&value).into_owned())
        };
        Some(Self {
            consumer_key: get("oauth_consumer_key")?,
            signature_method: get("oauth_signature_method"),
            time: get("oauth_timestamp").as_deref().and_then(super::seconds),
            nonce: get("oauth_nonce"),
            has_token: get("oauth_token").is_some_and(|token| !token.is_empty()),
        })
    }
}
