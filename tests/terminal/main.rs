//! The real program in a pseudo-terminal: keys in, screen out.

#![cfg(unix)]
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test fails by panicking")]

mod pictures;
mod screen;
mod stories;
mod tour;

use std::fs::Permissions;
use std::io::Write as _;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::time::Duration;

use rustix::process::Signal;
use screen::{Program, is_root};

/// The demo's recording: more than forty 401s of many kinds.
const RECORDING: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/src/demo/demo.pcap");

/// Says loudly what is not being tested, past the test harness, which would swallow it.
fn skipped(what: &str, why: &str) {
    let _ = writeln!(std::io::stderr().lock(), "\n*** SKIPPED {what}: {why}\n");
}

/// Opens the recording and waits until it is read.
fn recording(columns: u16, rows: u16) -> Program {
    let mut program = Program::start(columns, rows, &["-r", RECORDING, "--user", "root"]);
    program.wait_for("read to its end");
    program.wait_for("row 1 of");
    program
}

#[test]
fn the_first_401_and_why_it_was_refused_are_two_keys_away() {
    let mut program = recording(80, 24);
    program.wait_for("The token has ex");
    program.press("\r");
    program.wait_for("Cause: The token has expired");
    program.press("]");
    program.wait_for("GET /v1/orders");
    let shown = program.text();
    assert!(shown.contains("Authorization:") && shown.contains("(evidence)"), "{shown}");
    assert!(shown.contains("masked"), "{shown}");
    // A terminal cannot tell Esc from the beginning of another key until something is drawn.
    program.press("\x1b");
    program.wait_for("Host and path");
    program.quit("q");
}

#[test]
fn a_filter_is_typed_live_and_says_how_many_rows_it_hides() {
    let mut program = recording(120, 40);
    program.press("/");
    program.press("host:archive");
    program.wait_for("Client dropped");
    program.press("\r");
    program.wait_for("hides");
    let shown = program.text();
    assert!(shown.contains("row 1 of 1"), "{shown}");
    program.press("!");
    program.wait_for("OFF (host:archive)");
    program.press("/");
    program.press("statsu:1");
    program.wait_for("status");
    program.press("\x1b");
    program.wait_for("OFF (host:archive)");
    program.quit("Q");
}

#[test]
fn keys_typed_faster_than_pictures_are_drawn_are_all_taken() {
    let mut program = recording(80, 24);
    program.press(&"j".repeat(20));
    program.wait_for("row 21 of");
    program.press(&"k".repeat(19));
    program.wait_for("row 2 of");
    program.quit("q");
}

#[test]
fn a_key_that_comes_in_one_read_with_esc_is_that_key() {
    let mut program = recording(80, 24);
    program.press("\r");
    program.wait_for("Cause: The token has expired");
    // Esc and F2, as xterm sends them; read as letters the last of these would leave.
    program.press("\x1b\x1bOQ");
    program.wait_for("Markdown report");
    program.press("\x1b\x1b[B");
    program.wait_for("row 2 of");
    program.quit("q");
}

#[test]
fn a_refusal_is_compared_with_a_marked_row() {
    let mut program = recording(120, 40);
    program.press("2");
    program.wait_for("Exchanges");
    program.press(" jd");
    program.wait_for("Compared with the marked row");
    program.quit("Q");
}

#[test]
fn a_report_is_saved_for_its_owner_only_and_without_secrets() {
    let mut program = recording(120, 40);
    program.press("x");
    program.wait_for("Markdown report");
    program.press("m");
    program.wait_for("Save as: why401-");
    program.press("\x15report.md\r");
    program.wait_for("Saved: report.md");
    let path = program.folder().join("report.md");
    let report = std::fs::read_to_string(&path).unwrap();
    assert!(report.contains("The token has expired"), "{report}");
    assert!(!report.contains("eyJhbGciOi"), "no token in {report}");
    assert_eq!(path.metadata().unwrap().permissions().mode() & 0o777, 0o600);

    program.press("x");
    program.press("p");
    program.wait_for("Save as: why401-");
    program.press("\x15report.md\r");
    program.wait_for("exists");
    program.press("\x15flow.pcapng\r");
    program.wait_for("Saved: flow.pcapng");
    assert!(program.folder().join("flow.pcapng").metadata().unwrap().len() > 500);
    program.quit("Q");
}

