//! Sites that know their users by a cookie.

use crate::diagnosis::testing::{Talk, diagnose, get, request, why};

const SERVER: &str = "192.168.0.196:3000";

fn login(cookie: &str) -> Talk {
    request("POST", "/login").to(SERVER).answer(200).with("Set-Cookie", cookie)
}

fn me() -> Talk {
    get("/api/me").to(SERVER).at(2.0).answer(401)
}

#[test]
fn v41_a_secure_cookie_does_not_come_back_over_http() {
    let cases = diagnose([login("sid=1; Secure; Path=/"), me()]);
    assert_eq!(why(&cases[1]), "cookie-not-returned certain");
    let text = cases[1].verdict.as_ref().unwrap().diagnosis.explanation();
    assert!(text.contains("\"sid\"") && text.contains("Secure"), "{text}");
}

#[test]
fn on_loopback_clients_differ_about_secure() {
    let local = |talk: Talk| talk.from("127.0.0.1").to("127.0.0.1:3000");
    let cases = diagnose([local(login("sid=1; Secure; Path=/")), local(me())]);
    assert_eq!(why(&cases[1]), "cookie-not-returned likely");
    let reason = |agent: &str, host: &str| {
        let local = |talk: Talk| local(talk).host(host).header("User-Agent", agent);
        let cases = diagnose([local(login("sid=1; Secure; Path=/")), local(me())]);
        cases[1].verdict.as_ref().unwrap().diagnosis.explanation().contains("Secure")
    };
    let firefox = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0";
    let safari = "Mozilla/5.0 (Macintosh) AppleWebKit/605.1.15 (KHTML) Version/18 Safari/605.1.15";
    for host in ["localhost:3000", "app.localhost", "127.0.0.1:3000", "[::1]:3000"] {
        assert!(!reason(firefox, host) && !reason("curl/8.5.0", host), "{host}");
        assert!(reason(safari, host) && reason("python-requests/2.32", host), "{host}");
    }
    assert!(reason(firefox, "app.test:3000"));
}

#[test]
fn a_cookie_of_another_path_is_not_sent() {
    let cases = diagnose([login("sid=1; Path=/admin"), me()]);
    let text = cases[1].verdict.as_ref().unwrap().diagnosis.explanation();
    assert!(text.contains("/admin"), "{text}");
}

#[test]
fn a_cookie_that_was_deleted_or_is_sent_is_not_missed() {
    let cases =
        diagnose([login("sid=1; Secure; Path=/"), login("sid=; Path=/; Max-Age=0").at(1.0), me()]);
    assert!(!why(&cases[2]).contains("cookie-not-returned"));
    let cases = diagnose([login("sid=1; Secure; Path=/"), me().header("Cookie", "sid=1")]);
    assert!(!why(&cases[1]).contains("cookie-not-returned"));
}

#[test]
fn a_cookie_given_to_another_client_is_not_missed() {
    let cases = diagnose([login("sid=1; Secure; Path=/").from("10.0.0.77"), me()]);
    assert!(!why(&cases[1]).contains("cookie-not-returned"));
}

#[test]
fn a_site_that_asks_for_basic_does_not_miss_a_cookie() {
    let cases = diagnose([login("sid=1; Secure; Path=/"), me().asks("Basic realm=\"x\"")]);
    assert!(!why(&cases[1]).contains("cookie"));
}

#[test]
fn v57_others_log_in_with_a_cookie_here() {
    let cases = diagnose([
        get("/dash").from("10.0.0.8").header("Cookie", "laravel_session=abc").answer(200),
        get("/api/user").at(1.0).answer(401).body("{\"message\":\"Unauthenticated.\"}"),
    ]);
    assert_eq!(why(&cases[1]), "session-cookie-missing likely");
    let text = cases[1].verdict.as_ref().unwrap().diagnosis.explanation();
    assert!(text.contains("laravel_session"), "{text}");
}

#[test]
fn cookies_beside_a_header_login_say_nothing_about_the_site() {
    let cases = diagnose([
        get("/dash")
            .from("10.0.0.8")
            .header("Cookie", "laravel_session=abc")
            .auth("Bearer abcdefgh")
            .answer(200),
        get("/api/user").at(1.0).answer(401),
    ]);
    assert!(!why(&cases[1]).contains("session-cookie-missing"));
}

#[test]
fn a_login_form_in_a_refusal_means_nobody_is_logged_in() {
    let form = "<form><input name=u><input type=\"password\" name=p></form>";
    let cases = diagnose([get("/a").answer(401).with("Content-Type", "text/html").body(form)]);
    assert_eq!(why(&cases[0]), "session-cookie-missing likely");
}

#[test]
fn v56_a_refusal_that_deletes_the_cookie_ends_the_session() {
    let cases = diagnose([
        get("/a").at(-1200.0).header("Cookie", "sid=abcdef").answer(200),
        get("/a").header("Cookie", "sid=abcdef").answer(401).with("Set-Cookie", "sid=; Max-Age=0"),
    ]);
    assert_eq!(why(&cases[1]), "session-expired certain");
}

#[test]
fn a_cookie_that_worked_minutes_ago_may_have_timed_out() {
    let with = |talk: Talk| talk.header("Cookie", "sid=abcdef");
    let cases = diagnose([with(get("/a").at(-400.0)).answer(200), with(get("/a")).answer(401)]);
    assert_eq!(why(&cases[1]), "session-expired likely");
    let text = cases[1].verdict.as_ref().unwrap().diagnosis.explanation();
    assert!(text.contains("after 6 min 39 s without requests"), "{text}");
    // An anonymous visit to another page is no login.
    let cases = diagnose([with(get("/")).answer(200), with(get("/a").at(1.0)).answer(401)]);
    assert_eq!(why(&cases[1]), "token-rejected possible");
    let cases = diagnose([with(get("/a")).answer(401)]);
    assert!(!why(&cases[0]).contains("session-expired"));
}

#[test]
fn v58_the_browser_fetches_a_manifest_without_credentials() {
    let cases = diagnose([
        get("/").auth("Basic YWxpY2U6c2VjcmV0").answer(200),
        get("/manifest.json").at(2.0).answer(401).asks("Basic realm=\"x\""),
    ]);
    assert_eq!(why(&cases[1]), "browser-cannot-send likely benign");
}

#[test]
fn a_manifest_of_a_page_nobody_is_logged_in_to_is_simply_refused() {
    let cases = diagnose([
        get("/").answer(200),
        get("/manifest.json").at(2.0).answer(401).asks("Basic realm=\"x\""),
    ]);
    assert!(!why(&cases[1]).contains("browser-cannot-send"));
}

#[test]
fn a_client_that_returns_its_cookie_elsewhere_made_this_request_without_it() {
    let home = || get("/home").to(SERVER).at(1.0).header("Cookie", "sid=1").answer(200);
    let cases = diagnose([login("sid=1; Path=/"), home(), me()]);
    assert_eq!(why(&cases[2]), "session-cookie-missing likely");
    let cases = diagnose([login("sid=1; Path=/"), me()]);
    assert_eq!(why(&cases[1]), "cookie-not-returned likely");
    // What its attributes forbid is the reason all the same.
    let cases = diagnose([login("sid=1; Path=/home"), home(), me()]);
    assert_eq!(why(&cases[2]), "cookie-not-returned likely");
}
