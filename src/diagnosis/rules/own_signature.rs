//! Signatures of a request that stand outside the credentials field: RFC 9421, webhooks, OAuth 1 and shared
//! access signatures in the query.

use std::borrow::Cow;

use crate::auth::alternatives::{Alternative, AlternativeKind, is_ordinary};
use crate::auth::posted;
use crate::diagnosis::lexicon::Category;
use crate::diagnosis::rules::common::{is_signed, other_credential, place};
use crate::diagnosis::view::View;
use crate::http::Request;
use crate::text;

/// Where a request's signature stands.
#[derive(Debug, Clone, Copy)]
pub enum OwnSignature<'a> {
    /// `Signature` with `Signature-Input` (RFC 9421).
    Message,
    /// A field of one product's own, or of the drafts before RFC 9421.
    Field(&'a [u8]),
    /// `oauth_signature` in the query (RFC 5849 §3.5.3).
    OAuth(&'a Alternative),
    /// `sig` of a shared access signature, which also says when it ends (Azure).
    SharedAccess(&'a Alternative),
}

impl OwnSignature<'_> {
    /// What kind of signature it is, safe to show.
    pub fn scheme(self) -> Cow<'static, str> {
        match self {
            Self::Message => "HTTP message".into(),
            Self::Field(name) if name.eq_ignore_ascii_case(b"signature") => "HTTP message".into(),
            Self::Field(name) => text::visible_octets(name).into_owned().into(),
            Self::OAuth(_) => "OAuth".into(),
            Self::SharedAccess(_) => "shared access".into(),
        }
    }

    /// Where it stands, for evidence.
    pub fn place(self) -> String {
        match self {
            Self::Message => "request.header.signature".to_owned(),
            Self::Field(name) => {
                let name = text::visible_octets(name).to_ascii_lowercase();
                format!("request.header.{name}")
            }
            Self::OAuth(parameter) | Self::SharedAccess(parameter) => place(parameter),
        }
    }
}

/// The signature outside the credentials field that a request relies on.
pub fn own_signature<'a>(view: &View<'a>) -> Option<OwnSignature<'a>> {
    let found = any_signature(view)?;
    let alone = || match other_credential(view) {
        None => true,
        Some(other) => match found {
            OwnSignature::OAuth(own) | OwnSignature::SharedAccess(own) => std::ptr::eq(own, other),
            _ => false,
        },
    };
    // A key beside it says whose signature it is: which of them was refused only the server knows.
    (alone() || says_of_signature(view)).then_some(found)
}

/// Whether the server's words are about a signature.
pub fn says_of_signature(view: &View<'_>) -> bool {
    view.says(Category::BadSignature) || view.says(Category::Clock)
}

/// Any signature outside the credentials field.
pub fn any_signature<'a>(view: &View<'a>) -> Option<OwnSignature<'a>> {
    let head = &view.common_request()?.head;
    if head.has("signature-input") && head.has("signature") {
        return Some(OwnSignature::Message);
    }
    if !view.missing() || view.is_proxy() {
        return None;
    }
    let mut names = head.fields().map(|(name, _)| name);
    if let Some(name) = names.find(|name| is_signature_field(name)) {
        return Some(OwnSignature::Field(name));
    }
    view.alternatives().iter().filter(|other| other.kind == AlternativeKind::Query).find_map(
        |other| match other.name.as_str() {
            "oauth_signature" => Some(OwnSignature::OAuth(other)),
            "sig" if query_value(view.request()?, "se").is_some() => {
                Some(OwnSignature::SharedAccess(other))
            }
            _ => None,
        },
    )
}

/// Whether the request is signed and carries no token that could be meant instead.
pub fn is_only_signed(view: &View<'_>) -> bool {
    is_signed(view) || view.missing() && own_signature(view).is_some()
}

/// A parameter of the query, decoded.
pub fn query_value(request: &Request, wanted: &str) -> Option<String> {
    let pairs = posted::encoded(request.query()?);
    pairs.into_iter().find(|(name, _)| name == wanted).map(|(_, value)| value)
}

/// `X-Hub-Signature-256`, `X-Signature-Ed25519`, `X-Shopify-Hmac-Sha256`, `CB-ACCESS-SIGN`: what the
/// signature was made with may follow the word.
fn is_signature_field(name: &[u8]) -> bool {
    if is_ordinary(name) {
        return false;
    }
    let mut words = name.rsplit(|octet| matches!(octet, b'-' | b'_'));
    let word = words.find(|word| !is_algorithm(word)).unwrap_or_default();
    let signature: [&[u8]; 4] = [b"signature", b"hmac", b"sign", b"sig"];
    signature.into_iter().any(|known| word.eq_ignore_ascii_case(known))
}

/// `256`, `v3`, `sha256`, `ed25519`.
fn is_algorithm(word: &[u8]) -> bool {
    let letters = word.iter().take_while(|octet| octet.is_ascii_alphabetic()).count();
    let (letters, digits) = word.split_at(letters);
    let known: [&[u8]; 4] = [b"", b"v", b"sha", b"ed"];
    !digits.is_empty()
        && digits.iter().all(u8::is_ascii_digit)
        && known.into_iter().any(|one| letters.eq_ignore_ascii_case(one))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signature_is_known_by_the_word_whatever_made_it() {
        let signatures = [
            "Signature",
            "X-Signature",
            "X-Hub-Signature-256",
            "Stripe-Signature",
            "x-hubspot-signature-v3",
            "X-Signature-Ed25519",
            "X-Shopify-Hmac-Sha256",
            "PayPal-Transmission-Sig",
            "OK-ACCESS-SIGN",
            "x_acme_signature",
        ];
        for name in signatures {
            assert!(is_signature_field(name.as_bytes()), "{name}");
        }
        let others = [
            "Signature-Input",
            "X-Signature-Method",
            "X-Signature-Version",
            "X-Ca-Signature-Headers",
            "X-Slack-Request-Timestamp",
            "X-Design",
            "X-256",
            "Host",
            "",
        ];
        for name in others {
            assert!(!is_signature_field(name.as_bytes()), "{name}");
        }
    }
}
