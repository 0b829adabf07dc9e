//! The store in one SQLite file: one thread writes, batching commits ([`writer`]); readers have connections of their own (WAL).

mod accounts;
mod answers;
mod backup;
mod browsers;
mod challenges;
mod codes;
mod credentials;
mod devices;
mod enrolments;
mod facts;
mod failed;
mod guesses;
mod journal;
mod keys;
mod links;
mod open;
mod outcomes;
mod pushes;
mod recovery;
mod rows;
mod sessions;
mod updates;
mod writer;

use std::{
    fs::File,
    sync::{Arc, Mutex, OnceLock, PoisonError},
};

use async_trait::async_trait;
use countersign_protocol::{
    Step, Time,
    id::{AccountId, ChallengeId, DeviceId, EnrolmentId, Hash},
    update::What,
};
use rusqlite::Connection;

use super::*;
use crate::{
    base::email::Email,
    journal::Journal,
    keys::seal::SealError,
    policy::changes::{Change, Facts, Proof, Refused},
    security::{self, SecurityLog},
};
pub(crate) use backup::{BackupError, backup, prepare};
pub(crate) use journal::SettleError;
use journal::{Of, Progress};
pub(crate) use open::{OpenError, is_used, own_keys};
use writer::Writer;

/// So many idle connections for reading are kept.
const READERS: usize = 8;

/// The SQLite store. The service's own holds its folder's lock: a second service on the same folder is refused.
pub(crate) struct Sqlite {
    writer: Writer,
    readers: Mutex<Vec<Connection>>,
    path: std::path::PathBuf,
    /// Where what a restore must not undo is written too.
    journal: Arc<Mutex<Option<Journal>>>,
    /// How far the journal is.
    progress: Arc<Progress>,
    /// Where it is said what happened, once it is on the disk.
    security: OnceLock<Arc<SecurityLog>>,
    _lock: Option<File>,
}

impl Sqlite {
    /// Lets pending writes finish and closes the database.
    pub(crate) fn close(self) {
        drop(self.readers);
        self.writer.stop();
    }

    /// Says in this log what happens from now on.
    pub(crate) fn log_to(&self, log: Arc<SecurityLog>) {
        // A second one is another's.
        let _ = self.security.set(log);
    }

    /// Brings what older programs wrote of accounts into today's form: hashes of passwords are sealed, addresses have their one spelling.
    pub(crate) async fn renew_accounts(
        &self,
        seal: impl Fn(AccountId, &str) -> Result<String, SealError>,
    ) -> Result<(), StoreError> {
        let mut renewed = Vec::new();
        for (account, email, hash) in self.read(accounts::unsealed)? {
            let hash = seal(account, &hash).map_err(|_| StoreError::Damaged("password"))?;
            renewed.push((account, email, hash));
        }
        if renewed.is_empty() {
            return Ok(());
        }
        self.write(Write::RenewAccounts, move |c| {
            for (account, email, hash) in &renewed {
                accounts::renew(c, *account, email, hash)?;
            }
            Ok(())
        })
        .await
    }

