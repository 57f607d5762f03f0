//! Options, subcommands, and errors that take one line.

use crate::wire::{complaint, read, run, sample, text};

#[test]
fn contradictions_are_one_line_and_exit_2() {
    for (words, named) in [
        (&["-r", "x", "-i", "lo"][..], "--interface"),
        (&["--json", "--text"], "--text"),
        (&["--follow-file"], "--read"),
        (&["--rotate-size", "1M"], "--write"),
        (&["-c", "0"], "--count"),
        (&["--duration", "soon"], "--duration"),
        (&["--limit-memory", "many"], "--limit-memory"),
        (&["--snaplen", "1"], "--snaplen"),
        (&["--json", "--theme", "neon"], "--theme"),
        (&["-r"], "--read"),
        (&["nonsense"], "nonsense"),
        (&["-r", "x", "interfaces"], "interfaces"),
    ] {
        let line = complaint(&run(words));
        assert!(line.contains(named) && line.contains("--help"), "{line}");
    }
}

#[test]
fn a_mistyped_option_is_answered_with_the_nearest() {
    assert!(complaint(&run(&["--jsn"])).contains("'--json'"));
    assert!(complaint(&run(&["explain", "token-expird"])).contains("\"token-expired\""));
}

#[test]
fn a_file_or_a_filter_without_its_option_is_told_which_that_is() {
    let sample = sample();
    let file = sample.file();
    let file = file.to_str().unwrap();
    for (words, option) in [
        (&["-i", "lo", "tcp port 80"][..], "-f"),
        (&["port", "80"], "-f"),
        (&["-r", "x", "status:401"], "-Y"),
        (&["host~api"], "-Y"),
        (&[file], "-r"),
    ] {
        let line = complaint(&run(words));
        assert!(
            line.contains(&format!("is given with {option}"))
                || line.contains(&format!("is read with {option}")),
            "{line}"
        );
    }
    assert!(complaint(&run(&["demoo"])).contains("'demo'"));
}

#[test]
fn a_file_that_cannot_be_read_is_one_line_that_names_it() {
    assert!(complaint(&run(&["-r", "/nonexistent/x.pcap"])).contains("/nonexistent/x.pcap"));
    assert!(complaint(&run(&["-r", "/"])).contains('/'));
    let folder = tempfile::tempdir().unwrap();
    for (name, content) in [("empty", &b""[..]), ("text", b"\x1b]0;owned\x07not a capture")] {
        let path = folder.path().join(name);
        std::fs::write(&path, content).unwrap();
        let line = complaint(&read(&path, &["--json"]));
        assert!(line.contains(name) && !line.contains('\x1b'), "{line}");
    }
}

#[test]
fn a_filter_that_does_not_compile_is_one_line_before_anything_is_read() {
    for option in ["-Y", "--fail-on"] {
        let line = complaint(&run(&["-r", "/nonexistent", option, "stat:401"]));
        assert!(line.contains(option) && line.contains("status"), "{line}");
    }
}

#[test]
fn a_capture_filter_that_does_not_compile_is_one_line() {
    let line = complaint(&read(&sample().file(), &["-f", "tcp prot 80"]));
    assert!(line.contains("tcp prot 80"), "{line}");
}

#[test]
fn help_is_short_with_h_and_long_with_help() {
    let (short, long) = (run(&["-h"]), run(&["--help"]));
    assert!(short.status.success() && long.status.success());
    let (short, long) = (text(&short.stdout), text(&long.stdout));
    for heading in ["Source:", "Output:", "Bounds:", "Display:"] {
        assert!(short.contains(heading), "{short}");
    }
    assert!(short.lines().count() < 60 && long.lines().count() > 2 * short.lines().count());
    assert!(long.contains("--limit-memory") && !short.contains("--limit-memory"));
}

#[test]
fn every_option_of_the_contract_is_there() {
    let long = text(&run(&["--help"]).stdout);
    for option in [
        "-i, --interface",
        "-r, --read",
        "-f, --bpf",
        "-Y, --filter",
        "-w, --write",
        "--json",
        "--text",
        "-c, --count",
        "--duration",
        "--fail-on",
        "--reveal",
        "--limit-memory",
        "--history",
        "--snaplen",
        "--buffer-size",
        "--no-promisc",
        "--user",
        "--config",
        "--theme",
        "--color",
        "--follow-file",
        "-v, --verbose",
        "--rotate-size",
        "--rotate-count",
    ] {
        assert!(long.contains(option), "{option}");
    }
}

#[test]
fn the_catalogue_is_listed_and_one_entry_is_told_whole() {
    let list = run(&["explain"]);
    assert!(list.status.success() && text(&list.stdout).contains("no-credentials-sent"));
    let entry = run(&["explain", "token-expired"]);
    let entry = text(&entry.stdout);
    for part in ["token-expired", "Evidence on the wire", "What the server can do", "Sources"] {
        assert!(entry.contains(part), "{entry}");
    }
}

#[test]
fn completions_and_man_page_are_written() {
    for shell in ["bash", "zsh", "fish"] {
        assert!(text(&run(&["completions", shell]).stdout).contains("fail-on"));
    }
    assert!(text(&run(&["man"]).stdout).contains(".TH why401"));
}
