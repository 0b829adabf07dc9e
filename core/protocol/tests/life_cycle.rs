//! Change, commit and biometrics: parsing, opening and judging (§7, §13).

#![allow(clippy::unwrap_used)]

mod common;

use common::{ISSUED, World, id, key};
use countersign_protocol::Problem;
use countersign_protocol::claim::KeyClass;
use countersign_protocol::id::{ChallengeId, Hash, PublicKey};
use countersign_protocol::info::Info;
use countersign_protocol::message::Received;
use countersign_protocol::query::{Query, QueryRequest};
use countersign_protocol::reply::{DeviceState, Reply, ResultCode};
use countersign_protocol::request::{ReceivedRequest, Request, Transcript, Unsigned};
use countersign_protocol::update::{ChangeKind, Update, What};
use countersign_protocol::verify::{
    DeviceRecord, PendingChange, TokenState, UpdateNext, UpdateRecord, judge_update,
};

const KINDS: [(ChangeKind, bool); 4] = [
    (ChangeKind::Change, false),
    (ChangeKind::Change, true),
    (ChangeKind::Refresh, true),
    (ChangeKind::Forgotten, false),
];

fn received(w: &World, unsigned: Unsigned) -> Request<Update> {
    ReceivedRequest::<Update>::parse(&w.body(unsigned))
        .unwrap()
        .verify(&w.device_key())
        .unwrap()
}

fn opened(w: &World, request: &Request<Update>) -> Vec<u8> {
    w.opening
        .open(&request.sealing(), request.sealed())
        .unwrap()
        .to_vec()
}

#[test]
fn every_update_is_read_as_it_was_written_and_no_damage_is() {
    let w = World::new();
    let plain = |what| Unsigned::plain(&w.update(what));
    let mut bodies: Vec<_> = KINDS
        .iter()
        .map(|(kind, rotates)| w.body(w.change_unsigned(*kind, *rotates)))
        .collect();
    bodies.push(w.body(plain(What::Commit {
        change: Hash([7; 32]),
    })));
    bodies.push(w.body(w.biometrics_unsigned()));
    bodies.push(w.body(plain(What::BiometricsOff { epoch: 3 })));
    bodies.push(w.body(plain(What::PushAddress(Some(w.push_address())))));
    bodies.push(w.body(plain(What::PushAddress(None))));
    let good = |bytes: &[u8]| {
        ReceivedRequest::<Update>::parse(bytes)
            .ok()
            .and_then(|received| received.verify(&w.device_key()).ok())
    };
    for body in bodies {
        let update = good(&body).unwrap();
        assert_eq!(Update::decode(&update.encode()).unwrap(), *update);
        for at in 0..body.len() {
            assert!(good(&body[..at]).is_none());
            let mut changed = body.clone();
            changed[at] ^= 1;
            assert!(good(&changed).is_none(), "byte {at}");
        }
    }
    let remove = w.query(Query::Remove);
    assert_eq!(QueryRequest::decode(&remove.encode()).unwrap(), remove);
}

