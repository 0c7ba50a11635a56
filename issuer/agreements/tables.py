"""The tables of this part, made by one migration of ``issuer.migrations``.

draft            what somebody fills in, as the form has it; may be incomplete
text             a document by its digest, as parties sign it; ``expires`` is the end of the vote
signature        of one party under one text, for the text's ``expires``
errand           what this service still owes somebody: tried again until it is done or refused
dry run          how far the run over the issuer's own records is, and what it counted
"""

SQL = """
CREATE TABLE agreement_draft (
    id TEXT PRIMARY KEY,
    form TEXT NOT NULL,
    maker TEXT NOT NULL,
    made_at INTEGER NOT NULL,
    changed_at INTEGER NOT NULL
) STRICT;
CREATE TABLE agreement_text (
    digest BLOB PRIMARY KEY CHECK (length(digest) = 32),
    agreement_id TEXT NOT NULL,
    version INTEGER NOT NULL,
    document BLOB NOT NULL,
    expires INTEGER NOT NULL,
    proposer TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('unconfirmed', 'signing', 'proposed', 'dropped')),
    maker TEXT,
    received_at INTEGER NOT NULL,
    proposal BLOB
) STRICT;
CREATE INDEX agreement_text_id ON agreement_text (agreement_id, version);
CREATE TABLE agreement_signature (
    digest BLOB NOT NULL REFERENCES agreement_text (digest),
    party TEXT NOT NULL,
    expires INTEGER NOT NULL,
    signature BLOB NOT NULL,
    officer TEXT,
    received_at INTEGER NOT NULL,
    PRIMARY KEY (digest, party)
) STRICT;
CREATE TABLE agreement_errand (
    digest BLOB NOT NULL REFERENCES agreement_text (digest),
    kind TEXT NOT NULL CHECK (kind IN ('offer', 'confirm', 'signature', 'document', 'dry-run')),
    did TEXT NOT NULL,
    state TEXT NOT NULL DEFAULT 'waiting' CHECK (state IN ('waiting', 'done', 'refused')),
    tries INTEGER NOT NULL DEFAULT 0,
    next_at INTEGER NOT NULL,
    problem TEXT,
    done_at INTEGER,
    PRIMARY KEY (digest, kind, did)
) STRICT;
CREATE INDEX agreement_errand_due ON agreement_errand (next_at) WHERE state = 'waiting';
CREATE TABLE agreement_dry_run (
    digest BLOB PRIMARY KEY REFERENCES agreement_text (digest),
    state TEXT NOT NULL CHECK (state IN ('running', 'done')),
    officer TEXT NOT NULL,
    begun_at INTEGER NOT NULL,
    from_at INTEGER NOT NULL,
    total INTEGER NOT NULL,
    examined INTEGER NOT NULL DEFAULT 0,
    after INTEGER NOT NULL DEFAULT 0,
    last INTEGER NOT NULL,
    certificates INTEGER NOT NULL DEFAULT 0,
    accepted INTEGER NOT NULL DEFAULT 0,
    rules TEXT NOT NULL DEFAULT '{}',
    ended_at INTEGER
) STRICT
"""
"""Drafts of agreements and what parties signed."""
