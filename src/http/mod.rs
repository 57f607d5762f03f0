//! Byte streams become messages: HTTP/1.x by content on any port, HTTP/2 by its preface,
//! and what a message is.

pub mod anomaly;
pub mod content;
pub mod h1;
pub mod h2;
pub mod message;

pub use anomaly::{Anomalies, Anomaly};
pub use message::{Body, Head, HeadLoss, Request, Response, Version};
