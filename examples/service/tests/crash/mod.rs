//! The service is killed (`kill -9`) before each of its durable writes, while people and phones use
//! it, and starts again: nothing confirmed is lost, no account is half initialised, no try goes
//! uncounted, and a retry costs nothing.
//!
//! A new durable write needs a place in one of the stories here: the test fails until one reaches
//! it.
#![cfg(all(unix, debug_assertions))]
#![allow(dead_code, unreachable_pub, clippy::unwrap_used, clippy::panic)]

mod accounts;
mod connect;
mod credentials;
mod deletion;
mod exchange;
mod life;
mod person;
mod relying;
mod restore;
mod service;
mod sign_in;
mod stories;
mod sweep;
mod world;

use std::collections::BTreeSet;
use std::fs;
use std::sync::Mutex;

use world::World;

/// Names of durable writes.
pub type Names = BTreeSet<String>;

/// What the service does by itself, at any time. It has stories of its own.
const BY_ITSELF: [&str; 13] = [
    "Sweep",
    "TellLink",
    "TellEvents",
    "LeaseDelivery",
    "MessageDraft",
    "MessageName",
    "DeliveryTried",
    "EndLeases",
    "DropPushAddress",
    "RemindOfDeletions",
    "BeginDeletion",
    "EndCall",
    "DelayCall",
];

#[test]
fn a_service_that_is_killed_before_any_of_its_durable_writes_goes_on() {
    let left = Mutex::new(stories::ALL.to_vec());
    let reached = Mutex::new(Names::new());
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                loop {
                    let Some(story) = left.lock().unwrap().pop() else {
                        return;
                    };
                    let runtime = tokio::runtime::Builder::new_multi_thread()
                        .worker_threads(2)
                        .enable_all()
                        .build()
                        .unwrap();
                    let names = runtime.block_on(story());
                    reached.lock().unwrap().extend(names);
                }
            });
        }
    });
    let all: Names = countersign_service::DURABLE_WRITES
        .iter()
        .map(|name| (*name).to_owned())
        .collect();
    assert_eq!(
        *reached.lock().unwrap(),
        all,
        "a durable write is in no story"
    );
}

/// Which writes a story's kills are before.
#[derive(Clone, Copy)]
pub enum Before {
    /// Those that `act` itself asks for.
    Requested,
    /// This one, which the service makes by itself.
    Itself(&'static str),
}

/// Lets `act` happen once to learn what it writes; then as often as that, and each time the service
/// is killed before one of these writes and starts again at once. `prepare` comes before `act`,
/// `after` looks at what is left; it gets the name of the write that was not made at first.
pub async fn story(
    before: Before,
    prepare: impl AsyncFn(&mut World),
    act: impl AsyncFn(&mut World),
    after: impl AsyncFn(&mut World, &str),
) -> Names {
    let mut world = World::running();
    prepare(&mut world).await;
    let list = world.folder.path().join("writes");
    world
        .service
        .start(("COUNTERSIGN_WRITES", list.to_str().unwrap()));
    act(&mut world).await;
    let names = fs::read_to_string(&list).unwrap_or_default();
    let names: Vec<&str> = names
        .lines()
        .filter(|name| match before {
            Before::Requested => !BY_ITSELF.contains(name),
            Before::Itself(wanted) => *name == wanted,
        })
        .collect();
    for (at, name) in names.iter().enumerate() {
        let time = 1 + names[..at].iter().filter(|other| *other == name).count();
        let point = format!("{name}:{time}");
        println!("killed before {point} of {names:?}");
        prepare(&mut world).await;
        world.service.start(("COUNTERSIGN_KILL_BEFORE", &point));
        act(&mut world).await;
        world.service.up();
        assert_eq!(world.service.kills(), 1, "{point}");
        after(&mut world, name).await;
        world.service.journal_is_whole();
    }
    names.into_iter().map(str::to_owned).collect()
}
