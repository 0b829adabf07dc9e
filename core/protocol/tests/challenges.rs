//! The subject, client, binding message and pairs of a challenge (§6): which purpose takes which,
//! and within which bounds.

#![allow(clippy::unwrap_used)]

mod common;

use ciborium::Value;
use common::World;
use countersign_protocol::Problem;
use countersign_protocol::answer::{Answer, Decision};
use countersign_protocol::challenge::{
    Challenge, CodeForm, Kind, LIMIT_IN_QR, Pair, Purpose, Subject, Unlock,
};
use countersign_protocol::link::{Link, LinkError, Source, qr_text};
use countersign_protocol::message::{Message, Received, assemble, sign_payload};
use countersign_protocol::reply::Reply;
use countersign_protocol::request::{ReceivedRequest, Unsigned};
use countersign_protocol::verify::{ChallengeRecord, DeviceRecord, Next, TokenState, judge_answer};

const PURPOSES: [Purpose; 11] = [
    Purpose::SignIn,
    Purpose::AddDevice,
    Purpose::ChangePin,
    Purpose::Unblock,
    Purpose::Remove,
    Purpose::ChangePassword,
    Purpose::Transaction,
    Purpose::ChangeEmail,
    Purpose::AddFactor,
    Purpose::DeleteAccount,
    Purpose::ExportData,
];

fn subjects(w: &World) -> [Option<Subject>; 5] {
    [
        None,
        Some(Subject::Device {
            dev: w.dev,
            name: "My phone".into(),
        }),
        Some(Subject::Address("anna@example.eu".into())),
        Some(Subject::Factor("Key".into())),
        Some(Subject::Account("anna@example.eu".into())),
    ]
}

fn problem(w: &World, challenge: &Challenge) -> Option<(&'static str, Problem)> {
    let error = challenge.sign(&w.service).err()?;
    Some((error.field, error.problem))
}

/// Signs any payload: for messages that this crate itself refuses to issue.
fn signed(w: &World, payload: &[u8]) -> Vec<u8> {
    let signature = sign_payload(Challenge::DOMAIN, payload, &w.service);
    assemble(payload, &signature)
}

/// The challenge with one key's value changed, or taken away.
fn with_key(w: &World, challenge: &Challenge, key: u64, value: Option<Value>) -> Vec<u8> {
    let read: Value = ciborium::from_reader(challenge.encode().as_slice()).unwrap();
    let mut map = read.into_map().unwrap();
    map.retain(|(have, _)| *have != key.into());
    if let Some(value) = value {
        map.push((key.into(), value));
    }
    map.sort_by_key(|(have, _)| u64::try_from(have.as_integer().unwrap()).unwrap());
    let mut payload = Vec::new();
    ciborium::into_writer(&Value::Map(map), &mut payload).unwrap();
    signed(w, &payload)
}

fn refusal(bytes: &[u8]) -> (&'static str, Problem) {
    let error = Received::<Challenge>::parse(bytes).err().unwrap();
    (error.field, error.problem)
}

#[test]
fn every_purpose_takes_its_own_kind_of_subject_in_every_type_that_has_it() {
    let w = World::new();
    // Rows: purposes 1 to 11. Columns: none, device, address, factor, account.
    let table = [
        [true, false, false, false, false],
        [false, false, false, true, false],
        [false, true, false, false, false],
        [false, true, false, false, false],
        [false, true, false, true, false],
        [false, false, false, false, true],
        [true, false, false, false, false],
        [false, false, true, false, false],
        [false, false, false, true, false],
        [false, false, false, false, true],
        [false, false, false, false, true],
    ];
    let kinds = [
        w.approve(),
        w.code(CodeForm::Characters),
        w.transaction(),
        w.on_mobile(),
        w.online(),
    ];
    for (purpose, row) in PURPOSES.into_iter().zip(table) {
        for (subject, takes) in subjects(&w).into_iter().zip(row) {
            for kind in &kinds {
                let signs = matches!(kind.kind, Kind::Transaction { .. } | Kind::Online { .. });
                let approve = matches!(kind.kind, Kind::Approve { .. });
                let fits = signs == (purpose == Purpose::Transaction)
                    && (approve || purpose != Purpose::Unblock);
                let challenge = Challenge {
                    purpose,
                    subject: subject.clone(),
                    ..kind.clone()
                };
                let found = problem(&w, &challenge);
                let case = format!("{purpose:?} {subject:?} {}", kind.kind.number());
                if fits && takes {
                    let read = Received::<Challenge>::parse(&w.signed(&challenge)).unwrap();
                    assert_eq!(*read.verify(&w.service_key()).unwrap(), challenge, "{case}");
                } else {
                    let field = if fits { "subject" } else { "purpose" };
                    assert_eq!(found.unwrap().0, field, "{case}");
                }
            }
        }
    }
}

