//! Header fields.

use memchr::memmem;

use super::names::{self, Secrecy};
use super::{Masking, url};
use crate::auth::alternatives::looks_like_credential;
use crate::auth::authorization::{AuthState, Authorization, MalformedReason, Shape};
use crate::auth::credentials::{self, params};
use crate::auth::jwt;
use crate::auth::syntax::{self, is_space, trim};
use crate::secret::Fingerprint;

/// Parameters of credentials that are public; all others are masked.
const PUBLIC_PARAMETERS: [&str; 34] = [
    "realm",
    "username",
    "username*",
    "nonce",
    "nextnonce",
    "uri",
    "qop",
    "nc",
    "algorithm",
    "opaque",
    "userhash",
    "credential",
    "signedheaders",
    "id",
    "ts",
    "hash",
    "app",
    "dlg",
    "oauth_consumer_key",
    "oauth_nonce",
    "oauth_signature_method",
    "oauth_timestamp",
    "oauth_version",
    "oauth_body_hash",
    "keyid",
    "headers",
    "created",
    "expires",
    "k",
    "kid",
    "account",
    "tsm",
    "stale",
    "scope",
];

/// Headers that name hosts, in front of which a client may leave the userinfo of its URL.
const HOST_HEADERS: [&[u8]; 6] =
    [b"host", b":authority", b"x-forwarded-host", b"x-original-host", b"x-host", b"forwarded"];

/// Header fields with a form of their own.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Form {
    Public,
    Challenges,
    Credentials,
    Cookies,
    SetCookie,
    Parameters,
    Signatures,
    Subprotocols,
}

const FORMS: [(&[u8], Form); 14] = [
    // Read by everybody, but for what its texts and URLs may hold.
    (b"www-authenticate", Form::Challenges),
    (b"proxy-authenticate", Form::Challenges),
    // Never a client's secret.
    (b"signature-input", Form::Public),
    (b"accept-signature", Form::Public),
    (b"sec-websocket-key", Form::Public),
    (b"authorization", Form::Credentials),
    (b"proxy-authorization", Form::Credentials),
    (b"cookie", Form::Cookies),
    (b"set-cookie", Form::SetCookie),
    (b"set-cookie2", Form::SetCookie),
    (b"authentication-info", Form::Parameters),
    (b"proxy-authentication-info", Form::Parameters),
    (b"signature", Form::Signatures),
    (b"sec-websocket-protocol", Form::Subprotocols),
];

/// The lengths of the names above, a bit each: nearly every other name has another one.
const LENGTHS: u64 = {
    let mut lengths = 0;
    let mut index = 0;
    while index < FORMS.len() {
        lengths |= 1 << FORMS[index].0.len();
        index += 1;
    }
    lengths
};

fn form(name: &[u8]) -> Option<Form> {
    if LENGTHS.checked_shr(name.len() as u32).unwrap_or(0) & 1 == 0 {
        return None;
    }
    let known = FORMS.iter().find(|(known, _)| name.eq_ignore_ascii_case(known));
    known.map(|(_, form)| *form)
}

impl Masking {
    /// The masked value; `None` when there is nothing to mask.
    pub(super) fn header_value(&self, name: &[u8], value: &[u8]) -> Option<Vec<u8>> {
        match form(name) {
            Some(Form::Public) => return None,
            Some(Form::Challenges) => return self.said(value),
            Some(Form::Credentials) => return self.credentials(value),
            Some(Form::Cookies) => return Some(self.cookies(value, |_| None)),
            Some(Form::SetCookie) => return Some(self.set_cookie(value)),
            Some(Form::Parameters) => return Some(self.parameters(value)),
            Some(Form::Signatures) => return Some(self.signatures(value)),
            Some(Form::Subprotocols) => return self.subprotocols(value),
            None => {}
        }
        if looks_like_credential(value) {
            return self.credentials(value);
        }
        if self.is_secret_header(name) {
            return Some(self.named_secret(value));
        }
        if !url::has_marks(value) {
            return None;
        }
        if value.contains(&b'@')
            && HOST_HEADERS.iter().any(|known| name.eq_ignore_ascii_case(known))
        {
            return Some(url::authorities(value));
        }
        self.url(value)
    }

    /// A line `Name: value` of a message that is shown in another one (`TRACE`, an echo), where that field
    /// has a form of its own.
    pub(super) fn echoed(&self, name: &[u8], value: &[u8]) -> Option<Vec<u8>> {
        match form(name) {
            Some(Form::Credentials) => self.credentials(value),
            Some(Form::Cookies) if value.contains(&b'=') => Some(self.cookies(value, |_| None)),
            Some(Form::SetCookie) if value.contains(&b'=') => Some(self.set_cookie(value)),
            _ => None,
        }
    }

    /// `Authorization`: the scheme stays, what is secret goes.
    fn credentials(&self, value: &[u8]) -> Option<Vec<u8>> {
        self.credentials_as(&credentials::read(value, &self.key), value)
    }

