//! Live capture on real interfaces. Needs the right to capture and to make interfaces: says so when
//! it has not.

#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot go on fails")]

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::process::{self, Command};
use std::thread;
use std::time::{Duration, Instant};

use why401::capture::{
    CaptureError, End, LiveOptions, LiveSource, Next, Source, SourceSpec, interfaces, open,
};
use why401::counters::Counters;
use why401::decode::{Decoded, Decoder, TcpFlags};
use why401::limits::Limits;

/// Whether this process may capture; if not, says so where `cargo test` does not hide it.
fn may_capture(test: &str) -> bool {
    let allowed = LiveSource::open(&options(&["lo"]), None).is_ok();
    if !allowed {
        let mut stderr = std::io::stderr();
        writeln!(stderr, "\n*** NOT RUN, no right to capture (run as root): {test} ***\n").unwrap();
    }
    allowed
}

fn options(names: &[&str]) -> LiveOptions {
    LiveOptions {
        interfaces: names.iter().map(ToString::to_string).collect(),
        buffer_size: 2 << 20,
        ..LiveOptions::default()
    }
}

/// A pair of interfaces of its own for a test, taken away at its end.
struct Wire(String);

impl Wire {
    fn new(suffix: &str) -> Self {
        let name = format!("w4{}{suffix}", process::id());
        let peer = format!("{name}p");
        ip(&["link", "add", &name, "type", "veth", "peer", "name", &peer]);
        ip(&["link", "set", &peer, "up"]);
        ip(&["link", "set", &name, "up"]);
        // Its greetings to the neighbours are not what a test waits for.
        let _ = std::fs::write(format!("/proc/sys/net/ipv6/conf/{name}/disable_ipv6"), "1");
        let _ = std::fs::write(format!("/proc/sys/net/ipv6/conf/{peer}/disable_ipv6"), "1");
        Self(name)
    }
}

impl Drop for Wire {
    fn drop(&mut self) {
        let _ = Command::new("ip").args(["link", "delete", &self.0]).output();
    }
}

fn ip(arguments: &[&str]) {
    let output = Command::new("ip").args(arguments).output().expect("iproute2 is installed");
    assert!(output.status.success(), "ip {arguments:?}: {output:?}");
}

/// One connection over loopback that carries `message`; answers where it was served.
fn talk(listener: &TcpListener, message: &'static [u8]) {
    let address = listener.local_addr().unwrap();
    let client = thread::spawn(move || {
        let mut stream = TcpStream::connect(address).unwrap();
        stream.write_all(message).unwrap();
    });
    let (mut served, _) = listener.accept().unwrap();
    let mut received = Vec::new();
    served.read_to_end(&mut received).unwrap();
    client.join().unwrap();
    assert_eq!(received, message);
}

/// What was captured of connections to one port.
#[derive(Debug, Default)]
struct Seen {
    opened: usize,
    payload: Vec<u8>,
    interface: Option<String>,
}

/// Reads until the connection to `server` is closed or two seconds have passed.
fn watch(source: &mut dyn Source, server: SocketAddr) -> Seen {
    let mut decoder = Decoder::new(&Limits::default());
    let mut counters = Counters::default();
    let mut seen = Seen::default();
    let deadline = Instant::now() + Duration::from_secs(2);
    let mut closed = false;
    while Instant::now() < deadline && !closed {
        let mut interface = None;
        if let Next::Frame(frame) = source.next()
            && let Decoded::Segment(segment) = decoder.decode(&frame, &mut counters)
            && segment.destination == server.into()
        {
            let opens = segment.flags.has(TcpFlags::SYN);
            seen.opened += usize::from(opens);
            seen.payload.extend_from_slice(segment.payload);
            closed = segment.flags.has(TcpFlags::FIN);
            interface = Some(usize::from(segment.interface));
        }
        if let Some(index) = interface {
            seen.interface = Some(source.interfaces()[index].to_string());
        }
    }
    seen
}

#[test]
fn loopback_traffic_is_seen_once() {
    if !may_capture("loopback_traffic_is_seen_once") {
        return;
    }
    for name in ["lo", "any"] {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let server = listener.local_addr().unwrap();
        let mut source = LiveSource::open(&options(&[name]), None).unwrap();
        talk(&listener, b"GET / HTTP/1.1\r\n\r\n");
        let seen = watch(&mut source, server);
        assert_eq!(seen.opened, 1, "on {name}");
        assert_eq!(seen.payload, b"GET / HTTP/1.1\r\n\r\n", "on {name}");
        assert_eq!(seen.interface.as_deref(), Some("lo"), "on {name}");
        assert_eq!(source.drops().kernel, 0);
    }
}

#[test]
fn a_capture_filter_holds_back_the_rest() {
    if !may_capture("a_capture_filter_holds_back_the_rest") {
        return;
    }
    let wanted = TcpListener::bind("127.0.0.1:0").unwrap();
    let unwanted = TcpListener::bind("127.0.0.1:0").unwrap();
    let (port, other) = (wanted.local_addr().unwrap(), unwanted.local_addr().unwrap());
    let filter = format!("tcp port {}", port.port());
    let spec = SourceSpec::Live(options(&["lo"]));
    let mut source = open(&spec, Some(&filter)).unwrap();
    talk(&unwanted, b"not this");
    talk(&wanted, b"but this");
    assert_eq!(watch(source.as_mut(), port).payload, b"but this");

    let mut source = open(&spec, Some(&filter)).unwrap();
    talk(&unwanted, b"not this");
    assert_eq!(watch(source.as_mut(), other).opened, 0);
}

