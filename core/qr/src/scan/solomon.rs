//! Reed–Solomon decoding with erasures over GF(256) as QR codes use it.
//!
//! Berlekamp–Massey started from the erasure locator, Chien's search, Forney's values: Blahut,
//! "Algebraic Codes for Data Transmission" (2003), chapters 6 and 7. The field is x⁸ + x⁴ + x³ +
//! x² + 1 with generator 2, the first root 2⁰ (ISO/IEC 18004, 7.5.2). A library decodes errors
//! alone; knowing which code words are doubtful is worth up to twice as many.

/// The most check words a block has (version 40).
const MAX_CHECK: usize = 68;

struct Field {
    power: [u8; 510],
    log: [u8; 256],
}

const FIELD: Field = {
    let mut field = Field {
        power: [0; 510],
        log: [0; 256],
    };
    let (mut x, mut i) = (1_u16, 0);
    while i < 255 {
        field.power[i] = x as u8;
        field.power[i + 255] = x as u8;
        field.log[x as usize] = i as u8;
        x <<= 1;
        if x & 0x100 != 0 {
            x ^= 0x11D;
        }
        i += 1;
    }
    field
};

static TABLES: Field = FIELD;

fn multiply(a: u8, b: u8) -> u8 {
    if a == 0 || b == 0 {
        return 0;
    }
    TABLES.power[usize::from(TABLES.log[usize::from(a)]) + usize::from(TABLES.log[usize::from(b)])]
}

fn divide(a: u8, b: u8) -> u8 {
    if a == 0 {
        return 0;
    }
    TABLES.power
        [usize::from(TABLES.log[usize::from(a)]) + 255 - usize::from(TABLES.log[usize::from(b)])]
}

fn power(exponent: usize) -> u8 {
    TABLES.power[exponent % 255]
}

fn evaluate(polynomial: &[u8], x: u8) -> u8 {
    polynomial
        .iter()
        .rev()
        .fold(0, |sum, &c| multiply(sum, x) ^ c)
}

type Polynomial = [u8; MAX_CHECK + 2];

/// Corrects a block in place: data words, then `check` check words. `erased` are positions whose
/// value is doubtful. `spare` check words are kept for detection alone. The number of words that
/// were changed, or `None` when the block can't be corrected.
pub(super) fn correct(
    block: &mut [u8],
    check: usize,
    erased: &[usize],
    spare: usize,
) -> Option<usize> {
    let n = block.len();
    if check > MAX_CHECK || check > n || n > 255 || erased.len() + spare > check {
        return None;
    }
    let mut syndromes = [0; MAX_CHECK];
    for (j, s) in syndromes.iter_mut().enumerate().take(check) {
        let root = power(j);
        *s = block.iter().fold(0, |sum, &c| multiply(sum, root) ^ c);
    }
    let syndromes = &syndromes[..check];
    if syndromes.iter().all(|&s| s == 0) {
        return Some(0);
    }
    let (locator, degree) = locate(syndromes, n, erased)?;
    if 2 * (degree - erased.len()) + erased.len() + spare > check {
        return None;
    }
    // The evaluator: syndromes × locator, up to x^check.
    let mut evaluator = [0; MAX_CHECK];
    for (i, e) in evaluator.iter_mut().enumerate().take(check) {
        *e = (0..=i.min(degree)).fold(0, |sum, j| sum ^ multiply(locator[j], syndromes[i - j]));
    }
    // The formal derivative keeps the odd powers.
    let mut derivative = [0; MAX_CHECK + 2];
    for i in (1..=degree).step_by(2) {
        derivative[i - 1] = locator[i];
    }
    let mut changes = [(0, 0); MAX_CHECK];
    let mut found = 0;
    for at in 0..n {
        let place = n - 1 - at;
        let inverse = power(255 - place % 255);
        if evaluate(&locator[..=degree], inverse) != 0 {
            continue;
        }
        let slope = evaluate(&derivative[..degree.max(1)], inverse);
        if found == degree || slope == 0 {
            return None;
        }
        let value = multiply(
            power(place),
            divide(evaluate(&evaluator[..check], inverse), slope),
        );
        changes[found] = (at, value);
        found += 1;
    }
    if found != degree {
        return None;
    }
    changes[..found]
        .iter()
        .for_each(|&(at, value)| block[at] ^= value);
    Some(
        changes[..found]
            .iter()
            .filter(|(_, value)| *value != 0)
            .count(),
    )
}

