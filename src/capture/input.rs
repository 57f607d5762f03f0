//! Octets from a file, a pipe or a decompressor, in a window that is walked in place.

use std::cell::Cell;
use std::fs::File;
use std::io::{self, Read, Seek};
use std::os::unix::fs::{FileExt, FileTypeExt, MetadataExt};
use std::path::PathBuf;
use std::sync::Arc;

use rustix::event::{PollFd, PollFlags, Timespec, poll};

/// One read: large enough that the system call costs nothing a packet, small enough to stay in the
/// processor's cache until it is decoded.
pub const BLOCK: usize = 256 << 10;

/// How long a silent pipe or a file that does not grow is waited for before the caller hears
/// [`Filled::Idle`].
const PATIENCE: Timespec = Timespec { tv_sec: 0, tv_nsec: 100_000_000 };

/// What came of asking for more octets.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Filled {
    /// Some came.
    More,
    /// None now; there may be some later.
    Idle,
    /// There will be no more.
    End,
}

/// Where octets come from.
pub(super) enum Input {
    /// A regular file, read to its end. There may be somebody else to read it.
    File { file: File, helper: Option<Box<dyn Blocks>> },
    /// A regular file that another program is still writing.
    Growing(GrowingFile),
    /// A pipe, a terminal or a socket: polled before it is read, so that silence never blocks.
    Pipe(File),
    /// A decompressor.
    Decoder(Box<dyn Read + Send>),
    /// Somebody else reads a file or a decompressor.
    Ahead { blocks: Box<dyn Blocks>, unpacked: bool },
}

/// What a file holds, read by somebody else ahead of its use.
pub trait Blocks: Send {
    /// Has this read from now on, in place of all that was not asked for yet. On an error all stays as
    /// it was.
    fn start(&mut self, reader: Box<dyn BlockReader>) -> io::Result<()>;

    /// The next block, whose octets begin at [`HEADROOM`]; `None` at the end. `used` may be filled
    /// again.
    fn next(&mut self, used: Vec<u8>) -> io::Result<Option<Vec<u8>>>;
}

/// Room at the front of a block for what is left of the one before it: what is cut by the end of a block is
/// nearly always shorter.
pub const HEADROOM: usize = 64 << 10;

/// Who reads a file ahead of its use, block by block.
pub trait BlockReader: Send {
    /// Reads the next block into a buffer that was used before; one with nothing behind its headroom is
    /// the end. With it comes what was wrong behind its octets.
    fn read_block(&mut self, block: Vec<u8>) -> (Vec<u8>, Option<io::Error>);

    /// Leaves the next block to be read by itself, where that can be done while others are read.
    fn leave(&mut self) -> Option<FileBlock> {
        None
    }

    /// Goes on at this octet of the file, if blocks were left: one of them was shorter than it ought to be.
    fn go_on_at(&mut self, _position: u64) {}
}

/// A block of a file that can be read by itself.
pub struct FileBlock {
    file: Arc<File>,
    position: u64,
}

impl FileBlock {
    /// Reads it as [`BlockReader::read_block`] would. If it is shorter than others, that was the end, unless
    /// the file has grown since.
    pub fn read(&self, mut block: Vec<u8>) -> (Vec<u8>, Option<io::Error>) {
        block.resize(HEADROOM + BLOCK, 0);
        let (read, fault) = read_at(&self.file, &mut block[HEADROOM..], self.position);
        block.truncate(HEADROOM + read);
        (block, fault)
    }

    /// Where to go on behind it, of which so much was read, if that is less than other blocks have.
    pub fn cut_at(&self, block: &[u8]) -> Option<u64> {
        (block.len() < HEADROOM + BLOCK).then(|| self.position + (block.len() - HEADROOM) as u64)
    }
}

/// The blocks of a regular file, which can be read in any order.
pub struct FileBlocks {
    file: Arc<File>,
    position: u64,
}

impl FileBlocks {
    /// From where `file` was read up to.
    pub fn new(file: &File) -> io::Result<Self> {
        let mut file = file.try_clone()?;
        let position = file.stream_position()?;
        Ok(Self { file: Arc::new(file), position })
    }

    fn pass_block(&mut self) -> FileBlock {
        let next = FileBlock { file: Arc::clone(&self.file), position: self.position };
        self.position += BLOCK as u64;
        next
    }
}

impl BlockReader for FileBlocks {
    fn read_block(&mut self, block: Vec<u8>) -> (Vec<u8>, Option<io::Error>) {
        let next = self.pass_block();
        let (block, fault) = next.read(block);
        self.position = next.cut_at(&block).unwrap_or(self.position);
        (block, fault)
    }

