//! Packet time: the only clock the core knows.

use std::fmt;
use std::ops::{Add, Sub};
use std::time::Duration;

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
        self.to_string()
    }

    /// RFC 3339 in UTC to the second, for people.
    pub fn rfc3339_seconds(self) -> String {
        let mut text = Stamp::of(self);
        text.end_at(Stamp::SECONDS);
        text.as_str().to_owned()
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
        f.write_str(Stamp::of(*self).as_str())
    }
}

/// In nanoseconds.
const SECOND: i64 = 1_000_000_000;

/// A time as text: `2025-06-01T12:00:00.123456Z`, with nanoseconds where it has them. All that 64 bits of
/// nanoseconds can name lies in the years 1677 to 2262, so that every part has its fixed place.
///
/// Many times are written by changing one: what they share is made once.
#[derive(Debug, Clone)]
pub struct Stamp {
    text: [u8; 30],
    length: usize,
    second: i64,
}

impl Stamp {
    /// Length up to the seconds.
    const SECONDS: usize = 19;

    /// The text of a time.
    pub fn of(time: Timestamp) -> Self {
        let text = *b"0000-00-00T00:00:00.000000000Z";
        let mut stamp = Self { text, length: 0, second: time.seconds() };
        stamp.write_second();
        stamp.write_fraction(time.0.rem_euclid(SECOND));
        stamp
    }

    /// Makes it the text of this time.
    pub fn change_to(&mut self, time: Timestamp) -> &[u8] {
        let start = self.second.checked_mul(SECOND);
        match start.and_then(|start| time.0.checked_sub(start)) {
            Some(fraction @ 0..SECOND) => self.write_fraction(fraction),
            _ => *self = Self::of(time),
        }
        self.octets()
    }

    fn write_second(&mut self) {
        let (days, within) = (self.second.div_euclid(86_400), self.second.rem_euclid(86_400));
        let (year, month, day) = date(days);
        let parts = [
            (0, 4, year),
            (5, 2, month),
            (8, 2, day),
            (11, 2, within / 3600),
            (14, 2, within / 60 % 60),
            (17, 2, within % 60),
        ];
        for (start, length, value) in parts {
            self.digits(start, length, value);
        }
    }

    fn write_fraction(&mut self, nanoseconds: i64) {
        if nanoseconds % 1000 == 0 {
            self.digits(20, 6, nanoseconds / 1000);
            self.end_at(26);
        } else {
            self.digits(20, 9, nanoseconds);
            self.end_at(29);
        }
    }

    fn digits(&mut self, start: usize, length: usize, value: i64) {
        // No part has more than nine digits.
        let mut value = value as u32;
        let places = self.text.get_mut(start..start + length).unwrap_or_default();
        for place in places.iter_mut().rev() {
            *place = b'0' + (value % 10) as u8;
            value /= 10;
        }
    }

    fn end_at(&mut self, length: usize) {
        if let Some(place) = self.text.get_mut(length) {
            *place = b'Z';
            self.length = length + 1;
        }
    }

    /// What it is now.
    pub fn octets(&self) -> &[u8] {
        self.text.get(..self.length).unwrap_or_default()
    }

    fn as_str(&self) -> &str {
        std::str::from_utf8(self.octets()).unwrap_or_default()
    }
}

/// Year, month and day of a day since 1970 in the Gregorian calendar (H. Hinnant,
/// "chrono-compatible low-level date algorithms", `civil_from_days`): years begin in March, so that
/// the leap day is the last one, and repeat every 400 years.
const fn date(days: i64) -> (i64, i64, i64) {
    const ERA: i64 = 146_097;
    let days = days + 719_468;
    let (era, day) = (days.div_euclid(ERA), days.rem_euclid(ERA));
    let year = (day - day / 1460 + day / 36_524 - day / 146_096) / 365;
    let day = day - (365 * year + year / 4 - year / 100);
    let month = (5 * day + 2) / 153;
    let day = day - (153 * month + 2) / 5 + 1;
    let (month, next) = if month < 10 { (month + 3, 0) } else { (month - 9, 1) };
    (era * 400 + year + next, month, day)
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
    fn a_text_that_was_changed_is_as_a_new_one() {
        let mut stamp = Stamp::of(Timestamp::default());
        for nanoseconds in
            [0, 1000, 999_999_999, 1, 7_000, 1_000_000_000, -1, -1_000, i64::MAX, i64::MIN, 123_456]
        {
            let time = Timestamp::from_nanoseconds(nanoseconds);
            assert_eq!(stamp.change_to(time), time.rfc3339().as_bytes(), "{nanoseconds}");
        }
    }

    #[test]
    fn every_date_is_that_of_the_calendar() {
        let description = time::macros::format_description!(
            "[year]-[month]-[day]T[hour]:[minute]:[second].[subsecond digits:9]Z"
        );
        // Steps that meet every day of the year, leap days and all hours, over all years there are.
        let step = 86_400_000_000_000 * 13 + 3_671_000_000_001;
        let mut time = i64::MIN;
        while let Some(next) = time.checked_add(step) {
            time = next;
            let date = time::OffsetDateTime::from_unix_timestamp_nanos(i128::from(time)).unwrap();
            let fine = time % 1000 != 0;
            let stamp = Timestamp::from_nanoseconds(time);
            let expected = date.format(description).unwrap();
            assert_eq!(stamp.rfc3339_seconds(), format!("{}Z", &expected[..19]));
            if fine {
                assert_eq!(stamp.rfc3339(), expected);
            }
        }
        for (seconds, text) in [
            (951_782_400, "2000-02-29T00:00:00Z"),
            (4_107_542_399, "2100-02-28T23:59:59Z"),
            (-1, "1969-12-31T23:59:59Z"),
        ] {
            assert_eq!(Timestamp::from_seconds(seconds).rfc3339_seconds(), text);
        }
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
