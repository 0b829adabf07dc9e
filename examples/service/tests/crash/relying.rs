//! Another service lets somebody in, goes to a third on her behalf, and is told of her sign-out,
//! while the sign-in service is killed.

use std::{
    fs,
    io::{Read, Write},
    net::TcpListener,
    sync::{
        Arc, Mutex,
        atomic::{AtomicU16, Ordering},
    },
    time::{Duration, Instant},
};

use reqwest::Client;

use super::{
    Before, Names,
    stories::enrolled,
    story,
    world::{PASSWORD, PATIENCE, World},
};
use crate::support::client;

/// A service that lets people in.
struct Peer {
    url: String,
    /// The status that it answers.
    status: Arc<AtomicU16>,
    /// The first lines of what it was sent.
    came: Arc<Mutex<Vec<String>>>,
}

impl Peer {
    fn new() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/", listener.local_addr().unwrap());
        let (status, came) = (
            Arc::new(AtomicU16::new(200)),
            Arc::<Mutex<Vec<_>>>::default(),
        );
        let (answers, keeps) = (status.clone(), came.clone());
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let mut stream = stream.unwrap();
                let mut part = [0; 4096];
                let read = stream.read(&mut part).unwrap_or(0);
                let text = String::from_utf8_lossy(&part[..read]);
                let line = text.lines().next().unwrap_or_default().to_owned();
                keeps.lock().unwrap().push(line);
                let status = answers.load(Ordering::SeqCst);
                let answer = format!(
                    "HTTP/1.1 {status} X\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"
                );
                let _ = stream.write_all(answer.as_bytes());
            }
        });
        Self { url, status, came }
    }

    /// The ticket with which it asks for others, as it came last.
    fn granting(&self) -> Option<String> {
        let came = self.came.lock().unwrap();
        let line = came.iter().rfind(|line| line.contains("pgtId="))?;
        let (_, rest) = line.split_once("pgtId=")?;
        Some(rest.split('&').next()?.to_owned())
    }

    fn told(&self) -> usize {
        let came = self.came.lock().unwrap();
        came.iter().filter(|line| line.starts_with("POST ")).count()
    }

    fn register(&self, world: &World) {
        let url = &self.url;
        let clients = format!(
            "[client.own]\nname = \"Own\"\n[client.own.cas]\nservices = [\"{url}\"]\n\
             single_logout = true\nproxy_callbacks = [\"{url}callback\"]\nproxies = [\"own\"]\n"
        );
        fs::write(world.folder.path().join("service/clients.toml"), clients).unwrap();
    }
}

/// What the service answers, once it is there.
async fn get(world: &World, http: &Client, path: &str) -> String {
    loop {
        let url = format!("{}{path}", world.service.origin());
        match http.get(url).send().await {
            Ok(answer) => return answer.text().await.unwrap_or_default(),
            Err(_) => drop(world.service.up()),
        }
    }
}

/// The value of a hidden field of the page.
fn hidden(html: &str, name: &str) -> Option<String> {
    let (_, rest) = html.split_once(&format!("name=\"{name}\" value=\""))?;
    Some(rest.split('"').next()?.to_owned())
}

/// Enters the service with the password typed anew, and redeems the ticket; `None` when the service
/// was killed on the way, and it is all to be done again.
async fn enter(world: &mut World, peer: &Peer) -> Option<()> {
    let own = &peer.url;
    let path = format!("/cas/login?service={own}&renew=true&method=POST");
    world.anna.open(&path).await.ok()?;
    // What is proved in the very second of the request may have been proved before it.
    tokio::time::sleep(Duration::from_millis(1100)).await;
    let values = [("password", PASSWORD)];
    world.anna.submit("/enter/password", &values).await.ok()?;
    let ticket = hidden(&world.anna.page().html, "ticket")?;
    let http = client();
    let path =
        format!("/cas/p3/serviceValidate?service={own}&ticket={ticket}&pgtUrl={own}callback");
    let answer = get(world, &http, &path).await;
    if !answer.contains("authenticationSuccess") {
        return None;
    }
    let again = get(world, &http, &path).await;
    assert!(again.contains("INVALID_TICKET"), "twice: {again}");
    let granting = peer.granting()?;
    let path = format!("/cas/proxy?pgt={granting}&targetService={own}");
    let answer = get(world, &http, &path).await;
    answer.contains("proxySuccess").then_some(())
}

