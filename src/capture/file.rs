//! Capture files and pipes: pcap and pcapng, plain or compressed, whole or still growing.

mod unfit;

use std::cell::Cell;
use std::fs::File;
use std::io::{self, Seek};
use std::os::fd::AsFd;
use std::path::Path;
use std::sync::Arc;

use self::unfit::{StartError, what_it_is};
use super::bpf::{FileFilter, FileKind};
use super::classic::{self, Classic};
use super::compressed::Compression;
use super::input::{Blocks, Filled, Input, Window};
use super::pcapng::PcapNg;
use super::sparse::{LARGE, LargePackets};
use super::{Beginning, CaptureError, End, Frame, LinkType, Next, Part, Source, SourceDrops};
use crate::cache;
use crate::time::Timestamp;

/// A packet's headers come to an end about here in its record: Ethernet, IPv4, TCP.
const HEADERS: usize = 16 + 14 + 20 + 20;

/// Frames that the capture filter may reject before the caller gets to look at something else.
const REJECTED_AT_ONCE: u32 = 100_000;

/// Octets of the file for a packet from which on it pays to have them read by somebody else: little of
/// them is looked at. Where packets are smaller, octets that somebody else has read would have to come out
/// of another processor's cache, which costs more than to read them.
const BULKY: u64 = 600;

/// By so many octets at a time a file is judged. Once it was found to be bulky it is taken to stay so.
const STRETCH: u64 = 1 << 20;

/// What the octets at the front of the window are.
pub(super) enum Step {
    /// A record or block with a packet in it.
    Packet(Packet),
    /// A block without one, of this length.
    Skip(usize),
    /// The beginning of something; this many octets are needed to tell.
    More(usize),
}

/// Where a packet lies in its record or block, and what that says about it.
#[derive(Clone, Copy)]
pub(super) struct Packet {
    pub(super) timestamp: Timestamp,
    pub(super) link_type: LinkType,
    pub(super) interface: u16,
    /// Where its octets begin.
    pub(super) start: usize,
    /// How many there are.
    pub(super) captured: usize,
    /// How many more were captured. Of these only the last was read: see [`super::sparse`].
    pub(super) unread: u32,
    /// How many there were on the wire.
    pub(super) original: u32,
    /// Length of the whole record or block, as far as it was read.
    pub(super) size: usize,
}

impl Packet {
    #[inline]
    fn is_small(&self) -> bool {
        self.captured <= LARGE && self.unread == 0
    }

    /// Its octets, if its record or block is at the front of `data`.
    #[inline]
    fn octets<'a>(&self, data: &'a [u8]) -> &'a [u8] {
        data.get(self.start..self.start + self.captured).unwrap_or_default()
    }

    /// The frame of these octets.
    #[inline]
    pub(super) fn frame<'a>(&self, data: &'a [u8]) -> Frame<'a> {
        Frame {
            timestamp: self.timestamp,
            link_type: self.link_type,
            interface: self.interface,
            data,
            original_length: self.original,
        }
    }
}

/// How the capture is written.
enum Format {
    /// Too little was read to tell.
    Unknown,
    Classic(Classic),
    PcapNg(PcapNg),
}

impl Format {
    /// What the octets at the front of `data` are.
    #[inline]
    fn step(&mut self, data: &[u8]) -> Result<Step, &'static str> {
        match self {
            Self::Classic(format) => format.step(data),
            Self::PcapNg(format) => format.step(data),
            Self::Unknown => Ok(Step::More(classic::FILE_HEADER)),
        }
    }

    /// What packets of this link type are to a filter.
    fn kind(&self, link_type: LinkType) -> FileKind {
        let big_endian = match self {
            Self::Unknown => false,
            Self::Classic(format) => format.is_big_endian(),
            Self::PcapNg(format) => format.is_big_endian(),
        };
        FileKind { link_type, big_endian }
    }

    /// The packet at the front of `data`, if it is whole.
    #[inline]
    fn packet(&self, data: &[u8]) -> Option<Packet> {
        match self {
            Self::Classic(format) => format.packet(data),
            Self::PcapNg(format) => format.packet(data),
            Self::Unknown => None,
        }
    }
}

/// Frames from a file or a pipe.
pub struct FileSource {
    input: Input,
    window: Window,
    format: Format,
    /// The name of interfaces that have none.
    names: [Arc<str>; 1],
    filter: Option<FileFilter>,
    /// Packets that were walked over.
    packets: Cell<u64>,
    /// Packets and octets that were walked over before the last stretch of octets.
    judged: (u64, u64),
    /// What reads large packets whole, where only their beginnings come by themselves.
    large: Option<LargePackets>,
    ended: Option<End>,
}

