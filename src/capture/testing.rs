//! Capture files for tests, as one writes them.

/// Integers in one byte order.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Order {
    Little,
    Big,
}
pub(crate) use Order::{Big, Little};

impl Order {
    pub(crate) fn u16(self, value: u16) -> [u8; 2] {
        match self {
            Little => value.to_le_bytes(),
            Big => value.to_be_bytes(),
        }
    }

    pub(crate) fn u32(self, value: u32) -> [u8; 4] {
        match self {
            Little => value.to_le_bytes(),
            Big => value.to_be_bytes(),
        }
    }

    pub(crate) fn u64(self, value: u64) -> [u8; 8] {
        match self {
            Little => value.to_le_bytes(),
            Big => value.to_be_bytes(),
        }
    }
}

/// Words in this order, one behind the other.
pub(crate) fn words(order: Order, words: &[u32]) -> Vec<u8> {
    words.iter().flat_map(|&word| order.u32(word)).collect()
}

/// A classic file header: version 2.4, Ethernet.
pub(crate) fn classic(order: Order, magic: u32) -> Vec<u8> {
    let mut file = order.u32(magic).to_vec();
    file.extend([order.u16(2), order.u16(4)].concat());
    file.extend(words(order, &[0, 0, 65_535, 1]));
    file
}

/// A record of two octets fewer than there were on the wire.
pub(crate) fn record(order: Order, seconds: u32, fraction: u32, data: &[u8]) -> Vec<u8> {
    let length = data.len() as u32;
    let mut record = words(order, &[seconds, fraction, length, length + 2]);
    record.extend(data);
    record
}

/// A pcapng block around `body`, which is padded.
pub(crate) fn block(order: Order, kind: u32, body: &[u8]) -> Vec<u8> {
    let length = (body.len().next_multiple_of(4) + 12) as u32;
    let mut block = words(order, &[kind, length]);
    block.extend(body);
    block.resize(length as usize - 4, 0);
    block.extend(order.u32(length));
    block
}

/// The header of a pcapng section.
pub(crate) fn section(order: Order) -> Vec<u8> {
    let mut body = words(order, &[0x1a2b_3c4d]);
    body.extend([order.u16(1), order.u16(0)].concat());
    body.extend([0xff; 8]);
    block(order, 0x0a0d_0d0a, &body)
}

/// Options of a block, and their end.
pub(crate) fn options(order: Order, options: &[(u16, &[u8])]) -> Vec<u8> {
    let mut out = Vec::new();
    for (code, value) in options {
        out.extend([order.u16(*code), order.u16(value.len() as u16)].concat());
        out.extend(*value);
        out.resize(out.len().next_multiple_of(4), 0);
    }
    out.extend([0; 4]);
    out
}

/// The description of an interface with these options.
pub(crate) fn interface(order: Order, link_type: u16, given: &[(u16, &[u8])]) -> Vec<u8> {
    let mut body = [order.u16(link_type), [0, 0]].concat();
    body.extend(order.u32(0));
    body.extend(options(order, given));
    block(order, 1, &body)
}

/// A packet, captured whole so many units of time after the epoch.
pub(crate) fn enhanced(order: Order, interface: u32, units: u64, data: &[u8]) -> Vec<u8> {
    let length = data.len() as u32;
    let mut body = words(order, &[interface, (units >> 32) as u32, units as u32, length, length]);
    body.extend(data);
    block(order, 6, &body)
}
