//! Content codings: gzip, deflate, br, zstd, bounded.

use std::borrow::Cow;
use std::io::{self, Read};

use brotli_decompressor::{BrotliDecompressStream, BrotliResult, BrotliState, StandardAlloc};
use flate2::read::{DeflateDecoder, MultiGzDecoder, ZlibDecoder};
use ruzstd::decoding::StreamingDecoder;

/// Nobody applies more codings than one or two; each costs a pass.
const MOST_CODINGS: usize = 4;

/// RFC 9659 §3: a zstd window in HTTP is at most 8 MiB.
const ZSTD_WINDOW: u64 = 8 << 20;

/// A body's beginning with its content codings removed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Content<'a> {
    /// The decoded octets, at most as many as asked for.
    pub octets: Cow<'a, [u8]>,
    /// Whether that is all of it.
    pub whole: bool,
    /// A coding this program does not know, or data that does not decode: then `octets` is what
    /// was decoded before, or nothing.
    pub unreadable: Option<String>,
}

/// Removes the codings that `content_encoding` lists, last first (RFC 9110 §8.4).
pub fn decode<'a>(
    start: &'a [u8],
    whole: bool,
    content_encoding: Option<&[u8]>,
    limit: usize,
) -> Content<'a> {
    let mut content = Content { octets: Cow::Borrowed(start), whole, unreadable: None };
    for (index, coding) in codings(content_encoding.unwrap_or_default()).rev().enumerate() {
        if content.octets.is_empty() || content.unreadable.is_some() {
            break;
        }
        content = if index == MOST_CODINGS {
            unreadable("too many content codings".to_owned())
        } else {
            remove(coding, &content.octets, content.whole, limit)
        };
    }
    if content.octets.len() > limit {
        content.whole = false;
        match &mut content.octets {
            Cow::Borrowed(octets) => *octets = &octets[..limit],
            Cow::Owned(octets) => octets.truncate(limit),
        }
    }
    content
}

/// The codings in the order in which they were applied; `identity` is none.
fn codings(list: &[u8]) -> impl DoubleEndedIterator<Item = &[u8]> {
    list.split(|&octet| octet == b',')
        .map(<[u8]>::trim_ascii)
        .filter(|coding| !coding.is_empty() && !coding.eq_ignore_ascii_case(b"identity"))
}

fn unreadable(why: String) -> Content<'static> {
    Content { octets: Cow::Borrowed(&[]), whole: false, unreadable: Some(why) }
}

fn remove(coding: &[u8], encoded: &[u8], whole: bool, limit: usize) -> Content<'static> {
    let coding = String::from_utf8_lossy(coding).to_ascii_lowercase();
    let read = match coding.as_str() {
        "gzip" | "x-gzip" => read(MultiGzDecoder::new(encoded), limit),
        "deflate" => read_deflate(encoded, limit),
        "br" => read(Brotli::new(encoded), limit),
        "zstd" => match StreamingDecoder::new_with_max_window_size(encoded, ZSTD_WINDOW) {
            Ok(decoder) => read(decoder, limit),
            Err(error) => Decoded { octets: Vec::new(), end: End::Failed(error.to_string()) },
        },
        _ => return unreadable(format!("unknown content coding \"{coding}\"")),
    };
    // Of data that was cut, whatever decodes is as good as it gets; an error is that of the cut.
    let unreadable = match &read.end {
        End::Failed(error) if whole || read.octets.is_empty() && !is_short(encoded) => {
            Some(format!("{coding}: {error}"))
        }
        End::Early if whole => Some(format!("{coding}: the data ends early")),
        _ => None,
    };
    Content {
        whole: whole && matches!(read.end, End::Complete),
        octets: Cow::Owned(read.octets),
        unreadable,
    }
}

/// Too short to tell a cut header from a wrong one (gzip's has ten octets).
fn is_short(encoded: &[u8]) -> bool {
    encoded.len() < 18
}

struct Decoded {
    octets: Vec<u8>,
    end: End,
}

enum End {
    /// The coding's own end was reached.
    Complete,
    /// The limit was reached.
    Limit,
    /// The data ends before it should.
    Early,
    Failed(String),
}

