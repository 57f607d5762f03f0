//! Finds the slot of a connection by the hash of its key: one place of memory to wait for, as a part
//! of the hash stands beside the slot's number. Growing needs no keys for the same reason.

use crate::cache;

/// No slot.
const EMPTY: u32 = u32::MAX;

/// Places in the smallest index.
const SMALLEST: usize = 64;

#[derive(Debug, Clone, Copy)]
struct Place {
    hash: u32,
    slot: u32,
}

/// Open addressing with linear probing. The number of places is a power of two, and a fourth of them or
/// more is empty. The hashes must be keyed, as senders choose what is hashed.
#[derive(Debug, Default)]
pub(super) struct Index {
    places: Vec<Place>,
    used: usize,
}

impl Index {
    /// The slot that was inserted with this hash and for which `is` holds.
    #[inline]
    pub fn find(&self, hash: u64, is: impl Fn(u32) -> bool) -> Option<u32> {
        let hash = hash as u32;
        let mut at = self.home(hash);
        while let Some(place) = self.places.get(at).filter(|place| place.slot != EMPTY) {
            if place.hash == hash && is(place.slot) {
                return Some(place.slot);
            }
            at = self.after(at);
        }
        None
    }

    /// Asks for the place of this hash.
    #[inline]
    pub fn fetch(&self, hash: u64) {
        if let Some(place) = self.places.get(self.home(hash as u32)) {
            cache::fetch(place);
        }
    }

    /// Adds a slot that is not there yet.
    pub fn insert(&mut self, hash: u64, slot: u32) {
        if (self.used + 1) * 4 > self.places.len() * 3 {
            let empty = Place { hash: 0, slot: EMPTY };
            let more = vec![empty; (self.places.len() * 2).max(SMALLEST)];
            let old = std::mem::replace(&mut self.places, more);
            old.into_iter().filter(|place| place.slot != EMPTY).for_each(|place| self.put(place));
        }
        self.put(Place { hash: hash as u32, slot });
        self.used += 1;
    }

    fn put(&mut self, place: Place) {
        let mut at = self.home(place.hash);
        while self.places[at].slot != EMPTY {
            at = self.after(at);
        }
        self.places[at] = place;
    }

    /// Takes out a slot that was inserted with this hash.
    pub fn remove(&mut self, hash: u64, slot: u32) {
        let mut hole = self.home(hash as u32);
        while let Some(place) = self.places.get(hole).filter(|place| place.slot != slot) {
            if place.slot == EMPTY {
                return;
            }
            hole = self.after(hole);
        }
        if hole >= self.places.len() {
            return;
        }
        self.used -= 1;
        // What stands behind it moves up, unless it would come to stand before its home.
        let mut at = self.after(hole);
        while self.places[at].slot != EMPTY {
            let place = self.places[at];
            if self.distance(self.home(place.hash), at) >= self.distance(hole, at) {
                self.places[hole] = place;
                hole = at;
            }
            at = self.after(at);
        }
        self.places[hole].slot = EMPTY;
    }

    /// Where one with this hash is looked for first.
    #[inline]
    fn home(&self, hash: u32) -> usize {
        hash as usize & self.places.len().wrapping_sub(1)
    }

    #[inline]
    fn after(&self, at: usize) -> usize {
        (at + 1) & (self.places.len() - 1)
    }

    fn distance(&self, from: usize, to: usize) -> usize {
        to.wrapping_sub(from) & (self.places.len() - 1)
    }

    /// Heap octets held.
    pub fn memory(&self) -> usize {
        self.places.capacity() * size_of::<Place>()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use proptest::prelude::*;

    use super::*;

    #[test]
    fn nothing_is_found_where_nothing_is() {
        let mut index = Index::default();
        assert_eq!(index.find(7, |_| true), None);
        index.remove(7, 7);
        index.insert(7, 3);
        index.remove(7, 4);
        assert_eq!(index.find(7, |_| true), Some(3));
        assert_eq!(index.find(7, |_| false), None);
    }

    proptest! {
        /// Few hashes, so that many want the same place, at both ends of the places, too.
        #[test]
        fn what_went_in_and_not_out_is_found(steps: Vec<(bool, u8)>) {
            let hash = |slot: u32| u64::from(slot % 7).wrapping_sub(3);
            let (mut index, mut model) = (Index::default(), HashSet::new());
            for (goes_in, slot) in steps {
                let slot = u32::from(slot);
                if goes_in && model.insert(slot) {
                    index.insert(hash(slot), slot);
                } else if !goes_in {
                    index.remove(hash(slot), slot);
                    model.remove(&slot);
                }
            }
            prop_assert_eq!(index.used, model.len());
            for slot in 0..256 {
                let expected = model.contains(&slot).then_some(slot);
                prop_assert_eq!(index.find(hash(slot), |found| found == slot), expected);
            }
        }
    }
}
