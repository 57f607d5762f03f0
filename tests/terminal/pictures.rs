//! Keeps the pictures in docs/images what the program really shows. `UPDATE=1 cargo test --test
//! terminal pictures` takes them again.

use std::io::Write as _;
use std::process::{Command, Stdio};

use crate::screen::{Program, is_root};
use crate::skipped;

const ROOT: &str = env!("CARGO_MANIFEST_DIR");

/// Name, what is pressed, title.
const PICTURES: [(&str, &[&str], &str); 3] = [
    ("list", &[], "why401: the 401s of a recording"),
    ("why", &["\r"], "why401: why a request was refused"),
    ("help", &["?"], "why401: the keys"),
];

/// Where the first two lines of the screen stand, which tell of this run: rights, memory.
const OF_THIS_RUN: [&str; 2] = [r#"y="55.5""#, r#"y="73.5""#];

/// The screen after these keys, as escape sequences.
fn screen(keys: &[&str]) -> String {
    let mut arguments = vec!["-r", "demo.pcap"];
    if is_root() {
        arguments.extend(["--user", "root"]);
    }
    let mut program = Program::start(120, 36, &arguments);
    program.wait_for("read to its end");
    program.wait_for("row 1 of");
    program.settle();
    for key in keys {
        program.press_and_settle(key);
    }
    let shown = program.coloured();
    program.press("\x03");
    program.left();
    shown
}

fn svg(screen: &str, title: &str) -> String {
    let mut script = Command::new("python3")
        .args([&format!("{ROOT}/scripts/ansi-to-svg"), "--title", title])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    script.stdin.take().unwrap().write_all(screen.as_bytes()).unwrap();
    let done = script.wait_with_output().unwrap();
    assert!(done.status.success());
    String::from_utf8(done.stdout).unwrap()
}

#[test]
fn the_pictures_are_what_the_program_shows() {
    if Command::new("python3").arg("--version").output().is_err() {
        return skipped("the pictures", "python3 draws them");
    }
    for (name, keys, title) in PICTURES {
        let path = format!("{ROOT}/docs/images/{name}.svg");
        let now = svg(&screen(keys), title);
        if std::env::var_os("UPDATE").is_some() {
            std::fs::write(&path, &now).unwrap();
            continue;
        }
        let lasting = |picture: &str| -> Vec<String> {
            let lines =
                picture.lines().filter(|line| !OF_THIS_RUN.iter().any(|y| line.contains(y)));
            lines.map(str::to_owned).collect()
        };
        let kept = std::fs::read_to_string(&path).unwrap();
        for (kept, now) in lasting(&kept).iter().zip(&lasting(&now)) {
            assert_eq!(kept, now, "{path} is no longer what the program shows: scripts/screenshot");
        }
        assert_eq!(lasting(&kept).len(), lasting(&now).len(), "{path}: scripts/screenshot");
    }
}
