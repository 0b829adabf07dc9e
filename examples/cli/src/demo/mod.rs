//! `demo`: the main job from end to end. A sign-in service, a person at a computer and a phone meet
//! over real HTTP and real QR images.
//!
//! The person knows only the service's pages, the phone only what it scans and receives. Every step
//! checks its outcome on the other side: what the phone did, in the browser; what the browser did,
//! on the phone.

mod life;
mod offline;
mod restore;
mod steps;
mod stop;
mod ways;

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use countersign::qr::draw::draw;
use countersign::qr::scan::{Level, decode_file};
use countersign::{
    AccountNumber, ApproveError, Authenticator, PendingRequest, Pin, Refusal, RequestDetails,
    Scanned, SignedTransaction, Source, TypedValue,
};
use countersign_service::{Config, Embedded};

use crate::args::Demo;
use crate::failure::{Exit, Failure, Outcome};
use crate::out::Out;
use crate::person::{Account, Person, Transfer};

use offline::Isolation;
use steps::{Step, Steps, words};

/// The PIN that Anna chooses. Nothing but her fingers and the phone's memory ever have it.
const PIN: &[u8; 4] = b"4071";
const WRONG_PIN: &[u8; 4] = b"4072";
const PASSWORD: &str = "Seven-Swans-7";
/// The longest that a page waits for the phone.
const PATIENCE: Duration = Duration::from_secs(15);

/// The transfer on Anna's own papers.
const TRANSFER: Transfer<'_> = Transfer {
    iban: "LV80 BANK 0000 4351 9500 1",
    name: "Jānis Kalniņš",
    amount: "1234.50",
    reference: "Invoice 2026-118",
};
/// The amount that the browser sends to the service instead.
const FALSE_AMOUNT: &str = "9234.50";

/// Goes through all steps. The exit code is 0 only if each did what it should.
pub(crate) async fn demo(args: &Demo, out: Out) -> Outcome {
    let mut steps = Steps::new(out);
    let failure = |error: std::io::Error| {
        Failure::new(
            Exit::Store,
            format!("no temporary folder can be made: {error}; free some room or set TMPDIR"),
        )
    };
    let mut temporary = tempfile::Builder::new()
        .prefix("countersign-demo-")
        .tempdir()
        .map_err(failure)?;
    temporary.disable_cleanup(args.keep);
    let folder = temporary.path().to_owned();
    steps.say("Countersign: a phone, a sign-in service, and Anna at her computer.\nReal HTTP, real QR images; every step is checked on the other side.\n");

    let result = run(args, &folder, &mut steps).await;
    if let Err(why) = &result {
        steps.failed(why);
    }
    let kept = args.keep.then(|| folder.display().to_string());
    let took = steps.elapsed().as_secs_f64();
    match (&result, &kept) {
        (Ok(()), _) => steps.say(&format!("\nEverything did what it should, in {took:.1} s.")),
        (Err(_), None) => steps
            .say("\nA step did not do what it should. With --keep the folder stays, to look at."),
        (Err(_), Some(_)) => steps.say("\nA step did not do what it should."),
    }
    if let Some(kept) = &kept {
        let service = if args.server.is_none() {
            "\n  service/   the service's data and key"
        } else {
            ""
        };
        steps.say(&format!(
            "The folder was kept: {kept}{service}\n  phone/     the phone's data and key\n  *.png      the QR codes\nLook at it:  countersign --data {kept}/phone history"
        ));
    }
    out.json_only(|| steps.json(kept));
    match result {
        Ok(()) => Ok(()),
        Err(why) => Err(Failure::new(Exit::Nothing, why).said()),
    }
}

async fn run(args: &Demo, folder: &Path, steps: &mut Steps) -> Step {
    let service = match &args.server {
        Some(_) => None,
        None => Some(
            Embedded::start(Config::embedded(folder.join("service")))
                .await
                .map_err(words)?,
        ),
    };
    let origin = match (&service, &args.server) {
        (Some(service), _) => service.origin().to_owned(),
        (None, server) => server.clone().unwrap_or_default(),
    };
    let outbox = match (&service, &args.outbox) {
        (Some(service), _) => service.data().join("outbox"),
        (None, outbox) => outbox.clone().unwrap_or_default(),
    };
    let mut story = Story::begin(&origin, &outbox, folder)?;
    story.person.open("/").await.map_err(words)?;
    steps.done(&match service {
        Some(_) => format!("A sign-in service started at {origin}"),
        None => format!("The sign-in service at {origin} answers"),
    });
    story.service = service;
    let result = if args.life {
        story.tell_life(steps).await
    } else {
        story.tell(steps).await
    };
    if let Some(service) = story.service.take() {
        service.stop().await;
    }
    result
}

