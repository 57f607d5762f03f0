//! Normal flows are told from trouble by the success that ends them.

use crate::diagnosis::testing::{NOON, Talk, Wire, diagnose, get, request, why};

const BASIC: &str = "Basic YWxpY2U6c2VjcmV0";
const TYPE1: &str = "NTLM TlRMTVNTUAABAAAAl4II4gAAAAAAAAAAAAAAAAAAAAA=";
const TYPE2: &str =
    "NTLM TlRMTVNTUAACAAAAAAAAADgAAAAFgomiUWVy8lEcIyIAAAAAAAAAAAAAAAA4AAAABgGxHQAAAA8=";
/// DOM\bob on WS.
const TYPE3: &str = "NTLM TlRMTVNTUAADAAAAAAAAAFIAAAAAAAAAUgAAAAYABgBAAAAABgAGAEYAAAAEAAQATAAAAAAAAABSAAAABQKIogoAYUoAAAAPRABPAE0AYgBvAGIAVwBTAA==";

fn unauthorized(target: &str, challenge: &str) -> Talk {
    get(target).answer(401).asks(challenge)
}

fn digest(nonce: &str) -> String {
    format!(
        "Digest username=\"alice\", realm=\"zone\", nonce=\"{nonce}\", uri=\"/\", qop=auth, \
         nc=00000001, cnonce=\"abcdef\", response=\"ee44660a996002d6d6780c7a90a2e880\""
    )
}

#[test]
fn v1_a_first_request_without_credentials_then_accepted_is_a_roundtrip() {
    let cases = diagnose([
        unauthorized("/", "Basic realm=\"Restricted Area\""),
        get("/").at(0.04).auth(BASIC).answer(200),
    ]);
    assert_eq!(why(&cases[0]), "challenge-roundtrip certain benign");
    let text = cases[0].verdict.as_ref().unwrap().diagnosis.explanation();
    assert!(text.contains("Basic") && text.contains("200"), "{text}");
    assert_eq!(cases[0].verdict.as_ref().unwrap().diagnosis.related, [2]);
    assert_eq!(why(&cases[1]), "none");
}

#[test]
fn a_roundtrip_is_one_whatever_the_scheme_is_called() {
    for (challenge, credentials) in [
        ("Kerberos", "Kerberos YIIabcdef"),
        ("WSSE realm=\"foo\", profile=\"UsernameToken\"", "WSSE profile=\"UsernameToken\""),
        ("Custom realm=\"x\"", "custom abc"),
    ] {
        let asked = || unauthorized("/", "Negotiate").with("WWW-Authenticate", challenge);
        let repeat = |credentials: &str| get("/").at(0.1).auth(credentials).answer(200);
        let cases = diagnose([asked(), repeat(credentials)]);
        assert_eq!(why(&cases[0]), "challenge-roundtrip certain benign", "{challenge}");
        let text = cases[0].verdict.as_ref().unwrap().diagnosis.explanation();
        assert!(
            text.contains(&format!("the repeat with {}", challenge.split(' ').next().unwrap())),
            "{text}"
        );
        assert!(!diagnose([asked(), repeat("Other abc")])[0].is_benign());
    }
}

#[test]
fn v2_without_a_repeat_the_request_simply_had_no_credentials() {
    let mut wire = Wire::new();
    let id = wire
        .see(&unauthorized("/", "Basic realm=\"Restricted Area\"").header("User-Agent", "curl/8"));
    assert!(!wire.case(id).settled);
    wire.wait_until(11.0);
    assert!(wire.case(id).settled);
    assert_eq!(why(&wire.case(id)), "no-credentials-sent certain");
}

#[test]
fn a_roundtrip_is_settled_as_soon_as_the_success_is_seen() {
    let mut wire = Wire::new();
    let id = wire.see(&unauthorized("/", "Basic realm=\"x\""));
    wire.see(&get("/").at(0.04).auth(BASIC).answer(200));
    assert!(wire.case(id).settled);
    assert_eq!(wire.counters.benign, 1);
    assert_eq!(wire.counters.unauthorized, 1);
    assert_eq!(wire.counters.exchanges, 2);
}

