//! A message head: httparse where the grammar holds, a tolerant reader where it does not.

use std::mem::MaybeUninit;

use httparse::Status;

use super::framing::Announced;
use super::sniff;
use crate::http::message::{Field, Span};
use crate::http::{Anomalies, Anomaly, Head, Version};
use crate::text::{any_octet, is_tchar};

/// Header fields that the quick path takes; more go to the tolerant reader.
const QUICK_FIELDS: usize = 100;

/// A start line and header fields.
#[derive(Debug, Clone)]
pub struct ParsedHead {
    /// Octets used, the empty line included.
    pub length: usize,
    /// Protocol version.
    pub version: Version,
    /// Status code; 0 for a request.
    pub status: u16,
    /// The head itself.
    pub head: Head,
    /// What its fields say about the body.
    pub announced: Announced,
    /// Whether it has more fields than the bound allows.
    pub fields_left_out: bool,
    /// What it does that the grammar does not allow.
    pub forgiven: Anomalies,
}

impl ParsedHead {
    fn new(length: usize, version: Version, status: u16, head: Head) -> Self {
        let announced = Announced::read(&head);
        let (fields_left_out, forgiven) = (false, Anomalies::default());
        Self { length, version, status, head, announced, fields_left_out, forgiven }
    }
}

/// What there is to say about the beginning of some octets.
#[derive(Debug)]
pub enum Reading {
    /// A whole head.
    Whole(ParsedHead),
    /// The head goes on beyond these octets.
    Partial,
    /// No head at all.
    NotHttp,
}

/// Reads a head in place: the straight way for those that the grammar allows, or nearly so. What is not
/// whole here may be so for [`tolerant`]. `scratch` is room to put it together.
pub fn strict(octets: &[u8], kind: Kind, scratch: &mut Vec<u8>) -> Reading {
    let status = match kind {
        Kind::Request => strict_request(octets, scratch),
        Kind::Response => strict_response(octets, scratch),
    };
    match status {
        Ok(Status::Complete(parsed)) => Reading::Whole(parsed),
        Ok(Status::Partial) => Reading::Partial,
        Err(_) => Reading::NotHttp,
    }
}

fn strict_request(octets: &[u8], scratch: &mut Vec<u8>) -> httparse::Result<ParsedHead> {
    let mut fields = [const { MaybeUninit::uninit() }; QUICK_FIELDS];
    let mut parsed = httparse::Request::new(&mut []);
    let status = httparse::ParserConfig::default().parse_request_with_uninit_headers(
        &mut parsed,
        octets,
        &mut fields,
    )?;
    let Status::Complete(length) = status else { return Ok(Status::Partial) };
    let span = |part: &str| span_in(octets, part.as_bytes());
    let first = span(parsed.method.unwrap_or_default());
    let second = span(parsed.path.unwrap_or_default());
    let mut forgiven = Anomalies::default();
    let fields = positions(octets, parsed.headers, &mut forgiven);
    let version = if parsed.version == Some(0) { Version::Http10 } else { Version::Http11 };
    let head = Head::new(&octets[..length], first, second, fields, scratch);
    Ok(Status::Complete(ParsedHead { forgiven, ..ParsedHead::new(length, version, 0, head) }))
}

fn strict_response(octets: &[u8], scratch: &mut Vec<u8>) -> httparse::Result<ParsedHead> {
    let mut fields = [const { MaybeUninit::uninit() }; QUICK_FIELDS];
    let mut parsed = httparse::Response::new(&mut []);
    let status = httparse::ParserConfig::default().parse_response_with_uninit_headers(
        &mut parsed,
        octets,
        &mut fields,
    )?;
    let Status::Complete(length) = status else { return Ok(Status::Partial) };
    let reason = parsed.reason.unwrap_or_default();
    // httparse does not hand out a reason that is not ASCII, which RFC 9112 §4 allows.
    let second =
        if reason.is_empty() { reason_in(octets) } else { span_in(octets, reason.as_bytes()) };
    let mut forgiven = Anomalies::default();
    let fields = positions(octets, parsed.headers, &mut forgiven);
    let version = if parsed.version == Some(0) { Version::Http10 } else { Version::Http11 };
    let head = Head::new(&octets[..length], Span::default(), second, fields, scratch);
    let status = parsed.code.unwrap_or(0);
    let parsed = ParsedHead::new(length, version, status, head);
    Ok(Status::Complete(ParsedHead { forgiven, ..parsed }))
}

