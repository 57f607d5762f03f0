//! An exchange in few words: what was sent, what was asked, why.

use std::borrow::Cow;

use super::document::Role;
use crate::auth::authorization::{AlternativeKind, UnknownReason};
use crate::auth::masking;
use crate::auth::{Alternative, AuthState, Authorization, Challenge, Shape};
use crate::diagnosis::{Case, Confidence, lexicon};
use crate::text;
use crate::tui::symbols::Symbols;

/// What the request carried: `Bearer jws alice`, `none`, `malformed: doubled scheme`.
pub fn sent(case: &Case) -> (Role, String) {
    let (role, mut words) = credentials(&case.auth.authorization);
    if matches!(case.auth.authorization.state, AuthState::Missing) {
        for alternative in case.auth.alternatives.iter().take(2) {
            words.push_str(", ");
            words.push_str(&instead(alternative));
        }
    }
    (role, words)
}

/// [`sent`] for a narrow cell: without the shape, and without the word that the colour says too.
pub fn sent_short(case: &Case) -> String {
    let authorization = &case.auth.authorization;
    let scheme = authorization.scheme.as_ref().map_or("", |scheme| scheme.name());
    match &authorization.state {
        AuthState::Present { .. } if authorization.user.is_some() => {
            join(&[scheme, authorization.user.as_deref().unwrap_or("")])
        }
        AuthState::Malformed { reason, .. } => format!("bad: {}", reason.name().replace('-', " ")),
        AuthState::Unknown { .. } => "not known".to_owned(),
        AuthState::Missing => match case.auth.alternatives.first() {
            Some(alternative) => instead(alternative),
            None => "none".to_owned(),
        },
        _ => sent(case).1,
    }
}

fn credentials(authorization: &Authorization) -> (Role, String) {
    let scheme = authorization.scheme.as_ref().map_or("", |scheme| scheme.name());
    match &authorization.state {
        AuthState::Missing => (Role::Warning, "none".into()),
        AuthState::Present { shape, .. } => {
            let word = shape_word(shape);
            // "NTLM step 1" under the scheme NTLM says NTLM once.
            let word = word.strip_prefix(scheme).map_or(&*word, str::trim_start);
            (Role::Text, join(&[scheme, word, authorization.user.as_deref().unwrap_or("")]))
        }
        AuthState::Malformed { reason, .. } => {
            (Role::Bad, format!("malformed: {}", reason.name().replace('-', " ")))
        }
        AuthState::Multiple { count, identical, schemes, .. } => {
            let names: Vec<&str> =
                schemes.iter().map(|scheme| scheme.as_ref().map_or("?", |s| s.name())).collect();
            let same = if *identical { " the same" } else { "" };
            (Role::Bad, format!("sent {count} times{same}: {}", names.join(", ")))
        }
        AuthState::Unknown { reason } => (Role::Muted, format!("not known: {}", unknown(*reason))),
    }
}

/// Why the state is not known, in words.
pub const fn unknown(reason: UnknownReason) -> &'static str {
    match reason {
        UnknownReason::HeadersTruncated => "header cut off",
        UnknownReason::CaptureGap => "packets lost",
        UnknownReason::StartedMidStream => "began before the capture",
        UnknownReason::NotHttp1 => "unreadable as HTTP",
    }
}

fn shape_word(shape: &Shape) -> Cow<'static, str> {
    match shape {
        Shape::UserPass { .. } | Shape::Digest(_) | Shape::Params(_) | Shape::Raw => "".into(),
        Shape::Opaque { known_prefix: Some(prefix), .. } => format!("{prefix}…").into(),
        Shape::Ntlm1 => "NTLM step 1".into(),
        Shape::Ntlm2 => "NTLM step 2".into(),
        Shape::Ntlm3 { .. } => "NTLM step 3".into(),
        other => other.name().into(),
    }
}

fn join(words: &[&str]) -> String {
    let words: Vec<&str> = words.iter().copied().filter(|word| !word.is_empty()).collect();
    words.join(" ")
}

fn instead(alternative: &Alternative) -> String {
    match alternative.kind {
        AlternativeKind::Cookie => format!("cookie {}", alternative.name),
        AlternativeKind::Query => format!("?{}", alternative.name),
        AlternativeKind::Form => format!("form {}", alternative.name),
        AlternativeKind::Json => format!("JSON {}", alternative.name),
        _ => alternative.name.clone(),
    }
}

/// What the server asked for: `Basic "Zone"`, `Bearer invalid_token`.
pub fn asked(case: &Case) -> String {
    let shown = |words: &str| lexicon::quotable(words.to_owned(), &case.exchange, &case.auth);
    let challenges = case.auth.challenges.iter().map(|one| challenge(one, shown));
    challenges.collect::<Vec<_>>().join(", ")
}

/// [`asked`] for a narrow cell: the schemes alone.
pub fn asked_short(case: &Case) -> String {
    let schemes: Vec<&str> =
        case.auth.challenges.iter().map(|challenge| challenge.scheme.name()).collect();
    schemes.join(", ")
}

