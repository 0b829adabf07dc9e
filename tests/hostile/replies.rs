//! Answers that the phone gets over HTTP from a program in the place of the service.

use std::time::Duration;

use countersign::transport::{HttpTransport, Outgoing, Transport};
use countersign_protocol::origin::Origin;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use crate::diagnostic::unescape;
use crate::table::Row;

/// The longest answer that the phone takes here.
const LIMIT: usize = 64;

pub struct Scene {
    phone: HttpTransport,
}

impl Scene {
    pub async fn start() -> Self {
        Self {
            phone: HttpTransport::new(),
        }
    }

    /// The phone's error on the answer of a row.
    pub async fn refusal(&self, row: &Row) -> String {
        assert_eq!(row.target, "transport");
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let host = listener.local_addr().unwrap().to_string();
        let answer = unescape(&row.means);
        let server = tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut request = [0; 4096];
            let _ = stream.read(&mut request).await;
            let _ = stream.write_all(answer.as_bytes()).await;
            if answer.ends_with("(silence)") {
                tokio::time::sleep(Duration::from_secs(5)).await;
            }
        });
        let told = self
            .phone
            .send(Outgoing {
                origin: Origin::parse(&format!("http://{host}")).unwrap(),
                path: "/.well-known/countersign",
                body: None,
                limit: LIMIT,
                timeout: Duration::from_millis(700),
            })
            .await;
        server.abort();
        match told {
            Ok(_) => "taken".into(),
            Err(error) => error
                .to_string()
                .replace(&host, "HOST")
                .trim_end()
                .to_owned(),
        }
    }
}
