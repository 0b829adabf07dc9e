//! The phone's side of Countersign: a mobile authenticator's core.
//!
//! [`Authenticator`] is a whole phone: accounts at several services, requests to approve, one-time codes without a network, signed
//! transactions, a history. It holds to one rule: **nothing that it stores, shows or sends tells a right PIN from a wrong one.** A wrong PIN
//! gives a request or code of the same form; the service is the judge.
//!
//! # A phone in a few lines
//! ```no_run
//! use countersign::{Authenticator, Pin, Scanned, Source};
//!
//! # async fn phone(qr_code: &str, sign_in_code: &str) -> Result<(), Box<dyn std::error::Error>> {
//! let phone = Authenticator::embedded("phone-data".as_ref())?;
//!
//! // Initialise: show host and account, ask for a new PIN twice, show the code for the page, wait for the page.
//! let offer = phone.begin_enrolment(qr_code, Source::Camera).await?;
//! println!("{} at {}", offer.details().account_label, offer.details().host);
//! let claimed = phone
//!     .claim_with_new_pin(&offer, Pin::from_bytes(b"4711")?, Pin::from_bytes(b"4711")?)
//!     .await?;
//! println!("type on the page: {:?}", claimed.confirmation_code);
//! let account = phone.complete_enrolment(claimed.account.number).await?;
//!
//! // Approve: who asks, for what, from where; then the number that the computer shows, and the PIN.
//! for request in phone.pending(account.number).await? {
//!     println!("{} asks: {}", request.asked.app_name, request.asked);
//!     phone.approve(request.id, Some(42), Pin::from_bytes(b"4711")?).await?;
//! }
//!
//! // A code without a network.
//! if let Scanned::Code(request) = phone.scan(sign_in_code, Source::Camera).await? {
//!     let shown = phone.code(request.id, None).await?;
//!     println!("{}", *shown.code);
//! }
//! # Ok(()) }
//! ```
//!
//! # A phone's life
//! ```no_run
//! # use countersign::{AccountNumber, Authenticator, ChangeError, Pin, Resumed};
//! # async fn life(phone: &Authenticator, account: AccountNumber) -> Result<(), Box<dyn std::error::Error>> {
//! # let pin = |digits: &[u8]| Pin::from_bytes(digits);
//! // At every start: what a crash or a lost answer left unfinished is finished or dropped, and the person hears of it.
//! for resumed in phone.resume().await? {
//!     if let Resumed::PinChanged(account) = resumed {
//!         println!("the new PIN of {} holds", account.name);
//!     }
//! }
//!
//! // The new PIN is typed twice. One PIN works at every moment; which one, the service says.
//! match phone.change_pin(account, pin(b"4711")?, pin(b"8023")?, pin(b"8023")?).await {
//!     Err(ChangeError::WrongPin { tries_left, .. }) => println!("{tries_left} tries left"),
//!     changed => println!("{}", changed?.name),
//! }
//!
//! // Forgotten or blocked: another of the person's devices or keys approves it on the service's page.
//! phone.watch_new_pin_grant(account).await?;
//! phone.set_forgotten_pin(account, pin(b"4711")?, pin(b"4711")?).await?;
//!
//! // What to say where an account can't be used as usual.
//! for account in phone.accounts()? {
//!     println!("{}: {}", account.name, account.advice().unwrap_or_default());
//! }
//! # Ok(()) }
//! ```
//!
//! # Shape
//! Every method takes `&self`; an [`Authenticator`] is `Send + Sync` and goes into an [`std::sync::Arc`]. What it takes and gives are plain records
//! and enums. What it needs of the platform is in [`platform`] and [`transport`]; [`software`] is the default for a plain computer.
//! Methods that are `async` use the network, except where they say otherwise, and need a Tokio runtime. Dropping a future stops the waiting
//! and never leaves anything half done. Each operation has its own error enum; every message says what happened and what to do.
//!
//! Two programs may use the same data at once: changes are transactions, and requests that go one at a time wait for each other.