fn challenge(challenge: &Challenge, shown: impl Fn(&str) -> String) -> String {
    let scheme = challenge.scheme.name();
    match (challenge.params.get("error"), challenge.realm()) {
        (Some(error), _) => format!("{scheme} {}", shown(error)),
        (None, Some(realm)) if !realm.is_empty() => format!("{scheme} \"{}\"", shown(realm)),
        _ => scheme.to_owned(),
    }
}

/// Why it was refused, with a mark for how sure that is.
pub fn why(case: &Case, symbols: &Symbols) -> (Role, String) {
    let Some(verdict) = &case.verdict else {
        return (Role::Muted, String::new());
    };
    let diagnosis = &verdict.diagnosis;
    let (mark, role) = if diagnosis.benign {
        (symbols.benign, Role::Benign)
    } else {
        match diagnosis.confidence {
            Confidence::Certain => (symbols.confidence[0], Role::Bad),
            Confidence::Likely => (symbols.confidence[1], Role::Warning),
            Confidence::Possible => (symbols.confidence[2], Role::Text),
        }
    };
    let waiting = if verdict.provisional { " (provisional)" } else { "" };
    (role, format!("{mark} {}{waiting}", diagnosis.entry.title))
}

/// Host and path as they stood on the wire; a query is hinted at, since it may hold secrets.
pub fn target(case: &Case) -> String {
    let (host, path) = target_parts(case);
    host + &path
}

/// [`target`] in its two parts.
pub fn target_parts(case: &Case) -> (String, String) {
    let exchange = &case.exchange;
    let server = || exchange.connection.server.to_string();
    let Some(request) = &exchange.request else {
        return (server(), format!(" (request {})", exchange.without_request()));
    };
    let host = request.host().map_or_else(server, |host| text::decode(host).into_owned());
    let query = if request.query().is_some() { "?…" } else { "" };
    let whole = request.path();
    let path = masking::public_part(whole);
    let query = if path.len() < whole.len() { "(masked)" } else { query };
    let slash = if path.first() == Some(&b'/') { "" } else { " " };
    (host, format!("{slash}{}{query}", text::decode(path)))
}

/// Characters of a headline: what stands below it must be in sight. The tab of the request has all of it.
const HEADLINE: usize = 240;

/// Method, host and path where they stand above or among other lines.
pub fn headline(case: &Case) -> String {
    let whole = format!("{} {}", method(case), target(case));
    text::shorten(&whole, HEADLINE).into_owned()
}

/// Method as spelled on the wire.
pub fn method(case: &Case) -> String {
    case.exchange
        .request
        .as_ref()
        .map_or_else(|| "?".to_owned(), |request| text::decode(request.method()).into_owned())
}

/// Status code in words for a cell.
pub fn status(case: &Case) -> (Role, String) {
    match case.exchange.status() {
        None => (Role::Muted, "none".into()),
        Some(0) => (Role::Muted, "lost".into()),
        Some(code @ (401 | 407)) if case.is_benign() => (Role::Benign, code.to_string()),
        Some(code @ (401 | 407 | 500..)) => (Role::Bad, code.to_string()),
        Some(code @ 400..) => (Role::Warning, code.to_string()),
        Some(code) => (Role::Text, code.to_string()),
    }
}

/// A duration in a narrow cell.
pub fn short_duration(duration: std::time::Duration) -> String {
    let milliseconds = duration.as_secs_f64() * 1000.0;
    match milliseconds {
        ..10.0 => format!("{milliseconds:.1}ms"),
        ..1000.0 => format!("{milliseconds:.0}ms"),
        ..60_000.0 => format!("{:.1}s", milliseconds / 1000.0),
        _ => format!("{}min", duration.as_secs() / 60),
    }
}

#[cfg(test)]
mod tests {
    use super::super::samples::{Sample, refused};
    use super::*;

    #[test]
    fn a_row_says_what_was_sent_asked_and_concluded() {
        let bob = Sample::new(1)
            .basic("bob", 7)
            .refused("wrong-password", "User name or password is wrong", Confidence::Likely)
            .case();
        assert_eq!(sent(&bob).1, "Basic bob");
        assert_eq!(asked(&bob), "Basic \"Zone\"");
        assert_eq!(why(&bob, &Symbols::UNICODE).1, "◐ User name or password is wrong");
        assert_eq!(target(&bob), "api.local:8080/v1/orders?…");
        assert_eq!(sent(&refused(2)).1, "none");
    }

    #[test]
    fn a_path_of_any_length_leaves_room_for_the_cause() {
        let mut sample = Sample::new(1);
        sample.target = format!("/{}", "long/".repeat(3000));
        let case = sample.case();
        assert_eq!(headline(&case).chars().count(), HEADLINE);
        assert!(headline(&case).starts_with("GET api.local:8080/long/long/"));
    }

    #[test]
    fn not_captured_is_never_called_none() {
        let mut sample = Sample::new(1);
        sample.authorization.state = AuthState::Unknown { reason: UnknownReason::CaptureGap };
        assert_eq!(sent(&sample.case()).1, "not known: packets lost");
    }

    #[test]
    fn durations_fit_a_narrow_cell() {
        use std::time::Duration;
        for (duration, short) in [(3, "3.0ms"), (42, "42ms"), (1500, "1.5s"), (90_000, "1min")] {
            assert_eq!(short_duration(Duration::from_millis(duration)), short);
        }
    }
}
