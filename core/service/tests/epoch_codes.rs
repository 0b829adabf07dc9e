//! Codes around the swap of a PIN epoch (PROTOCOL.md, section 13), and what the database keeps of
//! an epoch that is over.
#![allow(clippy::unwrap_used, clippy::panic)]

use crate::support::{
    Browser, IBAN, PIN, Page, Phone, World, begin_sign_in, copy, life::SlotB, number, sign, sql,
    try_pin,
};
use countersign_protocol::{
    challenge::Unlock,
    id::PublicKey,
    reply::ResultCode,
    request::ReceivedRequest,
    secret::Secret32,
    update::{ChangeKind, Update},
};
use countersign_service::{Config, Embedded};
use sha2::{Digest, Sha256};

const NEW: &str = "5071";
const WRONG: &str = "9374";
const TRANSFER: [(&str, &str); 4] = [
    ("iban", IBAN),
    ("name", "SIA Ozols"),
    ("amount", "12.50"),
    ("reference", "Invoice 7"),
];

/// A challenge for a code with PIN: its page and link.
async fn transfer(browser: &mut Browser) -> (Page, String) {
    browser.get("/account/transactions/other").await;
    let page = browser.post("/account/transactions/other", &TRANSFER).await;
    let link = browser.get(&format!("{}/link", page.path)).await.body;
    (page, link)
}

/// Whether the page takes the code.
async fn takes(browser: &mut Browser, page: &Page, code: &str) -> bool {
    browser.get(&page.path).await;
    let done = browser
        .post(&format!("{}/code", page.path), &[("code", code)])
        .await;
    assert!(matches!(done.status, 200 | 401), "{}", done.body);
    done.path != page.path && !done.path.ends_with("/code")
}

/// Change and commit, slot A still in the phone.
async fn swapped(phone: &mut Phone, kind: ChangeKind, new: &str) -> SlotB {
    let slot = phone.change(phone.wanted(kind, PIN, new));
    assert_eq!(phone.send_change(&slot).await.result, ResultCode::Done);
    assert_eq!(phone.send_commit(slot.hash).await.result, ResultCode::Done);
    slot
}

#[tokio::test]
async fn a_code_made_before_the_swap_is_taken_after_it() {
    for kind in [ChangeKind::Change, ChangeKind::Refresh] {
        let world = World::new().await;
        let (mut browser, mut phone) = world.person().await;
        let (page, link) = transfer(&mut browser).await;
        let wrong = phone_code(&mut phone, &link, WRONG);
        let code = phone_code(&mut phone, &link, PIN);
        let slot = swapped(&mut phone, kind, NEW).await;
        assert_eq!(number(&world, "SELECT count(*) FROM past_epoch"), 1);
        assert!(!takes(&mut browser, &page, &wrong).await);
        assert!(takes(&mut browser, &page, &code).await);
        // Used: the past chain has moved on with it.
        assert_eq!(number(&world, "SELECT chain_step FROM past_epoch"), 2);
        phone.take(slot);
    }
}

/// The code of a link, the chain where it was.
fn phone_code(phone: &mut Phone, link: &str, pin: &str) -> String {
    let here = phone.chain.advanced(phone.chain.next(), 0).unwrap();
    let code = phone.code(link, &TRANSFER, pin);
    phone.chain = here;
    code
}

#[tokio::test]
async fn a_code_for_an_earlier_challenge_is_taken_from_the_new_epoch_too() {
    let world = World::new().await;
    let (mut browser, mut phone) = world.person().await;
    let (page, link) = transfer(&mut browser).await;
    let slot = swapped(&mut phone, ChangeKind::Change, NEW).await;
    phone.take(slot);
    let code = phone.code(&link, &TRANSFER, NEW);
    assert!(takes(&mut browser, &page, &code).await);
}

#[tokio::test]
async fn a_challenge_issued_after_the_swap_is_not_judged_by_the_old_epoch() {
    let world = World::new().await;
    let (mut browser, mut phone) = world.person().await;
    // An earlier one is open, so that the old epoch is kept.
    let mut other = browser.clone();
    let (_, early) = transfer(&mut other).await;
    let slot = swapped(&mut phone, ChangeKind::Change, NEW).await;
    assert_eq!(number(&world, "SELECT count(*) FROM past_epoch"), 1);
    let (page, link) = transfer(&mut browser).await;
    assert_ne!(early, link);
    let old = phone_code(&mut phone, &link, PIN);
    assert!(!takes(&mut browser, &page, &old).await);
    phone.take(slot);
    let code = phone.code(&link, &TRANSFER, NEW);
    assert!(takes(&mut browser, &page, &code).await);
}

