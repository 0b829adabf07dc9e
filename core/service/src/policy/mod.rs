//! The service's own limits and policy, as pure functions and constants. Those of the protocol are
//! in `countersign_protocol::policy`.

pub(crate) mod changes;
pub(crate) mod levels;
pub(crate) mod lifetimes;
pub(crate) mod means;
pub(crate) mod registration;

use countersign_protocol::policy::{codes, share::Limit, steps};

/// The longest that a session lasts, in seconds.
pub(crate) const SESSION_SECONDS: u64 = 12 * 3600;
/// How long a session lasts unused, in seconds.
pub(crate) const SESSION_IDLE_SECONDS: u64 = 30 * 60;
/// How long a browser has for its second factor after the password, in seconds.
pub(crate) const HALF_SESSION_SECONDS: u64 = 10 * 60;
/// Sessions of an account, at most.
pub(crate) const SESSIONS: u32 = 20;
/// Devices of an account, at most.
pub(crate) const DEVICES: u32 = 10;
/// How long an enrolment lasts, in seconds.
pub(crate) const ENROLMENT_SECONDS: u64 = 300;
/// Tries at the six digits of an enrolment.
pub(crate) const ENROLMENT_TRIES: u32 = 3;
/// Sign-ins on mobile that wait for a phone at once in the whole service, at most.
pub(crate) const MOBILE_OPEN: u32 = 5000;
/// How long a challenge lasts, in seconds.
pub(crate) const CHALLENGE_SECONDS: u64 = 180;
/// The longest that any challenge lasts, in seconds: the protocol's bound.
pub(crate) const LONGEST_CHALLENGE_SECONDS: u64 = 600;
/// The wrong codes that can still come for the challenges of an account that are open now.
pub(crate) const WRONG_CODES_TO_COME: Limit = Limit {
    all: codes::FOR_A_CHALLENGE * steps::OPEN as u8,
    unknown: codes::FOR_A_CHALLENGE * (steps::OPEN - steps::OPEN_FOR_KNOWN) as u8,
};
/// Past PIN epochs of a device that still judge codes, at most.
pub(crate) const PAST_EPOCHS: u32 = 4;
/// How long after its end a challenge can be asked for again without the form that it came from, in
/// seconds.
pub(crate) const AGAIN_SECONDS: u64 = 10 * 60;
/// How long a result waits to be collected, in seconds.
pub(crate) const COLLECT_SECONDS: u64 = 60;
/// How long outcomes are kept for phones that lost the reply, in seconds.
pub(crate) const OUTCOME_SECONDS: u64 = 7 * 24 * 3600;
/// Outcomes that are kept for a device, the latest ones, at most.
pub(crate) const OUTCOMES: u64 = 64;
/// How long a browser stays known after the last strong sign-in in it, in seconds.
pub(crate) const KNOWN_BROWSER_SECONDS: u64 = 180 * DAY;
/// Browsers that are known for an account, at most. The one used longest ago makes room.
pub(crate) const KNOWN_BROWSERS: u32 = 20;

/// How long the address that was typed on the first page of a sign-in waits for its password, in
/// seconds.
pub(crate) const TYPED_SECONDS: u64 = 30 * 60;
/// How long a browser remembers an address that its person asked it to remember, in seconds.
pub(crate) const REMEMBERED_SECONDS: u64 = 180 * DAY;

/// How long after an account was made its first sign-in is no news, in seconds: an invitation
/// can be accepted for a week.
pub(crate) const FIRST_SIGN_IN_SECONDS: u64 = 8 * DAY;

/// How long a password that was set by a mailed link alone adds no first device, changes no
/// address, deletes no account, presses no STOP and recovers nothing, in seconds.
pub(crate) const WEAK_PASSWORD_SECONDS: u64 = 7 * DAY;

/// How long a session can download the person's data after it proved that it may, in seconds.
pub(crate) const EXPORT_SECONDS: u64 = 10 * 60;

/// How long after its waiting time a recovery can be finished, in seconds.
pub(crate) const RECOVERY_OPEN_SECONDS: u64 = 7 * DAY;
/// How long a finished recovery can be finished again by a browser that lost the reply, in seconds.
pub(crate) const RECOVERY_AGAIN_SECONDS: u64 = 10 * 60;
/// How long a link that was used says, when its form is sent again, that it was done, in seconds.
pub(crate) const LINK_AGAIN_SECONDS: u64 = 10 * 60;
/// Recovery messages to an account within [`RECOVERY_MESSAGES_SECONDS`], at most.
pub(crate) const RECOVERY_MESSAGES: u64 = 5;
/// The time for which [`RECOVERY_MESSAGES`] counts, in seconds.
pub(crate) const RECOVERY_MESSAGES_SECONDS: u64 = DAY;