/// Anna, her browser and her phone.
struct Story {
    origin: String,
    person: Person,
    phone: Authenticator,
    folder: PathBuf,
    email: String,
    /// The service, where the demo started it.
    service: Option<Embedded>,
}

impl Story {
    fn begin(origin: &str, outbox: &Path, folder: &Path) -> Step<Self> {
        // A running service may have seen the demo before.
        let tag: String = folder
            .file_name()
            .and_then(OsStr::to_str)
            .unwrap_or_default()
            .chars()
            .rev()
            .take_while(char::is_ascii_alphanumeric)
            .collect();
        Ok(Self {
            origin: origin.to_owned(),
            person: Person::at(origin).map_err(words)?.with_mail(outbox),
            phone: Authenticator::embedded(&folder.join("phone")).map_err(words)?,
            folder: folder.to_owned(),
            email: format!("anna.{}@example.eu", tag.to_ascii_lowercase()),
            service: None,
        })
    }

    async fn tell(&mut self, steps: &mut Steps) -> Step {
        self.create_account().await?;
        steps.done("In the browser Anna creates an account, with a link that comes by mail");
        let account = self.initialise(steps).await?;
        self.approve(account, steps).await?;
        self.wrong_pin(account, steps).await?;
        self.decline(account, steps).await?;
        self.offline_code(steps).await?;
        self.sign(steps).await?;
        self.sign_changed(steps).await?;
        self.pin_in_browser(account, steps).await?;
        self.on_mobile(account, steps).await?;
        self.stop(account, steps).await
    }

    async fn create_account(&mut self) -> Step {
        let account = Account {
            first_name: "Anna",
            last_name: "Ozola",
            email: &self.email,
            password: PASSWORD,
        };
        self.person.create_account(&account).await.map_err(words)
    }

    /// Saves the page's QR code as a picture, and reads the text from that file.
    async fn photograph(&mut self, name: &str) -> Step<(PathBuf, String)> {
        let png = self.person.qr_png().await.map_err(words)?;
        let file = self.folder.join(name);
        fs::write(&file, png).map_err(words)?;
        Ok((file, self.read(name)?))
    }

    /// The text of the one QR code in a picture of the folder.
    fn read(&self, name: &str) -> Step<String> {
        let picture = fs::read(self.folder.join(name)).map_err(words)?;
        let codes = decode_file(&picture).map_err(words)?;
        match codes.as_slice() {
            [code] => code.text.clone(),
            _ => None,
        }
        .ok_or_else(|| format!("{name} should show one QR code, and shows {}", codes.len()))
    }

    /// Password, then the page that asks for the method.
    async fn sign_in_again(&mut self) -> Step {
        self.person.sign_out().await.map_err(words)?;
        self.give_password().await
    }

    async fn give_password(&mut self) -> Step {
        self.person
            .give_password(&self.email, PASSWORD)
            .await
            .map_err(words)?;
        // The password alone must not be enough any more.
        if self.person.is_signed_in().await.map_err(words)? {
            return Err("the password alone signs Anna in, although she has a phone".to_owned());
        }
        Ok(())
    }

    async fn initialise(&mut self, steps: &mut Steps) -> Step<AccountNumber> {
        self.person
            .add_device("Anna's phone")
            .await
            .map_err(words)?;
        let (_, text) = self.photograph("initialise.png").await?;
        let offer = self
            .phone
            .begin_enrolment(&text, Source::Camera)
            .await
            .map_err(words)?;
        let details = offer.details();
        let claimed = self
            .phone
            .claim_with_new_pin(&offer, pin(PIN)?, pin(PIN)?)
            .await
            .map_err(words)?;
        let code = claimed
            .confirmation_code
            .ok_or("the phone has no six digits to show")?;
        steps.done(&format!(
            "The phone reads initialise.png ({} at {}); Anna chooses a PIN, the phone shows {code}",
            details.account_label, details.host
        ));
        // The page learns of the phone by itself, and the phone of the digits.
        self.person
            .wait_while("open", PATIENCE)
            .await
            .map_err(words)?;
        let number = claimed.account.number;
        let (typed, active) = tokio::join!(
            self.person.type_code(&code),
            tokio::time::timeout(PATIENCE, self.phone.complete_enrolment(number)),
        );
        typed.map_err(words)?;
        let active = active
            .map_err(|_| "the phone waits for the page for too long")?
            .map_err(words)?;
        let devices = self.person.open("/account/devices").await.map_err(words)?;
        if !devices.text().contains("Anna's phone") {
            return Err("the page does not list the phone".to_owned());
        }
        steps.done(&format!(
            "Anna types {code} on the page, which now lists “{}”",
            active.device_name
        ));
        Ok(number)
    }

