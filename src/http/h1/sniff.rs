//! Is this HTTP? By content alone, on any port.

use crate::text::is_tchar;

/// Methods by which a request is recognised in the middle of a connection: RFC 9110, WebDAV and its
/// relatives, and what is used in practice. A connection that begins with a request line may use
/// any other token.
const METHODS: [&[u8]; 43] = [
    b"GET",
    b"POST",
    b"PUT",
    b"HEAD",
    b"DELETE",
    b"OPTIONS",
    b"PATCH",
    b"CONNECT",
    b"TRACE",
    b"PROPFIND",
    b"PROPPATCH",
    b"MKCOL",
    b"COPY",
    b"MOVE",
    b"LOCK",
    b"UNLOCK",
    b"REPORT",
    b"SEARCH",
    b"MKCALENDAR",
    b"ACL",
    b"BIND",
    b"REBIND",
    b"UNBIND",
    b"LINK",
    b"UNLINK",
    b"MERGE",
    b"CHECKOUT",
    b"CHECKIN",
    b"UNCHECKOUT",
    b"MKACTIVITY",
    b"MKWORKSPACE",
    b"UPDATE",
    b"LABEL",
    b"VERSION-CONTROL",
    b"BASELINE-CONTROL",
    b"ORDERPATCH",
    b"SUBSCRIBE",
    b"UNSUBSCRIBE",
    b"NOTIFY",
    b"M-SEARCH",
    b"POLL",
    b"PURGE",
    b"RPC_IN_DATA",
];

/// Letters of a method: RFC 4437 has one of 17, and private ones are longer.
const LONGEST_METHOD: usize = 32;

/// So many octets are never too few to tell: the longest of [`METHODS`], and what may follow it.
const UNCLEAR: usize = 24;

/// Whether this word alone on its line is a request line, without a target: any other may be any
/// protocol's, and STOMP says CONNECT so.
pub fn may_stand_alone(method: &[u8]) -> bool {
    METHODS.contains(&method) && method != b"CONNECT"
}

/// What octets look like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Looks {
    /// The beginning of a request.
    Request,
    /// The beginning of a response.
    Response,
    /// Too few octets to tell.
    Unclear,
    /// Neither.
    Neither,
}

/// Looks at the beginning of a connection: any method goes, and few octets leave it open.
pub fn at_start(octets: &[u8]) -> Looks {
    let octets = octets.trim_ascii_start();
    if octets.is_empty() {
        return Looks::Unclear;
    }
    if is_status_line(octets) {
        return Looks::Response;
    }
    if may_become_status_line(octets) {
        return Looks::Unclear;
    }
    let method = octets.iter().position(|&octet| !is_tchar(octet)).unwrap_or(octets.len());
    if method == octets.len() {
        return if method <= LONGEST_METHOD { Looks::Unclear } else { Looks::Neither };
    }
    if method == 0 || method > LONGEST_METHOD {
        return Looks::Neither;
    }
    if octets[method] != b' ' {
        let known = may_stand_alone(&octets[..method]);
        return match octets[method..] {
            [b'\r'] if known => Looks::Unclear,
            [b'\r', b'\n', ..] | [b'\n', ..] if known => broken_request(octets),
            [b'\t', ..] => match request_line(octets) {
                Line::Whole => Looks::Request,
                Line::Open => Looks::Unclear,
                Line::Broken => Looks::Neither,
            },
            _ => Looks::Neither,
        };
    }
    match request_line(octets) {
        Line::Whole | Line::Open => Looks::Request,
        Line::Broken => broken_request(octets),
    }
}

/// Whether a request that the grammar allows is one for [`at_start`], too, whose method this is.
pub fn is_sure(method: &[u8]) -> bool {
    method.len() <= LONGEST_METHOD && method != b"ICY"
}

