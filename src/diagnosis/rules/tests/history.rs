//! What became of the same credential before, after and elsewhere.

use crate::diagnosis::testing::{Talk, Wire, also, diagnose, get, why};
use crate::limits::Limits;

/// {"alg":"HS256","typ":"JWT"} . {"sub":"a","exp":1748782800} (13:00)
const TOKEN: &str = "Bearer eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiJhIiwiZXhwIjoxNzQ4NzgyODAwfQ.1FhIXmbyTzZgNI3jcJ1X6-bsiso0nP0j2IOHc1sLeIA";
const ALICE: &str = "Basic YWxpY2U6c2VjcmV0";
const BOB: &str = "Basic Ym9iOnNlY3JldA==";

fn basic(user: &str, password: &str) -> String {
    use base64::Engine as _;
    let pair = format!("{user}:{password}");
    format!("Basic {}", base64::engine::general_purpose::STANDARD.encode(pair))
}

#[test]
fn v42_a_token_that_worked_and_stopped_was_probably_revoked() {
    let cases = diagnose([
        get("/a").at(-120.0).latency(0.0).auth(TOKEN).answer(200),
        get("/a").auth(TOKEN).answer(401).asks("Bearer"),
    ]);
    assert_eq!(why(&cases[1]), "token-revoked likely");
    let text = cases[1].verdict.as_ref().unwrap().diagnosis.explanation();
    assert!(text.contains("2 min"), "{text}");
}

#[test]
fn another_credential_that_worked_says_nothing_about_this_one() {
    let cases = diagnose([
        get("/a").at(-120.0).auth("Bearer other-token-abc").answer(200),
        get("/a").auth("Bearer this-token-abc").answer(401).asks("Bearer"),
    ]);
    assert!(!why(&cases[1]).contains("revoked"));
}

#[test]
fn an_api_key_that_worked_and_stopped_was_probably_revoked_too() {
    let with = |talk: Talk| talk.header("X-API-Key", "0123456789abcdef");
    let cases = diagnose([
        with(get("/keys").at(-5.0)).answer(200),
        with(get("/keys")).answer(401).body("{\"error\":\"Unauthorized\"}"),
    ]);
    assert_eq!(why(&cases[1]), "token-revoked likely");
}

#[test]
fn v43_by_turns_accepted_and_refused_the_backends_disagree() {
    let turn =
        |at: f64, server: &str, status: u16| get("/a").at(at).auth(TOKEN).to(server).answer(status);
    let cases = diagnose([
        turn(0.0, "10.0.0.1:80", 200),
        turn(5.0, "10.0.0.2:80", 401),
        turn(10.0, "10.0.0.1:80", 200),
        turn(15.0, "10.0.0.2:80", 401),
    ]);
    assert_eq!(why(&cases[3]), "backends-disagree likely");
    assert_eq!(why(&cases[1]), "backends-disagree likely", "known by what came later");
    let text = cases[3].verdict.as_ref().unwrap().diagnosis.explanation();
    assert!(text.contains("10.0.0.2"), "{text}");
}

#[test]
fn a_later_success_changes_the_verdict_at_once() {
    let mut wire = Wire::new();
    wire.see(&get("/a").at(-9.0).auth(TOKEN).answer(200));
    let id = wire.see(&get("/a").auth(TOKEN).answer(401).asks("Bearer"));
    assert_eq!(why(&wire.case(id)), "token-revoked likely provisional");
    wire.see(&get("/a").at(3.0).auth(TOKEN).answer(200));
    let case = wire.case(id);
    assert!(why(&case).starts_with("backends-disagree likely"));
    assert_eq!(case.verdict.as_ref().unwrap().was, Some("token-revoked"));
}

