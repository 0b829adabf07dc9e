-- Whether the key store had a key before the first seal into these data, which makes one. Stored
-- before that, so that a first start that was cut off is not taken for a reinstall.
CREATE TABLE first_start (
    id      INTEGER PRIMARY KEY CHECK (id = 1),
    had_key INTEGER NOT NULL CHECK (had_key IN (0, 1))
) STRICT;
