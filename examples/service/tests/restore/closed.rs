//! Accounts that were disabled or deleted, and grants that ended, since the backup.
#![allow(clippy::unwrap_used)]

use super::*;

/// A command to the service that runs in this process.
async fn command(world: &World, arguments: &[&str]) -> Output {
    let mut program = Command::new(env!("CARGO_BIN_EXE_countersign-service"));
    program.arg("account").args(arguments);
    program.arg("--data").arg(world.folder.path());
    let ended = tokio::task::spawn_blocking(move || program.output());
    ended.await.unwrap().unwrap()
}

async fn account(world: &World, act: &str) -> Output {
    command(world, &[act, ANNA]).await
}

/// The page after the right password, and after that.
async fn after_the_password(browser: &mut Browser) -> String {
    browser.password(ANNA, PASSWORD).await;
    browser.get("/account").await.path
}

#[tokio::test]
async fn a_disabled_account_signs_in_nowhere_and_its_phone_is_not_active_until_it_is_enabled() {
    let world = World::new().await;
    let (mut owner, mut phone) = world.person().await;
    signs_in(&mut owner, &mut phone).await;
    let mut other = world.browser();
    other.password(ANNA, PASSWORD).await;
    let page = other.post("/sign-in/app", &[]).await;
    let waiting = phone.inbox(0).await.unwrap();
    assert!(account(&world, "disable").await.status.success());
    assert_eq!(owner.get("/account").await.path, "/sign-in");
    let number_shown = Some(page.number());
    let reply = phone.decide(&waiting, Decision::Approve, number_shown, PIN);
    assert_eq!(reply.await.result, ResultCode::NotActive);
    let (body, hash) = phone.query(countersign_protocol::query::Query::Inbox {
        last: 0,
        wait: 0,
        known: None,
    });
    let reply = phone.send_update("/api/v1/inbox", body, hash).await;
    assert_eq!(reply.result, ResultCode::NotActive);
    let slot = phone.change(phone.wanted(ChangeKind::Change, PIN, "6304"));
    assert_eq!(phone.send_change(&slot).await.result, ResultCode::NotActive);
    assert_eq!(after_the_password(&mut other).await, "/sign-in");
    assert_eq!(number(&world, "SELECT count(*) FROM session"), 0);
    let again = account(&world, "disable").await;
    assert!(String::from_utf8_lossy(&again.stderr).contains("already"));

    assert!(account(&world, "enable").await.status.success());
    signs_in(&mut owner, &mut phone).await;
    let history = owner.get("/account/history").await.body;
    assert!(
        history.contains("disabled the account") && history.contains("enabled the account again")
    );
    world.service.stop().await;
}

#[tokio::test]
async fn an_account_that_was_disabled_after_the_backup_stays_disabled_and_an_enabled_one_enabled() {
    let world = World::new().await;
    let (mut owner, mut phone) = world.person().await;
    let (_folder, file) = saved(&world);
    assert!(account(&world, "disable").await.status.success());
    let world = restored(world, &file).await;
    assert_eq!(after_the_password(&mut owner).await, "/sign-in");
    let (_folder, file) = saved(&world);
    assert!(account(&world, "enable").await.status.success());
    let world = restored(world, &file).await;
    signs_in(&mut owner, &mut phone).await;
    world.service.stop().await;
}

#[tokio::test]
async fn an_account_that_was_deleted_is_gone_with_all_its_rows_and_no_restore_brings_it_back() {
    let world = World::new().await;
    let (mut owner, mut phone) = world.person().await;
    signs_in(&mut owner, &mut phone).await;
    let (_folder, file) = saved(&world);
    assert!(account(&world, "delete").await.status.success());
    let gone = |world: &World| {
        for table in [
            "account",
            "device",
            "challenge",
            "event",
            "session",
            "enrolment",
            "known_browser",
            "mailed_link WHERE account IS NOT NULL",
        ] {
            let rows = number(world, &format!("SELECT count(*) FROM {table}"));
            assert_eq!(rows, 0, "{table}");
        }
    };
    gone(&world);
    assert_eq!(phone.complete_raw_status().await, 401);
    let world = restored(world, &file).await;
    gone(&world);
    assert_eq!(phone.complete_raw_status().await, 401);
    assert_eq!(owner.password(ANNA, PASSWORD).await.status, 401);
    let none = account(&world, "delete").await;
    assert!(String::from_utf8_lossy(&none.stderr).contains("no account has the address"));
    // The address is free.
    owner.register(ANNA).await;
    world.service.stop().await;
}

