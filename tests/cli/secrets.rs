//! Unmistakable secrets in every place of a message, and every output searched for them.

use std::collections::{BTreeMap, BTreeSet};

use base64::Engine as _;
use base64::engine::GeneralPurpose;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};

use crate::shown::{cases, exports, lines, screens};
use crate::wire::Capture;

/// Makes secrets, and remembers them.
#[derive(Default)]
struct Planted {
    count: usize,
    /// As a whole, and as they stand on the wire.
    secrets: Vec<(String, String)>,
    /// Those that stand in header fields, as they stand there.
    in_headers: Vec<String>,
    capture: Option<Capture>,
}

impl Planted {
    fn secret(&mut self) -> String {
        self.count += 1;
        format!("Hush{:03}Zq7Wx9Kv3Rt", self.count)
    }

    /// A secret, and what is made of it for the wire.
    fn plant(&mut self, form: impl Fn(&str) -> String) -> String {
        let secret = self.secret();
        let wire = form(&secret);
        self.secrets.push((secret, wire.clone()));
        wire
    }

    fn talk(&mut self, request: &str, response: &str) {
        self.capture.get_or_insert_with(Capture::new).conversation(request, response);
    }

    /// A refused request with this field line; `{}` is the secret.
    fn field(&mut self, line: &str) {
        self.form(line, str::to_owned);
    }

    fn form(&mut self, line: &str, form: impl Fn(&str) -> String) {
        let wire = self.plant(form);
        self.in_headers.push(wire.clone());
        let line = line.replace("{}", &wire);
        self.talk(
            &format!("GET /f HTTP/1.1\r\nHost: api.local\r\n{line}\r\n\r\n"),
            "HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Basic realm=\"x\"\r\nContent-Length: 0\r\n\r\n",
        );
    }

    /// A refused request for this target.
    fn target(&mut self, target: &str) {
        let wire = self.plant(str::to_owned);
        let target = target.replace("{}", &wire);
        self.talk(&format!("GET {target} HTTP/1.1\r\nHost: api.local\r\n\r\n"), REFUSED);
    }

    /// A refused request with this body.
    fn sends(&mut self, kind: &str, body: &str) {
        let wire = self.plant(str::to_owned);
        let body = body.replace("{}", &wire);
        let length = body.len();
        self.talk(
            &format!("POST /login HTTP/1.1\r\nHost: api.local\r\nContent-Type: {kind}\r\nContent-Length: {length}\r\n\r\n{body}"),
            REFUSED,
        );
    }

    /// An answer with these field lines and this body.
    fn answers(&mut self, status: &str, fields: &str, body: &str) {
        let wire = self.plant(str::to_owned);
        let (fields, body) = (fields.replace("{}", &wire), body.replace("{}", &wire));
        let length = body.len();
        self.talk(
            "GET /answer HTTP/1.1\r\nHost: api.local\r\n\r\n",
            &format!("HTTP/1.1 {status}\r\n{fields}Content-Length: {length}\r\n\r\n{body}"),
        );
    }

    /// A refused request with this credential, which the answer repeats at `{}`.
    fn echoes(&mut self, credential: &str, start: &str, fields: &str, body: &str) {
        let wire = self.plant(str::to_owned);
        let [credential, start, fields, body] =
            [credential, start, fields, body].map(|part| part.replace("{}", &wire));
        let length = body.len();
        self.talk(
            &format!(
                "GET /echo HTTP/1.1\r\nHost: api.local\r\nAuthorization: {credential}\r\n\r\n"
            ),
            &format!("HTTP/1.1 401 {start}\r\n{fields}Content-Length: {length}\r\n\r\n{body}"),
        );
    }
}

const REFUSED: &str = "HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n";

fn base64(text: &str) -> String {
    STANDARD.encode(text)
}

fn jwt(claims: &str, signature: &str) -> String {
    let part = |text: &str| URL_SAFE_NO_PAD.encode(text);
    format!("{}.{}.{signature}", part("{\"alg\":\"HS256\",\"typ\":\"JWT\"}"), part(claims))
}

