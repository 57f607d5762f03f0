//! Text and JSON lines: what is written, when, and how the process ends.

use std::io::{BufRead, BufReader, Read, Write};
use std::process::Stdio;
use std::time::{Duration, Instant};

use crate::wire::{
    Capture, accepted, complaint, ends_by_itself, read, refused, sample, text, why401,
};

#[test]
fn without_a_terminal_it_writes_text_and_a_summary() {
    let output = read(&sample().file(), &[]);
    let (lines, summary) = (text(&output.stdout), text(&output.stderr));
    assert!(output.status.success());
    assert_eq!(lines.lines().count(), 2, "{lines}");
    assert!(lines.contains("10.0.0.1:50001 → 10.0.0.2:8080"), "{lines}");
    assert!(lines.contains("GET api.local/three  401"), "{lines}");
    assert!(lines.contains("sent: Basic alice  asked: Basic \"here\""), "{lines}");
    assert!(summary.contains("3 exchanges, 2 × 401"), "{summary}");
    assert!(!lines.contains('\x1b'), "no colour in a pipe");
}

#[test]
fn verbose_text_says_what_to_do() {
    let capture = sample();
    let file = capture.file();
    assert!(read(&file, &["-v"]).stdout.len() > 2 * read(&file, &[]).stdout.len());
    let painted = text(&read(&file, &["--color", "always"]).stdout);
    assert!(painted.contains("\x1b[31m401\x1b[0m"), "{painted}");
}

#[test]
fn the_display_filter_decides_what_is_written() {
    let capture = sample();
    let file = capture.file();
    for (filter, count) in [("", 3), ("status:401", 2), ("status:599", 0)] {
        let output = read(&file, &["-Y", filter]);
        assert_eq!(text(&output.stdout).lines().count(), count, "{filter:?}");
    }
}

#[test]
fn a_filter_may_begin_with_its_negation() {
    let capture = sample();
    let file = capture.file();
    for (filter, count) in [("-status:401", 1), ("-status:200", 2), ("-benign", 3)] {
        let output = read(&file, &["-Y", filter]);
        assert_eq!(text(&output.stdout).lines().count(), count, "{filter:?}");
    }
    assert_eq!(read(&file, &["--fail-on", "-status:401"]).status.code(), Some(1));
    for option in ["-Y", "--fail-on"] {
        let line = complaint(&read(&file, &[option, "--json"]));
        assert!(line.contains("needs an expression before --json"), "{line}");
    }
}

#[test]
fn it_stops_after_so_many_matching_exchanges() {
    let capture = sample();
    let file = capture.file();
    assert_eq!(text(&read(&file, &["-c", "1"]).stdout).lines().count(), 1);
    assert_eq!(text(&read(&file, &["-c", "1", "-Y", ""]).stdout).lines().count(), 1);
    assert_eq!(text(&read(&file, &["-c", "9"]).stdout).lines().count(), 2);
}

#[test]
fn what_the_end_of_a_recording_settles_comes_in_its_order() {
    let mut capture = Capture::new();
    for target in ["/1", "/2", "/3", "/4"] {
        // The last one alone has not waited a second.
        let (request, response) = refused(target, "Authorization: Bearer c2VjcmV0LW9wYXF1ZQ\r\n");
        capture.conversation(request, response);
    }
    let lines = text(&read(&capture.file(), &[]).stdout);
    let places = ["/1", "/2", "/3", "/4"].map(|target| lines.find(&format!("api.local{target} ")));
    assert!(places.is_sorted() && places[0].is_some(), "{lines}");
}

#[test]
fn duration_is_packet_time_in_a_file() {
    let output = read(&sample().file(), &["--duration", "1s", "-Y", ""]);
    assert_eq!(text(&output.stdout).lines().count(), 1);
}

#[test]
fn fail_on_decides_the_exit_code_whatever_is_shown() {
    let capture = sample();
    let file = capture.file();
    let code = |words: &[&str]| read(&file, words).status.code();
    assert_eq!(code(&["--fail-on", "status:401"]), Some(1));
    assert_eq!(code(&["--fail-on", "status:401", "-Y", "status:200", "--json"]), Some(1));
    assert_eq!(code(&["--fail-on", "status:500"]), Some(0));
}

#[test]
fn secrets_are_masked_unless_asked_for() {
    let capture = sample();
    let file = capture.file();
    for format in ["--json", "--text"] {
        let masked = read(&file, &[format, "-v", "-Y", ""]);
        let masked = text(&masked.stdout) + &text(&masked.stderr);
        for secret in ["s3cretquery", "s3cretpass", "YWxpY2U6czNjcmV0cGFzcw"] {
            assert!(!masked.contains(secret), "{secret} in {masked}");
        }
    }
    let open = text(&read(&file, &["--json", "--reveal"]).stdout);
    assert!(open.contains("s3cretquery") && open.contains("YWxpY2U6czNjcmV0cGFzcw=="));
}