#[test]
fn v47_a_login_that_works_elsewhere_where_others_work_lacks_rights() {
    let cases = diagnose([
        get("/basic/").auth(ALICE).answer(200),
        get("/bob/").at(1.0).auth(BOB).from("10.0.0.8").answer(200),
        get("/bob/").at(2.0).auth(ALICE).answer(401).asks("Basic realm=\"Restricted Area\""),
    ]);
    assert_eq!(why(&cases[2]), "insufficient-privilege likely");
    let text = cases[2].verdict.as_ref().unwrap().diagnosis.explanation();
    assert!(text.contains("/basic/") && text.contains("alice"), "{text}");
}

#[test]
fn a_secret_in_the_path_of_another_request_is_in_no_explanation() {
    let cases = diagnose([
        get("/basic/;jsessionid=hunter2").auth(ALICE).answer(200),
        get("/bob/").at(1.0).auth(BOB).from("10.0.0.8").answer(200),
        get("/bob/").at(2.0).auth(ALICE).answer(401).asks("Basic realm=\"Restricted Area\""),
    ]);
    assert_eq!(why(&cases[2]), "insufficient-privilege likely");
    let all = format!("{:?}", cases[2].verdict);
    assert!(all.contains("/basic/;jsessionid=(masked)") && !all.contains("hunter2"), "{all}");
}

#[test]
fn an_open_page_proves_no_login() {
    let cases = diagnose([
        get("/welcome").auth(ALICE).answer(200),
        get("/welcome").at(0.5).answer(200),
        get("/bob/").at(1.0).auth(BOB).from("10.0.0.8").answer(200),
        get("/bob/").at(2.0).auth(ALICE).answer(401).asks("Basic realm=\"Restricted Area\""),
    ]);
    assert!(!why(&cases[3]).contains("privilege"));
}

/// {"alg":"HS256","typ":"JWT"} . {"iat":1748779200000,"sub":"a"}, in milliseconds
const MILLISECONDS: &str = "Bearer eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJpYXQiOjE3NDg3NzkyMDAwMDAsInN1YiI6ImEifQ.1FhIXmbyTzZgNI3jcJ1X6-bsiso0nP0j2IOHc1sLeIA";
/// {"alg":"HS256","typ":"JWT"} . {"sub":"a","token_type":"refresh"}
const REFRESH: &str = "Bearer eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiJhIiwidG9rZW5fdHlwZSI6InJlZnJlc2gifQ.1FhIXmbyTzZgNI3jcJ1X6-bsiso0nP0j2IOHc1sLeIA";

#[test]
fn an_open_page_that_takes_bad_credentials_hides_no_cause() {
    let quoted = format!("Bearer \"{}\"", &TOKEN["Bearer ".len()..]);
    let cut = TOKEN.rsplit_once('.').unwrap().0;
    let newline = basic("alice", "secret\n");
    let nothing = basic("", "");
    let causes = [
        (quoted.as_str(), "stray-characters certain"),
        (&TOKEN["Bearer ".len()..], "scheme-missing certain"),
        (cut, "jwt-malformed certain"),
        (&nothing, "empty-credentials certain"),
        (&newline, "basic-hidden-whitespace likely"),
        (ALICE, "wrong-password likely"),
        (MILLISECONDS, "jwt-time-unit likely"),
        (REFRESH, "wrong-token-kind certain"),
    ];
    for (credentials, cause) in causes {
        let page = || get("/").auth(credentials).answer(200);
        let refused = || get("/private").at(1.0).auth(credentials).answer(401);
        let last = |talks: Vec<Talk>| why(diagnose(talks).last().unwrap());
        assert_eq!(last(vec![page(), refused()]), cause, "not known to be guarded");
        let open = get("/").at(-1.0).answer(200);
        assert_eq!(last(vec![open, page(), refused()]), cause, "known to be open");
        let asked = get("/private").at(0.2).answer(401);
        let accepted = get("/private").at(0.5).auth(credentials).answer(200);
        assert_ne!(last(vec![asked, accepted, refused()]), cause, "accepted right here");
    }
}

