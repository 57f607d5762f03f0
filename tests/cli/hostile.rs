//! Traffic made to do harm: to the terminal, to a parser behind a pipe, to memory.

use std::fmt::Write as _;
use std::io::Write as _;

use serde_json::Value;

use crate::shown::{cases, exports, lines, screens};
use crate::wire::{Capture, read, refused, text};

/// What a terminal or a reader may trip over.
const NASTY: [&[u8]; 9] = [
    b"\x1b[2J\x1b[31mred",
    b"\x1b]52;c;cm0gLXJm\x07",
    b"\x1b]8;;http://evil/\x1b\\link\x1b]8;;\x1b\\",
    b"\x9b31m\x9d0;title\x9c",
    "\u{202e}txt.exe\u{2066}\u{200b}\u{feff}".as_bytes(),
    b"\0\x01\x02\x7f",
    b"\xff\xfe\xc0\xaf\xed\xa0\x80",
    b"\x08\x08\x08\x0c\x0b",
    "e\u{301}\u{301}\u{301}\u{301}👨‍👩‍👧‍👦".as_bytes(),
];

/// Every field that is shown holds each of them, and one is very long.
fn nasty() -> Capture {
    let mut capture = Capture::new();
    let long = "x".repeat(20_000).into_bytes();
    for nasty in NASTY.into_iter().chain([long.as_slice()]) {
        let mut fill = |request: &str, response: &str| {
            let fill = |template: &str| {
                let mut out = Vec::new();
                for (at, part) in template.split("{}").enumerate() {
                    if at > 0 {
                        out.extend_from_slice(nasty);
                    }
                    out.extend_from_slice(part.as_bytes());
                }
                out
            };
            capture.conversation(fill(request), fill(response));
        };
        let plain = "HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n";
        fill("GET /{} HTTP/1.1\r\nHost: h{}\r\nUser-Agent: {}\r\nX-{}: {}\r\n\r\n", plain);
        fill("GET{} / HTTP/1.1\r\nHost: h\r\n\r\n", plain);
        for credential in [
            "Bearer {}",
            "{} x",
            "{}",
            "Basic {}",
            "Digest username=\"{}\", realm=\"{}\", nonce=\"n\", uri=\"{}\", response=\"r\"",
            "Bearer x\r\nCookie: {}=1\r\nX-Api-Key: {}",
        ] {
            fill(
                &format!("GET / HTTP/1.1\r\nHost: h\r\nAuthorization: {credential}\r\n\r\n"),
                plain,
            );
        }
        fill(
            "GET / HTTP/1.1\r\nHost: h\r\n\r\n",
            "HTTP/1.1 401 {}\r\nServer: {}\r\nWWW-Authenticate: Basic realm=\"{}\", {}=1\r\n\
             Content-Type: text/plain; {}\r\nSet-Cookie: {}=1\r\n\r\n{\"error\":\"{}\"} {}",
        );
    }
    capture
}

#[test]
fn lines_stay_lines_and_hold_no_control_character() {
    let capture = nasty();
    let path = capture.file();
    let all = lines(&path, &[]);
    let (_, json) = &all[0];
    assert!(json.lines().count() > 80, "{}", json.lines().count());
    for line in json.lines() {
        serde_json::from_str::<Value>(line).unwrap_or_else(|error| panic!("{error}: {line}"));
    }
    let cases = cases(&path);
    for (name, output) in all.iter().chain(&exports(&cases, true)) {
        let harmful = output.chars().find(|&c| is_harmful(c, *name == "clipboard"));
        assert_eq!(harmful, None, "{name}: {output:.300}");
    }
}

