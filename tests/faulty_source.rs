//! The fault injection that other tests rely on does what it says.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod common;

use common::faults::{Faulty, Rates};
use common::pcap::PcapFile;
use why401::capture::{End, LinkType, Next, Source, file::FileSource};

const PACKETS: u64 = 20_000;

/// Reads packets numbered by their content through faults; answers the numbers and lengths.
fn through(rates: Rates, seed: u64) -> Vec<(u64, usize)> {
    let mut file = PcapFile::new(LinkType::RAW);
    for number in 0..PACKETS {
        file.packet(number, &[&number.to_be_bytes()[..], &[0; 32]].concat());
    }
    let saved = tempfile::NamedTempFile::new().unwrap();
    file.save(saved.path());
    let source = FileSource::open(saved.path(), false, None).unwrap();
    let mut faulty = Faulty::new(source, rates, seed);
    let mut seen = Vec::new();
    loop {
        match faulty.next() {
            Next::Frame(frame) => {
                assert_eq!(frame.original_length, 40);
                seen.push((frame.timestamp.nanoseconds() as u64, frame.data.len()));
            }
            Next::Idle => {}
            Next::End(end) => {
                assert_eq!(end, End::Complete);
                return seen;
            }
        }
    }
}

#[test]
fn without_faults_everything_comes_as_it_was() {
    let seen = through(Rates::default(), 1);
    assert!(seen.iter().copied().eq((0..PACKETS).map(|number| (number, 40))));
}

#[test]
fn the_same_seed_makes_the_same_faults() {
    assert_eq!(through(Rates::all(0.1), 7), through(Rates::all(0.1), 7));
    assert_ne!(through(Rates::all(0.1), 7), through(Rates::all(0.1), 8));
}

#[test]
fn each_fault_happens_about_as_often_as_asked() {
    let about = |found: usize| (found as f64 / PACKETS as f64 - 0.1).abs() < 0.02;
    let dropped = through(Rates { drop: 0.1, ..Rates::default() }, 1);
    assert!(about(PACKETS as usize - dropped.len()));
    let doubled = through(Rates { duplicate: 0.1, ..Rates::default() }, 1);
    assert!(about(doubled.len() - PACKETS as usize));
    let cut = through(Rates { truncate: 0.1, ..Rates::default() }, 1);
    assert!(about(cut.iter().filter(|(_, length)| *length < 40).count()));

    let mut reordered = through(Rates { reorder: 0.1, ..Rates::default() }, 1);
    let late = reordered.windows(2).filter(|pair| pair[0].0 > pair[1].0).count();
    assert!(late > PACKETS as usize / 20, "{late}");
    reordered.sort_unstable();
    assert!(reordered.iter().map(|(number, _)| *number).eq(0..PACKETS), "none is lost");
}
