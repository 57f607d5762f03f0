//! IEEE 802.11 data frames that are not encrypted, and the headers that capture tools put before them.

use super::{Layer, Peeled, Rest, Stop, link};
use crate::capture::LinkType;
use crate::counters::Undecodable;

const CUT_OFF: Stop = Stop::Undecodable(Undecodable::LinkHeader);

/// Bits of the second octet of the frame control field (IEEE 802.11 §9.2.4.1).
mod flag {
    pub(super) const TO_DISTRIBUTION: u8 = 0x01;
    pub(super) const FROM_DISTRIBUTION: u8 = 0x02;
    pub(super) const MORE_FRAGMENTS: u8 = 0x04;
    pub(super) const PROTECTED: u8 = 0x40;
    pub(super) const HT_CONTROL: u8 = 0x80;
}

/// Peels the header of a data frame.
pub(super) fn peel(rest: Rest<'_>) -> Peeled<'_> {
    data_frame(rest, false)
}

fn data_frame(rest: Rest<'_>, padded: bool) -> Peeled<'_> {
    const HEADER: usize = 24;
    let &[kind, flags, ..] = rest.data else { return Err(CUT_OFF) };
    // Type 2 is data; subtype bit 2 says that there is none, bit 3 that there is a QoS field.
    if kind & 0x0f != 0x08 || kind & 0x40 != 0 {
        return Err(Stop::NotTcp);
    }
    let fragment = rest.data.get(22).is_some_and(|sequence| sequence & 0x0f != 0);
    if fragment || flags & (flag::MORE_FRAGMENTS | flag::PROTECTED) != 0 {
        return Err(Stop::NotTcp);
    }
    let mut length = HEADER;
    if flags & flag::TO_DISTRIBUTION != 0 && flags & flag::FROM_DISTRIBUTION != 0 {
        length += 6;
    }
    let mut aggregate = false;
    if kind & 0x80 != 0 {
        aggregate = rest.data.get(length).ok_or(CUT_OFF)? & 0x80 != 0;
        length += if flags & flag::HT_CONTROL != 0 { 6 } else { 2 };
    }
    if padded {
        length = length.next_multiple_of(4);
    }
    let body = rest.skip(length).ok_or(CUT_OFF)?;
    if aggregate { Ok((Layer::Aggregate, body)) } else { link::llc(body) }
}

/// The subframe at `at` of an A-MSDU (IEEE 802.11 §9.3.2.2), from its LLC on: addresses and a length
/// stand before it. Also where the next one begins, if another follows.
pub(super) fn subframe(rest: Rest<'_>, at: usize) -> Result<(Rest<'_>, Option<usize>), Stop> {
    const HEADER: usize = 14;
    let rest = rest.skip(at).ok_or(CUT_OFF)?;
    let length = usize::from(rest.half_word(12).ok_or(CUT_OFF)?);
    let next = (HEADER + length).next_multiple_of(4);
    let another = next + HEADER < rest.data.len();
    let subframe = rest.skip(HEADER).ok_or(CUT_OFF)?;
    Ok((subframe.limit(subframe.length().min(length)), another.then_some(at + next)))
}

/// A radiotap header (radiotap.org): its length is in it, and whether the frame's header is padded.
pub(super) fn peel_radiotap(rest: Rest<'_>) -> Peeled<'_> {
    let &[0, _, l0, l1, ..] = rest.data else { return Err(CUT_OFF) };
    let length = usize::from(u16::from_le_bytes([l0, l1]));
    let padded = radiotap_flags(rest.data.get(..length).ok_or(CUT_OFF)?)
        .is_some_and(|flags| flags & 0x20 != 0);
    data_frame(rest.skip(length).ok_or(CUT_OFF)?, padded)
}

/// The flags field, which stands behind the presence words and the time stamp.
fn radiotap_flags(header: &[u8]) -> Option<u8> {
    const TIMESTAMP: u8 = 1;
    const FLAGS: u8 = 2;
    const ANOTHER_WORD: u8 = 0x80;
    let present = *header.get(4)?;
    let mut at = 4;
    while header.get(at + 3)? & ANOTHER_WORD != 0 {
        at += 4;
    }
    at += 4;
    if present & TIMESTAMP != 0 {
        at = at.next_multiple_of(8) + 8;
    }
    if present & FLAGS == 0 { None } else { header.get(at).copied() }
}

/// A Prism header: its length is the second word, in the byte order of the machine.
pub(super) fn peel_prism(rest: Rest<'_>) -> Peeled<'_> {
    let &[_, _, _, _, length @ ..] = rest.data.first_chunk::<8>().ok_or(CUT_OFF)?;
    let length = u32::from_le_bytes(length).min(u32::from_be_bytes(length));
    peel(rest.skip(length as usize).ok_or(CUT_OFF)?)
}

/// An AVS header: its length is the second word.
pub(super) fn peel_avs(rest: Rest<'_>) -> Peeled<'_> {
    let &[_, _, _, _, length @ ..] = rest.data.first_chunk::<8>().ok_or(CUT_OFF)?;
    peel(rest.skip(u32::from_be_bytes(length) as usize).ok_or(CUT_OFF)?)
}

/// A PPI header: its length, and the link type of what follows.
pub(super) fn peel_ppi(rest: Rest<'_>) -> Peeled<'_> {
    let &[_, _, l0, l1, t0, t1, 0, 0, ..] = rest.data else { return Err(CUT_OFF) };
    let rest = rest.skip(usize::from(u16::from_le_bytes([l0, l1])).max(8)).ok_or(CUT_OFF)?;
    Ok((Layer::Link(LinkType(u16::from_le_bytes([t0, t1]))), rest))
}
