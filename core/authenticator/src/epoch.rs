//! A new PIN epoch in two phases (§13): slot B is stored beside slot A, then `change` is sent, then `commit`; then A is erased. Whatever breaks
//! off or is lost, one PIN works, and the service's word tells which: [`settle`].

use countersign_protocol::answer::StateToken;
use countersign_protocol::change::{ChangeDraft, ChangeSecrets};
use countersign_protocol::id::{ChallengeId, Hash, PublicKey};
use countersign_protocol::keys::{Chain, PinKeys};
use countersign_protocol::pin::Pin;
use countersign_protocol::reply::{Reply, ResultCode};
use countersign_protocol::request::Unsigned;
use countersign_protocol::secret::{Secret, Secret32};
use countersign_protocol::update::{Change, ChangeKind, NewDeviceKey, Update, What};
use rusqlite::Connection;

use crate::biometrics;
use crate::history::{self, Kind};
use crate::keys::{C, D, N, Random, random_secret};
use crate::phone::{Phone, PhoneError};
use crate::platform::{DeviceKey, KeyStoreError};
use crate::rounds::Rounds;
use crate::service::{Asking, ServiceError};
use crate::status;
use crate::store::{Account, PendingChange, RequestLock, State, Write};

/// What a new epoch is to be.
pub(crate) struct Plan<'a> {
    pub(crate) kind: ChangeKind,
    /// Its number.
    pub(crate) epoch: u32,
    pub(crate) new: &'a Pin,
    /// The PIN of the present epoch, where it vouches.
    pub(crate) old: Option<&'a Pin>,
    pub(crate) granted_by: Option<ChallengeId>,
    /// Whether K_dev is made anew too.
    pub(crate) rotate: bool,
    /// How often a message is sent when no answer arrives.
    pub(crate) attempts: u32,
}

/// How it ended. In all cases but the last there is no slot B any more.
pub(crate) enum Ended {
    /// The new epoch is in use.
    Begun(Account),
    /// The service said no; the old epoch is in use.
    Refused(ResultCode, Account),
    /// The service does not have it; the old epoch is in use.
    Lost(ServiceError),
    /// What became of it was not told. Slot B stays until it is.
    Unfinished(ServiceError),
}

/// Slot B with its secrets, while it is being sent. In memory only.
struct Slot<'a> {
    plan: &'a Plan<'a>,
    d: Secret32,
    secrets: ChangeSecrets,
    step: u64,
    new: PinKeys,
    old: Option<PinKeys>,
    device_key: Option<DeviceKey>,
}

impl Account {
    /// The same with the K_dev of slot B, in a rotation.
    fn with_new_key(&self) -> Option<Self> {
        let pending = self.pending.as_ref()?;
        Some(Self {
            device_key: pending.device_key.clone()?,
            device_key_epoch: pending.epoch,
            ..self.clone()
        })
    }
}

/// An update of an account, but for what it says.
pub(crate) fn update(phone: &Phone, account: &Account, what: What) -> Result<Update, ServiceError> {
    let token = account
        .state_token
        .ok_or_else(|| status::unexpected(account, "the state token"))?;
    Ok(Update {
        svc: account.svc,
        acc: account.acc,
        dev: account.dev,
        time: phone.now(account.svc),
        counter: account.counter,
        last: account.last_step(),
        state_token: StateToken(token),
        what,
    })
}

/// Makes slot B and sends it, and commits it once the service took it.
///
/// # Errors
/// If it could not be made: nothing was stored or sent. Or if the service no longer knows this phone.
pub(crate) async fn begin(
    phone: &Phone,
    lock: &RequestLock,
    account: &Account,
    plan: &Plan<'_>,
) -> Result<Ended, ServiceError> {
    let slot = Slot::make(phone, account, plan)?;
    let answered = match send(phone, account.number, slot).await {
        Ok(None) => commit(phone, account.number, plan.attempts).await,
        answered => answered,
    };
    let account = phone.account(account.number)?;
    let error = match answered {
        Ok(None) => return Ok(Ended::Begun(account)),
        Ok(Some(result)) => return Ok(Ended::Refused(result, account)),
        Err(error) if account.pending.is_none() => return Ok(Ended::Lost(error)),
        Err(error) => error,
    };
    // No answer, or none that settles it.
    match settle(phone, lock, account.number, 1).await {
        Ok(true) => Ok(Ended::Begun(phone.account(account.number)?)),
        Ok(false) => Ok(Ended::Lost(error)),
        // The device was removed there: no start will hear more.
        Err(gone @ ServiceError::NotKnown { .. }) => Err(gone),
        Err(_) => Ok(Ended::Unfinished(error)),
    }
}

