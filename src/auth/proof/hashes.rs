//! The password hashes of htpasswd files.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use md5::{Digest as _, Md5};
use sha_crypt::ShaCrypt;
use sha_crypt::password_hash::PasswordVerifier as _;
use sha1::Sha1;

/// bcrypt doubles its time with each step: 14 is a second.
const BCRYPT_COST: u32 = 14;

/// SHA-crypt's rounds; 5,000 are usual, a million is a second.
const SHA_CRYPT_ROUNDS: u32 = 1_000_000;

/// Whether the password has this hash; `None` for a hash that this program does not know, or that
/// would take too long.
pub fn matches(hash: &str, password: &[u8]) -> Option<bool> {
    if let Some(encoded) = hash.strip_prefix("{SHA}") {
        let digest = STANDARD.decode(encoded).ok()?;
        return Some(*Sha1::digest(password) == *digest);
    }
    if let Some(encoded) = hash.strip_prefix("{SSHA}") {
        let decoded = STANDARD.decode(encoded).ok()?;
        let (digest, salt) = decoded.split_at_checked(20)?;
        return Some(*Sha1::new().chain_update(password).chain_update(salt).finalize() == *digest);
    }
    if let Some(plain) = hash.strip_prefix("{PLAIN}") {
        return Some(plain.as_bytes() == password);
    }
    let (kind, rest) = hash.strip_prefix('$')?.split_once('$')?;
    match kind {
        "apr1" | "1" => {
            let (salt, digest) = rest.split_once('$')?;
            Some(md5_crypt(&format!("${kind}$"), salt, password) == digest)
        }
        "2a" | "2b" | "2x" | "2y" => {
            let cost: u32 = rest.split('$').next()?.parse().ok()?;
            (cost <= BCRYPT_COST).then(|| bcrypt::verify(password, hash).ok()).flatten()
        }
        "5" | "6" => {
            let rounds = rest.split('$').next()?.strip_prefix("rounds=");
            let rounds: u32 = rounds.map_or(Some(0), |rounds| rounds.parse().ok())?;
            let hash = sha_crypt::PasswordHashRef::new(hash).ok()?;
            (rounds <= SHA_CRYPT_ROUNDS)
                .then(|| ShaCrypt::default().verify_password(password, hash).is_ok())
        }
        _ => None,
    }
}

/// MD5-crypt as FreeBSD made it (`$1$`) and Apache took it over (`$apr1$`): the 22 characters of its digest.
fn md5_crypt(magic: &str, salt: &str, password: &[u8]) -> String {
    let salt = salt.as_bytes().get(..8).unwrap_or(salt.as_bytes());
    let chain = |parts: &[&[u8]]| parts.iter().fold(Md5::new(), Md5::chain_update).finalize();
    let inner = chain(&[password, salt, password]);
    let mut outer = Md5::new().chain_update(password).chain_update(magic).chain_update(salt);
    for chunk in password.chunks(16) {
        outer.update(&inner[..chunk.len()]);
    }
    let mut bits = password.len();
    while bits > 0 {
        // The zero is a slip of the first implementation that all others keep.
        outer.update(if bits & 1 == 1 { &[0][..] } else { password.get(..1).unwrap_or_default() });
        bits >>= 1;
    }
    let mut digest = outer.finalize();
    for round in 0..1000 {
        let odd = round % 2 == 1;
        let first: &[u8] = if odd { password } else { &digest };
        let salted: &[u8] = if round % 3 == 0 { b"" } else { salt };
        let again: &[u8] = if round % 7 == 0 { b"" } else { password };
        let last: &[u8] = if odd { &digest } else { password };
        digest = chain(&[first, salted, again, last]);
    }
    crypt_base64(&digest.into())
}

/// Three octets as four characters, in the order of crypt(3).
fn crypt_base64(digest: &[u8; 16]) -> String {
    const ALPHABET: &[u8; 64] = b"./0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    let mut out = String::with_capacity(22);
    let mut push = |mut value: u32, characters: usize| {
        for _ in 0..characters {
            out.push(char::from(ALPHABET[(value & 63) as usize]));
            value >>= 6;
        }
    };
    for [a, b, c] in [[0, 6, 12], [1, 7, 13], [2, 8, 14], [3, 9, 15], [4, 10, 5]] {
        let octet = |index: usize| u32::from(digest[index]);
        push(octet(a) << 16 | octet(b) << 8 | octet(c), 4);
    }
    push(u32::from(digest[11]), 2);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    const HASHES: [&str; 10] = [
        "$apr1$saltsalt$lmcRj2F1SKs6o4B9yte9F/",
        "$1$saltsalt$5lF22gyv5RCQWSRkctJIT0",
        "$5$saltsalt$PSOaQ1.uAjoqVUkrZPH7nqXa/TZbB4/.vAbfkDlIjN2",
        "$6$saltsalt$osX/3U830g/zrFjlLO4TCL7anTNnqPEtGZkQlCTVqQ4pIrvUWJgcB5qXW3Wio7X4AzYGVHZaxr6U8FI7Xf77C/",
        "$6$rounds=7000$abcdefgh$rDBwbp/wDCi01rVTjjF0zLTgOprEySvW93DRxG2A7AEn0mtPjSHdc2B14BxM5dwtEAFWdvcfjpXrmZ8TeE.UI.",
        "{SHA}ohgYgF2kkgMlRbH1HlEDczlOc+M=",
        "{SSHA}N6QkTxiRGkNR9TODMa1OiNzsETRzYWx0",
        "$2b$05$abcdefghijklmnopqrstuu1qdcFaS0PtqFUPzaCxLQ8/0lspH0ZEW",
        "$2y$05$abcdefghijklmnopqrstuu1qdcFaS0PtqFUPzaCxLQ8/0lspH0ZEW",
        "$2a$05$abcdefghijklmnopqrstuu1qdcFaS0PtqFUPzaCxLQ8/0lspH0ZEW",
    ];

    #[test]
    fn a_password_longer_than_a_digest_is_hashed_whole() {
        let password = b"a very long password of more than sixteen octets";
        assert_eq!(matches("$apr1$ab$b5wrs3cbRc/w0RdDH6Bu2.", password), Some(true));
    }

    #[test]
    fn hashes_of_other_programs_are_recognised() {
        // openssl passwd -apr1, -1, -5, -6; htpasswd -s, -B; slappasswd.
        for hash in HASHES {
            assert_eq!(matches(hash, b"s3cret pass"), Some(true), "{hash}");
            assert_eq!(matches(hash, b"s3cret pasS"), Some(false), "{hash}");
            assert_eq!(matches(hash, b""), Some(false), "{hash}");
        }
        assert_eq!(matches("{PLAIN}x", b"x"), Some(true));
    }

    #[test]
    fn what_is_unknown_or_endless_is_not_compared() {
        for hash in [
            "$argon2id$v=19$m=1,t=1,p=1$AAAA$AAAA",
            "$2b$31$abcdefghijklmnopqrstuuK3QtfcJ2y0GyL7dLvzVnJtVvZnBkUyG",
            "$6$rounds=999999999$salt$x",
            "$apr1$nodigest",
            "{SHA}%",
            "{SSHA}AA==",
            "$",
        ] {
            assert_eq!(matches(hash, b"x"), None, "{hash}");
        }
    }
}
