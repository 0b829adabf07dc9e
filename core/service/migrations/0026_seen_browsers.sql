-- A browser that signed in with the password alone is seen and not known: a sign-in from it is told
-- of once, and nothing is kept for it.
ALTER TABLE known_browser ADD COLUMN strong INTEGER NOT NULL DEFAULT 1 CHECK (strong IN (0, 1));
