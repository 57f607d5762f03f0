//! Words of a POSIX shell, of octets that may be anything.

use std::fmt;

use crate::text;

/// One word of the command: text, and variables in the place of secrets.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Argument(pub(super) Vec<Piece>);

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Piece {
    Text(Vec<u8>),
    Variable(String),
}

/// A folded value on one line (RFC 9112 §5.2), and other line ends, which curl would send as such.
pub(super) fn unfolded(value: &[u8]) -> Vec<u8> {
    value.iter().map(|&octet| if b"\r\n\0".contains(&octet) { b' ' } else { octet }).collect()
}

impl Argument {
    /// Text of one line.
    pub(super) fn text(text: &[u8]) -> Self {
        Self(vec![Piece::Text(unfolded(text))])
    }

    /// With neighbouring texts in one, of one line.
    pub(super) fn joined(self) -> Self {
        let mut joined: Vec<Piece> = Vec::with_capacity(self.0.len());
        for piece in self.0 {
            match (joined.last_mut(), piece) {
                (Some(Piece::Text(before)), Piece::Text(text)) => before.extend(text),
                (_, piece) => joined.push(piece),
            }
        }
        joined.retain(|piece| *piece != Piece::Text(Vec::new()));
        for piece in &mut joined {
            if let Piece::Text(text) = piece {
                *text = unfolded(text);
            }
        }
        Self(joined)
    }
}

impl fmt::Display for Argument {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.is_empty() {
            return f.write_str("''");
        }
        for piece in &self.0 {
            match piece {
                Piece::Text(text) => Quoted(text).fmt(f)?,
                Piece::Variable(name) => write!(f, "\"${name}\"")?,
            }
        }
        Ok(())
    }
}

/// Octets as one word of a POSIX shell, safe to paste into a terminal.
pub(in crate::export) struct Quoted<'a>(pub &'a [u8]);

impl fmt::Display for Quoted<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let harmless = |c: char| c == '\n' || !text::is_hazardous(c);
        match std::str::from_utf8(self.0) {
            Ok(word) if !word.is_empty() && word.chars().all(is_plain) => f.write_str(word),
            Ok(word) if word.chars().all(harmless) => {
                write!(f, "'{}'", word.replace('\'', r"'\''"))
            }
            // No word ends in the line ends that a substitution would cut off.
            _ => write!(f, "\"$(printf {})\"", Format(self.0)),
        }
    }
}

/// Octets as the quoted format of `printf` (POSIX.1-2024): everything unusual as `\ooo`.
pub(super) struct Format<'a>(pub(super) &'a [u8]);

impl fmt::Display for Format<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("'")?;
        for (index, &octet) in self.0.iter().enumerate() {
            match octet {
                b'%' => f.write_str("%%")?,
                // A hyphen at the start would begin an option.
                b'-' if index == 0 => f.write_str(r"\055")?,
                b' '..=b'~' if !b"'\\".contains(&octet) => write!(f, "{}", octet as char)?,
                _ => write!(f, "\\{octet:03o}")?,
            }
        }
        f.write_str("'")
    }
}

/// A word that needs no quotes in any shell.
fn is_plain(c: char) -> bool {
    c.is_ascii_alphanumeric() || "-_./:@,+".contains(c)
}
