//! What happened since the backup, and must not be undone by a restore.
#![allow(clippy::unwrap_used)]

use super::*;

#[tokio::test]
async fn a_device_that_was_removed_after_the_backup_stays_removed() {
    let world = World::new().await;
    let (mut owner, mut first) = world.person().await;
    let with = Some((&mut first, PIN));
    let second = owner.add(&world.clock, "Second", "5071", with).await;
    let (_folder, file) = saved(&world);
    remove(&mut owner, &second, &mut first, PIN).await;
    let world = restored(world, &file).await;
    assert_eq!(second.complete_raw_status().await, 401);
    signs_in(&mut owner, &mut first).await;
    let history = owner.get("/account").await;
    assert_eq!(history.body.matches("Device removed: Second").count(), 1);
    world.service.stop().await;
}

#[tokio::test]
async fn a_last_device_that_removed_itself_still_guards_the_account() {
    let world = World::new().await;
    let (mut owner, phone) = world.person().await;
    let (_folder, file) = saved(&world);
    assert_eq!(phone.remove().await, 200);
    let world = restored(world, &file).await;
    assert_eq!(phone.complete_raw_status().await, 401);
    assert_eq!(owner.password(ANNA, PASSWORD).await.path, "/recovery");
    world.service.stop().await;
}

#[tokio::test]
async fn a_panic_stays_a_panic_and_its_recovery_begins_anew() {
    let world = World::new().await;
    let (mut owner, phone) = world.person().await;
    let (_folder, file) = saved(&world);
    owner.get("/stop").await;
    let fields = [("email", ANNA), ("password", PASSWORD), ("word", "STOP")];
    assert_eq!(owner.post("/stop", &fields).await.path, "/stop/done");
    let message = mail(&world, "recovery of the account began").await;
    let world = restored(world, &file).await;
    assert_eq!(phone.complete_raw_status().await, 401);
    // The password alone opens nothing.
    assert_eq!(owner.password(ANNA, PASSWORD).await.path, "/recovery");
    assert_eq!(owner.get("/account/devices").await.path, "/sign-in");
    let finish = message
        .lines()
        .find(|line| line.contains("/recovery/finish/"));
    let finish = finish
        .unwrap()
        .strip_prefix(world.service.origin())
        .unwrap();
    world.clock.advance(DAY);
    assert_eq!(owner.get(finish).await.status, 404);
    owner.password(ANNA, PASSWORD).await;
    owner.get("/recovery").await;
    assert!(
        owner
            .post("/recovery", &[])
            .await
            .body
            .contains("is under way")
    );
    world.service.stop().await;
}

#[tokio::test]
async fn a_suspended_device_stays_suspended() {
    let world = World::new().await;
    let (mut owner, mut phone) = world.person().await;
    let (_folder, file) = saved(&world);
    // A copy that is one word behind the phone's last but one.
    let copied = phone.token;
    for _ in 0..2 {
        signs_in(&mut owner, &mut phone).await;
    }
    let newest = phone.token;
    phone.token = copied;
    assert_eq!(
        sign_in(&mut owner, &mut phone).await.0,
        ResultCode::Suspended
    );
    let world = restored(world, &file).await;
    // Not even with the token that a restored service would take from an honest phone.
    phone.token = newest;
    let status = phone.status().await;
    assert_eq!(status.device_state, Some(DeviceState::Suspended));
    let page = begin_sign_in(&mut owner, "/sign-in/app").await;
    assert!(!page.body.contains("id=\"number\""), "{}", page.body);
    world.service.stop().await;
}

#[tokio::test]
async fn a_restore_gives_no_try_at_a_pin_back() {
    let world = World::new().await;
    let (_, mut phone) = world.person().await;
    let (_folder, file) = saved(&world);
    wrong_pins(&mut phone, 3).await;
    phone.change_pin(ChangeKind::Refresh, PIN, PIN).await;
    wrong_pins(&mut phone, 2).await;
    let world = restored(world, &file).await;
    // Three in the epoch of the backup, and all five in the 30 days; nothing tells of the right
    // ones between.
    let status = phone.status().await;
    assert_eq!(
        (status.tries_in_row, status.tries_in_epoch),
        (Some(2), Some(12))
    );
    assert_eq!(
        number(&world, "SELECT length(wrong_month) / 8 FROM device"),
        5
    );
    let lines = fs::read_to_string(world.folder.path().join("service.journal")).unwrap();
    assert_eq!(lines.matches(" wrong-pin ").count(), 5, "{lines}");
    world.service.stop().await;
}

