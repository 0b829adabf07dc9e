//! Web Push (RFC 8030) with VAPID (RFC 8292): an empty message to the URL that a phone named.
//!
//! The phone chose the URL, so it is treated as hostile: messages go only to push services that the
//! configuration names, compared by whole origin. No redirect is followed, no proxy is used for a
//! loopback host, and no response body is read.

use async_trait::async_trait;
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use countersign_protocol::{SigningKey, id::PublicKey, origin::Origin, push::PushAddress};
use p256::ecdsa::{Signature, signature::Signer};
use reqwest::{
    Client, StatusCode,
    header::{AUTHORIZATION, CONTENT_LENGTH, RETRY_AFTER},
};

use super::{Knock, PushFailed, PushService};
use crate::base::outgoing::{loopback_client, reason, secure_client};

/// How long a VAPID token is valid, in seconds. RFC 8292, section 2, allows a day.
const TOKEN_HOLDS: u64 = 3600;
/// The wait when a push service says "later" without a time, in seconds.
const PAUSE: u64 = 2;

/// Sends to the push services that are named to it.
pub(crate) struct WebPush {
    services: Vec<Origin>,
    key: SigningKey,
    public: PublicKey,
    /// The contact for push services: the service's own address.
    subject: Option<String>,
    secure: Option<Client>,
    loopback: Client,
}

impl WebPush {
    /// Sends to the push services at these origins. The key signs every request.
    ///
    /// # Errors
    /// If the system's certificate authorities can't be used.
    pub(crate) fn new(
        services: Vec<Origin>,
        key: SigningKey,
        own: &Origin,
    ) -> Result<Self, String> {
        let secure = services.iter().any(Origin::is_secure);
        Ok(Self {
            secure: secure.then(secure_client).transpose()?,
            loopback: loopback_client()?,
            public: PublicKey::of(&key),
            subject: own.is_secure().then(|| own.as_str().to_owned()),
            services,
            key,
        })
    }

    /// `vapid t=..., k=...`: a token that is valid for this push service only.
    fn authorization(&self, to: &Origin, now: u64) -> String {
        let part = |bytes: &[u8]| BASE64_URL_SAFE_NO_PAD.encode(bytes);
        let mut claims = serde_json::json!({ "aud": to.as_str(), "exp": now + TOKEN_HOLDS });
        if let Some(subject) = &self.subject {
            claims["sub"] = subject.as_str().into();
        }
        let signed = format!(
            "{}.{}",
            part(br#"{"typ":"JWT","alg":"ES256"}"#),
            part(claims.to_string().as_bytes())
        );
        let signature: Signature = self.key.sign(signed.as_bytes());
        format!(
            "vapid t={signed}.{}, k={}",
            part(&signature.to_bytes()),
            part(self.public.as_bytes())
        )
    }
}

#[async_trait]
impl PushService for WebPush {
    fn takes(&self, address: &PushAddress) -> Option<String> {
        let origin = address.origin()?;
        self.services
            .contains(&origin)
            .then(|| origin.authority().to_owned())
    }

    async fn send(&self, address: &PushAddress, knock: Knock) -> Result<(), PushFailed> {
        let not_ours = || PushFailed::Failed("this push service is not one of those named".into());
        let origin = address
            .origin()
            .filter(|origin| self.services.contains(origin))
            .ok_or_else(not_ours)?;
        let client = match &self.secure {
            Some(secure) if origin.is_secure() => secure,
            _ if origin.is_secure() => return Err(not_ours()),
            _ => &self.loopback,
        };
        let sent = client
            .post(address.address())
            .header(CONTENT_LENGTH, 0)
            .header("TTL", knock.lifetime)
            .header("Urgency", "high")
            .header("Topic", "look")
            .header(AUTHORIZATION, self.authorization(&origin, knock.now))
            .send()
            .await;
        // An error of reqwest names the URL.
        let response = sent.map_err(|error| PushFailed::Failed(reason(&error.without_url())))?;
        match response.status() {
            status if status.is_success() => Ok(()),
            StatusCode::NOT_FOUND | StatusCode::GONE => Err(PushFailed::Gone),
            status if status == StatusCode::TOO_MANY_REQUESTS || status.is_server_error() => {
                let after = response.headers().get(RETRY_AFTER);
                let after = after.and_then(|value| value.to_str().ok()?.trim().parse().ok());
                Err(PushFailed::Later(after.unwrap_or(PAUSE)))
            }
            status => Err(PushFailed::Failed(format!(
                "the push service refused it ({})",
                status.as_u16()
            ))),
        }
    }
}

#[cfg(test)]
#[path = "web_tests.rs"]
mod tests;