#[tokio::test]
async fn a_restored_database_is_not_changed_beside_its_journal_before_the_service_was_started() {
    let world = World::new().await;
    world.person().await;
    let (_folder, file) = saved(&world);
    assert!(account(&world, "disable").await.status.success());
    let journal = world.folder.path().join("service.journal");
    let mut config = config(&world);
    config.listen = world.service.address();
    let (clock, places) = (world.clock.clone(), Places::new(world.folder.path()));
    world.service.stop().await;
    restore(&places, &file, true, clock.as_ref()).unwrap();
    let lines = fs::read_to_string(&journal).unwrap();
    assert!(lines.contains(" disabled "), "{lines}");
    let refused = |folder: &Path| {
        let run = |arguments: &[&str]| {
            let mut program = Command::new(env!("CARGO_BIN_EXE_countersign-service"));
            let ended = program.args(arguments).arg("--data").arg(folder).output();
            let ended = ended.unwrap();
            let told = String::from_utf8_lossy(&ended.stderr).into_owned();
            assert!(
                told.contains("Start the service once"),
                "{arguments:?}: {told}"
            );
        };
        run(&["keys", "rotate"]);
    };
    refused(world.folder.path());
    // A database that was put there by hand may say nothing of a backup; the journal is longer.
    let connection = rusqlite::Connection::open(places.data.join("service.db")).unwrap();
    let forgotten = connection.execute("DELETE FROM setting WHERE name = 'backup'", []);
    assert_eq!(forgotten.unwrap(), 1);
    drop(connection);
    refused(world.folder.path());
    assert_eq!(fs::read_to_string(&journal).unwrap(), lines);

    let service = Embedded::start(config).await.unwrap();
    let world = World { service, ..world };
    assert_eq!(
        number(&world, "SELECT count(*) FROM account WHERE disabled_at > 0"),
        1
    );
    assert!(account(&world, "enable").await.status.success());
    world.service.stop().await;
}

/// A change after a forgotten PIN, which another phone has granted.
async fn granted(owner: &mut Browser, phone: &mut Phone, by: &mut Phone) -> life::SlotB {
    owner.get("/account/devices").await;
    let fields = [("dev", phone.dev()), ("with", by.dev())];
    let fields: Vec<_> = fields.iter().map(|(k, v)| (*k, v.as_str())).collect();
    let page = owner.post("/account/devices/unblock", &fields).await;
    approve(by, &page, "5071").await;
    owner.get(&page.path).await;
    let granted_by = phone.status().await.granted;
    let slot = phone.change(Wanted {
        granted_by,
        ..phone.wanted(ChangeKind::Forgotten, "", "7193")
    });
    assert_eq!(phone.send_change(&slot).await.result, ResultCode::Done);
    slot
}

#[tokio::test]
async fn a_new_pin_that_was_granted_and_set_since_the_backup_can_not_be_set_again_from_it() {
    let world = World::new().await;
    let (mut owner, mut phone) = world.person().await;
    let with = Some((&mut phone, PIN));
    let mut other = owner.add(&world.clock, "Other", "5071", with).await;
    let slot = granted(&mut owner, &mut phone, &mut other).await;
    assert_eq!(number(&world, "SELECT count(*) FROM pending_change"), 1);
    let (_folder, file) = saved(&world);
    let token = phone.token;
    assert_eq!(phone.send_commit(slot.hash).await.result, ResultCode::Done);
    let world = restored(world, &file).await;
    assert_eq!(number(&world, "SELECT count(*) FROM pending_change"), 0);
    // A copy of the phone from before.
    phone.token = token;
    let reply = phone.send_commit(slot.hash).await;
    assert_eq!(reply.result, ResultCode::NotOpen);
    world.service.stop().await;
}

