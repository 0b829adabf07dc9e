//! Seals again what a replaced key sealed, and ends what a copied key file makes worthless.

use std::sync::Arc;

use base64::{Engine, prelude::BASE64_STANDARD_NO_PAD};
use countersign_protocol::{Time, id::AccountId, policy::codes::WITH_PIN_IN_EPOCH};

use super::{
    journal_rows, own_keys, restore,
    settings::{set_setting, setting},
};
use crate::{
    keys::{
        root::RootKeys,
        seal::{Place, SealError, SealingKey},
    },
    store::{
        tx::{FromValue, ToValue},
        *,
    },
};

/// So many rows are sealed again in one transaction.
const BATCH: u32 = 500;
/// The setting that says for which theft [`end_copied`] has done its work: when the root was
/// replaced.
const COPIED: &str = "copied-at";

/// One kind of rows with sealed values. Their statements take the same columns in the same order.
struct Kind {
    /// For messages.
    table: &'static str,
    /// The field of each sealed column, as its [`Place`] has it.
    fields: &'static [&'static str],
    /// How many rows there are, as `n`.
    count: &'static str,
    /// The next rows after the key `?1`, `?2` at most: `row` is the key, `owner` and `epoch` are
    /// the place's, and `s0`, `s1`... the sealed values.
    select: &'static str,
    /// Writes the sealed values from `?3` on into the row with the key `?1` and the epoch `?2`.
    update: &'static str,
}

/// Everything sealed, but the service's own keys.
const KINDS: [Kind; 8] = [
    Kind {
        table: "account",
        fields: &["password"],
        count: "SELECT count(*) AS n FROM account",
        select: "SELECT acc AS row, acc AS owner, 0 AS epoch, password AS s0 FROM account
                 WHERE acc > ?1 ORDER BY acc LIMIT ?2",
        update: "UPDATE account SET password = ?3 WHERE acc = ?1 AND ?2 = 0",
    },
    Kind {
        table: "device",
        fields: &["pin-key", "pin-share", "plain-share", "bio-share", "chain"],
        count: "SELECT count(*) AS n FROM device",
        select: "SELECT dev AS row, dev AS owner, epoch, pin_key AS s0, pin_share AS s1,
                   plain_share AS s2, bio_share AS s3, chain AS s4 FROM device
                 WHERE dev > ?1 ORDER BY dev LIMIT ?2",
        update: "UPDATE device SET pin_key = ?3, pin_share = ?4, plain_share = ?5, bio_share = ?6,
                   chain = ?7 WHERE dev = ?1 AND epoch = ?2",
    },
    Kind {
        table: "pending_change",
        fields: &["pin-key", "pin-share", "chain"],
        count: "SELECT count(*) AS n FROM pending_change",
        select:
            "SELECT dev AS row, dev AS owner, epoch, pin_key AS s0, pin_share AS s1, chain AS s2
                 FROM pending_change WHERE dev > ?1 ORDER BY dev LIMIT ?2",
        update: "UPDATE pending_change SET pin_key = ?3, pin_share = ?4, chain = ?5
                 WHERE dev = ?1 AND epoch = ?2",
    },
    Kind {
        table: "past_epoch",
        fields: &["pin-share", "chain"],
        count: "SELECT count(*) AS n FROM past_epoch",
        // A device has a few of them, which go together.
        select: "SELECT dev AS row, dev AS owner, epoch, pin_share AS s0, chain AS s1
                 FROM past_epoch WHERE dev IN (SELECT DISTINCT dev FROM past_epoch
                   WHERE dev > ?1 ORDER BY dev LIMIT ?2) ORDER BY dev",
        update: "UPDATE past_epoch SET pin_share = ?3, chain = ?4 WHERE dev = ?1 AND epoch = ?2",
    },
    Kind {
        table: "enrolment",
        fields: &["pin-check", "enrolment-code"],
        count: "SELECT count(*) AS n FROM enrolment",
        select: "SELECT id AS row, dev AS owner, 1 AS epoch, pin_check AS s0, code AS s1
                 FROM enrolment WHERE id > ?1 ORDER BY id LIMIT ?2",
        update: "UPDATE enrolment SET pin_check = ?3, code = ?4 WHERE id = ?1 AND ?2 = 1",
    },
    Kind {
        table: "push_address",
        fields: &["push-address"],
        count: "SELECT count(*) AS n FROM push_address",
        select: "SELECT dev AS row, dev AS owner, 0 AS epoch, address AS s0 FROM push_address
                 WHERE dev > ?1 ORDER BY dev LIMIT ?2",
        update: "UPDATE push_address SET address = ?3 WHERE dev = ?1 AND ?2 = 0",
    },
    Kind {
        table: "mailed_link",
        fields: &["mailed-link"],
        count: "SELECT count(*) AS n FROM mailed_link",
        select: "SELECT id AS row, id AS owner, 0 AS epoch, payload AS s0 FROM mailed_link
                 WHERE id > ?1 ORDER BY id LIMIT ?2",
        update: "UPDATE mailed_link SET payload = ?3 WHERE id = ?1 AND ?2 = 0",
    },
    Kind {
        table: "delivery",
        fields: &["delivery"],
        count: "SELECT count(*) AS n FROM delivery",
        select: "SELECT id AS row, id AS owner, 0 AS epoch, content AS s0 FROM delivery
                 WHERE id > ?1 ORDER BY id LIMIT ?2",
        update: "UPDATE delivery SET content = ?3 WHERE id = ?1 AND ?2 = 0",
    },
];

