//! Compressed captures, recognised by their first octets and not by their names.

use std::io::{self, Cursor, Read};

use flate2::read::MultiGzDecoder;
use ruzstd::decoding::{BlockDecodingStrategy, FrameDecoder};

use super::input::Input;

/// A compression that is understood.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Compression {
    /// RFC 1952.
    Gzip,
    /// RFC 8878.
    Zstandard,
}

impl Compression {
    /// What the octets at the start of a file say.
    pub(super) fn of(start: &[u8]) -> Option<Self> {
        match start {
            [0x1f, 0x8b, 8, ..] => Some(Self::Gzip),
            // A frame, or a skippable frame before it (RFC 8878 §3.1.2).
            [0x28, 0xb5, 0x2f, 0xfd, ..] | [0x50..=0x5f, 0x2a, 0x4d, 0x18, ..] => {
                Some(Self::Zstandard)
            }
            _ => None,
        }
    }

    /// A decompressor for `start` and what follows it in `rest`.
    pub(super) fn decoder(self, start: Vec<u8>, rest: Input) -> Box<dyn Read + Send> {
        let compressed = Cursor::new(start).chain(rest);
        match self {
            Self::Gzip => Box::new(MultiGzDecoder::new(compressed)),
            Self::Zstandard => Box::new(Zstandard {
                compressed,
                decoder: FrameDecoder::new(),
                in_frame: false,
                fault: None,
            }),
        }
    }
}

/// Reads one frame after the other, as `zstd -d` does; ruzstd's own reader stops after the first.
struct Zstandard<R> {
    compressed: R,
    decoder: FrameDecoder,
    in_frame: bool,
    /// Why nothing comes after what was unpacked so far.
    fault: Option<io::Error>,
}

impl<R: Read> Zstandard<R> {
    /// Enters the next frame; false at the end of the input.
    fn enter_frame(&mut self) -> io::Result<bool> {
        let mut magic = [0; 4];
        if self.compressed.read(&mut magic[..1])? == 0 {
            return Ok(false);
        }
        self.compressed.read_exact(&mut magic[1..])?;
        if let [0x50..=0x5f, 0x2a, 0x4d, 0x18] = magic {
            let mut length = [0; 4];
            self.compressed.read_exact(&mut length)?;
            let length = u64::from(u32::from_le_bytes(length));
            io::copy(&mut self.compressed.by_ref().take(length), &mut io::sink())?;
            return Ok(true);
        }
        let header = Cursor::new(magic).chain(self.compressed.by_ref());
        self.decoder.reset(header).map_err(io::Error::other)?;
        self.in_frame = true;
        Ok(true)
    }

    /// Unpacks one more block.
    fn decode_block(&mut self) {
        /// A raw block of no octets that says it is the last, and room for a checksum.
        const LAST_BLOCK: [u8; 7] = [1, 0, 0, 0, 0, 0, 0];
        let one = BlockDecodingStrategy::UptoBlocks(1);
        if let Err(error) = self.decoder.decode_blocks(&mut self.compressed, one) {
            self.fault = Some(io::Error::other(error));
            // The decoder holds back as much as later blocks might refer to, megabytes. There are
            // none: end the frame in their stead.
            let one = BlockDecodingStrategy::UptoBlocks(1);
            let _ = self.decoder.decode_blocks(&LAST_BLOCK[..], one);
        }
    }
}

impl<R: Read> Read for Zstandard<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            if self.in_frame && self.decoder.can_collect() > 0 {
                return self.decoder.read(buffer);
            }
            if let Some(fault) = self.fault.take() {
                return Err(fault);
            }
            if self.in_frame {
                self.in_frame = !self.decoder.is_finished();
            }
            if self.in_frame {
                self.decode_block();
            } else if !self.enter_frame()? {
                return Ok(0);
            }
        }
    }
}
