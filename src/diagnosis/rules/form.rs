//! Credentials whose form is wrong, whatever their scheme.

use crate::auth::authorization::LooksLike;
use crate::auth::credentials::artifact;
use crate::auth::{Artifact, AuthState, Finding, MalformedReason, Shape};
use crate::diagnosis::lexicon::Category;
use crate::diagnosis::rule::{Answer, Found};
use crate::diagnosis::rules::common::{
    by_status, is_about_authentication, is_accepted_form, other_credential, place, raw_credentials,
};
use crate::diagnosis::view::View;
use crate::text;

/// “The request carries {n} Authorization values ({list}). Only one is allowed, and the server seems
/// to have refused to choose.” (RFC 9110 §5.3)
pub fn duplicate_authorization(view: &View<'_>) -> Answer {
    let (count, list, note) = match view.state() {
        AuthState::Multiple { count, identical, schemes, .. } => {
            let names: Vec<&str> =
                schemes.iter().map(|scheme| scheme.as_ref().map_or("?", |s| s.name())).collect();
            let note = if *identical { "the same value each time" } else { "different values" };
            (*count, names.join(", "), note)
        }
        AuthState::Malformed { reason: MalformedReason::CommaJoined { schemes }, .. } => {
            (schemes.len(), schemes.join(", "), "joined by a comma in one field line")
        }
        _ => return Answer::No,
    };
    let list = text::visible(&list).into_owned();
    Found::likely()
        .because(view.credentials_place(), format!("{count} values: {list}"), note)
        .fact("n", count.to_string())
        .fact("list", list)
        .into()
}

/// “The client sent the literal text "{value}" instead of a token.”
pub fn placeholder_value(view: &View<'_>) -> Answer {
    if let Some(MalformedReason::Placeholder { text }) = view.malformed() {
        return by_status(artifact_found(view, text, "instead of a token"), view).into();
    }
    stray_artifact(view, |artifact| matches!(artifact, Artifact::Placeholder(_))).into()
}

/// “The client sent the template text "{value}" in Authorization: the variable was not substituted.”
pub fn unexpanded_variable(view: &View<'_>) -> Answer {
    if let Some(MalformedReason::UnexpandedVariable { text }) = view.malformed() {
        return by_status(artifact_found(view, text, "in Authorization"), view).into();
    }
    stray_artifact(view, |artifact| matches!(artifact, Artifact::UnexpandedVariable(_))).into()
}

fn artifact_found(view: &View<'_>, value: &str, place: &str) -> Found {
    let value = text::shorten(&text::visible(value), 60).into_owned();
    Found::certain()
        .because(view.credentials_place(), value.clone(), "a program's text, not a credential")
        .fact("value", value)
        .fact("where", place)
}

/// An artifact as user or password of Basic, or in another credential's place.
fn stray_artifact(view: &View<'_>, wanted: fn(&Artifact) -> bool) -> Option<Found> {
    // Seen when the credentials were read.
    let login = matches!(view.shape(), Some(Shape::UserPass { .. }));
    let odd = [Finding::ArtifactPlaceholder, Finding::ArtifactUnexpandedVariable];
    if login && !odd.into_iter().any(|finding| view.finding(finding)) {
        return None;
    }
    if !login && view.alternatives().iter().all(|other| other.artifact.is_none()) {
        return None;
    }
    if !is_about_authentication(view) || is_accepted_form(view) {
        return None;
    }
    if let Some(Shape::UserPass { user, password }) = view.shape() {
        let parts = [("user name", user.as_bytes()), ("password", password.expose())];
        let found = parts.map(|(part, text)| Some((part, artifact::find_in_login(text)?)));
        let both = found.iter().flatten().count() == 2;
        let (part, artifact) =
            found.into_iter().flatten().find(|(_, artifact)| wanted(artifact))?;
        let found = artifact_found(view, artifact.text(), &format!("as {part}"));
        // A single word such as "none" can be a real, if odd, password.
        let word = artifact.text().bytes().all(|octet| octet.is_ascii_alphabetic())
            && artifact.text() != "undefined";
        return Some(if both || !word { found } else { Found { confidence: LIKELY, ..found } });
    }
    // Of a proxy's login nothing else says anything.
    if !view.missing() || view.is_proxy() {
        return None;
    }
    let (alternative, artifact) = view
        .alternatives()
        .iter()
        .filter_map(|alternative| Some((alternative, alternative.artifact.as_ref()?)))
        .find(|(_, artifact)| wanted(artifact))?;
    let value = text::shorten(&text::visible(artifact.text()), 60).into_owned();
    let name = text::visible(&alternative.name);
    let alone = other_credential(view).is_none_or(|other| other.artifact.is_some());
    let found = if alone { Found::certain() } else { Found::possible() };
    let found = found
        .because(place(alternative), value.clone(), "a program's text, not a credential")
        .fact("value", value)
        .fact("where", format!("in {name}"));
    Some(found)
}

const LIKELY: crate::diagnosis::Confidence = crate::diagnosis::Confidence::Likely;

