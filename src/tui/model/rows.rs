//! Groups of exchanges in the order of the rows: what a table shows, without a selection.
//!
//! Invariants: `order` is sorted by (sort key, anchor, group) and holds each group once; a group has
//! at least one member; its row carries the key and anchor that the group remembers, so that the row
//! is found again without looking at any exchange. `home` names the group of each exchange listed and
//! what it counted for, so that it leaves as it came, whatever it has become since. An exchange that
//! is a group of its own, named by its id, needs no entry there.
//!
//! While rows are gathered for a new listing the order is that of arrival; [`Rows::sort`] ends that.

use std::cmp::Ordering;
use std::collections::{BTreeSet, VecDeque};
use std::sync::Arc;

use ahash::HashMap;

use super::ascending::Ascending;
use super::views::HASHED;
use crate::diagnosis::Case;

/// Exchanges of a group, by id. Most groups have one, which then takes no heap.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Members {
    /// One.
    One(u64),
    /// Several.
    Many(BTreeSet<u64>),
}

impl Members {
    fn insert(&mut self, id: u64) {
        match self {
            Self::One(first) if *first == id => {}
            Self::One(first) => *self = Self::Many(BTreeSet::from([*first, id])),
            Self::Many(ids) => {
                ids.insert(id);
            }
        }
    }

    /// Whether none is left.
    fn remove(&mut self, id: u64) -> bool {
        match self {
            Self::One(first) => *first == id,
            Self::Many(ids) => {
                ids.remove(&id);
                ids.is_empty()
            }
        }
    }

    /// How many.
    pub fn count(&self) -> usize {
        match self {
            Self::One(_) => 1,
            Self::Many(ids) => ids.len(),
        }
    }

    /// Whether this is one of them.
    pub fn contains(&self, id: u64) -> bool {
        match self {
            Self::One(first) => *first == id,
            Self::Many(ids) => ids.contains(&id),
        }
    }

    /// The latest.
    pub fn last(&self) -> u64 {
        match self {
            Self::One(id) => *id,
            Self::Many(ids) => ids.last().copied().unwrap_or_default(),
        }
    }

    /// From the latest to the first.
    pub fn latest_first(&self) -> impl Iterator<Item = u64> + '_ {
        let (one, many) = match self {
            Self::One(id) => (Some(*id), None),
            Self::Many(ids) => (None, Some(ids)),
        };
        one.into_iter().chain(many.into_iter().flat_map(|ids| ids.iter().rev().copied()))
    }
}

/// What a column is sorted by.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum SortKey {
    /// By the order of arrival alone.
    Arrival,
    /// By a number.
    Number(i64),
    /// By text.
    Text(Arc<str>),
}

/// What belongs together in one row.
#[derive(Debug, Clone)]
pub struct Group {
    /// The exchanges.
    pub members: Members,
    /// How many of them were refused and not part of a normal flow.
    pub refused: u32,
    /// How many were refused as part of a normal flow.
    pub benign: u32,
    anchor: u64,
    key: SortKey,
}

/// Counted in a group: whether a case is a refusal, and whether a harmless one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Weight {
    /// A refusal that matters.
    Refused,
    /// A refusal as part of a normal flow.
    Benign,
    /// Anything else.
    #[default]
    Other,
}

impl Weight {
    /// Of one case.
    pub fn of(case: &Case) -> Self {
        match (case.exchange.status(), case.is_benign()) {
            (Some(401 | 407), false) => Self::Refused,
            (Some(401 | 407), true) => Self::Benign,
            _ => Self::Other,
        }
    }

    /// Whether it is a 401 or 407 at all.
    pub fn is_refusal(self) -> bool {
        self != Self::Other
    }

    /// Whether the case is a refusal that matters.
    pub fn is_refused(case: &Case) -> bool {
        Self::of(case) == Self::Refused
    }
}

impl Group {
    fn count(&mut self, weight: Weight) {
        self.refused += u32::from(weight == Weight::Refused);
        self.benign += u32::from(weight == Weight::Benign);
    }

    fn row(&self, id: u64) -> Row {
        Row { key: self.key.clone(), anchor: self.anchor, group: id }
    }
}

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Row {
    key: SortKey,
    anchor: u64,
    group: u64,
}

