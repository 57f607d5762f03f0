//! What cannot be read as a capture, and what to do about it.

use std::io;

use crate::capture::CaptureError;

/// Why a capture cannot be begun.
pub(super) enum StartError {
    Unreadable(io::Error),
    NotACapture(String),
    Filter(CaptureError),
}

impl StartError {
    pub(super) fn at(self, path: &str) -> CaptureError {
        let reason = match self {
            Self::Filter(error) => return error,
            Self::NotACapture(reason) => reason,
            Self::Unreadable(error) => match error.kind() {
                io::ErrorKind::NotFound => "no such file".to_owned(),
                io::ErrorKind::IsADirectory => "is a directory, not a capture file".to_owned(),
                io::ErrorKind::PermissionDenied => "this user may not read it".to_owned(),
                _ => format!("cannot be read: {error}"),
            },
        };
        CaptureError::File { path: path.to_owned(), reason }
    }
}

impl From<io::Error> for StartError {
    fn from(error: io::Error) -> Self {
        Self::Unreadable(error)
    }
}

impl From<CaptureError> for StartError {
    fn from(error: CaptureError) -> Self {
        Self::Filter(error)
    }
}

/// Says of a file that is no capture what it looks like, and what to do about it.
pub(super) fn what_it_is(start: &[u8]) -> String {
    let advice = match start {
        [] => return "is empty: not a capture file".to_owned(),
        [0xfd, b'7', b'z', b'X', b'Z', ..] => {
            "is compressed with xz: try xz -dc FILE | why401 -r -"
        }
        [b'B', b'Z', b'h', ..] => "is compressed with bzip2: try bzip2 -dc FILE | why401 -r -",
        [0x04, 0x22, 0x4d, 0x18, ..] => "is compressed with lz4: try lz4 -dc FILE | why401 -r -",
        [b'P', b'K', 3, 4, ..] => "is a zip archive: unpack it first",
        _ if is_other_analysers(start) => {
            "is another analyser's capture: convert it with editcap FILE OUT.pcapng"
        }
        [0xd4, 0xc3, 0xb2, 0xa1, ..]
        | [0xa1, 0xb2, 0xc3, 0xd4, ..]
        | [0x4d, 0x3c, 0xb2, 0xa1, ..]
        | [0xa1, 0xb2, 0x3c, 0x4d, ..] => {
            "ends within the header of a pcap file: nothing was captured"
        }
        _ => {
            let start = start.get(..16).unwrap_or(start).escape_ascii();
            return format!(
                "is not a pcap or pcapng file: it begins with \"{start}\"; what Wireshark opens, \
                 editcap FILE OUT.pcapng converts"
            );
        }
    };
    advice.to_owned()
}

/// Whether it begins like a capture of snoop, Network Monitor, the Sniffers, Visual Networks,
/// Observer, nettl or 5View.
fn is_other_analysers(start: &[u8]) -> bool {
    const BEGINNINGS: [&[u8]; 9] = [
        b"snoop\0",
        b"GMBU",
        b"RTSS",
        b"TRSNIFF data",
        b"XCP\0",
        b"\x05VNF",
        b"ObserverPkt",
        b"TR\0d",
        &[0xaa; 4],
    ];
    BEGINNINGS.iter().any(|beginning| start.starts_with(beginning))
}
