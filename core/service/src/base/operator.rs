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
    /// Its person gets the name that is right.
    Rename,
}

names!(Act {
    Invite = "invite",
    Disable = "disable",
    Enable = "enable",
    Delete = "delete",
    Unblock = "unblock",
    Reset = "reset",
    Rename = "rename",
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
            Self::Rename => "admin-renamed",
        }
    }
}

/// The longest name that an operator gives, in characters.
const LONGEST: usize = 64;
/// The longest name with the system's users, in characters.
const LONGEST_WHOLE: usize = 3 * LONGEST;

/// This is no name that a history can show.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct NotAName;

/// An operator: the system's user at the other end of the socket, with the name that was given
/// before it. One line, nothing invisible.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Operator(String);

impl Operator {
    /// What [`Operator::as_str`] gave.
    ///
    /// # Errors
    /// [`NotAName`].
    pub(crate) fn parse(whole: &str) -> Result<Self, NotAName> {
        let fits = (1..=LONGEST_WHOLE).contains(&whole.chars().count()) && is_displayable(whole);
        fits.then(|| Self(whole.to_owned())).ok_or(NotAName)
    }

    /// `Ilze Kalniņa (root, sudo: ilze)`: the name that was given, always with the system's user
    /// and with whoever used `sudo`, so that no name passes for another user. Without a name
    /// `root (sudo: ilze)`.
    ///
    /// # Errors
    /// [`NotAName`]: more than 64 characters, something invisible, or one of the signs `:`, `/`,
    /// `(` and `)`, which say where a name ends.
    pub(crate) fn of(
        name: Option<&str>,
        login: &str,
        sudo: Option<&str>,
    ) -> Result<Self, NotAName> {
        let part = |text: &str| {
            let text = text.trim();
            let fits = (1..=LONGEST).contains(&text.chars().count())
                && is_displayable(text)
                && !text.contains([':', '/', '(', ')']);
            fits.then(|| text.to_owned()).ok_or(NotAName)
        };
        let login = part(login)?;
        let sudo = sudo.map(part).transpose()?;
        let whole = match (name.map(part).transpose()?, sudo) {
            (None, None) => login,
            (None, Some(sudo)) => format!("{login} (sudo: {sudo})"),
            (Some(name), None) => format!("{name} ({login})"),
            (Some(name), Some(sudo)) => format!("{name} ({login}, sudo: {sudo})"),
        };
        Self::parse(&whole)
    }

    /// The name.
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(name: Option<&str>, login: &str, sudo: Option<&str>) -> Result<String, NotAName> {
        Operator::of(name, login, sudo).map(|operator| operator.0)
    }

    #[test]
    fn a_name_is_one_visible_line_of_64_characters_at_most() {
        let named = |name: &str| of(Some(name), "root", None);
        assert_eq!(
            named(" Jānis Bērziņš "),
            Ok("Jānis Bērziņš (root)".to_owned())
        );
        assert_eq!(named(&"ā".repeat(64)), Ok("ā".repeat(64) + " (root)"));
        let long = "ā".repeat(65);
        for bad in [
            "",
            " ",
            "a\nb",
            "a\tb",
            "a\u{202e}b",
            "a:b",
            "a/b",
            "a (b",
            "a) b",
            &long,
        ] {
            assert_eq!(named(bad), Err(NotAName), "{bad:?}");
        }
    }

    #[test]
    fn a_given_name_never_hides_the_systems_user() {
        for (name, login, sudo, whole) in [
            (None, "anna", None, "anna"),
            (None, "root", Some("anna"), "root (sudo: anna)"),
            (Some("Ilze Kalniņa"), "root", None, "Ilze Kalniņa (root)"),
            (
                Some("Ilze"),
                "root",
                Some("anna"),
                "Ilze (root, sudo: anna)",
            ),
        ] {
            assert_eq!(of(name, login, sudo).as_deref(), Ok(whole));
            assert!(Operator::parse(whole).is_ok());
        }
        assert_eq!(of(Some("Ilze (root)"), "anna", None), Err(NotAName));
        assert_eq!(of(None, "root", Some("a) (b")), Err(NotAName));
        let whole = of(
            Some(&"ā".repeat(64)),
            &"b".repeat(64),
            Some(&"c".repeat(32)),
        );
        assert!(Operator::parse(&whole.unwrap()).is_ok());
    }
}
