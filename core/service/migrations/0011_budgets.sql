-- Of each count of wrong codes the part that unknown browsers made: they have a share of the total.
ALTER TABLE account ADD COLUMN unknown_pin_codes   INTEGER NOT NULL DEFAULT 0;
ALTER TABLE account ADD COLUMN unknown_plain_codes INTEGER NOT NULL DEFAULT 0;
ALTER TABLE account ADD COLUMN unknown_plain_at    INTEGER NOT NULL DEFAULT 0;
ALTER TABLE device  ADD COLUMN unknown_codes       INTEGER NOT NULL DEFAULT 0;

-- The device's wrong PINs of the last 30 days, in approvals, changes, biometrics and codes: 8 bytes each, the time and
-- whether an unknown browser typed it. And when the person was last told of them.
ALTER TABLE device ADD COLUMN wrong_month BLOB NOT NULL DEFAULT x'' CHECK (length(wrong_month) <= 240);
ALTER TABLE device ADD COLUMN month_told  INTEGER NOT NULL DEFAULT 0;

-- The mark (the hash of the cookie) by which the browser that asks is known: a report of fraud takes it away.
ALTER TABLE challenge ADD COLUMN mark BLOB CHECK (length(mark) = 32);
