//! The key file is exchanged for another one: nobody notices, and the old one opens nothing.
#![allow(clippy::unwrap_used, clippy::panic)]

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
    process::Command,
    time::Duration,
};

use countersign_protocol::{
    push::{PushAddress, PushKind},
    reply::ResultCode,
    update::ChangeKind,
};
use countersign_service::{
    Config, Embedded, Exchange, ExchangeReport, Places, exchange_keys, restore,
    restore_with_old_key,
};

use crate::{
    restore::{saved, signs_in, signs_in_by_code},
    support::{Browser, PIN, Phone, World, approve, begin_sign_in, number, push::PushServer},
};

/// The names of the columns with sealed values, and the sealed values in them.
const SEALED: &str = "SELECT pin_key FROM device UNION SELECT pin_share FROM device
    UNION SELECT plain_share FROM device UNION SELECT bio_share FROM device
    UNION SELECT chain FROM device UNION SELECT pin_key FROM pending_change
    UNION SELECT pin_share FROM pending_change UNION SELECT chain FROM pending_change
    UNION SELECT pin_share FROM past_epoch UNION SELECT chain FROM past_epoch
    UNION SELECT pin_check FROM enrolment UNION SELECT code FROM enrolment
    UNION SELECT address FROM push_address UNION SELECT payload FROM mailed_link
    UNION SELECT content FROM delivery
    UNION SELECT sealed FROM service_key UNION SELECT CAST(password AS BLOB) FROM account";

pub(crate) fn sealed(database: &Path) -> BTreeSet<Vec<u8>> {
    let database = rusqlite::Connection::open(database).unwrap();
    let mut statement = database.prepare(SEALED).unwrap();
    let rows = statement.query_map([], |row| row.get::<_, Option<Vec<u8>>>(0));
    let mut found: BTreeSet<_> = rows.unwrap().filter_map(|row| row.unwrap()).collect();
    found.retain(|value| !value.is_empty());
    found
}

/// Stops the service, exchanges its key file, and starts it again at the same address. The old key
/// file is beside the data folder then.
pub(crate) async fn exchanged(world: World, exchange: Exchange) -> (World, ExchangeReport) {
    exchanged_with(world, exchange, |_| {}).await
}

pub(crate) async fn exchanged_with(
    world: World,
    exchange: Exchange,
    set: impl FnOnce(&mut Config),
) -> (World, ExchangeReport) {
    let mut config = Config {
        listen: world.service.address(),
        clock: world.clock.clone(),
        ..Config::embedded(world.folder.path())
    };
    set(&mut config);
    world.service.stop().await;
    let places = Places::new(world.folder.path());
    fs::copy(places_key(&world.folder), old_key(&world.folder)).unwrap();
    let report = exchange_keys(&places, exchange, world.clock.as_ref(), |_| {}).await;
    let service = Embedded::start(config).await.unwrap();
    (World { service, ..world }, report.unwrap())
}

fn places_key(folder: &tempfile::TempDir) -> std::path::PathBuf {
    folder.path().join("keys/service.key")
}

pub(crate) fn old_key(folder: &tempfile::TempDir) -> std::path::PathBuf {
    folder.path().join("keys/old.key")
}

fn holds(file: &Path, value: &[u8]) -> bool {
    let bytes = fs::read(file).unwrap_or_default();
    bytes.windows(value.len()).any(|part| part == value)
}

