//! Proxies, redirections and caches.

use crate::diagnosis::testing::{Talk, Wire, diagnose, get, request, why};
use crate::limits::Limits;

const BASIC: &str = "Basic YWxpY2U6c2VjcmV0";
const APP: &str = "10.0.0.2:8080";

fn outer() -> Talk {
    get("/api/x").auth("Bearer abcdefgh").header("X-Request-Id", "7").latency(0.1).answer(401)
}

fn inner() -> Talk {
    get("/api/x")
        .at(0.02)
        .from("10.0.0.1")
        .to(APP)
        .header("X-Request-Id", "7")
        .answer(401)
        .asks("Bearer")
}

#[test]
fn v49_a_credential_that_a_proxy_took_away_is_seen_on_both_legs() {
    for order in [[outer(), inner()], [inner(), outer()]] {
        let cases = diagnose(order);
        assert!(cases.iter().all(|case| why(case) == "hop-stripped-auth certain"));
        let verdicts: Vec<_> = cases.iter().map(|case| case.verdict.as_ref().unwrap()).collect();
        assert!(verdicts.iter().all(|verdict| verdict.diagnosis.related.len() == 1));
        let inner_first = cases[0].exchange.connection.server.port() == 8080;
        let (inner, outer) = if inner_first { (0, 1) } else { (1, 0) };
        assert_eq!(verdicts[inner].leg_of, Some(cases[outer].id()));
        assert_eq!(verdicts[outer].leg_of, None);
    }
}

#[test]
fn a_proxy_that_hands_the_credential_on_only_links_the_legs() {
    let cases = diagnose([inner().auth("Bearer abcdefgh"), outer()]);
    assert!(cases.iter().all(|case| !why(case).contains("hop-stripped")));
    assert_eq!(cases[0].verdict.as_ref().unwrap().leg_of, Some(2));
}

#[test]
fn requests_that_only_share_a_path_are_no_legs() {
    let cases = diagnose([
        outer(),
        get("/api/x").at(0.5).from("10.0.0.1").to(APP).answer(401).asks("Bearer"),
        get("/api/x").at(0.02).from("10.0.0.7").to(APP).answer(401).asks("Bearer"),
    ]);
    assert!(cases.iter().all(|case| case.verdict.as_ref().unwrap().leg_of.is_none()));
}

#[test]
fn a_proxy_may_add_a_prefix() {
    let cases = diagnose([
        get("/x")
            .at(0.02)
            .from("10.0.0.1")
            .to(APP)
            .header("X-Forwarded-For", "10.0.0.9")
            .answer(401),
        get("/api/x").auth(BASIC).latency(0.1).answer(401),
    ]);
    assert_eq!(why(&cases[0]), "hop-stripped-auth certain");
}

#[test]
fn v40_a_redirect_to_another_origin_drops_the_credential() {
    let cases = diagnose([
        get("/x")
            .host("h:18091")
            .to("10.0.0.1:18091")
            .auth("Bearer abcdefgh")
            .answer(302)
            .with("Location", "http://h:18092/final"),
        get("/final").at(0.1).host("h:18092").to("10.0.0.1:18092").answer(401).asks("Bearer"),
    ]);
    assert_eq!(why(&cases[1]), "redirect-dropped-auth certain");
    let text = cases[1].verdict.as_ref().unwrap().diagnosis.explanation();
    assert!(text.contains("h:18091") && text.contains("h:18092"), "{text}");
}

#[test]
fn a_secret_in_a_location_is_in_no_advice() {
    for location in [
        "http://u:hunter2@h2.local/final",
        "http://h2.local/final;jsessionid=hunter2",
        "http://h2.local/final?code=hunter2",
        "http://h2.local/final#id_token=hunter2",
    ] {
        let asked = location.rsplit_once("h2.local").unwrap().1.split('#').next().unwrap();
        let cases = diagnose([
            get("/s").auth("Bearer abcdefgh").answer(302).with("Location", location),
            get(asked).at(0.1).host("h2.local").to("10.0.0.10:80").answer(401).asks("Bearer"),
        ]);
        assert_eq!(why(&cases[1]), "redirect-dropped-auth certain");
        let all = format!("{:?}", cases[1].verdict);
        assert!(all.contains("h2.local/final") && !all.contains("hunter2"), "{all}");
    }
}

