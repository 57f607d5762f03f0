//! The order-free key of a connection.

use std::hash::{Hash, Hasher};
use std::net::SocketAddr;

use crate::decode::{Endpoint, Segment};

/// The two endpoints of a connection, lower one first, so that both directions find the same flow.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FlowKey {
    low: Endpoint,
    high: Endpoint,
}

impl Hash for FlowKey {
    #[inline]
    fn hash<H: Hasher>(&self, state: &mut H) {
        if let (Some(low), Some(high)) = (self.low.packed(), self.high.packed()) {
            state.write_u64(low);
            state.write_u64(high);
        } else {
            self.low.hash(state);
            self.high.hash(state);
        }
    }
}

impl FlowKey {
    /// The key, and whether `source` is its lower endpoint.
    #[inline]
    pub fn new(source: Endpoint, destination: Endpoint) -> (Self, bool) {
        if source.order() <= destination.order() {
            (Self { low: source, high: destination }, true)
        } else {
            (Self { low: destination, high: source }, false)
        }
    }

    /// The key of this segment's connection, of which it is known which endpoint is the lower one.
    #[inline]
    pub fn of(segment: &Segment<'_>, source_is_low: bool) -> Self {
        let (source, destination) = (segment.source, segment.destination);
        if source_is_low {
            Self { low: source, high: destination }
        } else {
            Self { low: destination, high: source }
        }
    }

    /// The lower or the higher endpoint.
    pub fn endpoint(&self, low: bool) -> SocketAddr {
        if low { self.low.into() } else { self.high.into() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(source: SocketAddr, destination: SocketAddr) -> (FlowKey, bool) {
        FlowKey::new(source.into(), destination.into())
    }

    #[test]
    fn both_directions_have_one_key() {
        let (a, b) = ("10.0.0.1:80".parse().unwrap(), "10.0.0.2:4000".parse().unwrap());
        let (forward, a_is_low) = key(a, b);
        let (backward, b_is_low) = key(b, a);
        assert_eq!(forward, backward);
        assert_ne!(a_is_low, b_is_low);
        assert_eq!(forward.endpoint(a_is_low), a);
        assert_eq!(forward.endpoint(!a_is_low), b);
    }

    #[test]
    fn every_part_of_a_key_counts_in_its_hash() {
        let keys = [
            ("10.0.0.1:80", "10.0.0.2:4000"),
            ("10.0.0.1:81", "10.0.0.2:4000"),
            ("10.0.0.3:80", "10.0.0.2:4000"),
            ("10.0.0.1:80", "10.0.0.2:4001"),
            ("10.0.0.1:80", "10.0.0.4:4000"),
            ("[::ffff:10.0.0.1]:80", "10.0.0.2:4000"),
            ("[::ffff:10.0.0.1]:80", "[::ffff:10.0.0.2]:4000"),
            ("[1::ffff:10.0.0.1]:80", "[::ffff:10.0.0.2]:4000"),
            ("[::ffff:10.0.0.1]:80", "[1::ffff:10.0.0.2]:4000"),
            ("[::ffff:10.0.0.1]:80", "[::ffff:10.0.0.2]:4001"),
        ];
        let hasher = ahash::RandomState::with_seeds(1, 2, 3, 4);
        let hash =
            |(a, b): &(&str, &str)| hasher.hash_one(key(a.parse().unwrap(), b.parse().unwrap()).0);
        let hashes: std::collections::HashSet<u64> = keys.iter().map(hash).collect();
        assert_eq!(hashes.len(), keys.len());
    }

    #[test]
    fn an_ipv4_mapped_address_stays_ipv6() {
        let (a, b) = ("[::ffff:10.0.0.1]:80".parse().unwrap(), "10.0.0.1:4000".parse().unwrap());
        let (key, low) = key(a, b);
        assert_eq!((key.endpoint(low), key.endpoint(!low)), (a, b));
    }
}
