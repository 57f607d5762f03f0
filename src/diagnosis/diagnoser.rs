//! Follows exchanges, remembers what matters of them, and explains those that were refused.

use std::sync::Arc;

use crate::auth::AuthFacts;
use crate::counters::Counters;
use crate::diagnosis::choice::choose;
use crate::diagnosis::history::History;
use crate::diagnosis::rules::RULES;
use crate::diagnosis::{Case, Verdict, View};
use crate::exchange::Exchange;
use crate::limits::Limits;
use crate::secret::FingerprintKey;
use crate::time::Timestamp;

/// Follows exchanges and explains those that were refused.
///
/// A case is emitted when its exchange is complete, again whenever its verdict changes, and a last
/// time, settled, when nothing can change it any more. Cases without a verdict are settled at once.
#[derive(Debug)]
pub struct Diagnoser {
    key: FingerprintKey,
    history: History,
}

impl Diagnoser {
    /// With nothing remembered.
    pub fn new(_limits: &Limits, key: FingerprintKey) -> Self {
        Self { key, history: History::default() }
    }

    /// Takes one exchange; emits its case and those that it changes.
    pub fn observe(
        &mut self,
        exchange: Exchange,
        counters: &mut Counters,
        out: &mut Vec<Arc<Case>>,
    ) {
        let auth = AuthFacts::of(&exchange, &self.key);
        counters.exchanges += 1;
        counters.unauthorized += u64::from(exchange.status() == Some(401));
        let now = exchange.time();
        let view = View::new(&exchange, &auth, &self.history, now, false);
        let choice = choose(RULES, &view);
        let verdict = choice.diagnosis.map(|diagnosis| Verdict {
            diagnosis,
            also: choice.also,
            notes: Vec::new(),
            provisional: false,
            was: None,
            repeat: 1,
            nearest_success: None,
        });
        out.push(Arc::new(Case {
            exchange: Arc::new(exchange),
            auth: Arc::new(auth),
            verdict,
            settled: true,
        }));
    }

    /// Packet time has come this far: settles what waited only for time.
    pub fn advance(
        &mut self,
        _now: Timestamp,
        _counters: &mut Counters,
        _out: &mut Vec<Arc<Case>>,
    ) {
    }

    /// The input has ended: settles everything.
    pub fn finish(&mut self, _counters: &mut Counters, _out: &mut Vec<Arc<Case>>) {}
}
