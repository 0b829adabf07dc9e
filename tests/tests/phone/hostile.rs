//! Codes and links that are damaged, foreign, too large, or lead elsewhere: each is refused in
//! words that name the fault, and nothing is stored or spent.

use std::fs;

use countersign::qr::scan::decode_file;
use countersign::{DATABASE_FILE, Source, UnlockMethod};

use crate::support::{TestPhone, World, anna, browser_of, enrol};

/// Every cut of a text, and the text with each of its characters changed.
fn damaged(text: &str) -> Vec<String> {
    let cuts = (0..text.len()).map(|length| text[..length].to_owned());
    let changes = (0..text.len()).map(|at| {
        let other = if text.as_bytes()[at] == b'A' {
            "B"
        } else {
            "A"
        };
        format!("{}{other}{}", &text[..at], &text[at + 1..])
    });
    cuts.chain(changes).collect()
}

/// Texts for people name no part of the protocol that only its programmers know.
fn is_plain(error: &str) {
    for jargon in [
        "CBOR", "COSE", "base32", "encoding", "Err(", "None", "parse",
    ] {
        assert!(!error.contains(jargon), "{error}");
    }
    assert!(error.len() < 260, "{error}");
}

fn stored(phone: &TestPhone) -> Vec<u8> {
    fs::read(phone.folder.join(DATABASE_FILE)).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a8_no_damaged_code_is_taken_and_nothing_is_spent() {
    let (mut world, _) = World::enrolled().await;
    let png = world.ask_code().await;
    let text = decode_file(&png).unwrap()[0].text.clone().unwrap();
    let before = stored(&world.phone);
    for damaged in damaged(&text) {
        let scanned = world.phone.core.scan(&damaged, Source::Camera).await;
        is_plain(
            &scanned
                .err()
                .unwrap_or_else(|| panic!("{damaged}"))
                .to_string(),
        );
    }
    assert_eq!(stored(&world.phone), before);
    let request = world.phone.scan_code(&png).await;
    let code = world
        .phone
        .core
        .code(request.id, UnlockMethod::Nothing)
        .await
        .unwrap();
    world.person.type_code(&code.code).await.unwrap();
    assert!(world.person.is_signed_in().await.unwrap());
}

#[tokio::test(flavor = "multi_thread")]
async fn a4_no_damaged_invitation_is_taken_and_nothing_is_stored() {
    let mut world = World::new().await;
    world.person.add_device("My phone").await.unwrap();
    let png = world.person.qr_png().await.unwrap();
    let text = decode_file(&png).unwrap()[0].text.clone().unwrap();
    let before = stored(&world.phone);
    for damaged in damaged(&text) {
        let begun = world
            .phone
            .core
            .begin_enrolment(&damaged, Source::Camera)
            .await;
        is_plain(
            &begun
                .err()
                .unwrap_or_else(|| panic!("{damaged}"))
                .to_string(),
        );
    }
    assert_eq!(stored(&world.phone), before);
    enrol(&mut world.person, &world.phone, "My phone").await;
}

#[tokio::test]
async fn a8_foreign_codes_too_large_ones_and_those_that_lead_elsewhere_are_told_apart() {
    let (mut world, _) = World::enrolled().await;
    let png = world.ask_code().await;
    let text = decode_file(&png).unwrap()[0].text.clone().unwrap();
    let (origin, message) = text.split_once("/Q/").unwrap();
    let foreign = "this is not a Countersign code";
    for (text, says) in [
        ("", foreign),
        ("https://example.eu/", foreign),
        ("WIFI:S:Café;T:WPA;P:secret;;", foreign),
        (
            "otpauth://totp/Example:anna?secret=JBSWY3DPEHPK3PXP",
            foreign,
        ),
        (&format!("{text}{}", "A".repeat(1024)), foreign),
        (&format!("https://user@localhost/Q/{message}"), foreign),
        (
            &format!("https://example.eu/Q/{message}"),
            "points to example.eu",
        ),
        (&format!("{origin}/Q/{message}?x=1"), "damaged or cut off"),
        (&format!("{origin}/Q/{message}#AAAA"), "damaged or cut off"),
        (&format!("{origin}/Q/{message}===="), "damaged or cut off"),
        (
            &format!("{origin}/Q/{}", message.to_lowercase()),
            "damaged or cut off",
        ),
        (&format!("{origin}/Q/"), "damaged or cut off"),
    ] {
        let error = world
            .phone
            .core
            .scan(text, Source::Camera)
            .await
            .unwrap_err();
        let error = error.to_string();
        assert!(error.contains(says), "{text}: {error}");
        is_plain(&error);
    }
}

#[tokio::test]
async fn a11_a_code_of_another_account_is_refused_and_spends_nothing() {
    let (mut world, _) = World::enrolled().await;
    let mut other = browser_of(&world.service);
    let email = "ben@example.eu";
    other.create_account(&anna(email)).await.unwrap();
    let phone = TestPhone::open(&world.folder.path().join("bens-phone"));
    enrol(&mut other, &phone, "Ben's phone").await;
    let before = stored(&phone);
    let png = world.ask_code().await;
    let text = decode_file(&png).unwrap()[0].text.clone().unwrap();
    let error = phone.core.scan(&text, Source::Camera).await.unwrap_err();
    assert!(
        error.to_string().contains("for an account of localhost"),
        "{error}"
    );
    assert_eq!(stored(&phone), before);
}
