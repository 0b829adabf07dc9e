-- Checks of strangers' forms that were answered, until they expire. With as many tries as there are, a check is spent.
CREATE TABLE answered_check (
    id          BLOB PRIMARY KEY CHECK (length(id) = 16),
    tries       INTEGER NOT NULL,
    expires_at  INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX answered_check_expires_at ON answered_check (expires_at);
