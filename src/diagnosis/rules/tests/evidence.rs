//! Kinds of evidence that the catalogue lists beside the one that its vector shows, and look-alikes.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};

use crate::diagnosis::testing::{NOON, Talk, diagnose, get, request, why};

const ALICE: &str = "Basic YWxpY2U6c2VjcmV0";
const TYPE1: &str = "NTLM TlRMTVNTUAABAAAAl4II4gAAAAAAAAAAAAAAAAAAAAA=";
const TYPE2: &str =
    "NTLM TlRMTVNTUAACAAAAAAAAADgAAAAFgomiUWVy8lEcIyIAAAAAAAAAAAAAAAA4AAAABgGxHQAAAA8=";

fn refused(authorization: &str) -> Talk {
    get("/").auth(authorization).answer(401)
}

fn verdict(talk: Talk) -> String {
    why(&diagnose([talk])[0])
}

/// The verdict on the last of these.
fn last(talks: impl IntoIterator<Item = Talk>) -> String {
    diagnose(talks).last().map(|case| why(case)).unwrap_or_default()
}

fn explanation(talks: impl IntoIterator<Item = Talk>) -> String {
    let cases = diagnose(talks);
    cases.last().unwrap().verdict.as_ref().unwrap().diagnosis.explanation()
}

fn jwt(header: &str, claims: &str) -> String {
    let [header, claims] = [header, claims].map(|part| URL_SAFE_NO_PAD.encode(part));
    format!("{header}.{claims}.{}", URL_SAFE_NO_PAD.encode([7; 32]))
}

#[test]
fn every_category_of_words_names_its_diagnosis() {
    let token = "Bearer opaque-4711";
    let hawk = format!("Hawk id=\"a\", ts=\"{NOON}\", nonce=\"x\", mac=\"abc\"");
    for (authorization, words, id) in [
        (token, "insufficient scope", "insufficient-privilege certain"),
        (ALICE, "Your account is locked.", "lockout-or-throttle certain"),
        (token, "Rate limit exceeded", "lockout-or-throttle certain"),
        (token, "Missing CSRF token", "csrf-rejected certain"),
        (ALICE, "Your IP address is blocked", "blocked-by-security-rule certain"),
        (ALICE, "Two-factor authentication is needed", "wrong-password likely"),
        (token, "Token is invalid or expired", "token-rejected possible"),
        (token, "not valid at the current time", "clock-skew likely"),
        (&hawk, "Stale timestamp", "signature-auth-rejected certain"),
        (token, "session expired", "session-expired likely"),
        (token, "jwt not active", "jwt-not-yet-valid certain"),
        (token, "jwt expired", "token-expired certain"),
        (token, "jwt audience invalid", "jwt-wrong-audience certain"),
        (token, "jwt issuer invalid", "jwt-wrong-issuer certain"),
        (token, "no matching key", "jwt-signature-rejected certain"),
        (token, "invalid signature", "jwt-signature-rejected certain"),
        (&hawk, "Bad mac", "signature-auth-rejected certain"),
        (token, "invalid algorithm", "jwt-unsupported-form certain"),
        (token, "Token has wrong type", "wrong-token-kind certain"),
        (token, "Token has been revoked", "token-revoked certain"),
        (token, "jwt malformed", "token-rejected possible"),
        (token, "Invalid API key", "token-rejected possible"),
        (token, "No API key found in request", "api-key-missing certain"),
        (ALICE, "User not found", "wrong-password likely"),
        (token, "User inactive or deleted.", "token-rejected possible"),
        (token, "No token provided", "server-did-not-see-auth likely"),
        (ALICE, "Invalid username or password", "wrong-password likely"),
        (token, "Unauthorized", "token-rejected possible"),
        (token, "Das Token ist abgelaufen", "token-expired certain"),
        (ALICE, "Nom d'utilisateur ou mot de passe incorrect", "wrong-password likely"),
        (ALICE, "La cuenta está bloqueada", "lockout-or-throttle certain"),
    ] {
        let body = serde_json::json!({ "message": words }).to_string();
        assert_eq!(verdict(refused(authorization).body(&body)), id, "{words}");
    }
}

