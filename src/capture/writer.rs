//! Writes pcapng: every captured frame with `-w`, or chosen ones with a comment for an export.

use std::collections::VecDeque;
use std::fs::{File, OpenOptions, Permissions};
use std::io::{self, Write};
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::{CaptureError, Frame, LinkType};

/// Frames are gathered up to this size before they go to a file.
const BLOCK: usize = 256 << 10;

/// A capture holds secrets in the clear: for the eyes of its owner.
const OWNER_ONLY: u32 = 0o600;

/// Encodes frames as the blocks of one pcapng section. An interface is described when its first
/// frame comes.
#[derive(Debug)]
pub struct Encoder {
    out: Vec<u8>,
    interfaces: Vec<(u16, LinkType)>,
}

impl Default for Encoder {
    fn default() -> Self {
        Self::new()
    }
}

impl Encoder {
    /// Begins a section.
    pub fn new() -> Self {
        const BYTE_ORDER_MAGIC: u32 = 0x1a2b_3c4d;
        const USER_APPLICATION: u16 = 4;
        let mut encoder = Self { out: Vec::new(), interfaces: Vec::new() };
        encoder.block(0x0a0d_0d0a, |out| {
            out.extend_from_slice(&BYTE_ORDER_MAGIC.to_le_bytes());
            out.extend_from_slice(&[1, 0, 0, 0]);
            // The section's length is not known yet.
            out.extend_from_slice(&u64::MAX.to_le_bytes());
            let name = concat!("why401 ", env!("CARGO_PKG_VERSION"));
            option(out, USER_APPLICATION, name.as_bytes());
            end_of_options(out);
        });
        encoder
    }

    /// Adds a frame that was captured on the interface of this name.
    pub fn frame(&mut self, frame: &Frame<'_>, interface: &str, comment: Option<&str>) {
        const COMMENT: u16 = 1;
        let index = self.interface(frame, interface);
        let time = u64::try_from(frame.timestamp.nanoseconds()).unwrap_or(0);
        self.block(6, |out| {
            let fields = [
                index,
                (time >> 32) as u32,
                time as u32,
                frame.data.len() as u32,
                frame.original_length,
            ];
            for field in fields {
                out.extend_from_slice(&field.to_le_bytes());
            }
            out.extend_from_slice(frame.data);
            pad(out);
            if let Some(comment) = comment {
                option(out, COMMENT, comment.as_bytes());
                end_of_options(out);
            }
        });
    }

    /// Takes out what was encoded since the last time.
    pub fn take(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.out)
    }

    fn interface(&mut self, frame: &Frame<'_>, name: &str) -> u32 {
        const NAME: u16 = 2;
        const TIME_RESOLUTION: u16 = 9;
        const NANOSECONDS: u8 = 9;
        let key = (frame.interface, frame.link_type);
        let known = self.interfaces.iter().position(|interface| *interface == key);
        let index = known.unwrap_or_else(|| {
            self.interfaces.push(key);
            self.block(1, |out| {
                out.extend_from_slice(&u32::from(frame.link_type.0).to_le_bytes());
                // No snap length: how much was cut off is said with each frame.
                out.extend_from_slice(&0u32.to_le_bytes());
                option(out, NAME, name.as_bytes());
                option(out, TIME_RESOLUTION, &[NANOSECONDS]);
                end_of_options(out);
            });
            self.interfaces.len() - 1
        });
        index as u32
    }

    /// A block of this type, its length before and after what `content` writes.
    fn block(&mut self, kind: u32, content: impl FnOnce(&mut Vec<u8>)) {
        let start = self.out.len();
        self.out.extend_from_slice(&kind.to_le_bytes());
        self.out.extend_from_slice(&[0; 4]);
        content(&mut self.out);
        let length = ((self.out.len() - start + 4) as u32).to_le_bytes();
        self.out.extend_from_slice(&length);
        if let Some(place) = self.out.get_mut(start + 4..start + 8) {
            place.copy_from_slice(&length);
        }
    }
}

