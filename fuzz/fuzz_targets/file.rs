//! Any bytes as an image file: refused or read, within the limits on memory.
#![no_main]

#[allow(dead_code, unreachable_pub, unused_imports, missing_docs)]
#[path = "../../core/authenticator/src/scan/mod.rs"]
mod scan;

use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let _ = scan::decode_file(data);
});
