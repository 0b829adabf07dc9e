//! What a challenge was asked for: the step that its approval lets happen, and the page after it.

use axum::response::{IntoResponse, Redirect, Response};
use countersign_protocol::{
    challenge::Purpose,
    id::{ChallengeId, DeviceId},
};

use super::{
    device_list,
    error::PageError,
    new_address, new_device, new_password,
    own_data::{self, OwnData},
    prove,
    told::Told,
    visitor::{Visitor, account_of},
};
use crate::{
    app::App,
    base::hex,
    store::{Challenge, Method, Then},
    transactions::Signing,
};

/// The data of the transaction that is signed with a challenge.
pub(super) fn data(challenge: &Challenge) -> Result<Signing, PageError> {
    let data = Signing::read(&challenge.payload);
    data.ok_or_else(|| PageError::Broken("a transaction's data are damaged".into()))
}

/// The page of a transaction that was signed with this challenge.
pub(super) fn signed_page(id: ChallengeId) -> String {
    format!("/account/transactions/done/{}", hex::encode(&id.0))
}

/// What was asked for, and the page that is next once it is done.
pub(super) async fn wanted(
    app: &App,
    visitor: &Visitor,
    challenge: &Challenge,
) -> Result<(Then, Response), PageError> {
    let session = visitor.any()?;
    let account = challenge.account.ok_or(PageError::NotFound)?;
    Ok(match challenge.purpose {
        Purpose::SignIn => {
            let opening = visitor.opening(app, account, Method::Password)?;
            let then = Then::Enter(opening.entry.clone());
            (then, opening.go_known(visitor.next()))
        }
        Purpose::AddDevice => {
            let wanted = new_device::NewDevice::from_payload(&challenge.payload);
            let new = new_device::draft(app, visitor.signed_in()?, wanted, None).await?;
            let id = new.id;
            (Then::Enrol(new), new_device::to(id))
        }
        Purpose::Remove => {
            let dev = hex::decode(&challenge.payload).map(DeviceId);
            let then = Then::Remove(dev.ok_or(PageError::NotFound)?);
            let done = Told::DeviceRemoved.at("/account/devices", visitor.secure);
            (then, done)
        }
        // The phone that may set a new PIN has its grant in the challenge itself.
        Purpose::Unblock => (Then::Nothing, device_list::to_new_pin(&challenge.payload)),
        Purpose::Transaction => {
            let signed = data(challenge)?.record(challenge.id, account, app.clock.now());
            let then = Then::Record(signed);
            let page = signed_page(challenge.id);
            (then, Redirect::to(&page).into_response())
        }
        Purpose::ChangePassword => {
            let new = new_password::approved(visitor, session, challenge.payload.clone());
            (
                Then::SetPassword(new),
                new_password::done(session, visitor.secure),
            )
        }
        Purpose::ChangeEmail => {
            let owner = app.store.account(account).await?;
            let owner = owner.ok_or(PageError::SignInFirst)?;
            let new = new_address::new_link(app, visitor, &owner, &challenge.payload)?;
            (Then::AskEmail(new), prove::to_waiting())
        }
        Purpose::ExportData => {
            let page = Redirect::to(OwnData::Export.path());
            (Then::Export, page.into_response())
        }
        Purpose::DeleteAccount => {
            let owner = account_of(app, session).await?;
            let new = own_data::new_deletion(app, &owner)?;
            let page = Redirect::to(OwnData::Delete.path());
            (Then::Delete(new), page.into_response())
        }
        _ => return Err(PageError::NotFound),
    })
}
