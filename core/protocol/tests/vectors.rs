//! The vectors of PROTOCOL.md §16 are those that this crate computes. `VECTORS=print cargo test -p
//! countersign-protocol --features verify --test vectors -- --nocapture` prints them.

#![allow(clippy::unwrap_used)]

mod common;

use common::{FixedRng, World, id, secret};
use countersign_protocol::challenge::CodeForm;
use countersign_protocol::code::{Code, Shape, transaction_question};
use countersign_protocol::enrolment::Way;
use countersign_protocol::id::{EnrolmentId, PublicKey};
use countersign_protocol::info::Info;
use countersign_protocol::keys::{Chain, PinKeys, enrolment_pin_key, enrolment_pin_verifier};
use countersign_protocol::link::{encode_base32, link_text, qr_text};
use countersign_protocol::message::Message;
use countersign_protocol::query::Query;
use countersign_protocol::request::{Transcript, Unsigned};
use countersign_protocol::secret::Secret;
use countersign_protocol::update::{ChangeKind, What};

#[derive(Default)]
struct Vectors(Vec<(String, String)>);

impl Vectors {
    fn hex(&mut self, name: &str, bytes: impl AsRef<[u8]>) {
        self.0.push((name.into(), hex::encode(bytes)));
    }

    fn text(&mut self, name: &str, text: &str) {
        self.0.push((name.into(), text.into()));
    }
}

fn computed() -> Vectors {
    let w = World::new();
    let mut v = Vectors::default();
    v.text("origin", w.origin.as_str());
    v.hex("svc", w.origin.svc().0);
    v.hex("acc", w.acc.0);
    v.hex("dev", w.dev.0);
    v.hex("service private key", w.service.to_bytes());
    v.hex("service public key", w.service_key().as_bytes());
    v.hex("service kid", w.service_key().key_id().0);
    v.hex("HPKE private key", hpke_private());
    v.hex("HPKE public key", w.opening.public().as_bytes());
    v.hex("HPKE kid", w.opening.public().key_id().0);
    v.hex("device private key", w.device.to_bytes());
    v.hex("device public key", w.device_key().as_bytes());

    keys(&w, &mut v);
    enrolment(&w, &mut v);
    approvals(&w, &mut v);
    codes(&w, &mut v);
    life_cycle(&w, &mut v);
    v
}

fn enrolment(w: &World, v: &mut Vectors) {
    v.hex("information payload", w.info().encode());
    v.hex("information message", w.signed(&w.info()));
    v.hex("information hash", w.info_hash().0);
    let push_key = common::key("push key");
    v.hex("push private key", push_key.to_bytes());
    let with_push = Info {
        push_key: Some(PublicKey::of(&push_key)),
        ..w.info()
    };
    v.hex("information message with a push key", w.signed(&with_push));
    for (name, way) in [("way 1", Way::PinInBrowser), ("way 2", Way::PinOnPhone)] {
        let enrolment = w.signed(&w.enrolment(way));
        v.hex(&format!("enrolment message, {name}"), &enrolment);
        v.hex(
            &format!("enrolment hash, {name}"),
            w.hash(&w.enrolment(way)).0,
        );
        let mut qr = qr_text(&w.origin, &enrolment);
        if way == Way::PinInBrowser {
            qr += &format!("#{}", encode_base32(&id::<16>("S")));
        }
        v.text(&format!("enrolment QR code, {name}"), &qr);
        let claim = w.claim_unsigned(way);
        v.hex(&format!("claim hash, {name}"), claim.hash().0);
        v.hex(&format!("claim body, {name}"), w.body(claim));
    }
    let claim = w.claim_unsigned(Way::PinOnPhone);
    let reply = w.reply(claim.hash());
    v.hex("claim reply", w.signed(&reply));
    for (name, ask) in [
        (
            "complete",
            Query::Complete {
                wait: 25,
                enrolment: EnrolmentId(id("enrolment")),
            },
        ),
        ("status", Query::Status { last: 0 }),
        (
            "inbox",
            Query::Inbox {
                last: 0,
                wait: 50,
                known: None,
            },
        ),
    ] {
        let query = w.query(ask);
        v.hex(&format!("{name} transcript"), query.encode());
        v.hex(&format!("{name} body"), w.body(Unsigned::plain(&query)));
    }
}

