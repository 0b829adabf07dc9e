//! Rows of accounts, services and sealed blobs.

use countersign_protocol::id::{AccountId, DeviceId, EnrolmentId, Hash, KeyId, Svc};
use countersign_protocol::reply::DeviceState;
use countersign_protocol::update::ChangeKind;
use countersign_protocol::{Step, Time};
use rusqlite::types::Type;
use rusqlite::{Connection, OptionalExtension, Row, params};

use super::biometrics::{BiometricRow, BiometricState};
use super::changes::PendingChange;
use super::{Store, StoreError};

/// How far an account is, as last reported by the service.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum State {
    /// Stored before the claim was sent; nothing heard yet.
    Stored = 0,
    /// The service has the claim.
    Claimed = 1,
    /// The claim is confirmed.
    Confirmed = 2,
    /// In use.
    Active = 3,
    /// Out of tries.
    Blocked = 4,
    /// A copy of this phone was seen.
    Suspended = 5,
}

impl From<DeviceState> for State {
    fn from(state: DeviceState) -> Self {
        match state {
            DeviceState::Claimed => Self::Claimed,
            DeviceState::Confirmed => Self::Confirmed,
            DeviceState::Active => Self::Active,
            DeviceState::Blocked => Self::Blocked,
            DeviceState::Suspended => Self::Suspended,
        }
    }
}

impl State {
    fn from_number(number: i64) -> Option<Self> {
        [
            Self::Stored,
            Self::Claimed,
            Self::Confirmed,
            Self::Active,
            Self::Blocked,
            Self::Suspended,
        ]
        .into_iter()
        .find(|state| *state as i64 == number)
    }

    /// Whether the enrolment is over.
    pub(crate) fn is_enrolled(self) -> bool {
        matches!(self, Self::Active | Self::Blocked | Self::Suspended)
    }
}

/// Tries left, as last reported by the service.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Tries {
    pub(crate) in_row: u8,
    pub(crate) in_epoch: u8,
}

/// An account, without its secrets.
#[derive(Clone)]
pub(crate) struct Account {
    pub(crate) number: u32,
    pub(crate) svc: Svc,
    pub(crate) acc: AccountId,
    pub(crate) dev: DeviceId,
    pub(crate) origin: String,
    pub(crate) state: State,
    pub(crate) enrolment: EnrolmentId,
    pub(crate) enrolment_ends: Time,
    pub(crate) app_name: String,
    pub(crate) account_label: String,
    pub(crate) device_name: String,
    pub(crate) own_name: Option<String>,
    pub(crate) device_key: Vec<u8>,
    /// In whose name K_dev was made: 0 at enrolment, then the epoch of its rotation.
    pub(crate) device_key_epoch: u32,
    pub(crate) z_present: bool,
    pub(crate) epoch: u32,
    /// The service's epoch, where it is another.
    pub(crate) told_epoch: Option<u32>,
    pub(crate) counter: u64,
    pub(crate) next_step: Option<Step>,
    pub(crate) state_token: Option<[u8; 32]>,
    pub(crate) tries: Option<Tries>,
    pub(crate) created_at: Time,
    pub(crate) synced_at: Time,
    /// Slot B.
    pub(crate) pending: Option<PendingChange>,
    /// K_bio and B.
    pub(crate) biometrics: Option<BiometricRow>,
    /// The hash of the push address that was last reported.
    pub(crate) push_told: Option<[u8; 32]>,
    /// When a recovery of the account can be finished, where the service reported one.
    pub(crate) recovery_ends_at: Option<Time>,
}

impl Account {
    /// The person's name for it.
    pub(crate) fn name(&self) -> &str {
        self.own_name.as_deref().unwrap_or(&self.account_label)
    }
}

/// An account that is about to be claimed.
pub(crate) struct NewAccount<'a> {
    pub(crate) svc: Svc,
    pub(crate) acc: AccountId,
    pub(crate) dev: DeviceId,
    pub(crate) origin: &'a str,
    pub(crate) info: &'a [u8],
    pub(crate) enrolment: EnrolmentId,
    pub(crate) enrolment_ends: Time,
    pub(crate) app_name: &'a str,
    pub(crate) account_label: &'a str,
    pub(crate) device_key: &'a [u8],
    pub(crate) z_present: bool,
    pub(crate) epoch: u32,
    pub(crate) now: Time,
    /// Field names and sealed blobs.
    pub(crate) sealed: [(&'static str, &'a [u8]); 3],
}

const SELECT: &str = "SELECT number, account.svc, acc, dev, origin, account.state, enrolment, enrolment_ends, app_name, \
     account_label, device_name, own_name, account.device_key, z_present, account.epoch, counter, next_step, state_token, tries_in_row, \
     tries_in_epoch, created_at, synced_at, device_key_epoch, told_epoch, pending.epoch, pending.hash, pending.kind, \
     pending.accepted, pending.step, pending.device_key, bio.state, bio.key, bio.kid, bio.share, push_told, recovery_ends_at \
     FROM account JOIN service USING (svc) LEFT JOIN pending_change AS pending ON pending.account = account.number \
     LEFT JOIN biometrics AS bio ON bio.account = account.number";

