//! Which of two requests for one device stays when both ask for an approval.

use super::share::Asker;

/// May a new request take the place of one that is open for the same device? A session replaces its
/// own. Besides, a known browser's takes the place of an unknown one's, and never the other way
/// round: the owner does not wait for a stranger who asks without end, and no stranger's request
/// slips into the place of the one that the owner looks at.
#[must_use]
pub const fn replaces(new: Asker, open: Asker, same_session: bool) -> bool {
    same_session || (new.is_known() && !open.is_known())
}
