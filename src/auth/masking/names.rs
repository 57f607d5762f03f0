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
const SECRET_ENDINGS: [&str; 43] = [
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
    "encryptionkey",
    "encryptioncustomerkey",
    "signature",
    "hmac",
    "hmacsha",
    "accesssign",
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
    "otpcode",
    "mfacode",
    "factorcode",
    "verificationcode",
    "idtokenhint",
    "authcode",
    "cookie",
];

const SECRET_NAMES: [&str; 8] =
    ["pass", "passw", "pin", "sig", "sid", "creds", "password1", "password2"];

/// Whole names of header fields.
const SECRET_HEADERS: [&str; 6] =
    ["auth", "xauth", "authentication", "xauthentication", "dpop", "key"];

const DEPENDING_NAMES: [&str; 5] = ["key", "code", "session", "auth", "ticket"];

/// Longer names are prose, not names.
pub(super) const LONGEST_NAME: usize = 128;

/// Of the words of the lists here.
const SHORTEST_NAME: usize = 3;

/// Without case and separators: `X-Api_Key`, `apiKey` and `api.key` are one name.
pub fn normalised(name: &[u8]) -> String {
    let letters = name.iter().take(LONGEST_NAME).filter(|octet| octet.is_ascii_alphanumeric());
    letters.map(|octet| octet.to_ascii_lowercase() as char).collect()
}

/// The letters and digits of a name in lower case, from the last one.
#[derive(Clone)]
struct Backwards<'a>(std::slice::Iter<'a, u8>);

impl<'a> Backwards<'a> {
    fn new(name: &'a [u8]) -> Self {
        Self(name.get(..LONGEST_NAME).unwrap_or(name).iter())
    }

    /// Without the digits at the end.
    fn without_digits(mut self) -> Self {
        loop {
            let all = self.clone();
            if !self.next().is_some_and(|octet| octet.is_ascii_digit()) {
                return all;
            }
        }
    }

    fn ends_in(&self, word: &str) -> bool {
        let mut letters = self.clone();
        word.bytes().rev().all(|octet| letters.next() == Some(octet))
    }

    fn is(&self, word: &str) -> bool {
        let mut letters = self.clone();
        word.bytes().rev().all(|octet| letters.next() == Some(octet)) && letters.next().is_none()
    }

    fn is_one_of(&self, words: &[&str]) -> bool {
        words.iter().any(|word| self.is(word))
    }

    /// Whether the name ends in a word that announces a secret.
    fn has_secret_ending(&self) -> bool {
        SECRET_ENDINGS.iter().any(|ending| self.ends_in(ending))
    }

    /// Whether one of the lists here has a word that ends as this name does. Nearly every name on the
    /// wire has another end, and is done with here.
    fn may_be_listed(&self) -> bool {
        let mut letters = self.clone();
        let mut next = || letters.next().unwrap_or_default();
        let end = u32::from_le_bytes([next(), next(), next(), 0]);
        ENDS.iter().fold(0, |any, listed| any | u32::from(*listed == end)) != 0
    }
}

impl Iterator for Backwards<'_> {
    type Item = u8;

    fn next(&mut self) -> Option<u8> {
        loop {
            let octet = self.0.next_back()?;
            if octet.is_ascii_alphanumeric() {
                return Some(octet.to_ascii_lowercase());
            }
        }
    }
}

/// The last three letters of every word of the lists here; all of them have as many.
static ENDS: [u32; LISTED] = {
    let lists: [&[&str]; 4] = [&SECRET_ENDINGS, &SECRET_NAMES, &SECRET_HEADERS, &DEPENDING_NAMES];
    let mut ends = [0; LISTED];
    let (mut at, mut list) = (0, 0);
    while list < lists.len() {
        let mut index = 0;
        while index < lists[list].len() {
            let word = lists[list][index].as_bytes();
            let end = word.len();
            ends[at] = u32::from_le_bytes([word[end - 1], word[end - 2], word[end - 3], 0]);
            (at, index) = (at + 1, index + 1);
        }
        list += 1;
    }
    ends
};

const LISTED: usize =
    SECRET_ENDINGS.len() + SECRET_NAMES.len() + SECRET_HEADERS.len() + DEPENDING_NAMES.len();

