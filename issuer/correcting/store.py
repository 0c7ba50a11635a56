"""SQL of corrections: what holders asked, and a record that takes another one's place."""

from collections.abc import Mapping
from typing import Any

from sqlite_utils import Database

from issuer.store import insert, row, rows, value


def add_request(db: Database, values: Mapping[str, Any]) -> None:
    """Write what a holder asks."""
    insert(db, "correction_request", values)


def request(db: Database, request_id: str) -> dict[str, Any] | None:
    """Return what a holder asked, with the record's number and names, or None."""
    return row(
        db,
        "SELECT correction_request.*, record.number, record.holder_name, record.credential_type, "
        "record.state AS record_state, record.replaced_by FROM correction_request "
        "JOIN record ON record.id = record_id WHERE correction_request.id = ?",
        (request_id,),
    )


def requests(db: Database, *, state: str, limit: int) -> list[dict[str, Any]]:
    """Return what holders asked, in one state, oldest first while open and newest first afterwards."""
    order = "asked_at" if state == "open" else "answered_at DESC"
    return rows(
        db,
        "SELECT correction_request.*, record.number, record.holder_name, record.credential_type, "  # noqa: S608
        "record.state AS record_state, record.replaced_by FROM correction_request "
        "JOIN record ON record.id = record_id WHERE correction_request.state = ? "
        f"ORDER BY {order} LIMIT ?",
        (state, limit),
    )


def newest_request(db: Database, record_id: str) -> dict[str, Any] | None:
    """Return what was asked last about a record, or None."""
    return row(
        db,
        "SELECT * FROM correction_request WHERE record_id = ? ORDER BY asked_at DESC, rowid DESC LIMIT 1",
        (record_id,),
    )


def count_requests(db: Database, record_id: str) -> int:
    """Count everything that was ever asked about a record."""
    return int(value(db, "SELECT count(*) FROM correction_request WHERE record_id = ?", (record_id,)))


def count_open(db: Database) -> int:
    """Count what waits for an answer."""
    return int(value(db, "SELECT count(*) FROM correction_request WHERE state = 'open'"))


def answer_request(db: Database, request_id: str, *, state: str, answer: str, by: str, at: int) -> bool:
    """Answer an open request; False when it is answered already."""
    cursor = db.execute(
        "UPDATE correction_request SET state = ?, answer = ?, answered_by = ?, answered_at = ? "
        "WHERE id = ? AND state = 'open'",
        (state, answer, by, at, request_id),
    )
    return cursor.rowcount == 1


def answer_open(db: Database, record_id: str, *, state: str, by: str, at: int) -> None:
    """Answer what is open about a record without words: what was done says it."""
    db.execute(
        "UPDATE correction_request SET state = ?, answered_by = ?, answered_at = ? "
        "WHERE record_id = ? AND state = 'open'",
        (state, by, at, record_id),
    )


def bound_to(db: Database, record_id: str, holder: str) -> bool:
    """Return whether a form of a record was ever signed to a holder's key."""
    found = value(db, "SELECT 1 FROM form WHERE record_id = ? AND holder = ? LIMIT 1", (record_id, holder))
    return found is not None


def replace_record(db: Database, record_id: str, *, by: str) -> None:
    """Note which record took another one's place; its number is free for that one from now on."""
    db.execute("UPDATE record SET replaced_by = ? WHERE id = ?", (by, record_id))


def batch_row(db: Database, batch_id: str, position: int) -> dict[str, Any] | None:
    """Return a row of a batch, or None."""
    return row(db, "SELECT * FROM batch_row WHERE batch_id = ? AND position = ?", (batch_id, position))


def refused_numbers(db: Database, batch_id: str, credential_type: str) -> list[dict[str, Any]]:
    """Return the refused rows of a batch whose number a valid record has, with that record's id."""
    return rows(
        db,
        "SELECT batch_row.position, batch_row.line, batch_row.number, batch_row.fields, "
        "record.id AS record_id, record.fields AS issued FROM batch_row "
        "JOIN record ON record.number = batch_row.number "
        "AND record.credential_type = ?2 AND record.replaced_by IS NULL AND record.state = 'valid' "
        "WHERE batch_row.batch_id = ?1 AND batch_row.pile = 'refused' AND batch_row.number <> '' "
        "ORDER BY batch_row.position",
        (batch_id, credential_type),
    )