#[tokio::test]
async fn codes_without_pin_go_on_through_every_kind_of_change() {
    let world = World::new().await;
    let (mut browser, mut phone) = world.person().await;
    let page = begin_sign_in(&mut browser, "/sign-in/code").await;
    let link = browser.get(&format!("{}/link", page.path)).await.body;
    let code = phone.code(&link, &[], "no PIN");
    let slot = swapped(&mut phone, ChangeKind::Change, NEW).await;
    // Made before, by the chain of slot A; then one of the chain of slot B.
    assert!(takes(&mut browser, &page, &code).await);
    phone.take(slot);
    let page = begin_sign_in(&mut browser, "/sign-in/code").await;
    let link = browser.get(&format!("{}/link", page.path)).await.body;
    let code = phone.code(&link, &[], "no PIN");
    assert!(takes(&mut browser, &page, &code).await);
}

#[tokio::test]
async fn the_old_epoch_is_kept_for_open_challenges_alone_and_erased_when_the_last_has_expired() {
    let world = World::new().await;
    let (mut browser, mut phone) = world.person().await;
    phone.change_pin(ChangeKind::Refresh, PIN, PIN).await;
    assert_eq!(number(&world, "SELECT count(*) FROM past_epoch"), 0);
    transfer(&mut browser).await;
    phone.change_pin(ChangeKind::Refresh, PIN, PIN).await;
    assert_eq!(
        number(&world, "SELECT count(*) FROM past_epoch WHERE epoch = 2"),
        1
    );
    assert_eq!(
        number(
            &world,
            "SELECT until - (SELECT max(expires_at) FROM challenge) FROM past_epoch"
        ),
        0
    );
    world.clock.advance(181);
    let world = restarted(world).await;
    // The sweep runs at the start, and every half minute.
    for _ in 0..50 {
        if number(&world, "SELECT count(*) FROM past_epoch") == 0 {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(100)).await;
    }
    panic!("the past epoch is still there");
}

async fn restarted(world: World) -> World {
    let listen = world.service.address();
    world.service.stop().await;
    let service = Embedded::start(Config {
        listen,
        clock: world.clock.clone(),
        ..Config::embedded(world.folder.path())
    })
    .await
    .unwrap();
    World { service, ..world }
}

#[tokio::test]
async fn a_phone_whose_codes_were_closed_has_none_of_the_old_epoch_taken() {
    for closed in ["wrong_row = 5", "wrong_codes = 15"] {
        let world = World::new().await;
        let (mut browser, mut phone) = world.person().await;
        let (page, link) = transfer(&mut browser).await;
        let code = phone_code(&mut phone, &link, PIN);
        let slot = phone.change(phone.wanted(ChangeKind::Change, PIN, NEW));
        assert_eq!(phone.send_change(&slot).await.result, ResultCode::Done);
        sql(&world, &format!("UPDATE device SET {closed}"));
        sql(&world, "UPDATE pending_change SET kind = 3");
        assert_eq!(phone.send_commit(slot.hash).await.result, ResultCode::Done);
        assert_eq!(number(&world, "SELECT count(*) FROM past_epoch"), 0);
        assert!(!takes(&mut browser, &page, &code).await);
    }
}

#[tokio::test]
async fn after_fifteen_wrong_codes_a_right_pin_leaves_the_phone_a_try_and_so_a_new_epoch() {
    let world = World::new().await;
    let (mut browser, mut phone) = world.person().await;
    sql(&world, "UPDATE device SET wrong_codes = 15");
    let reply = try_pin(&mut browser, &mut phone, PIN).await;
    // A phone takes 0 for a block, and begins no new epoch then.
    assert_eq!(
        (reply.result, reply.tries_in_epoch),
        (ResultCode::Done, Some(1))
    );
    phone.change_pin(ChangeKind::Refresh, PIN, PIN).await;
    assert_eq!(number(&world, "SELECT wrong_codes FROM device"), 0);
}

#[tokio::test]
async fn the_old_epoch_judges_no_more_wrong_codes_than_one_epoch_has() {
    // With three challenges open, nine wrong codes may still come.
    for (wrong, kept) in [(6, 1), (7, 0)] {
        let world = World::new().await;
        let (mut browser, mut phone) = world.person().await;
        transfer(&mut browser).await;
        sql(&world, &format!("UPDATE device SET wrong_codes = {wrong}"));
        phone.change_pin(ChangeKind::Refresh, PIN, PIN).await;
        assert_eq!(number(&world, "SELECT count(*) FROM past_epoch"), kept);
    }
}

