use std::io::Write;
use std::os::fd::OwnedFd;
use std::time::{Duration, Instant};

use proptest::prelude::*;
use tempfile::NamedTempFile;

use super::*;
use crate::capture::testing::{
    Big, Little, Order, block, classic, enhanced, interface, options, record, section, words,
};

mod large;
mod oddities;

/// What a source said of one frame.
#[derive(Debug, PartialEq, Eq, Clone)]
struct Seen {
    nanoseconds: i64,
    link_type: u16,
    interface: String,
    data: Vec<u8>,
    original: u32,
}

impl Seen {
    /// Its interface by number.
    fn of(frame: &Frame<'_>) -> Self {
        Self {
            nanoseconds: frame.timestamp.nanoseconds(),
            link_type: frame.link_type.0,
            interface: frame.interface.to_string(),
            data: frame.data.to_vec(),
            original: frame.original_length,
        }
    }

    /// Its interface by name.
    fn named(mut self, source: &FileSource) -> Self {
        let number: usize = self.interface.parse().unwrap();
        self.interface = source.interfaces()[number].to_string();
        self
    }
}

fn drain(source: &mut FileSource) -> (Vec<Seen>, End) {
    let mut frames = Vec::new();
    loop {
        let seen = match source.next() {
            Next::Frame(frame) => Seen::of(&frame),
            Next::Idle => continue,
            Next::End(end) => return (frames, end),
        };
        frames.push(seen.named(source));
    }
}

/// The same, of which those that are there already are asked for first.
fn drain_as_they_are_ready(source: &mut FileSource) -> (Vec<Seen>, End) {
    let mut frames = Vec::new();
    loop {
        while let Some(frame) = source.ready() {
            frames.push(Seen::of(&frame).named(source));
        }
        let seen = match source.next_part() {
            Part::Whole(Next::Frame(frame)) => Seen::of(&frame),
            Part::Whole(Next::Idle) => continue,
            Part::Whole(Next::End(end)) => return (frames, end),
            Part::Beginning(_) => panic!("nobody was offered to read ahead"),
        };
        frames.push(seen.named(source));
    }
}

fn saved(octets: &[u8]) -> NamedTempFile {
    let mut file = NamedTempFile::new().unwrap();
    file.write_all(octets).unwrap();
    file
}

fn try_read(octets: &[u8], bpf: Option<&str>) -> Result<(Vec<Seen>, End), CaptureError> {
    let file = saved(octets);
    let mut source = FileSource::open(file.path(), false, bpf)?;
    let (seen, end) = drain(&mut source);
    let mut source = FileSource::open(file.path(), false, bpf)?;
    let ready = drain_as_they_are_ready(&mut source);
    assert!(ready == (seen.clone(), end.clone()), "{ready:?} instead of {seen:?} {end:?}");
    Ok((seen, end))
}

fn read(octets: &[u8]) -> (Vec<Seen>, End) {
    try_read(octets, None).unwrap()
}

fn times(octets: &[u8]) -> Vec<i64> {
    let (frames, end) = read(octets);
    assert_eq!(end, End::Complete);
    frames.iter().map(|frame| frame.nanoseconds).collect()
}

const SECOND: i64 = 1_000_000_000;

#[test]
fn classic_files_are_read_in_either_byte_order_and_resolution() {
    for order in [Little, Big] {
        for (magic, nanoseconds) in [(0xa1b2_c3d4, 5000), (0xa1b2_3c4d, 5)] {
            let file = [classic(order, magic), record(order, 7, 5, b"abc")].concat();
            let (frames, end) = read(&file);
            assert_eq!(end, End::Complete);
            assert_eq!(frames.len(), 1);
            assert_eq!(frames[0].nanoseconds, 7 * SECOND + nanoseconds);
            assert_eq!(frames[0].data, b"abc");
            assert_eq!((frames[0].link_type, frames[0].original), (1, 5));
        }
    }
}

#[test]
fn records_of_the_patched_libpcap_have_longer_headers() {
    let mut file = classic(Little, 0xa1b2_cd34);
    for data in [b"one", b"two"] {
        file.extend(words(Little, &[1, 0, 3, 3, 0, 0]));
        file.extend(data);
    }
    let data: Vec<_> = read(&file).0.into_iter().map(|frame| frame.data).collect();
    assert_eq!(data, [b"one", b"two"]);
}