/// How long a service's wish to have somebody signed in waits for that, in seconds.
pub(crate) const ASK_SECONDS: u64 = 30 * 60;
/// Such wishes that are kept for one browser, the newest ones, at most.
pub(crate) const ASKS_OF_A_BROWSER: u64 = 5;
/// Such wishes that are kept in all, at most: anybody can cause them.
pub(crate) const ASKS: u64 = 200_000;
/// How long a service has to redeem a ticket, in seconds.
pub(crate) const TICKET_SECONDS: u64 = 60;
/// How long a code of OpenID Connect is known, so that a second use is noticed, in seconds.
pub(crate) const CODE_KNOWN_SECONDS: u64 = 10 * 60;
/// How long an access token lives, in seconds.
pub(crate) const ACCESS_SECONDS: u64 = 10 * 60;
/// How long an ID token holds, in seconds.
pub(crate) const ID_TOKEN_SECONDS: u64 = 5 * 60;
/// How long a refresh token that may outlive its session lives unused, in seconds.
pub(crate) const REFRESH_SECONDS: u64 = 30 * DAY;
/// How long a service is told of a sign-out that it does not take, in seconds.
pub(crate) const CALL_SECONDS: u64 = HOUR;

/// The events that are also sent to the person by message.
pub(crate) const MAILED: &[&str] = &[
    "device-added",
    "device-removed",
    "device-removed-itself",
    "last-device-removed",
    "pin-changed",
    "pin-set-anew",
    "biometrics-on",
    "biometrics-off",
    "device-suspended",
    "device-blocked",
    "few-tries-left",
    "many-wrong-pins",
    "enrolment-void",
    "reported-fraud",
    "failed-tries",
    "new-browser",
    "passwords-closed-unknown",
    "passwords-closed-known",
    "passwords-closed-stop",
    "passwords-closed-link",
    "password-changed",
    "password-reset",
    "password-by-invitation",
    "name-changed",
    "language-changed",
    "device-renamed",
    "session-ended",
    "sessions-ended",
    "email-changed",
    "email-undone",
    "panic",
    "recovery-began",
    "recovery-link",
    "recovery-cancelled",
    "recovery-done",
    "recovery-restored",
    "export-asked",
    "deletion-asked",
    "deletion-near",
    "deletion-cancelled",
    "admin-disabled",
    "admin-enabled",
    "admin-unblocked",
    "admin-reset",
    "admin-renamed",
];

/// Whether this event is also sent to the person by message.
pub(crate) fn is_mailed(what: &str) -> bool {
    MAILED.contains(&what)
}

/// An hour, in seconds.
pub(crate) const HOUR: u64 = 3600;
/// A day, in seconds.
pub(crate) const DAY: u64 = 24 * HOUR;
/// Links to replace a forgotten password that go to one address while one of them works, at most.
pub(crate) const RESET_LINKS: u64 = 2;
/// Messages about registration, which strangers can cause, to one address in an hour, at most.
pub(crate) const ADDRESS_LINKS_AN_HOUR: u64 = 3;
/// The same in a day.
pub(crate) const ADDRESS_LINKS_A_DAY: u64 = 10;
/// Links to confirm a change that go to an account's owner in a day, at most.
pub(crate) const OWNERS_LINKS_A_DAY: u64 = 20;
/// Mailed links of registration in an hour in all, beyond which strangers cause no more; and as
/// many of forgotten passwords and STOP, which go to addresses that have an account.
pub(crate) const LINKS_AN_HOUR: u64 = 20_000;

/// How long the check of a stranger's form can be answered, in seconds.
pub(crate) const CHECK_SECONDS: u64 = 600;
/// Wrong answers to a check, at most.
pub(crate) const CHECK_TRIES: u32 = 3;
/// Checks with an answer that are kept, each for [`CHECK_SECONDS`] at most.
pub(crate) const CHECKS: u64 = 100_000;
/// The zero bits of each puzzle of a check's silent work; one more with each quarter of its
/// allowance that a source has used. Half a million hashes in all, which take a phone a second or
/// two.
pub(crate) const WORK_BITS: u8 = 15;
/// How long a message is tried before it is given up, in seconds.
pub(crate) const DELIVERY_SECONDS: u64 = 3 * DAY;
/// How long whoever carries a message has it alone, in seconds.
pub(crate) const LEASE_SECONDS: u64 = 60;
/// How long a message that was given up is kept for whoever mends the cause, in seconds.
pub(crate) const DEAD_DELIVERY_SECONDS: u64 = 30 * DAY;
/// With so many messages on their way, invitations wait.
pub(crate) const DELIVERIES_BEFORE_INVITATIONS: u64 = 50;
/// Invitations of an import that leave in a second, at most.
pub(crate) const INVITATIONS_A_SECOND: u64 = 5;

/// How often, within [`GUESS_LIFTS_SECONDS`], a sign-in by the app or in a known browser opens the
/// share of unknown browsers again.
pub(crate) const GUESS_LIFTS: u64 = 3;
/// The time for which [`GUESS_LIFTS`] counts, in seconds.
pub(crate) const GUESS_LIFTS_SECONDS: u64 = 30 * DAY;
/// Counts of wrong passwords that are kept for addresses without an account, at most.
pub(crate) const STRANGERS_GUESSES: u32 = 100_000;
