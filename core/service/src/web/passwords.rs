//! A password that somebody types: its place at a processor, then its count, then its check.

use super::PageError;
use crate::{
    app::App,
    base::email::Email,
    edge::Source,
    password::{self, Password},
    store::{Account, Guess, Guesser, Share},
};

/// What came of a typed password.
pub(super) enum Checked {
    /// It is this account's.
    Right(Box<Account>),
    /// It is not, or there is no such account.
    Wrong,
    /// Too many were wrong where it was typed; it was not looked at.
    Closed,
}

/// Whose guesses these are. An address without an account is counted like one with.
fn guesser(app: &App, email: &Email, account: Option<&Account>, share: Share) -> Guesser {
    let who = match account {
        Some(account) => app.root.guesses.mac(&[b"account", &account.acc.0]),
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

/// Checks the password of the account with this address, if there is one.
pub(super) async fn check(
    app: &App,
    source: Source,
    share: Share,
    email: &Email,
    password: Password,
) -> Result<Checked, PageError> {
    let account = app.store().account_by_email(email).await?;
    let by = guesser(app, email, account.as_ref(), share);
    // Before the try is counted: who is sent away because others flood the line loses none.
    let place = app.passwords.place(source).await?;
    let last = match app.store().take_guess(by, app.now()).await? {
        Guess::Taken { last } => last,
        Guess::Closed => return Ok(Checked::Closed),
    };
    let stored = account
        .as_ref()
        // One that was changed after the backup that was restored.
        .filter(|account| !account.password.is_empty())
        .map(|account| password::open(&app.root.sealing, account.acc, &account.password))
        .transpose()?;
    let fits = app.passwords.verify(&place, stored, password).await?;
    let whose = account.as_ref().map(|account| account.acc);
    let Some(account) = account.filter(|_| fits) else {
        app.wrong_password(whose);
        if last {
            app.store().close_guesses(by, app.now()).await?;
        }
        return Ok(Checked::Wrong);
    };
    app.store().forget_guesses(by, app.now()).await?;
    Ok(Checked::Right(Box::new(account)))
}
