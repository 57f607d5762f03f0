//! What several rules ask of an exchange.

use crate::auth::authorization::AlternativeKind;
use crate::auth::posted::{self, WEAK_TOKEN};
use crate::auth::syntax::{forwarded_pair, starts_with_ignore_case};
use crate::auth::{Alternative, AuthState, Jwt, MalformedReason, Scheme, Shape};
use crate::diagnosis::lexicon::Category;
use crate::diagnosis::rule::Found;
use crate::diagnosis::rules::posted::may_be_about;
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
        || is_signed_for_cosmos(view)
}

/// Azure Cosmos DB: `type=master&ver=1.0&sig=…`, percent-encoded, without a scheme. Its other types are
/// tokens. (learn.microsoft.com/rest/api/cosmos-db/access-control-on-cosmosdb-resources)
pub fn is_signed_for_cosmos(view: &View<'_>) -> bool {
    let no_scheme = matches!(view.malformed(), Some(MalformedReason::NoScheme { .. }));
    no_scheme
        && [&b"type%3dmaster"[..], b"type=master"]
            .into_iter()
            .any(|start| starts_with_ignore_case(raw_credentials(view), start))
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
    // A proxy that asks for its own login reads no other.
    if view.is_proxy() {
        return None;
    }
    let all = view.alternatives();
    // What a client puts into the body it means, while cookies go along with everything.
    all.iter()
        .find(|other| is_posted(other) && !is_weak(other) && may_be_about(view, other))
        .or_else(|| all.iter().find(|other| goes_along(other) && !is_weak(other)))
        .or_else(|| all.iter().find(|other| is_weak(other)).filter(|_| is_judged(view)))
}

/// Whether an alternative stands in the body.
pub fn is_posted(alternative: &Alternative) -> bool {
    matches!(alternative.kind, AlternativeKind::Form | AlternativeKind::Json)
}

fn goes_along(alternative: &Alternative) -> bool {
    matches!(
        alternative.kind,
        AlternativeKind::Cookie
            | AlternativeKind::ApiKeyHeader
            | AlternativeKind::LookalikeHeader
            | AlternativeKind::Query
    )
}

/// What is often something else than a credential, or another one than the server speaks of.
pub fn doubtful_credential<'a>(view: &View<'a>) -> Option<&'a Alternative> {
    let all = view.alternatives().iter().filter(|_| !view.is_proxy());
    all.into_iter().find(|other| is_weak(other) || is_posted(other))
}

fn is_weak(alternative: &Alternative) -> bool {
    let name = &alternative.name;
    match alternative.kind {
        AlternativeKind::Query => {
            WEAK_QUERY_NAMES.into_iter().any(|weak| name.eq_ignore_ascii_case(weak))
        }
        AlternativeKind::Form | AlternativeKind::Json => name.eq_ignore_ascii_case(WEAK_TOKEN),
        _ => false,
    }
}

/// Whether the server's words are a verdict on a token, a key or a signature that it received.
fn is_judged(view: &View<'_>) -> bool {
    view.said().is_some_and(|said| match said.category {
        Category::NotYetValid
        | Category::Expired
        | Category::BadAudience
        | Category::BadIssuer
        | Category::NoKey
        | Category::BadSignature
        | Category::WrongType
        | Category::Revoked
        | Category::ApiKeyInvalid => true,
        Category::Malformed | Category::Ambiguous | Category::Generic => said.names_a_token(),
        _ => false,
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
    let posted: String;
    let value: &[u8] = match other.kind {
        AlternativeKind::Form | AlternativeKind::Json => {
            let mut fields = posted::fields(request).into_iter();
            posted = fields.find(|(name, _)| *name == other.name)?.1;
            posted.as_bytes()
        }
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
        && other_credential(view).is_some_and(|other| other.kind == AlternativeKind::Cookie)
        && view.alternatives().iter().all(|alternative| {
            matches!(alternative.kind, AlternativeKind::Cookie | AlternativeKind::IdentityHeader)
                || is_posted(alternative) && is_weak(alternative)
        })
}

/// Whether this origin accepted these very credentials before where it demands some, so that their form is
/// no cause; unless it says now that it is.
pub fn is_accepted_form(view: &View<'_>) -> bool {
    !view.says(Category::Malformed) && view.accepted_here().is_some()
}

/// Where an alternative stands, for evidence.
pub fn place(alternative: &Alternative) -> String {
    let name = text::visible(&alternative.name);
    match alternative.kind {
        AlternativeKind::Cookie => format!("request.cookie.{name}"),
        AlternativeKind::Query => format!("request.query.{name}"),
        AlternativeKind::Form | AlternativeKind::Json => format!("request.body.{name}"),
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
        _ if is_posted(alternative) && posted::is_code(&name) => {
            format!("the one-time code \"{name}\" in the body")
        }
        AlternativeKind::Form => format!("the token in the form field \"{name}\""),
        AlternativeKind::Json => format!("the token \"{name}\" in the JSON body"),
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
    is_login_status(view)
        || !view.challenges().is_empty()
        || view.said().is_some_and(|said| said.category != Category::Other)
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

/// Challenges that only keep browsers from opening a prompt: the login is a cookie.
const COOKIE_SCHEMES: [&str; 6] =
    ["Cookie", "Session", "FormBased", "xBasic", "x-Basic", "FormAuth"];

/// Whether a challenge names a scheme whose credentials stand in a header.
pub fn asks_for_a_header(view: &View<'_>) -> bool {
    view.challenges()
        .iter()
        .any(|challenge| !COOKIE_SCHEMES.into_iter().any(|name| challenge.scheme.is(name)))
}
