//! How a page gets a change proved: the proof that the policy asks for, the typed password, an
//! approval by a device, and a mailed link. Each step ends in the next page, or in the refusal that
//! the change's own page shows.

use axum::{
    http::{HeaderMap, StatusCode},
    response::{IntoResponse, Redirect, Response},
};
use countersign_protocol::{
    challenge::{Purpose, Subject},
    id::{AccountId, ChallengeId, DeviceId},
};
use minijinja::context;
use serde::{Deserialize, Serialize};

use super::{
    error::{NotDone, PageError, Refusal},
    issue,
    links::{self, Whose},
    passwords::{self, Typed},
    visitor::Visitor,
};
use crate::{
    app::App,
    edge::Source,
    flow,
    password::Password,
    policy::changes::{Change, Proof, needs},
    store::{Account, AskedLink, LinkKind, Session, Share},
};

/// The proof that the policy asks for before `change` is made in this account as it stands.
pub(super) async fn needed(
    app: &App,
    account: AccountId,
    change: Change,
) -> Result<Proof, NotDone> {
    let facts = app.store.facts(account, app.clock.now()).await?;
    Ok(needs(change, &facts)?)
}

/// Checks the password that the account's owner typed, signed in, for a change.
pub(super) async fn password(
    app: &App,
    source: Source,
    account: &Account,
    password: Password,
) -> Result<(), NotDone> {
    let typed = Typed {
        share: Share::Known,
        email: &account.email,
        password,
        wrong: "password_error_old",
        closed: "password_error_closed",
    };
    let right = passwords::right(app, source, typed).await?;
    if right.acc != account.acc {
        let status = StatusCode::UNAUTHORIZED;
        return Err(Refusal::new(status, "password_error_old").into());
    }
    Ok(())
}

/// An approval that a device is asked for.
pub(super) struct Approval {
    /// What for.
    pub(super) purpose: Purpose,
    /// Which device.
    pub(super) dev: DeviceId,
    /// What the operation is about. PROTOCOL.md, section 6, names the kind for each purpose.
    pub(super) subject: Option<Subject>,
    /// What goes on when the approval is collected.
    pub(super) payload: String,
}

/// Asks a device for an approval, and goes to the page that waits for it.
pub(super) async fn approval(
    app: &App,
    session: &Session,
    headers: &HeaderMap,
    asked: Approval,
) -> Result<Response, NotDone> {
    let Approval {
        purpose,
        dev,
        subject,
        payload,
    } = asked;
    let asking = issue::asking(app, session, headers).await?;
    let issued = flow::issue::approval(app, &asking, purpose, dev, subject, payload).await?;
    go(issued, Refusal::conflict)
}

/// Goes to the page of a challenge that was issued, or refuses with the text of why none was.
pub(super) fn go(
    issued: Result<ChallengeId, &'static str>,
    refuse: fn(&'static str) -> Refusal,
) -> Result<Response, NotDone> {
    match issued {
        Ok(id) => Ok(issue::to(id)),
        Err(text) => Err(refuse(text).into()),
    }
}

/// A change that waits for a mailed link, in an account that holds no factor.
#[derive(Serialize, Deserialize)]
pub(super) enum Wanted {
    /// The first device, as its challenge's payload would hold it.
    Device(String),
    /// Another e-mail address.
    Email(String),
    /// The account is deleted.
    Delete,
}

/// The proof of an account without a factor: checks the password, mails a link to the confirmed
/// address, and goes to the page that waits for it.
pub(super) async fn password_and_link(
    app: &App,
    visitor: &Visitor,
    source: Source,
    account: &Account,
    typed: Option<Password>,
    wanted: &Wanted,
) -> Result<Response, NotDone> {
    password(app, source, account, typed.unwrap_or_else(Password::none)).await?;
    let whose = Whose {
        account: Some(account.acc),
        session: Some(visitor.signed_in()?.hash),
    };
    let new = links::new(app, LinkKind::Confirm, &account.email, whose, wanted)?;
    let response = match links::ask(app, new).await? {
        AskedLink::Due => to_waiting(),
        AskedLink::Enough => {
            let refusal = Refusal::too_many("confirm_error_enough");
            waiting(app, visitor, Some(refusal))?
        }
        AskedLink::Busy => return Err(PageError::Busy.into()),
    };
    Ok(response)
}

/// Goes to the page that waits for a mailed link of this session.
pub(super) fn to_waiting() -> Response {
    Redirect::to("/account/confirm").into_response()
}

/// The page that waits for a mailed link.
pub(super) fn waiting(
    app: &App,
    visitor: &Visitor,
    refusal: Option<Refusal>,
) -> Result<Response, PageError> {
    let (status, error) = Refusal::parts(refusal);
    app.pages
        .refuse(status, "confirm.html", visitor, context! { error })
}
