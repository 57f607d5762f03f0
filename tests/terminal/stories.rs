//! What a user does with a live capture: against a server of the test's own, on loopback.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::process::Command;
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use crate::screen::{Program, is_root};
use crate::{recording, skipped};

/// Longer than a request on loopback may take on a busy machine.
const PATIENCE: Duration = Duration::from_secs(30);

/// Refuses every request, and tells what each was.
struct Server {
    address: SocketAddr,
    requests: Receiver<String>,
}

impl Server {
    fn start() -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let address = listener.local_addr().unwrap();
        let (tell, requests) = channel();
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let Ok(mut stream) = stream else { return };
                let request = read_request(&mut stream);
                let body = r#"{"error":"invalid_token"}"#;
                let _ = write!(
                    stream,
                    "HTTP/1.1 401 Unauthorized\r\nContent-Type: application/json\r\n\
                     WWW-Authenticate: Bearer realm=\"shop\", error=\"invalid_token\"\r\n\
                     Content-Length: {}\r\nConnection: close\r\n\r\n{body}",
                    body.len()
                );
                if tell.send(request).is_err() {
                    return;
                }
            }
        });
        Self { address, requests }
    }

    /// The next request, with its header fields in order of their names.
    fn next(&self) -> String {
        let request = self.requests.recv_timeout(PATIENCE).expect("a request arrives");
        let (head, body) = request.split_once("\r\n\r\n").unwrap();
        let (line, fields) = head.split_once("\r\n").unwrap();
        let mut fields: Vec<&str> = fields.split("\r\n").collect();
        fields.sort_unstable();
        format!("{line}\n{}\n\n{body}", fields.join("\n"))
    }

    /// Sends octets as they are and reads the answer.
    fn send(&self, request: &str) {
        let mut stream = TcpStream::connect(self.address).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream.write_all(request.as_bytes()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        assert!(answer.starts_with("HTTP/1.1 401"), "{answer}");
    }
}

fn read_request(stream: &mut TcpStream) -> String {
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    let (mut octets, mut buffer) = (Vec::new(), [0; 4096]);
    loop {
        let text = String::from_utf8_lossy(&octets).into_owned();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length = head
                .lines()
                .filter_map(|line| line.split_once(": "))
                .find(|(name, _)| name.eq_ignore_ascii_case("content-length"))
                .map_or(0, |(_, value)| value.parse().unwrap());
            if body.len() >= length {
                return text;
            }
        }
        match stream.read(&mut buffer) {
            Ok(count @ 1..) => octets.extend_from_slice(&buffer[..count]),
            _ => return text,
        }
    }
}

fn is_there(program: &str) -> bool {
    Command::new(program).arg("--version").output().is_ok()
}

#[test]
fn a_copied_command_sends_the_same_request_again() {
    if !is_root() {
        return skipped("a copied command that is run", "capturing needs root");
    }
    if !is_there("curl") {
        return skipped("a copied command that is run", "there is no curl");
    }
    let server = Server::start();
    let port = server.address.port();
    let filter = format!("tcp port {port}");
    let mut program = Program::start(120, 40, &["-i", "lo", "-f", &filter, "--user", "root"]);
    program.wait_for("no 401 yet");
    // What a shell would take apart, and a URL that curl would.
    let body = r#"{"sku": "it's $HOME", "count": [1, 2]}"#;
    server.send(&format!(
        "POST /v1/orders/[7]/../{{x}}?page=2&q='a' HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n\
         User-Agent: ShopApp/3.2\r\nAccept: application/json\r\nContent-Type: application/json\r\n\
         Authorization: Bearer s3cr3t-t0ken\r\nX-Note: a \"quoted\" `word`\r\n\
         Content-Length: {}\r\n\r\n{body}",
        body.len()
    ));
    let sent = server.next();
    program.wait_for("row 1 of 1");
    program.press("yc");
    program.wait_for("Copied: curl.");
    let copied = program.clipboard().expect("an OSC 52 sequence");
    assert!(!copied.contains("s3cr3t"), "{copied}");
    assert!(copied.contains("$TOKEN"), "{copied}");
    let run = Command::new("sh").arg("-c").arg(&copied).env("TOKEN", "s3cr3t-t0ken").output();
    let run = run.unwrap();
    assert!(run.status.success(), "{copied}\n{}", String::from_utf8_lossy(&run.stderr));
    assert!(String::from_utf8_lossy(&run.stdout).starts_with("HTTP/1.1 401"));
    assert_eq!(server.next(), sent, "{copied}");
    // The repeated request is on the screen too, folded into its row.
    program.wait_for("×2");
    program.quit("Q");
}

