-- SHA-256 over the push address that the service was told, or that there is none any more, and the sequence of its information then; none where it
-- never had one. It tells whether there is another one to tell. The address itself is the platform's.
ALTER TABLE account ADD COLUMN push_told BLOB CHECK (length(push_told) = 32);
