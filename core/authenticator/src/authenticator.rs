//! The phone: opening it, with its store and platform and the check that they belong together.

use std::path::Path;
use std::sync::{Arc, Mutex};

use crate::phone::history::Kind;
use crate::phone::{Device, Memory, Phone, PhoneError, from_phone_errors};
use crate::platform::software::{
    KeyFileError, LoggedIn, SoftwareBiometrics, SoftwareKeyStore, SystemClock, SystemEntropy,
};
use crate::platform::transport::{HttpTransport, Transport};
use crate::platform::{Biometrics, Clock, Entropy, KeyStore, PushAddresses, UserPresence};
use crate::store::{DATABASE_FILE, Record, Store};

/// Sealed in the data, to check that they belong to this key store.
const PROOF: &[u8] = b"countersign/phone/proof";

/// The services of a phone's platform that the core uses.
#[derive(Clone)]
pub struct Platform {
    /// The platform's keys.
    pub keys: Arc<dyn KeyStore>,
    /// The phone's own lock.
    pub presence: Arc<dyn UserPresence>,
    /// The phone's fingerprint or face reader, where there is one.
    pub biometrics: Option<Arc<dyn Biometrics>>,
    /// Where push messages for the phone go, where its platform has a way.
    pub push: Option<Arc<dyn PushAddresses>>,
    /// The clock.
    pub clock: Arc<dyn Clock>,
    /// Random numbers.
    pub entropy: Arc<dyn Entropy>,
    /// The network.
    pub transport: Arc<dyn Transport>,
    /// The description of this phone that services get.
    pub device: Device,
}

impl Platform {
    /// The embedded default: a plain computer, whose wrapping key is a file in `folder`, which must
    /// be there. The file is made at once: a program that ends after that and before
    /// [`Authenticator::open`] leaves a key without data. [`Authenticator::embedded`] does not.
    ///
    /// # Errors
    /// If the key file can't be read or made.
    pub fn embedded(folder: &Path) -> Result<Self, KeyFileError> {
        let system = match std::env::consts::OS {
            "linux" => "Linux",
            "macos" => "macOS",
            "windows" => "Windows",
            "android" => "Android",
            "ios" => "iOS",
            _ => "another system",
        };
        Ok(Self {
            keys: Arc::new(SoftwareKeyStore::open(folder)?),
            presence: Arc::new(LoggedIn),
            biometrics: None,
            push: None,
            clock: Arc::new(SystemClock),
            entropy: Arc::new(SystemEntropy::default()),
            transport: Arc::new(HttpTransport::new()),
            device: Device {
                platform: system.to_owned(),
                model: "command line".to_owned(),
            },
        })
    }

    /// The same with a stand-in for a fingerprint reader, to try biometrics out with. It asks
    /// nobody: whoever can run a program as this user can use it, so say so before it is turned on.
    ///
    /// # Errors
    /// As [`Platform::embedded`].
    pub fn with_stand_in_reader(folder: &Path) -> Result<Self, KeyFileError> {
        // The key store before the reader, which makes the key file too: that one was not there
        // before this run.
        let platform = Self::embedded(folder)?;
        let reader = SoftwareBiometrics::open(folder, Arc::new(LoggedIn))?;
        Ok(Self {
            biometrics: Some(Arc::new(reader)),
            ..platform
        })
    }
}

/// Why the phone can't be opened. Nothing was changed.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The wrapping key can't be had.
    #[error(transparent)]
    KeyFile(#[from] KeyFileError),
    /// The data can't be read, or were sealed with another key.
    #[error(transparent)]
    Phone(#[from] PhoneError),
}
from_phone_errors!(OpenError);

/// A whole phone.
pub struct Authenticator {
    pub(crate) phone: Arc<Phone>,
}

impl Authenticator {
    /// Opens a phone on a plain computer: its data and its wrapping key are in `folder`, which is
    /// made if it is not there.
    ///
    /// # Errors
    /// If the data or the key can't be used; the message says what to do.
    pub fn embedded(folder: &Path) -> Result<Self, OpenError> {
        let store = open_before_key(folder)?;
        Self::with(store, Platform::embedded(folder)?)
    }

    /// The same with a stand-in for a fingerprint reader, as [`Platform::with_stand_in_reader`] has
    /// it: to try biometrics out with.
    ///
    /// # Errors
    /// As [`Authenticator::embedded`].
    pub fn embedded_with_stand_in_reader(folder: &Path) -> Result<Self, OpenError> {
        let store = open_before_key(folder)?;
        Self::with(store, Platform::with_stand_in_reader(folder)?)
    }

    /// Opens a phone with what its platform gives. A wrapping key of the platform without data is a
    /// reinstall, which [`Authenticator::resume`] reports.
    ///
    /// # Errors
    /// If the data can't be used, or were sealed with another key; the message says what to do.
    pub fn open(folder: &Path, platform: Platform) -> Result<Self, OpenError> {
        Self::with(Store::open(folder)?, platform)
    }

    fn with(store: Store, platform: Platform) -> Result<Self, OpenError> {
        let phone = Phone {
            store,
            keys: platform.keys,
            presence: platform.presence,
            biometrics: platform.biometrics,
            push: platform.push,
            clock: platform.clock,
            entropy: platform.entropy,
            transport: platform.transport,
            device: platform.device,
            memory: Mutex::new(Memory::default()),
            making_codes: Mutex::new(()),
        };
        let blob = match phone.store.proof()? {
            Some(blob) => blob,
            None => begin(&phone)?,
        };
        phone.keys.open(PROOF, &blob)?;
        let phone = Arc::new(phone);
        Ok(Self { phone })
    }
}

/// Opens the data of a plain computer before its key file is made: the store makes the folder, and
/// refuses what it can't use.
fn open_before_key(folder: &Path) -> Result<Store, OpenError> {
    SoftwareKeyStore::refuse_lost_data(folder, DATABASE_FILE)?;
    let store = Store::open(folder)?;
    if store.proof()?.is_none() && store.first_start()?.is_none() {
        // A key file without its data was refused, so one that is there now is of a first start
        // that was cut off.
        store.keep_first_start(false)?;
    }
    Ok(store)
}

/// Begins a phone: keeps the proof that key and data belong together. A key that was there before
/// is that of an installation whose data are gone, which the history then says, once. Whether it
/// was there is stored first: sealing the proof makes a key, and a start that is cut off after that
/// leaves one.
fn begin(phone: &Phone) -> Result<Vec<u8>, OpenError> {
    if !phone.store.accounts()?.is_empty() {
        return Err(phone
            .store
            .damaged("the proof of its key is missing")
            .into());
    }
    let had_key = match phone.store.first_start()? {
        Some(had_key) => had_key,
        None => phone.store.keep_first_start(phone.keys.has_key()?)?,
    };
    let reinstalled = had_key.then(|| Record {
        at: phone.clock.now(),
        svc: None,
        account: None,
        name: String::new(),
        kind: Kind::Reinstalled.as_str().to_owned(),
        detail: String::new(),
    });
    let proof = phone.keys.seal(PROOF, PROOF)?;
    Ok(phone.store.keep_proof(&proof, reinstalled.as_ref())?)
}
