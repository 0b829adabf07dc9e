//! The accounts on this phone and its history: list, ask for the status, rename, export.

use core::fmt::Write as _;

use countersign_protocol::field::is_displayable;

use crate::authenticator::Authenticator;
use crate::durable::Write;
use crate::phone::account::{AccountNumber, AccountSummary};
use crate::phone::history::{self, HistoryEvent, Kind};
use crate::phone::{PhoneError, from_phone_errors};

/// Why an account can't be changed.
#[derive(Debug, thiserror::Error)]
pub enum AccountError {
    /// Not a name.
    #[error("a name has 1 to 40 characters that can be seen; choose another")]
    Name,
    /// An error on this phone.
    #[error(transparent)]
    Phone(#[from] PhoneError),
}

from_phone_errors!(AccountError);

impl Authenticator {
    /// The accounts on this phone.
    ///
    /// # Errors
    /// If the data can't be read.
    pub fn accounts(&self) -> Result<Vec<AccountSummary>, PhoneError> {
        let accounts = self.phone.store.accounts()?;
        Ok(accounts.iter().map(AccountSummary::of).collect())
    }

    /// Gives an account another name on this phone: 1 to 40 characters.
    ///
    /// # Errors
    /// If it is no name.
    pub fn rename(
        &self,
        number: AccountNumber,
        name: &str,
    ) -> Result<AccountSummary, AccountError> {
        let phone = &*self.phone;
        let name = name.trim();
        if name.is_empty() || name.chars().count() > 40 || !is_displayable(name) {
            return Err(AccountError::Name);
        }
        phone.change(Write::Renamed, number.0, |connection, account| {
            let before = account.name().to_owned();
            account.own_name = Some(name.to_owned());
            history::add(phone, connection, account, Kind::AccountRenamed, &before)?;
            Ok(AccountSummary::of(account))
        })
    }

    /// The events on this phone, the newest first: at most 2,000 events, and 500 of one service.
    ///
    /// # Errors
    /// If the data can't be read.
    pub fn history(&self) -> Result<Vec<HistoryEvent>, PhoneError> {
        let records = self.phone.store.records(i64::MAX)?;
        Ok(records.into_iter().map(HistoryEvent::from).collect())
    }

    /// The history as comma-separated values (RFC 4180) with a header: time in seconds since 1970,
    /// account, name, event, detail.
    ///
    /// # Errors
    /// If the data can't be read.
    pub fn export_history(&self) -> Result<String, PhoneError> {
        let mut text = String::from("time,account,name,event,detail\r\n");
        for event in self.history()? {
            let number = event.account.map(|number| number.to_string());
            let (name, detail) = (quoted(&event.name), quoted(&event.detail));
            // Writing to a string cannot fail.
            let _ = write!(
                text,
                "{},{},{name},{},{detail}\r\n",
                event.at,
                number.unwrap_or_default(),
                event.kind.as_str()
            );
        }
        Ok(text)
    }
}

/// In quotes; a leading `=`, `+`, `-` or `@`, which spreadsheets take for a formula, gets an
/// apostrophe before it.
fn quoted(text: &str) -> String {
    let formula = text.starts_with(['=', '+', '-', '@']);
    let guard = if formula { "'" } else { "" };
    format!("\"{guard}{}\"", text.replace('"', "\"\""))
}