/// Where the reason stands in a response that begins here.
#[cold]
fn reason_in(octets: &[u8]) -> Span {
    let start = octets.iter().take_while(|octet| matches!(octet, b'\r' | b'\n')).count();
    let line = octets[start..].split(|&octet| octet == b'\n').next().unwrap_or_default();
    start_line(line, start, Kind::Response).map_or_else(Span::default, |line| line.second)
}

/// Reads a head in place, by all means. `strictly` is what [`strict`] found.
pub fn read(strictly: Reading, octets: &[u8], max_fields: usize, kind: Kind) -> Reading {
    match strictly {
        Reading::Whole(parsed) => Reading::Whole(parsed),
        Reading::Partial if end_of_head(octets, 0).is_none() => Reading::Partial,
        Reading::Partial | Reading::NotHttp => tolerant(octets, max_fields, kind),
    }
}

/// Positions of httparse's slices.
fn positions<'a>(
    octets: &'a [u8],
    headers: &'a [httparse::Header<'_>],
    anomalies: &'a mut Anomalies,
) -> impl ExactSizeIterator<Item = Field> + 'a {
    headers.iter().map(|header| {
        let field = Field {
            name: span_in(octets, header.name.as_bytes()),
            value: span_in(octets, header.value),
        };
        let end = (field.value.start + field.value.len) as usize;
        if octets.get(end) == Some(&b'\n') && field.value.len > 0 {
            anomalies.insert(Anomaly::BareLineEnd);
        }
        field
    })
}

/// Where `part`, a slice of `octets`, stands in it; empty parts may come from anywhere.
fn span_in(octets: &[u8], part: &[u8]) -> Span {
    let start = (part.as_ptr() as usize).wrapping_sub(octets.as_ptr() as usize);
    if part.is_empty() || start > octets.len() {
        Span::default()
    } else {
        Span::new(start, part.len())
    }
}

/// The length of a head that ends in these octets: up to and with the first empty line at or
/// after `from`.
pub fn end_of_head(octets: &[u8], from: usize) -> Option<usize> {
    memchr::memchr_iter(b'\n', octets.get(from..)?).map(|at| from + at).find_map(|at| match octets
        .get(at + 1..)
    {
        Some([b'\n', ..]) => Some(at + 2),
        Some([b'\r', b'\n', ..]) => Some(at + 3),
        _ => None,
    })
}

/// Request or response.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A request.
    Request,
    /// A response.
    Response,
}

/// Reads what the grammar does not allow but senders send. Every liberty taken is recorded.
fn tolerant(octets: &[u8], max_fields: usize, kind: Kind) -> Reading {
    let start = octets.iter().take_while(|octet| matches!(octet, b'\r' | b'\n')).count();
    let Some(line_end) = memchr::memchr(b'\n', &octets[start..]).map(|at| start + at) else {
        return Reading::Partial;
    };
    let Some(line) = start_line(&octets[start..line_end], start, kind) else {
        return Reading::NotHttp;
    };
    if line.version == Version::Http09 {
        let head = line.with_fields(&octets[..=line_end], Vec::new());
        return Reading::Whole(ParsedHead::new(line_end + 1, line.version, 0, head));
    }
    let Some(length) = end_of_head(octets, line_end) else { return Reading::Partial };
    let mut forgiven = Anomalies::default();
    if line.odd {
        forgiven.insert(Anomaly::StartLine);
    }
    let (fields, fields_left_out) =
        field_lines(octets, line_end + 1, length, max_fields, &mut forgiven);
    let head = line.with_fields(&octets[..length], fields);
    let parsed = ParsedHead::new(length, line.version, line.status, head);
    Reading::Whole(ParsedHead { fields_left_out, forgiven, ..parsed })
}

/// What is known of a head of which the rest is lost: whole lines only, and of a start line that is
/// itself cut, whole words. `None` without even those.
pub fn partial(octets: &[u8], max_fields: usize, kind: Kind) -> Option<ParsedHead> {
    let start = octets.iter().take_while(|octet| matches!(octet, b'\r' | b'\n')).count();
    let Some(line_end) = memchr::memchr(b'\n', octets.get(start..)?).map(|at| start + at) else {
        let words = start + memchr::memrchr(b' ', &octets[start..])?;
        let line = start_line(&octets[start..words], start, kind)?;
        if kind == Kind::Request && line.second.len == 0 {
            return None;
        }
        let head = line.with_fields(&octets[..words], Vec::new());
        return Some(ParsedHead::new(words, line.version, line.status, head));
    };
    let line = start_line(&octets[start..line_end], start, kind)?;
    let length = memchr::memrchr(b'\n', octets)? + 1;
    let mut forgiven = Anomalies::default();
    let (fields, fields_left_out) =
        field_lines(octets, line_end + 1, length, max_fields, &mut forgiven);
    let head = line.with_fields(&octets[..length], fields);
    let parsed = ParsedHead::new(length, line.version, line.status, head);
    Some(ParsedHead { fields_left_out, forgiven, ..parsed })
}