fn account(row: &Row<'_>) -> rusqlite::Result<Account> {
    let number = |at: usize| row.get::<_, i64>(at).map(i64::unsigned_abs);
    let odd =
        |at: usize| rusqlite::Error::InvalidColumnType(at, "account".to_owned(), Type::Integer);
    let in_row: Option<u8> = row.get(18)?;
    let in_epoch: Option<u8> = row.get(19)?;
    Ok(Account {
        number: row.get(0)?,
        svc: Svc(row.get(1)?),
        acc: AccountId(row.get(2)?),
        dev: DeviceId(row.get(3)?),
        origin: row.get(4)?,
        state: State::from_number(row.get(5)?).ok_or_else(|| odd(5))?,
        enrolment: EnrolmentId(row.get(6)?),
        enrolment_ends: number(7)?,
        app_name: row.get(8)?,
        account_label: row.get(9)?,
        device_name: row.get(10)?,
        own_name: row.get(11)?,
        device_key: row.get(12)?,
        z_present: row.get(13)?,
        epoch: row.get(14)?,
        counter: number(15)?,
        next_step: row.get::<_, Option<i64>>(16)?.map(i64::unsigned_abs),
        state_token: row.get(17)?,
        tries: in_row
            .zip(in_epoch)
            .map(|(in_row, in_epoch)| Tries { in_row, in_epoch }),
        created_at: number(20)?,
        synced_at: number(21)?,
        device_key_epoch: row.get(22)?,
        told_epoch: row.get(23)?,
        pending: row
            .get::<_, Option<u32>>(24)?
            .map(|epoch| {
                Ok::<_, rusqlite::Error>(PendingChange {
                    epoch,
                    hash: Hash(row.get(25)?),
                    kind: ChangeKind::from_number(number(26)?).ok_or_else(|| odd(26))?,
                    accepted: row.get(27)?,
                    step: number(28)?,
                    device_key: row.get(29)?,
                })
            })
            .transpose()?,
        biometrics: row
            .get::<_, Option<i64>>(30)?
            .map(|state| {
                Ok::<_, rusqlite::Error>(BiometricRow {
                    state: BiometricState::from_number(state.unsigned_abs())
                        .ok_or_else(|| odd(30))?,
                    key: row.get(31)?,
                    kid: KeyId(row.get(32)?),
                    code_secret: row.get(33)?,
                })
            })
            .transpose()?,
        push_told: row.get(34)?,
        recovery_ends_at: row.get::<_, Option<i64>>(35)?.map(i64::unsigned_abs),
    })
}

impl Store {
    /// Every account, finished or not, in the order in which they came.
    pub(crate) fn accounts(&self) -> Result<Vec<Account>, StoreError> {
        self.read(|connection| {
            connection
                .prepare_cached(&format!("{SELECT} ORDER BY number"))?
                .query_map([], account)?
                .collect()
        })
    }

    /// The same of one service.
    pub(crate) fn accounts_at(&self, svc: Svc) -> Result<Vec<Account>, StoreError> {
        let mut accounts: Vec<_> = self.read(|connection| {
            connection
                .prepare_cached(&format!("{SELECT} WHERE account.svc = ?1"))?
                .query_map([svc.0], account)?
                .collect::<Result<_, _>>()
        })?;
        accounts.sort_unstable_by_key(|account| account.number);
        Ok(accounts)
    }

    /// One account.
    pub(crate) fn account(
        &self,
        connection: &Connection,
        number: u32,
    ) -> Result<Option<Account>, StoreError> {
        connection
            .prepare_cached(&format!("{SELECT} WHERE number = ?1"))
            .and_then(|mut statement| statement.query_row([number], account).optional())
            .map_err(|error| self.failure(error))
    }

    /// The signed information of a service, as it was verified.
    pub(crate) fn info(&self, svc: Svc) -> Result<Option<Vec<u8>>, StoreError> {
        self.read(|connection| {
            connection
                .query_row("SELECT info FROM service WHERE svc = ?1", [svc.0], |row| {
                    row.get(0)
                })
                .optional()
        })
    }

    /// Keeps newer information of a service that is known.
    pub(crate) fn set_info(
        &self,
        connection: &Connection,
        svc: Svc,
        info: &[u8],
    ) -> Result<(), StoreError> {
        self.run(
            connection,
            "UPDATE service SET info = ?2 WHERE svc = ?1",
            params![svc.0, info],
        )
    }

