//! The silent work of a form, which the page's script does in a browser: numbers whose hashes begin
//! with zeros. What it is, the service says at its `picture/work.rs`.

use ring::digest::{SHA256, digest};

use super::html::tags;

/// The work for the check of the form on this page; `None` if it takes none.
#[must_use]
pub fn proof(html: &str) -> Option<String> {
    let form = tags(html, "form");
    let form = form.iter().find(|form| form.get("data-bits").is_some())?;
    let bits: u32 = form.get("data-bits")?.parse().ok()?;
    let puzzles: u32 = form.get("data-puzzles")?.parse().ok()?;
    let fields = tags(html, "input");
    let check = fields.iter().find(|tag| tag.get("name") == Some("check"))?;
    let seed = digest(&SHA256, check.get("value")?.as_bytes());
    (0..puzzles)
        .map(|puzzle| solved(seed.as_ref(), puzzle, bits))
        .collect()
}

/// The digits of the number that solves a puzzle.
fn solved(seed: &[u8], puzzle: u32, bits: u32) -> Option<String> {
    let mut message = [seed, &puzzle.to_be_bytes(), &[0; 4]].concat();
    let place = message.len() - 4;
    let mut numbers = 0_u32..=u32::MAX;
    let number = numbers.find(|number| {
        if let Some(last) = message.get_mut(place..) {
            last.copy_from_slice(&number.to_be_bytes());
        }
        let hash = digest(&SHA256, &message);
        let first = hash.as_ref().first_chunk().copied();
        first.is_some_and(|first| u32::from_be_bytes(first).leading_zeros() >= bits)
    })?;
    Some(format!("{number:08x}"))
}