#[test]
fn an_open_page_does_not_show_which_password_is_right() {
    let typo = |path: &str| get(path).auth(&basic("alice", "typo")).answer(200);
    let refused = || get("/admin").at(1.0).auth(ALICE).answer(401).asks("Basic realm=\"x\"");
    let last = |talks: Vec<Talk>| why(diagnose(talks).last().unwrap());
    assert_eq!(last(vec![typo("/"), refused()]), "wrong-password likely");
    let open = get("/").at(-1.0).answer(200);
    assert_eq!(last(vec![open, typo("/"), refused()]), "wrong-password likely");
    let asked = get("/data").at(-1.0).answer(401).asks("Basic realm=\"x\"");
    assert_eq!(last(vec![asked, typo("/data"), refused()]), "wrong-password certain");
}

#[test]
fn a_token_is_not_its_own_forgery() {
    let open = get("/").auth(TOKEN).answer(200);
    let refused = get("/private").at(1.0).auth(TOKEN).answer(401);
    assert!(!why(&diagnose([open, refused])[1]).contains("signature"));
}

#[test]
fn v62_a_login_accepted_on_another_port_is_at_the_wrong_address() {
    let cases = diagnose([
        get("/").host("h:8080").to("10.0.0.1:8080").auth(ALICE).answer(200),
        get("/").at(1.0).host("h:8081").to("10.0.0.1:8081").auth(ALICE).answer(401),
    ]);
    assert_eq!(why(&cases[1]), "works-elsewhere likely");
    let text = cases[1].verdict.as_ref().unwrap().diagnosis.explanation();
    assert!(text.contains("h:8080") && text.contains("port"), "{text}");
}

#[test]
fn a_login_accepted_here_too_is_not_at_the_wrong_address() {
    let cases = diagnose([
        get("/").host("h:8080").to("10.0.0.1:8080").auth(ALICE).answer(200),
        get("/").at(0.5).host("h:8081").to("10.0.0.1:8081").auth(ALICE).answer(200),
        get("/").at(1.0).host("h:8081").to("10.0.0.1:8081").auth(ALICE).answer(401),
    ]);
    assert!(!why(&cases[2]).contains("works-elsewhere"));
}

#[test]
fn servers_behind_one_proxy_are_no_matter_of_names() {
    let leg = |at: f64, latency: f64, server: &str, status: u16| {
        let behind = server != "10.0.0.1:80";
        let talk = get("/a").at(at).latency(latency).auth(TOKEN).to(server).host("h");
        let talk =
            if behind { talk.from("10.0.0.1").header("X-Forwarded-For", "10.0.0.9") } else { talk };
        talk.answer(status).asks("Bearer")
    };
    let through = |one: &str, other: &str| {
        diagnose([
            leg(0.01, 0.02, one, 200),
            leg(0.0, 0.05, "10.0.0.1:80", 200),
            leg(1.01, 0.02, other, 401),
            leg(1.0, 0.05, "10.0.0.1:80", 401),
        ])
    };
    for (one, other) in [("10.0.0.1:9000", "10.0.0.1:9001"), ("10.0.0.2:80", "10.0.0.3:80")] {
        let cases = through(one, other);
        assert!(!why(&cases[2]).contains("works-elsewhere"), "{other}: {}", why(&cases[2]));
    }
}

#[test]
fn the_same_login_that_works_from_another_client_may_be_blocked_from_this_one() {
    let cases = diagnose([
        get("/").from("10.0.0.8").auth(ALICE).answer(200),
        get("/").at(1.0).auth(ALICE).answer(401).asks("Basic realm=\"x\""),
    ]);
    let all = format!("{} {:?}", why(&cases[1]), also(&cases[1]));
    assert!(all.contains("blocked-by-security-rule"), "{all}");
    let cases = diagnose([
        get("/").from("10.0.0.8").auth(ALICE).answer(200),
        get("/").at(0.5).auth(ALICE).answer(200),
        get("/").at(1.0).auth(ALICE).answer(401).asks("Basic realm=\"x\""),
    ]);
    assert!(!why(&cases[2]).contains("blocked"));
}

