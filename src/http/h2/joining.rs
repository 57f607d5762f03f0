//! A connection that is joined on its way, or of which octets were lost: where its frames begin, and what its
//! header blocks still tell.
//!
//! A field that was sent before is only an index to a table that both ends keep (RFC 7541 §2.3.2), counted
//! from what was put there last. So what comes from now on is known as ever; what an index says that points
//! further back is not, and stays so. See [`Table::of_unknown`].

use super::fields::Table;
use super::{FRAME_HEADER, Fields, Frame, flag, header_fragment, kind};
use crate::limits::Limits;

/// A connection of which nothing is known, if frames of HTTP/2 begin here: whether its client sent them. One
/// of them must be a whole header block, which only one of the two sides can have sent.
pub fn sent_by_client(octets: &[u8], limits: &Limits) -> Option<bool> {
    if !begins_like_frames(octets) || !is_at_boundary(octets) {
        return None;
    }
    let first = frames(octets).find(|(frame, _)| frame.kind == kind::HEADERS);
    let (frame, payload) = first.filter(|(frame, _)| frame.flags & flag::END_HEADERS != 0)?;
    let payload = payload.filter(|_| frame.stream % 2 == 1)?;
    let mut fields = Fields::default();
    let block = header_fragment(frame, payload)?;
    Table::of_unknown().read(block, &mut fields, limits).ok()?;
    let has = |names: &[&str]| names.iter().any(|name| fields.get(name).is_some());
    let (asks, answers) = (has(&[":method", ":scheme", ":path"]), has(&[":status"]));
    (fields.are_named_well() && asks != answers).then_some(asks)
}

/// Whether frames may begin with these octets: most have fewer than 65,536, a kind that is known, and no bit
/// that is reserved. Hardly anything else begins so.
#[inline]
pub fn begins_like_frames(octets: &[u8]) -> bool {
    matches!(octets, [0, _, _, 0..=kind::CONTINUATION, _, 0..0x80, ..])
}

/// Whether frames as they are sent stand here, one behind the other. The last of them may go on.
pub(super) fn is_at_boundary(octets: &[u8]) -> bool {
    octets.len() >= FRAME_HEADER && {
        let mut rest = octets;
        while let Some((header, behind)) = rest.split_first_chunk() {
            let (frame, length) = Frame::read(header);
            if !is_usual(frame, length) {
                return false;
            }
            rest = behind.get(length..).unwrap_or_default();
        }
        true
    }
}

/// The frames that begin in these octets, with their payload where that is whole.
fn frames(octets: &[u8]) -> impl Iterator<Item = (Frame, Option<&[u8]>)> {
    let mut rest = octets;
    std::iter::from_fn(move || {
        let (header, behind) = rest.split_first_chunk()?;
        let (frame, length) = Frame::read(header);
        let whole = behind.split_at_checked(length);
        rest = whole.map_or(&[], |(_, rest)| rest);
        Some((frame, whole.map(|(payload, _)| payload)))
    })
}

/// Whether a frame is as RFC 9113 §6 has it, with no flag that its kind does not know.
fn is_usual(frame: Frame, length: usize) -> bool {
    const SETTINGS: u8 = 4;
    const PING: u8 = 6;
    const GOAWAY: u8 = 7;
    const WINDOW_UPDATE: u8 = 8;
    const ACK: u8 = 1;
    let stream = frame.stream != 0;
    let (known, fits) = match frame.kind {
        kind::DATA => (flag::END_STREAM | flag::PADDED, stream),
        kind::HEADERS => {
            let known = flag::END_STREAM | flag::END_HEADERS | flag::PADDED | flag::PRIORITY;
            (known, stream && length > 0)
        }
        kind::PRIORITY => (0, stream && length == 5),
        kind::RST_STREAM => (0, stream && length == 4),
        SETTINGS => {
            let fits = if frame.flags & ACK != 0 { length == 0 } else { length.is_multiple_of(6) };
            (ACK, !stream && fits)
        }
        kind::PUSH_PROMISE => (flag::END_HEADERS | flag::PADDED, stream && length > 4),
        PING => (ACK, !stream && length == 8),
        GOAWAY => (0, !stream && length >= 8),
        WINDOW_UPDATE => (0, length == 4),
        kind::CONTINUATION => (flag::END_HEADERS, stream),
        _ => (0, false),
    };
    fits && frame.flags & !known == 0 && !frame.reserved && length < 1 << 16
}