/// A form of another site brings an ask, which is given up.
async fn give_up(world: &mut World, peer: &Peer) -> Option<()> {
    let form = format!("service={}&renew=true", peer.url);
    let sent = client()
        .post(format!("{}/cas/login", world.service.origin()))
        .header("content-type", "application/x-www-form-urlencoded")
        .body(form)
        .send();
    let answer = sent.await.ok()?;
    let to = answer.headers().get("location")?.to_str().ok()?.to_owned();
    world.anna.open(&to).await.ok()?;
    world.anna.submit("/enter/stop", &[]).await.ok()?;
    Some(())
}

pub async fn entering_a_service() -> Names {
    let peer = Peer::new();
    story(
        Before::Requested,
        async |world| {
            world.enrolled().await;
            world.sign_in_by_app().await;
            peer.register(world);
        },
        async |world| {
            let mut tries = 0;
            while enter(world, &peer).await.is_none() {
                world.service.up();
                tries += 1;
                assert!(tries < 4, "{}", world.anna.page().text());
            }
            while give_up(world, &peer).await.is_none() {
                world.service.up();
                tries += 1;
                assert!(tries < 8, "{}", world.anna.page().text());
            }
        },
        async |world, _| {
            assert!(world.anna.is_signed_in().await.unwrap());
            world.is_whole(0).await;
        },
    )
    .await
}

/// Signs out, and waits until the service is told.
async fn sign_out(world: &mut World, peer: &Peer) {
    let told = peer.told();
    let end = Instant::now() + PATIENCE;
    while peer.told() == told {
        world.service.up();
        if world.anna.is_signed_in().await.unwrap_or(false) {
            let _ = world.anna.open("/account").await;
            let _ = world.anna.submit("/sign-out", &[]).await;
        }
        assert!(Instant::now() < end, "the service is not told");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

/// Waits until nothing is to be told any more.
async fn all_is_told(world: &World) {
    let end = Instant::now() + PATIENCE;
    loop {
        world.service.up();
        let database = world.service.database();
        let waits = "SELECT count(*) FROM call";
        let waits: i64 = database.query_row(waits, [], |row| row.get(0)).unwrap();
        if waits == 0 {
            return;
        }
        // What is tried again later is due now.
        let _ = database.execute("UPDATE call SET due = 0", []);
        assert!(Instant::now() < end, "it waits still");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

pub async fn telling_a_service_of_a_sign_out() -> Names {
    let peer = Peer::new();
    let mut names = Names::new();
    for (write, status) in [("EndCall", 200), ("DelayCall", 503)] {
        let told = story(
            Before::Itself(write),
            async |world| {
                enrolled(world).await;
                peer.register(world);
            },
            async |world| {
                peer.status.store(status, Ordering::SeqCst);
                sign_out_of(world, &peer).await;
            },
            async |world, _| {
                peer.status.store(200, Ordering::SeqCst);
                all_is_told(world).await;
            },
        );
        names.extend(told.await);
    }
    names
}

/// The callback has to be taken before the sign-out is not.
async fn sign_out_of(world: &mut World, peer: &Peer) {
    let wanted = peer.status.swap(200, Ordering::SeqCst);
    world.sign_in_by_app().await;
    while enter(world, peer).await.is_none() {
        world.service.up();
    }
    peer.status.store(wanted, Ordering::SeqCst);
    sign_out(world, peer).await;
    if wanted == 200 {
        all_is_told(world).await;
        return;
    }
    // Until it is noted that it was not taken.
    let end = Instant::now() + PATIENCE;
    loop {
        world.service.up();
        let noted = "SELECT count(*) FROM call WHERE tries > 0";
        let database = world.service.database();
        if database
            .query_row(noted, [], |row| row.get::<_, i64>(0))
            .unwrap()
            > 0
        {
            return;
        }
        assert!(Instant::now() < end, "it is not noted");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}
