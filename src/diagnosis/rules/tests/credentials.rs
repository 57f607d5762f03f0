//! Form, place and kind of credentials: vectors, and for every rule a look-alike in which it must
//! not win.

use crate::diagnosis::testing::{Talk, also, diagnose, get, request, why};
use crate::diagnosis::{Case, Confidence};

/// exp 13:00.
const JWT: &str = "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiJhIiwiZXhwIjoxNzQ4NzgyODAwfQ.1FhIXmbyTzZgNI3jcJ1X6-bsiso0nP0j2IOHc1sLeIA";
const BASIC: &str = "Basic YWxpY2U6c2VjcmV0";

fn refused(authorization: &str) -> Talk {
    get("/").auth(authorization).answer(401)
}

fn verdict(talk: Talk) -> String {
    why(&diagnose([talk])[0])
}

/// What is shown, as one text: explanation, fixes, evidence.
fn shown(case: &Case) -> String {
    let diagnosis = &case.verdict.as_ref().unwrap().diagnosis;
    let mut text = format!(
        "{} {} {}",
        diagnosis.explanation(),
        diagnosis.client_fix(),
        diagnosis.server_fix()
    );
    for evidence in &diagnosis.evidence {
        text += &[" ", &evidence.field, "=", &evidence.value, " ", &evidence.note].concat();
    }
    text
}

fn explanation(talk: Talk) -> String {
    diagnose([talk])[0].verdict.as_ref().unwrap().diagnosis.explanation()
}

#[test]
fn a_secret_in_the_path_is_in_no_explanation() {
    for target in ["/x;jsessionid=hunter2", "/proxy/http://u:hunter2@in/x"] {
        let cases = diagnose([get(target).answer(401).asks("Basic realm=\"x\"")]);
        let all = format!("{:?}", cases[0].verdict);
        assert!(!all.contains("hunter2"), "{all}");
    }
}

