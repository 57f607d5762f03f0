//! Authentication scheme names (RFC 9110 §11.1): compared in any case, shown in the registry's spelling.

use std::borrow::Cow;
use std::fmt;

/// An authentication scheme.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Scheme {
    known: Option<&'static str>,
    spelling: Cow<'static, str>,
}

/// IANA's registry, then the common ones that are not registered. Spelled as the registry does.
const KNOWN: [&str; 27] = [
    "Basic",
    "Bearer",
    "Digest",
    "Negotiate",
    "NTLM",
    "DPoP",
    "GNAP",
    "HOBA",
    "Mutual",
    "OAuth",
    "PrivateToken",
    "SCRAM-SHA-1",
    "SCRAM-SHA-256",
    "vapid",
    "Concealed",
    "AWS4-HMAC-SHA256",
    "AWS4-ECDSA-P256-SHA256",
    "Hawk",
    "hmac",
    "SharedKey",
    "SharedKeyLite",
    "Signature",
    "Token",
    "JWT",
    "ApiKey",
    "Api-Key",
    "Key",
];

impl Scheme {
    /// From the word on the wire.
    pub fn new(spelling: &str) -> Self {
        let known = KNOWN.into_iter().find(|name| name.eq_ignore_ascii_case(spelling));
        let spelling = match known {
            Some(name) if name == spelling => Cow::Borrowed(name),
            _ => Cow::Owned(spelling.to_owned()),
        };
        Self { known, spelling }
    }

    /// Whether it is one this program knows by name.
    pub fn is_known(&self) -> bool {
        self.known.is_some()
    }

    /// The registry's spelling, when this program knows it.
    pub const fn known(&self) -> Option<&'static str> {
        self.known
    }

    /// The registry's spelling when known, else the wire's.
    pub fn name(&self) -> &str {
        self.known.unwrap_or(&self.spelling)
    }

    /// As spelled on the wire.
    pub fn spelling(&self) -> &str {
        &self.spelling
    }

    /// Whether it has this name, in any case.
    pub fn is(&self, name: &str) -> bool {
        self.spelling.eq_ignore_ascii_case(name)
    }

    /// Whether its credentials are one token without parameters.
    pub fn is_single_token(&self) -> bool {
        ["Basic", "Bearer", "Token", "JWT", "ApiKey", "Api-Key", "DPoP", "Key"]
            .into_iter()
            .any(|name| self.is(name))
    }

    /// Whether both name the same scheme.
    pub fn same(&self, other: &Self) -> bool {
        self.spelling.eq_ignore_ascii_case(&other.spelling)
    }
}

impl fmt::Display for Scheme {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
