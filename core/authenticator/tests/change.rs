//! A new PIN epoch: changing the PIN, renewing its keys, setting a forgotten one. Whatever is lost,
//! exactly one PIN works.
#![allow(clippy::unwrap_used, clippy::panic)]

use std::sync::Arc;

use countersign::platform::{DeviceKey, KeyStore, KeyStoreError};
use countersign::software::SoftwareKeyStore;
use countersign::{
    AccountNumber, AccountState, ApproveError, Authenticator, ChangeError, CodeError, EventKind,
    ForgottenError, Refusal, Resumed, Unlock, UnlockMethod,
};
use countersign_protocol::message::SignatureBytes;
use countersign_protocol::reply::DeviceState;
use countersign_protocol::secret::Secret32;
use zeroize::Zeroizing;

use crate::support::*;

const NEW: &str = "8023";

async fn change(scene: &Scene, account: AccountNumber, old: &str) -> Result<(), ChangeError> {
    let (new, again) = (pin(NEW), pin(NEW));
    let changed = scene.phone.change_pin(account, pin(old), new, again).await;
    changed.map(drop)
}

fn kinds(phone: &Authenticator) -> Vec<EventKind> {
    let history = phone.history().unwrap();
    history.iter().map(|event| event.kind).collect()
}

#[tokio::test(start_paused = true)]
async fn a_changed_pin_is_the_only_one_that_works_and_codes_go_on() {
    let (scene, account, acc) = enrolled().await;
    change(&scene, account, PIN).await.unwrap();
    assert_eq!(slots(&scene), (3, false));
    assert!(works(&scene.phone, &scene.desk, account, NEW).await);
    assert!(!works(&scene.phone, &scene.desk, account, PIN).await);
    for (step, unlock) in [(1, Unlock::Pin), (2, Unlock::Nothing)] {
        let text = scene.desk.ask_code(acc, step, unlock);
        let request = scene.scan_code(&text).await;
        let code = scene.phone.code(request.id, pin(NEW).into()).await.unwrap();
        assert!(scene.desk.judge(&text, None, &code.code));
    }
    assert!(kinds(&scene.phone).contains(&EventKind::PinChanged));
    // And again, from the new epoch.
    let back = scene
        .phone
        .change_pin(account, pin(NEW), pin(PIN), pin(PIN));
    back.await.unwrap();
    assert!(works(&scene.phone, &scene.desk, account, PIN).await);
}

#[tokio::test(start_paused = true)]
async fn a_new_pin_is_chosen_as_at_enrolment_and_compared_with_what_was_typed_alone() {
    let (scene, account, _) = enrolled().await;
    let change = |old, new, again| {
        scene
            .phone
            .change_pin(account, pin(old), pin(new), pin(again))
    };
    assert!(matches!(
        change(PIN, NEW, "8024").await,
        Err(ChangeError::PinsDiffer)
    ));
    for easy in ["1234", "7777", "1990", "3112", "2580"] {
        let refused = change(PIN, easy, easy).await.unwrap_err();
        assert!(
            matches!(&refused, ChangeError::Guessable(reason) if refused.to_string() == reason.to_string())
        );
    }
    // The same words for a right and a wrong old PIN, and nothing leaves.
    for typed in [PIN, "5739"] {
        assert!(matches!(
            change(typed, typed, typed).await,
            Err(ChangeError::SamePin)
        ));
    }
    assert!(scene.desk.sent("/api/v1/change").is_empty());
    assert!(slots(&scene) == (3, false));
}

