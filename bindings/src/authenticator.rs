//! The facade's object: opening it, and the core and runtime that every call uses.

use std::path::PathBuf;
use std::sync::Arc;

use countersign::platform::{Biometrics, PushAddresses};
use countersign::software::{SystemClock, SystemEntropy};
use countersign::transport::HttpTransport;
use countersign::{
    Authenticator as Core, Device, OpenError as CoreError, Platform as CorePlatform,
};

use crate::guard::{GuardedClock, GuardedKeys, GuardedPresence};
use crate::platform::Platform;
use crate::problem::{PhoneProblem, errors, from_phone};
use crate::push::GuardedAddresses;
use crate::reader::GuardedBiometrics;
use crate::run::Runner;

errors! {
    /// Why the phone can't be opened. Nothing was changed.
    OpenError {
        /// The data can't be read, or were sealed with another key.
        Phone {
            /// The reason.
            problem: PhoneProblem,
        }
        /// The system gives the app no threads.
        NoThreads {}
    }
}
from_phone!(OpenError);

impl From<CoreError> for OpenError {
    fn from(error: CoreError) -> Self {
        match error {
            CoreError::Phone(error) => error.into(),
            // Of the embedded default's key file, which is not used here.
            error @ CoreError::KeyFile(_) => Self::Phone {
                problem: PhoneProblem::KeysUnavailable,
                text: error.to_string(),
            },
        }
    }
}

/// A whole phone: accounts at several services, requests to approve, one-time codes without a
/// network, signed transactions, a history.
///
/// Make one, and keep it as long as the app runs. Any thread may call it; the work is done on
/// threads of its own. A call that is cancelled stops waiting, and leaves nothing half done. It
/// holds to one rule: nothing that it stores, shows or sends tells a right PIN from a wrong one.
/// The service is the judge.
#[derive(uniffi::Object)]
pub struct Authenticator {
    core: Arc<Core>,
    pub(crate) runner: Runner,
}

#[uniffi::export]
impl Authenticator {
    /// Opens the phone whose data are in `folder`, which is made if it is not there. Keep the
    /// folder in the app's private storage, and out of backups.
    ///
    /// # Errors
    /// If the data can't be used, or were sealed with another key.
    #[uniffi::constructor]
    pub async fn open(folder: String, platform: Platform) -> Result<Self, OpenError> {
        let runner = Runner::new().map_err(|error| OpenError::NoThreads {
            text: format!("the system gives this app no threads ({error}): close other apps"),
        })?;
        let core = runner
            .block(move || Core::open(&PathBuf::from(folder), guarded(platform)))
            .await?;
        Ok(Self {
            core: Arc::new(core),
            runner,
        })
    }
}

impl Authenticator {
    /// The core, for a task of its own.
    pub(crate) fn core(&self) -> Arc<Core> {
        Arc::clone(&self.core)
    }
}

/// An app's traits behind their guards.
fn guarded(platform: Platform) -> CorePlatform {
    CorePlatform {
        keys: Arc::new(GuardedKeys::new(platform.key_store)),
        presence: Arc::new(GuardedPresence(platform.presence)),
        biometrics: platform.biometrics.map(|reader| {
            let guarded: Arc<dyn Biometrics> = Arc::new(GuardedBiometrics::new(reader));
            guarded
        }),
        push: platform.push_addresses.map(|addresses| {
            let guarded: Arc<dyn PushAddresses> = Arc::new(GuardedAddresses(addresses));
            guarded
        }),
        clock: match platform.clock {
            Some(clock) => Arc::new(GuardedClock::new(clock)),
            None => Arc::new(SystemClock),
        },
        entropy: Arc::new(SystemEntropy::default()),
        transport: Arc::new(HttpTransport::with_built_in_authorities(
            platform.authorities,
        )),
        device: Device {
            platform: platform.system,
            model: platform.model,
        },
    }
}
