-- Online transactions: a phone shows their data and is asked like for an approval. SQLite changes no constraint in place, so the table is
-- made again. Open approvals end here: their messages name what they are about in an earlier form, which phones no longer read.
CREATE TABLE challenge_new (
    id          BLOB PRIMARY KEY CHECK (length(id) = 16),
    account     BLOB REFERENCES account (acc) ON DELETE CASCADE,
    session     BLOB NOT NULL CHECK (length(session) = 32),
    kind        TEXT NOT NULL CHECK (kind IN ('approve', 'code', 'transaction', 'on-mobile', 'online')),
    -- The protocol's number.
    purpose     INTEGER NOT NULL,
    dev         BLOB,
    step        INTEGER,
    message     BLOB NOT NULL,
    hash        BLOB NOT NULL CHECK (length(hash) = 32),
    -- The two digits on the computer's screen (approve, online).
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
    proof       BLOB,
    -- Did a known browser ask? Codes are counted apart for the others.
    known       INTEGER NOT NULL DEFAULT 0 CHECK (known IN (0, 1)),
    -- Did it go out without a push, because the last ones were not answered?
    quiet       INTEGER NOT NULL DEFAULT 0 CHECK (quiet IN (0, 1)),
    -- The device that it is about, where it is about one. The message says all that it is about.
    subject     BLOB CHECK (length(subject) = 8),
    CHECK (account IS NOT NULL OR kind = 'on-mobile')
) STRICT, WITHOUT ROWID;
INSERT INTO challenge_new
    (id, account, session, kind, purpose, dev, step, message, hash, number, payload, unlock, issued_at, expires_at, state, closed_at,
     strength, by_dev, wrong_codes, proof, known, quiet, subject)
SELECT id, account, session, kind, purpose, dev, step, message, hash, number, payload, unlock, issued_at, expires_at,
       CASE WHEN kind = 'approve' AND state = 'open' THEN 'replaced' ELSE state END, closed_at,
       strength, by_dev, wrong_codes, proof, known, quiet, subject
FROM challenge;
DROP TABLE challenge;
ALTER TABLE challenge_new RENAME TO challenge;
CREATE INDEX challenge_account ON challenge (account, issued_at);
CREATE INDEX challenge_dev ON challenge (dev, state);
CREATE INDEX challenge_mobile ON challenge (expires_at) WHERE kind = 'on-mobile' AND account IS NULL;
