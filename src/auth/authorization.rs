//! The authorization state of a request: a closed set, in which nothing unplaceable is ever "missing".

use std::sync::Arc;

pub use crate::auth::alternatives::{Alternative, AlternativeKind, alternatives};
use crate::auth::{Jwt, Scheme, credentials};
use crate::exchange::Exchange;
use crate::http::HeadLoss;
use crate::secret::{Fingerprint, FingerprintKey, Secret};

/// The credentials field of a request.
#[derive(Debug, Clone)]
pub struct Authorization {
    /// What it is.
    pub state: AuthState,
    /// The scheme word, where there is one.
    pub scheme: Option<Scheme>,
    /// Who it speaks for, where the credentials say so in clear: the user of Basic, Digest and NTLM,
    /// the `sub` (else `client_id`, `azp`) of a JWT, an access key id, a consumer key.
    pub user: Option<String>,
    /// Tells this credential from others in this run.
    pub fingerprint: Option<Fingerprint>,
}

/// The state itself.
#[derive(Debug, Clone)]
pub enum AuthState {
    /// No such field line at all.
    Missing,
    /// Well-formed.
    Present {
        /// What the credentials look like.
        shape: Shape,
        /// Oddities that do not break the form.
        findings: Vec<Finding>,
    },
    /// Not a credential of its scheme.
    Malformed {
        /// What is wrong with it.
        reason: MalformedReason,
        /// Oddities found on the way.
        findings: Vec<Finding>,
    },
    /// Two or more field lines.
    Multiple {
        /// How many.
        count: usize,
        /// Whether all are the same octets.
        identical: bool,
        /// The scheme of each, in order.
        schemes: Vec<Option<Scheme>>,
        /// The first one, parsed.
        first: Arc<Authorization>,
    },
    /// Cannot be known from what was captured.
    Unknown {
        /// Why not.
        reason: UnknownReason,
    },
}

impl AuthState {
    /// `missing`, `present`, `malformed`, `multiple` or `unknown`.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Missing => "missing",
            Self::Present { .. } => "present",
            Self::Malformed { .. } => "malformed",
            Self::Multiple { .. } => "multiple",
            Self::Unknown { .. } => "unknown",
        }
    }
}

/// Why the state is not known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum UnknownReason {
    /// The head is longer than what was captured of it.
    HeadersTruncated,
    /// Packets of the head are missing.
    CaptureGap,
    /// The capture began after the request.
    StartedMidStream,
    /// What stands in the request's place was captured, and is neither HTTP/1 nor HTTP/2.
    NotHttp1,
}

impl From<HeadLoss> for UnknownReason {
    fn from(loss: HeadLoss) -> Self {
        match loss {
            HeadLoss::Gap => Self::CaptureGap,
            HeadLoss::StartedMidStream => Self::StartedMidStream,
            HeadLoss::Truncated => Self::HeadersTruncated,
            HeadLoss::NotHttp1 => Self::NotHttp1,
        }
    }
}

impl UnknownReason {
    /// As in JSON.
    pub const fn name(self) -> &'static str {
        match self {
            Self::HeadersTruncated => "headers-truncated",
            Self::CaptureGap => "capture-gap",
            Self::StartedMidStream => "started-mid-stream",
            Self::NotHttp1 => "not-http1",
        }
    }
}

