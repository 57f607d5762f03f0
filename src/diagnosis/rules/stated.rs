//! What the server says is the reason.

use std::sync::LazyLock;
use std::time::Duration;

use regex::Regex;

use crate::auth::authorization::AlternativeKind;
use crate::auth::syntax::contains_ignore_case;
use crate::diagnosis::lexicon::Category;
use crate::diagnosis::rule::{Answer, Found};
use crate::diagnosis::rules::common::{
    is_posted, only_cookies, other_credential, place, quoting, stated, with_words,
};
use crate::diagnosis::rules::posted::{posted_login, refused_login};
use crate::diagnosis::view::View;
use crate::text;
use crate::time::humane;

/// “The server {says that the account is locked|…} – it says: "{quote}"; retry after {retry_after}.”
pub fn lockout_or_throttle(view: &View<'_>) -> Answer {
    let status = view.status();
    let retry_after = view.response_header("retry-after").and_then(|value| delay(view, &value));
    let login = posted_login(view);
    let attempt = !view.missing() || other_credential(view).is_some() || login.is_some();
    let said = view.said().filter(|said| {
        matches!(said.category, Category::Locked) || said.category == Category::Rate
    });
    let (found, says) = match said {
        Some(said) if attempt || status == 401 => {
            let says = if contains_ignore_case(said.quote.as_bytes(), b"captcha") {
                "says that a CAPTCHA must be solved before it looks at a login again"
            } else if said.category == Category::Locked {
                "says that the account is locked or blocked"
            } else {
                "says that there were too many requests"
            };
            let found =
                Found::certain().because(said.field, said.quote.clone(), "the server's words");
            (quoting(found, view), says)
        }
        _ if status == 423 && attempt => {
            let found = Found::certain().because("response.status", "423", "Locked");
            (found, "says that the account or resource is locked")
        }
        _ if status == 429 && attempt => {
            let found = Found::certain().because("response.status", "429", "Too Many Requests");
            (found, "says that there were too many requests")
        }
        _ if retry_after.is_some() && attempt && matches!(status, 401 | 407) => {
            (Found::likely(), "asks to wait, so it probably blocks further attempts")
        }
        _ => return Answer::No,
    };
    let found = match &retry_after {
        Some(delay) => found.because("response.header.retry-after", delay.clone(), ""),
        None => found,
    };
    found.fact("says", says).fact_if("retry_after", retry_after).into()
}

/// Seconds, or a date (RFC 9110 §10.2.3), in words.
fn delay(view: &View<'_>, value: &str) -> Option<String> {
    let value = value.trim();
    if let Ok(seconds) = value.parse::<u32>() {
        return (seconds > 0).then(|| humane(Duration::from_secs(seconds.into())));
    }
    let until = time::OffsetDateTime::from(httpdate::parse_http_date(value).ok()?);
    let seconds = until.unix_timestamp() - view.server_now().seconds();
    u64::try_from(seconds).ok().filter(|s| *s > 0).map(|s| humane(Duration::from_secs(s)))
}

/// Cookies from which frameworks expect a copy in a header or the body.
const CSRF_COOKIES: [&str; 8] = [
    "csrftoken",
    "xsrf-token",
    "csrf_access_token",
    "csrf_refresh_token",
    "_csrf",
    "csrf_token",
    "csrf-token",
    "__host-csrf",
];