/// Groups by name.
#[derive(Debug, Default)]
struct Groups {
    numbered: Ascending<Group>,
    hashed: HashMap<u64, Group>,
}

impl Groups {
    fn get(&self, id: u64) -> Option<&Group> {
        if id & HASHED == 0 { self.numbered.get(id) } else { self.hashed.get(&id) }
    }

    fn get_mut(&mut self, id: u64) -> Option<&mut Group> {
        if id & HASHED == 0 { self.numbered.get_mut(id) } else { self.hashed.get_mut(&id) }
    }

    fn insert(&mut self, id: u64, group: Group) {
        if id & HASHED == 0 {
            self.numbered.insert(id, group);
        } else {
            self.hashed.insert(id, group);
        }
    }

    fn remove(&mut self, id: u64) {
        if id & HASHED == 0 {
            self.numbered.remove(id);
        } else {
            self.hashed.remove(&id);
        }
    }

    fn clear(&mut self) {
        self.numbered.clear();
        self.hashed.clear();
    }
}

/// The groups and their order.
#[derive(Debug, Default)]
pub struct Rows {
    /// Rows come at one end and go at the other.
    order: VecDeque<Row>,
    groups: Groups,
    home: Ascending<(u64, Weight)>,
    exchanges: usize,
    /// While gathering: whether a group went, whose row then still stands in the order.
    dead: bool,
}

impl Rows {
    /// Without any. The memory stays: fresh pages cost more than filling them.
    pub fn clear(&mut self) {
        self.order.clear();
        self.groups.clear();
        self.home.clear();
        (self.exchanges, self.dead) = (0, false);
    }

    /// Rows.
    pub fn len(&self) -> usize {
        self.order.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.order.is_empty()
    }

    /// Exchanges in all rows.
    pub fn exchanges(&self) -> usize {
        self.exchanges
    }

    /// Whether they stand in the order in which they came.
    pub fn are_by_arrival(&self) -> bool {
        self.order.back().is_none_or(|row| row.key == SortKey::Arrival)
    }

    /// By arrival, the exchange after which the last row came; 0 without rows.
    pub fn newest(&self) -> u64 {
        self.order.back().map_or(0, |row| row.anchor)
    }

    /// By arrival, how many rows came after this exchange.
    pub fn count_after(&self, exchange: u64) -> usize {
        self.order.len() - self.order.partition_point(|row| row.anchor <= exchange)
    }

    /// The group of this name.
    pub fn group(&self, id: u64) -> Option<&Group> {
        self.groups.get(id)
    }

    /// The name of the group at this place.
    pub fn at(&self, place: usize) -> Option<u64> {
        self.order.get(place).map(|row| row.group)
    }

    /// The place of a group.
    pub fn place_of(&self, id: u64) -> Option<usize> {
        self.order.binary_search(&self.groups.get(id)?.row(id)).ok()
    }

    /// Puts an exchange into a group. Whether the group is new.
    fn join(&mut self, id: u64, exchange: u64, weight: Weight) -> bool {
        if id != exchange {
            self.home.insert(exchange, (id, weight));
        }
        self.exchanges += 1;
        if let Some(group) = self.groups.get_mut(id) {
            group.members.insert(exchange);
            group.count(weight);
            group.anchor = group.anchor.max(exchange);
            return false;
        }
        let (members, anchor, key) = (Members::One(exchange), exchange, SortKey::Arrival);
        let mut group = Group { members, refused: 0, benign: 0, anchor, key };
        group.count(weight);
        self.groups.insert(id, group);
        true
    }

    /// Adds a case to a group, whose row then moves to where it belongs, unless it is held in place.
    pub fn add(&mut self, id: u64, case: &Case, held: bool, key: impl Fn(&Group) -> SortKey) {
        let before = self.groups.get(id).map(|group| group.row(id));
        self.join(id, case.id(), Weight::of(case));
        let Some(group) = self.groups.get_mut(id) else { return };
        match &before {
            Some(row) if held => (group.key, group.anchor) = (row.key.clone(), row.anchor),
            _ => group.key = key(group),
        }
        let row = group.row(id);
        if before.as_ref() == Some(&row) {
            return;
        }
        if let Some(before) = before {
            self.take_row(&before);
        }
        self.put_row(row);
    }

