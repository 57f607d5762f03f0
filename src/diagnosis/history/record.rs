//! What is kept of one exchange: a light summary without header values, bodies or secrets.

use std::borrow::Cow;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use compact_str::CompactString;

use crate::auth::masking;
use crate::diagnosis::history::counts::Recount;
use crate::diagnosis::history::guesses::Place;
use crate::diagnosis::history::retries::Run;
use crate::secret::Fingerprint;
use crate::time::Timestamp;

/// Credentials of one request that are followed.
pub const CREDENTIALS: usize = 3;

/// Position of a record since the start of the run, from 1; 0 means none.
pub type Sequence = u64;

/// The method, as far as rules tell methods apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Method {
    /// GET
    Get,
    /// HEAD
    Head,
    /// OPTIONS
    Options,
    /// Any other, by a hash of its name.
    Other(u64),
}

impl Method {
    /// Whether it only reads (RFC 9110 §9.2.1).
    pub const fn is_safe(self) -> bool {
        !matches!(self, Self::Other(_))
    }
}

/// What stood in the credentials field.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sent {
    /// No such field.
    Nothing,
    /// Well-formed credentials.
    Credentials,
    /// Something else than well-formed credentials, or several.
    Malformed,
    /// Not known from the capture.
    Unknown,
}

/// Which message of a connection-bound handshake the request carried.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Leg {
    /// None.
    None,
    /// NTLM message 1, bare or inside SPNEGO.
    Negotiate,
    /// NTLM message 3, bare or inside SPNEGO.
    Authenticate,
    /// A SPNEGO or Kerberos token without NTLM.
    Token,
}

/// Where each chain of records continues, to the past. Every chain links the records that have one
/// thing in common; see [`super::History`].
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Links {
    pub credentials: [Sequence; CREDENTIALS],
    pub user: Sequence,
    pub visit: Sequence,
    pub route: Sequence,
    /// Whether an earlier record on the chain of each credential was accepted.
    pub accepted: [bool; CREDENTIALS],
    /// Whether an earlier record of the user was accepted.
    pub user_accepted: bool,
    /// How often the client changed along the records of the user.
    pub user_moves: u32,
    /// Whether an earlier record of the client on the origin was accepted.
    pub visit_accepted: bool,
    /// Whether there is a later record of the path.
    pub route_goes_on: bool,
    /// Whether an earlier record of the path was accepted.
    pub route_accepted: bool,
    /// Whether an earlier record of the path was accepted that carried no credentials.
    pub route_open: bool,
    /// Whether an earlier record of the path was refused.
    pub route_refused: bool,
    /// Whether an earlier record of the path was refused that carried no credentials.
    pub route_asked: bool,
}

/// One exchange.
#[derive(Debug, Clone)]
pub struct Record {
    /// Number of the exchange.
    pub id: u64,
    /// When the request began.
    pub time: Timestamp,
    /// When the response began.
    pub answered: Timestamp,
    /// Status code.
    pub status: u16,
    /// Whether gRPC's own status, behind that of HTTP, refuses.
    pub denied: bool,
    /// Client address.
    pub client: SocketAddr,
    /// Server address.
    pub server: SocketAddr,
    /// Connection.
    pub flow: u64,
    /// Tells the value of `User-Agent`, and on whose behalf a proxy asks, from others; 0 without either.
    pub agent: u64,
    /// Method.
    pub method: Method,
    /// Host as the client names it, else the server's address; safe to show.
    pub origin: Arc<str>,
    /// Path without query, to compare; [`Record::shown_path`] to show.
    pub path: CompactString,
    /// Tells the request-target from others.
    pub target: u64,
    /// What stood in the credentials field.
    pub sent: Sent,
    /// Scheme of the credentials, where it is one this program knows.
    pub scheme: Option<&'static str>,
    /// Scheme of well-formed `Proxy-Authorization` beside them, where this program knows it.
    pub proxy_scheme: Option<&'static str>,
    /// The credentials field first, then the others in the request.
    pub credentials: [Option<Fingerprint>; CREDENTIALS],
    /// A session-like cookie was sent.
    pub cookie: bool,
    /// The credentials carry no time or nonce: the same fingerprint is the same secret.
    pub exact: bool,
    /// Which message of a handshake it carried.
    pub leg: Leg,
    /// The refusal that this request repeats.
    pub prior: Sequence,
    /// More about a 401 or 407.
    pub refusal: Option<Box<Refusal>>,
    /// Its place among the records.
    pub(super) sequence: Sequence,
    /// Names the client's address in hashes.
    pub(super) client_key: u64,
    /// Tells the user that the credentials name from others; 0 without one.
    pub user_key: u64,
    /// Names this record's origin in hashes.
    pub(super) origin_key: u64,
    /// Names its path in hashes.
    pub(super) route_key: u64,
    /// Tells the request and its client from others.
    pub(super) retry_key: u64,
    pub(super) links: Links,
}

