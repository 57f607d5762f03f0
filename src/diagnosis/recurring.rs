//! Exchanges that say the same again, as those of programs do: what one of them shows by itself holds for
//! all.

use std::hash::{BuildHasher, Hash, Hasher};
use std::net::SocketAddr;
use std::sync::Arc;

use crate::auth::AuthFacts;
use crate::diagnosis::heard::Findings;
use crate::diagnosis::history::Record;
use crate::exchange::{Anomalies, Coverage, Exchange};
use crate::http::{Request, Response};

/// Exchanges that are remembered, at most.
const PLACES: usize = 64;

/// Octets of a body that is remembered, at most.
const LENGTH: usize = 4 << 10;

/// What an exchange shows by itself.
#[derive(Debug)]
pub(super) struct Shown {
    pub auth: Arc<AuthFacts>,
    /// Its record, in which only the particulars are another's.
    pub record: Option<Record>,
    pub findings: Arc<Findings>,
}

/// All that decides what an exchange shows, and what that is.
#[derive(Debug)]
struct Known {
    request: Request,
    response: Response,
    /// Nothing that it shows rests on its target: what it asked for may be another.
    any_target: bool,
    server: SocketAddr,
    anomalies: Anomalies,
    coverage: Coverage,
    shown: Shown,
}

impl Known {
    fn is_of(&self, exchange: &Exchange, request: &Request, response: &Response) -> bool {
        self.response.head.is_same(&response.head)
            && (self.request.head.is_same(&request.head)
                || self.any_target && has_plain_target(request) && self.asks_alike(request))
            && self.server == exchange.connection.server
            && self.anomalies == exchange.anomalies
            && self.coverage == coverage(exchange)
            && self.request.body == request.body
            && self.response.body == response.body
    }

    /// Whether both requests are the same but for their target.
    fn asks_alike(&self, request: &Request) -> bool {
        let own = &self.request;
        own.version == request.version
            && own.method() == request.method()
            && own.head.field_section() == request.head.field_section()
    }
}

/// Whether the target is a path and nothing else (RFC 9112 §3.2.1): it names no host, and carries no
/// credential.
fn has_plain_target(request: &Request) -> bool {
    let target = request.target();
    target.first() == Some(&b'/') && !target.contains(&b'?')
}

/// How well it was captured. That segments came twice says nothing about it.
fn coverage(exchange: &Exchange) -> Coverage {
    Coverage { retransmitted: 0, ..exchange.coverage }
}

/// Exchanges that were seen of late, each where its octets lead to.
#[derive(Debug)]
pub(super) struct Recurring {
    hasher: ahash::RandomState,
    places: Vec<Place>,
}

#[derive(Debug, Default)]
struct Place {
    /// What led the exchange here that came last and was not known.
    last: u64,
    known: Option<Box<Known>>,
}

impl Recurring {
    pub fn new(hasher: ahash::RandomState) -> Self {
        Self { hasher, places: (0..PLACES).map(|_| Place::default()).collect() }
    }

    /// What leads to the place of this exchange; `None` where a message or a part of its head is missing.
    pub fn key(&self, exchange: &Exchange) -> Option<u64> {
        let (request, response) = whole(exchange)?;
        let mut state = self.hasher.build_hasher();
        response.head.identity().hash(&mut state);
        state.write(request.head.field_section());
        Some(state.finish())
    }

    /// What an exchange shows that says the same as this one.
    pub fn find(&self, key: u64, exchange: &Exchange) -> Option<&Shown> {
        let (request, response) = whole(exchange)?;
        let known = self.places.get(place(key))?.known.as_deref()?;
        known.is_of(exchange, request, response).then_some(&known.shown)
    }

    /// Remembers what this one shows, if one like it came before: most never come again.
    pub fn remember(&mut self, key: u64, exchange: &Exchange, shown: impl FnOnce() -> Shown) {
        let Some((request, response)) = whole(exchange) else { return };
        let Some(place) = self.places.get_mut(place(key)) else { return };
        let came_before = std::mem::replace(&mut place.last, key) == key;
        if !came_before || request.body.start.len().max(response.body.start.len()) > LENGTH {
            return;
        }
        let shown = shown();
        place.known = Some(Box::new(Known {
            request: request.clone(),
            response: response.clone(),
            any_target: shown.auth.is_plain() && has_plain_target(request),
            server: exchange.connection.server,
            anomalies: exchange.anomalies,
            coverage: coverage(exchange),
            shown,
        }));
    }
}

fn place(key: u64) -> usize {
    key as usize % PLACES
}

/// Both messages, where nothing of their heads is missing.
fn whole(exchange: &Exchange) -> Option<(&Request, &Response)> {
    let request = exchange.request.as_ref().filter(|request| request.head_loss.is_none())?;
    let response = exchange.response.as_ref().filter(|response| response.head_loss.is_none())?;
    Some((request, response))
}
