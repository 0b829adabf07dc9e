//! The means by which a person signs in, and which of them are offered before anything is known of
//! the account.

use super::levels::Level;
use crate::base::names::names;

/// A means to sign in, as a person chooses it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Means {
    /// The password, and an approval in the app.
    App,
    /// The password, and a code of the app, which scans a QR code.
    Code,
    /// The app in whose phone the browser is, without the password.
    Mobile,
    /// The password alone.
    Password,
}

names!(Means { App = "app", Code = "code", Mobile = "mobile", Password = "password" });

/// What the service that asks for a sign-in accepts.
pub(crate) struct Accepted {
    /// Whether the password alone is enough for it, where the account has no factor.
    password_alone: bool,
}

impl Accepted {
    /// By the pages of an account itself, where the first factor is added.
    pub(crate) const OWN_PAGES: Self = Self {
        password_alone: true,
    };

    /// By a service that asks for this level.
    pub(crate) const fn at(least: Level) -> Self {
        Self {
            password_alone: matches!(least, Level::Basic),
        }
    }

    /// The means that begin with a password, for the page that asks for it. Nothing here depends on
    /// the account, because whoever types an address must not learn what it has.
    pub(crate) fn with_password(&self) -> &'static [Means] {
        match self.password_alone {
            true => &[Means::App, Means::Code, Means::Password],
            false => &[Means::App, Means::Code],
        }
    }
}
