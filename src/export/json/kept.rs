//! What was written before, to be written again without being made again.

use super::writer::Writer;

/// Things that were written, by a number that few of them share: of those that do, the last two. Longer
/// texts than so many octets are not kept, which bounds the memory.
#[derive(Debug, Clone)]
pub(super) struct Table<T, const PAIRS: usize, const LONGEST: usize>(Box<[[Kept<T>; 2]; PAIRS]>);

/// A thing, and what was written of it; nothing yet where that is empty.
#[derive(Debug, Clone, Default)]
struct Kept<T> {
    thing: T,
    json: Vec<u8>,
}

impl<T: Default, const PAIRS: usize, const LONGEST: usize> Default for Table<T, PAIRS, LONGEST> {
    fn default() -> Self {
        Self(Box::new(std::array::from_fn(|_| Default::default())))
    }
}

impl<T, const PAIRS: usize, const LONGEST: usize> Table<T, PAIRS, LONGEST> {
    /// Writes what was written of a thing of this number if `is_same`, else writes it anew and keeps it as
    /// what `keep` makes of the thing kept.
    pub(super) fn write(
        &mut self,
        json: &mut Writer<'_>,
        number: usize,
        is_same: impl Fn(&T) -> bool,
        write: impl FnOnce(&mut Writer<'_>),
        keep: impl FnOnce(&mut T),
    ) {
        let write = |json: &mut Writer<'_>| {
            write(json);
            true
        };
        self.write_if_plain(json, number, is_same, write, keep);
    }

    /// The same of what is kept only if writing it says that nothing of it was masked. Whether nothing was.
    pub(super) fn write_if_plain(
        &mut self,
        json: &mut Writer<'_>,
        number: usize,
        is_same: impl Fn(&T) -> bool,
        write: impl FnOnce(&mut Writer<'_>) -> bool,
        keep: impl FnOnce(&mut T),
    ) -> bool {
        let pair = &mut self.0[number % PAIRS];
        if let Some(kept) = pair.iter().find(|kept| !kept.json.is_empty() && is_same(&kept.thing)) {
            json.again(&kept.json);
            return true;
        }
        let start = json.length();
        let plain = write(json);
        let written = json.since(start);
        if plain && written.len() <= LONGEST {
            pair.swap(0, 1);
            let [newest, _] = pair;
            keep(&mut newest.thing);
            newest.json.clear();
            newest.json.extend_from_slice(written);
        }
        plain
    }
}