#[tokio::test]
async fn after_an_exchange_of_the_key_file_phones_pages_and_links_go_on_and_nothing_old_is_left() {
    let push = PushServer::start().await;
    let host = push.host.clone();
    let world = World::with(|config| config.push_hosts = vec![host.clone()]).await;
    let (mut owner, mut phone) = world.person().await;
    signs_in(&mut owner, &mut phone).await;
    assert_eq!(phone.turn_biometrics_on(PIN).await.result, ResultCode::Done);
    let address = PushAddress::new(PushKind::WebPush, push.url("phone")).ok();
    let (body, hash) = phone.push_address(address);
    let told = phone.put("/api/v1/push", body, hash).await;
    assert_eq!(told.result, ResultCode::Done);
    // A past epoch that an open code needs, and a change that waits for its commit.
    begin_sign_in(&mut owner, "/sign-in/code").await;
    phone.change_pin(ChangeKind::Refresh, PIN, PIN).await;
    let slot = phone.change(phone.wanted(ChangeKind::Change, PIN, "6304"));
    assert_eq!(phone.send_change(&slot).await.result, ResultCode::Done);
    let (mut other, late, digits) = enrolling(&world).await;
    let (mut third, registering) = registering(&world).await;
    let outbox = waiting(&world, &mut owner).await;
    assert_eq!(number(&world, "SELECT count(*) FROM past_epoch"), 1);
    let database = world.folder.path().join("service.db");
    let before = sealed(&database);
    assert!(
        before.len() >= 5 + 3 + 2 + 1 + 1 + 2 + 2,
        "{}",
        before.len()
    );
    let journal = fs::read_to_string(world.folder.path().join("service.journal")).unwrap();

    let (world, report) = exchanged_with(world, Exchange::Sealing, |config| {
        config.push_hosts = vec![host]
    })
    .await;
    assert!(!report.resumed && report.waiting.is_none());
    assert!(before.is_disjoint(&sealed(&database)));
    for file in ["service.db", "service.db-wal"] {
        let file = world.folder.path().join(file);
        assert!(!before.iter().any(|value| holds(&file, value)));
    }
    let rewritten = fs::read_to_string(world.folder.path().join("service.journal")).unwrap();
    assert_eq!(rewritten.lines().count(), journal.lines().count());
    for line in journal.lines().filter(|line| line.contains(" key ")) {
        let sealed = line.split(' ').nth(6).unwrap();
        assert_eq!(sealed.len(), 120, "{line}");
        assert!(!rewritten.contains(sealed));
    }

    let reply = phone.send_commit(slot.hash).await;
    assert_eq!(reply.result, ResultCode::Done);
    phone.take(slot);
    let page = begin_sign_in(&mut owner, "/sign-in/app").await;
    approve(&mut phone, &page, "6304").await;
    assert_eq!(owner.get(&page.path).await.path, "/account");
    signs_in_by_code(&mut owner, &mut phone).await;
    assert_eq!(push.exactly(1).await.len(), 1);
    assert_eq!(third.get(&registering).await.status, 200);
    // The message that waited leaves.
    fs::remove_file(&outbox).unwrap();
    fs::rename(outbox.with_extension("away"), &outbox).unwrap();
    world.clock.advance(4);
    let stop = owner.mailed("anna@example.eu", "/stop/by-link/").await;
    assert_eq!(owner.get(&stop).await.status, 200);
    let path = link_page(&world);
    other.get(&path).await;
    other
        .post(&format!("{path}/code"), &[("code", &digits)])
        .await;
    assert_eq!(late.complete().await.result, ResultCode::Done);

    // The old key file fits these data no more.
    let config = Config {
        key_file: Some(old_key(&world.folder)),
        clock: world.clock.clone(),
        ..Config::embedded(world.folder.path())
    };
    world.service.stop().await;
    let refused = Embedded::start(config).await.err().unwrap().to_string();
    assert!(refused.contains("do not belong together"), "{refused}");
}

/// A browser and a phone whose six digits are waited for.
async fn enrolling(world: &World) -> (Browser, Phone, String) {
    let mut browser = world.browser();
    browser.register("b@example.eu").await;
    let page = browser.begin_device(&[("name", "Late")]).await;
    let link = browser.get(&format!("{}/link", page.path)).await.body;
    let address = world.service.address();
    let mut phone = Phone::scan(address, world.clock.clone(), &link).await;
    let digits = phone.claim(PIN).await.confirmation_code.unwrap();
    (browser, phone, digits)
}

/// A browser whose link of a registration was mailed.
async fn registering(world: &World) -> (Browser, String) {
    let mut browser = world.browser();
    browser
        .ask_for_account("Cara", "Ozola", "c@example.eu")
        .await;
    let link = browser.mailed("c@example.eu", "/register/").await;
    (browser, link)
}