    async fn write<T: Send + 'static>(
        &self,
        write: Write,
        work: impl FnOnce(&Connection) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let progress = Arc::clone(&self.progress);
        let recording = move |c: &Connection| {
            let before = journal::last(c)?;
            // What a transaction before this one saw, and was rolled back.
            security::take_seen();
            let done = work(c)?;
            let last = journal::last(c)?;
            if last > before {
                progress.record(last);
            }
            Ok((done, last > before, security::take_seen()))
        };
        let (done, recorded, seen) = self.writer.write(write, recording).await?;
        if let Some(log) = self.security.get() {
            for (at, happened) in &seen {
                log.note(*at, happened);
            }
        }
        if recorded {
            self.append_to_journal().await?;
        }
        Ok(done)
    }

    /// As [`Sqlite::write`], where what comes of it depends on a removal, a suspension or a panic that was before.
    async fn write_of<T: Send + 'static>(
        &self,
        of: Of,
        write: Write,
        work: impl FnOnce(&Connection) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let done = self.write(write, work).await;
        // That somebody is gone is told as well.
        if matches!(done, Ok(_) | Err(StoreError::Gone)) {
            self.told(of).await?;
        }
        done
    }

    /// As [`Sqlite::read`], where removals, suspensions and panics are read.
    async fn read_of<T: Send>(
        &self,
        of: Of,
        work: impl FnOnce(&Connection) -> Result<T, StoreError> + Send,
    ) -> Result<T, StoreError> {
        let found = self.read(work)?;
        self.told(of).await?;
        Ok(found)
    }

    /// Reads on the calling thread: a few indexed rows from the page cache take less time than a change of threads.
    fn read<T>(
        &self,
        work: impl FnOnce(&Connection) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        let idle = self
            .readers
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .pop();
        let connection = idle.map_or_else(|| open::reader(&self.path), Ok)?;
        let result = work(&connection);
        let mut readers = self.readers.lock().unwrap_or_else(PoisonError::into_inner);
        if readers.len() < READERS {
            readers.push(connection);
        }
        result
    }
}

#[async_trait]
impl Store for Sqlite {
    async fn setting(&self, name: &'static str) -> Result<Option<Vec<u8>>, StoreError> {
        self.read(|c| accounts::setting(c, name))
    }
    async fn set_setting(&self, name: &'static str, value: Vec<u8>) -> Result<(), StoreError> {
        self.write(Write::SetSetting, move |c| {
            accounts::set_setting(c, name, &value)
        })
        .await
    }
    async fn own_keys(&self) -> Result<OwnKeys, StoreError> {
        self.read(keys::own)
    }
    async fn publish(&self, new: Publication) -> Result<bool, StoreError> {
        self.write(Write::Publish, move |c| keys::publish(c, &new))
            .await
    }
    async fn sweep(&self, now: Time, backups: Time) -> Result<(), StoreError> {
        let dropped = self
            .write(Write::Sweep, move |c| {
                accounts::sweep(c, now)?;
                guesses::sweep(c, now)?;
                links::sweep(c, now)?;
                challenges::sweep(c, now)?;
                browsers::sweep(c, now)?;
                recovery::sweep(c, now)?;
                updates::sweep(c, now)?;
                enrolments::sweep(c, now)?;
                journal::drop_old(c, now.saturating_sub(backups))
            })
            .await?;
        // What could not be written when it happened.
        self.append_to_journal().await?;
        if dropped {
            self.rewrite_journal().await?;
        }
        let path = self.path.clone();
        let emptied = tokio::task::spawn_blocking(move || open::empty_log(&path));
        emptied.await.map_err(|_| StoreError::Stopped)?
    }

