//! The same request on both sides of a proxy.

use std::time::Duration;

use crate::diagnosis::history::{History, Record, Sequence};
use crate::http::Head;

/// How long a proxied request may take.
const NESTED: Duration = Duration::from_secs(120);

/// How sure it is that two refusals are legs of one request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Match {
    /// By time, path and addresses or body.
    Circumstance,
    /// By an identifier, a forwarded address, or the request's body.
    Identity,
}

/// Links a new refusal with the leg that was seen before it, whichever of the two is the outer one;
/// the number of the other exchange.
pub(super) fn join(history: &mut History, new: &mut Record, sequence: Sequence) -> Option<u64> {
    let links = &new.refusal.as_ref()?.links;
    if !links.other_server {
        return None;
    }
    let start = links.hop;
    let candidates =
        history.walk(start, |r| r.refusal.as_ref().map_or(0, |refusal| refusal.links.hop)).take(32);
    let mut best: Option<(Match, bool, Sequence)> = None;
    for (other, record) in candidates {
        if new.answered.since(record.answered) > NESTED {
            break;
        }
        let found = if record.refusal.as_ref().is_some_and(|r| r.outer == 0) {
            same(new, record).map(|sure| (sure, true))
        } else {
            None
        };
        let found = found.or_else(|| {
            let free = record.refusal.as_ref().is_some_and(|r| r.inner == 0);
            free.then(|| same(record, new)).flatten().map(|sure| (sure, false))
        });
        if let Some((sure, new_is_outer)) = found
            && best.is_none_or(|(known, ..)| sure > known)
        {
            best = Some((sure, new_is_outer, other));
        }
    }
    let (sure, new_is_outer, other) = best?;
    let sure = sure == Match::Identity;
    let own = new.refusal.as_mut()?;
    own.sure_leg = sure;
    if new_is_outer {
        own.inner = other;
    } else {
        own.outer = other;
    }
    let record = history.record_mut(other)?;
    let refusal = record.refusal.as_mut()?;
    refusal.sure_leg = sure;
    if new_is_outer {
        refusal.outer = sequence;
    } else {
        refusal.inner = sequence;
    }
    Some(record.id)
}

/// Whether `inner` is `outer` as a proxy forwarded it: nested in time, same method, one path the end
/// of the other, same program, same body; and something that does not happen by chance.
fn same(outer: &Record, inner: &Record) -> Option<Match> {
    let (far, near) = (outer.refusal.as_ref()?, inner.refusal.as_ref()?);
    let nested = outer.time <= inner.time && inner.answered <= outer.answered;
    if !nested || outer.flow == inner.flow || outer.server == inner.server {
        return None;
    }
    // The proxy asks someone else whether the request is allowed, and says which.
    if near.trace.original != 0 && near.trace.original == outer.route_key {
        return Some(Match::Identity);
    }
    if outer.method != inner.method
        || (far.trace.program != near.trace.program && near.trace.program != 0)
        || far.trace.body_length != near.trace.body_length
        || !(ends_with(&outer.path, &inner.path) || ends_with(&inner.path, &outer.path))
    {
        return None;
    }
    let (theirs, ours) = (far.trace.identifier, near.trace.identifier);
    if theirs != 0 && ours != 0 {
        return (theirs == ours).then_some(Match::Identity);
    }
    let client = outer.client.ip().to_canonical();
    if near.trace.behalf.is_contradicted_by(client, far.trace.behalf) {
        return None;
    }
    if near.trace.behalf.client() == Some(client)
        || (near.trace.body != 0 && near.trace.body == far.trace.body)
    {
        return Some(Match::Identity);
    }
    let adjacent = outer.server.ip() == inner.client.ip();
    let echoed = near.body != 0 && near.body == far.body;
    (adjacent && (echoed || far.challenger == near.challenger || near.body == far.body))
        .then_some(Match::Circumstance)
}

/// Whether `path` ends in the segments of `end`.
fn ends_with(path: &str, end: &str) -> bool {
    path.strip_suffix(end.trim_start_matches('/'))
        .is_some_and(|rest| rest.is_empty() || rest.ends_with('/'))
}

/// The path on whose behalf a proxy asks whether a request is allowed.
pub(super) fn original_path(head: &Head) -> Option<&[u8]> {
    const NAMES: [&str; 3] = ["x-original-uri", "x-original-url", "x-forwarded-uri"];
    let target = NAMES.into_iter().find_map(|name| head.get(name))?;
    let path = match memchr::memmem::find(target, b"://") {
        Some(scheme) => {
            let rest = &target[scheme + 3..];
            &rest[memchr::memchr(b'/', rest)?..]
        }
        None => target,
    };
    Some(path.split(|octet| matches!(octet, b'?' | b'#')).next().unwrap_or(path))
}
