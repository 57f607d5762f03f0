//! The rows of a view: groups of exchanges, sorted, with a selection that stays on its row.
//!
//! Every view is a table of groups. In the lists of exchanges a group is one exchange or a folded
//! repeat; in the other views it is what belongs to an endpoint, a client or a connection.

pub use super::rows::{Group, Members, Rows, SortKey, Weight};
use crate::diagnosis::Case;

/// Whether the selection goes with new rows.
#[derive(Debug, Clone, Copy, Default)]
pub struct Following {
    on: bool,
    /// The newest exchange that it went to.
    seen: Option<u64>,
}

impl Following {
    /// From the start, or not.
    pub fn new(on: bool) -> Self {
        Self { on, seen: None }
    }
}

/// The rows, the selection and the viewport of the view that is shown.
#[derive(Debug, Default)]
pub struct Table {
    rows: Rows,
    reverse: bool,
    selected: Option<u64>,
    /// Where the selection was, should its row vanish.
    position: usize,
    /// Line of the viewport on which the selected row stands: what keeps the picture still.
    line: usize,
    height: usize,
    following: Following,
    /// Whether the selection stays where it is for a while, also when it goes with new rows.
    still: bool,
    /// Whether the selection was moved by hand: until then it is the first row.
    touched: bool,
}

impl Table {
    /// An empty table that follows new rows or not.
    pub fn new(follow: bool) -> Self {
        Self { following: Following::new(follow), ..Self::default() }
    }

    /// Forgets what was selected and begins anew, for another view.
    pub fn restart(&mut self, following: Following) {
        (self.selected, self.position, self.line) = (None, 0, 0);
        (self.touched, self.following) = (false, following);
    }

    /// Puts other rows in place of its own, which come back. The selection moves to the group
    /// `selected`.
    pub fn install(&mut self, rows: Rows, reverse: bool, selected: Option<u64>) -> Rows {
        let before = std::mem::replace(&mut self.rows, rows);
        self.reverse = reverse;
        self.selected = selected.filter(|group| self.rows.group(*group).is_some());
        self.touched |= self.selected.is_some();
        self.settle_selection();
        before
    }

    /// Adds a case to a group. While the user looks at a row it stays where it is, whatever joins it.
    pub fn add(&mut self, id: u64, case: &Case, key: impl Fn(&Group) -> SortKey) {
        self.rows.add(id, case, self.held() == Some(id), key);
        self.settle_selection();
    }

    /// Takes an exchange out of its group, and the row away with its last. Whether it was listed.
    pub fn remove(&mut self, exchange: u64, key: impl Fn(&Group) -> SortKey) -> bool {
        let listed = self.rows.remove(exchange, self.held(), key);
        if listed {
            self.settle_selection();
        }
        listed
    }

    /// The group whose row the user looks at, so that it must not move.
    fn held(&self) -> Option<u64> {
        self.selected.filter(|_| self.still || (self.touched && !self.following.on))
    }

    /// Rows.
    pub fn len(&self) -> usize {
        self.rows.len()
    }

    /// Exchanges in all rows.
    pub fn exchanges(&self) -> usize {
        self.rows.exchanges()
    }

    /// Whether the selection was moved by hand.
    pub fn is_touched(&self) -> bool {
        self.touched
    }

    /// Whether there is no row.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// The group in this row.
    pub fn group_at(&self, position: usize) -> Option<(u64, &Group)> {
        let id = self.rows.at(self.turned(position)?)?;
        Some((id, self.rows.group(id)?))
    }

    fn turned(&self, position: usize) -> Option<usize> {
        if self.reverse { self.len().checked_sub(position + 1) } else { Some(position) }
    }

    fn position_of(&self, id: u64) -> Option<usize> {
        self.turned(self.rows.place_of(id)?)
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
        Some((id, self.rows.group(id)?))
    }

    /// Whether the selection goes with new rows.
    pub fn is_following(&self) -> bool {
        self.following.on
    }

    /// How it goes with new rows, for [`Table::restart`].
    pub fn following(&self) -> Following {
        self.following
    }

    /// How many rows behind the selected one came since new ones were followed last, if they were and are
    /// no longer.
    pub fn news(&self) -> Option<usize> {
        let stopped = !self.following.on && self.rows.are_by_arrival();
        let seen = self.following.seen.filter(|_| stopped)?;
        let behind = self.turned(self.position).map_or(0, |at| self.len().saturating_sub(at + 1));
        Some(self.rows.count_after(seen).min(behind))
    }

    /// Stays on the selected row: it is looked at.
    pub fn hold(&mut self) {
        (self.touched, self.following.on) = (true, false);
    }

    /// Starts or stops following.
    pub fn set_follow(&mut self, follow: bool) {
        self.following.on = follow;
        self.settle_selection();
    }

    /// Keeps the selection where it is for a while, whatever comes; then it goes with new rows again if it
    /// did before.
    pub fn set_still(&mut self, still: bool) {
        if self.still != still {
            self.still = still;
            self.settle_selection();
        }
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
        self.following.on = by > 0 && target >= last && self.newest_is_last();
        let key = &key;
        self.select(target, key);
        self.settle_selection();
    }

    fn newest_is_last(&self) -> bool {
        !self.reverse && self.rows.are_by_arrival()
    }

    /// Selects this group, when it is listed.
    pub fn select_group(&mut self, id: u64, key: impl Fn(&Group) -> SortKey) -> bool {
        let Some(position) = self.position_of(id) else { return false };
        self.following.on = false;
        self.select(position, key);
        true
    }

    /// A row that was held in place while it was looked at goes where it belongs.
    fn release(&mut self, id: u64, key: impl Fn(&Group) -> SortKey) {
        if self.rows.settle(id, key) {
            self.settle_selection();
        }
    }

    /// Keeps the selection on its row, or near where that was.
    fn settle_selection(&mut self) {
        // Sorted by anything else the newest row may come anywhere.
        self.following.on &= self.rows.are_by_arrival();
        let follows = self.following.on && !self.still;
        if follows {
            self.following.seen = Some(self.rows.newest());
        }
        if self.is_empty() {
            (self.selected, self.position, self.line) = (None, 0, 0);
            return;
        }
        if follows {
            let newest = if self.reverse { 0 } else { self.len() - 1 };
            self.position = newest;
            self.selected = self.group_at(newest).map(|(id, _)| id);
            self.line = if newest == 0 { 0 } else { usize::MAX };
            return;
        }
        if !self.touched && !self.still {
            (self.selected, self.position) = (None, 0);
        }
        if let Some(position) = self.selected.and_then(|id| self.position_of(id)) {
            self.position = position;
        } else {
            self.position = self.position.min(self.len() - 1);
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
