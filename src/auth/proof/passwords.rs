//! Users and their passwords: `user:password`, htpasswd's `user:hash`, htdigest's `user:realm:HA1`.

use std::collections::HashMap;
use std::fmt::Write as _;

use md5::{Digest, Md5};
use sha2::{Sha256, Sha512_256};
use zeroize::Zeroizing;

use super::hashes;
use super::{Proof, Verdict};
use crate::auth::authorization::Parameters;
use crate::text;

/// Answers that are remembered, so that a slow hash is not computed for each retry.
const REMEMBERED: usize = 1024;

/// The users of a file.
pub struct PasswordFile {
    name: String,
    entries: Vec<Entry>,
    remembered: HashMap<[u8; 32], Verdict>,
}

struct Entry {
    user: String,
    secret: Known,
}

/// What the file knows of a password.
enum Known {
    /// Itself.
    Plain(Zeroizing<Vec<u8>>),
    /// Its hash, as in htpasswd.
    Hash(String),
    /// H(user:realm:password), as in htdigest.
    Digest { realm: String, hash: Zeroizing<String> },
}

impl std::fmt::Debug for PasswordFile {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list().entries(self.entries.iter().map(|entry| &entry.user)).finish()
    }
}

impl PasswordFile {
    /// One user a line; lines that are empty or begin with `#` say nothing.
    pub fn parse(name: &str, content: &[u8]) -> Result<Self, String> {
        let mut entries = Vec::new();
        for (index, line) in content.split(|&octet| octet == b'\n').enumerate() {
            let line = line.strip_suffix(b"\r").unwrap_or(line);
            if line.trim_ascii().is_empty() || line.starts_with(b"#") {
                continue;
            }
            let Some(colon) = line.iter().position(|&octet| octet == b':') else {
                return Err(format!("line {}: no colon after the user", index + 1));
            };
            let (user, secret) = (&line[..colon], &line[colon + 1..]);
            entries.push(Entry { user: text::decode(user).into_owned(), secret: known(secret) });
        }
        if entries.is_empty() {
            return Err("has no users".to_owned());
        }
        Ok(Self { name: name.to_owned(), entries, remembered: HashMap::new() })
    }

    fn proof(&self, verdict: Verdict, user: &str) -> Proof {
        Proof { verdict, with: format!("user {user}"), file: self.name.clone() }
    }

    fn of<'a>(&'a self, user: &'a str) -> impl Iterator<Item = &'a Known> {
        self.entries.iter().filter(move |entry| entry.user == user).map(|entry| &entry.secret)
    }

    /// Whether the password is one that the file has for the user.
    pub fn basic(&mut self, user: &str, password: &[u8]) -> Proof {
        let length = (user.len() as u64).to_be_bytes();
        let question =
            Sha256::new().chain_update(length).chain_update(user).chain_update(password).finalize();
        let question: [u8; 32] = question.into();
        if let Some(verdict) = self.remembered.get(&question) {
            return self.proof(*verdict, user);
        }
        if self.remembered.len() >= REMEMBERED {
            self.remembered.clear();
        }
        let verdict = self.compare(user, password);
        self.remembered.insert(question, verdict);
        self.proof(verdict, user)
    }

    fn compare(&self, user: &str, password: &[u8]) -> Verdict {
        let mut verdict = Verdict::Unknown;
        for known in self.of(user) {
            let matches = match known {
                Known::Plain(plain) => Some(plain.as_slice() == password),
                Known::Hash(hash) => hashes::matches(hash, password),
                Known::Digest { realm, hash } => {
                    let whole = [user.as_bytes(), b":", realm.as_bytes(), b":", password].concat();
                    let whole = Zeroizing::new(whole);
                    Algorithm::of_length(hash.len()).map(|own| own.hash(&whole) == **hash)
                }
            };
            match matches {
                Some(true) => return Verdict::Matches,
                Some(false) => verdict = Verdict::Differs,
                None if verdict == Verdict::Differs => {}
                None => verdict = Verdict::CannotTell("the kind of hash is not supported"),
            }
        }
        verdict
    }

    /// Whether the response is the one that the user's password gives (RFC 7616 §3.4.1).
    pub fn digest(&self, parameters: &Parameters, method: &[u8]) -> Proof {
        let user = parameters.get("username").unwrap_or_default();
        let hashed = parameters.get("userhash").is_some_and(|is| is.eq_ignore_ascii_case("true"));
        if hashed {
            let reason = "the user's name is hashed";
            return self.proof(Verdict::CannotTell(reason), user);
        }
        self.proof(self.compare_digest(user, parameters, method), user)
    }

