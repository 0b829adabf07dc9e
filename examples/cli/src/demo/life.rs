//! `demo --life`: a phone's whole life. PINs change and are forgotten, a new phone comes, a thief
//! copies it, it goes, and the service comes back from a backup.

use std::fs;
use std::path::Path;

use countersign::{
    AccountNumber, AccountState, ApproveError, Authenticator, ChangeError, ClaimError, Refusal,
    Source, UnlockMethod,
};

use super::steps::Steps;
use super::{PATIENCE, PIN, Step, Story, pin, words};

const SECOND_PIN: &[u8; 4] = b"5830";
const THIRD_PIN: &[u8; 4] = b"7294";
const GUESSES: [&[u8; 4]; 5] = [b"6153", b"6154", b"6157", b"6158", b"6159"];

/// One of Anna's phones, with its identifier on the page.
pub(super) struct Device {
    phone: Authenticator,
    account: AccountNumber,
    pub(super) dev: String,
}

impl Story {
    pub(super) async fn tell_life(&mut self, steps: &mut Steps) -> Step {
        self.create_account().await?;
        steps.done("In the browser Anna creates an account, with a link that comes by mail");
        let account = self.initialise(steps).await?;
        let first = Device {
            phone: Authenticator::embedded_with_stand_in_reader(&self.folder.join("phone"))
                .map_err(words)?,
            account,
            dev: self.new_device(&[]).await?,
        };
        let second = self.new_phone(&first, steps).await?;
        self.biometrics(&first, steps).await?;
        self.change_pin(&first, steps).await?;
        self.renew(&first, steps).await?;
        self.rotate(&first, steps).await?;
        self.forget(&first, &second, steps).await?;
        self.back_up(steps)?;
        self.copy(&second, steps).await?;
        self.remove(&first, &second, steps).await?;
        self.restore(&first, steps).await?;
        self.history(&first, steps)
    }

    /// The identifier of the device that the page lists and is not known yet.
    async fn new_device(&mut self, known: &[&str]) -> Step<String> {
        self.person.open("/account/devices").await.map_err(words)?;
        self.person
            .devices()
            .into_iter()
            .find(|dev| !known.contains(&dev.as_str()))
            .ok_or_else(|| "the page does not list the new phone".to_owned())
    }

    /// Signs out and begins a sign-in that asks this phone; the number on the page, and the
    /// request.
    async fn sign_in_with(&mut self, device: &Device) -> Step<(u8, countersign::PendingRequest)> {
        if self.person.is_signed_in().await.map_err(words)? {
            self.person.sign_out().await.map_err(words)?;
        }
        self.give_password().await?;
        self.person.open("/sign-in/method").await.map_err(words)?;
        self.person
            .submit("/sign-in/app", &[])
            .await
            .map_err(words)?;
        if self.person.page().path() == "/sign-in/device" {
            let choice = [("dev", device.dev.as_str())];
            self.person
                .submit("/sign-in/app", &choice)
                .await
                .map_err(words)?;
        }
        self.asked_at(device).await
    }

    async fn asked_at(&mut self, device: &Device) -> Step<(u8, countersign::PendingRequest)> {
        let number = self.person.number().map_err(words)?;
        let waited = tokio::time::timeout(PATIENCE, device.phone.watch(device.account, None));
        let mut requests = waited
            .await
            .map_err(|_| "the phone hears nothing of the request")?
            .map_err(words)?;
        let request = requests.pop().ok_or("the phone should have one request")?;
        Ok((number, request))
    }

    pub(super) async fn signs_in(&mut self, device: &Device, digits: &[u8; 4]) -> Step {
        let (number, request) = self.sign_in_with(device).await?;
        device
            .phone
            .approve(request.id, None, Some(number), pin(digits)?.into())
            .await
            .map_err(words)?;
        self.page_goes_on(true).await
    }

    /// The old phone approves that a new one is added.
    async fn new_phone(&mut self, first: &Device, steps: &mut Steps) -> Step<Device> {
        self.person.add_device("New phone").await.map_err(words)?;
        let (number, request) = self.asked_at(first).await?;
        first
            .phone
            .approve(request.id, None, Some(number), pin(PIN)?.into())
            .await
            .map_err(words)?;
        self.person
            .wait_while("open", PATIENCE)
            .await
            .map_err(words)?;
        let (_, text) = self.photograph("new-phone.png").await?;
        let phone = Authenticator::embedded(&self.folder.join("new-phone")).map_err(words)?;
        let offer = phone
            .begin_enrolment(&text, Source::Camera)
            .await
            .map_err(words)?;
        let easy = phone
            .claim_with_new_pin(&offer, pin(b"1987")?, pin(b"1987")?)
            .await;
        let Err(ClaimError::Guessable(reason)) = easy else {
            return Err("a year of birth was taken for a PIN".to_owned());
        };
        let claimed = phone
            .claim_with_new_pin(&offer, pin(SECOND_PIN)?, pin(SECOND_PIN)?)
            .await
            .map_err(words)?;
        let code = claimed
            .confirmation_code
            .ok_or("the phone has no six digits to show")?;
        self.person
            .wait_while("open", PATIENCE)
            .await
            .map_err(words)?;
        let account = claimed.account.number;
        let (typed, active) = tokio::join!(
            self.person.type_code(&code),
            tokio::time::timeout(PATIENCE, phone.complete_enrolment(account)),
        );
        typed.map_err(words)?;
        active
            .map_err(|_| "the phone waits for the page for too long")?
            .map_err(words)?;
        let dev = self.new_device(&[&first.dev]).await?;
        steps.done(&format!(
            "A new phone: the old one approves with number and PIN, the new one reads new-phone.png. “1987” is refused ({reason}), another PIN taken"
        ));
        Ok(Device {
            phone,
            account,
            dev,
        })
    }

