//! What is remembered of earlier exchanges: light summaries, bounded in number and age.
//!
//! Records stand in one ring, newest last. Records that have something in common are linked into
//! chains: each knows its predecessor, and one table knows the newest of every chain. A record that
//! leaves the ring ends all chains that reach it; nothing else has to be taken apart. So an accepted
//! request costs one append and a few table updates, and all questions are walks over short chains.

mod clock;
mod cookies;
mod counts;
mod guesses;
mod hops;
mod intake;
mod origins;
mod past;
mod record;
mod redirects;
mod retries;
mod successes;
mod summary;

use std::collections::{HashMap, VecDeque};
use std::hash::{BuildHasherDefault, Hash, Hasher};
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use crate::auth::Jwt;
use crate::counters::{Counters, Limit};
use crate::diagnosis::waiting::Keys;
use crate::limits::Limits;
use crate::secret::Fingerprint;
use crate::time::{Timestamp, humane};

pub use clock::Skew;
pub use cookies::{GivenCookie, SameSite};
pub use counts::Recount;
pub use intake::Noted;
pub use origins::AcceptedToken;
pub use past::Past;
pub use record::{Challenger, Leg, Method, Record, Refusal, Repetition, Sent, Sequence};
pub use redirects::Redirected;
pub use successes::Successes;
pub use summary::Summariser;

use intake::digest_nonce;

/// Steps a walk along a chain takes at most: bounds the cost of a question about what is busy.
const WALK: usize = 64;

/// The same for a credential, whose other uses may be long ago.
const CREDENTIAL_WALK: usize = 128;

/// Records for which there is room from the start: a ring that grows by doubling goes round through memory that
/// it never fills.
const PREPARED: usize = 1 << 16;

/// Proxies in a row that are followed.
const LEGS: usize = 8;

/// Newest record of every chain, by a keyed hash of what the chain has in common.
type Heads = HashMap<u64, Sequence, BuildHasherDefault<Hashed>>;

/// The hash of a key that is a keyed hash already: itself.
#[derive(Debug, Default, Clone, Copy)]
struct Hashed(u64);

impl Hasher for Hashed {
    fn write(&mut self, octets: &[u8]) {
        for octet in octets {
            self.0 = self.0.rotate_left(8) ^ u64::from(*octet);
        }
    }

    fn write_u64(&mut self, key: u64) {
        self.0 = key;
    }

    fn finish(&self) -> u64 {
        self.0
    }
}

/// The memory.
#[derive(Debug)]
pub struct History {
    records: VecDeque<Record>,
    /// Sequence of the first record in the ring; they count from 1.
    first: Sequence,
    heads: Heads,
    hasher: ahash::RandomState,
    clocks: clock::Clocks,
    cookies: cookies::Cookies,
    counts: counts::Counts,
    origins: origins::Origins,
    redirects: redirects::Redirects,
    window: usize,
    /// So many heads are swept.
    sweep_at: usize,
    memory: Duration,
    /// Something was forgotten because of its age or for lack of room.
    forgot: bool,
    now: Timestamp,
}

/// The other legs of one request.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Legs {
    /// The one that the client itself sent; `None` when that is the one asked about.
    pub outermost: Option<u64>,
    /// All others.
    pub others: Vec<u64>,
}

/// What a chain's records have in common, as keyed hashes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Chain {
    /// A credential.
    Credential(Fingerprint),
    /// A user on an origin.
    User(u64, u64),
    /// A client address on an origin.
    Visit(u64, u64),
    /// A path on an origin.
    Route(u64, u64),
    /// Refusals of one client address.
    RefusedClient(u64),
    /// Refusals of one request: client, origin, method and target.
    Retry(u64),
    /// Those of them on one connection.
    RetryOnFlow(u64, u64),
    /// Refusals whose paths end alike.
    Hop(u64),
}

