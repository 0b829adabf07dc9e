//! What a thief does not reach: one with the password, one with a phone but not its PIN, one with
//! both, one with a copy of either's data.
#![allow(clippy::unwrap_used, clippy::panic)]

use crate::support::{
    Browser, IBAN, PASSWORD, PIN, Page, Phone, World, approve, number, sql, text,
};
use countersign_protocol::{
    answer::Decision,
    link::encode_base32,
    reply::{DeviceState, ResultCode},
    update::ChangeKind,
};

const TRANSFER: [(&str, &str); 4] = [
    ("iban", IBAN),
    ("name", "SIA Ozols"),
    ("amount", "12.50"),
    ("reference", "Invoice 7"),
];

/// Signs in with the password and a code of the app, which asks no PIN.
async fn sign_in_by_code(world: &World, phone: &mut Phone) -> Browser {
    let mut browser = world.browser();
    browser.password("anna@example.eu", PASSWORD).await;
    let page = browser.post("/sign-in/code", &[]).await;
    let link = browser.get(&format!("{}/link", page.path)).await.body;
    let code = phone.code(&link, &[], "no PIN");
    let done = browser
        .post(&format!("{}/code", page.path), &[("code", &code)])
        .await;
    assert_eq!(done.path, "/account");
    browser
}

async fn sign_in_by_app(world: &World, phone: &mut Phone) -> Browser {
    let mut browser = world.browser();
    browser.password("anna@example.eu", PASSWORD).await;
    let page = browser.post("/sign-in/app", &[]).await;
    approve(phone, &page, PIN).await;
    assert_eq!(browser.get(&page.path).await.path, "/account");
    browser
}

async fn ask_to_add(browser: &mut Browser) -> Page {
    browser.get("/account/devices").await;
    browser
        .post("/account/devices/add", &[("name", "Second")])
        .await
}

/// Uses up the tries of the phone's PIN.
async fn block(browser: &mut Browser, phone: &mut Phone) {
    let page = ask_to_add(browser).await;
    let challenge = phone.inbox(0).await.unwrap();
    for _ in 0..5 {
        phone
            .decide(&challenge, Decision::Approve, Some(page.number()), "9374")
            .await;
    }
    assert_eq!(
        phone.status().await.device_state,
        Some(DeviceState::Blocked)
    );
}

async fn remove(world: &World, browser: &mut Browser) -> Page {
    browser.get("/account/devices").await;
    let dev = text(world, "SELECT lower(hex(dev)) FROM device");
    browser
        .post("/account/devices/remove", &[("dev", &dev)])
        .await
}

#[tokio::test]
async fn a_stolen_phone_and_the_password_do_not_replace_the_phone_without_its_pin() {
    let world = World::new().await;
    let (_, mut phone) = world.person().await;
    let mut thief = sign_in_by_code(&world, &mut phone).await;
    block(&mut thief, &mut phone).await;
    // The block ended the session that the phone opened.
    assert_eq!(thief.get("/account/devices").await.path, "/sign-in");
    assert_eq!(number(&world, "SELECT count(*) FROM device"), 1);

    // Nor with a session that the phone did not open: a blocked device still counts as held.
    thief.password("anna@example.eu", PASSWORD).await;
    sql(
        &world,
        "UPDATE session SET signed_in = 1 WHERE signed_in = 0",
    );
    for page in [
        remove(&world, &mut thief).await,
        ask_to_add(&mut thief).await,
    ] {
        assert_eq!(page.status, 409);
        assert!(
            page.body
                .contains("No device of this account can confirm this")
        );
    }
    assert_eq!(
        number(
            &world,
            "SELECT count(*) FROM enrolment WHERE state <> 'done'"
        ),
        0
    );
}

/// An unlocked phone and a browser session that it opened, without PIN, password or e-mail.
#[tokio::test]
async fn an_unlocked_phone_and_its_browser_do_not_take_the_account_over() {
    let world = World::new().await;
    let (mut owner, mut phone) = world.person().await;
    // The owner signed in on mobile and left the computer unattended.
    owner.post("/sign-out", &[]).await;
    owner.get("/sign-in").await;
    let page = owner.post("/sign-in/mobile", &[]).await;
    let link = page
        .between("id=\"open\" href=\"", "\"")
        .replace("&#x2f;", "/");
    let challenge = phone.open(&link);
    let reply = phone.decide(&challenge, Decision::Approve, None, PIN).await;
    let r = encode_base32(&reply.r.unwrap());
    owner
        .come_back(&format!("{}/return?r={r}", page.path))
        .await;
    let mut thief = owner;
    let devices = thief.get("/account/devices").await;
    let dev = devices.between("name=\"dev\" value=\"", "\"").to_owned();

    // Five wrong old PINs in "Change PIN" block the device, and with it the session ends.
    for _ in 0..5 {
        let slot = phone.change(phone.wanted(ChangeKind::Change, "9374", "5071"));
        assert_eq!(phone.send_change(&slot).await.result, ResultCode::WrongPin);
    }
    assert_eq!(
        phone.status().await.device_state,
        Some(DeviceState::Blocked)
    );
    let removed = thief
        .post("/account/devices/remove", &[("dev", &dev)])
        .await;
    assert_eq!(removed.path, "/sign-in");
    assert_eq!(number(&world, "SELECT count(*) FROM device"), 1);
    assert_eq!(number(&world, "SELECT count(*) FROM session"), 0);
}

