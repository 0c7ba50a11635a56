"""The issuer's tables, as functions that are appended and never edited once released.

Times are whole seconds since 1970 (UTC). Identifiers of records and forms are UUIDs, without the
``urn:uuid:`` in front. Whoever reads this file first should know which rows hang together:

    batch 1-n batch_row 1-1 record 1-n form 1-1 sealed_form (paper) and printed_code (until it is printed)
    record 1-n slip 1-n offer 1-1 access_token 1-n token_form (the forms that this token signed)
    slip n-n record by slip_use (claimed through it); records of one holder_key share a slip
    form n-1 anchor 1-1 statement n-1 publication
"""

from sqlite_utils import Database, Migrations

from issuer import store_mirrors
from issuer.agreements import tables as agreements_tables
from issuer.bank import tables as bank_tables
from issuer.correcting import tables as correcting_tables
from issuer.cosigning import tables as cosigning_tables
from issuer.governance import tables as governance_tables

migrations = Migrations("issuer")


def _run(db: Database, script: str) -> None:
    """Execute the statements of one migration, one by one, inside the migration's own transaction."""
    for statement in script.split(";\n"):
        if statement.strip():
            db.execute(statement)


@migrations()
def m001_institution(db: Database) -> None:
    """Create what the institution is: its names, keys, documents and preferences."""
    _run(
        db,
        """
        CREATE TABLE institution (
            id INTEGER PRIMARY KEY CHECK (id = 1),
            did TEXT NOT NULL,
            name_zh TEXT NOT NULL,
            name_en TEXT NOT NULL,
            credit_code TEXT NOT NULL,
            institution_code TEXT NOT NULL,
            number INTEGER,
            standing TEXT,
            standing_at INTEGER,
            created_at INTEGER NOT NULL
        ) STRICT;
        CREATE TABLE preference (
            name TEXT PRIMARY KEY,
            value TEXT NOT NULL
        ) STRICT;
        CREATE TABLE signing_key (
            id TEXT PRIMARY KEY,
            role TEXT NOT NULL CHECK (role IN ('credential', 'submission')),
            algorithm TEXT NOT NULL,
            public TEXT NOT NULL,
            sealed BLOB NOT NULL,
            created_at INTEGER NOT NULL,
            retired_at INTEGER,
            compromised INTEGER NOT NULL DEFAULT 0
        ) STRICT;
        CREATE UNIQUE INDEX signing_key_current ON signing_key (role) WHERE retired_at IS NULL;
        CREATE TABLE document (
            digest BLOB PRIMARY KEY,
            media_type TEXT NOT NULL,
            body BLOB NOT NULL,
            created_at INTEGER NOT NULL
        ) STRICT;
        """,
    )


@migrations()
def m002_officers(db: Database) -> None:
    """Create officers, the acts that need two of them, and the log that only grows."""
    _run(
        db,
        """
        CREATE TABLE officer (
            name TEXT PRIMARY KEY,
            roles TEXT NOT NULL,
            passphrase_hash TEXT NOT NULL,
            failures INTEGER NOT NULL DEFAULT 0,
            locked_until INTEGER NOT NULL DEFAULT 0,
            generation INTEGER NOT NULL DEFAULT 1,
            added_at INTEGER NOT NULL
        ) STRICT;
        CREATE TABLE act (
            id TEXT PRIMARY KEY,
            kind TEXT NOT NULL,
            subject TEXT NOT NULL,
            arguments TEXT NOT NULL,
            maker TEXT NOT NULL,
            made_at INTEGER NOT NULL,
            state TEXT NOT NULL CHECK (state IN ('submitted', 'approved', 'returned', 'withdrawn')),
            decided_by TEXT,
            decided_at INTEGER,
            note TEXT,
            CHECK (state <> 'approved' OR decided_by <> maker)
        ) STRICT;
        CREATE UNIQUE INDEX act_open ON act (kind, subject) WHERE state = 'submitted';
        CREATE TABLE audit (
            id INTEGER PRIMARY KEY AUTOINCREMENT,
            at INTEGER NOT NULL,
            actor TEXT NOT NULL,
            second TEXT,
            channel TEXT NOT NULL,
            action TEXT NOT NULL,
            subject TEXT NOT NULL,
            detail TEXT NOT NULL
        ) STRICT;
        CREATE TRIGGER audit_is_never_changed BEFORE UPDATE ON audit
        BEGIN SELECT RAISE(ABORT, 'the audit log only grows'); END;
        CREATE TRIGGER audit_is_never_deleted BEFORE DELETE ON audit
        BEGIN SELECT RAISE(ABORT, 'the audit log only grows'); END;
        """,
    )


