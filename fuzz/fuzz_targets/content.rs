//! Content codings: the first octet chooses, the others are the body.
#![no_main]

use libfuzzer_sys::fuzz_target;
use why401::http::content;

const LIMIT: usize = 16 << 10;
const CODINGS: [&[u8]; 6] = [b"gzip", b"deflate", b"br", b"zstd", b"gzip, br", b"identity, x"];

fuzz_target!(|input: &[u8]| {
    let Some((&first, body)) = input.split_first() else { return };
    let coding = CODINGS[usize::from(first) % CODINGS.len()];
    let decoded = content::decode(body, first & 0x80 == 0, Some(coding), LIMIT);
    assert!(decoded.octets.len() <= LIMIT);
});
