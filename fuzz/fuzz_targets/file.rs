//! Any bytes as an image file: refused or read, within the limits on memory.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let _ = countersign_qr::scan::decode_file(data);
});