#[test]
fn v54_a_server_that_says_so_locks_after_failures() {
    let mut talks: Vec<Talk> = (0..6)
        .map(|n| {
            get("/login")
                .at(f64::from(n) * 10.0)
                .auth(&basic("admin", "wrong"))
                .answer(401)
                .asks("Basic realm=\"x\"")
        })
        .collect();
    talks.push(
        get("/login")
            .at(60.0)
            .auth(&basic("admin", "wrong"))
            .answer(401)
            .body("{\"message\":\"Too many login attempts. Retry later.\"}"),
    );
    let cases = diagnose(talks);
    assert_eq!(why(&cases[6]), "lockout-or-throttle certain");
    assert!(cases[..6].iter().all(|case| why(case) == "wrong-password likely"));
    let text = cases[6].verdict.as_ref().unwrap().diagnosis.explanation();
    assert!(text.contains('6') && text.contains("admin"), "{text}");
}

#[test]
fn v55_a_dozen_passwords_in_a_minute_look_like_guessing() {
    let attempt = |n: u32| {
        get("/")
            .at(f64::from(n) * 5.0)
            .auth(&basic("admin", &format!("guess{n}")))
            .answer(401)
            .asks("Basic realm=\"x\"")
    };
    let cases = diagnose((0..12).map(attempt));
    assert_eq!(why(&cases[11]), "password-guessing likely");
    assert_eq!(also(&cases[11]), ["wrong-password"]);
    // The same wrong password, as often, is a program that does not back off.
    let cases = diagnose((0..12).map(|n| attempt(0).at(f64::from(n) * 5.0)));
    assert!(!why(&cases[11]).contains("guessing"));
    assert_eq!(cases[11].verdict.as_ref().unwrap().repeat, 12);
}

#[test]
fn a_storm_of_which_no_proxy_has_another_leg_is_told_at_once() {
    let settled_before_the_end = |alone: bool| {
        let mut wire = Wire::new().unfollowed();
        for number in 0..8 {
            let talk =
                get("/").at(f64::from(number) / 100.0).auth(&basic("job", "stale")).answer(401);
            wire.see(&if alone { talk.alone() } else { talk });
        }
        wire.emitted.iter().map(|case| case.id()).collect::<Vec<_>>()
    };
    // The first ones wait for what may still explain them.
    assert_eq!(settled_before_the_end(true), [5, 6, 7, 8]);
    assert_eq!(settled_before_the_end(false), [0; 0]);
}

#[test]
fn the_same_refused_credential_again_and_again_is_a_storm() {
    let attempt =
        |n: u32, gap: f64| get("/").at(f64::from(n) * gap).auth("Bearer abcdefgh").answer(401);
    let storm = |cases: &[std::sync::Arc<crate::diagnosis::Case>]| {
        let notes = &cases[6].verdict.as_ref().unwrap().notes;
        notes.iter().any(|note| note.id == crate::diagnosis::NoteId::RetryStorm)
    };
    assert!(storm(&diagnose((0..7).map(|n| attempt(n, 1.0)))));
    assert!(!storm(&diagnose((0..7).map(|n| attempt(n, 40.0)))));
}

#[test]
fn guesses_are_found_although_another_program_on_the_machine_is_refused_later() {
    let guess = |n: u32| {
        let login = basic("admin", &format!("guess{n}"));
        get("/").at(f64::from(n) / 100.0).header("User-Agent", "curl/8").auth(&login).answer(401)
    };
    let other = |n: u32| {
        get("/other").at(0.2 + f64::from(n) / 1000.0).auth(&basic("job", "stale")).answer(401)
    };
    let mut wire = Wire::new().unfollowed();
    let ids: Vec<u64> = (0..12).map(|n| wire.see(&guess(n))).collect();
    for n in 0..100 {
        wire.see(&other(n));
    }
    wire.finish();
    assert_eq!(why(&wire.case(ids[11])), "password-guessing likely");
}

