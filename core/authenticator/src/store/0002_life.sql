-- The epoch in whose name K_dev was made: 0 at enrolment, later that of the rotation. It is part of what its handle is bound to.
ALTER TABLE account ADD COLUMN device_key_epoch INTEGER NOT NULL DEFAULT 0;
-- The service's PIN epoch, where it is another than this phone's.
ALTER TABLE account ADD COLUMN told_epoch INTEGER;

-- Slot B: a PIN epoch that is being prepared. Its D and C are in `sealed` under its epoch. It has nothing in common with slot A.
CREATE TABLE pending_change (
    account    INTEGER PRIMARY KEY REFERENCES account (number) ON DELETE CASCADE,
    epoch      INTEGER NOT NULL,
    -- The hash of the newest message that was sent for it; what was sealed into that is random to whoever reads this.
    hash       BLOB NOT NULL CHECK (length(hash) = 32),
    -- 1 change, 2 refresh, 3 forgotten
    kind       INTEGER NOT NULL CHECK (kind BETWEEN 1 AND 3),
    -- 1 from the moment before `commit` is sent: from then on no codes are made until it is answered.
    accepted   INTEGER NOT NULL CHECK (accepted IN (0, 1)),
    -- The step of the sealed chain value.
    step       INTEGER NOT NULL,
    -- The handle of the new K_dev in a rotation.
    device_key BLOB
) STRICT;

-- Keys that are not used any more and that the key store has yet to forget.
CREATE TABLE discarded_key (
    id        INTEGER PRIMARY KEY,
    handle    BLOB NOT NULL,
    -- 1: of the biometric store
    biometric INTEGER NOT NULL CHECK (biometric IN (0, 1))
) STRICT;
