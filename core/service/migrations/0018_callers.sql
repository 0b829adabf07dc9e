-- Who caused an event: `firefox/linux`, `device` or `operator/NAME`; none where the service did.
ALTER TABLE event ADD COLUMN browser TEXT;
-- From where, as a trusted proxy said.
ALTER TABLE event ADD COLUMN place TEXT;

-- A session's random name, which its owner's pages say, and the browser that opened it.
ALTER TABLE session ADD COLUMN id BLOB CHECK (length(id) = 16);
ALTER TABLE session ADD COLUMN browser TEXT;
ALTER TABLE session ADD COLUMN place TEXT;
UPDATE session SET id = randomblob(16);
CREATE UNIQUE INDEX session_id ON session (id);
