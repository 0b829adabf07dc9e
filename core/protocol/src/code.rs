//! One-time codes as people see and type them.
//!
//! A code is computed from a 32-byte code key (O_i in PROTOCOL.md), the step i and a question: the
//! challenge's hash for a sign-in, [`transaction_question`] for a transaction. It is shown in
//! groups (`7KQ4-M2XD`) and read without regard to case, hyphens and spaces. Crockford's alphabet
//! has no I, L, O or U, so that I and L can stand for 1 and O for 0.

use ciborium::Value;
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;
use zeroize::{ZeroizeOnDrop, Zeroizing};

use crate::ocra;

/// Crockford's base32 alphabet.
const ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
/// The most characters that a code has.
const LONGEST: usize = 12;
/// The most bytes that are looked at when a code is read; far more than a code with every separator
/// needs.
const LONGEST_TYPED: usize = 64;

/// The form of a code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    /// Eight characters, `7KQ4-M2XD`: 40 bits, for a sign-in.
    Eight,
    /// Twelve characters, `7KQ4-M2XD-90AZ`: 60 bits, for a transaction.
    Twelve,
    /// Eight decimal digits, `1234-5678`, for a sign-in where only digits can be typed.
    Digits,
}

impl Shape {
    /// How many characters the code has, hyphens not counted.
    #[must_use]
    pub const fn length(self) -> usize {
        match self {
            Self::Eight | Self::Digits => 8,
            Self::Twelve => 12,
        }
    }
}

/// The characters of a code without hyphens, wiped on drop.
#[derive(ZeroizeOnDrop)]
struct Characters {
    ascii: [u8; LONGEST],
    #[zeroize(skip)]
    shape: Shape,
}

/// A code that was computed: a secret until it has been used.
#[derive(ZeroizeOnDrop)]
pub struct Code(Characters);

/// A code as a person typed it, in canonical form: to be compared and never kept.
#[derive(ZeroizeOnDrop)]
pub struct Typed(Characters);

/// The typed text can't be a code. The error holds no part of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TypedError {
    /// Too few or too many characters.
    #[error(
        "the code on the phone has {expected} characters, but {found} were typed: compare it with the phone and type it again"
    )]
    Length {
        /// How many characters the code has.
        expected: usize,
        /// How many were typed; counting stops far above any code's length.
        found: usize,
    },
    /// A character that no code has.
    #[error("character {position} can't be part of a code, which has only {}: compare it with the phone and type it again",
        if *digits { "digits" } else { "digits and the letters A to Z without U" })]
    Character {
        /// The character's place among those typed, from 1; hyphens and spaces are not counted.
        position: usize,
        /// Whether the code has digits only.
        digits: bool,
    },
}

impl Code {
    /// Computes the code of step `step` with the code key and the question.
    #[must_use]
    pub fn compute(shape: Shape, key: &[u8; 32], step: u64, question: &[u8; 32]) -> Self {
        let mut ascii = [0; LONGEST];
        match shape {
            Shape::Eight | Shape::Twelve => {
                let output = ocra::code_output(key, step, question);
                for (at, place) in ascii[..shape.length()].iter_mut().enumerate() {
                    *place = ALPHABET[usize::from(five_bits(&output, at * 5))];
                }
            }
            Shape::Digits => {
                ascii[..8].copy_from_slice(ocra::code_digits(key, step, question).as_bytes())
            }
        }
        Self(Characters { ascii, shape })
    }

    /// The code in groups of four with hyphens between them, as it is shown.
    #[must_use]
    pub fn shown(&self) -> Zeroizing<String> {
        let mut text = Zeroizing::new(String::with_capacity(LONGEST + 2));
        for (at, byte) in self.0.ascii[..self.0.shape.length()].iter().enumerate() {
            if at > 0 && at % 4 == 0 {
                text.push('-');
            }
            text.push(char::from(*byte));
        }
        text
    }

    /// The form of the code.
    #[must_use]
    pub fn shape(&self) -> Shape {
        self.0.shape
    }

    /// Whether this is the code that was typed. The comparison takes the same time wherever the two
    /// differ.
    #[must_use]
    pub fn matches(&self, typed: &Typed) -> bool {
        self.0.shape == typed.0.shape && bool::from(self.0.ascii.ct_eq(&typed.0.ascii))
    }
}

/// Five bits from the front of the output; `bit` is at most 55.
fn five_bits(output: &[u8; 32], bit: usize) -> u8 {
    let pair = u16::from_be_bytes([output[bit / 8], output[bit / 8 + 1]]);
    ((pair >> (11 - bit % 8)) & 0x1f) as u8
}

