//! The key file: the secrets outside the database from which every key is derived that must not be
//! in the database. Whoever has the database alone opens no secret and forges no state token.
//!
//! It is text, a word and its value a line:
//!
//! ```text
//! countersign-service-key-2
//! root HEX                 the keys of tokens, links, journal, backups and pushes come from it
//! sealing HEX              seals what is secret in the database
//! replaced-sealing HEX     while an exchange runs: what it replaces
//! replaced-root HEX        while an exchange after a theft runs: what it replaces
//! old-state HEX TIME       made state tokens until TIME, when it was replaced after a theft; the
//!                          old key file is known by it, for backups from before
//! ```
//!
//! An older form has one line, `countersign-service-key-1 HEX`: the root, from which the sealing
//! key comes too. It is read, and stays as it is until the file is exchanged.

use std::{
    fs::{self, File},
    io::{self, Read, Write},
    path::{Path, PathBuf},
};

use countersign_protocol::Time;
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

use super::{derive::derive, seal::SealError};
use crate::base::{
    durable::Write as Durable,
    files, hex,
    random::{self, NoRandomness},
};

const OLDER: &str = "countersign-service-key-1 ";
const HEADER: &str = "countersign-service-key-2";
/// So many old keys of state tokens are kept: each is a line of the file.
const MOST_OLD_STATES: usize = 16;
/// A key file is shorter than this.
const LONGEST: u64 = 4096;

