//! What one exchange shows by itself, as a record: without a memory of others, so that any thread can
//! make it.

use std::collections::HashMap;
use std::hash::{BuildHasher, BuildHasherDefault, Hash, Hasher};
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use compact_str::CompactString;

use crate::auth::authorization::AlternativeKind;
use crate::auth::syntax::forwarded_pair;
use crate::auth::{AuthFacts, AuthState, Authorization, Challenge, Shape};
use crate::diagnosis::history::record::{
    Behalf, CREDENTIALS, Challenger, Links, Refusal, RefusalLinks, Trace,
};
use crate::diagnosis::history::retries::{Run, issued_at};
use crate::diagnosis::history::{Hashed, Leg, Method, Record, Sent, digest_nonce, hops};
use crate::diagnosis::recurring::Recurring;
use crate::exchange::Exchange;
use crate::http::{Head, Request, Response, Version};
use crate::text;
use crate::time::Timestamp;

/// Makes records that are not linked with others yet.
#[derive(Debug)]
pub struct Summariser {
    hasher: ahash::RandomState,
    /// Names of origins, which many records share.
    names: HashMap<u64, Arc<str>, BuildHasherDefault<Hashed>>,
    /// More names are forgotten.
    room: usize,
}

impl Summariser {
    /// One whose records are remembered together with all that have the same `hasher`.
    pub(super) fn new(hasher: ahash::RandomState, room: usize) -> Self {
        Self { hasher, names: HashMap::default(), room }
    }

    /// For exchanges of which records are made.
    pub(in crate::diagnosis) fn recurring(&self) -> Recurring {
        Recurring::new(self.hasher.clone())
    }

    fn hash(&self, value: impl Hash) -> u64 {
        self.hasher.hash_one(value)
    }

    /// `None` where a message is missing: such an exchange is not remembered.
    pub fn record(&mut self, exchange: &Exchange, auth: &AuthFacts) -> Option<Record> {
        let (request, response) = (exchange.request.as_ref()?, exchange.response.as_ref()?);
        let mut record = self.summarise(exchange, auth, request, response);
        if matches!(record.status, 401 | 407) {
            let refusal = self.describe(exchange, auth, request, response);
            record.refusal = Some(Box::new(refusal));
        }
        self.particularise(&mut record, exchange, request);
        Some(record)
    }

    /// That of an exchange which says the same as the one that `record` is of.
    pub fn another(&self, record: &Record, exchange: &Exchange) -> Option<Record> {
        let mut record = record.clone();
        self.particularise(&mut record, exchange, exchange.request.as_ref()?);
        Some(record)
    }

    /// What tells an exchange from others that say the same: when it was, who asked, and for what.
    fn particularise(&self, record: &mut Record, exchange: &Exchange, request: &Request) {
        let connection = &exchange.connection;
        record.id = exchange.id;
        record.time = exchange.time();
        record.answered = exchange.answered();
        record.client = connection.client;
        record.flow = connection.flow;
        let (target, path) = (request.target(), request.path());
        record.path = CompactString::from(text::visible_octets(path));
        record.target = self.hash(target);
        record.route_key = if path == target { record.target } else { self.hash(path) };
        record.client_key = self.hash(connection.client.ip());
        record.retry_key = self.retry_key(record);
        if let Some(refusal) = record.refusal.as_mut() {
            refusal.date_since = record.answered;
            refusal.hop_key = self.hop_key(&record.path, &request.head);
        }
    }