#[tokio::test]
async fn a_grant_that_biometrics_gave_and_took_with_them_does_not_come_back() {
    let world = World::new().await;
    let (_, mut phone) = world.person().await;
    assert_eq!(phone.turn_biometrics_on(PIN).await.result, ResultCode::Done);
    // As if the device had granted itself a new PIN, which waits for its commit.
    let slot = phone.change(phone.wanted(ChangeKind::Change, PIN, "6304"));
    assert_eq!(phone.send_change(&slot).await.result, ResultCode::Done);
    sql(&world, "UPDATE pending_change SET kind = 3, by_dev = dev");
    let (_folder, file) = saved(&world);
    assert_eq!(phone.turn_biometrics_off().await.result, ResultCode::Done);
    assert_eq!(number(&world, "SELECT count(*) FROM pending_change"), 0);
    let world = restored(world, &file).await;
    assert_eq!(number(&world, "SELECT count(*) FROM pending_change"), 0);
    world.service.stop().await;
}

#[tokio::test]
async fn accounts_that_were_added_reset_or_invited_since_the_backup_are_so_again() {
    let world = World::new().await;
    let (mut owner, phone) = world.person().await;
    let (_folder, file) = saved(&world);
    for email in ["berta@example.eu", "carl@example.eu"] {
        let add = ["add", email, "--first-name", "Berta", "--language", "lv"];
        assert!(command(&world, &add).await.status.success());
    }
    let berta = number(
        &world,
        "SELECT count(*) FROM account WHERE email LIKE 'berta%'",
    );
    assert_eq!(berta, 1);
    let gone = command(&world, &["delete", "carl@example.eu"]).await;
    assert!(gone.status.success());
    assert!(account(&world, "reset").await.status.success());
    let locked = "UPDATE account SET wrong_plain_codes = 15, unknown_plain_codes = 10,
        wrong_plain_at = 99999999999, unknown_plain_at = 99999999999 WHERE email = 'anna@example.eu'";
    let c = rusqlite::Connection::open(world.folder.path().join("service.db")).unwrap();
    assert_eq!(c.execute(locked, []).unwrap(), 1);
    drop(c);
    assert!(account(&world, "unblock").await.status.success());
    let rename = ["rename", "berta@example.eu", "--last-name", "Liepiņa"];
    assert!(command(&world, &rename).await.status.success());
    let world = restored(world, &file).await;
    assert_eq!(phone.complete_raw_status().await, 401);
    assert_eq!(owner.password(ANNA, PASSWORD).await.path, "/recovery");
    let invited = "SELECT count(*) FROM account
        WHERE email = 'berta@example.eu' AND invited = 1 AND kind = 'staff' AND language = 'lv'
          AND first_name = 'Berta' AND last_name = 'Liepiņa'";
    assert_eq!(number(&world, invited), 1);
    assert_eq!(number(&world, "SELECT count(*) FROM account"), 2);
    // Its old link may have been used since, and a new one is sent.
    let links = "SELECT count(*) FROM mailed_link WHERE kind = 'invite' AND used_at IS NULL";
    assert_eq!(number(&world, links), 0);
    let again = command(&world, &["invite", "berta@example.eu"]).await;
    assert!(again.status.success());
    assert_eq!(number(&world, links), 1);
    for what in ["admin-reset", "admin-unblocked", "admin-added"] {
        let events = format!("SELECT count(*) FROM event WHERE what = '{what}'");
        assert_eq!(number(&world, &events), 1, "{what}");
    }
    world.service.stop().await;
}
