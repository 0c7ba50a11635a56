"""SQL of agreements: drafts, texts, signatures, errands and dry runs. It decides nothing."""

import json
from collections.abc import Mapping
from typing import Any

from sqlite_utils import Database

from issuer.store import insert, row, rows, value


def save_draft(db: Database, values: Mapping[str, Any]) -> None:
    """Write a draft, or what it holds now."""
    db.execute(
        "INSERT INTO agreement_draft (id, form, maker, made_at, changed_at) "
        "VALUES (:id, :form, :maker, :at, :at) "
        "ON CONFLICT (id) DO UPDATE SET form = excluded.form, changed_at = excluded.changed_at",
        {**values, "form": json.dumps(values["form"], ensure_ascii=False)},
    )


def draft(db: Database, draft_id: str) -> dict[str, Any] | None:
    """Return a draft, or None."""
    return row(db, "SELECT * FROM agreement_draft WHERE id = ?", (draft_id,))


def drafts(db: Database) -> list[dict[str, Any]]:
    """Return every draft, the one touched last first."""
    return rows(db, "SELECT * FROM agreement_draft ORDER BY changed_at DESC, id")


def delete_draft(db: Database, draft_id: str) -> None:
    """Forget a draft."""
    db.execute("DELETE FROM agreement_draft WHERE id = ?", (draft_id,))


def add_text(db: Database, values: Mapping[str, Any]) -> None:
    """Write a text."""
    insert(db, "agreement_text", values)


def text(db: Database, digest: bytes) -> dict[str, Any] | None:
    """Return a text by its digest, or None."""
    return row(db, "SELECT * FROM agreement_text WHERE digest = ?", (digest,))


def texts(db: Database) -> list[dict[str, Any]]:
    """Return every text that was not dropped, newest first."""
    return rows(
        db, "SELECT * FROM agreement_text WHERE state <> 'dropped' ORDER BY received_at DESC, rowid DESC"
    )


def known_ids(db: Database) -> list[str]:
    """Return the identifiers of every agreement that was ever written here."""
    return [found["agreement_id"] for found in rows(db, "SELECT DISTINCT agreement_id FROM agreement_text")]


def count_unconfirmed(db: Database) -> int:
    """Count the offers that nobody has confirmed yet."""
    return int(value(db, "SELECT count(*) FROM agreement_text WHERE state = 'unconfirmed'"))


def set_text(db: Database, digest: bytes, **columns: Any) -> None:
    """Change columns of a text; their names are this package's own constants."""
    sets = ", ".join(f"{name} = ?" for name in columns)
    db.execute(f"UPDATE agreement_text SET {sets} WHERE digest = ?", (*columns.values(), digest))  # noqa: S608


def forget_offers(db: Database, *, before: int) -> None:
    """Forget offers of others that nobody confirmed, or that were dropped, and were never signed here."""
    old = (
        "(SELECT digest FROM agreement_text WHERE state IN ('unconfirmed', 'dropped') AND maker IS NULL "
        "AND received_at < ?1 AND digest NOT IN (SELECT digest FROM agreement_signature))"
    )
    for table in ("agreement_errand", "agreement_dry_run", "agreement_text"):
        db.execute(f"DELETE FROM {table} WHERE digest IN {old}", (before,))  # noqa: S608 - constants


def add_signature(db: Database, values: Mapping[str, Any]) -> None:
    """Write a party's signature, in place of an earlier one."""
    db.execute(
        "INSERT INTO agreement_signature (digest, party, expires, signature, officer, received_at) "
        "VALUES (:digest, :party, :expires, :signature, :officer, :received_at) "
        "ON CONFLICT (digest, party) DO UPDATE SET expires = excluded.expires, "
        "signature = excluded.signature, officer = excluded.officer, received_at = excluded.received_at",
        dict(values),
    )


def signatures(db: Database, digest: bytes) -> dict[str, dict[str, Any]]:
    """Return the signatures under a text for its present end of the vote, by party."""
    found = rows(
        db,
        "SELECT agreement_signature.* FROM agreement_signature JOIN agreement_text USING (digest) "
        "WHERE digest = ? AND agreement_signature.expires = agreement_text.expires",
        (digest,),
    )
    return {each["party"]: each for each in found}


