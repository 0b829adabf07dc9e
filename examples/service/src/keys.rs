//! The service's own keys and the information that it publishes about them.
//!
//! The private halves are sealed in the database; the key that opens them is in the key file. The signed information is kept as signed,
//! because enrolment messages name its hash.

use countersign_protocol::{
    SigningKey, Time,
    id::{Hash, KeyId, PublicKey},
    info::{Info, ServiceKey},
    message::{Message, Received},
    origin::Origin,
    seal::OpeningKey,
    secret::Secret32,
};
use zeroize::Zeroizing;

use crate::{
    keyfile::RootKeys,
    random::{self, NoRandomness},
    seal::{Place, SealError},
    store::{Store, StoreError},
};

const SIGN: Place = Place::service("sign");
const HPKE: Place = Place::service("hpke");

/// Why the service's keys can't be used.
#[derive(Debug, thiserror::Error)]
pub(crate) enum KeysError {
    /// The database refused.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A key does not open.
    #[error(transparent)]
    Seal(#[from] SealError),
    /// No random bytes.
    #[error(transparent)]
    Random(#[from] NoRandomness),
    /// A stored key or the stored information is not what this program writes.
    #[error("a stored key of the service is damaged; restore the database from a backup")]
    Damaged,
}

/// The service's keys, opened.
pub(crate) struct ServiceKeys {
    /// Signs every message of the service.
    pub(crate) signing: SigningKey,
    /// Its key id.
    pub(crate) kid: KeyId,
    /// Opens what phones seal.
    pub(crate) opening: OpeningKey,
    /// The signed information, as served.
    pub(crate) info: Vec<u8>,
    /// Its hash.
    pub(crate) info_hash: Hash,
    /// Its sequence number.
    pub(crate) sequence: u64,
}

impl ServiceKeys {
    /// Opens the keys, making them and the information where there are none.
    ///
    /// # Errors
    /// See [`KeysError`].
    pub(crate) async fn load(
        store: &dyn Store,
        root: &RootKeys,
        origin: &Origin,
        name: &str,
        now: Time,
    ) -> Result<Self, KeysError> {
        let signing = match store.service_keys("sign").await?.pop() {
            Some(sealed) => {
                signing_key(&root.sealing.open(SIGN, &sealed)?).ok_or(KeysError::Damaged)?
            }
            None => {
                let (secret, key) = new_signing_key()?;
                let kid = PublicKey::of(&key).key_id();
                store
                    .add_service_key("sign", kid, root.sealing.seal(SIGN, secret.as_ref())?, now)
                    .await?;
                key
            }
        };
        let seed = match store.service_keys("hpke").await?.pop() {
            Some(sealed) => Secret32::from_slice(&root.sealing.open(HPKE, &sealed)?)
                .ok_or(KeysError::Damaged)?,
            None => {
                let seed = Secret32::take(&mut random::bytes()?);
                let kid = OpeningKey::derive(&seed)
                    .ok_or(KeysError::Damaged)?
                    .public()
                    .key_id();
                store
                    .add_service_key("hpke", kid, root.sealing.seal(HPKE, seed.expose())?, now)
                    .await?;
                seed
            }
        };
        let opening = OpeningKey::derive(&seed).ok_or(KeysError::Damaged)?;
        let kid = PublicKey::of(&signing).key_id();
        let (info, info_hash, sequence) =
            information(store, &signing, &opening, origin, name, now).await?;
        Ok(Self {
            signing,
            kid,
            opening,
            info,
            info_hash,
            sequence,
        })
    }
}

fn signing_key(secret: &[u8]) -> Option<SigningKey> {
    SigningKey::from_slice(secret).ok()
}

fn new_signing_key() -> Result<(Zeroizing<[u8; 32]>, SigningKey), NoRandomness> {
    loop {
        let secret = Zeroizing::new(random::bytes::<32>()?);
        // Refused about once in 2^32 times: zero, or not below the order.
        if let Some(key) = signing_key(secret.as_ref()) {
            return Ok((secret, key));
        }
    }
}

/// The information as last signed, or a new one with the next sequence number when something in it has changed.
async fn information(
    store: &dyn Store,
    signing: &SigningKey,
    opening: &OpeningKey,
    origin: &Origin,
    name: &str,
    now: Time,
) -> Result<(Vec<u8>, Hash, u64), KeysError> {
    let public = PublicKey::of(signing);
    let mut sequence = 1;
    if let Some(stored) = store.setting("info").await? {
        let old = Received::<Info>::parse(&stored).map_err(|_| KeysError::Damaged)?;
        let old = old.verify(&public).map_err(|_| KeysError::Damaged)?;
        if old.origin == *origin && old.app_name == name && old.hpke_key == *opening.public() {
            return Ok((stored, old.hash(), old.sequence));
        }
        sequence = old.sequence + 1;
    }
    let info = Info {
        svc: origin.svc(),
        kid: public.key_id(),
        origin: origin.clone(),
        app_name: name.to_owned(),
        sequence,
        issued_at: now,
        signing_keys: vec![ServiceKey {
            key: public,
            valid_from: now,
        }],
        hpke_key: *opening.public(),
        link_host: None,
    };
    let signed = info.sign(signing).map_err(|_| KeysError::Damaged)?;
    store.set_setting("info", signed.clone()).await?;
    let hash = Received::<Info>::parse(&signed)
        .map_err(|_| KeysError::Damaged)?
        .hash();
    Ok((signed, hash, sequence))
}
