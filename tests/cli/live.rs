//! Live capture on loopback, for real.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use why401::capture::{LiveOptions, SourceSpec};
use why401::secret::FingerprintKey;
use why401::session::{Change, Event, Input, Options, SessionHandle};

use crate::wire::{ends_by_itself, text, why401};

/// Capturing needs root's rights.
fn may_capture() -> bool {
    let root = rustix::process::geteuid().is_root();
    if !root {
        eprintln!("NOT TESTED: live capture needs root; run the tests with sudo");
    }
    root
}

/// A server that refuses everything, once for each connection.
fn refusing_server() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        for connection in listener.incoming() {
            let mut connection = connection.unwrap();
            let mut request = [0; 4096];
            let _ = connection.read(&mut request);
            let _ = connection.write_all(
                b"HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Basic realm=\"here\"\r\nContent-Length: 0\r\n\r\n",
            );
        }
    });
    address
}

fn ask(address: SocketAddr, target: &str) {
    let mut connection = TcpStream::connect(address).unwrap();
    // In one piece: the server answers the first one.
    let request = format!("GET {target} HTTP/1.1\r\nHost: api.local\r\nConnection: close\r\n\r\n");
    connection.write_all(request.as_bytes()).unwrap();
    let mut answer = String::new();
    connection.read_to_string(&mut answer).unwrap();
    assert!(answer.starts_with("HTTP/1.1 401 "), "{answer}");
}

/// A running why401 that has opened its capture and given up its rights.
fn watching(address: SocketAddr, words: &[&str]) -> Child {
    watching_on(&["-i", "lo"], address, words)
}

/// The same for these interfaces.
fn watching_on(interfaces: &[&str], address: SocketAddr, words: &[&str]) -> Child {
    let filter = format!("tcp port {}", address.port());
    let child = why401()
        .args(interfaces)
        .args(["-f", &filter])
        .args(words)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let status = format!("/proc/{}/status", child.id());
    let started = Instant::now();
    while !std::fs::read_to_string(&status).unwrap().contains("NoNewPrivs:\t1") {
        assert!(started.elapsed() < Duration::from_secs(10), "the capture does not open");
        std::thread::sleep(Duration::from_millis(10));
    }
    child
}

fn interrupt(child: &Child, signal: Signal) {
    kill_process(Pid::from_child(child), signal).unwrap();
}

#[test]
fn every_signal_ends_a_silent_capture_at_once_with_its_summary() {
    if !may_capture() {
        return;
    }
    for signal in [Signal::INT, Signal::TERM, Signal::HUP] {
        let child = watching(refusing_server(), &["--json"]);
        let asked = Instant::now();
        interrupt(&child, signal);
        let output = child.wait_with_output().unwrap();
        assert_eq!(output.status.code(), Some(0), "{signal:?}");
        assert!(asked.elapsed() < Duration::from_millis(1500), "{:?}", asked.elapsed());
        assert!(text(&output.stdout).contains("\"name\":\"lo\",\"ended\":\"interrupted\""));
    }
}

#[test]
fn what_was_seen_is_written_when_the_user_stops() {
    if !may_capture() {
        return;
    }
    let address = refusing_server();
    let child = watching(address, &["--json"]);
    ask(address, "/live");
    std::thread::sleep(Duration::from_millis(700));
    interrupt(&child, Signal::INT);
    let output = child.wait_with_output().unwrap();
    let lines = text(&output.stdout);
    assert_eq!(lines.matches("\"target\":\"/live\"").count(), 1, "{lines}");
    assert!(lines.contains("\"exchanges\":1,\"unauthorized\":1"), "{lines}");
}

#[test]
fn a_frame_of_any_interface_has_the_name_of_its_own() {
    if !may_capture() || !cfg!(target_os = "linux") {
        return;
    }
    let address = refusing_server();
    for interfaces in [&[][..], &["-i", "any"]] {
        let child = watching_on(interfaces, address, &["--json", "-Y", "iface:lo", "-c", "1"]);
        ask(address, "/any");
        let lines = text(&child.wait_with_output().unwrap().stdout);
        assert!(lines.contains("\"interface\":\"lo\""), "{lines}");
    }
}

