//! Basic credentials (RFC 7617).

use zeroize::Zeroizing;

use crate::auth::{Finding, MalformedReason, Shape, encoding, jwt};
use crate::diagnosis::rule::{Answer, Found};
use crate::diagnosis::rules::common::{by_status, is_accepted_form, raw_token};
use crate::diagnosis::view::View;

/// Where MIME and many tools break lines of base64.
const MIME_LINE: usize = 76;

/// “The text after "Basic" is {plain text|cut off|base64url|line-wrapped}, so the server cannot read
/// user and password.” (RFC 7617 §2, RFC 4648 §4)
pub fn basic_bad_base64(view: &View<'_>) -> Answer {
    if !view.uses("Basic") {
        return Answer::No;
    }
    let length = raw_token(view).len();
    let (found, what) = match view.malformed() {
        Some(MalformedReason::NotBase64 { plain: true, .. }) => {
            (Found::certain(), "plain text (user:password)")
        }
        Some(MalformedReason::NotBase64 { truncated: true, .. }) => {
            (Found::certain(), "cut off (base64 cannot have this length)")
        }
        Some(MalformedReason::NotBase64 { .. }) => (Found::certain(), "not base64"),
        Some(MalformedReason::NoColon { .. }) if length == MIME_LINE => {
            (Found::likely(), "76 characters long, as after a line wrap")
        }
        _ if view.malformed().is_some() || is_accepted_form(view) => return Answer::No,
        _ if length == MIME_LINE && follows_wrapped_line(view) => {
            (Found::certain(), "wrapped after 76 characters")
        }
        _ if view.finding(Finding::Base64UrlAlphabet) => {
            (Found::likely(), "base64url instead of base64")
        }
        _ if view.finding(Finding::Unpadded) => (Found::likely(), "base64 without its padding"),
        _ => return Answer::No,
    };
    let reads = if found.confidence == crate::diagnosis::Confidence::Certain {
        "cannot read"
    } else {
        "may be unable to read"
    };
    let found = found
        .because(view.credentials_place(), format!("Basic, {length} characters"), what)
        .fact("what", what)
        .fact("reads", reads);
    by_status(found, view).into()
}

/// Whether the line after the credentials is the rest of them.
fn follows_wrapped_line(view: &View<'_>) -> bool {
    use crate::exchange::Anomaly;
    view.anomalies().contains(Anomaly::LineWithoutColon)
}

/// “The decoded credentials contain no ":" ({hint}), so no password can be found.” (RFC 7617 §2)
pub fn basic_missing_colon(view: &View<'_>) -> Answer {
    let Some(MalformedReason::NoColon { double_encoded }) = view.malformed() else {
        return Answer::No;
    };
    let decoded = encoding::base64(raw_token(view)).map(Zeroizing::new).unwrap_or_default();
    let hint = if *double_encoded {
        Some("they were encoded twice")
    } else if contains_ignore_case(&decoded, b"%3a") {
        Some("the colon is percent-encoded")
    } else if jwt::looks_like(&decoded) || is_known_token(&decoded) {
        Some("a token was put into Basic")
    } else {
        None
    };
    let found = Found::certain()
        .because(
            view.credentials_place(),
            format!("Basic, {} octets decoded, no colon", decoded.len()),
            hint.unwrap_or_default(),
        )
        .fact_if("hint", hint);
    by_status(found, view).into()
}

fn contains_ignore_case(octets: &[u8], needle: &[u8]) -> bool {
    octets.windows(needle.len()).any(|window| window.eq_ignore_ascii_case(needle))
}

fn is_known_token(octets: &[u8]) -> bool {
    const PREFIXES: [&[u8]; 8] =
        [b"ghp_", b"gho_", b"github_pat_", b"glpat-", b"xoxb-", b"ya29.", b"sk_", b"npm_"];
    PREFIXES.iter().any(|prefix| octets.starts_with(prefix))
}

