//! What an exchange says about authorization: the state of the request's credentials, the
//! alternatives to them, and what the server asked for.

pub mod alternatives;
pub mod authorization;
pub mod challenge;
pub mod credentials;
pub mod decoders;
pub mod encoding;
pub mod jwt;
pub mod masking;
pub mod posted;
pub mod proof;
pub mod scheme;
pub(crate) mod syntax;

pub use alternatives::{Alternative, AlternativeKind, alternatives};
pub use authorization::{AuthState, Authorization, Finding, MalformedReason, Shape};
pub use challenge::{Challenge, ChallengeDefect};
pub use credentials::artifact::Artifact;
pub use jwt::Jwt;
pub use scheme::Scheme;

use std::sync::Arc;

use crate::exchange::Exchange;
use crate::secret::FingerprintKey;

/// What one exchange says about authorization, prepared once and read by every rule and view.
#[derive(Debug, Clone)]
pub struct AuthFacts {
    /// State of `Authorization`; of `Proxy-Authorization` when the answer is a 407.
    pub authorization: Arc<Authorization>,
    /// State of `Proxy-Authorization` on anything but a 407, when the request has it.
    pub proxy_authorization: Option<Arc<Authorization>>,
    /// Other credentials in the same request.
    pub alternatives: Vec<Alternative>,
    /// What the server offers: `WWW-Authenticate`, or `Proxy-Authenticate` when the answer is a 407.
    pub challenges: Arc<[Challenge]>,
    /// Recovery rules that had to be used on the challenges.
    pub challenge_defects: Vec<ChallengeDefect>,
}

/// Field values that were read before: clients and servers say the same again and again.
#[derive(Debug, Default)]
pub struct Memo {
    challenges: challenge::Memo,
    credentials: credentials::Memo,
    /// Of exchanges that say no more than others did.
    plain: Vec<Arc<AuthFacts>>,
    oldest: usize,
}

impl Memo {
    /// Plain facts that are remembered: so many different ones may take turns.
    const PLAIN: usize = 8;

    /// What an exchange says. Exchanges that say the same share it, where all that they say stands in the
    /// two usual fields.
    pub fn facts(&mut self, exchange: &Exchange, key: &FingerprintKey) -> Arc<AuthFacts> {
        let facts = AuthFacts::of(exchange, key, self);
        if let Some(known) = self.plain.iter().find(|known| known.is_same(&facts)) {
            return Arc::clone(known);
        }
        let is_plain = facts.is_plain();
        let facts = Arc::new(facts);
        if is_plain {
            match self.plain.get_mut(self.oldest) {
                Some(oldest) => *oldest = Arc::clone(&facts),
                None => self.plain.push(Arc::clone(&facts)),
            }
            self.oldest = (self.oldest + 1) % Self::PLAIN;
        }
        facts
    }
}

impl AuthFacts {
    /// Whether only the credentials and the challenges tell it from others.
    pub fn is_plain(&self) -> bool {
        self.proxy_authorization.is_none()
            && self.alternatives.is_empty()
            && self.challenge_defects.is_empty()
    }

    /// Whether it is plain, and was read from the same two field values.
    fn is_same(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.authorization, &other.authorization)
            && Arc::ptr_eq(&self.challenges, &other.challenges)
            && self.is_plain()
            && other.is_plain()
    }

    /// Reads an exchange; `memo` knows what was read before.
    pub fn of(exchange: &Exchange, key: &FingerprintKey, memo: &mut Memo) -> Self {
        let proxy = exchange.status() == Some(407);
        let request = exchange.request.as_ref();
        let (own, other) = if proxy {
            ("proxy-authorization", "authorization")
        } else {
            ("authorization", "proxy-authorization")
        };
        let other = request.filter(|request| !proxy && request.head.has(other)).map(|_| other);
        let asks = if proxy { "proxy-authenticate" } else { "www-authenticate" };
        let lines = exchange.response.iter().flat_map(|response| response.head.get_all(asks));
        let (challenges, challenge_defects) = memo.challenges.read(lines);
        Self {
            authorization: authorization::assess(exchange, own, key, &mut memo.credentials),
            proxy_authorization: other
                .map(|name| authorization::assess(exchange, name, key, &mut memo.credentials)),
            alternatives: request.map_or_else(Vec::new, |request| {
                let mut found = alternatives(request, key);
                // Of an accepted request it says where tokens are made, not where they are good.
                if is_refused(exchange) {
                    found.extend(posted::credentials(request, key));
                }
                // To the question of a 407 it is the credential itself, not a second one.
                found.retain(|one| !proxy || one.kind != AlternativeKind::ProxyAuthorization);
                found
            }),
            challenges,
            challenge_defects,
        }
    }
}

/// Whether the server refused the request (4xx).
fn is_refused(exchange: &Exchange) -> bool {
    exchange.status().is_some_and(|status| (400..500).contains(&status))
}

#[cfg(test)]
mod tests;
