-- Of the keys of state tokens that were replaced after a theft, the newest that made one which was
-- taken from the device: when it was replaced. Of each such key one token is taken.
ALTER TABLE device ADD COLUMN old_token_of INTEGER NOT NULL DEFAULT 0;
-- The PIN epoch whose secrets were copied together with the key file. No code of it is taken.
ALTER TABLE device ADD COLUMN copied_epoch INTEGER;
