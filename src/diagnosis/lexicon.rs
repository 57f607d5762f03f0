//! What the server says about the refusal, in its own words.

use crate::auth::AuthFacts;
use crate::exchange::Exchange;

/// What the words are about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Category {
    /// Not enough rights.
    Insufficient,
    /// Account locked.
    Locked,
    /// Rate limited.
    Rate,
    /// Anti-forgery token.
    Csrf,
    /// Address or rule block.
    Network,
    /// A second factor or an app password is needed.
    Mfa,
    /// Two causes named at once: no information.
    Ambiguous,
    /// Time check of a signed request.
    Clock,
    /// The session is gone.
    Session,
    /// Before `nbf` or `iat`.
    NotYetValid,
    /// After `exp`.
    Expired,
    /// Wrong `aud`.
    BadAudience,
    /// Wrong `iss`.
    BadIssuer,
    /// No key for `kid`.
    NoKey,
    /// Signature wrong.
    BadSignature,
    /// Algorithm refused.
    Alg,
    /// A token of the wrong type.
    WrongType,
    /// Revoked.
    Revoked,
    /// Syntax.
    Malformed,
    /// No API key.
    ApiKeyMissing,
    /// API key refused.
    ApiKeyInvalid,
    /// User deleted or disabled.
    UserGone,
    /// Nothing seen.
    Missing,
    /// User or password refused.
    BadCredentials,
    /// Says nothing.
    Generic,
}

/// The server's words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Said {
    /// What they are about.
    pub category: Category,
    /// The words, safe to show, at most 200 characters.
    pub quote: String,
    /// Where they stand: `response.body`, `response.header.www-authenticate`, …
    pub field: &'static str,
}

/// What the response says.
pub fn listen(_exchange: &Exchange, _auth: &AuthFacts) -> Option<Said> {
    None
}