/// “The header says "{scheme} {second} …". Something adds the prefix although the stored token
/// already has it.”
pub fn doubled_scheme(view: &View<'_>) -> Answer {
    let Some(MalformedReason::DoubledScheme { second, .. }) = view.malformed() else {
        return Answer::No;
    };
    let first =
        view.scheme().map_or_else(Default::default, |scheme| text::visible(scheme.spelling()));
    let second = text::visible(second).into_owned();
    let found = Found::certain()
        .because(
            view.credentials_place(),
            format!("{first} {second} …"),
            "the second word is a scheme name too",
        )
        .fact("scheme", first)
        .fact("second", second);
    by_status(found, view).into()
}

/// “The Authorization header names {scheme} but carries {no credentials|an empty user name|an empty
/// password}.”
pub fn empty_credentials(view: &View<'_>) -> Answer {
    let (user, password) = (view.finding(Finding::EmptyUser), view.finding(Finding::EmptyPassword));
    let (found, what) = match view.malformed() {
        Some(MalformedReason::EmptyValue | MalformedReason::SchemeOnly) => {
            (Found::certain(), "no credentials")
        }
        reason if reason.is_some() || !(user || password) || view.was_accepted_on_path() => {
            return Answer::No;
        }
        _ if user && password => (Found::certain(), "an empty user name and an empty password"),
        _ if user => (Found::possible(), "an empty user name"),
        _ => (Found::possible(), "an empty password"),
    };
    let scheme = view.scheme().map(|scheme| scheme.name().to_owned());
    let value = match &scheme {
        Some(scheme) => format!("{scheme}, {what}"),
        None => "(empty)".to_owned(),
    };
    let found = found
        .because(view.credentials_place(), value, "")
        .fact_if("scheme", scheme)
        .fact("what", what)
        .fact("field", if view.is_proxy() { "Proxy-Authorization" } else { "Authorization" });
    by_status(found, view).into()
}

/// What servers say of a token that they could read.
const OF_CONTENT: [Category; 8] = [
    Category::Expired,
    Category::NotYetValid,
    Category::BadAudience,
    Category::BadIssuer,
    Category::BadSignature,
    Category::NoKey,
    Category::WrongType,
    Category::Revoked,
];

/// Whether the server's words show that it read the token as it is: AWS API Gateway takes a bare one.
fn has_read_it(view: &View<'_>) -> bool {
    view.said().is_some_and(|said| OF_CONTENT.contains(&said.category))
}

/// “The header begins with …: the word "Bearer" or another scheme is missing | there is no space
/// after {scheme}.” (RFC 9110 §11.4)
pub fn scheme_missing(view: &View<'_>) -> Answer {
    if view.malformed().is_none() || has_read_it(view) || is_accepted_form(view) {
        return Answer::No;
    }
    let offered = view.challenges().first().map(|challenge| challenge.scheme.name().to_owned());
    let (found, is, what, scheme) = match view.malformed() {
        Some(MalformedReason::NoScheme { looks_like }) => {
            let (found, is) = match looks_like {
                LooksLike::Jwt => (Found::certain(), "is a bare JWT"),
                LooksLike::Hex => (Found::certain(), "is a bare hexadecimal key"),
                LooksLike::Base64ish => (Found::certain(), "is a bare token"),
                // Products have forms of their own: `PVEAPIToken=USER@REALM!ID=SECRET` (Proxmox VE).
                LooksLike::Other => return Answer::No,
            };
            let what = match &offered {
                Some(offered) => {
                    format!("the word \"{}\" before it is missing", text::visible(offered))
                }
                None => "the word \"Bearer\" or another scheme before it is missing".to_owned(),
            };
            (found, is.to_owned(), what, offered)
        }
        Some(MalformedReason::MissingSpace) => {
            let scheme = view.scheme().map(|scheme| scheme.name().to_owned());
            let name = scheme.clone().unwrap_or_else(|| "the scheme".to_owned());
            let is = format!("begins with \"{name}\" and the token directly after it");
            (Found::certain(), is, format!("there is no space after {name}"), scheme)
        }
        _ => return Answer::No,
    };
    let found = found
        .because(
            view.credentials_place(),
            format!("{} octets", raw_credentials(view).len()),
            is.clone(),
        )
        .fact("begins", is)
        .fact("what", what)
        .fact_if("scheme", scheme.map(|scheme| text::visible(&scheme).into_owned()));
    by_status(found, view).into()
}

/// “The token contains {what}; servers read that as part of the token or cut it there.” (RFC 6750
/// §2.1)
pub fn stray_characters(view: &View<'_>) -> Answer {
    let what = match view.malformed() {
        Some(MalformedReason::QuotedToken) => "quotes around it".to_owned(),
        Some(MalformedReason::ExtraParts) => "white space".to_owned(),
        Some(MalformedReason::IllegalCharacter { octet, position }) => {
            let shown = text::visible_octets(std::slice::from_ref(octet)).into_owned();
            format!("the character '{shown}' (0x{octet:02X}) at position {}", position + 1)
        }
        None if view.finding(Finding::ObsFold) => {
            "a line break (the header line is folded)".to_owned()
        }
        _ => return Answer::No,
    };
    if view.was_accepted_on_path() {
        return Answer::No;
    }
    let found = if view.malformed().is_some() { Found::certain() } else { Found::likely() };
    let found = found
        .because(view.credentials_place(), what.clone(), "not allowed in a token")
        .fact("what", what);
    by_status(found, view).into()
}
