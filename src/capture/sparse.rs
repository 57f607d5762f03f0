//! Large packets of a recording, of which only the beginning is read unless somebody needs the rest.
//!
//! They are bodies nearly always, of which little is kept; to have the kernel copy all of them would cost
//! more than everything else. A record with a large packet comes without its middle: its header, the
//! packet's beginning, and its last octet, which shows that it is there as a whole.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;

use super::Frame;
use super::classic::Classic;
use super::file::Packet;
use super::input::{BLOCK, BlockReader, HEADROOM, read_at};

/// Packets of more octets than this are large: to leave out the middle of a smaller one saves less than it
/// costs to begin to read anew behind it.
pub(super) const LARGE: usize = 16 << 10;

/// So many octets of a large packet are read at once: its headers, and as much of a body as is kept of an
/// answer that is no refusal.
pub(super) const BEGINNING: usize = 4 << 10;

/// So much is read behind a large packet at first: a few acknowledgments and the beginning of the next one.
const SHORT: usize = BEGINNING + 1024;

/// Reads the records of a classic file, without the middles of large packets.
pub(super) struct SparseReader {
    file: File,
    format: Classic,
    /// What is read next.
    position: u64,
    /// So much of it: more and more, while no packet is large.
    stretch: usize,
    /// Octets there that belong to the record before.
    begun: usize,
    /// The rest of the file is no record.
    ended: bool,
}

impl SparseReader {
    /// Reads on from `position`, behind a large packet.
    fn new(file: File, format: Classic, position: u64) -> Self {
        Self { file, format, position, stretch: SHORT, begun: 0, ended: false }
    }

    /// Walks over the whole records at the front of `octets`, and moves on behind them. Answers how many
    /// of the octets are theirs.
    fn walk(&mut self, octets: &[u8]) -> usize {
        let mut at = std::mem::take(&mut self.begun);
        while let Some(packet) = self.format.packet(octets.get(at..).unwrap_or_default()) {
            at += packet.size;
            if packet.unread > 0 {
                // Its last octet is where to go on.
                at -= 1;
                self.position += at as u64 + u64::from(packet.unread) - 1;
                (self.begun, self.stretch) = (1, SHORT);
                return at;
            }
        }
        self.position += at as u64;
        self.stretch = BLOCK.min(2 * self.stretch);
        at
    }
}

impl BlockReader for SparseReader {
    fn read_block(&mut self, mut block: Vec<u8>) -> (Vec<u8>, Option<io::Error>) {
        block.resize(HEADROOM + BLOCK, 0);
        let (mut end, mut fault) = (HEADROOM, None);
        while !self.ended && fault.is_none() {
            let room = block.len() - end;
            let stretch = self.stretch.min(room);
            let octets = &mut block[end..end + stretch];
            let read;
            (read, fault) = read_at(&self.file, octets, self.position);
            if read == 0 {
                break;
            }
            let walked = self.walk(&octets[..read]);
            end += walked;
            if walked == 0 && (read < stretch || stretch == BLOCK) {
                // Cut by the end of the file, or no record: for who walks over the block to say.
                end += read;
                self.ended = true;
            } else if walked == 0 && stretch == room {
                // The next block has room for it.
                break;
            }
        }
        block.truncate(end);
        (block, fault)
    }
}

/// The large packets of a file, to be read whole where they are needed so.
pub(super) struct LargePackets {
    file: File,
    /// Where the capture begins in the file.
    origin: u64,
    /// The packet whose beginning was given last, and the offset of its record in the capture.
    left: Option<(Packet, u64)>,
    octets: Vec<u8>,
}

impl LargePackets {
    pub(super) fn new(file: File, origin: u64) -> Self {
        Self { file, origin, left: None, octets: Vec::new() }
    }

    /// What reads on, from this offset of the capture, where a record begins.
    pub(super) fn reader(&self, format: Classic, offset: u64) -> io::Result<SparseReader> {
        Ok(SparseReader::new(self.file.try_clone()?, format, self.origin + offset))
    }

    /// Of this packet, whose record is at this offset of the capture, the beginning was given.
    pub(super) fn leave(&mut self, packet: Packet, record: u64) {
        self.left = Some((packet, record));
    }

    /// Reads the packet that was left last.
    pub(super) fn read(&mut self) -> io::Result<()> {
        let Some((packet, record)) = self.left else { return Ok(()) };
        self.octets.resize(packet.captured + packet.unread as usize, 0);
        let position = self.origin + record + packet.start as u64;
        self.file.read_exact_at(&mut self.octets, position)
    }

    /// It, once it was read.
    pub(super) fn frame(&self) -> Option<Frame<'_>> {
        let (packet, _) = self.left?;
        Some(packet.frame(&self.octets))
    }

    /// The offset of its record in the capture.
    pub(super) fn record(&self) -> u64 {
        self.left.map_or(0, |(_, record)| record)
    }
}