#[tokio::test]
async fn the_journal_tells_of_wrong_pins_and_never_of_a_right_one() {
    let world = World::new().await;
    let (mut owner, mut phone) = world.person().await;
    let journal = || fs::read_to_string(world.folder.path().join("service.journal")).unwrap();
    let before = journal();
    for _ in 0..3 {
        signs_in(&mut owner, &mut phone).await;
        signs_in_by_code(&mut owner, &mut phone).await;
    }
    phone.change_pin(ChangeKind::Refresh, PIN, PIN).await;
    assert_eq!(phone.turn_biometrics_on(PIN).await.result, ResultCode::Done);
    assert_eq!(journal(), before);
    wrong_pins(&mut phone, 1).await;
    let added = journal();
    let added = added.strip_prefix(&before).unwrap();
    assert_eq!(added.lines().count(), 1, "{added}");
    assert!(
        added.contains(&format!("{} 00000002 ", phone.dev())),
        "{added}"
    );
}

#[tokio::test]
async fn a_device_that_was_blocked_after_the_backup_stays_blocked() {
    let world = World::new().await;
    let (mut owner, mut phone) = world.person().await;
    let (_folder, file) = saved(&world);
    wrong_pins(&mut phone, 5).await;
    let world = restored(world, &file).await;
    let status = phone.status().await;
    assert_eq!(
        (status.device_state, status.tries_in_row),
        (Some(DeviceState::Blocked), Some(0))
    );
    let page = begin_sign_in(&mut owner, "/sign-in/app").await;
    assert!(!page.body.contains("id=\"number\""), "{}", page.body);
    world.service.stop().await;
}

#[tokio::test]
async fn wrong_codes_with_pin_after_the_backup_stay_counted_each_in_its_share() {
    let world = World::new().await;
    let (mut owner, _phone) = world.person().await;
    let (_folder, file) = saved(&world);
    let fields = [
        ("iban", IBAN),
        ("name", "SIA Ozols"),
        ("amount", "12.50"),
        ("reference", "Invoice 7"),
    ];
    owner.get("/account/transactions/other").await;
    let page = owner.post("/account/transactions/other", &fields).await;
    for at in 0..3 {
        if at == 2 {
            sql(&world, "UPDATE challenge SET known = 1");
        }
        owner.get(&page.path).await;
        let path = format!("{}/code", page.path);
        owner.post(&path, &[("code", "0000-0000-0000")]).await;
    }
    let world = restored(world, &file).await;
    let number = |sql| number(&world, sql);
    assert_eq!(number("SELECT wrong_pin_codes FROM account"), 3);
    assert_eq!(number("SELECT unknown_pin_codes FROM account"), 2);
    assert_eq!(number("SELECT wrong_codes FROM device"), 3);
    assert_eq!(number("SELECT unknown_codes FROM device"), 2);
    assert_eq!(number("SELECT length(wrong_month) / 8 FROM device"), 3);
    world.service.stop().await;
}

#[tokio::test]
async fn a_password_alone_is_not_enough_because_the_backup_is_older_than_the_first_device() {
    let world = World::new().await;
    let mut owner = world.browser();
    owner.register(ANNA).await;
    let (_folder, file) = saved(&world);
    let phone = owner.add_phone(&world.clock).await;
    let world = restored(world, &file).await;
    assert_eq!(phone.complete_raw_status().await, 401);
    assert_eq!(owner.password(ANNA, PASSWORD).await.path, "/recovery");
    world.service.stop().await;
}