impl FileSource {
    /// Opens the file at `path`; with `follow`, goes on reading as it grows. A path may name a pipe.
    pub fn open(path: &Path, follow: bool, bpf: Option<&str>) -> Result<Self, CaptureError> {
        let name = path.file_name().unwrap_or(path.as_os_str()).to_string_lossy();
        let input =
            File::open(path).and_then(|file| Input::new(file, follow.then(|| path.to_owned())));
        Self::start(&name, input, bpf).map_err(|error| error.at(&path.display().to_string()))
    }

    /// Reads standard input. Waits for the first octets: until they come there is nothing to show,
    /// and a program before the pipe may still be asking for a password on the terminal.
    pub fn standard_input(bpf: Option<&str>) -> Result<Self, CaptureError> {
        let input = io::stdin().as_fd().try_clone_to_owned();
        let input = input.and_then(|descriptor| Input::new(File::from(descriptor), None));
        Self::start("standard input", input, bpf).map_err(|error| error.at("standard input"))
    }

    /// Reads a capture that is in memory: one that is part of the program, say.
    pub fn of_octets(
        name: &str,
        octets: impl AsRef<[u8]> + Send + 'static,
    ) -> Result<Self, CaptureError> {
        let input = Ok(Input::Decoder(Box::new(io::Cursor::new(octets))));
        Self::start(name, input, None).map_err(|error| error.at(name))
    }

    fn start(name: &str, input: io::Result<Input>, bpf: Option<&str>) -> Result<Self, StartError> {
        let mut source = Self {
            input: input?,
            window: Window::new(),
            format: Format::Unknown,
            names: [name.into()],
            filter: bpf.map(FileFilter::new),
            packets: Cell::new(0),
            judged: (0, 0),
            large: None,
            ended: None,
        };
        source.read_start()?;
        source.compile_filter()?;
        Ok(source)
    }

    /// Reads until the format is known, and the first interface's link type.
    fn read_start(&mut self) -> Result<(), StartError> {
        loop {
            let wanted = match self.recognise()? {
                None => match self.format.step(self.window.available()) {
                    Ok(Step::Skip(size)) => {
                        self.window.consume(size);
                        continue;
                    }
                    Ok(Step::More(wanted)) => wanted,
                    // A packet or damage: for `next` to tell.
                    Ok(Step::Packet(_)) | Err(_) => return Ok(()),
                },
                Some(wanted) => wanted,
            };
            match self.window.fill(&mut self.input, wanted)? {
                Filled::More => {}
                Filled::Idle if matches!(self.input, Input::Growing(_)) => return Ok(()),
                Filled::Idle => {
                    if !matches!(self.format, Format::Unknown) {
                        return Ok(());
                    }
                }
                Filled::End if matches!(self.format, Format::Unknown) => {
                    return Err(StartError::NotACapture(what_it_is(self.window.available())));
                }
                Filled::End => return Ok(()),
            }
        }
    }

    /// Finds out the compression and the format. Answers how many octets that takes, if more.
    fn recognise(&mut self) -> Result<Option<usize>, StartError> {
        if !matches!(self.format, Format::Unknown) {
            return Ok(None);
        }
        let start = self.window.available();
        let Some(magic) = start.first_chunk::<4>() else { return Ok(Some(4)) };
        if let Some(compression) = Compression::of(magic) {
            if self.input.is_unpacked() {
                return Err(StartError::NotACapture("is compressed twice".to_owned()));
            }
            let start = self.window.take();
            let rest = std::mem::replace(&mut self.input, Input::Decoder(Box::new(io::empty())));
            self.input = Input::Decoder(compression.decoder(start, rest));
            return Ok(Some(4));
        }
        if *magic == [0x0a, 0x0d, 0x0d, 0x0a] {
            let [name] = &self.names;
            self.format = Format::PcapNg(PcapNg::new(Arc::clone(name)));
            return Ok(None);
        }
        let Some(header) = start.first_chunk::<{ classic::FILE_HEADER }>() else {
            return Ok(Some(classic::FILE_HEADER));
        };
        let Some(format) = Classic::new(header) else {
            return Err(StartError::NotACapture(what_it_is(start)));
        };
        self.format = Format::Classic(format);
        self.window.consume(classic::FILE_HEADER);
        Ok(None)
    }