#[test]
fn a_client_with_many_connections_repeats_what_was_refused_on_the_same_one() {
    let ask = |flow: u64| unauthorized("/", "Basic realm=\"x\"").on(flow);
    let first = (1..=40).map(|flow| ask(flow).at(flow as f64 / 1000.0).latency(0.05));
    let repeat = get("/").at(0.1).on(1).auth(BASIC).answer(200);
    let cases = diagnose(first.chain([repeat]));
    assert_eq!(why(&cases[0]), "challenge-roundtrip certain benign");
    assert_eq!(cases[0].verdict.as_ref().unwrap().diagnosis.related, [41]);
}

#[test]
fn a_first_request_whose_repeat_is_refused_is_not_benign() {
    let cases = diagnose([
        unauthorized("/", "Basic realm=\"x\""),
        unauthorized("/", "Basic realm=\"x\"").at(0.04).auth(BASIC),
    ]);
    assert!(!cases[0].is_benign() && !cases[1].is_benign());
}

#[test]
fn two_runs_of_a_command_are_not_a_roundtrip() {
    let curl = |talk: Talk| talk.header("User-Agent", "curl/7.88.1");
    let cases = diagnose([
        curl(unauthorized("/", "Basic realm=\"x\"")).on(1),
        curl(get("/")).at(0.04).on(2).auth(BASIC).answer(200),
    ]);
    assert!(!cases[0].is_benign());
}

#[test]
fn another_program_on_the_same_address_does_not_repeat_a_request() {
    let cases = diagnose([
        unauthorized("/", "Basic realm=\"x\"").header("User-Agent", "one/1"),
        get("/").at(0.04).auth(BASIC).header("User-Agent", "two/1").answer(200),
    ]);
    assert!(!cases[0].is_benign());
}

#[test]
fn a_person_at_a_browser_may_take_minutes() {
    let browser = |talk: Talk| talk.header("User-Agent", "Mozilla/5.0 (X11; Linux x86_64)");
    let cases = diagnose([
        browser(unauthorized("/", "Basic realm=\"x\"")),
        browser(get("/")).at(100.0).on(9).auth(BASIC).answer(200),
    ]);
    assert_eq!(why(&cases[0]), "challenge-roundtrip certain benign");
}

#[test]
fn a_proxy_that_asks_first_and_is_answered_is_a_roundtrip() {
    let cases = diagnose([
        get("http://h/").answer(407).with("Proxy-Authenticate", "Basic realm=\"proxy\""),
        get("http://h/").at(0.04).header("Proxy-Authorization", BASIC).answer(200),
    ]);
    assert_eq!(why(&cases[0]), "challenge-roundtrip certain benign");
}

#[test]
fn a_roundtrip_through_a_proxy_is_one_on_both_sides() {
    let git = |talk: Talk, at: f64| talk.header("User-Agent", "git/2.43.0").at(at);
    let behind = |talk: Talk, at: f64| {
        git(talk, at + 0.01)
            .from("10.0.0.1")
            .to("10.0.0.2:8080")
            .header("X-Forwarded-For", "10.0.0.9")
    };
    let front = |talk: Talk, at: f64| git(talk, at).latency(0.05);
    let asked = || unauthorized("/", "Basic realm=\"x\"");
    let repeat = || get("/").auth(BASIC).answer(200);
    let verdicts = |wire: &Wire| [1, 2].map(|id| why(&wire.case(id)));
    for mut wire in [Wire::new(), Wire::new().unfollowed()] {
        wire.see(&behind(asked(), 0.0));
        wire.see(&front(asked(), 0.0));
        wire.see(&behind(repeat(), 0.1));
        wire.see(&front(repeat(), 0.1));
        assert_eq!(verdicts(&wire), ["challenge-roundtrip certain benign"; 2]);
    }
    // What another client sends through the same proxy repeats nothing.
    let mut wire = Wire::new();
    wire.see(&behind(asked(), 0.0));
    wire.see(&front(asked(), 0.0));
    wire.see(&behind(repeat(), 0.1));
    wire.finish();
    assert_eq!(verdicts(&wire), ["no-credentials-sent certain"; 2]);
}

