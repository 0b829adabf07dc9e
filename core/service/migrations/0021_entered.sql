-- Which services were entered with an account, by which session (its random name), and when last.
CREATE TABLE entered (
    account  BLOB NOT NULL REFERENCES account (acc) ON DELETE CASCADE,
    session  BLOB NOT NULL CHECK (length(session) = 16),
    service  TEXT NOT NULL,
    at       INTEGER NOT NULL,
    -- When the session ended: what the service has open for it is to end too.
    ended_at INTEGER,
    PRIMARY KEY (account, session, service)
) STRICT, WITHOUT ROWID;
CREATE INDEX entered_session ON entered (session);
CREATE INDEX entered_at ON entered (at);
