//! How much each connection holds, beside each other: who looks for a heavy one when there is no room
//! would otherwise fetch several distant places of memory for each that it looks at.

/// Connections that are looked at to find one that can better be spared.
pub(super) const LOOKED_AT: usize = 64;

/// How far apart they stand: neighbours in the table began together and are alike. A prime, so that
/// all are met in turn.
const STRIDE: usize = 40_507;

/// Octets held by the connection in each slot; 0 for one that holds no more than any may.
#[derive(Debug, Default)]
pub(super) struct Weights {
    held: Vec<u32>,
    /// Where the search for a heavy connection goes on.
    hand: usize,
}

impl Weights {
    /// The connection in this slot holds so much.
    pub fn set(&mut self, slot: u32, held: usize) {
        let slot = slot as usize;
        if self.held.len() <= slot {
            self.held.resize(slot + 1, 0);
        }
        if let Some(place) = self.held.get_mut(slot) {
            *place = u32::try_from(held).unwrap_or(u32::MAX);
        }
    }

    /// The heaviest of some connections, met in turn.
    pub fn heaviest(&mut self) -> Option<u32> {
        let mut heaviest = (0, None);
        for _ in 0..LOOKED_AT.min(self.held.len()) {
            self.hand = (self.hand + STRIDE) % self.held.len();
            let held = self.held.get(self.hand).copied().unwrap_or_default();
            if held > heaviest.0 {
                heaviest = (held, Some(self.hand as u32));
            }
        }
        heaviest.1
    }

    /// Octets of its own.
    pub fn memory(&self) -> usize {
        self.held.capacity() * size_of::<u32>()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_heaviest_is_found_wherever_it_stands() {
        let mut weights = Weights::default();
        assert_eq!(weights.heaviest(), None);
        (0..1000).for_each(|slot| weights.set(slot, 0));
        assert_eq!(weights.heaviest(), None);
        weights.set(777, 5000);
        let found = (0..1000).filter_map(|_| weights.heaviest()).collect::<Vec<_>>();
        assert!(!found.is_empty() && found.iter().all(|slot| *slot == 777));
        weights.set(777, 0);
        assert!((0..1000).all(|_| weights.heaviest().is_none()));
    }

    #[test]
    fn more_octets_than_can_be_written_are_many() {
        let mut weights = Weights::default();
        weights.set(0, usize::MAX);
        assert_eq!(weights.heaviest(), Some(0));
    }
}
