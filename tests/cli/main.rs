//! What users and scripts rely on, checked on the real binary.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

#[cfg(unix)]
mod docs;
mod hostile;
mod json;
mod lines;
#[cfg(target_os = "linux")]
mod live;
#[cfg(target_os = "linux")]
mod losing;
mod proof;
#[cfg(target_os = "linux")]
mod rights;
mod saving;
mod secrets;
mod shown;
mod usage;
mod wire;
