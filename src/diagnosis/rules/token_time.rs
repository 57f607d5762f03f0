//! The times in a JWT against the server's clock.

use std::time::Duration;

use crate::auth::Jwt;
use crate::diagnosis::Confidence;
use crate::diagnosis::lexicon::{Category, Said};
use crate::diagnosis::rule::{Answer, Found};
use crate::diagnosis::rules::common::{
    is_login_status, is_token, lowered, only_cookies, other_jwt, place, stated, with_words,
};
use crate::diagnosis::rules::own_signature::is_only_signed;
use crate::diagnosis::view::View;
use crate::time::{Timestamp, humane};

/// Validators commonly forgive this much.
const LEEWAY: i64 = 300;

/// An `exp` below this is more likely a lifetime in seconds than a time: it lies in 1973.
const LIFETIME: i64 = 100_000_000;

/// Times from here on are milliseconds: as seconds they lie in the year 5138.
pub const MILLISECONDS: i64 = 100_000_000_000;

/// “The token has expired at {exp}, {age} before this request – the server says: "{quote}".” (RFC 7519
/// §4.1.4)
pub fn token_expired(view: &View<'_>) -> Answer {
    if only_cookies(view) || is_only_signed(view) || view.uses("Digest") || view.uses("NTLM") {
        return Answer::No;
    }
    // Elsewhere than in the credentials field a JWT may not be what the server read: only one that is
    // past tells something.
    let denied = view.said().is_some_and(Said::denies_credentials);
    let looked_at = view.missing() && is_login_status(view) && !denied;
    let other = if looked_at { other_jwt(view) } else { None };
    // What expired of a user and a password is a token only if the server calls it one.
    let of_token = !view.uses("Basic") || view.said().is_some_and(Said::names_a_token);
    let by_words = stated(view, &[Category::Expired]).filter(|_| of_token);
    if view.jwt().is_none() && other.is_none() && by_words.is_none() {
        return Answer::No;
    }
    let now = view.server_now().seconds();
    let ended = |jwt: &Jwt| jwt.date("exp").is_some_and(|exp| exp <= now);
    let other = other.filter(|(_, jwt)| ended(jwt));
    let jwt = view.jwt().or(other.as_ref().map(|(_, jwt)| jwt));
    let exp = jwt.and_then(|jwt| jwt.date("exp")).filter(|exp| *exp < MILLISECONDS);
    let past = exp.is_some_and(|exp| exp <= now);
    // Expired for the server's clock alone: if other servers agree with the capture's, that clock is
    // the cause and not the token.
    let by_skew = past && exp.is_some_and(|exp| exp > view.answered().seconds());
    let by_skew = by_skew
        && view.skew().is_some_and(|skew| view.history().all_clocks_agree(skew) != Some(true));
    let found = match (by_words, exp) {
        (Some(found), _) if by_skew => Found { confidence: Confidence::Possible, ..found },
        (None, Some(exp)) if by_skew => lowered(lowered(computed(view, exp))),
        (Some(found), Some(exp)) if !past => contradicted(view, found, exp),
        (Some(found), _) => found,
        (None, Some(exp)) if past => computed(view, exp),
        (None, _) => return Answer::No,
    };
    let Some(exp) = exp.filter(|_| past) else { return found.into() };
    let (time, end) =
        (Timestamp::from_seconds(exp).rfc3339_seconds(), Timestamp::from_seconds(exp));
    let at = other.map_or_else(|| view.credentials_place().to_owned(), |(other, _)| place(other));
    let began = view.exchange().time();
    let age = (end < began).then(|| humane(began.since(end)));
    let note = match &age {
        Some(age) => format!("{age} before this request"),
        None => "past for the server's clock".to_owned(),
    };
    found
        .because(format!("{at}.claims.exp"), time.clone(), note)
        .fact("exp", time)
        .fact_if("age", age)
        .fact_if(
            "hint",
            (exp < LIFETIME)
                .then_some("So small a number looks like a lifetime in seconds instead of a time"),
        )
        .into()
}

/// The token's own time contradicts the server's words: another clock, or another token.
fn contradicted(view: &View<'_>, found: Found, exp: i64) -> Found {
    let left = exp.saturating_sub(view.server_now().seconds());
    let found = if left <= LEEWAY {
        lowered(found)
    } else {
        Found { confidence: Confidence::Possible, ..found }
    };
    let time = Timestamp::from_seconds(exp).rfc3339_seconds();
    let left = humane(Duration::from_secs(left.unsigned_abs()));
    let hint = format!(
        "Its own exp, {time}, is {left} ahead: the clock that it was checked with may be fast, or the server means another token"
    );
    let at = format!("{}.claims.exp", view.credentials_place());
    found.because(at, time, format!("{left} ahead for the server's clock")).fact("hint", hint)
}

