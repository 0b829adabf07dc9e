//! What the service keeps. [`Store`] is one trait whose operations are steps of the protocol, each of them **one transaction**, durable
//! when it answers; another database is another implementation of it. Nothing here decides about signatures, codes or texts.

mod challenges;
mod credentials;
mod guesses;
mod links;
mod records;
mod recovery;
pub(crate) mod sqlite;
mod updates;

pub(crate) use crate::{base::durable::Write, journal::entry::*, keys::own::*};
pub(crate) use challenges::*;
pub(crate) use credentials::*;
pub(crate) use guesses::*;
pub(crate) use links::*;
pub(crate) use records::*;
pub(crate) use recovery::*;
pub(crate) use updates::*;

use async_trait::async_trait;
use countersign_protocol::{
    Step, Time,
    id::{AccountId, ChallengeId, DeviceId, EnrolmentId, Hash},
};
use rusqlite::ErrorCode;

use crate::{
    base::email::Email,
    policy::changes::{Facts, Refused},
};

/// Why the store did not do what it was asked. Nothing was changed, but where it says so.
#[derive(Debug, Clone, thiserror::Error)]
pub(crate) enum StoreError {
    /// No room is left on the disk.
    #[error(
        "there is no room left on the disk that holds the data folder. Free some: until then nothing is changed"
    )]
    Full,
    /// The data folder can't be written.
    #[error(
        "the data folder can't be written ({0}). Give this user the right to write there: until then nothing is changed"
    )]
    ReadOnly(String),
    /// The disk fails, or is too full for SQLite's own files.
    #[error(
        "the disk that holds the data folder is full or fails ({0}). Free some room, or see what the system says of the disk"
    )]
    Disk(String),
    /// Another program has locked the database.
    #[error("another program uses the database. Close it: only this service may")]
    Locked,
    /// The database refused for another reason.
    #[error("the database refused: {0}")]
    Database(String),
    /// What happened is in the database, and not in the journal yet.
    #[error(
        "this is done, but {0}. Until it can be written, a restore from a backup would undo it"
    )]
    Journal(String),
    /// The device was removed meanwhile.
    #[error("this device was removed")]
    Gone,
    /// A stored value has a form that this program never writes.
    #[error("a stored value is damaged: {0}")]
    Damaged(&'static str),
    /// The service is stopping.
    #[error("the service is stopping")]
    Stopped,
}

impl From<rusqlite::Error> for StoreError {
    fn from(error: rusqlite::Error) -> Self {
        match error.sqlite_error_code() {
            Some(ErrorCode::DiskFull) => Self::Full,
            Some(ErrorCode::ReadOnly | ErrorCode::CannotOpen | ErrorCode::PermissionDenied) => {
                Self::ReadOnly(error.to_string())
            }
            Some(ErrorCode::SystemIoFailure) => Self::Disk(error.to_string()),
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => Self::Locked,
            _ => Self::Database(error.to_string()),
        }
    }
}

/// The hash of a session's cookie.
pub(crate) type SessionHash = [u8; 32];

/// Signs a challenge for the step that was allotted to it, inside the transaction that allots it.
pub(crate) type SignStep = Box<dyn FnOnce(Step) -> Option<SignedMessage> + Send>;