#[test]
fn before_version_2_3_the_lengths_stand_in_the_other_order() {
    let mut file = classic(Little, 0xa1b2_c3d4);
    file[6] = 2;
    file.extend(words(Little, &[1, 0, 100, 4]));
    file.extend(b"data");
    let (frames, _) = read(&file);
    assert_eq!((frames[0].data.as_slice(), frames[0].original), (b"data".as_slice(), 100));
}

#[test]
fn small_frames_that_were_read_are_ready() {
    let packet =
        |at: u32| record(Little, at, 0, &vec![at as u8; if at == 20 { LARGE + 1 } else { 9 }]);
    let records = (0..40).flat_map(packet);
    let file = saved(&classic(Little, 0xa1b2_c3d4).into_iter().chain(records).collect::<Vec<_>>());
    let ready = |source: &FileSource| {
        let frames: Vec<_> = std::iter::from_fn(|| source.ready()).collect();
        frames.iter().map(|frame| frame.data[0]).collect::<Vec<_>>()
    };
    let mut source = FileSource::open(file.path(), false, None).unwrap();
    assert!(ready(&source).into_iter().eq(0..20), "a large one is next");
    let Part::Whole(Next::Frame(large)) = source.next_part() else { panic!() };
    assert_eq!(large.data.len(), LARGE + 1);
    assert!(ready(&source).into_iter().eq(21..40));
    let filtered = FileSource::open(file.path(), false, Some("ether[8] > 17")).unwrap();
    assert_eq!(ready(&filtered), [18, 19], "of those before the large one only these pass");
}

#[test]
fn a_file_with_no_packets_is_complete() {
    assert_eq!(read(&classic(Little, 0xa1b2_c3d4)), (vec![], End::Complete));
    assert_eq!(read(&section(Little)), (vec![], End::Complete));
}

#[test]
fn everything_up_to_the_cut_is_read_and_the_cut_is_located() {
    let mut file = classic(Little, 0xa1b2_c3d4);
    for _ in 0..3 {
        file.extend(record(Little, 1, 0, b"0123456789"));
    }
    for cut in [1, 10, 25] {
        let (frames, end) = read(&file[..file.len() - cut]);
        assert_eq!(frames.len(), 2);
        let End::Damaged(reason) = end else { panic!("{end:?}") };
        assert_eq!(reason, "the capture ends in the middle of packet 3 (octet 76)");
    }
}

#[test]
fn a_corrupt_record_ends_the_capture_and_is_located() {
    let mut file = classic(Little, 0xa1b2_c3d4);
    file.extend(record(Little, 1, 0, b"good"));
    file.extend(words(Little, &[1, 0, u32::MAX, u32::MAX, 0, 0]));
    let (frames, end) = read(&file);
    assert_eq!(frames.len(), 1);
    let End::Corrupt(reason) = end else { panic!("{end:?}") };
    assert!(reason.contains("packet 2") && reason.contains("octet 44"), "{reason}");
}

#[test]
fn sections_may_differ_in_byte_order_interfaces_and_clocks() {
    let mut file = section(Big);
    file.extend(interface(Big, 1, &[(2, b"eth0")]));
    file.extend(interface(Big, 113, &[(3, b"all of them"), (9, &[9])]));
    file.extend(enhanced(Big, 1, 1_000_000_001, b"second"));
    file.extend(enhanced(Big, 0, 1_000_001, b"first"));
    file.extend(section(Little));
    file.extend(interface(Little, 101, &[(2, b"eth0")]));
    file.extend(interface(Little, 228, &[]));
    file.extend(enhanced(Little, 0, 3_000_000, b"third"));
    file.extend(enhanced(Little, 1, 4_000_000, b"fourth"));
    let file = saved(&file);
    let mut source = FileSource::open(file.path(), false, None).unwrap();
    let own_name = file.path().file_name().unwrap().to_str().unwrap().to_owned();
    let (frames, end) = drain(&mut source);
    assert_eq!(end, End::Complete);
    let seen: Vec<_> = frames
        .iter()
        .map(|frame| (frame.nanoseconds, frame.link_type, frame.interface.as_str()))
        .collect();
    assert_eq!(
        seen,
        [
            (SECOND + 1, 113, "all of them"),
            (SECOND + 1000, 1, "eth0"),
            (3 * SECOND, 101, "eth0"),
            (4 * SECOND, 228, own_name.as_str()),
        ]
    );
}