/// “The anti-forgery token for {method} is {missing|wrong}.”
pub fn csrf_rejected(view: &View<'_>) -> Answer {
    let cookie = csrf_cookie(view);
    let said = view.said().filter(|said| said.category == Category::Csrf);
    let found = if let Some(said) = said {
        let wrong = ["invalid", "match", "incorrect", "wrong", "fail"];
        let quote = said.quote.to_ascii_lowercase();
        let what = if quote.contains("missing") && !quote.contains("invalid") {
            "missing"
        } else if wrong.into_iter().any(|word| quote.contains(word)) && !quote.contains("missing") {
            "wrong"
        } else {
            "missing or wrong"
        };
        let found = Found::certain()
            .because(said.field, said.quote.clone(), "the server's words")
            .fact("what", what);
        quoting(found, view)
    } else if view.status() == 419 {
        // Laravel's "page expired": its name for a CSRF token that does not fit the session.
        Found::likely().because("response.status", "419", "Laravel's status for a CSRF mismatch")
    } else {
        match by_absence(view, cookie.as_deref()) {
            Some(found) => found,
            None => return Answer::No,
        }
    };
    let cookie = cookie.filter(|_| said.is_none());
    let token = cookie.is_some().then_some("the anti-forgery token");
    found.fact("method", view.method()).fact_if("cookie", cookie).fact_if("token", token).into()
}

/// An unsafe method with both cookies and without the copy that must come with them.
fn by_absence(view: &View<'_>, cookie: Option<&str>) -> Option<Found> {
    let cookie = cookie?;
    let request = view.request()?;
    let session = view.alternative(AlternativeKind::Cookie)?;
    let safe = ["GET", "HEAD", "OPTIONS", "TRACE"].contains(&&*view.method());
    let copied = request.head.fields().any(|(name, _)| {
        let name = text::decode(name).to_ascii_lowercase();
        name.contains("csrf") || name.contains("xsrf")
    }) || text::decode(&request.body.start).to_ascii_lowercase().contains("csrf");
    if safe || copied || !view.missing() || view.status() != 401 {
        return None;
    }
    let found = match view.past().and_then(|past| past.accepted_here) {
        Some(accepted) => Found::likely()
            .because("history", format!("#{}", accepted.id), "the session is accepted otherwise")
            .related(accepted.id),
        None => Found::possible(),
    };
    let found = found
        .because(place(session), "present", "the session")
        .because(format!("request.cookie.{cookie}"), "present", "no header or field repeats it")
        .fact("what", "missing from header and body");
    Some(with_words(found, view))
}

/// The name of the anti-forgery cookie, safe to show.
fn csrf_cookie(view: &View<'_>) -> Option<String> {
    let request = view.request()?;
    let cookies =
        request.head.get_all("cookie").flat_map(|line| line.split(|&octet| octet == b';'));
    cookies
        .filter_map(|pair| pair.split(|&octet| octet == b'=').next())
        .map(|name| text::visible_octets(name.trim_ascii()).into_owned())
        .find(|name| CSRF_COOKIES.contains(&name.to_ascii_lowercase().as_str()))
}

/// “This is a permission problem that the server reports as a login problem; the server wants
/// {wanted}.” (RFC 6750 §3.1, RFC 9470 §3)
pub fn insufficient_privilege(view: &View<'_>) -> Answer {
    let Some(found) = stated(view, &[Category::Insufficient]) else { return Answer::No };
    let parameter = |name: &str| {
        let value = view.challenges().iter().find_map(|challenge| challenge.params.get(name))?;
        Some(text::shorten(&text::visible(value), 100).into_owned())
    };
    let scope = parameter("scope");
    let wanted = scope
        .as_ref()
        .map(|scope| format!("the scope {scope}"))
        .or_else(|| parameter("acr_values").map(|acr| format!("a stronger login ({acr})")))
        .or_else(|| parameter("max_age").map(|age| format!("a login not older than {age} s")));
    found
        .fact("problem", "This is a permission problem that the server reports as a login problem")
        .fact_if("wanted", wanted)
        .fact_if("scope", scope)
        .into()
}

/// “The server says: "{quote}". A firewall, an address list or a security rule blocks this client.”
pub fn blocked_by_security_rule(view: &View<'_>) -> Answer {
    let said = view.said().filter(|said| said.category == Category::Network);
    let Some(said) = said else { return Answer::No };
    let found = Found::certain().because(said.field, said.quote.clone(), "the server's words");
    quoting(found, view)
        .because("request.client", view.exchange().connection.client.ip().to_string(), "")
        .fact("blocks", "blocks")
        .into()
}

