//! Times as people read them.

use chrono::{DateTime, Datelike, Utc};
use countersign_protocol::Time;

fn date_time(time: Time) -> Option<DateTime<Utc>> {
    let seconds = i64::try_from(time).ok()?;
    DateTime::from_timestamp(seconds, 0)
}

/// `2026-11-23 16:05` of seconds since 1970, in UTC.
pub fn utc(time: Time) -> String {
    date_time(time)
        .map(|time| time.format("%Y-%m-%d %H:%M").to_string())
        .unwrap_or_default()
}

/// A time in UTC by its parts, which each language writes in its own way.
#[derive(Default)]
pub(crate) struct Date {
    pub(crate) year: i32,
    /// 1 to 12.
    pub(crate) month: u32,
    pub(crate) day: u32,
    /// `16:05`.
    pub(crate) clock: String,
}

impl Date {
    /// The date of seconds since 1970.
    pub(crate) fn of(time: Time) -> Option<Self> {
        let time = date_time(time)?;
        Some(Self {
            year: time.year(),
            month: time.month(),
            day: time.day(),
            clock: time.format("%H:%M").to_string(),
        })
    }
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