/// The epoch after this one.
pub(crate) fn after(account: &Account, epoch: u32) -> Result<u32, ServiceError> {
    epoch
        .checked_add(1)
        .ok_or_else(|| status::unexpected(account, "the epoch"))
}

impl<'a> Slot<'a> {
    fn make(phone: &Phone, account: &Account, plan: &'a Plan<'a>) -> Result<Self, PhoneError> {
        let owner = account.owner();
        let share = phone.share(account)?;
        let d = random_secret(&*phone.entropy)?;
        let chain = random_secret(&*phone.entropy)?;
        let new = PinKeys::derive(&owner.binding(plan.epoch), &d, share.as_ref(), plan.new);
        let old = plan
            .old
            .map(|pin| {
                phone
                    .store
                    .inspect(|connection| phone.pin_keys(connection, account, pin))
            })
            .transpose()?;
        let device_key = plan
            .rotate
            .then(|| phone.keys.create_key(&owner.device_key_context(plan.epoch)))
            .transpose()?;
        Ok(Self {
            plan,
            d,
            secrets: ChangeSecrets {
                p: Secret::new_with(|own| own.copy_from_slice(new.code.expose())),
                chain,
                pin_key: PublicKey::of(new.signing_key()),
            },
            step: account.last_step() + 1,
            new,
            old,
            device_key,
        })
    }

    /// Makes the change anew for the account's present counter, and stores its hash before anybody can send it: with the first one the
    /// whole of slot B.
    fn request(
        &mut self,
        phone: &Phone,
        account: &Account,
        first: bool,
    ) -> Result<Unsigned, ServiceError> {
        let change = Change {
            epoch: self.plan.epoch,
            kind: self.plan.kind,
            granted_by: self.plan.granted_by,
            commitment: [0; 32],
            device_key: self.device_key.as_ref().map(|key| NewDeviceKey {
                key: key.public,
                class: key.class,
            }),
        };
        self.follow(account)?;
        let update = update(phone, account, What::Change(change))?;
        let hpke_key = phone.hpke_key(account)?;
        let mut random = Random::new(&*phone.entropy);
        let draft = ChangeDraft::new(update, change, &self.secrets, &mut random);
        let device = self
            .device_key
            .as_ref()
            .map(|key| {
                phone.keys.sign(
                    &account.owner().device_key_context(self.plan.epoch),
                    &key.handle,
                    &draft.to_be_signed_by_new_device_key(),
                )
            })
            .transpose()?;
        let request = draft
            .prepare(
                &self.new,
                self.old.as_ref(),
                device.as_ref(),
                &hpke_key,
                &mut random,
            )
            .map_err(|_| status::unexpected(account, "its HPKE key"))?;
        random.check()?;
        self.store(phone, account, request.hash(), first)?;
        Ok(request)
    }

    /// Moves C' along where slot A spent steps since it was made.
    fn follow(&mut self, account: &Account) -> Result<(), PhoneError> {
        let next = account.last_step() + 1;
        if next > self.step {
            let value = Secret::new_with(|own| own.copy_from_slice(self.secrets.chain.expose()));
            let chain = Chain::new(self.step, value)
                .advanced(next, next - self.step)
                .ok_or_else(missing)?;
            self.secrets.chain =
                Secret::new_with(|own| own.copy_from_slice(chain.value().expose()));
            self.step = next;
        }
        Ok(())
    }

    fn store(
        &self,
        phone: &Phone,
        account: &Account,
        hash: Hash,
        first: bool,
    ) -> Result<(), PhoneError> {
        let seal = |field, secret: &Secret32| {
            let context = account.owner().context(field, self.plan.epoch);
            phone.keys.seal(&context, secret.expose())
        };
        let (d, chain) = (seal(D, &self.d)?, seal(C, &self.secrets.chain)?);
        let pending = PendingChange {
            epoch: self.plan.epoch,
            hash,
            kind: self.plan.kind,
            accepted: false,
            step: self.step,
            device_key: self.device_key.as_ref().map(|key| key.handle.clone()),
        };
        phone
            .store
            .write::<_, PhoneError>(Write::SlotStored, |transaction| {
                let (store, number) = (&phone.store, account.number);
                if first {
                    store.add_pending(transaction, number, &pending, [(D, &d), (C, &chain)])?;
                } else {
                    store.sign_pending_anew(transaction, number, &pending, (C, &chain))?;
                }
                Ok(())
            })?;
        if first {
            phone.store.rewrite()?;
        }
        Ok(())
    }
}

