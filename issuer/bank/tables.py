"""The tables of the credit bank, made by one migration of ``issuer.migrations``.

    bank_account 1-n bank_enrolment        where the learner studies, from the college's list
    bank_account 1-n bank_source 1-n bank_form     a certificate, and the forms of it that were shown here
    bank_application n-1 bank_account      one preview, consent and presentation
    bank_application 1-n bank_conversion 1-1 record     what was registered, and the CreditRecord that says so
    bank_conversion 1-n bank_review        a source was revoked or corrected: an officer decides

The indexes are the last word on what a learner may have once: a course, and a rule for one source. They hold
whatever two processes do at the same moment.
"""

SQL = """
CREATE TABLE bank_account (
    id TEXT PRIMARY KEY,
    person_key TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL,
    document_kind TEXT NOT NULL,
    document_tail TEXT NOT NULL,
    opened_at INTEGER NOT NULL,
    confirmed_at INTEGER
) STRICT;
CREATE TABLE bank_enrolment (
    account_id TEXT NOT NULL REFERENCES bank_account (id),
    college TEXT NOT NULL,
    programme TEXT NOT NULL,
    student_number TEXT NOT NULL,
    added_at INTEGER NOT NULL,
    PRIMARY KEY (account_id, college, programme)
) STRICT;
CREATE TABLE bank_source (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    account_id TEXT NOT NULL REFERENCES bank_account (id),
    issuer TEXT NOT NULL,
    facts TEXT NOT NULL,
    state TEXT NOT NULL DEFAULT 'valid' CHECK (state IN ('valid', 'revoked', 'corrected')),
    looked_at INTEGER NOT NULL,
    added_at INTEGER NOT NULL
) STRICT;
CREATE TABLE bank_source_name (
    name TEXT PRIMARY KEY,
    source_id INTEGER NOT NULL REFERENCES bank_source (id)
) STRICT;
CREATE TABLE bank_form (
    digest BLOB PRIMARY KEY,
    source_id INTEGER NOT NULL REFERENCES bank_source (id),
    list_url TEXT NOT NULL,
    status_index INTEGER NOT NULL,
    entry_id TEXT,
    state TEXT NOT NULL DEFAULT 'valid' CHECK (state IN ('valid', 'withdrawn', 'revoked'))
) STRICT;
CREATE INDEX bank_form_source ON bank_form (source_id);
CREATE TABLE bank_application (
    id TEXT PRIMARY KEY,
    token_hash BLOB NOT NULL UNIQUE,
    request_hash BLOB NOT NULL UNIQUE,
    state_hash BLOB NOT NULL UNIQUE,
    agreement_id TEXT NOT NULL,
    version INTEGER NOT NULL,
    chosen TEXT,
    credential_type TEXT NOT NULL,
    certificate_issuer TEXT NOT NULL,
    college TEXT NOT NULL,
    programme TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    tries INTEGER NOT NULL DEFAULT 0,
    state TEXT NOT NULL DEFAULT 'waiting' CHECK (state IN
        ('waiting', 'submitted', 'registered', 'returned', 'declined')),
    account_id TEXT REFERENCES bank_account (id),
    source_id INTEGER REFERENCES bank_source (id),
    form_digest BLOB,
    sealed BLOB,
    results TEXT NOT NULL DEFAULT '[]',
    reason TEXT,
    note TEXT,
    presented_at INTEGER,
    decided_at INTEGER,
    decided_by TEXT
) STRICT;
CREATE INDEX bank_application_state ON bank_application (state, presented_at);
CREATE INDEX bank_application_account ON bank_application (account_id);
CREATE TABLE bank_conversion (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    application_id TEXT NOT NULL REFERENCES bank_application (id),
    account_id TEXT NOT NULL REFERENCES bank_account (id),
    source_id INTEGER NOT NULL REFERENCES bank_source (id),
    form_digest BLOB NOT NULL,
    agreement_id TEXT NOT NULL,
    version INTEGER NOT NULL,
    rule TEXT NOT NULL,
    kind TEXT NOT NULL,
    college TEXT,
    course_code TEXT,
    course_name TEXT,
    credits REAL NOT NULL CHECK (credits > 0),
    unit TEXT NOT NULL,
    grade TEXT,
    line TEXT NOT NULL,
    record_id TEXT NOT NULL UNIQUE REFERENCES record (id),
    registered_at INTEGER NOT NULL,
    state TEXT NOT NULL DEFAULT 'active' CHECK (state IN ('active', 'review', 'cancelled')),
    ended_at INTEGER,
    replaced_by INTEGER REFERENCES bank_conversion (id)
) STRICT;
CREATE UNIQUE INDEX bank_once_per_course ON bank_conversion (account_id, college, course_code)
    WHERE state <> 'cancelled' AND course_code IS NOT NULL;
CREATE UNIQUE INDEX bank_once_per_rule ON bank_conversion (source_id, agreement_id, rule)
    WHERE state <> 'cancelled';
CREATE UNIQUE INDEX bank_one_deposit ON bank_conversion (source_id)
    WHERE state <> 'cancelled' AND course_code IS NULL;
CREATE INDEX bank_conversion_account ON bank_conversion (account_id, registered_at);
CREATE TABLE bank_review (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    conversion_id INTEGER NOT NULL REFERENCES bank_conversion (id),
    cause TEXT NOT NULL CHECK (cause IN ('revoked', 'corrected')),
    reason TEXT,
    replacement TEXT,
    opened_at INTEGER NOT NULL,
    decision TEXT CHECK (decision IN ('keep', 'cancel', 'reissue')),
    decided_at INTEGER,
    decided_by TEXT
) STRICT;
CREATE UNIQUE INDEX bank_review_open ON bank_review (conversion_id) WHERE decision IS NULL;
"""
