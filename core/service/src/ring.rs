//! The service's own keys and the information that it publishes about them.
//!
//! The private halves are sealed in the database; the key that opens them is in the key file. The
//! signed information is kept as signed, because enrolment messages name its hash.
//!
//! **Rotation.** A new signing key is published 30 days before it signs, by information that the
//! key before it signs. A day after it has begun, the information names it alone, and the old
//! private half is erased. What a replaced key signed last stays served, so that a phone that slept
//! through several rotations follows from one key to the next (PROTOCOL.md, section 13). A new HPKE
//! key is published at once, and the old one opens for 30 days longer. Who signs and what opens
//! follows from the time alone: nothing has to happen at that very minute.

mod publish;

use std::sync::{Arc, PoisonError, RwLock};

use countersign_protocol::{
    SigningKey, Time,
    id::{Hash, KeyId, PublicKey},
    info::Info,
    message::{Received, Verified},
    origin::Origin,
    seal::{OpeningKey, Purpose},
    secret::Secret32,
};
use zeroize::Zeroizing;

use crate::{
    base::{random::NoRandomness, time::utc},
    keys::{root::RootKeys, seal::SealError},
    store::{KeyUse, OwnKey, OwnKeys, Store, StoreError},
};
use publish::{new_keys, publication};

const DAY: u64 = 24 * 3600;
/// How long a new signing key is published before it signs, in seconds.
pub(crate) const PUBLISHED_BEFORE: u64 = 30 * DAY;
/// How long the old one stays in the information after that. What it signed is long over by then.
pub(crate) const NAMED_AFTER: u64 = DAY;
/// How long a replaced HPKE key still opens, for phones that do not know the new one yet.
pub(crate) const OPENS_AFTER: u64 = 30 * DAY;
/// So often a change is tried when another process changes the keys at the same time.
const ATTEMPTS: u32 = 8;

/// Why the service's keys can't be used.
#[derive(Debug, thiserror::Error)]
pub(crate) enum KeysError {
    /// The database refused.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A key does not open.
    #[error(transparent)]
    Seal(#[from] SealError),
    /// The key file is one that was replaced.
    #[error(
        "the database and the key file do not belong together: the key file was exchanged since, or an exchange of it was begun, \
         and what the newer one sealed opens with that one alone. Put the newer key file back, and do not change the one that you find. \
         If the exchange was interrupted, run countersign-service keys reseal again then. If the newer one is lost, restore a backup \
         from before, with this key file"
    )]
    OlderKeyFile,
    /// No random bytes.
    #[error(transparent)]
    Random(#[from] NoRandomness),
    /// A stored key or the stored information is not what this program writes.
    #[error("a stored key of the service is damaged; restore the database from a backup")]
    Damaged,
    /// Other processes change the keys without end.
    #[error("the service's keys are being changed by another process; try again")]
    Busy,
    /// A new signing key is on its way already.
    #[error(
        "a new signing key waits already: it signs from {} (UTC) on. The next one can be made after that",
        utc(*.0)
    )]
    Waiting(Time),
}

/// What the information says of the service besides its keys.
#[derive(Clone, Copy)]
pub(crate) struct About<'a> {
    /// Its origin.
    pub(crate) origin: &'a Origin,
    /// The name that phones show.
    pub(crate) name: &'a str,
    /// The key of its Web Push requests, where it sends any.
    pub(crate) push_key: Option<PublicKey>,
    /// Whether phones must see new information though nothing in it changes.
    pub(crate) news: bool,
}

/// A signing key.
pub(crate) struct Signer {
    pub(crate) key: SigningKey,
    public: PublicKey,
    pub(crate) kid: KeyId,
    /// When it begins to sign.
    valid_from: Time,
}

/// A key that opens what phones seal.
struct Opener {
    key: OpeningKey,
    /// Until when; the newest has no end.
    until: Option<Time>,
}

/// The service's keys, opened.
pub(crate) struct ServiceKeys {
    /// The signing key that is replaced next, or the only one.
    first: Signer,
    /// Those after it.
    later: Vec<Signer>,
    /// Newest last.
    openers: Vec<Opener>,
    /// The signed information, as served.
    pub(crate) info: Vec<u8>,
    /// Its hash.
    pub(crate) info_hash: Hash,
    /// Its sequence number.
    pub(crate) sequence: u64,
}

/// How a key of the service stands, for its administrator.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyStatus {
    /// Signing or HPKE.
    pub signs: bool,
    /// Its key id.
    pub kid: KeyId,
    /// What it does now.
    pub state: KeyState,
}

/// What a key of the service does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyState {
    /// It signs, or it is the one that phones seal to.
    InUse,
    /// It is published, and signs from this time on.
    From(Time),
    /// It was replaced, and is erased at this time.
    Until(Time),
}

/// Which keys to rotate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rotate {
    /// The signing key.
    Signing,
    /// The HPKE key.
    Hpke,
    /// Both.
    Both,
}

