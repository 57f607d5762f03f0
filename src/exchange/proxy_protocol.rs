//! The PROXY protocol, versions 1 and 2: a load balancer's word on who the client is.
//! <https://www.haproxy.org/download/2.9/doc/proxy-protocol.txt>

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

const SIGNATURE_V2: &[u8] = b"\r\n\r\n\0\r\nQUIT\n";

/// §2.1: a version 1 line has at most 107 octets, line end included.
const MAX_V1: usize = 107;

/// What the first octets of a connection are.
#[derive(Debug, PartialEq, Eq)]
pub enum Preamble {
    /// A header of so many octets, and the client it names (none for health checks).
    Header(usize, Option<SocketAddr>),
    /// It may become one.
    Partial,
    /// Something else.
    None,
}

/// Looks for a PROXY protocol header.
pub fn read(octets: &[u8]) -> Preamble {
    let v2 = octets.len().min(SIGNATURE_V2.len());
    if octets[..v2] == SIGNATURE_V2[..v2] {
        return version_2(octets);
    }
    let v1 = octets.len().min(6);
    if octets[..v1] == b"PROXY "[..v1] {
        return version_1(octets);
    }
    Preamble::None
}

fn version_1(octets: &[u8]) -> Preamble {
    let Some(end) = octets.iter().take(MAX_V1).position(|&octet| octet == b'\n') else {
        return if octets.len() < MAX_V1 { Preamble::Partial } else { Preamble::None };
    };
    let Ok(line) = std::str::from_utf8(&octets[..end]) else { return Preamble::None };
    let mut words = line.trim_end().split(' ').skip(1);
    let client = match words.next() {
        Some("UNKNOWN") => None,
        Some("TCP4" | "TCP6") => {
            let ip = words.next().and_then(|word| word.parse::<IpAddr>().ok());
            let port = words.nth(1).and_then(|word| word.parse::<u16>().ok());
            match (ip, port) {
                (Some(ip), Some(port)) => Some(SocketAddr::new(ip, port)),
                _ => return Preamble::None,
            }
        }
        _ => return Preamble::None,
    };
    Preamble::Header(end + 1, client)
}

fn version_2(octets: &[u8]) -> Preamble {
    let Some(header) = octets.get(..16) else { return Preamble::Partial };
    if header[12] >> 4 != 2 {
        return Preamble::None;
    }
    let length = 16 + usize::from(u16::from_be_bytes([header[14], header[15]]));
    let Some(addresses) = octets.get(16..length) else {
        return if length <= 4096 { Preamble::Partial } else { Preamble::None };
    };
    // Low nibble 0 is LOCAL: the balancer speaks for itself.
    let client = match (header[12] & 15, header[13] >> 4) {
        (1, 1) => addresses.first_chunk::<12>().map(|a| {
            let ip = Ipv4Addr::new(a[0], a[1], a[2], a[3]);
            SocketAddr::new(ip.into(), u16::from_be_bytes([a[8], a[9]]))
        }),
        (1, 2) => addresses.first_chunk::<36>().and_then(|a| {
            let ip: [u8; 16] = a[..16].try_into().ok()?;
            Some(SocketAddr::new(Ipv6Addr::from(ip).into(), u16::from_be_bytes([a[32], a[33]])))
        }),
        _ => None,
    };
    Preamble::Header(length, client)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn version_1_names_the_client() {
        let client = "192.0.2.7:56324".parse().ok();
        let line = b"PROXY TCP4 192.0.2.7 192.0.2.1 56324 443\r\nGET / HTTP/1.1\r\n";
        assert_eq!(read(line), Preamble::Header(42, client));
        assert_eq!(read(b"PROXY UNKNOWN\r\n"), Preamble::Header(15, None));
        assert_eq!(read(b"PROX"), Preamble::Partial);
        assert_eq!(read(b"GET / HTTP/1.1"), Preamble::None);
        assert_eq!(read(b"PROXY x y z\r\n"), Preamble::None);
    }

    #[test]
    fn version_2_names_the_client() {
        let mut header = SIGNATURE_V2.to_vec();
        header.extend([0x21, 0x11, 0, 12, 192, 0, 2, 7, 192, 0, 2, 1, 0xdc, 0x04, 0x01, 0xbb]);
        assert_eq!(read(&header), Preamble::Header(28, "192.0.2.7:56324".parse().ok()));
        assert_eq!(read(&header[..20]), Preamble::Partial);
    }
}
