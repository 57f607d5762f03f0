//! Both sides of an HTTP/2 connection, from its start and from its middle, with losses.
#![no_main]

use libfuzzer_sys::fuzz_target;
use why401::http::h2::PREFACE;
use why401_fuzz::{Run, conversation, rest_of_conversation};

fuzz_target!(|input: &[u8]| {
    let mut run = Run::new();
    conversation(&[PREFACE, input].concat(), &mut run);
    run.finish();
    let mut run = Run::new();
    rest_of_conversation(input, &mut run);
    run.finish();
});