#[test]
fn v35_a_stale_nonce_that_the_client_renews_is_benign() {
    let cases = diagnose([
        unauthorized("/", "Digest realm=\"zone\", nonce=\"N2\", stale=true, qop=\"auth\"")
            .auth(&digest("N1")),
        get("/").at(0.05).auth(&digest("N2")).answer(200),
    ]);
    assert_eq!(why(&cases[0]), "nonce-refresh certain benign");
}

#[test]
fn a_stale_nonce_that_the_client_does_not_renew_is_not_benign() {
    let cases = diagnose([
        unauthorized("/", "Digest realm=\"zone\", nonce=\"N2\", stale=true, qop=\"auth\"")
            .auth(&digest("N1")),
        get("/").at(0.05).auth(&digest("N7")).answer(200),
    ]);
    assert!(!cases[0].is_benign());
}

#[test]
fn a_dpop_nonce_that_the_client_uses_is_benign() {
    // {"alg":"ES256","typ":"dpop+jwt"} . {"nonce":"abc"} . (no signature is looked at)
    let proof = "eyJhbGciOiJFUzI1NiIsInR5cCI6ImRwb3Arand0In0.eyJub25jZSI6ImFiYyJ9.c2ln";
    let cases = diagnose([
        unauthorized("/", "DPoP error=\"use_dpop_nonce\"")
            .with("DPoP-Nonce", "abc")
            .auth("DPoP opaque-token-1"),
        get("/").at(0.05).auth("DPoP opaque-token-1").header("DPoP", proof).answer(200),
    ]);
    assert_eq!(why(&cases[0]), "nonce-refresh certain benign");
}

#[test]
fn v66_nonces_that_are_always_stale_are_a_loop() {
    let stale = |n| format!("Digest realm=\"zone\", nonce=\"N{n}\", stale=true, qop=\"auth\"");
    let cases = diagnose([
        unauthorized("/", &stale(2)).auth(&digest("N1")),
        unauthorized("/", &stale(3)).auth(&digest("N2")).at(0.1),
        unauthorized("/", "Digest realm=\"zone\", nonce=\"N4\", qop=\"auth\"")
            .auth(&digest("N3"))
            .at(0.2),
    ]);
    assert_eq!(why(&cases[2]), "digest-nonce-loop likely");
    assert_eq!(why(&cases[0]), "digest-nonce-loop likely");
}

#[test]
fn one_stale_answer_is_no_loop() {
    let cases = diagnose([
        unauthorized("/", "Digest realm=\"zone\", nonce=\"N2\", stale=true").auth(&digest("N1")),
        unauthorized("/", "Digest realm=\"zone\", nonce=\"N3\"").auth(&digest("N2")).at(0.1),
    ]);
    assert!(cases.iter().all(|case| !why(case).contains("digest-nonce-loop")));
}

#[test]
fn v37_ntlm_messages_on_one_connection_are_a_handshake() {
    let cases = diagnose([
        unauthorized("/", "NTLM"),
        unauthorized("/", TYPE2).auth(TYPE1).at(0.05),
        get("/").auth(TYPE3).at(0.1).answer(200),
    ]);
    assert_eq!(why(&cases[0]), "handshake-leg certain benign");
    assert_eq!(why(&cases[1]), "handshake-leg certain benign");
}