    fn summarise(
        &mut self,
        exchange: &Exchange,
        auth: &AuthFacts,
        request: &Request,
        response: &Response,
    ) -> Record {
        let connection = &exchange.connection;
        let host = request.host().filter(|host| !host.is_empty());
        let origin_key = self.origin_key(host, connection.server);
        let origin = self.name(origin_key, || match host {
            Some(host) => text::visible_octets(host).to_ascii_lowercase(),
            None => connection.server.to_string(),
        });
        let authorization = &auth.authorization;
        let mut credentials = [None; CREDENTIALS];
        let others = auth.alternatives.iter().filter_map(|other| other.fingerprint);
        let mut all = authorization.fingerprint.into_iter().chain(others);
        credentials.fill_with(|| all.next());
        let (sent, exact, leg) = sent(&auth.authorization);
        let leg = match &auth.proxy_authorization {
            Some(proxy) if leg == Leg::None => self::sent(proxy).2,
            _ => leg,
        };
        Record {
            id: 0,
            time: Timestamp::default(),
            answered: Timestamp::default(),
            status: response.status,
            denied: response.is_grpc_refusal(),
            client: connection.client,
            server: connection.server,
            flow: 0,
            agent: self.agent(&request.head),
            method: self.method(request.method()),
            origin,
            path: CompactString::default(),
            target: 0,
            sent,
            scheme: authorization.scheme.as_ref().and_then(crate::auth::Scheme::known),
            proxy_scheme: auth
                .proxy_authorization
                .as_ref()
                .filter(|proxy| matches!(proxy.state, AuthState::Present { .. }))
                .and_then(|proxy| proxy.scheme.as_ref()?.known()),
            credentials,
            cookie: auth.alternatives.iter().any(|other| other.kind == AlternativeKind::Cookie),
            exact,
            leg,
            prior: 0,
            refusal: None,
            sequence: 0,
            client_key: 0,
            user_key: authorization.user.as_deref().map_or(0, |user| self.hash(user)),
            origin_key,
            route_key: 0,
            retry_key: 0,
            links: Links::default(),
        }
    }

    /// The program, and behind a proxy the client whose program it is: all that a proxy forwards comes
    /// from one address.
    fn agent(&self, head: &Head) -> u64 {
        match forwarded(head) {
            Some(clients) => self.hash((self.program(head), clients)),
            None => self.program(head),
        }
    }

    fn program(&self, head: &Head) -> u64 {
        head.get("user-agent").map_or(0, |agent| self.hash(agent))
    }

    /// The host, in lower case, else the server's address, and the port.
    fn origin_key(&self, host: Option<&[u8]>, server: SocketAddr) -> u64 {
        let Some(host) = host else { return self.hash((server.ip(), server.port())) };
        named_origin(&self.hasher, host, server.port())
    }

    fn method(&self, name: &[u8]) -> Method {
        match name {
            b"GET" => Method::Get,
            b"HEAD" => Method::Head,
            b"OPTIONS" => Method::Options,
            other => Method::Other(self.hash(other)),
        }
    }

    /// What tells a request from others: its client, and all that the client says.
    fn retry_key(&self, record: &Record) -> u64 {
        let method = match record.method {
            Method::Get => 1,
            Method::Head => 2,
            Method::Options => 3,
            Method::Other(name) => name,
        };
        let client = (record.client_key, record.server, record.agent);
        self.hash((client, record.origin_key, method, record.target))
    }

    /// A name that many records share.
    fn name(&mut self, key: u64, make: impl FnOnce() -> String) -> Arc<str> {
        if let Some(name) = self.names.get(&key) {
            return Arc::clone(name);
        }
        if self.names.len() > self.room {
            self.names.clear();
        }
        let name: Arc<str> = make().into();
        self.names.insert(key, Arc::clone(&name));
        name
    }

