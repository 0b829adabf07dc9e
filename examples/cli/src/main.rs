//! The program `countersign`: see `countersign --help`.

use std::process::ExitCode;

fn main() -> ExitCode {
    // PIN and keys pass through the memory. Where the system refuses, a person has nothing to do.
    let _ = countersign_hardening::harden();
    countersign_cli::run()
}