#[test]
fn a_handshake_that_ends_in_a_refusal_is_not_benign() {
    let cases = diagnose([
        unauthorized("/", "NTLM"),
        unauthorized("/", TYPE2).auth(TYPE1).at(0.05),
        unauthorized("/", "NTLM").auth(TYPE3).at(0.1),
    ]);
    assert!(cases.iter().all(|case| !case.is_benign()));
}

#[test]
fn v38_message_3_on_another_connection_breaks_the_handshake() {
    let cases = diagnose([
        unauthorized("/", TYPE2).auth(TYPE1).on(1),
        unauthorized("/", "NTLM").auth(TYPE3).at(0.05).on(2),
    ]);
    assert_eq!(why(&cases[0]), "ntlm-connection-broken certain");
    assert_eq!(why(&cases[1]), "ntlm-connection-broken certain");
}

#[test]
fn v39_ntlm_inside_negotiate_is_not_kerberos() {
    let token = "Negotiate TlRMTVNTUAABAAAAl4II4gAAAAAAAAAAAAAAAAAAAAAGAbEdAAAADw==";
    let cases = diagnose([unauthorized("/", "Negotiate").auth(token)]);
    assert_eq!(why(&cases[0]), "kerberos-fallback likely");
}

#[test]
fn a_negotiate_token_that_is_accepted_is_no_fallback() {
    // The 17 octets of a Kerberos token's beginning.
    let token = "Negotiate YIIFZgYJKoZIhvcSAQICAQBuggVV";
    let cases =
        diagnose([unauthorized("/", "Negotiate"), get("/").at(0.05).auth(token).answer(200)]);
    assert_eq!(why(&cases[0]), "handshake-leg certain benign");
}

#[test]
fn v45_the_metadata_service_asks_for_a_session_token_first() {
    let metadata = "169.254.169.254:80";
    let target = "/latest/meta-data/";
    let cases = diagnose([
        get(target).to(metadata).host("169.254.169.254").answer(401),
        request("PUT", "/latest/api/token")
            .to(metadata)
            .host("169.254.169.254")
            .at(0.02)
            .answer(200),
        get(target)
            .to(metadata)
            .host("169.254.169.254")
            .header("X-aws-ec2-metadata-token", "AQAEA-abc")
            .at(0.04)
            .answer(200),
    ]);
    assert_eq!(why(&cases[0]), "token-service-flow certain benign");
}

#[test]
fn a_registry_says_where_its_tokens_are() {
    let challenge = "Bearer realm=\"http://auth.local/token\",service=\"registry\"";
    let cases = diagnose([
        unauthorized("/v2/", challenge),
        get("/v2/a/manifests/1").at(0.5).auth("Bearer abcdefgh").answer(200),
    ]);
    assert_eq!(why(&cases[0]), "token-service-flow likely benign");
    let alone = diagnose([unauthorized("/v2/", challenge)]);
    assert!(!alone[0].is_benign());
}

#[test]
fn an_api_in_its_second_version_is_no_registry() {
    let items = |challenge: &str| {
        let asked = unauthorized("/v2/orders", challenge);
        why(&diagnose([asked, get("/v2/items").at(9.0).auth("Bearer abcdefgh").answer(200)])[0])
    };
    assert_eq!(items("Bearer"), "no-credentials-sent certain");
    assert_eq!(items("Bearer realm=\"orders\""), "no-credentials-sent certain");
    assert_eq!(items("Bearer realm=\"https://h/token\""), "token-service-flow likely benign");
    // The distribution specification's own paths are.
    let manifest = get("/v2/a/manifests/1").at(0.5).auth("Bearer abcdefgh").answer(200);
    for path in ["/v2/", "/v2/a/b/tags/list"] {
        let cases = diagnose([unauthorized(path, "Bearer"), manifest.clone()]);
        assert_eq!(why(&cases[0]), "token-service-flow likely benign", "{path}");
    }
}

