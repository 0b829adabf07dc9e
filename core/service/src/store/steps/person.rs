//! What a person says of themselves: their name, and the language in which they are written to.

use countersign_protocol::{Time, id::AccountId};

use super::{events::note, facts};
use crate::{
    base::{
        lang::Lang,
        person::{self, PersonName},
    },
    policy::changes::{Change, Proof, Refused},
    store::*,
};

impl Store {
    /// Gives the account's person another name, where the policy allows it.
    pub(crate) async fn set_name(
        &self,
        account: AccountId,
        name: PersonName,
        now: Time,
    ) -> Result<Result<(), Refused>, StoreError> {
        self.write(Write::SetName, move |tx| set_name(tx, account, &name, now))
            .await
    }

    /// Sets the language in which the account's person is written to.
    pub(crate) async fn set_language(
        &self,
        account: AccountId,
        language: Lang,
        now: Time,
    ) -> Result<Result<(), Refused>, StoreError> {
        self.write(Write::SetLanguage, move |tx| {
            set_language(tx, account, language, now)
        })
        .await
    }
}

fn set_name(
    tx: &dyn Tx,
    account: AccountId,
    name: &PersonName,
    now: Time,
) -> Result<Result<(), Refused>, StoreError> {
    let allowed = facts::allow(tx, account, Change::Name, Proof::Session, now)?;
    if allowed.is_err() {
        return Ok(allowed);
    }
    let changed = tx.execute(
        "UPDATE account SET first_name = ?2, last_name = ?3
         WHERE acc = ?1 AND (first_name <> ?2 OR last_name <> ?3)",
        params![account.0, name.first(), name.last()],
    )?;
    if changed == 1 {
        let whole = person::whole(name.first(), name.last());
        note(tx, account, "name-changed", &whole, now)?;
    }
    Ok(Ok(()))
}

/// Gives an account's person the name that an operator says.
pub(super) fn set(
    tx: &dyn Tx,
    account: AccountId,
    first: &str,
    last: &str,
) -> Result<(), StoreError> {
    tx.execute(
        "UPDATE account SET first_name = ?2, last_name = ?3 WHERE acc = ?1",
        params![account.0, first, last],
    )?;
    Ok(())
}

fn set_language(
    tx: &dyn Tx,
    account: AccountId,
    language: Lang,
    now: Time,
) -> Result<Result<(), Refused>, StoreError> {
    let allowed = facts::allow(tx, account, Change::Language, Proof::Session, now)?;
    if allowed.is_err() {
        return Ok(allowed);
    }
    let changed = tx.execute(
        "UPDATE account SET language = ?2 WHERE acc = ?1 AND language <> ?2",
        params![account.0, language.code()],
    )?;
    if changed == 1 {
        note(tx, account, "language-changed", language.code(), now)?;
    }
    Ok(Ok(()))
}