#[test]
fn a_secret_in_the_way_to_a_login_is_in_no_evidence() {
    let location = "http://u:hunter2@h/login#token=hunter2";
    let cases = diagnose([
        get("/page").answer(302).with("Location", location),
        get("/page").at(1.0).answer(401).asks("Cookie").with("Location", location),
    ]);
    for case in cases {
        let all = format!("{:?}", case.verdict);
        assert!(all.contains("login") && !all.contains("hunter2"), "{all}");
    }
}

#[test]
fn a_redirect_to_somewhere_else_dropped_nothing_here() {
    let cases = diagnose([
        get("/x").auth("Bearer abcdefgh").answer(302).with("Location", "/other"),
        get("/final").at(0.1).answer(401).asks("Bearer"),
        get("/x").at(60.0).auth("Bearer abcdefgh").answer(302).with("Location", "/late"),
        get("/late").at(90.0).answer(401).asks("Bearer"),
    ]);
    assert!(cases.iter().all(|case| !why(case).contains("redirect-dropped")));
}

#[test]
fn v48_an_answer_with_an_age_came_from_a_cache() {
    let cases = diagnose([get("/").answer(401).with("Age", "37").with("X-Cache", "HIT")]);
    assert_eq!(why(&cases[0]), "cached-401 certain");
    let text = cases[0].verdict.as_ref().unwrap().diagnosis.explanation();
    assert!(text.contains("37 s"), "{text}");
}

#[test]
fn a_cache_that_missed_is_not_to_blame() {
    let cases = diagnose([get("/").answer(401).with("Age", "0").with("X-Cache", "MISS")]);
    assert!(!why(&cases[0]).contains("cached"));
}

#[test]
fn a_date_that_stands_still_is_a_cache_too() {
    let stored = |at: f64| {
        get("/").at(at).answer(401).with("Date", "Sun, 01 Jun 2025 12:00:00 GMT").body("stored")
    };
    let cases = diagnose([stored(0.0), stored(5.0)]);
    assert_eq!(why(&cases[1]), "cached-401 likely");
    let moving = stored(0.5);
    let cases = diagnose([stored(0.0), moving]);
    assert!(!why(&cases[1]).contains("cached"), "within the resolution of Date");
    // A device without a clock makes a nonce for each answer all the same.
    let made = |at: f64, nonce: &str| {
        stored(at).asks(&format!("Digest realm=\"camera\", nonce=\"{nonce}\", qop=\"auth\""))
    };
    assert!(!why(&diagnose([made(0.0, "N1"), made(5.0, "N2")])[1]).contains("cached"));
    assert_eq!(why(&diagnose([made(0.0, "N1"), made(5.0, "N1")])[1]), "cached-401 likely");
    let tagged = |at: f64, tag: &str| stored(at).with("ETag", tag);
    assert!(!why(&diagnose([tagged(0.0, "1"), tagged(5.0, "2")])[1]).contains("cached"));
}

#[test]
fn v61_two_layers_ask_for_a_login_each() {
    let cases = diagnose([
        get("/")
            .answer(401)
            .asks("Basic realm=\"traefik\"")
            .with("Content-Type", "text/html")
            .body("<h1>401</h1>"),
        get("/")
            .at(0.5)
            .auth(BASIC)
            .answer(401)
            .with("Content-Type", "application/json")
            .body("{\"message\":\"invalid username or password\"}"),
    ]);
    assert_eq!(why(&cases[1]), "two-auth-layers likely");
}

#[test]
fn one_server_that_asks_twice_is_one_layer() {
    let ask = |talk: Talk| talk.answer(401).asks("Basic realm=\"x\"").with("Server", "nginx");
    let cases = diagnose([ask(get("/")), ask(get("/").at(0.5).auth(BASIC))]);
    assert!(!why(&cases[1]).contains("layers"));
}