fn option(out: &mut Vec<u8>, code: u16, value: &[u8]) {
    let value = value.get(..usize::from(u16::MAX)).unwrap_or(value);
    out.extend_from_slice(&code.to_le_bytes());
    out.extend_from_slice(&(value.len() as u16).to_le_bytes());
    out.extend_from_slice(value);
    pad(out);
}

fn end_of_options(out: &mut Vec<u8>) {
    out.extend_from_slice(&[0; 4]);
}

/// Everything in pcapng begins at a multiple of four octets.
fn pad(out: &mut Vec<u8>) {
    out.resize(out.len().next_multiple_of(4), 0);
}

/// When to begin a new file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rotation {
    /// A file is closed when it has grown beyond this many octets.
    pub size: u64,
    /// Only so many files are kept; without it, all.
    pub count: Option<u32>,
}

/// Saves every frame to a file, or to a row of files.
///
/// A write that fails (a full disk) loses packets and is reported, but the file stays readable, and
/// when there is room again it goes on.
#[derive(Debug)]
pub struct CaptureWriter {
    path: PathBuf,
    rotation: Option<Rotation>,
    /// Files begun, the current one included.
    begun: u32,
    /// Those of an earlier number that are still there.
    earlier: VecDeque<PathBuf>,
    file: File,
    encoder: Encoder,
    /// Octets of the current file that are written, all in whole blocks.
    written: u64,
    /// Frames that wait in the encoder.
    waiting: u64,
    lost: u64,
    /// Of each kind of failure the first was reported.
    told: [bool; 2],
}

impl CaptureWriter {
    /// Creates the file, readable by its owner only. With a rotation, files are numbered:
    /// `NAME-00001.pcapng`, `NAME-00002.pcapng` and so on.
    pub fn create(path: &Path, rotation: Option<Rotation>) -> Result<Self, CaptureError> {
        let first = if rotation.is_some() { numbered(path, 1) } else { path.to_owned() };
        let file = create(&first).map_err(|error| CaptureError::File {
            path: first.display().to_string(),
            reason: format!("cannot be written: {error}"),
        })?;
        Ok(Self {
            path: path.to_owned(),
            rotation,
            begun: 1,
            earlier: VecDeque::from([first]),
            file,
            encoder: Encoder::new(),
            written: 0,
            waiting: 0,
            lost: 0,
            told: [false; 2],
        })
    }

    /// Makes another user the owner of the file, for a process that is about to become this user.
    /// Something other than a file (`/dev/null`) keeps its owner.
    pub fn give_to(&self, user: u32, group: u32) -> io::Result<()> {
        if self.file.metadata()?.is_file() {
            std::os::unix::fs::fchown(&self.file, Some(user), Some(group))?;
        }
        Ok(())
    }

    /// Saves a frame; `interfaces` are the names that its index means. An error is told once, and what
    /// it cost is counted ([`Self::lost`]): go on calling.
    pub fn write(&mut self, frame: &Frame<'_>, interfaces: &[Arc<str>]) -> io::Result<()> {
        // Not before there is something to put into a new file: with a bound on their number, it would take the
        // place of one with packets.
        let rotated = self.rotate();
        let name = interfaces.get(usize::from(frame.interface)).map_or("", |name| name);
        self.encoder.frame(frame, name, None);
        self.waiting += 1;
        if self.encoder.out.len() >= BLOCK || self.is_full() {
            self.flush()?;
        }
        rotated.or_else(|error| self.tell(1, &error, "the file cannot be followed by a new one"))
    }

    /// Writes out what waits: when the wire is silent, and at the end.
    pub fn flush(&mut self) -> io::Result<()> {
        self.write_out().or_else(|error| self.tell(0, &error, "packets are not being saved"))
    }

