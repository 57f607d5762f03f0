//! Cases made by hand, for the tests of the model and of the views.

#![allow(missing_docs, clippy::missing_panics_doc, clippy::return_self_not_must_use)]

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use crate::auth::authorization::{Parameters, UnknownReason};
use crate::auth::{
    AuthFacts, AuthState, Authorization, Challenge, Jwt, MalformedReason, Scheme, Shape,
};
use crate::counters::Counters;
use crate::diagnosis::{Case, Class, Confidence, Entry, Evidence, Note, NoteId, Verdict, testing};
use crate::exchange::{Anomalies, Connection, Coverage, Exchange};
use crate::http::{Body, Head, Request, Response, Version};
use crate::secret::{Fingerprint, Secret};
use crate::session::Status;
use crate::time::Timestamp;

/// 2026-11-21T12:03:07.123456Z
pub const START: Timestamp = Timestamp::from_parts(1_795_262_587, 123_456_000);

/// Builds one case.
pub struct Sample {
    pub id: u64,
    pub client: &'static str,
    pub server: &'static str,
    pub method: &'static str,
    pub target: String,
    pub status: u16,
    pub request: Vec<(String, String)>,
    pub response: Vec<(String, String)>,
    pub request_body: Vec<u8>,
    pub response_body: Vec<u8>,
    pub authorization: Authorization,
    pub challenges: Vec<Challenge>,
    pub verdict: Option<Verdict>,
    pub after: Duration,
    pub retransmitted: u64,
}

fn owned(fields: &[(&str, &str)]) -> Vec<(String, String)> {
    fields.iter().map(|&(name, value)| (name.to_owned(), value.to_owned())).collect()
}

impl Sample {
    /// An accepted GET.
    pub fn new(id: u64) -> Self {
        Self {
            id,
            client: "10.0.0.7:53124",
            server: "10.0.0.2:8080",
            method: "GET",
            target: "/v1/orders?page=2".into(),
            status: 200,
            request: owned(&[("Host", "api.local:8080"), ("User-Agent", "curl/8.5.0")]),
            response: owned(&[("Server", "nginx"), ("Content-Type", "application/json")]),
            request_body: Vec::new(),
            response_body: b"{\"ok\":true}".to_vec(),
            authorization: missing(),
            challenges: Vec::new(),
            verdict: None,
            after: Duration::from_millis(id * 250),
            retransmitted: 0,
        }
    }

    /// With a Basic credential that was accepted or not.
    pub fn basic(mut self, user: &str, fingerprint: u32) -> Self {
        self.request.push(("Authorization".into(), "Basic Ym9iOmh1bnRlcjI=".into()));
        self.authorization = Authorization {
            state: AuthState::Present {
                shape: Shape::UserPass { user: user.into(), password: Secret::new(b"hunter2") },
                findings: Vec::new(),
            },
            scheme: Some(Scheme::new("Basic")),
            user: Some(user.into()),
            fingerprint: Some(Fingerprint(fingerprint)),
        };
        self
    }

    /// Refused with a Basic challenge, for this reason.
    pub fn refused(
        mut self,
        id: &'static str,
        title: &'static str,
        confidence: Confidence,
    ) -> Self {
        self.status = 401;
        self.response.push(("WWW-Authenticate".into(), "Basic realm=\"Zone\"".into()));
        self.response_body = b"{\"error\":\"unauthorized\"}".to_vec();
        self.challenges = vec![Challenge {
            scheme: Scheme::new("Basic"),
            params: Parameters(vec![("realm".into(), "Zone".into())]),
            token68: None,
        }];
        self.verdict = Some(verdict(id, title, confidence));
        self
    }

    /// Done.
    pub fn case(self) -> Arc<Case> {
        let head = |first: &str, second: &str, fields: &[(String, String)]| {
            let fields = fields.iter().map(|(name, value)| (name.as_bytes(), value.as_bytes()));
            Head::from_parts(first.as_bytes(), second.as_bytes(), fields)
        };
        let body = |octets: Vec<u8>| Body {
            length: octets.len() as u64,
            start: octets.into(),
            gap: 0,
            complete: true,
            whole: true,
        };
        let time = START + self.after;
        let reason = if self.status == 401 { "Unauthorized" } else { "OK" };
        let exchange = Exchange {
            id: self.id,
            connection: Arc::new(Connection {
                flow: self.id.div_ceil(2),
                client: self.client.parse::<SocketAddr>().unwrap(),
                server: self.server.parse::<SocketAddr>().unwrap(),
                via: None,
                interface: "lo".into(),
                started: time,
                midstream: false,
            }),
            stream: None,
            request: Some(Request {
                time,
                version: Version::Http11,
                head: head(self.method, &self.target, &self.request),
                head_loss: None,
                body: body(self.request_body),
            }),
            response: Some(Response {
                time: time + Duration::from_micros(3214),
                version: Version::Http11,
                status: self.status,
                head: head("", reason, &self.response),
                head_loss: None,
                body: body(self.response_body),
                trailers: None,
            }),
            interim_responses: 0,
            anomalies: Anomalies::default(),
            coverage: Coverage { retransmitted: self.retransmitted, ..Coverage::default() },
            alone: false,
        };
        Arc::new(Case {
            exchange: Arc::new(exchange),
            auth: Arc::new(AuthFacts {
                authorization: self.authorization.into(),
                proxy_authorization: None,
                alternatives: Vec::new(),
                challenges: self.challenges.into(),
                challenge_defects: Vec::new(),
            }),
            settled: true,
            verdict: self.verdict,
        })
    }
}

/// No credentials at all.
pub fn missing() -> Authorization {
    Authorization { state: AuthState::Missing, scheme: None, user: None, fingerprint: None }
}

