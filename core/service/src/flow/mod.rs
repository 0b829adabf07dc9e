//! The operations of the protocol, one file each, whole and from top to bottom: what the
//! cryptography says, and what the store is given. The numbers in comments are the judging steps of
//! PROTOCOL.md, sections 10 to 13.

pub(crate) mod answer;
pub(crate) mod chains;
pub(crate) mod claim;
pub(crate) mod code;
pub(crate) mod issue;
pub(crate) mod query;
pub(crate) mod update;

use axum::body::Bytes;
use countersign_protocol::{
    ParseError,
    id::Hash,
    message::Message,
    reply::{Reply, ResultCode},
    request::{ReceivedRequest, Request, Transcript},
};

use crate::{
    app::App,
    base::random::NoRandomness,
    edge::{Pass, TooMany},
    keys::seal::SealError,
    ring::KeysError,
    store::{Device, StoreError},
};

/// Why a phone's request gets no signed reply. A phone changes nothing because of it.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failed {
    #[error("{0}")]
    Parse(#[from] ParseError),
    #[error("this device is not known here, or its signature is wrong")]
    Unknown,
    #[error("the request is of a type that another endpoint takes")]
    OtherEndpoint,
    #[error("too many requests; try again in {} seconds", .0.0)]
    TooMany(TooMany),
    #[error("the service can't answer now; try again in a moment")]
    Store(StoreError),
    #[error("the service can't answer now; try again in a moment")]
    Unavailable(String),
}

impl From<TooMany> for Failed {
    fn from(error: TooMany) -> Self {
        Self::TooMany(error)
    }
}

impl From<StoreError> for Failed {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Gone => Self::Unknown,
            error => Self::Store(error),
        }
    }
}

/// Errors of the service itself: the log has the reason, the phone is only asked to retry.
macro_rules! unavailable {
    ($($error:ty),*) => {$(
        impl From<$error> for Failed {
            fn from(error: $error) -> Self {
                Self::Unavailable(error.to_string())
            }
        }
    )*};
}
unavailable!(SealError, KeysError, NoRandomness);

/// A phone's request as it arrived.
pub(crate) struct Posted {
    /// Its body.
    pub(crate) bytes: Bytes,
    /// By what it was admitted.
    pub(crate) pass: Option<Pass>,
}

/// A signed reply.
pub(crate) type Signed = Result<Vec<u8>, Failed>;

/// Parses a request, finds the device that it names and verifies that device's signature, before
/// anything else is looked at. From then on the request is counted for the device.
///
/// # Errors
/// [`Failed::Unknown`] for another service, another account, a device that is not there, and a
/// wrong signature: an answer must not distinguish them.
async fn authenticated<T: Transcript>(
    app: &App,
    posted: &Posted,
) -> Result<(Device, Request<T>), Failed> {
    // 10.14, 11.1, 13.1
    let received = ReceivedRequest::<T>::parse(&posted.bytes)?;
    // 10.15, 11.2, 13.2
    let (svc, acc, dev) = received.names();
    if svc != app.origin.svc() {
        return Err(Failed::Unknown);
    }
    let device = app.store.device(dev).await?;
    let device = device
        .filter(|device| device.account == acc)
        .ok_or(Failed::Unknown)?;
    let request = received
        .verify(&device.keys.device_key)
        .map_err(|_| Failed::Unknown)?;
    if let Some(pass) = &posted.pass {
        app.edge.prove(pass, dev, app.clock.now())?;
    }
    Ok((device, request))
}

/// Signs the reply to the request with this hash, completed by `fill`.
fn signed(app: &App, request: Hash, result: ResultCode, fill: impl FnOnce(&mut Reply)) -> Signed {
    let (keys, now) = (app.keys.now(), app.clock.now());
    let signer = keys.signer(now);
    let svc = app.origin.svc();
    let mut reply = Reply::new(svc, signer.kid, request, result, now, keys.sequence);
    fill(&mut reply);
    let signed = reply.sign(&signer.key);
    signed.map_err(|error| Failed::Unavailable(error.to_string()))
}
