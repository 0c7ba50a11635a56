"""The explorer's own database, ``explorer.db`` beside the ledger's: nothing of it is part of the log.

Counters and epochs could be made again from the log at any time, and are, where the log turns out to be
another one. Counts that issuers signed come from them and from other nodes.
"""

from sqlite_utils import Database, Migrations

migrations = Migrations("ledger-explorer")

_TABLES = (
    """CREATE TABLE progress (
        id INTEGER PRIMARY KEY CHECK (id = 1), chain_id TEXT NOT NULL, position INTEGER NOT NULL
    ) STRICT""",
    """CREATE TABLE activity (
        did TEXT NOT NULL, month TEXT NOT NULL, kind TEXT NOT NULL,
        statements INTEGER NOT NULL, items INTEGER NOT NULL, PRIMARY KEY (did, month, kind)
    ) STRICT, WITHOUT ROWID""",
    """CREATE TABLE epoch (
        epoch INTEGER PRIMARY KEY, size INTEGER NOT NULL, time INTEGER NOT NULL
    ) STRICT""",
    """CREATE TABLE counts (
        did TEXT NOT NULL, month TEXT NOT NULL, at INTEGER NOT NULL, body BLOB NOT NULL,
        seq INTEGER NOT NULL UNIQUE, PRIMARY KEY (did, month)
    ) STRICT, WITHOUT ROWID""",
    """CREATE TABLE peer (url TEXT PRIMARY KEY, seq INTEGER NOT NULL) STRICT, WITHOUT ROWID""",
)


@migrations()
def m001_explorer(db: Database) -> None:
    """Create counters by month, the beginnings of epochs, and what issuers signed."""
    for table in _TABLES:
        db.execute(table)
