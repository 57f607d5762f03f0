//! The pcapng format (draft-ietf-opsawg-pcapng): sections of blocks.
//!
//! Blocks that carry packets are read in place; the rare others, with their options, by
//! `pcap-parser`.

use std::cell::Cell;
use std::sync::Arc;

use pcap_parser::{Block, PcapNGOption, parse_block_be, parse_block_le};

use super::file::{Packet, Step};
use super::{LinkType, SourceDrops};
use crate::time::Timestamp;

const SECTION_HEADER: u32 = 0x0a0d_0d0a;
const INTERFACE_DESCRIPTION: u32 = 1;
const OBSOLETE_PACKET: u32 = 2;
const SIMPLE_PACKET: u32 = 3;
const INTERFACE_STATISTICS: u32 = 5;
const ENHANCED_PACKET: u32 = 6;

/// Block type, total length, and the total length again at the end.
const FRAMING: usize = 12;

/// Wireshark's bound too.
const LARGEST_BLOCK: usize = 16 << 20;

/// More interfaces than any file describes; a bound for hostile ones.
const MOST_INTERFACES: usize = 4096;

/// The option codes that matter (draft-ietf-opsawg-pcapng §4.2 and §4.6).
mod option {
    pub(super) const IF_NAME: u16 = 2;
    pub(super) const IF_DESCRIPTION: u16 = 3;
    pub(super) const IF_TSRESOL: u16 = 9;
    pub(super) const IF_TSOFFSET: u16 = 14;
    pub(super) const ISB_IFDROP: u16 = 5;
    pub(super) const ISB_OSDROP: u16 = 7;
}

/// One interface of the current section.
#[derive(Debug, Clone, Copy)]
struct Interface {
    link_type: LinkType,
    snap_length: u32,
    /// Index into [`PcapNg::names`].
    name: u16,
    clock: Clock,
    /// Cumulative, from its last statistics block.
    drops: SourceDrops,
}

/// How an interface counts time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Clock {
    resolution: Resolution,
    /// Nanoseconds to add.
    offset: i64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Resolution {
    /// So many nanoseconds in a unit.
    Nanoseconds(u64),
    /// So many units in a nanosecond, as a power of ten.
    Finer(u128),
    /// The unit is this negative power of two of a second.
    Binary(u32),
}

impl Clock {
    const MICROSECONDS: Self = Self { resolution: Resolution::Nanoseconds(1000), offset: 0 };

    /// `if_tsresol`: a negative power of ten, or of two when its highest bit is set.
    fn set_resolution(&mut self, code: u8) {
        let exponent = u32::from(code & 0x7f);
        self.resolution = if code & 0x80 != 0 {
            Resolution::Binary(exponent)
        } else if exponent <= 9 {
            Resolution::Nanoseconds(10u64.pow(9 - exponent))
        } else {
            Resolution::Finer(10u128.checked_pow(exponent - 9).unwrap_or(u128::MAX))
        };
    }

    #[inline]
    fn timestamp(&self, units: u64) -> Timestamp {
        let nanoseconds = match self.resolution {
            Resolution::Nanoseconds(unit) => i64::try_from(units.saturating_mul(unit)),
            Resolution::Finer(units_each) => i64::try_from(u128::from(units) / units_each),
            Resolution::Binary(exponent) => {
                i64::try_from((u128::from(units) * 1_000_000_000) >> exponent)
            }
        };
        Timestamp::from_nanoseconds(nanoseconds.unwrap_or(i64::MAX).saturating_add(self.offset))
    }
}

/// The state of a pcapng reader.
#[derive(Debug)]
pub(super) struct PcapNg {
    big_endian: bool,
    interfaces: Vec<Interface>,
    names: Vec<Arc<str>>,
    earlier_drops: SourceDrops,
    /// When the last packet was captured.
    last: Cell<Timestamp>,
}

impl PcapNg {
    /// Before the first section header. Index 0 is `file_name`: the name of interfaces without one.
    pub(super) fn new(file_name: Arc<str>) -> Self {
        Self {
            big_endian: false,
            interfaces: Vec::new(),
            names: vec![file_name],
            earlier_drops: SourceDrops::default(),
            last: Cell::default(),
        }
    }

    pub(super) fn names(&self) -> &[Arc<str>] {
        &self.names
    }

    /// The byte order of the current section.
    pub(super) fn is_big_endian(&self) -> bool {
        self.big_endian
    }