impl Rotate {
    const fn uses(self) -> &'static [KeyUse] {
        match self {
            Self::Signing => &[KeyUse::Sign],
            Self::Hpke => &[KeyUse::Hpke],
            Self::Both => &[KeyUse::Sign, KeyUse::Hpke],
        }
    }
}

impl ServiceKeys {
    /// Opens the keys, making and publishing what is due at this time.
    ///
    /// # Errors
    /// See [`KeysError`].
    pub(crate) async fn load(
        store: &Store,
        root: &RootKeys,
        mut about: About<'_>,
        now: Time,
    ) -> Result<Self, KeysError> {
        for _ in 0..ATTEMPTS {
            let stored = store.own_keys().await?;
            let missing = [KeyUse::Sign, KeyUse::Hpke]
                .into_iter()
                .filter(|wanted| !stored.keys.iter().any(|key| key.used_for == *wanted));
            let new = new_keys(root, missing, &stored.keys, now)?;
            match publication(root, about, &stored, new, now)? {
                Some(publication) => about.news &= !store.publish(publication).await?,
                None => return Self::open(root, &stored),
            }
        }
        Err(KeysError::Busy)
    }

    /// Makes and publishes new keys. A running service takes them up by itself.
    ///
    /// # Errors
    /// See [`KeysError`].
    pub(crate) async fn rotate(
        store: &Store,
        root: &RootKeys,
        rotate: Rotate,
        now: Time,
    ) -> Result<Self, KeysError> {
        for _ in 0..ATTEMPTS {
            let stored = store.own_keys().await?;
            let info = information(&stored)?.ok_or(KeysError::Damaged)?;
            let signers = signers(root, &stored.keys, Some(&info))?;
            if let Some(waiting) = signers.iter().find(|signer| signer.valid_from > now)
                && rotate != Rotate::Hpke
            {
                return Err(KeysError::Waiting(waiting.valid_from));
            }
            let new = new_keys(root, rotate.uses().iter().copied(), &stored.keys, now)?;
            let about = About {
                origin: &info.origin,
                name: &info.app_name,
                push_key: info.push_key,
                news: false,
            };
            if let Some(publication) = publication(root, about, &stored, new, now)?
                && store.publish(publication).await?
            {
                return Self::open(root, &store.own_keys().await?);
            }
        }
        Err(KeysError::Busy)
    }

    /// The keys as they are stored. Nothing is changed.
    ///
    /// # Errors
    /// See [`KeysError`].
    pub(crate) fn open(root: &RootKeys, stored: &OwnKeys) -> Result<Self, KeysError> {
        let info = information(stored)?.ok_or(KeysError::Damaged)?;
        let mut signers = signers(root, &stored.keys, Some(&info))?.into_iter();
        Ok(Self {
            first: signers.next().ok_or(KeysError::Damaged)?,
            later: signers.collect(),
            openers: openers(root, &stored.keys)?,
            info: info.bytes().to_vec(),
            info_hash: info.hash(),
            sequence: info.sequence,
        })
    }

    /// Whether this key file opens these keys, and everything else: a part may be sealed already by
    /// a newer one.
    ///
    /// # Errors
    /// [`KeysError::OlderKeyFile`] or [`KeysError::Seal`] if it does not.
    pub(crate) fn fit(root: &RootKeys, stored: &OwnKeys) -> Result<(), KeysError> {
        let newest = stored.sealed_by.as_ref();
        if newest.is_some_and(|name| !root.sealing.opens_of(name)) {
            return Err(KeysError::OlderKeyFile);
        }
        for key in &stored.keys {
            root.sealing.open(key.used_for.place(), &key.sealed)?;
        }
        Ok(())
    }

    fn signers(&self) -> impl DoubleEndedIterator<Item = &Signer> {
        std::iter::once(&self.first).chain(&self.later)
    }

    /// The key that signs at this time.
    pub(crate) fn signer(&self, now: Time) -> &Signer {
        let begun = |signer: &&Signer| signer.valid_from <= now;
        self.later.iter().rfind(begun).unwrap_or(&self.first)
    }

    /// The id of the key that signs at this time.
    pub(crate) fn kid(&self, now: Time) -> KeyId {
        self.signer(now).kid
    }

    /// The key with this id.
    pub(crate) fn signing(&self, kid: KeyId) -> Option<&SigningKey> {
        let signer = self.signers().find(|signer| signer.kid == kid);
        signer.map(|signer| &signer.key)
    }

    /// Opens what a phone sealed; `None` when no key does.
    pub(crate) fn unseal(
        &self,
        purpose: &Purpose,
        sealed: &[u8],
        now: Time,
    ) -> Option<Zeroizing<Vec<u8>>> {
        let in_time = |opener: &&Opener| opener.until.is_none_or(|until| now < until);
        // Each key looks at the id in front first, so only one of them does the work.
        let mut openers = self.openers.iter().rev().filter(in_time);
        openers.find_map(|opener| opener.key.open(purpose, sealed).ok())
    }

