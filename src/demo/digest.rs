//! Digest access authentication (RFC 7616) as far as the demo's file server and client need it:
//! MD5, `qop=auth`, one user.

use md5::{Digest as _, Md5};

pub const REALM: &str = "Shop files";
const USER: &str = "alice";
const PASSWORD: &str = "wonderland";

/// The client's answer to a challenge with this nonce.
pub fn authorization(method: &str, uri: &str, nonce: &str, count: u32) -> String {
    let response = response(method, uri, nonce, &format!("{count:08x}"), "f0c7a1");
    format!(
        "Digest username=\"{USER}\", realm=\"{REALM}\", nonce=\"{nonce}\", uri=\"{uri}\", \
         algorithm=MD5, qop=auth, nc={count:08x}, cnonce=\"f0c7a1\", response=\"{response}\""
    )
}

/// Whether an `Authorization` value is the right answer for the nonce that it names.
pub fn is_right(value: &str, method: &str, uri: &str) -> bool {
    let (Some(nonce), Some(count), Some(cnonce), Some(got)) = (
        parameter(value, "nonce"),
        parameter(value, "nc"),
        parameter(value, "cnonce"),
        parameter(value, "response"),
    ) else {
        return false;
    };
    let same_uri = parameter(value, "uri") == Some(uri);
    same_uri && got == response(method, uri, nonce, count, cnonce)
}

/// A parameter of a challenge or of credentials; none of the demo's contain commas or quotes.
pub fn parameter<'a>(value: &'a str, name: &str) -> Option<&'a str> {
    let (_, parameters) = value.split_once(' ')?;
    parameters.split(',').find_map(|part| {
        let (key, value) = part.trim().split_once('=')?;
        (key == name).then(|| value.trim_matches('"'))
    })
}

/// RFC 7616 §3.4.1.
fn response(method: &str, uri: &str, nonce: &str, count: &str, cnonce: &str) -> String {
    let secret = hash(&format!("{USER}:{REALM}:{PASSWORD}"));
    let request = hash(&format!("{method}:{uri}"));
    hash(&format!("{secret}:{nonce}:{count}:{cnonce}:auth:{request}"))
}

fn hash(text: &str) -> String {
    use std::fmt::Write as _;
    Md5::digest(text).iter().fold(String::new(), |mut hex, octet| {
        let _ = write!(hex, "{octet:02x}");
        hex
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_client_s_answer_is_right_for_its_request_only() {
        let value = authorization("GET", "/files/a.csv", "n1", 1);
        assert_eq!(parameter(&value, "nonce"), Some("n1"));
        assert!(is_right(&value, "GET", "/files/a.csv"));
        assert!(!is_right(&value, "GET", "/files/b.csv"));
        assert!(!is_right(&value.replace("nonce=\"n1\"", "nonce=\"n2\""), "GET", "/files/a.csv"));
    }
}
