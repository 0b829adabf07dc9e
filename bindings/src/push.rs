//! Where push messages for the phone go: the trait that an app implements, and the guard before it.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use countersign::platform::{
    PushAddress as CoreAddress, PushAddressError as CoreError, PushAddresses as CoreAddresses,
    PushKind as CoreKind,
};
use countersign_protocol::id::PublicKey;
use uniffi::UnexpectedUniFFICallbackError;

use crate::checked::shown;

/// The core gives all of it five seconds.
const LIMIT: Duration = Duration::from_secs(3);

/// A kind of push service.
#[derive(Debug, Clone, Copy, PartialEq, Eq, uniffi::Enum)]
pub enum PushKind {
    /// A Web Push subscription (RFC 8030), which UnifiedPush gives too: the address is its URL.
    WebPush,
    /// Firebase Cloud Messaging: the address is the app's registration token.
    Fcm,
    /// Apple's service: the address is the device token, in hexadecimal.
    Apns,
}

/// Where push messages go. Anyone who knows it can wake the phone, and nothing else: keep it out of
/// logs.
#[derive(Clone, PartialEq, Eq, uniffi::Record)]
pub struct PushAddress {
    /// The kind of push service.
    pub kind: PushKind,
    /// The URL (https, in canonical form, at most 512 bytes) or token.
    pub address: String,
}

/// Why an app does not say where push messages go.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error, uniffi::Error)]
#[uniffi::export(Display)]
pub enum PushAddressError {
    /// It is not known now.
    #[error("{why}")]
    Unavailable {
        /// The reason, in a few words of English.
        why: String,
    },
}

impl From<UnexpectedUniFFICallbackError> for PushAddressError {
    fn from(error: UnexpectedUniFFICallbackError) -> Self {
        Self::Unavailable { why: error.reason }
    }
}

/// Where push messages for this phone go: what wakes the app when a request waits. A message says
/// "look" and nothing else: when one comes, whoever sent it, ask for the requests (`pendingAll`).
///
/// Asked at every start (`resume`), after an account was added, and by `pushAddressChanged`. If it
/// fails, takes more than three seconds, or returns what is no address, nothing is changed:
/// services keep the address that they have, and it is asked again at the next start.
#[uniffi::export(foreign)]
#[async_trait]
pub trait PushAddresses: Send + Sync {
    /// The address for the service at this origin, of its own where the platform can. `push_key` is
    /// the key that the service signs Web Push requests with (VAPID, RFC 8292; an uncompressed
    /// P-256 point of 65 bytes), to which a subscription is to be bound; without one it sends no
    /// Web Push. None: no push messages, and the service forgets the address that it has. After the
    /// last account at the service was removed it is asked without a key once more: end the
    /// subscription. Answer from what is known already, and begin to subscribe where nothing is.
    ///
    /// # Errors
    /// If it is not known now.
    async fn address(
        &self,
        origin: String,
        push_key: Option<Vec<u8>>,
    ) -> Result<Option<PushAddress>, PushAddressError>;
}

/// An app's push addresses.
pub(crate) struct GuardedAddresses(pub(crate) Arc<dyn PushAddresses>);

#[async_trait]
impl CoreAddresses for GuardedAddresses {
    async fn address(
        &self,
        origin: &str,
        push_key: Option<&PublicKey>,
    ) -> Result<Option<CoreAddress>, CoreError> {
        let key = push_key.map(|key| key.as_bytes().to_vec());
        let asked = self.0.address(origin.to_owned(), key);
        match tokio::time::timeout(LIMIT, asked).await {
            Ok(Ok(None)) => Ok(None),
            Ok(Ok(Some(PushAddress { kind, address }))) => CoreAddress::new(kind.into(), address)
                .map(Some)
                .map_err(|_| CoreError("it returned something that is no push address".into())),
            Ok(Err(PushAddressError::Unavailable { why })) => Err(CoreError(shown(&why))),
            Err(_) => Err(CoreError("it does not answer".into())),
        }
    }
}

impl From<PushKind> for CoreKind {
    fn from(kind: PushKind) -> Self {
        match kind {
            PushKind::WebPush => Self::WebPush,
            PushKind::Fcm => Self::Fcm,
            PushKind::Apns => Self::Apns,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    type Answer = Result<Option<PushAddress>, PushAddressError>;

    /// An app that gives this answer, or none at all.
    struct App(Option<Answer>);

    #[async_trait]
    impl PushAddresses for App {
        async fn address(&self, origin: String, push_key: Option<Vec<u8>>) -> Answer {
            assert_eq!(origin, "https://sign.example.eu");
            assert_eq!(push_key, None);
            match &self.0 {
                Some(answer) => answer.clone(),
                None => std::future::pending().await,
            }
        }
    }

    async fn asked(answer: Option<Answer>) -> Result<Option<CoreAddress>, CoreError> {
        let guarded = GuardedAddresses(Arc::new(App(answer)));
        guarded.address("https://sign.example.eu", None).await
    }

    fn address(kind: PushKind, address: &str) -> Option<Answer> {
        let address = address.to_owned();
        Some(Ok(Some(PushAddress { kind, address })))
    }

    #[tokio::test]
    async fn an_address_in_its_form_is_taken_and_rubbish_is_not() {
        let url = "https://push.example.eu/up/1";
        let taken = asked(address(PushKind::WebPush, url)).await.unwrap();
        assert_eq!(taken.unwrap().address(), url);
        assert_eq!(asked(Some(Ok(None))).await, Ok(None));
        let long = format!("{url}{}", "a".repeat(512));
        for rubbish in ["", "push", "http://push.example.eu/up/1", "\0", &long] {
            let error = asked(address(PushKind::WebPush, rubbish)).await;
            assert!(error.unwrap_err().0.contains("no push address"));
        }
        assert!(
            asked(address(PushKind::Apns, "not hexadecimal"))
                .await
                .is_err()
        );
        assert!(asked(address(PushKind::Fcm, "two words")).await.is_err());
    }

    #[tokio::test(start_paused = true)]
    async fn an_app_that_throws_or_hangs_is_an_error_that_can_be_shown() {
        let why = format!("no\u{202e} distributor{}", "!".repeat(999));
        let thrown = asked(Some(Err(PushAddressError::Unavailable { why }))).await;
        let shown = thrown.unwrap_err().0;
        assert!(shown.starts_with("no distributor") && shown.len() <= 120);
        let hung = asked(None).await;
        assert_eq!(hung, Err(CoreError("it does not answer".into())));
    }
}