impl Typed {
    /// Reads a typed or pasted code.
    ///
    /// Hyphens and spaces are ignored anywhere, also the dashes and no-break spaces that keyboards
    /// put in by themselves.
    ///
    /// # Errors
    /// [`TypedError`] for any other character and for a wrong number of them.
    pub fn read(shape: Shape, typed: &str) -> Result<Self, TypedError> {
        let expected = shape.length();
        let mut characters = Characters {
            ascii: [0; LONGEST],
            shape,
        };
        let mut found = 0;
        let mut bytes = 0;
        for character in typed.chars() {
            bytes += character.len_utf8();
            if bytes > LONGEST_TYPED {
                return Err(TypedError::Length {
                    expected,
                    found: found.max(expected + 1),
                });
            }
            if is_separator(character) {
                continue;
            }
            let canonical = canonical(shape, character).ok_or(TypedError::Character {
                position: found + 1,
                digits: shape == Shape::Digits,
            })?;
            if let Some(place) = characters.ascii[..expected].get_mut(found) {
                *place = canonical;
            }
            found += 1;
        }
        if found == expected {
            Ok(Self(characters))
        } else {
            Err(TypedError::Length { expected, found })
        }
    }
}

fn is_separator(character: char) -> bool {
    matches!(
        character,
        '-' | '\u{2010}'..='\u{2015}' | '\u{2212}' | ' ' | '\u{a0}' | '\u{202f}'
    )
}

fn canonical(shape: Shape, character: char) -> Option<u8> {
    let byte = u8::try_from(character).ok()?.to_ascii_uppercase();
    if shape == Shape::Digits {
        return byte.is_ascii_digit().then_some(byte);
    }
    let byte = match byte {
        b'O' => b'0',
        b'I' | b'L' => b'1',
        _ => byte,
    };
    ALPHABET.contains(&byte).then_some(byte)
}

