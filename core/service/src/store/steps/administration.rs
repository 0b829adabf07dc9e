//! What operators do with accounts, and see of them. Each command is recorded with its operator: in
//! the journal, in the account's history, and so in the security log.

use countersign_protocol::{
    Time,
    id::{AccountId, DeviceId},
    policy::share::Asker,
};

use super::{
    accounts, closed, codes, deliveries, devices, events, facts, given_up, guesses, journal_rows,
    links, person, recovery, staff, standing::standing,
};
use crate::{
    base::{
        email::Email,
        operator::{Act, Operator},
    },
    policy::changes::{Change, Proof, allows},
    security::{self, Happened},
    store::*,
};

/// The newest events that an operator is shown.
const EVENTS: u32 = 20;

impl Store {
    /// Carries out an operator's command. Answers the devices that are to hear of it.
    pub(crate) async fn administer(
        &self,
        account: AccountId,
        order: Order,
        by: Operator,
        now: Time,
    ) -> Result<Result<Vec<DeviceId>, Unfit>, StoreError> {
        let subject = JournalSubject::Account(account);
        self.write_of(subject, Write::Administer, move |tx| {
            administer(tx, account, &order, &by, now)
        })
        .await
    }

    /// The account of an address, invited ones too.
    pub(crate) async fn administered(
        &self,
        email: &Email,
    ) -> Result<Option<AccountId>, StoreError> {
        self.read(|tx| {
            tx.one(
                "SELECT acc FROM account WHERE email = ?1",
                params![email.as_str()],
                |row| row.get("acc"),
            )
        })
    }

    /// The accounts whose addresses come after this text, so many at most.
    pub(crate) async fn list_accounts(
        &self,
        after: String,
        at_most: u32,
        now: Time,
    ) -> Result<Vec<Listed>, StoreError> {
        self.read(|tx| {
            tx.all(
                "SELECT account.*,
                   (SELECT count(*) FROM device
                    WHERE device.account = acc AND state <> 'pending') AS devices,
                   EXISTS (SELECT 1 FROM mailed_link
                     WHERE mailed_link.account = acc AND mailed_link.kind = 'invite'
                       AND used_at IS NULL AND expires_at > ?3) AS invitation
                 FROM account WHERE email > ?1 ORDER BY email LIMIT ?2",
                params![after, at_most, now],
                listed,
            )
        })
    }

    /// All that an operator sees of an account.
    pub(crate) async fn dossier(
        &self,
        account: AccountId,
        now: Time,
    ) -> Result<Option<Dossier>, StoreError> {
        self.read_of(JournalSubject::Account(account), |tx| {
            dossier(tx, account, now)
        })
        .await
    }
}

/// Carries out a command, and records it. Nothing is recorded where nothing was changed.
pub(super) fn administer(
    tx: &dyn Tx,
    account: AccountId,
    order: &Order,
    by: &Operator,
    now: Time,
) -> Result<Result<Vec<DeviceId>, Unfit>, StoreError> {
    let Some(stands) = stands(tx, account)? else {
        return Ok(Err(Unfit::Gone));
    };
    let devices = devices::of_account(tx, account)?;
    let devices = devices.iter().map(|device| device.dev).collect();
    if let Some(unfit) = unfit(tx, account, order, &stands, now)? {
        return Ok(Err(unfit));
    }
    let act = order.act();
    let command = JournalEntry::Administered(account, act, by.clone());
    journal_rows::record(tx, &command, now)?;
    match act {
        // The history goes with the account, and the log stays.
        Act::Delete => security::seen(now, Happened::event(account, act.event(), by.as_str())),
        // The invitation is a message, and an address that nobody has confirmed gets no other.
        _ if stands.invited || act == Act::Invite => {
            events::note_silently(tx, account, act.event(), by.as_str(), now)?;
        }
        _ => events::note(tx, account, act.event(), by.as_str(), now)?,
    }
    match order {
        Order::Invite(link) => staff::invite(tx, account, *link, now)?,
        Order::Disable => {
            closed::disable(tx, account, now)?;
            journal_rows::record(tx, &JournalEntry::Disabled(account), now)?;
        }
        Order::Enable => {
            closed::enable(tx, account, now)?;
            journal_rows::record(tx, &JournalEntry::Enabled(account), now)?;
        }
        Order::Delete(told) => {
            closed::delete(tx, account)?;
            for told in told {
                deliveries::put(tx, told, now)?;
            }
            journal_rows::record(tx, &JournalEntry::Deleted(account), now)?;
        }
        Order::Rename(name) => {
            person::set(tx, account, name.first(), name.last())?;
            let (first, last) = (name.first().to_owned(), name.last().to_owned());
            journal_rows::record(tx, &JournalEntry::Name(account, first, last), now)?;
        }
        Order::Unblock => {
            guesses::open_ways(tx, account)?;
            codes::open_plain(tx, account)?;
        }
        Order::Reset(new) => {
            let new = Some(new).filter(|_| !stands.staff && !stands.disabled);
            recovery::reset(tx, account, new, now)?;
        }
    }
    Ok(Ok(devices))
}

