//! A person at the pages of a service that comes back whenever it was killed, and her phone.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use async_trait::async_trait;
use countersign::qr::scan::decode_file;
use countersign::transport::{HttpTransport, Outgoing, Transport, TransportError};
use countersign::{
    AccountNumber, ApproveError, Authenticator, PendingRequest, Pin, Platform, Scanned, Source,
    UnlockMethod,
};
use countersign_cli::person::{Account, Person, PersonError};
use tempfile::TempDir;

use super::service::Service;

pub const PASSWORD: &str = "Seven-Swans-7";
pub const PIN: &str = "4071";
pub const WRONG_PIN: &str = "1704";
pub const PATIENCE: Duration = Duration::from_secs(60);

pub fn pin(digits: &str) -> Pin {
    Pin::from_bytes(digits.as_bytes()).unwrap()
}

/// The phone's real network. When it breaks, the phone hears of it once the service is there again.
struct Wire {
    http: HttpTransport,
    service: Arc<Service>,
}

#[async_trait]
impl Transport for Wire {
    async fn send(&self, outgoing: Outgoing) -> Result<Vec<u8>, TransportError> {
        let answer = self.http.send(outgoing).await;
        if answer.is_err() {
            self.service.up();
        }
        answer
    }
}

pub struct World {
    pub folder: TempDir,
    pub service: Arc<Service>,
    pub anna: Person,
    pub email: String,
    /// The account's password.
    pub password: &'static str,
    pub phone: Arc<Authenticator>,
    pub account: AccountNumber,
    people: u32,
}

