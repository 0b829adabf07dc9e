//! Every message survives a round trip, and no damaged, foreign or oversized one is read.

#![allow(clippy::unwrap_used)]

mod common;

use common::World;
use countersign_protocol::answer::{Answer, Decision, UnlockedBy};
use countersign_protocol::challenge::{Challenge, CodeForm, Kind, Purpose, Unlock};
use countersign_protocol::claim::Claim;
use countersign_protocol::enrolment::{Enrolment, Way};
use countersign_protocol::info::{EARLIER, Info, encode_earlier, parse_earlier};
use countersign_protocol::link::{
    Link, LinkError, LinkMessage, Source, encode_base32, link_text, qr_text,
};
use countersign_protocol::message::{Message, Received};
use countersign_protocol::query::{Query, QueryRequest};
use countersign_protocol::reply::{DeviceState, Reply, ResultCode};
use countersign_protocol::request::{ReceivedRequest, Transcript, Unsigned};
use countersign_protocol::verify::{ChallengeRecord, DeviceRecord, Next, TokenState, judge_answer};
use countersign_protocol::{Problem, id::ChallengeId};

/// Truncated anywhere, any bit flipped, a byte appended: never verified, never a panic.
fn no_damage_is_read<T: Message>(w: &World, message: &[u8]) {
    let good = |bytes: &[u8]| {
        Received::<T>::parse(bytes)
            .ok()
            .and_then(|received| received.verify(&w.service_key()).ok())
            .is_some()
    };
    assert!(good(message));
    for at in 0..message.len() {
        assert!(!good(&message[..at]), "{} cut at {at}", T::NAME);
        for bit in 0..8 {
            let mut changed = message.to_vec();
            changed[at] ^= 1 << bit;
            assert!(!good(&changed), "{} byte {at} bit {bit}", T::NAME);
        }
    }
    assert!(!good(&[message, &[0]].concat()));
    let other = countersign_protocol::id::PublicKey::of(&common::key("another"));
    assert!(
        Received::<T>::parse(message)
            .unwrap()
            .verify(&other)
            .is_err()
    );
}

#[test]
fn a_damaged_message_of_the_service_is_never_verified() {
    let w = World::new();
    no_damage_is_read::<Info>(&w, &w.signed(&w.info()));
    no_damage_is_read::<Enrolment>(&w, &w.signed(&w.enrolment(Way::PinInBrowser)));
    for challenge in [
        w.approve(),
        w.code(CodeForm::Digits),
        w.transaction(),
        w.on_mobile(),
    ] {
        no_damage_is_read::<Challenge>(&w, &w.signed(&challenge));
    }
    no_damage_is_read::<Reply>(&w, &w.signed(&w.reply(w.info_hash())));
}

fn damaged_requests<T: Transcript>(w: &World, body: &[u8]) {
    let good = |bytes: &[u8]| {
        ReceivedRequest::<T>::parse(bytes)
            .ok()
            .and_then(|received| received.verify(&w.device_key()).ok())
            .is_some()
    };
    assert!(good(body));
    for at in 0..body.len() {
        assert!(!good(&body[..at]));
        let mut changed = body.to_vec();
        changed[at] ^= 1;
        assert!(!good(&changed), "{} byte {at}", T::NAME);
    }
}

#[test]
fn a_damaged_request_of_the_phone_is_never_verified() {
    let w = World::new();
    damaged_requests::<Claim>(&w, &w.body(w.claim_unsigned(Way::PinOnPhone)));
    damaged_requests::<Answer>(&w, &w.body(w.answer_unsigned()));
    damaged_requests::<Answer>(&w, &w.body(Unsigned::plain(&w.decline())));
    let query = w.query(Query::Inbox {
        last: 3,
        wait: 50,
        known: Some(ChallengeId([7; 16])),
    });
    damaged_requests::<QueryRequest>(&w, &w.body(Unsigned::plain(&query)));
}

#[test]
fn every_message_is_read_as_it_was_written() {
    let w = World::new();
    for challenge in [
        w.approve(),
        w.code(CodeForm::Characters),
        w.transaction(),
        w.on_mobile(),
    ] {
        let read = Received::<Challenge>::parse(&w.signed(&challenge)).unwrap();
        assert_eq!(*read.verify(&w.service_key()).unwrap(), challenge);
    }
    let reply = Reply {
        challenges: Some(vec![w.signed(&w.approve())]),
        r: Some([9; 16]),
        ..w.reply(w.info_hash())
    };
    let read = Received::<Reply>::parse(&w.signed(&reply)).unwrap();
    assert_eq!(*read.verify(&w.service_key()).unwrap(), reply);
    let info = Info {
        link_host: Some("app.example.eu".into()),
        ..w.info()
    };
    let read = Received::<Info>::parse(&w.signed(&info)).unwrap();
    assert_eq!(*read.verify_first_contact().unwrap(), info);
    assert_eq!(Answer::decode(&w.answer().encode()).unwrap(), w.answer());
}