/// How far sealing again has come.
#[derive(Clone, Default)]
pub(crate) struct Position {
    kind: usize,
    after: Vec<u8>,
    /// So many rows were looked at.
    pub(crate) done: u64,
    /// There is nothing left.
    pub(crate) is_at_end: bool,
}

/// A sealed value as a column has it.
#[derive(Clone)]
enum Sealed {
    Nothing,
    /// The hash of a password, in base64.
    Text(String),
    Blob(Vec<u8>),
}

impl Sealed {
    /// The same under the present key; `None` when there is nothing to do.
    fn renewed(&self, sealing: &SealingKey, place: Place) -> Result<Option<Self>, SealError> {
        Ok(match self {
            // A link that was used has none left.
            Self::Blob(bytes) if !bytes.is_empty() => {
                sealing.renewed(place, bytes)?.map(Self::Blob)
            }
            // A password that counts no more, and one that an older program left unsealed: the next
            // start seals that.
            Self::Text(text) if !text.is_empty() && !text.starts_with("$argon2") => {
                let bytes = BASE64_STANDARD_NO_PAD.decode(text);
                let bytes = bytes.map_err(|_| SealError::DoesNotOpen)?;
                let again = sealing.renewed(place, &bytes)?;
                again.map(|bytes| Self::Text(BASE64_STANDARD_NO_PAD.encode(bytes)))
            }
            _ => None,
        })
    }
}

impl FromValue for Sealed {
    fn from_value(value: Value<'_>) -> Option<Self> {
        match value {
            Value::Null => Some(Self::Nothing),
            Value::Text(text) => Some(Self::Text(text.to_owned())),
            Value::Blob(bytes) => Some(Self::Blob(bytes.to_vec())),
            Value::Int(_) => None,
        }
    }
}

impl ToValue for Sealed {
    fn to_value(&self) -> Value<'_> {
        match self {
            Self::Nothing => Value::Null,
            Self::Text(text) => Value::Text(text),
            Self::Blob(bytes) => Value::Blob(bytes),
        }
    }
}

impl Store {
    /// How many rows have sealed values.
    pub(crate) fn sealed_rows(&self) -> Result<u64, StoreError> {
        self.read(rows)
    }

    /// Seals the next rows again: each call is one transaction.
    ///
    /// # Errors
    /// [`StoreError::Unopened`] for a value that opens under no key.
    pub(crate) async fn reseal(
        &self,
        at: Position,
        root: Arc<RootKeys>,
    ) -> Result<Position, StoreError> {
        self.write(Write::Reseal, move |tx| {
            let mut at = at.clone();
            step(tx, &root.sealing, &mut at)?;
            Ok(at)
        })
        .await
    }

    /// Refuses, from now on, a key file from before an exchange that was begun, and ends what a
    /// thief with such a file and a database could use, once for each theft. Comes before anything
    /// is sealed with the new key.
    pub(crate) async fn begin_exchange(
        &self,
        root: Arc<RootKeys>,
        now: Time,
    ) -> Result<(), StoreError> {
        self.write(Write::BeginExchange, move |tx| {
            begin(tx, &root, root.copied_at, now)
        })
        .await
    }
}

