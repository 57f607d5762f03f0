//! Credentials that stand beside (or instead of) the credentials field: session cookies, API keys,
//! tokens in the URL, and headers that only look like `Authorization`.

use crate::auth::credentials;
use std::sync::LazyLock;

use crate::auth::credentials::artifact::{self, Artifact};
use crate::auth::jwt;
use crate::auth::masking::names::is_key_header;
use crate::auth::syntax::{
    contains_ignore_case, ends_with_ignore_case, percent_decode, starts_with_ignore_case, trim,
};
use crate::http::Request;
use crate::secret::{Fingerprint, FingerprintKey};
use crate::text;

/// More than any honest request carries; the rest is left out.
const MOST: usize = 64;

/// A credential beside (or instead of) the credentials field.
#[derive(Debug, Clone)]
pub struct Alternative {
    /// What kind of place it is in.
    pub kind: AlternativeKind,
    /// Name of the cookie, header, query or form parameter.
    pub name: String,
    /// Tells this credential from others in this run.
    pub fingerprint: Option<Fingerprint>,
    /// What a program wrote in its place (`undefined`, `$KEY`), when it is no credential at all.
    pub artifact: Option<Artifact>,
    /// Of a cookie: where its `name=value` begins in the octets of the head.
    pub at: Option<usize>,
}

/// Where an alternative credential stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum AlternativeKind {
    /// A session-like cookie.
    Cookie,
    /// An API key header (`X-API-Key`, …).
    ApiKeyHeader,
    /// A query parameter (`access_token`, `api_key`, …).
    Query,
    /// A field of a form body (`access_token`, `refresh_token`, …).
    Form,
    /// A member of a JSON body.
    Json,
    /// `Proxy-Authorization`.
    ProxyAuthorization,
    /// A header whose name or value looks like a misplaced `Authorization`.
    LookalikeHeader,
    /// `X-Forwarded-User` and its like.
    IdentityHeader,
}

impl AlternativeKind {
    /// As in JSON.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Cookie => "cookie",
            Self::ApiKeyHeader => "api-key-header",
            Self::Query => "query",
            Self::Form => "form",
            Self::Json => "json",
            Self::ProxyAuthorization => "proxy-authorization",
            Self::LookalikeHeader => "lookalike-header",
            Self::IdentityHeader => "identity-header",
        }
    }
}

/// Headers that carry an API key or a token of one product's own.
const API_KEY_HEADERS: [&str; 40] = [
    "x-api-key",
    "apikey",
    "api-key",
    "api_key",
    "x_api_key",
    "x-apikey",
    "x-api-token",
    "api-token",
    "x-auth-token",
    "x-auth-key",
    "x-access-key",
    "x-secret-key",
    "x-app-key",
    "x-client-key",
    "x-session-token",
    "x-service-token",
    "x-subscription-token",
    "ocp-apim-subscription-key",
    "subscription-key",
    "private-token",
    "job-token",
    "deploy-token",
    "x-functions-key",
    "x-vault-token",
    "x-consul-token",
    "x-nomad-token",
    "x-goog-api-key",
    "x-rapidapi-key",
    "x-figma-token",
    "circle-token",
    "x-shopify-access-token",
    "x-aws-ec2-metadata-token",
    "x-typesense-api-key",
    "x-algolia-api-key",
    "x-plex-token",
    "x-emby-token",
    "x-jfrog-art-api",
    "dd-api-key",
    "x-n8n-api-key",
    "x-grafana-api-key",
];

/// Headers that people take for `Authorization`.
const LOOKALIKE_HEADERS: [&str; 20] = [
    "authentication",
    "x-authorization",
    "authorisation",
    "x-auth",
    "auth",
    "x-access-token",
    "access-token",
    "access_token",
    "token",
    "x-token",
    "jwt",
    "x-jwt",
    "bearer",
    "x-authentication",
    "auth-token",
    "bearer-token",
    "x-bearer-token",
    "authorization-token",
    "x-jwt-token",
    "http-authorization",
];