    /// Link types of the current section's interfaces.
    pub(super) fn link_types(&self) -> impl Iterator<Item = LinkType> + '_ {
        self.interfaces.iter().map(|interface| interface.link_type)
    }

    /// Drops reported by the statistics blocks so far.
    pub(super) fn drops(&self) -> SourceDrops {
        self.interfaces.iter().fold(self.earlier_drops, |sum, interface| SourceDrops {
            kernel: sum.kernel.saturating_add(interface.drops.kernel),
            interface: sum.interface.saturating_add(interface.drops.interface),
        })
    }

    /// What the octets at the front of `data` are.
    pub(super) fn step(&mut self, data: &[u8]) -> Result<Step, &'static str> {
        let Some(start) = data.first_chunk::<FRAMING>() else {
            return Ok(Step::More(FRAMING));
        };
        let kind = self.word(start, 0);
        if kind == SECTION_HEADER {
            self.big_endian = match start[8..] {
                [0x1a, 0x2b, 0x3c, 0x4d] => true,
                [0x4d, 0x3c, 0x2b, 0x1a] => false,
                _ => return Err("the byte-order magic is neither order"),
            };
        }
        let block = match self.block(data)? {
            Ok(block) => block,
            Err(wanted) => return Ok(Step::More(wanted)),
        };
        if let Some(packet) = self.packet_in(kind, block)? {
            return Ok(Step::Packet(packet));
        }
        match kind {
            SECTION_HEADER => {
                self.earlier_drops = self.drops();
                self.interfaces.clear();
            }
            INTERFACE_DESCRIPTION => self.describe_interface(block)?,
            INTERFACE_STATISTICS => self.note_statistics(block),
            _ => {}
        }
        Ok(Step::Skip(block.len()))
    }

    /// The packet at the front of `data`, if it is whole.
    #[inline]
    pub(super) fn packet(&self, data: &[u8]) -> Option<Packet> {
        let block = self.block(data).ok()?.ok()?;
        self.packet_in(self.word(block, 0), block).ok()?
    }

    /// The block at the front of `data`, or how many octets that takes.
    #[inline]
    fn block<'a>(&self, data: &'a [u8]) -> Result<Result<&'a [u8], usize>, &'static str> {
        let Some(start) = data.first_chunk::<FRAMING>() else {
            return Ok(Err(FRAMING));
        };
        let size = self.word(start, 4) as usize;
        if size < FRAMING || !size.is_multiple_of(4) || size > LARGEST_BLOCK {
            return Err("the block's length is impossible");
        }
        let Some(block) = data.get(..size) else {
            return Ok(Err(size));
        };
        if self.word(block, size - 4) as usize != size {
            return Err("the block's two lengths differ");
        }
        Ok(Ok(block))
    }

    /// The packet in a block of this kind, if it is one with a packet.
    #[inline]
    fn packet_in(&self, kind: u32, block: &[u8]) -> Result<Option<Packet>, &'static str> {
        let packet = match kind {
            ENHANCED_PACKET => self.timed_packet(block, self.word(block, 8), 12)?,
            OBSOLETE_PACKET => self.timed_packet(block, self.half_word(block, 8), 12)?,
            SIMPLE_PACKET => self.simple_packet(block)?,
            _ => return Ok(None),
        };
        self.last.set(packet.timestamp);
        Ok(Some(packet))
    }

    /// An enhanced or obsolete packet block: both have time, captured and original length at `at`.
    #[inline]
    fn timed_packet(
        &self,
        block: &[u8],
        interface: u32,
        at: usize,
    ) -> Result<Packet, &'static str> {
        const DATA: usize = 28;
        if block.len() < DATA + 4 {
            return Err("the packet block is too short");
        }
        let Some(interface) = self.interfaces.get(interface as usize) else {
            return Err("its interface was never described");
        };
        let units = u64::from(self.word(block, at)) << 32 | u64::from(self.word(block, at + 4));
        let captured = self.word(block, at + 8) as usize;
        if captured > block.len() - DATA - 4 {
            return Err("the packet is longer than its block");
        }
        Ok(Packet {
            timestamp: interface.clock.timestamp(units),
            link_type: interface.link_type,
            interface: interface.name,
            start: DATA,
            captured,
            unread: 0,
            original: self.word(block, at + 12).max(captured as u32),
            size: block.len(),
        })
    }

    /// A simple packet block belongs to the first interface and has no time of its own.
    fn simple_packet(&self, block: &[u8]) -> Result<Packet, &'static str> {
        const DATA: usize = 12;
        let Some(interface) = self.interfaces.first() else {
            return Err("its interface was never described");
        };
        let Some(room) = block.len().checked_sub(DATA + 4) else {
            return Err("the packet block is too short");
        };
        let original = self.word(block, 8);
        let limit = match interface.snap_length {
            0 => original,
            snap_length => original.min(snap_length),
        };
        Ok(Packet {
            timestamp: self.last.get(),
            link_type: interface.link_type,
            interface: interface.name,
            start: DATA,
            captured: room.min(limit as usize),
            unread: 0,
            original,
            size: block.len(),
        })
    }

    fn describe_interface(&mut self, block: &[u8]) -> Result<(), &'static str> {
        let Some(Block::InterfaceDescription(description)) = self.parse(block) else {
            return Err("the interface description is malformed");
        };
        if self.interfaces.len() >= MOST_INTERFACES {
            return Err("it describes too many interfaces");
        }
        let mut clock = Clock::MICROSECONDS;
        let (mut name, mut described) = (None, None);
        for option in &description.options {
            let value = value_of(option);
            match option.code.0 {
                option::IF_NAME => name = text(value),
                option::IF_DESCRIPTION => described = text(value),
                option::IF_TSRESOL => {
                    value.first().iter().for_each(|&&code| clock.set_resolution(code));
                }
                option::IF_TSOFFSET => {
                    let seconds = self.number(value).unwrap_or_default() as i64;
                    clock.offset = seconds.saturating_mul(1_000_000_000);
                }
                _ => {}
            }
        }
        let interface = Interface {
            link_type: LinkType(description.linktype.0 as u16),
            snap_length: description.snaplen,
            name: self.name_index(name.or(described)),
            clock,
            drops: SourceDrops::default(),
        };
        self.interfaces.push(interface);
        Ok(())
    }

    /// Sections that name the same interface share an index.
    fn name_index(&mut self, name: Option<Arc<str>>) -> u16 {
        let Some(name) = name else { return 0 };
        let known = self.names.iter().position(|known| *known == name);
        let index = known.unwrap_or_else(|| {
            if self.names.len() < MOST_INTERFACES {
                self.names.push(name);
                self.names.len() - 1
            } else {
                0
            }
        });
        u16::try_from(index).unwrap_or(0)
    }

    /// Malformed ones are passed over: the packets behind them are worth more.
    fn note_statistics(&mut self, block: &[u8]) {
        let Some(Block::InterfaceStatistics(statistics)) = self.parse(block) else { return };
        let mut drops = SourceDrops::default();
        for option in &statistics.options {
            let count = self.number(value_of(option)).unwrap_or_default();
            match option.code.0 {
                option::ISB_IFDROP => drops.interface = count,
                option::ISB_OSDROP => drops.kernel = count,
                _ => {}
            }
        }
        if let Some(interface) = self.interfaces.get_mut(statistics.if_id as usize) {
            interface.drops = drops;
        }
    }

    fn parse<'a>(&self, block: &'a [u8]) -> Option<Block<'a>> {
        let parsed = if self.big_endian { parse_block_be(block) } else { parse_block_le(block) };
        parsed.ok().map(|(_, block)| block)
    }

    #[inline]
    fn word(&self, block: &[u8], at: usize) -> u32 {
        let octets = block.get(at..).and_then(<[u8]>::first_chunk).copied().unwrap_or_default();
        if self.big_endian { u32::from_be_bytes(octets) } else { u32::from_le_bytes(octets) }
    }

    fn half_word(&self, block: &[u8], at: usize) -> u32 {
        let octets = block.get(at..).and_then(<[u8]>::first_chunk).copied().unwrap_or_default();
        u32::from(if self.big_endian {
            u16::from_be_bytes(octets)
        } else {
            u16::from_le_bytes(octets)
        })
    }

    fn number(&self, value: &[u8]) -> Option<u64> {
        let octets = *value.first_chunk()?;
        Some(if self.big_endian { u64::from_be_bytes(octets) } else { u64::from_le_bytes(octets) })
    }
}

/// An option's value without its padding.
fn value_of<'a>(option: &'a PcapNGOption<'_>) -> &'a [u8] {
    option.as_bytes().unwrap_or_default()
}

fn text(value: &[u8]) -> Option<Arc<str>> {
    let text = String::from_utf8_lossy(value);
    let text = text.trim_end_matches('\0');
    (!text.is_empty()).then(|| text.into())
}
