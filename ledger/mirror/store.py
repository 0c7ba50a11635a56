"""What a mirror keeps, in ``mirror.db`` beside the ledger: all SQL of it.

    object      documents, lists, notices, indexes and schemas, by SHA-256
    named       what the ledger says has to be kept: whose it is, under which name, which digest
    candidate   DID documents in proposals whose effect is still open
    signer      every submission key that an issuer named; the registry knows which of them were its own
    sealed      sealed forms and receipts by issuer and locator; buckets are put together from them
    bucket      an issuer's signature over a bucket with exactly these bytes
    pulled      of each issuer: which index is here whole, and when its receipts were compared
    fact        how far the log was read, and the figures of the last round

Everything here can be had again from the ledger, the issuers and the other mirrors: a lost ``mirror.db`` is
made anew. Nothing in it names a person: sealed blobs open only with the paper or the form itself.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from sqlite_utils import Database

from ledger.mirror.signing import BucketPlace, Kind
from web import database

FILE = "mirror.db"
LOCATOR_BITS = 128

DOCUMENT, STATUS, SCHEMA = "document", "status", "schema"

_TABLES = """
CREATE TABLE IF NOT EXISTS object (
    id INTEGER PRIMARY KEY, digest BLOB NOT NULL UNIQUE, body BLOB NOT NULL, size INTEGER NOT NULL,
    kept_at INTEGER NOT NULL, brought_by TEXT NOT NULL
) STRICT;
CREATE TABLE IF NOT EXISTS named (
    kind TEXT NOT NULL, owner TEXT NOT NULL, name BLOB NOT NULL, digest BLOB NOT NULL,
    is_current INTEGER NOT NULL, PRIMARY KEY (kind, owner, name, digest)
) STRICT, WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS named_digest ON named (digest);
CREATE TABLE IF NOT EXISTS candidate (
    proposal BLOB NOT NULL, owner TEXT NOT NULL, digest BLOB NOT NULL, PRIMARY KEY (proposal, digest)
) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS signer (
    issuer TEXT NOT NULL, key BLOB NOT NULL, PRIMARY KEY (issuer, key)
) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS sealed (
    id INTEGER PRIMARY KEY, issuer TEXT NOT NULL, kind TEXT NOT NULL, locator BLOB NOT NULL,
    size INTEGER NOT NULL, blob BLOB NOT NULL
) STRICT;
CREATE UNIQUE INDEX IF NOT EXISTS sealed_place ON sealed (issuer, kind, locator);
CREATE INDEX IF NOT EXISTS sealed_size ON sealed (issuer, kind, size);
CREATE TABLE IF NOT EXISTS bucket (
    issuer TEXT NOT NULL, kind TEXT NOT NULL, bits INTEGER NOT NULL, prefix INTEGER NOT NULL,
    digest BLOB NOT NULL, signature TEXT NOT NULL, PRIMARY KEY (issuer, kind, bits, prefix)
) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS pulled (
    issuer TEXT PRIMARY KEY, whole_index BLOB, anchored_at INTEGER NOT NULL DEFAULT 0,
    compared_at INTEGER NOT NULL DEFAULT 0
) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS fact (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;
"""


@dataclass(frozen=True)
class Inventory:
    """What this mirror holds and lacks of what the ledger names.

    Attributes:
        objects: Documents, lists, notices, indexes and schemas that are here.
        forms: Sealed forms that are here.
        receipts: Sealed receipts that are here.
        bytes: All of it together.
        missing_objects: Objects that the ledger names and that nobody gave yet.
        missing_agreements: Agreements' documents that the ledger names and that nobody gave yet.
        missing_buckets: Buckets of forms that an anchored index names and that are not here as it says.
        checked_at: When the last round ended, seconds since 1970; None before the first.
    """

    objects: int = 0
    forms: int = 0
    receipts: int = 0
    bytes: int = 0
    missing_objects: int = 0
    missing_agreements: int = 0
    missing_buckets: int = 0
    checked_at: int | None = None


@dataclass(frozen=True)
class Named:
    """An object that the ledger names.

    Attributes:
        kind: ``document``, ``status`` or ``schema``.
        owner: The issuer, or the member that published the schema.
        digest: SHA-256 of its bytes.
    """

    kind: str
    owner: str
    digest: bytes


@contextmanager
def opened(path: Path) -> Iterator[Database]:
    """Open the database for one request or round, with its tables; it is made where there is none."""
    db = database.connect(path, create=True)
    try:
        if not db["fact"].exists():
            db.conn.executescript(_TABLES)
        yield db
    finally:
        db.close()


# Objects


def body(db: Database, digest: bytes) -> bytes | None:
    """Return an object, or None."""
    found = db.execute("SELECT body FROM object WHERE digest = ?", (digest,)).fetchone()
    return None if found is None else bytes(found[0])


def put(db: Database, digest: bytes, content: bytes, *, brought_by: str, now: int) -> bool:
    """Keep an object whose digest the caller compared; False where it was here.

    Args:
        db: The connection, in a transaction.
        digest: Its SHA-256.
        content: Its bytes.
        brought_by: The issuer that left it here, or empty where it was pulled.
        now: Seconds since 1970.
    """
    cursor = db.execute(
        "INSERT INTO object (digest, body, size, kept_at, brought_by) VALUES (?, ?, ?, ?, ?) "
        "ON CONFLICT (digest) DO NOTHING",
        (digest, content, len(content), now, brought_by),
    )
    return bool(cursor.rowcount)


def unnamed_of(db: Database, issuer: str) -> tuple[int, int]:
    """Return how many objects an issuer left here that the ledger does not name, and their bytes."""
    count, size = db.execute(
        "SELECT count(*), coalesce(sum(size), 0) FROM object WHERE brought_by = ? "
        "AND NOT EXISTS (SELECT 1 FROM named WHERE named.digest = object.digest)",
        (issuer,),
    ).fetchone()
    return int(count), int(size)


def bytes_of(db: Database, issuer: str) -> int:
    """Return how many bytes are kept for an issuer: its objects and its sealed forms and receipts."""
    objects = db.execute(
        "SELECT coalesce(sum(size), 0) FROM object "
        "WHERE digest IN (SELECT digest FROM named WHERE owner = ?)",
        (issuer,),
    ).fetchone()[0]
    blobs = db.execute("SELECT coalesce(sum(size), 0) FROM sealed WHERE issuer = ?", (issuer,)).fetchone()[0]
    return int(objects) + int(blobs)


def drop_unnamed(db: Database, *, before: int) -> int:
    """Drop what was left here before a moment and is named by nothing; return how many objects."""
    return db.execute(
        "DELETE FROM object WHERE kept_at < ? "
        "AND NOT EXISTS (SELECT 1 FROM named WHERE named.digest = object.digest)",
        (before,),
    ).rowcount


# What the ledger names


def is_named(db: Database, digest: bytes) -> bool:
    """Return whether the ledger names an object."""
    return db.execute("SELECT 1 FROM named WHERE digest = ? LIMIT 1", (digest,)).fetchone() is not None


def is_document_of(db: Database, owner: str, digest: bytes) -> bool:
    """Return whether a digest was ever that of an issuer's DID document."""
    found = db.execute(
        "SELECT 1 FROM named WHERE kind = ? AND owner = ? AND digest = ?", (DOCUMENT, owner, digest)
    )
    return found.fetchone() is not None


def name_document(db: Database, owner: str, digest: bytes) -> None:
    """Note a DID document that the ledger held for an issuer at some block: it is kept for ever."""
    db.execute("INSERT OR IGNORE INTO named VALUES (?, ?, ?, ?, 1)", (DOCUMENT, owner, b"", digest))


def name_schema(db: Database, owner: str, schema_id: str, digest: bytes) -> None:
    """Note a schema; an id keeps its digest for ever."""
    db.execute(
        "INSERT OR IGNORE INTO named VALUES (?, ?, ?, ?, 1)", (SCHEMA, owner, schema_id.encode(), digest)
    )


def name_status(db: Database, owner: str, name: bytes, digest: bytes) -> None:
    """Note the current version of a list; the one before stays, any older one goes.

    The one before is kept so that anybody can see whether the new one takes a revocation back.
    """
    key = (STATUS, owner, name)
    if current_status(db, owner, name) == digest:
        return
    db.execute("DELETE FROM named WHERE (kind, owner, name) = (?, ?, ?) AND is_current = 0", key)
    db.execute("UPDATE named SET is_current = 0 WHERE (kind, owner, name) = (?, ?, ?)", key)
    db.execute("INSERT OR REPLACE INTO named VALUES (?, ?, ?, ?, 1)", (*key, digest))


def current_status(db: Database, owner: str, name: bytes) -> bytes | None:
    """Return the digest of the current version of what an issuer publishes under SHA-256(URL)."""
    return _status(db, owner, name, is_current=1)


def previous_status(db: Database, owner: str, name: bytes) -> bytes | None:
    """Return the digest of the version before, where this mirror saw one."""
    return _status(db, owner, name, is_current=0)


def missing(db: Database) -> list[Named]:
    """Return what the ledger names now and is not here."""
    found = db.execute(
        "SELECT DISTINCT kind, owner, digest FROM named WHERE is_current = 1 "
        "AND NOT EXISTS (SELECT 1 FROM object WHERE object.digest = named.digest) ORDER BY kind, owner"
    )
    return [Named(kind, owner, bytes(digest)) for kind, owner, digest in found]


def add_candidate(db: Database, proposal: bytes, owner: str, digest: bytes) -> None:
    """Note a DID document that a proposal would make an issuer's."""
    db.execute("INSERT OR IGNORE INTO candidate VALUES (?, ?, ?)", (proposal, owner, digest))


def candidates(db: Database) -> list[tuple[bytes, str, bytes]]:
    """Return proposal, issuer and digest of the documents whose proposals are not settled."""
    found = db.execute("SELECT proposal, owner, digest FROM candidate")
    return [(bytes(proposal), owner, bytes(digest)) for proposal, owner, digest in found]


def drop_candidates(db: Database, proposal: bytes) -> None:
    """Forget a proposal that is settled."""
    db.execute("DELETE FROM candidate WHERE proposal = ?", (proposal,))


def add_signer(db: Database, issuer: str, key: bytes) -> None:
    """Note a submission key, as the CBOR of its COSE_Key, that some statement names for an issuer."""
    db.execute("INSERT OR IGNORE INTO signer VALUES (?, ?)", (issuer, key))


def signers(db: Database, issuer: str) -> list[bytes]:
    """Return the submission keys that statements named for an issuer."""
    found = db.execute("SELECT key FROM signer WHERE issuer = ?", (issuer,))
    return [bytes(key) for (key,) in found]


# Sealed forms and receipts


def put_sealed(db: Database, issuer: str, kind: Kind, entries: Iterable[tuple[bytes, bytes]]) -> None:
    """Keep sealed blobs; the newest one takes the place of another under the same locator."""
    for locator, blob in entries:
        place = (issuer, kind, locator)
        db.execute("DELETE FROM sealed WHERE (issuer, kind, locator) = (?, ?, ?)", place)
        db.execute(
            "INSERT INTO sealed (issuer, kind, locator, size, blob) VALUES (?, ?, ?, ?, ?)",
            (*place, len(blob), blob),
        )


def sealed(db: Database, place: BucketPlace) -> list[tuple[bytes, bytes]]:
    """Return locators and blobs of a bucket, sorted by locator."""
    found = db.execute(
        "SELECT locator, blob FROM sealed WHERE issuer = ? AND kind = ? AND locator BETWEEN ? AND ? "
        "ORDER BY locator",
        (place.did, place.kind, *span(place.bits, place.prefix)),
    )
    return [(bytes(locator), bytes(blob)) for locator, blob in found]


def locators(db: Database, issuer: str, kind: Kind) -> Iterator[bytes]:
    """Iterate over the locators kept for an issuer, sorted."""
    found = db.execute(
        "SELECT locator FROM sealed WHERE issuer = ? AND kind = ? ORDER BY locator", (issuer, kind)
    )
    return (bytes(locator) for (locator,) in found)


def newest_sealed(db: Database, issuer: str, kind: Kind) -> int:
    """Return a number that changes whenever blobs of an issuer are put here."""
    found = db.execute("SELECT max(id), count(*) FROM sealed WHERE issuer = ? AND kind = ?", (issuer, kind))
    newest, count = found.fetchone()
    return int(newest or 0) + int(count)


def put_signature(db: Database, place: BucketPlace, *, digest: bytes, signature: str) -> None:
    """Keep an issuer's signature over a bucket."""
    db.execute(
        "INSERT OR REPLACE INTO bucket VALUES (?, ?, ?, ?, ?, ?)",
        (place.did, place.kind, place.bits, place.prefix, digest, signature),
    )


def signature(db: Database, place: BucketPlace, *, digest: bytes) -> str | None:
    """Return the issuer's signature over a bucket with exactly these bytes, or None."""
    found = db.execute(
        "SELECT signature FROM bucket WHERE (issuer, kind, bits, prefix, digest) = (?, ?, ?, ?, ?)",
        (place.did, place.kind, place.bits, place.prefix, digest),
    ).fetchone()
    return None if found is None else str(found[0])


def span(bits: int, prefix: int) -> tuple[bytes, bytes]:
    """Return the first and last locator that start with a prefix."""
    width = LOCATOR_BITS - bits
    first = prefix << width
    last = first | (1 << width) - 1
    return first.to_bytes(LOCATOR_BITS // 8, "big"), last.to_bytes(LOCATOR_BITS // 8, "big")


# How far things are


def whole_index(db: Database, issuer: str) -> bytes | None:
    """Return the digest of the last index of which every bucket is here."""
    found = db.execute("SELECT whole_index FROM pulled WHERE issuer = ?", (issuer,)).fetchone()
    return None if found is None or found[0] is None else bytes(found[0])


def times(db: Database, issuer: str) -> tuple[int, int]:
    """Return when an anchor of an issuer was last seen, and when its receipts were last compared."""
    found = db.execute("SELECT anchored_at, compared_at FROM pulled WHERE issuer = ?", (issuer,)).fetchone()
    return (0, 0) if found is None else (int(found[0]), int(found[1]))


def note(db: Database, issuer: str, **values: Any) -> None:
    """Note how far an issuer's store is pulled: ``whole_index``, ``anchored_at``, ``compared_at``."""
    db.execute("INSERT OR IGNORE INTO pulled (issuer) VALUES (?)", (issuer,))
    for name in ("whole_index", "anchored_at", "compared_at"):
        if name in values:
            db.execute(f"UPDATE pulled SET {name} = ? WHERE issuer = ?", (values[name], issuer))  # noqa: S608


def position(db: Database) -> int:
    """Return up to which entry the log was read."""
    return int(_fact(db, "position") or 1)


def noted(db: Database) -> int:
    """Return the size of the log whose state was noted last."""
    return int(_fact(db, "noted") or 0)


def set_noted(db: Database, size: int) -> None:
    """Note that the state of a log of that size was read."""
    _set_fact(db, "noted", str(size))


def set_position(db: Database, index: int) -> None:
    """Note up to which entry the log was read."""
    _set_fact(db, "position", str(index))


def inventory(db: Database) -> Inventory:
    """Return the figures of the last round."""
    kept = _fact(db, "inventory")
    return Inventory() if kept is None else Inventory(**json.loads(kept))


def count(db: Database, *, missing_agreements: int, missing_buckets: int, now: int) -> Inventory:
    """Count what is here and note the figures of a round that ends now; call it in a transaction."""
    objects, bytes_ = db.execute("SELECT count(*), coalesce(sum(size), 0) FROM object").fetchone()
    kinds = {
        kind: (int(number), int(size))
        for kind, number, size in db.execute("SELECT kind, count(*), sum(size) FROM sealed GROUP BY kind")
    }
    forms, receipts = kinds.get("forms", (0, 0)), kinds.get("receipts", (0, 0))
    found = Inventory(
        objects=int(objects),
        forms=forms[0],
        receipts=receipts[0],
        bytes=int(bytes_) + forms[1] + receipts[1],
        missing_objects=len(missing(db)),
        missing_agreements=missing_agreements,
        missing_buckets=missing_buckets,
        checked_at=now,
    )
    _set_fact(db, "inventory", json.dumps(asdict(found)))
    return found


def _status(db: Database, owner: str, name: bytes, *, is_current: int) -> bytes | None:
    found = db.execute(
        "SELECT digest FROM named WHERE (kind, owner, name, is_current) = (?, ?, ?, ?)",
        (STATUS, owner, name, is_current),
    ).fetchone()
    return None if found is None else bytes(found[0])


def _fact(db: Database, name: str) -> str | None:
    found = db.execute("SELECT value FROM fact WHERE name = ?", (name,)).fetchone()
    return None if found is None else str(found[0])


def _set_fact(db: Database, name: str, value: str) -> None:
    db.execute("INSERT OR REPLACE INTO fact VALUES (?, ?)", (name, value))