#[test]
fn a_realm_that_repeats_the_password_is_masked() {
    let login = basic("alice", "hunter2hunter2");
    let cases =
        diagnose([get("/").auth(&login).answer(401).asks("Basic realm=\"no hunter2hunter2\"")]);
    let diagnosis = &cases[0].verdict.as_ref().unwrap().diagnosis;
    let realm = diagnosis.evidence.iter().find(|one| one.field == "response.challenge.realm");
    assert_eq!(realm.unwrap().value, "no (masked)");
}

#[test]
fn a_person_who_finds_the_password_was_not_guessing() {
    let attempt =
        |n: u32| get("/").at(f64::from(n)).auth(&basic("admin", &format!("guess{n}"))).answer(401);
    let mut talks: Vec<Talk> = (0..6).map(attempt).collect();
    talks.push(get("/").at(7.0).auth(&basic("admin", "right")).answer(200));
    talks.extend((8..13).map(attempt));
    assert!(diagnose(talks).iter().all(|case| !why(case).contains("guessing")));
}

#[test]
fn v63_a_server_whose_clock_is_ahead_finds_tokens_expired() {
    // {"alg":"HS256","typ":"JWT"} . {"sub":"a","exp":1748779260} (12:01)
    let token = "Bearer eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiJhIiwiZXhwIjoxNzQ4Nzc5MjYwfQ.1FhIXmbyTzZgNI3jcJ1X6-bsiso0nP0j2IOHc1sLeIA";
    let date =
        |minute: u32, second: u32| format!("Sun, 01 Jun 2025 12:{minute:02}:{second:02} GMT");
    let earlier = |n: u32| get("/").at(-f64::from(n)).answer(200).with("Date", &date(4, 60 - n));
    let refused = get("/a")
        .auth(token)
        .answer(401)
        .with("Date", &date(5, 0))
        .body("{\"detail\":\"Unauthorized\"}");
    let cases = diagnose([earlier(3), earlier(2), earlier(1), refused.clone()]);
    assert_eq!(why(&cases[3]), "clock-skew likely");
    let text = cases[3].verdict.as_ref().unwrap().diagnosis.explanation();
    assert!(
        text.contains("5 min ahead of the capturing machine's"),
        "which of the two is right is not known: {text}"
    );
    assert!(text.contains("expired"), "{text}");
    // If all servers differ alike, it is the capturing machine that is off.
    let elsewhere = |n: u32| earlier(n).to("10.0.0.3:80");
    let cases = diagnose([
        earlier(3),
        elsewhere(3),
        earlier(2),
        elsewhere(2),
        earlier(1),
        elsewhere(1),
        refused,
    ]);
    assert!(!why(&cases[6]).contains("clock-skew"));
}

#[test]
fn the_nearest_success_is_of_the_same_client_first() {
    let cases = diagnose([
        get("/a").auth(BOB).from("10.0.0.8").answer(200),
        get("/a").at(1.0).auth(ALICE).answer(200),
        get("/a").at(2.0).auth(BOB).answer(401),
        get("/b").at(3.0).auth(BOB).answer(401),
        get("/c").at(4.0).answer(401),
    ]);
    let nearest = |n: usize| {
        cases[n].verdict.as_ref().unwrap().nearest_success.as_ref().map(|case| case.id())
    };
    assert_eq!((nearest(2), nearest(3), nearest(4)), (Some(2), Some(1), None));
}