fn rows(tx: &dyn Tx) -> Result<u64, StoreError> {
    let mut rows = 0;
    for kind in &KINDS {
        let count = tx.one(kind.count, params![], |row| row.get::<u64>("n"));
        rows += count?.unwrap_or(0);
    }
    Ok(rows)
}

/// Seals everything again, in the transaction of the caller.
pub(in crate::store) fn all(tx: &dyn Tx, sealing: &SealingKey) -> Result<(), StoreError> {
    let mut position = Position::default();
    while !position.is_at_end {
        step(tx, sealing, &mut position)?;
    }
    Ok(())
}

/// Seals the next rows again.
fn step(tx: &dyn Tx, sealing: &SealingKey, at: &mut Position) -> Result<(), StoreError> {
    let Some(kind) = KINDS.get(at.kind) else {
        // Last, so that a backup which is made meanwhile is known by them to need the old key.
        reseal_own(tx, sealing)?;
        at.is_at_end = true;
        return Ok(());
    };
    let found = tx.all(kind.select, params![at.after, BATCH], |row| {
        let columns = ["s0", "s1", "s2", "s3", "s4"].into_iter();
        let sealed = columns.zip(kind.fields).map(|(column, _)| row.get(column));
        Ok((
            row.get::<Vec<u8>>("row")?,
            row.get::<Vec<u8>>("owner")?,
            row.get::<u32>("epoch")?,
            sealed.collect::<Result<Vec<Sealed>, _>>()?,
        ))
    })?;
    let Some((last, ..)) = found.last() else {
        at.kind += 1;
        at.after.clear();
        return Ok(());
    };
    at.after.clone_from(last);
    at.done += found.len() as u64;
    for (row, owner, epoch, mut sealed) in found {
        let unopened = || StoreError::Unopened(kind.table, crate::base::hex::encode(&row));
        let owner = owner.first_chunk().ok_or_else(unopened)?;
        let mut changed = false;
        for (value, field) in sealed.iter_mut().zip(kind.fields) {
            let place = Place {
                owner: *owner,
                field,
                epoch,
            };
            if let Some(new) = value.renewed(sealing, place).map_err(|_| unopened())? {
                (*value, changed) = (new, true);
            }
        }
        if changed {
            let mut values = vec![row.to_value(), epoch.to_value()];
            values.extend(sealed.iter().map(ToValue::to_value));
            tx.execute(kind.update, &values)?;
        }
    }
    Ok(())
}

/// The service's own keys, where they are kept and where the journal has them.
fn reseal_own(tx: &dyn Tx, sealing: &SealingKey) -> Result<(), StoreError> {
    let renewed = |key: &OwnKey| {
        let unopened = |_| StoreError::Unopened("service_key", key.kid.to_string());
        sealing
            .renewed(key.used_for.place(), &key.sealed)
            .map_err(unopened)
    };
    for row in journal_rows::since(tx, 0)? {
        if let Some(JournalEntry::Key(mut key)) = JournalEntry::from_text(&row.entry)
            && let Some(sealed) = renewed(&key)?
        {
            key.sealed = sealed;
            tx.execute(
                "UPDATE journal SET entry = ?2 WHERE seq = ?1",
                params![row.seq, JournalEntry::Key(key).to_text()],
            )?;
        }
    }
    for key in own_keys::own(tx)?.keys {
        if let Some(sealed) = renewed(&key)? {
            tx.execute(
                "UPDATE service_key SET sealed = ?3 WHERE purpose = ?1 AND kid = ?2",
                params![key.used_for.name(), key.kid.0, sealed],
            )?;
        }
    }
    Ok(())
}

/// The begin of an exchange, in the transaction of the caller.
pub(in crate::store) fn begin(
    tx: &dyn Tx,
    root: &RootKeys,
    copied_at: Option<Time>,
    now: Time,
) -> Result<(), StoreError> {
    own_keys::set_sealed_by(tx, &root.sealing.name())?;
    match copied_at {
        Some(at) => end_copied(tx, root, at, now),
        None => Ok(()),
    }
}

