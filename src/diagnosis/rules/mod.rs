//! The rules, one line each, in the catalogue's order. One file a few related rules.

mod attempts;
mod basic;
mod bound_token;
mod clients;
pub(super) mod common;
mod cookies;
mod credential;
mod digest;
mod form;
mod handshake;
mod hops;
mod mismatch;
mod neighbours;
mod placement;
pub mod probes;
mod refused;
mod retried;
mod signed_request;
mod stated;
mod times;
mod token_content;
mod token_service;
mod token_time;

pub use neighbours::is_disguised_refusal;

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
    Rule::new("cors-preflight-rejected", placement::cors_preflight_rejected),
    Rule::new("duplicate-authorization", form::duplicate_authorization).also_on(&[400]),
    Rule::new("placeholder-value", form::placeholder_value).also_on(&[400, 422]),
    Rule::new("unexpanded-variable", form::unexpanded_variable).also_on(&[400, 422]),
    Rule::new("doubled-scheme", form::doubled_scheme).also_on(&[400, 422]),
    Rule::new("empty-credentials", form::empty_credentials).also_on(&[400, 422]),
    Rule::new("scheme-missing", form::scheme_missing).also_on(&[400, 422]),
    Rule::new("stray-characters", form::stray_characters).also_on(&[400]),
    Rule::new("basic-bad-base64", basic::basic_bad_base64).also_on(&[400]),
    Rule::new("basic-missing-colon", basic::basic_missing_colon).also_on(&[400]),
    Rule::new("jwt-malformed", token_content::jwt_malformed).also_on(&[400, 422]),
    Rule::new("wrong-header-name", placement::wrong_header_name),
    Rule::new("proxy-auth-confusion", placement::proxy_auth_confusion),
    Rule::new("sender-constrained-token", bound_token::sender_constrained_token),
    Rule::new("digest-parameter-mismatch", digest::digest_parameter_mismatch).also_on(&[400]),
    Rule::new("scheme-mismatch", mismatch::scheme_mismatch),
    Rule::new("basic-hidden-whitespace", basic::basic_hidden_whitespace),
    Rule::new("basic-percent-encoded", basic::basic_percent_encoded),
    Rule::new("basic-charset", basic::basic_charset),
    Rule::new("digest-parameter-mismatch", times::digest_parameter_mismatch),
    Rule::new("session-cookie-missing", cookies::session_cookie_missing),
    Rule::new("browser-cannot-send", clients::browser_cannot_send),
    Rule::new("client-refuses-scheme", clients::client_refuses_scheme),
    // path
    Rule::new("hop-stripped-auth", hops::hop_stripped_auth),
    Rule::new("redirect-dropped-auth", hops::redirect_dropped_auth),
    Rule::new("cookie-not-returned", cookies::cookie_not_returned),
    Rule::new("cached-401", hops::cached_401),
    Rule::new("ntlm-connection-broken", handshake::ntlm_connection_broken),
    Rule::new("kerberos-fallback", handshake::kerberos_fallback),
    Rule::new("digest-nonce-loop", retried::digest_nonce_loop),
    Rule::new("two-auth-layers", hops::two_auth_layers),
    // server-says
    Rule::new("csrf-rejected", stated::csrf_rejected).also_on(&[403, 419]),
    Rule::new("insufficient-privilege", stated::insufficient_privilege),
    Rule::new("blocked-by-security-rule", stated::blocked_by_security_rule),
    Rule::new("signature-auth-rejected", signed_request::signature_auth_rejected).also_on(&[403]),
    Rule::new("server-did-not-see-auth", mismatch::server_did_not_see_auth),
    Rule::new("api-key-missing", mismatch::api_key_missing),
    Rule::new("wrong-password", refused::wrong_password),
    Rule::new("lockout-or-throttle", attempts::lockout_or_throttle).also_on(&[403, 423, 429, 503]),
    Rule::new("insufficient-privilege", credential::insufficient_privilege),
    Rule::new("blocked-by-security-rule", credential::blocked_by_security_rule),
    Rule::new("session-expired", cookies::session_expired).also_on(&[440]),
    // token
    Rule::new("token-expired", token_time::token_expired),
    Rule::new("jwt-not-yet-valid", token_time::jwt_not_yet_valid).also_on(&[422]),
    Rule::new("jwt-wrong-audience", token_content::jwt_wrong_audience).also_on(&[403]),
    Rule::new("jwt-wrong-issuer", token_content::jwt_wrong_issuer),
    Rule::new("jwt-signature-rejected", token_content::jwt_signature_rejected).also_on(&[403]),
    Rule::new("wrong-token-kind", token_content::wrong_token_kind).also_on(&[422]),
    Rule::new("jwt-unsupported-form", token_content::jwt_unsupported_form),
    Rule::new("jwt-time-unit", token_time::jwt_time_unit),
    // over-time
    Rule::new("password-guessing", attempts::password_guessing),
    Rule::new("token-revoked", credential::token_revoked),
    Rule::new("method-specific-auth", clients::method_specific_auth),
    Rule::new("works-elsewhere", credential::works_elsewhere),
    Rule::new("backends-disagree", credential::backends_disagree),
    Rule::new("clock-skew", times::clock_skew),
    // the same problems under other statuses
    Rule::only_on("session-cookie-missing", neighbours::login_instead, &[200, 302, 303, 307]),
    Rule::only_on("token-rejected", neighbours::invalid_token, &[498]),
    Rule::only_on("no-credentials-sent", neighbours::token_required, &[499]),
    // the three that only state a fact
    Rule::new("token-rejected", refused::token_rejected),
    Rule::new("no-credentials-sent", refused::no_credentials_sent).also_on(&[403]),
    Rule::new("unexplained", refused::unexplained),
];

#[cfg(test)]
mod tests;