    /// A disk that is almost full takes one packet and refuses the next: said once, not at each.
    fn tell(&mut self, kind: usize, error: &io::Error, meaning: &str) -> io::Result<()> {
        if std::mem::replace(&mut self.told[kind], true) {
            return Ok(());
        }
        let words = format!("{}: {error}; {meaning}", self.path.display());
        Err(io::Error::new(error.kind(), words))
    }

    /// Frames that could not be saved.
    pub fn lost(&self) -> u64 {
        self.lost
    }

    fn write_out(&mut self) -> io::Result<()> {
        if self.encoder.out.is_empty() {
            return Ok(());
        }
        let waiting = std::mem::take(&mut self.waiting);
        match self.file.write_all(&self.encoder.out) {
            Ok(()) => {
                self.written += self.encoder.out.len() as u64;
                self.encoder.out.clear();
                Ok(())
            }
            Err(error) => {
                self.lost += waiting;
                // Back to the end of the last whole block. A new section says again what its
                // interfaces are: their description may have been among the lost.
                let _ = self.file.set_len(self.written);
                let _ = io::Seek::seek(&mut self.file, io::SeekFrom::Start(self.written));
                self.encoder = Encoder::new();
                Err(error)
            }
        }
    }

    fn is_full(&self) -> bool {
        let size = self.written + self.encoder.out.len() as u64;
        self.rotation.is_some_and(|rotation| size >= rotation.size)
    }

    fn rotate(&mut self) -> io::Result<()> {
        let Some(rotation) = self.rotation.filter(|_| self.is_full()) else { return Ok(()) };
        let next = numbered(&self.path, self.begun + 1);
        self.file = create(&next)?;
        self.begun += 1;
        self.written = 0;
        self.encoder = Encoder::new();
        self.earlier.push_back(next);
        let kept = rotation.count.map_or(usize::MAX, |count| count.max(1) as usize);
        while self.earlier.len() > kept
            && let Some(oldest) = self.earlier.pop_front()
        {
            std::fs::remove_file(oldest)?;
        }
        Ok(())
    }
}

impl Drop for CaptureWriter {
    fn drop(&mut self) {
        let _ = self.flush();
    }
}

fn create(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    let file = options.write(true).create(true).truncate(true).mode(OWNER_ONLY).open(path)?;
    // The mode above is for new files; an old one may have been open to all.
    if file.metadata()?.is_file() {
        file.set_permissions(Permissions::from_mode(OWNER_ONLY))?;
    }
    Ok(file)
}

