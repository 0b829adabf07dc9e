//! Backups and restores: what honest phones notice of them (nothing), and what must not come back
//! with a backup.
#![allow(clippy::unwrap_used, clippy::panic)]

mod closed;
mod deletion;
mod service;
mod since;

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Output},
};

use crate::support::{
    Browser, IBAN, PASSWORD, PIN, Page, Phone, World, approve, begin_sign_in,
    life::{self, Wanted},
    mail, number, sql,
};
use countersign_protocol::{
    answer::Decision,
    reply::{DeviceState, ResultCode},
    update::ChangeKind,
};
use countersign_service::{Config, Embedded, Places, backup, restore};

pub(crate) const ANNA: &str = "anna@example.eu";
pub(crate) const DAY: u64 = 24 * 3600;

pub(crate) fn program(world: &World, arguments: &[&str], file: &Path) -> Output {
    Command::new(env!("CARGO_BIN_EXE_countersign-service"))
        .args(arguments)
        .arg(file)
        .arg("--data")
        .arg(world.folder.path())
        .output()
        .unwrap()
}

/// What a key file must be kept secret for: its secrets as they are and in hexadecimal digits.
pub(crate) fn secrets_of(key_file: &Path) -> Vec<Vec<u8>> {
    let text = fs::read_to_string(key_file).unwrap();
    let digits = text.split_whitespace().filter(|word| word.len() == 64);
    digits
        .flat_map(|digits| {
            let byte = |at| u8::from_str_radix(&digits[at..at + 2], 16).unwrap();
            let raw = (0..digits.len()).step_by(2).map(byte).collect();
            [digits.as_bytes().to_vec(), raw]
        })
        .collect()
}

/// A backup of the running service, and the folder that keeps it.
pub(crate) fn saved(world: &World) -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("backup.db");
    let places = Places::new(world.folder.path());
    backup(&places, &file, world.clock.as_ref()).unwrap();
    (folder, file)
}

/// Starts the service again at the same address, after what was done to its files.
pub(crate) async fn started_after(world: World, change: impl FnOnce(&Places)) -> World {
    let mut config = config(&world);
    config.listen = world.service.address();
    world.service.stop().await;
    change(&Places::new(world.folder.path()));
    let service = Embedded::start(config).await.unwrap();
    World { service, ..world }
}

pub(crate) fn config(world: &World) -> Config {
    Config {
        clock: world.clock.clone(),
        ..Config::embedded(world.folder.path())
    }
}

pub(crate) async fn restored(world: World, file: &Path) -> World {
    let clock = world.clock.clone();
    started_after(world, |places| {
        restore(places, file, true, clock.as_ref()).unwrap();
    })
    .await
}

/// Signs in by an approval, and tells how it went for the phone and for the page.
pub(crate) async fn sign_in(browser: &mut Browser, phone: &mut Phone) -> (ResultCode, Page) {
    browser.password(ANNA, PASSWORD).await;
    let page = browser.post("/sign-in/app", &[]).await;
    let challenge = phone.inbox(0).await.unwrap();
    let reply = phone
        .decide(&challenge, Decision::Approve, Some(page.number()), PIN)
        .await;
    (reply.result, browser.get(&page.path).await)
}

pub(crate) async fn signs_in(browser: &mut Browser, phone: &mut Phone) {
    let (result, page) = sign_in(browser, phone).await;
    assert_eq!((result, page.path.as_str()), (ResultCode::Done, "/account"));
}

pub(crate) async fn signs_in_by_code(browser: &mut Browser, phone: &mut Phone) {
    browser.password(ANNA, PASSWORD).await;
    let page = browser.post("/sign-in/code", &[]).await;
    let link = browser.get(&format!("{}/link", page.path)).await.body;
    let code = phone.code(&link, &[], PIN);
    let page = browser
        .post(&format!("{}/code", page.path), &[("code", &code)])
        .await;
    assert_eq!(page.path, "/account", "{}", page.body);
}

pub(crate) async fn remove(browser: &mut Browser, phone: &Phone, by: &mut Phone, pin: &str) {
    browser.get("/account/devices").await;
    let fields = [("dev", phone.dev()), ("with", by.dev())];
    let fields: Vec<_> = fields.iter().map(|(k, v)| (*k, v.as_str())).collect();
    let page = browser.post("/account/devices/remove", &fields).await;
    approve(by, &page, pin).await;
    assert_eq!(browser.get(&page.path).await.path, "/account/devices");
}

pub(crate) async fn wrong_pins(phone: &mut Phone, wrong: u8) {
    for _ in 0..wrong {
        let slot = phone.change(phone.wanted(ChangeKind::Change, "9374", "7193"));
        assert_eq!(phone.send_change(&slot).await.result, ResultCode::WrongPin);
    }
}
