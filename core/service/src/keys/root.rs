//! The keys that come from the key file.

use std::{path::Path, sync::Arc};

use super::{
    derive::derive,
    file::{KeyFile, KeyFileError},
    mac::{MacKey, MacKeys},
    seal::SealingKey,
};
use zeroize::Zeroizing;

use countersign_protocol::{
    SigningKey, Time, answer::StateToken, id::DeviceId, secret::Secret32, verify::StateTokenKey,
};

/// How long a phone's state token is taken that a key made which was replaced after a theft, in
/// seconds since then; once for each phone.
pub(crate) const OLD_TOKEN_SECONDS: Time = 30 * 24 * 3600;
/// How long a key file that was replaced after a theft is known, in seconds since then: backups
/// from before are restored with it. Longer than any backup is kept.
pub(crate) const OLD_KEY_SECONDS: Time = 10 * 366 * 24 * 3600;

/// The keys derived from the key file.
pub(crate) struct RootKeys {
    /// Seals secrets in the database.
    pub(crate) sealing: SealingKey,
    /// Makes and checks the phones' state tokens.
    pub(crate) tokens: Tokens,
    /// Makes the tokens of forms.
    pub(crate) csrf: MacKey,
    /// Makes the links of a recovery.
    pub(crate) recovery: MacKey,
    /// Makes all other mailed links.
    pub(crate) links: MacKey,
    /// Turns e-mail addresses into the keys under which wrong passwords are counted.
    pub(crate) guesses: MacKey,
    /// Makes the names by which services know people.
    pub(crate) subjects: MacKey,
    /// Makes the keys that sign tokens for services.
    tokens_for: MacKey,
    /// Makes r, with which a browser on a phone comes back.
    pub(crate) mobile: MacKey,
    /// Makes the lines of the journal.
    pub(crate) journal: Arc<MacKeys>,
    /// Signs Web Push requests.
    pub(crate) push: SigningKey,
    /// Marks the service's own backups.
    pub(crate) backups: MacKeys,
    /// Whether an exchange of the key file was begun and has not ended.
    pub(crate) is_unfinished: bool,
    /// When the root was replaced by an exchange that has not ended, because it was copied.
    pub(crate) copied_at: Option<Time>,
}

/// Reads the key file, or makes it when `may_create` (the database is new).
///
/// # Errors
/// See [`KeyFileError`].
pub(crate) fn load(path: &Path, may_create: bool) -> Result<RootKeys, KeyFileError> {
    RootKeys::new(&KeyFile::load(path, may_create)?, path)
}

impl RootKeys {
    /// The keys of a key file, which was read from this place.
    ///
    /// # Errors
    /// [`KeyFileError::NotAKeyFile`] and [`KeyFileError::Seal`], about once in 2^256 times.
    pub(crate) fn new(file: &KeyFile, path: &Path) -> Result<Self, KeyFileError> {
        let key = |purpose| MacKey::new(*derive(&file.root.0, purpose));
        let mut sealing = SealingKey::new(&file.sealing.0)?;
        let mut journal = MacKeys::new(key("journal"));
        let backups = MacKeys::new(key("backups"));
        if let Some(replaced) = &file.replaced {
            sealing.accept(&replaced.sealing.0)?;
            if let Some(root) = &replaced.root {
                // A backup under it needs the old key file: a thief may have made it.
                journal.accept(MacKey::new(*derive(&root.0, "journal")));
            }
        }
        Ok(Self {
            sealing,
            tokens: Tokens::new(file),
            csrf: key("csrf"),
            recovery: key("recovery"),
            links: key("links"),
            guesses: key("guesses"),
            subjects: key("subjects"),
            tokens_for: key("oidc"),
            mobile: key("mobile"),
            journal: Arc::new(journal),
            backups,
            push: signing_key(&file.root.0, "push")
                .ok_or_else(|| KeyFileError::NotAKeyFile(path.to_owned()))?,
            is_unfinished: file.replaced.is_some(),
            copied_at: file.copied_at(),
        })
    }

    /// Takes backups that were made under this key file too, and opens what is sealed in them.
    ///
    /// # Errors
    /// [`KeyFileError::Seal`], never with 32 bytes.
    pub(crate) fn accept_backups_of(&mut self, old: &KeyFile) -> Result<(), KeyFileError> {
        let replaced = old.replaced.as_ref();
        let before = replaced.and_then(|replaced| replaced.root.as_ref());
        for root in [Some(&old.root), before].into_iter().flatten() {
            self.backups
                .accept(MacKey::new(*derive(&root.0, "backups")));
        }
        let before = replaced.map(|replaced| &replaced.sealing);
        for sealing in [Some(&old.sealing), before].into_iter().flatten() {
            self.sealing.accept(&sealing.0)?;
        }
        Ok(())
    }

    /// The key that signs tokens while the service's own signing key with this id does: it is
    /// published, used and replaced with that one. `None` about once in 2^256 times.
    pub(crate) fn token_key(&self, kid: &[u8]) -> Option<SigningKey> {
        (0..8_u8).find_map(|at| {
            let bytes = Zeroizing::new(self.tokens_for.mac(&[&[at], kid]));
            SigningKey::from_slice(&*bytes).ok()
        })
    }

    /// Under which wrong passwords at an account are counted.
    pub(crate) fn guesses_at(&self, account: &[u8; 8]) -> [u8; 32] {
        self.guesses.mac(&[b"account", account])
    }
}

/// Which key made a state token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Made {
    /// None of the service's.
    No,
    /// The present one.
    Yes {
        /// When the newest key was replaced that was copied; 0 when none was.
        newest: Time,
    },
    /// One that was replaced after a theft.
    Before {
        /// When it was replaced.
        at: Time,
        /// When the newest such key was replaced.
        newest: Time,
    },
}

/// Makes and checks the phones' state tokens.
pub(crate) struct Tokens {
    present: StateTokenKey,
    /// Oldest first.
    before: Vec<(StateTokenKey, Time)>,
}

impl Tokens {
    fn new(file: &KeyFile) -> Self {
        let key = |bytes: &[u8; 32]| {
            StateTokenKey::new(Secret32::new_with(|out| out.copy_from_slice(bytes)))
        };
        Self {
            present: key(&derive(&file.root.0, "state")),
            before: file
                .old_states
                .iter()
                .map(|old| (key(&old.key.0), old.at))
                .collect(),
        }
    }

    /// The token of a device with this number.
    pub(crate) fn token(&self, dev: DeviceId, sequence: u64) -> StateToken {
        self.present.token(dev, sequence)
    }

    /// Which key made this token for this device.
    pub(crate) fn made(&self, dev: DeviceId, token: &StateToken) -> Made {
        let newest = self.before.last().map_or(0, |(_, at)| *at);
        if self.present.made(dev, token) {
            return Made::Yes { newest };
        }
        let mut before = self.before.iter();
        let found = before.find(|(key, _)| key.made(dev, token));
        found.map_or(Made::No, |(_, at)| Made::Before { at: *at, newest })
    }
}

/// A P-256 key. About once in 2^32 times the bytes are none, and the next ones are taken.
fn signing_key(root: &[u8; 32], purpose: &str) -> Option<SigningKey> {
    (0..8).find_map(|at| SigningKey::from_slice(&*derive(root, &format!("{purpose}-{at}"))).ok())
}
