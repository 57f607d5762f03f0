//! The same problems under other statuses, and what is none.

use crate::diagnosis::testing::{diagnose, get, request, why};

#[test]
fn plain_answers_have_no_verdict() {
    let plain = [
        get("/").answer(200),
        get("/").answer(403),
        get("/").answer(404),
        get("/").auth("Basic YWxpY2U6c2VjcmV0").answer(403),
        get("/").answer(429),
        request("LOCK", "/a").answer(423),
        get("/").answer(500),
        get("/").answer(302).with("Location", "/other"),
        get("/").answer(200).body("{\"error\":\"no such thing\"}"),
        get("/login").answer(302).with("Location", "/login?again"),
    ];
    for talk in plain {
        let text = format!("{talk:?}");
        assert_eq!(why(&diagnose([talk])[0]), "none", "{text}");
    }
}

#[test]
fn a_407_always_has_a_verdict() {
    let cases = diagnose([get("http://h/").answer(407).with("Proxy-Authenticate", "Basic")]);
    assert_ne!(why(&cases[0]), "none");
}

#[test]
fn a_redirection_to_a_login_means_nobody_is_logged_in() {
    let ask = || get("/admin").answer(302).with("Location", "/accounts/login/?next=/admin");
    assert_eq!(why(&diagnose([ask()])[0]), "session-cookie-missing likely");
    let logged_in = ask().header("Cookie", "sessionid=abcdef");
    assert_eq!(why(&diagnose([logged_in])[0]), "none");
}

#[test]
fn a_graphql_error_in_a_200_is_a_refusal() {
    let body = "{\"errors\":[{\"extensions\":{\"code\":\"UNAUTHENTICATED\"}}]}";
    let cases = diagnose([request("POST", "/graphql").answer(200).body(body)]);
    assert_eq!(why(&cases[0]), "session-cookie-missing likely");
}

#[test]
fn statuses_that_name_their_cause_are_explained() {
    let status = |status: u16| why(&diagnose([get("/").answer(status)])[0]);
    assert_eq!(status(440), "session-expired likely");
    assert_eq!(status(419), "csrf-rejected likely");
    assert_eq!(status(499), "no-credentials-sent likely");
}

#[test]
fn a_limit_on_a_login_is_a_throttle() {
    let limited = get("/login").auth("Basic YWxpY2U6d3Jvbmc=").answer(429);
    assert_eq!(why(&diagnose([limited])[0]), "lockout-or-throttle certain");
}

#[test]
fn a_login_that_worked_and_is_refused_after_many_failures_is_locked() {
    let right = || get("/").auth("Basic YWxpY2U6c2VjcmV0");
    let mut talks = vec![right().answer(200)];
    talks.extend((1..6).map(|n| {
        get("/").at(f64::from(n)).from("10.0.0.8").auth("Basic YWxpY2U6d3Jvbmc=").answer(401)
    }));
    talks.push(right().at(7.0).answer(401));
    assert_eq!(why(&diagnose(talks)[6]), "lockout-or-throttle likely");
}

#[test]
fn an_invalid_token_has_a_status_of_its_own_at_esri() {
    let cases = diagnose([get("/rest?token=abcdefgh").answer(498)]);
    assert_eq!(why(&cases[0]), "token-rejected likely");
}

#[test]
fn a_login_page_instead_of_the_page_is_a_refusal() {
    let page = "<html><head><title>Sign in</title></head><form><input type=password></form></html>";
    let answer = |target: &str, page: &str| {
        let talk = get(target).answer(200).with("Content-Type", "text/html").body(page);
        why(&diagnose([talk])[0])
    };
    assert_eq!(answer("/reports/7", page), "session-cookie-missing likely");
    assert_eq!(answer("/login", page), "none", "it was asked for");
    let register = page.replace("Sign in", "Our shop");
    assert_eq!(answer("/reports/7", &register), "none", "a page that also has a form");
}