impl Chain {
    /// What tells this chain from all others. Its parts are keyed hashes, so that mixing them is enough.
    const fn key(self) -> u64 {
        let (kind, one, other) = match self {
            Self::Credential(Fingerprint(credential)) => (1, credential as u64, 0),
            Self::User(user, origin) => (2, user, origin),
            Self::Visit(client, origin) => (3, client, origin),
            Self::Route(origin, path) => (4, origin, path),
            Self::RefusedClient(client) => (5, client, 0),
            Self::Retry(request) => (6, request, 0),
            Self::Hop(end) => (7, end, 0),
            Self::RetryOnFlow(request, flow) => (8, request, flow),
        };
        // Odd constants spread every bit of a part over the whole key (Fibonacci hashing).
        let one = (one ^ kind).wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(29);
        let key = (one ^ other).wrapping_mul(0xc2b2_ae3d_27d4_eb4f);
        key ^ (key >> 31)
    }
}

impl History {
    /// With nothing remembered.
    pub fn new(limits: &Limits) -> Self {
        let window = limits.diagnosis_window.max(1);
        Self {
            records: VecDeque::with_capacity(window.min(PREPARED) + 1),
            first: 1,
            heads: HashMap::default(),
            hasher: ahash::RandomState::new(),
            clocks: clock::Clocks::default(),
            cookies: cookies::Cookies::default(),
            counts: counts::Counts::default(),
            origins: origins::Origins::default(),
            redirects: redirects::Redirects::default(),
            window,
            sweep_at: 4 * window,
            memory: limits.diagnosis_memory,
            forgot: false,
            now: Timestamp::default(),
        }
    }

    /// Makes the records that this memory takes.
    pub fn summariser(&self) -> Summariser {
        Summariser::new(self.hasher.clone(), 2 * self.window)
    }

    fn hash(&self, value: impl Hash) -> u64 {
        self.hasher.hash_one(value)
    }

    /// The record of this sequence, unless it was forgotten.
    pub fn record(&self, sequence: Sequence) -> Option<&Record> {
        let index = sequence.checked_sub(self.first)?;
        self.records.get(usize::try_from(index).ok()?)
    }

    fn record_mut(&mut self, sequence: Sequence) -> Option<&mut Record> {
        let index = sequence.checked_sub(self.first)?;
        self.records.get_mut(usize::try_from(index).ok()?)
    }

    /// Sequence that the next record gets.
    fn next(&self) -> Sequence {
        self.first + self.records.len() as u64
    }

    /// Makes `sequence` the newest of the chain; its predecessor, or 0.
    fn link(&mut self, chain: Chain, sequence: Sequence) -> Sequence {
        self.heads.insert(chain.key(), sequence).unwrap_or(0)
    }

    fn head(&self, chain: Chain) -> Sequence {
        self.heads.get(&chain.key()).copied().unwrap_or(0)
    }

    /// The newest record of a chain.
    fn latest(&self, chain: Chain) -> Option<&Record> {
        self.record(self.head(chain))
    }

    /// The newest record of the path of `own`, which often is `own` itself.
    fn latest_of_route<'a>(&'a self, own: &'a Record) -> Option<&'a Record> {
        if own.links.route_goes_on {
            self.latest(Chain::Route(own.origin_key, own.route_key))
        } else {
            Some(own)
        }
    }

    /// Walks a chain from its newest record to the past.
    fn walk(
        &self,
        start: Sequence,
        previous: impl Fn(&Record) -> Sequence,
    ) -> impl Iterator<Item = (Sequence, &Record)> {
        let step = move |sequence: Sequence| Some((sequence, self.record(sequence)?));
        std::iter::successors(step(start), move |(sequence, record)| {
            let before = previous(record);
            // Sequences only fall along a chain: a hash collision can not make a loop.
            (before < *sequence).then(|| step(before)).flatten()
        })
    }

