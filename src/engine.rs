//! The one place that joins the layers: frames in, cases out. Synchronous, single-owner, and
//! without a clock of its own.
//!
//! ```text
//! Frame → Wire ── Found { exchange | time } ──→ Explainer → Case
//! ```
//!
//! Neither half looks at what the other keeps, so that a long recording can be read ahead of its
//! explanation.

mod wire;

use std::sync::Arc;

pub use wire::Wire;

use crate::auth::proof::Prover;
use crate::capture::Frame;
use crate::counters::Counters;
use crate::diagnosis::{Case, Diagnoser, Observation, Observer};
use crate::exchange::Exchange;
use crate::limits::{Limits, Patience};
use crate::secret::FingerprintKey;
use crate::time::Timestamp;

/// What the wire gave, in the order in which it was found.
#[derive(Debug)]
pub enum Found {
    /// An exchange that is complete or given up.
    Exchange(Arc<Exchange>),
    /// The same, looked at by itself already. In a box, as it is ten times as large.
    Observed(Box<Observation>),
    /// Packet time has come this far.
    Time(Timestamp),
}

/// Looks at exchanges that were found by themselves, which the explainer then need not do.
pub fn observe(found: Vec<Found>, observer: &mut Observer) -> Vec<Found> {
    let observed = found.into_iter().map(|found| match found {
        Found::Exchange(exchange) => Found::Observed(Box::new(observer.observe(exchange))),
        other => other,
    });
    observed.collect()
}

/// Lets go of what was found.
pub fn forget(found: &mut Vec<Found>) {
    one_by_one(found, drop);
}

/// Takes out what was found. It comes out of another thread's cache, or from further away, and so is asked
/// for before it is its turn.
fn one_by_one(found: &mut Vec<Found>, mut each: impl FnMut(Found)) {
    for at in 0..found.len() {
        if let Some(Found::Exchange(soon)) = found.get(at + 4) {
            soon.fetch();
        }
        if let Some(Found::Exchange(next)) = found.get(at + 2) {
            next.fetch_parts();
        }
        each(std::mem::replace(&mut found[at], Found::Time(Timestamp::default())));
    }
    found.clear();
}

/// From frames to explained exchanges.
#[derive(Debug)]
pub struct Engine {
    wire: Wire,
    explainer: Explainer,
    found: Vec<Found>,
}

/// From exchanges to cases.
#[derive(Debug)]
pub struct Explainer {
    diagnoser: Diagnoser,
    counters: Counters,
}

impl Explainer {
    /// Takes what was found; appends the cases that it gives or changes to `out`.
    pub fn take(&mut self, found: &mut Vec<Found>, out: &mut Vec<Arc<Case>>) {
        one_by_one(found, |found| match found {
            Found::Exchange(exchange) => {
                self.diagnoser.observe(exchange, &mut self.counters, out);
            }
            Found::Observed(observation) => {
                self.diagnoser.take(*observation, &mut self.counters, out);
            }
            Found::Time(now) => self.diagnoser.advance(now, &mut self.counters, out),
        });
    }

    /// Looks at exchanges by themselves as the explainer would, on another thread.
    pub fn observer(&self) -> Observer {
        self.diagnoser.observer()
    }

    /// Nothing more will be found: settles every case.
    pub fn finish(&mut self, out: &mut Vec<Arc<Case>>) {
        self.diagnoser.finish(&mut self.counters, out);
    }

    /// Whether cases come with provisional verdicts, too, and again when they change; otherwise each
    /// comes once, settled.
    pub fn follow(&mut self, followed: bool) {
        self.diagnoser.follow(followed);
    }
}

impl Engine {
    /// With nothing seen.
    pub fn new(limits: Limits, key: FingerprintKey) -> Self {
        let diagnoser = Diagnoser::new(&limits, key);
        let explainer = Explainer { diagnoser, counters: Counters::default() };
        Self { wire: Wire::new(limits), explainer, found: Vec::new() }
    }

    /// Holds refused credentials against the user's keys and passwords, too.
    #[must_use]
    pub fn with_prover(self, prover: Option<Prover>) -> Self {
        let Explainer { diagnoser, counters } = self.explainer;
        let explainer = Explainer { diagnoser: diagnoser.with_prover(prover), counters };
        Self { explainer, ..self }
    }

    /// The two halves, to be driven one by one.
    pub fn halves(&mut self) -> (&mut Wire, &mut Explainer) {
        (&mut self.wire, &mut self.explainer)
    }

    /// See [`Explainer::follow`].
    pub fn follow(&mut self, followed: bool) {
        self.explainer.follow(followed);
    }

    /// See [`Wire::set_interfaces`].
    pub fn set_interfaces(&mut self, names: &[Arc<str>]) {
        self.wire.set_interfaces(names);
    }

    /// See [`Wire::set_patience`].
    pub fn set_patience(&mut self, patience: Patience) {
        self.wire.set_patience(patience);
    }

