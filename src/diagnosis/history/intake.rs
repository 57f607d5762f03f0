//! From an exchange to a record, its chains, and what it means for earlier refusals.

use std::hash::{BuildHasher, Hasher};
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;

use crate::auth::alternatives::is_session_like;
use crate::auth::authorization::AlternativeKind;
use crate::auth::{AuthFacts, AuthState, Authorization, Shape};
use crate::counters::Counters;
use crate::diagnosis::history::record::{Challenger, Links, Refusal, RefusalLinks, Trace};
use crate::diagnosis::history::redirects::{self, Redirected};
use crate::diagnosis::history::{
    Chain, GivenCookie, History, Leg, Method, Record, Recount, Sent, Sequence, counts, hops,
};
use crate::exchange::Exchange;
use crate::http::{Head, Request, Response, Version};
use crate::text;

/// What a new exchange means for earlier ones.
#[derive(Debug, Clone, Copy, Default)]
pub struct Noted {
    /// Its record; 0 when it is not remembered (a message of it is missing).
    pub sequence: Sequence,
    /// Number of the refused exchange that it repeats.
    pub repeats: Option<u64>,
    /// Number of the refused exchange that is the same request on another leg.
    pub other_leg: Option<u64>,
}

impl History {
    /// Remembers an exchange.
    pub fn note(
        &mut self,
        exchange: &Exchange,
        auth: &AuthFacts,
        counters: &mut Counters,
    ) -> Noted {
        self.now = self.now.max(exchange.time());
        let Some(response) = &exchange.response else { return Noted::default() };
        self.now = self.now.max(response.time);
        let Some(request) = &exchange.request else { return Noted::default() };
        self.forget(counters);
        let sequence = self.next();
        let mut record = self.summarise(exchange, auth, request, response);
        self.read_response(exchange, request, response, &record);
        self.link_chains(&mut record, auth, sequence);
        let retry = self.retry_chain(&record);
        let repeats = self.repeated(retry, &record, exchange, auth, sequence);
        record.prior = repeats.map_or(0, |(prior, _)| prior);
        if record.accepted()
            && let Some((nonce, nc)) = counts::count(request, auth)
        {
            let nonce = self.nonce_key(&record, &nonce);
            self.counts.accept(nonce, nc, record.id, record.answered);
        }
        let mut other_leg = None;
        if matches!(record.status, 401 | 407) {
            let mut refusal = self.describe(exchange, auth, request, response, &record);
            refusal.repeat = self.repeat(retry, &record);
            let client = self.link(Chain::RefusedClient(record.client_key), sequence);
            refusal.links = RefusalLinks {
                client,
                place: self.place(&record, client),
                retry: self.link(retry, sequence),
                hop: self.link(self.hop_chain(&record, &request.head), sequence),
            };
            record.refusal = Some(Box::new(refusal));
            other_leg = hops::join(self, &mut record, sequence);
        }
        self.records.push_back(record);
        Noted { sequence, repeats: repeats.map(|(_, id)| id), other_leg }
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
        // What the last record on the same chain knows need not be made again.
        let sequence = self.next();
        let mut links = Links::default();
        let path_key = self.hash(request.path());
        links.route = self.link(Chain::Route(origin_key, path_key), sequence);
        let last = self.record(links.route);
        if let Some(last) = last {
            links.route_accepted = last.links.route_accepted || last.accepted();
            links.route_asked = last.links.route_asked || last.asked();
        }
        let path = match last {
            Some(last) if last.route_key == path_key => Arc::clone(&last.path),
            _ => text::visible_octets(request.path()).into(),
        };
        let authorization = &auth.authorization;
        let user_key = authorization.user.as_deref().map_or(0, |user| self.hash(user));
        let user = authorization.user.as_deref().map(|user| {
            links.user = self.link(Chain::User(user_key, origin_key), sequence);
            let last = self.record(links.user);
            if let Some(last) = last {
                let moved = last.client.ip() != connection.client.ip();
                links.user_moves = last.links.user_moves.saturating_add(u32::from(moved));
                links.user_accepted = last.links.user_accepted || last.accepted();
            }
            let known = last.and_then(|last| last.user.as_ref()).filter(|known| ***known == *user);
            known.map_or_else(|| user.into(), Arc::clone)
        });
        let mut credentials = [None; super::record::CREDENTIALS];
        let others = auth.alternatives.iter().filter_map(|other| other.fingerprint);
        let mut all = authorization.fingerprint.into_iter().chain(others);
        credentials.fill_with(|| all.next());
        let (sent, exact, leg) = sent(&auth.authorization);
        let leg = match &auth.proxy_authorization {
            Some(proxy) if leg == Leg::None => self::sent(proxy).2,
            _ => leg,
        };
        let target = self.hash(request.target());
        Record {
            id: exchange.id,
            time: request.time,
            answered: response.time,
            status: response.status,
            client: connection.client,
            server: connection.server,
            flow: connection.flow,
            agent: request.head.get("user-agent").map_or(0, |agent| self.hash(agent)),
            method: self.method(request.method()),
            origin,
            path,
            target,
            sent,
            scheme: authorization.scheme.as_ref().and_then(crate::auth::Scheme::known),
            proxy_scheme: auth
                .proxy_authorization
                .as_ref()
                .filter(|proxy| matches!(proxy.state, AuthState::Present { .. }))
                .and_then(|proxy| proxy.scheme.as_ref()?.known()),
            user,
            credentials,
            cookie: auth.alternatives.iter().any(|other| other.kind == AlternativeKind::Cookie),
            exact,
            leg,
            prior: 0,
            refusal: None,
            sequence,
            client_key: self.hash(connection.client.ip()),
            user_key,
            origin_key,
            route_key: path_key,
            links,
        }
    }

