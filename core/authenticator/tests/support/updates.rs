//! What the verifier does with a change and its commit, by the protocol's own `judge_update`.

use countersign::platform::Clock;
use countersign_protocol::change::ChangeSecrets;
use countersign_protocol::claim::KeyClass;
use countersign_protocol::id::{ChallengeId, DeviceId, Hash, PublicKey};
use countersign_protocol::keys::Chain;
use countersign_protocol::reply::{DeviceState, Reply, ResultCode};
use countersign_protocol::request::Request;
use countersign_protocol::update::{ChangeKind, Update, What};
use countersign_protocol::verify::{
    DeviceRecord, PendingChange, UpdateNext, UpdateRecord, judge_update,
};

use super::{Desk, Registered, random};

/// A change that waits for its commit.
pub struct Pending {
    pub hash: Hash,
    pub kind: ChangeKind,
    pub epoch: u32,
    pub secrets: ChangeSecrets,
    pub step: u64,
    pub key: Option<PublicKey>,
}

impl Registered {
    /// Counts a try, which a right PIN gets back.
    pub fn count(&mut self, right: bool) -> ResultCode {
        if right {
            self.in_row = 5;
            return ResultCode::Done;
        }
        self.in_row -= 1;
        self.in_epoch -= 1;
        if self.in_row == 0 || self.in_epoch == 0 {
            self.state = DeviceState::Blocked;
        }
        ResultCode::WrongPin
    }

    fn swap(&mut self) {
        let pending = self.pending.take().unwrap();
        self.epoch = pending.epoch;
        if pending.kind != ChangeKind::Refresh {
            self.biometrics = None;
        }
        self.pin_key = pending.secrets.pin_key;
        self.p = pending.secrets.p;
        let chain = Chain::new(pending.step, pending.secrets.chain);
        let next = self.chain.next().max(pending.step);
        self.chain = chain.advanced(next, next - pending.step).unwrap();
        self.key = pending.key.unwrap_or(self.key);
        self.began_with = Some(pending.hash);
        (self.in_row, self.in_epoch) = (5, 15);
        self.state = DeviceState::Active;
        self.granted = None;
    }
}

fn set_push(what: &What, device: &mut Registered) -> ResultCode {
    let What::PushAddress(address) = what else {
        panic!("no push address");
    };
    device.push = address.clone().filter(|_| device.takes_pushes);
    if address.is_some() && device.push.is_none() {
        return ResultCode::NoPush;
    }
    ResultCode::Done
}

impl Desk {
    /// Another factor approves that every device sets a new PIN.
    pub fn grant(&self) {
        let mut books = self.books.lock().unwrap();
        for device in books.devices.values_mut() {
            device.granted = Some(ChallengeId(random()));
        }
    }

    pub fn with_device<T>(&self, look: impl FnOnce(&mut Registered) -> T) -> T {
        look(
            self.books
                .lock()
                .unwrap()
                .devices
                .values_mut()
                .next()
                .unwrap(),
        )
    }

    pub(super) fn update(&self, body: &[u8]) -> Option<Reply> {
        let request = self.request::<Update>(body)?;
        let mut books = self.books.lock().unwrap();
        if let Some(reply) = books.outcomes.get(&request.hash()) {
            return Some(reply.clone());
        }
        let device = books.devices.get_mut(&request.dev.0).unwrap();
        let record = UpdateRecord {
            device: DeviceRecord {
                state: device.state,
                acc: request.acc,
                counter: device.counter,
                tokens: device.tokens,
                epoch: device.epoch,
                has_biometrics: device.biometrics.is_some(),
            },
            key_class: KeyClass::Software,
            pending: device.pending.as_ref().map(|pending| PendingChange {
                hash: pending.hash,
                kind: pending.kind,
            }),
            began_with: device.began_with,
            granted: device.granted,
        };
        let made = self.tokens.made(request.dev, &request.state_token);
        let judgement = judge_update(&request, &record, self.clock.now(), made);
        if let Some(accepted) = judgement.accepted {
            device.counter = accepted.counter;
            device.tokens = accepted.tokens;
        }
        let result = match judgement.next {
            UpdateNext::Reply(result) => result,
            UpdateNext::Suspend => {
                device.state = DeviceState::Suspended;
                ResultCode::Suspended
            }
            UpdateNext::CheckChange => self.check_change(&request, device),
            UpdateNext::Swap => {
                device.swap();
                ResultCode::Done
            }
            UpdateNext::CheckBiometrics => self.check_biometrics(&request, device),
            UpdateNext::DropBiometrics => {
                device.biometrics = None;
                ResultCode::Done
            }
            UpdateNext::SetPushAddress => set_push(&request.what, device),
        };
        let mut reply = self.reply(request.hash(), result);
        if judgement.accepted.is_some() {
            reply.state_token = Some(self.token(request.dev, device));
            reply.tries_in_row = Some(device.in_row);
            reply.tries_in_epoch = Some(device.in_epoch);
            reply.counter = Some(device.counter);
            if matches!(request.what, What::Commit { .. }) {
                reply.epoch = Some(device.epoch);
            }
            books.outcomes.insert(request.hash(), reply.clone());
        } else if result == ResultCode::Counter {
            reply.counter = Some(device.counter);
        }
        Some(reply)
    }

    fn token(
        &self,
        dev: DeviceId,
        device: &Registered,
    ) -> countersign_protocol::answer::StateToken {
        self.tokens.token(dev, device.tokens.issued)
    }

    fn check_biometrics(&self, request: &Request<Update>, device: &mut Registered) -> ResultCode {
        let What::BiometricsOn { key, .. } = &request.what else {
            panic!("no biometrics");
        };
        let Ok(opened) = self.opening.open(&request.sealing(), request.sealed()) else {
            return ResultCode::Unsealable;
        };
        let Ok(opened) = request.biometric_secrets(&opened) else {
            return ResultCode::Refused;
        };
        let right = opened.verify_pin(request, &device.pin_key).is_ok();
        let result = device.count(right);
        if right {
            device.biometrics = Some((*key, opened.b));
        }
        result
    }

    fn check_change(&self, request: &Request<Update>, device: &mut Registered) -> ResultCode {
        let What::Change(change) = &request.what else {
            panic!("no change");
        };
        let Ok(opened) = self.opening.open(&request.sealing(), request.sealed()) else {
            return ResultCode::Unsealable;
        };
        let Ok(opened) = request.change_secrets(&opened) else {
            return ResultCode::Refused;
        };
        if change.kind != ChangeKind::Forgotten {
            let right = opened.verify_old_pin(request, &device.pin_key).is_ok();
            if device.count(right) != ResultCode::Done {
                return ResultCode::WrongPin;
            }
        }
        device.pending = Some(Pending {
            hash: request.hash(),
            kind: change.kind,
            epoch: change.epoch,
            secrets: opened.secrets,
            step: request.last + 1,
            key: change.device_key.map(|new| new.key),
        });
        ResultCode::Done
    }
}