/// Headers in which a gateway says who the user is.
const IDENTITY_HEADERS: [&str; 22] = [
    "x-forwarded-user",
    "x-forwarded-email",
    "x-forwarded-preferred-username",
    "x-remote-user",
    "remote-user",
    "remote_user",
    "x-webauth-user",
    "x-auth-request-user",
    "x-auth-request-email",
    "x-authenticated-user",
    "x-authenticated-userid",
    "x-authentik-username",
    "x-goog-authenticated-user-email",
    "x-goog-authenticated-user-id",
    "x-ms-client-principal",
    "x-ms-client-principal-name",
    "x-amzn-oidc-identity",
    "cf-access-authenticated-user-email",
    "x-consumer-username",
    "x-consumer-id",
    "x-credential-identifier",
    "tailscale-user-login",
];

/// Headers in which infrastructure hands on a token, or that hold a JWT of another purpose.
const INFRASTRUCTURE_HEADERS: [&str; 16] = [
    "x-amzn-oidc-data",
    "x-amzn-oidc-accesstoken",
    "x-forwarded-access-token",
    "x-forwarded-id-token",
    "x-forwarded-authorization",
    "x-original-authorization",
    "x-serverless-authorization",
    "x-goog-iap-jwt-assertion",
    "x-auth-request-access-token",
    "x-ms-token-aad-id-token",
    "x-ms-token-aad-access-token",
    "cf-access-jwt-assertion",
    "x-jwt-assertion",
    "x-endpoint-api-userinfo",
    "x-apigateway-api-userinfo",
    "dpop",
];

/// Query parameters that carry a key or a token.
const QUERY_PARAMETERS: [&str; 18] = [
    "access_token",
    "api_key",
    "apikey",
    "api-key",
    "key",
    "token",
    "sig",
    "auth_token",
    "authtoken",
    "api_token",
    "private_token",
    "subscription-key",
    "jwt",
    "signature",
    "x-amz-signature",
    "oauth_signature",
    "consumer_secret",
    "client_secret",
];

/// Other credentials in the same request.
pub fn alternatives(request: &Request, key: &FingerprintKey) -> Vec<Alternative> {
    let mut found = Vec::new();
    for (name, value) in request.head.fields() {
        if value.is_empty() {
            continue;
        }
        if name.eq_ignore_ascii_case(b"cookie") {
            let cookies = session_cookies(value, request.head.octets(), key);
            found.extend(cookies.take(MOST));
        } else if let Some(kind) = header_kind(name, value) {
            found.push(header(kind, name, value, key));
        }
        if found.len() >= MOST {
            break;
        }
    }
    if let Some(query) = request.query() {
        let is_credential = |name: &[u8]| {
            QUERY_PARAMETERS.iter().any(|known| name.eq_ignore_ascii_case(known.as_bytes()))
        };
        found.extend(parameters(query, AlternativeKind::Query, is_credential, key));
    }
    if is_form(request) {
        let is_credential = |name: &[u8]| name.eq_ignore_ascii_case(b"access_token");
        found.extend(parameters(&request.body.start, AlternativeKind::Form, is_credential, key));
    }
    found.truncate(MOST);
    found
}

fn header(kind: AlternativeKind, name: &[u8], value: &[u8], key: &FingerprintKey) -> Alternative {
    let fingerprint = if kind == AlternativeKind::ProxyAuthorization {
        credentials::read(value, key).fingerprint
    } else {
        Some(key.fingerprint(bare_token(value)))
    };
    Alternative {
        kind,
        name: text::decode(name).into_owned(),
        fingerprint,
        artifact: artifact::find(bare_token(value)),
        at: None,
    }
}

/// The token of `Bearer eyJ…`, so that it is the same credential in every header.
fn bare_token(value: &[u8]) -> &[u8] {
    [&b"Bearer "[..], b"Token "]
        .into_iter()
        .find(|scheme| starts_with_ignore_case(value, scheme))
        .map_or(value, |scheme| trim(&value[scheme.len()..]))
}