#[test]
fn v60_a_method_is_the_reason_only_if_reading_is_open() {
    let post = || request("POST", "/v2/a").at(1.0).answer(401).asks("Basic realm=\"Zone W\"");
    let cases = diagnose([get("/v2/a").answer(200), post()]);
    assert_eq!(why(&cases[1]), "method-specific-auth likely");
    let cases = diagnose([get("/v2/a").answer(401).asks("Basic realm=\"Zone W\""), post()]);
    assert!(!why(&cases[1]).contains("method-specific"));
}

#[test]
fn v59_windows_webdav_never_answers_basic_without_tls() {
    let ask = |at: f64, agent: &str| {
        request("PROPFIND", "/dav")
            .at(at)
            .header("User-Agent", agent)
            .answer(401)
            .asks("Basic realm=\"x\"")
    };
    let windows = "Microsoft-WebDAV-MiniRedir/10.0.19045";
    let cases = diagnose([ask(0.0, windows), ask(0.1, windows), ask(0.2, windows)]);
    assert!(cases.iter().all(|case| why(case) == "client-refuses-scheme likely"));
    let cases = diagnose([ask(0.0, "other/1"), ask(0.1, "other/1"), ask(30.0, windows)]);
    assert!(cases.iter().all(|case| why(case) != "client-refuses-scheme likely"));
}

#[test]
fn history_is_bounded_and_says_so() {
    let limits = crate::limits::Limits { diagnosis_window: 3, ..Default::default() };
    let mut wire = Wire::with_limits(&limits);
    let first = wire.see(&get("/a").auth("Bearer abcdefgh").answer(200));
    for n in 0..5 {
        wire.see(&get("/b").at(f64::from(n)).answer(200));
    }
    let late = wire.see(&get("/a").at(9.0).auth("Bearer abcdefgh").answer(401));
    wire.finish();
    assert!(!why(&wire.case(late)).contains("revoked"), "{first} was forgotten");
    assert!(wire.counters.limits.contains_key(&crate::counters::Limit::DiagnosisWindow));
}

#[test]
fn the_layer_behind_is_told_from_the_one_in_front_on_another_path_and_on_its_own_leg() {
    let asked =
        || get("/a").answer(401).asks("Basic realm=\"edge\"").with("Content-Type", "text/html");
    let app = |talk: Talk| {
        talk.auth(BASIC).answer(401).asks("Bearer").with("Content-Type", "application/json")
    };
    let through = || app(get("/b/x").at(1.0).latency(0.1));
    let behind =
        || app(get("/x").at(1.02).from("10.0.0.1").to(APP)).header("X-Forwarded-For", "10.0.0.9");
    let cases = diagnose([asked(), behind(), through()]);
    assert_eq!(why(&cases[1]), "two-auth-layers likely", "behind the proxy");
    assert_eq!(why(&cases[2]), "two-auth-layers likely", "in front of it");
    // One server may want another scheme on each path.
    let cases = diagnose([asked(), through()]);
    assert_eq!(why(&cases[1]), "scheme-mismatch likely");
    // Nobody asked for Basic: the client has the wrong scheme.
    assert_eq!(why(&diagnose([through()])[0]), "scheme-mismatch likely");
}

#[test]
fn a_request_behind_a_proxy_is_not_repeated_by_another_client_of_it() {
    let ours = || get("/x").from("10.0.0.1").to(APP).header("X-Forwarded-For", "10.0.0.9");
    let refused = || ours().at(0.02).answer(401).asks("Bearer");
    let later = || ours().at(1.0).auth("Bearer abcdefgh").answer(200);
    let outer = get("/x").auth("Bearer abcdefgh").latency(0.1).answer(401).asks("Bearer");
    let cases = diagnose([refused(), outer, later()]);
    assert_eq!(why(&cases[0]), "hop-stripped-auth certain");
    // Alone, it would be a round trip.
    let cases = diagnose([refused(), later()]);
    assert_eq!(why(&cases[0]), "challenge-roundtrip certain benign");
}