#[test]
fn v3_undefined_is_a_placeholder() {
    let talk =
        refused("Bearer undefined").body(r#"{"code":"invalid_token","message":"jwt malformed"}"#);
    assert_eq!(verdict(talk.clone()), "placeholder-value certain");
    assert!(explanation(talk).contains("\"undefined\" instead of a token"));
}

#[test]
fn v4_v5_objects_and_bytes_are_placeholders() {
    assert_eq!(verdict(refused("Bearer [object Object]")), "placeholder-value certain");
    let cases = diagnose([refused("Basic b'YWxpY2U6c2VjcmV0'")]);
    assert_eq!(why(&cases[0]), "placeholder-value certain");
    assert!(!shown(&cases[0]).contains("YWxpY2U6c2VjcmV0"));
}

#[test]
fn v6_v7_templates_are_not_credentials() {
    assert_eq!(verdict(refused("Bearer ${API_TOKEN}")), "unexpanded-variable certain");
    assert_eq!(verdict(refused("$TOKEN")), "unexpanded-variable certain");
}

#[test]
fn artifacts_are_found_in_keys_cookies_and_logins_too() {
    let key = get("/").header("X-API-Key", "null").answer(401);
    assert_eq!(verdict(key), "placeholder-value certain");
    let key = get("/").header("X-API-Key", "${API_KEY}").answer(401);
    assert_eq!(verdict(key), "unexpanded-variable certain");
    let cookie = get("/").header("Cookie", "session=undefined").answer(401);
    assert_eq!(verdict(cookie), "placeholder-value certain");
    // $USER:$PASS
    assert_eq!(verdict(refused("Basic JFVTRVI6JFBBU1M=")), "unexpanded-variable certain");
    // alice:undefined
    assert_eq!(verdict(refused("Basic YWxpY2U6dW5kZWZpbmVk")), "placeholder-value certain");
}

#[test]
fn a_word_that_could_be_meant_is_not_a_placeholder() {
    // alice:changeme, alice:Pa$$word
    assert_eq!(verdict(refused("Basic YWxpY2U6Y2hhbmdlbWU=")), "wrong-password likely");
    assert_eq!(verdict(refused("Basic YWxpY2U6UGEkJHdvcmQ=")), "wrong-password likely");
    assert_eq!(verdict(refused("Bearer nullable-4711")), "token-rejected possible");
}

#[test]
fn v8_the_scheme_twice() {
    let talk = refused(&format!("Bearer Bearer {JWT}"));
    assert_eq!(verdict(talk.clone()), "doubled-scheme certain");
    assert!(explanation(talk).contains("\"Bearer Bearer …\""));
    assert_eq!(verdict(refused("Bearer BearerOfNews4711")), "token-rejected possible");
}

#[test]
fn v9_v10_the_scheme_is_missing_or_glued_on() {
    assert_eq!(verdict(refused(JWT)), "scheme-missing certain");
    let glued = refused(&format!("Bearer{JWT}"));
    assert_eq!(verdict(glued.clone()), "scheme-missing certain");
    let text = shown(&diagnose([glued])[0]);
    assert!(text.contains("no space after Bearer") && !text.contains("eyJh"), "{text}");
}

#[test]
fn v11_quotes_are_part_of_the_token_for_servers() {
    let talk = refused(&format!("Bearer \"{JWT}\""));
    assert_eq!(verdict(talk), "stray-characters certain");
    assert!(explanation(refused("Bearer abcd,efgh")).contains("',' (0x2C) at position 5"));
    let digest = r#"Digest username="a", realm="z", nonce="n", uri="/", response="ee44660a996002d6d6780c7a90a2e880""#;
    assert_ne!(verdict(refused(digest)), "stray-characters certain");
}

#[test]
fn v12_v13_nothing_after_the_scheme() {
    assert_eq!(verdict(refused("Bearer")), "empty-credentials certain");
    assert_eq!(verdict(refused("")), "empty-credentials certain");
    assert_eq!(verdict(refused("Basic Og==")), "empty-credentials certain");
}

#[test]
fn v14_an_empty_user_alone_may_be_meant() {
    let cases = diagnose([refused("Basic OnBhdDEyMw==").asks("Basic realm=\"x\"")]);
    assert_eq!(why(&cases[0]), "wrong-password likely");
    assert_eq!(also(&cases[0]), ["empty-credentials"]);
}

#[test]
fn v15_a_line_break_at_the_end_of_the_password() {
    let talk = refused("Basic YWxpY2U6c2VjcmV0Cg==").asks("Basic realm=\"Zone A\"");
    assert_eq!(verdict(talk.clone()), "basic-hidden-whitespace likely");
    let text = shown(&diagnose([talk])[0]);
    assert!(text.contains("line break") && !text.contains("secret\n"), "{text}");
    assert_eq!(verdict(refused(BASIC)), "wrong-password likely");
    // "alice: secret-7", as in a YAML file.
    assert_eq!(verdict(refused("Basic YWxpY2U6IHNlY3JldC03")), "basic-hidden-whitespace likely");
}

#[test]
fn v16_v17_basic_without_colon() {
    assert_eq!(verdict(refused("Basic YWxpY2VzZWNyZXQ=")), "basic-missing-colon certain");
    let twice = refused("Basic WVd4cFkyVTZjMlZqY21WMA==");
    assert_eq!(verdict(twice.clone()), "basic-missing-colon certain");
    assert!(explanation(twice).contains("encoded twice"));
}

#[test]
fn v18_plain_text_after_basic() {
    let talk = refused("Basic alice:secret");
    assert_eq!(verdict(talk.clone()), "basic-bad-base64 certain");
    let text = shown(&diagnose([talk])[0]);
    assert!(text.contains("plain text") && !text.contains("alice:secret"), "{text}");
    assert_eq!(verdict(refused("Basic YWxpY2U6c2VjcmV0Kw")), "basic-bad-base64 likely");
}

#[test]
fn v19_percent_encoding_in_a_password() {
    let talk = refused("Basic YWxpY2U6cCU0MHNz").asks("Basic realm=\"x\"");
    assert_eq!(verdict(talk.clone()), "basic-percent-encoded likely");
    let text = shown(&diagnose([talk])[0]);
    assert!(text.contains("%40") && !text.contains("p%40ss"), "{text}");
    // alice:100%41x may be meant.
    assert_eq!(verdict(refused("Basic YWxpY2U6MTAwJTQxeA==")), "wrong-password likely");
}

#[test]
fn v20_latin1_where_utf8_is_asked_for() {
    let talk = refused("Basic c/hyZW46U9hSRU4=");
    let asked = talk.clone().asks("Basic realm=\"x\", charset=\"UTF-8\"");
    assert_eq!(verdict(asked), "basic-charset likely");
    let cases = diagnose([talk.asks("Basic realm=\"x\"")]);
    assert_eq!(why(&cases[0]), "basic-charset possible");
    assert_eq!(also(&cases[0]), ["wrong-password"]);
    // alice:gehéim in UTF-8
    let cases = diagnose([refused("Basic YWxpY2U6Z2Vow6ltZWlt").asks("Basic realm=\"x\"")]);
    assert_eq!(why(&cases[0]), "wrong-password likely");
    assert_eq!(also(&cases[0]), ["basic-charset"]);
}

#[test]
fn v30_another_scheme_than_the_server_offers() {
    let talk = refused("Bearer 401f7ac837da42b97f613d789819ff93537bee6a").asks("Token");
    let denied = r#"{"detail":"Authentication credentials were not provided."}"#;
    assert_eq!(verdict(talk.clone().body(denied)), "scheme-mismatch certain");
    assert_eq!(verdict(talk.body("Unauthorized")), "scheme-mismatch likely");
    assert_eq!(verdict(refused(BASIC).asks("Bearer")), "scheme-mismatch likely");
}

#[test]
fn a_challenge_for_browsers_only_is_no_mismatch() {
    assert_eq!(verdict(refused(BASIC).asks("xBasic realm=\"x\"")), "wrong-password likely");
    assert_eq!(verdict(refused("Bearer abc").asks("FormBased")), "token-rejected possible");
    // The framework names the first of its schemes, yet has read the token.
    let talk =
        refused("Token abc").asks("Basic realm=\"api\"").body(r#"{"detail":"Invalid token."}"#);
    assert_ne!(verdict(talk), "scheme-mismatch likely");
}

#[test]
fn v31_the_application_did_not_see_what_the_wire_shows() {
    let denied = r#"{"detail":"Authentication credentials were not provided."}"#;
    let talk = refused(&format!("Bearer {JWT}")).with("Server", "Apache").body(denied);
    let seen = talk.clone().asks("Bearer realm=\"api\"");
    assert_eq!(verdict(seen), "server-did-not-see-auth likely");
    let vague = refused(&format!("Bearer {JWT}")).asks("Bearer").body("Authentication required");
    assert_eq!(verdict(vague), "token-rejected possible");
}

#[test]
fn the_servers_words_can_name_the_scheme_it_wants() {
    let talk = refused(BASIC).body(r#"{"message":"Authorization header must start with Bearer"}"#);
    assert_eq!(verdict(talk), "scheme-mismatch likely");
}

#[test]
fn v32_v33_two_credentials() {
    let two = get("/").auth(BASIC).auth(&format!("Bearer {JWT}")).answer(401);
    assert_eq!(verdict(two.clone()), "duplicate-authorization likely");
    assert!(explanation(two).contains("2 Authorization values (Basic, Bearer)"));
    let joined = refused("Bearer mF_9.B6f-4.1JqM, Basic YXNkZjpxd2Vy");
    assert_eq!(verdict(joined), "duplicate-authorization likely");
    let nginx = get("/").auth(BASIC).auth(BASIC).answer(400).body("<h1>400 Bad Request</h1>");
    assert_eq!(verdict(nginx), "duplicate-authorization likely");
}

#[test]
fn v34_a_preflight_is_not_a_request_without_credentials() {
    let plain = request("OPTIONS", "/api").header("Origin", "http://a").answer(401);
    let preflight = plain
        .clone()
        .header("Access-Control-Request-Method", "POST")
        .header("Access-Control-Request-Headers", "authorization");
    assert_eq!(verdict(preflight.clone()), "cors-preflight-rejected certain");
    assert!(explanation(preflight).contains("the real POST /api"));
    assert_eq!(verdict(plain), "no-credentials-sent certain");
}

#[test]
fn v36_digest_uri_against_the_request() {
    let digest = |uri: &str| {
        format!(
            "Digest username=\"alice\", realm=\"zone\", nonce=\"p/LUPb9gBgA=e2c2\", uri=\"{uri}\", \
             qop=auth, nc=00000001, cnonce=\"abcdef\", response=\"ee44660a996002d6d6780c7a90a2e880\""
        )
    };
    let page = |uri: &str| get("/some/page?some_param=1").auth(&digest(uri)).answer(401);
    assert_eq!(verdict(page("/some/page")), "digest-parameter-mismatch likely");
    assert_eq!(verdict(page("/some/page?some_param=1")), "wrong-password likely");
    assert_eq!(verdict(page("http://h/some/page?some_param=1")), "wrong-password likely");
    assert_eq!(verdict(page("/some/p%61ge?some_param=1")), "wrong-password likely");
    let other_realm =
        page("/some/page?some_param=1").asks("Digest realm=\"other\", nonce=\"n\", qop=\"auth\"");
    assert_eq!(verdict(other_realm), "digest-parameter-mismatch likely");
}

#[test]
fn digest_parameters_that_are_absent_are_named() {
    let talk = refused(r#"Digest username="a", realm="z", uri="/", response="x""#);
    assert_eq!(verdict(talk.clone()), "digest-parameter-mismatch likely");
    assert!(explanation(talk).contains("lacks nonce"));
}

#[test]
fn v50_a_credential_under_another_name() {
    let talk = get("/").header("X-Auth", &format!("Bearer {JWT}")).answer(401).asks("Bearer");
    assert_eq!(verdict(talk.clone()), "wrong-header-name likely");
    assert!(!shown(&diagnose([talk])[0]).contains("eyJ"));
    let judged = get("/").header("X-Access-Token", JWT).answer(401).body("Token has expired");
    assert_eq!(verdict(judged), "token-expired certain");
}

#[test]
fn v51_credentials_for_the_proxy_at_the_server() {
    let talk = get("/x").header("Proxy-Authorization", BASIC).answer(401);
    assert_eq!(verdict(talk.clone().asks("Basic realm=\"app\"")), "proxy-auth-confusion likely");
    let absolute = get("http://h/x").header("Proxy-Authorization", BASIC).answer(401);
    let absolute = absolute.asks("Basic realm=\"app\"");
    assert_eq!(verdict(absolute.clone()), "proxy-auth-confusion likely");
    assert_eq!(verdict(absolute.with("Via", "1.1 squid")), "no-credentials-sent certain");
    let mixed = get("/x").answer(401).with("Proxy-Authenticate", "Basic realm=\"p\"");
    assert_eq!(verdict(mixed), "proxy-auth-confusion likely");
    let normal = get("http://h/x").answer(407).with("Proxy-Authenticate", "Basic realm=\"p\"");
    assert_eq!(verdict(normal), "no-credentials-sent certain");
}

#[test]
fn v44_a_key_that_nobody_sent() {
    let talk = get("/").answer(401).asks("Key realm=\"kong\"");
    let words = r#"{"message":"No API key found in request"}"#;
    assert_eq!(verdict(talk.clone().body(words)), "api-key-missing certain");
    assert_eq!(verdict(talk), "api-key-missing certain");
    let sent =
        get("/").header("X-API-Key", "k").answer(401).body(r#"{"message":"Invalid API key"}"#);
    assert_eq!(verdict(sent), "token-rejected possible");
    let other_name =
        get("/").header("api_key", "k").answer(401).with("Server", "nginx").body(words);
    assert_eq!(verdict(other_name.clone()), "api-key-missing likely");
    assert!(explanation(other_name).contains("underscore"));
}

#[test]
fn several_offers_with_a_key_among_them_do_not_ask_for_a_key() {
    let elastic = get("/")
        .answer(401)
        .asks("Basic realm=\"security\", charset=\"UTF-8\"")
        .asks("Bearer realm=\"security\"")
        .asks("ApiKey")
        .body(r#"{"error":{"reason":"missing authentication credentials for REST request [/]"}}"#);
    assert_eq!(verdict(elastic), "no-credentials-sent certain");
}

#[test]
fn v22_an_opaque_key_is_not_a_broken_jwt() {
    let talk = refused("Bearer eyJrIjoiYWJjIiwibiI6IngiLCJpZCI6MX0=");
    assert_eq!(verdict(talk.body(r#"{"message":"Invalid API key"}"#)), "token-rejected possible");
}

#[test]
fn v68_a_scheme_nobody_knows_is_not_explained() {
    let cases = diagnose([refused("Custom abc")]);
    assert_eq!(why(&cases[0]), "unexplained possible");
    assert!(shown(&cases[0]).contains("present (Custom, raw)"));
}

#[test]
fn a_request_that_was_not_captured_is_unknown_and_never_missing() {
    let mut exchange = get("/").answer(401).asks("Basic realm=\"x\"").exchange(1);
    exchange.request = None;
    exchange.coverage.request_loss = Some(crate::http::HeadLoss::StartedMidStream);
    let case = super::observe(exchange);
    assert_eq!(why(&case), "unexplained possible");
    assert!(shown(&case).contains("started-mid-stream"), "{}", shown(&case));
}

#[test]
fn a_request_that_cannot_be_read_is_unknown_and_not_said_to_be_lost() {
    let mut exchange = get("/").answer(401).exchange(1);
    exchange.request = None;
    exchange.coverage.request_loss = Some(crate::http::HeadLoss::NotHttp1);
    let case = super::observe(exchange);
    assert_eq!(why(&case), "unexplained possible");
    assert!(shown(&case).contains("cannot be read as HTTP"), "{}", shown(&case));
    assert!(shown(&case).contains("unknown (not-http1)"), "{}", shown(&case));
}

#[test]
fn the_servers_words_still_count_when_the_request_is_lost_but_less() {
    let mut exchange = get("/").answer(401).body(r#"{"message":"Token has expired"}"#).exchange(1);
    exchange.request = None;
    exchange.coverage.request_loss = Some(crate::http::HeadLoss::Gap);
    assert_eq!(why(&super::observe(exchange)), "token-expired likely");
}

#[test]
fn a_posted_login_is_a_password_not_a_request_without_credentials() {
    let login = |body: &str| {
        request("POST", "/login")
            .header("Content-Type", "application/json")
            .sends(r#"{"username":"alice","password":"hunter2"}"#)
            .answer(401)
            .body(body)
    };
    let cases = diagnose([login(r#"{"message":"Invalid credentials"}"#)]);
    assert_eq!(why(&cases[0]), "wrong-password likely");
    let text = shown(&cases[0]);
    assert!(text.contains("\"alice\"") && !text.contains("hunter2"), "{text}");
    assert_eq!(verdict(login(r#"{"message":"Missing CSRF token"}"#)), "csrf-rejected certain");
}

#[test]
fn wrong_password_is_never_claimed_without_proof() {
    let case = &diagnose([refused(BASIC).asks("Basic realm=\"x\"")])[0];
    let diagnosis = &case.verdict.as_ref().unwrap().diagnosis;
    assert!(diagnosis.confidence < Confidence::Certain);
    assert!(diagnosis.explanation().contains("User name or password"));
}

#[test]
fn a_400_about_something_else_is_not_blamed_on_the_header_with_certainty() {
    let talk = get("/").auth("Bearer undefined").answer(400).body(r#"{"field":"x"}"#);
    assert_ne!(verdict(talk), "placeholder-value certain");
    let talk = get("/").auth(&format!("Bearer {JWT}")).answer(403).body("Forbidden");
    assert_eq!(verdict(talk), "none");
}

#[test]
fn a_verdict_on_the_token_shows_that_its_header_is_read() {
    let talk = get("/").header("x-access-token", "t-0123456789").answer(401);
    let judged = talk.body("{\"message\":\"Token is invalid!\"}");
    assert!(!verdict(judged).contains("wrong-header-name"));
}

#[test]
fn a_key_header_of_a_products_own_is_a_credential() {
    let with = |name: &str, body: &str| {
        why(&diagnose([get("/").header(name, "k-77aa-51c0").answer(401).body(body)])[0])
    };
    let unknown = "{\"message\":\"Unknown service key\"}";
    for name in ["X-Service-Key", "X-Acme-Token", "x_acme_secret"] {
        assert_eq!(with(name, unknown), "token-rejected possible", "{name}");
    }
    for name in ["X-Idempotency-Key", "X-CSRF-Token", "X-Request-Key", "X-Monkey"] {
        assert_eq!(with(name, ""), "no-credentials-sent certain", "{name}");
    }
}

#[test]
fn a_key_is_not_what_a_server_means_that_asks_for_a_login() {
    let cases = diagnose([get("/")
        .header("X-Acme-Token", "k-77aa-51c0")
        .answer(401)
        .asks("Basic realm=\"x\"")]);
    assert_eq!(why(&cases[0]), "no-credentials-sent likely");
}

#[test]
fn a_token_that_no_table_holds_was_not_overlooked() {
    let opaque = |body: &str| verdict(refused("Bearer k-77aa-51c0-9f21").body(body));
    assert_eq!(opaque("Token not found"), "token-rejected possible");
    assert_eq!(opaque("Token not found in request"), "server-did-not-see-auth likely");
}

#[test]
fn a_challenge_that_judges_the_token_shows_that_it_arrived() {
    let body = "{\"detail\":\"Authentication credentials were not provided.\"}";
    let talk = || refused("Bearer k-77aa-51c0-9f21").body(body);
    let judged = talk().asks("Bearer realm=\"api\", error=\"invalid_token\"");
    assert_eq!(verdict(judged), "token-rejected possible");
    assert_eq!(verdict(talk().asks("Bearer realm=\"api\"")), "server-did-not-see-auth likely");
}

#[test]
fn a_proxy_that_has_its_login_keeps_it_and_the_server_asks_for_its_own() {
    let through =
        |at: f64| get("http://h/x").at(at).latency(0.1).header("Proxy-Authorization", BASIC);
    let asked = get("http://h/x").answer(407).with("Proxy-Authenticate", "Basic realm=\"p\"");
    let cases = diagnose([asked, through(1.0).answer(401).asks("Basic realm=\"app\"")]);
    assert_eq!(why(&cases[1]), "no-credentials-sent certain");
    let behind = get("/x").at(1.02).from("10.0.0.1").to("10.0.0.2:80").answer(401);
    let behind = behind.asks("Basic realm=\"app\"").header("X-Forwarded-For", "10.0.0.9");
    let cases = diagnose([behind, through(1.0).answer(401).asks("Basic realm=\"app\"")]);
    assert!(cases.iter().all(|case| why(case) == "no-credentials-sent certain"));
}

#[test]
fn a_login_in_the_query_is_a_login() {
    let refused = |target: &str| {
        let talk = get(target).answer(401).asks("Basic realm=\"InfluxDB\"");
        verdict(talk.body("{\"error\":\"authorization failed\"}"))
    };
    assert_eq!(refused("/query?q=SHOW+DATABASES&u=alice&p=wrong"), "wrong-password likely");
    assert_eq!(refused("/query?q=x&p=2"), "no-credentials-sent certain", "a page");
}
