use serde_json::json;

use super::*;
use crate::keys::jose;

fn key(byte: u8) -> TokenKey {
    assert!(jose::install());
    TokenKey::es256(&SigningKey::from_slice(&[byte; 32]).unwrap()).unwrap()
}

fn part(text: &str) -> String {
    BASE64.encode(text)
}

#[test]
fn a_key_reads_what_it_signed_under_its_name_and_nothing_else() {
    let (own, other) = (key(1), key(2));
    let claims = json!({ "sub": "anna", "exp": 1 });
    let token = own.sign("JWT", &claims).unwrap();
    // Long past: whoever reads it compares times with the service's clock.
    assert_eq!(own.read("JWT", &token), Some(claims));
    assert_eq!(own.read("logout+jwt", &token), None);
    assert_eq!(other.read("JWT", &token), None);
    let public = PublicJwk::of(&own.published().unwrap()).unwrap();
    assert!(public.read(&token).is_some());
    let stranger = PublicJwk::of(&other.published().unwrap()).unwrap();
    assert!(stranger.read(&token).is_none());
    let (text, _) = token.rsplit_once('.').unwrap();
    let (head, payload) = text.split_once('.').unwrap();
    let signature = token.rsplit_once('.').unwrap().1;
    for forged in [
        String::new(),
        "..".to_owned(),
        format!("{text}."),
        format!("{token}="),
        format!("{token}.x"),
        format!("{head}.{}.{signature}", part(r#"{"sub":"eve"}"#)),
        format!("{}.{payload}.", part(r#"{"alg":"none"}"#)),
        format!("{}.{payload}.{signature}", part(r#"{"alg":"HS256"}"#)),
        format!("{}.{payload}.{signature}", part(r#"{"alg":"RS256"}"#)),
        "x".repeat(LONGEST + 1),
    ] {
        assert!(public.read(&forged).is_none(), "{forged}");
        assert!(own.read("JWT", &forged).is_none(), "{forged}");
    }
}

#[test]
fn a_token_that_is_no_object_or_asks_for_an_extension_is_not_read() {
    let own = key(1);
    assert!(jose::install());
    let public = PublicJwk::of(&own.published().unwrap()).unwrap();
    let signed = |head: Header, claims: &Value| encode(&head, claims, &own.key).unwrap();
    let head = || Header::new(jsonwebtoken::Algorithm::ES256);
    assert!(public.read(&signed(head(), &json!({}))).is_some());
    for claims in [json!([]), json!("x"), json!(1), Value::Null] {
        assert!(public.read(&signed(head(), &claims)).is_none(), "{claims}");
    }
    let crit = Header {
        crit: Some(vec!["exp".to_owned()]),
        ..head()
    };
    assert!(public.read(&signed(crit, &json!({}))).is_none());
}

#[test]
fn a_public_key_is_a_point_of_the_curve_or_a_modulus_of_enough_bits() {
    let good = key(3).published().unwrap();
    assert!(PublicJwk::of(&good).is_some());
    let rsa = json!({ "kty": "RSA", "e": "AQAB", "n": BASE64.encode([0xff; 256]) });
    assert!(PublicJwk::of(&rsa).is_some());
    let with = |key: &Value, name: &str, value: Value| {
        let mut key = key.clone();
        key[name] = value;
        key
    };
    for bad in [
        json!({}),
        json!([]),
        json!({ "kty": "oct", "k": "AAAA" }),
        with(&good, "d", json!("AAAA")),
        with(&good, "crv", json!("P-384")),
        with(&good, "x", json!(BASE64.encode([7; 32]))),
        with(&good, "x", json!("")),
        with(&good, "y", json!("?")),
        with(&good, "use", json!("enc")),
        with(&good, "alg", json!("RS256")),
        with(&rsa, "alg", json!("PS256")),
        with(&rsa, "e", json!("AQ")),
        with(&rsa, "e", json!("Ag")),
        with(&rsa, "e", json!("")),
        with(&rsa, "n", json!(BASE64.encode([0xff; 128]))),
        with(&rsa, "n", json!(BASE64.encode([0xff; 1025]))),
        with(&rsa, "n", json!(BASE64.encode([0xfe; 256]))),
    ] {
        assert!(PublicJwk::of(&bad).is_none(), "{bad}");
    }
}