#[tokio::test(start_paused = true)]
async fn a_wrong_old_pin_is_counted_and_leaves_the_pin_as_it_was() {
    let (scene, account, _) = enrolled().await;
    let wrong = change(&scene, account, "5739").await;
    assert!(matches!(
        wrong,
        Err(ChangeError::Refused(Refusal::WrongPin {
            tries_left: 4,
            tries_left_in_epoch: 14
        }))
    ));
    assert_eq!(slots(&scene), (3, false));
    assert_eq!(kinds(&scene.phone)[0], EventKind::WrongPin);
    assert!(works(&scene.phone, &scene.desk, account, PIN).await);
    for _ in 0..5 {
        let _ = change(&scene, account, "5739").await;
    }
    let blocked = change(&scene, account, PIN).await;
    assert!(matches!(
        blocked,
        Err(ChangeError::Refused(Refusal::Blocked))
    ));
    assert_eq!(
        scene.phone.accounts().unwrap()[0].state,
        AccountState::Blocked
    );
}

#[tokio::test(start_paused = true)]
async fn a_message_that_is_signed_anew_replaces_the_stored_hash_before_it_is_sent() {
    let (scene, account, _) = enrolled().await;
    scene.desk.with_device(|device| device.counter = 9);
    scene.desk.twist(&[Twist::Clock]);
    change(&scene, account, PIN).await.unwrap();
    // One for the clock, one for the counter, and the one that was taken.
    assert_eq!(scene.desk.sent("/api/v1/change").len(), 3);
    assert!(works(&scene.phone, &scene.desk, account, NEW).await);
    // The same with the last answer lost: the status names the hash that is stored.
    scene.desk.with_device(|device| device.counter += 9);
    let lost = [Twist::Lost; 3];
    scene
        .desk
        .twist(&[&[Twist::Clock, Twist::None], &lost[..]].concat());
    scene
        .phone
        .change_pin(account, pin(NEW), pin(PIN), pin(PIN))
        .await
        .unwrap();
    assert!(works(&scene.phone, &scene.desk, account, PIN).await);
}

/// Every message of a change lost, on the way there and on the way back, with the phone restarted
/// after it: one PIN works, and the phone says which.
#[tokio::test(start_paused = true)]
async fn whatever_answer_is_lost_exactly_one_pin_works_and_the_next_start_says_which() {
    for (lost, before) in [
        // The change never arrives.
        (vec![Twist::Unreachable; 8], 0),
        // It arrives, its answer does not, and nothing after it.
        (
            [vec![Twist::Lost; 3], vec![Twist::Unreachable; 8]].concat(),
            0,
        ),
        // The commit never arrives.
        ([vec![Twist::None], vec![Twist::Unreachable; 8]].concat(), 1),
        // It arrives, its answer does not.
        (
            [
                vec![Twist::None],
                vec![Twist::Lost; 3],
                vec![Twist::Unreachable; 8],
            ]
            .concat(),
            1,
        ),
    ] {
        let arrives = lost.contains(&Twist::Lost) || before == 1;
        let (scene, account, acc) = enrolled().await;
        scene.desk.twist(&lost);
        let unfinished = change(&scene, account, PIN).await;
        assert!(matches!(unfinished, Err(ChangeError::Unfinished(_))));
        assert_eq!(slots(&scene), (5, true));
        assert!(scene.phone.accounts().unwrap()[0].change_unfinished);
        // Codes come from slot A until commit may have been sent; then none, until it is known.
        let text = scene.desk.ask_code(acc, 1, Unlock::Pin);
        let request = scene.scan_code(&text).await;
        scene.desk.twist(&[Twist::Unreachable; 3]);
        let code = scene.phone.code(request.id, pin(PIN).into()).await;
        if before == 0 {
            assert!(scene.desk.judge(&text, None, &code.unwrap().code));
        } else {
            let told = code.map(drop).unwrap_err();
            assert!(matches!(told, CodeError::Unfinished));
            assert!(
                told.to_string().contains("finish the PIN change")
                    && told.to_string().contains("go online")
            );
        }
        let again = phone(scene.folder.path(), &scene.clock, &scene.desk);
        scene.desk.twist(&[Twist::Unreachable; 3]);
        assert!(matches!(
            again.resume().await.unwrap()[..],
            [Resumed::Unknown(..)]
        ));
        scene.desk.twist(&[]);
        let resumed = again.resume().await.unwrap();
        if arrives {
            assert!(
                matches!(resumed[..], [Resumed::PinChanged(_)]),
                "{resumed:?}"
            );
        } else {
            assert!(
                matches!(resumed[..], [Resumed::PinAsBefore(_)]),
                "{resumed:?}"
            );
        }
        assert_eq!(slots(&scene), (3, false));
        let (right, wrong) = if arrives { (NEW, PIN) } else { (PIN, NEW) };
        assert!(works(&again, &scene.desk, account, right).await);
        assert!(!works(&again, &scene.desk, account, wrong).await);
        let text = scene.desk.ask_code(acc, 5, Unlock::Pin);
        let request = scene.scan_code(&text).await;
        let code = again.scan(&text, countersign::Source::Camera).await;
        assert!(code.is_ok());
        let code = again.code(request.id, pin(right).into()).await.unwrap();
        assert!(scene.desk.judge(&text, None, &code.code));
    }
}

