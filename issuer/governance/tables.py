"""The tables of this part, made by one migration of ``issuer.migrations``.

governance_key    one row: the public half of the key, and how often a passphrase was wrong of late
governance_act    every statement that the governance key signed, and what became of it; since the second
                  migration also those that are no proposal and no vote
governance_next   the public half of a key that is to follow, until the ledger names it
"""

SQL = """
CREATE TABLE governance_key (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    public BLOB NOT NULL,
    possession BLOB NOT NULL,
    made_by TEXT NOT NULL,
    made_at INTEGER NOT NULL,
    failures INTEGER NOT NULL DEFAULT 0,
    locked_until INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE TABLE governance_act (
    id INTEGER PRIMARY KEY,
    kind TEXT NOT NULL CHECK (kind IN ('propose', 'vote', 'withdraw')),
    proposal BLOB NOT NULL,
    answer TEXT NOT NULL,
    officer TEXT NOT NULL,
    channel TEXT NOT NULL,
    statement BLOB NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('prepared', 'accepted', 'refused')),
    problem TEXT,
    entry_index INTEGER,
    at INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX governance_act_prepared ON governance_act (state) WHERE state = 'prepared';
CREATE INDEX governance_act_proposal ON governance_act (proposal)
"""
"""The member's governance key and what it signed."""

STATEMENTS_SQL = """
CREATE TABLE governance_next (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    public BLOB NOT NULL,
    possession BLOB NOT NULL,
    made_by TEXT NOT NULL,
    made_at INTEGER NOT NULL
) STRICT;
CREATE TABLE governance_statement (
    id INTEGER PRIMARY KEY,
    kind TEXT NOT NULL CHECK (kind IN ('propose', 'vote', 'withdraw', 'key.rotate', 'schema.put')),
    proposal BLOB,
    answer TEXT NOT NULL,
    officer TEXT NOT NULL,
    channel TEXT NOT NULL,
    statement BLOB NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('prepared', 'accepted', 'refused')),
    problem TEXT,
    entry_index INTEGER,
    at INTEGER NOT NULL
) STRICT;
INSERT INTO governance_statement SELECT * FROM governance_act;
DROP TABLE governance_act;
ALTER TABLE governance_statement RENAME TO governance_act;
CREATE UNIQUE INDEX governance_act_prepared ON governance_act (state) WHERE state = 'prepared';
CREATE INDEX governance_act_proposal ON governance_act (proposal)
"""
"""Whoever signed something before keeps it: the rows move as they are."""
