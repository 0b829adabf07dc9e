//! One service, one phone and one of each message, all from fixed bytes: for the vectors and the
//! hostile tests.
#![allow(dead_code, unreachable_pub, clippy::unwrap_used)]

use countersign_protocol::SigningKey;
use countersign_protocol::answer::{Answer, Decision, StateToken, UnlockedBy};
use countersign_protocol::biometrics::BiometricsDraft;
use countersign_protocol::challenge::{
    Browser, Challenge, CodeForm, Context, Field, Kind, Pair, Purpose, Subject, System, Unlock,
};
use countersign_protocol::change::{ChangeDraft, ChangeSecrets};
use countersign_protocol::claim::{Claim, ClaimSecrets, KeyClass};
use countersign_protocol::enrolment::{Enrolment, Way};
use countersign_protocol::field::FieldKind;
use countersign_protocol::id::{AccountId, ChallengeId, DeviceId, EnrolmentId, Hash, PublicKey};
use countersign_protocol::info::{Info, ServiceKey};
use countersign_protocol::keys::{Binding, PinKeys};
use countersign_protocol::message::{Message, Received, message_hash, sign_payload};
use countersign_protocol::origin::Origin;
use countersign_protocol::pin::Pin;
use countersign_protocol::push::{PushAddress, PushKind};
use countersign_protocol::query::{Query, QueryRequest};
use countersign_protocol::rand_core::{TryCryptoRng, TryRng};
use countersign_protocol::reply::{DeviceState, Names, Reply, ResultCode, Tries};
use countersign_protocol::request::Unsigned;
use countersign_protocol::seal::OpeningKey;
use countersign_protocol::secret::{Secret, Secret32};
use countersign_protocol::update::{Change, ChangeKind, NewDeviceKey, Update, What};
use countersign_protocol::verify::StateTokenKey;
use sha2::{Digest, Sha256};

/// "Randomness" that is the same every time: SHA-256 of a counter.
pub struct FixedRng(pub u64);

impl TryRng for FixedRng {
    type Error = core::convert::Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Self::Error> {
        self.try_next_u64().map(|n| n as u32)
    }

    fn try_next_u64(&mut self) -> Result<u64, Self::Error> {
        let mut bytes = [0; 8];
        self.try_fill_bytes(&mut bytes)?;
        Ok(u64::from_le_bytes(bytes))
    }

    fn try_fill_bytes(&mut self, out: &mut [u8]) -> Result<(), Self::Error> {
        for chunk in out.chunks_mut(32) {
            self.0 += 1;
            let block = Sha256::digest(self.0.to_be_bytes());
            chunk.copy_from_slice(&block[..chunk.len()]);
        }
        Ok(())
    }
}

impl TryCryptoRng for FixedRng {}

/// 32 bytes that stand for a secret with this name.
pub fn secret(name: &str) -> Secret32 {
    Secret::new_with(|out| out.copy_from_slice(&Sha256::digest(name)))
}

pub fn id<const N: usize>(name: &str) -> [u8; N] {
    let mut out = [0; N];
    out.copy_from_slice(&Sha256::digest(name)[..N]);
    out
}

pub fn key(name: &str) -> SigningKey {
    SigningKey::from_slice(&Sha256::digest(name)).unwrap()
}

pub const ISSUED: u64 = 1_795_392_000;

pub struct World {
    pub origin: Origin,
    pub service: SigningKey,
    pub device: SigningKey,
    pub opening: OpeningKey,
    pub state: StateTokenKey,
    pub acc: AccountId,
    pub dev: DeviceId,
    pub binding: Binding,
}

impl World {
    pub fn new() -> Self {
        let origin = Origin::parse("https://sign.example.eu").unwrap();
        let acc = AccountId(id("acc"));
        let dev = DeviceId(id("dev"));
        Self {
            binding: Binding {
                svc: origin.svc(),
                acc,
                dev,
                epoch: 1,
            },
            origin,
            service: key("service key"),
            device: key("device key"),
            opening: OpeningKey::derive(&secret("hpke seed")).unwrap(),
            state: StateTokenKey::new(secret("state key")),
            acc,
            dev,
        }
    }

    pub fn service_key(&self) -> PublicKey {
        PublicKey::of(&self.service)
    }

    pub fn device_key(&self) -> PublicKey {
        PublicKey::of(&self.device)
    }

    pub fn pin(&self) -> Pin {
        Pin::from_bytes(b"4071").unwrap()
    }

    pub fn pin_keys(&self) -> PinKeys {
        PinKeys::derive(&self.binding, &secret("D"), None, &self.pin())
    }

