//! Refused credentials, held against the keys and passwords that the user gave.

use std::sync::Arc;

use crate::auth::proof::{Proof, Prover, Verdict};
use crate::auth::{AuthFacts, AuthState, Shape};
use crate::diagnosis::{Diagnosis, Evidence, View};
use crate::exchange::Exchange;
use crate::text;

/// Where evidence says that it comes from: not from the wire.
pub const PLACE: &str = "proof";

/// Compares the credentials of a refused request. `None` where there is nothing to compare.
pub fn prove(prover: &mut Prover, exchange: &Exchange, auth: &AuthFacts) -> Option<Proof> {
    let field = match exchange.status()? {
        401 => "authorization",
        407 => "proxy-authorization",
        _ => return None,
    };
    let AuthState::Present { shape, .. } = &auth.authorization.state else { return None };
    let request = exchange.request.as_ref()?;
    match shape {
        // Without a user it is a key in its place.
        Shape::UserPass { user, password } if auth.authorization.user.is_some() => {
            prover.basic(user, password.expose())
        }
        Shape::Digest(parameters) => prover.digest(parameters, request.method()),
        Shape::Jws(_) => {
            let value = std::str::from_utf8(request.head.get(field)?).ok()?;
            let (_, token) = value.trim_ascii().split_once([' ', '\t'])?;
            prover.jwt(token.trim_ascii())
        }
        _ => None,
    }
}

/// The comparison in words: the names in it come from a file or from the wire.
pub fn words(proof: &Proof) -> String {
    text::shorten(&text::visible(&proof.to_string()), 160).into_owned()
}

/// Says with every diagnosis what was compared: it may rule out what the reader suspects.
pub fn add_evidence(diagnosis: &mut Arc<Diagnosis>, view: &View<'_>) {
    let Some(proof) = view.proof().filter(|_| !diagnosis.benign) else { return };
    let what = match view.shape() {
        Some(Shape::Jws(_)) => "the signature",
        Some(Shape::Digest(_)) => "the response",
        _ => "the password",
    };
    let note = match proof.verdict {
        Verdict::Matches => format!("{what} is right: the reason is another"),
        Verdict::Differs => format!("{what} is wrong"),
        Verdict::Unknown | Verdict::CannotTell(_) => format!("{what} was not compared"),
    };
    Arc::make_mut(diagnosis).evidence.push(Evidence {
        field: PLACE.into(),
        value: words(proof),
        note: note.into(),
    });
}