/// The secrecy of a query parameter's, form field's or JSON member's value.
pub fn parameter(name: &[u8]) -> Secrecy {
    // None that is listed is shorter; many are, as `q` in `;q=0.9`.
    if name.len() < SHORTEST_NAME {
        return Secrecy::Plain;
    }
    let name = Backwards::new(name);
    if !name.may_be_listed() {
        Secrecy::Plain
    } else if name.is_one_of(&SECRET_NAMES) || name.has_secret_ending() {
        Secrecy::Secret
    } else if name.is_one_of(&DEPENDING_NAMES) {
        Secrecy::Depends
    } else {
        Secrecy::Plain
    }
}

/// Parts of names that end like a key's and are none: of caches, pages, retries, browsers, phones, and
/// keys that everybody may know.
const NO_CREDENTIAL: [&str; 19] = [
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
    "crypto",
    "public",
];

/// Whether a name of a secret is that of something else than a credential: `X-CSRF-Token`, `Idempotency-Key`.
pub fn is_no_credential(name: &[u8]) -> bool {
    let plain = normalised(name);
    NO_CREDENTIAL.into_iter().any(|part| plain.contains(part))
}

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
    words.into_iter().any(|end| word.eq_ignore_ascii_case(end)) && !is_no_credential(name)
}

/// Whether a header's value is a secret by its name.
pub fn is_secret_header(name: &[u8]) -> bool {
    // `X-Hub-Signature-256`; `Signature-Input` says only what was signed.
    let letters = Backwards::new(name).without_digits();
    letters.may_be_listed()
        && (letters.is_one_of(&SECRET_HEADERS)
            || letters.has_secret_ending()
            || has_secret_word(name))
}

/// Whether the last word of a header's name alone would name a secret: `Fastly-Key`, `X-Pass`,
/// `X-Sentry-Auth`. A code is rather an error's, and a `SID` alone UPnP's name for a subscription.
fn has_secret_word(name: &[u8]) -> bool {
    let end = name.iter().rposition(u8::is_ascii_alphabetic).map_or(0, |last| last + 1);
    let mut words = name[..end].rsplit(|octet| matches!(octet, b'-' | b'_'));
    let word = words.next().unwrap_or_default();
    let other = word.eq_ignore_ascii_case(b"code") || name.eq_ignore_ascii_case(b"sid");
    if other || parameter(word) == Secrecy::Plain {
        return false;
    }
    !is_no_credential(name)
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

/// Whether a word is one of these, in any case.
pub fn is_one_of(word: &[u8], words: &[&str]) -> bool {
    words.iter().any(|one| word.eq_ignore_ascii_case(one.as_bytes()))
}

/// Whether a text can be the name of a field, a parameter or a variable: one word.
pub fn is_identifier(text: &[u8]) -> bool {
    let is_in_name = |octet: &u8| octet.is_ascii_alphanumeric() || b"-_.[]".contains(octet);
    text.len() <= LONGEST_NAME && text.iter().all(is_in_name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_of_a_secret_is_found_however_it_is_written() {
        let endings = SECRET_ENDINGS.iter().chain(&SECRET_NAMES);
        for name in endings {
            for spelt in [name.to_uppercase(), format!("{name}]"), format!("-{name}_.")] {
                assert_eq!(parameter(spelt.as_bytes()), Secrecy::Secret, "{spelt}");
            }
        }
        for name in DEPENDING_NAMES {
            assert_eq!(parameter(name.as_bytes()), Secrecy::Depends, "{name}");
        }
        for name in SECRET_ENDINGS.iter().chain(&SECRET_HEADERS) {
            for spelt in [name.to_uppercase(), format!("{name}-256"), format!("{name}.1_")] {
                assert!(is_secret_header(spelt.as_bytes()), "{spelt}");
            }
        }
    }

    #[test]
    fn names_of_other_things_are_none_of_a_secret() {
        for name in ["", "a", "id", "page", "Content-Type", "User-Agent", "123", "x-1", "tokens"] {
            assert_eq!(parameter(name.as_bytes()), Secrecy::Plain, "{name}");
            assert!(!is_secret_header(name.as_bytes()), "{name}");
        }
        let beyond = format!("{}token", "a".repeat(LONGEST_NAME));
        assert_eq!(parameter(beyond.as_bytes()), Secrecy::Plain);
    }
}
