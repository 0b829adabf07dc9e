//! OCRA, the challenge-response algorithm of RFC 6287, complete, and the two suites that
//! Countersign's codes use.

use core::{fmt, str::FromStr};

use sha1::Sha1;
use sha2::{Digest as _, Sha256, Sha512};
use zeroize::Zeroizing;

use crate::hotp::{Algorithm, Digest, Digits, Otp};

/// The suite whose whole output gives Countersign's codes of characters.
pub const CODE_SUITE: &str = "OCRA-1:HOTP-SHA256-0:C-QH64";
/// The suite of Countersign's codes of eight digits.
pub const CODE_DIGITS_SUITE: &str = "OCRA-1:HOTP-SHA256-8:C-QH64";

/// The question's place in the input: always 128 bytes (RFC 6287 §5.1).
const QUESTION_LENGTH: usize = 128;

/// The output of `OCRA-1:HOTP-SHA256-0:C-QH64`: an HMAC of 32 bytes that is not truncated.
///
/// `question` stands for its 64 hexadecimal digits; RFC 6287 puts them on the left and fills with
/// zeros to 128 bytes.
#[must_use]
pub fn code_output(key: &[u8; 32], counter: u64, question: &[u8; 32]) -> Zeroizing<[u8; 32]> {
    let mac = own(CODE_SUITE, key, counter, question);
    let mut output = Zeroizing::new([0; 32]);
    output.copy_from_slice(mac.as_bytes());
    output
}

/// The eight digits of `OCRA-1:HOTP-SHA256-8:C-QH64`.
#[must_use]
pub fn code_digits(key: &[u8; 32], counter: u64, question: &[u8; 32]) -> Otp {
    own(CODE_DIGITS_SUITE, key, counter, question).digits(Digits::EIGHT)
}

fn own(suite: &str, key: &[u8; 32], counter: u64, question: &[u8; 32]) -> Digest {
    let fill = [0; QUESTION_LENGTH - 32];
    Algorithm::Sha256.hmac(
        key,
        &[
            suite.as_bytes(),
            &[0],
            &counter.to_be_bytes(),
            question,
            &fill,
        ],
    )
}

/// A parsed suite: the inputs of the computation, and the form of its result.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Suite {
    text: String,
    algorithm: Algorithm,
    digits: Option<Digits>,
    counter: bool,
    question: (QuestionFormat, u8),
    pin: Option<Algorithm>,
    session: Option<u16>,
    time_step: Option<u32>,
}

/// How the question is written (RFC 6287 §5.1, table 2).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum QuestionFormat {
    /// QA: letters and digits.
    Alphanumeric,
    /// QN: decimal digits.
    Numeric,
    /// QH: hexadecimal digits.
    Hexadecimal,
}

/// A text that is no suite of RFC 6287 §6.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "not an OCRA suite: {part} is wrong; it looks like OCRA-1:HOTP-SHA256-8:C-QN08, with the data input in the order C, Q, P, S, T"
)]
pub struct SuiteError {
    /// The part that could not be read.
    pub part: &'static str,
}

impl FromStr for Suite {
    type Err = SuiteError;