/// What well-formed credentials look like.
#[derive(Debug, Clone)]
pub enum Shape {
    /// Basic (RFC 7617).
    UserPass {
        /// User-id, decoded (Latin-1 where it is not UTF-8).
        user: String,
        /// Password.
        password: Secret,
    },
    /// A signed JWT in compact form, three segments.
    Jws(Box<Jwt>),
    /// An encrypted JWT, five segments.
    Jwe {
        /// Key management algorithm.
        alg: Option<String>,
        /// Content encryption algorithm.
        enc: Option<String>,
    },
    /// Base64 of a JSON object that is no JWT header (old Grafana API keys).
    OpaqueJson,
    /// Any other token text.
    Opaque {
        /// Its length in octets.
        length: usize,
        /// A prefix that names its issuer (`ghp_`, `ya29.`, `sk_live_`, `v4.public.`), where known.
        known_prefix: Option<&'static str>,
    },
    /// Digest parameters (RFC 7616).
    Digest(Parameters),
    /// Parameters of another scheme: AWS4, Hawk, OAuth, Signature, …
    Params(Parameters),
    /// NTLMSSP message 1, NEGOTIATE.
    Ntlm1,
    /// NTLMSSP message 2, CHALLENGE.
    Ntlm2,
    /// NTLMSSP message 3, AUTHENTICATE.
    Ntlm3 {
        /// Domain, in clear.
        domain: String,
        /// User, in clear.
        user: String,
        /// Workstation, in clear.
        workstation: String,
    },
    /// SPNEGO initial token (RFC 4178).
    Spnego {
        /// Whether an NTLMSSP message is inside.
        ntlm: bool,
    },
    /// A Kerberos AP-REQ without SPNEGO around it.
    Kerberos,
    /// Another GSS-API token.
    Gss {
        /// Whether an NTLMSSP message is inside.
        ntlm: bool,
    },
    /// A later SPNEGO token, `NegTokenResp`.
    SpnegoResp {
        /// Whether an NTLMSSP message is inside.
        ntlm: bool,
    },
    /// Credentials of a scheme this program does not know; not looked into.
    Raw,
}

impl Shape {
    /// As in JSON.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::UserPass { .. } => "user-pass",
            Self::Jws(_) => "jws",
            Self::Jwe { .. } => "jwe",
            Self::OpaqueJson => "opaque-json",
            Self::Opaque { .. } => "opaque",
            Self::Digest(_) => "digest",
            Self::Params(_) => "params",
            Self::Ntlm1 => "ntlm1",
            Self::Ntlm2 => "ntlm2",
            Self::Ntlm3 { .. } => "ntlm3",
            Self::Spnego { ntlm: false } => "spnego",
            Self::Spnego { ntlm: true } => "spnego+ntlm",
            Self::Kerberos => "kerberos",
            Self::Gss { ntlm: false } => "gss",
            Self::Gss { ntlm: true } => "gss+ntlm",
            Self::SpnegoResp { ntlm: false } => "spnego-resp",
            Self::SpnegoResp { ntlm: true } => "spnego-resp+ntlm",
            Self::Raw => "raw",
        }
    }
}

/// `name=value` pairs of a credential or challenge, in order; names in lower case.
///
/// Values of credentials can be secret (`response`, `Signature`, `mac`): `Debug` prints names only.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Parameters(pub Vec<(String, String)>);

impl Parameters {
    /// The first value of this (lower-case) name.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }
}

impl std::fmt::Debug for Parameters {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list().entries(self.0.iter().map(|(name, _)| name)).finish()
    }
}

