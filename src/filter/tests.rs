use std::sync::Arc;

use serde_json::json;

use super::access;
use super::fields::{self, FIELDS, WIRESHARK_HEADERS};
use super::*;
use crate::auth::authorization::{AuthState, Authorization, Shape, UnknownReason};
use crate::auth::{AuthFacts, Challenge, Finding, Jwt, MalformedReason, Scheme};
use crate::diagnosis::testing::{self, Talk, get};
use crate::diagnosis::{Case, Confidence, Note, NoteId, Verdict, catalogue};
use crate::secret::Fingerprint;

/// A refused request with an expired token.
pub(super) fn talk() -> Talk {
    get("/v1/orders?page=2")
        .host("api.local:8080")
        .from("10.0.0.5:53124")
        .to("10.1.2.3:8080")
        .on(17)
        .latency(0.25)
        .header("User-Agent", "curl/8.5")
        .header("Cookie", "sid=abc")
        .sends("hello")
        .answer(401)
        .reason("Unauthorized")
        .with("Server", "nginx/1.22")
        .with("Content-Length", "2048")
        .body("{\"error\":\"token is expired\"}")
}

pub(super) fn facts(state: AuthState) -> AuthFacts {
    AuthFacts {
        authorization: std::sync::Arc::new(Authorization {
            state,
            scheme: Some(Scheme::new("bearer")),
            user: Some("alice".to_owned()),
            fingerprint: Some(Fingerprint(0x3fa1_c2d4)),
        }),
        proxy_authorization: None,
        alternatives: Vec::new(),
        challenges: vec![Challenge {
            scheme: Scheme::new("Bearer"),
            params: crate::auth::authorization::Parameters(vec![(
                "realm".to_owned(),
                "orders".to_owned(),
            )]),
            token68: None,
        }]
        .into(),
        challenge_defects: Vec::new(),
    }
}

pub(super) fn jwt() -> AuthState {
    let object = |value: serde_json::Value| value.as_object().cloned().unwrap();
    let jwt = Jwt {
        header: object(json!({"alg": "RS256", "kid": "k1"})),
        claims: object(json!({
            "iss": "https://auth.local/", "sub": "alice", "exp": 1_795_222_987_i64,
            "aud": ["orders", "billing"], "realm_access": {"roles": ["admin"]}
        })),
        signature_length: 256,
    };
    AuthState::Present { shape: Shape::Jws(Box::new(jwt)), findings: vec![Finding::AlgNone] }
}

fn verdict() -> Verdict {
    let notes = vec![Note::new(NoteId::ClearTextCredentials, "")];
    let entry = catalogue::entry("token-expired").unwrap();
    let expired = testing::verdict(entry, Confidence::Likely, Vec::new());
    Verdict { notes, repeat: 3, ..expired }
}

pub(super) fn case_of(talk: &Talk, state: AuthState, verdict: Option<Verdict>) -> Case {
    let exchange = Arc::new(talk.exchange(5));
    Case { exchange, auth: Arc::new(facts(state)), verdict, settled: true }
}

pub(super) fn case() -> Case {
    case_of(&talk(), jwt(), Some(verdict()))
}

#[track_caller]
pub(super) fn assert_matches(case: &Case, expressions: &[&str]) {
    for expression in expressions {
        let filter = Filter::parse(expression).unwrap_or_else(|e| panic!("{expression}: {e}"));
        assert!(filter.matches(case), "{expression} should match; read as {filter}");
        let brief = Brief::of(case);
        assert!(filter.matches_briefly(case, brief.as_ref()), "{expression}, asked of {brief:?}");
    }
}

#[track_caller]
pub(super) fn assert_differs(case: &Case, expressions: &[&str]) {
    for expression in expressions {
        let filter = Filter::parse(expression).unwrap_or_else(|e| panic!("{expression}: {e}"));
        assert!(!filter.matches(case), "{expression} should not match; read as {filter}");
        let brief = Brief::of(case);
        assert!(!filter.matches_briefly(case, brief.as_ref()), "{expression}, asked of {brief:?}");
    }
}

#[test]
fn the_empty_filter_matches_everything() {
    assert_matches(&case(), &["", "   "]);
    assert!(Filter::parse(" ").unwrap().is_empty());
}

#[test]
fn a_space_means_and_and_binds_more_than_or() {
    assert_matches(
        &case(),
        &[
            "status:401 host:api",
            "status:200 or status:401 host:api",
            "status:401 and host:api AND path:orders && method:GET",
            "(status:200 || status:401) host:api",
            "not status:200",
            "-status:200",
            "!status:200",
            "! (status:200 or status:403)",
            "not not status:401",
        ],
    );
    assert_differs(
        &case(),
        &[
            "status:401 host:shop",
            "(status:200 or status:401) host:shop",
            "-(status:401 host:api)",
            "--status:200",
        ],
    );
}

#[test]
fn every_example_in_the_documentation_compiles() {
    let examples = document::examples().chain(FIELDS.iter().map(|field| field.example));
    for example in examples {
        Filter::parse(example).unwrap_or_else(|e| panic!("{example}: {e}"));
    }
    for contract in [
        "status:401 host:api -path:/health",
        "status:4xx method:POST,PUT",
        "server::8080",
        "latency>200ms  size>1k  proto:h2  iface:lo  flow:17  proc:curl  benign  -benign  gap  revealed:no",
        r#"path:/^\/v[12]\//   req.header.user-agent:curl   "free text over the visible columns""#,
        "auth:missing  auth:malformed  scheme:bearer user:alice  jwt.iss:*auth* why:jwt-* confidence>=likely",
    ] {
        Filter::parse(contract).unwrap_or_else(|e| panic!("{contract}: {e}"));
    }
}

