//! The actions of the pages' scripts, played here: this browser runs no JavaScript. The
//! real script is tested in Chromium (`tests/browser`).

use countersign_protocol::{
    id::EnrolmentId,
    keys::{enrolment_pin_key, enrolment_pin_verifier},
    link::encode_base32,
    pin::Pin,
    secret::Secret,
};
use reqwest::{Method, StatusCode};

use super::{Page, Person, PersonError, html::forms};

impl Person {
    /// Adds a device as with a script: the PIN is to be chosen on the page, once another device has
    /// approved.
    ///
    /// # Errors
    /// If the page does not accept it.
    pub async fn add_device_with_script(&mut self, name: &str) -> Result<(), PersonError> {
        self.begin_device(&[("name", name), ("pin", "browser")])
            .await
    }

    /// Chooses the PIN on the page: makes S, gives the service V alone, and returns the text of the
    /// code that the script draws.
    ///
    /// # Errors
    /// If the page takes no PIN, or the system gives no random bytes.
    pub async fn choose_pin(&mut self, pin: &Pin) -> Result<String, PersonError> {
        let id = self
            .page
            .path()
            .strip_prefix("/account/enrolments/")
            .and_then(sixteen_bytes)
            .ok_or_else(|| self.page.missing("enrolment"))?;
        let csrf = forms(&self.page.html)
            .into_iter()
            .flat_map(|form| form.fields)
            .find(|(name, _)| name == "csrf")
            .map(|(_, value)| value)
            .ok_or_else(|| self.page.missing("form"))?;
        let mut random = Ok(());
        let s = Secret::<16>::new_with(|out| random = getrandom::fill(out));
        random.map_err(|_| self.page.missing("random bytes for its script"))?;
        let v = enrolment_pin_verifier(&enrolment_pin_key(&s, &EnrolmentId(id), pin));
        let v: String = v
            .expose()
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect();
        let url = self.url(&format!("{}/pin", self.page.path()))?;
        // Hexadecimal digits need no escapes.
        let body = format!("csrf={csrf}&v={v}");
        let (status, _, bytes) = self.fetch(Method::POST, url, Some(body)).await?;
        serde_json::from_slice::<serde_json::Value>(&bytes)
            .ok()
            .filter(|_| status == StatusCode::OK)
            .and_then(|value| Some(value.get("code")?.as_str()?.to_owned()))
            .map(|code| format!("{code}#{}", encode_base32(s.expose())))
            .ok_or_else(|| self.page.missing("code for the PIN"))
    }

    /// Chooses "On mobile", in the browser of a phone, which it is from then on: the link that
    /// opens the app.
    ///
    /// # Errors
    /// If the page does not offer it.
    pub async fn begin_on_mobile(&mut self) -> Result<String, PersonError> {
        self.phone = true;
        self.open("/sign-in").await?;
        self.submit("/sign-in/mobile", &[]).await?;
        self.arrived("choosing On mobile", "/mobile/")?;
        self.qr_link().await
    }

    /// Opens the address that the app opens after an approval on mobile, and confirms the account
    /// that the page names, if it asks.
    ///
    /// # Errors
    /// If there is no answer.
    pub async fn come_back(&mut self, address: &str) -> Result<&Page, PersonError> {
        self.open(address).await?;
        if self.form("/return", &[]).is_some() {
            self.submit("/return", &[]).await?;
        }
        Ok(self.page())
    }
}

fn sixteen_bytes(digits: &str) -> Option<[u8; 16]> {
    let bytes: Vec<u8> = (0..digits.len())
        .step_by(2)
        .map(|at| u8::from_str_radix(digits.get(at..at + 2)?, 16).ok())
        .collect::<Option<_>>()?;
    bytes.try_into().ok()
}
