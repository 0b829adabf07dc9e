//! The embedded default of the platform traits: a plain computer. Its seals are as safe as the file
//! that holds its key.
//!
//! The wrapping key is 32 random bytes in a file that only its owner may read, beside the store.
//! AES-256-GCM by ring, a random nonce for each seal: `nonce (12) | ciphertext | tag (16)`. A
//! device key is sealed like any other secret.

use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use async_trait::async_trait;
use countersign_protocol::claim::KeyClass;
use countersign_protocol::id::PublicKey;
use countersign_protocol::message::SignatureBytes;
use countersign_protocol::secret::Secret32;
use countersign_protocol::{SigningKey, Time};
use p256::ecdsa::Signature;
use p256::ecdsa::signature::Signer;
use ring::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use ring::rand::{SecureRandom, SystemRandom};
use zeroize::Zeroizing;

use crate::durable::Write as Durable;
use crate::files::{private_file, sync_folder};
use crate::platform::{
    BiometricKey, Biometrics, BiometricsError, Clock, DeviceKey, Entropy, KeyStore, KeyStoreError,
    NoEntropy, NotConfirmed, UserPresence,
};

/// The file of the wrapping key.
pub const KEY_FILE: &str = "wrapping.key";

/// Why the wrapping key can't be had.
#[derive(Debug, thiserror::Error)]
pub enum KeyFileError {
    /// It can't be read or written.
    #[error("the key file {} cannot be read or written: {source}; check that the folder exists and is yours", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// The system's message.
        source: io::Error,
    },
    /// No room is left for it.
    #[error("there is no room left on the disk for the key file {}: free some and try again", path.display())]
    Full {
        /// The file.
        path: PathBuf,
    },
    /// It is not 32 bytes.
    #[error("the key file {} is damaged: put the right one back from where it was copied", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
    },
    /// It is there, and the data that it was made for are not.
    #[error(
        "the phone's data {} are missing or empty, and the key file {} shows that there were some: put them back from where they are, or \
         move the key file away to begin a new phone (every account must then be added again on its service's page)",
        database.display(), path.display()
    )]
    Alone {
        /// The key file.
        path: PathBuf,
        /// The data.
        database: PathBuf,
    },
    /// Others may read it.
    #[error("others on this computer may read the key file {}: run  chmod 600 {}", path.display(), path.display())]
    Open {
        /// The file.
        path: PathBuf,
    },
    /// No randomness for a new key.
    #[error(transparent)]
    Entropy(#[from] NoEntropy),
}

/// Keys in a file.
pub struct SoftwareKeyStore {
    wrapping: LessSafeKey,
    /// Whether the key file was there before.
    found: bool,
    random: SystemRandom,
}

impl SoftwareKeyStore {
    /// Takes the wrapping key from its file in `folder`, or makes it.
    ///
    /// # Errors
    /// If the file can't be read or made, is damaged, or is readable by others.
    pub fn open(folder: &Path) -> Result<Self, KeyFileError> {
        let path = folder.join(KEY_FILE);
        let key = read_key(&path)?;
        let found = key.is_some();
        let key = match key {
            Some(key) => key,
            None => {
                make_key(folder, &path)?;
                read_key(&path)?.ok_or_else(|| KeyFileError::Damaged { path: path.clone() })?
            }
        };
        let key = UnboundKey::new(&AES_256_GCM, key.expose())
            .map_err(|_| KeyFileError::Damaged { path })?;
        Ok(Self {
            wrapping: LessSafeKey::new(key),
            found,
            random: SystemRandom::new(),
        })
    }

    /// Refuses a folder whose key file is there and whose data are missing or empty. The data are
    /// made first, so a key file shows that there were some: they were lost, and an empty phone in
    /// their place would look like one that never had an account.
    ///
    /// # Errors
    /// [`KeyFileError::Alone`].
    pub(crate) fn refuse_lost_data(folder: &Path, database: &str) -> Result<(), KeyFileError> {
        let (path, database) = (folder.join(KEY_FILE), folder.join(database));
        let lost = fs::metadata(&database).map_or(true, |file| file.len() == 0);
        if lost && path.exists() {
            return Err(KeyFileError::Alone { path, database });
        }
        Ok(())
    }
}

impl KeyStore for SoftwareKeyStore {
    fn has_key(&self) -> Result<bool, KeyStoreError> {
        Ok(self.found)
    }

