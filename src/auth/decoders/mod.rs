//! Credentials decoded as far as they are public, for the rules that compare them with the request.
//!
//! Nothing here verifies a signature, and nothing here holds a secret.

pub mod dpop;
pub mod gss;
pub mod hawk;
pub mod ntlm;
pub mod oauth1;
pub mod signature;
pub mod sigv4;

/// A count of seconds since the epoch, as signed schemes write it: fractions are dropped.
fn seconds(text: &str) -> Option<crate::time::Timestamp> {
    let whole = text.trim().split('.').next()?;
    whole.parse().ok().map(crate::time::Timestamp::from_seconds)
}

#[cfg(test)]
mod tests;
