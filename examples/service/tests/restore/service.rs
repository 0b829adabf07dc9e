//! What honest phones and people notice of a restore, and what is open in a backup.
#![allow(clippy::unwrap_used)]

use super::*;

#[tokio::test(flavor = "multi_thread")]
async fn a_backup_of_a_busy_service_is_whole_private_and_without_the_key() {
    let world = World::new().await;
    let (mut owner, mut phone) = world.person().await;
    let mut others = tokio::task::JoinSet::new();
    for number in 0..12 {
        let mut browser = world.browser();
        others.spawn(async move { browser.register(&format!("p{number}@example.eu")).await });
    }
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("backup.db");
    let made = program(&world, &["backup"], &file);
    assert!(made.status.success(), "{made:?}");
    signs_in(&mut owner, &mut phone).await;
    others.join_all().await;

    let bytes = fs::read(&file).unwrap();
    for secret in secrets_of(&world.folder.path().join("keys/service.key")) {
        assert!(!bytes.windows(secret.len()).any(|part| part == secret));
    }
    for secret in phone.secrets(PIN) {
        assert!(!bytes.windows(secret.len()).any(|part| part == secret));
    }
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        assert_eq!(
            fs::metadata(&file).unwrap().permissions().mode() & 0o777,
            0o600
        );
    }
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    let again = program(&world, &["backup"], &file);
    assert!(!again.status.success());
    assert!(String::from_utf8_lossy(&again.stderr).contains("is there already"));
    assert_eq!(fs::read(&file).unwrap(), bytes);

    // While the service runs nothing is restored over it.
    let refused = program(&world, &["restore", "--replace"], &file);
    assert!(String::from_utf8_lossy(&refused.stderr).contains("is running"));
    let world = restored(world, &file).await;
    signs_in(&mut owner, &mut phone).await;
    world.service.stop().await;
}

#[tokio::test]
async fn honest_phones_notice_nothing_of_a_restore_and_people_sign_in_again() {
    let world = World::new().await;
    let (mut owner, mut phone) = world.person().await;
    signs_in(&mut owner, &mut phone).await;
    let (_folder, file) = saved(&world);
    // The phone goes on: tokens, counter and steps that the backup knows nothing of.
    for _ in 0..3 {
        signs_in(&mut owner, &mut phone).await;
        signs_in_by_code(&mut owner, &mut phone).await;
    }
    let spent = phone.chain.last();
    let world = restored(world, &file).await;
    assert_eq!(owner.get("/account").await.path, "/sign-in");
    signs_in(&mut owner, &mut phone).await;
    signs_in_by_code(&mut owner, &mut phone).await;
    assert!(
        phone.chain.last() >= spent + 9_990,
        "{}",
        phone.chain.last()
    );
    let status = phone.status().await;
    assert_eq!(status.device_state, Some(DeviceState::Active));
    assert!(status.next_step.unwrap() > 10_000);
    signs_in(&mut owner, &mut phone).await;

    // Started again, it is an ordinary service.
    let world = started_after(world, |_| {}).await;
    signs_in_by_code(&mut owner, &mut phone).await;
    assert!(phone.chain.last() < 20_000);
    world.service.stop().await;
}

#[tokio::test]
async fn what_was_open_in_the_backup_is_closed() {
    let world = World::new().await;
    let (mut owner, mut phone) = world.person().await;
    let page = begin_sign_in(&mut owner, "/sign-in/app").await;
    let waiting = phone.inbox(0).await.unwrap();
    let mut enrolling = world.browser();
    enrolling.register("b@example.eu").await;
    let enrolment = enrolling.begin_device(&[("name", "Late")]).await;
    let link = enrolling
        .get(&format!("{}/link", enrolment.path))
        .await
        .body;
    let mut late = Phone::scan(world.service.address(), world.clock.clone(), &link).await;
    let (_folder, file) = saved(&world);
    let world = restored(world, &file).await;
    let number = Some(page.number());
    let reply = phone.decide(&waiting, Decision::Approve, number, PIN).await;
    assert_eq!(reply.result, ResultCode::NotOpen);
    assert_eq!(late.claim(PIN).await.result, ResultCode::Refused);
    assert!(phone.inbox(0).await.is_none());
    world.service.stop().await;
}

#[tokio::test]
async fn a_grant_that_the_backup_had_grants_nothing_after_it() {
    let world = World::new().await;
    let (mut owner, mut phone) = world.person().await;
    let mut other = owner
        .add(&world.clock, "Other", "5071", Some((&mut phone, PIN)))
        .await;
    owner.get("/account/devices").await;
    let fields = [("dev", phone.dev()), ("with", other.dev())];
    let fields: Vec<_> = fields.iter().map(|(k, v)| (*k, v.as_str())).collect();
    let page = owner.post("/account/devices/unblock", &fields).await;
    approve(&mut other, &page, "5071").await;
    owner.get(&page.path).await;
    let granted_by = phone.status().await.granted;
    assert!(granted_by.is_some());
    let (_folder, file) = saved(&world);
    let world = restored(world, &file).await;
    assert_eq!(phone.status().await.granted, None);
    let slot = phone.change(Wanted {
        granted_by,
        ..phone.wanted(ChangeKind::Forgotten, "", "7193")
    });
    assert_eq!(phone.send_change(&slot).await.result, ResultCode::NotOpen);
    world.service.stop().await;
}

