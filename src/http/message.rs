//! Requests and responses as they stood on the wire (RFC 9110, RFC 9112).

use std::fmt;
use std::sync::Arc;

use crate::cache;
use crate::time::Timestamp;

/// Protocol version of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Version {
    /// A request line without a version (RFC 1945 §4.1).
    Http09,
    /// HTTP/1.0, and ICY, which behaves like it.
    Http10,
    /// HTTP/1.1
    Http11,
    /// HTTP/2 in plaintext (h2c).
    Http2,
}

impl Version {
    /// As it is written in a status line or in `protocol`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Http09 => "HTTP/0.9",
            Self::Http10 => "HTTP/1.0",
            Self::Http11 => "HTTP/1.1",
            Self::Http2 => "HTTP/2",
        }
    }
}

/// Why (part of) a message head is not known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum HeadLoss {
    /// Packets are missing in the middle of it.
    Gap,
    /// The capture began after it had begun.
    StartedMidStream,
    /// It is longer than the bound, or the snap length cut it.
    Truncated,
    /// It was captured, and cannot be read as HTTP/1.
    NotHttp1,
}

/// Where a field's name and value stand in [`Head::octets`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Span {
    /// First octet.
    pub start: u32,
    /// Number of octets.
    pub len: u32,
}

impl Span {
    /// The stretch `start..start + len`.
    pub const fn new(start: usize, len: usize) -> Self {
        Self { start: start as u32, len: len as u32 }
    }

    fn of(self, octets: &[u8]) -> &[u8] {
        let start = self.start as usize;
        octets.get(start..start + self.len as usize).unwrap_or_default()
    }
}

/// One header field by position.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Field {
    /// Its name, as spelled on the wire.
    pub name: Span,
    /// Its value, without the white space around it; a folded value keeps its line breaks.
    pub value: Span,
}

impl Field {
    /// Octets in which one is stored.
    const STORED: usize = 16;

    fn stored(self) -> [u8; Self::STORED] {
        let [a, b, c, d] = [self.name.start, self.name.len, self.value.start, self.value.len]
            .map(u32::to_le_bytes);
        let mut stored = [0; Self::STORED];
        stored[..4].copy_from_slice(&a);
        stored[4..8].copy_from_slice(&b);
        stored[8..12].copy_from_slice(&c);
        stored[12..].copy_from_slice(&d);
        stored
    }

    fn from_stored(stored: &[u8; Self::STORED]) -> Self {
        let (words, _) = stored.as_chunks::<4>();
        let word = |at: usize| words.get(at).map_or(0, |&word| u32::from_le_bytes(word));
        Self {
            name: Span { start: word(0), len: word(1) },
            value: Span { start: word(2), len: word(3) },
        }
    }
}

/// A set of field names, in which a name that is not there is nearly always seen to be absent without
/// looking at the fields: most questions to a head are about fields that it does not have.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
struct Names(u64);

impl Names {
    /// Names of one length and first letter share a bit; so may others.
    const fn bit(name: &[u8]) -> u64 {
        match name {
            [first, ..] => {
                let letter = first.to_ascii_lowercase() as usize;
                1 << ((name.len() + letter.wrapping_mul(7)) & 63)
            }
            [] => 1,
        }
    }

    fn insert(&mut self, name: &[u8]) {
        self.0 |= Self::bit(name);
    }

    /// Whether this name may be among them.
    const fn may_have(self, name: &[u8]) -> bool {
        self.0 & Self::bit(name) != 0
    }
}

/// The head of a message: one buffer, and positions in it. Header fields keep the order and spelling of the wire.
/// Cloning shares the buffer, and so do messages whose heads were the same octet for octet.
///
/// The octets contain credentials: `Debug` prints field names only.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct Head {
    /// What [`Parts`] reads, one behind the other: a single allocation, as heads are made by one thread
    /// and forgotten by another.
    data: Arc<[u8]>,
}

/// Octets in which a head's parts of fixed length are stored: the names, the number of octets of the
/// wire, and two spans.
const FIXED: usize = 28;

/// What a head consists of.
#[derive(Clone, Copy, Default)]
struct Parts<'a> {
    /// Start-line parts: method and target of a request, or (empty) and reason of a response.
    first: Span,
    second: Span,
    /// The octets of the wire.
    octets: &'a [u8],
    /// The positions of the fields in them.
    fields: &'a [[u8; Field::STORED]],
}

