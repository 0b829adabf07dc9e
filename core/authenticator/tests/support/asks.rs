//! What the verifier asks phones for: invitations, requests, codes; and its judgement of a typed
//! code.

use countersign::platform::Clock;
use countersign_protocol::challenge::{
    Browser, Challenge, CodeForm, Context, Field, Kind, Purpose, Subject, System, Unlock,
};
use countersign_protocol::code::{Shape, Typed};
use countersign_protocol::enrolment::{Enrolment, Way};
use countersign_protocol::id::{AccountId, ChallengeId, DeviceId, EnrolmentId, PublicKey};
use countersign_protocol::info::Info;
use countersign_protocol::keys::{enrolment_pin_key, enrolment_pin_verifier};
use countersign_protocol::link::{encode_base32, qr_text};
use countersign_protocol::message::{Message, Received};
use countersign_protocol::secret::Secret;
use countersign_protocol::verify::{ChallengeRecord, judge_code};

use super::{Desk, Invitation, NOW, pin, random};

impl Desk {
    /// Invites a phone to an account and returns the text of the QR code.
    pub fn invite(&self, label: &str, browser_pin: Option<&str>) -> String {
        let id = EnrolmentId(random());
        let info = Received::<Info>::parse(&self.info()).unwrap();
        let s = Secret::<16>::take(&mut random());
        let message = Enrolment {
            svc: self.origin.svc(),
            kid: PublicKey::of(&self.key()).key_id(),
            acc: AccountId(random()),
            dev: DeviceId(random()),
            id,
            one_time_secret: Secret::take(&mut random()),
            way: if browser_pin.is_some() {
                Way::PinInBrowser
            } else {
                Way::PinOnPhone
            },
            expires_at: NOW + 300,
            app_name: "Example".into(),
            account_label: label.into(),
            info_hash: info.hash(),
        };
        let bytes = message.sign(&self.key()).unwrap();
        let mut text = qr_text(&self.origin, &bytes);
        let verifier = browser_pin.map(|chosen| {
            text = format!("{text}#{}", encode_base32(s.expose()));
            let k = enrolment_pin_key(&s, &id, &pin(chosen));
            *enrolment_pin_verifier(&k).expose()
        });
        let hash = Received::<Enrolment>::parse(&bytes).unwrap().hash();
        self.books.lock().unwrap().invitations.insert(
            id.0,
            Invitation {
                message,
                hash,
                verifier,
                tries: 3,
            },
        );
        text
    }

    fn challenge(&self, kind: Kind, purpose: Purpose, unlock: Unlock) -> (Challenge, Vec<u8>) {
        let challenge = self.unsigned(kind, purpose, unlock);
        let bytes = challenge.sign(&self.key()).unwrap();
        (challenge, bytes)
    }

