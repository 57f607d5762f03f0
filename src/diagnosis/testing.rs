//! Traffic for tests: exchanges in one line each, run through a [`Diagnoser`].
//!
//! ```ignore
//! let cases = diagnose([
//!     get("/").answer(401).with("WWW-Authenticate", "Basic realm=\"x\""),
//!     get("/").at(0.04).auth("Basic YWxpY2U6c2VjcmV0").answer(200),
//! ]);
//! assert_eq!(why(&cases[0]), "challenge-roundtrip certain benign");
//! ```

use std::net::SocketAddr;
use std::sync::Arc;

use crate::auth::proof::Prover;
use crate::counters::Counters;
use crate::diagnosis::{Case, Confidence, Diagnoser, Diagnosis, Entry, Evidence, Verdict};
use crate::exchange::{Anomalies, Connection, Coverage, Exchange};
use crate::http::{Body, Head, Request, Response, Version};
use crate::limits::Limits;
use crate::secret::FingerprintKey;
use crate::time::Timestamp;

/// 2025-06-01T12:00:00Z, the capture time of the catalogue's vectors.
pub const NOON: i64 = 1_748_779_200;

/// A verdict of this entry that has nothing beside it.
pub fn verdict(entry: &'static Entry, confidence: Confidence, evidence: Vec<Evidence>) -> Verdict {
    let diagnosis = Diagnosis {
        entry,
        confidence,
        benign: false,
        evidence,
        facts: Vec::new(),
        related: Vec::new(),
    };
    Verdict {
        diagnosis: Arc::new(diagnosis),
        also: Vec::new(),
        notes: Vec::new(),
        provisional: false,
        was: None,
        repeat: 1,
        leg_of: None,
        nearest_success: None,
    }
}

/// One exchange to be.
#[derive(Debug, Clone)]
pub struct Talk {
    at: f64,
    latency: f64,
    client: SocketAddr,
    server: SocketAddr,
    flow: Option<u64>,
    method: String,
    target: String,
    host: Option<String>,
    request: Vec<(String, Vec<u8>)>,
    sent: Vec<u8>,
    status: Option<u16>,
    reason: String,
    response: Vec<(String, Vec<u8>)>,
    trailers: Vec<(String, Vec<u8>)>,
    body: Vec<u8>,
    alone: bool,
}

/// A GET of this target: from 10.0.0.9 to 10.0.0.1:80, Host `h`, at noon, answered after 10 ms.
pub fn get(target: &str) -> Talk {
    request("GET", target)
}

/// The same with another method.
pub fn request(method: &str, target: &str) -> Talk {
    Talk {
        at: 0.0,
        latency: 0.01,
        client: "10.0.0.9:40000".parse().unwrap(),
        server: "10.0.0.1:80".parse().unwrap(),
        flow: None,
        method: method.to_owned(),
        target: target.to_owned(),
        host: Some("h".to_owned()),
        request: Vec::new(),
        sent: Vec::new(),
        status: None,
        reason: String::new(),
        response: Vec::new(),
        trailers: Vec::new(),
        body: Vec::new(),
        alone: false,
    }
}

impl Talk {
    /// Seconds after noon (may be negative).
    pub fn at(mut self, seconds: f64) -> Self {
        self.at = seconds;
        self
    }

    /// Seconds until the answer.
    pub fn latency(mut self, seconds: f64) -> Self {
        self.latency = seconds;
        self
    }

    /// From this client address (`10.0.0.9` or `10.0.0.9:40000`).
    pub fn from(mut self, client: &str) -> Self {
        self.client =
            client.parse().unwrap_or_else(|_| SocketAddr::new(client.parse().unwrap(), 40000));
        self
    }

    /// To this server address.
    pub fn to(mut self, server: &str) -> Self {
        self.server = server.parse().unwrap();
        self
    }

    /// On this connection; without it all exchanges of one client and server share one.
    pub fn on(mut self, flow: u64) -> Self {
        self.flow = Some(flow);
        self
    }

    /// While no request to another server was under way.
    pub fn alone(mut self) -> Self {
        self.alone = true;
        self
    }

    /// With this `Host`.
    pub fn host(mut self, host: &str) -> Self {
        self.host = Some(host.to_owned());
        self
    }

    /// With this request header.
    pub fn header(mut self, name: &str, value: &str) -> Self {
        self.request.push((name.to_owned(), value.as_bytes().to_vec()));
        self
    }

    /// With this `Authorization`.
    pub fn auth(self, value: &str) -> Self {
        self.header("Authorization", value)
    }

    /// With this request body.
    pub fn sends(mut self, body: &str) -> Self {
        self.sent = body.as_bytes().to_vec();
        self
    }

    /// Answered with this status.
    pub fn answer(mut self, status: u16) -> Self {
        self.status = Some(status);
        self
    }

    /// Answered with this reason phrase.
    pub fn reason(mut self, reason: &str) -> Self {
        self.reason = reason.to_owned();
        self
    }

    /// With this response header.
    pub fn with(self, name: &str, value: &str) -> Self {
        self.with_octets(name, value.as_bytes())
    }

    /// With this response field, of any octets.
    pub fn with_octets(mut self, name: &str, value: &[u8]) -> Self {
        self.response.push((name.to_owned(), value.to_vec()));
        self
    }

    /// With this trailer field.
    pub fn then(mut self, name: &str, value: &str) -> Self {
        self.trailers.push((name.to_owned(), value.as_bytes().to_vec()));
        self
    }

    /// With this `WWW-Authenticate`.
    pub fn asks(self, challenge: &str) -> Self {
        self.with("WWW-Authenticate", challenge)
    }

    /// With this response body.
    pub fn body(mut self, body: &str) -> Self {
        self.body = body.as_bytes().to_vec();
        self
    }

