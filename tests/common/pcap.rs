//! Capture files made by hand.

use std::path::Path;

use why401::capture::LinkType;

/// A pcap file with nanoseconds.
#[derive(Clone)]
pub struct PcapFile {
    octets: Vec<u8>,
}

impl PcapFile {
    /// An empty one.
    pub fn new(link_type: LinkType) -> Self {
        let mut octets = Vec::new();
        for word in [0xa1b2_3c4d_u32, 0x0004_0002, 0, 0, 262_144, u32::from(link_type.0)] {
            octets.extend(word.to_le_bytes());
        }
        Self { octets }
    }

    /// Adds a packet that was captured whole, so many nanoseconds after the epoch.
    pub fn packet(&mut self, nanoseconds: u64, data: &[u8]) -> &mut Self {
        self.snapped(nanoseconds, data, data.len())
    }

    /// Adds a packet that had `original` octets on the wire.
    pub fn snapped(&mut self, nanoseconds: u64, data: &[u8], original: usize) -> &mut Self {
        let (seconds, fraction) = (nanoseconds / 1_000_000_000, nanoseconds % 1_000_000_000);
        for word in [seconds as u32, fraction as u32, data.len() as u32, original as u32] {
            self.octets.extend(word.to_le_bytes());
        }
        self.octets.extend(data);
        self
    }

    /// The file's octets.
    pub fn octets(&self) -> &[u8] {
        &self.octets
    }

    /// Saves it.
    pub fn save(&self, path: &Path) {
        std::fs::write(path, &self.octets).unwrap();
    }
}
