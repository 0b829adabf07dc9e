//! The journal: a file outside the database, and outside its backups, with what a restore from an
//! older backup must not undo: factors added and removed, suspensions, blocks, wrong PINs, panics,
//! recoveries, and the service's own new keys.
//!
//! Each entry is a row of the database first, from the very transaction of what it tells of. Then
//! it is appended here and on the disk before anybody is answered. A crash between the two leaves a
//! row that the next start appends; a restore leaves lines that the next start applies to the
//! database. So nothing that was confirmed is lost as long as one of the two is there.
//!
//! Lines older than any backup that may still be restored are dropped, and one that says so stands
//! in the place of the last of them: a backup that is older than this line is refused.
//!
//! A line is `number time entry mac`; the MAC, under a key from the key file, covers what stands
//! before it.

pub(crate) mod entry;

use std::{
    fs::{self, File},
    io::{self, Read, Seek, SeekFrom, Write as _},
    path::{Path, PathBuf},
    sync::Arc,
};

use crate::{
    base::{durable::Write, files, hex},
    keys::mac::MacKeys,
};
use entry::{JournalEntry, Recorded};

const HEADER: &str = "countersign-service-journal-1\n";
/// Half of an HMAC-SHA256 is kept: nobody can try more than a line.
const MAC: usize = 16;

/// Why the journal can't be used.
#[derive(Debug, thiserror::Error)]
pub(crate) enum JournalError {
    /// It can't be read or written.
    #[error("the journal {} can't be used: {}. Is the disk full, or the folder read-only?", .0.display(), .1)]
    Io(PathBuf, #[source] io::Error),
    /// It is something else, or another service's.
    #[error("{} is not a journal of this service and its key file. Give the right one with --journal", .0.display())]
    Foreign(PathBuf),
    /// Lines are damaged that the database doesn't have.
    #[error(
        "lines of the journal {} are damaged, and the database was restored from a backup that is older than they are: a removal, a panic \
         or a suspension may be lost. Put a copy of the journal in its place; if there is none, delete the lines that are damaged: {}",
        .0.display(), .1
    )]
    Lost(PathBuf, String),
    /// It tells another story than the database.
    #[error(
        "the journal {} and the database do not agree from line {} on: they do not belong together. Put the right one in its place, or move this one \
         away, and it is written again from the database",
        .0.display(), .1
    )]
    Differs(PathBuf, u64),
    /// What happened after the backup was made is not known any more.
    #[error(
        "the database was restored from a backup that is older than the journal {} goes back, so a removal, a block or a panic may be \
         lost. Restore a later backup (--backup-days says for how many days lines are kept)",
        .0.display()
    )]
    TooOld(PathBuf),
    /// The database was used, and the journal is not there.
    #[error(
        "the journal {} is missing or empty, and the database has been used. It holds what a restore must not undo: removals, blocks, changes \
         of passwords. Put it back; if it is lost for good, start once with --new-journal, and it is begun from what the database knows",
        .0.display()
    )]
    Missing(PathBuf),
    /// The database is new, and the journal is not.
    #[error(
        "the database is new, and the journal {} is not. Restore the last backup first (countersign-service restore), or move the journal \
         away to begin anew",
        .0.display()
    )]
    NewDatabase(PathBuf),
}

/// The open journal.
pub(crate) struct Journal {
    file: File,
    path: PathBuf,
    keys: Arc<MacKeys>,
    /// The end of its last good line.
    length: u64,
    /// The number of its first good line.
    first: Option<u64>,
    /// The number of its last good line.
    last: u64,
}

/// What an open journal holds.
pub(crate) struct Written {
    /// Its good lines.
    pub(crate) lines: Vec<Recorded>,
    /// The numbers, from 1 as editors count, of the lines before the last that are damaged.
    pub(crate) damaged: Vec<usize>,
}

/// Whether a file holds more than an empty journal does. One that can't be read counts as empty
/// here; opening it reports the error.
pub(crate) fn has_lines(path: &Path) -> bool {
    fs::metadata(path).is_ok_and(|file| file.len() > HEADER.len() as u64)
}

/// The highest number of a whole line, 0 where there is none. Nothing is made or changed, and no
/// MAC is checked: this can only be a reason to refuse.
///
/// # Errors
/// [`JournalError::Io`] when the file can't be read.
pub(crate) fn last_number(path: &Path) -> Result<u64, JournalError> {
    let text = match fs::read(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Vec::new(),
        read => read.map_err(|error| JournalError::Io(path.to_owned(), error))?,
    };
    let number = |line: &[u8]| {
        let line = std::str::from_utf8(line.strip_suffix(b"\n")?).ok()?;
        line.split(' ').next()?.parse().ok()
    };
    let lines = text.split_inclusive(|byte| *byte == b'\n');
    Ok(lines.filter_map(number).max().unwrap_or(0))
}

