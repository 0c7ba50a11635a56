"""The tables of this part, made by one migration of ``issuer.migrations``.

At the college:     cosign_draft 1-n cosign_endorsement n-m form (cosign_embedded says which form carries it)
At the enterprise:  cosign_given, one row for each endorsement that was signed; it takes a place on the same
                    status lists as forms do, and the triggers keep the two apart.
"""

SQL = """
CREATE TABLE cosign_draft (
    id TEXT PRIMARY KEY,
    batch_id TEXT NOT NULL,
    position INTEGER NOT NULL,
    record_id TEXT NOT NULL,
    endorser TEXT NOT NULL,
    endorser_name TEXT NOT NULL,
    address TEXT NOT NULL,
    secret_hash BLOB NOT NULL,
    wrapped BLOB NOT NULL,
    state TEXT NOT NULL DEFAULT 'waiting' CHECK (state IN ('waiting', 'endorsed', 'returned', 'withdrawn')),
    note TEXT,
    made_by TEXT NOT NULL,
    made_at INTEGER NOT NULL,
    decided_at INTEGER,
    UNIQUE (record_id, endorser),
    FOREIGN KEY (batch_id, position) REFERENCES batch_row (batch_id, position) ON DELETE CASCADE
) STRICT;
CREATE INDEX cosign_draft_batch ON cosign_draft (batch_id, position);
CREATE TABLE cosign_endorsement (
    id TEXT PRIMARY KEY,
    record_id TEXT NOT NULL,
    endorser TEXT NOT NULL,
    document TEXT NOT NULL,
    received_at INTEGER NOT NULL,
    state TEXT NOT NULL DEFAULT 'valid' CHECK (state IN ('valid', 'withdrawn')),
    ended_at INTEGER
) STRICT;
CREATE UNIQUE INDEX cosign_endorsement_held ON cosign_endorsement (record_id, endorser) WHERE state = 'valid';
CREATE TABLE cosign_embedded (
    form_id TEXT NOT NULL REFERENCES form (id),
    endorsement_id TEXT NOT NULL REFERENCES cosign_endorsement (id),
    PRIMARY KEY (form_id, endorsement_id)
) STRICT;
CREATE TABLE cosign_given (
    id TEXT PRIMARY KEY,
    college TEXT NOT NULL,
    college_name TEXT NOT NULL,
    college_number INTEGER NOT NULL,
    draft_id TEXT NOT NULL,
    record_id TEXT NOT NULL,
    credential_type TEXT NOT NULL,
    holder_name TEXT NOT NULL,
    digest TEXT NOT NULL,
    document TEXT NOT NULL,
    list INTEGER NOT NULL,
    status_index INTEGER NOT NULL,
    entry_id TEXT NOT NULL UNIQUE,
    given_by TEXT NOT NULL,
    given_at INTEGER NOT NULL,
    wrapped BLOB,
    delivered_at INTEGER,
    problem TEXT,
    state TEXT NOT NULL DEFAULT 'valid' CHECK (state IN ('valid', 'withdrawn')),
    reason TEXT,
    ended_at INTEGER,
    UNIQUE (list, status_index)
) STRICT;
CREATE UNIQUE INDEX cosign_given_once ON cosign_given (college, record_id, digest) WHERE state = 'valid';
CREATE INDEX cosign_given_waiting ON cosign_given (given_at) WHERE delivered_at IS NULL;
CREATE TRIGGER form_keeps_off_endorsements BEFORE INSERT ON form
WHEN EXISTS (SELECT 1 FROM cosign_given WHERE list = NEW.list AND status_index = NEW.status_index)
BEGIN SELECT RAISE(ABORT, 'the status index is an endorsement''s'); END;
CREATE TRIGGER endorsement_keeps_off_forms BEFORE INSERT ON cosign_given
WHEN EXISTS (SELECT 1 FROM form WHERE list = NEW.list AND status_index = NEW.status_index)
BEGIN SELECT RAISE(ABORT, 'the status index is a form''s'); END
"""
"""Drafts to be endorsed and the endorsements given."""
