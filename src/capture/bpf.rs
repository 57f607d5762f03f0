//! Capture filters in libpcap's language, for files.

use pcap::{BpfProgram, Capture, Linktype};

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

    /// Whether a frame of a prepared link type passes.
    #[inline]
    pub(super) fn accepts(&self, link_type: LinkType, data: &[u8]) -> bool {
        let program = self.programs.iter().find(|(known, _)| *known == link_type);
        program.is_some_and(|(_, program)| program.filter(data))
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