impl Record {
    /// Whether the server did what was asked.
    pub const fn accepted(&self) -> bool {
        !self.denied && matches!(self.status, 101 | 200..=299 | 304)
    }

    /// Path without query, safe to show.
    pub fn shown_path(&self) -> Cow<'_, str> {
        masking::shown_path(self.path.as_bytes())
    }

    /// Whether it was refused with 401 or 407.
    pub const fn refused(&self) -> bool {
        self.refusal.is_some()
    }

    /// Whether it was refused although, or because, nothing was sent.
    pub fn asked(&self) -> bool {
        self.refused() && self.sent == Sent::Nothing
    }

    /// Whether it was accepted without any credentials.
    pub fn let_in(&self) -> bool {
        self.accepted() && !self.has_credentials()
    }

    /// Whether it carried a credential of any kind.
    pub fn has_credentials(&self) -> bool {
        self.sent != Sent::Nothing || self.cookie || self.credentials.iter().any(Option::is_some)
    }

    /// Whether it carried this credential.
    pub fn carries(&self, credential: Fingerprint) -> bool {
        self.credentials.contains(&Some(credential))
    }

    /// The one before it on the chain of this credential; 0 without one.
    pub(super) fn link_of(&self, credential: Fingerprint) -> Sequence {
        let slot = self.credentials.iter().position(|&own| own == Some(credential));
        slot.and_then(|slot| self.links.credentials.get(slot)).copied().unwrap_or(0)
    }

    /// Whether this record or an earlier one on the chain of this credential was accepted.
    pub(super) fn was_accepted(&self, credential: Fingerprint) -> bool {
        let slot = self.credentials.iter().position(|&own| own == Some(credential));
        let earlier = slot.and_then(|slot| self.links.accepted.get(slot)).copied();
        self.accepted() || earlier.unwrap_or_default()
    }

    /// Whether both name the same origin: `Host` and server port.
    pub const fn same_origin(&self, other: &Self) -> bool {
        self.origin_key == other.origin_key
    }

    /// Whether both have the same origin and path.
    pub const fn same_route(&self, other: &Self) -> bool {
        self.origin_key == other.origin_key && self.route_key == other.route_key
    }

    /// Whether both come from the same program on the same address, as far as can be told: behind a proxy,
    /// on that which the proxy names.
    pub fn same_client(&self, other: &Self) -> bool {
        self.client.ip() == other.client.ip() && self.agent == other.agent
    }
}

/// The repetition of a refused request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Repetition {
    /// Its record.
    pub(super) sequence: Sequence,
    /// It uses the nonce that the refusal issued (Digest, DPoP), or the time it named (Hawk).
    pub renews_nonce: bool,
    /// It carries a token that was issued after the refusal.
    pub issued_since: bool,
    /// Tells the scheme of its well-formed credentials from others, known or not; 0 without any.
    pub(super) scheme: u32,
}

