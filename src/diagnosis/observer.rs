//! What one exchange shows by itself: all that needs no memory of others, and so can be found out by
//! whichever thread has the time.

use std::sync::Arc;

use crate::auth::{self, AuthFacts};
use crate::diagnosis::heard::Findings;
use crate::diagnosis::history::{Record, Summariser};
use crate::diagnosis::recurring::{Recurring, Shown};
use crate::exchange::Exchange;
use crate::secret::FingerprintKey;

/// An exchange, and what it shows by itself.
#[derive(Debug)]
pub struct Observation {
    pub(super) exchange: Arc<Exchange>,
    pub(super) auth: Arc<AuthFacts>,
    /// `None` where a message is missing.
    pub(super) record: Option<Record>,
    /// Shared by exchanges that say the same; `None` where it is the first.
    pub(super) findings: Option<Arc<Findings>>,
}

/// Looks at exchanges one by one.
#[derive(Debug)]
pub struct Observer {
    key: FingerprintKey,
    /// What was read before: it saves time, and changes nothing.
    read: auth::Memo,
    recurring: Recurring,
    summariser: Summariser,
}

impl Observer {
    /// One whose observations go to the memory that `summariser` is of.
    pub(super) fn new(key: FingerprintKey, summariser: Summariser) -> Self {
        Self { key, read: auth::Memo::default(), recurring: summariser.recurring(), summariser }
    }

    /// Another one with the same key.
    pub(super) fn another(&self, summariser: Summariser) -> Self {
        Self::new(self.key.clone(), summariser)
    }

    /// What this exchange shows by itself.
    pub fn observe(&mut self, exchange: Arc<Exchange>) -> Observation {
        let key = self.recurring.key(&exchange);
        let known = key.and_then(|key| self.recurring.find(key, &exchange));
        if let Some(Shown { auth, record, findings }) = known {
            let auth = Arc::clone(auth);
            let another = |record| self.summariser.another(record, &exchange);
            let record = record.as_ref().and_then(another);
            let findings = Some(Arc::clone(findings));
            return Observation { exchange, auth, record, findings };
        }
        let auth = self.read.facts(&exchange, &self.key);
        let record = self.summariser.record(&exchange, &auth);
        if let Some(key) = key {
            self.recurring.remember(key, &exchange, || Shown {
                auth: Arc::clone(&auth),
                record: record.clone(),
                findings: Arc::default(),
            });
        }
        Observation { exchange, auth, record, findings: None }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnosis::history::History;
    use crate::diagnosis::testing::{Talk, get};
    use crate::exchange::Anomaly;
    use crate::limits::Limits;

    fn ask(target: &str) -> Talk {
        let basic = "Basic YWxpY2U6c2VjcmV0";
        get(target).auth(basic).answer(401).asks("Basic realm=\"x\"").body("no")
    }

    /// The exchanges of these talks, all answered with one head, as a server does within a second.
    fn answered_alike(talks: Vec<Talk>) -> Vec<Exchange> {
        let exchanges = (1..).zip(talks).map(|(number, talk)| talk.exchange(number));
        let mut exchanges: Vec<_> = exchanges.collect();
        let head = exchanges[0].response.as_ref().unwrap().head.clone();
        for exchange in &mut exchanges {
            exchange.response.as_mut().unwrap().head = head.clone();
        }
        exchanges
    }

    /// Whether the last of these is taken to say what another one said; if it shows anything else than
    /// it shows to who saw no others, that is a failure.
    fn recurs(exchanges: Vec<Exchange>) -> bool {
        let history = History::new(&Limits::default());
        let key = FingerprintKey::from_bytes(&[7; 32]);
        let mut observer = Observer::new(key, history.summariser());
        let mut fresh = observer.another(history.summariser());
        let exchanges: Vec<_> = exchanges.into_iter().map(Arc::new).collect();
        let last = exchanges.last().map(Arc::clone).unwrap();
        let seen: Vec<_> = exchanges.into_iter().map(|one| observer.observe(one)).collect();
        let (seen, alone) = (seen.last().unwrap(), fresh.observe(last));
        let all =
            |observation: &Observation| format!("{:?} {:?}", observation.auth, observation.record);
        assert_eq!(all(seen), all(&alone));
        seen.findings.is_some()
    }

    #[test]
    fn what_says_the_same_shows_the_same_wherever_and_whenever_it_was_asked() {
        for (last, expected) in [
            (ask("/b/c"), true),
            (ask("/b/c").at(7.5).latency(0.2).from("10.0.0.8:41000").on(4), true),
            (ask("/b/c?api_key=4711-0815"), false),
            (ask("http://other/b/c"), false),
            (ask("/b/c").header("X-Request-Id", "9"), false),
            (ask("/b/c").to("10.0.0.2:80"), false),
            (ask("/b/c").sends("user=alice"), false),
            (ask("/b/c").body("locked"), false),
        ] {
            let what = format!("{last:?}");
            let all = answered_alike(vec![ask("/"), ask("/a"), last]);
            assert_eq!(recurs(all), expected, "{what}");
        }
        let mut odd = answered_alike(vec![ask("/"), ask("/a"), ask("/b")]);
        odd[2].anomalies.insert(Anomaly::BareLineEnd);
        assert!(!recurs(odd));
    }

    #[test]
    fn cookies_are_found_in_the_octets_of_their_own_request() {
        let with = |target: &str| ask(target).header("Cookie", "session=0123456789abcdef");
        assert!(!recurs(answered_alike(vec![with("/"), with("/a"), with("/longer")])));
    }

    #[test]
    fn what_does_not_come_again_is_not_kept() {
        assert!(!recurs(answered_alike(vec![ask("/"), ask("/a")])));
    }
}
