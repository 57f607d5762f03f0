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

/// The framing of a request's body.
pub fn of_request(head: &Head, anomalies: &mut Anomalies) -> Framing {
    let fields = Fields::read(head, anomalies);
    if fields.chunked {
        Framing::Chunked
    } else {
        // RFC 9112 §6.3 rule 7: a request without either has no body.
        fields.length.filter(|&length| length > 0).map_or(Framing::None, Framing::Length)
    }
}

/// The framing of a final response's body.
pub fn of_response(
    status: u16,
    version: Version,
    head: &Head,
    answers: Answers,
    anomalies: &mut Anomalies,
) -> Framing {
    let fields = Fields::read(head, anomalies);
    if answers == Answers::Head || matches!(status, 100..200 | 204 | 304) {
        return Framing::None;
    }
    if answers == Answers::Connect && (200..300).contains(&status) {
        return Framing::None;
    }
    if fields.chunked && version != Version::Http09 {
        return Framing::Chunked;
    }
    match fields.length {
        Some(0) => Framing::None,
        Some(length) => Framing::Length(length),
        None => Framing::UntilClose,
    }
}

struct Fields {
    chunked: bool,
    length: Option<u64>,
}

impl Fields {
    fn read(head: &Head, anomalies: &mut Anomalies) -> Self {
        let mut this = Self { chunked: false, length: None };
        let mut other_coding = false;
        for (name, value) in head.fields() {
            match name.len() {
                14 if name.eq_ignore_ascii_case(b"content-length") => {
                    this.take_length(value, anomalies);
                }
                17 if name.eq_ignore_ascii_case(b"transfer-encoding") => {
                    for coding in value.split(|&octet| octet == b',') {
                        let coding = coding.trim_ascii();
                        if coding.eq_ignore_ascii_case(b"chunked") {
                            this.chunked = true;
                        } else if !coding.eq_ignore_ascii_case(b"identity") {
                            other_coding = true;
                        }
                    }
                }
                _ => {}
            }
        }
        if this.length.is_some() && (this.chunked || other_coding) {
            anomalies.insert(Anomaly::LengthAndTransferEncoding);
        }
        this
    }

    /// RFC 9110 §8.6: a list of equal values is one value. Of different ones the first is taken.
    fn take_length(&mut self, value: &[u8], anomalies: &mut Anomalies) {
        for part in value.split(|&octet| octet == b',') {
            let part = part.trim_ascii();
            let part = part.strip_prefix(b"+").unwrap_or(part);
            let number = std::str::from_utf8(part).ok().and_then(|text| text.parse::<u64>().ok());
            match (number, self.length) {
                (None, _) => anomalies.insert(Anomaly::ContentLengthInvalid),
                (Some(number), None) => self.length = Some(number),
                (Some(number), Some(known)) if number != known => {
                    anomalies.insert(Anomaly::ContentLengthConflict);
                }
                _ => {}
            }
        }
    }
}