/// Why an account can't be changed so, if it can't.
fn unfit(
    tx: &dyn Tx,
    account: AccountId,
    order: &Order,
    stands: &Stands,
    now: Time,
) -> Result<Option<Unfit>, StoreError> {
    Ok(match order {
        Order::Disable => stands.disabled.then_some(Unfit::Already),
        Order::Enable => (!stands.disabled).then_some(Unfit::NotDisabled),
        Order::Delete(_) => None,
        Order::Rename(_) => (!stands.staff).then_some(Unfit::OwnName),
        Order::Unblock if stands.invited => Some(Unfit::Invited),
        Order::Unblock if stands.disabled => Some(Unfit::Disabled),
        Order::Unblock => (!is_locked(tx, account, now)?).then_some(Unfit::NotLocked),
        Order::Reset(_) if stands.invited => Some(Unfit::Invited),
        Order::Reset(_) => {
            // A disabled account can be reset too, so that it is safe when it is enabled.
            let facts = facts::of(tx, account, now)?;
            let allowed = allows(Change::Reset, &facts, Proof::Administrator);
            allowed.is_err().then_some(Unfit::Gone)
        }
        Order::Invite(_) if stands.disabled => Some(Unfit::Disabled),
        // Whoever has not accepted an invitation yet may get another one.
        Order::Invite(_) if stands.invited => None,
        Order::Invite(_) if !stands.staff => Some(Unfit::Own),
        // Whoever has, only to recover an account that lost its factors.
        Order::Invite(_) => {
            let (change, given) = (Change::BeginRecovery, Proof::Invitation);
            let allowed = facts::allow(tx, account, change, given, now)?;
            allowed.is_err().then_some(Unfit::InUse)
        }
    })
}

/// Is something locked that an operator can lift?
fn is_locked(tx: &dyn Tx, account: AccountId, now: Time) -> Result<bool, StoreError> {
    if !guesses::closed(tx, account)?.is_empty() {
        return Ok(true);
    }
    let asked = [Asker::Unknown, Asker::Known];
    let codes = codes::of_account(tx, account)?;
    Ok(codes.is_some_and(|(_, without_pin)| {
        let closed = |asker| without_pin.spend(asker, now).is_err();
        asked.into_iter().any(closed)
    }))
}

/// How an account stands, for a command.
struct Stands {
    staff: bool,
    invited: bool,
    disabled: bool,
}

fn stands(tx: &dyn Tx, account: AccountId) -> Result<Option<Stands>, StoreError> {
    tx.one(
        "SELECT kind, invited, disabled_at FROM account WHERE acc = ?1",
        params![account.0],
        |row| {
            Ok(Stands {
                staff: row.get::<AccountKind>("kind")? == AccountKind::Staff,
                invited: row.get("invited")?,
                disabled: row.get::<Option<Time>>("disabled_at")?.is_some(),
            })
        },
    )
}

fn listed(row: &dyn Row) -> Result<Listed, StoreError> {
    Ok(Listed {
        account: accounts::from_row(row)?,
        invited: row.get("invited")?,
        invitation: row.get("invitation")?,
        guarded: row.get("guarded")?,
        disabled: row.get::<Option<Time>>("disabled_at")?.is_some(),
        devices: row.get("devices")?,
        created_at: row.get("created_at")?,
    })
}

fn dossier(tx: &dyn Tx, account: AccountId, now: Time) -> Result<Option<Dossier>, StoreError> {
    let found = tx.one(
        "SELECT account.*, 0 AS devices, 0 AS invitation FROM account WHERE acc = ?1",
        params![account.0],
        listed,
    )?;
    let (Some(listed), Some((with_pin, without_pin))) = (found, codes::of_account(tx, account)?)
    else {
        return Ok(None);
    };
    let standing = standing(tx, account)?;
    let invitation = links::invitation(tx, account, now)?;
    let devices: Vec<_> = devices::of_account(tx, account)?
        .into_iter()
        .map(|device| ListedDevice {
            state: match device.state {
                DeviceState::Active if device.is_blocked() => "blocked",
                state => state.name(),
            },
            name: device.name,
            platform: device.platform,
            created_at: device.created_at,
            used_at: device.used_at,
        })
        .collect();
    Ok(Some(Dossier {
        listed: Listed {
            devices: devices.len() as u64,
            invitation: invitation.is_some(),
            ..listed
        },
        devices,
        closed: guesses::closed(tx, account)?,
        pin_codes_closed: with_pin.spend(Asker::Unknown).is_err(),
        plain_codes_closed: without_pin.spend(Asker::Unknown, now).is_err(),
        recovery: standing.recovery,
        deletion: standing.deletion,
        invitation,
        not_delivered: given_up::not_delivered(tx, account)?,
        events: events::events(tx, account, EVENTS)?,
    }))
}
