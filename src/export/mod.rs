//! Cases and captures written for other programs and other people.

mod body;
pub mod curl;
pub mod file;
pub mod har;
pub mod json;
pub mod report;
pub mod slice;
pub mod text;