@migrations()
def m003_records(db: Database) -> None:
    """Create batches with their rows, certificate records and the signed forms of them."""
    _run(
        db,
        """
        CREATE TABLE batch (
            id TEXT PRIMARY KEY,
            credential_type TEXT NOT NULL,
            source_name TEXT NOT NULL,
            source_digest BLOB NOT NULL,
            source BLOB,
            report TEXT NOT NULL,
            maker TEXT NOT NULL,
            created_at INTEGER NOT NULL,
            state TEXT NOT NULL CHECK (state IN
                ('draft', 'submitted', 'approved', 'paused', 'issued', 'discarded')),
            checker TEXT,
            approved_at INTEGER,
            signer TEXT,
            problem TEXT,
            issued_at INTEGER,
            printed_at INTEGER,
            slips_printed_at INTEGER
        ) STRICT;
        CREATE TABLE batch_row (
            batch_id TEXT NOT NULL REFERENCES batch (id),
            position INTEGER NOT NULL,
            line INTEGER NOT NULL,
            pile TEXT NOT NULL CHECK (pile IN ('ready', 'confirm', 'refused', 'skipped')),
            confirmed INTEGER NOT NULL DEFAULT 0,
            number TEXT NOT NULL,
            person_key TEXT NOT NULL,
            content_digest BLOB NOT NULL,
            class_name TEXT NOT NULL,
            fields TEXT NOT NULL,
            findings TEXT NOT NULL,
            state TEXT NOT NULL DEFAULT 'waiting' CHECK (state IN ('waiting', 'signed', 'failed')),
            problem TEXT,
            record_id TEXT,
            PRIMARY KEY (batch_id, position)
        ) STRICT;
        CREATE INDEX batch_row_waiting ON batch_row (batch_id, state);
        CREATE INDEX batch_row_number ON batch_row (number);
        CREATE INDEX batch_row_person ON batch_row (person_key);
        CREATE TABLE record (
            id TEXT PRIMARY KEY,
            batch_id TEXT NOT NULL,
            position INTEGER NOT NULL,
            credential_type TEXT NOT NULL,
            number TEXT NOT NULL,
            person_key TEXT NOT NULL,
            achievement TEXT NOT NULL,
            holder_name TEXT NOT NULL,
            class_name TEXT NOT NULL,
            fields TEXT NOT NULL,
            content_digest BLOB NOT NULL,
            created_at INTEGER NOT NULL,
            state TEXT NOT NULL DEFAULT 'valid' CHECK (state IN ('valid', 'revoked')),
            reason TEXT,
            revoked_at INTEGER,
            replaced_by TEXT,
            FOREIGN KEY (batch_id, position) REFERENCES batch_row (batch_id, position)
        ) STRICT;
        CREATE UNIQUE INDEX record_number ON record (credential_type, number) WHERE replaced_by IS NULL;
        CREATE INDEX record_batch ON record (batch_id, position);
        CREATE INDEX record_holder ON record (person_key, achievement);
        CREATE TABLE form (
            id TEXT PRIMARY KEY,
            record_id TEXT NOT NULL REFERENCES record (id),
            kind TEXT NOT NULL CHECK (kind IN ('paper', 'ldp_vc')),
            digest BLOB NOT NULL UNIQUE,
            secured BLOB,
            list INTEGER NOT NULL,
            status_index INTEGER NOT NULL,
            entry_id TEXT NOT NULL UNIQUE,
            verification_method TEXT NOT NULL,
            signed_at INTEGER NOT NULL,
            holder TEXT,
            state TEXT NOT NULL DEFAULT 'valid' CHECK (state IN ('valid', 'withdrawn', 'revoked')),
            reason TEXT,
            ended_at INTEGER,
            replaced_by TEXT,
            anchor_id INTEGER,
            anchored_at INTEGER,
            UNIQUE (list, status_index)
        ) STRICT;
        CREATE INDEX form_record ON form (record_id);
        CREATE INDEX form_ended ON form (list, status_index) WHERE state <> 'valid';
        CREATE INDEX form_waiting ON form (signed_at) WHERE anchor_id IS NULL;
        """,
    )


@migrations()
def m004_form_store(db: Database) -> None:
    """Create the store that mirrors may copy, and the codes that are kept until they are printed."""
    _run(
        db,
        """
        CREATE TABLE sealed_form (
            locator BLOB PRIMARY KEY,
            form_id TEXT NOT NULL UNIQUE REFERENCES form (id),
            blob BLOB NOT NULL,
            index_version INTEGER
        ) STRICT;
        CREATE INDEX sealed_form_waiting ON sealed_form (form_id) WHERE index_version IS NULL;
        CREATE TABLE sealed_receipt (
            locator BLOB PRIMARY KEY,
            blob BLOB NOT NULL
        ) STRICT;
        CREATE TABLE printed_code (
            form_id TEXT PRIMARY KEY REFERENCES form (id),
            wrapped BLOB NOT NULL
        ) STRICT;
        """,
    )