    /// Reads `OCRA-1:HOTP-<hash>-<digits>:[C-]Q<format><length>[-P<hash>][-S<nnn>][-T<step>]`, in
    /// capitals and in this order.
    fn from_str(text: &str) -> Result<Self, SuiteError> {
        let error = |part| SuiteError { part };
        let mut parts = text.split(':');
        let (Some("OCRA-1"), Some(function), Some(input), None) =
            (parts.next(), parts.next(), parts.next(), parts.next())
        else {
            return Err(error("the outline with two colons"));
        };

        let (hash, digits) = function
            .strip_prefix("HOTP-")
            .and_then(|rest| rest.split_once('-'))
            .ok_or(error("the crypto function"))?;
        let algorithm = hash_named(hash).ok_or(error("the hash function"))?;
        let digits = match digits {
            "0" => None,
            "10" => Digits::new(10),
            _ => Some(
                one_digit(digits)
                    .and_then(Digits::new)
                    .ok_or(error("the number of digits"))?,
            ),
        };

        let mut items = input.split('-').peekable();
        let counter = items.next_if_eq(&"C").is_some();
        let question = items
            .next()
            .and_then(question_named)
            .ok_or(error("the question"))?;
        let pin = match items.next_if(|item| item.starts_with('P')) {
            Some(item) => Some(hash_named(&item[1..]).ok_or(error("the PIN's hash"))?),
            None => None,
        };
        let session = match items.next_if(|item| item.starts_with('S')) {
            Some(item) => Some(session_length(&item[1..]).ok_or(error("the session's length"))?),
            None => None,
        };
        let time_step = match items.next_if(|item| item.starts_with('T')) {
            Some(item) => Some(time_step(&item[1..]).ok_or(error("the time step"))?),
            None => None,
        };
        if items.next().is_some() {
            return Err(error("the data input"));
        }
        Ok(Self {
            text: text.to_owned(),
            algorithm,
            digits,
            counter,
            question,
            pin,
            session,
            time_step,
        })
    }
}

fn hash_named(name: &str) -> Option<Algorithm> {
    match name {
        "SHA1" => Some(Algorithm::Sha1),
        "SHA256" => Some(Algorithm::Sha256),
        "SHA512" => Some(Algorithm::Sha512),
        _ => None,
    }
}

fn one_digit(text: &str) -> Option<u8> {
    match text.as_bytes() {
        [digit @ b'0'..=b'9'] => Some(digit - b'0'),
        _ => None,
    }
}

fn question_named(item: &str) -> Option<(QuestionFormat, u8)> {
    let [b'Q', format, tens @ b'0'..=b'9', ones @ b'0'..=b'9'] = item.as_bytes() else {
        return None;
    };
    let format = match format {
        b'A' => QuestionFormat::Alphanumeric,
        b'N' => QuestionFormat::Numeric,
        b'H' => QuestionFormat::Hexadecimal,
        _ => return None,
    };
    let length = (tens - b'0') * 10 + (ones - b'0');
    (4..=64).contains(&length).then_some((format, length))
}

/// Three digits; 512 bytes is the most that RFC 6287 §6.3 shows.
fn session_length(text: &str) -> Option<u16> {
    if text.len() != 3 || !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    text.parse()
        .ok()
        .filter(|length| (1..=512).contains(length))
}

/// The step in seconds. The RFC's table allows 0H too, which would divide by zero and is refused.
fn time_step(text: &str) -> Option<u32> {
    let (number, unit) = text.split_at_checked(text.len().checked_sub(1)?)?;
    let (most, seconds) = match unit {
        "S" => (59, 1),
        "M" => (59, 60),
        "H" => (48, 3600),
        _ => return None,
    };
    if number.is_empty()
        || number.len() > 2
        || number.starts_with('0')
        || !number.bytes().all(|b| b.is_ascii_digit())
    {
        return None;
    }
    number
        .parse::<u32>()
        .ok()
        .filter(|number| *number <= most)
        .map(|number| number * seconds)
}

impl fmt::Display for Suite {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// The inputs of one computation. An input that the suite names must be there, any other must be
/// `None`.
#[derive(Default, Clone, Copy)]
pub struct Inputs<'a> {
    /// C, the counter.
    pub counter: Option<u64>,
    /// Q, the question as written; for mutual sign-in and for signatures, both parties' questions
    /// one after the other.
    pub question: &'a str,
    /// P, the PIN or password itself; it is hashed here as the suite says.
    pub pin: Option<&'a [u8]>,
    /// S, the session; put on the right of its place, which is filled with zeros on the left, as
    /// the RFC's own program does.
    pub session: Option<&'a [u8]>,
    /// T, the number of time steps since 1970; see [`Suite::time_steps`].
    pub time: Option<u64>,
}

