//! How long what is over is kept: settings, and the least that the service's limits need.
//!
//! A limit that counts rows of the database must find them. So no setting is shorter than the
//! longest time over which a limit counts that kind of row, or over which one is waited for.

use countersign_protocol::{Time, policy::push, verify::GRANT_LASTS};

use super::{
    COLLECT_SECONDS, DAY, ENROLMENT_SECONDS, HOUR, LONGEST_CHALLENGE_SECONDS,
    RECOVERY_MESSAGES_SECONDS,
};

/// How long what is over is kept. Nothing is kept for ever, but an account and its devices.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lifetimes {
    /// Requests and codes that nobody answered, in hours: 2 to 8,760.
    pub unanswered_hours: u32,
    /// Approvals, answers that declined, and signed transactions, each with what the phone signed,
    /// in days: 1 to 3,650.
    pub approvals_days: u32,
    /// The history of accounts, in days: 2 to 3,650.
    pub events_days: u32,
    /// Enrolments that are done, in days: 1 to 365.
    pub enrolments_days: u32,
}

impl Default for Lifetimes {
    fn default() -> Self {
        Self {
            unanswered_hours: 24,
            approvals_days: 396,
            events_days: 396,
            enrolments_days: 7,
        }
    }
}

/// The shortest that are taken.
pub(crate) const LEAST: Lifetimes = Lifetimes {
    unanswered_hours: 2,
    approvals_days: 1,
    events_days: 2,
    enrolments_days: 1,
};
/// The longest that are taken.
const MOST: Lifetimes = Lifetimes {
    unanswered_hours: 8760,
    approvals_days: 3650,
    events_days: 3650,
    enrolments_days: 365,
};
const _: () = {
    assert!(LEAST.unanswered_hours as Time * HOUR > CHALLENGES_COUNT);
    assert!(LEAST.approvals_days as Time * DAY > CHALLENGES_COUNT);
    assert!(LEAST.events_days as Time * DAY > EVENTS_COUNT);
    assert!(LEAST.enrolments_days as Time * DAY > ENROLMENTS_COUNT);
};

/// A lifetime is out of its bounds.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{what} can't be kept for {given} {unit}: take {least} to {most}")]
pub struct BadLifetime {
    what: &'static str,
    unit: &'static str,
    given: u32,
    least: u32,
    most: u32,
}

/// The same in seconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Kept {
    /// Challenges that nobody answered, from when they were issued.
    pub(crate) unanswered: Time,
    /// Challenges that were answered, and signed transactions.
    pub(crate) approvals: Time,
    /// Events.
    pub(crate) events: Time,
    /// Enrolments that are done, from when they would have expired.
    pub(crate) enrolments: Time,
}

impl Lifetimes {
    /// The same in seconds.
    ///
    /// # Errors
    /// [`BadLifetime`] names the first that is out of bounds.
    pub(crate) fn kept(self) -> Result<Kept, BadLifetime> {
        let hours = |what, of| within(what, "hours", HOUR, self, of);
        let days = |what, of| within(what, "days", DAY, self, of);
        Ok(Kept {
            unanswered: hours("unanswered requests", |all| all.unanswered_hours)?,
            approvals: days("approvals", |all| all.approvals_days)?,
            events: days("events", |all| all.events_days)?,
            enrolments: days("finished enrolments", |all| all.enrolments_days)?,
        })
    }
}

fn within(
    what: &'static str,
    unit: &'static str,
    seconds: Time,
    given: Lifetimes,
    of: fn(&Lifetimes) -> u32,
) -> Result<Time, BadLifetime> {
    let (given, least, most) = (of(&given), of(&LEAST), of(&MOST));
    match (least..=most).contains(&given) {
        true => Ok(Time::from(given) * seconds),
        false => Err(BadLifetime {
            what,
            unit,
            given,
            least,
            most,
        }),
    }
}

/// How long limits and waits need a challenge after it was issued: the pushes and steps of an hour,
/// of which one may be open for as long as any; its collection; and a grant that it gave.
pub(crate) const CHALLENGES_COUNT: Time = longest(&[
    push::HOUR + LONGEST_CHALLENGE_SECONDS,
    LONGEST_CHALLENGE_SECONDS + COLLECT_SECONDS,
    LONGEST_CHALLENGE_SECONDS + GRANT_LASTS,
]);
/// How long limits need an event: the messages of a recovery, and the one notice of failed tries a
/// day, which gathers what failed since the day began.
pub(crate) const EVENTS_COUNT: Time = longest(&[RECOVERY_MESSAGES_SECONDS, DAY]);
/// How long an enrolment that is done may be asked about: a claim or `complete` whose answer was
/// lost.
pub(crate) const ENROLMENTS_COUNT: Time = ENROLMENT_SECONDS;

const fn longest(times: &[Time]) -> Time {
    let (mut at, mut longest) = (0, 0);
    while at < times.len() {
        if times[at] > longest {
            longest = times[at];
        }
        at += 1;
    }
    longest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_setting_that_is_taken_is_shorter_than_a_limit_that_counts_it() {
        let kept = LEAST.kept().unwrap();
        assert!(kept.unanswered > CHALLENGES_COUNT);
        assert!(kept.approvals > CHALLENGES_COUNT);
        assert!(kept.events > EVENTS_COUNT);
        assert!(kept.enrolments > ENROLMENTS_COUNT);
        let default = Lifetimes::default().kept().unwrap();
        assert_eq!((default.unanswered, default.enrolments), (DAY, 7 * DAY));
        assert!(default.approvals >= 395 * DAY && default.events >= 395 * DAY);
    }

    #[test]
    fn what_is_out_of_bounds_is_refused_with_the_bounds() {
        for (bad, said) in [
            (
                Lifetimes {
                    unanswered_hours: 1,
                    ..LEAST
                },
                "1 hours: take 2 to 8760",
            ),
            (
                Lifetimes {
                    approvals_days: 0,
                    ..LEAST
                },
                "0 days: take 1 to 3650",
            ),
            (
                Lifetimes {
                    events_days: 1,
                    ..LEAST
                },
                "1 days: take 2 to 3650",
            ),
            (
                Lifetimes {
                    events_days: 3651,
                    ..LEAST
                },
                "3651 days",
            ),
            (
                Lifetimes {
                    enrolments_days: 366,
                    ..LEAST
                },
                "366 days: take 1 to 365",
            ),
        ] {
            let refused = bad.kept().unwrap_err().to_string();
            assert!(refused.contains(said), "{refused}");
        }
    }
}