/// Why the key file can't be used.
#[derive(Debug, thiserror::Error)]
pub(crate) enum KeyFileError {
    /// The database exists, its key file does not.
    #[error(
        "the key file {} is missing, and the data are not new. Put it back from where you keep its copy: without it nothing that is sealed \
         in the database can be opened, and a backup can't be told from a forged one",
        .0.display()
    )]
    Missing(PathBuf),
    /// The file can't be read or written.
    #[error("the key file {} can't be used: {}", .0.display(), .1)]
    Io(PathBuf, #[source] io::Error),
    /// The file is not one of ours.
    #[error("{} is not a key file of this service. Its first line starts with `countersign-service-key-`", .0.display())]
    NotAKeyFile(PathBuf),
    /// Others on this machine can read it.
    #[error(
        "others on this machine can read the key file {}. Run `chmod 600` on it, and if it was copied exchange it \
         (countersign-service keys reseal --compromised)",
        .0.display()
    )]
    TooOpen(PathBuf),
    /// No random bytes for a new key.
    #[error(transparent)]
    Random(#[from] NoRandomness),
    /// A derived key was refused by the cipher. It can't happen with 32 bytes.
    #[error(transparent)]
    Seal(#[from] SealError),
}

/// 32 secret bytes, wiped when dropped.
#[derive(Clone, Zeroize, ZeroizeOnDrop)]
pub(crate) struct Bytes(pub(crate) [u8; 32]);

impl Bytes {
    fn random() -> Result<Self, NoRandomness> {
        random::bytes().map(Self)
    }
}

/// What an exchange that is running replaces.
#[derive(Clone)]
pub(crate) struct Replaced {
    /// What the secrets in the database were sealed with.
    pub(crate) sealing: Bytes,
    /// The root, where it was copied.
    pub(crate) root: Option<Bytes>,
}

/// A key of state tokens that was replaced after a theft.
#[derive(Clone)]
pub(crate) struct OldState {
    /// The key.
    pub(crate) key: Bytes,
    /// When it was replaced.
    pub(crate) at: Time,
}

/// What a key file holds.
#[derive(Clone)]
pub(crate) struct KeyFile {
    /// All but the sealing key comes from it.
    pub(crate) root: Bytes,
    /// The sealing key.
    pub(crate) sealing: Bytes,
    /// An exchange of the file that was begun and has not ended.
    pub(crate) replaced: Option<Replaced>,
    /// Newest last.
    pub(crate) old_states: Vec<OldState>,
}

impl KeyFile {
    fn new() -> Result<Self, NoRandomness> {
        Ok(Self {
            root: Bytes::random()?,
            sealing: Bytes::random()?,
            replaced: None,
            old_states: Vec::new(),
        })
    }

    /// Reads the key file, or makes it when `may_create` (the database is new).
    ///
    /// # Errors
    /// See [`KeyFileError`].
    pub(crate) fn load(path: &Path, may_create: bool) -> Result<Self, KeyFileError> {
        match File::open(path) {
            Ok(file) => read(path, file),
            Err(error) if error.kind() == io::ErrorKind::NotFound && may_create => create(path),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                Err(KeyFileError::Missing(path.to_owned()))
            }
            Err(error) => Err(KeyFileError::Io(path.to_owned(), error)),
        }
    }

    /// The same with a new sealing key, and with a new root where the present one was copied. Both
    /// stay in it until [`KeyFile::ended`], so that what they made can be made again with the new
    /// ones. Keys of state tokens from before `forget` are left out: nothing needs these any more.
    ///
    /// # Errors
    /// [`NoRandomness`].
    pub(crate) fn exchanged(
        &self,
        copied: bool,
        now: Time,
        forget: Time,
    ) -> Result<Self, NoRandomness> {
        let mut new = Self::new()?;
        new.replaced = Some(Replaced {
            sealing: self.sealing.clone(),
            root: copied.then(|| self.root.clone()),
        });
        new.old_states = self.old_states.clone();
        new.old_states.retain(|old| old.at > forget);
        let too_many = new.old_states.len().saturating_sub(MOST_OLD_STATES - 1);
        new.old_states.drain(..too_many);
        match copied {
            true => new.old_states.push(OldState {
                key: Bytes(*derive(&self.root.0, "state")),
                // Each has a time of its own, which is its name.
                at: now.max(self.last_copied_at() + 1),
            }),
            false => new.root = self.root.clone(),
        }
        Ok(new)
    }

    /// When the root was replaced by an exchange that is running, because it was copied.
    pub(crate) fn copied_at(&self) -> Option<Time> {
        self.replaced.as_ref()?.root.as_ref()?;
        self.old_states.last().map(|old| old.at)
    }

    /// Whether this service had that key file: each root in it is the present one, or one that was
    /// replaced after a theft, by the key of its state tokens.
    pub(crate) fn had(&self, old: &Self) -> bool {
        let before = old.replaced.as_ref();
        let before = before.and_then(|replaced| replaced.root.as_ref());
        let mut roots = std::iter::once(&old.root).chain(before);
        roots.all(|root| {
            let state = derive(&root.0, "state");
            root.0 == self.root.0 || self.old_states.iter().any(|old| old.key.0 == *state)
        })
    }

    /// When the root was last replaced because it was copied; 0 when that is long ago.
    pub(crate) fn last_copied_at(&self) -> Time {
        self.old_states.last().map_or(0, |old| old.at)
    }

    /// The same after the exchange.
    pub(crate) fn ended(&self) -> Self {
        Self {
            replaced: None,
            ..self.clone()
        }
    }

    /// Puts it in the place of the file that is there, for the same owner. A crash leaves the one
    /// or the other, whole.
    ///
    /// # Errors
    /// [`KeyFileError::Io`]; the file that was there is there still.
    pub(crate) fn replace(&self, path: &Path) -> Result<(), KeyFileError> {
        let io = |error| KeyFileError::Io(path.to_owned(), error);
        let draft = self.draft(path).map_err(io)?;
        Durable::KeyReplace.reach();
        fs::rename(&draft, path).map_err(io)?;
        files::sync_name(path).map_err(io)
    }

    /// Writes it beside its place, to the disk, for the owner of the file that is there.
    fn draft(&self, path: &Path) -> io::Result<PathBuf> {
        let draft = path.with_extension("part");
        Durable::KeyDraft.reach();
        let mut file = files::draft(&draft)?;
        file.write_all(self.to_text().as_bytes())?;
        files::keep_owner(&file, path)?;
        file.sync_all()?;
        Ok(draft)
    }

    fn to_text(&self) -> Zeroizing<String> {
        let mut text = Zeroizing::new(String::with_capacity(LONGEST as usize));
        text.push_str(HEADER);
        let mut line = |word: &str, bytes: &Bytes, rest: &str| {
            let digits = Zeroizing::new(hex::encode(&bytes.0));
            for part in ["\n", word, " ", &digits, rest] {
                text.push_str(part);
            }
        };
        line("root", &self.root, "");
        line("sealing", &self.sealing, "");
        if let Some(replaced) = &self.replaced {
            line("replaced-sealing", &replaced.sealing, "");
            if let Some(root) = &replaced.root {
                line("replaced-root", root, "");
            }
        }
        for old in &self.old_states {
            line("old-state", &old.key, &format!(" {}", old.at));
        }
        text.push('\n');
        text
    }

    fn from_text(text: &str) -> Option<Self> {
        let bytes = |digits: &str| hex::decode(digits).map(Bytes);
        if let Some(digits) = text.trim_end().strip_prefix(OLDER) {
            let root = bytes(digits)?;
            return Some(Self {
                sealing: Bytes(*derive(&root.0, "seal")),
                root,
                replaced: None,
                old_states: Vec::new(),
            });
        }
        let (mut root, mut sealing, mut old_root, mut old_sealing) = (None, None, None, None);
        let mut old_states = Vec::new();
        for line in text.strip_prefix(HEADER)?.strip_prefix('\n')?.lines() {
            let words: Vec<_> = line.split(' ').collect();
            let (place, digits) = match words[..] {
                ["root", digits] => (&mut root, digits),
                ["sealing", digits] => (&mut sealing, digits),
                ["replaced-root", digits] => (&mut old_root, digits),
                ["replaced-sealing", digits] => (&mut old_sealing, digits),
                ["old-state", digits, at] => {
                    let (key, at) = (bytes(digits)?, at.parse().ok()?);
                    old_states.push(OldState { key, at });
                    continue;
                }
                _ => return None,
            };
            if place.replace(bytes(digits)?).is_some() {
                return None;
            }
        }
        let replaced = match (old_sealing, old_root) {
            (Some(sealing), root) => Some(Replaced { sealing, root }),
            (None, None) => None,
            (None, Some(_)) => return None,
        };
        Some(Self {
            root: root?,
            sealing: sealing?,
            replaced,
            old_states,
        })
    }
}

