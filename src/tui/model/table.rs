//! The rows of a view: groups of exchanges, sorted, with a selection that stays on its row.
//!
//! Every view is a table of groups. In the lists of exchanges a group is one exchange or a folded
//! repeat; in the other views it is what belongs to an endpoint, a client or a connection.
//!
//! Invariants: `order` is sorted by (sort key, anchor, group) and holds each group once; a group has
//! at least one member; its row carries the key and anchor that the group remembers, so that the row
//! is found again without looking at any exchange. `home` names the group of each exchange listed and
//! what it counted for, so that it leaves as it came, whatever it has become since. An exchange that
//! is a group of its own, named by its id, needs no entry there.

use std::cmp::Ordering;
use std::collections::{BTreeSet, VecDeque};

use ahash::HashMap;

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
    Text(Box<str>),
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

    /// Whether the case is a refusal that matters.
    pub fn is_refused(case: &Case) -> bool {
        Self::of(case) == Self::Refused
    }
}

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Row {
    key: SortKey,
    anchor: u64,
    group: u64,
}

/// The rows, the selection and the viewport of the view that is shown.
#[derive(Debug, Default)]
pub struct Table {
    /// Rows come at one end and go at the other.
    order: VecDeque<Row>,
    groups: HashMap<u64, Group>,
    home: HashMap<u64, (u64, Weight)>,
    exchanges: usize,
    reverse: bool,
    selected: Option<u64>,
    /// Where the selection was, should its row vanish.
    position: usize,
    /// Line of the viewport on which the selected row stands: what keeps the picture still.
    line: usize,
    height: usize,
    follow: bool,
    /// Whether the selection was moved by hand: until then it is the first row.
    touched: bool,
}

impl Table {
    /// An empty table that follows new rows or not.
    pub fn new(follow: bool) -> Self {
        Self { follow, ..Self::default() }
    }

    /// Forgets what was selected and begins anew, for another view.
    pub fn restart(&mut self, follow: bool) {
        (self.selected, self.position, self.line) = (None, 0, 0);
        (self.touched, self.follow) = (false, follow);
    }

    /// Fills the table anew: groups from cases, then rows with the key that `key` gives them.
    /// The selection moves to the group `selected`.
    pub fn rebuild<'a>(
        &mut self,
        cases: impl Iterator<Item = (u64, &'a Case)>,
        key: impl Fn(&Group) -> SortKey,
        selected: Option<u64>,
    ) {
        // Cleared, not made anew: fresh pages cost more than filling them.
        self.groups.clear();
        self.home.clear();
        self.exchanges = 0;
        for (group, case) in cases {
            self.join(group, case);
        }
        self.order.clear();
        self.order.reserve(self.groups.len());
        for (&id, group) in &mut self.groups {
            group.key = key(group);
            self.order.push_back(Row { key: group.key.clone(), anchor: group.anchor, group: id });
        }
        self.order.make_contiguous().sort_unstable();
        self.selected = selected.filter(|group| self.groups.contains_key(group));
        self.touched |= self.selected.is_some();
        self.settle_selection();
    }

    fn join(&mut self, id: u64, case: &Case) {
        let weight = Weight::of(case);
        if id != case.id() {
            self.home.insert(case.id(), (id, weight));
        }
        self.exchanges += 1;
        let group = self.groups.entry(id).or_insert_with(|| Group {
            members: Members::One(case.id()),
            refused: 0,
            benign: 0,
            anchor: case.id(),
            key: SortKey::Arrival,
        });
        group.members.insert(case.id());
        group.refused += u32::from(weight == Weight::Refused);
        group.benign += u32::from(weight == Weight::Benign);
        group.anchor = group.anchor.max(case.id());
    }

