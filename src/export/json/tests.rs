use super::*;
use crate::diagnosis::testing::{Talk, diagnose, get};
use crate::http::Head;
use crate::secret::FingerprintKey;

fn masking(reveal: bool) -> Masking {
    Masking::new(reveal, FingerprintKey::from_bytes(&[7; 32]))
}

/// All talks as lines of one writer.
fn lines(talks: Vec<Talk>, reveal: bool) -> Vec<String> {
    let mut lines = Lines::new(masking(reveal));
    let write = |case: &std::sync::Arc<Case>| {
        let mut out = Vec::new();
        lines.exchange(&mut out, case);
        String::from_utf8(out).unwrap()
    };
    diagnose(talks).iter().map(write).collect()
}

/// A refusal whose page and reason name a token, and fields that name it, too.
fn refusal(authorization: &str) -> Talk {
    get("/orders")
        .auth(authorization)
        .header("X-Trace", "trace-of-planted-token-8")
        .answer(401)
        .with("Content-Type", "text/plain")
        .with("X-Error", "no planted-token-8 here")
        .body("Unknown token planted-token-8")
}

#[test]
fn what_was_written_before_is_masked_where_it_repeats_a_secret() {
    let talks = || {
        let (other, same) = ("Bearer another-token-9", "Bearer planted-token-8");
        vec![refusal(other).at(0.0), refusal(same).at(9.0), refusal(other).at(18.0)]
    };
    let written = lines(talks(), false);
    assert_eq!(written[0].matches("planted-token-8").count(), 5, "{}", written[0]);
    assert!(!written[1].contains("planted-token-8"), "{}", written[1]);
    assert_eq!(written[2].matches("planted-token-8").count(), 5, "{}", written[2]);
    assert_eq!(lines(talks(), true)[1].matches("planted-token-8").count(), 4);
}