#[test]
fn a_client_that_asks_where_it_was_told_goes_on_with_the_flow() {
    let from = |talk: Talk| talk.header("User-Agent", "docker/27");
    let told = |talks: Vec<Talk>| {
        let cases = diagnose(talks.into_iter().map(from));
        (why(&cases[0]), cases[0].verdict.as_ref().unwrap().diagnosis.explanation())
    };
    let challenge = "Bearer realm=\"http://auth:5001/token\",service=\"reg\"";
    let ping = || unauthorized("/v2/", challenge);
    let token = |status: u16| {
        get("/token?service=reg").at(0.2).host("auth:5001").to("10.0.0.3:5001").answer(status)
    };
    let (verdict, text) = told(vec![ping(), token(200)]);
    assert_eq!(verdict, "token-service-flow likely");
    assert!(text.contains("The client asked there and got 200"), "{text}");
    let pull =
        |status: u16| get("/v2/a/manifests/1").at(0.5).auth("Bearer abcdefgh").answer(status);
    assert_eq!(told(vec![ping(), token(200), pull(401)]).0, "token-service-flow likely");
    assert_eq!(told(vec![ping(), token(200), pull(200)]).0, "token-service-flow likely benign");
    // It did not go on, or not with success.
    for talks in [vec![ping()], vec![ping(), token(401)], vec![ping(), token(200).at(70.0)]] {
        let (verdict, text) = told(talks);
        assert_eq!(verdict, "no-credentials-sent certain");
        assert!(text.contains("was not seen to go on"), "{text}");
    }
    let metadata = "Bearer resource_metadata=\"http://h/.well-known/oauth-protected-resource\"";
    let fetch = get("/.well-known/oauth-protected-resource").at(0.1).answer(200);
    assert_eq!(told(vec![unauthorized("/mcp", metadata), fetch]).0, "token-service-flow likely");
    let fetch = get("/.well-known/oauth-protected-resource").at(0.1).answer(200);
    let metadata = metadata.replace("http://h/", "https://public.example/");
    let (verdict, _) = told(vec![unauthorized("/mcp", &metadata), fetch]);
    assert_eq!(verdict, "token-service-flow likely", "behind a proxy, under another name");
    assert!(!told(vec![unauthorized("/", "Bearer")]).1.contains("was not seen"));
}

const OLD: &str = "Bearer old-token-0123456789";
const NEW: &str = "Bearer new-token-0123456789";

#[test]
fn a_registry_client_goes_on_with_its_token_even_if_the_image_is_absent() {
    let ping = || unauthorized("/v2/", "Bearer realm=\"https://auth.local/token\",service=\"r\"");
    let pull =
        |status: u16| get("/v2/a/manifests/1").at(0.5).auth("Bearer abcdefgh").answer(status);
    for status in [200, 307, 404] {
        assert!(why(&diagnose([ping(), pull(status)])[0]).ends_with("benign"), "{status}");
    }
    for status in [401, 502] {
        assert!(!why(&diagnose([ping(), pull(status)])[0]).contains("benign"), "{status}");
    }
}

#[test]
fn v64_a_renewed_token_makes_the_refusal_benign() {
    let cases = diagnose([
        unauthorized("/api", "Bearer").auth(OLD),
        request("POST", "/token").at(0.2).answer(200),
        get("/api").at(0.25).auth(NEW).answer(200),
    ]);
    assert_eq!(why(&cases[0]), "refreshed-and-retried certain benign");
    assert_eq!(cases[0].verdict.as_ref().unwrap().diagnosis.related, [3, 2]);
}

#[test]
fn two_tokens_in_two_runs_are_not_a_renewal() {
    let cases = diagnose([
        unauthorized("/api", "Bearer").auth(OLD).header("User-Agent", "curl/8").on(1),
        get("/api").at(0.25).auth(NEW).header("User-Agent", "curl/8").on(2).answer(200),
    ]);
    assert!(!cases[0].is_benign());
}