mod account;
mod advice;
mod approve;
mod asked;
#[cfg(feature = "platform-authorities")]
mod authorities;
mod biometrics;
mod change;
mod code;
mod enrol;
mod epoch;
mod forgotten;
mod history;
mod inbox;
mod keys;
mod open;
mod phone;
pub mod platform;
mod push;
mod read;
mod remove;
mod resume;
mod rounds;
mod service;
mod sign;
pub mod software;
mod status;
mod store;
pub mod transport;

use std::path::Path;
use std::sync::Arc;

pub use account::{AccountError, AccountNumber, AccountState, AccountSummary};
pub use approve::{ApproveError, Approved};
pub use asked::{Asked, OnlineTransaction, Row, purpose_name, quoted, subject_name};
pub use biometrics::TurnOnError;
pub use change::ChangeError;
pub use code::{CodeError, CodeRequest, ShownCode};
pub use countersign_protocol::Time;
pub use countersign_protocol::challenge::{Browser, Pair, Purpose, Subject, System, Unlock};
pub use countersign_protocol::field::{FieldError, FieldKind};
pub use countersign_protocol::id::ChallengeId;
pub use countersign_protocol::link::{LinkError, Source};
pub use countersign_protocol::pin::{Guessable, NotAPin, Pin, guessable};
pub use countersign_protocol::policy::steps::NotAccepted;
pub use countersign_qr::{draw, scan};
pub use enrol::{BeginError, ClaimError, Claimed, CompleteError, EnrolmentOffer, OfferDetails};
pub use forgotten::ForgottenError;
pub use history::{Event, Kind as EventKind};
pub use inbox::{Inbox, InboxError, PendingRequest};
pub use open::{OpenError, Platform};
pub use phone::{Device, PhoneError};
pub use read::{OnMobileRequest, ReadError, Scanned};
pub use remove::Removed;
pub use resume::Resumed;
pub use service::ServiceError;
pub use sign::{
    FROM_YOUR_OWN_PAPERS, FormError, FormField, SignError, SignedTransaction, SignedValue,
    TransactionForm, TypedValue,
};
pub use status::StatusError;
pub use store::{DATABASE_FILE, StoreError};

/// The names of everything that the phone makes durable, for the tests that kill it before each.
#[cfg(debug_assertions)]
#[doc(hidden)]
pub const DURABLE_WRITES: &[&str] = store::Write::ALL;

use code::By;
use phone::Phone;

/// A whole phone.
pub struct Authenticator {
    phone: Arc<Phone>,
}

impl Authenticator {
    /// Opens a phone on a plain computer: its data and its wrapping key are in `folder`, which is made if it is not there.
    ///
    /// # Errors
    /// If the data or the key can't be used; the message says what to do.
    pub fn embedded(folder: &Path) -> Result<Self, OpenError> {
        let phone = Arc::new(open::embedded(folder)?);
        Ok(Self { phone })
    }

    /// The same with a stand-in for a fingerprint reader, as [`Platform::with_stand_in_reader`] has it: to try biometrics out with.
    ///
    /// # Errors
    /// As [`Authenticator::embedded`].
    pub fn embedded_with_stand_in_reader(folder: &Path) -> Result<Self, OpenError> {
        let phone = Arc::new(open::embedded_with_stand_in_reader(folder)?);
        Ok(Self { phone })
    }

    /// Opens a phone with what its platform gives.
    ///
    /// # Errors
    /// If the data can't be used, or were sealed with another key; the message says what to do.
    pub fn open(folder: &Path, platform: Platform) -> Result<Self, OpenError> {
        let phone = Arc::new(open::open(folder, platform)?);
        Ok(Self { phone })
    }

