-- What services ask for: that the person in a browser is signed in and comes back.
CREATE TABLE ask (
    -- SHA-256 of the random text that its address has.
    id         BLOB PRIMARY KEY CHECK (length(id) = 32),
    -- SHA-256 of the cookie of the browser that opened it first; none until then. It completes in that browser alone.
    browser    BLOB CHECK (length(browser) = 32),
    client     TEXT NOT NULL,
    -- The whole of it, JSON.
    asked      TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX ask_browser ON ask (browser, created_at);
CREATE INDEX ask_expires ON ask (expires_at);

-- What a service was given to show that somebody is signed in, by its hash.
CREATE TABLE ticket (
    hash       BLOB PRIMARY KEY CHECK (length(hash) = 32),
    kind       TEXT NOT NULL,
    client     TEXT NOT NULL,
    -- The whole address for which it was given.
    service    TEXT NOT NULL,
    account    BLOB NOT NULL REFERENCES account (acc) ON DELETE CASCADE,
    -- The session's random name: it ends with the session.
    session    BLOB NOT NULL CHECK (length(session) = 16),
    -- How the person signed in, JSON.
    proved     TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    used_at    INTEGER
) STRICT, WITHOUT ROWID;
CREATE INDEX ticket_session ON ticket (session);
CREATE INDEX ticket_account ON ticket (account);
CREATE INDEX ticket_expires ON ticket (expires_at);

-- What a service has open for a session, and is told of when the session ends.
CREATE TABLE visit (
    number  INTEGER PRIMARY KEY,
    account BLOB NOT NULL REFERENCES account (acc) ON DELETE CASCADE,
    session BLOB NOT NULL CHECK (length(session) = 16),
    client  TEXT NOT NULL,
    -- Where it is told.
    address TEXT NOT NULL,
    -- By what it knows the session: a ticket that is used up.
    name    TEXT NOT NULL,
    at      INTEGER NOT NULL
) STRICT;
CREATE INDEX visit_session ON visit (session);
CREATE INDEX visit_account ON visit (account);
CREATE INDEX visit_at ON visit (at);

-- What services are to be told. Nothing in it is secret.
CREATE TABLE call (
    -- In the order in which they were made; never given twice.
    number      INTEGER PRIMARY KEY AUTOINCREMENT,
    kind        TEXT NOT NULL,
    client      TEXT NOT NULL,
    address     TEXT NOT NULL,
    name        TEXT NOT NULL,
    -- When it is tried next, and until when at most.
    due         INTEGER NOT NULL,
    gives_up_at INTEGER NOT NULL,
    tries       INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE INDEX call_due ON call (due);
CREATE INDEX call_gives_up_at ON call (gives_up_at);

-- By what the services of a sector know a person. It never changes, also when the key changes that it was made with.
CREATE TABLE subject (
    sector  TEXT NOT NULL,
    account BLOB NOT NULL REFERENCES account (acc) ON DELETE CASCADE,
    name    TEXT NOT NULL,
    PRIMARY KEY (sector, account)
) STRICT, WITHOUT ROWID;
CREATE UNIQUE INDEX subject_name ON subject (sector, name);
CREATE INDEX subject_account ON subject (account);