#[tokio::test(start_paused = true)]
async fn a_single_lost_answer_is_made_up_for_in_the_same_call() {
    for at in 0..2 {
        let (scene, account, _) = enrolled().await;
        let mut twists = vec![Twist::None; at];
        twists.extend([Twist::Lost; 3]);
        scene.desk.twist(&twists);
        change(&scene, account, PIN).await.unwrap();
        assert!(works(&scene.phone, &scene.desk, account, NEW).await);
    }
}

#[tokio::test(start_paused = true)]
async fn a_change_that_is_unfinished_is_settled_before_any_request_of_the_account() {
    let (scene, account, _) = enrolled().await;
    scene.desk.twist(&[
        Twist::None,
        Twist::Unreachable,
        Twist::Unreachable,
        Twist::Unreachable,
        Twist::Unreachable,
    ]);
    assert!(change(&scene, account, PIN).await.is_err());
    assert!(works(&scene.phone, &scene.desk, account, NEW).await);
    // While nobody answers, nothing of the account is asked for in vain.
    scene.desk.twist(&[
        Twist::None,
        Twist::Unreachable,
        Twist::Unreachable,
        Twist::Unreachable,
        Twist::Unreachable,
    ]);
    assert!(
        scene
            .phone
            .change_pin(account, pin(NEW), pin(PIN), pin(PIN))
            .await
            .is_err()
    );
    scene.desk.twist(&[Twist::Unreachable; 3]);
    assert!(scene.phone.pending(account).await.is_err());
    let summary = scene.phone.refresh(account).await.unwrap();
    assert!(!summary.change_unfinished);
    assert!(works(&scene.phone, &scene.desk, account, PIN).await);
}

#[tokio::test(start_paused = true)]
async fn codes_made_during_a_change_move_the_new_chain_too() {
    let (scene, account, acc) = enrolled().await;
    scene
        .desk
        .twist(&[Twist::Lost, Twist::Lost, Twist::Lost, Twist::Unreachable]);
    assert!(change(&scene, account, PIN).await.is_err());
    let text = scene.desk.ask_code(acc, 7, Unlock::Nothing);
    let request = scene.scan_code(&text).await;
    let code = scene
        .phone
        .code(request.id, UnlockMethod::Nothing)
        .await
        .unwrap();
    assert!(scene.desk.judge(&text, None, &code.code));
    scene.phone.resume().await.unwrap();
    // The step that A spent is spent for B.
    let used = scene.desk.ask_code(acc, 7, Unlock::Nothing);
    scene.refused(&used).await;
    let text = scene.desk.ask_code(acc, 8, Unlock::Nothing);
    let request = scene.scan_code(&text).await;
    let code = scene
        .phone
        .code(request.id, UnlockMethod::Nothing)
        .await
        .unwrap();
    assert!(scene.desk.judge(&text, None, &code.code));
}

