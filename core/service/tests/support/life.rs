//! The phone's part of section 13: change, commit, biometrics, remove. It may misbehave in every
//! way that the tests need.

use std::sync::Arc;

use countersign_protocol::{
    SigningKey, Step,
    biometrics::BiometricsDraft,
    change::{ChangeDraft, ChangeSecrets},
    claim::KeyClass,
    id::{ChallengeId, Hash, PublicKey},
    keys::{Binding, Chain, PinKeys},
    message::SignatureBytes,
    pin::Pin,
    push::PushAddress,
    query::Query,
    reply::{Reply, ResultCode},
    request::Unsigned,
    secret::Secret32,
    update::{Change, ChangeKind, NewDeviceKey, Update, What},
};
use countersign_service::Clock;
use p256::ecdsa::signature::Signer;
use tokio::task::JoinSet;

use super::{OsRng, Phone, copy, random, secret};

/// How a change is made.
#[derive(Clone, Copy)]
pub struct Wanted<'a> {
    pub kind: ChangeKind,
    pub epoch: u32,
    pub granted_by: Option<ChallengeId>,
    pub rotate: Option<KeyClass>,
    pub old: &'a str,
    pub new: &'a str,
}

/// Slot B with the message that offers it.
pub struct SlotB {
    pub body: Vec<u8>,
    pub hash: Hash,
    pub kind: ChangeKind,
    pub epoch: u32,
    pub d: Secret32,
    /// C' of step `last` + 1.
    pub chain: Secret32,
    pub last: Step,
    pub key: Option<SigningKey>,
    /// What the service must keep no trace of.
    pub traces: Vec<Vec<u8>>,
}

pub fn sign_with(key: &SigningKey, bytes: &[u8]) -> SignatureBytes {
    let signature: p256::ecdsa::Signature = key.sign(bytes);
    signature.to_bytes().into()
}

/// Sends requests all at once, and gives the phone back with the replies.
pub async fn at_once(
    phone: Phone,
    path: &'static str,
    requests: Vec<(Vec<u8>, Hash)>,
) -> (Phone, Vec<Reply>) {
    let phone = Arc::new(phone);
    let mut all = JoinSet::new();
    for (body, hash) in requests {
        let phone = phone.clone();
        all.spawn(async move { phone.post(path, body, hash).await });
    }
    let replies = all.join_all().await;
    (Arc::into_inner(phone).unwrap(), replies)
}

/// Of many wrong PINs sent at once: five were checked at most, and the others refused unseen.
pub fn five_were_checked(replies: &[Reply]) {
    let count = |wanted| {
        let same = replies.iter().filter(|reply| reply.result == wanted);
        same.count()
    };
    let checked = count(ResultCode::WrongPin);
    assert!((1..=5).contains(&checked), "{checked} PINs were checked");
    let refused = count(ResultCode::Blocked) + count(ResultCode::Counter);
    assert_eq!(checked + refused, replies.len());
}

impl Phone {
    /// The PIN keys of a slot.
    pub fn keys_of(&self, d: &Secret32, epoch: u32, pin: &str) -> PinKeys {
        let binding = Binding {
            svc: self.info.svc,
            acc: self.enrolment.acc,
            dev: self.enrolment.dev,
            epoch,
        };
        PinKeys::derive(&binding, d, None, &Pin::from_bytes(pin.as_bytes()).unwrap())
    }

    /// An update with the next counter.
    pub fn update(&mut self, what: What) -> Update {
        self.counter += 1;
        Update {
            svc: self.info.svc,
            acc: self.enrolment.acc,
            dev: self.enrolment.dev,
            time: self.clock.now(),
            counter: self.counter,
            last: self.chain.last(),
            state_token: self.token.unwrap(),
            what,
        }
    }

    /// A change of the PIN from `old` to `new`, the next epoch.
    pub fn wanted<'a>(&self, kind: ChangeKind, old: &'a str, new: &'a str) -> Wanted<'a> {
        Wanted {
            kind,
            epoch: self.epoch + 1,
            granted_by: None,
            rotate: None,
            old,
            new,
        }
    }

    /// Makes a change.
    pub fn change(&mut self, wanted: Wanted<'_>) -> SlotB {
        self.change_with(wanted, |sealed| sealed)
    }

    /// Makes a change for which `break_it` may replace what is signed and sealed by another's.
    pub fn change_with(
        &mut self,
        wanted: Wanted<'_>,
        break_it: impl FnOnce(ChangeSecrets) -> ChangeSecrets,
    ) -> SlotB {
        let (d, chain) = (secret(), secret());
        let new = self.keys_of(&d, wanted.epoch, wanted.new);
        let secrets = break_it(ChangeSecrets {
            p: copy(&new.code),
            chain: copy(&chain),
            pin_key: PublicKey::of(new.signing_key()),
        });
        let key = wanted
            .rotate
            .map(|_| SigningKey::from_slice(&random::<32>()).unwrap());
        let change = Change {
            epoch: wanted.epoch,
            kind: wanted.kind,
            granted_by: wanted.granted_by,
            commitment: [0; 32],
            device_key: key
                .as_ref()
                .zip(wanted.rotate)
                .map(|(key, class)| NewDeviceKey {
                    key: PublicKey::of(key),
                    class,
                }),
        };
        let update = self.update(What::Change(change));
        let draft = ChangeDraft::new(update, change, &secrets, &mut OsRng);
        let device = key
            .as_ref()
            .map(|key| sign_with(key, &draft.to_be_signed_by_new_device_key()));
        let old = (wanted.kind != ChangeKind::Forgotten).then(|| self.pin_keys(wanted.old));
        let unsigned = draft
            .prepare(
                &new,
                old.as_ref(),
                device.as_ref(),
                &self.hpke_key,
                &mut OsRng,
            )
            .unwrap();
        let (body, hash) = self.signed(unsigned);
        SlotB {
            body,
            hash,
            kind: wanted.kind,
            epoch: wanted.epoch,
            d,
            traces: vec![
                secrets.p.expose().to_vec(),
                chain.expose().to_vec(),
                secrets.pin_key.as_bytes()[1..33].to_vec(),
            ],
            chain,
            last: self.chain.last(),
            key,
        }
    }

