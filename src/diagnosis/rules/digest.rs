//! Digest parameters against the request and the challenge (RFC 7616 §3.4).

use crate::auth::authorization::Parameters;
use crate::auth::syntax::percent_decode;
use crate::auth::{Challenge, Finding, MalformedReason, Shape, masking};
use crate::diagnosis::rule::{Answer, Found};
use crate::diagnosis::view::View;
use crate::text;

/// “The Digest header says {param}="{got}" but {the request|the challenge} has "{want}".”
pub fn digest_parameter_mismatch(view: &View<'_>) -> Answer {
    if !view.uses("Digest") {
        return Answer::No;
    }
    let what = match view.malformed() {
        Some(MalformedReason::DigestMissingParams { names }) => {
            format!("lacks {}", names.join(", "))
        }
        Some(MalformedReason::DigestSyntax) => "is not a list of parameters".to_owned(),
        Some(_) => return Answer::No,
        None => {
            let Some(Shape::Digest(parameters)) = view.shape() else { return Answer::No };
            if view.challenge("Digest").is_some_and(Challenge::is_stale) {
                return Answer::No;
            }
            match mismatch(view, parameters) {
                Some(what) => what,
                None => return Answer::No,
            }
        }
    };
    Found::likely().because(view.credentials_place(), what.clone(), "").fact("what", what).into()
}

fn mismatch(view: &View<'_>, parameters: &Parameters) -> Option<String> {
    other_uri(view, parameters)
        .or_else(|| other_than_challenged(view, parameters))
        .or_else(|| {
            view.finding(Finding::BadNc)
                .then(|| "has an nc that is not eight hexadecimal digits".to_owned())
        })
        .or_else(|| response_length(parameters))
}

/// The target may be in absolute form, and either of the two percent-encoded.
fn other_uri(view: &View<'_>, parameters: &Parameters) -> Option<String> {
    let request = view.request()?;
    let uri = parameters.get("uri")?;
    let target = text::decode(request.target());
    let (own, wanted) = (plain(uri), plain(&target));
    if own == wanted || target.is_empty() || request.method() == b"CONNECT" {
        return None;
    }
    let shown = |uri: &str| text::shorten(&masking::shown_address(uri.as_bytes()), 80).into_owned();
    // The query itself may hold a secret.
    let (own_path, own_query) = split(&own);
    let (path, query) = split(&wanted);
    Some(match (own_path == path, own_query, query) {
        (true, None, Some(_)) => {
            format!("says uri=\"{}\" but the request has a query after it", shown(&own))
        }
        (true, Some(_), None) => {
            format!("says uri=\"{}?…\" but the request has no query", shown(&own))
        }
        (true, _, _) => format!("says uri=\"{}?…\" but the request has another query", shown(&own)),
        _ => format!("says uri=\"{}\" but the request has \"{}\"", shown(&own), shown(&wanted)),
    })
}

fn split(uri: &str) -> (&str, Option<&str>) {
    uri.split_once('?').map_or((uri, None), |(path, query)| (path, Some(query)))
}

/// Path and query, with percent-encoding undone.
fn plain(uri: &str) -> String {
    let rest = match uri.split_once("://") {
        Some((scheme, rest)) if !scheme.contains('/') => {
            rest.find('/').map_or("/", |slash| &rest[slash..])
        }
        _ => uri,
    };
    text::decode(&percent_decode(rest.as_bytes())).into_owned()
}

/// Realm, qop and algorithm against the challenge of this answer. Several Digest challenges offer
/// several algorithms: one that agrees is enough.
fn other_than_challenged(view: &View<'_>, parameters: &Parameters) -> Option<String> {
    let challenges: Vec<&Challenge> =
        view.challenges().iter().filter(|challenge| challenge.scheme.is("Digest")).collect();
    if challenges.is_empty() {
        return None;
    }
    let shown = |value: &str| text::shorten(&text::visible(value), 60).into_owned();
    let realm = parameters.get("realm").unwrap_or_default();
    let realms: Vec<&str> = challenges.iter().filter_map(|challenge| challenge.realm()).collect();
    if !realms.is_empty() && !realms.contains(&realm) {
        let asked = view.quotable(realms.first().copied().unwrap_or_default());
        let (own, asked) = (shown(realm), shown(&asked));
        return Some(format!("says realm=\"{own}\" but the challenge has \"{asked}\""));
    }
    let algorithm = parameters.get("algorithm").unwrap_or("MD5");
    let offers_algorithm = |challenge: &&Challenge| {
        challenge.params.get("algorithm").unwrap_or("MD5").eq_ignore_ascii_case(algorithm)
    };
    if !challenges.iter().any(offers_algorithm) {
        let asked = challenges.first().and_then(|challenge| challenge.params.get("algorithm"));
        let asked = shown(asked.unwrap_or("MD5"));
        return Some(format!(
            "uses the algorithm {} but the challenge asks for {asked}",
            shown(algorithm)
        ));
    }
    let qop = parameters.get("qop")?;
    let offers_qop = |challenge: &&Challenge| {
        let offered = challenge.params.get("qop").unwrap_or_default();
        offered.split(',').any(|word| word.trim().eq_ignore_ascii_case(qop))
    };
    (!challenges.iter().any(offers_qop))
        .then(|| format!("says qop={} which the challenge does not offer", shown(qop)))
}

fn response_length(parameters: &Parameters) -> Option<String> {
    let algorithm = parameters.get("algorithm").unwrap_or("MD5").to_ascii_uppercase();
    let want = match algorithm.trim_end_matches("-SESS") {
        "MD5" => 32,
        "SHA-256" | "SHA-512-256" => 64,
        _ => return None,
    };
    let got = parameters.get("response")?.len();
    (got != want).then(|| {
        format!(
            "has a response of {got} characters where {} needs {want}",
            text::visible(&algorithm)
        )
    })
}
