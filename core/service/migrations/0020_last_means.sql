-- The means by which the account last signed in in this browser. The page of the password proposes
-- it there, and nowhere else.
ALTER TABLE known_browser ADD COLUMN method TEXT CHECK (method IN ('app', 'code', 'mobile'));
