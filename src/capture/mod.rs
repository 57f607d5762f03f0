//! Where frames come from: a live interface, a file, a pipe. libpcap is used only here.

mod bpf;
mod classic;
mod compressed;
pub mod file;
mod input;
pub mod interfaces;
pub mod live;
mod names;
mod pcapng;
mod sparse;
#[cfg(test)]
pub(crate) mod testing;
pub mod writer;

use std::path::PathBuf;
use std::sync::Arc;

use crate::time::Timestamp;
pub use input::{BLOCK, BlockReader, Blocks, FileBlocks, HEADROOM};
pub use live::{LiveOptions, LiveSource};

/// What to read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SourceSpec {
    /// Live interfaces.
    Live(LiveOptions),
    /// A capture file.
    File {
        /// Where it is.
        path: PathBuf,
        /// Go on when its end is reached, as `tail -f` does.
        follow: bool,
    },
    /// A capture on standard input.
    Stdin,
}

/// Opens what `spec` names. `bpf` is the capture filter; without one, everything in a file is
/// read, and a live capture takes TCP ([`live::DEFAULT_FILTER`]).
pub fn open(spec: &SourceSpec, bpf: Option<&str>) -> Result<Box<dyn Source + Send>, CaptureError> {
    Ok(match spec {
        SourceSpec::Live(options) => Box::new(LiveSource::open(options, bpf)?),
        SourceSpec::File { path, follow } => Box::new(file::FileSource::open(path, *follow, bpf)?),
        SourceSpec::Stdin => Box::new(file::FileSource::standard_input(bpf)?),
    })
}

/// A link-layer header type as in pcap files (<https://www.tcpdump.org/linktypes.html>).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct LinkType(pub u16);

impl LinkType {
    /// BSD loopback, host byte order.
    pub const NULL: Self = Self(0);
    /// Ethernet.
    pub const ETHERNET: Self = Self(1);
    /// IEEE 802.5 token ring.
    pub const IEEE802_5: Self = Self(6);
    /// SLIP, behind a header of sixteen octets.
    pub const SLIP: Self = Self(8);
    /// PPP.
    pub const PPP: Self = Self(9);
    /// FDDI.
    pub const FDDI: Self = Self(10);
    /// Raw IP, as some systems write it (DLT_RAW).
    pub const RAW_BSD: Self = Self(12);
    /// Raw IP, as OpenBSD writes it.
    pub const RAW_OPENBSD: Self = Self(14);
    /// PPP in HDLC-like framing.
    pub const PPP_HDLC: Self = Self(50);
    /// PPP over Ethernet.
    pub const PPP_ETHER: Self = Self(51);
    /// LLC or bare packets over ATM (RFC 2684).
    pub const ATM_RFC1483: Self = Self(100);
    /// Raw IP.
    pub const RAW: Self = Self(101);
    /// Cisco HDLC.
    pub const C_HDLC: Self = Self(104);
    /// IEEE 802.11.
    pub const IEEE802_11: Self = Self(105);
    /// Classical IP over ATM, as Linux writes it.
    pub const ATM_CLIP: Self = Self(106);
    /// Frame relay.
    pub const FRELAY: Self = Self(107);
    /// OpenBSD loopback, network byte order.
    pub const LOOP: Self = Self(108);
    /// BSD's view into IPsec.
    pub const ENC: Self = Self(109);
    /// Linux cooked capture, version 1.
    pub const LINUX_SLL: Self = Self(113);
    /// The log of BSD's packet filter.
    pub const PFLOG: Self = Self(117);
    /// IEEE 802.11 with a Prism header.
    pub const IEEE802_11_PRISM: Self = Self(119);
    /// IP over Fibre Channel (RFC 2625).
    pub const IP_OVER_FC: Self = Self(122);
    /// ATM, as Sun writes it.
    pub const SUNATM: Self = Self(123);
    /// IEEE 802.11 with a radiotap header.
    pub const IEEE802_11_RADIOTAP: Self = Self(127);
    /// IP over IEEE 1394, as Apple writes it.
    pub const APPLE_IP_OVER_IEEE1394: Self = Self(138);
    /// Darwin's packet tap under its number in memory, which some files carry.
    pub const PKTAP_DARWIN: Self = Self(149);
    /// IEEE 802.11 with an AVS header.
    pub const IEEE802_11_AVS: Self = Self(163);
    /// PPP behind an octet for the direction, as pppd writes it.
    pub const PPP_PPPD: Self = Self(166);
    /// Per-packet information, then any other link type.
    pub const PPI: Self = Self(192);
    /// PPP behind an octet for the direction.
    pub const PPP_WITH_DIR: Self = Self(204);
    /// Cisco HDLC behind an octet for the direction.
    pub const C_HDLC_WITH_DIR: Self = Self(205);
    /// Frame relay behind an octet for the direction.
    pub const FRELAY_WITH_DIR: Self = Self(206);
    /// MPLS labels.
    pub const MPLS: Self = Self(219);
    /// Solaris's observability device.
    pub const IPNET: Self = Self(226);
    /// Raw IPv4.
    pub const IPV4: Self = Self(228);
    /// Raw IPv6.
    pub const IPV6: Self = Self(229);
    /// Linux netfilter log.
    pub const NFLOG: Self = Self(239);
    /// Ethernet behind four octets of a hardware analyser.
    pub const NETANALYZER: Self = Self(240);
    /// Darwin's packet tap: what tcpdump writes of `pktap`.
    pub const PKTAP: Self = Self(258);
    /// Linux cooked capture, version 2.
    pub const LINUX_SLL2: Self = Self(276);
}

