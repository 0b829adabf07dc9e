//! Keeps the secrets in a program's memory off the disk.
//!
//! A program calls [`harden`] first thing in `main`. A library never does: the memory is its
//! caller's.

/// The protections that the system allowed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Hardened {
    /// No core dump is written, and no other program of this user may read the memory.
    pub no_core_dumps: bool,
    /// The memory is never swapped to the disk.
    pub locked: bool,
}

/// Turns core dumps off, and locks the memory where its limit leaves room for all of it.
///
/// A program works without it: the result says what the system refused, and the caller decides
/// whether to log that.
#[must_use]
pub fn harden() -> Hardened {
    Hardened {
        no_core_dumps: no_core_dumps(),
        locked: lock_memory(),
    }
}

#[cfg(unix)]
fn no_core_dumps() -> bool {
    use rustix::process::{Resource, Rlimit, setrlimit};
    let none = Rlimit {
        current: Some(0),
        maximum: Some(0),
    };
    let limited = setrlimit(Resource::Core, none).is_ok();
    limited && not_dumpable()
}

/// A dump that is piped to a program ignores the limit; this also keeps debuggers of the same user
/// out.
#[cfg(any(target_os = "linux", target_os = "android"))]
fn not_dumpable() -> bool {
    use rustix::process::{DumpableBehavior, set_dumpable_behavior};
    set_dumpable_behavior(DumpableBehavior::NotDumpable).is_ok()
}

#[cfg(all(unix, not(any(target_os = "linux", target_os = "android"))))]
fn not_dumpable() -> bool {
    true
}

/// Under a limit, locking what is still to come would make allocations fail later, so it is done
/// without one only.
#[cfg(any(target_os = "linux", target_os = "android"))]
fn lock_memory() -> bool {
    use rustix::{
        mm::{MlockAllFlags, mlockall},
        process::{Resource, getrlimit},
    };
    let unlimited = getrlimit(Resource::Memlock).current.is_none();
    let all = MlockAllFlags::CURRENT | MlockAllFlags::FUTURE | MlockAllFlags::ONFAULT;
    unlimited && mlockall(all).is_ok()
}

#[cfg(all(unix, not(any(target_os = "linux", target_os = "android"))))]
fn lock_memory() -> bool {
    false
}

#[cfg(not(unix))]
fn no_core_dumps() -> bool {
    false
}

#[cfg(not(unix))]
fn lock_memory() -> bool {
    false
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use std::fs;

    #[test]
    fn a_hardened_program_writes_no_core_dump_and_locks_its_memory_where_it_may() {
        let hardened = super::harden();
        assert!(hardened.no_core_dumps);
        let limits = fs::read_to_string("/proc/self/limits").unwrap_or_default();
        let of = |name: &str| {
            limits
                .lines()
                .find(|line| line.starts_with(name))
                .map(str::to_owned)
        };
        if let Some(core) = of("Max core file size") {
            let numbers: Vec<_> = core.split_whitespace().skip(4).take(2).collect();
            assert_eq!(numbers, ["0", "0"]);
        }
        let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
        let locked = status.lines().find_map(|line| line.strip_prefix("VmLck:"));
        let locked = locked.is_some_and(|size| !size.trim().starts_with("0 "));
        assert_eq!(locked, hardened.locked);
    }
}