#[test]
fn a_subject_that_is_missing_superfluous_or_another_is_named_so() {
    let w = World::new();
    let [none, device, address, ..] = subjects(&w);
    let of = |purpose, subject: &Option<Subject>| {
        let challenge = Challenge {
            purpose,
            subject: subject.clone(),
            ..w.approve()
        };
        problem(&w, &challenge).unwrap()
    };
    assert_eq!(of(Purpose::Remove, &none), ("subject", Problem::Missing));
    assert_eq!(of(Purpose::SignIn, &device), ("subject", Problem::Unknown));
    assert_eq!(of(Purpose::Remove, &address), ("subject", Problem::Bounds));
}

#[test]
fn a_subject_has_one_form_and_its_text_can_be_shown() {
    let w = World::new();
    let challenge = w.change_email();
    let array = |items: Vec<Value>| Some(Value::Array(items));
    let two = || Value::from(2);
    for bad in [
        array(vec![two(), "anna.example.eu".into()]),
        array(vec![two(), "@example.eu".into()]),
        array(vec![two(), "anna@".into()]),
        array(vec![two(), "anna @example.eu".into()]),
        array(vec![two(), "anna\u{a0}@example.eu".into()]),
        array(vec![two(), "\u{202e}anna@example.eu".into()]),
        array(vec![
            two(),
            format!("{}@example.eu", "a".repeat(244)).into(),
        ]),
        array(vec![two(), Value::Bytes(b"anna@example.eu".to_vec())]),
        array(vec![two(), "anna@example.eu".into(), "more".into()]),
        array(vec![two()]),
        array(vec![5.into(), "anna@example.eu".into()]),
        array(vec![(-2).into(), "anna@example.eu".into()]),
        array(vec!["anna@example.eu".into(), two()]),
    ] {
        let message = with_key(&w, &challenge, 19, bad.clone());
        assert_eq!(refusal(&message).0, "subject", "{bad:?}");
    }
    let text = Some(Value::from("anna@example.eu"));
    let message = with_key(&w, &challenge, 19, text);
    assert_eq!(refusal(&message), ("subject", Problem::Type));

    let named = |name: &str| Challenge {
        purpose: Purpose::AddFactor,
        subject: Some(Subject::Factor(name.into())),
        ..w.approve()
    };
    assert_eq!(problem(&w, &named(&"n".repeat(40))), None);
    for bad in [
        "",
        "Old\u{202e}",
        "Old\u{200b}",
        "Old\nnew",
        &"n".repeat(41),
    ] {
        let found = problem(&w, &named(bad));
        assert_eq!(found, Some(("subject", Problem::Bounds)), "{bad:?}");
    }
    let long = format!("{}@example.eu", "a".repeat(243));
    let challenge = Challenge {
        subject: Some(Subject::Address(long)),
        ..challenge
    };
    assert_eq!(problem(&w, &challenge), None);
}

#[test]
fn client_and_binding_message_are_optional_everywhere_but_in_typed_transactions() {
    let w = World::new();
    let both = |challenge: Challenge, client: &str, binding: &str| Challenge {
        client: Some(client.into()),
        binding: Some(binding.into()),
        ..challenge
    };
    let (client, binding) = ("c".repeat(40), "b".repeat(80));
    for plain in [
        w.approve(),
        w.code(CodeForm::Characters),
        w.on_mobile(),
        w.online(),
    ] {
        let named = both(plain.clone(), &client, &binding);
        let read = Received::<Challenge>::parse(&w.signed(&named)).unwrap();
        assert_eq!(*read.verify(&w.service_key()).unwrap(), named);
        for (text, other) in [("", "b"), ("Shop\u{202e}", "b"), (&"c".repeat(41), "b")] {
            let bad = both(plain.clone(), text, other);
            assert_eq!(problem(&w, &bad), Some(("client", Problem::Bounds)));
        }
        for text in ["", "7Q4\u{2066}", &"b".repeat(81)] {
            let bad = both(plain.clone(), "c", text);
            let expected = Some(("binding message", Problem::Bounds));
            assert_eq!(problem(&w, &bad), expected);
        }
    }
    for key in [20, 21] {
        let message = with_key(&w, &w.transaction(), key, Some("Shop".into()));
        assert_eq!(refusal(&message).1, Problem::Unknown);
    }
}