    /// The exchange itself.
    pub fn exchange(&self, id: u64) -> Exchange {
        let time = |seconds: f64| {
            Timestamp::from_nanoseconds(NOON * 1_000_000_000 + (seconds * 1e9).round() as i64)
        };
        let mut fields: Vec<(&[u8], &[u8])> = Vec::new();
        if let Some(host) = &self.host {
            fields.push((b"Host", host.as_bytes()));
        }
        fields.extend(self.request.iter().map(|(n, v)| (n.as_bytes(), v.as_slice())));
        let body = |octets: &[u8]| Body {
            start: octets.into(),
            length: octets.len() as u64,
            gap: 0,
            complete: true,
            whole: true,
        };
        let flow = self.flow.unwrap_or_else(|| default_flow(self.client, self.server));
        Exchange {
            id,
            connection: Arc::new(Connection {
                flow,
                client: self.client,
                server: self.server,
                via: None,
                interface: "test".into(),
                started: time(self.at),
                midstream: false,
            }),
            stream: None,
            request: Some(Request {
                time: time(self.at),
                version: Version::Http11,
                head: Head::from_parts(self.method.as_bytes(), self.target.as_bytes(), fields),
                head_loss: None,
                body: body(&self.sent),
            }),
            response: self.status.map(|status| Response {
                trailers: (!self.trailers.is_empty()).then(|| {
                    let fields = self.trailers.iter().map(|(n, v)| (n.as_bytes(), v.as_slice()));
                    Box::new(Head::from_parts(b"", b"", fields))
                }),
                time: time(self.at + self.latency),
                version: Version::Http11,
                status,
                head: Head::from_parts(
                    b"",
                    self.reason.as_bytes(),
                    self.response.iter().map(|(n, v)| (n.as_bytes(), v.as_slice())),
                ),
                head_loss: None,
                body: body(&self.body),
            }),
            interim_responses: 0,
            anomalies: Anomalies::default(),
            coverage: Coverage::default(),
            alone: self.alone,
        }
    }
}

/// A stable number for the pair of addresses.
fn default_flow(client: SocketAddr, server: SocketAddr) -> u64 {
    format!("{client}{server}")
        .bytes()
        .fold(1000, |flow, octet| (flow * 31 + u64::from(octet)) % 1_000_000_007)
}

/// A diagnoser that is fed by hand.
#[derive(Debug)]
pub struct Wire {
    diagnoser: Diagnoser,
    /// What was counted.
    pub counters: Counters,
    /// Everything emitted so far, in order.
    pub emitted: Vec<Arc<Case>>,
    next: u64,
}

impl Wire {
    /// With default limits.
    pub fn new() -> Self {
        Self::with_limits(&Limits::default())
    }

    /// With these limits.
    pub fn with_limits(limits: &Limits) -> Self {
        let key = FingerprintKey::from_bytes(&[7; 32]);
        Self {
            diagnoser: Diagnoser::new(limits, key),
            counters: Counters::default(),
            emitted: Vec::new(),
            next: 1,
        }
    }

    /// With these keys and passwords.
    pub fn with_prover(self, prover: Prover) -> Self {
        Self { diagnoser: self.diagnoser.with_prover(Some(prover)), ..self }
    }

    /// Without anybody who wants provisional verdicts.
    pub fn unfollowed(mut self) -> Self {
        self.diagnoser.follow(false);
        self
    }

    /// Observes one exchange; its number.
    pub fn see(&mut self, talk: &Talk) -> u64 {
        let id = self.next;
        self.next += 1;
        self.diagnoser.observe(talk.exchange(id).into(), &mut self.counters, &mut self.emitted);
        id
    }

    /// Lets packet time come to so many seconds after noon.
    pub fn wait_until(&mut self, seconds: f64) {
        let now = Timestamp::from_nanoseconds(NOON * 1_000_000_000 + (seconds * 1e9) as i64);
        self.diagnoser.advance(now, &mut self.counters, &mut self.emitted);
    }

    /// Ends the input.
    pub fn finish(&mut self) {
        self.diagnoser.finish(&mut self.counters, &mut self.emitted);
    }

    /// The latest case of this exchange.
    pub fn case(&self, id: u64) -> Arc<Case> {
        let case = self.emitted.iter().rev().find(|case| case.id() == id);
        Arc::clone(case.expect("every exchange is emitted"))
    }
}

/// Runs the talks in the order given and ends the input; the last word on each.
pub fn diagnose(talks: impl IntoIterator<Item = Talk>) -> Vec<Arc<Case>> {
    let mut wire = Wire::new();
    let ids: Vec<u64> = talks.into_iter().map(|talk| wire.see(&talk)).collect();
    wire.finish();
    let cases: Vec<_> = ids.into_iter().map(|id| wire.case(id)).collect();
    for case in &cases {
        assert!(case.settled, "everything is settled at the end: {}", why(case));
    }
    cases
}

/// `id confidence`, with ` benign` and ` provisional` where it is; `none` without a verdict.
pub fn why(case: &Case) -> String {
    let Some(verdict) = &case.verdict else { return "none".to_owned() };
    let diagnosis = &verdict.diagnosis;
    let mut text = format!("{} {}", diagnosis.entry.id, diagnosis.confidence.name());
    if diagnosis.benign {
        text.push_str(" benign");
    }
    if verdict.provisional {
        text.push_str(" provisional");
    }
    text
}

/// The ids of what was also seen.
pub fn also(case: &Case) -> Vec<&str> {
    let verdict = case.verdict.as_ref();
    verdict.map_or_else(Vec::new, |v| v.also.iter().map(|d| d.entry.id.as_str()).collect())
}
