//! The service's own limits and policy, as pure functions and constants. Those of the protocol are in `countersign_protocol::policy`.

pub(crate) mod changes;

use countersign_protocol::{
    Time,
    policy::{codes, share::Limit, steps},
};

/// How long a session lasts at most, in seconds.
pub(crate) const SESSION_SECONDS: u64 = 12 * 3600;
/// How long it lasts unused.
pub(crate) const SESSION_IDLE_SECONDS: u64 = 30 * 60;
/// How long a browser that gave the password may take for its second factor.
pub(crate) const HALF_SESSION_SECONDS: u64 = 10 * 60;
/// So many sessions an account may have.
pub(crate) const SESSIONS: u32 = 20;
/// So many devices an account may have.
pub(crate) const DEVICES: u32 = 10;
/// How long an enrolment lasts, in seconds.
pub(crate) const ENROLMENT_SECONDS: u64 = 300;
/// Tries at the six digits.
pub(crate) const ENROLMENT_TRIES: u32 = 3;
/// So many challenges that began in a phone's browser may wait for a phone at once, over the whole service.
pub(crate) const MOBILE_OPEN: u32 = 5000;
/// How long a challenge lasts, in seconds.
pub(crate) const CHALLENGE_SECONDS: u64 = 180;
/// The longest that any challenge lasts: the protocol's bound.
pub(crate) const LONGEST_CHALLENGE_SECONDS: u64 = 600;
/// So many wrong codes may still come for the challenges of an account that are open now.
pub(crate) const WRONG_CODES_TO_COME: Limit = Limit {
    all: codes::FOR_A_CHALLENGE * steps::OPEN as u8,
    unknown: codes::FOR_A_CHALLENGE * (steps::OPEN - steps::OPEN_FOR_KNOWN) as u8,
};
/// So many past PIN epochs of a device may still judge codes.
pub(crate) const PAST_EPOCHS: u32 = 4;
/// How long a result waits to be collected.
pub(crate) const COLLECT_SECONDS: u64 = 60;
/// How long recorded outcomes are kept for phones that lost the answer.
pub(crate) const OUTCOME_SECONDS: u64 = 7 * 24 * 3600;
/// So many of a device's latest outcomes are kept at most.
pub(crate) const OUTCOMES: u64 = 64;
/// How long a browser stays known after the last strong sign-in in it, in seconds.
pub(crate) const KNOWN_BROWSER_SECONDS: u64 = 180 * DAY;
/// So many browsers are known for an account; the one used longest ago makes room.
pub(crate) const KNOWN_BROWSERS: u32 = 20;

/// How long a password that a mailed link alone set can neither press STOP nor begin or finish a recovery, in seconds.
pub(crate) const WEAK_PASSWORD_SECONDS: u64 = 7 * DAY;

/// How long after its waiting time a recovery can be finished, in seconds.
pub(crate) const RECOVERY_OPEN_SECONDS: u64 = 7 * DAY;
/// How long a finished recovery can be finished again, by who lost the answer, in seconds.
pub(crate) const RECOVERY_AGAIN_SECONDS: u64 = 10 * 60;
/// So many recovery messages go out to an account...
pub(crate) const RECOVERY_MESSAGES: u64 = 5;
/// ...in this time, in seconds.
pub(crate) const RECOVERY_MESSAGES_SECONDS: u64 = DAY;

/// Is the person told of this event by message too?
pub(crate) fn is_mailed(what: &str) -> bool {
    matches!(
        what,
        "device-added"
            | "device-removed"
            | "device-removed-itself"
            | "last-device-removed"
            | "pin-changed"
            | "pin-set-anew"
            | "biometrics-on"
            | "biometrics-off"
            | "device-suspended"
            | "device-blocked"
            | "few-tries-left"
            | "many-wrong-pins"
            | "enrolment-void"
            | "reported-fraud"
            | "failed-tries"
            | "new-browser"
            | "panic"
            | "recovery-began"
            | "recovery-link"
            | "recovery-cancelled"
            | "recovery-done"
            | "recovery-restored"
    )
}

/// Wrong passwords in a row before each further one has to wait.
const FREE_GUESSES: u32 = 5;
pub(crate) const DAY: u64 = 24 * 3600;

/// How many seconds until the next password may be tried, after `wrong` wrong ones of which the last was at `last`: none for the first
/// five, then half a minute that doubles up to a quarter of an hour, so that a person is not locked out for long and a guesser gets about
/// a hundred a day.
pub(crate) fn guess_wait(wrong: u32, last: Time, now: Time) -> u64 {
    let Some(over) = wrong.checked_sub(FREE_GUESSES) else {
        return 0;
    };
    let pause = (30 << over.min(5)).min(900);
    (last + pause).saturating_sub(now)
}

/// After so long without a further one, wrong passwords are forgotten.
pub(crate) const GUESS_MEMORY_SECONDS: u64 = DAY;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn password_guesses_slow_down_and_never_stop_for_good() {
        for (wrong, wait) in [
            (0, 0),
            (4, 0),
            (5, 30),
            (6, 60),
            (9, 480),
            (10, 900),
            (1000, 900),
        ] {
            assert_eq!(guess_wait(wrong, 1000, 1000), wait, "{wrong}");
            assert_eq!(guess_wait(wrong, 1000, 1000 + wait), 0, "{wrong}");
        }
    }
}