    /// Reads the text of a code or link, and says whose it is and what it asks for. Without a network, unless the service changed its keys.
    ///
    /// # Errors
    /// If it is not for this phone, not genuine, expired or used.
    pub async fn scan(&self, text: &str, source: Source) -> Result<Scanned, ReadError> {
        read::read(&self.phone, text, source).await
    }

    /// Begins an enrolment: reads the code and verifies it with what its origin serves. Nothing is stored yet. Show
    /// [`EnrolmentOffer::details`] before asking for a PIN.
    ///
    /// # Errors
    /// If it is not genuine or expired, the account is here already, or the service can't be reached.
    pub async fn begin_enrolment(
        &self,
        text: &str,
        source: Source,
    ) -> Result<EnrolmentOffer, BeginError> {
        enrol::begin(&self.phone, text, source).await
    }

    /// Claims an account with a PIN that is chosen here and was typed twice. Show the confirmation code, then call
    /// [`Authenticator::complete_enrolment`].
    ///
    /// # Errors
    /// If the PINs differ or are easy to guess, or the service does not take the claim.
    pub async fn claim_with_new_pin(
        &self,
        offer: &EnrolmentOffer,
        pin: Pin,
        again: Pin,
    ) -> Result<Claimed, ClaimError> {
        enrol::claim_with_new_pin(&self.phone, offer, pin, again).await
    }

    /// Claims an account with the PIN that was chosen in the browser. After a wrong one the same offer can be claimed again.
    ///
    /// # Errors
    /// If the service says that the PIN is wrong, or does not take the claim.
    pub async fn claim_with_browser_pin(
        &self,
        offer: &EnrolmentOffer,
        pin: Pin,
    ) -> Result<Claimed, ClaimError> {
        enrol::claim_with_browser_pin(&self.phone, offer, pin).await
    }

    /// Waits until the claim is confirmed on the page (at once, where the PIN was chosen in the browser); then the account is in use.
    ///
    /// # Errors
    /// If the service drops the enrolment, or nobody confirms it in time.
    pub async fn complete_enrolment(
        &self,
        account: AccountNumber,
    ) -> Result<AccountSummary, CompleteError> {
        enrol::complete(&self.phone, account).await
    }

    /// Finishes or drops what an earlier run left unfinished: enrolments, changes of the PIN, biometrics,
    /// and tells services of what was removed here, and where push messages go, if that is another place than they know. Call it at every
    /// start; without anything it does nothing.
    ///
    /// # Errors
    /// If something on this phone is in the way. A service that can't be reached is no error.
    pub async fn resume(&self) -> Result<Vec<Resumed>, PhoneError> {
        resume::resume(&self.phone).await
    }

    /// The platform has another push address: asks it for those of all accounts ([`platform::PushAddresses`]) and tells the services that know
    /// another one. It says whether all know theirs now; otherwise the next start tells them, or the next call. It takes five seconds at most.
    ///
    /// # Errors
    /// If something on this phone is in the way. A service that can't be reached is no error.
    pub async fn push_address_changed(&self) -> Result<bool, PhoneError> {
        push::tell_all(&self.phone).await
    }

    /// The open requests of one account.
    ///
    /// # Errors
    /// If the service can't be reached or does not know this phone.
    pub async fn pending(&self, account: AccountNumber) -> Result<Vec<PendingRequest>, InboxError> {
        inbox::pending(&self.phone, account).await
    }

    /// The open requests of all accounts, the oldest first, and the accounts that could not be asked about.
    ///
    /// # Errors
    /// If something on this phone is in the way.
    pub async fn pending_all(&self) -> Result<Inbox, PhoneError> {
        inbox::pending_all(&self.phone).await
    }

    /// Waits until an account has an open request other than `known`, which is the one on the screen. Networks that fail are waited out.
    ///
    /// # Errors
    /// What waiting can't heal: the service does not know this phone any more, for instance.
    pub async fn watch(
        &self,
        account: AccountNumber,
        known: Option<ChallengeId>,
    ) -> Result<Vec<PendingRequest>, InboxError> {
        inbox::watch(&self.phone, account, known).await
    }

