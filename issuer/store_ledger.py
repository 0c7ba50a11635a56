"""SQL of what goes to the ledger: statements, anchors, status lists and published documents."""

from collections.abc import Mapping
from typing import Any

from sqlite_utils import Database

from issuer.store import insert, row, rows, value

NO_END = 2**53 - 1
"""Where a version's end stands: this one has none, for it is the last of an issuer that closed."""

LIST_SIZE = 131_072
"""Entries of a status list: as few as the specification allows, so that everybody's herd is the same."""


def status_lists(db: Database) -> list[tuple[int, int]]:
    """Return number and size of every status list."""
    return [(int(number), int(size)) for number, size in db.execute("SELECT number, size FROM status_list")]


def add_status_list(db: Database, *, at: int) -> int:
    """Make another status list, which is to be published; returns its number."""
    return insert(db, "status_list", {"size": LIST_SIZE, "created_at": at, "changed_at": at})


def mark_list(db: Database, number: int, *, at: int) -> None:
    """Note that a bit of a list changed; the oldest change that is not published counts."""
    db.execute("UPDATE status_list SET changed_at = coalesce(changed_at, ?) WHERE number = ?", (at, number))


def changed_lists(db: Database) -> list[dict[str, Any]]:
    """Return the lists with changes that no publication holds."""
    return rows(db, "SELECT * FROM status_list WHERE changed_at IS NOT NULL ORDER BY number")


def unmark_list(db: Database, number: int) -> None:
    """Note that a publication holds every change of a list."""
    db.execute("UPDATE status_list SET changed_at = NULL WHERE number = ?", (number,))


def last_publication(db: Database, resource: str) -> dict[str, Any] | None:
    """Return the newest version of a resource that is with the ledger or on its way there."""
    return row(
        db,
        "SELECT * FROM publication WHERE resource = ? AND state <> 'ready' ORDER BY version DESC LIMIT 1",
        (resource,),
    )


def ready_publication(db: Database, resource: str) -> dict[str, Any] | None:
    """Return the version of a resource that no statement holds yet, or None."""
    return row(db, "SELECT * FROM publication WHERE resource = ? AND state = 'ready'", (resource,))


def put_publication(db: Database, values: Mapping[str, Any]) -> None:
    """Write a version that no statement holds yet, over an earlier draft of the same version."""
    db.execute("DELETE FROM publication WHERE resource = ? AND state = 'ready'", (values["resource"],))
    insert(db, "publication", {**values, "state": "ready"})


def ready_publications(db: Database) -> list[dict[str, Any]]:
    """Return every version that no statement holds yet."""
    return rows(db, "SELECT * FROM publication WHERE state = 'ready' ORDER BY resource")


def submit_publications(db: Database, statement_id: int) -> None:
    """Note that a statement holds every version that was ready."""
    db.execute(
        "UPDATE publication SET state = 'submitted', statement_id = ? WHERE state = 'ready'", (statement_id,)
    )


def accept_publications(db: Database, statement_id: int) -> None:
    """Note that the ledger holds a statement's versions, and forget the bytes of older ones."""
    db.execute("UPDATE publication SET state = 'anchored' WHERE statement_id = ?", (statement_id,))
    db.execute(
        "UPDATE publication SET body = NULL WHERE body IS NOT NULL AND EXISTS "
        "(SELECT 1 FROM publication AS newer WHERE newer.resource = publication.resource "
        "AND newer.state = 'anchored' AND newer.version > publication.version + 1)"
    )


def drop_unanchored(db: Database) -> None:
    """Drop every version that the ledger does not hold, so that all of them are made anew.

    The lists count as changed since the oldest change that was waiting, the forms as not indexed.
    """
    db.execute(
        "UPDATE status_list SET changed_at = coalesce(changed_at, (SELECT min(waiting_since) "
        "FROM publication WHERE state <> 'anchored' AND resource = 'status/' || number || '/notices'))"
    )
    db.execute(
        "UPDATE sealed_form SET index_version = NULL WHERE index_version > coalesce((SELECT max(version) "
        "FROM publication WHERE resource = 'store/index' AND state = 'anchored'), 0)"
    )
    db.execute("DELETE FROM publication WHERE state <> 'anchored'")


def served_publication(db: Database, resource: str, *, unanchored_before: int) -> dict[str, Any] | None:
    """Return the version to serve: the newest anchored one, or a newer one that has waited too long."""
    return row(
        db,
        "SELECT * FROM publication WHERE resource = ? AND (state = 'anchored' OR waiting_since <= ?) "
        "ORDER BY version DESC LIMIT 1",
        (resource, unanchored_before),
    )


