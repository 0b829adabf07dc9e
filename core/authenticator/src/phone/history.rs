//! The phone's own event history: what happened, readable, without secrets, and nothing of a PIN
//! before the service's verdict.

use countersign_protocol::Time;
use rusqlite::Connection;

use super::Phone;
use super::account::AccountNumber;
use crate::store::{Account, Record, StoreError};

/// The kind of event.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// An account was initialised.
    AccountAdded,
    /// An account was removed from this phone.
    AccountRemoved,
    /// An account was given another name here.
    AccountRenamed,
    /// A request was approved.
    Approved,
    /// A request was declined.
    Declined,
    /// A request was reported as fraud.
    Reported,
    /// The service said that the PIN was wrong.
    WrongPin,
    /// The service said that the number was wrong.
    WrongNumber,
    /// The service blocked this phone.
    Blocked,
    /// The service suspended this phone.
    Suspended,
    /// A sign-in code was made.
    CodeMade,
    /// A transaction was signed.
    TransactionSigned,
    /// A service changed its keys, signed by those before.
    ServiceKeysChanged,
    /// The PIN was changed.
    PinChanged,
    /// The keys that the PIN protects were renewed, and the PIN is the same.
    PinRenewed,
    /// A new PIN was set in the place of one that was forgotten or blocked.
    PinSetAnew,
    /// This phone has new keys for an account.
    KeysRotated,
    /// Biometrics were turned on.
    BiometricsOn,
    /// Biometrics were turned off, or are off because of a new PIN.
    BiometricsOff,
    /// The fingers or faces that the phone knows have changed, so biometrics are off.
    BiometricsGone,
    /// The service did not take a change of the PIN, the keys or biometrics.
    ChangeRefused,
    /// The app was here before and its data are gone: every account has to be initialised again.
    Reinstalled,
    /// An event of a newer version of the app.
    Other,
}

const KINDS: [(Kind, &str); 22] = [
    (Kind::AccountAdded, "account-added"),
    (Kind::AccountRemoved, "account-removed"),
    (Kind::AccountRenamed, "account-renamed"),
    (Kind::Approved, "approved"),
    (Kind::Declined, "declined"),
    (Kind::Reported, "reported"),
    (Kind::WrongPin, "wrong-pin"),
    (Kind::WrongNumber, "wrong-number"),
    (Kind::Blocked, "blocked"),
    (Kind::Suspended, "suspended"),
    (Kind::CodeMade, "code-made"),
    (Kind::TransactionSigned, "transaction-signed"),
    (Kind::ServiceKeysChanged, "service-keys-changed"),
    (Kind::PinChanged, "pin-changed"),
    (Kind::PinRenewed, "pin-renewed"),
    (Kind::PinSetAnew, "pin-set-anew"),
    (Kind::KeysRotated, "keys-rotated"),
    (Kind::BiometricsOn, "biometrics-on"),
    (Kind::BiometricsOff, "biometrics-off"),
    (Kind::BiometricsGone, "biometrics-gone"),
    (Kind::ChangeRefused, "change-refused"),
    (Kind::Reinstalled, "reinstalled"),
];

impl Kind {
    /// Its name in exports: lower-case words with hyphens.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        KINDS
            .iter()
            .find(|(kind, _)| *kind == self)
            .map_or("other", |(_, name)| name)
    }

    fn from_name(name: &str) -> Self {
        KINDS
            .iter()
            .find(|(_, known)| *known == name)
            .map_or(Self::Other, |(kind, _)| *kind)
    }
}

/// An event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HistoryEvent {
    /// When, by this phone's clock.
    pub at: Time,
    /// The account, which may be gone by now.
    pub account: Option<AccountNumber>,
    /// The account's name then.
    pub name: String,
    /// The kind of event.
    pub kind: Kind,
    /// For what and from where, for people: `sign-in, Firefox on Linux, LV`.
    pub detail: String,
}

impl From<Record> for HistoryEvent {
    fn from(record: Record) -> Self {
        Self {
            at: record.at,
            account: record.account.map(AccountNumber),
            name: record.name,
            kind: Kind::from_name(&record.kind),
            detail: record.detail,
        }
    }
}

/// Records an event in the same transaction as the change it describes.
pub(crate) fn add(
    phone: &Phone,
    connection: &Connection,
    account: &Account,
    kind: Kind,
    detail: &str,
) -> Result<(), StoreError> {
    let record = Record {
        at: phone.clock.now(),
        svc: Some(account.svc),
        account: Some(account.number),
        name: account.name().to_owned(),
        kind: kind.as_str().to_owned(),
        detail: detail.to_owned(),
    };
    phone.store.add_record(connection, &record)
}
