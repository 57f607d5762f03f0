//! The classic pcap format (draft-ietf-opsawg-pcap): a file header, then records.
//!
//! Its records are read here and not by `pcap-parser`, because this is the loop that every packet of a
//! file passes through and it is sixteen octets long.

use super::LinkType;
use super::file::{Packet, Step};
use super::sparse::{BEGINNING, LARGE};
use crate::time::Timestamp;

/// Length of the file header.
pub(super) const FILE_HEADER: usize = 24;

/// No record is larger than this, whatever the header's snap length says: the same bound as
/// libpcap's and Wireshark's, and four times the largest segment that offloading makes.
const LARGEST_PACKET: u32 = 262_144;

/// How the records of one file are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Classic {
    link_type: LinkType,
    big_endian: bool,
    /// Nanoseconds in one unit of a record's second time field.
    fraction: u32,
    record_header: usize,
    /// Whether a record header has the original length before the captured one.
    lengths_swapped: bool,
    /// Some writers of version 2.3 had them the other way round: what was captured is never longer.
    lengths_in_doubt: bool,
    largest: u32,
    /// Whether the middles of large packets are left out.
    sparse: bool,
}

impl Classic {
    /// Reads the file header; `None` when the magic number is another format's.
    pub(super) fn new(header: &[u8; FILE_HEADER]) -> Option<Self> {
        let word = |big_endian, at| word(header, big_endian, at);
        let (big_endian, magic) = match word(false, 0) {
            magic @ (0xa1b2_c3d4 | 0xa1b2_3c4d | 0xa1b2_cd34) => (false, magic),
            _ => (true, word(true, 0)),
        };
        // Kuznetzov's patched libpcap put interface, protocol and packet type behind each header.
        let (fraction, record_header) = match magic {
            0xa1b2_c3d4 => (1000, 16),
            0xa1b2_3c4d => (1, 16),
            0xa1b2_cd34 => (1000, 24),
            _ => return None,
        };
        // Before version 2.3 the two lengths stood in the other order.
        let versions = word(big_endian, 4);
        let minor_version = if big_endian { versions & 0xffff } else { versions >> 16 };
        Some(Self {
            // The upper bits say whether frames end with a frame check sequence.
            link_type: LinkType(word(big_endian, 20) as u16),
            big_endian,
            fraction,
            record_header,
            lengths_swapped: minor_version < 3,
            lengths_in_doubt: minor_version == 3,
            largest: word(big_endian, 16).clamp(LARGEST_PACKET, 8 * LARGEST_PACKET),
            sparse: false,
        })
    }

    /// The same for records that come without the middles of large packets.
    #[must_use]
    pub(super) fn sparse(self) -> Self {
        Self { sparse: true, ..self }
    }

    pub(super) fn link_type(&self) -> LinkType {
        self.link_type
    }

    pub(super) fn is_big_endian(&self) -> bool {
        self.big_endian
    }

    /// What the octets at the front of `data` are.
    pub(super) fn step(&self, data: &[u8]) -> Result<Step, &'static str> {
        if let Some(packet) = self.packet(data) {
            return Ok(Step::Packet(packet));
        }
        let Some(header) = data.first_chunk::<16>() else {
            return Ok(Step::More(self.record_header));
        };
        let [_, _, captured, _] = self.words(header);
        if captured > self.largest {
            return Err("its length is impossible");
        }
        Ok(Step::More(self.record_header + self.present(captured)))
    }

    /// The packet at the front of `data`, if it is whole.
    #[inline]
    pub(super) fn packet(&self, data: &[u8]) -> Option<Packet> {
        let header = data.first_chunk::<16>()?;
        let [seconds, fraction, captured, original] = self.words(header);
        let present = self.present(captured);
        let size = self.record_header + present;
        if captured > self.largest || data.len() < size {
            return None;
        }
        let unread = if present == captured as usize { 0 } else { captured - BEGINNING as u32 };
        let nanoseconds = i64::from(fraction) * i64::from(self.fraction);
        let seconds = i64::from(seconds) * 1_000_000_000;
        Some(Packet {
            timestamp: Timestamp::from_nanoseconds(seconds + nanoseconds),
            link_type: self.link_type,
            interface: 0,
            start: self.record_header,
            captured: captured as usize - unread as usize,
            unread,
            original: original.max(captured),
            size,
        })
    }

    /// How many of a packet's octets stand in its record: of a large one that is sparse, the first and
    /// the last.
    #[inline]
    fn present(&self, captured: u32) -> usize {
        let captured = captured as usize;
        if self.sparse && captured > LARGE { BEGINNING + 1 } else { captured }
    }

    /// Of a record header: seconds, what is left in units of [`Self::fraction`], the captured and the
    /// original length.
    #[inline]
    fn words(&self, header: &[u8; 16]) -> [u32; 4] {
        let mut words = [0; 4];
        for (word, octets) in words.iter_mut().zip(header.as_chunks().0) {
            *word = u32::from_le_bytes(*octets);
        }
        if self.big_endian {
            words = words.map(u32::swap_bytes);
        }
        let [seconds, fraction, first, second] = words;
        if self.lengths_swapped || (self.lengths_in_doubt && first > second) {
            [seconds, fraction, second, first]
        } else {
            words
        }
    }
}

#[inline]
fn word<const N: usize>(header: &[u8; N], big_endian: bool, at: usize) -> u32 {
    let octets = header.get(at..).and_then(<[u8]>::first_chunk).copied().unwrap_or_default();
    if big_endian { u32::from_be_bytes(octets) } else { u32::from_le_bytes(octets) }
}
