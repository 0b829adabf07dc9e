//! The person's actions on the service's pages, step by step.

use std::time::{Duration, Instant};

use super::html::tags;
use super::{Account, Page, Person, PersonError, Transfer, work};

/// How often a waiting page asks for news.
const POLL: Duration = Duration::from_millis(100);

impl Person {
    /// Creates an account with the link that comes by mail, and is signed in to it.
    ///
    /// # Errors
    /// If the page does not accept it.
    pub async fn create_account(&mut self, account: &Account<'_>) -> Result<(), PersonError> {
        self.account = Some((account.email.to_owned(), account.password.to_owned()));
        self.ask_for_account(account).await?;
        let link = self.mailed_link(account.email, "/register/").await?;
        self.open(&link).await?;
        let values = [
            ("password", account.password),
            ("password_again", account.password),
        ];
        self.submit(&link, &values).await?;
        self.arrived("creating an account", "/register/done")?;
        let next = tags(&self.page.html, "a").into_iter();
        let mut next = next.filter(|tag| tag.get("class") == Some("button"));
        let next = next.find_map(|tag| tag.get("href").map(str::to_owned));
        let next = next.ok_or_else(|| self.page.missing("button to proceed"))?;
        self.open(&next).await?;
        self.arrived("proceeding", "/account")
    }

    /// Fills in the form that asks for an account; a link then comes by mail. This browser does the
    /// work that a page's script does.
    ///
    /// # Errors
    /// If the page does not accept it.
    pub async fn ask_for_account(&mut self, account: &Account<'_>) -> Result<(), PersonError> {
        let page = self.open("/register").await?;
        let proof = work::proof(&page.html).ok_or_else(|| self.page.missing("work"))?;
        let values = [
            ("first_name", account.first_name),
            ("last_name", account.last_name),
            ("email", account.email),
            ("email_again", account.email),
            ("privacy", "yes"),
            ("proof", &proof),
        ];
        self.submit("/register", &values).await?;
        self.arrived("asking for an account", "/register/sent/")
    }

    /// Gives e-mail and password alone. With no device yet, that is all; else the page asks for
    /// the method.
    ///
    /// # Errors
    /// If the page does not accept them.
    pub async fn give_password(&mut self, email: &str, password: &str) -> Result<(), PersonError> {
        self.account = Some((email.to_owned(), password.to_owned()));
        self.open("/sign-in").await?;
        self.submit("/sign-in", &[("email", email)]).await?;
        let values = [("password", password), ("method", "password")];
        self.submit("/sign-in/password", &values).await?;
        if self
            .arrived("signing in with the password", "/account")
            .is_ok()
        {
            return Ok(());
        }
        self.arrived("signing in with the password", "/sign-in/method")
    }

    /// Signs out.
    ///
    /// # Errors
    /// If that does not work.
    pub async fn sign_out(&mut self) -> Result<(), PersonError> {
        self.open("/account").await?;
        self.submit("/sign-out", &[]).await?;
        self.arrived("signing out", "/sign-in")
    }

    /// Whether the browser is signed in, asked by opening the account's page.
    ///
    /// # Errors
    /// If there is no answer.
    pub async fn is_signed_in(&mut self) -> Result<bool, PersonError> {
        self.open("/account").await?;
        Ok(self.arrived("looking at the account", "/account").is_ok())
    }

    /// Adds a device; the first with the password and a link that comes by mail. The page then
    /// shows a QR code, or first asks for an approval by another device.
    ///
    /// # Errors
    /// If the page does not accept it.
    pub async fn add_device(&mut self, name: &str) -> Result<(), PersonError> {
        self.begin_device(&[("name", name)]).await
    }

    /// Fills in the form that adds a device. The first of an account takes the password too, and a
    /// link that comes by mail.
    pub(super) async fn begin_device(
        &mut self,
        values: &[(&str, &str)],
    ) -> Result<(), PersonError> {
        self.open("/account/devices").await?;
        let form = self.form("/account/devices/add", &[]);
        let account = self.account.clone();
        match account.filter(|_| form.is_some_and(|form| form.has("password"))) {
            None => drop(self.submit("/account/devices/add", values).await?),
            Some((email, password)) => {
                let values = [values, &[("password", password.as_str())]].concat();
                self.submit("/account/devices/add", &values).await?;
                self.arrived("adding the first device", "/account/confirm")?;
                let link = self.mailed_link(&email, "/account/confirm/").await?;
                self.open(&link).await?;
                self.submit(&link, &[]).await?;
            }
        }
        if self.arrived("adding a device", "/challenge/").is_ok() {
            return Ok(());
        }
        self.arrived("adding a device", "/account/enrolments/")
    }