/// Whether a field is one of nearly every request, in its usual spelling: then its name has nothing of
/// a credential. Others are looked at closely.
pub const fn is_ordinary(name: &[u8]) -> bool {
    matches!(
        name,
        b"Host"
            | b"host"
            | b"User-Agent"
            | b"user-agent"
            | b"Accept"
            | b"accept"
            | b"Accept-Encoding"
            | b"accept-encoding"
            | b"Accept-Language"
            | b"accept-language"
            | b"Connection"
            | b"connection"
            | b"Content-Type"
            | b"content-type"
            | b"Content-Length"
            | b"content-length"
            | b"Cache-Control"
            | b"cache-control"
            | b"Origin"
            | b"origin"
            | b"Referer"
            | b"referer"
            | b"X-Forwarded-For"
            | b"x-forwarded-for"
            | b"X-Real-IP"
            | b"x-real-ip"
            | b"X-Request-Id"
            | b"x-request-id"
    )
}

/// What kind of credential a header is, if it is one.
fn header_kind(name: &[u8], value: &[u8]) -> Option<AlternativeKind> {
    if is_ordinary(name) {
        return looks_like_credential(value).then_some(AlternativeKind::LookalikeHeader);
    }
    if let Some((_, kind)) = known_header(name) {
        return kind;
    }
    if has_api_key_name(name) || is_key_header(name) {
        return Some(AlternativeKind::ApiKeyHeader);
    }
    let lookalike = is_misspelt_authorization(name) || looks_like_credential(value);
    lookalike.then_some(AlternativeKind::LookalikeHeader)
}

/// What is known of a header by its whole name.
fn known_header(name: &[u8]) -> Option<KnownHeader> {
    let of_this_length = HEADERS.get(name.len()).map_or(&[][..], Vec::as_slice);
    of_this_length.iter().find(|(known, _)| name.eq_ignore_ascii_case(known.as_bytes())).copied()
}

/// Whether a header of this name is known, and no other place for credentials: `Authorization` itself, and those
/// in which infrastructure hands on what is not the client's.
pub fn is_no_alternative(name: &[u8]) -> bool {
    matches!(known_header(name), Some((_, None)))
}

/// Whether a header of this name holds a key or a token, whatever its value looks like.
pub fn is_credential_name(name: &[u8]) -> bool {
    match known_header(name) {
        Some((_, kind)) => {
            matches!(kind, Some(AlternativeKind::ApiKeyHeader | AlternativeKind::LookalikeHeader))
        }
        None => is_misspelt_authorization(name),
    }
}