    /// Takes an exchange out of its group, and the row away with its last. Returns whether it was
    /// listed. The row of the group `held` stays where it is.
    pub fn remove(
        &mut self,
        exchange: u64,
        held: Option<u64>,
        key: impl Fn(&Group) -> SortKey,
    ) -> bool {
        let Some((id, row, left)) = self.leave(exchange) else { return false };
        if !left {
            self.take_row(&row);
        } else if held != Some(id) {
            self.settle(id, key);
        }
        true
    }

    /// Takes an exchange out of its group. The group, its row as it was, and whether it has others.
    fn leave(&mut self, exchange: u64) -> Option<(u64, Row, bool)> {
        let found = self.home.remove(exchange);
        let alone = || self.groups.get(exchange).is_some().then_some((exchange, Weight::Other));
        let (id, weight) = found.or_else(alone)?;
        self.exchanges -= 1;
        let group = self.groups.get_mut(id)?;
        let row = group.row(id);
        group.refused -= u32::from(weight == Weight::Refused && group.refused > 0);
        group.benign -= u32::from(weight == Weight::Benign && group.benign > 0);
        let empty = group.members.remove(exchange);
        if empty {
            self.groups.remove(id);
        }
        Some((id, row, !empty))
    }

    /// Moves the row of a group to where it belongs. Returns whether it stood elsewhere.
    pub fn settle(&mut self, id: u64, key: impl Fn(&Group) -> SortKey) -> bool {
        let Some(group) = self.groups.get_mut(id) else { return false };
        let before = group.row(id);
        group.key = key(group);
        group.anchor = group.members.last();
        let row = group.row(id);
        if row == before {
            return false;
        }
        self.take_row(&before);
        self.put_row(row);
        true
    }

    fn take_row(&mut self, row: &Row) {
        if let Ok(at) = self.order.binary_search(row) {
            self.order.remove(at);
        }
    }

    fn put_row(&mut self, row: Row) {
        // Mostly at the end, which costs nothing.
        match self.order.back().map(|last| last.cmp(&row)) {
            None | Some(Ordering::Less) => self.order.push_back(row),
            _ => {
                if let Err(at) = self.order.binary_search(&row) {
                    self.order.insert(at, row);
                }
            }
        }
    }

    /// Adds an exchange, leaving the order for later.
    pub fn gather(
        &mut self,
        id: u64,
        exchange: u64,
        weight: Weight,
        key: impl Fn(&Group) -> SortKey,
    ) {
        if self.join(id, exchange, weight)
            && let Some(group) = self.groups.get_mut(id)
        {
            group.key = key(group);
            self.order.push_back(group.row(id));
        }
    }

    /// Takes an exchange out of what was gathered.
    pub fn drop_gathered(&mut self, exchange: u64) {
        self.dead |= self.leave(exchange).is_some();
    }

    /// Brings what was gathered after the first `sorted` rows into order among itself. Such runs are
    /// merged in the end, for which little is left to do.
    pub fn sort_gathered(&mut self, sorted: usize) {
        if let Some(run) = self.order.make_contiguous().get_mut(sorted..) {
            run.sort();
        }
    }

    /// Brings what was gathered into order.
    pub fn sort(&mut self, key: impl Fn(&Group) -> SortKey) {
        let (groups, dead) = (&mut self.groups, self.dead);
        self.order.retain_mut(|row| {
            // The row of an exchange that stands alone is as it was gathered.
            if row.group == row.anchor && !dead {
                return true;
            }
            let Some(group) = groups.get_mut(row.group) else { return false };
            group.key = key(group);
            group.anchor = group.members.last();
            *row = group.row(row.group);
            true
        });
        let order = self.order.make_contiguous();
        // Runs that are in order already, which this sort makes use of.
        order.sort();
        if dead {
            let mut rows = Vec::from(std::mem::take(&mut self.order));
            rows.dedup();
            self.order = rows.into();
        }
        self.dead = false;
    }
}
