-- What was signed, of every operation: data as JSON, [[field, value], ...] in the order in which they were signed.
CREATE TABLE signed_transaction (
    id        BLOB PRIMARY KEY,
    account   BLOB NOT NULL REFERENCES account (acc) ON DELETE CASCADE,
    at        INTEGER NOT NULL,
    operation TEXT NOT NULL,
    data      TEXT NOT NULL
) STRICT, WITHOUT ROWID;
-- Values hold no control characters, so that JSON escapes two characters in them.
INSERT INTO signed_transaction (id, account, at, operation, data)
SELECT id, account, at, 'other',
    '[["iban","' || iban || '"],["name","' || replace(replace(name, '\', '\\'), '"', '\"') || '"],["amount","' || amount
    || '"],["reference","' || replace(replace(reference, '\', '\\'), '"', '\"') || '"]]'
FROM transfer;
DROP TABLE transfer;
CREATE INDEX signed_transaction_account ON signed_transaction (account, at);
CREATE INDEX signed_transaction_at ON signed_transaction (at);

-- The history names the operation; what was signed stands above.
UPDATE event SET what = 'transaction-signed', detail = 'other' WHERE what = 'transfer-signed';
UPDATE event SET what = 'transaction-signed-biometric', detail = 'other' WHERE what = 'transfer-signed-biometric';

-- Transfers that wait for a phone go on. Inside a value the quotation marks of these names are escaped.
UPDATE challenge SET payload = '{"operation":"other","data":[["iban","' || replace(replace(replace(
    substr(payload, 10, length(payload) - 10), '","name":"', '"],["name","'),
    '","amount":"', '"],["amount","'), '","reference":"', '"],["reference","') || ']]}'
WHERE purpose = 7 AND payload LIKE '{"iban":"%"}';
