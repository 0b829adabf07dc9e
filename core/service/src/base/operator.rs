//! Operators: who gives commands to the service, and what a command does with an account.

use countersign_protocol::field::is_displayable;
use serde::{Deserialize, Serialize};

use super::names::names;

/// What an operator's command does with one account.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Act {
    /// It is sent an invitation, in the place of any earlier one.
    Invite,
    /// It signs in nowhere, its sessions end, and its phones are answered that they are not active.
    Disable,
    /// A disabled one is taken back into use. People sign in again.
    Enable,
    /// It is deleted with everything that belongs to it. No restore brings it back.
    Delete,
    /// Wrong passwords, and wrong codes without PIN, count from zero again. Tries at a PIN don't.
    Unblock,
    /// Every session ends and every factor is deleted, as STOP does it. It is guarded from then on.
    Reset,
}

names!(Act {
    Invite = "invite",
    Disable = "disable",
    Enable = "enable",
    Delete = "delete",
    Unblock = "unblock",
    Reset = "reset",
});

impl Act {
    /// The event in the account's history and in the security log.
    pub(crate) const fn event(self) -> &'static str {
        match self {
            Self::Invite => "admin-invited",
            Self::Disable => "admin-disabled",
            Self::Enable => "admin-enabled",
            Self::Delete => "admin-deleted",
            Self::Unblock => "admin-unblocked",
            Self::Reset => "admin-reset",
        }
    }
}

/// The longest name, in characters.
const LONGEST: usize = 64;

/// This is no name that a history can show.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct NotAName;

/// An operator's name: one line of 1 to 64 characters, nothing invisible.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Operator(String);

impl Operator {
    /// The operator of this name, without spaces around it.
    ///
    /// # Errors
    /// [`NotAName`].
    pub(crate) fn parse(name: &str) -> Result<Self, NotAName> {
        let name = name.trim();
        let fits = (1..=LONGEST).contains(&name.chars().count()) && is_displayable(name);
        fits.then(|| Self(name.to_owned())).ok_or(NotAName)
    }

    /// The name.
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_one_visible_line_of_64_characters_at_most() {
        let of = |name: &str| Operator::parse(name).map(|name| name.0);
        assert_eq!(of(" Jānis Bērziņš "), Ok("Jānis Bērziņš".to_owned()));
        assert_eq!(of(&"ā".repeat(64)), Ok("ā".repeat(64)));
        for bad in ["", " ", "a\nb", "a\tb", "a\u{202e}b", &"ā".repeat(65)] {
            assert_eq!(of(bad), Err(NotAName), "{bad:?}");
        }
    }
}