    /// Walks a chain around one of its records, newest first: some that came after it, itself, and
    /// those before. A busy chain's newest records alone would hide what `own` is about.
    fn around<'a>(
        &'a self,
        head: Sequence,
        own: &'a Record,
        length: usize,
        previous: impl Fn(&Record) -> Sequence + Copy + 'a,
    ) -> impl Iterator<Item = &'a Record> {
        let (mut next, mut left, mut is_later) = (head, length, true);
        std::iter::from_fn(move || {
            loop {
                let record = if left == 0 { None } else { self.record(next) };
                match record {
                    Some(record) if !is_later || next > own.sequence => {
                        left -= 1;
                        let before = previous(record);
                        // Sequences only fall along a chain: a hash collision can not make a loop.
                        next = if before < next { before } else { 0 };
                        return Some(record);
                    }
                    _ if is_later => (next, left, is_later) = (own.sequence, length, false),
                    _ => return None,
                }
            }
        })
    }

    /// Records that carried this credential, newest first; `own` is one of them.
    pub fn of_credential<'a>(
        &'a self,
        credential: Fingerprint,
        own: &'a Record,
    ) -> impl Iterator<Item = &'a Record> {
        let head = self.head(Chain::Credential(credential));
        self.around(head, own, CREDENTIAL_WALK, move |record| record.link_of(credential))
            .filter(move |record| record.carries(credential))
    }

    /// Records of the same user on the same origin, newest first.
    pub fn of_user<'a>(&'a self, own: &'a Record) -> impl Iterator<Item = &'a Record> {
        let head = self.head(Chain::User(own.user_key, own.origin_key));
        self.around(head, own, WALK, |record| record.links.user).filter(|record| {
            own.user_key != 0 && record.user_key == own.user_key && record.same_origin(own)
        })
    }

    /// Records of the same client address on the same origin, newest first.
    pub fn of_visit<'a>(&'a self, own: &'a Record) -> impl Iterator<Item = &'a Record> {
        let head = self.head(Chain::Visit(own.client_key, own.origin_key));
        self.around(head, own, WALK, |record| record.links.visit)
            .filter(|record| record.client.ip() == own.client.ip() && record.same_origin(own))
    }

    /// Records of the same path on the same origin, newest first.
    pub fn of_route<'a>(&'a self, own: &'a Record) -> impl Iterator<Item = &'a Record> {
        let head = self.head(Chain::Route(own.origin_key, own.route_key));
        self.around(head, own, WALK, |record| record.links.route)
            .filter(|record| record.same_route(own))
    }

    /// Whether anything of the same client address on the same origin may have been accepted: if not,
    /// [`History::of_visit`] need not be walked to look for it.
    pub fn visit_may_be_accepted(&self, own: &Record) -> bool {
        let latest = self.latest(Chain::Visit(own.client_key, own.origin_key));
        latest.is_none_or(|latest| latest.links.visit_accepted || latest.accepted())
    }

    /// The same for a credential, and [`History::of_credential`].
    pub fn credential_may_be_accepted(&self, credential: Fingerprint) -> bool {
        let latest = self.latest(Chain::Credential(credential));
        latest.is_none_or(|latest| latest.was_accepted(credential))
    }

    /// Whether anything may have been accepted with the credential of a record.
    pub fn may_be_accepted(&self, own: &Record) -> bool {
        let credential = own.credentials.first().copied().flatten();
        credential.is_some_and(|credential| self.credential_may_be_accepted(credential))
    }

    /// The same for a path, and [`History::of_route`].
    pub fn route_may_be_accepted(&self, own: &Record) -> bool {
        let latest = self.latest_of_route(own);
        latest.is_none_or(|latest| latest.links.route_accepted || latest.accepted())
    }

    /// Whether this path was accepted without any credentials.
    pub fn is_public(&self, own: &Record) -> bool {
        let latest = self.latest_of_route(own);
        latest.is_some_and(|latest| latest.links.route_open || latest.let_in())
    }

    /// Whether credentials are known to be demanded on this path: it was refused to someone.
    pub fn is_protected(&self, own: &Record) -> bool {
        let latest = self.latest_of_route(own);
        latest.is_some_and(|latest| latest.links.route_refused || latest.refused())
    }

    /// Whether anybody may have been asked for credentials on a path for want of them.
    pub fn route_may_be_asked(&self, own: &Record) -> bool {
        let latest = self.latest_of_route(own);
        latest.is_none_or(|latest| latest.links.route_asked || latest.asked())
    }

    /// Whether there is, or was, another record of the same path on the same origin.
    pub fn is_shared_route(&self, own: &Record) -> bool {
        own.links.route != 0 || own.links.route_goes_on
    }

    /// Refusals of the same client address, newest first.
    pub fn of_refused_client<'a>(&'a self, own: &'a Record) -> impl Iterator<Item = &'a Record> {
        let head = self.head(Chain::RefusedClient(own.client_key));
        self.around(head, own, WALK, |record| {
            record.refusal.as_ref().map_or(0, |refusal| refusal.links.client)
        })
        .filter(|record| record.refused() && record.client.ip() == own.client.ip())
    }

    /// Upper bound of the different clients that [`History::of_user`] meets.
    pub fn clients_of_user(&self, own: &Record) -> usize {
        let head = self.head(Chain::User(own.user_key, own.origin_key));
        self.record(head).map_or(0, |latest| latest.links.user_moves as usize + 1)
    }

    /// The repetition of a refused request: the first later one by the same client.
    pub fn repetition(&self, record: &Record) -> Option<(&Record, Repetition)> {
        let repetition = record.refusal.as_ref()?.repetition?;
        Some((self.record(repetition.sequence)?, repetition))
    }

    /// The refused request that this one repeats.
    pub fn prior(&self, record: &Record) -> Option<&Record> {
        self.record(record.prior)
    }

    /// The same request as the proxy in front received it.
    pub fn outer(&self, record: &Record) -> Option<&Record> {
        self.record(record.refusal.as_ref()?.outer)
    }

    /// The same request as the proxy behind forwarded it.
    pub fn inner(&self, record: &Record) -> Option<&Record> {
        self.record(record.refusal.as_ref()?.inner)
    }

    /// The exchange that exchange `id` repeats, if that was a step of a negotiation; `newer` repeats
    /// `id` in turn, at once or later.
    pub fn step_before(&self, id: u64, newer: Sequence) -> Option<u64> {
        let record = self.repeated_by(newer, id)?;
        record.refusal.as_ref().filter(|refusal| refusal.is_step())?;
        Some(self.record(record.prior)?.id)
    }

    /// The exchange that is the same request as exchange `id` behind a proxy; `newer` repeats `id`, at once
    /// or later.
    pub fn behind(&self, id: u64, newer: Sequence) -> Option<u64> {
        Some(self.inner(self.repeated_by(newer, id)?)?.id)
    }

    fn repeated_by(&self, newer: Sequence, id: u64) -> Option<&Record> {
        let mut record = self.record(newer)?;
        while record.id != id {
            record = self.record(record.prior)?;
        }
        Some(record)
    }

    /// A call of the same client that renewed its credential between a refusal and its repetition.
    pub fn renewal_between(&self, refused: &Record, repeat: &Record) -> Option<&Record> {
        const CALLS: [&str; 9] = [
            "token", "refresh", "rotate", "renew", "oauth", "login", "signin", "sign-in", "session",
        ];
        const LOGINS: [&str; 5] = ["auth", "authenticate", "authentication", "authorize", "jwt"];
        let end = refused.refusal.as_ref()?.repetition?.sequence;
        (end.saturating_sub(CREDENTIAL_WALK as u64)..end)
            .rev()
            .map_while(|sequence| self.record(sequence))
            .take_while(|record| record.answered >= refused.answered)
            .find(|record| {
                record.answered <= repeat.time
                    && record.time >= refused.answered
                    && record.accepted()
                    && record.same_client(refused)
                    && record.path != refused.path
                    && {
                        let path = record.path.to_ascii_lowercase();
                        CALLS.into_iter().any(|call| path.contains(call))
                            || !record.method.is_safe()
                                && path.split('/').any(|segment| LOGINS.contains(&segment))
                    }
            })
    }

    /// The other legs of a refused request on its way through proxies.
    pub fn legs(&self, own: &Record) -> Legs {
        let step = |next: fn(&Refusal) -> Sequence| {
            move |record: &&Record| self.record(next(record.refusal.as_ref()?))
        };
        let outwards = std::iter::successors(Some(own), step(|refusal| refusal.outer)).skip(1);
        let inwards = std::iter::successors(Some(own), step(|refusal| refusal.inner)).skip(1);
        let outwards: Vec<u64> = outwards.take(LEGS).map(|record| record.id).collect();
        Legs {
            outermost: outwards.last().copied(),
            others: outwards
                .into_iter()
                .chain(inwards.take(LEGS).map(|record| record.id))
                .collect(),
        }
    }

    /// What of this record others may wait for.
    pub(super) fn keys(&self, sequence: Sequence) -> Keys {
        self.record(sequence).map_or_else(Keys::default, |record| Keys {
            visit: Chain::Visit(record.client_key, record.origin_key).key(),
            credential: record
                .credentials
                .first()
                .copied()
                .flatten()
                .map_or(0, |credential| Chain::Credential(credential).key()),
        })
    }

    /// What is known of the tokens accepted on the origin of this record, oldest first.
    pub fn accepted_tokens(&self, own: &Record) -> &[AcceptedToken] {
        self.origins.get(own.origin_key).map_or(&[], |origin| &origin.tokens)
    }

    /// Whether a token of this kind was accepted where the origin of `own` does not let everybody in.
    pub fn was_needed(&self, token: &AcceptedToken, own: &Record) -> bool {
        token.samples.into_iter().any(|sample| self.is_needed(sample, own))
    }

    /// The same for one token. Of what was forgotten it is not known that everybody was let in.
    fn is_needed(&self, credential: Fingerprint, own: &Record) -> bool {
        let head = self.head(Chain::Credential(credential));
        let uses = self.walk(head, move |record| record.link_of(credential)).take(CREDENTIAL_WALK);
        let mut accepted = uses
            .map(|(_, record)| record)
            .filter(|record| {
                record.carries(credential) && record.accepted() && record.same_origin(own)
            })
            .peekable();
        accepted.peek().is_none() || accepted.any(|record| !self.is_public(record))
    }

    /// The exchange in which the origin of this record accepted, earlier, a token of the same header and
    /// claims that is signed otherwise.
    pub fn accepted_content(&self, own: &Record, jwt: &Jwt) -> Option<u64> {
        let credential = own.credentials.first().copied().flatten();
        let (id, token) = self.origins.same_content(own.origin_key, jwt, own.id, credential)?;
        self.is_needed(token, own).then_some(id)
    }

    /// Session-like cookies on requests accepted on the origin of this record, and where seen.
    pub fn accepted_cookies(&self, own: &Record) -> &[(Arc<str>, u64)] {
        self.origins.get(own.origin_key).map_or(&[], |origin| &origin.cookies)
    }

    /// How far packet time has come.
    pub fn now(&self) -> Timestamp {
        self.now
    }

    /// Packet time has come this far.
    pub fn advance(&mut self, now: Timestamp) {
        self.now = self.now.max(now);
    }

    /// The clock of this server against the capture's.
    pub fn skew(&self, server: IpAddr) -> Option<Skew> {
        self.clocks.skew(server)
    }

    /// Whether all measured servers are off by about as much; `None` when only one was measured.
    pub fn all_clocks_agree(&self, skew: Skew) -> Option<bool> {
        self.clocks.all_agree(skew.nanoseconds)
    }

    /// How far back this memory reaches, in words: `since the capture began`, `in the last 10 min`.
    pub fn reach(&self) -> String {
        match self.records.front() {
            Some(oldest) if self.forgot => {
                format!("in the last {}", humane(self.now.since(oldest.answered).min(self.memory)))
            }
            _ => "since the capture began".to_owned(),
        }
    }

    /// The last record of the older half: what came before those after it is still remembered.
    pub fn middle(&self) -> Sequence {
        self.next().saturating_sub(self.window as u64 / 2 + 1)
    }

    /// Forgets what is too old, and what there is no room for.
    fn forget(&mut self, counters: &mut Counters) {
        let oldest = self.now - self.memory;
        while let Some(record) = self.records.front() {
            let old = record.answered < oldest;
            if !old && self.records.len() <= self.window {
                break;
            }
            if !old {
                counters.hit(Limit::DiagnosisWindow);
            }
            self.records.pop_front();
            self.first += 1;
            self.forgot = true;
        }
        // Heads of chains that ended stay until there are many of them: a sweep that is paid for by
        // the records that made them.
        if self.heads.len() > self.sweep_at {
            let first = self.first;
            self.heads.retain(|_, sequence| *sequence >= first);
            self.sweep_at = (2 * self.heads.len()).max(4 * self.window);
        }
    }
}
