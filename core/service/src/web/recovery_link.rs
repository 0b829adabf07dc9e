//! A recovery and the links of its messages.

use super::error::PageError;
use crate::{
    app::App,
    base::random,
    messages::links::id_in,
    store::{Account, Recovery},
};

pub(super) use crate::messages::links::{Action, CANCEL, FINISH};

/// A new recovery, not yet begun. It waits for as many hours as the service is set to.
pub(super) fn new(app: &App, account: &Account, by_panic: bool) -> Result<Recovery, PageError> {
    Ok(Recovery {
        id: random::bytes()?,
        account: account.acc,
        ripe_at: app.clock.now() + u64::from(app.recovery_hours) * 3600,
        by_panic,
        by_operator: false,
        finished_at: None,
    })
}

/// The recovery under way that a link cancels; `None` when it is over.
///
/// # Errors
/// [`PageError::NotFound`] where the link is none of ours.
pub(super) async fn to_cancel(app: &App, token: &[u8; 32]) -> Result<Option<Recovery>, PageError> {
    let id = id_in(&app.root.recovery, token, CANCEL).ok_or(PageError::NotFound)?;
    let recovery = app.store.recovery(id).await?;
    Ok(recovery.filter(|recovery| recovery.finished_at.is_none()))
}

/// The recovery under way that a link belongs to.
pub(super) async fn under_way(
    app: &App,
    action: Action,
    token: &[u8; 32],
) -> Result<Recovery, PageError> {
    let recovery = known(app, action, token).await?;
    match recovery.finished_at {
        None => Ok(recovery),
        Some(_) => Err(PageError::NotFound),
    }
}

/// The recovery that a link belongs to, under way or finished minutes ago.
pub(super) async fn known(
    app: &App,
    action: Action,
    token: &[u8; 32],
) -> Result<Recovery, PageError> {
    let id = id_in(&app.root.recovery, token, action).ok_or(PageError::NotFound)?;
    app.store.recovery(id).await?.ok_or(PageError::NotFound)
}
