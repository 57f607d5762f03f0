//! Clocks and nonces that do not fit together.

use std::time::Duration;

use crate::auth::Shape;
use crate::diagnosis::history::{Recount, Refusal, Skew};
use crate::diagnosis::lexicon::Category;
use crate::diagnosis::rule::{Answer, Found};
use crate::diagnosis::view::View;
use crate::text;
use crate::time::humane;

/// Answers a clock must be measured on before it is called wrong.
const SAMPLES: u32 = 3;

/// A difference that matters to tokens.
const NOTABLE: i64 = 30_000_000_000;

/// A difference that no delay on the way explains: one answer is enough where the server's words agree.
const LARGE: i64 = 120_000_000_000;

/// “The server's clock {skew}; for it {effect}.” (catalogue: azure-cosmos-dotnet-v2#506)
pub fn clock_skew(view: &View<'_>) -> Answer {
    if let Some(said) = view.said().filter(|said| said.category == Category::Clock) {
        // The server compares its clock with the client's, which may be neither of the capture's.
        let skew = match view.skew().and_then(in_words) {
            Some(words) => format!("is {words} of the capturing machine's"),
            None => "and the client's seem to differ".to_owned(),
        };
        return Found::likely()
            .because(said.field, said.quote.clone(), "the server's words")
            .fact("skew", skew)
            .fact("quote", said.quote.clone())
            .into();
    }
    let Some(jwt) = view.jwt() else { return Answer::No };
    let Some((skew, found)) = view.skew().and_then(|skew| Some((skew, measured(view, skew)?)))
    else {
        return Answer::No;
    };
    if view.history().all_clocks_agree(skew) == Some(true) {
        return Answer::No;
    }
    let (here, there) = (view.answered().seconds(), view.server_now().seconds());
    let expired = jwt.date("exp").filter(|exp| here < *exp && *exp <= there);
    let early = ["nbf", "iat"]
        .into_iter()
        .find_map(|claim| Some((claim, jwt.date(claim).filter(|t| *t <= here && there < *t)?)));
    let (claim, effect) = match (expired, early) {
        (Some(_), _) => ("exp", "the token is expired"),
        (None, Some((claim, _))) => (claim, "the token is not valid yet"),
        (None, None) => return Answer::No,
    };
    let Some(words) = in_words(skew) else { return Answer::No };
    found
        .because("response.header.date", words.clone(), format!("over {} answers", skew.samples))
        .because(
            format!("request.authorization.claims.{claim}"),
            "between the two clocks",
            format!("for the server {effect}, for the capture it is valid"),
        )
        .fact("skew", format!("is {words} of the capturing machine's"))
        .fact("effect", effect)
        .into()
}

/// How sure it is that a clock is off by this much.
fn measured(view: &View<'_>, skew: Skew) -> Option<Found> {
    let stated = || view.says(Category::Expired) || view.says(Category::NotYetValid);
    match skew.nanoseconds.saturating_abs() {
        NOTABLE.. if skew.samples >= SAMPLES => Some(Found::likely()),
        LARGE.. => Some(if stated() { Found::likely() } else { Found::possible() }),
        _ => None,
    }
}

fn in_words(skew: Skew) -> Option<String> {
    let size = humane(Duration::from_nanos(skew.nanoseconds.unsigned_abs()));
    match skew.nanoseconds {
        0 => None,
        1.. => Some(format!("{size} ahead")),
        _ => Some(format!("{size} behind")),
    }
}

/// “The Digest header {what}.” (RFC 7616 §3.4)
///
/// The part that history shows: realm and nonce of the challenge before.
pub fn digest_parameter_mismatch(view: &View<'_>) -> Answer {
    let (Some(own), Some(Shape::Digest(params))) = (view.record(), view.shape()) else {
        return Answer::No;
    };
    if let Some(recount) =
        own.refusal.as_ref().filter(|refusal| !refusal.stale).and_then(|r| r.recount.as_deref())
    {
        return recounted(recount).into();
    }
    let used = own.refusal.as_ref().map_or(0, |refusal| refusal.nonce_used);
    let mut latest = None;
    for record in view.history().of_refused_client(own) {
        let Some(refusal) = record.refusal.as_ref() else { continue };
        if record.answered > own.time || !record.same_origin(own) || refusal.digest_realm == 0 {
            continue;
        }
        if refusal.nonce_issued == used {
            // Issued here: whether it still is the latest is the server's business (stale).
            let opaque = params.get("opaque");
            return realm_mismatch(view, params.get("realm"), refusal)
                .or_else(|| opaque_mismatch(view, opaque, refusal))
                .map_or(Answer::No, |found| found.related(record.id).into());
        }
        latest.get_or_insert((record, refusal));
    }
    // A nonce may be older than the capture; not so when the challenge just before was another's.
    let Some((record, _)) = latest else { return Answer::No };
    let answers = own.prior != 0 && view.prior().is_some_and(|prior| prior.id == record.id);
    let first = !view
        .history()
        .of_visit(own)
        .any(|other| other.time < record.time && other.scheme == Some("Digest"));
    if !answers || !first || record.flow != own.flow || record.sent == own.sent {
        return Answer::No;
    }
    Found::likely()
        .because("request.authorization.nonce", "unknown", "not the one of the challenge before")
        .fact("what", "has a nonce that the server's challenge did not issue")
        .related(record.id)
        .into()
}

/// RFC 7616 §3.4: the count lets the server detect replays, so it must rise with every request.
fn recounted(recount: &Recount) -> Found {
    let (nc, highest) = (recount.nc, recount.highest);
    Found::likely()
        .because("request.authorization.nc", format!("{nc:08x}"), "does not go on counting")
        .because("history", format!("#{}", recount.id), format!("accepted with nc={highest:08x}"))
        .fact(
            "what",
            format!("says nc={nc:08x} although {highest:08x} was already used with this nonce"),
        )
        .related(recount.id)
}

/// RFC 7616 §3.4: `opaque` is returned unchanged.
fn opaque_mismatch(view: &View<'_>, opaque: Option<&str>, refusal: &Refusal) -> Option<Found> {
    let what = match opaque {
        Some(_) => "has another opaque than the challenge that issued its nonce",
        None => "lacks the opaque of the challenge that issued its nonce",
    };
    view.history().is_other_opaque(refusal, opaque).then(|| {
        Found::likely().because("request.authorization.opaque", "differs", what).fact("what", what)
    })
}

fn realm_mismatch(view: &View<'_>, realm: Option<&str>, refusal: &Refusal) -> Option<Found> {
    let realm = realm?;
    if view.history().is_digest_realm(refusal, realm)? {
        return None;
    }
    let shown = text::visible(&text::shorten(realm, 60)).into_owned();
    Some(
        Found::likely()
            .because("request.authorization.realm", shown.clone(), "not the challenge's")
            .fact("what", format!("says realm=\"{shown}\", which is not the challenge's realm")),
    )
}