#[tokio::test(start_paused = true)]
async fn after_eight_spent_tries_a_right_pin_renews_the_keys_by_itself() {
    let (scene, account, _) = enrolled().await;
    for spent in 0..8 {
        assert!(!works(&scene.phone, &scene.desk, account, "5739").await);
        if spent == 3 {
            assert!(works(&scene.phone, &scene.desk, account, PIN).await);
            assert_eq!(scene.desk.with_device(|device| device.epoch), 1);
        }
    }
    // What is in the way of the renewal is not in the way of the approval.
    scene.desk.ask_approval(None);
    let request = scene.phone.pending(account).await.unwrap().remove(0);
    scene
        .desk
        .twist(&[Twist::None, Twist::Unreachable, Twist::Unreachable]);
    scene
        .phone
        .approve(request.id, None, None, pin(PIN).into())
        .await
        .unwrap();
    assert_eq!(scene.desk.with_device(|device| device.epoch), 1);
    // The next right PIN makes up for it; the same PIN works, and the tries begin again.
    assert!(works(&scene.phone, &scene.desk, account, PIN).await);
    assert_eq!(
        scene
            .desk
            .with_device(|device| (device.epoch, device.in_epoch)),
        (2, 15)
    );
    assert_eq!(
        scene.phone.accounts().unwrap()[0].tries_left_in_epoch,
        Some(15)
    );
    assert!(works(&scene.phone, &scene.desk, account, PIN).await);
    assert!(!works(&scene.phone, &scene.desk, account, NEW).await);
    let renewed = kinds(&scene.phone)
        .iter()
        .filter(|kind| **kind == EventKind::PinRenewed)
        .count();
    assert_eq!(renewed, 1);
    assert!(!kinds(&scene.phone).contains(&EventKind::ChangeRefused));
}

#[tokio::test(start_paused = true)]
async fn a_blocked_phone_sets_a_new_pin_once_another_factor_granted_it() {
    let (scene, account, _) = enrolled().await;
    for _ in 0..5 {
        let _ = change(&scene, account, "5739").await;
    }
    assert_eq!(
        scene.phone.accounts().unwrap()[0].state,
        AccountState::Blocked
    );
    let set = || scene.phone.set_forgotten_pin(account, pin(NEW), pin(NEW));
    let not_granted = set().await.unwrap_err();
    assert!(matches!(not_granted, ForgottenError::NotGranted));
    assert!(not_granted.to_string().contains("unblock this device"));
    assert!(!scene.phone.can_set_new_pin(account).await.unwrap());
    let easy = scene
        .phone
        .set_forgotten_pin(account, pin("1111"), pin("1111"))
        .await;
    assert!(matches!(easy, Err(ForgottenError::Guessable(_))));
    scene.desk.grant();
    scene.phone.watch_new_pin_grant(account).await.unwrap();
    let done = set().await.unwrap();
    assert_eq!(
        (done.state, done.tries_left),
        (AccountState::Active, Some(5))
    );
    assert!(works(&scene.phone, &scene.desk, account, NEW).await);
    assert!(!works(&scene.phone, &scene.desk, account, PIN).await);
    assert!(kinds(&scene.phone).contains(&EventKind::PinSetAnew));
    // The grant is used up.
    assert!(matches!(set().await, Err(ForgottenError::NotGranted)));
}

#[tokio::test(start_paused = true)]
async fn a_suspended_phone_with_an_unfinished_change_says_so_without_a_network() {
    let (scene, account, _) = enrolled().await;
    // The change arrives, and neither its reply nor anything after it.
    let nothing = Twist::Unreachable;
    scene
        .desk
        .twist(&[Twist::None, nothing, nothing, nothing, nothing]);
    assert!(change(&scene, account, PIN).await.is_err());
    assert!(scene.phone.accounts().unwrap()[0].change_unfinished);
    let path = scene.folder.path().join(countersign::DATABASE_FILE);
    let database = rusqlite::Connection::open(path).unwrap();
    database
        .execute("UPDATE account SET state = 5", [])
        .unwrap();
    scene.desk.twist(&[Twist::Unreachable; 8]);
    let suspended = |refused| matches!(refused, Err(ForgottenError::Refused(Refusal::Suspended)));
    let set = scene.phone.set_forgotten_pin(account, pin(NEW), pin(NEW));
    assert!(suspended(set.await.map(drop)));
    assert!(suspended(
        scene.phone.can_set_new_pin(account).await.map(drop)
    ));
    assert_eq!(scene.desk.books.lock().unwrap().twists.len(), 8);
}

