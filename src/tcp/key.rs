//! The order-free key of a connection.

use std::net::{IpAddr, Ipv6Addr, SocketAddr};

/// The two endpoints of a connection, lower one first, so that both directions find the same flow.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct FlowKey {
    low: Endpoint,
    high: Endpoint,
}

/// An address and port without what [`SocketAddr`] carries beside them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Endpoint {
    /// High half, low half: two words align better than one double word.
    address: [u64; 2],
    /// The port, and [`IPV4`] where the address is one: an IPv4-mapped IPv6 address is another.
    port: u32,
}

const IPV4: u32 = 1 << 16;

impl std::hash::Hash for Endpoint {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        // Two writes instead of many: the hasher works on whole words.
        state.write_u64(self.address[0] ^ (u64::from(self.port) << 40));
        state.write_u64(self.address[1]);
    }
}

impl Endpoint {
    /// Any order will do that tells all endpoints apart.
    #[inline]
    fn order(&self) -> (u64, u64, u32) {
        (self.address[1], self.address[0], self.port)
    }
}

impl From<SocketAddr> for Endpoint {
    fn from(address: SocketAddr) -> Self {
        let port = u32::from(address.port());
        match address.ip() {
            IpAddr::V4(ip) => Self { address: [0, u64::from(u32::from(ip))], port: port | IPV4 },
            IpAddr::V6(ip) => {
                let address = u128::from(ip);
                Self { address: [(address >> 64) as u64, address as u64], port }
            }
        }
    }
}

impl From<Endpoint> for SocketAddr {
    fn from(endpoint: Endpoint) -> Self {
        let ip = if endpoint.port & IPV4 == 0 {
            let [high, low] = endpoint.address.map(u128::from);
            IpAddr::V6(Ipv6Addr::from(high << 64 | low))
        } else {
            IpAddr::V4((endpoint.address[1] as u32).into())
        };
        Self::new(ip, endpoint.port as u16)
    }
}

impl FlowKey {
    /// The key, and whether `source` is its lower endpoint.
    pub fn new(source: SocketAddr, destination: SocketAddr) -> (Self, bool) {
        let (source, destination) = (Endpoint::from(source), Endpoint::from(destination));
        if source.order() <= destination.order() {
            (Self { low: source, high: destination }, true)
        } else {
            (Self { low: destination, high: source }, false)
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

    #[test]
    fn both_directions_have_one_key() {
        let (a, b) = ("10.0.0.1:80".parse().unwrap(), "10.0.0.2:4000".parse().unwrap());
        let ((forward, a_is_low), (backward, b_is_low)) = (FlowKey::new(a, b), FlowKey::new(b, a));
        assert_eq!(forward, backward);
        assert_ne!(a_is_low, b_is_low);
        assert_eq!(forward.endpoint(a_is_low), a);
        assert_eq!(forward.endpoint(!a_is_low), b);
    }

    #[test]
    fn an_ipv4_mapped_address_stays_ipv6() {
        let (a, b) = ("[::ffff:10.0.0.1]:80".parse().unwrap(), "10.0.0.1:4000".parse().unwrap());
        let (key, low) = FlowKey::new(a, b);
        assert_eq!((key.endpoint(low), key.endpoint(!low)), (a, b));
    }
}