#[test]
fn a_digest_answer_to_another_realm_contradicts_the_challenge() {
    let answer = |realm: &str| {
        format!(
            "Digest username=\"alice\", realm=\"{realm}\", nonce=\"N1\", uri=\"/\", qop=auth, \
             nc=00000001, cnonce=\"abcdef\", response=\"ee44660a996002d6d6780c7a90a2e880\""
        )
    };
    let ask =
        |talk: Talk| talk.answer(401).asks("Digest realm=\"zone\", nonce=\"N1\", qop=\"auth\"");
    let cases = diagnose([ask(get("/")), ask(get("/").at(0.1).auth(&answer("other")))]);
    assert_eq!(why(&cases[1]), "digest-parameter-mismatch likely");
    let cases = diagnose([ask(get("/")), ask(get("/").at(0.1).auth(&answer("zone")))]);
    assert!(!why(&cases[1]).contains("mismatch"));
}

#[test]
fn the_same_input_gives_the_same_output() {
    let run = || {
        let talks = (0..200_u32).map(|n| {
            let client = format!("10.0.1.{}", n % 7);
            let talk = get(&format!("/{}", n % 11)).at(f64::from(n) * 0.3).from(&client);
            let talk =
                if n % 3 == 0 { talk } else { talk.auth(&basic("u", &(n % 13).to_string())) };
            talk.answer(if n % 4 == 0 { 200 } else { 401 }).asks("Basic realm=\"x\"")
        });
        let mut wire = Wire::new();
        for talk in talks {
            wire.see(&talk);
        }
        wire.finish();
        let line = |case: &std::sync::Arc<crate::diagnosis::Case>| {
            let verdict = case.verdict.as_ref();
            let text = verdict.map(|v| (v.diagnosis.explanation(), v.diagnosis.related.clone()));
            format!("{} {} {:?} {text:?}", case.id(), why(case), also(case))
        };
        wire.emitted.iter().map(line).collect::<Vec<_>>()
    };
    assert_eq!(run(), run());
}

#[test]
fn one_account_tried_from_many_addresses_is_guessing() {
    let attempts = |clients: u32| {
        diagnose((0..6).map(|n| {
            get("/")
                .at(f64::from(n) * 5.0)
                .from(&format!("10.0.1.{}", n % clients))
                .auth(&basic("admin", &format!("guess{n}")))
                .answer(401)
        }))
    };
    assert_eq!(why(&attempts(6)[5]), "password-guessing likely");
    assert!(!why(&attempts(2)[5]).contains("guessing"), "two people may forget a password");
}

#[test]
fn a_digest_count_that_goes_backwards_contradicts_the_nonce() {
    let login = |at: f64, nc: u32| {
        get("/").at(at).auth(&format!(
            "Digest username=\"alice\", realm=\"zone\", nonce=\"N1\", uri=\"/\", qop=auth, \
             nc={nc:08x}, cnonce=\"abcdef\", response=\"ee44660a996002d6d6780c7a90a2e880\""
        ))
    };
    let refused =
        |talk: Talk| talk.answer(401).asks("Digest realm=\"zone\", nonce=\"N2\", qop=\"auth\"");
    let cases =
        diagnose([login(0.0, 1).answer(200), login(1.0, 2).answer(200), refused(login(2.0, 2))]);
    assert_eq!(why(&cases[2]), "digest-parameter-mismatch likely");
    let text = cases[2].verdict.as_ref().unwrap().diagnosis.explanation();
    assert!(text.contains("00000002"), "{text}");
    let cases =
        diagnose([login(0.0, 1).answer(200), login(1.0, 2).answer(200), refused(login(2.0, 3))]);
    assert!(!why(&cases[2]).contains("mismatch"), "it counts on");
    // Sent before the higher count was answered: requests may overtake each other.
    let cases =
        diagnose([login(0.0, 2).latency(3.0).answer(200), refused(login(1.0, 1).latency(4.0))]);
    assert!(!why(&cases[1]).contains("mismatch"));
}

