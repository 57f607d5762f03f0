//! What is asked of a case most, side by side in memory.
//!
//! A case lies in four to six places of the memory, and none of them is near those of the next one: a
//! filter over a long history would spend its time waiting for them. So who keeps many cases keeps the
//! brief of each beside it. A brief holds the answers that [`access`] gave, nothing else, and the
//! same questions are put to both through [`Subject`].

use std::net::SocketAddr;
use std::ops::Deref;

use super::access::{self, Test, VisitText};
use crate::diagnosis::Case;

/// Numbers that a brief holds.
#[derive(Debug, Clone, Copy)]
pub(super) enum Number {
    Status,
    Latency,
    ResponseSize,
    Confidence,
    Flow,
}

const NUMBERS: [fn(Subject<'_>) -> Option<u64>; 5] =
    [access::status, access::latency, access::response_size, access::confidence, access::flow];

/// Texts that a brief holds.
#[derive(Debug, Clone, Copy)]
pub(super) enum Text {
    Method,
    Host,
    Path,
    Target,
    Scheme,
    State,
    Reason,
    Shape,
    User,
    Why,
    Title,
}

const TEXTS: [VisitText; 11] = [
    access::method,
    access::host,
    access::path,
    access::target,
    access::scheme,
    access::state,
    access::reason,
    access::shape,
    access::user,
    access::why,
    access::title,
];

/// The answers of one case.
#[derive(Debug)]
pub struct Brief {
    numbers: [Option<u64>; NUMBERS.len()],
    client: SocketAddr,
    server: SocketAddr,
    benign: bool,
    /// All texts one after the other.
    octets: Box<[u8]>,
    /// Where each text ends.
    ends: [u16; TEXTS.len()],
    /// A bit for each text that is there; an empty one may be there too.
    present: u16,
}

impl Brief {
    /// Of a case. `None` for the few of which there is more to say than fits, such as two schemes or
    /// two clients: they are asked themselves.
    pub fn of(case: &Case) -> Option<Self> {
        let subject = Subject::from(case);
        let connection = &case.exchange.connection;
        if connection.via.is_some() {
            return None;
        }
        let (mut octets, mut ends, mut present) = (Vec::with_capacity(1024), [0; TEXTS.len()], 0);
        for (at, visit) in TEXTS.iter().enumerate() {
            let mut count = 0;
            visit(subject, "", &mut |text| {
                count += 1;
                octets.extend_from_slice(text);
                false
            });
            if count > 1 {
                return None;
            }
            present |= count << at;
            ends[at] = u16::try_from(octets.len()).ok()?;
        }
        Some(Self {
            numbers: NUMBERS.map(|number| number(subject)),
            client: connection.client,
            server: connection.server,
            benign: case.is_benign(),
            // A copy of just this length, beside that of the brief before.
            octets: octets.as_slice().into(),
            ends,
            present,
        })
    }

    fn text(&self, text: Text) -> Option<&[u8]> {
        let at = text as usize;
        let start = at.checked_sub(1).and_then(|before| self.ends.get(before)).copied();
        let range = usize::from(start.unwrap_or(0))..usize::from(*self.ends.get(at)?);
        self.octets.get(range).filter(|_| self.present & (1 << at) != 0)
    }
}

/// Who is asked: a case, through its brief where there is one.
#[derive(Debug, Clone, Copy)]
pub(super) struct Subject<'a> {
    case: &'a Case,
    brief: Option<&'a Brief>,
}

impl<'a> Subject<'a> {
    pub fn new(case: &'a Case, brief: Option<&'a Brief>) -> Self {
        Self { case, brief }
    }

    /// A number, from the case if it has to be.
    pub fn number(self, number: Number, read: fn(&Case) -> Option<u64>) -> Option<u64> {
        match self.brief {
            Some(brief) => brief.numbers[number as usize],
            None => read(self.case),
        }
    }

    /// Shows a text to a test, from the case if it has to be.
    pub fn text(
        self,
        text: Text,
        test: Test<'_>,
        read: impl FnOnce(&Case, Test<'_>) -> bool,
    ) -> bool {
        match self.brief {
            Some(brief) => brief.text(text).is_some_and(test),
            None => read(self.case, test),
        }
    }

    pub fn is_benign(self) -> bool {
        self.brief.map_or_else(|| self.case.is_benign(), |brief| brief.benign)
    }

    pub fn client(self) -> SocketAddr {
        self.brief.map_or_else(|| self.case.exchange.connection.client, |brief| brief.client)
    }

    /// The address that connected, where it is another one than the client's.
    pub fn via(self) -> Option<SocketAddr> {
        self.brief.map_or_else(|| self.case.exchange.connection.via, |_| None)
    }

    pub fn server(self) -> SocketAddr {
        self.brief.map_or_else(|| self.case.exchange.connection.server, |brief| brief.server)
    }
}

impl<'a> From<&'a Case> for Subject<'a> {
    fn from(case: &'a Case) -> Self {
        Self::new(case, None)
    }
}

/// What no brief holds is read from the case.
impl Deref for Subject<'_> {
    type Target = Case;
    fn deref(&self) -> &Case {
        self.case
    }
}
