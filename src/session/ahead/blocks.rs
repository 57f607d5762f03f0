//! A file's blocks, read by whichever of two threads has the time: one that does nothing else, and the one that
//! needs them. On few processors the first may have to wait for its turn, and the other would with it.

use std::io;
use std::iter::repeat_with;
use std::sync::mpsc::{self, Receiver, Sender};
use std::sync::{Arc, Mutex, MutexGuard, TryLockError};
use std::thread;

use crate::capture::{BlockReader, Blocks, HEADROOM};

/// Blocks of a file, full or empty, but for the one that is walked over: one that waits, and one that is read.
const BLOCKS: usize = 2;

/// What is read, and how far that has gone. A block that cannot be read by itself is read while this is
/// locked.
#[derive(Default)]
struct Progress {
    /// `None` before it begins and after it ended.
    reader: Option<Box<dyn BlockReader>>,
    /// Number of the next block that nobody reads yet.
    next: u64,
    /// How often it went on elsewhere.
    turn: u64,
}

/// A block that was read, or the end if it has no octets.
struct Block {
    number: u64,
    turn: u64,
    octets: Vec<u8>,
    /// Where to go on, if others behind it cannot be right.
    cut_at: Option<u64>,
    /// What was wrong behind it.
    fault: Option<io::Error>,
}

impl Block {
    fn is_empty(&self) -> bool {
        self.octets.len() <= HEADROOM
    }
}

/// Reads the next block.
fn read_next(mut progress: MutexGuard<'_, Progress>, empty: Vec<u8>) -> Block {
    let (number, turn) = (progress.next, progress.turn);
    progress.next += 1;
    let mut block = Block { number, turn, octets: Vec::new(), cut_at: None, fault: None };
    let Some(reader) = &mut progress.reader else { return block };
    if let Some(own) = reader.leave() {
        drop(progress);
        (block.octets, block.fault) = own.read(empty);
        block.cut_at = own.cut_at(&block.octets);
    } else {
        (block.octets, block.fault) = reader.read_block(empty);
        if block.is_empty() || block.fault.is_some() {
            progress.reader = None;
        }
    }
    block
}

/// The end of it where blocks are needed.
pub(super) struct BlockChannel {
    progress: Arc<Mutex<Progress>>,
    full: Receiver<Block>,
    empty: Sender<Vec<u8>>,
    /// Begins the thread's work, once.
    begin: Option<Sender<()>>,
    /// Number of the block that is needed next, and in which turn it is read.
    wanted: u64,
    turn: u64,
    /// Blocks that came before they are needed.
    held: Vec<Block>,
    /// What was wrong behind the last block.
    fault: Option<io::Error>,
}

impl BlockChannel {
    /// Begins a thread that reads blocks. It waits for what to read, and ends when nobody asks for its blocks
    /// any more.
    pub(super) fn new() -> io::Result<Self> {
        let (sender, full) = mpsc::channel();
        let (empty, empties) = mpsc::channel();
        let (begin, begun) = mpsc::channel();
        let progress = Arc::new(Mutex::<Progress>::default());
        let shared = Arc::clone(&progress);
        thread::Builder::new().name("file".to_owned()).spawn(move || {
            if begun.recv().is_ok() {
                let first = repeat_with(Vec::new).take(BLOCKS);
                read_all(&shared, first.chain(empties), &sender);
            }
        })?;
        Ok(Self {
            progress,
            full,
            empty,
            begin: Some(begin),
            wanted: 0,
            turn: 0,
            held: Vec::with_capacity(BLOCKS),
            fault: None,
        })
    }

    fn give_back(&self, used: Vec<u8>) {
        // Whoever has read everything needs no more room.
        let _ = self.empty.send(used);
    }

    /// Keeps a block until it is needed.
    fn hold(&mut self, block: Block) {
        if block.turn == self.turn {
            self.held.push(block);
        } else {
            self.give_back(block.octets);
        }
    }

    /// The block that is needed, if it is there.
    fn take(&mut self) -> Option<Block> {
        while let Ok(block) = self.full.try_recv() {
            self.hold(block);
        }
        let at = self.held.iter().position(|block| block.number == self.wanted)?;
        Some(self.held.swap_remove(at))
    }

