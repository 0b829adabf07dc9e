//! Opening the phone: the store, the platform, and the check that they belong together.

use std::path::Path;
use std::sync::{Arc, Mutex};

use crate::history::Kind;
use crate::phone::{Device, Memory, Phone, PhoneError, from_phone_errors};
use crate::platform::{Biometrics, Clock, Entropy, KeyStore, PushAddresses, UserPresence};
use crate::software::{
    KeyFileError, LoggedIn, SoftwareBiometrics, SoftwareKeyStore, SystemClock, SystemEntropy,
};
use crate::store::{Record, Store};
use crate::transport::{HttpTransport, Transport};

/// What is sealed to tell whether the key store is the one that the data were sealed with.
const PROOF: &[u8] = b"countersign/phone/proof";

/// What a phone's platform gives the core.
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
    /// What services are told of this phone.
    pub device: Device,
}

impl Platform {
    /// The embedded default: a plain computer, whose wrapping key is a file in `folder`, which must be there.
    ///
    /// # Errors
    /// If the key file can't be read or made.
    pub fn embedded(folder: &Path) -> Result<Self, KeyFileError> {
        Ok(Self {
            keys: Arc::new(SoftwareKeyStore::open(folder)?),
            presence: Arc::new(LoggedIn),
            biometrics: None,
            push: None,
            clock: Arc::new(SystemClock),
            entropy: Arc::new(SystemEntropy::default()),
            transport: Arc::new(HttpTransport::new()),
            device: Device {
                platform: system_name().to_owned(),
                model: "command line".to_owned(),
            },
        })
    }

    /// The same with a stand-in for a fingerprint reader, to try biometrics out with. It asks nobody: whoever can run a program as this user can
    /// use it, so say so before it is turned on.
    ///
    /// # Errors
    /// As [`Platform::embedded`].
    pub fn with_stand_in_reader(folder: &Path) -> Result<Self, KeyFileError> {
        let reader = SoftwareBiometrics::open(folder, Arc::new(LoggedIn))?;
        Ok(Self {
            biometrics: Some(Arc::new(reader)),
            ..Self::embedded(folder)?
        })
    }
}

fn system_name() -> &'static str {
    match std::env::consts::OS {
        "linux" => "Linux",
        "macos" => "macOS",
        "windows" => "Windows",
        "android" => "Android",
        "ios" => "iOS",
        _ => "another system",
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

pub(crate) fn embedded(folder: &Path) -> Result<Phone, OpenError> {
    SoftwareKeyStore::refuse_lost_data(folder)?;
    // The store first: it makes the folder, and refuses what it can't use before a key is made for it.
    let store = Store::open(folder)?;
    with(store, Platform::embedded(folder)?)
}

pub(crate) fn embedded_with_stand_in_reader(folder: &Path) -> Result<Phone, OpenError> {
    SoftwareKeyStore::refuse_lost_data(folder)?;
    let store = Store::open(folder)?;
    with(store, Platform::with_stand_in_reader(folder)?)
}

pub(crate) fn open(folder: &Path, platform: Platform) -> Result<Phone, OpenError> {
    with(Store::open(folder)?, platform)
}

fn with(store: Store, platform: Platform) -> Result<Phone, OpenError> {
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
    Ok(phone)
}

/// Begins a phone: keeps the proof that key and data belong together. A key without data is that of
/// an installation whose data are gone, which the history then says.
fn begin(phone: &Phone) -> Result<Vec<u8>, OpenError> {
    if !phone.store.accounts()?.is_empty() {
        return Err(phone
            .store
            .damaged("the proof of its key is missing")
            .into());
    }
    let reinstalled = phone.keys.has_key()?.then(|| Record {
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
