//! Whole requests: which state they have, and what else they carry.

use std::sync::Arc;

use super::authorization::UnknownReason;
use super::*;
use crate::exchange::{Anomalies, Connection, Coverage};
use crate::http::{Body, Head, HeadLoss, Request, Response, Version};
use crate::time::Timestamp;

const JWT: &str = "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiJhIiwiZXhwIjoxNzQ4NzgyODAwfQ.1FhIXmbyTzZgNI3jcJ1X6-bsiso0nP0j2IOHc1sLeIA";

fn key() -> FingerprintKey {
    FingerprintKey::from_bytes(&[7; 32])
}

fn head(target: &str, fields: &[(&str, &str)]) -> Head {
    let fields = fields.iter().map(|(name, value)| (name.as_bytes(), value.as_bytes()));
    Head::from_parts(b"GET", target.as_bytes(), fields)
}

fn request(target: &str, fields: &[(&str, &str)]) -> Request {
    Request {
        time: Timestamp::default(),
        version: Version::Http11,
        head: head(target, fields),
        head_loss: None,
        body: Body::default(),
    }
}

fn exchange(request: Option<Request>, status: u16, fields: &[(&str, &str)]) -> Exchange {
    let address = ([127, 0, 0, 1], 80).into();
    Exchange {
        id: 1,
        connection: Arc::new(Connection {
            flow: 1,
            client: address,
            server: address,
            via: None,
            interface: "lo".into(),
            started: Timestamp::default(),
            midstream: false,
        }),
        stream: None,
        request,
        response: Some(Response {
            time: Timestamp::default(),
            version: Version::Http11,
            status,
            head: head("", fields),
            head_loss: None,
            body: Body::default(),
            trailers: None,
        }),
        interim_responses: 0,
        anomalies: Anomalies::default(),
        coverage: Coverage::default(),
        alone: false,
    }
}

fn facts(fields: &[(&str, &str)]) -> AuthFacts {
    AuthFacts::of(&exchange(Some(request("/", fields)), 401, &[]), &key(), &mut Memo::default())
}

fn unknown(facts: &AuthFacts) -> Option<UnknownReason> {
    match facts.authorization.state {
        AuthState::Unknown { reason } => Some(reason),
        _ => None,
    }
}

fn listed(request: &Request) -> Vec<(&'static str, String)> {
    alternatives(request, &key()).into_iter().map(|one| (one.kind.name(), one.name)).collect()
}

#[test]
fn v01_no_field_line_is_missing() {
    let facts = facts(&[("Host", "h"), ("User-Agent", "curl/8")]);
    assert_eq!(facts.authorization.state.name(), "missing");
    assert!(facts.alternatives.is_empty());
}

#[test]
fn v32_two_field_lines_are_multiple_and_never_joined() {
    let bearer = format!("Bearer {JWT}");
    let facts = facts(&[("Authorization", "Basic YWxpY2U6c2VjcmV0"), ("authorization", &bearer)]);
    let AuthState::Multiple { count, identical, schemes, first } = &facts.authorization.state
    else {
        panic!("{:?}", facts.authorization)
    };
    assert_eq!((*count, *identical), (2, false));
    let schemes: Vec<_> = schemes.iter().flatten().map(Scheme::name).collect();
    assert_eq!(schemes, ["Basic", "Bearer"]);
    assert_eq!(first.state.name(), "present");
    assert_eq!(facts.authorization.user.as_deref(), Some("alice"));
}

#[test]
fn the_same_field_line_twice_is_identical() {
    let facts = facts(&[("Authorization", "Bearer a"), ("Authorization", "Bearer a")]);
    assert!(matches!(facts.authorization.state, AuthState::Multiple { identical: true, .. }));
}

#[test]
fn v34_a_preflight_has_none() {
    let facts =
        facts(&[("Origin", "http://a"), ("Access-Control-Request-Headers", "authorization")]);
    assert_eq!(facts.authorization.state.name(), "missing");
}

#[test]
fn v46_cookies_are_alternatives_but_csrf_tokens_are_not() {
    let request =
        request("/j", &[("Cookie", "access_token_cookie=x; csrf_access_token=y; lang=en")]);
    assert_eq!(listed(&request), [("cookie", "access_token_cookie".to_owned())]);
}

#[test]
fn v50_a_credential_in_another_header_is_a_lookalike() {
    let bearer = format!("Bearer {JWT}");
    let facts = facts(&[("X-Auth", &bearer)]);
    assert_eq!(facts.authorization.state.name(), "missing");
    assert_eq!(facts.alternatives[0].kind, AlternativeKind::LookalikeHeader);
    let same = self::facts(&[("Authorization", &bearer)]).authorization.fingerprint;
    assert_eq!(facts.alternatives[0].fingerprint, same, "the same token wherever it stands");
}

#[test]
fn v51_proxy_credentials_are_kept_apart() {
    let facts = facts(&[("Proxy-Authorization", "Basic YWxpY2U6c2VjcmV0")]);
    assert_eq!(facts.authorization.state.name(), "missing");
    assert_eq!(facts.proxy_authorization.unwrap().user.as_deref(), Some("alice"));
    assert_eq!(facts.alternatives[0].kind, AlternativeKind::ProxyAuthorization);
}

