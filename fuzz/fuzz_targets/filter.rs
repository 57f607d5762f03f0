//! The display filter. What parses can be narrowed, and what does not is pointed at.
#![no_main]

use libfuzzer_sys::fuzz_target;
use why401::filter::Filter;

fuzz_target!(|input: &str| {
    match Filter::parse(input) {
        Ok(filter) => {
            let _ = filter.narrowed("status == 401");
        }
        Err(error) => {
            let _ = (error.pointed(input), error.located(input));
        }
    }
});
