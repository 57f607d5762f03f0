//! Which exchanges are listed: as they come, and all anew after a change of view, filter, fold, sort
//! or marks.
//!
//! A new listing goes through the history in steps. Until it is done the old rows stand on the screen;
//! what arrives meanwhile goes to the new ones, unless they will come to it by themselves.

use std::sync::Arc;

use super::history::Kept;
use super::table::Rows;
use super::{Fold, Model, Pane, View, handshake};
use crate::diagnosis::Case;

/// New rows being gathered.
#[derive(Debug)]
pub(super) struct Listing {
    rows: Rows,
    /// The exchange to go on with.
    next: u64,
    /// How many were looked at.
    seen: usize,
}

/// A stopped display.
#[derive(Debug, Clone, Copy)]
pub(super) struct Pause {
    /// How many cases came since.
    waiting: usize,
    /// How many exchanges of the view were hidden.
    hidden: usize,
}

impl Model {
    /// How many cases the view would list without filter, and how many it lists.
    pub fn counts(&self) -> (usize, usize) {
        let listed = self.table.exchanges();
        (listed + self.paused.map_or_else(|| self.hidden(), |pause| pause.hidden), listed)
    }

    /// Exchanges of the view that filter and marks hide.
    fn hidden(&self) -> usize {
        self.covered().saturating_sub(self.table.exchanges() + self.folded.len())
    }

    /// Exchanges that the view is about.
    fn covered(&self) -> usize {
        match self.view {
            View::Refusals => self.history.refusals(),
            _ => self.history.len(),
        }
    }

    /// While paused: how many cases came since.
    pub fn paused(&self) -> Option<usize> {
        self.paused.map(|pause| pause.waiting)
    }

    /// Stops or resumes the display.
    pub fn toggle_pause(&mut self) {
        if self.paused.take().is_some() {
            self.begin_listing();
        } else {
            self.finish_listing();
            self.paused = Some(Pause { waiting: 0, hidden: self.hidden() });
        }
    }

    /// Takes a new or revised case.
    pub(super) fn take(&mut self, case: Arc<Case>) {
        let id = case.id();
        let known = self.history.get(id).is_some();
        if !known {
            self.values.observe(&case);
        }
        if let Some(pause) = &mut self.paused {
            pause.waiting += usize::from(!known);
            self.history.insert(case);
        } else {
            self.unlist(id);
            self.history.insert(Arc::clone(&case));
            if self.history.get(id).is_some() {
                self.list(id);
                self.fold_legs_into(&case);
            }
        }
        while let Some(gone) = self.history.evict() {
            self.unlist(gone.id());
            self.marks.remove(&gone.id());
        }
    }

    /// Whether filter and marks let it be listed.
    pub(super) fn is_listed(&self, id: u64, kept: &Kept) -> bool {
        (!self.marked_only || self.marks.contains(&id))
            && self.filter.active().is_none_or(|filter| kept.matches(filter))
    }

    /// A leg behind a proxy whose outer leg is listed says nothing that the outer one does not, and
    /// neither does a step of a handshake whose next step is.
    fn is_folded_leg(&self, kept: &Kept) -> bool {
        if !kept.may_be_leg || self.view != View::Refusals || self.fold != Fold::Repeats {
            return false;
        }
        let Some(verdict) = &kept.case.verdict else { return false };
        let outer = match verdict.leg_of {
            Some(outer) => Some(outer),
            None => handshake::next_refusal(&kept.case, &self.history).map(Case::id),
        };
        outer.is_some_and(|id| {
            let outer = self.history.kept(id);
            outer.is_some_and(|kept| self.view.covers(kept.weight) && self.is_listed(id, kept))
        })
    }

    /// The inner legs of a case, and the steps before it: they were listed before it was.
    fn fold_legs_into(&mut self, case: &Case) {
        let related = case.verdict.as_ref().map(|verdict| verdict.diagnosis.related.as_slice());
        let before = handshake::step_before(case, &self.history).map(Case::id);
        for id in related.unwrap_or_default().iter().copied().chain(before) {
            if self.history.kept(id).is_some_and(|leg| self.is_folded_leg(leg)) {
                self.unlist(id);
                self.folded.insert(id);
            }
        }
    }

