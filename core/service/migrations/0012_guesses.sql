-- Wrong passwords in a row, in shares by where they were typed, so that nobody who uses one share up closes another. `who` is a MAC
-- of the account, or of the typed address where it has none: rows of the second kind are bounded in number.
DROP TABLE guess;
CREATE TABLE guess (
    who     BLOB NOT NULL CHECK (length(who) = 32),
    share   TEXT NOT NULL CHECK (share IN ('unknown', 'known', 'stop', 'link')),
    account BLOB REFERENCES account (acc) ON DELETE CASCADE,
    wrong   INTEGER NOT NULL,
    -- 1: the share is used up, and the person was told.
    told    INTEGER NOT NULL DEFAULT 0 CHECK (told IN (0, 1)),
    last    INTEGER NOT NULL,
    PRIMARY KEY (who, share)
) STRICT, WITHOUT ROWID;
CREATE INDEX guess_account ON guess (account) WHERE account IS NOT NULL;
CREATE INDEX guess_stranger ON guess (last) WHERE account IS NULL;

-- When the share of unknown browsers was opened again by a sign-in with the app or in a known browser.
CREATE TABLE guess_lift (
    id      INTEGER PRIMARY KEY,
    account BLOB NOT NULL REFERENCES account (acc) ON DELETE CASCADE,
    at      INTEGER NOT NULL
) STRICT;
CREATE INDEX guess_lift_account ON guess_lift (account, at);
