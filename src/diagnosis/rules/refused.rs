//! What is left when nothing more specific holds: a refused login, a refused token, nothing sent,
//! nothing known.

use crate::auth::authorization::{AlternativeKind, UnknownReason};
use crate::auth::masking;
use crate::auth::proof::Verdict;
use crate::auth::{Alternative, AuthState, Challenge, Finding, MalformedReason, Shape};
use crate::diagnosis::Confidence;
use crate::diagnosis::lexicon::{Category, Said};
use crate::diagnosis::proving::words;
use crate::diagnosis::rule::{Answer, Awaiting, Found};
use crate::diagnosis::rules::bound_token::demands_nonce;
use crate::diagnosis::rules::common::{
    describe, doubtful_credential, is_posted, is_signed, is_token, lowered, other_credential,
    place, quoting, with_words,
};
use crate::diagnosis::rules::mismatch::{is_unknown_token, offers};
use crate::diagnosis::rules::own_signature::{OwnSignature, own_signature, says_of_signature};
use crate::diagnosis::rules::posted::{
    LOGIN_REFUSED, is_about_grant, posted_login, refused_grant, refused_login,
};
use crate::diagnosis::rules::same_user::{AT_ONCE, doubt, hides_password};
use crate::diagnosis::rules::token_service::begins_token_flow;
use crate::diagnosis::rules::unknown_key::{may_be_refused_key, unknown_key};
use crate::diagnosis::view::View;
use crate::http::Request;
use crate::text;
use crate::time::humane;

/// Where a client certificate would have to be.
const CERTIFICATE: &str = "The server asks for a client certificate, and this hop has no TLS to show one: the hop that \
     ends TLS must ask for it and hand it on";

/// What a Digest challenge says with `stale=true`, to a client that made nothing of it.
const STALE: &str = "says only that the nonce is too old (stale=true), and no repeat with the new one was \
     accepted within 5 s";

/// What is known of words that say something, and nothing of the credentials.
const UNKNOWN_WORDS: &str = "its words are about none of the known causes";

/// What `use_dpop_nonce` says, to a client that made nothing of it (RFC 9449 §9).
const NONCE: &str = "says only that the proof must contain the nonce that it sent (use_dpop_nonce), and no repeat with \
     it was accepted within 5 s";

/// What is left of a token service's challenge that nobody followed.
const NOT_CONTINUED: &str =
    "This answer tells where a token is to be had, and the client was not seen to go on with one";

/// “The {scheme} login of "{user}" was refused. User name or password is wrong, or the account does
/// not exist in this server's user list.”
pub fn wrong_password(view: &View<'_>) -> Answer {
    let is_login = matches!(
        view.shape(),
        Some(Shape::UserPass { .. } | Shape::Digest(_) | Shape::Ntlm3 { .. })
    );
    if !is_login && !view.missing() {
        return Answer::No;
    }
    let said = view.said();
    let refused = said.is_some_and(|said| {
        // A password that expired, or its account: no token was sent.
        let expired = said.category == Category::Expired && is_login && !said.names_a_token();
        expired || LOGIN_REFUSED.contains(&said.category)
    });
    let silent = said.is_none_or(says_no_reason);
    let wrong = view.proved(Verdict::Differs);
    let otherwise = !refused && !silent && !wrong || view.proved(Verdict::Matches);
    if is_login && is_about_grant(view) {
        return posted(view).map(|found| with_words(found, view)).into();
    }
    // The session of whoever logs in is not what was refused.
    let accepted = || is_login && view.accepted_here().is_some();
    if otherwise || accepted() {
        return Answer::No;
    }
    let login = match view.shape() {
        Some(Shape::UserPass { .. } | Shape::Digest(_) | Shape::Ntlm3 { .. }) => {
            login(view, refused || wrong).map(|found| with_proof(found, view))
        }
        _ if view.missing() && matches!(view.status(), 401 | 422) => posted(view),
        _ => None,
    };
    let Some(found) = login else { return Answer::No };
    if hides_password(view) && !wrong {
        // Of a login before it the password is not known; the server's words on this one are.
        if doubt(view).is_some_and(|doubt| doubt.is_repeat || !refused) {
            return Answer::No;
        }
    }
    // Whoever expects another encoding reads another password.
    let other_octets = view.finding(Finding::NonAsciiNotUtf8) && !refused && !wrong;
    let found = if other_octets { lowered(found) } else { found };
    let otherwise = view.user_accepted_otherwise();
    // What changed the password on its way is the better answer.
    let found = match otherwise.filter(|_| !view.missing() && !has_own_cause(view)) {
        Some(other) => Found { confidence: Confidence::Certain, ..found }
            .because(
                "history",
                format!("#{}", other.id),
                "the same user is accepted with another password",
            )
            .related(other.id)
            .fact(
                "reason",
                "The same user is accepted here with another password, so this password is wrong",
            ),
        None => found,
    };
    let found = match said.map(|said| said.category) {
        Some(Category::UserGone | Category::Expired) => found
            .fact("reason", "The account does not exist, is disabled, or its password has expired"),
        // It asks for more than the password, and does not say that this is wrong.
        Some(Category::Mfa) => found
            .fact("reason", "The server asks for a second factor, or for a token instead of it")
            .fact("hint", "Use an app password or an API token"),
        _ => found,
    };
    let found = with_words(found, view);
    match view.wait(AT_ONCE).filter(|_| hides_password(view) && !wrong) {
        Some(until) => found.until(Awaiting::RETRY, until),
        None => found.into(),
    }
}