fn credentials(planted: &mut Planted) {
    for line in [
        "Authorization: Bearer {}",
        "Authorization: Bearer  {}",
        "Authorization: Bearer\t{}",
        "Authorization: Bearer \"{}\"",
        "Authorization: Bearer Bearer {}",
        "Authorization: Bearer{}",
        "Authorization: Bearer: {}",
        "Authorization: Bearer={}",
        "Authorization: Bearer {} and more",
        "Authorization: Bearer {}, Basic eDp5",
        "Authorization: {}",
        "Authorization: Basic alice:{}",
        "Authorization: Basic {}",
        "Authorization: Token token=\"{}\"",
        "Authorization: Token {}",
        "Authorization: ApiKey {}",
        "Authorization: Weird {}",
        "Authorization: Weird key=\"{}\", other=1",
        "Authorization: Digest username=\"alice\", realm=\"x\", nonce=\"n\", uri=\"/\", response=\"{}\"",
        "Authorization: AWS4-HMAC-SHA256 Credential=AKIAX/20260101/eu/s3/aws4_request, SignedHeaders=host, Signature={}",
        "Authorization: Hawk id=\"x\", ts=\"1\", nonce=\"n\", mac=\"{}\"",
        "Authorization: OAuth oauth_consumer_key=\"c\", oauth_token=\"{}\"",
        "Authorization: OAuth oauth_consumer_key=\"c\", oauth_signature=\"{}\"",
        "Authorization: Signature keyId=\"x\",algorithm=\"hmac-sha256\",signature=\"{}\"",
        "Authorization: Bearer x\r\nAuthorization: Bearer {}",
        "Authorization: Bearer\r\n {}",
        "Authorization: DPoP {}\r\nDPoP: a.b.c",
        "Proxy-Authorization: Bearer {}",
        "Proxy-Authorization: {}",
    ] {
        planted.field(line);
    }
    for line in ["Authorization: Basic {}", "Proxy-Authorization: Basic {}"] {
        planted.form(line, |secret| base64(&format!("alice:{secret}")));
    }
    for line in ["Authorization: Basic {}", "Authorization: Bearer {}", "Authorization: {}"] {
        planted.form(line, base64);
    }
    planted.form("Authorization: Basic {}", |secret| base64(&base64(&format!("alice:{secret}"))));
    // Keys that are sent as the user name.
    planted.form("Authorization: Basic {}", |secret| base64(&format!("sk_live_{secret}:")));
    planted.form("Authorization: Basic {}", |secret| {
        base64(&format!("ghp_{secret}abcd:x-oauth-basic"))
    });
    planted.form("Authorization: Negotiate {}", |secret| base64(&format!("NTLMSSP\0junk{secret}")));
    for line in
        ["Authorization: Bearer {}", "Cookie: session={}", "X-Token: {}", "Authorization: {}"]
    {
        planted.form(line, |secret| jwt("{\"sub\":\"alice\"}", secret));
    }
    planted.form("Authorization: Bearer {}", |secret| {
        jwt(&format!("{{\"sub\":\"alice\",\"password\":\"{secret}\"}}"), "c2ln")
    });
}

