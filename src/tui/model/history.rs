//! The exchanges that are kept: bounded, in order of their ids.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::handshake;
use super::rows::Weight;
use super::views::{Fold, Grouping, View};
use crate::diagnosis::Case;
use crate::filter::{self, Brief, Filter};

/// An exchange that is kept, and beside it what a list asks of it: going through a long history
/// would otherwise be waiting for memory.
#[derive(Debug)]
pub struct Kept {
    /// The exchange.
    pub case: Arc<Case>,
    brief: Option<Brief>,
    /// How it counts in a row.
    pub weight: Weight,
    /// Whether it may stand in the row of another exchange: a leg behind a proxy, or a step of a
    /// handshake.
    pub may_be_leg: bool,
    /// The groups that it belongs to, by view, while repeats are folded.
    groups: [u64; View::ALL.len()],
}

impl Kept {
    fn new(case: Arc<Case>, grouping: &Grouping) -> Self {
        Self {
            brief: Brief::of(&case),
            weight: Weight::of(&case),
            may_be_leg: handshake::may_be_leg(&case),
            groups: View::ALL.map(|view| grouping.of(view, Fold::default(), &case)),
            case,
        }
    }

    /// Whether it passes a filter.
    pub fn matches(&self, filter: &Filter) -> bool {
        filter.matches_briefly(&self.case, self.brief.as_ref())
    }

    /// Number of the connection.
    pub fn flow(&self) -> i64 {
        filter::flow(&self.case, self.brief.as_ref()).unwrap_or_default() as i64
    }

    /// Status code.
    pub fn status(&self) -> Option<i64> {
        filter::status(&self.case, self.brief.as_ref()).map(|status| status as i64)
    }

    /// Host and path, to sort by.
    pub fn target(&self) -> String {
        filter::target(&self.case, self.brief.as_ref())
    }

    /// From request to response, in nanoseconds.
    pub fn latency(&self) -> Option<i64> {
        let latency = filter::latency(&self.case, self.brief.as_ref());
        latency.map(|latency| i64::try_from(latency).unwrap_or(i64::MAX))
    }
}

/// The last exchanges seen. When it is full the oldest goes, those without a verdict first as long
/// as the others take no more than half: a busy server must not push the refusals out.
#[derive(Debug)]
pub struct History {
    cases: BTreeMap<u64, Kept>,
    /// How many of them are refusals.
    refusals: usize,
    grouping: Grouping,
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
            refusals: 0,
            grouping: Grouping::default(),
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
        let kept = Kept::new(case, &self.grouping);
        self.refusals += usize::from(kept.weight.is_refusal());
        let before = self.cases.insert(id, kept);
        self.forget_weight(before.as_ref());
    }

    fn forget_weight(&mut self, kept: Option<&Kept>) {
        self.refusals -= usize::from(kept.is_some_and(|kept| kept.weight.is_refusal()));
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
        self.evicted += 1;
        let gone = self.cases.remove(&id);
        self.forget_weight(gone.as_ref());
        gone.map(|kept| kept.case)
    }

    /// Forgets everything; late revisions of it stay forgotten.
    pub fn clear(&mut self) {
        self.floor = self.cases.keys().next_back().copied().unwrap_or(self.floor);
        self.cases.clear();
        self.refusals = 0;
        self.plain.clear();
    }

    /// The case of this exchange.
    pub fn get(&self, id: u64) -> Option<&Arc<Case>> {
        self.kept(id).map(|kept| &kept.case)
    }

    /// The exchange of this id, and what is kept beside it.
    pub fn kept(&self, id: u64) -> Option<&Kept> {
        self.cases.get(&id)
    }

    /// What is kept from this id on, in order.
    pub fn kept_from(&self, id: u64) -> impl Iterator<Item = (u64, &Kept)> {
        self.cases.range(id..).map(|(id, kept)| (*id, kept))
    }

    /// The group of an exchange in a view.
    pub fn group(&self, view: View, fold: Fold, kept: &Kept) -> u64 {
        if fold == Fold::default() || !view.lists_exchanges() {
            return kept.groups[view as usize];
        }
        self.grouping.of(view, fold, &kept.case)
    }

    /// All cases, in order.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = &Arc<Case>> {
        self.cases.values().map(|kept| &kept.case)
    }

    /// How many of them are 401s and 407s.
    pub fn refusals(&self) -> usize {
        self.refusals
    }

    /// The cases from this id on.
    pub fn from(&self, id: u64) -> impl DoubleEndedIterator<Item = &Arc<Case>> {
        self.cases.range(id..).map(|(_, kept)| &kept.case)
    }

    /// The cases before this id, in order.
    pub fn before(&self, id: u64) -> impl DoubleEndedIterator<Item = &Arc<Case>> {
        self.cases.range(..id).map(|(_, kept)| &kept.case)
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
