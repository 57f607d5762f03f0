//! Large packets, of which only the beginning is read, and who reads the others.

use std::sync::atomic::{AtomicUsize, Ordering};

use super::*;
use crate::capture::input::{BlockReader, HEADROOM};
use crate::capture::sparse::{BEGINNING, LARGE};

/// Whoever reads ahead, without being ahead.
#[derive(Default)]
struct AtOnce {
    reader: Option<Box<dyn BlockReader>>,
    blocks: Arc<AtomicUsize>,
}

impl Blocks for AtOnce {
    fn start(&mut self, reader: Box<dyn BlockReader>) -> io::Result<()> {
        self.reader = Some(reader);
        Ok(())
    }

    fn next(&mut self, used: Vec<u8>) -> io::Result<Option<Vec<u8>>> {
        self.blocks.fetch_add(1, Ordering::Relaxed);
        let (block, fault) = self.reader.as_mut().unwrap().read_block(used);
        fault.map_or(Ok((block.len() > HEADROOM).then_some(block)), Err)
    }
}

fn read_ahead(path: &Path, bpf: Option<&str>) -> FileSource {
    let mut source = FileSource::open(path, false, bpf).unwrap();
    source.offer(Box::new(AtOnce::default()));
    source
}

/// When a frame was captured, the octets that came, and how many more there are.
type Came = (i64, Vec<u8>, u32);

/// Frames as they come: whole, or the beginning; then every other one is asked for whole.
fn parts(source: &mut FileSource) -> (Vec<Came>, usize, End) {
    let (mut frames, mut beginnings) = (Vec::new(), 0);
    loop {
        let part = match source.next_part() {
            Part::Beginning(Beginning { frame, unread }) => {
                assert_eq!(frame.data.len(), BEGINNING);
                beginnings += 1;
                if beginnings % 2 == 0 {
                    Part::Whole(source.whole())
                } else {
                    Part::Beginning(Beginning { frame, unread })
                }
            }
            part @ Part::Whole(_) => part,
        };
        frames.push(match part {
            Part::Beginning(Beginning { frame, unread }) => {
                (frame.timestamp.nanoseconds(), frame.data.to_vec(), unread)
            }
            Part::Whole(Next::Frame(frame)) => {
                (frame.timestamp.nanoseconds(), frame.data.to_vec(), 0)
            }
            Part::Whole(Next::Idle) => continue,
            Part::Whole(Next::End(end)) => return (frames, beginnings, end),
        });
    }
}

fn recording(sizes: &[usize], kuznetzov: bool) -> Vec<u8> {
    let mut file = classic(Big, if kuznetzov { 0xa1b2_cd34 } else { 0xa1b2_c3d4 });
    for (number, &size) in (1..).zip(sizes) {
        let data: Vec<u8> = (0..size).map(|at| (at / 7 + size) as u8).collect();
        let record = record(Big, number, number, &data);
        let (header, data) = record.split_at(16);
        file.extend([header, if kuznetzov { &[7; 8] } else { &[] }, data].concat());
    }
    file
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn large_packets_are_the_same_whole_and_in_part_wherever_the_file_ends(
        sizes in prop::collection::vec(
            prop_oneof![
                4 => 0_usize..2000,
                1 => LARGE - 2..LARGE + 3,
                2 => LARGE..66_000,
                1 => 66_000_usize..262_144,
            ],
            0..40,
        ),
        again in 1_usize..6,
        kuznetzov: bool,
        cut in prop_oneof![Just(0), 0_usize..100_000],
    ) {
        let mut octets = recording(&sizes.repeat(again), kuznetzov);
        octets.truncate((octets.len() - cut.min(octets.len())).max(classic::FILE_HEADER));
        let file = saved(&octets);
        let (expected, end) = drain(&mut FileSource::open(file.path(), false, None).unwrap());
        let (whole, end_of_whole) = drain(&mut read_ahead(file.path(), None));
        prop_assert!(whole == expected, "{} frames of {}", whole.len(), expected.len());
        prop_assert_eq!(&end_of_whole, &end);
        let (parts, beginnings, end_of_parts) = parts(&mut read_ahead(file.path(), None));
        prop_assert_eq!(end_of_parts, end);
        prop_assert_eq!(parts.len(), expected.len());
        for ((time, data, unread), expected) in parts.iter().zip(&expected) {
            prop_assert_eq!(*time, expected.nanoseconds);
            prop_assert!(expected.data.starts_with(data));
            prop_assert_eq!(data.len() + *unread as usize, expected.data.len());
        }
        let large = expected.iter().filter(|frame| frame.data.len() > LARGE).count();
        prop_assert_eq!(beginnings, large.saturating_sub(1), "all but the first, which shows that there are any");
    }
}

#[test]
fn a_capture_filter_looks_at_whole_packets() {
    let file = saved(&recording(&[60_000; 20], false));
    let (frames, beginnings, _) = parts(&mut read_ahead(file.path(), Some("len > 100")));
    assert_eq!((frames.len(), beginnings), (20, 0));
}

#[test]
fn a_large_packet_that_was_there_and_is_no_more_is_damage() {
    let octets = recording(&[60_000; 3], false);
    let file = saved(&octets);
    let mut source = read_ahead(file.path(), None);
    assert!(matches!(source.next_part(), Part::Whole(Next::Frame(_))));
    assert!(matches!(source.next_part(), Part::Beginning(_)));
    file.as_file().set_len(70_000).unwrap();
    let Next::End(end) = source.whole() else { panic!("it is not there") };
    let text = "the capture ends in the middle of packet 2 (octet 60040)";
    assert_eq!(end, End::Damaged(text.to_owned()));
    assert!(matches!(source.next_part(), Part::Whole(Next::End(again)) if again == end));
}

#[test]
fn behind_a_large_packet_no_record_is_damage() {
    let mut octets = recording(&[60_000; 2], false);
    octets.extend(words(Big, &[3, 3, u32::MAX, u32::MAX]));
    octets.resize(octets.len() + 100_000, 0);
    let file = saved(&octets);
    let (_, end) = drain(&mut FileSource::open(file.path(), false, None).unwrap());
    let (frames, beginnings, end_of_parts) = parts(&mut read_ahead(file.path(), None));
    assert_eq!((frames.len(), beginnings, end_of_parts), (2, 1, end));
}

#[test]
fn who_reads_ahead_reads_what_little_is_looked_at_of() {
    for (size, helped) in [(100, false), (500, false), (700, true), (1514, true)] {
        let file = saved(&recording(&vec![size; 6_000_000 / size], false));
        let (expected, end) = drain(&mut FileSource::open(file.path(), false, None).unwrap());
        let mut source = FileSource::open(file.path(), false, None).unwrap();
        let helper = AtOnce::default();
        let blocks = Arc::clone(&helper.blocks);
        source.offer(Box::new(helper));
        assert!(drain(&mut source) == (expected, end), "{size}");
        let blocks = blocks.load(Ordering::Relaxed);
        assert_eq!(blocks > 10, helped, "{size}: {blocks} blocks");
        assert!(helped || blocks == 0, "{size}: {blocks} blocks");
    }
}