    /// Stores an account before its claim is sent.
    pub(crate) fn add_account(
        &self,
        connection: &Connection,
        new: &NewAccount<'_>,
    ) -> Result<u32, StoreError> {
        self.expect_remains(connection)?;
        self.run(
            connection,
            "INSERT INTO service (svc, origin, info) VALUES (?1, ?2, ?3) ON CONFLICT (svc) DO UPDATE SET info = excluded.info",
            params![new.svc.0, new.origin, new.info],
        )?;
        self.run(
            connection,
            "INSERT INTO account (svc, acc, dev, state, enrolment, enrolment_ends, app_name, account_label, device_name, device_key, \
             z_present, epoch, counter, created_at, synced_at) VALUES (?1, ?2, ?3, 0, ?4, ?5, ?6, ?7, '', ?8, ?9, ?10, 0, ?11, 0)",
            params![
                new.svc.0,
                new.acc.0,
                new.dev.0,
                new.enrolment.0,
                new.enrolment_ends as i64,
                new.app_name,
                new.account_label,
                new.device_key,
                new.z_present,
                new.epoch,
                new.now as i64
            ],
        )?;
        let number = u32::try_from(connection.last_insert_rowid())
            .map_err(|_| self.damaged("too many accounts"))?;
        for (field, blob) in new.sealed {
            self.run(
                connection,
                "INSERT INTO sealed (account, field, epoch, blob) VALUES (?1, ?2, ?3, ?4)",
                params![number, field, new.epoch, blob],
            )?;
        }
        Ok(number)
    }

    /// Writes back what changes of an account: state, names, epoch, step, token, tries, K_dev, the
    /// hash of the reported push address, a recovery.
    pub(crate) fn save_account(
        &self,
        connection: &Connection,
        account: &Account,
    ) -> Result<(), StoreError> {
        self.run(
            connection,
            "UPDATE account SET state = ?2, app_name = ?3, account_label = ?4, device_name = ?5, own_name = ?6, \
             epoch = ?7, counter = ?8, next_step = ?9, state_token = ?10, tries_in_row = ?11, tries_in_epoch = ?12, \
             synced_at = ?13, device_key = ?14, device_key_epoch = ?15, told_epoch = ?16, push_told = ?17, \
             recovery_ends_at = ?18 WHERE number = ?1",
            params![
                account.number,
                account.state as i64,
                account.app_name,
                account.account_label,
                account.device_name,
                account.own_name,
                account.epoch,
                account.counter as i64,
                account.next_step.map(|step| step as i64),
                account.state_token,
                account.tries.map(|tries| tries.in_row),
                account.tries.map(|tries| tries.in_epoch),
                account.synced_at as i64,
                account.device_key,
                account.device_key_epoch,
                account.told_epoch,
                account.push_told,
                account.recovery_ends_at.map(|at| at as i64)
            ],
        )
    }

    /// Removes an account and all that was sealed for it; the service's row goes with its last
    /// account.
    pub(crate) fn remove_account(
        &self,
        connection: &Connection,
        account: &Account,
    ) -> Result<(), StoreError> {
        self.expect_remains(connection)?;
        self.run(
            connection,
            "DELETE FROM account WHERE number = ?1",
            params![account.number],
        )?;
        self.remove_service(connection, account.svc)
    }

    /// Removes a service for which nothing is left.
    pub(super) fn remove_service(
        &self,
        connection: &Connection,
        svc: Svc,
    ) -> Result<(), StoreError> {
        self.run(
            connection,
            "DELETE FROM service WHERE svc = ?1 AND NOT EXISTS (SELECT 1 FROM account WHERE account.svc = service.svc) \
             AND NOT EXISTS (SELECT 1 FROM removal WHERE removal.svc = service.svc)",
            [svc.0],
        )
    }

    /// A sealed blob.
    pub(crate) fn sealed(
        &self,
        connection: &Connection,
        account: &Account,
        field: &str,
    ) -> Result<Vec<u8>, StoreError> {
        connection
            .prepare_cached(
                "SELECT blob FROM sealed WHERE account = ?1 AND field = ?2 AND epoch = ?3",
            )
            .and_then(|mut statement| {
                let values = params![account.number, field, account.epoch];
                statement.query_row(values, |row| row.get(0)).optional()
            })
            .map_err(|error| self.failure(error))?
            .ok_or_else(|| self.damaged("a secret is missing"))
    }

    /// Puts a blob in the place of the one before it.
    pub(crate) fn replace_sealed(
        &self,
        connection: &Connection,
        account: &Account,
        field: &str,
        blob: &[u8],
    ) -> Result<(), StoreError> {
        self.run(
            connection,
            "UPDATE sealed SET blob = ?4 WHERE account = ?1 AND field = ?2 AND epoch = ?3",
            params![account.number, field, account.epoch, blob],
        )
    }

    pub(super) fn run(
        &self,
        connection: &Connection,
        sql: &str,
        values: impl rusqlite::Params,
    ) -> Result<(), StoreError> {
        connection
            .prepare_cached(sql)
            .and_then(|mut statement| statement.execute(values))
            .map(drop)
            .map_err(|error| self.failure(error))
    }
}