    /// The host, in lower case, else the server's address, and the port.
    fn origin_key(&self, host: Option<&[u8]>, server: SocketAddr) -> u64 {
        let mut hasher = self.hasher.build_hasher();
        match host {
            Some(host) => {
                let mut lower = [0; 64];
                for part in host.chunks(lower.len()) {
                    let Some(lower) = lower.get_mut(..part.len()) else { break };
                    lower.copy_from_slice(part);
                    lower.make_ascii_lowercase();
                    hasher.write(lower);
                }
            }
            None => std::hash::Hash::hash(&server.ip(), &mut hasher),
        }
        hasher.write_u16(server.port());
        hasher.finish()
    }

    fn method(&self, name: &[u8]) -> Method {
        match name {
            b"GET" => Method::Get,
            b"HEAD" => Method::Head,
            b"OPTIONS" => Method::Options,
            other => Method::Other(self.hash(other)),
        }
    }

    /// Takes what an answer of any status teaches: the clock, cookies, redirections.
    fn read_response(
        &mut self,
        exchange: &Exchange,
        request: &Request,
        response: &Response,
        record: &Record,
    ) {
        let (mut date, mut stored, mut location) = (None, false, None);
        for (name, value) in response.head.fields() {
            match name.len() {
                3 if name.eq_ignore_ascii_case(b"age") => stored = true,
                4 if name.eq_ignore_ascii_case(b"date") => date = Some(value),
                8 if name.eq_ignore_ascii_case(b"location") => location = Some(value),
                10 if name.eq_ignore_ascii_case(b"set-cookie") => {
                    if let Some(cookie) = GivenCookie::parse(value, response.time, exchange.id)
                        && is_session_like(cookie.name.as_bytes())
                        && response.status < 400
                    {
                        let visitor = self.visitor(record, request);
                        self.cookies.give(visitor, cookie);
                    }
                }
                _ => {}
            }
        }
        if !stored {
            self.clocks.measure(exchange, date);
        }
        if matches!(record.status, 301 | 302 | 303 | 307 | 308)
            && record.sent == Sent::Credentials
            && let Some(location) = location
        {
            self.note_redirect(request, record, location);
        }
    }

