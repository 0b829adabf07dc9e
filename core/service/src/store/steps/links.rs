//! Mailed links: asked for within limits, used once, ended with what they were for.

use countersign_protocol::{Time, id::AccountId};

use crate::{base::lang::Lang, policy, store::*};

/// The sealed content of a link that has ended.
pub(super) const NOTHING: &[u8] = &[];

impl Store {
    /// Takes a mailed link into the queue, if the limits leave room.
    pub(crate) async fn ask_link(&self, link: NewLink, now: Time) -> Result<AskedLink, StoreError> {
        self.write(Write::AskLink, move |tx| ask(tx, &link, now))
            .await
    }

    /// A mailed link that works now.
    pub(crate) async fn link(&self, id: LinkId, now: Time) -> Result<Option<Link>, StoreError> {
        self.read(|tx| get(tx, id, now))
    }

    /// Was this link used minutes ago, and is what it does still so: its address is an account's,
    /// and for a change that was taken back, its account's?
    pub(crate) async fn was_link_done(
        &self,
        id: LinkId,
        kind: LinkKind,
        now: Time,
    ) -> Result<bool, StoreError> {
        self.read(|tx| {
            let found = tx.one(
                "SELECT 1 FROM mailed_link JOIN account ON account.email = mailed_link.address
                 WHERE mailed_link.id = ?1 AND mailed_link.kind = ?2 AND used_at > ?3
                   AND used_at < expires_at
                   AND (mailed_link.account IS NULL OR mailed_link.account = acc)",
                params![
                    id,
                    kind.name(),
                    now.saturating_sub(policy::LINK_AGAIN_SECONDS)
                ],
                |_| Ok(()),
            )?;
            Ok(found.is_some())
        })
    }

    /// The oldest mailed links whose messages have not left.
    pub(crate) async fn due_links(&self, now: Time) -> Result<Vec<DueLink>, StoreError> {
        self.read(|tx| due(tx, now))
    }
}

fn link(row: &dyn Row) -> Result<Link, StoreError> {
    Ok(Link {
        id: row.get("id")?,
        kind: row.get("kind")?,
        account: row.get("account")?,
        session: row.get("session")?,
        address: row.get("address")?,
        payload: row.get("payload")?,
    })
}

/// Takes a link's message into the queue, if the limits leave room.
pub(super) fn ask(tx: &dyn Tx, new: &NewLink, now: Time) -> Result<AskedLink, StoreError> {
    let mut kind = new.kind;
    if new.kind.is_strangers() {
        let since = |seconds| now.saturating_sub(seconds);
        let count = |sql, address: &str, seconds| {
            let found = tx.one(sql, params![address, since(seconds)], |row| {
                row.get::<u64>("n")
            });
            found.map(Option::<u64>::unwrap_or_default)
        };
        // The limits count what strangers can cause, and nothing that an owner asked for.
        const REGISTER: &str = "SELECT count(*) AS n FROM mailed_link
            WHERE address = ?1 AND created_at > ?2 AND kind IN ('register', 'taken', 'taken-again', 'invited')";
        // One at a time: whoever asked for it, the owner has one that works, or may ask for it.
        // With a limit for a day strangers would keep the owner from the only way that is left.
        const RESET: &str = "SELECT count(*) AS n FROM mailed_link
            WHERE address = ?1 AND created_at > ?2
              AND kind IN ('reset', 'reset-refused', 'nobody')";
        const STOP: &str = "SELECT count(*) AS n FROM mailed_link
            WHERE address = ?1 AND created_at > ?2 AND kind = 'stop' AND used_at IS NULL";
        const TAKEN: &str = "SELECT count(*) AS n FROM mailed_link
            WHERE address = ?1 AND created_at > ?2 AND kind IN ('taken', 'invited')";
        // Registrations have a bound of their own, so that they close no owner's way, and what
        // goes to nobody counts in none.
        const REGISTRATIONS: &str = "SELECT count(*) AS n FROM mailed_link
            WHERE created_at > ?2 AND kind IN ('register', 'taken', 'invited') AND ?1 = ''";
        const OWNERS: &str = "SELECT count(*) AS n FROM mailed_link
            WHERE created_at > ?2 AND kind IN ('reset', 'reset-refused', 'stop') AND ?1 = ''";
        let all = match new.kind {
            LinkKind::Register | LinkKind::Taken | LinkKind::Invited => REGISTRATIONS,
            _ => OWNERS,
        };
        let address = new.address.as_str();
        if count(all, "", policy::HOUR)? >= policy::LINKS_AN_HOUR {
            return Ok(AskedLink::Busy);
        }
        let enough = match new.kind {
            LinkKind::Stop => count(STOP, address, new.kind.seconds())? >= 1,
            LinkKind::Register | LinkKind::Taken | LinkKind::Invited => {
                // The owner is told once a day; what comes after leaves the same traces as a link.
                let told = count(TAKEN, address, policy::DAY)? >= 1;
                if new.kind != LinkKind::Register && told {
                    kind = LinkKind::TakenAgain;
                }
                count(REGISTER, address, policy::HOUR)? >= policy::ADDRESS_LINKS_AN_HOUR
                    || count(REGISTER, address, policy::DAY)? >= policy::ADDRESS_LINKS_A_DAY
            }
            _ => count(RESET, address, new.kind.seconds())? >= policy::RESET_LINKS,
        };
        if enough {
            return Ok(AskedLink::Enough);
        }
    } else if !new.kind.is_owed() {
        // Somebody at an unattended browser must not fill the owner's mailbox.
        let asked = tx.one(
            "SELECT count(*) AS n FROM mailed_link
             WHERE account = ?1 AND created_at > ?2 AND kind IN ('confirm', 'new-email')",
            params![
                new.account.map(|account| account.0),
                now.saturating_sub(policy::DAY)
            ],
            |row| row.get::<u64>("n"),
        )?;
        if asked.unwrap_or(0) >= policy::OWNERS_LINKS_A_DAY {
            return Ok(AskedLink::Enough);
        }
    }
    let new = NewLink {
        kind,
        ..new.clone()
    };
    add(tx, &new, now, now)?;
    Ok(AskedLink::Due)
}