type KnownHeader = (&'static str, Option<AlternativeKind>);

/// All headers known by name, by their length: every header of every request is looked up.
static HEADERS: LazyLock<Vec<Vec<KnownHeader>>> = LazyLock::new(|| {
    let kinds: [(&[&'static str], Option<AlternativeKind>); 6] = [
        (&API_KEY_HEADERS, Some(AlternativeKind::ApiKeyHeader)),
        (&IDENTITY_HEADERS, Some(AlternativeKind::IdentityHeader)),
        (&LOOKALIKE_HEADERS, Some(AlternativeKind::LookalikeHeader)),
        (&["proxy-authorization"], Some(AlternativeKind::ProxyAuthorization)),
        (&INFRASTRUCTURE_HEADERS, None),
        (&["authorization"], None),
    ];
    let mut by_length: Vec<Vec<KnownHeader>> = Vec::new();
    for (names, kind) in kinds {
        for name in names {
            by_length.resize(by_length.len().max(name.len() + 1), Vec::new());
            by_length[name.len()].push((name, kind));
        }
    }
    by_length
});

/// `X-Acme-Api-Key`
fn has_api_key_name(name: &[u8]) -> bool {
    [&b"-api-key"[..], b"-apikey", b"_api_key", b"-api-token"]
        .iter()
        .any(|suffix| ends_with_ignore_case(name, suffix))
}

/// `^(Bearer|Basic|Token) `, or a JWT.
pub fn looks_like_credential(value: &[u8]) -> bool {
    match value.first() {
        Some(b'B' | b'T') => {
            [&b"Bearer "[..], b"Basic ", b"Token "].iter().any(|scheme| value.starts_with(scheme))
        }
        Some(b'e') => jwt::looks_like(value),
        _ => false,
    }
}

/// A name at most two edits away from `authorization`.
fn is_misspelt_authorization(name: &[u8]) -> bool {
    (11..=15).contains(&name.len())
        && starts_with_ignore_case(name, b"au")
        && edit_distance(&name.to_ascii_lowercase(), b"authorization") <= 2
}

/// Levenshtein's distance.
fn edit_distance(a: &[u8], b: &[u8]) -> usize {
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.iter().enumerate() {
        let mut diagonal = i;
        row[0] = i + 1;
        for (j, y) in b.iter().enumerate() {
            let substituted = diagonal + usize::from(x != y);
            diagonal = row[j + 1];
            row[j + 1] = substituted.min(diagonal + 1).min(row[j] + 1);
        }
    }
    row[b.len()]
}

/// The session-like cookies of a `Cookie` field.
fn session_cookies<'a>(
    value: &'a [u8],
    head: &'a [u8],
    key: &'a FingerprintKey,
) -> impl Iterator<Item = Alternative> + 'a {
    value.split(|&octet| octet == b';').map(trim).filter_map(|pair| {
        let equals = pair.iter().position(|&octet| octet == b'=')?;
        let (name, value) = (trim(&pair[..equals]), trim(&pair[equals + 1..]));
        (is_session_like(name) && !value.is_empty()).then(|| Alternative {
            kind: AlternativeKind::Cookie,
            name: text::decode(name).into_owned(),
            fingerprint: Some(key.fingerprint(pair)),
            artifact: artifact::find(value),
            at: Some(offset(pair, head)),
        })
    })
}

/// Where a part of the octets begins in them.
pub fn offset(part: &[u8], octets: &[u8]) -> usize {
    part.as_ptr().addr().wrapping_sub(octets.as_ptr().addr())
}

/// Whether a cookie of this name usually holds a login.
pub fn is_session_like(name: &[u8]) -> bool {
    const PARTS: [&[u8]; 9] = [
        b"sess",
        b"auth",
        b"token",
        b"jwt",
        b"remember",
        b"login",
        b"logged_in",
        b".aspnetcore",
        b"connect.sid",
    ];
    let session = starts_with_ignore_case(name, b"sid")
        || ends_with_ignore_case(name, b"sid")
        || PARTS.iter().any(|part| contains_ignore_case(name, part));
    session && !contains_ignore_case(name, b"csrf") && !contains_ignore_case(name, b"xsrf")
}

fn is_form(request: &Request) -> bool {
    !request.body.start.is_empty()
        && request.head.get("content-type").is_some_and(|value| {
            starts_with_ignore_case(value, b"application/x-www-form-urlencoded")
        })
}

/// The credentials among `name=value&…`.
fn parameters<'a>(
    encoded: &'a [u8],
    kind: AlternativeKind,
    is_credential: impl Fn(&[u8]) -> bool + 'a,
    key: &'a FingerprintKey,
) -> impl Iterator<Item = Alternative> + 'a {
    encoded.split(|&octet| octet == b'&').filter_map(move |pair| {
        let equals = pair.iter().position(|&octet| octet == b'=')?;
        let (name, value) = (&pair[..equals], &pair[equals + 1..]);
        (is_credential(name) && !value.is_empty()).then(|| {
            let value = percent_decode(value);
            Alternative {
                kind,
                name: text::decode(name).into_owned(),
                fingerprint: Some(key.fingerprint(&value)),
                artifact: artifact::find(&value),
                at: None,
            }
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_ordinary_field_is_no_credential_by_its_name() {
        let names = ["host", "user-agent", "accept", "accept-encoding", "accept-language"]
            .into_iter()
            .chain(["connection", "content-type", "content-length", "cache-control", "origin"])
            .chain(["referer", "x-forwarded-for", "x-real-ip", "x-request-id"]);
        for name in names.map(str::as_bytes) {
            assert!(is_ordinary(name));
            assert!(
                HEADERS.get(name.len()).is_none_or(|known| {
                    !known.iter().any(|(known, _)| known.as_bytes() == name)
                })
            );
            assert!(!has_api_key_name(name) && !is_key_header(name));
            assert!(!is_misspelt_authorization(name));
            let secret = [&b"key"[..], b"token", b"secret", b"auth", b"cookie"];
            assert!(!secret.into_iter().any(|part| contains_ignore_case(name, part)));
        }
    }
}
