//! The Countersign protocol: messages, codes, key schedule and verification. Pure: no I/O, clock or randomness.
