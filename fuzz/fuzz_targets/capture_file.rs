//! Capture files: pcap, pcapng, compressed or not.
#![no_main]

use libfuzzer_sys::fuzz_target;
use why401::capture::file::FileSource;
use why401::capture::{Next, Source};

fuzz_target!(|input: &[u8]| {
    let Ok(mut source) = FileSource::of_octets("input", input.to_vec()) else { return };
    loop {
        match source.next() {
            Next::Frame(frame) => assert!(frame.data.len() <= 1 << 26),
            Next::Idle => {}
            Next::End(_) => return,
        }
    }
});
