//! What the server says about the refusal, in its own words.
//!
//! Four sources are heard, in this order: the challenge's `error` and `error_description`, certain
//! header fields, a reason phrase of its own, the body. The first that says something is taken;
//! words that say nothing ("Unauthorized", "invalid or expired") do not stop the search.

mod claims;
mod extract;
mod languages;
mod memo;
mod patterns;
mod rows;
#[cfg(test)]
mod samples;
mod statement;

use std::borrow::Cow;
use std::sync::LazyLock;

use regex::Regex;

use crate::auth::alternatives::is_ordinary;
use crate::auth::masking;
use crate::auth::posted;
use crate::auth::syntax::{
    contains_ignore_case, ends_with_ignore_case, percent_decode, starts_with_ignore_case,
};
use crate::auth::{AuthFacts, AuthState, Shape};
use crate::exchange::Exchange;
use crate::http::{Response, content};
use crate::limits::Limits;
use crate::text;

pub use memo::Memo;
use memo::Page;

/// What the words are about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Category {
    /// Not enough rights.
    Insufficient,
    /// Account locked.
    Locked,
    /// Rate limited.
    Rate,
    /// Anti-forgery token.
    Csrf,
    /// Address or rule block.
    Network,
    /// A second factor or an app password is needed.
    Mfa,
    /// Two causes named at once: no information.
    Ambiguous,
    /// Time check of a signed request.
    Clock,
    /// The session is gone.
    Session,
    /// Before `nbf` or `iat`.
    NotYetValid,
    /// After `exp`.
    Expired,
    /// Wrong `aud`.
    BadAudience,
    /// Wrong `iss`.
    BadIssuer,
    /// No key for `kid`.
    NoKey,
    /// Signature wrong.
    BadSignature,
    /// Algorithm refused.
    Alg,
    /// A token of the wrong type.
    WrongType,
    /// The proof that must come with a bound token.
    Proof,
    /// Revoked.
    Revoked,
    /// Syntax.
    Malformed,
    /// No API key.
    ApiKeyMissing,
    /// API key refused.
    ApiKeyInvalid,
    /// User deleted or disabled.
    UserGone,
    /// A client certificate is needed.
    Certificate,
    /// Nothing seen.
    Missing,
    /// User or password refused.
    BadCredentials,
    /// Something else than the credentials, or in words that are not known.
    Other,
    /// Says nothing.
    Generic,
}

/// The server's words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Said {
    /// What they are about.
    pub category: Category,
    /// The words; where a rule or a reader sees them, safe to show and at most 200 characters.
    pub quote: String,
    /// Where they stand: `response.body`, `response.header.www-authenticate`, …
    pub field: &'static str,
}

impl Category {
    /// Whether words of an earlier source say less. "Unauthorized" stands before many a reason.
    const fn tells_more(self, earlier: Self) -> bool {
        self.is_informative() && !earlier.is_informative()
            || matches!((self, earlier), (Self::Other, Self::Generic))
    }

    /// Whether it counts more than another text of the same source.
    fn outweighs(self, other: Self) -> bool {
        match (self.is_informative(), other.is_informative()) {
            (true, false) => true,
            (false, true) => false,
            _ => self < other,
        }
    }

    /// Whether it tells a cause.
    pub const fn is_informative(self) -> bool {
        !matches!(self, Self::Ambiguous | Self::Other | Self::Generic)
    }
}

impl Said {
    /// Whether the server says in so many words that no credentials arrived. "Unauthenticated" or
    /// "Authentication required" is said of refused credentials too.
    pub fn denies_credentials(&self) -> bool {
        self.category == Category::Missing && patterns::denies_credentials(&self.quote)
    }

    /// Whether the words are about a token or a key, whatever it was sent as.
    pub fn names_a_token(&self) -> bool {
        let names: [&[u8]; 3] = [b"token", b"key", b"jwt"];
        names.into_iter().any(|name| contains_ignore_case(self.quote.as_bytes(), name))
    }

    /// Whether it tells a cause.
    pub const fn is_informative(&self) -> bool {
        self.category.is_informative()
    }
}

/// Longest quote, in characters.
const QUOTE: usize = 200;

/// What the response says, its body read with the help of `memo`. The words are the server's own: see
/// [`quoted`].
pub fn hear(response: &Response, auth: &AuthFacts, memo: &mut Memo) -> Option<Said> {
    let mut best: Option<Said> = None;
    for source in [from_challenges, from_headers, from_trailers, from_reason, from_body] {
        let Some(said) = source(response, auth, memo) else { continue };
        // RFC 6750 §3.1: `invalid_token` is said of a token that arrived, whatever the body says.
        if said.category == Category::Missing && judges_token(auth) {
            continue;
        }
        if best.as_ref().is_none_or(|best| said.category.tells_more(best.category)) {
            best = Some(said);
        }
        if best.as_ref().is_some_and(Said::is_informative) {
            break;
        }
    }
    best
}

