//! Times as people read them.

use chrono::DateTime;
use countersign_protocol::Time;

/// `2026-11-23 16:05` of seconds since 1970, in UTC.
pub fn utc(time: Time) -> String {
    i64::try_from(time)
        .ok()
        .and_then(|seconds| DateTime::from_timestamp(seconds, 0))
        .map(|time| time.format("%Y-%m-%d %H:%M").to_string())
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_shown_in_utc() {
        for (seconds, text) in [
            (0, "1970-01-01 00:00"),
            (951_868_799, "2000-02-29 23:59"),
            (1_795_450_000, "2026-11-23 16:06"),
            (u64::MAX, ""),
        ] {
            assert_eq!(utc(seconds), text);
        }
    }
}