#[test]
fn a_push_address_of_another_form_is_refused_and_the_field_is_named() {
    let w = World::new();
    let good = w.update(What::PushAddress(Some(w.push_address()))).encode();
    let at = good.len() - w.push_address().address().len();
    let error = |bytes: &[u8]| {
        let error = Update::decode(bytes).unwrap_err();
        (error.field, error.problem)
    };
    for (place, byte) in [
        (at, b'f'),
        (at + 4, b':'),
        (at + 8, b'U'),
        (at + 12, b'@'),
        (at + 12, b'#'),
        (at + 40, b' '),
        (at + 40, b'\\'),
        (at + 40, 0x7f),
    ] {
        let mut bad = good.clone();
        bad[place] = byte;
        assert_eq!(
            error(&bad),
            ("address", Problem::Bounds),
            "{byte} at {place}"
        );
    }
    // The kind stands before the key and the head of the text.
    let kind = at - 4;
    assert_eq!(
        good[kind - 1..at],
        [0x11, 1, 0x12, 0x78, (good.len() - at) as u8]
    );
    let mut other = good.clone();
    other[kind] = 4;
    assert_eq!(error(&other), ("kind of address", Problem::Bounds));
    let alone = |keep: &[u8]| {
        let mut alone = good[..kind - 1].to_vec();
        alone[0] -= 1;
        alone.extend_from_slice(keep);
        error(&alone)
    };
    assert_eq!(alone(&[0x11, 1]), ("address", Problem::Missing));
    assert_eq!(alone(&[0x12, 0x61, b'a']).1, Problem::Unknown);
    let mut long = good[..at - 2].to_vec();
    long.extend([0x79, 2, 1]);
    long.extend([b'a'; 513]);
    assert_eq!(error(&long), ("address", Problem::Bounds));
    // No other update has one.
    let off = w.update(What::BiometricsOff { epoch: 1 }).encode();
    let mut more = off.clone();
    more[0] += 2;
    more.extend_from_slice(&good[kind - 1..]);
    assert_eq!(error(&more).1, Problem::Unknown);
}

#[test]
fn information_names_the_key_of_push_requests_where_there_is_one() {
    let w = World::new();
    for push_key in [None, Some(PublicKey::of(&key("push key")))] {
        let info = Info {
            push_key,
            ..w.info()
        };
        let read = Received::<Info>::parse(&w.signed(&info));
        assert_eq!(*read.unwrap().verify(&w.service_key()).unwrap(), info);
    }
}

#[test]
fn a_forgotten_pin_needs_its_grant_and_no_other_change_has_one() {
    let w = World::new();
    let mut change = w.change(ChangeKind::Forgotten, false);
    change.granted_by = None;
    let error = Update::decode(&w.update(What::Change(change)).encode()).unwrap_err();
    assert_eq!(
        (error.field, error.problem),
        ("granting challenge", Problem::Missing)
    );
    let mut change = w.change(ChangeKind::Change, false);
    change.granted_by = Some(ChallengeId([1; 16]));
    let error = Update::decode(&w.update(What::Change(change)).encode()).unwrap_err();
    assert_eq!(
        (error.field, error.problem),
        ("granting challenge", Problem::Unknown)
    );
}

#[test]
fn what_a_change_seals_opens_to_the_new_epoch_and_is_vouched_for_by_old_and_new_keys() {
    let w = World::new();
    let old = PublicKey::of(w.pin_keys().signing_key());
    for (kind, rotates) in KINDS {
        let request = received(&w, w.change_unsigned(kind, rotates));
        let plain = opened(&w, &request);
        let change = request.change_secrets(&plain).unwrap();
        let expected = w.change_secrets(kind);
        assert_eq!(change.secrets.p.expose(), expected.p.expose());
        assert_eq!(change.secrets.chain.expose(), expected.chain.expose());
        assert_eq!(change.secrets.pin_key, expected.pin_key);
        let vouched = change.verify_old_pin(&request, &old);
        assert_eq!(vouched.is_ok(), kind != ChangeKind::Forgotten);
        assert!(change.verify_old_pin(&request, &expected.pin_key).is_err());
        // Only the old PIN's signature is left for after the try: whatever else changes is refused
        // before it.
        let mut changed = plain.clone();
        for at in 0..changed.len() {
            changed[at] ^= 1;
            let unread = match request.change_secrets(&changed) {
                Ok(change) if kind != ChangeKind::Forgotten => {
                    change.verify_old_pin(&request, &old).is_err()
                }
                read => read.is_err(),
            };
            assert!(unread, "byte {at}");
            changed[at] ^= 1;
        }
        assert!(request.biometric_secrets(&plain).is_err());
    }
}