    async fn is_taken(&self, email: &Email, now: Time) -> Result<bool, StoreError> {
        self.read(|c| accounts::is_taken(c, email, None, now))
    }
    async fn ask_link(&self, link: NewLink, now: Time) -> Result<AskedLink, StoreError> {
        self.write(Write::AskLink, move |c| links::ask(c, &link, now))
            .await
    }
    async fn link(&self, id: LinkId, now: Time) -> Result<Option<Link>, StoreError> {
        self.read(|c| links::get(c, id, now))
    }
    async fn due_links(&self) -> Result<Vec<DueLink>, StoreError> {
        self.read(links::due)
    }
    async fn link_sent(&self, seq: u64) -> Result<(), StoreError> {
        self.write(Write::LinkSent, move |c| links::sent(c, seq))
            .await
    }
    async fn register(
        &self,
        link: LinkId,
        account: NewAccount,
        entry: Entry,
        now: Time,
    ) -> Result<bool, StoreError> {
        self.write(Write::Register, move |c| {
            links::register(c, link, &account, entry, now)
        })
        .await
    }
    async fn account_by_email(&self, email: &Email) -> Result<Option<Account>, StoreError> {
        self.read(|c| accounts::by_email(c, email.as_str()))
    }
    async fn account(&self, account: AccountId) -> Result<Option<Account>, StoreError> {
        self.read(|c| accounts::get(c, account))
    }
    async fn note_failed(
        &self,
        failed: Vec<(AccountId, u32)>,
        now: Time,
    ) -> Result<(), StoreError> {
        self.write(Write::Sweep, move |c| {
            for (account, wrong) in failed {
                failed::gather(c, account, failed::Failed::Passwords, wrong, now)?;
            }
            Ok(())
        })
        .await
    }
    async fn change_password(
        &self,
        account: AccountId,
        new: NewPassword,
        now: Time,
    ) -> Result<Result<(), Refused>, StoreError> {
        self.write_of(Of::Account(account), Write::ChangePassword, move |c| {
            credentials::change_password(c, account, &new, now)
        })
        .await
    }
    async fn open_reset(&self, link: LinkId, entry: Entry, now: Time) -> Result<bool, StoreError> {
        self.write(Write::OpenReset, move |c| {
            credentials::open_reset(c, link, entry, now)
        })
        .await
    }
    async fn reset_password(
        &self,
        account: AccountId,
        new: NewPassword,
        now: Time,
    ) -> Result<Result<(), Refused>, StoreError> {
        self.write_of(Of::Account(account), Write::ResetPassword, move |c| {
            credentials::reset_password(c, account, &new, now)
        })
        .await
    }
    async fn confirm_email(
        &self,
        link: LinkId,
        new: NewLink,
        now: Time,
    ) -> Result<Result<(), Refused>, StoreError> {
        self.write(Write::ConfirmEmail, move |c| {
            links::confirm_email(c, link, &new, now)
        })
        .await
    }
    async fn change_email(
        &self,
        link: LinkId,
        session: SessionHash,
        undo: NewLink,
        now: Time,
    ) -> Result<EmailChanged, StoreError> {
        self.write(Write::ChangeEmail, move |c| {
            credentials::change_email(c, link, session, &undo, now)
        })
        .await
    }
    async fn undo_email(
        &self,
        link: LinkId,
        password: String,
        notice: NewLink,
        now: Time,
    ) -> Result<bool, StoreError> {
        self.write(Write::UndoEmail, move |c| {
            credentials::undo_email(c, link, &password, &notice, now)
        })
        .await
    }
    async fn take_guess(&self, by: Guesser, now: Time) -> Result<Guess, StoreError> {
        self.write(Write::TakeGuess, move |c| guesses::take(c, &by, now))
            .await
    }
    async fn close_guesses(&self, by: Guesser, now: Time) -> Result<(), StoreError> {
        self.write(Write::CloseGuesses, move |c| guesses::tell(c, &by, now))
            .await
    }
    async fn forget_guesses(&self, by: Guesser, now: Time) -> Result<(), StoreError> {
        self.write(Write::ForgetGuesses, move |c| guesses::forget(c, &by, now))
            .await
    }

    async fn open_session(&self, entry: Entry) -> Result<Entered, StoreError> {
        let of = Of::Account(entry.session.account);
        self.write_of(of, Write::OpenSession, move |c| {
            sessions::enter_by_password(c, entry)
        })
        .await
    }
    async fn session(&self, hash: SessionHash, now: Time) -> Result<Option<Session>, StoreError> {
        self.read(|c| sessions::get(c, hash, now))
    }
    async fn touch_session(&self, hash: SessionHash, now: Time) -> Result<(), StoreError> {
        self.write(Write::TouchSession, move |c| sessions::touch(c, hash, now))
            .await
    }
    async fn end_session(&self, hash: SessionHash, now: Time) -> Result<(), StoreError> {
        self.write(Write::EndSession, move |c| sessions::end(c, hash, now))
            .await
    }
    async fn knows_browser(
        &self,
        browser: SessionHash,
        account: AccountId,
        now: Time,
    ) -> Result<bool, StoreError> {
        self.read(|c| browsers::knows(c, browser, account, now))
    }

