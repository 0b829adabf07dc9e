//! Which PIN works, and which slots are stored.

use countersign::{AccountNumber, ApproveError, Authenticator, Refusal};

use super::{Desk, Scene, pin};

/// Whether the verifier takes this PIN.
pub async fn works(
    phone: &Authenticator,
    desk: &Desk,
    account: AccountNumber,
    typed: &str,
) -> bool {
    desk.ask_approval(None);
    let request = phone.pending(account).await.unwrap().remove(0);
    match phone
        .approve(request.id, None, None, pin(typed).into())
        .await
    {
        Ok(_) => true,
        Err(ApproveError::Refused(Refusal::WrongPin { .. })) => {
            phone.decline(request.id, None, false).await.unwrap();
            false
        }
        Err(error) => panic!("{error}"),
    }
}

/// How many secrets are sealed, and whether there is a slot B.
pub fn slots(scene: &Scene) -> (u32, bool) {
    let path = scene.folder.path().join(countersign::DATABASE_FILE);
    let database = rusqlite::Connection::open(path).unwrap();
    let sealed = database
        .query_row("SELECT count(*) FROM sealed", [], |row| row.get(0))
        .unwrap();
    let pending = database
        .query_row("SELECT count(*) FROM pending_change", [], |row| {
            row.get::<_, u32>(0)
        })
        .unwrap();
    (sealed, pending == 1)
}
