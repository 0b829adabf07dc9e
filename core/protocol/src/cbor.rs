//! Deterministic CBOR maps with integer keys (RFC 8949 §4.2.1): the strict reader and the writer
//! that every message uses.

use std::ops::RangeInclusive;

use ciborium::Value;
use zeroize::{Zeroize, Zeroizing};

use crate::field::is_displayable;
use crate::id::PublicKey;

/// Why received bytes are not a message.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}: {problem} ({field})")]
pub struct ParseError {
    /// The message that was expected.
    pub message: &'static str,
    /// The field that was wrong, as PROTOCOL.md names it.
    pub field: &'static str,
    /// The fault.
    pub problem: Problem,
}

/// The fault of a field.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Problem {
    /// Not CBOR, not deterministic, or followed by other bytes.
    #[error("cut off, or not written as it should be")]
    Encoding,
    /// Longer than the message may be.
    #[error("too long")]
    TooLong,
    /// A key that this version does not know, or that does not belong to this type.
    #[error("a field that does not belong here")]
    Unknown,
    /// A key that must be there.
    #[error("a field is missing")]
    Missing,
    /// Another CBOR type than the specification names.
    #[error("a field of the wrong type")]
    Type,
    /// A length or value outside its bounds.
    #[error("a field out of bounds")]
    Bounds,
    /// A version that this program does not speak.
    #[error("another version of the protocol; an update may help")]
    Version,
}

/// All times, steps and counters stay below this, so that every language can hold them exactly.
pub(crate) const MAX_NUMBER: u64 = (1 << 53) - 1;

/// A received map whose fields are taken out one by one. Any field that is left at the end is
/// refused.
pub(crate) struct Fields {
    message: &'static str,
    entries: Vec<(u64, Value)>,
}

impl Fields {
    /// Parses a map of at most `limit` bytes.
    pub(crate) fn parse(
        message: &'static str,
        bytes: &[u8],
        limit: usize,
    ) -> Result<Self, ParseError> {
        let value = parse_value(message, bytes, limit)?;
        Self::from_value(message, value)
    }

    /// Takes a map that is a value inside another one, already known to be deterministic.
    pub(crate) fn from_value(message: &'static str, value: Value) -> Result<Self, ParseError> {
        let fail = |problem| ParseError {
            message,
            field: "the whole message",
            problem,
        };
        let Value::Map(map) = value else {
            return Err(fail(Problem::Type));
        };
        let mut entries: Vec<(u64, Value)> = Vec::with_capacity(map.len());
        for (key, value) in map {
            let key = key
                .as_integer()
                .and_then(|key| u64::try_from(key).ok())
                .ok_or(fail(Problem::Type))?;
            // Deterministic encoding asks for ascending keys, which also excludes repeated ones.
            if entries.last().is_some_and(|(last, _)| *last >= key) {
                return Err(fail(Problem::Encoding));
            }
            entries.push((key, value));
        }
        Ok(Self { message, entries })
    }

    pub(crate) fn fail(&self, field: &'static str, problem: Problem) -> ParseError {
        ParseError {
            message: self.message,
            field,
            problem,
        }
    }

    pub(crate) fn has(&self, key: u64) -> bool {
        self.entries.iter().any(|(k, _)| *k == key)
    }

    pub(crate) fn value(&mut self, key: u64, field: &'static str) -> Result<Value, ParseError> {
        match self.entries.iter().position(|(k, _)| *k == key) {
            Some(at) => Ok(self.entries.remove(at).1),
            None => Err(self.fail(field, Problem::Missing)),
        }
    }

    /// Reads a field only if it is there.
    pub(crate) fn optional<T>(
        &mut self,
        key: u64,
        read: impl FnOnce(&mut Self) -> Result<T, ParseError>,
    ) -> Result<Option<T>, ParseError> {
        self.has(key).then(|| read(self)).transpose()
    }

    pub(crate) fn uint(
        &mut self,
        key: u64,
        field: &'static str,
        range: RangeInclusive<u64>,
    ) -> Result<u64, ParseError> {
        let value = self.value(key, field)?;
        let number = value
            .as_integer()
            .ok_or(self.fail(field, Problem::Type))
            .and_then(|n| u64::try_from(n).map_err(|_| self.fail(field, Problem::Type)))?;
        if range.contains(&number) {
            Ok(number)
        } else {
            Err(self.fail(field, Problem::Bounds))
        }
    }

    pub(crate) fn number(&mut self, key: u64, field: &'static str) -> Result<u64, ParseError> {
        self.uint(key, field, 0..=MAX_NUMBER)
    }

    /// Reads a number that names a variant.
    pub(crate) fn variant<T>(
        &mut self,
        key: u64,
        field: &'static str,
        from: impl FnOnce(u64) -> Option<T>,
    ) -> Result<T, ParseError> {
        let number = self.uint(key, field, 0..=u64::MAX)?;
        from(number).ok_or(self.fail(field, Problem::Bounds))
    }

