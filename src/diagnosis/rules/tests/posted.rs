//! Credentials in the body: tokens, codes and logins that a request posts.

use crate::diagnosis::Case;
use crate::diagnosis::testing::{NOON, Talk, diagnose, get, request, why};

const FORM: &str = "application/x-www-form-urlencoded";
const JSON: &str = "application/json";

/// exp 13:00.
const JWT: &str = "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiJhIiwiZXhwIjoxNzQ4NzgyODAwfQ.1FhIXmbyTzZgNI3jcJ1X6-bsiso0nP0j2IOHc1sLeIA";

fn post(kind: &str, body: &str) -> Talk {
    request("POST", "/auth").header("Content-Type", kind).sends(body).answer(401)
}

fn verdict(talk: Talk) -> String {
    why(&diagnose([talk])[0])
}

fn explanation(case: &Case) -> String {
    case.verdict.as_ref().unwrap().diagnosis.explanation()
}

fn says(talk: Talk) -> String {
    explanation(&diagnose([talk])[0])
}

#[test]
fn a_refused_refresh_token_is_not_a_request_without_credentials() {
    let bodies = [
        (FORM, "grant_type=refresh_token&refresh_token=rt-0123456789"),
        (JSON, r#"{"refreshToken":"rt-0123456789"}"#),
        (JSON, r#"{"variables":{"input":{"refresh_token":"rt-0123456789"}}}"#),
        (FORM, "client_assertion=rt-0123456789"),
        (JSON, r#"{"id_token":"rt-0123456789"}"#),
        (FORM, "access_token=rt-0123456789"),
        (FORM, "SAMLResponse=PHNhbWw%2B"),
    ];
    for (kind, body) in bodies {
        let with = |words: &str| verdict(post(kind, body).body(words));
        assert_eq!(with("Refresh token expired"), "token-expired certain", "{body}");
        assert_eq!(with("Token was revoked"), "token-revoked certain", "{body}");
        assert_eq!(with("Unauthorized"), "token-rejected possible", "{body}");
        // Another credential is what this server looks for.
        assert_eq!(with("No authorization header"), "no-credentials-sent likely", "{body}");
        assert_eq!(with("Authentication required"), "no-credentials-sent likely", "{body}");
    }
}

#[test]
fn a_body_says_nothing_of_a_proxys_login_nor_where_it_names_no_token() {
    let body = r#"{"refresh_token":"rt-0123456789"}"#;
    let proxy = post(JSON, body).answer(407).with("Proxy-Authenticate", "Basic realm=\"x\"");
    assert_eq!(verdict(proxy), "no-credentials-sent certain");
    let login = post(JSON, r#"{"username":"alice","password":"hunter2"}"#).answer(407);
    let login = login.with("Proxy-Authenticate", "Basic realm=\"x\"").body("Invalid credentials");
    assert_eq!(verdict(login), "no-credentials-sent certain");
    let cookie = get("/").header("Cookie", "sid=abcdef").answer(407);
    let cookie = cookie.with("Proxy-Authenticate", "Basic realm=\"x\"");
    assert_eq!(verdict(cookie), "no-credentials-sent certain");
    for body in [
        r#"{"refresh":true}"#,
        r#"{"refresh":"hourly"}"#,
        r#"{"csrf_token":"a1b2c3d4e5f6"}"#,
        r#"{"tokens":["a1b2c3d4e5f6"]}"#,
        r#"{"code":"a1b2c3d4e5f6"}"#,
        r#"{"refresh_token":""}"#,
    ] {
        assert_eq!(verdict(post(JSON, body)), "no-credentials-sent certain", "{body}");
    }
}

#[test]
fn a_field_that_may_be_another_things_makes_the_absence_less_sure() {
    for (kind, body) in [(JSON, r#"{"token":"fcm-0123"}"#), (FORM, "token=abc")] {
        let with = |words: &str| verdict(post(kind, body).body(words));
        assert_eq!(with(""), "no-credentials-sent likely", "{body}");
        assert_eq!(with("Token has expired"), "token-expired certain", "{body}");
        assert_eq!(with("Invalid token"), "token-rejected possible", "{body}");
    }
    // What kind of body it is is not known, but the server speaks of what it holds.
    let soap = |words: &str| verdict(post("text/xml", "<a/>").body(words));
    assert_eq!(soap("Invalid credentials"), "no-credentials-sent likely");
    assert_eq!(soap("Unauthorized"), "no-credentials-sent certain");
    assert_eq!(soap("You didn't provide an API key."), "api-key-missing certain");
}

#[test]
fn a_posted_jwt_past_its_time_has_expired_unless_nothing_arrived() {
    let late = |name: &str, words: &str| {
        let talk = post(JSON, &format!(r#"{{"{name}":"{JWT}"}}"#)).at(7200.0).body(words);
        verdict(talk.with("Date", "Sun, 01 Jun 2025 14:00:00 GMT"))
    };
    assert_eq!(NOON, 1_748_779_200);
    for name in ["refresh", "idToken", "credential"] {
        assert_eq!(late(name, ""), "token-expired likely", "{name}");
        assert_eq!(late(name, "No token provided"), "no-credentials-sent likely", "{name}");
    }
}

#[test]
fn a_placeholder_in_the_body_is_one() {
    let talk = post(JSON, r#"{"refresh_token":"undefined"}"#);
    assert_eq!(verdict(talk), "placeholder-value certain");
}

#[test]
fn an_expired_refresh_token_is_no_expired_session_whose_cookie_goes_along() {
    let talk = post(JSON, r#"{"refreshToken":"rt-0123456789"}"#).header("Cookie", "sid=abcdef");
    assert_eq!(verdict(talk.clone().body("Refresh token expired")), "token-expired certain");
    assert!(says(talk).contains("\"refreshToken\" in the JSON body"));
}

#[test]
fn a_session_ends_whatever_its_request_posts() {
    let talk = post(JSON, r#"{"token":"fcm-0123"}"#).header("Cookie", "sid=abcdef");
    assert_eq!(verdict(talk.body("Your login has expired")), "session-expired certain");
}

#[test]
fn a_one_time_code_was_sent() {
    let talk = post(JSON, r#"{"email":"a@b.c","otp":123456}"#).body("Invalid OTP");
    assert_eq!(verdict(talk.clone()), "token-rejected possible");
    assert!(says(talk).contains("the one-time code \"otp\" in the body"));
    let login = post(JSON, r#"{"email":"a@b.c","password":"hunter2","otp":"123456"}"#);
    assert_eq!(verdict(login.body("Invalid credentials")), "wrong-password likely");
}

#[test]
fn a_login_is_one_however_its_form_is_made() {
    let part = |name: &str, value: &str| {
        format!("--b\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n")
    };
    let multipart = part("username", "alice") + &part("password", "hunter2") + "--b--\r\n";
    let logins = [
        ("multipart/form-data; boundary=b", multipart.as_str()),
        (FORM, "j_password=hunter2&j_username=alice"),
        (FORM, "user%5Bpassword%5D=hunter2&user%5Busername%5D=alice"),
        (JSON, r#"{"user":{"username":"alice","password":"hunter2"}}"#),
        (JSON, r#"{"query":"mutation","variables":{"username":"alice","password":"hunter2"}}"#),
    ];
    for (kind, body) in logins {
        let case = &diagnose([post(kind, body).body("Bad credentials")])[0];
        assert_eq!(why(case), "wrong-password likely", "{body}");
        let text = explanation(case);
        assert!(text.contains("\"alice\"") && !text.contains("hunter2"), "{text}");
    }
    // A new password is no login.
    let changed = r#"{"old_password":"a","new_password":"b"}"#;
    assert_eq!(verdict(post(JSON, changed)), "no-credentials-sent certain");
}

#[test]
fn a_password_grant_names_its_user_wherever_the_client_stands() {
    let error = r#"{"error":"invalid_grant","error_description":"Invalid user credentials"}"#;
    let body = "grant_type=password&client_id=app&client_secret=s&username=alice&password=x";
    assert!(says(post(FORM, body).body(error)).contains("login of \"alice\""));
    let error = r#"{"error":"invalid_client","error_description":"Invalid client credentials"}"#;
    assert!(says(post(FORM, body).body(error)).contains("login of \"app\""));
}

/// RFC 6749 §5.2.
#[test]
fn a_refused_grant_is_not_the_clients_login() {
    let client =
        |body: &str, answer: &str| post(FORM, body).auth("Basic YXBwOnNlY3JldA==").body(answer);
    let password = "grant_type=password&username=alice&password=x";
    let grant = r#"{"error":"invalid_grant","error_description":"Invalid user credentials"}"#;
    let talk = client(password, grant);
    assert_eq!(verdict(talk.clone()), "wrong-password likely");
    assert!(says(talk).contains("The posted login of \"alice\""));
    let refused = r#"{"error":"invalid_client"}"#;
    assert!(says(client(password, refused)).contains("The Basic login of \"app\""));
    let refresh = "grant_type=refresh_token&refresh_token=rt-0123456789";
    let talk = client(refresh, r#"{"error":"invalid_grant"}"#);
    assert_eq!(verdict(talk.clone()), "token-rejected possible");
    assert!(says(talk).contains("\"refresh_token\""));
    // Only the client's own token is about the client.
    let public = |body: &str| verdict(post(FORM, body).body(refused));
    assert_eq!(public(refresh), "no-credentials-sent likely");
    let asserted = "grant_type=refresh_token&refresh_token=rt-0123456789&client_assertion=ca-01234";
    assert!(says(post(FORM, asserted).body(refused)).contains("\"client_assertion\""));
    // The client was accepted before, and is not revoked.
    let before = client(password, "").at(-60.0).answer(200);
    let cases = diagnose([before, client(password, grant)]);
    assert_eq!(why(&cases[1]), "wrong-password likely");
}

#[test]
fn of_a_clients_secret_and_its_token_the_token_is_the_one_that_ends() {
    let body = "grant_type=refresh_token&refresh_token=rt-0123456789&client_id=a&client_secret=s";
    assert_eq!(verdict(post(FORM, body)), "token-rejected possible");
    let grant = r#"{"error":"invalid_grant"}"#;
    assert!(says(post(FORM, body).body(grant)).contains("\"refresh_token\""));
    let talk = post(FORM, body).body("Client authentication failed");
    assert_eq!(verdict(talk.clone()), "wrong-password possible");
    assert!(says(talk).contains("login of \"a\""));
}

#[test]
fn a_secret_of_the_body_that_the_server_repeats_is_masked() {
    for (kind, body) in [
        (JSON, r#"{"refresh_token":"rt-0123456789"}"#),
        (FORM, "username=alice&password=rt-0123456789"),
        (JSON, r#"{"mfa_code":"rt-0123456789"}"#),
    ] {
        let cases = diagnose([post(kind, body).body("Sorry, rt-0123456789 has expired")]);
        let all = format!("{:?}", cases[0].verdict);
        assert!(all.contains("Sorry, (masked) has") && !all.contains("rt-01"), "{body}: {all}");
    }
}

#[test]
fn a_login_in_a_soap_header_or_with_a_salted_password_is_a_login() {
    let soap = "<s:Envelope><s:Header><wsse:Security><wsse:UsernameToken>\
        <wsse:Username>alice</wsse:Username><wsse:Password>x</wsse:Password>\
        </wsse:UsernameToken></wsse:Security></s:Header><s:Body/></s:Envelope>";
    let talk = post("application/soap+xml; charset=utf-8", soap);
    assert_eq!(verdict(talk.clone()), "wrong-password likely");
    assert!(says(talk).contains("The posted login of \"alice\""));
    let anonymous = post("text/xml", "<s:Envelope><s:Body><a>b</a></s:Body></s:Envelope>");
    assert_eq!(verdict(anonymous), "no-credentials-sent certain");

    let salted = "/rest/ping.view?u=joe&t=26719a1196d2a940705a59634eb18eab&s=c19b2d";
    let query = |target: &str| verdict(get(target).answer(401));
    assert_eq!(query(salted), "wrong-password likely");
    assert_eq!(query("/search?u=joe&t=today&s=name"), "no-credentials-sent certain");
}

#[test]
fn a_login_page_after_a_refused_login_is_no_missing_cookie() {
    let page = "<p>Try again</p><form action=/login method=post>\
        <input name=username><input type=password name=password></form>";
    let answer = |talk: Talk| verdict(talk.with("Content-Type", "text/html").body(page));
    assert_eq!(answer(post(FORM, "username=a&password=b")), "wrong-password likely");
    assert_eq!(answer(get("/orders").answer(401)), "session-cookie-missing likely");
}

#[test]
fn a_server_that_gave_a_reason_is_not_said_to_have_given_none() {
    let code = |words: &str| says(post(JSON, r#"{"otp":"123456"}"#).body(words));
    assert!(code("OTP expired").contains("(\"OTP expired\") without saying more. It may be"));
    assert!(code("Unauthorized").contains("without saying why"));
}
