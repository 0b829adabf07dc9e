//! The information and the keys that are published when keys come and go.

use countersign_protocol::{
    SigningKey, Time,
    id::{KeyId, PublicKey},
    info::{Info, ServiceKey},
    message::{Message, Received, Verified},
    seal::OpeningKey,
    secret::Secret32,
};
use zeroize::Zeroizing;

use super::{About, KeysError, Signer, information, is_over, openers, signers, signing_key};
use crate::{
    base::random::{self, NoRandomness},
    keys::root::RootKeys,
    store::{KeyUse, OwnKey, OwnKeys, Publication},
};

/// How far a restore moves the sequence of the information: more changes than were published since
/// the backup.
const AFTER_RESTORE: u64 = 10_000;

/// The publication and the erasures that are due at this time with these keys and new ones; `None`
/// when all is as it should be.
pub(super) fn publication(
    root: &RootKeys,
    about: About<'_>,
    stored: &OwnKeys,
    new: Vec<OwnKey>,
    now: Time,
) -> Result<Option<Publication>, KeysError> {
    let old = information(stored)?;
    let keys: Vec<_> = stored.keys.iter().chain(&new).cloned().collect();
    let mut signers = signers(root, &keys, old.as_deref())?;
    let mut openers = openers(root, &keys)?;

    let mut erase = Vec::new();
    let mut replaced = Vec::new();
    while signers.get(1).is_some_and(|next| is_over(next, now)) {
        let signer = signers.remove(0);
        erase.push((KeyUse::Sign, signer.kid));
        replaced.push(signer);
    }
    openers.retain(|opener| {
        let over = opener.until.is_some_and(|until| until <= now);
        if over {
            erase.push((KeyUse::Hpke, opener.key.public().key_id()));
        }
        !over
    });

    // The oldest one that phones may know signs it.
    let (Some(hpke), Some(first)) = (openers.last(), signers.first()) else {
        return Err(KeysError::Damaged);
    };
    let mut info = Info {
        svc: about.origin.svc(),
        kid: first.kid,
        origin: about.origin.clone(),
        app_name: about.name.to_owned(),
        sequence: old.as_ref().map_or(1, |old| old.sequence)
            + if stored.restored { AFTER_RESTORE } else { 0 },
        issued_at: now,
        signing_keys: signers.iter().map(named).collect(),
        hpke_key: *hpke.key.public(),
        link_host: None,
        push_key: about.push_key,
    };
    let unchanged = old.as_ref().filter(|old| {
        !stored.restored
            && !about.news
            && old.origin == info.origin
            && old.app_name == info.app_name
            && old.signing_keys == info.signing_keys
            && old.hpke_key == info.hpke_key
            && old.push_key == info.push_key
    });
    if let Some(old) = unchanged {
        let only_erases = Publication {
            replaces: stored.info.clone(),
            info: old.bytes().to_vec(),
            earlier: Vec::new(),
            new,
            erase,
        };
        return Ok((!only_erases.erase.is_empty()).then_some(only_erases));
    }

    let earlier = match &old {
        Some(old) => lead_on(old, &mut info, &replaced, first, &stored.earlier)?,
        None => Vec::new(),
    };
    Ok(Some(Publication {
        replaces: stored.info.clone(),
        info: sign(&info, &first.key)?,
        earlier,
        new,
        erase,
    }))
}

/// What keys that are replaced signed last, by their ids: from it phones that know such a key learn
/// the next one. `info`, which takes the place of `old`, gets the sequence after these.
fn lead_on(
    old: &Verified<Info>,
    info: &mut Info,
    replaced: &[Signer],
    first: &Signer,
    known: &[Vec<u8>],
) -> Result<Vec<(KeyId, Vec<u8>)>, KeysError> {
    let mut earlier = Vec::new();
    if old.kid != info.kid {
        earlier.push((old.kid, old.bytes().to_vec()));
    }
    for (at, signer) in replaced.iter().enumerate() {
        let next = replaced.get(at + 1).unwrap_or(first);
        let leads_on = |bytes: &[u8]| {
            let info = Received::<Info>::parse(bytes).ok();
            info.and_then(|info| info.verify(&signer.public).ok())
                .is_some_and(|info| info.signing_key(next.kid).is_some())
        };
        // It is there already, unless the database was restored from a backup that is older than
        // the rotation.
        if known.iter().any(|known| leads_on(known)) || leads_on(old.bytes()) {
            continue;
        }
        earlier.retain(|(kid, _)| *kid != signer.kid);
        info.sequence += 1;
        let step = Info {
            kid: signer.kid,
            signing_keys: [signer, next].into_iter().map(named).collect(),
            ..info.clone()
        };
        earlier.push((signer.kid, sign(&step, &signer.key)?));
    }
    info.sequence += 1;
    Ok(earlier)
}

fn named(signer: &Signer) -> ServiceKey {
    ServiceKey {
        key: signer.public,
        valid_from: signer.valid_from,
    }
}

fn sign(info: &Info, key: &SigningKey) -> Result<Vec<u8>, KeysError> {
    info.sign(key).map_err(|_| KeysError::Damaged)
}

/// A new key for each of these uses, sealed.
pub(super) fn new_keys(
    root: &RootKeys,
    uses: impl Iterator<Item = KeyUse>,
    known: &[OwnKey],
    now: Time,
) -> Result<Vec<OwnKey>, KeysError> {
    uses.map(|used_for| {
        // Their order follows from when they were made, also when a clock went back.
        let known = known.iter().filter(|key| key.used_for == used_for);
        let newest = known.map(|key| key.created_at).max();
        new_key(
            root,
            used_for,
            newest.map_or(now, |newest| now.max(newest + 1)),
        )
    })
    .collect()
}

fn new_key(root: &RootKeys, used_for: KeyUse, now: Time) -> Result<OwnKey, KeysError> {
    let (secret, kid) = match used_for {
        KeyUse::Sign => new_signing_key()?,
        KeyUse::Hpke => {
            let secret = Zeroizing::new(random::bytes()?);
            let key = OpeningKey::derive(&Secret32::new_with(|out| *out = *secret));
            let kid = key.ok_or(KeysError::Damaged)?.public().key_id();
            (secret, kid)
        }
    };
    Ok(OwnKey {
        used_for,
        kid,
        created_at: now,
        sealed: root.sealing.seal(used_for.place(), secret.as_ref())?,
    })
}

fn new_signing_key() -> Result<(Zeroizing<[u8; 32]>, KeyId), NoRandomness> {
    loop {
        let secret = Zeroizing::new(random::bytes::<32>()?);
        // Refused about once in 2^32 times: zero, or not below the order.
        if let Some(key) = signing_key(secret.as_ref()) {
            let kid = PublicKey::of(&key).key_id();
            return Ok((secret, kid));
        }
    }
}
