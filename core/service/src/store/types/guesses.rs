//! Guesses at passwords, as they go into the store and come out of it.

use countersign_protocol::id::AccountId;

/// Where a password is typed. Each way has a share of its own of the wrong passwords that an
/// address may see in a row, so that strangers that use theirs up close no other way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Share {
    /// In a browser that is not known for the account.
    Unknown,
    /// In a browser that is, or in a session that is signed in.
    Known,
    /// On the page of STOP.
    Stop,
    /// On a page that a mailed link opened.
    Link,
}

impl Share {
    /// Its stored name.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Unknown => "unknown",
            Self::Known => "known",
            Self::Stop => "stop",
            Self::Link => "link",
        }
    }

    /// The one with this name.
    pub(crate) fn from_name(name: &str) -> Option<Self> {
        let all = [Self::Unknown, Self::Known, Self::Stop, Self::Link];
        all.into_iter().find(|share| share.name() == name)
    }

    /// So many wrong passwords in a row may come this way: 100 over all ways.
    pub(crate) const fn limit(self) -> u32 {
        match self {
            Self::Unknown => 50,
            Self::Known | Self::Stop => 20,
            Self::Link => 10,
        }
    }
}

/// Whose password is guessed at, and where.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Guesser {
    /// A MAC of the account, or of the typed address where it has none.
    pub(crate) who: [u8; 32],
    /// The account.
    pub(crate) account: Option<AccountId>,
    /// Where.
    pub(crate) share: Share,
}

/// May a password be tried?
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Guess {
    /// Yes, and it is counted.
    Taken {
        /// If it is wrong, it was the share's last.
        last: bool,
    },
    /// The share is used up.
    Closed,
}