    /// Chooses "app" as the method: the phone is asked.
    ///
    /// # Errors
    /// If the page does not offer it.
    pub async fn ask_app(&mut self) -> Result<(), PersonError> {
        self.open("/sign-in/method").await?;
        self.submit("/sign-in/app", &[]).await?;
        self.arrived("choosing the app", "/challenge/")
    }

    /// Chooses "QR code" as the method: the page shows one and takes the code.
    ///
    /// # Errors
    /// If the page does not offer it.
    pub async fn ask_code(&mut self) -> Result<(), PersonError> {
        self.open("/sign-in/method").await?;
        self.submit("/sign-in/code", &[]).await?;
        self.arrived("choosing the QR code", "/challenge/")
    }

    /// Fills in a transfer. The page then shows a QR code and takes the code.
    ///
    /// # Errors
    /// If the page does not accept it.
    pub async fn begin_transfer(&mut self, transfer: &Transfer<'_>) -> Result<(), PersonError> {
        self.open("/account/transactions/other").await?;
        self.submit("/account/transactions/other", &transfer.fields())
            .await?;
        self.arrived("filling in a transfer", "/challenge/")
    }

    /// The number that the page shows, to be typed on the phone.
    ///
    /// # Errors
    /// If it shows none.
    pub fn number(&self) -> Result<u8, PersonError> {
        self.page
            .by_id("number")
            .and_then(|number| number.replace(' ', "").parse().ok())
            .filter(|number| (10..=99).contains(number))
            .ok_or_else(|| self.page.missing("number"))
    }

    /// The QR code on the page, as the PNG that the service offers.
    ///
    /// # Errors
    /// If there is none.
    pub async fn qr_png(&mut self) -> Result<Vec<u8>, PersonError> {
        let path = format!("{}/code.png", self.page.path());
        self.download(&path).await
    }

    /// The link behind the QR code on the page.
    ///
    /// # Errors
    /// If there is none.
    pub async fn qr_link(&mut self) -> Result<String, PersonError> {
        let path = format!("{}/link", self.page.path());
        let bytes = self.download(&path).await?;
        Ok(String::from_utf8_lossy(&bytes).trim().to_owned())
    }

    /// Types a code from the phone into the page's only code form: six digits at enrolment, else a
    /// one-time or transaction code. Whether it was right, the next page tells.
    ///
    /// # Errors
    /// If the page has no such form, or does not answer.
    pub async fn type_code(&mut self, code: &str) -> Result<&Page, PersonError> {
        self.submit("/code", &[("code", code)]).await
    }

    /// Waits, as the page does, until it has news other than `open`, and shows what it goes on to.
    ///
    /// # Errors
    /// If it has none in time.
    pub async fn wait_while(
        &mut self,
        state: &str,
        longest: Duration,
    ) -> Result<&Page, PersonError> {
        let path = self.page.path().to_owned();
        let end = Instant::now() + longest;
        while self.state().await? == state {
            if Instant::now() >= end {
                return Err(PersonError::Waited(path));
            }
            tokio::time::sleep(POLL).await;
        }
        self.open(&path).await
    }

    /// The state that the page's own script would get: `open`, `done`; at enrolment `claimed`,
    /// `confirmed`, `done`, `void`.
    ///
    /// # Errors
    /// If there is no answer.
    pub async fn state(&mut self) -> Result<String, PersonError> {
        let path = format!("{}/state", self.page.path());
        let bytes = self.download(&path).await?;
        serde_json::from_slice::<serde_json::Value>(&bytes)
            .ok()
            .and_then(|value| Some(value.get("state")?.as_str()?.to_owned()))
            .ok_or_else(|| self.page.missing("state"))
    }

    /// The identifiers of the devices that the page lists with a form to remove each.
    #[must_use]
    pub fn devices(&self) -> Vec<String> {
        let mut found: Vec<String> = tags(&self.page.html, "input")
            .into_iter()
            .filter(|tag| tag.get("name") == Some("dev"))
            .filter_map(|tag| tag.get("value").map(str::to_owned))
            .collect();
        found.sort();
        found.dedup();
        found
    }
}