/// The words as they may be shown.
pub fn quoted(said: &Said, exchange: &Exchange, auth: &AuthFacts) -> Said {
    Said { quote: quotable(said.quote.clone(), exchange, auth), ..*said }
}

/// Whether a challenge says that the token it received is not valid.
fn judges_token(auth: &AuthFacts) -> bool {
    auth.challenges.iter().any(|challenge| challenge.params.get("error") == Some("invalid_token"))
        && !matches!(auth.authorization.state, AuthState::Missing)
}

/// Who writes such texts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum By {
    /// A program that refuses: a sentence of its own is its reason.
    Program,
    /// A page for people, on which anything may stand.
    Page,
}

/// The most telling of several texts of one source.
fn weigh<'a>(
    texts: impl Iterator<Item = Cow<'a, str>>,
    by: By,
    field: &'static str,
    memo: &mut Memo,
) -> Option<Said> {
    let mut best: Option<Said> = None;
    for text in texts {
        let own =
            || (by == By::Program && statement::is_statement(&text)).then_some(Category::Other);
        let Some(category) = memo.category(&text).or_else(own) else { continue };
        // An early text of the same kind is the better quote, and a code says less than a sentence.
        let better = best.as_ref().is_none_or(|best| {
            category.outweighs(best.category)
                || category == best.category && !best.quote.contains(' ') && text.contains(' ')
        });
        if better {
            best = Some(Said { category, quote: text.into_owned(), field });
        }
    }
    best
}

fn from_challenges(response: &Response, auth: &AuthFacts, memo: &mut Memo) -> Option<Said> {
    let said = of_challenges(response, auth, memo)?;
    // What a code means is in its description (RFC 6750 §3), whatever words that uses.
    let described = auth.challenges.iter().find_map(|challenge| {
        let description = challenge.params.get("error_description")?;
        let is_its_code = challenge.params.get("error") == Some(said.quote.as_str());
        (is_its_code
            && memo.category(description).is_none()
            && statement::is_statement(description))
        .then(|| description.to_owned())
    });
    Some(match described {
        Some(quote) => Said { quote, ..said },
        None => said,
    })
}

fn of_challenges(response: &Response, auth: &AuthFacts, memo: &mut Memo) -> Option<Said> {
    let texts = auth.challenges.iter().flat_map(|challenge| {
        ["error_description", "error", "error_message", "message"]
            .into_iter()
            .filter_map(|name| challenge.params.get(name))
            .map(Cow::Borrowed)
    });
    let field = if response.status == 407 {
        "response.header.proxy-authenticate"
    } else {
        "response.header.www-authenticate"
    };
    weigh(texts, By::Program, field, memo)
}

/// Fields in which servers give a reason.
const FIELDS: [(&str, &str); 9] = [
    ("x-amzn-errortype", "response.header.x-amzn-errortype"),
    ("token-expired", "response.header.token-expired"),
    ("x-oauth-error", "response.header.x-oauth-error"),
    ("x-auth-error", "response.header.x-auth-error"),
    ("x-auth-failure-reason", "response.header.x-auth-failure-reason"),
    ("x-authentication-denied-reason", "response.header.x-authentication-denied-reason"),
    ("x-seraph-loginreason", "response.header.x-seraph-loginreason"),
    ("x-github-otp", "response.header.x-github-otp"),
    ("grpc-message", "response.header.grpc-message"),
];

fn from_headers(response: &Response, _: &AuthFacts, memo: &mut Memo) -> Option<Said> {
    let mut best: Option<Said> = None;
    for (name, value) in response.head.fields() {
        // As all of them begin.
        if !matches!(name.first(), Some(b'x' | b'X' | b't' | b'T' | b'g' | b'G')) {
            continue;
        }
        let known = FIELDS.iter().find(|(known, _)| name.eq_ignore_ascii_case(known.as_bytes()));
        let field = match known {
            Some((_, field)) => *field,
            None if starts_with_ignore_case(name, b"x-error") => "response.header.x-error",
            None => continue,
        };
        let value = text::decode(value);
        if matches!(&*value, "false" | "0" | "OK" | "") {
            continue;
        }
        let said = if field == "response.header.grpc-message" {
            let words = Cow::Owned(grpc_message(value.as_bytes()));
            weigh(std::iter::once(words), By::Program, field, memo)
        } else {
            // The name is part of the words: `Token-Expired: true`.
            let name = text::decode(name);
            let words = format!("{}: {value}", name.to_ascii_lowercase().replace('-', " "));
            let category = memo.category(&words);
            category.map(|category| Said { category, quote: format!("{name}: {value}"), field })
        };
        let Some(said) = said else { continue };
        // Of several the one that counts most: Atlassian's products say that they denied a login and, in
        // another field, that they will deny any until a CAPTCHA is solved.
        if best.as_ref().is_none_or(|best| said.category.outweighs(best.category)) {
            best = Some(said);
        }
    }
    best
}

