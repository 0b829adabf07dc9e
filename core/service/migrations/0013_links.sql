-- Links that are mailed. What acts, the link itself, is a MAC over the id under a key outside this database, made when the message is sent.
CREATE TABLE mailed_link (
    -- In the order in which they were asked for.
    seq        INTEGER PRIMARY KEY,
    id         BLOB NOT NULL UNIQUE CHECK (length(id) = 16),
    kind       TEXT NOT NULL,
    -- None: its address has no account yet.
    account    BLOB REFERENCES account (acc) ON DELETE CASCADE,
    -- The one session in which it works.
    session    BLOB CHECK (length(session) = 32),
    address    TEXT NOT NULL,
    -- Sealed: what its page needs to go on. Emptied when it is used or ended.
    payload    BLOB NOT NULL,
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    -- When it was used, or ended without that.
    used_at    INTEGER,
    -- 1: the message has not left yet.
    due        INTEGER NOT NULL DEFAULT 1 CHECK (due IN (0, 1))
) STRICT;
CREATE INDEX mailed_link_due ON mailed_link (seq) WHERE due = 1;
CREATE INDEX mailed_link_address ON mailed_link (address, created_at);
CREATE INDEX mailed_link_account ON mailed_link (account);
CREATE INDEX mailed_link_created ON mailed_link (created_at);
