//! Names for the interfaces that frames of `any` came from.

use std::sync::Arc;

use rustix::net::{AddressFamily, SocketType, netdevice, socket};

use super::LinkType;

/// Interface names by the index that frames carry, and by the kernel's.
pub(super) struct NamesByIndex {
    names: Vec<Arc<str>>,
    /// The kernel's index, and ours. The last one used stands first.
    known: Vec<(u32, u16)>,
}

impl NamesByIndex {
    /// With the interfaces that were asked for.
    pub(super) fn new(names: Vec<Arc<str>>) -> Self {
        Self { names, known: Vec::new() }
    }

    pub(super) fn names(&self) -> &[Arc<str>] {
        &self.names
    }

    /// The index for a frame: that of the interface which its cooked header names, else `port`.
    #[inline]
    pub(super) fn of_frame(&mut self, link_type: LinkType, data: &[u8], port: u16) -> u16 {
        if link_type != LinkType::LINUX_SLL2 {
            return port;
        }
        let Some(octets) = data.get(4..).and_then(<[u8]>::first_chunk::<4>) else { return port };
        let kernel = u32::from_be_bytes(*octets);
        match self.known.first() {
            Some(&(last, index)) if last == kernel => index,
            _ => self.look_up(kernel, port),
        }
    }

    fn look_up(&mut self, kernel: u32, port: u16) -> u16 {
        let at = self.known.iter().position(|&(known, _)| known == kernel).unwrap_or_else(|| {
            let index = self.name_of(kernel).unwrap_or(port);
            self.known.push((kernel, index));
            self.known.len() - 1
        });
        self.known.swap(0, at);
        self.known.first().map_or(port, |&(_, index)| index)
    }

    fn name_of(&mut self, kernel: u32) -> Option<u16> {
        let socket = socket(AddressFamily::UNIX, SocketType::DGRAM, None).ok()?;
        let name: Arc<str> = netdevice::index_to_name(socket, kernel).ok()?.into();
        let at = self.names.iter().position(|known| *known == name).unwrap_or_else(|| {
            self.names.push(name);
            self.names.len() - 1
        });
        u16::try_from(at).ok()
    }
}