/// Sends the change until the service takes it, or refuses it with this result, after which it is erased.
async fn send(
    phone: &Phone,
    number: u32,
    mut slot: Slot<'_>,
) -> Result<Option<ResultCode>, ServiceError> {
    let asking = Asking::CHANGE.at_most(slot.plan.attempts);
    let mut rounds = Rounds::new();
    let mut first = true;
    loop {
        let account = rounds.next(phone, number)?;
        let request = match slot.request(phone, &account, first) {
            Ok(request) => request,
            Err(error) => {
                // Nothing of it is on its way. What was stored is erased with slot B.
                if let (true, Some(key)) = (first, &slot.device_key)
                    && phone.account(number)?.pending.is_none()
                {
                    phone.keys.delete_key(&key.handle)?;
                }
                return Err(error);
            }
        };
        first = false;
        let reply = phone.ask(&account.identity(), asking, request).await?;
        match rounds.again(phone, &account, &reply).await {
            Ok(false) => (),
            Ok(true) => continue,
            Err(error) => {
                erase(phone, number, None)?;
                return Err(error);
            }
        }
        if reply.result != ResultCode::Done {
            erase(phone, number, Some(&reply))?;
            return Ok(Some(reply.result));
        }
        phone.change::<_, PhoneError>(Write::SlotAccepted, number, |connection, account| {
            status::take_verdict(phone, connection, account, &reply)?;
            Ok(phone.store.accept_pending(connection, number)?)
        })?;
        return Ok(None);
    }
}

fn missing() -> PhoneError {
    KeyStoreError::NotOurs.into()
}

/// Sends `commit` for what was accepted, until the new epoch is in use, or the service refuses it with this result, after which it is erased.
async fn commit(
    phone: &Phone,
    number: u32,
    attempts: u32,
) -> Result<Option<ResultCode>, ServiceError> {
    let asking = Asking::COMMIT.at_most(attempts);
    let mut rounds = Rounds::new();
    loop {
        let account = rounds.next(phone, number)?;
        let pending = account.pending.as_ref().ok_or_else(missing)?;
        let what = What::Commit {
            change: pending.hash,
        };
        let request = Unsigned::plain(&update(phone, &account, what)?);
        let reply = phone.ask(&account.identity(), asking, request).await?;
        if rounds.again(phone, &account, &reply).await? {
            continue;
        }
        let result = reply.result;
        match result {
            ResultCode::Done => {
                phone.change::<_, PhoneError>(
                    Write::SlotSwapped,
                    number,
                    |connection, account| {
                        swap(phone, connection, account)?;
                        if account.state == State::Blocked {
                            // A new epoch lifts the block.
                            account.state = State::Active;
                        }
                        status::take_verdict(phone, connection, account, &reply)
                    },
                )?;
                phone.tidy();
                return Ok(None);
            }
            ResultCode::Blocked | ResultCode::NotOpen | ResultCode::Suspended => {
                erase(phone, number, Some(&reply))?;
                return Ok(Some(result));
            }
            _ => return Err(status::unexpected(&account, "its result")),
        }
    }
}

/// Asks the service what became of slot B, and finishes or erases it. Whether the new epoch is in use.
///
/// # Errors
/// If the service's word was not had; then slot B stays.
pub(crate) async fn settle(
    phone: &Phone,
    _lock: &RequestLock,
    number: u32,
    attempts: u32,
) -> Result<bool, ServiceError> {
    let account = phone.account(number)?;
    let Some(pending) = &account.pending else {
        return Ok(false);
    };
    let reply = ask_status(phone, &account, attempts).await?;
    let is = |hash: Option<Hash>| hash == Some(pending.hash);
    let change = |write, work: &dyn Fn(&Connection, &mut Account) -> Result<(), PhoneError>| {
        phone.change::<_, ServiceError>(write, number, |connection, account| {
            work(connection, account)?;
            status::take(phone, connection, account, &reply)
        })
    };
    if is(reply.epoch_change) {
        change(Write::SlotSwapped, &|connection, account| {
            swap(phone, connection, account)
        })?;
        phone.tidy();
        return Ok(true);
    }
    if !is(reply.pending_change) {
        change(Write::SlotErased, &|connection, account| {
            drop_slot(phone, connection, account, None)
        })?;
        phone.tidy();
        return Ok(false);
    }
    change(Write::SlotAccepted, &|connection, _| {
        Ok(phone.store.accept_pending(connection, number)?)
    })?;
    let refused = commit(phone, number, attempts).await?;
    Ok(refused.is_none())
}

