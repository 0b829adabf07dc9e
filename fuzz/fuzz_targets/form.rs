//! Any form with any patterns, and any text typed into it: compiled within the limit, or refused; a
//! canonical value is its own canonical form.
#![no_main]

use countersign_protocol::field::{FieldKind, Patterns, canonical};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let [kind, longest, rest @ ..] = data else { return };
    let Some(kind) = FieldKind::from_wire(u64::from(kind % 6) + 1) else { return };
    let text = String::from_utf8_lossy(rest);
    let mut lines = text.split('\n');
    let typed = lines.next_back().unwrap_or_default();
    let sources = lines.take(12).map(|line| (!line.is_empty()).then_some(line));
    let patterns = Patterns::compile(sources.collect::<Vec<_>>());
    let longest = u16::from(*longest).clamp(1, 140);
    for pattern in patterns.iter().flat_map(|all| (0..12).map(|at| all.of(at))) {
        if let Ok(value) = canonical(kind, pattern, longest, typed) {
            assert_eq!(canonical(kind, pattern, longest, &value).as_ref(), Ok(&value));
        }
    }
});