    /// Turned on with the PIN; then a finger signs in. The demo's reader is a stand-in that always
    /// says yes.
    async fn biometrics(&mut self, first: &Device, steps: &mut Steps) -> Step {
        first
            .phone
            .turn_on_biometrics(first.account, pin(PIN)?)
            .await
            .map_err(words)?;
        let (number, request) = self.sign_in_with(first).await?;
        first
            .phone
            .approve(request.id, None, Some(number), UnlockMethod::Biometrics)
            .await
            .map_err(words)?;
        self.page_goes_on(true).await?;
        steps.done("Biometrics are turned on with the PIN: a finger in its place signs in (a stand-in here, which always says yes)");
        Ok(())
    }

    /// A wrong old PIN is counted and changes nothing; then the old one no longer works, and the
    /// new one does.
    async fn change_pin(&mut self, first: &Device, steps: &mut Steps) -> Step {
        let change = async |old, new| {
            first
                .phone
                .change_pin(first.account, pin(old)?, pin(new)?, pin(new)?)
                .await
                .map_or_else(|error| Ok(Some(error)), |_| Ok::<_, String>(None))
        };
        let left = match change(GUESSES[0], THIRD_PIN).await? {
            Some(ChangeError::Refused(Refusal::WrongPin { tries_left, .. })) => tries_left,
            Some(error) => return Err(words(error)),
            None => return Err("the PIN was changed with a wrong one".to_owned()),
        };
        if let Some(error) = change(PIN, THIRD_PIN).await? {
            return Err(words(error));
        }
        let account = first.phone.refresh(first.account).await.map_err(words)?;
        if account.biometrics {
            return Err("a new PIN should turn biometrics off".to_owned());
        }
        let (number, request) = self.sign_in_with(first).await?;
        let old = first
            .phone
            .approve(request.id, None, Some(number), pin(PIN)?.into())
            .await;
        if !matches!(old, Err(ApproveError::Refused(Refusal::WrongPin { .. }))) {
            return Err("the old PIN should be a wrong one now".to_owned());
        }
        first
            .phone
            .approve(request.id, None, Some(number), pin(THIRD_PIN)?.into())
            .await
            .map_err(words)?;
        self.page_goes_on(true).await?;
        steps.done(&format!(
            "The PIN is changed on the phone: with a wrong old one it is not ({left} tries left); with the right one the new PIN signs in, and the old one no more; biometrics are off again"
        ));
        Ok(())
    }

    /// Wrong PINs with right ones between: the eighth makes the phone renew its keys at the next
    /// right PIN, by itself.
    async fn renew(&mut self, first: &Device, steps: &mut Steps) -> Step {
        let mut spent = 0;
        let mut before = 15;
        while spent < 8 {
            let (number, request) = self.sign_in_with(first).await?;
            for guess in GUESSES.iter().take(4) {
                let wrong = first
                    .phone
                    .approve(request.id, None, Some(number), pin(guess)?.into())
                    .await;
                let Err(ApproveError::Refused(Refusal::WrongPin {
                    tries_left_in_epoch,
                    ..
                })) = wrong
                else {
                    return Err("a wrong PIN should be reported".to_owned());
                };
                spent += 1;
                before = tries_left_in_epoch;
            }
            first
                .phone
                .approve(request.id, None, Some(number), pin(THIRD_PIN)?.into())
                .await
                .map_err(words)?;
            self.page_goes_on(true).await?;
        }
        let after = first.phone.refresh(first.account).await.map_err(words)?;
        if after.tries_left_in_epoch != Some(15) {
            return Err(format!(
                "the phone should have renewed its keys, and has {:?} tries",
                after.tries_left_in_epoch
            ));
        }
        steps.done(&format!(
            "Eight wrong PINs, four at a time, leave {before} of 15 tries: at the next right PIN the phone renews its keys by itself. Same PIN, 15 tries"
        ));
        Ok(())
    }

    async fn rotate(&mut self, first: &Device, steps: &mut Steps) -> Step {
        first
            .phone
            .rotate_keys(first.account, pin(THIRD_PIN)?)
            .await
            .map_err(words)?;
        self.signs_in(first, THIRD_PIN).await?;
        steps.done("The phone makes new keys, for which the old ones vouch: signed in with them");
        Ok(())
    }