    /// The same of a value that was read already.
    pub(super) fn credentials_as(&self, read: &Authorization, value: &[u8]) -> Option<Vec<u8>> {
        let (unfolded, _) = syntax::unfold(value);
        let (word, rest) = syntax::token(trim(&unfolded));
        let token = trim(rest);
        let masked = |token: &[u8]| {
            let mut out = Vec::with_capacity(word.len() + 40);
            out.extend_from_slice(word);
            out.push(b' ');
            Self::append_token(&mut out, token, read.fingerprint);
            Some(out)
        };
        match &read.state {
            AuthState::Malformed { reason, .. } => self.malformed(read, reason, &unfolded),
            // Azure Storage's `account:signature` is no list.
            AuthState::Present { shape: Shape::Params(parameters), .. }
                if params::parse(token).is_none() =>
            {
                let account = parameters.get("account").unwrap_or_default();
                Some(join(word, format!("{account}:(masked)").as_bytes()))
            }
            AuthState::Present { shape: Shape::Digest(_) | Shape::Params(_), .. } => {
                Some(join(word, &self.parameters(token)))
            }
            // Names, flags and no answer to a challenge yet.
            AuthState::Present { shape: Shape::Ntlm1 | Shape::Ntlm2, .. } => None,
            AuthState::Present { shape: Shape::UserPass { .. }, .. } => masked(b""),
            _ => masked(token),
        }
    }

    fn malformed(
        &self,
        read: &Authorization,
        reason: &MalformedReason,
        value: &[u8],
    ) -> Option<Vec<u8>> {
        let value = trim(value);
        let (word, rest) = syntax::token(value);
        let token = trim(rest);
        let mask = |token: &[u8]| Self::token(token, read.fingerprint);
        match reason {
            MalformedReason::EmptyValue | MalformedReason::SchemeOnly => None,
            MalformedReason::Placeholder { text }
            | MalformedReason::UnexpandedVariable { text } => {
                Some(self.artifact(read, text, value))
            }
            MalformedReason::NoScheme { .. } => Some(mask(value)),
            MalformedReason::MissingSpace => {
                let name = read.scheme.as_ref().map_or(0, |scheme| scheme.spelling().len());
                let separator = usize::from(value.get(name).is_some_and(|o| b":=".contains(o)));
                let (shown, token) = value.split_at((name + separator).min(value.len()));
                Some([shown, &mask(token)].concat())
            }
            MalformedReason::QuotedToken if read.scheme.is_none() => Some(mask(b"")),
            MalformedReason::QuotedToken => {
                Some(join(word, &[b"\"", &mask(b"")[..], b"\""].concat()))
            }
            MalformedReason::DoubledScheme { .. } => {
                let (second, rest) = syntax::token(token);
                let token = trim(rest);
                if token.is_empty() {
                    return None;
                }
                let shown = if second.eq_ignore_ascii_case(b"basic") { b"" } else { token };
                Some(join(word, &join(second, &mask(shown))))
            }
            MalformedReason::CommaJoined { schemes } => {
                let mut out = join(word, &mask(b""));
                for scheme in schemes.iter().skip(1) {
                    out.extend_from_slice(format!(", {scheme} (masked)").as_bytes());
                }
                Some(out)
            }
            MalformedReason::DigestMissingParams { .. } => {
                Some(join(word, &self.parameters(token)))
            }
            MalformedReason::JwtSegments { .. }
            | MalformedReason::JwtBadBase64 { .. }
            | MalformedReason::JwtBadJson { .. }
            | MalformedReason::JwtNoSignature
            | MalformedReason::JwtSignatureLength { .. } => Some(join(word, &mask(token))),
            _ => Some(join(word, &mask(b""))),
        }
    }

    /// The artifact's own text, which leaves out what could be secret.
    fn artifact(&self, read: &Authorization, text: &str, value: &[u8]) -> Vec<u8> {
        if let Some(scheme) = &read.scheme {
            return join(scheme.spelling().as_bytes(), text.as_bytes());
        }
        // `undefined eyJ…`: only the scheme word is the artifact.
        let (word, rest) = syntax::token(value);
        let token = trim(rest);
        if word == text.as_bytes() && rest.first().is_some_and(|&octet| is_space(octet)) {
            return join(word, self.secret(token).as_bytes());
        }
        text.as_bytes().to_vec()
    }

    /// `name=value` pairs: all but the public ones masked, in place.
    fn parameters(&self, text: &[u8]) -> Vec<u8> {
        let Some(parameters) = params::parse(text) else {
            return b"(masked)".to_vec();
        };
        let mut out = Vec::with_capacity(text.len());
        for parameter in parameters {
            if !out.is_empty() {
                out.extend_from_slice(b", ");
            }
            out.extend_from_slice(parameter.name);
            out.push(b'=');
            let quote: &[u8] = if parameter.quoted { b"\"" } else { b"" };
            out.extend_from_slice(quote);
            let public = PUBLIC_PARAMETERS
                .iter()
                .any(|name| parameter.name.eq_ignore_ascii_case(name.as_bytes()));
            if public {
                let masked = self.url(parameter.value);
                out.extend_from_slice(masked.as_deref().unwrap_or(parameter.value));
            } else {
                out.extend_from_slice(self.secret(parameter.value).as_bytes());
            }
            out.extend_from_slice(quote);
        }
        out
    }