impl Journal {
    /// Opens it, making it where there is none. A last line that a crash cut off is dropped: nobody
    /// was answered about it.
    ///
    /// # Errors
    /// See [`JournalError`].
    pub(crate) fn open(path: &Path, keys: Arc<MacKeys>) -> Result<(Self, Written), JournalError> {
        let failed = |error| JournalError::Io(path.to_owned(), error);
        let mut file = files::private(path).map_err(failed)?;
        let mut text = Vec::new();
        file.read_to_end(&mut text).map_err(failed)?;
        let mut journal = Self {
            file,
            path: path.to_owned(),
            keys,
            length: 0,
            first: None,
            last: 0,
        };
        if text.len() < HEADER.len() && HEADER.as_bytes().starts_with(&text) {
            journal.write(HEADER.as_bytes()).map_err(failed)?;
            files::sync_name(path).map_err(failed)?;
            text = HEADER.into();
        }
        let content = journal.read(&text)?;
        Ok((journal, content))
    }

    fn read(&mut self, text: &[u8]) -> Result<Written, JournalError> {
        let foreign = || JournalError::Foreign(self.path.clone());
        let body = text.strip_prefix(HEADER.as_bytes()).ok_or_else(foreign)?;
        let mut content = Written {
            lines: Vec::new(),
            damaged: Vec::new(),
        };
        self.length = HEADER.len() as u64;
        let mut end = self.length;
        let mut bad = None;
        for (at, line) in body.split_inclusive(|byte| *byte == b'\n').enumerate() {
            end += line.len() as u64;
            // The header is line 1.
            content.damaged.extend(bad.take());
            match self.parse(line) {
                Some(recorded) if recorded.seq > self.last => {
                    self.first.get_or_insert(recorded.seq);
                    self.last = recorded.seq;
                    self.length = end;
                    content.lines.push(recorded);
                }
                _ => bad = Some(at + 2),
            }
        }
        if content.lines.is_empty() && !content.damaged.is_empty() {
            return Err(foreign());
        }
        if let Some(line) = bad {
            tracing::warn!(line, journal = %self.path.display(), "the journal's last line was cut off by a crash, and is dropped");
        }
        Ok(content)
    }

    fn parse(&self, line: &[u8]) -> Option<Recorded> {
        let line = std::str::from_utf8(line.strip_suffix(b"\n")?).ok()?;
        let (told, mac) = line.rsplit_once(' ')?;
        let mac: [u8; MAC] = hex::decode(mac)?;
        if !self.keys.made(&mac, &[told.as_bytes()]) {
            return None;
        }
        let mut words = told.splitn(3, ' ');
        Some(Recorded {
            seq: words.next()?.parse().ok()?,
            at: words.next()?.parse().ok()?,
            entry: words.next()?.to_owned(),
        })
    }

    fn mac(&self, told: &str) -> [u8; MAC] {
        let mut mac = [0; MAC];
        mac.copy_from_slice(&self.keys.mac(&[told.as_bytes()])[..MAC]);
        mac
    }

    /// Does it have all that happened after row `last`?
    ///
    /// # Errors
    /// [`JournalError::TooOld`] when such lines were dropped.
    pub(crate) fn reaches(&self, content: &Written, last: u64) -> Result<(), JournalError> {
        let dropped = JournalEntry::Dropped.to_text();
        match content
            .lines
            .iter()
            .any(|line| line.seq > last && line.entry == dropped)
        {
            true => Err(JournalError::TooOld(self.path.clone())),
            false => Ok(()),
        }
    }

    /// Its file.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// The number of its first line, if it has one.
    pub(crate) fn first(&self) -> Option<u64> {
        self.first
    }

    /// The number of its last line.
    pub(crate) fn last(&self) -> u64 {
        self.last
    }

    fn line(&self, row: &Recorded) -> String {
        let told = format!("{} {} {}", row.seq, row.at, row.entry);
        let mac = hex::encode(&self.mac(&told));
        format!("{told} {mac}\n")
    }

    /// Appends those that it does not have, and returns when they are on the disk.
    ///
    /// # Errors
    /// [`JournalError::Io`]; nothing of them counts then.
    pub(crate) fn append(&mut self, rows: &[Recorded]) -> Result<(), JournalError> {
        let last = self.last;
        let new: Vec<_> = rows.iter().filter(|row| row.seq > last).collect();
        let (Some(oldest), Some(newest)) = (new.first(), new.last()) else {
            return Ok(());
        };
        let (oldest, newest) = (oldest.seq, newest.seq);
        let text: String = new.into_iter().map(|row| self.line(row)).collect();
        Write::Journal.reach();
        if let Err(error) = self.write(text.as_bytes()) {
            // What of it was written must not stand before the next line. If this fails too, that
            // line overwrites it.
            let _ = self.file.set_len(self.length);
            return Err(JournalError::Io(self.path.clone(), error));
        }
        self.first.get_or_insert(oldest);
        self.last = newest;
        Ok(())
    }

    /// Makes the journal's file one that can't be written, as on a full disk, or can be again.
    #[cfg(test)]
    pub(crate) fn takes_nothing(&mut self, nothing: bool) {
        let mut how = std::fs::OpenOptions::new();
        self.file = how.read(true).write(!nothing).open(&self.path).unwrap();
    }

