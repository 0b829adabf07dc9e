//! Randomness from the operating system, for tokens, identifiers, nonces and keys.

/// The operating system gave no random bytes. Nothing can safely go on without them.
#[derive(Debug, thiserror::Error)]
#[error("the operating system gave no random bytes")]
pub(crate) struct NoRandomness;

/// `N` random bytes.
///
/// # Errors
/// [`NoRandomness`] when the operating system's source fails.
pub(crate) fn bytes<const N: usize>() -> Result<[u8; N], NoRandomness> {
    let mut out = [0; N];
    getrandom::fill(&mut out).map_err(|_| NoRandomness)?;
    Ok(out)
}

/// A number in `0..bound`, each as likely as the others. `bound` must not be zero.
///
/// # Errors
/// [`NoRandomness`] when the operating system's source fails.
pub(crate) fn below(bound: u32) -> Result<u32, NoRandomness> {
    // Rejection sampling: the numbers above the last whole multiple of `bound` would favour the
    // small results.
    let limit = u32::MAX - u32::MAX % bound;
    loop {
        let number = u32::from_le_bytes(bytes()?);
        if number < limit {
            return Ok(number % bound);
        }
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_bounded_number_stays_below_its_bound() {
        for bound in [1, 2, 90, 1_000_000] {
            for _ in 0..200 {
                assert!(super::below(bound).unwrap() < bound);
            }
        }
    }
}