    fn leave(&mut self) -> Option<FileBlock> {
        Some(self.pass_block())
    }

    fn go_on_at(&mut self, position: u64) {
        self.position = position;
    }
}

/// Fills `octets` as far as the file goes, and says what was wrong behind that.
pub(super) fn read_at(file: &File, octets: &mut [u8], position: u64) -> (usize, Option<io::Error>) {
    let mut filled = 0;
    while filled < octets.len() {
        match file.read_at(&mut octets[filled..], position + filled as u64) {
            Ok(0) => break,
            Ok(read) => filled += read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return (filled, Some(error)),
        }
    }
    (filled, None)
}

impl<R: Read + Send> BlockReader for R {
    fn read_block(&mut self, mut block: Vec<u8>) -> (Vec<u8>, Option<io::Error>) {
        block.resize(HEADROOM + BLOCK, 0);
        let (mut end, mut fault) = (HEADROOM, None);
        // A decompressor gives little at a time.
        while end < block.len() {
            match self.read(&mut block[end..]) {
                Ok(0) => break,
                Ok(read) => end += read,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => {
                    fault = Some(error);
                    break;
                }
            }
        }
        block.truncate(end);
        (block, fault)
    }
}

impl Input {
    /// `follow` is the file's path when reading shall go on at its end.
    pub(super) fn new(file: File, follow: Option<PathBuf>) -> io::Result<Self> {
        let kind = file.metadata()?.file_type();
        if kind.is_dir() {
            return Err(io::ErrorKind::IsADirectory.into());
        }
        Ok(if kind.is_fifo() || kind.is_char_device() || kind.is_socket() {
            Self::Pipe(file)
        } else if let Some(path) = follow {
            Self::Growing(GrowingFile { file, path, position: 0 })
        } else {
            Self::File { file, helper: None }
        })
    }

    /// There is somebody else who can read a file that is there as a whole. One that is packed is unpacked
    /// by him from now on; others wait for [`Self::hand_over`].
    pub(super) fn offer(&mut self, mut helper: Box<dyn Blocks>) {
        match self {
            Self::File { helper: none, .. } => *none = Some(helper),
            Self::Decoder(decoder) => {
                let decoder = std::mem::replace(decoder, Box::new(io::empty()));
                // Who did not begin says so when he is asked for a block.
                let _ = helper.start(Box::new(decoder));
                *self = Self::Ahead { blocks: helper, unpacked: true };
            }
            Self::Growing(_) | Self::Pipe(_) | Self::Ahead { .. } => {}
        }
    }

    /// Whether there is somebody else to read a file, who has not begun.
    pub(super) fn may_be_handed_over(&self) -> bool {
        matches!(self, Self::File { helper: Some(_), .. })
    }

    /// Has somebody else read on from where the file was read up to.
    pub(super) fn hand_over(&mut self) {
        if let Self::File { file, .. } = self
            && let Ok(blocks) = FileBlocks::new(file)
        {
            self.read_ahead(Box::new(blocks));
        }
    }

    /// Has somebody else read on, by these means, if there is somebody.
    pub(super) fn read_ahead(&mut self, reader: Box<dyn BlockReader>) -> bool {
        match self {
            Self::File { helper, .. } => {
                let Some(mut blocks) = helper.take() else { return false };
                let started = blocks.start(reader).is_ok();
                if started {
                    *self = Self::Ahead { blocks, unpacked: false };
                } else {
                    *helper = Some(blocks);
                }
                started
            }
            Self::Ahead { blocks, .. } => blocks.start(reader).is_ok(),
            Self::Growing(_) | Self::Pipe(_) | Self::Decoder(_) => false,
        }
    }

    /// Whether it was compressed.
    pub(super) fn is_unpacked(&self) -> bool {
        matches!(self, Self::Decoder(_) | Self::Ahead { unpacked: true, .. })
    }

    /// Reads once. `WouldBlock` says that there is nothing now.
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::File { file, .. } => file.read(buffer),
            Self::Decoder(decoder) => decoder.read(buffer),
            // Its blocks are taken whole: see `Window::exchange`.
            Self::Ahead { .. } => Ok(0),
            Self::Growing(growing) => growing.read(buffer),
            Self::Pipe(file) => {
                let mut descriptors = [PollFd::new(file, PollFlags::IN)];
                if poll(&mut descriptors, Some(&PATIENCE))? == 0 {
                    return Err(io::ErrorKind::WouldBlock.into());
                }
                file.read(buffer)
            }
        }
    }
}

/// A decompressor reads through here; what it asks a pipe for must come, so it waits.
impl Read for Input {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            match Input::read(self, buffer) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                result => return result,
            }
        }
    }
}

