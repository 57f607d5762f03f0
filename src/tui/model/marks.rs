//! Which exchanges an action takes: those of the selected row, the marked ones, all that are listed.

use std::sync::Arc;

use super::{Group, Model};
use crate::diagnosis::Case;

impl Model {
    /// The exchanges of the selected row, in order of their ids; what is read and stands in no row any
    /// more by itself.
    pub fn row_cases(&self) -> Vec<Arc<Case>> {
        let members = self.table.selected().map(|(_, group)| &group.members);
        let read = self.reading.as_ref().map(|reading| &reading.case);
        let Some(members) = members.filter(|ids| read.is_none_or(|read| ids.contains(read.id())))
        else {
            return read.cloned().into_iter().collect();
        };
        let mut cases: Vec<Arc<Case>> =
            members.latest_first().filter_map(|id| self.history.get(id)).cloned().collect();
        cases.reverse();
        cases
    }

    /// Marks or unmarks the selected row, with all exchanges in it. Returns how many are marked now.
    pub fn toggle_mark(&mut self) -> usize {
        let kept = |case: &Arc<Case>| self.history.get(case.id()).map(|case| case.id());
        let ids: Vec<u64> = self.row_cases().iter().filter_map(kept).collect();
        let marked = ids.iter().filter(|id| self.marks.remove(id)).count();
        if marked > 0 {
            self.last_mark = None;
        } else {
            self.marks.extend(&ids);
            self.last_mark = self.selected().map(|case| case.id());
        }
        if self.marked_only {
            self.begin_listing();
        }
        if marked > 0 { 0 } else { ids.len() }
    }

    /// Whether an exchange of this group is marked.
    pub fn is_marked(&self, group: &Group) -> bool {
        let members = &group.members;
        if self.marks.len() < members.count() {
            self.marks.iter().any(|id| members.contains(*id))
        } else {
            !self.marks.is_empty() && members.latest_first().any(|id| self.marks.contains(&id))
        }
    }

    /// The marked exchanges.
    pub fn marked(&self) -> Vec<Arc<Case>> {
        self.marks.iter().filter_map(|&id| self.history.get(id)).cloned().collect()
    }

    /// Lists the marked rows only, or all again.
    pub fn toggle_marked_only(&mut self) -> bool {
        self.marked_only = !self.marked_only;
        self.begin_listing();
        self.marked_only
    }

    /// Whether only marked rows are listed.
    pub fn is_marked_only(&self) -> bool {
        self.marked_only
    }

    /// All exchanges of the rows listed, in order of their ids.
    pub fn listed_cases(&self) -> Vec<Arc<Case>> {
        let mut ids: Vec<u64> =
            self.table.iter().flat_map(|(_, group)| group.members.latest_first()).collect();
        ids.sort_unstable();
        ids.into_iter().filter_map(|id| self.history.get(id)).cloned().collect()
    }
}