/// A sentence, percent-encoded (gRPC over HTTP/2, Status-Message).
fn grpc_message(value: &[u8]) -> String {
    text::decode(&percent_decode(value)).into_owned()
}

fn from_trailers(response: &Response, _: &AuthFacts, memo: &mut Memo) -> Option<Said> {
    let words = Cow::Owned(grpc_message(response.trailer("grpc-message")?));
    weigh(std::iter::once(words), By::Program, "response.trailer.grpc-message", memo)
}

/// Reason phrases that only repeat the status code.
const STANDARD: [&str; 5] = [
    "unauthorized",
    "unauthorised",
    "authorization required",
    "authentication required",
    "proxy authentication required",
];

fn from_reason(response: &Response, _: &AuthFacts, memo: &mut Memo) -> Option<Said> {
    // Nearly always.
    if response.reason() == b"Unauthorized" {
        return None;
    }
    let reason = text::decode(response.reason());
    let standard = STANDARD.iter().any(|words| reason.trim().eq_ignore_ascii_case(words));
    if standard || reason.is_empty() {
        return None;
    }
    weigh(std::iter::once(reason), By::Program, "response.reason", memo)
}

fn from_body(response: &Response, _: &AuthFacts, memo: &mut Memo) -> Option<Said> {
    let body = &response.body;
    if body.start.is_empty() {
        return None;
    }
    let page = Page {
        octets: &body.start,
        whole: body.whole,
        coding: response.head.get("content-encoding"),
        kind: response.head.get("content-type"),
    };
    memo.said(page, |memo| {
        let content = content::decode(page.octets, page.whole, page.coding, Limits::default().body);
        let kind = page.kind.map(|kind| text::decode(kind).to_ascii_lowercase());
        let body = text::decode(&content.octets);
        let texts = extract::texts(&body, kind.as_deref());
        let page = extract::is_page(&body, kind.as_deref());
        let by = if page { By::Page } else { By::Program };
        weigh(texts.into_iter().map(Cow::Owned), by, "response.body", memo)
    })
}

/// The words as they may be shown: without the credential that some servers repeat in them, and without
/// other secrets that stand in them.
pub fn quotable(words: String, exchange: &Exchange, auth: &AuthFacts) -> String {
    static TOKEN: LazyLock<Option<Regex>> =
        LazyLock::new(|| Regex::new(r"\beyJ[\w-]{8,}(\.[\w-]*)*").ok());
    let mut words = if words.contains("eyJ") {
        let masked = |token: &Regex| token.replace_all(&words, "(masked)").into_owned();
        TOKEN.as_ref().map(masked).unwrap_or_default()
    } else {
        words
    };
    for password in passwords(auth) {
        if words.contains(&*password) {
            words = words.replace(&*password, "(masked)");
        }
    }
    let fields = exchange.request.iter().flat_map(|request| request.head.fields());
    for (name, value) in fields {
        if value.len() < SECRET || !names_secret(name) {
            continue;
        }
        let value = text::decode(value);
        for secret in secrets(name, &value, words.len()) {
            if words.contains(secret) {
                words = words.replace(secret, "(masked)");
            }
        }
    }
    for secret in exchange.request.iter().flat_map(posted::secrets) {
        if secret.len() >= SECRET && words.contains(&secret) {
            words = words.replace(&secret, "(masked)");
        }
    }
    if let Cow::Owned(masked) = masking::shown_words(&words) {
        words = masked;
    }
    if is_tidy(&words) {
        return words;
    }
    let line = words.split_whitespace().collect::<Vec<_>>().join(" ");
    text::shorten(&text::visible(&line), QUOTE).into_owned()
}

/// Whether the words can be shown as they are: one short line with nothing to escape.
fn is_tidy(words: &str) -> bool {
    words.len() <= QUOTE
        && text::is_printable_ascii(words.as_bytes())
        && !words.starts_with(' ')
        && !words.ends_with(' ')
        && !words.contains("  ")
}

/// Shortest secret that is looked for: a shorter one would mask ordinary words.
const SECRET: usize = 8;

