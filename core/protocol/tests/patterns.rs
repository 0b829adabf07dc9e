//! When the patterns of a form are judged, and their cost.
#![allow(clippy::unwrap_used)]

mod common;

use std::time::{Duration, Instant};

use common::{World, key};
use countersign_protocol::SigningKey;
use countersign_protocol::challenge::{Challenge, Field, Kind};
use countersign_protocol::field::{FieldKind, PatternError, Patterns};
use countersign_protocol::id::PublicKey;
use countersign_protocol::message::{Message, Received, assemble, sign_payload};

/// As many fields with this pattern as a form takes.
fn form(pattern: Option<&str>) -> Challenge {
    let mut challenge = World::new().transaction();
    let Kind::Transaction { fields, .. } = &mut challenge.kind else {
        unreachable!("a transaction has fields");
    };
    *fields = (0..12)
        .map(|n| Field {
            id: format!("{n:x}"),
            label: "L".into(),
            kind: FieldKind::Text,
            longest: 140,
            pattern: pattern.map(Into::into),
            hint: None,
        })
        .collect();
    challenge
}

/// A message that anyone can make, whatever an honest service would refuse to sign.
fn forged(challenge: &Challenge, signer: &SigningKey) -> Vec<u8> {
    let payload = challenge.encode();
    assemble(&payload, &sign_payload(Challenge::DOMAIN, &payload, signer))
}

/// The shortest of several runs: the time of the work when nothing disturbs it.
fn shortest(mut work: impl FnMut()) -> Duration {
    (0..15)
        .map(|_| {
            let begun = Instant::now();
            work();
            begun.elapsed()
        })
        .min()
        .unwrap()
}

#[test]
fn a_form_that_nobody_signed_is_refused_as_fast_whatever_its_patterns_cost() {
    let service = PublicKey::of(&World::new().service);
    let refusal = |pattern| {
        let bytes = forged(&form(pattern), &key("a stranger"));
        shortest(|| {
            let received = Received::<Challenge>::parse(&bytes).unwrap();
            assert!(received.verify(&service).is_err());
        })
    };
    let plain = refusal(None);
    for costly in [r"\w{140}", r"\p{L}{999}", r"(\w{9}){99}", r"(a?){9999}"] {
        let taken = refusal(Some(costly));
        assert!(taken < plain * 5, "{costly}: {taken:?}, else {plain:?}");
    }
}

#[test]
fn the_costliest_form_compiles_within_two_thousand_verifications() {
    let challenge = form(None);
    let signer = World::new().service;
    let bytes = forged(&challenge, &signer);
    let verification = shortest(|| {
        let received = Received::<Challenge>::parse(&bytes).unwrap();
        received.verify(&PublicKey::of(&signer)).unwrap();
    });
    for costly in [
        r"\w{1,140}",
        r"[\w&&[^\d]]{28}",
        r"\p{L}{1,11}",
        r"(a?){9999}",
        r"((a{0,1000}){0,1000})",
        r"\pL\pN\pS\pP\pM\pZ\PL\PN\PS\PP\PM\PZ\w\W\d\D",
    ] {
        let taken = shortest(|| drop(Patterns::compile([Some(costly); 12])));
        assert!(
            taken < verification * 2000,
            "{costly}: {taken:?}, a verification {verification:?}"
        );
    }
}

#[test]
fn the_limit_is_for_the_patterns_of_a_form_together() {
    let fits = |patterns: &[&'static str]| Patterns::compile(patterns.iter().copied().map(Some));
    fits(&[r"\p{L}{1,70}", r"[A-Z]{2}[0-9]{4}", r"[\p{L} .'-]{1,35}"]).unwrap();
    fits(&[r"[\p{L}\p{N} .,'/-]+"; 12]).unwrap();
    assert!(matches!(
        fits(&[r"\p{L}{1,70}", r"\p{L}{1,70}"]),
        Err(PatternError::Regex(_))
    ));
}

#[test]
fn a_form_with_a_pattern_that_cannot_be_used_is_refused_after_its_signature_was_verified() {
    let service = World::new().service;
    for bad in ["(", r"\p{Greek}", r"\p{L}{999}", "(?i)a"] {
        let challenge = form(Some(bad));
        let refused = challenge.sign(&service).unwrap_err();
        let received = Received::<Challenge>::parse(&forged(&challenge, &service)).unwrap();
        let verified = received.verify(&PublicKey::of(&service)).unwrap();
        assert_eq!(verified.patterns().unwrap_err(), refused, "{bad}");
        assert_eq!(
            refused.to_string(),
            "field of a challenge: a field out of bounds (pattern)"
        );
    }
}