    /// Gets the block that is needed: the other thread has it, or it is read here, or while that one reads
    /// it, the one behind it is.
    fn get(&mut self, used: Vec<u8>) -> io::Result<Block> {
        let mut room = Some(used);
        loop {
            if let Some(block) = self.take() {
                if let Some(used) = room {
                    self.give_back(used);
                }
                return Ok(block);
            }
            let block = match (self.progress.try_lock(), room.take()) {
                (Ok(progress), Some(room)) => read_next(progress, room),
                (Err(TryLockError::Poisoned(_)), _) => return Err(broke_down()),
                (_, unused) => {
                    room = unused;
                    self.full.recv().map_err(|_| broke_down())?
                }
            };
            self.hold(block);
        }
    }

    /// Gets the block that is needed, and goes on behind what was read of it.
    fn advance(&mut self, used: Vec<u8>) -> io::Result<Block> {
        let block = self.get(used)?;
        self.wanted += 1;
        if let Some(position) = block.cut_at {
            self.go_on_at(position)?;
        }
        Ok(block)
    }

    /// Goes on at this octet of the file with what is needed next: a block was shorter than it was taken to be.
    fn go_on_at(&mut self, position: u64) -> io::Result<()> {
        let mut progress = self.progress.lock().map_err(|_| broke_down())?;
        if let Some(reader) = &mut progress.reader {
            reader.go_on_at(position);
        }
        self.turn += 1;
        (progress.next, progress.turn) = (self.wanted, self.turn);
        for block in std::mem::take(&mut self.held) {
            self.give_back(block.octets);
        }
        Ok(())
    }
}

/// Reads block after block, as long as there are empty ones.
fn read_all(
    progress: &Mutex<Progress>,
    empties: impl Iterator<Item = Vec<u8>>,
    sender: &Sender<Block>,
) -> Option<()> {
    for empty in empties {
        let block = read_next(progress.lock().ok()?, empty);
        sender.send(block).ok()?;
    }
    None
}

impl Blocks for BlockChannel {
    fn start(&mut self, reader: Box<dyn BlockReader>) -> io::Result<()> {
        if self.begin.is_none() {
            *self = Self::new()?;
        }
        self.progress.lock().map_err(|_| broke_down())?.reader = Some(reader);
        if let Some(begin) = self.begin.take() {
            // It waits for this.
            let _ = begin.send(());
        }
        Ok(())
    }

    fn next(&mut self, used: Vec<u8>) -> io::Result<Option<Vec<u8>>> {
        if let Some(fault) = self.fault.take() {
            return Err(fault);
        }
        let mut block = self.advance(used)?;
        // What was the end when it was read, ahead of its use, need not be any more.
        if block.is_empty() && block.fault.is_none() && block.cut_at.is_some() {
            block = self.advance(block.octets)?;
        }
        if !block.is_empty() {
            self.fault = block.fault;
            return Ok(Some(block.octets));
        }
        self.give_back(block.octets);
        block.fault.map_or(Ok(None), Err)
    }
}

fn broke_down() -> io::Error {
    io::Error::other("its reader broke down")
}

#[cfg(test)]
mod tests {
    use std::fs::File;
    use std::io::Write as _;

    use super::*;
    use crate::capture::{BLOCK, FileBlocks};

    /// Blocks that hold their number, until something is wrong.
    struct Numbers {
        next: u8,
        last: u8,
    }

    impl BlockReader for Numbers {
        fn read_block(&mut self, mut block: Vec<u8>) -> (Vec<u8>, Option<io::Error>) {
            block.clear();
            block.resize(HEADROOM + 1, self.next);
            let fault = (self.next == self.last).then(|| io::Error::other("wrong"));
            self.next += 1;
            (block, fault)
        }
    }

    const NUMBERS: Numbers = Numbers { next: 0, last: 200 };

    /// Has this read by the other thread as well, or by none but the one that needs it.
    fn started(reader: Box<dyn BlockReader>, is_alone: bool) -> BlockChannel {
        let mut channel = BlockChannel::new().unwrap();
        if is_alone {
            channel.progress.lock().unwrap().reader = Some(reader);
        } else {
            channel.start(reader).unwrap();
        }
        channel
    }

    /// The octets of all blocks, and what ended them.
    fn read_to_the_end(channel: &mut BlockChannel) -> (Vec<u8>, Option<io::Error>) {
        let (mut octets, mut used) = (Vec::new(), Vec::new());
        for at in 0.. {
            match channel.next(used) {
                Ok(Some(block)) => {
                    octets.extend_from_slice(&block[HEADROOM..]);
                    used = block;
                }
                Ok(None) => break,
                Err(fault) => return (octets, Some(fault)),
            }
            if at % 3 == 0 {
                thread::yield_now();
            }
        }
        (octets, None)
    }