    /// Is there something to publish or to erase at this time?
    fn is_due(&self, now: Time) -> bool {
        let replaced = self.later.first().is_some_and(|next| is_over(next, now));
        let erased = self
            .openers
            .iter()
            .any(|opener| opener.until.is_some_and(|until| until <= now));
        replaced || erased
    }

    /// How each key stands.
    pub(crate) fn list(&self, now: Time) -> Vec<KeyStatus> {
        let in_use = self.kid(now);
        let mut next = self.later.iter();
        let signing = self.signers().map(|signer| KeyStatus {
            signs: true,
            kid: signer.kid,
            state: match next.next() {
                _ if signer.kid == in_use => KeyState::InUse,
                Some(next) if next.valid_from <= now => {
                    KeyState::Until(next.valid_from + NAMED_AFTER)
                }
                _ => KeyState::From(signer.valid_from),
            },
        });
        let opening = self.openers.iter().map(|opener| KeyStatus {
            signs: false,
            kid: opener.key.public().key_id(),
            state: opener.until.map_or(KeyState::InUse, KeyState::Until),
        });
        signing.chain(opening).collect()
    }
}

/// Has this key signed for so long that the one before it is not needed any more?
fn is_over(next: &Signer, now: Time) -> bool {
    next.valid_from + NAMED_AFTER <= now
}

fn information(stored: &OwnKeys) -> Result<Option<Verified<Info>>, KeysError> {
    let Some(bytes) = &stored.info else {
        return Ok(None);
    };
    let info = Received::<Info>::parse(bytes).map_err(|_| KeysError::Damaged)?;
    let info = info.verify_first_contact();
    info.map(Some).map_err(|_| KeysError::Damaged)
}

/// In the order in which they sign.
fn signers(
    root: &RootKeys,
    keys: &[OwnKey],
    info: Option<&Info>,
) -> Result<Vec<Signer>, KeysError> {
    let mut signers = Vec::new();
    for stored in keys.iter().filter(|key| key.used_for == KeyUse::Sign) {
        let secret = root.sealing.open(KeyUse::Sign.place(), &stored.sealed)?;
        let key = signing_key(&secret).ok_or(KeysError::Damaged)?;
        let public = PublicKey::of(&key);
        // The published time holds. One that was not (a restored key, or the very first) counts
        // from when it was made.
        let published = info.and_then(|info| {
            let mut keys = info.signing_keys.iter();
            keys.find(|known| known.key == public)
        });
        let valid_from = match published {
            Some(known) => known.valid_from,
            None if signers.is_empty() => stored.created_at,
            None => stored.created_at + PUBLISHED_BEFORE,
        };
        signers.push(Signer {
            kid: public.key_id(),
            key,
            public,
            valid_from,
        });
    }
    signers.sort_by_key(|signer| signer.valid_from);
    Ok(signers)
}

fn openers(root: &RootKeys, keys: &[OwnKey]) -> Result<Vec<Opener>, KeysError> {
    let stored: Vec<_> = keys
        .iter()
        .filter(|key| key.used_for == KeyUse::Hpke)
        .collect();
    let ends = stored
        .iter()
        .skip(1)
        .map(|next| Some(next.created_at + OPENS_AFTER))
        .chain([None]);
    let mut openers = Vec::new();
    for (stored, until) in stored.iter().zip(ends) {
        let seed = root.sealing.open(KeyUse::Hpke.place(), &stored.sealed)?;
        let key = Secret32::from_slice(&seed).and_then(|seed| OpeningKey::derive(&seed));
        openers.push(Opener {
            key: key.ok_or(KeysError::Damaged)?,
            until,
        });
    }
    Ok(openers)
}

fn signing_key(secret: &[u8]) -> Option<SigningKey> {
    SigningKey::from_slice(secret).ok()
}

/// The keys of a running service: every request takes them as they are now.
pub(crate) struct KeyRing(RwLock<Arc<ServiceKeys>>);

impl KeyRing {
    /// With these keys.
    pub(crate) fn new(keys: ServiceKeys) -> Self {
        Self(RwLock::new(Arc::new(keys)))
    }

    /// As they are now.
    pub(crate) fn now(&self) -> Arc<ServiceKeys> {
        self.0
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// Takes up what another process published, and publishes what is due.
    ///
    /// # Errors
    /// See [`KeysError`]; the keys stay as they are.
    pub(crate) async fn renew(
        &self,
        store: &Store,
        root: &RootKeys,
        about: About<'_>,
        now: Time,
    ) -> Result<(), KeysError> {
        let known = self.now();
        if !known.is_due(now) && store.setting("info").await?.as_ref() == Some(&known.info) {
            return Ok(());
        }
        let keys = ServiceKeys::load(store, root, about, now).await?;
        tracing::info!(
            sequence = keys.sequence,
            kid = %keys.kid(now),
            "the service's keys or its information have changed"
        );
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(keys);
        Ok(())
    }
}
