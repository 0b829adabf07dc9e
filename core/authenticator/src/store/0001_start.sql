-- What belongs to the wrapping key. Opening it tells, before anything else is touched, whether key and data belong together.
CREATE TABLE proof (
    id   INTEGER PRIMARY KEY CHECK (id = 1),
    blob BLOB NOT NULL
) STRICT;

CREATE TABLE service (
    svc    BLOB PRIMARY KEY CHECK (length(svc) = 8),
    origin TEXT NOT NULL UNIQUE,
    info   BLOB NOT NULL
) STRICT;

CREATE TABLE account (
    number          INTEGER PRIMARY KEY AUTOINCREMENT,
    svc             BLOB NOT NULL REFERENCES service (svc),
    acc             BLOB NOT NULL CHECK (length(acc) = 8),
    dev             BLOB NOT NULL CHECK (length(dev) = 8),
    -- 0 stored, nothing heard yet; 1 claimed; 2 confirmed; 3 active; 4 blocked; 5 suspended
    state           INTEGER NOT NULL CHECK (state BETWEEN 0 AND 5),
    enrolment       BLOB NOT NULL CHECK (length(enrolment) = 16),
    enrolment_ends  INTEGER NOT NULL,
    app_name        TEXT NOT NULL,
    account_label   TEXT NOT NULL,
    device_name     TEXT NOT NULL,
    own_name        TEXT,
    device_key      BLOB NOT NULL,
    z_present       INTEGER NOT NULL CHECK (z_present IN (0, 1)),
    epoch           INTEGER NOT NULL,
    counter         INTEGER NOT NULL,
    -- The step of the sealed chain value; none until the service named i0.
    next_step       INTEGER,
    state_token     BLOB CHECK (length(state_token) = 32),
    tries_in_row    INTEGER,
    tries_in_epoch  INTEGER,
    created_at      INTEGER NOT NULL,
    synced_at       INTEGER NOT NULL,
    UNIQUE (svc, acc)
) STRICT;

-- An ordinary table with a row id on purpose: a new value of the same length takes the place of the old one on its page.
CREATE TABLE sealed (
    id      INTEGER PRIMARY KEY,
    account INTEGER NOT NULL REFERENCES account (number) ON DELETE CASCADE,
    field   TEXT NOT NULL,
    epoch   INTEGER NOT NULL,
    blob    BLOB NOT NULL,
    UNIQUE (account, field, epoch)
) STRICT;

CREATE TABLE history (
    id      INTEGER PRIMARY KEY,
    at      INTEGER NOT NULL,
    account INTEGER,
    name    TEXT NOT NULL,
    kind    TEXT NOT NULL,
    detail  TEXT NOT NULL
) STRICT;