    /// Waits until any account has an open request that is not among `known`.
    ///
    /// # Errors
    /// If waiting can help for none of the accounts, or there is none in use.
    pub async fn watch_all(
        &self,
        known: &[ChallengeId],
    ) -> Result<Vec<PendingRequest>, InboxError> {
        inbox::watch_all(&self.phone, known).await
    }

    /// Approves a request of the inbox. `number` is what the computer shows, where [`PendingRequest::number_asked`] says so.
    ///
    /// # Errors
    /// [`ApproveError::WrongPin`] with the tries left, after which the same request can be approved again; [`ApproveError::WrongNumber`], which
    /// ends it; and the rest.
    pub async fn approve(
        &self,
        request: ChallengeId,
        number: Option<u8>,
        pin: Pin,
    ) -> Result<Approved, ApproveError> {
        approve::approve(&self.phone, request, number, By::Pin(pin)).await
    }

    /// Approves what began in a browser on this phone. Open [`Approved::open`] in that browser at once.
    ///
    /// # Errors
    /// As [`Authenticator::approve`].
    pub async fn approve_on_mobile(
        &self,
        request: ChallengeId,
        account: AccountNumber,
        pin: Pin,
    ) -> Result<Approved, ApproveError> {
        approve::approve_on_mobile(&self.phone, request, account, By::Pin(pin)).await
    }

    /// Approves a request of the inbox with a finger or face in the place of the PIN, where [`PendingRequest::unlock`] and the account allow it.
    ///
    /// # Errors
    /// [`ApproveError::Biometrics`], after which the same request can be approved with the PIN; and as [`Authenticator::approve`].
    pub async fn approve_with_biometrics(
        &self,
        request: ChallengeId,
        number: Option<u8>,
    ) -> Result<Approved, ApproveError> {
        approve::approve(&self.phone, request, number, By::Biometrics).await
    }

    /// The same for what began in a browser on this phone. Open [`Approved::open`] in that browser at once.
    ///
    /// # Errors
    /// As [`Authenticator::approve_with_biometrics`].
    pub async fn approve_on_mobile_with_biometrics(
        &self,
        request: ChallengeId,
        account: AccountNumber,
    ) -> Result<Approved, ApproveError> {
        approve::approve_on_mobile(&self.phone, request, account, By::Biometrics).await
    }

    /// Declines what began in a browser on this phone. It is final and asks no PIN; the account says whose phone it was.
    ///
    /// # Errors
    /// As [`Authenticator::decline`].
    pub async fn decline_on_mobile(
        &self,
        request: ChallengeId,
        account: AccountNumber,
    ) -> Result<(), ApproveError> {
        approve::decline_on_mobile(&self.phone, request, account).await
    }

    /// Declines it and reports it as fraud: the person did not begin it, somebody sent them the link.
    ///
    /// # Errors
    /// As [`Authenticator::decline`].
    pub async fn report_on_mobile(
        &self,
        request: ChallengeId,
        account: AccountNumber,
    ) -> Result<(), ApproveError> {
        approve::report_on_mobile(&self.phone, request, account).await
    }

    /// Declines a request of the inbox. It is final and asks no PIN.
    ///
    /// # Errors
    /// If it is not open any more, or the service can't be reached.
    pub async fn decline(&self, request: ChallengeId) -> Result<(), ApproveError> {
        approve::decline(&self.phone, request).await
    }

    /// Declines a request that the person did not begin, and reports it as fraud.
    ///
    /// # Errors
    /// As [`Authenticator::decline`].
    pub async fn report(&self, request: ChallengeId) -> Result<(), ApproveError> {
        approve::report(&self.phone, request).await
    }

