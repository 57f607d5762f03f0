//! Commands are run by a real shell with a stand-in for curl.
use std::process::{Command, Stdio};

use proptest::prelude::*;

use super::*;
use crate::diagnosis::testing::{Talk, diagnose, get, request};
use crate::secret::FingerprintKey;

fn curl_of(talk: &Talk, reveal: bool) -> Curl {
    let cases = diagnose([talk.clone()]);
    let masking = Masking::new(reveal, FingerprintKey::from_bytes(&[1; 32]));
    command(&cases[0], &masking).unwrap()
}

fn written(talk: &Talk) -> String {
    curl_of(talk, false).to_string()
}

fn quiet(target: &str) -> Talk {
    get(target).header("Accept", "*/*").header("User-Agent", "x/1").answer(401)
}

const START: &str = "curl -sS -i --globoff --path-as-is";

#[test]
fn a_bearer_token_becomes_a_variable() {
    let curl = curl_of(&quiet("/v1?page=2").auth("Bearer abc.planted.def"), false);
    assert_eq!(
        curl.to_string(),
        format!(
            "{START} -H 'Accept: */*' -H 'User-Agent: x/1' \
             -H 'Authorization: Bearer '\"$TOKEN\" 'http://h/v1?page=2'"
        )
    );
    assert_eq!(curl.variables, [("TOKEN".to_owned(), "Authorization".to_owned())]);
    let revealed = curl_of(&quiet("/").auth("Bearer abc.planted.def"), true);
    assert!(revealed.to_string().contains("-H 'Authorization: Bearer abc.planted.def'"));
    assert!(revealed.variables.is_empty());
}

#[test]
fn schemes_that_curl_speaks_are_left_to_it() {
    let basic = quiet("/").auth("Basic YWxpY2U6c2VjcmV0");
    assert!(written(&basic).contains(" -u alice:\"$PASSWORD\" "), "{}", written(&basic));
    assert!(!written(&basic).contains("Authorization"));
    assert!(curl_of(&basic, true).to_string().contains("Basic YWxpY2U6c2VjcmV0"));
    let digest = quiet("/").auth(
        "Digest username=\"bob\", realm=\"r\", nonce=\"n\", uri=\"/\", response=\"00000000000000000000000000000000\"",
    );
    assert!(written(&digest).contains(" --digest -u bob:\"$PASSWORD\" "), "{}", written(&digest));
}

#[test]
fn what_is_no_secret_stays_as_it_was() {
    let talk = quiet("/").auth("Bearer undefined");
    assert!(written(&talk).contains("'Authorization: Bearer undefined'"));
    assert!(written(&quiet("/").header("X-Empty", "")).contains("-H 'X-Empty;'"));
}

#[test]
fn secrets_in_url_cookie_header_and_body_are_not_written() {
    let talk = request("POST", "/p?a=1&access_token=planted1&b=2")
        .header("Cookie", "sid=planted2abcdefgh1234")
        .header("X-API-Key", "planted3")
        .header("Content-Type", "application/x-www-form-urlencoded")
        .sends("user=a&password=planted4")
        .answer(401);
    let curl = curl_of(&talk, false);
    let text = curl.to_string();
    assert!(!text.contains("planted"), "{text}");
    assert!(text.contains("'http://h/p?a=1&access_token='\"$TOKEN2\"'&b=2'"), "{text}");
    assert!(text.contains("-H 'Cookie: '\"$COOKIE\"") && text.contains("'X-API-Key: '\"$TOKEN\""));
    assert_eq!(curl.remarks, ["secrets in its body are written as (masked)"]);
}

#[test]
fn a_secret_in_a_path_is_a_variable_like_any_other() {
    let curl = curl_of(&quiet("/a;jsessionid=planted1abcdefgh;v=2?x=1"), false);
    let text = curl.to_string();
    assert!(text.contains("'http://h/a;jsessionid='\"$TOKEN\"';v=2?x=1'"), "{text}");
    assert_eq!(curl.variables, [("TOKEN".to_owned(), "jsessionid".to_owned())]);
    let token = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJwbGFudGVkIn0.c2lnbmF0dXJl";
    for target in [format!("/t/{token}/x"), "http://u:planted@h/x".to_owned()] {
        let text = written(&quiet(&target));
        assert!(!text.contains("masked") && !text.contains("planted"), "{text}");
        assert!(!text.contains("eyJ") && text.contains("\"$TOKEN\""), "{text}");
    }
}

