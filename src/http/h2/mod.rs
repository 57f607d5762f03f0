//! HTTP/2 in plaintext (RFC 9113): frames of one direction, header blocks decompressed.
//!
//! HPACK is a running state: every block is decoded, also of messages that nobody will see, so that
//! the next one still makes sense. After a loss that may have held a header block, what refers to earlier
//! blocks is not known any more; see `joining.rs`.

mod fields;
mod joining;

pub use fields::Fields;
use fields::Table;
pub use joining::{begins_like_frames, sent_by_client};

use crate::limits::Limits;

/// What a client sends first (RFC 9113 §3.4).
pub const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/// Octets of a frame's header (RFC 9113 §4.1).
const FRAME_HEADER: usize = 9;

mod kind {
    pub const DATA: u8 = 0;
    pub const HEADERS: u8 = 1;
    pub const PRIORITY: u8 = 2;
    pub const RST_STREAM: u8 = 3;
    pub const PUSH_PROMISE: u8 = 5;
    pub const CONTINUATION: u8 = 9;
}

mod flag {
    pub const END_STREAM: u8 = 0x01;
    pub const END_HEADERS: u8 = 0x04;
    pub const PADDED: u8 = 0x08;
    pub const PRIORITY: u8 = 0x20;
}

/// What one direction says.
#[derive(Debug)]
pub enum Output<'a> {
    /// A header section or a trailer section.
    Fields {
        /// Stream it belongs to.
        stream: u32,
        /// The fields, pseudo-header fields included, in order.
        fields: Fields,
        /// Nothing more comes on this stream.
        end: bool,
    },
    /// Content.
    Data {
        /// Stream it belongs to.
        stream: u32,
        /// The octets.
        octets: &'a [u8],
        /// Octets that should stand here and were lost.
        lost: u64,
        /// Nothing more comes on this stream.
        end: bool,
    },
    /// The stream was cancelled.
    Reset {
        /// Which.
        stream: u32,
    },
    /// A header block, or frames that may have held some, cannot be read. What follows it can, but for the
    /// fields that refer to what was lost.
    Lost,
}

/// The frames of one direction.
pub struct FrameReader {
    table: Table,
    /// Octets of the preface still to come.
    preface: usize,
    header: [u8; FRAME_HEADER],
    header_length: usize,
    /// The frame being read and its octets still to come.
    frame: Option<(Frame, usize)>,
    /// Payload of a frame that must be read whole.
    payload: Vec<u8>,
    /// A header block that goes on in CONTINUATION frames.
    block: Option<(u32, bool, Vec<u8>)>,
    /// Octets of the frame being read are missing, or more than may be kept.
    spoilt: bool,
    /// Where the next frame begins is not known.
    seeking: bool,
    /// Blocks may refer to what nobody saw.
    joined: bool,
}

impl std::fmt::Debug for FrameReader {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("FrameReader").field("frame", &self.frame).finish_non_exhaustive()
    }
}

#[derive(Debug, Clone, Copy)]
struct Frame {
    kind: u8,
    flags: u8,
    stream: u32,
    /// Padding octets at its end.
    padding: Option<usize>,
    /// The bit that is to be 0.
    reserved: bool,
}

impl Frame {
    /// From its header, with the length of its payload.
    fn read(&[a, b, c, kind, flags, s0, s1, s2, s3]: &[u8; FRAME_HEADER]) -> (Self, usize) {
        let length = u32::from_be_bytes([0, a, b, c]) as usize;
        let stream = u32::from_be_bytes([s0 & 0x7f, s1, s2, s3]);
        let padding = if flags & flag::PADDED != 0 { None } else { Some(0) };
        (Self { kind, flags, stream, padding, reserved: s0 & 0x80 != 0 }, length)
    }
}