#[test]
fn earlier_information_is_a_short_list_of_whole_messages() {
    let w = World::new();
    let message = w.signed(&w.info());
    for count in [0, 1, EARLIER, EARLIER + 3] {
        let list = encode_earlier(vec![message.clone(); count]);
        let read = parse_earlier(&list).unwrap();
        assert_eq!(read.len(), count.min(EARLIER));
        for info in read {
            assert!(info.verify(&w.service_key()).is_ok());
        }
    }
    let list = encode_earlier(vec![message.clone(); 2]);
    for at in 0..list.len() {
        assert!(parse_earlier(&list[..at]).is_err(), "cut at {at}");
    }
    assert!(parse_earlier(&[&list[..], &[0]].concat()).is_err());
    assert!(parse_earlier(&message).is_err(), "one message is no list");
    // 0x91: an array of 17.
    let seventeen = [
        &[0x91],
        &encode_earlier(vec![message; EARLIER])[1..],
        &[0x40],
    ]
    .concat();
    assert!(parse_earlier(&seventeen).is_err());
}

#[test]
fn a_claim_opens_to_the_secrets_that_were_sealed() {
    let w = World::new();
    for way in [Way::PinInBrowser, Way::PinOnPhone] {
        let body = w.body(w.claim_unsigned(way));
        let claim = ReceivedRequest::<Claim>::parse(&body)
            .unwrap()
            .verify_own_key()
            .unwrap();
        let opened = w.opening.open(&claim.sealing(), claim.sealed()).unwrap();
        let secrets = claim.secrets(&opened).unwrap();
        let expected = w.claim_secrets(way);
        assert_eq!(secrets.p.expose(), expected.p.expose());
        assert_eq!(secrets.pin_key, expected.pin_key);
        assert_eq!(secrets.k.is_some(), way == Way::PinInBrowser);
        let mut changed = opened.to_vec();
        for at in 0..changed.len() {
            changed[at] ^= 1;
            assert!(claim.secrets(&changed).is_err(), "byte {at}");
            changed[at] ^= 1;
        }
    }
}

#[test]
fn a_message_that_breaks_a_bound_is_neither_issued_nor_read() {
    let w = World::new();
    let problem = |challenge: &Challenge| challenge.sign(&w.service).unwrap_err();
    let mut challenge = w.approve();
    challenge.app_name = "A name of 21 bytes...".into();
    assert_eq!(problem(&challenge).problem, Problem::Bounds);
    assert_eq!(problem(&challenge).field, "application name");
    challenge.app_name = "Bank \u{202e}".into();
    assert_eq!(problem(&challenge).field, "application name");
    let mut challenge = w.approve();
    challenge.lifetime = 601;
    assert_eq!(problem(&challenge).field, "lifetime");
    let mut challenge = w.approve();
    challenge.unlock = Unlock::Nothing;
    assert_eq!(problem(&challenge).field, "unlock");
    challenge = w.approve();
    challenge.purpose = Purpose::Transaction;
    assert_eq!(problem(&challenge).field, "purpose");
    let mut challenge = w.transaction();
    if let Kind::Transaction { fields, .. } = &mut challenge.kind {
        fields[1].id = "iban".into();
    }
    assert_eq!(problem(&challenge).field, "id");
    let mut challenge = w.transaction();
    if let Kind::Transaction { fields, .. } = &mut challenge.kind {
        fields[0].pattern = Some("(".into());
    }
    assert_eq!(problem(&challenge).field, "pattern");
    let mut challenge = w.transaction();
    if let Kind::Transaction { fields, .. } = &mut challenge.kind {
        let more: Vec<_> = (0..12)
            .map(|n| countersign_protocol::challenge::Field {
                id: format!("f{n}"),
                label: "A label of 20 bytes.".into(),
                hint: Some("A hint that takes all of its forty bytes".into()),
                ..fields[0].clone()
            })
            .collect();
        *fields = more;
    }
    assert_eq!(problem(&challenge).problem, Problem::TooLong);
}