#[tokio::test]
async fn an_account_whose_last_device_goes_is_guarded_whoever_removed_it() {
    let world = World::new().await;
    let (_, mut phone) = world.person().await;
    let mut owner = sign_in_by_app(&world, &mut phone).await;
    let page = remove(&world, &mut owner).await;
    approve(&mut phone, &page, PIN).await;
    assert_eq!(owner.get(&page.path).await.path, "/account/devices");
    assert_eq!(number(&world, "SELECT guarded FROM account"), 1);
    // The same session adds no other, and the password alone opens nothing.
    let page = ask_to_add(&mut owner).await;
    assert_eq!(page.status, 409);
    assert!(page.body.contains("must be recovered"), "{}", page.body);
    let mut other = world.browser();
    assert_eq!(
        other.password("anna@example.eu", PASSWORD).await.path,
        "/recovery"
    );
}

#[tokio::test]
async fn a_device_whose_codes_are_closed_is_not_opened_by_another_devices_code() {
    let world = World::new().await;
    let (mut browser, mut first) = world.person().await;
    let with = Some((&mut first, PIN));
    let mut second = browser.add(&world.clock, "Second", "5071", with).await;

    sql(
        &world,
        "UPDATE device SET wrong_codes = 15 WHERE name = 'My phone'",
    );
    browser.get("/account/transactions/other").await;
    let page = browser.post("/account/transactions/other", &TRANSFER).await;
    let link = browser.get(&format!("{}/link", page.path)).await.body;
    let code = second.code(&link, &TRANSFER, "5071");
    let done = browser
        .post(&format!("{}/code", page.path), &[("code", &code)])
        .await;
    assert!(
        done.path.starts_with("/account/transactions/done/"),
        "{}",
        done.path
    );
    let spent = |name| {
        number(
            &world,
            &format!("SELECT wrong_codes FROM device WHERE name = '{name}'"),
        )
    };
    assert_eq!((spent("My phone"), spent("Second")), (15, 0));
}

#[tokio::test]
async fn a_phone_moves_the_accounts_steps_only_after_a_restore() {
    let world = World::new().await;
    let (_, mut phone) = world.person().await;
    let mut browser = sign_in_by_code(&world, &mut phone).await;
    let step = || number(&world, "SELECT step FROM account");
    assert_eq!(step(), 1);
    // Made up: nothing was lost here.
    let honest = phone.chain.advanced(phone.chain.next(), 1).unwrap();
    phone.chain = honest.advanced(9_000, 65_536).unwrap();
    let reply = phone.status().await;
    assert_eq!(
        (reply.next_step, reply.device_state),
        (Some(2), Some(DeviceState::Active))
    );
    phone.inbox(0).await;
    assert_eq!(step(), 1);
    phone.chain = honest;
    let page = ask_to_add(&mut browser).await;
    approve(&mut phone, &page, PIN).await;
    browser.get(&page.path).await;

    // The database goes back to before the code and the approval; the phone's token tells.
    sql(&world, "UPDATE account SET step = 0");
    sql(
        &world,
        "UPDATE device SET issued = 1, acked = 0, counter = 0, chain_step = 1",
    );
    phone.status().await;
    assert_eq!(step(), 0);
    let page = ask_to_add(&mut browser).await;
    approve(&mut phone, &page, PIN).await;
    assert_eq!(step(), 1);
}

#[tokio::test]
async fn a_phone_that_never_tires_fills_no_table() {
    let world = World::new().await;
    let (mut browser, mut phone) = world.person().await;
    ask_to_add(&mut browser).await;
    let challenge = phone.inbox(0).await.unwrap();
    // Answers of another epoch are recorded and leave the challenge open.
    sql(&world, "UPDATE device SET epoch = 2");
    let mut last = None;
    for _ in 0..100 {
        let (body, hash) = phone.answer(&challenge, Decision::Decline, None, PIN);
        let reply = phone.send(body.clone(), hash).await;
        assert_eq!(reply.result, ResultCode::Epoch);
        phone.token = reply.state_token;
        last = Some((body, hash, reply.state_token));
    }
    assert!(number(&world, "SELECT count(*) FROM outcome") <= 64);
    let (body, hash, token) = last.unwrap();
    let again = phone.send(body, hash).await;
    assert_eq!(
        (again.result, again.state_token),
        (ResultCode::Epoch, token)
    );
}

#[cfg(unix)]
#[tokio::test]
async fn the_database_is_readable_by_its_owner_alone() {
    use std::os::unix::fs::PermissionsExt;
    let world = World::new().await;
    world.person().await;
    for entry in std::fs::read_dir(world.folder.path()).unwrap() {
        let entry = entry.unwrap();
        let mode = entry.metadata().unwrap().permissions().mode();
        assert_eq!(mode & 0o077, 0, "{}: {mode:o}", entry.path().display());
    }
}
