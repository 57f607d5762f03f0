//! `Authorization`.
#![no_main]

use libfuzzer_sys::fuzz_target;
use why401::auth::credentials;
use why401_fuzz::key;

fuzz_target!(|input: &[u8]| {
    let _ = credentials::read(input, &key());
});