#[test]
fn trailers_stand_beside_the_header_and_are_masked_like_it() {
    let call = |at: f64| get("/pkg.Svc/M").at(at).auth("Bearer planted-token-8").answer(200);
    let refused = call(1.0).then("grpc-status", "16").then("grpc-message", "no planted-token-8");
    let written = lines(vec![call(0.0), refused.clone(), call(2.0)], false);
    let shown = r#","headers":[],"trailers":[["grpc-status","16"],["grpc-message","no "#;
    assert!(written[1].contains(shown) && !written[1].contains("planted"), "{}", written[1]);
    assert!(!written[0].contains("trailers") && !written[2].contains("trailers"));
    assert!(lines(vec![refused], true)[0].contains(r#"["grpc-message","no planted-token-8"]]"#));
}

#[test]
fn a_line_is_the_same_whatever_was_written_before() {
    let page = |content_type: &str, body: &str| {
        let talk = get("/x").answer(401).with("Content-Type", content_type).body(body);
        talk.with("Set-Cookie", "sid=planted-cookie-1")
    };
    let talks: Vec<Talk> = [
        ("text/html", "<p>No.</p>\r\n"),
        ("text/html", "<p>No!</p>\r\n"),
        ("text/plain", "<p>No.</p>\r\n"),
        ("image/png", "<p>No.</p>\r\n"),
        ("text/html", "<p>No.</p>\r\n"),
        ("application/json", "{\"token\":\"planted-body-2\"}"),
        ("application/json", "{\"token\":\"planted-body-3\"}"),
        ("application/json", "{\"token\":\"planted-body-2\"}"),
    ]
    .iter()
    .enumerate()
    .map(|(index, (content_type, body))| page(content_type, body).at(index as f64))
    .collect();
    for reveal in [false, true] {
        let cases = diagnose(talks.clone());
        let mut together = Lines::new(masking(reveal));
        for case in &cases {
            let (mut line, mut alone) = (Vec::new(), Vec::new());
            together.exchange(&mut line, case);
            exchange(&mut alone, case, &masking(reveal));
            assert_eq!(String::from_utf8(line).unwrap(), String::from_utf8(alone).unwrap());
        }
    }
}

#[test]
fn a_repeated_password_is_masked_although_its_base64_has_a_slash() {
    // `alice:why?planted?secret-7`
    let talk = get("/x")
        .auth("Basic YWxpY2U6d2h5P3BsYW50ZWQ/c2VjcmV0LTc=")
        .answer(401)
        .with("Content-Type", "text/plain")
        .body("wrong password why?planted?secret-7");
    let written = lines(vec![talk], false);
    assert!(!written[0].contains("secret-7"), "{}", written[0]);
}

#[test]
fn a_secret_beyond_ascii_is_masked_beside_a_field_in_latin1_whatever_was_written_before() {
    // `u:pässwörtchen`
    let secret = "p\u{e4}ssw\u{f6}rtchen";
    let public = get("/a").answer(200).with("X-Echo", secret);
    let refused = get("/b").auth("Basic dTpww6Rzc3fDtnJ0Y2hlbg==").answer(401);
    let refused = refused.with("X-Echo", secret).with_octets("X-Other", b"caf\xe9");
    let written = lines(vec![public.at(0.0), refused.at(1.0)], false);
    assert!(written[0].contains(secret), "{}", written[0]);
    assert!(!written[1].contains(secret), "{}", written[1]);
}

/// The lines of one writer, each of which must be the one that a writer of its own makes.
fn lines_as_alone(cases: &[Arc<Case>]) -> Vec<String> {
    let mut together = Lines::new(masking(false));
    let mut written = Vec::new();
    for case in cases {
        let (mut line, mut alone) = (Vec::new(), Vec::new());
        together.exchange(&mut line, case);
        exchange(&mut alone, case, &masking(false));
        let line = String::from_utf8(line).unwrap();
        assert_eq!(line, String::from_utf8(alone).unwrap());
        written.push(line);
    }
    written
}

/// All within one second: their answers are looked for in one place.
fn at_once(talks: Vec<Talk>) -> Vec<Arc<Case>> {
    diagnose(talks.into_iter().enumerate().map(|(at, talk)| talk.at(at as f64 / 100.0)))
}

#[test]
fn an_answer_that_was_kept_is_masked_where_it_repeats_a_secret_of_this_request() {
    let secret = "planted-token-8";
    let answer = |talk: Talk, place: usize| {
        let said = |at: usize| if at == place { secret } else { "nothing-to-see" };
        talk.answer(401)
            .reason(said(0))
            .with("X-Error", said(1))
            .asks(&format!("Bearer realm=\"r\", error_description=\"{}\"", said(2)))
            .with("Content-Type", "text/plain")
            .body(said(3))
    };
    for place in 0..4 {
        let senders = [
            get("/a").auth("Bearer another-token-9"),
            get("/a").auth("Bearer another-token-9"),
            get("/a").auth(&format!("Bearer {secret}")),
            get("/a").auth("Basic YTpwbGFudGVkLXRva2VuLTg="),
            get("/a").header("Cookie", &format!("sid={secret}")),
            get("/a").header("X-API-Key", secret),
            get(&format!("/a?access_token={secret}")),
            get("/a").auth(&format!("Bearer {}", &secret[..7])),
            get("/a").auth(&format!("Bearer {secret}x")),
            get("/a"),
            get("/a").auth("Bearer another-token-9"),
        ];
        let cases = at_once(senders.map(|talk| answer(talk, place)).into());
        for (at, line) in lines_as_alone(&cases).iter().enumerate() {
            let holds_it = (2..7).contains(&at);
            assert_eq!(line.contains(secret), !holds_it, "{place} {at}: {line}");
            let challenges = line.split("\"challenges\":").nth(1).unwrap();
            let asked = challenges.split(",\"diagnosis\":").next().unwrap();
            assert_eq!(asked.contains(secret), !holds_it && place == 2, "{place} {at}: {line}");
        }
    }
}

#[test]
fn a_realm_and_a_token_that_repeat_a_secret_are_masked() {
    let asks = |authorization: &str| {
        let talk = get("/a").auth(authorization).answer(401);
        talk.asks("Basic realm=\"no planted-token-8\"").asks("Negotiate planted-token-8")
    };
    let talks = || vec![asks("Bearer another-token-9"), asks("Bearer planted-token-8")];
    let written = lines_as_alone(&at_once(talks()));
    assert_eq!(written[0].matches("planted-token-8").count(), 4, "{}", written[0]);
    assert!(!written[1].contains("planted-token-8"), "{}", written[1]);
}

#[test]
fn a_challenge_that_was_kept_is_masked_although_the_field_spells_the_secret_otherwise() {
    let asks = |talk: Talk| {
        talk.answer(401).asks("Bearer realm=\"r\", error_description=\"not pa\\\"ssword-1 either\"")
    };
    let talks = vec![
        asks(get("/a").auth("Bearer another-token-9")),
        // `a:pa"ssword-1`
        asks(get("/a").auth("Basic YTpwYSJzc3dvcmQtMQ==")),
        asks(get("/a").auth("Bearer another-token-9")),
    ];
    let asked = |line: &str| line.split("\"challenges\":").nth(1).unwrap().to_owned();
    let written = lines_as_alone(&at_once(talks));
    let shown = "not pa\\\"ssword-1 either";
    assert!(asked(&written[0]).contains(shown), "{}", written[0]);
    assert!(!asked(&written[1]).split("\"diagnosis\"").next().unwrap().contains("ssword-1"));
    assert!(asked(&written[2]).contains(shown), "{}", written[2]);
}

#[test]
fn a_compressed_page_is_masked_although_its_octets_do_not_hold_the_secret() {
    let page = |authorization: &str| {
        get("/a").auth(authorization).answer(401).with("Content-Type", "text/plain").body("-")
    };
    let tokens = ["another-token-9", "planted-token-8", "another-token-9"];
    let cases = at_once(tokens.map(|token| page(&format!("Bearer {token}"))).into());
    // `zlib.compress(b"Unknown token planted-token-8")`, in a stored block.
    let mut compressed = vec![0x78, 0x01, 0x01, 29, 0, 226, 255];
    compressed.extend_from_slice(b"Unknown token planted-token-8");
    compressed.extend_from_slice(&0xa919_0aed_u32.to_be_bytes());
    for hidden in [false, true] {
        let compress = |case: &Arc<Case>| {
            let mut exchange = Exchange::clone(&case.exchange);
            let response = exchange.response.as_mut().unwrap();
            let coding: &[u8] = if hidden { b"deflate" } else { b"identity" };
            let fields =
                [(&b"Content-Type"[..], &b"text/plain"[..]), (b"Content-Encoding", coding)];
            response.head = Head::from_parts(b"", b"", fields);
            response.body.start =
                if hidden { compressed.as_slice().into() } else { compressed[7..36].into() };
            Arc::new(Case { exchange: Arc::new(exchange), ..Case::clone(case) })
        };
        let cases: Vec<_> = cases.iter().map(compress).collect();
        let written = lines_as_alone(&cases);
        assert!(written[0].contains("planted-token-8"), "{}", written[0]);
        assert!(!written[1].contains("planted-token-8"), "{}", written[1]);
        assert!(written[2].contains("planted-token-8"), "{}", written[2]);
    }
}

#[test]
fn a_secret_in_one_target_is_not_carried_to_the_next_one_of_the_same_client() {
    let talk = |target: &str| {
        let talk = get(target).auth("Bearer another-token-9").header("X-Trace", "planted-token-8");
        talk.answer(401).with("X-Echo", "planted-token-8 another-token-9")
    };
    let targets = [
        "/a",
        "/a?access_token=planted-token-8",
        "/a",
        "/echo/another-token-9",
        "/a",
        "//u:planted-token-8@h/a",
        "http://u:planted-token-8@h/a",
        "http://elsewhere/a",
        "*",
        "/a",
    ];
    let written = lines_as_alone(&at_once(targets.map(talk).into()));
    for (target, line) in targets.iter().zip(&written) {
        let holds_it = target.contains("planted-token-8");
        assert_eq!(line.contains("planted-token-8"), !holds_it, "{target}: {line}");
        assert!(!line.contains("another-token-9"), "{target}: {line}");
    }
    assert!(written[7].contains("\"host\":\"elsewhere\""), "{}", written[7]);
}

#[test]
fn the_same_fields_are_read_by_what_is_asked() {
    let talk = |status: u16| {
        let talk = get("/a").auth("Basic YTpwbGFudGVkLXRva2VuLTg=");
        let talk = talk.header("Proxy-Authorization", "Basic YjpwbGFudGVkLXNlY3JldC03");
        talk.answer(status).with("X-Echo", "planted-token-8 planted-secret-7")
    };
    for line in lines_as_alone(&at_once([401, 407, 401, 407, 200].map(talk).into())) {
        assert!(!line.contains("planted-"), "{line}");
    }
}

#[test]
fn clients_that_differ_in_one_octet_are_told_apart() {
    let requests = [
        get("/a").auth("Bearer planted-token-1").header("X-A", "b"),
        get("/a").auth("Bearer planted-token-2").header("X-A", "b"),
        get("/a").auth("Bearer planted-token-2").header("X-A", "c"),
        get("/a").auth("Bearer planted-token-2").header("X-a", "c"),
        get("/a").auth("Bearer planted-token-2").header("X-", "ac"),
        get("/a").auth("Bearer planted-token-2").host("g").header("X-A", "c"),
        get("/a").auth("bearer planted-token-2").header("X-A", "c"),
    ];
    let twice = requests.iter().chain(&requests).chain(requests.iter().rev());
    let talks = twice
        .map(|talk| talk.clone().answer(401).with("X-Echo", "planted-token-1 planted-token-2"));
    for line in lines_as_alone(&at_once(talks.collect())) {
        assert_eq!(line.matches("planted-token-").count(), 1, "{line}");
    }
}
