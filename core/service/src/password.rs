//! Passwords: the rule for new ones, and Argon2id off the threads that serve requests, a few at a
//! time.
//!
//! Argon2 is slow on purpose, so requests queue for it. Take a place first, then count the try in
//! the store, then check: a request that is refused because the queue is full is not counted, so a
//! flood of others' requests can't use up the owner's tries.
//!
//! ```text
//! async fn handler(State(app): State<Arc<App>>, source: Source, posted: Posted<Form>) -> ... {
//!     // Waits for its turn. Busy is answered with 503 and Retry-After, and counts nothing.
//!     let place = app.passwords.place(source).await?;
//!     app.store.take_guess(who, app.clock.now()).await?;
//!     let fits = app.passwords.verify(&place, stored, password).await?;
//! ```
//!
//! A place is the exclusive use of one processor: don't hold it for longer than the check takes. It
//! is given back when dropped, and can be used more than once, for example to check an old password
//! and to hash a new one.

mod queue;

use std::sync::Arc;

use argon2::{
    Argon2,
    password_hash::{PasswordHash, PasswordHasher, PasswordVerifier, SaltString},
};
use base64::{Engine, prelude::BASE64_STANDARD_NO_PAD};
use countersign_protocol::id::AccountId;
use serde::{Deserialize, Deserializer};
use zeroize::Zeroizing;
use zxcvbn::{
    Score,
    feedback::{Feedback, Warning},
    zxcvbn,
};

use self::queue::{Full, Queue, Turn};
use crate::{
    base::random,
    edge::{Edge, Source},
    keys::seal::{self, SealError, SealingKey},
};

/// The longest password that is checked, in bytes. A longer one is wrong.
pub(crate) const LONGEST: usize = 256;
/// Characters of a new password, from its beginning, whose strength is judged.
const LOOKED_AT: usize = 64;

/// A password as it came from a form. Wiped when dropped, never shown.
pub(crate) struct Password(Zeroizing<String>);

impl Password {
    /// A password from its text.
    pub(crate) fn new(text: String) -> Self {
        Self(Zeroizing::new(text))
    }

    /// An empty password, which fits no account.
    pub(crate) fn none() -> Self {
        Self::new(String::new())
    }

    /// Whether both are the same, not in constant time: one person typed both into one form.
    pub(crate) fn same_as(&self, other: &Self) -> bool {
        *self.0 == *other.0
    }

    /// The faults of this new password and its repetition, as text keys; empty if there are none.
    /// `own` is what others know of the person: names and address.
    pub(crate) fn is_refused(&self, again: &Self, own: &[&str]) -> Vec<&'static str> {
        let mut why = self.breaks();
        if why.is_empty() {
            why.extend(self.is_guessable(own));
        }
        if !self.same_as(again) {
            why.push("password_error_again");
        }
        why
    }

    /// Why this password is easily guessed, as a text key; `None` if it is not.
    ///
    /// The time grows with the square of the length, so only the beginning of a long one is judged:
    /// if that is good enough, so is the whole.
    fn is_guessable(&self, own: &[&str]) -> Option<&'static str> {
        let seen: String = self.0.chars().take(LOOKED_AT).collect();
        let seen = Zeroizing::new(seen);
        // The rest, without what others know of the person, must be strong by itself.
        let mut rest = Zeroizing::new(seen.to_lowercase());
        let mut parts: Vec<String> = own
            .iter()
            .flat_map(|own| own.split(['@', '.', ' ', '-', '_', '+']))
            .filter(|part| part.chars().count() > 2)
            .map(str::to_lowercase)
            .collect();
        parts.sort_by_key(|part| std::cmp::Reverse(part.len()));
        for part in &parts {
            rest = Zeroizing::new(rest.replace(part, ""));
        }
        let own: Vec<&str> = parts.iter().map(String::as_str).collect();
        let found = zxcvbn(&seen, &own);
        let shorter = rest.chars().count() < seen.chars().count();
        if shorter && zxcvbn(&rest, &own).score() < Score::Three {
            return Some("password_weak_own");
        }
        if found.score() >= Score::Three {
            return None;
        }
        let warning = found.feedback().and_then(Feedback::warning);
        Some(match warning {
            Some(
                Warning::StraightRowsOfKeysAreEasyToGuess
                | Warning::ShortKeyboardPatternsAreEasyToGuess,
            ) => "password_weak_keys",
            Some(
                Warning::RepeatsLikeAaaAreEasyToGuess
                | Warning::RepeatsLikeAbcAbcAreOnlySlightlyHarderToGuess,
            ) => "password_weak_repeat",
            Some(Warning::SequencesLikeAbcAreEasyToGuess) => "password_weak_sequence",
            Some(Warning::RecentYearsAreEasyToGuess | Warning::DatesAreOftenEasyToGuess) => {
                "password_weak_date"
            }
            Some(
                Warning::NamesAndSurnamesByThemselvesAreEasyToGuess
                | Warning::CommonNamesAndSurnamesAreEasyToGuess,
            ) => "password_weak_name",
            Some(
                Warning::ThisIsATop10Password
                | Warning::ThisIsATop100Password
                | Warning::ThisIsACommonPassword
                | Warning::ThisIsSimilarToACommonlyUsedPassword,
            ) => "password_weak_common",
            Some(Warning::AWordByItselfIsEasyToGuess) | None => "password_weak",
        })
    }

    /// The parts of the rule for new passwords that this one breaks, as text keys. The rule: at
    /// least 10 characters, with upper case, lower case, a digit and a special character.
    fn breaks(&self) -> Vec<&'static str> {
        let text = self.0.as_str();
        let mut broken = Vec::new();
        let mut need = |holds: bool, key| {
            if !holds {
                broken.push(key);
            }
        };
        need(text.chars().count() >= 10, "password_rule_length");
        need(text.len() <= LONGEST, "password_rule_longest");
        need(text.chars().any(char::is_uppercase), "password_rule_upper");
        need(text.chars().any(char::is_lowercase), "password_rule_lower");
        need(text.chars().any(char::is_numeric), "password_rule_digit");
        need(
            text.chars()
                .any(|c| !c.is_alphanumeric() && !c.is_control()),
            "password_rule_special",
        );
        broken
    }
}

