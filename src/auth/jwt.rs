//! JSON Web Tokens (RFC 7519): decoded, never verified here.

use serde_json::{Map, Value};

use crate::auth::authorization::MalformedReason;
use crate::auth::encoding;

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
    /// Reads a compact JWS: three segments, of which two are base64url of JSON objects.
    ///
    /// # Errors
    /// What keeps the text from being one.
    pub fn decode(token: &[u8]) -> Result<Self, MalformedReason> {
        let mut dots = memchr::memchr_iter(b'.', token);
        let (Some(first), Some(second), None) = (dots.next(), dots.next(), dots.next()) else {
            let count = memchr::memchr_iter(b'.', token).count() + 1;
            return Err(MalformedReason::JwtSegments { count });
        };
        let signature = &token[second + 1..];
        let (header, claims) = (object(&token[..first], 0)?, object(&token[first + 1..second], 1)?);
        if !signature.iter().all(|octet| octet.is_ascii_alphanumeric() || b"-_".contains(octet)) {
            return Err(MalformedReason::JwtBadBase64 { segment: 2 });
        }
        // A length that base64 cannot have is still told apart from the one that is needed.
        Ok(Self { header, claims, signature_length: signature.len() * 6 / 8 })
    }

    /// Whom the token speaks for.
    pub fn principal(&self) -> Option<String> {
        ["sub", "client_id", "azp"].into_iter().find_map(|claim| match self.claims.get(claim)? {
            Value::String(text) if !text.is_empty() => Some(text.clone()),
            Value::Number(number) => Some(number.to_string()),
            _ => None,
        })
    }

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

/// The JOSE header of a compact JWS or JWE.
///
/// # Errors
/// What keeps it from being one.
pub fn header(token: &[u8]) -> Result<Map<String, Value>, MalformedReason> {
    let end = token.iter().position(|&octet| octet == b'.').unwrap_or(token.len());
    object(&token[..end], 0)
}

fn object(text: &[u8], segment: usize) -> Result<Map<String, Value>, MalformedReason> {
    let json = encoding::base64url(text).ok_or(MalformedReason::JwtBadBase64 { segment })?;
    serde_json::from_slice(&json).map_err(|_| MalformedReason::JwtBadJson { segment })
}

/// Whether a text has the outline of a JWS, decodable or not.
pub fn looks_like(text: &[u8]) -> bool {
    let is_base64url = |octet: &u8| octet.is_ascii_alphanumeric() || b"-_".contains(octet);
    text.starts_with(b"eyJ")
        && text.split(|&octet| octet == b'.').count() == 3
        && text.iter().all(|octet| is_base64url(octet) || *octet == b'.')
}

/// The lengths in octets that a signature of this algorithm can have (RFC 7518 §3, RFC 8037, RFC 9864);
/// empty where it depends on the key (RSA) or the algorithm is not known.
pub fn signature_lengths(algorithm: &str) -> &'static [usize] {
    match algorithm {
        "HS256" => &[32],
        "HS384" => &[48],
        "HS512" | "ES256" | "ES256K" | "Ed25519" => &[64],
        "ES384" => &[96],
        "ES512" => &[132],
        // Ed25519, and Ed448.
        "EdDSA" => &[64, 114],
        "Ed448" => &[114],
        _ => &[],
    }
}

#[cfg(test)]
mod tests {
    use base64::Engine as _;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn token(claims: &Value) -> String {
        let header = URL_SAFE_NO_PAD.encode(r#"{"alg":"RS256","kid":"k1"}"#);
        format!("{header}.{}.c2ln", URL_SAFE_NO_PAD.encode(claims.to_string()))
    }

    #[test]
    fn header_and_claims_are_read() {
        let claims = json!({"sub": "alice", "aud": ["a", "b"], "exp": 1_748_782_800.5});
        let jwt = Jwt::decode(token(&claims).as_bytes()).unwrap();
        assert_eq!((jwt.alg(), jwt.kid()), (Some("RS256"), Some("k1")));
        assert_eq!(jwt.audiences(), ["a", "b"]);
        assert_eq!(jwt.date("exp"), Some(1_748_782_800));
        assert_eq!(jwt.signature_length, 3);
    }

    #[test]
    fn whom_a_token_speaks_for() {
        let principal = |claims| Jwt::decode(token(&claims).as_bytes()).unwrap().principal();
        assert_eq!(principal(json!({"azp": "c", "sub": "a"})).as_deref(), Some("a"));
        assert_eq!(principal(json!({"sub": 7})).as_deref(), Some("7"));
        assert_eq!(principal(json!({"sub": "", "client_id": "b"})).as_deref(), Some("b"));
        assert_eq!(principal(json!({"azp": "c"})).as_deref(), Some("c"));
        assert_eq!(principal(json!({})), None);
    }

    #[test]
    fn a_header_alone_is_read_of_a_token_with_any_number_of_segments() {
        let encrypted = format!("{}.a.b.c.d", URL_SAFE_NO_PAD.encode(r#"{"enc":"A128GCM"}"#));
        assert!(header(encrypted.as_bytes()).unwrap().contains_key("enc"));
        assert_eq!(
            Jwt::decode(encrypted.as_bytes()),
            Err(MalformedReason::JwtSegments { count: 5 })
        );
    }

    proptest! {
        #[test]
        fn any_octets_are_a_token_or_a_reason(octets: Vec<u8>, claims in ".{0,40}") {
            let _ = Jwt::decode(&octets);
            let _ = header(&octets);
            let _ = Jwt::decode(token(&Value::String(claims)).as_bytes());
        }
    }
}
