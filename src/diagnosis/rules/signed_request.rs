//! Requests that are signed: AWS Signature 4, Hawk, OAuth 1, HTTP Signatures (the drafts and RFC 9421).
//! The key is never on the wire, but what was signed is.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest as _, Sha256, Sha512};
use time::format_description::well_known::Rfc3339;
use time::macros::format_description;
use time::{OffsetDateTime, PrimitiveDateTime};

use crate::auth::Shape;
use crate::auth::authorization::Parameters;
use crate::diagnosis::lexicon::Category;
use crate::diagnosis::rule::{Answer, Found};
use crate::diagnosis::rules::common::{
    is_signed, is_signed_for_cosmos, quoting, says_otherwise, with_words,
};
use crate::diagnosis::rules::own_signature::{OwnSignature, own_signature, query_value};
use crate::diagnosis::view::View;
use crate::http::Request;
use crate::text;
use crate::time::humane;

/// How far a signed time may be off; AWS allows 15 minutes, most others 5.
const TOLERANCE: u64 = 300;

/// Hawk allows one minute.
const HAWK_TOLERANCE: u64 = 60;

/// What the server may say of a signature that it did not accept.
const COMPATIBLE: [Category; 8] = [
    Category::Clock,
    Category::BadSignature,
    Category::NoKey,
    Category::Expired,
    Category::NotYetValid,
    Category::BadCredentials,
    Category::ApiKeyInvalid,
    Category::UserGone,
];

/// “The {scheme} signature was refused: {contradiction}. Signed parts were changed on the way, the
/// clock is off, or the secret differs.”
pub fn signature_auth_rejected(view: &View<'_>) -> Answer {
    let Some(request) = view.request() else { return Answer::No };
    let (scheme, place) = if is_signed_for_cosmos(view) {
        ("Cosmos DB".to_owned(), view.credentials_place().to_owned())
    } else if is_signed(view) {
        let scheme = view.scheme().map_or_else(String::new, |s| text::visible(s.name()).into());
        (scheme, view.credentials_place().to_owned())
    } else if let Some(own) = own_signature(view) {
        (own.scheme().into_owned(), own.place())
    } else {
        return Answer::No;
    };
    if says_otherwise(view, &COMPATIBLE) || view.accepted_here().is_some() && view.is_exact() {
        return Answer::No;
    }
    let named = view.said().is_some_and(|said| {
        matches!(said.category, Category::Clock | Category::BadSignature | Category::NoKey)
    });
    // On other statuses than 401 only where the server says what it is about.
    if !named && !matches!(view.status(), 401 | 407) {
        return Answer::No;
    }
    let contradiction = contradiction(view, request);
    let found = match &contradiction {
        Some(contradiction) if named || contradiction.certain => Found::certain(),
        Some(_) => Found::likely(),
        None if named => Found::certain(),
        None => Found::possible(),
    };
    let found = found.because(place, scheme.clone(), "signs the request").fact("scheme", scheme);
    let found = match contradiction {
        Some(Contradiction { field, text, related, .. }) => {
            let found = found
                .because(field, text.clone(), "contradicts the signature")
                .fact("contradiction", text);
            related.into_iter().fold(found, Found::related)
        }
        None => found,
    };
    if named { quoting(found, view).into() } else { with_words(found, view).into() }
}

/// Something signed that the request does not bear out.
struct Contradiction {
    field: String,
    text: String,
    /// No valid signature can come with it.
    certain: bool,
    /// The exchange that shows it, where another one does.
    related: Option<u64>,
}

fn contradiction(view: &View<'_>, request: &Request) -> Option<Contradiction> {
    let signed = Signed::of(view, request);
    replayed(view)
        .or_else(|| ended(view, request))
        .or_else(|| off_clock(view, &signed))
        .or_else(|| absent_field(request, &signed))
        .or_else(|| other_body(request))
        .or_else(|| other_scope(view, request))
}

