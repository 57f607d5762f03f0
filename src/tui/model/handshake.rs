//! The steps of NTLM and Negotiate handshakes: refusals that lead to another exchange on the same
//! connection, which says how it ended.

use super::history::History;
use crate::diagnosis::Case;

/// Exchanges looked at to find the next one of a connection.
const REACH: usize = 256;

/// Whether this refusal is a step on the way.
pub fn is_leg(case: &Case) -> bool {
    diagnosed(case, "handshake-leg")
}

fn diagnosed(case: &Case, id: &str) -> bool {
    case.verdict.as_ref().is_some_and(|verdict| verdict.diagnosis.entry.id == id)
}

/// Whether this refusal may stand inside the row of another one.
pub fn may_be_leg(case: &Case) -> bool {
    let outer = case.verdict.as_ref().and_then(|verdict| verdict.leg_of);
    outer.is_some() || is_leg(case) || diagnosed(case, "challenge-roundtrip")
}

/// The refusal that comes after this one in its handshake.
pub fn next_refusal<'a>(case: &Case, history: &'a History) -> Option<&'a Case> {
    // The first request of a handshake carries nothing: that refusal alone looks like any other.
    let first = !is_leg(case);
    if first && !diagnosed(case, "challenge-roundtrip") {
        return None;
    }
    let next = history
        .from(case.id() + 1)
        .take(REACH)
        .find(|other| other.exchange.connection.flow == case.exchange.connection.flow)?;
    let refused = matches!(next.exchange.status(), Some(401 | 407));
    (refused && same_target(case, next) && (!first || is_leg(next))).then_some(next)
}

/// The refusal before this one on its connection, when this one may be a later step.
pub fn step_before<'a>(case: &Case, history: &'a History) -> Option<&'a Case> {
    let scheme = case.auth.authorization.scheme.as_ref()?.name();
    let bound_to_connection =
        ["NTLM", "Negotiate"].iter().any(|known| known.eq_ignore_ascii_case(scheme));
    if !bound_to_connection {
        return None;
    }
    let flow = case.exchange.connection.flow;
    let same = |other: &&std::sync::Arc<Case>| other.exchange.connection.flow == flow;
    history.before(case.id()).rev().take(REACH).find(same).map(AsRef::as_ref)
}

fn same_target(one: &Case, other: &Case) -> bool {
    let of = |case: &Case| {
        let request = case.exchange.request.as_ref()?;
        Some((request.method().to_vec(), request.target().to_vec()))
    };
    of(one) == of(other)
}
