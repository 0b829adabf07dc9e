-- Whose account it is: its owner's, who registered, or a member's of the staff, which an administrator added and keeps.
ALTER TABLE account ADD COLUMN kind TEXT NOT NULL DEFAULT 'self' CHECK (kind IN ('self', 'staff'));
-- 1: an administrator added it, and nobody has confirmed its address yet. Until then nobody signs in, and no page knows of it.
ALTER TABLE account ADD COLUMN invited INTEGER NOT NULL DEFAULT 0 CHECK (invited IN (0, 1));

-- From when the message may leave: invitations of an import leave one after the other.
ALTER TABLE mailed_link ADD COLUMN due_at INTEGER NOT NULL DEFAULT 0;
