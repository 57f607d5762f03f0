//! Requests under way, by server. A proxy answers after the server behind it has: only while a request to
//! another server is under way can what was answered here be another leg of it.

use std::collections::HashMap;
use std::net::SocketAddr;

/// Servers that are told apart; to all others together belongs one more place.
const SERVERS: usize = 1 << 16;

/// Where the requests to one server are counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place(u32);

impl Place {
    /// Of servers that are not told apart.
    const OTHERS: Self = Self(0);
}

/// How many requests were seen and neither answered nor given up.
#[derive(Debug)]
pub struct UnderWay {
    places: HashMap<SocketAddr, Place, ahash::RandomState>,
    counts: Vec<usize>,
    total: usize,
}

impl Default for UnderWay {
    fn default() -> Self {
        Self { places: HashMap::default(), counts: vec![0], total: 0 }
    }
}

impl UnderWay {
    /// The place of a server. It stays the same.
    pub fn place(&mut self, server: SocketAddr) -> Place {
        if let Some(place) = self.places.get(&server) {
            return *place;
        }
        if self.places.len() >= SERVERS {
            return Place::OTHERS;
        }
        let place = Place(self.counts.len() as u32);
        self.counts.push(0);
        self.places.insert(server, place);
        place
    }

    /// One connection to a server has so many requests under way now, where it had others before.
    pub fn change(&mut self, place: Place, before: usize, now: usize) {
        if let Some(own) = self.counts.get_mut(place.0 as usize) {
            *own = (*own + now).saturating_sub(before);
            self.total = (self.total + now).saturating_sub(before);
        }
    }

    /// Whether any may be under way to another server than this one.
    pub fn elsewhere(&self, place: Place) -> bool {
        let own = self.counts.get(place.0 as usize).copied().unwrap_or_default();
        place == Place::OTHERS || self.total > own
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn server(number: u32) -> SocketAddr {
        (std::net::Ipv4Addr::from(number), 80).into()
    }

    #[test]
    fn only_requests_to_other_servers_count() {
        let mut under_way = UnderWay::default();
        let (one, other) = (under_way.place(server(1)), under_way.place(server(2)));
        assert_eq!(under_way.place(server(1)), one);
        under_way.change(one, 0, 2);
        assert!(!under_way.elsewhere(one) && under_way.elsewhere(other));
        under_way.change(other, 0, 1);
        assert!(under_way.elsewhere(one));
        under_way.change(other, 1, 0);
        assert!(!under_way.elsewhere(one));
        under_way.change(one, 2, 0);
        assert!(!under_way.elsewhere(other));
    }

    #[test]
    fn of_too_many_servers_nothing_is_said() {
        let mut under_way = UnderWay::default();
        let places = (0..=SERVERS as u32).map(|number| under_way.place(server(number)));
        let last = places.last().unwrap();
        assert!(under_way.elsewhere(last));
        assert_eq!(under_way.places.len(), SERVERS);
    }
}