@migrations()
def m005_claims(db: Database) -> None:
    """Create claim slips and what OpenID4VCI makes of them; every secret is kept only hashed."""
    _run(
        db,
        """
        CREATE TABLE slip (
            id TEXT PRIMARY KEY,
            record_id TEXT NOT NULL REFERENCES record (id),
            locator BLOB NOT NULL UNIQUE,
            wrapped BLOB,
            pin_hash BLOB NOT NULL,
            wrong_pins INTEGER NOT NULL DEFAULT 0,
            created_at INTEGER NOT NULL,
            expires_at INTEGER NOT NULL,
            state TEXT NOT NULL DEFAULT 'open' CHECK (state IN ('open', 'used', 'void', 'locked')),
            used_at INTEGER
        ) STRICT;
        CREATE UNIQUE INDEX slip_open ON slip (record_id) WHERE state = 'open';
        CREATE TABLE offer (
            id_hash BLOB PRIMARY KEY,
            slip_id TEXT NOT NULL REFERENCES slip (id),
            code_hash BLOB NOT NULL UNIQUE,
            created_at INTEGER NOT NULL,
            expires_at INTEGER NOT NULL,
            state TEXT NOT NULL DEFAULT 'open' CHECK (state IN ('open', 'redeemed', 'ended')),
            fetched_at INTEGER
        ) STRICT;
        CREATE INDEX offer_slip ON offer (slip_id);
        CREATE TABLE access_token (
            hash BLOB PRIMARY KEY,
            offer_hash BLOB NOT NULL UNIQUE REFERENCES offer (id_hash),
            slip_id TEXT NOT NULL REFERENCES slip (id),
            configurations TEXT NOT NULL,
            identifiers TEXT,
            expires_at INTEGER NOT NULL,
            ended INTEGER NOT NULL DEFAULT 0
        ) STRICT;
        CREATE INDEX access_token_slip ON access_token (slip_id);
        CREATE TABLE token_form (
            token_hash BLOB NOT NULL REFERENCES access_token (hash),
            format TEXT NOT NULL,
            holder TEXT NOT NULL,
            form_id TEXT NOT NULL REFERENCES form (id),
            notification_hash BLOB NOT NULL UNIQUE,
            event TEXT,
            PRIMARY KEY (token_hash, format)
        ) STRICT;
        CREATE TABLE used_nonce (
            hash BLOB PRIMARY KEY,
            expires_at INTEGER NOT NULL
        ) STRICT;
        """,
    )


@migrations()
def m006_ledger(db: Database) -> None:
    """Create the statements for the ledger, the anchored batches and the published documents."""
    _run(
        db,
        """
        CREATE TABLE statement (
            id INTEGER PRIMARY KEY AUTOINCREMENT,
            kind TEXT NOT NULL CHECK (kind IN ('anchor', 'status')),
            seq INTEGER NOT NULL,
            body BLOB NOT NULL,
            state TEXT NOT NULL DEFAULT 'prepared' CHECK (state IN ('prepared', 'accepted', 'refused')),
            prepared_at INTEGER NOT NULL,
            problem TEXT,
            entry_index INTEGER,
            accepted_at INTEGER
        ) STRICT;
        CREATE UNIQUE INDEX statement_prepared ON statement (state) WHERE state = 'prepared';
        CREATE TABLE anchor (
            id INTEGER PRIMARY KEY AUTOINCREMENT,
            statement_id INTEGER REFERENCES statement (id),
            root BLOB NOT NULL,
            levels BLOB,
            prepared_at INTEGER NOT NULL,
            state TEXT NOT NULL DEFAULT 'waiting' CHECK (state IN ('waiting', 'accepted', 'receipted'))
        ) STRICT;
        CREATE TABLE anchor_leaf (
            anchor_id INTEGER NOT NULL REFERENCES anchor (id),
            position INTEGER NOT NULL,
            form_id TEXT NOT NULL REFERENCES form (id),
            salt BLOB NOT NULL,
            PRIMARY KEY (anchor_id, position)
        ) STRICT;
        CREATE TABLE status_list (
            number INTEGER PRIMARY KEY,
            size INTEGER NOT NULL CHECK (size >= 131072),
            created_at INTEGER NOT NULL,
            changed_at INTEGER
        ) STRICT;
        CREATE TABLE publication (
            resource TEXT NOT NULL,
            version INTEGER NOT NULL,
            body BLOB,
            digest BLOB NOT NULL,
            valid_from INTEGER NOT NULL,
            valid_until INTEGER NOT NULL,
            state TEXT NOT NULL CHECK (state IN ('ready', 'submitted', 'anchored')),
            waiting_since INTEGER NOT NULL,
            statement_id INTEGER REFERENCES statement (id),
            PRIMARY KEY (resource, version)
        ) STRICT;
        CREATE UNIQUE INDEX publication_ready ON publication (resource) WHERE state = 'ready';
        """,
    )


