//! How much each connection holds: who needs room finds a heavy one at once, without looking at the
//! others, which lie far apart in memory.

use std::collections::VecDeque;

/// Connections that hold more than any may, listed by the order of magnitude of what they hold.
#[derive(Debug, Default)]
pub(super) struct Weights {
    /// For each slot the class that it was listed in last; 0 where it is in none.
    listed: Vec<u8>,
    /// Slots by class, those first that came into it first. They may hold less by now, or be listed in
    /// another class, too: what an entry says is looked at when it is its turn.
    classes: [VecDeque<u32>; CLASSES],
}

/// One for each number of binary digits; the last has a gigabyte and all that is more.
const CLASSES: usize = 32;

/// The class of who holds so many octets; 0 for none.
fn class_of(held: usize) -> u8 {
    (usize::BITS - held.leading_zeros()).min(CLASSES as u32 - 1) as u8
}

impl Weights {
    /// The connection in this slot holds so much; 0 for one that holds no more than any may.
    #[inline]
    pub fn set(&mut self, slot: u32, held: usize) {
        // Who holds less than before is found to do so when it is its turn.
        if held > 0 {
            self.list(slot, class_of(held));
        }
    }

    fn list(&mut self, slot: u32, class: u8) {
        let place = slot as usize;
        if self.listed.len() <= place {
            self.listed.resize(place + 1, 0);
        }
        if let (Some(listed), Some(slots)) =
            (self.listed.get_mut(place), self.classes.get_mut(usize::from(class)))
            && *listed < class
        {
            *listed = class;
            slots.push_back(slot);
        }
    }

    /// Takes out one of the heaviest connections: that which became so first. `held` says what the
    /// one in a slot holds now.
    pub fn take_heaviest(&mut self, held: impl Fn(u32) -> usize) -> Option<u32> {
        let mut class = CLASSES - 1;
        while class > 0 {
            let Some(slot) = self.classes.get_mut(class).and_then(VecDeque::pop_front) else {
                class -= 1;
                continue;
            };
            let Some(listed) = self.listed.get_mut(slot as usize) else { continue };
            if usize::from(*listed) != class {
                continue;
            }
            *listed = 0;
            let now = class_of(held(slot));
            if usize::from(now) >= class {
                return Some(slot);
            }
            if now > 0 {
                self.list(slot, now);
            }
        }
        None
    }

    /// Octets of its own.
    pub fn memory(&self) -> usize {
        let slots: usize = self.classes.iter().map(VecDeque::capacity).sum();
        self.listed.capacity() + slots * size_of::<u32>()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_heaviest_comes_first_and_of_equal_ones_the_first() {
        let mut held = vec![0; 1000];
        let mut weights = Weights::default();
        assert_eq!(weights.take_heaviest(|_| 9), None);
        for (slot, octets) in
            [(7, 5000), (777, 70_000), (3, 5001), (999, usize::MAX), (778, 70_001)]
        {
            held[slot as usize] = octets;
            weights.set(slot, octets);
        }
        let mut taken = Vec::new();
        while let Some(slot) = weights.take_heaviest(|slot| held[slot as usize]) {
            taken.push(slot);
        }
        assert_eq!(taken, [999, 777, 778, 7, 3]);
    }

    #[test]
    fn who_got_rid_of_something_stands_where_it_belongs() {
        let mut weights = Weights::default();
        (0..4).for_each(|slot| weights.set(slot, 1 << 20));
        let held = [0, 5000, 1 << 13, 1 << 21];
        let mut take = || weights.take_heaviest(|slot| held[slot as usize]);
        assert_eq!((take(), take(), take(), take()), (Some(3), Some(2), Some(1), None));
    }

    #[test]
    fn a_connection_that_comes_and_goes_is_listed_once() {
        let mut weights = Weights::default();
        for _ in 0..1000 {
            weights.set(5, 5000);
            weights.set(5, 0);
            weights.set(5, 9000);
        }
        assert_eq!(weights.classes.iter().map(VecDeque::len).sum::<usize>(), 2);
        assert_eq!(weights.take_heaviest(|_| 9000), Some(5));
        assert_eq!(weights.take_heaviest(|_| 9000), None);
    }
}
