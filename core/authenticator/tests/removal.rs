//! Removing an account: here at once, at the service now or later; and what a phone says that was
//! removed, blocked or suspended there.
#![allow(clippy::unwrap_used, clippy::panic)]

use std::fs;

use countersign::{DATABASE_FILE, ReadError, ServiceError, Source, StatusError};
use countersign_protocol::reply::DeviceState;

use crate::support::*;

const OFFLINE: Twist = Twist::Unreachable;

fn rows(scene: &Scene, table: &str) -> u32 {
    let path = scene.folder.path().join(DATABASE_FILE);
    let database = rusqlite::Connection::open(path).unwrap();
    let sql = format!("SELECT count(*) FROM {table}");
    database.query_row(&sql, [], |row| row.get(0)).unwrap()
}

fn devices(scene: &Scene) -> usize {
    scene.desk.books.lock().unwrap().devices.len()
}

#[tokio::test(start_paused = true)]
async fn a_removal_is_told_to_the_service_at_once() {
    let (scene, account, _) = enrolled().await;
    let removed = scene.phone.remove(account).await.unwrap();
    assert!(removed.told);
    assert!(
        removed.next.contains("“my phone” from sign.example.eu"),
        "{}",
        removed.next
    );
    assert_eq!((devices(&scene), rows(&scene, "removal")), (0, 0));
    assert_eq!(
        (rows(&scene, "service"), rows(&scene, "discarded_key")),
        (0, 0)
    );
    assert!(scene.phone.pending(account).await.is_err());
}

#[tokio::test(start_paused = true)]
async fn a_removal_works_without_a_network_and_is_told_at_a_later_start() {
    let (scene, account, _) = enrolled().await;
    scene.desk.twist(&[OFFLINE]);
    let removed = scene.phone.remove(account).await.unwrap();
    assert!(!removed.told);
    assert!(
        removed.next.contains("does not know it yet"),
        "{}",
        removed.next
    );
    // Nothing of it is left but what tells.
    assert!(scene.phone.accounts().unwrap().is_empty());
    assert_eq!((rows(&scene, "sealed"), rows(&scene, "removal")), (0, 1));
    assert_eq!(devices(&scene), 1);
    scene.desk.twist(&[OFFLINE]);
    let again = phone(scene.folder.path(), &scene.clock, &scene.desk);
    assert!(again.resume().await.unwrap().is_empty());
    assert_eq!((devices(&scene), rows(&scene, "removal")), (1, 1));
    assert!(again.resume().await.unwrap().is_empty());
    assert_eq!((devices(&scene), rows(&scene, "removal")), (0, 0));
    assert_eq!(rows(&scene, "service"), 0);
}

#[tokio::test(start_paused = true)]
async fn the_key_that_tells_goes_also_when_the_service_knows_nothing_of_it() {
    for answer in [Twist::Lost, Twist::NotKnown] {
        let (scene, account, _) = enrolled().await;
        scene.desk.twist(&[answer]);
        let removed = scene.phone.remove(account).await.unwrap();
        assert_eq!(removed.told, answer == Twist::NotKnown);
        // After an answer that was lost the service says 401 by now.
        scene.phone.resume().await.unwrap();
        assert_eq!(rows(&scene, "removal"), 0);
    }
}

#[tokio::test(start_paused = true)]
async fn blocked_and_suspended_devices_are_removed_as_well() {
    for state in [DeviceState::Blocked, DeviceState::Suspended] {
        let (scene, account, _) = enrolled().await;
        scene.desk.with_device(|device| device.state = state);
        assert!(scene.phone.remove(account).await.unwrap().told);
        assert_eq!(devices(&scene), 0);
    }
}

#[tokio::test(start_paused = true)]
async fn an_account_that_was_removed_can_be_initialised_anew_before_the_service_was_told() {
    let (scene, account, _) = enrolled().await;
    scene.desk.twist(&[OFFLINE]);
    scene.phone.remove(account).await.unwrap();
    let code = scene
        .desk
        .ask_code(scene.desk.only().0, 1, countersign::Unlock::Nothing);
    assert!(matches!(
        scene.refused(&code).await,
        ReadError::UnknownService { .. }
    ));
    // The service was set up again at the same address, with other keys.
    let new = Desk::new(&scene.clock);
    let other = phone(scene.folder.path(), &scene.clock, &new);
    let account = enrol(&other, &new, "anna@example.eu").await;
    other.resume().await.unwrap();
    assert_eq!(rows(&scene, "removal"), 0);
    assert_eq!(
        other.refresh(account).await.unwrap().name,
        "anna@example.eu"
    );
}

#[tokio::test(start_paused = true)]
async fn in_an_unfinished_rotation_either_key_tells() {
    let (scene, account, _) = enrolled().await;
    // The commit arrives; nothing that comes after it does.
    let lost = [Twist::None, Twist::Lost, Twist::NotKnown, OFFLINE];
    scene.desk.twist(&lost);
    assert!(scene.phone.rotate_keys(account, pin(PIN)).await.is_err());
    assert!(scene.phone.remove(account).await.unwrap().told);
    assert_eq!((devices(&scene), rows(&scene, "removal")), (0, 0));
}

#[tokio::test(start_paused = true)]
async fn no_secret_of_a_removed_account_is_left_in_any_file() {
    let (scene, account, _) = enrolled().await;
    let path = scene.folder.path().join(DATABASE_FILE);
    let blobs: Vec<Vec<u8>> = {
        let database = rusqlite::Connection::open(&path).unwrap();
        let mut rows = database.prepare("SELECT blob FROM sealed").unwrap();
        let rows = rows.query_map([], |row| row.get(0)).unwrap();
        rows.map(Result::unwrap).collect()
    };
    assert_eq!(blobs.len(), 3);
    scene.desk.twist(&[OFFLINE]);
    scene.phone.remove(account).await.unwrap();
    for file in fs::read_dir(scene.folder.path()).unwrap() {
        let bytes = fs::read(file.unwrap().path()).unwrap();
        for blob in &blobs {
            assert!(!bytes.windows(16).any(|window| window == &blob[12..28]));
        }
    }
}

#[tokio::test(start_paused = true)]
async fn what_a_phone_says_that_was_removed_elsewhere_names_the_next_step() {
    let (scene, account, _) = enrolled().await;
    // By the page, by STOP, or by the person's other phone: the service does not tell which.
    scene.desk.books.lock().unwrap().devices.clear();
    let error = scene.phone.refresh(account).await.unwrap_err();
    assert!(matches!(
        &error,
        StatusError::Service(ServiceError::NotKnown { .. })
    ));
    let words = error.to_string();
    for part in [
        "sign.example.eu",
        "removed there",
        "STOP",
        "Remove the account here",
        "initialise it again",
    ] {
        assert!(words.contains(part), "{words}");
    }
    // Anybody on the way could say so: nothing is gone until the person removes it.
    assert_eq!(scene.phone.accounts().unwrap().len(), 1);
    assert!(scene.phone.remove(account).await.unwrap().told);
    let text = scene.desk.invite("anna@example.eu", None);
    scene
        .phone
        .begin_enrolment(&text, Source::Camera)
        .await
        .unwrap();
}
