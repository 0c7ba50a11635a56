"""The tables of this part, made by one migration of ``issuer.migrations``."""

SQL = """
CREATE TABLE correction_request (
    id TEXT PRIMARY KEY,
    record_id TEXT NOT NULL REFERENCES record (id),
    text TEXT NOT NULL,
    asked_at INTEGER NOT NULL,
    state TEXT NOT NULL DEFAULT 'open' CHECK (state IN ('open', 'corrected', 'declined')),
    answer TEXT NOT NULL DEFAULT '',
    answered_by TEXT,
    answered_at INTEGER
) STRICT;
CREATE UNIQUE INDEX correction_request_open ON correction_request (record_id) WHERE state = 'open';
CREATE INDEX correction_request_record ON correction_request (record_id, asked_at);
"""
"""What holders asked to be corrected, in their words, and what became of it."""