/// Ends what a thief with the key file and a database could use: what is open, sessions, links,
/// browsers that are known, and codes of the PIN epochs whose secrets were in that database.
fn end_copied(
    tx: &dyn Tx,
    root: &RootKeys,
    replaced_at: Time,
    now: Time,
) -> Result<(), StoreError> {
    let done = replaced_at.to_string().into_bytes();
    if setting(tx, COPIED)?.as_ref() == Some(&done) {
        return Ok(());
    }
    restore::close_what_was_open(tx, now)?;
    for sql in [
        "DELETE FROM known_browser",
        "DELETE FROM past_epoch",
        "DELETE FROM pending_change",
        // Counts of addresses without an account can't be found under the new key.
        "DELETE FROM guess WHERE account IS NULL",
    ] {
        tx.execute(sql, params![])?;
    }
    // Links of before work no more. The owner of an address that was changed needs one that does.
    tx.execute("DELETE FROM delivery WHERE link IS NOT NULL", params![])?;
    tx.execute(
        "UPDATE mailed_link SET due = 1
         WHERE kind = 'undo-email' AND used_at IS NULL AND expires_at > ?1",
        params![now],
    )?;
    // Codes without PIN are closed by the epoch, and those with PIN by the budget too: that makes
    // the phone begin a new epoch after its next right PIN.
    tx.execute(
        "UPDATE device SET copied_epoch = epoch, wrong_codes = ?1, unknown_codes = ?2",
        params![WITH_PIN_IN_EPOCH.all, WITH_PIN_IN_EPOCH.unknown],
    )?;
    let guessed_at = tx.all(
        "SELECT DISTINCT account FROM guess WHERE account IS NOT NULL",
        params![],
        |row| row.get::<AccountId>("account"),
    )?;
    for account in guessed_at {
        tx.execute(
            "UPDATE guess SET who = ?2 WHERE account = ?1",
            params![account.0, root.guesses_at(&account.0)],
        )?;
    }
    set_setting(tx, COPIED, &done)
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use rusqlite::{Connection, params};

    use super::*;

    /// A measure: `cargo test --release -p countersign-service --lib -- --ignored --nocapture
    /// a_hundred_thousand_phones`.
    #[tokio::test]
    #[ignore = "a measure that takes a minute"]
    async fn a_hundred_thousand_phones_are_sealed_again() {
        let folder = tempfile::tempdir().unwrap();
        let key = folder.path().join("service.key");
        let old = crate::keys::file::KeyFile::load(&key, true).unwrap();
        let root = RootKeys::new(&old, &key).unwrap();
        let (store, _) = Store::open(folder.path()).unwrap();
        let c = Connection::open(folder.path().join("service.db")).unwrap();
        c.execute_batch("BEGIN").unwrap();
        for number in 0..100_000_u64 {
            let id = number.to_be_bytes();
            let mut long = [0; 16];
            long[8..].copy_from_slice(&id);
            let seal = |field| {
                let place = Place {
                    owner: id,
                    field,
                    epoch: 1,
                };
                root.sealing.seal(place, &[7; 32]).unwrap()
            };
            c.prepare_cached(
                "INSERT INTO account (acc, email, first_name, last_name, password, created_at)
                 VALUES (?1, ?2, 'A', 'B', '', 1)",
            )
            .unwrap()
            .execute(params![id, format!("{number}@example.eu")])
            .unwrap();
            c.prepare_cached(
                "INSERT INTO device (dev, account, enrolment, name, model, platform, state,
                   created_at, used_at, hardware, device_key, epoch, first_step, pin_key, pin_share,
                   plain_share, chain, chain_step)
                 VALUES (?1, ?1, ?2, 'n', 'm', 'p', 'active', 1, 1, 0, x'', 1, 1, ?3, ?4, ?5, ?6, 1)",
            )
            .unwrap()
            .execute(params![
                id,
                long,
                seal("pin-key"),
                seal("pin-share"),
                seal("plain-share"),
                seal("chain")
            ])
            .unwrap();
        }
        c.execute_batch("COMMIT").unwrap();
        let new = old.exchanged(true, 2, 0).unwrap();
        let root = Arc::new(RootKeys::new(&new, &key).unwrap());
        let begin = Instant::now();
        store.begin_exchange(Arc::clone(&root), 2).await.unwrap();
        println!("ended what was copied: {:?}", begin.elapsed());
        let mut position = Position::default();
        while !position.is_at_end {
            position = store.reseal(position, Arc::clone(&root)).await.unwrap();
        }
        println!("{} rows: {:?}", position.done, begin.elapsed());
        store.close();
    }
}