#[test]
fn what_biometrics_seal_opens_to_b_and_is_vouched_for_by_pin_and_biometric_key() {
    let w = World::new();
    let request = received(&w, w.biometrics_unsigned());
    let plain = opened(&w, &request);
    let on = request.biometric_secrets(&plain).unwrap();
    assert_eq!(on.b.expose(), common::secret("B").expose());
    let pin = PublicKey::of(w.pin_keys().signing_key());
    on.verify_pin(&request, &pin).unwrap();
    let other = PublicKey::of(&key("another"));
    assert!(on.verify_pin(&request, &other).is_err());
    assert!(request.change_secrets(&plain).is_err());
    let mut changed = plain.clone();
    for at in 0..changed.len() {
        changed[at] ^= 1;
        let read = request.biometric_secrets(&changed);
        assert!(
            read.is_err() || read.is_ok_and(|on| on.verify_pin(&request, &pin).is_err()),
            "byte {at}"
        );
        changed[at] ^= 1;
    }
}

#[test]
fn a_reply_about_the_life_cycle_is_read_as_it_was_written() {
    let w = World::new();
    let reply = Reply {
        pending_change: Some(Hash([1; 32])),
        epoch_change: Some(Hash([2; 32])),
        granted: Some(ChallengeId([3; 16])),
        biometric_kid: Some(PublicKey::of(&key("biometric key")).key_id()),
        ..w.reply(w.info_hash())
    };
    let read = Received::<Reply>::parse(&w.signed(&reply)).unwrap();
    assert_eq!(*read.verify(&w.service_key()).unwrap(), reply);
}

/// An update that breaks one rule, and every rule that comes after it.
struct Case {
    name: &'static str,
    what: What,
    change: Breaks,
    next: UpdateNext,
    accepted: bool,
}

type Breaks = fn(&mut UpdateRecord, &mut Update);

fn case(name: &'static str, what: What, change: Breaks, next: UpdateNext, accepted: bool) -> Case {
    Case {
        name,
        what,
        change,
        next,
        accepted,
    }
}

fn refused(name: &'static str, what: What, change: Breaks, result: ResultCode) -> Case {
    case(name, what, change, UpdateNext::Reply(result), false)
}

fn nothing(_: &mut UpdateRecord, _: &mut Update) {}

fn blocked(record: &mut UpdateRecord, _: &mut Update) {
    record.device.state = DeviceState::Blocked;
}

/// One update of each kind.
struct Updates<'a>(&'a World);

impl Updates<'_> {
    fn change(&self, kind: ChangeKind) -> What {
        What::Change(self.0.change(kind, false))
    }

    fn commit(&self) -> What {
        let change = Hash([9; 32]);
        What::Commit { change }
    }

    fn on(&self) -> What {
        received(self.0, self.0.biometrics_unsigned()).what.clone()
    }

    fn off(&self) -> What {
        What::BiometricsOff { epoch: 1 }
    }

    fn push(&self) -> What {
        What::PushAddress(Some(self.0.push_address()))
    }
}

/// Updates that an active device may send.
fn allowed(u: &Updates<'_>) -> Vec<Case> {
    vec![
        case(
            "a change",
            u.change(ChangeKind::Change),
            nothing,
            UpdateNext::CheckChange,
            true,
        ),
        case(
            "a refresh",
            u.change(ChangeKind::Refresh),
            nothing,
            UpdateNext::CheckChange,
            true,
        ),
        case(
            "a forgotten PIN",
            u.change(ChangeKind::Forgotten),
            nothing,
            UpdateNext::CheckChange,
            true,
        ),
        case("a commit", u.commit(), nothing, UpdateNext::Swap, true),
        case(
            "biometrics on",
            u.on(),
            nothing,
            UpdateNext::CheckBiometrics,
            true,
        ),
        case(
            "biometrics off",
            u.off(),
            nothing,
            UpdateNext::DropBiometrics,
            true,
        ),
        case(
            "a push address",
            u.push(),
            nothing,
            UpdateNext::SetPushAddress,
            true,
        ),
        case(
            "no push address any more",
            What::PushAddress(None),
            nothing,
            UpdateNext::SetPushAddress,
            true,
        ),
    ]
}

