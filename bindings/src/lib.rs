//! The phone's core for Kotlin and Swift.
//!
//! `Authenticator` is a whole phone. What this crate adds to the core is a shape that fits those
//! languages: calls that can be cancelled and never run on the caller's thread, errors to branch
//! on, the PIN as an object that only takes digits, and platform traits whose faults harm nothing.
//! It takes no decision. No secret comes out of it.

mod accounts;
mod asked;
mod authenticator;
mod biometrics;
mod checked;
mod codes;
mod enrol;
mod guard;
mod life;
mod limit;
mod pin;
mod platform;
mod problem;
mod push;
mod reader;
mod records;
mod requests;
mod run;
mod scan;
mod words;

pub use accounts::{AccountError, PhoneError, StatusError};
pub use asked::{LabelledValue, OnlineTransaction, RequestDetails, Subject};
pub use authenticator::{Authenticator, OpenError};
pub use biometrics::TurnOnError;
pub use codes::{CodeError, FormError, ReadError, SignError};
pub use enrol::{BeginError, ClaimError, CompleteError, EnrolmentOffer};
pub use life::{ChangeError, ForgottenError, Resumed};
pub use pin::{PinEntry, PinEntryError, UnlockMethod};
pub use platform::{
    Clock, ClockError, CreatedKey, KeyStore, KeyStoreError, Platform, PresenceError, UserPresence,
};
pub use problem::{
    FieldProblem, LinkProblem, PhoneProblem, Refusal, ServiceProblem, ServiceProblemKind,
};
pub use push::{PushAddress, PushAddressError, PushAddresses, PushKind};
pub use reader::{Biometrics, BiometricsError, CreatedBiometricKey};
pub use records::{
    Account, Approved, Claimed, CodeRequest, FormField, HistoryEvent, OfferDetails,
    OnMobileRequest, PendingRequest, Removed, Scanned, ShownCode, SignedTransaction, SignedValue,
    TransactionForm, TypedValue,
};
pub use requests::{AccountInbox, ApproveError, Inbox, InboxError, RequestWatcher};
pub use scan::{Candidate, Choice, PictureError, PixelFormat, QrCode, Scanner, choose_code};

uniffi::setup_scaffolding!("countersign");

/// Wipes all memory when it is given back: secrets pass through buffers that belong to nobody on
/// their way to and from a key store.
#[global_allocator]
static WIPING: zeroizing_alloc::ZeroAlloc<std::alloc::System> =
    zeroizing_alloc::ZeroAlloc(std::alloc::System);
