//! Accounts that an operator adds: invited first, and their person's once the invitation is
//! accepted.

use std::sync::Arc;

use countersign_protocol::{Time, id::AccountId};

use super::{
    accounts, credentials, events, facts, journal_rows, links, recovery, sessions,
    standing::standing,
};
use crate::{
    base::{email::Email, lang::Lang, operator::Operator},
    policy::{
        self,
        changes::{Change, Proof},
    },
    security::{self, Happened},
    store::*,
};

/// Told of each account that was made, so many so far.
pub(crate) type Made = dyn Fn(usize) + Send + Sync;

impl Store {
    /// Makes accounts for these people, all or none, and invites each: answers when the last
    /// invitation leaves. Otherwise answers which addresses are taken, by their places in the list.
    pub(crate) async fn add_staff(
        &self,
        people: Arc<[NewStaff]>,
        by: Operator,
        made: Arc<Made>,
        now: Time,
    ) -> Result<Result<Time, Vec<usize>>, StoreError> {
        self.write(Write::AddStaff, move |tx| {
            add(tx, &people, &by, &*made, now)
        })
        .await
    }

    /// Uses an invitation up: the address is confirmed, and the browser is let in; in an account
    /// that lost its factors this recovery begins instead.
    pub(crate) async fn accept_invitation(
        &self,
        link: LinkId,
        password: String,
        entry: Entry,
        new: Recovery,
        now: Time,
    ) -> Result<Accepted, StoreError> {
        let subject = JournalSubject::Account(new.account);
        self.write_of(subject, Write::AcceptInvitation, move |tx| {
            accept(tx, link, &password, &entry, &new, now)
        })
        .await
    }

    /// The operator who sent the account's newest invitation.
    pub(crate) fn inviter(&self, account: AccountId) -> Result<String, StoreError> {
        let found = self.read(|tx| {
            tx.one(
                "SELECT detail FROM event WHERE account = ?1 AND what = 'admin-invited'
                 ORDER BY id DESC LIMIT 1",
                params![account.0],
                |row| row.get("detail"),
            )
        })?;
        Ok(found.unwrap_or_default())
    }

    /// Is this the address of an account that was invited, and that nobody has accepted yet?
    pub(crate) async fn is_invited(&self, email: &Email) -> Result<bool, StoreError> {
        let found = self.read(|tx| {
            tx.one(
                "SELECT 1 AS invited FROM account WHERE email = ?1 AND invited = 1",
                params![email.as_str()],
                |_| Ok(()),
            )
        })?;
        Ok(found.is_some())
    }
}

pub(super) fn add(
    tx: &dyn Tx,
    people: &[NewStaff],
    by: &Operator,
    made: &Made,
    now: Time,
) -> Result<Result<Time, Vec<usize>>, StoreError> {
    let mut taken = Vec::new();
    for (place, new) in people.iter().enumerate() {
        if accounts::is_taken(tx, &new.email, None, now)? {
            taken.push(place);
        }
    }
    if !taken.is_empty() {
        return Ok(Err(taken));
    }
    // Those of an earlier import may wait still.
    let first = links::last_due(tx, LinkKind::Invite)?.map_or(now, |last| now.max(last));
    let mut last = now;
    for (place, new) in people.iter().enumerate() {
        let invited = Invited {
            account: new.account,
            by: by.clone(),
            email: new.email.to_string(),
            first_name: new.first_name.clone(),
            last_name: new.last_name.clone(),
            language: new.language,
        };
        make(tx, &invited, now)?;
        journal_rows::record(tx, &JournalEntry::Invited(Box::new(invited)), now)?;
        last = match people.len() {
            1 => now,
            _ => first + place as Time / policy::INVITATIONS_A_SECOND,
        };
        links::add(
            tx,
            &invitation(new.account, new.link, &new.email),
            last,
            now,
        )?;
        made(place + 1);
    }
    if let [new] = people {
        let happened = Happened::event(new.account, ADDED, by.as_str());
        security::seen(now, happened);
    } else {
        let happened = Happened {
            account: None,
            detail: format!("{}: {}", by.as_str(), people.len()),
            ..Happened::event(AccountId([0; 8]), "admin-imported", "")
        };
        security::seen(now, happened);
    }
    Ok(Ok(last))
}

/// The event of an account that was added.
const ADDED: &str = "admin-added";

/// Makes an account, which is invited. One that is there stays, and so does one that has the
/// address.
pub(super) fn make(tx: &dyn Tx, new: &Invited, now: Time) -> Result<(), StoreError> {
    let made = tx.execute(
        "INSERT INTO account
           (acc, email, first_name, last_name, password, language, created_at, kind, invited)
         VALUES (?1, ?2, ?3, ?4, '', ?5, ?6, ?7, 1)
         ON CONFLICT DO NOTHING",
        params![
            new.account.0,
            new.email,
            new.first_name,
            new.last_name,
            new.language.code(),
            now,
            AccountKind::Staff.name()
        ],
    )?;
    if made == 1 {
        events::insert(tx, new.account, ADDED, new.by.as_str(), now, false)?;
    }
    Ok(())
}

fn invitation(account: AccountId, id: LinkId, address: &Email) -> NewLink {
    NewLink {
        id,
        kind: LinkKind::Invite,
        account: Some(account),
        session: None,
        address: address.clone(),
        payload: links::NOTHING.to_vec(),
        // The account's language counts.
        language: Lang::default(),
    }
}

/// Sends an invitation, in the place of any that is not accepted yet.
pub(super) fn invite(
    tx: &dyn Tx,
    account: AccountId,
    link: LinkId,
    now: Time,
) -> Result<(), StoreError> {
    links::end_invitations(tx, account, now)?;
    if let Some(account) = accounts::get(tx, account)? {
        links::add(tx, &invitation(account.acc, link, &account.email), now, now)?;
    }
    Ok(())
}

pub(super) fn accept(
    tx: &dyn Tx,
    id: LinkId,
    password: &str,
    entry: &Entry,
    new: &Recovery,
    now: Time,
) -> Result<Accepted, StoreError> {
    let account = new.account;
    let found = links::get(tx, id, now)?;
    let own =
        found.is_some_and(|link| link.kind == LinkKind::Invite && link.account == Some(account));
    if !own || accounts::is_disabled(tx, account)? {
        return Ok(Accepted::Over);
    }
    let guarded = standing(tx, account)?.guarded;
    if guarded {
        let (change, given) = (Change::BeginRecovery, Proof::Invitation);
        if facts::allow(tx, account, change, given, now)?.is_err() {
            return Ok(Accepted::Over);
        }
    }
    links::spend(tx, id, LinkKind::Invite, now)?;
    let confirmed = tx.execute(
        "UPDATE account SET invited = 0 WHERE acc = ?1 AND invited = 1",
        params![account.0],
    )?;
    if confirmed == 1 {
        events::note(tx, account, "account-created", "", now)?;
    }
    if guarded {
        let new_password = NewPassword {
            sealed: password.to_owned(),
            how: PasswordSet::Invited,
            keep: None,
            known: None,
        };
        credentials::set_password(tx, account, &new_password, now)?;
        // The message about the password says it.
        recovery::open_silently(tx, new, now)?;
        return Ok(Accepted::Waiting);
    }
    if confirmed == 0 {
        return Ok(Accepted::Over);
    }
    accounts::seal_password(tx, account, password)?;
    sessions::enter_by_password(tx, entry)?;
    Ok(Accepted::Entered)
}