/// One captured frame, borrowed from the source's buffer.
#[derive(Debug, Clone, Copy)]
pub struct Frame<'a> {
    /// When it was captured.
    pub timestamp: Timestamp,
    /// How its octets begin.
    pub link_type: LinkType,
    /// Index into [`Source::interfaces`].
    pub interface: u16,
    /// The captured octets.
    pub data: &'a [u8],
    /// Its length on the wire; more than `data.len()` when the snap length cut it.
    pub original_length: u32,
}

impl Frame<'_> {
    /// One of nothing.
    pub const EMPTY: Self = Self {
        timestamp: Timestamp::from_nanoseconds(0),
        link_type: LinkType::NULL,
        interface: 0,
        data: &[],
        original_length: 0,
    };

    /// How many octets the snap length cut off behind those that were captured.
    #[inline]
    pub fn cut(&self) -> u32 {
        self.original_length.saturating_sub(self.data.len() as u32)
    }
}

/// What a source has to say after it was asked for a frame.
#[derive(Debug)]
pub enum Next<'a> {
    /// A frame.
    Frame(Frame<'a>),
    /// None right now: the wire is silent, or the file has not grown. Ask again.
    Idle,
    /// There will be no more.
    End(End),
}

/// The beginning of a large frame, of which the rest is in the recording and was not read.
#[derive(Debug, Clone, Copy)]
pub struct Beginning<'a> {
    /// The frame, with the octets that were read.
    pub frame: Frame<'a>,
    /// How many octets follow them in the recording.
    pub unread: u32,
}

/// What a source that leaves out the middles of large frames has to say.
#[derive(Debug)]
pub enum Part<'a> {
    /// The same as one that does not.
    Whole(Next<'a>),
    /// The beginning of a frame. Whoever needs it whole asks [`Source::whole`] before anything else.
    Beginning(Beginning<'a>),
}

/// How a source ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum End {
    /// A file was read to its end, or a pipe was closed by its writer.
    Complete,
    /// The file ends in the middle of a packet, or cannot be unpacked to its end: what is wrong, and where.
    Damaged(String),
    /// What follows in the file is no capture: what is wrong, and where.
    Corrupt(String),
    /// The user asked to stop.
    Interrupted,
    /// The interface went away or the kernel reported an error.
    Failed(String),
}

/// Losses that only the source knows of.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct SourceDrops {
    /// Dropped by the kernel for want of buffer space.
    pub kernel: u64,
    /// Dropped by the interface or its driver.
    pub interface: u64,
}

/// Frames that are taken in at once where they are there already.
pub const AT_ONCE: usize = 16;

/// Somewhere frames come from.
pub trait Source {
    /// The next frame, or that there is none. Blocks for at most a fraction of a second.
    fn next(&mut self) -> Next<'_>;

    /// The same, or of a large frame the beginning, where the rest was not read.
    fn next_part(&mut self) -> Part<'_> {
        Part::Whole(self.next())
    }

    /// The next frame, if it is there already and small. Asks for the headers of the one behind it, which the
    /// next call needs.
    fn ready(&self) -> Option<Frame<'_>> {
        None
    }

    /// Reads the frame of which [`Self::next_part`] gave the beginning last.
    fn whole(&mut self) -> Next<'_> {
        Next::Idle
    }

    /// Names of the interfaces (for a file: those it names, else the file's name), by index.
    fn interfaces(&self) -> &[Arc<str>];

    /// There is somebody else who can read the file that frames come from, if it is one, ahead of their
    /// use.
    fn offer(&mut self, _helper: Box<dyn Blocks>) {}

    /// Losses so far.
    fn drops(&mut self) -> SourceDrops {
        SourceDrops::default()
    }

    /// Puts another capture filter on a capture that is running: no rights are needed for that.
    /// `None` is the default filter. On an error the filter stays as it was.
    fn set_filter(&mut self, _bpf: Option<&str>) -> Result<(), CaptureError> {
        Err(CaptureError::Interface {
            interface: "this capture".to_owned(),
            reason: "its filter cannot be changed: start again with another -f".to_owned(),
        })
    }

    /// Something that went wrong although frames still come, said once: one of several interfaces
    /// went away.
    fn warning(&mut self) -> Option<String> {
        None
    }
}

/// What went wrong at the program's boundary, in one line that says what to do.
#[derive(Debug, thiserror::Error)]
pub enum CaptureError {
    /// This user may not capture.
    #[error("may not capture on {interface}: {reason}\n  {remedy}")]
    Permission {
        /// Where.
        interface: String,
        /// libpcap's words.
        reason: String,
        /// The one command that changes it.
        remedy: String,
    },
    /// No such interface.
    #[error("no interface named {name:?}{nearest}; there are: {existing}", nearest = suggestion(.nearest.as_deref()))]
    NoSuchInterface {
        /// What was asked for.
        name: String,
        /// The existing name most like it.
        nearest: Option<String>,
        /// All names.
        existing: String,
    },
    /// The capture filter does not compile.
    #[error("capture filter {expression:?}: {reason} (syntax: man pcap-filter)")]
    Filter {
        /// What was asked for.
        expression: String,
        /// libpcap's words.
        reason: String,
    },
    /// The file cannot be opened or is not a capture file.
    #[error("{path}: {reason}")]
    File {
        /// Which.
        path: String,
        /// Why, and what to do.
        reason: String,
    },
    /// Anything else that libpcap says.
    #[error("{interface}: {reason}")]
    Interface {
        /// Where.
        interface: String,
        /// libpcap's words.
        reason: String,
    },
}

fn suggestion(nearest: Option<&str>) -> String {
    nearest.map_or_else(String::new, |name| format!(" (did you mean {name:?}?)"))
}