    /// Five wrong PINs block; the other phone approves, and a new PIN is set.
    async fn forget(&mut self, first: &Device, second: &Device, steps: &mut Steps) -> Step {
        let (number, request) = self.sign_in_with(first).await?;
        for guess in GUESSES {
            // Each reply was shown before; the last one blocks.
            let _ = first
                .phone
                .approve(request.id, None, Some(number), pin(guess)?.into())
                .await;
        }
        let late = first
            .phone
            .approve(request.id, None, Some(number), pin(THIRD_PIN)?.into())
            .await;
        if !matches!(late, Err(ApproveError::Refused(Refusal::Blocked))) {
            return Err("after five wrong PINs the right one should come too late".to_owned());
        }
        self.signs_in(second, SECOND_PIN).await?;
        self.person.open("/account/devices").await.map_err(words)?;
        let blocked = [("dev", first.dev.as_str())];
        self.person
            .submit("/account/devices/unblock", &blocked)
            .await
            .map_err(words)?;
        let (number, request) = self.asked_at(second).await?;
        let asked = request.details.to_string();
        if !asked.contains("Anna's phone") {
            return Err(format!(
                "the request does not say for which phone it is: {asked}"
            ));
        }
        second
            .phone
            .approve(request.id, None, Some(number), pin(SECOND_PIN)?.into())
            .await
            .map_err(words)?;
        self.person
            .wait_while("open", PATIENCE)
            .await
            .map_err(words)?;
        let granted = first.phone.watch_new_pin_grant(first.account);
        tokio::time::timeout(PATIENCE, granted)
            .await
            .map_err(|_| "the blocked phone hears nothing of the approval")?
            .map_err(words)?;
        let account = first
            .phone
            .set_forgotten_pin(first.account, pin(PIN)?, pin(PIN)?)
            .await
            .map_err(words)?;
        if account.state != AccountState::Active {
            return Err("the phone should be in use again".to_owned());
        }
        self.signs_in(first, PIN).await?;
        steps.done(&format!(
            "Five wrong PINs block the first phone. The new one approves ({asked}), the first one sets a new PIN: signed in"
        ));
        Ok(())
    }

    /// A thief copies the new phone's files. The owner goes on, and the copy is found out at its
    /// first word.
    async fn copy(&mut self, second: &Device, steps: &mut Steps) -> Step {
        let stolen = self.folder.join("copied-phone");
        copy_folder(&self.folder.join("new-phone"), &stolen).map_err(words)?;
        self.signs_in(second, SECOND_PIN).await?;
        self.signs_in(second, SECOND_PIN).await?;
        let copy = Device {
            phone: Authenticator::embedded(&stolen).map_err(words)?,
            account: second.account,
            dev: second.dev.clone(),
        };
        let (number, request) = self.sign_in_with(&copy).await?;
        let used = copy
            .phone
            .approve(request.id, None, Some(number), pin(SECOND_PIN)?.into())
            .await;
        if !matches!(used, Err(ApproveError::Refused(Refusal::Suspended))) {
            return Err("a copied phone should be suspended, right PIN or not".to_owned());
        }
        let told = second.phone.refresh(second.account).await.map_err(words)?;
        if told.state != AccountState::Suspended {
            return Err("the phone that was copied should hear of it".to_owned());
        }
        steps.done(
            "A thief copies the new phone's files and knows its PIN: after Anna's next two sign-ins the copy is found out and the phone suspended, which it tells her",
        );
        Ok(())
    }

    /// The phone that was copied forgets the account, and the service hears of it.
    async fn remove(&mut self, first: &Device, second: &Device, steps: &mut Steps) -> Step {
        let removed = second.phone.remove(second.account).await.map_err(words)?;
        if !removed.told {
            return Err("the service should have heard that the phone was removed".to_owned());
        }
        self.signs_in(first, PIN).await?;
        self.person.open("/account/devices").await.map_err(words)?;
        if self.person.devices() != [first.dev.as_str()] {
            return Err("the page should list the first phone alone".to_owned());
        }
        steps.done("Anna removes the account on the phone that was copied: it is reported to the service, and the page lists the first phone alone");
        Ok(())
    }

    fn history(&self, first: &Device, steps: &mut Steps) -> Step {
        let file = self.folder.join("history.csv");
        let history = first.phone.export_history().map_err(words)?;
        fs::write(&file, &history).map_err(words)?;
        steps.done(&format!(
            "What happened is on the phone, {} events, exported as history.csv",
            history.lines().count().saturating_sub(1)
        ));
        Ok(())
    }
}

fn copy_folder(from: &Path, to: &Path) -> std::io::Result<()> {
    fs::create_dir(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            copy_folder(&entry.path(), &target)?;
        } else {
            fs::copy(entry.path(), target)?;
        }
    }
    Ok(())
}
