use std::sync::Arc;

use serde_json::json;

use super::access;
use super::fields::{self, FIELDS, WIRESHARK_HEADERS};
use super::*;
use crate::auth::authorization::{AuthState, Authorization, Shape, UnknownReason};
use crate::auth::{AuthFacts, Challenge, Finding, Jwt, MalformedReason, Scheme};
use crate::diagnosis::testing::{Talk, get};
use crate::diagnosis::{Case, Confidence, Diagnosis, Note, NoteId, Verdict, catalogue};
use crate::exchange::Anomaly;
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

fn facts(state: AuthState) -> AuthFacts {
    AuthFacts {
        authorization: Authorization {
            state,
            scheme: Some(Scheme::new("bearer")),
            user: Some("alice".to_owned()),
            fingerprint: Some(Fingerprint(0x3fa1_c2d4)),
        },
        proxy_authorization: None,
        alternatives: Vec::new(),
        challenges: vec![Challenge {
            scheme: Scheme::new("Bearer"),
            params: crate::auth::authorization::Parameters(vec![(
                "realm".to_owned(),
                "orders".to_owned(),
            )]),
            token68: None,
        }],
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
    Verdict {
        diagnosis: Arc::new(Diagnosis {
            entry: catalogue::entry("token-expired").unwrap(),
            confidence: Confidence::Likely,
            benign: false,
            evidence: Vec::new(),
            facts: Vec::new(),
            related: Vec::new(),
        }),
        also: Vec::new(),
        notes: vec![Note { id: NoteId::ClearTextCredentials, text: "".into() }],
        provisional: false,
        was: None,
        repeat: 3,
        leg_of: None,
        nearest_success: None,
    }
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
    }
}

