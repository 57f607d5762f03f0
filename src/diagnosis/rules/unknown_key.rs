//! Keys that stand where none is known to stand: under a name of the product's own, or as a user's name.

use crate::auth::Shape;
use crate::auth::alternatives;
use crate::auth::masking::names::{self, Secrecy};
use crate::auth::posted;
use crate::diagnosis::lexicon::Category;
use crate::diagnosis::rule::{Answer, Found};
use crate::diagnosis::rules::common::quoting;
use crate::diagnosis::rules::refused::{manner, reason};
use crate::diagnosis::view::View;
use crate::text;

/// Shorter values are no keys.
const SHORTEST: usize = 8;

/// Where something stands that may be a key.
#[derive(Debug, PartialEq, Eq)]
pub struct UnknownKey {
    /// For evidence: `request.header.secret-key`.
    pub place: String,
    /// In words: `the header Secret-Key`.
    words: String,
}

/// What the request carries under the name of a secret, outside of all places that are known.
pub fn unknown_key(view: &View<'_>) -> Option<UnknownKey> {
    find(view, |name, value| match names::parameter(name) {
        Secrecy::Plain => false,
        Secrecy::Depends => names::looks_secret(value),
        Secrecy::Secret => !names::is_no_credential(name),
    })
}

/// The same for who knows that there is a key: a value that looks like one is it, whatever its name.
fn certain_key(view: &View<'_>) -> Option<UnknownKey> {
    unknown_key(view).or_else(|| find(view, |_, value| names::looks_secret(value)))
}

fn find(view: &View<'_>, is_key: impl Fn(&[u8], &[u8]) -> bool) -> Option<UnknownKey> {
    let request = view.common_request().filter(|_| !view.is_proxy())?;
    let is_key = |name: &[u8], value: &[u8]| value.len() >= SHORTEST && is_key(name, value);
    let header = request.head.fields().find(|(name, value)| {
        value.len() >= SHORTEST
            && names::is_secret_header(name)
            && !names::is_no_credential(name)
            && !other_place(name)
    });
    if let Some((name, _)) = header {
        let name = text::visible_octets(name);
        let place = format!("request.header.{}", name.to_ascii_lowercase());
        return Some(UnknownKey { place, words: format!("the header {name}") });
    }
    let named = |pairs: Vec<(String, String)>, place: &str, words: &str| {
        let mut pairs = pairs.into_iter();
        let (name, _) = pairs.find(|(name, value)| is_key(name.as_bytes(), value.as_bytes()))?;
        let name = text::shorten(&text::visible(&name), 64).into_owned();
        Some(UnknownKey {
            place: format!("request.{place}.{name}"),
            words: format!("{words} \"{name}\""),
        })
    };
    let query = request.query().map(posted::encoded).unwrap_or_default();
    named(query, "query", "the query parameter")
        .or_else(|| named(posted::fields(request), "body", "the field of the body"))
}

/// Whether what a header holds is told by other rules.
fn other_place(name: &[u8]) -> bool {
    name.eq_ignore_ascii_case(b"cookie")
        || name.eq_ignore_ascii_case(b"proxy-authorization")
        || alternatives::is_no_alternative(name)
}

/// “The server refused {kind} ("{quote}") without saying more.” where it is known that there is a key only by
/// the server's words.
pub fn refused_key(view: &View<'_>) -> Answer {
    if !view.says(Category::ApiKeyInvalid) {
        return Answer::No;
    }
    let (place, kind) = match view.shape() {
        Some(Shape::UserPass { .. }) => {
            let own =
                view.credential().map_or_else(String::new, |own| format!(" (fingerprint {own})"));
            let scheme = view.scheme().map_or("", |scheme| scheme.name());
            (view.credentials_place().to_owned(), format!("the key in this {scheme} login{own}"))
        }
        _ if view.missing() && view.alternatives().is_empty() => match certain_key(view) {
            Some(key) => (key.place, format!("what looks like a key in {}", key.words)),
            None => return Answer::No,
        },
        _ => return Answer::No,
    };
    let found = quoting(Found::possible().because(place, "present", ""), view).fact("kind", kind);
    found.fact_if("manner", manner(view)).fact_if("reason", reason(view)).into()
}

/// Whether the server's words are about a key, and the request has something that may be it.
pub fn may_be_refused_key(view: &View<'_>) -> bool {
    view.says(Category::ApiKeyInvalid) && certain_key(view).is_some()
}
