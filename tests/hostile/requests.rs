//! Requests that claim to be a phone's: signed well unless the row says otherwise.

use ciborium::Value;
use countersign_protocol::answer::Answer;
use countersign_protocol::claim::Claim;
use countersign_protocol::enrolment::Way;
use countersign_protocol::id::{ChallengeId, EnrolmentId, Hash, PublicKey};
use countersign_protocol::query::Query;
use countersign_protocol::request::{ReceivedRequest, Transcript, Unsigned};
use countersign_protocol::update::{ChangeKind, What};
use p256::ecdsa::{Signature, signature::Signer};

use crate::common::{World, id, key};
use crate::diagnostic::{edit, encode, hex, value};
use crate::messages::envelope;
use crate::table::Row;

/// The refusal of the request of a row.
pub fn refusal(world: &World, row: &Row) -> String {
    let query = |ask| judged(world, &world.query(ask), row);
    let update = |what| judged(world, &world.update(what), row);
    match row.target.as_str() {
        "claim" => judged::<Claim>(world, &world.claim(Way::PinOnPhone), row),
        "answer" => judged::<Answer>(world, &world.answer(), row),
        "decline" => judged::<Answer>(world, &world.decline(), row),
        "complete" => query(Query::Complete {
            wait: 0,
            enrolment: EnrolmentId(id("enrolment")),
        }),
        "status" => query(Query::Status { last: 0 }),
        "inbox" => query(Query::Inbox {
            last: 0,
            wait: 50,
            known: Some(ChallengeId(id("challenge"))),
        }),
        "remove" => query(Query::Remove),
        "change" => update(What::Change(world.change(ChangeKind::Change, true))),
        "forgotten" => update(What::Change(world.change(ChangeKind::Forgotten, false))),
        "commit" => update(What::Commit {
            change: Hash([5; 32]),
        }),
        "biometrics on" => update(What::BiometricsOn {
            epoch: 1,
            commitment: [3; 32],
            key: PublicKey::of(&key("biometric key")),
        }),
        "biometrics off" => update(What::BiometricsOff { epoch: 1 }),
        "push address" => update(What::PushAddress(Some(world.push_address()))),
        other => panic!("no such target: {other}"),
    }
}

fn judged<T: Transcript>(world: &World, good: &T, row: &Row) -> String {
    let received = match ReceivedRequest::<T>::parse(&built(world, good, row)) {
        Ok(received) => received,
        Err(error) => return error.to_string(),
    };
    match received.verify(&world.device_key()) {
        Ok(_) => "taken".into(),
        Err(error) => error.to_string(),
    }
}

fn built<T: Transcript>(world: &World, good: &T, row: &Row) -> Vec<u8> {
    let (verb, rest) = row.verb();
    let transcript = good.encode();
    let sealed = good.needs_sealed().then(|| vec![1; 80]);
    let unsigned = |transcript: &[u8], sealed| Unsigned::new(good.domain(), transcript, sealed);
    let body = |unsigned: Unsigned| world.body(unsigned);
    if let Some(transcript) = edit(&transcript, verb, rest) {
        return body(unsigned(&transcript, sealed));
    }
    let good_body = body(unsigned(&transcript, sealed.clone()));
    let parts = || {
        let parts: Value = ciborium::from_reader(good_body.as_slice()).unwrap();
        parts.into_array().unwrap()
    };
    match verb {
        "nothing-sealed" => body(unsigned(&transcript, None)),
        "something-sealed" => body(unsigned(&transcript, Some(vec![1; 80]))),
        "other-sealed" => {
            let mut parts = parts();
            parts[1] = value(rest);
            encode(&Value::Array(parts))
        }
        "part" => {
            let mut parts = parts();
            parts.push(value(rest));
            encode(&Value::Array(parts))
        }
        "body" => encode(&value(rest)),
        "body-bytes" => hex(rest),
        "body-append" => [good_body, hex(rest)].concat(),
        "body-cut" => good_body[..good_body.len() / 2].to_vec(),
        "signed-by" | "signed-for" => forged(good, sealed, verb, rest, world),
        "envelope" => {
            let mut parts = parts();
            let (verb, rest) = rest.split_once(' ').unwrap();
            let message = parts[0].as_bytes().unwrap();
            parts[0] = Value::Bytes(envelope(message, verb, rest));
            encode(&Value::Array(parts))
        }
        other => panic!("no such means: {other}"),
    }
}

/// Signed by another key, or for another type of request.
fn forged<T: Transcript>(
    good: &T,
    sealed: Option<Vec<u8>>,
    verb: &str,
    rest: &str,
    world: &World,
) -> Vec<u8> {
    if verb == "signed-for" {
        let domain = String::from(rest).leak();
        return world.body(Unsigned::new(domain, &good.encode(), sealed));
    }
    let unsigned = Unsigned::new(good.domain(), &good.encode(), sealed);
    let signature: Signature = key(rest).sign(&unsigned.to_be_signed());
    unsigned.body(&signature.to_bytes().into()).unwrap()
}
