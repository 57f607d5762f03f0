//! `WWW-Authenticate` and `Proxy-Authenticate` (RFC 9110 §11.6.1): a grammar in which the comma
//! separates both challenges and parameters.

use crate::auth::Scheme;
use crate::auth::authorization::Parameters;

/// One challenge.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Challenge {
    /// Its scheme.
    pub scheme: Scheme,
    /// Its parameters, `realm` included, unescaped.
    pub params: Parameters,
    /// Its token68 data, for schemes that use it.
    pub token68: Option<String>,
}

impl Challenge {
    /// The realm, where one is named.
    pub fn realm(&self) -> Option<&str> {
        self.params.get("realm")
    }
}

/// A recovery rule that a header needed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ChallengeDefect {
    /// Two parameters without a comma between them.
    MissingComma,
    /// An unquoted value with spaces.
    UnquotedSpace,
    /// A parameter before any scheme.
    ParamBeforeScheme,
    /// A quote that is never closed.
    UnterminatedQuote,
}

impl ChallengeDefect {
    /// As in the note's text.
    pub const fn name(self) -> &'static str {
        match self {
            Self::MissingComma => "missing comma",
            Self::UnquotedSpace => "unquoted value with spaces",
            Self::ParamBeforeScheme => "parameter before any scheme",
            Self::UnterminatedQuote => "unterminated quote",
        }
    }
}

/// The challenges of all field lines, in order, and what had to be forgiven.
pub fn parse<'a>(_lines: impl Iterator<Item = &'a [u8]>) -> (Vec<Challenge>, Vec<ChallengeDefect>) {
    todo!()
}
