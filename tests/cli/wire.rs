//! Captures made of a few conversations, and the real binary run on them.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;

/// 2026-11-21T12:00:00Z.
pub const NOON: u32 = 1_795_262_400;

/// A pcap file (microseconds, little-endian, raw IP) in a folder that goes with it.
pub struct Capture {
    octets: Vec<u8>,
    folder: TempDir,
    client_port: u16,
    microseconds: u64,
}

impl Capture {
    pub fn new() -> Self {
        let mut octets = Vec::new();
        for word in [0xa1b2_c3d4_u32, 0x0004_0002, 0, 0, 262_144, 101] {
            octets.extend_from_slice(&word.to_le_bytes());
        }
        Self { octets, folder: tempfile::tempdir().unwrap(), client_port: 50_000, microseconds: 0 }
    }

    /// One connection with one request and one response.
    pub fn conversation(
        &mut self,
        request: impl AsRef<[u8]>,
        response: impl AsRef<[u8]>,
    ) -> &mut Self {
        const PIECE: usize = 32 << 10;
        const SYN: u8 = 2;
        const PUSH_ACK: u8 = 0x18;
        const FIN_ACK: u8 = 0x11;
        let (request, response) = (request.as_ref(), response.as_ref());
        self.client_port += 1;
        let (asked, answered) = (request.len() as u32, response.len() as u32);
        self.segment(true, 1000, 0, SYN, b"");
        self.segment(false, 5000, 1001, SYN | 0x10, b"");
        for (at, piece) in request.chunks(PIECE).enumerate() {
            self.segment(true, 1001 + (at * PIECE) as u32, 5001, PUSH_ACK, piece);
        }
        for (at, piece) in response.chunks(PIECE).enumerate() {
            self.segment(false, 5001 + (at * PIECE) as u32, 1001 + asked, PUSH_ACK, piece);
        }
        self.segment(true, 1001 + asked, 5001 + answered, FIN_ACK, b"");
        self.segment(false, 5001 + answered, 1002 + asked, FIN_ACK, b"");
        self.microseconds += 1_000_000;
        self
    }

    fn segment(&mut self, to_server: bool, sequence: u32, ack: u32, flags: u8, payload: &[u8]) {
        let (client, server) = (([10, 0, 0, 1], self.client_port), ([10, 0, 0, 2], 8080));
        let (source, destination) = if to_server { (client, server) } else { (server, client) };
        let length = 40 + payload.len();
        let mut packet = vec![0x45, 0];
        packet.extend_from_slice(&(length as u16).to_be_bytes());
        packet.extend_from_slice(&[0, 0, 0x40, 0, 64, 6, 0, 0]);
        packet.extend_from_slice(&source.0);
        packet.extend_from_slice(&destination.0);
        packet.extend_from_slice(&source.1.to_be_bytes());
        packet.extend_from_slice(&destination.1.to_be_bytes());
        packet.extend_from_slice(&sequence.to_be_bytes());
        packet.extend_from_slice(&ack.to_be_bytes());
        packet.extend_from_slice(&[0x50, flags, 0xff, 0xff, 0, 0, 0, 0]);
        packet.extend_from_slice(payload);
        self.microseconds += 1000;
        let seconds = NOON + (self.microseconds / 1_000_000) as u32;
        for word in [seconds, (self.microseconds % 1_000_000) as u32, length as u32, length as u32]
        {
            self.octets.extend_from_slice(&word.to_le_bytes());
        }
        self.octets.extend_from_slice(&packet);
    }

    /// As octets, for a pipe.
    pub fn octets(&self) -> &[u8] {
        &self.octets
    }

    /// Ends in the middle of the last packet.
    pub fn cut(&mut self, octets: usize) -> &mut Self {
        self.octets.truncate(self.octets.len() - octets);
        self
    }

    /// Writes it and says where.
    pub fn file(&self) -> PathBuf {
        let path = self.folder.path().join("capture.pcap");
        std::fs::write(&path, &self.octets).unwrap();
        path
    }
}

/// A refused request with this `Authorization` field line, or none.
pub fn refused(target: &str, authorization: &str) -> (String, String) {
    (
        format!("GET {target} HTTP/1.1\r\nHost: api.local\r\n{authorization}\r\n"),
        "HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Basic realm=\"here\"\r\nContent-Type: text/plain\r\nContent-Length: 6\r\n\r\ndenied"
            .to_owned(),
    )
}

/// An accepted request.
pub fn accepted(target: &str) -> (String, String) {
    (
        format!("GET {target} HTTP/1.1\r\nHost: api.local\r\n\r\n"),
        "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok".to_owned(),
    )
}

/// Three exchanges, of which the first and the last are refused.
pub fn sample() -> Capture {
    let mut capture = Capture::new();
    for (request, response) in [
        refused("/one?access_token=s3cretquery", ""),
        accepted("/two"),
        // alice:s3cretpass
        refused("/three", "Authorization: Basic YWxpY2U6czNjcmV0cGFzcw==\r\n"),
    ] {
        capture.conversation(&request, &response);
    }
    capture
}

/// Under `nohup` the tests ignore SIGHUP, and so would all that they start: a signal that is ignored
/// stays so in a new program, one that is handled does not (POSIX, `exec`).
pub fn heed_hang_ups() {
    #[cfg(unix)]
    {
        static HEEDED: std::sync::Once = std::sync::Once::new();
        HEEDED.call_once(|| {
            signal_hook::flag::register(signal_hook::consts::SIGHUP, std::sync::Arc::default())
                .unwrap();
        });
    }
}

pub fn why401() -> Command {
    heed_hang_ups();
    let mut command = Command::new(env!("CARGO_BIN_EXE_why401"));
    command.env_remove("WHY401_CONFIG").env("XDG_CONFIG_HOME", "/nonexistent").stdin(Stdio::null());
    command
}

/// Runs it with these words on the command line.
pub fn run(words: &[&str]) -> Output {
    why401().args(words).output().unwrap()
}

/// Runs it on a capture file.
pub fn read(path: &Path, words: &[&str]) -> Output {
    why401().arg("-r").arg(path).args(words).output().unwrap()
}

/// Waits until this one has ended, and fails by `otherwise` where it does not.
pub fn ends_by_itself(child: &mut Child, otherwise: &str) {
    let asked = Instant::now();
    while child.try_wait().unwrap().is_none() {
        if asked.elapsed() > Duration::from_secs(20) {
            child.kill().unwrap();
            panic!("{otherwise}");
        }
        std::thread::sleep(Duration::from_millis(20));
    }
}

pub fn text(octets: &[u8]) -> String {
    String::from_utf8(octets.to_vec()).unwrap()
}

/// Checks that it failed with one line that begins with the program's name, and gives the line.
pub fn complaint(output: &Output) -> String {
    let line = text(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{line}");
    assert!(line.starts_with("why401: ") && line.ends_with('\n'), "{line:?}");
    assert_eq!(line.lines().count(), 1, "{line}");
    assert!(output.stdout.is_empty());
    line
}
