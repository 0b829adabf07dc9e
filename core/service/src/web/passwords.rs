//! Passwords that people type: the one that proves whose an account is, and a new one.

use axum::http::StatusCode;
use countersign_protocol::id::AccountId;

use super::error::{NotDone, PageError, Refusal};
use crate::{
    app::App,
    base::email::Email,
    edge::Source,
    password::{self, Password},
    store::{Account, Guess, Guesser, Share},
};

/// A password as it was typed, and what a refusal says on its page.
pub(super) struct Typed<'a> {
    /// Which share of the account's guesses it counts for.
    pub(super) share: Share,
    /// The address of the account.
    pub(super) email: &'a Email,
    /// The password.
    pub(super) password: Password,
    /// The text when it is wrong, or there is no such account.
    pub(super) wrong: &'static str,
    /// The text when too many were wrong in this share. The password is then not looked at.
    pub(super) closed: &'static str,
}

/// The account that has this address and this password.
///
/// # Errors
/// Refused with 401 when the password is wrong, also for an address without an account, and with
/// 429 when the share of guesses is used up.
pub(super) async fn right(
    app: &App,
    source: Source,
    typed: Typed<'_>,
) -> Result<Box<Account>, NotDone> {
    let account = app.store.account_by_email(typed.email).await?;
    let by = guesser(app, typed.email, account.as_ref(), typed.share);
    // Before the try is counted, so that a source refused for want of room loses none.
    let place = app.passwords.place(source).await?;
    let last = match app.store.spend_guess(by, app.clock.now()).await? {
        Guess::Taken { last } => last,
        Guess::Closed => return Err(Refusal::too_many(typed.closed).into()),
    };
    let stored = account
        .as_ref()
        // Empty after a restore from a backup that was older than the password.
        .filter(|account| !account.password.is_empty())
        .map(|account| password::open(&app.root.sealing, account.acc, &account.password))
        .transpose()?;
    let fits = app.passwords.verify(&place, stored, typed.password).await?;
    let whose = account.as_ref().map(|account| account.acc);
    let Some(account) = account.filter(|_| fits) else {
        app.wrong_password(whose);
        if last {
            app.store.close_guesses(by, app.clock.now()).await?;
        }
        return Err(Refusal::new(StatusCode::UNAUTHORIZED, typed.wrong).into());
    };
    app.store.forget_guesses(by, app.clock.now()).await?;
    Ok(Box::new(account))
}

/// Whom guesses are counted for. An address without an account is counted like one with.
fn guesser(app: &App, email: &Email, account: Option<&Account>, share: Share) -> Guesser {
    let who = match account {
        Some(account) => app.root.guesses_at(&account.acc.0),
        None => app
            .root
            .guesses
            .mac(&[b"address", email.as_str().as_bytes()]),
    };
    Guesser {
        who,
        account: account.map(|account| account.acc),
        share,
    }
}

/// The faults of a new password of this account, as text keys; none if it can be taken.
pub(super) fn faults(account: &Account, new: &Password, again: &Password) -> Vec<&'static str> {
    let own = [
        account.first_name.as_str(),
        account.last_name.as_str(),
        account.email.as_str(),
    ];
    new.is_refused(again, &own)
}

/// The sealed hash of a new password.
pub(super) async fn sealed(
    app: &App,
    source: Source,
    account: AccountId,
    password: Password,
) -> Result<String, PageError> {
    let place = app.passwords.place(source).await?;
    let hash = app.passwords.hash(&place, password).await?;
    Ok(password::seal(&app.root.sealing, account, &hash)?)
}