    fn describe(
        &self,
        exchange: &Exchange,
        auth: &AuthFacts,
        request: &Request,
        response: &Response,
    ) -> Refusal {
        let head = &response.head;
        let digest = auth.challenges.iter().find(|challenge| challenge.scheme.is("Digest"));
        let issued = digest
            .and_then(|challenge| challenge.params.get("nonce"))
            .map(|nonce| self.hash(nonce))
            .or_else(|| head.get("dpop-nonce").map(|nonce| self.hash(text::decode(nonce))));
        let stale = auth.challenges.iter().any(Challenge::is_stale);
        let octets = &*response.body.start;
        let sent = &*request.body.start;
        Refusal {
            repetition: None,
            outer: 0,
            inner: 0,
            sure_leg: false,
            repeat: 1,
            run: Run::default(),
            challenger: self.challenger(auth, head),
            offered: offered(auth),
            recount: None,
            digest_opaque: digest.and_then(|d| d.params.get("opaque")).map_or(0, |o| self.hash(o)),
            body: if octets.is_empty() { 0 } else { self.hash(octets) },
            date: self.moment(head),
            date_since: Timestamp::default(),
            digest_realm: digest.and_then(|d| d.realm()).map_or(0, |realm| self.hash(realm)),
            identity: auth.alternatives.iter().any(|a| a.kind == AlternativeKind::IdentityHeader),
            nonce_issued: issued.unwrap_or(0),
            nonce_used: digest_nonce(auth).map_or(0, |nonce| self.hash(nonce)),
            issued: issued_at(auth),
            stale,
            continues: auth.challenges.iter().any(|challenge| {
                challenge.token68.is_some()
                    && (challenge.scheme.is("NTLM") || challenge.scheme.is("Negotiate"))
            }),
            closes: closes(exchange, &request.head, head),
            trace: Trace {
                identifier: self.trace_identifier(&request.head),
                original: hops::original_path(&request.head).map_or(0, |path| self.hash(path)),
                program: self.program(&request.head),
                behalf: behalf(&request.head),
                body_length: request.body.length,
                body: if sent.is_empty() { 0 } else { self.hash(sent) },
            },
            hop_key: 0,
            links: RefusalLinks::default(),
        }
    }

    /// Tells what of an answer is made anew for each from that of others.
    fn moment(&self, head: &Head) -> u64 {
        let Some(date) = head.get("date") else { return 0 };
        let mut hasher = self.hasher.build_hasher();
        date.hash(&mut hasher);
        head.get("etag").hash(&mut hasher);
        for name in ["www-authenticate", "proxy-authenticate"] {
            head.get_all(name).for_each(|challenge| challenge.hash(&mut hasher));
        }
        hasher.finish()
    }

    fn challenger(&self, auth: &AuthFacts, head: &Head) -> Challenger {
        let mut hasher = self.hasher.build_hasher();
        for challenge in auth.challenges.iter() {
            hasher.write(challenge.scheme.name().as_bytes());
            hasher.write(challenge.realm().unwrap_or_default().as_bytes());
        }
        let kind = head.get("content-type").unwrap_or_default();
        let kind = kind.split(|&octet| octet == b';').next().unwrap_or_default();
        Challenger {
            asks: hasher.finish(),
            server: self.hash(head.get("server").unwrap_or_default()),
            kind: self.hash(kind),
        }
    }

    /// Legs of one request end in the same path segment, whatever prefix a proxy adds or removes. A
    /// proxy that only asks whether it is allowed names the path that it asks for.
    fn hop_key(&self, path: &str, request: &Head) -> u64 {
        let original = hops::original_path(request).map(text::visible_octets);
        let path = original.as_deref().unwrap_or(path);
        self.hash(path.rsplit('/').next().unwrap_or_default())
    }

    /// Identifiers that proxies hand on.
    fn trace_identifier(&self, head: &Head) -> u64 {
        const NAMES: [&str; 5] =
            ["x-request-id", "x-correlation-id", "x-amzn-trace-id", "x-b3-traceid", "traceparent"];
        let found = NAMES.into_iter().find_map(|name| Some((name, head.get(name)?)));
        let Some((name, value)) = found else { return 0 };
        if name == "traceparent" {
            // W3C Trace Context §3.2: version, trace id, parent id, flags; a proxy changes the parent.
            return value.split(|&octet| octet == b'-').nth(1).map_or(0, |trace| self.hash(trace));
        }
        self.hash(value)
    }
}

/// Names the origin of a host, as a request names it, in hashes.
pub(super) fn named_origin(hasher: &ahash::RandomState, host: &[u8], port: u16) -> u64 {
    let mut hasher = hasher.build_hasher();
    let mut lower = [0; 64];
    for part in host.chunks(lower.len()) {
        let Some(lower) = lower.get_mut(..part.len()) else { break };
        lower.copy_from_slice(part);
        lower.make_ascii_lowercase();
        hasher.write(lower);
    }
    hasher.write_u16(port);
    hasher.finish()
}