/// “The decoded password ends with an invisible {newline|space}.”
pub fn basic_hidden_whitespace(view: &View<'_>) -> Answer {
    let Some(Shape::UserPass { user, password }) = view.shape() else { return Answer::No };
    if view.accepted_here().is_some() {
        return Answer::No;
    }
    let (part, what) = if view.finding(Finding::TrailingNewline) {
        ("password", "ends with an invisible line break")
    } else if view.finding(Finding::EdgeSpace) {
        if user.starts_with(' ') {
            ("user name", "begins with a space")
        } else {
            ("password", "ends with a space")
        }
    } else if password.expose().first() == Some(&b' ') {
        ("password", "begins with a space, as after \"user: password\"")
    } else if view.finding(Finding::ControlChar) {
        let in_user = user.chars().any(char::is_control);
        (if in_user { "user name" } else { "password" }, "contains a control character")
    } else {
        return Answer::No;
    };
    let length = if part == "password" { password.len() } else { user.len() };
    let found = Found::likely().because(
        view.credentials_place(),
        format!("{part} of {length} octets"),
        what,
    );
    accepted_otherwise(found, view).fact("part", part).fact("what", what).into()
}

/// With the login of the same user that was accepted with another password.
fn accepted_otherwise(found: Found, view: &View<'_>) -> Found {
    match view.user_accepted_otherwise() {
        Some(other) => found
            .because(
                "history",
                format!("#{}", other.id),
                "the same user is accepted with another password",
            )
            .related(other.id),
        None => found,
    }
}

/// “The password contains "%{hex}", which looks like URL-encoding that was not undone.” (RFC 3986
/// §3.2.1)
pub fn basic_percent_encoded(view: &View<'_>) -> Answer {
    if !view.finding(Finding::PercentEncoded) || view.accepted_here().is_some() {
        return Answer::No;
    }
    let Some(Shape::UserPass { user, password }) = view.shape() else { return Answer::No };
    let (part, octets) = if escapes(user.as_bytes()).next().is_some() {
        ("user name", user.as_bytes())
    } else {
        ("password", password.expose())
    };
    let reserved = escapes(octets).find(|octet| b"@:/#?%".contains(octet));
    // Only a character that must be encoded in a URL is named: another one could be meant, and
    // would be a part of the secret.
    let otherwise = view.user_accepted_otherwise().is_some();
    let found = if reserved.is_some() || otherwise { Found::likely() } else { Found::possible() };
    let found = accepted_otherwise(found, view);
    let code = reserved
        .map(|octet| format!("\"%{octet:02X}\" (which stands for '{}')", char::from(octet)));
    found
        .because(
            view.credentials_place(),
            code.clone().unwrap_or_else(|| "% and two hexadecimal digits".to_owned()),
            format!("in the {part}"),
        )
        .fact("part", part)
        .fact_if("code", code)
        .into()
}

/// The octets that are written as escapes.
fn escapes(octets: &[u8]) -> impl Iterator<Item = u8> {
    octets.windows(3).filter_map(|window| {
        let [b'%', high, low] = window else { return None };
        let digit = |octet: u8| char::from(octet).to_digit(16);
        Some((digit(*high)? * 16 + digit(*low)?) as u8)
    })
}

/// “The login contains non-ASCII characters sent as {Latin-1|UTF-8}; the server {asks for UTF-8|may
/// expect the other one}.” (RFC 7617 §2.1)
pub fn basic_charset(view: &View<'_>) -> Answer {
    if !view.uses("Basic") || view.accepted_here().is_some() {
        return Answer::No;
    }
    let charset = view.challenge("Basic").and_then(|challenge| challenge.params.get("charset"));
    let asks_utf8 = charset.is_some_and(|charset| charset.eq_ignore_ascii_case("utf-8"));
    let (found, sent, wants) = if view.finding(Finding::NonAsciiNotUtf8) && asks_utf8 {
        (Found::likely(), "Latin-1 (not UTF-8)", "asks for UTF-8")
    } else if view.finding(Finding::NonAsciiNotUtf8) {
        (Found::possible(), "Latin-1 (not UTF-8)", "may expect UTF-8")
    } else if view.finding(Finding::NonAsciiUtf8) && !asks_utf8 {
        (Found::possible(), "UTF-8", "may expect Latin-1")
    } else {
        return Answer::No;
    };
    let found = found.because(view.credentials_place(), sent, "encoding of user and password");
    let found = if asks_utf8 {
        found.because("response.header.www-authenticate", "charset=\"UTF-8\"", "")
    } else {
        found
    };
    found.fact("sent", sent).fact("wants", wants).into()
}
