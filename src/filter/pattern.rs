//! Text compared with text, in any case unless a regular expression says otherwise.

use regex::bytes::{Regex, RegexBuilder};

/// Bound on the compiled size of a regular expression: a filter comes from a person, or from a
/// configuration file that somebody else wrote.
const REGEX_SIZE: usize = 1 << 20;

/// A compiled comparison of one text.
#[derive(Debug, Clone)]
pub(super) enum Pattern {
    /// Any text at all.
    Present,
    /// Holds this text (ASCII, in lower case).
    Contains(Box<[u8]>),
    /// Is this text (ASCII).
    Equals(Box<[u8]>),
    /// These pieces in order (ASCII, in lower case), the first at the start and the last at the end.
    Glob(Box<[Box<[u8]>]>),
    /// Everything else, with the linear-time engine.
    Regex(Regex),
}

impl Pattern {
    pub fn contains(text: &str) -> Result<Self, regex::Error> {
        match text {
            "" => Ok(Self::Present),
            _ if text.is_ascii() => Ok(Self::Contains(lower(text))),
            _ => Self::any_case(&either_encoding(text)),
        }
    }

    pub fn equals(text: &str) -> Result<Self, regex::Error> {
        if text.is_ascii() {
            return Ok(Self::Equals(text.as_bytes().into()));
        }
        Self::any_case(&format!("^(?:{})$", either_encoding(text)))
    }

    /// `*` stands for any run of characters, an empty one included.
    pub fn glob(text: &str) -> Result<Self, regex::Error> {
        if text.chars().all(|c| c == '*') {
            return Ok(Self::Present);
        }
        if text.is_ascii() {
            return Ok(Self::Glob(text.split('*').map(lower).collect()));
        }
        let pieces: Vec<_> = text.split('*').map(either_encoding).collect();
        Self::any_case(&format!("^(?:{})$", pieces.join(".*")))
    }

    pub fn regex(source: &str) -> Result<Self, regex::Error> {
        RegexBuilder::new(source).size_limit(REGEX_SIZE).build().map(Self::Regex)
    }

    fn any_case(source: &str) -> Result<Self, regex::Error> {
        let mut builder = RegexBuilder::new(source);
        builder.case_insensitive(true).dot_matches_new_line(true).size_limit(REGEX_SIZE);
        builder.build().map(Self::Regex)
    }

    /// Whether text of such octets alone could match. `allowed` does not tell cases apart.
    pub fn may_match(&self, allowed: impl Fn(u8) -> bool) -> bool {
        let all = |text: &[u8]| text.iter().all(|&octet| allowed(octet));
        match self {
            Self::Contains(text) | Self::Equals(text) => all(text),
            Self::Glob(pieces) => pieces.iter().all(|piece| all(piece)),
            Self::Present | Self::Regex(_) => true,
        }
    }

    pub fn matches(&self, text: &[u8]) -> bool {
        match self {
            Self::Present => true,
            Self::Contains(part) => position(text, part).is_some(),
            Self::Equals(whole) => text.eq_ignore_ascii_case(whole),
            Self::Glob(pieces) => glob_matches(pieces, text),
            Self::Regex(regex) => regex.is_match(text),
        }
    }
}

fn lower(text: &str) -> Box<[u8]> {
    text.to_ascii_lowercase().into_bytes().into()
}

/// A regular expression for text that is beyond ASCII: the wire may have it as UTF-8 or Latin-1.
fn either_encoding(text: &str) -> String {
    let utf8 = regex::escape(text);
    if !text.chars().all(|c| (c as u32) < 0x100) {
        return utf8;
    }
    let octets: String = text
        .chars()
        .map(|c| match c {
            c if c.is_ascii() => regex::escape(c.encode_utf8(&mut [0; 4])),
            // The engine folds case of characters, not of octets.
            c => {
                let (lower, upper) = (c.to_lowercase(), c.to_uppercase());
                lower.chain(upper).filter(|c| (*c as u32) < 0x100).fold("[".to_owned(), latin1)
                    + "]"
            }
        })
        .collect();
    format!("(?:{utf8}|(?-u:{octets}))")
}

fn latin1(class: String, c: char) -> String {
    class + &format!(r"\x{:02x}", c as u32)
}

/// Where `part` (in lower case) first stands in `text`, in any case.
fn position(text: &[u8], part: &[u8]) -> Option<usize> {
    let Some(&first) = part.first() else { return Some(0) };
    let starts = text.get(..=text.len().checked_sub(part.len())?)?;
    memchr::memchr2_iter(first, first.to_ascii_uppercase(), starts).find(|&start| {
        text.get(start..start + part.len())
            .is_some_and(|candidate| candidate.eq_ignore_ascii_case(part))
    })
}

fn glob_matches(pieces: &[Box<[u8]>], text: &[u8]) -> bool {
    let [first, middle @ .., last] = pieces else { return false };
    let Some((head, mut rest)) = text.split_at_checked(first.len()) else { return false };
    if !head.eq_ignore_ascii_case(first) {
        return false;
    }
    for piece in middle {
        match position(rest, piece) {
            Some(start) => rest = rest.get(start + piece.len()..).unwrap_or_default(),
            None => return false,
        }
    }
    let tail = rest.len().checked_sub(last.len()).and_then(|start| rest.get(start..));
    tail.is_some_and(|tail| tail.eq_ignore_ascii_case(last))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_is_found_in_any_case() {
        let pattern = Pattern::contains("API").unwrap();
        assert!(pattern.matches(b"my-Api.local") && pattern.matches(b"api"));
        assert!(!pattern.matches(b"ap") && !pattern.matches(b"a-p-i"));
    }

    #[test]
    fn a_glob_covers_the_whole_text() {
        let matches =
            |glob: &str, text: &str| Pattern::glob(glob).unwrap().matches(text.as_bytes());
        assert!(matches("jwt-*", "jwt-malformed") && !matches("jwt-*", "not-jwt-x"));
        assert!(matches("*auth*", "https://AUTH.local/") && matches("*auth*", "auth"));
        assert!(matches("a*b*c", "a-b-b-c") && !matches("a*b*c", "a-c-b"));
        assert!(!matches("ab*ba", "aba"), "the ends may not overlap");
        assert!(matches("*", ""));
    }

    #[test]
    fn text_beyond_ascii_is_found_in_both_encodings() {
        for pattern in ["SØREN", "s*ren", "søren"].map(|text| Pattern::glob(text).unwrap()) {
            assert!(pattern.matches("søren".as_bytes()), "{pattern:?}");
            assert!(pattern.matches(b"s\xf8ren"), "{pattern:?}");
        }
        assert!(Pattern::contains("漢").unwrap().matches("x漢x".as_bytes()));
    }

    #[test]
    fn a_regular_expression_minds_case_unless_told() {
        assert!(!Pattern::regex("^get$").unwrap().matches(b"GET"));
        assert!(Pattern::regex("(?i)^get$").unwrap().matches(b"GET"));
        assert!(Pattern::regex("a{1000}{1000}{10}").is_err(), "bounded");
    }
}