#[tokio::test(start_paused = true)]
async fn a_block_is_lifted_also_when_the_last_answer_is_lost() {
    let (scene, account, _) = enrolled().await;
    scene.desk.with_device(|device| {
        device.in_row = 0;
        device.state = DeviceState::Blocked;
    });
    scene.desk.grant();
    // Status, change; commit lost, and all that follows.
    scene.desk.twist(&[
        Twist::None,
        Twist::None,
        Twist::Lost,
        Twist::Lost,
        Twist::Lost,
        Twist::Unreachable,
    ]);
    let set = scene
        .phone
        .set_forgotten_pin(account, pin(NEW), pin(NEW))
        .await;
    assert!(matches!(set, Err(ForgottenError::Unfinished(_))));
    assert!(matches!(
        scene.phone.resume().await.unwrap()[..],
        [Resumed::PinChanged(_)]
    ));
    assert_eq!(
        scene.phone.accounts().unwrap()[0].state,
        AccountState::Active
    );
    assert!(works(&scene.phone, &scene.desk, account, NEW).await);
}

#[tokio::test(start_paused = true)]
async fn a_restored_service_is_behind_and_a_new_pin_brings_both_together() {
    let (scene, account, acc) = enrolled().await;
    // What the backup has of the device.
    let backup = scene.desk.with_device(|device| {
        let chain = device.chain.advanced(1, 0).unwrap();
        (device.pin_key, chain, device.epoch)
    });
    change(&scene, account, PIN).await.unwrap();
    scene
        .phone
        .change_pin(account, pin(NEW), pin("3579"), pin("3579"))
        .await
        .unwrap();
    scene.desk.with_device(|device| {
        (device.pin_key, device.chain, device.epoch) = backup;
        device.began_with = None;
    });
    scene.desk.ask_approval(None);
    let request = scene.phone.pending(account).await.unwrap().remove(0);
    let refused = scene
        .phone
        .approve(request.id, None, None, pin("3579").into())
        .await
        .unwrap_err();
    assert!(matches!(
        refused,
        ApproveError::Refused(Refusal::OtherEpoch)
    ));
    assert!(refused.to_string().contains("set a new PIN"));
    // No try was spent, and the account says what to do.
    let summary = &scene.phone.accounts().unwrap()[0];
    assert_eq!(
        (summary.state, summary.tries_left),
        (AccountState::NewPinNeeded, Some(5))
    );
    let text = scene.desk.ask_code(acc, 1, Unlock::Nothing);
    let request = scene.scan_code(&text).await;
    assert!(matches!(
        scene.phone.code(request.id, UnlockMethod::Nothing).await,
        Err(CodeError::Refused(Refusal::OtherEpoch))
    ));
    scene.desk.grant();
    let done = scene
        .phone
        .set_forgotten_pin(account, pin(NEW), pin(NEW))
        .await
        .unwrap();
    assert_eq!(done.state, AccountState::Active);
    assert_eq!(scene.desk.with_device(|device| device.epoch), 4);
    assert!(works(&scene.phone, &scene.desk, account, NEW).await);
    let code = scene
        .phone
        .code(request.id, UnlockMethod::Nothing)
        .await
        .unwrap();
    assert!(scene.desk.judge(&text, None, &code.code));
}