#[tokio::test]
async fn a_phone_that_begins_epochs_without_end_leaves_four_to_be_judged() {
    let world = World::new().await;
    let (mut browser, mut phone) = world.person().await;
    transfer(&mut browser).await;
    for _ in 0..6 {
        phone.change_pin(ChangeKind::Refresh, PIN, PIN).await;
    }
    let newest = "SELECT count(*) * 10 + min(epoch) FROM past_epoch";
    assert_eq!(number(&world, newest), 43);
}

#[tokio::test]
async fn where_biometrics_may_unlock_a_code_both_are_judged_and_what_was_used_is_told() {
    let world = World::new().await;
    let (mut browser, mut phone) = world.person().await;
    assert_eq!(phone.turn_biometrics_on(PIN).await.result, ResultCode::Done);
    let bio = |phone: &Phone| copy(&phone.bio.as_ref().unwrap().1);
    let strength = "SELECT group_concat(strength ORDER BY step) FROM challenge WHERE purpose = 7";
    let text = |sql: &str| -> String {
        let database = rusqlite::Connection::open(world.folder.path().join("service.db")).unwrap();
        database.query_row(sql, [], |row| row.get(0)).unwrap()
    };
    let by = |phone: &mut Phone, link: &str, share: Secret32| {
        phone.code_by(link, &TRANSFER, move |_, _| copy(&share))
    };
    // Whatever the page asks for by itself.
    let allow = "UPDATE challenge SET unlock = 2 WHERE purpose = 7 AND state = 'open'";

    // PIN only: the biometric share is not taken.
    let (page, link) = transfer(&mut browser).await;
    let share = bio(&phone);
    let code = by(&mut phone, &link, share);
    assert!(!takes(&mut browser, &page, &code).await);
    for round in 0..4 {
        let (page, link) = transfer(&mut browser).await;
        sql(&world, allow);
        let share = if round == 1 {
            copy(&phone.keys_of(&phone.d, phone.epoch, PIN).code)
        } else {
            bio(&phone)
        };
        let code = by(&mut phone, &link, share);
        // A refresh keeps B, for the epoch before it and after it.
        if round == 2 {
            phone.change_pin(ChangeKind::Refresh, PIN, PIN).await;
        }
        assert!(takes(&mut browser, &page, &code).await, "{round}");
    }
    assert_eq!(
        text(strength),
        "code-biometric,code-pin,code-biometric,code-biometric"
    );

    // A change of the PIN deletes B on both sides.
    let share = bio(&phone);
    let (page, link) = transfer(&mut browser).await;
    sql(&world, allow);
    let code = by(&mut phone, &link, share);
    phone.change_pin(ChangeKind::Change, PIN, NEW).await;
    assert!(!takes(&mut browser, &page, &code).await);
}

/// The database's files as they are now.
fn files(world: &World) -> Vec<u8> {
    ["service.db", "service.db-wal", "service.db-shm"]
        .iter()
        .filter_map(|file| std::fs::read(world.folder.path().join(file)).ok())
        .flatten()
        .collect()
}

fn holds(files: &[u8], needle: &[u8]) -> bool {
    assert!(needle.len() >= 16);
    files.windows(needle.len()).any(|window| window == needle)
}

/// Everything that must not be found of a change: its sealed part, what is in it, every PIN
/// signature over it, and plain hashes of these.
fn traces(phone: &Phone, slot: &SlotB, pins: [&str; 2]) -> Vec<Vec<u8>> {
    let request = ReceivedRequest::<Update>::parse(&slot.body)
        .unwrap()
        .verify(&PublicKey::of(&phone.key))
        .unwrap();
    let new = phone.keys_of(&slot.d, slot.epoch, pins[1]);
    let old = phone.keys_of(&phone.d, phone.epoch, pins[0]);
    let transcript = request.transcript_bytes();
    let key = PublicKey::of(new.signing_key());
    let body = [
        &[0xa3, 0, 0x58, 32][..],
        new.code.expose(),
        &[1, 0x58, 32],
        slot.chain.expose(),
        &[2, 0x58, 65],
        key.as_bytes(),
    ]
    .concat();
    let plain = vec![
        request.sealed().to_vec(),
        request.sealed()[69..].to_vec(),
        body,
        new.code.expose().to_vec(),
        slot.chain.expose().to_vec(),
        key.as_bytes()[1..].to_vec(),
        sign(new.signing_key(), "countersign/v1/change-new", transcript).to_vec(),
        sign(old.signing_key(), "countersign/v1/change-pin", transcript).to_vec(),
    ];
    let hashes: Vec<_> = plain
        .iter()
        .map(|bytes| Sha256::digest(bytes).to_vec())
        .collect();
    // The hash of the sealed part is in what K_dev signs, which is kept nowhere either.
    [plain, hashes].concat()
}