    async fn devices(&self, account: AccountId) -> Result<Vec<Device>, StoreError> {
        self.read_of(Of::Account(account), |c| devices::of_account(c, account))
            .await
    }
    async fn device(&self, dev: DeviceId) -> Result<Option<Device>, StoreError> {
        self.read_of(Of::Device(dev), |c| devices::get(c, dev))
            .await
    }
    async fn rename_device(
        &self,
        account: AccountId,
        dev: DeviceId,
        name: String,
        now: Time,
    ) -> Result<Result<bool, Refused>, StoreError> {
        self.write(Write::RenameDevice, move |c| {
            match facts::allow(c, account, Change::Rename, Proof::Session, now)? {
                Ok(()) => devices::rename(c, account, dev, &name, now).map(Ok),
                Err(refused) => Ok(Err(refused)),
            }
        })
        .await
    }
    async fn remove_by_device(&self, dev: DeviceId, now: Time) -> Result<bool, StoreError> {
        self.write_of(Of::Device(dev), Write::RemoveByDevice, move |c| {
            devices::remove_by_itself(c, dev, now)
        })
        .await
    }
    async fn life(&self, dev: DeviceId, now: Time) -> Result<Life, StoreError> {
        self.read_of(Of::Device(dev), |c| updates::life(c, dev, now))
            .await
    }
    async fn adopt_last(
        &self,
        dev: DeviceId,
        last: Step,
        restored: Option<bool>,
        now: Time,
    ) -> Result<Step, StoreError> {
        self.write_of(Of::Device(dev), Write::AdoptLast, move |c| {
            devices::adopt_last(c, dev, last, restored, now)
        })
        .await
    }
    async fn advance_chain(&self, chain: NewChain) -> Result<(), StoreError> {
        self.write(Write::AdvanceChain, move |c| {
            devices::advance_chain(c, &chain)
        })
        .await
    }
    async fn next_step(&self, account: AccountId, now: Time) -> Result<Step, StoreError> {
        self.read(|c| devices::next_step(c, account, now))
    }

    async fn begin_enrolment(
        &self,
        enrolment: NewEnrolment,
        on: Begin,
        now: Time,
    ) -> Result<Result<(), Refused>, StoreError> {
        self.write(Write::BeginEnrolment, move |c| {
            enrolments::begin_on(c, &enrolment, &on, now)
        })
        .await
    }
    async fn enrolment(&self, id: EnrolmentId, now: Time) -> Result<Option<Enrolment>, StoreError> {
        self.read(|c| enrolments::get(c, id, now))
    }
    async fn claim(&self, claim: NewClaim, now: Time) -> Result<Option<Enrolment>, StoreError> {
        self.write(Write::Claim, move |c| enrolments::claim(c, &claim, now))
            .await
    }
    async fn set_pin_check(
        &self,
        id: EnrolmentId,
        session: SessionHash,
        pin_check: Vec<u8>,
        now: Time,
    ) -> Result<bool, StoreError> {
        self.write(Write::SetPinCheck, move |c| {
            enrolments::set_pin_check(c, id, session, &pin_check, now)
        })
        .await
    }
    async fn take_pin_try(
        &self,
        id: EnrolmentId,
        claim: Hash,
        now: Time,
    ) -> Result<Option<PinTry>, StoreError> {
        self.write(Write::TakePinTry, move |c| {
            enrolments::take_pin_try(c, id, claim, now)
        })
        .await
    }
    async fn fail_pin_try(&self, id: EnrolmentId, now: Time) -> Result<(), StoreError> {
        self.write(Write::FailPinTry, move |c| {
            enrolments::fail_pin_try(c, id, now)
        })
        .await
    }
    async fn take_enrolment_try(
        &self,
        id: EnrolmentId,
        session: SessionHash,
        now: Time,
    ) -> Result<Option<CodeTry>, StoreError> {
        self.write(Write::TakeEnrolmentTry, move |c| {
            enrolments::take_try(c, id, session, now)
        })
        .await
    }
    async fn finish_enrolment_try(
        &self,
        id: EnrolmentId,
        right: bool,
        now: Time,
    ) -> Result<(), StoreError> {
        self.write(Write::FinishEnrolmentTry, move |c| {
            enrolments::finish_try(c, id, right, now)
        })
        .await
    }
    async fn complete(
        &self,
        id: EnrolmentId,
        dev: DeviceId,
        now: Time,
    ) -> Result<Completion, StoreError> {
        self.write_of(Of::Device(dev), Write::Complete, move |c| {
            enrolments::complete(c, id, dev, now)
        })
        .await
    }

