//! One refused exchange as every rule reads it: prepared once, filled when asked for.

use std::borrow::Cow;
use std::cell::{Cell, OnceCell};
use std::sync::Arc;
use std::time::Duration;

use crate::auth::authorization::AlternativeKind;
use crate::auth::masking;
use crate::auth::proof::{Proof, Verdict};
use crate::auth::{Alternative, MalformedReason};
use crate::auth::{AuthFacts, AuthState, Authorization, Challenge, Finding, Jwt, Scheme, Shape};
use crate::diagnosis::heard::{Findings, Heard};
use crate::diagnosis::history::{
    AcceptedToken, GivenCookie, History, Past, Record, Redirected, Repetition, Sequence, Skew,
};
use crate::diagnosis::lexicon::{self, Category, Said};
use crate::diagnosis::reply::{Memo, Reply, body_text};
use crate::diagnosis::{Note, note};
use crate::exchange::{Anomalies, Exchange, Pairing};
use crate::http::{Request, Response};
use crate::secret::Fingerprint;
use crate::text;
use crate::time::Timestamp;

/// One exchange, what it says about authorization, and what is remembered around it.
#[derive(Debug)]
pub struct View<'a> {
    exchange: &'a Exchange,
    /// What it says about authorization.
    pub auth: &'a AuthFacts,
    history: &'a History,
    asked: Cell<Asked>,
    sequence: Sequence,
    now: Timestamp,
    ended: bool,
    heard: &'a Heard,
    body: OnceCell<Option<Cow<'a, str>>>,
    past: OnceCell<Past<'a>>,
}

/// What an answer rests on, beside what [`Findings`] rest on.
#[derive(Debug, Clone, Copy, Default)]
pub struct Asked {
    /// The memory of others, or how far time has come: it may be another answer later.
    pub memory: bool,
    /// When the exchange was, who asked, or for what: it may be another answer for one that says the
    /// same.
    pub particulars: bool,
}

/// How long after a follow-up window a request that began inside it may take to be answered.
const ANSWER_TIME: Duration = Duration::from_secs(5);

impl<'a> View<'a> {
    /// Prepares an exchange for the rules. `sequence` is its record's in `history`; `now` is how far
    /// packet time has come; `ended` says that nothing more will come. `heard` is what an earlier look
    /// found out.
    pub fn new(
        exchange: &'a Exchange,
        auth: &'a AuthFacts,
        heard: &'a Heard,
        history: &'a History,
        sequence: Sequence,
        now: Timestamp,
        ended: bool,
    ) -> Self {
        Self {
            exchange,
            auth,
            history,
            asked: Cell::default(),
            sequence,
            now,
            ended,
            heard,
            body: OnceCell::new(),
            past: OnceCell::new(),
        }
    }