#[track_caller]
pub(super) fn assert_differs(case: &Case, expressions: &[&str]) {
    for expression in expressions {
        let filter = Filter::parse(expression).unwrap_or_else(|e| panic!("{expression}: {e}"));
        assert!(!filter.matches(case), "{expression} should not match; read as {filter}");
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
fn status_codes_are_numbers_lists_ranges_and_classes() {
    assert_matches(
        &case(),
        &[
            "status:401",
            "status=401",
            "status == 401",
            "status:4xx",
            "status:40x",
            "status:403,401",
            "status:400..499",
            "status:..401",
            "status:401..",
            "status>=400",
            "status<402",
            "status>400",
            "status<=401",
            "status!=200",
            "status > 3xx",
            "status in {401, 403}",
            "status in {401 403}",
            "status:*",
        ],
    );
    assert_differs(
        &case(),
        &[
            "status:40",
            "status:5xx",
            "status:402..499",
            "status<401",
            "status>401",
            "status>4xx",
            "status!=401",
            "status!=401,403",
            "status<0",
        ],
    );
}

#[test]
fn text_is_found_in_any_case_as_part_glob_list_or_regex() {
    assert_matches(
        &case(),
        &[
            "host:API",
            "host:*.local:8080",
            "host:shop,api",
            "host=API.local:8080",
            "path:/v1/orders",
            "path:/^\\/v[12]\\//",
            "path:/v1",
            "path:/orders$/",
            "query:page=2",
            "target:?page",
            "url:http://api.local:8080/v1",
            "phrase:unauth",
            "user:ali",
            "user:al*",
            "realm:orders",
            "host matches \"^api[.]\"",
            "host ~ ^api",
            "host contains \"api\"",
        ],
    );
    assert_differs(
        &case(),
        &[
            "host:api*x",
            "host=api",
            "host:ap*.example",
            "path:/V1$/",
            "user:bob",
            "host:\"*.local:8080\"",
            "method:GE",
            "path:/^v1/",
        ],
    );
}

#[test]
fn words_are_compared_whole() {
    assert_matches(
        &case(),
        &[
            "method:get",
            "method:POST,GET",
            "method:G*",
            "proto:http/1.1",
            "proto:HTTP*",
            "scheme:bearer",
            "offers:bearer",
            "challenge:Bearer",
            "iface:test",
            "shape:jws",
            "auth:present",
            "finding:alg-none",
            "class:token",
            "note:clear-text-credentials",
            "note",
        ],
    );
    assert_differs(
        &case(),
        &["method:GE", "iface:tes", "scheme:bear", "auth:missing", "anomaly", "proto:h2"],
    );
}

#[test]
fn a_reason_is_a_value_of_auth_beside_its_state() {
    let reason = MalformedReason::MissingSpace;
    let malformed = AuthState::Malformed { reason, findings: Vec::new() };
    let malformed = case_of(&talk(), malformed, None);
    assert_matches(&malformed, &["auth:malformed", "auth:missing-space", "auth!=missing"]);
    assert_differs(&malformed, &["auth:missing", "auth:present"]);
    let unknown = AuthState::Unknown { reason: UnknownReason::CaptureGap };
    assert_matches(&case_of(&talk(), unknown, None), &["auth:unknown", "auth:capture-gap"]);
}

#[test]
fn addresses_are_ips_networks_ports_and_what_is_written() {
    assert_matches(
        &case(),
        &[
            "client:10.0.0.5",
            "client:10.0.0.0/8",
            "client:10.0.0.5:53124",
            "client:10.0.*",
            "client:10.0",
            "server::8080",
            "server=10.1.2.3:8080",
            "ip:10.1.2.3",
            "ip:10.9.9.9,10.0.0.5",
            "port:8080",
            "port:8000..8999",
            "server.port:8080",
            "client.port>50000",
            "client:/^10[.]/",
            "client:*",
            "-client:localhost",
            "-ip:fe80::/10",
            "client!=10.0.0.6",
        ],
    );
    assert_differs(
        &case(),
        &[
            "client:10.0.0.50",
            "client:10.1.0.0/16",
            "client::8080",
            "server:10.0.0.0/16",
            "port:80",
            "client:::1",
            "ip:0.0.0.0/32",
        ],
    );
    let v6 = case_of(&talk().from("[fe80::1]:4000").to("[::ffff:10.0.0.1]:80"), jwt(), None);
    assert_matches(
        &v6,
        &[
            "client:fe80::1",
            "client:fe80::/10",
            "client:[fe80::1]:4000",
            "client:[fe80::1]",
            "server:10.0.0.1",
            "server:10.0.0.0/8",
            "ipv6",
            "fe80::1",
        ],
    );
    let loopback = talk().from("127.0.0.2:4000");
    assert_matches(&case_of(&loopback, jwt(), None), &["client:localhost", "ip:127.0.0.0/8"]);
    assert_matches(&case(), &["ip:0.0.0.0/0"]);
}

#[test]
fn durations_and_sizes_have_units() {
    assert_matches(
        &case(),
        &[
            "latency>200ms",
            "latency<0.3s",
            "latency:100ms..1s",
            "latency>=250ms",
            "latency=250000us",
            "size<1k",
            "size=28",
            "size>=28B",
            "req.size:5",
            "size<10M",
            "size<1KiB",
        ],
    );
    assert_differs(&case(), &["latency>1s", "size>1k", "latency<1m latency>30s"]);
}

#[test]
fn headers_claims_and_bodies_are_named() {
    assert_matches(
        &case(),
        &[
            "req.header.user-agent:curl",
            "request.header.USER-AGENT:CURL",
            "resp.header.server:nginx",
            "header.server:nginx*",
            "header.user-agent:curl",
            "resp.header.content-length>1000",
            "req.header.user-agent",
            "-resp.header.x-missing",
            "cookie:sid=",
            "jwt.iss:*auth*",
            "jwt.aud:billing",
            "jwt.aud=orders",
            "jwt.exp>1795222986",
            "jwt.realm_access.roles:admin",
            "jwt.alg:RS256",
            "jwt.kid=k1",
            "-jwt.nbf",
            "body:expired",
            "resp.body:\"token is expired\"",
            "resp.body matches \"token (is )?expired\"",
            "req.body:hello",
            "fp:3fa1c2d4",
        ],
    );
    assert_differs(
        &case(),
        &["jwt.iss=auth", "jwt.exp<1795222987", "req.header.server:nginx", "jwt.sub<5"],
    );
}

#[test]
fn the_diagnosis_is_asked_by_id_class_and_confidence() {
    assert_matches(
        &case(),
        &[
            "why:token-expired",
            "why:token-*",
            "why:expired",
            "why=token-expired",
            "confidence>=likely",
            "confidence:likely",
            "confidence<certain",
            "confidence:possible..likely",
            "repeat>=3",
            "-benign",
            "benign:no",
            "why:*",
            "-provisional",
            "-also:*",
            "why:*-expired,unexplained",
        ],
    );
    assert_differs(
        &case(),
        &["why:jwt-*", "confidence:certain", "benign", "benign:yes", "repeat>3"],
    );
    let without = case_of(&talk(), jwt(), None);
    assert_differs(&without, &["why:*", "confidence>=possible", "repeat>=0"]);
    assert_matches(&without, &["-why:token-expired", "why!=token-expired", "-confidence:*"]);
}

#[test]
fn what_is_not_on_the_wire_is_accepted_and_matches_nothing() {
    assert_differs(&case(), &["proc:curl", "proc:*", "revealed:yes", "revealed"]);
    assert_matches(&case(), &["revealed:no", "-proc:curl"]);
}

#[test]
fn flags_of_the_capture_stand_alone() {
    let mut exchange = talk().exchange(1);
    exchange.coverage.gap_octets = 10;
    exchange.coverage.truncated = true;
    exchange.anomalies.insert(Anomaly::ObsFold);
    exchange.response = None;
    let auth = Arc::new(facts(jwt()));
    let case = Case { exchange: Arc::new(exchange), auth, verdict: None, settled: true };
    assert_matches(
        &case,
        &[
            "gap",
            "truncated",
            "anomaly",
            "anomaly:obs-fold",
            "-answered",
            "requested",
            "-midstream",
            "-complete",
            "-status:401",
            "status!=401",
            "-latency:*",
        ],
    );
    assert_differs(&case, &["status<1000", "anomaly:start-line", "gap:no", "size:*"]);
}

#[test]
fn free_text_searches_the_columns_of_the_list() {
    assert_matches(
        &case(),
        &[
            "orders",
            "ORDERS?page",
            "api.local",
            "401",
            "10.0.0.5:53124",
            "alice",
            "token-exp",
            "\"token has expired\"",
            "bearer",
            "/orders/",
            "/v1/orders",
            "get -shop",
            "*orders*",
        ],
    );
    assert_differs(&case(), &["shop", "\"token  has\"", "402", "nginx"]);
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