    /// Makes the sign-in code of a scanned request, without a network. `pin` where [`CodeRequest::unlock`] asks for it. Until it expires, asking
    /// again gives the same code whatever PIN is given; it was computed with the one that was typed first.
    ///
    /// # Errors
    /// If the request expired or its step was used; the step is spent only when there is a code.
    pub async fn code(
        &self,
        request: ChallengeId,
        pin: Option<Pin>,
    ) -> Result<ShownCode, CodeError> {
        code::code(&self.phone, request, pin.into()).await
    }

    /// The same with a finger or face in the place of the PIN, where [`CodeRequest::unlock`] and the account allow it.
    ///
    /// # Errors
    /// As [`Authenticator::code`], and [`CodeError::Biometrics`], after which the PIN may be used.
    pub async fn code_with_biometrics(&self, request: ChallengeId) -> Result<ShownCode, CodeError> {
        code::code(&self.phone, request, By::Biometrics).await
    }

    /// Checks one field of a transaction while it is being typed, and returns the value as it would be signed.
    ///
    /// # Errors
    /// What is wrong with it, and what to type.
    pub fn check_field(
        &self,
        transaction: ChallengeId,
        typed: &TypedValue,
    ) -> Result<String, FormError> {
        sign::check_field(&self.phone, transaction, typed)
    }

    /// Checks the whole form and returns the values as they will be signed: show them before asking for the PIN.
    ///
    /// # Errors
    /// The first field that is wrong or missing.
    pub fn review(
        &self,
        transaction: ChallengeId,
        typed: &[TypedValue],
    ) -> Result<Vec<SignedValue>, FormError> {
        sign::review(&self.phone, transaction, typed)
    }

    /// Signs what was typed, without a network: the code fits exactly these values. The same values give the same code until it expires.
    ///
    /// # Errors
    /// If a value is not good, the form expired, or a code was made for other values.
    pub async fn sign(
        &self,
        transaction: ChallengeId,
        typed: &[TypedValue],
        pin: Option<Pin>,
    ) -> Result<SignedTransaction, SignError> {
        sign::sign(&self.phone, transaction, typed, pin.into()).await
    }

    /// The same with a finger or face in the place of the PIN, where [`TransactionForm::unlock`] and the account allow it.
    ///
    /// # Errors
    /// As [`Authenticator::sign`], and [`CodeError::Biometrics`], after which the PIN may be used.
    pub async fn sign_with_biometrics(
        &self,
        transaction: ChallengeId,
        typed: &[TypedValue],
    ) -> Result<SignedTransaction, SignError> {
        sign::sign(&self.phone, transaction, typed, By::Biometrics).await
    }

    /// Whether to offer biometrics for an account: there is a finger or face to ask, and they are not on.
    ///
    /// # Errors
    /// If the data can't be read.
    pub fn biometrics_offered(&self, account: AccountNumber) -> Result<bool, PhoneError> {
        biometrics::offered(&self.phone, account)
    }

    /// Turns biometrics on for an account, with its PIN, which always stays as the way back. A new PIN turns them off, and so does the
    /// platform when fingers or faces are added.
    ///
    /// # Errors
    /// [`TurnOnError::WrongPin`] with the tries left; [`TurnOnError::Unfinished`] if no answer came; and the rest, after which they are off.
    pub async fn turn_on_biometrics(
        &self,
        account: AccountNumber,
        pin: Pin,
    ) -> Result<AccountSummary, TurnOnError> {
        biometrics::turn_on(&self.phone, account, pin).await
    }

    /// Turns biometrics off for an account, without a network too: the service is told now or later.
    ///
    /// # Errors
    /// If something on this phone is in the way.
    pub async fn turn_off_biometrics(
        &self,
        account: AccountNumber,
    ) -> Result<AccountSummary, PhoneError> {
        biometrics::turn_off(&self.phone, account).await
    }

