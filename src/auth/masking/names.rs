//! Which names announce a secret: in headers, URLs, forms and JSON.

/// What a name, by its own, says of its value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Secrecy {
    /// No secret.
    Plain,
    /// A secret in a URL or form; in JSON only when it looks like one: there `code` is rather an
    /// error's, and `auth` an object.
    Depends,
    /// A secret.
    Secret,
}

/// Words that end the name of a secret, once case, `-`, `_`, `.` and brackets are removed.
const SECRET_ENDINGS: [&str; 34] = [
    "token",
    "password",
    "passwd",
    "passphrase",
    "passcode",
    "pwd",
    "secret",
    "apikey",
    "accesskey",
    "secretkey",
    "privatekey",
    "authkey",
    "subscriptionkey",
    "functionskey",
    "clientkey",
    "appkey",
    "masterkey",
    "signature",
    "jwt",
    "bearer",
    "authorization",
    "assertion",
    "samlresponse",
    "codeverifier",
    "sessionid",
    "sessionkey",
    "sessid",
    "credentials",
    "otp",
    "totp",
    "onetimecode",
    "idtokenhint",
    "authcode",
    "cookie",
];

const SECRET_NAMES: [&str; 9] =
    ["pass", "passw", "pin", "sig", "sid", "hmac", "creds", "password1", "password2"];

const DEPENDING_NAMES: [&str; 5] = ["key", "code", "session", "auth", "ticket"];

/// Longer names are prose, not names.
const LONGEST_NAME: usize = 128;

/// Without case and separators: `X-Api_Key`, `apiKey` and `api.key` are one name.
pub fn normalised(name: &[u8]) -> String {
    let mut room = [0; LONGEST_NAME];
    normalised_in(name, &mut room).to_owned()
}

/// The same, written where the caller has room for it: every header and every tag of a page is asked
/// about.
fn normalised_in<'a>(name: &[u8], room: &'a mut [u8; LONGEST_NAME]) -> &'a str {
    let letters = name.iter().take(LONGEST_NAME).filter(|octet| octet.is_ascii_alphanumeric());
    let mut length = 0;
    for (place, letter) in room.iter_mut().zip(letters) {
        *place = letter.to_ascii_lowercase();
        length += 1;
    }
    // Letters and digits of ASCII are text.
    room.get(..length).and_then(|name| std::str::from_utf8(name).ok()).unwrap_or_default()
}

/// Whether the name ends in a word that announces a secret.
fn has_secret_ending(name: &str) -> bool {
    SECRET_ENDINGS.iter().any(|ending| name.ends_with(ending))
}

/// The secrecy of a query parameter's, form field's or JSON member's value.
pub fn parameter(name: &[u8]) -> Secrecy {
    let mut room = [0; LONGEST_NAME];
    let name = normalised_in(name, &mut room);
    if SECRET_NAMES.contains(&name) || has_secret_ending(name) {
        Secrecy::Secret
    } else if DEPENDING_NAMES.contains(&name) {
        Secrecy::Depends
    } else {
        Secrecy::Plain
    }
}

/// Parts of names that end like a key's and are none: of caches, pages, retries, browsers, phones.
const NO_CREDENTIAL: [&str; 17] = [
    "csrf",
    "xsrf",
    "idempotency",
    "cache",
    "surrogate",
    "page",
    "next",
    "continuation",
    "sync",
    "websocket",
    "partition",
    "routing",
    "request",
    "captcha",
    "device",
    "push",
    "encryption",
];

/// Whether a header of a product's own names a key: `X-Acme-Key`, `X_Service_Token`.
pub fn is_key_header(name: &[u8]) -> bool {
    let own = matches!(name, [b'x' | b'X', b'-' | b'_', ..]);
    let last =
        name.last().is_some_and(|octet| matches!(octet.to_ascii_lowercase(), b'y' | b'n' | b't'));
    if !own || !last {
        return false;
    }
    // `X-Monkey` is none: the word stands alone.
    let word = name.rsplit(|octet| matches!(octet, b'-' | b'_')).next().unwrap_or_default();
    let words: [&[u8]; 4] = [b"key", b"apikey", b"token", b"secret"];
    let plain = normalised(name);
    words.into_iter().any(|end| word.eq_ignore_ascii_case(end))
        && !NO_CREDENTIAL.into_iter().any(|part| plain.contains(part))
}

/// Whether a header's value is a secret by its name.
pub fn is_secret_header(name: &[u8]) -> bool {
    if is_key_header(name) {
        return true;
    }
    let mut room = [0; LONGEST_NAME];
    let name = normalised_in(name, &mut room);
    // `X-Hub-Signature-256`; `Signature-Input` says only what was signed.
    let name = name.trim_end_matches(|c: char| c.is_ascii_digit());
    name != "secwebsocketkey"
        && (matches!(
            name,
            "auth" | "xauth" | "authentication" | "xauthentication" | "dpop" | "key"
        ) || has_secret_ending(name))
}

/// Whether a value under a name that may mean a secret looks like one.
pub fn looks_secret(value: &[u8]) -> bool {
    let letters = value.iter().any(u8::is_ascii_alphabetic);
    let digits = value.iter().any(u8::is_ascii_digit);
    let shouted = !value.iter().any(u8::is_ascii_lowercase);
    value.len() >= 16
        && letters
        && digits
        && (!shouted || !value.contains(&b'_'))
        && !value.iter().any(u8::is_ascii_whitespace)
}
