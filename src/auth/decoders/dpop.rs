//! DPoP proofs (RFC 9449 §4.2): a JWT in the `DPoP` field, bound to one request and one token.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Map, Value};
use sha2::{Digest as _, Sha256};

use crate::auth::authorization::MalformedReason;
use crate::auth::jwt::Jwt;
use crate::time::Timestamp;

/// A decoded proof. Its signature is not verified.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proof {
    /// `typ` of its header: must be `dpop+jwt`.
    pub kind: Option<String>,
    /// `htm`: the method.
    pub method: Option<String>,
    /// `htu`: the target URI, without query and fragment.
    pub uri: Option<String>,
    /// `iat`: when it was made.
    pub issued: Option<Timestamp>,
    /// `jti`: unique to this proof.
    pub id: Option<String>,
    /// `nonce`: the server's.
    pub nonce: Option<String>,
    /// `ath`: hash of the access token.
    pub access_token_hash: Option<String>,
    /// Thumbprint of the key it was signed with, to compare with the token's `cnf.jkt`.
    pub key_thumbprint: Option<String>,
}

impl Proof {
    /// From the value of a `DPoP` field.
    ///
    /// # Errors
    /// What keeps the value from being a JWT.
    pub fn decode(value: &[u8]) -> Result<Self, MalformedReason> {
        let jwt = Jwt::decode(value.trim_ascii())?;
        let text = |claim: &str| jwt.text(claim).map(str::to_owned);
        Ok(Self {
            kind: jwt.header.get("typ").and_then(Value::as_str).map(str::to_owned),
            method: text("htm"),
            uri: text("htu"),
            issued: jwt.date("iat").map(Timestamp::from_seconds),
            id: text("jti"),
            nonce: text("nonce"),
            access_token_hash: text("ath"),
            key_thumbprint: jwt.header.get("jwk").and_then(Value::as_object).and_then(thumbprint),
        })
    }

    /// Whether it was made for this access token; `None` when it does not say.
    pub fn is_for_token(&self, token: &[u8]) -> Option<bool> {
        self.access_token_hash.as_deref().map(|hash| hash == access_token_hash(token))
    }
}

/// What `ath` must be for a token: the unpadded base64url of its SHA-256.
pub fn access_token_hash(token: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(Sha256::digest(token))
}

/// The SHA-256 thumbprint of a JSON Web Key (RFC 7638 §3): of its required members in the order of
/// their names.
pub fn thumbprint(key: &Map<String, Value>) -> Option<String> {
    let members: &[&str] = match key.get("kty")?.as_str()? {
        "EC" => &["crv", "kty", "x", "y"],
        "RSA" => &["e", "kty", "n"],
        "OKP" => &["crv", "kty", "x"],
        _ => return None,
    };
    let canonical: Map<String, Value> = members
        .iter()
        .map(|&member| {
            Some((member.to_owned(), key.get(member).filter(|v| v.is_string())?.clone()))
        })
        .collect::<Option<_>>()?;
    let json = serde_json::to_vec(&canonical).ok()?;
    Some(URL_SAFE_NO_PAD.encode(Sha256::digest(json)))
}
