//! A thief has the key file and a copy of the database of that time. What is left to them after
//! `keys reseal --compromised`, each in a test's name.
#![allow(clippy::unwrap_used, clippy::panic)]

use std::{fs, path::Path};

use countersign_protocol::{
    answer::Decision,
    challenge::Kind,
    link::encode_base32,
    push::{PushAddress, PushKind},
    reply::{DeviceState, ResultCode},
    update::ChangeKind,
};
use countersign_service::{
    Config, Embedded, Exchange, KeyState, Places, list_keys, restore, restore_with_old_key,
    rotate_keys,
};

use crate::{
    exchange::{exchanged, exchanged_with, old_key, sealed},
    restore::{ANNA, DAY, config, saved, secrets_of, sign_in, signs_in, signs_in_by_code},
    support::{
        Browser, PASSWORD, PIN, Phone, World, approve, begin_sign_in, events, mail, number,
        push::PushServer,
    },
};

/// The service again, after the theft was noticed.
async fn after_a_theft(world: World) -> World {
    exchanged(world, Exchange::Copied).await.0
}

/// Starts the service with what a thief brings into its data folder.
async fn with(world: World, change: impl FnOnce(&Path)) -> Result<World, String> {
    let mut config = config(&world);
    config.listen = world.service.address();
    world.service.stop().await;
    change(world.folder.path());
    match Embedded::start(config).await {
        Ok(service) => Ok(World { service, ..world }),
        Err(error) => Err(error.to_string()),
    }
}

#[tokio::test]
async fn a_thief_opens_nothing_that_is_sealed_after_the_exchange_and_no_secret_of_the_file_is_left()
{
    let world = World::new().await;
    let (mut owner, mut phone) = world.person().await;
    signs_in(&mut owner, &mut phone).await;
    let database = world.folder.path().join("service.db");
    let before = sealed(&database);
    let world = after_a_theft(world).await;
    signs_in(&mut owner, &mut phone).await;
    assert!(before.is_disjoint(&sealed(&database)));
    let key = world.folder.path().join("keys/service.key");
    let (old, new) = (secrets_of(&old_key(&world.folder)), secrets_of(&key));
    assert!(old.iter().all(|secret| !new.contains(secret)));
    let refused = with(world, |folder| {
        fs::copy(folder.join("keys/old.key"), folder.join("keys/service.key")).unwrap();
    });
    let refused = refused.await.err().unwrap();
    assert!(refused.contains("do not belong together"), "{refused}");
}

#[tokio::test]
async fn a_state_token_of_the_copied_key_is_taken_once_from_a_device_and_the_history_says_so() {
    let world = World::new().await;
    let (mut owner, mut phone) = world.person().await;
    signs_in(&mut owner, &mut phone).await;
    let copied = phone.token;
    let world = after_a_theft(world).await;
    signs_in(&mut owner, &mut phone).await;
    assert_eq!(events(&world, "old-token"), 1);
    assert!(number(&world, "SELECT old_token_of FROM device") > 0);
    let history = owner.get("/account/history").await;
    assert!(
        history
            .body
            .contains("The keys of the service were replaced")
    );
    let log = fs::read_to_string(world.folder.path().join("security.log")).unwrap();
    assert!(log.contains("\"old-token\""), "{log}");
    // From then on it has a token of the new key, which is taken as always.
    signs_in(&mut owner, &mut phone).await;
    assert_eq!(events(&world, "old-token"), 1);
    // The copied one again, or one that a thief makes with the copied key, is a copy's.
    phone.token = copied;
    assert_eq!(
        sign_in(&mut owner, &mut phone).await.0,
        ResultCode::Suspended
    );
    world.service.stop().await;
}

#[tokio::test]
async fn a_copied_phone_with_a_copied_key_goes_on_until_its_owner_speaks_and_is_told() {
    let world = World::new().await;
    let (mut owner, mut phone) = world.person().await;
    signs_in(&mut owner, &mut phone).await;
    let world = after_a_theft(world).await;
    let honest = phone.token;
    // The thief has the phone's files too, is first, and goes on.
    signs_in(&mut owner, &mut phone).await;
    signs_in(&mut owner, &mut phone).await;
    phone.token = honest;
    assert_eq!(
        sign_in(&mut owner, &mut phone).await.0,
        ResultCode::Suspended
    );
    mail(&world, "suspended").await;
    world.service.stop().await;
}

