//! Everything: a capture file through all layers.
#![no_main]

use std::iter::from_fn;

use libfuzzer_sys::fuzz_target;
use why401::capture::file::FileSource;
use why401::capture::{AT_ONCE, Next, Source};
use why401_fuzz::Run;

fuzz_target!(|input: &[u8]| {
    let Ok(mut source) = FileSource::of_octets("input", input.to_vec()) else { return };
    let mut run = Run::new();
    loop {
        let ready: Vec<_> = from_fn(|| source.ready()).take(AT_ONCE).collect();
        let mut ahead = Vec::new();
        run.push_all(&ready, || ahead.extend(source.ready()));
        run.push_all(&ahead, || {});
        match source.next() {
            Next::Frame(frame) => run.push(&frame),
            Next::Idle => {}
            Next::End(_) => break,
        }
    }
    run.finish();
});