/// What a signature covers, as far as it says.
#[derive(Default)]
struct Signed {
    /// When it was made, in seconds, and where that stands.
    time: Option<(i64, &'static str)>,
    /// Names of covered header fields.
    fields: Vec<String>,
    tolerance: u64,
}

impl Signed {
    fn of(view: &View<'_>, request: &Request) -> Self {
        let empty = Parameters::default();
        let parameters = match view.shape() {
            Some(Shape::Params(parameters)) => parameters,
            _ => &empty,
        };
        let number = |name: &str| parameters.get(name).and_then(|value| value.parse::<i64>().ok());
        let tolerance = TOLERANCE;
        if view.uses("Hawk") {
            let time = number("ts").map(|ts| (ts, "request.authorization.ts"));
            return Self { time, tolerance: HAWK_TOLERANCE, ..Self::default() };
        }
        if view.uses("OAuth") {
            let time =
                number("oauth_timestamp").map(|ts| (ts, "request.authorization.oauth_timestamp"));
            return Self { time, tolerance, ..Self::default() };
        }
        if let Some(OwnSignature::OAuth(_)) = own_signature(view) {
            let time = query_value(request, "oauth_timestamp").and_then(|ts| ts.parse().ok());
            let time = time.map(|ts| (ts, "request.query.oauth_timestamp"));
            return Self { time, tolerance, ..Self::default() };
        }
        if let Some(list) = parameters.get("signedheaders") {
            let time = amz_date(request)
                .or_else(|| http_date(request, "x-ms-date"))
                .or_else(|| http_date(request, "date"));
            let fields = list.split(';').map(str::to_ascii_lowercase).collect();
            return Self { time, fields, tolerance };
        }
        if let Some(input) = request.head.get("signature-input") {
            let mut signed = message_signature(&text::decode(input));
            signed.tolerance = tolerance;
            return signed;
        }
        let fields: Vec<String> = parameters
            .get("headers")
            .unwrap_or_default()
            .split_whitespace()
            .map(str::to_ascii_lowercase)
            .collect();
        let time = number("created")
            .map(|time| (time, "request.authorization.created"))
            .or_else(|| http_date(request, "x-ms-date").filter(|_| is_signed_for_cosmos(view)))
            .or_else(|| http_date(request, "x-date"))
            .or_else(|| http_date(request, "date"));
        Self { time, fields, tolerance }
    }
}

/// `sig1=("@method" "content-digest";req);created=1618884473;keyid="k"` (RFC 9421 §4.1)
fn message_signature(input: &str) -> Signed {
    let (components, parameters) = match (input.find('('), input.find(')')) {
        (Some(open), Some(close)) if open < close => (&input[open + 1..close], &input[close + 1..]),
        _ => ("", input),
    };
    let fields = components
        .split_whitespace()
        .filter(|component| !component.contains(';'))
        .map(|component| component.trim_matches('"').to_ascii_lowercase())
        .collect();
    let created = parameters
        .split(';')
        .find_map(|parameter| parameter.trim().strip_prefix("created="))
        .and_then(|value| value.split(',').next()?.trim().parse().ok())
        .map(|time| (time, "request.header.signature-input.created"));
    Signed { time: created, fields, tolerance: TOLERANCE }
}

/// `20250601T120000Z`
fn amz_date(request: &Request) -> Option<(i64, &'static str)> {
    let value = text::decode(request.head.get("x-amz-date")?);
    let format = format_description!("[year][month][day]T[hour][minute][second]Z");
    let time = PrimitiveDateTime::parse(&value, format).ok()?;
    Some((time.assume_utc().unix_timestamp(), "request.header.x-amz-date"))
}

fn http_date(request: &Request, field: &'static str) -> Option<(i64, &'static str)> {
    let value = text::decode(request.head.get(field)?);
    let time = OffsetDateTime::from(httpdate::parse_http_date(&value).ok()?);
    let place = match field {
        "x-ms-date" => "request.header.x-ms-date",
        "x-date" => "request.header.x-date",
        _ => "request.header.date",
    };
    Some((time.unix_timestamp(), place))
}

/// A nonce is used once (Hawk; RFC 5849 §3.3).
fn replayed(view: &View<'_>) -> Option<Contradiction> {
    let used = view.record()?.refusal.as_ref()?.recount.as_deref()?;
    Some(Contradiction {
        field: "request.authorization.nonce".to_owned(),
        text: format!("its nonce was already used in #{}, which was accepted", used.id),
        // Not every server looks at nonces.
        certain: false,
        related: Some(used.id),
    })
}

/// A shared access signature says when it ends: a date (storage) or seconds (Service Bus).
fn ended(view: &View<'_>, request: &Request) -> Option<Contradiction> {
    let Some(OwnSignature::SharedAccess(_)) = own_signature(view) else { return None };
    let end = query_value(request, "se")?;
    let end = match OffsetDateTime::parse(&end, &Rfc3339) {
        Ok(end) => end.unix_timestamp(),
        Err(_) => end.parse().ok()?,
    };
    let over = u64::try_from(view.server_now().seconds().saturating_sub(end)).ok()?;
    (over > 0).then(|| Contradiction {
        field: "request.query.se".to_owned(),
        text: format!("it ended {} before this request", humane(Duration::from_secs(over))),
        certain: over > TOLERANCE,
        related: None,
    })
}

fn off_clock(view: &View<'_>, signed: &Signed) -> Option<Contradiction> {
    let (time, field) = signed.time?;
    let off = view.server_now().seconds().saturating_sub(time);
    if off.unsigned_abs() <= signed.tolerance {
        return None;
    }
    let by = humane(Duration::from_secs(off.unsigned_abs()));
    let side = if off > 0 { "before" } else { "after" };
    Some(Contradiction {
        field: field.to_owned(),
        text: format!("its time is {by} {side} the server's"),
        certain: view.server_clock_known() || off.unsigned_abs() > 3 * TOLERANCE,
        related: None,
    })
}

fn absent_field(request: &Request, signed: &Signed) -> Option<Contradiction> {
    let absent = signed.fields.iter().find(|name| {
        let derived = name.starts_with(['@', '(']) || name.is_empty() || *name == "request-line";
        // HTTP/2 has `:authority` in the place of Host.
        let host = *name == "host" && request.host().is_some();
        !derived && !host && !request.head.has(name)
    })?;
    let name = text::visible(&text::shorten(absent, 40)).into_owned();
    Some(Contradiction {
        field: format!("request.header.{name}"),
        text: format!("the header \"{name}\" is signed but the request does not have it"),
        certain: true,
        related: None,
    })
}

fn other_body(request: &Request) -> Option<Contradiction> {
    let body = &request.body;
    if !body.complete || !body.whole || body.gap > 0 {
        return None;
    }
    let octets = &body.start;
    let contradiction = |field: &str| {
        Some(Contradiction {
            field: format!("request.header.{field}"),
            text: format!("the hash in {field} is not that of the body"),
            certain: true,
            related: None,
        })
    };
    if let Some(hash) = request.head.get("x-amz-content-sha256")
        && hash.len() == 64
        && hash.iter().all(u8::is_ascii_hexdigit)
    {
        let digit = |octet: &u8| char::from(*octet).to_digit(16).unwrap_or_default() as u8;
        let named = hash.chunks_exact(2).map(|pair| digit(&pair[0]) << 4 | digit(&pair[1]));
        return if named.eq(Sha256::digest(octets)) {
            None
        } else {
            contradiction("x-amz-content-sha256")
        };
    }
    for field in ["digest", "content-digest"] {
        let Some(value) = request.head.get(field) else { continue };
        let value = text::decode(value);
        for element in value.split(',') {
            let Some((algorithm, hash)) = element.trim().split_once('=') else { continue };
            // `sha-256=:base64:` (RFC 9530), `SHA-256=base64` (RFC 3230).
            let hash = hash.trim_matches(':');
            let own = match algorithm.to_ascii_lowercase().as_str() {
                "sha-256" => STANDARD.encode(Sha256::digest(octets)),
                "sha-512" => STANDARD.encode(Sha512::digest(octets)),
                _ => continue,
            };
            if own != hash {
                return contradiction(field);
            }
        }
    }
    None
}

/// The day in the credential scope against the day of the request (SigV4).
fn other_scope(view: &View<'_>, request: &Request) -> Option<Contradiction> {
    let Some(Shape::Params(parameters)) = view.shape() else { return None };
    let day = parameters.get("credential")?.split('/').nth(1)?;
    let date = text::decode(request.head.get("x-amz-date")?);
    (date.len() > 8 && date.get(..8) != Some(day)).then(|| Contradiction {
        field: "request.authorization.credential".to_owned(),
        text: format!(
            "its scope is for the day {}, but x-amz-date is {}",
            text::visible(&text::shorten(day, 16)),
            text::visible(&text::shorten(&date, 24))
        ),
        certain: true,
        related: None,
    })
}