/// Takes a link's message into the queue: it may leave from `due_at` on.
pub(super) fn add(tx: &dyn Tx, new: &NewLink, due_at: Time, now: Time) -> Result<(), StoreError> {
    tx.execute(
        "INSERT INTO mailed_link
           (id, kind, account, session, address, payload, language, created_at, expires_at, due,
            due_at)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)",
        params![
            new.id,
            new.kind.name(),
            new.account.map(|account| account.0),
            new.session,
            new.address.as_str(),
            new.payload,
            new.language.code(),
            now,
            due_at + new.kind.seconds(),
            new.kind.is_mailed(),
            due_at
        ],
    )?;
    Ok(())
}

/// When the last message of this kind may leave, of those that wait.
pub(super) fn last_due(tx: &dyn Tx, kind: LinkKind) -> Result<Option<Time>, StoreError> {
    let found = tx.one(
        "SELECT max(due_at) AS last FROM mailed_link WHERE due = 1 AND kind = ?1",
        params![kind.name()],
        |row| row.get("last"),
    )?;
    Ok(found.flatten())
}

/// Until when the invitation of an account works, if there is one.
pub(super) fn invitation(
    tx: &dyn Tx,
    account: AccountId,
    now: Time,
) -> Result<Option<Time>, StoreError> {
    tx.one(
        "SELECT expires_at FROM mailed_link
         WHERE account = ?1 AND kind = 'invite' AND used_at IS NULL AND expires_at > ?2",
        params![account.0, now],
        |row| row.get("expires_at"),
    )
}

/// Ends the invitations of an account.
pub(super) fn end_invitations(
    tx: &dyn Tx,
    account: AccountId,
    now: Time,
) -> Result<(), StoreError> {
    tx.execute(
        "UPDATE mailed_link SET used_at = ?2, due = 0
         WHERE account = ?1 AND kind = 'invite' AND used_at IS NULL",
        params![account.0, now],
    )?;
    Ok(())
}

/// A link that works now.
pub(super) fn get(tx: &dyn Tx, id: LinkId, now: Time) -> Result<Option<Link>, StoreError> {
    tx.one(
        "SELECT * FROM mailed_link WHERE id = ?1 AND used_at IS NULL AND expires_at > ?2",
        params![id, now],
        link,
    )
}

/// Uses a link up. `None`: it does not work (any more), or is of another kind.
pub(super) fn spend(
    tx: &dyn Tx,
    id: LinkId,
    kind: LinkKind,
    now: Time,
) -> Result<Option<Link>, StoreError> {
    let found = get(tx, id, now)?.filter(|link| link.kind == kind);
    if found.is_some() {
        tx.execute(
            "UPDATE mailed_link SET used_at = ?2, due = 0, payload = ?3 WHERE id = ?1",
            params![id, now, NOTHING],
        )?;
    }
    Ok(found)
}

