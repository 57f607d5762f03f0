//! What a proxy says of the client behind it: its address, its scheme, the host that it asked for.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};

use crate::diagnosis::testing::{NOON, Talk, diagnose, get, request, why};

const ALICE: &str = "Basic YWxpY2U6c2VjcmV0";
const BROWSER: &str = "Mozilla/5.0 (X11; Linux) Chrome/120";
const PROXY: &str = "10.0.0.1";

/// A request that a proxy sends on behalf of this client.
fn on_behalf_of(client: &str, path: &str, at: f64) -> Talk {
    get(path).at(at).from(PROXY).to("10.0.0.2:8080").header("X-Forwarded-For", client)
}

/// The verdict on each of these.
fn verdicts(talks: impl IntoIterator<Item = Talk>) -> Vec<String> {
    diagnose(talks).iter().map(|case| why(case)).collect()
}

fn explanations(talks: impl IntoIterator<Item = Talk>) -> Vec<String> {
    let explained = |case: &std::sync::Arc<crate::diagnosis::Case>| {
        case.verdict.as_ref().map_or_else(String::new, |v| v.diagnosis.explanation())
    };
    diagnose(talks).iter().map(explained).collect()
}

/// A JWT of this user, issued `issued` seconds after noon.
fn token(user: &str, issued: i64) -> String {
    let claims = format!(r#"{{"sub":"{user}","iat":{},"exp":{}}}"#, NOON + issued, NOON + 9000);
    let [header, claims] = [r#"{"alg":"HS256"}"#, &claims].map(|p| URL_SAFE_NO_PAD.encode(p));
    format!("Bearer {header}.{claims}.{}", URL_SAFE_NO_PAD.encode([7; 32]))
}

#[test]
fn what_another_user_behind_the_proxy_is_given_answers_no_challenge() {
    let asked = |client: &str| on_behalf_of(client, "/x", 0.0).answer(401).asks("Basic");
    let accepted = |client: &str| on_behalf_of(client, "/x", 1.0).auth(ALICE).answer(200);
    let first = |one: &str, two: &str| verdicts([asked(one), accepted(two)]).swap_remove(0);
    assert_eq!(first("203.0.113.1", "203.0.113.2"), "no-credentials-sent certain");
    assert_eq!(
        first("203.0.113.1, 10.9.9.9", "203.0.113.2, 10.9.9.9"),
        "no-credentials-sent certain"
    );
    assert_eq!(first("203.0.113.1", "203.0.113.1"), "challenge-roundtrip certain benign");
    // A port is another one for each connection.
    assert_eq!(first("203.0.113.1:4711", "203.0.113.1:4712"), "challenge-roundtrip certain benign");
    let forwarded = |talk: Talk, client: &str| talk.header("Forwarded", &format!("for={client}"));
    let asked = || get("/x").answer(401).asks("Basic");
    let accepted = || get("/x").at(1.0).auth(ALICE).answer(200);
    let two = |client: &str| {
        verdicts([forwarded(asked(), "\"[2001:db8::1]:4711\""), forwarded(accepted(), client)])
            .swap_remove(0)
    };
    assert_eq!(two("\"[2001:db8::2]:4711\""), "no-credentials-sent certain");
    assert_eq!(two("\"[2001:db8::1]:4712\""), "challenge-roundtrip certain benign");
}

#[test]
fn a_token_of_another_user_renewed_nothing() {
    let refused = |client: &str, user: &str| {
        on_behalf_of(client, "/x", 0.0).auth(&token(user, -9)).answer(401).asks("Bearer")
    };
    let accepted = |client: &str, user: &str| {
        on_behalf_of(client, "/x", 1.0).auth(&token(user, 1)).answer(200)
    };
    let first = |one: Talk, two: Talk| verdicts([one, two]).swap_remove(0);
    let own = "203.0.113.1";
    let benign = "refreshed-and-retried likely benign";
    assert_eq!(first(refused(own, "alice"), accepted(own, "alice")), benign);
    assert!(!first(refused(own, "alice"), accepted(own, "bob")).contains("benign"));
    assert!(!first(refused(own, "alice"), accepted("203.0.113.2", "alice")).contains("benign"));
    let cookie = |client: &str, at: f64, value: &str| {
        on_behalf_of(client, "/x", at).header("User-Agent", BROWSER).header("Cookie", value)
    };
    let refused = || cookie(own, 0.0, "sid=old").answer(401).body("Session expired");
    let accepted = |client: &str| cookie(client, 1.0, "sid=new").answer(200);
    assert_eq!(first(refused(), accepted(own)), benign);
    assert_eq!(first(refused(), accepted("203.0.113.2")), "session-expired certain");
}

#[test]
fn a_cookie_that_another_user_was_given_is_not_missing() {
    let given = on_behalf_of("203.0.113.1", "/login", 0.0);
    let given = || given.clone().answer(200).with("Set-Cookie", "sid=1; Path=/; Secure");
    let me = |client: &str| on_behalf_of(client, "/me", 1.0).answer(401).body("Unauthenticated.");
    let second = |client: &str| verdicts([given(), me(client)]).swap_remove(1);
    assert_eq!(second("203.0.113.2"), "no-credentials-sent certain");
    assert_eq!(second("203.0.113.1"), "cookie-not-returned certain");
}

#[test]
fn twelve_users_behind_a_proxy_are_not_one_who_guesses() {
    let wrong = |client: &str, n: u32| {
        let login = format!("Basic {}", STANDARD.encode(format!("user{n}:pw")));
        on_behalf_of(client, "/x", f64::from(n)).auth(&login).answer(401).asks("Basic")
    };
    let all = verdicts((0..12).map(|n| wrong(&format!("203.0.113.{n}"), n)));
    assert!(all.iter().all(|why| why == "wrong-password likely"), "{all:?}");
    let one = explanations((0..12).map(|n| wrong("203.0.113.9", n))).swap_remove(11);
    assert!(one.contains("were tried from 203.0.113.9 (by way of 10.0.0.1) in"), "{one}");
}

#[test]
fn a_redirection_of_another_user_is_not_followed() {
    let sent = on_behalf_of("203.0.113.1", "/a", 0.0).auth(ALICE).answer(302);
    let sent = || sent.clone().with("Location", "/b");
    let next = |client: &str| on_behalf_of(client, "/b", 1.0).answer(401).asks("Basic");
    let second = |client: &str| verdicts([sent(), next(client)]).swap_remove(1);
    assert_eq!(second("203.0.113.2"), "no-credentials-sent certain");
    assert_eq!(second("203.0.113.1"), "redirect-dropped-auth likely");
}

#[test]
fn both_sides_of_a_proxy_are_still_one_request() {
    let outer = get("/x").header("User-Agent", BROWSER).latency(0.1).answer(401).asks("Basic");
    let outer = outer.to("10.0.0.1:80");
    let inner = on_behalf_of("10.0.0.9", "/x", 0.02).header("User-Agent", BROWSER);
    let cases = diagnose([inner.answer(401).asks("Basic"), outer]);
    assert_eq!(cases[0].verdict.as_ref().unwrap().leg_of, Some(2));
}

#[test]
fn a_secure_cookie_is_for_clients_that_spoke_https_to_the_proxy() {
    let login =
        get("/login").answer(200).with("Set-Cookie", "sid=1; Path=/; Secure; SameSite=None");
    let second = |name: &str, value: &str| {
        let me = get("/me").at(1.0).header(name, value).answer(401);
        let cases = diagnose([login.clone().header(name, value), me]);
        let diagnosis = &cases[1].verdict.as_ref().unwrap().diagnosis;
        (why(&cases[1]), diagnosis.explanation().contains("Secure"))
    };
    let fields = [
        ("X-Forwarded-Proto", "https"),
        ("X-Forwarded-Proto", "https, http"),
        ("Forwarded", "for=203.0.113.1;proto=https"),
        ("X-Forwarded-Ssl", "on"),
    ];
    for (name, value) in fields {
        let expected = ("cookie-not-returned likely".to_owned(), false);
        assert_eq!(second(name, value), expected, "{name}: {value}");
    }
    for (name, value) in [("X-Forwarded-Proto", "http"), ("Accept", "*/*")] {
        let expected = ("cookie-not-returned certain".to_owned(), true);
        assert_eq!(second(name, value), expected, "{name}: {value}");
    }
}

#[test]
fn a_dpop_proof_is_for_the_url_that_the_client_asked_for() {
    let with_proof = |htu: &str, fields: &[(&str, &str)]| {
        let claims = format!(r#"{{"htm":"GET","htu":"{htu}","iat":{NOON}}}"#);
        let proof =
            [r#"{"typ":"dpop+jwt","alg":"ES256"}"#, &claims].map(|p| URL_SAFE_NO_PAD.encode(p));
        let proof = format!("{}.{}.AAAA", proof[0], proof[1]);
        let talk = get("/x").host("app:8080").auth("DPoP opaque-token").header("DPoP", &proof);
        let talk = fields.iter().fold(talk, |talk, (name, value)| talk.header(name, value));
        verdicts([talk.answer(401).asks("DPoP error=\"invalid_token\"")]).swap_remove(0)
    };
    let host = ("X-Forwarded-Host", "api.example.com");
    let fine = "token-rejected possible";
    assert_eq!(with_proof("https://api.example.com/x", &[host]), fine);
    let forwarded = ("Forwarded", "for=203.0.113.1;host=api.example.com;proto=https");
    assert_eq!(with_proof("https://api.example.com/x", &[forwarded]), fine);
    let prefix = ("X-Forwarded-Prefix", "/v1");
    assert_eq!(with_proof("https://api.example.com/v1/x", &[host, prefix]), fine);
    assert_eq!(with_proof("http://app:8080/x", &[host]), fine);
    let other = "sender-constrained-token likely";
    assert_eq!(with_proof("https://other.example.com/x", &[host]), other);
    assert_eq!(with_proof("https://api.example.com/x", &[]), other);
    assert_eq!(with_proof("http://app:8080/y", &[]), "sender-constrained-token certain");
    assert_eq!(with_proof("https://api.example.com/y", &[host]), other);
}

#[test]
fn a_preflight_does_not_tell_what_was_sent_later() {
    let preflight = request("OPTIONS", "/api").header("Origin", "http://a");
    let preflight = preflight.header("Access-Control-Request-Method", "POST").answer(401);
    let post = request("POST", "/api").at(0.1).header("Origin", "http://a").auth(ALICE).answer(200);
    let explained = explanations([preflight, post]).swap_remove(0);
    assert!(explained.contains("a browser then does not send the real request"), "{explained}");
}

#[test]
fn a_request_on_behalf_of_another_client_is_no_leg_of_this_one() {
    let outer = || get("/x").auth("Bearer abcdefgh").latency(0.1).answer(401).asks("Bearer");
    let legs = |field: &str, value: &str, outer: Talk| {
        let inner = get("/x").at(0.02).from(PROXY).to("10.0.0.2:8080").header(field, value);
        verdicts([inner.answer(401).asks("Bearer"), outer])
    };
    let stripped = ["hop-stripped-auth certain"; 2];
    let separate = ["no-credentials-sent certain", "token-rejected possible"];
    for field in ["X-Forwarded-For", "X-Real-IP"] {
        assert_eq!(legs(field, "10.9.9.9", outer()), separate);
        assert_eq!(legs(field, "10.0.0.9", outer()), stripped);
        assert_eq!(legs(field, "10.0.0.9:51000", outer()), stripped);
        assert_eq!(legs(field, "::ffff:10.0.0.9", outer()), stripped);
    }
    assert_eq!(legs("Forwarded", "for=10.9.9.9;proto=http", outer()), separate);
    assert_eq!(legs("Forwarded", "for=\"[2001:db8::1]:4711\"", outer()), separate);
    assert_eq!(legs("Forwarded", "for=\"10.0.0.9:4711\"", outer()), stripped);
    // Further behind, with a hop between that was not captured; a list that a hop hands on as it came; a name
    // that hides who it is.
    let likely = ["hop-stripped-auth likely"; 2];
    assert_eq!(legs("X-Forwarded-For", "10.0.0.9, 10.0.0.7", outer()), likely);
    let came = outer().header("X-Forwarded-For", "192.0.2.1");
    assert_eq!(legs("X-Forwarded-For", "192.0.2.1", came.clone()), likely);
    assert_eq!(legs("X-Forwarded-For", "192.0.2.1, 10.0.0.9", came), stripped);
    assert_eq!(legs("Forwarded", "for=_hidden", outer()), likely);
}

#[test]
fn a_proxy_may_add_a_line_of_its_own_to_the_list_of_clients() {
    let outer =
        get("/x").auth("Bearer abcdefgh").header("X-Forwarded-For", "192.0.2.1").latency(0.1);
    let inner = on_behalf_of("192.0.2.1", "/x", 0.02).header("X-Forwarded-For", "10.0.0.9");
    let talks = [inner.answer(401).asks("Bearer"), outer.answer(401).asks("Bearer")];
    assert_eq!(verdicts(talks), ["hop-stripped-auth certain"; 2]);
}