    pub fn info(&self) -> Info {
        Info {
            svc: self.origin.svc(),
            kid: self.service_key().key_id(),
            origin: self.origin.clone(),
            app_name: "Example Sign-in".into(),
            sequence: 1,
            issued_at: ISSUED,
            signing_keys: vec![ServiceKey {
                key: self.service_key(),
                valid_from: ISSUED,
            }],
            hpke_key: *self.opening.public(),
            link_host: None,
            push_key: None,
        }
    }

    pub fn info_hash(&self) -> Hash {
        message_hash(Info::DOMAIN, &self.info().encode())
    }

    pub fn enrolment(&self, way: Way) -> Enrolment {
        Enrolment {
            svc: self.origin.svc(),
            kid: self.service_key().key_id(),
            acc: self.acc,
            dev: self.dev,
            id: EnrolmentId(id("enrolment")),
            one_time_secret: Secret::new_with(|out| *out = id("one-time secret")),
            way,
            expires_at: ISSUED + 300,
            app_name: "Example Sign-in".into(),
            account_label: "anna.berzina@example.eu".into(),
            info_hash: self.info_hash(),
        }
    }

    pub fn challenge(&self, purpose: Purpose, unlock: Unlock, kind: Kind) -> Challenge {
        Challenge {
            svc: self.origin.svc(),
            kid: self.service_key().key_id(),
            id: ChallengeId(id("challenge")),
            purpose,
            issued_at: ISSUED + 600,
            lifetime: 300,
            app_name: "Example Sign-in".into(),
            unlock,
            context: Context {
                browser: Browser::Firefox,
                system: System::Linux,
                place: *b"LV",
            },
            subject: None,
            client: None,
            binding: None,
            kind,
        }
    }

    pub fn approve(&self) -> Challenge {
        let (acc, dev) = (self.acc, self.dev);
        self.challenge(
            Purpose::SignIn,
            Unlock::PinOrBiometrics,
            Kind::Approve {
                acc,
                dev,
                number_matching: true,
            },
        )
    }

    pub fn code(&self, form: CodeForm) -> Challenge {
        let acc = self.acc;
        self.challenge(
            Purpose::SignIn,
            Unlock::Nothing,
            Kind::Code { acc, step: 2, form },
        )
    }

    pub fn transaction(&self) -> Challenge {
        let field = |id: &str, label: &str, kind, longest| Field {
            id: id.into(),
            label: label.into(),
            kind,
            longest,
            pattern: None,
            hint: None,
        };
        let acc = self.acc;
        let mut reference = field("reference", "Reference", FieldKind::Code, 12);
        reference.pattern = Some("[A-Z]{2}[0-9]+".into());
        reference.hint = Some("two letters, then digits".into());
        self.challenge(
            Purpose::Transaction,
            Unlock::Pin,
            Kind::Transaction {
                acc,
                step: 2,
                title: "Transfer to another account".into(),
                fields: vec![
                    field("iban", "Account", FieldKind::Iban, 34),
                    field("name", "Name", FieldKind::Text, 60),
                    field("amount", "Amount", FieldKind::Amount, 15),
                    reference,
                ],
            },
        )
    }

    pub fn on_mobile(&self) -> Challenge {
        self.challenge(
            Purpose::SignIn,
            Unlock::PinOrBiometrics,
            Kind::OnMobile {
                return_url: "https://sign.example.eu/return".into(),
            },
        )
    }

    pub fn signed<T: Message>(&self, message: &T) -> Vec<u8> {
        message.sign(&self.service).unwrap()
    }

    pub fn hash<T: Message>(&self, message: &T) -> Hash {
        Received::<T>::parse(&self.signed(message)).unwrap().hash()
    }

    pub fn body(&self, unsigned: Unsigned) -> Vec<u8> {
        let signature = signature(&self.device, &unsigned.to_be_signed());
        unsigned.body(&signature).unwrap()
    }

    pub fn claim_secrets(&self, way: Way) -> ClaimSecrets {
        let pin = self.pin_keys();
        let s = Secret::new_with(|out: &mut [u8; 16]| *out = id("S"));
        ClaimSecrets {
            one_time_secret: Secret::new_with(|out| *out = id("one-time secret")),
            pin_key: PublicKey::of(pin.signing_key()),
            p: pin.code,
            n: secret("N"),
            chain: secret("C"),
            k: (way == Way::PinInBrowser).then(|| {
                countersign_protocol::keys::enrolment_pin_key(
                    &s,
                    &EnrolmentId(id("enrolment")),
                    &self.pin(),
                )
            }),
        }
    }

