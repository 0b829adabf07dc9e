//! Messages that claim to be the service's: signed well unless the row says otherwise, so that it
//! is the parser that refuses them.

use ciborium::Value;
use countersign_protocol::challenge::{Challenge, CodeForm};
use countersign_protocol::enrolment::{Enrolment, Way};
use countersign_protocol::id::Hash;
use countersign_protocol::info::{Info, parse_earlier};
use countersign_protocol::message::{Message, Received, Verified, assemble, sign_payload};
use countersign_protocol::reply::Reply;

use crate::common::{World, key};
use crate::diagnostic::{edit, encode, hex, value};
use crate::table::Row;

/// The refusal of the message of a row.
pub fn refusal(world: &World, row: &Row) -> String {
    let request = Hash([9; 32]);
    match row.target.as_str() {
        "approve" => judged(world, &world.approve(), row),
        "code" => judged(world, &world.code(CodeForm::Digits), row),
        "transaction" => judged(world, &world.transaction(), row),
        "on mobile" => judged(world, &world.on_mobile(), row),
        "online" => judged(world, &world.online(), row),
        "change of e-mail" => judged(world, &world.change_email(), row),
        "unblock" => judged(world, &world.unblock(), row),
        "enrolment" => judged(world, &world.enrolment(Way::PinOnPhone), row),
        "information" => judged(world, &world.info(), row),
        "reply" => judged(world, &world.reply(request), row),
        "earlier information" => earlier(world, row),
        other => panic!("no such target: {other}"),
    }
}

/// A message whose own check after the signature belongs to its refusal.
trait Judged: Message {
    fn last(_: Verified<Self>) -> String {
        "taken".into()
    }
}

impl Judged for Challenge {
    fn last(verified: Verified<Self>) -> String {
        match verified.patterns() {
            Ok(_) => "taken".into(),
            Err(error) => format!("after the signature: {error}"),
        }
    }
}
impl Judged for Enrolment {}
impl Judged for Reply {}
impl Judged for Info {}

fn judged<T: Judged>(world: &World, good: &T, row: &Row) -> String {
    let bytes = built(world, good, row);
    let received = match Received::<T>::parse(&bytes) {
        Ok(received) => received,
        Err(error) => return error.to_string(),
    };
    match received.verify(&world.service_key()) {
        Ok(verified) => T::last(verified),
        Err(error) => error.to_string(),
    }
}

/// The good message, changed as the row says.
fn built<T: Message>(world: &World, good: &T, row: &Row) -> Vec<u8> {
    let (verb, rest) = row.verb();
    let payload = good.encode();
    let sign = |payload: &[u8]| sign_payload(T::DOMAIN, payload, &world.service);
    if let Some(payload) = edit(&payload, verb, rest) {
        return assemble(&payload, &sign(&payload));
    }
    let signature = sign(&payload);
    let message = assemble(&payload, &signature);
    match verb {
        "signed-by" => {
            let signature = sign_payload(T::DOMAIN, &payload, &key(rest));
            assemble(&payload, &signature)
        }
        "signed-for" => {
            let domain = String::from(rest).leak();
            assemble(&payload, &sign_payload(domain, &payload, &world.service))
        }
        "high-s" => assemble(&payload, &high(&signature)),
        "signature" => {
            let bytes = value(rest).into_bytes().unwrap();
            assemble(&payload, &bytes.try_into().unwrap())
        }
        "envelope" => {
            let (verb, rest) = rest.split_once(' ').unwrap();
            envelope(&message, verb, rest)
        }
        other => panic!("no such means: {other}"),
    }
}

/// Changes the COSE_Sign1 around a payload.
pub fn envelope(message: &[u8], verb: &str, rest: &str) -> Vec<u8> {
    if let "item" = verb {
        let (at, new) = rest.split_once(" = ").unwrap();
        let decoded: Value = ciborium::from_reader(message).unwrap();
        let mut items = decoded.into_array().unwrap();
        items[at.parse::<usize>().unwrap()] = value(new);
        return encode(&Value::Array(items));
    }
    match verb {
        "pad" => [message, &vec![0; rest.parse().unwrap()]].concat(),
        "tagged" => [&hex(rest), message].concat(),
        _ => edit(message, verb, rest).unwrap_or_else(|| panic!("no such means: {verb}")),
    }
}

/// The second signature that every ECDSA signature gives away: r and the order less s.
fn high(signature: &[u8; 64]) -> [u8; 64] {
    const ORDER: &str = "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551";
    let mut high = *signature;
    let mut borrow = 0;
    for (at, of_order) in hex(ORDER).iter().enumerate().rev() {
        let difference = i16::from(*of_order) - i16::from(signature[32 + at]) - borrow;
        high[32 + at] = u8::try_from(difference.rem_euclid(256)).unwrap();
        borrow = i16::from(difference < 0);
    }
    high
}

fn earlier(world: &World, row: &Row) -> String {
    let (verb, rest) = row.verb();
    let good = world.signed(&world.info());
    let list = match verb {
        "whole" => encode(&value(rest)),
        "times" => {
            let copies = vec![Value::Bytes(good); rest.parse().unwrap()];
            encode(&Value::Array(copies))
        }
        "append" => [encode(&Value::Array(vec![Value::Bytes(good)])), hex(rest)].concat(),
        other => panic!("no such means: {other}"),
    };
    parse_earlier(&list)
        .err()
        .map_or("taken".into(), |error| error.to_string())
}