    /// What is remembered of others.
    pub fn history(&self) -> &'a History {
        self.asks_memory();
        self.history
    }

    fn asks_memory(&self) {
        self.asked.set(Asked { memory: true, ..self.asked.get() });
    }

    /// What was asked for since this was asked last.
    pub fn take_asked(&self) -> Asked {
        self.asked.take()
    }

    /// The exchange with its particulars.
    pub fn exchange(&self) -> &'a Exchange {
        self.asked.set(Asked { particulars: true, ..self.asked.get() });
        self.exchange
    }

    /// Oddities in its traffic.
    pub fn anomalies(&self) -> Anomalies {
        self.exchange.anomalies
    }

    /// How sure it is that these two messages belong together.
    pub fn pairing(&self) -> Pairing {
        self.exchange.coverage.pairing
    }

    /// Only one direction of the connection was captured.
    pub fn is_one_sided(&self) -> bool {
        self.exchange.coverage.one_sided
    }

    /// What the user's keys and passwords say of the credentials; `None` without such files, or
    /// where there is nothing to compare.
    pub fn proof(&self) -> Option<&Proof> {
        self.heard.proof.as_deref()
    }

    /// Whether the comparison came to this.
    pub fn proved(&self, verdict: Verdict) -> bool {
        self.proof().is_some_and(|proof| proof.verdict == verdict)
    }

    /// Until when to wait for something that comes within `window` after the answer: that, and the
    /// time it may take to be answered itself. `None` when that is over.
    pub fn wait(&self, window: Duration) -> Option<Timestamp> {
        self.asks_memory();
        let until = self.answered() + window + ANSWER_TIME;
        (!self.ended && self.now < until).then_some(until)
    }

    /// Its own record; `None` when a message of it is missing.
    pub fn record(&self) -> Option<&'a Record> {
        self.history().record(self.sequence)
    }

    /// The repetition of the request: the first later one by the same client.
    pub fn repetition(&self) -> Option<(&'a Record, Repetition)> {
        self.history().repetition(self.record()?)
    }

    /// The refused request that this one repeats.
    pub fn prior(&self) -> Option<&'a Record> {
        self.history().prior(self.record()?)
    }

    /// What became of the credential of this request, before and after.
    pub fn past(&self) -> Option<&Past<'a>> {
        let credential = self.credential()?;
        let own = self.record()?;
        Some(self.past.get_or_init(|| self.history.past(credential, own)))
    }

    /// Whether the same fingerprint is the same secret: not with schemes whose credentials carry a
    /// nonce or a time.
    pub fn is_exact(&self) -> bool {
        self.record().is_some_and(|record| record.exact)
    }

    /// The request, where it was captured.
    pub fn request(&self) -> Option<&'a Request> {
        self.exchange().request.as_ref()
    }

    /// The same for who does not look at its path: all that say the same have the rest in common.
    pub fn common_request(&self) -> Option<&'a Request> {
        self.exchange.request.as_ref()
    }

    /// The response.
    pub fn response(&self) -> Option<&'a Response> {
        self.exchange.response.as_ref()
    }

    /// Status code; 0 without a response.
    pub fn status(&self) -> u16 {
        self.exchange.status().unwrap_or(0)
    }

    /// Whether a proxy asks (407), so that the credentials are those of `Proxy-Authorization`.
    pub fn is_proxy(&self) -> bool {
        self.status() == 407
    }

    /// `authorization` or `proxy-authorization`.
    pub fn credentials_field(&self) -> &'static str {
        if self.is_proxy() { "proxy-authorization" } else { "authorization" }
    }

    /// `request.authorization` or `request.proxy-authorization`, for evidence.
    pub fn credentials_place(&self) -> &'static str {
        if self.is_proxy() { "request.proxy-authorization" } else { "request.authorization" }
    }

    /// The credentials field.
    pub fn authorization(&self) -> &'a Authorization {
        &self.auth.authorization
    }

    /// Its state.
    pub fn state(&self) -> &'a AuthState {
        &self.auth.authorization.state
    }

    /// There is no such field line.
    pub fn missing(&self) -> bool {
        matches!(self.state(), AuthState::Missing)
    }

    /// The shape of well-formed credentials.
    pub fn shape(&self) -> Option<&'a Shape> {
        match self.state() {
            AuthState::Present { shape, .. } => Some(shape),
            _ => None,
        }
    }

    /// Why the credentials are malformed.
    pub fn malformed(&self) -> Option<&'a MalformedReason> {
        match self.state() {
            AuthState::Malformed { reason, .. } => Some(reason),
            _ => None,
        }
    }

    /// Whether the credentials have this oddity.
    pub fn finding(&self, finding: Finding) -> bool {
        match self.state() {
            AuthState::Present { findings, .. } | AuthState::Malformed { findings, .. } => {
                findings.contains(&finding)
            }
            _ => false,
        }
    }

    /// The scheme the client used.
    pub fn scheme(&self) -> Option<&'a Scheme> {
        self.auth.authorization.scheme.as_ref()
    }

    /// Whether the client used this scheme.
    pub fn uses(&self, scheme: &str) -> bool {
        self.scheme().is_some_and(|own| own.is(scheme))
    }

    /// The user, where the credentials name one in clear.
    pub fn user(&self) -> Option<&'a str> {
        self.auth.authorization.user.as_deref()
    }

    /// The JWT sent as credential.
    pub fn jwt(&self) -> Option<&'a Jwt> {
        match self.shape()? {
            Shape::Jws(jwt) => Some(jwt),
            _ => None,
        }
    }

    /// The server's challenges.
    pub fn challenges(&self) -> &'a [Challenge] {
        &self.auth.challenges
    }

    /// The server's challenge of this scheme.
    pub fn challenge(&self, scheme: &str) -> Option<&'a Challenge> {
        self.challenges().iter().find(|challenge| challenge.scheme.is(scheme))
    }

    /// The offered schemes as text: `Negotiate, NTLM, Basic`; `None` without a challenge.
    pub fn offered(&self) -> Option<String> {
        let mut names: Vec<&str> = Vec::new();
        for challenge in self.challenges() {
            if !names.contains(&challenge.scheme.name()) {
                names.push(challenge.scheme.name());
            }
        }
        (!names.is_empty()).then(|| text::visible(&names.join(", ")).into_owned())
    }

    /// Words of the server as they may be shown.
    pub fn quotable(&self, words: &str) -> Cow<'_, str> {
        // The realm is asked for most, and known.
        match self.first_realm() {
            Some(realm) if realm == words => self.realm().unwrap_or_default().into(),
            _ => lexicon::quotable(words.to_owned(), self.exchange, self.auth).into(),
        }
    }

    fn first_realm(&self) -> Option<&'a str> {
        self.challenges().iter().find_map(Challenge::realm)
    }

    /// What was found out about all that show the same.
    pub fn findings(&self) -> &Findings {
        &self.heard.findings
    }

    /// The same, where others have come that show the same.
    pub fn shared_findings(&self) -> Option<&Findings> {
        (Arc::strong_count(&self.heard.findings) > 1).then(|| self.findings())
    }

    /// What `find` finds out holds for all that say the same.
    fn of_all_alike<T>(&self, find: impl FnOnce() -> T) -> T {
        let before = self.take_asked();
        let found = find();
        let Asked { memory, particulars } = self.asked.replace(before);
        debug_assert!(!memory && !particulars, "it is not the same for all of them");
        found
    }

    /// The first realm a challenge names, safe to show.
    pub fn realm(&self) -> Option<&str> {
        let quoted = |realm: &str| lexicon::quotable(realm.to_owned(), self.exchange, self.auth);
        let find = || self.first_realm().map(quoted);
        self.findings().realm.get_or_init(|| self.of_all_alike(find)).as_deref()
    }

    /// Whether the scheme that the client used is among the offered ones.
    pub fn scheme_is_offered(&self) -> bool {
        self.scheme().is_some_and(|own| self.challenges().iter().any(|c| c.scheme.same(own)))
    }

    /// Other credentials in the request.
    pub fn alternatives(&self) -> &'a [Alternative] {
        &self.auth.alternatives
    }

    /// The first other credential of this kind.
    pub fn alternative(&self, kind: AlternativeKind) -> Option<&'a Alternative> {
        self.alternatives().iter().find(|alternative| alternative.kind == kind)
    }

    /// A request header's value as text.
    pub fn request_header(&self, name: &str) -> Option<Cow<'a, str>> {
        self.common_request()?.head.get(name).map(text::decode)
    }

    /// A response header's value as text.
    pub fn response_header(&self, name: &str) -> Option<Cow<'a, str>> {
        self.response()?.head.get(name).map(text::decode)
    }

    /// The beginning of the response's body as text, content coding removed; `None` when there is
    /// nothing to read.
    pub fn body(&self) -> Option<&str> {
        self.body.get_or_init(|| body_text(self.response()?)).as_deref()
    }

    /// Remarks that the exchange itself gives rise to, whatever its diagnosis.
    pub fn remarks(&self) -> &[Note] {
        self.findings().remarks.get_or_init(|| self.of_all_alike(|| note::remarks(self)))
    }

    /// What the response shows whatever was asked.
    pub fn reply(&self) -> &Reply {
        self.findings().reply.get_or_init(|| Memo::default().read(self.response(), self.auth))
    }

    /// What the server says about the refusal.
    pub fn said(&self) -> Option<&Said> {
        let quoted = |said| lexicon::quoted(said, self.exchange, self.auth);
        let find = || self.reply().said.as_ref().map(quoted);
        self.findings().said.get_or_init(|| self.of_all_alike(find)).as_ref()
    }

    /// Whether what the server says falls into this category.
    pub fn says(&self, category: Category) -> bool {
        self.said().is_some_and(|said| said.category == category)
    }

    /// Method, safe to show.
    pub fn method(&self) -> Cow<'a, str> {
        self.common_request()
            .map_or(Cow::Borrowed(""), |request| text::visible_octets(request.method()))
    }

    /// Path without query, safe to show.
    pub fn path(&self) -> Cow<'a, str> {
        masking::shown_path(self.request().map_or(&b""[..], Request::path))
    }

    /// `Host`, safe to show; the server's address where there is none.
    pub fn host(&self) -> Cow<'a, str> {
        match self.common_request().and_then(Request::host) {
            Some(host) if !host.is_empty() => text::visible_octets(host),
            _ => Cow::Owned(self.exchange.connection.server.to_string()),
        }
    }

    /// How the client names itself: the product of its `User-Agent`, else `the client`.
    pub fn client(&self) -> Cow<'a, str> {
        let agent = self.common_request().and_then(|request| request.head.get("user-agent"));
        let product = agent.map(|agent| {
            let end = agent.iter().position(|&octet| octet == b' ').unwrap_or(agent.len());
            &agent[..end]
        });
        match product {
            Some(product) if !product.is_empty() && !product.starts_with(b"Mozilla/") => {
                masking::shown_path(product)
            }
            Some(product) if !product.is_empty() => Cow::Borrowed("The browser"),
            _ => Cow::Borrowed("The client"),
        }
    }

    /// When the response began, else the request.
    pub fn answered(&self) -> Timestamp {
        self.exchange().answered()
    }

    /// How far the server's clock is from the capture's, as measured on its `Date` fields.
    pub fn skew(&self) -> Option<Skew> {
        self.history().skew(self.exchange.connection.server.ip())
    }

    /// The time on the server's clock when it answered. Without a usable `Date` it is the capture's
    /// time, and [`View::server_clock_known`] is false: time diagnoses then drop one level.
    pub fn server_now(&self) -> Timestamp {
        let own = self.answered();
        match self.skew() {
            Some(skew) => {
                Timestamp::from_nanoseconds(own.nanoseconds().saturating_add(skew.nanoseconds))
            }
            None => own,
        }
    }

    /// Whether the server's clock was measured, on this answer's `Date` or on others.
    pub fn server_clock_known(&self) -> bool {
        self.skew().is_some() || self.response().is_some_and(|r| r.head.has("date"))
    }

    /// What tells the credential of this request from others: of the credentials field, else of the
    /// first other credential.
    pub fn credential(&self) -> Option<Fingerprint> {
        self.auth
            .authorization
            .fingerprint
            .or_else(|| self.alternatives().iter().find_map(|alternative| alternative.fingerprint))
    }

    /// The latest earlier request with this very credential that this origin accepted where it does not
    /// let everybody in: on this path, or on another that was refused to somebody.
    pub fn accepted_here(&self) -> Option<&'a Record> {
        self.past().filter(|_| self.is_exact()).and_then(|past| past.proven_here)
    }

    /// Whether this very credential was accepted before for the same: the form of a credential that is wrong
    /// by the book is no cause then.
    pub fn was_accepted_on_path(&self) -> bool {
        let accepted = self.past().filter(|_| self.is_exact()).and_then(|p| p.accepted_on_path);
        accepted.is_some_and(|accepted| !self.history().is_public(accepted))
    }

    /// What is known of the tokens that this origin accepted; oldest first.
    pub fn accepted_tokens(&self) -> &'a [AcceptedToken] {
        self.record().map_or(&[], |record| self.history().accepted_tokens(record))
    }

    /// Those of them that were accepted where the origin does not let everybody in: an open page takes any.
    pub fn needed_tokens(&self) -> Vec<&'a AcceptedToken> {
        let Some(own) = self.record() else { return Vec::new() };
        let needed = |token: &&AcceptedToken| self.history.was_needed(token, own);
        self.accepted_tokens().iter().filter(needed).collect()
    }

    /// A request of the same user with another credential that this origin accepted: then it was the
    /// password that was wrong.
    pub fn user_accepted_otherwise(&self) -> Option<&'a Record> {
        self.history().user_accepted_otherwise(self.record()?)
    }

    /// The request with credentials whose redirection led here, and whether it was to this origin.
    pub fn redirected_here(&self) -> Option<(&'a Redirected, bool)> {
        self.history().redirected_here(self.request()?, self.record()?)
    }

    /// Session-like cookies that this host gave to this client, oldest first.
    pub fn cookies_given(&self) -> &'a [GivenCookie] {
        match (self.request(), self.record()) {
            (Some(request), Some(record)) => self.history().cookies_given(request, record),
            _ => &[],
        }
    }

    /// Whether the client is a web browser, whose user may take a while to answer a prompt.
    pub fn is_browser(&self) -> bool {
        let agent = self.common_request().and_then(|request| request.head.get("user-agent"));
        agent.is_some_and(|agent| agent.starts_with(b"Mozilla/"))
    }

    /// Whether the client is on the machine of the server.
    pub fn is_loopback(&self) -> bool {
        self.exchange.connection.server.ip().is_loopback()
    }
}
