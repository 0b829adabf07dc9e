-- The life of a device's keys. "Sealed" values are bound to the device, their column's name and the epoch that stands beside them.

-- The hash of the change with which the present PIN epoch began; none in the first.
ALTER TABLE device ADD COLUMN began_with BLOB CHECK (length(began_with) = 32);

-- A change that waits for its commit: all that the next epoch needs but N and B, which are sealed anew when it begins.
CREATE TABLE pending_change (
    dev        BLOB PRIMARY KEY REFERENCES device (dev) ON DELETE CASCADE,
    hash       BLOB NOT NULL CHECK (length(hash) = 32),
    -- The protocol's number: 1 change, 2 refresh, 3 forgotten PIN.
    kind       INTEGER NOT NULL CHECK (kind IN (1, 2, 3)),
    epoch      INTEGER NOT NULL,
    -- Sealed.
    pin_key    BLOB NOT NULL,
    pin_share  BLOB NOT NULL,
    chain      BLOB NOT NULL,
    chain_step INTEGER NOT NULL,
    -- A rotation of K_dev.
    device_key BLOB,
    hardware   INTEGER CHECK (hardware IN (0, 1)),
    -- The signed transcript as received, with the device's signature.
    proof      BLOB NOT NULL,
    CHECK ((device_key IS NULL) = (hardware IS NULL))
) STRICT, WITHOUT ROWID;

-- What a device signed when its keys last changed, and when it last turned biometrics on.
CREATE TABLE device_proof (
    dev   BLOB NOT NULL REFERENCES device (dev) ON DELETE CASCADE,
    what  TEXT NOT NULL CHECK (what IN ('change', 'biometrics')),
    proof BLOB NOT NULL,
    PRIMARY KEY (dev, what)
) STRICT, WITHOUT ROWID;

-- What judges the codes of challenges that were issued before a PIN epoch ended, until the last of them expires.
CREATE TABLE past_epoch (
    dev        BLOB NOT NULL REFERENCES device (dev) ON DELETE CASCADE,
    epoch      INTEGER NOT NULL,
    -- Sealed.
    pin_share  BLOB NOT NULL,
    chain      BLOB NOT NULL,
    chain_step INTEGER NOT NULL,
    -- The account's step when the epoch ended: later challenges are the next epoch's.
    last_step  INTEGER NOT NULL,
    until      INTEGER NOT NULL,
    PRIMARY KEY (dev, epoch)
) STRICT, WITHOUT ROWID;
CREATE INDEX past_epoch_until ON past_epoch (until);

-- Another device has approved that this one sets its PIN anew.
CREATE TABLE pin_grant (
    dev       BLOB PRIMARY KEY REFERENCES device (dev) ON DELETE CASCADE,
    challenge BLOB NOT NULL CHECK (length(challenge) = 16),
    by_dev    BLOB NOT NULL REFERENCES device (dev) ON DELETE CASCADE,
    until     INTEGER NOT NULL,
    CHECK (dev <> by_dev)
) STRICT, WITHOUT ROWID;
CREATE INDEX pin_grant_by ON pin_grant (by_dev);

-- The device that an approval is about, where it is not the one that asks.
ALTER TABLE challenge ADD COLUMN subject BLOB CHECK (length(subject) = 8);

-- The PIN epoch that a reply names.
ALTER TABLE outcome ADD COLUMN epoch INTEGER NOT NULL DEFAULT 1;
