//! Capture files: pcap, pcapng, compressed or not.
#![no_main]

use libfuzzer_sys::fuzz_target;
use why401::capture::file::FileSource;
use why401::capture::{Frame, Next, Source};

fuzz_target!(|input: &[u8]| {
    let Ok(mut source) = FileSource::of_octets("input", input.to_vec()) else { return };
    let Ok(mut ahead) = FileSource::of_octets("input", input.to_vec()) else { return };
    let said = |frame: Frame<'_>| (frame.timestamp, frame.interface, frame.data.to_vec());
    loop {
        let expected = match source.next() {
            Next::Frame(frame) => Some(frame),
            Next::Idle => continue,
            Next::End(_) => None,
        };
        assert!(expected.is_none_or(|frame| frame.data.len() <= 1 << 26));
        // The same frames come where those that are ready are taken as they are.
        let is_ready = ahead.ready().map(said);
        let came = is_ready.or_else(|| match ahead.next() {
            Next::Frame(frame) => Some(said(frame)),
            Next::Idle => unreachable!("all octets are there"),
            Next::End(_) => None,
        });
        assert_eq!(came, expected.map(said));
        if expected.is_none() {
            return;
        }
    }
});