/// The polynomial whose roots are the inverse places of errors and erasures, and its degree.
fn locate(syndromes: &[u8], n: usize, erased: &[usize]) -> Option<(Polynomial, usize)> {
    let check = syndromes.len();
    let mut locator: Polynomial = [0; MAX_CHECK + 2];
    locator[0] = 1;
    for (k, &at) in erased.iter().enumerate() {
        let root = power((n - 1).checked_sub(at)?);
        for i in (0..=k).rev() {
            locator[i + 1] ^= multiply(locator[i], root);
        }
    }
    let mut before = locator;
    let mut degree = erased.len();
    for r in erased.len()..check {
        let discrepancy =
            (0..=degree.min(r)).fold(0, |sum, j| sum ^ multiply(locator[j], syndromes[r - j]));
        before.copy_within(..check + 1, 1);
        before[0] = 0;
        if discrepancy == 0 {
            continue;
        }
        let old = locator;
        for (l, b) in locator.iter_mut().zip(&before) {
            *l ^= multiply(discrepancy, *b);
        }
        if 2 * degree <= r + erased.len() {
            degree = r + 1 + erased.len() - degree;
            before = old.map(|c| divide(c, discrepancy));
        }
    }
    if degree > check || degree < erased.len() || locator[degree] == 0 {
        None
    } else {
        Some((locator, degree))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Check words by long division, the encoder's way.
    fn encode(data: &[u8], check: usize) -> Vec<u8> {
        let mut generator = vec![1];
        for i in 0..check {
            let mut next = vec![0; generator.len() + 1];
            for (j, &g) in generator.iter().enumerate() {
                next[j] ^= g;
                next[j + 1] ^= multiply(g, power(i));
            }
            generator = next;
        }
        let mut rest = data.to_vec();
        rest.resize(data.len() + check, 0);
        for i in 0..data.len() {
            let factor = rest[i];
            for (j, &g) in generator.iter().enumerate() {
                rest[i + j] ^= multiply(g, factor);
            }
        }
        [data, &rest[data.len()..]].concat()
    }

    proptest! {
        #[test]
        fn errors_and_erasures_up_to_the_bound_are_corrected(
            data in prop::collection::vec(any::<u8>(), 1..120), check in 2_usize..68, seed in any::<u64>(), share in 0_usize..=100,
        ) {
            let right = encode(&data, check);
            let erasures = check * share / 100;
            let errors = (check - erasures) / 2;
            let mut places: Vec<usize> = (0..right.len()).collect();
            let mut state = seed | 1;
            for i in (1..places.len()).rev() {
                state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
                places.swap(i, (state >> 33) as usize % (i + 1));
            }
            let damaged = &places[..(errors + erasures).min(right.len())];
            let mut block = right.clone();
            for (i, &at) in damaged.iter().enumerate() {
                block[at] ^= (i * 37 % 255 + 1) as u8;
            }
            let erased = &damaged[..erasures.min(damaged.len())];
            prop_assert!(correct(&mut block, check, erased, 0).is_some());
            prop_assert_eq!(block, right);
        }

        #[test]
        fn anything_is_corrected_or_refused_without_a_panic(
            mut block in prop::collection::vec(any::<u8>(), 0..256), check in 0_usize..80, erased in prop::collection::vec(0_usize..300, 0..70),
        ) {
            let _ = correct(&mut block, check, &erased, 1);
        }
    }
}