/// How sure the user's own list of passwords makes it.
fn with_proof(found: Found, view: &View<'_>) -> Found {
    let Some(proof) = view.proof() else { return found };
    match proof.verdict {
        // What changed the password on its way is the better answer.
        Verdict::Differs if has_own_cause(view) => found,
        Verdict::Differs => Found { confidence: Confidence::Certain, ..found }
            .fact("reason", format!("The password {}", words(proof))),
        Verdict::Unknown => found.fact("reason", format!("The file {}", words(proof))),
        Verdict::Matches | Verdict::CannotTell(_) => found,
    }
}

/// Whether the credentials themselves show how the password came to be another one.
fn has_own_cause(view: &View<'_>) -> bool {
    [
        Finding::TrailingNewline,
        Finding::EdgeSpace,
        Finding::ControlChar,
        Finding::PercentEncoded,
        Finding::NonAsciiNotUtf8,
        Finding::ArtifactPlaceholder,
        Finding::ArtifactUnexpandedVariable,
    ]
    .into_iter()
    .any(|finding| view.finding(finding))
}

/// Whether these words leave it open why a login was refused.
fn says_no_reason(said: &Said) -> bool {
    matches!(said.category, Category::Generic | Category::Ambiguous) || is_weak(said)
}

/// Words that do not tell why: "Authentication required" is said of wrong passwords too.
fn is_weak(said: &Said) -> bool {
    said.category == Category::Missing && !said.denies_credentials()
}

/// A login in the credentials field.
fn login(view: &View<'_>, refused: bool) -> Option<Found> {
    let scheme = view.scheme()?;
    let offered = view.challenges().is_empty() || offers(view, scheme);
    if !offered && !refused || view.challenge("Digest").is_some_and(Challenge::is_stale) {
        return None;
    }
    let user = view.user().filter(|user| !user.is_empty());
    let user = user.map(|user| text::shorten(&text::visible(user), 64).into_owned());
    let found = Found::likely().because(
        view.credentials_place(),
        scheme.name(),
        "well-formed, and refused",
    );
    let found = match view.challenge(scheme.name()).and_then(|challenge| challenge.realm()) {
        Some(realm) => found.because("response.challenge.realm", view.quotable(realm), ""),
        None => found,
    };
    Some(found.fact("scheme", scheme.name()).fact_if("user", user))
}

/// A login form or document, or a login in the query.
fn posted(view: &View<'_>) -> Option<Found> {
    let other = other_credential(view);
    if other.is_some_and(|other| other.kind != AlternativeKind::Cookie && !is_posted(other)) {
        return None;
    }
    let login = refused_login(view)?;
    // Of a client's secret and its token the token is the one that ends.
    let beside = login.of_client && other.is_some_and(is_posted);
    if beside && !view.says(Category::BadCredentials) {
        return None;
    }
    let found = if beside { Found::possible() } else { Found::likely() };
    Some(
        found
            .because(login.place, "user and password", "a login")
            .fact("scheme", if login.place == "request.query" { "query" } else { "posted" })
            .fact_if("user", login.user),
    )
}

