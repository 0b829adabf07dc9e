-- Set when an account's factors were deleted by a panic or a recovery, until the next one is added by who recovered it. Until then the
-- password alone adds none.
ALTER TABLE account ADD COLUMN guarded INTEGER NOT NULL DEFAULT 0 CHECK (guarded IN (0, 1));

-- A recovery under way. Its links are MACs of the id under a key outside this database.
CREATE TABLE recovery (
    account  BLOB PRIMARY KEY REFERENCES account (acc) ON DELETE CASCADE,
    id       BLOB NOT NULL UNIQUE CHECK (length(id) = 16),
    began_at INTEGER NOT NULL,
    -- From when it can be finished.
    ripe_at  INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- 1: the person is to be told by a message, and has not been.
ALTER TABLE event ADD COLUMN mail INTEGER NOT NULL DEFAULT 0 CHECK (mail IN (0, 1));
CREATE INDEX event_mail ON event (id) WHERE mail = 1;
