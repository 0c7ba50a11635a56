"""SQL of officers and of the acts that need two of them."""

import json
from collections.abc import Mapping
from typing import Any

from sqlite_utils import Database

from issuer.store import insert, row, rows


def add_officer(db: Database, *, name: str, roles: list[str], passphrase_hash: str, at: int) -> None:
    """Write a new officer."""
    insert(
        db,
        "officer",
        {"name": name, "roles": json.dumps(roles), "passphrase_hash": passphrase_hash, "added_at": at},
    )


def officer(db: Database, name: str) -> dict[str, Any] | None:
    """Return an officer's row, or None."""
    return row(db, "SELECT * FROM officer WHERE name = ?", (name,))


def officers(db: Database) -> list[dict[str, Any]]:
    """Return every officer, by name."""
    return rows(db, "SELECT * FROM officer ORDER BY name")


def count_failure(db: Database, name: str, *, locked_until: int) -> None:
    """Count a try that may turn out wrong, and say until when the name waits if it does."""
    db.execute(
        "UPDATE officer SET failures = failures + 1, locked_until = ? WHERE name = ?", (locked_until, name)
    )


def forget_failures(db: Database, name: str) -> None:
    """Start counting anew after a right passphrase."""
    db.execute("UPDATE officer SET failures = 0, locked_until = 0 WHERE name = ?", (name,))


def set_passphrase(db: Database, name: str, passphrase_hash: str) -> None:
    """Write a new passphrase; the generation ends the sessions that began with the old one."""
    db.execute(
        "UPDATE officer SET passphrase_hash = ?, failures = 0, locked_until = 0, generation = generation + 1 "
        "WHERE name = ?",
        (passphrase_hash, name),
    )


def add_act(db: Database, values: Mapping[str, Any]) -> None:
    """Write a submitted act."""
    insert(db, "act", {**values, "arguments": json.dumps(values["arguments"], ensure_ascii=False)})


def act(db: Database, act_id: str) -> dict[str, Any] | None:
    """Return an act's row, or None."""
    return row(db, "SELECT * FROM act WHERE id = ?", (act_id,))


def open_act(db: Database, *, kind: str, subject: str) -> dict[str, Any] | None:
    """Return the act of a kind that waits for a second officer on a subject, or None."""
    return row(
        db, "SELECT * FROM act WHERE kind = ? AND subject = ? AND state = 'submitted'", (kind, subject)
    )


def acts(db: Database, *, state: str | None, kind: str | None, subject: str | None) -> list[dict[str, Any]]:
    """Return acts, oldest first."""
    return rows(
        db,
        "SELECT * FROM act WHERE (?1 IS NULL OR state = ?1) AND (?2 IS NULL OR kind = ?2) "
        "AND (?3 IS NULL OR subject = ?3) ORDER BY made_at, rowid",
        (state, kind, subject),
    )


def decide_act(
    db: Database, act_id: str, *, state: str, by: str, at: int, note: str, arguments: Mapping[str, Any]
) -> bool:
    """Decide an act that still waits.

    Returns:
        False when it was decided meanwhile.
    """
    cursor = db.execute(
        "UPDATE act SET state = ?, decided_by = ?, decided_at = ?, note = ?, arguments = ? "
        "WHERE id = ? AND state = 'submitted'",
        (state, by, at, note, json.dumps(arguments, ensure_ascii=False), act_id),
    )
    return cursor.rowcount == 1
