//! The key file: 32 random bytes outside the database, from which every key of the service's own that must not be in the database is
//! derived. Whoever has the database alone opens no secret and forges no state token.

use std::{
    fs::{self, File},
    io::{self, Read, Write},
    path::{Path, PathBuf},
    sync::Arc,
};

use countersign_protocol::SigningKey;
use hkdf::Hkdf;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

use crate::{
    base::durable::Write as Durable,
    base::{
        files,
        random::{self, NoRandomness},
    },
    keys::seal::{SealError, SealingKey},
};

const HEADER: &str = "countersign-service-key-1 ";

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
    #[error("{} is not a key file of this service. It holds one line that starts with `countersign-service-key-1`", .0.display())]
    NotAKeyFile(PathBuf),
    /// Others on this machine can read it.
    #[error("others on this machine can read the key file {}. Run `chmod 600` on it, and change it if it was copied", .0.display())]
    TooOpen(PathBuf),
    /// No random bytes for a new key.
    #[error(transparent)]
    Random(#[from] NoRandomness),
    /// A derived key was refused by the cipher. It can't happen with 32 bytes.
    #[error(transparent)]
    Seal(#[from] SealError),
}

/// A key for HMAC-SHA256, wiped when dropped.
#[derive(Zeroize, ZeroizeOnDrop)]
pub(crate) struct MacKey([u8; 32]);

impl MacKey {
    /// For tests of what uses one.
    #[cfg(test)]
    pub(crate) fn new(key: [u8; 32]) -> Self {
        Self(key)
    }

    /// HMAC-SHA256 (RFC 2104) over the parts, one after the other. The caller sees to it that they can't be shifted into each other.
    pub(crate) fn mac(&self, parts: &[&[u8]]) -> [u8; 32] {
        // HMAC takes a key of any length; the fallback is never reached and would only make every token fail.
        let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(&self.0) else {
            return [0; 32];
        };
        for part in parts {
            mac.update(part);
        }
        mac.finalize().into_bytes().into()
    }

    /// The same over what is read to the end of `from` and written to `to` meanwhile.
    ///
    /// # Errors
    /// What reading or writing says.
    pub(crate) fn mac_copied(
        &self,
        from: &mut dyn Read,
        to: &mut dyn Write,
    ) -> io::Result<[u8; 32]> {
        let mut mac = Hmac::<Sha256>::new_from_slice(&self.0)
            .map_err(|_| io::Error::from(io::ErrorKind::InvalidInput))?;
        let mut buffer = vec![0; 64 * 1024];
        loop {
            let read = from.read(&mut buffer)?;
            let Some(part) = buffer.get(..read).filter(|part| !part.is_empty()) else {
                return Ok(mac.finalize().into_bytes().into());
            };
            mac.update(part);
            to.write_all(part)?;
        }
    }

    /// The key itself, for a caller that computes a MAC of the protocol.
    pub(crate) fn expose(&self) -> &[u8; 32] {
        &self.0
    }
}

/// The keys derived from the key file.
pub(crate) struct RootKeys {
    /// Seals secrets in the database.
    pub(crate) sealing: SealingKey,
    /// Makes and checks the phones' state tokens.
    pub(crate) state: MacKey,
    /// Makes the tokens of forms.
    pub(crate) csrf: MacKey,
    /// Makes the links of a recovery.
    pub(crate) recovery: MacKey,
    /// Makes all other mailed links.
    pub(crate) links: MacKey,
    /// Turns e-mail addresses into the keys under which wrong passwords are counted.
    pub(crate) guesses: MacKey,
    /// Makes r, with which a browser on a phone comes back.
    pub(crate) mobile: MacKey,
    /// Makes the lines of the journal.
    pub(crate) journal: Arc<MacKey>,
    /// Signs Web Push requests.
    pub(crate) push: SigningKey,
    /// Marks the service's own backups.
    pub(crate) backups: MacKey,
}

/// Reads the key file, or makes it when `may_create` (the database is new).
///
/// # Errors
/// See [`KeyFileError`].
pub(crate) fn load(path: &Path, may_create: bool) -> Result<RootKeys, KeyFileError> {
    let root = match File::open(path) {
        Ok(file) => read(path, file)?,
        Err(error) if error.kind() == io::ErrorKind::NotFound && may_create => create(path)?,
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            return Err(KeyFileError::Missing(path.to_owned()));
        }
        Err(error) => return Err(KeyFileError::Io(path.to_owned(), error)),
    };
    Ok(RootKeys {
        sealing: SealingKey::new(&derive(&root, "seal"))?,
        state: MacKey(*derive(&root, "state")),
        csrf: MacKey(*derive(&root, "csrf")),
        recovery: MacKey(*derive(&root, "recovery")),
        links: MacKey(*derive(&root, "links")),
        guesses: MacKey(*derive(&root, "guesses")),
        mobile: MacKey(*derive(&root, "mobile")),
        journal: Arc::new(MacKey(*derive(&root, "journal"))),
        backups: MacKey(*derive(&root, "backups")),
        push: signing_key(&root, "push").ok_or(KeyFileError::NotAKeyFile(path.to_owned()))?,
    })
}

