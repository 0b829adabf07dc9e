-- Times are seconds since 1970-01-01 UTC. "Sealed" is AES-256-GCM under a key that is kept outside this database.

-- What belongs to the service as a whole: its origin and the sequence of its signed information.
CREATE TABLE setting (
    name  TEXT PRIMARY KEY,
    value BLOB NOT NULL
) STRICT, WITHOUT ROWID;

-- The service's own signing (ES256) and decryption (HPKE) keys.
CREATE TABLE service_key (
    purpose    TEXT NOT NULL CHECK (purpose IN ('sign', 'hpke')),
    kid        BLOB NOT NULL,
    created_at INTEGER NOT NULL,
    sealed     BLOB NOT NULL,
    PRIMARY KEY (purpose, kid)
) STRICT, WITHOUT ROWID;

CREATE TABLE account (
    acc         BLOB PRIMARY KEY CHECK (length(acc) = 8),
    email       TEXT NOT NULL UNIQUE,
    first_name  TEXT NOT NULL,
    last_name   TEXT NOT NULL,
    password    TEXT NOT NULL,
    created_at  INTEGER NOT NULL,
    -- The highest step allotted to a code or a transaction of this account.
    step        INTEGER NOT NULL DEFAULT 0,
    -- Wrong codes in a row: where the PIN is asked, and where it is not (with the time of the last of those).
    wrong_pin_codes   INTEGER NOT NULL DEFAULT 0,
    wrong_plain_codes INTEGER NOT NULL DEFAULT 0,
    wrong_plain_at    INTEGER NOT NULL DEFAULT 0,
    -- After a report of fraud, no approval may be started with the password alone before this time.
    no_push_until     INTEGER NOT NULL DEFAULT 0
) STRICT, WITHOUT ROWID;

