//! What is remembered of earlier exchanges: light summaries, bounded in number and age.

use std::net::IpAddr;
use std::sync::Arc;

use crate::exchange::Exchange;
use crate::time::Timestamp;

/// How far a server's clock is from the capture's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Skew {
    /// `Date` minus capture time; positive when the server is ahead.
    pub nanoseconds: i64,
    /// How many answers it was measured on.
    pub samples: u32,
}

/// A request that was accepted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Acceptance {
    /// Number of the exchange.
    pub id: u64,
    /// When it was answered.
    pub time: Timestamp,
    /// Its path, safe to show.
    pub path: Arc<str>,
}

/// What was seen of an accepted JWT.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AcceptedToken {
    /// Exchange in which it was accepted first.
    pub id: u64,
    /// Algorithm.
    pub alg: Option<Box<str>>,
    /// Key id.
    pub kid: Option<Box<str>>,
    /// Issuer.
    pub iss: Option<Box<str>>,
    /// Audiences.
    pub aud: Vec<Box<str>>,
}

/// The memory.
#[derive(Debug, Default)]
pub struct History {}

impl History {
    /// The clock of this server against the capture's.
    pub fn skew(&self, _server: IpAddr) -> Option<Skew> {
        None
    }

    /// The latest acceptance of the credential of exchange `id` on its origin.
    pub fn accepted_here(&self, _id: u64) -> Option<&Acceptance> {
        None
    }

    /// Tokens accepted on the origin of the exchange.
    pub fn accepted_tokens(&self, _exchange: &Exchange) -> &[AcceptedToken] {
        &[]
    }

    /// The latest acceptance of the same user with another credential.
    pub fn user_accepted_otherwise(&self, _id: u64) -> Option<&Acceptance> {
        None
    }
}
