//! What several rules ask of an exchange.

use crate::auth::authorization::AlternativeKind;
use crate::auth::syntax::forwarded_pair;
use crate::auth::{Alternative, AuthState, Jwt, Scheme, Shape};
use crate::diagnosis::lexicon::Category;
use crate::diagnosis::rule::Found;
use crate::diagnosis::view::View;
use crate::text;

/// Schemes that sign the request instead of carrying a secret.
const SIGNING: [&str; 8] = [
    "AWS4-HMAC-SHA256",
    "AWS4-ECDSA-P256-SHA256",
    "Hawk",
    "hmac",
    "SharedKey",
    "SharedKeyLite",
    "Signature",
    "OAuth",
];

/// Query parameters that are often something else than a credential.
const WEAK_QUERY_NAMES: [&str; 4] = ["key", "sig", "signature", "token"];

/// Whether the credentials sign the request. `OAuth TOKEN` (OAuth 2 drafts) is a token.
pub fn is_signed(view: &View<'_>) -> bool {
    let parameters = matches!(view.shape(), Some(Shape::Params(_)));
    let known = view.scheme().and_then(Scheme::known);
    known.is_some_and(|known| SIGNING.contains(&known)) && (parameters || known != Some("OAuth"))
}

/// Fields that sign a request, whatever its credentials: RFC 9421, the drafts before it, and fields of
/// one product's own.
pub const SIGNATURE_FIELDS: [&str; 4] =
    ["signature", "x-signature", "x-hmac-signature", "x-request-signature"];

/// Whether a signature stands outside the credentials field.
pub fn has_own_signature(view: &View<'_>) -> bool {
    let fields = |request: &crate::http::Request| {
        let own = SIGNATURE_FIELDS.into_iter().any(|field| request.head.has(field));
        request.head.has("signature") && request.head.has("signature-input")
            || own && view.missing()
    };
    view.common_request().is_some_and(fields) && other_credential(view).is_none()
}

/// Whether the scheme is one in which a user logs in by name.
pub fn is_login(view: &View<'_>) -> bool {
    let known = view.scheme().and_then(Scheme::known);
    matches!(known, Some("Basic" | "Digest" | "NTLM" | "Negotiate"))
}

/// Well-formed credentials that are a token or key: not a login, not a signature, and of a scheme
/// that this program knows.
pub fn is_token(view: &View<'_>) -> bool {
    let known = view.scheme().is_some_and(Scheme::is_known);
    let raw = matches!(view.shape(), None | Some(Shape::Raw));
    known && !raw && !is_login(view) && !is_signed(view)
}

/// A credential outside the credentials field that this request relies on.
pub fn other_credential<'a>(view: &View<'a>) -> Option<&'a Alternative> {
    view.alternatives().iter().find(|alternative| match alternative.kind {
        AlternativeKind::Cookie
        | AlternativeKind::ApiKeyHeader
        | AlternativeKind::Form
        | AlternativeKind::LookalikeHeader => true,
        AlternativeKind::Query => {
            let name = alternative.name.to_ascii_lowercase();
            !WEAK_QUERY_NAMES.contains(&name.as_str())
        }
        AlternativeKind::ProxyAuthorization | AlternativeKind::IdentityHeader => false,
    })
}

/// The JWT in the first other credential, and where it stands.
pub fn other_jwt<'a>(view: &View<'a>) -> Option<(&'a Alternative, Jwt)> {
    let other = other_credential(view)?;
    let request = view.common_request()?;
    let name = other.name.as_bytes();
    let named = |text: &'a [u8], separator: u8| {
        text.split(move |&octet| octet == separator)
            .find_map(|pair| pair.trim_ascii().strip_prefix(name)?.strip_prefix(b"="))
    };
    let value: &[u8] = match other.kind {
        AlternativeKind::Cookie => {
            request.head.get_all("cookie").find_map(|line| named(line, b';'))?
        }
        AlternativeKind::Query => {
            let query = request.target().splitn(2, |&octet| octet == b'?').nth(1)?;
            named(query, b'&')?
        }
        AlternativeKind::ApiKeyHeader | AlternativeKind::LookalikeHeader => {
            request.head.get(&other.name)?
        }
        _ => return None,
    };
    let value = value.rsplit(|&octet| octet == b' ').next().unwrap_or_default();
    Some((other, Jwt::decode(value).ok()?))
}