    /// Sends an update and takes the state token of its reply.
    pub async fn put(&mut self, path: &str, body: Vec<u8>, hash: Hash) -> Reply {
        let reply = self.post(path, body, hash).await;
        self.token = reply.state_token.or(self.token);
        reply
    }

    /// Sends an update whose reply is lost.
    pub async fn send_update(&self, path: &str, body: Vec<u8>, hash: Hash) -> Reply {
        self.post(path, body, hash).await
    }

    pub async fn send_change(&mut self, slot: &SlotB) -> Reply {
        self.put("/api/v1/change", slot.body.clone(), slot.hash)
            .await
    }

    /// A commit with the next counter.
    pub fn commit(&mut self, change: Hash) -> (Vec<u8>, Hash) {
        let update = self.update(What::Commit { change });
        self.signed(Unsigned::plain(&update))
    }

    pub async fn send_commit(&mut self, change: Hash) -> Reply {
        let (body, hash) = self.commit(change);
        self.put("/api/v1/commit", body, hash).await
    }

    /// Step 4: slot A goes.
    pub fn take(&mut self, slot: SlotB) {
        let chain = Chain::new(slot.last + 1, slot.chain);
        self.chain = chain.advanced(self.chain.next(), 65_536).unwrap();
        self.d = slot.d;
        self.epoch = slot.epoch;
        self.key = slot.key.unwrap_or_else(|| self.key.clone());
        if slot.kind != ChangeKind::Refresh {
            self.bio = None;
        }
    }

    /// A whole change, which must succeed.
    pub async fn change_pin(&mut self, kind: ChangeKind, old: &str, new: &str) {
        let slot = self.change(self.wanted(kind, old, new));
        assert_eq!(self.send_change(&slot).await.result, ResultCode::Done);
        assert_eq!(self.send_commit(slot.hash).await.result, ResultCode::Done);
        self.take(slot);
    }

    /// Biometrics to be turned on, with their new key and share.
    pub fn biometrics_on(&mut self, pin: &str) -> (Vec<u8>, Hash, SigningKey, Secret32) {
        self.biometrics_in(self.epoch, pin)
    }

    pub fn biometrics_in(
        &mut self,
        epoch: u32,
        pin: &str,
    ) -> (Vec<u8>, Hash, SigningKey, Secret32) {
        let key = SigningKey::from_slice(&random::<32>()).unwrap();
        let b = secret();
        let update = self.update(What::BiometricsOff { epoch });
        let draft = BiometricsDraft::new(update, epoch, PublicKey::of(&key), &b, &mut OsRng);
        let proof = sign_with(&key, &draft.to_be_signed_by_biometrics());
        let unsigned = draft
            .prepare(&self.pin_keys(pin), &proof, &self.hpke_key, &mut OsRng)
            .unwrap();
        let (body, hash) = self.signed(unsigned);
        (body, hash, key, b)
    }

    /// Biometrics whose key did not sign: another did.
    pub fn biometrics_of_another(&mut self, pin: &str) -> (Vec<u8>, Hash) {
        let epoch = self.epoch;
        let [key, other] = [0, 1].map(|_| SigningKey::from_slice(&random::<32>()).unwrap());
        let update = self.update(What::BiometricsOff { epoch });
        let named = PublicKey::of(&key);
        let draft = BiometricsDraft::new(update, epoch, named, &secret(), &mut OsRng);
        let proof = sign_with(&other, &draft.to_be_signed_by_biometrics());
        let unsigned = draft.prepare(&self.pin_keys(pin), &proof, &self.hpke_key, &mut OsRng);
        self.signed(unsigned.unwrap())
    }

    pub async fn turn_biometrics_on(&mut self, pin: &str) -> Reply {
        let (body, hash, key, b) = self.biometrics_on(pin);
        let reply = self.put("/api/v1/biometrics", body, hash).await;
        if reply.result == ResultCode::Done {
            self.bio = Some((key, b));
        }
        reply
    }

    pub fn biometrics_off(&mut self) -> (Vec<u8>, Hash) {
        let epoch = self.epoch;
        let update = self.update(What::BiometricsOff { epoch });
        self.signed(Unsigned::plain(&update))
    }

    pub fn push_address(&mut self, address: Option<PushAddress>) -> (Vec<u8>, Hash) {
        let update = self.update(What::PushAddress(address));
        self.signed(Unsigned::plain(&update))
    }

    pub async fn turn_biometrics_off(&mut self) -> Reply {
        let (body, hash) = self.biometrics_off();
        self.put("/api/v1/biometrics", body, hash).await
    }

    /// The status or the HTTP error of a `remove`.
    pub async fn remove(&self) -> u16 {
        let (body, hash) = self.query(Query::Remove);
        let (status, bytes) = self.post_raw("/api/v1/remove", body).await;
        if status == 200 {
            assert_eq!(self.read(&bytes, hash).result, ResultCode::Done);
        }
        status
    }
}
