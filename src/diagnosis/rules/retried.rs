//! Refusals that the client answered itself: normal when its second attempt was accepted.

use std::time::Duration;

use crate::auth::{Challenge, Shape};
use crate::diagnosis::history::{Record, Sent};
use crate::diagnosis::lexicon::Category;
use crate::diagnosis::rule::{Answer, Awaiting, Found};
use crate::diagnosis::view::View;
use crate::text;
use crate::time::humane;

/// A program repeats a request at once.
const RETRY: Duration = Duration::from_secs(5);

/// A person at a browser's prompt takes a while.
const PROMPT: Duration = Duration::from_secs(180);

/// Renewing a token may take some requests.
const RENEWAL: Duration = Duration::from_secs(30);

/// Steps of a negotiation that may lie between the first request and the last.
const STEPS: usize = 4;

/// Programs that repeat a refused request on the same connection: on another one, it is another run.
const KEEPS_CONNECTION: [&str; 8] =
    ["curl/", "Wget/", "python-requests/", "python-httpx/", "HTTPie/", "aiohttp", "git/", "lwp-"];

/// “Normal: {client} first asked without credentials, the server offered {offered}, the repeat with
/// {scheme} got {status}.” (RFC 9110 §11.1)
pub fn challenge_roundtrip(view: &View<'_>) -> Answer {
    if !view.missing() || view.challenges().is_empty() {
        return Answer::No;
    }
    let Some(own) = view.record() else { return Answer::No };
    let window = if view.is_browser() { PROMPT } else { RETRY };
    // Behind a proxy, what comes next may be another client's: the leg in front decides, which is repeated
    // before and answered after this one.
    match view.history().outer(own) {
        Some(outer) if outer.sent != Sent::Nothing => return Answer::No,
        Some(outer) if view.history().repetition(outer).is_none() => {
            return ask_again(view, window);
        }
        _ => {}
    }
    let Some((first, repetition)) = view.repetition() else { return ask_again(view, window) };
    let negotiated = first.refused() && is_step(first);
    let Some(last) = last_attempt(view, first) else {
        return if negotiated { ask_again(view, window) } else { Answer::No };
    };
    let offered =
        |challenge: &&Challenge| view.history().repeats_with(repetition, &challenge.scheme);
    let Some(challenge) = view.challenges().iter().find(offered) else { return Answer::No };
    if first.time.since(view.answered()) > window || !is_same_run(view, own, first) {
        return Answer::No;
    }
    if last.status == view.status() {
        return Answer::No;
    }
    Found::certain()
        .benign()
        .because(view.credentials_place(), "absent", "the first request")
        .because(
            "history",
            format!("#{}", last.id),
            format!("the repeat got {} after {}", last.status, later(view, last)),
        )
        .fact("client", view.client())
        .fact_if("offered", view.offered())
        .fact("scheme", text::visible(challenge.scheme.name()))
        .fact("status", last.status.to_string())
        .fact("after", later(view, last))
        .related(last.id)
        .into()
}

/// “The old credential was refused, the client renewed it and the repeat succeeded {after} later.”
/// (RFC 6750 §3.1)
///
/// Benign only where the renewal itself is visible, as a call to a token endpoint or as a token
/// issued after the refusal, or where the client is a browser: two runs of a command with two
/// different tokens look the same otherwise.
pub fn refreshed_and_retried(view: &View<'_>) -> Answer {
    let Some(own) = view.record() else { return Answer::No };
    if !is_renewable(view, own) || names_another_flaw(view) {
        return Answer::No;
    }
    let Some((repeat, repetition)) = view.repetition() else { return ask_again(view, RENEWAL) };
    let (old, new) = (own.credentials.first(), repeat.credentials.first());
    if repeat.refused()
        || repeat.time.since(view.answered()) > RENEWAL
        || new.is_none_or(Option::is_none)
        || old == new
        || !own.same_client(repeat)
        || is_other_user(own, repeat)
    {
        return Answer::No;
    }
    let found = |confidence: Found| {
        confidence
            .because(
                "history",
                format!("#{}", repeat.id),
                format!("another credential got {} after {}", repeat.status, later(view, repeat)),
            )
            .fact("after", later(view, repeat))
            .related(repeat.id)
    };
    if let Some(renewal) = view.history().renewal_between(own, repeat) {
        return found(Found::certain())
            .because("history", format!("#{}", renewal.id), "the call that renewed it")
            .related(renewal.id)
            .benign()
            .into();
    }
    if repetition.issued_since || view.is_browser() {
        return found(Found::likely()).benign().into();
    }
    Answer::No
}

/// “The server's one-time number had expired. It sent a new one and the client's retry succeeded
/// {after} later.” (RFC 7616 §3.3, RFC 9449 §8–9)
pub fn nonce_refresh(view: &View<'_>) -> Answer {
    let digest = matches!(view.shape(), Some(Shape::Digest(_)))
        && view.challenge("Digest").is_some_and(Challenge::is_stale);
    let dpop = view.uses("DPoP") && demands_dpop_nonce(view);
    let hawk = view.uses("Hawk")
        && view.challenge("Hawk").is_some_and(|challenge| challenge.params.get("ts").is_some());
    if !(digest || dpop || hawk) {
        return Answer::No;
    }
    let Some((repeat, repetition)) = view.repetition() else { return ask_again(view, RETRY) };
    if repeat.refused()
        || repeat.time.since(view.answered()) > RETRY
        || !(hawk || repetition.renews_nonce)
        || repeat.sent != Sent::Credentials
    {
        return Answer::No;
    }
    let what = if digest {
        "stale=true"
    } else if dpop {
        "use_dpop_nonce"
    } else {
        "ts"
    };
    Found::certain()
        .benign()
        .because("response.header.www-authenticate", what, "the server sent a new value")
        .because(
            "history",
            format!("#{}", repeat.id),
            format!("the repeat used it and got {}", repeat.status),
        )
        .fact("after", later(view, repeat))
        .related(repeat.id)
        .into()
}