    pub fn claim(&self, way: Way) -> Claim {
        Claim {
            svc: self.origin.svc(),
            acc: self.acc,
            dev: self.dev,
            enrolment: EnrolmentId(id("enrolment")),
            enrolment_hash: self.hash(&self.enrolment(way)),
            device_key: self.device_key(),
            key_class: KeyClass::Software,
            z_present: false,
            platform: "Linux".into(),
            model: "Command line".into(),
            time: ISSUED + 30,
            commitment: [0; 32],
        }
    }

    pub fn claim_unsigned(&self, way: Way) -> Unsigned {
        self.claim(way)
            .prepare(
                &self.claim_secrets(way),
                &self.pin_keys(),
                self.opening.public(),
                &mut FixedRng(1),
            )
            .unwrap()
    }

    pub fn query(&self, query: Query) -> QueryRequest {
        QueryRequest {
            svc: self.origin.svc(),
            acc: self.acc,
            dev: self.dev,
            time: ISSUED + 60,
            nonce: id("nonce"),
            query,
        }
    }

    pub fn answer(&self) -> Answer {
        Answer {
            challenge_type: 1,
            svc: self.origin.svc(),
            purpose: Purpose::SignIn,
            acc: self.acc,
            dev: self.dev,
            challenge: ChallengeId(id("challenge")),
            challenge_hash: self.hash(&self.approve()),
            decision: Decision::Approve,
            number: Some(42),
            time: ISSUED + 620,
            counter: 1,
            last: 0,
            unlocked_by: UnlockedBy::Pin,
            epoch: 1,
            state_token: self.state.token(self.dev, 1),
        }
    }

    pub fn online_answer(&self) -> Answer {
        let challenge = self.online();
        Answer {
            challenge_type: 18,
            purpose: challenge.purpose,
            challenge_hash: self.hash(&challenge),
            number: None,
            ..self.answer()
        }
    }

    pub fn online_answer_unsigned(&self) -> Unsigned {
        self.online_answer()
            .prepare_with_pin(
                self.pin_keys().signing_key(),
                self.opening.public(),
                &mut FixedRng(110),
            )
            .unwrap()
    }

    pub fn decline(&self) -> Answer {
        Answer {
            decision: Decision::Decline,
            number: None,
            unlocked_by: UnlockedBy::Nothing,
            ..self.answer()
        }
    }

    pub fn answer_unsigned(&self) -> Unsigned {
        self.answer()
            .prepare_with_pin(
                self.pin_keys().signing_key(),
                self.opening.public(),
                &mut FixedRng(100),
            )
            .unwrap()
    }

    pub fn reply(&self, request: Hash) -> Reply {
        Reply {
            state_token: Some(StateToken(self.state.token(self.dev, 1).0)),
            tries_in_row: Some(5),
            tries_in_epoch: Some(15),
            counter: Some(0),
            next_step: Some(1),
            i0: Some(1),
            epoch: Some(1),
            device_state: Some(DeviceState::Claimed),
            names: Some(Names {
                app_name: "Example Sign-in".into(),
                account_label: "anna.berzina@example.eu".into(),
                device_name: "My phone".into(),
            }),
            policy: Some(Tries {
                in_row: 5,
                in_epoch: 15,
            }),
            confirmation_code: Some("061942".into()),
            ..Reply::new(
                self.origin.svc(),
                self.service_key().key_id(),
                request,
                ResultCode::Done,
                ISSUED + 31,
                1,
            )
        }
    }

    /// With everything that the status of an active device may have.
    pub fn status_reply(&self, request: Hash) -> Reply {
        let bio = PublicKey::of(&key("biometric key"));
        Reply {
            i0: None,
            confirmation_code: None,
            device_state: Some(DeviceState::Active),
            epoch: Some(2),
            pending_change: Some(self.change_unsigned(ChangeKind::Change, false).hash()),
            epoch_change: Some(self.change_unsigned(ChangeKind::Refresh, true).hash()),
            granted: Some(ChallengeId(id("challenge"))),
            biometric_kid: Some(bio.key_id()),
            recovery_ends_at: Some(ISSUED + 3 * 86_400),
            ..self.reply(request)
        }
    }

    pub fn pin_signature(&self, domain: &'static str, transcript: &[u8]) -> [u8; 64] {
        sign_payload(domain, transcript, self.pin_keys().signing_key())
    }

    pub fn unblock(&self) -> Challenge {
        let acc = self.acc;
        let subject = Subject::Device {
            dev: self.dev,
            name: "My phone".into(),
        };
        let approve = Kind::Approve {
            acc,
            dev: DeviceId(id("another device")),
            number_matching: true,
        };
        Challenge {
            subject: Some(subject),
            ..self.challenge(Purpose::Unblock, Unlock::PinOrBiometrics, approve)
        }
    }

