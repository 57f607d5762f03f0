//! What a response shows whatever was asked. Servers refuse in the same words, and often octet for
//! octet: what came before is not read again.

use std::borrow::Cow;
use std::sync::Arc;

use crate::auth::syntax::{contains_ignore_case, starts_with_ignore_case};
use crate::auth::{AuthFacts, AuthState};
use crate::diagnosis::lexicon::{self, Said};
use crate::diagnosis::rules::hops::CACHE_FIELDS;
use crate::diagnosis::signs::Signs;
use crate::http::{Body, Head, Response, content};
use crate::limits::Limits;
use crate::text;

/// Replies that are remembered: so many different ones may take turns.
const REPLIES: usize = 8;

/// Octets of a body that is remembered, at most.
const LENGTH: usize = 4 << 10;

/// A response, read.
#[derive(Debug, Default)]
pub struct Reply {
    /// What the server says, as it says it: secrets that it repeats are in it.
    pub(super) said: Option<Said>,
    /// The body is a page with a field for a password.
    pub login_form: bool,
    /// A proxy or gateway seems to have made it.
    pub by_hop: bool,
    pub(super) signs: Signs,
}

impl Reply {
    fn read(response: &Response, auth: &AuthFacts, memo: &mut lexicon::Memo) -> Self {
        Self {
            said: lexicon::hear(response, auth, memo),
            login_form: has_login_form(response),
            by_hop: is_by_hop(&response.head),
            signs: signs(response),
        }
    }
}

/// Replies that were read before.
#[derive(Debug, Default)]
pub struct Memo {
    words: lexicon::Memo,
    replies: Vec<Known>,
    oldest: usize,
}

/// All that decides what a reply shows, and what that is.
#[derive(Debug)]
struct Known {
    head: Head,
    body: Body,
    /// Whether credentials were missing: some words are said only of what was sent.
    missing: bool,
    reply: Arc<Reply>,
}

impl Memo {
    /// What the response to `auth` shows; nothing without one.
    pub fn read(&mut self, response: Option<&Response>, auth: &AuthFacts) -> Arc<Reply> {
        let Some(response) = response else { return Arc::default() };
        let missing = matches!(auth.authorization.state, AuthState::Missing);
        let known = self.replies.iter().find(|known| {
            known.head.is_same(&response.head)
                && known.missing == missing
                && known.body == response.body
        });
        if let Some(known) = known {
            return Arc::clone(&known.reply);
        }
        let reply = Arc::new(Reply::read(response, auth, &mut self.words));
        // Heads that come again are shared.
        if response.head.is_shared() && response.body.start.len() <= LENGTH {
            self.remember(Known {
                head: response.head.clone(),
                body: response.body.clone(),
                missing,
                reply: Arc::clone(&reply),
            });
        }
        reply
    }

    fn remember(&mut self, known: Known) {
        match self.replies.get_mut(self.oldest) {
            Some(oldest) => *oldest = known,
            None => self.replies.push(known),
        }
        self.oldest = (self.oldest + 1) % REPLIES;
    }
}

/// The beginning of the body as text, content coding removed; `None` when there is nothing to read.
pub fn body_text(response: &Response) -> Option<Cow<'_, str>> {
    let start = &response.body.start;
    if start.is_empty() {
        return None;
    }
    let coding = response.head.get("content-encoding");
    let limit = Limits::default().body;
    let content = content::decode(start, response.body.whole, coding, limit);
    let text = match content.octets {
        Cow::Borrowed(octets) => text::decode(octets),
        Cow::Owned(octets) => Cow::Owned(text::decode(&octets).into_owned()),
    };
    (!text.is_empty()).then_some(text)
}

fn has_login_form(response: &Response) -> bool {
    let kind = response.head.get("content-type");
    kind.is_some_and(|kind| starts_with_ignore_case(kind, b"text/html"))
        && body_text(response).is_some_and(|body| {
            let has = |words: &[u8]| contains_ignore_case(body.as_bytes(), words);
            has(b"type=\"password\"") || has(b"type=password")
        })
}