/// “The server refused {kind} ("{quote}") without saying why. It may be unknown, revoked, meant for
/// another environment, or expired.” (RFC 6750 §3.1)
pub fn token_rejected(view: &View<'_>) -> Answer {
    // It asks for another proof and says nothing of the token.
    if demands_nonce(view) {
        return Answer::No;
    }
    let (found, kind) = if is_token(view) {
        let scheme =
            view.scheme().map_or_else(String::new, |s| text::visible(s.name()).into_owned());
        let form = match view.shape() {
            Some(Shape::Jws(_)) => "JWT",
            Some(Shape::Jwe { .. }) => "encrypted JWT",
            Some(Shape::Opaque { known_prefix: Some(_), .. }) => "token with a known prefix",
            _ => "opaque token",
        };
        let kind = match view.credential() {
            Some(own) => format!("this {scheme} token (fingerprint {own})"),
            None => format!("this {scheme} token"),
        };
        (Found::possible().because(view.credentials_place(), format!("{scheme}, {form}"), ""), kind)
    } else if let Some(other) = other_credential(view).filter(|_| view.missing()) {
        (Found::possible().because(place(other), "present", ""), describe(other))
    } else {
        return Answer::No;
    };
    let found = match view.said() {
        Some(said) => {
            quoting(found.because(said.field, said.quote.clone(), "the server's words"), view)
        }
        None => found,
    };
    let found = found.fact("kind", kind).fact_if("manner", manner(view));
    found.fact_if("reason", reason(view)).into()
}