#[test]
fn the_interface_and_the_capture_filter_change_while_running() {
    if !is_root() {
        return skipped("a change of interface", "capturing needs root");
    }
    let ip = |arguments: &[&str]| {
        Command::new("ip").args(arguments).status().is_ok_and(|done| done.success())
    };
    if !ip(&["link", "add", "why401-away", "type", "veth"]) {
        return skipped("a change of interface", "this system makes no pair of interfaces");
    }
    assert!(ip(&["link", "set", "why401-away", "up"]));
    let server = Server::start();
    let port = server.address.port();
    let filter = format!("tcp port {port}");
    let request = |path: &str| {
        format!("GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nConnection: close\r\n\r\n")
    };
    let mut program =
        Program::start(120, 40, &["-i", "why401-away", "-f", &filter, "--user", "root"]);
    program.wait_for("no 401 yet");
    server.send(&request("/unseen"));

    program.press("i");
    program.wait_for("Capture on");
    for _ in 0..50 {
        if is_current(&program.text(), "lo") {
            break;
        }
        program.press("j");
        std::thread::sleep(Duration::from_millis(200));
    }
    assert!(is_current(&program.text(), "lo"), "{}", program.text());
    program.press("\r");
    program.wait_for("The capture goes on with the new setting.");
    program.wait_for("why401  lo");
    server.send(&request("/seen"));
    program.wait_for("/seen");

    program.press("b");
    program.wait_for("Capture filter");
    program.press("\x15tcp prot 80\r");
    program.wait_for("syntax error");
    program.press("\x15tcp port 1\r");
    program.wait_for("bpf: tcp port 1");
    server.send(&request("/filtered-out"));
    program.press("b");
    program.press(&format!("\x15{filter}\r"));
    program.wait_for(&format!("bpf: {filter}"));
    server.send(&request("/again"));
    program.wait_for("/again");
    let shown = program.text();
    assert!(!shown.contains("/unseen") && !shown.contains("/filtered-out"), "{shown}");
    program.quit("Q");
    ip(&["link", "del", "why401-away"]);
}

/// Whether the cursor of the picker stands on this interface.
fn is_current(shown: &str, name: &str) -> bool {
    shown.lines().any(|line| {
        let words: Vec<&str> = line.split_whitespace().collect();
        words.windows(2).any(|pair| pair[0].contains('▶') && pair[1] == name)
    })
}

#[test]
fn without_its_rights_the_program_says_what_would_change_the_interface() {
    if !is_root() {
        return skipped("a change of interface without rights", "capturing needs root");
    }
    let mut program = Program::start(120, 40, &["-i", "lo", "-f", "tcp port 1"]);
    program.wait_for("no 401 yet");
    program.press("b");
    program.wait_for("Capture filter");
    // What is open already may be filtered otherwise.
    program.press("\x15tcp port 2\r");
    program.wait_for("bpf: tcp port 2");
    program.press("i");
    program.wait_for("The rights to open another interface are gone");
    program.press("\r");
    program.wait_for("--user root");
    program.quit("\x03");
}

#[test]
fn a_refusal_is_compared_with_the_nearest_success() {
    let mut program = recording(120, 40);
    program.press("d");
    program.wait_for("Compared with the most similar accepted exchange");
    program.wait_for("+ sent: Bearer");
    program.quit("Q");
}

#[test]
fn only_one_host_stays_with_two_keys_on_its_cell() {
    let mut program = recording(120, 40);
    program.press("lll");
    program.press("+");
    program.wait_for("host=api.shop.test");
    program.wait_for("hides");
    program.press("-");
    program.wait_for("-(host=api.shop.test");
    program.quit("Q");
}

#[test]
fn a_stopped_program_gives_the_terminal_back_and_goes_on() {
    let arguments =
        ["-r", concat!(env!("CARGO_MANIFEST_DIR"), "/src/demo/demo.pcap"), "--user", "root"];
    let mut program = Program::with_job_control(80, 24, &arguments);
    program.wait_for("row 1 of");
    program.settle();
    program.press("\x1a");
    program.stopped();
    program.press("\r");
    program.wait_for("row 1 of");
    program.press("j");
    program.wait_for("row 2 of");
    program.quit("q");
}

#[test]
fn a_screen_that_something_wrote_over_is_painted_anew() {
    let mut program = recording(80, 24);
    program.settle();
    let before = program.text();
    program.press_and_settle("\x0c");
    assert_eq!(program.text(), before);
    program.quit("q");
}

#[test]
fn tabs_and_rows_are_clicked() {
    let mut program = recording(120, 40);
    // SGR mouse reports: button, column and line from 1.
    let click =
        |column: u16, line: u16| format!("\x1b[<0;{column};{line}M\x1b[<0;{column};{line}m");
    let column = |shown: &str, line: usize, word: &str| {
        let line = shown.lines().nth(line).unwrap();
        line[..line.find(word).unwrap()].chars().count() as u16 + 1
    };
    let at = column(&program.text(), 2, "Endpoints");
    program.press(&click(at, 3));
    program.wait_for("Causes");
    program.press(&click(3, 3));
    program.wait_for("Asked");
    program.press(&click(5, 8));
    program.wait_for("row 4 of");
    let shown = program.text();
    let tabs = shown.lines().position(|line| line.contains("─ Timeline ")).unwrap();
    program.press(&click(column(&shown, tabs, "Timeline"), tabs as u16 + 1));
    program.wait_for("Around it, from");
    program.quit("Q");
}
