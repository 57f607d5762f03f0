//! Sizes, durations and counts as a person types them.

use std::time::Duration;

/// `262144`, `64k`, `256M`, `2G`: powers of 1024.
pub fn size(text: &str) -> Result<u64, String> {
    let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let unit = text.get(digits.len()..).unwrap_or_default();
    let shift = match unit.to_ascii_lowercase().as_str() {
        "" | "b" => 0,
        "k" | "kb" | "kib" => 10,
        "m" | "mb" | "mib" => 20,
        "g" | "gb" | "gib" => 30,
        _ => return Err(format!("unit {unit:?} is none of K, M, G")),
    };
    let number: u64 =
        digits.parse().map_err(|_| "write it like 262144, 64K, 256M or 2G".to_owned())?;
    number.checked_mul(1 << shift).ok_or_else(|| "too large".to_owned())
}

/// `500ms`, `30s`, `5m`, `2h`; a bare number is seconds.
pub fn duration(text: &str) -> Result<Duration, String> {
    let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let unit = text.get(digits.len()..).unwrap_or_default();
    let milliseconds = match unit {
        "ms" => 1.0,
        "" | "s" => 1e3,
        "m" | "min" => 60e3,
        "h" => 3600e3,
        _ => return Err(format!("unit {unit:?} is none of ms, s, m, h")),
    };
    let number: f64 =
        digits.parse().map_err(|_| "write it like 500ms, 30s, 5m or 2h".to_owned())?;
    Duration::try_from_secs_f64(number * milliseconds / 1e3)
        .ok()
        .filter(|duration| !duration.is_zero())
        .ok_or_else(|| "must be more than nothing and less than for ever".to_owned())
}

/// A bound in octets that leaves something to work with.
pub fn memory(text: &str) -> Result<usize, String> {
    const LEAST: u64 = 1 << 20;
    match size(text)? {
        octets @ LEAST.. => usize::try_from(octets).map_err(|_| "too large".to_owned()),
        _ => Err("at least 1M is needed".to_owned()),
    }
}

/// A kernel buffer: libpcap takes an `int`.
pub fn buffer_size(text: &str) -> Result<i32, String> {
    i32::try_from(size(text)?)
        .ok()
        .filter(|&octets| octets >= 64 << 10)
        .ok_or_else(|| "must be from 64K to 2047M".to_owned())
}

/// A snap length: libpcap's own maximum is 262144.
pub fn snap_length(text: &str) -> Result<i32, String> {
    i32::try_from(size(text)?)
        .ok()
        .filter(|octets| (64..=262_144).contains(octets))
        .ok_or_else(|| "must be from 64 to 262144".to_owned())
}

/// How many exchanges are kept.
pub fn history(text: &str) -> Result<usize, String> {
    let number = text.parse().ok().filter(|&number| number > 0);
    number.ok_or_else(|| "must be a number from 1 on".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_have_units_of_1024() {
        assert_eq!(size("4096"), Ok(4096));
        assert_eq!(size("64k"), Ok(65_536));
        assert_eq!(size("256M"), Ok(256 << 20));
        assert_eq!(size("2GiB"), Ok(2 << 30));
        for wrong in ["", "M", "-1", "1.5M", "1T", "99999999999999999999", "99999999999G", "١M"] {
            assert!(size(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn durations_have_units_and_seconds_need_none() {
        assert_eq!(duration("500ms"), Ok(Duration::from_millis(500)));
        assert_eq!(duration("30s"), Ok(Duration::from_secs(30)));
        assert_eq!(duration("1.5m"), Ok(Duration::from_secs(90)));
        assert_eq!(duration("2h"), Ok(Duration::from_secs(7200)));
        assert_eq!(duration("7"), Ok(Duration::from_secs(7)));
        for wrong in ["", "s", "0s", "-1s", "1d", "nan", "infs", "1e300s"] {
            assert!(duration(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn bounds_that_leave_nothing_to_work_with_are_refused() {
        assert!(memory("1k").is_err() && memory("1M").is_ok());
        assert!(buffer_size("1").is_err() && buffer_size("3G").is_err());
        assert!(snap_length("0").is_err() && snap_length("262145").is_err());
        assert!(history("0").is_err());
    }
}
