//! A person's own data, handed out once to the session that proved it.

use countersign_protocol::{Time, id::AccountId};

use super::{events::note, facts};
use crate::{
    policy::{
        self,
        changes::{Change, Proof, Refused},
    },
    store::*,
};

/// Rows of each kind, at most: those that the service's limits leave are far fewer.
const ROWS: u32 = 100_000;

impl Store {
    /// Lets a session of an account without a factor download its data, after the password was
    /// typed for it.
    pub(crate) async fn grant_export(
        &self,
        account: AccountId,
        session: SessionHash,
        now: Time,
    ) -> Result<Result<(), Refused>, StoreError> {
        self.write(Write::GrantExport, move |tx| {
            let allowed = facts::allow(tx, account, Change::Export, Proof::Password, now)?;
            if allowed.is_ok() {
                grant(tx, account, session, now)?;
            }
            Ok(allowed)
        })
        .await
    }

    /// Uses up what lets a session download the data; `false` where nothing does, or no longer.
    pub(crate) async fn spend_export(
        &self,
        session: SessionHash,
        now: Time,
    ) -> Result<bool, StoreError> {
        self.write(Write::SpendExport, move |tx| {
            let spent = tx.execute(
                "UPDATE session SET export_until = NULL WHERE hash = ?1 AND export_until > ?2",
                params![session, now],
            )?;
            Ok(spent == 1)
        })
        .await
    }

    /// The data of an account, without its history; `None` when it is gone.
    pub(crate) async fn exported(&self, account: AccountId) -> Result<Option<Export>, StoreError> {
        self.read_of(JournalSubject::Account(account), |tx| exported(tx, account))
            .await
    }
}

/// Lets a session download the data of its account, once, within the next minutes.
pub(super) fn grant(
    tx: &dyn Tx,
    account: AccountId,
    session: SessionHash,
    now: Time,
) -> Result<(), StoreError> {
    tx.execute(
        "UPDATE session SET export_until = ?3 WHERE hash = ?1 AND account = ?2",
        params![session, account.0, now + policy::EXPORT_SECONDS],
    )?;
    note(tx, account, "export-asked", "", now)
}

fn exported(tx: &dyn Tx, account: AccountId) -> Result<Option<Export>, StoreError> {
    let owner = tx.one(
        "SELECT email, first_name, last_name, language, created_at FROM account WHERE acc = ?1",
        params![account.0],
        |row| {
            Ok(ExportedAccount {
                email: row.get("email")?,
                first_name: row.get("first_name")?,
                last_name: row.get("last_name")?,
                language: row.get("language")?,
                created_at: row.get("created_at")?,
            })
        },
    )?;
    let Some(owner) = owner else {
        return Ok(None);
    };
    Ok(Some(Export {
        account: owner,
        devices: devices(tx, account)?,
        sessions: sessions(tx, account)?,
        known_browsers: tx.all(
            "SELECT at FROM known_browser WHERE account = ?1 ORDER BY at DESC LIMIT ?2",
            params![account.0, ROWS],
            |row| row.get("at"),
        )?,
        requests: requests(tx, account)?,
        transactions: tx.all(
            "SELECT operation, data, at FROM signed_transaction WHERE account = ?1
             ORDER BY at DESC, id LIMIT ?2",
            params![account.0, ROWS],
            |row| {
                Ok(ExportedTransaction {
                    operation: row.get("operation")?,
                    data: row.get("data")?,
                    at: row.get("at")?,
                })
            },
        )?,
        messages: tx.all(
            "SELECT kind, address, created_at FROM mailed_link WHERE account = ?1
             ORDER BY seq DESC LIMIT ?2",
            params![account.0, ROWS],
            |row| {
                Ok(ExportedMessage {
                    kind: row.get("kind")?,
                    address: row.get("address")?,
                    created_at: row.get("created_at")?,
                })
            },
        )?,
        services: tx.all(
            "SELECT service, at FROM entered WHERE account = ?1 ORDER BY at DESC LIMIT ?2",
            params![account.0, ROWS],
            |row| {
                Ok(ExportedService {
                    service: row.get("service")?,
                    at: row.get("at")?,
                })
            },
        )?,
    }))
}

fn devices(tx: &dyn Tx, account: AccountId) -> Result<Vec<ExportedDevice>, StoreError> {
    tx.all(
        "SELECT name, model, platform, state, created_at, used_at, hardware,
           CASE WHEN bio_key IS NULL THEN 0 ELSE 1 END AS biometrics
         FROM device WHERE account = ?1 ORDER BY created_at DESC",
        params![account.0],
        |row| {
            Ok(ExportedDevice {
                name: row.get("name")?,
                model: row.get("model")?,
                platform: row.get("platform")?,
                state: row.get("state")?,
                created_at: row.get("created_at")?,
                used_at: row.get("used_at")?,
                hardware: row.get("hardware")?,
                biometrics: row.get("biometrics")?,
            })
        },
    )
}

fn sessions(tx: &dyn Tx, account: AccountId) -> Result<Vec<ExportedSession>, StoreError> {
    let found = tx.all(
        "SELECT hash, browser, place, created_at, used_at FROM session
         WHERE account = ?1 AND signed_in = 1 ORDER BY created_at DESC",
        params![account.0],
        |row| {
            let session = ExportedSession {
                browser: row.get("browser")?,
                place: row.get("place")?,
                created_at: row.get("created_at")?,
                used_at: row.get("used_at")?,
                proofs: Vec::new(),
            };
            Ok((row.get::<SessionHash>("hash")?, session))
        },
    )?;
    let mut sessions = Vec::new();
    for (hash, mut session) in found {
        session.proofs = tx.all(
            "SELECT method, at FROM session_proof WHERE session = ?1 ORDER BY at",
            params![hash],
            |row| Ok((row.get("method")?, row.get("at")?)),
        )?;
        sessions.push(session);
    }
    Ok(sessions)
}

fn requests(tx: &dyn Tx, account: AccountId) -> Result<Vec<ExportedRequest>, StoreError> {
    tx.all(
        "SELECT challenge.kind, purpose, challenge.state, issued_at, closed_at, strength,
           device.name AS device
         FROM challenge LEFT JOIN device ON device.dev = challenge.by_dev
         WHERE challenge.account = ?1 ORDER BY issued_at DESC LIMIT ?2",
        params![account.0, ROWS],
        |row| {
            Ok(ExportedRequest {
                kind: row.get("kind")?,
                purpose: row.get("purpose")?,
                state: row.get("state")?,
                issued_at: row.get("issued_at")?,
                closed_at: row.get("closed_at")?,
                method: row.get("strength")?,
                device: row.get("device")?,
            })
        },
    )
}