fn approvals(w: &World, v: &mut Vectors) {
    v.hex("approve challenge", w.signed(&w.approve()));
    v.hex("approve challenge hash", w.hash(&w.approve()).0);
    v.hex("on-mobile challenge", w.signed(&w.on_mobile()));
    let answer = w.answer().encode();
    v.hex("answer transcript", &answer);
    v.hex(
        "answer PIN signature",
        w.pin_signature("countersign/v1/answer-pin", &answer),
    );
    v.hex("answer hash", w.answer_unsigned().hash().0);
    v.hex("answer body", w.body(w.answer_unsigned()));
    v.hex("decline body", w.body(Unsigned::plain(&w.decline())));
    v.hex("change-e-mail challenge", w.signed(&w.change_email()));
    v.hex("online transaction challenge", w.signed(&w.online()));
    v.hex("online transaction challenge hash", w.hash(&w.online()).0);
    v.hex("online answer transcript", w.online_answer().encode());
    v.hex("online answer body", w.body(w.online_answer_unsigned()));
    v.hex("state token key", secret("state key").expose());
    v.hex("state token 1", w.state.token(w.dev, 1).0);
}

fn life_cycle(w: &World, v: &mut Vectors) {
    let remove = w.query(Query::Remove);
    v.hex("remove transcript", remove.encode());
    v.hex("remove body", w.body(Unsigned::plain(&remove)));
    v.hex("unblock challenge", w.signed(&w.unblock()));
    v.hex("new D", secret("new D").expose());
    v.text("new PIN", "5182");
    let keys = w.new_pin_keys(ChangeKind::Change);
    v.hex("new sk_pin, epoch 2", keys.signing_key().to_bytes());
    v.hex("new P, epoch 2", keys.code.expose());
    v.hex("new C_3", secret("new C").expose());
    v.hex(
        "new device private key",
        common::key("new device key").to_bytes(),
    );
    for (name, kind, rotates) in [
        ("change", ChangeKind::Change, false),
        ("refresh with a new device key", ChangeKind::Refresh, true),
        ("change after a forgotten PIN", ChangeKind::Forgotten, false),
    ] {
        let change = w.change_unsigned(kind, rotates);
        v.hex(&format!("{name}, hash"), change.hash().0);
        v.hex(&format!("{name}, body"), w.body(change));
    }
    let commit = w.update(What::Commit {
        change: w.change_unsigned(ChangeKind::Change, false).hash(),
    });
    v.hex("commit transcript", commit.encode());
    v.hex("commit body", w.body(Unsigned::plain(&commit)));
    v.hex(
        "biometric private key",
        common::key("biometric key").to_bytes(),
    );
    v.hex("B", secret("B").expose());
    v.hex("biometrics on, body", w.body(w.biometrics_unsigned()));
    let off = w.update(What::BiometricsOff { epoch: 1 });
    v.hex("biometrics off transcript", off.encode());
    v.hex("biometrics off body", w.body(Unsigned::plain(&off)));
    for (name, address) in [
        ("push address", Some(w.push_address())),
        ("no push address", None),
    ] {
        let push = w.update(What::PushAddress(address));
        v.hex(&format!("{name} transcript"), push.encode());
        v.hex(&format!("{name} body"), w.body(Unsigned::plain(&push)));
    }
    let status = Unsigned::plain(&w.query(Query::Status { last: 0 }));
    v.hex("status reply", w.signed(&w.status_reply(status.hash())));
}

fn keys(w: &World, v: &mut Vectors) {
    let d = secret("D");
    let z = secret("Z");
    v.hex("D", d.expose());
    v.hex("Z", z.expose());
    v.text("PIN", "4071");
    let keys = w.pin_keys();
    v.hex("sk_pin, epoch 1, no Z", keys.signing_key().to_bytes());
    v.hex(
        "sk_pin public key",
        PublicKey::of(keys.signing_key()).as_bytes(),
    );
    v.hex("P, epoch 1, no Z", keys.code.expose());
    let mut binding = w.binding;
    binding.epoch = 2;
    let keys = PinKeys::derive(&binding, &d, Some(&z), &w.pin());
    v.hex("sk_pin, epoch 2, with Z", keys.signing_key().to_bytes());
    v.hex("P, epoch 2, with Z", keys.code.expose());
    let alone = PinKeys::derive_code(&binding, &d, Some(&z), &w.pin());
    assert_eq!(alone.expose(), keys.code.expose());
    let chain = Chain::new(1, secret("C"));
    v.hex("C_1", chain.value().expose());
    let second = chain.advanced(2, 9).unwrap();
    v.hex("C_2", second.value().expose());
    v.hex("N", secret("N").expose());
    v.hex("O_2 with P", second.code_key(&w.pin_keys().code).expose());
    v.hex("O_2 with N", second.code_key(&secret("N")).expose());
    let s = Secret::new_with(|out: &mut [u8; 16]| *out = id("S"));
    let k = enrolment_pin_key(&s, &EnrolmentId(id("enrolment")), &w.pin());
    v.hex("S", s.expose());
    v.hex("enrolment id", id::<16>("enrolment"));
    v.hex("K", k.expose());
    v.hex("V", enrolment_pin_verifier(&k).expose());
}

