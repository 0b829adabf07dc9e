//! Keys for HMAC-SHA256, and a key together with those that it has replaced.

use std::io::{self, Read, Write};

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use subtle::ConstantTimeEq;
use zeroize::{Zeroize, ZeroizeOnDrop};

/// A key for HMAC-SHA256, wiped when dropped.
#[derive(Zeroize, ZeroizeOnDrop)]
pub(crate) struct MacKey([u8; 32]);

impl MacKey {
    /// From its 32 bytes.
    pub(crate) const fn new(key: [u8; 32]) -> Self {
        Self(key)
    }

    /// HMAC-SHA256 (RFC 2104) over the parts, one after the other. The caller sees to it that they
    /// can't be shifted into each other.
    pub(crate) fn mac(&self, parts: &[&[u8]]) -> [u8; 32] {
        // HMAC takes a key of any length; the fallback is never reached and would only make every
        // token fail.
        let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(&self.0) else {
            return [0; 32];
        };
        for part in parts {
            mac.update(part);
        }
        mac.finalize().into_bytes().into()
    }
}

/// The key under which MACs are made, and keys that it has replaced: theirs are still accepted.
pub(crate) struct MacKeys {
    present: MacKey,
    before: Vec<MacKey>,
}

impl MacKeys {
    /// One key alone.
    pub(crate) const fn new(present: MacKey) -> Self {
        Self {
            present,
            before: Vec::new(),
        }
    }

    /// Accepts what this key made, too.
    pub(crate) fn accept(&mut self, before: MacKey) {
        self.before.push(before);
    }

    /// The MAC over the parts, as [`MacKey::mac`].
    pub(crate) fn mac(&self, parts: &[&[u8]]) -> [u8; 32] {
        self.present.mac(parts)
    }

    /// Whether one of the keys made this MAC, or this first part of it, over the parts. The time it
    /// takes does not depend on where a wrong one differs.
    pub(crate) fn made(&self, mac: &[u8], parts: &[&[u8]]) -> bool {
        self.all().any(|key| {
            let own = key.mac(parts);
            own.get(..mac.len())
                .is_some_and(|own| bool::from(own.ct_eq(mac)))
        })
    }

    /// The MAC over what is read to the end of `from` and written to `to` meanwhile, by each of the
    /// keys: the present one's is first.
    ///
    /// # Errors
    /// Those of reading and writing.
    pub(crate) fn macs_copied(
        &self,
        from: &mut dyn Read,
        to: &mut dyn Write,
    ) -> io::Result<Vec<[u8; 32]>> {
        let started = self.all().map(|key| Hmac::<Sha256>::new_from_slice(&key.0));
        let mut macs = started
            .collect::<Result<Vec<_>, _>>()
            .map_err(|_| io::Error::from(io::ErrorKind::InvalidInput))?;
        let mut buffer = vec![0; 64 * 1024];
        loop {
            let read = from.read(&mut buffer)?;
            let Some(part) = buffer.get(..read).filter(|part| !part.is_empty()) else {
                let done = macs.into_iter().map(|mac| mac.finalize().into_bytes());
                return Ok(done.map(Into::into).collect());
            };
            for mac in &mut macs {
                mac.update(part);
            }
            to.write_all(part)?;
        }
    }

    fn all(&self) -> impl Iterator<Item = &MacKey> {
        std::iter::once(&self.present).chain(&self.before)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mac_of_a_replaced_key_is_accepted_and_none_is_made_with_it() {
        let old = MacKeys::new(MacKey::new([1; 32]));
        let mut keys = MacKeys::new(MacKey::new([2; 32]));
        let (theirs, own) = (old.mac(&[b"x"]), keys.mac(&[b"x"]));
        assert!(keys.made(&own, &[b"x"]) && !keys.made(&theirs, &[b"x"]));
        keys.accept(MacKey::new([1; 32]));
        assert!(keys.made(&theirs, &[b"x"]) && keys.made(&theirs[..16], &[b"x"]));
        assert!(!keys.made(&theirs, &[b"y"]) && keys.mac(&[b"x"]) == own);
        let copied = keys.macs_copied(&mut &b"x"[..], &mut io::sink()).unwrap();
        assert_eq!(copied, [own, theirs]);
    }
}
