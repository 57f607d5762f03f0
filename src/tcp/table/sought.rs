//! Connections that are looked for before they are needed, so that their memory has come by then: where there
//! are many it lies outside of the cache.

use super::{FlowTable, NONE, Slot};
use crate::decode::Segment;
use crate::tcp::{Consumer, FlowKey};

/// What the connection of a segment is found by, and where it seems to be.
#[derive(Debug, Clone, Copy)]
pub struct Sought {
    pub(super) hash: u64,
    /// Whether the source is the lower endpoint in the connection's key.
    pub(super) source_is_low: bool,
    /// A slot in which it may be.
    slot: u32,
}

impl Sought {
    /// That of no segment.
    pub const NOTHING: Self = Self { hash: 0, source_is_low: true, slot: NONE };
}

impl<S> FlowTable<S> {
    /// What this segment's connection is found by. Asks for its place in the index.
    #[inline]
    pub fn seek(&self, segment: &Segment<'_>) -> Sought {
        let (key, source_is_low) = FlowKey::new(segment.source, segment.destination);
        let hash = self.hasher.hash_one(key);
        self.index.fetch(hash);
        Sought { hash, source_is_low, slot: NONE }
    }

    /// Asks for the connection, of which the place in the index has come.
    #[inline]
    pub fn fetch_flow(&self, sought: &mut Sought) {
        if let Some(slot) = self.index.find(sought.hash, |_| true) {
            sought.slot = slot;
            if let Some(slot) = self.slots.get(slot) {
                slot.fetch();
            }
        }
    }

    /// Asks for what the consumer keeps of the connection, which has come.
    #[inline]
    pub fn fetch_state<C: Consumer<State = S>>(&self, sought: &Sought) {
        if let Some(flow) = self.slots.get(sought.slot).and_then(|slot| slot.flow.as_ref()) {
            flow.fetch::<C>();
        }
    }

    /// The slot in which the segment's connection is now.
    #[inline]
    pub(super) fn find(&self, segment: &Segment<'_>, sought: &Sought) -> Option<u32> {
        let key = FlowKey::of(segment, sought.source_is_low);
        let is_there = |slot| self.slots.get(slot).and_then(Slot::key) == Some(key);
        if is_there(sought.slot) {
            return Some(sought.slot);
        }
        self.index.find(sought.hash, is_there)
    }
}