impl<'de> Deserialize<'de> for Password {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(Self::new)
    }
}

/// Why a password could not be hashed or checked.
#[derive(Debug, thiserror::Error)]
pub(crate) enum PasswordError {
    /// Too many are waiting.
    #[error("too many sign-ins at this moment; try again in a minute")]
    Busy,
    /// Hashing failed, or a stored hash is damaged.
    #[error("a password can't be checked: {0}")]
    Broken(String),
}

impl From<Full> for PasswordError {
    fn from(_: Full) -> Self {
        Self::Busy
    }
}

/// A turn at a processor, to hash or check passwords with.
pub(crate) struct Place {
    turn: Arc<Turn>,
    source: Source,
}

/// Hashes and checks passwords.
pub(crate) struct Passwords {
    queue: Arc<Queue>,
    edge: Arc<Edge>,
    /// Checked if there is no such account, so that the time does not reveal it.
    decoy: String,
}

impl Passwords {
    /// Works on as many passwords at a time as there are processors.
    ///
    /// # Errors
    /// When there are no random bytes, or Argon2 refuses its parameters.
    pub(crate) fn new(edge: Arc<Edge>) -> Result<Self, PasswordError> {
        let processors = std::thread::available_parallelism().map_or(1, usize::from);
        let decoy = hash(&Password::new(crate::base::hex::encode(
            &random::bytes::<16>().map_err(broken)?,
        )))?;
        Ok(Self {
            queue: Queue::new(processors),
            edge,
            decoy,
        })
    }

    /// Waits for a turn, fairly among sources. Call it before the try is counted.
    ///
    /// # Errors
    /// [`PasswordError::Busy`], when too many wait already, of this source or in all.
    pub(crate) async fn place(&self, source: Source) -> Result<Place, PasswordError> {
        let turn = Arc::new(self.queue.turn(source).await?);
        Ok(Place { turn, source })
    }

    /// The password's Argon2id hash (RFC 9106) in its usual text form.
    ///
    /// # Errors
    /// [`PasswordError::Broken`].
    pub(crate) async fn hash(
        &self,
        place: &Place,
        password: Password,
    ) -> Result<String, PasswordError> {
        work(place, move || hash(&password)).await
    }

    /// Whether the password fits the stored hash. Without a hash it never does, after the same
    /// work. A password that fits was no guess: its source's budget gets the room back.
    ///
    /// # Errors
    /// [`PasswordError::Broken`].
    pub(crate) async fn verify(
        &self,
        place: &Place,
        stored: Option<String>,
        password: Password,
    ) -> Result<bool, PasswordError> {
        let exists = stored.is_some();
        let stored = stored.unwrap_or_else(|| self.decoy.clone());
        let check = move || {
            if password.0.len() > LONGEST {
                return Ok(false);
            }
            let stored = PasswordHash::new(&stored).map_err(broken)?;
            Ok(Argon2::default()
                .verify_password(password.0.as_bytes(), &stored)
                .is_ok())
        };
        let fits = work(place, check).await? && exists;
        if fits {
            self.edge.forgive(place.source);
        }
        Ok(fits)
    }
}

/// Runs `work` on a thread that may block. The place is kept until it is done, also if the client
/// hangs up meanwhile.
async fn work<T: Send + 'static>(
    place: &Place,
    work: impl FnOnce() -> Result<T, PasswordError> + Send + 'static,
) -> Result<T, PasswordError> {
    let turn = place.turn.clone();
    let worked = tokio::task::spawn_blocking(move || {
        let _turn = turn;
        work()
    });
    worked.await.map_err(broken)?
}

/// The place that an account's hash is sealed for.
const fn place_of(account: AccountId) -> seal::Place {
    seal::Place {
        owner: account.0,
        field: "password",
        epoch: 0,
    }
}

