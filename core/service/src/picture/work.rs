//! The silent work: numbers whose hashes begin with zeros.
//!
//! The work for a token is a number for each of 16 puzzles: SHA-256 over SHA-256 of the token, the
//! puzzle's place and the number, both big-endian in 4 bytes, must begin with so many zero bits. A
//! browser finds them by trying (`static/work.js`), anybody else may as well; sixteen puzzles in
//! the place of one of the same cost take everybody about the same time. They are handed in as 8
//! hexadecimal digits each. Checking them costs 17 hashes, whatever the difficulty.

use sha2::{Digest, Sha256};

use crate::base::hex;

/// How many puzzles there are.
pub(crate) const PUZZLES: usize = 16;

/// Whether this is the work for a token: `bits` zero bits in each puzzle.
pub(crate) fn is_done(token: &str, bits: u8, proof: &str) -> bool {
    let Some(proof) = hex::decode::<{ PUZZLES * 4 }>(proof) else {
        return false;
    };
    let seed = Sha256::digest(token);
    let (numbers, _) = proof.as_chunks::<4>();
    let hashes = (0_u32..).zip(numbers).map(|(puzzle, number)| {
        let hash = Sha256::new().chain_update(seed);
        let hash = hash.chain_update(puzzle.to_be_bytes()).chain_update(number);
        hash.finalize()
    });
    let first = |hash: &[u8]| {
        hash.first_chunk()
            .map_or(u32::MAX, |first| u32::from_be_bytes(*first))
    };
    // All of them, so that it always takes the same.
    let zeros = hashes.map(|hash| first(&hash).leading_zeros());
    zeros.min().is_some_and(|least| least >= bits.into())
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// Does the work.
    pub(crate) fn done(token: &str, bits: u8) -> String {
        let seed = Sha256::digest(token);
        let solve = |puzzle: u32| {
            let mut numbers = 0_u32..;
            numbers.find(|number| {
                let message = [&seed[..], &puzzle.to_be_bytes(), &number.to_be_bytes()].concat();
                let hash = Sha256::digest(message);
                u32::from_be_bytes(*hash.first_chunk().unwrap()).leading_zeros() >= bits.into()
            })
        };
        (0..PUZZLES as u32)
            .map(|puzzle| format!("{:08x}", solve(puzzle).unwrap()))
            .collect()
    }

    #[test]
    fn work_is_for_one_token_and_one_difficulty() {
        let proof = done("token", 6);
        assert!(is_done("token", 6, &proof) && is_done("token", 1, &proof));
        assert!(!is_done("another", 6, &proof));
        assert!(!is_done("token", 20, &proof));
        // One puzzle that was not solved is enough.
        for puzzle in 0..PUZZLES {
            let mut bad = proof.clone();
            let wrong = (0_u32..)
                .map(|number| format!("{number:08x}"))
                .find(|wrong| {
                    bad.replace_range(puzzle * 8..puzzle * 8 + 8, wrong);
                    !is_done("token", 6, &bad)
                });
            assert!(wrong.is_some());
        }
    }

    #[test]
    fn what_has_another_form_is_no_work() {
        let proof = done("token", 1);
        for bad in [
            "",
            "0",
            &proof[..120],
            &(proof.clone() + "00"),
            &proof.to_uppercase().replace('0', "O"),
        ] {
            assert!(!is_done("token", 0, bad), "{bad}");
        }
    }
}