fn read(path: &Path, mut file: File) -> Result<KeyFile, KeyFileError> {
    let io = |error| KeyFileError::Io(path.to_owned(), error);
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        if file.metadata().map_err(io)?.permissions().mode() & 0o077 != 0 {
            return Err(KeyFileError::TooOpen(path.to_owned()));
        }
    }
    let mut text = Zeroizing::new(String::with_capacity(LONGEST as usize));
    (&mut file)
        .take(LONGEST)
        .read_to_string(&mut text)
        .map_err(io)?;
    KeyFile::from_text(&text).ok_or_else(|| KeyFileError::NotAKeyFile(path.to_owned()))
}

fn create(path: &Path) -> Result<KeyFile, KeyFileError> {
    let io = |error| KeyFileError::Io(path.to_owned(), error);
    let new = KeyFile::new()?;
    if let Some(folder) = path
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty())
    {
        files::make_folder(folder).map_err(io)?;
    }
    // It gets its name only when it is whole and on the disk, and never takes another's place: a
    // crash leaves a key file or none.
    let draft = new.draft(path).map_err(io)?;
    Durable::KeyName.reach();
    fs::hard_link(&draft, path).map_err(io)?;
    fs::remove_file(&draft).map_err(io)?;
    files::sync_name(path).map_err(io)?;
    Ok(new)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn path(folder: &tempfile::TempDir) -> PathBuf {
        folder.path().join("keys/service.key")
    }

    #[test]
    fn the_key_file_is_made_once_and_read_afterwards() {
        let folder = tempfile::tempdir().unwrap();
        let made = KeyFile::load(&path(&folder), true).unwrap();
        let read = KeyFile::load(&path(&folder), true).unwrap();
        assert_eq!(made.to_text(), read.to_text());
    }

    #[test]
    fn a_lost_key_file_of_an_old_database_is_not_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let lost = KeyFile::load(&path(&folder), false);
        assert!(matches!(lost, Err(KeyFileError::Missing(_))));
        assert!(!path(&folder).exists());
    }

    #[cfg(unix)]
    #[test]
    fn a_key_file_that_others_can_read_is_refused() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let path = path(&folder);
        KeyFile::load(&path, true).unwrap();
        assert_eq!(
            fs::metadata(&path).unwrap().permissions().mode() & 0o777,
            0o600
        );
        fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
        let open = KeyFile::load(&path, false);
        assert!(matches!(open, Err(KeyFileError::TooOpen(_))));
    }

    #[test]
    fn a_foreign_or_damaged_key_file_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = path(&folder);
        let good = KeyFile::load(&path, true).unwrap().to_text();
        let half = &good[..good.len() / 2];
        let twice = format!("{}root {}\n", &*good, "0".repeat(64));
        let root_alone = format!("{}replaced-root {}\n", &*good, "0".repeat(64));
        for text in [
            "",
            "countersign-service-key-1 00",
            "countersign-service-key-2\n",
            "-----BEGIN PRIVATE KEY-----",
            half,
            &twice,
            &root_alone,
            &format!("{}more\n", &*good),
        ] {
            fs::write(&path, text).unwrap();
            let refused = KeyFile::load(&path, false);
            assert!(
                matches!(refused, Err(KeyFileError::NotAKeyFile(_))),
                "{text}"
            );
        }
    }

    #[test]
    fn an_older_key_file_is_read_and_all_its_keys_but_the_sealing_key_outlive_an_exchange() {
        let older = format!("{OLDER}{}\n", "07".repeat(32));
        let older = KeyFile::from_text(&older).unwrap();
        let new = older.exchanged(false, 100, 0).unwrap();
        assert_eq!(new.root.0, [7; 32]);
        assert_ne!(new.sealing.0, older.sealing.0);
        let again = KeyFile::from_text(&new.to_text()).unwrap();
        assert_eq!(again.to_text(), new.to_text());
        let replaced = again.replaced.as_ref().unwrap();
        assert_eq!(replaced.sealing.0, older.sealing.0);
        assert!(replaced.root.is_none() && again.old_states.is_empty());
        assert!(!again.ended().to_text().contains("replaced"));
    }

    #[test]
    fn after_a_theft_nothing_of_the_root_is_kept_but_the_old_key_of_state_tokens_and_not_for_ever()
    {
        let old = KeyFile::new().unwrap();
        let new = old.exchanged(true, 100, 0).unwrap();
        assert_ne!(new.root.0, old.root.0);
        let ended = KeyFile::from_text(&new.ended().to_text()).unwrap();
        assert!(!ended.to_text().contains(&hex::encode(&old.root.0)));
        assert_eq!(ended.old_states.len(), 1);
        assert_eq!(ended.old_states[0].key.0, *derive(&old.root.0, "state"));
        let twice = ended.exchanged(true, 200, 99).unwrap();
        let kept: Vec<_> = twice.old_states.iter().map(|old| old.at).collect();
        assert_eq!(kept, [100, 200]);
        let later = twice.exchanged(false, 300, 100).unwrap();
        assert_eq!(later.old_states.len(), 1);
    }
}
