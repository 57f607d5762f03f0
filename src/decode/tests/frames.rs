//! Packets and frames, put together layer by layer.

use etherparse::PacketBuilder;

use super::{FROM, FROM6, PAYLOAD, TO, TO6};

/// A TCP segment in IPv4.
pub(super) fn v4() -> Vec<u8> {
    let builder = PacketBuilder::ipv4(FROM, TO, 64).tcp(1234, 80, 7, 100);
    let mut packet = Vec::new();
    builder.write(&mut packet, PAYLOAD).unwrap();
    packet
}

/// A TCP segment in IPv6.
pub(super) fn v6() -> Vec<u8> {
    let builder = PacketBuilder::ipv6(FROM6, TO6, 64).tcp(1234, 80, 7, 100);
    let mut packet = Vec::new();
    builder.write(&mut packet, PAYLOAD).unwrap();
    packet
}

pub(super) fn udp(port: u16, content: &[u8]) -> Vec<u8> {
    let mut packet = Vec::new();
    PacketBuilder::ipv4([1, 1, 1, 1], [2, 2, 2, 2], 64)
        .udp(999, port)
        .write(&mut packet, content)
        .unwrap();
    packet
}

/// An IPv4 packet of any protocol.
pub(super) fn ip(protocol: u8, content: &[u8]) -> Vec<u8> {
    let length = (20 + content.len()) as u16;
    let mut packet = vec![0x45, 0];
    packet.extend(length.to_be_bytes());
    packet.extend([0, 0, 0, 0, 64, protocol, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2]);
    packet.extend(content);
    packet
}

/// An IPv6 packet of any next header.
pub(super) fn ip6(next: u8, content: &[u8]) -> Vec<u8> {
    let mut packet = vec![0x60, 0, 0, 0];
    packet.extend((content.len() as u16).to_be_bytes());
    packet.extend([next, 64]);
    packet.extend([FROM6, TO6].concat());
    packet.extend(content);
    packet
}

pub(super) fn ethernet(ether_type: u16, content: &[u8]) -> Vec<u8> {
    [&[2; 12], ether_type.to_be_bytes().as_slice(), content].concat()
}

pub(super) fn join(header: &[u8], content: &[u8]) -> Vec<u8> {
    [header, content].concat()
}