/// At most `limit` octets. A bomb costs no more than that and the decoder's window.
fn read(decoder: impl Read, limit: usize) -> Decoded {
    let mut octets = Vec::new();
    let end = match decoder.take((limit as u64).saturating_add(1)).read_to_end(&mut octets) {
        Ok(read) if read > limit => End::Limit,
        Ok(_) => End::Complete,
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => End::Early,
        Err(error) => End::Failed(error.to_string()),
    };
    octets.truncate(limit);
    Decoded { octets, end }
}

/// "deflate" means zlib (RFC 9110 §8.4.1.2); some servers send raw deflate nevertheless.
fn read_deflate(encoded: &[u8], limit: usize) -> Decoded {
    // RFC 1950 §2.2: method 8, and a check that makes the first two octets a multiple of 31.
    let zlib = match encoded {
        [method, flags, ..] => {
            method & 0x0f == 8 && u16::from_be_bytes([*method, *flags]) % 31 == 0
        }
        _ => true,
    };
    if zlib {
        return read(ZlibDecoder::new(encoded), limit);
    }
    let mut read = read(DeflateDecoder::new(encoded), limit);
    // Raw deflate has no header and no check: plain text also "decodes" for a while.
    if matches!(read.end, End::Failed(_)) {
        read.octets.clear();
    }
    read
}

/// Brotli (RFC 7932) with windows of at most 16 MiB: the crate's own reader accepts "large window"
/// streams, whose header can ask for a gigabyte.
struct Brotli<'a> {
    input: &'a [u8],
    state: BrotliState<StandardAlloc, StandardAlloc, StandardAlloc>,
}

impl<'a> Brotli<'a> {
    /// The decoder fills its window before it gives out anything, unless its input ends: small
    /// steps keep that from costing megabytes.
    const STEP: usize = 256;

    fn new(input: &'a [u8]) -> Self {
        let allocator = StandardAlloc::default;
        Self { input, state: BrotliState::new_strict(allocator(), allocator(), allocator()) }
    }
}