/// {"alg":"HS256","typ":"JWT"} . {"aud":AUDIENCE,"iat":ISSUED}
fn jwt(audience: &str, issued: i64) -> String {
    use base64::Engine as _;
    let claims = format!("{{\"aud\":\"{audience}\",\"iat\":{issued}}}");
    let claims = base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(claims);
    let signature = "1FhIXmbyTzZgNI3jcJ1X6-bsiso0nP0j2IOHc1sLeIA";
    format!("Bearer eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.{claims}.{signature}")
}

#[test]
fn only_a_token_that_is_newer_than_the_refusal_renews_another() {
    let verdict = |old: &str, new: i64, words: &str| {
        let refused = unauthorized("/api", "Bearer").auth(old).at(0.4).body(words);
        why(&diagnose([refused, get("/api").at(1.9).auth(&jwt("a", new)).answer(200)])[0])
    };
    let renewed = "refreshed-and-retried likely benign";
    assert_eq!(verdict(&jwt("b", NOON - 600), NOON + 1, ""), renewed);
    assert_eq!(verdict(&jwt("b", NOON - 600), NOON, ""), renewed, "claims have no fractions");
    // Both from before, made within one second; and one whose age is not known.
    assert!(!verdict(&jwt("b", NOON), NOON, "").contains("benign"));
    assert!(!verdict(&jwt("b", NOON - 600), NOON - 1, "").contains("benign"));
    assert!(!verdict(OLD, NOON, "").contains("benign"));
    assert_eq!(verdict(OLD, NOON + 1, ""), renewed);
    assert_eq!(verdict(&jwt("b", NOON - 600), NOON + 1, "Token has expired"), renewed);
}

#[test]
fn a_better_token_is_no_newer_one() {
    let verdict = |words: &str| {
        let words = format!("{{\"detail\":\"{words}\"}}");
        let browser = |talk: Talk| talk.header("User-Agent", "Mozilla/5.0 (X11; Linux x86_64)");
        why(&diagnose([
            browser(unauthorized("/api", "Bearer").auth(&jwt("b", NOON - 600)).body(&words)),
            browser(get("/api").at(1.5).auth(&jwt("a", NOON + 1)).answer(200)),
        ])[0])
    };
    assert_eq!(verdict("Invalid audience"), "jwt-wrong-audience certain");
    assert_eq!(verdict("Invalid issuer"), "jwt-wrong-issuer certain");
    assert_eq!(verdict("invalid signature"), "jwt-signature-rejected certain");
    assert_eq!(verdict("Token has wrong type"), "wrong-token-kind certain");
    assert_eq!(verdict("Insufficient scope"), "insufficient-privilege certain");
    assert_eq!(verdict("Token has expired"), "refreshed-and-retried likely benign");
}

#[test]
fn a_person_who_types_the_password_again_did_not_renew_anything() {
    let cases = diagnose([
        unauthorized("/", "Basic realm=\"x\"").auth("Basic YWxpY2U6d3Jvbmc="),
        get("/").at(3.0).auth(BASIC).answer(200),
    ]);
    assert!(!cases[0].is_benign());
}

#[test]
fn a_verdict_remembers_what_it_was_before() {
    let mut wire = Wire::new();
    let id = wire.see(&unauthorized("/", TYPE2).auth(TYPE1).on(1));
    assert_eq!(why(&wire.case(id)), "handshake-leg likely provisional");
    wire.see(&unauthorized("/", "NTLM").auth(TYPE3).at(0.05).on(2));
    let verdict = wire.case(id).verdict.clone().unwrap();
    assert_eq!(verdict.diagnosis.entry.id, "ntlm-connection-broken");
    assert_eq!(verdict.was, Some("handshake-leg"));
}

