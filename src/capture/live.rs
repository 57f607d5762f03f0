//! Live capture: one interface in place, several merged by time.

use std::sync::Arc;

use pcap::{Active, Capture, Device, Linktype, Packet, Precision};
use rustix::event::{PollFd, PollFlags, Timespec, poll};

use super::names::NamesByIndex;
use super::{CaptureError, End, Frame, LinkType, Next, Source, SourceDrops, bpf, interfaces};
use crate::time::Timestamp;

/// The capture filter that is used when the user gives none, in words for the screen.
pub const DEFAULT_FILTER: &str = "tcp";

/// How long the kernel may collect packets before it hands over a block that is not full. Most of
/// what a packet waits on its way to the screen.
const KERNEL_DELAY_MS: i32 = 10;

/// How long a silent wire is listened to before the caller hears [`Next::Idle`].
const PATIENCE: Timespec = Timespec { tv_sec: 0, tv_nsec: 100_000_000 };

/// Nanoseconds where the kernel gives them; elsewhere libpcap has microseconds only.
const PRECISION: Precision =
    if cfg!(target_os = "linux") { Precision::Nano } else { Precision::Micro };

/// All interfaces at once, on Linux.
const ANY: &str = "any";

/// Linux's loopback interface.
const LOOPBACK: &str = "lo";

/// How to capture.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LiveOptions {
    /// Interface names; none means `any` where the system has it, else the default device.
    pub interfaces: Vec<String>,
    /// Octets kept of each packet.
    pub snaplen: i32,
    /// Size of the kernel's buffer for each interface, in octets.
    pub buffer_size: i32,
    /// Whether to see packets that are not for this machine.
    pub promiscuous: bool,
}

impl Default for LiveOptions {
    fn default() -> Self {
        Self { interfaces: Vec::new(), snaplen: 262_144, buffer_size: 64 << 20, promiscuous: true }
    }
}

/// One interface that is captured on.
struct Port {
    name: String,
    capture: Capture<Active>,
    link_type: LinkType,
    interface: u16,
    /// A packet that was read but not yet handed on, because one of another port was earlier.
    held: Option<Held>,
    data: Vec<u8>,
}

#[derive(Clone, Copy)]
struct Held {
    timestamp: Timestamp,
    original_length: u32,
}

/// Frames from one or several interfaces.
pub struct LiveSource {
    ports: Vec<Port>,
    /// The user's capture filter.
    filter: Option<String>,
    names: NamesByIndex,
    /// Nothing was left in any buffer when last looked.
    drained: bool,
    /// Losses on ports that are gone.
    earlier_drops: SourceDrops,
    last_failure: String,
    /// Whether that was told.
    warned: bool,
}

impl LiveSource {
    /// Starts to capture.
    pub fn open(options: &LiveOptions, bpf: Option<&str>) -> Result<Self, CaptureError> {
        let mut wanted = options.interfaces.clone();
        if wanted.is_empty() {
            wanted.push(default_interface()?);
        }
        let mut ports: Vec<Port> = Vec::new();
        for name in wanted {
            if !ports.iter().any(|port| port.name == name) {
                let index = u16::try_from(ports.len()).unwrap_or(u16::MAX);
                ports.push(Port::open(name, index, options, bpf)?);
            }
        }
        let names = NamesByIndex::new(ports.iter().map(|port| port.name.as_str().into()).collect());
        Ok(Self {
            ports,
            filter: bpf.map(str::to_owned),
            names,
            drained: false,
            earlier_drops: SourceDrops::default(),
            last_failure: String::new(),
            warned: true,
        })
    }

    /// Waits until a packet may be there.
    fn wait(&mut self) -> bool {
        let mut descriptors: Vec<PollFd<'_>> =
            self.ports.iter().map(|port| PollFd::new(&port.capture, PollFlags::IN)).collect();
        // An error of the descriptor's own is for the next read to tell.
        self.drained = poll(&mut descriptors, Some(&PATIENCE)) == Ok(0);
        !self.drained
    }