#[test]
fn every_name_in_the_table_is_unique_and_finds_its_field() {
    let mut names = std::collections::BTreeSet::new();
    for field in FIELDS {
        assert!(!field.about.is_empty() && !field.example.is_empty(), "{}", field.name);
        for name in [field.name].iter().chain(field.aliases).chain(field.wireshark) {
            assert!(names.insert(*name), "{name} twice");
            assert_eq!(fields::find(name).unwrap().0.name, field.name);
        }
    }
    for (wireshark, canonical) in WIRESHARK_HEADERS {
        assert!(names.insert(*wireshark), "{wireshark} twice");
        assert!(fields::find(canonical).is_some(), "{canonical}");
    }
}

#[test]
fn every_reason_and_finding_is_a_value_that_can_be_asked_for() {
    use MalformedReason as R;
    let reason = |reason: R| {
        // A new reason does not compile until it is in this list, and then must be in the table.
        match &reason {
            R::EmptyValue
            | R::SchemeOnly
            | R::NoScheme { .. }
            | R::MissingSpace
            | R::DoubledScheme { .. }
            | R::Placeholder { .. }
            | R::UnexpandedVariable { .. }
            | R::QuotedToken
            | R::ExtraParts
            | R::CommaJoined { .. }
            | R::IllegalCharacter { .. }
            | R::NotBase64 { .. }
            | R::NoColon { .. }
            | R::JwtSegments { .. }
            | R::JwtBadBase64 { .. }
            | R::JwtBadJson { .. }
            | R::JwtNoSignature
            | R::JwtSignatureLength { .. }
            | R::DigestSyntax
            | R::DigestMissingParams { .. }
            | R::BadGssToken => {}
        }
        reason.name()
    };
    let known = access::auth_values();
    for name in [reason(R::EmptyValue), reason(R::BadGssToken), UnknownReason::NotHttp1.name()] {
        assert!(known.contains(&name), "{name}");
    }
    assert_eq!(known.len(), 5 + 21 + 4);
    assert_eq!(access::finding_values().len(), Finding::BadNc as usize + 1);
    assert!(access::LEVELS.is_sorted());
}

#[test]
fn the_documentation_is_current() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/FILTER.md");
    if std::env::var_os("UPDATE_DOCS").is_some() {
        std::fs::write(path, markdown()).unwrap();
    }
    let written = std::fs::read_to_string(path).unwrap_or_default();
    assert_eq!(written, markdown(), "run the tests once with UPDATE_DOCS=1");
}

#[test]
fn the_explanation_names_every_field_with_its_example() {
    let text = explain();
    for field in FIELDS {
        assert!(text.contains(&format!("  {:<12} ", field.name)), "{}", field.name);
        assert!(text.contains(field.example), "{}", field.example);
    }
    assert!(text.lines().all(|line| line.len() <= 110), "it fits a terminal");
}

#[test]
fn a_cell_becomes_a_term_that_matches_it() {
    let case = case();
    for (field, value) in [
        ("status", "401"),
        ("host", "api.local:8080"),
        ("path", "/v1/orders"),
        ("method", "GET"),
        ("client", "10.0.0.5"),
        ("server", ":8080"),
        ("user", "alice"),
        ("why", "token-expired"),
        ("auth", "present"),
    ] {
        assert_matches(&case, &[&term(field, value)]);
        assert_differs(&case, &[&excluding(field, value)]);
    }
    assert_eq!(term("path", "/a b/"), "path=\"/a b/\"");
    assert_eq!(term("host", "x\"y"), "host=\"x\\\"y\"");
    assert_eq!(excluding("status", "401"), "-status:401");
}

#[test]
fn a_filter_is_narrowed_without_losing_its_meaning() {
    let narrowed =
        |filter: &str, term: &str| Filter::parse(filter).unwrap().narrowed(term).unwrap();
    assert_eq!(narrowed("", "status:401"), "status:401");
    assert_eq!(narrowed("status:401 host:a", "path:/x"), "status:401 host:a path:/x");
    assert_eq!(narrowed("host:a or host:b", "-path:/x"), "(host:a or host:b) -path:/x");
    assert_eq!(narrowed("status:401 host:a", "host:a"), "status:401 host:a");
}

/// Figures for `docs/PERFORMANCE.md`: `cargo test --release --lib filter -- --ignored --nocapture`.
#[test]
#[ignore = "a measurement"]
fn how_long_a_simple_term_takes() {
    let case = case();
    for expression in [
        "status:401",
        "auth:missing",
        "host:api",
        "status:401 host:api -path:/health",
        "client:10.0.0.0/8",
        "zebra",
    ] {
        let filter = Filter::parse(expression).unwrap();
        let start = std::time::Instant::now();
        let rounds = 1_000_000_u32;
        let hits = (0..rounds)
            .filter(|_| std::hint::black_box(&filter).matches(std::hint::black_box(&case)))
            .count();
        println!(
            "{expression:<40} {:>5} ns ({hits})",
            start.elapsed().as_nanos() / u128::from(rounds)
        );
    }
}
