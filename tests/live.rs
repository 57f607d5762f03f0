//! The real program captures real servers and clients on loopback.
//!
//! Needs the right to capture, nginx and curl. Where one of them is absent these tests say so
//! loudly and prove nothing; `make test` installs what it can.

#![cfg(unix)]
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::fmt::Write as _;
use std::fs;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use md5::{Digest, Md5};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

const PATIENCE: Duration = Duration::from_secs(20);

/// Why this cannot be tested here, if so.
fn obstacle(commands: &[&str]) -> Option<String> {
    if !cfg!(target_os = "linux") {
        return Some("loopback capture is tested on Linux only".to_owned());
    }
    let absent = commands.iter().find(|command| {
        Command::new(command)
            .arg("--help")
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status()
            .is_err()
    });
    if let Some(absent) = absent {
        return Some(format!("{absent} is not installed"));
    }
    let root = fs::read_to_string("/proc/self/status")
        .is_ok_and(|status| status.lines().any(|line| line.starts_with("Uid:\t0\t")));
    (!root).then(|| "this user may not capture: run the tests as root".to_owned())
}

/// Says loudly what is not being tested.
fn skip(test: &str, commands: &[&str]) -> bool {
    let obstacle = obstacle(commands);
    if let Some(obstacle) = &obstacle {
        // Written past the test harness, which would swallow it.
        let _ = writeln!(std::io::stderr().lock(), "\n*** SKIPPED {test}: {obstacle}\n");
    }
    obstacle.is_some()
}

/// A child process that does not outlive its test.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// why401 on loopback, writing JSON.
struct Capture(Running);

impl Capture {
    fn start(port: u16) -> Self {
        let child = Command::new(env!("CARGO_BIN_EXE_why401"))
            .args(["-i", "lo", "--json", "-Y", "", "-f", &format!("tcp port {port}")])
            .stdout(Stdio::piped())
            .stderr(Stdio::inherit())
            .spawn()
            .unwrap();
        let mut capture = Self(Running(child));
        let began = Instant::now();
        while !capture.is_ready() {
            assert!(capture.0.0.try_wait().unwrap().is_none(), "why401 ended at once");
            assert!(began.elapsed() < PATIENCE, "why401 opened no capture");
            sleep(Duration::from_millis(10));
        }
        capture
    }

    /// Whether it has given up its rights, which it does once the capture is open and its filter
    /// set: before that, libpcap throws away what has already come in.
    fn is_ready(&self) -> bool {
        fs::read_to_string(format!("/proc/{}/status", self.0.0.id()))
            .is_ok_and(|status| status.lines().any(|line| line == "NoNewPrivs:\t1"))
    }

    /// Until it has used no processor for a while: what was sent last has to come out of the kernel,
    /// and the first 401 has patterns compiled.
    fn wait_until_idle(&self) {
        let began = Instant::now();
        let (mut used, mut since) = (self.processor_ticks(), Instant::now());
        while since.elapsed() < Duration::from_millis(400) {
            assert!(began.elapsed() < PATIENCE, "why401 is busy without end");
            sleep(Duration::from_millis(50));
            let now = self.processor_ticks();
            if now != used {
                (used, since) = (now, Instant::now());
            }
        }
    }

    /// Processor time used, as proc_pid_stat(5) counts it: user and system.
    fn processor_ticks(&self) -> u64 {
        let stat = fs::read_to_string(format!("/proc/{}/stat", self.0.0.id())).unwrap();
        let after_name = stat.rsplit(')').next().unwrap();
        after_name.split_whitespace().skip(11).take(2).map(|n| n.parse::<u64>().unwrap()).sum()
    }

    /// Its exchanges so far, in the order of their requests, after Ctrl-C.
    fn exchanges(mut self) -> Vec<Value> {
        self.wait_until_idle();
        let process = Pid::from_child(&self.0.0);
        kill_process(process, Signal::INT).unwrap();
        let mut text = String::new();
        self.0.0.stdout.take().unwrap().read_to_string(&mut text).unwrap();
        assert_eq!(self.0.0.wait().unwrap().code(), Some(0));
        let lines = text.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
        let mut exchanges: Vec<Value> = lines.filter(|line| line["type"] == "exchange").collect();
        exchanges.sort_by_key(|exchange| exchange["id"].as_u64());
        exchanges
    }
}

fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

