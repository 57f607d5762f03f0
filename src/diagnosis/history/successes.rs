//! Accepted exchanges kept whole, so that a refused one can be compared with the most similar.

use std::collections::{HashMap, VecDeque};
use std::hash::BuildHasherDefault;
use std::net::IpAddr;
use std::sync::Arc;

use crate::diagnosis::Case;
use crate::diagnosis::history::{Chain, Hashed, Record};
use crate::http::Response;

/// Routes and credentials remembered; the longest known goes first.
const KEYS: usize = 1024;

/// Octets of messages kept alive, at most.
const OCTETS: usize = 4 << 20;

/// Clients kept for one route.
const CLIENTS: usize = 2;

/// The latest accepted exchanges of one key, the latest first: one a client.
type Kept = [Option<Success>; CLIENTS];

/// An accepted exchange.
#[derive(Debug)]
struct Success {
    client: IpAddr,
    case: Arc<Case>,
    /// Octets that it keeps alive.
    weight: usize,
}

/// Accepted exchanges by route and by credential.
#[derive(Debug, Default)]
pub struct Successes {
    kept: HashMap<u64, Kept, BuildHasherDefault<Hashed>>,
    order: VecDeque<u64>,
    octets: usize,
}

impl Successes {
    /// Keeps an accepted exchange.
    pub fn keep(&mut self, record: &Record, case: &Arc<Case>) {
        let weight = weight(case);
        self.insert(route(record), CLIENTS, record.client.ip(), case, weight);
        if let Some(credential) = credential(record) {
            self.insert(credential, 1, record.client.ip(), case, weight);
        }
    }

    fn insert(&mut self, key: u64, room: usize, client: IpAddr, case: &Arc<Case>, weight: usize) {
        let cases = self.kept.entry(key).or_insert_with(|| {
            self.order.push_back(key);
            Kept::default()
        });
        let cases = cases.get_mut(..room).unwrap_or_default();
        let own =
            cases.iter().position(|kept| kept.as_ref().is_none_or(|kept| kept.client == client));
        // The place of this client's last one, else a free one, else that of the oldest.
        let place = own.unwrap_or(room - 1);
        if let Some(gone) = cases.get_mut(place).and_then(Option::take) {
            self.octets -= gone.weight.min(self.octets);
        }
        if let Some(newer) = cases.get_mut(..=place) {
            newer.rotate_right(1);
        }
        if let Some(first) = cases.first_mut() {
            *first = Some(Success { client, case: Arc::clone(case), weight });
        }
        self.octets += weight;
        while self.order.len() > KEYS || (self.octets > OCTETS && self.order.len() > 1) {
            let Some(oldest) = self.order.pop_front() else { break };
            for gone in self.kept.remove(&oldest).into_iter().flatten().flatten() {
                self.octets -= gone.weight.min(self.octets);
            }
        }
    }

    /// The most similar accepted exchange: same client and route, else same credential, else same
    /// route.
    pub fn nearest(&self, record: &Record) -> Option<Arc<Case>> {
        let kept = |key| self.kept.get(&key).into_iter().flatten().flatten();
        let on_route = kept(route(record));
        let own = on_route.clone().find(|kept| kept.client == record.client.ip());
        own.or_else(|| kept(credential(record)?).next())
            .or_else(|| on_route.clone().next())
            .map(|kept| Arc::clone(&kept.case))
    }
}

/// What tells the route of a record from others.
fn route(record: &Record) -> u64 {
    Chain::Route(record.origin_key, record.route_key).key()
}

/// What tells its credential from others.
fn credential(record: &Record) -> Option<u64> {
    let credential = record.credentials.first().copied().flatten()?;
    Some(Chain::Credential(credential).key())
}

/// Octets that a case keeps alive.
fn weight(case: &Case) -> usize {
    let exchange = &case.exchange;
    let request = exchange.request.as_ref().map_or(0, |r| r.head.memory() + r.body.start.len());
    let response = exchange.response.as_ref().map_or(0, Response::memory);
    request + response + size_of::<Case>() + 512
}
