//! What services ask for, while it waits for the person to sign in.

use countersign_protocol::Time;

use crate::{policy, store::*};

impl Store {
    /// Keeps an ask. A browser's oldest make room for its newest.
    pub(crate) async fn keep_ask(&self, ask: PendingAsk) -> Result<AskKept, StoreError> {
        self.write(Write::KeepAsk, move |tx| keep(tx, &ask)).await
    }

    /// An ask that still waits, by the hash of what its address says.
    pub(crate) async fn ask(
        &self,
        id: SecretHash,
        now: Time,
    ) -> Result<Option<PendingAsk>, StoreError> {
        self.read(|tx| {
            tx.one(
                "SELECT * FROM ask WHERE id = ?1 AND expires_at > ?2",
                params![id, now],
                from_row,
            )
        })
    }

    /// The newest ask that waits in a browser.
    pub(crate) async fn ask_of_browser(
        &self,
        browser: SecretHash,
        now: Time,
    ) -> Result<Option<PendingAsk>, StoreError> {
        self.read(|tx| {
            tx.one(
                "SELECT * FROM ask WHERE browser = ?1 AND expires_at > ?2
                 ORDER BY created_at DESC, id LIMIT 1",
                params![browser, now],
                from_row,
            )
        })
    }

    /// Ties an ask to the browser that opens it first; `false` when another one did.
    pub(crate) async fn open_ask(
        &self,
        id: SecretHash,
        browser: SecretHash,
    ) -> Result<bool, StoreError> {
        self.write(Write::OpenAsk, move |tx| {
            tx.execute(
                "UPDATE ask SET browser = ?2 WHERE id = ?1 AND browser IS NULL",
                params![id, browser],
            )?;
            let own = tx.one(
                "SELECT 1 AS own FROM ask WHERE id = ?1 AND browser = ?2",
                params![id, browser],
                |row| row.get::<i64>("own"),
            )?;
            Ok(own.is_some())
        })
        .await
    }

    /// Drops the asks of a browser: the person gave up, or they lead nowhere.
    pub(crate) async fn drop_asks(&self, browser: SecretHash) -> Result<(), StoreError> {
        self.write(Write::DropAsks, move |tx| {
            tx.execute("DELETE FROM ask WHERE browser = ?1", params![browser])?;
            Ok(())
        })
        .await
    }
}

fn keep(tx: &dyn Tx, ask: &PendingAsk) -> Result<AskKept, StoreError> {
    let count = tx.one("SELECT count(*) AS n FROM ask", params![], |row| {
        row.get::<u64>("n")
    })?;
    if count.unwrap_or(0) >= policy::ASKS {
        return Ok(AskKept::Full);
    }
    tx.execute(
        "DELETE FROM ask WHERE browser = ?1 AND id NOT IN
           (SELECT id FROM ask WHERE browser = ?1 ORDER BY created_at DESC LIMIT ?2)",
        params![ask.browser, policy::ASKS_OF_A_BROWSER - 1],
    )?;
    tx.execute(
        "INSERT INTO ask (id, browser, client, asked, created_at, expires_at)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        params![
            ask.id,
            ask.browser,
            ask.client,
            ask.asked,
            ask.created_at,
            ask.expires_at
        ],
    )?;
    Ok(AskKept::Kept)
}

fn from_row(row: &dyn Row) -> Result<PendingAsk, StoreError> {
    Ok(PendingAsk {
        id: row.get("id")?,
        browser: row.get("browser")?,
        client: row.get("client")?,
        asked: row.get("asked")?,
        created_at: row.get("created_at")?,
        expires_at: row.get("expires_at")?,
    })
}
