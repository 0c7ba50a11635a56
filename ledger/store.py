"""The ledger's one SQLite file: log, trees, state, blocks and agreements' documents; all SQL of the ledger.

A ``Store`` is one connection. The engine's writes; every reader opens its own, read-only, and under WAL
sees the last committed block undisturbed by the one being made. Nothing here decides anything: the trees'
arithmetic is in ``ledger.merkle`` and ``ledger.prefix_map``, the rules are in ``ledger.core``.

Rows of the log, of the trees and of values are written once and never changed; only ``state`` and
``head`` are overwritten, and both could be computed again from the log. What the log commits to never needs
a migration: a newer program may take the log over by replaying it (``Core.import_``). What lies beside it
(documents, dry runs, the index of mentions) is added to an older database when the core opens it.

A crash at any point leaves the last committed block: ``synchronous=FULL``, one transaction per block.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import astuple, dataclass
from pathlib import Path

from sqlite_utils.utils import sqlite3  # type: ignore[attr-defined]  # the newest SQLite installed

from ledger.errors import StoreError
from ledger.prefix_map import Node

SCHEMA_VERSION = 2
_FIRST_VERSION = 1

_SCHEMA = """
CREATE TABLE entry (position INTEGER PRIMARY KEY, entry BLOB NOT NULL, leaf BLOB NOT NULL UNIQUE) STRICT;
CREATE TABLE tree (
    level INTEGER NOT NULL, position INTEGER NOT NULL, hash BLOB NOT NULL, PRIMARY KEY (level, position)
) STRICT, WITHOUT ROWID;
CREATE TABLE map_node (
    hash BLOB PRIMARY KEY, is_leaf INTEGER NOT NULL, first BLOB NOT NULL, second BLOB NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE value (digest BLOB PRIMARY KEY, value BLOB NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE state (key BLOB PRIMARY KEY, digest BLOB NOT NULL REFERENCES value (digest)) STRICT, WITHOUT
ROWID; CREATE TABLE block (position INTEGER PRIMARY KEY, height INTEGER NOT NULL UNIQUE) STRICT; CREATE
TABLE head (
    id INTEGER PRIMARY KEY CHECK (id = 1), size INTEGER NOT NULL, root BLOB NOT NULL, state BLOB NOT NULL,
    height INTEGER NOT NULL, time INTEGER NOT NULL
) STRICT;
CREATE TABLE document (digest BLOB PRIMARY KEY, document BLOB NOT NULL) STRICT, WITHOUT ROWID;
"""
_SECOND_VERSION = (
    "CREATE TABLE mention (subject BLOB NOT NULL, position INTEGER NOT NULL, "
    "PRIMARY KEY (subject, position)) STRICT, WITHOUT ROWID",
    "CREATE TABLE dry_run (digest BLOB NOT NULL, did TEXT NOT NULL, until INTEGER NOT NULL, body BLOB NOT "
    "NULL, PRIMARY KEY (digest, did)) STRICT, WITHOUT ROWID",
    "CREATE INDEX dry_run_did ON dry_run (did, until)",
)


@dataclass(frozen=True)
class Head:
    """Where the log stands.

    Attributes:
        size: Number of log entries.
        root: Root hash of the log.
        state: Root of the state's map.
        height: Number of the last block, with or without an entry.
        time: Time of the last block entry, or of the genesis.
    """

    size: int
    root: bytes
    state: bytes
    height: int
    time: int


class Store:
    """One connection to a ledger's database."""

    def __init__(self, connection: "sqlite3.Connection") -> None:
        self._db = connection

    @classmethod
    def create(cls, path: Path) -> "Store":
        """Make a new database for writing.

        Raises:
            StoreError: There is a file of that name.
        """
        if path.exists():
            raise StoreError("there is a ledger here already")
        store = cls(_connect(path, mode="rwc"))
        later = "; ".join(_SECOND_VERSION)
        store._db.executescript(
            f"BEGIN IMMEDIATE; {_SCHEMA} {later}; PRAGMA user_version = {SCHEMA_VERSION}; COMMIT"
        )
        return store

    @classmethod
    def open(cls, path: Path, *, read_only: bool = False) -> "Store":
        """Open a database.

        Raises:
            StoreError: There is none, or another version of the program made it.
        """
        if not path.is_file():
            raise StoreError("there is no ledger here: make one with `vocred ledger init`")
        try:
            store = cls(_connect(path, mode="ro" if read_only else "rw"))
            (version,) = store._db.execute("PRAGMA user_version").fetchone()
        except sqlite3.Error as error:
            raise StoreError("the ledger's database cannot be opened") from error
        if version != SCHEMA_VERSION and (read_only or version != _FIRST_VERSION):
            store.close()
            raise StoreError(f"the database has version {version}, this program's is {SCHEMA_VERSION}")
        return store

    def close(self) -> None:
        """Close the connection; what was not committed is gone."""
        self._db.close()

    @property
    def is_older(self) -> bool:
        """Whether an earlier program made this database; ``upgrade`` adds what it lacks."""
        (version,) = self._db.execute("PRAGMA user_version").fetchone()
        return bool(version < SCHEMA_VERSION)

    def upgrade(self) -> None:
        """Add the tables of this version, inside the caller's transaction, which fills them."""
        for statement in _SECOND_VERSION:
            self._db.execute(statement)
        self._db.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")

    def begin(self) -> None:
        """Start the transaction of a block."""
        self._db.execute("BEGIN IMMEDIATE")

    def commit(self) -> None:
        """Make everything since ``begin`` durable, all at once."""
        self._db.execute("COMMIT")

    def rollback(self) -> None:
        """Undo everything since ``begin``, if there was one."""
        if self._db.in_transaction:
            self._db.execute("ROLLBACK")

    @contextmanager
    def reading(self) -> Iterator[None]:
        """Let everything read inside come from one committed state of the database."""
        self._db.execute("BEGIN")
        try:
            yield
        finally:
            self._db.execute("COMMIT")

    @contextmanager
    def relaxed(self) -> Iterator[None]:
        """Write without waiting for the disk, and wait once at the end.

        Only for a new file that can be made again: a power cut inside may leave it unreadable.
        """
        self._db.execute("PRAGMA synchronous = OFF")
        try:
            yield
        finally:
            self.rollback()
            self._db.execute("PRAGMA synchronous = FULL")
            self._db.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    # The log.

    def put_entry(self, position: int, entry: bytes, leaf: bytes) -> None:
        """Append a log entry with its leaf hash."""
        self._db.execute("INSERT INTO entry VALUES (?, ?, ?)", (position, entry, leaf))

    def entry(self, position: int) -> bytes | None:
        """Return a log entry, or None beyond the end."""
        row = self._db.execute("SELECT entry FROM entry WHERE position = ?", (position,)).fetchone()
        return None if row is None else row[0]

    def position_of(self, leaf: bytes) -> int | None:
        """Return the index of the entry with a leaf hash, or None."""
        row = self._db.execute("SELECT position FROM entry WHERE leaf = ?", (leaf,)).fetchone()
        return None if row is None else row[0]

    def entries(self, start: int = 0, end: int | None = None) -> Iterator[bytes]:
        """Iterate over the entries from ``start`` up to, not including, ``end``."""
        last = (1 << 62) if end is None else end
        query = "SELECT entry FROM entry WHERE position >= ? AND position < ? ORDER BY position"
        for (entry,) in self._db.execute(query, (start, last)):
            yield entry

    def node(self, level: int, position: int) -> bytes:
        """Return the hash of a complete subtree of the log (``merkle.Nodes``)."""
        query = "SELECT hash FROM tree WHERE level = ? AND position = ?"
        row = self._db.execute(query, (level, position)).fetchone()
        if row is None:
            raise StoreError(f"the log's tree lacks node {position} of level {level}")
        value: bytes = row[0]
        return value

    def put_node(self, level: int, position: int, value: bytes) -> None:
        """Keep the hash of a complete subtree of the log."""
        self._db.execute("INSERT INTO tree VALUES (?, ?, ?)", (level, position, value))

    # The state.

    def map_node(self, value: bytes) -> Node:
        """Return a node of the state's map, present or past (``prefix_map.Nodes``)."""
        query = "SELECT is_leaf, first, second FROM map_node WHERE hash = ?"
        row = self._db.execute(query, (value,)).fetchone()
        if row is None:
            raise StoreError("the state's map lacks a node")
        return Node(bool(row[0]), row[1], row[2])

    def put_map_node(self, value: bytes, node: Node) -> None:
        """Keep a node of the state's map."""
        row = (value, int(node.is_leaf), node.first, node.second)
        self._db.execute("INSERT OR IGNORE INTO map_node VALUES (?, ?, ?, ?)", row)

    def value(self, digest: bytes) -> bytes:
        """Return a value, present or past, by its SHA-256."""
        row = self._db.execute("SELECT value FROM value WHERE digest = ?", (digest,)).fetchone()
        if row is None:
            raise StoreError("the state lacks a value")
        value: bytes = row[0]
        return value

    def state(self, key: bytes) -> bytes | None:
        """Return the present value of a key, or None."""
        query = "SELECT value FROM state JOIN value USING (digest) WHERE key = ?"
        row = self._db.execute(query, (key,)).fetchone()
        return None if row is None else row[0]

    def states(self, prefix: bytes) -> Iterator[tuple[bytes, bytes]]:
        """Iterate over the present pairs whose key starts with ``prefix``, in the order of the keys."""
        query = (
            "SELECT key, value FROM state JOIN value USING (digest) WHERE key >= ? AND key < ? ORDER BY key"
        )
        # No CBOR item starts with ff, so nothing with this prefix sorts behind it.
        yield from self._db.execute(query, (prefix, prefix + b"\xff"))

    def put_state(self, key: bytes, value: bytes, digest: bytes) -> None:
        """Set the present value of a key; ``digest`` is the value's SHA-256."""
        self._db.execute("INSERT OR IGNORE INTO value VALUES (?, ?)", (digest, value))
        self._db.execute("INSERT OR REPLACE INTO state VALUES (?, ?)", (key, digest))

    def delete_state(self, key: bytes) -> None:
        """Remove a key from the present state; its past values stay."""
        self._db.execute("DELETE FROM state WHERE key = ?", (key,))

    # Blocks.

    def put_block(self, position: int, height: int) -> None:
        """Remember that the entry at ``position`` is the block entry of ``height``."""
        self._db.execute("INSERT INTO block VALUES (?, ?)", (position, height))

    def block_from(self, position: int) -> int | None:
        """Return the index of the first block entry at or behind a position: the block that holds it."""
        query = "SELECT min(position) FROM block WHERE position >= ?"
        (found,) = self._db.execute(query, (position,)).fetchone()
        return None if found is None else int(found)

    def block_before(self, size: int) -> int | None:
        """Return the index of the last block entry among the first ``size`` entries."""
        query = "SELECT max(position) FROM block WHERE position < ?"
        (found,) = self._db.execute(query, (size,)).fetchone()
        return None if found is None else int(found)

    def put_head(self, head: Head) -> None:
        """Set where the log stands."""
        self._db.execute("INSERT OR REPLACE INTO head VALUES (1, ?, ?, ?, ?, ?)", astuple(head))

    def head(self) -> Head:
        """Return where the log stands."""
        row = self._db.execute("SELECT size, root, state, height, time FROM head").fetchone()
        if row is None:
            raise StoreError("the ledger's database holds no genesis")
        return Head(*row)

    # Documents of agreements, kept beside the log, which holds their digests.

    def put_document(self, digest: bytes, document: bytes) -> None:
        """Keep a document under its SHA-256, in a transaction of its own."""
        self._db.execute("INSERT OR IGNORE INTO document VALUES (?, ?)", (digest, document))

    def document(self, digest: bytes) -> bytes | None:
        """Return a document by its SHA-256, or None."""
        row = self._db.execute("SELECT document FROM document WHERE digest = ?", (digest,)).fetchone()
        return None if row is None else row[0]

    # Dry runs, kept beside the documents.

    def put_dry_run(self, digest: bytes, did: str, *, until: int, body: bytes) -> None:
        """Keep an issuer's dry run in place of an earlier one, in a transaction of its own."""
        self._db.execute("INSERT OR REPLACE INTO dry_run VALUES (?, ?, ?, ?)", (digest, did, until, body))

    def dry_run(self, digest: bytes, did: str) -> tuple[int, bytes] | None:
        """Return the end of the span and the bytes of an issuer's dry run, or None."""
        query = "SELECT until, body FROM dry_run WHERE digest = ? AND did = ?"
        row = self._db.execute(query, (digest, did)).fetchone()
        return None if row is None else (row[0], row[1])

    def dry_runs(self, digest: bytes) -> list[tuple[str, bytes]]:
        """Return every dry run of an agreement, by DID."""
        query = "SELECT did, body FROM dry_run WHERE digest = ? ORDER BY did"
        return list(self._db.execute(query, (digest,)))

    def dry_run_digests(self, did: str) -> list[bytes]:
        """Return the agreements of which an issuer's dry runs are kept, the oldest span first."""
        query = "SELECT digest FROM dry_run WHERE did = ? ORDER BY until, digest"
        return [row[0] for row in self._db.execute(query, (did,))]

    def drop_dry_run(self, digest: bytes, did: str) -> None:
        """Forget a dry run, in a transaction of its own."""
        self._db.execute("DELETE FROM dry_run WHERE digest = ? AND did = ?", (digest, did))

    # Which statements speak of what: an index of the log, for listings.

    def put_mention(self, subject: bytes, position: int) -> None:
        """Remember that the statement at ``position`` is about ``subject``."""
        self._db.execute("INSERT OR IGNORE INTO mention VALUES (?, ?)", (subject, position))

    def mentions(self, subject: bytes) -> list[int]:
        """Return the positions of the statements about ``subject``, oldest first."""
        query = "SELECT position FROM mention WHERE subject = ? ORDER BY position"
        return [row[0] for row in self._db.execute(query, (subject,))]

    def newest_mentions(self, subject: bytes, *, before: int, limit: int) -> list[int]:
        """Return the last positions below ``before`` of statements about ``subject``, newest first."""
        query = (
            "SELECT position FROM mention WHERE subject = ? AND position < ? ORDER BY position DESC LIMIT ?"
        )
        return [row[0] for row in self._db.execute(query, (subject, before, limit))]


def _connect(path: Path, *, mode: str) -> "sqlite3.Connection":
    """Connect without implicit transactions. The engine's lock, not the thread, guards the connection."""
    connection = sqlite3.connect(
        f"{path.resolve().as_uri()}?mode={mode}",
        uri=True,
        isolation_level=None,
        check_same_thread=False,
        timeout=5.0,
    )
    if mode != "ro":
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("PRAGMA foreign_keys = ON")
    return connection