impl<'a> Parts<'a> {
    /// Stores a head in `data`, which is empty: only its fields' positions are still to come.
    fn begin(data: &mut Vec<u8>, octets: &[u8], first: Span, second: Span) {
        data.extend_from_slice(&[0; 8]);
        for word in [octets.len() as u32, first.start, first.len, second.start, second.len] {
            data.extend_from_slice(&word.to_le_bytes());
        }
        data.extend_from_slice(octets);
    }

    /// Puts the names that were found in their place.
    fn finish(data: &mut [u8], names: Names) {
        if let Some(place) = data.first_chunk_mut() {
            *place = names.0.to_le_bytes();
        }
    }

    #[inline]
    fn read(data: &'a [u8]) -> Self {
        let Some((fixed, rest)) = data.split_first_chunk::<FIXED>() else {
            return Self::default();
        };
        let (words, _) = fixed.as_chunks::<4>();
        let word = |at: usize| words.get(at).map_or(0, |&word| u32::from_le_bytes(word));
        let (octets, fields) = rest.split_at_checked(word(2) as usize).unwrap_or_default();
        Self {
            first: Span { start: word(3), len: word(4) },
            second: Span { start: word(5), len: word(6) },
            octets,
            fields: fields.as_chunks().0,
        }
    }
}

impl Head {
    /// From the octets of a head and the positions found in it. `scratch` is room to put it together.
    pub fn new(
        octets: &[u8],
        first: Span,
        second: Span,
        fields: impl IntoIterator<Item = Field>,
        scratch: &mut Vec<u8>,
    ) -> Self {
        let fields = fields.into_iter();
        scratch.clear();
        scratch.reserve(FIXED + octets.len() + fields.size_hint().0 * Field::STORED);
        Parts::begin(scratch, octets, first, second);
        let mut names = Names::default();
        for field in fields {
            names.insert(field.name.of(octets));
            scratch.extend_from_slice(&field.stored());
        }
        Parts::finish(scratch, names);
        Self { data: scratch.as_slice().into() }
    }

    /// A head made from parts: for HTTP/2, whose fields are compressed on the wire, and for tests.
    pub fn from_parts<'a>(
        first: &[u8],
        second: &[u8],
        fields: impl IntoIterator<Item = (&'a [u8], &'a [u8])>,
    ) -> Self {
        let mut octets = Vec::new();
        let mut push = |part: &[u8]| {
            let span = Span::new(octets.len(), part.len());
            octets.extend_from_slice(part);
            span
        };
        let (first, second) = (push(first), push(second));
        let fields: Vec<Field> = fields
            .into_iter()
            .map(|(name, value)| Field { name: push(name), value: push(value) })
            .collect();
        Self::new(&octets, first, second, fields, &mut Vec::new())
    }

    /// Asks for its memory.
    #[inline]
    pub fn fetch(&self) {
        cache::fetch_octets(&self.data);
    }

    #[inline]
    fn parts(&self) -> Parts<'_> {
        Parts::read(&self.data)
    }

    /// The octets in which all its parts stand.
    pub fn octets(&self) -> &[u8] {
        self.parts().octets
    }

    /// The method of a request.
    pub(super) fn first(&self) -> &[u8] {
        let parts = self.parts();
        parts.first.of(parts.octets)
    }

    /// The target of a request, the reason of a response.
    pub(super) fn second(&self) -> &[u8] {
        let parts = self.parts();
        parts.second.of(parts.octets)
    }

    /// All header fields in order: (name, value).
    pub fn fields(&self) -> impl ExactSizeIterator<Item = (&[u8], &[u8])> + Clone {
        let Parts { octets, fields, .. } = self.parts();
        fields.iter().map(|stored| {
            let field = Field::from_stored(stored);
            (field.name.of(octets), field.value.of(octets))
        })
    }

    /// The octets of the wire from its first field on; none where it has no fields.
    pub fn field_section(&self) -> &[u8] {
        let Parts { octets, fields, .. } = self.parts();
        let first = fields.first().map(|stored| Field::from_stored(stored).name.start as usize);
        first.and_then(|first| octets.get(first..)).unwrap_or_default()
    }

    /// The names of its fields.
    #[inline]
    fn names(&self) -> Names {
        Names(self.data.first_chunk().map_or(0, |names| u64::from_le_bytes(*names)))
    }

    /// The value of the first field of this name (any case).
    #[inline]
    pub fn get(&self, name: &str) -> Option<&[u8]> {
        if self.names().may_have(name.as_bytes()) { self.first_of(name) } else { None }
    }

    fn first_of(&self, name: &str) -> Option<&[u8]> {
        self.get_all(name).next()
    }

    /// The values of all fields of this name (any case), in order.
    #[inline]
    pub fn get_all<'a>(&'a self, name: &str) -> impl Iterator<Item = &'a [u8]> + Clone {
        let may_have = self.names().may_have(name.as_bytes());
        let Parts { octets, fields, .. } = if may_have { self.parts() } else { Parts::default() };
        fields.iter().filter_map(|stored| {
            let field = Field::from_stored(stored);
            let named = field.name.len as usize == name.len()
                && field.name.of(octets).eq_ignore_ascii_case(name.as_bytes());
            named.then(|| field.value.of(octets))
        })
    }

    /// Whether there is a field of this name (any case).
    #[inline]
    pub fn has(&self, name: &str) -> bool {
        self.get(name).is_some()
    }

    /// Whether these are one and the same, as heads that came again are: then everything read from one
    /// holds for the other. Heads that are not may still be equal.
    pub fn is_same(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.data, &other.data)
    }

    /// Tells this head, and those that are one with it, from all others that are there now.
    pub fn identity(&self) -> usize {
        self.data.as_ptr().addr()
    }

    /// Whether another head is the same one.
    pub fn is_shared(&self) -> bool {
        Arc::strong_count(&self.data) > 1
    }

    /// Heap octets held: all of them for each of those that share them, which is never too few.
    pub fn memory(&self) -> usize {
        self.data.len()
    }
}

