//! A source that loses, repeats, reorders and cuts what another one gives.

use std::collections::VecDeque;
use std::sync::Arc;

use why401::capture::{End, Frame, LinkType, Next, Source, SourceDrops};
use why401::time::Timestamp;

/// How often each fault happens, from 0 to 1.
#[derive(Debug, Clone, Copy, Default)]
pub struct Rates {
    /// A frame is lost.
    pub drop: f64,
    /// A frame comes twice.
    pub duplicate: f64,
    /// A frame comes after up to eight of those behind it.
    pub reorder: f64,
    /// A frame loses its end, as to a snap length.
    pub truncate: f64,
}

impl Rates {
    /// All faults at the same rate.
    pub fn all(rate: f64) -> Self {
        Self { drop: rate, duplicate: rate, reorder: rate, truncate: rate }
    }
}

/// A faulty source. The same seed makes the same faults.
pub struct Faulty<S> {
    source: S,
    rates: Rates,
    random: u64,
    /// Frames in the order in which they will be given.
    ready: VecDeque<Owned>,
    /// Frames held back, and how many others go first.
    late: Vec<(u32, Owned)>,
    given: Owned,
    ended: Option<End>,
}

#[derive(Clone)]
struct Owned {
    timestamp: Timestamp,
    link_type: LinkType,
    interface: u16,
    data: Vec<u8>,
    original_length: u32,
}

impl<S: Source> Faulty<S> {
    /// Puts faults between `source` and who reads it.
    pub fn new(source: S, rates: Rates, seed: u64) -> Self {
        let nothing = Owned {
            timestamp: Timestamp::default(),
            link_type: LinkType::RAW,
            interface: 0,
            data: Vec::new(),
            original_length: 0,
        };
        Self {
            source,
            rates,
            random: seed,
            ready: VecDeque::new(),
            late: Vec::new(),
            given: nothing,
            ended: None,
        }
    }

    fn admit(&mut self, mut frame: Owned) {
        if self.happens(self.rates.drop) {
            return;
        }
        if self.happens(self.rates.truncate) && !frame.data.is_empty() {
            let kept = self.next_random() as usize % frame.data.len();
            frame.data.truncate(kept);
        }
        if self.happens(self.rates.duplicate) {
            self.ready.push_back(frame.clone());
        }
        if self.happens(self.rates.reorder) {
            let others = 1 + (self.next_random() % 8) as u32;
            self.late.push((others, frame));
            return;
        }
        self.ready.push_back(frame);
        for (others, _) in &mut self.late {
            *others -= 1;
        }
        while let Some(at) = self.late.iter().position(|(others, _)| *others == 0) {
            self.ready.push_back(self.late.remove(at).1);
        }
    }

    fn happens(&mut self, rate: f64) -> bool {
        (self.next_random() >> 11) as f64 / ((1u64 << 53) as f64) < rate
    }

    /// SplitMix64.
    fn next_random(&mut self) -> u64 {
        self.random = self.random.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.random;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }
}

impl<S: Source> Source for Faulty<S> {
    fn next(&mut self) -> Next<'_> {
        while self.ready.is_empty() && self.ended.is_none() {
            let frame = match self.source.next() {
                Next::Frame(frame) => Owned {
                    timestamp: frame.timestamp,
                    link_type: frame.link_type,
                    interface: frame.interface,
                    data: frame.data.to_vec(),
                    original_length: frame.original_length,
                },
                Next::Idle => return Next::Idle,
                Next::End(end) => {
                    self.ended = Some(end);
                    self.ready.extend(self.late.drain(..).map(|(_, frame)| frame));
                    break;
                }
            };
            self.admit(frame);
        }
        let Some(frame) = self.ready.pop_front() else {
            return self.ended.clone().map_or(Next::Idle, Next::End);
        };
        self.given = frame;
        Next::Frame(Frame {
            timestamp: self.given.timestamp,
            link_type: self.given.link_type,
            interface: self.given.interface,
            data: &self.given.data,
            original_length: self.given.original_length,
        })
    }

    fn interfaces(&self) -> &[Arc<str>] {
        self.source.interfaces()
    }

    fn drops(&mut self) -> SourceDrops {
        self.source.drops()
    }
}