def anchored_publication(db: Database, resource: str) -> dict[str, Any] | None:
    """Return the newest version of a resource that the ledger holds, or None."""
    return row(
        db,
        "SELECT * FROM publication WHERE resource = ? AND state = 'anchored' ORDER BY version DESC LIMIT 1",
        (resource,),
    )


def publication_by_digest(db: Database, digest: bytes) -> dict[str, Any] | None:
    """Return a published version by its digest."""
    return row(db, "SELECT * FROM publication WHERE digest = ? AND body IS NOT NULL", (digest,))


def is_final(db: Database, resource: str) -> bool:
    """Return whether the final version of a resource is with the ledger or on its way: nothing follows it."""
    last = last_publication(db, resource)
    return last is not None and last["valid_until"] == NO_END


def expiring_publications(db: Database, *, before: int) -> list[str]:
    """Return the resources whose newest version ends before a moment."""
    found = db.execute(
        "SELECT resource FROM publication GROUP BY resource HAVING max(valid_until) < ?", (before,)
    )
    return [str(resource) for (resource,) in found]


def prepared_statement(db: Database) -> dict[str, Any] | None:
    """Return the one statement that is on its way to the ledger, or None."""
    return row(db, "SELECT * FROM statement WHERE state = 'prepared'")


def add_statement(db: Database, *, kind: str, seq: int, body: bytes, at: int) -> int:
    """Write a statement before it is submitted; the table holds at most one that is on its way."""
    return insert(db, "statement", {"kind": kind, "seq": seq, "body": body, "prepared_at": at})


def last_seq(db: Database) -> int:
    """Return the highest number that a statement of this issuer carries, sent or about to be; 0 for none."""
    return int(value(db, "SELECT max(seq) FROM statement WHERE state <> 'refused'") or 0)


def accept_statement(db: Database, statement_id: int, *, entry_index: int, at: int) -> bool:
    """Note the ledger's answer to a statement; False when another process noted it."""
    cursor = db.execute(
        "UPDATE statement SET state = 'accepted', entry_index = ?, accepted_at = ?, problem = NULL "
        "WHERE id = ? AND state = 'prepared'",
        (entry_index, at, statement_id),
    )
    return cursor.rowcount == 1


def refuse_statement(db: Database, statement_id: int, *, problem: str) -> bool:
    """Note that the ledger's rules refuse a statement; False when another process noted it."""
    cursor = db.execute(
        "UPDATE statement SET state = 'refused', problem = ? WHERE id = ? AND state = 'prepared'",
        (problem, statement_id),
    )
    return cursor.rowcount == 1


def work_waits(db: Database) -> bool:
    """Return whether a statement, a version, a batch or receipts are on their way."""
    return bool(
        value(
            db,
            "SELECT EXISTS (SELECT 1 FROM statement WHERE state = 'prepared') "
            "OR EXISTS (SELECT 1 FROM publication WHERE state = 'ready') "
            "OR EXISTS (SELECT 1 FROM status_list WHERE changed_at IS NOT NULL) "
            "OR EXISTS (SELECT 1 FROM anchor WHERE state <> 'receipted')",
        )
    )


def lists_wait(db: Database) -> bool:
    """Return whether a list has a change, or a version, that the ledger does not hold."""
    return bool(
        value(
            db,
            "SELECT EXISTS (SELECT 1 FROM status_list WHERE changed_at IS NOT NULL) "
            "OR EXISTS (SELECT 1 FROM publication WHERE state <> 'anchored' AND resource LIKE 'status/%')",
        )
    )


def pending_forms(db: Database, *, types: frozenset[str], limit: int) -> list[dict[str, Any]]:
    """Return the oldest forms of some types that no anchor holds."""
    marks = ", ".join("?" * len(types))
    return rows(
        db,
        "SELECT form.id, form.digest FROM form JOIN record ON record.id = form.record_id "  # noqa: S608 - marks
        f"WHERE form.anchor_id IS NULL AND record.credential_type IN ({marks}) "
        "ORDER BY form.signed_at LIMIT ?",
        (*sorted(types), limit),
    )


def pending_summary(db: Database) -> dict[str, Any]:
    """Return how many forms wait for their receipt, since when, and when the last receipts came."""
    return rows(
        db,
        "SELECT (SELECT count(*) FROM form WHERE anchored_at IS NULL) AS pending, "
        "(SELECT min(signed_at) FROM form WHERE anchored_at IS NULL) AS oldest, "
        "(SELECT max(anchored_at) FROM form) AS last",
    )[0]