/// Whether a request header of this name holds secrets.
fn names_secret(name: &[u8]) -> bool {
    if is_ordinary(name) {
        return false;
    }
    name.eq_ignore_ascii_case(b"cookie")
        || ends_with_ignore_case(name, b"authorization")
        || NAMES_OF_SECRETS.into_iter().any(|part| contains_ignore_case(name, part))
}

/// Parts of such names.
const NAMES_OF_SECRETS: [&[u8]; 4] = [b"key", b"token", b"secret", b"auth"];

/// The passwords of Basic credentials, which stand in no header as a server would repeat them.
fn passwords(auth: &AuthFacts) -> impl Iterator<Item = Cow<'_, str>> {
    let read = std::iter::once(&auth.authorization).chain(&auth.proxy_authorization);
    read.filter_map(|authorization| {
        let first = match &authorization.state {
            AuthState::Multiple { first, .. } => &first.state,
            state => state,
        };
        match first {
            AuthState::Present { shape: Shape::UserPass { password, .. }, .. }
                if password.len() >= SECRET =>
            {
                Some(text::decode(password.expose()))
            }
            _ => None,
        }
    })
}

/// The secrets in such a header, as a server may repeat them; none longer than `longest` octets.
fn secrets<'a>(name: &[u8], value: &'a str, longest: usize) -> impl Iterator<Item = &'a str> {
    let fits = move |secret: &&str| (SECRET..=longest).contains(&secret.len());
    let is_cookie = name.eq_ignore_ascii_case(b"cookie");
    let cookies = value
        .split(';')
        .filter(move |_| is_cookie)
        .filter_map(|pair| Some(pair.split_once('=')?.1.trim()));
    let single = if is_cookie {
        None
    } else if ends_with_ignore_case(name, b"authorization") {
        // Parameters are names and nonces that a message may well contain.
        let credentials = value.split_once(' ').map_or(value, |(_, rest)| rest.trim());
        Some(credentials).filter(fits).filter(|secret| !secret.contains(['"', ',']))
    } else {
        Some(value.trim())
    };
    cookies.chain(single).filter(fits)
}

#[cfg(test)]
mod tests {
    use crate::diagnosis::testing::{Talk, diagnose, get};

    fn quote(talk: Talk) -> String {
        let cases = diagnose([talk.answer(401)]);
        let diagnosis = &cases[0].verdict.as_ref().unwrap().diagnosis;
        let quote = diagnosis.facts.iter().find(|(name, _)| *name == "quote");
        quote.map(|(_, value)| value.clone()).unwrap_or_default()
    }

    #[test]
    fn fields_with_reasons_are_told_by_their_first_letter() {
        for (name, _) in super::FIELDS {
            assert!(matches!(name.as_bytes()[0], b'x' | b't' | b'g'));
        }
    }

    #[test]
    fn a_repeated_key_is_masked_and_ordinary_words_are_not() {
        let key = get("/").header("X-API-Key", "k-4711-0815");
        assert_eq!(quote(key.body("Invalid API key k-4711-0815")), "Invalid API key (masked)");
        let digest = r#"Digest username="alice", realm="Restricted Area", nonce="n", uri="/", response="ee44660a996002d6d6780c7a90a2e880""#;
        let talk = get("/").auth(digest).body("Invalid credentials for Restricted Area");
        assert_eq!(quote(talk), "Invalid credentials for Restricted Area");
    }

    #[test]
    fn a_repeated_password_of_basic_credentials_is_masked() {
        // `alice:hunter2hunter`
        let talk = get("/").auth("Basic YWxpY2U6aHVudGVyMmh1bnRlcg==");
        assert_eq!(quote(talk.body("Wrong password: hunter2hunter")), "Wrong password: (masked)");
    }

    #[test]
    fn an_informative_source_beats_an_earlier_vague_one() {
        let talk = get("/")
            .auth("Bearer opaque-4711")
            .asks("Bearer error=\"invalid_token\"")
            .body(r#"{"message":"Token has expired"}"#);
        assert_eq!(quote(talk), "Token has expired");
    }

    #[test]
    fn a_reason_phrase_of_its_own_is_heard() {
        let talk = get("/").auth("Basic YWxpY2U6c2VjcmV0");
        let talk = talk.reason("Invalid password/token for user: alice");
        assert_eq!(quote(talk), "Invalid password/token for user: alice");
    }

    #[test]
    fn quotes_are_short_and_harmless() {
        let long = format!("Token has expired \u{1b}[2J{}", "x".repeat(500));
        let text = quote(get("/").auth("Bearer opaque-4711").body(&long));
        assert!(text.chars().count() <= 200 && text.contains("\\x1b"), "{text}");
    }
}