#[test]
fn clocks_of_every_resolution_and_offset_give_the_same_time() {
    let at = |order, resolution: &[u8], offset: i64, units| {
        let given = [(9, resolution), (14, &order_bytes(order, offset)[..])];
        let mut file = section(order);
        file.extend(interface(order, 1, &given));
        file.extend(enhanced(order, 0, units, b"x"));
        times(&file)[0]
    };
    for order in [Little, Big] {
        assert_eq!(at(order, &[0], 0, 12), 12 * SECOND);
        assert_eq!(at(order, &[3], 0, 12_000), 12 * SECOND);
        assert_eq!(at(order, &[6], 2, 10_000_000), 12 * SECOND);
        assert_eq!(at(order, &[9], -3, 15_000_000_007), 12 * SECOND + 7);
        assert_eq!(at(order, &[12], 0, 12_000_000_007_000), 12 * SECOND + 7);
        assert_eq!(at(order, &[0x80 | 0x0a], 0, 12 * 1024 + 512), 12 * SECOND + SECOND / 2);
        assert_eq!(at(order, &[0x80 | 0x20], 0, 12 << 32), 12 * SECOND);
        assert_eq!(at(order, &[0xff], 0, u64::MAX), 0, "finer than anything: no panic");
        assert_eq!(at(order, &[0x7f], 0, u64::MAX), 0);
        assert_eq!(at(order, &[0], 0, u64::MAX), i64::MAX);
    }
}

fn order_bytes(order: Order, value: i64) -> [u8; 8] {
    order.u64(value as u64)
}

#[test]
fn simple_and_obsolete_packets_are_read_and_other_blocks_skipped() {
    for order in [Little, Big] {
        let mut file = section(order);
        file.extend(interface(order, 1, &[]));
        file.extend(enhanced(order, 0, 9_000_000, b"new"));
        let simple = [order.u32(4).to_vec(), b"simp".to_vec()].concat();
        file.extend(block(order, 3, &simple));
        let mut obsolete = [order.u16(0), order.u16(1)].concat();
        obsolete.extend(words(order, &[0, 10_000_000, 3, 8]));
        obsolete.extend(b"old");
        file.extend(block(order, 2, &obsolete));
        // Names, journal entries, secrets, custom blocks, and what nobody has thought of yet.
        for kind in [4, 9, 10, 0x0bad, 0x4000_0bad, 0x8000_0001, 0x7777] {
            file.extend(block(order, kind, b"anything at all"));
        }
        let (frames, end) = read(&file);
        assert_eq!(end, End::Complete);
        let seen: Vec<_> = frames
            .iter()
            .map(|frame| (frame.nanoseconds / SECOND, frame.data.as_slice(), frame.original))
            .collect();
        assert_eq!(
            seen,
            [(9, b"new".as_slice(), 3), (9, b"simp".as_slice(), 4), (10, b"old".as_slice(), 8)]
        );
    }
}

#[test]
fn drops_that_a_capture_reports_are_summed_over_interfaces_and_sections() {
    let mut file = Vec::new();
    for order in [Little, Big] {
        file.extend(section(order));
        for number in [0, 1] {
            file.extend(interface(order, 1, &[]));
            for drops in [1, 100] {
                let mut body = words(order, &[number, 0, 0]);
                let (interface, kernel) = (order.u64(drops), order.u64(drops * 10));
                body.extend(options(order, &[(5, &interface), (7, &kernel)]));
                file.extend(block(order, 5, &body));
            }
        }
    }
    let mut source = FileSource::open(saved(&file).path(), false, None).unwrap();
    drain(&mut source);
    assert_eq!(source.drops(), SourceDrops { kernel: 4000, interface: 400 });
}

#[test]
fn a_packet_of_an_interface_that_was_never_described_is_damage() {
    let file = [section(Little), enhanced(Little, 0, 1, b"x")].concat();
    let (frames, end) = read(&file);
    assert!(frames.is_empty());
    assert!(matches!(end, End::Corrupt(reason) if reason.contains("never described")));
}

