//! From an exchange to a record, its chains, and what it means for earlier refusals.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;

use crate::auth::alternatives::is_session_like;
use crate::auth::authorization::AlternativeKind;
use crate::auth::{AuthFacts, AuthState, Shape, masking};
use crate::counters::Counters;
use crate::diagnosis::history::record::{Refusal, RefusalLinks};
use crate::diagnosis::history::redirects::{self, Redirected};
use crate::diagnosis::history::{
    Chain, GivenCookie, History, Record, Recount, Sent, Sequence, WALK, counts, hops,
};
use crate::exchange::Exchange;
use crate::http::{Request, Response};
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
    /// Remembers an exchange, of which `new` is what it shows by itself.
    pub fn note(
        &mut self,
        exchange: &Exchange,
        auth: &AuthFacts,
        mut new: Option<Record>,
        counters: &mut Counters,
    ) -> Noted {
        self.now = self.now.max(exchange.time());
        let Some(response) = &exchange.response else { return Noted::default() };
        self.now = self.now.max(response.time);
        let Some(request) = &exchange.request else { return Noted::default() };
        // It is large: it stays where it is until it takes its place.
        let Some(record) = &mut new else { return Noted::default() };
        self.forget(counters);
        let sequence = self.next();
        record.sequence = sequence;
        self.read_response(exchange, request, response, record);
        self.link_chains(record, auth);
        let repeats = self.repeated(record, exchange, auth);
        record.prior = repeats.map_or(0, |(prior, _)| prior);
        if record.accepted()
            && let Some((nonce, nc)) = counts::count(request, auth)
        {
            let nonce = self.nonce_key(record, &nonce);
            self.counts.accept(nonce, nc, record.id, record.answered);
        }
        let mut other_leg = None;
        if let Some(mut refusal) = record.refusal.take() {
            refusal.recount = self.recount(request, auth, record).map(Box::new);
            self.count_repeats(record, &mut refusal);
            self.compare_date(record, &mut refusal);
            self.link_refusal(record, &mut refusal);
            record.refusal = Some(refusal);
            other_leg = hops::join(self, record, sequence);
        }
        self.records.extend(new);
        Noted { sequence, repeats: repeats.map(|(_, id)| id), other_leg }
    }

    /// Takes what an answer of any status teaches: the clock, cookies, redirections.
    fn read_response(
        &mut self,
        exchange: &Exchange,
        request: &Request,
        response: &Response,
        record: &Record,
    ) {
        let head = &response.head;
        if response.status < 400 {
            for value in head.get_all("set-cookie") {
                if let Some(cookie) = GivenCookie::parse(value, response.time, exchange.id)
                    && is_session_like(cookie.name.as_bytes())
                {
                    let visitor = self.visitor(record, request);
                    self.cookies.give(visitor, cookie);
                }
            }
        }
        self.clocks.measure(exchange);
        if matches!(record.status, 301 | 302 | 303 | 307 | 308)
            && record.sent == Sent::Credentials
            && let Some(location) = head.get("location")
        {
            self.note_redirect(request, record, location);
        }
    }

    fn note_redirect(&mut self, request: &Request, record: &Record, location: &[u8]) {
        let path = text::decode(request.path());
        let authority = own_authority(request, record);
        let leads = redirects::resolve(&text::decode(location), &authority, &path);
        let Some((to, target)) = leads else { return };
        let destination = self.destination(record, &to, target.as_bytes());
        self.redirects.insert(Redirected {
            id: record.id,
            time: record.answered,
            status: record.status,
            origin: Arc::clone(&record.origin),
            origin_key: record.origin_key,
            scheme: record.scheme,
            location: masking::shown_address(location).into_owned(),
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

    fn link_chains(&mut self, record: &mut Record, auth: &AuthFacts) {
        let sequence = record.sequence;
        let route = Chain::Route(record.origin_key, record.route_key);
        record.links.route = self.link(route, sequence);
        if let Some(last) = self.record_mut(record.links.route) {
            last.links.route_goes_on = true;
            record.links.route_accepted = last.links.route_accepted || last.accepted();
            record.links.route_open = last.links.route_open || last.let_in();
            record.links.route_refused = last.links.route_refused || last.refused();
            record.links.route_asked = last.links.route_asked || last.asked();
        }
        if record.user_key != 0 {
            let user = Chain::User(record.user_key, record.origin_key);
            record.links.user = self.link(user, sequence);
            if let Some(last) = self.record(record.links.user) {
                let moved = u32::from(last.client.ip() != record.client.ip());
                record.links.user_moves = last.links.user_moves.saturating_add(moved);
                record.links.user_accepted = last.links.user_accepted || last.accepted();
            }
        }
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

    fn link_refusal(&mut self, record: &Record, refusal: &mut Refusal) {
        let sequence = record.sequence;
        let client = self.link(Chain::RefusedClient(record.client_key), sequence);
        let hop = self.link(Chain::Hop(refusal.hop_key), sequence);
        let other_server = self.record(hop).is_some_and(|before| {
            before.server != record.server
                || before.refusal.as_ref().is_some_and(|before| before.links.other_server)
        });
        self.link(Chain::RetryOnFlow(record.retry_key, record.flow), sequence);
        refusal.links = RefusalLinks {
            client,
            place: self.place(record, client),
            retry: self.link(Chain::Retry(record.retry_key), sequence),
            hop,
            other_server,
        };
    }

    /// Finds out since when answers on this path have had this `Date` and this body. One that began
    /// before others of them and took longer tells those, too.
    fn compare_date(&mut self, record: &Record, refusal: &mut Refusal) {
        if refusal.date == 0 || refusal.body == 0 {
            return;
        }
        let mut same = self
            .walk(record.links.route, |record| record.links.route)
            .take(WALK)
            .filter(|(_, earlier)| earlier.same_route(record))
            .filter_map(|(sequence, earlier)| Some((sequence, earlier.refusal.as_ref()?)))
            .filter(|(_, earlier)| earlier.date == refusal.date && earlier.body == refusal.body)
            .map(|(sequence, earlier)| (sequence, earlier.date_since));
        let Some(latest) = same.next() else { return };
        if latest.1 > refusal.date_since {
            let late: Vec<_> = std::iter::once(latest).chain(same).collect();
            for (sequence, _) in late {
                if let Some(other) = self.record_mut(sequence).and_then(|r| r.refusal.as_mut()) {
                    other.date_since = other.date_since.min(refusal.date_since);
                }
            }
        } else {
            refusal.date_since = latest.1;
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

    /// Names a nonce as this client uses it.
    fn nonce_key(&self, record: &Record, nonce: &str) -> u64 {
        self.hash((machine(record), record.agent, record.origin_key, nonce))
    }

    fn recount(&self, request: &Request, auth: &AuthFacts, record: &Record) -> Option<Recount> {
        let (nonce, nc) = counts::count(request, auth)?;
        self.counts.recount(self.nonce_key(record, &nonce), nc, record.time)
    }
}

/// The client's address. A machine that talks to itself has as many as it has servers.
fn machine(record: &Record) -> IpAddr {
    let client = record.client.ip();
    if client == record.server.ip() { Ipv4Addr::LOCALHOST.into() } else { client }
}

pub(super) fn digest_nonce(auth: &AuthFacts) -> Option<&str> {
    match &auth.authorization.state {
        AuthState::Present { shape: Shape::Digest(params), .. } => params.get("nonce"),
        _ => None,
    }
}

/// Host and port, lower case, that the client asked for.
pub(super) fn own_authority(request: &Request, record: &Record) -> String {
    match request.host().filter(|host| !host.is_empty()) {
        Some(host) => redirects::with_port(&text::decode(host)),
        None => record.server.to_string(),
    }
}
