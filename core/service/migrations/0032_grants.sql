-- Grants know from which session and for which sector they were made, and number their refresh tokens.
-- Those made before know neither. No release had them, so whoever has one gets it anew.
DELETE FROM token_grant;
-- By its name a service knows the session. It stays when the person signs in once more.
ALTER TABLE token_grant ADD COLUMN opened_by BLOB NOT NULL DEFAULT x'00000000000000000000000000000000';
ALTER TABLE token_grant ADD COLUMN sector TEXT NOT NULL DEFAULT '';
-- How many refresh tokens it gave.
ALTER TABLE token_grant ADD COLUMN refreshes INTEGER NOT NULL DEFAULT 0;
-- Of a refresh token: which of its grant's it is. Of the used ones the newest alone are kept.
ALTER TABLE token ADD COLUMN number INTEGER NOT NULL DEFAULT 0;
DROP INDEX token_grant_id;
CREATE INDEX token_grant_id ON token (grant_id, kind, number);
