//! The phone's side of Countersign: a mobile authenticator's core.
//!
//! [`Authenticator`] is a whole phone: accounts at several services, requests to approve, one-time
//! codes without a network, signed transactions, a history. It holds to one rule: **nothing that it
//! stores, shows or sends tells a right PIN from a wrong one.** A wrong PIN gives a request or code
//! of the same form; the service is the judge.
//!
//! # A phone in a few lines
//! ```no_run
//! use countersign::{Authenticator, Pin, Scanned, Source, UnlockMethod};
//!
//! # async fn phone(qr_code: &str, sign_in_code: &str) -> Result<(), Box<dyn std::error::Error>> {
//! let phone = Authenticator::embedded("phone-data".as_ref())?;
//!
//! // Initialise: show host and account, ask for a new PIN twice, show the code for the page, wait
//! // for the page.
//! let offer = phone.begin_enrolment(qr_code, Source::Camera).await?;
//! println!("{} at {}", offer.details().account_label, offer.details().host);
//! let claimed = phone
//!     .claim_with_new_pin(&offer, Pin::from_bytes(b"4711")?, Pin::from_bytes(b"4711")?)
//!     .await?;
//! println!("type on the page: {:?}", claimed.confirmation_code);
//! let account = phone.complete_enrolment(claimed.account.number).await?;
//!
//! // Approve: show the details, then ask for the number that the computer shows, and the PIN.
//! for request in phone.pending(account.number).await? {
//!     println!("{} asks: {}", request.details.app_name, request.details);
//!     let pin = UnlockMethod::Pin(Pin::from_bytes(b"4711")?);
//!     phone.approve(request.id, None, Some(42), pin).await?;
//! }
//!
//! // A code without a network.
//! if let Scanned::Code(request) = phone.scan(sign_in_code, Source::Camera).await? {
//!     let shown = phone.code(request.id, UnlockMethod::Nothing).await?;
//!     println!("{}", *shown.code);
//! }
//! # Ok(()) }
//! ```
//!
//! # A phone's life
//! ```no_run
//! # use countersign::{AccountNumber, Authenticator, ChangeError, Pin, Refusal, Resumed};
//! # use std::error::Error;
//! # async fn life(phone: &Authenticator, account: AccountNumber) -> Result<(), Box<dyn Error>> {
//! # let pin = |digits: &[u8]| Pin::from_bytes(digits);
//! // At every start: finish or drop what a crash or a lost reply left unfinished, and show it.
//! for resumed in phone.resume().await? {
//!     if let Resumed::PinChanged(account) = resumed {
//!         println!("the new PIN of {} holds", account.name);
//!     }
//! }
//!
//! // The new PIN is typed twice. One PIN works at every moment; which one, the service says.
//! match phone.change_pin(account, pin(b"4711")?, pin(b"8023")?, pin(b"8023")?).await {
//!     Err(ChangeError::Refused(Refusal::WrongPin { tries_left, .. })) => {
//!         println!("{tries_left} tries left");
//!     }
//!     changed => println!("{}", changed?.name),
//! }
//!
//! // Forgotten or blocked: another of the person's devices or keys approves it on the service's
//! // page.
//! phone.watch_new_pin_grant(account).await?;
//! phone.set_forgotten_pin(account, pin(b"4711")?, pin(b"4711")?).await?;
//!
//! // Advice where an account can't be used as usual.
//! for account in phone.accounts()? {
//!     println!("{}: {}", account.name, account.advice().unwrap_or_default());
//! }
//! # Ok(()) }
//! ```
//!
//! # Shape
//! Every method takes `&self`; an [`Authenticator`] is `Send + Sync` and goes into an
//! [`std::sync::Arc`]. What it takes and gives are plain records and enums. What it needs of the
//! platform is in [`platform`] and [`transport`]; [`software`] is the default for a plain computer.
//! Methods that are `async` use the network, except where they say otherwise, and need a Tokio
//! runtime. Dropping a future stops the waiting and never leaves anything half done. Each operation
//! has its own error enum; every message says what happened and what to do.
//!
//! Two programs may use the same data at once: changes are transactions, and requests that go one
//! at a time wait for each other.

mod accounts;
mod authenticator;
mod biometrics;
mod codes;
mod durable;
mod exchange;
mod files;
mod phone;
mod pin;
pub mod platform;
mod requests;
mod scan;
mod start;
mod store;
mod sync;

pub use accounts::ClaimError;
pub use accounts::enrol::{BeginError, Claimed, CompleteError, EnrolmentOffer, OfferDetails};
pub use accounts::list::AccountError;
pub use accounts::remove::Removed;
pub use authenticator::{Authenticator, OpenError, Platform};
pub use biometrics::TurnOnError;
pub use codes::code::{CodeRequest, ShownCode};
pub use codes::sign::{
    FROM_YOUR_OWN_PAPERS, FormError, FormField, SignError, SignedTransaction, SignedValue,
    TransactionForm, TypedValue,
};
pub use codes::unlock::CodeError;
pub use countersign_protocol::Time;
pub use countersign_protocol::challenge::{Browser, Pair, Purpose, Subject, System, Unlock};
pub use countersign_protocol::field::{FieldError, FieldKind};
pub use countersign_protocol::id::ChallengeId;
pub use countersign_protocol::link::{Candidate, Choice, LinkError, Source, choose};
pub use countersign_protocol::pin::{Guessable, NotAPin, Pin, guessable};
pub use countersign_protocol::policy::steps::NotAccepted;
pub use countersign_qr as qr;
pub use exchange::ServiceError;
pub use phone::account::{AccountNumber, AccountState, AccountSummary, Refusal, quoted};
pub use phone::history::{HistoryEvent, Kind as EventKind};
pub use phone::secrets::UnlockMethod;
pub use phone::{Device, PhoneError};
pub use pin::change::ChangeError;
pub use pin::forgotten::ForgottenError;
pub use platform::{software, transport};
pub use requests::approve::{ApproveError, Approved};
pub use requests::asked::{OnlineTransaction, RequestDetails, Row, purpose_name, subject_name};
pub use requests::inbox::{Inbox, InboxError, PendingRequest};
pub use scan::{OnMobileRequest, ReadError, Scanned};
pub use start::Resumed;
pub use store::{DATABASE_FILE, StoreError};
pub use sync::refresh::StatusError;

/// The names of everything that the phone makes durable, for the tests that kill it before each.
#[cfg(debug_assertions)]
#[doc(hidden)]
pub const DURABLE_WRITES: &[&str] = durable::Write::ALL;