fn other_fields(planted: &mut Planted) {
    for line in [
        "Cookie: sid={}",
        "Cookie: theme=dark; sid={}; lang=en",
        "Cookie: {}",
        "X-Api-Key: {}",
        "Api-Key: {}",
        "X-Auth-Token: {}",
        "X-Amz-Security-Token: {}",
        "Ocp-Apim-Subscription-Key: {}",
        "X-Goog-Api-Key: {}",
        "X-Vault-Token: {}",
        "PRIVATE-TOKEN: {}",
        "X-CSRF-Token: {}",
        "X-Signature: {}",
        "Authorisation: Bearer {}",
        "Autorization: Bearer {}",
        "Authentication: Bearer {}",
        "X-Authorization: Bearer {}",
        "Authorization-Token: {}",
        "Authorization_: Bearer {}",
        "X-Forwarded-Authorization: Bearer {}",
        "Http_Authorization: Bearer {}",
        "Bearer: {}",
        "X-Custom: Bearer {}",
        "Referer: http://h/?access_token={}",
        "Referer: http://alice:{}@h/",
        "X-Original-URL: /x?token={}",
        "Referer: //alice:{}@h/",
        "X-Forwarded-Host: alice:{}@api.local",
        "Forwarded: for=10.0.0.9;host=\"alice:{}@api.local\"",
        "User-Agent: app (http://alice:{}@h/)",
        "User-Agent: http://alice:{}@h/",
    ] {
        planted.field(line);
    }
    for host in ["alice:{}@api.local", "{}@api.local:8080"] {
        let host = host.replace("{}", &planted.plant(str::to_owned));
        planted.talk(&format!("GET /host HTTP/1.1\r\nHost: {host}\r\n\r\n"), REFUSED);
    }
    let token = planted.plant(|secret| jwt("{\"sub\":\"alice\"}", secret));
    planted.talk(&format!("GET /verify/{token} HTTP/1.1\r\nHost: h\r\n\r\n"), REFUSED);
    for target in [
        "/q?access_token={}",
        "/q?api_key={}&page=2",
        "/q?page=2&token={}",
        "/q?password={}",
        "/q?sig={}",
        "/q?X-Amz-Signature={}",
        "/q?access%5Ftoken={}",
        "/q?a=1;token={}",
        "/q?auth[token]={}",
        "/q?next=http%3A%2F%2Fh%2F%3Ftoken%3D{}",
        "http://alice:{}@api.local/q",
        "http://{}@api.local/q",
        "//alice:{}@api.local/q",
        "alice:{}@api.local:443",
        "/q#access_token={}",
    ] {
        planted.target(target);
    }
}

fn bodies(planted: &mut Planted) {
    let form = "application/x-www-form-urlencoded";
    planted.sends(form, "username=alice&password={}");
    planted.sends(form, "grant_type=refresh_token&refresh_token={}&client_id=x");
    planted.sends(form, "grant_type=client_credentials&client_id=x&client_secret={}");
    planted.sends("application/json", "{\"username\":\"alice\",\"password\":\"{}\"}");
    planted.sends(
        "application/json",
        "{\"user\":{\"name\":\"a\",\"credentials\":{\"token\":\"{}\"}}}",
    );
    planted.sends("text/plain", "{\"password\":\"{}\"}");
    planted.sends(
        "multipart/form-data; boundary=b",
        "--b\r\nContent-Disposition: form-data; name=\"password\"\r\n\r\n{}\r\n--b--\r\n",
    );
    for (status, fields, body) in [
        (
            "200 OK",
            "Content-Type: application/json\r\n",
            "{\"access_token\":\"{}\",\"expires_in\":3600}",
        ),
        (
            "401 Unauthorized",
            "Content-Type: application/json\r\n",
            "{\"error\":\"x\",\"refresh_token\":\"{}\"}",
        ),
        (
            "401 Unauthorized",
            "Content-Type: application/json\r\n",
            "{\"headers\":{\"Authorization\":\"Bearer {}\"}}",
        ),
        ("401 Unauthorized", "Content-Type: text/plain\r\n", "Authorization: Bearer {}\n"),
        (
            "401 Unauthorized",
            "Content-Type: text/html\r\n",
            "<input name=\"csrf_token\" value=\"{}\">",
        ),
        ("401 Unauthorized", "Set-Cookie: sid={}; Path=/; HttpOnly\r\n", ""),
        ("302 Found", "Location: /cb?code={}&state=1\r\n", ""),
        ("302 Found", "Location: https://h/cb#access_token={}&token_type=bearer\r\n", ""),
        ("302 Found", "Location: http://alice:{}@h/\r\n", ""),
        ("302 Found", "Location: //alice:{}@h/\r\n", ""),
        ("401 Unauthorized", "X-Auth-Token: {}\r\n", ""),
    ] {
        planted.answers(status, fields, body);
    }
    lines_and_lists(planted);
}

