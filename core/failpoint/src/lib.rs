//! Kills a program just before a durable write, so that tests see the state that a crash or a power
//! cut at that moment leaves behind.
//!
//! A program lists its durable writes with [`durable_writes!`] and calls `reach` on one just before
//! it becomes durable. Builds without debug assertions, as all release builds are, have nothing of
//! it. In others two environment variables take effect:
//!
//! - `COUNTERSIGN_WRITES=FILE`: each write that is reached is appended to the file, its name on a
//!   line;
//! - `COUNTERSIGN_KILL_BEFORE=NAME` or `NAME:3`: the program is killed (SIGKILL) when it reaches
//!   that write, or reaches it for the third time.

/// Makes an enum of a program's durable writes. `reach(self)` comes just before the write is made;
/// `ALL` are their names, for the tests that see to it that each of them is hit.
#[macro_export]
macro_rules! durable_writes {
    ($(#[$meta:meta])* $vis:vis enum $name:ident { $($(#[$doc:meta])* $write:ident,)* }) => {
        $(#[$meta])*
        #[derive(Clone, Copy)]
        $vis enum $name { $($(#[$doc])* $write,)* }

        impl $name {
            /// The names of all of them.
            #[cfg(debug_assertions)]
            $vis const ALL: &[&str] = &[$(stringify!($write),)*];

            /// Just before it becomes durable. Does nothing in a release build.
            #[inline]
            $vis fn reach(self) {
                #[cfg(debug_assertions)]
                $crate::reach(match self { $(Self::$write => stringify!($write),)* });
            }
        }
    };
}

/// Records that a write is about to be made, and dies here if a test asked for it. For
/// [`durable_writes!`].
#[cfg(debug_assertions)]
#[doc(hidden)]
pub fn reach(name: &str) {
    use std::sync::atomic::{AtomicUsize, Ordering};
    static REACHED: AtomicUsize = AtomicUsize::new(0);
    if let Some(file) = std::env::var_os("COUNTERSIGN_WRITES") {
        record(&file, name);
    }
    let Ok(asked) = std::env::var("COUNTERSIGN_KILL_BEFORE") else {
        return;
    };
    let (wanted, time) = match asked.split_once(':') {
        Some((wanted, time)) => (wanted, time.parse().unwrap_or(1)),
        None => (asked.as_str(), 1),
    };
    if wanted == name && REACHED.fetch_add(1, Ordering::SeqCst) + 1 == time {
        kill();
    }
}

#[cfg(debug_assertions)]
fn record(file: &std::ffi::OsStr, name: &str) {
    use std::io::Write;
    let written = std::fs::OpenOptions::new()
        .create(true)
        .append(true)
        .open(file)
        .and_then(|mut file| file.write_all(format!("{name}\n").as_bytes()));
    if let Err(error) = written {
        eprintln!("{}: {error}", file.display());
    }
}

/// No destructor runs and nothing is flushed, as when the power goes.
#[cfg(debug_assertions)]
fn kill() -> ! {
    #[cfg(unix)]
    {
        use std::process::{Command, Stdio};
        let _ = Command::new("sh")
            .args(["-c", "kill -9 $PPID"])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status();
    }
    std::process::abort()
}