#[tokio::test]
async fn a_state_token_of_the_copied_key_is_a_copys_after_thirty_days() {
    for (days, result) in [(29, ResultCode::Done), (30, ResultCode::Suspended)] {
        let world = World::new().await;
        let (mut owner, mut phone) = world.person().await;
        signs_in(&mut owner, &mut phone).await;
        let world = after_a_theft(world).await;
        world.clock.advance(days * DAY);
        assert_eq!(sign_in(&mut owner, &mut phone).await.0, result);
        world.service.stop().await;
    }
}

#[tokio::test]
async fn after_a_second_theft_each_phone_has_one_more_token_taken() {
    let world = World::new().await;
    let (mut owner, mut phone) = world.person().await;
    signs_in(&mut owner, &mut phone).await;
    let first = phone.token;
    let world = after_a_theft(world).await;
    signs_in(&mut owner, &mut phone).await;
    let world = after_a_theft(world).await;
    signs_in(&mut owner, &mut phone).await;
    assert_eq!(events(&world, "old-token"), 2);
    phone.token = first;
    assert_eq!(
        sign_in(&mut owner, &mut phone).await.0,
        ResultCode::Suspended
    );
    world.service.stop().await;
}

/// Types the code that anyone with the phone's N, P and chain computes.
async fn code_of(browser: &mut Browser, phone: &mut Phone) -> String {
    begin_sign_in(browser, "/sign-in/code").await;
    let page = browser.get("/account").await;
    let page = match page.path.starts_with("/challenge/") {
        true => page,
        false => browser.post("/sign-in/code", &[]).await,
    };
    let link = browser.get(&format!("{}/link", page.path)).await.body;
    let code = phone.code(&link, &[], PIN);
    let path = format!("{}/code", page.path);
    browser.post(&path, &[("code", &code)]).await.path
}

#[tokio::test]
async fn a_thief_computes_no_code_of_a_copied_epoch_that_is_taken_and_a_new_epoch_opens_codes_again()
 {
    let world = World::new().await;
    let (mut owner, mut phone) = world.person().await;
    let world = after_a_theft(world).await;
    assert_ne!(code_of(&mut owner, &mut phone).await, "/account");
    // The next right PIN brings the phone to begin a new epoch by itself.
    begin_sign_in(&mut owner, "/sign-in/app").await;
    let page = owner.post("/sign-in/app", &[]).await;
    let challenge = phone.inbox(0).await.unwrap();
    let number = Some(page.number());
    let reply = phone.decide(&challenge, Decision::Approve, number, PIN);
    let reply = reply.await;
    assert_eq!(
        (reply.result, reply.tries_in_epoch),
        (ResultCode::Done, Some(1))
    );
    phone.change_pin(ChangeKind::Refresh, PIN, PIN).await;
    owner.get("/account").await;
    owner.post("/sign-out", &[]).await;
    signs_in_by_code(&mut owner, &mut phone).await;
    world.service.stop().await;
}

#[tokio::test]
async fn a_change_of_the_pin_that_waited_is_not_committed_for_its_secrets_were_copied() {
    let world = World::new().await;
    let (mut owner, mut phone) = world.person().await;
    signs_in(&mut owner, &mut phone).await;
    let slot = phone.change(phone.wanted(ChangeKind::Change, PIN, "6304"));
    assert_eq!(phone.send_change(&slot).await.result, ResultCode::Done);
    let world = after_a_theft(world).await;
    assert_eq!(
        phone.send_commit(slot.hash).await.result,
        ResultCode::NotOpen
    );
    signs_in(&mut owner, &mut phone).await;
    world.service.stop().await;
}