    /// The only port's next packet, where it lies in the kernel's buffer.
    #[inline]
    fn next_in_place(&mut self) -> Next<'_> {
        let [port] = self.ports.as_mut_slice() else { return Next::Idle };
        match port.capture.next_packet() {
            Ok(packet) => Next::Frame(Frame {
                timestamp: timestamp(&packet),
                link_type: port.link_type,
                interface: self.names.of_frame(port.link_type, packet.data, port.interface),
                data: packet.data,
                original_length: packet.header.len,
            }),
            Err(error) if is_nothing_yet(&error) => {
                self.drained = true;
                Next::Idle
            }
            Err(error) => Next::End(End::Failed(went_away(&port.name, &error))),
        }
    }

    /// The earliest of the packets that the ports have now. Each is copied, so that all can be
    /// looked at before one is chosen.
    fn next_merged(&mut self) -> Next<'_> {
        let mut at = 0;
        while let Some(port) = self.ports.get_mut(at) {
            match port.hold_next() {
                Ok(()) => at += 1,
                Err(error) => self.lose(at, &error),
            }
        }
        let earliest = self
            .ports
            .iter_mut()
            .filter_map(|port| port.held.map(|held| (held.timestamp, port)))
            .min_by_key(|(timestamp, _)| *timestamp);
        let Some((_, port)) = earliest else {
            self.drained = true;
            return Next::Idle;
        };
        let Some(held) = port.held.take() else { return Next::Idle };
        Next::Frame(Frame {
            timestamp: held.timestamp,
            link_type: port.link_type,
            interface: self.names.of_frame(port.link_type, &port.data, port.interface),
            data: &port.data,
            original_length: held.original_length,
        })
    }

    /// Goes on without the port at `at`.
    fn lose(&mut self, at: usize, error: &pcap::Error) {
        let mut port = self.ports.remove(at);
        self.earlier_drops = add(self.earlier_drops, port.drops());
        self.last_failure = went_away(&port.name, error);
        self.warned = false;
    }
}

impl Source for LiveSource {
    fn next(&mut self) -> Next<'_> {
        if self.drained && !self.wait() {
            return Next::Idle;
        }
        match self.ports.as_slice() {
            [] => Next::End(End::Failed(self.last_failure.clone())),
            // A packet that is still held comes before those behind it.
            [port] if port.held.is_none() => self.next_in_place(),
            _ => self.next_merged(),
        }
    }

    fn interfaces(&self) -> &[Arc<str>] {
        self.names.names()
    }

    fn drops(&mut self) -> SourceDrops {
        self.ports.iter_mut().map(Port::drops).fold(self.earlier_drops, add)
    }

    fn set_filter(&mut self, filter: Option<&str>) -> Result<(), CaptureError> {
        for at in 0..self.ports.len() {
            if let Err(error) = self.ports[at].set_filter(filter) {
                for port in self.ports.iter_mut().take(at) {
                    let _ = port.set_filter(self.filter.as_deref());
                }
                return Err(error);
            }
        }
        self.filter = filter.map(str::to_owned);
        Ok(())
    }

    fn warning(&mut self) -> Option<String> {
        let told = std::mem::replace(&mut self.warned, true);
        (!told).then(|| self.last_failure.clone())
    }
}

impl Port {
    /// Every packet on Linux's loopback passes twice, going out and coming in. A capture on `lo`
    /// copies both and throws one away; one on `any` can tell the kernel not to copy it at all. But there
    /// every frame has another link-layer header.
    fn open(
        name: String,
        interface: u16,
        options: &LiveOptions,
        filter: Option<&str>,
    ) -> Result<Self, CaptureError> {
        let as_any = cfg!(target_os = "linux")
            && name == LOOPBACK
            && !filter.is_some_and(bpf::is_about_frames);
        let cooked = as_any
            .then(|| start(ANY, options))
            .and_then(Result::ok)
            .filter(|capture| capture.get_datalink() == link(LinkType::LINUX_SLL2));
        let capture = match cooked {
            Some(capture) => capture,
            None => start(&name, options).map_err(|error| explain(&name, &error))?,
        };
        let link_type = LinkType(capture.get_datalink().0 as u16);
        let mut port = Self { name, capture, link_type, interface, held: None, data: Vec::new() };
        port.set_filter(filter)?;
        Ok(port)
    }