/// In a rotation the service may know the new K_dev already: then the old one is no phone of its.
async fn ask_status(
    phone: &Phone,
    account: &Account,
    attempts: u32,
) -> Result<Reply, ServiceError> {
    let reply = match status::ask_patiently(phone, account, attempts).await {
        Err(ServiceError::NotKnown { .. }) if let Some(rotated) = account.with_new_key() => {
            status::ask_patiently(phone, &rotated, attempts).await?
        }
        reply => reply?,
    };
    if reply.result == ResultCode::Done {
        Ok(Reply::clone(&reply))
    } else {
        Err(status::unexpected(account, "its result"))
    }
}

/// Puts slot B in the place of slot A, which is erased with its chain. C' moves to the step after the last that A spent.
fn swap(phone: &Phone, connection: &Connection, account: &mut Account) -> Result<(), PhoneError> {
    let pending = account.pending.take().ok_or_else(missing)?;
    let owner = account.owner();
    let n = phone.secret(connection, account, N)?;
    let sealed_n = phone
        .keys
        .seal(&owner.context(N, pending.epoch), n.expose())?;
    phone
        .store
        .move_sealed(connection, account, N, pending.epoch, &sealed_n)?;
    phone
        .store
        .close_pending(connection, account, pending.epoch)?;
    if let Some(handle) = pending.device_key {
        phone
            .store
            .discard_key(connection, &account.device_key, false)?;
        account.device_key = handle;
        account.device_key_epoch = pending.epoch;
        history::add(phone, connection, account, Kind::KeysRotated, "")?;
    } else {
        let kind = match pending.kind {
            ChangeKind::Change => Kind::PinChanged,
            ChangeKind::Refresh => Kind::PinRenewed,
            ChangeKind::Forgotten => Kind::PinSetAnew,
        };
        history::add(phone, connection, account, kind, "")?;
    }
    if pending.kind != ChangeKind::Refresh && account.biometrics.is_some() {
        // The service deletes its side with the swap.
        biometrics::discard(phone, connection, account)?;
        history::add(phone, connection, account, Kind::BiometricsOff, "new PIN")?;
    }
    account.epoch = pending.epoch;
    account.told_epoch = None;
    // Until the reply says how many.
    account.tries = None;
    let spent = account.next_step.unwrap_or(pending.step);
    account.next_step = Some(pending.step);
    if spent > pending.step {
        let chain = Chain::new(pending.step, phone.secret(connection, account, C)?);
        let chain = chain
            .advanced(spent, spent - pending.step)
            .ok_or_else(missing)?;
        phone.move_chain(connection, account, &chain)?;
    }
    Ok(())
}

/// Erases slot B and leaves no remains of it. `reply` is what the service said of it, if it said anything.
fn erase(phone: &Phone, number: u32, reply: Option<&Reply>) -> Result<(), PhoneError> {
    phone.change::<_, PhoneError>(Write::SlotErased, number, |connection, account| {
        let result = reply.map(|reply| reply.result);
        drop_slot(phone, connection, account, result)?;
        match reply {
            Some(reply) => status::take_verdict(phone, connection, account, reply),
            None => Ok(()),
        }
    })?;
    phone.tidy();
    Ok(())
}

fn drop_slot(
    phone: &Phone,
    connection: &Connection,
    account: &mut Account,
    result: Option<ResultCode>,
) -> Result<(), PhoneError> {
    let Some(pending) = account.pending.take() else {
        return Ok(());
    };
    phone
        .store
        .close_pending(connection, account, account.epoch)?;
    if let Some(key) = &pending.device_key {
        phone.store.discard_key(connection, key, false)?;
    }
    let detail = match pending.kind {
        ChangeKind::Change => "PIN change",
        ChangeKind::Refresh => "new keys",
        ChangeKind::Forgotten => "new PIN",
    };
    let kind = match result {
        Some(ResultCode::WrongPin) => Kind::WrongPin,
        // Nobody asked for it, and it comes again by itself.
        _ if pending.kind == ChangeKind::Refresh && pending.device_key.is_none() => return Ok(()),
        _ => Kind::ChangeRefused,
    };
    Ok(history::add(phone, connection, account, kind, detail)?)
}
