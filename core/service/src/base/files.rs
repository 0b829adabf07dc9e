//! Files and folders that only their owner may read, and names that survive a crash.

use std::{
    fs::{self, File, OpenOptions},
    io,
    path::Path,
};

/// Makes a folder, and those above it, for its owner alone; one that is there stays as it is.
pub(crate) fn make_folder(folder: &Path) -> io::Result<()> {
    let mut builder = fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder)
}

/// Opens a file to read and write, made for its owner alone if it is not there.
pub(crate) fn private(path: &Path) -> io::Result<File> {
    owners().create(true).truncate(false).open(path)
}

/// Makes an empty file for its owner alone, in place of one that an unfinished attempt may have
/// left.
pub(crate) fn draft(path: &Path) -> io::Result<File> {
    remove(path)?;
    owners().create_new(true).open(path)
}

fn owners() -> OpenOptions {
    let mut options = OpenOptions::new();
    options.read(true).write(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
}

/// Gives an open file the owner of another, whose place it will take: an administrator's command
/// may run as root, and the service may not. The file and not its name, where the service's user
/// may have put a link to a file of root's meanwhile.
pub(crate) fn keep_owner(new: &File, old: &Path) -> io::Result<()> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::{MetadataExt, fchown};
        let (new_owner, old_owner) = match (new.metadata()?, fs::metadata(old)) {
            (new, Ok(old)) => (new, old),
            (_, Err(_)) => return Ok(()),
        };
        let ids = |file: &fs::Metadata| (file.uid(), file.gid());
        if ids(&new_owner) != ids(&old_owner) {
            return fchown(new, Some(old_owner.uid()), Some(old_owner.gid()));
        }
    }
    #[cfg(not(unix))]
    let _ = (new, old);
    Ok(())
}

/// Removes a file, if it is there.
pub(crate) fn remove(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

/// Makes the name of a file durable: after a crash it is there, or gone, as it is now.
pub(crate) fn sync_name(path: &Path) -> io::Result<()> {
    #[cfg(unix)]
    if let Some(folder) = path.parent() {
        let here = Path::new(".");
        File::open(if folder == Path::new("") {
            here
        } else {
            folder
        })?
        .sync_all()?;
    }
    #[cfg(not(unix))]
    let _ = path;
    Ok(())
}

#[cfg(all(test, unix))]
mod tests {
    use std::os::unix::fs::{MetadataExt, chown, symlink};

    use super::*;

    #[test]
    fn a_draft_gets_its_owner_also_where_its_name_was_made_a_link_to_another_file() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        fs::write(at("old"), "").unwrap();
        fs::write(at("roots"), "").unwrap();
        if chown(at("old"), Some(4711), Some(4711)).is_err() {
            println!("SKIPPED: only root may give a file to another user");
            return;
        }
        let open = draft(&at("draft")).unwrap();
        fs::rename(at("draft"), at("aside")).unwrap();
        symlink(at("roots"), at("draft")).unwrap();
        keep_owner(&open, &at("old")).unwrap();
        let owner = |name: &str| fs::metadata(at(name)).unwrap().uid();
        assert_eq!((owner("aside"), owner("roots")), (4711, 0));
    }
}