/// How sure the numbers alone are.
fn computed(view: &View<'_>, exp: i64) -> Found {
    if let Some(before) = view.accepted_here().filter(|past| past.time.seconds() < exp) {
        return Found::certain()
            .because("history", format!("#{}", before.id), "the same token was accepted before exp")
            .related(before.id);
    }
    let age = view.server_now().seconds().saturating_sub(exp);
    let found = if age > LEEWAY { Found::likely() } else { Found::possible() };
    let found = if view.server_clock_known() { found } else { lowered(found) };
    with_words(found, view)
}

/// “The token is not valid yet: its {claim} is {time}, {delta} in the future for the server.”
/// (RFC 7519 §4.1.5)
pub fn jwt_not_yet_valid(view: &View<'_>) -> Answer {
    if milliseconds(view).is_some() {
        return Answer::No;
    }
    let ahead = view.jwt().and_then(|jwt| claim_ahead(view, jwt));
    let by_words = stated(view, &[Category::NotYetValid]).filter(|_| !is_only_signed(view));
    // Early for this server's clock alone, as in `token_expired`.
    let by_skew = ahead.is_some_and(|(_, seconds)| seconds <= view.answered().seconds())
        && view.skew().is_some_and(|skew| view.history().all_clocks_agree(skew) != Some(true));
    let found = match (by_words, ahead) {
        (Some(found), _) if by_skew => Found { confidence: Confidence::Possible, ..found },
        (Some(found), None) => against_claims(view, found),
        (Some(found), Some(_)) => found,
        (None, Some(_)) if by_skew && is_login_status(view) => with_words(Found::possible(), view),
        (None, _) if !is_login_status(view) => return Answer::No,
        (None, Some(_)) if view.server_clock_known() => with_words(Found::likely(), view),
        (None, Some(_)) => with_words(Found::possible(), view),
        (None, None) => return Answer::No,
    };
    let Some((claim, seconds)) = ahead else { return found.into() };
    let time = Timestamp::from_seconds(seconds);
    let delta = humane(time.since(view.server_now()));
    found
        .because(
            format!("{}.claims.{claim}", view.credentials_place()),
            time.rfc3339_seconds(),
            format!("{delta} after the server's clock"),
        )
        .fact("claim", claim)
        .fact("time", time.rfc3339_seconds())
        .fact("delta", delta)
        .into()
}

/// The token's own times contradict the server's words: another clock, or another token.
fn against_claims(view: &View<'_>, found: Found) -> Found {
    let latest = |jwt: &Jwt| ["nbf", "iat"].into_iter().filter_map(|claim| jwt.date(claim)).max();
    match view.jwt().and_then(latest) {
        Some(time) if view.server_now().seconds().saturating_sub(time) <= LEEWAY => lowered(found),
        Some(_) => Found { confidence: Confidence::Possible, ..found },
        None => found,
    }
}

/// `nbf`, else `iat`, where it is in milliseconds.
fn milliseconds(view: &View<'_>) -> Option<(&'static str, i64)> {
    let jwt = view.jwt().filter(|_| is_token(view))?;
    ["nbf", "iat"].into_iter().find_map(|claim| {
        let value = jwt.date(claim).filter(|value| *value >= MILLISECONDS)?;
        Some((claim, value))
    })
}

/// `nbf`, else `iat`, where it lies in the server's future.
fn claim_ahead(view: &View<'_>, jwt: &Jwt) -> Option<(&'static str, i64)> {
    let now = view.server_now().seconds();
    ["nbf", "iat"].into_iter().find_map(|claim| {
        let time = jwt.date(claim)?;
        (time > now + 1 && time < MILLISECONDS).then_some((claim, time))
    })
}

/// “The claim {claim}={value} is in milliseconds; JWT times are in seconds. For the server this token
/// starts in the year {year}.” (RFC 7519 §2)
pub fn jwt_time_unit(view: &View<'_>) -> Answer {
    let Some((claim, value)) = milliseconds(view) else { return Answer::No };
    if !is_login_status(view) || view.was_accepted_on_path() {
        return Answer::No;
    }
    // Seconds of a mean Gregorian year.
    let year = 1970 + value / 31_556_952;
    let early = view.says(Category::NotYetValid);
    let found = if early { Found::certain() } else { Found::likely() };
    let found = found
        .because(
            format!("{}.claims.{claim}", view.credentials_place()),
            value.to_string(),
            "milliseconds, not seconds",
        )
        .fact("claim", claim)
        .fact("value", value.to_string())
        .fact("year", year.to_string());
    with_words(found, view).into()
}
