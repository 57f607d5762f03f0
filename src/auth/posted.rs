//! What a request's body says by name: the fields of a form, the members of a JSON document, the elements of
//! XML.

use memchr::memmem;

use crate::auth::alternatives::{Alternative, AlternativeKind};
use crate::auth::credentials::artifact;
use crate::auth::jwt;
pub use crate::auth::masking::names::normalised;
use crate::auth::masking::names::{self, Secrecy, is_identifier};
use crate::auth::masking::xml;
use crate::auth::syntax::{contains_ignore_case, percent_decode};
use crate::http::Request;
use crate::secret::FingerprintKey;
use crate::text;

/// Names of tokens in bodies, without case and separators: RFC 6749 §6, RFC 6750 §2.2, RFC 7521 §4, RFC 8693
/// §2.1, OpenID Connect, SAML bindings §3.5.
const TOKENS: [&str; 9] = [
    "accesstoken",
    "refreshtoken",
    "idtoken",
    "subjecttoken",
    "clientassertion",
    "assertion",
    "samlresponse",
    "logintoken",
    "jwt",
];

/// Names of what is a token where it is a JWT: simplejwt's `refresh`, Google's `credential`.
const JWTS: [&str; 2] = ["refresh", "credential"];

/// A token, too, but as often one to be looked at by someone else (RFC 7009, RFC 7662), of a device or of a
/// form.
pub const WEAK_TOKEN: &str = "token";

/// Names of codes that are used once.
const CODES: [&str; 9] = [
    "otp",
    "totp",
    "otpcode",
    "totpcode",
    "onetimecode",
    "passcode",
    "mfacode",
    "twofactorcode",
    "verificationcode",
];

/// More than any login or token request says; the rest is left out.
const MOST: usize = 256;

/// How deep a JSON document is read: a login stands in `user`, or in GraphQL's `variables.input`.
const DEPTH: usize = 4;

/// How a body names what it holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// `application/x-www-form-urlencoded`.
    Encoded,
    /// `multipart/form-data` (RFC 7578).
    Multipart,
    /// JSON.
    Json,
    /// XML: WS-Security's `UsernameToken` in SOAP, and logins of other documents.
    Xml,
}

/// How the body of a request names what it holds, by its content type; `None` where it does not.
pub fn form(request: &Request) -> Option<Form> {
    if request.body.start.is_empty() {
        return None;
    }
    let kind = request.head.get("content-type")?;
    let is = |part: &[u8]| contains_ignore_case(kind, part);
    if is(b"json") {
        Some(Form::Json)
    } else if is(b"x-www-form-urlencoded") {
        Some(Form::Encoded)
    } else if is(b"xml") {
        Some(Form::Xml)
    } else {
        is(b"multipart/form-data").then_some(Form::Multipart)
    }
}

/// The tokens and codes that a form or a JSON document carries. An `access_token` of a form is read with the
/// query.
pub fn credentials(request: &Request, key: &FingerprintKey) -> Vec<Alternative> {
    let (form, kind) = match form(request) {
        None | Some(Form::Xml) => return Vec::new(),
        Some(Form::Json) => (Form::Json, AlternativeKind::Json),
        Some(form) => (form, AlternativeKind::Form),
    };
    let found = fields(request).into_iter().filter_map(|(name, value)| {
        let plain = normalised(name.as_bytes());
        let is = |names: &[&str]| names.contains(&plain.as_str());
        let token = is(&TOKENS) && !(form == Form::Encoded && name == "access_token")
            || is(&JWTS) && jwt::looks_like(value.as_bytes());
        let code = is(&CODES);
        let listed = token || code || plain == WEAK_TOKEN;
        (listed && is_identifier(name.as_bytes()) && !value.is_empty()).then(|| Alternative {
            kind,
            name,
            // One code tells nothing of the next, and of the others it is not known whose they are.
            fingerprint: token.then(|| key.fingerprint(value.as_bytes())),
            artifact: if code { None } else { artifact::find(value.as_bytes()) },
            at: None,
        })
    });
    found.collect()
}

/// The values of a body's fields that are secret by their names: an answer may repeat them.
pub fn secrets(request: &Request) -> impl Iterator<Item = String> {
    fields(request)
        .into_iter()
        .filter(|(name, _)| names::parameter(name.as_bytes()) == Secrecy::Secret)
        .map(|(_, value)| value)
}

/// Whether a field of this name holds a code that is used once.
pub fn is_code(name: &str) -> bool {
    CODES.contains(&normalised(name.as_bytes()).as_str())
}

/// The names and texts of a body, in its order. Of a name in brackets only what they hold (`user[email]`),
/// as of a member of a member only its own name.
pub fn fields(request: &Request) -> Vec<(String, String)> {
    let body = &request.body.start;
    match form(request) {
        Some(Form::Encoded) => encoded(body),
        Some(Form::Multipart) => parts(body),
        Some(Form::Xml) => {
            let pairs = xml::texts(body).map(|(name, content)| {
                (text::decode(name).into_owned(), text::decode(content).into_owned())
            });
            pairs.take(MOST).collect()
        }
        Some(Form::Json) => {
            let mut found = Vec::new();
            if let Ok(document) = serde_json::from_slice(body) {
                members(document, DEPTH, &mut found);
            }
            found
        }
        None => Vec::new(),
    }
}

