//! Times as people read them.

use chrono::{DateTime, SecondsFormat, Utc};
use countersign_protocol::Time;

fn date_time(time: Time) -> Option<DateTime<Utc>> {
    let seconds = i64::try_from(time).ok()?;
    DateTime::from_timestamp(seconds, 0)
}

/// `2026-11-23T16:05:40Z` of seconds since 1970 (RFC 3339).
pub(crate) fn rfc3339(time: Time) -> String {
    date_time(time)
        .map(|time| time.to_rfc3339_opts(SecondsFormat::Secs, true))
        .unwrap_or_default()
}

/// `2026-11-23 16:05` of seconds since 1970, in UTC.
pub fn utc(time: Time) -> String {
    date_time(time)
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
