//! Capture filters in libpcap's language, for files and for live captures.

use pcap::{Active, BpfProgram, Capture, Linktype};

use super::{CaptureError, LinkType};

/// A capture filter, compiled for each link type that a file turns out to have.
pub(super) struct FileFilter {
    expression: String,
    programs: Vec<(LinkType, BpfProgram)>,
}

impl FileFilter {
    pub(super) fn new(expression: &str) -> Self {
        Self { expression: expression.to_owned(), programs: Vec::new() }
    }

    /// Compiles the filter for `link_type`, unless that was done.
    pub(super) fn prepare(&mut self, link_type: LinkType) -> Result<(), CaptureError> {
        if self.programs.iter().any(|(known, _)| *known == link_type) {
            return Ok(());
        }
        let program = Capture::dead(dlt(link_type))
            .and_then(|capture| capture.compile(&self.expression, true))
            .map_err(|error| rejected(&self.expression, &error))?;
        self.programs.push((link_type, program));
        Ok(())
    }

    /// Whether a frame passes; `None` where its link type is not prepared.
    #[inline]
    pub(super) fn accepts(&self, link_type: LinkType, data: &[u8]) -> Option<bool> {
        let program = self.programs.iter().find(|(known, _)| *known == link_type);
        program.map(|(_, program)| program.filter(data))
    }
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
