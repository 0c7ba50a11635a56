"""SQL of batches and certificate records."""

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlite_utils import Database

from issuer.store import insert, row, rows, value

_BATCH = (
    "id, credential_type, source_name, report, maker, created_at, state, checker, approved_at, signer, "
    "problem, issued_at, printed_at, slips_printed_at"
)


def add_batch(db: Database, values: Mapping[str, Any]) -> None:
    """Write a batch."""
    insert(db, "batch", {**values, "report": json.dumps(values["report"], ensure_ascii=False)})


def add_batch_row(db: Database, values: Mapping[str, Any]) -> None:
    """Write one row of a batch."""
    fields = json.dumps(values["fields"], ensure_ascii=False)
    findings = json.dumps(values["findings"], ensure_ascii=False)
    insert(db, "batch_row", {**values, "fields": fields, "findings": findings})


def batch(db: Database, batch_id: str) -> dict[str, Any] | None:
    """Return a batch without its file."""
    return row(db, f"SELECT {_BATCH} FROM batch WHERE id = ?", (batch_id,))  # noqa: S608 - a constant


def batches(db: Database, states: Sequence[str]) -> list[dict[str, Any]]:
    """Return the batches in some states, newest first."""
    marks = ", ".join("?" * len(states))
    return rows(
        db,
        f"SELECT {_BATCH} FROM batch WHERE state IN ({marks}) ORDER BY created_at DESC, rowid DESC",  # noqa: S608
        states,
    )


def pending_row(db: Database, credential_type: str, column: str, text: str) -> dict[str, Any] | None:
    """Return a row that waits for its second officer or its signature, by number or person key."""
    return row(
        db,
        "SELECT batch_row.* FROM batch_row JOIN batch ON batch.id = batch_row.batch_id "  # noqa: S608 - ours
        f"WHERE batch_row.{column} = ? AND batch.credential_type = ? "
        "AND batch.state IN ('submitted', 'approved', 'paused') AND batch_row.state = 'waiting' "
        "AND (batch_row.pile = 'ready' OR batch_row.confirmed = 1) LIMIT 1",
        (text, credential_type),
    )


def record_of_person_key(db: Database, credential_type: str, person_key: str) -> dict[str, Any] | None:
    """Return the newest record of a type by its person key, or None."""
    return row(
        db,
        "SELECT * FROM record WHERE credential_type = ? AND person_key = ? AND replaced_by IS NULL "
        "ORDER BY state DESC, created_at DESC LIMIT 1",
        (credential_type, person_key),
    )


def batch_source(db: Database, batch_id: str) -> bytes | None:
    """Return the sealed file of a batch, or None."""
    found = value(db, "SELECT source FROM batch WHERE id = ?", (batch_id,))
    return None if found is None else bytes(found)


def forget_sources(db: Database, *, before: int) -> int:
    """Delete the uploaded files of batches that were issued or given up long ago.

    Returns:
        How many.
    """
    return db.execute(
        "UPDATE batch SET source = NULL WHERE source IS NOT NULL AND "
        "(state = 'discarded' OR (state = 'issued' AND issued_at < ?))",
        (before,),
    ).rowcount


def delete_rows(db: Database, batch_id: str) -> None:
    """Forget the rows of a batch that was given up."""
    db.execute("DELETE FROM batch_row WHERE batch_id = ?", (batch_id,))


def move_batch(db: Database, batch_id: str, *, before: Sequence[str], after: str, **columns: Any) -> bool:
    """Move a batch to another state, if it is in one of ``before``.

    Returns:
        False when it is not.
    """
    sets = "".join(f", {name} = ?" for name in columns)
    marks = ", ".join("?" * len(before))
    cursor = db.execute(
        f"UPDATE batch SET state = ?{sets} WHERE id = ? AND state IN ({marks})",  # noqa: S608 - constants
        (after, *columns.values(), batch_id, *before),
    )
    return cursor.rowcount == 1


def mark_batch(db: Database, batch_id: str, column: str, at: int) -> None:
    """Write the time at which something was done to a batch for the first time."""
    db.execute(
        f"UPDATE batch SET {column} = coalesce({column}, ?) WHERE id = ?",  # noqa: S608 - a constant
        (at, batch_id),
    )


def confirm_rows(db: Database, batch_id: str, positions: Iterable[int] | None, *, confirmed: bool) -> int:
    """Confirm rows that wait for it, or take that back.

    Returns:
        How many changed.
    """
    sql = "UPDATE batch_row SET confirmed = ? WHERE batch_id = ? AND pile = 'confirm' AND confirmed <> ?"
    base = (int(confirmed), batch_id, int(confirmed))
    if positions is None:
        return db.execute(sql, base).rowcount
    return sum(
        db.execute(sql + " AND position = ?", (*base, position)).rowcount for position in set(positions)
    )


def batch_rows(
    db: Database, batch_id: str, *, pile: str | None, offset: int, limit: int
) -> list[dict[str, Any]]:
    """Return rows of a batch in the file's order."""
    return rows(
        db,
        "SELECT * FROM batch_row WHERE batch_id = ?1 AND (?2 IS NULL OR pile = ?2) ORDER BY position "
        "LIMIT ?3 OFFSET ?4",
        (batch_id, pile, limit, offset),
    )


def rows_to_sign(db: Database, batch_id: str, *, limit: int) -> list[dict[str, Any]]:
    """Return the next rows that are to be signed."""
    return rows(
        db,
        "SELECT * FROM batch_row WHERE batch_id = ? AND state = 'waiting' "
        "AND (pile = 'ready' OR (pile = 'confirm' AND confirmed = 1)) ORDER BY position LIMIT ?",
        (batch_id, limit),
    )


