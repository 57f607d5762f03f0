//! Signatures of JSON Web Tokens, held against keys (RFC 7515, RFC 7517).

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE, URL_SAFE_NO_PAD};
use jsonwebtoken::jwk::{AlgorithmParameters, Jwk, JwkSet, PublicKeyUse};
use jsonwebtoken::{Algorithm, AlgorithmFamily, DecodingKey, crypto};
use serde_json::Value;
use zeroize::Zeroizing;

use super::{Proof, Verdict};

/// The keys of a file.
pub struct KeyFile {
    name: String,
    keys: Vec<Key>,
}

struct Key {
    /// Its `kid`, else its place in the file.
    name: String,
    /// Whether tokens name it.
    has_id: bool,
    decoding: DecodingKey,
    /// The one algorithm that it is for, where that is said.
    algorithm: Option<Algorithm>,
}

impl std::fmt::Debug for KeyFile {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list().entries(self.keys.iter().map(|key| &key.name)).finish()
    }
}

impl KeyFile {
    /// A JWK set, one JWK, PEM blocks, or the octets of an HMAC secret.
    pub fn parse(name: &str, content: &[u8]) -> Result<Self, String> {
        let keys = match std::str::from_utf8(content).map(str::trim) {
            Ok(text) if text.starts_with('{') => jwks(text)?,
            Ok(text) if text.contains("-----BEGIN ") => pem_blocks(text)?,
            _ => secret(content)?,
        };
        Ok(Self { name: name.to_owned(), keys })
    }

    /// Whether reading the file is enough to forge tokens.
    pub fn holds_secrets(&self) -> bool {
        self.keys.iter().any(|key| key.decoding.family() == AlgorithmFamily::Hmac)
    }

    /// Holds the token's signature against the key that it names, else against all that may fit.
    pub fn check(&self, token: &str) -> Proof {
        let proof = |verdict, with: String| Proof { verdict, with, file: self.name.clone() };
        let cannot = |reason| proof(Verdict::CannotTell(reason), "key".to_owned());
        let Some((message, signature)) = token.rsplit_once('.') else {
            return cannot("it is no signed token");
        };
        let Some(header) = header(message) else { return cannot("its header cannot be read") };
        let text = |name: &str| header.get(name).and_then(Value::as_str);
        let algorithm = match text("alg") {
            Some(alg) if alg.eq_ignore_ascii_case("none") => return cannot("it is not signed"),
            Some(alg) => match alg.parse::<Algorithm>() {
                Ok(algorithm) => algorithm,
                Err(_) => return cannot("its algorithm is not supported"),
            },
            None => return cannot("it names no algorithm"),
        };
        let kid = text("kid");
        let named = |key: &&Key| kid.is_some_and(|kid| key.has_id && key.name == kid);
        // A PEM file or a secret has no ids: then every key may be the one that is meant.
        let by_name = self.keys.iter().any(|key| named(&key));
        let meant = |key: &&Key| if by_name { named(key) } else { kid.is_none() || !key.has_id };
        let candidates: Vec<&Key> = self.keys.iter().filter(meant).collect();
        if candidates.is_empty() {
            return proof(Verdict::Unknown, format!("key {}", kid.unwrap_or_default()));
        }
        let mut failed = Vec::new();
        for key in candidates.into_iter().filter(|key| key.is_for(algorithm)) {
            match crypto::verify(signature, message.as_bytes(), &key.decoding, algorithm) {
                Ok(true) => return proof(Verdict::Matches, format!("key {}", key.name)),
                Ok(false) => failed.push(key.name.as_str()),
                // The key is of another curve, or the signature is no base64.
                Err(_) => {}
            }
        }
        match failed.as_slice() {
            [] if URL_SAFE_NO_PAD.decode(signature).is_err() => cannot("its signature is damaged"),
            [] => cannot("the file has no key for its algorithm"),
            [one] => proof(Verdict::Differs, format!("key {one}")),
            many => proof(Verdict::Differs, format!("any of the {} keys", many.len())),
        }
    }
}

impl Key {
    fn is_for(&self, algorithm: Algorithm) -> bool {
        self.decoding.family() == algorithm.family()
            && self.algorithm.is_none_or(|own| own == algorithm)
    }
}

/// The JOSE header of `header.payload`.
fn header(message: &str) -> Option<Value> {
    let encoded = message.split('.').next()?.trim_end_matches('=');
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(encoded).ok()?).ok()
}

fn jwks(text: &str) -> Result<Vec<Key>, String> {
    let value: Value =
        serde_json::from_str(text).map_err(|error| format!("is no JSON: {error}"))?;
    let set: JwkSet = if value.get("keys").is_some() {
        serde_json::from_value(value)
    } else {
        serde_json::from_value(value).map(|key| JwkSet { keys: vec![key] })
    }
    .map_err(|error| format!("is no JSON Web Key Set: {error}"))?;
    let usable = |key: &&Jwk| key.common.public_key_use != Some(PublicKeyUse::Encryption);
    let keys: Vec<Key> = set
        .keys
        .iter()
        .filter(usable)
        .enumerate()
        .filter_map(|(index, jwk)| from_jwk(index, jwk))
        .collect();
    if keys.is_empty() { Err("has no key that this program can use".to_owned()) } else { Ok(keys) }
}

