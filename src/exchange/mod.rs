//! A request paired with its response, and how sure that pairing is.

pub mod conversation;
pub mod multiplexed;
pub mod pending;
pub mod proxy_protocol;
pub mod under_way;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use crate::cache;
pub use crate::http::{Anomalies, Anomaly};
use crate::http::{HeadLoss, Request, Response, Version};
use crate::time::Timestamp;

/// A TCP connection as the exchanges on it see it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Connection {
    /// Number of the flow in this run, from 1.
    pub flow: u64,
    /// The side that sends requests. Behind a PROXY protocol header: the client it names.
    pub client: SocketAddr,
    /// The side that sends responses.
    pub server: SocketAddr,
    /// The address that connected, where a PROXY protocol header named another client.
    pub via: Option<SocketAddr>,
    /// Name of the interface (or file) it was captured on.
    pub interface: Arc<str>,
    /// Capture time of its first packet.
    pub started: Timestamp,
    /// Whether its beginning was not seen.
    pub midstream: bool,
}

/// How sure it is that this response answers this request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Pairing {
    /// In order on an unbroken connection.
    #[default]
    Certain,
    /// Octets were lost around it; the pairing fits times, acknowledgements and order.
    Likely,
    /// Only one side was seen.
    OneSided,
}

/// What the capture holds of an exchange.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Coverage {
    /// Octets of either message that were never seen.
    pub gap_octets: u64,
    /// Part of it was cut by the snap length or a bound.
    pub truncated: bool,
    /// How sure the pairing is.
    pub pairing: Pairing,
    /// Why the request is not there, when it is not.
    pub request_loss: Option<HeadLoss>,
    /// Only one direction of the connection was captured.
    pub one_sided: bool,
    /// Segments of the connection that brought nothing new, from its start to the end of this
    /// exchange.
    pub retransmitted: u64,
}

/// A request and the final response to it. One of the two may be missing, never both.
#[derive(Debug, Clone)]
pub struct Exchange {
    /// Number in this run, from 1, in the order in which exchanges began to be known.
    pub id: u64,
    /// The connection.
    pub connection: Arc<Connection>,
    /// HTTP/2 stream.
    pub stream: Option<u32>,
    /// The request; `None` when it was not captured, or cannot be read.
    pub request: Option<Request>,
    /// The final response; `None` when none was seen (yet).
    pub response: Option<Response>,
    /// Number of interim (1xx) responses before it.
    pub interim_responses: u16,
    /// Oddities in the traffic.
    pub anomalies: Anomalies,
    /// What the capture holds of it.
    pub coverage: Coverage,
    /// No request to another server was under way when it was over: no other leg of it comes later.
    pub alone: bool,
}

impl Exchange {
    /// Asks for its own memory, for which there is time.
    #[inline]
    pub fn fetch(&self) {
        cache::fetch(&self.id);
        cache::fetch(&self.request);
        cache::fetch(&self.response);
        cache::fetch(&self.coverage);
    }

    /// Asks for what it refers to.
    #[inline]
    pub fn fetch_parts(&self) {
        cache::fetch(&*self.connection);
        if let Some(request) = &self.request {
            request.head.fetch();
        }
        if let Some(response) = &self.response {
            response.head.fetch();
            cache::fetch_octets(&response.body.start);
        }
    }

    /// When it began: the request's first octet, else the response's.
    pub fn time(&self) -> Timestamp {
        match (&self.request, &self.response) {
            (Some(request), _) => request.time,
            (None, Some(response)) => response.time,
            (None, None) => self.connection.started,
        }
    }

    /// When it was answered: the response's first octet, else when it began.
    pub fn answered(&self) -> Timestamp {
        self.response.as_ref().map_or_else(|| self.time(), |response| response.time)
    }

    /// Status code of the response; `None` without one.
    pub fn status(&self) -> Option<u16> {
        self.response.as_ref().map(|response| response.status)
    }

    /// From the request's first octet to the response's first octet.
    pub fn latency(&self) -> Option<Duration> {
        Some(self.response.as_ref()?.time.since(self.request.as_ref()?.time))
    }

    /// Protocol version: the request's, else the response's.
    pub fn version(&self) -> Version {
        match (&self.request, &self.response) {
            (Some(request), _) => request.version,
            (None, Some(response)) => response.version,
            (None, None) => Version::Http11,
        }
    }

    /// What a request was that is not there.
    pub fn without_request(&self) -> &'static str {
        match self.coverage.request_loss {
            Some(HeadLoss::NotHttp1) => "unreadable as HTTP",
            _ => "not captured",
        }
    }

    /// Whether nothing of it is missing.
    pub fn is_complete(&self) -> bool {
        let request =
            self.request.as_ref().is_some_and(|r| r.head_loss.is_none() && r.body.complete);
        let response =
            self.response.as_ref().is_some_and(|r| r.head_loss.is_none() && r.body.complete);
        request && response && self.coverage.gap_octets == 0 && !self.coverage.truncated
    }
}
