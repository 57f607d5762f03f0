//! Capture files: pcap, pcapng, compressed or not.
#![no_main]

use libfuzzer_sys::fuzz_target;
use why401::capture::file::FileSource;
use why401::capture::{AT_ONCE, Frame, Next, Source};

fuzz_target!(|input: &[u8]| {
    let Ok(mut source) = FileSource::of_octets("input", input.to_vec()) else { return };
    let Ok(mut walking) = FileSource::of_octets("input", input.to_vec()) else { return };
    let mut walked = 0..0;
    loop {
        let expected = match source.next() {
            Next::Frame(frame) => Some(frame),
            Next::Idle => continue,
            Next::End(_) => None,
        };
        assert!(expected.is_none_or(|frame| frame.data.len() <= 1 << 26));
        // The same frames come where those that are there already are walked over.
        if walked.is_empty() {
            walked = 0..walking.walk();
        }
        let mut room = [Frame::EMPTY; AT_ONCE];
        let came = match walked.next() {
            Some(at) => walking.walked(&mut room).get(at).copied(),
            None => match walking.next() {
                Next::Frame(frame) => Some(frame),
                Next::Idle => unreachable!("all octets are there"),
                Next::End(_) => None,
            },
        };
        let said = |frame: Frame<'_>| (frame.timestamp, frame.interface, frame.data.to_vec());
        assert_eq!(came.map(said), expected.map(said));
        if expected.is_none() {
            return;
        }
    }
});
