-- What is over is found by its age alone, in small steps.
CREATE INDEX challenge_unanswered ON challenge (issued_at)
    WHERE state IN ('open', 'replaced', 'wrong-codes');
CREATE INDEX challenge_answered ON challenge (issued_at)
    WHERE state IN ('approved', 'used', 'declined', 'fraud', 'wrong-number');
CREATE INDEX event_at ON event (at) WHERE mail = 0;
CREATE INDEX transfer_at ON transfer (at);
CREATE INDEX enrolment_expires ON enrolment (expires_at);