    #[test]
    fn blocks_come_in_order_whoever_reads_them_and_a_fault_behind_the_last() {
        for is_alone in [false, true] {
            for _ in 0..50 {
                let mut channel = started(Box::new(NUMBERS), is_alone);
                let (numbers, fault) = read_to_the_end(&mut channel);
                assert!(numbers.into_iter().eq(0..=200));
                assert_eq!(fault.unwrap().to_string(), "wrong");
            }
        }
    }

    /// So many octets that differ from block to block.
    fn octets(length: usize) -> Vec<u8> {
        (0..length).map(|at| (at / 1000) as u8).collect()
    }

    #[test]
    fn blocks_of_a_file_come_in_order_whoever_reads_them() {
        for length in [0, 1, BLOCK, 20 * BLOCK, 20 * BLOCK + 1, 21 * BLOCK - 1] {
            let octets = octets(length);
            let mut file = tempfile::tempfile().unwrap();
            file.write_all(&octets).unwrap();
            let whole = file.try_clone().unwrap();
            for (is_alone, skipped) in [(false, 0), (true, 0), (false, length / 2)] {
                io::Seek::seek(&mut file, io::SeekFrom::Start(skipped as u64)).unwrap();
                let blocks = FileBlocks::new(&whole).unwrap();
                let (read, fault) = read_to_the_end(&mut started(Box::new(blocks), is_alone));
                assert!(read == octets[skipped..] && fault.is_none(), "{length} {is_alone}");
            }
        }
    }

    #[test]
    fn nothing_is_left_out_of_a_file_that_grows_while_it_is_read() {
        let octets = octets(9 * BLOCK);
        for _ in 0..20 {
            let (mut file, path) = tempfile::NamedTempFile::new().unwrap().into_parts();
            file.write_all(&octets[..3 * BLOCK / 2]).unwrap();
            io::Seek::rewind(&mut file).unwrap();
            let mut channel = started(Box::new(FileBlocks::new(&file).unwrap()), false);
            let first = channel.next(Vec::new()).unwrap().unwrap();
            // Blocks behind the end may have been looked for already.
            file = File::options().append(true).open(&path).unwrap();
            for part in octets[3 * BLOCK / 2..].chunks(BLOCK / 3) {
                file.write_all(part).unwrap();
            }
            let (rest, fault) = read_to_the_end(&mut channel);
            assert!(fault.is_none() && [&first[HEADROOM..], &rest].concat() == octets);
        }
    }

    #[test]
    fn an_end_that_was_seen_ahead_of_its_use_is_looked_at_again() {
        let octets = octets(BLOCK + 9);
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(&octets[..BLOCK]).unwrap();
        let whole = file.try_clone().unwrap();
        io::Seek::rewind(&mut file).unwrap();
        let mut channel = started(Box::new(FileBlocks::new(&whole).unwrap()), false);
        let first = channel.next(Vec::new()).unwrap().unwrap();
        // Whoever reads it finds nothing there yet.
        while !channel.held.iter().any(|block| block.number == 1) {
            thread::yield_now();
            while let Ok(block) = channel.full.try_recv() {
                channel.hold(block);
            }
        }
        io::Seek::seek(&mut file, io::SeekFrom::End(0)).unwrap();
        file.write_all(&octets[BLOCK..]).unwrap();
        let (rest, fault) = read_to_the_end(&mut channel);
        assert!(fault.is_none() && [&first[HEADROOM..], &rest].concat() == octets);
    }

    #[test]
    fn a_file_whose_reader_broke_down_has_not_ended() {
        struct Broken;
        impl BlockReader for Broken {
            fn read_block(&mut self, _: Vec<u8>) -> (Vec<u8>, Option<io::Error>) {
                panic!("a test's");
            }
        }
        let mut channel = started(Box::new(Broken), false);
        let progress = Arc::clone(&channel.progress);
        while !progress.is_poisoned() {
            thread::yield_now();
        }
        assert!(channel.next(Vec::new()).is_err());
    }

    #[test]
    fn what_was_read_ahead_is_little() {
        let mut channel = started(Box::new(NUMBERS), false);
        let first = channel.next(Vec::new()).unwrap();
        let ahead = |channel: &BlockChannel| channel.full.try_iter().count();
        let mut waiting = channel.held.len();
        for _ in 0..20 {
            thread::sleep(std::time::Duration::from_millis(1));
            waiting += ahead(&channel);
        }
        assert!(first.is_some() && waiting <= BLOCKS, "{waiting}");
    }
}