/// nginx that protects everything with Basic: alice, wonderland.
fn nginx(folder: &Path, port: u16) -> Running {
    fs::write(folder.join("users"), "alice:{PLAIN}wonderland\n").unwrap();
    fs::write(folder.join("index.html"), "inside\n").unwrap();
    let root = folder.display();
    let configuration = format!(
        "daemon off; master_process off; pid {root}/pid; error_log stderr;\n\
         events {{}}\n\
         http {{\n access_log off; client_body_temp_path {root}/body; proxy_temp_path {root}/proxy;\n\
         fastcgi_temp_path {root}/fastcgi; uwsgi_temp_path {root}/uwsgi; scgi_temp_path {root}/scgi;\n\
         server {{ listen 127.0.0.1:{port}; root {root};\n\
         auth_basic \"Restricted Area\"; auth_basic_user_file {root}/users; }} }}\n"
    );
    let file = folder.join("nginx.conf");
    fs::write(&file, configuration).unwrap();
    let child = Command::new("nginx")
        .arg("-p")
        .arg(folder)
        .arg("-c")
        .arg(&file)
        .args(["-e", "stderr"])
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let nginx = Running(child);
    let began = Instant::now();
    while TcpStream::connect(("127.0.0.1", port)).is_err() {
        assert!(began.elapsed() < PATIENCE, "nginx does not listen");
        sleep(Duration::from_millis(20));
    }
    nginx
}

fn curl(arguments: &[&str]) {
    let status = Command::new("curl")
        .args(["--silent", "--output", "/dev/null", "--max-time", "10", "--noproxy", "*"])
        .args(arguments)
        .status();
    assert!(status.unwrap().success(), "curl {arguments:?}");
}

#[test]
fn nginx_and_curl_show_two_401s_explained_and_a_third_request_that_needs_no_explanation() {
    if skip("nginx_and_curl", &["nginx", "curl"]) {
        return;
    }
    let (folder, port) = (tempfile::tempdir().unwrap(), free_port());
    let _nginx = nginx(folder.path(), port);
    let capture = Capture::start(port);
    let url = format!("http://127.0.0.1:{port}/index.html");
    curl(&[&url]);
    curl(&["--user", "alice:wonderlnad", &url]);
    curl(&["--user", "alice:wonderland", &url]);

    let exchanges = capture.exchanges();
    let statuses: Vec<&Value> = exchanges.iter().map(|e| &e["response"]["status"]).collect();
    assert_eq!(statuses, [401, 401, 200]);

    let [nothing, wrong, right] = &exchanges[..] else { panic!("{exchanges:#?}") };
    assert_eq!(nothing["authorization"]["state"], "missing");
    assert_eq!(nothing["challenges"][0]["scheme"], "Basic");
    assert_eq!(nothing["challenges"][0]["realm"], "Restricted Area");
    assert_eq!(nothing["diagnosis"]["id"], "no-credentials-sent");

    assert_eq!(wrong["authorization"]["state"], "present");
    assert_eq!(wrong["authorization"]["user"], "alice");
    assert_eq!(wrong["diagnosis"]["id"], "wrong-password");
    assert_eq!(wrong["diagnosis"]["benign"], false);
    assert!(!wrong.to_string().contains("wonderlnad"), "a password was shown");
    assert!(!wrong.to_string().contains("YWxpY2U6d29uZGVybG5hZA"), "a password was shown");

    assert_eq!(right["authorization"]["state"], "present");
    assert!(right["diagnosis"].is_null());
}

#[test]
fn curl_digest_is_benign_once_its_retry_succeeds() {
    if skip("curl_digest", &["curl"]) {
        return;
    }
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let server = std::thread::spawn(move || digest_server(&listener));
    let capture = Capture::start(port);
    curl(&[
        "--digest",
        "--user",
        "alice:wonderland",
        &format!("http://127.0.0.1:{port}/report?y=2026"),
    ]);
    server.join().unwrap();

    let exchanges = capture.exchanges();
    let [first, second] = &exchanges[..] else { panic!("{exchanges:#?}") };
    assert_eq!(first["response"]["status"], 401);
    assert_eq!(first["diagnosis"]["id"], "challenge-roundtrip");
    assert_eq!(first["diagnosis"]["benign"], true);
    assert_eq!(second["response"]["status"], 200);
    assert_eq!(second["authorization"]["scheme"], "Digest");
}

/// Answers until it has let somebody in. RFC 7616, MD5, without qop.
fn digest_server(listener: &TcpListener) {
    let hash = |text: &str| {
        Md5::digest(text).iter().fold(String::new(), |mut hex, octet| {
            let _ = write!(hex, "{octet:02x}");
            hex
        })
    };
    let uri = "/report?y=2026";
    let secret = hash("alice:reports:wonderland");
    let wanted = hash(&format!("{secret}:6b1f9a:{}", hash(&format!("GET:{uri}"))));
    for stream in listener.incoming() {
        let mut stream = stream.unwrap();
        loop {
            let mut head = Vec::new();
            while !head.ends_with(b"\r\n\r\n") {
                let mut octet = [0];
                if stream.read(&mut octet).unwrap_or(0) == 0 {
                    break;
                }
                head.push(octet[0]);
            }
            if head.is_empty() {
                break;
            }
            if String::from_utf8_lossy(&head).contains(&format!("response=\"{wanted}\"")) {
                stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok").unwrap();
                return;
            }
            let challenge = "HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\
                             WWW-Authenticate: Digest realm=\"reports\", nonce=\"6b1f9a\"\r\n\r\n";
            stream.write_all(challenge.as_bytes()).unwrap();
        }
    }
}
