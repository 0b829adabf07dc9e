//! A device's keys change while the service is killed. The phone here sends the very same bytes
//! again, as section 13 of PROTOCOL.md has it.

use std::time::Duration;

use countersign_protocol::{
    id::Hash,
    push::{PushAddress, PushKind},
    query::Query,
    reply::{Reply, ResultCode},
    update::ChangeKind,
};
use tokio::sync::Mutex;

use super::world::World;
use super::{Before, Names, story};
use crate::support::{
    Browser, PIN, Phone, TestClock, approve, begin_sign_in, life::SlotB, push::PushServer, try_pin,
};

const NEW: &str = "5071";
const WRONG: &str = "9374";

/// A person with a phone of the tests' own.
struct Pair {
    browser: Browser,
    phone: Phone,
}

async fn enrolled(world: &mut World, pair: &Mutex<Option<Pair>>) {
    world.newcomer();
    let address = ([127, 0, 0, 1], world.service.port).into();
    let mut browser = Browser::new(address, &world.service.origin());
    browser.outbox = world.service.outbox();
    browser.register(&world.email).await;
    let phone = browser.add_phone(&TestClock::new()).await;
    *pair.lock().await = Some(Pair { browser, phone });
}

/// Sends a request, and the same bytes once more when the connection breaks.
async fn deliver(world: &World, phone: &mut Phone, path: &str, body: Vec<u8>, hash: Hash) -> Reply {
    let (status, bytes) = match phone.try_post_raw(path, body.clone()).await {
        Ok(answer) => answer,
        Err(_) => {
            world.service.up();
            phone.post_raw(path, body).await
        }
    };
    assert_eq!(status, 200, "{path}: {}", String::from_utf8_lossy(&bytes));
    let reply = phone.read(&bytes, hash);
    phone.token = reply.state_token.or(phone.token);
    reply
}

async fn change(world: &World, phone: &mut Phone, old: &str) -> (Reply, SlotB) {
    let slot = phone.change(phone.wanted(ChangeKind::Change, old, NEW));
    let reply = deliver(world, phone, "/api/v1/change", slot.body.clone(), slot.hash);
    (reply.await, slot)
}

/// The phone's PIN is this one and no other, and the tries are counted from now on.
async fn works(pair: &mut Pair, pin: &str) {
    let Pair { browser, phone } = pair;
    let status = phone.status().await;
    assert_eq!(
        (status.tries_in_row, status.tries_in_epoch),
        (Some(5), Some(15))
    );
    for (pin, result) in [(WRONG, ResultCode::WrongPin), (pin, ResultCode::Done)] {
        assert_eq!(try_pin(browser, phone, pin).await.result, result);
    }
}

pub async fn changing_the_pin() -> Names {
    let pair = Mutex::new(None);
    story(
        Before::Requested,
        async |world| enrolled(world, &pair).await,
        async |world| {
            let mut pair = pair.lock().await;
            let phone = &mut pair.as_mut().unwrap().phone;
            // Counted once, whether the try or the verdict was lost.
            let (reply, _) = change(world, phone, WRONG).await;
            assert_eq!(
                (reply.result, reply.tries_in_row, reply.tries_in_epoch),
                (ResultCode::WrongPin, Some(4), Some(14))
            );
            let (reply, slot) = change(world, phone, PIN).await;
            assert_eq!(
                (reply.result, reply.tries_in_row, reply.tries_in_epoch),
                (ResultCode::Done, Some(5), Some(14))
            );
            assert_eq!(phone.status().await.pending_change, Some(slot.hash));
            let (body, hash) = phone.commit(slot.hash);
            let reply = deliver(world, phone, "/api/v1/commit", body, hash).await;
            assert_eq!((reply.result, reply.epoch), (ResultCode::Done, Some(2)));
            phone.take(slot);
        },
        async |_, _| works(pair.lock().await.as_mut().unwrap(), NEW).await,
    )
    .await
}

pub async fn turning_biometrics_on_and_off() -> Names {
    let pair = Mutex::new(None);
    let path = "/api/v1/biometrics";
    story(
        Before::Requested,
        async |world| enrolled(world, &pair).await,
        async |world| {
            let mut pair = pair.lock().await;
            let phone = &mut pair.as_mut().unwrap().phone;
            for (pin, result, left) in
                [(WRONG, ResultCode::WrongPin, 4), (PIN, ResultCode::Done, 5)]
            {
                let (body, hash, ..) = phone.biometrics_on(pin);
                let reply = deliver(world, phone, path, body, hash).await;
                assert_eq!(
                    (reply.result, reply.tries_in_row, reply.tries_in_epoch),
                    (result, Some(left), Some(14))
                );
                let there = phone.status().await.biometric_kid.is_some();
                assert_eq!(there, result == ResultCode::Done);
            }
            let (body, hash) = phone.biometrics_off();
            let reply = deliver(world, phone, path, body, hash).await;
            assert_eq!(reply.result, ResultCode::Done);
        },
        async |_, _| {
            let mut pair = pair.lock().await;
            let phone = &mut pair.as_mut().unwrap().phone;
            let status = phone.status().await;
            assert_eq!(status.biometric_kid, None);
            assert_eq!(status.tries_in_epoch, Some(14));
        },
    )
    .await
}

