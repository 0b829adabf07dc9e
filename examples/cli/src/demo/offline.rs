//! A phone in a process of its own, without any network where the system allows that.

use std::ffi::OsStr;
use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::Value;

/// How a process is started without network interfaces.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Isolation {
    /// `unshare -rn`: a network namespace inside of a user namespace.
    User,
    /// `unshare -n`: as root.
    Root,
    /// Not possible here: no Linux, no unshare, or not allowed.
    None,
}

impl Isolation {
    /// The strongest that works here.
    pub(super) fn find() -> Self {
        for isolation in [Self::User, Self::Root] {
            let works = isolation
                .command("true".as_ref())
                .stdin(Stdio::null())
                .stdout(Stdio::null())
                .stderr(Stdio::null())
                .status();
            if works.is_ok_and(|status| status.success()) {
                return isolation;
            }
        }
        Self::None
    }

    fn command(self, program: &OsStr) -> Command {
        let flag = match self {
            Self::User => "-rn",
            Self::Root => "-n",
            Self::None => return Command::new(program),
        };
        let mut command = Command::new("unshare");
        command.args([flag, "--"]).arg(program);
        command
    }
}

/// The output of a phone's process.
pub(super) struct Said {
    /// Its exit code.
    pub(super) code: Option<i32>,
    /// Standard output.
    pub(super) json: Value,
    /// Standard error.
    pub(super) complaint: String,
}

/// Runs this very program as the phone whose data are in `data`.
pub(super) fn phone(isolation: Isolation, data: &Path, args: &[&OsStr]) -> Result<Said, String> {
    let program = std::env::current_exe()
        .map_err(|error| format!("this program does not find itself: {error}"))?;
    let output = isolation
        .command(program.as_os_str())
        .arg("--json")
        .arg("--data")
        .arg(data)
        .args(args)
        .stdin(Stdio::null())
        .output()
        .map_err(|error| format!("the phone's process did not start: {error}"))?;
    Ok(Said {
        code: output.status.code(),
        json: serde_json::from_slice(&output.stdout).unwrap_or(Value::Null),
        complaint: String::from_utf8_lossy(&output.stderr).trim().to_owned(),
    })
}
