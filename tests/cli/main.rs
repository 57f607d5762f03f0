//! What users and scripts rely on, checked on the real binary.

mod json;
mod lines;
mod usage;
mod wire;
