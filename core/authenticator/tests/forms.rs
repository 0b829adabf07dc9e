//! Forms whose patterns are costly or can't be used: judged once, and only when the service signed
//! them.

use std::time::{Duration, Instant};

use countersign::{LinkError, ReadError, Scanned, Source, TypedValue};
use countersign_protocol::SigningKey;
use countersign_protocol::challenge::{Challenge, Field, Kind};
use countersign_protocol::field::{FieldKind, Pattern};
use countersign_protocol::id::PublicKey;
use countersign_protocol::link::qr_text;
use countersign_protocol::message::{Message, Received, assemble, sign_payload};

use crate::support::*;

/// Compiles to most of what a form may hold.
const COSTLY: &str = r"\p{L}{1,100}";

fn fields(pattern: &str) -> Vec<Field> {
    vec![Field {
        id: "name".into(),
        label: "Name".into(),
        kind: FieldKind::Text,
        longest: 140,
        pattern: Some(pattern.into()),
        hint: None,
    }]
}

/// The form of a code with another pattern, signed as the service signs or by a stranger.
fn with_pattern(desk: &Desk, code: &str, pattern: &str, stranger: bool) -> String {
    let bytes = base32_bytes(code.split_once("/Q/").unwrap().1);
    let received = Received::<Challenge>::parse(&bytes).unwrap();
    let key = desk.key();
    let public = PublicKey::of(&key);
    let mut challenge = Challenge::clone(&received.verify(&public).unwrap());
    if let Kind::Transaction { fields: of, .. } = &mut challenge.kind {
        *of = fields(pattern);
    }
    let payload = challenge.encode();
    let signer = if stranger {
        SigningKey::from_slice(&[7; 32]).unwrap()
    } else {
        key
    };
    let signature = sign_payload(Challenge::DOMAIN, &payload, &signer);
    qr_text(&desk.origin, &assemble(&payload, &signature))
}

#[tokio::test]
async fn a_pattern_that_cannot_be_used_is_told_of_a_signed_form_only() {
    let (scene, _, acc) = enrolled().await;
    let good = scene.desk.ask_transaction(acc, 1, fields("[a-z]+"));
    for bad in ["(", r"\p{Greek}", r"\p{L}{999}"] {
        let signed = with_pattern(&scene.desk, &good, bad, false);
        let refused = scene.refused(&signed).await;
        assert!(
            matches!(&refused, ReadError::Link(LinkError::Message(error)) if error.field == "pattern"),
            "{refused}"
        );
        let forged = with_pattern(&scene.desk, &good, bad, true);
        let refused = scene.refused(&forged).await;
        assert!(matches!(refused, ReadError::Service(_)), "{refused}");
    }
}

#[tokio::test]
async fn a_form_is_compiled_once_however_often_it_is_read_and_typed_into() {
    let (scene, _, acc) = enrolled().await;
    let text = scene.desk.ask_transaction(acc, 1, fields(COSTLY));
    let Scanned::Transaction(form) = scene.phone.scan(&text, Source::Camera).await.unwrap() else {
        panic!("no form");
    };
    let shortest = |work: &mut dyn FnMut()| -> Duration {
        let time = |work: &mut dyn FnMut()| {
            let begun = Instant::now();
            work();
            begun.elapsed()
        };
        (0..10).map(|_| time(work)).min().unwrap()
    };
    let compiled = shortest(&mut || drop(Pattern::compile(COSTLY).unwrap()));
    let typed = TypedValue {
        id: "name".into(),
        value: "Anna".into(),
    };
    let key = shortest(&mut || drop(scene.phone.check_field(form.id, &typed).unwrap()));
    assert!(key * 4 < compiled, "a key {key:?}, compiled {compiled:?}");
    let mut scanned = Duration::MAX;
    for _ in 0..10 {
        let begun = Instant::now();
        scene.phone.scan(&text, Source::Camera).await.unwrap();
        scanned = scanned.min(begun.elapsed());
    }
    assert!(scanned < compiled, "{scanned:?}, compiled {compiled:?}");
}