    /// Every optional field, and a subject of another kind.
    pub fn change_email(&self) -> Challenge {
        Challenge {
            purpose: Purpose::ChangeEmail,
            subject: Some(Subject::Address("jānis@piemērs.example".into())),
            client: Some("Example Shop".into()),
            binding: Some("Order 7Q4".into()),
            ..self.approve()
        }
    }

    pub fn online(&self) -> Challenge {
        let pair = |label: &str, value: &str| Pair {
            label: label.into(),
            value: value.into(),
        };
        let online = Kind::Online {
            acc: self.acc,
            dev: self.dev,
            number_matching: false,
            title: "Transfer".into(),
            pairs: vec![
                pair("To", "Jānis Kalniņš"),
                pair("IBAN", "LV80 BANK 0000 4351 9500 1"),
                pair("Amount", "1234.50 EUR"),
            ],
        };
        Challenge {
            client: Some("Example Bank".into()),
            binding: Some("Compare: 7Q4".into()),
            ..self.challenge(Purpose::Transaction, Unlock::PinOrBiometrics, online)
        }
    }

    pub fn update(&self, what: What) -> Update {
        Update {
            svc: self.origin.svc(),
            acc: self.acc,
            dev: self.dev,
            time: ISSUED + 900,
            counter: 2,
            last: 2,
            state_token: self.state.token(self.dev, 2),
            what,
        }
    }

    pub fn push_address(&self) -> PushAddress {
        let url = "https://push.example.eu/wpush/v2/gAAAAABoX3-_c2Vjcm90";
        PushAddress::new(PushKind::WebPush, url.into()).unwrap()
    }

    /// PIN 5182 in epoch 2.
    pub fn new_pin_keys(&self, kind: ChangeKind) -> PinKeys {
        let binding = Binding {
            epoch: 2,
            ..self.binding
        };
        let pin = match kind {
            ChangeKind::Refresh => self.pin(),
            ChangeKind::Change | ChangeKind::Forgotten => Pin::from_bytes(b"5182").unwrap(),
        };
        PinKeys::derive(&binding, &secret("new D"), None, &pin)
    }

    pub fn change_secrets(&self, kind: ChangeKind) -> ChangeSecrets {
        let keys = self.new_pin_keys(kind);
        ChangeSecrets {
            pin_key: PublicKey::of(keys.signing_key()),
            p: keys.code,
            chain: secret("new C"),
        }
    }

    pub fn change(&self, kind: ChangeKind, rotates: bool) -> Change {
        Change {
            epoch: 2,
            kind,
            granted_by: (kind == ChangeKind::Forgotten).then(|| ChallengeId(id("challenge"))),
            commitment: [0; 32],
            device_key: rotates.then(|| NewDeviceKey {
                key: PublicKey::of(&key("new device key")),
                class: KeyClass::Hardware,
            }),
        }
    }

    pub fn change_unsigned(&self, kind: ChangeKind, rotates: bool) -> Unsigned {
        let mut rng = FixedRng(200);
        let change = self.change(kind, rotates);
        let draft = ChangeDraft::new(
            self.update(What::Change(change)),
            change,
            &self.change_secrets(kind),
            &mut rng,
        );
        let device = rotates.then(|| {
            signature(
                &key("new device key"),
                &draft.to_be_signed_by_new_device_key(),
            )
        });
        let old = self.pin_keys();
        draft
            .prepare(
                &self.new_pin_keys(kind),
                (kind != ChangeKind::Forgotten).then_some(&old),
                device.as_ref(),
                self.opening.public(),
                &mut rng,
            )
            .unwrap()
    }

    pub fn biometrics_unsigned(&self) -> Unsigned {
        let mut rng = FixedRng(300);
        let bio = key("biometric key");
        let draft = BiometricsDraft::new(
            self.update(What::BiometricsOff { epoch: 1 }),
            1,
            PublicKey::of(&bio),
            &secret("B"),
            &mut rng,
        );
        let proof = signature(&bio, &draft.to_be_signed_by_biometrics());
        draft
            .prepare(&self.pin_keys(), &proof, self.opening.public(), &mut rng)
            .unwrap()
    }
}

/// As a platform's key store signs: any s.
fn signature(key: &SigningKey, message: &[u8]) -> [u8; 64] {
    use p256::ecdsa::{Signature, signature::Signer};
    let signature: Signature = key.sign(message);
    signature.to_bytes().into()
}