#[tokio::test(start_paused = true)]
async fn rotated_keys_are_the_only_ones_that_the_service_knows() {
    let (scene, account, _) = enrolled().await;
    let before = scene.desk.with_device(|device| device.key);
    scene.phone.rotate_keys(account, pin(PIN)).await.unwrap();
    assert!(scene.desk.with_device(|device| device.key) != before);
    assert!(works(&scene.phone, &scene.desk, account, PIN).await);
    let again = phone(scene.folder.path(), &scene.clock, &scene.desk);
    assert!(works(&again, &scene.desk, account, PIN).await);
    assert!(kinds(&again).contains(&EventKind::KeysRotated));
    let wrong = again.rotate_keys(account, pin("5739")).await;
    assert!(matches!(
        wrong,
        Err(ChangeError::Refused(Refusal::WrongPin { .. }))
    ));
    assert!(works(&again, &scene.desk, account, PIN).await);
}

#[tokio::test(start_paused = true)]
async fn a_rotation_whose_last_answer_was_lost_is_found_under_the_new_key() {
    let (scene, account, _) = enrolled().await;
    scene.desk.twist(&[
        Twist::None,
        Twist::Lost,
        Twist::NotKnown,
        Twist::Unreachable,
        Twist::Unreachable,
    ]);
    // The service knows the new key alone by now: what the old one signs is a stranger's.
    assert!(scene.phone.rotate_keys(account, pin(PIN)).await.is_err());
    assert!(scene.phone.accounts().unwrap()[0].change_unfinished);
    // A renewal of keys is no news for a person.
    assert!(scene.phone.resume().await.unwrap().is_empty());
    let account_now = &scene.phone.accounts().unwrap()[0];
    assert!(!account_now.change_unfinished);
    assert!(works(&scene.phone, &scene.desk, account, PIN).await);
}

/// A key store that can't forget a key now.
struct Stubborn(SoftwareKeyStore);

impl KeyStore for Stubborn {
    fn has_key(&self) -> Result<bool, KeyStoreError> {
        self.0.has_key()
    }

    fn create_key(&self, context: &[u8]) -> Result<DeviceKey, KeyStoreError> {
        self.0.create_key(context)
    }

    fn sign(
        &self,
        context: &[u8],
        handle: &[u8],
        message: &[u8],
    ) -> Result<SignatureBytes, KeyStoreError> {
        self.0.sign(context, handle, message)
    }

    fn delete_key(&self, _handle: &[u8]) -> Result<(), KeyStoreError> {
        Err(KeyStoreError::Unavailable("it is busy".into()))
    }

    fn seal(&self, context: &[u8], secret: &[u8]) -> Result<Vec<u8>, KeyStoreError> {
        self.0.seal(context, secret)
    }

    fn open(&self, context: &[u8], sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, KeyStoreError> {
        self.0.open(context, sealed)
    }

    fn hardware_share(&self, context: &[u8]) -> Result<Option<Secret32>, KeyStoreError> {
        self.0.hardware_share(context)
    }
}

#[tokio::test(start_paused = true)]
async fn a_key_that_can_not_be_forgotten_now_leaves_no_remains_of_anything_else() {
    let (scene, account, _) = enrolled().await;
    let transport = Arc::clone(&scene.desk) as _;
    let mut platform = platform(scene.folder.path(), Arc::clone(&scene.clock), transport);
    let software = SoftwareKeyStore::open(scene.folder.path()).unwrap();
    platform.keys = Arc::new(Stubborn(software));
    let stubborn = Authenticator::open(scene.folder.path(), platform).unwrap();
    stubborn.rotate_keys(account, pin(PIN)).await.unwrap();
    let look = |sql: &str| -> u32 {
        let path = scene.folder.path().join(countersign::DATABASE_FILE);
        let database = rusqlite::Connection::open(path).unwrap();
        database.query_row(sql, [], |row| row.get(0)).unwrap()
    };
    let waiting = || look("SELECT count(*) FROM discarded_key");
    assert_eq!((look("PRAGMA application_id"), waiting()), (0, 1));
    assert!(works(&stubborn, &scene.desk, account, PIN).await);
    // Asked again, at the next start.
    scene.phone.resume().await.unwrap();
    assert_eq!((look("PRAGMA application_id"), waiting()), (0, 0));
}
