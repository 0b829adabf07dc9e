//! The details of a request as Kotlin and Swift see them: every part in a field of its own.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use countersign::{Browser, Purpose, System, Time};

/// The service's and the phone's times are below 2^53 seconds, which every system has room for.
pub(crate) fn instant(time: Time) -> SystemTime {
    UNIX_EPOCH
        .checked_add(Duration::from_secs(time))
        .unwrap_or(UNIX_EPOCH)
}

/// The subject of an operation. Its text was chosen by people and services: show it whole, in a
/// place of its own or in quotation marks.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Enum)]
pub enum Subject {
    /// A device of the account, by its name.
    Device {
        /// The name, at most 40 bytes.
        name: String,
    },
    /// A new e-mail address.
    Address {
        /// The address, at most 254 bytes.
        address: String,
    },
    /// A device or factor that is to be added, or a factor that is no device, by its name.
    Factor {
        /// The name, at most 40 bytes.
        name: String,
    },
    /// The account, by its name at the service.
    Account {
        /// The name, at most 40 bytes.
        label: String,
    },
}

impl From<countersign::Subject> for Subject {
    fn from(subject: countersign::Subject) -> Self {
        match subject {
            countersign::Subject::Device { name, .. } => Self::Device { name },
            countersign::Subject::Address(address) => Self::Address { address },
            countersign::Subject::Factor(name) => Self::Factor { name },
            countersign::Subject::Account(label) => Self::Account { label },
        }
    }
}

/// A label and its value.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct LabelledValue {
    /// The label.
    pub label: String,
    /// The value.
    pub value: String,
}

/// The transaction that an approval signs: show all of it before the PIN is asked.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct OnlineTransaction {
    /// The title.
    pub title: String,
    /// 1 to 12 labels with their values, in order.
    pub pairs: Vec<LabelledValue>,
}

impl From<countersign::OnlineTransaction> for OnlineTransaction {
    fn from(transaction: countersign::OnlineTransaction) -> Self {
        let pair = |pair: countersign::Pair| LabelledValue {
            label: pair.label,
            value: pair.value,
        };
        Self {
            title: transaction.title,
            pairs: transaction.pairs.into_iter().map(pair).collect(),
        }
    }
}

/// The details of a request: who asks, for what, from where and when. The service signed them.
#[derive(Debug, Clone, PartialEq, Eq, uniffi::Record)]
pub struct RequestDetails {
    /// The service's name for people.
    pub app_name: String,
    /// The service's host, with the port where it is not the default.
    pub host: String,
    /// The operation.
    pub purpose: Purpose,
    /// The subject of the operation. Every purpose but a sign-in and a transaction has one.
    pub subject: Option<Subject>,
    /// The service behind this one for which the person signs in or approves, as this one calls it.
    pub client: Option<String>,
    /// A message to compare with the one shown where the person began.
    pub binding: Option<String>,
    /// The data of a transaction that arrived online: show them all before the PIN is asked.
    pub transaction: Option<OnlineTransaction>,
    /// The browser that asked.
    pub browser: Browser,
    /// The system that it runs on.
    pub system: System,
    /// The country that the request came from (ISO 3166-1 alpha-2), if it is known.
    pub place: Option<String>,
    /// When it was asked, by the service's clock.
    pub issued_at: SystemTime,
    /// From when on it can't be answered.
    pub expires_at: SystemTime,
    /// All of it but the moments in English, for an app without words of its own: show every row,
    /// in this order. Names and the labels of a transaction stand in quotation marks that they
    /// can't end.
    pub rows: Vec<LabelledValue>,
}

impl From<countersign::RequestDetails> for RequestDetails {
    fn from(asked: countersign::RequestDetails) -> Self {
        let row = |row: countersign::Row| LabelledValue {
            label: row.label,
            value: row.value,
        };
        Self {
            rows: asked.rows().into_iter().map(row).collect(),
            app_name: asked.app_name,
            host: asked.host,
            purpose: asked.purpose,
            subject: asked.subject.map(Subject::from),
            client: asked.client,
            binding: asked.binding,
            transaction: asked.transaction.map(OnlineTransaction::from),
            browser: asked.browser,
            system: asked.system,
            place: asked.place,
            issued_at: instant(asked.issued_at),
            expires_at: instant(asked.expires_at),
        }
    }
}
