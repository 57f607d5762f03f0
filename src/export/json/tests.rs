use super::*;
use crate::diagnosis::testing::{Talk, diagnose, get};
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
    assert_eq!(written[0].matches("planted-token-8").count(), 3, "{}", written[0]);
    assert!(!written[1].contains("planted-token-8"), "{}", written[1]);
    assert_eq!(written[2].matches("planted-token-8").count(), 3, "{}", written[2]);
    assert_eq!(lines(talks(), true)[1].matches("planted-token-8").count(), 4);
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