    fn note_redirect(&mut self, request: &Request, record: &Record, location: &[u8]) {
        let location = text::decode(location);
        let path = text::decode(request.path());
        let authority = own_authority(request, record);
        let Some((to, target)) = redirects::resolve(&location, &authority, &path) else { return };
        let destination = self.destination(record, &to, target.as_bytes());
        let shown = location.split('?').next().unwrap_or_default();
        self.redirects.insert(Redirected {
            id: record.id,
            time: record.answered,
            status: record.status,
            origin: Arc::clone(&record.origin),
            origin_key: record.origin_key,
            scheme: record.scheme,
            location: text::visible(shown).into_owned(),
            destination,
        });
    }

    fn destination(&self, own: &Record, authority: &str, target: &[u8]) -> u64 {
        self.hash((machine(own), own.agent, authority, target))
    }

    /// The request with credentials whose redirection led to this request.
    pub fn redirected_here(&self, request: &Request, own: &Record) -> Option<(&Redirected, bool)> {
        if self.redirects.is_empty() {
            return None;
        }
        let authority = own_authority(request, own);
        let key = self.destination(own, &authority, request.target());
        let redirected = self.redirects.to(key)?;
        Some((redirected, redirected.origin_key == own.origin_key))
    }

    /// Cookies are kept by host, whatever the port (RFC 6265 §8.5).
    fn visitor(&self, record: &Record, request: &Request) -> (IpAddr, u64, u64) {
        let authority = own_authority(request, record);
        let host = authority.rsplit_once(':').map_or(authority.as_str(), |(host, _)| host);
        (record.client.ip(), record.agent, self.hash(host))
    }

    /// Session-like cookies that this host gave to this client, oldest first.
    pub fn cookies_given(&self, request: &Request, own: &Record) -> &[GivenCookie] {
        if self.cookies.is_empty() {
            return &[];
        }
        self.cookies.of(self.visitor(own, request))
    }

    fn link_chains(&mut self, record: &mut Record, auth: &AuthFacts, sequence: Sequence) {
        let mut known_here = false;
        for slot in 0..record.credentials.len() {
            let Some(credential) = record.credentials.get(slot).copied().flatten() else { break };
            let before = self.link(Chain::Credential(credential), sequence);
            let last = self.record(before);
            known_here |= slot == 0 && last.is_some_and(|r| r.accepted() && r.same_origin(record));
            let accepted = last.is_some_and(|last| last.was_accepted(credential));
            if let Some(link) = record.links.accepted.get_mut(slot) {
                *link = accepted;
            }
            if let Some(link) = record.links.credentials.get_mut(slot) {
                *link = before;
            }
        }
        let visit = Chain::Visit(record.client_key, record.origin_key);
        record.links.visit = self.link(visit, sequence);
        record.links.visit_accepted = self
            .record(record.links.visit)
            .is_some_and(|last| last.links.visit_accepted || last.accepted());
        if record.accepted() && !known_here && record.has_credentials() {
            let cookie =
                auth.alternatives.iter().find(|other| other.kind == AlternativeKind::Cookie);
            let cookie = cookie.filter(|_| record.sent == Sent::Nothing).map(|c| c.name.as_str());
            self.origins.accept(record.origin_key, record.id, auth, cookie);
        }
    }