/// Whether the only credentials are session cookies.
pub fn only_cookies(view: &View<'_>) -> bool {
    view.missing()
        && other_credential(view).is_some()
        && view.alternatives().iter().all(|alternative| {
            matches!(alternative.kind, AlternativeKind::Cookie | AlternativeKind::IdentityHeader)
        })
}

/// Where an alternative stands, for evidence.
pub fn place(alternative: &Alternative) -> String {
    let name = text::visible(&alternative.name);
    match alternative.kind {
        AlternativeKind::Cookie => format!("request.cookie.{name}"),
        AlternativeKind::Query => format!("request.query.{name}"),
        AlternativeKind::Form => format!("request.body.{name}"),
        _ => format!("request.header.{}", name.to_ascii_lowercase()),
    }
}

/// An alternative in words: `the session cookie "sid"`.
pub fn describe(alternative: &Alternative) -> String {
    let name = text::visible(&alternative.name);
    match alternative.kind {
        AlternativeKind::Cookie => format!("the session cookie \"{name}\""),
        AlternativeKind::ApiKeyHeader => format!("the key in {name}"),
        AlternativeKind::Query => format!("the key in the query parameter \"{name}\""),
        AlternativeKind::Form => format!("the token in the form field \"{name}\""),
        _ => format!("the credential in {name}"),
    }
}

/// What the server says of one of these categories becomes a diagnosis: certain where a credential
/// is visible that it can be about, likely where the request was not captured, and nothing where the
/// request carried none.
pub fn stated(view: &View<'_>, categories: &[Category]) -> Option<Found> {
    let said = view.said().filter(|said| categories.contains(&said.category))?;
    let found = match view.state() {
        // Which of several credentials the server read is not known either.
        AuthState::Unknown { .. } | AuthState::Multiple { .. } => Found::likely(),
        AuthState::Missing if other_credential(view).is_none() => return None,
        _ => Found::certain(),
    };
    Some(quoting(found.because(said.field, said.quote.clone(), "the server's words"), view))
}

/// With the server's words as a fact.
pub fn quoting(found: Found, view: &View<'_>) -> Found {
    found.fact_if("quote", view.said().map(|said| said.quote.clone()))
}

/// With the server's words as evidence and as a fact, where they tell something.
pub fn with_words(found: Found, view: &View<'_>) -> Found {
    match view.said() {
        Some(said) if said.is_informative() => {
            quoting(found.because(said.field, said.quote.clone(), "the server's words"), view)
        }
        _ => found,
    }
}

/// Whether the server's words name a cause that is none of these.
pub fn says_otherwise(view: &View<'_>, compatible: &[Category]) -> bool {
    let neutral = [Category::Missing, Category::Malformed];
    view.said().is_some_and(|said| {
        said.is_informative()
            && !neutral.contains(&said.category)
            && !compatible.contains(&said.category)
    })
}

/// One level down where the server's words name another cause.
pub fn unless_said_otherwise(found: Found, view: &View<'_>, compatible: &[Category]) -> Found {
    if says_otherwise(view, compatible) { lowered(found) } else { found }
}

/// One level down.
pub fn lowered(found: Found) -> Found {
    Found { confidence: found.confidence.lowered(), ..found }
}

/// Whether the status itself asks for a login.
pub fn is_login_status(view: &View<'_>) -> bool {
    matches!(view.status(), 401 | 407)
}

/// On other statuses than 401 and 407 malformed credentials are a cause only where the answer is
/// about authentication at all: there is a challenge, or the server says so.
pub fn is_about_authentication(view: &View<'_>) -> bool {
    is_login_status(view) || !view.challenges().is_empty() || view.said().is_some()
}

/// For malformed credentials: as sure as they are where the answer is about authentication, one
/// level less on another refusal.
pub fn by_status(found: Found, view: &View<'_>) -> Found {
    if is_about_authentication(view) { found } else { lowered(found) }
}

/// Whether a hop in front says that the client itself spoke https: `X-Forwarded-Proto` and its like, and
/// `Forwarded` (RFC 7239 §5.4).
pub fn is_https_in_front(view: &View<'_>) -> bool {
    let says = |name: &str, words: [&str; 2]| {
        view.request_header(name).is_some_and(|value| {
            let client = value.split(',').next().unwrap_or_default().trim();
            words.into_iter().any(|word| client.eq_ignore_ascii_case(word))
        })
    };
    ["x-forwarded-proto", "x-forwarded-scheme", "x-url-scheme"]
        .into_iter()
        .any(|name| says(name, ["https", "wss"]))
        || ["x-forwarded-ssl", "front-end-https"].into_iter().any(|name| says(name, ["on", "1"]))
        || forwarded(view, "proto").is_some_and(|proto| proto.eq_ignore_ascii_case("https"))
}

