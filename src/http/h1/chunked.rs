//! The chunked transfer coding (RFC 9112 §7.1), octet by octet and in place.

/// Where in the coding the next octet stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Chunked {
    /// In a chunk's size.
    Size {
        /// The size so far.
        size: u64,
        /// Whether a digit was read.
        digits: bool,
    },
    /// In a chunk extension, or the rest of the size line.
    Extension {
        /// The chunk's size.
        size: u64,
    },
    /// In a chunk's data.
    Data {
        /// Octets left.
        left: u64,
    },
    /// In the line end after a chunk's data.
    DataEnd,
    /// In the trailer section: whether the current line has any octet.
    Trailer {
        /// See above.
        line: bool,
    },
}

/// What the next octets are.
#[derive(Debug, PartialEq, Eq)]
pub enum Step<'a> {
    /// Content.
    Content(&'a [u8]),
    /// All octets are used up.
    More,
    /// The body ends here; what follows is the next message.
    End,
    /// Not chunked coding.
    Invalid,
}

impl Chunked {
    /// At the first chunk's size.
    pub const START: Self = Self::Size { size: 0, digits: false };

    /// Reads on from `octets`, which shrinks by what was used.
    pub fn step<'a>(&mut self, octets: &mut &'a [u8]) -> Step<'a> {
        loop {
            if let Self::Data { left } = self {
                let take = octets.len().min(usize::try_from(*left).unwrap_or(usize::MAX));
                let (content, rest) = octets.split_at(take);
                *left -= take as u64;
                *octets = rest;
                if *left == 0 {
                    *self = Self::DataEnd;
                }
                if !content.is_empty() {
                    return Step::Content(content);
                }
            }
            let Some((&octet, rest)) = octets.split_first() else { return Step::More };
            let Some(next) = self.after(octet) else {
                // A chunk without its line end: the next size follows at once.
                if *self == Self::DataEnd && octet.is_ascii_hexdigit() {
                    *self = Self::START;
                    continue;
                }
                return Step::Invalid;
            };
            *octets = rest;
            if matches!(self, Self::Trailer { line: false }) && octet == b'\n' {
                return Step::End;
            }
            *self = next;
        }
    }

    /// Goes on behind so much of a chunk's data that was not read.
    pub fn skip(&mut self, length: u64) {
        if let Self::Data { left } = self {
            *left = left.saturating_sub(length);
            if *left == 0 {
                *self = Self::DataEnd;
            }
        }
    }

    /// The state after one octet that is not content.
    fn after(self, octet: u8) -> Option<Self> {
        Some(match self {
            Self::Size { size, digits } => match octet {
                b'\n' if digits => Self::after_size_line(size),
                b'\r' | b' ' | b'\t' | b';' if digits => Self::Extension { size },
                b' ' | b'\t' | b'\r' | b'\n' => self,
                _ => {
                    let digit = (octet as char).to_digit(16)?;
                    let size = size.checked_mul(16)?.checked_add(u64::from(digit))?;
                    Self::Size { size, digits: true }
                }
            },
            Self::Extension { size } if octet == b'\n' => Self::after_size_line(size),
            Self::Extension { .. } => self,
            Self::DataEnd => match octet {
                b'\n' => Self::START,
                b'\r' => self,
                _ => return None,
            },
            Self::Trailer { line } => match octet {
                b'\n' => Self::Trailer { line: false },
                b'\r' => Self::Trailer { line },
                _ => Self::Trailer { line: true },
            },
            Self::Data { .. } => return None,
        })
    }

    fn after_size_line(size: u64) -> Self {
        if size == 0 { Self::Trailer { line: false } } else { Self::Data { left: size } }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decode(mut octets: &[u8]) -> (Vec<u8>, bool, usize) {
        let (mut state, mut content) = (Chunked::START, Vec::new());
        loop {
            match state.step(&mut octets) {
                Step::Content(part) => content.extend_from_slice(part),
                Step::End => return (content, true, octets.len()),
                Step::More | Step::Invalid => return (content, false, octets.len()),
            }
        }
    }

    #[test]
    fn chunks_extensions_and_trailers() {
        let body = b"4;name=\"v\"\r\nWiki\r\n5 \r\npedia\r\n0\r\nX-T: 1\r\n\r\nGET";
        assert_eq!(decode(body), (b"Wikipedia".to_vec(), true, 3));
    }

    #[test]
    fn bare_line_feeds_are_read() {
        assert_eq!(decode(b"2\nab\n0\n\n"), (b"ab".to_vec(), true, 0));
    }

    #[test]
    fn a_size_that_overflows_or_is_no_number_ends_it() {
        assert!(!decode(b"fffffffffffffffff\r\n").1);
        assert!(!decode(b"zz\r\n").1);
    }
}
