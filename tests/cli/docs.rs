//! Every command in the documents is run: a reader who copies one must get what it promises.
//!
//! A line of a shell block is run by a shell, with the real program and with stand-ins for what the
//! reader has and this machine may not: another host, containers, a password for sudo. Files to be read
//! are recordings, interfaces are loopback, a capture ends after a second, and `make` only says what it
//! would do. What is not run stands in [`EXCUSED`] with the reason; a tool that is not here is named.

use std::collections::VecDeque;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::Mutex;

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;

use crate::wire::{run, text};

const ROOT: &str = env!("CARGO_MANIFEST_DIR");

/// Stands for the program: notes how it was called and how it ended.
const NOTING: &str = r#"#!/bin/sh
case " $* " in
*" --help "*|*" --duration "*|*" interfaces "*|*" explain "*|*" completions "*|*" man "*) ;;
*" demo "*) set -- "$@" --help ;;
*" -r "*) case " $* " in *" --follow-file "*) set -- "$@" --duration 1s ;; esac ;;
*) if [ "$RIGHTS" = root ]; then set -- "$@" --duration 1s; else set -- "$@" --help; fi ;;
esac
"$PROGRAM" "$@"
code=$?
echo "$code $*" >>"$CALLS"
exit $code
"#;

/// What a reader has and this machine may not. What would print a capture prints the recording.
const STAND_INS: [(&str, &str); 10] = [
    ("why401", NOTING),
    ("sudo", "#!/bin/sh\nexec \"$@\"\n"),
    ("ssh", "#!/bin/sh\ncat \"$RECORDING\"\n"),
    ("kubectl", "#!/bin/sh\ncat \"$RECORDING\"\n"),
    ("docker", "#!/bin/sh\n[ \"$1\" = inspect ] && echo \"$ALIVE\" || cat \"$RECORDING\"\n"),
    ("nsenter", "#!/bin/sh\nwhile [ \"$1\" != why401 ]; do shift; done\nexec \"$@\"\n"),
    ("systemctl", "#!/bin/sh\nfor unit; do :; done\n[ -f \"$ROOT/packaging/$unit.service\" ]\n"),
    ("journalctl", "#!/bin/sh\nexec \"$PROGRAM\" -r \"$RECORDING\" --json\n"),
    ("setcap", "#!/bin/sh\n"),
    ("getcap", "#!/bin/sh\n"),
];

/// Lines that no test runs, by how they begin, and why.
const EXCUSED: [(&str, &str); 2] = [
    (
        "UPDATE=1 cargo test ",
        "writes documents of this repository anew, from tests that run anyway",
    ),
    ("cargo bench", "takes minutes; `cargo test` runs each benchmark once"),
];

/// A key set of one key.
const KEYS: &str = r#"{"keys":[{"kty":"oct","kid":"k1","alg":"HS256","k":"c2VjcmV0"}]}"#;

/// A test suite whose token is for another service, or which has none.
const SUITE: &str = r#"#!/bin/sh
curl -s -o /dev/null ${TOKEN:+-H "Authorization: Bearer $TOKEN"} "http://127.0.0.1:$PORT/orders"
"#;

/// Something in a document that calls why401.
#[derive(Debug, Clone, PartialEq)]
struct Call {
    /// As `docs/CI.md:42`.
    place: String,
    /// What the shell is given.
    shell: String,
    kind: Kind,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Kind {
    /// A line of a shell block, or a command of a unit or manifest.
    Line,
    /// A line of a shell block without why401.
    Other,
    /// A whole block (`sh script`).
    Script,
    /// Words in running text: only whether the program knows them.
    Mention,
}

fn documents() -> Vec<(String, String)> {
    let mut paths =
        vec![PathBuf::from("README.md"), "CONTRIBUTING.md".into(), "SECURITY.md".into()];
    let folder = fs::read_dir(Path::new(ROOT).join("docs")).unwrap();
    paths.extend(folder.map(|entry| Path::new("docs").join(entry.unwrap().file_name())));
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "md"));
    paths.push("packaging/why401.service".into());
    paths.sort();
    let read = |path: PathBuf| {
        let text = fs::read_to_string(Path::new(ROOT).join(&path)).unwrap();
        (path.display().to_string(), text)
    };
    paths.into_iter().map(read).collect()
}

