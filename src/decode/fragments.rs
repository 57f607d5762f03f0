//! IP fragments that wait for the rest of their packet.

use std::collections::VecDeque;
use std::net::IpAddr;
use std::time::Duration;

use ahash::{HashMap, HashMapExt};
use etherparse::IpNumber;
use etherparse::defrag::IpDefragBuf;

use super::ip::Fragment;
use super::{IpHeader, Rest, Stop};
use crate::counters::{Counters, Limit, Undecodable};
use crate::time::Timestamp;

/// What a packet in reassembly costs beside its octets: its key, its ranges, its place in the map.
const OVERHEAD: usize = 256;

/// Fragments of one packet agree in these (RFC 791 §2.3, RFC 8200 §4.5).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct Key {
    source: IpAddr,
    destination: IpAddr,
    identification: u32,
    protocol: u8,
}

#[derive(Debug)]
struct Waiting {
    buffer: IpDefragBuf,
    since: Timestamp,
    fragments: u64,
}

impl Waiting {
    fn cost(&self) -> usize {
        self.buffer.data().capacity() + OVERHEAD
    }
}

/// All packets in reassembly, under one bound.
#[derive(Debug)]
pub(super) struct Fragments {
    waiting: HashMap<Key, Waiting>,
    /// Oldest first. An entry whose packet is gone or newer is stale.
    order: VecDeque<(Timestamp, Key)>,
    held: usize,
    limit: usize,
    timeout: Duration,
}

impl Fragments {
    pub(super) fn new(limit: usize, timeout: Duration) -> Self {
        Self { waiting: HashMap::new(), order: VecDeque::new(), held: 0, limit, timeout }
    }

    /// Takes in one fragment; answers [`Stop::Whole`] when it was the last one missing.
    #[cold]
    pub(super) fn add(
        &mut self,
        ip: &IpHeader,
        fragment: Fragment,
        rest: Rest<'_>,
        now: Timestamp,
        counters: &mut Counters,
    ) -> Stop {
        self.expire(now, counters);
        if rest.cut > 0 {
            // Without its end no packet can be made of it.
            counters.fragments_expired += 1;
            return Stop::Fragment;
        }
        let key = Key {
            source: ip.source,
            destination: ip.destination,
            identification: fragment.identification,
            protocol: ip.protocol,
        };
        let waiting = self.waiting.entry(key).or_insert_with(|| {
            self.order.push_back((now, key));
            self.held += OVERHEAD;
            let buffer = IpDefragBuf::new(IpNumber(ip.protocol), Vec::new(), Vec::new());
            Waiting { buffer, since: now, fragments: 0 }
        });
        let before = waiting.cost();
        let added = waiting.buffer.add(fragment.offset, fragment.more, rest.data);
        waiting.fragments += 1;
        self.held += waiting.cost() - before;
        if waiting.buffer.is_complete() {
            self.forget_stale();
            let packet = self.remove(&key).map(|waiting| waiting.buffer.take_bufs().0);
            return Stop::Whole(packet.unwrap_or_default());
        }
        while self.held > self.limit && self.give_up_oldest(counters) {
            counters.hit(Limit::Fragments);
        }
        self.forget_stale();
        // A fragment that contradicts the others is left out; theirs may still become a packet.
        added.map_or(Stop::Undecodable(Undecodable::IpHeader), |()| Stop::Fragment)
    }

    fn expire(&mut self, now: Timestamp, counters: &mut Counters) {
        while let Some((since, _)) = self.order.front()
            && now.since(*since) > self.timeout
            && self.give_up_oldest(counters)
        {}
    }

    /// Gives up the packet that has waited longest; false when none waits.
    fn give_up_oldest(&mut self, counters: &mut Counters) -> bool {
        while let Some((since, key)) = self.order.pop_front() {
            if self.is_waiting(since, &key)
                && let Some(waiting) = self.remove(&key)
            {
                counters.fragments_expired += waiting.fragments;
                return true;
            }
        }
        false
    }

    /// Keeps `order` from growing with packets that were completed long ago.
    fn forget_stale(&mut self) {
        if self.order.len() > 2 * self.waiting.len() + 64 {
            let mut order = std::mem::take(&mut self.order);
            order.retain(|(since, key)| self.is_waiting(*since, key));
            self.order = order;
        }
    }

    fn is_waiting(&self, since: Timestamp, key: &Key) -> bool {
        self.waiting.get(key).is_some_and(|waiting| waiting.since == since)
    }

    fn remove(&mut self, key: &Key) -> Option<Waiting> {
        let waiting = self.waiting.remove(key)?;
        self.held = self.held.saturating_sub(waiting.cost());
        Some(waiting)
    }
}
