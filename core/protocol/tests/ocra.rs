//! OCRA against RFC 6287: all rows of appendix C, the suite's grammar, and Countersign's own two
//! suites.

use countersign_protocol::ocra::{self, InputError, Inputs, Output, Suite};
use hmac::{Hmac, KeyInit, Mac};
use proptest::prelude::*;
use sha2::Sha256;

const SEED: &[u8] = b"1234567890123456789012345678901234567890123456789012345678901234";

/// The output as text; an error's text fits no expected value.
fn text(suite: &str, key: &[u8], inputs: &Inputs<'_>) -> String {
    match suite
        .parse::<Suite>()
        .map(|suite| suite.compute(key, inputs))
    {
        Ok(Ok(output)) => output.to_text().to_string(),
        Ok(Err(error)) => error.to_string(),
        Err(error) => error.to_string(),
    }
}

#[test]
fn all_seventy_rows_of_rfc_6287_come_out() {
    let rows: serde_json::Value =
        serde_json::from_str(include_str!("vectors/rfc6287.json")).unwrap();
    let rows = rows.as_array().unwrap();
    assert_eq!(rows.len(), 70);
    for row in rows {
        let field = |name: &str| row.get(name).unwrap();
        let suite = field("suite").as_str().unwrap();
        let key = &SEED[..usize::try_from(field("keylen").as_u64().unwrap()).unwrap()];
        let inputs = Inputs {
            counter: field("c").as_u64(),
            question: field("q").as_str().unwrap(),
            pin: field("pin").as_bool().unwrap().then_some(b"1234"),
            session: None,
            time: field("t").as_u64(),
        };
        assert_eq!(
            text(suite, key, &inputs),
            field("expect").as_str().unwrap(),
            "{row}"
        );
    }
}

#[test]
fn suites_are_parsed_strictly() {
    for good in [
        "OCRA-1:HOTP-SHA1-6:QN08",
        "OCRA-1:HOTP-SHA512-8:C-QN08-PSHA1",
        "OCRA-1:HOTP-SHA256-6:QA10-T1M",
        "OCRA-1:HOTP-SHA256-10:C-QH64-PSHA512-S512-T48H",
        "OCRA-1:HOTP-SHA256-0:QA04-PSHA256-S064-T59S",
        ocra::CODE_SUITE,
        ocra::CODE_DIGITS_SUITE,
    ] {
        assert_eq!(good.parse::<Suite>().unwrap().to_string(), good);
    }
    for bad in [
        "",
        "OCRA-1",
        "OCRA-1:HOTP-SHA1-6",
        "OCRA-2:HOTP-SHA1-6:QN08",
        "ocra-1:hotp-sha1-6:qn08",
        " OCRA-1:HOTP-SHA1-6:QN08",
        "OCRA-1:HOTP-SHA1-6:QN08:",
        "OCRA-1:HOTP-SHA1:QN08",
        "OCRA-1:HOTP-SHA384-6:QN08",
        "OCRA-1:HOTP-MD5-6:QN08",
        "OCRA-1:HOTP-SHA1-3:QN08",
        "OCRA-1:HOTP-SHA1-06:QN08",
        "OCRA-1:HOTP-SHA1-11:QN08",
        "OCRA-1:HOTP-SHA1-+6:QN08",
        "OCRA-1:HOTP-SHA1-6:C",
        "OCRA-1:HOTP-SHA1-6:QN8",
        "OCRA-1:HOTP-SHA1-6:QN03",
        "OCRA-1:HOTP-SHA1-6:QN65",
        "OCRA-1:HOTP-SHA1-6:QX08",
        "OCRA-1:HOTP-SHA1-6:QN08-C",
        "OCRA-1:HOTP-SHA1-6:C-C-QN08",
        "OCRA-1:HOTP-SHA1-6:QN08-",
        "OCRA-1:HOTP-SHA1-6:QN08-PMD5",
        "OCRA-1:HOTP-SHA1-6:QN08-P",
        "OCRA-1:HOTP-SHA1-6:QN08-T1M-PSHA1",
        "OCRA-1:HOTP-SHA1-6:QN08-S64",
        "OCRA-1:HOTP-SHA1-6:QN08-S000",
        "OCRA-1:HOTP-SHA1-6:QN08-S513",
        "OCRA-1:HOTP-SHA1-6:QN08-T",
        "OCRA-1:HOTP-SHA1-6:QN08-T0S",
        "OCRA-1:HOTP-SHA1-6:QN08-T60S",
        "OCRA-1:HOTP-SHA1-6:QN08-T01M",
        "OCRA-1:HOTP-SHA1-6:QN08-T0H",
        "OCRA-1:HOTP-SHA1-6:QN08-T49H",
        "OCRA-1:HOTP-SHA1-6:QN08-T1é",
    ] {
        assert!(bad.parse::<Suite>().is_err(), "{bad:?}");
    }
}