/// “This {credential} is refused now – the server says: "{quote}". It was revoked.” (RFC 6750 §3.1)
pub fn token_revoked(view: &View<'_>) -> Answer {
    let Some(found) = stated(view, &[Category::Revoked]) else { return Answer::No };
    let credential = match other_credential(view).filter(|_| view.missing()) {
        Some(other) if other.kind == AlternativeKind::Cookie => "session",
        Some(other) if is_posted(other) => "token",
        Some(_) => "key",
        None => "token",
    };
    let time = view.exchange().time().rfc3339_seconds();
    found
        .fact("credential", credential)
        .fact("manner", "revoked, by the server's own words")
        .fact("time", time)
        .into()
}

/// “The session cookie "{name}" was refused; the server deleted it. The user has to log in again.”
pub fn session_expired(view: &View<'_>) -> Answer {
    // Many servers begin another session where a login was refused.
    if refused_login(view).is_some() && !view.says(Category::Session) {
        return Answer::No;
    }
    let cookies = view.alternatives().iter().filter(|other| other.kind == AlternativeKind::Cookie);
    if let Some(deleted) = cookies.clone().find(|cookie| is_deleted(view, &cookie.name)) {
        let found = if view.missing() { Found::certain() } else { Found::likely() };
        let name = text::visible(&deleted.name).into_owned();
        let found = found
            .because(place(deleted), "present", "")
            .because("response.header.set-cookie", name.clone(), "the answer deletes it")
            .fact("name", format!("cookie \"{name}\""))
            .fact("deleted", "the server deleted it")
            .fact("host", view.host());
        return with_words(found, view).into();
    }
    let own = cookies.clone().next();
    if view.status() == 440 {
        let found = Found::likely().because("response.status", "440", "Login Time-out (IIS)");
        return found.fact("host", view.host()).into();
    }
    let Some(said) = view.said() else { return Answer::No };
    // A page that asks to sign in is also shown to those who never did.
    let prompt = said.quote.to_ascii_lowercase().contains("sign in or sign up");
    let found = match said.category {
        Category::Session if own.is_some() && prompt => Found::possible(),
        Category::Session if own.is_some() && view.missing() => Found::certain(),
        Category::Expired if only_cookies(view) => Found::certain(),
        Category::Session if !view.missing() || other_credential(view).is_some() => {
            if prompt {
                return Answer::No;
            }
            Found::likely()
        }
        _ => return Answer::No,
    };
    let found = found.because(said.field, said.quote.clone(), "the server's words");
    let found = match own {
        Some(cookie) => {
            let name = format!("cookie \"{}\"", text::visible(&cookie.name));
            found.because(place(cookie), "present", "").fact("name", name)
        }
        None => found,
    };
    quoting(found.fact("host", view.host()), view).into()
}

/// Whether the answer deletes this cookie: no value, no age left, or a date that is past (RFC 6265
/// §3.1).
fn is_deleted(view: &View<'_>, name: &str) -> bool {
    static MAX_AGE: LazyLock<Option<Regex>> =
        LazyLock::new(|| Regex::new(r"(?i);\s*max-age\s*=\s*(-\d+|0+)\s*(;|$)").ok());
    let Some(response) = view.response() else { return false };
    response.head.get_all("set-cookie").any(|line| {
        let line = text::decode(line);
        let (pair, attributes) = line.split_once(';').unwrap_or((&line, ""));
        let Some((own, value)) = pair.split_once('=') else { return false };
        if own.trim() != name {
            return false;
        }
        let no_age = MAX_AGE.as_ref().is_some_and(|age| age.is_match(&line));
        let past = attributes.split(';').any(|attribute| {
            let Some((key, date)) = attribute.split_once('=') else { return false };
            key.trim().eq_ignore_ascii_case("expires")
                && httpdate::parse_http_date(date.trim()).is_ok_and(|date| {
                    time::OffsetDateTime::from(date).unix_timestamp() < view.server_now().seconds()
                })
        });
        value.trim_matches('"').is_empty() || no_age || past
    })
}
