"""SQL of signed forms and of the store that mirrors may copy: sealed forms, receipts, wrapped codes."""

from collections.abc import Iterable, Mapping
from typing import Any

from sqlite_utils import Database

from issuer.store import insert, row, rows, value


def add_form(db: Database, values: Mapping[str, Any]) -> None:
    """Write a signed form."""
    insert(db, "form", values)


def form(db: Database, form_id: str) -> dict[str, Any] | None:
    """Return a form by its id."""
    return row(db, "SELECT * FROM form WHERE id = ?", (form_id,))


def forms(db: Database, record_id: str) -> list[dict[str, Any]]:
    """Return every form of a record, oldest first."""
    return rows(db, "SELECT * FROM form WHERE record_id = ? ORDER BY signed_at, rowid", (record_id,))


def end_forms(db: Database, record_id: str, *, reason: str, at: int) -> list[int]:
    """Revoke every form of a record, also those that were withdrawn before.

    Returns:
        The numbers of their status lists.
    """
    lists = rows(db, "SELECT DISTINCT list FROM form WHERE record_id = ?", (record_id,))
    db.execute(
        "UPDATE form SET state = 'revoked', reason = ?, ended_at = ? "
        "WHERE record_id = ? AND state <> 'revoked'",
        (reason, at, record_id),
    )
    return [found["list"] for found in lists]


def withdraw_form(db: Database, form_id: str, *, reason: str, at: int, replaced_by: str | None) -> bool:
    """Withdraw one valid form.

    Returns:
        False when it is none.
    """
    cursor = db.execute(
        "UPDATE form SET state = 'withdrawn', reason = ?, ended_at = ?, replaced_by = ? "
        "WHERE id = ? AND state = 'valid'",
        (reason, at, replaced_by, form_id),
    )
    return cursor.rowcount == 1


def replace_withdrawn_form(db: Database, form_id: str, *, replaced_by: str) -> None:
    """Note which form took the place of one that was withdrawn before."""
    db.execute("UPDATE form SET replaced_by = ? WHERE id = ?", (replaced_by, form_id))


def used_indexes(db: Database, list_number: int, candidates: Iterable[int]) -> set[int]:
    """Return which of some status indexes are taken."""
    wanted = list(candidates)
    marks = ", ".join("?" * len(wanted))
    # Endorsements that this body gave to others' records take places on the same lists.
    found = db.execute(
        f"SELECT status_index FROM form WHERE list = ? AND status_index IN ({marks}) "  # noqa: S608 - marks only
        f"UNION ALL SELECT status_index FROM cosign_given WHERE list = ? AND status_index IN ({marks})",
        (list_number, *wanted, list_number, *wanted),
    )
    return {int(index) for (index,) in found}


def count_indexes(db: Database, list_number: int) -> int:
    """Return how many indexes of a list are taken."""
    forms_taken = value(db, "SELECT count(*) FROM form WHERE list = ?", (list_number,))
    return int(forms_taken + value(db, "SELECT count(*) FROM cosign_given WHERE list = ?", (list_number,)))


def ended_forms(db: Database, list_number: int) -> list[dict[str, Any]]:
    """Return every form, and every endorsement given, of a list whose bit is set."""
    return rows(
        db,
        "SELECT form.status_index, form.entry_id, form.state, form.reason, form.ended_at, record.replaced_by "
        "FROM form JOIN record ON record.id = form.record_id WHERE form.list = ?1 AND form.state <> 'valid' "
        "UNION ALL SELECT status_index, entry_id, 'revoked', reason, ended_at, NULL "
        "FROM cosign_given WHERE list = ?1 AND state = 'withdrawn'",
        (list_number,),
    )


def add_sealed_form(db: Database, *, locator: bytes, form_id: str, blob: bytes) -> None:
    """Put a sealed form into the store; it enters the index with its next version."""
    insert(db, "sealed_form", {"locator": locator, "form_id": form_id, "blob": blob})


def sealed_form(db: Database, form_id: str) -> bytes | None:
    """Return the sealed blob of a paper form."""
    found = value(db, "SELECT blob FROM sealed_form WHERE form_id = ?", (form_id,))
    return None if found is None else bytes(found)


def form_indexed(db: Database, form_id: str) -> bool:
    """Return whether a paper form is in an index that the ledger holds."""
    return bool(
        value(
            db,
            "SELECT 1 FROM sealed_form WHERE form_id = ? AND index_version <= (SELECT max(version) "
            "FROM publication WHERE resource = 'store/index' AND state = 'anchored')",
            (form_id,),
        )
    )


