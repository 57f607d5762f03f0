//! Losing nothing: what goes wrong around the program is said once, counted, and costs no finding.

use std::io::Write as _;
use std::path::PathBuf;
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

use crate::wire::{Capture, heed_hang_ups, read, refused, sample, text, why401};

fn is_root(what: &str) -> bool {
    let root = rustix::process::geteuid().is_root();
    if !root {
        eprintln!("NOT TESTED: {what} needs root; run the tests with sudo");
    }
    root
}

fn succeeds(program: &str, arguments: &[&str]) -> bool {
    Command::new(program).args(arguments).output().is_ok_and(|output| output.status.success())
}

/// A file system with room for so much, in a folder that goes with it.
struct SmallDisk(tempfile::TempDir);

impl SmallDisk {
    fn new(size: &str) -> Option<Self> {
        let folder = tempfile::tempdir().unwrap();
        let (option, place) = (format!("size={size}"), folder.path().to_str().unwrap());
        let mounted = succeeds("mount", &["-t", "tmpfs", "-o", &option, "why401", place]);
        mounted.then_some(Self(folder))
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        succeeds("umount", &["-l", self.0.path().to_str().unwrap()]);
    }
}

const CONVERSATIONS: usize = 120;

/// Refusals with pages of several KiB: a megabyte in all.
fn large() -> Capture {
    let mut capture = Capture::new();
    for number in 0..CONVERSATIONS {
        let (request, _) = refused(&format!("/{number}"), "");
        let page = "x".repeat(9000);
        capture.conversation(
            request,
            format!("HTTP/1.1 401 Unauthorized\r\nContent-Length: 9000\r\n\r\n{page}"),
        );
    }
    capture
}

fn number(text: &str, name: &str) -> u64 {
    let (_, rest) = text.rsplit_once(&format!("\"{name}\":")).unwrap();
    rest.split(|c: char| !c.is_ascii_digit()).next().unwrap().parse().unwrap()
}

#[test]
fn a_full_disk_under_a_saved_capture_is_said_once_counted_and_costs_no_finding() {
    if !is_root("a full disk") {
        return;
    }
    let Some(disk) = SmallDisk::new("600k") else {
        eprintln!("NOT TESTED: a full disk: this system mounts no tmpfs");
        return;
    };
    let (capture, copy) = (large(), disk.path("copy.pcapng"));
    let words = ["-w", copy.to_str().unwrap(), "--user", "root"];

    let output = read(&capture.file(), &[&["--json"], &words[..]].concat());
    let (lines, said) = (text(&output.stdout), text(&output.stderr));
    assert_eq!(output.status.code(), Some(2), "{said}");
    assert_eq!(lines.matches("\"type\":\"exchange\"").count(), CONVERSATIONS);
    assert_eq!(said.lines().count(), 1, "{said}");
    assert!(said.contains("copy.pcapng") && said.contains("not being saved"), "{said}");

    // What is in the file can be read, and what is not was counted.
    let saved = read(&copy, &["--json"]);
    assert_eq!(saved.status.code(), Some(0), "{}", text(&saved.stderr));
    let (seen, lost) = (number(&lines, "seen"), number(&lines, "not_saved"));
    assert!(lost > 0);
    assert_eq!(number(&text(&saved.stdout), "seen") + lost, seen);

    let output = read(&capture.file(), &[&["--text"], &words[..]].concat());
    let said = text(&output.stderr);
    assert_eq!(text(&output.stdout).lines().count(), CONVERSATIONS);
    let said: Vec<&str> = said.lines().collect();
    let [_, summary] = said[..] else { panic!("{said:?}") };
    assert!(summary.contains(" not saved"), "{summary}");
}

/// An interface of its own for a test.
struct Wire(String);

impl Wire {
    fn new() -> Option<Self> {
        let name = format!("w4c{}", std::process::id());
        let made = succeeds("ip", &["link", "add", &name, "type", "veth"]);
        (made && succeeds("ip", &["link", "set", &name, "up"])).then_some(Self(name))
    }

    fn remove(&self) -> bool {
        succeeds("ip", &["link", "delete", &self.0])
    }
}

impl Drop for Wire {
    fn drop(&mut self) {
        self.remove();
    }
}

