-- The language in which the person is written to: a tag of BCP 47.
ALTER TABLE account ADD COLUMN language TEXT NOT NULL DEFAULT 'en';