    fn compare_digest(&self, user: &str, parameters: &Parameters, method: &[u8]) -> Verdict {
        let get = |name: &str| parameters.get(name).unwrap_or_default();
        let Some((algorithm, session)) = Algorithm::named(parameters.get("algorithm")) else {
            return Verdict::CannotTell("its algorithm is not supported");
        };
        let qop = parameters.get("qop").filter(|qop| !qop.is_empty());
        if qop.is_some_and(|qop| !qop.eq_ignore_ascii_case("auth")) {
            return Verdict::CannotTell("it covers the body too (qop=auth-int)");
        }
        let (realm, nonce) = (get("realm"), get("nonce"));
        let request = [method, b":", get("uri").as_bytes()].concat();
        let request = algorithm.hash(&request);
        let mut verdict = Verdict::Unknown;
        for known in self.of(user) {
            let secret = match known {
                Known::Plain(password) => {
                    let whole = [user.as_bytes(), b":", realm.as_bytes(), b":", password].concat();
                    Zeroizing::new(algorithm.hash(&Zeroizing::new(whole)))
                }
                Known::Digest { realm: own, hash } if own == realm => hash.clone(),
                Known::Digest { .. } => continue,
                Known::Hash(_) => {
                    verdict = Verdict::CannotTell("the file has only a hash of the password");
                    continue;
                }
            };
            if secret.len() != algorithm.hash(b"").len() {
                verdict = Verdict::CannotTell("the file's hash is of another algorithm");
                continue;
            }
            let secret = if session {
                let whole = format!("{}:{nonce}:{}", *secret, get("cnonce"));
                Zeroizing::new(algorithm.hash(Zeroizing::new(whole).as_bytes()))
            } else {
                secret
            };
            let whole = Zeroizing::new(match qop {
                Some(qop) => {
                    format!("{}:{nonce}:{}:{}:{qop}:{request}", *secret, get("nc"), get("cnonce"))
                }
                None => format!("{}:{nonce}:{request}", *secret),
            });
            if algorithm.hash(whole.as_bytes()).eq_ignore_ascii_case(get("response")) {
                return Verdict::Matches;
            }
            verdict = Verdict::Differs;
        }
        verdict
    }
}

fn known(secret: &[u8]) -> Known {
    let text = text::decode(secret);
    if let Some((realm, hash)) = text.rsplit_once(':')
        && Algorithm::of_length(hash.len()).is_some()
        && hash.bytes().all(|octet| octet.is_ascii_hexdigit())
    {
        let hash = Zeroizing::new(hash.to_ascii_lowercase());
        return Known::Digest { realm: realm.to_owned(), hash };
    }
    // A password may begin with a dollar; a hash has two more.
    let modular = text.starts_with('$') && text.matches('$').count() >= 3;
    let labelled = ["{SHA}", "{SSHA}", "{PLAIN}"].iter().any(|label| text.starts_with(label));
    if modular || labelled {
        return Known::Hash(text.into_owned());
    }
    Known::Plain(Zeroizing::new(secret.to_vec()))
}

/// The hash of Digest (RFC 7616 §6.1).
#[derive(Debug, Clone, Copy)]
enum Algorithm {
    Md5,
    Sha256,
    Sha512Of256,
}

impl Algorithm {
    /// By its name, and whether it is the `-sess` variant.
    fn named(name: Option<&str>) -> Option<(Self, bool)> {
        let name = name.unwrap_or("MD5").to_ascii_uppercase();
        let (plain, session) = match name.strip_suffix("-SESS") {
            Some(plain) => (plain, true),
            None => (name.as_str(), false),
        };
        let algorithm = match plain {
            "MD5" => Self::Md5,
            "SHA-256" => Self::Sha256,
            "SHA-512-256" => Self::Sha512Of256,
            _ => return None,
        };
        Some((algorithm, session))
    }

    /// The one that htdigest files of this many hexadecimal digits are made with.
    const fn of_length(digits: usize) -> Option<Self> {
        match digits {
            32 => Some(Self::Md5),
            64 => Some(Self::Sha256),
            _ => None,
        }
    }

    /// In lower-case hexadecimal digits.
    fn hash(self, octets: &[u8]) -> String {
        match self {
            Self::Md5 => hex(&Md5::digest(octets)),
            Self::Sha256 => hex(&Sha256::digest(octets)),
            Self::Sha512Of256 => hex(&Sha512_256::digest(octets)),
        }
    }
}

