//! NTLM and Negotiate: handshakes that authenticate a connection in several requests.

use std::time::Duration;

use crate::auth::Shape;
use crate::diagnosis::history::{Leg, Record};
use crate::diagnosis::rule::{Answer, Awaiting, Found};
use crate::diagnosis::view::View;
use crate::time::humane;

/// The next message follows at once.
const NEXT: Duration = Duration::from_secs(5);

/// Messages of one handshake.
const MESSAGES: usize = 4;

/// Handshakes begun in vain that speak for a connection that is not kept.
const VAIN: usize = 3;

/// What became of a handshake.
enum Outcome<'a> {
    /// Its last message was accepted.
    Accepted(&'a Record),
    /// It was refused, or the client went another way, or the connection changed.
    Failed,
    /// Not known yet.
    Open,
}

/// “{step} of the normal {scheme} handshake. The server answered {status} on the same connection
/// {after} later.” (RFC 4559 §5, MS-NTHT)
pub fn handshake_leg(view: &View<'_>) -> Answer {
    let Some(own) = view.record() else { return Answer::No };
    let begun = own.leg != Leg::None && own.refusal.as_ref().is_some_and(|r| r.continues);
    let asked = view.missing()
        && ["NTLM", "Negotiate"].into_iter().any(|scheme| {
            view.challenge(scheme).is_some_and(|challenge| challenge.token68.is_none())
        });
    if !begun && !asked {
        return Answer::No;
    }
    let step = if asked { "The first step" } else { "A step" };
    match outcome(view, own) {
        Outcome::Accepted(last) => {
            let after = humane(last.answered.since(view.answered()));
            Found::certain()
                .benign()
                .because("response.header.www-authenticate", offered(view), step_note(own))
                .because("history", format!("#{}", last.id), format!("answered {}", last.status))
                .fact("step", step)
                .fact_if("scheme", last.scheme)
                .fact("status", last.status.to_string())
                .fact("after", after)
                .related(last.id)
                .into()
        }
        // A step all the same: what the handshake failed by is said where it ended.
        outcome if begun => {
            let found = Found::likely()
                .because("response.header.www-authenticate", offered(view), step_note(own))
                .fact("step", step)
                .fact_if("scheme", own.scheme);
            let in_vain = own.leg == Leg::Negotiate && begun_in_vain(view, own).is_some();
            match view.wait(NEXT) {
                Some(until) if in_vain || matches!(outcome, Outcome::Open) => {
                    found.until(Awaiting::RETRY, until)
                }
                // Steps of handshakes that never end are not normal.
                None if in_vain => Answer::No,
                _ => found.into(),
            }
        }
        Outcome::Open => match view.wait(NEXT) {
            Some(until) => Answer::AskAgain { on: Awaiting::RETRY, until, meanwhile: None },
            None => Answer::No,
        },
        Outcome::Failed => Answer::No,
    }
}

/// Follows the repetitions of a request through the messages of a handshake.
fn outcome<'a>(view: &View<'a>, own: &'a Record) -> Outcome<'a> {
    let mut record = own;
    for _ in 0..MESSAGES {
        let Some((next, _)) = view.history().repetition(record) else { return Outcome::Open };
        let bound = record.leg != Leg::None;
        if next.leg == Leg::None
            || next.time.since(record.answered) > NEXT
            || (bound && next.flow != record.flow)
        {
            return Outcome::Failed;
        }
        match &next.refusal {
            None => return Outcome::Accepted(next),
            Some(refusal) if refusal.continues => record = next,
            Some(_) => return Outcome::Failed,
        }
    }
    Outcome::Failed
}