#[tokio::test]
async fn a_thief_forges_no_mailed_link_and_those_of_before_are_void_but_an_undo_is_mailed_again() {
    const OTHER: &str = "anna.ozola@elsewhere.example";
    let world = World::new().await;
    let mut owner = world.browser();
    owner.register(ANNA).await;
    owner.get("/account/email").await;
    let fields = [("email", OTHER), ("password", PASSWORD)];
    owner.post("/account/email", &fields).await;
    for (to, path) in [(ANNA, "/account/confirm/"), (OTHER, "/account/email/")] {
        let link = owner.mailed(to, path).await;
        owner.get(&link).await;
        owner.post(&link, &[]).await;
    }
    let undo = owner.mailed(ANNA, "/email/undo/").await;
    let mut other = world.browser();
    other.register("b@example.eu").await;
    other.get("/password/forgotten").await;
    other
        .post("/password/forgotten", &[("email", "b@example.eu")])
        .await;
    let reset = other.mailed("b@example.eu", "/password/forgotten/").await;
    let world = after_a_theft(world).await;
    assert_eq!(other.get(&reset).await.status, 404);
    assert_eq!(owner.get(&undo).await.status, 404);
    let mut again = undo.clone();
    for _ in 0..100 {
        again = owner.mailed(ANNA, "/email/undo/").await;
        if again != undo {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    assert_eq!(owner.get(&again).await.status, 200);
    world.service.stop().await;
}

#[tokio::test]
async fn who_signed_in_with_what_was_copied_is_signed_out_and_a_return_from_a_phone_is_void() {
    let world = World::new().await;
    let (mut owner, mut phone) = world.person().await;
    signs_in(&mut owner, &mut phone).await;
    let mut mobile = world.browser();
    mobile.get("/sign-in").await;
    let page = mobile.post("/sign-in/mobile", &[]).await;
    let link = mobile.get(&format!("{}/link", page.path)).await.body;
    let challenge = phone.open(&link);
    let reply = phone.decide(&challenge, Decision::Approve, None, PIN).await;
    let Kind::OnMobile { return_url } = &challenge.kind else {
        panic!("another kind")
    };
    let back = format!("{return_url}?r={}", encode_base32(&reply.r.unwrap()));
    let back = back.strip_prefix(&mobile.origin).unwrap().to_owned();
    let world = after_a_theft(world).await;
    assert_eq!(owner.get("/account").await.path, "/sign-in");
    assert_eq!(number(&world, "SELECT count(*) FROM known_browser"), 0);
    mobile.come_back(&back).await;
    assert_eq!(mobile.get("/account").await.path, "/sign-in");
    world.service.stop().await;
}

#[tokio::test]
async fn wrong_passwords_from_before_still_count() {
    let world = World::new().await;
    let (mut owner, _) = world.person().await;
    for _ in 0..3 {
        let mut thief = world.browser();
        thief.password(ANNA, "wrong").await;
    }
    let world = after_a_theft(world).await;
    let mut thief = world.browser();
    thief.password(ANNA, "wrong").await;
    assert_eq!(number(&world, "SELECT sum(wrong) FROM guess"), 4);
    assert_eq!(number(&world, "SELECT count(*) FROM guess"), 1);
    owner.get("/account").await;
    world.service.stop().await;
}

#[tokio::test]
async fn phones_hear_of_a_new_key_for_pushes_and_the_services_own_keys_are_replaced() {
    let push = PushServer::start().await;
    let host = push.host.clone();
    let set = |config: &mut Config| config.push_hosts = vec![host.clone()];
    let world = World::with(set).await;
    let (mut owner, mut phone) = world.person().await;
    let before = (phone.info.sequence, phone.info.push_key.unwrap());
    let (world, report) = exchanged_with(world, Exchange::Copied, set).await;
    assert_eq!(report.waiting, None);
    let places = Places::new(world.folder.path());
    let keys = list_keys(&places, world.clock.as_ref()).await.unwrap();
    let states: Vec<_> = keys.iter().map(|key| (key.signs, key.state)).collect();
    assert!(
        matches!(
            states[..],
            [
                (true, KeyState::InUse),
                (true, KeyState::From(_)),
                (false, KeyState::Until(_)),
                (false, KeyState::InUse)
            ]
        ),
        "{states:?}"
    );
    signs_in(&mut owner, &mut phone).await;
    let (mut second_owner, second) = {
        let mut browser = world.browser();
        browser.register("b@example.eu").await;
        let phone = browser.add_phone(&world.clock).await;
        (browser, phone)
    };
    assert!(second.info.sequence > before.0);
    assert_ne!(second.info.push_key.unwrap(), before.1);
    let address = PushAddress::new(PushKind::WebPush, push.url("phone")).ok();
    let (body, hash) = phone.push_address(address);
    let told = phone.put("/api/v1/push", body, hash).await;
    assert_eq!(told.result, ResultCode::Done);
    begin_sign_in(&mut owner, "/sign-in/app").await;
    let message = push.exactly(1).await.remove(0);
    assert!(!message.header("authorization").is_empty());
    second_owner.get("/account").await;
    world.service.stop().await;
}

#[tokio::test]
async fn a_signing_key_that_waited_and_was_copied_is_named_with_when_it_can_be_replaced() {
    let world = World::new().await;
    world.person().await;
    let places = Places::new(world.folder.path());
    let rotate = countersign_service::Rotate::Signing;
    rotate_keys(&places, rotate, world.clock.as_ref())
        .await
        .unwrap();
    world.clock.advance(60);
    let (world, report) = exchanged(world, Exchange::Copied).await;
    let until = report.waiting.unwrap();
    world.clock.advance(30 * DAY + 1);
    assert!(countersign_service::Clock::now(world.clock.as_ref()) > until);
    rotate_keys(&places, rotate, world.clock.as_ref())
        .await
        .unwrap();
    world.service.stop().await;
}

#[tokio::test]
async fn a_journal_with_lines_under_the_copied_key_is_refused() {
    let world = World::new().await;
    let (_, phone) = world.person().await;
    assert_eq!(phone.remove().await, 200);
    let old = fs::read(world.folder.path().join("service.journal")).unwrap();
    let world = after_a_theft(world).await;
    let refused = with(world, |folder| {
        fs::write(folder.join("service.journal"), old).unwrap();
    });
    let refused = refused.await.err().unwrap();
    assert!(
        refused.contains("is not a journal of this service"),
        "{refused}"
    );
}

#[tokio::test]
async fn a_backup_that_a_thief_made_is_refused_and_one_of_before_needs_the_old_key_file() {
    let world = World::new().await;
    let (mut owner, mut phone) = world.person().await;
    signs_in(&mut owner, &mut phone).await;
    let copied = phone.token;
    let (_folder, file) = saved(&world);
    let world = after_a_theft(world).await;
    world.clock.advance(60);
    signs_in(&mut owner, &mut phone).await;
    let mut config = config(&world);
    config.listen = world.service.address();
    world.service.stop().await;
    let (places, clock) = (Places::new(world.folder.path()), world.clock.as_ref());
    let refused = restore(&places, &file, true, clock).unwrap_err();
    assert!(refused.to_string().contains("--old-key"), "{refused}");
    let old = old_key(&world.folder);
    restore_with_old_key(&places, &file, true, &old, clock).unwrap();
    let service = Embedded::start(config).await.unwrap();
    let world = World { service, ..world };
    // It knows of the theft: no code of the epochs in it, and no second token of the copied key.
    assert_ne!(code_of(&mut owner, &mut phone).await, "/account");
    signs_in(&mut owner, &mut phone).await;
    phone.token = copied;
    assert_eq!(
        sign_in(&mut owner, &mut phone).await.0,
        ResultCode::Suspended
    );
    let status = phone.status().await;
    assert_eq!(status.device_state, Some(DeviceState::Suspended));
    world.service.stop().await;
}

#[tokio::test]
async fn what_is_left_to_a_thief_are_the_names_and_the_hashes_of_passwords_of_before() {
    // Nothing of the service can take these back: the history and addresses of then, and hashes to
    // try passwords at, which sign in nowhere without a factor.
    let world = World::new().await;
    let (mut owner, mut phone) = world.person().await;
    let world = after_a_theft(world).await;
    let mut thief = world.browser();
    let page = thief.password(ANNA, PASSWORD).await;
    assert_eq!(page.path, "/sign-in/method");
    assert_eq!(thief.get("/account").await.path, "/sign-in");
    let page = begin_sign_in(&mut owner, "/sign-in/app").await;
    approve(&mut phone, &page, PIN).await;
    world.service.stop().await;
}