#[test]
fn a_client_certificate_is_not_sent_in_a_field() {
    let words = "{\"message\":\"Client certificate required\"}";
    let cases = diagnose([get("/").answer(401).body(words)]);
    assert_eq!(why(&cases[0]), "unexplained possible");
    assert!(explanation([get("/").answer(401).body(words)]).contains("this hop has no TLS"));
    assert!(explanation([refused("Bearer abcdefgh").body(words)]).contains("this hop has no TLS"));
    let asked = get("/").answer(401).asks("Basic realm=\"x\"").body(words);
    assert_eq!(verdict(asked), "no-credentials-sent certain");
}

#[test]
fn a_nonce_of_a_signed_request_is_used_once() {
    let hawk = |at: f64, nonce: &str| {
        get("/")
            .at(at)
            .auth(&format!("Hawk id=\"a\", ts=\"{NOON}\", nonce=\"{nonce}\", mac=\"abc\""))
    };
    let date = "Sun, 01 Jun 2025 12:00:02 GMT";
    let again =
        |nonce| [hawk(0.0, "n1").answer(200), hawk(2.0, nonce).answer(401).with("Date", date)];
    assert_eq!(last(again("n1")), "signature-auth-rejected likely");
    assert!(explanation(again("n1")).contains("nonce was already used in #1"));
    assert_eq!(last(again("n2")), "signature-auth-rejected possible");
    let oauth = |at: f64, time: i64| {
        get("/").at(at).auth(&format!(
            "OAuth oauth_consumer_key=\"ck\", oauth_nonce=\"n\", oauth_timestamp=\"{time}\", \
             oauth_signature=\"x\""
        ))
    };
    let again = |time| [oauth(0.0, NOON).answer(200), oauth(2.0, time).answer(401)];
    assert_eq!(last(again(NOON)), "signature-auth-rejected likely");
    assert_eq!(last(again(NOON + 2)), "signature-auth-rejected possible", "unique within a second");
}

