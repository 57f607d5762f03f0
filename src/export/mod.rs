//! Cases and captures written for other programs and other people.

pub mod json;
pub mod text;