    /// Compiles the capture filter for the link types known so far.
    fn compile_filter(&mut self) -> Result<(), CaptureError> {
        let Some(filter) = &mut self.filter else { return Ok(()) };
        match &self.format {
            Format::Unknown => filter.prepare(self.format.kind(LinkType::ETHERNET)),
            Format::Classic(format) => filter.prepare(self.format.kind(format.link_type())),
            Format::PcapNg(format) => format
                .link_types()
                .try_for_each(|link_type| filter.prepare(self.format.kind(link_type))),
        }
    }

    /// The next packet that passes the filter, walked over; or what to say instead.
    fn packet(&mut self) -> Result<Packet, Option<End>> {
        let mut rejected = 0;
        loop {
            match self.format.step(self.window.available()) {
                Ok(Step::Packet(packet)) => {
                    let passes = passes(
                        &mut self.filter,
                        self.format.kind(packet.link_type),
                        &packet,
                        self.window.available(),
                    )
                    .map_err(|error| Some(End::Failed(error.to_string())))?;
                    self.pass(&packet);
                    if passes {
                        return Ok(packet);
                    }
                    rejected += 1;
                    if rejected == REJECTED_AT_ONCE {
                        return Err(None);
                    }
                }
                Ok(Step::Skip(size)) => self.window.consume(size),
                Ok(Step::More(wanted)) => self.fill(wanted)?,
                Err(fault) => {
                    let packet = self.packets.get() + 1;
                    let fault = format!("is corrupt from packet {packet} on: {fault}");
                    return Err(Some(End::Corrupt(self.located(&fault))));
                }
            }
        }
    }

    /// The next packet, walked over.
    fn advance(&mut self) -> Result<Packet, Next<'static>> {
        if let Some(end) = &self.ended {
            return Err(Next::End(end.clone()));
        }
        self.packet().map_err(|end| match end {
            None => Next::Idle,
            Some(end) => self.end(end),
        })
    }

    fn end(&mut self, end: End) -> Next<'static> {
        self.ended = Some(end.clone());
        Next::End(end)
    }

    #[inline]
    fn frame(&self, packet: &Packet) -> Frame<'_> {
        packet.frame(self.window.consumed(packet.size, packet.start, packet.captured))
    }

    #[cold]
    fn fill(&mut self, wanted: usize) -> Result<(), Option<End>> {
        if self.input.may_be_handed_over() && self.was_bulky() {
            self.input.hand_over();
        }
        match self.window.fill(&mut self.input, wanted) {
            Ok(Filled::More) => {}
            Ok(Filled::Idle) => return Err(None),
            Ok(Filled::End) if self.window.available().is_empty() => {
                return Err(Some(End::Complete));
            }
            Ok(Filled::End) => {
                let packet = self.packets.get() + 1;
                let fault = format!("ends in the middle of packet {packet}");
                return Err(Some(End::Damaged(self.located(&fault))));
            }
            Err(error) => {
                return Err(Some(if self.input.is_unpacked() {
                    End::Damaged(self.located(&format!("does not unpack any further: {error}")))
                } else {
                    End::Failed(error.to_string())
                }));
            }
        }
        match self.recognise() {
            Ok(_) => Ok(()),
            Err(error) => Err(Some(End::Failed(error.at(&self.names[0]).to_string()))),
        }
    }

    /// Whether the last stretch of octets is over and was of large packets on the whole, as those of bodies are.
    fn was_bulky(&mut self) -> bool {
        let now = (self.packets.get(), self.window.offset());
        let (packets, octets) = (now.0 - self.judged.0, now.1 - self.judged.1);
        let enough = octets >= STRETCH;
        if enough {
            self.judged = now;
        }
        enough && octets >= packets * BULKY
    }

    /// What can read the packets of this capture one by one: they stand in a file as they are, and nobody
    /// looks at all of their octets.
    fn large_packets(&mut self) -> Option<LargePackets> {
        let (Format::Classic(_), None) = (&self.format, &self.filter) else { return None };
        let Input::File { file, .. } = &mut self.input else { return None };
        let walked = file.stream_position().ok()? - self.window.available().len() as u64;
        Some(LargePackets::new(file.try_clone().ok()?, walked - self.window.offset()))
    }

    /// The next packet that passes the filter, if it is there already and small, of whatever format.
    #[inline(never)]
    fn ready_that_passes(&self) -> Option<Frame<'_>> {
        loop {
            let data = self.window.available();
            let packet = self.format.packet(data).filter(Packet::is_small)?;
            let octets = packet.octets(data);
            let passes = match &self.filter {
                None => true,
                Some(filter) => filter.accepts(self.format.kind(packet.link_type), octets)?,
            };
            self.pass(&packet);
            if passes {
                return Some(packet.frame(octets));
            }
        }
    }

    /// Walks over this packet.
    #[inline]
    fn pass(&self, packet: &Packet) {
        self.window.consume(packet.size);
        self.packets.set(self.packets.get() + 1);
    }

    /// A large packet was walked over. Behind the first one the middles of others are left out.
    #[cold]
    fn pass_large(&mut self, packet: Packet) {
        let (Some(large), Format::Classic(format)) = (&mut self.large, &mut self.format) else {
            return;
        };
        if packet.unread > 0 {
            large.leave(packet, self.window.offset() - packet.size as u64);
            // The last octet was read.
            self.window.pass_over(u64::from(packet.unread) - 1);
        } else if let Ok(reader) = large.reader(format.sparse(), self.window.offset())
            && self.input.read_ahead(Box::new(reader))
        {
            self.window.forget();
            *format = format.sparse();
        }
    }

    /// Why a large packet that was there cannot be read any more.
    fn not_whole(&self, error: &io::Error) -> End {
        match &self.large {
            Some(large) if error.kind() == io::ErrorKind::UnexpectedEof => {
                let fault = format!("ends in the middle of packet {}", self.packets.get());
                End::Damaged(self.located_at(large.record(), &fault))
            }
            _ => End::Failed(error.to_string()),
        }
    }

    fn located(&self, fault: &str) -> String {
        self.located_at(self.window.offset(), fault)
    }

    fn located_at(&self, offset: u64, fault: &str) -> String {
        let when = if self.input.is_unpacked() { " when unpacked" } else { "" };
        format!("the capture {fault} (octet {offset}{when})")
    }
}

