//! JSON straight into a buffer: no tree of values in between, one pass, no allocation.

use std::io::Write as _;

use serde_json::Value;

use crate::text;

/// Appends JSON to a buffer. Commas come by themselves.
#[derive(Debug)]
pub(super) struct Writer<'a> {
    out: &'a mut Vec<u8>,
}

impl<'a> Writer<'a> {
    pub(super) fn new(out: &'a mut Vec<u8>) -> Self {
        Self { out }
    }

    pub(super) fn begin_object(&mut self) -> &mut Self {
        self.separate();
        self.out.push(b'{');
        self
    }

    pub(super) fn end_object(&mut self) -> &mut Self {
        self.out.push(b'}');
        self
    }

    pub(super) fn begin_array(&mut self) -> &mut Self {
        self.separate();
        self.out.push(b'[');
        self
    }

    pub(super) fn end_array(&mut self) -> &mut Self {
        self.out.push(b']');
        self
    }

    /// The name of a member; a plain word of ours.
    pub(super) fn key(&mut self, name: &str) -> &mut Self {
        self.separate();
        self.out.push(b'"');
        self.out.extend_from_slice(name.as_bytes());
        self.out.extend_from_slice(b"\":");
        self
    }

    /// The name of a member that comes from the wire.
    pub(super) fn foreign_key(&mut self, name: &str) -> &mut Self {
        self.string(name);
        self.out.push(b':');
        self
    }

    pub(super) fn string(&mut self, text: &str) -> &mut Self {
        self.separate();
        self.out.push(b'"');
        let mut rest = text;
        loop {
            let (plain, special) = rest.split_at(plain_prefix(rest.as_bytes()));
            self.out.extend_from_slice(plain.as_bytes());
            let mut characters = special.chars();
            let Some(c) = characters.next() else { break };
            self.character(c);
            rest = characters.as_str();
        }
        self.out.push(b'"');
        self
    }

    /// Octets from the wire: UTF-8 as such, anything else as Latin-1 code points.
    pub(super) fn octets(&mut self, octets: &[u8]) -> &mut Self {
        if let Ok(text) = std::str::from_utf8(octets) {
            return self.string(text);
        }
        self.separate();
        self.out.push(b'"');
        for &octet in octets {
            self.character(octet as char);
        }
        self.out.push(b'"');
        self
    }

    pub(super) fn string_or_null(&mut self, text: Option<&str>) -> &mut Self {
        match text {
            Some(text) => self.string(text),
            None => self.null(),
        }
    }

    pub(super) fn number(&mut self, number: u64) -> &mut Self {
        self.separate();
        // From the last digit to the first: `u64::MAX` has 20.
        let mut digits = [0; 20];
        let mut rest = number;
        let mut length = 0;
        for place in digits.iter_mut().rev() {
            *place = b'0' + (rest % 10) as u8;
            rest /= 10;
            length += 1;
            if rest == 0 {
                break;
            }
        }
        let start = digits.len() - length;
        self.out.extend_from_slice(digits.get(start..).unwrap_or_default());
        self
    }

    pub(super) fn boolean(&mut self, value: bool) -> &mut Self {
        self.literal(if value { b"true" } else { b"false" })
    }

    pub(super) fn null(&mut self) -> &mut Self {
        self.literal(b"null")
    }

    /// Text that needs no escape, in quotes.
    pub(super) fn plain(&mut self, value: impl std::fmt::Display) -> &mut Self {
        self.separate();
        // Writing to a vector cannot fail.
        let _ = write!(self.out, "\"{value}\"");
        self
    }

    /// A number that is already written.
    pub(super) fn display(&mut self, value: impl std::fmt::Display) -> &mut Self {
        self.separate();
        let _ = write!(self.out, "{value}");
        self
    }