/// State of the credentials, whether their fingerprint tells the secret, and the handshake message.
fn sent(authorization: &Authorization) -> (Sent, bool, Leg) {
    match &authorization.state {
        AuthState::Missing => (Sent::Nothing, true, Leg::None),
        AuthState::Unknown { .. } => (Sent::Unknown, false, Leg::None),
        AuthState::Malformed { .. } | AuthState::Multiple { .. } => {
            (Sent::Malformed, true, Leg::None)
        }
        AuthState::Present { shape, .. } => {
            let leg = leg(shape);
            let exact = leg == Leg::None && !matches!(shape, Shape::Digest(_) | Shape::Params(_));
            (Sent::Credentials, exact, leg)
        }
    }
}

/// Which message of a connection-bound handshake it is.
fn leg(shape: &Shape) -> Leg {
    match shape {
        Shape::Ntlm1 | Shape::Spnego { ntlm: true } | Shape::Gss { ntlm: true } => Leg::Negotiate,
        Shape::Ntlm2 | Shape::Ntlm3 { .. } | Shape::SpnegoResp { ntlm: true } => Leg::Authenticate,
        Shape::Spnego { .. } | Shape::Gss { .. } | Shape::SpnegoResp { .. } | Shape::Kerberos => {
            Leg::Token
        }
        _ => Leg::None,
    }
}

/// The first schemes offered that this program knows.
fn offered(auth: &AuthFacts) -> [Option<&'static str>; 3] {
    let mut known = auth.challenges.iter().filter_map(|challenge| challenge.scheme.known());
    [(); 3].map(|()| known.next())
}

/// Whether the connection ends with this answer (RFC 9112 §9.3).
fn closes(exchange: &Exchange, request: &Head, response: &Head) -> bool {
    let names = |value: Option<&[u8]>, option: &str| {
        value.is_some_and(|value| {
            value
                .split(|&octet| octet == b',')
                .any(|part| part.trim_ascii().eq_ignore_ascii_case(option.as_bytes()))
        })
    };
    let (request, response) = (request.get("connection"), response.get("connection"));
    let old = |version: Option<Version>| {
        version.is_some_and(|version| matches!(version, Version::Http09 | Version::Http10))
    };
    let answered = exchange.response.as_ref().map(|response| response.version);
    names(request, "close")
        || names(response, "close")
        || (old(answered) && !names(response, "keep-alive"))
        || (old(Some(exchange.version())) && !names(request, "keep-alive"))
}

/// On whose behalf a request is sent, by the proxies that it passed: the client first, the proxy before
/// the last one last. `None` for what is no address. Some proxies add a line of their own (HAProxy).
fn forwarded(head: &Head) -> Option<Vec<Option<IpAddr>>> {
    let listed = |name: &str, read: fn(&str) -> Option<IpAddr>| {
        head.get(name)?;
        let lines = head.get_all(name).map(text::decode);
        Some(lines.flat_map(|line| line.split(',').map(read).collect::<Vec<_>>()).collect())
    };
    listed("x-forwarded-for", address)
        .or_else(|| listed("x-real-ip", address))
        .or_else(|| listed("forwarded", |hop| forwarded_pair(hop, "for").and_then(address)))
}

fn behalf(head: &Head) -> Behalf {
    let clients = forwarded(head).unwrap_or_default();
    let end = |client: Option<&Option<IpAddr>>| client.copied().flatten();
    Behalf { first: end(clients.first()), last: end(clients.last()) }
}

/// An address, in quotes and with a port or not, which is another one for each connection. Programs that take
/// both kinds write one of IPv4 as one of IPv6 (RFC 4291 §2.5.5.2).
fn address(text: &str) -> Option<IpAddr> {
    let text = text.trim().trim_matches('"');
    let with_port = || text.parse().ok().map(|with_port: SocketAddr| with_port.ip());
    let address: Option<IpAddr> = text.trim_matches(['[', ']']).parse().ok().or_else(with_port);
    address.map(|address| address.to_canonical())
}
