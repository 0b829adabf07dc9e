//! Sealing of secrets before they reach the database: AES-256-GCM with a random nonce, bound to the
//! place they belong to.

use ring::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use zeroize::Zeroizing;

use super::derive::derive;
use crate::base::random::{self, NoRandomness};

/// Where a sealed value belongs. A value moved to another device, field or epoch no longer opens.
#[derive(Clone, Copy)]
pub(crate) struct Place {
    /// The device, or eight zero bytes for what belongs to the service itself.
    pub(crate) owner: [u8; 8],
    /// The name of the field.
    pub(crate) field: &'static str,
    /// The PIN epoch, or 0 where there is none.
    pub(crate) epoch: u32,
}

impl Place {
    /// A secret of the service itself.
    pub(crate) const fn service(field: &'static str) -> Self {
        Self {
            owner: [0; 8],
            field,
            epoch: 0,
        }
    }

    fn associated_data(&self) -> Vec<u8> {
        // The outer two parts have a fixed length, so different places never give the same bytes.
        let mut out = Vec::with_capacity(12 + self.field.len());
        out.extend_from_slice(&self.owner);
        out.extend_from_slice(self.field.as_bytes());
        out.extend_from_slice(&self.epoch.to_be_bytes());
        out
    }
}

/// Why sealing or opening failed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SealError {
    /// No nonce could be made.
    #[error(transparent)]
    Random(#[from] NoRandomness),
    /// The bytes were not sealed with this key for this place.
    #[error(
        "a sealed value does not open: the database and the key file do not belong together, or the value was changed"
    )]
    DoesNotOpen,
}

/// The key that seals secrets, and those that it replaces: these open what they sealed until it is
/// sealed again. None of them touches the database.
pub(crate) struct SealingKey {
    present: LessSafeKey,
    before: Vec<LessSafeKey>,
    /// Their names, the present key's first.
    names: Vec<KeyName>,
}

/// Names a sealing key, and says nothing of its bytes.
pub(crate) type KeyName = [u8; 16];

fn name(key: &[u8; 32]) -> KeyName {
    let mut name = [0; 16];
    name.copy_from_slice(&derive(key, "name")[..16]);
    name
}

fn cipher(key: &[u8; 32]) -> Result<LessSafeKey, SealError> {
    let key = UnboundKey::new(&AES_256_GCM, key).map_err(|_| SealError::DoesNotOpen)?;
    Ok(LessSafeKey::new(key))
}

impl SealingKey {
    /// The key from its 32 bytes.
    pub(crate) fn new(key: &[u8; 32]) -> Result<Self, SealError> {
        Ok(Self {
            present: cipher(key)?,
            before: Vec::new(),
            names: vec![name(key)],
        })
    }

    /// Opens what this key sealed, too.
    ///
    /// # Errors
    /// [`SealError::DoesNotOpen`], never with 32 bytes.
    pub(crate) fn accept(&mut self, before: &[u8; 32]) -> Result<(), SealError> {
        self.before.push(cipher(before)?);
        self.names.push(name(before));
        Ok(())
    }

    /// The name of the key that seals.
    pub(crate) fn name(&self) -> KeyName {
        self.names.first().copied().unwrap_or_default()
    }

    /// Whether it opens what the key with this name sealed.
    pub(crate) fn opens_of(&self, name: &[u8]) -> bool {
        self.names.iter().any(|known| known == name)
    }

    /// Seals `secret` for `place`: nonce, ciphertext, tag.
    ///
    /// # Errors
    /// [`SealError::Random`] when there is no nonce.
    pub(crate) fn seal(&self, place: Place, secret: &[u8]) -> Result<Vec<u8>, SealError> {
        let nonce: [u8; NONCE_LEN] = random::bytes()?;
        let mut out = Vec::with_capacity(NONCE_LEN + secret.len() + AES_256_GCM.tag_len());
        out.extend_from_slice(&nonce);
        out.extend_from_slice(secret);
        let tag = self
            .present
            .seal_in_place_separate_tag(
                Nonce::assume_unique_for_key(nonce),
                Aad::from(place.associated_data()),
                out.get_mut(NONCE_LEN..).unwrap_or_default(),
            )
            .map_err(|_| SealError::DoesNotOpen)?;
        out.extend_from_slice(tag.as_ref());
        Ok(out)
    }