/// A request line that does not end in HTTP's version, but in no other protocol's either (SIP,
/// RTSP), and a field line after it: any after a method that is known, and `Host` or HTTP's name in
/// the line after any other word.
fn broken_request(octets: &[u8]) -> Looks {
    let mut lines = octets.split(|&octet| octet == b'\n');
    let line = lines.next().unwrap_or_default().trim_ascii_end();
    let method = line.split(|&octet| octet == b' ').next().unwrap_or_default();
    let known = METHODS.contains(&method);
    let last = line.rsplit(|&octet| octet == b' ').next().unwrap_or_default();
    let foreign = last.split(|&octet| octet == b'/').next().is_some_and(|protocol| {
        protocol.len() < last.len()
            && protocol.len() >= 3
            && protocol.iter().all(u8::is_ascii_uppercase)
            && protocol != b"HTTP"
    });
    if foreign {
        return Looks::Neither;
    }
    let names_http = memchr::memmem::find(line, b"HTTP/").is_some();
    let field = lines.next().unwrap_or_default();
    let name = field.iter().take_while(|&&octet| is_tchar(octet)).count();
    match field.get(name) {
        Some(b':') if known || names_http || field[..name].eq_ignore_ascii_case(b"Host") => {
            if name > 0 { Looks::Request } else { Looks::Neither }
        }
        None if names_http || known && method == line => Looks::Unclear,
        _ => Looks::Neither,
    }
}

/// Looks at octets in the middle of a connection: nothing but a certain start line goes.
#[inline]
pub fn in_middle(octets: &[u8]) -> Looks {
    if begins_with_capital(octets) { after_capital(octets) } else { Looks::Neither }
}

/// As all methods and both names of protocols do, and hardly anything that is not HTTP.
#[inline]
pub fn begins_with_capital(octets: &[u8]) -> bool {
    octets.first().is_some_and(u8::is_ascii_uppercase)
}

fn after_capital(octets: &[u8]) -> Looks {
    if is_status_line(octets) {
        return Looks::Response;
    }
    if octets.len() < UNCLEAR
        && (may_become_status_line(octets)
            || METHODS.iter().any(|method| may_become_request(octets, method)))
    {
        return Looks::Unclear;
    }
    let method = octets.iter().position(|&octet| octet == b' ').unwrap_or(0);
    if !METHODS.contains(&&octets[..method]) {
        return Looks::Neither;
    }
    let target = octets.get(method + 1..).unwrap_or_default();
    let plausible = target.starts_with(b"/")
        || target.starts_with(b"http")
        || target.starts_with(b"* ")
        || (&octets[..method] == b"CONNECT" && target.contains(&b':'));
    match request_line(octets) {
        Line::Whole => Looks::Request,
        Line::Open if plausible => Looks::Request,
        Line::Open | Line::Broken => Looks::Neither,
    }
}

/// Whether octets in the middle of a connection that begin like this may be a message: if not, they are
/// none whatever follows them.
pub fn may_begin(octets: &[u8]) -> bool {
    let word = octets.split(|&octet| octet == b' ').next().unwrap_or_default();
    octets.len() < UNCLEAR || METHODS.contains(&word) || may_be_response(octets)
}

/// `HTTP/1.x NNN`, or ICY's (RFC 9112 §4; more than one space is seen in practice).
fn is_status_line(octets: &[u8]) -> bool {
    let status = match octets.strip_prefix(b"HTTP/1.") {
        Some([version, b' ', status @ ..]) if version.is_ascii_digit() => status,
        Some(_) => return false,
        None => octets.strip_prefix(b"ICY ").unwrap_or_default(),
    };
    let digits = status.trim_ascii_start();
    digits.len() >= 3 && digits[..3].iter().all(u8::is_ascii_digit)
}

/// Whether these octets may begin a response where one is due: only its name must be right, and what
/// is wrong after it is for the reader.
pub fn may_be_response(octets: &[u8]) -> bool {
    let octets = octets.trim_ascii_start();
    let begins = |name: &[u8]| octets.starts_with(name) || name.starts_with(octets);
    begins(b"HTTP/") || begins(b"ICY ")
}

/// Octets that a status line may begin with, while there are too few of them to tell.
fn may_become_status_line(octets: &[u8]) -> bool {
    let shape = b"HTTP/1.d ddd";
    octets.len() < shape.len()
        && octets.iter().zip(shape).all(|(octet, want)| match want {
            b'd' => octet.is_ascii_digit() || *octet == b' ',
            want => octet == want,
        })
        || octets.len() < 7 && b"ICY 200".starts_with(octets)
}

/// A method and what may follow it, while there are too few octets to tell.
fn may_become_request(octets: &[u8], method: &[u8]) -> bool {
    match octets.strip_prefix(method) {
        Some(rest) => rest.len() < 7 && (rest.is_empty() || b" http:/".starts_with(rest)),
        None => method.starts_with(octets),
    }
}

