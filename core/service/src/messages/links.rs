//! The links in messages: each is an identifier and half of a MAC over it and over what the link
//! does, under a key from the key file. So nothing that acts is stored, and a message can be
//! written again after a crash.

use subtle::ConstantTimeEq;

use crate::{
    app::App,
    base::hex,
    keys::mac::MacKey,
    store::{Deletion, LinkId, LinkKind, Recovery},
};

/// The action of a link in a recovery's messages.
pub(crate) type Action = &'static str;
/// Goes on when the waiting time is over.
pub(crate) const FINISH: Action = "finish";
/// Cancels.
pub(crate) const CANCEL: Action = "cancel";
/// Cancels a deletion.
pub(crate) const KEEP: Action = "cancel-deletion";

/// The page that a link opens.
fn page(kind: LinkKind) -> &'static str {
    match kind {
        LinkKind::Register | LinkKind::Taken | LinkKind::TakenAgain | LinkKind::Invited => {
            "/register"
        }
        LinkKind::Invite => "/invitation",
        LinkKind::Reset | LinkKind::ResetRefused | LinkKind::Nobody => "/password/forgotten",
        LinkKind::Stop => "/stop/by-link",
        LinkKind::Confirm => "/account/confirm",
        LinkKind::NewEmail => "/account/email",
        LinkKind::UndoEmail | LinkKind::Undone => "/email/undo",
        LinkKind::Deleted => "/register",
    }
}

/// A token: the id, and half of the MAC. 128 bits that only the service and the reader of the
/// message know.
fn token(key: &MacKey, id: [u8; 16], action: &str) -> [u8; 32] {
    let mac = key.mac(&[&id, action.as_bytes()]);
    let mut token = [0; 32];
    token[..16].copy_from_slice(&id);
    token[16..].copy_from_slice(&mac[..16]);
    token
}

/// The id in a token; `None` unless the service made it for this action.
pub(crate) fn id_in(key: &MacKey, given: &[u8; 32], action: &str) -> Option<[u8; 16]> {
    let id = *given.first_chunk()?;
    bool::from(given.ct_eq(&token(key, id, action))).then_some(id)
}

/// A mailed link's path.
pub(crate) fn path(app: &App, kind: LinkKind, id: LinkId) -> String {
    let token = token(&app.root.links, id, kind.name());
    format!("{}/{}", page(kind), hex::encode(&token))
}

/// A mailed link as its message has it.
pub(super) fn url(app: &App, kind: LinkKind, id: LinkId) -> String {
    format!("{}{}", app.origin, path(app, kind, id))
}

/// The link that cancels a deletion.
pub(super) fn of_deletion(app: &App, deletion: &Deletion) -> String {
    let token = token(&app.root.links, deletion.id, KEEP);
    format!("{}/deletion/cancel/{}", app.origin, hex::encode(&token))
}

/// A link of a recovery.
pub(super) fn of_recovery(app: &App, action: Action, recovery: &Recovery) -> String {
    let token = token(&app.root.recovery, recovery.id, action);
    format!("{}/recovery/{action}/{}", app.origin, hex::encode(&token))
}
