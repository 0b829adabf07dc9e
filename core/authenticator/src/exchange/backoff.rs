//! Pauses between attempts to reach a service.

use std::time::Duration;

use super::ServiceError;
use crate::phone::Phone;
use crate::platform::NoEntropy;

/// Longer and longer pauses, up to a minute, each with a random part so that phones do not come
/// back all at once.
pub(crate) struct Backoff {
    seconds: u64,
}

impl Backoff {
    pub(crate) fn new() -> Self {
        Self { seconds: 1 }
    }

    pub(crate) async fn wait(
        &mut self,
        phone: &Phone,
        error: &ServiceError,
    ) -> Result<(), NoEntropy> {
        let mut random = [0; 2];
        phone.entropy.fill(&mut random)?;
        let jitter = u64::from(u16::from_le_bytes(random)) * self.seconds * 1000 / 0xffff;
        let pause = Duration::from_secs(self.seconds.max(error.retry_after()));
        tokio::time::sleep(pause + Duration::from_millis(jitter)).await;
        self.seconds = (self.seconds * 2).min(30);
        Ok(())
    }
}