/// “NTLM must finish on one connection, but {what}.”
/// (RFC 4559 §6)
pub fn ntlm_connection_broken(view: &View<'_>) -> Answer {
    let Some(own) = view.record() else { return Answer::No };
    let found = |note: &'static str| {
        Found::certain().because("connection", format!("flow {}", own.flow), note)
    };
    let spread = "message 3 came on another connection than message 2";
    let moved = |early: &Record, late: &Record| {
        early.leg == Leg::Negotiate
            && late.leg == Leg::Authenticate
            && early.flow != late.flow
            && early.refusal.as_ref().is_some_and(|refusal| refusal.continues)
            && late.refused()
    };
    match own.leg {
        Leg::Authenticate => {
            // The proxy behind may have moved it.
            let legs = [Some(own), view.history().inner(own)].into_iter().flatten();
            let prior =
                legs.filter_map(|leg| view.history().prior(leg).filter(|prior| moved(prior, leg)));
            prior
                .map(|prior| prior.id)
                .next()
                .map_or(Answer::No, |prior| found(spread).related(prior).into())
        }
        Leg::Negotiate => {
            let Some(refusal) = own.refusal.as_ref().filter(|refusal| refusal.continues) else {
                return Answer::No;
            };
            let next = view.repetition();
            if let Some((next, _)) = next
                && moved(own, next)
            {
                return found(spread).related(next.id).into();
            }
            if next.is_some_and(|(next, _)| !next.refused()) {
                return Answer::No;
            }
            let inner = view.history().inner(own).and_then(|inner| inner.refusal.as_ref());
            if refusal.closes {
                let what = "this one ended right after the server's challenge";
                return found("it ended right after message 2").fact("what", what).into();
            }
            if inner.is_some_and(|inner| inner.closes) {
                let what = "the proxy's connection ended right after the server's challenge";
                let note = "the proxy's connection ended right after message 2";
                return found(note).fact("what", what).into();
            }
            begun_in_vain(view, own).map_or(Answer::No, |flows| {
                let what = format!("it was begun on {flows} connections and never finished");
                Found::likely()
                    .because("history", "message 1", "begun again and again, never finished")
                    .fact("what", what)
                    .into()
            })
        }
        Leg::None | Leg::Token => Answer::No,
    }
}

/// Connections on which a handshake was begun and never finished, if there are several.
fn begun_in_vain(view: &View<'_>, own: &Record) -> Option<usize> {
    let (mut begun, mut flows) = (0, Vec::new());
    for record in view.history().of_visit(own).filter(|record| record.same_client(own)) {
        if record.leg == Leg::Authenticate && !record.refused() {
            return None;
        }
        if record.leg == Leg::Negotiate && record.refused() {
            begun += 1;
            if !flows.contains(&record.flow) {
                flows.push(record.flow);
            }
        }
        if record.leg == Leg::Authenticate && flows.contains(&record.flow) {
            // Finished on one connection and refused: that is the password.
            return None;
        }
    }
    (begun >= VAIN && flows.len() > 1).then_some(flows.len())
}

/// “The server wants Kerberos, but the client sent {what}. Usual reason: no matching SPN for {host}.”
/// (RFC 4559 §4; Microsoft KB 896861)
pub fn kerberos_fallback(view: &View<'_>) -> Answer {
    let Some(shape) = view.shape().filter(|_| view.uses("Negotiate") || view.uses("NTLM")) else {
        return Answer::No;
    };
    let Some(own) = view.record() else { return Answer::No };
    if own.refusal.as_ref().is_none_or(|refusal| refusal.continues) {
        return Answer::No;
    }
    let wanted = view.challenge("Negotiate").is_some();
    let ntlm =
        matches!(shape, Shape::Ntlm1 | Shape::Spnego { ntlm: true } | Shape::Gss { ntlm: true });
    let what = if view.uses("Negotiate") && wanted && ntlm && view.challenge("NTLM").is_none() {
        "an NTLM token"
    } else if view.uses("Negotiate") && wanted && own.leg == Leg::Token {
        "a Kerberos ticket that the server refused"
    } else if own.leg == Leg::Authenticate && refused_only_locally(view, own) {
        "an NTLM login that works from other machines but not from the server itself"
    } else {
        return Answer::No;
    };
    Found::likely()
        .because(view.credentials_place(), shape.name(), "what the token is")
        .because("response.header.www-authenticate", offered(view), "refused without a next step")
        .fact("what", what)
        .fact("host", view.host())
        .into()
}

/// Windows refuses NTLM logins to a name that is the machine's own, unless told otherwise.
fn refused_only_locally(view: &View<'_>, own: &Record) -> bool {
    own.client.ip() == own.server.ip()
        && view.history().of_route(own).any(|other| {
            other.leg == Leg::Authenticate
                && other.accepted()
                && other.client.ip() != own.client.ip()
        })
}

fn offered(view: &View<'_>) -> String {
    view.offered().unwrap_or_default()
}

const fn step_note(own: &Record) -> &'static str {
    match own.leg {
        Leg::None => "the server offers a handshake",
        _ => "the server answered the client's message with its own",
    }
}
