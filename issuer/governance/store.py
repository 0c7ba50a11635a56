"""SQL of the governance key's row and of what the key signed."""

from typing import Any

from sqlite_utils import Database

from issuer.store import insert, row, rows


def add_key(db: Database, *, public: bytes, possession: bytes, made_by: str, at: int) -> None:
    """Write the public half of the key."""
    values = {"id": 1, "public": public, "possession": possession, "made_by": made_by, "made_at": at}
    insert(db, "governance_key", values)


def key(db: Database) -> dict[str, Any] | None:
    """Return the key's row, or None."""
    return row(db, "SELECT * FROM governance_key")


def next_key(db: Database) -> dict[str, Any] | None:
    """Return the key that is to follow, or None."""
    return row(db, "SELECT * FROM governance_next")


def add_next_key(db: Database, *, public: bytes, possession: bytes, made_by: str, at: int) -> None:
    """Write the public half of a key that is to follow, in the place of another that was."""
    db.execute("DELETE FROM governance_next")
    values = {"id": 1, "public": public, "possession": possession, "made_by": made_by, "made_at": at}
    insert(db, "governance_next", values)


def follow(db: Database) -> None:
    """Let the key that was to follow be the key, with no wrong passphrase counted."""
    db.execute("DELETE FROM governance_key")
    db.execute(
        "INSERT INTO governance_key (id, public, possession, made_by, made_at) "
        "SELECT id, public, possession, made_by, made_at FROM governance_next"
    )
    db.execute("DELETE FROM governance_next")


def count_failure(db: Database, *, locked_until: int) -> None:
    """Count a try that may turn out wrong, and say until when the key waits if it does."""
    db.execute("UPDATE governance_key SET failures = failures + 1, locked_until = ?", (locked_until,))


def forget_failures(db: Database) -> None:
    """Start counting anew after a right passphrase."""
    db.execute("UPDATE governance_key SET failures = 0, locked_until = 0")


def add_act(db: Database, values: dict[str, Any]) -> int:
    """Write down a signed statement before it leaves, and return its number."""
    return insert(db, "governance_act", {**values, "state": "prepared"})


def prepared(db: Database) -> dict[str, Any] | None:
    """Return the statement that is on its way, or None."""
    return row(db, "SELECT * FROM governance_act WHERE state = 'prepared'")


def act(db: Database, number: int) -> dict[str, Any]:
    """Return one signed statement."""
    found = row(db, "SELECT * FROM governance_act WHERE id = ?", (number,))
    assert found is not None  # rows are never deleted
    return found


def accept(db: Database, number: int, *, entry_index: int) -> bool:
    """Note that the ledger took a statement; false where that was noted before."""
    cursor = db.execute(
        "UPDATE governance_act SET state = 'accepted', entry_index = ? WHERE id = ? AND state = 'prepared'",
        (entry_index, number),
    )
    return cursor.rowcount == 1


def refuse(db: Database, number: int, *, problem: str) -> bool:
    """Note that the ledger refused a statement; false where that was noted before."""
    cursor = db.execute(
        "UPDATE governance_act SET state = 'refused', problem = ? WHERE id = ? AND state = 'prepared'",
        (problem, number),
    )
    return cursor.rowcount == 1


def acts(db: Database, *, proposal: bytes | None = None, limit: int = 200) -> list[dict[str, Any]]:
    """Return what was signed (about one proposal), newest first."""
    return rows(
        db,
        "SELECT * FROM governance_act WHERE ?1 IS NULL OR proposal = ?1 ORDER BY id DESC LIMIT ?2",
        (proposal, limit),
    )