    pub(super) fn value(&mut self, value: &Value) -> &mut Self {
        match value {
            Value::Null => self.null(),
            Value::Bool(value) => self.boolean(*value),
            Value::Number(number) => self.display(number),
            Value::String(text) => self.string(text),
            Value::Array(items) => {
                self.begin_array();
                for item in items {
                    self.value(item);
                }
                self.end_array()
            }
            Value::Object(members) => {
                self.begin_object();
                for (name, value) in members {
                    self.foreign_key(name).value(value);
                }
                self.end_object()
            }
        }
    }

    fn literal(&mut self, literal: &[u8]) -> &mut Self {
        self.separate();
        self.out.extend_from_slice(literal);
        self
    }

    /// A comma, unless this is the first thing in its object, array or line, or follows its key.
    fn separate(&mut self) {
        if !matches!(self.out.last(), None | Some(b'{' | b'[' | b':' | b'\n')) {
            self.out.push(b',');
        }
    }

    fn character(&mut self, c: char) {
        match c {
            '"' => self.out.extend_from_slice(b"\\\""),
            '\\' => self.out.extend_from_slice(b"\\\\"),
            '\n' => self.out.extend_from_slice(b"\\n"),
            '\r' => self.out.extend_from_slice(b"\\r"),
            '\t' => self.out.extend_from_slice(b"\\t"),
            ' '..='~' => self.out.push(c as u8),
            // Standard output may be a terminal, and JSON readers see the same text either way.
            c if text::is_hazardous(c) => {
                for unit in c.encode_utf16(&mut [0; 2]) {
                    let _ = write!(self.out, "\\u{unit:04x}");
                }
            }
            c => self.out.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes()),
        }
    }
}

/// How many octets at the beginning are printable ASCII that JSON takes as it is.
fn plain_prefix(octets: &[u8]) -> usize {
    // Whole chunks first, without a branch for each octet: the compiler makes vectors of it.
    const CHUNK: usize = 32;
    let is_plain = |chunk: &&[u8]| !chunk.iter().fold(false, |any, &octet| any | is_special(octet));
    let start = octets.chunks_exact(CHUNK).take_while(is_plain).count() * CHUNK;
    let rest = octets.get(start..).unwrap_or_default();
    start + rest.iter().position(|&octet| is_special(octet)).unwrap_or(rest.len())
}

fn is_special(octet: u8) -> bool {
    !matches!(octet, b' '..=b'~') || matches!(octet, b'"' | b'\\')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(write: impl FnOnce(&mut Writer<'_>)) -> String {
        let mut out = Vec::new();
        write(&mut Writer::new(&mut out));
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn any_text_reads_back_as_itself() {
        for text in
            ["", "plain", "\"\\/\u{8}\u{0}\u{1f}\u{7f}", "ü漢😀", "a\u{202e}b\u{e0041}\u{2028}\n\t"]
        {
            let json = written(|writer| {
                writer.string(text);
            });
            assert_eq!(serde_json::from_str::<String>(&json).unwrap(), text);
            assert!(!json.chars().any(text::is_hazardous), "{json}");
        }
    }

    #[test]
    fn numbers_are_written_whole() {
        for number in [0, 9, 10, 401, 1_234_567_890, u64::MAX] {
            let json = written(|writer| {
                writer.number(number);
            });
            assert_eq!(json, number.to_string());
        }
    }

    #[test]
    fn octets_that_are_not_utf8_are_latin1_code_points() {
        let every: Vec<u8> = (0..=255).collect();
        let json = written(|writer| {
            writer.octets(&every);
        });
        let read: Vec<u32> =
            serde_json::from_str::<String>(&json).unwrap().chars().map(u32::from).collect();
        assert_eq!(read, (0..=255).collect::<Vec<u32>>());
    }

    #[test]
    fn nested_values_read_back_as_themselves() {
        let value: Value =
            serde_json::from_str(r#"{"a":[1,-2.5e300,[],{},{"ü\"":null}],"":[true,false,"x"]}"#)
                .unwrap();
        let json = written(|writer| {
            writer.begin_array().value(&value).value(&value).end_array();
        });
        assert_eq!(serde_json::from_str::<Vec<Value>>(&json).unwrap(), [value.clone(), value]);
    }
}