/// “The client answers with the newest nonce each time, yet the server calls it stale {n} times: the
/// nodes behind {host} probably do not share their nonce secret, or its clock jumps.” (RFC 7616 §3.3)
pub fn digest_nonce_loop(view: &View<'_>) -> Answer {
    let Some(own) = view.record() else { return Answer::No };
    if !matches!(view.shape(), Some(Shape::Digest(_))) {
        return Answer::No;
    }
    let mut first = own;
    let mut steps = 0;
    while steps < 16
        && let Some(prior) = view.history().prior(first)
        && fresh(prior, first)
    {
        first = prior;
        steps += 1;
    }
    // From the first attempt on, as long as each uses the nonce of the answer before.
    let (mut stale, mut attempt, mut related) = (0, first, Vec::new());
    for _ in 0..32 {
        let Some(refusal) = &attempt.refusal else { return Answer::No };
        stale += u32::from(refusal.stale && refusal.nonce_used != 0);
        if attempt.id != own.id {
            related.push(attempt.id);
        }
        match view.history().repetition(attempt) {
            Some((next, repetition)) if repetition.renews_nonce => attempt = next,
            _ => break,
        }
    }
    if stale < 2 {
        return Answer::No;
    }
    let mut found = Found::likely()
        .because(
            "response.header.www-authenticate",
            "stale=true",
            format!("{stale} times in a row"),
        )
        .because("request.authorization.nonce", "fresh", "the one of the answer just before")
        .fact("n", stale.to_string())
        .fact("host", view.host());
    found.related = related;
    found.into()
}

/// Whether the second attempt used the nonce that the first one's answer issued.
fn fresh(earlier: &Record, later: &Record) -> bool {
    match (&earlier.refusal, &later.refusal) {
        (Some(earlier), Some(later)) => {
            earlier.nonce_used != 0 && earlier.nonce_issued == later.nonce_used
        }
        _ => false,
    }
}

/// Whether the credential is of a kind that a program renews by itself.
fn is_renewable(view: &View<'_>, own: &Record) -> bool {
    match own.sent {
        Sent::Credentials => {
            own.exact && !view.uses("Basic") && own.credentials.first().is_some_and(Option::is_some)
        }
        Sent::Nothing => own.cookie || view.credential().is_some(),
        Sent::Malformed | Sent::Unknown => false,
    }
}

/// Whether the server's words name what no renewal mends: the next token was not a newer one, but a better one.
fn names_another_flaw(view: &View<'_>) -> bool {
    view.said().is_some_and(|said| {
        matches!(
            said.category,
            Category::BadAudience
                | Category::BadIssuer
                | Category::BadSignature
                | Category::Alg
                | Category::WrongType
                | Category::NotYetValid
                | Category::Insufficient
        )
    })
}

/// Whether the two credentials name different users: one of them renewed nothing.
const fn is_other_user(own: &Record, repeat: &Record) -> bool {
    own.user_key != 0 && repeat.user_key != 0 && own.user_key != repeat.user_key
}

fn demands_dpop_nonce(view: &View<'_>) -> bool {
    view.challenge("DPoP").is_some_and(|c| c.params.get("error") == Some("use_dpop_nonce"))
}

/// A refused attempt that only is a step of a negotiation: a stale nonce, or a handshake message.
fn is_step(record: &Record) -> bool {
    record.refusal.as_ref().is_some_and(|refusal| refusal.is_step())
}

/// The last attempt of a negotiation that began with `first`; `None` while it is not known.
fn last_attempt<'a>(view: &View<'a>, first: &'a Record) -> Option<&'a Record> {
    let mut last = first;
    for _ in 0..STEPS {
        if !(last.refused() && is_step(last)) {
            return Some(last);
        }
        (last, _) = view.history().repetition(last)?;
    }
    Some(last)
}

/// Whether the repeat comes from the same run of the same program, as far as connections tell.
fn is_same_run(view: &View<'_>, own: &Record, repeat: &Record) -> bool {
    let ended = own.refusal.as_ref().is_some_and(|refusal| refusal.closes);
    if own.flow == repeat.flow || ended || view.is_browser() {
        return true;
    }
    let agent = view.request_header("user-agent").unwrap_or_default();
    !KEEPS_CONNECTION
        .into_iter()
        .any(|name| agent.get(..name.len()).is_some_and(|start| start.eq_ignore_ascii_case(name)))
}

fn ask_again(view: &View<'_>, window: Duration) -> Answer {
    match view.wait(window) {
        Some(until) => Answer::AskAgain { on: Awaiting::RETRY, until, meanwhile: None },
        None => Answer::No,
    }
}

/// How long after the refusal an attempt was answered.
fn later(view: &View<'_>, attempt: &Record) -> String {
    humane(attempt.answered.since(view.answered()))
}