#[tokio::test]
async fn the_database_keeps_nothing_of_a_changes_secrets_nor_of_the_epoch_before() {
    let world = World::new().await;
    let (mut browser, mut phone) = world.person().await;
    let blobs = |columns: &str| -> Vec<Vec<u8>> {
        let database = rusqlite::Connection::open(world.folder.path().join("service.db")).unwrap();
        columns
            .split(',')
            .map(|column| {
                let sql = format!("SELECT {column} FROM device");
                database.query_row(&sql, [], |row| row.get(0)).unwrap()
            })
            .collect()
    };
    let before = blobs("pin_key,pin_share,plain_share,chain");
    let mut all = phone.secrets(PIN);
    let wrong = phone.change(phone.wanted(ChangeKind::Change, WRONG, NEW));
    all.extend(traces(&phone, &wrong, [WRONG, NEW]));
    assert_eq!(phone.send_change(&wrong).await.result, ResultCode::WrongPin);
    let slot = phone.change(phone.wanted(ChangeKind::Change, PIN, NEW));
    all.extend(traces(&phone, &slot, [PIN, NEW]));
    let none = |when: &str| {
        let files = files(&world);
        assert!(holds(&files, slot.hash.as_bytes()), "{when}");
        for (number, trace) in all.iter().enumerate() {
            assert!(!holds(&files, trace), "{number} {when}");
        }
    };
    assert_eq!(phone.send_change(&slot).await.result, ResultCode::Done);
    none("pending");
    assert_eq!(phone.send_commit(slot.hash).await.result, ResultCode::Done);
    none("after the swap");

    phone.take(slot);
    assert_eq!(phone.turn_biometrics_on(NEW).await.result, ResultCode::Done);
    let b = phone.bio.as_ref().unwrap().1.expose().to_vec();
    all.extend([Sha256::digest(&b).to_vec(), b]);
    let after = blobs("pin_key,pin_share,plain_share,chain,bio_share");
    assert_eq!(
        try_pin(&mut browser, &mut phone, NEW).await.result,
        ResultCode::Done
    );
    let World {
        service, folder, ..
    } = world;
    service.stop().await;
    let files = std::fs::read(folder.path().join("service.db")).unwrap();
    assert!(!folder.path().join("service.db-wal").exists());
    // As sealed for the epoch before: gone; for the present one: there.
    assert!(before.iter().all(|sealed| !holds(&files, sealed)));
    assert!(after.iter().all(|sealed| holds(&files, sealed)));
    assert!(all.iter().all(|trace| !holds(&files, trace)));
}

#[tokio::test]
async fn b15_a_transfer_is_signed_with_biometrics_where_the_service_is_set_so_and_the_history_tells_it()
 {
    let world = World::with(|config| config.biometric_transfers = true).await;
    let (mut browser, mut phone) = world.person().await;
    assert_eq!(phone.turn_biometrics_on(PIN).await.result, ResultCode::Done);
    let (page, link) = transfer(&mut browser).await;
    assert_eq!(phone.open(&link).unlock, Unlock::PinOrBiometrics);
    let share = copy(&phone.bio.as_ref().unwrap().1);
    let code = phone.code_by(&link, &TRANSFER, move |_, _| copy(&share));
    assert!(takes(&mut browser, &page, &code).await);
    let (page, link) = transfer(&mut browser).await;
    let code = phone.code(&link, &TRANSFER, PIN);
    assert!(takes(&mut browser, &page, &code).await);
    let history = browser.get("/account/history").await;
    assert!(
        history
            .body
            .contains("Signed with fingerprint or face: Transfer to another account")
    );
    assert!(history.body.contains("Signed: Transfer to another account"));
    // A wrong one is counted like one with the PIN: nobody knows which it should have been.
    let (page, link) = transfer(&mut browser).await;
    let code = phone.code(&link, &TRANSFER, "9374");
    assert!(!takes(&mut browser, &page, &code).await);
    assert_eq!(number(&world, "SELECT wrong_pin_codes FROM account"), 1);
}
