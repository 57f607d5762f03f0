//! Packet time: the only clock the core knows.

use std::fmt;
use std::ops::{Add, Sub};
use std::time::Duration;

use time::OffsetDateTime;
use time::macros::format_description;

/// Nanoseconds since the Unix epoch, as written in a capture or by the kernel.
///
/// Arithmetic saturates: a capture with absurd timestamps is data, not a reason to stop.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(i64);

impl Timestamp {
    /// From whole seconds and the nanoseconds within the second.
    pub const fn from_parts(seconds: i64, nanoseconds: u32) -> Self {
        Self(seconds.saturating_mul(1_000_000_000).saturating_add(nanoseconds as i64))
    }

    /// From nanoseconds since the epoch.
    pub const fn from_nanoseconds(nanoseconds: i64) -> Self {
        Self(nanoseconds)
    }

    /// From whole seconds since the epoch, as in a JWT's NumericDate.
    pub const fn from_seconds(seconds: i64) -> Self {
        Self::from_parts(seconds, 0)
    }

    /// Nanoseconds since the epoch.
    pub const fn nanoseconds(self) -> i64 {
        self.0
    }

    /// Whole seconds since the epoch, rounded down.
    pub const fn seconds(self) -> i64 {
        self.0.div_euclid(1_000_000_000)
    }

    /// How long after `earlier` this is; zero when it is not after.
    pub fn since(self, earlier: Self) -> Duration {
        Duration::from_nanos(u64::try_from(self.0.saturating_sub(earlier.0)).unwrap_or(0))
    }

    /// Signed seconds from `other` to `self`.
    pub fn seconds_from(self, other: Self) -> f64 {
        self.0.saturating_sub(other.0) as f64 / 1e9
    }

    /// RFC 3339 in UTC, with microseconds, or nanoseconds where the capture has them.
    pub fn rfc3339(self) -> String {
        let date = OffsetDateTime::from_unix_timestamp_nanos(i128::from(self.0));
        let text = date.ok().and_then(|date| {
            if self.0 % 1000 == 0 {
                date.format(format_description!(
                    "[year]-[month]-[day]T[hour]:[minute]:[second].[subsecond digits:6]Z"
                ))
            } else {
                date.format(format_description!(
                    "[year]-[month]-[day]T[hour]:[minute]:[second].[subsecond digits:9]Z"
                ))
            }
            .ok()
        });
        text.unwrap_or_else(|| self.0.to_string())
    }

    /// RFC 3339 in UTC to the second, for people.
    pub fn rfc3339_seconds(self) -> String {
        OffsetDateTime::from_unix_timestamp(self.seconds())
            .ok()
            .and_then(|date| {
                date.format(format_description!("[year]-[month]-[day]T[hour]:[minute]:[second]Z"))
                    .ok()
            })
            .unwrap_or_else(|| self.seconds().to_string())
    }

    /// `HH:MM:SS.mmm` in UTC, for a list row.
    pub fn clock(self) -> String {
        let day = self.0.rem_euclid(86_400_000_000_000);
        let (ms, s) = (day / 1_000_000 % 1000, day / 1_000_000_000);
        format!("{:02}:{:02}:{:02}.{ms:03}", s / 3600, s / 60 % 60, s % 60)
    }
}

impl Add<Duration> for Timestamp {
    type Output = Self;
    fn add(self, rhs: Duration) -> Self {
        Self(self.0.saturating_add(i64::try_from(rhs.as_nanos()).unwrap_or(i64::MAX)))
    }
}

impl Sub<Duration> for Timestamp {
    type Output = Self;
    fn sub(self, rhs: Duration) -> Self {
        Self(self.0.saturating_sub(i64::try_from(rhs.as_nanos()).unwrap_or(i64::MAX)))
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.rfc3339())
    }
}

/// A duration as a person says it: `850 ms`, `12 s`, `13 min 20 s`, `5 h 3 min`, `12 d 4 h`.
pub fn humane(duration: Duration) -> String {
    let s = duration.as_secs();
    match s {
        0 if duration.subsec_millis() == 0 => "under 1 ms".to_owned(),
        0 => format!("{} ms", duration.subsec_millis()),
        1..60 => format!("{s} s"),
        60..3600 => join(s / 60, "min", s % 60, "s"),
        3600..86_400 => join(s / 3600, "h", s / 60 % 60, "min"),
        _ => join(s / 86_400, "d", s / 3600 % 24, "h"),
    }
}

fn join(major: u64, major_unit: &str, minor: u64, minor_unit: &str) -> String {
    if minor == 0 {
        format!("{major} {major_unit}")
    } else {
        format!("{major} {major_unit} {minor} {minor_unit}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn precision_follows_the_capture() {
        let base = Timestamp::from_parts(1_748_779_200, 123_456_000);
        assert_eq!(base.rfc3339(), "2025-06-01T12:00:00.123456Z");
        let fine = Timestamp::from_parts(1_748_779_200, 123_456_789);
        assert_eq!(fine.rfc3339(), "2025-06-01T12:00:00.123456789Z");
        assert_eq!(base.rfc3339_seconds(), "2025-06-01T12:00:00Z");
        assert_eq!(base.clock(), "12:00:00.123");
    }

    #[test]
    fn arithmetic_saturates() {
        let end = Timestamp::from_nanoseconds(i64::MAX);
        assert_eq!(end + Duration::from_secs(1), end);
        assert_eq!(Timestamp::default().since(end), Duration::ZERO);
        assert!(!end.rfc3339().is_empty());
    }

    #[test]
    fn durations_read_aloud() {
        assert_eq!(humane(Duration::from_secs(800)), "13 min 20 s");
        assert_eq!(humane(Duration::from_millis(40)), "40 ms");
        assert_eq!(humane(Duration::from_secs(3600)), "1 h");
    }
}