def oldest_unbatched(db: Database) -> int | None:
    """Return when the oldest form that no anchor holds was signed."""
    found = value(db, "SELECT min(signed_at) FROM form WHERE anchor_id IS NULL")
    return None if found is None else int(found)


def add_anchor(db: Database, *, root: bytes, levels: bytes, at: int) -> int:
    """Write a batch of digests before its statement is made; returns its number."""
    return insert(db, "anchor", {"root": root, "levels": levels, "prepared_at": at})


def add_leaf(db: Database, *, anchor_id: int, position: int, form_id: str, salt: bytes) -> bool:
    """Put a form into a batch; False when another batch took it."""
    insert(
        db, "anchor_leaf", {"anchor_id": anchor_id, "position": position, "form_id": form_id, "salt": salt}
    )
    cursor = db.execute(
        "UPDATE form SET anchor_id = ? WHERE id = ? AND anchor_id IS NULL", (anchor_id, form_id)
    )
    return cursor.rowcount == 1


def waiting_anchor(db: Database) -> dict[str, Any] | None:
    """Return the oldest batch that the ledger does not hold yet."""
    return row(db, "SELECT * FROM anchor WHERE state = 'waiting' ORDER BY id LIMIT 1")


def tie_anchor(db: Database, anchor_id: int, statement_id: int) -> None:
    """Note which statement carries a batch."""
    db.execute("UPDATE anchor SET statement_id = ? WHERE id = ?", (statement_id, anchor_id))


def untie_anchor(db: Database, statement_id: int) -> None:
    """Take a batch back from a statement that the ledger refused; another one will carry it."""
    db.execute("UPDATE anchor SET statement_id = NULL WHERE statement_id = ?", (statement_id,))


def accept_anchor(db: Database, statement_id: int) -> None:
    """Note that the ledger holds a batch."""
    db.execute("UPDATE anchor SET state = 'accepted' WHERE statement_id = ?", (statement_id,))


def reopen_anchor(db: Database, statement_id: int) -> None:
    """Take back that the ledger holds a batch: its statement is on its way again, with the same bytes."""
    db.execute(
        "UPDATE statement SET state = 'prepared', entry_index = NULL, accepted_at = NULL WHERE id = ?",
        (statement_id,),
    )
    db.execute("UPDATE anchor SET state = 'waiting' WHERE statement_id = ?", (statement_id,))


def unreceipted_anchors(db: Database) -> list[dict[str, Any]]:
    """Return the batches that the ledger holds and whose receipts are still to be fetched."""
    return rows(
        db,
        "SELECT anchor.id, anchor.levels, statement_id, statement.entry_index, statement.body FROM anchor "
        "JOIN statement ON statement.id = anchor.statement_id "
        "WHERE anchor.state = 'accepted' ORDER BY anchor.id",
    )


def anchor_leaves(db: Database, anchor_id: int) -> list[dict[str, Any]]:
    """Return the forms of a batch with their places, salts, digests and types."""
    return rows(
        db,
        "SELECT anchor_leaf.position, anchor_leaf.salt, form.id AS form_id, form.digest, "
        "record.credential_type FROM anchor_leaf JOIN form ON form.id = anchor_leaf.form_id "
        "JOIN record ON record.id = form.record_id "
        "WHERE anchor_leaf.anchor_id = ? AND form.anchored_at IS NULL ORDER BY anchor_leaf.position",
        (anchor_id,),
    )


def form_anchored(db: Database, form_id: str, *, at: int) -> None:
    """Note that a form's receipt is in the store."""
    db.execute("UPDATE form SET anchored_at = ? WHERE id = ?", (at, form_id))


def release_form(db: Database, form_id: str) -> None:
    """Let a form wait for another batch."""
    db.execute("DELETE FROM anchor_leaf WHERE form_id = ?", (form_id,))
    db.execute("UPDATE form SET anchor_id = NULL WHERE id = ?", (form_id,))


def finish_anchor(db: Database, anchor_id: int) -> None:
    """Note that every form of a batch has its receipt, and forget salts, order and padding."""
    db.execute("UPDATE anchor SET state = 'receipted', levels = NULL WHERE id = ?", (anchor_id,))
    db.execute("DELETE FROM anchor_leaf WHERE anchor_id = ?", (anchor_id,))
