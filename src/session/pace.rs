//! When to look at the clock, and what time it is on the wire when the wire says nothing.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use crate::time::Timestamp;

/// How often the sink hears how things stand.
pub(super) const BEAT: Duration = Duration::from_millis(100);

/// Frames between two looks at the clock when packet time says that little has passed.
const FRAMES_PER_LOOK: u32 = 256;

/// A frame may wait this long in the kernel's ring before it is read: packet time on a silent wire
/// lags the clock by so much, lest a frame come from the past.
const KERNEL_DELAY: Duration = Duration::from_millis(500);

/// A pipe whose newest packet is at most this far from the clock is a capture in progress.
const PRESENT: Duration = Duration::from_secs(10);

/// Decides when to look at the clock, which costs more than a small packet does.
#[derive(Debug)]
pub(super) struct Pace {
    frames: u32,
    packet_time: Timestamp,
    read_at: Instant,
    beat_at: Instant,
}

impl Pace {
    pub(super) fn new() -> Self {
        let now = Instant::now();
        Self { frames: 0, packet_time: Timestamp::default(), read_at: now, beat_at: now }
    }

    /// Whether a beat is due, after a frame of this time.
    pub(super) fn is_due(&mut self, packet_time: Timestamp) -> bool {
        self.is_due_after(1, packet_time)
    }

    /// The same after so many frames, the last of which is of this time.
    pub(super) fn is_due_after(&mut self, frames: u32, packet_time: Timestamp) -> bool {
        self.frames += frames;
        if self.frames < FRAMES_PER_LOOK && packet_time.since(self.packet_time) < BEAT {
            return false;
        }
        self.frames = 0;
        self.packet_time = self.packet_time.max(packet_time);
        self.read_at = Instant::now();
        self.beat_if_due(self.read_at)
    }

    /// Whether a beat is due while there are no frames.
    pub(super) fn is_due_now(&mut self) -> bool {
        self.beat_if_due(Instant::now())
    }

    fn beat_if_due(&mut self, now: Instant) -> bool {
        let due = now.duration_since(self.beat_at) >= BEAT;
        if due {
            self.beat_at = now;
        }
        due
    }

    /// Packet time now, on a pipe that carries the present: the other machine's clock, which goes on
    /// as ours does. A recorded capture has no present, however slowly it is fed.
    pub(super) fn present(&self) -> Option<Timestamp> {
        let waited = self.read_at.elapsed();
        let now = wall_clock();
        let expected = now - waited;
        let apart = expected.since(self.packet_time).max(self.packet_time.since(expected));
        (apart < PRESENT).then(|| self.packet_time + waited - KERNEL_DELAY)
    }
}

/// Packet time on a live wire that is silent.
pub(super) fn live_packet_time() -> Timestamp {
    wall_clock() - KERNEL_DELAY
}

fn wall_clock() -> Timestamp {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Timestamp::default() + since
}
