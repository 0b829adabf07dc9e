//! Adding a device, up to its enrolment's page.

use axum::response::{IntoResponse, Redirect, Response};
use countersign_protocol::{
    Time,
    enrolment::{Enrolment as EnrolmentMessage, Way},
    id::{DeviceId, EnrolmentId},
    message::{Message, Received},
    secret::Secret,
};
use ring::digest;

use super::{
    device_list,
    error::PageError,
    visitor::{Visitor, account_of},
};
use crate::{
    app::App,
    base::random,
    flow::claim::account_label,
    policy,
    store::{Begin, Enrolment, NewEnrolment, Session, SignedMessage},
};

/// A device that is to be added.
pub(super) struct NewDevice {
    /// Its name.
    pub(super) name: String,
    /// Where the PIN is chosen.
    pub(super) way: Way,
}

impl NewDevice {
    /// The device as a challenge's payload holds it until the person has confirmed.
    pub(super) fn to_payload(&self) -> String {
        format!("{}{}", self.way as u8, self.name)
    }

    /// The device that [`NewDevice::to_payload`] wrote.
    pub(super) fn from_payload(payload: &str) -> Self {
        let (way, name) = payload.split_at_checked(1).unwrap_or(("2", payload));
        Self {
            name: name.to_owned(),
            way: match way {
                "1" => Way::PinInBrowser,
                _ => Way::PinOnPhone,
            },
        }
    }
}

/// Begins an enrolment without an approval, and goes to its page. It lasts five minutes, or until
/// `expires_at`.
pub(super) async fn begin(
    app: &App,
    visitor: &Visitor,
    new: NewDevice,
    on: Begin,
    expires_at: Option<Time>,
) -> Result<Response, PageError> {
    let new = draft(app, visitor.signed_in()?, new, expires_at).await?;
    let id = new.id;
    match app.store.begin_enrolment(new, on, app.clock.now()).await? {
        Ok(()) => Ok(to(id)),
        Err(refused) => device_list::refuse(app, visitor, refused).await,
    }
}

/// An enrolment with its signed message.
pub(super) async fn draft(
    app: &App,
    session: &Session,
    new: NewDevice,
    expires_at: Option<Time>,
) -> Result<NewEnrolment, PageError> {
    let account = account_of(app, session).await?;
    let now = app.clock.now();
    let mut secret = random::bytes::<16>()?;
    let mut hash = [0; 32];
    hash.copy_from_slice(digest::digest(&digest::SHA256, &secret).as_ref());
    let keys = app.keys.now();
    let message = EnrolmentMessage {
        svc: app.origin.svc(),
        kid: keys.kid(now),
        acc: session.account,
        dev: DeviceId(random::bytes()?),
        id: EnrolmentId(random::bytes()?),
        one_time_secret: Secret::take(&mut secret),
        way: new.way,
        expires_at: expires_at.unwrap_or(now + policy::ENROLMENT_SECONDS),
        app_name: app.name.clone(),
        account_label: account_label(&account),
        info_hash: keys.info_hash,
    };
    let signed = keys.signing(message.kid).and_then(|key| {
        let bytes = message.sign(key).ok()?;
        let hash = Received::<EnrolmentMessage>::parse(&bytes).ok()?.hash();
        Some(SignedMessage { bytes, hash })
    });
    let signed = signed.ok_or_else(|| PageError::Broken("an enrolment can't be signed".into()))?;
    Ok(NewEnrolment {
        id: message.id,
        account: session.account,
        session: session.hash,
        dev: message.dev,
        name: new.name,
        message: signed,
        secret: hash,
        way: new.way,
        issued_at: now,
        expires_at: message.expires_at,
    })
}

/// Goes to an enrolment's page.
pub(super) fn to(id: EnrolmentId) -> Response {
    Redirect::to(&format!("/account/enrolments/{id}")).into_response()
}

/// An enrolment that this visitor's session began and that has not expired.
pub(super) async fn own(
    app: &App,
    visitor: &Visitor,
    id: EnrolmentId,
) -> Result<Option<Enrolment>, PageError> {
    let session = visitor.signed_in()?;
    let found = app.store.enrolment(id, app.clock.now()).await?;
    Ok(found.filter(|enrolment| enrolment.session == session.hash))
}
