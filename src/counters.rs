//! What was seen, lost and bounded. `docs/COUNTERS.md` says what a user should do about each.

use std::collections::BTreeMap;

/// Why a frame gave no TCP segment. The names are shown to the user.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Undecodable {
    /// The link type is not one this program knows.
    LinkType,
    /// The frame ends before its link-layer header does.
    LinkHeader,
    /// The IP header is cut off or contradicts itself.
    IpHeader,
    /// The TCP header is cut off or contradicts itself.
    TcpHeader,
    /// More encapsulations than the bound allows.
    TunnelDepth,
    /// The header of a tunnel is cut off or of an unknown version.
    TunnelHeader,
}

impl Undecodable {
    /// All of them.
    pub const ALL: [Self; 6] = [
        Self::LinkType,
        Self::LinkHeader,
        Self::IpHeader,
        Self::TcpHeader,
        Self::TunnelDepth,
        Self::TunnelHeader,
    ];

    /// The name used in counters.
    pub const fn name(self) -> &'static str {
        match self {
            Self::LinkType => "link-type",
            Self::LinkHeader => "link-header",
            Self::IpHeader => "ip-header",
            Self::TcpHeader => "tcp-header",
            Self::TunnelDepth => "tunnel-depth",
            Self::TunnelHeader => "tunnel-header",
        }
    }
}

/// A bound that was reached. The names are shown to the user as `limits_hit`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Limit {
    /// `--limit-memory`.
    Memory,
    /// Connections tracked at once.
    Flows,
    /// Octets or segments out of order on one connection.
    Reassembly,
    /// A message head longer than the bound.
    Head,
    /// More header fields than the bound.
    HeaderFields,
    /// More unanswered requests on a connection than the bound.
    Pipeline,
    /// IP fragments waiting.
    Fragments,
    /// Transactions remembered by the diagnosis.
    DiagnosisWindow,
    /// Events that a lagging screen did not take.
    Mailbox,
}

impl Limit {
    /// All of them.
    pub const ALL: [Self; 9] = [
        Self::Memory,
        Self::Flows,
        Self::Reassembly,
        Self::Head,
        Self::HeaderFields,
        Self::Pipeline,
        Self::Fragments,
        Self::DiagnosisWindow,
        Self::Mailbox,
    ];

    /// The name used in counters and JSON.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Memory => "memory",
            Self::Flows => "flows",
            Self::Reassembly => "reassembly",
            Self::Head => "head",
            Self::HeaderFields => "header-fields",
            Self::Pipeline => "pipeline",
            Self::Fragments => "fragments",
            Self::DiagnosisWindow => "diagnosis-window",
            Self::Mailbox => "mailbox",
        }
    }
}

/// Everything counted in one run of the engine.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Counters {
    /// Frames read from the source.
    pub packets_seen: u64,
    /// Octets of those frames on the wire.
    pub octets_seen: u64,
    /// Frames that the kernel dropped because this program was too slow (`ps_drop`).
    pub dropped_kernel: u64,
    /// Frames that the interface dropped (`ps_ifdrop`).
    pub dropped_interface: u64,
    /// Frames that should have been saved (`-w`) and were not: the disk was full.
    pub not_saved: u64,
    /// Frames that could not be decoded, by reason.
    pub undecodable: BTreeMap<Undecodable, u64>,
    /// Frames that carry something other than TCP.
    pub not_tcp: u64,
    /// Frames shorter in the capture than on the wire.
    pub truncated: u64,
    /// Fragments that never became a packet.
    pub fragments_expired: u64,
    /// TCP connections seen.
    pub flows: u64,
    /// Connections whose content is HTTP.
    pub http_flows: u64,
    /// Connections given up because their content is not HTTP.
    pub not_http_flows: u64,
    /// Connections that looked encrypted (TLS records).
    pub tls_flows: u64,
    /// Segments whose octets had all been seen before.
    pub retransmitted: u64,
    /// The same packet captured twice (`any`, mirror ports, bridges).
    pub duplicate_packets: u64,
    /// Segments that arrived before an earlier one.
    pub out_of_order: u64,
    /// Segments that repeat octets with other content; the first content was kept.
    pub overlap_conflicts: u64,
    /// Stretches of a stream that were never seen.
    pub gaps: u64,
    /// Octets in those stretches.
    pub gap_octets: u64,
    /// Connections joined after their start.
    pub midstream_flows: u64,
    /// Messages whose syntax had to be forgiven.
    pub http_anomalies: u64,
    /// Messages of which a header was lost.
    pub heads_lost: u64,
    /// Exchanges completed or given up.
    pub exchanges: u64,
    /// Exchanges with status 401.
    pub unauthorized: u64,
    /// Those of the 401s that are part of a normal flow.
    pub benign: u64,
    /// Requests without a response, and responses without a request.
    pub unpaired: u64,
    /// Bounds reached, and how often.
    pub limits: BTreeMap<Limit, u64>,
    /// Memory held by buffers and tables now, in octets (an estimate from their capacities).
    pub memory: u64,
}