    async fn issue_approval(
        &self,
        challenge: NewChallenge,
        now: Time,
    ) -> Result<Issue, StoreError> {
        self.write(Write::IssueApproval, move |c| {
            challenges::issue_approval(c, &challenge, now)
        })
        .await
    }
    async fn issue_code(
        &self,
        challenge: NewChallenge,
        sign: SignStep,
        now: Time,
    ) -> Result<Issue, StoreError> {
        self.write(Write::IssueCode, move |c| {
            challenges::issue_code(c, &challenge, sign, now)
        })
        .await
    }
    async fn issue_mobile(&self, challenge: NewChallenge, now: Time) -> Result<Issue, StoreError> {
        self.write(Write::IssueMobile, move |c| {
            challenges::issue_mobile(c, &challenge, now)
        })
        .await
    }
    async fn challenge(&self, id: ChallengeId) -> Result<Option<Challenge>, StoreError> {
        self.read(|c| challenges::get(c, id))
    }
    async fn inbox(&self, dev: DeviceId, now: Time) -> Result<Vec<InboxItem>, StoreError> {
        self.read(|c| challenges::inbox(c, dev, now))
    }
    async fn outcome(&self, dev: DeviceId, signed: Hash) -> Result<Option<Known>, StoreError> {
        self.read_of(Of::Device(dev), |c| outcomes::get(c, dev, signed))
            .await
    }
    async fn begin_answer(&self, answer: AnswerFacts, now: Time) -> Result<AnswerStep, StoreError> {
        self.write_of(
            Of::Device(answer.answer.dev),
            Write::BeginAnswer,
            move |c| answers::begin(c, &answer, now),
        )
        .await
    }
    async fn finish_answer(&self, answer: CheckedAnswer, now: Time) -> Result<Outcome, StoreError> {
        self.write_of(Of::Device(answer.dev), Write::FinishAnswer, move |c| {
            answers::finish(c, &answer, now)
        })
        .await
    }

    async fn begin_update(
        &self,
        update: UpdateFacts,
        reseal: Reseal,
        now: Time,
    ) -> Result<UpdateStep, StoreError> {
        let write = match update.update.what {
            What::Change(_) => Write::BeginChange,
            What::Commit { .. } => Write::Commit,
            What::BiometricsOn { .. } | What::BiometricsOff { .. } => Write::BeginBiometrics,
            What::PushAddress(_) => Write::SetPushAddress,
        };
        self.write_of(Of::Device(update.update.dev), write, move |c| {
            updates::begin(c, &update, reseal, now)
        })
        .await
    }
    async fn finish_update(
        &self,
        update: UpdateFacts,
        right: bool,
        now: Time,
    ) -> Result<Outcome, StoreError> {
        self.write_of(
            Of::Device(update.update.dev),
            Write::FinishUpdate,
            move |c| updates::finish(c, &update, right, now),
        )
        .await
    }

