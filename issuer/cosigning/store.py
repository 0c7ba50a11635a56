"""SQL of drafts, of the endorsements that a college holds, and of those that an enterprise gave."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from sqlite_utils import Database

from issuer.store import insert, row, rows


def rows_of_batch(db: Database, batch_id: str) -> list[dict[str, Any]]:
    """Return what is signed, or to be signed, of a batch, in the file's order.

    A record that took a corrected one's place stands in its row, with an id and values of its own.
    """
    return rows(
        db,
        """
        SELECT batch_row.batch_id, batch_row.position, batch_row.line,
               coalesce(record.id, batch_row.record_id) AS record_id,
               coalesce(record.fields, batch_row.fields) AS fields
        FROM batch_row
        LEFT JOIN record ON record.batch_id = batch_row.batch_id AND record.position = batch_row.position
             AND record.replaced_by IS NULL
        WHERE batch_row.batch_id = ? AND batch_row.record_id IS NOT NULL AND batch_row.state <> 'failed'
          AND (batch_row.pile = 'ready' OR (batch_row.pile = 'confirm' AND batch_row.confirmed = 1))
          AND (record.id IS NULL OR record.state = 'valid')
        ORDER BY batch_row.position
        """,
        (batch_id,),
    )


def row_of_draft(db: Database, draft: Mapping[str, Any]) -> dict[str, Any]:
    """Return what a draft is of: its type, its values, and how its batch stands."""
    found = row(
        db,
        "SELECT coalesce(record.fields, batch_row.fields) AS fields, batch.credential_type, "
        "batch.state AS batch_state FROM batch_row JOIN batch ON batch.id = batch_row.batch_id "
        "LEFT JOIN record ON record.id = ?3 WHERE batch_row.batch_id = ?1 AND batch_row.position = ?2",
        (draft["batch_id"], draft["position"], draft["record_id"]),
    )
    assert found is not None  # foreign key
    return found


def add_draft(db: Database, values: Mapping[str, Any]) -> None:
    """Write a draft."""
    insert(db, "cosign_draft", values)


def draft(db: Database, draft_id: str) -> dict[str, Any] | None:
    """Return a draft by its id."""
    return row(db, "SELECT * FROM cosign_draft WHERE id = ?", (draft_id,))


def draft_of(db: Database, record_id: str, endorser: str) -> dict[str, Any] | None:
    """Return the draft of a record for one endorser."""
    return row(db, "SELECT * FROM cosign_draft WHERE record_id = ? AND endorser = ?", (record_id, endorser))


def drafts(
    db: Database, *, batch_id: str | None = None, record_id: str | None = None
) -> list[dict[str, Any]]:
    """Return drafts with their rows' values, of a batch, of a record, or all; the newest batch first.

    Drafts of records that were revoked are over and left out.
    """
    return rows(
        db,
        """
        SELECT cosign_draft.*, batch_row.line, batch.source_name, batch.credential_type,
               coalesce(record.number, batch_row.number) AS number,
               coalesce(record.fields, batch_row.fields) AS fields
        FROM cosign_draft
        JOIN batch_row USING (batch_id, position) JOIN batch ON batch.id = cosign_draft.batch_id
        LEFT JOIN record ON record.id = cosign_draft.record_id
        WHERE (?1 IS NULL OR cosign_draft.batch_id = ?1) AND (?2 IS NULL OR cosign_draft.record_id = ?2)
          AND coalesce(record.state, 'valid') = 'valid'
        ORDER BY batch.created_at DESC, batch.rowid DESC, cosign_draft.position, cosign_draft.endorser
        """,
        (batch_id, record_id),
    )


def counts(db: Database, batch_id: str | None = None) -> dict[str, int]:
    """Count drafts by their state, of a batch or of all; those of revoked records are left out."""
    found = rows(
        db,
        "SELECT cosign_draft.state, count(*) AS n FROM cosign_draft "
        "LEFT JOIN record ON record.id = cosign_draft.record_id "
        "WHERE (?1 IS NULL OR cosign_draft.batch_id = ?1) AND coalesce(record.state, 'valid') = 'valid' "
        "GROUP BY cosign_draft.state",
        (batch_id,),
    )
    return {each["state"]: each["n"] for each in found}


def open_draft_again(db: Database, draft_id: str, values: Mapping[str, Any]) -> bool:
    """Ask again with a fresh secret.

    Returns:
        False when the draft is endorsed.
    """
    cursor = db.execute(
        "UPDATE cosign_draft SET state = 'waiting', note = NULL, decided_at = NULL, secret_hash = ?, "
        "wrapped = ?, address = ?, endorser_name = ? WHERE id = ? AND state <> 'endorsed'",
        (values["secret_hash"], values["wrapped"], values["address"], values["endorser_name"], draft_id),
    )
    return cursor.rowcount == 1


def decide_draft(db: Database, draft_id: str, *, state: str, note: str | None, at: int) -> bool:
    """Say what became of a draft that waits.

    Returns:
        False when it does not wait.
    """
    cursor = db.execute(
        "UPDATE cosign_draft SET state = ?, note = ?, decided_at = ? WHERE id = ? AND state = 'waiting'",
        (state, note, at, draft_id),
    )
    return cursor.rowcount == 1


def add_endorsement(db: Database, values: Mapping[str, Any]) -> None:
    """Write an endorsement that was received."""
    insert(db, "cosign_endorsement", values)


def endorsement(db: Database, endorsement_id: str) -> dict[str, Any] | None:
    """Return a received endorsement by its id."""
    return row(db, "SELECT * FROM cosign_endorsement WHERE id = ?", (endorsement_id,))


def endorsements(db: Database) -> list[dict[str, Any]]:
    """Return every endorsement that is held and not withdrawn, oldest first."""
    return rows(db, "SELECT * FROM cosign_endorsement WHERE state = 'valid' ORDER BY received_at, id")


def held(db: Database, record_id: str) -> list[dict[str, Any]]:
    """Return the endorsements of a record that are held and not withdrawn, oldest first."""
    return rows(
        db,
        "SELECT * FROM cosign_endorsement WHERE record_id = ? AND state = 'valid' ORDER BY received_at, id",
        (record_id,),
    )


def endorsed_records(db: Database, batch_id: str) -> set[str]:
    """Return the records of a batch of which an endorsement is held."""
    found = rows(
        db,
        "SELECT DISTINCT cosign_endorsement.record_id FROM cosign_endorsement "
        "JOIN cosign_draft ON cosign_draft.record_id = cosign_endorsement.record_id "
        "WHERE cosign_draft.batch_id = ? AND cosign_endorsement.state = 'valid'",
        (batch_id,),
    )
    return {each["record_id"] for each in found}


def end_endorsement(db: Database, endorsement_id: str, *, at: int) -> bool:
    """Note that an endorser has withdrawn its endorsement, and so its draft.

    Returns:
        False when that was known.
    """
    cursor = db.execute(
        "UPDATE cosign_endorsement SET state = 'withdrawn', ended_at = ? WHERE id = ? AND state = 'valid'",
        (at, endorsement_id),
    )
    db.execute(
        "UPDATE cosign_draft SET state = 'withdrawn', decided_at = ? WHERE state = 'endorsed' AND "
        "(record_id, endorser) IN (SELECT record_id, endorser FROM cosign_endorsement WHERE id = ?)",
        (at, endorsement_id),
    )
    return cursor.rowcount == 1


def embed(db: Database, form_id: str, endorsement_ids: Sequence[str]) -> None:
    """Note which endorsements a form carries."""
    for endorsement_id in endorsement_ids:
        insert(db, "cosign_embedded", {"form_id": form_id, "endorsement_id": endorsement_id})


def missing_in_paper(db: Database, record_id: str) -> list[str]:
    """Return the held endorsements that the record's valid paper form does not carry."""
    found = rows(
        db,
        """
        SELECT id FROM cosign_endorsement WHERE record_id = ?1 AND state = 'valid' AND id NOT IN (
            SELECT endorsement_id FROM cosign_embedded JOIN form ON form.id = form_id
            WHERE form.record_id = ?1 AND form.kind = 'paper' AND form.state = 'valid')
        """,
        (record_id,),
    )
    return [each["id"] for each in found]