#[test]
fn inputs_must_agree_with_the_suite() {
    let suite: Suite = "OCRA-1:HOTP-SHA256-6:C-QN08-PSHA1-S004-T1M"
        .parse()
        .unwrap();
    let whole = Inputs {
        counter: Some(1),
        question: "1",
        pin: Some(b"1234"),
        session: Some(b"ab"),
        time: Some(1),
    };
    assert!(suite.compute(SEED, &whole).is_ok());
    let refused = |inputs| suite.compute(SEED, &inputs).err().unwrap();
    for (what, inputs) in [
        (
            "counter",
            Inputs {
                counter: None,
                ..whole
            },
        ),
        ("PIN", Inputs { pin: None, ..whole }),
        (
            "session",
            Inputs {
                session: None,
                ..whole
            },
        ),
        (
            "time",
            Inputs {
                time: None,
                ..whole
            },
        ),
    ] {
        assert_eq!(refused(inputs), InputError::Mismatch { what });
    }
    assert_eq!(
        refused(Inputs {
            session: Some(b"abcde"),
            ..whole
        }),
        InputError::Session { most: 4 }
    );
    for question in ["", "12345678901234567", "12a", "１", "-1"] {
        assert!(matches!(
            refused(Inputs { question, ..whole }),
            InputError::Question { most: 16, .. }
        ));
    }
    let bare: Suite = "OCRA-1:HOTP-SHA256-6:QH08".parse().unwrap();
    let refused = |inputs| bare.compute(SEED, &inputs).err().unwrap();
    assert_eq!(
        refused(Inputs {
            question: "ab",
            counter: Some(1),
            ..Inputs::default()
        }),
        InputError::Mismatch { what: "counter" }
    );
    assert!(matches!(
        refused(Inputs {
            question: "xy",
            ..Inputs::default()
        }),
        InputError::Question { .. }
    ));
}

#[test]
fn the_session_is_filled_on_the_left_and_time_is_counted_in_steps() {
    let suite: Suite = "OCRA-1:HOTP-SHA1-0:QA04-S004-T2M".parse().unwrap();
    assert_eq!(suite.time_steps(599), Some(4));
    let inputs = Inputs {
        question: "Ab1z",
        session: Some(b"xy"),
        time: suite.time_steps(599),
        ..Inputs::default()
    };
    let Ok(Output::Whole(output)) = suite.compute(SEED, &inputs) else {
        panic!("the whole HMAC was asked for")
    };
    let mut mac = Hmac::<sha1::Sha1>::new_from_slice(SEED).unwrap();
    mac.update(b"OCRA-1:HOTP-SHA1-0:QA04-S004-T2M\0Ab1z");
    mac.update(&[0; 124]);
    mac.update(b"\0\0xy\0\0\0\0\0\0\0\x04");
    assert_eq!(output.as_slice(), mac.finalize().as_bytes().as_slice());
}

#[test]
fn long_decimal_questions_become_bytes_from_the_left() {
    // 2^256 - 1 has 78 decimal digits and 64 hexadecimal ones, so both formats must give the same
    // 128 bytes.
    let number = "115792089237316195423570985008687907853269984665640564039457584007913129639935";
    let digits = |suite: &str, question: &str| {
        let input = Inputs {
            question,
            ..Inputs::default()
        };
        let suite: Suite = suite.parse().unwrap();
        suite
            .compute(SEED, &input)
            .map(|output| output.to_text().to_string())
            .unwrap()
    };
    let numeric = digits("OCRA-1:HOTP-SHA256-0:QN64", number);
    let mut mac = Hmac::<Sha256>::new_from_slice(SEED).unwrap();
    mac.update(b"OCRA-1:HOTP-SHA256-0:QN64\0");
    mac.update(&[0xff; 32]);
    mac.update(&[0; 96]);
    assert_eq!(numeric, hex::encode(mac.finalize().as_bytes()));
    assert_eq!(
        digits("OCRA-1:HOTP-SHA256-8:QN64", &"9".repeat(128)).len(),
        8
    );
}

proptest! {
    #[test]
    fn countersigns_own_suites_are_what_the_parser_computes(key: [u8; 32], counter: u64, question: [u8; 32]) {
        let hexadecimal = hex::encode(question);
        let inputs = Inputs { counter: Some(counter), question: &hexadecimal, ..Inputs::default() };
        prop_assert_eq!(
            hex::encode(*ocra::code_output(&key, counter, &question)),
            text(ocra::CODE_SUITE, &key, &inputs)
        );
        prop_assert_eq!(
            ocra::code_digits(&key, counter, &question).as_str().to_owned(),
            text(ocra::CODE_DIGITS_SUITE, &key, &inputs)
        );
    }

    #[test]
    fn no_text_and_no_question_makes_the_parser_panic(
        suite in "OCRA-1:HOTP-SHA(1|256|512)-[0-9]{1,2}:(C-)?Q[ANH][0-9]{2}(-P[A-Z0-9]{0,6})?(-S.{0,4})?(-T.{0,4})?",
        question in ".{0,140}",
    ) {
        if let Ok(suite) = suite.parse::<Suite>() {
            let _ = suite.compute(SEED, &Inputs { question: &question, ..Inputs::default() });
        }
    }
}
