//! A connection that becomes HTTP/2 because a request asked for it.

use super::Conversation;
use crate::exchange::multiplexed::Multiplexed;
use crate::http::{Request, Response};

impl Conversation {
    /// The server goes over to HTTP/2 behind its 101, and answers the request that asked for it once more, on
    /// stream 1 (RFC 7540 §3.2).
    pub(super) fn upgrade(&mut self, request: &Request) {
        self.multiplexed = Some(Box::new(Multiplexed::upgraded(request.clone())));
    }
}

/// Whether what follows this response is HTTP/2 in plaintext (RFC 9110 §7.8: 101 says to which protocol).
pub(super) fn begins_http2(response: &Response) -> bool {
    let is_http2 = |protocol: &[u8]| protocol.trim_ascii().eq_ignore_ascii_case(b"h2c");
    let mut lines = response.head.get_all("upgrade");
    response.status == 101 && lines.any(|line| line.split(|&octet| octet == b',').any(is_http2))
}
