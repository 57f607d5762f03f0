//! The pieces of grammar that credentials and challenges share (RFC 9110 §5.6, §11.2).

use std::borrow::Cow;

use crate::text::{self, by_octet, is_tchar};

/// Whether an octet may stand in token68 data before its padding (RFC 9110 §11.2).
pub const fn is_token68(octet: u8) -> bool {
    octet.is_ascii_alphanumeric() || matches!(octet, b'-' | b'.' | b'_' | b'~' | b'+' | b'/')
}

/// Whether an octet is optional white space.
pub const fn is_space(octet: u8) -> bool {
    matches!(octet, b' ' | b'\t')
}

/// Without white space at both ends.
pub fn trim(octets: &[u8]) -> &[u8] {
    trim_start(trim_end(octets))
}

/// Without white space at the start.
pub fn trim_start(octets: &[u8]) -> &[u8] {
    let start = octets.iter().position(|&octet| !is_space(octet)).unwrap_or(octets.len());
    &octets[start..]
}

fn trim_end(octets: &[u8]) -> &[u8] {
    let end = octets.iter().rposition(|&octet| !is_space(octet)).map_or(0, |last| last + 1);
    &octets[..end]
}

/// [`is_tchar`] by octet.
static TCHAR: [bool; 256] = by_octet!(is_tchar);

/// The longest token at the start, and what follows it.
pub fn token(octets: &[u8]) -> (&[u8], &[u8]) {
    let end = octets.iter().position(|&octet| !TCHAR[usize::from(octet)]);
    octets.split_at(end.unwrap_or(octets.len()))
}

/// The text of a token, which is ASCII.
pub fn token_text(token: &[u8]) -> Cow<'_, str> {
    String::from_utf8_lossy(token)
}

/// `name BWS "=" BWS` at the start: the name, and what follows.
pub fn parameter_name(octets: &[u8]) -> Option<(&[u8], &[u8])> {
    let (name, rest) = token(octets);
    let value = trim_start(rest).strip_prefix(b"=")?;
    (!name.is_empty()).then(|| (name, trim_start(value)))
}

/// A quoted-string at the start: what stands between the quotes, and what follows. The second is
/// `None` when the quote is never closed. `None` altogether when there is no quote.
pub fn quoted(octets: &[u8]) -> Option<(&[u8], Option<&[u8]>)> {
    let inner = octets.strip_prefix(b"\"")?;
    let mut escaped = false;
    for (index, &octet) in inner.iter().enumerate() {
        match octet {
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            b'"' => return Some((&inner[..index], Some(&inner[index + 1..]))),
            _ => {}
        }
    }
    Some((inner, None))
}

/// Removes the backslashes of a quoted-string's inside.
pub fn unescape(inner: &[u8]) -> Cow<'_, [u8]> {
    if !inner.contains(&b'\\') {
        return Cow::Borrowed(inner);
    }
    let mut out = Vec::with_capacity(inner.len());
    let mut octets = inner.iter();
    while let Some(&octet) = octets.next() {
        let literal = if octet == b'\\' { octets.next().copied() } else { Some(octet) };
        out.extend(literal);
    }
    Cow::Owned(out)
}

/// The elements of a comma-separated list, trimmed; commas in quoted-strings do not separate.
/// Empty elements are left out (RFC 9110 §5.6.1).
pub fn list(octets: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut rest = Some(octets);
    std::iter::from_fn(move || {
        loop {
            let remaining = rest?;
            let (mut in_quotes, mut escaped) = (false, false);
            let comma = remaining.iter().position(|&octet| {
                match octet {
                    _ if escaped => escaped = false,
                    b'\\' if in_quotes => escaped = true,
                    b'"' => in_quotes = !in_quotes,
                    b',' if !in_quotes => return true,
                    _ => {}
                }
                false
            });
            let element = &remaining[..comma.unwrap_or(remaining.len())];
            rest = comma.map(|comma| &remaining[comma + 1..]);
            let element = trim(element);
            if !element.is_empty() {
                return Some(element);
            }
        }
    })
}

/// Replaces each fold (RFC 9112 §5.2) by one space; says whether there was one.
pub fn unfold(octets: &[u8]) -> (Cow<'_, [u8]>, bool) {
    if !text::any_octet(octets, |octet| matches!(octet, b'\r' | b'\n')) {
        return (Cow::Borrowed(octets), false);
    }
    let mut out = Vec::with_capacity(octets.len());
    let (mut folded, mut index) = (false, 0);
    while let Some(&octet) = octets.get(index) {
        let line_end = match &octets[index..] {
            [b'\r', b'\n', b' ' | b'\t', ..] => 2,
            [b'\n' | b'\r', b' ' | b'\t', ..] => 1,
            _ => 0,
        };
        if line_end == 0 {
            out.push(octet);
            index += 1;
        } else {
            out.push(b' ');
            folded = true;
            index = octets.len() - trim_start(&octets[index + line_end..]).len();
        }
    }
    (Cow::Owned(out), folded)
}