    /// Takes one frame; appends the cases that it completes or changes to `out`.
    #[inline]
    pub fn push(&mut self, frame: &Frame<'_>, out: &mut Vec<Arc<Case>>) {
        self.wire.push(frame, &mut self.found);
        if !self.found.is_empty() {
            self.explainer.take(&mut self.found, out);
        }
    }

    /// See [`Wire::advance`].
    pub fn advance(&mut self, now: Timestamp, out: &mut Vec<Arc<Case>>) {
        self.wire.advance(now, &mut self.found);
        self.explainer.take(&mut self.found, out);
    }

    /// The input has ended: gives up what waits and settles every case.
    pub fn finish(&mut self, out: &mut Vec<Arc<Case>>) {
        self.wire.finish(&mut self.found);
        self.explainer.take(&mut self.found, out);
        self.explainer.finish(out);
    }

    /// What was counted so far.
    pub fn counters(&self) -> Counters {
        let mut counters = self.wire.counters();
        counters += &self.explainer.counters;
        counters
    }

    /// To set what only the source knows (kernel drops).
    pub fn counters_mut(&mut self) -> &mut Counters {
        self.wire.counters_mut()
    }

    /// See [`Wire::other_ports`].
    pub fn other_ports(&self, at_most: usize) -> Vec<(u16, u64)> {
        self.wire.other_ports(at_most)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::capture::file::FileSource;
    use crate::capture::{AT_ONCE, LinkType, Next, Source};
    use crate::counters::Limit;

    type Owned = (Timestamp, LinkType, Vec<u8>, u32);

    /// The frames of the demo: also cut by a snap length, and behind a VLAN tag, which are not plain.
    fn frames() -> Vec<Owned> {
        let mut demo = FileSource::of_octets("demo", include_bytes!("demo/demo.pcap")).unwrap();
        let mut frames = Vec::new();
        while let Next::Frame(frame) = demo.next() {
            let mut data = frame.data.to_vec();
            let mut length = frame.original_length;
            match frames.len() % 7 {
                3 => data.truncate(data.len() - 1),
                5 => {
                    data.splice(12..12, [0x81, 0, 0, 1]);
                    length += 4;
                }
                _ => {}
            }
            frames.push((frame.timestamp, frame.link_type, data, length));
        }
        frames
    }

    fn frame((timestamp, link_type, data, length): &Owned) -> Frame<'_> {
        Frame {
            timestamp: *timestamp,
            link_type: *link_type,
            interface: 0,
            data,
            original_length: *length,
        }
    }

    #[test]
    fn frames_taken_in_at_once_give_what_they_give_one_by_one() {
        let frames = frames();
        let tight = Limits { memory: 3 << 10, ..Limits::default() };
        for limits in [Limits::default(), tight] {
            let (mut one_by_one, mut expected) = (Wire::new(limits.clone()), Vec::new());
            for one in &frames {
                one_by_one.push(&frame(one), &mut expected);
            }
            let counted = one_by_one.counters();
            assert!(counted.truncated > 0 && expected.len() > 50, "{counted:?}");
            let is_tight = limits.memory < Limits::default().memory;
            assert_eq!(counted.limits.contains_key(&Limit::Memory), is_tight, "{counted:?}");
            for at_once in [1, 5, AT_ONCE, 2 * AT_ONCE + 3] {
                let (mut wire, mut found) = (Wire::new(limits.clone()), Vec::new());
                for some in frames.chunks(at_once) {
                    let some: Vec<_> = some.iter().map(frame).collect();
                    wire.push_all(&some, || {}, &mut found);
                }
                assert_eq!(format!("{found:?}"), format!("{expected:?}"), "{at_once} at once");
                assert_eq!(wire.counters(), counted);
            }
        }
    }

    #[test]
    fn what_was_found_is_taken_out_once() {
        let mut engine = Engine::new(Limits::default(), FingerprintKey::from_bytes(&[1; 32]));
        let mut found = Vec::new();
        for one in &frames() {
            engine.halves().0.push(&frame(one), &mut found);
        }
        let exchanges = found.iter().filter(|found| matches!(found, Found::Exchange(_))).count();
        engine.halves().1.take(&mut found, &mut Vec::new());
        assert!(found.is_empty());
        assert_eq!(engine.counters().exchanges, exchanges as u64);
    }

    #[test]
    fn a_request_on_its_way_through_a_proxy_is_not_alone() {
        let mut demo = FileSource::of_octets("demo", include_bytes!("demo/demo.pcap")).unwrap();
        let mut engine = Engine::new(Limits::default(), FingerprintKey::from_bytes(&[1; 32]));
        let mut cases = Vec::new();
        while let Next::Frame(frame) = demo.next() {
            engine.push(&frame, &mut cases);
        }
        engine.finish(&mut cases);
        let legs: Vec<bool> = cases
            .iter()
            .filter(|case| case.verdict.as_ref().is_some_and(|verdict| verdict.leg_of.is_some()))
            .map(|case| case.exchange.alone)
            .collect();
        assert!(!legs.is_empty() && !legs.contains(&true), "{legs:?}");
        assert!(cases.iter().any(|case| case.exchange.alone), "others are");
    }
}