/// A key of a type or with parameters that cannot be used is left out.
fn from_jwk(index: usize, jwk: &Jwk) -> Option<Key> {
    if matches!(jwk.algorithm, AlgorithmParameters::Other(_)) {
        return None;
    }
    let decoding = DecodingKey::from_jwk(jwk).ok()?;
    let algorithm = jwk.common.key_algorithm.and_then(|own| own.to_string().parse().ok());
    let id = jwk.common.key_id.clone();
    let (has_id, name) = (id.is_some(), id.unwrap_or_else(|| format!("number {}", index + 1)));
    Some(Key { name, has_id, decoding, algorithm })
}

fn pem_blocks(text: &str) -> Result<Vec<Key>, String> {
    let mut keys = Vec::new();
    for block in text.split_inclusive("-----END ").collect::<Vec<_>>().windows(2) {
        let [begin, end] = block else { continue };
        let Some(start) = begin.find("-----BEGIN ") else { continue };
        if begin[start..].contains("PRIVATE KEY") {
            return Err("is a private key; make the public one: openssl pkey -pubout".to_owned());
        }
        let line = end.lines().next().unwrap_or_default();
        let pem = Zeroizing::new(format!("{}{line}\n", &begin[start..]));
        let octets = pem.as_bytes();
        let key = DecodingKey::from_rsa_pem(octets)
            .or_else(|_| DecodingKey::from_ec_pem(octets))
            .or_else(|_| DecodingKey::from_ed_pem(octets));
        let decoding =
            key.map_err(|error| format!("has a PEM block that cannot be used: {error}"))?;
        let name = format!("number {}", keys.len() + 1);
        keys.push(Key { name, has_id: false, decoding, algorithm: None });
    }
    if keys.is_empty() { Err("has no whole PEM block".to_owned()) } else { Ok(keys) }
}

/// The octets without the line end that editors add; and, where they are base64, what that means:
/// taking one for the other is a usual mistake, and the answer names which fits.
fn secret(content: &[u8]) -> Result<Vec<Key>, String> {
    let secret = content.strip_suffix(b"\n").unwrap_or(content);
    let secret = secret.strip_suffix(b"\r").unwrap_or(secret);
    if secret.is_empty() {
        return Err("is empty".to_owned());
    }
    let key = |name: &str, octets: &[u8]| Key {
        name: name.to_owned(),
        has_id: false,
        decoding: DecodingKey::from_secret(octets),
        algorithm: None,
    };
    let mut keys = vec![key("secret", secret)];
    let decoded = [STANDARD, STANDARD_NO_PAD, URL_SAFE, URL_SAFE_NO_PAD]
        .iter()
        .find_map(|alphabet| alphabet.decode(secret).ok())
        .map(Zeroizing::new);
    if let Some(decoded) = decoded.filter(|decoded| decoded.len() >= 16) {
        keys.push(key("secret (decoded from base64)", &decoded));
    }
    Ok(keys)
}

#[cfg(test)]
pub(super) mod tests {
    use jsonwebtoken::{EncodingKey, Header, encode};
    use serde_json::json;

    use super::*;

