//! Capture filters in libpcap's language, for files and for live captures.

use std::io;
use std::os::fd::AsRawFd;

use pcap::{Active, BpfProgram, Capture, Linktype, Offline};
use rustix::pipe::pipe;

use super::{CaptureError, LinkType};

/// What a filter is compiled for: in the headers of loopback (LINKTYPE_NULL) the number of the protocol is
/// that of the writer's system, in his byte order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct FileKind {
    pub(super) link_type: LinkType,
    pub(super) big_endian: bool,
}

/// A capture filter, compiled for each kind of packets that a file turns out to have.
pub(super) struct FileFilter {
    expression: String,
    programs: Vec<(FileKind, BpfProgram)>,
}

impl FileFilter {
    pub(super) fn new(expression: &str) -> Self {
        Self { expression: expression.to_owned(), programs: Vec::new() }
    }

    /// Compiles the filter for packets of this kind, unless that was done.
    pub(super) fn prepare(&mut self, kind: FileKind) -> Result<(), CaptureError> {
        if self.programs.iter().any(|(known, _)| *known == kind) {
            return Ok(());
        }
        let program = match empty_file(kind) {
            Ok(file) => file.compile(&self.expression, true),
            // Rights that were given up may stand in the way.
            Err(_) => Capture::dead(dlt(kind.link_type))
                .and_then(|capture| capture.compile(&self.expression, true)),
        };
        let program = program.map_err(|error| rejected(&self.expression, &error))?;
        self.programs.push((kind, program));
        Ok(())
    }

    /// Whether a frame passes; `None` where nothing is prepared for its kind.
    #[inline]
    pub(super) fn accepts(&self, kind: FileKind, data: &[u8]) -> Option<bool> {
        let program = self.programs.iter().find(|(known, _)| *known == kind);
        program.map(|(_, program)| program.filter(data))
    }
}

/// A capture file of this kind without packets: libpcap compiles otherwise for a file than for a capture
/// on this system.
fn empty_file(kind: FileKind) -> Result<Capture<Offline>, io::Error> {
    let word =
        |word: u32| if kind.big_endian { word.to_be_bytes() } else { word.to_le_bytes() }.to_vec();
    let version = if kind.big_endian { [0, 2, 0, 4] } else { [2, 0, 4, 0] }.to_vec();
    let link_type = word(kind.link_type.0.into());
    let header = [word(0xa1b2_c3d4), version, word(0), word(0), word(262_144), link_type].concat();
    let (reader, writer) = pipe()?;
    rustix::io::write(&writer, &header)?;
    drop(writer);
    Capture::from_file(format!("/dev/fd/{}", reader.as_raw_fd())).map_err(io::Error::other)
}

/// libpcap's error as ours, without its own prefix.
pub(super) fn rejected(expression: &str, error: &pcap::Error) -> CaptureError {
    CaptureError::Filter { expression: expression.to_owned(), reason: reason(error) }
}

/// libpcap's words alone.
pub(super) fn reason(error: &pcap::Error) -> String {
    match error {
        pcap::Error::PcapError(text) => text.clone(),
        other => other.to_string(),
    }
}

/// Whether a filter asks for something of the link layer, or for the length of whole frames.
pub(super) fn is_about_frames(expression: &str) -> bool {
    const WORDS: [&str; 9] =
        ["ether", "link", "vlan", "broadcast", "multicast", "arp", "greater", "less", "len"];
    expression
        .split(|character: char| !character.is_ascii_alphanumeric())
        .any(|word| WORDS.contains(&word))
}

/// The number in files and the number in libpcap's interface differ for raw IP.
fn dlt(link_type: LinkType) -> Linktype {
    match link_type {
        LinkType::RAW => Linktype(12),
        LinkType(number) => Linktype(i32::from(number)),
    }
}

/// What the default filter lets through, most important first. A link type for which libpcap does
/// not know a clause does without it.
const DEFAULT_CLAUSES: [&str; 6] = [
    // Fragments of TCP too: libpcap looks at the protocol number only.
    "tcp",
    // IP in IP, IPv6 in IP, GRE, authentication header, EtherIP, MPLS in IP.
    "ip proto 4 or ip proto 41 or ip proto 47 or ip proto 51 or ip proto 94 or ip proto 97 \
     or ip proto 137 or ip proto 143",
    // Extension headers and the same tunnels in IPv6.
    "ip6 and (ip6[6] = 0 or ip6[6] = 4 or ip6[6] = 41 or ip6[6] = 43 or ip6[6] = 44 \
     or ip6[6] = 47 or ip6[6] = 51 or ip6[6] = 60 or ip6[6] = 97 or ip6[6] = 137 \
     or ip6[6] = 143)",
    "udp dst port 4789 or udp dst port 8472 or udp dst port 4790 or udp dst port 6081 \
     or udp dst port 2152 or udp dst port 37008 or udp dst port 1701 or udp dst port 6635 \
     or udp dst port 4341",
    // Later fragments of UDP have no port.
    "ip proto 17 and ip[6:2] & 0x1fff != 0",
    // VLAN tags (that the network card left in), MPLS, PPPoE, bridges, MACsec: what is in them
    // is for the decoder to find out.
    "ether proto 0x8100 or ether proto 0x88a8 or ether proto 0x9100 or ether proto 0x9200 \
     or ether proto 0x8847 or ether proto 0x8848 or ether proto 0x8864 or ether proto 0x88e5 \
     or ether proto 0x88e7 or ether proto 0x8909 or ether proto 0x6558 or ether proto 0x8903 \
     or ether proto 0x8926 or ether proto 0x893f or ether proto 0x894f",
];

/// Puts the user's filter, or the default one, on a live capture; `loopback` when only frames of
/// that interface are wanted.
pub(super) fn set_filter(
    capture: &mut Capture<Active>,
    link_type: LinkType,
    filter: Option<&str>,
    loopback: bool,
) -> Result<(), CaptureError> {
    let filter = match filter {
        Some(expression) => {
            capture.compile(expression, true).map_err(|error| rejected(expression, &error))?;
            expression.to_owned()
        }
        None => default_filter(capture, link_type),
    };
    // Interface 1 is Linux's loopback; what it sends it also receives.
    let once = match (link_type, loopback) {
        (LinkType::LINUX_SLL2, true) => "ifindex 1 and not outbound",
        (LinkType::LINUX_SLL2, false) => "not (ifindex 1 and outbound)",
        _ => "",
    };
    let whole = match (filter.trim(), once) {
        (filter, "") => filter.to_owned(),
        ("", once) => once.to_owned(),
        (filter, once) => format!("({filter}) and {once}"),
    };
    capture.filter(&whole, true).map_err(|error| rejected(&filter, &error))
}

fn default_filter(capture: &Capture<Active>, link_type: LinkType) -> String {
    // In 802.11, where LLC begins depends on each frame's header.
    if matches!(link_type.0, 105 | 119 | 127 | 163) {
        return "type data".to_owned();
    }
    let mut filter = String::new();
    for clause in DEFAULT_CLAUSES {
        let longer = match filter.as_str() {
            "" => format!("({clause})"),
            _ => format!("{filter} or ({clause})"),
        };
        if capture.compile(&longer, true).is_ok() {
            filter = longer;
        }
    }
    filter
}