enum Line {
    Whole,
    Open,
    Broken,
}

/// Whether the first line ends in ` HTTP/n.n`, may still do so, or ends in something else.
fn request_line(octets: &[u8]) -> Line {
    let Some(end) = memchr::memchr(b'\n', octets) else {
        // A target of more than 64 KiB without an end of line is something else.
        return if octets.len() > 65_536 { Line::Broken } else { Line::Open };
    };
    let line = octets[..end].trim_ascii_end();
    let version = line.len().checked_sub(9).map(|at| &line[at..]);
    if version.is_some_and(|v| {
        matches!(v[0], b' ' | b'\t')
            && v[1..6].eq_ignore_ascii_case(b"HTTP/")
            && v[6].is_ascii_digit()
    }) {
        return Line::Whole;
    }
    // RFC 1945 §4.1: a simple request is GET, a target, and nothing else.
    if line.strip_prefix(b"GET /").is_some_and(|rest| !rest.contains(&b' ')) {
        return Line::Whole;
    }
    Line::Broken
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_method_may_begin_a_connection() {
        assert_eq!(at_start(b"BREW /pot HTTP/1.1\r\n"), Looks::Request);
        assert_eq!(at_start(b"BREW"), Looks::Unclear);
        assert_eq!(at_start(b"H"), Looks::Unclear);
        assert_eq!(at_start(b"HTTP/1.1 401 Unauthorized\r\n"), Looks::Response);
        assert_eq!(at_start(b"ICY 200 OK\r\n"), Looks::Response);
        assert_eq!(at_start(b"\r\nGET / HTTP/1.1\r\n"), Looks::Request);
    }

    #[test]
    fn a_broken_request_line_is_read_where_a_field_follows_it() {
        assert_eq!(at_start(b"GET / HTTP/1.\nHost: a\n\n"), Looks::Request);
        assert_eq!(at_start(b"CCM_POST / HTTP/1.\nHost: a\n\n"), Looks::Request);
        assert_eq!(at_start(b"CCM_POST /HTTP/1.1\r\nHost: a\r\n\r\n"), Looks::Request);
        assert_eq!(at_start(b"OPTIONS\nHost: a\n\n"), Looks::Request);
        assert_eq!(at_start(b"OPTIONS\r\nHost: a\r\n\r\n"), Looks::Request);
        assert_eq!(at_start(b"BREW /pot\r\nPot: 1\r\n\r\n"), Looks::Neither);
        assert_eq!(at_start(b"DATA\r\nHost: a\r\n\r\n"), Looks::Neither);
    }

    #[test]
    fn other_protocols_are_told_by_their_first_line() {
        assert_eq!(at_start(b"\x16\x03\x01\x02\x00\x01"), Looks::Neither);
        assert_eq!(at_start(b"SSH-2.0-OpenSSH_9.2\r\n"), Looks::Neither);
        assert_eq!(at_start(b"EHLO example.org\r\n"), Looks::Neither);
        assert_eq!(at_start(b"220 mail ESMTP\r\n"), Looks::Neither);
        assert_eq!(at_start(b"REGISTER sip:example.org SIP/2.0\r\n"), Looks::Neither);
        assert_eq!(at_start(b"OPTIONS rtsp://h/s RTSP/1.0\r\n"), Looks::Neither);
    }

    #[test]
    fn no_method_is_so_long_that_enough_octets_are_too_few() {
        let longest = METHODS.iter().map(|method| method.len()).max().unwrap_or_default();
        assert!(longest + 7 < UNCLEAR + 1, "{longest}");
    }

    #[test]
    fn the_middle_of_a_connection_needs_a_known_method() {
        assert_eq!(in_middle(b"GET /a HTTP/1.1\r\n"), Looks::Request);
        assert_eq!(in_middle(b"GET /a"), Looks::Request);
        assert_eq!(in_middle(b"GETTING there HTTP/1.1\r\n"), Looks::Neither);
        assert_eq!(in_middle(b"HTTP/1.0 200 OK"), Looks::Response);
        assert_eq!(in_middle(b"HTTP/1.1 is a protocol"), Looks::Neither);
    }
}