#[test]
fn a_variable_is_never_named_by_the_wire() {
    let talk = quiet("/?AWS_SECRET_ACCESS_KEY=x1y2").header("GITHUB_TOKEN", "abc").answer(401);
    let text = written(&talk);
    assert!(!text.contains("$AWS") && !text.contains("$GITHUB"), "{text}");
}

#[test]
fn the_command_goes_where_the_request_went() {
    let behind = quiet("/x").host("www.example.org").to("10.0.0.7:8000");
    assert!(written(&behind).contains("--connect-to ::10.0.0.7:8000 http://www.example.org/x"));
    let proxied = quiet("http://site.local/x").to("10.0.0.7:3128");
    assert!(written(&proxied).ends_with("-x http://10.0.0.7:3128 http://site.local/x"));
    let star = request("OPTIONS", "*").answer(401);
    assert!(written(&star).ends_with("--request-target '*' http://h/"), "{}", written(&star));
    let head = request("HEAD", "/").answer(401);
    assert!(written(&head).contains(" --head "));
    let odd = quiet("/x").host("a/b");
    assert!(written(&odd).ends_with("-H 'Host: a/b' http://10.0.0.1:80/x"), "{}", written(&odd));
}

#[test]
fn nothing_makes_curl_read_a_file() {
    let talk = request("POST", "/")
        .header("@/etc/passwd", "x")
        .header("Content-Type", "text/plain")
        .sends("@/etc/passwd")
        .answer(401);
    let curl = curl_of(&talk, false);
    let text = curl.to_string();
    assert!(text.contains("--data-raw @/etc/passwd"), "{text}");
    assert!(!text.contains("-H @") && !text.contains("-H '@"), "{text}");
    assert_eq!(curl.remarks.len(), 1);
}

/// Runs the command with `curl` replaced by a function that prints its arguments and input.
fn run(curl: &Curl) -> Vec<Vec<u8>> {
    let stub = "curl() { for word; do printf '%s\\0' \"$word\"; done; cat; }\n";
    let mut shell = Command::new("sh");
    for (name, _) in &curl.variables {
        shell.env(name, format!("value of {name}; $(x) `y`"));
    }
    let output =
        shell.arg("-c").arg(format!("{stub}{curl}")).stdin(Stdio::null()).output().unwrap();
    assert!(output.status.success() && output.stderr.is_empty(), "{curl}: {output:?}");
    output.stdout.split(|&octet| octet == 0).map(<[u8]>::to_vec).collect()
}

fn expected(curl: &Curl) -> Vec<Vec<u8>> {
    let value = |piece: &Piece| match piece {
        Piece::Text(text) => text.clone(),
        Piece::Variable(name) => format!("value of {name}; $(x) `y`").into_bytes(),
    };
    let words = curl.arguments.iter().skip(1);
    let mut words: Vec<Vec<u8>> =
        words.map(|word| word.0.iter().flat_map(value).collect()).collect();
    let input = curl.input.clone().unwrap_or_default();
    words.extend(input.split(|&octet| octet == 0).map(<[u8]>::to_vec));
    words
}

fn hostile() -> impl Strategy<Value = String> {
    prop_oneof![
        "\\PC{0,12}",
        "[ -~]{0,16}",
        "[-'\"$`\\\\!%;&|<>(){}*?~#\n\r\t\u{1b}\u{7}\u{202e}a ]{0,16}",
        Just("'; touch /tmp/x; '".to_owned()),
        Just("$(id)".to_owned()),
        Just("-o/tmp/x".to_owned()),
        Just("%s%n\\0".to_owned()),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(100))]
    #[test]
    fn the_shell_passes_on_exactly_what_was_meant(
        method in hostile(), target in hostile(), host in hostile(), name in hostile(),
        value in hostile(), auth in hostile(), body in hostile(), reveal: bool,
    ) {
        let talk = request(&method, &target)
            .host(&host)
            .header(&name, &value)
            .header("X-Api-Key", &value)
            .auth(&auth)
            .header("Content-Type", "text/plain")
            .sends(&body)
            .answer(401);
        let curl = curl_of(&talk, reveal);
        prop_assert_eq!(run(&curl), expected(&curl), "{}", curl);
        let hazardous = |c: char| c != '\n' && text::is_hazardous(c);
        prop_assert!(!curl.to_string().contains(hazardous), "pasted into a terminal");
    }
}