#[tokio::test]
async fn old_lines_of_the_journal_are_dropped_and_an_older_backup_is_refused() {
    let world = World::new().await;
    let (mut owner, mut first) = world.person().await;
    let with = Some((&mut first, PIN));
    let second = owner.add(&world.clock, "Second", "5071", with).await;
    let (_old_folder, old) = saved(&world);
    assert_eq!(second.remove().await, 200);
    let journal = world.folder.path().join("service.journal");
    let lines = || fs::read_to_string(&journal).unwrap();
    assert!(lines().contains(" removed "));
    // Within the time nothing is dropped; after it, all but what a backup of these days may lack.
    world.clock.advance(89 * DAY);
    let world = started_after(world, |_| {}).await;
    wrong_pins(&mut first, 1).await;
    let (_new_folder, new) = saved(&world);
    wrong_pins(&mut first, 1).await;
    assert!(lines().contains(" removed "));
    world.clock.advance(3 * DAY);
    let before = lines();
    let world = started_after(world, |_| {}).await;
    for _ in 0..100 {
        if lines() != before {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    }
    let kept = lines();
    assert!(!kept.contains(" removed "), "{kept}");
    assert_eq!(kept.lines().count(), 1 + 1 + 2, "{kept}");
    assert!(kept.lines().nth(1).unwrap().contains(" dropped "), "{kept}");

    // Lines that a crash kept in the file while the database had dropped them already.
    let world = started_after(world, |_| fs::write(&journal, &before).unwrap()).await;
    assert_eq!(lines(), kept);

    let clock = world.clock.clone();
    let world = started_after(world, |places| {
        let refused = restore(places, &old, true, clock.as_ref()).unwrap_err();
        assert!(
            refused.to_string().contains("Restore a later backup"),
            "{refused}"
        );
    })
    .await;
    assert_eq!(lines(), kept);
    // Put there by hand, it is refused as well; the newer one is not.
    let database = world.folder.path().join("service.db");
    let config = config(&world);
    world.service.stop().await;
    let present = fs::read(&database).unwrap();
    fs::copy(&old, &database).unwrap();
    let refused = Embedded::start(config).await.err().unwrap();
    assert!(
        refused.to_string().contains("Restore a later backup"),
        "{refused}"
    );
    fs::write(&database, present).unwrap();
    let places = Places::new(world.folder.path());
    restore(&places, &new, true, world.clock.as_ref()).unwrap();
    let service = Embedded::start(Config {
        clock: world.clock.clone(),
        ..Config::embedded(world.folder.path())
    })
    .await
    .unwrap();
    let world = World { service, ..world };
    assert_eq!(
        number(&world, "SELECT length(wrong_month) / 8 FROM device"),
        2
    );
    world.service.stop().await;
}

#[tokio::test]
async fn a_password_that_was_changed_since_is_worth_nothing_until_a_reset_and_the_address_is_the_newest()
 {
    const OTHER: &str = "anna.ozola@elsewhere.example";
    const NEW: &str = "Nine-Otters-9";
    const THIRD: &str = "Eight-Badgers-8";
    let world = World::new().await;
    let mut owner = world.browser();
    owner.register(ANNA).await;
    owner.get("/password/forgotten").await;
    owner.post("/password/forgotten", &[("email", ANNA)]).await;
    let early = owner.mailed(ANNA, "/password/forgotten/").await;
    let (_folder, file) = saved(&world);
    owner.get("/account/password").await;
    let fields = [
        ("old", PASSWORD),
        ("password", NEW),
        ("password_again", NEW),
    ];
    assert_eq!(
        owner.post("/account/password", &fields).await.path,
        "/account"
    );
    owner.get("/account/email").await;
    let fields = [("email", OTHER), ("password", NEW)];
    owner.post("/account/email", &fields).await;
    for (to, path) in [(ANNA, "/account/confirm/"), (OTHER, "/account/email/")] {
        let link = owner.mailed(to, path).await;
        owner.get(&link).await;
        owner.post(&link, &[]).await;
    }
    let world = restored(world, &file).await;
    assert_eq!(
        number(
            &world,
            &format!("SELECT count(*) FROM account WHERE email = '{OTHER}'")
        ),
        1
    );
    for (email, password) in [
        (ANNA, PASSWORD),
        (ANNA, NEW),
        (OTHER, PASSWORD),
        (OTHER, NEW),
    ] {
        assert_eq!(owner.password(email, password).await.status, 401, "{email}");
    }
    // A link that was open in the backup was used or ended since, as far as anybody knows.
    assert_eq!(owner.get(&early).await.status, 404);
    owner.get("/password/forgotten").await;
    owner.post("/password/forgotten", &[("email", OTHER)]).await;
    let link = owner.mailed(OTHER, "/password/forgotten/").await;
    owner.get(&link).await;
    assert_eq!(owner.post(&link, &[]).await.path, "/password/new");
    let fields = [("password", THIRD), ("password_again", THIRD)];
    assert_eq!(
        owner.post("/password/new", &fields).await.path,
        "/password/done"
    );
    assert_eq!(owner.password(OTHER, THIRD).await.path, "/account");
    world.service.stop().await;
}