impl World {
    /// Nobody has an account yet.
    pub fn empty() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let service = Service::new(folder.path().join("service"));
        let anna = Person::at(&service.origin())
            .unwrap()
            .with_mail(&service.outbox());
        let phone = phone(&folder.path().join("phone-0"), &service);
        Self {
            folder,
            service,
            anna,
            email: String::new(),
            password: PASSWORD,
            phone,
            account: AccountNumber(0),
            people: 0,
        }
    }

    pub fn running() -> Self {
        let world = Self::empty();
        world.service.start(("COUNTERSIGN_WRITES", "/dev/null"));
        world
    }

    /// A new browser, a new phone, and an address without an account take the place of what was
    /// there.
    pub fn newcomer(&mut self) {
        self.people += 1;
        self.anna = Person::at(&self.service.origin())
            .unwrap()
            .with_mail(&self.service.outbox());
        self.email = format!("anna{}@example.eu", self.people);
        self.password = PASSWORD;
        let folder = format!("phone-{}", self.people);
        self.phone = phone(&self.folder.path().join(folder), &self.service);
    }

    pub async fn register(&mut self) -> Result<(), PersonError> {
        let email = self.email.clone();
        let account = Account {
            first_name: "Anna",
            last_name: "Ozola",
            email: &email,
            password: PASSWORD,
        };
        self.anna.create_account(&account).await
    }

    /// With an account, and a phone that is initialised for it.
    pub async fn enrolled(&mut self) {
        self.newcomer();
        self.register().await.unwrap();
        self.enrol().await.unwrap();
    }

    /// Does something in the browser; when the connection breaks, once more, as a person does.
    pub async fn twice(
        &mut self,
        act: impl AsyncFn(&mut Person) -> Result<(), PersonError>,
    ) -> Result<(), PersonError> {
        match act(&mut self.anna).await {
            Err(PersonError::Network { .. }) => {
                self.service.up();
                act(&mut self.anna).await
            }
            done => done,
        }
    }

    /// Adds the phone, with a PIN that is chosen on it.
    pub async fn enrol(&mut self) -> Result<(), PersonError> {
        self.begin_enrolment().await?;
        self.finish_enrolment().await
    }

    /// As far as the QR code.
    pub async fn begin_enrolment(&mut self) -> Result<(), PersonError> {
        self.twice(async |anna| anna.add_device("My phone").await)
            .await
    }

    /// From the QR code on.
    pub async fn finish_enrolment(&mut self) -> Result<(), PersonError> {
        let text = scanned(&self.anna.qr_png().await?);
        let offer = self.phone.begin_enrolment(&text, Source::Camera).await;
        let claimed = self
            .phone
            .claim_with_new_pin(&offer.unwrap(), pin(PIN), pin(PIN))
            .await
            .unwrap();
        self.account = claimed.account.number;
        self.anna.wait_while("open", PATIENCE).await?;
        let code = claimed.confirmation_code.unwrap();
        self.twice(async |anna| anna.type_code(&code).await.map(drop))
            .await?;
        self.phone.complete_enrolment(self.account).await.unwrap();
        Ok(())
    }

    /// At the method chooser.
    pub async fn begin_sign_in(&mut self) -> Result<(), PersonError> {
        if self.anna.is_signed_in().await? {
            self.twice(async |anna| anna.sign_out().await).await?;
        }
        let email = self.email.clone();
        let password = self.password;
        self.twice(async |anna| anna.give_password(&email, password).await)
            .await
    }

    /// What the phone is asked.
    pub async fn request(&self) -> PendingRequest {
        let waiting = tokio::time::timeout(PATIENCE, self.phone.watch(self.account, None));
        waiting.await.unwrap().unwrap().remove(0)
    }

    /// The page asks the phone, and the phone answers with this PIN.
    pub async fn ask_app(&mut self, digits: &str) -> Result<(), Ended> {
        self.begin_sign_in().await?;
        self.twice(async |anna| anna.ask_app().await).await?;
        let number = self.anna.number()?;
        let request = self.request().await;
        self.phone
            .approve(request.id, None, Some(number), pin(digits).into())
            .await?;
        Ok(())
    }

    pub async fn page_goes_on(&mut self) -> Result<(), PersonError> {
        self.twice(async |anna| anna.wait_while("open", PATIENCE).await.map(drop))
            .await
    }

    /// Signs in with the phone's approval. Where the page lost the approval, the person begins
    /// again.
    pub async fn sign_in_by_app(&mut self) {
        for _ in 0..2 {
            self.ask_app(PIN).await.unwrap();
            self.page_goes_on().await.unwrap();
            if self.anna.is_signed_in().await.unwrap() {
                return;
            }
        }
        panic!("not signed in: {}", self.anna.page().text());
    }

    /// Asks for a code on the page and gives what the phone makes of it.
    pub async fn ask_code(&mut self) -> Result<String, PersonError> {
        self.begin_sign_in().await?;
        self.twice(async |anna| anna.ask_code().await).await?;
        let text = scanned(&self.anna.qr_png().await?);
        let Scanned::Code(request) = self.phone.scan(&text, Source::Camera).await.unwrap() else {
            panic!("no code")
        };
        let shown = self
            .phone
            .code(request.id, UnlockMethod::Nothing)
            .await
            .unwrap();
        Ok(shown.code.to_string())
    }

    pub async fn type_code(&mut self, code: &str) -> Result<(), PersonError> {
        self.twice(async |anna| anna.type_code(code).await.map(drop))
            .await
    }

    /// Signs in with a code.
    pub async fn sign_in_by_code(&mut self) {
        for _ in 0..2 {
            let code = self.ask_code().await.unwrap();
            self.type_code(&code).await.unwrap();
            if self.anna.is_signed_in().await.unwrap() {
                return;
            }
        }
        panic!("not signed in: {}", self.anna.page().text());
    }

    /// The newest message to Anna with these words in its subject, once it is there.
    pub async fn mail(&self, subject: &str) -> String {
        let end = Instant::now() + PATIENCE;
        while Instant::now() < end {
            let found = self.mails().into_iter().rev();
            for text in found {
                let has = |start: &str, words: &str| {
                    text.lines()
                        .any(|line| line.starts_with(start) && line.contains(words))
                };
                if has("Subject: ", subject) && has("To: ", &self.email) {
                    return text;
                }
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
            self.service.up();
        }
        panic!("no message: {subject}")
    }

    /// Waits until every message has left, also by a service that is killed meanwhile.
    pub async fn all_mail_left(&self) {
        let waiting = "SELECT (SELECT count(*) FROM mailed_link WHERE due = 1)
            + (SELECT count(*) FROM event WHERE mail = 1)
            + (SELECT count(*) FROM delivery WHERE dead_at IS NULL)";
        let end = Instant::now() + PATIENCE;
        loop {
            self.service.up();
            let c = self.service.database();
            let waiting: i64 = c.query_row(waiting, [], |row| row.get(0)).unwrap();
            if waiting == 0 {
                return;
            }
            assert!(Instant::now() < end, "{waiting} messages wait");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    /// Every message that was written, the oldest first.
    pub fn mails(&self) -> Vec<String> {
        let mut files: Vec<_> = fs::read_dir(self.service.outbox())
            .into_iter()
            .flatten()
            .map(|entry| entry.unwrap().path())
            .filter(|path| path.extension().is_some_and(|kind| kind == "eml"))
            .collect();
        files.sort();
        // Long header lines are folded.
        let read = |path: &PathBuf| fs::read_to_string(path).unwrap().replace("\r\n ", " ");
        files.iter().map(read).collect()
    }

    /// The path of a link in a message.
    pub fn link(&self, mail: &str, action: &str) -> String {
        let origin = self.service.origin();
        let start = format!("{origin}/recovery/{action}/");
        let line = mail.lines().find(|line| line.starts_with(&start));
        line.unwrap().strip_prefix(&origin).unwrap().to_owned()
    }

    /// The database is sound, the account signs in with its phone's PIN and with a code, and just
    /// so many wrong PINs are counted.
    pub async fn is_whole(&mut self, wrong_pins: u8) {
        let verdict: String = self
            .service
            .database()
            .query_row("PRAGMA integrity_check", [], |row| row.get(0))
            .unwrap();
        assert_eq!(verdict, "ok");
        self.sign_in_by_app().await;
        let account = self.phone.accounts().unwrap().remove(0);
        assert_eq!(
            (account.tries_left, account.tries_left_in_epoch),
            (Some(5), Some(15 - wrong_pins))
        );
        self.sign_in_by_code().await;
    }
}

/// Why an answer of the phone did not sign in.
#[derive(Debug)]
pub enum Ended {
    Page(PersonError),
    Phone(ApproveError),
}

impl From<PersonError> for Ended {
    fn from(error: PersonError) -> Self {
        Self::Page(error)
    }
}

impl From<ApproveError> for Ended {
    fn from(error: ApproveError) -> Self {
        Self::Phone(error)
    }
}

/// The text of the QR code in a picture.
pub fn scanned(png: &[u8]) -> String {
    decode_file(png).unwrap()[0].text.clone().unwrap()
}

fn phone(folder: &Path, service: &Arc<Service>) -> Arc<Authenticator> {
    fs::create_dir_all(folder).unwrap();
    let mut platform = Platform::embedded(folder).unwrap();
    platform.transport = Arc::new(Wire {
        http: HttpTransport::new(),
        service: Arc::clone(service),
    });
    Arc::new(Authenticator::open(folder, platform).unwrap())
}
