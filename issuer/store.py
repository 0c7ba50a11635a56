"""SQL of the institution itself: names, standing, keys, documents, preferences, and the audit log.

All SQL of the issuer stands in ``store*.py`` and ``migrations.py``. Functions here neither open transactions
nor decide anything; the use case that calls them does both.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from sqlite_utils import Database


def rows(db: Database, sql: str, parameters: Sequence[Any] = ()) -> list[dict[str, Any]]:
    """Return every row of a query as a dictionary."""
    cursor = db.execute(sql, parameters)
    names = [column[0] for column in cursor.description]
    return [dict(zip(names, row, strict=True)) for row in cursor]


def row(db: Database, sql: str, parameters: Sequence[Any] = ()) -> dict[str, Any] | None:
    """Return the first row of a query, or None."""
    found = rows(db, sql, parameters)
    return found[0] if found else None


def value(db: Database, sql: str, parameters: Sequence[Any] = ()) -> Any:
    """Return the first column of the first row, or None."""
    found = db.execute(sql, parameters).fetchone()
    return found[0] if found else None


def insert(db: Database, table: str, values: Mapping[str, Any]) -> int:
    """Insert one row; the names of table and columns are this package's own constants.

    Returns:
        The row's number in its table.
    """
    columns, marks = ", ".join(values), ", ".join("?" * len(values))
    cursor = db.execute(f"INSERT INTO {table} ({columns}) VALUES ({marks})", tuple(values.values()))  # noqa: S608 - constants
    return int(cursor.lastrowid or 0)


def save_institution(db: Database, values: Mapping[str, Any]) -> None:
    """Write the one row of the institution."""
    insert(db, "institution", {"id": 1, **values})


def institution(db: Database) -> dict[str, Any] | None:
    """Return the row of the institution, or None before ``init``."""
    return row(db, "SELECT * FROM institution")


def save_standing(db: Database, *, number: int | None, standing: Mapping[str, Any], at: int) -> None:
    """Remember what the registry said of this issuer."""
    db.execute(
        "UPDATE institution SET number = coalesce(?, number), standing = ?, standing_at = ?",
        (number, json.dumps(standing), at),
    )


def forget_standing(db: Database) -> None:
    """Forget what the registry said, so that it is asked before anything is signed."""
    db.execute("UPDATE institution SET standing = NULL, standing_at = NULL")


def preference(db: Database, name: str) -> str | None:
    """Return a preference as JSON, or None."""
    found = value(db, "SELECT value FROM preference WHERE name = ?", (name,))
    return None if found is None else str(found)


def save_preference(db: Database, name: str, text: str) -> None:
    """Write a preference as JSON."""
    db.execute(
        "INSERT INTO preference (name, value) VALUES (?, ?) "
        "ON CONFLICT (name) DO UPDATE SET value = excluded.value",
        (name, text),
    )


def add_key(db: Database, values: Mapping[str, Any]) -> None:
    """Write a signing key."""
    insert(db, "signing_key", values)


def current_key(db: Database, role: str) -> dict[str, Any] | None:
    """Return the key that signs in this role now."""
    return row(db, "SELECT * FROM signing_key WHERE role = ? AND retired_at IS NULL", (role,))


def key(db: Database, key_id: str) -> dict[str, Any] | None:
    """Return a key by its id."""
    return row(db, "SELECT * FROM signing_key WHERE id = ?", (key_id,))


def keys(db: Database, role: str) -> list[dict[str, Any]]:
    """Return every key of a role, oldest first."""
    return rows(db, "SELECT * FROM signing_key WHERE role = ? ORDER BY created_at, id", (role,))


def retire_key(db: Database, key_id: str, *, at: int, compromised: bool) -> None:
    """Let a key sign no more."""
    db.execute(
        "UPDATE signing_key SET retired_at = ?, compromised = ? WHERE id = ?", (at, int(compromised), key_id)
    )


def use_key(db: Database, key_id: str) -> None:
    """Let a key sign that waited among the retired ones; its role's present one is retired before."""
    db.execute("UPDATE signing_key SET retired_at = NULL WHERE id = ?", (key_id,))


def add_document(db: Database, *, digest: bytes, media_type: str, body: bytes, at: int) -> None:
    """Keep a document by its digest, for ever."""
    db.execute(
        "INSERT INTO document (digest, media_type, body, created_at) VALUES (?, ?, ?, ?) "
        "ON CONFLICT (digest) DO NOTHING",
        (digest, media_type, body, at),
    )


def document(db: Database, digest: bytes) -> dict[str, Any] | None:
    """Return a document by its digest."""
    return row(db, "SELECT * FROM document WHERE digest = ?", (digest,))


def newest_document(db: Database) -> dict[str, Any] | None:
    """Return the DID document that was made last."""
    return row(db, "SELECT * FROM document ORDER BY created_at DESC, rowid DESC LIMIT 1")


def add_audit(db: Database, values: Mapping[str, Any]) -> None:
    """Add one line to the audit log."""
    insert(db, "audit", values)


def last_audit(db: Database) -> tuple[int, bytes]:
    """Return number and link of the last line of the audit log; 0 and nothing before the first."""
    found = row(db, "SELECT id, link FROM audit ORDER BY id DESC LIMIT 1")
    return (0, b"") if found is None else (int(found["id"]), bytes(found["link"]))


def audit_link(db: Database, number: int) -> bytes | None:
    """Return the link of one line of the audit log, or None where there is none."""
    found = value(db, "SELECT link FROM audit WHERE id = ?", (number,))
    return None if found is None else bytes(found)


def whole_audit(db: Database) -> Iterator[dict[str, Any]]:
    """Iterate over the audit log, oldest first."""
    cursor = db.execute("SELECT * FROM audit ORDER BY id")
    names = [column[0] for column in cursor.description]
    return (dict(zip(names, line, strict=True)) for line in cursor)


def audit_lines(db: Database, *, subject: str | None, offset: int, limit: int) -> list[dict[str, Any]]:
    """Return lines of the audit log, newest first."""
    return rows(
        db,
        "SELECT * FROM audit WHERE ?1 IS NULL OR subject = ?1 ORDER BY id DESC LIMIT ?2 OFFSET ?3",
        (subject, limit, offset),
    )