def records_to_renew(db: Database, batch_id: str) -> set[str]:
    """Return the issued records of a batch that have an endorsement which their paper does not carry."""
    found = rows(
        db,
        """
        SELECT record.id FROM record JOIN cosign_endorsement ON cosign_endorsement.record_id = record.id
        WHERE record.batch_id = ? AND record.state = 'valid' AND cosign_endorsement.state = 'valid'
          AND cosign_endorsement.id NOT IN (
            SELECT endorsement_id FROM cosign_embedded JOIN form ON form.id = form_id
            WHERE form.record_id = record.id AND form.kind = 'paper' AND form.state = 'valid')
        """,
        (batch_id,),
    )
    return {each["id"] for each in found}


def add_given(db: Database, values: Mapping[str, Any]) -> None:
    """Write an endorsement that was given."""
    insert(db, "cosign_given", values)


def given(db: Database, endorsement_id: str) -> dict[str, Any] | None:
    """Return a given endorsement by its id."""
    return row(db, "SELECT * FROM cosign_given WHERE id = ?", (endorsement_id,))


def given_for(db: Database, *, college: str, record_id: str, digest: str) -> dict[str, Any] | None:
    """Return the standing endorsement of some content of a record, or None."""
    return row(
        db,
        "SELECT * FROM cosign_given WHERE college = ? AND record_id = ? AND digest = ? AND state = 'valid'",
        (college, record_id, digest),
    )


