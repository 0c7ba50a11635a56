"""SQL of the counts that the issuer signs for those who supervise: numbers by type, nothing else leaves."""

from typing import Any

from sqlite_utils import Database

from issuer.store import rows, value

LATE_SECONDS = 24 * 3600


def first_record_at(db: Database) -> int | None:
    """Return when the first certificate record was made, or None."""
    found = value(db, "SELECT min(created_at) FROM record")
    return None if found is None else int(found)


def issued(db: Database, *, start: int, end: int) -> dict[str, int]:
    """Count the records made from ``start`` up to, not including, ``end``, by type."""
    query = (
        "SELECT credential_type AS type, count(*) AS count FROM record "
        "WHERE created_at >= ? AND created_at < ? GROUP BY credential_type"
    )
    return _by_type(rows(db, query, (start, end)))


def revoked(db: Database, *, start: int, end: int) -> dict[str, int]:
    """Count the records revoked in the span, by type, whenever they were made."""
    query = (
        "SELECT credential_type AS type, count(*) AS count FROM record "
        "WHERE state = 'revoked' AND revoked_at >= ? AND revoked_at < ? GROUP BY credential_type"
    )
    return _by_type(rows(db, query, (start, end)))


def anchored_late(db: Database, *, start: int, end: int, now: int) -> dict[str, int]:
    """Count the records of which a form signed in the span waited more than a day for the ledger, by type.

    One that still waits counts by now; one that was withdrawn while it waited does not.
    """
    query = (
        "SELECT record.credential_type AS type, count(DISTINCT record.id) AS count "
        "FROM form JOIN record ON record.id = form.record_id "
        "WHERE form.signed_at >= ? AND form.signed_at < ? "
        "AND coalesce(form.anchored_at, CASE form.state WHEN 'valid' THEN ? ELSE 0 END) - form.signed_at > ? "
        "GROUP BY record.credential_type"
    )
    return _by_type(rows(db, query, (start, end, now, LATE_SECONDS)))


def _by_type(found: list[dict[str, Any]]) -> dict[str, int]:
    return {row["type"]: row["count"] for row in found}