struct StartLine {
    first: Span,
    second: Span,
    version: Version,
    status: u16,
    odd: bool,
}

impl StartLine {
    /// The head whose octets begin with this line.
    fn with_fields(&self, octets: &[u8], fields: Vec<Field>) -> Head {
        Head::new(octets, self.first, self.second, fields, &mut Vec::new())
    }
}

/// A start line that begins at `at`.
fn start_line(line: &[u8], at: usize, kind: Kind) -> Option<StartLine> {
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    match kind {
        Kind::Request => request_line(line, at),
        Kind::Response => status_line(line, at),
    }
}

/// RFC 9112 §3: recipients may parse on word boundaries. The second word is the target, whatever
/// comes after it; a version that is not there makes a simple request (RFC 1945 §4.1) of GET, and
/// something broken of any other method.
fn request_line(line: &[u8], at: usize) -> Option<StartLine> {
    let method = line.iter().take_while(|&&octet| is_tchar(octet)).count();
    if method == 0 || method == line.len() && !sniff::may_stand_alone(line) {
        return None;
    }
    let rest = &line[method..];
    let gap = rest.len() - rest.trim_ascii_start().len();
    if gap == 0 && !rest.is_empty() {
        return None;
    }
    let target = &rest[gap..];
    let target = &target[..target.iter().position(u8::is_ascii_whitespace).unwrap_or(target.len())];
    let after = rest[gap + target.len()..].trim_ascii();
    let simple = after.is_empty() && &line[..method] == b"GET" && target.starts_with(b"/");
    let version = match after {
        b"" if simple => Version::Http09,
        after if after.ends_with(b"1.0") => Version::Http10,
        _ => Version::Http11,
    };
    // RFC 9112 §3: single spaces, and nothing behind the version.
    let rest = line[method + gap + target.len()..].strip_prefix(b" ");
    let strict = gap == 1
        && rest.is_some_and(is_version)
        && !any_octet(target, |octet| octet.is_ascii_control());
    Some(StartLine {
        first: Span::new(at, method),
        second: Span::new(at + method + gap, target.len()),
        version,
        status: 0,
        odd: !(simple || strict),
    })
}

/// A status line of which only `HTTP/` and a number must be right: it is read where one is due.
fn status_line(line: &[u8], at: usize) -> Option<StartLine> {
    let (version, rest) = if let Some(rest) = line.strip_prefix(b"ICY ") {
        (Version::Http10, rest)
    } else {
        if !line.get(..5)?.eq_ignore_ascii_case(b"HTTP/") {
            return None;
        }
        let space = line.iter().position(|&octet| octet == b' ' || octet == b'\t')?;
        let version = if &line[5..space] == b"1.0" { Version::Http10 } else { Version::Http11 };
        (version, &line[space + 1..])
    };
    let status = rest.trim_ascii_start();
    let digits = status.iter().take(3).take_while(|octet| octet.is_ascii_digit()).count();
    if digits == 0 {
        return None;
    }
    let number = status[..digits].iter().fold(0, |sum, digit| sum * 10 + u16::from(digit - b'0'));
    let reason = status[digits..].trim_ascii();
    let offset = (reason.as_ptr() as usize).wrapping_sub(line.as_ptr() as usize);
    let second =
        if reason.is_empty() { Span::default() } else { Span::new(at + offset, reason.len()) };
    // RFC 9112 §4: single spaces, three digits.
    let strict = line.get(..8).is_some_and(is_version)
        && line.get(8) == Some(&b' ')
        && line.get(9..12).is_some_and(|code| code.iter().all(u8::is_ascii_digit))
        && line.get(12).is_none_or(|&octet| octet == b' ')
        && !any_octet(reason, |octet| octet.is_ascii_control() && octet != b'\t');
    Some(StartLine { first: Span::default(), second, version, status: number, odd: !strict })
}

fn is_version(octets: &[u8]) -> bool {
    matches!(octets, b"HTTP/1.0" | b"HTTP/1.1")
}