fn address(push: &PushServer) -> Option<PushAddress> {
    PushAddress::new(PushKind::WebPush, push.url("phone")).ok()
}

/// The service is started with a push service, which it publishes then.
fn knows(world: &World, push: &PushServer) {
    world.service.set_push_host(&push.host);
    world.service.start(("COUNTERSIGN_WRITES", "/dev/null"));
}

fn addresses(world: &World) -> i64 {
    let database = world.service.database();
    let count = "SELECT count(*) FROM push_address";
    database.query_row(count, [], |row| row.get(0)).unwrap()
}

pub async fn telling_where_push_messages_go() -> Names {
    let pair = Mutex::new(None);
    let push = PushServer::start().await;
    let path = "/api/v1/push";
    story(
        Before::Requested,
        async |world| {
            knows(world, &push);
            enrolled(world, &pair).await;
        },
        async |world| {
            let mut pair = pair.lock().await;
            let phone = &mut pair.as_mut().unwrap().phone;
            let before = addresses(world);
            for (address, there) in [(address(&push), 1), (None, 0), (address(&push), 1)] {
                let (body, hash) = phone.push_address(address);
                let reply = deliver(world, phone, path, body, hash).await;
                assert_eq!(reply.result, ResultCode::Done);
                assert_eq!(addresses(world), before + there);
            }
        },
        async |_, _| {
            let mut pair = pair.lock().await;
            works(pair.as_mut().unwrap(), PIN).await;
        },
    )
    .await
}

pub async fn forgetting_a_push_address() -> Names {
    let pair = Mutex::new(None);
    let push = PushServer::start().await;
    story(
        Before::Itself("DropPushAddress"),
        async |world| {
            knows(world, &push);
            enrolled(world, &pair).await;
            let mut pair = pair.lock().await;
            let phone = &mut pair.as_mut().unwrap().phone;
            let (body, hash) = phone.push_address(address(&push));
            let reply = phone.put("/api/v1/push", body, hash).await;
            assert_eq!(reply.result, ResultCode::Done);
        },
        async |world| {
            let mut pair = pair.lock().await;
            let browser = &mut pair.as_mut().unwrap().browser;
            // By then the browser has its page.
            push.answers(&[(503, "retry-after", "2"), (410, "", "")]);
            begin_sign_in(browser, "/sign-in/app").await;
            for _ in 0..300 {
                if addresses(world) == 0 || world.service.up() {
                    break;
                }
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        },
        async |world, _| {
            let mut pair = pair.lock().await;
            let Pair { browser, phone } = pair.as_mut().unwrap();
            // What was not forgotten is found gone at the next request.
            assert_eq!(addresses(world), 1);
            push.answers(&[(410, "", "")]);
            let page = begin_sign_in(browser, "/sign-in/app").await;
            approve(phone, &page, PIN).await;
            for _ in 0..100 {
                if addresses(world) == 0 {
                    return;
                }
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
            panic!("the address is still there");
        },
    )
    .await
}

pub async fn removing_the_device_on_the_phone() -> Names {
    let pair = Mutex::new(None);
    story(
        Before::Requested,
        async |world| enrolled(world, &pair).await,
        async |world| {
            let mut pair = pair.lock().await;
            let phone = &mut pair.as_mut().unwrap().phone;
            let (path, (body, hash)) = ("/api/v1/remove", phone.query(Query::Remove));
            match phone.try_post_raw(path, body.clone()).await {
                Ok((status, bytes)) => {
                    assert_eq!(status, 200);
                    assert_eq!(phone.read(&bytes, hash).result, ResultCode::Done);
                }
                // The journal may have had it before the service was killed; then the device is
                // unknown, which a phone takes for done.
                Err(_) => {
                    world.service.up();
                    let (status, _) = phone.post_raw(path, body).await;
                    assert!(matches!(status, 200 | 401), "{status}");
                }
            }
        },
        async |world, _| {
            let mut pair = pair.lock().await;
            let Pair { browser, phone } = pair.as_mut().unwrap();
            assert_eq!(phone.remove().await, 401);
            let page = browser
                .password(&world.email, crate::support::PASSWORD)
                .await;
            assert_eq!(page.path, "/recovery");
            world.mail("The last device was removed").await;
        },
    )
    .await
}
