-- Accounts whose people asked for their deletion. Its link is a MAC of the id under a key outside this database.
CREATE TABLE deletion (
    account  BLOB PRIMARY KEY REFERENCES account (acc) ON DELETE CASCADE,
    id       BLOB NOT NULL UNIQUE CHECK (length(id) = 16),
    asked_at INTEGER NOT NULL,
    due_at   INTEGER NOT NULL,
    -- 1: the message of the day before is noted.
    reminded INTEGER NOT NULL CHECK (reminded IN (0, 1)),
    -- When it was done. What is left of the account's rows is removed from then on.
    begun_at INTEGER
) STRICT, WITHOUT ROWID;
CREATE INDEX deletion_due ON deletion (due_at) WHERE begun_at IS NULL;
CREATE INDEX deletion_begun ON deletion (account) WHERE begun_at IS NOT NULL;

-- 1: the sign-in that opened the session cancelled the account's deletion.
ALTER TABLE session ADD COLUMN kept_account INTEGER NOT NULL DEFAULT 0 CHECK (kept_account IN (0, 1));
-- Until when the session can download the person's data, once.
ALTER TABLE session ADD COLUMN export_until INTEGER;
