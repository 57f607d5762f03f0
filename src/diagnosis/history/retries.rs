//! The same request again: repetitions of refused ones, and storms of them.

use std::time::Duration;

use crate::auth::{AuthFacts, AuthState, Scheme, Shape};
use crate::diagnosis::history::{
    Chain, History, Record, Refusal, Repetition, Sequence, counts, digest_nonce,
};
use crate::exchange::Exchange;
use crate::time::Timestamp;

impl History {
    /// The refused request that this one repeats: sent after the refusal, the first of its kind. On
    /// the same connection first, else the oldest that still waits for one.
    pub(super) fn repeated(
        &mut self,
        record: &Record,
        exchange: &Exchange,
        auth: &AuthFacts,
    ) -> Option<(Sequence, u64)> {
        let earlier = self.first_to_repeat(record)?;
        let nonces = self.nonces_of(exchange, auth);
        let issued = issued_at(auth);
        let is_proxys = self.record(earlier)?.status == 407;
        let scheme = self.scheme_of(auth, is_proxys);
        let refused = self.record_mut(earlier)?;
        let (id, refused_at) = (refused.id, refused.answered.seconds());
        let refusal = refused.refusal.as_mut()?;
        let nonce = refusal.nonce_issued;
        refusal.repetition = Some(Repetition {
            sequence: record.sequence,
            renews_nonce: nonce != 0 && nonces.contains(&nonce),
            issued_since: issued.is_some_and(|issued| is_since(issued, refusal.issued, refused_at)),
            scheme,
        });
        Some((earlier, id))
    }

    fn first_to_repeat(&self, record: &Record) -> Option<Sequence> {
        let waits = |refused: &Record| {
            refused.answered <= record.time
                && refused.refusal.as_ref().is_some_and(|refusal| refusal.repetition.is_none())
        };
        let start = self.head(Chain::Retry(record.retry_key));
        self.record(start)?;
        // Busy clients have many connections: no walk past all of them to its own.
        let own = self.head(Chain::RetryOnFlow(record.retry_key, record.flow));
        if self.record(own).is_some_and(waits) {
            return Some(own);
        }
        let mut best: Option<(bool, Sequence)> = None;
        let waiting = self
            .walk(start, |r| r.refusal.as_ref().map_or(0, |refusal| refusal.links.retry))
            .take(32)
            .filter(|(_, refused)| waits(refused));
        for (earlier, refused) in waiting {
            let same_flow = refused.flow == record.flow;
            if best.is_none_or(|(flow, _)| same_flow || !flow) {
                best = Some((same_flow, earlier));
            }
            if same_flow {
                break;
            }
        }
        Some(best?.1)
    }

    /// Tells the scheme of the credentials that a request has for the proxy, or for the server; 0 without any.
    fn scheme_of(&self, auth: &AuthFacts, for_proxy: bool) -> u32 {
        let proxy = auth.proxy_authorization.as_ref().filter(|_| for_proxy);
        let scheme = proxy.unwrap_or(&auth.authorization).scheme.as_ref();
        scheme.map_or(0, |scheme| self.scheme_key(scheme))
    }

    /// Tells a scheme from others, known by name or not.
    fn scheme_key(&self, scheme: &Scheme) -> u32 {
        let key = match scheme.known() {
            Some(name) => self.hash(name),
            None => self.hash(scheme.spelling().to_ascii_lowercase().as_str()),
        };
        key as u32 | 1
    }

    /// Whether the repetition has credentials of this scheme.
    pub fn repeats_with(&self, repetition: Repetition, scheme: &Scheme) -> bool {
        repetition.scheme == self.scheme_key(scheme)
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

    /// Counts this refusal together with those like it before: same client, request and credential.
    pub(super) fn count_repeats(&self, record: &Record, refusal: &mut Refusal) {
        let credential = record.credentials.first().copied().flatten();
        let earlier = self
            .walk(self.head(Chain::Retry(record.retry_key)), |r| {
                r.refusal.as_ref().map_or(0, |refusal| refusal.links.retry)
            })
            .take(32)
            .find(|(_, earlier)| {
                earlier.status == record.status
                    && earlier.sent == record.sent
                    && earlier.credentials.first().copied().flatten() == credential
            });
        let before = earlier.and_then(|(_, earlier)| earlier.refusal.as_ref());
        refusal.repeat = before.map_or(1, |before| before.repeat.saturating_add(1));
        refusal.run =
            before.map_or_else(Run::default, |before| before.run).followed_by(record.time);
    }

    /// How often this credential was refused for this request without a longer pause than
    /// [`STORM_WINDOW`], and over how long; `None` where that is no storm.
    pub fn storm(&self, own: &Record) -> Option<(u32, Duration)> {
        own.credentials.first().copied().flatten()?;
        let run = &own.refusal.as_ref()?.run;
        run.is_storm().then(|| (run.count, own.time.since(run.since)))
    }
}

/// Refusals within [`STORM_WINDOW`] that are a storm.
const STORM: usize = 5;

/// Over how long they are counted.
const STORM_WINDOW: Duration = Duration::from_secs(60);

/// Refusals of the same kind without a longer pause.
#[derive(Debug, Default, Clone, Copy)]
pub(super) struct Run {
    count: u32,
    since: Timestamp,
    /// When the latest were sent, the latest last.
    latest: [Timestamp; STORM],
}

impl Run {
    fn followed_by(self, time: Timestamp) -> Self {
        let last = self.latest.last().copied().unwrap_or_default();
        let goes_on = self.count > 0 && time.since(last) <= STORM_WINDOW;
        let mut run = if goes_on { self } else { Self { since: time, ..Self::default() } };
        run.count = run.count.saturating_add(1);
        run.latest.rotate_left(1);
        if let Some(last) = run.latest.last_mut() {
            *last = time;
        }
        run
    }

    fn is_storm(&self) -> bool {
        let [first, .., last] = &self.latest;
        self.count as usize >= STORM && last.since(*first) <= STORM_WINDOW
    }
}

/// Whether a JWT was issued after the refusal of another. The claim has no fractions, so within the second of
/// the refusal only a token that is older tells that this one is newer.
const fn is_since(issued: i64, old: Option<i64>, refused_at: i64) -> bool {
    match old {
        Some(old) => issued >= refused_at && issued > old,
        None => issued > refused_at,
    }
}

/// When the JWT that is sent was issued.
pub(super) fn issued_at(auth: &AuthFacts) -> Option<i64> {
    match &auth.authorization.state {
        AuthState::Present { shape: Shape::Jws(jwt), .. } => jwt.date("iat"),
        _ => None,
    }
}