/// What is wrong with a malformed credential.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MalformedReason {
    /// The field is there, its value only white space.
    EmptyValue,
    /// A scheme and nothing after it.
    SchemeOnly,
    /// Something credential-like without a scheme word.
    NoScheme {
        /// What it looks like.
        looks_like: LooksLike,
    },
    /// `BearereyJ…`, `Bearer:x`, `Bearer=x`.
    MissingSpace,
    /// `Bearer Bearer x`, or `Bearer Basic x`.
    DoubledScheme {
        /// The second scheme word.
        second: String,
        /// Whether the two differ.
        mixed: bool,
    },
    /// `undefined`, `null`, `[object Object]`, `b'…'`, …
    Placeholder {
        /// The text itself (it is no secret).
        text: String,
    },
    /// `$TOKEN`, `{{token}}`, `<token>`, …
    UnexpandedVariable {
        /// The text itself (it is no secret).
        text: String,
    },
    /// Quotes around the token.
    QuotedToken,
    /// White space inside the token.
    ExtraParts,
    /// Two credentials in one field line.
    CommaJoined {
        /// The schemes in it, in order.
        schemes: Vec<String>,
    },
    /// An octet outside the token grammar.
    IllegalCharacter {
        /// The octet.
        octet: u8,
        /// Its position in the token, from 0.
        position: usize,
    },
    /// Basic credentials that are not base64.
    NotBase64 {
        /// Plain `user:password`.
        plain: bool,
        /// A length that base64 cannot have.
        truncated: bool,
    },
    /// Basic credentials without a colon.
    NoColon {
        /// They are base64 of base64.
        double_encoded: bool,
    },
    /// A JWT with the wrong number of segments.
    JwtSegments {
        /// How many it has.
        count: usize,
    },
    /// A JWT segment that is not base64url.
    JwtBadBase64 {
        /// Which, from 0.
        segment: usize,
    },
    /// A JWT segment that is not a JSON object.
    JwtBadJson {
        /// Which, from 0.
        segment: usize,
    },
    /// A JWT whose signature is empty although its algorithm needs one.
    JwtNoSignature,
    /// A JWT whose signature cannot be one of its algorithm.
    JwtSignatureLength {
        /// The algorithm.
        algorithm: String,
        /// Octets present.
        got: usize,
        /// Octets needed.
        want: usize,
    },
    /// Digest parameters that do not follow the grammar.
    DigestSyntax,
    /// Digest parameters that must be there and are not.
    DigestMissingParams {
        /// Their names.
        names: Vec<&'static str>,
    },
    /// NTLM or Negotiate data that is neither NTLMSSP nor GSS-API.
    BadGssToken,
}

impl MalformedReason {
    /// As in JSON.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::EmptyValue => "empty-value",
            Self::SchemeOnly => "scheme-only",
            Self::NoScheme { .. } => "no-scheme",
            Self::MissingSpace => "missing-space",
            Self::DoubledScheme { .. } => "doubled-scheme",
            Self::Placeholder { .. } => "placeholder",
            Self::UnexpandedVariable { .. } => "unexpanded-variable",
            Self::QuotedToken => "quoted-token",
            Self::ExtraParts => "extra-parts",
            Self::CommaJoined { .. } => "comma-joined",
            Self::IllegalCharacter { .. } => "illegal-character",
            Self::NotBase64 { .. } => "not-base64",
            Self::NoColon { .. } => "no-colon",
            Self::JwtSegments { .. } => "jwt-segments",
            Self::JwtBadBase64 { .. } => "jwt-bad-base64",
            Self::JwtBadJson { .. } => "jwt-bad-json",
            Self::JwtNoSignature => "jwt-no-signature",
            Self::JwtSignatureLength { .. } => "jwt-signature-length",
            Self::DigestSyntax => "digest-syntax",
            Self::DigestMissingParams { .. } => "digest-missing-params",
            Self::BadGssToken => "bad-gss-token",
        }
    }
}

/// What a value without a scheme word looks like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LooksLike {
    /// A JWT.
    Jwt,
    /// 16 or more hexadecimal digits.
    Hex,
    /// 8 or more characters of base64.
    Base64ish,
    /// Anything else.
    Other,
}

/// An oddity that does not break the form by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Finding {
    /// The field line was folded.
    ObsFold,
    /// A tab between scheme and credentials.
    TabSeparator,
    /// More than one space between scheme and credentials.
    ExtraSpaces,
    /// Base64 without its padding.
    Unpadded,
    /// `-` or `_` instead of `+` or `/`.
    Base64UrlAlphabet,
    /// The decoded value ends in a line break.
    TrailingNewline,
    /// The decoded value begins or ends with a space.
    EdgeSpace,
    /// Control characters in the decoded value.
    ControlChar,
    /// Empty user.
    EmptyUser,
    /// Empty password.
    EmptyPassword,
    /// `%` and two hexadecimal digits in the decoded value.
    PercentEncoded,
    /// Beyond ASCII, valid UTF-8.
    NonAsciiUtf8,
    /// Beyond ASCII, not UTF-8.
    NonAsciiNotUtf8,
    /// User or password is a program's placeholder.
    ArtifactPlaceholder,
    /// User or password is a template variable.
    ArtifactUnexpandedVariable,
    /// A JWT with `alg: none`.
    AlgNone,
    /// Outside the token68 alphabet where the scheme tolerates it.
    NotToken68,
    /// Digest `nc`, `qop` or `algorithm` in quotes.
    QuotedNc,
    /// Digest `qop` in quotes.
    QuotedQop,
    /// Digest `algorithm` in quotes.
    QuotedAlgorithm,
    /// Digest `nc` that is not eight hexadecimal digits.
    BadNc,
}

