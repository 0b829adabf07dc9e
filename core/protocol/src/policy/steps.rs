//! Steps of offline codes: which the service gives out, and which the phone accepts.

use super::share::Asker;
use crate::Step;
use crate::keys::LONGEST_ADVANCE;

/// The most open challenges with a step for an account.
pub const OPEN: u32 = 3;
/// The most steps that an account is given in an hour.
pub const AN_HOUR: u32 = 20;
/// So many of the open ones are kept for browsers known by a strong sign-in, so that a stranger
/// with the password can't use up all.
pub const OPEN_FOR_KNOWN: u32 = 1;
/// So many of an hour's steps are kept for them.
pub const AN_HOUR_FOR_KNOWN: u32 = 10;
/// How far ahead of its last step a phone follows: each step costs it one HKDF.
pub const WINDOW: Step = LONGEST_ADVANCE + 1;
/// How far a phone's word moves the account's step after a restore; the restore itself adds as many
/// to every step.
pub const RESTORE: Step = 10_000;
/// One past the last step (PROTOCOL.md, section 2).
pub const END: Step = 1 << 53;

/// The steps that an account was given recently.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Given {
    /// Open challenges with a step.
    pub open: u32,
    /// Those of them that browsers not known asked for.
    pub open_unknown: u32,
    /// Steps given in the last hour.
    pub hour: u32,
    /// Those of them that browsers not known asked for.
    pub hour_unknown: u32,
}

/// Why the service gives no step now.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotGiven {
    /// Too many challenges are open.
    #[error("too many codes are being asked for: finish or cancel one, or wait until it expires")]
    Open,
    /// Too many in an hour.
    #[error("too many codes were asked for in an hour: try again later, or sign in another way")]
    Hour,
    /// All steps below 2^53 are used up.
    #[error("this account has used up its offline codes: enrol the phone again")]
    UsedUp,
}

/// The next step of an account.
///
/// # Errors
/// [`NotGiven`] when the account, or the browsers not known, have had their share.
pub const fn allot(account: Step, given: Given, asker: Asker) -> Result<Step, NotGiven> {
    let known = asker.is_known();
    if given.open >= OPEN || (!known && given.open_unknown >= OPEN - OPEN_FOR_KNOWN) {
        return Err(NotGiven::Open);
    }
    if given.hour >= AN_HOUR || (!known && given.hour_unknown >= AN_HOUR - AN_HOUR_FOR_KNOWN) {
        return Err(NotGiven::Hour);
    }
    if account >= END - 1 {
        Err(NotGiven::UsedUp)
    } else {
        Ok(account + 1)
    }
}

/// Why the phone gives no code for a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotAccepted {
    /// The step is not after the last one: its chain value is erased.
    #[error("this code was used already or is older than the last one: get a new code on the page")]
    Used,
    /// Further ahead than the window.
    #[error(
        "this code is too far ahead for this phone: go online once, then get a new code on the page"
    )]
    TooFar,
}

/// Whether the phone takes a challenge with this step: last < step <= last + 65,536. Returns how
/// many times the chain moves, at least 1.
///
/// # Errors
/// [`NotAccepted`] otherwise.
pub const fn accept(last: Step, step: Step) -> Result<Step, NotAccepted> {
    if step <= last {
        return Err(NotAccepted::Used);
    }
    if step - last > WINDOW || step >= END {
        Err(NotAccepted::TooFar)
    } else {
        Ok(step - last)
    }
}

/// The effect on the account's step of the last step that a device reports in a signed message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reported {
    /// The account's step stays; the device's chain moves to its last step.
    Keep,
    /// The service was restored and has lost steps: the account's step becomes this.
    Raise(Step),
    /// The device claims steps that the service can't have given: it is suspended.
    Suspend,
}

/// Judges the last step that a device reports. `restored`: the same message's state token has a
/// newer sequence number than the service ever issued, as far as it remembers.
///
/// Without a restore no honest device can be ahead of the account, because it moves only on steps
/// that the service signed.
#[must_use]
pub const fn reported(account: Step, last: Step, restored: bool) -> Reported {
    if last <= account {
        Reported::Keep
    } else if restored && last - account <= RESTORE && last < END {
        Reported::Raise(last)
    } else {
        Reported::Suspend
    }
}