    /// RFC 7515 appendix A.2 and A.3: their keys.
    pub const PUBLIC_SET: &str = r#"{"keys":[
        {"kty":"EC","crv":"P-256","kid":"ec",
         "x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",
         "y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"},
        {"kty":"RSA","kid":"rsa","use":"sig","e":"AQAB",
         "n":"ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-4qPCJrcS2mJPMEzP1Pt0Bm4d4QlL-yRT-SFd2lZS-pCgNMsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf63kpaSHSXndS5z5rexMdbBYUsLA9e-KXBdQOS-UTo7WTBEMa2R2CapHg665xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9kG4LT6_I5IhlJH7aGhyxXFvUK-DWNmoudF8NAco9_h9iaGNj8q2ethFkMLs91kzk2PAcDTW9gb54h4FRWyuXpoQ"},
        {"kty":"XYZ","kid":"strange"}]}"#;

    /// RFC 7515 appendix A.3.1.
    const ES256: &str = "eyJhbGciOiJFUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ.DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q";

    /// RFC 7515 appendix A.2.1.
    const RS256: &str = "eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ.cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7AAuHIm4Bh-0Qc_lF5YKt_O8W2Fp5jujGbds9uJdbF9CUAr7t1dnZcAcQjbKBYNX4BAynRFdiuB--f_nZLgrnbyTyWzO75vRK5h6xBArLIARNPvkSjtQBMHlb1L07Qe7K0GarZRmB_eSN9383LcOLn6_dO--xi12jzDwusC-eOkHWEsqtFZESc6BfI7noOPqvhJ1phCnvWh6IeYI2w9QOYEUipUTI8np6LbgGY9Fs98rqVt5AXLIhWkWywlVmtVrBp0igcN_IoypGlUPQGe77Rw";

    fn check(content: &str, token: &str) -> Proof {
        KeyFile::parse("keys", content.as_bytes()).unwrap().check(token)
    }

    fn hs256(secret: &[u8], kid: Option<&str>) -> String {
        let header = Header { kid: kid.map(str::to_owned), ..Header::default() };
        encode(&header, &json!({"sub": "alice"}), &EncodingKey::from_secret(secret)).unwrap()
    }

    #[test]
    fn signatures_of_the_rfc_fit_their_keys() {
        assert_eq!(check(PUBLIC_SET, ES256).to_string(), "matches key ec of keys");
        assert_eq!(check(PUBLIC_SET, RS256).to_string(), "matches key rsa of keys");
    }

    #[test]
    fn a_changed_token_does_not_match() {
        let changed = ES256.replacen(".eyJpc3Mi", ".eyJpc3Mj", 1);
        assert_eq!(check(PUBLIC_SET, &changed).verdict, Verdict::Differs);
        assert_eq!(check(PUBLIC_SET, &changed).to_string(), "does not match key ec of keys");
    }

    #[test]
    fn the_key_that_the_token_names_decides() {
        let set = |kid: &str| {
            format!(r#"{{"keys":[{{"kty":"oct","kid":"{kid}","k":"c2VjcmV0LW9mLXRlc3Q"}}]}}"#)
        };
        let token = hs256(b"secret-of-test", Some("k1"));
        assert_eq!(check(&set("k1"), &token).to_string(), "matches key k1 of keys");
        assert_eq!(check(&set("k2"), &token).to_string(), "keys has no key k1");
        let other = hs256(b"another", Some("k1"));
        assert_eq!(check(&set("k1"), &other).to_string(), "does not match key k1 of keys");
        let single = r#"{"kty":"oct","k":"c2VjcmV0LW9mLXRlc3Q"}"#;
        assert_eq!(check(single, &token).to_string(), "matches key number 1 of keys");
        assert!(KeyFile::parse("keys", single.as_bytes()).unwrap().holds_secrets());
        assert!(!KeyFile::parse("keys", PUBLIC_SET.as_bytes()).unwrap().holds_secrets());
    }

    #[test]
    fn a_secret_is_taken_as_it_is_and_as_base64() {
        let secret = "c2VjcmV0LW9mLXRlc3QtMTIzNA==";
        let plain = hs256(secret.as_bytes(), None);
        assert_eq!(check(&format!("{secret}\n"), &plain).to_string(), "matches key secret of keys");
        let decoded = hs256(b"secret-of-test-1234", None);
        let proof = check(secret, &decoded).to_string();
        assert_eq!(proof, "matches key secret (decoded from base64) of keys");
        let other = check(secret, &hs256(b"wrong", None)).to_string();
        assert_eq!(other, "does not match any of the 2 keys of keys");
    }

    #[test]
    fn pem_keys_are_taken_and_private_ones_refused() {
        // Made with openssl from the key of RFC 7515 appendix A.3.
        let pem = "-----BEGIN PUBLIC KEY-----\n\
            MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEf83OJ3D2xF1Bg8vub9tLe1gHMzV7\n\
            6e8Tus9uPHvRVEXH8UTNG72bfocs3+257rn0s2ldbqkLJK2KRiMohYjlrQ==\n\
            -----END PUBLIC KEY-----\n";
        assert_eq!(check(pem, ES256).to_string(), "matches key number 1 of keys");
        let two = format!("{pem}{pem}");
        assert_eq!(KeyFile::parse("keys", two.as_bytes()).unwrap().keys.len(), 2);
        let private = "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n";
        assert!(KeyFile::parse("keys", private.as_bytes()).unwrap_err().contains("pubout"));
    }

    #[test]
    fn what_cannot_be_compared_is_said() {
        let cannot = |token: &str| match check(PUBLIC_SET, token).verdict {
            Verdict::CannotTell(reason) => reason,
            other => panic!("{token}: {other:?}"),
        };
        let with = |header: &str| format!("{}.e30.AAAA", URL_SAFE_NO_PAD.encode(header));
        assert_eq!(cannot("nonsense"), "it is no signed token");
        assert_eq!(cannot("a.b.c"), "its header cannot be read");
        assert_eq!(cannot(&with(r#"{"alg":"none"}"#)), "it is not signed");
        assert_eq!(cannot(&with(r#"{"alg":"ES256K"}"#)), "its algorithm is not supported");
        assert_eq!(cannot(&with("{}")), "it names no algorithm");
        assert_eq!(cannot(&hs256(b"x", None)), "the file has no key for its algorithm");
        for wrong in ["{", "{}", r#"{"keys":[]}"#, "-----BEGIN PUBLIC KEY-----", ""] {
            assert!(KeyFile::parse("keys", wrong.as_bytes()).is_err(), "{wrong}");
        }
    }
}