impl FrameReader {
    /// A direction; the client's begins with the preface.
    pub fn new(client: bool) -> Self {
        Self {
            table: Table::new(),
            preface: if client { PREFACE.len() } else { 0 },
            header: [0; FRAME_HEADER],
            header_length: 0,
            frame: None,
            payload: Vec::new(),
            block: None,
            spoilt: false,
            seeking: false,
            joined: false,
        }
    }

    /// A direction of which the beginning was not seen.
    pub fn joined() -> Self {
        Self { table: Table::of_unknown(), seeking: true, joined: true, ..Self::new(false) }
    }

    /// Heap octets held.
    pub fn memory(&self) -> usize {
        let block = self.block.as_ref().map_or(0, |(_, _, block)| block.capacity());
        self.table.memory() + self.payload.capacity() + block
    }

    /// Reads on; `octets` shrinks by what was used.
    pub fn feed<'a>(&mut self, octets: &mut &'a [u8], limits: &Limits) -> Option<Output<'a>> {
        if self.seeking {
            // Frames rarely begin where a packet does, unless they are what was sent last.
            if !joining::is_at_boundary(octets) {
                *octets = &[];
            }
            self.seeking = octets.is_empty();
        }
        while !octets.is_empty() {
            if self.preface > 0 {
                let take = self.preface.min(octets.len());
                self.preface -= take;
                *octets = &octets[take..];
                continue;
            }
            let Some((mut frame, left)) = self.frame else {
                self.frame_header(octets);
                if let Some((frame, 0)) = self.frame
                    && let Some(output) = self.frame_end(frame, limits)
                {
                    return Some(output);
                }
                continue;
            };
            let take = left.min(octets.len());
            let (part, rest) = octets.split_at(take);
            if frame.kind == kind::DATA {
                let output = Self::data(&mut frame, part, left);
                self.frame = (left > take).then_some((frame, left - take));
                *octets = rest;
                if let Some(output) = output {
                    return Some(output);
                }
                continue;
            }
            *octets = rest;
            if is_read_whole(frame.kind) {
                self.spoilt |= self.payload.len() + take > limits.head;
                if !self.spoilt {
                    self.payload.extend_from_slice(part);
                }
            }
            self.frame = Some((frame, left - take));
            if left == take
                && let Some(output) = self.frame_end(frame, limits)
            {
                return Some(output);
            }
        }
        None
    }

    fn frame_header(&mut self, octets: &mut &[u8]) {
        let take = (FRAME_HEADER - self.header_length).min(octets.len());
        let end = self.header_length + take;
        self.header[self.header_length..end].copy_from_slice(&octets[..take]);
        self.header_length = end;
        *octets = &octets[take..];
        if end == FRAME_HEADER {
            self.header_length = 0;
            self.frame = Some(Frame::read(&self.header));
            self.payload.clear();
            self.spoilt = false;
        }
    }

    /// A stretch of a DATA frame of which `left` octets are to come, this one included.
    fn data<'a>(frame: &mut Frame, part: &'a [u8], left: usize) -> Option<Output<'a>> {
        let mut content = part;
        let mut left = left;
        if frame.padding.is_none()
            && let Some((&length, rest)) = part.split_first()
        {
            frame.padding = Some(usize::from(length));
            content = rest;
            left -= 1;
        }
        let padding = frame.padding.unwrap_or(0);
        let useful = left.saturating_sub(padding).min(content.len());
        let end = left == content.len() && frame.flags & flag::END_STREAM != 0;
        (useful > 0 || end).then_some(Output::Data {
            stream: frame.stream,
            octets: &content[..useful],
            lost: 0,
            end,
        })
    }

    /// A frame is over.
    fn frame_end(&mut self, frame: Frame, limits: &Limits) -> Option<Output<'static>> {
        self.frame = None;
        let stream = frame.stream;
        let end = frame.flags & flag::END_STREAM != 0;
        match frame.kind {
            kind::DATA => end.then_some(Output::Data { stream, octets: &[], lost: 0, end }),
            kind::RST_STREAM => Some(Output::Reset { stream }),
            kind if is_read_whole(kind) && self.spoilt => Some(self.lose_block()),
            kind::HEADERS | kind::PUSH_PROMISE => {
                let payload = std::mem::take(&mut self.payload);
                let Some(fragment) = header_fragment(frame, &payload) else {
                    return Some(self.lose_block());
                };
                // A promised request is the server's own; its block only keeps HPACK in step.
                let stream = if frame.kind == kind::PUSH_PROMISE { 0 } else { stream };
                self.block = Some((stream, end && frame.kind == kind::HEADERS, fragment.to_vec()));
                self.payload = payload;
                self.block_end(frame, limits)
            }
            kind::CONTINUATION => {
                let Some((_, _, block)) = &mut self.block else { return Some(self.lose_block()) };
                if block.len() + self.payload.len() > limits.head {
                    return Some(self.lose_block());
                }
                block.extend_from_slice(&self.payload);
                self.block_end(frame, limits)
            }
            _ => None,
        }
    }

    fn block_end(&mut self, frame: Frame, limits: &Limits) -> Option<Output<'static>> {
        if frame.flags & flag::END_HEADERS == 0 {
            return None;
        }
        let (stream, end, block) = self.block.take()?;
        let mut fields = Fields::default();
        if self.table.read(&block, &mut fields, limits).is_err() {
            return Some(self.lose_block());
        }
        // What was taken for a frame may have been none.
        if self.joined && !fields.are_named_well() {
            return Some(self.lose_place());
        }
        (stream != 0).then_some(Output::Fields { stream, fields, end })
    }

    /// A header block cannot be read. Where the next frame begins is known.
    fn lose_block(&mut self) -> Output<'static> {
        self.table = Table::of_unknown();
        self.joined = true;
        self.payload = Vec::new();
        self.block = None;
        Output::Lost
    }

    /// Frames cannot be read, and nobody knows how many.
    fn lose_place(&mut self) -> Output<'static> {
        self.frame = None;
        self.header_length = 0;
        self.preface = 0;
        self.seeking = true;
        self.lose_block()
    }

    /// Octets were lost: bridged inside a frame, else the next one is looked for.
    pub fn gap(&mut self, length: u64, limits: &Limits) -> Option<Output<'static>> {
        if self.seeking {
            return None;
        }
        let Some((mut frame, left)) = self.frame.filter(|&(_, left)| length <= left as u64) else {
            return Some(self.lose_place());
        };
        let left = left - length as usize;
        self.spoilt = true;
        // How much of it is padding may have been among the octets that were lost.
        frame.padding.get_or_insert(0);
        self.frame = (left > 0).then_some((frame, left));
        if frame.kind != kind::DATA {
            return if left == 0 { self.frame_end(frame, limits) } else { None };
        }
        let end = left == 0 && frame.flags & flag::END_STREAM != 0;
        Some(Output::Data { stream: frame.stream, octets: &[], lost: length, end })
    }
}

/// Whether a frame of this kind means something only as a whole.
fn is_read_whole(kind: u8) -> bool {
    matches!(kind, kind::HEADERS | kind::CONTINUATION | kind::PUSH_PROMISE | kind::RST_STREAM)
}

/// The header block fragment in a HEADERS or PUSH_PROMISE payload (RFC 9113 §6.2, §6.6).
fn header_fragment(frame: Frame, payload: &[u8]) -> Option<&[u8]> {
    let mut fragment = payload;
    let mut padding = 0;
    if frame.flags & flag::PADDED != 0 {
        let (&length, rest) = fragment.split_first()?;
        padding = usize::from(length);
        fragment = rest;
    }
    let skip = match frame.kind {
        kind::PUSH_PROMISE => 4,
        _ if frame.flags & flag::PRIORITY != 0 => 5,
        _ => 0,
    };
    let fragment = fragment.get(skip..)?;
    fragment.get(..fragment.len().checked_sub(padding)?)
}

#[cfg(test)]
mod tests;