fn codes(w: &World, v: &mut Vectors) {
    let chain = Chain::new(1, secret("C")).advanced(2, 9).unwrap();
    for (name, form, shape) in [
        ("code", CodeForm::Characters, Shape::Eight),
        ("code in digits", CodeForm::Digits, Shape::Digits),
    ] {
        let challenge = w.code(form);
        let signed = w.signed(&challenge);
        v.hex(&format!("{name} challenge"), &signed);
        v.hex(&format!("{name} challenge hash"), w.hash(&challenge).0);
        if shape == Shape::Eight {
            v.text("code QR code", &qr_text(&w.origin, &signed));
            v.text("code link", &link_text(&w.origin, &signed));
        }
        let key = chain.code_key(&secret("N"));
        let code = Code::compute(shape, key.expose(), 2, &w.hash(&challenge).0);
        v.text(&format!("{name}, no PIN asked"), &code.shown());
    }
    let challenge = w.transaction();
    v.hex("transaction challenge", w.signed(&challenge));
    v.hex("transaction challenge hash", w.hash(&challenge).0);
    let values = [
        ("iban", "LV80BANK0000435195001"),
        ("name", "Jānis Kalniņš"),
        ("amount", "1234.50"),
        ("reference", "RF2026"),
    ];
    for (id, value) in values {
        v.text(&format!("transaction value {id}"), value);
    }
    let question = transaction_question(&w.hash(&challenge).0, &values);
    v.hex("transaction question", question);
    let key = chain.code_key(&w.pin_keys().code);
    let code = Code::compute(Shape::Twelve, key.expose(), 2, &question);
    v.text("transaction code, PIN asked", &code.shown());
}

/// The private key that [`countersign_protocol::seal::OpeningKey::derive`] derives and keeps to
/// itself.
fn hpke_private() -> Vec<u8> {
    use hpke::{Kem, Serializable, kem::DhP256HkdfSha256};
    let (private, _) = DhP256HkdfSha256::derive_keypair(secret("hpke seed").expose());
    private.to_bytes().to_vec()
}

#[test]
fn protocol_md_has_the_vectors_that_this_crate_computes() {
    let computed = computed();
    if std::env::var_os("VECTORS").is_some() {
        for (name, value) in &computed.0 {
            println!("{name} = {value}");
        }
        return;
    }
    let text = include_str!("../PROTOCOL.md");
    let written: Vec<(String, String)> = text
        .split("```vectors\n")
        .skip(1)
        .filter_map(|block| block.split("```").next())
        .flat_map(str::lines)
        .filter_map(|line| line.split_once(" = "))
        .map(|(name, value)| (name.into(), value.into()))
        .collect();
    for (written, computed) in written.iter().zip(&computed.0) {
        assert_eq!(written, computed);
    }
    assert_eq!(written.len(), computed.0.len());
}

#[test]
fn what_is_sealed_opens_with_the_hpke_key() {
    let w = World::new();
    let purpose = w.answer().sealing();
    let sealed =
        countersign_protocol::seal::seal(w.opening.public(), &purpose, b"secret", &mut FixedRng(7))
            .unwrap();
    assert_eq!(
        w.opening.open(&purpose, &sealed).unwrap().as_slice(),
        b"secret"
    );
    let claim = w.claim(Way::PinOnPhone).sealing();
    assert!(
        w.opening.open(&claim, &sealed).is_err(),
        "another domain string"
    );
    for at in 0..sealed.len() {
        let mut changed = sealed.clone();
        changed[at] ^= 1;
        assert!(w.opening.open(&purpose, &changed).is_err(), "byte {at}");
        assert!(
            w.opening.open(&purpose, &sealed[..at]).is_err(),
            "cut at {at}"
        );
    }
}