    pub(crate) fn boolean(&mut self, key: u64, field: &'static str) -> Result<bool, ParseError> {
        self.value(key, field)?
            .as_bool()
            .ok_or(self.fail(field, Problem::Type))
    }

    pub(crate) fn byte_string(
        &mut self,
        key: u64,
        field: &'static str,
        length: RangeInclusive<usize>,
    ) -> Result<Zeroizing<Vec<u8>>, ParseError> {
        match self.value(key, field)? {
            Value::Bytes(bytes) => {
                let bytes = Zeroizing::new(bytes);
                if length.contains(&bytes.len()) {
                    Ok(bytes)
                } else {
                    Err(self.fail(field, Problem::Bounds))
                }
            }
            _ => Err(self.fail(field, Problem::Type)),
        }
    }

    pub(crate) fn bytes<const N: usize>(
        &mut self,
        key: u64,
        field: &'static str,
    ) -> Result<[u8; N], ParseError> {
        let bytes = self.byte_string(key, field, N..=N)?;
        <[u8; N]>::try_from(bytes.as_slice()).map_err(|_| self.fail(field, Problem::Bounds))
    }

    pub(crate) fn public_key(
        &mut self,
        key: u64,
        field: &'static str,
    ) -> Result<PublicKey, ParseError> {
        PublicKey::from_bytes(&self.bytes::<65>(key, field)?)
            .ok_or(self.fail(field, Problem::Bounds))
    }

    /// Text of so many bytes, whatever its characters.
    pub(crate) fn text(
        &mut self,
        key: u64,
        field: &'static str,
        length: RangeInclusive<usize>,
    ) -> Result<String, ParseError> {
        match self.value(key, field)? {
            Value::Text(text) if length.contains(&text.len()) => Ok(text),
            Value::Text(_) => Err(self.fail(field, Problem::Bounds)),
            _ => Err(self.fail(field, Problem::Type)),
        }
    }

    /// Text that a person sees: nothing in it may hide or reorder what stands beside it.
    pub(crate) fn label(
        &mut self,
        key: u64,
        field: &'static str,
        longest: usize,
    ) -> Result<String, ParseError> {
        let text = self.text(key, field, 1..=longest)?;
        if is_displayable(&text) {
            Ok(text)
        } else {
            Err(self.fail(field, Problem::Bounds))
        }
    }

    pub(crate) fn array(
        &mut self,
        key: u64,
        field: &'static str,
        length: RangeInclusive<usize>,
    ) -> Result<Vec<Value>, ParseError> {
        match self.value(key, field)? {
            Value::Array(items) if length.contains(&items.len()) => Ok(items),
            Value::Array(_) => Err(self.fail(field, Problem::Bounds)),
            _ => Err(self.fail(field, Problem::Type)),
        }
    }

    /// Reads keys 0 and 1, which every message begins with.
    pub(crate) fn version_and_type(&mut self) -> Result<u64, ParseError> {
        if self.uint(0, "version", 0..=u64::MAX)? != crate::VERSION {
            return Err(self.fail("version", Problem::Version));
        }
        self.uint(1, "type", 0..=u64::MAX)
    }

    /// The same, where only one type is possible.
    pub(crate) fn header(&mut self, kind: u64) -> Result<(), ParseError> {
        if self.version_and_type()? == kind {
            Ok(())
        } else {
            Err(self.fail("type", Problem::Bounds))
        }
    }

    /// Refuses whatever was not read.
    pub(crate) fn finish(self) -> Result<(), ParseError> {
        if self.entries.is_empty() {
            Ok(())
        } else {
            Err(self.fail("the whole message", Problem::Unknown))
        }
    }
}

impl Drop for Fields {
    fn drop(&mut self) {
        for (_, value) in &mut self.entries {
            wipe(value);
        }
    }
}

/// Parses one value and demands that it encodes to the very bytes it came from, which refuses
/// indefinite lengths, longer integers than needed, and trailing bytes in one go.
pub(crate) fn parse_value(
    message: &'static str,
    bytes: &[u8],
    limit: usize,
) -> Result<Value, ParseError> {
    let fail = |problem| ParseError {
        message,
        field: "the whole message",
        problem,
    };
    if bytes.len() > limit {
        return Err(fail(Problem::TooLong));
    }
    let mut value: Value = ciborium::de::from_reader_with_recursion_limit(bytes, 8)
        .map_err(|_| fail(Problem::Encoding))?;
    if encode(&value).as_slice() == bytes {
        Ok(value)
    } else {
        wipe(&mut value);
        Err(fail(Problem::Encoding))
    }
}

/// Encodes into a buffer that is wiped, of a capacity that never has to move.
pub(crate) fn encode(value: &Value) -> Zeroizing<Vec<u8>> {
    let mut bytes = Zeroizing::new(Vec::with_capacity(encoded_bound(value)));
    // Writing to a Vec cannot fail, and every Value has an encoding.
    let _ = ciborium::into_writer(value, &mut *bytes);
    bytes
}

