//! What a phone says when an account can't be used as usual: what happened, and what to do next, in plain English.

use crate::account::{AccountState, AccountSummary};
use crate::asked::quoted;

/// In the errors of every operation that meets it.
pub(crate) const NOT_ACTIVE: &str = "this account is not in use yet: finish initialising it";
pub(crate) const BLOCKED: &str = "no PIN tries are left: sign in on the service's page, have this device unblocked there, and set a new PIN";
pub(crate) const SUSPENDED: &str = "the service saw a copy of this phone and suspended it: remove the device on its page and the account here, and initialise anew";
pub(crate) const OTHER_EPOCH: &str = "this phone and the service no longer have the same PIN, because one of them was restored from a backup: sign in on the service's page, have this device unblocked there, and set a new PIN";

/// With so few tries left in a row, a person is warned.
const FEW: u8 = 2;

impl AccountSummary {
    /// What to say about the account, with the next step. `None` where it can be used as usual.
    #[must_use]
    pub fn advice(&self) -> Option<String> {
        let host = &self.host;
        let device = match self.device_name.as_str() {
            "" => "this device".to_owned(),
            name => format!("the device {}", quoted(name)),
        };
        let unblock = format!(
            "Sign in at {host}, choose to unblock {device}, approve that with another device or key, and set a new PIN here. If you have no other, recover the account there."
        );
        Some(match self.state {
            AccountState::Unfinished => format!(
                "The account is not finished. Go online and open the app, which finishes it; or begin anew with a new QR code of {host}."
            ),
            AccountState::Suspended => format!(
                "{host} saw a copy of this phone's data and suspended this phone, so that neither can be used. Sign in there in another way, remove {device}, remove the account here, and initialise anew. If you have not restored a backup or moved to a new phone, somebody has copied the data: say so there."
            ),
            AccountState::Blocked => format!(
                "This phone is blocked for this account, because the PIN was wrong too often. {unblock} If it was not you, somebody has tried your PIN."
            ),
            AccountState::NewPinNeeded => format!(
                "This phone and {host} no longer have the same PIN, because one of them was restored from a backup. {unblock}"
            ),
            AccountState::Active if self.change_unfinished => format!(
                "The last answer to a new PIN has not come. Go online and open the app: it asks {host} which PIN holds, and says so."
            ),
            AccountState::Active => {
                let left = self.tries_left.min(self.tries_left_in_epoch)?;
                if left > FEW {
                    return None;
                }
                let tries = match left {
                    1 => "one wrong PIN more".to_owned(),
                    left => format!("{left} wrong PINs more"),
                };
                format!(
                    "With {tries} this phone is blocked for this account. If you are not sure of the PIN, set a new one instead of trying. {unblock}"
                )
            }
        })
    }
}
