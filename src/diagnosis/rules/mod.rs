//! The rules, one line each, in the catalogue's order. One file a few related rules.

use crate::diagnosis::rule::Rule;

/// All rules.
pub static RULES: &[Rule] = &[
    // benign
    // request
    // path
    // server-says
    // token
    // over-time
    // the three that only state a fact
];