#[test]
fn a_dpop_proof_is_used_once() {
    let with = |at: f64, jti: &str| {
        let claims = format!(r#"{{"htm":"GET","htu":"http://h/","iat":{NOON},"jti":"{jti}"}}"#);
        let proof = jwt(r#"{"typ":"dpop+jwt","alg":"ES256"}"#, &claims);
        get("/").at(at).auth("DPoP opaque-token").header("DPoP", &proof)
    };
    let again = |jti| [with(0.0, "j1").answer(200), with(2.0, jti).answer(401)];
    assert_eq!(last(again("j1")), "sender-constrained-token likely");
    assert!(explanation(again("j1")).contains("already used"));
    assert!(!last(again("j2")).contains("sender-constrained"));
}

#[test]
fn a_hawk_client_that_corrects_its_clock_is_benign() {
    let hawk = |ts: i64| format!("Hawk id=\"a\", ts=\"{ts}\", nonce=\"x{ts}\", mac=\"abc\"");
    let challenge = format!("Hawk ts=\"{NOON}\", tsm=\"abc\", error=\"Stale timestamp\"");
    let cases = diagnose([
        refused(&hawk(NOON - 900)).asks(&challenge),
        get("/").at(0.1).auth(&hawk(NOON)).answer(200),
    ]);
    assert_eq!(why(&cases[0]), "nonce-refresh certain benign");
    let cases = diagnose([
        refused(&hawk(NOON - 900)).asks(&challenge),
        refused(&hawk(NOON)).at(0.1).asks(&challenge),
    ]);
    assert!(!cases[0].is_benign());
}

#[test]
fn a_client_that_discovers_the_authorization_server_is_benign() {
    let challenge = "Bearer resource_metadata=\"http://h/.well-known/oauth-protected-resource\"";
    let ask = || request("POST", "/mcp").answer(401).asks(challenge);
    let cases =
        diagnose([ask(), request("POST", "/mcp").at(3.0).auth("Bearer abcdefgh").answer(200)]);
    assert_eq!(why(&cases[0]), "token-service-flow certain benign");
    assert_eq!(verdict(ask()), "no-credentials-sent certain");
}

#[test]
fn a_placeholder_that_a_token_replaces_is_not_dimmed() {
    let cases = diagnose([
        refused("Bearer undefined").asks("Bearer"),
        request("POST", "/token").at(0.1).answer(200),
        get("/").at(0.2).auth("Bearer abcdefgh").answer(200),
    ]);
    assert_eq!(why(&cases[0]), "placeholder-value certain");
}

#[test]
fn a_bare_key_that_was_accepted_before_lacks_no_scheme() {
    let bare = "0123456789abcdef0123456789abcdef";
    assert_eq!(verdict(refused(bare)), "scheme-missing certain");
    let accepted = || get("/other").at(-9.0).auth(bare).answer(200);
    let asked = get("/other").at(-9.5).answer(401);
    assert!(!last([asked.clone(), accepted(), refused(bare)]).contains("scheme-missing"));
    let malformed = refused(bare).body("{\"error\":\"malformed token\"}");
    assert_eq!(last([asked, accepted(), malformed]), "scheme-missing certain", "it says so");
    assert_eq!(last([accepted(), refused(bare)]), "scheme-missing certain", "an open page");
}

#[test]
fn a_header_that_was_accepted_before_has_the_right_name() {
    let with = |talk: Talk| talk.header("X-Auth", "Bearer abcdefgh");
    let now = || with(get("/")).answer(401).asks("Bearer");
    assert_eq!(verdict(now()), "wrong-header-name likely");
    let asked = get("/other").at(-9.5).answer(401);
    let accepted = with(get("/other").at(-9.0)).answer(200);
    assert!(!last([asked, accepted, now()]).contains("wrong-header-name"));
}

#[test]
fn credentials_for_the_server_do_not_open_a_tunnel() {
    let tunnel = |status: u16| request("CONNECT", "h:443").auth(ALICE).answer(status);
    assert_eq!(verdict(tunnel(401)), "proxy-auth-confusion likely");
    let asked = tunnel(407).with("Proxy-Authenticate", "Basic realm=\"p\"");
    assert_eq!(verdict(asked), "proxy-auth-confusion likely");
    let through = get("http://h/x").auth(ALICE).answer(401).asks("Basic realm=\"app\"");
    assert_eq!(verdict(through.with("Via", "1.1 squid")), "wrong-password likely");
}

#[test]
fn a_user_who_failed_often_and_is_then_turned_away_is_probably_locked() {
    let wrong = |n: u32| {
        let login = STANDARD.encode(format!("alice:guess{}", n % 2));
        get("/").at(f64::from(n)).auth(&format!("Basic {login}")).answer(401)
    };
    let then = |failures: u32, status: u16| {
        let end = get("/").at(9.0).auth(ALICE).answer(status);
        last((0..failures).map(wrong).chain([end]))
    };
    for status in [403, 503] {
        assert_eq!(then(5, status), "lockout-or-throttle likely", "{status}");
        assert_eq!(then(2, status), "none", "{status}");
    }
    assert_eq!(then(5, 404), "none");
}

#[test]
fn a_library_without_kerberos_never_answers_negotiate() {
    let ask = |at: f64, agent: &str| {
        get("/").at(at).header("User-Agent", agent).answer(401).asks("Negotiate")
    };
    let go = "Go-http-client/1.1";
    assert_eq!(last([ask(0.0, go), ask(9.0, go)]), "client-refuses-scheme likely");
    assert_eq!(last([ask(0.0, go)]), "no-credentials-sent certain");
    assert_ne!(last([ask(0.0, "curl/8"), ask(9.0, "curl/8")]), "client-refuses-scheme likely");
}

#[test]
fn an_ntlm_handshake_needs_a_connection_that_stays() {
    let begun = || get("/").auth(TYPE1).answer(401).asks(TYPE2);
    assert_eq!(verdict(begun().with("Connection", "close")), "ntlm-connection-broken certain");
    assert!(!verdict(begun()).contains("broken"));
    let again = |n: u64| begun().at(n as f64).on(n + 1);
    assert_eq!(last((0..3).map(again)), "ntlm-connection-broken likely");
    assert!(!last((0..2).map(again)).contains("broken"));
}

#[test]
fn a_login_may_be_for_another_path_or_address() {
    let accepted = |path: &str| get(path).auth(ALICE).answer(200);
    let asked = |path: &str| get(path).at(-1.0).answer(401).asks("Basic realm=\"x\"");
    let here = || get("/admin").at(2.0).auth(ALICE).answer(401).asks("Basic realm=\"x\"");
    assert_eq!(last([asked("/app"), accepted("/app"), here()]), "works-elsewhere likely");
    let open = || get("/app").at(-1.0).answer(200);
    assert_eq!(last([open(), accepted("/app"), here()]), "wrong-password likely", "an open page");
    let moved = [get("/admin").auth(ALICE).answer(200), here().to("10.0.0.2:80")];
    assert_eq!(last(moved.clone()), "works-elsewhere likely");
    assert!(explanation(moved).contains("accepted at 10.0.0.1:80 but not at 10.0.0.2:80"));
}

#[test]
fn a_push_needs_a_login_where_a_fetch_needs_none() {
    let refs = |service: &str| get(&format!("/r.git/info/refs?service=git-{service}"));
    let push = || refs("receive-pack").at(1.0).answer(401).asks("Basic realm=\"git\"");
    let fetch = |status: u16| refs("upload-pack").answer(status).asks("Basic realm=\"git\"");
    assert_eq!(last([fetch(200), push()]), "method-specific-auth likely");
    assert!(!last([fetch(401), push()]).contains("method-specific"));
}

#[test]
fn a_key_that_no_accepted_token_names_may_be_new() {
    let token = |kid: &str, sub: &str| {
        let header = format!(r#"{{"alg":"HS256","kid":"{kid}"}}"#);
        format!("Bearer {}", jwt(&header, &format!(r#"{{"iss":"i","sub":"{sub}"}}"#)))
    };
    let accepted = || get("/").auth(&token("k1", "a")).answer(200);
    let now = |kid: &str| refused(&token(kid, "b")).at(1.0).asks("Bearer");
    assert_eq!(last([accepted(), now("k2")]), "jwt-signature-rejected possible");
    assert_eq!(last([accepted(), now("k1")]), "token-rejected possible");
}

#[test]
fn forms_of_tokens_that_a_server_does_not_take() {
    let signed = |alg: &str, length: usize| {
        let [header, claims] = [format!(r#"{{"alg":"{alg}"}}"#), r#"{"sub":"b"}"#.to_owned()]
            .map(|p| URL_SAFE_NO_PAD.encode(p));
        format!("Bearer {header}.{claims}.{}", URL_SAFE_NO_PAD.encode(vec![7; length]))
    };
    let accepted = get("/").auth(&signed("RS256", 256)).answer(200);
    let other = refused(&signed("HS256", 32)).at(1.0).asks("Bearer");
    assert_eq!(last([accepted.clone(), other]), "jwt-unsupported-form likely");
    let same = refused(&signed("PS256", 256)).at(1.0).asks("Bearer");
    assert_eq!(last([accepted, same]), "token-rejected possible", "the same kind of key");
    let encrypted = URL_SAFE_NO_PAD.encode(r#"{"alg":"RSA-OAEP","enc":"A256GCM"}"#);
    let encrypted = format!("Bearer {encrypted}.a2V5.aXY.dGV4dA.dGFn");
    assert_eq!(verdict(refused(&encrypted)), "jwt-unsupported-form likely");
    let paseto = "Bearer v4.public.eyJzdWIiOiJhIn0AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
    assert_eq!(verdict(refused(paseto)), "jwt-unsupported-form possible");
}

#[test]
fn a_client_that_is_refused_what_others_get_without_login_may_be_blocked() {
    let page = "<h1>401</h1>";
    let others = || get("/logo.png").from("10.0.0.8").answer(200);
    let ours = |path: &str, at: f64| get(path).at(at).answer(401).body(page);
    let all = [others(), ours("/a", 1.0), ours("/b", 2.0), ours("/logo.png", 3.0)];
    let cases = diagnose(all);
    let listed = crate::diagnosis::testing::also(&cases[3]);
    let all = format!("{} {listed:?}", why(&cases[3]));
    assert!(all.contains("blocked-by-security-rule"), "{all}");
    let two = diagnose([others(), ours("/a", 1.0), ours("/logo.png", 3.0)]);
    assert!(!why(&two[2]).contains("blocked"), "two pages are too few");
}

#[test]
fn which_clock_is_right_is_not_claimed() {
    let words = "{\"message\":\"The authorization token is not valid at the current time.\"}";
    let text = explanation([refused("Bearer opaque-4711").body(words)]);
    assert!(text.starts_with("The server's clock and the client's seem to differ"), "{text}");
}
