//! The link in messages that cancels a deletion. It works for as long as the deletion waits.

use super::error::PageError;
use crate::{
    app::App,
    messages::links::{KEEP, id_in},
    store::Deletion,
};

/// The deletion that waits to which a link belongs.
pub(super) async fn waiting(app: &App, token: &[u8; 32]) -> Result<Option<Deletion>, PageError> {
    match id_in(&app.root.links, token, KEEP) {
        Some(id) => Ok(app.store.deletion(id).await?),
        None => Ok(None),
    }
}
