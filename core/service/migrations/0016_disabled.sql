-- When the account was disabled: it signs in nowhere, and its phones are answered as if they were not active.
ALTER TABLE account ADD COLUMN disabled_at INTEGER;
