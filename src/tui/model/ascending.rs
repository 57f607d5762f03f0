//! A map for numbers that mostly come in ascending order and mostly go from the front: a sorted queue.
//! To go through it, or to add to it, never waits for memory.

use std::collections::VecDeque;

/// The map.
#[derive(Debug)]
pub struct Ascending<V> {
    entries: VecDeque<(u64, V)>,
}

impl<V> Default for Ascending<V> {
    fn default() -> Self {
        Self { entries: VecDeque::new() }
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
        self.entries.get(self.place(key).ok()?).map(|(_, value)| value)
    }

    /// The value of a key.
    pub fn get_mut(&mut self, key: u64) -> Option<&mut V> {
        let place = self.place(key).ok()?;
        self.entries.get_mut(place).map(|(_, value)| value)
    }

    /// Sets the value of a key.
    pub fn insert(&mut self, key: u64, value: V) {
        match self.place(key) {
            Ok(place) => self.entries[place].1 = value,
            Err(place) => self.entries.insert(place, (key, value)),
        }
    }

    /// Takes a key out.
    pub fn remove(&mut self, key: u64) -> Option<V> {
        let place = self.place(key).ok()?;
        self.entries.remove(place).map(|(_, value)| value)
    }

    /// Takes all out; the memory stays.
    pub fn clear(&mut self) {
        self.entries.clear();
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
                for key in 0..40 {
                    prop_assert_eq!(map.get(key), model.get(&key));
                    prop_assert_eq!(map.get_mut(key), model.get_mut(&key));
                }
            }
        }
    }
}