/// How it was refused, where the server gave some reason.
pub fn manner(view: &View<'_>) -> Option<&'static str> {
    if is_of_something_else(view) {
        return Some("without a word on what is wrong with it");
    }
    let said = view.said()?;
    let says_nothing = matches!(said.category, Category::Generic | Category::Missing);
    (!says_nothing).then_some("without saying more")
}

/// Whether the server's words are about something else than a token.
fn is_of_something_else(view: &View<'_>) -> bool {
    view.said().is_some_and(|said| said.category == Category::Other && !said.names_a_token())
}

/// Why a token or key was refused, where the server's words tell something.
pub fn reason(view: &View<'_>) -> Option<&'static str> {
    match view.said()?.category {
        Category::Other if is_of_something_else(view) => {
            Some("The cause may be another than the credential")
        }
        Category::UserGone => Some("The account behind it is probably disabled or deleted"),
        Category::Mfa if view.missing() => Some("It may be mistyped, used before, or too old"),
        Category::Certificate => Some(CERTIFICATE),
        Category::Malformed => {
            Some("The server could not read it as the kind of token that it expects")
        }
        Category::ApiKeyInvalid | Category::Missing
            if view.says(Category::ApiKeyInvalid) || is_unknown_token(view) =>
        {
            Some(
                "The server does not know it: it may be mistyped, revoked, or meant for another environment",
            )
        }
        _ => None,
    }
}

/// The same of a credential beside another that is not what the server speaks of: a key beside a user's
/// login, a refresh token that a client brings.
pub fn refused_beside(view: &View<'_>) -> Answer {
    if !matches!(view.shape(), Some(Shape::UserPass { .. } | Shape::Jws(_))) {
        return Answer::No;
    }
    let is_key = |other: &&Alternative| {
        matches!(other.kind, AlternativeKind::ApiKeyHeader | AlternativeKind::Query)
    };
    let named = view.says(Category::ApiKeyInvalid);
    let key = || view.alternatives().iter().find(is_key).filter(|_| named);
    let Some(other) = key().or_else(|| refused_grant(view)) else { return Answer::No };
    let found = Found::possible().because(place(other), "present", "");
    with_words(found, view).fact("kind", describe(other)).fact_if("reason", reason(view)).into()
}

/// “The server refused {kind} without saying why. It accepted it {after} later.”
pub fn refused_once(view: &View<'_>) -> Answer {
    let later = view.past().filter(|_| view.is_exact()).and_then(|past| past.accepted_later);
    let (Some(later), Some(found)) = (later, token_rejected(view).found()) else {
        return Answer::No;
    };
    let after = humane(later.time.since(view.answered()));
    // Of two reasons the first one counts.
    let (facts, reason) = (found.facts, format!("It was accepted {after} later all the same"));
    let facts = facts.into_iter().filter(|(name, _)| *name != "reason").collect();
    Found { facts, ..found }
        .because("history", format!("#{}", later.id), "accepted later")
        .fact("reason", reason)
        .related(later.id)
        .into()
}

/// “The request has no Authorization header. The server asks for {offered}.” (RFC 9110 §15.5.2)
pub fn no_credentials_sent(view: &View<'_>) -> Answer {
    // A certificate is not sent in a field: its absence is not this.
    let certificate = view.says(Category::Certificate) && view.challenges().is_empty();
    if !view.missing() || certificate {
        return Answer::No;
    }
    let signature = own_signature(view);
    // A webhook's signature is not what a server means that asks for another login.
    if signature.is_some() && (view.challenges().is_empty() || says_of_signature(view)) {
        return Answer::No;
    }
    let denied = view.said().is_some_and(Said::denies_credentials);
    // It had something that the server knew for a key.
    if !denied && may_be_refused_key(view) {
        return Answer::No;
    }
    // On other statuses than 401 and 407 only where the server says that this is the reason.
    if !matches!(view.status(), 401 | 407) && !denied {
        return Answer::No;
    }
    // A posted login is what a server means that speaks of something else.
    if !denied && !view.is_proxy() && refused_login(view).is_some() {
        return Answer::No;
    }
    let found = match other_credential(view) {
        None => absence(view, signature),
        Some(other) => {
            // A cookie is not what a server means that asks for the header, nor is a key what one
            // means that asks for a login.
            let cookies = other.kind == AlternativeKind::Cookie;
            let posted = is_posted(other) && view.says(Category::Missing);
            let key = other.kind == AlternativeKind::ApiKeyHeader
                && asks_for_a_login(view)
                && !view.said().is_some_and(|said| !said.is_informative() && said.names_a_token());
            if !(cookies && denied || posted || key) {
                return Answer::No;
            }
            Found::likely().because(place(other), "present", "not what the server asks for")
        }
    };
    let field = if view.is_proxy() { "Proxy-Authorization" } else { "Authorization" };
    let mut found = found.because(view.credentials_place(), "absent", "");
    if let Some(offered) = view.offered() {
        let place = if view.is_proxy() { "proxy-authenticate" } else { "www-authenticate" };
        found = found.because(format!("response.header.{place}"), offered.clone(), "");
        found = found.fact("offered", offered);
    }
    let found = match view.said().filter(|said| said.is_informative()) {
        Some(said) => {
            quoting(found.because(said.field, said.quote.clone(), "the server's words"), view)
        }
        None => found,
    };
    let realm = view.realm().filter(|realm| !realm.is_empty());
    let tells_where = begins_token_flow(view.exchange(), view.auth);
    found
        .fact("field", field)
        .fact_if("hint", tells_where.then_some(NOT_CONTINUED))
        .fact_if("realm", realm.map(|realm| text::shorten(realm, 80).into_owned()))
        .fact_if("example", example(view))
        .fact("path", view.path())
        .into()
}

/// How sure it is that nothing was sent where nothing is known as what the server looks for.
fn absence(view: &View<'_>, signature: Option<OwnSignature<'_>>) -> Found {
    if let Some(signature) = signature {
        return Found::likely().because(
            signature.place(),
            "present",
            "not what the server asks for",
        );
    }
    if let Some(other) = doubtful_credential(view) {
        return Found::likely().because(place(other), "present", "perhaps a credential");
    }
    if let Some(key) = unknown_key(view) {
        return Found::likely().because(key.place, "present", "perhaps a credential");
    }
    let path = view.request().map_or(&b""[..], Request::path);
    if masking::public_part(path).len() < path.len() && !view.is_proxy() {
        return Found::likely().because("request.target", "present", "a secret in the path");
    }
    if let Some(login) = posted_login(view).filter(|_| !view.is_proxy()) {
        let note = "not what the server asks for";
        return Found::likely().because(login.place, "user and password", note);
    }
    // Said of what arrived, while "Invalid API key" is said of none, too.
    let verdicts = [
        Category::BadCredentials,
        Category::Mfa,
        Category::Expired,
        Category::Revoked,
        Category::BadSignature,
    ];
    let judged = verdicts.into_iter().any(|verdict| view.says(verdict));
    if judged
        && !view.is_proxy()
        && view.common_request().is_some_and(|request| !request.body.start.is_empty())
    {
        let note = "perhaps with the credential that the server speaks of";
        return Found::likely().because("request.body", "present", note);
    }
    Found::certain()
}

/// Whether all challenges are of schemes in which a user logs in by name, and no credential of this
/// request was accepted here.
fn asks_for_a_login(view: &View<'_>) -> bool {
    let login = |name: &&str| ["Basic", "Digest", "NTLM", "Negotiate"].contains(name);
    !view.challenges().is_empty()
        && view.challenges().iter().all(|challenge| login(&challenge.scheme.name()))
        && view.accepted_here().is_none()
}

/// How to send what the first known challenge asks for.
fn example(view: &View<'_>) -> Option<&'static str> {
    let known = [
        ("Basic", "curl -u USER:PASSWORD"),
        ("Bearer", "Authorization: Bearer TOKEN"),
        ("Digest", "curl --digest -u USER:PASSWORD"),
        ("Negotiate", "curl --negotiate -u :"),
        ("NTLM", "curl --ntlm -u DOMAIN\\USER"),
        ("Token", "Authorization: Token KEY"),
        ("ApiKey", "Authorization: ApiKey KEY"),
        ("DPoP", "Authorization: DPoP TOKEN, with a DPoP proof"),
        ("AWS4-HMAC-SHA256", "curl --aws-sigv4"),
    ];
    view.challenges().iter().find_map(|challenge| {
        known.iter().find(|(scheme, _)| challenge.scheme.is(scheme)).map(|(_, example)| *example)
    })
}

/// “The server answered 401 and {neither the request nor the answer explains it}.”
pub fn unexplained(view: &View<'_>) -> Answer {
    let stale = view.uses("Digest") && view.challenge("Digest").is_some_and(Challenge::is_stale);
    let nonce = demands_nonce(view);
    let state = match view.state() {
        AuthState::Unknown { reason } => format!("unknown ({})", reason.name()),
        AuthState::Present { shape, .. } => {
            let scheme = view.scheme().map_or("", |scheme| scheme.name());
            format!("present ({}, {})", text::visible(scheme), shape.name())
        }
        AuthState::Malformed { reason, .. } => format!("malformed ({})", reason.name()),
        state => state.name().to_owned(),
    };
    let facts = if view.proved(Verdict::Matches) {
        Some("The credentials match those of the file: the reason is another")
    } else if matches!(view.state(), AuthState::Unknown { reason: UnknownReason::NotHttp1 }) {
        Some("What the client sent cannot be read as HTTP")
    } else if view.request().is_none() {
        Some("The request was not captured")
    } else if view.says(Category::Certificate) {
        Some(CERTIFICATE)
    } else if is_signed(view) {
        Some("The request is signed")
    } else if matches!(view.malformed(), Some(MalformedReason::NoScheme { .. })) {
        Some("Its credentials begin with no known scheme")
    } else if view.missing() && posted_login(view).is_some() {
        Some("A user and a password were sent outside the credentials field")
    } else if stale {
        Some(
            "Clients answer it with the new nonce that came with it; whether the password is right cannot be \
             told from this answer",
        )
    } else if nonce {
        Some(
            "Clients repeat the request with a proof that contains the nonce from DPoP-Nonce (RFC 9449 §9)",
        )
    } else {
        None
    };
    let other = view.said().filter(|said| said.category == Category::Other);
    let what = if stale {
        Some(STALE)
    } else if nonce {
        Some(NONCE)
    } else {
        other.map(|_| UNKNOWN_WORDS)
    };
    let found = Found::possible()
        .because("response.status", view.status().to_string(), "")
        .because(view.credentials_place(), state.clone(), "state of the credentials")
        .fact("status", view.status().to_string())
        .fact("state", state)
        .fact_if("what", what)
        .fact_if("offered", view.offered())
        .fact_if("facts", facts)
        .fact("time", view.answered().rfc3339_seconds());
    let found = match doubt(view).filter(|_| facts.is_none()) {
        Some(doubt) => doubt.told(found),
        None => found,
    };
    match other {
        Some(said) => {
            quoting(found.because(said.field, said.quote.clone(), "the server's words"), view)
        }
        None => with_words(found, view),
    }
    .into()
}
