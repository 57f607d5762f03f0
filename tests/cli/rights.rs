//! What the process may still do once its capture is open, asked of the kernel.

use std::io::Write;
use std::os::unix::process::CommandExt as _;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::wire::{complaint, run, sample, text, why401};

/// Tests of what root gives up need root.
fn is_root() -> bool {
    let root = rustix::process::geteuid().is_root();
    if !root {
        eprintln!("NOT TESTED: giving up root's rights needs root; run the tests with sudo");
    }
    root
}

/// A running why401 that waits for more on standard input, with its rights given up.
fn waiting(words: &[&str], environment: &[(&str, &str)]) -> Child {
    let mut child = why401()
        .args(["-r", "-", "--json"])
        .args(words)
        .env_remove("SUDO_USER")
        .envs(environment.iter().copied())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.as_mut().unwrap().write_all(sample().octets()).unwrap();
    let started = Instant::now();
    // The last of what it does before it reads.
    while field(&child, "Seccomp") != "2" && started.elapsed() < Duration::from_secs(5) {
        std::thread::sleep(Duration::from_millis(10));
    }
    child
}

/// A line of /proc/PID/status.
fn field(child: &Child, name: &str) -> String {
    let status = std::fs::read_to_string(format!("/proc/{}/status", child.id())).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
    line.unwrap_or_else(|| panic!("no {name} in {status}")).trim().to_owned()
}

fn id_of(user: &str, flag: &str) -> String {
    text(&Command::new("id").args([flag, user]).output().unwrap().stdout).trim().to_owned()
}

/// Closes standard input and checks that the work was done all the same.
fn finish(mut child: Child) {
    drop(child.stdin.take());
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success());
    assert_eq!(text(&output.stdout).lines().count(), 3);
}

#[test]
fn root_becomes_nobody_in_every_thread_with_no_group_and_no_capability_left() {
    if !is_root() {
        return;
    }
    let child = waiting(&[], &[]);
    let (uid, gid) = (id_of("nobody", "-u"), id_of("nobody", "-g"));
    let ids = |field: String| field.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
    assert_eq!(ids(field(&child, "Uid")), [&*uid; 4], "real, effective, saved, file system");
    assert_eq!(ids(field(&child, "Gid")), [&*gid; 4]);
    assert_eq!(field(&child, "Groups"), gid, "no group of root's is left");
    for set in ["CapInh", "CapPrm", "CapEff", "CapAmb"] {
        assert_eq!(field(&child, set), "0000000000000000", "{set}");
    }
    assert_eq!(field(&child, "NoNewPrivs"), "1");
    finish(child);
}

#[test]
fn system_calls_are_filtered_in_every_thread() {
    let child = waiting(&[], &[]);
    let threads = std::fs::read_dir(format!("/proc/{}/task", child.id())).unwrap();
    for thread in threads {
        let status = std::fs::read_to_string(thread.unwrap().path().join("status")).unwrap();
        // SECCOMP_MODE_FILTER (proc(5)).
        assert!(status.contains("Seccomp:\t2"), "{status}");
    }
    finish(child);
}

#[test]
fn nobody_but_root_reads_the_memory() {
    if !is_root() {
        return;
    }
    // Even the user that it has become.
    let child = waiting(&["--user", "daemon"], &[]);
    let memory = format!("/proc/{}/mem", child.id());
    let read = |user: u32| {
        let mut dd = Command::new("dd");
        dd.args([&format!("if={memory}"), "of=/dev/null", "count=0"]).uid(user).gid(user);
        dd.output().unwrap().status.success()
    };
    assert!(read(0), "root can");
    let daemon = id_of("daemon", "-u").parse().unwrap();
    assert!(!read(daemon));
    finish(child);
}

#[test]
fn the_user_behind_sudo_or_the_one_named_is_become() {
    if !is_root() {
        return;
    }
    for (words, environment, user) in [
        (&[][..], &[("SUDO_USER", "daemon")][..], "daemon"),
        (&["--user", "games"], &[("SUDO_USER", "daemon")], "games"),
        (&[], &[("SUDO_USER", "root")], "nobody"),
    ] {
        let child = waiting(words, environment);
        let uid = field(&child, "Uid");
        assert!(uid.starts_with(&id_of(user, "-u")), "{user}: {uid}");
        finish(child);
    }
}

#[test]
fn memory_with_credentials_in_it_cannot_be_dumped() {
    let child = waiting(&[], &[]);
    // Of a process that is not dumpable, /proc/PID belongs to root (proc(5)).
    let owner = std::os::unix::fs::MetadataExt::uid(
        &std::fs::metadata(format!("/proc/{}/maps", child.id())).unwrap(),
    );
    assert_eq!(owner, 0);
    finish(child);
}

#[test]
fn a_user_who_does_not_exist_is_one_line() {
    assert!(complaint(&run(&["-r", "x", "--user", "no-such-user"])).contains("no-such-user"));
}
