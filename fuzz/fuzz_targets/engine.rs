//! Everything: a capture file through all layers.
#![no_main]

use libfuzzer_sys::fuzz_target;
use why401::capture::file::FileSource;
use why401::capture::{AT_ONCE, Frame, Next, Source};
use why401_fuzz::Run;

fuzz_target!(|input: &[u8]| {
    let Ok(mut source) = FileSource::of_octets("input", input.to_vec()) else { return };
    let mut run = Run::new();
    loop {
        source.walk();
        let mut room = [Frame::EMPTY; AT_ONCE];
        run.push_all(source.walked(&mut room), || source.look_ahead());
        match source.next() {
            Next::Frame(frame) => run.push(&frame),
            Next::Idle => {}
            Next::End(_) => break,
        }
    }
    run.finish();
});