#[test]
fn a_health_check_that_takes_a_refusal_for_alive_is_dimmed() {
    let check = |n: u32, at: f64| {
        get("/health").at(at + f64::from(n) * 10.0).answer(401).asks("Basic realm=\"x\"")
    };
    let cases = diagnose((0..4).map(|n| check(n, 0.0)));
    assert_eq!(why(&cases[3]), "no-credentials-sent certain benign");
    let uneven = diagnose([check(0, 0.0), check(1, 4.0), check(2, 0.0), check(3, 3.0)]);
    assert!(!uneven[3].is_benign());
    let page = |n: u32| get("/data").at(f64::from(n) * 10.0).answer(401).asks("Basic realm=\"x\"");
    assert!(diagnose((0..4).map(page)).iter().all(|case| !case.is_benign()));
}

#[test]
fn a_page_that_asks_who_its_user_is_expects_a_refusal() {
    let page =
        |talk: Talk| talk.header("User-Agent", "Mozilla/5.0 (X11)").header("Referer", "http://h/");
    let me = || get("/api/me").at(1.0).answer(401).asks("Bearer");
    let cases = diagnose([page(get("/")).answer(200), page(me())]);
    assert_eq!(why(&cases[1]), "no-credentials-sent certain benign");
    let cases = diagnose([get("/").answer(200), me()]);
    assert!(!cases[1].is_benign(), "a script that forgot its token");
}

#[test]
fn a_new_login_at_an_auth_endpoint_is_a_renewal_too() {
    let renewed = |by: Talk| {
        why(&diagnose([
            unauthorized("/api", "Bearer").auth("Bearer opaque-old-1"),
            by.at(0.2).answer(200),
            get("/api").at(0.25).auth("Bearer opaque-new-2").answer(200),
        ])[0])
    };
    assert_eq!(renewed(request("POST", "/auth")), "refreshed-and-retried certain benign");
    assert!(!renewed(request("POST", "/authors")).contains("refreshed"));
    assert!(!renewed(get("/auth")).contains("refreshed"));
}

#[test]
fn windows_refuses_its_own_name_from_its_own_machine() {
    let login = |client: &str, at: f64, flow: u64| {
        [
            unauthorized("/", TYPE2).auth(TYPE1).from(client).at(at).on(flow),
            unauthorized("/", "NTLM").auth(TYPE3).from(client).at(at + 0.1).on(flow),
        ]
    };
    let remote = get("/").auth(TYPE3).from("10.0.0.9").at(0.2).on(1).answer(200);
    let mut talks = vec![remote];
    talks.extend(login("10.0.0.1", 1.0, 2));
    assert_eq!(why(&diagnose(talks)[2]), "kerberos-fallback likely");
    let cases = diagnose(login("10.0.0.1", 1.0, 2));
    assert_eq!(why(&cases[1]), "wrong-password likely", "no other machine was accepted");
}

#[test]
fn a_handshake_that_a_proxy_splits_is_broken_on_the_clients_side_too() {
    let leg = |at: f64, authorization: &str, challenge: &str| {
        unauthorized("/", challenge).auth(authorization).at(at).latency(0.1).on(1)
    };
    let behind = |at: f64, authorization: &str, challenge: &str, flow: u64| {
        unauthorized("/", challenge)
            .auth(authorization)
            .at(at + 0.02)
            .on(flow)
            .from("10.0.0.1")
            .to("10.0.0.2:8080")
            .header("X-Forwarded-For", "10.0.0.9")
    };
    let talks = [
        behind(0.0, TYPE1, TYPE2, 2),
        leg(0.0, TYPE1, TYPE2),
        behind(1.0, TYPE3, "NTLM", 3),
        leg(1.0, TYPE3, "NTLM"),
    ];
    assert_eq!(why(&diagnose(talks)[3]), "ntlm-connection-broken certain");
    let kept = [
        behind(0.0, TYPE1, TYPE2, 2),
        leg(0.0, TYPE1, TYPE2),
        behind(1.0, TYPE3, "NTLM", 2),
        leg(1.0, TYPE3, "NTLM"),
    ];
    assert_eq!(why(&diagnose(kept)[3]), "wrong-password likely");
}