    fn set_filter(&mut self, filter: Option<&str>) -> Result<(), CaptureError> {
        bpf::set_filter(&mut self.capture, self.link_type, filter, self.name == LOOPBACK)
    }

    fn hold_next(&mut self) -> Result<(), pcap::Error> {
        if self.held.is_some() {
            return Ok(());
        }
        match self.capture.next_packet() {
            Ok(packet) => {
                self.held = Some(Held {
                    timestamp: timestamp(&packet),
                    original_length: packet.header.len,
                });
                self.data.clear();
                self.data.extend_from_slice(packet.data);
                Ok(())
            }
            Err(error) if is_nothing_yet(&error) => Ok(()),
            Err(error) => Err(error),
        }
    }

    fn drops(&mut self) -> SourceDrops {
        self.capture.stats().map_or_else(
            |_| SourceDrops::default(),
            |stat| SourceDrops {
                kernel: u64::from(stat.dropped),
                interface: u64::from(stat.if_dropped),
            },
        )
    }
}

/// Starts a capture that does not block.
fn start(name: &str, options: &LiveOptions) -> Result<Capture<Active>, pcap::Error> {
    let mut capture = Capture::from_device(name)?
        .snaplen(options.snaplen)
        .buffer_size(options.buffer_size)
        .promisc(options.promiscuous && name != ANY)
        .timeout(KERNEL_DELAY_MS)
        .precision(PRECISION)
        .open()?
        .setnonblock()?;
    // Version 2 of the cooked header says which interface a frame of `any` came from.
    if capture.get_datalink() == link(LinkType::LINUX_SLL) {
        let _ = capture.set_datalink(link(LinkType::LINUX_SLL2));
    }
    Ok(capture)
}

fn add(a: SourceDrops, b: SourceDrops) -> SourceDrops {
    SourceDrops { kernel: a.kernel + b.kernel, interface: a.interface + b.interface }
}

/// Whether it only says that there is no packet now. libpcap's readers of netlink (nflog, nfqueue) pass on what
/// recv(2) says.
fn is_nothing_yet(error: &pcap::Error) -> bool {
    match error {
        pcap::Error::TimeoutExpired => true,
        pcap::Error::PcapError(text) => text.ends_with("Resource temporarily unavailable"),
        _ => false,
    }
}

fn link(link_type: LinkType) -> Linktype {
    Linktype(i32::from(link_type.0))
}

fn timestamp(packet: &Packet<'_>) -> Timestamp {
    let time = packet.header.ts;
    let unit = if PRECISION == Precision::Nano { 1 } else { 1000 };
    let fraction = u32::try_from(time.tv_usec).unwrap_or(0).saturating_mul(unit);
    #[allow(clippy::useless_conversion, reason = "its width is the platform's")]
    Timestamp::from_parts(i64::from(time.tv_sec), fraction)
}

/// `any` where the system has it, else what libpcap prefers.
fn default_interface() -> Result<String, CaptureError> {
    if cfg!(target_os = "linux") {
        return Ok(ANY.to_owned());
    }
    let device = Device::lookup().ok().flatten();
    device.map(|device| device.name).ok_or_else(|| CaptureError::Interface {
        interface: "default interface".to_owned(),
        reason: "there is none to capture on; name one with -i".to_owned(),
    })
}

fn went_away(name: &str, error: &pcap::Error) -> String {
    format!("interface {name} went away: {}", bpf::reason(error))
}

/// libpcap's error, with what to do about it.
fn explain(name: &str, error: &pcap::Error) -> CaptureError {
    let reason = bpf::reason(error);
    let lower = reason.to_lowercase();
    let permission = ["permission", "not permitted", "cap_net_raw"];
    if permission.iter().any(|word| lower.contains(word)) {
        return CaptureError::Permission {
            interface: name.to_owned(),
            reason,
            remedy: remedy().to_owned(),
        };
    }
    interfaces::unknown(name)
        .unwrap_or_else(|| CaptureError::Interface { interface: name.to_owned(), reason })
}

/// The one command that lets this user capture.
pub fn remedy() -> &'static str {
    if cfg!(target_os = "linux") {
        "allow it once with: sudo setcap cap_net_raw,cap_net_admin=eip $(command -v why401)  \
         (or run it with sudo)"
    } else {
        "run it with sudo"
    }
}
