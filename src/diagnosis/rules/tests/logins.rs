//! Requests that log in, those that only look so, and keys under names that nobody knows.

use crate::diagnosis::Case;
use crate::diagnosis::testing::{Talk, diagnose, get, request, why};

const FORM: &str = "application/x-www-form-urlencoded";
const JSON: &str = "application/json";
const WRONG: &str = "Invalid username or password";

fn login() -> Talk {
    let login = request("POST", "/login").header("Content-Type", FORM);
    login.sends("username=alice&password=hunter22").answer(401)
}

fn last(talks: impl IntoIterator<Item = Talk>) -> String {
    diagnose(talks).last().map_or_else(String::new, |case| why(case))
}

fn says(case: &Case) -> String {
    case.verdict.as_ref().unwrap().diagnosis.explanation()
}

#[test]
fn a_refused_login_is_not_explained_by_what_came_before_it() {
    let page = get("/login").answer(200).at(-5.0);
    let preflight = request("OPTIONS", "/login").answer(204).at(-5.0);
    let secure = get("/login").answer(200).with("Set-Cookie", "sid=abcdef0123; Secure").at(-5.0);
    let other = get("/home").from("10.0.0.9:5000").header("Cookie", "sid=fedcba9876").answer(200);
    for before in [page, preflight, secure, other.at(-5.0)] {
        for words in [WRONG, "Unauthorized"] {
            let talks = [before.clone(), login().body(words)];
            assert_eq!(last(talks), "wrong-password likely", "{words}");
        }
    }
}

#[test]
fn the_session_in_which_a_login_was_refused_is_not_what_was_refused() {
    let with = |talk: Talk| talk.header("Cookie", "PHPSESSID=abcdef0123");
    let style = with(get("/style.css").answer(200).at(-5.0));
    let page = with(get("/login").answer(200).at(-4.0));
    let talks = [style, page, with(login()).body(WRONG)];
    assert_eq!(last(talks), "wrong-password likely");
    let renewed = with(login()).with("Set-Cookie", "PHPSESSID=; Max-Age=0").body(WRONG);
    assert_eq!(last([renewed]), "wrong-password likely");
}

#[test]
fn a_password_in_a_body_is_no_login_where_the_server_asks_for_a_header() {
    let create = || {
        let create = request("POST", "/api/users").header("Content-Type", JSON);
        create.sends(r#"{"username":"new","password":"aaaaaaaa"}"#).answer(401)
    };
    for challenge in ["Bearer", "Basic realm=\"r\""] {
        assert_eq!(last([create().asks(challenge)]), "no-credentials-sent likely");
        let talk = create().asks(challenge).body("Not authenticated");
        assert_eq!(last([talk]), "no-credentials-sent likely");
        // Unless it has words for a login.
        assert_eq!(last([create().asks(challenge).body(WRONG)]), "wrong-password likely");
    }
    assert_eq!(last([create().body("Missing bearer token")]), "no-credentials-sent likely");
}

#[test]
fn a_server_that_names_the_header_does_not_miss_a_cookie() {
    let given = get("/").answer(200).with("Set-Cookie", "connect.sid=abcdef0123; Secure").at(-5.0);
    let other = get("/api").from("10.0.0.9:5000").header("Cookie", "sid=fedcba9876").answer(200);
    for before in [given, other.at(-5.0)] {
        let words = |words: &str| last([before.clone(), get("/api").answer(401).body(words)]);
        assert_eq!(words("Missing Authorization Header"), "no-credentials-sent certain");
        assert_eq!(words("Missing bearer token"), "no-credentials-sent certain");
        assert_eq!(words("API key required"), "api-key-missing certain");
    }
}

#[test]
fn a_secure_cookie_that_others_return_over_this_hop_is_not_held_back_by_it() {
    let other = get("/api/me").from("10.0.0.9:5000").header("Cookie", "sid=fedcba9876");
    let given = get("/").answer(200).with("Set-Cookie", "sid=abcdef0123; Secure").at(-3.0);
    let talks = [other.answer(200).at(-5.0), given, get("/api/me").answer(401)];
    let verdict = last(talks);
    assert!(verdict.ends_with(" likely"), "{verdict}");
}

#[test]
fn advice_to_log_in_again_is_no_reason() {
    let bearer =
        |words: &str| last([get("/").auth("Bearer 0123456789abcdef0123").answer(401).body(words)]);
    assert_eq!(bearer("Your token has expired! Please log in again."), "token-expired certain");
    assert_eq!(bearer("Invalid token. Please log in again!"), "token-rejected possible");
    let basic = get("/").auth("Basic YWxpY2U6eA==").answer(401);
    let basic = basic.body("Invalid credentials, please sign in again");
    assert_eq!(last([basic]), "wrong-password likely");
    assert_eq!(bearer("Please log in again"), "session-expired likely");
}

#[test]
fn a_key_that_was_refused_was_not_missing_whatever_its_name() {
    let key = "0123456789abcdef0123456789abcdef";
    let json = request("POST", "/rpc").header("Content-Type", JSON);
    for talk in [
        get(&format!("/weather?appid={key}")),
        get("/").header("Secret-Key", key),
        get("/").header("X-ApiToken", key),
        json.sends(&format!(r#"{{"apiKey":"{key}"}}"#)),
    ] {
        let case = diagnose([talk.answer(401).body("Invalid API key")]).pop().unwrap();
        assert_eq!(why(&case), "token-rejected possible");
        assert!(says(&case).contains("what looks like a key in"), "{}", says(&case));
    }
    assert_eq!(last([get("/").answer(401).body("Invalid API key")]), "api-key-missing certain");
    let basic = get("/").auth("Basic YWxpY2U6eA==").answer(401).body("Consumer key is invalid.");
    assert_eq!(last([basic]), "token-rejected possible");
}

#[test]
fn what_may_be_a_key_makes_its_absence_less_than_certain() {
    let key = "0123456789abcdef0123456789abcdef";
    let silent = |talk: Talk| last([talk.answer(401)]);
    assert_eq!(silent(get(&format!("/latest?access_key={key}"))), "no-credentials-sent likely");
    assert_eq!(silent(get("/").header("Secret-Key", key)), "no-credentials-sent likely");
    for other in ["X-CSRF-Token", "Idempotency-Key", "X-Goog-IAP-JWT-Assertion", "X-Request-Id"] {
        assert_eq!(silent(get("/").header(other, key)), "no-credentials-sent certain", "{other}");
    }
    assert_eq!(silent(get(&format!("/x?id={key}"))), "no-credentials-sent certain");
}

#[test]
fn credentials_in_a_keys_header_are_in_the_wrong_one() {
    let talk = |value: &str| get("/").header("X-API-Key", value).answer(401).asks("Bearer");
    assert_eq!(last([talk("Bearer 0123456789abcdef")]), "wrong-header-name likely");
    assert_eq!(last([talk("0123456789abcdef")]), "token-rejected possible");
    let unasked = get("/").header("X-API-Key", "Bearer 0123456789abcdef").answer(401);
    assert_eq!(last([unasked]), "token-rejected possible");
}