impl Finding {
    /// As in JSON.
    pub const fn name(self) -> &'static str {
        match self {
            Self::ObsFold => "obs-fold",
            Self::TabSeparator => "tab-separator",
            Self::ExtraSpaces => "extra-spaces",
            Self::Unpadded => "unpadded",
            Self::Base64UrlAlphabet => "base64url-alphabet",
            Self::TrailingNewline => "trailing-newline",
            Self::EdgeSpace => "edge-space",
            Self::ControlChar => "control-char",
            Self::EmptyUser => "empty-user",
            Self::EmptyPassword => "empty-password",
            Self::PercentEncoded => "percent-encoded",
            Self::NonAsciiUtf8 => "non-ascii-utf8",
            Self::NonAsciiNotUtf8 => "non-ascii-not-utf8",
            Self::ArtifactPlaceholder => "artifact-placeholder",
            Self::ArtifactUnexpandedVariable => "artifact-unexpanded-variable",
            Self::AlgNone => "alg-none",
            Self::NotToken68 => "not-token68",
            Self::QuotedNc => "quoted-nc",
            Self::QuotedQop => "quoted-qop",
            Self::QuotedAlgorithm => "quoted-algorithm",
            Self::BadNc => "bad-nc",
        }
    }
}

impl Authorization {
    pub(super) fn present(shape: Shape, findings: Vec<Finding>) -> Self {
        Self::of(AuthState::Present { shape, findings })
    }

    pub(super) fn malformed(reason: MalformedReason, findings: Vec<Finding>) -> Self {
        Self::of(AuthState::Malformed { reason, findings })
    }

    pub(super) fn of(state: AuthState) -> Self {
        Self { state, scheme: None, user: None, fingerprint: None }
    }

    pub(super) fn with_scheme(self, scheme: Scheme) -> Self {
        Self { scheme: Some(scheme), ..self }
    }

    pub(super) fn with_user(self, user: Option<String>) -> Self {
        Self { user: user.filter(|user| !user.is_empty()), ..self }
    }

    pub(super) fn with_fingerprint(self, fingerprint: Fingerprint) -> Self {
        Self { fingerprint: Some(fingerprint), ..self }
    }
}

/// The state of the credentials field `name` (lower case) of the exchange's request.
pub fn assess(
    exchange: &Exchange,
    name: &str,
    key: &FingerprintKey,
    memo: &mut credentials::Memo,
) -> Arc<Authorization> {
    let Some(request) = &exchange.request else {
        let reason =
            exchange.coverage.request_loss.map_or(UnknownReason::StartedMidStream, Into::into);
        return Arc::new(Authorization::of(AuthState::Unknown { reason }));
    };
    // Of a head that was lost in part, the whole lines before the loss are known.
    let mut lines = request.head.get_all(name);
    let Some(first) = lines.next() else {
        return request.head_loss.map_or_else(
            || memo.missing(),
            |loss| Arc::new(Authorization::of(AuthState::Unknown { reason: loss.into() })),
        );
    };
    let first_parsed = memo.read(first, key);
    let others: Vec<&[u8]> = lines.collect();
    if others.is_empty() {
        return first_parsed;
    }
    Arc::new(Authorization {
        scheme: first_parsed.scheme.clone(),
        user: first_parsed.user.clone(),
        fingerprint: first_parsed.fingerprint,
        state: AuthState::Multiple {
            count: 1 + others.len(),
            identical: others.iter().all(|other| *other == first),
            schemes: std::iter::once(first)
                .chain(others)
                .map(|line| credentials::read(line, key).scheme)
                .collect(),
            first: first_parsed,
        },
    })
}
