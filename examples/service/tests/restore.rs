//! Backups and restores: what honest phones notice of them (nothing), and what must not come back with a backup.
#![allow(clippy::unwrap_used, clippy::panic)]

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Output},
};

use crate::support::{
    Browser, IBAN, PASSWORD, PIN, Page, Phone, World, approve, begin_sign_in, life::Wanted, mail,
    number, sql,
};
use countersign_protocol::{
    answer::Decision,
    reply::{DeviceState, ResultCode},
    update::ChangeKind,
};
use countersign_service::{Config, Embedded, Places, backup, restore};

const ANNA: &str = "anna@example.eu";
const DAY: u64 = 24 * 3600;

fn program(world: &World, arguments: &[&str], file: &Path) -> Output {
    Command::new(env!("CARGO_BIN_EXE_countersign-service"))
        .args(arguments)
        .arg(file)
        .arg("--data")
        .arg(world.folder.path())
        .output()
        .unwrap()
}

/// A backup of the running service, and the folder that keeps it.
fn saved(world: &World) -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("backup.db");
    let places = Places::new(world.folder.path());
    backup(&places, &file, world.clock.as_ref()).unwrap();
    (folder, file)
}

/// Starts the service again at the same address, after what was done to its files.
async fn started_after(world: World, change: impl FnOnce(&Places)) -> World {
    let mut config = config(&world);
    config.listen = world.service.address();
    world.service.stop().await;
    change(&Places::new(world.folder.path()));
    let service = Embedded::start(config).await.unwrap();
    World { service, ..world }
}

fn config(world: &World) -> Config {
    Config {
        clock: world.clock.clone(),
        ..Config::embedded(world.folder.path())
    }
}

async fn restored(world: World, file: &Path) -> World {
    let clock = world.clock.clone();
    started_after(world, |places| {
        restore(places, file, true, clock.as_ref()).unwrap();
    })
    .await
}

/// Signs in by an approval, and tells how it went for the phone and for the page.
async fn sign_in(browser: &mut Browser, phone: &mut Phone) -> (ResultCode, Page) {
    browser.password(ANNA, PASSWORD).await;
    let page = browser.post("/sign-in/app", &[]).await;
    let challenge = phone.inbox(0).await.unwrap();
    let reply = phone
        .decide(&challenge, Decision::Approve, Some(page.number()), PIN)
        .await;
    (reply.result, browser.get(&page.path).await)
}

async fn signs_in(browser: &mut Browser, phone: &mut Phone) {
    let (result, page) = sign_in(browser, phone).await;
    assert_eq!((result, page.path.as_str()), (ResultCode::Done, "/account"));
}

async fn signs_in_by_code(browser: &mut Browser, phone: &mut Phone) {
    browser.password(ANNA, PASSWORD).await;
    let page = browser.post("/sign-in/code", &[]).await;
    let link = browser.get(&format!("{}/link", page.path)).await.body;
    let code = phone.code(&link, &[], PIN);
    let page = browser
        .post(&format!("{}/code", page.path), &[("code", &code)])
        .await;
    assert_eq!(page.path, "/account", "{}", page.body);
}

async fn remove(browser: &mut Browser, phone: &Phone, by: &mut Phone, pin: &str) {
    browser.get("/account/devices").await;
    let fields = [("dev", phone.dev()), ("with", by.dev())];
    let fields: Vec<_> = fields.iter().map(|(k, v)| (*k, v.as_str())).collect();
    let page = browser.post("/account/devices/remove", &fields).await;
    approve(by, &page, pin).await;
    assert_eq!(browser.get(&page.path).await.path, "/account/devices");
}

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
    let key = fs::read_to_string(world.folder.path().join("keys/service.key")).unwrap();
    let key = key.trim().rsplit_once(' ').unwrap().1.to_owned();
    let raw: Vec<u8> = (0..key.len())
        .step_by(2)
        .map(|at| u8::from_str_radix(&key[at..at + 2], 16).unwrap())
        .collect();
    for secret in [key.as_bytes(), &raw] {
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
    // The copy is first: to a restored service it looks like the phone. Then the phone speaks, and is newer still.
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

async fn wrong_pins(phone: &mut Phone, wrong: u8) {
    for _ in 0..wrong {
        let slot = phone.change(phone.wanted(ChangeKind::Change, "9374", "7193"));
        assert_eq!(phone.send_change(&slot).await.result, ResultCode::WrongPin);
    }
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
    // Three in the epoch of the backup, and all five in the 30 days; nothing tells of the right ones between.
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
    owner.get("/account/transfer").await;
    let page = owner.post("/account/transfer", &fields).await;
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
