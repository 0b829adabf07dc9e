//! Changes of an account that holds no factor: after the password, a link that was mailed to the
//! confirmed address must come back to the session that named the change, opened there or pasted.

use std::sync::Arc;

use axum::{
    extract::{Path, State},
    response::{IntoResponse, Redirect, Response},
};
use serde::Deserialize;

use super::{
    device_list,
    error::{PageError, Refusal},
    links, new_address,
    new_device::{self, NewDevice},
    own_data::{self, OwnData},
    posted::{Nothing, Posted},
    prove::{self, Wanted},
    visitor::{Visitor, account_of},
};
use crate::{
    app::App,
    store::{Begin, LinkKind},
};

/// `GET /account/confirm`.
pub(super) async fn page(
    State(app): State<Arc<App>>,
    visitor: Visitor,
) -> Result<Response, PageError> {
    visitor.signed_in()?;
    prove::waiting(&app, &visitor, None)
}

#[derive(Deserialize)]
pub(super) struct Pasted {
    link: String,
}

/// `POST /account/confirm`: goes to the page of a link that was pasted.
pub(super) async fn paste(
    State(app): State<Arc<App>>,
    posted: Posted<Pasted>,
) -> Result<Response, PageError> {
    let Posted { visitor, form, .. } = posted;
    visitor.signed_in()?;
    for kind in [LinkKind::Confirm, LinkKind::NewEmail] {
        if let Some(link) = links::find(&app, kind, &form.link).await? {
            return Ok(Redirect::to(&links::path(&app, kind, link.id)).into_response());
        }
    }
    let refusal = Refusal::form("confirm_error_link");
    prove::waiting(&app, &visitor, Some(refusal))
}

/// `GET /account/confirm/{token}`.
pub(super) async fn form(
    State(app): State<Arc<App>>,
    visitor: Visitor,
    Path(token): Path<String>,
) -> Result<Response, PageError> {
    let link = match links::open(&app, &visitor, LinkKind::Confirm, &token).await? {
        Ok(link) => link,
        Err(page) => return Ok(page),
    };
    let what = match links::payload(&app, &link)? {
        Wanted::Device(_) => "confirm_device",
        Wanted::Email(_) => "confirm_email",
        Wanted::Delete => "confirm_delete",
    };
    links::question(&app, &visitor, &link, what)
}

/// `POST /account/confirm/{token}`: goes on with the change.
pub(super) async fn go_on(
    State(app): State<Arc<App>>,
    Path(token): Path<String>,
    posted: Posted<Nothing>,
) -> Result<Response, PageError> {
    let visitor = posted.visitor;
    let link = match links::open(&app, &visitor, LinkKind::Confirm, &token).await? {
        Ok(link) => link,
        Err(page) => return Ok(page),
    };
    match links::payload(&app, &link)? {
        Wanted::Device(payload) => {
            let new = NewDevice::from_payload(&payload);
            new_device::begin(&app, &visitor, new, Begin::Confirmed(link.id), None).await
        }
        Wanted::Delete => {
            let session = visitor.signed_in()?;
            let new = own_data::new_deletion(&app, &account_of(&app, session).await?)?;
            let now = app.clock.now();
            match app
                .store
                .ask_deletion(link.id, new, session.hash, now)
                .await?
            {
                Ok(()) => Ok(Redirect::to(OwnData::Delete.path()).into_response()),
                Err(refused) => OwnData::Delete.refuse(&app, &visitor, refused).await,
            }
        }
        Wanted::Email(new) => {
            let account = account_of(&app, visitor.signed_in()?).await?;
            let new = new_address::new_link(&app, &visitor, &account, &new)?;
            match app
                .store
                .confirm_email(link.id, new, app.clock.now())
                .await?
            {
                Ok(()) => {
                    app.mail.notify_one();
                    Ok(prove::to_waiting())
                }
                Err(refused) => device_list::refuse(&app, &visitor, refused).await,
            }
        }
    }
}
