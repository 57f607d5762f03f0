//! Logins that do not show which password they were made with (Digest, NTLM): what became of others of the
//! same user.

use std::time::Duration;

use crate::auth::Shape;
use crate::diagnosis::history::{Record, Sent};
use crate::diagnosis::rule::Found;
use crate::diagnosis::view::View;
use crate::time::humane;

/// Nobody types a password anew so fast: a program repeats its request with the one that it has.
pub const AT_ONCE: Duration = Duration::from_secs(1);

/// Another login of the same user and client that was accepted: then the password need not be what this
/// one was refused for.
pub struct Doubt<'a> {
    other: &'a Record,
    /// Whether it was the repeat of this request.
    pub is_repeat: bool,
    words: String,
}

impl Doubt<'_> {
    /// With this login as a fact.
    pub fn told(self, found: Found) -> Found {
        found
            .because("history", format!("#{}", self.other.id), "the same user was accepted")
            .fact("facts", self.words)
            .related(self.other.id)
    }
}

/// Whether these credentials depend on a challenge, so that they do not show their password.
pub fn hides_password(view: &View<'_>) -> bool {
    matches!(view.shape(), Some(Shape::Digest(_) | Shape::Ntlm3 { .. }))
}

/// The login that speaks against a wrong password, if there is one.
pub fn doubt<'a>(view: &View<'a>) -> Option<Doubt<'a>> {
    if !hides_password(view) {
        return None;
    }
    repeated_at_once(view).or_else(|| accepted_before(view))
}

/// RFC 7616 §3.3 leaves it to the server to say that only the nonce was too old, and many devices do not.
fn repeated_at_once<'a>(view: &View<'a>) -> Option<Doubt<'a>> {
    let own = view.record()?;
    let (other, _) = view.repetition()?;
    let same = own.user_key != 0 && own.user_key == other.user_key && own.same_client(other);
    let at_once = other.time.since(own.answered) <= AT_ONCE;
    if !(same && at_once && other.accepted() && other.sent == Sent::Credentials) {
        return None;
    }
    let after = humane(other.answered.since(own.answered));
    let words = match other.scheme.filter(|_| other.scheme != own.scheme) {
        Some(scheme) => format!("The same user was accepted with {scheme} {after} later"),
        None if view.uses("Digest") => format!(
            "The same user was accepted with a new nonce {after} later: the one before may have been outdated, \
             which the server did not say (stale)"
        ),
        None => format!("The same user was accepted {after} later"),
    };
    Some(Doubt { other, is_repeat: true, words })
}

fn accepted_before<'a>(view: &View<'a>) -> Option<Doubt<'a>> {
    let own = view.record()?;
    let user = view.authorization().fingerprint?;
    if !view.history().credential_may_be_accepted(user) {
        return None;
    }
    // An open page proves no login.
    let accepted = || {
        view.history().of_credential(user, own).filter(|other| {
            other.accepted()
                && other.same_origin(own)
                && other.same_client(own)
                && !view.history().is_public(other)
        })
    };
    let other = accepted().find(|other| other.answered <= own.time)?;
    // Where the path lets this user in, and the nonce is new, the password is what is left.
    let here = |other: &&Record| other.same_route(own);
    let later = accepted().filter(here).any(|other| other.time >= own.answered);
    if begins_anew(view, own) && !later && accepted().any(|other| here(&other)) {
        return None;
    }
    let before = humane(own.time.since(other.answered));
    let nonce = if view.uses("Digest") { "the nonce is outdated, " } else { "" };
    let words = format!(
        "The same user was accepted here {before} before; the login does not show whether the password is another, \
         {nonce}or this path is not for this user"
    );
    Some(Doubt { other, is_repeat: false, words })
}

/// Whether it answers the challenge to a request without credentials, as the first login of a program does. One
/// of NTLM always is made for a challenge of its own.
fn begins_anew(view: &View<'_>, own: &Record) -> bool {
    let challenged = || {
        let prior = view.prior().filter(|prior| prior.sent == Sent::Nothing)?;
        Some(prior.refusal.as_ref()?.nonce_issued == own.refusal.as_ref()?.nonce_used)
    };
    !view.uses("Digest") || challenged().unwrap_or_default()
}
