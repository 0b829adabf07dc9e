-- The service that an event is about: the history keeps a bounded number of events for each.
-- NULL where an event is about no service, or about one whose accounts were removed earlier.
ALTER TABLE history ADD COLUMN svc BLOB CHECK (length(svc) = 8);
UPDATE history SET svc = (SELECT svc FROM account WHERE number = history.account);
CREATE INDEX history_of_service ON history (svc);