/// Field lines in `octets[from..to]`, and whether there were more than `max_fields`.
fn field_lines(
    octets: &[u8],
    from: usize,
    to: usize,
    max_fields: usize,
    anomalies: &mut Anomalies,
) -> (Vec<Field>, bool) {
    let (mut fields, mut left_out): (Vec<Field>, bool) = (Vec::new(), false);
    let mut at = from;
    while at < to {
        let end = memchr::memchr(b'\n', &octets[at..to]).map_or(to, |length| at + length);
        let line = &octets[at..end];
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        if line.len() == end - at {
            anomalies.insert(Anomaly::BareLineEnd);
        }
        if any_octet(line, |octet| octet.is_ascii_control() && octet != b'\t') {
            anomalies.insert(Anomaly::ControlInHead);
        }
        let start = at;
        at = end + 1;
        if line.is_empty() {
            continue;
        }
        if matches!(line[0], b' ' | b'\t') {
            // RFC 9112 §5.2: a folded line continues the value before it.
            if let Some(field) = fields.last_mut().filter(|_| !left_out) {
                anomalies.insert(Anomaly::ObsFold);
                let value_end = start + line.trim_ascii_end().len();
                field.value.len = (value_end as u32).saturating_sub(field.value.start);
            }
            continue;
        }
        let Some(colon) = memchr::memchr(b':', line) else {
            anomalies.insert(Anomaly::LineWithoutColon);
            continue;
        };
        if fields.len() >= max_fields {
            left_out = true;
            continue;
        }
        let name = line[..colon].trim_ascii_end();
        if name.len() != colon {
            anomalies.insert(Anomaly::SpaceBeforeColon);
        }
        let value = &line[colon + 1..];
        let lead = value.len() - value.trim_ascii_start().len();
        fields.push(Field {
            name: Span::new(start, name.len()),
            value: Span::new(start + colon + 1 + lead, value.trim_ascii().len()),
        });
    }
    (fields, left_out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_method_alone_on_its_line_is_a_request_without_a_target() {
        for octets in [b"OPTIONS\nHost: a\n\n".as_slice(), b"OPTIONS\r\nHost: a\r\n\r\n"] {
            let strictly = strict(octets, Kind::Request, &mut Vec::new());
            let Reading::Whole(parsed) = read(strictly, octets, 100, Kind::Request) else {
                panic!("it is whole");
            };
            assert_eq!(parsed.length, octets.len());
            assert!(parsed.forgiven.contains(Anomaly::StartLine));
        }
        let greeting = b"ehlo\r\nHost: a\r\n\r\n";
        let strictly = strict(greeting, Kind::Request, &mut Vec::new());
        let reading = read(strictly, greeting, 100, Kind::Request);
        assert!(matches!(reading, Reading::NotHttp), "a word alone may be any protocol's");
    }

    fn whole(octets: &[u8], kind: Kind) -> ParsedHead {
        match read(strict(octets, kind, &mut Vec::new()), octets, 100, kind) {
            Reading::Whole(parsed) => parsed,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_reason_in_any_language_is_read() {
        for reason in [b"Non autoris\xe9".as_slice(), "Accès refusé: jeton expiré".as_bytes()] {
            let head = [b"\r\nHTTP/1.1 401 ", reason, b"\r\nServer: a\r\n\r\n"].concat();
            let parsed = whole(&head, Kind::Response);
            assert_eq!(parsed.head.second(), reason);
            assert_eq!(parsed.forgiven, Anomalies::default());
        }
        assert_eq!(whole(b"HTTP/1.1 401 \r\n\r\n", Kind::Response).head.second(), b"");
    }

    #[test]
    fn only_what_is_wrong_with_a_start_line_is_said_of_it() {
        let odd = |head: &str, kind| {
            // A space before the colon, which only the tolerant reader takes.
            let head = format!("{head}\r\nHost : a\r\n\r\n");
            let forgiven = whole(head.as_bytes(), kind).forgiven;
            assert!(forgiven.contains(Anomaly::SpaceBeforeColon), "{head}");
            forgiven.contains(Anomaly::StartLine)
        };
        for line in ["GET / HTTP/1.1", "OPTIONS * HTTP/1.0", "GET /é HTTP/1.1"] {
            assert!(!odd(line, Kind::Request), "{line}");
        }
        for line in ["GET  / HTTP/1.1", "GET / HTTP/1.1 ", "GET /a b HTTP/1.1", "GET / http/1.1"] {
            assert!(odd(line, Kind::Request), "{line}");
        }
        for line in ["HTTP/1.1 401 Unauthorized", "HTTP/1.0 401 ", "HTTP/1.1 401", "HTTP/1.1 401 é"]
        {
            assert!(!odd(line, Kind::Response), "{line}");
        }
        for line in ["HTTP/1.1  401 No", "HTTP/1.1 41 No", "HTTP/1.1 4011 No", "http/1.1 401 No"] {
            assert!(odd(line, Kind::Response), "{line}");
        }
    }
}