impl fmt::Debug for Head {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list()
            .entries(self.fields().map(|(name, _)| String::from_utf8_lossy(name)))
            .finish()
    }
}

/// A message body as far as it was seen: its length on the wire, and its beginning.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Body {
    /// The first octets after removing the transfer coding, content coding still applied; see
    /// [`crate::http::content::decode`]. At most [`crate::limits::Limits::body`]. Shared by messages of
    /// the same content that came one soon after the other.
    pub start: Arc<[u8]>,
    /// Octets of content (transfer coding removed), lost ones included.
    pub length: u64,
    /// Octets of it that were never seen.
    pub gap: u64,
    /// Whether its end was seen.
    pub complete: bool,
    /// Whether `start` holds everything that was sent.
    pub whole: bool,
}

impl fmt::Debug for Body {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Body({} octets, {} lost, complete: {})", self.length, self.gap, self.complete)
    }
}

/// A request as it stood on the wire.
#[derive(Clone, Debug)]
pub struct Request {
    /// Capture time of its first octet.
    pub time: Timestamp,
    /// Protocol version.
    pub version: Version,
    /// Method, target and header fields.
    pub head: Head,
    /// Set when only part of the head is known: the whole field lines before the loss.
    pub head_loss: Option<HeadLoss>,
    /// Its content.
    pub body: Body,
}

impl Request {
    /// The method, as spelled on the wire; empty when it was lost.
    pub fn method(&self) -> &[u8] {
        self.head.first()
    }

    /// The request-target, unnormalised; empty when it was lost.
    pub fn target(&self) -> &[u8] {
        self.head.second()
    }

    /// `Host` (or `:authority`), or the authority of an absolute-form target; without userinfo.
    pub fn host(&self) -> Option<&[u8]> {
        absolute_authority(self.target())
            .or_else(|| self.head.get("host"))
            .or_else(|| self.head.get(":authority"))
            .map(without_userinfo)
    }

    /// The path of the target, without query and without scheme and authority.
    pub fn path(&self) -> &[u8] {
        let target = self.target();
        let target = match absolute_authority(target) {
            Some(authority) => {
                let end = authority.as_ptr() as usize + authority.len() - target.as_ptr() as usize;
                &target[end..]
            }
            None => target,
        };
        let path = &target[..memchr::memchr2(b'?', b'#', target).unwrap_or(target.len())];
        if path.is_empty() { b"/" } else { path }
    }

    /// The query of the target, without the question mark.
    pub fn query(&self) -> Option<&[u8]> {
        let target = self.target();
        let start = memchr::memchr(b'?', target)? + 1;
        let end = target[start..].iter().position(|&octet| octet == b'#');
        Some(&target[start..end.map_or(target.len(), |end| start + end)])
    }
}

/// RFC 9110 §4.2.4: what stands before the `@` is no part of the host, and may be a password.
fn without_userinfo(authority: &[u8]) -> &[u8] {
    let start = authority.iter().rposition(|&octet| octet == b'@').map_or(0, |at| at + 1);
    &authority[start..]
}

