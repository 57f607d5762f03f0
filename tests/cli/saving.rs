//! `-w`.

use std::os::unix::fs::MetadataExt;

use crate::wire::{complaint, read, sample, text, why401};

#[test]
fn what_is_saved_reads_back_the_same() {
    let (capture, folder) = (sample(), tempfile::tempdir().unwrap());
    let copy = folder.path().join("copy.pcapng");
    let first = read(&capture.file(), &["--text", "--reveal", "-w", copy.to_str().unwrap()]);
    assert!(first.status.success(), "{}", text(&first.stderr));
    assert_eq!(text(&read(&copy, &["--text", "--reveal"]).stdout), text(&first.stdout));
    assert_eq!(std::fs::metadata(&copy).unwrap().mode() & 0o777, 0o600);
}

#[test]
fn the_saved_file_belongs_to_the_user_that_is_become() {
    if !rustix::process::geteuid().is_root() {
        eprintln!("NOT TESTED: becoming another user needs root; run the tests with sudo");
        return;
    }
    let (capture, folder) = (sample(), tempfile::tempdir().unwrap());
    let copy = folder.path().join("copy.pcapng");
    read(&capture.file(), &["--user", "daemon", "-w", copy.to_str().unwrap()]);
    assert_eq!(std::fs::metadata(&copy).unwrap().uid(), 1);

    // A folder of root's: the next file could not be created.
    let rotated = folder.path().join("rotated.pcapng");
    let words = ["--rotate-size", "1k", "--user", "daemon", "-w", rotated.to_str().unwrap()];
    let line = complaint(&read(&capture.file(), &words));
    assert!(line.contains("--rotate-size") && line.contains("--user root"), "{line}");
    let words = ["--rotate-size", "1k", "--user", "root", "-w", rotated.to_str().unwrap()];
    assert!(read(&capture.file(), &words).status.success());
}

#[test]
fn a_full_disk_loses_no_finding_and_is_an_error_in_the_end() {
    let output = read(&sample().file(), &["--json", "-w", "/dev/full"]);
    assert_eq!(output.status.code(), Some(2));
    assert_eq!(text(&output.stdout).lines().count(), 3);
    let warning = text(&output.stderr);
    assert!(warning.starts_with("why401: warning: /dev/full: "), "{warning}");
    assert_eq!(warning.lines().count(), 1, "{warning}");
}

#[test]
fn the_file_that_is_read_is_not_overwritten_by_whatever_name() {
    let capture = sample();
    let file = capture.file();
    let folder = tempfile::tempdir_in(file.parent().unwrap()).unwrap();
    let (hard, soft) = (folder.path().join("hard"), folder.path().join("soft"));
    std::fs::hard_link(&file, &hard).unwrap();
    std::os::unix::fs::symlink(&file, &soft).unwrap();
    for name in [&*file, &hard, &soft] {
        let line = complaint(&read(&file, &["-w", name.to_str().unwrap()]));
        assert!(line.contains("overwrite"), "{line}");
        let from_stdin = why401()
            .args(["-r", "-", "--json", "-w", name.to_str().unwrap()])
            .stdin(std::fs::File::open(&file).unwrap())
            .output()
            .unwrap();
        assert!(complaint(&from_stdin).contains("overwrite"));
    }
    assert_eq!(std::fs::read(&file).unwrap(), capture.octets());
}

#[test]
fn standard_output_is_no_file_to_save_to() {
    let line = complaint(&read(&sample().file(), &["-w", "-"]));
    assert!(line.contains("name a file"), "{line}");
}

#[test]
fn a_file_that_cannot_be_created_is_one_line() {
    let capture = sample();
    let line = complaint(&read(&capture.file(), &["-w", "/nonexistent/copy.pcapng"]));
    assert!(line.contains("/nonexistent/copy.pcapng"), "{line}");
    let output = why401().args(["-w", "x"]).args(["--rotate-count", "2"]).output().unwrap();
    assert!(complaint(&output).contains("--rotate-size"));
}