#[test]
fn an_online_transaction_has_1_to_12_canonical_pairs_with_distinct_labels() {
    let w = World::new();
    let with = |pairs: Vec<Pair>| {
        let mut challenge = w.online();
        if let Kind::Online { pairs: have, .. } = &mut challenge.kind {
            *have = pairs;
        }
        challenge
    };
    let pair = |label: &str, value: &str| Pair {
        label: label.into(),
        value: value.into(),
    };
    let twelve: Vec<_> = (0..12).map(|n| pair(&format!("Label {n}"), "v")).collect();
    let mut thirteen = twelve.clone();
    thirteen.push(pair("Label 12", "v"));
    let good = with(twelve);
    let read = Received::<Challenge>::parse(&w.signed(&good)).unwrap();
    assert_eq!(*read.verify(&w.service_key()).unwrap(), good);
    assert_eq!(problem(&w, &with(vec![pair("L", &"ā".repeat(140))])), None);
    for bad in [
        vec![],
        thirteen,
        vec![pair("To", "a"), pair("To", "b")],
        vec![pair("", "v")],
        vec![pair("To", "")],
        vec![pair("To", " v")],
        vec![pair("To", "v ")],
        vec![pair("To", "a  b")],
        vec![pair("To", "a\u{a0}b")],
        vec![pair("To", "a\tb")],
        // Not NFC.
        vec![pair("To", "Ja\u{304}nis")],
        vec![pair("Ja\u{304}nis", "v")],
        vec![pair(" To", "v")],
        vec![pair("To", "abc\u{202e}fdp")],
        vec![pair("To\u{200f}", "v")],
        vec![pair(&"l".repeat(21), "v")],
        vec![pair("To", &"v".repeat(141))],
    ] {
        let found = problem(&w, &with(bad.clone()));
        assert_eq!(found, Some(("pairs", Problem::Bounds)), "{bad:?}");
    }
    let inner = |items: Vec<Value>| Value::Array(vec![Value::Array(items)]);
    for bad in [
        inner(vec!["To".into()]),
        inner(vec!["To".into(), "v".into(), "w".into()]),
        inner(vec!["To".into(), 5.into()]),
        Value::Array(vec!["To".into()]),
    ] {
        let message = with_key(&w, &w.online(), 22, Some(bad.clone()));
        assert_eq!(refusal(&message), ("pairs", Problem::Bounds), "{bad:?}");
    }
    for key in [15, 16, 22] {
        let message = with_key(&w, &w.online(), key, None);
        assert_eq!(refusal(&message).1, Problem::Missing, "key {key}");
    }
    let message = with_key(
        &w,
        &w.approve(),
        22,
        Some(inner(vec!["To".into(), "v".into()])),
    );
    assert_eq!(refusal(&message).1, Problem::Unknown);
    let mut unlocked = w.online();
    unlocked.unlock = Unlock::Nothing;
    assert_eq!(problem(&w, &unlocked).unwrap().0, "unlock");
}