def add_errand(db: Database, digest: bytes, *, kind: str, did: str, at: int) -> None:
    """Owe somebody something, from now on, also when it was done or refused before."""
    db.execute(
        "INSERT INTO agreement_errand (digest, kind, did, next_at) VALUES (?, ?, ?, ?) "
        "ON CONFLICT (digest, kind, did) DO UPDATE SET state = 'waiting', tries = 0, "
        "next_at = excluded.next_at, problem = NULL, done_at = NULL",
        (digest, kind, did, at),
    )


def errands(db: Database, digest: bytes) -> list[dict[str, Any]]:
    """Return what was and is owed about a text."""
    return rows(db, "SELECT * FROM agreement_errand WHERE digest = ? ORDER BY kind, did", (digest,))


def due_errands(db: Database, *, now: int, digest: bytes | None = None) -> list[dict[str, Any]]:
    """Return what is to be tried now, what was tried least first; of one text, whenever it is due."""
    return rows(
        db,
        "SELECT * FROM agreement_errand WHERE state = 'waiting' "
        "AND CASE WHEN ?2 IS NULL THEN next_at <= ?1 ELSE digest = ?2 END ORDER BY tries, next_at, rowid",
        (now, digest),
    )


def settle_errand(
    db: Database, errand: Mapping[str, Any], *, state: str, next_at: int, problem: str | None, now: int
) -> None:
    """Write what came of a try."""
    db.execute(
        "UPDATE agreement_errand SET state = ?, tries = tries + 1, next_at = ?, problem = ?, done_at = ? "
        "WHERE digest = ? AND kind = ? AND did = ?",
        (
            state,
            next_at,
            problem,
            None if state == "waiting" else now,
            errand["digest"],
            errand["kind"],
            errand["did"],
        ),
    )


def begin_dry_run(db: Database, values: Mapping[str, Any]) -> None:
    """Write a run that begins; an earlier one over the same text is forgotten."""
    db.execute("DELETE FROM agreement_dry_run WHERE digest = ?", (values["digest"],))
    insert(db, "agreement_dry_run", values)


def dry_run(db: Database, digest: bytes) -> dict[str, Any] | None:
    """Return the run over a text, or None."""
    return row(db, "SELECT * FROM agreement_dry_run WHERE digest = ?", (digest,))


def running_dry_runs(db: Database) -> list[bytes]:
    """Return the texts whose run is not at its end."""
    found = rows(db, "SELECT digest FROM agreement_dry_run WHERE state = 'running' ORDER BY begun_at, digest")
    return [bytes(each["digest"]) for each in found]


def step_dry_run(db: Database, digest: bytes, *, before: int, values: Mapping[str, Any]) -> bool:
    """Write how far a run has come.

    Args:
        db: The connection, in a transaction.
        digest: The text.
        before: After which record the step began.
        values: Columns.

    Returns:
        False when another process was faster.
    """
    sets = ", ".join(f"{name} = ?" for name in values)
    cursor = db.execute(
        f"UPDATE agreement_dry_run SET {sets} WHERE digest = ? AND after = ? AND state = 'running'",  # noqa: S608
        (*values.values(), digest, before),
    )
    return cursor.rowcount == 1


def last_record(db: Database) -> int:
    """Return the place of the newest record."""
    return int(value(db, "SELECT coalesce(max(rowid), 0) FROM record"))


def count_records(db: Database, *, created_from: int, last: int) -> int:
    """Count the records of a span: the certificates of a run."""
    return int(
        value(db, "SELECT count(*) FROM record WHERE created_at >= ? AND rowid <= ?", (created_from, last))
    )


def records_after(
    db: Database, after: int, *, last: int, created_from: int, limit: int
) -> list[tuple[int, str, str, str, str, str | None]]:
    """Return the next records of a run: place, id, type, state, fields, and whom a later one replaced."""
    cursor = db.execute(
        "SELECT rowid, id, credential_type, state, fields, replaced_by FROM record "
        "WHERE rowid > ? AND rowid <= ? AND created_at >= ? ORDER BY rowid LIMIT ?",
        (after, last, created_from, limit),
    )
    return cursor.fetchall()