#[test]
fn messages_fit_the_qr_codes_that_the_design_promises() {
    let w = World::new();
    let mut code = w.code(CodeForm::Digits);
    code.app_name = "Twenty bytes of name".into();
    code.kind = Kind::Code {
        acc: w.acc,
        step: u32::MAX.into(),
        form: CodeForm::Digits,
    };
    code.lifetime = 600;
    assert!(w.signed(&code).len() <= 183, "{}", w.signed(&code).len());
    let mut transaction = w.transaction();
    if let Kind::Transaction { fields, .. } = &mut transaction.kind {
        fields[3].pattern = None;
        fields[3].hint = None;
    }
    assert!(
        w.signed(&transaction).len() <= 337,
        "{}",
        w.signed(&transaction).len()
    );
    let mut enrolment = w.enrolment(Way::PinInBrowser);
    enrolment.app_name = "Twenty bytes of name".into();
    enrolment.account_label = "A label that takes all of its forty b...".into();
    assert!(
        w.signed(&enrolment).len() <= 265,
        "{}",
        w.signed(&enrolment).len()
    );
}

fn refused(text: &str, source: Source) -> LinkError {
    Link::parse(text, source).err().unwrap()
}

#[test]
fn a_link_is_read_in_its_own_form_only() {
    let w = World::new();
    let code = w.signed(&w.code(CodeForm::Characters));
    let qr = qr_text(&w.origin, &code);
    let link = Link::parse(&qr, Source::Camera).unwrap();
    assert_eq!(link.origin, w.origin);
    assert!(matches!(link.message, LinkMessage::Challenge(_)));
    assert!(Link::parse(&link_text(&w.origin, &code), Source::Paste).is_ok());

    for foreign in [
        "",
        "WIFI:S:net;P:secret;;",
        "otpauth://totp/x?secret=AAAA",
        "https://sign.example.eu/",
        "https://sign.example.eu/x/AAAA",
        "ftp://sign.example.eu/Q/AAAA",
        "http://sign.example.eu/Q/AAAA",
        &format!("https://user@sign.example.eu/Q/{}", encode_base32(&code)),
        &format!("https://sign.example.eu:443/Q/{}", encode_base32(&code)),
        &format!("{qr}{}", "A".repeat(1024)),
        &qr.to_ascii_lowercase(),
    ] {
        assert_eq!(
            refused(foreign, Source::Camera),
            LinkError::Foreign,
            "{foreign}"
        );
    }
    for damaged in [
        qr.replace("/Q/", "/Q/1"),
        format!("{qr}="),
        format!("{qr}?x=1"),
        format!("{qr}/"),
        format!("{qr}#AAAA"),
        format!("{qr}A"),
    ] {
        assert_ne!(
            refused(&damaged, Source::Camera),
            LinkError::Foreign,
            "{damaged}"
        );
    }
}

#[test]
fn each_message_comes_only_the_ways_that_the_table_allows() {
    let w = World::new();
    let custom = |bytes: &[u8]| format!("countersign://sign.example.eu/Q/{}", encode_base32(bytes));
    let https = |bytes: &[u8]| link_text(&w.origin, bytes);
    let browser = w.signed(&w.enrolment(Way::PinInBrowser));
    let s = "#".to_owned() + &encode_base32(&[5; 16]);
    let phone = w.signed(&w.enrolment(Way::PinOnPhone));
    let (approve, code) = (w.signed(&w.approve()), w.signed(&w.code(CodeForm::Digits)));
    let mobile = w.signed(&w.on_mobile());
    use Source::{Camera, CustomScheme, Paste, SharedImage, VerifiedLink};
    for (text, way, taken) in [
        (https(&browser) + &s, Camera, true),
        (https(&browser) + &s, VerifiedLink, true),
        (https(&browser) + &s, Paste, false),
        (https(&browser), Camera, false),
        (custom(&browser) + &s, VerifiedLink, false),
        (https(&phone), Camera, true),
        (https(&phone), Paste, true),
        (https(&phone) + &s, Camera, false),
        (custom(&phone), Paste, false),
        (https(&approve), Camera, false),
        (https(&approve), Paste, false),
        (https(&code), Camera, true),
        (https(&code), VerifiedLink, true),
        (custom(&code), VerifiedLink, false),
        (https(&mobile), Camera, false),
        (https(&mobile), VerifiedLink, true),
        (custom(&mobile), VerifiedLink, true),
        (custom(&mobile), CustomScheme, true),
        (https(&mobile), Paste, true),
        (https(&browser) + &s, SharedImage, false),
        (https(&phone), SharedImage, true),
        (https(&approve), SharedImage, false),
        (https(&code), SharedImage, true),
        (https(&mobile), SharedImage, false),
    ] {
        assert_eq!(Link::parse(&text, way).is_ok(), taken, "{way:?} {text}");
    }
}

