//! A backup of the running service, and what phones notice when it is restored: nothing.

use countersign_service::{Config, Embedded, Places, SystemClock, backup, restore};

use super::life::Device;
use super::steps::Steps;
use super::{PIN, Step, Story, words};

impl Story {
    /// Where the demo started the service itself, its data are at hand.
    pub(super) fn back_up(&self, steps: &mut Steps) -> Step {
        if let Some(service) = &self.service {
            let places = Places::new(service.data());
            backup(&places, &self.folder.join("backup.db"), &SystemClock).map_err(words)?;
            steps.done("The service is backed up to backup.db while it runs");
        }
        Ok(())
    }

    /// The backup is older than the removal of the phone that was copied. What must not come back
    /// doesn't, and who stayed goes on.
    pub(super) async fn restore(&mut self, first: &Device, steps: &mut Steps) -> Step {
        let Some(service) = self.service.take() else {
            return Ok(());
        };
        let config = Config {
            listen: service.address(),
            ..Config::embedded(service.data())
        };
        let places = Places::new(service.data());
        service.stop().await;
        restore(&places, &self.folder.join("backup.db"), true, &SystemClock).map_err(words)?;
        self.service = Some(Embedded::start(config).await.map_err(words)?);
        if self.person.is_signed_in().await.map_err(words)? {
            return Err("a restore should end all sessions in browsers".to_owned());
        }
        self.signs_in(first, PIN).await?;
        self.person.open("/account/devices").await.map_err(words)?;
        if self.person.devices() != [first.dev.as_str()] {
            return Err("the phone that was removed should not be back".to_owned());
        }
        steps.done("The service is restored from backup.db: Anna signs in again and her phone notices nothing; the phone that was removed since is not back");
        Ok(())
    }
}