    async fn push_address(&self, dev: DeviceId) -> Result<Option<Vec<u8>>, StoreError> {
        self.read(|c| pushes::get(c, dev))
    }
    async fn drop_push_address(&self, dev: DeviceId, address: Vec<u8>) -> Result<(), StoreError> {
        self.write(Write::DropPushAddress, move |c| {
            pushes::drop_gone(c, dev, &address)
        })
        .await
    }

    async fn take_code_try(
        &self,
        id: ChallengeId,
        session: SessionHash,
        now: Time,
    ) -> Result<CodeStep, StoreError> {
        self.write(Write::TakeCodeTry, move |c| {
            codes::take_try(c, id, session, now)
        })
        .await
    }
    async fn finish_code(
        &self,
        id: ChallengeId,
        winner: Option<RightCode>,
        counted: Vec<DeviceId>,
        now: Time,
    ) -> Result<bool, StoreError> {
        self.write(Write::FinishCode, move |c| {
            codes::finish(c, id, winner.as_ref(), &counted, now)
        })
        .await
    }
    async fn collect(
        &self,
        id: ChallengeId,
        session: SessionHash,
        then: Then,
        now: Time,
    ) -> Result<Option<Collected>, StoreError> {
        self.write(Write::Collect, move |c| {
            challenges::collect(c, id, session, then, now)
        })
        .await
    }
    async fn complete_mobile(
        &self,
        id: ChallengeId,
        entry: Entry,
        now: Time,
    ) -> Result<bool, StoreError> {
        self.write(Write::CompleteMobile, move |c| {
            challenges::complete_mobile(c, id, entry, now)
        })
        .await
    }

    async fn standing(&self, account: AccountId) -> Result<Standing, StoreError> {
        self.read_of(Of::Account(account), |c| recovery::standing(c, account))
            .await
    }
    async fn facts(&self, account: AccountId, now: Time) -> Result<Facts, StoreError> {
        self.read_of(Of::Account(account), |c| facts::of(c, account, now))
            .await
    }
    async fn panic(&self, new: Recovery, now: Time) -> Result<Vec<DeviceId>, StoreError> {
        self.write(Write::Panic, move |c| recovery::panic(c, &new, now))
            .await
    }
    async fn begin_recovery(
        &self,
        new: Recovery,
        now: Time,
    ) -> Result<Result<bool, Refused>, StoreError> {
        self.write(Write::BeginRecovery, move |c| recovery::begin(c, &new, now))
            .await
    }
    async fn recovery(&self, id: RecoveryId) -> Result<Option<Recovery>, StoreError> {
        self.read(|c| recovery::get(c, id))
    }
    async fn cancel_recovery(&self, id: RecoveryId, now: Time) -> Result<bool, StoreError> {
        self.write(Write::CancelRecovery, move |c| recovery::cancel(c, id, now))
            .await
    }
    async fn finish_recovery(
        &self,
        id: RecoveryId,
        entry: Entry,
        password: NewPassword,
        now: Time,
    ) -> Result<Option<Vec<DeviceId>>, StoreError> {
        self.write(Write::FinishRecovery, move |c| {
            recovery::finish(c, id, &entry, &password, now)
        })
        .await
    }
    async fn due_accounts(&self) -> Result<Vec<AccountId>, StoreError> {
        self.read(recovery::due_accounts)
    }
    async fn due_notices(
        &self,
        account: AccountId,
        now: Time,
    ) -> Result<Vec<DueNotice>, StoreError> {
        self.read(|c| recovery::due_notices(c, account, now))
    }
    async fn notice_sent(&self, ids: Vec<u64>) -> Result<(), StoreError> {
        self.write(Write::NoticeSent, move |c| recovery::notice_sent(c, &ids))
            .await
    }

    async fn events(&self, account: AccountId, at_most: u32) -> Result<Vec<Event>, StoreError> {
        self.read_of(Of::Account(account), |c| {
            accounts::events(c, account, at_most)
        })
        .await
    }
}
