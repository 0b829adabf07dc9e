//! Password and e-mail address: how they change, and what ends with the old ones.

use countersign_protocol::{Time, id::AccountId};

use super::{
    accounts, browsers, enrolments, events::note, facts, guesses, journal_rows, links, sessions,
    standing,
};
use crate::{
    base::email::Email,
    policy::changes::{Change, Proof, Refused, needs},
    store::*,
};

impl Store {
    /// Uses a link up to make the account that it was for, and lets the browser in; `false` when
    /// the link does not work, or its address has an account.
    pub(crate) async fn register(
        &self,
        link: LinkId,
        account: NewAccount,
        entry: Entry,
        now: Time,
    ) -> Result<bool, StoreError> {
        self.write(Write::Register, move |tx| {
            register(tx, link, &account, &entry, now)
        })
        .await
    }

    /// Uses a link to the present address up, and asks for the one to the new address.
    pub(crate) async fn confirm_email(
        &self,
        link: LinkId,
        new: NewLink,
        now: Time,
    ) -> Result<Result<(), Refused>, StoreError> {
        self.write(Write::ConfirmEmail, move |tx| {
            confirm_email(tx, link, &new, now)
        })
        .await
    }

    /// Sets a new password after the old one was typed, in an account without a factor.
    pub(crate) async fn change_password(
        &self,
        account: AccountId,
        new: NewPassword,
        now: Time,
    ) -> Result<Result<(), Refused>, StoreError> {
        self.write_of(
            JournalSubject::Account(account),
            Write::ChangePassword,
            move |tx| change_password(tx, account, &new, now),
        )
        .await
    }

    /// Uses a link up to open the session in which a forgotten password is replaced; `false` when
    /// the link does not work.
    pub(crate) async fn open_reset(
        &self,
        link: LinkId,
        entry: Entry,
        now: Time,
    ) -> Result<bool, StoreError> {
        self.write(Write::OpenReset, move |tx| {
            open_reset(tx, link, &entry, now)
        })
        .await
    }

    /// Replaces a forgotten password in an account without a factor.
    pub(crate) async fn reset_password(
        &self,
        account: AccountId,
        new: NewPassword,
        now: Time,
    ) -> Result<Result<(), Refused>, StoreError> {
        self.write_of(
            JournalSubject::Account(account),
            Write::ResetPassword,
            move |tx| reset_password(tx, account, &new, now),
        )
        .await
    }

    /// Uses a link to a new address up in its session: the address takes the old one's place, and
    /// the old one gets the link `undo`.
    pub(crate) async fn change_email(
        &self,
        link: LinkId,
        session: SessionHash,
        undo: NewLink,
        now: Time,
    ) -> Result<EmailChanged, StoreError> {
        self.write(Write::ChangeEmail, move |tx| {
            change_email(tx, link, session, &undo, now)
        })
        .await
    }

    /// Uses a link to an old address up: that is the account's again, its sessions end, and it is
    /// guarded. `false` when it does not work.
    pub(crate) async fn undo_email(
        &self,
        link: LinkId,
        password: String,
        notice: NewLink,
        now: Time,
    ) -> Result<bool, StoreError> {
        self.write(Write::UndoEmail, move |tx| {
            undo_email(tx, link, &password, &notice, now)
        })
        .await
    }
}

/// The password is changed with the old one, in an account that holds no factor.
pub(super) fn change_password(
    tx: &dyn Tx,
    account: AccountId,
    new: &NewPassword,
    now: Time,
) -> Result<Result<(), Refused>, StoreError> {
    let allowed = facts::allow(tx, account, Change::Password, Proof::Password, now)?;
    if allowed.is_ok() {
        set_password(tx, account, new, now)?;
    }
    Ok(allowed)
}

/// A forgotten password is replaced in an account that holds no factor, by a session that a mailed
/// link opened.
pub(super) fn reset_password(
    tx: &dyn Tx,
    account: AccountId,
    new: &NewPassword,
    now: Time,
) -> Result<Result<(), Refused>, StoreError> {
    let allowed = facts::allow(tx, account, Change::ForgottenPassword, Proof::Link, now)?;
    if allowed.is_ok() {
        set_password(tx, account, new, now)?;
    }
    Ok(allowed)
}

