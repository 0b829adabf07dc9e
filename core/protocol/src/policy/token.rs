//! The state token's sequence: how a copied phone is told from a lost answer and from a restored service.

/// The two tokens that the service keeps for a device, by their sequence numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tokens {
    /// The newest that was issued.
    pub issued: u64,
    /// The newest that the phone has shown; the phone may hold either, if the answer with the newer one was lost.
    pub acked: u64,
}

/// What a presented token means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// One of the two: go on, record these and issue the new one in the answer.
    Accept(Tokens),
    /// Well made and newer than all that the service remembers: the service was restored. Go on, record these, and issue the new one.
    Adopt(Tokens),
    /// Anything else: somebody else has moved this device's state on. Suspend the device and tell the person.
    Copied,
}

/// Judges a presented token. `well_made`: its MAC is right for this device and sequence number.
///
/// Called only after the device's signature and counter are verified.
#[must_use]
pub const fn judge(tokens: Tokens, presented: u64, well_made: bool) -> Verdict {
    if !well_made {
        return Verdict::Copied;
    }
    let known = presented == tokens.issued || presented == tokens.acked;
    let newest = if known { tokens.issued } else { presented };
    if newest < tokens.issued {
        return Verdict::Copied;
    }
    let Some(issued) = newest.checked_add(1) else {
        return Verdict::Copied;
    };
    let next = Tokens {
        issued,
        acked: presented,
    };
    if known {
        Verdict::Accept(next)
    } else {
        Verdict::Adopt(next)
    }
}