#[test]
fn a_silent_interface_gives_way_at_once() {
    if !may_capture("a_silent_interface_gives_way_at_once") {
        return;
    }
    let wire = Wire::new("s");
    let mut source = LiveSource::open(&options(&[&wire.0]), Some("tcp port 1")).unwrap();
    for _ in 0..3 {
        let asked = Instant::now();
        assert!(matches!(source.next(), Next::Idle));
        assert!(asked.elapsed() < Duration::from_millis(400), "{:?}", asked.elapsed());
    }
}

#[test]
fn an_interface_that_is_taken_away_ends_the_capture() {
    if !may_capture("an_interface_that_is_taken_away_ends_the_capture") {
        return;
    }
    let wire = Wire::new("g");
    let mut source = LiveSource::open(&options(&[&wire.0]), None).unwrap();
    assert!(matches!(source.next(), Next::Idle));
    ip(&["link", "delete", &wire.0]);
    let end = (0..50).find_map(|_| match source.next() {
        Next::End(end) => Some(end),
        _ => None,
    });
    let Some(End::Failed(reason)) = end else { panic!("{end:?}") };
    assert!(reason.contains(&wire.0) && reason.contains("went away"), "{reason}");
}

#[test]
fn of_several_interfaces_the_others_stay() {
    if !may_capture("of_several_interfaces_the_others_stay") {
        return;
    }
    let wire = Wire::new("m");
    let mut source = LiveSource::open(&options(&["lo", &wire.0]), None).unwrap();
    assert_eq!(source.interfaces().len(), 2);
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let server = listener.local_addr().unwrap();
    talk(&listener, b"both");
    assert_eq!(watch(&mut source, server).payload, b"both");

    ip(&["link", "delete", &wire.0]);
    let warning = (0..1000).find_map(|_| {
        assert!(!matches!(source.next(), Next::End(_)));
        source.warning()
    });
    assert!(warning.unwrap().contains(&wire.0));
    assert_eq!(source.warning(), None, "it is said once");
    talk(&listener, b"one");
    assert_eq!(watch(&mut source, server).payload, b"one");
}

#[test]
fn packets_of_several_interfaces_come_in_the_order_of_their_time() {
    if !may_capture("packets_of_several_interfaces_come_in_the_order_of_their_time") {
        return;
    }
    let wire = Wire::new("o");
    ip(&["address", "add", "198.51.100.1/24", "dev", &wire.0]);
    ip(&["neighbour", "add", "198.51.100.2", "lladdr", "02:00:00:00:00:02", "dev", &wire.0]);
    let mut source = LiveSource::open(&options(&["lo", &wire.0]), Some("udp port 40199")).unwrap();
    let socket = std::net::UdpSocket::bind("0.0.0.0:0").unwrap();
    for _ in 0..50 {
        socket.send_to(b"x", "127.0.0.1:40199").unwrap();
        socket.send_to(b"x", "198.51.100.2:40199").unwrap();
    }
    thread::sleep(Duration::from_millis(100));
    let mut times = Vec::new();
    let mut interfaces = Vec::new();
    while let Next::Frame(frame) = source.next() {
        times.push(frame.timestamp);
        interfaces.push(frame.interface);
    }
    assert_eq!(times.len(), 100);
    assert!(times.is_sorted());
    assert_eq!(interfaces.iter().filter(|&&index| index == 1).count(), 50);
    assert!(interfaces.windows(2).any(|pair| pair[0] != pair[1]), "they are merged");
}

#[test]
fn an_interface_that_does_not_exist_is_answered_with_the_nearest() {
    let error = LiveSource::open(&options(&["lp"]), None).err().unwrap();
    let CaptureError::NoSuchInterface { nearest, existing, .. } = &error else {
        panic!("{error:?}")
    };
    assert_eq!(nearest.as_deref(), Some("lo"));
    assert!(existing.split(", ").any(|name| name == "lo"), "{existing}");
}

#[test]
fn a_capture_filter_that_does_not_compile_is_said_in_one_line() {
    if !may_capture("a_capture_filter_that_does_not_compile_is_said_in_one_line") {
        return;
    }
    let error = LiveSource::open(&options(&["lo"]), Some("tcp prt 80")).err().unwrap();
    assert!(matches!(error, CaptureError::Filter { .. }), "{error:?}");
    assert!(error.to_string().contains("tcp prt 80"), "{error}");
    assert_eq!(error.to_string().lines().count(), 1, "{error}");
}

#[test]
fn interfaces_are_listed_with_what_can_be_captured() {
    let interfaces = interfaces::list().unwrap();
    let lo = interfaces.iter().find(|interface| interface.name == "lo").unwrap();
    assert!(lo.loopback && lo.up);
    assert!(lo.addresses.iter().any(std::net::IpAddr::is_loopback));
    if may_capture("interfaces_are_listed_with_what_can_be_captured") {
        assert_eq!(lo.capture.as_deref(), Ok("EN10MB"));
    } else {
        assert!(lo.capture.is_err());
    }
}