/// A hash as the database keeps it: sealed for its account, so that the database alone tests no
/// password.
pub(crate) fn seal(key: &SealingKey, account: AccountId, hash: &str) -> Result<String, SealError> {
    let sealed = key.seal(place_of(account), hash.as_bytes())?;
    Ok(BASE64_STANDARD_NO_PAD.encode(sealed))
}

/// The hash that [`seal`] sealed.
pub(crate) fn open(
    key: &SealingKey,
    account: AccountId,
    sealed: &str,
) -> Result<String, SealError> {
    let sealed = BASE64_STANDARD_NO_PAD
        .decode(sealed)
        .map_err(|_| SealError::DoesNotOpen)?;
    let hash = key.open(place_of(account), &sealed)?;
    String::from_utf8(hash.to_vec()).map_err(|_| SealError::DoesNotOpen)
}

fn hash(password: &Password) -> Result<String, PasswordError> {
    let salt = SaltString::encode_b64(&random::bytes::<16>().map_err(broken)?).map_err(broken)?;
    // `Argon2::default()` is Argon2id, 19 MiB, two passes, one lane: first in OWASP's list.
    Ok(Argon2::default()
        .hash_password(password.0.as_bytes(), &salt)
        .map_err(broken)?
        .to_string())
}

fn broken(error: impl std::fmt::Display) -> PasswordError {
    PasswordError::Broken(error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn breaks(text: &str) -> Vec<&'static str> {
        Password::new(text.into()).breaks()
    }

    #[test]
    fn a_new_password_needs_length_and_four_kinds_of_characters() {
        assert_eq!(breaks("Correct-horse7"), Vec::<&str>::new());
        assert_eq!(breaks("Ābols-un-koks7"), Vec::<&str>::new());
        assert_eq!(breaks("Short-1"), ["password_rule_length"]);
        assert_eq!(breaks("correct-horse7"), ["password_rule_upper"]);
        assert_eq!(breaks("CORRECT-HORSE7"), ["password_rule_lower"]);
        assert_eq!(breaks("Correct-horses"), ["password_rule_digit"]);
        assert_eq!(breaks("CorrectHorse77"), ["password_rule_special"]);
        assert_eq!(
            breaks(&format!("Aa1-{}", "x".repeat(LONGEST))),
            ["password_rule_longest"]
        );
    }

    #[test]
    fn a_guessable_password_is_refused_with_the_reason_also_what_only_others_know_of_the_person() {
        let own = ["Anna", "Ozola", "anna.ozola@ventspils.example.eu"];
        let judged = |text: &str| Password::new(text.into()).is_guessable(&own);
        for good in [
            "Correct-horse7",
            "Seven-Swans-7",
            "Correct-horse-7",
            "Ventspilī-lijā-9",
        ] {
            assert_eq!(judged(good), None, "{good}");
        }
        for (bad, why) in [
            ("Password1!", "password_weak_common"),
            ("Ozola-Anna1", "password_weak_own"),
            ("Ventspils1!", "password_weak_own"),
            ("Qwertyuiop1!", "password_weak_common"),
            ("Aa1!Aa1!Aa1!Aa1!", "password_weak_repeat"),
        ] {
            assert_eq!(judged(bad), Some(why), "{bad}");
        }
    }

    #[test]
    fn the_time_that_a_new_password_takes_is_bounded() {
        let began = std::time::Instant::now();
        for text in ["a1!A", "Password1!", "qwertyuiop", "19901990"] {
            let long = Password::new(text.repeat(LONGEST / text.len()));
            let _ = long.is_guessable(&["Anna", "Ozola", "anna.ozola@example.eu"]);
        }
        assert!(began.elapsed().as_secs() < 20, "{:?}", began.elapsed());
    }

    #[test]
    fn a_sealed_hash_opens_for_its_own_account_alone() {
        let key = SealingKey::new(&[9; 32]).unwrap();
        let sealed = seal(&key, AccountId([1; 8]), "$argon2id$x").unwrap();
        assert!(!sealed.contains('$'));
        let opened = open(&key, AccountId([1; 8]), &sealed);
        assert_eq!(opened.unwrap(), "$argon2id$x");
        assert!(open(&key, AccountId([2; 8]), &sealed).is_err());
        assert!(open(&key, AccountId([1; 8]), "$argon2id$x").is_err());
    }

    #[tokio::test]
    async fn only_the_right_password_of_an_existing_account_fits() {
        let edge = Arc::new(Edge::new(crate::edge::Networks::default(), 1));
        let passwords = Passwords::new(edge).unwrap();
        let source = Source::new(std::net::Ipv4Addr::LOCALHOST.into());
        let place = passwords.place(source).await.unwrap();
        let stored = passwords
            .hash(&place, Password::new("Correct-horse7".into()))
            .await
            .unwrap();
        assert!(stored.starts_with("$argon2id$"));
        let verify = |hash: Option<&String>, text: &str| {
            passwords.verify(&place, hash.cloned(), Password::new(text.into()))
        };
        assert!(verify(Some(&stored), "Correct-horse7").await.unwrap());
        assert!(!verify(Some(&stored), "Correct-horse8").await.unwrap());
        assert!(!verify(None, "Correct-horse7").await.unwrap());
    }
}
