//! Connections by age of their last packet, in lists: those with payload, and those without, as half-open ones
//! must not push out the others.

use super::{FlowTable, NONE};
use crate::time::Timestamp;

/// The list in which a connection stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// No payload was seen.
    Embryonic,
    /// Some was.
    Established,
    /// It is over, and in none.
    Closed,
}

/// A connection's neighbours in its list. Not in its slot: those of neighbours lie far apart in memory.
#[derive(Debug, Clone, Copy)]
pub(super) struct Neighbours {
    pub(super) newer: u32,
    pub(super) older: u32,
}

/// The ends of a list.
#[derive(Debug)]
pub(super) struct List {
    pub(super) newest: u32,
    pub(super) oldest: u32,
    pub(super) len: usize,
}

impl List {
    pub(super) const EMPTY: Self = Self { newest: NONE, oldest: NONE, len: 0 };
}

impl<S> FlowTable<S> {
    pub(super) fn list(&mut self, kind: Kind) -> Option<&mut List> {
        match kind {
            Kind::Embryonic => Some(&mut self.embryonic),
            Kind::Established => Some(&mut self.established),
            Kind::Closed => None,
        }
    }

    /// Puts a slot at the new end of the list of its kind.
    pub(super) fn link(&mut self, slot: u32) {
        let Some(list) = self.list(self.slots[slot].kind) else { return };
        let newest = std::mem::replace(&mut list.newest, slot);
        list.len += 1;
        if newest == NONE {
            list.oldest = slot;
        } else {
            self.neighbours[newest as usize].newer = slot;
        }
        self.neighbours[slot as usize] = Neighbours { newer: NONE, older: newest };
    }

    pub(super) fn unlink(&mut self, slot: u32) {
        let Neighbours { newer, older } = self.neighbours[slot as usize];
        let Some(list) = self.list(self.slots[slot].kind) else { return };
        list.len -= 1;
        if newer == NONE {
            list.newest = older;
        }
        if older == NONE {
            list.oldest = newer;
        }
        if newer != NONE {
            self.neighbours[newer as usize].older = older;
        }
        if older != NONE {
            self.neighbours[older as usize].newer = newer;
        }
    }

    /// The flow has just been active, and its place in the list is to be renewed.
    pub(super) fn touch(&mut self, slot: u32, now: Timestamp) {
        self.unlink(slot);
        let entry = &mut self.slots[slot];
        if entry.is_promoted() {
            entry.kind = Kind::Established;
        }
        entry.linked = now;
        entry.spared = false;
        self.link(slot);
    }
}