#[test]
fn a_packet_larger_than_the_window_is_read_whole() {
    let large = vec![0x5a; 1 << 20];
    let mut file = section(Little);
    file.extend(interface(Little, 1, &[]));
    file.extend(enhanced(Little, 0, 1, b"before"));
    file.extend(enhanced(Little, 0, 2, &large));
    file.extend(enhanced(Little, 0, 3, b"after"));
    let (frames, end) = read(&file);
    assert_eq!(end, End::Complete);
    assert_eq!(frames.iter().map(|frame| frame.data.len()).collect::<Vec<_>>(), [6, 1 << 20, 5]);
    assert_eq!(frames[1].data, large);
}

fn gzip(octets: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(octets).unwrap();
    encoder.finish().unwrap()
}

fn zstandard(octets: &[u8]) -> Vec<u8> {
    ruzstd::encoding::compress_to_vec(octets, ruzstd::encoding::CompressionLevel::Fastest)
}

fn many_packets() -> Vec<u8> {
    let mut file = classic(Little, 0xa1b2_c3d4);
    for number in 0..2000u32 {
        file.extend(record(Little, number, 0, &number.to_be_bytes().repeat(40)));
    }
    file
}

#[test]
fn compressed_captures_are_recognised_by_what_they_are() {
    let file = many_packets();
    let (first, second) = file.split_at(100_001);
    let skippable = [&[0x5a, 0x2a, 0x4d, 0x18, 3, 0, 0, 0], b"???".as_slice()].concat();
    for packed in [
        gzip(&file),
        zstandard(&file),
        [gzip(first), gzip(second)].concat(),
        [skippable.clone(), zstandard(first), skippable, zstandard(second)].concat(),
    ] {
        let (frames, end) = read(&packed);
        assert_eq!(end, End::Complete);
        assert_eq!(frames.len(), 2000);
        for (number, frame) in (0u32..).zip(frames) {
            assert_eq!(frame.data, number.to_be_bytes().repeat(40));
        }
    }
}

#[test]
fn a_compressed_capture_that_is_cut_off_gives_what_can_be_unpacked() {
    for packed in [gzip(&many_packets()), zstandard(&many_packets())] {
        let (frames, end) = read(&packed[..packed.len() - packed.len() / 4]);
        assert!(matches!(end, End::Damaged(_)), "{end:?}");
        let numbers: Vec<i64> = frames.iter().map(|frame| frame.nanoseconds / SECOND).collect();
        assert!(numbers.len() > 500, "{}", numbers.len());
        assert!(numbers.iter().eq(&(0..numbers.len() as i64).collect::<Vec<_>>()));
    }
}

#[test]
fn what_is_no_capture_is_refused_with_what_it_looks_like() {
    let refusal = |octets: &[u8]| try_read(octets, None).unwrap_err().to_string();
    assert!(refusal(b"").contains("empty"));
    assert!(refusal(b"GET / HTTP/1.1\r\n\r\nmore than a header").contains("GET / HTTP/1.1"));
    assert!(refusal(b"\xfd7zXZ\0 and then some more octets").contains("xz -dc"));
    assert!(refusal(&gzip(b"just some text in gzip, long enough")).contains("just some text"));
    assert!(refusal(&gzip(&gzip(&many_packets()))).contains("twice"));
    assert!(refusal(b"\xd4\xc3\xb2\xa1\x02").contains("ends within the header"));
    assert!(refusal(b"snoop\0\0\0\0\0\0\x02\0\0\0\x04 and so on").contains("editcap"));
    assert!(refusal(b"nothing that anybody knows of").contains("editcap"));
    let missing = FileSource::open(Path::new("/nowhere/x.pcap"), false, None).err().unwrap();
    assert_eq!(missing.to_string(), "/nowhere/x.pcap: no such file");
    let directory = FileSource::open(Path::new("/"), false, None).err().unwrap();
    assert!(directory.to_string().contains("is a directory"), "{directory}");
}

/// An Ethernet frame with UDP or TCP to this port.
fn packet_to(port: u16, tcp: bool) -> Vec<u8> {
    let header = ipv4(if tcp { 6 } else { 17 });
    [header, vec![0x30, 0x39], port.to_be_bytes().to_vec(), vec![0; 30]].concat()
}

