//! The other ways in: a phone with the PIN chosen in the browser, and a sign-in that begins on the
//! phone.

use std::fs;

use countersign::qr::draw::draw;
use countersign::qr::scan::Level;
use countersign::{AccountNumber, Authenticator, Scanned, Source};

use super::steps::Steps;
use super::{PATIENCE, PIN, Step, Story, pin, words};
use crate::person::Person;

/// The PIN of the second phone.
const SECOND_PIN: &[u8; 4] = b"5830";

impl Story {
    /// The first phone approves, the page makes the code; the service gets neither S nor the PIN.
    pub(super) async fn pin_in_browser(
        &mut self,
        account: AccountNumber,
        steps: &mut Steps,
    ) -> Step {
        self.person
            .add_device_with_script("Second phone")
            .await
            .map_err(words)?;
        let (number, request) = self.asked(account).await?;
        self.phone
            .approve(request.id, None, Some(number), pin(PIN)?.into())
            .await
            .map_err(words)?;
        self.person
            .wait_while("open", PATIENCE)
            .await
            .map_err(words)?;
        let text = self
            .person
            .choose_pin(&pin(SECOND_PIN)?)
            .await
            .map_err(words)?;
        let png = draw(&text, Level::M)
            .and_then(|drawing| drawing.png(8))
            .map_err(words)?;
        fs::write(self.folder.join("second-phone.png"), png).map_err(words)?;
        let text = self.read("second-phone.png")?;
        let phone = Authenticator::embedded(&self.folder.join("second-phone")).map_err(words)?;
        let offer = phone
            .begin_enrolment(&text, Source::Camera)
            .await
            .map_err(words)?;
        let claimed = phone
            .claim_with_browser_pin(&offer, pin(SECOND_PIN)?)
            .await
            .map_err(words)?;
        if claimed.confirmation_code.is_some() {
            return Err("a phone with the PIN from the page should need no digits".to_owned());
        }
        let number = claimed.account.number;
        tokio::time::timeout(PATIENCE, phone.complete_enrolment(number))
            .await
            .map_err(|_| "the second phone waits for the service for too long")?
            .map_err(words)?;
        let devices = self.person.open("/account/devices").await.map_err(words)?;
        if !devices.text().contains("Second phone") {
            return Err("the page does not list the second phone".to_owned());
        }
        steps.done(
            "A second phone: the first approves, Anna chooses the PIN in the browser (the demo plays the page's script), the phone \
             reads second-phone.png and asks for it: in use, and the service never saw the PIN",
        );
        Ok(())
    }

    /// A browser on the phone, the app beside it, and somebody else's browser that is given the
    /// same address.
    pub(super) async fn on_mobile(&mut self, account: AccountNumber, steps: &mut Steps) -> Step {
        let mut browser = Person::at(&self.origin).map_err(words)?;
        let link = browser.begin_on_mobile().await.map_err(words)?;
        let Scanned::OnMobile(request) = self
            .phone
            .scan(&link, Source::VerifiedLink)
            .await
            .map_err(words)?
        else {
            return Err("the link should be for this phone's own browser".to_owned());
        };
        let approved = self
            .phone
            .approve(request.id, Some(account), None, pin(PIN)?.into())
            .await
            .map_err(words)?;
        let address = approved.open.ok_or("the phone got no address to open")?;
        let mut other = Person::at(&self.origin).map_err(words)?;
        other.open(&address).await.map_err(words)?;
        if other.is_signed_in().await.map_err(words)? {
            return Err("another browser than the one that began is signed in".to_owned());
        }
        if browser.is_signed_in().await.map_err(words)? {
            return Err("the browser is signed in before it came back with r".to_owned());
        }
        browser.come_back(&address).await.map_err(words)?;
        if !browser.is_signed_in().await.map_err(words)? {
            return Err("the browser on the phone should be signed in".to_owned());
        }
        steps.done(
            "On mobile: a browser on the phone opens the app, Anna types her PIN and confirms her address: signed in there without a \
             password, and not in another browser that opens the same address",
        );
        Ok(())
    }
}