#[test]
fn an_export_that_is_not_allowed_says_what_to_do() {
    let mut program = Program::start(120, 40, &["-r", RECORDING]);
    program.wait_for("row 1 of");
    program.press("xm");
    program.wait_for("Save as: why401-");
    // As root this has become nobody; anybody else may not write there either.
    program.press("\x15/etc/why401-report.md\r");
    program.wait_for("start in another folder, or with --user root");
    program.press("\x1b");
    program.wait_for("row 1 of");
    program.quit("Q");
}

#[test]
fn a_copied_command_goes_to_the_clipboard_of_the_terminal_without_its_secret() {
    let mut program = recording(80, 24);
    program.press("y");
    program.wait_for("curl");
    program.press("c");
    program.wait_for("Copied: curl.");
    let copied = program.clipboard().expect("an OSC 52 sequence");
    assert!(copied.contains("curl -sS") && copied.contains("/v1/orders"), "{copied}");
    assert!(copied.contains('$') && !copied.contains("eyJ"), "{copied}");
    program.quit("q");
}

#[test]
fn every_view_opens_and_leads_back_to_the_exchanges_behind_a_row() {
    let mut program = recording(120, 40);
    for (key, title) in [("3", "Endpoint"), ("4", "Credentials"), ("5", "Health")] {
        program.press(key);
        program.wait_for(title);
    }
    program.press("3");
    program.wait_for("Causes");
    program.press("\r");
    program.wait_for("host=");
    program.press("?");
    program.wait_for("Move");
    program.press("q");
    program.wait_for("host=");
    program.quit("Q");
}

#[test]
fn a_resize_keeps_the_picture_whole() {
    let mut program = recording(80, 24);
    for (columns, rows) in [(200, 50), (60, 15), (30, 8), (120, 40)] {
        program.resize(columns, rows);
        program.wait_for("401s");
    }
    program.wait_for("row 1 of");
    program.quit("q");
}

/// Who waits for both and takes one of them must come back for the other.
#[test]
fn a_key_that_comes_together_with_a_new_size_is_taken_at_once() {
    let mut program = recording(80, 24);
    for columns in [81, 80].into_iter().cycle().take(40) {
        program.resize(columns, 24);
        let (key, row) = if columns == 81 { ("j", "row 2 of") } else { ("k", "row 1 of") };
        program.press(key);
        program.wait_for(row);
    }
    program.quit("q");
}

#[test]
fn q_leaves_at_once_on_a_silent_interface_and_ctrl_c_too() {
    if !is_root() {
        return skipped("leaving a silent interface", "capturing needs root");
    }
    for key in ["q", "\x03"] {
        let arguments = ["-i", "lo", "-f", "tcp port 1", "--user", "root"];
        let mut program = Program::start(80, 24, &arguments);
        program.wait_for("no 401 yet");
        let took = program.quit(key);
        assert!(took < Duration::from_secs(2), "{key:?} took {took:?}");
        assert_eq!(program.exit_code(), 0);
    }
}

#[test]
fn every_signal_leaves_the_terminal_as_it_was() {
    for signal in [Signal::INT, Signal::TERM, Signal::HUP] {
        let mut program = recording(80, 24);
        program.signal(signal);
        program.left();
    }
}

#[test]
fn a_closed_terminal_ends_the_capture_and_saves_what_it_had() {
    if !is_root() {
        return skipped("a closed terminal", "capturing needs root");
    }
    let server = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = server.local_addr().unwrap().port();
    let filter = format!("tcp port {port}");
    let mut program = Program::start(
        80,
        24,
        &["-i", "lo", "-f", &filter, "-w", "saved.pcapng", "--user", "root"],
    );
    program.wait_for("no 401 yet");
    let mut client = std::net::TcpStream::connect(server.local_addr().unwrap()).unwrap();
    client.write_all(b"GET /last-words HTTP/1.1\r\nHost: h\r\n\r\n").unwrap();
    let (mut connection, _) = server.accept().unwrap();
    connection.write_all(b"HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n").unwrap();
    program.wait_for("/last-words");
    let number = program.process();
    let folder = program.close();
    wait_for_end(number);
    let saved = std::fs::read(folder.path().join("saved.pcapng")).unwrap();
    for words in [&b"GET /last-words"[..], b"401 Unauthorized"] {
        assert!(saved.windows(words.len()).any(|window| window == words), "{words:?}");
    }
}

