//! Refused exchanges whose diagnosis may still change, by when and by what.

use std::collections::{BTreeSet, HashMap, VecDeque};
use std::sync::Arc;

use crate::auth::AuthFacts;
use crate::diagnosis::Verdict;
use crate::diagnosis::choice::Answers;
use crate::diagnosis::heard::{Findings, Heard};
use crate::diagnosis::history::Sequence;
use crate::diagnosis::rule::Awaiting;
use crate::exchange::Exchange;
use crate::time::Timestamp;

/// Exchanges woken by one other at once; the rest is asked again when its time has come.
const WAKE: usize = 8;

/// A refused exchange. Thousands wait for their first look, so little is kept of each until then.
#[derive(Debug)]
pub(super) struct Refused {
    pub exchange: Arc<Exchange>,
    pub auth: Arc<AuthFacts>,
    pub sequence: Sequence,
    /// What is known of others that say the same.
    pub findings: Option<Arc<Findings>>,
    /// Since its first look.
    pub looked_at: Option<Box<LookedAt>>,
}

/// What the first look at a refused exchange found out for the next.
#[derive(Debug)]
pub(super) struct LookedAt {
    pub heard: Heard,
    pub answers: Answers,
}

impl Refused {
    /// What it is, and what was found out about it; nothing before its first look.
    pub fn parts(&mut self) -> (&Arc<Exchange>, &Arc<AuthFacts>, &mut LookedAt) {
        let Self { exchange, auth, findings, looked_at, .. } = self;
        let looked_at = looked_at.get_or_insert_with(|| {
            let findings = findings.take().unwrap_or_default();
            let heard = Heard { findings, proof: None };
            Box::new(LookedAt { heard, answers: Answers::default() })
        });
        (exchange, auth, looked_at)
    }
}

/// One that waits.
#[derive(Debug)]
pub(super) struct Pending {
    pub refused: Refused,
    /// What was concluded last; `None` before the first look.
    pub verdict: Option<Box<Verdict>>,
    /// That was concluded early, and no rule waited for more.
    pub only_leg: bool,
    /// When it is settled at the latest.
    pub until: Timestamp,
    /// What is worth asking again for.
    pub awaiting: Awaiting,
    /// Its visit and its credential, as keys.
    pub keys: Keys,
}

/// What of an exchange others may wait for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Keys {
    pub visit: u64,
    pub credential: u64,
}

/// All of them.
#[derive(Debug, Default)]
pub(super) struct Waiting {
    pending: HashMap<u64, Pending, ahash::RandomState>,
    due: BTreeSet<(Timestamp, u64)>,
    interested: HashMap<u64, VecDeque<u64>, ahash::RandomState>,
    /// Those that were not looked at yet when they came, in the order of their records.
    unseen: VecDeque<(Sequence, u64)>,
}

impl Waiting {
    /// Number of exchanges that wait.
    pub fn len(&self) -> usize {
        self.pending.len()
    }

    /// All that wait, in the order in which they were found.
    pub fn all(&self) -> Vec<u64> {
        let mut all: Vec<u64> = self.pending.keys().copied().collect();
        all.sort_unstable();
        all
    }

    /// Lets an exchange wait.
    pub fn insert(&mut self, pending: Pending) {
        let id = pending.refused.exchange.id;
        self.due.insert((pending.until, id));
        for key in keys(&pending) {
            self.interested.entry(key).or_default().push_back(id);
        }
        if pending.verdict.is_none() {
            self.unseen.push_back((pending.refused.sequence, id));
        }
        self.pending.insert(id, pending);
    }

    /// Whether an exchange waits for this.
    pub fn awaits(&self, id: u64, what: Awaiting) -> bool {
        self.pending.get(&id).is_some_and(|pending| pending.awaiting.includes(what))
    }

    /// Takes an exchange out.
    pub fn take(&mut self, id: u64) -> Option<Pending> {
        let pending = self.pending.remove(&id)?;
        self.due.remove(&(pending.until, id));
        for key in keys(&pending) {
            if let Some(ids) = self.interested.get_mut(&key) {
                if let Some(at) = ids.iter().position(|other| *other == id) {
                    ids.remove(at);
                }
                if ids.is_empty() {
                    self.interested.remove(&key);
                }
            }
        }
        Some(pending)
    }

    /// Whether an exchange waits for its first look.
    pub fn is_unseen(&self, id: u64) -> bool {
        self.pending.get(&id).is_some_and(|pending| pending.verdict.is_none())
    }

    /// An exchange that waits for its first look, and whose record is this one or an older one.
    pub fn unseen_up_to(&mut self, sequence: Sequence) -> Option<u64> {
        while let Some(&(_, id)) = self.unseen.front().filter(|(own, _)| *own <= sequence) {
            self.unseen.pop_front();
            if self.is_unseen(id) {
                return Some(id);
            }
        }
        None
    }

    /// The exchange that is due first, if that is by `now`.
    pub fn due(&self, now: Timestamp) -> Option<u64> {
        self.first().filter(|(until, _)| *until <= now).map(|(_, id)| id)
    }

    /// The exchange that is due first.
    pub fn first(&self) -> Option<(Timestamp, u64)> {
        self.due.first().copied()
    }

    /// Exchanges that wait for this visit or credential to be accepted, the latest of them.
    pub fn interested(&self, of: Keys) -> Vec<u64> {
        if self.interested.is_empty() {
            return Vec::new();
        }
        [of.visit, of.credential]
            .into_iter()
            .filter(|key| *key != 0)
            .filter_map(|key| self.interested.get(&key))
            .flat_map(|ids| ids.iter().rev().take(WAKE))
            .copied()
            .collect()
    }
}

fn keys(pending: &Pending) -> impl Iterator<Item = u64> + use<> {
    let visit = pending.awaiting.includes(Awaiting::VISIT).then_some(pending.keys.visit);
    let credential =
        pending.awaiting.includes(Awaiting::CREDENTIAL).then_some(pending.keys.credential);
    visit.into_iter().chain(credential).filter(|key| *key != 0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnosis::testing::{diagnose, get};

    fn unseen(sequence: Sequence) -> Pending {
        let case = &diagnose([get("/").answer(401)])[0];
        let exchange = Exchange { id: 100 + sequence, ..Exchange::clone(&case.exchange) };
        Pending {
            refused: Refused {
                exchange: exchange.into(),
                auth: Arc::clone(&case.auth),
                sequence,
                findings: None,
                looked_at: None,
            },
            verdict: None,
            only_leg: false,
            until: Timestamp::default(),
            awaiting: Awaiting::RETRY,
            keys: Keys::default(),
        }
    }

    #[test]
    fn those_that_wait_for_their_first_look_are_found_in_the_order_of_their_records() {
        let mut waiting = Waiting::default();
        (1..=10).for_each(|sequence| waiting.insert(unseen(sequence)));
        for id in [101, 102, 104] {
            waiting.take(id);
        }
        assert_eq!(waiting.unseen_up_to(2), None);
        assert_eq!(waiting.unseen.len(), 8, "what is gone goes with older records");
        assert_eq!(waiting.unseen_up_to(4), Some(103));
        assert_eq!(waiting.unseen_up_to(4), None);
        assert_eq!(waiting.unseen.len(), 6);
    }
}
