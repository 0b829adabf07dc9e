//! The number of connections that the system's limit of open files allows.

/// The most connections, however high the limit is: each takes memory.
const CONNECTIONS: usize = 20_000;
/// Descriptors that the service keeps for itself: database, journal, outbox, push services, log,
/// and connections that are about to be closed.
const RESERVE: usize = 128;

/// Raises the process's limit of open files to its hard limit, and returns the number of places for
/// connections that this leaves.
pub(crate) fn places() -> usize {
    of_limit(raise())
}

fn of_limit(limit: usize) -> usize {
    let rest = limit.saturating_sub(RESERVE).max(limit / 2);
    rest.min(CONNECTIONS)
}

#[cfg(unix)]
fn raise() -> usize {
    use rustix::process::{Resource, getrlimit, setrlimit};
    let mut limit = getrlimit(Resource::Nofile);
    let before = limit.current;
    limit.current = limit.maximum;
    if let Err(error) = setrlimit(Resource::Nofile, limit) {
        tracing::warn!(%error, "the limit of open files can't be raised");
        limit.current = before;
    }
    // `None` means unlimited.
    let limit = limit.current.unwrap_or(u64::MAX);
    usize::try_from(limit).unwrap_or(usize::MAX)
}

#[cfg(not(unix))]
fn raise() -> usize {
    usize::MAX
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_service_keeps_descriptors_for_itself() {
        for (limit, places) in [
            (64, 32),
            (256, 128),
            (1024, 896),
            (20_000, 19_872),
            (1_048_576, 20_000),
            (usize::MAX, 20_000),
        ] {
            assert_eq!(of_limit(limit), places, "{limit}");
        }
    }
}