-- Wrong passwords in a row, by a MAC of the address that was typed, whether or not it has an account.
CREATE TABLE guess (
    who   BLOB PRIMARY KEY CHECK (length(who) = 32),
    wrong INTEGER NOT NULL,
    last  INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX guess_last ON guess (last);

-- A browser that has given a first factor or more. The cookie itself is not kept, only its hash.
CREATE TABLE session (
    hash       BLOB PRIMARY KEY CHECK (length(hash) = 32),
    account    BLOB NOT NULL REFERENCES account (acc) ON DELETE CASCADE,
    signed_in  INTEGER NOT NULL CHECK (signed_in IN (0, 1)),
    strength   TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    used_at    INTEGER NOT NULL,
    expires_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX session_account ON session (account);
CREATE INDEX session_expires ON session (expires_at);

CREATE TABLE device (
    dev         BLOB PRIMARY KEY CHECK (length(dev) = 8),
    account     BLOB NOT NULL REFERENCES account (acc) ON DELETE CASCADE,
    enrolment   BLOB NOT NULL UNIQUE CHECK (length(enrolment) = 16),
    name        TEXT NOT NULL,
    model       TEXT NOT NULL,
    platform    TEXT NOT NULL,
    state       TEXT NOT NULL CHECK (state IN ('pending', 'active', 'suspended')),
    created_at  INTEGER NOT NULL,
    used_at     INTEGER NOT NULL,
    hardware    INTEGER NOT NULL CHECK (hardware IN (0, 1)),
    device_key  BLOB NOT NULL,
    bio_key     BLOB,
    epoch       INTEGER NOT NULL,
    first_step  INTEGER NOT NULL,
    -- Sealed, each bound to the device, its column's name and the epoch.
    pin_key     BLOB NOT NULL,
    pin_share   BLOB NOT NULL,
    plain_share BLOB NOT NULL,
    bio_share   BLOB,
    -- Sealed: the chain value for chain_step, the next step that can be used.
    chain       BLOB NOT NULL,
    chain_step  INTEGER NOT NULL,
    -- What the last accepted request carried, and the state tokens.
    counter     INTEGER NOT NULL DEFAULT 0,
    issued      INTEGER NOT NULL DEFAULT 1,
    acked       INTEGER NOT NULL DEFAULT 0,
    -- Wrong PINs: in a row, and in this epoch. Wrong PIN codes in this epoch.
    wrong_row   INTEGER NOT NULL DEFAULT 0,
    wrong_epoch INTEGER NOT NULL DEFAULT 0,
    wrong_codes INTEGER NOT NULL DEFAULT 0
) STRICT, WITHOUT ROWID;
CREATE INDEX device_account ON device (account);

CREATE TABLE enrolment (
    id          BLOB PRIMARY KEY CHECK (length(id) = 16),
    account     BLOB NOT NULL REFERENCES account (acc) ON DELETE CASCADE,
    session     BLOB NOT NULL,
    dev         BLOB NOT NULL CHECK (length(dev) = 8),
    name        TEXT NOT NULL,
    message     BLOB NOT NULL,
    hash        BLOB NOT NULL CHECK (length(hash) = 32),
    -- SHA-256 of the one-time secret.
    secret      BLOB NOT NULL CHECK (length(secret) = 32),
    -- 1: the PIN is typed in the browser; 2: on the phone.
    way         INTEGER NOT NULL CHECK (way IN (1, 2)),
    issued_at   INTEGER NOT NULL,
    expires_at  INTEGER NOT NULL,
    state       TEXT NOT NULL CHECK (state IN ('open', 'claimed', 'confirmed', 'done', 'void')),
    -- The first claim: its hash, its proof (transcript and the device's signature), and (sealed) the six digits made for it.
    claim       BLOB,
    proof       BLOB,
    code        BLOB,
    code_tries  INTEGER NOT NULL DEFAULT 0
) STRICT, WITHOUT ROWID;
CREATE INDEX enrolment_account ON enrolment (account);

CREATE TABLE challenge (
    id          BLOB PRIMARY KEY CHECK (length(id) = 16),
    account     BLOB NOT NULL REFERENCES account (acc) ON DELETE CASCADE,
    session     BLOB NOT NULL,
    kind        TEXT NOT NULL CHECK (kind IN ('approve', 'code', 'transaction')),
    -- The protocol's number.
    purpose     INTEGER NOT NULL,
    dev         BLOB,
    step        INTEGER,
    message     BLOB NOT NULL,
    hash        BLOB NOT NULL CHECK (length(hash) = 32),
    -- The two digits on the computer's screen (approve).
    number      INTEGER,
    -- What the operation needs when it goes on: a device's name, a transfer's values.
    payload     TEXT NOT NULL,
    -- What must unlock it: 0 nothing, 1 the PIN, 2 the PIN or a biometric.
    unlock      INTEGER NOT NULL CHECK (unlock IN (0, 1, 2)),
    issued_at   INTEGER NOT NULL,
    expires_at  INTEGER NOT NULL,
    state       TEXT NOT NULL CHECK (state IN
        ('open', 'approved', 'declined', 'fraud', 'wrong-number', 'wrong-codes', 'replaced', 'used')),
    closed_at   INTEGER,
    strength    TEXT,
    -- The device that approved or whose code it was.
    by_dev      BLOB,
    wrong_codes INTEGER NOT NULL DEFAULT 0,
    -- Of an answer: the signed transcript as received, with the device's signature.
    proof       BLOB
) STRICT, WITHOUT ROWID;
CREATE INDEX challenge_account ON challenge (account, issued_at);
CREATE INDEX challenge_dev ON challenge (dev, state);

-- What was answered to a request that a device signed, so that a lost answer costs nothing. No result: a try is taken, and the
-- signature was not judged yet; the same request goes on from there.
CREATE TABLE outcome (
    dev      BLOB NOT NULL REFERENCES device (dev) ON DELETE CASCADE,
    signed   BLOB NOT NULL CHECK (length(signed) = 32),
    at       INTEGER NOT NULL,
    result   INTEGER,
    -- What the reply says besides: tries left (in a row, in the epoch), the device's counter, the new state token's number.
    row_left   INTEGER NOT NULL,
    epoch_left INTEGER NOT NULL,
    counter    INTEGER NOT NULL,
    issued     INTEGER NOT NULL,
    PRIMARY KEY (dev, signed)
) STRICT, WITHOUT ROWID;
CREATE INDEX outcome_at ON outcome (at);

-- A sample transfer that was signed.
CREATE TABLE transfer (
    id        BLOB PRIMARY KEY,
    account   BLOB NOT NULL REFERENCES account (acc) ON DELETE CASCADE,
    at        INTEGER NOT NULL,
    iban      TEXT NOT NULL,
    name      TEXT NOT NULL,
    amount    TEXT NOT NULL,
    reference TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX transfer_account ON transfer (account, at);

-- What happened, for the account's own page and as the notices a person gets.
CREATE TABLE event (
    id      INTEGER PRIMARY KEY,
    account BLOB NOT NULL REFERENCES account (acc) ON DELETE CASCADE,
    at      INTEGER NOT NULL,
    what    TEXT NOT NULL,
    detail  TEXT NOT NULL
) STRICT;
CREATE INDEX event_account ON event (account, at);
