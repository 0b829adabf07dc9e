-- Where push messages for a device go: the protocol's number of its kind in one byte, and the address, sealed (epoch 0). Whoever has it can wake the
-- phone.
CREATE TABLE push_address (
    dev     BLOB PRIMARY KEY REFERENCES device (dev) ON DELETE CASCADE,
    address BLOB NOT NULL
) STRICT, WITHOUT ROWID;
