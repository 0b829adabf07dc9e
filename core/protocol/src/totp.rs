//! TOTP, the time-based one-time password of RFC 6238.

use core::num::NonZeroU32;

use crate::hotp::{self, Algorithm, Digits, Otp};

/// The period that almost every service uses, in seconds (RFC 6238 §4.1).
pub const USUAL_PERIOD: NonZeroU32 = match NonZeroU32::new(30) {
    Some(period) => period,
    None => NonZeroU32::MIN,
};

/// The number of the period that a Unix time in seconds falls in: T of RFC 6238 §4.2, with T0 = 0.
#[must_use]
pub fn step_at(unix_seconds: u64, period: NonZeroU32) -> u64 {
    unix_seconds / u64::from(period.get())
}

/// The password of a moment. `period` is in seconds.
#[must_use]
pub fn totp(
    algorithm: Algorithm,
    key: &[u8],
    unix_seconds: u64,
    period: NonZeroU32,
    digits: Digits,
) -> Otp {
    hotp::hotp(algorithm, key, step_at(unix_seconds, period), digits)
}

/// How a verifier judges passwords of one token.
#[derive(Debug, Clone, Copy)]
pub struct Verifier {
    /// The hash function under HMAC.
    pub algorithm: Algorithm,
    /// The length of a period, in seconds.
    pub period: NonZeroU32,
    /// How many digits the password has.
    pub digits: Digits,
    /// How many periods the token's clock may be off, in either direction (RFC 6238 §5.2 recommends
    /// one).
    pub drift: u8,
}

impl Verifier {
    /// Judges a typed password at a Unix time in seconds and returns the step that fits.
    ///
    /// `last` is the step that was accepted before; no password of it or of an earlier one is taken
    /// again (§5.2). The verifier stores the returned step in the transaction that closes the
    /// sign-in.
    #[must_use]
    pub fn find(
        &self,
        key: &[u8],
        unix_seconds: u64,
        last: Option<u64>,
        typed: &Otp,
    ) -> Option<u64> {
        let now = step_at(unix_seconds, self.period);
        let drift = u64::from(self.drift);
        let first = now
            .saturating_sub(drift)
            .max(last.map_or(0, |last| last.saturating_add(1)));
        let ahead = u16::try_from(now.saturating_add(drift).checked_sub(first)?).ok()?;
        hotp::find(self.algorithm, key, first, ahead, self.digits, typed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The seed of RFC 6238 appendix B is repeated to the hash's length (erratum 2866).
    const SEED: &[u8] = b"1234567890123456789012345678901234567890123456789012345678901234";

    const ROWS: [(u64, &str, &str, &str); 6] = [
        (59, "94287082", "46119246", "90693936"),
        (1_111_111_109, "07081804", "68084774", "25091201"),
        (1_111_111_111, "14050471", "67062674", "99943326"),
        (1_234_567_890, "89005924", "91819424", "93441116"),
        (2_000_000_000, "69279037", "90698825", "38618901"),
        (20_000_000_000, "65353130", "77737706", "47863826"),
    ];

    #[test]
    fn the_rows_of_rfc_6238_come_out() {
        for (time, sha1, sha256, sha512) in ROWS {
            for (algorithm, expected) in [
                (Algorithm::Sha1, sha1),
                (Algorithm::Sha256, sha256),
                (Algorithm::Sha512, sha512),
            ] {
                let otp = totp(
                    algorithm,
                    &SEED[..algorithm.length()],
                    time,
                    USUAL_PERIOD,
                    Digits::EIGHT,
                );
                assert_eq!(otp.as_str(), expected, "{algorithm} at {time}");
            }
        }
    }

    #[test]
    fn a_password_is_taken_within_the_drift_and_once_only() {
        let verifier = Verifier {
            algorithm: Algorithm::Sha1,
            period: USUAL_PERIOD,
            digits: Digits::EIGHT,
            drift: 1,
        };
        let typed = totp(Algorithm::Sha1, SEED, 3000, USUAL_PERIOD, Digits::EIGHT);
        let find = |time, last| verifier.find(SEED, time, last, &typed);
        assert_eq!(find(3000, None), Some(100));
        assert_eq!(find(3059, Some(99)), Some(100), "one period late");
        assert_eq!(find(2970, None), Some(100), "one period early");
        assert_eq!(find(3060, None), None, "two periods late");
        assert_eq!(find(2969, None), None, "two periods early");
        assert_eq!(find(3000, Some(100)), None, "used already");
        assert_eq!(find(3000, Some(101)), None, "older than the last one");
        assert_eq!(find(3000, Some(u64::MAX)), None);
        assert_eq!(find(0, None), None);
    }
}
