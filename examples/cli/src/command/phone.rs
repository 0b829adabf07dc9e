//! Opening the phone, and finding an account on it.

use std::path::PathBuf;

use countersign::{AccountSummary, Authenticator, Resumed};

use super::init::say_resumed;
use crate::args::Global;
use crate::failure::{Exit, Failure, Outcome};
use crate::out::Out;
use crate::prompt;
use crate::text::{safe, sentence};

/// The folder with the phone's data.
pub(crate) fn folder(global: &Global) -> Outcome<PathBuf> {
    if let Some(folder) = &global.data {
        return Ok(folder.clone());
    }
    // The XDG specification has a relative path ignored.
    let data = std::env::var_os("XDG_DATA_HOME")
        .map(PathBuf::from)
        .filter(|path| path.is_absolute());
    let home = || std::env::home_dir().map(|home| home.join(".local").join("share"));
    match data.or_else(home) {
        Some(data) => Ok(data.join("countersign")),
        None => Err(Failure::new(
            Exit::Store,
            "this user has no home folder; name a folder for the phone's data with --data",
        )),
    }
}

/// The phone, with its keys in a file beside the data.
pub(crate) fn open(global: &Global) -> Outcome<Authenticator> {
    Ok(Authenticator::embedded_with_stand_in_reader(&folder(
        global,
    )?)?)
}

/// The phone for a command that goes online: what an earlier one left unfinished comes first.
pub(crate) async fn online(global: &Global, out: Out) -> Outcome<Authenticator> {
    let phone = open(global)?;
    finish(&phone, out).await?;
    Ok(phone)
}

/// Finishes what an earlier command left unfinished, and says what became of it.
pub(crate) async fn finish(phone: &Authenticator, out: Out) -> Outcome {
    for resumed in phone.resume().await? {
        if !matches!(resumed, Resumed::Waiting(_) | Resumed::Unknown(..)) {
            say_resumed(&resumed, out);
        }
    }
    Ok(())
}

/// The account that a person names: its number, its name, or its name at the service.
pub(crate) fn find(accounts: Vec<AccountSummary>, which: &str) -> Outcome<AccountSummary> {
    if accounts.is_empty() {
        return Err(none_yet());
    }
    let mut found = accounts;
    found.retain(|account| {
        account.number.to_string() == which
            || account.name == which
            || account.account_label == which
    });
    match (found.pop(), found.is_empty()) {
        (Some(account), true) => Ok(account),
        (Some(_), false) => Err(Failure::new(
            Exit::Usage,
            format!(
                "several accounts are called {}; give the number that  countersign accounts  shows",
                safe(which)
            ),
        )),
        (None, _) => Err(Failure::new(
            Exit::Nothing,
            format!(
                "there is no account {} on this phone;  countersign accounts  lists them",
                safe(which)
            ),
        )),
    }
}

/// The account that is meant: the one that is named, or the only one.
pub(crate) fn one(phone: &Authenticator, which: Option<&str>) -> Outcome<AccountSummary> {
    let mut accounts = phone.accounts()?;
    if let Some(which) = which {
        return find(accounts, which);
    }
    match (accounts.pop(), accounts.is_empty()) {
        (Some(account), true) => Ok(account),
        (Some(_), false) => Err(Failure::new(
            Exit::Usage,
            "there are several accounts on this phone; name one of those that  countersign accounts  shows",
        )),
        (None, _) => Err(none_yet()),
    }
}

/// Something is for this account, and another was named: on a terminal the person is asked whether
/// they mean it.
pub(crate) fn offer_to_switch(
    what: &str,
    account: &AccountSummary,
    exit: Exit,
    out: Out,
) -> Outcome {
    let other = || {
        Failure::new(
            exit,
            format!(
                "{what}; if you mean that one, use  --account {}",
                account.number
            ),
        )
    };
    if !prompt::is_interactive() {
        return Err(other());
    }
    out.note(&format!("{}.", sentence(what)));
    if prompt::yes("Use that account?")? {
        Ok(())
    } else {
        Err(other())
    }
}

/// Nothing was initialised.
pub(crate) fn none_yet() -> Failure {
    Failure::new(
        Exit::Nothing,
        "there is no account on this phone yet; add one with  countersign init  and the QR code from the service's page",
    )
}
