-- Browsers that have signed in with more than the password. The cookie itself is not kept, only its hash.
CREATE TABLE known_browser (
    hash    BLOB NOT NULL CHECK (length(hash) = 32),
    account BLOB NOT NULL REFERENCES account (acc) ON DELETE CASCADE,
    -- The last such sign-in.
    at      INTEGER NOT NULL,
    PRIMARY KEY (hash, account)
) STRICT, WITHOUT ROWID;
CREATE INDEX known_browser_account ON known_browser (account, at);

-- Did a known browser ask? Codes are counted apart for the others.
ALTER TABLE challenge ADD COLUMN known INTEGER NOT NULL DEFAULT 0 CHECK (known IN (0, 1));
-- Did it go out without a push, because the last ones were not answered?
ALTER TABLE challenge ADD COLUMN quiet INTEGER NOT NULL DEFAULT 0 CHECK (quiet IN (0, 1));