/// Ends the links of an account, but those that take a change of its address back: whoever took it
/// over must not be able to end those.
pub(super) fn end_of_account(tx: &dyn Tx, account: AccountId, now: Time) -> Result<(), StoreError> {
    tx.execute(
        "UPDATE mailed_link SET used_at = ?2, due = 0, payload = ?3
         WHERE account = ?1 AND used_at IS NULL AND kind <> 'undo-email'",
        params![account.0, now, NOTHING],
    )?;
    Ok(())
}

/// The same, and invitations stay too.
pub(super) fn end_but_invitations(
    tx: &dyn Tx,
    account: AccountId,
    now: Time,
) -> Result<(), StoreError> {
    tx.execute(
        "UPDATE mailed_link SET used_at = ?2, due = 0, payload = ?3
         WHERE account = ?1 AND used_at IS NULL AND kind NOT IN ('undo-email', 'invite')",
        params![account.0, now, NOTHING],
    )?;
    Ok(())
}

/// A change of the address was taken back with the link `id`: those that came after it end.
pub(super) fn end_undos_since(
    tx: &dyn Tx,
    account: AccountId,
    id: LinkId,
    now: Time,
) -> Result<(), StoreError> {
    tx.execute(
        "UPDATE mailed_link SET used_at = ?3, due = 0, payload = ?4
         WHERE account = ?1 AND used_at IS NULL AND kind = 'undo-email'
           AND seq > (SELECT seq FROM mailed_link WHERE id = ?2)",
        params![account.0, id, now, NOTHING],
    )?;
    Ok(())
}

/// The addresses that can still undo a change of an account's address, the oldest first; each
/// once, and a few of them.
pub(super) fn undoing(
    tx: &dyn Tx,
    account: AccountId,
    now: Time,
) -> Result<Vec<Recipient>, StoreError> {
    let found = tx.all(
        "SELECT address, id, created_at FROM mailed_link WHERE seq IN
           (SELECT min(seq) FROM mailed_link
            WHERE account = ?1 AND kind = 'undo-email' AND used_at IS NULL AND expires_at > ?2
            GROUP BY address)
         ORDER BY seq LIMIT 4",
        params![account.0, now],
        |row| {
            let undo = Undo {
                link: row.get("id")?,
                made_at: row.get("created_at")?,
            };
            Ok((row.get("address")?, undo))
        },
    )?;
    let to = found
        .into_iter()
        .enumerate()
        .map(|(at, (email, undo))| Recipient {
            email,
            undo: Some(undo),
            may_recover: at == 0,
        });
    Ok(to.collect())
}

/// Until when a change of an account's address can be undone, if one can.
pub(super) fn undo_until(
    tx: &dyn Tx,
    account: AccountId,
    now: Time,
) -> Result<Option<Time>, StoreError> {
    let found = tx.one(
        "SELECT max(expires_at) AS last FROM mailed_link
         WHERE account = ?1 AND kind = 'undo-email' AND used_at IS NULL AND expires_at > ?2",
        params![account.0, now],
        |row| row.get("last"),
    )?;
    Ok(found.flatten())
}

/// The oldest links whose messages have not left.
pub(super) fn due(tx: &dyn Tx, now: Time) -> Result<Vec<DueLink>, StoreError> {
    tx.all(
        // Invitations, of which an import brings thousands, keep no other message waiting: not
        // here, and not behind a mail server that takes none.
        "SELECT mailed_link.*, account.language AS owners FROM mailed_link
         LEFT JOIN account ON acc = mailed_link.account
         WHERE due = 1 AND due_at <= ?1 AND (mailed_link.kind <> 'invite'
           OR (SELECT count(*) FROM delivery WHERE dead_at IS NULL) < ?2)
         ORDER BY mailed_link.kind = 'invite', seq LIMIT 100",
        params![now, policy::DELIVERIES_BEFORE_INVITATIONS],
        |row| {
            let owners: Option<Lang> = row.get("owners")?;
            Ok(DueLink {
                seq: row.get("seq")?,
                language: owners.map_or_else(|| row.get("language"), Ok)?,
                link: link(row)?,
            })
        },
    )
}
