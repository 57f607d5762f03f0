//! Capture files: pcap, pcapng, compressed or not.
#![no_main]

use libfuzzer_sys::fuzz_target;
use why401::capture::file::FileSource;
use why401::capture::{Frame, Next, Source};

fuzz_target!(|input: &[u8]| {
    let Ok(mut source) = FileSource::of_octets("input", input.to_vec()) else { return };
    let Ok(mut walking) = FileSource::of_octets("input", input.to_vec()) else { return };
    let mut ahead = walking.walk();
    let mut at = 0;
    loop {
        let expected = match source.next() {
            Next::Frame(frame) => Some(frame),
            Next::Idle => continue,
            Next::End(_) => None,
        };
        assert!(expected.is_none_or(|frame| frame.data.len() <= 1 << 26));
        // The same frames come where those that are there already are walked over.
        while at == ahead && ahead > 0 {
            (at, ahead) = (0, walking.walk());
        }
        let walked = if at < ahead {
            at += 1;
            walking.walked(at - 1)
        } else {
            match walking.next() {
                Next::Frame(frame) => Some(frame),
                Next::Idle => unreachable!("all octets are there"),
                Next::End(_) => None,
            }
        };
        let said = |frame: Frame<'_>| (frame.timestamp, frame.interface, frame.data.to_vec());
        assert_eq!(walked.map(said), expected.map(said));
        if expected.is_none() {
            return;
        }
        if at == ahead {
            (at, ahead) = (0, walking.walk());
        }
    }
});