/// Asks for the headers of the packet whose record or block begins here: they end in its second line of the cache,
/// nearly always.
#[inline]
fn fetch_headers(data: &[u8]) {
    data.first().into_iter().chain(data.get(HEADERS)).for_each(cache::fetch);
}

impl Source for FileSource {
    fn next(&mut self) -> Next<'_> {
        match self.advance() {
            Ok(packet) => {
                if !packet.is_small() {
                    self.pass_large(packet);
                }
                if packet.unread > 0 { self.whole() } else { Next::Frame(self.frame(&packet)) }
            }
            Err(next) => next,
        }
    }

    fn next_part(&mut self) -> Part<'_> {
        match self.advance() {
            Ok(packet) if !packet.is_small() => {
                self.pass_large(packet);
                let (frame, unread) = (self.frame(&packet), packet.unread);
                if unread > 0 {
                    Part::Beginning(Beginning { frame, unread })
                } else {
                    Part::Whole(Next::Frame(frame))
                }
            }
            Ok(packet) => Part::Whole(Next::Frame(self.frame(&packet))),
            Err(next) => Part::Whole(next),
        }
    }

    #[inline]
    fn ready(&self) -> Option<Frame<'_>> {
        let (Format::Classic(format), None) = (&self.format, &self.filter) else {
            return self.ready_that_passes();
        };
        let data = self.window.available();
        let packet = format.packet(data).filter(Packet::is_small)?;
        self.pass(&packet);
        fetch_headers(self.window.available());
        Some(packet.frame(packet.octets(data)))
    }

    fn whole(&mut self) -> Next<'_> {
        let Some(large) = &mut self.large else { return Next::Idle };
        if let Err(error) = large.read() {
            let end = self.not_whole(&error);
            return self.end(end);
        }
        self.large.as_ref().and_then(LargePackets::frame).map_or(Next::Idle, Next::Frame)
    }

    fn offer(&mut self, helper: Box<dyn Blocks>) {
        self.large = self.large_packets();
        self.input.offer(helper);
    }

    fn interfaces(&self) -> &[Arc<str>] {
        match &self.format {
            Format::PcapNg(format) => format.names(),
            _ => &self.names,
        }
    }

    fn drops(&mut self) -> SourceDrops {
        match &self.format {
            Format::PcapNg(format) => format.drops(),
            _ => SourceDrops::default(),
        }
    }
}

/// Whether this packet, whose record or block is at the front of `data`, passes the capture filter.
#[inline]
fn passes(
    filter: &mut Option<FileFilter>,
    kind: FileKind,
    packet: &Packet,
    data: &[u8],
) -> Result<bool, CaptureError> {
    let Some(filter) = filter else { return Ok(true) };
    filter.prepare(kind)?;
    Ok(filter.accepts(kind, packet.octets(data)).unwrap_or_default())
}

#[cfg(test)]
mod tests;
