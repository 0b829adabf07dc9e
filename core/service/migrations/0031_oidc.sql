-- What a person granted a service by OpenID Connect, and the tokens that stand for it.
CREATE TABLE token_grant (
    id         BLOB PRIMARY KEY CHECK (length(id) = 16),
    client     TEXT NOT NULL,
    account    BLOB NOT NULL REFERENCES account (acc) ON DELETE CASCADE,
    session    BLOB NOT NULL CHECK (length(session) = 16),
    -- The scopes, with spaces between them.
    scope      TEXT NOT NULL,
    -- The claims that the request named, JSON.
    claims     TEXT NOT NULL,
    -- How the person signed in, JSON.
    proved     TEXT NOT NULL,
    nonce      TEXT,
    -- It goes on when the session has ended.
    offline    INTEGER NOT NULL CHECK (offline IN (0, 1)),
    created_at INTEGER NOT NULL,
    -- After its last token.
    expires_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX token_grant_session ON token_grant (session);
CREATE INDEX token_grant_account ON token_grant (account);
CREATE INDEX token_grant_expires ON token_grant (expires_at);

-- Tokens by their hashes. One that was used stays as long as its grant, so that a second use is told from an unknown one.
CREATE TABLE token (
    hash       BLOB PRIMARY KEY CHECK (length(hash) = 32),
    kind       TEXT NOT NULL,
    grant_id   BLOB NOT NULL REFERENCES token_grant (id) ON DELETE CASCADE,
    -- Of a code: where it was sent, and the challenge that its verifier has to meet.
    address    TEXT,
    challenge  TEXT,
    expires_at INTEGER NOT NULL,
    used_at    INTEGER
) STRICT, WITHOUT ROWID;
CREATE INDEX token_grant_id ON token (grant_id);

-- Assertions by which a service authenticated itself: each works once.
CREATE TABLE used_assertion (
    hash       BLOB PRIMARY KEY CHECK (length(hash) = 32),
    expires_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX used_assertion_expires ON used_assertion (expires_at);

-- By which protocol a service is told.
ALTER TABLE visit ADD COLUMN kind TEXT NOT NULL DEFAULT 'cas-logout';
