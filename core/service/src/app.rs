//! What every request handler shares.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use countersign_protocol::{
    Time,
    id::{AccountId, DeviceId, PublicKey},
    origin::Origin,
};
use tokio::sync::{Notify, watch};

use crate::{
    apps::Apps,
    base::{clock::Clock, outgoing::Outgoing},
    clients::Clients,
    edge::Edge,
    keys::{root::RootKeys, token::TokenKey},
    pages::Pages,
    password::Passwords,
    policy::{lifetimes::Kept, registration::Doors},
    push::Pushes,
    ring::{About, KeyRing},
    security::{Ending, Failures, Happened, SecurityLog},
    store::Store,
};

/// The service's parts.
pub(crate) struct App {
    /// Accounts, devices, challenges.
    pub(crate) store: Arc<Store>,
    /// Keys from the key file.
    pub(crate) root: Arc<RootKeys>,
    /// The service's own keys.
    pub(crate) keys: KeyRing,
    /// The service's origin.
    pub(crate) origin: Origin,
    /// The name that phones show, at most 20 bytes.
    pub(crate) name: String,
    /// How long what is over is kept.
    pub(crate) kept: Kept,
    /// For how many seconds a backup can be restored.
    pub(crate) backup_seconds: Time,
    /// The apps that may open our links, and where people get them.
    pub(crate) apps: Apps,
    /// Who may register.
    pub(crate) doors: Doors,
    /// How many hours a recovery waits.
    pub(crate) recovery_hours: u32,
    /// The number in every picture, where it is not a random one.
    pub(crate) picture_number: Option<u32>,
    /// The address of the privacy statement.
    pub(crate) privacy_page: String,
    /// How many days the deletion of an account waits.
    pub(crate) deletion_days: u32,
    /// Do a phone's own biometrics grant it a new PIN?
    pub(crate) own_biometrics: bool,
    /// Do biometrics sign a transaction's code?
    pub(crate) biometric_transfers: bool,
    /// The services that sign people in here.
    pub(crate) clients: Clients,
    /// The operator's keys that sign tokens by RS256, the one that signs first.
    pub(crate) rsa: Vec<TokenKey>,
    /// Requests to them.
    pub(crate) outgoing: Outgoing,
    /// Says what happened, for whoever watches over the service.
    pub(crate) security: Arc<SecurityLog>,
    /// Wrong passwords that are not in the history yet.
    pub(crate) failures: Failures,
    /// Wakes the task that writes messages.
    pub(crate) mail: Notify,
    /// The time.
    pub(crate) clock: Arc<dyn Clock>,
    /// Budgets, and places for connections.
    pub(crate) edge: Arc<Edge>,
    /// Password hashing.
    pub(crate) passwords: Passwords,
    /// Templates and texts.
    pub(crate) pages: Pages,
    /// Where push messages go.
    pub(crate) pushes: Arc<Pushes>,
    /// The key of Web Push requests, where there are any.
    pub(crate) push_key: Option<PublicKey>,
    /// Phones that wait.
    pub(crate) waiting: Waiting,
    /// Turns true when the service stops.
    pub(crate) stopping: watch::Receiver<bool>,
}

impl App {
    /// A password was wrong: whose, where the address has an account.
    pub(crate) fn wrong_password(&self, account: Option<AccountId>) {
        let happened = Happened {
            account,
            what: "wrong-password".to_owned(),
            detail: String::new(),
            ending: Ending::Refused,
        };
        self.security.note(self.clock.now(), &happened);
        if let Some(account) = account {
            self.failures.add(account);
        }
    }

    /// What the information says of the service besides its keys.
    pub(crate) fn about(&self) -> About<'_> {
        About {
            origin: &self.origin,
            name: &self.name,
            push_key: self.push_key,
            news: false,
        }
    }
}

/// Wakes the phones that wait for something.
#[derive(Default)]
pub(crate) struct Waiting(Mutex<HashMap<DeviceId, Arc<Notify>>>);

impl Waiting {
    /// A place to wait for this device. Ask for the news after this and before waiting, else a
    /// wake-up in between is missed.
    pub(crate) fn place(&self, dev: DeviceId) -> Place<'_> {
        let mut places = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let notify = places.entry(dev).or_default().clone();
        Place {
            waiting: self,
            dev,
            notify,
        }
    }

    /// There is news for this device.
    pub(crate) fn wake(&self, dev: DeviceId) {
        if let Some(notify) = self
            .0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .get(&dev)
        {
            notify.notify_waiters();
        }
    }
}

/// A place in the waiting room, given up when dropped.
pub(crate) struct Place<'a> {
    waiting: &'a Waiting,
    dev: DeviceId,
    notify: Arc<Notify>,
}

impl Place<'_> {
    /// Resolves at the next wake-up after this call.
    pub(crate) fn woken(&self) -> tokio::sync::futures::Notified<'_> {
        self.notify.notified()
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        let mut places = self
            .waiting
            .0
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        // The map and this place hold it: nobody else waits.
        if Arc::strong_count(&self.notify) <= 2 {
            places.remove(&self.dev);
        }
    }
}