    /// Changes an account's PIN. The new one is typed twice and must not be easy to guess; whether the old one is right is told by the service
    /// alone. Whatever breaks off, one PIN works, and [`Authenticator::resume`] or the next request finds out which.
    ///
    /// # Errors
    /// [`ChangeError::WrongPin`] with the tries left; [`ChangeError::Unfinished`] if the last answer did not come; and the rest, after which
    /// the PIN is as it was.
    pub async fn change_pin(
        &self,
        account: AccountNumber,
        old: Pin,
        new: Pin,
        again: Pin,
    ) -> Result<AccountSummary, ChangeError> {
        change::change_pin(&self.phone, account, old, new, again).await
    }

    /// Makes new keys for an account, with the same PIN: the old ones vouch for them.
    ///
    /// # Errors
    /// As [`Authenticator::change_pin`].
    pub async fn rotate_keys(
        &self,
        account: AccountNumber,
        pin: Pin,
    ) -> Result<AccountSummary, ChangeError> {
        change::rotate_keys(&self.phone, account, pin).await
    }

    /// Whether another factor has approved on the service's page that this phone sets a PIN anew. The approval holds for ten minutes.
    ///
    /// # Errors
    /// If the service can't be reached or does not know this phone, or suspended it.
    pub async fn can_set_new_pin(&self, account: AccountNumber) -> Result<bool, ForgottenError> {
        forgotten::can_set(&self.phone, account).await
    }

    /// Waits until another factor has approved it. Networks that fail are waited out; dropping the future stops the waiting.
    ///
    /// # Errors
    /// What waiting can't heal.
    pub async fn watch_new_pin_grant(&self, account: AccountNumber) -> Result<(), ForgottenError> {
        forgotten::watch(&self.phone, account).await
    }

    /// Sets a PIN anew, typed twice, after another factor approved it: where it was forgotten, blocked, or is not the service's any more. It
    /// lifts a block.
    ///
    /// # Errors
    /// [`ForgottenError::NotGranted`] with what to do first; [`ForgottenError::Unfinished`] if the last answer did not come; and the rest, after
    /// which the PIN is as it was.
    pub async fn set_forgotten_pin(
        &self,
        account: AccountNumber,
        new: Pin,
        again: Pin,
    ) -> Result<AccountSummary, ForgottenError> {
        forgotten::set_pin(&self.phone, account, new, again).await
    }

    /// The accounts on this phone.
    ///
    /// # Errors
    /// If the data can't be read.
    pub fn accounts(&self) -> Result<Vec<AccountSummary>, PhoneError> {
        account::list(&self.phone)
    }

    /// Asks the service how an account stands: names, tries left, and the step from which on codes may be asked.
    ///
    /// # Errors
    /// If the service can't be reached or does not know this phone.
    pub async fn refresh(&self, account: AccountNumber) -> Result<AccountSummary, StatusError> {
        status::refresh(&self.phone, account).await
    }

    /// Gives an account another name on this phone: 1 to 40 characters.
    ///
    /// # Errors
    /// If it is no name.
    pub fn rename(
        &self,
        account: AccountNumber,
        name: &str,
    ) -> Result<AccountSummary, AccountError> {
        account::rename(&self.phone, account, name)
    }

    /// Removes an account from this phone, without a network too: everything of it goes at once, but for the key that tells the service, now or at
    /// a later [`Authenticator::resume`]. [`Removed::next`] says what is left to do.
    ///
    /// # Errors
    /// If the data can't be written.
    pub async fn remove(&self, account: AccountNumber) -> Result<Removed, PhoneError> {
        remove::remove(&self.phone, account).await
    }

    /// What happened on this phone, the newest first.
    ///
    /// # Errors
    /// If the data can't be read.
    pub fn history(&self) -> Result<Vec<Event>, PhoneError> {
        history::list(&self.phone)
    }

    /// The history as comma-separated values (RFC 4180).
    ///
    /// # Errors
    /// If the data can't be read.
    pub fn export_history(&self) -> Result<String, PhoneError> {
        history::export(&self.phone)
    }
}