/// Gateways whose name stands in `Server` of their own answers, and the field by which an answer
/// from behind one that replaces `Server` always can be told.
const GATEWAYS: [(&[u8], &str); 6] = [
    (b"envoy", "x-envoy-upstream-service-time"),
    (b"apisix", "x-apisix-upstream-status"),
    (b"kong", "x-kong-upstream-latency"),
    (b"awselb", ""),
    (b"squid", ""),
    (b"varnish", ""),
];

fn is_by_hop(head: &Head) -> bool {
    match head.get("server") {
        Some(server) => GATEWAYS.iter().any(|(name, mark)| {
            contains_ignore_case(server, name) && (mark.is_empty() || !head.has(mark))
        }),
        // An origin server with a clock sends Date (RFC 9110 §6.6.1); HAProxy's own answers have
        // neither.
        None => !head.has("date") && !head.has("x-powered-by"),
    }
}

fn signs(response: &Response) -> Signs {
    let head = &response.head;
    Signs::PROXY
        .when(response.status == 407 || head.has("proxy-authenticate"))
        .and(Signs::CACHE.when(CACHE_FIELDS.into_iter().any(|field| head.has(field))))
        .and(Signs::RETRY_AFTER.when(head.has("retry-after")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnosis::testing::{Talk, get};
    use crate::exchange::Exchange;
    use crate::secret::FingerprintKey;

    fn see(talk: &Talk) -> Exchange {
        talk.exchange(1)
    }

    fn facts(exchange: &Exchange) -> AuthFacts {
        let key = FingerprintKey::from_bytes(&[7; 32]);
        AuthFacts::of(exchange, &key, &mut crate::auth::Memo::default())
    }

    fn read(memo: &mut Memo, exchange: &Exchange) -> Arc<Reply> {
        memo.read(exchange.response.as_ref(), &facts(exchange))
    }

    #[test]
    fn a_reply_that_comes_again_is_read_once() {
        let first = see(&get("/").answer(401).body("Token has expired"));
        let mut second = see(&get("/b").answer(401).body("Token has expired"));
        let share = |from: &Exchange, to: &mut Exchange| {
            let head = from.response.as_ref().unwrap().head.clone();
            to.response.as_mut().unwrap().head = head;
        };
        share(&first, &mut second);
        let mut memo = Memo::default();
        let known = read(&mut memo, &first);
        assert!(Arc::ptr_eq(&known, &read(&mut memo, &second)));
        assert_eq!(known.said.as_ref().unwrap().quote, "Token has expired");
        let mut other = see(&get("/b").answer(401).body("Token was revoked"));
        share(&first, &mut other);
        assert_eq!(read(&mut memo, &other).said.as_ref().unwrap().quote, "Token was revoked");
    }

    #[test]
    fn what_is_said_of_credentials_is_not_said_where_none_were_sent() {
        let asks = "Bearer error=\"invalid_token\"";
        let words = "No credentials were provided";
        let sent = see(&get("/").auth("Bearer abcdefgh").answer(401).asks(asks).body(words));
        let mut none = see(&get("/").answer(401).asks(asks).body(words));
        none.response.as_mut().unwrap().head = sent.response.as_ref().unwrap().head.clone();
        let mut memo = Memo::default();
        let fresh = read(&mut Memo::default(), &none).said.clone();
        assert_ne!(read(&mut memo, &sent).said, fresh);
        assert_eq!(read(&mut memo, &none).said, fresh);
    }

    #[test]
    fn many_replies_do_not_fill_the_memory() {
        let mut memo = Memo::default();
        for number in 0..5 * REPLIES {
            let exchange = see(&get("/").answer(401).body(&number.to_string()));
            let _shared = exchange.response.as_ref().unwrap().head.clone();
            read(&mut memo, &exchange);
        }
        assert_eq!(memo.replies.len(), REPLIES);
    }
}