/// Names and values a line or a member at a time, and the URLs and sentences of challenges.
fn lines_and_lists(planted: &mut Planted) {
    planted.sends("application/yaml", "user: alice\npassword: {}\n");
    planted.sends("text/plain", "[db]\nuser = alice\napi_key = {}\n");
    planted.sends("application/json", "[{\"name\":\"password\",\"value\":\"{}\"}]");
    planted.sends("application/json", "[{\"value\":\"{}\",\"key\":\"API_KEY\"}]");
    let refused = "401 Unauthorized";
    for (fields, body) in [
        ("WWW-Authenticate: Bearer realm=\"http://alice:{}@h/\"\r\n", ""),
        ("WWW-Authenticate: Bearer realm=\"http://h/?access_token={}\"\r\n", ""),
        ("WWW-Authenticate: Basic realm=\"Default name: admin Password:{}\"\r\n", ""),
        (
            "WWW-Authenticate: Bearer error=\"invalid_token\", \
             error_description=\"The token expired, see http://h/?token={}\"\r\n",
            "",
        ),
        ("X-Error: session expired: http://alice:{}@h/\r\n", ""),
        ("Content-Type: text/plain\r\n", "Token expired\nsession_token: {}\n"),
        ("Content-Type: text/plain\r\n", "Wrong password for alice, password: {}"),
        (
            "Content-Type: application/json\r\n",
            "{\"message\":\"Login failed: http://alice:{}@h/\"}",
        ),
        (
            "Content-Type: application/json\r\n",
            "{\"errors\":[{\"path\":\"password\",\"msg\":\"Invalid value\",\"value\":\"{}\"}]}",
        ),
    ] {
        planted.answers(refused, fields, body);
    }
}

fn repeated(planted: &mut Planted) {
    let challenge = "WWW-Authenticate: Bearer error=\"invalid_token\", error_description=\"{} is not valid\"\r\n";
    for (credential, start, fields, body) in [
        ("Bearer {}", "Unauthorized", challenge, ""),
        ("Bearer {}", "Unknown token {}", "", ""),
        ("Bearer {}", "Unauthorized", "", "Invalid token: {}"),
        (
            "Bearer {}",
            "Unauthorized",
            "Content-Type: application/json\r\n",
            "{\"message\":\"{} is unknown\"}",
        ),
        ("Bearer {}", "Unauthorized", "X-Debug: got {}\r\n", ""),
        (
            "Token {}",
            "Unauthorized",
            "Content-Type: text/html\r\n",
            "<p>No such token: <b>{}</b></p>",
        ),
        ("{}", "Unauthorized", "", "bad header {}"),
        ("Bearer Bearer {}", "Unauthorized", "", "bad token {}"),
    ] {
        planted.echoes(credential, start, fields, body);
    }
    let secret = planted.secret();
    let encoded = base64(&format!("alice:{secret}"));
    planted.secrets.push((secret.clone(), encoded.clone()));
    planted.talk(
        &format!("GET / HTTP/1.1\r\nHost: h\r\nAuthorization: Basic {encoded}\r\n\r\n"),
        &format!(
            "HTTP/1.1 401 no {encoded}\r\nContent-Length: {}\r\n\r\nalice may not use {secret}",
            18 + secret.len()
        ),
    );
    // Words that are quoted as the server's reason, and base64 with a slash in it.
    for wrong in ["{}", "why??{}"] {
        let secret = planted.secret();
        let password = wrong.replace("{}", &secret);
        let encoded = base64(&format!("bob:{password}"));
        planted.secrets.push((secret, encoded.clone()));
        planted.talk(
            &format!("GET / HTTP/1.1\r\nHost: h\r\nAuthorization: Basic {encoded}\r\n\r\n"),
            &format!(
                "HTTP/1.1 401 no\r\nContent-Length: {}\r\n\r\nwrong password {password}",
                15 + password.len()
            ),
        );
    }
}

fn planted() -> Planted {
    let mut planted = Planted::default();
    credentials(&mut planted);
    other_fields(&mut planted);
    bodies(&mut planted);
    repeated(&mut planted);
    planted
}

