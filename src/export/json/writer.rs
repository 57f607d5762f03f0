//! JSON straight into a buffer: no tree of values in between, one pass, no allocation.

use std::io::Write as _;
use std::net::IpAddr;
use std::time::Duration;

use serde_json::Value;

use crate::secret::Fingerprint;
use crate::text::{self, by_octet};
use crate::time::{Stamp, Timestamp};

/// Digits of `u64::MAX`.
const MOST_DIGITS: usize = 20;

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

    /// What is JSON already: members of ours with what stands between them.
    #[inline]
    pub(super) fn raw(&mut self, json: &str) -> &mut Self {
        self.out.extend_from_slice(json.as_bytes());
        self
    }

    /// Octets written so far.
    pub(super) fn length(&self) -> usize {
        self.out.len()
    }

    /// What was written since there were so many octets, without a comma before it.
    pub(super) fn since(&self, length: usize) -> &[u8] {
        let written = self.out.get(length..).unwrap_or_default();
        written.strip_prefix(b",").unwrap_or(written)
    }

    /// An element that was written before.
    pub(super) fn again(&mut self, json: &[u8]) -> &mut Self {
        self.separate();
        self.out.extend_from_slice(json);
        self
    }

    pub(super) fn string(&mut self, text: &str) -> &mut Self {
        self.octets(text.as_bytes())
    }

    /// A word of ours, which needs no escape.
    #[inline]
    pub(super) fn word(&mut self, word: &str) -> &mut Self {
        self.separate();
        self.quoted(word.as_bytes())
    }

    pub(super) fn word_or_null(&mut self, word: Option<&str>) -> &mut Self {
        match word {
            Some(word) => self.word(word),
            None => self.null(),
        }
    }

    #[inline]
    fn quoted(&mut self, plain: &[u8]) -> &mut Self {
        self.out.reserve(plain.len() + 2);
        self.out.push(b'"');
        self.out.extend_from_slice(plain);
        self.out.push(b'"');
        self
    }

    /// The inside of a string.
    pub(super) fn inside(&mut self, text: &str) -> &mut Self {
        if is_plain(text.as_bytes()) {
            return self.raw(text);
        }
        let mut rest = text;
        loop {
            let (plain, special) = rest.split_at(plain_prefix(rest.as_bytes()));
            self.out.extend_from_slice(plain.as_bytes());
            let mut characters = special.chars();
            let Some(c) = characters.next() else { break };
            self.character(c);
            rest = characters.as_str();
        }
        self
    }

    /// Octets from the wire: UTF-8 as such, anything else as Latin-1 code points.
    pub(super) fn octets(&mut self, octets: &[u8]) -> &mut Self {
        self.separate();
        if is_plain(octets) {
            return self.quoted(octets);
        }
        self.out.push(b'"');
        match std::str::from_utf8(octets) {
            Ok(text) => drop(self.inside(text)),
            Err(_) => octets.iter().for_each(|&octet| self.character(octet as char)),
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
        self.digits(number);
        self
    }

    fn digits(&mut self, number: u64) {
        if number < 10 {
            self.out.push(b'0' + number as u8);
            return;
        }
        // Room for all that a number may need is made at once, and filled from the last digit to the first.
        let start = self.out.len();
        let length = number.ilog10() as usize + 1;
        self.out.extend_from_slice(&[b'0'; MOST_DIGITS]);
        self.out.truncate(start + length);
        let mut rest = number;
        for place in self.out.get_mut(start..).unwrap_or_default().iter_mut().rev() {
            *place = b'0' + (rest % 10) as u8;
            rest /= 10;
        }
    }

    pub(super) fn boolean(&mut self, value: bool) -> &mut Self {
        self.literal(if value { b"true" } else { b"false" })
    }

    pub(super) fn null(&mut self) -> &mut Self {
        self.literal(b"null")
    }

    /// A time, as `stamp` is made to be.
    pub(super) fn time(&mut self, time: Timestamp, stamp: &mut Stamp) -> &mut Self {
        self.separate();
        self.quoted(stamp.change_to(time))
    }

    pub(super) fn fingerprint(&mut self, fingerprint: Fingerprint) -> &mut Self {
        self.separate();
        self.quoted(&fingerprint.digits())
    }

    pub(super) fn address(&mut self, address: IpAddr) -> &mut Self {
        let IpAddr::V4(address) = address else { return self.plain(address) };
        self.separate();
        // Room for what is copied of the last one.
        let (mut text, mut length) = ([b'.'; 18], 0);
        for octet in address.octets() {
            let (digits, number) = &DECIMAL[octet as usize];
            text[length..length + 3].copy_from_slice(digits);
            length += *number as usize;
            text[length] = b'.';
            length += 1;
        }
        self.quoted(&text[..length - 1])
    }

    /// Milliseconds with three decimals.
    pub(super) fn milliseconds(&mut self, duration: Duration) -> &mut Self {
        let us = u64::from(duration.subsec_micros());
        self.separate();
        self.digits(duration.as_secs().saturating_mul(1000).saturating_add(us / 1000));
        let [hundreds, tens, ones] =
            [us / 100 % 10, us / 10 % 10, us % 10].map(|digit| b'0' + digit as u8);
        self.out.extend_from_slice(&[b'.', hundreds, tens, ones]);
        self
    }

    /// Text that needs no escape, in quotes.
    fn plain(&mut self, value: impl std::fmt::Display) -> &mut Self {
        self.separate();
        // Writing to a vector cannot fail.
        let _ = write!(self.out, "\"{value}\"");
        self
    }

    /// A number that is already written.
    fn display(&mut self, value: impl std::fmt::Display) -> &mut Self {
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
    #[inline]
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

/// Whether all octets are printable ASCII that JSON takes as it is, as in most texts.
fn is_plain(octets: &[u8]) -> bool {
    match octets.len() {
        0..8 => octets.iter().all(|&octet| !SPECIAL[octet as usize]),
        _ => !text::any_octet(octets, is_special),
    }
}

/// How many octets at the beginning are.
fn plain_prefix(octets: &[u8]) -> usize {
    let chunks = octets.as_chunks::<16>().0;
    let plain = chunks.iter().take_while(|chunk| !text::any_of(chunk, is_special)).count();
    let start = plain * 16;
    let rest = octets.get(start..).unwrap_or_default();
    start + rest.iter().position(|&octet| SPECIAL[octet as usize]).unwrap_or(rest.len())
}

const fn is_special(octet: u8) -> bool {
    !matches!(octet, b' '..=b'~') || matches!(octet, b'"' | b'\\')
}

/// The digits of an octet in decimal, and how many there are.
const fn decimal(octet: u8) -> ([u8; 3], u8) {
    let [hundreds, tens, ones] = [b'0' + octet / 100, b'0' + octet / 10 % 10, b'0' + octet % 10];
    match octet {
        0..10 => ([ones, 0, 0], 1),
        10..100 => ([tens, ones, 0], 2),
        _ => ([hundreds, tens, ones], 3),
    }
}

static DECIMAL: [([u8; 3], u8); 256] = by_octet!(decimal);

static SPECIAL: [bool; 256] = by_octet!(is_special);

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
        for number in [0, 9, 10, 99, 100, 401, 1_234_567_890, u64::MAX / 10, u64::MAX] {
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
    fn every_octet_reads_back_wherever_it_stands() {
        for octet in 0..=127_u8 {
            for (before, after) in [(0, 0), (0, 7), (7, 0), (3, 12), (31, 1), (40, 40), (33, 6)] {
                let text: String = std::iter::repeat_n('a', before)
                    .chain([char::from(octet), char::from(octet ^ 1)])
                    .chain(std::iter::repeat_n('~', after))
                    .collect();
                let json = written(|writer| {
                    writer.octets(text.as_bytes());
                });
                assert_eq!(serde_json::from_str::<String>(&json).unwrap(), text);
                assert!(!json.chars().any(text::is_hazardous), "{json}");
            }
        }
    }

    #[test]
    fn milliseconds_addresses_and_fingerprints_are_written_as_they_print() {
        for us in [0, 7, 999, 1000, 1001, 3_214, 10_000_050, 123_456_789_012] {
            let json = written(|writer| {
                writer.milliseconds(Duration::from_micros(us));
            });
            assert_eq!(json, format!("{}.{:03}", us / 1000, us % 1000));
        }
        for address in [
            "0.0.0.0",
            "10.2.145.1",
            "9.99.100.10",
            "1.22.7.200",
            "255.255.255.255",
            "::1",
            "fe80::1:0:2",
        ] {
            let json = written(|writer| {
                writer.address(address.parse().unwrap());
            });
            assert_eq!(json, format!("\"{address}\""));
        }
        let json = written(|writer| {
            let epoch = Timestamp::from_seconds(0);
            writer.fingerprint(Fingerprint(0x0012_ab3f)).time(epoch, &mut Stamp::of(epoch));
        });
        assert_eq!(json, "\"0012ab3f\",\"1970-01-01T00:00:00.000000Z\"");
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
