//! Where connections stand: in blocks that stay where they are, so that to make room for more moves
//! none, and takes no more memory at once than it needs.

use std::ops::{Index, IndexMut};

/// Slots in a block.
const BLOCK: usize = 256;

/// Slots by their numbers, from 0.
#[derive(Debug)]
pub(super) struct Slots<T> {
    blocks: Vec<Vec<T>>,
}

fn place(slot: u32) -> (usize, usize) {
    (slot as usize / BLOCK, slot as usize % BLOCK)
}

impl<T> Slots<T> {
    /// Without any.
    pub const fn new() -> Self {
        Self { blocks: Vec::new() }
    }

    /// The slot of this number, if there are so many.
    #[inline]
    pub fn get(&self, slot: u32) -> Option<&T> {
        let (block, at) = place(slot);
        self.blocks.get(block)?.get(at)
    }

    /// The same, to be changed.
    #[inline]
    pub fn get_mut(&mut self, slot: u32) -> Option<&mut T> {
        let (block, at) = place(slot);
        self.blocks.get_mut(block)?.get_mut(at)
    }

    /// Adds one. Returns its number.
    pub fn push(&mut self, value: T) -> u32 {
        if self.blocks.last().is_none_or(|block| block.len() == BLOCK) {
            self.blocks.push(Vec::with_capacity(BLOCK));
        }
        let full = self.blocks.len().saturating_sub(1) * BLOCK;
        let block = self.blocks.last_mut();
        block.map_or(0, |block| {
            block.push(value);
            (full + block.len() - 1) as u32
        })
    }

    /// All of them, in the order of their numbers.
    pub fn iter(&self) -> impl Iterator<Item = &T> {
        self.blocks.iter().flatten()
    }

    /// Heap octets held, without those of the values.
    pub fn memory(&self) -> usize {
        self.blocks.len() * BLOCK * size_of::<T>() + self.blocks.capacity() * size_of::<Vec<T>>()
    }
}

impl<T> Index<u32> for Slots<T> {
    type Output = T;

    #[inline]
    fn index(&self, slot: u32) -> &T {
        let (block, at) = place(slot);
        &self.blocks[block][at]
    }
}

impl<T> IndexMut<u32> for Slots<T> {
    #[inline]
    fn index_mut(&mut self, slot: u32) -> &mut T {
        let (block, at) = place(slot);
        &mut self.blocks[block][at]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_is_found_by_the_number_it_got() {
        let mut slots = Slots::new();
        for value in 0..=3 * BLOCK as u32 {
            assert!(slots.get(value).is_none());
            assert_eq!(slots.push(value), value);
        }
        slots[700] += 1;
        assert_eq!(
            (slots[699], slots[700], slots.get(767), slots.get(768)),
            (699, 701, Some(&767), Some(&768))
        );
        assert!(slots.get(769).is_none() && slots.get(u32::MAX).is_none());
        assert_eq!(slots.iter().count(), 3 * BLOCK + 1);
    }
}