/// The text itself, and what its escapes and the base64 in it say.
fn readings(output: &str) -> String {
    let percent = percent_decoded(output);
    let mut all = format!("{output}\n{percent}\n");
    let is_base64 = |c: char| c.is_ascii_alphanumeric() || "+/-_=".contains(c);
    let words: BTreeSet<&str> =
        output.split(|c| !is_base64(c)).filter(|word| word.len() >= 12).collect();
    for word in words {
        // Where the run begins is not known: an escape or a name may stand before it.
        for start in 0..4 {
            all.push_str(&from_base64(word.get(start..).unwrap_or_default()));
            all.push('\n');
        }
    }
    all
}

fn from_base64(word: &str) -> String {
    let word = word.trim_matches('=').replace('+', "-").replace('/', "_");
    let engine: &GeneralPurpose = &URL_SAFE_NO_PAD;
    let whole = word.len() / 4 * 4;
    let octets = engine.decode(&word).or_else(|_| engine.decode(&word[..whole]));
    let once = String::from_utf8_lossy(&octets.unwrap_or_default()).into_owned();
    let twice = engine.decode(once.trim_matches('=')).unwrap_or_default();
    once + "\n" + &String::from_utf8_lossy(&twice)
}

fn percent_decoded(text: &str) -> String {
    let mut out = Vec::new();
    let octets = text.as_bytes();
    let mut at = 0;
    while at < octets.len() {
        let hex = octets.get(at + 1..at + 3).and_then(|two| std::str::from_utf8(two).ok());
        let escape = hex.filter(|_| octets[at] == b'%');
        let octet = escape.and_then(|two| u8::from_str_radix(two, 16).ok());
        out.push(octet.unwrap_or(octets[at]));
        at += if octet.is_some() { 3 } else { 1 };
    }
    String::from_utf8_lossy(&out).into_owned()
}

/// Which planted secrets stand in an output. Six characters of one are enough to know it by.
fn found(planted: &Planted, output: &str) -> Vec<String> {
    let text = readings(output);
    let telling = |secret: &str| text.contains(&secret[..10]) || text.contains(&secret[4..14]);
    planted
        .secrets
        .iter()
        .filter(|(secret, wire)| telling(secret) || output.contains(wire.as_str()))
        .map(|(_, wire)| wire.clone())
        .collect()
}

#[test]
fn no_secret_is_in_any_output_unless_it_is_asked_for() {
    let planted = planted();
    let path = planted.capture.as_ref().unwrap().file();
    let cases = cases(&path);
    assert!(cases.len() > 90, "every conversation is read: {}", cases.len());
    let mut leaks = Vec::new();
    let mut outputs: BTreeMap<&str, String> = BTreeMap::new();
    for (name, output) in lines(&path, &[]).into_iter().chain(exports(&cases, false)) {
        assert!(!output.is_empty(), "{name}");
        *outputs.entry(name).or_default() += &output;
    }
    for (name, output) in outputs {
        let found = found(&planted, &output);
        leaks.extend(found.into_iter().map(|secret| format!("{name}: {secret}")));
    }
    // Most lines of a screen are those of the one before.
    let mut rows = BTreeSet::new();
    for picture in screens(&cases) {
        for row in picture.content.chunks(picture.area.width.into()) {
            rows.insert(row.iter().map(ratatui::buffer::Cell::symbol).collect::<String>());
        }
    }
    let rows: String = rows.into_iter().collect();
    leaks.extend(found(&planted, &rows).into_iter().map(|secret| format!("screen: {secret}")));
    leaks.sort();
    leaks.dedup();
    assert!(leaks.is_empty(), "{leaks:#?}");
}

#[test]
fn every_secret_of_a_header_is_shown_when_it_is_asked_for() {
    let planted = planted();
    let path = planted.capture.as_ref().unwrap().file();
    let open = &lines(&path, &["--reveal"])[0].1;
    for secret in &planted.in_headers {
        assert!(open.contains(secret.as_str()), "{secret}");
    }
    let found = found(&planted, open).len();
    assert!(found > planted.in_headers.len(), "the search finds what is there: {found}");
}