@migrations()
def m007_governance(db: Database) -> None:
    """Create the member's votes, as remembered for its own log."""
    _run(db, governance_tables.SQL)


@migrations()
def m008_agreements(db: Database) -> None:
    """Create drafts of agreements and what parties signed."""
    _run(db, agreements_tables.SQL)


@migrations()
def m009_cosigning(db: Database) -> None:
    """Create drafts to be endorsed and the endorsements given."""
    _run(db, cosigning_tables.SQL)


@migrations()
def m010_credit_bank(db: Database) -> None:
    """Create accounts, applications and conversions."""
    _run(db, bank_tables.SQL)


@migrations()
def m011_correcting(db: Database) -> None:
    """Create corrections and what holders asked for."""
    _run(db, correcting_tables.SQL)


@migrations()
def m012_direct_offers(db: Database) -> None:
    """Let an offer be handed over on a channel that is authenticated already, without a PIN."""
    _run(db, "ALTER TABLE offer ADD COLUMN direct INTEGER NOT NULL DEFAULT 0")


@migrations()
def m013_one_slip_for_a_person(db: Database) -> None:
    """Let one slip open every certificate of a person, and say of each by which slip it was claimed."""
    _run(
        db,
        """
        ALTER TABLE batch_row ADD COLUMN holder_key TEXT NOT NULL DEFAULT '';
        ALTER TABLE record ADD COLUMN holder_key TEXT NOT NULL DEFAULT '';
        CREATE INDEX record_of_one_holder ON record (holder_key) WHERE holder_key <> '';
        ALTER TABLE slip ADD COLUMN alone INTEGER NOT NULL DEFAULT 0;
        CREATE TABLE slip_use (
            slip_id TEXT NOT NULL REFERENCES slip (id),
            record_id TEXT NOT NULL REFERENCES record (id),
            at INTEGER NOT NULL,
            PRIMARY KEY (slip_id, record_id)
        ) STRICT;
        CREATE INDEX slip_use_record ON slip_use (record_id);
        INSERT INTO slip_use SELECT id, record_id, used_at FROM slip WHERE state = 'used';
        CREATE TABLE token_form_of_record (
            token_hash BLOB NOT NULL REFERENCES access_token (hash),
            format TEXT NOT NULL,
            record_id TEXT NOT NULL REFERENCES record (id),
            holder TEXT NOT NULL,
            form_id TEXT NOT NULL REFERENCES form (id),
            notification_hash BLOB NOT NULL UNIQUE,
            event TEXT,
            PRIMARY KEY (token_hash, format, record_id)
        ) STRICT;
        INSERT INTO token_form_of_record
            SELECT token_hash, format, form.record_id, token_form.holder, form_id, notification_hash, event
            FROM token_form JOIN form ON form.id = token_form.form_id;
        DROP TABLE token_form;
        ALTER TABLE token_form_of_record RENAME TO token_form;
        UPDATE access_token SET ended = 1, configurations = '{}', identifiers = NULL;
        """,
    )


@migrations()
def m014_mirrors(db: Database) -> None:
    """Create the mirrors as they were known last, and what each of them acknowledged."""
    _run(db, store_mirrors.SQL)


@migrations()
def m015_audit_chain(db: Database) -> None:
    """Tie each line of the audit log to the one before it."""
    from issuer import audit

    db.execute("DROP TRIGGER audit_is_never_changed")
    db.execute("ALTER TABLE audit ADD COLUMN link BLOB NOT NULL DEFAULT x''")
    before = b""
    for line in list(db.query("SELECT * FROM audit ORDER BY id")):
        before = audit.link(before, line)
        db.execute("UPDATE audit SET link = ? WHERE id = ?", (before, line["id"]))
    db.execute(
        "CREATE TRIGGER audit_is_never_changed BEFORE UPDATE ON audit "
        "BEGIN SELECT RAISE(ABORT, 'the audit log only grows'); END"
    )


@migrations()
def m016_governance_statements(db: Database) -> None:
    """Write down what else the governance key signs, rotations and schemas, and a key that is to follow."""
    _run(db, governance_tables.STATEMENTS_SQL)