def rows_without_number(db: Database, batch_id: str) -> list[dict[str, Any]]:
    """Return the rows to be signed that have no certificate number yet."""
    return rows(
        db,
        "SELECT * FROM batch_row WHERE batch_id = ? AND number = '' AND state = 'waiting' "
        "AND (pile = 'ready' OR (pile = 'confirm' AND confirmed = 1)) ORDER BY position",
        (batch_id,),
    )


def number_row(db: Database, batch_id: str, position: int, *, number: str, fields: Mapping[str, str]) -> None:
    """Give a row its certificate number."""
    db.execute(
        "UPDATE batch_row SET number = ?, fields = ? WHERE batch_id = ? AND position = ?",
        (number, json.dumps(fields, ensure_ascii=False), batch_id, position),
    )


def finish_row(db: Database, batch_id: str, position: int, *, state: str, problem: str | None) -> bool:
    """Say what became of a row that was to be signed.

    Returns:
        False when another process was faster.
    """
    cursor = db.execute(
        "UPDATE batch_row SET state = ?, problem = ? "
        "WHERE batch_id = ? AND position = ? AND state = 'waiting'",
        (state, problem, batch_id, position),
    )
    return cursor.rowcount == 1


def counts(db: Database, batch_id: str) -> dict[str, int]:
    """Count a batch's rows by pile and state, and its paper forms by how far they have come."""
    found = rows(
        db,
        """
        SELECT
            coalesce(sum(pile = 'ready'), 0) AS ready,
            coalesce(sum(pile = 'confirm'), 0) AS confirm,
            coalesce(sum(pile = 'confirm' AND confirmed), 0) AS confirmed,
            coalesce(sum(pile = 'refused'), 0) AS refused,
            coalesce(sum(pile = 'skipped'), 0) AS skipped,
            coalesce(sum(state = 'signed'), 0) AS signed,
            coalesce(sum(state = 'failed'), 0) AS failed
        FROM batch_row WHERE batch_id = ?
        """,
        (batch_id,),
    )[0]
    forms = rows(
        db,
        """
        SELECT
            count(*) AS forms,
            coalesce(sum(form.anchored_at IS NOT NULL), 0) AS anchored,
            coalesce(sum(sealed_form.index_version <= (
                SELECT max(version) FROM publication WHERE resource = 'store/index' AND state = 'anchored'
            )), 0) AS indexed
        FROM record
        JOIN form ON form.record_id = record.id AND form.kind = 'paper'
        JOIN sealed_form ON sealed_form.form_id = form.id
        WHERE record.batch_id = ?
        """,
        (batch_id,),
    )[0]
    claimed = value(
        db,
        "SELECT count(*) FROM record WHERE record.batch_id = ? "
        "AND EXISTS (SELECT 1 FROM slip_use WHERE slip_use.record_id = record.id)",
        (batch_id,),
    )
    return {**found, **forms, "claimed": int(claimed)}


def add_record(db: Database, values: Mapping[str, Any]) -> None:
    """Write a certificate record."""
    insert(db, "record", {**values, "fields": json.dumps(values["fields"], ensure_ascii=False)})


def record(db: Database, record_id: str) -> dict[str, Any] | None:
    """Return a record by its id."""
    return row(db, "SELECT * FROM record WHERE id = ?", (record_id,))


def records_of_number(db: Database, number: str) -> list[dict[str, Any]]:
    """Return the records with a certificate number that nothing replaced, whatever their type."""
    return rows(db, "SELECT * FROM record WHERE number = ? AND replaced_by IS NULL", (number,))


def record_of_number(db: Database, credential_type: str, number: str) -> dict[str, Any] | None:
    """Return the record of a type with a number that nothing replaced, or None."""
    return row(
        db,
        "SELECT * FROM record WHERE credential_type = ? AND number = ? AND replaced_by IS NULL",
        (credential_type, number),
    )


def record_of_person(db: Database, *, person_key: str, achievement: str) -> dict[str, Any] | None:
    """Return a valid record of a person for an achievement, or None."""
    return row(
        db,
        "SELECT * FROM record WHERE person_key = ? AND achievement = ? AND state = 'valid'",
        (person_key, achievement),
    )


def batch_records(db: Database, batch_id: str, *, offset: int, limit: int) -> list[dict[str, Any]]:
    """Return the records of a batch in the file's order."""
    return rows(
        db,
        "SELECT * FROM record WHERE batch_id = ? ORDER BY position LIMIT ? OFFSET ?",
        (batch_id, limit, offset),
    )


def search_records(db: Database, filters: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return records whose number, name or class holds a text, newest first."""
    return rows(
        db,
        """
        SELECT * FROM record
        WHERE (:text = '' OR number LIKE :like ESCAPE '\\' OR holder_name LIKE :like ESCAPE '\\'
               OR class_name LIKE :like ESCAPE '\\')
          AND (:credential_type IS NULL OR credential_type = :credential_type)
          AND (:batch_id IS NULL OR batch_id = :batch_id)
          AND (:state IS NULL OR state = :state)
        ORDER BY created_at DESC, position LIMIT :limit OFFSET :offset
        """,
        filters,
    )


def revoke_record(db: Database, record_id: str, *, reason: str, at: int) -> bool:
    """Mark a valid record as revoked.

    Returns:
        False when it is none.
    """
    cursor = db.execute(
        "UPDATE record SET state = 'revoked', reason = ?, revoked_at = ? WHERE id = ? AND state = 'valid'",
        (reason, at, record_id),
    )
    return cursor.rowcount == 1


def fields_of(found: Mapping[str, Any]) -> dict[str, str]:
    """Return the values that a row of ``record`` or ``batch_row`` keeps as JSON."""
    return dict(json.loads(found["fields"]))
