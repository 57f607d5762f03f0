//! Server clocks, measured on `Date`.

use std::collections::HashMap;
use std::net::IpAddr;

use crate::exchange::Exchange;
use crate::time::Timestamp;

/// Answers a server's clock is measured on: an odd number, so that the median is one of them.
const SAMPLES: usize = 9;

/// Below this a difference is the resolution of `Date` and network delay.
const UNNOTICED: i64 = 2_000_000_000;

/// Servers remembered; more are not measured.
const SERVERS: usize = 4096;

/// How far a server's clock is from the capture's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Skew {
    /// `Date` minus capture time; positive when the server is ahead, 0 within two seconds.
    pub nanoseconds: i64,
    /// How many answers it was measured on.
    pub samples: u32,
}

#[derive(Debug, Default)]
struct Clock {
    samples: [i64; SAMPLES],
    count: u32,
    measured: Timestamp,
}

/// The clocks of all servers.
#[derive(Debug, Default)]
pub(super) struct Clocks(HashMap<IpAddr, Clock, ahash::RandomState>);

impl Clocks {
    /// Measures the server's clock on this answer, if it was not stored in a cache (`Age`). One
    /// answer a second is enough.
    pub fn measure(&mut self, exchange: &Exchange) {
        let Some(response) = &exchange.response else { return };
        let server = exchange.connection.server.ip();
        if let Some(clock) = self.0.get(&server)
            && clock.count >= SAMPLES as u32
            && response.time.since(clock.measured).as_millis() < 1000
        {
            return;
        }
        if response.head.has("age") {
            return;
        }
        let date = response.head.get("date").and_then(|date| std::str::from_utf8(date).ok());
        let Some(date) = date.and_then(seconds) else { return };
        if self.0.len() >= SERVERS && !self.0.contains_key(&server) {
            return;
        }
        let clock = self.0.entry(server).or_default();
        // `Date` is rounded down to the second: half a second is the best guess.
        let own = response.time.nanoseconds();
        let sample = Timestamp::from_seconds(date).nanoseconds().saturating_sub(own);
        if let Some(slot) = clock.samples.get_mut(clock.count as usize % SAMPLES) {
            *slot = sample.saturating_add(500_000_000);
        }
        clock.count = clock.count.saturating_add(1);
        clock.measured = response.time;
    }

    /// The median of the latest answers.
    pub fn skew(&self, server: IpAddr) -> Option<Skew> {
        let clock = self.0.get(&server)?;
        let count = (clock.count as usize).min(SAMPLES);
        let mut samples = clock.samples;
        let known = samples.get_mut(..count)?;
        known.sort_unstable();
        let median = *known.get(count / 2)?;
        let nanoseconds = if median.saturating_abs() <= UNNOTICED { 0 } else { median };
        Some(Skew { nanoseconds, samples: clock.count })
    }

    /// Whether every server that was measured is off by about as much: then it is the capturing
    /// machine's clock. `None` when there is only one server.
    pub fn all_agree(&self, nanoseconds: i64) -> Option<bool> {
        if self.0.len() < 2 {
            return None;
        }
        Some(self.0.keys().all(|&server| {
            self.skew(server).is_none_or(|skew| {
                skew.nanoseconds.saturating_sub(nanoseconds).saturating_abs() <= 5_000_000_000
            })
        }))
    }
}

fn seconds(date: &str) -> Option<i64> {
    let time = httpdate::parse_http_date(date).ok()?;
    let since = time.duration_since(std::time::UNIX_EPOCH).ok()?;
    i64::try_from(since.as_secs()).ok()
}
