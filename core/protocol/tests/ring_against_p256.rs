//! ring verifies signatures by p256, and the reverse: keys that must be wiped sign with one
//! library, services verify with the other.

use p256::ecdsa::signature::{Signer, Verifier};
use p256::ecdsa::{Signature, SigningKey, VerifyingKey};
use proptest::prelude::*;
use ring::rand::SystemRandom;
use ring::signature::{
    ECDSA_P256_SHA256_FIXED, ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, UnparsedPublicKey,
};

/// Half of the group's order, rounded down (SEC 2, secp256r1): a low s is at most this.
const HALF_ORDER: &str = "7fffffff800000007fffffffffffffffde737d56d38bcf4279dce5617e3192a8";

fn key(seed: [u8; 32]) -> Option<SigningKey> {
    SigningKey::from_slice(&seed).ok()
}

fn point(key: &SigningKey) -> Vec<u8> {
    key.verifying_key().to_sec1_point(false).as_bytes().to_vec()
}

proptest! {
    #[test]
    fn ring_verifies_what_p256_signs_and_nothing_else(seed: [u8; 32], message: Vec<u8>, bit in 0_usize..512) {
        let Some(key) = key(seed) else { return Ok(()) };
        let signature: Signature = key.sign(&message);
        let again: Signature = key.sign(&message);
        prop_assert_eq!(signature, again, "RFC 6979: deterministic");

        // p256 leaves a high s as it is, so the code that signs for the protocol brings it down.
        let bytes = signature.normalize_s().to_bytes();
        prop_assert!(hex::encode(&bytes[32..]).as_str() <= HALF_ORDER, "s is low");

        let by_ring = UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, point(&key));
        prop_assert!(by_ring.verify(&message, &bytes).is_ok());

        let mut wrong = bytes;
        wrong[bit / 8] ^= 1 << (bit % 8);
        prop_assert!(by_ring.verify(&message, &wrong).is_err());
        let mut longer = message.clone();
        longer.push(0);
        prop_assert!(by_ring.verify(&longer, &bytes).is_err());
    }

    #[test]
    fn what_ring_signs_p256_verifies_and_can_make_its_s_low(seed: [u8; 32], message: Vec<u8>) {
        let Some(key) = key(seed) else { return Ok(()) };
        let random = SystemRandom::new();
        let point = point(&key);
        let by_ring =
            EcdsaKeyPair::from_private_key_and_public_key(&ECDSA_P256_SHA256_FIXED_SIGNING, &seed, &point, &random).unwrap();
        let signature = by_ring.sign(&random, &message).unwrap();
        let signature = Signature::from_slice(signature.as_ref()).unwrap();

        let verifying = VerifyingKey::from_sec1_bytes(&point).unwrap();
        let low = signature.normalize_s();
        prop_assert!(hex::encode(&low.to_bytes()[32..]).as_str() <= HALF_ORDER);
        for signature in [signature, low] {
            prop_assert!(verifying.verify(&message, &signature).is_ok());
            let by_ring = UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, &point);
            prop_assert!(by_ring.verify(&message, &signature.to_bytes()).is_ok());
        }
    }
}
