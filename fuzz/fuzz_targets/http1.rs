//! Both sides of an HTTP/1 connection, with losses.
#![no_main]

use libfuzzer_sys::fuzz_target;
use why401_fuzz::{Run, conversation};

fuzz_target!(|input: &[u8]| {
    let mut run = Run::new();
    conversation(input, &mut run);
    run.finish();
});