/// An input that does not fit the suite. It carries no part of the input.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InputError {
    /// The counter, PIN, session or time is missing though the suite names it, or given though it
    /// doesn't.
    #[error(
        "this token's suite and the given {what} don't agree: give it exactly when the suite names it"
    )]
    Mismatch {
        /// Which input.
        what: &'static str,
    },
    /// The question is empty, too long or has a character that its format lacks.
    #[error("type the challenge as it is shown: 1 to {most} {}", match format {
        QuestionFormat::Alphanumeric => "letters and digits",
        QuestionFormat::Numeric => "digits",
        QuestionFormat::Hexadecimal => "hexadecimal digits (0-9, A-F)",
    })]
    Question {
        /// How the question is written.
        format: QuestionFormat,
        /// The most characters that are taken: the suite's length for each of two parties.
        most: u8,
    },
    /// The session is longer than the suite says.
    #[error("the session has more than {most} bytes: shorten it")]
    Session {
        /// The most bytes.
        most: u16,
    },
}

/// The output of a computation: digits, or the whole HMAC where the suite asks for 0 digits. Both
/// wipe themselves on drop.
pub enum Output {
    /// 4 to 10 digits.
    Digits(Otp),
    /// The whole HMAC of 20, 32 or 64 bytes.
    Whole(Zeroizing<Vec<u8>>),
}

impl Suite {
    /// The number of digits, or `None` where the whole HMAC is the output.
    #[must_use]
    pub fn digits(&self) -> Option<Digits> {
        self.digits
    }

    /// Whether the suite has a counter.
    #[must_use]
    pub fn has_counter(&self) -> bool {
        self.counter
    }

    /// Whether the suite has a PIN.
    #[must_use]
    pub fn has_pin(&self) -> bool {
        self.pin.is_some()
    }

    /// The length in bytes of the suite's session, if it has one.
    #[must_use]
    pub fn session_length(&self) -> Option<u16> {
        self.session
    }

    /// How the question is written, and the most characters of one party's question: 4 to 64.
    #[must_use]
    pub fn question(&self) -> (QuestionFormat, u8) {
        self.question
    }

    /// The number of time steps at a Unix time in seconds, where the suite has a time.
    #[must_use]
    pub fn time_steps(&self, unix_seconds: u64) -> Option<u64> {
        self.time_step.map(|step| unix_seconds / u64::from(step))
    }

    /// OCRA(K, {C | Q | P | S | T}) of RFC 6287 §5.
    ///
    /// # Errors
    /// [`InputError`] when the inputs don't fit the suite.
    pub fn compute(&self, key: &[u8], inputs: &Inputs<'_>) -> Result<Output, InputError> {
        agree("counter", inputs.counter.is_some(), self.counter)?;
        agree("PIN", inputs.pin.is_some(), self.pin.is_some())?;
        agree("session", inputs.session.is_some(), self.session.is_some())?;
        agree("time", inputs.time.is_some(), self.time_step.is_some())?;

        let counter = inputs.counter.map(u64::to_be_bytes);
        let question = self.question_bytes(inputs.question)?;
        let pin = match (self.pin, inputs.pin) {
            (Some(algorithm), Some(pin)) => Zeroizing::new(hash(algorithm, pin)),
            _ => Zeroizing::default(),
        };
        let session = inputs.session.unwrap_or_default();
        let fill = [0; 512];
        let missing = usize::from(self.session.unwrap_or_default())
            .checked_sub(session.len())
            .ok_or(InputError::Session {
                most: self.session.unwrap_or_default(),
            })?;
        let time = inputs.time.map(u64::to_be_bytes);

        let mac = self.algorithm.hmac(
            key,
            &[
                self.text.as_bytes(),
                &[0],
                counter.as_ref().map_or(&[], |bytes| bytes),
                &question,
                &pin,
                &fill[..missing],
                session,
                time.as_ref().map_or(&[], |bytes| bytes),
            ],
        );
        Ok(match self.digits {
            Some(digits) => Output::Digits(mac.digits(digits)),
            None => Output::Whole(Zeroizing::new(mac.as_bytes().to_vec())),
        })
    }

