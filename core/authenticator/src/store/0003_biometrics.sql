-- K_bio, which only a finger or face unlocks, and B. Nothing of them comes from the PIN, and they are not bound to its epoch.
CREATE TABLE biometrics (
    account INTEGER PRIMARY KEY REFERENCES account (number) ON DELETE CASCADE,
    -- 1 asked for and not answered; 2 on; 3 gone here, and the service has yet to be told
    state   INTEGER NOT NULL CHECK (state BETWEEN 1 AND 3),
    -- The handle of K_bio, its key id at the service, and B sealed by the biometric store; empty when gone.
    key     BLOB NOT NULL,
    kid     BLOB NOT NULL CHECK (length(kid) = 4),
    share   BLOB NOT NULL
) STRICT;