#[test]
fn v56_a_session_cookie_is_an_alternative() {
    assert_eq!(listed(&request("/", &[("Cookie", "sid=abc")])), [("cookie", "sid".to_owned())]);
}

#[test]
fn a_407_is_about_the_proxy() {
    let request = request(
        "http://h/",
        &[("Proxy-Authorization", "Bearer p"), ("Authorization", "Basic YTpi")],
    );
    let answer = [("Proxy-Authenticate", "Basic realm=\"proxy\""), ("WWW-Authenticate", "Bearer")];
    let facts = AuthFacts::of(&exchange(Some(request), 407, &answer), &key(), &mut Memo::default());
    assert_eq!(facts.authorization.scheme.as_ref().unwrap().name(), "Bearer");
    assert_eq!(facts.challenges[0].realm(), Some("proxy"));
    assert_eq!(facts.challenges.len(), 1);
    assert!(facts.alternatives.is_empty());
}

#[test]
fn a_request_that_was_not_captured_is_unknown() {
    let mut exchange = exchange(None, 401, &[]);
    assert_eq!(
        unknown(&AuthFacts::of(&exchange, &key(), &mut Memo::default())),
        Some(UnknownReason::StartedMidStream)
    );
    exchange.coverage.request_loss = Some(HeadLoss::Gap);
    assert_eq!(
        unknown(&AuthFacts::of(&exchange, &key(), &mut Memo::default())),
        Some(UnknownReason::CaptureGap)
    );
}

#[test]
fn a_cut_head_is_unknown_unless_the_field_stands_before_the_cut() {
    let cut = |fields: &[(&str, &str)]| {
        let request = Request { head_loss: Some(HeadLoss::Truncated), ..request("/", fields) };
        AuthFacts::of(&exchange(Some(request), 401, &[]), &key(), &mut Memo::default())
    };
    assert_eq!(unknown(&cut(&[("Host", "h")])), Some(UnknownReason::HeadersTruncated));
    assert_eq!(unknown(&cut(&[])), Some(UnknownReason::HeadersTruncated));
    let before = cut(&[("Authorization", "Bearer abc"), ("Accept", "*")]);
    assert_eq!(before.authorization.state.name(), "present");
}

#[test]
fn every_kind_of_place_is_seen() {
    let mut request = request(
        "/?x=1&access_token=abc&token=",
        &[
            ("Cookie", "PHPSESSID=1; laravel_session=2; _ga=3; XSRF-TOKEN=4; JSESSIONID="),
            ("X-API-Key", "k"),
            ("X-Acme-Api-Key", "k"),
            ("Authorisation", "x"),
            ("Authorizaton", "x"),
            ("X-Custom", "Token abc"),
            ("X-Other", JWT),
            ("X-Amzn-Oidc-Data", JWT),
            ("X-Forwarded-User", "alice"),
            ("Content-Type", "application/x-www-form-urlencoded; charset=utf-8"),
            ("Authority", "x"),
            ("Accept", "*"),
        ],
    );
    request.body.start = b"a=1&access_token=t".as_slice().into();
    let found = listed(&request);
    let found: Vec<(&str, &str)> = found.iter().map(|(kind, name)| (*kind, &**name)).collect();
    assert_eq!(
        found,
        [
            ("cookie", "PHPSESSID"),
            ("cookie", "laravel_session"),
            ("api-key-header", "X-API-Key"),
            ("api-key-header", "X-Acme-Api-Key"),
            ("lookalike-header", "Authorisation"),
            ("lookalike-header", "Authorizaton"),
            ("lookalike-header", "X-Custom"),
            ("lookalike-header", "X-Other"),
            ("identity-header", "X-Forwarded-User"),
            ("query", "access_token"),
            ("form", "access_token"),
        ]
    );
}

#[test]
fn a_placeholder_in_an_api_key_is_recognised() {
    let found = alternatives(&request("/", &[("X-API-Key", "undefined")]), &key());
    assert_eq!(found[0].artifact.as_ref().map(Artifact::text), Some("undefined"));
}

#[test]
fn nothing_prints_a_secret_by_accident() {
    for value in ["Basic YWxpY2U6aHVudGVyMg==", "Hawk id=\"a\", mac=\"hunter2\"", "Bearer hunter2"]
    {
        let shown = format!("{:?}", facts(&[("Authorization", value), ("X-API-Key", "hunter2")]));
        assert!(!shown.contains("hunter2"), "{shown}");
    }
}

#[test]
fn credentials_that_were_read_before_are_told_from_others() {
    let mut memo = Memo::default();
    let values: Vec<String> = (0..1000).map(|n| format!("Bearer token-number-{n}")).collect();
    for value in values.iter().chain(&values) {
        let fields = [("Authorization", value.as_str())];
        let exchange = exchange(Some(request("/", &fields)), 401, &[]);
        for _ in 0..2 {
            let facts = AuthFacts::of(&exchange, &key(), &mut memo);
            let fresh = AuthFacts::of(&exchange, &key(), &mut Memo::default());
            assert_eq!(facts.authorization.fingerprint, fresh.authorization.fingerprint);
        }
    }
    let without = AuthFacts::of(&exchange(Some(request("/", &[])), 401, &[]), &key(), &mut memo);
    assert!(matches!(without.authorization.state, AuthState::Missing));
}
