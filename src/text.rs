//! Bytes from the wire become text that can harm no terminal.

use std::borrow::Cow;
use std::fmt::Write as _;

/// What a constant function says of each octet, as a table: looked up where a text is walked octet by octet.
macro_rules! by_octet {
    ($of:path) => {{
        let mut table = [$of(0); 256];
        let mut octet = 0;
        while octet < table.len() {
            table[octet] = $of(octet as u8);
            octet += 1;
        }
        table
    }};
}
pub(crate) use by_octet;

/// UTF-8 as such; anything else as Latin-1 code points, so that nothing is lost.
pub fn decode(octets: &[u8]) -> Cow<'_, str> {
    match std::str::from_utf8(octets) {
        Ok(text) => Cow::Borrowed(text),
        Err(_) => Cow::Owned(octets.iter().map(|&octet| octet as char).collect()),
    }
}

/// Whether an octet may stand in a token (RFC 9110 §5.6.2).
pub const fn is_tchar(octet: u8) -> bool {
    octet.is_ascii_alphanumeric()
        || matches!(
            octet,
            b'!' | b'#'
                | b'$'
                | b'%'
                | b'&'
                | b'\''
                | b'*'
                | b'+'
                | b'-'
                | b'.'
                | b'^'
                | b'_'
                | b'`'
                | b'|'
                | b'~'
        )
}

/// Whether a character could act on a terminal or reorder what stands around it: controls, bidi
/// controls (UAX #9), zero-width and other invisible format characters, line and paragraph
/// separators, private use and tags.
pub fn is_hazardous(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{00ad}' | '\u{034f}' | '\u{061c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}'
            | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}'
            | '\u{3164}' | '\u{feff}' | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}'
            | '\u{e000}'..='\u{f8ff}' | '\u{e0000}'..='\u{e0fff}' | '\u{f0000}'..='\u{10ffff}')
}

/// Whether all octets are printable ASCII, as those of most text on the wire: then nothing in it is
/// hazardous.
pub fn is_printable_ascii(octets: &[u8]) -> bool {
    !any_octet(octets, |octet| !matches!(octet, b' '..=b'~'))
}

/// Whether any octet is of this kind: for simple questions about texts that mostly have none. Many octets
/// at once, some of them twice.
#[inline]
pub fn any_octet(octets: &[u8], is: impl Fn(u8) -> bool + Copy) -> bool {
    if let Some(last) = octets.last_chunk::<16>() {
        octets.as_chunks::<16>().0.iter().any(|chunk| any_of(chunk, is)) || any_of(last, is)
    } else if let (Some(first), Some(last)) = (octets.first_chunk::<8>(), octets.last_chunk::<8>())
    {
        any_of(first, is) || any_of(last, is)
    } else {
        octets.iter().any(|&octet| is(octet))
    }
}

/// The same of so many octets, without a branch for each: the compiler makes vectors of it, where `is`
/// compares and does not look up.
#[inline]
pub fn any_of<const N: usize>(octets: &[u8; N], is: impl Fn(u8) -> bool) -> bool {
    octets.iter().fold(0, |any, &octet| any | u8::from(is(octet))) != 0
}

/// Makes every hazardous character visible as an escape (`\n`, `\x1b`, `\u{202e}`).
pub fn visible(text: &str) -> Cow<'_, str> {
    if is_printable_ascii(text.as_bytes()) || !text.chars().any(is_hazardous) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + 8);
    for c in text.chars() {
        match c {
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            c if is_hazardous(c) && (c as u32) < 0x100 => {
                let _ = write!(out, "\\x{:02x}", c as u32);
            }
            c if is_hazardous(c) => {
                let _ = write!(out, "\\u{{{:x}}}", c as u32);
            }
            c => out.push(c),
        }
    }
    Cow::Owned(out)
}

/// [`decode`] and then [`visible`].
pub fn visible_octets(octets: &[u8]) -> Cow<'_, str> {
    match decode(octets) {
        Cow::Borrowed(text) => visible(text),
        Cow::Owned(text) => Cow::Owned(visible(&text).into_owned()),
    }
}

/// At most `limit` characters, with an ellipsis where something was cut.
pub fn shorten(text: &str, limit: usize) -> Cow<'_, str> {
    if text.len() <= limit || text.char_indices().nth(limit).is_none() {
        return Cow::Borrowed(text);
    }
    let cut: String = text.chars().take(limit.saturating_sub(1)).collect();
    Cow::Owned(cut + "…")
}

/// The candidate that `word` was most likely meant to be, in any case: one that it begins, or one a
/// few typing mistakes away.
pub fn nearest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let word = word.to_lowercase();
    let allowed = 1 + word.chars().count() / 4;
    candidates
        .into_iter()
        .map(|candidate| {
            let lower = candidate.to_lowercase();
            let begins = word.len() >= 2 && lower.starts_with(&word);
            (if begins { 1 } else { typing_mistakes(&word, &lower) }, candidate)
        })
        .filter(|(mistakes, _)| *mistakes <= allowed)
        .min_by_key(|(mistakes, _)| *mistakes)
        .map(|(_, candidate)| candidate)
}

/// Letters left out, added, mistaken, or swapped with their neighbour (optimal string alignment).
fn typing_mistakes(a: &str, b: &str) -> usize {
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
    let mut before_last = vec![0; b.len() + 1];
    let mut last: Vec<usize> = (0..=b.len()).collect();
    for i in 0..a.len() {
        let mut row = vec![i + 1; b.len() + 1];
        for j in 0..b.len() {
            let differs = usize::from(a[i] != b[j]);
            row[j + 1] = (last[j] + differs).min(last[j + 1] + 1).min(row[j] + 1);
            if i > 0 && j > 0 && a[i] == b[j - 1] && a[i - 1] == b[j] {
                row[j + 1] = row[j + 1].min(before_last[j - 1] + 1);
            }
        }
        before_last = std::mem::replace(&mut last, row);
    }
    last[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escape_sequences_cannot_reach_a_terminal() {
        assert_eq!(visible("\x1b[2Jx\r\n"), "\\x1b[2Jx\\r\\n");
        assert_eq!(visible("a\u{202e}b\u{9b}c"), "a\\u{202e}b\\x9bc");
        assert_eq!(visible("plain ü 漢"), "plain ü 漢");
    }

    #[test]
    fn an_octet_is_found_in_texts_of_any_length() {
        for length in 0..70 {
            let plain = vec![b'a'; length];
            assert!(!any_octet(&plain, |octet| octet == b'b') && is_printable_ascii(&plain));
            for at in 0..length {
                let mut text = plain.clone();
                text[at] = b'\n';
                assert!(any_octet(&text, |octet| octet == b'\n') && !is_printable_ascii(&text));
            }
        }
    }

    #[test]
    fn bytes_that_are_not_utf8_are_latin1() {
        assert_eq!(decode(b"s\xf8ren"), "søren");
        assert_eq!(decode("søren".as_bytes()), "søren");
    }

    #[test]
    fn shortening_counts_characters() {
        assert_eq!(shorten("äöü", 3), "äöü");
        assert_eq!(shorten("äöüx", 3), "äö…");
    }

    #[test]
    fn the_nearest_name_is_a_few_mistakes_away_or_none() {
        let names = ["status", "host", "path", "latency"];
        assert_eq!(nearest("staus", names), Some("status"));
        assert_eq!(nearest("Hsot", names), Some("host"));
        assert_eq!(nearest("lat", names), Some("latency"));
        assert_eq!(nearest("zebra", names), None);
    }
}
