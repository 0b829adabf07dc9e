//! Rotation of the service's own keys, as a phone meets it that has heard of none.

#![allow(clippy::unwrap_used, clippy::panic)]

use std::{process::Command, time::Duration};

use crate::support::{Browser, PIN, Phone, World};
use countersign_protocol::{answer::Decision, reply::ResultCode};
use countersign_service::{KeyState, Places, Rotate, list_keys, rotate_keys};

const DAY: u64 = 24 * 3600;

fn places(world: &World) -> Places {
    Places::new(world.folder.path())
}

async fn approve(owner: &mut Browser, phone: &mut Phone) -> ResultCode {
    owner
        .password("anna@example.eu", crate::support::PASSWORD)
        .await;
    let page = owner.post("/sign-in/app", &[]).await;
    let challenge = phone.inbox(0).await.unwrap();
    let number = Some(page.number());
    let reply = phone
        .decide(&challenge, Decision::Approve, number, PIN)
        .await;
    reply.result
}

#[tokio::test]
async fn an_old_hpke_key_opens_for_30_days_longer_and_costs_no_try_after_that() {
    let world = World::new().await;
    let (mut owner, mut phone) = world.person().await;
    rotate_keys(&places(&world), Rotate::Hpke, world.clock.as_ref())
        .await
        .unwrap();
    // The running service takes it up by itself.
    let mut left = 100;
    while phone.info_sequence().await == phone.info.sequence {
        left -= 1;
        assert!(left > 0, "the service did not take up its new key");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    assert_eq!(approve(&mut owner, &mut phone).await, ResultCode::Done);
    world.clock.advance(30 * DAY - 60);
    assert_eq!(approve(&mut owner, &mut phone).await, ResultCode::Done);
    world.clock.advance(DAY);
    assert_eq!(
        approve(&mut owner, &mut phone).await,
        ResultCode::Unsealable
    );
    assert_eq!(phone.status().await.tries_in_row, Some(5));

    // And then it is erased.
    let mut left = 100;
    let places = places(&world);
    loop {
        let keys = list_keys(&places, world.clock.as_ref());
        let states: Vec<_> = keys.await.unwrap().iter().map(|key| key.state).collect();
        if states == [KeyState::InUse, KeyState::InUse] {
            break;
        }
        left -= 1;
        assert!(left > 0, "{states:?}");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

#[tokio::test]
async fn the_program_lists_and_rotates_keys_beside_a_running_service() {
    let world = World::new().await;
    let keys = |arguments: &[&str]| {
        let output = Command::new(env!("CARGO_BIN_EXE_countersign-service"))
            .arg("keys")
            .args(arguments)
            .arg("--data")
            .arg(world.folder.path())
            .output()
            .unwrap();
        let text = [output.stdout, output.stderr].concat();
        (output.status.success(), String::from_utf8(text).unwrap())
    };
    let (done, listed) = keys(&["list"]);
    assert!(done && listed.lines().count() == 2, "{listed}");
    assert!(listed.contains("  signs\n") && listed.contains("  phones seal to it\n"));
    let (done, rotated) = keys(&["rotate"]);
    assert!(done && rotated.lines().count() == 4, "{rotated}");
    assert!(rotated.contains("signs from") && rotated.contains("opens until"));
    assert_eq!(keys(&["list"]), (true, rotated));
    let (done, refused) = keys(&["rotate"]);
    assert!(!done && refused.contains("waits already"), "{refused}");
}

#[tokio::test]
async fn where_there_is_no_service_or_no_key_the_program_says_so_and_makes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let places = |key_file| Places {
        key_file,
        ..Places::new(folder.path().join("none"))
    };
    let clock = crate::support::TestClock::new();
    let refused = list_keys(&places(None), clock.as_ref()).await;
    assert!(
        refused
            .unwrap_err()
            .to_string()
            .contains("there is no database")
    );
    assert!(!folder.path().join("none").exists());
    let world = World::new().await;
    let places = Places {
        key_file: Some(folder.path().join("service.key")),
        ..Places::new(world.folder.path())
    };
    let refused = rotate_keys(&places, Rotate::Both, clock.as_ref()).await;
    assert!(refused.unwrap_err().to_string().contains("is missing"));
}
