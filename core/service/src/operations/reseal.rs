//! The exchange of the key file: what it seals is sealed again with a new key, and after a theft
//! everything that comes from it is replaced.
//!
//! The new key file comes first, with the old secrets beside the new ones: from then on every value
//! opens, whichever of the two sealed it. Only when nothing needs the old ones any more are they
//! left out. Killed at any moment, the same command goes on; the service starts in between too.

use std::sync::Arc;

use countersign_protocol::Time;

use super::{
    own_keys::KeysRefused,
    places::{Begin, Places, Refusal, custody, exchanging, open},
};
use crate::{
    base::clock::Clock,
    keys::{
        file::KeyFile,
        own::KeyUse,
        root::{OLD_KEY_SECONDS, RootKeys},
    },
    ring::{KeysError, Rotate, ServiceKeys},
    store::{self, OpenError, Position, Store, StoreError},
};

/// Why the key file is exchanged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exchange {
    /// A new sealing key; all other keys stay.
    Sealing,
    /// The key file was copied: all keys are replaced, and what the old ones made is void.
    Copied,
}

/// How far an exchange has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    /// So many rows of the database were looked at.
    pub done: u64,
    /// Of so many.
    pub all: u64,
}

/// An exchange that was done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExchangeReport {
    /// Whether an exchange was gone on with that had been interrupted.
    pub resumed: bool,
    /// A signing key that was copied too: it is published, and waits until this time. The next one
    /// can be made after that.
    pub waiting: Option<Time>,
}

/// Exchanges the key file, or goes on with an exchange that was interrupted. The service must not
/// be running. Backups from before need the old key file from then on.
///
/// # Errors
/// [`KeysRefused`]. Either nothing was changed, or both the old and the new secrets are in the key
/// file: the service can be started, and the same command goes on.
pub async fn exchange_keys(
    places: &Places,
    exchange: Exchange,
    clock: &dyn Clock,
    progress: impl FnMut(Progress),
) -> Result<ExchangeReport, KeysRefused> {
    let now = clock.now();
    custody(places).map_err(Refusal::from)?;
    if !store::is_used(&places.database()).map_err(Refusal::from)? {
        return Err(Refusal::from(OpenError::None(places.data.clone())).into());
    }
    let _alone = exchanging(places)?;
    // The folder's lock keeps a service from starting until this has ended.
    let opened = open(places, Begin::Never, now).await;
    let (store, _) = opened.map_err(|refusal| half_done(places, refusal))?;
    let run = Run {
        store: &store,
        places,
        now,
        progress,
    };
    let done = run.exchange(exchange).await;
    store.close();
    let (report, what) = done.map_err(|refusal| half_done(places, refusal))?;
    places.note(clock, what, "");
    Ok(report)
}

/// What a refusal means once an exchange was begun: that nothing is changed is no longer true then.
fn half_done(places: &Places, refusal: Refusal) -> Refusal {
    let is_begun =
        || KeyFile::load(&places.key_file(), false).is_ok_and(|file| file.replaced.is_some());
    match refusal {
        Refusal::Store(StoreError::Full) if is_begun() => {
            Refusal::HalfDone("there is no room left on the disk of the data folder".to_owned())
        }
        Refusal::Store(StoreError::ReadOnly(why)) if is_begun() => {
            Refusal::HalfDone(format!("the data folder can't be written: {why}"))
        }
        Refusal::Store(_) | Refusal::Journal(_) | Refusal::Keys(_) | Refusal::KeyFile(_)
            if is_begun() =>
        {
            Refusal::HalfDone(refusal.to_string())
        }
        refusal => refusal,
    }
}

/// The operation, and its name in the security log.
type Done = (ExchangeReport, &'static str);

struct Run<'a, P> {
    store: &'a Store,
    places: &'a Places,
    now: Time,
    progress: P,
}

impl<P: FnMut(Progress)> Run<'_, P> {
    async fn exchange(mut self, exchange: Exchange) -> Result<Done, Refusal> {
        let copied = exchange == Exchange::Copied;
        let found = KeyFile::load(&self.places.key_file(), false)?;
        let resumed = found.replaced.is_some();
        let file = match resumed {
            true => found,
            false => self.begin(&found, copied)?,
        };
        let mut waiting = self.finish(&file).await?;
        let was_copied = |file: &KeyFile| {
            let replaced = file.replaced.as_ref();
            replaced.is_some_and(|replaced| replaced.root.is_some())
        };
        // The one that was interrupted leaves the other keys as they are.
        if copied && !was_copied(&file) {
            let file = self.begin(&file.ended(), copied)?;
            waiting = self.finish(&file).await?;
        }
        let what = match copied || was_copied(&file) {
            true => "keys-replaced",
            false => "keys-resealed",
        };
        Ok((ExchangeReport { resumed, waiting }, what))
    }

    /// Puts the new secrets into the key file, beside the old ones.
    fn begin(&self, found: &KeyFile, copied: bool) -> Result<KeyFile, Refusal> {
        let forget = self.now.saturating_sub(OLD_KEY_SECONDS);
        let new = found.exchanged(copied, self.now, forget);
        let new = new.map_err(KeysError::from)?;
        new.replace(&self.places.key_file())?;
        Ok(new)
    }

    /// Makes everything again that the old secrets made, and leaves these out.
    async fn finish(&mut self, file: &KeyFile) -> Result<Option<Time>, Refusal> {
        let path = self.places.key_file();
        let root = Arc::new(RootKeys::new(file, &path)?);
        let begun = self.store.begin_exchange(Arc::clone(&root), self.now);
        begun.await?;
        let all = self.store.sealed_rows()?;
        let mut position = Position::default();
        while !position.is_at_end {
            (self.progress)(Progress {
                done: position.done,
                all,
            });
            position = self.store.reseal(position, Arc::clone(&root)).await?;
        }
        self.store.renew_journal(Arc::clone(&root.journal)).await?;
        let waiting = match root.copied_at {
            Some(at) => self.rotate(&root, at).await?,
            None => None,
        };
        self.store.empty_log().await?;
        file.ended().replace(&path)?;
        Ok(waiting)
    }

    /// Replaces the service's own keys, which were copied at `copied_at` at the latest: the HPKE
    /// key now, the signing key as soon as phones have heard of the next one (PROTOCOL.md, section
    /// 13).
    async fn rotate(&self, root: &RootKeys, copied_at: Time) -> Result<Option<Time>, Refusal> {
        // One that was made in the same second was copied.
        let now = self.now.max(copied_at + 1);
        for (used_for, rotate) in [
            (KeyUse::Hpke, Rotate::Hpke),
            (KeyUse::Sign, Rotate::Signing),
        ] {
            let stored = self.store.own_keys().await?;
            let mut keys = stored.keys.iter();
            // An exchange that was interrupted has done it already.
            if keys.any(|key| key.used_for == used_for && key.created_at > copied_at) {
                continue;
            }
            match ServiceKeys::rotate(self.store, root, rotate, now).await {
                Err(KeysError::Waiting(until)) => return Ok(Some(until)),
                rotated => rotated?,
            };
        }
        Ok(None)
    }
}
