//! `--jwks` and `--check-credentials`.

use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use crate::wire::{complaint, read, sample, text};

fn saved(folder: &Path, name: &str, content: &str, mode: u32) -> PathBuf {
    let path = folder.join(name);
    std::fs::write(&path, content).unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
    path
}

#[test]
fn a_password_file_proves_what_the_wire_does_not_show() {
    let (capture, folder) = (sample(), tempfile::tempdir().unwrap());
    let said = |users: &str| {
        let path = saved(folder.path(), "users", users, 0o600);
        let words = ["--json", "--reveal", "--check-credentials", path.to_str().unwrap()];
        let output = read(&capture.file(), &words);
        assert!(output.status.success(), "{}", text(&output.stderr));
        text(&output.stdout)
    };
    let wrong = said("alice:0therpass\n");
    assert!(wrong.contains(r#""id":"wrong-password","#), "{wrong}");
    assert!(wrong.contains("The password does not match user alice of users"), "{wrong}");
    assert!(wrong.contains(r#""confidence":"certain""#), "{wrong}");
    assert!(!wrong.contains("0therpass"), "what the file holds is not shown: {wrong}");
    let right = said("alice:s3cretpass\n");
    assert!(right.contains(r#""value":"matches user alice of users""#), "{right}");
    assert!(!right.contains(r#""id":"wrong-password""#), "{right}");
}

#[test]
fn a_file_that_cannot_be_used_is_one_line() {
    let (capture, folder) = (sample(), tempfile::tempdir().unwrap());
    let file = capture.file();
    let open = saved(folder.path(), "open", "alice:x\n", 0o644);
    let line = complaint(&read(&file, &["--check-credentials", open.to_str().unwrap()]));
    assert!(line.contains("chmod 600"), "{line}");
    let broken = saved(folder.path(), "broken", "{\"keys\":[", 0o600);
    let line = complaint(&read(&file, &["--jwks", broken.to_str().unwrap()]));
    assert!(line.contains("is no JSON"), "{line}");
    let line = complaint(&read(&file, &["--jwks", "/nonexistent/keys"]));
    assert!(line.contains("/nonexistent/keys"), "{line}");
}
