//! STOP: all devices deleted with the password alone, and why a thief who has it gains nothing by
//! that.

use countersign::AccountNumber;

use super::steps::Steps;
use super::{PASSWORD, Step, Story, words};

impl Story {
    /// The last thing that happens to this account: it can be recovered tomorrow only.
    pub(super) async fn stop(&mut self, account: AccountNumber, steps: &mut Steps) -> Step {
        self.person.open("/stop").await.map_err(words)?;
        let typed = [
            ("email", self.email.as_str()),
            ("password", PASSWORD),
            ("word", "STOP"),
        ];
        let page = self.person.submit("/stop", &typed).await.map_err(words)?;
        if page.path() != "/stop/done" {
            return Err(format!("the page of STOP answers with {}", page.path()));
        }
        if self.person.is_signed_in().await.map_err(words)? {
            return Err("Anna is still signed in after STOP".to_owned());
        }
        if self.phone.refresh(account).await.is_ok() {
            return Err("the service still knows a deleted phone".to_owned());
        }
        steps.done("STOP: all devices deleted, every browser signed out");

        self.person.open("/sign-in").await.map_err(words)?;
        let email = [("email", self.email.as_str())];
        self.person
            .submit("/sign-in", &email)
            .await
            .map_err(words)?;
        let password = [("password", PASSWORD)];
        let page = self
            .person
            .submit("/sign-in/password", &password)
            .await
            .map_err(words)?;
        if page.path() != "/recovery" {
            return Err(format!("after STOP the password leads to {}", page.path()));
        }
        let page = self.person.open("/account/devices").await.map_err(words)?;
        if page.path() != "/sign-in" {
            return Err("after STOP a phone can be added with the password alone".to_owned());
        }
        steps.done("The password adds no phone now: a link by e-mail and 24 hours come first");
        Ok(())
    }
}