    /// Adds a case to a group. While the user looks at a row it stays where it is, whatever joins it.
    pub fn add(&mut self, id: u64, case: &Case, key: impl Fn(&Group) -> SortKey) {
        let held = self.holds(id);
        let before = self.groups.get(&id).map(|group| (group.key.clone(), group.anchor));
        self.join(id, case);
        let Some(group) = self.groups.get_mut(&id) else { return };
        match &before {
            Some((held_key, held_anchor)) if held => {
                (group.key, group.anchor) = (held_key.clone(), *held_anchor);
            }
            _ => group.key = key(group),
        }
        let row = Row { key: group.key.clone(), anchor: group.anchor, group: id };
        if let Some((key, anchor)) = before {
            if (&key, anchor) == (&row.key, row.anchor) {
                return;
            }
            self.take_row(&Row { key, anchor, group: id });
        }
        self.put_row(row);
        self.settle_selection();
    }

    /// Takes an exchange out of its group, and the row away with its last. Whether it was listed.
    pub fn remove(&mut self, exchange: u64, key: impl Fn(&Group) -> SortKey) -> bool {
        let found = self.home.remove(&exchange);
        let alone = || self.groups.contains_key(&exchange).then_some((exchange, Weight::Other));
        let Some((id, weight)) = found.or_else(alone) else { return false };
        self.exchanges -= 1;
        let held = self.holds(id);
        let Some(group) = self.groups.get_mut(&id) else { return false };
        let row = Row { key: group.key.clone(), anchor: group.anchor, group: id };
        group.refused -= u32::from(weight == Weight::Refused && group.refused > 0);
        group.benign -= u32::from(weight == Weight::Benign && group.benign > 0);
        if group.members.remove(exchange) {
            self.groups.remove(&id);
            self.take_row(&row);
        } else if !held {
            group.key = key(group);
            group.anchor = group.members.last();
            let moved = Row { key: group.key.clone(), anchor: group.anchor, group: id };
            if moved != row {
                self.take_row(&row);
                self.put_row(moved);
            }
        }
        self.settle_selection();
        true
    }