def given_of_draft(db: Database, *, college: str, draft_id: str) -> dict[str, Any] | None:
    """Return the newest endorsement that was given to a draft, or None."""
    return row(
        db,
        "SELECT * FROM cosign_given WHERE college = ? AND draft_id = ? ORDER BY given_at DESC, rowid DESC",
        (college, draft_id),
    )


def all_given(db: Database) -> list[dict[str, Any]]:
    """Return every endorsement that was given, newest first."""
    return rows(db, "SELECT * FROM cosign_given ORDER BY given_at DESC, rowid DESC")


def undelivered(db: Database) -> list[dict[str, Any]]:
    """Return the standing endorsements that the college does not have yet, oldest first."""
    return rows(
        db,
        "SELECT * FROM cosign_given WHERE delivered_at IS NULL AND wrapped IS NOT NULL AND state = 'valid' "
        "ORDER BY given_at, rowid",
    )


def redirect_given(db: Database, endorsement_id: str, *, draft_id: str, wrapped: bytes) -> None:
    """Send a standing endorsement once more, by another link."""
    db.execute(
        "UPDATE cosign_given SET draft_id = ?, wrapped = ?, delivered_at = NULL, problem = NULL WHERE id = ?",
        (draft_id, wrapped, endorsement_id),
    )


def deliver_given(db: Database, endorsement_id: str, *, at: int) -> None:
    """Note that the college has an endorsement; the link's secret is forgotten."""
    db.execute(
        "UPDATE cosign_given SET delivered_at = ?, wrapped = NULL, problem = NULL WHERE id = ?",
        (at, endorsement_id),
    )


def refuse_given(db: Database, endorsement_id: str, *, problem: str, final: bool) -> None:
    """Note why the college does not have an endorsement; after a final refusal it is not sent again."""
    db.execute(
        "UPDATE cosign_given SET problem = ?, wrapped = CASE WHEN ? THEN NULL ELSE wrapped END "
        "WHERE id = ? AND delivered_at IS NULL",
        (problem, int(final), endorsement_id),
    )


def withdraw_given(db: Database, endorsement_id: str, *, reason: str, at: int) -> bool:
    """Mark a standing endorsement as withdrawn.

    Returns:
        False when it is none.
    """
    cursor = db.execute(
        "UPDATE cosign_given SET state = 'withdrawn', reason = ?, ended_at = ?, wrapped = NULL "
        "WHERE id = ? AND state = 'valid'",
        (reason, at, endorsement_id),
    )
    return cursor.rowcount == 1


def fields_of(found: Mapping[str, Any]) -> dict[str, Any]:
    """Return the values that a row keeps as JSON."""
    return dict(json.loads(found["fields"]))