#[tokio::test]
async fn a_recovery_in_the_backup_may_have_been_cancelled_since_and_is() {
    let world = World::new().await;
    let (mut owner, mut phone) = world.person().await;
    let mut thief = world.browser();
    thief.password(ANNA, PASSWORD).await;
    thief.get("/recovery").await;
    thief.post("/recovery", &[]).await;
    let message = mail(&world, "recovery of the account began").await;
    let (_folder, file) = saved(&world);
    signs_in(&mut owner, &mut phone).await;
    mail(&world, "recovery was cancelled").await;
    let world = restored(world, &file).await;
    world.clock.advance(DAY);
    let finish = message
        .lines()
        .find(|line| line.contains("/recovery/finish/"));
    let finish = finish
        .unwrap()
        .strip_prefix(world.service.origin())
        .unwrap();
    assert_eq!(thief.get(finish).await.status, 404);
    mail(&world, "because the service was restored").await;
    signs_in(&mut owner, &mut phone).await;
    world.service.stop().await;
}

#[tokio::test]
async fn a_copied_phone_is_noticed_after_a_restore_once_both_have_spoken() {
    let world = World::new().await;
    let (mut owner, mut phone) = world.person().await;
    let (_folder, file) = saved(&world);
    signs_in(&mut owner, &mut phone).await;
    let copied = phone.token;
    for _ in 0..3 {
        signs_in(&mut owner, &mut phone).await;
    }
    let world = restored(world, &file).await;
    // The copy is first: to a restored service it looks like the phone. Then the phone speaks, and
    // is newer still.
    let honest = phone.token;
    phone.token = copied;
    signs_in(&mut owner, &mut phone).await;
    let copied = phone.token;
    phone.token = honest;
    signs_in(&mut owner, &mut phone).await;
    let honest = phone.token;
    phone.token = copied;
    assert_eq!(
        sign_in(&mut owner, &mut phone).await.0,
        ResultCode::Suspended
    );
    phone.token = honest;
    let status = phone.status().await;
    assert_eq!(status.device_state, Some(DeviceState::Suspended));
    world.service.stop().await;
}

#[tokio::test]
async fn a_phone_whose_pin_epoch_is_newer_is_told_so_and_goes_the_forgotten_pin_way() {
    let world = World::new().await;
    let (mut owner, mut phone) = world.person().await;
    let mut other = owner
        .add(&world.clock, "Other", "5071", Some((&mut phone, PIN)))
        .await;
    let (_folder, file) = saved(&world);
    phone.change_pin(ChangeKind::Change, PIN, "6304").await;
    assert_eq!(phone.epoch, 2);
    let world = restored(world, &file).await;
    let dev = phone.dev();
    owner.password(ANNA, PASSWORD).await;
    let page = owner.post("/sign-in/app", &[("dev", &dev)]).await;
    let challenge = phone.inbox(0).await.unwrap();
    let (tries, asked) = (phone.status().await.tries_in_row, Some(page.number()));
    let reply = phone
        .decide(&challenge, Decision::Approve, asked, "6304")
        .await;
    assert_eq!(reply.result, ResultCode::Epoch);
    assert_eq!(phone.status().await.tries_in_row, tries, "no try is spent");

    // The other phone signs in and approves, and a new PIN is set, in an epoch after both.
    let with = other.dev();
    owner.password(ANNA, PASSWORD).await;
    let page = owner.post("/sign-in/app", &[("dev", &with)]).await;
    approve(&mut other, &page, "5071").await;
    assert_eq!(owner.get(&page.path).await.path, "/account");
    owner.get("/account/devices").await;
    let fields = [("dev", dev.as_str()), ("with", with.as_str())];
    let page = owner.post("/account/devices/unblock", &fields).await;
    approve(&mut other, &page, "5071").await;
    owner.get(&page.path).await;
    let granted_by = phone.status().await.granted;
    let slot = phone.change(Wanted {
        granted_by,
        ..phone.wanted(ChangeKind::Forgotten, "", "7193")
    });
    assert_eq!(phone.send_change(&slot).await.result, ResultCode::Done);
    assert_eq!(phone.send_commit(slot.hash).await.result, ResultCode::Done);
    phone.take(slot);
    let page = owner.get("/account").await;
    assert_eq!(page.path, "/account");
    owner.post("/sign-out", &[]).await;
    owner.password(ANNA, PASSWORD).await;
    let page = owner.post("/sign-in/app", &[("dev", &dev)]).await;
    approve(&mut phone, &page, "7193").await;
    assert_eq!(owner.get(&page.path).await.path, "/account");
    world.service.stop().await;
}
