//! Checks of strangers' forms.

/// A check's random identifier.
pub(crate) type CheckId = [u8; 16];

/// What became of an answer to a check.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum AnsweredCheck {
    /// It was right, and the check is spent.
    Right,
    /// It was wrong, and so many more are taken.
    Wrong {
        /// How many.
        left: u32,
    },
    /// The check is spent or has expired; nobody learns whether the answer was right.
    Over,
    /// Too many checks are kept in all.
    Busy,
}