/// A terminal that was closed has no more keys and never says so to who reads on: read on the thread
/// that heeds signals, the program went on for ever, at the whole of a processor.
#[test]
fn a_terminal_closed_while_keys_come_ends_the_program() {
    for _ in 0..5 {
        let mut program = Program::start(80, 24, &["-r", RECORDING]);
        program.wait_for("row 1 of");
        let number = program.process();
        let _folder = program.close_while_typing();
        wait_for_end(number);
    }
}

fn wait_for_end(number: i32) {
    let start = std::time::Instant::now();
    // One that has ended has no arguments any more, whether or not it was waited for.
    let arguments = format!("/proc/{number}/cmdline");
    while std::fs::read(&arguments).is_ok_and(|arguments| !arguments.is_empty()) {
        if start.elapsed() > Duration::from_secs(20) {
            let process = rustix::process::Pid::from_raw(number).unwrap();
            rustix::process::kill_process(process, Signal::KILL).unwrap();
            panic!("it goes on without a terminal");
        }
        std::thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn packets_are_cut_out_where_the_user_that_was_become_may_write() {
    if !is_root() {
        return skipped("an export as another user", "becoming one needs root");
    }
    let mut program = Program::start(120, 40, &["-r", RECORDING]);
    program.wait_for("as nobody");
    program.wait_for("row 1 of");
    program.press("xp");
    program.wait_for("Save as: why401-");
    // Where it was started only root may write.
    program.press("\x15flow.pcapng\r");
    program.wait_for("start in another folder, or with --user root");
    std::fs::set_permissions(program.folder(), Permissions::from_mode(0o777)).unwrap();
    program.press("\r");
    program.wait_for("Saved: flow.pcapng");
    let path = program.folder().join("flow.pcapng").metadata().unwrap();
    assert!(path.len() > 500);
    assert_eq!(path.permissions().mode() & 0o777, 0o600);
    assert_ne!(path.uid(), 0, "nobody's");
    program.quit("Q");
}

#[test]
fn a_lost_interface_is_said_and_what_was_seen_is_kept() {
    if !is_root() {
        return skipped("a lost interface", "making one needs root");
    }
    let ip = |arguments: &[&str]| {
        std::process::Command::new("ip").args(arguments).status().is_ok_and(|done| done.success())
    };
    if !ip(&["link", "add", "why401-gone", "type", "veth"]) {
        return skipped("a lost interface", "this system makes no pair of interfaces");
    }
    assert!(ip(&["link", "set", "why401-gone", "up"]));
    let mut program = Program::start(120, 40, &["-i", "why401-gone", "--user", "root"]);
    program.wait_for("no 401 yet");
    assert!(ip(&["link", "del", "why401-gone"]));
    program.wait_for("CAPTURE ENDED");
    assert!(program.is_red("CAPTURE ENDED"));
    program.quit("q");
    // As without a screen: the input failed, and a script around it must know.
    assert_eq!(program.exit_code(), 2);
    assert!(program.text().contains("why401: why401-gone: "), "{}", program.text());
}

/// Run by the test below, in a pseudo-terminal of its own.
#[test]
#[ignore = "panics on purpose"]
fn panic_on_the_screen() {
    let _screen = why401::tui::terminal::Screen::enter(true).unwrap();
    panic!("hunter2");
}

#[test]
fn a_panic_leaves_the_terminal_as_it_was_and_says_no_secret() {
    let this = std::env::current_exe().unwrap();
    let arguments = ["--ignored", "--exact", "panic_on_the_screen", "--nocapture"];
    let mut program = Program::run(&this, 80, 24, &arguments);
    program.left();
    let shown = program.text();
    assert!(shown.contains("internal error at tests/terminal/main.rs"), "{shown}");
    assert!(!shown.contains("hunter2"), "{shown}");
}
