//! Values as the text files write them, after CBOR's diagnostic notation (RFC 8949, section 8):
//! `7`, `-1`, `true`, `null`, `"text"` with Rust's `\u{202e}`, `h'00ff'`, `[1, 2]`, `{1: 2}`, and
//! for mere length `bytes(33)` and `text(21)`; `key` is a good public key.

use ciborium::Value;
use countersign_protocol::id::PublicKey;

use crate::common::key;

/// The value of a text.
pub fn value(text: &str) -> Value {
    let mut reader = Reader(text);
    let value = reader.value();
    assert!(reader.0.trim().is_empty(), "left over: {}", reader.0);
    value
}

/// A text whose escapes are resolved: `\u{202e}`, `\n`, `\0`, `\\`, and `\x(a,300)` for 300 times
/// `a`.
pub fn unescape(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('\\') {
        out.push_str(before);
        let kind = after.chars().next().unwrap();
        rest = &after[kind.len_utf8()..];
        match kind {
            'u' => {
                let (code, after) = rest[1..].split_once('}').unwrap();
                out.push(char::from_u32(u32::from_str_radix(code, 16).unwrap()).unwrap());
                rest = after;
            }
            'x' => {
                let (inside, after) = rest[1..].split_once(')').unwrap();
                let (what, times) = inside.rsplit_once(',').unwrap();
                out.push_str(&unescape(what).repeat(times.parse().unwrap()));
                rest = after;
            }
            'n' => out.push('\n'),
            'r' => out.push('\r'),
            't' => out.push('\t'),
            '0' => out.push('\0'),
            's' => out.push(' '),
            other => out.push(other),
        }
    }
    out + rest
}

struct Reader<'a>(&'a str);

impl<'a> Reader<'a> {
    fn eat(&mut self, token: &str) -> bool {
        self.0 = self.0.trim_start();
        match self.0.strip_prefix(token) {
            Some(rest) => {
                self.0 = rest;
                true
            }
            None => false,
        }
    }

    fn until(&mut self, end: char) -> &'a str {
        let (inside, rest) = self.0.split_once(end).unwrap();
        self.0 = rest;
        inside
    }

    fn list<T>(&mut self, end: &str, mut item: impl FnMut(&mut Self) -> T) -> Vec<T> {
        let mut items = Vec::new();
        while !self.eat(end) {
            items.push(item(self));
            self.eat(",");
        }
        items
    }

    fn value(&mut self) -> Value {
        for (word, value) in [
            ("true", Value::Bool(true)),
            ("false", Value::Bool(false)),
            ("null", Value::Null),
        ] {
            if self.eat(word) {
                return value;
            }
        }
        if self.eat("key") {
            return Value::Bytes(PublicKey::of(&key("another key")).as_bytes().to_vec());
        }
        if self.eat("bytes(") {
            return Value::Bytes(vec![7; self.until(')').parse().unwrap()]);
        }
        if self.eat("text(") {
            return Value::Text("a".repeat(self.until(')').parse().unwrap()));
        }
        if self.eat("h'") {
            return Value::Bytes(hex(self.until('\'')));
        }
        if self.eat("\"") {
            return Value::Text(unescape(self.until('"')));
        }
        if self.eat("tag(") {
            let tag = self.until(',').parse().unwrap();
            let inside = self.value();
            assert!(self.eat(")"));
            return Value::Tag(tag, Box::new(inside));
        }
        if self.eat("[") {
            return Value::Array(self.list("]", Self::value));
        }
        if self.eat("{") {
            return Value::Map(self.list("}", |reader| {
                let key = reader.value();
                assert!(reader.eat(":"));
                (key, reader.value())
            }));
        }
        let end = self
            .0
            .find(|c: char| !c.is_ascii_digit() && c != '-' && c != '.')
            .unwrap_or(self.0.len());
        let (number, rest) = self.0.split_at(end);
        self.0 = rest;
        if number.contains('.') {
            return Value::Float(number.parse().unwrap());
        }
        let number: i128 = number.parse().unwrap_or_else(|_| panic!("{number}{rest}"));
        Value::Integer(number.try_into().unwrap())
    }
}

/// The bytes of hexadecimal digits.
pub fn hex(text: &str) -> Vec<u8> {
    let digits: Vec<u8> = text.bytes().filter(|b| *b != b' ').collect();
    digits
        .chunks(2)
        .map(|pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap())
        .collect()
}

/// The encoding of a value.
pub fn encode(value: &Value) -> Vec<u8> {
    let mut bytes = Vec::new();
    ciborium::into_writer(value, &mut bytes).unwrap();
    bytes
}

/// Changes an encoded map or text of bytes as a row says. A change that it does not know, it
/// returns as not done.
pub fn edit(bytes: &[u8], verb: &str, rest: &str) -> Option<Vec<u8>> {
    let decoded: Value = ciborium::from_reader(bytes).unwrap();
    let assignment = |rest: &str| {
        let (place, new) = rest.split_once(" = ").unwrap_or_else(|| panic!("{rest}"));
        (value(place), value(new))
    };
    Some(match verb {
        "without" => {
            let key = value(rest);
            let mut map = decoded.into_map().unwrap();
            let before = map.len();
            map.retain(|(one, _)| *one != key);
            assert_eq!(map.len() + 1, before, "there is no {rest}");
            encode(&Value::Map(map))
        }
        "with" => {
            let (key, new) = assignment(rest);
            let mut map = decoded.into_map().unwrap();
            map.retain(|(one, _)| *one != key);
            let number = |key: &Value| i128::from(key.as_integer().unwrap());
            let place = map.partition_point(|(one, _)| number(one) < number(&key));
            map.insert(place, (key, new));
            encode(&Value::Map(map))
        }
        "first" => {
            let (key, new) = assignment(rest);
            let mut map = decoded.into_map().unwrap();
            map.insert(0, (key, new));
            encode(&Value::Map(map))
        }
        "last" => {
            let (key, new) = assignment(rest);
            let mut map = decoded.into_map().unwrap();
            map.push((key, new));
            encode(&Value::Map(map))
        }
        "whole" => encode(&value(rest)),
        "append" => [bytes, &hex(rest)].concat(),
        "cut" => bytes[..bytes.len() - rest.parse::<usize>().unwrap()].to_vec(),
        "bytes" => hex(rest),
        "replace" => {
            let (old, new) = rest.split_once(" by ").unwrap();
            let (old, new) = (hex(old), hex(new));
            let at = bytes.windows(old.len()).position(|part| part == old);
            let at = at.unwrap_or_else(|| panic!("not found: {rest}"));
            [&bytes[..at], &new, &bytes[at + old.len()..]].concat()
        }
        _ => return None,
    })
}