    /// Whether the user looks at this row, so that it must not move.
    fn holds(&self, id: u64) -> bool {
        self.touched && !self.follow && self.selected == Some(id)
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

    /// Rows.
    pub fn len(&self) -> usize {
        self.order.len()
    }

    /// Exchanges in all rows.
    pub fn exchanges(&self) -> usize {
        self.exchanges
    }

    /// Whether the selection was moved by hand.
    pub fn is_touched(&self) -> bool {
        self.touched
    }

    /// Whether there is no row.
    pub fn is_empty(&self) -> bool {
        self.order.is_empty()
    }

    /// The group in this row.
    pub fn group_at(&self, position: usize) -> Option<(u64, &Group)> {
        let at = self.turned(position)?;
        let id = self.order.get(at)?.group;
        Some((id, self.groups.get(&id)?))
    }

    fn turned(&self, position: usize) -> Option<usize> {
        if self.reverse { self.order.len().checked_sub(position + 1) } else { Some(position) }
    }

    fn position_of(&self, id: u64) -> Option<usize> {
        let group = self.groups.get(&id)?;
        let row = Row { key: group.key.clone(), anchor: group.anchor, group: id };
        self.order.binary_search(&row).ok().and_then(|at| self.turned(at))
    }

    /// Sorts the other way round.
    pub fn set_reverse(&mut self, reverse: bool) {
        self.reverse = reverse;
        self.settle_selection();
    }

    /// Whether the sort is reversed.
    pub fn is_reversed(&self) -> bool {
        self.reverse
    }

    /// The selected row.
    pub fn position(&self) -> usize {
        self.position
    }

    /// The selected group.
    pub fn selected(&self) -> Option<(u64, &Group)> {
        let id = self.selected?;
        Some((id, self.groups.get(&id)?))
    }

    /// Whether the selection goes with new rows.
    pub fn is_following(&self) -> bool {
        self.follow
    }

    /// Starts or stops following.
    pub fn set_follow(&mut self, follow: bool) {
        self.follow = follow;
        self.settle_selection();
    }

    /// Moves the selection; follows again at the end, stops elsewhere.
    pub fn select(&mut self, position: usize, key: impl Fn(&Group) -> SortKey) {
        self.touched = true;
        let before = self.selected;
        let position = position.min(self.len().saturating_sub(1));
        let top = self.top();
        self.selected = self.group_at(position).map(|(id, _)| id);
        self.position = position;
        self.line = position.saturating_sub(top).min(self.height.saturating_sub(1));
        if let Some(left) = before.filter(|&left| self.selected != Some(left)) {
            self.release(left, key);
        }
    }

    /// Moves the selection by rows.
    pub fn step(&mut self, by: isize, key: impl Fn(&Group) -> SortKey) {
        let target = self.position.saturating_add_signed(by);
        let last = self.len().saturating_sub(1);
        self.follow = by > 0 && target >= last && self.newest_is_last();
        let key = &key;
        self.select(target, key);
        self.settle_selection();
    }

    fn newest_is_last(&self) -> bool {
        !self.reverse
    }

    /// Selects this group, when it is listed.
    pub fn select_group(&mut self, id: u64, key: impl Fn(&Group) -> SortKey) -> bool {
        let Some(position) = self.position_of(id) else { return false };
        self.follow = false;
        self.select(position, key);
        true
    }

    /// A row that was held in place while it was looked at goes where it belongs.
    fn release(&mut self, id: u64, key: impl Fn(&Group) -> SortKey) {
        let Some(group) = self.groups.get_mut(&id) else { return };
        let row = Row { key: group.key.clone(), anchor: group.anchor, group: id };
        group.key = key(group);
        group.anchor = group.members.last();
        let moved = Row { key: group.key.clone(), anchor: group.anchor, group: id };
        if moved != row {
            self.take_row(&row);
            self.put_row(moved);
            self.settle_selection();
        }
    }

    /// Keeps the selection on its row, or near where that was.
    fn settle_selection(&mut self) {
        if self.order.is_empty() {
            (self.selected, self.position, self.line) = (None, 0, 0);
            return;
        }
        let newest = if self.newest_is_last() { self.order.len() - 1 } else { 0 };
        if self.follow {
            self.position = newest;
            self.selected = self.group_at(newest).map(|(id, _)| id);
            self.line = if newest == 0 { 0 } else { usize::MAX };
            return;
        }
        if !self.touched {
            (self.selected, self.position) = (None, 0);
        }
        if let Some(position) = self.selected.and_then(|id| self.position_of(id)) {
            self.position = position;
        } else {
            self.position = self.position.min(self.order.len() - 1);
            self.selected = self.group_at(self.position).map(|(id, _)| id);
        }
    }

    /// Tells how many rows fit.
    pub fn set_height(&mut self, height: usize) {
        self.height = height;
        self.line = self.position - self.top();
    }

    /// How many rows fit.
    pub fn height(&self) -> usize {
        self.height
    }

    /// The first row in the viewport.
    pub fn top(&self) -> usize {
        let height = self.height.max(1);
        let lowest = self.len().saturating_sub(height);
        self.position.saturating_sub(self.line.min(height - 1)).min(lowest).min(self.position)
    }

    /// All groups with their ids, in the order of the rows.
    pub fn iter(&self) -> impl Iterator<Item = (u64, &Group)> {
        (0..self.len()).filter_map(|position| self.group_at(position))
    }
}

#[cfg(test)]
mod tests {
    use super::super::samples::{accepted, refused};
    use super::*;

    fn arrival(_: &Group) -> SortKey {
        SortKey::Arrival
    }

    fn table(ids: std::ops::RangeInclusive<u64>, follow: bool) -> Table {
        let mut table = Table::new(follow);
        table.set_height(5);
        for id in ids {
            table.add(id, &refused(id), arrival);
        }
        table.set_height(5);
        table
    }

    fn shown(table: &Table) -> Vec<u64> {
        let rows = table.top()..(table.top() + table.height()).min(table.len());
        rows.filter_map(|row| table.group_at(row)).map(|(id, _)| id).collect()
    }

