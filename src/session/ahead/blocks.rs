//! A file's blocks, read by whichever of two threads has the time: one that does nothing else, and the one that
//! needs them. On few processors the first may have to wait for its turn, and the other would with it.

use std::io;
use std::iter::repeat_with;
use std::sync::mpsc::{self, Receiver, Sender};
use std::sync::{Arc, Mutex};
use std::thread;

use crate::capture::{BlockReader, Blocks, HEADROOM};

/// Blocks of a file, full or empty, but for the one that is walked over.
const BLOCKS: usize = 4;

/// Empty blocks that go back together: the thread that only reads is the faster one nearly always, and is
/// woken that often less.
const GO_BACK: usize = 2;

/// Who reads the file; `None` before and after. While this is locked, a block is read, and sent if it is to
/// be: outside of it there is none on its way.
type Shared = Mutex<Option<Box<dyn BlockReader>>>;

/// One block; `None` at the end.
type Block = io::Result<Option<Vec<u8>>>;

/// The end of it where blocks are needed.
pub(super) struct BlockChannel {
    shared: Arc<Shared>,
    full: Receiver<Block>,
    empty: Sender<Vec<u8>>,
    /// Empty ones that have not gone back.
    used: Vec<Vec<u8>>,
    /// Begins the thread's work, once.
    begin: Option<Sender<()>>,
    /// What was wrong behind the last block.
    fault: Option<io::Error>,
}

impl BlockChannel {
    /// Begins a thread that reads blocks. It waits for what to read, and ends with that, or when nobody
    /// asks for its blocks any more.
    pub(super) fn new() -> io::Result<Self> {
        let (sender, full) = mpsc::channel();
        let (empty, empties) = mpsc::channel();
        let (begin, begun) = mpsc::channel();
        let shared = Arc::new(Shared::default());
        let reader = Arc::clone(&shared);
        thread::Builder::new().name("file".to_owned()).spawn(move || {
            if begun.recv().is_ok() {
                let first = repeat_with(Vec::new).take(BLOCKS);
                read_all(&reader, first.chain(empties), &sender);
            }
        })?;
        let used = Vec::with_capacity(GO_BACK);
        Ok(Self { shared, full, empty, used, begin: Some(begin), fault: None })
    }

    fn give_back(&mut self, used: Vec<u8>) {
        self.used.push(used);
        if self.used.len() == GO_BACK {
            for empty in self.used.drain(..) {
                // Whoever has read everything needs no more room.
                let _ = self.empty.send(empty);
            }
        }
    }
}

/// Reads block after block, as long as there are empty ones.
fn read_all(
    reader: &Shared,
    empties: impl Iterator<Item = Vec<u8>>,
    sender: &Sender<Block>,
) -> Option<()> {
    for empty in empties {
        let mut reader = reader.lock().ok()?;
        let (block, fault) = read_block(&mut reader, empty);
        let is_last = block.is_none() || fault.is_some();
        if let Some(block) = block {
            sender.send(Ok(Some(block))).ok()?;
        }
        if is_last {
            return sender.send(fault.map_or(Ok(None), Err)).ok();
        }
    }
    None
}

/// Reads the next block; `None` at the end. With it comes what was wrong behind its octets.
fn read_block(
    reader: &mut Option<Box<dyn BlockReader>>,
    empty: Vec<u8>,
) -> (Option<Vec<u8>>, Option<io::Error>) {
    let Some(file) = reader else { return (None, None) };
    let (block, fault) = file.read_block(empty);
    let block = (block.len() > HEADROOM).then_some(block);
    if block.is_none() || fault.is_some() {
        *reader = None;
    }
    (block, fault)
}

impl Blocks for BlockChannel {
    fn start(&mut self, reader: Box<dyn BlockReader>) -> io::Result<()> {
        if self.begin.is_none() {
            *self = Self::new()?;
        }
        *self.shared.lock().map_err(|_| broke_down())? = Some(reader);
        if let Some(begin) = self.begin.take() {
            // It waits for this.
            let _ = begin.send(());
        }
        Ok(())
    }

    fn next(&mut self, used: Vec<u8>) -> Block {
        if let Some(fault) = self.fault.take() {
            return Err(fault);
        }
        let mut next = self.full.try_recv().ok();
        if next.is_none()
            && let Ok(mut reader) = self.shared.try_lock()
        {
            // It may have come in between.
            next = self.full.try_recv().ok();
            if next.is_none() {
                return match read_block(&mut reader, used) {
                    (None, Some(fault)) => Err(fault),
                    (block, fault) => {
                        self.fault = fault;
                        Ok(block)
                    }
                };
            }
        }
        self.give_back(used);
        // The block that is being read, or the last word.
        next.unwrap_or_else(|| self.full.recv().unwrap_or_else(|_| Err(broke_down())))
    }
}

fn broke_down() -> io::Error {
    io::Error::other("its reader broke down")
}

#[cfg(test)]
mod tests {
    use super::*;

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

    fn read_to_the_end(channel: &mut BlockChannel) -> (Vec<u8>, io::Error) {
        let (mut numbers, mut used) = (Vec::new(), Vec::new());
        loop {
            match channel.next(used) {
                Ok(block) => {
                    used = block.expect("no end before the fault");
                    numbers.push(used[HEADROOM]);
                }
                Err(fault) => return (numbers, fault),
            }
            if numbers.len() % 3 == 0 {
                thread::yield_now();
            }
        }
    }

    #[test]
    fn blocks_come_in_order_whoever_reads_them_and_a_fault_behind_the_last() {
        for is_alone in [false, true] {
            for _ in 0..50 {
                let mut channel = BlockChannel::new().unwrap();
                if is_alone {
                    *channel.shared.lock().unwrap() = Some(Box::new(NUMBERS));
                } else {
                    channel.start(Box::new(NUMBERS)).unwrap();
                }
                let (numbers, fault) = read_to_the_end(&mut channel);
                assert!(numbers.into_iter().eq(0..=200));
                assert_eq!(fault.to_string(), "wrong");
            }
        }
    }

    #[test]
    fn a_file_whose_reader_broke_down_has_not_ended() {
        struct Broken;
        impl BlockReader for Broken {
            fn read_block(&mut self, _: Vec<u8>) -> (Vec<u8>, Option<io::Error>) {
                panic!("a test's");
            }
        }
        let mut channel = BlockChannel::new().unwrap();
        let shared = Arc::clone(&channel.shared);
        channel.start(Box::new(Broken)).unwrap();
        while !shared.is_poisoned() {
            thread::yield_now();
        }
        assert!(channel.next(Vec::new()).is_err());
    }

    #[test]
    fn what_was_read_ahead_is_little() {
        let mut channel = BlockChannel::new().unwrap();
        channel.start(Box::new(NUMBERS)).unwrap();
        let first = channel.next(Vec::new()).unwrap();
        let ahead = |channel: &BlockChannel| channel.full.try_iter().count();
        let mut waiting = 0;
        for _ in 0..20 {
            thread::sleep(std::time::Duration::from_millis(1));
            waiting += ahead(&channel);
        }
        assert!(first.is_some() && waiting <= BLOCKS, "{waiting}");
    }
}