/// What is kept of a 401 or 407 beyond the rest.
#[derive(Debug, Clone, Default)]
pub struct Refusal {
    /// The first later repetition of the request.
    pub repetition: Option<Repetition>,
    /// The same request as the proxy in front of this server received it.
    pub outer: Sequence,
    /// The same request as this server's proxy forwarded it.
    pub inner: Sequence,
    /// The two legs are linked by more than time, path and addresses.
    pub sure_leg: bool,
    /// The same refusal of the same credential on the same target, from 1.
    pub repeat: u32,
    /// Those of them without a long pause.
    pub(super) run: Run,
    /// Who asks.
    pub challenger: Challenger,
    /// The first schemes offered that this program knows.
    pub offered: [Option<&'static str>; 3],
    /// Tells the `opaque` of its Digest challenge from others; 0 without one.
    pub digest_opaque: u64,
    /// Its nonce, or the count that it made with it, had been used before. Boxed, as it is rare and
    /// thousands are remembered.
    pub recount: Option<Box<Recount>>,
    /// Tells the body from others; 0 without one.
    pub body: u64,
    /// Tells the `Date`, the `ETag` and the challenges, of which nonces are made anew, from others; 0 without
    /// a `Date`.
    pub date: u64,
    /// Since when answers on this path have had this `Date` and this body.
    pub date_since: Timestamp,
    /// Tells the realm of its Digest challenge from others; 0 without one.
    pub digest_realm: u64,
    /// The request says who the user is in headers that gateways add (`X-Forwarded-User`).
    pub identity: bool,
    /// The Digest or DPoP nonce that it issued; 0 without one.
    pub nonce_issued: u64,
    /// The Digest nonce that the request used; 0 without one.
    pub nonce_used: u64,
    /// When the JWT that the request carried was issued, by its own words.
    pub issued: Option<i64>,
    /// The server said that the nonce was stale.
    pub stale: bool,
    /// The challenge carries a token: the handshake goes on.
    pub continues: bool,
    /// The connection cannot be used again after this answer.
    pub closes: bool,
    /// What tells the same request on two legs of a proxy.
    pub(super) trace: Trace,
    /// Tells the end of its path from others.
    pub(super) hop_key: u64,
    pub(super) links: RefusalLinks,
}

impl Refusal {
    /// Whether it only is a step of a negotiation: a stale nonce, or a handshake message.
    pub const fn is_step(&self) -> bool {
        self.stale || self.continues
    }

    /// The client on whose behalf a proxy sent the request, by its own words.
    pub const fn forwarded_for(&self) -> Option<IpAddr> {
        self.trace.behalf.client()
    }

    /// Whether a challenge offers this scheme.
    pub fn offers(&self, scheme: &'static str) -> bool {
        self.offered.contains(&Some(scheme))
    }
}

/// Who asks for credentials, as far as an answer shows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Challenger {
    /// Schemes and realms.
    pub asks: u64,
    /// `Server`.
    pub server: u64,
    /// Media type of the body.
    pub kind: u64,
}

impl Challenger {
    /// Whether the two are different programs: they ask for something else, and also answer in
    /// another style.
    pub const fn differs(self, other: Self) -> bool {
        self.asks != other.asks && (self.server != other.server || self.kind != other.kind)
    }
}

/// On whose behalf a proxy sends a request, by `X-Forwarded-For`, `X-Real-IP` or `Forwarded`: the ends of the list.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Behalf {
    /// The one that was there first, where it is an address.
    pub first: Option<IpAddr>,
    /// The client of the proxy that sent the request, where it is an address.
    pub last: Option<IpAddr>,
}

impl Behalf {
    /// The client of the proxy that sent the request.
    pub const fn client(self) -> Option<IpAddr> {
        self.last
    }

    /// Whether a request with this was not made for one of `client` that came with `outer`: the client is at
    /// neither end of the list, nor is the list the one that came, or continued from it, as by proxies that add
    /// nothing or that stand further behind. Names that hide an address contradict none (RFC 7239 §6.3).
    pub fn is_contradicted_by(self, client: IpAddr, outer: Self) -> bool {
        let (Some(first), Some(last)) = (self.first, self.last) else { return false };
        client != first && client != last && outer.first != Some(first)
    }
}

/// What tells the same request on two legs of a proxy.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Trace {
    /// Of `X-Request-Id`, `traceparent` and the like; 0 without one.
    pub identifier: u64,
    /// Tells the path on whose behalf a proxy asks whether the request is allowed (nginx
    /// `auth_request`, Traefik `forwardAuth`) from others; 0 without one.
    pub original: u64,
    /// Tells the value of `User-Agent` from others, whoever asks; 0 without one.
    pub program: u64,
    /// On whose behalf it is sent.
    pub behalf: Behalf,
    /// Octets of the request's body.
    pub body_length: u64,
    /// Tells the request's body from others; 0 without one.
    pub body: u64,
}

/// Chains of refusals only.
#[derive(Debug, Clone, Default)]
pub(super) struct RefusalLinks {
    pub client: Sequence,
    pub retry: Sequence,
    pub hop: Sequence,
    /// Whether an earlier refusal on that chain came from another server.
    pub other_server: bool,
    /// What this client was refused with of late.
    pub place: Place,
}
