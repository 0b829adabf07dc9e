//! Slot B: the PIN epoch that is being prepared, beside slot A, which is in use (PROTOCOL.md §13).

use countersign_protocol::change::{ChangeDraft, ChangeSecrets};
use countersign_protocol::id::{ChallengeId, Hash, PublicKey};
use countersign_protocol::keys::{Chain, PinKeys};
use countersign_protocol::pin::Pin;
use countersign_protocol::reply::{Reply, ResultCode};
use countersign_protocol::request::Unsigned;
use countersign_protocol::secret::{Secret, Secret32};
use countersign_protocol::update::{Change, ChangeKind, NewDeviceKey, What};
use rusqlite::Connection;

use super::biometric_key;
use crate::durable::Write;
use crate::exchange::ServiceError;
use crate::exchange::counted::update;
use crate::exchange::verdict::store_reply;
use crate::phone::history::{self, Kind};
use crate::phone::random::{Random, random_secret};
use crate::phone::secrets::{C, D, N};
use crate::phone::{Phone, PhoneError};
use crate::platform::{DeviceKey, KeyStoreError};
use crate::store::{Account, PendingChange};

/// The plan for a new epoch.
pub(crate) struct Plan<'a> {
    pub(crate) kind: ChangeKind,
    /// Its number.
    pub(crate) epoch: u32,
    pub(crate) new: &'a Pin,
    /// The PIN of the present epoch, where it vouches.
    pub(crate) old: Option<&'a Pin>,
    pub(crate) granted_by: Option<ChallengeId>,
    /// Whether there is a new K_dev too.
    pub(crate) rotate: bool,
    /// How often a message is sent when no answer arrives.
    pub(crate) attempts: u32,
}

/// Slot B with its secrets, while it is being sent. In memory only.
pub(super) struct Slot<'a> {
    pub(super) plan: &'a Plan<'a>,
    d: Secret32,
    secrets: ChangeSecrets,
    step: u64,
    new: PinKeys,
    old: Option<PinKeys>,
    pub(super) device_key: Option<DeviceKey>,
}

impl<'a> Slot<'a> {
    pub(super) fn make(
        phone: &Phone,
        account: &Account,
        plan: &'a Plan<'a>,
    ) -> Result<Self, PhoneError> {
        let owner = account.owner();
        let z = phone.hardware_share(account)?;
        let d = random_secret(&*phone.entropy)?;
        let chain = random_secret(&*phone.entropy)?;
        let new = PinKeys::derive(&owner.binding(plan.epoch), &d, z.as_ref(), plan.new);
        let old = plan
            .old
            .map(|pin| phone.pin_keys(account, pin))
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

    /// Re-signs the change for the account's present counter, and stores its hash before it is
    /// sent; with the first one the whole of slot B.
    pub(super) fn request(
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
            .map_err(|_| account.unexpected("its HPKE key"))?;
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

/// Puts slot B in the place of slot A, which is erased with its chain. C' moves to the step after
/// the last that A spent.
pub(super) fn swap(
    phone: &Phone,
    connection: &Connection,
    account: &mut Account,
) -> Result<(), PhoneError> {
    let pending = account.pending.take().ok_or_else(missing)?;
    let owner = account.owner();
    let n = phone.secret(connection, account, N)?;
    let sealed_n = phone
        .keys
        .seal(&owner.context(N, pending.epoch), n.expose())?;
    phone.store.move_sealed(
        connection,
        account.number,
        N,
        (account.epoch, pending.epoch),
        &sealed_n,
    )?;
    phone
        .store
        .close_pending(connection, account.number, pending.epoch)?;
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
        biometric_key::discard(phone, connection, account)?;
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

/// Erases slot B and leaves no remains of it. `reply` is what the service said of it, if it said
/// anything.
pub(super) fn erase(phone: &Phone, number: u32, reply: Option<&Reply>) -> Result<(), PhoneError> {
    phone.change::<_, PhoneError>(Write::SlotErased, number, |connection, account| {
        let result = reply.map(|reply| reply.result);
        drop_slot(phone, connection, account, result)?;
        match reply {
            Some(reply) => store_reply(phone, connection, account, reply),
            None => Ok(()),
        }
    })?;
    phone.tidy();
    Ok(())
}

pub(super) fn drop_slot(
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
        .close_pending(connection, account.number, account.epoch)?;
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

pub(super) fn missing() -> PhoneError {
    KeyStoreError::NotOurs.into()
}
