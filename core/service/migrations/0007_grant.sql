-- Who granted a forgotten PIN's change: it ends with that device, as the grant does, and not with the grant's ten minutes.
ALTER TABLE pending_change ADD COLUMN by_dev BLOB REFERENCES device (dev) ON DELETE CASCADE;
CREATE INDEX pending_change_by ON pending_change (by_dev);
-- Of one that waits already nobody knows who granted it.
DELETE FROM pending_change WHERE kind = 3;

-- A device's own biometrics may grant it too, where the service is set so.
DROP TABLE pin_grant;
CREATE TABLE pin_grant (
    dev       BLOB PRIMARY KEY REFERENCES device (dev) ON DELETE CASCADE,
    challenge BLOB NOT NULL CHECK (length(challenge) = 16),
    by_dev    BLOB NOT NULL REFERENCES device (dev) ON DELETE CASCADE,
    until     INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX pin_grant_by ON pin_grant (by_dev);