/// The question of a transaction's code: SHA-256("countersign/v1/txn" | 0x00 | challenge hash |
/// CBOR [[id, value]...]).
///
/// The values are canonical ([`crate::field::canonical`]), in the order of the challenge's fields;
/// arrays and texts always encode deterministically (RFC 8949 §4.2): shortest heads, definite
/// lengths.
#[must_use]
pub fn transaction_question(challenge_hash: &[u8; 32], values: &[(&str, &str)]) -> [u8; 32] {
    let rows = values
        .iter()
        .map(|(id, value)| Value::Array(vec![Value::from(*id), Value::from(*value)]))
        .collect();
    let mut message = b"countersign/v1/txn\0".to_vec();
    message.extend_from_slice(challenge_hash);
    let Ok(()) = ciborium::into_writer(&Value::Array(rows), &mut message) else {
        unreachable!("a vector takes every byte, and arrays and texts always encode")
    };
    Sha256::digest(message).into()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn code(shape: Shape, text: &str) -> Code {
        let typed = Typed::read(shape, text).ok().unwrap();
        Code(Characters {
            ascii: typed.0.ascii,
            shape,
        })
    }

    #[test]
    fn a_code_is_shown_in_groups_of_four() {
        let key = [7; 32];
        let shown = |shape| Code::compute(shape, &key, 3, &[9; 32]).shown().to_string();
        let (eight, twelve) = (shown(Shape::Eight), shown(Shape::Twelve));
        assert_eq!(eight.len(), 9);
        assert_eq!(twelve.len(), 14);
        assert_eq!(eight, twelve[..9], "both take the output's first bits");
        assert_eq!(shown(Shape::Digits).len(), 9);
        assert_eq!(
            twelve.split('-').map(str::len).collect::<Vec<_>>(),
            [4, 4, 4]
        );
    }

    #[test]
    fn the_characters_are_the_outputs_first_bits_in_crockfords_alphabet() {
        let (key, question) = ([1; 32], [2; 32]);
        let output = ocra::code_output(&key, 5, &question);
        let expected = base32::encode(base32::Alphabet::Crockford, &output[..8]);
        let shown = |shape| {
            Code::compute(shape, &key, 5, &question)
                .shown()
                .replace('-', "")
        };
        assert_eq!(shown(Shape::Twelve), expected[..12]);
        assert_eq!(shown(Shape::Eight), expected[..8]);
    }

    #[test]
    fn reading_ignores_case_hyphens_and_spaces_and_maps_look_alikes() {
        let code = code(Shape::Eight, "7KQ4-M201");
        for typed in [
            "7kq4m2o1",
            "7KQ4 M2 OL",
            "-7kq4–m2oi-",
            "7KQ4\u{a0}M2OI",
            "7 k q 4 - m 2 0 l",
            "7kq4‑m2o1 ",
        ] {
            assert!(
                code.matches(&Typed::read(Shape::Eight, typed).ok().unwrap()),
                "{typed}"
            );
        }
        assert!(!code.matches(&Typed::read(Shape::Eight, "7KQ4-M202").ok().unwrap()));
    }

    #[test]
    fn anything_else_is_refused_with_what_to_do() {
        let error = |shape, text: &str| Typed::read(shape, text).err().unwrap();
        assert_eq!(
            error(Shape::Eight, ""),
            TypedError::Length {
                expected: 8,
                found: 0
            }
        );
        assert_eq!(
            error(Shape::Eight, "7KQ4-M20"),
            TypedError::Length {
                expected: 8,
                found: 7
            }
        );
        assert_eq!(
            error(Shape::Twelve, "7KQ4-M201"),
            TypedError::Length {
                expected: 12,
                found: 8
            }
        );
        assert_eq!(
            error(Shape::Eight, "7KQ4-M2017"),
            TypedError::Length {
                expected: 8,
                found: 9
            }
        );
        for (text, position) in [
            ("7KQ4-M2U1", 7),
            ("7KQ4_M201", 5),
            ("７KQ4-M201", 1),
            ("7KQ4-M2\n01", 7),
        ] {
            assert_eq!(
                error(Shape::Eight, text),
                TypedError::Character {
                    position,
                    digits: false
                },
                "{text}"
            );
        }
        assert_eq!(
            error(Shape::Digits, "1234-567O"),
            TypedError::Character {
                position: 8,
                digits: true
            }
        );
        assert_eq!(
            error(Shape::Eight, &"7".repeat(1_000_000)),
            TypedError::Length {
                expected: 8,
                found: 64
            }
        );
        assert_eq!(
            error(Shape::Eight, &" ".repeat(1_000_000)),
            TypedError::Length {
                expected: 8,
                found: 9
            }
        );
        assert!(
            error(Shape::Eight, "7KQ4-M2U1")
                .to_string()
                .contains("compare it with the phone")
        );
    }

    #[test]
    fn codes_of_different_shapes_never_match() {
        let code = code(Shape::Eight, "1234-5678");
        assert!(!code.matches(&Typed::read(Shape::Digits, "1234-5678").ok().unwrap()));
    }

    #[test]
    fn a_transactions_question_is_the_hash_of_its_deterministic_encoding() {
        let hash = [0xab; 32];
        let mut expected = b"countersign/v1/txn\0".to_vec();
        expected.extend_from_slice(&hash);
        // [["sum", "1234.50"], ["text", 24 times "x"]]
        expected.extend_from_slice(
            b"\x82\x82\x63sum\x671234.50\x82\x64text\x78\x18xxxxxxxxxxxxxxxxxxxxxxxx",
        );
        let question = transaction_question(
            &hash,
            &[("sum", "1234.50"), ("text", "xxxxxxxxxxxxxxxxxxxxxxxx")],
        );
        assert_eq!(question, <[u8; 32]>::from(Sha256::digest(expected)));
        assert_ne!(
            question,
            transaction_question(
                &hash,
                &[("text", "xxxxxxxxxxxxxxxxxxxxxxxx"), ("sum", "1234.50")]
            ),
            "order is kept"
        );
    }

    proptest! {
        #[test]
        fn what_is_shown_can_be_typed(key: [u8; 32], step: u64, question: [u8; 32]) {
            for shape in [Shape::Eight, Shape::Twelve, Shape::Digits] {
                let code = Code::compute(shape, &key, step, &question);
                let typed = Typed::read(shape, &code.shown().to_lowercase());
                prop_assert!(typed.is_ok_and(|typed| code.matches(&typed)));
            }
        }

        #[test]
        fn a_code_with_one_character_changed_does_not_match(key: [u8; 32], at in 0_usize..12, to in 0_usize..32) {
            let code = Code::compute(Shape::Twelve, &key, 1, &[0; 32]);
            let mut text = code.shown().replace('-', "").into_bytes();
            let same = text[at] == ALPHABET[to];
            text[at] = ALPHABET[to];
            let typed = Typed::read(Shape::Twelve, core::str::from_utf8(&text).unwrap()).ok().unwrap();
            prop_assert_eq!(code.matches(&typed), same);
        }

        #[test]
        fn no_text_makes_reading_panic(text in ".{0,80}") {
            for shape in [Shape::Eight, Shape::Twelve, Shape::Digits] {
                let _ = Typed::read(shape, &text);
            }
        }
    }
}