/// All calls of a document.
fn calls(name: &str, document: &str) -> Vec<Call> {
    let mut found = Vec::new();
    let mut fence: Option<String> = None;
    let mut script: Option<Call> = None;
    for (at, line) in document.lines().enumerate() {
        let place = format!("{name}:{}", at + 1);
        let mut call = |shell: &str, kind| {
            found.push(Call { place: place.clone(), shell: shell.to_owned(), kind });
        };
        if let Some(info) = line.trim_start().strip_prefix("```") {
            found.extend(script.take());
            fence = if fence.is_some() { None } else { Some(info.trim().to_owned()) };
            if fence.as_deref() == Some("sh script") {
                script = Some(Call { place, shell: String::new(), kind: Kind::Script });
            }
        } else if let Some(script) = &mut script {
            script.shell.push_str(line);
            script.shell.push('\n');
        } else if let Some((_, list)) = line.split_once("[\"why401\",") {
            let list = list.split(']').next().unwrap_or_default();
            call(&format!("why401 {}", list.replace(',', " ").trim_start()), Kind::Line);
        } else if let Some(command) = line.strip_prefix("ExecStart=/usr/bin/") {
            call(command, Kind::Line);
        } else if fence.as_deref() == Some("sh") {
            let is_command = !line.trim().is_empty() && !line.trim_start().starts_with('#');
            if is_called(line) {
                call(line, Kind::Line);
            } else if is_command && !EXCUSED.iter().any(|(begins, _)| line.starts_with(begins)) {
                call(line, Kind::Other);
            }
        } else if fence.is_none() {
            for span in line.split('`').skip(1).step_by(2) {
                if span.starts_with("why401 ") && is_called(span) {
                    call(span, Kind::Mention);
                }
            }
        }
    }
    found
}

/// Whether the program stands where a command does.
fn is_called(line: &str) -> bool {
    let words: Vec<&str> =
        line.split_whitespace().take_while(|word| !word.starts_with('#')).collect();
    words.iter().enumerate().any(|(at, word)| {
        let before = at.checked_sub(1).and_then(|before| words.get(before));
        *word == "why401"
            && before.is_none_or(|before| matches!(*before, "|" | "&&" | "sudo" | "-n"))
    })
}

/// The tools that a line calls: the first word of each of its commands.
fn tools(line: &str) -> Vec<String> {
    let mut quote = None;
    let bare = |c: char| {
        match quote {
            Some(open) if open == c => quote = None,
            None if matches!(c, '\'' | '"') => quote = Some(c),
            _ => {}
        }
        if quote.is_some() { '_' } else { c }
    };
    let bare: String = line.chars().map(bare).collect();
    let bare = bare.split(" #").next().unwrap_or_default();
    let first = |command: &str| {
        command
            .split_whitespace()
            .find(|word| !word.contains('=') && *word != "sudo")
            .map(str::to_owned)
    };
    bare.split(['|', '&', ';']).filter_map(first).collect()
}

/// Where a call is run: files, stand-ins, and the way to them.
struct Stage {
    folder: tempfile::TempDir,
}

impl Stage {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        // The program becomes another user, who must get through to what it writes.
        fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755)).unwrap();
        let stage = Self { folder };
        fs::create_dir(stage.path("bin")).unwrap();
        fs::create_dir(stage.path("tmp")).unwrap();
        fs::set_permissions(stage.path("tmp"), fs::Permissions::from_mode(0o777)).unwrap();
        for (name, script) in STAND_INS {
            stage.stand_in(name, script);
        }
        stage
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// A file that only its owner may read, as the program asks of keys and passwords.
    fn secret(&self, name: &str, content: &str) {
        let path = self.path(name);
        fs::write(&path, content).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
    }

    fn stand_in(&self, name: &str, script: &str) {
        let path = self.path("bin").join(name);
        fs::write(&path, script).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    }

    fn shell(&self, script: &str) -> Command {
        let path = std::env::var("PATH").unwrap_or_default();
        let rights = if is_root() { "root" } else { "none" };
        let mut command = Command::new("sh");
        command
            .args(["-c", script])
            .current_dir(self.folder.path())
            .env("PATH", format!("{}:{path}", self.path("bin").display()))
            .env("ROOT", ROOT)
            .env("PROGRAM", env!("CARGO_BIN_EXE_why401"))
            .env("RECORDING", format!("{ROOT}/src/demo/demo.pcap"))
            .env("CALLS", self.path("calls"))
            .env("RIGHTS", rights)
            .env("ALIVE", std::process::id().to_string());
        command
    }
}

fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}

/// Runs a call; what is wrong with it, if anything.
fn fault(call: &Call) -> Option<String> {
    let stage = Stage::new();
    let mut words: Vec<&str> = call.shell.split(' ').collect();
    for at in 1..words.len() {
        match (words[at - 1], words[at]) {
            ("-r", name) if name != "-" => {
                // A recording of this repository is itself; any other name is the demo's.
                let own = PathBuf::from(ROOT).join(name);
                let recording = PathBuf::from(ROOT).join("src/demo/demo.pcap");
                let copy = stage.path(name);
                fs::create_dir_all(copy.parent().unwrap()).unwrap();
                fs::copy(if own.exists() { own } else { recording }, copy).unwrap();
            }
            ("--jwks", name) => stage.secret(name, KEYS),
            ("--check-credentials", name) => {
                stage.secret(name, "alice:{SHA}W6ph5Mm5Pz8GgiULbPgzG37mj9g=\n");
            }
            // Other interfaces are not here.
            ("-i", "docker0" | "eth0") => words[at] = "lo",
            _ => {}
        }
    }
    // Nothing is written outside.
    let mut shell = words.join(" ").replace("/var/tmp/", "tmp/");
    if call.kind == Kind::Mention {
        shell.push_str(" --help");
    }
    if call.kind == Kind::Other {
        shell = shell.replacen("make ", &format!("make --dry-run -C {ROOT} "), 1);
    }
    let has = |tool: &String| {
        let found = stage.shell(&format!("command -v {tool}")).output();
        found.is_ok_and(|found| found.status.success())
    };
    let missing: Vec<String> = tools(&shell).into_iter().filter(|tool| !has(tool)).collect();
    if !missing.is_empty() {
        eprintln!("NOT TESTED: {}: {} is not here: {}", call.place, missing.join(", "), call.shell);
    }
    let output = stage.shell(&shell).output().unwrap();
    let ended = output.status.code();
    let well = ended == Some(0) || (ended == Some(1) && shell.contains("--fail-on"));
    if missing.is_empty() && !well {
        let complaint = text(&output.stderr);
        return Some(format!("{}: {} ended with {ended:?}\n  {complaint}", call.place, call.shell));
    }
    if call.kind == Kind::Other {
        return None;
    }
    let noted = fs::read_to_string(stage.path("calls")).unwrap_or_default();
    let wrong = |call: &str| match call.split_once(' ') {
        Some(("0", _)) => false,
        Some(("1", words)) => !words.contains("--fail-on"),
        _ => true,
    };
    if noted.is_empty() || noted.lines().any(wrong) {
        let complaint = text(&output.stderr);
        return Some(format!("{}: {}\n  {noted}  {complaint}", call.place, call.shell));
    }
    None
}

/// Runs all, several at a time.
fn faults(calls: Vec<Call>) -> Vec<String> {
    let queue = Mutex::new(VecDeque::from(calls));
    let found = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for _ in 0..6 {
            scope.spawn(|| {
                loop {
                    let Some(call) = queue.lock().unwrap().pop_front() else { break };
                    found.lock().unwrap().extend(fault(&call));
                }
            });
        }
    });
    found.into_inner().unwrap()
}

