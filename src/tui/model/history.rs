//! The exchanges that are kept: bounded, in order of their ids.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::diagnosis::Case;

/// The last exchanges seen. When it is full the oldest goes, those without a verdict first as long
/// as the others take no more than half: a busy server must not push the refusals out.
#[derive(Debug)]
pub struct History {
    cases: BTreeMap<u64, Arc<Case>>,
    /// Those of them that are refusals: the view that people live in never walks over the others.
    refusals: BTreeMap<u64, Arc<Case>>,
    plain: BTreeSet<u64>,
    limit: usize,
    /// Ids up to this one were cleared: a late revision does not bring them back.
    floor: u64,
    /// How many had to go.
    evicted: u64,
}

impl History {
    /// For at most `limit` exchanges.
    pub fn new(limit: usize) -> Self {
        Self {
            cases: BTreeMap::new(),
            refusals: BTreeMap::new(),
            plain: BTreeSet::new(),
            limit: limit.max(1),
            floor: 0,
            evicted: 0,
        }
    }

    /// Keeps a case, in place of the one with the same id.
    pub fn insert(&mut self, case: Arc<Case>) {
        let id = case.id();
        if id <= self.floor {
            return;
        }
        if case.verdict.is_some() {
            self.plain.remove(&id);
        } else {
            self.plain.insert(id);
        }
        if is_refusal(&case) {
            self.refusals.insert(id, Arc::clone(&case));
        } else {
            self.refusals.remove(&id);
        }
        self.cases.insert(id, case);
    }

    /// Takes out one case while there are too many.
    pub fn evict(&mut self) -> Option<Arc<Case>> {
        if self.cases.len() <= self.limit {
            return None;
        }
        let explained = self.cases.len() - self.plain.len();
        let oldest = self.cases.keys().next().copied();
        let id = match self.plain.first() {
            Some(&plain) if explained <= self.limit / 2 => plain,
            _ => oldest?,
        };
        self.plain.remove(&id);
        self.refusals.remove(&id);
        self.evicted += 1;
        self.cases.remove(&id)
    }

    /// Forgets everything; late revisions of it stay forgotten.
    pub fn clear(&mut self) {
        self.floor = self.cases.keys().next_back().copied().unwrap_or(self.floor);
        self.cases.clear();
        self.refusals.clear();
        self.plain.clear();
    }

    /// The case of this exchange.
    pub fn get(&self, id: u64) -> Option<&Arc<Case>> {
        self.cases.get(&id)
    }

    /// All cases, in order.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = &Arc<Case>> {
        self.cases.values()
    }

    /// The 401s and 407s from this id on, in order.
    pub fn refusals_from(&self, id: u64) -> impl DoubleEndedIterator<Item = &Arc<Case>> {
        self.refusals.range(id..).map(|(_, case)| case)
    }

    /// How many of them are 401s and 407s.
    pub fn refusals(&self) -> usize {
        self.refusals.len()
    }

    /// The cases from this id on.
    pub fn from(&self, id: u64) -> impl DoubleEndedIterator<Item = &Arc<Case>> {
        self.cases.range(id..).map(|(_, case)| case)
    }

    /// The cases before this id, in order.
    pub fn before(&self, id: u64) -> impl DoubleEndedIterator<Item = &Arc<Case>> {
        self.cases.range(..id).map(|(_, case)| case)
    }

    /// How many are kept.
    pub fn len(&self) -> usize {
        self.cases.len()
    }

    /// Whether nothing is kept.
    pub fn is_empty(&self) -> bool {
        self.cases.is_empty()
    }

    /// How many had to go since the start.
    pub fn evicted(&self) -> u64 {
        self.evicted
    }
}

/// Whether the server asked for credentials.
pub fn is_refusal(case: &Case) -> bool {
    matches!(case.exchange.status(), Some(401 | 407))
}

#[cfg(test)]
mod tests {
    use super::super::samples::{accepted, refused};
    use super::*;

    fn ids(history: &History) -> Vec<u64> {
        history.iter().map(|case| case.id()).collect()
    }

    #[test]
    fn the_same_exchange_replaces_and_order_is_that_of_ids() {
        let mut history = History::new(10);
        for id in [3, 1, 2, 3] {
            history.insert(accepted(id));
        }
        history.insert(refused(2));
        assert_eq!(ids(&history), [1, 2, 3]);
        assert!(history.get(2).unwrap().verdict.is_some());
    }

    #[test]
    fn a_busy_server_does_not_push_refusals_out() {
        let mut history = History::new(4);
        history.insert(refused(1));
        for id in 2..50 {
            history.insert(accepted(id));
            while history.evict().is_some() {}
        }
        assert_eq!(ids(&history), [1, 47, 48, 49]);
        assert_eq!(history.evicted(), 45);
    }

    #[test]
    fn refusals_alone_are_bounded_too() {
        let mut history = History::new(4);
        for id in 1..50 {
            history.insert(refused(id));
            while history.evict().is_some() {}
        }
        assert_eq!(ids(&history), [46, 47, 48, 49]);
    }

    #[test]
    fn what_was_cleared_does_not_come_back() {
        let mut history = History::new(4);
        history.insert(refused(1));
        history.insert(refused(2));
        history.clear();
        history.insert(refused(2));
        assert!(history.is_empty());
        history.insert(refused(3));
        assert_eq!(ids(&history), [3]);
    }
}