/// Whether `haystack` begins with `prefix` in any case.
pub fn starts_with_ignore_case(haystack: &[u8], prefix: &[u8]) -> bool {
    haystack.get(..prefix.len()).is_some_and(|start| start.eq_ignore_ascii_case(prefix))
}

/// Whether `haystack` ends with `suffix` in any case.
pub fn ends_with_ignore_case(haystack: &[u8], suffix: &[u8]) -> bool {
    haystack.len() >= suffix.len()
        && haystack[haystack.len() - suffix.len()..].eq_ignore_ascii_case(suffix)
}

/// Whether `haystack` contains `needle` in any case.
pub fn contains_ignore_case(haystack: &[u8], needle: &[u8]) -> bool {
    let Some(last) = haystack.len().checked_sub(needle.len()) else { return false };
    // An octet that is no letter has one case only and is rare in prose, so it is looked for first.
    let anchor = needle.iter().position(|octet| !octet.is_ascii_alphabetic()).unwrap_or(0);
    let Some(&octet) = needle.get(anchor) else { return true };
    let (lower, upper) = (octet.to_ascii_lowercase(), octet.to_ascii_uppercase());
    let places = haystack.get(anchor..=anchor + last).unwrap_or_default();
    let fits = |start: usize| {
        haystack
            .get(start..start + needle.len())
            .is_some_and(|part| part.eq_ignore_ascii_case(needle))
    };
    if places.len() < SHORT {
        let mut starts = places.iter().enumerate();
        return starts.any(|(start, &octet)| (octet == lower || octet == upper) && fits(start));
    }
    memchr::memchr2_iter(lower, upper, places).any(fits)
}

/// In a text as short as this a search by vectors takes longer to begin than a loop to end.
const SHORT: usize = 16;

/// Replaces `%` and two hexadecimal digits by the octet they name.
pub fn percent_decode(encoded: &[u8]) -> Vec<u8> {
    let digit = |octet: u8| (octet as char).to_digit(16);
    let mut out = Vec::with_capacity(encoded.len());
    let mut rest = encoded;
    while let [first, tail @ ..] = rest {
        if let [b'%', high, low, after @ ..] = rest
            && let (Some(high), Some(low)) = (digit(*high), digit(*low))
        {
            out.push((high * 16 + low) as u8);
            rest = after;
        } else {
            out.push(*first);
            rest = tail;
        }
    }
    out
}

/// What one hop says under this name in `Forwarded` (RFC 7239 §4): `for=192.0.2.60;proto=http`.
pub fn forwarded_pair<'a>(hop: &'a str, name: &str) -> Option<&'a str> {
    hop.split(';').find_map(|pair| {
        let (own, value) = pair.trim().split_once('=')?;
        own.eq_ignore_ascii_case(name).then_some(value)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_comma_in_quotes_does_not_separate() {
        let elements: Vec<_> = list(br#", a="x,\",y" ,,b"#).collect();
        assert_eq!(elements, [&br#"a="x,\",y""#[..], b"b"]);
    }

    #[test]
    fn folds_become_one_space() {
        assert_eq!(unfold(b"a\r\n \t b\n\tc"), (Cow::Owned(b"a b c".to_vec()), true));
        assert_eq!(unfold(b"a b"), (Cow::Borrowed(&b"a b"[..]), false));
        assert_eq!(unfold(b"a\rb"), (Cow::Owned(b"a\rb".to_vec()), false));
    }

    #[test]
    fn a_text_is_found_in_any_case_wherever_it_stands() {
        for filler in ["", "-", "type=type=", &"Type=\"x\" ".repeat(20)] {
            for text in ["TYPE=\"Password\"", "type=\"password\""] {
                let [before, after, both] = [
                    format!("{filler}{text}"),
                    format!("{text}{filler}"),
                    format!("{filler}{text}{filler}"),
                ];
                for haystack in [before, after, both] {
                    assert!(contains_ignore_case(haystack.as_bytes(), b"type=\"password\""));
                    assert!(contains_ignore_case(haystack.as_bytes(), b"PASSWORD"));
                    assert!(!contains_ignore_case(haystack.as_bytes(), b"passwords"));
                }
            }
        }
        assert!(contains_ignore_case(b"", b"") && !contains_ignore_case(b"", b"a"));
    }

    #[test]
    fn a_quoted_string_ends_at_the_first_bare_quote() {
        assert_eq!(quoted(br#""a\"b" c"#), Some((&br#"a\"b"#[..], Some(&b" c"[..]))));
        assert_eq!(quoted(b"\"open"), Some((&b"open"[..], None)));
        assert_eq!(percent_decode(b"a%3Ab%zz%"), b"a:b%zz%");
        assert_eq!(unescape(br#"a\"b\\"#), Cow::<[u8]>::Owned(br#"a"b\"#.to_vec()));
    }
}
