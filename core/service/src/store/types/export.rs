//! What the service holds of a person, as it is handed out to them. No secret has a field here: no
//! hash, key, share, token, MAC, cookie or session's name, and nothing that is sealed.

use countersign_protocol::Time;

/// All but the history, each list with the newest first.
pub(crate) struct Export {
    pub(crate) account: ExportedAccount,
    pub(crate) devices: Vec<ExportedDevice>,
    pub(crate) sessions: Vec<ExportedSession>,
    /// When each browser last signed in that is known for the account.
    pub(crate) known_browsers: Vec<Time>,
    pub(crate) requests: Vec<ExportedRequest>,
    pub(crate) transactions: Vec<ExportedTransaction>,
    pub(crate) messages: Vec<ExportedMessage>,
    pub(crate) services: Vec<ExportedService>,
}

pub(crate) struct ExportedAccount {
    pub(crate) email: String,
    pub(crate) first_name: String,
    pub(crate) last_name: String,
    pub(crate) language: String,
    pub(crate) created_at: Time,
}

pub(crate) struct ExportedDevice {
    pub(crate) name: String,
    pub(crate) model: String,
    pub(crate) platform: String,
    pub(crate) state: String,
    pub(crate) created_at: Time,
    pub(crate) used_at: Time,
    pub(crate) hardware: bool,
    pub(crate) biometrics: bool,
}

pub(crate) struct ExportedSession {
    pub(crate) browser: Option<String>,
    pub(crate) place: Option<String>,
    pub(crate) created_at: Time,
    pub(crate) used_at: Time,
    /// What it proved, and when.
    pub(crate) proofs: Vec<(String, Time)>,
}

/// A request that went to a phone, or a code or signature that was asked for.
pub(crate) struct ExportedRequest {
    pub(crate) kind: String,
    /// The protocol's number.
    pub(crate) purpose: u64,
    pub(crate) state: String,
    pub(crate) issued_at: Time,
    pub(crate) closed_at: Option<Time>,
    /// How it was approved.
    pub(crate) method: Option<String>,
    /// The name of the device that approved it, if it is still there.
    pub(crate) device: Option<String>,
}

pub(crate) struct ExportedTransaction {
    pub(crate) operation: String,
    /// What was signed, as JSON.
    pub(crate) data: String,
    pub(crate) at: Time,
}

/// A message with a link, or without one, which went to an address.
pub(crate) struct ExportedMessage {
    pub(crate) kind: String,
    pub(crate) address: String,
    pub(crate) created_at: Time,
}

/// A service that was entered, by one session.
pub(crate) struct ExportedService {
    pub(crate) service: String,
    pub(crate) at: Time,
}