    fn seal(&self, context: &[u8], secret: &[u8]) -> Result<Vec<u8>, KeyStoreError> {
        let unavailable = |_| KeyStoreError::Unavailable("no random numbers".to_owned());
        let mut nonce = [0; NONCE_LEN];
        self.random.fill(&mut nonce).map_err(unavailable)?;
        // With room for the tag from the start, so that no copy of the secret is left behind by
        // growing.
        let mut buffer = Zeroizing::new(Vec::with_capacity(secret.len() + AES_256_GCM.tag_len()));
        buffer.extend_from_slice(secret);
        self.wrapping
            .seal_in_place_append_tag(
                Nonce::assume_unique_for_key(nonce),
                Aad::from(context),
                &mut *buffer,
            )
            .map_err(|_| KeyStoreError::Unavailable("sealing failed".to_owned()))?;
        Ok([&nonce[..], &buffer].concat())
    }

    fn open(&self, context: &[u8], sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, KeyStoreError> {
        let (nonce, ciphertext) = sealed
            .split_first_chunk::<NONCE_LEN>()
            .ok_or(KeyStoreError::NotOurs)?;
        let mut buffer = Zeroizing::new(ciphertext.to_vec());
        let length = self
            .wrapping
            .open_in_place(
                Nonce::assume_unique_for_key(*nonce),
                Aad::from(context),
                &mut buffer,
            )
            .map_err(|_| KeyStoreError::NotOurs)?
            .len();
        buffer.truncate(length);
        Ok(buffer)
    }

    fn create_key(&self, context: &[u8]) -> Result<DeviceKey, KeyStoreError> {
        let unavailable = || KeyStoreError::Unavailable("no random numbers".to_owned());
        // One in 2^32 random numbers is no key; a second attempt settles it.
        for _ in 0..4 {
            let bytes = Secret32::try_new_with(|bytes| self.random.fill(bytes))
                .map_err(|_| unavailable())?;
            if let Ok(key) = SigningKey::from_slice(bytes.expose()) {
                return Ok(DeviceKey {
                    handle: self.seal(&[b"K_dev", context].concat(), bytes.expose())?,
                    public: PublicKey::of(&key),
                    class: KeyClass::Software,
                });
            }
        }
        Err(unavailable())
    }

    fn sign(
        &self,
        context: &[u8],
        handle: &[u8],
        message: &[u8],
    ) -> Result<SignatureBytes, KeyStoreError> {
        let bytes = self.open(&[b"K_dev", context].concat(), handle)?;
        let key = SigningKey::from_slice(&bytes).map_err(|_| KeyStoreError::NotOurs)?;
        let signature: Signature = key.sign(message);
        Ok(signature.to_bytes().into())
    }

    fn delete_key(&self, _handle: &[u8]) -> Result<(), KeyStoreError> {
        // The handle is the sealed key itself: it goes with the row that holds it.
        Ok(())
    }

    fn hardware_share(&self, _context: &[u8]) -> Result<Option<Secret32>, KeyStoreError> {
        Ok(None)
    }
}

fn failed(path: &Path, source: io::Error) -> KeyFileError {
    let path = path.to_owned();
    match source.kind() {
        io::ErrorKind::StorageFull => KeyFileError::Full { path },
        _ => KeyFileError::Io { path, source },
    }
}

fn read_key(path: &Path) -> Result<Option<Secret32>, KeyFileError> {
    let io = |source| failed(path, source);
    let mut file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(io(error)),
    };
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        if file.metadata().map_err(io)?.permissions().mode() & 0o077 != 0 {
            return Err(KeyFileError::Open {
                path: path.to_owned(),
            });
        }
    }
    if file.metadata().map_err(io)?.len() != 32 {
        return Err(KeyFileError::Damaged {
            path: path.to_owned(),
        });
    }
    Secret32::try_new_with(|key| file.read_exact(key))
        .map(Some)
        .map_err(io)
}