/// The pairs of a form or of a query.
pub fn encoded(octets: &[u8]) -> Vec<(String, String)> {
    octets
        .trim_ascii_end()
        .split(|&octet| octet == b'&')
        .filter_map(|pair| {
            let equals = memchr::memchr(b'=', pair)?;
            let name = text::decode(&percent_decode(&pair[..equals])).into_owned();
            Some((inner(name), text::decode(&percent_decode(&pair[equals + 1..])).into_owned()))
        })
        .take(MOST)
        .collect()
}

/// `email` of `user[email]`.
fn inner(name: String) -> String {
    match name.strip_suffix(']').and_then(|name| name.rsplit_once('[')) {
        Some((_, inner)) if !inner.is_empty() => inner.to_owned(),
        _ => name,
    }
}

/// The parts of a form that have a name (RFC 7578 §4.2) and hold no file.
fn parts(body: &[u8]) -> Vec<(String, String)> {
    let end = memchr::memchr2(b'\r', b'\n', body).unwrap_or(0);
    let boundary = &body[..end];
    if !boundary.starts_with(b"--") {
        return Vec::new();
    }
    let starts: Vec<usize> = memmem::find_iter(body, boundary).take(MOST + 1).collect();
    starts
        .windows(2)
        .filter_map(|bounds| {
            let part = body.get(bounds[0] + boundary.len()..bounds[1])?;
            let blank = memmem::find(part, b"\r\n\r\n")?;
            let (head, content) = (&part[..blank], part[blank..].trim_ascii());
            let name = memmem::find(head, b"name=\"").filter(|_| !is_file(head))?;
            let name = head[name + 6..].split(|&octet| octet == b'"').next()?;
            Some((inner(text::decode(name).into_owned()), text::decode(content).into_owned()))
        })
        .collect()
}

fn is_file(head: &[u8]) -> bool {
    contains_ignore_case(head, b"filename")
}

fn members(value: serde_json::Value, depth: usize, found: &mut Vec<(String, String)>) {
    let serde_json::Value::Object(object) = value else { return };
    for (name, value) in object {
        match value {
            _ if found.len() >= MOST => return,
            serde_json::Value::String(text) => found.push((name, text)),
            serde_json::Value::Number(number) => found.push((name, number.to_string())),
            value if depth > 1 => members(value, depth - 1, found),
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::{Body, Head, Version};

    fn post(kind: &str, body: &str) -> Request {
        let fields = [(&b"Content-Type"[..], kind.as_bytes())];
        Request {
            time: crate::time::Timestamp::default(),
            version: Version::Http11,
            head: Head::from_parts(b"POST", b"/", fields),
            head_loss: None,
            body: Body { start: body.as_bytes().into(), ..Body::default() },
        }
    }

    fn read(kind: &str, body: &str) -> String {
        let pairs = fields(&post(kind, body)).into_iter();
        pairs.map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn a_field_has_its_own_name_wherever_it_stands() {
        let form = "application/x-www-form-urlencoded";
        assert_eq!(read(form, "user%5Bemail%5D=a%40b.c&pin=1\r\n"), "email=a@b.c pin=1");
        let json = r#"{"query":"q","variables":{"input":{"email":"a@b.c","n":1,"x":[{"y":"z"}]}}}"#;
        assert_eq!(read("application/graphql+json", json), "query=q email=a@b.c n=1");
        let part = |name: &str, content: &str| {
            format!("--b\r\nContent-Disposition: form-data; {name}\r\n\r\n{content}\r\n")
        };
        let parts = part("name=\"user\"", "bob")
            + &part("name=\"f\"; filename=\"a\"", "secret")
            + &part("name=\"password\"", "x")
            + "--b--\r\n";
        assert_eq!(read("multipart/form-data; boundary=b", &parts), "user=bob password=x");
    }

    #[test]
    fn an_element_has_its_name_without_a_prefix() {
        let token = "<?xml version='1.0'?><!-- <a>b</a> --><s:Header><wsse:UsernameToken a='b'>\r\n \
            <wsse:Username>bob</wsse:Username><wsse:Password Type=\"PasswordText\"> x </wsse:Password>\
            <wsse:Nonce/><c></c></wsse:UsernameToken></s:Header>";
        assert_eq!(read("application/soap+xml", token), "a=b Username=bob Password=x");
        assert_eq!(read("text/xml", "<Username>bob</Username><Password>x"), "Username=bob");
    }

    #[test]
    fn a_body_that_is_cut_or_of_another_kind_names_nothing() {
        assert_eq!(read("application/json", r#"{"refresh_token":"abc"#), "");
        assert_eq!(read("application/json", "[1]"), "");
        assert_eq!(read("text/plain", "refresh_token=abc"), "");
        assert_eq!(read("multipart/form-data; boundary=b", "--b"), "");
        let deep = r#"{"a":{"b":{"c":{"d":{"otp":"1"}}}}}"#;
        assert_eq!(read("application/json", deep), "");
    }
}