    /// `Cookie`. `known`: the fingerprint of a pair, where it was made before.
    pub(super) fn cookies(
        &self,
        value: &[u8],
        known: impl Fn(&[u8]) -> Option<Fingerprint>,
    ) -> Vec<u8> {
        // What is masked is shorter than what is long.
        let mut out = Vec::with_capacity(value.len().min(512));
        let ends = memchr::memchr_iter(b';', value).chain([value.len()]);
        let mut start = 0;
        for end in ends {
            let pair = trim(&value[start..end]);
            start = end + 1;
            if !out.is_empty() {
                out.extend_from_slice(b"; ");
            }
            self.append_cookie(&mut out, pair, known(pair));
        }
        out
    }

    /// One pair. The fingerprint is that of `name=value`, as among the alternatives.
    fn append_cookie(&self, out: &mut Vec<u8>, pair: &[u8], known: Option<Fingerprint>) {
        let equals = pair.iter().position(|&octet| octet == b'=');
        let (name, value) = pair.split_at(equals.map_or(0, |equals| equals + 1));
        out.extend_from_slice(name);
        let fingerprint = || known.unwrap_or_else(|| self.key.fingerprint(pair));
        match super::readable(trim(value)) {
            Some(text) => out.extend_from_slice(text.as_bytes()),
            None => Self::append_token(out, b"", Some(fingerprint())),
        }
    }

    fn set_cookie(&self, value: &[u8]) -> Vec<u8> {
        let end = value.iter().position(|&octet| octet == b';').unwrap_or(value.len());
        let mut out = Vec::with_capacity(value.len());
        self.append_cookie(&mut out, trim(&value[..end]), None);
        out.extend_from_slice(&value[end..]);
        out
    }

    /// RFC 9421 `Signature: sig1=:…:`, and the draft's parameters.
    fn signatures(&self, value: &[u8]) -> Vec<u8> {
        if !value.contains(&b'=') {
            return self.named_secret(value);
        }
        self.parameters(value)
    }

    /// `Sec-WebSocket-Protocol` (RFC 6455 §11.3.4): names of protocols, and among them the tokens of
    /// browsers' programs, which have no other field to put them in:
    /// `base64url.bearer.authorization.k8s.io.…`, `Bearer, …`.
    fn subprotocols(&self, value: &[u8]) -> Option<Vec<u8>> {
        let mut out = Vec::with_capacity(value.len());
        let (mut announced, mut masked) = (false, false);
        for (index, element) in value.split(|&octet| octet == b',').enumerate() {
            let protocol = trim(element);
            let secret = if announced { Some(0) } else { secret_of_subprotocol(protocol) };
            announced = names::parameter(protocol) == Secrecy::Secret
                || protocol.eq_ignore_ascii_case(b"basic");
            let (name, secret) = protocol.split_at(secret.unwrap_or(protocol.len()));
            if index > 0 {
                out.extend_from_slice(b", ");
            }
            out.extend_from_slice(name);
            if !secret.is_empty() {
                out.extend_from_slice(&self.named_secret(secret));
                masked = true;
            }
        }
        masked.then_some(out)
    }

    /// A value that its header's name calls a secret.
    fn named_secret(&self, value: &[u8]) -> Vec<u8> {
        match super::readable(value) {
            Some(text) => text.into_owned().into_bytes(),
            None => Self::token(value, Some(self.key.fingerprint(value))),
        }
    }
}

/// Where a token begins in what stands where the name of a protocol should. Such names are labels with
/// dots between them, in lower case.
fn secret_of_subprotocol(protocol: &[u8]) -> Option<usize> {
    if let Some(at) = memmem::find(protocol, b"eyJ").filter(|&at| jwt::looks_like(&protocol[at..]))
    {
        return Some(at);
    }
    let is_random = |label: &[u8]| {
        let hexadecimal = label.iter().all(|octet| octet.is_ascii_hexdigit() || *octet == b'-');
        names::looks_secret(label)
            && (hexadecimal
                || label.iter().any(u8::is_ascii_uppercase)
                    && label.iter().any(u8::is_ascii_lowercase))
    };
    let mut at = 0;
    let mut announced = false;
    for label in protocol.split(|&octet| octet == b'.') {
        let last = at + label.len() == protocol.len();
        if is_random(label) || announced && last {
            return Some(at);
        }
        announced |= names::parameter(label) == Secrecy::Secret;
        at += label.len() + 1;
    }
    None
}

fn join(word: &[u8], rest: &[u8]) -> Vec<u8> {
    [word, b" ", rest].concat()
}
