//! An address and port as few words, to be compared and hashed for each packet.

use std::net::{IpAddr, Ipv6Addr, SocketAddr};

/// An IP address and a port without what [`SocketAddr`] carries beside them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Endpoint {
    /// High half, low half: two words align better than one double word.
    address: [u64; 2],
    /// The port, and [`IPV4`] where the address is one: an IPv4-mapped IPv6 address is another.
    port: u32,
}

const IPV4: u32 = 1 << 16;

impl std::hash::Hash for Endpoint {
    #[inline]
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        // Two writes instead of many: the hasher works on whole words.
        state.write_u64(self.address[0] ^ (u64::from(self.port) << 40));
        state.write_u64(self.address[1]);
    }
}

impl Endpoint {
    /// No address that is used, and no port.
    pub const NONE: Self = Self { address: [0; 2], port: 0 };

    /// This port at this address.
    #[inline]
    pub fn new(address: IpAddr, port: u16) -> Self {
        let port = u32::from(port);
        match address {
            IpAddr::V4(ip) => Self { address: [0, u64::from(u32::from(ip))], port: port | IPV4 },
            IpAddr::V6(ip) => {
                let address = u128::from(ip);
                Self { address: [(address >> 64) as u64, address as u64], port }
            }
        }
    }

    /// Address and port in one word, where the address is of IPv4.
    #[inline]
    pub fn packed(&self) -> Option<u64> {
        (self.port & IPV4 != 0).then(|| self.address[1] << 32 | u64::from(self.port))
    }

    /// Any order will do that tells all endpoints apart.
    #[inline]
    pub fn order(&self) -> (u64, u64, u32) {
        (self.address[1], self.address[0], self.port)
    }
}

impl From<SocketAddr> for Endpoint {
    fn from(address: SocketAddr) -> Self {
        Self::new(address.ip(), address.port())
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
