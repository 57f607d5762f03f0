//! HTTP signatures: the draft's `Authorization: Signature` (draft-cavage-http-signatures-12 §2.1) and
//! `Signature-Input` of RFC 9421 §4.1.

use crate::auth::authorization::Parameters;
use crate::auth::syntax;
use crate::text;
use crate::time::Timestamp;

/// More signatures or components than any request has; the rest is not read.
const MOST: usize = 64;

/// What one signature covers.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Signature {
    /// RFC 9421: its label.
    pub label: Option<String>,
    /// Key id.
    pub key_id: Option<String>,
    /// Algorithm, where named.
    pub algorithm: Option<String>,
    /// Names of what was signed, in lower case: header fields, `(request-target)` and the like of
    /// the draft, `@method` and the like of RFC 9421.
    pub components: Vec<String>,
    /// When it was made.
    pub created: Option<Timestamp>,
    /// Until when it holds.
    pub expires: Option<Timestamp>,
}

impl Signature {
    /// From the parameters of the draft's field.
    pub fn draft(parameters: &Parameters) -> Option<Self> {
        // §2.1.6: without `headers`, only `(created)` is covered; older drafts said `date`.
        let components = parameters.get("headers").unwrap_or("(created)");
        parameters.get("signature")?;
        Some(Self {
            label: None,
            key_id: parameters.get("keyid").map(str::to_owned),
            algorithm: parameters.get("algorithm").map(str::to_owned),
            components: components
                .split_ascii_whitespace()
                .take(MOST)
                .map(str::to_ascii_lowercase)
                .collect(),
            created: parameters.get("created").and_then(super::seconds),
            expires: parameters.get("expires").and_then(super::seconds),
        })
    }

    /// From a `Signature-Input` field: one for each label.
    pub fn inputs(value: &[u8]) -> Vec<Self> {
        syntax::list(value).take(MOST).filter_map(Self::input).collect()
    }

    /// `sig1=("@method" "host");created=1618884473;keyid="test-key"`
    fn input(member: &[u8]) -> Option<Self> {
        let (label, rest) = syntax::parameter_name(member)?;
        let mut rest = rest.strip_prefix(b"(")?;
        let mut signature =
            Self { label: Some(text::decode(label).into_owned()), ..Self::default() };
        // Each component is a quoted name, perhaps with parameters of its own (`;sf`, `;key="x"`).
        loop {
            rest = syntax::trim_start(rest);
            if let Some(after) = rest.strip_prefix(b")") {
                rest = after;
                break;
            }
            let (name, after) = syntax::quoted(rest)?;
            rest = skip_component_parameters(after?);
            if signature.components.len() < MOST {
                signature.components.push(text::decode(name).to_ascii_lowercase());
            }
        }
        while let Some(after) = syntax::trim_start(rest).strip_prefix(b";") {
            let (name, value) = syntax::parameter_name(syntax::trim_start(after))?;
            let (value, after) = if let Some((value, after)) = syntax::quoted(value) {
                (syntax::unescape(value).into_owned(), after?)
            } else {
                let end = value.iter().position(|&octet| octet == b';');
                let (value, after) = value.split_at(end.unwrap_or(value.len()));
                (value.to_vec(), after)
            };
            signature.set(name, &text::decode(&value));
            rest = after;
        }
        Some(signature)
    }

    fn set(&mut self, name: &[u8], value: &str) {
        match name {
            b"keyid" => self.key_id = Some(value.to_owned()),
            b"alg" => self.algorithm = Some(value.to_owned()),
            b"created" => self.created = super::seconds(value),
            b"expires" => self.expires = super::seconds(value),
            _ => {}
        }
    }

    /// The header fields among what was signed, without the derived components.
    pub fn fields(&self) -> impl Iterator<Item = &str> {
        self.components.iter().map(String::as_str).filter(|name| !name.starts_with(['@', '(']))
    }
}

/// To the next blank or closing parenthesis outside quotes.
fn skip_component_parameters(octets: &[u8]) -> &[u8] {
    let mut in_quotes = false;
    let end = octets.iter().position(|&octet| {
        in_quotes ^= octet == b'"';
        !in_quotes && (octet == b' ' || octet == b')')
    });
    &octets[end.unwrap_or(octets.len())..]
}
