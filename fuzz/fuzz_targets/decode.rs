//! Frames of every link type: two octets choose it, the others are the frames, each behind its
//! length.
#![no_main]

use libfuzzer_sys::fuzz_target;
use why401::capture::{Frame, LinkType};
use why401::counters::Counters;
use why401::decode::{Decoded, Decoder};
use why401::time::Timestamp;
use why401_fuzz::limits;

fuzz_target!(|input: &[u8]| {
    let Some((&link_type, mut rest)) = input.split_first_chunk::<2>() else { return };
    let link_type = LinkType(u16::from_be_bytes(link_type));
    let (mut decoder, mut counters) = (Decoder::new(&limits()), Counters::default());
    let mut number = 0;
    while let Some((&length, others)) = rest.split_first_chunk::<2>() {
        let length = usize::from(u16::from_be_bytes(length)).min(others.len());
        let (data, others) = others.split_at(length);
        let frame = Frame {
            timestamp: Timestamp::from_seconds(number),
            link_type,
            interface: 0,
            data,
            original_length: data.len() as u32 + u32::from(number % 3 == 2) * 7,
        };
        if let Decoded::Segment(segment) = decoder.decode(&frame, &mut counters) {
            assert!(segment.payload.len() <= limits().fragments.max(length));
        }
        (number, rest) = (number + 1, others);
    }
});