/// A message that can't leave: a file is where the folder would be.
async fn waiting(world: &World, browser: &mut Browser) -> PathBuf {
    browser.mailed_all().await;
    let outbox = world.folder.path().join("outbox");
    fs::rename(&outbox, outbox.with_extension("away")).unwrap();
    fs::write(&outbox, "").unwrap();
    browser.get("/stop/link").await;
    let email = [("email", "anna@example.eu")];
    browser.post("/stop/link", &email).await;
    let tried = "SELECT count(*) FROM delivery WHERE tries > 0 AND lease IS NULL";
    while number(world, tried) == 0 {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    outbox
}

/// The page of the enrolment that waits for its digits.
fn link_page(world: &World) -> String {
    let database = rusqlite::Connection::open(world.folder.path().join("service.db")).unwrap();
    let id: String = database
        .query_row(
            "SELECT lower(hex(id)) FROM enrolment WHERE state = 'claimed'",
            [],
            |row| row.get(0),
        )
        .unwrap();
    format!("/account/enrolments/{id}")
}

#[tokio::test]
async fn a_backup_from_before_an_exchange_is_restored_with_the_old_key_file_alone() {
    let world = World::new().await;
    let (mut owner, mut phone) = world.person().await;
    signs_in(&mut owner, &mut phone).await;
    let (_folder, file) = saved(&world);
    let (world, _) = exchanged(world, Exchange::Sealing).await;
    signs_in(&mut owner, &mut phone).await;
    let config = Config {
        listen: world.service.address(),
        clock: world.clock.clone(),
        ..Config::embedded(world.folder.path())
    };
    world.service.stop().await;
    let places = Places::new(world.folder.path());
    let clock = world.clock.as_ref();
    let refused = restore(&places, &file, true, clock).unwrap_err();
    assert!(refused.to_string().contains("--old-key"), "{refused}");
    let old = old_key(&world.folder);
    restore_with_old_key(&places, &file, true, &old, clock).unwrap();
    let service = Embedded::start(config).await.unwrap();
    let world = World { service, ..world };
    signs_in(&mut owner, &mut phone).await;
    signs_in_by_code(&mut owner, &mut phone).await;
    // And the next backup needs it no more.
    let (_folder, file) = saved(&world);
    world.service.stop().await;
    restore(&places, &file, true, world.clock.as_ref()).unwrap();
}

#[tokio::test]
async fn the_program_exchanges_the_key_file_of_a_stopped_service_alone() {
    let world = World::new().await;
    let (mut owner, mut phone) = world.person().await;
    let run = |arguments: &[&str]| {
        let output = Command::new(env!("CARGO_BIN_EXE_countersign-service"))
            .args(["keys", "reseal", "--data"])
            .arg(world.folder.path())
            .args(arguments)
            .output()
            .unwrap();
        let text = [output.stdout, output.stderr].concat();
        (output.status.success(), String::from_utf8(text).unwrap())
    };
    let key = world.folder.path().join("keys/service.key");
    let before = fs::read(&key).unwrap();
    let (done, told) = run(&[]);
    assert!(!done && told.contains("is running"), "{told}");
    assert_eq!(fs::read(&key).unwrap(), before);
    let address = world.service.address();
    let config = Config {
        listen: address,
        clock: world.clock.clone(),
        ..Config::embedded(world.folder.path())
    };
    world.service.stop().await;
    for arguments in [&[][..], &["--compromised"]] {
        let (done, told) = run(arguments);
        assert!(done && told.contains("--old-key"), "{told}");
        assert!(told.contains("  0 %, 0 of "), "{told}");
    }
    let service = Embedded::start(config).await.unwrap();
    signs_in(&mut owner, &mut phone).await;
    service.stop().await;
    let log = fs::read_to_string(world.folder.path().join("security.log")).unwrap();
    assert!(log.contains("keys-resealed") && log.contains("keys-replaced"));
}

#[tokio::test]
async fn an_older_key_file_stays_valid_and_is_exchanged_for_one_of_the_present_form() {
    let folder = tempfile::tempdir().unwrap();
    let keys = folder.path().join("keys");
    fs::create_dir(&keys).unwrap();
    let key = keys.join("service.key");
    let older = format!("countersign-service-key-1 {}\n", "5a".repeat(32));
    let write = |path: &Path, text: &str| {
        fs::write(path, text).unwrap();
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            fs::set_permissions(path, fs::Permissions::from_mode(0o600)).unwrap();
        }
    };
    write(&key, &older);
    let clock = crate::support::TestClock::new();
    let data = folder.path().join("data");
    let config = || Config {
        key_file: Some(key.clone()),
        clock: clock.clone(),
        ..Config::embedded(&data)
    };
    // An interrupted first start of a program of that time left the tables and the key file.
    fs::remove_file(&key).unwrap();
    Embedded::start(config()).await.unwrap().stop().await;
    let database = rusqlite::Connection::open(data.join("service.db")).unwrap();
    let empty = "DELETE FROM service_key; DELETE FROM setting; DELETE FROM journal";
    database.execute_batch(empty).unwrap();
    drop(database);
    fs::remove_file(data.join("service.journal")).unwrap();
    write(&key, &older);
    Embedded::start(config()).await.unwrap().stop().await;
    assert_eq!(fs::read_to_string(&key).unwrap(), older);
    let places = Places {
        key_file: Some(key.clone()),
        ..Places::new(&data)
    };
    exchange_keys(&places, Exchange::Sealing, clock.as_ref(), |_| {})
        .await
        .unwrap();
    let text = fs::read_to_string(&key).unwrap();
    assert!(text.starts_with("countersign-service-key-2\nroot 5a5a"));
    Embedded::start(config()).await.unwrap().stop().await;
}
