//! When push messages stop, against request fatigue. The inbox never stops: a phone that asks is
//! answered.

use super::share::Asker;
use crate::Time;

/// This many unanswered or declined requests within [`HOUR`] stop push messages.
pub const UNWANTED: u32 = 3;
/// An hour, in seconds.
pub const HOUR: Time = 60 * 60;

/// Why no push message goes out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Stopped {
    /// Three requests in an hour were not answered or were declined.
    #[error(
        "no notification was sent, because the last ones were not answered: open the app on the phone"
    )]
    Unwanted,
    /// The person has reported a request as fraud within the hour.
    #[error(
        "no notification was sent, because a request was reported as fraud: open the app on the phone, or wait an hour"
    )]
    Fraud,
}

/// Whether a push message may go out.
///
/// `unwanted`: when each request went out that was not answered, was cancelled, replaced or
/// declined, in any order. `fraud`: when the person last reported one as fraud; that stops unknown
/// browsers alone.
///
/// # Errors
/// [`Stopped`], whose text the page shows.
pub fn may_push(
    now: Time,
    unwanted: &[Time],
    fraud: Option<Time>,
    asker: Asker,
) -> Result<(), Stopped> {
    // A time in the future can only come from a clock that was set back, and then counts as recent.
    let recent = |time: Time| now.saturating_sub(time) < HOUR;
    if !asker.is_known() && fraud.is_some_and(recent) {
        return Err(Stopped::Fraud);
    }
    let recent = unwanted
        .iter()
        .filter(|time| recent(**time))
        .take(UNWANTED as usize)
        .count();
    if recent < UNWANTED as usize {
        Ok(())
    } else {
        Err(Stopped::Unwanted)
    }
}
