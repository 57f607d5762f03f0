//! Accepted exchanges kept whole, so that a refused one can be compared with the most similar.

use std::collections::{HashMap, VecDeque};
use std::net::IpAddr;
use std::sync::Arc;

use crate::diagnosis::Case;
use crate::diagnosis::history::Record;
use crate::secret::Fingerprint;

/// Routes and credentials remembered; the longest known goes first.
const KEYS: usize = 1024;

/// Octets of messages kept alive, at most.
const OCTETS: usize = 4 << 20;

/// Clients kept for one route.
const CLIENTS: usize = 2;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Key {
    Route(u64, u64),
    Credential(Fingerprint),
}

/// Accepted exchanges by route and by credential.
#[derive(Debug, Default)]
pub struct Successes {
    /// The latest first.
    kept: HashMap<Key, Vec<(IpAddr, Arc<Case>)>, ahash::RandomState>,
    order: VecDeque<Key>,
    octets: usize,
}

impl Successes {
    /// Keeps an accepted exchange.
    pub fn keep(&mut self, record: &Record, case: &Arc<Case>) {
        self.insert(route(record), record.client.ip(), case);
        if let Some(credential) = record.credentials.first().copied().flatten() {
            self.insert(Key::Credential(credential), record.client.ip(), case);
        }
    }

    fn insert(&mut self, key: Key, client: IpAddr, case: &Arc<Case>) {
        let cases = self.kept.entry(key).or_insert_with(|| {
            self.order.push_back(key);
            Vec::new()
        });
        let room = if matches!(key, Key::Route(..)) { CLIENTS } else { 1 };
        let old = cases.iter().position(|(known, _)| *known == client);
        let old = old.or_else(|| (cases.len() >= room).then(|| cases.len() - 1));
        if let Some(old) = old {
            let (_, gone) = cases.remove(old);
            self.octets -= weight(&gone).min(self.octets);
        }
        cases.insert(0, (client, Arc::clone(case)));
        self.octets += weight(case);
        while self.order.len() > KEYS || (self.octets > OCTETS && self.order.len() > 1) {
            let Some(oldest) = self.order.pop_front() else { break };
            for (_, gone) in self.kept.remove(&oldest).unwrap_or_default() {
                self.octets -= weight(&gone).min(self.octets);
            }
        }
    }

    /// The most similar accepted exchange: same client and route, else same credential, else same
    /// route.
    pub fn nearest(&self, record: &Record) -> Option<Arc<Case>> {
        let on_route = self.kept.get(&route(record)).map_or(&[][..], Vec::as_slice);
        let own = on_route.iter().find(|(client, _)| *client == record.client.ip());
        let credential = record.credentials.first().copied().flatten();
        own.or_else(|| self.kept.get(&Key::Credential(credential?))?.first())
            .or_else(|| on_route.first())
            .map(|(_, case)| Arc::clone(case))
    }
}

fn route(record: &Record) -> Key {
    Key::Route(record.origin_key, record.route_key)
}

/// Octets that a case keeps alive.
fn weight(case: &Case) -> usize {
    let exchange = &case.exchange;
    let request =
        exchange.request.as_ref().map_or(0, |r| r.head.memory() + r.body.start.capacity());
    let response =
        exchange.response.as_ref().map_or(0, |r| r.head.memory() + r.body.start.capacity());
    request + response + size_of::<Case>() + 512
}
