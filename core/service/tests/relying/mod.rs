//! Other services sign people in here: by CAS. The services are this file's own.

mod cas;
mod hostile;
mod logout;
mod oidc;
mod proxy;
mod step_up;

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex},
    time::Duration,
};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
};

use crate::support::{Browser, Page, World, encode};

pub(crate) const LIBRARY: &str = "https://library.example.eu/app/";
pub(crate) const ARCHIVE: &str = "https://archive.example.eu/login";
pub(crate) const BANK: &str = "https://bank.example.eu/";

/// The services of these tests.
pub(crate) const CLIENTS: &str = r#"
[client.library]
name = "City <b>library</b>"
attributes = ["email", "name"]
start = "https://library.example.eu/"
[client.library.cas]
services = ["https://library.example.eu/app/"]

[client.archive]
name = "Archive"
[client.archive.cas]
services = ["https://archive.example.eu/login"]
user = "email"

[client.bank]
name = "Bank"
level = "MEDIUM"
start = "https://bank.example.eu/start"
help_desk = "tel:+37160000000"
attributes = ["email", "first_name", "last_name", "language"]
[client.bank.cas]
services = ["https://bank.example.eu/"]

[client.vault]
name = "Vault"
level = "HIGH"
help_desk = "mailto:vault@example.eu"
[client.vault.cas]
services = ["https://vault.example.eu/"]

[client.office]
name = "Office"
people = "staff"
help_desk = "https://office.example.eu/help"
[client.office.cas]
services = ["https://office.example.eu/"]
"#;

/// A service with these clients.
pub(crate) async fn world(clients: &str) -> World {
    let clients = clients.to_owned();
    World::with(move |config| {
        std::fs::write(config.data.join("clients.toml"), clients).unwrap();
    })
    .await
}

/// The address with which a service sends a browser here.
pub(crate) fn login(service: &str, more: &[(&str, &str)]) -> String {
    let fields = [&[("service", service)], more].concat();
    format!("/cas/login?{}", encode(&fields))
}

/// The ticket with which a browser is sent back to a service.
pub(crate) fn ticket(page: &Page, service: &str) -> String {
    assert_eq!(page.status, 303, "{} {}", page.path, page.body);
    let sign = if service.contains('?') { '&' } else { '?' };
    let back = format!("{service}{sign}ticket=");
    let found = page.path.strip_prefix(&back);
    let ticket = found.unwrap_or_else(|| panic!("{} is not {back}", page.path));
    assert!(ticket.starts_with("ST-") && ticket.len() == 67, "{ticket}");
    ticket.to_owned()
}

/// Enters a service in a browser that is signed in; the ticket.
pub(crate) async fn entered(browser: &mut Browser, service: &str) -> String {
    let page = browser.get(&login(service, &[])).await;
    ticket(&page, service)
}

/// What a service is answered.
pub(crate) async fn ask(world: &World, path: &str, fields: &[(&str, &str)]) -> String {
    let url = format!(
        "http://{}{path}?{}",
        world.service.address(),
        encode(fields)
    );
    let host = world
        .service
        .origin()
        .split_once("://")
        .unwrap()
        .1
        .to_owned();
    let sent = crate::support::client()
        .get(url)
        .header("host", host)
        .send();
    let answer = sent.await.unwrap();
    assert_eq!(answer.status(), 200);
    answer.text().await.unwrap()
}

/// Redeems a ticket.
pub(crate) async fn redeem(world: &World, service: &str, ticket: &str) -> String {
    let fields = [("service", service), ("ticket", ticket)];
    ask(world, "/cas/p3/serviceValidate", &fields).await
}

/// The text of an element of an answer.
pub(crate) fn element<'a>(answer: &'a str, name: &str) -> &'a str {
    let found = answer.split_once(&format!("<cas:{name}>"));
    let (_, rest) = found.unwrap_or_else(|| panic!("no {name} in {answer}"));
    rest.split_once('<').unwrap().0
}

pub(crate) fn failed(answer: &str) -> &str {
    let found = answer.split_once("Failure code=\"");
    let (_, rest) = found.unwrap_or_else(|| panic!("no failure: {answer}"));
    rest.split_once('"').unwrap().0
}

/// A service of its own: it keeps what it is sent, and answers with a status.
pub(crate) struct Peer {
    pub(crate) url: String,
    came: Arc<Mutex<VecDeque<String>>>,
}

impl Peer {
    pub(crate) async fn answering(status: u16) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/", listener.local_addr().unwrap());
        let came = Arc::<Mutex<VecDeque<String>>>::default();
        let keeps = came.clone();
        tokio::spawn(async move {
            loop {
                let (mut stream, _) = listener.accept().await.unwrap();
                let keeps = keeps.clone();
                tokio::spawn(async move {
                    let mut text = String::new();
                    let mut part = [0; 8192];
                    loop {
                        let read = stream.read(&mut part).await.unwrap_or(0);
                        text.push_str(&String::from_utf8_lossy(&part[..read]));
                        let (head, body) = text.split_once("\r\n\r\n").unwrap_or(("", ""));
                        let length = head.lines().find_map(|line| {
                            let line = line.to_lowercase();
                            line.strip_prefix("content-length: ")?.parse::<usize>().ok()
                        });
                        if read == 0 || (!head.is_empty() && body.len() >= length.unwrap_or(0)) {
                            break;
                        }
                    }
                    keeps.lock().unwrap().push_back(text);
                    if status == 0 {
                        // It never answers.
                        tokio::time::sleep(Duration::from_secs(60)).await;
                    }
                    let answer = format!(
                        "HTTP/1.1 {status} X\r\nlocation: /elsewhere\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"
                    );
                    let _ = stream.write_all(answer.as_bytes()).await;
                });
            }
        });
        Self { url, came }
    }

    /// What it was sent next, within so many seconds.
    pub(crate) async fn next(&self, seconds: u64) -> Option<String> {
        for _ in 0..seconds * 20 {
            if let Some(next) = self.came.lock().unwrap().pop_front() {
                return Some(next);
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        None
    }
}