/// Steps 13.4 and 13.5.
fn refused_by_clock_and_state(u: &Updates<'_>) -> Vec<Case> {
    vec![
        refused(
            "blocked: push address",
            u.push(),
            blocked,
            ResultCode::Blocked,
        ),
        refused(
            "suspended: push address",
            u.push(),
            |r, _| r.device.state = DeviceState::Suspended,
            ResultCode::Suspended,
        ),
        refused(
            "clock before state",
            u.commit(),
            |r, u| {
                u.time = ISSUED + 900 + 121;
                r.device.state = DeviceState::Suspended;
            },
            ResultCode::Clock,
        ),
        refused(
            "suspended",
            u.commit(),
            |r, _| r.device.state = DeviceState::Suspended,
            ResultCode::Suspended,
        ),
        refused(
            "not active",
            u.commit(),
            |r, _| r.device.state = DeviceState::Confirmed,
            ResultCode::NotActive,
        ),
    ]
}

/// Step 13.5: the only updates of a blocked device are those that lift the block.
fn of_a_blocked_device(u: &Updates<'_>) -> Vec<Case> {
    vec![
        refused(
            "blocked: change",
            u.change(ChangeKind::Change),
            blocked,
            ResultCode::Blocked,
        ),
        refused(
            "blocked: refresh",
            u.change(ChangeKind::Refresh),
            blocked,
            ResultCode::Blocked,
        ),
        refused("blocked: biometrics", u.on(), blocked, ResultCode::Blocked),
        refused(
            "blocked: biometrics off",
            u.off(),
            blocked,
            ResultCode::Blocked,
        ),
        refused(
            "blocked: commit of a change that the old PIN vouched for",
            u.commit(),
            blocked,
            ResultCode::Blocked,
        ),
        case(
            "blocked: forgotten PIN",
            u.change(ChangeKind::Forgotten),
            blocked,
            UpdateNext::CheckChange,
            true,
        ),
        case(
            "blocked: its commit",
            u.commit(),
            |r, _| {
                r.device.state = DeviceState::Blocked;
                r.pending = Some(PendingChange {
                    hash: Hash([9; 32]),
                    kind: ChangeKind::Forgotten,
                });
            },
            UpdateNext::Swap,
            true,
        ),
        case(
            "blocked: committed already",
            u.commit(),
            |r, _| {
                r.device.state = DeviceState::Blocked;
                r.began_with = Some(Hash([9; 32]));
                r.pending = None;
            },
            UpdateNext::Reply(ResultCode::Done),
            true,
        ),
    ]
}

/// Steps 13.6 to 13.8.
fn refused_by_counter_token_and_epoch(u: &Updates<'_>) -> Vec<Case> {
    vec![
        case(
            "a copy's push address",
            u.push(),
            |r, _| {
                r.device.tokens = TokenState {
                    issued: 5,
                    acked: 4,
                }
            },
            UpdateNext::Suspend,
            false,
        ),
        refused(
            "counter before token",
            u.commit(),
            |_, u| {
                u.counter = 1;
                u.state_token.0[7] = 99;
            },
            ResultCode::Counter,
        ),
        case(
            "an old token",
            u.commit(),
            |r, _| {
                r.device.tokens = TokenState {
                    issued: 5,
                    acked: 4,
                }
            },
            UpdateNext::Suspend,
            false,
        ),
        case(
            "another epoch",
            u.change(ChangeKind::Change),
            |r, _| r.device.epoch = 2,
            UpdateNext::Reply(ResultCode::Epoch),
            true,
        ),
        case(
            "an epoch further on",
            u.change(ChangeKind::Forgotten),
            |r, _| r.device.epoch = 2,
            UpdateNext::Reply(ResultCode::Epoch),
            true,
        ),
        case(
            "biometrics of another epoch",
            u.on(),
            |r, _| r.device.epoch = 2,
            UpdateNext::Reply(ResultCode::Epoch),
            true,
        ),
    ]
}