#[test]
fn every_command_in_the_documents_runs() {
    if !is_root() {
        eprintln!(
            "NOT TESTED: live commands in the documents need root; only their options were checked"
        );
    }
    let mut all = Vec::new();
    for (name, document) in documents() {
        all.extend(calls(&name, &document).into_iter().filter(|call| call.kind != Kind::Script));
    }
    assert!(all.len() > 40, "only {} calls were found", all.len());
    let faults = faults(all);
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn a_command_that_does_not_work_would_be_found() {
    for document in [
        "```sh\nwhy401 -r dump.pcap --no-such-option\n```\n",
        "```sh\nssh host tcpdump | why401 -r - -Y 'statsu:401'\n```\n",
        "```sh\nsudo why401 -i lo -f 'tcp prot 80' --no-such-option\n```\n",
        "```yaml\ncommand: [\"why401\", \"--jsn\"]\n```\n",
        "Say `why401 explian` for more.\n",
        "ExecStart=/usr/bin/why401 --no-such-option\n",
        "```sh\nwhy401 -r dump.pcap --json | grep --no-such-option x\n```\n",
        "```sh\nmake no-such-target\n```\n",
        "```sh\nsudo systemctl enable --now no-such-unit\n```\n",
    ] {
        let found = calls("x", document);
        assert_eq!(found.len(), 1, "{document}");
        assert_eq!(faults(found).len(), 1, "{document}");
    }
}

#[test]
fn the_readme_shows_what_the_program_prints() {
    let readme = fs::read_to_string(Path::new(ROOT).join("README.md")).unwrap();
    let (_, sample) = readme.split_once("```text\n").unwrap();
    let (sample, _) = sample.split_once("```").unwrap();
    let recording = Path::new(ROOT).join("tests/exam/406-audience/capture.pcap");
    let printed = text(&run(&["-r", recording.to_str().unwrap(), "--text", "-v"]).stdout);
    assert!(printed.contains(sample), "{printed}");
}

#[test]
fn every_link_in_the_documents_leads_somewhere() {
    for (name, document) in documents() {
        let folder = Path::new(ROOT).join(&name).parent().unwrap().to_owned();
        for rest in document.split("](").skip(1) {
            let target = rest.split([')', '#']).next().unwrap_or_default();
            let elsewhere = target.is_empty() || target.contains("://");
            assert!(elsewhere || folder.join(target).exists(), "{name}: {target}");
        }
    }
}

/// Refuses every token as one for another audience, and accepts who has none.
fn service() -> u16 {
    use std::io::{Read as _, Write as _};
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        for connection in listener.incoming() {
            let mut connection = connection.unwrap();
            let mut request = [0; 4096];
            let count = connection.read(&mut request).unwrap_or(0);
            let refused = text(&request[..count]).contains("Authorization: Bearer");
            let answer = if refused {
                "HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Bearer error=\"invalid_token\", \
                 error_description=\"The audience 'billing' is invalid\"\r\nContent-Length: 0\r\n\r\n"
            } else {
                "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"
            };
            let _ = connection.write_all(answer.as_bytes());
        }
    });
    port
}

fn token() -> String {
    let part = |json: &str| BASE64_URL_SAFE_NO_PAD.encode(json);
    let header = part(r#"{"alg":"HS256","typ":"JWT"}"#);
    let claims = part(r#"{"sub":"ci","aud":"billing","exp":4102444800}"#);
    format!("{header}.{claims}.{}", part("a signature of some length, made up"))
}

/// Runs a script of the documents around a suite that sends this token.
fn suite_under_capture(script: &Call, token: &str) -> Output {
    let stage = Stage::new();
    stage.stand_in("why401", "#!/bin/sh\nexec \"$PROGRAM\" \"$@\"\n");
    stage.stand_in("npm", SUITE);
    let port = service().to_string();
    stage
        .shell(&script.shell.replace("8080", &port))
        .env("PORT", &port)
        .env("TOKEN", token)
        .output()
        .unwrap()
}

#[test]
fn the_script_for_ci_fails_on_a_refused_token_and_on_nothing_else() {
    if !is_root() {
        eprintln!(
            "NOT TESTED: the script in docs/CI.md needs root to capture; run the tests with sudo"
        );
        return;
    }
    let document = fs::read_to_string(Path::new(ROOT).join("docs/CI.md")).unwrap();
    let mut scripts = calls("docs/CI.md", &document);
    scripts.retain(|call| call.kind == Kind::Script);
    let [script] = &scripts[..] else { panic!("one script in docs/CI.md") };

    let refused = suite_under_capture(script, &token());
    let said = text(&refused.stdout) + &text(&refused.stderr);
    assert_eq!(refused.status.code(), Some(1), "{said}");
    assert!(said.contains("jwt-wrong-audience"), "{said}");

    let accepted = suite_under_capture(script, "");
    let said = text(&accepted.stdout) + &text(&accepted.stderr);
    assert_eq!(accepted.status.code(), Some(0), "{said}");
}

#[test]
fn the_unit_lets_the_program_confine_itself() {
    let unit = fs::read_to_string(Path::new(ROOT).join("packaging/why401.service")).unwrap();
    let allowed = unit.lines().find_map(|line| line.strip_prefix("SystemCallFilter=")).unwrap();
    // Not in @system-service: without them the service would be killed at its start.
    for call in
        ["landlock_create_ruleset", "landlock_add_rule", "landlock_restrict_self", "seccomp"]
    {
        assert!(allowed.split(' ').any(|name| name == call), "{call}");
    }
}
