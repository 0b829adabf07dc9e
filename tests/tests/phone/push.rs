//! A phone that does not wait is woken by a knock, looks, and finds the request. The push service
//! is a small server of the test.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use countersign::Platform;
use countersign::platform::{PushAddress, PushAddressError, PushAddresses, PushKind};
use countersign_protocol::id::PublicKey;
use countersign_service::{Config, Embedded, Places, backup, restore};
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

use crate::support::*;

/// The head of each message that comes, on a port of this computer.
struct PushServer {
    host: String,
    messages: UnboundedReceiver<String>,
}

impl PushServer {
    fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let host = listener.local_addr().unwrap().to_string();
        let (news, messages) = unbounded_channel();
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let mut stream = stream.unwrap();
                let mut head = Vec::new();
                while !head.ends_with(b"\r\n\r\n") {
                    let mut byte = [0];
                    if stream.read(&mut byte).unwrap() == 0 {
                        break;
                    }
                    head.push(byte[0]);
                }
                stream
                    .write_all(
                        b"HTTP/1.1 201 Created\r\ncontent-length: 0\r\nconnection: close\r\n\r\n",
                    )
                    .unwrap();
                if news.send(String::from_utf8(head).unwrap()).is_err() {
                    return;
                }
            }
        });
        Self { host, messages }
    }

    fn address(&self, name: &str) -> PushAddress {
        let url = format!("http://{}/up/{name}", self.host);
        PushAddress::new(PushKind::WebPush, url).unwrap()
    }

    /// The path of the next message.
    async fn knock(&mut self) -> String {
        let message = tokio::time::timeout(PATIENCE, self.messages.recv());
        let message = message.await.unwrap().unwrap();
        let head = message.split(' ').nth(1).unwrap();
        assert!(message.starts_with("POST ") && message.contains("\r\ncontent-length: 0\r\n"));
        head.to_owned()
    }

    async fn is_quiet(&mut self) {
        tokio::time::sleep(Duration::from_millis(500)).await;
        assert!(self.messages.try_recv().is_err());
    }
}

/// The phone's present address.
struct Addresses(Mutex<PushAddress>);

#[async_trait]
impl PushAddresses for Addresses {
    async fn address(
        &self,
        _: &str,
        push_key: Option<&PublicKey>,
    ) -> Result<Option<PushAddress>, PushAddressError> {
        assert!(push_key.is_some());
        Ok(Some(self.0.lock().unwrap().clone()))
    }
}

async fn with_push(push: &PushServer) -> (World, Arc<Addresses>) {
    let mut world = World::with(|config| config.push_hosts = vec![push.host.clone()]).await;
    let folder = world.folder.path().join("phone-with-push");
    std::fs::create_dir_all(&folder).unwrap();
    let addresses = Arc::new(Addresses(Mutex::new(push.address("first"))));
    let platform = Platform {
        push: Some(addresses.clone()),
        ..Platform::embedded(&folder).unwrap()
    };
    world.phone = TestPhone::on(&folder, platform);
    enrol(&mut world.person, &world.phone, "My phone").await;
    (world, addresses)
}

/// The person asks on the page; the phone, which does not wait, is woken, looks, and approves.
async fn signs_in(world: &mut World, push: &mut PushServer, path: &str) {
    world.begin_sign_in().await;
    world.person.ask_app().await.unwrap();
    let number = world.person.number().unwrap();
    assert_eq!(push.knock().await, path);
    let inbox = world.phone.core.pending_all().await.unwrap();
    let request = &inbox.requests[0];
    world.approve(request, number).await;
    assert!(world.page_goes_on().await);
}

#[tokio::test]
async fn a_knock_makes_a_phone_look_that_was_asleep_and_its_newest_address_counts() {
    let mut push = PushServer::start();
    let (mut world, addresses) = with_push(&push).await;
    signs_in(&mut world, &mut push, "/up/first").await;
    *addresses.0.lock().unwrap() = push.address("second");
    assert!(world.phone.core.push_address_changed().await.unwrap());
    signs_in(&mut world, &mut push, "/up/second").await;
    // An address that could not be reported now is reported at the next start.
    *addresses.0.lock().unwrap() = push.address("third");
    world.phone.offline();
    assert!(!world.phone.core.push_address_changed().await.unwrap());
    world.phone.online();
    world.phone.core.resume().await.unwrap();
    signs_in(&mut world, &mut push, "/up/third").await;
    push.is_quiet().await;
}

#[tokio::test]
async fn a_lost_answer_is_made_up_for_and_the_device_goes_on() {
    let mut push = PushServer::start();
    let (mut world, addresses) = with_push(&push).await;
    *addresses.0.lock().unwrap() = push.address("second");
    world
        .phone
        .wire
        .lose_answers
        .store(1, std::sync::atomic::Ordering::SeqCst);
    assert!(!world.phone.core.push_address_changed().await.unwrap());
    signs_in(&mut world, &mut push, "/up/second").await;
    assert!(world.phone.core.push_address_changed().await.unwrap());
    signs_in(&mut world, &mut push, "/up/second").await;
}

#[tokio::test]
async fn a_service_that_was_restored_hears_the_address_again() {
    let mut push = PushServer::start();
    let (mut world, addresses) = with_push(&push).await;
    let (places, file) = (
        Places::new(world.service.data()),
        world.folder.path().join("backup.db"),
    );
    backup(&places, &file, world.clock.as_ref()).unwrap();
    *addresses.0.lock().unwrap() = push.address("second");
    assert!(world.phone.core.push_address_changed().await.unwrap());
    signs_in(&mut world, &mut push, "/up/second").await;

    let listen = world.service.address();
    world.service.stop().await;
    restore(&places, &file, true, world.clock.as_ref()).unwrap();
    world.service = Embedded::start(Config {
        listen,
        clock: world.clock.clone(),
        push_hosts: vec![push.host.clone()],
        ..Config::embedded(&places.data)
    })
    .await
    .unwrap();
    // The backup has the address of its time, until the phone hears of the restore and starts
    // again.
    signs_in(&mut world, &mut push, "/up/first").await;
    world.phone.core.resume().await.unwrap();
    signs_in(&mut world, &mut push, "/up/second").await;
}
