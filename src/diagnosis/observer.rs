//! What one exchange shows by itself: all that needs no memory of others, and so can be found out by
//! whichever thread has the time.

use std::sync::Arc;

use crate::auth::{self, AuthFacts};
use crate::diagnosis::history::{Record, Summariser};
use crate::exchange::Exchange;
use crate::secret::FingerprintKey;

/// An exchange, and what it shows by itself.
#[derive(Debug)]
pub struct Observation {
    pub(super) exchange: Arc<Exchange>,
    pub(super) auth: Arc<AuthFacts>,
    /// `None` where a message is missing.
    pub(super) record: Option<Record>,
}

/// Looks at exchanges one by one.
#[derive(Debug)]
pub struct Observer {
    key: FingerprintKey,
    /// What was read before: it saves time, and changes nothing.
    read: auth::Memo,
    summariser: Summariser,
}

impl Observer {
    /// One whose observations go to the memory that `summariser` is of.
    pub(super) fn new(key: FingerprintKey, summariser: Summariser) -> Self {
        Self { key, read: auth::Memo::default(), summariser }
    }

    /// Another one with the same key.
    pub(super) fn another(&self, summariser: Summariser) -> Self {
        Self::new(self.key.clone(), summariser)
    }

    /// What this exchange shows by itself.
    pub fn observe(&mut self, exchange: Arc<Exchange>) -> Observation {
        let auth = self.read.facts(&exchange, &self.key);
        let record = self.summariser.record(&exchange, &auth);
        Observation { exchange, auth, record }
    }
}
