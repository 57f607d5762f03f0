//! Secrets are wrapped the moment they are parsed; a fingerprint tells two of them apart.

use std::fmt;
use std::sync::Arc;

use hmac::{Hmac, KeyInit, Mac};
use serde::{Serialize, Serializer};
use sha2::{Digest as _, Sha256};
use zeroize::Zeroizing;

/// A password, token or key from the wire. `Debug`, `Display` and `Serialize` show the mask only.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(Zeroizing<Box<[u8]>>);

impl Secret {
    /// Wraps the octets.
    pub fn new(octets: &[u8]) -> Self {
        Self(Zeroizing::new(octets.into()))
    }

    /// The octets, for a rule that must look at them or a user who asked to see them.
    pub fn expose(&self) -> &[u8] {
        &self.0
    }

    /// Length in octets.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is nothing in it.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("(masked)")
    }
}

impl fmt::Display for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("(masked)")
    }
}

impl Serialize for Secret {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str("(masked)")
    }
}

/// The first 32 bits of an HMAC of a credential under a key of this run: enough to see that two
/// requests used the same credential, useless for guessing it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Fingerprint(pub u32);

impl Fingerprint {
    /// Its eight hexadecimal digits.
    pub fn digits(self) -> [u8; 8] {
        let mut rest = self.0;
        let mut digits = [b'0'; 8];
        for digit in digits.iter_mut().rev() {
            *digit = match (rest & 0xf) as u8 {
                value @ 0..10 => b'0' + value,
                value => b'a' + (value - 10),
            };
            rest >>= 4;
        }
        digits
    }
}

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(std::str::from_utf8(&self.digits()).unwrap_or_default())
    }
}

impl Serialize for Fingerprint {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// The key of this run under which fingerprints are made.
#[derive(Clone)]
pub struct FingerprintKey(Arc<Hmac<Sha256>>);

impl FingerprintKey {
    /// A key from the system's random source, so that fingerprints of two runs cannot be compared.
    ///
    /// # Errors
    /// The operating system has no randomness to give.
    pub fn random() -> Result<Self, getrandom::Error> {
        let mut key = Zeroizing::new([0_u8; 32]);
        getrandom::fill(key.as_mut())?;
        Ok(Self::from_bytes(&key))
    }

    /// The key of a recording, from its beginning: the same file gives the same fingerprints each
    /// time, and only who has the file (and so the credentials in it) can make them.
    pub fn of_recording(beginning: &[u8]) -> Self {
        let mut digest = Sha256::new_with_prefix(b"why401 fingerprints\0");
        digest.update(beginning);
        Self::from_bytes(&digest.finalize().into())
    }

    /// A given key, for reproducible output.
    pub fn from_bytes(key: &[u8; 32]) -> Self {
        // RFC 2104 §2: a key shorter than the hash's block is padded with zeros.
        let mut block = Zeroizing::new([0_u8; 64]);
        block[..32].copy_from_slice(key);
        Self(Arc::new(Hmac::<Sha256>::new(&(*block).into())))
    }

    /// The fingerprint of a canonical credential.
    pub fn fingerprint(&self, canonical: &[u8]) -> Fingerprint {
        let mut mac = Hmac::clone(&self.0);
        mac.update(canonical);
        let tag = mac.finalize().into_bytes();
        Fingerprint(u32::from_be_bytes([tag[0], tag[1], tag[2], tag[3]]))
    }
}

impl fmt::Debug for FingerprintKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("FingerprintKey(masked)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_never_prints_itself() {
        let secret = Secret::new(b"hunter2");
        assert_eq!(format!("{secret} {secret:?}"), "(masked) (masked)");
        assert_eq!(serde_json::to_string(&secret).unwrap(), "\"(masked)\"");
        assert_eq!(secret.expose(), b"hunter2");
    }

    #[test]
    fn a_fingerprint_is_eight_hexadecimal_digits() {
        for value in [0, 0xa, 0x0012_9aef, 0x8000_0000, u32::MAX] {
            assert_eq!(Fingerprint(value).to_string(), format!("{value:08x}"));
        }
    }

    #[test]
    fn fingerprints_tell_credentials_apart_and_depend_on_the_key() {
        let (a, b) = (FingerprintKey::from_bytes(&[1; 32]), FingerprintKey::from_bytes(&[2; 32]));
        assert_eq!(a.fingerprint(b"x"), a.fingerprint(b"x"));
        assert_ne!(a.fingerprint(b"x"), a.fingerprint(b"y"));
        assert_ne!(a.fingerprint(b"x"), b.fingerprint(b"x"));
    }
}
