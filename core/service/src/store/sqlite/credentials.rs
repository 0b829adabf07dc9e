//! Password and e-mail address: how they change, and what ends with the old ones.

use countersign_protocol::{Time, id::AccountId};
use rusqlite::{Connection, params};

use super::{
    accounts::{self, note},
    browsers, enrolments, facts, guesses, journal, links, recovery,
    rows::{int, run},
    sessions,
};
use crate::{
    policy::changes::{Change, Proof, Refused, needs},
    store::*,
};

/// The password is changed by somebody who knows it, in an account that holds no factor.
pub(super) fn change_password(
    c: &Connection,
    account: AccountId,
    new: &NewPassword,
    now: Time,
) -> Result<Result<(), Refused>, StoreError> {
    let allowed = facts::allow(c, account, Change::Password, Proof::Password, now)?;
    if allowed.is_ok() {
        set_password(c, account, new, now)?;
    }
    Ok(allowed)
}

/// A forgotten password is replaced in an account that holds no factor, by a session that a mailed
/// link opened.
pub(super) fn reset_password(
    c: &Connection,
    account: AccountId,
    new: &NewPassword,
    now: Time,
) -> Result<Result<(), Refused>, StoreError> {
    let allowed = facts::allow(c, account, Change::ForgottenPassword, Proof::Link, now)?;
    if allowed.is_ok() {
        set_password(c, account, new, now)?;
    }
    Ok(allowed)
}

/// Sets a password. Sessions, browsers that are known and mailed links of whoever knew the old one
/// end, and nobody has guessed at the new one yet.
pub(super) fn set_password(
    c: &Connection,
    account: AccountId,
    new: &NewPassword,
    now: Time,
) -> Result<(), StoreError> {
    accounts::seal_password(c, account, &new.sealed)?;
    // Who knows a password that a link alone set proves no more by changing it.
    if new.how != PasswordSet::ChangedAlone {
        let by_link_at = (new.how == PasswordSet::ByLink).then(|| int(now));
        run(
            c,
            "UPDATE account SET password_by_link_at = ?2 WHERE acc = ?1",
            params![account.0, by_link_at],
        )?;
    }
    // An enrolment that was begun with the old one must not end in a factor.
    enrolments::void(c, account)?;
    journal::record(c, &JournalEntry::Password(account), now)?;
    sessions::end_others(c, account, new.keep, now)?;
    browsers::forget_others(c, account, new.known)?;
    guesses::reset(c, account)?;
    links::end_of_account(c, account, now)?;
    match new.how {
        PasswordSet::Changed | PasswordSet::ChangedAlone => {
            note(c, account, "password-changed", "", now)
        }
        PasswordSet::ByLink | PasswordSet::ByLinkAndApproval => {
            note(c, account, "password-reset", "", now)
        }
        // The recovery has a message of its own.
        PasswordSet::Recovered => Ok(()),
    }
}

/// Opens the half session in which a forgotten password is replaced. It has not proved the
/// password, so it signs in nowhere.
pub(super) fn open_reset(
    c: &Connection,
    id: LinkId,
    mut entry: Entry,
    now: Time,
) -> Result<bool, StoreError> {
    let Some(link) = links::spend(c, id, LinkKind::Reset, now)? else {
        return Ok(false);
    };
    let Some(account) = link.account else {
        return Ok(false);
    };
    entry.session.account = account;
    entry.session.signed_in = false;
    entry.session.expires_at = now + crate::policy::HALF_SESSION_SECONDS;
    sessions::enter(c, &entry)?;
    Ok(true)
}

/// The new address was confirmed in the session that named it: it takes the old one's place, and
/// the old one gets a link that undoes it.
pub(super) fn change_email(
    c: &Connection,
    id: LinkId,
    session: SessionHash,
    undo: &NewLink,
    now: Time,
) -> Result<EmailChanged, StoreError> {
    let found = links::get(c, id, now)?;
    let Some((link, account)) = found
        .filter(|link| link.kind == LinkKind::NewEmail && link.session == Some(session))
        .and_then(|link| link.account.map(|account| (link, account)))
    else {
        return Ok(EmailChanged::Over);
    };
    // What was proved when the link was asked for is enough if the account still stands so that it
    // may change at all: links end when factors are added, and in a recovery.
    if let Err(refused) = needs(Change::Email, &facts::of(c, account, now)?) {
        return Ok(EmailChanged::Refused(refused));
    }
    if accounts::is_taken(c, &link.address, Some(account), now)? {
        return Ok(EmailChanged::Taken);
    }
    set_email(c, account, link.address.as_str(), now)?;
    sessions::end_half(c, account, now)?;
    links::end_of_account(c, account, now)?;
    links::ask(c, undo, now)?;
    note(c, account, "email-changed", link.address.as_str(), now)?;
    Ok(EmailChanged::Done)
}

/// The owner of the old address undoes a change: address and password are those of before it, every
/// browser is signed out, every factor is deleted and a recovery that is under way ends. Whoever
/// changed the address may have added a phone, set a password or begun a recovery since, so nothing
/// of that stays; the account is guarded, and is recovered by its address and that password.
pub(super) fn undo_email(
    c: &Connection,
    id: LinkId,
    password: &str,
    notice: &NewLink,
    now: Time,
) -> Result<bool, StoreError> {
    let Some(link) = links::spend(c, id, LinkKind::UndoEmail, now)? else {
        return Ok(false);
    };
    let Some(account) = link.account else {
        return Ok(false);
    };
    if accounts::is_taken(c, &link.address, Some(account), now)? {
        return Ok(false);
    }
    set_email(c, account, link.address.as_str(), now)?;
    accounts::seal_password(c, account, password)?;
    journal::record(c, &JournalEntry::Password(account), now)?;
    guesses::reset(c, account)?;
    recovery::cancel_of(c, account, now)?;
    recovery::clear(c, account, now)?;
    let cleared = JournalEntry::Cleared(account, Cleared::Undone);
    journal::record(c, &cleared, now)?;
    links::end_of_account(c, account, now)?;
    // Whoever changed it again after that must not get the account back to their own address.
    links::end_undos_since(c, account, id, now)?;
    note(c, account, "email-undone", link.address.as_str(), now)?;
    // The address that goes hears of it too: the undo may be the thief's.
    links::ask(c, notice, now)?;
    Ok(true)
}

/// A restored database has an older password than the account: it is worth nothing any more, and a forgotten one is replaced.
pub(super) fn forget_password(c: &Connection, account: AccountId) -> Result<(), StoreError> {
    run(
        c,
        "UPDATE account SET password = '' WHERE acc = ?1",
        [account.0],
    )?;
    Ok(())
}

/// A restored database has an older address than the account.
pub(super) fn set_email_again(
    c: &Connection,
    account: AccountId,
    email: &str,
) -> Result<(), StoreError> {
    run(
        c,
        "UPDATE account SET email = ?2 WHERE acc = ?1 AND NOT EXISTS (SELECT 1 FROM account WHERE email = ?2)",
        params![account.0, email],
    )?;
    Ok(())
}

fn set_email(c: &Connection, account: AccountId, email: &str, now: Time) -> Result<(), StoreError> {
    let changed = JournalEntry::Email(account, email.to_owned());
    journal::record(c, &changed, now)?;
    run(
        c,
        "UPDATE account SET email = ?2 WHERE acc = ?1",
        params![account.0, email],
    )?;
    Ok(())
}
