//! Remarks that accompany a diagnosis and are never the cause.

use crate::diagnosis::{Diagnosis, View};

/// Which remark.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum NoteId {
    /// 401 without a challenge.
    NoChallenge,
    /// The challenge is not well-formed.
    BadChallenge,
    /// A credential in clear on a network.
    ClearTextCredentials,
    /// The same refused credential again and again.
    RetryStorm,
    /// A permission problem reported as 401.
    ShouldBe403,
    /// Probably answered by a proxy or gateway.
    AnsweredByHop,
    /// The answer is a login page.
    LoginPage,
    /// A credential in the URL.
    TokenInUrl,
    /// The server's explanation could not be read.
    BodyNotSeen,
    /// Only one direction was captured.
    OneSided,
    /// A JWT that stays valid for long.
    LongLivedToken,
    /// Digest without qop, or MD5 only.
    WeakDigest,
    /// A login probe or health check.
    Probe,
    /// The pairing of request and response is not certain.
    PairingUnsure,
}

impl NoteId {
    /// As in JSON.
    pub const fn name(self) -> &'static str {
        match self {
            Self::NoChallenge => "no-challenge",
            Self::BadChallenge => "bad-challenge",
            Self::ClearTextCredentials => "clear-text-credentials",
            Self::RetryStorm => "retry-storm",
            Self::ShouldBe403 => "401-should-be-403",
            Self::AnsweredByHop => "answered-by-hop",
            Self::LoginPage => "login-page",
            Self::TokenInUrl => "token-in-url",
            Self::BodyNotSeen => "body-not-seen",
            Self::OneSided => "one-sided",
            Self::LongLivedToken => "long-lived-token",
            Self::WeakDigest => "weak-digest",
            Self::Probe => "probe",
            Self::PairingUnsure => "pairing-unsure",
        }
    }
}

/// A remark with its text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Note {
    /// Which.
    pub id: NoteId,
    /// In words.
    pub text: String,
}

/// The remarks that accompany this diagnosis of this exchange.
pub fn notes(_view: &View<'_>, _diagnosis: &Diagnosis) -> Vec<Note> {
    Vec::new()
}
