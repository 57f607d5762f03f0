//! `WWW-Authenticate`, one field line a line.
#![no_main]

use libfuzzer_sys::fuzz_target;
use why401::auth::challenge;

fuzz_target!(|input: &[u8]| {
    let _ = challenge::parse(input.split(|&octet| octet == b'\n'));
});