#[test]
fn a_filter_about_the_link_layer_finds_that_of_the_interface() {
    if !may_capture() || !cfg!(target_os = "linux") {
        return;
    }
    let address = refusing_server();
    let filter = format!("ether[12:2] = 0x0800 and tcp port {}", address.port());
    let child = watching(address, &["-f", &filter, "--json", "-c", "1"]);
    ask(address, "/framed");
    let lines = text(&child.wait_with_output().unwrap().stdout);
    assert!(lines.contains("\"target\":\"/framed\""), "{lines}");
}

#[test]
fn a_capture_of_limited_time_ends_by_itself() {
    if !may_capture() {
        return;
    }
    let address = refusing_server();
    let started = Instant::now();
    let child = watching(address, &["--text", "--duration", "1s"]);
    ask(address, "/timed");
    let output = child.wait_with_output().unwrap();
    assert!(
        started.elapsed() >= Duration::from_secs(1) && started.elapsed() < Duration::from_secs(8)
    );
    assert_eq!(output.status.code(), Some(0));
    assert!(text(&output.stdout).contains("GET api.local/timed  401"));
}

/// A lone refusal is settled by time, not by a packet.
#[test]
fn enough_ends_a_capture_that_has_fallen_silent() {
    if !may_capture() {
        return;
    }
    let address = refusing_server();
    let mut child = watching(address, &["--json", "-c", "2"]);
    ask(address, "/one");
    ask(address, "/two");
    ends_by_itself(&mut child, "it goes on although it has what it was asked for");
    let output = child.wait_with_output().unwrap();
    assert_eq!(text(&output.stdout).matches("\"type\":\"exchange\"").count(), 2);
}

#[test]
fn a_reader_that_leaves_ends_a_silent_capture_too() {
    if !may_capture() {
        return;
    }
    let mut child = watching(refusing_server(), &["--json"]);
    drop(child.stdout.take());
    let asked = Instant::now();
    let mut said = String::new();
    BufReader::new(child.stderr.take().unwrap()).read_line(&mut said).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(0));
    assert!(asked.elapsed() < Duration::from_secs(2), "{:?}", asked.elapsed());
    assert_eq!(said, "");
}

#[test]
fn a_session_changes_its_capture_while_it_runs_and_keeps_what_it_has() {
    if !may_capture() {
        return;
    }
    let address = refusing_server();
    let live = LiveOptions { interfaces: vec!["lo".to_owned()], ..LiveOptions::default() };
    let filter = format!("tcp port {}", address.port());
    let input = Input::open(&SourceSpec::Live(live), Some(&filter)).unwrap();
    let options = Options::new(FingerprintKey::from_bytes(&[7; 32])).unwrap();
    let mut session = SessionHandle::start(input, options).unwrap();

    ask(address, "/before");
    wait_for(
        &session,
        |event| matches!(event, Event::Case(case) if case.exchange.status() == Some(401)),
    );

    let error = session.change(Change::Bpf("tcp prot 80".to_owned())).unwrap_err().to_string();
    assert!(error.contains("tcp prot 80"), "{error}");
    let error = session.change(Change::Interfaces(vec!["no-such-if".to_owned()])).unwrap_err();
    assert!(error.to_string().contains("no-such-if"), "{error}");
    wait_for(&session, |event| matches!(event, Event::Status(status) if status.bpf == filter));

    session.change(Change::Bpf("tcp port 1".to_owned())).unwrap();
    wait_for(
        &session,
        |event| matches!(event, Event::Status(status) if status.bpf == "tcp port 1"),
    );
    ask(address, "/unseen");
    session.change(Change::Bpf(filter)).unwrap();
    session.change(Change::Interfaces(vec!["any".to_owned()])).unwrap();
    wait_for(&session, |event| matches!(event, Event::Status(status) if status.source == "any"));
    ask(address, "/after");
    wait_for(
        &session,
        |event| matches!(event, Event::Case(case) if case.exchange.status() == Some(401)),
    );

    let counters = session.finish().unwrap().status.counters;
    assert_eq!(
        counters.unauthorized, 2,
        "what came before is kept, what was filtered out is not there"
    );
}

fn wait_for(session: &SessionHandle, wanted: impl Fn(&Event) -> bool) {
    let started = Instant::now();
    let mut events = Vec::new();
    while started.elapsed() < Duration::from_secs(10) {
        session.drain(&mut events);
        if events.drain(..).any(|event| wanted(&event)) {
            return;
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    panic!("it did not come");
}