/// The rows of a service for the answer of [`World::answer`].
fn asked(w: &World) -> (ChallengeRecord, DeviceRecord) {
    let challenge = ChallengeRecord {
        id: w.answer().challenge,
        hash: w.answer().challenge_hash,
        challenge_type: 1,
        acc: Some(w.acc),
        dev: Some(w.dev),
        purpose: Purpose::SignIn,
        expires_at: w.approve().expires_at(),
        open: true,
        unlock: Unlock::PinOrBiometrics,
        number: Some(42),
    };
    let device = DeviceRecord {
        state: DeviceState::Active,
        acc: w.acc,
        counter: 0,
        tokens: TokenState::FIRST,
        epoch: 1,
        has_biometrics: false,
    };
    (challenge, device)
}

#[test]
fn an_answer_is_judged_in_the_order_of_the_specification() {
    let w = World::new();
    let (challenge, device) = asked(&w);
    let now = w.answer().time;
    let next = |answer: &Answer, device: &DeviceRecord, challenge: &ChallengeRecord, made| {
        judge_answer(answer, device, Some(challenge), now, made)
    };
    let right = next(&w.answer(), &device, &challenge, true);
    assert_eq!(right.next, Next::CheckPin);
    assert_eq!(
        right.accepted.unwrap().tokens,
        TokenState {
            issued: 2,
            acked: 1
        }
    );

    // From the last check to the first: each row breaks one more thing, and the earliest check
    // decides.
    let mut a = w.answer();
    let mut d = device;
    let mut c = challenge;
    a.number = Some(43);
    assert_eq!(next(&a, &d, &c, true).next, Next::CloseWrongNumber);
    a.unlocked_by = UnlockedBy::Biometrics;
    assert_eq!(next(&a, &d, &c, true).next, Next::Reply(ResultCode::Unlock));
    d.epoch = 2;
    let judged = next(&a, &d, &c, true);
    assert_eq!(judged.next, Next::Reply(ResultCode::Epoch));
    assert!(
        judged.accepted.is_some(),
        "the state token was accepted before"
    );
    let judged = next(&a, &d, &c, false);
    assert_eq!(judged.next, Next::Suspend);
    assert!(judged.accepted.is_none());
    d.counter = 1;
    assert_eq!(
        next(&a, &d, &c, false).next,
        Next::Reply(ResultCode::Counter)
    );
    c.open = false;
    assert_eq!(
        next(&a, &d, &c, false).next,
        Next::Reply(ResultCode::NotOpen)
    );
    d.state = DeviceState::Blocked;
    assert_eq!(
        next(&a, &d, &c, false).next,
        Next::Reply(ResultCode::Blocked)
    );
    a.time += 121;
    assert_eq!(next(&a, &d, &c, false).next, Next::Reply(ResultCode::Clock));
}

#[test]
fn a_decline_is_final_and_an_answer_to_another_challenge_is_not_open() {
    let w = World::new();
    let (challenge, device) = asked(&w);
    let now = w.answer().time;
    let next = |answer: &Answer, challenge: &ChallengeRecord| {
        judge_answer(answer, &device, Some(challenge), now, true).next
    };
    let mut declined = w.answer();
    declined.decision = Decision::Decline;
    assert_eq!(next(&declined, &challenge), Next::Close(Decision::Decline));
    for broken in [
        ChallengeRecord {
            expires_at: now,
            ..challenge
        },
        ChallengeRecord {
            dev: Some(countersign_protocol::id::DeviceId([0; 8])),
            ..challenge
        },
        ChallengeRecord {
            purpose: Purpose::AddDevice,
            ..challenge
        },
        ChallengeRecord {
            challenge_type: 4,
            ..challenge
        },
    ] {
        assert_eq!(next(&w.answer(), &broken), Next::Reply(ResultCode::NotOpen));
    }
}

#[test]
fn a_copied_phone_shows_an_old_state_token() {
    let state = TokenState {
        issued: 7,
        acked: 5,
    };
    assert_eq!(
        state.shown(7),
        Some(TokenState {
            issued: 8,
            acked: 7
        })
    );
    assert_eq!(
        state.shown(5),
        Some(TokenState {
            issued: 8,
            acked: 5
        })
    );
    assert_eq!(
        state.shown(9),
        Some(TokenState {
            issued: 10,
            acked: 9
        }),
        "the service was restored"
    );
    assert_eq!(state.shown(6), None);
    assert_eq!(state.shown(4), None);
    assert_eq!(TokenState::FIRST.shown(0), None);
}