/// Writes a new key to a file of its own, and gives it its name only when it is whole and on disk.
/// A second program leaves the first one's key in place.
fn make_key(folder: &Path, path: &Path) -> Result<(), KeyFileError> {
    let io = |source| failed(path, source);
    let key = Secret32::try_new_with(|key| SystemEntropy::default().fill(key))?;
    let mut tag = [0; 8];
    SystemEntropy::default().fill(&mut tag)?;
    let draft = folder.join(format!("{KEY_FILE}.{:016x}", u64::from_be_bytes(tag)));
    Durable::KeyDraft.reach();
    let written = private_file(&draft)
        .and_then(|mut file| {
            file.write_all(key.expose())?;
            file.sync_all()
        })
        .and_then(|()| {
            Durable::KeyName.reach();
            match fs::hard_link(&draft, path) {
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
                done => done,
            }
        });
    Durable::KeyDraftGone.reach();
    let removed = fs::remove_file(&draft);
    written.and(removed).map_err(io)?;
    sync_folder(folder).map_err(io)
}

/// The system's random numbers.
pub struct SystemEntropy(SystemRandom);

impl Default for SystemEntropy {
    fn default() -> Self {
        Self(SystemRandom::new())
    }
}

impl Entropy for SystemEntropy {
    fn fill(&self, bytes: &mut [u8]) -> Result<(), NoEntropy> {
        self.0.fill(bytes).map_err(|_| NoEntropy)
    }
}

/// The system's clock.
#[derive(Debug, Default, Clone, Copy)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Time {
        SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .map_or(0, |since| since.as_secs())
    }
}

/// A computer has no lock of its own to ask for: whoever can run a program as this user is its
/// owner.
#[derive(Debug, Default, Clone, Copy)]
pub struct LoggedIn;

#[async_trait]
impl UserPresence for LoggedIn {
    async fn confirm(&self, _reason: &str) -> Result<(), NotConfirmed> {
        Ok(())
    }
}

/// A stand-in for a fingerprint reader on a computer that has none: it asks whom [`UserPresence`]
/// asks. Its keys are as safe as the file that holds the wrapping key.
pub struct SoftwareBiometrics {
    keys: SoftwareKeyStore,
    presence: Arc<dyn UserPresence>,
}

impl SoftwareBiometrics {
    /// Takes the wrapping key from its file in `folder`, or makes it.
    ///
    /// # Errors
    /// If the file can't be read or made, is damaged, or is readable by others.
    pub fn open(folder: &Path, presence: Arc<dyn UserPresence>) -> Result<Self, KeyFileError> {
        Ok(Self {
            keys: SoftwareKeyStore::open(folder)?,
            presence,
        })
    }

    async fn confirm(&self, reason: &str) -> Result<(), BiometricsError> {
        let confirmed = self.presence.confirm(reason).await;
        confirmed.map_err(|NotConfirmed| BiometricsError::NotConfirmed)
    }
}

impl From<KeyStoreError> for BiometricsError {
    fn from(error: KeyStoreError) -> Self {
        match error {
            KeyStoreError::NotOurs => Self::Changed,
            KeyStoreError::Unavailable(why) => Self::Unavailable(why),
        }
    }
}

/// Apart from what the key store itself seals for the same account.
fn biometric(context: &[u8]) -> Vec<u8> {
    [b"biometric", context].concat()
}

#[async_trait]
impl Biometrics for SoftwareBiometrics {
    fn available(&self) -> bool {
        true
    }

    async fn create_key(&self, context: &[u8]) -> Result<BiometricKey, BiometricsError> {
        let key = self.keys.create_key(&biometric(context))?;
        Ok(BiometricKey {
            handle: key.handle,
            public: key.public,
        })
    }

    async fn sign(
        &self,
        context: &[u8],
        handle: &[u8],
        message: &[u8],
        reason: &str,
    ) -> Result<SignatureBytes, BiometricsError> {
        self.confirm(reason).await?;
        Ok(self.keys.sign(&biometric(context), handle, message)?)
    }

    async fn seal(
        &self,
        context: &[u8],
        _handle: &[u8],
        secret: &[u8],
        _reason: &str,
    ) -> Result<Vec<u8>, BiometricsError> {
        Ok(self.keys.seal(&biometric(context), secret)?)
    }

    async fn open(
        &self,
        context: &[u8],
        _handle: &[u8],
        sealed: &[u8],
        reason: &str,
    ) -> Result<Zeroizing<Vec<u8>>, BiometricsError> {
        self.confirm(reason).await?;
        Ok(self.keys.open(&biometric(context), sealed)?)
    }

    fn delete_key(&self, handle: &[u8]) -> Result<(), BiometricsError> {
        Ok(self.keys.delete_key(handle)?)
    }
}
