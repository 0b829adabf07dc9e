//! Choosing a PIN on this phone: typed twice, and not easy to guess.

use countersign_protocol::pin::{Guessable, Pin, guessable};

/// Why a PIN can't be chosen.
pub(crate) enum NotChosen {
    Differ,
    Guessable(Guessable),
}

/// Whether a PIN that is chosen here was typed twice and is not easy to guess.
pub(crate) fn choose(new: &Pin, again: &Pin) -> Result<(), NotChosen> {
    if !new.same_as(again) {
        return Err(NotChosen::Differ);
    }
    guessable(new).map_or(Ok(()), |reason| Err(NotChosen::Guessable(reason)))
}