/// Sets a password. Sessions, browsers that are known and mailed links of whoever knew the old one
/// end, and nobody has guessed at the new one yet.
pub(super) fn set_password(
    tx: &dyn Tx,
    account: AccountId,
    new: &NewPassword,
    now: Time,
) -> Result<(), StoreError> {
    accounts::seal_password(tx, account, &new.sealed)?;
    // Who knows a password that a link alone set proves no more by changing it.
    if new.how != PasswordSet::ChangedAlone {
        let by_link_at = (new.how == PasswordSet::ByLink).then_some(now);
        tx.execute(
            "UPDATE account SET password_by_link_at = ?2 WHERE acc = ?1",
            params![account.0, by_link_at],
        )?;
    }
    // An enrolment that was begun with the old one must not end in a factor.
    enrolments::void(tx, account)?;
    journal_rows::record(tx, &JournalEntry::Password(account), now)?;
    sessions::end_others(tx, account, new.keep, now)?;
    browsers::forget_others(tx, account, new.known)?;
    guesses::reset(tx, account)?;
    links::end_of_account(tx, account, now)?;
    match new.how {
        PasswordSet::Changed | PasswordSet::ChangedAlone => {
            note(tx, account, "password-changed", "", now)
        }
        PasswordSet::ByLink | PasswordSet::ByLinkAndApproval => {
            note(tx, account, "password-reset", "", now)
        }
        PasswordSet::Invited => note(tx, account, "password-by-invitation", "", now),
        // The recovery has a message of its own.
        PasswordSet::Recovered => Ok(()),
    }
}

/// Opens the half session in which a forgotten password is replaced. It has not proved the
/// password, so it signs in nowhere.
pub(super) fn open_reset(
    tx: &dyn Tx,
    id: LinkId,
    entry: &Entry,
    now: Time,
) -> Result<bool, StoreError> {
    let Some(link) = links::spend(tx, id, LinkKind::Reset, now)? else {
        return Ok(false);
    };
    let Some(account) = link.account else {
        return Ok(false);
    };
    let mut entry = entry.clone();
    entry.session.account = account;
    entry.session.signed_in = false;
    entry.session.expires_at = now + crate::policy::HALF_SESSION_SECONDS;
    sessions::enter(tx, &entry)?;
    Ok(true)
}

/// The new address was confirmed in the session that named it: it takes the old one's place, and
/// the old one gets a link that undoes it.
pub(super) fn change_email(
    tx: &dyn Tx,
    id: LinkId,
    session: SessionHash,
    undo: &NewLink,
    now: Time,
) -> Result<EmailChanged, StoreError> {
    let found = links::get(tx, id, now)?;
    let Some((link, account)) = found
        .filter(|link| link.kind == LinkKind::NewEmail && link.session == Some(session))
        .and_then(|link| link.account.map(|account| (link, account)))
    else {
        return Ok(EmailChanged::Over);
    };
    // The proof that the link was asked for with is enough if the account still stands so that it
    // may change at all: links end when factors are added, and in a recovery.
    if let Err(refused) = needs(Change::Email, &facts::of(tx, account, now)?) {
        return Ok(EmailChanged::Refused(refused));
    }
    if accounts::is_taken(tx, &link.address, Some(account), now)? {
        return Ok(EmailChanged::Taken);
    }
    set_email(tx, account, link.address.as_str(), now)?;
    sessions::end_half(tx, account, now)?;
    links::end_of_account(tx, account, now)?;
    links::ask(tx, undo, now)?;
    note(tx, account, "email-changed", link.address.as_str(), now)?;
    Ok(EmailChanged::Done)
}

/// The owner of the old address undoes a change: address and password are those of before it, every
/// browser is signed out, every factor is deleted and a recovery that is under way ends. Whoever
/// changed the address may have added a phone, set a password or begun a recovery since, so nothing
/// of that stays; the account is guarded, and is recovered by its address and that password.
pub(super) fn undo_email(
    tx: &dyn Tx,
    id: LinkId,
    password: &str,
    notice: &NewLink,
    now: Time,
) -> Result<bool, StoreError> {
    let Some(link) = links::spend(tx, id, LinkKind::UndoEmail, now)? else {
        return Ok(false);
    };
    let Some(account) = link.account else {
        return Ok(false);
    };
    if accounts::is_taken(tx, &link.address, Some(account), now)? {
        return Ok(false);
    }
    set_email(tx, account, link.address.as_str(), now)?;
    accounts::seal_password(tx, account, password)?;
    journal_rows::record(tx, &JournalEntry::Password(account), now)?;
    guesses::reset(tx, account)?;
    standing::cancel_of(tx, account, now)?;
    standing::clear(tx, account, now)?;
    let cleared = JournalEntry::Cleared(account, Cleared::Undone);
    journal_rows::record(tx, &cleared, now)?;
    links::end_of_account(tx, account, now)?;
    // Whoever changed it again after that must not get the account back to their own address.
    links::end_undos_since(tx, account, id, now)?;
    note(tx, account, "email-undone", link.address.as_str(), now)?;
    // The address that goes gets a notice too: the undo may be the thief's.
    links::ask(tx, notice, now)?;
    Ok(true)
}