/// Waits until its rights are gone: then the capture is open.
fn started(child: &Child) {
    let status = format!("/proc/{}/status", child.id());
    let begun = Instant::now();
    while !std::fs::read_to_string(&status).unwrap().contains("NoNewPrivs:\t1") {
        assert!(begun.elapsed() < Duration::from_secs(20), "the capture does not open");
        std::thread::sleep(Duration::from_millis(10));
    }
}

fn watching_until_it_goes(wire: &Wire, form: &str) -> Output {
    let child = why401()
        .args(["-i", &wire.0, form])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    started(&child);
    assert!(wire.remove());
    child.wait_with_output().unwrap()
}

#[test]
fn an_interface_that_goes_away_is_an_error_with_a_summary() {
    if !is_root("losing an interface") {
        return;
    }
    for form in ["--json", "--text"] {
        let Some(wire) = Wire::new() else {
            eprintln!("NOT TESTED: losing an interface: this system makes no pair of them");
            return;
        };
        let output = watching_until_it_goes(&wire, form);
        let (lines, said) = (text(&output.stdout), text(&output.stderr));
        assert_eq!(output.status.code(), Some(2), "{said}");
        assert_eq!(said.matches("went away").count(), 1, "{said}");
        if form == "--json" {
            assert!(lines.contains("\"ended\":\"failed\""), "{lines}");
            assert!(lines.contains("went away"), "{lines}");
        } else {
            assert!(said.contains("0 exchanges"), "{said}");
        }
    }
}

/// The shell line, with an open pipe as its input; it has had the time to get ready.
fn on_an_open_pipe(line: &str) -> Child {
    let mut child = Command::new("sh")
        .args(["-c", line])
        .env("PROGRAM", env!("CARGO_BIN_EXE_why401"))
        .env("XDG_CONFIG_HOME", "/nonexistent")
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    child.stdin.as_mut().unwrap().write_all(sample().octets()).unwrap();
    if line.ends_with("--json") {
        started(&child);
    } else {
        std::thread::sleep(Duration::from_millis(500));
    }
    child
}

#[test]
fn nohup_is_respected() {
    heed_hang_ups();
    for (line, outlives) in [
        ("trap '' HUP; exec \"$PROGRAM\" -r - --json", true),
        ("exec \"$PROGRAM\" -r - --json", false),
    ] {
        let mut child = on_an_open_pipe(line);
        kill_process(Pid::from_child(&child), Signal::HUP).unwrap();
        if outlives {
            std::thread::sleep(Duration::from_millis(500));
            assert!(child.try_wait().unwrap().is_none(), "it went on");
            drop(child.stdin.take());
        }
        assert_eq!(child.wait().unwrap().code(), Some(0), "{line}");
    }
}

/// Whether this program leaves its memory on the disk when it crashes.
fn leaves_a_core(line: &str) -> bool {
    use std::os::unix::process::ExitStatusExt as _;
    let folder = tempfile::tempdir().unwrap();
    let place = folder.path().display();
    let mut child = on_an_open_pipe(&format!("ulimit -c unlimited; cd {place}; {line}"));
    kill_process(Pid::from_child(&child), Signal::ABORT).unwrap();
    let status = child.wait().unwrap();
    assert_eq!(status.signal(), Some(6));
    status.core_dumped() || folder.path().read_dir().unwrap().next().is_some()
}

#[test]
fn a_crash_leaves_no_core() {
    if !leaves_a_core("exec cat") {
        eprintln!("NOT TESTED: a crash: this system keeps no core of any program");
        return;
    }
    assert!(!leaves_a_core("exec \"$PROGRAM\" -r - --json"));
    if rustix::process::geteuid().is_root() {
        assert!(!leaves_a_core("exec \"$PROGRAM\" -r - --json --user root"));
    }
}

#[test]
fn the_panic_of_a_thread_says_where_and_not_what() {
    let this = std::env::current_exe().unwrap();
    let output = Command::new(this)
        .args(["--ignored", "--exact", "losing::panic_without_a_screen", "--nocapture"])
        .output()
        .unwrap();
    let said = text(&output.stdout) + &text(&output.stderr);
    assert!(said.contains("internal error at tests/cli/losing.rs"), "{said}");
    assert!(!said.contains("hunter2"), "{said}");
}

/// Run by the test above, in a process of its own.
#[test]
#[ignore = "panics on purpose"]
fn panic_without_a_screen() {
    why401::cli::hide_panics();
    let _ = std::thread::spawn(|| panic!("hunter2")).join();
}