/// The host that the client asked for, where a hop in front says that it was another.
pub fn host_in_front(view: &View<'_>) -> Option<String> {
    let named = view
        .request_header("x-forwarded-host")
        .map(|hosts| hosts.split(',').next().unwrap_or_default().trim().to_owned());
    named.or_else(|| forwarded(view, "host"))
}

/// Whether a hop in front says that it sent the request on.
pub fn is_forwarded(view: &View<'_>) -> bool {
    ["x-forwarded-for", "x-forwarded-host", "x-forwarded-proto", "x-real-ip", "forwarded", "via"]
        .into_iter()
        .any(|name| view.common_request().is_some_and(|request| request.head.has(name)))
}

/// What the hop next to the client says under this name in `Forwarded`.
fn forwarded(view: &View<'_>, name: &str) -> Option<String> {
    let value = view.request_header("forwarded")?;
    let first = value.split(',').next().unwrap_or_default();
    forwarded_pair(first, name).map(|value| value.trim_matches('"').to_owned())
}

/// The octets of the credentials field, for a rule that must look inside. Never shown.
pub fn raw_credentials<'a>(view: &View<'a>) -> &'a [u8] {
    view.common_request()
        .and_then(|request| request.head.get(view.credentials_field()))
        .unwrap_or_default()
}

/// What follows the scheme word. Never shown.
pub fn raw_token<'a>(view: &View<'a>) -> &'a [u8] {
    let value = raw_credentials(view);
    let space = value.iter().position(|&octet| octet == b' ' || octet == b'\t');
    space.map_or(&[], |space| value[space..].trim_ascii())
}

/// A login whose password stands in a form, a JSON document, or the query.
#[derive(Debug)]
pub struct PostedLogin {
    /// The user it names, safe to show.
    pub user: Option<String>,
    /// Where it stands, for evidence.
    pub place: &'static str,
}

/// The login that the request posts or has in its query, if it does.
pub fn posted_login(view: &View<'_>) -> Option<PostedLogin> {
    let request = view.common_request()?;
    let body = &request.body.start;
    if body.is_empty() || request.method() != b"POST" {
        return login_in_query(request.query()?);
    }
    let kind = request.head.get("content-type").unwrap_or_default().to_ascii_lowercase();
    let pairs: Vec<(String, String)> = if kind.windows(4).any(|part| part == b"json") {
        match serde_json::from_slice(body) {
            Ok(serde_json::Value::Object(members)) => members
                .into_iter()
                .filter_map(|(name, value)| Some((name, value.as_str()?.to_owned())))
                .collect(),
            _ => return None,
        }
    } else if kind.windows(10).any(|part| part == b"urlencoded") {
        fields(body)
    } else {
        return None;
    };
    let find = |names: &[&str]| {
        pairs.iter().find(|(name, _)| {
            let name = name.to_ascii_lowercase();
            names.iter().any(|known| name == *known || name.ends_with(&format!("[{known}]")))
        })
    };
    find(&["password", "passwd", "pwd", "pass", "passphrase", "client_secret", "secret", "pin"])?;
    let user =
        find(&["username", "user", "email", "login", "user_name", "name", "client_id", "log"]);
    Some(PostedLogin { user: user.map(|(_, value)| shown(value)), place: "request.body" })
}

/// Products that take user and password in the query: InfluxDB 1, Subsonic, cameras.
fn login_in_query(query: &[u8]) -> Option<PostedLogin> {
    let pairs = fields(query);
    let find = |names: &[&str]| {
        pairs.iter().find(|(name, _)| names.iter().any(|known| name.eq_ignore_ascii_case(known)))
    };
    find(&["password", "passwd", "pwd", "pass", "p"])?;
    let (_, user) = find(&["username", "user", "usr", "login", "u"])?;
    Some(PostedLogin { user: Some(shown(user)), place: "request.query" })
}

fn fields(encoded: &[u8]) -> Vec<(String, String)> {
    text::decode(encoded)
        .split('&')
        .filter_map(|pair| pair.split_once('='))
        .map(|(name, value)| (name.to_owned(), value.replace("%40", "@")))
        .collect()
}

fn shown(user: &str) -> String {
    text::shorten(&text::visible(user), 64).into_owned()
}