#[test]
fn a_proxy_that_asks_first_whether_a_request_is_allowed_makes_a_leg_of_it() {
    let asks = |original: &str| {
        get("/auth/verify")
            .at(0.02)
            .from("10.0.0.1")
            .to(APP)
            .header("X-Original-URI", original)
            .answer(401)
            .asks("Bearer")
    };
    let outer = || get("/shop/orders?page=2").latency(0.1).answer(401).asks("Bearer");
    for original in ["/shop/orders?page=2", "http://h/shop/orders?page=2"] {
        let cases = diagnose([asks(original), outer()]);
        assert_eq!(cases[0].verdict.as_ref().unwrap().leg_of, Some(cases[1].id()), "{original}");
    }
    let cases = diagnose([asks("/shop/other"), outer()]);
    assert_eq!(cases[0].verdict.as_ref().unwrap().leg_of, None, "it asked for another page");
    // The check was made without what the client sent.
    let cases = diagnose([asks("/shop/orders"), outer().auth("Bearer abcdefgh")]);
    assert!(cases.iter().all(|case| why(case) == "hop-stripped-auth certain"));
}

#[test]
fn a_machine_that_talks_to_itself_follows_redirections_under_several_addresses() {
    let redirected = |to: &str| {
        get("/moved")
            .from("127.0.0.1")
            .to("127.0.0.1:8080")
            .host("127.0.0.1:8080")
            .auth(BASIC)
            .answer(307)
            .with("Location", to)
    };
    let followed = |client: &str| {
        get("/new")
            .at(0.1)
            .from(client)
            .to("10.40.0.1:8080")
            .host("10.40.0.1:8080")
            .answer(401)
            .asks("Basic realm=\"x\"")
    };
    let new = "http://10.40.0.1:8080/new";
    let cases = diagnose([redirected(new), followed("10.40.0.1")]);
    assert_eq!(why(&cases[1]), "redirect-dropped-auth certain");
    let cases = diagnose([redirected(new), followed("10.40.0.7")]);
    assert_eq!(why(&cases[1]), "no-credentials-sent certain", "another machine asked");
}

#[test]
fn a_date_that_stands_still_is_a_cache_although_the_earlier_answer_took_longer() {
    let stored = |at: f64| {
        get("/").at(at).answer(401).with("Date", "Sun, 01 Jun 2025 12:00:00 GMT").body("stored")
    };
    let mut wire = Wire::new().unfollowed();
    let late = wire.see(&stored(5.0));
    wire.see(&stored(0.0));
    wire.finish();
    assert_eq!(why(&wire.case(late)), "cached-401 likely");
}

#[test]
fn a_leg_is_found_although_many_other_exchanges_come_before_it() {
    let limits = Limits { diagnosis_window: 100, ..Limits::default() };
    let mut wire = Wire::with_limits(&limits).unfollowed();
    let inner = wire.see(&inner().auth("Bearer abcdefgh"));
    for other in 0..60 {
        wire.see(&get("/other").at(0.021 + f64::from(other) / 1e4).to("10.0.9.9:80").answer(200));
    }
    let outer = wire.see(&outer());
    wire.finish();
    assert_eq!(wire.case(inner).verdict.as_ref().unwrap().leg_of, Some(outer));
}

#[test]
fn every_marker_of_a_cache_is_known_and_its_miss_is_none() {
    let verdict =
        |name: &str, value: &str| why(&diagnose([get("/").answer(401).with(name, value)])[0]);
    for (name, hit, miss) in [
        ("X-Cache-Status", "HIT", "MISS"),
        ("X-Proxy-Cache", "HIT", "BYPASS"),
        ("CF-Cache-Status", "HIT", "DYNAMIC"),
        ("Cache-Status", "edge; hit; ttl=30", "edge; fwd=miss"),
        ("X-Cache-Hits", "2", "0"),
        ("X-Varnish", "32770 3", "32770"),
        ("Age", "3", "0"),
    ] {
        assert_eq!(verdict(name, hit), "cached-401 certain", "{name}: {hit}");
        assert_eq!(verdict(name, miss), "no-credentials-sent certain", "{name}: {miss}");
    }
}