    fn describe(
        &self,
        exchange: &Exchange,
        auth: &AuthFacts,
        request: &Request,
        response: &Response,
        record: &Record,
    ) -> Refusal {
        let head = &response.head;
        let digest = auth.challenges.iter().find(|challenge| challenge.scheme.is("Digest"));
        let issued = digest
            .and_then(|challenge| challenge.params.get("nonce"))
            .map(|nonce| self.hash(nonce))
            .or_else(|| head.get("dpop-nonce").map(|nonce| self.hash(text::decode(nonce))));
        let stale = auth.challenges.iter().any(|challenge| {
            challenge.params.get("stale").is_some_and(|stale| stale.eq_ignore_ascii_case("true"))
        });
        let octets = response.body.start.as_slice();
        let sent = request.body.start.as_slice();
        let hash_of = |value: Option<&[u8]>| value.map_or(0, |value| self.hash(value));
        Refusal {
            repetition: None,
            outer: 0,
            inner: 0,
            sure_leg: false,
            repeat: 1,
            challenger: self.challenger(auth, head),
            offered: offered(auth),
            recount: self.recount(request, auth, record),
            digest_opaque: digest.and_then(|d| d.params.get("opaque")).map_or(0, |o| self.hash(o)),
            body: if octets.is_empty() { 0 } else { self.hash(octets) },
            date: hash_of(head.get("date")),
            digest_realm: digest.and_then(|d| d.realm()).map_or(0, |realm| self.hash(realm)),
            identity: auth.alternatives.iter().any(|a| a.kind == AlternativeKind::IdentityHeader),
            nonce_issued: issued.unwrap_or(0),
            nonce_used: digest_nonce(auth).map_or(0, |nonce| self.hash(nonce)),
            stale,
            continues: auth.challenges.iter().any(|challenge| {
                challenge.token68.is_some()
                    && (challenge.scheme.is("NTLM") || challenge.scheme.is("Negotiate"))
            }),
            closes: closes(exchange, &request.head, head),
            trace: Trace {
                identifier: self.trace_identifier(&request.head),
                original: hops::original_path(&request.head).map_or(0, |path| self.hash(path)),
                forwarded_for: forwarded_for(&request.head),
                body_length: request.body.length,
                body: if sent.is_empty() { 0 } else { self.hash(sent) },
            },
            links: RefusalLinks::default(),
        }
    }

    /// Whether `realm` is that of this refusal's Digest challenge; `None` when it has none.
    pub fn is_digest_realm(&self, refusal: &Refusal, realm: &str) -> Option<bool> {
        (refusal.digest_realm != 0).then(|| refusal.digest_realm == self.hash(realm))
    }

    /// Whether `opaque` is not what this refusal's Digest challenge said to return unchanged.
    pub fn is_other_opaque(&self, refusal: &Refusal, opaque: Option<&str>) -> bool {
        refusal.digest_opaque != 0
            && opaque.map_or(0, |opaque| self.hash(opaque)) != refusal.digest_opaque
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
    fn hop_chain(&self, record: &Record, request: &Head) -> Chain {
        let original = hops::original_path(request).map(text::visible_octets);
        let path = original.as_deref().unwrap_or(&record.path);
        Chain::Hop(self.hash(path.rsplit('/').next().unwrap_or_default()))
    }

    /// Names a nonce as this client uses it.
    fn nonce_key(&self, record: &Record, nonce: &str) -> u64 {
        self.hash((machine(record), record.agent, record.origin_key, nonce))
    }

    fn recount(&self, request: &Request, auth: &AuthFacts, record: &Record) -> Option<Recount> {
        let (nonce, nc) = counts::count(request, auth)?;
        self.counts.recount(self.nonce_key(record, &nonce), nc, record.time)
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

/// The client's address. A machine that talks to itself has as many as it has servers.
fn machine(record: &Record) -> IpAddr {
    let client = record.client.ip();
    if client == record.server.ip() { Ipv4Addr::LOCALHOST.into() } else { client }
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

pub(super) fn digest_nonce(auth: &AuthFacts) -> Option<&str> {
    match &auth.authorization.state {
        AuthState::Present { shape: Shape::Digest(params), .. } => params.get("nonce"),
        _ => None,
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

/// The last hop that a proxy recorded.
fn forwarded_for(head: &Head) -> Option<IpAddr> {
    let listed = |name: &str| {
        let value = text::decode(head.get(name)?);
        value.rsplit(',').next()?.trim().parse().ok()
    };
    listed("x-forwarded-for").or_else(|| listed("x-real-ip")).or_else(|| {
        // RFC 7239 §4: Forwarded: for=192.0.2.60;proto=http
        let value = text::decode(head.get("forwarded")?);
        let last = value.rsplit(',').next()?;
        let address = last.split(';').find_map(|pair| {
            let (name, value) = pair.trim().split_once('=')?;
            name.eq_ignore_ascii_case("for").then_some(value)
        })?;
        address.trim_matches(['"', '[', ']']).parse().ok()
    })
}

/// Host and port, lower case, that the client asked for.
fn own_authority(request: &Request, record: &Record) -> String {
    match request.host().filter(|host| !host.is_empty()) {
        Some(host) => redirects::with_port(&text::decode(host)),
        None => record.server.to_string(),
    }
}