#[test]
fn each_type_has_its_own_longest_message_and_four_of_the_longest_fit_a_reply() {
    let w = World::new();
    let online = |values: usize| {
        let mut challenge = w.online();
        if let Kind::Online { pairs, .. } = &mut challenge.kind {
            *pairs = (0..8)
                .map(|n| Pair {
                    label: format!("Label {n}"),
                    value: "v".repeat(if n == 7 { values } else { 110 }),
                })
                .collect();
        }
        challenge
    };
    let length = |challenge: &Challenge| signed(&w, &challenge.encode()).len();
    let of_length = |bytes| (24..=140).map(online).find(|it| length(it) == bytes);
    let longest = of_length(1200).unwrap();
    assert_eq!(w.signed(&longest).len(), 1200);
    let error = problem(&w, &of_length(1201).unwrap()).unwrap();
    assert_eq!(error, ("message", Problem::TooLong));

    let reply = Reply {
        challenges: Some(vec![w.signed(&longest); 4]),
        ..w.status_reply(w.info_hash())
    };
    let bytes = w.signed(&reply);
    assert_eq!(
        Received::<Reply>::parse(&bytes)
            .unwrap()
            .verify(&w.service_key())
            .unwrap()
            .challenges,
        reply.challenges
    );
    let reply = Reply {
        challenges: Some(vec![vec![0; 1201]]),
        ..reply
    };
    assert_eq!(reply.sign(&w.service).unwrap_err().field, "challenges");

    // Whatever a code or request says of itself fits beside the longest new address.
    for challenge in [w.approve(), w.code(CodeForm::Characters)] {
        let full = Challenge {
            purpose: Purpose::ChangeEmail,
            subject: Some(Subject::Address(format!("{}@example.eu", "a".repeat(243)))),
            client: Some("c".repeat(40)),
            binding: Some("b".repeat(80)),
            app_name: "Twenty bytes of name".into(),
            ..challenge
        };
        assert!(w.signed(&full).len() <= LIMIT_IN_QR);
    }
    let mut long = w.on_mobile();
    long.kind = Kind::OnMobile {
        return_url: format!("{:r<255}", w.origin.as_str()),
    };
    long.client = Some("c".repeat(40));
    long.binding = Some("b".repeat(80));
    assert_eq!(problem(&w, &long), None);
    long.purpose = Purpose::ChangePassword;
    long.subject = Some(Subject::Account("a".repeat(40)));
    let too_long = ("message", Problem::TooLong);
    assert_eq!(problem(&w, &long), Some(too_long));
    assert_eq!(refusal(&signed(&w, &long.encode())), too_long);
}

#[test]
fn an_online_transaction_comes_by_the_inbox_only() {
    let w = World::new();
    let text = qr_text(&w.origin, &w.signed(&w.online()));
    for source in [
        Source::Camera,
        Source::SharedImage,
        Source::Paste,
        Source::VerifiedLink,
        Source::CustomScheme,
    ] {
        let error = Link::parse(&text, source).err();
        assert!(matches!(error, Some(LinkError::Source(..))), "{source:?}");
    }
    assert_eq!(w.online().kind.inbox(), Some(w.dev));
}

#[test]
fn an_answer_to_an_online_transaction_covers_its_pairs_and_is_judged_like_an_approval() {
    let w = World::new();
    let challenge = w.online();
    let answer = w.online_answer();
    let unsigned = answer
        .prepare_with_pin(
            w.pin_keys().signing_key(),
            w.opening.public(),
            &mut common::FixedRng(5),
        )
        .unwrap();
    let request = ReceivedRequest::<Answer>::parse(&w.body(unsigned))
        .unwrap()
        .verify(&w.device_key())
        .unwrap();
    assert_eq!(*request, answer);
    let device = DeviceRecord {
        state: countersign_protocol::reply::DeviceState::Active,
        acc: w.acc,
        counter: 0,
        tokens: TokenState::FIRST,
        epoch: 1,
        has_biometrics: false,
    };
    let record = ChallengeRecord {
        id: challenge.id,
        hash: w.hash(&challenge),
        challenge_type: 18,
        acc: Some(w.acc),
        dev: Some(w.dev),
        purpose: challenge.purpose,
        expires_at: challenge.expires_at(),
        open: true,
        unlock: challenge.unlock,
        number: None,
    };
    let judged = |answer: &Answer, record: &ChallengeRecord| {
        judge_answer(answer, &device, Some(record), answer.time, true).next
    };
    let record = ChallengeRecord {
        expires_at: answer.time + 9,
        ..record
    };
    assert_eq!(judged(&answer, &record), Next::CheckPin);
    let mut other = challenge.clone();
    if let Kind::Online { pairs, .. } = &mut other.kind {
        pairs[2].value = "1234.51 EUR".into();
    }
    let not_open = Next::Reply(countersign_protocol::reply::ResultCode::NotOpen);
    let changed = ChallengeRecord {
        hash: w.hash(&other),
        ..record
    };
    assert_eq!(judged(&answer, &changed), not_open);
    let as_approve = Answer {
        challenge_type: 1,
        ..answer.clone()
    };
    assert_eq!(judged(&as_approve, &record), not_open);
    let decline = Answer {
        decision: Decision::Decline,
        unlocked_by: countersign_protocol::answer::UnlockedBy::Nothing,
        ..answer
    };
    let body = w.body(Unsigned::plain(&decline));
    assert!(ReceivedRequest::<Answer>::parse(&body).is_ok());
    assert_eq!(judged(&decline, &record), Next::Close(Decision::Decline));
}
