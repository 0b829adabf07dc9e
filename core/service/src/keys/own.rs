//! The service's own keys and its information, as they go into the store and come out of it.

use countersign_protocol::{Time, id::KeyId};

use crate::{base::names::names, keys::seal::Place};

/// What a key of the service is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum KeyUse {
    /// It signs.
    Sign,
    /// It opens what phones seal.
    Hpke,
}

names!(KeyUse { Sign = "sign", Hpke = "hpke" });

impl KeyUse {
    /// Where its private half is sealed.
    pub(crate) const fn place(self) -> Place {
        Place::service(self.name())
    }
}

/// A key of the service.
#[derive(Clone)]
pub(crate) struct OwnKey {
    /// What for.
    pub(crate) used_for: KeyUse,
    /// The id of its public half.
    pub(crate) kid: KeyId,
    /// When it was made.
    pub(crate) created_at: Time,
    /// Sealed: the private half.
    pub(crate) sealed: Vec<u8>,
}

/// All keys of the service and what it says of them, as they are at one moment.
pub(crate) struct OwnKeys {
    /// Oldest first.
    pub(crate) keys: Vec<OwnKey>,
    /// The signed information.
    pub(crate) info: Option<Vec<u8>>,
    /// What keys that were replaced signed last.
    pub(crate) earlier: Vec<Vec<u8>>,
    /// They come from a backup: phones may know later information.
    pub(crate) restored: bool,
    /// The name of the sealing key that an exchange of the key file brought last. Only a key file
    /// with that key opens everything.
    pub(crate) sealed_by: Option<Vec<u8>>,
}

/// New information, with the keys that come and go with it.
pub(crate) struct Publication {
    /// The information that it takes the place of: if another did meanwhile, nothing is done.
    pub(crate) replaces: Option<Vec<u8>>,
    /// The new one.
    pub(crate) info: Vec<u8>,
    /// What a replaced key signed last, by its id.
    pub(crate) earlier: Vec<(KeyId, Vec<u8>)>,
    /// Keys to add.
    pub(crate) new: Vec<OwnKey>,
    /// Keys to erase.
    pub(crate) erase: Vec<(KeyUse, KeyId)>,
}