fn ipv4(protocol: u8) -> Vec<u8> {
    let mut frame = vec![2; 12];
    frame.extend([8, 0, 0x45, 0, 0, 54, 0, 0, 0, 0, 64, protocol, 0, 0]);
    frame.extend([10, 0, 0, 1, 10, 0, 0, 2]);
    frame
}

#[test]
fn the_capture_filter_knows_the_loopback_of_other_systems() {
    let tcp = |header: Vec<u8>| [header, vec![0x30, 0x39, 0, 80], vec![0x50; 30]].concat();
    let ipv6 = [vec![0x60, 0, 0, 0, 0, 34, 6, 64], vec![0; 32]].concat();
    let ipv4 = ipv4(6).split_off(14);
    // AF_INET6 of NetBSD, FreeBSD and macOS.
    for (family, packet) in [(2, &ipv4), (24, &ipv6), (28, &ipv6), (30, &ipv6)] {
        for order in [Little, Big] {
            let mut file = classic(order, 0xa1b2_c3d4);
            file[20..24].fill(0);
            let frame = [order.u32(family).to_vec(), tcp(packet.clone())].concat();
            file.extend(record(order, 1, 0, &frame));
            for (filter, passing) in
                [("tcp", 1), ("tcp port 80", 1), ("tcp port 81", 0), ("udp", 0)]
            {
                let (frames, _) = try_read(&file, Some(filter)).unwrap();
                assert_eq!(frames.len(), passing, "{family} {order:?} {filter}");
            }
        }
    }
}

#[test]
fn a_direction_is_not_known_in_a_file() {
    assert!(try_read(&classic(Little, 0xa1b2_c3d4), Some("inbound")).is_err());
}

#[test]
fn the_capture_filter_applies_to_files_per_link_type() {
    let mut file = section(Little);
    file.extend(interface(Little, 1, &[]));
    file.extend(interface(Little, 101, &[]));
    for (port, tcp) in [(80, true), (81, true), (80, false)] {
        let frame = packet_to(port, tcp);
        file.extend(enhanced(Little, 0, 1, &frame));
        file.extend(enhanced(Little, 1, 1, &frame[14..]));
    }
    let (frames, end) = try_read(&file, Some("tcp port 80")).unwrap();
    assert_eq!(end, End::Complete);
    assert_eq!(frames.iter().map(|frame| frame.link_type).collect::<Vec<_>>(), [1, 101]);

    let error = try_read(&file, Some("tcp porrt 80")).unwrap_err();
    assert!(matches!(error, CaptureError::Filter { .. }), "{error:?}");
}

fn pipe() -> (std::fs::File, FileSourceStart) {
    let (reader, writer) = rustix::pipe::pipe().unwrap();
    (writer.into(), FileSourceStart(reader))
}

struct FileSourceStart(OwnedFd);

impl FileSourceStart {
    fn open(self) -> FileSource {
        let input = Input::new(File::from(self.0), None);
        FileSource::start("pipe", input, None).map_err(|error| error.at("pipe")).unwrap()
    }
}

#[test]
fn a_slow_pipe_shows_each_packet_at_once_and_never_blocks_for_long() {
    let (mut writer, reader) = pipe();
    writer.write_all(&classic(Little, 0xa1b2_c3d4)).unwrap();
    let mut source = reader.open();
    for number in 0..5u32 {
        let asked = Instant::now();
        assert!(matches!(source.next(), Next::Idle));
        assert!(asked.elapsed() < Duration::from_millis(400), "{:?}", asked.elapsed());
        let record = record(Little, number, 0, b"now");
        writer.write_all(&record[..9]).unwrap();
        assert!(matches!(source.next(), Next::Idle), "half a packet is none");
        writer.write_all(&record[9..]).unwrap();
        let Next::Frame(frame) = source.next() else { panic!("packet {number} is late") };
        assert_eq!(frame.timestamp, Timestamp::from_seconds(i64::from(number)));
    }
    drop(writer);
    assert!(matches!(source.next(), Next::End(End::Complete)));
    assert!(matches!(source.next(), Next::End(End::Complete)), "and so it stays");
}