    /// Opens what [`SealingKey::seal`] made for the same place, with this key or one that it
    /// replaces.
    ///
    /// # Errors
    /// [`SealError::DoesNotOpen`] for anything else.
    pub(crate) fn open(
        &self,
        place: Place,
        sealed: &[u8],
    ) -> Result<Zeroizing<Vec<u8>>, SealError> {
        let keys = std::iter::once(&self.present).chain(&self.before);
        keys.map(|key| Self::open_with(key, place, sealed))
            .find(Result::is_ok)
            .unwrap_or(Err(SealError::DoesNotOpen))
    }

    /// The same secret sealed with the present key; `None` when it is that already.
    ///
    /// # Errors
    /// As [`SealingKey::open`] and [`SealingKey::seal`].
    pub(crate) fn renewed(
        &self,
        place: Place,
        sealed: &[u8],
    ) -> Result<Option<Vec<u8>>, SealError> {
        if Self::open_with(&self.present, place, sealed).is_ok() {
            return Ok(None);
        }
        self.seal(place, &self.open(place, sealed)?).map(Some)
    }

    fn open_with(
        key: &LessSafeKey,
        place: Place,
        sealed: &[u8],
    ) -> Result<Zeroizing<Vec<u8>>, SealError> {
        let (nonce, rest) = sealed
            .split_first_chunk::<NONCE_LEN>()
            .ok_or(SealError::DoesNotOpen)?;
        let mut rest = Zeroizing::new(rest.to_vec());
        let length = key
            .open_in_place(
                Nonce::assume_unique_for_key(*nonce),
                Aad::from(place.associated_data()),
                &mut rest,
            )
            .map_err(|_| SealError::DoesNotOpen)?
            .len();
        rest.truncate(length);
        Ok(rest)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLACE: Place = Place {
        owner: [7; 8],
        field: "n",
        epoch: 1,
    };

    #[test]
    fn a_sealed_value_opens_only_in_its_own_place() {
        let key = SealingKey::new(&[9; 32]).unwrap();
        let sealed = key.seal(PLACE, b"secret").unwrap();
        assert_eq!(key.open(PLACE, &sealed).unwrap().as_slice(), b"secret");
        for place in [
            Place {
                owner: [8; 8],
                ..PLACE
            },
            Place {
                field: "p",
                ..PLACE
            },
            Place { epoch: 2, ..PLACE },
        ] {
            assert!(key.open(place, &sealed).is_err());
        }
        assert!(
            SealingKey::new(&[8; 32])
                .unwrap()
                .open(PLACE, &sealed)
                .is_err()
        );
        for cut in 0..sealed.len() {
            assert!(key.open(PLACE, &sealed[..cut]).is_err());
        }
    }

    #[test]
    fn what_a_replaced_key_sealed_opens_and_is_sealed_again_in_its_own_place_alone() {
        let old = SealingKey::new(&[9; 32]).unwrap();
        let sealed = old.seal(PLACE, b"secret").unwrap();
        let mut key = SealingKey::new(&[8; 32]).unwrap();
        assert!(key.renewed(PLACE, &sealed).is_err());
        key.accept(&[9; 32]).unwrap();
        assert_eq!(key.open(PLACE, &sealed).unwrap().as_slice(), b"secret");
        let elsewhere = Place { epoch: 2, ..PLACE };
        assert!(key.renewed(elsewhere, &sealed).is_err());
        let again = key.renewed(PLACE, &sealed).unwrap().unwrap();
        assert!(old.open(PLACE, &again).is_err());
        assert_eq!(key.open(PLACE, &again).unwrap().as_slice(), b"secret");
        assert!(key.renewed(PLACE, &again).unwrap().is_none());
    }
}
