-- When a recovery of the account can be finished, as the service last told; none where none is under way.
ALTER TABLE account ADD COLUMN recovery_ends_at INTEGER;