/// A restored database has an older password than the account: it is worth nothing any more, and a
/// forgotten one is replaced.
pub(super) fn forget_password(tx: &dyn Tx, account: AccountId) -> Result<(), StoreError> {
    tx.execute(
        "UPDATE account SET password = '' WHERE acc = ?1",
        params![account.0],
    )?;
    Ok(())
}

/// A restored database has an older address than the account.
pub(super) fn set_email_again(
    tx: &dyn Tx,
    account: AccountId,
    email: &str,
) -> Result<(), StoreError> {
    tx.execute(
        "UPDATE account SET email = ?2 WHERE acc = ?1 AND NOT EXISTS (SELECT 1 FROM account WHERE email = ?2)",
        params![account.0, email],
    )?;
    Ok(())
}

fn set_email(tx: &dyn Tx, account: AccountId, email: &str, now: Time) -> Result<(), StoreError> {
    let changed = JournalEntry::Email(account, email.to_owned());
    journal_rows::record(tx, &changed, now)?;
    tx.execute(
        "UPDATE account SET email = ?2 WHERE acc = ?1",
        params![account.0, email],
    )?;
    Ok(())
}

/// Goes on from the first of two links: the change of the address was confirmed at the old one, and
/// the link to the new one goes out.
pub(super) fn confirm_email(
    tx: &dyn Tx,
    id: LinkId,
    new: &NewLink,
    now: Time,
) -> Result<Result<(), Refused>, StoreError> {
    let found = links::get(tx, id, now)?.filter(|link| {
        link.kind == LinkKind::Confirm && (link.account, link.session) == (new.account, new.session)
    });
    let Some(account) = found.and_then(|link| link.account) else {
        return Ok(Err(Refused::Changed));
    };
    let allowed = facts::allow(tx, account, Change::Email, Proof::PasswordAndLink, now)?;
    if allowed.is_err() {
        return Ok(allowed);
    }
    links::spend(tx, id, LinkKind::Confirm, now)?;
    ask_email(tx, new, now)
}

/// Asks for the link to a new address, once the change is proved.
pub(super) fn ask_email(
    tx: &dyn Tx,
    new: &NewLink,
    now: Time,
) -> Result<Result<(), Refused>, StoreError> {
    Ok(match links::ask(tx, new, now)? {
        AskedLink::Due => Ok(()),
        AskedLink::Enough | AskedLink::Busy => Err(Refused::Full),
    })
}

/// Makes the account that a link was for, and lets the browser in. `false`: the link does not work,
/// or the address has an account.
pub(super) fn register(
    tx: &dyn Tx,
    id: LinkId,
    account: &NewAccount,
    entry: &Entry,
    now: Time,
) -> Result<bool, StoreError> {
    let Some(link) = links::spend(tx, id, LinkKind::Register, now)? else {
        return Ok(false);
    };
    if link.address != account.email
        || accounts::is_taken(tx, &link.address, None, now)?
        || !accounts::create(tx, account, now)?
    {
        return Ok(false);
    }
    end_of_address(tx, &link.address, now)?;
    sessions::enter_by_password(tx, entry)?;
    Ok(true)
}

/// Ends the links to an address without an account: it has one now. They count as expired, and not
/// as those that made it.
fn end_of_address(tx: &dyn Tx, address: &Email, now: Time) -> Result<(), StoreError> {
    tx.execute(
        "UPDATE mailed_link SET used_at = ?2, expires_at = ?2, due = 0, payload = ?3
         WHERE address = ?1 AND account IS NULL AND used_at IS NULL",
        params![address.as_str(), now, links::NOTHING],
    )?;
    Ok(())
}
