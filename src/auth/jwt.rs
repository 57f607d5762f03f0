//! JSON Web Tokens (RFC 7519): decoded, never verified here.

use serde_json::{Map, Value};

/// A decoded JWS in compact form.
#[derive(Clone, PartialEq)]
pub struct Jwt {
    /// The JOSE header.
    pub header: Map<String, Value>,
    /// The claims. Only [`Jwt::SHOWN_CLAIMS`] may be shown without being asked for.
    pub claims: Map<String, Value>,
    /// Length of the signature in octets.
    pub signature_length: usize,
}

impl std::fmt::Debug for Jwt {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Jwt").field("alg", &self.alg()).finish_non_exhaustive()
    }
}

impl Jwt {
    /// The claims that are shown masked or not.
    pub const SHOWN_CLAIMS: [&'static str; 8] =
        ["iss", "aud", "sub", "exp", "nbf", "iat", "azp", "typ"];

    /// The algorithm.
    pub fn alg(&self) -> Option<&str> {
        self.header.get("alg").and_then(Value::as_str)
    }

    /// The key id.
    pub fn kid(&self) -> Option<&str> {
        self.header.get("kid").and_then(Value::as_str)
    }

    /// A claim that is text.
    pub fn text(&self, claim: &str) -> Option<&str> {
        self.claims.get(claim).and_then(Value::as_str)
    }

    /// A NumericDate claim, in seconds; fractions are dropped.
    pub fn date(&self, claim: &str) -> Option<i64> {
        let value = self.claims.get(claim)?;
        value.as_i64().or_else(|| value.as_f64().map(|seconds| seconds as i64))
    }

    /// The audiences: `aud` may be one text or a list (RFC 7519 §4.1.3).
    pub fn audiences(&self) -> Vec<&str> {
        match self.claims.get("aud") {
            Some(Value::String(one)) => vec![one],
            Some(Value::Array(many)) => many.iter().filter_map(Value::as_str).collect(),
            _ => Vec::new(),
        }
    }
}