#[test]
fn a_reader_that_leaves_ends_it_quietly_with_0() {
    let mut capture = Capture::new();
    for number in 0..3000 {
        let (request, response) = refused(&format!("/{number}"), "");
        capture.conversation(&request, &response);
    }
    let mut child = why401()
        .arg("-r")
        .arg(capture.file())
        .arg("--json")
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut line = String::new();
    BufReader::with_capacity(64, child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(line.contains("\"schema\":1"));
    assert_eq!(output.status.code(), Some(0));
    assert_eq!(text(&output.stderr), "");
}

#[test]
fn a_full_disk_is_an_error() {
    let full = std::fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
    let output =
        why401().arg("-r").arg(sample().file()).arg("--json").stdout(full).output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(text(&output.stderr).starts_with("why401: standard output: "));
}

#[test]
fn a_file_that_ends_in_a_packet_gives_what_is_before_and_a_warning() {
    let mut capture = sample();
    let output = read(&capture.cut(10).file(), &["--json"]);
    let (lines, warning) = (text(&output.stdout), text(&output.stderr));
    assert_eq!(output.status.code(), Some(0));
    assert_eq!(lines.lines().count(), 3, "{lines}");
    assert!(lines.contains("\"ended\":\"damaged\",\"truncated\":true"), "{lines}");
    assert!(warning.starts_with("why401: warning: ") && warning.lines().count() == 1, "{warning}");
}

#[test]
fn a_file_that_is_corrupt_gives_what_is_before_and_is_an_error() {
    let file = tempfile::NamedTempFile::new().unwrap();
    // A record that is longer than any.
    let nonsense = [sample().octets(), &[0xff; 16]].concat();
    std::fs::write(file.path(), nonsense).unwrap();
    let output = why401().arg("-r").arg(file.path()).arg("--json").output().unwrap();
    let (lines, error) = (text(&output.stdout), text(&output.stderr));
    assert_eq!(output.status.code(), Some(2));
    assert_eq!(lines.lines().count(), 3, "{lines}");
    assert!(lines.contains("\"ended\":\"damaged\",\"truncated\":false"), "{lines}");
    assert!(error.contains("is corrupt from packet") && error.lines().count() == 1, "{error}");
}

#[test]
fn the_same_file_gives_the_same_lines_but_for_fingerprints() {
    let capture = sample();
    let file = capture.file();
    let plain =
        || text(&read(&file, &["--json", "--reveal", "-Y", "auth:missing or status:200"]).stdout);
    assert_eq!(plain(), plain());
}

#[test]
fn standard_input_is_read_like_a_file() {
    let mut child = why401()
        .args(["-r", "-", "--text"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(sample().octets()).unwrap();
    let output = child.wait_with_output().unwrap();
    assert_eq!(text(&output.stdout).lines().count(), 2);
}

/// Process substitution names a pipe as if it were a file.
#[test]
fn a_pipe_is_one_by_whatever_name_and_its_duration_is_that_of_the_clock() {
    let mut child = why401()
        .args(["-r", "/dev/stdin", "--text", "--duration", "1s"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    stdin.write_all(sample().octets()).unwrap();
    ends_by_itself(&mut child, "it waits for the end of the pipe");
    drop(stdin);
    // Of packet time, the second refusal comes later.
    assert_eq!(text(&child.wait_with_output().unwrap().stdout).lines().count(), 2);
}

#[test]
fn a_pipe_that_pauses_is_written_out_and_a_signal_ends_it_with_a_summary() {
    let mut capture = Capture::new();
    // Enough packet time after the first answer to settle it.
    let (request, response) = refused("/first", "");
    capture.conversation(&request, &response);
    for number in 0..700 {
        let (request, response) = accepted(&format!("/{number}"));
        capture.conversation(&request, &response);
    }
    let mut child = why401()
        .args(["-r", "-", "--json"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    stdin.write_all(capture.octets()).unwrap();
    stdin.flush().unwrap();
    let mut stdout = BufReader::new(child.stdout.take().unwrap());
    let mut line = String::new();
    stdout.read_line(&mut line).unwrap();
    assert!(line.contains("\"target\":\"/first\""), "{line}");

    let asked = Instant::now();
    let pid = rustix::process::Pid::from_child(&child);
    rustix::process::kill_process(pid, rustix::process::Signal::TERM).unwrap();
    let mut rest = String::new();
    stdout.read_to_string(&mut rest).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(0));
    assert!(asked.elapsed() < Duration::from_secs(2), "{:?}", asked.elapsed());
    assert!(rest.contains("\"ended\":\"interrupted\""), "{rest}");
    drop(stdin);
}