fn numbered(path: &Path, number: u32) -> PathBuf {
    let stem = path.file_stem().unwrap_or_default().to_string_lossy();
    let extension = path.extension().unwrap_or("pcapng".as_ref()).to_string_lossy();
    path.with_file_name(format!("{stem}-{number:05}.{extension}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::capture::file::FileSource;
    use crate::capture::{End, Next, Source};
    use crate::time::Timestamp;

    fn names() -> Vec<Arc<str>> {
        vec!["lo".into(), "eth0".into()]
    }

    fn frame(data: &[u8], nanoseconds: i64, interface: u16) -> Frame<'_> {
        Frame {
            timestamp: Timestamp::from_nanoseconds(nanoseconds),
            link_type: if interface == 0 { LinkType::LINUX_SLL2 } else { LinkType::ETHERNET },
            interface,
            data,
            original_length: data.len() as u32 + 7,
        }
    }

    fn read_back(path: &Path) -> Vec<(i64, LinkType, String, Vec<u8>, u32)> {
        let mut source = FileSource::open(path, false, None).unwrap();
        let mut frames = Vec::new();
        loop {
            let read = match source.next() {
                Next::Frame(frame) => (
                    frame.timestamp.nanoseconds(),
                    frame.link_type,
                    frame.interface,
                    frame.data.to_vec(),
                    frame.original_length,
                ),
                Next::Idle => continue,
                Next::End(end) => {
                    assert_eq!(end, End::Complete);
                    return frames;
                }
            };
            let name = source.interfaces()[usize::from(read.2)].to_string();
            frames.push((read.0, read.1, name, read.3, read.4));
        }
    }

    #[test]
    fn what_is_written_is_read_back() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("all.pcapng");
        let mut writer = CaptureWriter::create(&path, None).unwrap();
        writer.write(&frame(b"one", 1_700_000_000_123_456_789, 1), &names()).unwrap();
        writer.write(&frame(b"twotwo", 1_700_000_001_000_000_001, 0), &names()).unwrap();
        drop(writer);
        assert_eq!(
            read_back(&path),
            [
                (
                    1_700_000_000_123_456_789,
                    LinkType::ETHERNET,
                    "eth0".to_owned(),
                    b"one".to_vec(),
                    10
                ),
                (
                    1_700_000_001_000_000_001,
                    LinkType::LINUX_SLL2,
                    "lo".to_owned(),
                    b"twotwo".to_vec(),
                    13
                ),
            ]
        );
    }

    #[test]
    fn a_capture_is_for_its_owner_only() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("secret.pcapng");
        std::fs::write(&path, "old").unwrap();
        std::fs::set_permissions(&path, Permissions::from_mode(0o644)).unwrap();
        drop(CaptureWriter::create(&path, None).unwrap());
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    }

    #[test]
    fn files_rotate_by_size_and_only_the_newest_are_kept() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("ring.pcapng");
        let rotation = Rotation { size: 2000, count: Some(3) };
        let mut writer = CaptureWriter::create(&path, Some(rotation)).unwrap();
        for number in 0..40 {
            writer.write(&frame(&[7; 400], number, 1), &names()).unwrap();
        }
        drop(writer);
        let mut files: Vec<_> =
            std::fs::read_dir(&directory).unwrap().map(|file| file.unwrap().path()).collect();
        files.sort();
        assert_eq!(files.len(), 3, "{files:?}");
        let kept: Vec<i64> =
            files.iter().flat_map(|file| read_back(file)).map(|frame| frame.0).collect();
        let expected: Vec<i64> = (40 - kept.len() as i64..40).collect();
        assert_eq!(kept, expected, "each file is whole, and none is missing between them");
        for file in &files {
            assert!(std::fs::metadata(file).unwrap().len() < 2600);
        }
    }

    #[test]
    fn no_file_of_a_row_is_without_packets() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("ring.pcapng");
        let rotation = Rotation { size: 1, count: Some(1) };
        let mut writer = CaptureWriter::create(&path, Some(rotation)).unwrap();
        for number in 0..5 {
            writer.write(&frame(b"one", number, 1), &names()).unwrap();
            writer.flush().unwrap();
        }
        drop(writer);
        let files: Vec<_> = std::fs::read_dir(&directory).unwrap().collect();
        let [Ok(last)] = &*files else { panic!("{files:?}") };
        let kept: Vec<i64> = read_back(&last.path()).iter().map(|frame| frame.0).collect();
        assert_eq!(kept, [4]);
    }

    #[test]
    fn a_full_disk_is_told_once_and_loses_only_packets() {
        // A device that is always full.
        let Ok(mut writer) = CaptureWriter::create(Path::new("/dev/full"), None) else {
            panic!("/dev/full is missing");
        };
        writer.write(&frame(b"lost", 1, 1), &names()).unwrap();
        let error = writer.flush().unwrap_err().to_string();
        assert!(error.contains("/dev/full") && error.contains("not being saved"), "{error}");
        writer.write(&frame(b"lost too", 2, 1), &names()).unwrap();
        writer.flush().unwrap();
        assert_eq!(writer.lost(), 2);
    }

    #[test]
    fn a_comment_is_written_with_its_packet() {
        let mut encoder = Encoder::new();
        encoder.frame(&frame(b"x", 1, 1), "eth0", Some("401: token-expired"));
        let text = String::from_utf8_lossy(&encoder.take()).into_owned();
        assert!(text.contains("401: token-expired"));
    }
}