impl Counters {
    /// Counts one more time that `limit` was reached.
    pub fn hit(&mut self, limit: Limit) {
        *self.limits.entry(limit).or_default() += 1;
    }

    /// Counts one more undecodable frame.
    pub fn undecodable(&mut self, reason: Undecodable) {
        *self.undecodable.entry(reason).or_default() += 1;
    }

    /// All undecodable frames.
    pub fn undecodable_total(&self) -> u64 {
        self.undecodable.values().sum()
    }
}

/// Two halves of one run together.
impl std::ops::AddAssign<&Self> for Counters {
    fn add_assign(&mut self, other: &Self) {
        // Named one by one, so that none is forgotten.
        let Self {
            packets_seen,
            octets_seen,
            dropped_kernel,
            dropped_interface,
            not_saved,
            undecodable,
            not_tcp,
            truncated,
            fragments_expired,
            flows,
            http_flows,
            not_http_flows,
            tls_flows,
            retransmitted,
            duplicate_packets,
            out_of_order,
            overlap_conflicts,
            gaps,
            gap_octets,
            midstream_flows,
            http_anomalies,
            heads_lost,
            exchanges,
            unauthorized,
            benign,
            unpaired,
            limits,
            memory,
        } = other;
        self.packets_seen += packets_seen;
        self.octets_seen += octets_seen;
        self.dropped_kernel += dropped_kernel;
        self.dropped_interface += dropped_interface;
        self.not_saved += not_saved;
        self.not_tcp += not_tcp;
        self.truncated += truncated;
        self.fragments_expired += fragments_expired;
        self.flows += flows;
        self.http_flows += http_flows;
        self.not_http_flows += not_http_flows;
        self.tls_flows += tls_flows;
        self.retransmitted += retransmitted;
        self.duplicate_packets += duplicate_packets;
        self.out_of_order += out_of_order;
        self.overlap_conflicts += overlap_conflicts;
        self.gaps += gaps;
        self.gap_octets += gap_octets;
        self.midstream_flows += midstream_flows;
        self.http_anomalies += http_anomalies;
        self.heads_lost += heads_lost;
        self.exchanges += exchanges;
        self.unauthorized += unauthorized;
        self.benign += benign;
        self.unpaired += unpaired;
        self.memory += memory;
        for (&reason, count) in undecodable {
            *self.undecodable.entry(reason).or_default() += count;
        }
        for (&limit, count) in limits {
            *self.limits.entry(limit).or_default() += count;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_document_explains_every_counter_reason_and_bound() {
        let document = include_str!("../docs/COUNTERS.md");
        let counters = format!("{:#?}", Counters::default());
        let fields = counters.lines().filter_map(|line| line.strip_prefix("    "));
        let fields = fields.filter_map(|line| Some(line.split_once(':')?.0)).collect::<Vec<_>>();
        assert!(fields.len() > 20, "{fields:?}");
        let reasons = Undecodable::ALL.iter().map(|reason| reason.name());
        let limits = Limit::ALL.iter().map(|limit| limit.name());
        for name in fields.iter().copied().chain(reasons).chain(limits) {
            assert!(document.contains(&format!("`{name}`")), "{name} is not explained");
        }
    }
}
