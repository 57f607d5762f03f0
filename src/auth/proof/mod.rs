//! Optional proof: captured credentials held against keys and passwords that the user gives
//! (`--jwks`, `--check-credentials`). What they are stays on this machine and is never shown.

mod hashes;
mod keys;
mod passwords;

use std::fmt;
use std::fs::File;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use zeroize::Zeroizing;

use crate::auth::authorization::Parameters;
use keys::KeyFile;
use passwords::PasswordFile;

/// Nobody keeps more keys or users in a file; a device or a log named by mistake has more.
const LONGEST: u64 = 4 << 20;

/// What a comparison came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// The key or password is the one in the file.
    Matches,
    /// It is not.
    Differs,
    /// The file has no key of this id, or no such user.
    Unknown,
    /// It cannot be compared; why.
    CannotTell(&'static str),
}

/// A comparison and what was compared with. `Display` says it in a few words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proof {
    /// How it ended.
    pub verdict: Verdict,
    /// With what: `key k1`, `user alice`. From the file or the wire: not yet made visible.
    pub with: String,
    /// Name of the file.
    pub file: String,
}

impl fmt::Display for Proof {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { verdict, with, file } = self;
        match verdict {
            Verdict::Matches => write!(f, "matches {with} of {file}"),
            Verdict::Differs => write!(f, "does not match {with} of {file}"),
            Verdict::Unknown => write!(f, "{file} has no {with}"),
            Verdict::CannotTell(reason) => write!(f, "cannot tell with {file}: {reason}"),
        }
    }
}

/// Why a file cannot be used, in one line.
#[derive(Debug, thiserror::Error)]
#[error("{path}: {reason}")]
pub struct ProofError {
    /// Which.
    pub path: PathBuf,
    /// Why, and what to do.
    pub reason: String,
}

/// Keys and passwords to compare with.
#[derive(Debug, Default)]
pub struct Prover {
    keys: Option<KeyFile>,
    passwords: Option<PasswordFile>,
}

impl Prover {
    /// Reads the files: a JWK set, PEM keys or an HMAC secret, and users with passwords or their
    /// hashes (htpasswd, htdigest, `user:password`).
    pub fn open(jwks: Option<&Path>, credentials: Option<&Path>) -> Result<Self, ProofError> {
        let read = |path: &Path| {
            read(path)
                .map_err(|error| ProofError { path: path.to_owned(), reason: error.to_string() })
        };
        let wrong = |path: &Path| {
            let path = path.to_owned();
            |reason| ProofError { path, reason }
        };
        let keys = match jwks {
            None => None,
            Some(path) => {
                let content = read(path)?;
                Some(KeyFile::parse(&name(path), &content).map_err(wrong(path))?)
            }
        };
        let passwords = match credentials {
            None => None,
            Some(path) => {
                let content = read(path)?;
                Some(PasswordFile::parse(&name(path), &content).map_err(wrong(path))?)
            }
        };
        let holds_secrets = keys.as_ref().is_some_and(KeyFile::holds_secrets);
        for path in jwks.filter(|_| holds_secrets).into_iter().chain(credentials) {
            private(path).map_err(wrong(path))?;
        }
        Ok(Self { keys, passwords })
    }

    /// Whether the signature of a JWS in compact form fits a key. `None` without keys.
    pub fn jwt(&self, token: &str) -> Option<Proof> {
        self.keys.as_ref().map(|keys| keys.check(token))
    }

    /// Whether a Basic password is that of the user. `None` without a password file.
    ///
    /// A slow hash is computed once for each pair: the answers are remembered.
    pub fn basic(&mut self, user: &str, password: &[u8]) -> Option<Proof> {
        self.passwords.as_mut().map(|passwords| passwords.basic(user, password))
    }

    /// Whether a Digest response was computed with the user's password. `None` without a password
    /// file.
    pub fn digest(&self, parameters: &Parameters, method: &[u8]) -> Option<Proof> {
        self.passwords.as_ref().map(|passwords| passwords.digest(parameters, method))
    }
}

fn name(path: &Path) -> String {
    path.file_name().unwrap_or(path.as_os_str()).to_string_lossy().into_owned()
}

fn read(path: &Path) -> io::Result<Zeroizing<Vec<u8>>> {
    // Room for all of it from the start, so that growing leaves no copies behind.
    let file = File::open(path)?;
    let size = file.metadata()?.len().min(LONGEST);
    let mut content = Zeroizing::new(Vec::with_capacity(size as usize + 1));
    file.take(LONGEST + 1).read_to_end(&mut content)?;
    if content.len() as u64 > LONGEST {
        return Err(io::Error::other("larger than 4 MiB: this holds no keys or passwords"));
    }
    Ok(content)
}

/// A file with secrets that others can read gives them away before this program does.
#[cfg(unix)]
fn private(path: &Path) -> Result<(), String> {
    use std::os::unix::fs::PermissionsExt as _;
    let mode = std::fs::metadata(path).map_err(|error| error.to_string())?.permissions().mode();
    let others = mode & 0o077;
    if others == 0 {
        return Ok(());
    }
    Err(format!(
        "holds secrets, and others may read it (mode {:04o}): chmod 600 {}",
        mode & 0o7777,
        path.display()
    ))
}

#[cfg(not(unix))]
fn private(_: &Path) -> Result<(), String> {
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_with_secrets_must_be_private() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("users");
        std::fs::write(&path, "alice:secret\n").unwrap();
        let mode = |mode| {
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
        };
        mode(0o644);
        for (jwks, credentials) in [(Some(path.as_path()), None), (None, Some(path.as_path()))] {
            let error = Prover::open(jwks, credentials).unwrap_err().to_string();
            assert!(error.contains("(mode 0644): chmod 600"), "{error}");
        }
        mode(0o600);
        let mut prover = Prover::open(None, Some(&path)).unwrap();
        let proof = prover.basic("alice", b"secret").unwrap();
        assert_eq!(proof.to_string(), "matches user alice of users");
        assert!(prover.jwt("a.b.c").is_none());
        assert!(!format!("{prover:?}").contains("secret"));
    }

    #[test]
    fn public_keys_may_be_read_by_anybody() {
        use std::os::unix::fs::PermissionsExt as _;
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("jwks.json");
        std::fs::write(&path, keys::tests::PUBLIC_SET).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o644)).unwrap();
        assert!(Prover::open(Some(&path), None).is_ok());
        let missing = folder.path().join("nothing");
        let error = Prover::open(Some(&missing), None).unwrap_err().to_string();
        assert!(error.starts_with(missing.to_str().unwrap()), "{error}");
    }
}
