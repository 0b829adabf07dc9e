-- Accounts that were removed here, and of which the service has yet to be told: what signs that, and nothing else of them.
CREATE TABLE removal (
    id               INTEGER PRIMARY KEY,
    svc              BLOB NOT NULL REFERENCES service (svc),
    acc              BLOB NOT NULL CHECK (length(acc) = 8),
    dev              BLOB NOT NULL CHECK (length(dev) = 8),
    device_key       BLOB NOT NULL,
    device_key_epoch INTEGER NOT NULL,
    -- The new K_dev of a rotation that was not finished: the service may know either.
    other_key        BLOB,
    other_key_epoch  INTEGER
) STRICT;