fn hex(octets: &[u8]) -> String {
    octets.iter().fold(String::with_capacity(octets.len() * 2), |mut out, octet| {
        let _ = write!(out, "{octet:02x}");
        out
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(content: &str) -> PasswordFile {
        PasswordFile::parse("users", content.as_bytes()).unwrap()
    }

    fn parameters(pairs: &[(&str, &str)]) -> Parameters {
        Parameters(pairs.iter().map(|(n, v)| ((*n).to_owned(), (*v).to_owned())).collect())
    }

    /// RFC 7616 §3.9.1.
    fn mufasa(algorithm: &str, response: &str) -> Parameters {
        parameters(&[
            ("username", "Mufasa"),
            ("realm", "http-auth@example.org"),
            ("uri", "/dir/index.html"),
            ("algorithm", algorithm),
            ("nonce", "7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v"),
            ("nc", "00000001"),
            ("cnonce", "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ"),
            ("qop", "auth"),
            ("response", response),
        ])
    }

    const MD5: &str = "8ca523f5e9506fed4657c9700eebdbec";
    const SHA256: &str = "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1";

    #[test]
    fn passwords_in_clear_and_hashed_are_compared() {
        let mut users = file(
            "# comment\n\nalice:pa:ss\r\nbob:$apr1$saltsalt$lmcRj2F1SKs6o4B9yte9F/\n\
             eve:$argon2id$v=19$m=1$x\nmoney:$$$\n",
        );
        let mut check = |user: &str, password: &str| users.basic(user, password.as_bytes()).verdict;
        assert_eq!(check("alice", "pa:ss"), Verdict::Matches);
        assert_eq!(check("alice", "pa"), Verdict::Differs);
        assert_eq!(check("bob", "s3cret pass"), Verdict::Matches);
        assert_eq!(check("bob", "s3cret"), Verdict::Differs);
        assert_eq!(check("Alice", "pa:ss"), Verdict::Unknown);
        assert!(matches!(check("eve", "x"), Verdict::CannotTell(_)));
        assert_eq!(users.basic("zed", b"x").to_string(), "users has no user zed");
        assert_eq!(users.basic("bob", b"x").to_string(), "does not match user bob of users");
    }

    #[test]
    fn the_responses_of_the_rfc_fit_their_password() {
        let users = file("Mufasa:Circle of Life\n");
        for (algorithm, response) in [("MD5", MD5), ("SHA-256", SHA256), ("md5", MD5)] {
            let proof = users.digest(&mufasa(algorithm, response), b"GET");
            assert_eq!(proof.verdict, Verdict::Matches, "{algorithm}");
            let other = users.digest(&mufasa(algorithm, response), b"POST");
            assert_eq!(other.verdict, Verdict::Differs, "the method is part of it");
        }
        let wrong = file("Mufasa:circle of life\n").digest(&mufasa("MD5", MD5), b"GET");
        assert_eq!(wrong.verdict, Verdict::Differs);
        let nobody = file("Simba:x\n").digest(&mufasa("MD5", MD5), b"GET");
        assert_eq!(nobody.verdict, Verdict::Unknown);
    }

    #[test]
    fn an_htdigest_line_serves_basic_and_digest() {
        // htdigest: MD5 of Mufasa:http-auth@example.org:Circle of Life
        let hash = Algorithm::Md5.hash(b"Mufasa:http-auth@example.org:Circle of Life");
        let mut users = file(&format!("Mufasa:http-auth@example.org:{hash}\n"));
        assert_eq!(users.digest(&mufasa("MD5", MD5), b"GET").verdict, Verdict::Matches);
        assert_eq!(users.basic("Mufasa", b"Circle of Life").verdict, Verdict::Matches);
        assert!(matches!(
            users.digest(&mufasa("SHA-256", SHA256), b"GET").verdict,
            Verdict::CannotTell(_)
        ));
        let elsewhere = file(&format!("Mufasa:other realm:{hash}\n"));
        assert_eq!(elsewhere.digest(&mufasa("MD5", MD5), b"GET").verdict, Verdict::Unknown);
    }

    #[test]
    fn the_forms_of_older_and_stranger_clients_are_computed_too() {
        let users = file("alice:secret\n");
        let (ha1, ha2) = (Algorithm::Md5.hash(b"alice:r:secret"), Algorithm::Md5.hash(b"GET:/"));
        let old = Algorithm::Md5.hash(format!("{ha1}:n:{ha2}").as_bytes());
        let mut pairs = vec![("username", "alice"), ("realm", "r"), ("nonce", "n"), ("uri", "/")];
        let mut rfc2069 = pairs.clone();
        rfc2069.push(("response", &old));
        assert_eq!(users.digest(&parameters(&rfc2069), b"GET").verdict, Verdict::Matches);
        let session = Algorithm::Md5.hash(format!("{ha1}:n:c").as_bytes());
        let answer = Algorithm::Md5.hash(format!("{session}:n:00000001:c:auth:{ha2}").as_bytes());
        pairs.extend([("algorithm", "MD5-sess"), ("nc", "00000001"), ("cnonce", "c")]);
        pairs.extend([("qop", "auth"), ("response", answer.as_str())]);
        assert_eq!(users.digest(&parameters(&pairs), b"GET").verdict, Verdict::Matches);
        for unusual in [("qop", "auth-int"), ("algorithm", "SHA-1"), ("userhash", "true")] {
            let mut pairs = pairs.clone();
            pairs.retain(|(name, _)| *name != unusual.0);
            pairs.push(unusual);
            let verdict = users.digest(&parameters(&pairs), b"GET").verdict;
            assert!(matches!(verdict, Verdict::CannotTell(_)), "{unusual:?}");
        }
    }

    #[test]
    fn a_file_that_is_none_says_its_line() {
        let error = PasswordFile::parse("users", b"alice:x\nnonsense\n").unwrap_err();
        assert_eq!(error, "line 2: no colon after the user");
        assert!(PasswordFile::parse("users", b"# nobody\n").is_err());
    }

    #[test]
    fn answers_are_remembered_within_bounds() {
        let mut users = file("alice:secret\n");
        for number in 0..3000 {
            users.basic("alice", format!("{number}").as_bytes());
        }
        assert!(users.remembered.len() <= REMEMBERED);
        assert_eq!(users.basic("alice", b"secret").verdict, Verdict::Matches);
    }
}