    /// The phone hears that the browser asks.
    async fn ask_phone(&mut self, account: AccountNumber) -> Step<(u8, PendingRequest)> {
        self.person.ask_app().await.map_err(words)?;
        self.asked(account).await
    }

    /// The number on the page, and the request that the phone gets.
    async fn asked(&mut self, account: AccountNumber) -> Step<(u8, PendingRequest)> {
        let number = self.person.number().map_err(words)?;
        let mut requests = tokio::time::timeout(PATIENCE, self.phone.watch(account, None))
            .await
            .map_err(|_| "the phone hears nothing of the request")?
            .map_err(words)?;
        match (requests.pop(), requests.len()) {
            (Some(request), 0) => Ok((number, request)),
            _ => Err("the phone should have one request".to_owned()),
        }
    }

    /// The page goes on by itself, and Anna is signed in or not.
    async fn page_goes_on(&mut self, signed_in: bool) -> Step {
        self.person
            .wait_while("open", PATIENCE)
            .await
            .map_err(words)?;
        let page = self.person.page().path().to_owned();
        if self.person.is_signed_in().await.map_err(words)? == signed_in {
            Ok(())
        } else if signed_in {
            Err(format!("Anna should be signed in, and is at {page}"))
        } else {
            Err("Anna is signed in, and should not be".to_owned())
        }
    }

    async fn approve(&mut self, account: AccountNumber, steps: &mut Steps) -> Step {
        self.sign_in_again().await?;
        let (number, request) = self.ask_phone(account).await?;
        self.phone
            .approve(request.id, None, Some(number), pin(PIN)?.into())
            .await
            .map_err(words)?;
        self.page_goes_on(true).await?;
        steps.done(&format!(
            "The phone shows a {}; Anna types the screen's number {number} and her PIN: signed in",
            origin_of(&request.details)
        ));
        Ok(())
    }

    async fn wrong_pin(&mut self, account: AccountNumber, steps: &mut Steps) -> Step {
        self.sign_in_again().await?;
        let before = self.tries(account).await?;
        let (number, request) = self.ask_phone(account).await?;
        let left = match self
            .phone
            .approve(request.id, None, Some(number), pin(WRONG_PIN)?.into())
            .await
        {
            Err(ApproveError::Refused(Refusal::WrongPin { tries_left, .. })) => tries_left,
            Err(error) => return Err(words(error)),
            Ok(_) => return Err("a wrong PIN was accepted".to_owned()),
        };
        if left + 1 != before {
            return Err(format!("a wrong PIN left {left} tries of {before}"));
        }
        if self.person.state().await.map_err(words)? != "open" {
            return Err("the page should still wait after a wrong PIN".to_owned());
        }
        steps.done(&format!(
            "A wrong PIN: only the service can tell; {before} tries become {left}, the page waits"
        ));
        self.phone
            .approve(request.id, None, Some(number), pin(PIN)?.into())
            .await
            .map_err(words)?;
        self.page_goes_on(true).await?;
        let after = self.tries(account).await?;
        if after != before {
            return Err(format!(
                "the right PIN should give the try back, and {after} are left"
            ));
        }
        steps.done(&format!("The right PIN: signed in, {after} tries again"));
        Ok(())
    }

    async fn tries(&self, account: AccountNumber) -> Step<u8> {
        let account = self.phone.refresh(account).await.map_err(words)?;
        account
            .tries_left
            .ok_or_else(|| "the service does not say how many tries are left".to_owned())
    }

    async fn decline(&mut self, account: AccountNumber, steps: &mut Steps) -> Step {
        self.sign_in_again().await?;
        let (_, request) = self.ask_phone(account).await?;
        self.phone
            .decline(request.id, None, false)
            .await
            .map_err(words)?;
        self.page_goes_on(false).await?;
        steps.done("Anna declines on the phone: the page says so, nobody is signed in");
        Ok(())
    }