fn encoded_bound(value: &Value) -> usize {
    9 + match value {
        Value::Bytes(bytes) => bytes.len(),
        Value::Text(text) => text.len(),
        Value::Array(items) => items.iter().map(encoded_bound).sum(),
        Value::Map(entries) => entries
            .iter()
            .map(|(key, value)| encoded_bound(key) + encoded_bound(value))
            .sum(),
        _ => 0,
    }
}

fn wipe(value: &mut Value) {
    match value {
        Value::Bytes(bytes) => bytes.zeroize(),
        Value::Text(text) => text.zeroize(),
        Value::Array(items) => items.iter_mut().for_each(wipe),
        Value::Map(entries) => entries.iter_mut().for_each(|(_, value)| wipe(value)),
        _ => {}
    }
}

/// A map being written. Keys are put in ascending order.
pub(crate) struct Map(Vec<(Value, Value)>);

impl Map {
    /// A map that begins with the version and `kind`.
    pub(crate) fn message(kind: u64) -> Self {
        Self::new().uint(0, crate::VERSION).uint(1, kind)
    }

    pub(crate) fn new() -> Self {
        Self(Vec::new())
    }

    pub(crate) fn value(mut self, key: u64, value: Value) -> Self {
        debug_assert!(
            self.0
                .last()
                .is_none_or(|(last, _)| *last < Value::from(key))
        );
        self.0.push((key.into(), value));
        self
    }

    pub(crate) fn optional<T>(
        self,
        key: u64,
        value: Option<T>,
        write: impl FnOnce(Self, u64, T) -> Self,
    ) -> Self {
        match value {
            Some(value) => write(self, key, value),
            None => self,
        }
    }

    pub(crate) fn uint(self, key: u64, number: u64) -> Self {
        self.value(key, number.into())
    }

    pub(crate) fn boolean(self, key: u64, value: bool) -> Self {
        self.value(key, value.into())
    }

    pub(crate) fn bytes(self, key: u64, bytes: &[u8]) -> Self {
        self.value(key, Value::Bytes(bytes.to_vec()))
    }

    pub(crate) fn text(self, key: u64, text: &str) -> Self {
        self.value(key, text.into())
    }

    pub(crate) fn into_value(self) -> Value {
        Value::Map(self.0)
    }

    pub(crate) fn encode(self) -> Vec<u8> {
        encode(&self.into_value()).to_vec()
    }

    /// The same for a map of secrets: every copy of them is wiped.
    pub(crate) fn encode_secret(self) -> Zeroizing<Vec<u8>> {
        let mut value = self.into_value();
        let bytes = encode(&value);
        wipe(&mut value);
        bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problem(hex: &str) -> Problem {
        let bytes = hex::decode(hex).unwrap();
        match Fields::parse("test", &bytes, 64) {
            Err(error) => error.problem,
            Ok(mut fields) => {
                let read = fields
                    .bytes::<2>(0, "a")
                    .and_then(|_| fields.uint(1, "b", 0..=9));
                read.and_then(|_| fields.finish()).unwrap_err().problem
            }
        }
    }

    #[test]
    fn only_the_deterministic_encoding_of_the_expected_map_is_read() {
        let good = hex::decode("a200420102 0105".replace(' ', "")).unwrap();
        let mut fields = Fields::parse("test", &good, 64).unwrap();
        assert_eq!(fields.bytes::<2>(0, "a").unwrap(), [1, 2]);
        assert_eq!(fields.uint(1, "b", 0..=9).unwrap(), 5);
        fields.finish().unwrap();

        for (hex, expected) in [
            ("a2004201020105ff", Problem::Encoding),  // trailing byte
            ("a200420102", Problem::Encoding),        // truncated
            ("bf004201020105ff", Problem::Encoding),  // indefinite map
            ("a20042010218010 5", Problem::Encoding), // key 1 in two bytes
            ("a2010500420102", Problem::Encoding),    // keys out of order
            ("a2004201020005", Problem::Encoding),    // key 0 twice
            ("a3004201020105 0200", Problem::Unknown),
            ("a10105", Problem::Missing),
            ("a200182a0105", Problem::Type),
            ("a2004301020301 05", Problem::Bounds),
            ("a200420102010a", Problem::Bounds),
            ("a2c000420102 0105", Problem::Type), // a tag where a key was due
            ("820105", Problem::Type),
            ("a2005f4101410 2ff0105", Problem::Encoding), // byte string in pieces
            ("a200420102f90001 05", Problem::Type),
        ] {
            assert_eq!(problem(&hex.replace(' ', "")), expected, "{hex}");
        }
        let long = [0u8; 65];
        assert_eq!(
            Fields::parse("test", &long, 64).err().map(|e| e.problem),
            Some(Problem::TooLong)
        );
    }
}