fn derive(root: &[u8; 32], purpose: &str) -> Zeroizing<[u8; 32]> {
    let mut out = Zeroizing::new([0; 32]);
    // 32 bytes are far below HKDF's limit of 255 blocks, the only error there is.
    let _ = Hkdf::<Sha256>::new(Some(b"countersign-service/v1/keyfile"), root)
        .expand(purpose.as_bytes(), out.as_mut());
    out
}

/// A P-256 key. About once in 2^32 times the bytes are none, and the next ones are taken.
fn signing_key(root: &[u8; 32], purpose: &str) -> Option<SigningKey> {
    (0..8).find_map(|at| SigningKey::from_slice(&*derive(root, &format!("{purpose}-{at}"))).ok())
}

fn read(path: &Path, mut file: File) -> Result<Zeroizing<[u8; 32]>, KeyFileError> {
    let io = |error| KeyFileError::Io(path.to_owned(), error);
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        if file.metadata().map_err(io)?.permissions().mode() & 0o077 != 0 {
            return Err(KeyFileError::TooOpen(path.to_owned()));
        }
    }
    let mut text = Zeroizing::new(String::new());
    (&mut file)
        .take(256)
        .read_to_string(&mut text)
        .map_err(io)?;
    let bad = || KeyFileError::NotAKeyFile(path.to_owned());
    let digits = text.trim_end().strip_prefix(HEADER).ok_or_else(bad)?;
    crate::base::hex::decode(digits)
        .map(Zeroizing::new)
        .ok_or_else(bad)
}

fn create(path: &Path) -> Result<Zeroizing<[u8; 32]>, KeyFileError> {
    let io = |error| KeyFileError::Io(path.to_owned(), error);
    let root = Zeroizing::new(random::bytes::<32>()?);
    if let Some(folder) = path
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty())
    {
        files::make_folder(folder).map_err(io)?;
    }
    let line = Zeroizing::new(format!(
        "{HEADER}{}\n",
        *Zeroizing::new(crate::base::hex::encode(root.as_ref()))
    ));
    // It gets its name only when it is whole and on the disk, and never takes another's place: a crash leaves a key file or none.
    let draft = path.with_extension("part");
    Durable::KeyDraft.reach();
    let mut file = files::draft(&draft).map_err(io)?;
    file.write_all(line.as_bytes()).map_err(io)?;
    file.sync_all().map_err(io)?;
    Durable::KeyName.reach();
    fs::hard_link(&draft, path).map_err(io)?;
    fs::remove_file(&draft).map_err(io)?;
    files::sync_name(path).map_err(io)?;
    Ok(root)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_key_file_is_made_once_and_read_afterwards() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("keys/service.key");
        let place = crate::keys::seal::Place::service("test");
        let sealed = load(&path, true)
            .unwrap()
            .sealing
            .seal(place, b"x")
            .unwrap();
        assert_eq!(
            load(&path, false)
                .unwrap()
                .sealing
                .open(place, &sealed)
                .unwrap()
                .as_slice(),
            b"x"
        );
    }

    #[test]
    fn a_lost_key_file_of_an_old_database_is_not_replaced() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("service.key");
        assert!(matches!(load(&path, false), Err(KeyFileError::Missing(_))));
        assert!(!path.exists());
    }

    #[cfg(unix)]
    #[test]
    fn a_key_file_that_others_can_read_is_refused() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("service.key");
        load(&path, true).unwrap();
        assert_eq!(
            fs::metadata(&path).unwrap().permissions().mode() & 0o777,
            0o600
        );
        fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
        assert!(matches!(load(&path, false), Err(KeyFileError::TooOpen(_))));
    }

    #[test]
    fn a_foreign_key_file_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("service.key");
        load(&path, true).unwrap();
        for text in [
            "",
            "countersign-service-key-1 00",
            "-----BEGIN PRIVATE KEY-----",
        ] {
            fs::write(&path, text).unwrap();
            assert!(
                matches!(load(&path, false), Err(KeyFileError::NotAKeyFile(_))),
                "{text}"
            );
        }
    }
}
