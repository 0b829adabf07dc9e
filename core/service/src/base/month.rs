//! Months of the calendar, in UTC.

use chrono::{DateTime, Datelike, Months, NaiveDate};
use countersign_protocol::Time;

/// A month: its first day.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Month(NaiveDate);

impl Month {
    /// The month of a time. One that no calendar has is in the first month of 1970.
    pub(crate) fn of(time: Time) -> Self {
        let seconds = i64::try_from(time).ok();
        let date = seconds.and_then(|seconds| DateTime::from_timestamp(seconds, 0));
        let date = date.unwrap_or_default().date_naive();
        Self(date.with_day(1).unwrap_or_default())
    }

    /// Reads `2026-12`, for years from 1970 on with four digits.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let (year, month) = text.split_once('-')?;
        let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
        let fits = year.len() == 4 && month.len() == 2 && digits(year) && digits(month);
        let date = NaiveDate::from_ymd_opt(year.parse().ok()?, month.parse().ok()?, 1)?;
        (fits && date.year() >= 1970).then_some(Self(date))
    }

    /// `2026-12`.
    pub(crate) fn code(self) -> String {
        self.0.format("%Y-%m").to_string()
    }

    /// The year.
    pub(crate) fn year(self) -> i32 {
        self.0.year()
    }

    /// The number in the year, from 1.
    pub(crate) fn number(self) -> u32 {
        self.0.month()
    }

    /// Its first second.
    pub(crate) fn begin(self) -> Time {
        let midnight = self.0.and_time(chrono::NaiveTime::MIN).and_utc();
        Time::try_from(midnight.timestamp()).unwrap_or_default()
    }

    /// The month after it.
    pub(crate) fn next(self) -> Self {
        Self(self.0.checked_add_months(Months::new(1)).unwrap_or(self.0))
    }

    /// The month before it.
    pub(crate) fn previous(self) -> Self {
        Self(self.0.checked_sub_months(Months::new(1)).unwrap_or(self.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_month_is_read_as_it_was_written_and_nothing_else_is() {
        let month = Month::of(1_795_450_000);
        assert_eq!(month.code(), "2026-11");
        assert_eq!(Month::parse("2026-11"), Some(month));
        assert_eq!((month.year(), month.number()), (2026, 11));
        for bad in [
            "",
            "2026",
            "2026-13",
            "2026-00",
            "1969-12",
            "+202-11",
            "2026-1",
            "2026-11-01",
        ] {
            assert_eq!(Month::parse(bad), None, "{bad}");
        }
    }

    #[test]
    fn months_follow_each_other_without_a_gap() {
        let december = Month::parse("2026-12").unwrap();
        assert_eq!(december.next().code(), "2027-01");
        assert_eq!(december.next().previous(), december);
        assert_eq!(Month::of(december.next().begin() - 1), december);
        assert_eq!(Month::of(december.begin()), december);
        assert_eq!(Month::of(u64::MAX).begin(), 0);
        assert_eq!(Month::parse("1970-01").unwrap().begin(), 0);
    }
}
