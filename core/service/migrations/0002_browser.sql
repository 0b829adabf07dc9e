-- The PIN chosen in the browser: V, sealed, which the page's own script made; and the hashes of the claims whose K was compared with it, 32
-- bytes each, so that there are three of them at most and the same claim sent again costs nothing.
ALTER TABLE enrolment ADD COLUMN pin_check BLOB;
ALTER TABLE enrolment ADD COLUMN pin_claims BLOB NOT NULL DEFAULT x'' CHECK (length(pin_claims) IN (0, 32, 64, 96));

-- Challenges that begin in a phone's browser have no account until a phone approves. SQLite changes no constraint in place, so the table is
-- made anew. `session` is the hash of the browser's cookie, as before; there need not be a session with it yet.
CREATE TABLE challenge_new (
    id          BLOB PRIMARY KEY CHECK (length(id) = 16),
    account     BLOB REFERENCES account (acc) ON DELETE CASCADE,
    session     BLOB NOT NULL CHECK (length(session) = 32),
    kind        TEXT NOT NULL CHECK (kind IN ('approve', 'code', 'transaction', 'on-mobile')),
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
    proof       BLOB,
    CHECK (account IS NOT NULL OR kind = 'on-mobile')
) STRICT, WITHOUT ROWID;
INSERT INTO challenge_new
    (id, account, session, kind, purpose, dev, step, message, hash, number, payload, unlock, issued_at, expires_at, state, closed_at,
     strength, by_dev, wrong_codes, proof)
SELECT id, account, session, kind, purpose, dev, step, message, hash, number, payload, unlock, issued_at, expires_at, state, closed_at,
       strength, by_dev, wrong_codes, proof
FROM challenge;
DROP TABLE challenge;
ALTER TABLE challenge_new RENAME TO challenge;
CREATE INDEX challenge_account ON challenge (account, issued_at);
CREATE INDEX challenge_dev ON challenge (dev, state);
CREATE INDEX challenge_mobile ON challenge (expires_at) WHERE kind = 'on-mobile' AND account IS NULL;