    /// The phone as a process of its own, which can't reach the service where the system lets us
    /// take its network away.
    async fn offline_code(&mut self, steps: &mut Steps) -> Step {
        self.give_password().await?;
        self.person.ask_code().await.map_err(words)?;
        let (file, text) = self.photograph("sign-in.png").await?;
        steps.say(&format!(
            "\n{}",
            draw(&text, Level::M).map_err(words)?.terminal()
        ));
        let data = self.folder.join("phone");
        // A process is waited for while this thread stands still; the service runs on others.
        let isolation = Isolation::find();
        if isolation != Isolation::None {
            // That there is no way out is shown, not supposed.
            let said = offline::phone(isolation, &data, &["pending".as_ref()])?;
            if said.code != Some(Exit::Network as i32) {
                return Err(format!(
                    "a process without network interfaces reaches the service: {}",
                    said.complaint
                ));
            }
        }
        let said = offline::phone(isolation, &data, &["scan".as_ref(), file.as_os_str()])?;
        let code = said.json["code"]
            .as_str()
            .ok_or_else(|| format!("the phone gives no code: {}", said.complaint))?;
        self.person.type_code(code).await.map_err(words)?;
        if !self.person.is_signed_in().await.map_err(words)? {
            return Err(format!("the code {code} did not sign Anna in"));
        }
        steps.done(&match isolation {
            Isolation::None => format!(
                "Offline code: a phone process of its own scans sign-in.png, gives {code}: signed in (this system cannot cut a process off from the network, so it was not)"
            ),
            _ => format!(
                "Offline: a phone process without network (tried: it cannot reach the service) scans sign-in.png, gives {code}: signed in"
            ),
        });
        Ok(())
    }

    /// The phone scans the page's code, and Anna types from her papers.
    async fn sign_on_phone(&mut self, picture: &str) -> Step<SignedTransaction> {
        let (_, text) = self.photograph(picture).await?;
        let Scanned::Transaction(form) = self
            .phone
            .scan(&text, Source::Camera)
            .await
            .map_err(words)?
        else {
            return Err("the code should be a transaction's".to_owned());
        };
        let typed: Vec<TypedValue> = TRANSFER
            .fields()
            .into_iter()
            .map(|(id, value)| TypedValue {
                id: id.to_owned(),
                value: value.to_owned(),
            })
            .collect();
        self.phone
            .sign(form.id, &typed, pin(PIN)?.into())
            .await
            .map_err(words)
    }

    async fn sign(&mut self, steps: &mut Steps) -> Step {
        self.person.begin_transfer(&TRANSFER).await.map_err(words)?;
        let signed = self.sign_on_phone("transfer.png").await?;
        let page = self.person.type_code(&signed.code).await.map_err(words)?;
        if !(page.status.is_success() && page.path().starts_with("/account/transactions/done/")) {
            return Err(format!("the transfer was not signed: {}", page.text()));
        }
        steps.done(&format!(
            "A transfer: Anna types it into the phone from her own papers, the phone gives {}: signed",
            *signed.code
        ));
        Ok(())
    }

    async fn sign_changed(&mut self, steps: &mut Steps) -> Step {
        // The browser sends other data than Anna sees: malware, or somebody at her computer.
        let sent = Transfer {
            amount: FALSE_AMOUNT,
            ..TRANSFER
        };
        self.person.begin_transfer(&sent).await.map_err(words)?;
        let signed = self.sign_on_phone("changed.png").await?;
        let page = self.person.type_code(&signed.code).await.map_err(words)?;
        if page.status.is_success() || !page.path().starts_with("/challenge/") {
            return Err(format!(
                "a transfer of {FALSE_AMOUNT} was signed with a code for {}",
                TRANSFER.amount
            ));
        }
        steps.done(&format!(
            "The same, with one digit changed in the browser ({FALSE_AMOUNT} for {}): the code {} does not fit, not signed",
            TRANSFER.amount, *signed.code
        ));
        Ok(())
    }
}

fn pin(digits: &[u8; 4]) -> Step<Pin> {
    Pin::from_bytes(digits).map_err(words)
}

/// `sign-in, Firefox on Linux` reads better as `sign-in from Firefox on Linux`.
fn origin_of(asked: &RequestDetails) -> String {
    asked.to_string().replacen(", ", " from ", 1)
}
