//! The JWTs of the demo's identity provider: issued here, verified by the API.

use std::time::{SystemTime, UNIX_EPOCH};

use jsonwebtoken::errors::{Error, ErrorKind};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation, decode, encode};
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;
use time::macros::format_description;

const AUDIENCE: &str = "shop-api";
const ISSUER: &str = "https://id.shop.test";
const KEY: &[u8] = b"demo signing key, known to everyone who reads this";

/// Seconds since the Unix epoch.
pub fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs())
}

/// What a token says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Claims {
    iss: String,
    pub sub: String,
    aud: String,
    iat: u64,
    #[serde(skip_serializing_if = "Option::is_none", default)]
    nbf: Option<u64>,
    exp: u64,
    pub scope: String,
    token_use: String,
    jti: String,
}

impl Claims {
    /// A good access token of this user; `id` makes it differ from the user's other tokens.
    pub fn of(user: &str, id: u64) -> Self {
        let now = now();
        Self {
            iss: ISSUER.to_owned(),
            sub: user.to_owned(),
            aud: AUDIENCE.to_owned(),
            iat: now.saturating_sub(60),
            nbf: None,
            exp: now + 900,
            scope: "orders:read".to_owned(),
            token_use: "access".to_owned(),
            jti: format!("{id:06}"),
        }
    }

    /// Issued two hours ago for an hour.
    pub fn expired(mut self) -> Self {
        self.iat = now().saturating_sub(7_200);
        self.exp = self.iat + 3_600;
        self
    }

    /// For another service.
    pub fn meant_for(mut self, audience: &str) -> Self {
        audience.clone_into(&mut self.aud);
        self
    }

    /// Not valid for so many seconds yet.
    pub fn valid_in(mut self, seconds: u64) -> Self {
        self.nbf = Some(now() + seconds);
        self
    }

    /// Not an access token but this.
    pub fn of_kind(mut self, kind: &str) -> Self {
        kind.clone_into(&mut self.token_use);
        self
    }

    /// Signed by the identity provider.
    pub fn sign(&self) -> Result<String, Error> {
        self.sign_with(KEY)
    }

    /// Signed with another environment's key.
    pub fn sign_elsewhere(&self) -> Result<String, Error> {
        self.sign_with(b"the staging environment's key, not this one's")
    }

    fn sign_with(&self, key: &[u8]) -> Result<String, Error> {
        encode(&Header::new(Algorithm::HS256), self, &EncodingKey::from_secret(key))
    }
}

/// The claims of an acceptable token, or what the API says about it in `error_description`.
pub fn verify(token: &str) -> Result<Claims, String> {
    let mut rules = Validation::new(Algorithm::HS256);
    rules.leeway = 0;
    rules.validate_nbf = true;
    rules.set_audience(&[AUDIENCE]);
    rules.set_issuer(&[ISSUER]);
    let claims = decode::<Claims>(token, &DecodingKey::from_secret(KEY), &rules)
        .map(|data| data.claims)
        .map_err(|error| complaint(token, &error))?;
    if claims.token_use == "access" {
        Ok(claims)
    } else {
        Err(format!("Token has wrong type: {}", claims.token_use))
    }
}

fn complaint(token: &str, error: &Error) -> String {
    let claims =
        || jsonwebtoken::dangerous::insecure_decode::<Claims>(token).ok().map(|data| data.claims);
    match error.kind() {
        ErrorKind::ExpiredSignature => match claims() {
            Some(claims) => format!("The token expired at '{}'", date(claims.exp)),
            None => "The token is expired".to_owned(),
        },
        ErrorKind::ImmatureSignature => "The token is not yet valid (nbf)".to_owned(),
        ErrorKind::InvalidAudience => match claims() {
            Some(claims) => format!("The audience '{}' is invalid", claims.aud),
            None => "The audience is invalid".to_owned(),
        },
        ErrorKind::InvalidSignature => "The signature is invalid".to_owned(),
        _ => "Bearer token is malformed".to_owned(),
    }
}

fn date(seconds: u64) -> String {
    let format = format_description!("[month]/[day]/[year] [hour]:[minute]:[second]");
    OffsetDateTime::from_unix_timestamp(i64::try_from(seconds).unwrap_or(i64::MAX))
        .ok()
        .and_then(|date| date.format(format).ok())
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_api_accepts_only_good_tokens_and_says_what_is_wrong_with_others() {
        let good = Claims::of("alice", 1);
        assert_eq!(verify(&good.sign().unwrap()).unwrap().sub, "alice");

        let expired = verify(&good.clone().expired().sign().unwrap()).unwrap_err();
        assert!(expired.starts_with("The token expired at '"), "{expired}");
        let other = good.clone().meant_for("billing-api");
        assert_eq!(
            verify(&other.sign().unwrap()).unwrap_err(),
            "The audience 'billing-api' is invalid"
        );
        let early = good.clone().valid_in(300);
        assert_eq!(verify(&early.sign().unwrap()).unwrap_err(), "The token is not yet valid (nbf)");
        let staging = verify(&good.sign_elsewhere().unwrap()).unwrap_err();
        assert_eq!(staging, "The signature is invalid");
        let refresh = good.of_kind("refresh");
        assert_eq!(verify(&refresh.sign().unwrap()).unwrap_err(), "Token has wrong type: refresh");
        assert_eq!(verify("eyJhbGciOi").unwrap_err(), "Bearer token is malformed");
    }
}