/// A file that is read as `tail -f` does.
pub(super) struct GrowingFile {
    file: File,
    path: PathBuf,
    position: u64,
}

impl GrowingFile {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.file.read(buffer)?;
        self.position += read as u64;
        if read > 0 {
            return Ok(read);
        }
        let open = self.file.metadata()?;
        if open.len() < self.position {
            return Err(io::Error::other("the file was truncated while it was followed"));
        }
        match std::fs::metadata(&self.path) {
            Ok(named) if (named.dev(), named.ino()) == (open.dev(), open.ino()) => {}
            Ok(_) => return Err(io::Error::other("the file was replaced by a new one")),
            Err(_) => return Err(io::Error::other("the file was removed")),
        }
        poll(&mut [], Some(&PATIENCE))?;
        Err(io::ErrorKind::WouldBlock.into())
    }
}

/// The octets that were read and not yet walked over.
pub(super) struct Window {
    buffer: Vec<u8>,
    /// Frames may still be borrowed from here when it is walked on.
    start: Cell<usize>,
    end: usize,
    offset: Cell<u64>,
}

impl Window {
    pub(super) fn new() -> Self {
        Self { buffer: vec![0; BLOCK], start: Cell::new(0), end: 0, offset: Cell::new(0) }
    }

    /// What has been read and not consumed.
    #[inline]
    pub(super) fn available(&self) -> &[u8] {
        self.buffer.get(self.start.get()..self.end).unwrap_or_default()
    }

    /// Octets consumed so far: the offset of [`Self::available`] in the capture.
    pub(super) fn offset(&self) -> u64 {
        self.offset.get()
    }

    /// Walks over `length` octets. They stay readable through [`Self::consumed`] until the next
    /// [`Self::fill`].
    #[inline]
    pub(super) fn consume(&self, length: usize) {
        self.start.set(self.end.min(self.start.get() + length));
        self.pass_over(length as u64);
    }

    /// Counts octets as walked over that were never read.
    #[inline]
    pub(super) fn pass_over(&self, length: u64) {
        self.offset.set(self.offset.get() + length);
    }

    /// Of the last `walked` octets consumed, `length` from the `skip`th on.
    #[inline]
    pub(super) fn consumed(&self, walked: usize, skip: usize, length: usize) -> &[u8] {
        let start = self.start.get().saturating_sub(walked) + skip;
        self.buffer.get(start..start + length).unwrap_or_default()
    }

    fn place(&mut self, start: usize, end: usize) {
        self.start.set(start);
        self.end = end;
    }

    /// Takes everything out, for a decompressor to begin with.
    pub(super) fn take(&mut self) -> Vec<u8> {
        let taken = self.available().to_vec();
        self.place(0, 0);
        taken
    }

    /// Forgets what was read and not walked over.
    pub(super) fn forget(&mut self) {
        self.end = self.start.get();
    }

    /// Goes on in the next block, with what is left of this one in front of it.
    fn exchange(&mut self, blocks: &mut dyn Blocks) -> io::Result<Filled> {
        let left = self.available().to_vec();
        let used = std::mem::take(&mut self.buffer);
        self.place(0, 0);
        let block = match blocks.next(used) {
            Ok(Some(block)) => block,
            end => {
                self.end = left.len();
                self.buffer = left;
                return end.map(|_| Filled::End);
            }
        };
        self.buffer = block;
        let start = HEADROOM.saturating_sub(left.len());
        if left.len() <= HEADROOM {
            self.buffer[start..HEADROOM].copy_from_slice(&left);
        } else {
            // A packet larger than any that is sent.
            self.buffer.splice(..HEADROOM, left);
        }
        self.place(start, self.buffer.len());
        Ok(Filled::More)
    }

    /// Reads once, with room for at least `wanted` octets in all.
    pub(super) fn fill(&mut self, input: &mut Input, wanted: usize) -> io::Result<Filled> {
        if let Input::Ahead { blocks, .. } = input {
            return self.exchange(blocks.as_mut());
        }
        let start = self.start.get();
        self.buffer.copy_within(start..self.end, 0);
        self.place(0, self.end - start);
        if self.buffer.len() < wanted {
            self.buffer.resize(wanted.next_multiple_of(BLOCK), 0);
        }
        let room = self.buffer.get_mut(self.end..).unwrap_or_default();
        match input.read(room) {
            Ok(0) => Ok(Filled::End),
            Ok(read) => {
                self.end += read;
                Ok(Filled::More)
            }
            Err(error) => match error.kind() {
                io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted => Ok(Filled::Idle),
                _ => Err(error),
            },
        }
    }
}
