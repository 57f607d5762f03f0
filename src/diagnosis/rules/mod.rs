//! The rules, one line each, in the catalogue's order. One file a few related rules.

mod attempts;
mod basic;
mod bound_token;
pub(super) mod clients;
pub(super) mod common;
mod cookies;
mod credential;
mod digest;
mod form;
mod handshake;
pub(super) mod hops;
mod mismatch;
mod neighbours;
pub(super) mod own_signature;
mod placement;
pub(super) mod posted;
pub mod probes;
mod refused;
mod retried;
mod same_user;
mod signed_request;
mod stated;
mod times;
mod token_content;
mod token_service;
mod token_time;
mod unknown_key;

pub use neighbours::is_disguised_refusal;
pub use token_service::begins_token_flow;

use crate::diagnosis::rule::Rule;
use crate::diagnosis::signs::Signs;

/// All rules, with what they cannot hold without.
pub static RULES: &[Rule] = &[
    // benign
    Rule::new("handshake-leg", handshake::handshake_leg).given_any(Signs::NEGOTIATION),
    Rule::new("nonce-refresh", retried::nonce_refresh).given(Signs::NONCE),
    Rule::new("token-service-flow", token_service::token_service_flow).given(Signs::MISSING),
    Rule::new("refreshed-and-retried", retried::refreshed_and_retried)
        .given(Signs::CREDENTIAL)
        .unless(Signs::BASIC),
    Rule::new("challenge-roundtrip", retried::challenge_roundtrip)
        .given(Signs::MISSING.and(Signs::CHALLENGED)),
    // request
    Rule::new("cors-preflight-rejected", placement::cors_preflight_rejected).given(Signs::MISSING),
    Rule::new("duplicate-authorization", form::duplicate_authorization)
        .given_any(Signs::MULTIPLE.and(Signs::MALFORMED))
        .also_on(&[400]),
    Rule::new("placeholder-value", form::placeholder_value)
        .given_any(Signs::MALFORMED.and(Signs::FINDINGS).and(Signs::OTHERS))
        .also_on(&[400, 422]),
    Rule::new("unexpanded-variable", form::unexpanded_variable)
        .given_any(Signs::MALFORMED.and(Signs::FINDINGS).and(Signs::OTHERS))
        .also_on(&[400, 422]),
    Rule::new("doubled-scheme", form::doubled_scheme).given(Signs::MALFORMED).also_on(&[400, 422]),
    Rule::new("empty-credentials", form::empty_credentials)
        .given_any(Signs::MALFORMED.and(Signs::FINDINGS))
        .also_on(&[400, 422]),
    Rule::new("scheme-missing", form::scheme_missing).given(Signs::MALFORMED).also_on(&[400, 422]),
    Rule::new("stray-characters", form::stray_characters)
        .given_any(Signs::MALFORMED.and(Signs::FINDINGS))
        .also_on(&[400]),
    Rule::new("basic-bad-base64", basic::basic_bad_base64)
        .given(Signs::BASIC)
        .given_any(Signs::MALFORMED.and(Signs::FINDINGS).and(Signs::ANOMALY))
        .also_on(&[400]),
    Rule::new("basic-missing-colon", basic::basic_missing_colon)
        .given(Signs::MALFORMED)
        .also_on(&[400]),
    Rule::new("jwt-malformed", token_content::jwt_malformed)
        .given(Signs::MALFORMED)
        .also_on(&[400, 422]),
    Rule::new("wrong-header-name", placement::wrong_header_name)
        .given(Signs::MISSING.and(Signs::OTHERS)),
    Rule::new("proxy-auth-confusion", placement::proxy_auth_confusion).given(Signs::PROXY),
    Rule::new("sender-constrained-token", bound_token::sender_constrained_token)
        .given_any(Signs::TOKEN_FORM.and(Signs::NONCE)),
    Rule::new("digest-parameter-mismatch", digest::digest_parameter_mismatch)
        .given(Signs::NONCE)
        .also_on(&[400]),
    Rule::new("scheme-mismatch", mismatch::scheme_mismatch)
        .given(Signs::PRESENT)
        .unless(Signs::OFFERED),
    Rule::new("basic-hidden-whitespace", basic::basic_hidden_whitespace).given(Signs::LOGIN),
    Rule::new("basic-percent-encoded", basic::basic_percent_encoded)
        .given(Signs::LOGIN.and(Signs::FINDINGS)),
    Rule::new("basic-charset", basic::basic_charset).given(Signs::BASIC.and(Signs::FINDINGS)),
    Rule::new("digest-parameter-mismatch", times::digest_parameter_mismatch).given(Signs::NONCE),
    Rule::new("session-cookie-missing", cookies::session_cookie_missing)
        .given(Signs::MISSING)
        .unless(Signs::OTHERS),
    Rule::new("browser-cannot-send", clients::browser_cannot_send)
        .given(Signs::MISSING)
        .unless(Signs::CREDENTIAL),
    Rule::new("client-refuses-scheme", clients::client_refuses_scheme)
        .given(Signs::MISSING.and(Signs::CHALLENGED))
        .unless(Signs::CREDENTIAL),
    // path
    Rule::new("hop-stripped-auth", hops::hop_stripped_auth).given(Signs::LEGS),
    Rule::new("redirect-dropped-auth", hops::redirect_dropped_auth)
        .given(Signs::MISSING)
        .unless(Signs::CREDENTIAL),
    Rule::new("cookie-not-returned", cookies::cookie_not_returned)
        .given(Signs::MISSING)
        .unless(Signs::CREDENTIAL),
    Rule::new("cached-401", hops::cached_401).given_any(Signs::CACHE.and(Signs::SHARED_ROUTE)),
    Rule::new("ntlm-connection-broken", handshake::ntlm_connection_broken)
        .given(Signs::NEGOTIATION),
    Rule::new("kerberos-fallback", handshake::kerberos_fallback).given(Signs::NEGOTIATION),
    Rule::new("digest-nonce-loop", retried::digest_nonce_loop).given(Signs::NONCE),
    Rule::new("two-auth-layers", hops::two_auth_layers)
        .given(Signs::PRESENT)
        .given_any(Signs::SHARED_ROUTE.and(Signs::LEGS)),
    // server-says
    Rule::new("csrf-rejected", stated::csrf_rejected)
        .given_any(Signs::CAUSE.and(Signs::OTHERS).and(Signs::OTHER_STATUS))
        .also_on(&[403, 419]),
    Rule::new("insufficient-privilege", stated::insufficient_privilege).given(Signs::CAUSE),
    Rule::new("blocked-by-security-rule", stated::blocked_by_security_rule).given(Signs::CAUSE),
    Rule::new("signature-auth-rejected", signed_request::signature_auth_rejected)
        .given(Signs::SIGNED)
        .also_on(&[403]),
    Rule::new("server-did-not-see-auth", mismatch::server_did_not_see_auth)
        .given(Signs::PRESENT.and(Signs::CAUSE)),
    Rule::new("api-key-missing", mismatch::api_key_missing)
        .given_any(Signs::WORDS.and(Signs::CHALLENGED)),
    Rule::new("wrong-password", refused::wrong_password)
        .given_any(Signs::MISSING.and(Signs::LOGIN).and(Signs::NONCE).and(Signs::NEGOTIATION)),
    Rule::new("lockout-or-throttle", attempts::lockout_or_throttle)
        .given_any(
            Signs::CAUSE.and(Signs::RETRY_AFTER).and(Signs::OTHER_STATUS).and(Signs::ACCEPTED),
        )
        .also_on(&[403, 423, 429, 503]),
    Rule::new("insufficient-privilege", credential::insufficient_privilege).given(Signs::ACCEPTED),
    Rule::new("blocked-by-security-rule", credential::blocked_by_security_rule)
        .given_any(Signs::ACCEPTED.and(Signs::SHARED_ROUTE)),
    Rule::new("session-expired", cookies::session_expired)
        .given_any(Signs::CAUSE.and(Signs::OTHERS).and(Signs::OTHER_STATUS))
        .also_on(&[440]),
    // token
    Rule::new("token-expired", token_time::token_expired)
        .given_any(Signs::TOKEN_FORM.and(Signs::CAUSE).and(Signs::OTHERS)),
    Rule::new("jwt-not-yet-valid", token_time::jwt_not_yet_valid)
        .given_any(Signs::TOKEN_FORM.and(Signs::CAUSE))
        .also_on(&[422]),
    Rule::new("jwt-wrong-audience", token_content::jwt_wrong_audience)
        .given_any(Signs::TOKEN_FORM.and(Signs::CAUSE))
        .also_on(&[403]),
    Rule::new("jwt-wrong-issuer", token_content::jwt_wrong_issuer)
        .given_any(Signs::TOKEN_FORM.and(Signs::CAUSE)),
    Rule::new("jwt-signature-rejected", token_content::jwt_signature_rejected)
        .given_any(Signs::TOKEN_FORM.and(Signs::CAUSE).and(Signs::PROOF))
        .also_on(&[403]),
    Rule::new("wrong-token-kind", token_content::wrong_token_kind)
        .given_any(Signs::TOKEN_FORM.and(Signs::CAUSE))
        .also_on(&[422]),
    Rule::new("jwt-unsupported-form", token_content::jwt_unsupported_form)
        .given_any(Signs::TOKEN_FORM.and(Signs::CAUSE)),
    Rule::new("jwt-time-unit", token_time::jwt_time_unit).given(Signs::TOKEN_FORM),
    // over-time
    Rule::new("password-guessing", attempts::password_guessing).given(Signs::PRESENT),
    Rule::new("token-revoked", credential::token_revoked)
        .given_any(Signs::CAUSE.and(Signs::ACCEPTED)),
    Rule::new("method-specific-auth", clients::method_specific_auth).given(Signs::CHANGES),
    Rule::new("works-elsewhere", credential::works_elsewhere).given(Signs::ACCEPTED),
    Rule::new("backends-disagree", credential::backends_disagree).given(Signs::ACCEPTED),
    Rule::new("clock-skew", times::clock_skew).given_any(Signs::CAUSE.and(Signs::TOKEN_FORM)),
    // the same problems under other statuses
    Rule::only_on("session-cookie-missing", neighbours::login_instead, &[200, 302, 303, 307]),
    Rule::only_on("session-cookie-missing", neighbours::grpc_without_cookie, &[200]),
    Rule::only_on("no-credentials-sent", neighbours::grpc_without_credentials, &[200]),
    Rule::only_on("token-expired", neighbours::grpc_token_expired, &[200]),
    Rule::only_on("token-rejected", neighbours::grpc_token_rejected, &[200]),
    Rule::only_on("token-rejected", neighbours::invalid_token, &[498]),
    Rule::only_on("no-credentials-sent", neighbours::token_required, &[499]),
    // the three that only state a fact
    Rule::new("token-rejected", refused::refused_once).given(Signs::ACCEPTED).unless(Signs::BASIC),
    Rule::new("token-rejected", refused::refused_beside).given(Signs::PRESENT.and(Signs::OTHERS)),
    Rule::new("token-rejected", refused::token_rejected)
        .given_any(Signs::PRESENT.and(Signs::OTHERS))
        .unless(Signs::BASIC),
    Rule::new("token-rejected", unknown_key::refused_key).given(Signs::CAUSE),
    Rule::new("no-credentials-sent", refused::no_credentials_sent)
        .given(Signs::MISSING)
        .also_on(&[403]),
    Rule::new("unexplained", refused::unexplained),
];

#[cfg(test)]
mod tests;
