//! Where a message ends (RFC 9112 §6).

use crate::http::{Anomalies, Anomaly, Head, Version};

/// How the end of a body is found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Framing {
    /// There is no body.
    None,
    /// So many octets.
    Length(u64),
    /// Chunked transfer coding.
    Chunked,
    /// Until the connection closes.
    UntilClose,
}

/// What the request that a response answers says about its body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answers {
    /// HEAD: never a body.
    Head,
    /// CONNECT: a success turns the connection into a tunnel.
    Connect,
    /// Any other method.
    Other,
    /// A request that was not captured.
    Unknown,
}

/// What the fields of a head say about the length of the body behind it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Announced {
    length: Option<u64>,
    chunked: bool,
    /// What is wrong with these fields.
    pub anomalies: Anomalies,
}

impl Announced {
    /// Reads the fields.
    pub fn read(head: &Head) -> Self {
        let mut this = Self::default();
        for value in head.get_all("content-length") {
            this.take_length(value);
        }
        let mut other_coding = false;
        for value in head.get_all("transfer-encoding") {
            for coding in value.split(|&octet| octet == b',') {
                let coding = coding.trim_ascii();
                if coding.eq_ignore_ascii_case(b"chunked") {
                    this.chunked = true;
                } else if !coding.eq_ignore_ascii_case(b"identity") {
                    other_coding = true;
                }
            }
        }
        if this.length.is_some() && (this.chunked || other_coding) {
            this.anomalies.insert(Anomaly::LengthAndTransferEncoding);
        }
        this
    }

    /// RFC 9110 §8.6: a list of equal values is one value. Of different ones the first is taken.
    fn take_length(&mut self, value: &[u8]) {
        for part in value.split(|&octet| octet == b',') {
            let part = part.trim_ascii();
            let part = part.strip_prefix(b"+").unwrap_or(part);
            let number = std::str::from_utf8(part).ok().and_then(|text| text.parse::<u64>().ok());
            match (number, self.length) {
                (None, _) => self.anomalies.insert(Anomaly::ContentLengthInvalid),
                (Some(number), None) => self.length = Some(number),
                (Some(number), Some(known)) if number != known => {
                    self.anomalies.insert(Anomaly::ContentLengthConflict);
                }
                _ => {}
            }
        }
    }

    /// The framing of a request's body.
    pub fn of_request(self) -> Framing {
        if self.chunked {
            Framing::Chunked
        } else {
            // RFC 9112 §6.3 rule 7: a request without either has no body.
            self.length.filter(|&length| length > 0).map_or(Framing::None, Framing::Length)
        }
    }

    /// The framing of a final response's body.
    pub fn of_response(self, status: u16, version: Version, answers: Answers) -> Framing {
        if answers == Answers::Head || matches!(status, 100..200 | 204 | 304) {
            return Framing::None;
        }
        if answers == Answers::Connect && (200..300).contains(&status) {
            return Framing::None;
        }
        if self.chunked && version != Version::Http09 {
            return Framing::Chunked;
        }
        match self.length {
            Some(0) => Framing::None,
            Some(length) => Framing::Length(length),
            None => Framing::UntilClose,
        }
    }
}
