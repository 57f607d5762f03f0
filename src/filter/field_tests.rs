//! What each field finds.

use std::sync::Arc;

use super::tests::{assert_differs, assert_matches, case, case_of, facts, jwt, talk};
use super::*;
use crate::auth::MalformedReason;
use crate::auth::authorization::{AuthState, UnknownReason};
use crate::exchange::Anomaly;

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
            "status:4*",
            "status:40*",
            "status:401*",
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