/// Steps 13.9 to 13.11.
fn refused_by_content(u: &Updates<'_>) -> Vec<Case> {
    vec![
        case(
            "no grant",
            u.change(ChangeKind::Forgotten),
            |r, _| r.granted = None,
            UpdateNext::Reply(ResultCode::NotOpen),
            true,
        ),
        case(
            "another grant",
            u.change(ChangeKind::Forgotten),
            |r, _| r.granted = Some(ChallengeId([4; 16])),
            UpdateNext::Reply(ResultCode::NotOpen),
            true,
        ),
        case(
            "nothing pending",
            u.commit(),
            |r, _| r.pending = None,
            UpdateNext::Reply(ResultCode::NotOpen),
            true,
        ),
        case(
            "another change pending",
            u.commit(),
            |r, _| {
                r.pending = Some(PendingChange {
                    hash: Hash([8; 32]),
                    kind: ChangeKind::Change,
                });
            },
            UpdateNext::Reply(ResultCode::NotOpen),
            true,
        ),
        case(
            "committed already",
            u.commit(),
            |r, _| r.began_with = Some(Hash([9; 32])),
            UpdateNext::Reply(ResultCode::Done),
            true,
        ),
        case(
            "a lower key class",
            What::Change({
                let mut change = u.0.change(ChangeKind::Refresh, true);
                change.device_key = change.device_key.map(|mut new| {
                    new.class = KeyClass::Software;
                    new
                });
                change
            }),
            |r, _| r.key_class = KeyClass::Hardware,
            UpdateNext::Reply(ResultCode::Refused),
            true,
        ),
    ]
}

/// The order of §13: each case breaks one rule and all that come after it, so that the first is
/// answered.
#[test]
fn updates_are_judged_in_the_order_of_the_specification() {
    let w = World::new();
    let record = UpdateRecord {
        device: DeviceRecord {
            state: DeviceState::Active,
            acc: w.acc,
            counter: 1,
            tokens: TokenState {
                issued: 2,
                acked: 1,
            },
            epoch: 1,
            has_biometrics: false,
        },
        key_class: KeyClass::Software,
        pending: Some(PendingChange {
            hash: Hash([9; 32]),
            kind: ChangeKind::Change,
        }),
        began_with: None,
        granted: Some(ChallengeId(id("challenge"))),
    };
    let u = Updates(&w);
    let cases = [
        allowed(&u),
        refused_by_clock_and_state(&u),
        of_a_blocked_device(&u),
        refused_by_counter_token_and_epoch(&u),
        refused_by_content(&u),
    ];
    for case in cases.into_iter().flatten() {
        let (mut record, mut update) = (record, w.update(case.what));
        (case.change)(&mut record, &mut update);
        let judged = judge_update(&update, &record, ISSUED + 900, true);
        assert_eq!(judged.next, case.next, "{}", case.name);
        assert_eq!(judged.accepted.is_some(), case.accepted, "{}", case.name);
        // A token that the service did not make is a copy's, wherever it would be looked at.
        let forged = judge_update(&update, &record, ISSUED + 900, false);
        if case.accepted || judged.next == UpdateNext::Suspend {
            assert_eq!(forged.next, UpdateNext::Suspend, "{}", case.name);
        } else {
            assert_eq!(forged, judged, "{}", case.name);
        }
    }
}

#[test]
fn a_phone_that_is_ahead_of_a_restored_service_begins_a_later_epoch() {
    let w = World::new();
    let mut change = w.change(ChangeKind::Forgotten, false);
    change.epoch = 7;
    let record = UpdateRecord {
        device: DeviceRecord {
            state: DeviceState::Active,
            acc: w.acc,
            counter: 1,
            tokens: TokenState::FIRST,
            epoch: 3,
            has_biometrics: true,
        },
        key_class: KeyClass::Software,
        pending: None,
        began_with: None,
        granted: change.granted_by,
    };
    let update = w.update(What::Change(change));
    let judged = judge_update(&update, &record, ISSUED + 900, true);
    assert_eq!(judged.next, UpdateNext::CheckChange);
    assert_eq!(judged.accepted.unwrap().tokens.acked, 2);
}