/// What acts on a terminal or turns text around. A copied tab or line break is text.
fn is_harmful(c: char, copied: bool) -> bool {
    let control = c.is_control() && c != '\n' && !(copied && c == '\t');
    control || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

#[test]
fn no_cell_of_the_screen_holds_a_control_character() {
    let capture = nasty();
    for picture in screens(&cases(&capture.file())) {
        for cell in &picture.content {
            let harmful = cell.symbol().chars().find(|&c| is_harmful(c, false) || c == '\n');
            assert_eq!(harmful, None, "{:?}", cell.symbol());
        }
    }
}

/// The summary line of a run.
fn summary(capture: &Capture, words: &[&str]) -> (Value, String) {
    let output = read(&capture.file(), &[&["--json"], words].concat());
    assert!(output.status.success(), "{}", text(&output.stderr));
    let lines = text(&output.stdout);
    (serde_json::from_str(lines.lines().last().unwrap()).unwrap(), lines)
}

#[test]
fn heads_that_are_too_large_are_bounded_and_counted() {
    let mut fields = String::new();
    for number in 0..20_000 {
        let _ = write!(fields, "X-{number}: {number}\r\n");
    }
    let mut capture = Capture::new();
    for fields in [fields, format!("X-Long: {}\r\n", "y".repeat(2 << 20))] {
        let (request, response) = refused("/bomb", &fields);
        capture.conversation(request, response);
    }
    let (request, response) = refused("/after", "");
    capture.conversation(request, response);
    let (summary, lines) = summary(&capture, &[]);
    let hits = summary["limits_hit"].as_object().unwrap();
    assert!(!hits.is_empty(), "{summary}");
    assert!(lines.contains("\"target\":\"/after\""), "what comes after is read");
    assert!(lines.len() < 2 << 20, "{}", lines.len());
}

#[test]
fn a_body_that_unpacks_without_end_is_read_to_its_bound_only() {
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    for _ in 0..64 {
        packed.write_all(&vec![b'a'; 1 << 20]).unwrap();
    }
    let packed = packed.finish().unwrap();
    let (request, _) = refused("/bomb", "");
    let head = format!(
        "HTTP/1.1 401 Unauthorized\r\nContent-Encoding: gzip\r\nContent-Type: text/plain\r\nContent-Length: {}\r\n\r\n",
        packed.len()
    );
    let mut capture = Capture::new();
    capture.conversation(request, [head.as_bytes(), &packed].concat());
    let (summary, lines) = summary(&capture, &[]);
    assert_eq!(summary["unauthorized"], 1);
    let exchange: Value = serde_json::from_str(lines.lines().next().unwrap()).unwrap();
    let shown = exchange["response"]["body_text"].as_str().map_or(0, str::len);
    assert!(shown <= 16 << 10, "{shown}");
    assert_eq!(exchange["response"]["body_bytes"], packed.len());
}

#[test]
fn patterns_that_explode_elsewhere_are_linear_or_refused() {
    let mut capture = Capture::new();
    let (request, response) = refused(&format!("/{}!", "a".repeat(8000)), "");
    capture.conversation(request, response);
    for pattern in ["path:/^\\/(a+)+$/", "path:/(a|aa)*b/", "path:/(.*)*x/"] {
        let (summary, lines) = summary(&capture, &["-Y", pattern]);
        assert_eq!(summary["unauthorized"], 1);
        assert_eq!(lines.lines().count(), 1, "{pattern} does not match");
    }
    let output = read(&capture.file(), &["-Y", "path:/(((a{999}){999}){999}){999}/"]);
    assert_eq!(output.status.code(), Some(2), "{}", text(&output.stdout));
    assert_eq!(text(&output.stderr).lines().count(), 1, "{}", text(&output.stderr));
}

#[test]
fn thousands_of_pipelined_requests_are_bounded_and_what_fits_is_answered() {
    let (request, response) = refused("/p", "");
    let mut capture = Capture::new();
    capture.conversation(request.repeat(20_000), response.repeat(20_000));
    let (summary, _) = summary(&capture, &["-Y", "status:599"]);
    let exchanges = summary["exchanges"].as_u64().unwrap();
    assert!(exchanges >= 20_000, "{summary}");
    assert_eq!(summary["unauthorized"], 20_000, "{summary}");
}

#[test]
fn answers_without_end_before_the_answer_are_counted_and_skipped() {
    let (request, response) = refused("/slow", "");
    let mut capture = Capture::new();
    let interim = "HTTP/1.1 102 Processing\r\n\r\n".repeat(30_000);
    capture.conversation(request, interim + &response);
    let (summary, lines) = summary(&capture, &[]);
    assert_eq!((&summary["exchanges"], &summary["unauthorized"]), (&1.into(), &1.into()));
    let exchange: Value = serde_json::from_str(lines.lines().next().unwrap()).unwrap();
    assert_eq!(exchange["capture"]["interim_responses"], 30_000);
}