#[test]
fn a_hidden_line_break_is_the_cause_although_the_user_gets_in_later() {
    let later = |first: &str| {
        why(&diagnose([
            get("/").auth(&basic("alice", first)).answer(401),
            get("/").at(20.0).auth(&basic("alice", "secret")).answer(200),
        ])[0])
    };
    assert_eq!(later("secret\n"), "basic-hidden-whitespace likely");
    assert_eq!(later("wrong"), "wrong-password certain");
}

#[test]
fn a_digest_answer_with_another_opaque_contradicts_the_challenge() {
    let answer = |opaque: &str| {
        get("/").at(0.1).auth(&format!(
            "Digest username=\"alice\", realm=\"zone\", nonce=\"N1\", uri=\"/\", qop=auth, \
             nc=00000001, cnonce=\"abcdef\", response=\"ee44660a996002d6d6780c7a90a2e880\"{opaque}"
        ))
    };
    let ask = |talk: Talk| {
        talk.answer(401).asks("Digest realm=\"zone\", nonce=\"N1\", qop=\"auth\", opaque=\"5ccc\"")
    };
    let verdict = |opaque: &str| why(&diagnose([ask(get("/")), ask(answer(opaque))])[1]);
    assert_eq!(verdict(", opaque=\"other\""), "digest-parameter-mismatch likely");
    assert_eq!(verdict(""), "digest-parameter-mismatch likely");
    assert_eq!(verdict(", opaque=\"5ccc\""), "wrong-password likely");
}

#[test]
fn what_was_concluded_while_an_exchange_was_remembered_stays() {
    let mut wire = Wire::with_limits(&Limits { diagnosis_window: 3, ..Limits::default() });
    wire.see(&get("/a").at(-10.0).auth(&basic("alice", "right-one")).answer(200));
    let refused = get("/a").auth(&basic("alice", "wrong-one")).answer(401).asks("Basic realm=x");
    let id = wire.see(&refused);
    assert_eq!(why(&wire.case(id)), "wrong-password certain");
    assert!(!wire.case(id).settled, "another leg may still come");
    for other in ["/b", "/c", "/d", "/e", "/f"] {
        wire.see(&get(other).from("10.0.0.9").at(0.1).answer(200));
    }
    wire.finish();
    assert_eq!(why(&wire.case(id)), "wrong-password certain");
}

#[test]
fn who_does_not_follow_gets_every_last_word_and_nothing_before() {
    let talks = [
        get("/a").at(0.0).answer(401).asks("Basic realm=x"),
        get("/a").at(0.1).auth(ALICE).answer(200),
        get("/b").at(0.2).auth(BOB).answer(401).asks("Basic realm=x"),
        get("/c").at(0.3).auth(TOKEN).answer(401).asks("Bearer"),
        get("/d").at(0.4).answer(200),
    ];
    let followed = diagnose(talks.clone());
    let mut wire = Wire::new().unfollowed();
    for talk in &talks {
        wire.see(talk);
    }
    wire.finish();
    assert_eq!(wire.emitted.len(), talks.len());
    for case in followed {
        let own = wire.case(case.id());
        assert_eq!(why(&own), why(&case));
        assert_eq!(own.verdict.is_some(), case.verdict.is_some());
        assert!(
            own.verdict.as_ref().is_none_or(|own| own.was.is_none()),
            "nothing was said before"
        );
    }
}

#[test]
fn of_tokens_it_is_not_said_for_how_many_accounts_they_are() {
    let token = |n: u32| {
        let token = format!("Bearer 0123456789abcdef{n:016x}");
        get("/").at(f64::from(n) * 0.3).auth(&token).answer(401).asks("Bearer")
    };
    let few = diagnose((0..9).map(token));
    assert!(few.iter().all(|case| why(case) != "password-guessing likely"));
    let many = diagnose((0..14).map(token));
    assert_eq!(why(&many[13]), "password-guessing likely");
    let explained = many[13].verdict.as_ref().unwrap().diagnosis.explanation();
    assert!(explained.contains("for an unknown number of account(s)"), "{explained}");
}