def unindexed_forms(db: Database) -> bool:
    """Return whether a form waits for the index, and none of its batch is still to be signed."""
    return bool(
        value(
            db,
            """
            SELECT 1 FROM sealed_form
            JOIN form ON form.id = sealed_form.form_id
            JOIN record ON record.id = form.record_id
            JOIN batch ON batch.id = record.batch_id
            WHERE sealed_form.index_version IS NULL AND batch.state <> 'approved' LIMIT 1
            """,
        )
    )


def index_forms(db: Database, version: int) -> list[bytes]:
    """Put every form into a version of the index.

    Returns:
        All locators of the store.
    """
    db.execute("UPDATE sealed_form SET index_version = ? WHERE index_version IS NULL", (version,))
    return [bytes(locator) for (locator,) in db.execute("SELECT locator FROM sealed_form")]


def forms_between(db: Database, first: bytes, last: bytes, *, version: int) -> list[tuple[bytes, bytes]]:
    """Return locators and blobs of a bucket as a version of the index has it."""
    cursor = db.execute(
        "SELECT locator, blob FROM sealed_form WHERE locator BETWEEN ? AND ? AND index_version <= ? "
        "ORDER BY locator",
        (first, last, version),
    )
    return [(bytes(locator), bytes(blob)) for locator, blob in cursor]


def add_sealed_receipt(db: Database, *, locator: bytes, blob: bytes) -> None:
    """Put a sealed receipt into the store, once."""
    db.execute(
        "INSERT INTO sealed_receipt (locator, blob) VALUES (?, ?) ON CONFLICT (locator) DO NOTHING",
        (locator, blob),
    )


def receipts_between(db: Database, first: bytes, last: bytes) -> list[tuple[bytes, bytes]]:
    """Return locators and blobs of a bucket of receipts."""
    cursor = db.execute(
        "SELECT locator, blob FROM sealed_receipt WHERE locator BETWEEN ? AND ? ORDER BY locator",
        (first, last),
    )
    return [(bytes(locator), bytes(blob)) for locator, blob in cursor]


def receipt_locators(db: Database) -> list[bytes]:
    """Return the locators of all receipts, sorted."""
    return [
        bytes(locator) for (locator,) in db.execute("SELECT locator FROM sealed_receipt ORDER BY locator")
    ]


def sealed_receipt(db: Database, locator: bytes) -> bytes | None:
    """Return the sealed receipt under a locator, or None."""
    found = value(db, "SELECT blob FROM sealed_receipt WHERE locator = ?", (locator,))
    return None if found is None else bytes(found)


def keep_code(db: Database, form_id: str, wrapped: bytes) -> None:
    """Keep a wrapped printed code until its form is printed."""
    insert(db, "printed_code", {"form_id": form_id, "wrapped": wrapped})


def kept_code(db: Database, form_id: str) -> bytes | None:
    """Return the wrapped code of a form, or None once it is forgotten."""
    found = value(db, "SELECT wrapped FROM printed_code WHERE form_id = ?", (form_id,))
    return None if found is None else bytes(found)


def codes_to_print(db: Database, batch_id: str, *, offset: int, limit: int) -> list[dict[str, Any]]:
    """Return forms of a batch whose codes are kept, in the file's order."""
    return rows(
        db,
        """
        SELECT printed_code.form_id, printed_code.wrapped, record.id AS record_id FROM printed_code
        JOIN form ON form.id = printed_code.form_id AND form.state = 'valid'
        JOIN record ON record.id = form.record_id
        WHERE record.batch_id = ? ORDER BY record.position LIMIT ? OFFSET ?
        """,
        (batch_id, limit, offset),
    )


def forget_codes(db: Database, batch_id: str) -> int:
    """Forget the codes of a batch.

    Returns:
        How many.
    """
    return db.execute(
        "DELETE FROM printed_code WHERE form_id IN (SELECT form.id FROM form "
        "JOIN record ON record.id = form.record_id WHERE record.batch_id = ?)",
        (batch_id,),
    ).rowcount


def forget_code(db: Database, form_id: str) -> None:
    """Forget the code of one form."""
    db.execute("DELETE FROM printed_code WHERE form_id = ?", (form_id,))


def signers(db: Database, batch_id: str) -> dict[str, int]:
    """Count a batch's forms by the verification method that signed them."""
    found = db.execute(
        "SELECT form.verification_method, count(*) FROM form JOIN record ON record.id = form.record_id "
        "WHERE record.batch_id = ? AND form.kind = 'paper' GROUP BY form.verification_method",
        (batch_id,),
    )
    return {str(method): int(count) for method, count in found}