    /// Writes at the end of the last good line.
    fn write(&mut self, text: &[u8]) -> io::Result<()> {
        self.file.set_len(self.length)?;
        self.file.seek(SeekFrom::Start(self.length))?;
        self.file.write_all(text)?;
        self.file.sync_data()?;
        self.length += text.len() as u64;
        Ok(())
    }

    /// Makes the MACs of the lines with these keys from now on.
    pub(crate) fn change_keys(&mut self, keys: Arc<MacKeys>) {
        self.keys = keys;
    }

    /// Writes it again, with these rows.
    ///
    /// # Errors
    /// [`JournalError::Io`]; the old one is there still.
    pub(crate) fn rewrite(&mut self, rows: &[Recorded]) -> Result<(), JournalError> {
        let lines: String = rows.iter().map(|row| self.line(row)).collect();
        let text = [HEADER, &lines].concat();
        let draft = self.path.with_extension("part");
        let written = files::draft(&draft).and_then(|mut file| {
            file.write_all(text.as_bytes())?;
            files::keep_owner(&file, &self.path)?;
            file.sync_all()?;
            Write::JournalRewrite.reach();
            fs::rename(&draft, &self.path)?;
            files::sync_name(&self.path)?;
            Ok(file)
        });
        self.file = written.map_err(|error| JournalError::Io(self.path.clone(), error))?;
        self.length = text.len() as u64;
        self.first = rows.first().map(|row| row.seq);
        self.last = rows.last().map_or(0, |row| row.seq);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::keys::mac::MacKey;

    fn row(seq: u64) -> Recorded {
        Recorded {
            seq,
            at: 1_795_450_000 + seq,
            entry: format!("guarded 000000000000000{seq}"),
        }
    }

    fn rows(seqs: std::ops::RangeInclusive<u64>) -> Vec<Recorded> {
        seqs.map(row).collect()
    }

    fn key(byte: u8) -> Arc<MacKeys> {
        Arc::new(MacKeys::new(MacKey::new([byte; 32])))
    }

    fn open(path: &Path) -> (Journal, Written) {
        Journal::open(path, key(1)).unwrap()
    }

    #[test]
    fn what_was_appended_is_read_again_and_nothing_is_appended_twice() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("journal");
        let (mut journal, content) = open(&path);
        assert!(content.lines.is_empty());
        journal.append(&rows(1..=2)).unwrap();
        journal.append(&rows(1..=3)).unwrap();
        journal.append(&rows(2..=3)).unwrap();
        assert_eq!(open(&path).1.lines, rows(1..=3));
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            let mode = fs::metadata(&path).unwrap().permissions().mode();
            assert_eq!(mode & 0o777, 0o600);
        }
    }

    #[test]
    fn a_last_line_that_a_crash_cut_off_anywhere_is_dropped_and_the_next_one_is_whole() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("journal");
        open(&path).0.append(&rows(1..=2)).unwrap();
        let whole = fs::read(&path).unwrap();
        let line = whole.len()
            - whole[..whole.len() - 1]
                .iter()
                .rposition(|b| *b == b'\n')
                .unwrap()
            - 1;
        for cut in 1..=line {
            fs::write(&path, &whole[..whole.len() - cut]).unwrap();
            let (mut journal, content) = open(&path);
            assert_eq!(content.lines, rows(1..=1), "{cut} bytes cut off");
            journal.append(&rows(1..=3)).unwrap();
            assert_eq!(open(&path).1.lines, rows(1..=3));
        }
        // Bytes that the disk had there before.
        let torn = [&whole[..whole.len() - line], &vec![0; line][..]].concat();
        fs::write(&path, torn).unwrap();
        assert_eq!(open(&path).1.lines, rows(1..=1));
        for cut in 0..HEADER.len() {
            fs::write(&path, &HEADER[..cut]).unwrap();
            open(&path).0.append(&rows(1..=1)).unwrap();
            assert_eq!(open(&path).1.lines, rows(1..=1));
        }
    }

    #[test]
    fn a_changed_line_does_not_count_and_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("journal");
        open(&path).0.append(&rows(1..=4)).unwrap();
        let text = fs::read_to_string(&path).unwrap();
        fs::write(&path, text.replace("0000000000000002", "0000000000000009")).unwrap();
        let (mut journal, content) = open(&path);
        assert_eq!(content.damaged, [3]);
        assert_eq!(content.lines, [row(1), row(3), row(4)]);
        journal.rewrite(&rows(1..=4)).unwrap();
        journal.append(&rows(1..=5)).unwrap();
        let (_, content) = open(&path);
        assert!(content.damaged.is_empty());
        assert_eq!(content.lines, rows(1..=5));
    }

    #[test]
    fn another_services_journal_and_other_files_are_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("journal");
        open(&path).0.append(&rows(1..=2)).unwrap();
        let refused = |key| Journal::open(&path, key).err();
        assert!(matches!(refused(key(2)), Some(JournalError::Foreign(_))));
        fs::write(&path, "root:x:0:0:root:/root:/bin/sh\n").unwrap();
        assert!(matches!(refused(key(1)), Some(JournalError::Foreign(_))));
    }
}