    #[test]
    fn following_shows_the_newest_and_moving_up_stops_it() {
        let mut table = table(1..=20, true);
        assert_eq!(shown(&table), [16, 17, 18, 19, 20]);
        table.step(-1, arrival);
        assert!(!table.is_following());
        table.add(21, &refused(21), arrival);
        table.set_height(5);
        assert_eq!(table.selected().unwrap().0, 19);
        assert_eq!(shown(&table), [16, 17, 18, 19, 20], "the picture stands still");
        table.step(10, arrival);
        assert!(table.is_following());
        table.add(22, &refused(22), arrival);
        table.set_height(5);
        assert_eq!(shown(&table), [18, 19, 20, 21, 22]);
    }

    #[test]
    fn the_selection_and_its_line_stay_while_rows_come_and_go_above() {
        let mut table = table(10..=30, false);
        table.select(10, arrival);
        table.set_height(5);
        let line = table.position() - table.top();
        for id in 1..5 {
            table.add(id, &refused(id), arrival);
            table.set_height(5);
            assert_eq!(table.selected().unwrap().0, 20);
            assert_eq!(table.position() - table.top(), line);
        }
        for id in 1..15 {
            table.remove(id, arrival);
            table.set_height(5);
            assert_eq!(table.selected().unwrap().0, 20);
        }
        assert_eq!(table.position() - table.top(), line);
    }

    #[test]
    fn a_vanished_row_leaves_the_selection_next_to_it() {
        let mut table = table(1..=5, false);
        table.select(2, arrival);
        table.remove(3, arrival);
        assert_eq!(table.selected().unwrap().0, 4);
        for id in [1, 2, 4, 5] {
            table.remove(id, arrival);
        }
        assert!(table.selected().is_none() && table.is_empty());
    }

    #[test]
    fn a_repeat_moves_its_row_to_the_end_unless_it_is_looked_at() {
        let mut table = table(1..=4, false);
        table.select(0, arrival);
        table.add(1, &refused(9), arrival);
        assert_eq!(table.position(), 0, "held while selected");
        assert_eq!(table.selected().unwrap().1.members.count(), 2);
        table.add(2, &refused(10), arrival);
        assert_eq!(table.iter().map(|(id, _)| id).collect::<Vec<_>>(), [1, 3, 4, 2]);
        table.step(1, arrival);
        assert_eq!(table.selected().unwrap().0, 3);
        assert_eq!(table.iter().map(|(id, _)| id).collect::<Vec<_>>(), [3, 4, 1, 2]);
    }

    #[test]
    fn until_it_is_moved_the_selection_is_the_first_row() {
        let by_size = |group: &Group| SortKey::Number(group.members.count() as i64);
        let mut table = Table::new(false);
        table.set_reverse(true);
        for (group, id) in [(1, 1), (2, 2), (2, 3)] {
            table.add(group, &refused(id), by_size);
        }
        assert_eq!((table.position(), table.selected().unwrap().0), (0, 2));
        table.select(1, by_size);
        for id in 4..9 {
            table.add(3, &refused(id), by_size);
        }
        assert_eq!(table.selected().unwrap().0, 1);
    }

    #[test]
    fn groups_count_what_was_refused() {
        let mut table = Table::new(false);
        table.add(7, &refused(1), arrival);
        table.add(7, &accepted(2), arrival);
        table.add(7, &refused(3), arrival);
        let (_, group) = table.group_at(0).unwrap();
        assert_eq!((group.members.count(), group.refused), (3, 2));
        table.remove(3, arrival);
        assert_eq!(table.group_at(0).unwrap().1.refused, 1);
    }

    #[test]
    fn sorting_by_a_key_and_turning_it_round_keeps_every_row() {
        let by_last_digit = |group: &Group| SortKey::Number((group.members.last() % 10) as i64);
        let mut table = Table::new(false);
        for id in 1..=30 {
            table.add(id, &refused(id), by_last_digit);
        }
        let mut seen: Vec<u64> = table.iter().map(|(id, _)| id % 10).collect();
        assert!(seen.is_sorted());
        table.set_reverse(true);
        seen.reverse();
        assert_eq!(table.iter().map(|(id, _)| id % 10).collect::<Vec<_>>(), seen);
        for id in 1..=30 {
            table.remove(id, by_last_digit);
        }
        assert!(table.is_empty());
    }
}
