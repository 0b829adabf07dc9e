//! The custody of the files that the service trusts: their owner, modes and links. A file that
//! another user owns, can write to, or has replaced by a link is refused before it is opened, with
//! what to do.

use std::path::{Path, PathBuf};

/// Why a file or folder can't be trusted.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CustodyError {
    /// It is a symbolic link.
    #[error("{} is a symbolic link, which whoever may write beside it can point elsewhere. Name the file or folder itself", .0.display())]
    Link(PathBuf),
    /// Another user owns it.
    #[error("{} belongs to another user. Run `chown` on it, for the user that the service runs as", .0.display())]
    Owner(PathBuf),
    /// Others may change it.
    #[error("others on this machine can write to {}. Run `chmod {}` on it, and see what is in it before you go on", .0.display(), .1)]
    Writable(PathBuf, &'static str),
    /// Others may read it.
    #[error("others on this machine can read {}. Run `chmod 600` on it, and change what was secret in it if it was copied", .0.display())]
    Readable(PathBuf),
}

/// A folder that holds the service's data.
///
/// # Errors
/// [`CustodyError`]; a folder that is not there yet is fine.
pub(crate) fn folder(path: &Path) -> Result<(), CustodyError> {
    check(path, false, |mode| match mode & 0o022 {
        0 => Ok(()),
        _ => Err(CustodyError::Writable(path.to_owned(), "700")),
    })
}

/// A file that the service itself made: its database, key file or journal.
///
/// # Errors
/// [`CustodyError`]; a file that is not there yet is fine.
pub(crate) fn own_file(path: &Path) -> Result<(), CustodyError> {
    check(path, false, |mode| match mode & 0o077 {
        0 => Ok(()),
        _ => Err(CustodyError::Readable(path.to_owned())),
    })
}

/// A file of settings, which others may read: a link is usual there.
///
/// # Errors
/// [`CustodyError`]; a file that is not there is found missing when it is read.
pub(crate) fn settings(path: &Path) -> Result<(), CustodyError> {
    check(path, true, |mode| match mode & 0o022 {
        0 => Ok(()),
        _ => Err(CustodyError::Writable(path.to_owned(), "644")),
    })
}

/// A private key that somebody else made, such as a certificate's: a link and a group that may
/// read it are usual there.
///
/// # Errors
/// [`CustodyError`]; a file that is not there is found missing when it is read.
pub(crate) fn given_key(path: &Path) -> Result<(), CustodyError> {
    check(path, true, |mode| match (mode & 0o007, mode & 0o020) {
        (0, 0) => Ok(()),
        (0, _) => Err(CustodyError::Writable(path.to_owned(), "640")),
        _ => Err(CustodyError::Readable(path.to_owned())),
    })
}

#[cfg(unix)]
fn check(
    path: &Path,
    links: bool,
    mode_fits: impl FnOnce(u32) -> Result<(), CustodyError>,
) -> Result<(), CustodyError> {
    use std::{fs, os::unix::fs::MetadataExt};

    let Ok(found) = fs::symlink_metadata(path) else {
        return Ok(());
    };
    let found = match found.file_type().is_symlink() {
        true if !links => return Err(CustodyError::Link(path.to_owned())),
        true => match fs::metadata(path) {
            Ok(found) => found,
            Err(_) => return Ok(()),
        },
        false => found,
    };
    // An administrator's commands run as root on the service user's files.
    let user = rustix::process::geteuid().as_raw();
    if user != 0 && found.uid() != user && found.uid() != 0 {
        return Err(CustodyError::Owner(path.to_owned()));
    }
    mode_fits(found.mode())
}

/// Without Unix permissions there is nothing to check.
#[cfg(not(unix))]
fn check(
    _path: &Path,
    _links: bool,
    _mode_fits: impl FnOnce(u32) -> Result<(), CustodyError>,
) -> Result<(), CustodyError> {
    Ok(())
}

#[cfg(all(test, unix))]
mod tests {
    use std::{
        fs,
        os::unix::fs::{PermissionsExt, symlink},
    };

    use super::*;

    #[test]
    fn links_and_what_others_may_read_or_change_are_refused() {
        let mode = |path: &Path, mode| {
            fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
        };
        let home = tempfile::tempdir().unwrap();
        let (file, link) = (home.path().join("file"), home.path().join("link"));
        assert!(
            own_file(&file).is_ok() && folder(&file).is_ok(),
            "not there yet"
        );
        fs::write(&file, "x").unwrap();
        symlink(&file, &link).unwrap();
        mode(&file, 0o600);
        assert!(own_file(&file).is_ok() && given_key(&link).is_ok());
        assert!(matches!(own_file(&link), Err(CustodyError::Link(_))));
        mode(&file, 0o640);
        assert!(matches!(own_file(&file), Err(CustodyError::Readable(_))));
        assert!(
            given_key(&file).is_ok(),
            "a group may read a certificate's key"
        );
        for (bits, readable) in [(0o644, true), (0o660, false)] {
            mode(&file, bits);
            let told = given_key(&link).unwrap_err();
            assert_eq!(
                matches!(told, CustodyError::Readable(_)),
                readable,
                "{bits:o}"
            );
        }
        mode(home.path(), 0o777);
        assert!(matches!(
            folder(home.path()),
            Err(CustodyError::Writable(..))
        ));
        mode(home.path(), 0o755);
        assert!(folder(home.path()).is_ok());
    }
}
