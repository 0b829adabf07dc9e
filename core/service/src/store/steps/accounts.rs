//! Accounts.

use countersign_protocol::{Time, id::AccountId};

use super::events;
use crate::{base::email::Email, keys::seal::SealError, store::*};

impl Store {
    /// Brings what older programs wrote of accounts into today's form: hashes of passwords are
    /// sealed, addresses have their one spelling.
    pub(crate) async fn renew_accounts(
        &self,
        seal: impl Fn(AccountId, &str) -> Result<String, SealError>,
    ) -> Result<(), StoreError> {
        let mut renewed = Vec::new();
        for (account, email, hash) in self.read(unsealed)? {
            let hash = seal(account, &hash).map_err(|_| StoreError::Damaged("password"))?;
            renewed.push((account, email, hash));
        }
        if renewed.is_empty() {
            return Ok(());
        }
        self.write(Write::RenewAccounts, move |tx| {
            for (account, email, hash) in &renewed {
                renew(tx, *account, email, hash)?;
            }
            Ok(())
        })
        .await
    }

    /// Has this address an account?
    pub(crate) async fn is_taken(&self, email: &Email, now: Time) -> Result<bool, StoreError> {
        self.read(|tx| is_taken(tx, email, None, now))
    }

    /// The account of an e-mail address.
    pub(crate) async fn account_by_email(
        &self,
        email: &Email,
    ) -> Result<Option<Account>, StoreError> {
        self.read(|tx| by_email(tx, email.as_str()))
    }

    /// An account.
    pub(crate) async fn account(&self, account: AccountId) -> Result<Option<Account>, StoreError> {
        self.read(|tx| get(tx, account))
    }
}

pub(super) fn create(tx: &dyn Tx, account: &NewAccount, now: Time) -> Result<bool, StoreError> {
    let made = tx.execute(
        "INSERT INTO account (acc, email, first_name, last_name, password, language, created_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
         ON CONFLICT (email) DO NOTHING",
        params![account.acc.0, account.email.as_str(), account.first_name, account.last_name, account.password, account.language.code(), now],
    )?;
    if made == 1 {
        events::note(tx, account.acc, "account-created", "", now)?;
    }
    Ok(made == 1)
}

/// Has another account than `own` this address, or may it have it back?
pub(super) fn is_taken(
    tx: &dyn Tx,
    email: &Email,
    own: Option<AccountId>,
    now: Time,
) -> Result<bool, StoreError> {
    let found = tx.one(
        "SELECT 1 FROM account WHERE email = ?1 AND acc IS DISTINCT FROM ?2
         UNION ALL
         SELECT 1 FROM mailed_link
         WHERE address = ?1 AND kind = 'undo-email' AND account IS DISTINCT FROM ?2
           AND used_at IS NULL AND expires_at > ?3",
        params![email.as_str(), own.map(|own| own.0), now],
        |_| Ok(()),
    )?;
    Ok(found.is_some())
}

pub(super) fn seal_password(
    tx: &dyn Tx,
    account: AccountId,
    sealed: &str,
) -> Result<(), StoreError> {
    tx.execute(
        "UPDATE account SET password = ?2 WHERE acc = ?1",
        params![account.0, sealed],
    )?;
    Ok(())
}

pub(super) fn by_email(tx: &dyn Tx, email: &str) -> Result<Option<Account>, StoreError> {
    tx.one(
        // An invited account is none yet: nobody has confirmed its address.
        "SELECT * FROM account WHERE email = ?1 AND invited = 0",
        params![email],
        from_row,
    )
}

pub(super) fn get(tx: &dyn Tx, account: AccountId) -> Result<Option<Account>, StoreError> {
    tx.one(
        "SELECT * FROM account WHERE acc = ?1",
        params![account.0],
        from_row,
    )
}

/// The accounts that an older program wrote: the hash of their password is not sealed.
pub(super) fn unsealed(tx: &dyn Tx) -> Result<Vec<(AccountId, String, String)>, StoreError> {
    tx.all(
        "SELECT acc, email, password FROM account WHERE password LIKE '$argon2%'",
        params![],
        |row| {
            let acc = row.get("acc")?;
            Ok((acc, row.get("email")?, row.get("password")?))
        },
    )
}

/// Brings such an account into today's form. An address that is none any more can get no message
/// and sign nobody in: it makes room for one that is marked as such.
pub(super) fn renew(
    tx: &dyn Tx,
    account: AccountId,
    email: &str,
    sealed: &str,
) -> Result<(), StoreError> {
    seal_password(tx, account, sealed)?;
    let set = |email: &str| {
        tx.execute(
            "UPDATE account SET email = ?2 WHERE acc = ?1 AND NOT EXISTS (SELECT 1 FROM account WHERE email = ?2)",
            params![account.0, email],
        )
    };
    let spelled = Email::parse(email).ok();
    if let Some(spelled) = &spelled
        && (spelled.as_str() == email || set(spelled.as_str())? == 1)
    {
        return Ok(());
    }
    tracing::warn!(acc = %account, "this account's e-mail address can't be used any more");
    set(&format!(
        "{}@address.invalid",
        crate::base::hex::encode(&account.0)
    ))?;
    Ok(())
}

pub(super) fn from_row(row: &dyn Row) -> Result<Account, StoreError> {
    Ok(Account {
        acc: row.get("acc")?,
        email: row.get("email")?,
        first_name: row.get("first_name")?,
        last_name: row.get("last_name")?,
        password: row.get("password")?,
        language: row.get("language")?,
        kind: row.get("kind")?,
    })
}

/// When an account was made; 0 where there is none.
pub(super) fn made_at(tx: &dyn Tx, account: AccountId) -> Result<Time, StoreError> {
    let found = tx.one(
        "SELECT created_at FROM account WHERE acc = ?1",
        params![account.0],
        |row| row.get("created_at"),
    )?;
    Ok(found.unwrap_or(0))
}

/// Whether an account is disabled.
pub(super) fn is_disabled(tx: &dyn Tx, account: AccountId) -> Result<bool, StoreError> {
    let found = tx.one(
        "SELECT 1 AS disabled FROM account WHERE acc = ?1 AND disabled_at IS NOT NULL",
        params![account.0],
        |_| Ok(()),
    )?;
    Ok(found.is_some())
}