    fn list(&mut self, id: u64) {
        let to_come = self.listing.as_ref().is_some_and(|listing| listing.next <= id);
        let Some(kept) = self.history.kept(id).filter(|_| !to_come) else { return };
        if !self.view.covers(kept.weight) {
            return;
        }
        if self.is_folded_leg(kept) {
            self.folded.insert(id);
        } else if self.is_listed(id, kept) {
            let group = self.history.group(self.view, self.fold, kept);
            let (sort, history) = (self.views[self.view as usize].sort, &self.history);
            let key = |group: &_| sort.sort_key(group, history);
            match &mut self.listing {
                Some(listing) => listing.rows.gather(group, id, kept.weight, key),
                None => self.table.add(group, &kept.case, key),
            }
        }
    }

    fn unlist(&mut self, id: u64) {
        self.folded.remove(&id);
        let (sort, history) = (self.views[self.view as usize].sort, &self.history);
        match &mut self.listing {
            Some(listing) => listing.rows.drop_gathered(id),
            None => {
                self.table.remove(id, |group| sort.sort_key(group, history));
            }
        }
    }

    /// Begins to list everything anew. The selection will stay with the row that the user chose, also
    /// when a filter hid it for a while.
    pub fn begin_listing(&mut self) {
        let abandoned = self.listing.take().map(|listing| listing.rows);
        let mut rows = abandoned.unwrap_or_else(|| std::mem::take(&mut self.spare));
        rows.clear();
        self.folded.clear();
        self.listing = Some(Listing { rows, next: 0, seen: 0 });
    }

    /// Lists everything anew, at once.
    pub fn relist(&mut self) {
        self.begin_listing();
        self.finish_listing();
    }

    /// Lists everything anew, at once, and selects the row of this exchange.
    pub(super) fn relist_with(&mut self, selected: Option<u64>) {
        self.begin_listing();
        if let Some(gathered) = self.gather(usize::MAX) {
            self.install(gathered, selected);
        }
    }

    /// Ends a listing that was begun.
    pub fn finish_listing(&mut self) {
        self.go_on_listing(usize::MAX);
    }

    /// How much of a listing is done, in percent, while there is one.
    pub fn listing(&self) -> Option<usize> {
        let listing = self.listing.as_ref()?;
        Some((listing.seen * 100 / self.history.len().max(1)).min(99))
    }

    /// Looks at this many exchanges more. Returns whether there are others left.
    pub fn go_on_listing(&mut self, count: usize) -> bool {
        if let Some(gathered) = self.gather(count) {
            self.install(gathered, self.preferred());
        }
        self.listing.is_some()
    }

    /// Looks at this many exchanges more. The listing, when it has seen them all.
    fn gather(&mut self, count: usize) -> Option<Listing> {
        let mut listing = self.listing.take()?;
        let sort = self.sort();
        let (mut seen, mut folded) = (0, Vec::new());
        let sorted = listing.rows.len();
        for (id, kept) in self.history.kept_from(listing.next).take(count) {
            seen += 1;
            listing.next = id + 1;
            if !self.view.covers(kept.weight) {
                continue;
            }
            if self.is_folded_leg(kept) {
                folded.push(id);
            } else if self.is_listed(id, kept) {
                let group = self.history.group(self.view, self.fold, kept);
                let key = |group: &_| sort.sort_key(group, &self.history);
                listing.rows.gather(group, id, kept.weight, key);
            }
        }
        listing.rows.sort_gathered(sorted);
        self.folded.extend(folded);
        listing.seen += seen;
        if seen < count {
            return Some(listing);
        }
        self.listing = Some(listing);
        None
    }

    /// Puts the rows that were gathered in place of the old ones, and selects that of an exchange.
    fn install(&mut self, mut listing: Listing, selected: Option<u64>) {
        let history = &self.history;
        let remembered = *self.remembered();
        listing.rows.sort(|group| remembered.sort.sort_key(group, history));
        let selected = selected
            .and_then(|id| self.history.kept(id))
            .map(|kept| self.history.group(self.view, self.fold, kept));
        self.spare = self.table.install(listing.rows, remembered.reverse, selected);
        if self.pane == Pane::List {
            self.reading = None;
        }
        let hidden = self.hidden();
        if let Some(pause) = &mut self.paused {
            // What was waiting is listed now.
            *pause = Pause { waiting: 0, hidden };
        }
    }
}