    fn unsigned(&self, kind: Kind, purpose: Purpose, unlock: Unlock) -> Challenge {
        Challenge {
            svc: self.origin.svc(),
            kid: PublicKey::of(&self.key()).key_id(),
            id: ChallengeId(random()),
            purpose,
            issued_at: self.clock.now(),
            lifetime: 300,
            app_name: "Example".into(),
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

    /// Opens a request for the only device, changed as the test says.
    pub fn ask_as(&self, change: impl FnOnce(&mut Challenge)) -> ChallengeId {
        let (acc, dev) = self.only();
        let kind = Kind::Approve {
            acc,
            dev,
            number_matching: false,
        };
        let mut challenge = self.unsigned(kind, Purpose::SignIn, Unlock::Pin);
        change(&mut challenge);
        let bytes = challenge.sign(&self.key()).unwrap();
        self.open(&challenge, bytes, Some(acc), Some(dev), None);
        challenge.id
    }

    /// The text of a QR code that asks for a code to change something.
    pub fn ask_code_about(&self, acc: AccountId, step: u64, subject: Subject) -> String {
        let kind = Kind::Code {
            acc,
            step,
            form: CodeForm::Characters,
        };
        let mut challenge = self.unsigned(kind, Purpose::Remove, Unlock::Pin);
        challenge.subject = Some(subject);
        qr_text(&self.origin, &challenge.sign(&self.key()).unwrap())
    }

    /// Opens an approval for the only device.
    pub fn ask_approval(&self, number: Option<u8>) -> ChallengeId {
        self.ask_approval_by(number, Unlock::Pin)
    }

    pub fn ask_approval_by(&self, number: Option<u8>, unlock: Unlock) -> ChallengeId {
        let (acc, dev) = self.only();
        let kind = Kind::Approve {
            acc,
            dev,
            number_matching: number.is_some(),
        };
        let (challenge, bytes) = self.challenge(kind, Purpose::SignIn, unlock);
        self.open(&challenge, bytes, Some(acc), Some(dev), number);
        challenge.id
    }

    /// Opens what began in a browser on the phone, and returns the link.
    pub fn ask_on_mobile(&self) -> String {
        self.ask_on_mobile_by(Unlock::Pin)
    }

    pub fn ask_on_mobile_by(&self, unlock: Unlock) -> String {
        let kind = Kind::OnMobile {
            return_url: format!("{}/back", self.origin),
        };
        let (challenge, bytes) = self.challenge(kind, Purpose::SignIn, unlock);
        let text = countersign_protocol::link::link_text(&self.origin, &bytes);
        self.open(&challenge, bytes, None, None, None);
        text
    }

    fn open(
        &self,
        challenge: &Challenge,
        bytes: Vec<u8>,
        acc: Option<AccountId>,
        dev: Option<DeviceId>,
        number: Option<u8>,
    ) {
        let record = ChallengeRecord {
            id: challenge.id,
            hash: Received::<Challenge>::parse(&bytes).unwrap().hash(),
            challenge_type: challenge.kind.number(),
            acc,
            dev,
            purpose: challenge.purpose,
            expires_at: challenge.expires_at(),
            open: true,
            unlock: challenge.unlock,
            number,
        };
        let mut books = self.books.lock().unwrap();
        books.challenges.insert(challenge.id.0, (record, bytes));
    }

    /// The text of a QR code that asks for a sign-in code.
    pub fn ask_code(&self, acc: AccountId, step: u64, unlock: Unlock) -> String {
        let kind = Kind::Code {
            acc,
            step,
            form: CodeForm::Characters,
        };
        let (_, bytes) = self.challenge(kind, Purpose::SignIn, unlock);
        qr_text(&self.origin, &bytes)
    }

    /// The text of a QR code that asks to sign a transfer.
    pub fn ask_transaction(&self, acc: AccountId, step: u64, fields: Vec<Field>) -> String {
        self.ask_transaction_by(acc, step, fields, Unlock::Pin)
    }

    pub fn ask_transaction_by(
        &self,
        acc: AccountId,
        step: u64,
        fields: Vec<Field>,
        unlock: Unlock,
    ) -> String {
        let kind = Kind::Transaction {
            acc,
            step,
            title: "Transfer".into(),
            fields,
        };
        let (_, bytes) = self.challenge(kind, Purpose::Transaction, unlock);
        qr_text(&self.origin, &bytes)
    }

    /// Judges a typed code; a right one moves the verifier's chain.
    pub fn judge(&self, qr: &str, question: Option<[u8; 32]>, typed: &str) -> bool {
        let encoded = qr.split_once("/Q/").unwrap().1;
        let alphabet = base32_bytes(encoded);
        let challenge = Received::<Challenge>::parse(&alphabet).unwrap();
        let hash = challenge.hash();
        let challenge = challenge.verify(&PublicKey::of(&self.key())).unwrap();
        let (step, shape) = match challenge.kind {
            Kind::Code { step, .. } => (step, Shape::Eight),
            Kind::Transaction { step, .. } => (step, Shape::Twelve),
            _ => panic!("no code"),
        };
        let mut books = self.books.lock().unwrap();
        let device = books.devices.values_mut().next().unwrap();
        let typed = Typed::read(shape, typed).unwrap_or_else(|error| panic!("{error}"));
        let question = question.unwrap_or(hash.0);
        let shares = match challenge.unlock {
            Unlock::Nothing => vec![&device.n],
            Unlock::Pin => vec![&device.p],
            Unlock::PinOrBiometrics => {
                let b = device.biometrics.as_ref().map(|(_, b)| b);
                [Some(&device.p), b].into_iter().flatten().collect()
            }
        };
        let moved = shares
            .into_iter()
            .find_map(|share| judge_code(&device.chain, share, step, &question, shape, &typed));
        match moved {
            Some(chain) => {
                device.chain = chain;
                true
            }
            None => false,
        }
    }
}

/// Base32 of a QR code's text, by hand: five bits a character.
pub fn base32_bytes(text: &str) -> Vec<u8> {
    let (mut bytes, mut bits, mut count) = (Vec::new(), 0_u32, 0);
    for character in text.bytes() {
        let value = match character {
            b'A'..=b'Z' => character - b'A',
            b'2'..=b'7' => character - b'2' + 26,
            _ => panic!("not base32"),
        };
        bits = (bits << 5) | u32::from(value);
        count += 5;
        if count >= 8 {
            count -= 8;
            bytes.push((bits >> count) as u8);
            bits &= (1 << count) - 1;
        }
    }
    bytes
}
