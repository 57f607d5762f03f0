//! The interfaces of this machine, and whether this user may capture on them.

use std::net::IpAddr;
use std::path::Path;

use pcap::{Capture, Device};

use super::{CaptureError, bpf};
use crate::text;

/// An interface that libpcap knows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Interface {
    /// As given to `-i`.
    pub name: String,
    /// libpcap's words for it, where it has some.
    pub description: Option<String>,
    /// Its addresses.
    pub addresses: Vec<IpAddr>,
    /// Whether it is switched on.
    pub up: bool,
    /// Whether it can carry traffic now.
    pub running: bool,
    /// Whether it is this machine talking to itself.
    pub loopback: bool,
    /// The link type that a capture on it would have (`EN10MB`), or why this user may not capture.
    pub capture: Result<String, String>,
}

/// All interfaces, in the order in which libpcap prefers them.
pub fn list() -> Result<Vec<Interface>, CaptureError> {
    Ok(devices()?.into_iter().map(describe).collect())
}

fn describe(device: Device) -> Interface {
    Interface {
        capture: try_capture(&device.name),
        up: device.flags.is_up(),
        running: device.flags.is_running(),
        loopback: device.flags.is_loopback(),
        addresses: device.addresses.iter().map(|address| address.addr).collect(),
        description: device.desc,
        name: device.name,
    }
}

/// Packets that an interface has carried since it was made, where the system counts them in a file.
/// `any` has carried what all of them have.
pub fn packets(name: &str) -> Option<u64> {
    let folder = Path::new("/sys/class/net");
    if name == "any" {
        let names = std::fs::read_dir(folder).ok()?.flatten();
        return Some(names.filter_map(|entry| carried(&entry.path())).sum());
    }
    // A name with a slash in it would lead elsewhere.
    (!name.contains('/')).then(|| carried(&folder.join(name))).flatten()
}

fn carried(interface: &Path) -> Option<u64> {
    let count = |file: &str| -> Option<u64> {
        std::fs::read_to_string(interface.join("statistics").join(file)).ok()?.trim().parse().ok()
    };
    Some(count("rx_packets")? + count("tx_packets")?)
}

/// Opens a capture with the smallest of buffers and closes it again.
fn try_capture(name: &str) -> Result<String, String> {
    const SMALL: i32 = 64 << 10;
    let capture = Capture::from_device(name)
        .and_then(|capture| capture.snaplen(96).buffer_size(SMALL).timeout(1).open())
        .map_err(|error| bpf::reason(&error))?;
    let link_type = capture.get_datalink();
    Ok(link_type.get_name().unwrap_or_else(|_| link_type.0.to_string()))
}

pub(super) fn devices() -> Result<Vec<Device>, CaptureError> {
    Device::list().map_err(|error| CaptureError::Interface {
        interface: "interfaces".to_owned(),
        reason: bpf::reason(&error),
    })
}

/// The error for a name that no interface has, when that is so.
pub(super) fn unknown(name: &str) -> Option<CaptureError> {
    let devices = devices().ok()?;
    let names: Vec<&str> = devices.iter().map(|device| device.name.as_str()).collect();
    (!names.contains(&name)).then(|| CaptureError::NoSuchInterface {
        name: name.to_owned(),
        nearest: text::nearest(name, names.iter().copied()).map(str::to_owned),
        existing: names.join(", "),
    })
}
