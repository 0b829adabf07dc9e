-- What leaves for people. A row is made in the transaction that marks its event or link as told, and goes when it was carried.
CREATE TABLE delivery (
    -- In the order in which they were made; never given twice.
    number      INTEGER PRIMARY KEY AUTOINCREMENT,
    -- Names the message for whoever carries it.
    id          BLOB NOT NULL UNIQUE CHECK (length(id) = 16),
    kind        TEXT NOT NULL,
    -- None once the account is deleted: the message about that still leaves.
    account     BLOB REFERENCES account (acc) ON DELETE SET NULL,
    -- The mailed link in it, without which it is worth nothing.
    link        BLOB CHECK (length(link) = 16),
    -- Sealed: address and text.
    content     BLOB NOT NULL,
    created_at  INTEGER NOT NULL,
    -- When it is tried next, and until when at most.
    due         INTEGER NOT NULL,
    gives_up_at INTEGER NOT NULL,
    tries       INTEGER NOT NULL DEFAULT 0,
    -- Whoever has the lease carries it, until this time, and nobody else.
    lease       BLOB CHECK (length(lease) = 16),
    lease_until INTEGER NOT NULL DEFAULT 0,
    -- When it was given up, and why the last try failed.
    dead_at     INTEGER,
    why         TEXT NOT NULL DEFAULT ''
) STRICT;
CREATE INDEX delivery_due ON delivery (due) WHERE dead_at IS NULL;
CREATE INDEX delivery_dead ON delivery (dead_at) WHERE dead_at IS NOT NULL;
CREATE INDEX delivery_account ON delivery (account);

-- The language of the link's message.
ALTER TABLE mailed_link ADD COLUMN language TEXT NOT NULL DEFAULT 'en';
