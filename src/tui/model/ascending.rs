//! A map for numbers that mostly come in ascending order and mostly go from the front: a sorted queue.
//! To go through it, or to add to it, never waits for memory.

use std::collections::VecDeque;

/// The map. What is taken out of its middle leaves a gap behind, so that nothing has to be moved; once
/// half of it are gaps they are closed.
#[derive(Debug)]
pub struct Ascending<V> {
    entries: VecDeque<(u64, Option<V>)>,
    gaps: usize,
}

impl<V> Default for Ascending<V> {
    fn default() -> Self {
        Self { entries: VecDeque::new(), gaps: 0 }
    }
}

impl<V> Ascending<V> {
    /// Where a key is, or would be.
    fn place(&self, key: u64) -> Result<usize, usize> {
        match self.entries.back() {
            Some((last, _)) if *last == key => Ok(self.entries.len() - 1),
            Some((last, _)) if *last > key => {
                self.entries.binary_search_by_key(&key, |entry| entry.0)
            }
            _ => Err(self.entries.len()),
        }
    }

    /// The value of a key.
    pub fn get(&self, key: u64) -> Option<&V> {
        self.entries.get(self.place(key).ok()?)?.1.as_ref()
    }

    /// The value of a key.
    pub fn get_mut(&mut self, key: u64) -> Option<&mut V> {
        let place = self.place(key).ok()?;
        self.entries.get_mut(place)?.1.as_mut()
    }

    /// Sets the value of a key.
    pub fn insert(&mut self, key: u64, value: V) {
        match self.place(key) {
            Ok(place) => {
                let before = self.entries[place].1.replace(value);
                self.gaps -= usize::from(before.is_none());
            }
            Err(place) => self.entries.insert(place, (key, Some(value))),
        }
    }

    /// Takes a key out.
    pub fn remove(&mut self, key: u64) -> Option<V> {
        let place = self.place(key).ok()?;
        let value = self.entries.get_mut(place)?.1.take()?;
        self.gaps += 1;
        while matches!(self.entries.front(), Some((_, None))) {
            self.entries.pop_front();
            self.gaps -= 1;
        }
        if self.gaps > self.entries.len() / 2 {
            self.entries.retain(|entry| entry.1.is_some());
            self.gaps = 0;
        }
        Some(value)
    }

    /// Takes all out; the memory stays.
    pub fn clear(&mut self) {
        self.entries.clear();
        self.gaps = 0;
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn it_is_a_map(steps in prop::collection::vec((0_u64..40, any::<bool>()), 0..200)) {
            let (mut map, mut model) = (Ascending::default(), BTreeMap::new());
            for (at, (key, insert)) in steps.into_iter().enumerate() {
                if insert {
                    map.insert(key, at);
                    model.insert(key, at);
                } else {
                    prop_assert_eq!(map.remove(key), model.remove(&key));
                }
                prop_assert!(map.entries.len() <= 2 * model.len().max(1), "gaps are bounded");
                for key in 0..40 {
                    prop_assert_eq!(map.get(key), model.get(&key));
                    prop_assert_eq!(map.get_mut(key), model.get_mut(&key));
                }
            }
        }
    }
}