/// The authority of an absolute-form target (RFC 9112 §3.2.2).
fn absolute_authority(target: &[u8]) -> Option<&[u8]> {
    if target.first() == Some(&b'/') {
        return None;
    }
    let scheme = target.windows(3).take(12).position(|window| window == b"://")?;
    let rest = &target[scheme + 3..];
    let end = rest.iter().position(|octet| b"/?#".contains(octet)).unwrap_or(rest.len());
    Some(&rest[..end])
}

/// A response as it stood on the wire.
#[derive(Clone, Debug)]
pub struct Response {
    /// Capture time of its first octet.
    pub time: Timestamp,
    /// Protocol version.
    pub version: Version,
    /// Status code; 0 when the status line was lost.
    pub status: u16,
    /// Reason phrase and header fields.
    pub head: Head,
    /// Set when only part of the head is known: the whole field lines before the loss.
    pub head_loss: Option<HeadLoss>,
    /// Its content.
    pub body: Body,
    /// The fields behind it, of HTTP/2 only. Boxed, as hardly any has them.
    pub trailers: Option<Box<Head>>,
}

impl Response {
    /// A trailer field (any case).
    pub fn trailer(&self, name: &str) -> Option<&[u8]> {
        self.trailers.as_ref()?.get(name)
    }

    /// Octets held by head, body and trailers.
    pub fn memory(&self) -> usize {
        let trailers = self.trailers.as_ref().map_or(0, |fields| fields.memory());
        self.head.memory() + self.body.start.len() + trailers
    }

    /// Whether it says in gRPC's way that the caller is not authenticated: behind the content, or in the
    /// header where there is none. Where the status was lost, it was none but 200.
    pub fn is_grpc_refusal(&self) -> bool {
        let code = self.trailer("grpc-status").or_else(|| self.head.get("grpc-status"));
        matches!(self.status, 0 | 200) && code.is_some_and(|code| code.trim_ascii() == b"16")
    }

    /// The reason phrase; empty when there is none.
    pub fn reason(&self) -> &[u8] {
        self.head.second()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(target: &str, fields: &[(&str, &str)]) -> Request {
        let fields = fields.iter().map(|(n, v)| (n.as_bytes(), v.as_bytes()));
        Request {
            time: Timestamp::default(),
            version: Version::Http11,
            head: Head::from_parts(b"GET", target.as_bytes(), fields),
            head_loss: None,
            body: Body::default(),
        }
    }

    #[test]
    fn absolute_form_names_host_and_path() {
        let proxied = request("http://api.local:8080/v1/x?y=1", &[("Host", "proxy")]);
        assert_eq!(proxied.host(), Some(&b"api.local:8080"[..]));
        assert_eq!(proxied.path(), b"/v1/x");
        assert_eq!(proxied.query(), Some(&b"y=1"[..]));
        assert_eq!(request("http://h", &[]).path(), b"/");
    }

    #[test]
    fn a_password_before_the_host_is_no_part_of_it() {
        for (target, field) in [("http://alice:pw@h/", "x"), ("/", "alice:pw@h"), ("/", "a@b@h")] {
            assert_eq!(request(target, &[("Host", field)]).host(), Some(&b"h"[..]), "{field}");
        }
        assert_eq!(request("/", &[(":authority", "alice:pw@h")]).host(), Some(&b"h"[..]));
    }

    #[test]
    fn origin_form_takes_the_host_field() {
        let plain = request("/a?next=http://evil/", &[("hOsT", "h")]);
        assert_eq!(plain.host(), Some(&b"h"[..]));
        assert_eq!(plain.path(), b"/a");
    }

    #[test]
    fn a_field_is_found_whatever_its_case() {
        let one = request("/", &[("X-First", "1"), ("x-FIRST", "2"), ("Y", "3")]);
        let all: Vec<_> = one.head.get_all("x-first").collect();
        assert_eq!(all, [b"1", b"2"]);
        assert_eq!(one.head.get("y"), Some(&b"3"[..]));
        // Same length and first letter, so that only the fields themselves tell.
        assert!(!one.head.has("x-fires") && !one.head.has("z") && !one.head.has(""));
    }

    #[test]
    fn debug_output_holds_no_values() {
        let text = format!("{:?}", request("/", &[("Authorization", "Basic c2VjcmV0")]));
        assert!(text.contains("Authorization") && !text.contains("c2VjcmV0"), "{text}");
    }
}
