-- A session keeps each thing that was proved in it, with its time, and the device that proved it. Nobody knows that of the sessions that
-- are there, so they end: people sign in once more.
DROP TABLE session;
CREATE TABLE session (
    hash       BLOB PRIMARY KEY CHECK (length(hash) = 32),
    account    BLOB NOT NULL REFERENCES account (acc) ON DELETE CASCADE,
    signed_in  INTEGER NOT NULL CHECK (signed_in IN (0, 1)),
    created_at INTEGER NOT NULL,
    used_at    INTEGER NOT NULL,
    expires_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX session_account ON session (account);
CREATE INDEX session_expires ON session (expires_at);

CREATE TABLE session_proof (
    session BLOB NOT NULL REFERENCES session (hash) ON DELETE CASCADE,
    method  TEXT NOT NULL,
    at      INTEGER NOT NULL,
    -- The device that approved, or whose code it was. Its block or suspension ends the session.
    dev     BLOB CHECK (length(dev) = 8),
    PRIMARY KEY (session, method)
) STRICT, WITHOUT ROWID;
CREATE INDEX session_proof_dev ON session_proof (dev);

-- Did STOP open it?
ALTER TABLE recovery ADD COLUMN by_panic INTEGER NOT NULL DEFAULT 0 CHECK (by_panic IN (0, 1));

-- When a mailed link alone set the password, without a factor.
ALTER TABLE account ADD COLUMN password_by_link_at INTEGER;
