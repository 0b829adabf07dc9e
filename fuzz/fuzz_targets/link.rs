//! Any text as a link, from each place that it may come from; and any bytes as the message in one.
#![no_main]

use countersign_protocol::link::{Link, Source, encode_base32};
use libfuzzer_sys::fuzz_target;

const SOURCES: [Source; 5] = [
    Source::Camera,
    Source::SharedImage,
    Source::Paste,
    Source::VerifiedLink,
    Source::CustomScheme,
];

fuzz_target!(|data: &[u8]| {
    let text = String::from_utf8_lossy(data);
    let message = format!("https://sign.example.eu/Q/{}", encode_base32(data));
    for source in SOURCES {
        let _ = Link::parse(&text, source);
        let _ = Link::parse(&message, source);
    }
});
