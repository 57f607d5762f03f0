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

/// Shelves on which exchanges are remembered, each on one.
const SHELVES: usize = 16;

/// Exchanges on a shelf, at most: some that come by turns must not drive each other out.
const PLACES: usize = 4;

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

/// Exchanges that were seen of late, each on the shelf that its octets lead to.
#[derive(Debug)]
pub(super) struct Recurring {
    hasher: ahash::RandomState,
    shelves: [Shelf; SHELVES],
}

#[derive(Debug, Default)]
struct Shelf {
    places: [Place; PLACES],
    /// The place that the next exchange gets which comes for the first time.
    next: usize,
}

#[derive(Debug, Default)]
struct Place {
    /// What led the exchange here that came last and was not known.
    last: u64,
    /// What led that one here which is.
    key: u64,
    known: Option<Box<Known>>,
}

impl Recurring {
    pub fn new(hasher: ahash::RandomState) -> Self {
        Self { hasher, shelves: Default::default() }
    }

    /// What leads to the shelf of this exchange; `None` where a message or a part of its head is missing.
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
        let shelf = &self.shelves[shelf(key)];
        let place = shelf.places.iter().find(|place| place.key == key)?;
        let known = place.known.as_deref()?;
        known.is_of(exchange, request, response).then_some(&known.shown)
    }

    /// Remembers what this one shows, if one like it came before: most never come again.
    pub fn remember(&mut self, key: u64, exchange: &Exchange, shown: impl FnOnce() -> Shown) {
        let Some((request, response)) = whole(exchange) else { return };
        let shelf = &mut self.shelves[shelf(key)];
        let Some(place) = shelf.places.iter_mut().find(|place| place.last == key) else {
            shelf.places[shelf.next].last = key;
            shelf.next = (shelf.next + 1) % PLACES;
            return;
        };
        if request.body.start.len().max(response.body.start.len()) > LENGTH {
            return;
        }
        let shown = shown();
        place.key = key;
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

fn shelf(key: u64) -> usize {
    key as usize % SHELVES
}

/// Both messages, where nothing of their heads is missing.
fn whole(exchange: &Exchange) -> Option<(&Request, &Response)> {
    let request = exchange.request.as_ref().filter(|request| request.head_loss.is_none())?;
    let response = exchange.response.as_ref().filter(|response| response.head_loss.is_none())?;
    Some((request, response))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnosis::testing::{diagnose, get};

    #[test]
    fn those_that_share_a_shelf_do_not_drive_each_other_out() {
        let mut recurring = Recurring::new(ahash::RandomState::new());
        let auth = Arc::clone(&diagnose([get("/").answer(401)])[0].auth);
        let response = get("/").answer(401).exchange(1).response;
        let kinds = (0..).map(|kind| {
            let request = get("/").header("Accept", &format!("{kind}")).exchange(1).request;
            Exchange { request, response: response.clone(), ..get("/").exchange(1) }
        });
        let on_the_first =
            |exchange: &Exchange| recurring.key(exchange).is_some_and(|key| shelf(key) == 0);
        let all: Vec<Exchange> = kinds.filter(on_the_first).take(PLACES).collect();
        for round in 0..3 {
            for exchange in &all {
                let key = recurring.key(exchange).unwrap();
                assert_eq!(recurring.find(key, exchange).is_some(), round == 2);
                recurring.remember(key, exchange, || Shown {
                    auth: Arc::clone(&auth),
                    record: None,
                    findings: Arc::default(),
                });
            }
        }
    }
}