/// A verdict with one piece of evidence.
pub fn verdict(id: &'static str, title: &'static str, confidence: Confidence) -> Verdict {
    let entry: &'static Entry = Box::leak(Box::new(Entry {
        id: id.into(),
        title: title.into(),
        priority: 90,
        class: Class::Fallback,
        confidence: "usually sure".into(),
        evidence: "what stands on the wire".into(),
        rules_out: "nothing".into(),
        shown: "The server asks for Basic credentials and the request carried none that it takes."
            .into(),
        client: "Send the credentials that the server asks for.".into(),
        server: "Check that the user exists.".into(),
        sources: "RFC 9110 §11.6.1".into(),
    }));
    let evidence = vec![
        Evidence {
            field: "request.authorization".into(),
            value: "Basic (masked)".into(),
            note: "user bob".into(),
        },
        Evidence {
            field: "response.header.www-authenticate".into(),
            value: "Basic realm=\"Zone\"".into(),
            note: "".into(),
        },
    ];
    testing::verdict(entry, confidence, evidence)
}

/// A 200 without credentials.
pub fn accepted(id: u64) -> Arc<Case> {
    Sample::new(id).case()
}

/// A 401 without credentials.
pub fn refused(id: u64) -> Arc<Case> {
    Sample::new(id)
        .refused("no-credentials-sent", "Request carried no credentials", Confidence::Certain)
        .case()
}

/// With a JWT in `Authorization`, issued at ten and valid for an hour.
pub fn bearer(mut sample: Sample, user: &str, fingerprint: u32) -> Sample {
    let claims = serde_json::json!({
        "iss": "https://auth.shop.test", "sub": user, "aud": "orders",
        "iat": 1_795_255_200, "exp": 1_795_258_800, "jti": "8f14e45f",
    });
    let header = serde_json::json!({"alg": "RS256", "kid": "2026-11", "typ": "JWT"});
    let object = |value: serde_json::Value| value.as_object().unwrap().clone();
    sample.request.push(("Authorization".into(), "Bearer eyJhbGciOiJSUzI1NiJ9.e30.c2ln".into()));
    sample.authorization = Authorization {
        state: AuthState::Present {
            shape: Shape::Jws(Box::new(Jwt {
                header: object(header),
                claims: object(claims),
                signature_length: 256,
            })),
            findings: Vec::new(),
        },
        scheme: Some(Scheme::new("Bearer")),
        user: Some(user.into()),
        fingerprint: Some(Fingerprint(fingerprint)),
    };
    sample
}

/// What a session has counted by then.
pub fn status() -> Status {
    let counters = Counters {
        packets_seen: 4210,
        flows: 12,
        http_flows: 9,
        exchanges: 1284,
        unauthorized: 37,
        benign: 12,
        dropped_kernel: 3,
        memory: 12 << 20,
        ..Counters::default()
    };
    Status {
        source: "eth0".into(),
        live: true,
        bpf: "tcp port 8080".into(),
        counters,
        ..Status::default()
    }
}

/// A dozen exchanges of several kinds.
pub fn a_morning() -> Vec<Arc<Case>> {
    const WRONG: (&str, &str) = ("wrong-password", "User name or password is wrong");
    let accepted = Sample::new(1).basic("bob", 0x3fa1_c2d4).case();
    let mut cases = vec![Arc::clone(&accepted), refused(2)];

    let mut wrong =
        Sample::new(3).basic("bob", 0x77aa_0001).refused(WRONG.0, WRONG.1, Confidence::Likely);
    if let Some(verdict) = &mut wrong.verdict {
        verdict.nearest_success = Some(accepted);
        Arc::make_mut(&mut verdict.diagnosis).related = vec![1, 2];
        verdict.notes.push(Note::new(
            NoteId::ClearTextCredentials,
            "Anyone on this network can read this credential. Use https.",
        ));
    }
    cases.push(wrong.case());

    let mut expired = bearer(Sample::new(4), "alice", 0x0bad_cafe).refused(
        "token-expired",
        "The token has expired",
        Confidence::Certain,
    );
    expired.response.push(("Date".into(), "Sat, 21 Nov 2026 12:03:07 GMT".into()));
    cases.push(expired.case());

    let mut benign = Sample::new(5).refused(
        "challenge-roundtrip",
        "First request without credentials, then accepted",
        Confidence::Certain,
    );
    if let Some(verdict) = &mut benign.verdict {
        Arc::make_mut(&mut verdict.diagnosis).benign = true;
    }
    cases.push(benign.case());

    let mut doubled =
        Sample::new(6).refused("doubled-scheme", "Scheme name sent twice", Confidence::Certain);
    doubled.client = "[2001:db8::17]:40000";
    doubled.authorization.state = AuthState::Malformed {
        reason: MalformedReason::DoubledScheme { second: "Bearer".into(), mixed: false },
        findings: Vec::new(),
    };
    cases.push(doubled.case());

    let mut lost = Sample::new(7).refused(
        "unexplained",
        "Refused, and the wire does not say why",
        Confidence::Possible,
    );
    lost.authorization.state = AuthState::Unknown { reason: UnknownReason::CaptureGap };
    lost.target = "/注文/42".into();
    cases.push(lost.case());

    for id in 8..12 {
        let mut again =
            Sample::new(id).basic("eve", 0x5151_5151).refused(WRONG.0, WRONG.1, Confidence::Likely);
        again.client = "10.0.0.66:6666";
        again.target = "/users/4711/orders".into();
        if let Some(verdict) = &mut again.verdict {
            verdict.repeat = id as u32 - 7;
        }
        cases.push(again.case());
    }
    cases.push(super::samples::accepted(12));
    cases
}