#[test]
fn a_pipe_may_be_compressed() {
    let (mut writer, reader) = pipe();
    let packed = gzip(&many_packets());
    let sender = std::thread::spawn(move || writer.write_all(&packed).unwrap());
    let (frames, end) = drain(&mut reader.open());
    sender.join().unwrap();
    assert_eq!((frames.len(), end), (2000, End::Complete));
}

#[test]
fn a_growing_file_is_followed() {
    let mut file = saved(b"");
    let mut source = FileSource::open(file.path(), true, None).unwrap();
    assert!(matches!(source.next(), Next::Idle), "not even a header yet");
    file.write_all(&classic(Little, 0xa1b2_c3d4)).unwrap();
    assert!(matches!(source.next(), Next::Idle));
    for half in record(Little, 3, 0, b"grown").chunks(11) {
        assert!(matches!(source.next(), Next::Idle));
        file.write_all(half).unwrap();
    }
    let Next::Frame(frame) = source.next() else { panic!("the packet is there") };
    assert_eq!(frame.data, b"grown");
    file.as_file().set_len(10).unwrap();
    let Next::End(End::Failed(reason)) = source.next() else { panic!("it was truncated") };
    assert!(reason.contains("truncated"), "{reason}");
}

#[test]
fn a_followed_file_that_is_replaced_is_said() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("dump.pcap");
    std::fs::write(&path, classic(Little, 0xa1b2_c3d4)).unwrap();
    let mut source = FileSource::open(&path, true, None).unwrap();
    assert!(matches!(source.next(), Next::Idle));
    std::fs::rename(&path, directory.path().join("dump.pcap.1")).unwrap();
    std::fs::write(&path, classic(Little, 0xa1b2_c3d4)).unwrap();
    let Next::End(End::Failed(reason)) = source.next() else { panic!("it was replaced") };
    assert!(reason.contains("replaced"), "{reason}");
}

/// A capture with a bit of everything, to be damaged.
fn varied() -> Vec<u8> {
    let mut file = section(Little);
    file.extend(interface(Little, 1, &[(2, b"eth0"), (9, &[6]), (14, &[0; 8])]));
    for number in 0..4 {
        file.extend(enhanced(Little, 0, number, b"some packet"));
    }
    let mut statistics = words(Little, &[0, 0, 0]);
    statistics.extend(options(Little, &[(5, &[1; 8]), (7, &[2; 8])]));
    file.extend(block(Little, 5, &statistics));
    file.extend(block(Little, 3, &[4, 0, 0, 0, 1, 2, 3, 4]));
    file.extend(section(Big));
    file.extend(interface(Big, 101, &[(3, b"other")]));
    file.extend(enhanced(Big, 0, 9, b"more"));
    file
}

proptest! {
    #[test]
    fn damaged_captures_never_panic(
        hits in prop::collection::vec((0usize..1000, any::<u8>()), 0..8),
        cut in 0usize..1000,
    ) {
        for mut file in [varied(), many_packets()[..1000].to_vec()] {
            for (at, value) in &hits {
                let length = file.len();
                file[at % length] = *value;
            }
            file.truncate(cut.max(4));
            let _ = try_read(&file, None);
        }
    }

    #[test]
    fn arbitrary_blocks_never_panic(
        kind in prop::sample::select(vec![1u32, 2, 3, 4, 5, 6, 9, 10, 0x0bad, 0x0a0d_0d0a]),
        body in prop::collection::vec(any::<u8>(), 0..80),
        big in any::<bool>(),
    ) {
        let order = if big { Big } else { Little };
        let file = [section(order), interface(order, 1, &[]), block(order, kind, &body)].concat();
        let _ = try_read(&file, None);
    }

    #[test]
    fn arbitrary_octets_after_a_magic_number_never_panic(
        magic in prop::sample::select(vec![
            vec![0xd4, 0xc3, 0xb2, 0xa1], vec![0xa1, 0xb2, 0x3c, 0x4d], vec![0x0a, 0x0d, 0x0d, 0x0a],
            vec![0x1f, 0x8b, 8], vec![0x28, 0xb5, 0x2f, 0xfd], vec![0x50, 0x2a, 0x4d, 0x18],
        ]),
        rest in prop::collection::vec(any::<u8>(), 0..300),
    ) {
        let _ = try_read(&[magic, rest].concat(), None);
    }
}
