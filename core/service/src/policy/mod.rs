//! The service's own limits and policy, as pure functions and constants. Those of the protocol are in `countersign_protocol::policy`.

pub(crate) mod changes;

use countersign_protocol::policy::{codes, share::Limit, steps};

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
            | "passwords-closed-unknown"
            | "passwords-closed-known"
            | "passwords-closed-stop"
            | "passwords-closed-link"
            | "password-changed"
            | "password-reset"
            | "email-changed"
            | "email-undone"
            | "panic"
            | "recovery-began"
            | "recovery-link"
            | "recovery-cancelled"
            | "recovery-done"
            | "recovery-restored"
    )
}

/// An hour, in seconds.
pub(crate) const HOUR: u64 = 3600;
/// A day, in seconds.
pub(crate) const DAY: u64 = 24 * HOUR;
/// So many links to replace a forgotten password go to one address while one of them works.
pub(crate) const RESET_LINKS: u64 = 2;
/// So many messages about registration, which a stranger can cause, go to one address in an hour...
pub(crate) const ADDRESS_LINKS_AN_HOUR: u64 = 3;
/// ...and in a day.
pub(crate) const ADDRESS_LINKS_A_DAY: u64 = 10;
/// So many links to confirm a change go to an account's owner in a day.
pub(crate) const OWNERS_LINKS_A_DAY: u64 = 20;
/// So many mailed links go out in an hour in all, before strangers cause no more.
pub(crate) const LINKS_AN_HOUR: u64 = 20_000;

/// A sign-in by the app or in a known browser opens the share of unknown browsers again so often...
pub(crate) const GUESS_LIFTS: u64 = 3;
/// ...in this time, in seconds.
pub(crate) const GUESS_LIFTS_SECONDS: u64 = 30 * DAY;
/// So many counts of wrong passwords are kept for addresses without an account.
pub(crate) const STRANGERS_GUESSES: u32 = 100_000;
