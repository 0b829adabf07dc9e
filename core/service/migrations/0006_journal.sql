-- What a restore from an older backup must not undo. Each row is a line of the journal file too, which is outside this database, and comes
-- back from there.
CREATE TABLE journal (
    seq   INTEGER PRIMARY KEY,
    at    INTEGER NOT NULL,
    entry TEXT NOT NULL
) STRICT;

-- When it was finished. It stays for a few minutes: whoever lost the answer finishes it again.
ALTER TABLE recovery ADD COLUMN finished_at INTEGER;