/// The storage of the service. Times are arguments: the store has no clock.
#[async_trait]
pub(crate) trait Store: Send + Sync {
    /// A setting of the whole service.
    async fn setting(&self, name: &'static str) -> Result<Option<Vec<u8>>, StoreError>;
    /// Sets a setting.
    async fn set_setting(&self, name: &'static str, value: Vec<u8>) -> Result<(), StoreError>;
    /// The service's own keys and its information.
    async fn own_keys(&self) -> Result<OwnKeys, StoreError>;
    /// Publishes new information and changes the keys with it; `false` when another process was first.
    async fn publish(&self, new: Publication) -> Result<bool, StoreError>;
    /// Drops what has expired: sessions, unfinished enrolments with their pending devices, old outcomes and guesses, and the journal's lines
    /// of before `backups` seconds ago.
    async fn sweep(&self, now: Time, backups: Time) -> Result<(), StoreError>;

    /// Has this address an account?
    async fn is_taken(&self, email: &Email, now: Time) -> Result<bool, StoreError>;
    /// Takes a mailed link into the queue, if the limits leave room.
    async fn ask_link(&self, link: NewLink, now: Time) -> Result<AskedLink, StoreError>;
    /// A mailed link that works now.
    async fn link(&self, id: LinkId, now: Time) -> Result<Option<Link>, StoreError>;
    /// The oldest mailed links whose messages have not left.
    async fn due_links(&self) -> Result<Vec<DueLink>, StoreError>;
    /// The message with this link has left.
    async fn link_sent(&self, seq: u64) -> Result<(), StoreError>;
    /// Uses a link up to make the account that it was for, and lets the browser in; `false` when the link does not work, or its address
    /// has an account.
    async fn register(
        &self,
        link: LinkId,
        account: NewAccount,
        entry: Entry,
        now: Time,
    ) -> Result<bool, StoreError>;
    /// The account of an e-mail address.
    async fn account_by_email(&self, email: &Email) -> Result<Option<Account>, StoreError>;
    /// An account.
    async fn account(&self, account: AccountId) -> Result<Option<Account>, StoreError>;
    /// Sets a new password for who typed the old one, in an account without a factor.
    async fn change_password(
        &self,
        account: AccountId,
        new: NewPassword,
        now: Time,
    ) -> Result<Result<(), Refused>, StoreError>;
    /// Uses a link up to open the session in which a forgotten password is replaced; `false` when the link does not work.
    async fn open_reset(&self, link: LinkId, entry: Entry, now: Time) -> Result<bool, StoreError>;
    /// Replaces a forgotten password in an account without a factor.
    async fn reset_password(
        &self,
        account: AccountId,
        new: NewPassword,
        now: Time,
    ) -> Result<Result<(), Refused>, StoreError>;
    /// Uses a link to the present address up, and asks for the one to the new address.
    async fn confirm_email(
        &self,
        link: LinkId,
        new: NewLink,
        now: Time,
    ) -> Result<Result<(), Refused>, StoreError>;
    /// Uses a link to a new address up in its session: the address takes the old one's place, and the old one gets the link `undo`.
    async fn change_email(
        &self,
        link: LinkId,
        session: SessionHash,
        undo: NewLink,
        now: Time,
    ) -> Result<EmailChanged, StoreError>;
    /// Uses a link to an old address up: that is the account's again, its sessions end, and it is guarded. `false` when it does not work.
    async fn undo_email(
        &self,
        link: LinkId,
        password: String,
        notice: NewLink,
        now: Time,
    ) -> Result<bool, StoreError>;

    /// Takes a guess at a password before it is checked.
    async fn take_guess(&self, by: Guesser, now: Time) -> Result<Guess, StoreError>;
    /// So many passwords were wrong lately, of these accounts: their history tells of them, and one message a day at most.
    async fn note_failed(&self, failed: Vec<(AccountId, u32)>, now: Time)
    -> Result<(), StoreError>;
    /// The last guess of a share was wrong: the person is told.
    async fn close_guesses(&self, by: Guesser, now: Time) -> Result<(), StoreError>;
    /// The guess was right: forgets the wrong ones of its share.
    async fn forget_guesses(&self, by: Guesser, now: Time) -> Result<(), StoreError>;

    /// Lets a browser in whose password was right, as far as the account's factors leave it; an account's oldest sessions go when there are
    /// too many.
    async fn open_session(&self, entry: Entry) -> Result<Entered, StoreError>;
    /// A session that has not expired and was used lately.
    async fn session(&self, hash: SessionHash, now: Time) -> Result<Option<Session>, StoreError>;
    /// Notes that the session was used.
    async fn touch_session(&self, hash: SessionHash, now: Time) -> Result<(), StoreError>;
    /// Ends a session with all that it asked for and has not got.
    async fn end_session(&self, hash: SessionHash, now: Time) -> Result<(), StoreError>;
    /// Has this browser signed in to the account with more than the password, not too long ago?
    async fn knows_browser(
        &self,
        browser: SessionHash,
        account: AccountId,
        now: Time,
    ) -> Result<bool, StoreError>;

    /// An account's devices, pending ones left out, oldest first.
    async fn devices(&self, account: AccountId) -> Result<Vec<Device>, StoreError>;
    /// A device in any state.
    async fn device(&self, dev: DeviceId) -> Result<Option<Device>, StoreError>;
    /// Gives a device another name, where the policy allows it; `false` when it isn't this account's.
    async fn rename_device(
        &self,
        account: AccountId,
        dev: DeviceId,
        name: String,
        now: Time,
    ) -> Result<Result<bool, Refused>, StoreError>;
    /// A device removes itself, whatever its state: its key alone says so. It goes with everything that was sealed for it, all sessions of the
    /// account end, and if it was the last the account is guarded. `false` when it is gone already.
    async fn remove_by_device(&self, dev: DeviceId, now: Time) -> Result<bool, StoreError>;
    /// What the status of a device says of its keys.
    async fn life(&self, dev: DeviceId, now: Time) -> Result<Life, StoreError>;
    /// A device says that `last` is spent. Answers the step that its chain may be moved to. `restored` is told by an answer's state token, and
    /// `None` where there is none: only then nothing is done about a device that is ahead of what was allotted; otherwise the account's step
    /// follows it, or the device is suspended.
    async fn adopt_last(
        &self,
        dev: DeviceId,
        last: Step,
        restored: Option<bool>,
        now: Time,
    ) -> Result<Step, StoreError>;
    /// Moves a device's chain forward; it never goes back.
    async fn advance_chain(&self, chain: NewChain) -> Result<(), StoreError>;
    /// The least step for which the account has or may get an open challenge.
    async fn next_step(&self, account: AccountId, now: Time) -> Result<Step, StoreError>;

    /// Begins an enrolment that no approval was collected for, in place of any unfinished one of the account.
    async fn begin_enrolment(
        &self,
        enrolment: NewEnrolment,
        on: Begin,
        now: Time,
    ) -> Result<Result<(), Refused>, StoreError>;
    /// An enrolment that has not expired.
    async fn enrolment(&self, id: EnrolmentId, now: Time) -> Result<Option<Enrolment>, StoreError>;
    /// Records the first claim with its pending device, and gives the enrolment as it stands afterwards: with this claim or an earlier one.
    async fn claim(&self, claim: NewClaim, now: Time) -> Result<Option<Enrolment>, StoreError>;
    /// Sets V of an enrolment whose PIN is chosen in the browser; `false` when it isn't this session's, or not open. The page may choose anew.
    async fn set_pin_check(
        &self,
        id: EnrolmentId,
        session: SessionHash,
        pin_check: Vec<u8>,
        now: Time,
    ) -> Result<bool, StoreError>;
    /// Takes one of the three tries at that PIN for a claim, before its K is compared; the same claim again takes no other. `None`: not
    /// open, without V, or no tries left.
    async fn take_pin_try(
        &self,
        id: EnrolmentId,
        claim: Hash,
        now: Time,
    ) -> Result<Option<PinTry>, StoreError>;
    /// A K was wrong: the enrolment is void if it was the third.
    async fn fail_pin_try(&self, id: EnrolmentId, now: Time) -> Result<(), StoreError>;
    /// Takes one of the three tries at the six digits, before they are compared. `None`: no claim, or no tries left.
    async fn take_enrolment_try(
        &self,
        id: EnrolmentId,
        session: SessionHash,
        now: Time,
    ) -> Result<Option<CodeTry>, StoreError>;
    /// The digits were right, or wrong (the third wrong one voids the enrolment).
    async fn finish_enrolment_try(
        &self,
        id: EnrolmentId,
        right: bool,
        now: Time,
    ) -> Result<(), StoreError>;
    /// Makes a confirmed device active and ends sessions of the account that only a password began. Repeating it changes nothing.
    async fn complete(
        &self,
        id: EnrolmentId,
        dev: DeviceId,
        now: Time,
    ) -> Result<Completion, StoreError>;

    /// Opens an approval for a device; only the same session replaces one that is open.
    async fn issue_approval(&self, challenge: NewChallenge, now: Time)
    -> Result<Issue, StoreError>;
    /// Allots the account's next step to a code or a transaction and opens it.
    async fn issue_code(
        &self,
        challenge: NewChallenge,
        sign: SignStep,
        now: Time,
    ) -> Result<Issue, StoreError>;
    /// Opens a challenge that a phone answers in whose browser it began, in place of the browser's earlier one.
    async fn issue_mobile(&self, challenge: NewChallenge, now: Time) -> Result<Issue, StoreError>;
    /// A challenge.
    async fn challenge(&self, id: ChallengeId) -> Result<Option<Challenge>, StoreError>;
    /// The open, unexpired approvals for a device: the signed messages.
    async fn inbox(&self, dev: DeviceId, now: Time) -> Result<Vec<InboxItem>, StoreError>;
    /// What was answered to this request of the device before.
    async fn outcome(&self, dev: DeviceId, signed: Hash) -> Result<Option<Known>, StoreError>;
    /// Judges everything of an answer but its PIN or biometric signature, in the protocol's order, and takes a try before that is checked.
    async fn begin_answer(&self, answer: AnswerFacts, now: Time) -> Result<AnswerStep, StoreError>;
    /// Records what came of the signature: closes the challenge (if it is still open) and gives the try back, or leaves it spent.
    async fn finish_answer(&self, answer: CheckedAnswer, now: Time) -> Result<Outcome, StoreError>;

    /// Judges everything of an update but the PIN's signature, in the protocol's order, and takes a try before that is checked. What needs no
    /// PIN is done at once; a commit begins the next epoch, with the shares that `reseal` gives.
    async fn begin_update(
        &self,
        update: UpdateFacts,
        reseal: Reseal,
        now: Time,
    ) -> Result<UpdateStep, StoreError>;
    /// Records what came of the PIN's signature: does what was asked and gives the try back, or leaves it spent.
    async fn finish_update(
        &self,
        update: UpdateFacts,
        right: bool,
        now: Time,
    ) -> Result<Outcome, StoreError>;

    /// Where push messages for a device in use go, sealed.
    async fn push_address(&self, dev: DeviceId) -> Result<Option<Vec<u8>>, StoreError>;
    /// There is no such address any more: forgets it, if no newer one has taken its place.
    async fn drop_push_address(&self, dev: DeviceId, address: Vec<u8>) -> Result<(), StoreError>;

    /// Takes one of a challenge's three tries at a code, and one of the account's, before the code is computed.
    async fn take_code_try(
        &self,
        id: ChallengeId,
        session: SessionHash,
        now: Time,
    ) -> Result<CodeStep, StoreError>;
    /// The code was this device's, or nobody's. `true`: it is accepted; a code is accepted once. `counted`: the devices for which the try
    /// was taken, which get it back.
    async fn finish_code(
        &self,
        id: ChallengeId,
        winner: Option<RightCode>,
        counted: Vec<DeviceId>,
        now: Time,
    ) -> Result<bool, StoreError>;
    /// The browser collects the result: once, within a minute, by the session that asked, while the device is active. What it was asked for
    /// is done with it.
    async fn collect(
        &self,
        id: ChallengeId,
        session: SessionHash,
        then: Then,
        now: Time,
    ) -> Result<Option<Collected>, StoreError>;

    /// The browser that began on a phone comes back with what the phone was given, and is let in: once, before the challenge expires, while
    /// the device is active.
    async fn complete_mobile(
        &self,
        id: ChallengeId,
        entry: Entry,
        now: Time,
    ) -> Result<bool, StoreError>;

    /// How the account stands for who has given its password.
    async fn standing(&self, account: AccountId) -> Result<Standing, StoreError>;
    /// How the account stands, for the policy of changes.
    async fn facts(&self, account: AccountId, now: Time) -> Result<Facts, StoreError>;
    /// Ends all sessions of the account, deletes every factor, and opens this recovery, unless none was left and one that STOP opened is
    /// running. Answers the devices that were there.
    async fn panic(&self, new: Recovery, now: Time) -> Result<Vec<DeviceId>, StoreError>;
    /// Opens this recovery, or notes that the message of the one under way is to go out again. `false`: too many messages already.
    async fn begin_recovery(
        &self,
        new: Recovery,
        now: Time,
    ) -> Result<Result<bool, Refused>, StoreError>;
    /// A recovery that is under way.
    async fn recovery(&self, id: RecoveryId) -> Result<Option<Recovery>, StoreError>;
    /// Cancels a recovery; `false` when it is not under way.
    async fn cancel_recovery(&self, id: RecoveryId, now: Time) -> Result<bool, StoreError>;
    /// Ends a recovery whose time has come: sessions and factors go, and the browser is let in, from which the account takes a new factor.
    /// Answers the devices that were there; `None` when it is not under way or too early.
    async fn finish_recovery(
        &self,
        id: RecoveryId,
        entry: Entry,
        password: NewPassword,
        now: Time,
    ) -> Result<Option<Vec<DeviceId>>, StoreError>;
    /// The accounts that are to be told of something, those that wait longest first.
    async fn due_accounts(&self) -> Result<Vec<AccountId>, StoreError>;
    /// The oldest events that an account is to be told of and has not been.
    async fn due_notices(
        &self,
        account: AccountId,
        now: Time,
    ) -> Result<Vec<DueNotice>, StoreError>;
    /// The message about these events has left.
    async fn notice_sent(&self, ids: Vec<u64>) -> Result<(), StoreError>;

    /// The newest events, newest first.
    async fn events(&self, account: AccountId, at_most: u32) -> Result<Vec<Event>, StoreError>;
}