    /// The question in its 128 bytes, on the left, filled with zeros (§5.1; how a number becomes
    /// bytes: appendix A).
    fn question_bytes(&self, question: &str) -> Result<[u8; QUESTION_LENGTH], InputError> {
        let (format, length) = self.question;
        let error = InputError::Question {
            format,
            most: length * 2,
        };
        if question.is_empty() || question.len() > usize::from(length) * 2 {
            return Err(error);
        }
        let fits = |byte: u8| match format {
            QuestionFormat::Alphanumeric => byte.is_ascii_alphanumeric(),
            QuestionFormat::Numeric => byte.is_ascii_digit(),
            QuestionFormat::Hexadecimal => byte.is_ascii_hexdigit(),
        };
        if !question.bytes().all(fits) {
            return Err(error);
        }

        let mut bytes = [0; QUESTION_LENGTH];
        match format {
            QuestionFormat::Alphanumeric => {
                bytes[..question.len()].copy_from_slice(question.as_bytes())
            }
            QuestionFormat::Hexadecimal => put_nibbles(&mut bytes, question.bytes().map(nibble)),
            QuestionFormat::Numeric => {
                let number = decimal(question);
                let nibbles = number.iter().flat_map(|byte| [byte >> 4, byte & 0x0f]);
                put_nibbles(&mut bytes, nibbles.skip_while(|nibble| *nibble == 0));
            }
        }
        Ok(bytes)
    }
}

fn agree(what: &'static str, given: bool, named: bool) -> Result<(), InputError> {
    if given == named {
        Ok(())
    } else {
        Err(InputError::Mismatch { what })
    }
}

/// The value of a hexadecimal digit that was checked before.
fn nibble(digit: u8) -> u8 {
    match digit {
        b'0'..=b'9' => digit - b'0',
        _ => (digit | 0x20) - b'a' + 10,
    }
}

/// Hexadecimal digits from the left, an odd last one in the upper half of its byte.
fn put_nibbles(bytes: &mut [u8; QUESTION_LENGTH], nibbles: impl Iterator<Item = u8>) {
    for (at, nibble) in nibbles.enumerate().take(QUESTION_LENGTH * 2) {
        bytes[at / 2] |= if at % 2 == 0 { nibble << 4 } else { nibble };
    }
}

/// A decimal number of at most 128 digits (426 bits) in binary, big-endian.
fn decimal(digits: &str) -> [u8; 54] {
    let mut number = [0_u8; 54];
    for digit in digits.bytes() {
        let mut carry = u16::from(digit - b'0');
        for byte in number.iter_mut().rev() {
            let value = u16::from(*byte) * 10 + carry;
            *byte = (value & 0xff) as u8;
            carry = value >> 8;
        }
    }
    number
}

fn hash(algorithm: Algorithm, bytes: &[u8]) -> Vec<u8> {
    match algorithm {
        Algorithm::Sha1 => Sha1::digest(bytes).to_vec(),
        Algorithm::Sha256 => Sha256::digest(bytes).to_vec(),
        Algorithm::Sha512 => Sha512::digest(bytes).to_vec(),
    }
}

impl Output {
    /// The digits as text, or the HMAC in lower-case hexadecimal.
    #[must_use]
    pub fn to_text(&self) -> Zeroizing<String> {
        match self {
            Self::Digits(otp) => otp.into(),
            Self::Whole(bytes) => {
                let digit =
                    |nibble: u8| char::from_digit(u32::from(nibble), 16).unwrap_or_default();
                let mut text = Zeroizing::new(String::with_capacity(bytes.len() * 2));
                text.extend(
                    bytes
                        .iter()
                        .flat_map(|byte| [digit(byte >> 4), digit(byte & 0x0f)]),
                );
                text
            }
        }
    }
}
