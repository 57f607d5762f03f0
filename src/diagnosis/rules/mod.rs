//! The rules, one line each, in the catalogue's order. One file a few related rules.

mod handshake;
mod retried;
mod token_service;

use crate::diagnosis::rule::Rule;

/// All rules.
pub static RULES: &[Rule] = &[
    // benign
    Rule::new("handshake-leg", handshake::handshake_leg),
    Rule::new("nonce-refresh", retried::nonce_refresh),
    Rule::new("token-service-flow", token_service::token_service_flow),
    Rule::new("refreshed-and-retried", retried::refreshed_and_retried),
    Rule::new("challenge-roundtrip", retried::challenge_roundtrip),
    // request
    // path
    Rule::new("ntlm-connection-broken", handshake::ntlm_connection_broken),
    Rule::new("kerberos-fallback", handshake::kerberos_fallback),
    Rule::new("digest-nonce-loop", retried::digest_nonce_loop),
    // server-says
    // token
    // over-time
    // the three that only state a fact
];

#[cfg(test)]
mod tests;
