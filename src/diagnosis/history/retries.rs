//! The same request again: repetitions of refused ones, and storms of them.

use std::time::Duration;

use crate::auth::{AuthFacts, AuthState, Shape};
use crate::diagnosis::history::{
    Chain, History, Record, Repetition, Sequence, WALK, counts, digest_nonce,
};
use crate::exchange::Exchange;

impl History {
    /// The refused request that this one repeats: sent after the refusal, the first of its kind. On
    /// the same connection first, else the oldest that still waits for one.
    pub(super) fn repeated(
        &mut self,
        retry: Chain,
        record: &Record,
        exchange: &Exchange,
        auth: &AuthFacts,
    ) -> Option<(Sequence, u64)> {
        let start = self.head(retry);
        let mut best: Option<(bool, Sequence)> = None;
        let waiting = self
            .walk(start, |r| r.refusal.as_ref().map_or(0, |refusal| refusal.links.retry))
            .take(32)
            .filter(|(_, r)| r.answered <= record.time)
            .filter(|(_, r)| r.refusal.as_ref().is_some_and(|f| f.repetition.is_none()));
        for (earlier, refused) in waiting {
            let same_flow = refused.flow == record.flow;
            if best.is_none_or(|(flow, _)| same_flow || !flow) {
                best = Some((same_flow, earlier));
            }
            if same_flow {
                break;
            }
        }
        let (_, earlier) = best?;
        let nonces = self.nonces_of(exchange, auth);
        let issued = issued_at(auth);
        let refused = self.record_mut(earlier)?;
        let (id, refused_at) = (refused.id, refused.answered.seconds());
        let refusal = refused.refusal.as_mut()?;
        let nonce = refusal.nonce_issued;
        refusal.repetition = Some(Repetition {
            sequence: record.sequence,
            renews_nonce: nonce != 0 && nonces.contains(&nonce),
            // One second of grace: the claim has no fractions.
            issued_since: issued.is_some_and(|issued| issued + 1 >= refused_at),
        });
        Some((earlier, id))
    }

    /// Nonces that a request uses: of Digest, and of a DPoP proof (RFC 9449 §4.2).
    fn nonces_of(&self, exchange: &Exchange, auth: &AuthFacts) -> [u64; 2] {
        let proof = exchange.request.as_ref().and_then(|request| request.head.get("dpop"));
        [
            digest_nonce(auth).map_or(0, |nonce| self.hash(nonce)),
            proof
                .and_then(|proof| counts::proof_claim(proof, "nonce"))
                .map_or(0, |nonce| self.hash(nonce.as_str())),
        ]
    }

    /// How often this refusal was seen in a row: same client, request and credential.
    pub(super) fn repeat(&self, retry: Chain, record: &Record) -> u32 {
        let credential = record.credentials.first().copied().flatten();
        self.walk(self.head(retry), |r| r.refusal.as_ref().map_or(0, |refusal| refusal.links.retry))
            .take(32)
            .map(|(_, earlier)| earlier)
            .find(|earlier| {
                earlier.status == record.status
                    && earlier.sent == record.sent
                    && earlier.credentials.first().copied().flatten() == credential
            })
            .and_then(|earlier| earlier.refusal.as_ref())
            .map_or(1, |refusal| refusal.repeat.saturating_add(1))
    }

    /// How often this credential was refused for this request within `window`, this time included,
    /// and over how long.
    pub fn storm<'a>(&'a self, own: &'a Record, window: Duration) -> Option<(usize, Duration)> {
        let credential = own.credentials.first().copied().flatten()?;
        let (mut count, mut first) = (0, own);
        let earlier = self.walk(own.sequence, |record| {
            record.refusal.as_ref().map_or(0, |refusal| refusal.links.retry)
        });
        for (_, record) in earlier.take(WALK) {
            if !record.carries(credential) {
                continue;
            }
            if own.time.since(record.time) > window {
                break;
            }
            count += 1;
            first = record;
        }
        Some((count, own.time.since(first.time)))
    }
}

/// When the JWT that is sent was issued.
fn issued_at(auth: &AuthFacts) -> Option<i64> {
    match &auth.authorization.state {
        AuthState::Present { shape: Shape::Jws(jwt), .. } => jwt.date("iat"),
        _ => None,
    }
}