impl Read for Brotli<'_> {
    fn read(&mut self, output: &mut [u8]) -> io::Result<usize> {
        loop {
            let step = self.input.len().min(Self::STEP);
            let (mut available_in, mut read) = (step, 0);
            let (mut available_out, mut written, mut total) = (output.len(), 0, 0);
            let result = BrotliDecompressStream(
                &mut available_in,
                &mut read,
                &self.input[..step],
                &mut available_out,
                &mut written,
                output,
                &mut total,
                &mut self.state,
            );
            self.input = &self.input[read..];
            return match result {
                BrotliResult::ResultFailure => Err(io::ErrorKind::InvalidData.into()),
                BrotliResult::NeedsMoreInput if written > 0 => Ok(written),
                BrotliResult::NeedsMoreInput if !self.input.is_empty() && read > 0 => continue,
                BrotliResult::NeedsMoreInput => Err(io::ErrorKind::UnexpectedEof.into()),
                BrotliResult::ResultSuccess | BrotliResult::NeedsMoreOutput => Ok(written),
            };
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use flate2::Compression;
    use flate2::write::{DeflateEncoder, GzEncoder, ZlibEncoder};
    use proptest::prelude::*;

    use super::*;

    const TEXT: &[u8] = b"{\"error\":\"token expired\"} {\"error\":\"token expired\"}";

    fn gzip(data: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
        encoder.write_all(data).unwrap();
        encoder.finish().unwrap()
    }

    fn zlib(data: &[u8]) -> Vec<u8> {
        let mut encoder = ZlibEncoder::new(Vec::new(), Compression::default());
        encoder.write_all(data).unwrap();
        encoder.finish().unwrap()
    }

    fn deflate(data: &[u8]) -> Vec<u8> {
        let mut encoder = DeflateEncoder::new(Vec::new(), Compression::default());
        encoder.write_all(data).unwrap();
        encoder.finish().unwrap()
    }

    fn zstd(data: &[u8]) -> Vec<u8> {
        ruzstd::encoding::compress_to_vec(data, ruzstd::encoding::CompressionLevel::Fastest)
    }

    /// `TEXT` by the reference encoder (`brotli -c`).
    const BROTLI: &[u8] = include_bytes!("testdata/token-expired.br");

    fn decoded(encoded: &[u8], coding: &str) -> Content<'static> {
        let content = decode(encoded, true, Some(coding.as_bytes()), 1 << 14);
        Content { octets: Cow::Owned(content.octets.into_owned()), ..content }
    }

    #[test]
    fn every_coding_decodes() {
        for (coding, encoded) in [
            ("gzip", gzip(TEXT)),
            ("X-GZIP", gzip(TEXT)),
            ("deflate", zlib(TEXT)),
            ("deflate", deflate(TEXT)),
            ("zstd", zstd(TEXT)),
            ("br", BROTLI.to_vec()),
            ("identity", TEXT.to_vec()),
            ("", TEXT.to_vec()),
        ] {
            let content = decoded(&encoded, coding);
            assert_eq!((&*content.octets, content.unreadable), (TEXT, None), "{coding}");
            assert!(content.whole, "{coding}");
        }
    }

    #[test]
    fn codings_are_removed_last_first() {
        let content = decoded(&gzip(&zlib(TEXT)), "deflate, identity, gzip");
        assert_eq!((&*content.octets, content.whole), (TEXT, true));
        let many = "gzip, ".repeat(9);
        assert!(decoded(&gzip(TEXT), &many).unreadable.is_some());
    }

    #[test]
    fn a_cut_body_gives_what_decodes() {
        let long: Vec<u8> = (0..4000_u32).flat_map(|n| (n * n).to_string().into_bytes()).collect();
        for (coding, encoded) in [("gzip", gzip(&long)), ("deflate", zlib(&long))] {
            let content =
                decode(&encoded[..encoded.len() / 2], false, Some(coding.as_bytes()), 1 << 20);
            assert!(content.octets.len() > 1000 && long.starts_with(&content.octets), "{coding}");
            assert_eq!((content.whole, content.unreadable), (false, None), "{coding}");
        }
    }

    #[test]
    fn a_bomb_costs_at_most_the_limit() {
        let zeros = vec![0; 32 << 20];
        for (coding, encoded) in
            [("gzip", gzip(&zeros)), ("deflate", zlib(&zeros)), ("zstd", zstd(&zeros))]
        {
            let content = decode(&encoded, true, Some(coding.as_bytes()), 1000);
            assert_eq!((content.octets.len(), content.whole), (1000, false), "{coding}");
            assert!(content.octets.into_owned().capacity() <= 2048, "{coding}");
        }
    }

    #[test]
    fn unknown_codings_and_garbage_are_said_to_be_unreadable() {
        assert!(decoded(TEXT, "compress").unreadable.unwrap().contains("compress"));
        for coding in ["gzip", "deflate", "zstd"] {
            assert!(decoded(TEXT, coding).unreadable.is_some(), "{coding}");
        }
    }

    #[test]
    fn an_empty_body_is_whole() {
        let content = decoded(b"", "gzip");
        assert_eq!((content.octets.len(), content.whole, content.unreadable), (0, true, None));
    }

    proptest! {
        #[test]
        fn any_octets_decode_to_something_bounded(
            octets: Vec<u8>,
            coding in prop_oneof!["gzip", "deflate", "br", "zstd", "gzip, br", "[a-z, ]{0,8}"],
            whole: bool,
        ) {
            let content = decode(&octets, whole, Some(coding.as_bytes()), 100);
            prop_assert!(content.octets.len() <= 100);
        }

        #[test]
        fn damaged_data_never_panics(position in 0_usize..70, octet: u8) {
            for (coding, mut encoded) in
                [("gzip", gzip(TEXT)), ("br", BROTLI.to_vec()), ("zstd", zstd(TEXT))]
            {
                let position = position % encoded.len();
                encoded[position] = octet;
                decode(&encoded, true, Some(coding.as_bytes()), 100);
            }
        }
    }
}
